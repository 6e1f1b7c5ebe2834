//! What has to hold at every moment, and what once everything has come to rest.

pub mod presence;

use std::collections::{BTreeMap, BTreeSet};

use streamgauge::model::{Change, ConnectionId, Timestamp};
use streamgauge::sim::jira;
use streamgauge::store::{Store, StoredItem};
use streamgauge::sync::Reach;

use super::corpus::{OTHER, PAY, REPOS};
use super::life::{CONNECTIONS, Life, poll};
use super::rest::sweep_twice;
use super::signals;
use super::world::World;

/// How far behind its cursor a usual pull looks, in milliseconds.
const OVERLAP_MS: i64 = 15 * 60_000;

/// How many pages of what was touched meanwhile a walk follows beyond the clock it began at.
const PAGES_BEYOND: usize = 10;

/// What the checks remember from one moment to the next.
#[derive(Default)]
pub struct Oracle {
    cursors: BTreeMap<&'static str, Timestamp>,
    versions: BTreeMap<(String, String), Timestamp>,
    /// Every entry that Jira ever had.
    entries: BTreeSet<u64>,
}

pub fn at_once<T>(future: impl Future<Output = T>) -> T {
    poll(std::pin::pin!(future)).expect("the store works at once")
}

pub fn stored(store: &Store) -> Vec<StoredItem> {
    at_once(store.fold_items(None, Vec::new(), |all, item| all.push(item))).unwrap()
}

/// The tracker's own entry behind a change.
fn entry(id: &str) -> Option<u64> {
    id.split('.').next()?.parse().ok()
}

impl Oracle {
    /// Invariants of every moment; the names are those of the project's documentation.
    pub fn look(&mut self, life: &Life) {
        let scans = [
            ("jira", "projects"),
            ("jira", "PAY"),
            ("jira", "BOOK"),
            ("github", "northwind/checkout"),
            ("github", "northwind/search"),
        ];
        for (connection, scan) in scans {
            let id = ConnectionId(connection.into());
            let cursor = at_once(life.store.cursor(&id, scan)).unwrap().complete;
            let before = self.cursors.get(scan).copied();
            assert!(cursor >= before, "C1: the cursor of {scan} went back");
            if let Some(cursor) = cursor {
                self.cursors.insert(scan, cursor);
                let now = life.world.time().plus_millis(life.swarm.date_skew.max(0));
                assert!(cursor <= now, "C1: the cursor of {scan} is in the future");
            }
        }
        let items = stored(&life.store);
        for connection in CONNECTIONS {
            let own = items.iter().filter(|item| item.id.connection.0 == connection);
            let ids = own.map(|item| item.id.source.clone()).collect();
            let id = ConnectionId(connection.into());
            for (source, stamp) in at_once(life.store.stamps(&id, ids)).unwrap() {
                let version = self.versions.entry((connection.into(), source.clone()));
                let before = version.or_insert(stamp.updated_at);
                let odd = source.parse().is_ok_and(|id| life.ledger.odd.contains(&id));
                let on = stamp.updated_at >= *before || (odd && connection == "jira");
                assert!(on, "C3: {connection}:{source} went back");
                *before = stamp.updated_at;
                if connection == "jira" && stamp.settled && life.swarm.lies == 0 {
                    self.settled_is_complete(life, &items, &source, stamp.updated_at);
                }
            }
        }
        let deceived = life.swarm.lies > 0 || life.ledger.flickered;
        if !life.swarm.lags_for_hours() && !deceived {
            self.nothing_unseen(life, &items);
        }
        presence::nobody_buried_alive(life, &items);
        bounded(life);
    }

    fn settled_is_complete(
        &mut self,
        life: &Life,
        items: &[StoredItem],
        source: &str,
        updated_at: Timestamp,
    ) {
        let site = jira::lock(&life.jira);
        let Some(issue) = site.issue(source.parse().unwrap()) else { return };
        if life.ledger.odd.contains(&issue.id) {
            return;
        }
        let item = items.iter().find(|item| item.id.source == source).unwrap();
        let known: BTreeSet<u64> = item.history.iter().filter_map(|c| entry(&c.id)).collect();
        self.entries.extend(issue.histories.iter().map(|history| history.id));
        for history in issue.histories.iter().filter(|history| history.created <= updated_at) {
            let read = history.items.iter().any(|item| item.field == "status");
            assert!(
                !read || known.contains(&history.id),
                "C4: {} is settled at {updated_at} without its entry {}",
                issue.key,
                history.id
            );
        }
        let invented = known.difference(&self.entries).next();
        assert_eq!(invented, None, "C4: {} holds an entry that Jira never had", issue.key);
    }

    /// C2: what happened before the next lower bound is stored, or is known to be missing.
    fn nothing_unseen(&self, life: &Life, items: &[StoredItem]) {
        let connection = ConnectionId("jira".into());
        let later = at_once(life.store.due_retries(&connection, Timestamp::MAX, u32::MAX)).unwrap();
        let later: BTreeSet<String> = later.into_iter().map(|retry| retry.source).collect();
        let site = jira::lock(&life.jira);
        let dump = site.dump();
        let touched: Vec<Timestamp> = dump.values().map(|issue| issue.updated).collect();
        for (id, truth) in dump {
            let source = id.to_string();
            let scan = match (life.swarm.center, truth.project) {
                (false, _) => "projects",
                (true, PAY) => "PAY",
                (true, _) => "BOOK",
            };
            let Some(cursor) = self.cursors.get(scan) else { continue };
            let bound = cursor.plus_millis(-OVERLAP_MS);
            // What comes back brings no new stamp with it: the next sweep finds it.
            let clouded = life.ledger.closed.contains(&truth.project)
                || life.ledger.left.contains_key(&("jira", source.clone()));
            let came = life.ledger.came.get(&id).is_some_and(|came| *came >= bound);
            let odd = life.ledger.odd.contains(&id);
            let ahead = is_ahead(life, *cursor, truth.updated, &touched);
            if later.contains(&source) || clouded || came || odd || ahead || truth.project == OTHER
            {
                continue;
            }
            let item = items
                .iter()
                .find(|item| item.id.connection.0 == "jira" && item.id.source == source);
            let issue = site.issue(id).unwrap();
            let known: BTreeSet<u64> = item
                .map(|item| item.history.iter().filter_map(|c| entry(&c.id)).collect())
                .unwrap_or_default();
            let due = issue.histories.iter().filter(|history| history.created < bound);
            for history in due {
                let read = history.items.iter().any(|item| item.field == "status");
                assert!(
                    !read || known.contains(&history.id),
                    "C2: the cursor {cursor} passed entry {} of {} at {}",
                    history.id,
                    truth.key,
                    history.created
                );
            }
            assert!(item.is_some() || issue.created >= bound, "C2: {} is not stored", truth.key);
        }
    }
}

/// Whether an issue stands where only the next pull looks, although it was there before the walk.
/// Touched while the walk went on, it moved from the part still to come to its end, where another
/// node of the index did not have it yet, or which lay further out than the walk follows.
fn is_ahead(life: &Life, cursor: Timestamp, updated: Timestamp, all: &[Timestamp]) -> bool {
    if let Some(behind) = life.swarm.second_index {
        let latest = behind + life.swarm.lag + life.swarm.lag_spread;
        return updated >= cursor.plus_millis(-i64::try_from(latest.as_millis()).unwrap());
    }
    let beyond = all.iter().filter(|touched| **touched >= cursor).count();
    updated >= cursor && beyond >= PAGES_BEYOND * life.swarm.page
}

/// C8: nothing grows with time.
fn bounded(life: &Life) {
    let counts = at_once(life.store.counts()).unwrap();
    // A transfer makes an issue with an id of its own.
    let made = ["created", "transferred"].map(|what| life.happened.get(what).unwrap_or(&0));
    let items = counts.items + counts.removed + made.into_iter().sum::<u64>();
    assert!(counts.hints <= items, "C8: {} hints for {items} items", counts.hints);
    assert!(counts.retries <= items, "C8: {} retries for {items} items", counts.retries);
    let waiting = life.world.waiting().len();
    assert!(waiting <= 32 * life.swarm.processes, "C8: {waiting} answers are waited for");
}

/// Q2 and Q3: everything that exists is stored as it is, and nothing else is alive.
pub fn equals_trackers(life: &Life) {
    let items = stored(&life.store);
    let live = |connection: &str| -> BTreeMap<String, &StoredItem> {
        let own = items.iter().filter(|i| i.id.connection.0 == connection && i.removed.is_none());
        own.map(|item| (item.id.source.clone(), item)).collect()
    };
    let site = jira::lock(&life.jira);
    let (mut truth, known) = (site.dump(), live("jira"));
    truth.retain(|_, issue| issue.project != OTHER);
    let ids: BTreeSet<String> = truth.keys().map(u64::to_string).collect();
    assert_eq!(ids, known.keys().cloned().collect(), "Q2: the issues of Jira");
    for (id, truth) in &truth {
        let (item, issue) = (known[&id.to_string()], site.issue(*id).unwrap());
        let own = &item.attributes;
        let name = &truth.key;
        assert_eq!(&own.key, name, "Q3");
        assert_eq!(own.status.id, truth.status.to_string(), "Q3: status of {name}");
        assert_eq!(own.title.as_ref(), Some(&issue.summary), "Q3: title of {name}");
        assert_eq!(own.labels, issue.labels, "Q3: labels of {name}");
        let components: Vec<String> = own.components.iter().map(|c| c.id.clone()).collect();
        let expected: Vec<String> = issue.components.iter().map(u64::to_string).collect();
        assert_eq!(components, expected, "Q3: components of {name}");
        assert_eq!(own.links.len(), links(issue), "Q3: links of {name}");
        let known: BTreeSet<u64> = item.history.iter().filter_map(|c| entry(&c.id)).collect();
        for history in &issue.histories {
            let read = history.items.iter().any(|item| item.field == "status");
            assert!(!read || known.contains(&history.id), "Q3: entry {} of {name}", history.id);
        }
        let extra = known.iter().find(|id| !truth.histories.contains(id));
        assert_eq!(extra, None, "Q3: {name} holds an entry that Jira never had");
    }
    let (mut truth, known) = (life.github.dump(), live("github"));
    truth.retain(|_, issue| !issue.pull && is_open(life, &issue.repository));
    let ids: BTreeSet<&String> = truth.keys().collect();
    let missing = ids.iter().find(|id| !known.contains_key(**id));
    let missing = missing.map(|id| items.iter().find(|item| item.id.source == **id));
    assert_eq!(ids, known.keys().collect(), "Q2: the issues of GitHub; {missing:?}");
    for (id, truth) in &truth {
        let own = &known[id].attributes;
        let name = format!("{}#{}", truth.repository, truth.number);
        assert_eq!(own.status.id, truth.state.to_ascii_lowercase(), "Q3: state of {name}");
        let labels: BTreeSet<String> = own.labels.iter().cloned().collect();
        assert_eq!(labels, truth.labels, "Q3: labels of {name}");
        let boards: BTreeSet<Option<&str>> =
            own.boards.iter().map(|board| board.status.as_deref()).collect();
        let expected = truth.statuses.values().map(Option::as_deref).collect();
        assert_eq!(boards, expected, "Q3: boards of {name}");
    }
    let counts = at_once(life.store.counts()).unwrap();
    assert_eq!((counts.hints, counts.retries), (0, 0), "Q4: nothing waits");
}

/// Whether a repository is ours, and open.
fn is_open(life: &Life, repository: &str) -> bool {
    let names = ["northwind/checkout", "northwind/search"];
    let mut ours = REPOS.iter().zip(names).filter(|(_, name)| *name == repository);
    ours.any(|(repo, _)| !life.ledger.shut.contains_key(repo))
}

/// Links that differ in relation or other end.
fn links(issue: &jira::records::IssueRecord) -> usize {
    let distinct: BTreeSet<(bool, u64)> =
        issue.links.iter().map(|link| (link.outward, link.issue)).collect();
    distinct.len()
}

/// Q5: a process that begins with nothing sees the same.
pub async fn equals_a_fresh_sync(life: &mut Life) {
    let truth = World::at(life.world.time()).clock(usize::MAX, 0);
    let fresh = Store::open_inline("sqlite::memory:", truth).await.unwrap();
    let old = std::mem::replace(&mut life.store, fresh);
    life.begin_anew();
    life.quiet_round(Reach::Full).await;
    if life.swarm.sweeps > 0 {
        sweep_twice(life).await;
    }
    let fresh = std::mem::replace(&mut life.store, old);
    let key = |item: &StoredItem| item.id.clone();
    let mine: BTreeMap<_, _> = stored(&life.store)
        .into_iter()
        .filter(|item| item.removed.is_none())
        .map(|item| (key(&item), item))
        .collect();
    let theirs: BTreeMap<_, _> = stored(&fresh)
        .into_iter()
        .filter(|item| item.removed.is_none())
        .map(|item| (key(&item), item))
        .collect();
    assert!(mine.keys().eq(theirs.keys()), "Q5: the same items");
    let pulled = life.github.dump();
    let mut alike = true;
    for (id, item) in &mine {
        // The end of a pull request moves no stamp of the issue that it was to close, unless it
        // closes it: the next reader of the issue learns it.
        let stamp = pulled.get(&id.source).map(|issue| issue.updated_at);
        let late = |at: Timestamp| stamp.is_some_and(|stamp| at > stamp);
        let other = &theirs[id];
        let attributes = |item: &StoredItem| {
            let mut own = item.attributes.clone();
            own.closing_pulls.iter_mut().for_each(|pull| {
                pull.merged_at = pull.merged_at.filter(|at| !late(*at));
            });
            own
        };
        assert_eq!(attributes(item), attributes(other), "Q5: {id}");
        let unstamped = |change: &Change| change.id.starts_with("~pull-ended:") && late(change.at);
        // What polls of a board saw in between, a later reader cannot know.
        let told = |item: &StoredItem| -> Vec<_> {
            let kept = |change: &&Change| !change.outlives_reads() && !unstamped(change);
            item.history.iter().filter(kept).cloned().collect()
        };
        assert_eq!(told(item), told(other), "Q5: history of {id}");
        alike &= item.attributes == other.attributes
            && item.history.iter().chain(&other.history).all(|change| !unstamped(change));
    }
    if alike && signals::equal(&life.store, &fresh) {
        life.note("signals of a fresh sync", "");
    }
}
