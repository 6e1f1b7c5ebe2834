//! The duty for a connection: one process at a time runs its schedule. It keeps requests few when
//! several processes share a store; what keeps data right is the lease of each task.

use std::convert::Infallible;
use std::time::Duration;

use super::Engine;
use super::settings::after;
use crate::model::ConnectionId;
use crate::store::{Lease, LeaseRecord, Store, StoreError, duty_of};

/// How soon a renewal that failed is tried again.
const RENEW_AGAIN: Duration = Duration::from_secs(1);

/// This process runs the schedule of the connection until the duty is given back or lost.
pub struct Duty<'a> {
    engine: &'a Engine,
    connection: ConnectionId,
    lease: Lease,
}

impl Engine {
    /// Who we are to the other processes; a new name with every start.
    #[must_use]
    pub fn process(&self) -> &str {
        self.holds.holder()
    }

    /// Whether other processes may work on the same store.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.store.is_shared()
    }

    /// Where everything goes.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Takes the duty for a connection; `None` when another process has it.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn take_duty(
        &self,
        connection: &ConnectionId,
    ) -> Result<Option<Duty<'_>>, StoreError> {
        let name = duty_of(connection);
        let leases = self.store.leases().await?;
        let other = |lease: &LeaseRecord| {
            lease.name == name && lease.holder.as_deref().is_some_and(|it| it != self.process())
        };
        if leases.iter().any(other) {
            return Ok(None);
        }
        let lease = self.store.acquire(&name, self.process(), self.settings.lease).await?;
        Ok(lease.map(|lease| Duty { engine: self, connection: connection.clone(), lease }))
    }

    /// Renews the lease of whatever task runs on the connection, and never ends: a task that
    /// waits long for a slow tracker must not lose its lease meanwhile. A task whose lease was
    /// lost all the same hears of it at its next commit.
    pub async fn renew_lease(&self, connection: &ConnectionId) -> Infallible {
        loop {
            self.clock.sleep(self.settings.lease / 3).await;
            self.renew_task(connection).await;
        }
    }

    async fn renew_task(&self, connection: &ConnectionId) {
        let Some(lease) = self.holds.lease(connection) else { return };
        if let Err(error) = self.store.renew(&lease, self.settings.lease).await {
            tracing::debug!(%connection, %error, "the lease of the task was not renewed");
        }
    }
}

impl Duty<'_> {
    /// Renews the duty, and the lease of the task in hand, and returns when that was refused or
    /// failed for two thirds of its time: another process may soon believe that we are gone.
    pub async fn kept(&self) {
        let Engine { clock, store, settings, .. } = self.engine;
        let mut renewed_at = clock.now();
        let mut pause = settings.lease / 3;
        loop {
            clock.sleep(pause).await;
            let (asked_at, end) = (clock.now(), after(renewed_at, settings.lease * 2 / 3));
            let left = u64::try_from(end.millis() - asked_at.millis()).unwrap_or(0);
            let renewed = tokio::select! {
                biased;
                renewed = store.renew(&self.lease, settings.lease) => renewed,
                () = clock.sleep(Duration::from_millis(left)) => return,
            };
            match renewed {
                Ok(()) => {
                    (renewed_at, pause) = (asked_at, settings.lease / 3);
                    let task = self.engine.renew_task(&self.connection);
                    tokio::select! {
                        biased;
                        () = task => {}
                        () = clock.sleep(pause) => {}
                    }
                }
                Err(StoreError::Fenced { .. }) => return,
                Err(error) => {
                    tracing::debug!(connection = %self.connection, %error, "not renewed yet");
                    pause = RENEW_AGAIN;
                }
            }
        }
    }

    /// Lets another process have the duty at once.
    pub async fn give_back(self) {
        if let Err(error) = self.engine.store.release(&self.lease).await {
            tracing::warn!(%error, "the duty was not given back; it runs out by itself");
        }
    }
}
