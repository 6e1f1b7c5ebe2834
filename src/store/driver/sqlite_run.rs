//! How transactions on a SQLite file run and end, what becomes of its log, and what is saved when
//! the file is pulled away.

use std::path::Path;

use rusqlite::config::DbConfig;

use super::Tx;
use super::lane::Work;
use super::sqlite::Sqlite;
use super::sqlite_copy::copy_whole;
use super::sqlite_file::{Adrift, Lock, beside, tell};
use crate::store::StoreError;

/// The log is merged into the file whenever it has grown by so much.
const MERGE: u64 = 4 << 20;
/// From this size on the writer waits for readers, so that the log begins anew.
const WAIT: u64 = 16 << 20;
/// No read of ours makes it longer; somebody else's may.
const LONG: u64 = 64 << 20;

impl Sqlite {
    /// How many transactions may share one commit; reads share nothing.
    pub fn group_max(&self) -> usize {
        if self.anchor.is_some() { 64 } else { 1 }
    }

    /// Runs a group of transactions under one commit. Each one fails or succeeds alone; a failed
    /// commit fails them all.
    pub fn run(&mut self, mut group: Vec<Box<dyn Work>>) {
        let writes = group.iter().any(|work| work.writes());
        let outcome = match &self.ended {
            Some(ended) => Err(ended.clone()),
            None => self.transaction(&mut group, writes),
        };
        let done = writes && outcome.is_ok();
        group.into_iter().for_each(|work| work.finish(outcome.clone()));
        if done {
            self.merge_log();
        }
        if self.ended.is_none()
            && let Some(ended @ StoreError::Halted(_)) = self.failed.take()
        {
            self.end(ended);
        }
    }

    /// From `BEGIN` to a commit that is known to be where others find it.
    fn transaction(&mut self, group: &mut [Box<dyn Work>], writes: bool) -> Result<(), StoreError> {
        self.name = "begin";
        self.until = self.patience.map(|patience| self.clock.now().plus_millis(patience));
        self.failed.take();
        self.mark(if writes { "BEGIN IMMEDIATE" } else { "BEGIN" })?;
        let alone = group.len() == 1;
        let mut keep = false;
        for work in group {
            self.name = work.name();
            let saved = alone || self.mark("SAVEPOINT work").is_ok();
            self.fences.clear();
            let good = saved && work.run(&mut Tx::Sqlite(self), false);
            if good && work.writes() {
                self.tell_witness();
            }
            if self.db.is_autocommit() {
                // SQLite has undone everything, the work before this one as well.
                let why = self.failed.borrow().clone();
                return Err(why.unwrap_or_else(|| {
                    let path = self.path.display();
                    StoreError::Unavailable(format!("{path} gave up a transaction"))
                }));
            }
            keep |= good;
            if !alone {
                let end = if good { "RELEASE work" } else { "ROLLBACK TO work; RELEASE work" };
                // A savepoint only fails with its transaction; then the commit fails too.
                let _ = self.script(end);
            }
        }
        self.name = "commit";
        let outcome = self.mark(if keep || !alone { "COMMIT" } else { "ROLLBACK" });
        if outcome.is_err() && !self.db.is_autocommit() {
            // What cannot be committed must not leak into the next transaction.
            let _ = self.mark("ROLLBACK");
        }
        outcome.and_then(|()| if writes { self.anchored() } else { Ok(()) })
    }

    /// What went to a file that nobody finds again was not stored.
    fn anchored(&mut self) -> Result<(), StoreError> {
        let checked = self.anchor.as_mut().map_or(Ok(()), |anchor| anchor.check(&self.path));
        checked.map_err(|adrift| {
            let error = self.saved(adrift);
            *self.failed.borrow_mut() = Some(error.clone());
            error
        })
    }

    /// Brings what this connection still sees to where the next process finds it.
    fn saved(&self, adrift: Adrift) -> StoreError {
        let (happened, path) = (tell(adrift, &self.path), self.path.display());
        self.with_lock(Lock::suspect);
        let saved = match adrift {
            Adrift::Log => self
                .merge("TRUNCATE")
                .map(|()| format!("what it held was merged into {path}; start again"))
                .map_err(|error| error.to_string()),
            Adrift::Removed => {
                self.copied(&self.path).map(|()| "everything was put back; start again".to_owned())
            }
            Adrift::Replaced => {
                let stamp = self.clock.now().to_utc().format("%Y%m%dT%H%M%SZ");
                let copy = beside(&self.path, &format!(".rescued-{stamp}"));
                let name = copy.display();
                self.copied(&copy).map(|()| {
                    format!(
                        "what it held is in {name}; start again with what lies there now, or put \
                         the old one back first with `streamgauge restore {name}`"
                    )
                })
            }
        };
        StoreError::Halted(match saved {
            Ok(saved) => format!("{happened}; {saved}"),
            Err(error) => format!(
                "{happened}, and what it held could not be saved ({error}); start again to read \
                 the trackers anew, or put a backup in its place with `streamgauge restore FILE`"
            ),
        })
    }

    fn copied(&self, target: &Path) -> Result<(), String> {
        if let Some(anchor) = &self.anchor {
            anchor.clear_log(&self.path);
        }
        copy_whole(&self.db, target)
    }

    /// Merges the log into the file when it has grown. Nobody waits for that but the next writer.
    fn merge_log(&mut self) {
        let size = std::fs::metadata(beside(&self.path, "-wal")).map_or(0, |data| data.len());
        if size < self.merged_at {
            self.merged_at = 0;
        }
        if self.anchor.is_none() || size < self.merged_at + MERGE {
            return;
        }
        let longer = size / LONG > self.merged_at / LONG;
        self.merged_at = size;
        self.name = "merge";
        // A failure is found again by the next commit, or it passes; only a failed fsync counts.
        let _ = self.merge(if size < WAIT { "PASSIVE" } else { "RESTART" });
        if longer {
            tracing::warn!(
                megabytes = size >> 20,
                "the write-ahead log of {} cannot be merged: another program reads an old state of \
                 the database (a suspended command, an open sqlite3); end that",
                self.path.display()
            );
        }
    }

    fn merge(&self, how: &str) -> Result<(), StoreError> {
        let sql = format!("PRAGMA wal_checkpoint({how})");
        let row = self.db.query_row(&sql, [], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?))
        });
        match row.map_err(|error| self.refused(&error))? {
            (0, ..) => Ok(()),
            (_, all, merged) if all == merged => Ok(()),
            _ => Err(StoreError::Unavailable("a reader holds the log".to_owned())),
        }
    }

    /// Asks nothing more of the connection, and lets it touch nothing when it is closed.
    fn end(&mut self, ended: StoreError) {
        self.with_lock(Lock::suspect);
        let _ = self.db.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
        self.ended = Some(ended);
    }
}

impl Drop for Sqlite {
    /// Leaves one whole file behind.
    fn drop(&mut self) {
        if self.ended.is_some() || self.anchor.is_none() {
            return;
        }
        if let Err(ended) = self.anchored() {
            tracing::error!("{ended}");
            self.end(ended);
            return;
        }
        self.name = "close";
        if let Err(ended @ StoreError::Halted(_)) = self.merge("TRUNCATE") {
            tracing::error!("{ended}");
            self.end(ended);
        }
    }
}
