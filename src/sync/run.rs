//! What every step of one pass or refresh shares: the lease, the batch in hand, the counts.

use std::collections::{BTreeMap, BTreeSet};

use super::outcome::{PassOutcome, Problem, Progress};
use super::settings::{after, settling_ms};
use super::{Engine, Stop};
use crate::model::{ConnectionId, Gap, Item, Timestamp};
use crate::store::{Batch, Lease, Store};
use crate::trackers::{Probe, Tracker, TrackerError};

/// How far the stamp of an item may be ahead of the tracker's clock at the beginning of a pass,
/// in milliseconds: longer than any pass takes.
const AHEAD_MAX_MS: i64 = 2 * 86_400_000;

/// One pass or refresh on its way.
pub struct Run<'a> {
    pub engine: &'a Engine,
    pub tracker: &'a dyn Tracker,
    pub lease: Lease,
    pub progress: &'a dyn Progress,
    pub outcome: PassOutcome,
    /// Read but not yet committed; the next wait for the tracker is used for that.
    pub in_hand: Option<Batch>,
    /// Failed attempts by item, from before this pass.
    pub attempts: BTreeMap<String, u32>,
    /// Items in a row that could not be read: many of them mean that the tracker is unwell.
    pub failures: u32,
    /// Projects that are archived or in the bin: what is still readable of them has left.
    pub shelved: Vec<String>,
    /// What was read of them.
    put_away: Vec<Item>,
    /// Stored items that were listed, and that reading by id did not give.
    pub absent: BTreeSet<String>,
    pub started_at: Timestamp,
    /// When this run last looked for hints between two batches.
    pub heeded_at: Option<Timestamp>,
    stop: &'a Stop,
    renewed_at: Timestamp,
}

/// How one step ended; the problem ends the pass, with everything committed kept.
pub type Step<T> = Result<T, Problem>;

impl<'a> Run<'a> {
    /// A run that has done nothing yet.
    pub fn new(
        engine: &'a Engine,
        tracker: &'a dyn Tracker,
        lease: Lease,
        progress: &'a dyn Progress,
        stop: &'a Stop,
        outcome: PassOutcome,
    ) -> Self {
        let now = engine.clock.now();
        Self {
            engine,
            tracker,
            lease,
            progress,
            outcome,
            in_hand: None,
            attempts: BTreeMap::new(),
            failures: 0,
            shelved: Vec::new(),
            put_away: Vec::new(),
            absent: BTreeSet::new(),
            started_at: now,
            heeded_at: None,
            stop,
            renewed_at: now,
        }
    }

    /// Where everything goes.
    pub fn store(&self) -> &'a Store {
        &self.engine.store
    }

    /// What is being read.
    pub fn connection(&self) -> &'a ConnectionId {
        self.tracker.connection()
    }

    /// Our own time, for what we learn and when to try again.
    pub fn now(&self) -> Timestamp {
        self.engine.clock.now()
    }

    /// Closes the books.
    pub fn end(mut self, ended: Step<()>) -> PassOutcome {
        self.outcome.complete = self.outcome.problem.is_none();
        match ended {
            Ok(()) => self.outcome,
            Err(problem) => self.outcome.with(problem),
        }
    }

    /// Takes up what earlier runs left: failed reads, and projects that were found closed.
    pub async fn recall(&mut self) -> Step<()> {
        let waiting = self.store().due_retries(self.connection(), Timestamp::MAX, u32::MAX).await?;
        self.attempts = waiting.into_iter().map(|r| (r.source, r.attempts)).collect();
        self.shelved = self.store().shelved(self.connection()).await?;
        Ok(())
    }

    /// Proves that the credential works.
    pub async fn probe(&mut self) -> Step<Probe> {
        Ok(self.alongside(self.tracker.probe()).await??)
    }

    /// Waits for the tracker and commits the batch in hand meanwhile. A request to stop drops the
    /// answer, never the batch.
    pub async fn alongside<T>(
        &mut self,
        call: impl Future<Output = Result<T, TrackerError>>,
    ) -> Step<Result<T, TrackerError>> {
        let stop = self.stop;
        let call = async {
            tokio::select! {
                biased;
                () = stop.wait() => Err(Problem::Stopped),
                answer = call => Ok(answer),
            }
        };
        let (committed, answer) = futures::future::join(self.commit(), call).await;
        committed?;
        answer
    }

    /// Commits the batch in hand.
    pub async fn commit(&mut self) -> Step<()> {
        let now = self.now();
        let third = self.engine.settings.lease / 3;
        if now >= after(self.renewed_at, third) || now < self.renewed_at {
            self.store().renew(&self.lease, self.engine.settings.lease).await?;
            self.renewed_at = now;
        }
        self.put_away().await?;
        let Some(batch) = self.in_hand.take() else { return Ok(()) };
        let (items, gaps) = (batch.items.len() as u64, batch.gaps.len() as u64);
        let applied = self.store().apply(&self.lease, batch).await?;
        self.outcome.read += items;
        self.outcome.changed += applied.new + applied.changed;
        self.outcome.gaps += gaps;
        self.progress.applied(self.connection(), items);
        Ok(())
    }

    /// Deals with items that were read in a closed project: those that have left stay away. One that
    /// is stored as live came from elsewhere; it is noted as it is now, and the next sweep tells
    /// whether the project is still closed.
    async fn put_away(&mut self) -> Step<()> {
        let items = std::mem::take(&mut self.put_away);
        if items.is_empty() {
            return Ok(());
        }
        let (store, connection, now) = (self.store(), self.connection(), self.now());
        for item in &items {
            let source = &item.id.source;
            store.clear_retry(&self.lease, connection, source).await?;
            store.close_gaps(&self.lease, connection, source, now).await?;
        }
        let sources = items.iter().map(|item| item.id.source.clone()).collect();
        let known = store.rostered(connection, sources).await?;
        let live: BTreeSet<String> =
            known.into_iter().filter(|item| item.live).map(|item| item.source).collect();
        let batch = Batch {
            connection: connection.clone(),
            tracker: self.tracker.kind(),
            items: items.into_iter().filter(|item| live.contains(&item.id.source)).collect(),
            gaps: Vec::new(),
            known_at: now,
            settled_before: None,
            resume: None,
        };
        if !batch.items.is_empty() {
            store.apply(&self.lease, batch).await?;
        }
        Ok(())
    }

    /// Whether a project is closed, under the name that is configured or the one it has now.
    fn is_shelved(&self, project: &str) -> bool {
        let is_it = |name: &str| name.eq_ignore_ascii_case(project);
        self.shelved.iter().any(|closed| {
            is_it(closed) || self.tracker.present(closed).is_some_and(|name| is_it(&name))
        })
    }

    /// An item with a stamp that can be true. One far ahead of the tracker's own clock, as faulty
    /// imports leave them, would make every later change look old.
    fn dated(&self, item: Item, read_at: Option<Timestamp>) -> Item {
        let Some(read_at) = read_at else { return item };
        match item.updated_at > read_at.plus_millis(AHEAD_MAX_MS) {
            true => {
                Item { updated_at: read_at.plus_millis(-settling_ms(self.tracker.kind())), ..item }
            }
            false => item,
        }
    }

    /// What one answer told, ready to be committed. `read_at` is the tracker's clock at or before
    /// the read.
    pub fn batch(&mut self, items: Vec<Item>, gaps: Vec<Gap>, read_at: Option<Timestamp>) -> Batch {
        let (left, items): (Vec<Item>, Vec<Item>) =
            items.into_iter().partition(|item| self.is_shelved(&item.attributes.project));
        self.put_away.extend(left);
        let items = items.into_iter().map(|item| self.dated(item, read_at)).collect();
        let settling = settling_ms(self.tracker.kind());
        Batch {
            connection: self.connection().clone(),
            tracker: self.tracker.kind(),
            items,
            gaps,
            known_at: self.now(),
            settled_before: read_at.map(|at| at.plus_millis(-settling)),
            resume: None,
        }
    }
}
