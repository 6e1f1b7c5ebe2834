//! Reading by id, in bulk; one poisoned item never stops the others.

use super::run::{Run, Step};
use crate::model::{Gap, ItemId};
use crate::trackers::{ReadOut, TrackerError};

/// Single items that may fail one after another before the tracker is taken to be unwell.
pub const FAILURES_MAX: u32 = 10;

impl Run<'_> {
    /// Reads at most a batch of ids; the last answer stays in hand. Returns the ids that were
    /// asked for and not given.
    pub async fn read(&mut self, sources: Vec<String>) -> Step<Vec<String>> {
        let mut absent = Vec::new();
        let mut parts = vec![sources];
        let mut proven = false;
        while let Some(mut part) = parts.pop() {
            let read = self.tracker.read(&part);
            let error = match self.alongside(read).await? {
                Ok(answer) => {
                    self.failures = 0;
                    absent.extend(self.take(answer));
                    continue;
                }
                Err(error) => error,
            };
            if matches!(error, TrackerError::Unauthorized(_) | TrackerError::Wait { .. }) {
                return Err(error.into());
            }
            // Trouble with the tracker ends the pass; trouble with one item is narrowed down.
            if !proven {
                self.probe().await?;
                proven = true;
            }
            if part.len() > 1 {
                let rest = part.split_off(part.len() / 2);
                parts.extend([rest, part]);
                continue;
            }
            self.failures += 1;
            if self.failures > FAILURES_MAX {
                return Err(error.into());
            }
            for source in part {
                self.failed(&source, &error).await?;
            }
        }
        Ok(absent)
    }

    /// Keeps an answer for the next commit.
    fn take(&mut self, answer: ReadOut) -> Vec<String> {
        let batch = self.batch(answer.items, answer.gaps, answer.read_at);
        self.in_hand = Some(batch);
        answer.absent
    }

    /// An item that cannot be read is a named gap, and is tried again, ever more rarely.
    async fn failed(&mut self, source: &str, error: &TrackerError) -> Step<()> {
        self.try_later(source, &error.to_string()).await?;
        self.gap(source, "unreadable-item", format!("the item cannot be read: {error}")).await
    }

    /// Puts an item among those to be read again.
    pub async fn try_later(&mut self, source: &str, why: &str) -> Step<()> {
        let attempts = self.attempts.entry(source.to_owned()).or_default();
        let at = self.engine.settings.retry_at(self.engine.clock.now(), *attempts);
        *attempts += 1;
        Ok(self.store().put_retry(&self.lease, self.connection(), source, at, why).await?)
    }

    /// Names something that could not be told of one item.
    pub async fn gap(&mut self, source: &str, reason: &str, detail: String) -> Step<()> {
        let gap = Gap { source: Some(source.into()), key: None, reason: reason.into(), detail };
        self.outcome.gaps += 1;
        let now = self.now();
        Ok(self.store().put_gaps(&self.lease, self.connection(), vec![gap], now).await?)
    }

    /// The identity of an item of this connection.
    pub fn id(&self, source: &str) -> ItemId {
        ItemId { connection: self.connection().clone(), source: source.to_owned() }
    }
}
