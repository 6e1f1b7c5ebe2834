//! Erasure: what is purged is gone, bytes and all, and stays away until that is taken back.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use streamgauge::clock::{Clock, ManualClock, SharedClock, SystemClock};
use streamgauge::demo::{Source, Stage};
use streamgauge::gauge::Gauge;
use streamgauge::model::{
    Attributes, Change, ConnectionId, Departure, Gap, Item, ItemId, Level, Named, Precision,
    Timestamp, TrackerKind, What,
};
use streamgauge::portfolio::Portfolio;
use streamgauge::signals::Scope;
use streamgauge::sim::story::{self, Size};
use streamgauge::spawn::Spawner;
use streamgauge::store::{
    Claim, DigestKey, DueTick, Purged, Purging, Store, StoreError, StoredItem, TickPlan,
};

use crate::support::batch::batch;
use crate::support::gate::Gate;
use crate::support::postgres;
use crate::support::process::Folder;

const SECRET: &str = "A title that only one item has, Zweigstelle";
const PORTFOLIO: &str = r#"
name = "Northwind"
timezone = "UTC"
[[stream]]
id = "payments"
publish = true
[[team]]
id = "checkout"
stream = "payments"
claims = [{ jira = "PAY" }, { jira = "BOOK" }]
"#;

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn jira() -> ConnectionId {
    ConnectionId("jira".into())
}

fn project(name: &str) -> Purging {
    Purging { connection: jira(), project: Some(name.to_owned()), source: None }
}

fn one(source: &str) -> Purging {
    Purging { connection: jira(), project: None, source: Some(source.to_owned()) }
}

fn item(source: &str, key: &str, title: &str) -> Item {
    let started = at("2026-06-02T09:00:00Z");
    let what = What::Status { from: Named::new("1", "To do"), to: Named::new("3", "In progress") };
    Item {
        id: ItemId { connection: jira(), source: source.into() },
        created_at: at("2026-06-01T09:00:00Z"),
        updated_at: started,
        attributes: Attributes {
            key: key.into(),
            title: Some(title.into()),
            level: Level::Standard,
            status: Named::new("3", "In progress"),
            project: key.split('-').next().unwrap().to_owned(),
            ..Attributes::default()
        },
        history: vec![Change { id: "1".into(), at: started, what, precision: Precision::Exact }],
        history_complete: true,
    }
}

async fn all(store: &Store) -> Vec<StoredItem> {
    store.fold_items(None, Vec::new(), |all, item| all.push(item)).await.unwrap()
}

async fn keys(store: &Store) -> Vec<String> {
    all(store).await.into_iter().map(|item| item.attributes.key).collect()
}

/// A digest that was sent, with this text.
async fn sent(store: &Store, name: &str, text: &str) {
    let mark = store.tick_mark(name, "daily").await.unwrap();
    let last = mark.now.plus_days(-3);
    store.begin_plan(name, "daily", Some(last)).await.unwrap();
    let tick = DueTick { due: "2026-06-15T07:00".into(), at: mark.now.plus_millis(-60_000) };
    let plan = TickPlan {
        digest: name.into(),
        plan: "daily".into(),
        last,
        skipped: Vec::new(),
        kept: Some((tick, text.to_owned(), vec!["file".to_owned()])),
    };
    assert_eq!(store.plan_ticks(plan).await.unwrap().planned, 1);
}

#[tokio::test]
async fn both_databases_purge_alike() {
    let folder = tempfile::tempdir().unwrap();
    let file = format!("sqlite:{}", folder.path().join("gauge.db").display());
    let server = postgres::database("purge").await;
    let mut told = Vec::new();
    for url in [file, server] {
        told.push(purged_and_back(&url).await);
    }
    assert_eq!(told[0], told[1]);
}

/// The story; what a reader is told at its steps.
async fn purged_and_back(url: &str) -> Vec<String> {
    let clock = ManualClock::at(at("2026-06-15T06:00:00Z"));
    let store = Store::open(url, clock.clone()).await.unwrap();
    let lease = store.acquire("sync:jira", "test", Duration::from_secs(600)).await.unwrap();
    let lease = lease.unwrap();
    let read = || {
        let items = vec![
            item("1", "PAY-1", SECRET),
            item("2", "PAY-12", "Vouchers for everybody"),
            item("3", "BOOK-1", "Seats"),
            item("4", "BOOK-2", "Meals"),
        ];
        batch("jira", TrackerKind::Jira, items, clock.now())
    };
    assert_eq!(store.apply(&lease, read()).await.unwrap().new, 4);
    let gap = |source: &str| Gap {
        source: Some(source.into()),
        key: None,
        reason: "history-truncated".into(),
        detail: "too long".into(),
    };
    store.put_gaps(&lease, &jira(), vec![gap("1"), gap("3")], clock.now()).await.unwrap();
    store.put_hints(&jira(), vec!["2".into(), "4".into()], clock.now()).await.unwrap();
    sent(&store, "about", r#"{"as_of":"2026-06-15T05:00:00Z","md":"waits: PAY-1 and BOOK-1"}"#)
        .await;
    sent(&store, "other", r#"{"as_of":"2026-06-15T05:00:00Z","md":"waits: PAY-123"}"#).await;
    let portfolio = Portfolio::parse(PORTFOLIO, "portfolio.toml").unwrap_or_else(|p| panic!("{p}"));
    let gauge = Gauge::new(store.clone(), Arc::new(portfolio), clock.clone());
    assert_eq!(gauge.world(None).await.unwrap().dataset.items.len(), 4);

    // Told first, and nothing changes.
    let tried = store.would_purge(project("PAY")).await.unwrap();
    let expected = Purged { items: 2, releases: 0, gaps: 1, waiting: 1, digests: 1 };
    assert_eq!(tried, expected);
    assert_eq!(keys(&store).await.len(), 4);
    // Another process has taken over: nothing happens.
    store.release(&lease).await.unwrap();
    let other = store.acquire("sync:jira", "other", Duration::from_secs(600)).await.unwrap();
    let fenced = store.purge(&lease, project("PAY")).await;
    assert!(matches!(fenced, Err(StoreError::Fenced { .. })), "{fenced:?}");
    assert_eq!(keys(&store).await.len(), 4);
    let lease = other.unwrap();

    assert_eq!(store.purge(&lease, project("PAY")).await.unwrap(), expected);
    assert_eq!(keys(&store).await, ["BOOK-1", "BOOK-2"]);
    let counts = store.counts().await.unwrap();
    assert_eq!((counts.items, counts.gaps, counts.hints), (2, 1, 1));
    // The record of a digest stays, its text goes; one that only looks alike stays whole.
    let mut kept = BTreeMap::new();
    for name in ["about", "other"] {
        let key = DigestKey {
            digest: name.into(),
            due: "2026-06-15T07:00".into(),
            channel: "file".into(),
        };
        let claim = store.claim_delivery(&key, Duration::from_secs(60)).await.unwrap();
        let Claim::Won { content, .. } = claim else {
            panic!("the delivery of {name} is open");
        };
        kept.insert(name, serde_json::from_str::<serde_json::Value>(&content).unwrap());
    }
    assert_eq!(kept["about"]["md"], "Removed by a purge.");
    assert_eq!(kept["about"]["as_of"], "2026-06-15T05:00:00Z");
    assert_eq!(kept["other"]["md"], "waits: PAY-123");

    // Whoever has a world in memory notices, and says what is gone.
    let world = gauge.world(None).await.unwrap();
    let left: Vec<&str> = world.dataset.items.iter().map(|item| item.key.as_str()).collect();
    assert_eq!(left, ["BOOK-1", "BOOK-2"]);
    let report = gauge.report(Default::default(), &Scope::Portfolio).await.unwrap();
    let mut lines: Vec<String> =
        report.unseen.iter().filter(|line| line.contains("purged")).cloned().collect();
    assert_eq!(lines.len(), 1, "{:?}", report.unseen);

    // No read brings it back, and nothing of it needs reading.
    let again = store.apply(&lease, read()).await.unwrap();
    assert_eq!((again.new, again.changed, again.unchanged), (0, 0, 2));
    assert_eq!(keys(&store).await, ["BOOK-1", "BOOK-2"]);
    // What moves into a purged project leaves; what moves out of it comes in.
    let mut moved = item("3", "PAY-77", "Seats");
    moved.updated_at = at("2026-06-15T05:00:00Z");
    let mut out = item("1", "BOOK-9", SECRET);
    out.updated_at = at("2026-06-15T05:00:00Z");
    let moves = batch("jira", TrackerKind::Jira, vec![moved, out], clock.now());
    store.apply(&lease, moves).await.unwrap();
    let held = all(&store).await;
    assert_eq!(held.len(), 3);
    let seats = held.iter().find(|item| item.id.source == "3").unwrap();
    let removed = seats.removed.as_ref().unwrap();
    assert_eq!(removed.departure, Departure::Moved("PAY-77".into()));
    assert!(held.iter().any(|item| item.attributes.key == "BOOK-9"));

    // A single item: its id counts as read, whatever happens to it.
    let first = store.purge(&lease, one("4")).await.unwrap();
    assert_eq!((first.items, first.waiting), (1, 1));
    assert_eq!(store.purge(&lease, one("4")).await.unwrap().items, 0, "twice is once");
    let stamps = store.stamps(&jira(), vec!["4".into(), "9".into()]).await.unwrap();
    assert_eq!(stamps.keys().collect::<Vec<_>>(), ["4"]);
    assert!(stamps["4"].settled && stamps["4"].live);
    store.apply(&lease, read()).await.unwrap();
    assert!(!keys(&store).await.contains(&"BOOK-2".to_owned()));
    let records = store.purged().await.unwrap();
    let told: Vec<(Option<&str>, Option<&str>, u64)> = records
        .iter()
        .map(|one| (one.what.project.as_deref(), one.what.source.as_deref(), one.items))
        .collect();
    assert_eq!(told, [(None, Some("4"), 1), (Some("PAY"), None, 2)]);

    // Taken back, the next read brings it.
    assert!(store.unpurge(&lease, project("PAY")).await.unwrap());
    assert!(!store.unpurge(&lease, project("PAY")).await.unwrap());
    store.apply(&lease, read()).await.unwrap();
    assert!(keys(&store).await.contains(&"PAY-12".to_owned()));

    // A connection goes with all that is known of it, and stays away under its name.
    let whole = Purging { connection: jira(), project: None, source: None };
    store.purge(&lease, whole.clone()).await.unwrap();
    assert!(keys(&store).await.is_empty());
    let counts = store.counts().await.unwrap();
    assert_eq!((counts.items, counts.removed, counts.gaps, counts.hints), (0, 0, 0, 0));
    store.apply(&lease, read()).await.unwrap();
    assert!(keys(&store).await.is_empty());
    assert!(store.unpurge(&lease, whole).await.unwrap());
    store.apply(&lease, read()).await.unwrap();
    assert!(keys(&store).await.contains(&"PAY-1".to_owned()));
    let report = gauge.report(Default::default(), &Scope::Portfolio).await.unwrap();
    lines.extend(report.unseen.iter().cloned());
    // The day is the database's, which for a server is the real one.
    lines.iter().map(|line| line.split(" by ").next().unwrap().to_owned()).collect()
}

/// The file and its log, as bytes.
fn bytes(folder: &Folder) -> Vec<u8> {
    let database = folder.database();
    let log = format!("{}-wal", database.display());
    let mut all = std::fs::read(&database).unwrap();
    all.extend(std::fs::read(log).unwrap_or_default());
    all
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|part| part == text.as_bytes())
}

/// Items by project.
async fn by_project(folder: &Folder) -> BTreeMap<String, Vec<StoredItem>> {
    let store = Store::open_read_only(&folder.url(), Arc::new(SystemClock)).await.unwrap();
    let mut found: BTreeMap<String, Vec<StoredItem>> = BTreeMap::new();
    for item in all(&store).await.into_iter().filter(|item| item.removed.is_none()) {
        found.entry(item.attributes.project.clone()).or_default().push(item);
    }
    found
}

fn counted(all: &BTreeMap<String, Vec<StoredItem>>) -> BTreeMap<String, usize> {
    all.iter().map(|(project, items)| (project.clone(), items.len())).collect()
}

#[tokio::test]
async fn what_is_purged_is_gone_from_the_file_and_stays_away() {
    let clock: SharedClock = Arc::new(SystemClock);
    let source = Source::from(story::generate(1, clock.now(), Size::Test));
    let portfolio = source.portfolio.clone();
    let stage = Stage::start(source, &clock, &Spawner::tokio()).await.unwrap();
    let gate = Gate::open(&stage).await;
    let folder = Folder::new(&stage, &gate, &portfolio);
    let done = async |args: &[&str]| {
        let ended = folder.run(args).await;
        assert_eq!(ended.code, Some(0), "{args:?}: {}{}", ended.out, ended.err);
        ended.out
    };
    done(&["sync"]).await;
    let before = by_project(&folder).await;
    let name = stage.jira.as_ref().unwrap().projects[0].clone();
    // A key that no other item has as a part, nor names.
    let victims = &before[&name];
    assert!(victims.len() > 20 && before.len() > 2, "{:?}", counted(&before));
    let victim = victims[0].attributes.key.clone();
    let titles: Vec<String> =
        victims.iter().filter_map(|item| item.attributes.title.clone()).collect();
    let store = Store::open_read_only(&folder.url(), Arc::new(SystemClock)).await.unwrap();
    let others = all(&store).await;
    let elsewhere: Vec<&String> = others
        .iter()
        .filter(|item| item.attributes.project != name)
        .filter_map(|item| item.attributes.title.as_ref())
        .collect();
    drop(store);
    // What the portfolio file says of epics is the portfolio's own.
    let alone = |title: &&String| {
        !portfolio.contains(*title) && !elsewhere.iter().any(|other| other.contains(*title))
    };
    let own: Vec<&String> = titles.iter().filter(alone).collect();
    let held = bytes(&folder);
    let own: Vec<&&String> = own.iter().filter(|title| holds(&held, title)).collect();
    assert!(own.len() > 5, "titles of {name} that no other project has: {}", own.len());

    // First it tells; then the daemon is in the way.
    let told = done(&["purge", "--project", &name.to_lowercase()]).await;
    assert!(told.contains("would purge") && told.contains("--yes does it"), "{told}");
    assert_eq!(counted(&by_project(&folder).await), counted(&before));
    let daemon = folder.serve().await;
    let refused = folder.run(&["purge", "--project", &name, "--yes"]).await;
    assert_eq!(refused.code, Some(2), "{}", refused.err);
    assert!(refused.err.contains("stop it, purge, and start it again"), "{}", refused.err);
    drop(daemon);

    let told = done(&["purge", "--project", &name, "--yes", "--json"]).await;
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!((&told[0]["done"], &told[0]["project"]), (&true.into(), &name.clone().into()));
    assert!(told[0]["items"].as_u64().unwrap() >= victims.len() as u64, "{told}");
    let held = bytes(&folder);
    let left: Vec<&&&String> = own.iter().filter(|title| holds(&held, title)).collect();
    assert!(left.is_empty(), "still in the file: {left:?}");

    // Neither everything again nor a sweep brings it back, and the rest is as it was.
    done(&["sync", "--full", "--sweep"]).await;
    let mut expected = counted(&before);
    expected.remove(&name);
    assert_eq!(counted(&by_project(&folder).await), expected);
    let status = done(&["purge", "--list"]).await;
    assert!(status.contains(&format!("{name} of jira: ")), "{status}");
    let unknown = folder.run(&["explain", &victim]).await;
    assert_ne!(unknown.code, Some(0), "{}", unknown.out);
    // What cannot be, is said.
    for (args, why) in [
        (&["purge", "--connection", "jira"][..], "take its [[connection]] out first"),
        (&["purge", "--project", "NOWHERE"], "nothing is stored of NOWHERE"),
        (&["purge", "--item", "NOWHERE-1"], "no item is stored under the key NOWHERE-1"),
        (&["purge", "--undo", "--item", "jira:1"], "nothing of that name is purged"),
        (&["purge"], "name what to purge"),
    ] {
        let ended = folder.run(args).await;
        assert_eq!(ended.code, Some(2), "{args:?}: {}", ended.err);
        assert!(ended.err.contains(why), "{args:?}: {}", ended.err);
    }

    // Taken back, it is read again.
    done(&["purge", "--undo", "--project", &name]).await;
    done(&["sync", "--sweep"]).await;
    assert_eq!(counted(&by_project(&folder).await), counted(&before));
}
