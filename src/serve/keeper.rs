//! Watches the database: tells the log once when it fails and once when it answers again, tries it
//! meanwhile, wakes the pulls afterwards, and ends the daemon when it must not go on.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;

use crate::clock::SharedClock;
use crate::store::{Store, Trouble};
use crate::sync::{Stop, Stopper};

/// How often a database that fails is tried.
const TRY: Duration = Duration::from_secs(1);
/// How often it is looked whether a quiet one is still there; costs no write.
const LOOK: Duration = Duration::from_secs(5);

/// The loop beside all others.
pub struct Keeper {
    pub store: Store,
    pub clock: SharedClock,
    pub stop: Stop,
    /// Stops the whole daemon.
    pub stopper: Arc<Stopper>,
    /// Each pull: whatever a webhook could not leave behind is found by it.
    pub scans: Vec<Arc<Notify>>,
}

impl Keeper {
    pub async fn run(self) {
        let mut watch = self.store.watch();
        let mut told: Option<Trouble> = None;
        while !self.stop.requested() {
            let mut trouble = self.store.trouble();
            if told.is_none() && trouble.is_some() {
                // A deadlock or a lost connection that is back already is no news.
                let _ = self.unless_stopped(self.store.probe()).await;
                trouble = self.store.trouble();
            }
            self.tell(told.as_ref(), trouble.as_ref());
            told = trouble;
            if self.store.ended().is_some() {
                self.stopper.stop();
                return;
            }
            let pause = if told.is_some() { TRY } else { LOOK };
            tokio::select! {
                biased;
                () = self.stop.wait() => return,
                () = watch.changed() => continue,
                () = self.clock.sleep(pause) => {}
            }
            // How it ends is heard of as everybody else's attempts are.
            if told.is_some() {
                self.unless_stopped(self.store.probe()).await;
            } else {
                self.unless_stopped(self.store.look()).await;
            }
        }
    }

    /// Waits for the database, but not in the way of a stop.
    async fn unless_stopped<T>(&self, asked: impl Future<Output = T>) {
        tokio::select! {
            biased;
            _ = asked => {}
            () = self.stop.wait() => {}
        }
    }

    fn tell(&self, before: Option<&Trouble>, now: Option<&Trouble>) {
        match (before, now) {
            (Some(before), None) => {
                let since = self.clock.now().millis() - before.since.millis();
                tracing::info!(seconds = since / 1000, "the database answers again");
                self.scans.iter().for_each(|scan| scan.notify_one());
            }
            (before, Some(now)) if before.is_none_or(|known| known.problem != now.problem) => {
                let Trouble { reads, problem, .. } = now;
                tracing::error!(pages_go_on = reads, "the database fails: {problem}");
            }
            _ => {}
        }
    }
}
