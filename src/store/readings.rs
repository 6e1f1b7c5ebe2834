//! Outcome readings: appended and never changed; one that differs corrects the one before it.

use super::driver::{Row, Tx};
use super::leases::fence;
use super::{Lease, Store, StoreError, bump, next_numbers};
use crate::model::{Reading, Timestamp};

/// How the source of one measure was read last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceRecord {
    pub measure: String,
    /// What its readings name as their source.
    pub source: String,
    pub tried_at: Timestamp,
    /// When it last gave readings; `None` when it never did.
    pub read_at: Option<Timestamp>,
    /// What went wrong at the last try.
    pub problem: Option<String>,
}

impl Store {
    /// Appends a reading that was handed in; a later one of the same measure and instant supersedes
    /// it. Returns false, and keeps nothing, when the newest one there says the same.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn add_reading(&self, reading: Reading) -> Result<bool, StoreError> {
        self.driver
            .write("add reading", move |tx| {
                // Taking no number makes two processes wait for each other all the same.
                next_numbers(tx, "readings", 0)?;
                let newest = "SELECT value, source FROM readings WHERE measure = $1 AND at = $2
                     ORDER BY number DESC LIMIT 1";
                if let Some(row) =
                    tx.first(newest, &[(&reading.measure).into(), reading.at.into()])?
                    && row.real(0)?.to_bits() == reading.value.to_bits()
                    && row.text(1)? == reading.source
                {
                    return Ok(false);
                }
                insert(tx, &reading)?;
                bump(tx).map(|_| true)
            })
            .await
    }

    /// Keeps what a source gave and how it was read; returns how many readings were new. One that
    /// the same source told before is not kept again, so that what somebody corrected by hand stays
    /// corrected until the source itself says something else.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] when the lease was lost.
    pub async fn put_readings(
        &self,
        lease: &Lease,
        record: SourceRecord,
        readings: Vec<Reading>,
    ) -> Result<u64, StoreError> {
        let lease = lease.clone();
        self.driver
            .write("put readings", move |tx| {
                fence(tx, &lease)?;
                let told = "SELECT value FROM readings WHERE measure = $1 AND at = $2
                     AND source = $3 ORDER BY number DESC LIMIT 1";
                let mut added = 0;
                for reading in &readings {
                    let row = tx.first(
                        told,
                        &[(&reading.measure).into(), reading.at.into(), (&reading.source).into()],
                    )?;
                    let before = row.map(|row| row.real(0)).transpose()?;
                    if before.map(f64::to_bits) != Some(reading.value.to_bits()) {
                        insert(tx, reading)?;
                        added += 1;
                    }
                }
                keep(tx, &record)?;
                if added > 0 {
                    bump(tx)?;
                }
                Ok(added)
            })
            .await
    }

    /// How each source was read last, by measure.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn sources(&self) -> Result<Vec<SourceRecord>, StoreError> {
        self.driver
            .read("sources", |tx| {
                let rows = tx.query(
                    "SELECT measure, source, tried_at, read_at, problem FROM sources
                     ORDER BY measure",
                    &[],
                )?;
                rows.iter()
                    .map(|row| {
                        Ok(SourceRecord {
                            measure: row.string(0)?,
                            source: row.string(1)?,
                            tried_at: row.time(2)?,
                            read_at: row.maybe(3, Row::time)?,
                            problem: row.maybe(4, Row::string)?,
                        })
                    })
                    .collect()
            })
            .await
    }

    /// The instant of the newest reading of each measure, by measure.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn newest_readings(&self) -> Result<Vec<(String, Timestamp)>, StoreError> {
        self.driver
            .read("newest readings", |tx| {
                let rows = tx.query(
                    "SELECT measure, MAX(at) FROM readings GROUP BY measure ORDER BY measure",
                    &[],
                )?;
                rows.iter().map(|row| Ok((row.string(0)?, row.time(1)?))).collect()
            })
            .await
    }

    /// Readings as known at `known`, by measure and instant; one for each instant.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn readings(&self, known: Option<Timestamp>) -> Result<Vec<Reading>, StoreError> {
        let known = known.unwrap_or(Timestamp::MAX);
        self.driver
            .read("readings", move |tx| {
                let rows = tx.query(
                    "SELECT measure, at, value, source, known_at FROM readings r
                     WHERE known_at <= $1 AND NOT EXISTS (SELECT 1 FROM readings n
                        WHERE n.measure = r.measure AND n.at = r.at AND n.number > r.number
                            AND n.known_at <= $1)
                     ORDER BY measure, at",
                    &[known.into()],
                )?;
                rows.iter()
                    .map(|row| {
                        Ok(Reading {
                            measure: row.string(0)?,
                            at: row.time(1)?,
                            value: row.real(2)?,
                            source: row.string(3)?,
                            known_at: row.time(4)?,
                        })
                    })
                    .collect()
            })
            .await
    }
}

fn insert(tx: &mut Tx<'_>, reading: &Reading) -> Result<(), StoreError> {
    let number = next_numbers(tx, "readings", 1)?;
    tx.execute(
        "INSERT INTO readings (number, measure, at, value, source, known_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
        &[
            number.into(),
            (&reading.measure).into(),
            reading.at.into(),
            reading.value.into(),
            (&reading.source).into(),
            reading.known_at.into(),
        ],
    )?;
    Ok(())
}

/// A measure that is read elsewhere now was not read there before.
fn keep(tx: &mut Tx<'_>, record: &SourceRecord) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO sources (measure, source, tried_at, read_at, problem)
         VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (measure) DO UPDATE SET source = excluded.source,
            tried_at = excluded.tried_at, problem = excluded.problem,
            read_at = CASE WHEN excluded.read_at IS NULL AND sources.source = excluded.source
                THEN sources.read_at ELSE excluded.read_at END",
        &[
            (&record.measure).into(),
            (&record.source).into(),
            record.tried_at.into(),
            record.read_at.into(),
            record.problem.as_ref().into(),
        ],
    )?;
    Ok(())
}
