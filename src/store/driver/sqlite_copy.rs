//! Whole copies of a SQLite database: for backups, and for what was pulled from under a process.

use std::fs::File;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};
use tempfile::NamedTempFile;

use super::sqlite_file::{APPLICATION_ID, Lock, beside, folder};

/// Writes a copy of everything that is committed to `target`, which must not exist. The copy is
/// one unchanging snapshot, checked, on the disk and readable for its owner only before it gets
/// its name.
///
/// # Errors
/// A part of a sentence. Nothing is left behind.
pub fn copy_whole(db: &Connection, target: &Path) -> Result<(), String> {
    let draft = prepared(target)?;
    let name = draft.path().to_str().ok_or("its name is not UTF-8")?;
    db.execute("VACUUM INTO ?1", [name]).map_err(|error| plain(&error))?;
    let copy = Connection::open_with_flags(draft.path(), OpenFlags::SQLITE_OPEN_READ_ONLY)
        .map_err(|error| plain(&error))?;
    if let Some(finding) = first_finding(&copy, true).map_err(|error| plain(&error))? {
        return Err(format!("the copy is damaged ({finding}), so the database is"));
    }
    drop(copy);
    publish(draft, target)
}

/// The same of the database at a path, which may be in use.
///
/// # Errors
/// As [`copy_whole`].
pub fn copy_of(path: &Path, target: &Path) -> Result<(), String> {
    let db = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
        .map_err(|error| plain(&error))?;
    db.busy_timeout(std::time::Duration::from_secs(5)).map_err(|error| plain(&error))?;
    copy_whole(&db, target)
}

/// An empty file beside `target` that will become it.
pub fn prepared(target: &Path) -> Result<NamedTempFile, String> {
    let folder = folder(target);
    let draft =
        tempfile::Builder::new().prefix(".streamgauge-").suffix(".part").tempfile_in(folder);
    draft.map_err(|error| format!("cannot write into {}: {error}", folder.display()))
}

/// Checks a database that was just filled, and leaves one file that needs no log.
///
/// # Errors
/// A part of a sentence.
pub fn finished(path: &Path) -> Result<(), String> {
    // Nobody else has the draft.
    let _ = std::fs::remove_file(beside(path, ".lock"));
    sound(path, i64::MAX)
}

/// Gives a finished draft its name, which must be free.
pub fn publish(draft: NamedTempFile, target: &Path) -> Result<(), String> {
    draft.as_file().sync_all().map_err(|error| error.to_string())?;
    draft.persist_noclobber(target).map_err(|error| {
        if error.error.kind() == std::io::ErrorKind::AlreadyExists {
            format!("{} exists already", target.display())
        } else {
            error.error.to_string()
        }
    })?;
    sync_folder(target)
}

/// Makes the names in the folder of a file durable.
pub fn sync_folder(path: &Path) -> Result<(), String> {
    File::open(folder(path)).and_then(|opened| opened.sync_all()).map_err(|error| error.to_string())
}

/// The first thing that SQLite finds wrong; `None` when the file is whole. `indexes`: compare
/// them with their tables as well, which takes longer.
pub fn first_finding(db: &Connection, indexes: bool) -> rusqlite::Result<Option<String>> {
    let sql = if indexes { "PRAGMA integrity_check(1)" } else { "PRAGMA quick_check(1)" };
    let finding: String = db.query_row(sql, [], |row| row.get(0))?;
    Ok((finding != "ok").then(|| finding.replace('\n', " ")))
}

/// Names the usual causes in plain words.
fn plain(error: &rusqlite::Error) -> String {
    match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::DiskFull) => "no space is left".to_owned(),
        Some(rusqlite::ErrorCode::DatabaseCorrupt) => "the database is damaged".to_owned(),
        _ => error.to_string(),
    }
}

/// What became of the database that was replaced.
#[derive(Debug)]
pub struct Replaced {
    pub before: Option<PathBuf>,
    /// Digests of the old one that the new one remembers as sent.
    pub carried: u64,
}

/// A copy of `file` beside the database at `path`, which nobody else may use meanwhile.
pub struct Staged {
    lock: Lock,
    draft: NamedTempFile,
    path: PathBuf,
    file: String,
}

/// Copies `file` and the log that lies beside it, and looks whether it can be used. `known`: the
/// newest schema that may be in it.
///
/// # Errors
/// A sentence; nothing is left behind.
pub fn staged(path: &Path, file: &Path, known: i64) -> Result<Staged, String> {
    let (lock, _) = Lock::take(path).map_err(|error| error.to_string())?;
    let staged = Staged {
        lock,
        draft: prepared(path)?,
        path: path.into(),
        file: file.display().to_string(),
    };
    std::fs::copy(file, staged.draft.path()).map_err(|error| staged.failed(&error))?;
    let log = beside(file, "-wal");
    let draft_log = beside(staged.draft.path(), "-wal");
    if log.exists() {
        std::fs::copy(log, &draft_log).map_err(|error| staged.failed(&error))?;
    }
    let sound = sound(staged.draft.path(), known);
    // Only what cannot be read leaves one behind.
    let _ = std::fs::remove_file(draft_log);
    let _ = std::fs::remove_file(beside(staged.draft.path(), "-shm"));
    sound.map_err(|why| format!("{} {why}; it was not restored", staged.file))?;
    Ok(staged)
}

impl Staged {
    fn failed(&self, error: &std::io::Error) -> String {
        format!("{} was not restored: {error}", self.file)
    }

    /// The copy.
    pub fn draft(&self) -> &Path {
        self.draft.path()
    }

    /// Puts the copy in the place of the database, which is kept under a name with `stamp`.
    ///
    /// # Errors
    /// A sentence; everything is as it was.
    pub fn swap(mut self, stamp: &str) -> Result<Replaced, String> {
        finished(self.draft.path())?;
        let path = self.path.clone();
        let before = path.exists().then(|| beside(&path, &format!(".before-restore-{stamp}")));
        let mut carried = 0;
        if let Some(before) = &before {
            carried = remembered(&path, self.draft.path()).unwrap_or(0);
            put_aside(&path, before).map_err(|error| self.failed(&error))?;
        }
        self.draft.as_file().sync_all().map_err(|error| self.failed(&error))?;
        let told = self.file;
        self.draft
            .persist(&path)
            .map_err(|error| format!("{told} was not restored: {}", error.error))?;
        sync_folder(&path)?;
        self.lock.keep();
        Ok(Replaced { before, carried })
    }
}

/// Whether a copy is a whole store that this program can use; merges its log into it.
fn sound(path: &Path, known: i64) -> Result<(), String> {
    let wrong = |error: rusqlite::Error| match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::NotADatabase) => "is not a SQLite database".to_owned(),
        Some(rusqlite::ErrorCode::DatabaseCorrupt) => "is damaged".to_owned(),
        _ => format!("cannot be read ({error})"),
    };
    let db = Connection::open(path).map_err(wrong)?;
    let own: i64 =
        db.pragma_query_value(None, "application_id", |row| row.get(0)).map_err(wrong)?;
    if own != APPLICATION_ID {
        return Err("is a database of another program".to_owned());
    }
    if let Some(finding) = first_finding(&db, true).map_err(wrong)? {
        return Err(format!("is damaged ({finding})"));
    }
    let sql = "SELECT value FROM meta WHERE name = 'schema'";
    let version: i64 = db.query_row(sql, [], |row| row.get(0)).map_err(wrong)?;
    if version > known {
        return Err(format!(
            "has schema version {version}, and this program knows {known} at most; use the newer \
             program that wrote it"
        ));
    }
    db.execute_batch("PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL").map_err(wrong)
}

/// Copies what the old database knows of digests into the new one, as far as it can be read: what
/// was sent stays sent.
fn remembered(old: &Path, new: &Path) -> Option<u64> {
    // Opened for writing: then the log of the old one is merged when it is closed.
    let merging = Connection::open(old).ok()?;
    merging.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).ok()?;
    drop(merging);
    let mut db = Connection::open(new).ok()?;
    db.execute("ATTACH ?1 AS old", [old.to_str()?]).ok()?;
    let number =
        |db: &Connection, sql: &str| db.query_row(sql, [], |row| row.get::<_, i64>(0)).ok();
    let schema = |of: &str| format!("SELECT value FROM {of}.meta WHERE name = 'schema'");
    if number(&db, &schema("main")) != number(&db, &schema("old")) {
        return None;
    }
    let sent = "SELECT COUNT(*) FROM main.digests WHERE state = 'sent'";
    let before = number(&db, sent)?;
    let all = db.transaction().ok()?;
    for table in ["plans", "ticks", "digests"] {
        let sql = format!("INSERT OR REPLACE INTO main.{table} SELECT * FROM old.{table}");
        all.execute(&sql, []).ok()?;
    }
    all.commit().ok()?;
    number(&db, sent).and_then(|after| u64::try_from(after - before).ok())
}

/// Keeps the old database and what is left of its log under another name.
fn put_aside(path: &Path, aside: &Path) -> std::io::Result<()> {
    // A second name first: at no moment is there no database.
    if std::fs::hard_link(path, aside).is_err() {
        std::fs::rename(path, aside)?;
    }
    let log = beside(path, "-wal");
    if std::fs::metadata(&log).is_ok_and(|data| data.len() > 0) {
        std::fs::rename(&log, beside(aside, "-wal"))?;
    }
    for left in [log, beside(path, "-shm")] {
        match std::fs::remove_file(left) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}
