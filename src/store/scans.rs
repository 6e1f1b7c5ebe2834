//! How far each scan has come, the log of passes, and what that means for coverage.

use super::driver::{Row, Tx};
use super::leases::fence;
use super::{Coverage, Cursor, Lease, PassRecord, Resume, Store, StoreError, bump};
use crate::model::{ConnectionId, Period, Timestamp};

impl Store {
    /// Where a scan stands; the default for one that never ran.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn cursor(
        &self,
        connection: &ConnectionId,
        scan: &str,
    ) -> Result<Cursor, StoreError> {
        let (connection, scan) = (connection.0.clone(), scan.to_owned());
        self.driver
            .read("cursor", move |tx| {
                let sql = "SELECT cursor_t, resume_key, scan_t0 FROM cursors
                     WHERE connection = $1 AND scan = $2";
                let Some(row) = tx.first(sql, &[(&connection).into(), (&scan).into()])? else {
                    return Ok(Cursor::default());
                };
                let resume = row.maybe(1, Row::time)?.zip(row.maybe(2, Row::time)?);
                Ok(Cursor {
                    complete: row.maybe(0, Row::time)?,
                    resume: resume.map(|(key, scan_t0)| Resume { key, scan_t0 }),
                })
            })
            .await
    }

    /// The scans that were brought to an end, each with the clock that it covers, sorted by name.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn walked(
        &self,
        connection: &ConnectionId,
    ) -> Result<Vec<(String, Timestamp)>, StoreError> {
        let connection = connection.0.clone();
        self.driver
            .read("walked scans", move |tx| {
                let sql = "SELECT scan, cursor_t FROM cursors
                     WHERE connection = $1 AND cursor_t IS NOT NULL ORDER BY scan";
                let rows = tx.query(sql, &[(&connection).into()])?;
                rows.iter().map(|row| Ok((row.string(0)?, row.time(1)?))).collect()
            })
            .await
    }

    /// Ends a scan: the cursor moves to `t0`, never back, and the resume point goes.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] when the lease was lost.
    pub async fn finish_scan(
        &self,
        lease: &Lease,
        connection: &ConnectionId,
        scan: &str,
        t0: Timestamp,
    ) -> Result<(), StoreError> {
        let (lease, connection, scan) = (lease.clone(), connection.0.clone(), scan.to_owned());
        self.driver
            .write("finish scan", move |tx| {
                fence(tx, &lease)?;
                tx.execute(
                    "INSERT INTO cursors (connection, scan, cursor_t) VALUES ($1, $2, $3)
                     ON CONFLICT (connection, scan) DO UPDATE SET
                        resume_key = NULL, scan_t0 = NULL,
                        cursor_t = CASE WHEN cursors.cursor_t > excluded.cursor_t
                            THEN cursors.cursor_t ELSE excluded.cursor_t END",
                    &[(&connection).into(), (&scan).into(), t0.into()],
                )?;
                Ok(())
            })
            .await
    }

    /// Notes a finished pass. A complete one extends the coverage.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] when the lease was lost.
    pub async fn log_pass(&self, lease: &Lease, pass: PassRecord) -> Result<(), StoreError> {
        let lease = lease.clone();
        self.driver
            .write("log pass", move |tx| {
                fence(tx, &lease)?;
                if let Some(to) = pass.clock.filter(|_| pass.complete)
                    && covered_to(tx, &pass)?.is_none_or(|before| hour(before) < hour(to))
                {
                    // What a report says of missing data changes, though perhaps no item did.
                    // Reports of a quiet tracker may lag behind by an hour, never by a week.
                    bump(tx)?;
                }
                tx.execute(
                    "INSERT INTO passes (connection, finished_at, id, started_at, clock, complete,
                        discovered, read_items, changed, gaps, problem)
                     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
                     ON CONFLICT (connection, finished_at, id) DO NOTHING",
                    &[
                        (&pass.connection.0).into(),
                        pass.finished_at.into(),
                        (&pass.id).into(),
                        pass.started_at.into(),
                        pass.clock.into(),
                        pass.complete.into(),
                        pass.discovered.into(),
                        pass.read.into(),
                        pass.changed.into(),
                        pass.gaps.into(),
                        pass.problem.as_ref().into(),
                    ],
                )?;
                Ok(())
            })
            .await
    }

    /// The newest passes over a connection, newest first.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn passes(
        &self,
        connection: &ConnectionId,
        limit: u32,
    ) -> Result<Vec<PassRecord>, StoreError> {
        let connection = connection.0.clone();
        self.driver
            .read("passes", move |tx| {
                let rows = tx.query(
                    "SELECT connection, finished_at, id, started_at, clock, complete, discovered,
                        read_items, changed, gaps, problem
                     FROM passes WHERE connection = $1 ORDER BY finished_at DESC, id DESC LIMIT $2",
                    &[(&connection).into(), i64::from(limit).into()],
                )?;
                rows.iter().map(pass).collect()
            })
            .await
    }

    /// The period over which each connection's history is known, sorted by connection: from its
    /// oldest item, because whole histories are read, to the tracker's clock of the newest
    /// complete pass. A connection without a complete pass is not covered.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn coverage(&self, known: Option<Timestamp>) -> Result<Vec<Coverage>, StoreError> {
        let known = known.unwrap_or(Timestamp::MAX);
        self.driver.read("coverage", move |tx| coverage(tx, known)).await
    }
}

/// Where the coverage of the pass's connection ended before it.
fn covered_to(tx: &mut Tx<'_>, pass: &PassRecord) -> Result<Option<Timestamp>, StoreError> {
    let sql = "SELECT clock FROM passes
         WHERE connection = $1 AND complete = 1 AND clock IS NOT NULL
         ORDER BY finished_at DESC LIMIT 1";
    tx.first(sql, &[(&pass.connection.0).into()])?.map(|row| row.time(0)).transpose()
}

fn hour(at: Timestamp) -> i64 {
    at.millis().div_euclid(3_600_000)
}

fn coverage(tx: &mut Tx<'_>, known: Timestamp) -> Result<Vec<Coverage>, StoreError> {
    let rows = tx.query(
        "SELECT connection, MAX(clock) FROM passes
         WHERE complete = 1 AND clock IS NOT NULL AND finished_at <= $1
         GROUP BY connection ORDER BY connection",
        &[known.into()],
    )?;
    let mut spans = Vec::with_capacity(rows.len());
    for row in &rows {
        let to = row.time(1)?;
        let oldest = tx.first(
            "SELECT created_at FROM items WHERE connection = $1 AND first_seen <= $2
             ORDER BY created_at LIMIT 1",
            &[row.text(0)?.into(), known.into()],
        )?;
        let from = oldest.map_or(Ok(to), |row| row.time(0))?.min(to);
        let connection = ConnectionId(row.string(0)?);
        spans.push(Coverage { connection, period: Period::new(from, to) });
    }
    Ok(spans)
}

pub(super) fn pass(row: &Row) -> Result<PassRecord, StoreError> {
    Ok(PassRecord {
        connection: ConnectionId(row.string(0)?),
        finished_at: row.time(1)?,
        id: row.string(2)?,
        started_at: row.time(3)?,
        clock: row.maybe(4, Row::time)?,
        complete: row.flag(5)?,
        discovered: row.count(6)?,
        read: row.count(7)?,
        changed: row.count(8)?,
        gaps: row.count(9)?,
        problem: row.maybe(10, Row::string)?,
    })
}
