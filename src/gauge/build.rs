//! Loads what is known at an instant, places it, and lays out the input of the signals. A world
//! that only needs to catch up places again what changed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::members::{Aside, Flowing, Ground, Members, is_container, known, mirrors};
use super::{departed, integrations, links, releases};
use crate::model::{ItemId, Kind, States, StreamIx, Timestamp};
use crate::portfolio::{EpicIndex, Known, MapView, Placed, Portfolio, Statuses};
use crate::signals::attention::drawn;
use crate::signals::dataset::{CoverageSpan, Dataset, Epic, Stream, Team, Theme};
use crate::store::{Store, StoreError, StoredItem};

/// Everything known at one instant, placed by one portfolio.
#[derive(Debug)]
pub struct World {
    pub portfolio: Arc<Portfolio>,
    pub dataset: Arc<Dataset>,
    pub epics: Arc<EpicIndex>,
    pub statuses: Statuses,
    members: Members,
}

impl World {
    /// # Errors
    /// The store does not answer.
    pub async fn build(
        store: &Store,
        portfolio: Arc<Portfolio>,
        at: Option<Timestamp>,
    ) -> Result<Self, StoreError> {
        let stored = store
            .fold_items(at, Vec::new(), |items: &mut Vec<_>, item| items.push(Arc::new(item)))
            .await?;
        let statuses = statuses(store, at).await?;
        Self::laid_out(store, portfolio, at, stored, statuses).await
    }

    /// The world of now, from one of `since`: what changed is placed again, and everything where
    /// something changed on which the places of others rest. The same as building it anew.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn caught_up(&self, store: &Store, since: u64) -> Result<Self, StoreError> {
        let changed = store.changed_since(since).await?;
        let changed: Vec<Arc<StoredItem>> = changed.into_iter().map(Arc::new).collect();
        let statuses = statuses(store, None).await?;
        let portfolio = Arc::clone(&self.portfolio);
        let ids: BTreeSet<&ItemId> = changed.iter().map(|item| &item.id).collect();
        let before: Vec<&Arc<StoredItem>> =
            self.members.stored().filter(|item| ids.contains(&item.id)).collect();
        let groups = |item: &&Arc<StoredItem>| is_container(&portfolio, item);
        let alone = statuses == self.statuses
            && portfolio.aliases().is_empty()
            && !before.iter().copied().chain(&changed).any(|item| groups(&item));
        if !alone {
            let others = self.members.stored().filter(|item| !ids.contains(&item.id));
            let mut stored: Vec<Arc<StoredItem>> = others.chain(&changed).cloned().collect();
            stored.sort_by(|a, b| a.id.cmp(&b.id));
            return Self::laid_out(store, portfolio, None, stored, statuses).await;
        }
        // Whoever lives on under a key that came or went is decided again.
        let keys: BTreeSet<&str> =
            before.iter().copied().chain(&changed).map(|i| i.attributes.key.as_str()).collect();
        let follows = |item: &&Arc<StoredItem>| {
            !ids.contains(&item.id) && departed::goes_to(item).is_some_and(|to| keys.contains(to))
        };
        let again: Vec<Arc<StoredItem>> =
            self.members.stored().filter(follows).chain(&changed).cloned().collect();
        let others = self.members.stored().filter(|item| !ids.contains(&item.id));
        let living = departed::living(others.chain(&changed).map(AsRef::as_ref));
        let mut members = self.members.clone();
        let mut states = self.dataset.states.clone();
        let ground = Ground {
            portfolio: &portfolio,
            epics: &self.epics,
            statuses: &statuses,
            mirrors: &BTreeSet::new(),
            living: &living,
        };
        members.place(&ground, again, &mut states);
        let epics = Arc::clone(&self.epics);
        Self::completed(store, portfolio, None, (members, epics, statuses, states)).await
    }

    /// Places all of `stored`, which are sorted by id.
    async fn laid_out(
        store: &Store,
        portfolio: Arc<Portfolio>,
        at: Option<Timestamp>,
        stored: Vec<Arc<StoredItem>>,
        statuses: Statuses,
    ) -> Result<Self, StoreError> {
        let groups = |item: &&Arc<StoredItem>| {
            is_container(&portfolio, item) && departed::still_groups(item)
        };
        let containers: Vec<Known<'_>> =
            stored.iter().filter(groups).map(|item| known(item)).collect();
        let epics = Arc::new(portfolio.epics(&containers, &statuses));
        let mirrors = mirrors(&portfolio, &stored);
        let living = departed::living(stored.iter().map(AsRef::as_ref));
        let ground = Ground {
            portfolio: &portfolio,
            epics: &epics,
            statuses: &statuses,
            mirrors: &mirrors,
            living: &living,
        };
        let (mut members, mut states) = (Members::default(), States::default());
        members.place(&ground, stored, &mut states);
        Self::completed(store, portfolio, at, (members, epics, statuses, states)).await
    }

    /// Adds what is told of several items together, and what is recorded beside them.
    async fn completed(
        store: &Store,
        portfolio: Arc<Portfolio>,
        at: Option<Timestamp>,
        placed: (Members, Arc<EpicIndex>, Statuses, States),
    ) -> Result<Self, StoreError> {
        let (members, epics, statuses, states) = placed;
        let mut dataset = declared(&portfolio, &epics);
        dataset.states = states;
        dataset.unknown_statuses = unknown_statuses(&members.flowing);
        dataset.items = members.flowing.iter().map(|one| Arc::clone(&one.facts)).collect();
        dataset.links = links::facts(&members.flowing);
        dataset.releases = releases::facts(&store.releases(at).await?, &members.flowing);
        let events = store.integrations(at).await?;
        dataset.integrations = integrations::facts(&events, &dataset.items, &epics);
        for stream in observable_waiting(&portfolio, &members.flowing) {
            dataset.streams[stream.0 as usize].waiting_observable = true;
        }
        recorded(&mut dataset, store, at).await?;
        Ok(Self { portfolio, dataset: Arc::new(dataset), epics, statuses, members })
    }

    /// Flow items with what was decided about them, in the order of the dataset. Those that left
    /// are among them with their past.
    pub(super) fn flowing(&self) -> &[Arc<Flowing>] {
        &self.members.flowing
    }

    /// Items that do not flow: containers, sub-tasks, mirrors, those that live on as another one.
    pub(super) fn aside(&self) -> &[Arc<Aside>] {
        &self.members.aside
    }

    /// The map with the coverage of every flow item.
    #[must_use]
    pub fn map(&self, at: Timestamp) -> MapView {
        let window = drawn::window(at, self.portfolio.zone());
        let views: Vec<(Known<'_>, &Placed, i64)> = self
            .flowing()
            .iter()
            .filter(|one| one.item.removed.is_none())
            .map(|one| {
                let mut active = 0;
                drawn::drawn(&one.placed.segments, &one.placed.activity, window, |_, part| {
                    active += part.millis();
                });
                (known(&one.item), &one.placed, active)
            })
            .collect();
        let views = views.iter().map(|(item, placed, active)| (item, *placed, *active));
        self.portfolio.map(at, &self.epics, views)
    }
}

fn declared(portfolio: &Portfolio, epics: &EpicIndex) -> Dataset {
    Dataset {
        portfolio: portfolio.name().to_owned(),
        zone: portfolio.zone(),
        vocabulary: portfolio.vocabulary(),
        streams: portfolio
            .streams()
            .iter()
            .map(|stream| Stream {
                id: stream.id.clone(),
                name: stream.name.clone(),
                kind: stream.kind,
                publish: stream.publish,
                waiting_observable: false,
            })
            .collect(),
        stream_valid: portfolio.streams().iter().map(|stream| stream.valid).collect(),
        governance_mapped: portfolio.maps_kind(Kind::Governance),
        teams: portfolio
            .teams()
            .iter()
            .map(|team| Team {
                id: team.id.clone(),
                name: team.name.clone(),
                home: team.home.clone(),
                weight: team.weight.clone(),
                valid: team.valid,
            })
            .collect(),
        epics: epics
            .entries()
            .iter()
            .map(|epic| Epic {
                id: epic.id.clone(),
                title: epic.title.clone(),
                stream: epic.stream(),
                theme: epic.theme,
                horizon: epic.horizon.clone(),
                context: epic.context,
                hypothesis: epic.hypothesis.clone(),
                outcome: epic.outcome.clone(),
                states: epic.states.clone(),
            })
            .collect(),
        themes: portfolio
            .themes()
            .iter()
            .map(|theme| Theme { id: theme.id.clone(), name: theme.name.clone() })
            .collect(),
        intents: portfolio.intents().to_vec(),
        outcomes: portfolio.outcomes().iter().map(|outcome| outcome.measure.clone()).collect(),
        cadences: portfolio.cadences().to_vec(),
        stream_cadences: portfolio.stream_cadences().to_vec(),
        guardrails: portfolio.guardrails().to_vec(),
        ..Dataset::default()
    }
}

/// The statuses of every connection.
async fn statuses(store: &Store, at: Option<Timestamp>) -> Result<Statuses, StoreError> {
    let mut by_connection: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (connection, entry) in store.statuses(at).await? {
        by_connection.entry(connection).or_default().push(entry);
    }
    Ok(Statuses::new(by_connection.iter().map(|(id, entries)| (id, entries.as_slice()))))
}

/// Statuses whose category nobody knows, with the items that passed through them.
fn unknown_statuses(items: &[Arc<Flowing>]) -> Vec<(String, u64)> {
    let mut counts: BTreeMap<&String, u64> = BTreeMap::new();
    for name in items.iter().flat_map(|one| &one.placed.unknown_statuses) {
        *counts.entry(name).or_default() += 1;
    }
    counts.into_iter().map(|(name, items)| (name.clone(), items)).collect()
}

/// What the portfolio recorded and what the sync could not see.
async fn recorded(
    dataset: &mut Dataset,
    store: &Store,
    at: Option<Timestamp>,
) -> Result<(), StoreError> {
    dataset.decisions = store.decisions(at).await?;
    dataset.readings = store.readings(at).await?;
    dataset
        .readings
        .sort_by(|a, b| (&a.measure, a.at, a.known_at).cmp(&(&b.measure, b.at, b.known_at)));
    dataset.coverage = store
        .coverage(at)
        .await?
        .into_iter()
        .map(|span| CoverageSpan { connection: span.connection.0, period: span.period })
        .collect();
    let mut gaps: BTreeMap<String, u64> = BTreeMap::new();
    for stored in store.gaps(at).await? {
        *gaps.entry(stored.gap.reason).or_default() += 1;
    }
    dataset.gaps = gaps.into_iter().collect();
    Ok(())
}

fn observable_waiting(portfolio: &Portfolio, items: &[Arc<Flowing>]) -> BTreeSet<StreamIx> {
    let mut asked: BTreeMap<(&str, &str), bool> = BTreeMap::new();
    let mut streams = BTreeSet::new();
    for one in items {
        let (connection, project) = (&one.item.id.connection, &one.item.attributes.project);
        let observable = *asked
            .entry((&connection.0, project))
            .or_insert_with(|| portfolio.waiting_observable(connection, project));
        if observable {
            streams.extend(one.placed.segments.iter().filter_map(|segment| segment.stream));
        }
    }
    streams
}
