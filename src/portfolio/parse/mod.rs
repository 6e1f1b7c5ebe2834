//! From the text of a portfolio file to a validated [`Portfolio`]: one file per family of tables.
//!
//! Everything is read before anything is refused, so that all problems are told at once.

mod direction;
mod epics;
mod teams;
mod workflow;

use chrono_tz::Tz;
use toml::de::DeTable;

use super::Portfolio;
use super::matcher::fold;
use super::problems::{Log, Problems, Span, line_and_column};
use super::reader::{Context, Fields, Text, nearest};
use crate::model::{TrackerKind, Vocabulary};

/// What the parts of the reader need to refer to each other's declarations.
struct Parsing<'d> {
    cx: Context<'d>,
    text: &'d str,
}

impl Parsing<'_> {
    fn line(&self, span: &Span) -> usize {
        line_and_column(self.text, span.start).0
    }
}

pub(super) fn parse(text: &str, file: &str) -> Result<Portfolio, Problems> {
    let log = Log::default();
    let (document, errors) = DeTable::parse_recoverable(text);
    // Of broken TOML the first place counts: an open bracket makes every later line look wrong.
    let start = |error: &&toml::de::Error| error.span().map_or(0, |span| span.start);
    if let Some(error) = errors.iter().min_by_key(start) {
        let message = error.message().trim_end_matches('.');
        let mut sentence = message.to_owned();
        if let Some(first) = sentence.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        let mend = "Mend the TOML here; the rest is checked once the file can be read.";
        log.add(&error.span().unwrap_or(0..0), format!("{sentence}."), mend);
    }
    if !log.is_empty() {
        return Err(log.into_problems(text, file));
    }
    let portfolio = read(&document, text, file, &log);
    if log.is_empty() { Ok(portfolio) } else { Err(log.into_problems(text, file)) }
}

fn read(document: &toml::Spanned<DeTable<'_>>, text: &str, file: &str, log: &Log) -> Portfolio {
    let start = Context { log, zone: Tz::UTC };
    let mut fields = Fields::new(start, "portfolio file", document.get_ref(), 0..0);
    let zone = fields.text("timezone").map_or(Tz::UTC, |name| zone(&name, log));
    let cx = Context { log, zone };
    fields.cx = cx;
    let parsing = Parsing { cx, text };

    let vocabulary = fields.text("vocabulary").map_or_else(Vocabulary::default, |word| {
        choose(cx, &word, "vocabulary", &VOCABULARIES).unwrap_or_default()
    });
    let name = fields.text("name").map_or_else(|| "Portfolio".to_owned(), |name| name.value.into());
    let epic_first = stream_order(&mut fields);
    let precedence = precedence(&mut fields);

    let streams = parsing.streams(&mut fields);
    let (teams, claims) = parsing.teams(&mut fields, &streams);
    let themes = parsing.themes(&mut fields);
    let outcomes = parsing.outcomes(&mut fields, &streams);
    let epics = parsing.epics(&mut fields, &streams, &themes, &outcomes);
    let epic_rules = parsing.epic_rules(&mut fields, &streams);
    let kinds = parsing.kinds(&mut fields);
    let workflows = parsing.workflows(&mut fields);
    let epic_states = parsing.epic_states(&mut fields);
    let intents = parsing.intents(&mut fields, &streams, &themes);
    let guardrails = parsing.guardrails(&mut fields);
    let (cadences, stream_cadences) = parsing.cadences(&mut fields, &streams);
    let aliases = parsing.aliases(&mut fields);
    fields.finish();

    let epic_keys = epics.iter().map(|epic| fold(&epic.key).into_owned()).collect();
    let places = aliases.iter().enumerate();
    let alias_of = places
        .flat_map(|(at, alias)| alias.keys.iter().map(move |key| (fold(key).into_owned(), at)))
        .collect();
    Portfolio {
        file: file.to_owned(),
        name,
        zone,
        vocabulary,
        epic_first,
        streams,
        teams,
        claims,
        themes,
        epics,
        epic_keys,
        epic_rules,
        epic_states,
        kinds,
        workflows,
        intents,
        outcomes,
        cadences,
        stream_cadences,
        guardrails,
        aliases,
        alias_of,
        precedence,
    }
}

const VOCABULARIES: [(&str, Vocabulary); 5] = [
    ("generic", Vocabulary::Generic),
    ("safe", Vocabulary::Safe),
    ("less", Vocabulary::Less),
    ("scrum-at-scale", Vocabulary::ScrumAtScale),
    ("spotify", Vocabulary::Spotify),
];

fn zone(name: &Text<'_>, log: &Log) -> Tz {
    name.value.parse().unwrap_or_else(|_| {
        let known: Vec<&str> = chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name()).collect();
        let mend = match nearest(name.value, &known) {
            Some(near) => format!("Did you mean `{near}`?"),
            None => "Write a name of the IANA time zone database, such as `Europe/Berlin`.".into(),
        };
        log.add(&name.span, format!("`{}` is not a time zone.", name.value), mend);
        Tz::UTC
    })
}

/// Whether the epic's stream is asked before the team's home stream.
fn stream_order(fields: &mut Fields<'_>) -> bool {
    let Some(value) = fields.take("stream_order") else { return true };
    let words = value.texts(fields.cx, "stream_order");
    let order: Vec<&str> = words.iter().map(|word| word.value).collect();
    match order.as_slice() {
        ["epic", "team"] => true,
        ["team", "epic"] => false,
        _ => {
            fields.cx.log.add(
                &value.span,
                "`stream_order` must name where an item's stream comes from, first choice first.",
                "Write `[\"epic\", \"team\"]` or `[\"team\", \"epic\"]`.",
            );
            true
        }
    }
}

fn precedence(fields: &mut Fields<'_>) -> Vec<TrackerKind> {
    const TRACKERS: [(&str, TrackerKind); 2] =
        [("jira", TrackerKind::Jira), ("github", TrackerKind::GitHub)];
    let mut order = Vec::new();
    for word in fields.texts("precedence") {
        let chosen = choose(fields.cx, &word, "precedence", &TRACKERS);
        order.extend(chosen.filter(|tracker| !order.contains(tracker)));
    }
    for (_, tracker) in TRACKERS {
        if !order.contains(&tracker) {
            order.push(tracker);
        }
    }
    order
}

/// The value that a word stands for, or `None` after noting the words that could be used.
fn choose<T: Copy>(
    cx: Context<'_>,
    word: &Text<'_>,
    key: &str,
    choices: &[(&str, T)],
) -> Option<T> {
    if let Some((_, value)) = choices.iter().find(|(name, _)| *name == word.value) {
        return Some(*value);
    }
    let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
    let mend = match nearest(word.value, &names) {
        Some(near) => format!("Did you mean `{near}`?"),
        None => format!("Choose one of: {}.", names.join(", ")),
    };
    cx.log.add(&word.span, format!("`{}` is not a {key}.", word.value), mend);
    None
}

/// An id: lower-case letters, digits, `-` and `_`. It appears in addresses and file names.
fn id<'d>(fields: &mut Fields<'d>) -> Option<Text<'d>> {
    let id = fields.need_text("id")?;
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    if id.value.chars().all(plain) {
        return Some(id);
    }
    fields.cx.log.add(
        &id.span,
        format!("`{}` cannot be an id, because ids appear in addresses.", id.value),
        "Use lower-case letters, digits, `-` and `_` only; `name` is free text.",
    );
    None
}

/// Sorts declarations by id and notes those whose id is taken.
fn sort_by_id<T>(
    cx: Context<'_>,
    what: &str,
    mut list: Vec<(Span, T)>,
    id: impl Fn(&T) -> String,
) -> Vec<T> {
    list.sort_by_key(|(_, one)| id(one));
    for pair in list.windows(2) {
        if id(&pair[0].1) == id(&pair[1].1) {
            cx.log.add(
                &pair[1].0,
                format!("There are two of the {what} `{}`.", id(&pair[1].1)),
                "Give one of them another name, or take it out.",
            );
        }
    }
    list.dedup_by_key(|(_, one)| id(one));
    list.into_iter().map(|(_, one)| one).collect()
}

/// The place of `id` in a list sorted by id, or `None` after noting what could be meant.
fn refer<T>(
    cx: Context<'_>,
    what: &str,
    list: &[T],
    name: &Text<'_>,
    id: impl Fn(&T) -> &str,
) -> Option<usize> {
    if let Ok(at) = list.binary_search_by(|one| id(one).cmp(name.value)) {
        return Some(at);
    }
    let known: Vec<&str> = list.iter().map(id).collect();
    let mend = match nearest(name.value, &known) {
        Some(near) => format!("Did you mean `{near}`?"),
        None if known.is_empty() => format!("Declare it with `[[{what}]]`."),
        None => format!("Declare it with `[[{what}]]`, or name one of: {}.", known.join(", ")),
    };
    cx.log.add(&name.span, format!("There is no {what} `{}`.", name.value), mend);
    None
}
