//! What an operator asks at a glance: the newest passes, what waits, gaps by reason, deliveries.

use super::driver::{Param, Row};
use super::scans::pass;
use super::{
    DeliveryRecord, DigestKey, GapCount, PassMarks, ScopeTrouble, Store, StoreError, Waiting,
};
use crate::model::{ConnectionId, Timestamp};

/// The next connection in the log of passes; the whole log is never read for it.
const NEXT: &str = "SELECT connection FROM passes WHERE connection > $1 AND finished_at <= $2
     ORDER BY connection LIMIT 1";

impl Store {
    /// The newest pass and the newest complete one of every connection that had any finished by
    /// `known` (`None`: now), sorted by connection.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn pass_marks(&self, known: Option<Timestamp>) -> Result<Vec<PassMarks>, StoreError> {
        let known = known.unwrap_or(Timestamp::MAX);
        self.driver
            .read("pass marks", move |tx| {
                let mut names = Vec::new();
                let mut last = String::new();
                while let Some(row) = tx.first(NEXT, &[(&last).into(), known.into()])? {
                    last = row.string(0)?;
                    names.push(last.clone());
                }
                let asked: Vec<Vec<Param<'_>>> =
                    names.iter().map(|name| vec![name.into(), known.into()]).collect();
                let newest = tx.query_all(NEWEST, &asked)?;
                let complete = tx.query_all(NEWEST_COMPLETE, &asked)?;
                let mut marks = Vec::new();
                for ((name, newest), complete) in names.iter().zip(&newest).zip(&complete) {
                    let Some(newest) = newest.first().map(pass).transpose()? else { continue };
                    marks.push(PassMarks {
                        connection: ConnectionId(name.clone()),
                        newest,
                        complete: complete.first().map(pass).transpose()?,
                    });
                }
                Ok(marks)
            })
            .await
    }

    /// Hints and failed reads that wait, by connection; connections with none are left out.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn waiting(&self) -> Result<Vec<Waiting>, StoreError> {
        self.driver
            .read("waiting", |tx| {
                let rows = tx.query(
                    "SELECT c.connection, COALESCE(h.hints, 0), COALESCE(r.retries, 0), r.next_at
                     FROM (SELECT connection FROM hints UNION SELECT connection FROM retries) c
                     LEFT JOIN (SELECT connection, COUNT(*) AS hints FROM hints
                        GROUP BY connection) h ON h.connection = c.connection
                     LEFT JOIN (SELECT connection, COUNT(*) AS retries, MIN(next_at) AS next_at
                        FROM retries GROUP BY connection) r ON r.connection = c.connection
                     ORDER BY c.connection",
                    &[],
                )?;
                rows.iter()
                    .map(|row| {
                        Ok(Waiting {
                            connection: ConnectionId(row.string(0)?),
                            hints: row.count(1)?,
                            retries: row.count(2)?,
                            next_retry_at: row.maybe(3, Row::time)?,
                        })
                    })
                    .collect()
            })
            .await
    }

    /// Open gaps counted by connection and reason, sorted.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn gap_counts(&self) -> Result<Vec<GapCount>, StoreError> {
        self.driver
            .read("gap counts", |tx| {
                let rows = tx.query(
                    "SELECT connection, reason, COUNT(*) FROM gaps WHERE resolved_at IS NULL
                     GROUP BY connection, reason ORDER BY connection, reason",
                    &[],
                )?;
                rows.iter()
                    .map(|row| {
                        Ok(GapCount {
                            connection: ConnectionId(row.string(0)?),
                            reason: row.string(1)?,
                            count: row.count(2)?,
                        })
                    })
                    .collect()
            })
            .await
    }

    /// Scopes that cannot be seen, lie in a bin, or whose last sweep did not end; sorted. Items
    /// are not counted, so this is cheap where [`Store::scopes`] is not.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn troubled_scopes(&self) -> Result<Vec<ScopeTrouble>, StoreError> {
        self.driver
            .read("troubled scopes", |tx| {
                let rows = tx.query(
                    "SELECT connection, project, standing, swept_at, problem FROM scopes
                     WHERE problem IS NOT NULL OR standing IN ('hidden', 'trashed')
                     ORDER BY connection, project",
                    &[],
                )?;
                rows.iter()
                    .map(|row| {
                        Ok(ScopeTrouble {
                            connection: ConnectionId(row.string(0)?),
                            project: row.string(1)?,
                            standing: row.string(2)?,
                            swept_at: row.maybe(3, Row::time)?,
                            problem: row.maybe(4, Row::string)?,
                        })
                    })
                    .collect()
            })
            .await
    }

    /// The newest delivery of every digest to every channel, sorted by digest and channel.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn deliveries(&self) -> Result<Vec<DeliveryRecord>, StoreError> {
        self.driver
            .read("deliveries", |tx| {
                let rows = tx.query(
                    "SELECT digest, due, channel, state, attempts, claim_until, ended_at, problem
                     FROM digests d WHERE due = (SELECT MAX(due) FROM digests e
                        WHERE e.digest = d.digest AND e.channel = d.channel)
                     ORDER BY digest, channel",
                    &[],
                )?;
                rows.iter().map(delivery).collect()
            })
            .await
    }
}

const NEWEST: &str = "SELECT connection, finished_at, id, started_at, clock, complete, discovered,
        read_items, changed, gaps, problem
     FROM passes WHERE connection = $1 AND finished_at <= $2
     ORDER BY finished_at DESC, id DESC LIMIT 1";
const NEWEST_COMPLETE: &str =
    "SELECT connection, finished_at, id, started_at, clock, complete, discovered,
        read_items, changed, gaps, problem
     FROM passes WHERE connection = $1
     AND finished_at <= $2 AND complete = 1 AND clock IS NOT NULL
     ORDER BY finished_at DESC, id DESC LIMIT 1";

pub(super) fn delivery(row: &Row) -> Result<DeliveryRecord, StoreError> {
    let (digest, due, channel) = (row.string(0)?, row.string(1)?, row.string(2)?);
    let state = row.string(3)?;
    let again = matches!(state.as_str(), "open" | "sending").then(|| row.time(5)).transpose()?;
    Ok(DeliveryRecord {
        key: DigestKey { digest, due, channel },
        state,
        attempts: u32::try_from(row.int(4)?).unwrap_or(u32::MAX),
        again_at: again,
        ended_at: row.maybe(6, Row::time)?,
        problem: row.maybe(7, Row::string)?,
    })
}
