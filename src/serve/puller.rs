//! Pulls by schedule, and what webhooks ask for in between.

use std::time::Duration;

use super::gather::Gather;
use super::post::{Ended, Post, Turn};
use crate::model::Timestamp;
use crate::store::{Ask, Mark};
use crate::sync::{PassOutcome, Problem, Reach, Stop};

/// How often a connection looks back far enough to meet what its index showed late.
const DEEP_MS: i64 = 3_600_000;
/// How often a connection reads everything again, for what leaves no stamp: a renamed label changes
/// items without changing when they were updated, and a server after an upgrade may tell more.
const WHOLE_MS: i64 = 24 * 3_600_000;
/// The shortest pause between a pass and one that webhooks ask for, in milliseconds: a flood of
/// deliveries that cannot be kept asks for one each.
const SCAN_BREATH_MS: i64 = 2_000;
/// How often it is looked for what webhooks of other processes asked for.
const LISTEN: Duration = Duration::from_secs(1);
/// How soon work is tried again while another process, perhaps a killed one, holds the connection.
const HELD_MS: i64 = 2_000;
/// How soon work is tried again that the store, or a tracker asked for single items, refused.
const TROUBLE_MS: i64 = 10_000;

/// The loop of one turn of duty.
pub struct Puller<'a> {
    post: &'a Post,
    turn: &'a Turn,
    stop: Stop,
    /// The notes that were logged last.
    noted: &'a mut Vec<String>,
    /// When the next pull is due.
    due: Timestamp,
    /// When the last pass ended.
    ended: Timestamp,
    deep_at: Timestamp,
    /// A whole walk that left the rest of the budget to hints goes on then.
    whole_from: Timestamp,
    gather: Gather,
    /// Before this, nothing but a webhook of our own makes us follow hints.
    quiet_until: Timestamp,
    /// The newest request for a scan and for a sweep that were heard.
    heard: (u64, u64),
}

impl<'a> Puller<'a> {
    pub fn new(post: &'a Post, turn: &'a Turn, stop: Stop, noted: &'a mut Vec<String>) -> Self {
        let due = post.clock.now();
        let (deep_at, whole_from, quiet_until) = (Timestamp::MIN, Timestamp::MIN, Timestamp::MIN);
        let gather = Gather::new(due);
        let (ended, heard) = (Timestamp::MIN, (0, 0));
        Self {
            post,
            turn,
            stop,
            noted,
            due,
            ended,
            deep_at,
            whole_from,
            gather,
            quiet_until,
            heard,
        }
    }

    /// Works until a stop, or until the tracker cannot be reached while others may try. Begins at
    /// `planned`, or at once.
    pub async fn run(&mut self, planned: Option<Timestamp>) -> Ended {
        let Post { engine, clock, .. } = self.post;
        self.due = planned.unwrap_or(self.due);
        // What was asked for before this turn.
        let mut first = true;
        while !self.stop.requested() {
            if clock.now() >= self.due && self.pull().await {
                return Ended::Unreachable(self.due);
            }
            if std::mem::take(&mut first) && self.listen(true).await {
                return Ended::Unreachable(self.due);
            }
            while let Some(pause) = self.gather.pause(clock.now()) {
                tokio::select! {
                    biased;
                    () = self.stop.wait() => return Ended::Stopped,
                    () = clock.sleep(pause) => {}
                }
            }
            let wait = u64::try_from(self.due.millis() - clock.now().millis()).unwrap_or(0);
            let wait = Duration::from_millis(wait);
            let shared = engine.is_shared();
            let own = tokio::select! {
                biased;
                () = self.stop.wait() => break,
                () = self.post.hinted.notified() => true,
                () = self.post.scan.notified() => {
                    self.scan_soon();
                    true
                }
                () = self.post.sweep.notified() => true,
                () = clock.sleep(if shared { wait.min(LISTEN) } else { wait }) => false,
            };
            if (own || shared) && self.listen(own).await {
                return Ended::Unreachable(self.due);
            }
        }
        Ended::Stopped
    }

    fn scan_soon(&mut self) {
        let now = self.post.clock.now();
        self.due = self.due.min(self.ended.plus_millis(SCAN_BREATH_MS).max(now));
    }

    /// One pass. True when another process should try instead.
    async fn pull(&mut self) -> bool {
        let Post { engine, clock, live, connection, .. } = self.post;
        let now = clock.now();
        let since = |at: Timestamp| now.millis().saturating_sub(at.millis());
        let mut whole_at = self.whole_at(now).await;
        let reach = match () {
            () if since(whole_at) >= WHOLE_MS && now >= self.whole_from => Reach::Full,
            () if since(self.deep_at) >= DEEP_MS => Reach::Deep,
            () => Reach::Hot,
        };
        live.begin(connection, word(reach), now);
        let outcome = engine.pass(connection, reach, live.as_ref(), &self.stop).await;
        self.post.metrics.pass(&outcome, clock.now().millis() / 1000);
        self.tell(&outcome);
        // A scope that refuses for good must not make every pass a whole one.
        let walked = outcome.complete || matches!(outcome.problem, Some(Problem::Refused(_)));
        if walked && reach != Reach::Hot {
            self.deep_at = now;
        }
        if walked && reach == Reach::Full {
            whole_at = now;
            self.note(engine.store().mark(connection, Mark::Whole, now).await);
        }
        if walked {
            self.turn.passed.notify_one();
            self.turn.answer(self.post, Ask::Scan, self.heard.0).await;
        }
        if let Some(Problem::Reserve { until, .. }) = &outcome.problem {
            // The usual pulls go on meanwhile.
            self.whole_from = *until;
        }
        self.due = self.next(&outcome);
        let after = |at: Timestamp, pause: i64| at.plus_millis(pause).max(self.due);
        live.plan(
            connection,
            &[
                ("pull", self.due),
                ("deep", after(self.deep_at, DEEP_MS)),
                ("whole", after(whole_at, WHOLE_MS)),
            ],
        );
        live.end(connection);
        self.ended = clock.now();
        self.is_cut_off(&outcome)
    }

    /// When everything was read last, by whichever process. The first pass ever reads everything.
    async fn whole_at(&self, now: Timestamp) -> Timestamp {
        let Post { engine, connection, .. } = self.post;
        match engine.store().marked(connection, Mark::Whole).await {
            Ok(Some(at)) => at,
            Ok(None) => {
                self.note(engine.store().mark(connection, Mark::Whole, now).await);
                now
            }
            // The pass will tell.
            Err(_) => now,
        }
    }

    /// Does what webhooks asked for, here or at another process. True when another process should
    /// try instead.
    async fn listen(&mut self, own: bool) -> bool {
        let Post { engine, clock, connection, .. } = self.post;
        let now = clock.now();
        if !own && now < self.quiet_until {
            return false;
        }
        let calls = match engine.store().calls(connection, now).await {
            Ok(calls) => calls,
            Err(error) => {
                self.quiet_until = now.plus_millis(HELD_MS);
                tracing::debug!(%connection, %error, "webhooks wait for the store");
                return false;
            }
        };
        let (scan, sweep) = (calls.scan.unwrap_or(0), calls.sweep.unwrap_or(0));
        if scan > self.heard.0 {
            self.scan_soon();
        }
        if sweep > self.heard.1 {
            self.turn.wanted.notify_one();
        }
        self.heard = (scan.max(self.heard.0), sweep.max(self.heard.1));
        if !calls.hints {
            return false;
        }
        let outcome = engine.refresh(connection, &self.stop).await;
        if outcome.hints_left {
            self.post.hinted.notify_one();
        } else if outcome.discovered > 0 {
            self.gather.spend();
        }
        self.tell(&outcome);
        self.quiet_until = match &outcome.problem {
            None => Timestamp::MIN,
            Some(Problem::Elsewhere(_)) => clock.now(),
            Some(Problem::Wait { until, .. }) => *until,
            Some(_) => clock.now().plus_millis(TROUBLE_MS),
        };
        self.is_cut_off(&outcome)
    }

    /// The tracker did not answer us, though it was asked several times; from the place of another
    /// process it may.
    fn is_cut_off(&self, outcome: &PassOutcome) -> bool {
        self.post.engine.is_shared() && matches!(outcome.problem, Some(Problem::Again(_)))
    }

    /// The next tick of the schedule, or later if the tracker asked for it. What the store or
    /// another process stood in the way of is tried again soon.
    fn next(&self, outcome: &PassOutcome) -> Timestamp {
        let now = self.post.clock.now();
        let tick = self
            .post
            .schedule
            .next_after(now, chrono_tz::Tz::UTC)
            .map_or(now.plus_millis(DEEP_MS), |tick| tick.at);
        match &outcome.problem {
            Some(Problem::Wait { until, .. }) => tick.max(*until),
            Some(Problem::Reserve { until, .. }) => tick.min(*until),
            Some(Problem::Elsewhere(_)) => tick.min(now.plus_millis(HELD_MS)),
            Some(Problem::Store(_)) => tick.min(now.plus_millis(TROUBLE_MS)),
            _ => tick,
        }
    }

    fn note(&self, noted: Result<(), crate::store::StoreError>) {
        if let Err(error) = noted {
            tracing::debug!(connection = %self.post.connection, %error, "not noted; done again");
        }
    }

    fn tell(&mut self, outcome: &PassOutcome) {
        if outcome.sweep {
            self.turn.wanted.notify_one();
        }
        // A refresh asks nothing about it, and every pass repeats what the one before it told.
        if outcome.notes.is_empty() || *self.noted == outcome.notes {
            return;
        }
        for note in &outcome.notes {
            tracing::warn!(connection = %outcome.connection, note, "about the credential or the server");
        }
        self.noted.clone_from(&outcome.notes);
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
