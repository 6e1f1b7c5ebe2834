//! A database that was damaged while nobody looked is refused at the start, by name and with the
//! mend, and never changed.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::every;
use super::house::House;

/// A store that was filled and closed in order.
async fn filled(seed: u64) -> House {
    let house = House::new(seed).await;
    let synced = house.town.folder.run(&["sync"]).await;
    assert!(matches!(synced.code, Some(0 | 3)), "{}", synced.err);
    house
}

/// Whether `serve` and `sync` refuse the file as it lies there, in one line that names the mend.
async fn refused(house: &House, what: &str, bytes: &[u8]) {
    let database = house.town.folder.database();
    fs::write(&database, bytes).unwrap();
    for command in ["serve", "sync"] {
        let ended = house.town.folder.run(&[command]).await;
        assert_eq!(ended.code, Some(2), "{what}: {command}: {}{}", ended.out, ended.err);
        assert_eq!(ended.err.lines().count(), 1, "{what}: {command}: {}", ended.err);
        assert!(ended.err.contains("streamgauge.db"), "{what}: {command}: {}", ended.err);
        let mends = ["`streamgauge restore FILE`", "move it away", "use the newer program"];
        let told = mends.iter().any(|mend| ended.err.contains(mend));
        assert!(told, "{what}: {command}: {}", ended.err);
    }
    assert!(fs::read(&database).unwrap() == bytes, "{what}: the file is left as it is");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_database_is_refused_and_left_alone() {
    let mut house = filled(71).await;
    damaged_before(&house).await;
    newer(&house).await;
    damaged_in_flight(&mut house).await;
}

async fn damaged_before(house: &House) {
    let good = fs::read(house.town.folder.database()).unwrap();
    let ends = ends_of_values(&house.town.folder.database());
    let page = usize::from(u16::from_be_bytes([good[16], good[17]]));
    let pages = good.len() / page;
    assert!(pages > 20, "{pages} pages of {page} bytes");
    let with = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = good.clone();
        change(&mut bytes);
        bytes
    };
    refused(house, "empty", b"").await;
    refused(house, "a text", b"Notes about the move\n").await;
    refused(house, "first half", &good[..good.len() / 2]).await;
    refused(house, "last page missing", &good[..good.len() - page]).await;
    refused(house, "torn in a page", &good[..good.len() - page - 100]).await;
    refused(house, "name flipped", &with(&|b| b[3] ^= 1)).await;
    refused(house, "page size flipped", &with(&|b| b[16] ^= 0x7f)).await;
    let (mut tried, mut unseen) = (0, 0);
    for number in (1..pages).step_by(every(pages / 4)) {
        let range = number * page..(number + 1) * page;
        for (what, byte) in [("zeros", 0), ("ones", 0xff)] {
            if byte == 0 && ends.contains(&number) {
                unseen += 1;
                continue;
            }
            let what = format!("page {number} of {what}");
            refused(house, &what, &with(&|b| b[range.clone()].fill(byte))).await;
            tried += 1;
        }
    }
    println!(
        "damage: {} kinds and {tried} pages refused of {pages}; {unseen} hold the end of a value",
        7
    );
    fs::write(house.town.folder.database(), &good).unwrap();
    let again = house.town.folder.run(&["sync"]).await;
    assert!(matches!(again.code, Some(0 | 3)), "{}", again.err);
}

/// Pages, from 0, that hold nothing but the last part of a long value. Such a page of zeros is a
/// value like any other: only a checksum of each value would tell.
fn ends_of_values(database: &Path) -> BTreeSet<usize> {
    let db = rusqlite::Connection::open(database).unwrap();
    let size: u32 = db.pragma_query_value(None, "page_size", |row| row.get(0)).unwrap();
    let mut pages = db.prepare("SELECT pageno FROM dbstat WHERE pagetype = 'overflow'").unwrap();
    let pages = pages.query_map([], |row| row.get::<_, u32>(0)).unwrap();
    let bytes = fs::read(database).unwrap();
    let is_last = |page: &usize| bytes[page * size as usize..][..4] == [0; 4];
    pages.map(|page| page.unwrap() as usize - 1).filter(is_last).collect()
}

/// A newer program wrote it.
async fn newer(house: &House) {
    let database = house.town.folder.database();
    let good = fs::read(&database).unwrap();
    let db = rusqlite::Connection::open(&database).unwrap();
    db.execute_batch(
        "UPDATE meta SET value = 1000 WHERE name = 'schema'; PRAGMA wal_checkpoint(TRUNCATE)",
    )
    .unwrap();
    drop(db);
    refused(house, "newer", &fs::read(&database).unwrap()).await;
    fs::write(&database, good).unwrap();
}

/// Damage that is met only while the daemon runs ends it; the next start refuses the file.
async fn damaged_in_flight(house: &mut House) {
    use std::os::unix::fs::FileExt;
    let mut daemon = house.settled().await;
    house.tell(&daemon, 3).await;
    house.town.no_hints_left().await;
    let database = house.town.folder.database();
    // What the log holds would hide the damage.
    let other = rusqlite::Connection::open(&database).unwrap();
    other.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    drop(other);
    let file = fs::OpenOptions::new().write(true).open(&database).unwrap();
    let size = usize::try_from(file.metadata().unwrap().len()).unwrap();
    file.write_all_at(&vec![0xff; size - 4096], 4096).unwrap();
    drop(file);
    house.tell(&daemon, 3).await;
    assert_eq!(daemon.code().await, Some(1), "{}", house.log());
    let log = house.log();
    assert!(log.lines().last().unwrap().contains("streamgauge.db is damaged; put a"), "{log}");
    let again = house.town.folder.run(&["serve"]).await;
    assert_eq!(again.code, Some(2), "{}", again.err);
    assert!(again.err.contains("is damaged; put a backup"), "{}", again.err);
}
