//! The daemon: builds everything once, runs the three modes, and drains on a stop.
//!
//! Background sync and webhook-triggered refresh are one loop per connection; scheduled digests
//! are a loop of their own; the web server is the third. All hear one stop request.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::{Notify, mpsc};

use crate::clock::SharedClock;
use crate::digests::outbox::Outbox;
use crate::gauge::Gauge;
use crate::model::{ConnectionId, Timestamp};
use crate::schedule::Schedule;
use crate::spawn::Spawner;
use crate::store::Store;
use crate::sync::{Engine, PassOutcome, Problem, Reach, Stop};
use crate::trackers::Tracker;
use crate::transport::Transport;
use crate::web::access::Access;
use crate::web::live::Live;
use crate::web::metrics::Metrics;
use crate::web::{self, App, Hook};

/// How often due digests are looked for.
const DIGEST_STEP: Duration = Duration::from_secs(15);
/// How often a connection looks back far enough to meet what its index showed late.
const DEEP_MS: i64 = 3_600_000;
/// How often a connection reads everything again, for what leaves no stamp: a renamed label changes
/// items without changing when they were updated, and a server after an upgrade may tell more.
const FULL_MS: i64 = 24 * 3_600_000;
/// The shortest pause between two looks at one connection, whatever asks for them; hints that come
/// meanwhile are read together.
const BREATH: Duration = Duration::from_millis(20);

/// Everything the daemon runs on.
pub struct Daemon {
    pub store: Store,
    pub gauge: Arc<Gauge>,
    pub engine: Arc<Engine>,
    pub outbox: Arc<Outbox>,
    pub access: Arc<Access>,
    pub trackers: Vec<(Arc<dyn Tracker>, Schedule)>,
    /// What the trackers are asked through, for what it was told of their limits.
    pub transport: Transport,
    pub clock: SharedClock,
    pub spawner: Spawner,
}

/// The loop of one connection.
struct Puller {
    connection: ConnectionId,
    schedule: Schedule,
    hinted: Arc<Notify>,
    scan: Arc<Notify>,
    engine: Arc<Engine>,
    metrics: Arc<Metrics>,
    live: Arc<Live>,
    clock: SharedClock,
    stop: Stop,
    /// The notes that were logged last.
    noted: Mutex<Vec<String>>,
}

impl Daemon {
    /// Runs until `stop` is requested, then lets every loop finish what it has in hand.
    pub async fn run(self, listener: TcpListener, stop: Stop) {
        let metrics = Arc::new(Metrics::default());
        let live = Arc::new(Live::new(self.transport, self.outbox.plans()));
        // Every task holds a sender; the channel closes when the last one has ended.
        let (alive, mut ended) = mpsc::channel::<()>(1);
        let mut hooks = BTreeMap::new();
        for (tracker, schedule) in self.trackers {
            let (hinted, scan) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
            let puller = Puller {
                connection: tracker.connection().clone(),
                schedule,
                hinted: Arc::clone(&hinted),
                scan: Arc::clone(&scan),
                engine: Arc::clone(&self.engine),
                metrics: Arc::clone(&metrics),
                live: Arc::clone(&live),
                clock: Arc::clone(&self.clock),
                stop: stop.clone(),
                noted: Mutex::default(),
            };
            hooks.insert(puller.connection.0.clone(), Hook { tracker, hinted, scan });
            let alive = alive.clone();
            self.spawner.spawn("puller", async move {
                puller.run().await;
                drop(alive);
            });
        }
        let (outbox, counted) = (Arc::clone(&self.outbox), Arc::clone(&metrics));
        let (clock, stopped, held) = (Arc::clone(&self.clock), stop.clone(), alive.clone());
        self.spawner.spawn("digests", async move {
            send_digests(&outbox, &counted, &clock, &stopped).await;
            drop(held);
        });
        let app = App {
            gauge: self.gauge,
            store: self.store,
            clock: Arc::clone(&self.clock),
            access: self.access,
            metrics,
            live,
            hooks,
        };
        let router = web::router(Arc::new(app));
        let limits = web::server::Limits::default();
        let stopped = async move { stop.wait().await };
        web::server::serve(listener, router, self.spawner, self.clock, limits, stopped).await;
        drop(alive);
        ended.recv().await;
    }
}

impl Puller {
    async fn run(self) {
        let (mut deep_at, mut full_at) = (Timestamp::MIN, self.clock.now());
        let mut due = self.clock.now();
        while !self.stop.requested() {
            let now = self.clock.now();
            if now >= due {
                let since = |at: Timestamp| now.millis().saturating_sub(at.millis());
                let reach = match () {
                    () if since(full_at) >= FULL_MS => Reach::Full,
                    () if since(deep_at) >= DEEP_MS => Reach::Deep,
                    () => Reach::Hot,
                };
                self.live.begin(&self.connection, word(reach), now);
                let progress = self.live.as_ref();
                let outcome = self.engine.pass(&self.connection, reach, progress, &self.stop).await;
                self.note(&outcome);
                if outcome.complete && reach != Reach::Hot {
                    deep_at = now;
                }
                if outcome.complete && reach == Reach::Full {
                    full_at = now;
                }
                due = self.next(&outcome);
                let after = |at: Timestamp, pause: i64| at.plus_millis(pause).max(due);
                self.live.plan(
                    &self.connection,
                    &[
                        ("pull", due),
                        ("deep", after(deep_at, DEEP_MS)),
                        ("whole", after(full_at, FULL_MS)),
                    ],
                );
                self.live.end(&self.connection);
            }
            self.clock.sleep(BREATH).await;
            let wait = u64::try_from(due.millis() - self.clock.now().millis()).unwrap_or(0);
            tokio::select! {
                biased;
                () = self.stop.wait() => break,
                () = self.hinted.notified() => self.refresh().await,
                () = self.scan.notified() => due = self.clock.now(),
                () = self.clock.sleep(Duration::from_millis(wait)) => {}
            }
        }
    }

    async fn refresh(&self) {
        let outcome = self.engine.refresh(&self.connection, &self.stop).await;
        self.tell(&outcome);
    }

    /// The next tick of the schedule, or later if the tracker asked for it. Hints left over from
    /// a crash are followed because the first thing a daemon does is a pass.
    fn next(&self, outcome: &PassOutcome) -> Timestamp {
        let now = self.clock.now();
        let tick = self
            .schedule
            .next_after(now, chrono_tz::Tz::UTC)
            .map_or(now.plus_millis(DEEP_MS), |tick| tick.at);
        match &outcome.problem {
            Some(Problem::Wait { until, .. }) => tick.max(*until),
            _ => tick,
        }
    }

    fn note(&self, outcome: &PassOutcome) {
        self.metrics.pass(outcome, self.clock.now().millis() / 1000);
        self.tell(outcome);
    }

    fn tell(&self, outcome: &PassOutcome) {
        // A refresh asks nothing about it, and every pass repeats what the one before it told.
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        if outcome.notes.is_empty() || *noted == outcome.notes {
            return;
        }
        for note in &outcome.notes {
            tracing::warn!(connection = %self.connection, note, "about the credential or the server");
        }
        noted.clone_from(&outcome.notes);
    }
}

/// How the status page calls a pass.
fn word(reach: Reach) -> &'static str {
    match reach {
        Reach::Hot => "pull",
        Reach::Deep => "deep",
        Reach::Full => "whole",
    }
}

async fn send_digests(outbox: &Outbox, metrics: &Metrics, clock: &SharedClock, stop: &Stop) {
    while !stop.requested() {
        match outbox.step().await {
            Ok(sent) => metrics.digests(sent.delivered, sent.failed),
            Err(error) => tracing::error!(%error, "digests wait for the store"),
        }
        tokio::select! {
            biased;
            () = stop.wait() => break,
            () = clock.sleep(DIGEST_STEP) => {}
        }
    }
}
