//! SQLite: one file, one writer, rusqlite on the thread that owns the connection.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, Statement, params_from_iter};

use super::lane::Work;
use super::{Access, Backend, Driver, Fence, Kind, Lane, Param, Row, Tx, Witness};
use crate::clock::SharedClock;
use crate::model::Timestamp;
use crate::store::StoreError;

/// Marks the file as ours, so that another program's database is never migrated: "SgAu".
const APPLICATION_ID: i64 = 0x5367_4175;

/// How every SQLite database begins.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// Readers beside the writer: a long read must not make a page wait.
const READERS: usize = 2;

/// An open connection.
pub struct Sqlite {
    db: Connection,
    path: PathBuf,
    clock: SharedClock,
    name: &'static str,
    /// Only in simulations, with the leases under which the transaction in hand writes.
    pub(super) witness: Option<Witness>,
    fences: Vec<(String, i64)>,
    /// Held for as long as the connection may write.
    _lock: Option<File>,
}

/// Opens the file, creating it where writing is allowed.
pub fn open(path: &Path, access: Access, clock: &SharedClock) -> Result<Driver, StoreError> {
    if path.as_os_str() == ":memory:" {
        let db = Connection::open_in_memory().map_err(|e| unusable(path, &e))?;
        let db = Sqlite::new(db, path, None, clock);
        db.prepare_connection(true)?;
        let writer = Lane::inline(Backend::Sqlite(Box::new(db)));
        return Ok(Driver { writer, reader: None, kind: Kind::Sqlite, notes: None, whim: None });
    }
    refuse_foreign(path)?;
    let readers = |n: usize| -> Result<Lane, StoreError> {
        let open = |_| {
            let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            Sqlite::connect(path, flags, None, clock).map(|db| Backend::Sqlite(Box::new(db)))
        };
        Lane::threads((0..n).map(open).collect::<Result<_, _>>()?)
    };
    if access == Access::Read {
        if !path.exists() {
            return Err(StoreError::Absent { path: path.display().to_string() });
        }
        return Ok(Driver {
            writer: readers(READERS)?,
            reader: None,
            kind: Kind::Sqlite,
            notes: None,
            whim: None,
        });
    }
    let lock = lock_file(path)?;
    create_private(path)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Backend::Sqlite(Box::new(Sqlite::connect(path, flags, Some(lock), clock)?));
    if access == Access::Inline {
        return Ok(Driver {
            writer: Lane::inline(db),
            reader: None,
            kind: Kind::Sqlite,
            notes: None,
            whim: None,
        });
    }
    // The writer comes first: it switches the file to WAL before anyone reads.
    let writer = Lane::threads(vec![db])?;
    Ok(Driver {
        writer,
        reader: Some(readers(READERS)?),
        kind: Kind::Sqlite,
        notes: None,
        whim: None,
    })
}

/// Refuses what is plainly no database before anything is created beside it.
fn refuse_foreign(path: &Path) -> Result<(), StoreError> {
    if path.is_dir() {
        let path = path.display();
        return Err(StoreError::Unusable(format!(
            "{path} is a folder; point store.url to a file, such as sqlite:{path}/streamgauge.db"
        )));
    }
    let mut start = [0; MAGIC.len()];
    let read = File::open(path).and_then(|mut file| file.read(&mut start));
    if read.is_ok_and(|read| read > 0 && !MAGIC.starts_with(&start[..read])) {
        return Err(not_a_database(path));
    }
    Ok(())
}

fn not_a_database(path: &Path) -> StoreError {
    StoreError::Unusable(format!(
        "{} is not a SQLite database; move it away, or point store.url to another file",
        path.display()
    ))
}

/// Takes the lock that keeps a second writer away. The system drops it with the process.
fn lock_file(path: &Path) -> Result<File, StoreError> {
    if let Some(folder) = path.parent().filter(|f| !f.as_os_str().is_empty() && !f.is_dir()) {
        return Err(StoreError::Unusable(format!(
            "the folder {} does not exist; create it, or correct store.url",
            folder.display()
        )));
    }
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let lock = private().create(true).truncate(false).open(&name).map_err(|e| denied(path, &e))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => {
            Err(StoreError::InUse { path: path.display().to_string() })
        }
        Err(TryLockError::Error(e)) => Err(denied(path, &e)),
    }
}

fn create_private(path: &Path) -> Result<(), StoreError> {
    private().create(true).truncate(false).open(path).map(drop).map_err(|e| denied(path, &e))
}

/// Files that only their owner may read: titles are nobody else's business.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn denied(path: &Path, error: &std::io::Error) -> StoreError {
    StoreError::Unusable(format!(
        "cannot write to {} ({error}); give this user write access to it and its folder, or \
         correct store.url",
        path.display()
    ))
}

fn unusable(path: &Path, error: &rusqlite::Error) -> StoreError {
    if error.sqlite_error_code() == Some(ErrorCode::NotADatabase) {
        return not_a_database(path);
    }
    let path = path.display();
    StoreError::Unusable(match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt) => format!(
            "{path} is damaged; restore a backup, or move it away and run `streamgauge sync`"
        ),
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
            format!("{path} cannot be written; give this user write access to it and its folder")
        }
        _ => format!("cannot open {path} ({error}); check store.url and the rights on the file"),
    })
}

impl Sqlite {
    fn new(db: Connection, path: &Path, lock: Option<File>, clock: &SharedClock) -> Self {
        Self {
            db,
            path: path.into(),
            clock: clock.clone(),
            name: "open",
            witness: None,
            fences: Vec::new(),
            _lock: lock,
        }
    }

    /// Notes a lease for the witness.
    pub fn fenced_by(&mut self, lease: &str, own: i64) {
        if self.witness.is_some() {
            self.fences.push((lease.to_owned(), own));
        }
    }

    /// Tells the witness what is about to be committed.
    fn tell_witness(&mut self) {
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
        lock: Option<File>,
        clock: &SharedClock,
    ) -> Result<Self, StoreError> {
        let db = Connection::open_with_flags(path, flags).map_err(|e| unusable(path, &e))?;
        let writes = lock.is_some();
        let db = Self::new(db, path, lock, clock);
        db.prepare_connection(writes)?;
        Ok(db)
    }

    fn prepare_connection(&self, writes: bool) -> Result<(), StoreError> {
        let wrong = |e: rusqlite::Error| unusable(&self.path, &e);
        self.db.busy_timeout(Duration::from_secs(5)).map_err(wrong)?;
        self.db.set_prepared_statement_cache_capacity(256);
        let pragma = |name: &str| {
            self.db.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).map_err(wrong)
        };
        if pragma("schema_version")? != 0 && pragma("application_id")? != APPLICATION_ID {
            return Err(StoreError::Unusable(format!(
                "{} is a database of another program; point store.url to another file",
                self.path.display()
            )));
        }
        if writes {
            let script = format!(
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; \
                 PRAGMA application_id = {APPLICATION_ID};"
            );
            self.db.execute_batch(&script).map_err(wrong)?;
        }
        Ok(())
    }

    /// Runs a group of transactions under one commit. Each one fails or succeeds alone; a failed
    /// commit fails them all.
    pub fn run(&mut self, mut group: Vec<Box<dyn Work>>) {
        let writes = group.iter().any(|work| work.writes());
        let begin = if writes { "BEGIN IMMEDIATE" } else { "BEGIN" };
        self.name = "begin";
        if let Err(error) = self.script(begin) {
            group.into_iter().for_each(|work| work.finish(Err(error.clone())));
            return;
        }
        let alone = group.len() == 1;
        let mut keep = false;
        for work in &mut group {
            self.name = work.name();
            let saved = alone || self.script("SAVEPOINT work").is_ok();
            self.fences.clear();
            let good = saved && work.run(&mut Tx::Sqlite(self), false);
            if good && work.writes() {
                self.tell_witness();
            }
            keep |= good;
            if !alone {
                let end = if good { "RELEASE work" } else { "ROLLBACK TO work; RELEASE work" };
                // A savepoint only fails with its transaction; then the commit fails too.
                let _ = self.script(end);
            }
        }
        self.name = "commit";
        let outcome = self.script(if keep || !alone { "COMMIT" } else { "ROLLBACK" });
        if outcome.is_err() && !self.db.is_autocommit() {
            // What cannot be committed must not leak into the next transaction.
            let _ = self.script("ROLLBACK");
        }
        group.into_iter().for_each(|work| work.finish(outcome.clone()));
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
        let columns = statement.column_count();
        let mut rows = statement.query(params_from_iter(params)).map_err(|e| self.refused(&e))?;
        let mut found = Vec::new();
        while let Some(row) = rows.next().map_err(|e| self.refused(&e))? {
            let mut values = Vec::with_capacity(columns);
            for column in 0..columns {
                values.push(row.get_ref(column).map_err(|e| self.refused(&e))?.try_into()?);
            }
            found.push(Row(values));
        }
        Ok(found)
    }

    /// Runs several statements without parameters.
    pub fn script(&mut self, sql: &str) -> Result<(), StoreError> {
        self.db.execute_batch(&Kind::Sqlite.dialect(sql)).map_err(|e| self.refused(&e))
    }

    /// The machine's time: nobody else shares the file.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn refused(&self, error: &rusqlite::Error) -> StoreError {
        let path = self.path.display();
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                StoreError::Unavailable(format!("{path} is locked"))
            }
            Some(ErrorCode::DiskFull) => StoreError::Unavailable(format!(
                "no space is left for {path}; free some, nothing needs a restart"
            )),
            Some(ErrorCode::SystemIoFailure) => {
                StoreError::Unavailable(format!("reading or writing {path} failed ({error})"))
            }
            Some(
                ErrorCode::NotADatabase
                | ErrorCode::DatabaseCorrupt
                | ErrorCode::ReadOnly
                | ErrorCode::CannotOpen,
            ) => unusable(&self.path, error),
            _ => StoreError::Refused { name: self.name, detail: error.to_string() },
        }
    }
}
