//! What was decided about each stored item, shared by all worlds in which it is the same.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::departed;
use super::kept::{Kept, Texts};
use crate::model::{Category, ConnectionId, FlowSegment, ItemId, Level, States, Timestamp};
use crate::portfolio::{EpicIndex, Known, Placed, Portfolio, Statuses};
use crate::signals::dataset::ItemFacts;
use crate::signals::pieces::Pieces;
use crate::store::StoredItem;

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
    pub flowing: Pieces<Flowing>,
    /// Sorted by key, then id.
    aside: Pieces<Aside>,
    /// The keys under which items that left live on, each with these items.
    left: BTreeMap<String, BTreeSet<(String, ItemId)>>,
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
    /// The place of a flow item in the list.
    pub fn find(&self, key: &str, id: &ItemId) -> Result<usize, usize> {
        let wanted = (key, (&id.connection, id.source.as_str()));
        let at = self.flowing.partition_point(|one| one.order() < wanted);
        let found = self.flowing.get(at).is_some_and(|one| one.order() == wanted);
        if found { Ok(at) } else { Err(at) }
    }

    fn find_aside(&self, key: &str, id: &ItemId) -> Result<usize, usize> {
        let wanted = (key, (&id.connection, id.source.as_str()));
        let at = self.aside.partition_point(|one| one.order() < wanted);
        let found = self.aside.get(at).is_some_and(|one| one.order() == wanted);
        if found { Ok(at) } else { Err(at) }
    }

    /// Keys under which items that left live on.
    pub fn left(&self) -> impl Iterator<Item = (&String, &BTreeSet<(String, ItemId)>)> {
        self.left.iter()
    }

    /// Whether an item that is there has this key.
    pub fn has(&self, key: &str) -> bool {
        let there = |kept: &Kept| kept.removed().is_none();
        let first = self.flowing.partition_point(|one| one.facts.key.as_str() < key);
        let own = (first..).map_while(|ix| self.flowing.get(ix));
        let mut own = own.take_while(|one| one.facts.key == key);
        let first = self.aside.partition_point(|one| &*one.key < key);
        let aside = (first..).map_while(|ix| self.aside.get(ix));
        let mut aside = aside.take_while(|one| &*one.key == key);
        own.any(|one| there(&one.kept)) || aside.any(|one| there(&one.kept))
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
        let groups = |ix| self.aside.get(ix).is_some_and(|one| one.groups);
        let groups = matches!(held, Held::Aside(ix) if groups(ix));
        Some((groups, key))
    }

    /// Forgets what was decided about these items.
    pub fn forget(&mut self, items: &[StoredItem]) {
        for item in items {
            let (key, kept) = match self.held(item) {
                Some((Held::Flowing(ix), key)) => {
                    (key, self.flowing.remove(ix).map(Which::Flowing))
                }
                Some((Held::Aside(ix), key)) => (key, self.aside.remove(ix).map(Which::Aside)),
                None => continue,
            };
            let kept = match &kept {
                Some(Which::Flowing(one)) => &one.kept,
                Some(Which::Aside(one)) => &one.kept,
                None => continue,
            };
            let Some(to) = kept.goes_to() else { continue };
            if let Some(list) = self.left.get_mut(to) {
                list.remove(&(key.to_owned(), kept.item_id()));
                if list.is_empty() {
                    self.left.remove(to);
                }
            }
        }
    }

    /// Places these items, which are not known.
    pub fn place(&mut self, ground: &Ground, items: &[StoredItem], states: &mut States) {
        for item in items {
            self.note(item);
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
        self.note(item);
        match self.decide(ground, item, states) {
            Decided::Flowing(one) => self.flowing.push(Arc::new(one)),
            Decided::Aside(one) => self.aside.push(Arc::new(one)),
        }
    }

    fn note(&mut self, item: &StoredItem) {
        if let Some(to) = departed::goes_to(item) {
            let own = (item.attributes.key.clone(), item.id.clone());
            self.left.entry(to.to_owned()).or_default().insert(own);
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
fn sort_by<T>(list: &mut Pieces<T>, order: impl Fn(&T) -> Order<'_>) {
    let begin = |key: &str| {
        let mut bytes = [0; 16];
        for (byte, of_key) in bytes.iter_mut().zip(key.bytes()) {
            *byte = of_key;
        }
        u128::from_be_bytes(bytes)
    };
    let mut keyed: Vec<(u128, Arc<T>)> =
        list.iter().map(|one| (begin(order(one).0), Arc::clone(one))).collect();
    *list = Pieces::default();
    keyed.sort_by(|(a, one), (b, other)| a.cmp(b).then_with(|| order(one).cmp(&order(other))));
    *list = keyed.into_iter().map(|(_, one)| one).collect();
}

/// What was known of an item.
enum Which {
    Flowing(Arc<Flowing>),
    Aside(Arc<Aside>),
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
