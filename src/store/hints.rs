//! What is to be looked at again: hints of webhooks, and reads that failed.

use std::collections::BTreeMap;

use super::driver::{Note, Param, Tx};
use super::leases::fence;
use super::{Hint, Lease, Retry, Store, StoreError, next_numbers};
use crate::model::{ConnectionId, Timestamp};
use crate::mutants::{Mutant, alive};

impl Store {
    /// Keeps hints; a second one for the same item replaces the first. Durable on return, and
    /// many callers at once share one transaction.
    ///
    /// # Errors
    /// The database does not answer; the webhook must not be acknowledged then.
    pub async fn put_hints(
        &self,
        connection: &ConnectionId,
        sources: Vec<String>,
        due: Timestamp,
    ) -> Result<(), StoreError> {
        if sources.is_empty() {
            return Ok(());
        }
        let note = |source| Note { connection: connection.0.clone(), source, due };
        self.driver.note(sources.into_iter().map(note).collect(), write).await
    }

    /// Due hints. They stay until [`Store::done_hints`].
    ///
    /// Where more are due than `limit`, projects take turns, and in each the oldest and the newest
    /// hints take turns: neither a bulk edit of another project nor one of its own keeps a single
    /// item waiting, and nothing is left behind for ever.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn take_hints(
        &self,
        connection: &ConnectionId,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<Hint>, StoreError> {
        let connection = connection.0.clone();
        self.driver
            .read("due hints", move |tx| {
                let rows = tx.query(
                    "WITH waiting AS (
                        SELECT hints.source, hints.seq, hints.due,
                            COALESCE(items.project, '') AS project
                        FROM hints LEFT JOIN items ON items.connection = hints.connection
                            AND items.source = hints.source
                        WHERE hints.connection = $1 AND hints.due <= $2
                    ), placed AS (
                        SELECT source, seq, due,
                            ROW_NUMBER() OVER
                                (PARTITION BY project ORDER BY due, seq, source) AS oldest,
                            ROW_NUMBER() OVER
                                (PARTITION BY project ORDER BY due DESC, seq DESC, source DESC)
                                AS newest
                        FROM waiting
                    )
                    SELECT source, seq, due FROM placed
                    ORDER BY CASE WHEN oldest < newest THEN oldest ELSE newest END,
                        due, seq, source
                    LIMIT $3",
                    &[(&connection).into(), now.into(), i64::from(limit).into()],
                )?;
                rows.iter()
                    .map(|row| {
                        let source = row.string(0)?;
                        Ok(Hint { source, seq: row.count(1)?, due: row.time(2)? })
                    })
                    .collect()
            })
            .await
    }

    /// Removes hints that were followed, unless a newer one for the same item came meanwhile.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] when the lease was lost.
    pub async fn done_hints(
        &self,
        lease: &Lease,
        connection: &ConnectionId,
        hints: Vec<Hint>,
    ) -> Result<(), StoreError> {
        let sql = match alive(Mutant::HintDeleteNoSeq) {
            true => "DELETE FROM hints WHERE connection = $1 AND source = $2 AND seq >= $3",
            false => "DELETE FROM hints WHERE connection = $1 AND source = $2 AND seq = $3",
        };
        self.each_hint(lease, connection, hints, None, sql).await
    }

    /// Puts hints off, unless a newer one came meanwhile.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] when the lease was lost.
    pub async fn postpone_hints(
        &self,
        lease: &Lease,
        connection: &ConnectionId,
        hints: Vec<Hint>,
        due: Timestamp,
    ) -> Result<(), StoreError> {
        let sql = "UPDATE hints SET due = $4 WHERE connection = $1 AND source = $2 AND seq = $3";
        self.each_hint(lease, connection, hints, Some(due), sql).await
    }

    async fn each_hint(
        &self,
        lease: &Lease,
        connection: &ConnectionId,
        mut hints: Vec<Hint>,
        due: Option<Timestamp>,
        sql: &'static str,
    ) -> Result<(), StoreError> {
        let (lease, connection) = (lease.clone(), connection.0.clone());
        // One order for everybody: two transactions never wait for each other's rows.
        hints.sort_by(|a, b| a.source.cmp(&b.source));
        self.driver
            .write("end hints", move |tx| {
                fence(tx, &lease)?;
                let rows: Vec<Vec<Param<'_>>> = hints
                    .iter()
                    .map(|hint| {
                        let mut row =
                            vec![(&connection).into(), (&hint.source).into(), hint.seq.into()];
                        row.extend(due.map(Param::from));
                        row
                    })
                    .collect();
                tx.execute_all(sql, &rows)
            })
            .await
    }

    /// Notes that a read failed and when to try again. Each call counts one more attempt.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] when the lease was lost.
    pub async fn put_retry(
        &self,
        lease: &Lease,
        connection: &ConnectionId,
        source: &str,
        next_at: Timestamp,
        error: &str,
    ) -> Result<(), StoreError> {
        let (lease, connection) = (lease.clone(), connection.0.clone());
        let (source, error) = (source.to_owned(), error.to_owned());
        self.driver
            .write("put retry", move |tx| {
                fence(tx, &lease)?;
                tx.execute(
                    "INSERT INTO retries (connection, source, attempts, next_at, last_error)
                     VALUES ($1, $2, 1, $3, $4)
                     ON CONFLICT (connection, source) DO UPDATE SET
                        attempts = retries.attempts + 1, next_at = excluded.next_at,
                        last_error = excluded.last_error",
                    &[(&connection).into(), (&source).into(), next_at.into(), (&error).into()],
                )?;
                Ok(())
            })
            .await
    }

    /// Failed reads that are due again, oldest first. [`Timestamp::MAX`] lists them all.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn due_retries(
        &self,
        connection: &ConnectionId,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<Retry>, StoreError> {
        let connection = connection.0.clone();
        self.driver
            .read("due retries", move |tx| {
                let rows = tx.query(
                    "SELECT source, attempts, next_at, last_error FROM retries
                     WHERE connection = $1 AND next_at <= $2 ORDER BY next_at, source LIMIT $3",
                    &[(&connection).into(), now.into(), i64::from(limit).into()],
                )?;
                rows.iter()
                    .map(|row| {
                        Ok(Retry {
                            source: row.string(0)?,
                            attempts: u32::try_from(row.int(1)?).unwrap_or(u32::MAX),
                            next_at: row.time(2)?,
                            last_error: row.string(3)?,
                        })
                    })
                    .collect()
            })
            .await
    }

    /// Gives up on a failed read; a successful one is cleared by [`Store::apply`].
    ///
    /// # Errors
    /// [`StoreError::Fenced`] when the lease was lost.
    pub async fn clear_retry(
        &self,
        lease: &Lease,
        connection: &ConnectionId,
        source: &str,
    ) -> Result<(), StoreError> {
        let (lease, connection) = (lease.clone(), connection.0.clone());
        let source = source.to_owned();
        self.driver
            .write("clear retry", move |tx| {
                fence(tx, &lease)?;
                tx.execute(
                    "DELETE FROM retries WHERE connection = $1 AND source = $2",
                    &[(&connection).into(), (&source).into()],
                )?;
                Ok(())
            })
            .await
    }
}

/// Writes the notes of many callers: one row for each item, all with one number. In the order of
/// their keys, so that two processes never wait for each other's rows.
fn write(tx: &mut Tx<'_>, notes: Vec<Note>) -> Result<(), StoreError> {
    let mut latest: BTreeMap<(String, String), Timestamp> = BTreeMap::new();
    for note in notes {
        let due = latest.entry((note.connection, note.source)).or_insert(note.due);
        *due = note.due.max(*due);
    }
    let seq = next_numbers(tx, "hints", 1)?;
    let rows: Vec<Vec<Param<'_>>> = latest
        .iter()
        .map(|((connection, source), due)| {
            vec![connection.into(), source.into(), seq.into(), (*due).into()]
        })
        .collect();
    tx.execute_all(
        "INSERT INTO hints (connection, source, seq, due) VALUES ($1, $2, $3, $4)
         ON CONFLICT (connection, source) DO UPDATE SET seq = excluded.seq, due = excluded.due",
        &rows,
    )
}
