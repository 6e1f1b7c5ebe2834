//! What one report computed of the items and the next one need not compute again.
//!
//! Every number of a signal is folded from what single items say: sums of integers, or lists by
//! owner (a team, a slice, an epic) of which the owner's result is made. The same function reads
//! all items, those that went and those that came:
//!
//! - a [`Recall::sum`] loses what went and gains what came. Integers forget nothing by that, so it
//!   is the sum that a walk over all items gives, to the bit;
//! - an owner whose items say the same as before keeps its version, and [`Recall::cached`] keeps
//!   what was made of it. Nothing with a fraction is ever carried over by adding and subtracting.
//!
//! What an item says must not depend on the report's instant, only on the complete weeks before it
//! and on what had happened by then. So nothing changes while time passes inside a week, except for
//! items with something dated later than the report, which are read again. A new week, another
//! declaration, or much that changed at once is computed from scratch.

use std::any::Any;
use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::sync::Arc;

use super::Dataset;
use super::dataset::ItemFacts;
pub use super::exchange::Exchange;
pub use super::seen::{Changed, Seen};
use super::shift::Shift;
use super::waits::{Wait, waits};
use crate::model::{Derived, Timestamp, derive};

/// What is different from the report before.
#[derive(Debug)]
pub struct Delta {
    pub gone: Vec<Changed>,
    pub come: Vec<Changed>,
    /// The report before was of this instant.
    pub since: Timestamp,
    /// Where the items are that are the same.
    pub shift: Shift,
    /// The releases hold the same.
    pub same_releases: bool,
    /// The links between items that are the same are so too.
    pub same_links: bool,
    /// No link of another item lets anything else wait in the complete weeks.
    pub links_say_the_same: bool,
}

/// Results by name, as the newest report left them.
#[derive(Default)]
pub struct Slots {
    /// Counts the reports. A value that one of them did not ask for has missed its changes.
    report: u64,
    /// Walks over all items of the newest report.
    pub walks: u64,
    /// Moves on when the releases hold something else.
    releases: u64,
    /// Moves on when links say something else of the complete weeks.
    links: u64,
    versions: u64,
    waits: Option<(u64, Vec<Wait>)>,
    sums: BTreeMap<&'static str, (u64, Box<dyn Any + Send>)>,
    owners: BTreeMap<&'static str, (u64, Box<dyn Any + Send>)>,
    results: BTreeMap<(&'static str, usize, usize), (u64, Shared)>,
}

/// A result that the reports which have it share.
type Shared = Arc<dyn Any + Send + Sync>;

/// The items of one report, and what is still known of the one before.
pub struct Recall<'a> {
    data: &'a Dataset,
    as_of: Timestamp,
    /// `None`: nothing is known.
    delta: Option<Delta>,
    slots: RefCell<Slots>,
    derived: OnceCell<Vec<Derived>>,
    released: OnceCell<Vec<Option<Timestamp>>>,
}

impl std::fmt::Debug for Recall<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recall").field("delta", &self.delta).finish_non_exhaustive()
    }
}

impl<'a> Recall<'a> {
    /// From scratch.
    #[must_use]
    pub fn nothing(data: &'a Dataset, as_of: Timestamp) -> Self {
        Self::of(data, as_of, None, Slots::default())
    }

    #[must_use]
    pub fn of(data: &'a Dataset, as_of: Timestamp, delta: Option<Delta>, mut slots: Slots) -> Self {
        slots.report += 1;
        slots.walks = 0;
        let same = |same: fn(&Delta) -> bool| u64::from(!delta.as_ref().is_some_and(same));
        slots.links += same(|delta| delta.same_links && delta.links_say_the_same);
        slots.releases += same(|delta| delta.same_releases);
        let slots = RefCell::new(slots);
        Self { data, as_of, delta, slots, derived: OnceCell::new(), released: OnceCell::new() }
    }

    /// What the next report may know.
    #[must_use]
    pub fn leave(self) -> Slots {
        self.slots.into_inner()
    }

    /// Derived values of all items.
    #[must_use]
    pub fn derived(&self) -> &[Derived] {
        self.derived.get_or_init(|| {
            let derive = |item: &ItemFacts| derive(item.created_at, &item.segments, self.as_of);
            self.data.items.iter().map(derive).collect()
        })
    }

    /// Derived values of one item.
    #[must_use]
    pub fn item(&self, ix: usize) -> Derived {
        let item = &self.data.items[ix];
        let known = self.derived.get().and_then(|all| all.get(ix)).copied();
        known.unwrap_or_else(|| derive(item.created_at, &item.segments, self.as_of))
    }

    /// Of each item the first release before the report's instant that contains it; empty where
    /// nothing is released.
    fn released(&self) -> &[Option<Timestamp>] {
        self.released.get_or_init(|| super::c4_finished_not_released::first(self.data, self.as_of))
    }

    /// A value that is folded from all items. `scan` adds what one item says to what `empty`
    /// begins with; `key` is whatever it looks at beside the item and the frame of the report.
    pub fn sum<K, T>(
        &self,
        name: &'static str,
        key: K,
        empty: impl Fn() -> T,
        scan: impl Fn(&mut T, &Seen<'_>),
    ) -> Arc<T>
    where
        K: PartialEq + Send + 'static,
        T: Exchange + Clone + Send + Sync + 'static,
    {
        let (report, kept) = {
            let mut slots = self.slots.borrow_mut();
            (slots.report, slots.sums.remove(name))
        };
        let kept = kept.and_then(|(at, kept)| {
            let (old, value) = *kept.downcast::<(K, Arc<T>)>().ok()?;
            let (true, mut value) = (old == key, value) else { return None };
            if at == report {
                return Some(value);
            }
            let delta = self.delta.as_ref().filter(|_| at + 1 == report)?;
            if !delta.is_empty() {
                let fold = |list: &[Changed]| {
                    let mut sum = empty();
                    list.iter().for_each(|changed| scan(&mut sum, &changed.seen()));
                    sum
                };
                let (gone, come) = (fold(&delta.gone), fold(&delta.come));
                let whole = Arc::make_mut(&mut value).exchange(&gone, &come);
                return whole.then_some(value);
            }
            Some(value)
        });
        let value = kept.unwrap_or_else(|| {
            let mut sum = empty();
            self.all(|_, seen| scan(&mut sum, seen));
            Arc::new(sum)
        });
        let slot = Box::new((key, Arc::clone(&value)));
        self.slots.borrow_mut().sums.insert(name, (report, slot));
        value
    }

    /// A number for each owner that stays the same while its items say the same. `scan` hands out
    /// what one item says to which owner.
    pub fn versions<K, T>(
        &self,
        name: &'static str,
        key: K,
        owners: usize,
        scan: impl Fn(&Seen<'_>, &mut dyn FnMut(usize, T)),
    ) -> Arc<Vec<u64>>
    where
        K: PartialEq + Send + 'static,
        T: PartialEq,
    {
        let mut slots = self.slots.borrow_mut();
        let report = slots.report;
        let kept = slots.owners.remove(name).and_then(|(at, kept)| {
            let (old, versions) = *kept.downcast::<(K, Arc<Vec<u64>>)>().ok()?;
            let (true, mut versions) = (old == key, versions) else { return None };
            if at == report {
                return Some(versions);
            }
            let delta = self.delta.as_ref().filter(|_| at + 1 == report)?;
            let told = |list: &[Changed]| {
                let mut by_owner: BTreeMap<usize, Vec<T>> = BTreeMap::new();
                for changed in list {
                    scan(&changed.seen(), &mut |owner, one| {
                        by_owner.entry(owner).or_default().push(one);
                    });
                }
                by_owner
            };
            let (gone, come) = (told(&delta.gone), told(&delta.come));
            let touched = gone.keys().chain(come.keys()).copied();
            let stale: Vec<usize> =
                touched.filter(|owner| gone.get(owner) != come.get(owner)).collect();
            for owner in stale {
                slots.versions += 1;
                if let Some(version) = Arc::make_mut(&mut versions).get_mut(owner) {
                    *version = slots.versions;
                }
            }
            Some(versions)
        });
        let versions = kept.unwrap_or_else(|| {
            let first = slots.versions + 1;
            slots.versions += owners as u64;
            Arc::new((first..first + owners as u64).collect())
        });
        let slot = Box::new((key, Arc::clone(&versions)));
        slots.owners.insert(name, (report, slot));
        versions
    }

    /// What all items say to the owners that are wanted; empty lists for the others.
    pub fn gather<T>(
        &self,
        wanted: &[bool],
        scan: impl Fn(&Seen<'_>, &mut dyn FnMut(usize, T)),
    ) -> Vec<Vec<T>> {
        let mut lists: Vec<Vec<T>> = wanted.iter().map(|_| Vec::new()).collect();
        if wanted.contains(&true) {
            self.all(|_, seen| {
                scan(seen, &mut |owner, one| {
                    if wanted.get(owner) == Some(&true) {
                        lists[owner].push(one);
                    }
                });
            });
        }
        lists
    }

    /// What was made of one version of an owner; `part` tells apart what is made of the same.
    pub fn cached<R: Send + Sync + 'static>(
        &self,
        name: &'static str,
        (owner, part): (usize, usize),
        version: u64,
        make: impl FnOnce() -> R,
    ) -> Arc<R> {
        if let Some(kept) = self.known(name, (owner, part), version) {
            return kept;
        }
        let made = Arc::new(make());
        let slot: Shared = Arc::clone(&made) as _;
        self.slots.borrow_mut().results.insert((name, owner, part), (version, slot));
        made
    }

    /// The same of something that rests on more than the owner's items.
    pub fn cached_for<K, R>(
        &self,
        name: &'static str,
        place: (usize, usize),
        version: u64,
        key: K,
        make: impl FnOnce() -> R,
    ) -> Arc<(K, R)>
    where
        K: PartialEq + Send + Sync + 'static,
        R: Send + Sync + 'static,
    {
        if let Some(kept) = self.known::<(K, R)>(name, place, version).filter(|it| it.0 == key) {
            return kept;
        }
        self.slots.borrow_mut().results.remove(&(name, place.0, place.1));
        self.cached(name, place, version, || (key, make()))
    }

    /// All cross-stream waits, sorted: those over links of items that changed are looked up again.
    #[must_use]
    pub fn waits(&self) -> Vec<Wait> {
        let items = |ix: usize| self.item(ix);
        let mut slots = self.slots.borrow_mut();
        let report = slots.report;
        let kept = slots.waits.take().filter(|(at, _)| at + 1 == report);
        let delta = self.delta.as_ref().filter(|delta| delta.same_links);
        let found = match kept.zip(delta) {
            Some(((_, mut kept), delta)) => {
                let shift = &delta.shift;
                kept.retain_mut(|wait| {
                    let places = shift.place(wait.item).zip(shift.place(wait.blocker));
                    (wait.item, wait.blocker) = places.unwrap_or_default();
                    // What had not ended yet goes on.
                    if wait.period.to == delta.since {
                        wait.period.to = self.as_of;
                    }
                    places.is_some()
                });
                kept.extend(waits(self.data, &items, self.as_of, |link| {
                    shift.is_new(link.blocked) || shift.is_new(link.blocker)
                }));
                kept.sort_unstable();
                kept
            }
            None => waits(self.data, &items, self.as_of, |_| true),
        };
        slots.waits = Some((report, found.clone()));
        found
    }

    /// Stays the same while links say the same of the complete weeks.
    #[must_use]
    pub fn links(&self) -> u64 {
        self.slots.borrow().links
    }

    /// Stays the same while the releases hold the same.
    #[must_use]
    pub fn releases(&self) -> u64 {
        self.slots.borrow().releases
    }

    fn known<R: Send + Sync + 'static>(
        &self,
        name: &'static str,
        (owner, part): (usize, usize),
        version: u64,
    ) -> Option<Arc<R>> {
        let slots = self.slots.borrow();
        let (own, kept) = slots.results.get(&(name, owner, part))?;
        (*own == version).then(|| Arc::clone(kept).downcast().ok()).flatten()
    }

    /// The result of each owner, made anew of those whose items say something else than before.
    pub fn by_owner<K, T, R>(
        &self,
        name: &'static str,
        key: K,
        owners: usize,
        scan: impl Fn(&Seen<'_>, &mut dyn FnMut(usize, T)),
        make: impl Fn(usize, Vec<T>) -> R,
    ) -> Vec<Arc<R>>
    where
        K: PartialEq + Send + 'static,
        T: PartialEq,
        R: Send + Sync + 'static,
    {
        let versions = self.versions(name, key, owners, &scan);
        let stale: Vec<bool> = versions
            .iter()
            .enumerate()
            .map(|(owner, version)| self.known::<R>(name, (owner, 0), *version).is_none())
            .collect();
        let mut lists = self.gather(&stale, &scan);
        let made = |(owner, version): (usize, &u64)| {
            self.cached(name, (owner, 0), *version, || {
                make(owner, std::mem::take(&mut lists[owner]))
            })
        };
        versions.iter().enumerate().map(made).collect()
    }

    /// A value of the releases and the events at which work was put together. `mark` is all that
    /// the value rests on of one item.
    pub fn of_releases<M: PartialEq, R: Send + Sync + 'static>(
        &self,
        name: &'static str,
        mark: impl Fn(&Seen<'_>) -> M,
        make: impl FnOnce() -> R,
    ) -> Arc<R> {
        let version = self.versions(name, self.releases(), 1, |seen, say| say(0, mark(seen)))[0];
        self.cached(name, (0, 0), version, make)
    }

    /// Walks over all items, with their places.
    pub fn all(&self, mut visit: impl FnMut(usize, &Seen<'_>)) {
        self.slots.borrow_mut().walks += 1;
        let (derived, released) = (self.derived(), self.released());
        for (ix, (item, derived)) in self.data.items.iter().zip(derived).enumerate() {
            let (derived, released) = (*derived, released.get(ix).copied().flatten());
            visit(ix, &Seen::with(item, derived, self.as_of, released));
        }
    }
}

impl Delta {
    fn is_empty(&self) -> bool {
        self.gone.is_empty() && self.come.is_empty()
    }
}
