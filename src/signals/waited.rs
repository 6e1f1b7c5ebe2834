//! Cross-stream waits in sums: by published slices and by streams, week by week.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::calendar::Weeks;
use super::view::View;
use super::waits::{Wait, unions};
use crate::model::{Period, StreamIx, Timestamp};

/// Item-milliseconds of united waits by whatever they are told by and by charted week.
pub type Weekly<K> = BTreeMap<(K, usize), i64>;

/// An item by its key and when it was created.
pub type Named = (String, Timestamp);

/// Waits between streams: their sums, and how many items waited in the window.
pub type ByStreams = (Weekly<(StreamIx, StreamIx)>, BTreeMap<((StreamIx, StreamIx), Named), i64>);

/// Waits between published slices: their sums, and how many of them in the window carry a link
/// that is dated by the poll that saw it.
pub type BySlices = (Weekly<(usize, usize)>, BTreeMap<(usize, usize), i64>);

/// The weekly sums of each key.
#[must_use]
pub fn lists<K: Ord + Copy>(sums: &Weekly<K>, weeks: &Weeks) -> BTreeMap<K, Vec<i64>> {
    let mut lists: BTreeMap<K, Vec<i64>> = BTreeMap::new();
    for ((key, week), millis) in sums {
        lists.entry(*key).or_insert_with(|| vec![0; weeks.len()])[*week] += millis;
    }
    lists
}

/// The pair of published slices, unless both are the same one.
#[must_use]
pub fn shown(view: &View<'_>, wait: &Wait) -> Option<(usize, usize)> {
    let pair = (view.shown(Some(wait.waiting)), view.shown(Some(wait.awaited)));
    (pair.0 != pair.1).then_some(pair)
}

/// Waits between published slices.
#[must_use]
pub fn by_slices(view: &View<'_>) -> Arc<BySlices> {
    let window = view.window();
    view.recall.waited("waits by slices", &view.waits, |sum: &mut BySlices, _, waits| {
        add(&mut sum.0, &view.weeks, waits, |wait| shown(view, wait));
        for wait in waits.iter().filter(|wait| wait.polled && inside(wait, window)) {
            if let Some(pair) = shown(view, wait) {
                *sum.1.entry(pair).or_default() += 1;
            }
        }
    })
}

/// Waits between streams.
#[must_use]
pub fn by_streams(view: &View<'_>) -> Arc<ByStreams> {
    let window = view.window();
    view.recall.waited("waits by streams", &view.waits, |sum: &mut ByStreams, item, waits| {
        add(&mut sum.0, &view.weeks, waits, |wait| Some((wait.waiting, wait.awaited)));
        let mut pairs: Vec<_> = waits.iter().filter(|wait| inside(wait, window)).collect();
        pairs.sort_unstable_by_key(|wait| (wait.waiting, wait.awaited));
        pairs.dedup_by_key(|wait| (wait.waiting, wait.awaited));
        for wait in pairs {
            let own = ((wait.waiting, wait.awaited), (item.key.clone(), item.created_at));
            *sum.1.entry(own).or_default() += 1;
        }
    })
}

/// The items of one stream that waited in the window for those of another, by key.
pub fn items(waited: &ByStreams, pair: (StreamIx, StreamIx)) -> impl Iterator<Item = &Named> {
    let first = (pair, (String::new(), Timestamp::MIN));
    let own = waited.1.range(first..).take_while(move |((own, _), _)| *own == pair);
    own.map(|((_, item), _)| item)
}

/// Sums by any other key.
#[must_use]
pub fn by<K>(
    view: &View<'_>,
    name: &'static str,
    key: impl Fn(&Wait) -> Option<K>,
) -> Arc<Weekly<K>>
where
    K: Ord + Copy + Send + Sync + 'static,
{
    view.recall.waited(name, &view.waits, |sum: &mut Weekly<K>, _, waits| {
        add(sum, &view.weeks, waits, &key);
    })
}

/// Items that waited for another one in the window, each pair once.
#[must_use]
pub fn links(view: &View<'_>) -> i64 {
    let window = view.window();
    *view.recall.waited("C2", &view.waits, |sum: &mut i64, _, waits| {
        let within = waits.iter().filter(|wait| inside(wait, window));
        let mut blockers: Vec<usize> = within.map(|wait| wait.blocker).collect();
        blockers.sort_unstable();
        blockers.dedup();
        *sum += blockers.len() as i64;
    })
}

fn inside(wait: &Wait, window: Period) -> bool {
    wait.period.intersect(&window).is_some()
}

/// Adds the waits of one item, united by key.
fn add<K: Ord + Copy>(
    sum: &mut Weekly<K>,
    weeks: &Weeks,
    waits: &[Wait],
    key: impl Fn(&Wait) -> Option<K>,
) {
    for (key, periods) in unions(waits, key) {
        for period in periods {
            let first = weeks.edges.partition_point(|edge| *edge <= period.from);
            for week in first.saturating_sub(1)..weeks.len() {
                let bounds = weeks.span(week..week + 1);
                if bounds.from >= period.to {
                    break;
                }
                let millis = period.intersect(&bounds).map_or(0, |part| part.millis());
                if millis > 0 {
                    *sum.entry((key, week)).or_default() += millis;
                }
            }
        }
    }
}
