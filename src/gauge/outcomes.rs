//! Reads the sources of outcome measures when they are due, and tells how they stand.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;

use super::Gauge;
use crate::model::{Reading, Timestamp};
use crate::portfolio::OutcomeSource;
use crate::sources::Source;
use crate::store::{Lease, SourceRecord, StoreError};

/// Under this lease one process at a time reads sources; longer than the slowest answer.
const LEASE: &str = "outcomes";
const LEASE_FOR: Duration = Duration::from_secs(600);
/// How soon a source that failed is asked again, in milliseconds.
const AGAIN_MS: i64 = 15 * 60_000;

/// What one look at one source gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceRead {
    pub measure: String,
    /// Readings that were not known.
    pub added: u64,
    pub problem: Option<String>,
}

/// One outcome measure and its readings. Names are stable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct OutcomeStatus {
    pub measure: String,
    /// `prometheus:HOST`, `json:HOST`, `csv:FILE`, or `push`.
    pub source: String,
    /// The instant of the newest reading, whoever gave it; `None` without any.
    pub newest_reading_at: Option<Timestamp>,
    /// When the source was asked last; `None` before that, and where readings are handed in.
    pub tried_at: Option<Timestamp>,
    /// When it last gave readings.
    pub read_at: Option<Timestamp>,
    /// Why it gave none at the last try, or which ones could not be read.
    pub problem: Option<String>,
    /// When it is asked next by its schedule.
    pub next_at: Option<Timestamp>,
}

impl Gauge {
    /// Asks every source that is due, one after the other, and keeps what it gives. `holder` is the
    /// name of this process; while another one reads, nothing is asked.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn read_sources(
        &self,
        sources: &[Source],
        holder: &str,
    ) -> Result<Vec<SourceRead>, StoreError> {
        let mut read = Vec::new();
        if sources.is_empty() {
            return Ok(read);
        }
        let known = self.store.sources().await?;
        let mut held = None;
        for source in sources {
            let record = known
                .iter()
                .find(|record| record.measure == source.measure && record.source == source.label);
            let Some(tick) = due(source, record, self.clock.now()) else { continue };
            let Some(lease) = self.store.acquire(LEASE, holder, LEASE_FOR).await? else { break };
            read.push(self.read_source(&lease, source, tick).await?);
            held = Some(lease);
        }
        if let Some(lease) = held {
            self.store.release(&lease).await?;
        }
        Ok(read)
    }

    async fn read_source(
        &self,
        lease: &Lease,
        source: &Source,
        tick: Timestamp,
    ) -> Result<SourceRead, StoreError> {
        let told = source.read(tick, self.clock.now()).await;
        let now = self.clock.now();
        let (samples, problem) = match told {
            Ok(told) => (told.samples, told.problem),
            Err(error) => (Vec::new(), Some(error.to_string())),
        };
        let readings = samples.iter().map(|sample| Reading {
            measure: source.measure.clone(),
            at: sample.at,
            value: sample.value,
            source: source.label.clone(),
            known_at: now,
        });
        let record = SourceRecord {
            measure: source.measure.clone(),
            source: source.label.clone(),
            tried_at: now,
            read_at: (!samples.is_empty()).then_some(now),
            problem: problem.clone(),
        };
        let added = self.store.put_readings(lease, record, readings.collect()).await?;
        Ok(SourceRead { measure: source.measure.clone(), added, problem })
    }

    /// Every declared outcome measure, by id, with how its source stands.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn outcomes(&self) -> Result<Vec<OutcomeStatus>, StoreError> {
        let now = self.clock.now();
        let known = self.store.sources().await?;
        let newest = self.store.newest_readings().await?;
        let zone = self.portfolio.zone();
        let outcomes = self.portfolio.outcomes().iter().map(|outcome| {
            let (measure, source) = (&outcome.measure.id, outcome.source.told());
            let asked = outcome.source != OutcomeSource::Push;
            let record = known.iter().find(|one| one.measure == *measure && one.source == source);
            let record = record.filter(|_| asked);
            let next = outcome.schedule().and_then(|schedule| schedule.next_after(now, zone));
            OutcomeStatus {
                measure: measure.clone(),
                newest_reading_at: newest.iter().find(|one| one.0 == *measure).map(|one| one.1),
                tried_at: record.map(|record| record.tried_at),
                read_at: record.and_then(|record| record.read_at),
                problem: record.and_then(|record| record.problem.clone()),
                next_at: next.map(|tick| tick.at),
                source,
            }
        });
        Ok(outcomes.collect())
    }
}

/// The instant for which a source has to be asked now: its newest tick, unless it was read since,
/// or failed a moment ago.
fn due(source: &Source, record: Option<&SourceRecord>, now: Timestamp) -> Option<Timestamp> {
    let tick = source.due(now)?;
    let Some(record) = record else { return Some(tick) };
    if record.read_at.is_some_and(|read| read >= tick) {
        return None;
    }
    // A clock that was set back must not hold it up.
    let rested = now.millis().saturating_sub(record.tried_at.millis());
    let failed = record.tried_at >= tick && record.problem.is_some();
    (!failed || !(0..AGAIN_MS).contains(&rested)).then_some(tick)
}
