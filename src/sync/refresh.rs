//! Following hints: a webhook names an item, and the item is read again.

use std::collections::BTreeSet;

use super::run::{Run, Step};
use crate::store::Hint;

/// Rounds of one refresh; a flood of hints must not keep a scheduled pass waiting for ever.
const ROUNDS_MAX: usize = 100;

impl Run<'_> {
    /// Follows due hints until none is left.
    pub async fn refresh(&mut self) -> Step<()> {
        let batch = self.tracker.batch().max(1);
        let limit = u32::try_from(batch).unwrap_or(u32::MAX);
        for round in 0..ROUNDS_MAX {
            let hints = self.store().take_hints(self.connection(), self.now(), limit).await?;
            if hints.is_empty() {
                return Ok(());
            }
            if round == 0 {
                self.recall().await?;
            }
            self.follow(hints).await?;
        }
        Ok(())
    }

    /// Reads what the hints name. A hint goes only when its item is applied, will be retried, or
    /// is dealt with as missing, and only if no newer hint came meanwhile.
    async fn follow(&mut self, hints: Vec<Hint>) -> Step<()> {
        self.outcome.discovered += hints.len() as u64;
        let sources = hints.iter().map(|hint| hint.source.clone()).collect();
        let absent: BTreeSet<String> = self.read(sources).await?.into_iter().collect();
        self.commit().await?;
        let (missing, done): (Vec<Hint>, Vec<Hint>) =
            hints.into_iter().partition(|hint| absent.contains(&hint.source));
        self.store().done_hints(&self.lease, self.connection(), done).await?;
        if missing.is_empty() { Ok(()) } else { self.hinted_missing(missing).await }
    }
}
