//! Results by owner: a team, a stream, a published slice, an epic. One whose items say the same as
//! before keeps its version and what was made of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Changed, Owners, Reach, Recall, Seen, Shared};

impl Recall<'_> {
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
        owners: Owners<'_>,
        wanted: &[bool],
        scan: impl Fn(&Seen<'_>, &mut dyn FnMut(usize, T)),
    ) -> Vec<Vec<T>> {
        let mut lists: Vec<Vec<T>> = wanted.iter().map(|_| Vec::new()).collect();
        let mut visit = |seen: &Seen<'_>| {
            scan(seen, &mut |owner, one| {
                if wanted.get(owner) == Some(&true) {
                    lists[owner].push(one);
                }
            });
        };
        if !wanted.contains(&true) {
            return lists;
        }
        if wanted.contains(&false) {
            self.slots.borrow_mut().walks += 1;
            let wanted = Reach::wanted(owners, self.data.streams.len(), wanted);
            let held = self.held();
            let parts = self.data.items.parts().zip(self.reaches());
            for ((start, part), _) in parts.filter(|(_, reach)| reach.meets(&wanted)) {
                for (place, item) in (start..).zip(part.iter()) {
                    visit(&self.seen(place, item, &held));
                }
            }
        } else {
            self.all(visit);
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

    /// Which owners have no result of their version yet.
    #[must_use]
    pub fn stale(&self, name: &'static str, part: usize, versions: &[u64]) -> Vec<bool> {
        let slots = self.slots.borrow();
        let known = |owner| slots.results.get(&(name, owner, part)).map(|(version, _)| *version);
        versions.iter().enumerate().map(|(owner, own)| known(owner) != Some(*own)).collect()
    }

    /// The result of each owner, made anew of those whose items say something else than before.
    pub fn by_owner<K, T, R>(
        &self,
        name: &'static str,
        key: K,
        (owners, count): (Owners<'_>, usize),
        scan: impl Fn(&Seen<'_>, &mut dyn FnMut(usize, T)),
        make: impl Fn(usize, Vec<T>) -> R,
    ) -> Vec<Arc<R>>
    where
        K: PartialEq + Send + 'static,
        T: PartialEq,
        R: Send + Sync + 'static,
    {
        let versions = self.versions(name, key, count, &scan);
        let mut lists = self.gather(owners, &self.stale(name, 0, &versions), &scan);
        let made = |(owner, version): (usize, &u64)| {
            self.cached(name, (owner, 0), *version, || {
                make(owner, std::mem::take(&mut lists[owner]))
            })
        };
        versions.iter().enumerate().map(made).collect()
    }

    /// What the results of all owners give together, mended by those that are new, and a number
    /// that moves on with it. `same` tells whether a total still fits, `last` adds what is told in
    /// the order of the owners.
    pub fn total<R, T>(
        &self,
        name: &'static str,
        parts: Vec<Arc<R>>,
        empty: impl Fn() -> T,
        same: impl Fn(&T) -> bool,
        (add, take): (impl Fn(&mut T, &R), impl Fn(&mut T, &R)),
        last: impl Fn(&mut T, &[Arc<R>]),
    ) -> (Arc<T>, u64)
    where
        R: Send + Sync + 'static,
        T: Clone + Send + Sync + 'static,
    {
        let kept = self.slots.borrow_mut().totals.remove(name);
        let kept = kept.and_then(|kept| kept.downcast::<(Vec<Arc<R>>, Arc<T>, u64)>().ok());
        let fits = |kept: &(Vec<Arc<R>>, Arc<T>, u64)| kept.0.len() == parts.len() && same(&kept.1);
        let mut whole = false;
        let (old, mut total, mut version) =
            kept.map(|kept| *kept).filter(fits).unwrap_or_else(|| {
                whole = true;
                (Vec::new(), Arc::new(empty()), 0)
            });
        let gone = old.iter().zip(&parts).filter(|(old, new)| !Arc::ptr_eq(old, new));
        let gone: Vec<&Arc<R>> = gone.map(|(old, _)| old).collect();
        let come = parts.iter().enumerate();
        let come = come.filter(|(ix, new)| old.get(*ix).is_none_or(|old| !Arc::ptr_eq(old, new)));
        if whole || !gone.is_empty() {
            let total = Arc::make_mut(&mut total);
            gone.into_iter().for_each(|part| take(total, part));
            come.for_each(|(_, part)| add(total, part));
            last(total, &parts);
            let mut slots = self.slots.borrow_mut();
            slots.versions += 1;
            version = slots.versions;
        }
        let slot = Box::new((parts, Arc::clone(&total), version));
        self.slots.borrow_mut().totals.insert(name, slot);
        (total, version)
    }
}
