//! Cross-stream waiting: when items of one stream could not go on until items of another ended.

use std::collections::BTreeMap;

use super::Dataset;
use super::dataset::LinkFacts;
use super::flow::Blocked;
use crate::model::{Derived, Period, Precision, StreamIx, Timestamp, wip_spells};

/// One stretch in which an item of one stream waited for an item of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wait {
    pub item: usize,
    pub waiting: StreamIx,
    pub awaited: StreamIx,
    pub period: Period,
    pub blocker: usize,
    /// The link's time is that of the poll that saw it.
    pub polled: bool,
}

/// The waits before `as_of` over the links that are wanted, sorted.
///
/// A wait is `[max(link from, start), min(link to, blocker's end, own end, as_of))` inside the
/// item's spells in progress, split where either item changes its stream. Waiting inside a stream
/// and work without a stream are left out.
#[must_use]
pub fn waits(
    data: &Dataset,
    items: &dyn Fn(usize) -> Derived,
    as_of: Timestamp,
    wanted: impl Fn(&LinkFacts) -> bool,
) -> Vec<Wait> {
    let mut waits = Vec::new();
    for link in data.links.iter().filter(|link| wanted(link)) {
        let Some(period) = link_period(data, items, link, as_of) else { continue };
        let (item, blocker) = (&data.items[link.blocked], &data.items[link.blocker]);
        let polled = link.precision == Precision::Polled;
        for spell in wip_spells(&item.segments, as_of) {
            let Some(part) = spell.intersect(&period) else { continue };
            for own in item.segments.iter().filter(|s| s.from < as_of) {
                let Some(part) = own.period().intersect(&part) else { continue };
                for theirs in blocker.segments.iter().filter(|s| s.from < as_of) {
                    let Some(part) = theirs.period().intersect(&part) else { continue };
                    let (Some(waiting), Some(awaited)) = (own.stream, theirs.stream) else {
                        continue;
                    };
                    if waiting != awaited {
                        let (item, blocker) = (link.blocked, link.blocker);
                        waits.push(Wait { item, waiting, awaited, period: part, blocker, polled });
                    }
                }
            }
        }
    }
    waits.sort_unstable();
    waits
}

/// When a link can make its item wait, in progress or not.
fn link_period(
    data: &Dataset,
    items: &dyn Fn(usize) -> Derived,
    link: &LinkFacts,
    as_of: Timestamp,
) -> Option<Period> {
    let (own, theirs) = (items(link.blocked), items(link.blocker));
    if own.born_done || theirs.born_done || link.blocked == link.blocker {
        return None;
    }
    // Nothing blocks before it exists.
    let exists = data.items[link.blocker].created_at;
    let from = link.valid.from.max(own.started_at?).max(exists);
    let ends = [own.ended_at, theirs.ended_at].into_iter().flatten();
    let to = ends.fold(link.valid.to.min(as_of), Timestamp::min);
    (from < to).then(|| Period::new(from, to))
}

/// Per key, the union over each item's waits: sorted periods without overlap.
///
/// `key` names what is united (a pair of slices, or the waiting slice alone); `None` leaves a wait
/// out.
pub fn unions<K: Ord + Copy>(
    waits: &[Wait],
    mut key: impl FnMut(&Wait) -> Option<K>,
) -> BTreeMap<K, Vec<Period>> {
    let mut parts: Vec<(K, usize, Period)> =
        waits.iter().filter_map(|w| Some((key(w)?, w.item, w.period))).collect();
    parts.sort_unstable();
    let mut united: BTreeMap<K, Vec<Period>> = BTreeMap::new();
    let mut last: Option<(K, usize)> = None;
    for (key, item, period) in parts {
        let list = united.entry(key).or_default();
        match list.last_mut() {
            Some(open) if last == Some((key, item)) && period.from <= open.to => {
                open.to = open.to.max(period.to);
            }
            _ => list.push(period),
        }
        last = Some((key, item));
    }
    united
}

/// Item-milliseconds of some periods inside one period.
#[must_use]
pub fn inside(periods: &[Period], bounds: Period) -> i64 {
    periods.iter().filter_map(|p| p.intersect(&bounds)).map(|p| p.millis()).sum()
}

/// Blocked time by stream, and the part of it without any open link; work without a stream is left
/// out.
#[must_use]
pub fn unlinked(
    data: &Dataset,
    items: &dyn Fn(usize) -> Derived,
    blocked: &[Blocked],
    as_of: Timestamp,
) -> Vec<(StreamIx, i64, i64)> {
    let mut links: BTreeMap<usize, Vec<Period>> = BTreeMap::new();
    for link in &data.links {
        let period = link_period(data, items, link, as_of);
        links.entry(link.blocked).or_default().extend(period);
    }
    for periods in links.values_mut() {
        periods.sort_unstable();
    }
    let mut sums: BTreeMap<StreamIx, (i64, i64)> = BTreeMap::new();
    for part in blocked {
        let Some(stream) = part.stream else { continue };
        let (all, without) = sums.entry(stream).or_default();
        *all += part.period.millis();
        let mut at = part.period.from;
        for period in links.get(&part.item).into_iter().flatten() {
            *without += (period.from.min(part.period.to).millis() - at.millis()).max(0);
            at = at.max(period.to);
        }
        *without += (part.period.to.millis() - at.millis()).max(0);
    }
    sums.into_iter().map(|(stream, (all, without))| (stream, all, without)).collect()
}
