//! The sweeps of one connection, beside its pulls: hints are followed meanwhile.

use std::time::Duration;

use super::post::{Post, Turn};
use crate::model::Timestamp;
use crate::store::Ask;
use crate::sync::{PassOutcome, Stop, Sweeping};

/// How often it is looked whether a project is due to be swept.
const SWEEP_STEP: Duration = Duration::from_secs(15 * 60);
/// The shortest pause between two sweeps of one connection, whatever asks for them.
const SWEEP_BREATH_MS: i64 = 10 * 60_000;

/// How often the tracker is asked for webhooks that failed to reach us.
const MISSED_MS: i64 = 3_600_000;

/// The sweeping loop of one turn of duty.
pub struct Sweeper<'a> {
    pub post: &'a Post,
    pub turn: &'a Turn,
    pub stop: Stop,
}

impl Sweeper<'_> {
    /// Waits for the first pass: before it there is nothing to compare.
    pub async fn run(self) {
        let Post { clock, .. } = self.post;
        let (mut last, mut wanted, mut noted) = (None, false, Vec::new());
        let (mut looked, mut told) = (None, Vec::new());
        tokio::select! {
            biased;
            () = self.stop.wait() => return,
            () = self.turn.passed.notified() => {}
        }
        while !self.stop.requested() {
            let due =
                |last: Timestamp| clock.now().millis().saturating_sub(last.millis()) >= MISSED_MS;
            if looked.is_none_or(due) {
                looked = Some(clock.now());
                wanted |= self.missed(&mut told).await;
            }
            let rested = last.is_none_or(|last: Timestamp| {
                clock.now().millis().saturating_sub(last.millis()) >= SWEEP_BREATH_MS
            });
            if rested && (wanted || self.is_due().await) {
                self.sweep(wanted, &mut noted).await;
                (last, wanted) = (Some(clock.now()), false);
            }
            self.plan(last).await;
            let step = if wanted { Duration::from_secs(60) } else { SWEEP_STEP };
            tokio::select! {
                biased;
                () = self.stop.wait() => break,
                () = self.turn.wanted.notified() => wanted = true,
                () = clock.sleep(step) => {}
            }
        }
    }

    /// Takes up what webhooks failed to tell; returns whether a sweep is wanted.
    async fn missed(&self, noted: &mut Vec<String>) -> bool {
        let Post { engine, connection, hinted, scan, .. } = self.post;
        let missed = engine.missed(connection, &self.stop).await;
        if !missed.notes.is_empty() {
            tell(&missed, noted);
        }
        if missed.discovered > 0 {
            hinted.notify_one();
        }
        if missed.scan {
            scan.notify_one();
        }
        missed.sweep
    }

    async fn sweep(&self, all: bool, noted: &mut Vec<String>) {
        let Post { engine, connection, live, clock, .. } = self.post;
        let sweeping = Sweeping { all, ..Sweeping::default() };
        let calls = engine.store().calls(connection, Timestamp::MIN).await;
        let asked = calls.ok().and_then(|calls| calls.sweep).unwrap_or(0);
        live.begin_sweep(connection, clock.now());
        let swept = engine.sweep(connection, &sweeping, &self.stop).await;
        tell(&swept, noted);
        if all && swept.complete {
            self.turn.answer(self.post, Ask::Sweep, asked).await;
        }
    }

    /// Tells the status page what comes next; a store that fails is told of by the sweeps.
    async fn plan(&self, last: Option<Timestamp>) {
        let Post { engine, connection, live, .. } = self.post;
        let rested = last.map_or(Timestamp::MIN, |last| last.plus_millis(SWEEP_BREATH_MS));
        let mut turns = engine.sweep_turns(connection).await.unwrap_or_default();
        turns.values_mut().for_each(|at| *at = rested.max(*at));
        live.plan_sweeps(connection, turns);
    }

    async fn is_due(&self) -> bool {
        let Post { engine, connection, .. } = self.post;
        engine.sweep_due(connection).await.unwrap_or_else(|error| {
            tracing::warn!(%connection, %error, "no sweep: the store fails");
            false
        })
    }
}

/// Tells the log what the sweep before it did not tell.
fn tell(outcome: &PassOutcome, noted: &mut Vec<String>) {
    for note in outcome.notes.iter().filter(|note| !noted.contains(note)) {
        tracing::warn!(connection = %outcome.connection, "{note}");
    }
    noted.clone_from(&outcome.notes);
}
