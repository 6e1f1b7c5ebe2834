//! One store over SQLite and PostgreSQL. SQL lives nowhere else.
//!
//! Every fact carries two clocks: when it happened, and when we learned it. Asking for what was
//! known at an instant gives the same answer for ever. A write that belongs to a connection needs
//! its [`Lease`].

mod apply;
pub mod backup;
mod calls;
mod catalogue;
mod codec;
mod coded_model;
mod condition;
mod digests;
mod driver;
mod error;
mod facts;
mod gaps;
mod hints;
mod integrations;
mod items;
mod journal;
mod leases;
mod migrate;
mod overview;
mod presence;
mod purge;
mod readings;
mod scans;
mod scopes;
mod types;
mod url;

use std::sync::Arc;

use crate::clock::SharedClock;
use driver::{Access, Driver, Tx};
use url::StoreUrl;

pub use calls::{Ask, Calls, Mark};
pub use condition::{Trouble, Watch};
pub use driver::{Fence, Treatment, Whim, Witness};
pub use error::StoreError;
pub use leases::{Lease, LeaseRecord, duty_of};
pub use purge::{PurgeRecord, Purged, Purging, scrub};
pub use readings::SourceRecord;
pub use types::*;

/// The store. Clones share it; the last one closes it.
#[derive(Clone)]
pub struct Store {
    driver: Arc<Driver>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("kind", &self.driver.kind).finish_non_exhaustive()
    }
}

impl Store {
    /// Opens for writing and migrates. On SQLite this takes the file's lock and frees the leases
    /// of a process that was killed.
    ///
    /// # Errors
    /// [`StoreError::InUse`] when another process writes to the file; [`StoreError::Unusable`]
    /// when it cannot be used at all, with the next step.
    pub async fn open(url: &str, clock: SharedClock) -> Result<Self, StoreError> {
        Self::open_with(url, Access::Write, clock).await
    }

    /// The same on the caller's thread, for simulations: SQLite only, `sqlite::memory:` included.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub async fn open_inline(url: &str, clock: SharedClock) -> Result<Self, StoreError> {
        Self::open_with(url, Access::Inline, clock).await
    }

    /// The same on a database that refuses or forgets to answer as `whim` decides; `witness` hears
    /// of every write that it commits.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub async fn open_simulated(
        url: &str,
        clock: SharedClock,
        whim: Whim,
        witness: Witness,
    ) -> Result<Self, StoreError> {
        let mut driver = Driver::open(&StoreUrl::parse(url)?, Access::Inline, clock)?;
        migrate::migrate(&driver).await?;
        driver.witnessed_by(witness);
        driver.whim = Some(whim);
        Ok(Self { driver: Arc::new(driver) })
    }

    /// Opens for reading only, also while a daemon writes.
    ///
    /// # Errors
    /// [`StoreError::Unusable`] when there is nothing to read, or it is of another version.
    pub async fn open_read_only(url: &str, clock: SharedClock) -> Result<Self, StoreError> {
        Self::open_with(url, Access::Read, clock).await
    }

    async fn open_with(url: &str, access: Access, clock: SharedClock) -> Result<Self, StoreError> {
        let driver = Driver::open(&StoreUrl::parse(url)?, access, clock)?;
        if access == Access::Read {
            migrate::verify(&driver).await?;
        } else {
            migrate::migrate(&driver).await?;
        }
        Ok(Self { driver: Arc::new(driver) })
    }

    /// Whether several processes may write to it at once.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.driver.kind == driver::Kind::Postgres
    }

    /// The change sequence: it grows with every effective change of anything a report reads.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn seq(&self) -> Result<u64, StoreError> {
        self.driver
            .read("change sequence", |tx| {
                let sql = "SELECT value FROM meta WHERE name = 'seq'";
                tx.first(sql, &[])?.map_or(Ok(0), |row| row.count(0))
            })
            .await
    }
}

/// Takes the next `count` numbers of a sequence and returns the first. The row stays locked to
/// the end of the transaction, so numbers become visible in their order.
fn next_numbers(tx: &mut Tx<'_>, sequence: &str, count: usize) -> Result<u64, StoreError> {
    let count = count as u64;
    let row = tx.first(
        "INSERT INTO meta (name, value) VALUES ($1, $2)
         ON CONFLICT (name) DO UPDATE SET value = meta.value + excluded.value RETURNING value",
        &[sequence.into(), count.into()],
    )?;
    Ok(row.map_or(Ok(count), |row| row.count(0))? - count + 1)
}

/// Marks a change that belongs to no item.
fn bump(tx: &mut Tx<'_>) -> Result<u64, StoreError> {
    next_numbers(tx, "seq", 1)
}
