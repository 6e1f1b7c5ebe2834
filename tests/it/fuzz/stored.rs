//! A database whose rows somebody damaged: what is read from it may be refused, and never panics.

use std::cell::OnceCell;
use std::sync::{Arc, LazyLock};

use streamgauge::clock::{Clock, ManualClock, SharedClock};
use streamgauge::demo::{Demo, Recording, Source};
use streamgauge::model::{ConnectionId, Timestamp};
use streamgauge::store::{Store, StoreError};
use streamgauge::sync::{Silent, Stop};
use tokio::runtime::Runtime;

use super::{Shape, Target};

/// A synced store, as bytes of a file, and the histories in it.
static FILLED: LazyLock<(Vec<u8>, Vec<Vec<u8>>)> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("gauge.db");
    let url = format!("sqlite:{}", file.display());
    let sample = "tests/it/payloads/normal/devlake-cloud.sample.jsonl";
    let sample = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(sample);
    let source = Source::from(Recording::read(&[sample]).unwrap());
    let clock: SharedClock = ManualClock::at(Timestamp::parse("2026-06-17T09:30:00Z").unwrap());
    runtime().block_on(async {
        let demo = Demo::open_at(source, &url, clock).await.unwrap();
        demo.sync(&Silent, &Stop::never()).await;
    });
    let raw = rusqlite::Connection::open(&file).unwrap();
    raw.execute_batch("PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = DELETE").unwrap();
    let mut rows = raw.prepare("SELECT facts FROM items ORDER BY length(facts)").unwrap();
    let facts = rows.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    drop(rows);
    drop(raw);
    (std::fs::read(&file).unwrap(), facts)
});

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

/// A copy of the store that one thread damages again and again.
struct Damaged {
    runtime: Runtime,
    store: Store,
    raw: rusqlite::Connection,
    clock: Arc<ManualClock>,
    _folder: tempfile::TempDir,
}

impl Damaged {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("gauge.db");
        std::fs::write(&file, &FILLED.0).unwrap();
        let clock = ManualClock::at(Timestamp::parse("2026-06-17T09:30:00Z").unwrap());
        let runtime = runtime();
        let url = format!("sqlite:{}", file.display());
        let store = runtime.block_on(Store::open_read_only(&url, clock.clone())).unwrap();
        let raw = rusqlite::Connection::open(&file).unwrap();
        raw.execute_batch("PRAGMA synchronous = OFF").unwrap();
        Self { runtime, store, raw, clock, _folder: folder }
    }
}

thread_local! {
    static DAMAGED: OnceCell<Damaged> = const { OnceCell::new() };
}

fn shape(told: Result<usize, StoreError>) -> Shape {
    match told {
        Ok(items) => format!("{items}"),
        Err(error) => {
            let text = error.to_string();
            assert!(!text.is_empty());
            text.chars().filter(char::is_ascii_alphabetic).take(60).collect()
        }
    }
}

/// Reads everything that pages and signals read.
async fn read(store: &Store, clock: &ManualClock) -> Shape {
    let mut told = String::new();
    for known in [None, Some(clock.now().plus_millis(-1))] {
        let count = store.fold_items(known, 0, |count: &mut usize, item| {
            *count += 1 + item.history.len().min(1);
            assert!(item.history.is_sorted_by_key(|change| change.at), "{}", item.id);
        });
        told += &shape(count.await);
    }
    let connection = ConnectionId("jira".into());
    told += &shape(store.changed_since(0).await.map(|items| items.len()));
    told += &shape(store.passes(&connection, 5).await.map(|passes| passes.len()));
    told += &shape(store.walked(&connection).await.map(|walks| walks.len()));
    told += &shape(store.decisions(None).await.map(|rows| rows.len()));
    told += &shape(store.gaps(None).await.map(|rows| rows.len()));
    told
}

/// The history of one item, as bytes.
pub fn stored_histories() -> Target {
    let seeds: Vec<Vec<u8>> = FILLED.1.iter().rev().take(6).cloned().collect();
    assert!(seeds.iter().any(|seed| seed.len() > 100), "histories are stored");
    Target {
        name: "stored_histories",
        seeds,
        words: &["\u{0}", "\u{1}", "\u{7f}", "PAY-1", "In review", "\u{fffd}"],
        run: |input| {
            DAMAGED.with(|cell| {
                let own = cell.get_or_init(Damaged::new);
                let one =
                    "UPDATE items SET facts = ?1 WHERE rowid = (SELECT min(rowid) FROM items)";
                own.raw.execute(one, [input]).unwrap();
                own.runtime.block_on(read(&own.store, &own.clock))
            })
        },
    }
}

/// One value of any column of any table: the input begins with the numbers of both.
pub fn stored_values() -> Target {
    let values = ["", "x", "1", "-9223372036854775808", "9223372036854775807", "1e308", "\u{0}"];
    Target {
        name: "stored_values",
        seeds: (0..40_u8)
            .zip(values.iter().cycle())
            .map(|(at, value)| [&[at, at.wrapping_mul(7), at % 4], value.as_bytes()].concat())
            .collect(),
        words: &["-1", "0", "9223372036854775807", "jira", "PAY", "\u{0}"],
        run: |input| {
            let [table, column, kind, rest @ ..] = input else { return "too short".into() };
            DAMAGED.with(|cell| {
                let own = cell.get_or_init(Damaged::new);
                let names = |sql: &str| -> Vec<String> {
                    let mut rows = own.raw.prepare(sql).unwrap();
                    rows.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
                };
                let tables = names("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name");
                let table = &tables[usize::from(*table) % tables.len()];
                let columns = names(&format!("SELECT name FROM pragma_table_info('{table}') ORDER BY cid"));
                let column = &columns[usize::from(*column) % columns.len()];
                let text = String::from_utf8_lossy(rest).into_owned();
                let value: rusqlite::types::Value = match kind % 4 {
                    0 => text.into(),
                    1 => rest.to_vec().into(),
                    2 => text.trim().parse::<i64>().unwrap_or(i64::MIN).into(),
                    _ => text.trim().parse::<f64>().unwrap_or(f64::MAX).into(),
                };
                own.raw.execute_batch("SAVEPOINT kept").unwrap();
                let one = format!(
                    "UPDATE {table} SET {column} = ?1 WHERE rowid = (SELECT min(rowid) FROM {table})"
                );
                // A key that is there twice, or a type that the table does not take.
                let done = own.raw.execute(&one, [value]).is_ok();
                own.raw.execute_batch("RELEASE kept").unwrap();
                let told = own.runtime.block_on(read(&own.store, &own.clock));
                // The next input finds the table as it was.
                if done && table == "meta" {
                    own.raw.execute_batch("UPDATE meta SET value = 4 WHERE name = 'schema'").unwrap();
                }
                format!("{table}.{column} {done} {told}")
            })
        },
    }
}
