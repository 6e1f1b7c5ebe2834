//! What was asked for and not given. Absence proves nothing at once: a list lags, a replica lags,
//! a right may be lost.

use super::run::{Run, Step};
use super::settings::after;
use crate::model::Timestamp;
use crate::store::Hint;

/// Reads after which an item that we never had is not looked for any more.
const ATTEMPTS_MAX: u32 = 3;

/// Items that may be found gone in one refresh; more look like a lost right.
const GONE_MAX: usize = 20;

impl Run<'_> {
    /// A listed item that reading by id does not give. One that we know has missed once more; one
    /// that we do not know is named as a gap and looked for a few times.
    pub async fn missing(&mut self, source: &str) -> Step<()> {
        let apart = self.engine.settings.misses_apart;
        let now = self.now();
        let known =
            self.store().record_miss(&self.lease, &self.id(source), now, apart).await?.is_some();
        let attempts = self.attempts.get(source).copied().unwrap_or_default();
        if known || attempts >= ATTEMPTS_MAX {
            self.store().clear_retry(&self.lease, self.connection(), source).await?;
            if !known {
                self.store().close_gaps(&self.lease, self.connection(), source, now).await?;
            }
            return Ok(());
        }
        let detail = "the tracker lists the item and does not give it".to_owned();
        self.try_later(source, &detail).await?;
        self.gap(source, "missing-item", detail).await
    }

    /// Hinted items that reading by id does not give. The second miss, ten minutes after the
    /// first and with the project proven visible after it, makes a tombstone.
    pub async fn hinted_missing(&mut self, hints: Vec<Hint>) -> Step<()> {
        let probe = self.probe().await?;
        let (now, apart) = (self.now(), self.engine.settings.misses_apart);
        let many = hints.len() > GONE_MAX;
        if many {
            tracing::warn!(count = hints.len(), "many items are missing at once; none is removed");
        }
        let (mut done, mut later) = (Vec::new(), Vec::new());
        for hint in hints {
            let id = self.id(&hint.source);
            match self.store().record_miss(&self.lease, &id, now, apart).await? {
                None => {
                    self.unknown(&hint.source).await?;
                    done.push(hint);
                }
                Some(misses) if misses < 2 || many => later.push(hint),
                Some(_) => {
                    if self.project_visible(&hint.source).await? {
                        self.remove(&hint.source, probe.clock).await?;
                    }
                    done.push(hint);
                }
            }
        }
        let connection = self.connection();
        self.store().postpone_hints(&self.lease, connection, later, after(now, apart)).await?;
        Ok(self.store().done_hints(&self.lease, connection, done).await?)
    }

    /// A hint for something that we never had and cannot read: a replica may lag behind.
    async fn unknown(&mut self, source: &str) -> Step<()> {
        let attempts = self.attempts.get(source).copied().unwrap_or_default();
        if attempts >= ATTEMPTS_MAX {
            return Ok(());
        }
        self.try_later(source, "hinted, and not given").await
    }

    /// Another item of the same project can be read right now.
    async fn project_visible(&mut self, source: &str) -> Step<bool> {
        let neighbours = self.store().neighbours(&self.id(source), 3).await?;
        if neighbours.is_empty() {
            return Ok(false);
        }
        let asked = neighbours.len();
        let absent = self.read(neighbours).await?;
        let given = self.in_hand.as_ref().is_some_and(|batch| !batch.items.is_empty());
        self.commit().await?;
        Ok(given && absent.len() < asked)
    }

    async fn remove(&mut self, source: &str, removed_at: Timestamp) -> Step<()> {
        let (id, now) = (self.id(source), self.now());
        let reason = "gone (deleted or hidden)";
        let removed = self.store().tombstone(&self.lease, &id, removed_at, reason, now).await?;
        self.outcome.changed += u64::from(removed);
        Ok(())
    }
}
