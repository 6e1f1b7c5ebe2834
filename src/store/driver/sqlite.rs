//! SQLite: one file, one writer, rusqlite on the thread that owns the connection.
//!
//! What the machine does to the file is told apart by what may follow. A full disk, a read-only
//! file system and a failed read or write pass: the transaction did not happen, and the same
//! connection goes on. After a failed fsync, in a damaged file, and when the file or its log is
//! pulled away, nothing more is asked of the connection: the process ends, and the next one looks.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, Statement, params_from_iter};

use super::sqlite_copy::first_finding;
use super::sqlite_file::{
    APPLICATION_ID, Anchor, Lock, Past, create_private, damaged, denied, no_space, refuse_emptied,
    refuse_foreign, refuses_writing, unusable,
};
use super::{Access, Backend, Driver, Fence, Kind, Lane, Param, Row, Witness};
use crate::clock::SharedClock;
use crate::model::Timestamp;
use crate::store::StoreError;
use crate::store::condition::Condition;

/// Readers beside the writer: a long read must not make a page wait.
const READERS: usize = 2;
/// The longest read of a page, in milliseconds: what is read must stay in the log until its end.
const PAGE_MS: i64 = 30_000;
/// The same for a command beside the daemon, and for a look at everything.
const COMMAND_MS: i64 = 600_000;
/// A database up to this size is looked through at every start; it takes about a second.
const LOOKED_THROUGH: u64 = 512 << 20;

/// Codes of SQLite for an fsync that failed: `SQLITE_IOERR_FSYNC`, `SQLITE_IOERR_DIR_FSYNC`.
const NOT_SYNCED: [i32; 2] = [1034, 1290];

/// An open connection.
pub struct Sqlite {
    pub(super) db: Connection,
    pub(super) path: PathBuf,
    pub(super) clock: SharedClock,
    pub(super) name: &'static str,
    /// Only in simulations, with the leases under which the transaction in hand writes.
    pub(super) witness: Option<Witness>,
    pub(super) fences: Vec<(String, i64)>,
    /// Held for as long as a connection of a process that may write is open.
    pub(super) lock: Option<Arc<Mutex<Lock>>>,
    /// Only of the writer of a file.
    pub(super) anchor: Option<Anchor>,
    /// The longest transaction, in milliseconds.
    pub(super) patience: Option<i64>,
    /// The end of the transaction under way.
    pub(super) until: Option<Timestamp>,
    /// The last failure that concerns the whole database.
    pub(super) failed: RefCell<Option<StoreError>>,
    /// Why the connection must not be used any more.
    pub(super) ended: Option<StoreError>,
    /// The size of the log when it was merged last.
    pub(super) merged_at: u64,
}

/// Opens the file, creating it where writing is allowed.
pub fn open(path: &Path, access: Access, clock: &SharedClock) -> Result<Driver, StoreError> {
    let driver = |writer, reader| Driver {
        writer,
        reader,
        kind: Kind::Sqlite,
        notes: None,
        whim: None,
        condition: Condition::default(),
        place: "the database".to_owned(),
    };
    if path.as_os_str() == ":memory:" {
        let db = Connection::open_in_memory().map_err(|e| unusable(path, &e))?;
        let db = Sqlite::new(db, path, None, clock);
        db.prepare_connection()?;
        db.prepare_writing()?;
        return Ok(driver(Lane::inline(Backend::Sqlite(Box::new(db))), None));
    }
    refuse_foreign(path)?;
    if access == Access::Read {
        if !path.exists() {
            return Err(StoreError::Absent { path: path.display().to_string() });
        }
        return Ok(driver(readers(path, None, COMMAND_MS, clock)?, None));
    }
    let (lock, past) = Lock::take(path)?;
    refuse_emptied(path, past)?;
    create_private(path)?;
    let lock = Arc::new(Mutex::new(lock));
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut db = Sqlite::connect(path, flags, Some(Arc::clone(&lock)), clock)?;
    if access == Access::Write {
        db.look_through(past)?;
    }
    db.prepare_writing()?;
    db.anchor = Anchor::at(path);
    if access == Access::Inline {
        return Ok(driver(Lane::inline(Backend::Sqlite(Box::new(db))), None));
    }
    db.with_lock(Lock::keep);
    // The writer comes first: it switches the file to WAL before anyone reads.
    let writer = Lane::threads(vec![Backend::Sqlite(Box::new(db))])?;
    Ok(driver(writer, Some(readers(path, Some(&lock), PAGE_MS, clock)?)))
}

fn readers(
    path: &Path,
    lock: Option<&Arc<Mutex<Lock>>>,
    patience: i64,
    clock: &SharedClock,
) -> Result<Lane, StoreError> {
    let open = |_| {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut db = Sqlite::connect(path, flags, None, clock)?;
        (db.lock, db.patience) = (lock.cloned(), Some(patience));
        Ok(Backend::Sqlite(Box::new(db)))
    };
    Lane::threads((0..READERS).map(open).collect::<Result<_, StoreError>>()?)
}

impl Sqlite {
    fn new(
        db: Connection,
        path: &Path,
        lock: Option<Arc<Mutex<Lock>>>,
        clock: &SharedClock,
    ) -> Self {
        Self {
            db,
            path: path.into(),
            clock: clock.clone(),
            name: "open",
            witness: None,
            fences: Vec::new(),
            lock,
            anchor: None,
            patience: None,
            until: None,
            failed: RefCell::default(),
            ended: None,
            merged_at: 0,
        }
    }

    /// Notes a lease for the witness.
    pub fn fenced_by(&mut self, lease: &str, own: i64) {
        if self.witness.is_some() {
            self.fences.push((lease.to_owned(), own));
        }
    }

    /// Tells the witness what is about to be committed.
    pub(super) fn tell_witness(&mut self) {
        let Some(witness) = self.witness.clone() else { return };
        let fences = std::mem::take(&mut self.fences);
        let current = |db: &mut Self, lease: &str| {
            let rows = db.query("SELECT epoch FROM leases WHERE name = $1", &[lease.into()]);
            rows.ok()?.first()?.int(0).ok()
        };
        let told: Vec<Fence> = fences
            .into_iter()
            .map(|(lease, own)| Fence { current: current(self, &lease), lease, own })
            .collect();
        witness(self.name, &told);
    }

    fn connect(
        path: &Path,
        flags: OpenFlags,
        lock: Option<Arc<Mutex<Lock>>>,
        clock: &SharedClock,
    ) -> Result<Self, StoreError> {
        let db = Connection::open_with_flags(path, flags).map_err(|e| unusable(path, &e))?;
        let db = Self::new(db, path, lock, clock);
        db.prepare_connection()?;
        Ok(db)
    }

    /// Sets up what touches nothing, and refuses what is not ours.
    fn prepare_connection(&self) -> Result<(), StoreError> {
        let wrong = |e: rusqlite::Error| unusable(&self.path, &e);
        self.db.busy_timeout(Duration::from_secs(5)).map_err(wrong)?;
        self.db.set_prepared_statement_cache_capacity(256);
        // Without it every statement with a bound LIMIT is compiled again each time it runs.
        self.db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map_err(wrong)?;
        let pragma = |name: &str| {
            self.db.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).map_err(wrong)
        };
        if pragma("schema_version")? != 0 && pragma("application_id")? != APPLICATION_ID {
            return Err(StoreError::Unusable(format!(
                "{} is a database of another program; point store.url to another file",
                self.path.display()
            )));
        }
        // Nothing is ever put into a temporary folder: there may be none that can be written.
        self.db.execute_batch("PRAGMA temp_store = MEMORY").map_err(wrong)?;
        Ok(())
    }

    /// Makes the file ours. The log is merged by hand, so that a failure is seen and nobody waits
    /// for it.
    fn prepare_writing(&self) -> Result<(), StoreError> {
        let script = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
            PRAGMA foreign_keys = ON; PRAGMA wal_autocheckpoint = 0; \
            PRAGMA journal_size_limit = 1048576;";
        let mark = format!("PRAGMA application_id = {APPLICATION_ID}");
        let known = |db: &Connection| {
            db.pragma_query_value(None, "application_id", |row| row.get::<_, i64>(0))
        };
        let done = self.db.execute_batch(script).and_then(|()| match known(&self.db)? {
            APPLICATION_ID => Ok(()),
            _ => self.db.execute_batch(&mark),
        });
        done.map_err(|error| {
            let told = self.translated(&error);
            if matches!(told, StoreError::Halted(_)) {
                self.with_lock(Lock::suspect);
                return told;
            }
            unusable(&self.path, &error)
        })
    }

    /// Looks for damage: at all of it after the disk or the file failed, else where that is quick.
    fn look_through(&self, past: Past) -> Result<(), StoreError> {
        let suspect = past == Past::Suspect;
        let small = std::fs::metadata(&self.path).is_ok_and(|data| data.len() <= LOOKED_THROUGH);
        if suspect || small {
            let finding = first_finding(&self.db, suspect);
            let refused = match finding {
                Ok(None) => None,
                Ok(Some(_)) => Some(damaged(&self.path)),
                Err(error) => Some(unusable(&self.path, &error)),
            };
            if let Some(refused) = refused {
                // What is wrong stays as it is, and its log with it.
                let _ = self.db.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
                return Err(refused);
            }
        }
        if suspect {
            tracing::warn!(
                file = %self.path.display(),
                "the disk failed before; the whole database was checked and is sound"
            );
        }
        Ok(())
    }

    pub(super) fn with_lock(&self, note: impl FnOnce(&mut Lock)) {
        if let Some(lock) = &self.lock {
            note(&mut lock.lock().unwrap_or_else(PoisonError::into_inner));
        }
    }

    /// Runs one statement and tells how many rows it touched.
    pub fn execute(&mut self, sql: &str, params: &[Param<'_>]) -> Result<u64, StoreError> {
        let sql = Kind::Sqlite.dialect(sql);
        let mut statement = self.db.prepare_cached(&sql).map_err(|e| self.refused(&e))?;
        let touched = statement.execute(params_from_iter(params)).map_err(|e| self.refused(&e))?;
        Ok(touched as u64)
    }

    /// Runs one statement once for every set of parameters, in order.
    pub fn execute_all(&mut self, sql: &str, sets: &[Vec<Param<'_>>]) -> Result<(), StoreError> {
        let sql = Kind::Sqlite.dialect(sql);
        let mut statement = self.db.prepare_cached(&sql).map_err(|e| self.refused(&e))?;
        for set in sets {
            statement.execute(params_from_iter(set)).map_err(|e| self.refused(&e))?;
        }
        Ok(())
    }

    /// Runs one statement and collects its rows.
    pub fn query(&mut self, sql: &str, params: &[Param<'_>]) -> Result<Vec<Row>, StoreError> {
        let sql = Kind::Sqlite.dialect(sql);
        let mut statement = self.db.prepare_cached(&sql).map_err(|e| self.refused(&e))?;
        self.rows(&mut statement, params)
    }

    /// One answer for every set of parameters, in order.
    pub fn query_all(
        &mut self,
        sql: &str,
        sets: &[Vec<Param<'_>>],
    ) -> Result<Vec<Vec<Row>>, StoreError> {
        let sql = Kind::Sqlite.dialect(sql);
        let mut statement = self.db.prepare_cached(&sql).map_err(|e| self.refused(&e))?;
        sets.iter().map(|set| self.rows(&mut statement, set)).collect()
    }

    fn rows(
        &self,
        statement: &mut Statement<'_>,
        params: &[Param<'_>],
    ) -> Result<Vec<Row>, StoreError> {
        self.in_time()?;
        let columns = statement.column_count();
        let mut rows = statement.query(params_from_iter(params)).map_err(|e| self.refused(&e))?;
        let mut found = Vec::new();
        while let Some(row) = rows.next().map_err(|e| self.refused(&e))? {
            self.in_time()?;
            let mut values = Vec::with_capacity(columns);
            for column in 0..columns {
                values.push(row.get_ref(column).map_err(|e| self.refused(&e))?.try_into()?);
            }
            found.push(Row(values));
        }
        Ok(found)
    }

    /// The read under way may take as long as one of a command.
    pub fn unhurried(&mut self) {
        let later = self.clock.now().plus_millis(COMMAND_MS);
        self.until = self.until.map(|until| until.max(later));
    }

    /// A read that takes too long holds the log for everybody.
    fn in_time(&self) -> Result<(), StoreError> {
        if self.until.is_some_and(|until| self.clock.now() > until) {
            return Err(StoreError::Unavailable(format!("\"{}\" took too long", self.name)));
        }
        Ok(())
    }

    /// Runs several statements without parameters.
    pub fn script(&mut self, sql: &str) -> Result<(), StoreError> {
        self.db.execute_batch(&Kind::Sqlite.dialect(sql)).map_err(|e| self.refused(&e))
    }

    /// Begins or ends a transaction; compiled once, for there is one around everything.
    pub(super) fn mark(&mut self, sql: &'static str) -> Result<(), StoreError> {
        let mut statement = self.db.prepare_cached(sql).map_err(|e| self.refused(&e))?;
        statement.execute([]).map(drop).map_err(|e| self.refused(&e))
    }

    /// The machine's time: nobody else shares the file.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(super) fn refused(&self, error: &rusqlite::Error) -> StoreError {
        let told = self.translated(error);
        if told.is_general() {
            *self.failed.borrow_mut() = Some(told.clone());
        }
        told
    }

    fn translated(&self, error: &rusqlite::Error) -> StoreError {
        let path = self.path.display();
        let code = error.sqlite_error().map(|e| e.extended_code);
        if code.is_some_and(|code| NOT_SYNCED.contains(&code)) {
            return StoreError::Halted(format!(
                "the disk of {path} did not keep what was written (fsync: {error}); what was \
                 reported as stored is stored, what was not is asked for again. Look at the disk, \
                 then start again: the database is checked first"
            ));
        }
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Unavailable(
                format!("{path} is locked by another program, such as an open sqlite3; end that"),
            ),
            Some(ErrorCode::DiskFull) => no_space(&path),
            Some(ErrorCode::SystemIoFailure | ErrorCode::ReadOnly) => refuses_writing(&self.path)
                .map(|why| denied(&self.path, &why))
                .unwrap_or_else(|| {
                    StoreError::Unavailable(format!("reading or writing {path} failed ({error})"))
                }),
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) if self.lock.is_some() => {
                StoreError::Halted(damaged(&self.path).to_string())
            }
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt | ErrorCode::CannotOpen) => {
                unusable(&self.path, error)
            }
            _ => StoreError::Refused { name: self.name, detail: error.to_string() },
        }
    }
}
