//! Stored items with what was decided about them, each shared by all worlds in which it is the
//! same.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::departed;
use crate::model::{ItemId, Level, States};
use crate::portfolio::{EpicIndex, Known, Placed, Portfolio, Statuses};
use crate::signals::dataset::ItemFacts;
use crate::store::StoredItem;

/// A flow item. One that left is among them with its past.
#[derive(Debug)]
pub(super) struct Flowing {
    pub item: Arc<StoredItem>,
    pub placed: Placed,
    pub facts: Arc<ItemFacts>,
}

/// An item that does not flow: a container, a sub-task, a mirror, or one that lives on as another.
#[derive(Debug)]
pub(super) struct Aside {
    pub item: Arc<StoredItem>,
    /// Of sub-tasks only.
    pub placed: Option<Placed>,
}

/// All items of a world.
#[derive(Debug, Clone, Default)]
pub(super) struct Members {
    /// Sorted by key, then id.
    pub flowing: Vec<Arc<Flowing>>,
    /// Sorted by id.
    pub aside: Vec<Arc<Aside>>,
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
pub(super) struct Ground<'a> {
    pub portfolio: &'a Portfolio,
    pub epics: &'a EpicIndex,
    pub statuses: &'a Statuses,
    /// Items that repeat the work of another one.
    pub mirrors: &'a BTreeSet<ItemId>,
    /// Keys under which items that left live on.
    pub living: &'a BTreeSet<String>,
}

impl Members {
    /// Every stored item.
    pub fn stored(&self) -> impl Iterator<Item = &Arc<StoredItem>> + Clone {
        let flowing = self.flowing.iter().map(|one| &one.item);
        flowing.chain(self.aside.iter().map(|one| &one.item))
    }

    /// Places these items, in place of what was decided about them before.
    pub fn place(&mut self, ground: &Ground<'_>, items: Vec<Arc<StoredItem>>, states: &mut States) {
        let ids: BTreeSet<&ItemId> = items.iter().map(|item| &item.id).collect();
        self.flowing.retain(|one| !ids.contains(&one.item.id));
        self.aside.retain(|one| !ids.contains(&one.item.id));
        drop(ids);
        for item in items {
            self.take(ground, item, states);
        }
        self.flowing.sort_by(|a, b| {
            let (a, b) = (&a.item, &b.item);
            (&a.attributes.key, &a.id).cmp(&(&b.attributes.key, &b.id))
        });
        self.aside.sort_by(|a, b| a.item.id.cmp(&b.item.id));
    }

    fn take(&mut self, ground: &Ground<'_>, item: Arc<StoredItem>, states: &mut States) {
        let Ground { portfolio, epics, statuses, mirrors, living } = ground;
        if departed::goes_on(&item, living)
            || mirrors.contains(&item.id)
            || is_container(portfolio, &item)
        {
            self.aside.push(Arc::new(Aside { item, placed: None }));
            return;
        }
        let mut placed = portfolio.place(&known(&item), epics, statuses, states);
        if let Some(removed) = &item.removed {
            departed::cut(&mut placed.segments, removed.at, states);
        }
        if placed.flows.is_ok() {
            let facts = Arc::new(facts(&item, &placed));
            self.flowing.push(Arc::new(Flowing { item, placed, facts }));
        } else {
            self.aside.push(Arc::new(Aside { item, placed: Some(placed) }));
        }
    }
}

fn facts(item: &StoredItem, placed: &Placed) -> ItemFacts {
    ItemFacts {
        key: item.attributes.key.clone(),
        tracker: item.tracker,
        kind: placed.kind,
        created_at: item.created_at,
        segments: placed.segments.clone(),
        activity: placed.activity.clone(),
        duplicate: placed.duplicate,
        start_before_data: placed.start_before_data,
        unknown_statuses: u32::try_from(placed.unknown_statuses.len()).unwrap_or(u32::MAX),
        relabelled: placed.relabelled.clone(),
    }
}

/// Items that repeat the work of another one: all but the first of each declared alias set, by the
/// portfolio's order of trackers.
pub(super) fn mirrors(portfolio: &Portfolio, stored: &[Arc<StoredItem>]) -> BTreeSet<ItemId> {
    if portfolio.aliases().is_empty() {
        return BTreeSet::new();
    }
    let by_key: BTreeMap<&str, &Arc<StoredItem>> = stored
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
            let mut same: Vec<&Arc<StoredItem>> =
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
