//! C1 Cross-stream wait.
//!
//! Question: which streams wait for which, and how long? Reader: streams concerned, portfolio.
//! Definition: item-days in which started items of one stream were blocked by open items of
//! another, united per item (see [`super::waits`]). XmR on weekly item-days per pair, floor 0;
//! chunky weeks are summed to four, else the raw figure stands.
//! Source: section 2.4 of the catalogue.
//! Misreading: the awaited stream is not to blame; the other may have pulled early. Unlinked
//! dependencies are invisible, so the share of blocked time without a link is printed.

use std::collections::{BTreeMap, BTreeSet};

use super::attention::sum;
use super::defaults::WINDOW_WEEKS;
use super::definitions::FIRST;
use super::finding::{
    against_usual, charted, finding, measure, not_applicable, observe, portfolio, standing_of,
};
use super::report::{Finding, Measure, Question, Slice, Unit, Verdict};
use super::slices::OTHER;
use super::stats::xmr::Bounds;
use super::verdict::{Judged, Weekly, direction, judge};
use super::view::View;
use super::waited::{Named, by_slices, by_streams, lists};
use super::{Signal, h2_data_confidence as h2, words};
use crate::model::{DAY_MS, Timestamp};

pub const SIGNAL: Signal = Signal {
    id: "C1",
    name: "Cross-stream wait",
    question: Question::Flow,
    asks: "Which streams wait for which, and how long?",
    definition: "Item-days in which started items of one stream were blocked by open items of \
                 another, by recorded links; overlapping links of one item count once.",
    misreading: "The awaited stream is not to blame: the other may have pulled early. Dependencies \
                 without a link are invisible.",
    test: "A process-behaviour chart of the weekly item-days of each pair of streams; where \
           they are too few and too alike, of four weeks together.",
    history: FIRST,
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Finding> {
    if view.data.links.is_empty() {
        let why = "no blocking link between items is recorded";
        return vec![finding(&SIGNAL, portfolio("Cross-stream waits"), not_applicable(why))];
    }
    let pairs = lists(&by_slices(view).0, &view.weeks);
    let beside = Beside::new(view);
    let findings: Vec<Finding> = pairs
        .iter()
        .filter(|(pair, _)| concerns(view, pair.0) || concerns(view, pair.1))
        .filter(|(_, waited)| sum(waited, &view.weeks.series()) > 0)
        .map(|(pair, waited)| judge_pair(view, *pair, waited, &beside))
        .collect();
    if findings.is_empty() {
        return vec![finding(&SIGNAL, portfolio("Cross-stream waits"), Verdict::Nothing)];
    }
    findings
}

fn concerns(view: &View<'_>, slice: usize) -> bool {
    view.in_scope(&view.streams().list[slice].id)
}

/// The earliest instant at which work belonged to a published slice.
fn since(view: &View<'_>, slice: usize) -> Option<Timestamp> {
    view.stream_slots(slice).filter_map(|stream| view.flow.streams[stream].since).min()
}

/// Weekly item-days of united waits, from their milliseconds.
#[must_use]
pub fn weekly(view: &View<'_>, waited: &[i64], since: Option<Timestamp>) -> Weekly {
    let known = view.observed(since);
    let cell = |(week, known): (usize, bool)| known.then(|| (waited[week], DAY_MS));
    Weekly {
        weeks: view.weeks.list.clone(),
        cells: known.into_iter().enumerate().map(cell).collect(),
    }
}

fn judge_pair(view: &View<'_>, pair: (usize, usize), waited: &[i64], beside: &Beside) -> Finding {
    let names = [pair.0, pair.1].map(|ix| &view.streams().list[ix]);
    let slice = Slice {
        dimension: "pair",
        id: format!("{}>{}", names[0].id, names[1].id),
        name: format!("{} waits for {}", names[0].name, names[1].name),
    };
    let members: Vec<_> = view.stream_slots(pair.0).map(|s| &view.flow.streams[s]).collect();
    if let Some(verdict) = h2::withheld(view, &members, SIGNAL.id) {
        return finding(&SIGNAL, slice, verdict);
    }
    let begun = since(view, pair.0).max(since(view, pair.1));
    let judged = judge(&weekly(view, waited, begun), Unit::ItemDays, Bounds::COUNT, &[1, 4]);
    let window = view.window();
    let total = words::days(sum(waited, &view.weeks.window()));
    let none = BTreeSet::new();
    let items = beside.items.get(&pair).unwrap_or(&none);
    let polled = beside.polled.contains(&pair);
    let latent = beside.latent.get(&pair).copied().unwrap_or(0);
    let mut found = charted(&SIGNAL, slice, judged.clone());
    found.measures = vec![
        Measure { n: Some(items.len() as u64), ..measure("waited", total, Unit::ItemDays, window) },
        measure("latent_links", latent as f64, Unit::Count, window),
    ];
    if names.iter().all(|name| name.id != OTHER) {
        found.items = items.iter().map(|(key, _)| key.clone()).collect();
    }
    let evidence = evidence(&judged, total, items.len());
    found.observation = evidence.map(|evidence| {
        let blocked = beside.blocked.get(&pair.0).copied().unwrap_or((0, 0));
        let caveat = caveat(&judged, blocked, latent, polled);
        let question = "What would let this wait end without new coordination?";
        observe(&found.slice.name, &evidence, &caveat, question)
    });
    found
}

/// The chart where a rule fired, the raw figure where there are no limits.
fn evidence(judged: &Judged, total: f64, items: usize) -> Option<String> {
    if direction(&judged.verdict).is_some() {
        return against_usual(judged).map(|usual| format!("{usual}."));
    }
    let raw = judged.series.limits.is_none() && total > 0.0;
    raw.then(|| {
        format!(
            "{} over {WINDOW_WEEKS} weeks ({}).",
            words::value(total, Unit::ItemDays),
            words::count(items as u64, "item")
        )
    })
}

fn caveat(judged: &Judged, (all, without): (i64, i64), latent: usize, polled: bool) -> String {
    let mut text = if judged.series.limits.is_some() {
        standing_of(judged)
    } else {
        "There is not enough data for a usual range.".to_owned()
    };
    text.push_str(&if all > 0 {
        let share = words::percent(without as f64 / all as f64);
        format!(" {share} of blocked time carries no link, so the figure may be low.")
    } else {
        " Dependencies without a link are not visible, so the figure may be low.".to_owned()
    });
    if latent > 0 {
        let links = words::count(latent as u64, "more link");
        text.push_str(&format!(" {links} can make work wait that has not started."));
    }
    if polled {
        text.push_str(" Some links are dated by the poll that saw them.");
    }
    text
}

/// What is told beside the figures, gathered once for all pairs of published slices.
#[derive(Debug, Default)]
struct Beside {
    /// The items of each pair that waited in the window, and the pairs with a wait over a link that
    /// is dated by a poll.
    items: BTreeMap<(usize, usize), BTreeSet<Named>>,
    polled: BTreeSet<(usize, usize)>,
    /// Open links whose waiting item has not started, by the streams the items are in now.
    latent: BTreeMap<(usize, usize), usize>,
    /// Blocked time of a slice in the window, and the part of it without any link.
    blocked: BTreeMap<usize, (i64, i64)>,
}

impl Beside {
    fn new(view: &View<'_>) -> Self {
        let mut beside = Self::default();
        for (pair, item) in by_streams(view).1.keys() {
            let pair = (view.shown(Some(pair.0)), view.shown(Some(pair.1)));
            beside.items.entry(pair).or_default().insert(item.clone());
        }
        beside.polled.extend(by_slices(view).1.keys());
        for (blocked, blocker) in view.recall.standing().iter() {
            if view.item(*blocked).started_at.is_none() {
                let pair = view.stream_now(*blocked).zip(view.stream_now(*blocker));
                let slots = pair.map(|(a, b)| (view.shown(Some(a)), view.shown(Some(b))));
                if let Some(slots) = slots.filter(|(a, b)| a != b) {
                    *beside.latent.entry(slots).or_default() += 1;
                }
            }
        }
        for (stream, all, without) in view.unlinked() {
            let sums = beside.blocked.entry(view.shown(Some(stream))).or_default();
            *sums = (sums.0 + all, sums.1 + without);
        }
        beside
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Period, StreamIx};
    use crate::signals::fixture::{item, link, portfolio as org, view};
    use crate::signals::waits::{inside, unions};

    /// a (S1) waits for b and c (S2) and d (S3); overlapping links count once.
    #[test]
    fn example() {
        let mut data = org(3, &[1, 2, 3]);
        let a = item(&mut data, "a", "T1/S1", &[("03-03", "Dev"), ("03-20", "done")]);
        let b = item(&mut data, "b", "T2/S2", &[("03-01", "Dev"), ("03-10", "done")]);
        let c = item(&mut data, "c", "T2/S2", &[("03-01", "Dev")]);
        let d = item(&mut data, "d", "T3/S3", &[("03-01", "Dev"), ("03-15", "dropped")]);
        link(&mut data, a, b, "03-01", "");
        link(&mut data, a, c, "03-06", "03-13");
        link(&mut data, a, d, "03-12", "");
        let view = view(&data, "03-30");
        let days = |periods: &[Period]| words::days(inside(periods, view.window()));
        let pairs = unions(&view.waits, |w| Some((w.waiting, w.awaited)));
        assert_eq!(days(&pairs[&(StreamIx(0), StreamIx(1))]), 10.0);
        assert_eq!(days(&pairs[&(StreamIx(0), StreamIx(2))]), 3.0);
        let totals = unions(&view.waits, |w| Some(w.waiting));
        assert_eq!(days(&totals[&StreamIx(0)]), 12.0);
        let found = evaluate(&view);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].slice.id, "s1>s2");
        assert_eq!(found[0].items, ["a"]);
        let told = found[0].observation.as_ref().unwrap();
        assert_eq!(told.evidence, "10 item-days over 12 weeks (1 item).");
    }

    #[test]
    fn parked_items_do_not_wait_and_unstarted_ones_are_latent() {
        let mut data = org(2, &[1, 2]);
        let parked = [("03-02", "Dev"), ("03-04", "proposed"), ("03-08", "Dev"), ("03-09", "done")];
        let a = item(&mut data, "a", "T1/S1", &parked);
        let b = item(&mut data, "b", "T2/S2", &[("03-01", "Dev")]);
        let c = item(&mut data, "c", "T1/S1", &[("03-01", "proposed")]);
        link(&mut data, a, b, "03-01", "");
        link(&mut data, c, b, "03-01", "");
        let view = view(&data, "03-30");
        let found = evaluate(&view);
        assert_eq!((found[0].measures[0].value, found[0].measures[1].value), (3.0, 1.0));
    }

    /// Four blocked days, two of them under a link.
    #[test]
    fn blocked_time_without_a_link() {
        let mut data = org(2, &[1, 2]);
        let events = [("03-02", "Dev"), ("03-04", "Blocked"), ("03-08", "Dev")];
        let a = item(&mut data, "a", "T1/S1", &events);
        let b = item(&mut data, "b", "T2/S2", &[("03-01", "Dev")]);
        link(&mut data, a, b, "03-05", "03-07");
        let view = view(&data, "03-30");
        assert_eq!(*view.unlinked(), [(StreamIx(0), 4 * DAY_MS, 2 * DAY_MS)]);
    }
}
