//! A tick of a digest is planned once, by the database's clock, and each of its deliveries ends
//! once, whatever happens in between.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use streamgauge::channels::{Channel, Class, DeliveryError, Format, Message};
use streamgauge::clock::{Clock, ManualClock};
use streamgauge::digests::outbox::{Outbox, Sent};
use streamgauge::digests::settings::Digest as Settings;
use streamgauge::gauge::Gauge;
use streamgauge::gauge::status::Live;
use streamgauge::model::Timestamp;
use streamgauge::portfolio::Portfolio;
use streamgauge::store::Store;

const HOUR: Duration = Duration::from_secs(3600);

/// What became of a message.
#[derive(Clone, Copy)]
enum Mood {
    Takes,
    Refuses,
    /// Takes it, and the answer is lost.
    TakesSilently,
    /// The process ends before it hears the answer.
    Kills,
}

/// A channel that does as it is told and remembers everything.
#[derive(Clone)]
struct Receiver {
    class: Class,
    mood: Arc<Mutex<Mood>>,
    taken: Arc<Mutex<Vec<Message>>>,
}

impl Receiver {
    fn new(class: Class) -> Self {
        Self { class, mood: Arc::new(Mutex::new(Mood::Takes)), taken: Arc::default() }
    }

    fn becomes(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    fn taken(&self) -> Vec<Message> {
        self.taken.lock().unwrap().clone()
    }

    fn keys(&self) -> Vec<String> {
        self.taken().into_iter().map(|message| message.key).collect()
    }
}

#[async_trait]
impl Channel for Receiver {
    fn class(&self) -> Class {
        self.class
    }

    async fn deliver(&self, message: &Message) -> Result<(), DeliveryError> {
        let mood = *self.mood.lock().unwrap();
        let error = |unsure| DeliveryError { channel: "x".into(), reason: "503".into(), unsure };
        if matches!(mood, Mood::Refuses) {
            return Err(error(false));
        }
        self.taken.lock().unwrap().push(message.clone());
        match mood {
            Mood::TakesSilently => Err(error(true)),
            Mood::Kills => std::future::pending().await,
            _ => Ok(()),
        }
    }
}

/// One database with its clock, and processes with theirs.
struct Bench {
    clock: Arc<ManualClock>,
    store: Store,
    by_key: Receiver,
    blind: Receiver,
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

impl Bench {
    async fn new() -> Self {
        let clock = ManualClock::at(at("2026-06-15T06:30:00Z"));
        let shared: Arc<dyn Clock> = clock.clone();
        let store = Store::open_inline("sqlite::memory:", shared).await.unwrap();
        let (by_key, blind) = (Receiver::new(Class::ByKey), Receiver::new(Class::Blind));
        Self { clock, store, by_key, blind }
    }

    /// A process that sends daily at `hour` o'clock, by a clock of its own.
    fn process(&self, hour: &str, own: Arc<dyn Clock>, at_least_once: bool) -> Outbox {
        let portfolio = Portfolio::parse("", "portfolio.toml").unwrap();
        let gauge = Gauge::new(self.store.clone(), Arc::new(portfolio), Arc::clone(&own));
        let settings = Settings {
            id: "daily".into(),
            audience: "portfolio".into(),
            at: format!("0 {hour} * * *"),
            to: vec!["by key".into(), "blind".into()],
            format: vec![Format::Md],
            at_least_once,
            at_boundaries: false,
        };
        let (by_key, blind) = (self.by_key.clone(), self.blind.clone());
        Outbox::over(Arc::new(gauge), own, &[settings], |to| {
            Ok(Arc::new(if to == "blind" { blind.clone() } else { by_key.clone() }))
        })
        .unwrap()
    }

    fn usual(&self) -> Outbox {
        self.process("7", self.clock.clone(), false)
    }

    async fn states(&self) -> Vec<String> {
        let ends = self.store.deliveries().await.unwrap();
        ends.into_iter().map(|end| format!("{} {}", end.key.channel, end.state)).collect()
    }
}

async fn step(outbox: &Outbox) -> Sent {
    outbox.step().await.unwrap()
}

const NOTHING: Sent = Sent { delivered: 0, failed: 0, unknown: 0, skipped: 0 };
const BOTH: Sent = Sent { delivered: 2, ..NOTHING };

#[tokio::test]
async fn the_newest_of_missed_ticks_is_sent_and_the_others_are_told() {
    let bench = Bench::new().await;
    let outbox = bench.usual();
    assert_eq!(step(&outbox).await, NOTHING, "a first start sends nothing of the past");
    bench.clock.advance(HOUR);
    assert_eq!(step(&outbox).await, BOTH);
    drop(outbox);

    bench.clock.advance(HOUR * 24 * 3);
    let outbox = bench.usual();
    assert_eq!(step(&outbox).await, Sent { skipped: 2, ..BOTH });
    assert_eq!(step(&outbox).await, NOTHING);
    assert_eq!(bench.blind.keys(), ["daily-2026-06-15T0700", "daily-2026-06-18T0700"]);
    assert_eq!(bench.by_key.keys(), bench.blind.keys());
    let own: Arc<dyn Clock> = bench.clock.clone();
    let portfolio = Arc::new(Portfolio::parse("", "portfolio.toml").unwrap());
    let live = Live { digests: outbox.plans(), ..Live::default() };
    let status = Gauge::new(bench.store.clone(), portfolio, own).status(live).await.unwrap();
    let skipped = status.digests[0].skipped.as_ref().unwrap();
    assert_eq!((skipped.count, skipped.newest_due.as_str()), (2, "2026-06-17T07:00"));
}

#[tokio::test]
async fn ticks_go_by_the_clock_of_the_database() {
    let bench = Bench::new().await;
    let fast = ManualClock::at(at("2026-06-16T12:00:00Z"));
    let slow = ManualClock::at(at("2026-06-14T12:00:00Z"));
    let (fast, slow) = (bench.process("7", fast, false), bench.process("7", slow, false));
    for outbox in [&fast, &slow, &fast] {
        assert_eq!(step(outbox).await, NOTHING, "it is half past six");
    }
    bench.clock.advance(HOUR);
    assert_eq!(step(&slow).await, BOTH, "it is half past seven");
    assert_eq!(step(&fast).await, NOTHING);

    // The database's own clock jumps a year ahead, and back.
    bench.clock.advance(HOUR * 24 * 365);
    assert_eq!(step(&fast).await, Sent { skipped: 99, ..BOTH }, "100 ticks are looked at");
    bench.clock.set(at("2026-06-16T08:00:00Z"));
    assert_eq!(step(&fast).await, NOTHING, "the last tick does not go back");
    assert_eq!(bench.blind.keys().len(), 2);
}

#[tokio::test]
async fn a_changed_schedule_sends_nothing_of_the_past() {
    let bench = Bench::new().await;
    step(&bench.usual()).await;
    bench.clock.advance(HOUR);
    assert_eq!(step(&bench.usual()).await, BOTH);
    bench.clock.advance(HOUR * 30);
    let other = bench.process("9", bench.clock.clone(), false);
    assert_eq!(step(&other).await, NOTHING);
    assert_eq!(step(&other).await, NOTHING);
    bench.clock.advance(HOUR * 24);
    assert_eq!(step(&other).await, BOTH);
    assert_eq!(bench.blind.keys()[1..], ["daily-2026-06-17T0900"]);
}

#[tokio::test]
async fn a_refused_digest_is_tried_for_a_day_with_the_same_bytes() {
    let bench = Bench::new().await;
    let outbox = bench.usual();
    step(&outbox).await;
    bench.clock.advance(HOUR);
    bench.by_key.becomes(Mood::Refuses);
    assert_eq!(step(&outbox).await, Sent { delivered: 1, failed: 1, ..NOTHING });
    assert_eq!(step(&outbox).await, NOTHING, "not at once");
    let mut tries = 0;
    for _ in 0..180 {
        bench.clock.advance(Duration::from_secs(60));
        tries += step(&outbox).await.failed;
    }
    assert_eq!(tries, 7, "after 1, 2, 4, ... minutes, and then hourly");
    bench.by_key.becomes(Mood::Takes);
    bench.clock.advance(HOUR);
    // Another process goes on with it, long after the page has changed.
    assert_eq!(step(&bench.usual()).await, Sent { delivered: 1, ..NOTHING });
    assert_eq!(bench.by_key.taken(), bench.blind.taken(), "the bytes that were planned");

    bench.by_key.becomes(Mood::Refuses);
    bench.clock.set(at("2026-06-16T07:00:01Z"));
    assert_eq!(step(&outbox).await, Sent { delivered: 1, failed: 1, ..NOTHING });
    bench.clock.set(at("2026-06-17T06:59:59Z"));
    assert_eq!(step(&outbox).await, Sent { failed: 1, ..NOTHING });
    bench.clock.set(at("2026-06-17T07:00:00Z"));
    step(&outbox).await;
    bench.clock.set(at("2026-06-17T08:00:00Z"));
    step(&outbox).await;
    let problem: Vec<_> = bench.store.due_deliveries().await.unwrap().1;
    assert!(problem.iter().all(|one| one.key.due == "2026-06-17T07:00"), "the old one has ended");
}

#[tokio::test]
async fn a_delivery_of_unknown_outcome_is_repeated_only_where_that_is_harmless() {
    for at_least_once in [false, true] {
        let bench = Bench::new().await;
        // Waiting moves the clock of the process that waits, not that of the database.
        let own = || ManualClock::at(at("2026-06-15T07:30:00Z"));
        let process = || bench.process("7", own(), at_least_once);
        step(&process()).await;
        bench.clock.advance(HOUR);
        // The channel takes the digest, and the process dies before it is marked.
        bench.by_key.becomes(Mood::Kills);
        bench.blind.becomes(Mood::Kills);
        for name in ["blind", "by key"] {
            let outbox = process();
            // One look goes as far as the channel, however much the runtime grants a task at once.
            let mut step = Box::pin(tokio::task::unconstrained(outbox.step()));
            let polled = futures::poll!(&mut step);
            assert!(polled.is_pending(), "{name}");
        }
        assert_eq!(bench.states().await, ["blind sending", "by key sending"]);
        assert_eq!((bench.blind.keys().len(), bench.by_key.keys().len()), (1, 1));
        bench.by_key.becomes(Mood::Takes);
        bench.blind.becomes(Mood::Takes);
        assert_eq!(step(&process()).await, NOTHING, "both claims hold");
        bench.clock.advance(HOUR);
        let (sent, state, copies) = if at_least_once {
            (BOTH, "blind sent", 2)
        } else {
            (Sent { delivered: 1, unknown: 1, ..NOTHING }, "blind unknown", 1)
        };
        assert_eq!(step(&process()).await, sent);
        assert_eq!(bench.states().await, [state, "by key sent"]);
        assert_eq!((bench.blind.keys().len(), bench.by_key.keys().len()), (copies, 2));
        let [first, again] = &bench.by_key.taken()[..] else { panic!("two copies") };
        assert_eq!(first, again, "the same key and the same bytes");

        bench.by_key.becomes(Mood::TakesSilently);
        bench.blind.becomes(Mood::TakesSilently);
        bench.clock.advance(HOUR * 24);
        let told = step(&process()).await;
        assert_eq!((told.failed, told.unknown), if at_least_once { (2, 0) } else { (1, 1) });
    }
}

/// What the three first migrations made is read, and goes on.
#[tokio::test]
async fn digests_of_an_earlier_version_stay_readable_and_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("old.db");
    let db = rusqlite::Connection::open(&path).unwrap();
    db.execute_batch("CREATE TABLE meta (name TEXT PRIMARY KEY, value BIGINT NOT NULL)").unwrap();
    for script in [
        include_str!("../../src/store/migrations/0001_first.sql"),
        include_str!("../../src/store/migrations/0002_scopes.sql"),
        include_str!("../../src/store/migrations/0003_departures.sql"),
    ] {
        db.execute_batch(&script.replace("{blob}", "BLOB")).unwrap();
    }
    let (sent, open) = (at("2026-06-13T07:00:03Z"), at("2026-06-14T07:02:00Z"));
    db.execute_batch(&format!(
        "PRAGMA application_id = {}; INSERT INTO meta VALUES ('schema', 3);
         INSERT INTO digests VALUES ('daily', '2026-06-13T07:00', 'blind', 'sent', 'then', 1, 1,
            {}, {}, NULL);
         INSERT INTO digests VALUES ('daily', '2026-06-14T07:00', 'blind', 'open', '{{}}', 1, 1,
            {}, NULL, '503');",
        0x5367_4175,
        i64::MAX,
        sent.millis(),
        open.millis(),
    ))
    .unwrap();
    drop(db);
    let mut bench = Bench::new().await;
    let own: Arc<dyn Clock> = bench.clock.clone();
    let url = format!("sqlite:{}", path.display());
    bench.store = Store::open_inline(&url, own).await.unwrap();
    let kept = bench.store.sent_digests(10).await.unwrap();
    assert_eq!((kept.len(), kept[0].content.as_str(), kept[0].sent_at), (1, "then", sent));
    let outbox = bench.usual();
    assert_eq!(step(&outbox).await, Sent { unknown: 1, ..NOTHING }, "nobody knows of the open one");
    bench.clock.advance(HOUR);
    assert_eq!(step(&outbox).await, BOTH, "yesterday's tick was the old version's");
}
