//! Whole copies of a store, and putting one in its place. A backup is always one SQLite file,
//! whatever database it was taken from, so that it can be restored into either.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;

use super::driver::{
    Access, Driver, Kind, Param, Replaced, Row, Tx, copy_of, finished, prepared, publish, staged,
};
use super::url::StoreUrl;
use super::{Store, StoreError, migrate};
use crate::clock::SharedClock;

/// Rows that are carried over at a time.
const CHUNK: usize = 1_000;
/// Who holds which connection means nothing elsewhere.
const LEFT_OUT: &str = "leases";

/// Why there is no backup, or why it was not restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// What was asked for cannot be done; nothing was changed.
    #[error("{0}")]
    Wrong(String),
    /// The disk or the database failed.
    #[error("{0}")]
    Failed(String),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// How much a copy holds of what people care for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Contents {
    pub items: u64,
    pub decisions: u64,
    pub readings: u64,
    pub integrations: u64,
    /// Digests that were sent.
    pub digests: u64,
}

/// What a restore did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Restored {
    pub contents: Contents,
    /// Where the database is that was there before.
    pub before: Option<PathBuf>,
    /// What only that one holds; `None` when it cannot be read.
    pub only_before: Option<Contents>,
    /// Digests that were sent after the backup, remembered so that they are not sent again.
    pub carried: u64,
}

/// Copies everything that is stored into `file`, beside a daemon that may be running.
///
/// # Errors
/// The file exists, there is nothing to copy, or the disk or the database fails. Nothing is left
/// behind.
pub async fn backup(url: &str, file: &Path, clock: SharedClock) -> Result<Contents, BackupError> {
    if file.exists() {
        return Err(BackupError::Wrong(format!(
            "{} exists already, and a backup replaces nothing; choose another name",
            file.display()
        )));
    }
    let store = Store::open_read_only(url, clock.clone()).await?;
    let failed =
        |why: String| BackupError::Failed(format!("{} was not written: {why}", file.display()));
    match StoreUrl::parse(url)? {
        StoreUrl::Sqlite(path) => {
            drop(store);
            copy_of(&path, file).map_err(failed)?;
        }
        StoreUrl::Postgres(_) => {
            let draft = prepared(file).map_err(failed)?;
            let copy = Store::open(&address(draft.path()), clock.clone()).await?;
            carry(&store, &copy).await?;
            drop(copy);
            finished(draft.path()).and_then(|()| publish(draft, file)).map_err(failed)?;
        }
    }
    contents(file, clock).await
}

/// Puts `file` in the place of what is stored.
///
/// # Errors
/// The file is no whole backup of this program or an older one, a daemon runs, or the disk or the
/// database fails. Then everything is as it was.
pub async fn restore(url: &str, file: &Path, clock: SharedClock) -> Result<Restored, BackupError> {
    if !file.is_file() {
        return Err(BackupError::Wrong(format!("{} does not exist", file.display())));
    }
    match StoreUrl::parse(url)? {
        StoreUrl::Sqlite(path) => {
            let stamp = clock.now().to_utc().format("%Y%m%dT%H%M%SZ").to_string();
            let old = contents(&path, clock.clone()).await.ok();
            let staged = staged(&path, file, migrate::newest()).map_err(BackupError::Wrong)?;
            // Brought to the newest schema before it counts.
            drop(Store::open(&address(staged.draft()), clock.clone()).await?);
            let Replaced { before, carried } = staged.swap(&stamp).map_err(BackupError::Failed)?;
            let now = contents(&path, clock).await?;
            let only_before = old.filter(|_| before.is_some()).map(|old| old.beyond(now));
            Ok(Restored { contents: now, before, only_before, carried })
        }
        StoreUrl::Postgres(_) => {
            let folder = tempfile::tempdir().map_err(|e| BackupError::Failed(e.to_string()))?;
            let draft = folder.path().join("restored.db");
            let staged = staged(&draft, file, migrate::newest()).map_err(BackupError::Wrong)?;
            staged.swap("").map_err(BackupError::Failed)?;
            // Brought to the newest schema first, which is what the server gets.
            drop(Store::open(&address(&draft), clock.clone()).await?);
            let copy = Store::open_read_only(&address(&draft), clock.clone()).await?;
            let store = Store::open(url, clock.clone()).await?;
            if !is_empty(&store).await? {
                return Err(BackupError::Wrong(
                    "the database of store.url holds a store already, and nothing is replaced \
                     there; create an empty database and name it in store.url"
                        .to_owned(),
                ));
            }
            carry(&copy, &store).await?;
            drop(copy);
            let contents = contents(&draft, clock).await?;
            Ok(Restored { contents, before: None, only_before: None, carried: 0 })
        }
    }
}

impl Contents {
    /// How much more this one holds.
    fn beyond(self, other: Self) -> Self {
        Self {
            items: self.items.saturating_sub(other.items),
            decisions: self.decisions.saturating_sub(other.decisions),
            readings: self.readings.saturating_sub(other.readings),
            integrations: self.integrations.saturating_sub(other.integrations),
            digests: self.digests.saturating_sub(other.digests),
        }
    }
}

fn address(path: &Path) -> String {
    format!("sqlite:{}", path.display())
}

async fn contents(file: &Path, clock: SharedClock) -> Result<Contents, BackupError> {
    let driver = Driver::open(&StoreUrl::Sqlite(file.into()), Access::Read, clock)?;
    let count = "SELECT (SELECT COUNT(*) FROM items), (SELECT COUNT(*) FROM decisions),
        (SELECT COUNT(*) FROM readings), (SELECT COUNT(*) FROM integrations),
        (SELECT COUNT(*) FROM digests WHERE state = 'sent')";
    let contents = driver.read("contents", move |tx| {
        let Some(row) = tx.first(count, &[])? else { return Ok(Contents::default()) };
        Ok(Contents {
            items: row.count(0)?,
            decisions: row.count(1)?,
            readings: row.count(2)?,
            integrations: row.count(3)?,
            digests: row.count(4)?,
        })
    });
    Ok(contents.await?)
}

/// Nothing was ever stored, and nobody is about to.
async fn is_empty(store: &Store) -> Result<bool, StoreError> {
    let sql = "SELECT (SELECT COUNT(*) FROM items) + (SELECT COUNT(*) FROM passes)
            + (SELECT COUNT(*) FROM decisions) + (SELECT COUNT(*) FROM readings)
            + (SELECT COUNT(*) FROM integrations)
            + (SELECT COUNT(*) FROM digests) + (SELECT COUNT(*) FROM leases)";
    let rows = store
        .driver
        .read("is empty", move |tx| tx.first(sql, &[])?.map_or(Ok(0), |row| row.count(0)));
    Ok(rows.await? == 0)
}

/// A table of the schema, as SQLite names it.
struct Table {
    name: String,
    columns: Vec<String>,
    key: Vec<String>,
}

/// Every table of a SQLite store; PostgreSQL has the same.
async fn tables(sqlite: &Store) -> Result<Vec<Table>, StoreError> {
    let names = "SELECT name FROM sqlite_master WHERE type = 'table'
        AND name NOT LIKE 'sqlite_%' ORDER BY name";
    let columns = "SELECT name, pk FROM pragma_table_info($1) ORDER BY cid";
    let read = sqlite.driver.read("tables", move |tx| {
        let mut tables = Vec::new();
        for row in tx.query(names, &[])? {
            let name = row.string(0)?;
            let found = tx.query(columns, &[(&name).into()])?;
            let mut key: Vec<(i64, String)> = Vec::new();
            let mut columns = Vec::new();
            for row in &found {
                columns.push(row.string(0)?);
                if row.int(1)? > 0 {
                    key.push((row.int(1)?, row.string(0)?));
                }
            }
            key.sort();
            let key = key.into_iter().map(|(_, name)| name).collect();
            tables.push(Table { name, columns, key });
        }
        tables.retain(|table| table.name != LEFT_OUT);
        match tables.iter().find_map(Table::odd) {
            None => Ok(tables),
            Some(name) => Err(StoreError::Unusable(format!(
                "the database holds {name:?}, which is not of this program; remove it"
            ))),
        }
    });
    read.await
}

/// Copies every row of one store into another one at the same schema, on one snapshot and in one
/// transaction.
async fn carry(from: &Store, to: &Store) -> Result<(), StoreError> {
    let sqlite = if from.driver.kind == Kind::Sqlite { from } else { to };
    let tables = tables(sqlite).await?;
    let (rows, taken) = std::sync::mpsc::sync_channel::<(usize, Vec<Row>)>(4);
    let insert: Vec<(String, String)> = tables.iter().map(Table::insert).collect();
    let (from, to) = (from.clone(), to.clone());
    // What was taken out once is gone: a transaction that the server gives up is not run again.
    let taken = Arc::new(Mutex::new(Some(taken)));
    let reading = async move { from.driver.read("copy", move |tx| send(tx, &tables, &rows)).await };
    let writing = async move {
        to.driver
            .write("copy", move |tx| {
                let taken = taken.lock().unwrap_or_else(PoisonError::into_inner).take();
                let taken = taken.ok_or_else(|| {
                    StoreError::Unavailable("it gave up the copy; do it again".to_owned())
                })?;
                for (clear, _) in &insert {
                    tx.execute_once(clear, &[Vec::new()])?;
                }
                for (table, rows) in taken {
                    let sets: Vec<Vec<Param<'_>>> = rows.iter().map(Row::params).collect();
                    tx.execute_once(&insert[table].1, &sets)?;
                }
                Ok(())
            })
            .await
    };
    let (read, written) = futures::future::join(reading, writing).await;
    // A writer that failed makes the reader fail as well; its reason is the one to tell.
    written.and(read)
}

/// Reads table by table; the receiver may be gone.
fn send(
    tx: &mut Tx<'_>,
    tables: &[Table],
    rows: &std::sync::mpsc::SyncSender<(usize, Vec<Row>)>,
) -> Result<(), StoreError> {
    for (number, table) in tables.iter().enumerate() {
        let mut done = 0;
        loop {
            let found = tx.query_once(&table.select(done))?;
            let count = found.len();
            done += count;
            if count > 0 && rows.send((number, found)).is_err() {
                return Err(StoreError::Unavailable("the copy ended early".to_owned()));
            }
            if count < CHUNK {
                break;
            }
        }
    }
    Ok(())
}

impl Table {
    /// A name that no migration gives. Names become part of statements, so none may be anything
    /// but a word.
    fn odd(&self) -> Option<&str> {
        let word = |name: &str| {
            name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        };
        let names = std::iter::once(&self.name).chain(&self.columns);
        names.map(String::as_str).find(|name| !word(name))
    }

    fn select(&self, done: usize) -> String {
        format!(
            "SELECT {} FROM {} ORDER BY {} LIMIT {CHUNK} OFFSET {done}",
            self.columns.join(", "),
            self.name,
            self.key.join(", ")
        )
    }

    /// Emptying the table, and filling it.
    fn insert(&self) -> (String, String) {
        let places: Vec<String> = (1..=self.columns.len()).map(|n| format!("${n}")).collect();
        let (name, columns) = (&self.name, self.columns.join(", "));
        (
            format!("DELETE FROM {name}"),
            format!("INSERT INTO {name} ({columns}) VALUES ({})", places.join(", ")),
        )
    }
}
