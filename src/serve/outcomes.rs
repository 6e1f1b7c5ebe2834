//! The loop that reads the sources of outcome measures.

use std::sync::Arc;
use std::time::Duration;

use super::hands::Hold;
use super::post::GRACE;
use crate::clock::SharedClock;
use crate::gauge::Gauge;
use crate::gauge::outcomes::SourceRead;
use crate::sources::Source;
use crate::sync::Stop;

/// How often it is looked whether a source is due.
const STEP: Duration = Duration::from_secs(60);

/// Looks until it is asked to stop. `holder` is the name of this process.
pub async fn read(
    gauge: &Arc<Gauge>,
    sources: &[Source],
    holder: &str,
    clock: &SharedClock,
    stop: &Stop,
    held: Hold,
) {
    let mut told: Vec<SourceRead> = Vec::new();
    while !stop.requested() && !sources.is_empty() {
        let silent = async {
            stop.wait().await;
            clock.sleep(GRACE).await;
        };
        let looked = tokio::select! {
            biased;
            looked = gauge.read_sources(sources, holder) => looked,
            () = silent => return held.cut(),
        };
        match looked {
            Ok(read) => read.into_iter().for_each(|one| tell(&mut told, one)),
            Err(error) if error.is_general() => tracing::debug!(%error, "sources wait"),
            Err(error) => tracing::error!(%error, "sources of outcomes wait for the store"),
        }
        tokio::select! {
            biased;
            () = stop.wait() => break,
            () = clock.sleep(STEP) => {}
        }
    }
}

/// Tells the log what the look before it did not tell.
fn tell(told: &mut Vec<SourceRead>, read: SourceRead) {
    let measure = &read.measure;
    let before = told.iter().find(|one| one.measure == *measure);
    let before = before.and_then(|one| one.problem.as_deref());
    match (before, read.problem.as_deref()) {
        (before, Some(problem)) if before != Some(problem) => {
            tracing::warn!(%measure, "outcome `{measure}`: {problem}");
        }
        (Some(_), None) => {
            tracing::info!(%measure, "the source of outcome `{measure}` answers again")
        }
        _ => {}
    }
    if read.added > 0 {
        tracing::info!(%measure, readings = read.added, "outcome `{measure}` was read");
    }
    told.retain(|one| one.measure != *measure);
    told.push(read);
}
