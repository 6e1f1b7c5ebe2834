//! A backup beside a running daemon, and what comes after it is restored.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::house::House;
use crate::kill::compare::Stored;
use crate::support::postgres;
use crate::support::process::Folder;

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_was_restored_catches_up_with_the_trackers() {
    let mut house = House::new(91).await;
    let daemon = house.town.folder.serve().await;
    house.passes(&daemon, 0).await;
    house.town.no_hints_left().await;
    let (path, database) = (house.town.folder.path().to_owned(), house.town.folder.database());
    let file = path.join("monday.backup");
    let name = file.to_str().unwrap();
    // Beside the daemon, while webhooks come in.
    let running = house.town.folder.start(&["backup", name]);
    let told = house.tell(&daemon, 20).await;
    let ended = running.end().await;
    assert_eq!(told, [Some(202); 20]);
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    assert!(ended.out.contains(" items, 0 decisions") && ended.out.contains("; checked"));
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let before = fs::read(&file).unwrap();
    let again = house.town.folder.run(&["backup", name]).await;
    assert_eq!(again.code, Some(2), "{}", again.err);
    assert!(again.err.contains("exists already, and a backup replaces nothing"), "{}", again.err);
    assert!(fs::read(&file).unwrap() == before);
    // The daemon holds the store.
    let held = house.town.folder.run(&["restore", name]).await;
    assert_eq!(held.code, Some(2), "{}", held.err);
    assert!(held.err.contains("is in use by another streamgauge process; stop it"), "{}", held.err);

    // Life goes on.
    let passed = house.passed(&daemon).await;
    for _ in 0..30 {
        house.town.edit();
    }
    house.town.postman.deliver(&daemon).await;
    house.tell(&daemon, 10).await;
    house.town.no_hints_left().await;
    assert!(house.passed(&daemon).await >= passed);
    house.ends_well(daemon).await;
    let decided = house.town.folder.run(&["decide", "stop", "portfolio", "--why", "x"]).await;
    assert_eq!(decided.code, Some(0), "{}", decided.err);

    let db = rusqlite::Connection::open(&database).unwrap();
    db.execute_batch(
        "INSERT INTO ticks VALUES ('monday', '2026-06-15T07:00', 1, 'planned', 1);
         INSERT INTO digests (digest, due, channel, state, content, token, attempts, claim_until)
         VALUES ('monday', '2026-06-15T07:00', 'file:digests', 'sent', '{}', 1, 1, 0)",
    )
    .unwrap();
    drop(db);

    let restored = house.town.folder.run(&["restore", name]).await;
    assert_eq!(restored.code, Some(0), "{}", restored.err);
    assert!(
        restored.out.contains("1 digest sent after the backup will not be"),
        "{}",
        restored.out
    );
    let kept = "the database that was there is kept as ";
    let kept = restored.out.lines().find_map(|line| line.strip_prefix(kept)).unwrap().to_owned();
    assert!(
        restored.out.contains("only that one holds 1 decision, 0 readings and 0 integration"),
        "{}",
        restored.out
    );
    Stored::read(&format!("sqlite:{kept}")).await.assert_equals_trackers(&house.town.stage);
    assert_eq!(fs::metadata(&database).unwrap().permissions().mode() & 0o777, 0o600);
    let left: Vec<_> = fs::read_dir(&path)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains(".part"))
        .collect();
    assert!(left.is_empty(), "{left:?}");

    // The cursor is as old as the data: one sync reads what changed since.
    let synced = house.town.folder.run(&["sync", "--sweep"]).await;
    assert!(matches!(synced.code, Some(0 | 3)), "{}", synced.err);
    let stored = Stored::read(&house.town.folder.url()).await;
    stored.assert_equals_trackers(&house.town.stage);
    let fresh = Folder::new(&house.town.stage, &house.town.gate, &house.town.portfolio);
    let sync = fresh.run(&["sync"]).await;
    assert!(matches!(sync.code, Some(0 | 3)), "{}", sync.err);
    stored.assert_equals(&Stored::read(&fresh.url()).await);
    moves_to_a_server_and_back(&house).await;
    refused(&house).await;
}

/// A backup is a file for either database.
async fn moves_to_a_server_and_back(house: &House) {
    let path = house.town.folder.path();
    let (first, second) = (path.join("first.backup"), path.join("second.backup"));
    let (first, second) = (first.to_str().unwrap(), second.to_str().unwrap());
    let done = house.town.folder.run(&["backup", first]).await;
    assert_eq!(done.code, Some(0), "{}", done.err);
    let url = postgres::database("restored").await;
    let server = Folder::new(&house.town.stage, &house.town.gate, &house.town.portfolio)
        .env("STREAMGAUGE_STORE__URL", &url);
    let restored = server.run(&["restore", first]).await;
    assert_eq!(restored.code, Some(0), "{}", restored.err);
    assert!(restored.out.contains("1 digest that were sent"), "{}", restored.out);
    let there = Stored::read(&url).await;
    there.assert_equals_trackers(&house.town.stage);
    let again = server.run(&["restore", first]).await;
    assert_eq!(again.code, Some(2), "{}", again.err);
    assert!(again.err.contains("holds a store already, and nothing is replaced"), "{}", again.err);
    let done = server.run(&["backup", second]).await;
    assert_eq!(done.code, Some(0), "{}", done.err);
    let dump = |file: &str| {
        let db = rusqlite::Connection::open(file).unwrap();
        let names = "SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'leases'";
        let mut names = db.prepare(names).unwrap();
        let names: Vec<String> =
            names.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
        let mut rows = Vec::new();
        for name in names {
            let mut all = db.prepare(&format!("SELECT * FROM {name}")).unwrap();
            let columns = all.column_count();
            let row = |row: &rusqlite::Row<'_>| {
                let value = |n| row.get::<_, rusqlite::types::Value>(n);
                let values: Vec<_> = (0..columns).map(value).collect::<Result<_, _>>()?;
                Ok(format!("{name} {values:?}"))
            };
            rows.extend(all.query_map([], row).unwrap().map(Result::unwrap));
        }
        rows.sort();
        rows
    };
    let (before, after) = (dump(first), dump(second));
    assert!(before.len() > 2_000, "{} rows", before.len());
    let odd = before.iter().find(|row| after.binary_search(row).is_err());
    assert!(before == after, "{} and {} rows; {odd:?}", before.len(), after.len());
    println!("backup: {} rows to PostgreSQL and back, every one equal", before.len());
    let synced = server.run(&["sync"]).await;
    assert!(matches!(synced.code, Some(0 | 3)), "{}", synced.err);
}

/// What is no backup is not restored.
async fn refused(house: &House) {
    let folder = &house.town.folder;
    let (path, database) = (folder.path().to_owned(), folder.database());
    let good = fs::read(&database).unwrap();
    let file = path.join("some.file");
    let name = file.to_str().unwrap();
    let mut damaged = good.clone();
    let size = damaged.len();
    damaged[size - 4096..].fill(0xff);
    let newer = {
        let copy = path.join("newer.db");
        fs::write(&copy, &good).unwrap();
        let db = rusqlite::Connection::open(&copy).unwrap();
        db.execute_batch(
            "PRAGMA journal_mode = DELETE; UPDATE meta SET value = 1000 WHERE name = 'schema'",
        )
        .unwrap();
        drop(db);
        fs::read(copy).unwrap()
    };
    let other = {
        let copy = path.join("other.db");
        let db = rusqlite::Connection::open(&copy).unwrap();
        db.execute_batch("CREATE TABLE notes (text TEXT)").unwrap();
        drop(db);
        fs::read(copy).unwrap()
    };
    for (bytes, why) in [
        (b"Notes about the move\n".to_vec(), "is not a SQLite database"),
        (Vec::new(), "is a database of another program"),
        (good[..size / 2].to_vec(), "is damaged"),
        (damaged, "is damaged"),
        (other, "is a database of another program"),
        (newer, "has schema version 1000, and this program knows"),
    ] {
        fs::write(&file, &bytes).unwrap();
        let ended = folder.run(&["restore", name]).await;
        assert_eq!(ended.code, Some(2), "{why}: {}", ended.err);
        assert!(ended.err.contains(&format!("some.file {why}")), "{why}: {}", ended.err);
        assert!(fs::read(&database).unwrap() == good, "{why}: what is there stays");
        assert!(fs::read(&file).unwrap() == bytes, "{why}: the file stays");
    }
    let absent = folder.run(&["restore", "nowhere.db"]).await;
    assert_eq!(absent.code, Some(2));
    assert!(absent.err.contains("nowhere.db does not exist"), "{}", absent.err);
    let nowhere = path.join("nowhere/monday.backup");
    let ended = folder.run(&["backup", nowhere.to_str().unwrap()]).await;
    assert_eq!(ended.code, Some(1), "{}", ended.err);
    assert!(ended.err.contains("was not written: cannot write into"), "{}", ended.err);
    let names: Vec<_> = fs::read_dir(&path).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(!names.iter().any(|name| name.to_string_lossy().contains(".part")), "{names:?}");
}
