//! Loads what is known at an instant, places it, and lays out the input of the signals. A world
//! that only needs to catch up places again what changed.
//!
//! What the places of others rest on is read first; then the items pass by one after another, and
//! only what the world keeps of them stays.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::beside::{Beside, Changes, Tally};
use super::departed;
use super::members::{Flowing, Ground, Members, is_container, known, mirrors};
use super::{integrations, links, releases};
use crate::model::{ItemId, Kind, States, Timestamp};
use crate::portfolio::{Covered, EpicIndex, Explanation, Known, MapView, Portfolio, Statuses};
use crate::signals::attention::drawn;
use crate::signals::dataset::{CoverageSpan, Dataset, Epic, Stream, Team, Theme};
use crate::signals::pieces::Pieces;
use crate::signals::shift::Shift;
use crate::store::{PurgeRecord, Store, StoreError, StoredItem};

/// Everything known at one instant, placed by one portfolio.
#[derive(Debug)]
pub struct World {
    pub portfolio: Arc<Portfolio>,
    pub dataset: Arc<Dataset>,
    pub epics: Arc<EpicIndex>,
    ground: Ground,
    members: Members,
    beside: Beside,
}

impl World {
    /// # Errors
    /// The store does not answer.
    pub async fn build(
        store: &Store,
        portfolio: Arc<Portfolio>,
        at: Option<Timestamp>,
    ) -> Result<Self, StoreError> {
        let statuses = statuses(store, at).await?;
        let mut apart = apart(store, &portfolio, at).await?;
        loop {
            let ground = ground(store, &portfolio, &statuses, &apart, at).await?;
            let groups = |item: &&StoredItem| is_container(&portfolio, item);
            let expected: BTreeSet<ItemId> =
                apart.iter().filter(groups).map(|item| item.id.clone()).collect();
            let begin = (Members::default(), States::default(), Vec::new(), ground);
            let placed = store.fold_items(at, begin, move |state, item| {
                let (members, states, unexpected, ground) = state;
                members.add(ground, &item, states);
                if is_container(&ground.portfolio, &item) && !expected.contains(&item.id) {
                    unexpected.push(item);
                }
            });
            let (mut members, states, unexpected, ground) = placed.await?;
            if unexpected.is_empty() {
                members.sort();
                return Self::completed(store, at, (members, ground, states)).await;
            }
            // It came while the others were read, or is written otherwise in the portfolio file.
            apart.extend(unexpected);
            apart.sort_by(|a, b| a.id.cmp(&b.id));
            apart.dedup_by(|a, b| a.id == b.id);
        }
    }

    /// The world of now, from one of `since`: what changed is placed again, and everything where
    /// something changed on which the places of others rest. The same as building it anew.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn caught_up(&self, store: &Store, since: u64) -> Result<Self, StoreError> {
        let mut changed = store.changed_since(since).await?;
        let statuses = statuses(store, None).await?;
        let portfolio = Arc::clone(&self.portfolio);
        let before: Vec<Option<(bool, &str)>> =
            changed.iter().map(|item| self.members.before(item)).collect();
        let grouped = before.iter().flatten().any(|(groups, _)| *groups);
        let groups = |item: &StoredItem| is_container(&portfolio, item);
        let alone = statuses == self.ground.statuses
            && portfolio.aliases().is_empty()
            && !grouped
            && !changed.iter().any(groups);
        if !alone {
            return Self::build(store, portfolio, None).await;
        }
        // Whoever lives on under a key that came or went is decided again.
        let mut keys: BTreeSet<&str> = before.iter().flatten().map(|(_, key)| *key).collect();
        keys.extend(changed.iter().map(|item| item.attributes.key.as_str()));
        let ids: BTreeSet<&ItemId> = changed.iter().map(|item| &item.id).collect();
        let follows = self.members.left().filter(|(to, _)| keys.contains(to.as_str()));
        let follow: Vec<(String, ItemId)> = follows
            .flat_map(|(_, items)| items)
            .filter(|(_, id)| !ids.contains(id))
            .cloned()
            .collect();
        let mut members = self.members.clone();
        members.forget(&changed);
        let there = |key: &str| {
            let own = |item: &StoredItem| item.removed.is_none() && item.attributes.key == key;
            members.has(key) || changed.iter().any(own)
        };
        let stay = members.left().map(|(to, _)| to.as_str());
        let wanted: BTreeSet<&str> =
            stay.chain(changed.iter().filter_map(departed::goes_to)).collect();
        let living = wanted.into_iter().filter(|to| there(to)).map(str::to_owned).collect();
        let known = changed.len();
        for (key, id) in follow {
            let found = store.items_by_key(&key, None).await?;
            changed.extend(found.into_iter().filter(|item| item.id == id));
        }
        members.forget(&changed[known..]);
        let ground = Ground { statuses, living, ..self.ground.clone() };
        let mut dataset = Dataset::clone(&self.dataset);
        members.place(&ground, &changed, &mut dataset.states);
        let (gone, come) = self.members.flowing.changes(&members.flowing);
        let changes = Changes { shift: Shift::new(&gone, &come), gone, come };
        for (place, _) in changes.gone.iter().rev() {
            dataset.items.remove(*place);
        }
        for (place, one) in &changes.come {
            dataset.items.insert(*place, Arc::clone(&one.facts));
        }
        let mut beside = self.beside.clone();
        beside.tally.exchange(&portfolio, &changes);
        if !links::mend(&mut dataset.links, &beside.named, &changes) {
            (dataset.links, beside.named) = links::facts(&members.flowing);
        }
        let releases = store.releases(None).await?;
        if beside.releases == releases {
            releases::mend(&mut dataset.releases, &releases, &changes);
        } else {
            dataset.releases = releases::facts(&releases, &members.flowing);
            beside.releases = releases;
        }
        let events = store.integrations(None).await?;
        if beside.events != events
            || !integrations::mend(&mut dataset.integrations, &events, &changes)
        {
            dataset.integrations = integrations::facts(&events, &dataset.items, &ground.epics);
            beside.events = events;
        }
        beside.tally.tell(&mut dataset);
        Self::recorded(store, None, (members, ground, dataset, beside)).await
    }

    /// Adds what is told of several items together, and what is recorded beside them.
    async fn completed(
        store: &Store,
        at: Option<Timestamp>,
        placed: (Members, Ground, States),
    ) -> Result<Self, StoreError> {
        let (members, ground, states) = placed;
        let mut dataset = declared(&ground.portfolio, &ground.epics);
        dataset.states = states;
        dataset.items = members.flowing.iter().map(|one| Arc::clone(&one.facts)).collect();
        let mut beside = Beside {
            releases: store.releases(at).await?,
            events: store.integrations(at).await?,
            ..Beside::default()
        };
        (dataset.links, beside.named) = links::facts(&members.flowing);
        dataset.releases = releases::facts(&beside.releases, &members.flowing);
        dataset.integrations = integrations::facts(&beside.events, &dataset.items, &ground.epics);
        beside.tally = Tally::of(&ground.portfolio, &members.flowing);
        beside.tally.tell(&mut dataset);
        Self::recorded(store, at, (members, ground, dataset, beside)).await
    }

    async fn recorded(
        store: &Store,
        at: Option<Timestamp>,
        (members, ground, mut dataset, beside): (Members, Ground, Dataset, Beside),
    ) -> Result<Self, StoreError> {
        recorded(&mut dataset, store, at).await?;
        let (portfolio, epics) = (Arc::clone(&ground.portfolio), Arc::clone(&ground.epics));
        Ok(Self { portfolio, dataset: Arc::new(dataset), epics, ground, members, beside })
    }

    /// Flow items with what was decided about them, in the order of the dataset. Those that left
    /// are among them with their past.
    pub(super) fn flowing(&self) -> &Pieces<Flowing> {
        &self.members.flowing
    }

    /// The place of an item in the dataset; `None` where it does not flow, or is not known.
    pub(super) fn place_of(&self, key: &str, id: &ItemId) -> Option<usize> {
        self.members.find(key, id).ok()
    }

    /// What every place rests on.
    pub(super) fn ground(&self) -> &Ground {
        &self.ground
    }

    /// The reasons for the place of a stored item.
    pub(super) fn explain(&self, item: &StoredItem) -> Explanation {
        self.portfolio.explain(&known(item), &self.epics, &self.ground.statuses)
    }

    /// The map with the coverage of every flow item.
    #[must_use]
    pub fn map(&self, at: Timestamp) -> MapView {
        let window = drawn::window(at, self.portfolio.zone());
        let there = self.flowing().iter().filter(|one| one.kept.removed().is_none());
        let views = there.map(|one| {
            let mut active = 0;
            drawn::drawn(&one.facts.segments, &one.facts.activity, window, |_, part| {
                active += part.millis();
            });
            let (home, astray) = (&one.kept.home, one.kept.astray());
            Covered {
                key: &one.facts.key,
                tracker: home.tracker,
                connection: &home.connection.0,
                project: &home.project,
                components: astray.map_or_else(Vec::new, |one| texts(&one.components)),
                labels: astray.map_or_else(Vec::new, |one| texts(&one.labels)),
                astray: astray.map(|one| &one.status),
                inferred: one.inferred,
                active,
            }
        });
        self.portfolio.map(at, &self.epics, views)
    }
}

impl Ground {
    /// What places rest on by any portfolio.
    ///
    /// # Errors
    /// The store does not answer.
    pub(super) async fn read(
        store: &Store,
        portfolio: &Arc<Portfolio>,
        at: Option<Timestamp>,
    ) -> Result<Self, StoreError> {
        let apart = apart(store, portfolio, at).await?;
        ground(store, portfolio, &statuses(store, at).await?, &apart, at).await
    }
}

fn texts(list: &[String]) -> Vec<&str> {
    list.iter().map(String::as_str).collect()
}

/// Items on which the places of others rest: containers and those with an alias, sorted by id.
async fn apart(
    store: &Store,
    portfolio: &Arc<Portfolio>,
    at: Option<Timestamp>,
) -> Result<Vec<StoredItem>, StoreError> {
    let aliases = portfolio.aliases().iter().flat_map(|alias| &alias.keys);
    if at.is_none() {
        let declared = portfolio.declared_epics().iter().map(|epic| &epic.key);
        let keys = declared.chain(aliases).cloned().collect();
        return store.containers_and(keys).await;
    }
    let (aliases, portfolio): (BTreeSet<String>, _) =
        (aliases.cloned().collect(), Arc::clone(portfolio));
    let keep = move |list: &mut Vec<StoredItem>, item: StoredItem| {
        if is_container(&portfolio, &item) || aliases.contains(&item.attributes.key) {
            list.push(item);
        }
    };
    store.fold_items(at, Vec::new(), keep).await
}

async fn ground(
    store: &Store,
    portfolio: &Arc<Portfolio>,
    statuses: &Statuses,
    apart: &[StoredItem],
    at: Option<Timestamp>,
) -> Result<Ground, StoreError> {
    let groups = |item: &&StoredItem| is_container(portfolio, item) && departed::still_groups(item);
    let containers: Vec<Known<'_>> = apart.iter().filter(groups).map(known).collect();
    let epics = Arc::new(portfolio.epics(&containers, statuses));
    let mut living = BTreeSet::new();
    for key in store.departed_to(at).await? {
        let found = store.items_by_key(&key, at).await?;
        if found.iter().any(|item| item.removed.is_none() && item.attributes.key == key) {
            living.insert(key);
        }
    }
    Ok(Ground {
        portfolio: Arc::clone(portfolio),
        epics,
        statuses: statuses.clone(),
        mirrors: mirrors(portfolio, apart),
        living,
    })
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
    dataset.purged = purged(&store.purged().await?);
    Ok(())
}

/// What was purged, in one line each; single items of a connection together, for their keys are gone.
fn purged(records: &[PurgeRecord]) -> Vec<(String, u64, Timestamp)> {
    let mut told: BTreeMap<String, (u64, Timestamp)> = BTreeMap::new();
    for record in records {
        let PurgeRecord { what, items, at } = record;
        let from = what.project.clone().unwrap_or_else(|| what.connection.0.clone());
        let (sum, newest) = told.entry(from).or_insert((0, *at));
        (*sum, *newest) = (*sum + items, (*newest).max(*at));
    }
    told.into_iter().map(|(from, (items, at))| (from, items, at)).collect()
}
