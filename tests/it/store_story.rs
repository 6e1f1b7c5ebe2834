//! One story of calls, told to a real SQLite file and to a real PostgreSQL server. Every public
//! method of the store occurs in it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use streamgauge::clock::{Clock, ManualClock};
use streamgauge::gauge::Gauge;
use streamgauge::gauge::record::NewDecision;
use streamgauge::model::{
    Altitude, Attributes, Change, ConnectionId, Decision, Departure, Direction, Expectation, Gap,
    Integration, Item, ItemId, Level, Named, Period, Precision, Reading, Release, StatusEntry,
    Subject, Timestamp, TrackerKind, Verb, What,
};
use streamgauge::portfolio::Portfolio;
use streamgauge::store::{
    Applied, Ask, Batch, Calls, Claim, Counts, Coverage, Cursor, Delivery, DigestKey, DueTick,
    Fence, GapCount, Hint, Lease, Mark, PassMarks, PassRecord, Removed, Resume, ScopeRecord,
    ScopeTrouble, SentDigest, SkippedTicks, SourceRecord, Store, StoreError, StoredItem, Swept,
    TickPlan, TicksPlanned, Treatment, Waiting, duty_of,
};

use crate::support::postgres;

const MINUTE: Duration = Duration::from_secs(60);

fn at(minute: i64) -> Timestamp {
    Timestamp::parse("2026-06-15T06:00:00Z").unwrap().plus_millis(minute * 60_000)
}

fn jira() -> ConnectionId {
    ConnectionId("jira".into())
}

fn id(source: &str) -> ItemId {
    ItemId { connection: jira(), source: source.into() }
}

fn moved(id: &str, minute: i64, to: &str) -> Change {
    Change {
        id: id.into(),
        at: at(minute),
        what: What::Status { from: Named::new("1", "To do"), to: Named::new("2", to) },
        precision: Precision::Exact,
    }
}

fn item(source: &str, key: &str, updated: i64, history: Vec<Change>) -> Item {
    Item {
        id: id(source),
        created_at: at(-100),
        updated_at: at(updated),
        attributes: Attributes {
            key: key.into(),
            title: Some("Refunds \u{1F4B6} at once".into()),
            level: Level::Standard,
            status: Named::new("1", "To do"),
            project: "PAY".into(),
            ..Attributes::default()
        },
        history,
        history_complete: true,
    }
}

fn batch(items: Vec<Item>, known: i64) -> Batch {
    Batch {
        connection: jira(),
        tracker: TrackerKind::Jira,
        items,
        gaps: Vec::new(),
        known_at: at(known),
        settled_before: Some(at(known - 2)),
        resume: None,
    }
}

fn gap(source: Option<&str>, reason: &str) -> Gap {
    Gap {
        source: source.map(str::to_owned),
        key: None,
        reason: reason.into(),
        detail: "one sentence".into(),
    }
}

async fn all(store: &Store, known: Option<Timestamp>) -> Vec<StoredItem> {
    store.fold_items(known, Vec::new(), |items, item| items.push(item)).await.unwrap()
}

async fn one(store: &Store, key: &str, known: Option<Timestamp>) -> StoredItem {
    let mut found = store.items_by_key(key, known).await.unwrap();
    assert_eq!(found.len(), 1, "{key} names one item");
    found.remove(0)
}

/// The whole story. `reopen` opens a second handle on the same database for reading.
async fn story(store: Store, url: &str, clock: Arc<ManualClock>) {
    let lease = leases(&store).await;
    items(&store, &lease).await;
    removals(&store, &lease).await;
    scans(&store, &lease).await;
    scopes(&store, &lease).await;
    hints(&store, &lease).await;
    calls(&store).await;
    gaps(&store, &lease).await;
    catalogue(&store, &lease).await;
    journal(&store).await;
    digests(&store, &clock).await;
    older_stamps(&store, &lease).await;
    let counts = store.counts().await.unwrap();
    assert_eq!(counts, Counts { items: 2, removed: 0, gaps: 1, hints: 1, retries: 0 });
    assert!(store.holds_items().await.unwrap());

    let reader = Store::open_read_only(url, clock).await.unwrap();
    assert_eq!(all(&reader, None).await, all(&store, None).await);
    assert_eq!(reader.seq().await, store.seq().await);
    assert!(
        reader.put_hints(&jira(), vec!["1".into()], at(0)).await.is_err() || url.starts_with('p')
    );
}

async fn leases(store: &Store) -> Lease {
    let old = store.acquire("jira", "first", Duration::ZERO).await.unwrap().unwrap();
    let lease = store.acquire("jira", "second", MINUTE).await.unwrap().unwrap();
    assert_eq!(lease.name(), "jira");
    assert_eq!(store.acquire("jira", "third", MINUTE).await.unwrap(), None, "it is held");
    let again = store.acquire("jira", "second", MINUTE).await.unwrap();
    assert_eq!(again.as_ref(), Some(&lease), "tasks of one process share it");
    store.renew(&lease, MINUTE).await.unwrap();

    let fenced = StoreError::Fenced { name: "jira".into() };
    assert_eq!(store.renew(&old, MINUTE).await, Err(fenced.clone()));
    let late = store.apply(&old, batch(vec![item("9", "PAY-9", 0, vec![])], 0)).await;
    assert_eq!(late, Err(fenced), "a holder that slept too long writes nothing");
    assert_eq!(all(store, None).await, vec![]);
    assert_eq!(store.seq().await.unwrap(), 0);

    store.release(&old).await.unwrap();
    assert_eq!(store.acquire("jira", "third", MINUTE).await.unwrap(), None, "still held");
    store.release(&lease).await.unwrap();
    store.acquire("jira", "second", 60 * MINUTE).await.unwrap().unwrap()
}

async fn items(store: &Store, lease: &Lease) {
    let first = vec![moved("10.0", -50, "Doing"), moved("11.0", -40, "Done")];
    let batch_one =
        batch(vec![item("1", "PAY-1", -40, first.clone()), item("2", "PAY-2", 0, vec![])], 0);
    let done = store.apply(lease, batch_one.clone()).await.unwrap();
    assert_eq!(done, Applied { new: 2, ..Applied::default() });
    let seq = store.seq().await.unwrap();
    assert_eq!(seq, 2);
    let again = store.apply(lease, batch_one).await.unwrap();
    assert_eq!(again, Applied { unchanged: 2, ..Applied::default() });
    assert_eq!(store.seq().await.unwrap(), seq, "the same read again changes nothing");

    let stamps = store.stamps(&jira(), vec!["2".into(), "1".into(), "7".into()]).await.unwrap();
    let told: Vec<_> = stamps.iter().map(|(id, s)| (id.as_str(), s.settled, s.live)).collect();
    assert_eq!(told, [("1", true, true), ("2", false, true)]);

    // The item is renamed, one change is retracted, one is new; a stale read comes late.
    let second = vec![moved("10.0", -50, "Doing"), moved("12.0", 5, "Review")];
    let mut renamed = item("1", "BOOK-7", 5, second.clone());
    renamed.attributes.title = None;
    let done = store.apply(lease, batch(vec![renamed], 6)).await.unwrap();
    assert_eq!(done, Applied { changed: 1, ..Applied::default() });
    let stale = item("1", "PAY-1", 4, first.clone());
    let done = store.apply(lease, batch(vec![stale], 7)).await.unwrap();
    assert_eq!(done, Applied { stale: 1, ..Applied::default() });

    let now = one(store, "PAY-1", None).await;
    assert_eq!((now.attributes.key.as_str(), &now.aliases), ("BOOK-7", &vec!["PAY-1".to_owned()]));
    assert_eq!(now.history, second);
    assert_eq!((now.attributes.title.clone(), now.seq), (None, 3));
    assert_eq!(now, one(store, "BOOK-7", None).await);
    let then = one(store, "PAY-1", Some(at(5))).await;
    assert_eq!((then.attributes.key.as_str(), then.first_seen), ("PAY-1", at(0)));
    assert_eq!(then.history, first, "what was known then stays known");
    assert_eq!(then.attributes.title.as_deref(), Some("Refunds \u{1F4B6} at once"));
    assert_eq!(all(store, Some(at(-1))).await, vec![]);
    assert_eq!(all(store, None).await.len(), 2);
    assert_eq!(store.changed_since(seq).await.unwrap(), vec![now]);

    // A partial history proves nothing about what it leaves out.
    let mut partial = item("1", "BOOK-7", 8, vec![moved("13.0", 8, "Done")]);
    partial.history_complete = false;
    store.apply(lease, batch(vec![partial], 9)).await.unwrap();
    let now = one(store, "BOOK-7", None).await;
    let ids: Vec<_> = now.history.iter().map(|c| c.id.as_str()).collect();
    assert_eq!((ids, now.history_complete), (vec!["10.0", "12.0", "13.0"], false));
}

/// An older stamp is a lagging replica's for an hour, and after that the tracker's own.
async fn older_stamps(store: &Store, lease: &Lease) {
    let apply = async |updated: i64, read: i64| {
        let read = batch(vec![item("1", "BOOK-7", updated, Vec::new())], read);
        store.apply(lease, read).await.unwrap()
    };
    assert_eq!(apply(1_000, 1_001).await.changed, 1);
    let stamp = async || store.stamps(&jira(), vec!["1".into()]).await.unwrap()["1"].updated_at;
    assert_eq!((apply(5, 1_062).await.stale, stamp().await), (1, at(1_000)));
    assert_eq!((apply(5, 1_063).await.stale, stamp().await), (0, at(5)));
}

async fn removals(store: &Store, lease: &Lease) {
    let apart = 10 * MINUTE;
    let miss = |minute| store.record_miss(lease, &ID2, at(minute), apart);
    static ID2: std::sync::LazyLock<ItemId> = std::sync::LazyLock::new(|| id("2"));
    assert_eq!(miss(20).await.unwrap(), Some(1));
    assert_eq!(miss(25).await.unwrap(), Some(1), "too soon to count");
    assert_eq!(miss(30).await.unwrap(), Some(2));
    assert_eq!(store.record_miss(lease, &id("7"), at(30), apart).await.unwrap(), None);
    assert_eq!(store.missed(&jira(), at(29)).await.unwrap(), []);
    let missed = store.missed(&jira(), at(30)).await.unwrap();
    let told: Vec<_> = missed.iter().map(|m| (m.key.as_str(), m.live, m.misses)).collect();
    assert_eq!(told, [("PAY-2", true, 2)]);
    assert_eq!(store.rostered(&jira(), vec!["7".into(), "2".into()]).await.unwrap(), missed);
    let names = store.project_names(&jira()).await.unwrap();
    let roster = store.roster(&jira(), names).await.unwrap();
    assert_eq!(roster.iter().map(|m| m.source.as_str()).collect::<Vec<_>>(), ["1", "2"]);
    assert!(store.roster(&jira(), vec!["NONE".into()]).await.unwrap().is_empty());
    store.unsettle(lease, &jira()).await.unwrap();
    let stamps = store.stamps(&jira(), vec!["1".into(), "2".into()]).await.unwrap();
    assert!(stamps.values().all(|stamp| !stamp.settled) && stamps.len() == 2);
    assert_eq!(store.live_in(&jira(), "pay").await.unwrap(), 2, "the case makes no difference");

    assert!(store.tombstone(lease, &ID2, at(19), &Departure::Deleted, at(30)).await.unwrap());
    assert!(!store.tombstone(lease, &ID2, at(19), &Departure::Deleted, at(31)).await.unwrap());
    assert!(!store.tombstone(lease, &id("7"), at(19), &Departure::Deleted, at(31)).await.unwrap());
    let gone = one(store, "PAY-2", None).await;
    let removed = Removed { at: at(19), known_at: at(30), departure: Departure::Deleted };
    assert_eq!(gone.removed, Some(removed));
    assert_eq!(one(store, "PAY-2", Some(at(29))).await.removed, None);
    assert_eq!(store.counts().await.unwrap().removed, 1);

    assert!(store.revive(lease, &ID2, at(40)).await.unwrap());
    assert!(!store.revive(lease, &ID2, at(41)).await.unwrap());
    store.tombstone(lease, &ID2, at(42), &Departure::Deleted, at(43)).await.unwrap();
    let moved = Departure::Moved("ELSE-1".into());
    for changed in [1, 0] {
        let sources = vec!["2".to_owned(), "7".to_owned()];
        let left = store.depart(lease, &jira(), sources, at(42), &moved, at(43)).await.unwrap();
        assert_eq!(left, changed, "another reason is news once");
    }
    assert_eq!(one(store, "PAY-2", None).await.removed.unwrap().departure, moved);
    assert_eq!(store.live_in(&jira(), "PAY").await.unwrap(), 1);
    let elsewhere = BTreeSet::from(["ELSE-1".to_owned()]);
    assert_eq!(store.departed_to(None).await.unwrap(), elsewhere);
    assert!(store.departed_to(Some(at(41))).await.unwrap().is_empty());
    let mut back = item("2", "PAY-2", 0, vec![]);
    back.attributes.level = Level::Container;
    let done = store.apply(lease, batch(vec![back], 44)).await.unwrap();
    assert_eq!(done.changed, 1, "a successful read makes it live again");
    assert_eq!(one(store, "PAY-2", None).await.removed, None);
    assert!(one(store, "PAY-2", Some(at(43))).await.removed.is_some());
    assert_eq!(store.live_in(&jira(), "PAY").await.unwrap(), 2);
    assert!(store.departed_to(None).await.unwrap().is_empty());
    assert_eq!(store.departed_to(Some(at(43))).await.unwrap(), elsewhere);
    let apart = async |keys: &[&str]| -> Vec<String> {
        let keys = keys.iter().map(|key| (*key).to_owned()).collect();
        let found = store.containers_and(keys).await.unwrap();
        found.into_iter().map(|item| item.id.source).collect()
    };
    assert_eq!(apart(&[]).await, ["2"]);
    assert_eq!(apart(&["PAY-2", "PAY-1", "NO-1"]).await, ["1", "2"]);
}

async fn scans(store: &Store, lease: &Lease) {
    assert_eq!(store.cursor(&jira(), "all").await.unwrap(), Cursor::default());
    let resume = Resume { key: at(1), scan_t0: at(50) };
    let with_resume = Batch { resume: Some(("all".into(), resume)), ..batch(vec![], 50) };
    store.apply(lease, with_resume).await.unwrap();
    let cursor = store.cursor(&jira(), "all").await.unwrap();
    assert_eq!(cursor, Cursor { complete: None, resume: Some(resume) });
    for t0 in [50, 45] {
        store.finish_scan(lease, &jira(), "all", at(t0)).await.unwrap();
        let cursor = store.cursor(&jira(), "all").await.unwrap();
        assert_eq!(cursor, Cursor { complete: Some(at(50)), resume: None }, "never back");
    }
    assert_eq!(store.walked(&jira()).await.unwrap(), [("all".to_owned(), at(50))]);
    assert_eq!(store.walked(&ConnectionId("other".into())).await.unwrap(), []);

    let pass = |finished: i64, clock: Option<i64>| PassRecord {
        id: format!("p{finished}"),
        connection: jira(),
        started_at: at(finished - 1),
        finished_at: at(finished),
        clock: clock.map(at),
        complete: clock.is_some(),
        discovered: 2,
        read: 2,
        changed: 1,
        gaps: 0,
        problem: clock.is_none().then(|| "the tracker does not answer".into()),
    };
    assert_eq!(store.coverage(None).await.unwrap(), vec![]);
    let seq = store.seq().await.unwrap();
    for (finished, clock) in [(51, Some(50)), (61, None), (71, Some(70))] {
        store.log_pass(lease, pass(finished, clock)).await.unwrap();
    }
    // Two complete ones, in two hours.
    assert_eq!(store.seq().await.unwrap(), seq + 2, "a report tells how far coverage goes");
    let passes = store.passes(&jira(), 2).await.unwrap();
    assert_eq!(passes, [pass(71, Some(70)), pass(61, None)]);
    let covered = |to| vec![Coverage { connection: jira(), period: Period::new(at(-100), at(to)) }];
    assert_eq!(store.coverage(None).await.unwrap(), covered(70));
    assert_eq!(store.coverage(Some(at(70))).await.unwrap(), covered(50));
    assert_eq!(store.coverage(Some(at(50))).await.unwrap(), vec![]);
    let marks = |newest, complete: Option<PassRecord>| {
        vec![PassMarks { connection: jira(), newest, complete }]
    };
    let (first, second, third) = (pass(51, Some(50)), pass(61, None), pass(71, Some(70)));
    assert_eq!(store.pass_marks(None).await.unwrap(), marks(third.clone(), Some(third)));
    assert_eq!(store.pass_marks(Some(at(65))).await.unwrap(), marks(second, Some(first)));
    assert_eq!(store.pass_marks(Some(at(50))).await.unwrap(), vec![]);
}

async fn scopes(store: &Store, lease: &Lease) {
    let stored: Vec<ScopeRecord> = store.scopes().await.unwrap();
    let of = |project: &str| ScopeRecord {
        connection: jira(),
        project: project.into(),
        standing: "live".into(),
        listed: Some(7),
        swept_at: Some(at(50)),
        problem: None,
        stored: 0,
        gone: 0,
    };
    assert!(stored.iter().all(|scope| scope.standing.is_empty() && scope.listed.is_none()));
    assert_eq!(stored.iter().map(|scope| scope.stored + scope.gone).sum::<u64>(), 2);

    store.put_scope(lease, of("EMPTY")).await.unwrap();
    let held = ScopeRecord {
        standing: "hidden".into(),
        listed: None,
        swept_at: None,
        problem: Some("not visible".into()),
        ..of("EMPTY")
    };
    store.put_scope(lease, held).await.unwrap();
    let scopes = store.scopes().await.unwrap();
    assert_eq!(scopes.len(), stored.len() + 1);
    let empty = scopes.into_iter().find(|scope| scope.project == "EMPTY").unwrap();
    let expected = ScopeRecord {
        standing: "hidden".into(),
        problem: Some("not visible".into()),
        ..of("EMPTY")
    };
    assert_eq!(empty, expected, "a sweep that did not end keeps the last count");
    let trouble = ScopeTrouble {
        connection: jira(),
        project: "EMPTY".into(),
        standing: "hidden".into(),
        swept_at: Some(at(50)),
        problem: Some("not visible".into()),
    };
    assert_eq!(store.troubled_scopes().await.unwrap(), [trouble]);

    let since = async |standing: &'static str, minute| {
        store.note_standing(lease, &jira(), "OLD", standing, at(minute)).await
    };
    assert_eq!(since("archived", 10).await.unwrap(), at(10));
    assert_eq!(since("archived", 20).await.unwrap(), at(10));
    assert_eq!(store.shelved(&jira()).await.unwrap(), ["OLD"]);
    assert_eq!(since("live", 30).await.unwrap(), at(30), "it stands anew");
    assert_eq!(store.shelved(&jira()).await.unwrap(), Vec::<String>::new());
    let swept = store.sweeps(&jira()).await.unwrap();
    let told = |project: &str, standing: &str, swept_at, troubled| Swept {
        project: project.into(),
        standing: standing.into(),
        swept_at,
        troubled,
    };
    assert!(swept.contains(&told("EMPTY", "hidden", Some(at(50)), true)));
    assert!(swept.contains(&told("OLD", "live", None, false)));
}

async fn hints(store: &Store, lease: &Lease) {
    let due = |now: i64| async move { store.take_hints(&jira(), at(now), 10).await.unwrap() };
    store.put_hints(&jira(), vec!["2".into(), "1".into(), "2".into()], at(10)).await.unwrap();
    assert_eq!(due(9).await, vec![]);
    let taken = due(10).await;
    assert_eq!(taken.iter().map(|h| h.source.as_str()).collect::<Vec<_>>(), ["1", "2"]);
    store.put_hints(&jira(), vec!["2".into()], at(11)).await.unwrap();
    store.done_hints(lease, &jira(), taken.clone()).await.unwrap();
    let newer = due(11).await;
    assert_eq!(newer.len(), 1, "the newer hint stays");
    assert!(newer[0].seq > taken[1].seq);
    store.postpone_hints(lease, &jira(), newer.clone(), at(20)).await.unwrap();
    assert_eq!(due(19).await, vec![]);
    assert_eq!(due(20).await, [Hint { due: at(20), ..newer[0].clone() }]);

    for minute in [1, 5] {
        store.put_retry(lease, &jira(), "1", at(minute), "500").await.unwrap();
    }
    store.put_retry(lease, &jira(), "8", at(2), "500").await.unwrap();
    assert_eq!(store.due_retries(&jira(), at(1), 9).await.unwrap(), vec![]);
    let retries = store.due_retries(&jira(), at(5), 9).await.unwrap();
    let told: Vec<_> = retries.iter().map(|r| (r.source.as_str(), r.attempts)).collect();
    assert_eq!(told, [("8", 1), ("1", 2)]);
    let waiting = Waiting { connection: jira(), hints: 1, retries: 2, next_retry_at: Some(at(2)) };
    assert_eq!(store.waiting().await.unwrap(), [waiting]);
    store.clear_retry(lease, &jira(), "8").await.unwrap();
    let read = item("1", "BOOK-7", 8, vec![moved("13.0", 8, "Done")]);
    store.apply(lease, batch(vec![read], 60)).await.unwrap();
    let left = store.due_retries(&jira(), Timestamp::MAX, 9).await.unwrap();
    assert_eq!(left, vec![], "a read clears its retry");
}

/// What webhooks ask for, until it is answered; and who holds what.
async fn calls(store: &Store) {
    let (here, there) = (ConnectionId("asking".into()), ConnectionId("silent".into()));
    let told =
        async |connection: &ConnectionId, now: i64| store.calls(connection, at(now)).await.unwrap();
    assert_eq!(told(&here, 5).await, Calls::default());
    for ask in [Ask::Scan, Ask::Scan, Ask::Sweep] {
        store.ask(&here, ask).await.unwrap();
    }
    assert_eq!(told(&here, 5).await, Calls { hints: false, scan: Some(2), sweep: Some(1) });
    store.answered(&here, Ask::Scan, 1).await.unwrap();
    assert_eq!(told(&here, 5).await.scan, Some(2), "a newer request stays");
    store.answered(&here, Ask::Scan, 2).await.unwrap();
    store.answered(&here, Ask::Scan, 1).await.unwrap();
    store.put_hints(&here, vec!["1".into()], at(5)).await.unwrap();
    assert_eq!(told(&here, 4).await, Calls { hints: false, scan: None, sweep: Some(1) });
    assert!(told(&here, 5).await.hints);
    assert_eq!(told(&there, 5).await, Calls::default());
    assert_eq!(store.marked(&here, Mark::Whole).await.unwrap(), None);
    for minute in [7, 6] {
        store.mark(&here, Mark::Whole, at(minute)).await.unwrap();
    }
    assert_eq!(store.marked(&here, Mark::Whole).await.unwrap(), Some(at(7)), "never back");

    let name = duty_of(&here);
    let holder = async || {
        let leases = store.leases().await.unwrap();
        leases.into_iter().find(|lease| lease.name == name).and_then(|lease| lease.holder)
    };
    let lease = store.acquire(&name, "me", MINUTE).await.unwrap().unwrap();
    assert_eq!(holder().await.as_deref(), Some("me"));
    store.release(&lease).await.unwrap();
    assert_eq!(holder().await, None);
    let lease = store.acquire(&here.0, "me", MINUTE).await.unwrap().unwrap();
    let hints = store.take_hints(&here, at(5), 9).await.unwrap();
    store.done_hints(&lease, &here, hints).await.unwrap();
}

async fn gaps(store: &Store, lease: &Lease) {
    let reasons = |known: Option<i64>| async move {
        let gaps = store.gaps(known.map(at)).await.unwrap();
        gaps.into_iter().map(|g| g.gap.reason).collect::<Vec<_>>()
    };
    let seq = store.seq().await.unwrap();
    let told = vec![gap(Some("1"), "history-truncated"), gap(Some("8"), "malformed-item")];
    let read = item("1", "BOOK-7", 8, vec![moved("13.0", 8, "Done")]);
    let with_gaps = Batch { gaps: told, ..batch(vec![read.clone()], 70) };
    store.apply(lease, with_gaps.clone()).await.unwrap();
    assert!(store.seq().await.unwrap() > seq, "a report prints its gaps");
    let seq = store.seq().await.unwrap();
    store.apply(lease, Batch { known_at: at(71), ..with_gaps }).await.unwrap();
    assert_eq!(store.seq().await.unwrap(), seq);
    store.put_gaps(lease, &jira(), vec![gap(None, "malformed-row")], at(72)).await.unwrap();
    assert_eq!(reasons(None).await, ["malformed-row", "history-truncated", "malformed-item"]);
    let first = &store.gaps(None).await.unwrap()[1];
    assert_eq!((first.first_seen, first.last_seen), (at(70), at(71)));

    store.apply(lease, batch(vec![read], 80)).await.unwrap();
    store.close_nameless_gaps(lease, &jira(), at(75), at(80)).await.unwrap();
    assert_eq!(reasons(None).await, ["malformed-item"], "a later read told it");
    assert_eq!(reasons(Some(72)).await.len(), 3, "known then is known for ever");
    assert_eq!(reasons(Some(69)).await, Vec::<String>::new());
    store.close_gaps(lease, &jira(), "8", at(81)).await.unwrap();
    assert_eq!(reasons(None).await, Vec::<String>::new());
    store.put_gaps(lease, &jira(), vec![gap(Some("8"), "malformed-item")], at(82)).await.unwrap();
    assert_eq!(store.gaps(None).await.unwrap()[0].first_seen, at(82));
    let count = GapCount { connection: jira(), reason: "malformed-item".into(), count: 1 };
    assert_eq!(store.gap_counts().await.unwrap(), [count]);
}

async fn catalogue(store: &Store, lease: &Lease) {
    let status = |category: &str| StatusEntry {
        status: Named::new("3", "Review"),
        category: category.into(),
    };
    let release = |name: &str, released: Option<i64>| Release {
        id: "100".into(),
        name: name.into(),
        project: "PAY".into(),
        released_at: released.map(at),
        precision: Precision::Inferred,
    };
    let (soon, out) = (release("1.0", None), release("1.0", Some(5)));
    let put = |category: &str, releases: Option<Vec<Release>>, minute: i64| {
        let statuses = vec![status(category)];
        let connection = jira();
        async move {
            store.put_catalogue(lease, &connection, statuses, releases, at(minute)).await.unwrap()
        }
    };
    assert!(put("indeterminate", Some(vec![soon.clone()]), 1).await);
    assert!(!put("indeterminate", None, 2).await);
    assert!(put("done", Some(vec![out.clone()]), 3).await);
    assert!(put("indeterminate", Some(vec![]), 4).await, "it was a category before, too");
    let category = |known: i64| async move {
        let statuses = store.statuses(Some(at(known))).await.unwrap();
        statuses.into_iter().map(|(_, s)| s.category).collect::<Vec<_>>()
    };
    assert_eq!(category(0).await, Vec::<String>::new());
    assert_eq!(category(2).await, ["indeterminate"]);
    assert_eq!(category(3).await, ["done"]);
    assert_eq!(category(9).await, ["indeterminate"]);
    assert_eq!(store.releases(Some(at(2))).await.unwrap(), [(jira(), soon)]);
    assert_eq!(store.releases(Some(at(3))).await.unwrap(), [(jira(), out)]);
    assert_eq!(store.releases(None).await.unwrap(), vec![], "a deleted release is gone");
}

async fn journal(store: &Store) {
    let decision = |known: i64, why: &str| Decision {
        id: String::new(),
        made_at: at(-5),
        effective_at: at(0),
        altitude: Altitude::Portfolio,
        subject: Subject::Stream("payments".into()),
        verb: Verb::More,
        target: Some((0.35, 0.45)),
        expects: Some(Expectation {
            measure: "refund-contacts".into(),
            direction: Direction::Down,
            review_at: at(900),
        }),
        cites: vec!["P2:payments".into()],
        why: why.into(),
        known_at: at(known),
    };
    let first = store.add_decision(decision(1, "reveiw"), None).await.unwrap();
    let corrected = store.add_decision(decision(3, "review"), Some(&first.id)).await.unwrap();
    let mut bare = decision(4, "stop");
    (bare.target, bare.expects, bare.subject) = (None, None, Subject::Portfolio);
    let bare = store.add_decision(bare, None).await.unwrap();
    assert_eq!((first.id.as_str(), corrected.id.as_str()), ("D-1", "D-2"));
    let unknown = store.add_decision(decision(4, ""), Some("D-77")).await;
    assert!(matches!(unknown, Err(StoreError::Missing(why)) if why.contains("D-77")));
    assert_eq!(store.decisions(Some(at(2))).await.unwrap(), [first]);
    assert_eq!(store.decisions(None).await.unwrap(), [corrected.clone(), bare.clone()]);

    // Entered again: the same one, and no number is lost. What was superseded can be decided anew.
    let again = store.add_decision(decision(5, "review"), Some("D-1")).await.unwrap();
    assert_eq!(again, corrected);
    let other = Decision { verb: Verb::Less, ..decision(5, "review") };
    let other = store.add_decision(other, Some("D-1")).await.unwrap();
    let anew = store.add_decision(decision(6, "reveiw"), None).await.unwrap();
    assert_eq!((other.id.as_str(), anew.id.as_str()), ("D-4", "D-5"));

    // Where nobody gave an instant, it is the instant of entry, another one each time.
    let now = |minute: i64| {
        let (made_at, effective_at) = (at(minute), at(minute));
        Decision { made_at, effective_at, ..decision(minute, "as things are") }
    };
    let entered = store.add_decision(now(10), None).await.unwrap();
    assert_eq!(store.add_decision(now(13), None).await.unwrap(), entered);
    let given = Decision { effective_at: at(99), ..now(14) };
    let given = store.add_decision(given, None).await.unwrap();
    let later = store.add_decision(now(10 + 24 * 60), None).await.unwrap();
    assert_eq!((given.id.as_str(), later.id.as_str()), ("D-7", "D-8"));
    assert_eq!(store.decisions(None).await.unwrap().len(), 7);

    let reading = |minute: i64, value: f64, known: i64| Reading {
        measure: "refund-contacts".into(),
        at: at(minute),
        value,
        source: "https://metrics.example".into(),
        known_at: at(known),
    };
    for told in [reading(10, 5.5, 11), reading(5, 6.0, 12), reading(10, 4.5, 13)] {
        assert!(store.add_reading(told).await.unwrap());
    }
    assert!(!store.add_reading(reading(10, 4.5, 14)).await.unwrap(), "known already");
    let now = store.readings(None).await.unwrap();
    assert_eq!(now, [reading(5, 6.0, 12), reading(10, 4.5, 13)]);
    assert_eq!(store.readings(Some(at(11))).await.unwrap(), [reading(10, 5.5, 11)]);
    sources(store, reading).await;

    let event = |minute: i64, name: &str, known: i64| Integration {
        id: String::new(),
        at: at(minute),
        name: name.into(),
        epics: vec!["PAY-100".into()],
        items: vec!["BOOK-7".into(), "northwind/checkout#12".into()],
        known_at: at(known),
    };
    let second = store.add_integration(event(20, "demo 2", 21), None).await.unwrap();
    let first = store.add_integration(event(10, "dem 1", 22), None).await.unwrap();
    assert_eq!((second.id.as_str(), first.id.as_str()), ("I-1", "I-2"));
    let mended = store.add_integration(event(10, "demo 1", 23), Some("I-2")).await.unwrap();
    assert_eq!(store.integrations(Some(at(20))).await.unwrap(), vec![]);
    assert_eq!(store.integrations(Some(at(22))).await.unwrap(), [first, second.clone()]);
    assert_eq!(store.integrations(None).await.unwrap(), [mended, second]);
    let unknown = store.add_integration(event(1, "", 24), Some("D-1")).await;
    assert!(matches!(unknown, Err(StoreError::Missing(why)) if why.contains("\"D-1\"")));

    assert_eq!(store.portfolio_at(None).await.unwrap(), None);
    assert!(store.accept_portfolio("vocabulary = \"safe\"", at(1)).await.unwrap());
    assert!(!store.accept_portfolio("vocabulary = \"safe\"", at(2)).await.unwrap());
    assert!(store.accept_portfolio("vocabulary = \"less\"", at(3)).await.unwrap());
    let then = store.portfolio_at(Some(at(2))).await.unwrap();
    assert_eq!(then.as_deref(), Some("vocabulary = \"safe\""));
    let now = store.portfolio_at(None).await.unwrap();
    assert_eq!(now.as_deref(), Some("vocabulary = \"less\""));
}

/// What a source gives: once, corrected when it says something else, and only under its lease.
async fn sources(store: &Store, reading: impl Fn(i64, f64, i64) -> Reading) {
    let polled = |minute: i64, value: f64, known: i64| Reading {
        source: "csv:contacts.csv".into(),
        ..reading(minute, value, known)
    };
    let record = |tried: i64, read: Option<i64>, problem: Option<&str>| SourceRecord {
        measure: "refund-contacts".into(),
        source: "csv:contacts.csv".into(),
        tried_at: at(tried),
        read_at: read.map(at),
        problem: problem.map(str::to_owned),
    };
    assert_eq!(store.sources().await.unwrap(), []);
    let ttl = Duration::from_secs(60);
    let lease = store.acquire("outcomes", "a", ttl).await.unwrap().unwrap();
    let rows = vec![polled(10, 4.75, 20), polled(20, 4.0, 20)];
    let put = |record, rows| store.put_readings(&lease, record, rows);
    assert_eq!(put(record(20, Some(20), None), rows.clone()).await.unwrap(), 2);
    assert_eq!(put(record(21, Some(21), None), rows).await.unwrap(), 0, "told before");
    // Corrected by hand, it stays so until the source changes its mind.
    assert!(store.add_reading(reading(20, 4.25, 22)).await.unwrap());
    assert_eq!(put(record(23, Some(23), None), vec![polled(20, 4.0, 23)]).await.unwrap(), 0);
    let value = async || store.readings(None).await.unwrap().pop().unwrap().value;
    assert_eq!(value().await, 4.25);
    assert_eq!(put(record(24, Some(24), None), vec![polled(20, 3.5, 24)]).await.unwrap(), 1);
    assert_eq!(value().await, 3.5);
    assert_eq!(put(record(25, None, Some("no answer")), Vec::new()).await.unwrap(), 0);
    let stands = record(25, Some(24), Some("no answer"));
    assert_eq!(store.sources().await.unwrap(), [stands]);
    let elsewhere = SourceRecord { source: "push".into(), ..record(26, None, None) };
    put(elsewhere.clone(), Vec::new()).await.unwrap();
    assert_eq!(store.sources().await.unwrap(), [elsewhere], "it was never read there");
    assert_eq!(store.newest_readings().await.unwrap(), [("refund-contacts".to_owned(), at(20))]);
    store.release(&lease).await.unwrap();
    let later = store.acquire("outcomes", "b", ttl).await.unwrap().unwrap();
    let late = store.put_readings(&lease, record(27, None, None), Vec::new()).await;
    assert!(matches!(late, Err(StoreError::Fenced { .. })), "{late:?}");
    store.release(&later).await.unwrap();
}

/// A tick of the plan "daily" that was due a minute ago by the database's clock.
async fn tick(store: &Store, due: &str, content: &str, channels: &[&str]) -> TickPlan {
    let mark = store.tick_mark("monday", "daily").await.unwrap();
    let tick = DueTick { due: due.to_owned(), at: mark.now.plus_millis(-60_000) };
    let channels = channels.iter().map(|name| (*name).to_owned()).collect();
    TickPlan {
        digest: "monday".into(),
        plan: "daily".into(),
        last: mark.last.unwrap(),
        skipped: Vec::new(),
        kept: Some((tick, content.to_owned(), channels)),
    }
}

async fn digests(store: &Store, clock: &ManualClock) {
    let mark = store.tick_mark("monday", "daily").await.unwrap();
    assert_eq!((mark.last, mark.newest_due), (None, None));
    let long_ago = mark.now.plus_days(-30);
    store.begin_plan("monday", "daily", Some(long_ago)).await.unwrap();
    store.begin_plan("monday", "daily", None).await.unwrap();
    let mark = store.tick_mark("monday", "daily").await.unwrap();
    assert_eq!(mark.last, Some(long_ago), "a plan begins once");

    let mut first = tick(store, "2026-06-15T07:00", "as planned", &["file", "slack"]).await;
    let missed = DueTick { due: "2026-06-14T07:00".into(), at: mark.now.plus_days(-1) };
    first.skipped.push(missed);
    let mut early = first.clone();
    early.kept.as_mut().unwrap().0.at = mark.now.plus_days(1);
    let none = TicksPlanned::default();
    assert_eq!(store.plan_ticks(early).await.unwrap(), none, "its time has not come");
    let both = TicksPlanned { planned: 1, skipped: 1 };
    assert_eq!(store.plan_ticks(first.clone()).await.unwrap(), both);
    assert_eq!(store.plan_ticks(first).await.unwrap(), none, "another process was first");
    let again = tick(store, "2026-06-15T07:00", "something else", &["file", "late"]).await;
    assert_eq!(store.plan_ticks(again).await.unwrap(), none, "a tick is planned once");
    let skipped = store.skipped_ticks(long_ago).await.unwrap();
    let newest_due = "2026-06-14T07:00".to_owned();
    assert_eq!(skipped, [SkippedTicks { digest: "monday".into(), count: 1, newest_due }]);

    let key = DigestKey {
        digest: "monday".into(),
        due: "2026-06-15T07:00".into(),
        channel: "file".into(),
    };
    let lost = DigestKey { channel: "slack".into(), ..key.clone() };
    let due = store.due_deliveries().await.unwrap().1;
    let due: Vec<DigestKey> = due.into_iter().map(|one| one.key).collect();
    assert_eq!(due, [key.clone(), lost.clone()]);
    let won = |attempts, unsure, problem: Option<&str>| Claim::Won {
        content: "as planned".into(),
        attempts,
        token: u64::from(attempts),
        unsure,
        problem: problem.map(str::to_owned),
    };
    // A claim that runs out at once stands for a sender that died.
    let claim = store.claim_delivery(&key, Duration::ZERO).await.unwrap();
    assert_eq!(claim, won(1, false, None));
    let claim = store.claim_delivery(&key, MINUTE).await.unwrap();
    assert_eq!(claim, won(2, true, None), "nobody knows how the first try ended");
    assert_eq!(store.claim_delivery(&key, MINUTE).await.unwrap(), Claim::Taken);
    assert!(!store.mark_delivery(&key, 1, Delivery::Sent).await.unwrap(), "not theirs any more");
    let again = Delivery::Again(Duration::ZERO, "503".into());
    assert!(store.mark_delivery(&key, 2, again).await.unwrap());
    let claim = store.claim_delivery(&key, MINUTE).await.unwrap();
    assert_eq!(claim, won(3, false, Some("503")));
    assert!(store.mark_delivery(&key, 3, Delivery::Sent).await.unwrap());
    assert_eq!(store.claim_delivery(&key, MINUTE).await.unwrap(), Claim::Finished);
    assert!(!store.mark_delivery(&key, 3, Delivery::Sent).await.unwrap(), "it has ended");
    store.claim_delivery(&lost, MINUTE).await.unwrap();
    let unknown = Delivery::Unknown("gone".into());
    assert!(store.mark_delivery(&lost, 1, unknown).await.unwrap());
    assert_eq!(store.claim_delivery(&lost, MINUTE).await.unwrap(), Claim::Finished);
    let never = DigestKey { channel: "late".into(), ..key.clone() };
    assert_eq!(store.claim_delivery(&never, MINUTE).await.unwrap(), Claim::Finished);
    let sent = store.sent_digests(10).await.unwrap();
    let content = "as planned".to_owned();
    let ends: Vec<_> = store.deliveries().await.unwrap();
    let told: Vec<_> = ends
        .iter()
        .map(|end| (end.key.clone(), end.state.as_str(), end.attempts, end.problem.as_deref()))
        .collect();
    assert_eq!(told, [(key.clone(), "sent", 3, None), (lost, "unknown", 1, Some("gone"))]);
    assert!(ends.iter().all(|end| end.ended_at.is_some() && end.again_at.is_none()));
    assert_eq!(sent, [SentDigest { key, content, sent_at: sent[0].sent_at }]);
    let ticks: Vec<_> = store.ticks(10).await.unwrap();
    let told: Vec<_> = ticks
        .iter()
        .map(|one| (one.tick.due.as_str(), one.planned, one.deliveries.clone()))
        .collect();
    assert_eq!(told, [("2026-06-15T07:00", true, ends), ("2026-06-14T07:00", false, vec![])]);
    let off = sent[0].sent_at.millis() - clock.now().millis();
    assert!(off == 0 || off.abs() > 1_000, "the clock of SQLite is ours, of PostgreSQL its own");
}

fn clock() -> Arc<ManualClock> {
    ManualClock::at(at(0))
}

/// Stores so many items, for tests that only need something to read.
pub async fn put_many(store: &Store, items: usize) {
    let lease = store.acquire("sync:jira", "test", MINUTE).await.unwrap().unwrap();
    let one = |n: usize| item(&n.to_string(), &format!("PAY-{n}"), 0, Vec::new());
    let all = batch((1..=items).map(one).collect(), 0);
    store.apply(&lease, Batch { settled_before: None, ..all }).await.unwrap();
}

#[tokio::test]
async fn on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("gauge.db").display());
    story(Store::open(&url, clock()).await.unwrap(), &url, clock()).await;
}

#[tokio::test]
async fn on_sqlite_on_the_callers_thread() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("gauge.db").display());
    story(Store::open_inline(&url, clock()).await.unwrap(), &url, clock()).await;
}

#[tokio::test]
async fn on_postgres() {
    let url = postgres::database("story").await;
    story(Store::open(&url, clock()).await.unwrap(), &url, clock()).await;
}

#[tokio::test]
async fn several_processes_share_one_postgres() {
    let url = postgres::database("replicas").await;
    // All migrate at once; one does the work.
    let opened = futures::future::join_all((0..8).map(|_| Store::open(&url, clock()))).await;
    let stores: Vec<Store> = opened.into_iter().map(Result::unwrap).collect();

    for round in 0..10 {
        let name = format!("race {round}");
        let takers = stores.iter().enumerate().map(|(n, s)| {
            let (name, holder) = (&name, n.to_string());
            async move { s.acquire(name, &holder, MINUTE).await.unwrap() }
        });
        let taken = futures::future::join_all(takers).await;
        assert_eq!(taken.iter().flatten().count(), 1, "one holder of {name}");

        let due = format!("2026-06-{round:02}T07:00");
        let begins = stores.iter().map(|s| s.begin_plan("monday", "daily", Some(Timestamp::MIN)));
        futures::future::join_all(begins).await.into_iter().for_each(Result::unwrap);
        let plan = tick(&stores[0], &due, "content", &["file"]).await;
        let plans = stores.iter().map(|s| s.plan_ticks(plan.clone()));
        let plans = futures::future::join_all(plans).await.into_iter().map(Result::unwrap);
        assert_eq!(plans.map(|done| done.planned).sum::<u64>(), 1, "one row of {due}");
        let key = DigestKey { digest: "monday".into(), due, channel: "file".into() };
        let claims = stores.iter().map(|s| s.claim_delivery(&key, MINUTE));
        let claims = futures::future::join_all(claims).await;
        let won = |c: &Result<Claim, StoreError>| matches!(c, Ok(Claim::Won { .. }));
        assert_eq!(claims.iter().filter(|c| won(c)).count(), 1, "one sender of {}", key.due);
    }

    // Two connections commit changes at the same time: numbers become visible in their order.
    let mut writers = Vec::new();
    for (n, store) in stores.iter().enumerate() {
        let connection = ConnectionId(format!("jira-{n}"));
        let lease = store.acquire(&connection.0, "me", MINUTE).await.unwrap().unwrap();
        writers.push(async move {
            for round in 0..20 {
                let mut read = item(&round.to_string(), "PAY-1", 0, vec![]);
                read.id.connection = connection.clone();
                let one = Batch { connection: connection.clone(), ..batch(vec![read], 0) };
                store.apply(&lease, one).await.unwrap();
            }
        });
    }
    let watcher = async {
        let (mut last, mut seen) = (0, 0);
        while seen < 160 {
            for changed in stores[0].changed_since(last).await.unwrap() {
                (last, seen) = (changed.seq, seen + 1);
            }
        }
        seen
    };
    let (_, seen) = futures::future::join(futures::future::join_all(writers), watcher).await;
    assert_eq!(seen, 160, "a reader that follows the sequence misses nothing");
}

async fn sentence(url: &str) -> String {
    open_when_free(url).await.unwrap_err().to_string()
}

#[tokio::test]
async fn a_store_that_cannot_be_used_says_why_and_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let url = |name: &str| format!("sqlite:{}", path(name).display());

    std::fs::write(path("notes.txt"), "not a database, only a text that is long enough").unwrap();
    assert!(sentence(&url("notes.txt")).await.contains("notes.txt is not a SQLite database"));
    assert!(sentence(&url("missing/gauge.db")).await.contains("missing does not exist; create it"));
    assert!(
        sentence(&format!("sqlite:{}", folder.path().display()))
            .await
            .contains("is a folder; point")
    );
    assert!(sentence("mysql://host/db").await.contains("neither sqlite:"));
    let tls = async |options: &str| {
        sentence(&format!("postgres://gauge@localhost:1/gauge?{options}")).await
    };
    assert!(tls("sslmode=strict").await.contains("sslmode=strict is not one of"));
    let lost = tls("sslmode=verify-full&sslrootcert=%2Fnowhere%2Fca.pem").await;
    assert!(lost.contains("the certificate file /nowhere/ca.pem cannot be read"), "{lost}");
    let idle = tls("sslrootcert=ca.pem").await;
    assert!(idle.contains("sslrootcert") && idle.contains("sslmode=verify-full"), "{idle}");
    let nobody = sentence("postgres://gauge:hunter2@127.0.0.1:1/gauge").await;
    assert!(nobody.contains("127.0.0.1 cannot be reached") && !nobody.contains("hunter2"));

    let reader = Store::open_read_only(&url("none.db"), clock()).await.unwrap_err();
    assert!(reader.to_string().contains("run `streamgauge sync` first"));

    let other = rusqlite::Connection::open(path("other.db")).unwrap();
    other.execute_batch("CREATE TABLE bookmarks (url TEXT)").unwrap();
    assert!(sentence(&url("other.db")).await.contains("another program"));

    let store = Store::open(&url("gauge.db"), clock()).await.unwrap();
    let second = Store::open(&url("gauge.db"), clock()).await.unwrap_err();
    assert!(matches!(second, StoreError::InUse { .. }), "{second}");
    Store::open_read_only(&url("gauge.db"), clock()).await.unwrap();
    #[cfg(unix)]
    for file in ["gauge.db", "gauge.db-wal", "gauge.db.lock"] {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(path(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file} is private");
    }
    drop(store);

    let tamper = |sql: &str| {
        let db = rusqlite::Connection::open(path("gauge.db")).unwrap();
        db.execute_batch(sql).unwrap();
    };
    tamper("UPDATE meta SET value = 99 WHERE name = 'schema'");
    assert!(sentence(&url("gauge.db")).await.contains("schema version 99"));
    tamper("UPDATE meta SET value = 0 WHERE name = 'schema'");
    let older = Store::open_read_only(&url("gauge.db"), clock()).await.unwrap_err();
    assert!(older.to_string().contains("older than this program"), "{older}");
}

#[tokio::test]
async fn a_killed_process_leaves_no_lease_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("gauge.db").display());
    let store = Store::open(&url, clock()).await.unwrap();
    let old = store.acquire("jira", "killed", 60 * MINUTE).await.unwrap().unwrap();
    drop(store);
    let store = open_when_free(&url).await.unwrap();
    assert!(store.acquire("jira", "next", MINUTE).await.unwrap().is_some());
    assert!(matches!(store.renew(&old, MINUTE).await, Err(StoreError::Fenced { .. })));
}

#[tokio::test]
async fn callers_that_share_a_commit_fail_or_succeed_alone() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("gauge.db").display());
    let store = Store::open(&url, clock()).await.unwrap();
    let old = store.acquire("jira", "first", Duration::ZERO).await.unwrap().unwrap();
    store.acquire("jira", "second", MINUTE).await.unwrap().unwrap();
    let calls = (0..200).map(|n| {
        let (store, old) = (&store, &old);
        async move {
            let (connection, hint) = (jira(), vec![n.to_string()]);
            let late = batch(vec![item(&n.to_string(), "PAY-1", 0, vec![])], 0);
            // Sent together, so that good and bad transactions meet under one commit.
            let both = futures::future::join(
                store.put_hints(&connection, hint, at(0)),
                store.apply(old, late),
            );
            both.await
        }
    });
    for (hint, late) in futures::future::join_all(calls).await {
        assert_eq!(hint, Ok(()));
        assert!(matches!(late, Err(StoreError::Fenced { .. })));
    }
    drop(store);
    let store = open_when_free(&url).await.unwrap();
    let counts = store.counts().await.unwrap();
    assert_eq!((counts.hints, counts.items), (200, 0));
}

/// The thread behind a dropped store gives the file back a moment later.
async fn open_when_free(url: &str) -> Result<Store, StoreError> {
    loop {
        match Store::open(url, clock()).await {
            Err(StoreError::InUse { .. }) => tokio::task::yield_now().await,
            other => return other,
        }
    }
}

/// The commit of a decision went through, and nobody heard of it.
#[tokio::test]
async fn a_decision_whose_answer_was_lost_is_not_made_twice() {
    let clock = ManualClock::at(at(0));
    let lost = AtomicBool::new(true);
    let whim = Arc::new(move |name: &'static str| {
        let first = name == "add decision" && lost.swap(false, Ordering::SeqCst);
        if first { Treatment::Unheard } else { Treatment::Done }
    });
    let witness = Arc::new(|_: &'static str, _: &[Fence]| {});
    let store = Store::open_simulated("sqlite::memory:", clock.clone(), whim, witness).await;
    let store = store.unwrap();
    let portfolio =
        Portfolio::parse("name = \"N\"\ntimezone = \"UTC\"\n", "portfolio.toml").unwrap();
    let gauge = Gauge::new(store.clone(), Arc::new(portfolio), clock.clone());
    let new = NewDecision {
        verb: Verb::Continue,
        subject: "portfolio".into(),
        why: "the June review".into(),
        made_at: None,
        effective_at: None,
        altitude: None,
        target: None,
        expects: None,
        cites: Vec::new(),
        supersedes: None,
    };
    gauge.decide(new.clone()).await.unwrap_err();
    clock.advance(MINUTE);
    let told = gauge.decide(new).await.unwrap();
    assert_eq!((told.id.as_str(), told.made_at), ("D-1", at(0)));
    assert_eq!(store.decisions(None).await.unwrap(), [told]);
}
