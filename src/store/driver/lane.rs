//! Where transactions wait for a connection: a queue with threads behind it, or the caller.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use tokio::sync::oneshot;

use super::{Backend, Tx};
use crate::model::Timestamp;
use crate::store::StoreError;

/// One transaction on its way.
pub trait Work: Send {
    fn name(&self) -> &'static str;
    /// Needs the right to write.
    fn writes(&self) -> bool;
    /// True when the transaction may commit. With `keep`, it can be run again if it is one that may.
    fn run(&mut self, tx: &mut Tx<'_>, keep: bool) -> bool;
    /// Whether it can still be run.
    fn is_fresh(&self) -> bool;
    /// Answers the caller, after the commit or instead of it.
    fn finish(self: Box<Self>, outcome: Result<(), StoreError>);
    /// Whoever asked for it has gone, so that it need not begin.
    fn is_abandoned(&self) -> bool {
        false
    }
    /// What others may add theirs to.
    fn notes(&mut self) -> Option<&mut Notes> {
        None
    }
}

struct Task<T, F> {
    name: &'static str,
    writes: bool,
    body: Option<F>,
    /// A second copy of the body, where it can be copied.
    copy: fn(&F) -> Option<F>,
    result: Option<Result<T, StoreError>>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, F> Work for Task<T, F>
where
    T: Send,
    F: FnOnce(&mut Tx<'_>) -> Result<T, StoreError> + Send,
{
    fn name(&self) -> &'static str {
        self.name
    }

    fn writes(&self) -> bool {
        self.writes
    }

    fn run(&mut self, tx: &mut Tx<'_>, keep: bool) -> bool {
        let next = self.body.as_ref().filter(|_| keep).and_then(self.copy);
        self.result = self.body.take().map(|body| body(tx));
        self.body = next;
        matches!(self.result, Some(Ok(_)))
    }

    fn is_fresh(&self) -> bool {
        self.body.is_some()
    }

    fn is_abandoned(&self) -> bool {
        self.reply.is_closed()
    }

    fn finish(self: Box<Self>, outcome: Result<(), StoreError>) {
        let answer = match (self.result, outcome) {
            (Some(Err(error)), _) | (_, Err(error)) => Err(error),
            (Some(Ok(value)), Ok(())) => Ok(value),
            (None, Ok(())) => Err(closed()),
        };
        // The caller may have gone; the transaction stands all the same.
        let _ = self.reply.send(answer);
    }
}

/// Notes of one transaction; more wait for the next one.
const NOTES_MAX: usize = 1_024;

/// One item of a connection that is to be looked at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Note {
    pub connection: String,
    pub source: String,
    pub due: Timestamp,
}

/// How notes are written.
pub type WriteNotes = fn(&mut Tx<'_>, Vec<Note>) -> Result<(), StoreError>;

/// The notes of one caller or of many.
pub struct Notes {
    notes: Vec<Note>,
    write: WriteNotes,
    replies: Vec<oneshot::Sender<Result<(), StoreError>>>,
    result: Result<(), StoreError>,
}

impl Work for Notes {
    fn name(&self) -> &'static str {
        "put hints"
    }

    fn writes(&self) -> bool {
        true
    }

    fn run(&mut self, tx: &mut Tx<'_>, keep: bool) -> bool {
        let next = if keep { self.notes.clone() } else { Vec::new() };
        self.result = (self.write)(tx, std::mem::replace(&mut self.notes, next));
        self.result.is_ok()
    }

    fn is_fresh(&self) -> bool {
        !self.notes.is_empty()
    }

    fn finish(self: Box<Self>, outcome: Result<(), StoreError>) {
        let outcome = self.result.and(outcome);
        for reply in self.replies {
            // The caller may have gone; what it noted stands all the same.
            let _ = reply.send(outcome.clone());
        }
    }

    fn notes(&mut self) -> Option<&mut Notes> {
        Some(self)
    }
}

fn closed() -> StoreError {
    StoreError::Unavailable("its connection has ended".to_owned())
}

/// A queue of transactions.
pub enum Lane {
    Threads(Threads),
    Inline(Mutex<Backend>),
}

/// Threads that empty one queue; dropping it waits until they have closed their connections to
/// SQLite, so that it can merge its log into the file before the process ends.
pub struct Threads {
    /// `None` only while it is dropped.
    queue: Option<Sender<Box<dyn Work>>>,
    hands: Vec<JoinHandle<()>>,
    /// Their end is waited for. A server that is silent must not hold up the end of a process.
    awaited: bool,
}

impl Drop for Threads {
    fn drop(&mut self) {
        drop(self.queue.take());
        if !self.awaited {
            return;
        }
        let own = std::thread::current().id();
        for hand in self.hands.drain(..).filter(|hand| hand.thread().id() != own) {
            // A thread that panicked has closed its connection as well.
            drop(hand.join());
        }
    }
}

impl Lane {
    /// A queue that these connections empty, one thread each.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn threads(backends: Vec<Backend>) -> Result<Self, StoreError> {
        let (sender, receiver) = channel();
        let receiver = Arc::new(Mutex::new(receiver));
        let awaited = backends.iter().all(|backend| matches!(backend, Backend::Sqlite(_)));
        let mut threads = Threads { queue: Some(sender), hands: Vec::new(), awaited };
        for backend in backends {
            let receiver = Arc::clone(&receiver);
            let hand = std::thread::Builder::new()
                .name("store".to_owned())
                .spawn(move || serve(backend, &receiver))
                .map_err(|e| StoreError::Unusable(format!("cannot start a thread: {e}")))?;
            threads.hands.push(hand);
        }
        Ok(Self::Threads(threads))
    }

    /// No queue: the caller's thread does the work.
    pub fn inline(backend: Backend) -> Self {
        Self::Inline(Mutex::new(backend))
    }

    /// Runs `body` in one transaction that may write, and waits for its end. It may be run more
    /// than once, and only the last run counts.
    pub async fn write<T: Send + 'static>(
        &self,
        name: &'static str,
        body: impl FnOnce(&mut Tx<'_>) -> Result<T, StoreError> + Clone + Send + 'static,
    ) -> Result<T, StoreError> {
        self.run(name, true, body, |body| Some(body.clone())).await
    }

    /// Runs `body` once on a snapshot and waits for its end.
    pub async fn read<T: Send + 'static>(
        &self,
        name: &'static str,
        body: impl FnOnce(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.run(name, false, body, |_| None).await
    }

    async fn run<T, F>(
        &self,
        name: &'static str,
        writes: bool,
        body: F,
        copy: fn(&F) -> Option<F>,
    ) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let work = Box::new(Task { name, writes, body: Some(body), copy, result: None, reply });
        self.start(work)?;
        answer.await.unwrap_or_else(|_| Err(closed()))
    }

    /// Writes down `notes` and waits until they are durable. Those of many callers that wait at
    /// once are written together.
    pub async fn note(&self, notes: Vec<Note>, write: WriteNotes) -> Result<(), StoreError> {
        let (reply, answer) = oneshot::channel();
        let work = Notes { notes, write, replies: vec![reply], result: Ok(()) };
        self.start(Box::new(work))?;
        answer.await.unwrap_or_else(|_| Err(closed()))
    }

    fn start(&self, work: Box<dyn Work>) -> Result<(), StoreError> {
        match self {
            Self::Threads(threads) => {
                let queue = threads.queue.as_ref().ok_or_else(closed)?;
                queue.send(work).map_err(|_| closed())?;
            }
            Self::Inline(backend) => {
                backend.lock().unwrap_or_else(PoisonError::into_inner).run(vec![work]);
            }
        }
        Ok(())
    }
}

/// Empties the queue until the store is dropped.
fn serve(mut backend: Backend, queue: &Mutex<Receiver<Box<dyn Work>>>) {
    loop {
        let mut group = {
            let queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
            let Ok(first) = queue.recv() else { return };
            let mut group = vec![first];
            // Whatever waits already shares one commit, and with it one wait for the disk.
            while has_room(&mut group, backend.group_max()) {
                let Ok(next) = queue.try_recv() else { break };
                join(&mut group, next);
            }
            group
        };
        // A lease that was asked for by a task long gone would stand in everybody's way.
        group.retain(|work| !work.is_abandoned());
        if !group.is_empty() {
            backend.run(group);
        }
    }
}

/// A full group of notes alone still takes notes: they are one transaction.
fn has_room(group: &mut [Box<dyn Work>], most: usize) -> bool {
    let together = group.iter_mut().filter_map(|work| work.notes());
    let (works, notes) = together.fold((0, 0), |(n, sum), one| (n + 1, sum + one.notes.len()));
    notes < NOTES_MAX && (group.len() < most || works == group.len())
}

/// Adds `next` to the group, and notes to the notes that are there already.
fn join(group: &mut Vec<Box<dyn Work>>, mut next: Box<dyn Work>) {
    if let Some(more) = next.notes()
        && let Some(notes) = group.iter_mut().find_map(|work| work.notes())
    {
        notes.notes.append(&mut more.notes);
        notes.replies.append(&mut more.replies);
        return;
    }
    group.push(next);
}

impl Backend {
    fn group_max(&self) -> usize {
        match self {
            Self::Sqlite(db) => db.group_max(),
            Self::Postgres(_) => 1,
        }
    }

    fn run(&mut self, group: Vec<Box<dyn Work>>) {
        match self {
            Self::Sqlite(db) => db.run(group),
            Self::Postgres(db) => group.into_iter().for_each(|work| db.run(work)),
        }
    }
}
