//! The daemon: builds everything once, runs the three modes, and drains on a stop.
//!
//! Background sync and webhook-triggered refresh are one loop per connection; scheduled digests
//! are a loop of their own; the web server is the third. All hear one stop request.

mod gather;

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
use crate::sync::{Engine, PassOutcome, Problem, Reach, Stop, Sweeping};
use crate::trackers::Tracker;
use crate::transport::Transport;
use crate::web::access::Access;
use crate::web::live::Live;
use crate::web::metrics::Metrics;
use crate::web::{self, App, Hook};

use gather::Gather;

/// How often due digests are looked for.
const DIGEST_STEP: Duration = Duration::from_secs(5);
/// How often a connection looks back far enough to meet what its index showed late.
const DEEP_MS: i64 = 3_600_000;
/// How often a connection reads everything again, for what leaves no stamp: a renamed label changes
/// items without changing when they were updated, and a server after an upgrade may tell more.
const FULL_MS: i64 = 24 * 3_600_000;
/// The shortest pause between a pass and one that webhooks ask for, in milliseconds: a flood of
/// deliveries that cannot be kept asks for one each.
const SCAN_BREATH_MS: i64 = 2_000;
/// How often it is looked whether a project is due to be swept.
const SWEEP_STEP: Duration = Duration::from_secs(15 * 60);
/// The shortest pause between two sweeps of one connection, whatever asks for them.
const SWEEP_BREATH_MS: i64 = 10 * 60_000;
/// How often the tracker is asked for webhooks that failed to reach us.
const MISSED_MS: i64 = 3_600_000;
/// How often the first pass is tried while a killed process still seems to hold the connection.
const FIRST_TRY_MS: i64 = 5_000;

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
    sweep: Arc<Notify>,
    /// A pass has walked everything.
    passed: Arc<Notify>,
    engine: Arc<Engine>,
    metrics: Arc<Metrics>,
    live: Arc<Live>,
    clock: SharedClock,
    stop: Stop,
    /// The notes that were logged last.
    noted: Mutex<Vec<String>>,
}

/// The sweeps of one connection, apart from its pulls: hints are followed meanwhile.
struct Sweeper {
    connection: ConnectionId,
    hinted: Arc<Notify>,
    scan: Arc<Notify>,
    sweep: Arc<Notify>,
    passed: Arc<Notify>,
    engine: Arc<Engine>,
    live: Arc<Live>,
    clock: SharedClock,
    stop: Stop,
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
            let (sweep, passed) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
            let sweeper = Sweeper {
                connection: tracker.connection().clone(),
                hinted: Arc::clone(&hinted),
                scan: Arc::clone(&scan),
                sweep: Arc::clone(&sweep),
                passed: Arc::clone(&passed),
                engine: Arc::clone(&self.engine),
                live: Arc::clone(&live),
                clock: Arc::clone(&self.clock),
                stop: stop.clone(),
            };
            let puller = Puller {
                connection: tracker.connection().clone(),
                schedule,
                hinted: Arc::clone(&hinted),
                scan: Arc::clone(&scan),
                sweep: Arc::clone(&sweep),
                passed,
                engine: Arc::clone(&self.engine),
                metrics: Arc::clone(&metrics),
                live: Arc::clone(&live),
                clock: Arc::clone(&self.clock),
                stop: stop.clone(),
                noted: Mutex::default(),
            };
            hooks.insert(puller.connection.0.clone(), Hook { tracker, hinted, scan, sweep });
            let (pulling, sweeping) = (alive.clone(), alive.clone());
            self.spawner.spawn("puller", async move {
                puller.run().await;
                drop(pulling);
            });
            self.spawner.spawn("sweeper", async move {
                sweeper.run().await;
                drop(sweeping);
            });
        }
        let (outbox, counted) = (Arc::clone(&self.outbox), Arc::clone(&metrics));
        let (clock, stopped, held) = (Arc::clone(&self.clock), stop.clone(), alive.clone());
        self.spawner.spawn("digests", async move {
            send_digests(&outbox, &counted, &clock, &stopped).await;
            drop(held);
        });
        let scans: Vec<Arc<Notify>> = hooks.values().map(|hook| Arc::clone(&hook.scan)).collect();
        // Who was turned away may have brought a webhook that nobody sends again.
        let turned_away = || scans.iter().for_each(|scan| scan.notify_one());
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
        let limits = web::server::Limits::default().within_open_files();
        let stopped = async move { stop.wait().await };
        let (spawner, clock) = (self.spawner, self.clock);
        web::server::serve(listener, router, spawner, clock, limits, turned_away, stopped).await;
        drop(alive);
        ended.recv().await;
    }
}

impl Puller {
    async fn run(self) {
        let (mut deep_at, mut full_at) = (Timestamp::MIN, self.clock.now());
        let mut due = self.clock.now();
        let mut ended = due;
        let mut held_once = false;
        let mut whole_from = Timestamp::MIN;
        let mut gather = Gather::new(self.clock.now());
        while !self.stop.requested() {
            let now = self.clock.now();
            if now >= due {
                let since = |at: Timestamp| now.millis().saturating_sub(at.millis());
                let reach = match () {
                    () if since(full_at) >= FULL_MS && now >= whole_from => Reach::Full,
                    () if since(deep_at) >= DEEP_MS => Reach::Deep,
                    () => Reach::Hot,
                };
                self.live.begin(&self.connection, word(reach), now);
                let progress = self.live.as_ref();
                let outcome = self.engine.pass(&self.connection, reach, progress, &self.stop).await;
                self.note(&outcome);
                // A scope that refuses for good must not make every pass a whole one.
                let walked =
                    outcome.complete || matches!(outcome.problem, Some(Problem::Refused(_)));
                if walked && reach != Reach::Hot {
                    deep_at = now;
                }
                if walked && reach == Reach::Full {
                    full_at = now;
                }
                if walked {
                    self.passed.notify_one();
                }
                if let Some(Problem::Reserve { until, .. }) = &outcome.problem {
                    // The usual pulls go on meanwhile.
                    whole_from = *until;
                }
                due = self.next(&outcome);
                if matches!(outcome.problem, Some(Problem::Elsewhere(_))) {
                    // The lease of a process that was killed runs out soon.
                    let soon = self.clock.now().plus_millis(FIRST_TRY_MS);
                    due = if held_once { due } else { due.min(soon) };
                } else {
                    held_once = true;
                }
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
                ended = self.clock.now();
            }
            tokio::select! {
                biased;
                () = self.stop.wait() => break,
                () = self.clock.sleep(gather.pause(self.clock.now())) => {}
            }
            let wait = u64::try_from(due.millis() - self.clock.now().millis()).unwrap_or(0);
            tokio::select! {
                biased;
                () = self.stop.wait() => break,
                () = self.hinted.notified() => self.refresh(&mut gather).await,
                () = self.scan.notified() => {
                    due = due.min(ended.plus_millis(SCAN_BREATH_MS).max(self.clock.now()));
                }
                () = self.clock.sleep(Duration::from_millis(wait)) => {}
            }
        }
    }

    async fn refresh(&self, gather: &mut Gather) {
        let outcome = self.engine.refresh(&self.connection, &self.stop).await;
        if outcome.hints_left {
            self.hinted.notify_one();
        } else if outcome.discovered > 0 {
            gather.spend();
        }
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
            Some(Problem::Reserve { until, .. }) => tick.min(*until),
            _ => tick,
        }
    }

    fn note(&self, outcome: &PassOutcome) {
        self.metrics.pass(outcome, self.clock.now().millis() / 1000);
        self.tell(outcome);
    }

    fn tell(&self, outcome: &PassOutcome) {
        if outcome.sweep {
            self.sweep.notify_one();
        }
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

/// Tells the log what the sweep before it did not tell.
fn tell(outcome: &PassOutcome, noted: &mut Vec<String>) {
    for note in outcome.notes.iter().filter(|note| !noted.contains(note)) {
        tracing::warn!(connection = %outcome.connection, "{note}");
    }
    noted.clone_from(&outcome.notes);
}

impl Sweeper {
    /// Waits for the first pass: before it there is nothing to compare.
    async fn run(self) {
        let (mut last, mut wanted, mut noted) = (None, false, Vec::new());
        let (mut looked, mut told) = (None, Vec::new());
        tokio::select! {
            biased;
            () = self.stop.wait() => return,
            () = self.passed.notified() => {}
        }
        while !self.stop.requested() {
            let due = |last: Timestamp| {
                self.clock.now().millis().saturating_sub(last.millis()) >= MISSED_MS
            };
            if looked.is_none_or(due) {
                looked = Some(self.clock.now());
                wanted |= self.missed(&mut told).await;
            }
            let rested = last.is_none_or(|last: Timestamp| {
                self.clock.now().millis().saturating_sub(last.millis()) >= SWEEP_BREATH_MS
            });
            if rested && (wanted || self.is_due().await) {
                let sweeping = Sweeping { all: wanted, ..Sweeping::default() };
                self.live.begin_sweep(&self.connection, self.clock.now());
                let swept = self.engine.sweep(&self.connection, &sweeping, &self.stop).await;
                tell(&swept, &mut noted);
                (last, wanted) = (Some(self.clock.now()), false);
            }
            self.plan(last).await;
            let step = if wanted { Duration::from_secs(60) } else { SWEEP_STEP };
            tokio::select! {
                biased;
                () = self.stop.wait() => break,
                () = self.sweep.notified() => wanted = true,
                () = self.clock.sleep(step) => {}
            }
        }
    }

    /// Takes up what webhooks failed to tell; returns whether a sweep is wanted.
    async fn missed(&self, noted: &mut Vec<String>) -> bool {
        let missed = self.engine.missed(&self.connection, &self.stop).await;
        if !missed.notes.is_empty() {
            tell(&missed, noted);
        }
        if missed.discovered > 0 {
            self.hinted.notify_one();
        }
        if missed.scan {
            self.scan.notify_one();
        }
        missed.sweep
    }

    /// Tells the status page what comes next; a store that fails is told of by the sweeps.
    async fn plan(&self, last: Option<Timestamp>) {
        let rested = last.map_or(Timestamp::MIN, |last| last.plus_millis(SWEEP_BREATH_MS));
        let mut turns = self.engine.sweep_turns(&self.connection).await.unwrap_or_default();
        turns.values_mut().for_each(|at| *at = rested.max(*at));
        self.live.plan_sweeps(&self.connection, turns);
    }

    async fn is_due(&self) -> bool {
        self.engine.sweep_due(&self.connection).await.unwrap_or_else(|error| {
            tracing::warn!(connection = %self.connection, %error, "no sweep: the store fails");
            false
        })
    }
}

async fn send_digests(outbox: &Outbox, metrics: &Metrics, clock: &SharedClock, stop: &Stop) {
    while !stop.requested() {
        match outbox.step().await {
            Ok(sent) => metrics.digests(sent.outcomes()),
            Err(error) => tracing::error!(%error, "digests wait for the store"),
        }
        tokio::select! {
            biased;
            () = stop.wait() => break,
            () = clock.sleep(DIGEST_STEP) => {}
        }
    }
}
