//! Pull, refresh, hints: from a tracker's pages to the store.
//!
//! A pass walks every scan of a connection from its cursor, reads by id what is new, newer or not
//! yet settled, and commits each batch together with the point to resume from. Killed anywhere,
//! the next pass goes on from there. The cursor moves only at the end of a complete scan, to the
//! tracker's own clock at its start.
//!
//! Hints come first: a pass looks for them between two batches, and bulk work (first walks, whole
//! walks, sweeps) leaves the last tenth of a rate budget to them. Where the tracker keeps a log of
//! webhooks that failed to reach us, what it holds is taken as hints as well.
//!
//! A pass cannot see what left. A sweep lists every id once a day: what is stored and not listed is
//! a candidate, and single reads decide. Nothing is concluded from a list, from one look that the
//! tracker does not explain, from a project that cannot be seen, or from a doubtful credential.

mod absence;
mod by_position;
mod duty;
mod hold;
mod missed;
mod outcome;
mod pass;
mod read;
mod refresh;
mod roster;
mod run;
mod scan;
mod settings;
mod stop;
mod sweep;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use tracing::Instrument as _;

use crate::clock::SharedClock;
use crate::entropy::Entropy;
use crate::model::{ConnectionId, Timestamp};
use crate::store::{Store, StoreError};
use crate::trackers::Tracker;

use hold::Holds;
use run::Run;

pub use duty::Duty;
pub use outcome::{PassOutcome, Problem, Progress, Silent};
pub use settings::Settings;
pub use stop::{Stop, Stopper};
pub use sweep::Sweeping;

/// How far back a pass looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// The usual pull: from the cursor less the hot overlap.
    Hot,
    /// From the cursor less the deep overlap; for what a lagging index showed late.
    Deep,
    /// Everything again.
    Full,
}

/// What is done under one lease and one id.
#[derive(Debug, Clone, Copy)]
enum Task<'a> {
    Pass(Reach),
    Refresh,
    Sweep(&'a Sweeping),
    Missed,
}

/// Pulls from trackers into the store. One engine a process; its methods may run side by side.
pub struct Engine {
    store: Store,
    trackers: BTreeMap<ConnectionId, Arc<dyn Tracker>>,
    clock: SharedClock,
    entropy: Entropy,
    settings: Settings,
    holds: Holds,
    /// When releases were last listed.
    catalogued: Mutex<BTreeMap<ConnectionId, Timestamp>>,
}

impl Engine {
    /// An engine for these trackers; it starts nothing by itself.
    #[must_use]
    pub fn new(
        store: Store,
        trackers: Vec<Arc<dyn Tracker>>,
        clock: SharedClock,
        entropy: Entropy,
        settings: Settings,
    ) -> Self {
        let trackers = trackers.into_iter().map(|t| (t.connection().clone(), t)).collect();
        let holds = Holds::new(format!("{:016x}", entropy.next_u64()));
        let catalogued = Mutex::default();
        Self { store, trackers, clock, entropy, settings, holds, catalogued }
    }

    /// The connections, sorted.
    #[must_use]
    pub fn connections(&self) -> Vec<ConnectionId> {
        self.trackers.keys().cloned().collect()
    }

    /// The tracker behind a connection, to verify its webhooks.
    #[must_use]
    pub fn tracker(&self, connection: &ConnectionId) -> Option<&Arc<dyn Tracker>> {
        self.trackers.get(connection)
    }

    /// One pass over a connection: probe, catalogue, every scan, and reads that failed before.
    /// Whatever goes wrong is in the outcome; nothing that was committed is lost by it.
    pub async fn pass(
        &self,
        connection: &ConnectionId,
        reach: Reach,
        progress: &dyn Progress,
        stop: &Stop,
    ) -> PassOutcome {
        self.traced(Task::Pass(reach), connection, progress, stop).await
    }

    /// Reads the items that due hints name, in bulk, until no hint is due.
    pub async fn refresh(&self, connection: &ConnectionId, stop: &Stop) -> PassOutcome {
        self.traced(Task::Refresh, connection, &Silent, stop).await
    }

    /// Takes the webhooks that failed to reach us as hints, where the tracker keeps a log of them.
    pub async fn missed(&self, connection: &ConnectionId, stop: &Stop) -> PassOutcome {
        self.traced(Task::Missed, connection, &Silent, stop).await
    }

    /// One sweep: how every project stands, which stored items are listed no more and why, and
    /// which listed ones are not stored.
    pub async fn sweep(
        &self,
        connection: &ConnectionId,
        sweeping: &Sweeping,
        stop: &Stop,
    ) -> PassOutcome {
        self.traced(Task::Sweep(sweeping), connection, &Silent, stop).await
    }

    /// Whether a project of the connection is due to be swept.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn sweep_due(&self, connection: &ConnectionId) -> Result<bool, StoreError> {
        let Some(tracker) = self.trackers.get(connection) else { return Ok(false) };
        let due = sweep::due(&self.store, tracker.as_ref(), self.clock.now(), &self.settings);
        Ok(!due.await?.is_empty())
    }

    /// From when each project of the connection may be swept again.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn sweep_turns(
        &self,
        connection: &ConnectionId,
    ) -> Result<BTreeMap<String, Timestamp>, StoreError> {
        let Some(tracker) = self.trackers.get(connection) else { return Ok(BTreeMap::new()) };
        sweep::turns(&self.store, tracker.as_ref(), &self.settings).await
    }

    /// Does the task under the connection's lease and one id in the logs.
    async fn traced(
        &self,
        task: Task<'_>,
        connection: &ConnectionId,
        progress: &dyn Progress,
        stop: &Stop,
    ) -> PassOutcome {
        let pass_id = format!("{:016x}", self.entropy.next_u64());
        let span = tracing::info_span!("sync", ?task, %connection, pass = pass_id);
        async {
            let outcome = PassOutcome::new(connection.clone(), pass_id);
            let outcome = self.leased(task, connection, progress, stop, outcome).await;
            let known = self.store.trouble().is_some();
            outcome.log(matches!(task, Task::Refresh | Task::Missed), known);
            outcome
        }
        .instrument(span)
        .await
    }

    async fn leased(
        &self,
        task: Task<'_>,
        connection: &ConnectionId,
        progress: &dyn Progress,
        stop: &Stop,
        outcome: PassOutcome,
    ) -> PassOutcome {
        let Some(tracker) = self.trackers.get(connection) else {
            let problem = format!("there is no connection {connection}; see streamgauge.toml");
            return outcome.with(Problem::Refused(problem));
        };
        let hold = match self.holds.take(&self.store, connection, self.settings.lease).await {
            Ok(Some(hold)) => hold,
            Ok(None) => return outcome.with(Problem::Elsewhere(connection.clone())),
            Err(error) => return outcome.with(error.into()),
        };
        let mut run = Run::new(self, tracker.as_ref(), hold.lease.clone(), progress, stop, outcome);
        let ended = match task {
            Task::Pass(reach) => run.pass(reach).await,
            Task::Refresh => run.refresh().await,
            Task::Sweep(sweeping) => run.sweep(sweeping).await,
            Task::Missed => run.missed().await,
        };
        let outcome = run.end(ended);
        if let Err(error) = hold.give_back(&self.store).await {
            // What concerns the whole database is told by whoever watches that.
            if !error.is_general() {
                tracing::warn!(%error, "the lease was not given back; it runs out by itself");
            }
        }
        outcome
    }

    /// Whether releases are due to be listed again.
    fn catalogue_due(&self, connection: &ConnectionId) -> bool {
        let known = self.catalogued.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(connection).is_none_or(|last| {
            self.clock.now() >= settings::after(*last, self.settings.full_catalogue)
        })
    }

    fn catalogue_done(&self, connection: &ConnectionId) {
        let mut known = self.catalogued.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(connection.clone(), self.clock.now());
    }
}
