//! What the catalogue refuses (section 7) and what a framework's words may not change (section 6),
//! each as a test that can fail.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::path::Path;

use chrono_tz::Tz;
use proptest::prelude::*;
use regex::Regex;
use serde_json::Value;
use streamgauge::digests::compose;
use streamgauge::model::{
    Category, FlowEvent, Kind, Period, Precision, StateIx, StreamIx, StreamKind, Subject, TeamIx,
    Timestamp, Vocabulary,
};
use streamgauge::signals::dataset::{ItemFacts, Stream, Team};
use streamgauge::signals::report::{Finding, Move, Verdict};
use streamgauge::signals::{ALL, Dataset, Report, Scope, evaluate};

use super::signals_reference::{as_of, day, invented};

const VOCABULARIES: [Vocabulary; 5] = [
    Vocabulary::Generic,
    Vocabulary::Safe,
    Vocabulary::Less,
    Vocabulary::ScrumAtScale,
    Vocabulary::Spotify,
];

fn report(data: &Dataset) -> Report {
    evaluate(data, as_of(), as_of(), &Scope::Portfolio)
}

/// What a framework has no level for, it does not show (section 6).
fn hidden(vocabulary: Vocabulary, finding: &Finding) -> bool {
    match vocabulary {
        Vocabulary::Less => {
            ["C5", "D1"].contains(&finding.signal)
                || finding.signal == "P2" && finding.slice.dimension == "theme"
        }
        Vocabulary::Spotify => finding.signal == "C5",
        _ => false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    /// The same data under all five vocabularies: every number, verdict and place is the same, but
    /// for what a framework has no level for.
    #[test]
    fn a_vocabulary_changes_words_only(seed: u64) {
        let mut data = invented(seed, 200);
        let mut themes = data.intents[0].clone();
        themes.dimension = streamgauge::model::Dimension::Theme;
        themes.shares = vec![("retention".to_owned(), 1.0)];
        data.intents.push(themes);
        let numbers = |vocabulary: Vocabulary, shown_by: Vocabulary| -> Vec<String> {
            let data = Dataset { vocabulary, ..data.clone() };
            let findings = report(&data).findings.into_iter();
            let line = |f: Finding| {
                let place = (f.signal, f.slice.dimension, f.slice.id.clone());
                format!("{place:?} {:?} {:?} {:?} {}", f.verdict, f.measures, f.series, f.persistence)
            };
            findings.filter(|f| !hidden(shown_by, f)).map(line).collect()
        };
        for vocabulary in VOCABULARIES {
            let own = numbers(vocabulary, Vocabulary::Generic);
            prop_assert_eq!(&own, &numbers(Vocabulary::Generic, vocabulary), "{:?}", vocabulary);
            prop_assert!(own.len() > 20);
        }
    }

    /// No output is sorted by a metric: when the streams swap their work, every slice stays in its
    /// place.
    #[test]
    fn the_order_of_slices_is_that_of_their_names(seed: u64, by in 1_u32..4) {
        let data = invented(seed, 200);
        let mut swapped = data.clone();
        for item in &mut swapped.items {
            for segment in &mut item.segments {
                segment.stream = segment.stream.map(|s| StreamIx((s.0 + by) % 4));
            }
        }
        let order = |report: &Report| -> Vec<(&'static str, String)> {
            let of_stream = |f: &&Finding| f.slice.dimension == "stream";
            let findings = report.findings.iter().filter(of_stream);
            let table = report.intent_table.iter().map(|row| ("table", row.slice.id.clone()));
            findings.map(|f| (f.signal, f.slice.id.clone())).chain(table).collect()
        };
        let (before, after) = (report(&data), report(&swapped));
        let (before, after) = (order(&before), order(&after));
        let common = |list: &[(&'static str, String)], other: &[(&'static str, String)]| {
            list.iter().filter(|one| other.contains(one)).cloned().collect::<Vec<_>>()
        };
        prop_assert!(common(&before, &after).len() > 10);
        prop_assert_eq!(common(&before, &after), common(&after, &before));
    }

    /// Neither a team nor a stream that is too small to be shown is anywhere in what others read.
    #[test]
    fn small_slices_and_teams_are_nowhere(seed: u64) {
        let data = invented(seed, 300);
        for scope in [Scope::Portfolio, Scope::Stream("fleet".into())] {
            let report = evaluate(&data, as_of(), as_of(), &scope);
            for text in strings(&serde_json::to_value(&report).unwrap()) {
                prop_assert!(!text.to_lowercase().contains("payments"), "{text}");
                prop_assert!(!text.to_lowercase().contains("squad"), "{text}");
            }
            let team = |f: &Finding| f.slice.dimension == "team";
            prop_assert!(!report.findings.iter().any(team));
        }
    }

    /// Nothing speaks of what is to come: no instant lies after that of the report, but for the
    /// declared dates of reviews.
    #[test]
    fn no_instant_is_in_the_future(seed: u64) {
        let data = invented(seed, 200);
        for earlier in [0, 45] {
            let at = day(earlier);
            let mut told = serde_json::to_value(evaluate(&data, at, at, &Scope::Portfolio)).unwrap();
            told.as_object_mut().unwrap().remove("due_reviews");
            for decision in told["decisions"].as_array_mut().unwrap() {
                if let Some(expects) = decision["expects"].as_object_mut() {
                    expects.remove("review_at");
                }
            }
            for text in strings(&told) {
                if let Ok(instant) = Timestamp::parse(&text) {
                    prop_assert!(instant <= at, "{text}");
                }
            }
        }
    }
}

/// All keys and texts of a document.
fn strings(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(list) => list.iter().flat_map(strings).collect(),
        Value::Object(map) => map
            .iter()
            .flat_map(|(key, value)| [vec![key.clone()], strings(value)].concat())
            .collect(),
        _ => Vec::new(),
    }
}

/// Names of columns, keys and measures: none could hold a plan, a person or a grade.
const NO_NAME: &str = r"(?i)utili[sz]|capacity|headcount|milestone|deadline|due_(?:date|on)|forecast|(?:^|_)eta(?:$|_)|percent|completion|remaining|estimate|story_point|velocity|(?:^|_)rank|score|assignee|reporter|watcher|author|worklog";

#[test]
fn nothing_has_a_name_for_what_is_refused() {
    let refused = Regex::new(NO_NAME).unwrap();
    assert!(refused.is_match("due_date") && refused.is_match("percent_complete"));
    assert!(refused.is_match("eta") && !refused.is_match("metadata"));
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut names = Vec::new();
    for file in std::fs::read_dir(root.join("src/store/migrations")).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        let sql: String = text
            .lines()
            .map(|line| line.split("--").next().unwrap())
            .collect::<Vec<_>>()
            .join("\n");
        names.extend(sql.split(|c: char| !c.is_alphanumeric() && c != '_').map(str::to_owned));
    }
    for file in ["portfolio.schema.json", "streamgauge.schema.json"] {
        let text = std::fs::read_to_string(root.join("config").join(file)).unwrap();
        keys(&serde_json::from_str(&text).unwrap(), &mut names);
    }
    let mut data = invented(4, 300);
    data.unknown_statuses.push(("Odd".to_owned(), 2));
    let told = report(&data);
    keys(&serde_json::to_value(&told).unwrap(), &mut names);
    keys(&serde_json::to_value(compose(&told)).unwrap(), &mut names);
    names.extend(told.findings.iter().flat_map(|f| &f.measures).map(|m| m.name.to_owned()));
    assert!(names.len() > 500, "{}", names.len());
    let found: Vec<&String> = names.iter().filter(|name| refused.is_match(name)).collect();
    assert!(found.is_empty(), "{found:?}");
}

fn keys(value: &Value, names: &mut Vec<String>) {
    match value {
        Value::Array(list) => list.iter().for_each(|value| keys(value, names)),
        Value::Object(map) => {
            for (key, value) in map {
                names.push(key.clone());
                keys(value, names);
            }
        }
        _ => {}
    }
}

/// A decision is about the portfolio, a stream, a theme or an epic. A new kind of subject has to
/// pass here.
#[test]
fn a_decision_has_no_team_and_no_item_as_its_subject() {
    let subjects = [
        Subject::Portfolio,
        Subject::Stream("a".into()),
        Subject::Theme("a".into()),
        Subject::Epic("a".into()),
    ];
    for subject in &subjects {
        match subject {
            Subject::Portfolio | Subject::Stream(_) | Subject::Theme(_) | Subject::Epic(_) => {}
        }
        let text = serde_json::to_string(subject).unwrap();
        assert_eq!(serde_json::from_str::<Subject>(&text).unwrap(), *subject);
    }
    for level in ["team", "item", "person", "project"] {
        let text = format!(r#"{{"level":"{level}","id":"a"}}"#);
        assert!(serde_json::from_str::<Subject>(&text).is_err(), "{level}");
    }
}

/// One stream of three teams that all do the same; nothing but status and team is known.
fn bare(slower_from: i64) -> Dataset {
    let stream = Stream {
        id: "booking".into(),
        name: "Booking".into(),
        kind: StreamKind::Customer,
        publish: false,
        waiting_observable: true,
    };
    let team = |n: usize| Team {
        id: format!("t{n}"),
        name: format!("T{n}"),
        home: vec![(Period::ALWAYS, StreamIx(0))],
        weight: Vec::new(),
        valid: Period::ALWAYS,
    };
    let mut data = Dataset {
        portfolio: "Northwind".into(),
        zone: Tz::UTC,
        streams: vec![stream],
        teams: (0..3).map(team).collect(),
        ..Dataset::default()
    };
    for name in ["Backlog", "Doing", "Review", "Done"] {
        data.states.intern(name);
    }
    let mut ago = 300;
    while ago > 1 {
        // Fewer cards a week from some day on.
        for n in 0..(if ago > slower_from { 3 + ago % 3 } else { ago % 2 }) {
            let steps = [(ago + 8, Category::Proposed, 0), (ago, Category::Active, 1)];
            let ends = [(ago - 3, Category::Waiting, 2), (ago - 5, Category::Done, 3)];
            let events = steps.into_iter().chain(ends).filter(|(ago, ..)| *ago > 0);
            let event = |(ago, category, state): (i64, Category, u32)| FlowEvent {
                at: day(ago).plus_millis(n * 60_000),
                category,
                state: StateIx(state),
                blocked: false,
                team: Some(TeamIx(u32::try_from(n).unwrap() % 3)),
                stream: Some(StreamIx(0)),
                epic: None,
                precision: Precision::Exact,
            };
            let events: Vec<FlowEvent> = events.map(event).collect();
            let key = format!("B-{ago:03}{n}");
            data.items.push(ItemFacts::lived(key, Kind::Unclassified, events));
        }
        ago -= 2;
    }
    data.items.sort();
    data
}

/// Teams fill in nothing: status and team alone carry the signals of flow.
#[test]
fn teams_owe_no_field() {
    let told = report(&bare(0));
    for signal in ["P1", "V1", "V2", "V3", "V5"] {
        let mut own = told.findings.iter().filter(|f| f.signal == signal);
        // The one stream has all the attention in every week, which is no chart but a number.
        assert!(own.any(|f| f.verdict.has_data() || !f.measures.is_empty()), "{signal}");
    }
}

/// Output is never the portfolio's headline, not even when it fell to a third; the stream's own
/// reader sees it, beside how long the work took.
#[test]
fn throughput_is_no_headline_above_the_stream() {
    let data = bare(28);
    let told = report(&data);
    let fell = Verdict::Confirmed { direction: Move::Down };
    let v2 = told.findings.iter().find(|f| f.signal == "V2").unwrap();
    assert_eq!(v2.verdict, fell);
    assert!(!v2.portfolio_headline && v2.observation.is_some());
    let page = compose(&told);
    assert!(page.sections.iter().flat_map(|s| &s.observations).all(|told| told.signal != "V2"));
    assert!(told.findings.iter().any(|f| f.signal == "V1" && f.slice == v2.slice));
}

/// The catalogue's order, each once.
#[test]
fn the_signals_stand_in_the_order_of_the_catalogue() {
    let catalogue = [
        "P1", "P2", "P3", "P4", "V1", "V2", "V3", "V4", "V5", "V6", "T1", "T2", "C1", "C2", "C3",
        "C4", "C5", "C6", "O1", "O2", "O3", "D1", "D2", "D3", "D4", "H1", "H2",
    ];
    let places = ALL.iter().map(|s| catalogue.iter().position(|id| *id == s.id));
    let places: Vec<usize> = places.map(Option::unwrap).collect();
    assert!(places.is_sorted_by(|a, b| a < b), "{places:?}");
}
