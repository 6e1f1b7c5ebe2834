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
    users: Mutex<BTreeMap<ConnectionId, Users>>,
}

/// The tasks that work under one lease.
#[derive(Default)]
struct Users {
    count: usize,
    lease: Option<Lease>,
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
        self.users().entry(connection.clone()).or_default().count += 1;
        let user = User { connection, holds: self };
        let lease = store.acquire(&format!("sync:{connection}"), &self.holder, ttl).await?;
        if let Some(users) = self.users().get_mut(connection) {
            users.lease.clone_from(&lease);
        }
        Ok(lease.map(|lease| Hold { lease, user }))
    }

    /// Who we are to the other processes.
    pub fn holder(&self) -> &str {
        &self.holder
    }

    /// The lease under which tasks of ours work on the connection now.
    pub fn lease(&self, connection: &ConnectionId) -> Option<Lease> {
        self.users().get(connection).and_then(|users| users.lease.clone())
    }

    fn users(&self) -> MutexGuard<'_, BTreeMap<ConnectionId, Users>> {
        self.users.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Hold<'_> {
    /// The last user lets another process have the connection at once; a task that is dropped
    /// instead leaves the lease to run out.
    pub async fn give_back(self, store: &Store) -> Result<(), StoreError> {
        let others =
            self.user.holds.users().get(self.user.connection).is_some_and(|users| users.count > 1);
        drop(self.user);
        if others { Ok(()) } else { store.release(&self.lease).await }
    }
}

impl Drop for User<'_> {
    fn drop(&mut self) {
        if let Some(users) = self.holds.users().get_mut(self.connection) {
            users.count = users.count.saturating_sub(1);
            if users.count == 0 {
                users.lease = None;
            }
        }
    }
}
