//! Webhooks that failed to reach us are hints all the same, where the tracker keeps a log of them.

use super::run::{Run, Step};
use crate::store::Ask;

/// How the cursor of these looks is kept among those of the scans.
const LOOK: &str = "webhook deliveries";
/// A delivery may be written down later than it was tried, in milliseconds.
const OVERLAP_MS: i64 = 10 * 60_000;
/// How long GitHub keeps its log, in milliseconds.
const KEPT_MS: i64 = 3 * 24 * 3_600_000;

impl Run<'_> {
    /// Takes what failed since the last look as hints. The cursor moves when they are stored.
    pub async fn missed(&mut self) -> Step<()> {
        let (connection, now) = (self.connection(), self.now());
        let oldest = now.plus_millis(-KEPT_MS);
        let last = self.store().cursor(connection, LOOK).await?.complete;
        let since = last.map_or(oldest, |at| at.plus_millis(-OVERLAP_MS).max(oldest));
        let Some(missed) = self.alongside(self.tracker.missed(since)).await?? else {
            return Ok(());
        };
        self.outcome.notes = missed.notes;
        self.outcome.discovered = missed.failed;
        (self.outcome.scan, self.outcome.sweep) = (missed.hints.scan, missed.hints.sweep);
        let store = self.store();
        // Durable before the cursor passes what they rest on.
        for (wanted, ask) in [(self.outcome.scan, Ask::Scan), (self.outcome.sweep, Ask::Sweep)] {
            if wanted {
                store.ask(connection, ask).await?;
            }
        }
        store.put_hints(connection, missed.hints.sources, now).await?;
        Ok(store.finish_scan(&self.lease, connection, LOOK, missed.clock).await?)
    }
}
