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

/// The waits over the links that are wanted as an instant knows them, up to an earlier one; sorted.
///
/// A wait is `[max(link from, start), min(link to, blocker's end, own end, as_of))` inside the
/// item's spells in progress, split where either item changes its stream. Waiting inside a stream
/// and work without a stream are left out.
#[must_use]
pub fn waits(
    data: &Dataset,
    items: &dyn Fn(usize) -> Derived,
    (as_of, until): (Timestamp, Timestamp),
    wanted: impl Fn(&LinkFacts) -> bool,
) -> Vec<Wait> {
    let mut waits = Vec::new();
    for link in data.links.iter().filter(|link| wanted(link)) {
        let Some(period) = link_period(data, items, link, as_of) else { continue };
        let Some(period) = period.intersect(&Period::new(Timestamp::MIN, until)) else { continue };
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

/// Blocked and blocker of each wanted link that stands at an instant and of which neither end has
/// ended; sorted.
#[must_use]
pub fn standing(
    data: &Dataset,
    items: &dyn Fn(usize) -> Derived,
    as_of: Timestamp,
    wanted: impl Fn(&LinkFacts) -> bool,
) -> Vec<(usize, usize)> {
    let open = |ix: usize| items(ix).ended_at.is_none();
    let stands = |link: &&LinkFacts| {
        let valid = link.valid.from < as_of && link.valid.to >= as_of;
        valid && wanted(link) && open(link.blocked) && open(link.blocker)
    };
    let links = data.links.iter().filter(stands);
    let mut standing: Vec<_> = links.map(|link| (link.blocked, link.blocker)).collect();
    standing.sort_unstable();
    standing
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

/// When links could make each of some items wait, sorted; the items are, too.
#[must_use]
pub fn blocking(
    data: &Dataset,
    items: &dyn Fn(usize) -> Derived,
    as_of: Timestamp,
    of: &[usize],
) -> BTreeMap<usize, Vec<Period>> {
    let mut links: BTreeMap<usize, Vec<Period>> = BTreeMap::new();
    for link in data.links.iter().filter(|link| of.binary_search(&link.blocked).is_ok()) {
        let period = link_period(data, items, link, as_of);
        links.entry(link.blocked).or_default().extend(period);
    }
    links.values_mut().for_each(|periods| periods.sort_unstable());
    links
}

/// Blocked time, and the part of it without any open link; `None` where nothing was blocked.
#[must_use]
pub fn unlinked(links: &BTreeMap<usize, Vec<Period>>, blocked: &[Blocked]) -> Option<(i64, i64)> {
    let (mut all, mut without) = (0, 0);
    for part in blocked {
        all += part.period.millis();
        let mut at = part.period.from;
        for period in links.get(&part.item).into_iter().flatten() {
            without += (period.from.min(part.period.to).millis() - at.millis()).max(0);
            at = at.max(period.to);
        }
        without += (part.period.to.millis() - at.millis()).max(0);
    }
    (!blocked.is_empty()).then_some((all, without))
}
