//! The seam beneath the store: transactions over SQLite or PostgreSQL with one SQL text.
//!
//! A transaction is a plain closure over [`Tx`]. It runs on a thread that owns its connection, so
//! nothing in it can wait for the network of a tracker; in a simulation it runs on the caller's
//! thread. Dropping the caller does not undo a transaction that has begun.

mod lane;
mod postgres;
mod sqlite;
mod sqlite_copy;
mod sqlite_file;
mod sqlite_run;
mod sqlite_scrub;
mod tls;
mod trouble;
mod value;

use std::sync::{Arc, PoisonError};

use crate::clock::SharedClock;
use crate::model::Timestamp;
use crate::store::StoreError;
use crate::store::condition::{Condition, PROBE};
use crate::store::url::StoreUrl;

use lane::Lane;
pub use lane::{Note, WriteNotes};
pub use sqlite_copy::{Replaced, copy_of, finished, prepared, publish, staged};
pub use sqlite_scrub::scrubbed;
pub use value::{Param, Row};

/// How a store may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Threads of its own: the program.
    Write,
    /// The caller's thread: simulations, SQLite only.
    Inline,
    Read,
}

/// An open transaction.
pub enum Tx<'a> {
    Sqlite(&'a mut sqlite::Sqlite),
    Postgres(&'a mut postgres::Postgres),
}

/// Whatever can carry out transactions one after another.
enum Backend {
    Sqlite(Box<sqlite::Sqlite>),
    Postgres(Box<postgres::Postgres>),
}

/// Runs transactions.
pub struct Driver {
    /// `None`: reads go through the writer. Dropped first: the last connection that closes a
    /// SQLite file merges its log, and only one that may write can.
    reader: Option<Lane>,
    writer: Lane,
    /// `None`: notes go through the writer, in whose commits they share.
    notes: Option<Lane>,
    pub kind: Kind,
    /// Only in simulations.
    pub whim: Option<Whim>,
    pub condition: Condition,
    /// The file, or words for a server.
    pub place: String,
}

/// How a simulated database treats one transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Treatment {
    Done,
    /// Nothing happens, and the caller hears of it.
    Refused,
    /// It is committed, and the caller hears that it failed.
    Unheard,
}

/// Decides by the name of a transaction how it is treated.
pub type Whim = Arc<dyn Fn(&'static str) -> Treatment + Send + Sync>;

/// A write under a lease: the number that the writer holds, and the one that the database had when
/// it committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fence {
    pub lease: String,
    pub own: i64,
    pub current: Option<i64>,
}

/// Hears the name of every transaction that is about to commit a write, and its fences.
pub type Witness = Arc<dyn Fn(&'static str, &[Fence]) + Send + Sync>;

/// Which database is beneath.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Sqlite,
    Postgres,
}

impl Kind {
    /// Fills the few places in which the databases' dialects differ.
    fn dialect(self, sql: &str) -> String {
        match self {
            Self::Sqlite => sql.replace('$', "?").replace("{blob}", "BLOB").replace("{lock}", ""),
            Self::Postgres => sql.replace("{blob}", "BYTEA").replace("{lock}", "FOR UPDATE"),
        }
    }
}

impl Driver {
    /// Opens the database at `url`.
    pub fn open(url: &StoreUrl, access: Access, clock: SharedClock) -> Result<Self, StoreError> {
        let mut driver = match url {
            StoreUrl::Sqlite(path) => sqlite::open(path, access, &clock)?,
            StoreUrl::Postgres(settings) => postgres::open(settings, access, clock.clone())?,
        };
        driver.condition = Condition::new(clock);
        if let StoreUrl::Sqlite(path) = url {
            driver.place = path.display().to_string();
        }
        Ok(driver)
    }

    /// Lets a simulation see what is committed.
    pub fn witnessed_by(&self, witness: Witness) {
        if let Lane::Inline(backend) = &self.writer
            && let Backend::Sqlite(db) =
                &mut *backend.lock().unwrap_or_else(PoisonError::into_inner)
        {
            db.witness = Some(witness);
        }
    }

    /// Runs `body` in one transaction that may write, and commits if it succeeds. It may be run
    /// again when the first transaction was certainly undone.
    pub async fn write<T: Send + 'static>(
        &self,
        name: &'static str,
        body: impl FnOnce(&mut Tx<'_>) -> Result<T, StoreError> + Clone + Send + 'static,
    ) -> Result<T, StoreError> {
        if let Some(ended) = self.condition.ended() {
            return Err(ended);
        }
        let lost = || StoreError::Unavailable(format!("\"{name}\" failed on purpose"));
        let answer = match self.treatment(name) {
            Treatment::Done => self.writer.write(name, body).await,
            Treatment::Refused => Err(lost()),
            Treatment::Unheard => self.writer.write(name, body).await.and(Err(lost())),
        };
        self.condition.note(true, name == PROBE, answer.as_ref().err());
        answer
    }

    /// Writes down what is to be looked at. Many callers at once share one transaction.
    pub async fn note(&self, notes: Vec<Note>, write: WriteNotes) -> Result<(), StoreError> {
        let lost = || StoreError::Unavailable("\"put hints\" failed on purpose".to_owned());
        let lane = self.notes.as_ref().unwrap_or(&self.writer);
        if let Some(ended) = self.condition.ended() {
            return Err(ended);
        }
        let answer = match self.treatment("put hints") {
            Treatment::Done => lane.note(notes, write).await,
            Treatment::Refused => Err(lost()),
            Treatment::Unheard => lane.note(notes, write).await.and(Err(lost())),
        };
        self.condition.note(true, false, answer.as_ref().err());
        answer
    }

    fn treatment(&self, name: &'static str) -> Treatment {
        self.whim.as_ref().map_or(Treatment::Done, |whim| whim(name))
    }

    /// Runs `body` on one unchanging snapshot.
    pub async fn read<T: Send + 'static>(
        &self,
        name: &'static str,
        body: impl FnOnce(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        if let Some(ended) = self.condition.ended() {
            return Err(ended);
        }
        let lane = self.reader.as_ref().unwrap_or(&self.writer);
        let answer = lane.read(name, body).await;
        self.condition.note(false, false, answer.as_ref().err());
        answer
    }
}

impl Tx<'_> {
    /// What this read looks at is everything, which of a large store takes its time. What bounds
    /// others, so that the log of a SQLite file stays short, bounds it later.
    pub fn unhurried(&mut self) {
        match self {
            Self::Sqlite(db) => db.unhurried(),
            Self::Postgres(_) => {}
        }
    }

    /// Runs one statement and tells how many rows it touched.
    pub fn execute(&mut self, sql: &'static str, params: &[Param<'_>]) -> Result<u64, StoreError> {
        match self {
            Self::Sqlite(db) => db.execute(sql, params),
            Self::Postgres(db) => db.execute(sql, params),
        }
    }

    /// Runs one statement once for every set of parameters, in order.
    pub fn execute_all(
        &mut self,
        sql: &'static str,
        sets: &[Vec<Param<'_>>],
    ) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(db) => db.execute_all(sql, sets),
            Self::Postgres(db) => db.execute_all(sql, sets),
        }
    }

    /// Runs one statement and collects its rows.
    pub fn query(
        &mut self,
        sql: &'static str,
        params: &[Param<'_>],
    ) -> Result<Vec<Row>, StoreError> {
        match self {
            Self::Sqlite(db) => db.query(sql, params),
            Self::Postgres(db) => db.query(sql, params),
        }
    }

    /// One answer for every set of parameters, in order.
    pub fn query_all(
        &mut self,
        sql: &'static str,
        sets: &[Vec<Param<'_>>],
    ) -> Result<Vec<Vec<Row>>, StoreError> {
        match self {
            Self::Sqlite(db) => db.query_all(sql, sets),
            Self::Postgres(db) => db.query_all(sql, sets),
        }
    }

    /// Runs a query that is not asked often enough to be kept.
    pub fn query_once(&mut self, sql: &str) -> Result<Vec<Row>, StoreError> {
        match self {
            Self::Sqlite(db) => db.query(sql, &[]),
            Self::Postgres(db) => db.query_once(sql),
        }
    }

    /// The same for a statement with several sets of parameters.
    pub fn execute_once(&mut self, sql: &str, sets: &[Vec<Param<'_>>]) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(db) => db.execute_all(sql, sets),
            Self::Postgres(db) => db.execute_once(sql, sets),
        }
    }

    /// The first row of an answer.
    pub fn first(
        &mut self,
        sql: &'static str,
        params: &[Param<'_>],
    ) -> Result<Option<Row>, StoreError> {
        Ok(self.query(sql, params)?.into_iter().next())
    }

    /// Runs a script of several statements without parameters.
    pub fn script(&mut self, sql: &'static str) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(db) => db.script(sql),
            Self::Postgres(db) => db.script(sql),
        }
    }

    /// The time by which leases and claims end: the server's where several machines share it.
    pub fn now(&mut self) -> Result<Timestamp, StoreError> {
        match self {
            Self::Sqlite(db) => Ok(db.now()),
            Self::Postgres(db) => db.now(),
        }
    }

    /// Tells the witness of a simulation under which lease this transaction writes.
    pub fn fenced_by(&mut self, lease: &str, own: i64) {
        if let Self::Sqlite(db) = self {
            db.fenced_by(lease, own);
        }
    }

    /// Lets only one process at a time go on to the end of the transaction.
    pub fn lock_schema(&mut self) -> Result<(), StoreError> {
        match self {
            // `BEGIN IMMEDIATE` already holds the only write lock.
            Self::Sqlite(_) => Ok(()),
            Self::Postgres(db) => db.lock_schema(),
        }
    }
}
