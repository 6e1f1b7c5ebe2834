//! Taking in what a tracker told: idempotent, never backwards, one transaction a batch.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::driver::{Param, Row, Tx};
use super::facts::{Facts, Removal};
use super::gaps::record_gaps;
use super::leases::{after, fence};
use super::purge::Barred;
use super::{Applied, Batch, Lease, Store, StoreError, next_numbers};
use crate::model::{Departure, Item, ItemId, Level, Timestamp, TrackerKind};
use crate::mutants::{Mutant, alive};

/// No replica lags behind by so much. A stamp that is older still is the tracker's own, after an
/// import or a correction, and what was read with it counts.
const LAG_MOST: Duration = Duration::from_secs(3_600);

const STORED: &str = "SELECT updated_at, settled, misses, state, key, first_seen, facts FROM items
    WHERE connection = $1 AND source = $2";

const UPSERT: &str = "INSERT INTO items
        (connection, source, tracker, key, project, level, created_at, updated_at, settled,
         state, removed_at, removed_reason, first_seen, misses, missed_at, seq, facts)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'live', NULL, NULL, $10, 0, NULL, $11, $12)
     ON CONFLICT (connection, source) DO UPDATE SET key = excluded.key,
        project = excluded.project, level = excluded.level, created_at = excluded.created_at,
        updated_at = excluded.updated_at, settled = excluded.settled, state = 'live',
        removed_at = NULL, removed_reason = NULL, misses = 0, missed_at = NULL,
        seq = excluded.seq, facts = excluded.facts";

/// Nothing new was told: the stamp moves, the facts and their sequence stay.
const TOUCH: &str = "UPDATE items SET updated_at = $3, settled = $4, misses = 0, missed_at = NULL
     WHERE connection = $1 AND source = $2";

/// An item's row as far as a new read needs it.
struct Stored {
    updated_at: Timestamp,
    settled: bool,
    misses: i64,
    live: bool,
    key: String,
    first_seen: Timestamp,
    facts: Facts,
}

/// A row to be written.
struct Write {
    id: ItemId,
    key: String,
    former_key: Option<String>,
    project: String,
    level: Level,
    created_at: Timestamp,
    updated_at: Timestamp,
    settled: bool,
    first_seen: Timestamp,
    facts: Vec<u8>,
}

struct Touch {
    source: String,
    updated_at: Timestamp,
    settled: bool,
}

impl Store {
    /// Takes in a batch together with its resume point. The same batch again changes nothing,
    /// and a read older than what is stored is ignored.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] when the lease was lost; nothing is written then.
    pub async fn apply(&self, lease: &Lease, batch: Batch) -> Result<Applied, StoreError> {
        let lease = lease.clone();
        self.driver
            .write("apply batch", move |tx| {
                fence(tx, &lease)?;
                apply(tx, batch)
            })
            .await
    }

    /// Records that an item has left the tracker or our sight. False when that was known, or the
    /// item never was.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] when the lease was lost.
    pub async fn tombstone(
        &self,
        lease: &Lease,
        item: &ItemId,
        removed_at: Timestamp,
        departure: &Departure,
        known_at: Timestamp,
    ) -> Result<bool, StoreError> {
        let removal = Removal { at: removed_at, reason: departure.to_string() };
        self.place(lease, item, Some(removal), known_at).await
    }

    /// Takes a tombstone back, history and all.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] when the lease was lost.
    pub async fn revive(
        &self,
        lease: &Lease,
        item: &ItemId,
        known_at: Timestamp,
    ) -> Result<bool, StoreError> {
        self.place(lease, item, None, known_at).await
    }

    async fn place(
        &self,
        lease: &Lease,
        item: &ItemId,
        removal: Option<Removal>,
        known_at: Timestamp,
    ) -> Result<bool, StoreError> {
        let (lease, item) = (lease.clone(), item.clone());
        self.driver
            .write("place item", move |tx| {
                fence(tx, &lease)?;
                place(tx, &item, removal.as_ref(), known_at)
            })
            .await
    }

    /// Counts how often an item was asked for and not given; a look less than `apart` after the
    /// last counted one does not count. `None`: we never had it.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] when the lease was lost.
    pub async fn record_miss(
        &self,
        lease: &Lease,
        item: &ItemId,
        at: Timestamp,
        apart: Duration,
    ) -> Result<Option<u32>, StoreError> {
        let (lease, item) = (lease.clone(), item.clone());
        self.driver
            .write("record miss", move |tx| {
                fence(tx, &lease)?;
                let id = [(&item.connection.0).into(), (&item.source).into()];
                let sql = "SELECT misses, missed_at FROM items
                     WHERE connection = $1 AND source = $2";
                let Some(row) = tx.first(sql, &id)? else { return Ok(None) };
                let (misses, last) = (row.int(0)?, row.maybe(1, Row::time)?);
                if last.is_some_and(|last| at < after(last, apart)) {
                    return Ok(Some(u32::try_from(misses).unwrap_or(u32::MAX)));
                }
                tx.execute(
                    "UPDATE items SET misses = $3, missed_at = $4
                     WHERE connection = $1 AND source = $2",
                    &[id[0], id[1], (misses + 1).into(), at.into()],
                )?;
                Ok(Some(u32::try_from(misses + 1).unwrap_or(u32::MAX)))
            })
            .await
    }
}

/// Notes that one item is gone or there; false when that was known, or the item never was.
pub(super) fn place(
    tx: &mut Tx<'_>,
    item: &ItemId,
    removal: Option<&Removal>,
    known_at: Timestamp,
) -> Result<bool, StoreError> {
    let id = [(&item.connection.0).into(), (&item.source).into()];
    let Some(row) = tx.first(STORED, &id)? else { return Ok(false) };
    let mut facts = stored(&row)?.facts;
    if !facts.place(removal.cloned(), known_at) {
        return Ok(false);
    }
    let removal = facts.removed();
    let seq = next_numbers(tx, "seq", 1)?;
    let bytes = facts.encode();
    tx.execute(
        "UPDATE items SET state = $3, removed_at = $4, removed_reason = $5, seq = $6,
            facts = $7, misses = 0, missed_at = NULL, settled = 0
         WHERE connection = $1 AND source = $2",
        &[
            id[0],
            id[1],
            if removal.is_some() { "tombstone" } else { "live" }.into(),
            removal.map(|r| r.at).into(),
            removal.map(|r| &r.reason).into(),
            seq.into(),
            Param::Blob(&bytes),
        ],
    )?;
    Ok(true)
}

fn apply(tx: &mut Tx<'_>, mut batch: Batch) -> Result<Applied, StoreError> {
    let connection = batch.connection.0.clone();
    let barred = Barred::read(tx, &connection)?.sift(&mut batch.items, &mut batch.gaps);
    for item in &barred {
        // One that is stored came from a project that was not purged, and has left it.
        let reason = Departure::Moved(item.attributes.key.clone()).to_string();
        let removal = Removal { at: item.updated_at, reason };
        place(tx, &item.id, Some(&removal), batch.known_at)?;
    }
    let read: Vec<String> =
        batch.items.iter().chain(&barred).map(|item| item.id.source.clone()).collect();
    // One row an item: of several reads in one batch the newest decides.
    let mut items: BTreeMap<String, Item> = BTreeMap::new();
    for item in batch.items {
        let newest = items.get(&item.id.source).map(|known| known.updated_at);
        if newest.is_none_or(|newest| newest <= item.updated_at) {
            items.insert(item.id.source.clone(), item);
        }
    }
    let ids: Vec<Vec<Param<'_>>> =
        items.keys().map(|source| vec![(&connection).into(), source.into()]).collect();
    let rows = tx.query_all(STORED, &ids)?;
    let mut done = Applied::default();
    let (mut writes, mut touches) = (Vec::new(), Vec::new());
    for (item, rows) in items.into_values().zip(rows) {
        let stored = rows.first().map(stored).transpose()?;
        let before = batch.settled_before;
        take_in(item, stored, before, batch.known_at, &mut done, &mut writes, &mut touches);
    }
    write_items(tx, &connection, batch.tracker, &writes)?;
    let touched: Vec<Vec<Param<'_>>> = touches
        .iter()
        .map(|t| {
            let stamp = t.updated_at.into();
            vec![(&connection).into(), (&t.source).into(), stamp, t.settled.into()]
        })
        .collect();
    tx.execute_all(TOUCH, &touched)?;
    forget_retries(tx, &connection, &read)?;
    record_gaps(tx, &connection, &read, &batch.gaps, batch.known_at)?;
    if let Some((scan, resume)) = batch.resume {
        tx.execute(
            "INSERT INTO cursors (connection, scan, resume_key, scan_t0) VALUES ($1, $2, $3, $4)
             ON CONFLICT (connection, scan) DO UPDATE SET
                resume_key = excluded.resume_key, scan_t0 = excluded.scan_t0",
            &[(&connection).into(), (&scan).into(), resume.key.into(), resume.scan_t0.into()],
        )?;
    }
    Ok(done)
}

/// Decides what one read means for its row.
fn take_in(
    item: Item,
    stored: Option<Stored>,
    settled_before: Option<Timestamp>,
    known_at: Timestamp,
    done: &mut Applied,
    writes: &mut Vec<Write>,
    touches: &mut Vec<Touch>,
) {
    let may_lag = |at: Timestamp| settled_before.is_none_or(|before| before <= after(at, LAG_MOST));
    let older = |s: &Stored| item.updated_at < s.updated_at && may_lag(s.updated_at);
    let stale = stored.as_ref().is_some_and(older);
    if stale && !alive(Mutant::NoMonotonicGuard) {
        done.stale += 1;
        return;
    }
    let new = stored.is_none();
    let before = stored.unwrap_or(Stored {
        updated_at: Timestamp::MIN,
        settled: false,
        misses: 0,
        live: true,
        key: item.attributes.key.clone(),
        first_seen: known_at,
        facts: Facts::default(),
    });
    let mut facts = before.facts;
    let settled = settled_before.is_some_and(|before| item.updated_at < before)
        || alive(Mutant::NoSettle)
        || (before.settled && before.updated_at == item.updated_at);
    let write = Write {
        id: item.id.clone(),
        key: item.attributes.key.clone(),
        former_key: (before.key != item.attributes.key).then_some(before.key),
        project: item.attributes.project.clone(),
        level: item.attributes.level,
        created_at: item.created_at,
        updated_at: item.updated_at,
        settled,
        first_seen: before.first_seen,
        facts: Vec::new(),
    };
    if facts.learn(item, known_at) || !before.live {
        done.new += u64::from(new);
        done.changed += u64::from(!new);
        writes.push(Write { facts: facts.encode(), ..write });
        return;
    }
    done.unchanged += 1;
    if before.updated_at != write.updated_at || before.settled != settled || before.misses > 0 {
        let source = write.id.source;
        touches.push(Touch { source, updated_at: write.updated_at, settled });
    }
}

fn write_items(
    tx: &mut Tx<'_>,
    connection: &str,
    tracker: TrackerKind,
    writes: &[Write],
) -> Result<(), StoreError> {
    if writes.is_empty() {
        return Ok(());
    }
    let first = next_numbers(tx, "seq", writes.len())?;
    let rows: Vec<Vec<Param<'_>>> = (first..)
        .zip(writes)
        .map(|(seq, write)| {
            vec![
                connection.into(),
                (&write.id.source).into(),
                tracker_number(tracker).into(),
                (&write.key).into(),
                (&write.project).into(),
                (write.level as i64).into(),
                write.created_at.into(),
                write.updated_at.into(),
                write.settled.into(),
                write.first_seen.into(),
                seq.into(),
                Param::Blob(&write.facts),
            ]
        })
        .collect();
    tx.execute_all(UPSERT, &rows)?;
    let aliases: Vec<Vec<Param<'_>>> = writes
        .iter()
        .filter_map(|write| {
            let key = write.former_key.as_ref()?;
            Some(vec![key.into(), connection.into(), (&write.id.source).into()])
        })
        .collect();
    tx.execute_all(
        "INSERT INTO aliases (key, connection, source) VALUES ($1, $2, $3)
         ON CONFLICT (key, connection, source) DO NOTHING",
        &aliases,
    )
}

/// What was read needs no second try.
pub(super) fn forget_retries(
    tx: &mut Tx<'_>,
    connection: &str,
    read: &[String],
) -> Result<(), StoreError> {
    let waiting: BTreeSet<String> = tx
        .query("SELECT source FROM retries WHERE connection = $1", &[connection.into()])?
        .iter()
        .map(|row| row.string(0))
        .collect::<Result<_, _>>()?;
    let done: Vec<Vec<Param<'_>>> = read
        .iter()
        .filter(|source| waiting.contains(*source))
        .map(|source| vec![connection.into(), source.into()])
        .collect();
    tx.execute_all("DELETE FROM retries WHERE connection = $1 AND source = $2", &done)
}

fn stored(row: &Row) -> Result<Stored, StoreError> {
    Ok(Stored {
        updated_at: row.time(0)?,
        settled: row.flag(1)?,
        misses: row.int(2)?,
        live: row.text(3)? == "live",
        key: row.string(4)?,
        first_seen: row.time(5)?,
        facts: decode(row.blob(6)?)?,
    })
}

pub(super) fn decode(bytes: &[u8]) -> Result<Facts, StoreError> {
    Facts::decode(bytes)
        .map_err(|e| StoreError::Corrupt { place: "an item's history", detail: e.0.to_owned() })
}

pub(super) fn tracker_number(kind: TrackerKind) -> i64 {
    match kind {
        TrackerKind::Jira => 0,
        TrackerKind::GitHub => 1,
    }
}
