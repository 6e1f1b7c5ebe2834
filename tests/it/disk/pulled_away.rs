//! Somebody removes or replaces files of a database that is in use.

use std::fs;

use super::house::House;

/// Ends with this sentence, and the next daemon has everything that was acknowledged.
async fn ends_with(house: &mut House, daemon: &mut crate::support::process::Daemon, told: &str) {
    assert_eq!(daemon.code().await, Some(1), "{}", house.log());
    let log = house.log();
    let last = log.lines().last().unwrap();
    assert!(last.starts_with("streamgauge: ") && last.contains(told), "{last}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_outlives_the_file_that_is_pulled_away() {
    let mut house = House::new(51).await;
    removed(&mut house).await;
    log_removed(&mut house).await;
    replaced(&mut house).await;
    copied_after_the_end(&mut house).await;
}

/// It is put back.
async fn removed(house: &mut House) {
    let mut daemon = house.settled().await;
    for with_log in [false, true] {
        assert_eq!(house.tell(&daemon, 5).await, [Some(202); 5]);
        let database = house.town.folder.database();
        fs::remove_file(&database).unwrap();
        if with_log {
            fs::remove_file(database.with_extension("db-wal")).unwrap();
            fs::remove_file(database.with_extension("db-shm")).unwrap();
        }
        house.tell(&daemon, 5).await;
        let told = "was removed while it was in use; everything was put back; start again";
        ends_with(house, &mut daemon, told).await;
        daemon = house.town.folder.serve().await;
        assert!(house.log().contains("was checked and is sound"), "{}", house.log());
        assert_eq!(house.lost().await, 0, "acknowledged and lost");
    }
    println!("database removed: {}", house.figures());
    house.ends_well(daemon).await;
}

/// The log is merged.
async fn log_removed(house: &mut House) {
    let mut daemon = house.settled().await;
    assert_eq!(house.tell(&daemon, 5).await, [Some(202); 5]);
    fs::remove_file(house.town.folder.database().with_extension("db-wal")).unwrap();
    house.tell(&daemon, 5).await;
    let told = "-wal was removed or replaced while it was in use; what it held was merged into";
    ends_with(house, &mut daemon, told).await;
    daemon = house.town.folder.serve().await;
    println!("log removed: {}", house.figures());
    house.ends_well(daemon).await;
}

/// What it held can be restored.
async fn replaced(house: &mut House) {
    let mut daemon = house.settled().await;
    let (database, folder) = (house.town.folder.database(), house.town.folder.path().to_owned());
    assert_eq!(house.tell(&daemon, 5).await, [Some(202); 5]);
    // A copy from somewhere else, moved into its place.
    let other = rusqlite::Connection::open(&database).unwrap();
    other.execute("VACUUM INTO ?1", [folder.join("other.db").to_str().unwrap()]).unwrap();
    drop(other);
    assert_eq!(house.tell(&daemon, 5).await, [Some(202); 5]);
    fs::rename(folder.join("other.db"), &database).unwrap();
    house.tell(&daemon, 5).await;
    ends_with(house, &mut daemon, "was replaced while it was in use; what it held is in").await;
    assert!(!database.with_extension("db-wal").exists(), "its log does not lie beside the other");
    let rescued = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let rescued = rescued.filter(|path| path.to_string_lossy().contains(".db.rescued-"));
    let rescued: Vec<_> = rescued.collect();
    assert_eq!(rescued.len(), 1, "{rescued:?}");
    let restored = house.town.folder.run(&["restore", rescued[0].to_str().unwrap()]).await;
    assert_eq!(restored.code, Some(0), "{}", restored.err);
    daemon = house.town.folder.serve().await;
    assert_eq!(house.lost().await, 0, "acknowledged and lost");
    println!("database replaced: {}", house.figures());
    house.ends_well(daemon).await;
}

/// What is there after an orderly end is all in one file: a plain copy is a backup.
async fn copied_after_the_end(house: &mut House) {
    let daemon = house.settled().await;
    assert_eq!(house.tell(&daemon, 20).await, [Some(202); 20]);
    // A command that reads at the end cannot merge the log; the daemon must have.
    let folder = house.town.folder.path().to_owned();
    let reader = rusqlite::Connection::open_with_flags(
        house.town.folder.database(),
        rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY,
    )
    .unwrap();
    let _: i64 = reader.query_row("SELECT count(*) FROM items", [], |row| row.get(0)).unwrap();
    house.ends_well(daemon).await;
    let copy = folder.join("copy.db");
    fs::copy(house.town.folder.database(), &copy).unwrap();
    drop(reader);
    let url = format!("sqlite:{}", copy.display());
    let stored = crate::kill::compare::Stored::read(&url).await;
    stored.assert_equals_trackers(&house.town.stage);
}
