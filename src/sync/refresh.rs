//! Following hints: a webhook names an item, and the item is read again. A long pass does so
//! between two batches, and leaves the last part of the tracker's rate budget to it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::outcome::Problem;
use super::run::{Run, Step};
use super::settings::after;
use crate::store::Hint;

/// Full batches of one refresh; a flood of hints must not keep a scheduled pass waiting for ever.
const ROUNDS_MAX: usize = 100;
/// Full batches that are followed between two batches of a pass.
const ROUNDS_BETWEEN: usize = 5;
/// A pass looks for hints no more often than this; those that come meanwhile are read together.
const HEED: Duration = Duration::from_secs(2);
/// A budget that fills again this soon is waited for; else the walk ends and goes on another time.
const BEARABLE: Duration = Duration::from_secs(10);
/// How long such a wait goes on before hints are looked for again.
const STEP: Duration = Duration::from_secs(1);

impl Run<'_> {
    /// Follows due hints until what is left does not fill a batch: those who come later are
    /// gathered for the next one.
    pub async fn refresh(&mut self) -> Step<()> {
        self.outcome.hints_left = self.follow_batches(ROUNDS_MAX).await?;
        Ok(())
    }

    /// Follows the hints that came since the pass last looked.
    pub async fn heed(&mut self) -> Step<()> {
        let now = self.now();
        let rests = |last| now >= last && now < after(last, HEED);
        if self.heeded_at.is_some_and(rests) {
            return Ok(());
        }
        self.follow_batches(ROUNDS_BETWEEN).await?;
        self.heeded_at = Some(self.now());
        Ok(())
    }

    /// Comes before every bulk question of a walk over `of`, a scan or a project: while only the
    /// part of the budget is left that is kept for hints, hints are followed and nothing else.
    pub async fn leave_reserve(&mut self, of: &str) -> Step<()> {
        while let Some(short) = self.tracker.short(of) {
            self.heed().await?;
            let now = self.now();
            if short.until > after(now, BEARABLE) {
                let connection = self.connection();
                let named = short.resource.map_or(String::new(), |name| format!(" ({name})"));
                let message = format!(
                    "{connection}: {} requests or points of the rate budget{named} are left, and {} \
                     are kept for webhooks; the walk goes on at {}",
                    short.remaining, short.kept, short.until
                );
                return Err(Problem::Reserve { until: short.until, message });
            }
            let clock = Arc::clone(&self.engine.clock);
            let left = u64::try_from(short.until.millis() - now.millis()).unwrap_or(0);
            let step = STEP.min(Duration::from_millis(left));
            self.alongside(async move {
                clock.sleep(step).await;
                Ok(())
            })
            .await??;
        }
        Ok(())
    }

    /// Whether more is due than that.
    async fn follow_batches(&mut self, most: usize) -> Step<bool> {
        let batch = self.tracker.batch().max(1);
        let limit = u32::try_from(batch).unwrap_or(u32::MAX);
        for round in 0..most {
            let hints = self.store().take_hints(self.connection(), self.now(), limit).await?;
            if hints.is_empty() {
                return Ok(false);
            }
            if round == 0 {
                self.recall().await?;
            }
            let full = hints.len() >= batch;
            self.follow(hints).await?;
            if !full {
                return Ok(false);
            }
        }
        Ok(true)
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
