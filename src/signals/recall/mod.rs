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
//!   For the others, [`Recall::gather`] looks only into parts of the list that name them ([`Reach`]);
//! - waits over links are kept, and those that change move the sums of [`Recall::waited`].
//!
//! What an item says must not depend on the report's instant, only on the complete weeks before it
//! and on what had happened by then. So nothing changes while time passes inside a week, except for
//! items with something dated later than the report, which are read again. A new week, another
//! declaration, or much that changed at once is computed from scratch.

mod linked;
mod owners;

use std::any::Any;
use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::sync::Arc;

use super::Dataset;
use super::dataset::{ItemFacts, LinkFacts};
pub use super::exchange::Exchange;
use super::held::Held;
use super::items::Part;
pub use super::reach::{Owners, Reach};
pub use super::seen::{Changed, Seen};
use super::shift::Shift;
use crate::model::{Derived, Timestamp, derive};
use linked::{Linked, Moved};

/// What is different from the report before.
#[derive(Debug)]
pub struct Delta {
    pub gone: Vec<Changed>,
    pub come: Vec<Changed>,
    /// Where the items are that are the same.
    pub shift: Shift,
    /// The releases and events are the same, and hold the same of the items that are.
    pub same_releases: bool,
    /// They hold the same places.
    pub same_contents: bool,
    /// The links of items that came.
    pub links: Vec<LinkFacts>,
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
    /// How often the newest report looked at items that are the same as before.
    pub walks: u64,
    /// Moves on when the releases hold something else.
    releases: u64,
    /// Moves on when links say something else of the complete weeks.
    links: u64,
    versions: u64,
    linked: Option<Linked>,
    /// What releases and events hold, where that was asked and is still so.
    held: Option<Arc<Held>>,
    /// Whom the items of each part of the list name, by where the part is; holding on to a part
    /// keeps its place from being another's.
    reaches: BTreeMap<usize, (Part, Arc<Reach>)>,
    sums: BTreeMap<&'static str, (u64, Box<dyn Any + Send>)>,
    totals: BTreeMap<&'static str, Box<dyn Any + Send>>,
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
    /// `None`: all waits are new.
    moved: RefCell<Option<Moved>>,
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
        if same(|delta| delta.same_contents) > 0 {
            slots.held = None;
        }
        let (slots, derived) = (RefCell::new(slots), OnceCell::new());
        Self { data, as_of, delta, slots, derived, moved: RefCell::default() }
    }

    /// What the next report may know.
    #[must_use]
    pub fn leave(self) -> Slots {
        self.reaches();
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

    /// Which releases and events hold which items.
    fn held(&self) -> Arc<Held> {
        let mut slots = self.slots.borrow_mut();
        Arc::clone(slots.held.get_or_insert_with(|| Arc::new(Held::new(self.data))))
    }

    /// Whom the items of each part of the list name, in order: only of parts that are new it is
    /// looked up.
    fn reaches(&self) -> Vec<Arc<Reach>> {
        let mut slots = self.slots.borrow_mut();
        let mut known = std::mem::take(&mut slots.reaches);
        let mut reach = |(_, part): (usize, &Part)| {
            let at = Arc::as_ptr(part).addr();
            let (_, reach) = slots.reaches.entry(at).or_insert_with(|| {
                let made = || Arc::new(Reach::of(part.iter().map(AsRef::as_ref)));
                known.remove(&at).unwrap_or_else(|| (Arc::clone(part), made()))
            });
            Arc::clone(reach)
        };
        self.data.items.parts().map(&mut reach).collect()
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
            self.all(|seen| scan(&mut sum, seen));
            Arc::new(sum)
        });
        let slot = Box::new((key, Arc::clone(&value)));
        self.slots.borrow_mut().sums.insert(name, (report, slot));
        value
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

    /// Walks over all items.
    pub fn all(&self, mut visit: impl FnMut(&Seen<'_>)) {
        self.slots.borrow_mut().walks += 1;
        let (derived, held) = (self.derived(), self.held());
        for (place, (item, derived)) in self.data.items.iter().zip(derived).enumerate() {
            let (derived, held) = (*derived, held.of(place));
            visit(&Seen { item, place, derived, held, as_of: self.as_of });
        }
    }

    fn seen<'i>(&self, place: usize, item: &'i ItemFacts, held: &'i Held) -> Seen<'i> {
        let known = self.derived.get().and_then(|all| all.get(place)).copied();
        let derived = known.unwrap_or_else(|| derive(item.created_at, &item.segments, self.as_of));
        Seen { item, place, derived, held: held.of(place), as_of: self.as_of }
    }
}

impl Delta {
    /// The item that was at a place and went.
    fn went(&self, place: usize) -> Option<&Arc<ItemFacts>> {
        let at = self.gone.binary_search_by_key(&place, |changed| changed.place).ok()?;
        Some(&self.gone[at].item)
    }

    fn is_empty(&self) -> bool {
        self.gone.is_empty() && self.come.is_empty()
    }
}
