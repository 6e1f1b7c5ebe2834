//! The leases that this process holds: a pass and a refresh of one connection share one.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::model::ConnectionId;
use crate::store::Lease;
use crate::store::Store;
use crate::store::StoreError;

/// Who we are to the other processes, and how many of our tasks use each lease.
pub struct Holds {
    holder: String,
    users: Mutex<BTreeMap<ConnectionId, usize>>,
}

/// One use of a lease.
pub struct Hold<'a> {
    pub lease: Lease,
    user: User<'a>,
}

/// One task that counts; dropped with the task, wherever that ends.
struct User<'a> {
    connection: &'a ConnectionId,
    holds: &'a Holds,
}

impl Holds {
    pub fn new(holder: String) -> Self {
        Self { holder, users: Mutex::default() }
    }

    /// `None` when another process holds the lease.
    pub async fn take<'a>(
        &'a self,
        store: &Store,
        connection: &'a ConnectionId,
        ttl: Duration,
    ) -> Result<Option<Hold<'a>>, StoreError> {
        // Counted first: a task that ends meanwhile must not give back what we are taking.
        *self.users().entry(connection.clone()).or_default() += 1;
        let user = User { connection, holds: self };
        let lease = store.acquire(&format!("sync:{connection}"), &self.holder, ttl).await?;
        Ok(lease.map(|lease| Hold { lease, user }))
    }

    fn users(&self) -> MutexGuard<'_, BTreeMap<ConnectionId, usize>> {
        self.users.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Hold<'_> {
    /// The last user lets another process have the connection at once; a task that is dropped
    /// instead leaves the lease to run out.
    pub async fn give_back(self, store: &Store) -> Result<(), StoreError> {
        let others = self.user.holds.users().get(self.user.connection).is_some_and(|n| *n > 1);
        drop(self.user);
        if others { Ok(()) } else { store.release(&self.lease).await }
    }
}

impl Drop for User<'_> {
    fn drop(&mut self) {
        if let Some(users) = self.holds.users().get_mut(self.connection) {
            *users = users.saturating_sub(1);
        }
    }
}
