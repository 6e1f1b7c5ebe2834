//! Store and tracker, side by side.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use streamgauge::clock::SystemClock;
use streamgauge::demo::Stage;
use streamgauge::model::{ConnectionId, Timestamp};
use streamgauge::sim::jira;
use streamgauge::store::{Counts, Store, StoredItem};

/// Everything that a database holds of the trackers.
pub struct Stored {
    items: BTreeMap<(String, String), StoredItem>,
    stamps: BTreeMap<(String, String), Timestamp>,
    pub counts: Counts,
}

impl Stored {
    pub async fn read(url: &str) -> Self {
        let store = Store::open_read_only(url, Arc::new(SystemClock)).await.unwrap();
        let all: Vec<StoredItem> =
            store.fold_items(None, Vec::new(), |all, item| all.push(item)).await.unwrap();
        let mut stamps = BTreeMap::new();
        for connection in ["jira", "github"] {
            let own = all.iter().filter(|item| item.id.connection.0 == connection);
            let ids = own.map(|item| item.id.source.clone()).collect();
            let told = store.stamps(&ConnectionId(connection.into()), ids).await.unwrap();
            let named = told.into_iter().map(|(id, s)| ((connection.to_owned(), id), s.updated_at));
            stamps.extend(named);
        }
        let counts = store.counts().await.unwrap();
        let live = all.into_iter().filter(|item| item.removed.is_none());
        let items = live.map(|item| ((item.id.connection.0.clone(), item.id.source.clone()), item));
        Self { items: items.collect(), stamps, counts }
    }

    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether a live item of the connection has this title.
    pub fn has_title(&self, connection: &str, title: &str) -> bool {
        let own = self.of(connection);
        own.values().any(|(item, _)| item.attributes.title.as_deref() == Some(title))
    }

    /// How many live items a connection has.
    pub fn of_connection(&self, connection: &str) -> usize {
        self.of(connection).len()
    }

    fn of(&self, connection: &str) -> BTreeMap<&str, (&StoredItem, Timestamp)> {
        let own = self.items.iter().filter(|((name, _), _)| name == connection);
        own.map(|(id, item)| (id.1.as_str(), (item, self.stamps[id]))).collect()
    }

    /// Every live item is what its tracker says now, and there is no other.
    pub fn assert_equals_trackers(&self, stage: &Stage) {
        self.assert_equals_jira(stage);
        self.assert_equals_github(stage);
    }

    fn assert_equals_jira(&self, stage: &Stage) {
        let site = jira::lock(&stage.jira.as_ref().unwrap().site);
        let truth = site.dump();
        let stored = self.of("jira");
        let ids: BTreeSet<String> = truth.keys().map(u64::to_string).collect();
        assert_eq!(ids, stored.keys().map(|id| (*id).to_owned()).collect(), "the same issues");
        for (id, truth) in &truth {
            let (item, updated) = stored[id.to_string().as_str()];
            let (name, record) = (&truth.key, site.issue(*id).unwrap());
            let own = &item.attributes;
            assert_eq!(own.key, truth.key);
            assert_eq!(own.project, site.catalogue().projects[&truth.project].key, "{name}");
            assert_eq!(own.status.id, truth.status.to_string(), "{name}: status");
            assert_eq!(own.title.as_ref(), Some(&record.summary), "{name}: title");
            assert_eq!(own.flagged, record.flagged, "{name}: flag");
            let resolution = own.resolution.as_ref().map(|known| known.id.clone());
            assert_eq!(resolution, record.resolution.map(|id| id.to_string()), "{name}");
            let components: BTreeSet<String> =
                own.components.iter().map(|c| c.id.clone()).collect();
            assert_eq!(
                components,
                record.components.iter().map(u64::to_string).collect(),
                "{name}"
            );
            let parent = own.parent.as_ref().and_then(|parent| parent.source.clone());
            assert_eq!(parent, record.parent.map(|id| id.to_string()), "{name}: parent");
            assert_eq!(updated, truth.updated, "{name}: stamp");
            assert_eq!(item.created_at, record.created, "{name}: created");
            let entries: BTreeSet<u64> = truth.histories.iter().copied().collect();
            let known: BTreeSet<&str> = item.history.iter().map(|c| c.id.as_str()).collect();
            for id in known.iter().filter(|id| !id.starts_with('~')) {
                let entry = id.split('.').next().unwrap().parse().unwrap();
                assert!(entries.contains(&entry), "{name}: entry {id} is not Jira's");
            }
            for history in &record.histories {
                for (place, item) in history.items.iter().enumerate() {
                    let read = ["status", "resolution"].contains(&item.field.as_str());
                    let id = format!("{}.{place}", history.id);
                    assert!(!read || known.contains(id.as_str()), "{name}: entry {id} is lost");
                }
            }
        }
    }

    pub fn assert_equals_github(&self, stage: &Stage) {
        let mut truth = stage.github.as_ref().unwrap().site.dump();
        truth.retain(|_, issue| !issue.pull);
        let stored = self.of("github");
        let ids: BTreeSet<&str> = truth.keys().map(String::as_str).collect();
        assert_eq!(ids, stored.keys().copied().collect(), "the same issues");
        for (id, truth) in &truth {
            let (item, updated) = stored[id.as_str()];
            let own = &item.attributes;
            let name = format!("{}#{}", truth.repository, truth.number);
            assert_eq!(own.key, name);
            assert_eq!(own.project, truth.repository, "{name}");
            assert_eq!(own.status.id, truth.state.to_ascii_lowercase(), "{name}: state");
            assert_eq!(own.title.as_ref(), Some(&truth.title), "{name}: title");
            assert_eq!(own.labels.iter().cloned().collect::<BTreeSet<_>>(), truth.labels, "{name}");
            assert_eq!(own.milestone, truth.milestone, "{name}: milestone");
            let parent = own.parent.as_ref().and_then(|parent| parent.source.clone());
            assert_eq!(parent, truth.parent, "{name}: parent");
            let known: BTreeSet<Option<&str>> =
                own.boards.iter().map(|board| board.status.as_deref()).collect();
            let statuses = truth.statuses.values().map(Option::as_deref).collect();
            assert_eq!(known, statuses, "{name}: boards");
            assert_eq!(updated, truth.updated_at, "{name}: stamp");
            assert_eq!(item.created_at, truth.created_at, "{name}: created");
            let events: BTreeSet<&String> = truth.events.iter().collect();
            for change in item.history.iter().filter(|change| !change.id.starts_with('~')) {
                let id = events.iter().any(|event| change.id.starts_with(event.as_str()));
                assert!(id, "{name}: event {} is not GitHub's", change.id);
            }
        }
    }

    /// Item by item, attributes and whole history: the same as another database.
    pub fn assert_equals(&self, other: &Self) {
        assert_eq!(self.items.len(), other.items.len());
        for (id, item) in &self.items {
            let same = other.items.get(id).unwrap_or_else(|| panic!("{id:?} is only in one"));
            assert_eq!(item.attributes, same.attributes, "{id:?}");
            assert_eq!(item.history, same.history, "{id:?}");
            assert_eq!(item.history_complete, same.history_complete, "{id:?}");
        }
    }
}
