//! C4 Finished, not released.
//!
//! Question: how much finished work sits idle? Reader: stream, portfolio.
//! Definition: an item is held from its delivery to the first release that contains it. Inventory
//! at the end of a week: items delivered and not yet released, and the sum of their item-days since
//! delivery. XmR on the weekly inventory in item-days, floor 0. P50 of the holding time of items
//! released in the window W. The stream is that of the delivery.
//! Source: section 2.4 of the catalogue.
//! Misreading: marking work done later hides it, and the last waiting state of V5 then grows. No
//! money is computed.
//!
//! A release before the (last) delivery holds nothing. Where a project or repository never released
//! anything, what is delivered counts as released, by declaration; so a stream without any release
//! is not asked. An item that no release names is held for 26 weeks, the length of the series, and
//! then leaves the inventory: of four items a week that never carry a version, each would otherwise
//! add its age for ever, and the chart would rise although nothing changed.

use std::collections::BTreeMap;

use super::dataset::ItemFacts;
use super::defaults::{MEDIAN_EVENTS, SERIES_WEEKS, WINDOW_WEEKS};
use super::definitions::FIRST;
use super::finding::{
    against_usual_at, charted, finding, insufficient, measure, not_applicable, observe, portfolio,
    standing_of,
};
use super::flow::StreamFlow;
use super::recall::{Owners, Seen};
use super::report::{Finding, Measure, Move, Question, Slice, Unit};
use super::stats::rank::nearest_rank;
use super::stats::xmr::Bounds;
use super::verdict::{Weekly, direction, judge};
use super::view::View;
use super::{Dataset, Signal, h2_data_confidence as h2, words};
use crate::model::{DAY_MS, Derived, Period, Precision, StreamIx, Timestamp};

pub const SIGNAL: Signal = Signal {
    id: "C4",
    name: "Finished, not released",
    question: Question::Flow,
    asks: "How much finished work sits idle?",
    definition: "Item-days since delivery of the items that no release contained yet at the end of \
                 the week, and the time that released items had waited.",
    misreading: "Marking work done later hides it; the last waiting state grows instead. What the \
                 wait costs is the reader's to judge.",
    test: "A process-behaviour chart of the item-days that finished work has waited, at the end \
           of each week.",
    history: FIRST,
    evaluate,
};

/// The time an item was held: from its delivery to the first release with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    pub delivered: Timestamp,
    /// The first release before the report's instant that contains it.
    pub released: Option<Timestamp>,
}

impl Held {
    /// From delivery to release, in milliseconds; zero for a release before the delivery.
    #[must_use]
    pub fn holding(&self) -> Option<i64> {
        self.released.map(|at| (at.millis() - self.delivered.millis()).max(0))
    }

    /// When it leaves the inventory: released, or held for the length of the series.
    #[must_use]
    pub fn until(&self) -> Timestamp {
        let cap = self.delivered.plus_days(7 * SERIES_WEEKS as i64);
        self.released.map_or(cap, |at| at.min(cap)).max(self.delivered)
    }
}

/// Items and item-milliseconds held at each edge between weeks. What happens exactly at an edge
/// belongs to the week that begins there.
#[must_use]
pub fn inventory(held: &[Held], edges: &[Timestamp]) -> Vec<(i64, i64)> {
    let mut changes = vec![(0, 0); edges.len() + 1];
    for held in held {
        let first = edges.partition_point(|edge| *edge <= held.delivered);
        let end = edges.partition_point(|edge| *edge <= held.until());
        if first < end {
            let at = held.delivered.millis();
            changes[first].0 += 1;
            changes[first].1 += at;
            changes[end].0 -= 1;
            changes[end].1 -= at;
        }
    }
    let (mut items, mut since) = (0, 0);
    edges
        .iter()
        .zip(changes)
        .map(|(edge, change)| {
            items += change.0;
            since += change.1;
            (items, items * edge.millis() - since)
        })
        .collect()
}

/// The project or repository of a key: `PAY` of `PAY-12`, `northwind/checkout` of
/// `northwind/checkout#7`.
#[must_use]
pub fn project(key: &str) -> &str {
    let end = key.find('#').or_else(|| key.rfind('-'));
    end.map_or(key, |end| &key[..end])
}

/// The delivery segment of an item that the charted weeks count: delivered from a project that
/// releases, and held in one of them.
#[must_use]
pub fn counts(
    data: &Dataset,
    item: &ItemFacts,
    derived: &Derived,
    series: Period,
    as_of: Timestamp,
) -> Option<usize> {
    let delivered = derived.delivered_at.filter(|at| *at < series.to)?;
    let releases = data.releases.iter().filter(|release| release.at < as_of);
    let contains = |ix: &usize| data.items.get(*ix).is_some_and(|own| std::ptr::eq(own, item));
    let own = releases.clone().find(|release| release.items.iter().any(contains));
    let mut released = releases.flat_map(|r| &r.items).filter_map(|ix| data.items.get(*ix));
    let held = Held { delivered, released: own.map(|release| release.at) };
    let releasing = released.any(|other| project(&other.key) == project(&item.key));
    let flows = |credited: &usize| !data.one_off(item.segments[*credited].epic);
    derived.credited.filter(flows).filter(|_| releasing && held.until() > series.from)
}

fn evaluate(view: &View<'_>) -> Vec<Finding> {
    let data = view.data;
    if !data.releases.iter().any(|release| release.at < view.as_of && !release.items.is_empty()) {
        let why = "no release is recorded, so what is delivered counts as released";
        return vec![finding(&SIGNAL, portfolio("Releases"), not_applicable(why))];
    }
    let releasing = releasing(view);
    let streams = data.streams.len();
    let projects: Vec<String> = releasing.keys().cloned().collect();
    let key = (view.recall.releases(), projects);
    let scan = |seen: &Seen<'_>, say: &mut dyn FnMut(usize, Held)| {
        held(view, &releasing, seen, say);
    };
    let streams = (Owners::Streams, streams);
    let stocks = view.recall.by_owner("C4", key, streams, scan, |_, held| Stock::new(view, &held));
    let slices = view.stream_slices();
    slices
        .into_iter()
        .map(|(slice, members, ids)| {
            let own = ids.iter().map(|ix| &*stocks[ix.0 as usize]);
            judge_slice(view, slice, &members, Stock::together(view, own))
        })
        .collect()
}

/// What was held, in sums and lists that those of several streams can be added to.
struct Stock {
    any: bool,
    /// Items and item-milliseconds at each edge between the charted weeks.
    edges: Vec<(i64, i64)>,
    /// How long each item had waited that was released in the window, in milliseconds.
    waited: Vec<i64>,
}

impl Stock {
    fn new(view: &View<'_>, held: &[Held]) -> Self {
        let window = view.window();
        let released = |one: &&Held| one.released.is_some_and(|at| window.contains(at));
        let edges = inventory(held, &view.weeks.edges);
        let waited = held.iter().filter(released).filter_map(Held::holding).collect();
        Self { any: !held.is_empty(), edges, waited }
    }

    fn together<'a>(view: &View<'_>, streams: impl Iterator<Item = &'a Self>) -> Self {
        let edges = vec![(0, 0); view.weeks.edges.len()];
        let mut all = Self { any: false, edges, waited: Vec::new() };
        for stream in streams {
            all.any |= stream.any;
            all.waited.extend(&stream.waited);
            for (own, more) in all.edges.iter_mut().zip(&stream.edges) {
                *own = (own.0 + more.0, own.1 + more.1);
            }
        }
        all.waited.sort_unstable();
        all
    }
}

/// The projects that release, with the items of them that were released.
fn releasing(view: &View<'_>) -> BTreeMap<String, i64> {
    let projects =
        view.recall.sum("C4 projects", view.recall.releases(), BTreeMap::new, |projects, seen| {
            if seen.released(view.data).is_some() {
                let project = project(&seen.item.key);
                // An entry of its own costs a copy of the name.
                match projects.get_mut(project) {
                    Some(count) => *count += 1,
                    None => {
                        projects.insert(project.to_owned(), 1_i64);
                    }
                }
            }
        });
    (*projects).clone()
}

/// Hands out an item that was delivered before the newest week's end from a project that releases,
/// and the stream at delivery.
fn held(
    view: &View<'_>,
    releasing: &BTreeMap<String, i64>,
    seen: &Seen<'_>,
    say: &mut dyn FnMut(usize, Held),
) {
    let Seen { item, derived, .. } = seen;
    let (Some(delivered), Some(credited)) = (derived.delivered_at, derived.credited) else {
        return;
    };
    let (since, until) = (view.weeks.edges[0], view.weeks.edges[view.weeks.len()]);
    if delivered >= until {
        return;
    }
    // No charted week sees what came after it.
    let released = seen.released(view.data).filter(|at| *at < until);
    let one = Held { delivered, released };
    if one.until() < since || !releasing.contains_key(project(&item.key)) {
        return;
    }
    let last = &item.segments[credited];
    if let Some(StreamIx(stream)) = last.stream.filter(|_| !view.data.one_off(last.epic)) {
        say(stream as usize, one);
    }
}

fn judge_slice(view: &View<'_>, slice: Slice, members: &[&StreamFlow], held: Stock) -> Finding {
    if let Some(verdict) = h2::withheld(view, members, SIGNAL.id) {
        return finding(&SIGNAL, slice, verdict);
    }
    if !held.any {
        let delivered: i64 = members.iter().flat_map(|s| &s.delivered).sum();
        let verdict = if delivered == 0 {
            insufficient(0, 1, "deliveries", "no delivery was observed in the charted weeks")
        } else {
            not_applicable(
                "no project of the stream records releases, so what is delivered counts as released",
            )
        };
        return finding(&SIGNAL, slice, verdict);
    }
    let Stock { edges: stock, waited, .. } = held;
    let known = view.observed_of(members);
    let cell = |(week, known): (usize, bool)| known.then(|| (stock[week + 1].1, DAY_MS));
    let cells = known.into_iter().enumerate().map(cell).collect();
    let weekly = Weekly { weeks: view.weeks.list.clone(), cells };
    let judged = judge(&weekly, Unit::ItemDays, Bounds::COUNT, &[1]);
    let mut found = charted(&SIGNAL, slice, judged.clone());
    let window = view.window();
    let (items, millis) = stock.last().copied().unwrap_or_default();
    found.measures = vec![Measure {
        n: Some(items.unsigned_abs()),
        ..measure("held", words::days(millis), Unit::ItemDays, window)
    }];
    let n = waited.len() as u64;
    let median = nearest_rank(&waited, 50).filter(|_| n >= MEDIAN_EVENTS).map(words::days);
    if let Some(median) = median {
        found
            .measures
            .push(Measure { n: Some(n), ..measure("p50_holding", median, Unit::Days, window) });
    }
    let (Some(towards), Some(usual)) =
        (direction(&judged.verdict), against_usual_at(&judged, "at the end of the week"))
    else {
        return found;
    };
    let half = median.map_or_else(String::new, |median| {
        format!(
            "; half of what was released in {WINDOW_WEEKS} weeks had waited {} or less (n = {n})",
            words::value(median, Unit::Days)
        )
    });
    let dates = if inferred(view) {
        " The contents of some releases are inferred from their time."
    } else {
        ""
    };
    let question = match towards {
        Move::Up => "What is finished work waiting for?",
        Move::Down => "What else changed over the same weeks?",
    };
    found.observation = Some(observe(
        &format!("{}, finished and not released", found.slice.name),
        &format!(
            "{usual}, {} at the newest week's end{half}.",
            words::count(items.unsigned_abs(), "item")
        ),
        &format!("{}{dates}", standing_of(&judged)),
        question,
    ));
    found
}

fn inferred(view: &View<'_>) -> bool {
    let recent = view.weeks.span(view.weeks.series());
    let releases = view.data.releases.iter().filter(|release| recent.contains(release.at));
    releases.into_iter().any(|release| release.precision == Precision::Inferred)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signals::dataset::ReleaseFacts;
    use crate::signals::fixture::{at, item, portfolio, view};
    use crate::signals::report::Verdict;

    fn release(data: &mut Dataset, day: &str, items: &[usize]) {
        data.releases.push(ReleaseFacts {
            id: format!("r{day}"),
            name: day.into(),
            at: at(day),
            items: items.to_vec(),
            precision: Precision::Exact,
        });
    }

    /// Released on 15 March after 10, 5 and 1 days; on 30 March two items wait, 14 item-days.
    #[test]
    fn example() {
        let held = |day: &str, released: Option<&str>| Held {
            delivered: at(day),
            released: released.map(at),
        };
        let mut list = vec![
            held("03-05", Some("03-15")),
            held("03-10", Some("03-15")),
            held("03-14", Some("03-15")),
        ];
        let mut waited: Vec<i64> = list.iter().filter_map(Held::holding).collect();
        waited.sort_unstable();
        assert_eq!(waited, [DAY_MS, 5 * DAY_MS, 10 * DAY_MS]);
        assert_eq!(nearest_rank(&waited, 50), Some(5 * DAY_MS));
        list.extend([held("03-20", None), held("03-26", None)]);
        let edges = [at("03-09"), at("03-16"), at("03-23"), at("03-30")];
        let stock: Vec<(i64, i64)> =
            inventory(&list, &edges).iter().map(|(n, ms)| (*n, ms / DAY_MS)).collect();
        assert_eq!(stock, [(1, 4), (0, 0), (1, 3), (2, 14)]);
    }

    #[test]
    fn a_release_before_the_delivery_holds_nothing() {
        let held = Held { delivered: at("03-20"), released: Some(at("03-15")) };
        assert_eq!((held.holding(), held.until()), (Some(0), at("03-20")));
        assert_eq!(inventory(&[held], &[at("03-23")]), [(0, 0)]);
        // Without a release the item leaves after 26 weeks.
        let never = Held { delivered: at("01-05"), released: None };
        let edges = [at("07-06"), at("07-13")];
        let days: Vec<i64> =
            inventory(&[never], &edges).iter().map(|(_, ms)| ms / DAY_MS).collect();
        assert_eq!(days, [182, 0]);
    }

    #[test]
    fn projects_by_key() {
        assert_eq!(project("PAY-12"), "PAY");
        assert_eq!(project("northwind/check-out#7"), "northwind/check-out");
    }

    /// Without releases nothing is asked; a project that never released is left out.
    #[test]
    fn only_projects_that_release_are_counted() {
        let mut data = portfolio(2, &[1, 2]);
        let done: &[(&str, &str)] = &[("03-02", "Dev"), ("03-05", "done")];
        let pay = item(&mut data, "PAY-1", "T1/S1", done);
        item(&mut data, "PAY-2", "T1/S1", done);
        item(&mut data, "WEB-1", "T2/S2", done);
        let as_of = "03-30";
        assert!(matches!(evaluate(&view(&data, as_of))[0].verdict, Verdict::NotApplicable { .. }));
        release(&mut data, "03-15", &[pay]);
        let found = evaluate(&view(&data, as_of));
        // PAY-2 has waited for 25 days.
        let held = &found[0].measures[0];
        assert_eq!((held.value, held.n), (25.0, Some(1)));
        assert!(matches!(found[0].verdict, Verdict::Insufficient { need: 6, .. }), "{found:?}");
        assert!(matches!(found[1].verdict, Verdict::NotApplicable { .. }));
        let as_of = at(as_of);
        let series = Period::new(at("02-02"), as_of);
        let counted = |ix: usize| {
            let item = &data.items[ix];
            let derived = crate::model::derive(item.created_at, &item.segments, as_of);
            counts(&data, item, &derived, series, as_of).is_some()
        };
        assert_eq!([counted(0), counted(1), counted(2)], [true, true, false]);
    }
}
