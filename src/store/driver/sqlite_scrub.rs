//! Rewriting a SQLite file, so that nothing is left of what was deleted.

use std::path::Path;

use rusqlite::Connection;

use super::sqlite_file::{Lock, Past, unusable};
use crate::store::StoreError;

/// Writes the file anew without its free pages, and empties its log.
///
/// # Errors
/// Another process uses it, or there is no room for a second file of its size.
pub fn scrubbed(path: &Path) -> Result<(), StoreError> {
    let (mut lock, past) = Lock::take(path)?;
    let rewrite = || {
        let db = Connection::open(path)?;
        db.busy_timeout(std::time::Duration::from_secs(5))?;
        db.execute_batch("PRAGMA secure_delete = ON; VACUUM")?;
        db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
    };
    let rewritten = rewrite().map_err(|error: rusqlite::Error| unusable(path, &error));
    match past {
        Past::Suspect => lock.suspect(),
        _ => lock.keep(),
    }
    rewritten
}
