//! A world that caught up with what changed is the world that is placed from scratch.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::time::Duration;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use streamgauge::clock::ManualClock;
use streamgauge::gauge::{Gauge, World};
use streamgauge::model::{
    Attributes, Change, ConnectionId, Departure, Integration, Item, ItemId, ItemRef, Level, Link,
    Named, Precision, Relation, Release, StateIx, StatusEntry, Timestamp, TrackerKind, What,
};
use streamgauge::portfolio::Portfolio;
use streamgauge::store::{Lease, Store};

use crate::support::batch::batch;

const PORTFOLIO: &str = r#"
name = "Northwind"
timezone = "Europe/Berlin"
[[stream]]
id = "payments"
[[stream]]
id = "booking"
[[team]]
id = "checkout"
stream = "payments"
claims = [{ jira = "PAY" }, { label = "team:checkout" }]
[[team]]
id = "booking"
stream = "booking"
claims = [{ jira = "BOOK" }, { github = "northwind/search" }]
[[epic]]
ref = "PAY-1"
title = "Refunds"
stream = "payments"
[[workflow]]
connection = "jira"
project = "PAY"
waiting = ["Review"]
"#;

const STATUSES: [(&str, &str); 4] =
    [("To do", "new"), ("Doing", "indeterminate"), ("Review", "indeterminate"), ("Done", "done")];
const VERSIONS: [&str; 3] = ["v1", "v2", "v3"];

/// A store of which one process has followed everything, and what its trackers hold.
struct Life {
    rng: ChaCha8Rng,
    store: Store,
    jira: Lease,
    github: Lease,
    items: Vec<Item>,
    /// Minutes since the beginning.
    now: i64,
    done: &'static str,
}

fn at(minute: i64) -> Timestamp {
    Timestamp::parse("2026-06-15T06:00:00Z").unwrap().plus_millis(minute * 60_000)
}

fn named(ix: usize) -> Named {
    Named::new(ix.to_string(), STATUSES[ix].0)
}

fn refers(item: &Item) -> ItemRef {
    ItemRef { source: Some(item.id.source.clone()), key: Some(item.attributes.key.clone()) }
}

impl Life {
    async fn new(seed: u64, store: Store) -> Self {
        let lease = async |name: &str| {
            let lease = store.acquire(name, "test", Duration::from_secs(86_400)).await;
            lease.unwrap().unwrap()
        };
        let (jira, github) = (lease("jira").await, lease("github").await);
        let rng = ChaCha8Rng::seed_from_u64(seed);
        let mut life = Self { rng, store, jira, github, items: Vec::new(), now: 0, done: "began" };
        for _ in 0..60 {
            life.create().await;
        }
        life.publish().await;
        life
    }

    fn any(&mut self) -> usize {
        self.rng.random_range(0..self.items.len())
    }

    fn is_jira(item: &Item) -> bool {
        item.id.connection.0 == "jira"
    }

    async fn step(&mut self) {
        self.now += self.rng.random_range(1..600);
        let which = self.rng.random_range(0..12);
        self.done = match which {
            0 => "a new item",
            1..4 => "a move",
            4 => "a link more or less",
            5 => "a version more or less",
            6 => "another key",
            7 => "a departure",
            8 => "a return",
            9 => "a catalogue",
            10 => "an event",
            _ => "another label",
        };
        match which {
            0 => self.create().await,
            1..4 => self.walk().await,
            4 => self.link().await,
            5 => self.version().await,
            6 => self.rename().await,
            7 => self.depart().await,
            8 => self.come_back().await,
            9 => self.publish().await,
            10 => self.event().await,
            _ => self.label().await,
        }
    }

    /// Tells the store of an item as it is now.
    async fn apply(&mut self, ix: usize) {
        let now = at(self.now);
        let item = &mut self.items[ix];
        item.updated_at = now;
        let (lease, kind, name) = match Self::is_jira(item) {
            true => (&self.jira, TrackerKind::Jira, "jira"),
            false => (&self.github, TrackerKind::GitHub, "github"),
        };
        let batch = batch(name, kind, vec![item.clone()], now);
        self.store.apply(lease, batch).await.unwrap();
    }

    async fn create(&mut self) {
        let nth = self.items.len();
        let jira = self.rng.random_bool(0.7);
        let project = if self.rng.random_bool(0.6) { "PAY" } else { "BOOK" };
        let (connection, key, project) = if jira {
            ("jira", format!("{project}-{}", nth + 2), project.to_owned())
        } else {
            let home = "northwind/search".to_owned();
            ("github", format!("{home}#{nth}"), home)
        };
        let status = if jira { named(0) } else { Named::new("open", "open") };
        let id =
            ItemId { connection: ConnectionId(connection.to_owned()), source: nth.to_string() };
        let attributes =
            Attributes { key, project, status, level: Level::Standard, ..Attributes::default() };
        let (created_at, updated_at) = (at(self.now - 5_000), at(self.now));
        let (history, history_complete) = (Vec::new(), true);
        let item = Item { id, created_at, updated_at, attributes, history, history_complete };
        self.items.push(item);
        self.apply(nth).await;
    }

    /// Into another state, now or some days ago.
    async fn walk(&mut self) {
        let (ix, to) = (self.any(), self.rng.random_range(0..4));
        let ago = if self.rng.random_bool(0.7) { 1 } else { self.rng.random_range(1..4_000) };
        let (when, item) = (at(self.now - ago), &mut self.items[ix]);
        let id = format!("c{}", self.now);
        let what = if Self::is_jira(item) {
            let from = std::mem::replace(&mut item.attributes.status, named(to));
            What::Status { from, to: named(to) }
        } else if item.attributes.status.id == "open" {
            item.attributes.status = Named::new("closed", "closed");
            What::Closed { reason: Some("completed".to_owned()) }
        } else {
            item.attributes.status = Named::new("open", "open");
            What::Reopened
        };
        item.history.push(Change { id, at: when, what, precision: Precision::Exact });
        item.history.sort_by_key(|change| change.at);
        self.apply(ix).await;
    }

    async fn link(&mut self) {
        let (ix, to) = (self.any(), self.any());
        let other = refers(&self.items[to]);
        if self.items[ix].id.connection != self.items[to].id.connection || ix == to {
            return;
        }
        let relation =
            if self.rng.random_bool(0.5) { Relation::Blocks } else { Relation::BlockedBy };
        let (when, told) = (at(self.now), self.rng.random_bool(0.7));
        let item = &mut self.items[ix];
        let added = item.attributes.links.pop().is_none();
        if added {
            item.attributes.links.push(Link { relation, other: other.clone() });
        }
        if told {
            let what = What::Link { relation, other, added };
            let id = format!("l{}", self.now);
            item.history.push(Change { id, at: when, what, precision: Precision::Exact });
        }
        self.apply(ix).await;
    }

    async fn version(&mut self) {
        let (ix, version) = (self.any(), self.rng.random_range(0..VERSIONS.len()));
        if !Self::is_jira(&self.items[ix]) {
            return;
        }
        let own = &mut self.items[ix].attributes.releases;
        match own.iter().position(|known| known == VERSIONS[version]) {
            Some(place) => drop(own.remove(place)),
            None => own.push(VERSIONS[version].to_owned()),
        }
        self.apply(ix).await;
    }

    /// To the other project of Jira.
    async fn rename(&mut self) {
        let ix = self.any();
        let item = &mut self.items[ix];
        if !Self::is_jira(item) {
            return;
        }
        let project = if item.attributes.project == "PAY" { "BOOK" } else { "PAY" };
        let from = std::mem::replace(&mut item.attributes.project, project.to_owned());
        item.attributes.key = format!("{project}-{}", 1_000 + self.now);
        let what = What::Project { from: Some(from), to: Some(project.to_owned()) };
        let id = format!("p{}", self.now);
        item.history.push(Change { id, at: at(self.now), what, precision: Precision::Exact });
        self.apply(ix).await;
    }

    async fn depart(&mut self) {
        let (ix, to) = (self.any(), self.any());
        let key = self.items[to].attributes.key.clone();
        let all = [
            Departure::Deleted,
            Departure::Gone,
            Departure::ProjectArchived,
            Departure::Transferred(key),
            Departure::Moved("ELSE-1".to_owned()),
        ];
        let departure = &all[self.rng.random_range(0..all.len())];
        let (id, now) = (&self.items[ix].id, at(self.now));
        let lease = if id.connection.0 == "jira" { &self.jira } else { &self.github };
        self.store.tombstone(lease, id, now, departure, now).await.unwrap();
    }

    async fn come_back(&mut self) {
        let ix = self.any();
        let id = &self.items[ix].id;
        let lease = if id.connection.0 == "jira" { &self.jira } else { &self.github };
        self.store.revive(lease, id, at(self.now)).await.unwrap();
    }

    /// Releases of both, some of them published.
    async fn publish(&mut self) {
        let now = at(self.now);
        let statuses = STATUSES.iter().enumerate().map(|(ix, (_, category))| StatusEntry {
            status: named(ix),
            category: (*category).to_owned(),
        });
        let statuses: Vec<StatusEntry> = statuses.collect();
        let mut list = |project: &str| -> Vec<Release> {
            let one = |id: &&str| Release {
                id: (*id).to_owned(),
                name: (*id).to_owned(),
                project: project.to_owned(),
                released_at: self
                    .rng
                    .random_bool(0.7)
                    .then(|| at(self.rng.random_range(-99..self.now + 1))),
                precision: Precision::Exact,
            };
            VERSIONS.iter().map(one).collect()
        };
        let (versions, releases) = (list("PAY"), list("northwind/search"));
        let (jira, hub) = (ConnectionId("jira".to_owned()), ConnectionId("github".to_owned()));
        let put = self.store.put_catalogue(&self.jira, &jira, statuses, Some(versions), now);
        put.await.unwrap();
        let put = self.store.put_catalogue(&self.github, &hub, Vec::new(), Some(releases), now);
        put.await.unwrap();
    }

    async fn event(&mut self) {
        let (ix, other) = (self.any(), self.any());
        let keys = [ix, other].map(|ix| self.items[ix].attributes.key.clone());
        let ago = self.rng.random_range(0..2_000);
        let event = Integration {
            id: String::new(),
            at: at(self.now - ago),
            name: "System demo".to_owned(),
            epics: vec!["PAY-1".to_owned()],
            items: keys.to_vec(),
            known_at: at(self.now),
        };
        self.store.add_integration(event, None).await.unwrap();
    }

    async fn label(&mut self) {
        let (ix, to) = (self.any(), self.any());
        let parent = refers(&self.items[to]);
        let own = &mut self.items[ix].attributes;
        match own.labels.pop() {
            Some(_) => own.parent = None,
            None => {
                own.labels.push("team:checkout".to_owned());
                let epic = ItemRef { source: None, key: Some("PAY-1".to_owned()) };
                own.parent = Some(if self.now % 2 == 0 { epic } else { parent });
            }
        }
        self.apply(ix).await;
    }
}

/// Everything that a world tells, in words; states by their names, for each world numbers them in
/// the order in which it met them.
fn told(world: &World, now: Timestamp) -> Vec<String> {
    let data = &world.dataset;
    let mut lines: Vec<String> = Vec::new();
    for item in data.items.iter() {
        let mut item = item.clone();
        let states: Vec<&str> = item.segments.iter().map(|s| data.states.name(s.state)).collect();
        let states = states.join(" > ");
        item.segments.iter_mut().for_each(|segment| segment.state = StateIx(0));
        lines.push(format!("{states} {item:?}"));
    }
    lines.extend(data.links.iter().map(|link| format!("{link:?}")));
    lines.extend(data.releases.iter().map(|release| format!("{release:?}")));
    lines.extend(data.integrations.iter().map(|event| format!("{event:?}")));
    lines.extend(data.streams.iter().map(|stream| format!("{stream:?}")));
    lines.extend(data.epics.iter().map(|epic| format!("{epic:?}")));
    lines.push(format!("{:?} {:?} {:?}", data.unknown_statuses, data.gaps, data.coverage));
    lines.push(format!("{:?}", world.map(now)));
    lines
}

async fn live(seed: u64, steps: usize) {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("gauge.db").display());
    let clock = ManualClock::at(at(0));
    let store = Store::open(&url, clock.clone()).await.unwrap();
    let portfolio = Arc::new(Portfolio::parse(PORTFOLIO, "portfolio.toml").unwrap());
    let mut life = Life::new(seed, store.clone()).await;
    let gauge = Gauge::new(store.clone(), Arc::clone(&portfolio), clock);
    let (mut links, mut held) = (0, 0);
    for step in 0..steps {
        let mine = gauge.world(None).await.unwrap();
        let fresh = World::build(&store, Arc::clone(&portfolio), None).await.unwrap();
        links += mine.dataset.links.len();
        held += mine.dataset.releases.iter().map(|release| release.items.len()).sum::<usize>();
        held += mine.dataset.integrations.iter().map(|event| event.items.len()).sum::<usize>();
        let (mine, fresh) = (told(&mine, at(life.now)), told(&fresh, at(life.now)));
        for (mine, fresh) in mine.iter().zip(&fresh) {
            assert_eq!(mine, fresh, "seed {seed}, step {step}, {}", life.done);
        }
        assert_eq!(mine.len(), fresh.len(), "seed {seed}, step {step}, {}", life.done);
        life.step().await;
    }
    println!("seed {seed}: {links} links and {held} contents compared");
    assert!(links > 0 && held > 0, "there was something to mend");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_world_that_caught_up_is_the_world_from_scratch() {
    for seed in 1..=6 {
        live(seed, 60).await;
    }
}
