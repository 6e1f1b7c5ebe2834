//! Loads what is known at an instant, places it, and lays out the input of the signals.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{departed, links, releases};
use crate::model::{ItemId, Kind, Level, States, StreamIx, Timestamp};
use crate::portfolio::{EpicIndex, Known, MapView, Placed, Portfolio, Statuses};
use crate::signals::attention::drawn;
use crate::signals::dataset::{CoverageSpan, Dataset, Epic, ItemFacts, Stream, Team, Theme};
use crate::store::{Store, StoreError, StoredItem};

/// Everything known at one instant, placed by one portfolio.
#[derive(Debug)]
pub struct World {
    pub portfolio: Arc<Portfolio>,
    pub dataset: Dataset,
    pub epics: EpicIndex,
    pub statuses: Statuses,
    /// Flow items with what was decided about them, in the order of the dataset. Those that left
    /// are among them with their past.
    pub(super) items: Vec<(StoredItem, Placed)>,
    /// Items that do not flow: containers, sub-tasks, mirrors, those that live on as another one.
    pub(super) others: Vec<(StoredItem, Option<Placed>)>,
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

impl World {
    /// # Errors
    /// The store does not answer.
    pub async fn build(
        store: &Store,
        portfolio: Arc<Portfolio>,
        at: Option<Timestamp>,
    ) -> Result<Self, StoreError> {
        let stored = store
            .fold_items(at, Vec::new(), |items: &mut Vec<StoredItem>, item| items.push(item))
            .await?;
        let listed = store.statuses(at).await?;
        let mut by_connection: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (connection, entry) in listed {
            by_connection.entry(connection).or_default().push(entry);
        }
        let statuses =
            Statuses::new(by_connection.iter().map(|(id, entries)| (id, entries.as_slice())));
        let mirrors = mirrors(&portfolio, &stored);
        let is_container = |item: &StoredItem| {
            item.attributes.level == Level::Container
                || portfolio.declares_epic(&item.attributes.key)
        };
        let groups = |item: &&StoredItem| is_container(item) && departed::still_groups(item);
        let containers: Vec<Known<'_>> = stored.iter().filter(groups).map(known).collect();
        let epics = portfolio.epics(&containers, &statuses);
        drop(containers);

        let mut states = States::default();
        let (mut items, mut others) = (Vec::new(), Vec::new());
        let living = departed::living(&stored);
        for item in stored {
            let goes_on = departed::goes_on(&item, &living);
            if goes_on || mirrors.contains(&item.id) || is_container(&item) {
                others.push((item, None));
                continue;
            }
            let mut placed = portfolio.place(&known(&item), &epics, &statuses, &mut states);
            if let Some(removed) = &item.removed {
                departed::cut(&mut placed.segments, removed.at, &mut states);
            }
            match placed.flows {
                Ok(()) => items.push((item, placed)),
                Err(_) => others.push((item, Some(placed))),
            }
        }
        items.sort_by(|(a, _), (b, _)| (&a.attributes.key, &a.id).cmp(&(&b.attributes.key, &b.id)));
        let mut dataset = declared(&portfolio, &epics);
        dataset.states = states;
        dataset.unknown_statuses = unknown_statuses(&items);
        dataset.items = items.iter().map(|(item, placed)| facts(item, placed)).collect();
        dataset.links = links::facts(&items);
        dataset.releases = releases::facts(&store.releases(at).await?, &items, &dataset.items);
        for stream in observable_waiting(&portfolio, &items) {
            dataset.streams[stream.0 as usize].waiting_observable = true;
        }
        recorded(&mut dataset, store, at).await?;
        Ok(Self { portfolio, dataset, epics, statuses, items, others })
    }

    /// The map with the coverage of every flow item.
    #[must_use]
    pub fn map(&self, at: Timestamp) -> MapView {
        let window = drawn::window(at, self.portfolio.zone());
        let views: Vec<(Known<'_>, &Placed, i64)> = self
            .items
            .iter()
            .filter(|(item, _)| item.removed.is_none())
            .map(|(item, placed)| {
                let mut active = 0;
                drawn::drawn(&placed.segments, &placed.activity, window, |_, part| {
                    active += part.millis();
                });
                (known(item), placed, active)
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
        guardrails: portfolio.guardrails().to_vec(),
        ..Dataset::default()
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

/// Statuses whose category nobody knows, with the items that passed through them.
fn unknown_statuses(items: &[(StoredItem, Placed)]) -> Vec<(String, u64)> {
    let mut counts: BTreeMap<&String, u64> = BTreeMap::new();
    for name in items.iter().flat_map(|(_, placed)| &placed.unknown_statuses) {
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

/// Items that repeat the work of another one: all but the first of each declared alias set, by the
/// portfolio's order of trackers.
fn mirrors(portfolio: &Portfolio, stored: &[StoredItem]) -> BTreeSet<ItemId> {
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

fn observable_waiting(portfolio: &Portfolio, items: &[(StoredItem, Placed)]) -> BTreeSet<StreamIx> {
    let mut asked: BTreeMap<(String, String), bool> = BTreeMap::new();
    let mut streams = BTreeSet::new();
    for (item, placed) in items {
        let key = (item.id.connection.0.clone(), item.attributes.project.clone());
        let observable = *asked.entry(key).or_insert_with(|| {
            portfolio.waiting_observable(&item.id.connection, &item.attributes.project)
        });
        if observable {
            streams.extend(placed.segments.iter().filter_map(|segment| segment.stream));
        }
    }
    streams
}
