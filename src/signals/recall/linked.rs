//! What links say, kept from report to report: only links of items that changed are looked up
//! again.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Delta, Exchange, Recall};
use crate::model::Timestamp;
use crate::signals::dataset::{ItemFacts, LinkFacts};
use crate::signals::waits::{Wait, standing, waits};

/// What the newest report knew of links.
#[derive(Debug)]
pub(super) struct Linked {
    report: u64,
    waits: Arc<Vec<Wait>>,
    /// Blocked and blocker of each link that stands and of which neither end has ended; sorted.
    standing: Arc<Vec<(usize, usize)>>,
}

/// All waits of one item.
type Waiting = (Arc<ItemFacts>, Vec<Wait>);

/// Waits of the items of which something went or came: as they were, and as they are.
#[derive(Debug)]
pub(super) struct Moved {
    gone: Vec<Waiting>,
    come: Vec<Waiting>,
}

impl Recall<'_> {
    /// All cross-stream waits up to the end of the complete weeks, sorted. Time that passes inside
    /// a week changes none of them.
    pub fn waits(&self, until: Timestamp) -> Arc<Vec<Wait>> {
        let (report, kept) = {
            let mut slots = self.slots.borrow_mut();
            (slots.report, slots.linked.take().filter(|kept| kept.report + 1 == slots.report))
        };
        let delta = self.delta.as_ref().filter(|delta| delta.same_links);
        let (linked, moved) = match kept.zip(delta) {
            Some((kept, delta)) => self.mended(kept, delta, until, report),
            None => {
                let waits = Arc::new(self.waits_over(until, |_| true));
                let standing = Arc::new(self.standing_over(|_| true));
                (Linked { report, waits, standing }, None)
            }
        };
        let found = Arc::clone(&linked.waits);
        *self.moved.borrow_mut() = moved;
        self.slots.borrow_mut().linked = Some(linked);
        found
    }

    /// Blocked and blocker of each link that stands and of which neither end has ended; sorted.
    #[must_use]
    pub fn standing(&self) -> Arc<Vec<(usize, usize)>> {
        let slots = self.slots.borrow();
        let known = slots.linked.as_ref().filter(|linked| linked.report == slots.report);
        match known {
            Some(linked) => Arc::clone(&linked.standing),
            None => Arc::new(self.standing_over(|_| true)),
        }
    }

    /// A value that is folded from the waits of single items, see [`Recall::sum`].
    pub fn waited<T>(
        &self,
        name: &'static str,
        all: &[Wait],
        scan: impl Fn(&mut T, &ItemFacts, &[Wait]),
    ) -> Arc<T>
    where
        T: Exchange + Clone + Default + Send + Sync + 'static,
    {
        let (report, kept) = {
            let mut slots = self.slots.borrow_mut();
            (slots.report, slots.sums.remove(name))
        };
        let fold = |list: &[Waiting]| {
            let mut sum = T::default();
            list.iter().for_each(|(item, waits)| scan(&mut sum, item, waits));
            sum
        };
        let kept = kept.and_then(|(at, kept)| {
            let mut value = *kept.downcast::<Arc<T>>().ok()?;
            if at == report {
                return Some(value);
            }
            let moved = self.moved.borrow();
            let moved = moved.as_ref().filter(|_| at + 1 == report)?;
            let whole = (moved.gone.is_empty() && moved.come.is_empty())
                || Arc::make_mut(&mut value).exchange(&fold(&moved.gone), &fold(&moved.come));
            whole.then_some(value)
        });
        let value = kept.unwrap_or_else(|| {
            let mut sum = T::default();
            for own in all.chunk_by(|a, b| a.item == b.item) {
                scan(&mut sum, &self.data.items[own[0].item], own);
            }
            Arc::new(sum)
        });
        let slot = Box::new(Arc::clone(&value));
        self.slots.borrow_mut().sums.insert(name, (report, slot));
        value
    }

    fn mended(
        &self,
        kept: Linked,
        delta: &Delta,
        until: Timestamp,
        report: u64,
    ) -> (Linked, Option<Moved>) {
        let shift = &delta.shift;
        let is_new = |link: &LinkFacts| shift.is_new(link.blocked) || shift.is_new(link.blocker);
        let new = &delta.links;
        let mut standing = kept.standing;
        let stays =
            |(a, b): &(usize, usize)| shift.place(*a).is_some() && shift.place(*b).is_some();
        if !new.is_empty() || !shift.keeps_places() || !standing.iter().all(stays) {
            let places = |(a, b): &(usize, usize)| shift.place(*a).zip(shift.place(*b));
            let mut list: Vec<_> = standing.iter().filter_map(places).collect();
            list.extend(self.standing_over(is_new));
            list.sort_unstable();
            standing = Arc::new(list);
        }
        // Items that are the same and waited, or may wait, for one that is not.
        let left = kept.waits.iter().filter(|wait| shift.place(wait.blocker).is_none());
        let mut affected: BTreeSet<usize> =
            left.filter_map(|wait| shift.place(wait.item)).collect();
        affected.extend(new.iter().map(|link| link.blocked).filter(|ix| !shift.is_new(*ix)));
        let goes =
            |wait: &Wait| shift.place(wait.item).is_none_or(|place| affected.contains(&place));
        let moved = !new.is_empty() || !affected.is_empty() || kept.waits.iter().any(goes);
        if !moved && shift.keeps_places() {
            let linked = Linked { report, waits: kept.waits, standing };
            return (linked, Some(Moved { gone: Vec::new(), come: Vec::new() }));
        }
        let mut gone: Vec<Waiting> = Vec::new();
        for own in kept.waits.chunk_by(|a, b| a.item == b.item).filter(|own| goes(&own[0])) {
            let item = match shift.place(own[0].item) {
                Some(place) => self.data.items.shared_at(place),
                None => delta.went(own[0].item),
            };
            gone.extend(item.map(|item| (Arc::clone(item), own.to_vec())));
        }
        let again =
            |link: &LinkFacts| shift.is_new(link.blocked) || affected.contains(&link.blocked);
        let new = if moved { self.waits_over(until, again) } else { Vec::new() };
        let come = new.chunk_by(|a, b| a.item == b.item).filter_map(|own| {
            Some((Arc::clone(self.data.items.shared_at(own[0].item)?), own.to_vec()))
        });
        let come: Vec<Waiting> = come.collect();
        let stay = kept.waits.iter().filter(|wait| !goes(wait)).filter_map(|wait| {
            let (item, blocker) = shift.place(wait.item).zip(shift.place(wait.blocker))?;
            Some(Wait { item, blocker, ..*wait })
        });
        let mut all: Vec<Wait> = stay.collect();
        all.extend(new);
        // Two sorted stretches, which are merged.
        all.sort();
        (Linked { report, waits: Arc::new(all), standing }, Some(Moved { gone, come }))
    }

    fn waits_over(&self, until: Timestamp, wanted: impl Fn(&LinkFacts) -> bool) -> Vec<Wait> {
        waits(self.data, &|ix| self.item(ix), (self.as_of, until), wanted)
    }

    fn standing_over(&self, wanted: impl Fn(&LinkFacts) -> bool) -> Vec<(usize, usize)> {
        standing(self.data, &|ix| self.item(ix), self.as_of, wanted)
    }
}
