//! What was decided about each stored item, shared by all worlds in which it is the same.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::departed;
use super::kept::{Kept, Texts};
use crate::model::{Category, ConnectionId, FlowSegment, ItemId, Level, States, Timestamp};
use crate::portfolio::{EpicIndex, Known, Placed, Portfolio, Statuses};
use crate::signals::dataset::ItemFacts;
use crate::store::StoredItem;

/// From this many on, items are sorted in together instead of one by one.
const MANY: usize = 64;

/// A flow item. One that left is among them with its past.
#[derive(Debug)]
pub(super) struct Flowing {
    pub kept: Kept,
    /// The past placement rests on present attributes.
    pub inferred: bool,
    /// Its key, kind and timeline.
    pub facts: Arc<ItemFacts>,
}

/// An item that does not flow: a container, a sub-task, a mirror, or one that lives on as another.
#[derive(Debug)]
pub(super) struct Aside {
    pub kept: Kept,
    pub key: Box<str>,
    /// It groups others, so that their places rest on it.
    pub groups: bool,
}

/// All items of a world.
#[derive(Debug, Clone, Default)]
pub(super) struct Members {
    /// Sorted by key, then id.
    pub flowing: Vec<Arc<Flowing>>,
    /// Sorted by key, then id.
    pub aside: Vec<Arc<Aside>>,
    texts: Texts,
}

/// The view of a stored item that placing needs.
pub(super) fn known(item: &StoredItem) -> Known<'_> {
    Known {
        id: &item.id,
        tracker: item.tracker,
        created_at: item.created_at,
        updated_at: item.updated_at,
        attributes: &item.attributes,
        history: &item.history,
        history_complete: item.history_complete,
    }
}

/// Whether an item groups others instead of flowing itself.
pub(super) fn is_container(portfolio: &Portfolio, item: &StoredItem) -> bool {
    item.attributes.level == Level::Container || portfolio.declares_epic(&item.attributes.key)
}

/// What the place of every item rests on.
#[derive(Debug, Clone)]
pub(super) struct Ground {
    pub portfolio: Arc<Portfolio>,
    pub epics: Arc<EpicIndex>,
    pub statuses: Statuses,
    /// Items that repeat the work of another one.
    pub mirrors: BTreeSet<ItemId>,
    /// Keys under which items that left live on.
    pub living: BTreeSet<String>,
}

impl Ground {
    /// The place of a stored item. `None`: a container, a mirror, or one that lives on as another;
    /// a sub-task has a place and does not flow.
    pub fn place(&self, item: &StoredItem, states: &mut States) -> Option<Placed> {
        if departed::goes_on(item, &self.living)
            || self.mirrors.contains(&item.id)
            || is_container(&self.portfolio, item)
        {
            return None;
        }
        let mut placed = self.portfolio.place(&known(item), &self.epics, &self.statuses, states);
        if let Some(removed) = &item.removed {
            departed::cut(&mut placed.segments, removed.at, states);
        }
        Some(placed)
    }
}

/// The order of both lists: by key, then id.
type Order<'a> = (&'a str, (&'a ConnectionId, &'a str));

impl Flowing {
    pub fn order(&self) -> Order<'_> {
        (&self.facts.key, self.kept.id())
    }
}

impl Aside {
    pub fn order(&self) -> Order<'_> {
        (&self.key, self.kept.id())
    }
}

impl Members {
    /// Every item: its key, and what is kept of it.
    pub fn all(&self) -> impl Iterator<Item = (&str, &Kept)> + Clone {
        let flowing = self.flowing.iter().map(|one| (one.facts.key.as_str(), &one.kept));
        flowing.chain(self.aside.iter().map(|one| (&*one.key, &one.kept)))
    }

    /// The place of a flow item in the list.
    pub fn find(&self, key: &str, id: &ItemId) -> Result<usize, usize> {
        let wanted = (key, (&id.connection, id.source.as_str()));
        self.flowing.binary_search_by(|one| one.order().cmp(&wanted))
    }

    fn find_aside(&self, key: &str, id: &ItemId) -> Result<usize, usize> {
        let wanted = (key, (&id.connection, id.source.as_str()));
        self.aside.binary_search_by(|one| one.order().cmp(&wanted))
    }

    /// What is known of a stored item by its present key, or by one that it had.
    fn held<'k>(&self, item: &'k StoredItem) -> Option<(Held, &'k str)> {
        let keys = std::iter::once(&item.attributes.key).chain(&item.aliases);
        keys.map(String::as_str).find_map(|key| {
            let flowing = self.find(key, &item.id).ok().map(Held::Flowing);
            let held = flowing.or_else(|| self.find_aside(key, &item.id).ok().map(Held::Aside));
            held.map(|held| (held, key))
        })
    }

    /// Whether a stored item was one that groups others, and the key by which it was known.
    pub fn before<'k>(&self, item: &'k StoredItem) -> Option<(bool, &'k str)> {
        let (held, key) = self.held(item)?;
        let groups = matches!(held, Held::Aside(ix) if self.aside[ix].groups);
        Some((groups, key))
    }

    /// Places these items, in place of what was decided about them before.
    pub fn place(&mut self, ground: &Ground, items: &[StoredItem], states: &mut States) {
        if items.len() > MANY {
            let ids: BTreeSet<_> =
                items.iter().map(|item| (&item.id.connection, item.id.source.as_str())).collect();
            self.flowing.retain(|one| !ids.contains(&one.kept.id()));
            self.aside.retain(|one| !ids.contains(&one.kept.id()));
            items.iter().for_each(|item| self.add(ground, item, states));
            self.sort();
            return;
        }
        for item in items {
            match self.held(item) {
                Some((Held::Flowing(ix), _)) => drop(self.flowing.remove(ix)),
                Some((Held::Aside(ix), _)) => drop(self.aside.remove(ix)),
                None => {}
            }
            match self.decide(ground, item, states) {
                Decided::Flowing(one) => {
                    let at = self.flowing.partition_point(|other| other.order() < one.order());
                    self.flowing.insert(at, Arc::new(one));
                }
                Decided::Aside(one) => {
                    let at = self.aside.partition_point(|other| other.order() < one.order());
                    self.aside.insert(at, Arc::new(one));
                }
            }
        }
    }

    /// Adds an item at the end; [`Members::sort`] has to follow.
    pub fn add(&mut self, ground: &Ground, item: &StoredItem, states: &mut States) {
        match self.decide(ground, item, states) {
            Decided::Flowing(one) => self.flowing.push(Arc::new(one)),
            Decided::Aside(one) => self.aside.push(Arc::new(one)),
        }
    }

    fn decide(&mut self, ground: &Ground, item: &StoredItem, states: &mut States) -> Decided {
        let mut placed = ground.place(item, states).filter(|placed| placed.flows.is_ok());
        let kept = Kept::new(item, placed.as_mut(), &mut self.texts);
        let Some(placed) = placed else {
            let key = item.attributes.key.as_str().into();
            let groups = is_container(&ground.portfolio, item);
            return Decided::Aside(Aside { kept, key, groups });
        };
        let inferred = placed.inferred_placement;
        Decided::Flowing(Flowing { kept, inferred, facts: Arc::new(facts(item, placed)) })
    }

    pub fn sort(&mut self) {
        sort_by(&mut self.flowing, |one| one.order());
        sort_by(&mut self.aside, |one| one.order());
    }
}

/// Sorts by [`Order`], first by the first bytes of the keys: to follow two pointers for every
/// comparison would take longer than all the rest.
fn sort_by<T>(list: &mut Vec<Arc<T>>, order: impl Fn(&T) -> Order<'_>) {
    let begin = |key: &str| {
        let mut bytes = [0; 16];
        for (byte, of_key) in bytes.iter_mut().zip(key.bytes()) {
            *byte = of_key;
        }
        u128::from_be_bytes(bytes)
    };
    let mut keyed: Vec<(u128, Arc<T>)> =
        std::mem::take(list).into_iter().map(|one| (begin(order(&one).0), one)).collect();
    keyed.sort_by(|(a, one), (b, other)| a.cmp(b).then_with(|| order(one).cmp(&order(other))));
    list.extend(keyed.into_iter().map(|(_, one)| one));
}

enum Decided {
    Flowing(Flowing),
    Aside(Aside),
}

/// Where an item is.
#[derive(Debug, Clone, Copy)]
enum Held {
    Flowing(usize),
    Aside(usize),
}

fn facts(item: &StoredItem, mut placed: Placed) -> ItemFacts {
    let segments = &placed.segments;
    placed.activity.retain(|at| !is_told_by_segments(segments, *at));
    placed.segments.shrink_to_fit();
    placed.activity.shrink_to_fit();
    ItemFacts {
        key: item.attributes.key.clone(),
        tracker: item.tracker,
        kind: placed.kind,
        created_at: item.created_at,
        segments: placed.segments,
        activity: placed.activity,
        duplicate: placed.duplicate,
        start_before_data: placed.start_before_data,
        unknown_statuses: u32::try_from(placed.unknown_statuses.len()).unwrap_or(u32::MAX),
        relabelled: placed.relabelled,
    }
}

/// Whether the segments alone tell a sign of life: one begins there, and it does not go on with
/// active work.
fn is_told_by_segments(segments: &[FlowSegment], at: Timestamp) -> bool {
    let active = |segment: &FlowSegment| segment.flow() == Category::Active;
    let Ok(ix) = segments.binary_search_by(|segment| segment.from.cmp(&at)) else { return false };
    let goes_on = ix.checked_sub(1).is_some_and(|before| active(&segments[before]));
    !(goes_on && active(&segments[ix]))
}

/// Items that repeat the work of another one: all but the first of each declared alias set, by the
/// portfolio's order of trackers. `stored` has every item with one of these keys.
pub(super) fn mirrors(portfolio: &Portfolio, stored: &[StoredItem]) -> BTreeSet<ItemId> {
    if portfolio.aliases().is_empty() {
        return BTreeSet::new();
    }
    let by_key: BTreeMap<&str, &StoredItem> = stored
        .iter()
        .filter(|item| item.removed.is_none())
        .map(|item| (item.attributes.key.as_str(), item))
        .collect();
    let rank = |item: &StoredItem| {
        portfolio.precedence().iter().position(|kind| *kind == item.tracker).unwrap_or(usize::MAX)
    };
    portfolio
        .aliases()
        .iter()
        .flat_map(|alias| {
            let mut same: Vec<&StoredItem> =
                alias.keys.iter().filter_map(|key| by_key.get(key.as_str()).copied()).collect();
            same.sort_by_key(|item| (rank(item), item.id.clone()));
            // One that left repeats the work of one that is there.
            let gone = stored.iter().filter(|item| {
                item.removed.is_some()
                    && !same.is_empty()
                    && alias.keys.contains(&item.attributes.key)
            });
            let gone: Vec<ItemId> = gone.map(|item| item.id.clone()).collect();
            same.into_iter().skip(1).map(|item| item.id.clone()).chain(gone).collect::<Vec<_>>()
        })
        .collect()
}
