//! One pass: probe, catalogue, every scan, reads that failed before, hints that still wait.

use std::collections::{BTreeSet, VecDeque};

use super::Reach;
use super::outcome::Problem;
use super::run::{Run, Step};
use crate::model::Timestamp;
use crate::store::PassRecord;
use crate::trackers::ScanId;

/// Failed reads that one pass tries again.
const RETRIES_MAX: u32 = 500;

impl Run<'_> {
    /// Walks everything and notes the pass in the log.
    pub async fn pass(&mut self, reach: Reach) -> Step<()> {
        let walked = self.walk_all(reach).await;
        let clock = match walked {
            Ok(clock) => clock,
            Err(problem) => {
                self.outcome.note(problem);
                None
            }
        };
        self.log_pass(clock).await
    }

    /// The tracker's clock that is now covered; `None` when a scan is not complete.
    async fn walk_all(&mut self, reach: Reach) -> Step<Option<Timestamp>> {
        let probe = self.probe().await?;
        self.outcome.notes.clone_from(&probe.notes);
        self.recall().await?;
        let catalogued = self.catalogue().await;
        self.go_on(catalogued)?;
        let mut covered = Some(probe.clock);
        let walked = self.store().walked(self.connection()).await?;
        let walked: Vec<_> = walked.into_iter().map(|(scan, at)| (ScanId(scan), at)).collect();
        self.tracker.recall(&walked);
        let mut scans: VecDeque<ScanId> = self.tracker.scans().into();
        let mut begun: BTreeSet<ScanId> = scans.iter().cloned().collect();
        while let Some(scan) = scans.pop_front() {
            let walked = self.scan(&scan, reach, probe.clock).await;
            // Commits what an aborted walk left in hand.
            self.commit().await?;
            match walked {
                Ok(t0) => covered = covered.map(|clock| clock.min(t0)),
                // Other owners have budgets of their own.
                Err(problem @ Problem::Reserve { .. }) => {
                    covered = None;
                    self.outcome.note(problem);
                }
                Err(problem) => {
                    covered = None;
                    self.suspect(&scan.0).await?;
                    self.go_on(Err(problem))?;
                }
            }
            if scans.is_empty() {
                // What the walks met on their way.
                let met = self.tracker.scans().into_iter();
                scans.extend(met.filter(|scan| begun.insert(scan.clone())));
            }
        }
        if reach == Reach::Full && covered.is_some() {
            let (since, now) = (self.started_at, self.now());
            self.store().close_nameless_gaps(&self.lease, self.connection(), since, now).await?;
        }
        self.retry().await?;
        // Hints outlive a crash, and a missing item is looked at again; no webhook comes for them.
        self.refresh().await?;
        self.second_looks().await?;
        Ok(covered)
    }

    /// A problem of one part is noted, and the other parts go on; any other one ends the pass.
    fn go_on(&mut self, part: Step<()>) -> Step<()> {
        match part {
            Err(problem) if problem.is_local() => {
                self.outcome.note(problem);
                Ok(())
            }
            other => other,
        }
    }

    async fn catalogue(&mut self) -> Step<()> {
        let full = self.engine.catalogue_due(self.connection());
        let catalogue = self.alongside(self.tracker.catalogue(full)).await??;
        let releases = full.then_some(catalogue.releases);
        let (connection, now) = (self.connection(), self.now());
        self.store()
            .put_catalogue(&self.lease, connection, catalogue.statuses, releases, now)
            .await?;
        if full {
            self.engine.catalogue_done(connection);
        }
        Ok(())
    }

    /// Reads again what failed before and is due.
    async fn retry(&mut self) -> Step<()> {
        let due = self.store().due_retries(self.connection(), self.now(), RETRIES_MAX).await?;
        let sources: Vec<String> = due.into_iter().map(|retry| retry.source).collect();
        for part in sources.chunks(self.tracker.batch().max(1)) {
            let absent = self.read(part.to_vec()).await?;
            self.commit().await?;
            for source in absent {
                self.missing(&source).await?;
            }
        }
        Ok(())
    }

    async fn log_pass(&mut self, clock: Option<Timestamp>) -> Step<()> {
        if matches!(self.outcome.problem, Some(Problem::Elsewhere(_) | Problem::Store(_))) {
            return Ok(());
        }
        let outcome = &self.outcome;
        let record = PassRecord {
            id: outcome.pass_id.clone(),
            connection: outcome.connection.clone(),
            started_at: self.started_at,
            finished_at: self.now(),
            clock,
            complete: clock.is_some(),
            discovered: outcome.discovered,
            read: outcome.read,
            changed: outcome.changed,
            gaps: outcome.gaps,
            problem: outcome.problem.as_ref().map(ToString::to_string),
        };
        Ok(self.store().log_pass(&self.lease, record).await?)
    }
}
