//! What reads could not tell, from when it was met until a later read told it.

use std::collections::BTreeSet;

use super::driver::{Param, Row, Tx};
use super::leases::fence;
use super::{Lease, Store, StoreError, StoredGap, bump};
use crate::model::{ConnectionId, Gap, Timestamp};

/// Longest detail that is kept, in characters: it is part of a database key.
const DETAIL_MAX: usize = 400;

impl Store {
    /// Gaps that were open at `known` (`None`: now), sorted by connection, item and reason.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn gaps(&self, known: Option<Timestamp>) -> Result<Vec<StoredGap>, StoreError> {
        let known = known.unwrap_or(Timestamp::MAX);
        self.driver
            .read("gaps", move |tx| {
                let rows = tx.query(
                    "SELECT connection, source, key, reason, detail, first_seen, last_seen
                     FROM gaps WHERE first_seen <= $1
                        AND (resolved_at IS NULL OR resolved_at > $1)
                     ORDER BY connection, source, key, reason, detail",
                    &[known.into()],
                )?;
                rows.iter().map(stored_gap).collect()
            })
            .await
    }

    /// Closes the gaps of rows without an id that a complete walk did not meet again.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] when the lease was lost.
    pub async fn close_nameless_gaps(
        &self,
        lease: &Lease,
        connection: &ConnectionId,
        not_seen_since: Timestamp,
        known_at: Timestamp,
    ) -> Result<(), StoreError> {
        let (lease, connection) = (lease.clone(), connection.0.clone());
        self.driver
            .write("close gaps", move |tx| {
                fence(tx, &lease)?;
                let closed = tx.execute(
                    "UPDATE gaps SET resolved_at = $3 WHERE connection = $1 AND source = ''
                        AND resolved_at IS NULL AND last_seen < $2",
                    &[(&connection).into(), not_seen_since.into(), known_at.into()],
                )?;
                if closed > 0 { bump(tx).map(drop) } else { Ok(()) }
            })
            .await
    }

    /// Records gaps that come with no item.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] when the lease was lost.
    pub async fn put_gaps(
        &self,
        lease: &Lease,
        connection: &ConnectionId,
        gaps: Vec<Gap>,
        known_at: Timestamp,
    ) -> Result<(), StoreError> {
        let (lease, connection) = (lease.clone(), connection.0.clone());
        self.driver
            .write("put gaps", move |tx| {
                fence(tx, &lease)?;
                record_gaps(tx, &connection, &[], &gaps, known_at)
            })
            .await
    }

    /// Closes every gap of one item.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] when the lease was lost.
    pub async fn close_gaps(
        &self,
        lease: &Lease,
        connection: &ConnectionId,
        source: &str,
        known_at: Timestamp,
    ) -> Result<(), StoreError> {
        let (lease, connection, source) = (lease.clone(), connection.0.clone(), source.to_owned());
        self.driver
            .write("close gaps", move |tx| {
                fence(tx, &lease)?;
                record_gaps(tx, &connection, &[source], &[], known_at)
            })
            .await
    }
}

const CLOSE: &str = "UPDATE gaps SET resolved_at = $6 WHERE connection = $1 AND source = $2
     AND key = $3 AND reason = $4 AND detail = $5 AND resolved_at IS NULL";

const RENEW: &str = "UPDATE gaps SET last_seen = $6 WHERE connection = $1 AND source = $2
     AND key = $3 AND reason = $4 AND detail = $5 AND resolved_at IS NULL";

/// A gap that opens again within the same millisecond goes on as if it had never closed.
const OPEN: &str = "INSERT INTO gaps
        (connection, source, key, reason, detail, first_seen, last_seen)
     VALUES ($1, $2, $3, $4, $5, $6, $6)
     ON CONFLICT (connection, source, key, reason, detail, first_seen) DO UPDATE SET
        resolved_at = NULL";

/// What tells gaps of one connection apart: source, key, reason, detail.
type Place = (String, String, String, String);

/// Opens what is new, renews what is met again, and closes what a read of the same item no
/// longer shows.
pub(super) fn record_gaps(
    tx: &mut Tx<'_>,
    connection: &str,
    read: &[String],
    gaps: &[Gap],
    known_at: Timestamp,
) -> Result<(), StoreError> {
    let met: BTreeSet<Place> = gaps.iter().map(place).collect();
    let any = "SELECT source FROM gaps WHERE connection = $1 AND resolved_at IS NULL LIMIT 1";
    if met.is_empty() && tx.first(any, &[connection.into()])?.is_none() {
        return Ok(());
    }
    let touched: BTreeSet<&String> = read.iter().chain(met.iter().map(|p| &p.0)).collect();
    let sets: Vec<Vec<Param<'_>>> =
        touched.into_iter().map(|source| vec![connection.into(), source.into()]).collect();
    let open = tx.query_all(
        "SELECT source, key, reason, detail FROM gaps
         WHERE connection = $1 AND source = $2 AND resolved_at IS NULL",
        &sets,
    )?;
    let mut known = BTreeSet::new();
    for row in open.iter().flatten() {
        known.insert((row.string(0)?, row.string(1)?, row.string(2)?, row.string(3)?));
    }
    let read: BTreeSet<&String> = read.iter().collect();
    let told: Vec<&Place> = known.difference(&met).filter(|p| read.contains(&p.0)).collect();
    let new: Vec<&Place> = met.difference(&known).collect();
    let renewed: Vec<&Place> = met.intersection(&known).collect();
    for (sql, places) in [(CLOSE, &told), (RENEW, &renewed), (OPEN, &new)] {
        let sets: Vec<Vec<Param<'_>>> = places
            .iter()
            .map(|(source, key, reason, detail)| {
                let id = [connection.into(), source.into(), key.into(), reason.into()];
                id.into_iter().chain([detail.into(), known_at.into()]).collect()
            })
            .collect();
        tx.execute_all(sql, &sets)?;
    }
    if told.is_empty() && new.is_empty() { Ok(()) } else { bump(tx).map(drop) }
}

fn place(gap: &Gap) -> Place {
    let text = |part: &Option<String>| part.clone().unwrap_or_default();
    let detail = gap.detail.chars().take(DETAIL_MAX).collect();
    (text(&gap.source), text(&gap.key), gap.reason.clone(), detail)
}

fn stored_gap(row: &Row) -> Result<StoredGap, StoreError> {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Ok(StoredGap {
        connection: ConnectionId(row.string(0)?),
        gap: Gap {
            source: some(row.text(1)?),
            key: some(row.text(2)?),
            reason: row.string(3)?,
            detail: row.string(4)?,
        },
        first_seen: row.time(5)?,
        last_seen: row.time(6)?,
    })
}
