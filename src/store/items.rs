//! Reading items back, as they are known now or were known at an instant.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::resume_unwind;
use std::sync::mpsc::sync_channel;

use super::apply::decode;
use super::driver::{Param, Row, Tx};
use super::purge::Barred;
use super::{Counts, Store, StoreError, StoredItem, StoredStamp};
use crate::model::{ConnectionId, Departure, ItemId, Timestamp, TrackerKind};

/// Rows fetched at a time: enough to make the query's cost vanish, few enough for the memory.
const CHUNK: i64 = 500;
/// Chunks that are read and not yet folded; more would only cost memory.
const CHUNKS_AHEAD: usize = 2;

/// What makes a [`StoredItem`]; the same columns in the same order in every query here.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT connection, source, tracker, created_at, first_seen, seq, facts FROM items ",
            $rest
        )
    };
}

impl Store {
    /// What is needed to decide which of these ids must be read; unknown ids are left out.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn stamps(
        &self,
        connection: &ConnectionId,
        sources: Vec<String>,
    ) -> Result<BTreeMap<String, StoredStamp>, StoreError> {
        let connection = connection.0.clone();
        self.driver
            .read("stamps", move |tx| {
                let ids: Vec<Vec<Param<'_>>> =
                    sources.iter().map(|s| vec![(&connection).into(), s.into()]).collect();
                let rows = tx.query_all(
                    "SELECT updated_at, settled, state FROM items
                     WHERE connection = $1 AND source = $2",
                    &ids,
                )?;
                let mut stamps = BTreeMap::new();
                for (source, rows) in sources.iter().zip(&rows) {
                    let Some(row) = rows.first() else { continue };
                    let stamp = StoredStamp {
                        updated_at: row.time(0)?,
                        settled: row.flag(1)?,
                        live: row.text(2)? == "live",
                    };
                    stamps.insert(source.clone(), stamp);
                }
                // What was purged needs no reading.
                let barred = Barred::read(tx, &connection)?;
                for source in sources.iter().filter(|source| barred.bars(source)) {
                    let (updated_at, settled, live) = (Timestamp::MAX, true, true);
                    stamps.insert(source.clone(), StoredStamp { updated_at, settled, live });
                }
                Ok(stamps)
            })
            .await
    }

    /// Folds over every item known at `known` (`None`: now), sorted by id, removed ones included,
    /// on one snapshot. Memory does not grow with the number of items. They are folded on a thread
    /// of their own while the next ones are read; both have ended when this returns.
    ///
    /// # Errors
    /// The database does not answer, or holds a value that cannot be read.
    pub async fn fold_items<T: Send + 'static>(
        &self,
        known: Option<Timestamp>,
        init: T,
        mut fold: impl FnMut(&mut T, StoredItem) + Send + 'static,
    ) -> Result<T, StoreError> {
        let known = known.unwrap_or(Timestamp::MAX);
        self.driver
            .read("all items", move |tx| {
                tx.unhurried();
                std::thread::scope(|scope| {
                    let (sender, read) = sync_channel::<Vec<StoredItem>>(CHUNKS_AHEAD);
                    let folded = scope.spawn(move || {
                        let mut state = init;
                        read.into_iter().flatten().for_each(|item| fold(&mut state, item));
                        state
                    });
                    // Nobody takes what is read any more when the folding stopped; its panic goes on.
                    let ended = in_chunks(tx, known, |items| sender.send(items).is_ok());
                    drop(sender);
                    let state = folded.join().unwrap_or_else(|panic| resume_unwind(panic));
                    ended.map(|()| state)
                })
            })
            .await
    }

    /// Items that group others, and those with one of these present or former keys, as known now,
    /// sorted by id.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn containers_and(&self, keys: Vec<String>) -> Result<Vec<StoredItem>, StoreError> {
        self.driver
            .read("containers", move |tx| {
                let mut rows = tx.query(select!("WHERE level = 2"), &[])?;
                for key in &keys {
                    rows.extend(with_key(tx, key)?);
                }
                unique(&rows, Timestamp::MAX)
            })
            .await
    }

    /// The keys under which items that left live on, sorted.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn departed_to(
        &self,
        known: Option<Timestamp>,
    ) -> Result<BTreeSet<String>, StoreError> {
        if known.is_some() {
            let to = |keys: &mut BTreeSet<String>, item: StoredItem| {
                let removed = item.removed.as_ref();
                keys.extend(removed.and_then(|removed| removed.departure.to()).map(str::to_owned));
            };
            return self.fold_items(known, BTreeSet::new(), to).await;
        }
        self.driver
            .read("departures", |tx| {
                let sql = "SELECT removed_reason FROM items WHERE state <> 'live'";
                let mut keys = BTreeSet::new();
                for row in tx.query(sql, &[])? {
                    let reason = row.maybe(0, Row::text)?.map(Departure::parse);
                    keys.extend(reason.as_ref().and_then(Departure::to).map(str::to_owned));
                }
                Ok(keys)
            })
            .await
    }

    /// Items whose last effective change came after `seq`, as known now, sorted by their `seq`.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn changed_since(&self, seq: u64) -> Result<Vec<StoredItem>, StoreError> {
        self.driver
            .read("changed items", move |tx| {
                let rows = tx.query(select!("WHERE seq > $1 ORDER BY seq"), &[seq.into()])?;
                rows.iter().filter_map(|row| item(row, Timestamp::MAX).transpose()).collect()
            })
            .await
    }

    /// Finds items by present or former key, sorted by id; several when connections share a key.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn items_by_key(
        &self,
        key: &str,
        known: Option<Timestamp>,
    ) -> Result<Vec<StoredItem>, StoreError> {
        let key = key.to_owned();
        let known = known.unwrap_or(Timestamp::MAX);
        self.driver.read("items by key", move |tx| unique(&with_key(tx, &key)?, known)).await
    }

    /// Whether any item is live. Unlike [`Store::counts`] this does not look at all of them.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn holds_items(&self) -> Result<bool, StoreError> {
        self.driver
            .read("holds items", |tx| {
                let sql = "SELECT source FROM items WHERE state = 'live' LIMIT 1";
                Ok(tx.first(sql, &[])?.is_some())
            })
            .await
    }

    /// How much of everything there is now.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn counts(&self) -> Result<Counts, StoreError> {
        self.driver
            .read("counts", |tx| {
                let row = tx.first(
                    "SELECT (SELECT COUNT(*) FROM items WHERE state = 'live'),
                        (SELECT COUNT(*) FROM items WHERE state <> 'live'),
                        (SELECT COUNT(*) FROM gaps WHERE resolved_at IS NULL),
                        (SELECT COUNT(*) FROM hints), (SELECT COUNT(*) FROM retries)",
                    &[],
                )?;
                let Some(row) = row else { return Ok(Counts::default()) };
                Ok(Counts {
                    items: row.count(0)?,
                    removed: row.count(1)?,
                    gaps: row.count(2)?,
                    hints: row.count(3)?,
                    retries: row.count(4)?,
                })
            })
            .await
    }
}

/// Reads every item in chunks, sorted by id, until `take` wants no more.
fn in_chunks(
    tx: &mut Tx<'_>,
    known: Timestamp,
    mut take: impl FnMut(Vec<StoredItem>) -> bool,
) -> Result<(), StoreError> {
    let mut last = (String::new(), String::new());
    loop {
        let rows = tx.query(
            select!(
                "WHERE (connection, source) > ($1, $2)
                 ORDER BY connection, source LIMIT $3"
            ),
            &[(&last.0).into(), (&last.1).into(), CHUNK.into()],
        )?;
        let Some(end) = rows.last() else { return Ok(()) };
        last = (end.string(0)?, end.string(1)?);
        let items = rows.iter().filter_map(|row| item(row, known).transpose());
        if !take(items.collect::<Result<_, _>>()?) {
            return Ok(());
        }
    }
}

/// The rows of items with this present or former key.
fn with_key(tx: &mut Tx<'_>, key: &str) -> Result<Vec<Row>, StoreError> {
    let mut rows = tx.query(select!("WHERE key = $1"), &[key.into()])?;
    rows.extend(tx.query(
        select!(
            "JOIN (SELECT connection AS c, source AS s FROM aliases WHERE key = $1) a
             ON connection = c AND source = s"
        ),
        &[key.into()],
    )?);
    Ok(rows)
}

/// Each item once, sorted by id.
fn unique(rows: &[Row], known: Timestamp) -> Result<Vec<StoredItem>, StoreError> {
    let mut found = BTreeMap::new();
    for row in rows {
        if let Some(item) = item(row, known)? {
            found.insert(item.id.clone(), item);
        }
    }
    Ok(found.into_values().collect())
}

/// Reads one row as it was known; `None` when the item was not yet known then.
fn item(row: &Row, known: Timestamp) -> Result<Option<StoredItem>, StoreError> {
    let Some(then) = decode(row.blob(6)?)?.known(known) else { return Ok(None) };
    Ok(Some(StoredItem {
        id: ItemId { connection: ConnectionId(row.string(0)?), source: row.string(1)? },
        tracker: match row.int(2)? {
            0 => TrackerKind::Jira,
            _ => TrackerKind::GitHub,
        },
        created_at: row.time(3)?,
        updated_at: then.updated_at,
        first_seen: then.first_seen,
        aliases: then.aliases,
        attributes: then.attributes,
        history: then.history,
        history_complete: then.history_complete,
        removed: then.removed,
        seq: row.count(5)?,
    }))
}
