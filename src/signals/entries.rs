//! Which signals count one item, and where: the way back from a number to an item.

use std::collections::BTreeSet;

use super::cadences::span as cadences;
use super::calendar::Weeks;
use super::dataset::{Dataset, ItemFacts};
use super::stays::stay;
use super::{c4_finished_not_released as c4, defaults, p4_dormant_commitments as p4};
use crate::model::timeline::derive;
use crate::model::{Category, Period, StreamIx, Timestamp};

/// Signal ids and stream ids (`none` for work without a stream; for P4 the epic) that count `item`
/// at `as_of`, sorted. Signals over links, outcomes and decisions list their items in their findings.
#[must_use]
pub fn of(data: &Dataset, item: &ItemFacts, as_of: Timestamp) -> Vec<(&'static str, String)> {
    let weeks = Weeks::new(as_of, data.zone, defaults::SERIES_WEEKS, &data.coverage);
    let derived = derive(item.created_at, &item.segments, as_of);
    if weeks.is_empty() || derived.born_done {
        return Vec::new();
    }
    let name = |stream: Option<StreamIx>| {
        stream.map_or_else(|| "none".to_owned(), |ix| data.stream(ix).id.clone())
    };
    let mut found = BTreeSet::new();
    let series = weeks.span(weeks.series());
    if let (Some(at), Some(credited)) = (derived.delivered_at, derived.credited)
        && series.contains(at)
        && !data.one_off(item.segments[credited].epic)
    {
        found.insert(("V2", name(item.segments[credited].stream)));
    }
    if let Some((stream, stay)) = stay(data, &item.segments, &derived, as_of)
        && !item.start_before_data
        && stay.to > series.from
        && stay.from < series.to
    {
        found.insert(("V1", name(stream)));
        found.insert(("V4", name(stream)));
    }
    if let Some(credited) = c4::counts(data, item, &derived, series, as_of) {
        found.insert(("C4", name(item.segments[credited].stream)));
    }
    let worked = item.segments.iter().filter(|s| s.from < as_of && s.flow() == Category::Active);
    for epic in worked.filter_map(|segment| segment.epic) {
        if p4::looks_at(data, epic.0 as usize) {
            found.insert(("P4", data.epic(epic).id.clone()));
        }
    }
    for segment in &item.segments {
        let end = segment.category == Category::Done && series.contains(segment.from);
        if end && segment.from < as_of && !data.one_off(segment.epic) {
            found.insert(("V6", name(segment.stream)));
        }
    }
    let mut drawn = |window: Period, signal: &'static str, counts: fn(Category) -> bool| {
        let flows = matches!(signal, "V3" | "V5" | "H1");
        for segment in &item.segments {
            let seen = segment.period().intersect(&window).is_some()
                && !(flows && data.one_off(segment.epic));
            if seen && segment.from < as_of && counts(segment.flow()) {
                found.insert((signal, name(segment.stream)));
            }
        }
    };
    drawn(series, "P1", |category| category == Category::Active);
    drawn(series, "P3", |category| category == Category::Active);
    drawn(series, "V6", |category| category == Category::Active);
    if data.governance_mapped {
        drawn(series, "T2", |category| category == Category::Active);
    }
    if let Some(cadence) = data.cadences.first() {
        let span = cadences(cadence, as_of, data.zone);
        drawn(span, "T1", |category| category == Category::Active);
    }
    drawn(series, "V5", Category::is_started);
    drawn(weeks.span(weeks.window()), "V3", Category::is_started);
    drawn(weeks.span(weeks.window()), "H1", Category::is_started);
    if !data.intents.is_empty() {
        drawn(weeks.span(weeks.intent()), "P2", |category| category == Category::Active);
    }
    found.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{FlowSegment, Kind, Precision, StateIx, StreamKind, TeamIx, TrackerKind};
    use crate::signals::dataset::{CoverageSpan, Stream};

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    fn segment(from: &str, to: Option<&str>, category: Category) -> FlowSegment {
        FlowSegment {
            from: at(from),
            to: to.map_or(Timestamp::MAX, at),
            category,
            state: StateIx(0),
            blocked: false,
            team: Some(TeamIx(0)),
            stream: Some(StreamIx(0)),
            epic: None,
            precision: Precision::Exact,
        }
    }

    #[test]
    fn an_item_is_found_from_the_weeks_in_which_it_counts() {
        let stream = Stream {
            id: "payments".into(),
            name: "Payments".into(),
            kind: StreamKind::Customer,
            publish: true,
            waiting_observable: true,
        };
        let span = CoverageSpan { connection: "jira".into(), period: Period::ALWAYS };
        let data = Dataset { streams: vec![stream], coverage: vec![span], ..Dataset::default() };
        let item = ItemFacts {
            key: "PAY-1".into(),
            tracker: TrackerKind::Jira,
            kind: Kind::Feature,
            created_at: at("2026-03-02T09:00:00Z"),
            segments: vec![
                segment("2026-03-02T09:00:00Z", Some("2026-03-03T09:00:00Z"), Category::Proposed),
                segment("2026-03-03T09:00:00Z", Some("2026-03-09T09:00:00Z"), Category::Active),
                segment("2026-03-09T09:00:00Z", None, Category::Done),
            ],
            activity: Vec::new(),
            duplicate: false,
            start_before_data: false,
            unknown_statuses: 0,
            relabelled: Vec::new(),
        };
        let signals = |as_of: &str| -> Vec<&str> {
            of(&data, &item, at(as_of)).into_iter().map(|(signal, _)| signal).collect()
        };
        let whole = ["H1", "P1", "P3", "V1", "V2", "V3", "V4", "V5", "V6"];
        assert_eq!(signals("2026-03-30T00:00:00Z"), whole);
        // While it was open, and long after it was delivered.
        let open = ["H1", "P1", "P3", "V1", "V3", "V4", "V5", "V6"];
        assert_eq!(signals("2026-03-09T00:00:00Z"), open);
        assert!(signals("2027-03-30T00:00:00Z").is_empty());
    }
}
