//! V2 Throughput.
//!
//! Question: has the rate of delivery changed? Reader: value stream; never above it as a figure of
//! merit.
//! Definition: items delivered in the week, by stream at delivery; an exact count without size
//! weighting. XmR with floor 0; chunky weeks are summed to two, then four.
//! Source: section 2.2 of the catalogue; XmR as in Wheeler, Understanding Variation.
//! Misreading: splitting items raises it. It is told only as usual or changed, with the mix of
//! kinds, and it never headlines a portfolio page.

use super::definitions::FIRST;
use super::finding::{
    against_usual, charted, finding, insufficient, measure, observe, standing_of,
};
use super::report::{Finding, Measure, Question, Slice, Unit};
use super::stats::xmr::Bounds;
use super::verdict::{Judged, Weekly, direction, judge};
use super::view::View;
use super::{Signal, flow::StreamFlow, h2_data_confidence as h2, words};
use crate::model::Kind;

pub const SIGNAL: Signal = Signal {
    id: "V2",
    name: "Throughput",
    question: Question::Flow,
    asks: "Has the rate of delivery changed?",
    definition: "Items delivered in the week, by the stream they were in at delivery. An item \
                 finished twice counts once, in the later week.",
    misreading: "Splitting items raises it. It is told as usual or changed, with the mix of kinds, \
                 and only inside the stream.",
    test: "A process-behaviour chart of weekly deliveries; where they are too few and too \
           alike, of two or four weeks together.",
    history: FIRST,
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Finding> {
    view.stream_slices()
        .into_iter()
        .map(|(slice, members, _)| match h2::withheld(view, &members, SIGNAL.id) {
            Some(verdict) => finding(&SIGNAL, slice, verdict),
            None => throughput(view, slice, &members),
        })
        .map(|found| Finding { portfolio_headline: false, ..found })
        .collect()
}

/// Weekly deliveries of some streams together.
#[must_use]
pub fn weekly(view: &View<'_>, members: &[&StreamFlow]) -> Weekly {
    let since = members.iter().filter_map(|stream| stream.since).min();
    let known = view.observed(since);
    let delivered = |week: usize| members.iter().map(|stream| stream.delivered[week]).sum();
    let cell = |(week, known): (usize, bool)| known.then(|| (delivered(week), 1));
    Weekly {
        weeks: view.weeks.list.clone(),
        cells: known.into_iter().enumerate().map(cell).collect(),
    }
}

fn throughput(view: &View<'_>, slice: Slice, members: &[&StreamFlow]) -> Finding {
    let mut judged = judge(&weekly(view, members), Unit::ItemsPerWeek, Bounds::COUNT, &[1, 2, 4]);
    let kinds: Vec<String> = Kind::ALL
        .iter()
        .map(|kind| (kind, members.iter().map(|s| s.kinds[*kind as usize]).sum::<i64>()))
        .filter(|(_, n)| *n > 0)
        .map(|(kind, n)| format!("{n} {}", kind.as_str()))
        .collect();
    let delivered: i64 = members.iter().flat_map(|stream| stream.kinds).sum();
    let none = judged.series.points.iter().all(|point| point.value.is_none_or(|v| v == 0.0));
    if none && !judged.tested && !judged.series.points.is_empty() {
        judged.verdict =
            insufficient(0, 1, "deliveries", "no delivery was observed in the charted weeks");
    }
    let observation = observation(&slice, &judged, &kinds);
    let window = view.window();
    let measures = vec![Measure {
        n: Some(delivered.unsigned_abs()),
        ..measure("delivered", delivered as f64, Unit::Items, window)
    }];
    Finding { observation, measures, ..charted(&SIGNAL, slice, judged) }
}

fn observation(
    slice: &Slice,
    judged: &Judged,
    kinds: &[String],
) -> Option<super::report::Observation> {
    direction(&judged.verdict)?;
    let usual = against_usual(judged)?;
    let mix = if kinds.is_empty() { "none".to_owned() } else { words::list(kinds) };
    Some(observe(
        &slice.name,
        &format!("delivered {usual}; by kind over 12 weeks: {mix}."),
        &format!(
            "{} Items differ in size, and splitting them moves this count.",
            standing_of(judged)
        ),
        "What else changed over the same weeks?",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signals::fixture::{at, item, portfolio, view};

    /// Fixture F0: A ends on Monday and counts in the week that begins; C has no start; E is born
    /// done; F and G are dropped; H is credited to its new stream.
    #[test]
    fn fixture_f0() {
        let mut data = portfolio(2, &[1, 2]);
        let mut add = |key: &str, events: &[(&str, &str)]| item(&mut data, key, "T1/S1", events);
        add("A", &[("03-02 09:00", "proposed"), ("03-03", "Dev"), ("03-09", "done")]);
        add(
            "B",
            &[
                ("03-04", "proposed"),
                ("03-04 12:00", "Dev"),
                ("03-10 12:00", "done"),
                ("03-12 12:00", "Dev"),
                ("03-14", "done"),
            ],
        );
        add("C", &[("03-05", "proposed"), ("03-06", "done")]);
        add(
            "D",
            &[
                ("03-04", "proposed"),
                ("03-05", "Dev"),
                ("03-08", "proposed"),
                ("03-18", "Dev"),
                ("03-20", "done"),
            ],
        );
        add("E", &[("03-11", "done")]);
        add("F", &[("03-09", "proposed"), ("03-10", "Dev"), ("03-17", "dropped")]);
        add("G", &[("03-02", "proposed"), ("03-13", "dropped")]);
        add("H", &[("03-15", "proposed"), ("03-16", "Dev"), ("03-21", "T2/S2"), ("03-25", "done")]);
        add("I", &[("03-19", "proposed"), ("03-20", "Dev"), ("03-24", "waiting")]);
        add("J", &[("02-19", "proposed"), ("02-20", "Dev")]);
        let view = view(&data, "03-30");
        let newest =
            |members: &[&StreamFlow]| weekly(&view, members).cells[view.weeks.newest(4)].to_vec();
        let (one, two) = (&view.flow.streams[0], &view.flow.streams[1]);
        assert_eq!(newest(&[one, two]), [1, 2, 1, 1].map(|n| Some((n, 1))));
        assert_eq!(two.delivered[view.weeks.of(at("03-25")).unwrap()], 1);
        // S2 is first seen on 21 March: the weeks before, and that week, are absent.
        assert_eq!(newest(&[two]), [None, None, None, Some((1, 1))]);
        assert_eq!((one.counts.born_done, one.counts.no_start), (1, 1));
    }
}
