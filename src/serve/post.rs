//! Who works on a connection: of several processes over one store, the one that has its duty.
//! The others stand by. They answer pages and take webhooks like the first, and look every second
//! whether the duty is free.

use std::sync::Arc;
use std::time::Duration;

use futures::future::join;
use tokio::sync::Notify;

use super::hands::Hold;
use super::puller::Puller;
use super::sweeper::Sweeper;
use crate::clock::SharedClock;
use crate::model::{ConnectionId, Timestamp};
use crate::schedule::Schedule;
use crate::store::Ask;
use crate::sync::{Duty, Engine, Stop, Stopper};
use crate::web::live::Live;
use crate::web::metrics::Metrics;

/// How often a process that stands by looks whether it is needed.
const STANDBY: Duration = Duration::from_secs(1);
/// How long a process that cannot reach the tracker leaves the duty to the others.
const REST_MS: i64 = 30_000;
/// How long a stop lets the loops end what they have in hand.
pub const GRACE: Duration = Duration::from_secs(6);
/// How long a stop waits for a store that does not answer; the duty runs out by itself.
const GIVE_BACK: Duration = Duration::from_secs(2);

/// The place of this process at one connection.
pub struct Post {
    pub connection: ConnectionId,
    pub schedule: Schedule,
    /// Wakes: a hint was stored here.
    pub hinted: Arc<Notify>,
    /// Wakes: a scan was asked for here.
    pub scan: Arc<Notify>,
    /// Wakes: a sweep was asked for here.
    pub sweep: Arc<Notify>,
    pub engine: Arc<Engine>,
    pub metrics: Arc<Metrics>,
    pub live: Arc<Live>,
    pub clock: SharedClock,
    pub stop: Stop,
}

/// What the loops of one turn of duty tell each other.
#[derive(Default)]
pub struct Turn {
    /// A pass has walked everything.
    pub passed: Notify,
    /// A sweep of everything is wanted.
    pub wanted: Notify,
}

impl Turn {
    /// Notes that what was asked for, up to this number, is done.
    pub async fn answer(&self, post: &Post, ask: Ask, number: u64) {
        if number == 0 {
            return;
        }
        if let Err(error) = post.engine.store().answered(&post.connection, ask, number).await {
            tracing::debug!(connection = %post.connection, %error, "not noted, so done again");
        }
    }
}

/// Why a turn of duty ended.
pub enum Ended {
    Stopped,
    /// Another process has it, or may believe that we are gone.
    Lost,
    /// The tracker cannot be reached from here; the next pull would be at this time.
    Unreachable(Timestamp),
}

impl Post {
    pub async fn run(self, held: Hold) {
        let mut noted = Vec::new();
        // Where a turn that we gave away goes on, should nobody else want it.
        let mut planned = None;
        let mut rested_at = Timestamp::MIN;
        let (mut troubled, mut owed) = (false, false);
        while !self.stop.requested() {
            if self.clock.now() >= rested_at {
                let taken = self.engine.take_duty(&self.connection);
                let Some(taken) = self.unless_silent(taken).await else { return held.cut() };
                match taken {
                    Ok(Some(duty)) => {
                        troubled = false;
                        let ended = self.serve(&duty, planned.take(), &mut noted, &held).await;
                        self.leave(duty, &ended, &held).await;
                        if let Ended::Unreachable(due) = ended {
                            rested_at = self.clock.now().plus_millis(REST_MS);
                            planned = Some(due);
                        }
                    }
                    // Somebody else works, so that a turn of ours begins with a look at everything.
                    Ok(None) => (planned, troubled) = (None, false),
                    Err(error) if !troubled => {
                        troubled = true;
                        tracing::warn!(connection = %self.connection, %error, "no work: the store fails");
                    }
                    Err(_) => {}
                }
            }
            tokio::select! {
                biased;
                () = self.stop.wait() => break,
                () = self.scan.notified() => owed = true,
                () = self.clock.sleep(STANDBY) => {}
            }
            if owed {
                // A delivery that could not be kept here; its sender may never repeat it.
                let asked = self.engine.store().ask(&self.connection, Ask::Scan);
                let Some(asked) = self.unless_silent(asked).await else { return held.cut() };
                owed = asked.is_err();
            }
        }
    }

    /// What the store says; `None` when a stop waited too long for it.
    async fn unless_silent<T>(&self, asked: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            answer = asked => Some(answer),
            () = self.too_long() => None,
        }
    }

    /// Ends when a stop has let the work in hand have its time.
    async fn too_long(&self) {
        self.stop.wait().await;
        self.clock.sleep(GRACE).await;
    }

    /// Pulls, follows hints and sweeps until the duty ends.
    async fn serve(
        &self,
        duty: &Duty<'_>,
        planned: Option<Timestamp>,
        noted: &mut Vec<String>,
        held: &Hold,
    ) -> Ended {
        tracing::info!(connection = %self.connection, "this process works on the connection");
        // One stop for both loops: of the program, or of this turn.
        let (stopper, stop) = Stopper::new();
        let turn = Turn::default();
        let sweeper = Sweeper { post: self, turn: &turn, stop: stop.clone() };
        let mut puller = Puller::new(self, &turn, stop, noted);
        let pulling = async {
            let ended = puller.run(planned).await;
            stopper.stop();
            ended
        };
        let stopped = async {
            self.stop.wait().await;
            stopper.stop();
            // What is in hand is committed meanwhile, unless the store is silent.
            self.clock.sleep(GRACE).await;
        };
        let (kept, both) = (duty.kept(), join(pulling, sweeper.run()));
        tokio::select! {
            biased;
            () = kept => Ended::Lost,
            () = stopped => {
                held.cut();
                Ended::Stopped
            }
            (ended, ()) = both => ended,
        }
    }

    /// Lets another process have the duty at once, unless it has it already.
    async fn leave(&self, duty: Duty<'_>, ended: &Ended, held: &Hold) {
        self.live.leave(&self.connection);
        let connection = &self.connection;
        match ended {
            Ended::Stopped => {}
            Ended::Lost => {
                tracing::warn!(%connection, "the duty for the connection is lost; this process stands by");
                return;
            }
            Ended::Unreachable(_) => {
                tracing::warn!(%connection, "the tracker cannot be reached from here; another process may try");
            }
        }
        tokio::select! {
            biased;
            () = duty.give_back() => {}
            () = self.clock.sleep(GIVE_BACK) => {
                tracing::warn!(%connection, "the duty was not given back; it runs out by itself");
                if self.stop.requested() {
                    held.leave(format!("giving back the duty for {connection}"));
                }
            }
        }
    }
}
