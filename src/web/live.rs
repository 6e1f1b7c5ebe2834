//! What the daemon's loops are doing right now, for the status page and the first run.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::gauge::status::{self, NextRun, PlannedDigest, Pulling};
use crate::model::{ConnectionId, Timestamp};
use crate::sync::Progress;
use crate::transport::Transport;

/// Told by the loops of the daemon, asked by pages.
#[derive(Default)]
pub struct Live {
    process: Option<String>,
    transport: Option<Transport>,
    digests: Vec<PlannedDigest>,
    loops: Mutex<BTreeMap<String, Loop>>,
}

#[derive(Default)]
struct Loop {
    pulling: Option<Pulling>,
    next: Vec<NextRun>,
    sweeping: Option<Timestamp>,
    sweeps: BTreeMap<String, Timestamp>,
}

impl Live {
    /// For a daemon of this name that asks trackers through `transport` and plans these digests.
    #[must_use]
    pub fn new(process: String, transport: Transport, digests: Vec<PlannedDigest>) -> Self {
        let (process, transport) = (Some(process), Some(transport));
        Self { process, transport, digests, loops: Mutex::default() }
    }

    /// A pass begins; `run` is `pull`, `deep` or `whole`.
    pub fn begin(&self, connection: &ConnectionId, run: &'static str, since: Timestamp) {
        let pulling = Pulling { run, since, listed: 0, stored: 0, expected: None };
        change(&mut self.lock(), connection, |own| own.pulling = Some(pulling));
    }

    /// The pass has ended.
    pub fn end(&self, connection: &ConnectionId) {
        change(&mut self.lock(), connection, |own| own.pulling = None);
    }

    /// No loop of this process works on the connection any more.
    pub fn leave(&self, connection: &ConnectionId) {
        self.lock().remove(&connection.0);
    }

    /// What the loop of this connection does next, by run.
    pub fn plan(&self, connection: &ConnectionId, runs: &[(&'static str, Timestamp)]) {
        let next = runs.iter().map(|(run, at)| NextRun { run, at: *at }).collect();
        change(&mut self.lock(), connection, |own| own.next = next);
    }

    /// A sweep begins.
    pub fn begin_sweep(&self, connection: &ConnectionId, since: Timestamp) {
        change(&mut self.lock(), connection, |own| own.sweeping = Some(since));
    }

    /// No sweep is under way, and each scope is due at its time.
    pub fn plan_sweeps(&self, connection: &ConnectionId, due: BTreeMap<String, Timestamp>) {
        change(&mut self.lock(), connection, |own| (own.sweeping, own.sweeps) = (None, due));
    }

    /// All of it at this moment.
    #[must_use]
    pub fn snapshot(&self) -> status::Live {
        let loops = self.lock();
        let pulling = loops.iter().filter_map(|(id, own)| Some((id.clone(), own.pulling.clone()?)));
        let sweeping = loops.iter().filter_map(|(id, own)| Some((id.clone(), own.sweeping?)));
        let sweeps = loops.iter().filter(|(_, own)| !own.sweeps.is_empty());
        let planned = loops.iter().filter(|(_, own)| !own.next.is_empty());
        status::Live {
            process: self.process.clone(),
            hosts: self.transport.as_ref().map(Transport::hosts).unwrap_or_default(),
            pulling: pulling.collect(),
            next: planned.map(|(id, own)| (id.clone(), own.next.clone())).collect(),
            sweeping: sweeping.collect(),
            sweeps: sweeps.map(|(id, own)| (id.clone(), own.sweeps.clone())).collect(),
            digests: self.digests.clone(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Loop>> {
        self.loops.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn change(
    loops: &mut BTreeMap<String, Loop>,
    connection: &ConnectionId,
    change: impl FnOnce(&mut Loop),
) {
    change(loops.entry(connection.0.clone()).or_default());
}

impl Progress for Live {
    fn discovered(&self, connection: &ConnectionId, items: u64, expected: Option<u64>) {
        change(&mut self.lock(), connection, |own| {
            if let Some(pulling) = &mut own.pulling {
                pulling.listed += items;
                pulling.expected = expected.or(pulling.expected);
            }
        });
    }

    fn applied(&self, connection: &ConnectionId, items: u64) {
        change(&mut self.lock(), connection, |own| {
            if let Some(pulling) = &mut own.pulling {
                pulling.stored += items;
            }
        });
    }
}
