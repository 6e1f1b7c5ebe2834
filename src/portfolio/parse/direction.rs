//! Where the portfolio wants to go and who may decide: intents, outcomes, guardrails, cadences.

use std::collections::BTreeMap;

use super::{Parsing, choose, id, refer, sort_by_id};
use crate::model::{
    Altitude, Cadence, Dimension, Direction, Guardrail, Intent, Kind, OutcomeMeasure, StreamIx,
    Timestamp, ValueArea, Verb,
};
use crate::portfolio::declared::{Outcome, OutcomeSource, Stream, Theme};
use crate::portfolio::problems::Span;
use crate::portfolio::reader::{Fields, Text};
use crate::portfolio::refusals;
use crate::schedule::Schedule;

const DIMENSIONS: [(&str, Dimension); 4] = [
    ("stream", Dimension::Stream),
    ("theme", Dimension::Theme),
    ("kind", Dimension::Kind),
    ("horizon", Dimension::Horizon),
];

const DIRECTIONS: [(&str, Direction); 2] = [("up", Direction::Up), ("down", Direction::Down)];

const AREAS: [(&str, ValueArea); 4] = [
    ("current", ValueArea::Current),
    ("unrealised", ValueArea::Unrealised),
    ("time_to_market", ValueArea::TimeToMarket),
    ("ability_to_innovate", ValueArea::AbilityToInnovate),
];

const ALTITUDES: [(&str, Altitude); 2] =
    [("portfolio", Altitude::Portfolio), ("stream", Altitude::Stream)];

const VERBS: [(&str, Verb); 7] = [
    ("start", Verb::Start),
    ("continue", Verb::Continue),
    ("stop", Verb::Stop),
    ("pivot", Verb::Pivot),
    ("more", Verb::More),
    ("less", Verb::Less),
    ("rebalance", Verb::Rebalance),
];

/// Half-width of an intent's band where the file is silent.
const TOLERANCE: f64 = 0.05;
/// How far the shares of an intent may miss 1.
const SUM_SLACK: f64 = 0.001;

impl<'d> Parsing<'d> {
    pub(super) fn intents(
        &self,
        fields: &mut Fields<'d>,
        streams: &[Stream],
        themes: &[Theme],
    ) -> Vec<Intent> {
        let mut intents = Vec::new();
        for mut table in fields.tables("intent") {
            let dimension = table.need_text("dimension").and_then(|word| self.dimension(&word));
            let valid = table.period();
            let why = table.need_text("why");
            let tolerance = table.number("tolerance");
            if !table.has("shares") {
                table.missing("shares");
            }
            let shares = table.table("shares");
            let span = table.span.clone();
            table.finish();
            let tolerance = tolerance.map_or(TOLERANCE, |(tolerance, span)| {
                self.share(tolerance, &span, "tolerance");
                tolerance
            });
            let shares = shares.map(|shares| self.shares(shares, dimension, streams, themes));
            let (Some(dimension), Some(shares), Some(why)) = (dimension, shares, why) else {
                continue;
            };
            let why = why.value.to_owned();
            intents.push((span, Intent { dimension, shares, tolerance, valid, why }));
        }
        self.in_force_one_by_one(intents)
    }

    fn dimension(&self, word: &Text<'_>) -> Option<Dimension> {
        if let Some(reason) = refusals::dimension(word.value) {
            self.cx.log.add(
                &word.span,
                format!("An intent cannot be about `{}`: {reason}", word.value),
                "Choose one of: stream, theme, kind, horizon.",
            );
            return None;
        }
        choose(self.cx, word, "dimension", &DIMENSIONS)
    }

    fn shares(
        &self,
        shares: Fields<'d>,
        dimension: Option<Dimension>,
        streams: &[Stream],
        themes: &[Theme],
    ) -> Vec<(String, f64)> {
        let span = shares.span.clone();
        let mut list = Vec::new();
        for (slice, value) in shares.into_entries() {
            match dimension {
                Some(Dimension::Stream) => {
                    refer(self.cx, "stream", streams, &slice, |stream| &stream.id);
                }
                Some(Dimension::Theme) => {
                    refer(self.cx, "theme", themes, &slice, |theme| &theme.id);
                }
                Some(Dimension::Kind) => {
                    let kinds = Kind::ALL.map(|kind| (kind.as_str(), kind));
                    choose(self.cx, &slice, "kind", &kinds);
                }
                Some(Dimension::Horizon) | None => {}
            }
            let Some(share) = value.number(self.cx, slice.value) else { continue };
            self.share(share, &value.span, slice.value);
            list.push((slice.value.to_owned(), share));
        }
        let sum: f64 = list.iter().map(|(_, share)| share).sum();
        if (sum - 1.0).abs() > SUM_SLACK {
            self.cx.log.add(
                &span,
                format!("The shares add up to {sum:.3}, not to 1."),
                "Name every slice and let the shares add up to 1 (within 0.001).",
            );
        }
        list
    }

    fn share(&self, share: f64, span: &Span, key: &str) {
        if !(0.0..=1.0).contains(&share) {
            self.cx.log.add(
                span,
                format!("`{key}` is {share}, which is not a share."),
                "Write a number from 0 to 1; 0.40 means 40 %.",
            );
        }
    }

    /// Sorts intents. One without `until` ends where the next of its dimension begins; other
    /// overlaps are noted, because two intents at once would contradict each other.
    fn in_force_one_by_one(&self, mut intents: Vec<(Span, Intent)>) -> Vec<Intent> {
        intents.sort_by_key(|(span, one)| (one.dimension, one.valid, span.start));
        for at in 1..intents.len() {
            let next = intents[at].1.valid;
            let same = intents[at - 1].1.dimension == intents[at].1.dimension;
            let before = &mut intents[at - 1].1.valid;
            if !same || before.to <= next.from {
                continue;
            }
            if before.to == Timestamp::MAX && before.from < next.from {
                before.to = next.from;
                continue;
            }
            self.cx.log.add(
                &intents[at].0,
                "Another intent of the same dimension is valid at the same time.",
                "Let `until` of the older one be `from` of the newer one.",
            );
        }
        intents.into_iter().map(|(_, intent)| intent).collect()
    }

    pub(super) fn outcomes(&self, fields: &mut Fields<'d>, streams: &[Stream]) -> Vec<Outcome> {
        let mut outcomes = Vec::new();
        for mut table in fields.tables("outcome") {
            let id = id(&mut table);
            let name = table.text("name");
            let stream = table
                .text("stream")
                .filter(|it| refer(self.cx, "stream", streams, it, |stream| &stream.id).is_some());
            let unit = table.need_text("unit");
            let direction = table
                .need_text("direction")
                .and_then(|word| choose(self.cx, &word, "direction", &DIRECTIONS));
            let value_area =
                table.text("value_area").and_then(|w| choose(self.cx, &w, "value_area", &AREAS));
            let source = table
                .table("source")
                .map_or(Some((OutcomeSource::Push, None)), |it| self.source(it));
            table.finish();
            let (Some(id), Some(unit), Some(direction), Some(source)) =
                (id, unit, direction, source)
            else {
                continue;
            };
            let measure = OutcomeMeasure {
                id: id.value.to_owned(),
                name: name.map_or(id.value, |name| name.value).to_owned(),
                stream: stream.map(|stream| stream.value.to_owned()),
                unit: unit.value.to_owned(),
                direction,
                value_area: value_area.unwrap_or_default(),
            };
            let (source, at) = source;
            outcomes.push((id.span, Outcome { measure, source, at }));
        }
        sort_by_id(self.cx, "outcome", outcomes, |outcome| outcome.measure.id.clone())
    }

    /// A source, and when it is read where that is not the usual time.
    fn source(&self, mut table: Fields<'d>) -> Option<(OutcomeSource, Option<String>)> {
        const KINDS: [&str; 4] = ["prometheus", "json", "csv", "push"];
        let span = table.span.clone();
        let kinds: Vec<&str> = KINDS.into_iter().filter(|kind| table.has(kind)).collect();
        if kinds.len() != 1 {
            self.cx.log.add(
                &span,
                "A source of readings is exactly one of `prometheus`, `json`, `csv` and `push`.",
                "Write for example `source = { json = \"https://...\", pointer = \"/value\" }`.",
            );
        }
        let owned = |text: Option<Text<'_>>| text.map(|text| text.value.to_owned());
        let source = match kinds.first().copied() {
            Some("prometheus") => {
                let url = self.address(table.text("prometheus"));
                let query = owned(table.need_text("query"));
                let step = table.text("step").map_or(Some(7), |step| self.length(&step));
                let both = url.zip(query).zip(step);
                both.map(|((url, query), step_days)| OutcomeSource::Prometheus {
                    url,
                    query,
                    step_days,
                })
            }
            Some("json") => {
                let url = self.address(table.text("json"));
                let pointer = owned(table.need_text("pointer"));
                let time = owned(table.text("time"));
                url.zip(pointer).map(|(url, pointer)| OutcomeSource::Json { url, pointer, time })
            }
            Some("csv") => {
                let at = self.address(table.text("csv"));
                let time = owned(table.text("time")).unwrap_or_else(|| "time".to_owned());
                let value = owned(table.text("value")).unwrap_or_else(|| "value".to_owned());
                at.map(|at| OutcomeSource::Csv { at, time, value })
            }
            _ => {
                table.flag("push");
                Some(OutcomeSource::Push)
            }
        };
        let asked = kinds.first().is_some_and(|kind| *kind != "push");
        let at = if asked { table.text("at") } else { None };
        table.finish();
        let at = at.map(|at| self.schedule(&at).map(|()| at.value.to_owned()));
        match at {
            Some(None) => None,
            at => source.map(|source| (source, at.flatten())),
        }
    }

    fn schedule(&self, text: &Text<'_>) -> Option<()> {
        let Err(error) = Schedule::parse(text.value) else { return Some(()) };
        let mend = "Write when to read it, such as `0 6 * * MON`, in the portfolio's time zone.";
        self.cx.log.add(&text.span, format!("{error}."), mend);
        None
    }

    /// An address without credentials in it.
    fn address(&self, text: Option<Text<'_>>) -> Option<String> {
        let text = text?;
        let rest = text.value.split_once("://").map_or("", |(_, rest)| rest);
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        if authority.contains('@') {
            self.cx.log.add(
                &text.span,
                "This address holds credentials, and the file is read by many.",
                "Take the part before `@` out.",
            );
            return None;
        }
        Some(text.value.to_owned())
    }

    pub(super) fn guardrails(&self, fields: &mut Fields<'d>) -> Vec<Guardrail> {
        let mut guardrails: BTreeMap<Altitude, Guardrail> = BTreeMap::new();
        for mut table in fields.tables("guardrail") {
            let altitude = table
                .need_text("altitude")
                .and_then(|word| choose(self.cx, &word, "altitude", &ALTITUDES));
            if !table.has("may") {
                table.missing("may");
            }
            let words = table.texts("may");
            let mut may: Vec<Verb> =
                words.iter().filter_map(|word| choose(self.cx, word, "verb", &VERBS)).collect();
            may.sort();
            may.dedup();
            let why = table.need_text("why");
            let span = table.span.clone();
            table.finish();
            let (Some(altitude), Some(why)) = (altitude, why) else { continue };
            let why = why.value.to_owned();
            if guardrails.insert(altitude, Guardrail { altitude, may, why }).is_some() {
                self.cx.log.add(
                    &span,
                    "This altitude already has a guardrail.",
                    "Join the two, so that one list says what may be decided there.",
                );
            }
        }
        guardrails.into_values().collect()
    }

    /// Those of the portfolio, the longest first, and those of streams.
    pub(super) fn cadences(
        &self,
        fields: &mut Fields<'d>,
        streams: &[Stream],
    ) -> (Vec<Cadence>, Vec<(StreamIx, Cadence)>) {
        let mut cadences = Vec::new();
        for mut table in fields.tables("cadence") {
            let id = id(&mut table);
            if !table.has("anchor") {
                table.missing("anchor");
            }
            let anchor = table.date("anchor");
            let days = table.need_text("length").and_then(|length| self.length(&length));
            let stream = table.text("stream");
            table.finish();
            let place =
                |name: &Text<'_>| refer(self.cx, "stream", streams, name, |stream| &stream.id);
            let stream = stream.map(|name| (name.span.clone(), place(&name)));
            let (Some(id), Some(anchor), Some(days)) = (id, anchor, days) else { continue };
            let cadence = Cadence { id: id.value.to_owned(), anchor, days };
            cadences.push((id.span, (cadence, stream)));
        }
        let cadences = sort_by_id(self.cx, "cadence", cadences, |(cadence, _)| cadence.id.clone());
        let (mut own, mut of_streams) = (Vec::new(), BTreeMap::new());
        for (cadence, stream) in cadences {
            let Some((span, place)) = stream else {
                own.push(cadence);
                continue;
            };
            let place = place.and_then(|place| u32::try_from(place).ok()).map(StreamIx);
            if place.is_some_and(|place| of_streams.insert(place, cadence).is_some()) {
                self.cx.log.add(
                    &span,
                    "This stream already has a cadence of its own.",
                    "Keep the one by which its work is planned.",
                );
            }
        }
        own.sort_by(|a, b| (b.days, &a.id).cmp(&(a.days, &b.id)));
        (own, of_streams.into_iter().collect())
    }

    /// `10w` or `14d`, in days.
    fn length(&self, text: &Text<'_>) -> Option<u32> {
        let days = text.value.split_at_checked(text.value.len() - 1).and_then(|(number, unit)| {
            let unit = match unit {
                "w" => 7,
                "d" => 1,
                _ => return None,
            };
            number.parse::<u32>().ok()?.checked_mul(unit)
        });
        let days = days.filter(|days| (1..=3660).contains(days));
        if days.is_none() {
            self.cx.log.add(
                &text.span,
                format!("`{}` is not a length of a cadence.", text.value),
                "Write weeks or days, such as `10w` or `14d`.",
            );
        }
        days
    }
}
