//! The loop that sends what is due.

use std::time::Duration;

use super::hands::Hold;
use super::post::GRACE;
use crate::clock::SharedClock;
use crate::digests::outbox::Outbox;
use crate::sync::Stop;
use crate::web::metrics::Metrics;

/// How often due digests are looked for.
const STEP: Duration = Duration::from_secs(5);

/// Looks until it is asked to stop.
pub async fn send(
    outbox: &Outbox,
    metrics: &Metrics,
    clock: &SharedClock,
    stop: &Stop,
    held: Hold,
) {
    while !stop.requested() {
        let silent = async {
            stop.wait().await;
            clock.sleep(GRACE).await;
        };
        let step = tokio::select! {
            biased;
            step = outbox.step() => step,
            () = silent => return held.cut(),
        };
        match step {
            Ok(sent) => metrics.digests(sent.outcomes()),
            Err(error) if error.is_general() => tracing::debug!(%error, "digests wait"),
            Err(error) => tracing::error!(%error, "digests wait for the store"),
        }
        tokio::select! {
            biased;
            () = stop.wait() => break,
            () = clock.sleep(STEP) => {}
        }
    }
}
