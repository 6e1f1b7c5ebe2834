//! The disk fails while a command starts or runs once.

use super::every;
use super::faults::{EIO, ENOSPC, EROFS, EVERY, Fault, OPEN, OTHER, SYNC, TRUNCATE, WRITE};
use super::house::House;
use crate::kill::compare::Stored;

/// Everything but the files that the test itself reads.
const STORE: u32 = EVERY & !OTHER;

#[tokio::test(flavor = "multi_thread")]
async fn commands_on_a_disk_that_fails_say_so_and_the_next_one_goes_on() {
    let mut house = House::new(61).await;
    // A first sync for each write would use up an hour's budget.
    house.town.stage.github.as_ref().unwrap().site.with_limits(|limits| {
        (limits.core_hourly, limits.graphql_hourly) = (u64::MAX / 2, u64::MAX / 2);
        (limits.core_minutely, limits.graphql_minutely) = (u64::MAX / 2, u64::MAX / 2);
    });
    full(&mut house).await;
    refusing(&house).await;
    full_for_output(&house).await;
}

/// `sync` into a new file, with space up to some write.
async fn full(house: &mut House) {
    let calls = WRITE | TRUNCATE | OPEN;
    house.faults.count(calls, STORE);
    let clean = house.town.folder.run(&["sync"]).await;
    assert!(matches!(clean.code, Some(0 | 3)), "{}", clean.err);
    let writes = house.faults.seen();
    assert!(writes > 50, "{writes} writes");
    let points: Vec<u32> = if every(2) == 1 {
        (1..30).chain((30..=writes).step_by(25)).collect()
    } else {
        vec![1, 2, 7, writes / 3, writes - 5]
    };
    for nth in &points {
        for file in ["", "-wal", "-shm", ".lock"] {
            let path = format!("{}{file}", house.town.folder.database().display());
            let _ = std::fs::remove_file(path);
        }
        house.faults.arm(Fault {
            files: STORE,
            torn: nth % 2 == 0,
            ..Fault::since(*nth, calls, ENOSPC)
        });
        let full = house.town.folder.run(&["sync"]).await;
        // Runs differ by a few writes, so the last ones may not come.
        assert!(house.faults.hit() > 0 || nth + 100 > writes, "write {nth}");
        let told = full.err.contains("no space is left for") && full.err.contains("streamgauge.db");
        house.faults.heal();
        if !(matches!(full.code, Some(1 | 3)) && told) {
            // Only the merging of the log met the end: whoever says nothing has stored everything.
            assert!(matches!(full.code, Some(0 | 3)), "write {nth}: {:?} {}", full.code, full.err);
            let stored = Stored::read(&house.town.folder.url()).await;
            stored.assert_equals_trackers(&house.town.stage);
        }
        assert!(full.err.lines().count() < 12, "write {nth}: {}", full.err);
        let again = house.town.folder.run(&["sync"]).await;
        assert!(matches!(again.code, Some(0 | 3)), "write {nth}: {}", again.err);
        let stored = Stored::read(&house.town.folder.url()).await;
        stored.assert_equals_trackers(&house.town.stage);
    }
    println!("sync on a full disk: {} of {writes} points", points.len());
    house.town.postman.lose();
}

/// A disk that refuses to be written or to keep what was.
async fn refusing(house: &House) {
    let synced = house.town.folder.run(&["sync"]).await;
    assert!(matches!(synced.code, Some(0 | 3)), "{}", synced.err);
    for (error, why, code) in [(EROFS, "Read-only file system", 1), (EIO, "Input/output error", 1)]
    {
        house.faults.arm(Fault { files: EVERY, ..Fault::since(1, OPEN, error) });
        for command in ["serve", "sync"] {
            // The answer goes to files that are opened by the test.
            let ended = house.town.folder.run(&[command]).await;
            assert_eq!(ended.code, Some(code), "{command}: {}", ended.err);
            assert_eq!(ended.err.lines().count(), 1, "{command}: {}", ended.err);
            let told = ended.err.contains("streamgauge.db") && ended.err.contains(why);
            assert!(told, "{command}: {}", ended.err);
        }
        house.faults.heal();
    }
    // A file that can be opened and not written: the file system became read-only meanwhile.
    house.faults.arm(Fault { files: STORE, ..Fault::since(1, WRITE, EROFS) });
    let ended = house.town.folder.run(&["serve"]).await;
    assert_eq!(ended.code, Some(1), "{}", ended.err);
    assert!(ended.err.lines().last().unwrap().contains("streamgauge.db"), "{}", ended.err);
    house.faults.heal();
    // An fsync that fails at the start.
    house.faults.arm(Fault { files: STORE, count: 1, ..Fault::since(1, SYNC, EIO) });
    let ended = house.town.folder.run(&["sync"]).await;
    assert_eq!(ended.code, Some(1), "{}", ended.err);
    assert!(ended.err.contains("the database is checked first"), "{}", ended.err);
    house.faults.heal();
    let again = house.town.folder.run(&["sync"]).await;
    assert!(matches!(again.code, Some(0 | 3)), "{}", again.err);
    assert!(again.err.contains("was checked and is sound"), "{}", again.err);
    Stored::read(&house.town.folder.url()).await.assert_equals_trackers(&house.town.stage);
}

/// `digest > file` on a full disk is not done.
async fn full_for_output(house: &House) {
    house.faults.arm(Fault { files: OTHER, count: 1, ..Fault::since(1, WRITE, ENOSPC) });
    let ended = house.town.folder.run(&["schema", "settings"]).await;
    assert_eq!(ended.code, Some(1), "{}", ended.err);
    assert!(ended.err.contains("standard output could not be written: No space"), "{}", ended.err);
}
