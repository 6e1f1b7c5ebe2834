//! The file of a SQLite database as the system sees it: whose it is, who may write to it, whether
//! it is still the one that was opened, and what is told when it is not.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read, Seek, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

use crate::store::StoreError;

/// Marks the file as ours, so that another program's database is never migrated: "SgAu".
pub const APPLICATION_ID: i64 = 0x5367_4175;

/// How every SQLite database begins.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// The lock file says so while nothing but good is known of the database.
const KEPT: &[u8] = b"kept \n";
/// And this after the disk or the file failed: the next start has to look at all of it.
const SUSPECT: &[u8] = b"check\n";

/// The lock that keeps a second writer away, held for as long as the connection may write.
pub struct Lock(File);

/// What the lock file tells of the last process that held it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Past {
    /// There was none.
    New,
    Kept,
    /// It ended because the disk or the file failed.
    Suspect,
}

/// The database and its write-ahead log as they were opened.
#[derive(Debug, Clone, Copy)]
pub struct Anchor {
    file: (u64, u64),
    /// Known from the first commit on.
    log: Option<(u64, u64)>,
}

/// How what lies at a path differs from what was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Adrift {
    /// The database was removed or moved away.
    Removed,
    /// Another file lies in its place.
    Replaced,
    /// The write-ahead log was removed or replaced.
    Log,
}

/// The write-ahead log (`-wal`) or another file beside the database.
pub fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

fn identity(path: &Path) -> Option<(u64, u64)> {
    let data = std::fs::metadata(path).ok()?;
    Some((data.dev(), data.ino()))
}

impl Anchor {
    /// Remembers which file was opened.
    pub fn at(path: &Path) -> Option<Self> {
        identity(path).map(|file| Self { file, log: None })
    }

    /// Whether the files at the path still are those that were opened.
    pub fn check(&mut self, path: &Path) -> Result<(), Adrift> {
        match identity(path) {
            None => return Err(Adrift::Removed),
            Some(file) if file != self.file => return Err(Adrift::Replaced),
            Some(_) => {}
        }
        let log = identity(&beside(path, "-wal"));
        match self.log {
            None => self.log = log,
            known if known != log => return Err(Adrift::Log),
            Some(_) => {}
        }
        Ok(())
    }

    /// Takes the log and its index away where they are still ours: beside another database they
    /// would be taken for its own.
    pub fn clear_log(&self, path: &Path) {
        let log = beside(path, "-wal");
        if self.log.is_some() && identity(&log) == self.log {
            // What cannot be removed is told by the check of the next start.
            let _ = std::fs::remove_file(log);
            let _ = std::fs::remove_file(beside(path, "-shm"));
        }
    }
}

impl Lock {
    /// Takes the lock. The system drops it with the process.
    pub fn take(path: &Path) -> Result<(Self, Past), StoreError> {
        if let Some(folder) = path.parent().filter(|f| !f.as_os_str().is_empty() && !f.is_dir()) {
            return Err(StoreError::Unusable(format!(
                "the folder {} does not exist; create it, or correct store.url",
                folder.display()
            )));
        }
        let name = beside(path, ".lock");
        let lock = private().create(true).truncate(false).open(name);
        let mut lock = lock.map_err(|error| denied(path, &error))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(StoreError::InUse { path: path.display().to_string() });
            }
            Err(TryLockError::Error(error)) => return Err(denied(path, &error)),
        }
        let mut word = Vec::new();
        let read = lock.read_to_end(&mut word);
        let past = match word.as_slice() {
            _ if read.is_err() => Past::Suspect,
            [] => Past::New,
            word if word == SUSPECT => Past::Suspect,
            _ => Past::Kept,
        };
        Ok((Self(lock), past))
    }

    /// Notes that the database is whole as far as anybody knows.
    pub fn keep(&mut self) {
        self.write(KEPT);
    }

    /// Notes that the next process has to check the whole database first. The words have one
    /// length: no room is needed on a full disk.
    pub fn suspect(&mut self) {
        self.write(SUSPECT);
    }

    fn write(&mut self, word: &[u8]) {
        // A disk that cannot even take this fails the next start by itself.
        let _ = self.0.rewind().and_then(|()| self.0.write_all(word));
        let _ = self.0.sync_data();
    }
}

/// Refuses what is plainly no database before anything is created beside it.
pub fn refuse_foreign(path: &Path) -> Result<(), StoreError> {
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

/// Refuses a file that once held a store and is empty now: SQLite would begin a new one in it.
pub fn refuse_emptied(path: &Path, past: Past) -> Result<(), StoreError> {
    let empty = std::fs::metadata(path).is_ok_and(|data| data.len() == 0);
    if empty && past != Past::New {
        return Err(StoreError::Unusable(format!(
            "{} is empty, and it held a store before; {MEND}",
            path.display()
        )));
    }
    Ok(())
}

/// Creates the file where there is none, readable for its owner only: titles are nobody else's
/// business.
pub fn create_private(path: &Path) -> Result<(), StoreError> {
    private()
        .create(true)
        .truncate(false)
        .open(path)
        .map(drop)
        .map_err(|error| denied(path, &error))
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).mode(0o600);
    options
}

/// Why nothing can be written at this moment, as the system says it: the file, or one beside it.
pub fn refuses_writing(path: &Path) -> Option<std::io::Error> {
    // One name, so that the same trouble is told in the same words.
    let name = folder(path).join(".streamgauge-probe");
    let beside = || {
        let mut draft = private().create(true).truncate(true).open(&name)?;
        draft.write_all(&[0; 4096])?;
        draft.sync_data()
    };
    let refused = OpenOptions::new().write(true).open(path).map(drop).and_then(|()| beside()).err();
    // There may be none.
    let _ = std::fs::remove_file(&name);
    refused
}

/// The folder of a file.
pub fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// What to do with a file that is damaged.
const MEND: &str = "put a backup in its place with `streamgauge restore FILE`, or move it away and \
                    run `streamgauge sync`";

/// Tells that it is.
pub fn damaged(path: &Path) -> StoreError {
    StoreError::Unusable(format!("{} is damaged; {MEND}", path.display()))
}

fn not_a_database(path: &Path) -> StoreError {
    StoreError::Unusable(format!(
        "{} is not a SQLite database; move it away, or point store.url to another file",
        path.display()
    ))
}

/// What the system says of writing: a full or failing disk may pass, rights do not.
pub fn denied(path: &Path, error: &std::io::Error) -> StoreError {
    /// `EIO` has no kind of its own.
    const FAILED: i32 = 5;
    let path = path.display();
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => no_space(&path),
        ErrorKind::ReadOnlyFilesystem => {
            StoreError::Unavailable(format!("writing {path} failed ({error})"))
        }
        _ if error.raw_os_error() == Some(FAILED) => {
            StoreError::Unavailable(format!("writing {path} failed ({error})"))
        }
        _ => StoreError::Unusable(format!(
            "cannot write to {path} ({error}); give this user write access to it and its folder, \
             or correct store.url"
        )),
    }
}

pub fn no_space(path: &impl std::fmt::Display) -> StoreError {
    StoreError::Unavailable(format!(
        "no space is left for {path}; free some, nothing needs a restart"
    ))
}

/// A file that cannot be opened or used as it is.
pub fn unusable(path: &Path, error: &rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => not_a_database(path),
        Some(ErrorCode::DatabaseCorrupt) => damaged(path),
        Some(ErrorCode::DiskFull) => no_space(&path.display()),
        code => {
            if let Some(why) = refuses_writing(path) {
                return denied(path, &why);
            }
            let path = path.display();
            if code == Some(ErrorCode::SystemIoFailure) {
                return StoreError::Unavailable(format!(
                    "reading or writing {path} failed ({error})"
                ));
            }
            StoreError::Unusable(format!(
                "cannot open {path} ({error}); check store.url and the rights on the file"
            ))
        }
    }
}

/// What happened, for the sentence that ends the process.
pub fn tell(adrift: Adrift, path: &Path) -> String {
    let name = path.display();
    match adrift {
        Adrift::Removed => format!("{name} was removed while it was in use"),
        Adrift::Replaced => format!("{name} was replaced while it was in use"),
        Adrift::Log => format!("{name}-wal was removed or replaced while it was in use"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lock_file_remembers_what_the_last_process_knew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("streamgauge.db");
        let taken = |expected| {
            let (lock, past) = Lock::take(&path).unwrap();
            assert_eq!(past, expected);
            lock
        };
        drop(taken(Past::New));
        taken(Past::New).keep();
        taken(Past::Kept).suspect();
        taken(Past::Suspect).keep();
        let held = taken(Past::Kept);
        assert!(matches!(Lock::take(&path), Err(StoreError::InUse { .. })));
        drop(held);
    }

    #[test]
    fn a_file_that_is_not_the_one_that_was_opened_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("streamgauge.db");
        let log = beside(&path, "-wal");
        std::fs::write(&path, "a").unwrap();
        let mut anchor = Anchor::at(&path).unwrap();
        assert_eq!(anchor.check(&path), Ok(()));
        std::fs::write(&log, "l").unwrap();
        assert_eq!(anchor.check(&path), Ok(()));
        let other = folder.path().join("other");
        std::fs::write(&other, "b").unwrap();
        std::fs::rename(&other, &log).unwrap();
        assert_eq!(anchor.check(&path), Err(Adrift::Log));
        anchor.clear_log(&path);
        assert!(log.exists(), "it is not ours");
        std::fs::write(&other, "b").unwrap();
        std::fs::rename(&other, &path).unwrap();
        assert_eq!(anchor.check(&path), Err(Adrift::Replaced));
        std::fs::remove_file(&path).unwrap();
        assert_eq!(anchor.check(&path), Err(Adrift::Removed));
    }
}
