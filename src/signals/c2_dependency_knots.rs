//! C2 Dependency knots.
//!
//! Question: where is the dependency structure itself the constraint? Reader: portfolio,
//! architecture.
//! Definition: a directed graph with an edge A -> B where A waited for B in the window, weighted
//! with item-days. (a) awaited days of B, its weighted in-degree, with an XmR on weeks;
//! (b) mutual-wait groups, the strongly connected components of two or more; (c) betweenness, from
//! four streams and ten links on, quoted only with (a); (d) item deadlocks, components among the
//! blocking links of open items.
//! Source: section 2.4 of the catalogue; Tarjan 1972, Brandes 2001.
//! Misreading: as an order of merit. Streams are listed by name; enabling streams are marked, for
//! being awaited is their purpose.

use std::collections::{BTreeMap, BTreeSet};

use super::attention::sum;
use super::c1_cross_stream_wait as c1;
use super::defaults::{LINKS_FOR_PATHS, WINDOW_WEEKS};
use super::definitions::FIRST;
use super::finding::{
    against_usual, charted, finding, measure, not_applicable, observe, portfolio, standing_of,
};
use super::report::{Finding, Measure, Question, Slice, Unit, Verdict};
use super::slices::OTHER;
use super::stats::graph::{betweenness, graph, knots};
use super::stats::xmr::Bounds;
use super::verdict::{direction, judge};
use super::view::View;
use super::vocabulary::of_circles;
use super::waited::{self, Named, by_slices, by_streams, links, lists};
use super::{Signal, h2_data_confidence as h2, words};
use crate::model::{Period, StreamIx, StreamKind, Timestamp};

pub const SIGNAL: Signal = Signal {
    id: "C2",
    name: "Dependency knots",
    question: Question::Flow,
    asks: "Where is the dependency structure itself the constraint?",
    definition: "Streams that wait for each other in a circle, items that block each other in a \
                 circle, and the item-days for which each stream was awaited.",
    misreading: "As an order of merit. Streams are listed by name, and being awaited is the purpose \
                 of an enabling stream.",
    test: "Circles are facts and need no test. How much each stream was awaited is a \
           process-behaviour chart of weekly item-days.",
    history: FIRST,
    evaluate,
};

fn evaluate(view: &View<'_>) -> Vec<Finding> {
    if view.data.links.is_empty() {
        let why = "no blocking link between items is recorded";
        return vec![finding(&SIGNAL, portfolio("Dependencies"), not_applicable(why))];
    }
    let everything: Vec<_> = view.flow.streams.iter().collect();
    if let Some(verdict) = h2::withheld(view, &everything, SIGNAL.id) {
        return vec![finding(&SIGNAL, portfolio("Dependencies"), verdict)];
    }
    let mut facts = groups(view);
    facts.extend(deadlocks(view));
    if facts.is_empty() {
        facts.push(finding(&SIGNAL, portfolio("Dependencies"), Verdict::Nothing));
    }
    facts.extend(awaited(view));
    facts
}

/// What the graph of streams says.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Knots<N> {
    /// Item-days for which each node was awaited.
    pub awaited: BTreeMap<N, i64>,
    /// Mutual-wait groups, sorted.
    pub groups: Vec<Vec<N>>,
    /// Empty below four nodes.
    pub between: BTreeMap<N, f64>,
}

/// Analyses weighted edges `(waiting, awaited)`.
#[must_use]
pub fn analyse<N: Ord + Copy>(edges: &BTreeMap<(N, N), i64>) -> Knots<N> {
    let nodes: Vec<N> =
        edges.keys().flat_map(|(a, b)| [*a, *b]).collect::<BTreeSet<N>>().into_iter().collect();
    let place = |node: &N| nodes.binary_search(node).unwrap_or(0);
    let links = graph(nodes.len(), edges.keys().map(|(a, b)| (place(a), place(b))));
    let mut awaited = BTreeMap::new();
    for ((_, to), weight) in edges {
        *awaited.entry(*to).or_insert(0) += weight;
    }
    let named = |group: Vec<usize>| group.into_iter().map(|ix| nodes[ix]).collect();
    let between = if nodes.len() < 4 { Vec::new() } else { betweenness(&links) };
    Knots {
        awaited,
        groups: knots(&links).into_iter().map(named).collect(),
        between: nodes.iter().copied().zip(between).collect(),
    }
}

/// Groups are found among the streams themselves and named by the slices that show them, so that
/// merging small streams cannot invent a circle.
fn groups(view: &View<'_>) -> Vec<Finding> {
    let waited = by_streams(view);
    let edges: BTreeMap<(StreamIx, StreamIx), i64> = lists(&waited.0, &view.weeks)
        .into_iter()
        .map(|(pair, waited)| (pair, sum(&waited, &view.weeks.window())))
        .filter(|(_, millis)| *millis > 0)
        .collect();
    let groups = analyse(&edges).groups;
    groups.iter().filter_map(|group| group_finding(view, group, &edges)).collect()
}

const FINISH: &str = "What would let each of these streams finish without the other?";

fn group_finding(
    view: &View<'_>,
    group: &[StreamIx],
    edges: &BTreeMap<(StreamIx, StreamIx), i64>,
) -> Option<Finding> {
    let slots: BTreeSet<usize> = group.iter().map(|stream| view.shown(Some(*stream))).collect();
    let slices: Vec<&Slice> = slots.iter().map(|slot| &view.streams().list[*slot]).collect();
    if slices.len() < 2 || !slices.iter().any(|slice| view.in_scope(&slice.id)) {
        return None;
    }
    let within = |stream: &StreamIx| group.contains(stream);
    let millis: i64 =
        edges.iter().filter(|((a, b), _)| within(a) && within(b)).map(|(_, ms)| ms).sum();
    let window = view.window();
    let waited = by_streams(view);
    let pairs = edges.keys().filter(|(a, b)| within(a) && within(b));
    let items: BTreeSet<&Named> = pairs.flat_map(|pair| waited::items(&waited, *pair)).collect();
    let ids: Vec<&str> = slices.iter().map(|slice| slice.id.as_str()).collect();
    let names: Vec<String> = slices.iter().map(|slice| slice.name.clone()).collect();
    let slice = Slice { dimension: "group", id: ids.join("+"), name: words::list(&names) };
    let mut found = finding(&SIGNAL, slice, Verdict::Fact);
    found.measures = vec![Measure {
        n: Some(items.len() as u64),
        ..measure("mutual_wait", words::days(millis), Unit::ItemDays, window)
    }];
    if slices.iter().all(|slice| slice.id != OTHER) {
        found.items = items.iter().map(|(key, _)| key.clone()).collect();
    }
    found.observation = Some(observe(
        &found.slice.name,
        &format!(
            "items of these streams waited for each other in a circle, {} over {WINDOW_WEEKS} \
             weeks ({}).",
            words::value(words::days(millis), Unit::ItemDays),
            words::count(items.len() as u64, "item"),
        ),
        "Only recorded links count, so the circle may be larger than what is seen.",
        &of_circles(view.data.vocabulary, FINISH),
    ));
    Some(found)
}

/// Circles among the blocking links of open items.
fn deadlocks(view: &View<'_>) -> Vec<Finding> {
    let open = |ix: usize| view.data.items[ix].created_at < view.as_of && !view.item(ix).born_done;
    let standing = view.recall.standing();
    let edges: Vec<(usize, usize)> =
        standing.iter().copied().filter(|(a, b)| open(*a) && open(*b)).collect();
    let nodes: BTreeSet<usize> = edges.iter().flat_map(|(a, b)| [*a, *b]).collect();
    let nodes: Vec<usize> = nodes.into_iter().collect();
    let place = |node: usize| nodes.binary_search(&node).unwrap_or(0);
    let links = graph(nodes.len(), edges.iter().map(|(a, b)| (place(*a), place(*b))));
    let mut found: Vec<Finding> = knots(&links)
        .into_iter()
        .filter_map(|knot| {
            let items: Vec<usize> = knot.into_iter().map(|ix| nodes[ix]).collect();
            deadlock(view, &items)
        })
        .collect();
    found.sort_by(|a, b| a.slice.cmp(&b.slice));
    found
}

fn deadlock(view: &View<'_>, items: &[usize]) -> Option<Finding> {
    let slots: BTreeSet<usize> = items.iter().map(|ix| view.shown(view.stream_now(*ix))).collect();
    let slices: Vec<&Slice> = slots.iter().map(|slot| &view.streams().list[*slot]).collect();
    if !slices.iter().any(|slice| view.in_scope(&slice.id)) {
        return None;
    }
    let mut keys: Vec<String> = items.iter().map(|ix| view.data.items[*ix].key.clone()).collect();
    keys.sort_unstable();
    let named = slices.iter().all(|slice| slice.id != OTHER);
    let names: Vec<String> = slices.iter().map(|slice| slice.name.clone()).collect();
    let name = format!("Items that block each other ({})", words::list(&names));
    let id = if named { keys.join("+") } else { format!("circle-of-{}", keys.len()) };
    let mut found =
        finding(&SIGNAL, Slice { dimension: "group", id, name: name.clone() }, Verdict::Fact);
    let at = Period::new(view.window().from, view.as_of);
    found.measures = vec![measure("items", keys.len() as f64, Unit::Items, at)];
    let which = if named { format!(" ({})", words::list(&keys)) } else { String::new() };
    found.observation = Some(observe(
        &name,
        &format!("{} open items block each other in a circle{which}.", keys.len()),
        "A link may be out of date; as recorded, none of them can go first.",
        "Which of these links still holds?",
    ));
    found.items = if named { keys } else { Vec::new() };
    Some(found)
}

/// Awaited item-days of each published stream, week by week.
fn awaited(view: &View<'_>) -> Vec<Finding> {
    let (window, series) = (view.weeks.window(), view.weeks.series());
    let pairs = lists(&by_slices(view).0, &view.weeks);
    let edges: BTreeMap<(usize, usize), i64> = pairs
        .iter()
        .map(|(pair, waited)| (*pair, sum(waited, &window)))
        .filter(|(_, millis)| *millis > 0)
        .collect();
    let links = links(view) as usize;
    let knots = analyse(&edges);
    let mut by_awaited: BTreeMap<usize, Vec<i64>> = BTreeMap::new();
    for ((_, awaited), waited) in &pairs {
        let own = by_awaited.entry(*awaited).or_insert_with(|| vec![0; view.weeks.len()]);
        own.iter_mut().zip(waited).for_each(|(own, more)| *own += more);
    }
    by_awaited
        .iter()
        .filter(|(slot, _)| view.in_scope(&view.streams().list[**slot].id))
        .filter(|(_, waited)| sum(waited, &series) > 0)
        .map(|(slot, waited)| {
            let paths = (links >= LINKS_FOR_PATHS).then(|| knots.between.get(slot)).flatten();
            awaited_finding(view, *slot, waited, paths.copied())
        })
        .collect()
}

fn awaited_finding(view: &View<'_>, slot: usize, waited: &[i64], paths: Option<f64>) -> Finding {
    let since: Option<Timestamp> =
        view.stream_slots(slot).filter_map(|stream| view.flow.streams[stream].since).min();
    let judged = judge(&c1::weekly(view, waited, since), Unit::ItemDays, Bounds::COUNT, &[1, 4]);
    let slice = view.streams().list[slot].clone();
    let enabling =
        view.stream_slots(slot).all(|s| view.data.streams[s].kind == StreamKind::Enabling);
    let mark = if enabling { " (enabling stream)" } else { "" };
    let window = view.window();
    let mut found = charted(&SIGNAL, slice, judged.clone());
    let days = words::days(sum(waited, &view.weeks.window()));
    found.measures = vec![measure("awaited", days, Unit::ItemDays, window)];
    found.measures.extend(paths.map(|share| measure("paths_through", share, Unit::Share, window)));
    if let (Some(_), Some(usual)) = (direction(&judged.verdict), against_usual(&judged)) {
        let through = paths.filter(|share| *share > 0.0).map_or_else(String::new, |share| {
            format!(" {} of shortest waiting paths run through it.", words::percent(share))
        });
        found.observation = Some(observe(
            &format!("{}{mark}", found.slice.name),
            &format!("other streams waited for it, {usual}."),
            &format!("{}{through} Only recorded links count.", standing_of(&judged)),
            "What do the others wait for that could be had without waiting?",
        ));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signals::fixture::{item, link, portfolio as org, view};

    /// C2: S1->S2 10, S2->S3 4, S3->S2 2, S4->S2 6, S1->S4 5.
    #[test]
    fn example() {
        let edges =
            BTreeMap::from([((1, 2), 10), ((2, 3), 4), ((3, 2), 2), ((4, 2), 6), ((1, 4), 5)]);
        let knots = analyse(&edges);
        assert_eq!(knots.awaited, BTreeMap::from([(2, 18), (3, 4), (4, 5)]));
        assert_eq!(knots.groups, [vec![2, 3]]);
        assert_eq!(knots.between, BTreeMap::from([(1, 0.0), (2, 1.0 / 3.0), (3, 0.0), (4, 0.0)]));
    }

    /// Items a -> b -> c -> a and d -> a: a, b and c block each other, d only waits.
    #[test]
    fn deadlock_of_three() {
        let mut data = org(2, &[1, 2]);
        let places = ["T1/S1", "T2/S2", "T1/S1", "T2/S2"];
        let ix: Vec<usize> = ["a", "b", "c", "d"]
            .iter()
            .zip(places)
            .map(|(key, place)| item(&mut data, key, place, &[("03-02", "Dev")]))
            .collect();
        for (from, to) in [(0, 1), (1, 2), (2, 0), (3, 0), (3, 3)] {
            link(&mut data, ix[from], ix[to], "03-05", "");
        }
        let view = view(&data, "03-30");
        let found = deadlocks(&view);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].items, ["a", "b", "c"]);
        assert_eq!(found[0].verdict, Verdict::Fact);
        let groups = groups(&view);
        assert_eq!(groups[0].slice.name, "S1 and S2");
    }

    #[test]
    fn three_nodes_have_no_betweenness() {
        let knots = analyse(&BTreeMap::from([(('a', 'b'), 1), (('b', 'c'), 1)]));
        assert!(knots.between.is_empty() && knots.groups.is_empty());
    }
}
