//! Killed at any write of a migration, the schema is the old one or the new one, and the next start
//! goes on.

use std::path::Path;

use super::every;
use super::faults::{
    DATABASE, EVERY, Fault, INDEX, KILL, LOG, OPEN, POWER_CUT, SYNC, TRUNCATE, WRITE,
};
use super::house::House;

/// Every step, in order.
fn steps() -> Vec<String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/store/migrations");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = files.collect();
    files.sort();
    files.iter().map(|file| std::fs::read_to_string(file).unwrap()).collect()
}

/// A database as a program that knew `version` steps left it.
fn old(path: &Path, version: usize) {
    for ending in ["", "-wal", "-shm", ".lock"] {
        let _ = std::fs::remove_file(format!("{}{ending}", path.display()));
    }
    let db = rusqlite::Connection::open(path).unwrap();
    db.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA application_id = 0x53674175;
         CREATE TABLE meta (name TEXT PRIMARY KEY, value BIGINT NOT NULL)",
    )
    .unwrap();
    for (done, step) in steps()[..version].iter().enumerate() {
        db.execute_batch(&step.replace("{blob}", "BLOB")).unwrap();
        let sql = "INSERT INTO meta VALUES ('schema', ?1)
            ON CONFLICT (name) DO UPDATE SET value = excluded.value";
        db.execute(sql, [done as i64 + 1]).unwrap();
    }
}

/// The version that the database says, and its schema as SQLite tells it.
fn schema(path: &Path) -> (i64, Vec<String>) {
    let db = rusqlite::Connection::open(path).unwrap();
    let whole: String = db.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(whole, "ok");
    let version = "SELECT value FROM meta WHERE name = 'schema'";
    let version = db.query_row(version, [], |row| row.get(0)).unwrap_or(0);
    let sql =
        "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name <> 'meta' ORDER BY name";
    let mut statement = db.prepare(sql).unwrap();
    let texts = statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>();
    (version, texts.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_write_of_a_migration_the_schema_is_one_of_the_two() {
    let house = House::new(81).await;
    let path = house.town.folder.database();
    let known: Vec<Vec<String>> = (0..=steps().len())
        .map(|version| {
            old(&path, version);
            schema(&path).1
        })
        .collect();
    let calls = WRITE | SYNC | TRUNCATE | OPEN;
    let store = EVERY & (DATABASE | LOG | INDEX);
    let (mut kills, mut seen) = (0, [0; 2]);
    for from in [0, 1] {
        old(&path, from);
        house.faults.count(calls, store);
        let clean = house.town.folder.run(&["decide", "stop", "portfolio", "--why", "x"]).await;
        assert_eq!(clean.code, Some(0), "{}", clean.err);
        let newest = schema(&path);
        let all = house.faults.seen();
        assert!(all > 8, "{all} calls");
        for nth in (1..=all).step_by(every(7)) {
            for action in [KILL, POWER_CUT] {
                old(&path, from);
                house.faults.lose_unsynced(nth * 31 + action);
                house.faults.arm(Fault {
                    files: store,
                    count: 1,
                    ..Fault::since(nth, calls, action)
                });
                let killed =
                    house.town.folder.run(&["decide", "stop", "portfolio", "--why", "x"]).await;
                assert_eq!(
                    (killed.code, house.faults.hit()),
                    (None, 1),
                    "call {nth}: {}",
                    killed.err
                );
                house.faults.heal();
                let (version, texts) = schema(&path);
                let version = usize::try_from(version).unwrap();
                assert!(version >= from, "call {nth}: version {version}");
                match known.get(version) {
                    Some(known) => assert_eq!(&texts, known, "call {nth}: version {version}"),
                    None => assert_eq!(texts, newest.1, "call {nth}: version {version}"),
                }
                seen[usize::from(version > from)] += 1;
                kills += 1;
                let again =
                    house.town.folder.run(&["decide", "stop", "portfolio", "--why", "x"]).await;
                assert_eq!(again.code, Some(0), "call {nth}: {}", again.err);
                assert_eq!(schema(&path), newest, "call {nth}");
            }
        }
    }
    let [before, after] = seen;
    println!(
        "migrations: {kills} kills; {before} left the old schema, {after} a newer one, 0 between"
    );
    assert!(before > 0 && after > 0);
}
