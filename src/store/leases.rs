//! Leases: the right to write to a connection, with a number that only grows.

use std::time::Duration;

use super::driver::{Row, Tx};
use super::{Store, StoreError};
use crate::model::{ConnectionId, Timestamp};
use crate::mutants::{Mutant, alive};

/// Proof that this process may write to what the lease names. Every write that needs it checks
/// its epoch in the same transaction, so a process that slept too long writes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    name: String,
    holder: String,
    epoch: i64,
}

impl Lease {
    /// What the lease is for.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// The name of the lease under which one process runs the schedule of a connection.
#[must_use]
pub fn duty_of(connection: &ConnectionId) -> String {
    format!("duty:{connection}")
}

/// A lease as everybody sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaseRecord {
    pub name: String,
    /// `None` when it was given back or has run out.
    pub holder: Option<String>,
}

/// `from` plus a duration.
pub(super) fn after(from: Timestamp, duration: Duration) -> Timestamp {
    from.plus_millis(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX))
}

/// Fails unless the lease is still ours. The row stays locked to the end of the transaction, so
/// a take-over waits, and two writers under one lease never read and write the same rows at once.
pub(super) fn fence(tx: &mut Tx<'_>, lease: &Lease) -> Result<(), StoreError> {
    tx.fenced_by(&lease.name, lease.epoch);
    let sql = "SELECT epoch FROM leases WHERE name = $1 AND epoch = $2 {lock}";
    match tx.first(sql, &[(&lease.name).into(), lease.epoch.into()])? {
        None if alive(Mutant::NoFence) => Ok(()),
        Some(_) => Ok(()),
        None => Err(StoreError::Fenced { name: lease.name.clone() }),
    }
}

impl Store {
    /// Takes a lease that is free, run out, or already held by `holder`; `None` if someone else
    /// holds it. Time is the database's where several machines share it.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn acquire(
        &self,
        name: &str,
        holder: &str,
        ttl: Duration,
    ) -> Result<Option<Lease>, StoreError> {
        let (name, holder) = (name.to_owned(), holder.to_owned());
        self.driver
            .write("acquire lease", move |tx| {
                let now = tx.now()?;
                tx.execute(
                    "INSERT INTO leases (name, holder, epoch, until) VALUES ($1, NULL, 0, 0)
                     ON CONFLICT (name) DO NOTHING",
                    &[(&name).into()],
                )?;
                // Our own running lease keeps its number: tasks of one process share it.
                let row = tx.first(
                    "UPDATE leases SET holder = $2, until = $3,
                        epoch = CASE WHEN holder = $2 AND until > $4 THEN epoch ELSE epoch + 1 END
                     WHERE name = $1 AND (holder IS NULL OR holder = $2 OR until <= $4)
                     RETURNING epoch",
                    &[(&name).into(), (&holder).into(), after(now, ttl).into(), now.into()],
                )?;
                row.map(|row| Ok(Lease { name, holder, epoch: row.int(0)? })).transpose()
            })
            .await
    }

    /// Every lease that there ever was, by name, with the process that holds it now.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn leases(&self) -> Result<Vec<LeaseRecord>, StoreError> {
        self.driver
            .read("leases", |tx| {
                let now = tx.now()?;
                let rows = tx.query(
                    "SELECT name, CASE WHEN until > $1 THEN holder ELSE NULL END FROM leases
                     ORDER BY name",
                    &[now.into()],
                )?;
                rows.iter()
                    .map(|row| {
                        let holder = row.maybe(1, Row::string)?;
                        Ok(LeaseRecord { name: row.string(0)?, holder })
                    })
                    .collect()
            })
            .await
    }

    /// Prolongs a lease.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] when someone else took it over.
    pub async fn renew(&self, lease: &Lease, ttl: Duration) -> Result<(), StoreError> {
        let lease = lease.clone();
        self.driver
            .write("renew lease", move |tx| {
                let until = after(tx.now()?, ttl);
                let renewed = tx.execute(
                    "UPDATE leases SET until = $3 WHERE name = $1 AND epoch = $2",
                    &[(&lease.name).into(), lease.epoch.into(), until.into()],
                )?;
                if renewed == 0 { Err(StoreError::Fenced { name: lease.name }) } else { Ok(()) }
            })
            .await
    }

    /// Gives a lease back; nothing happens when it is not ours any more.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn release(&self, lease: &Lease) -> Result<(), StoreError> {
        let lease = lease.clone();
        self.driver
            .write("release lease", move |tx| {
                tx.execute(
                    "UPDATE leases SET holder = NULL WHERE name = $1 AND epoch = $2 AND holder = $3",
                    &[(&lease.name).into(), lease.epoch.into(), (&lease.holder).into()],
                )?;
                Ok(())
            })
            .await
    }
}
