//! The disk fails beneath a running daemon.

use super::every;
use super::faults::{
    DATABASE, DRAFT, EIO, ENOSPC, EROFS, EVERY, Fault, INDEX, LOG, OPEN, POWER_CUT, SYNC, TRUNCATE,
    WRITE,
};
use super::house::House;
use crate::support::process::eventually;

const STORE: u32 = DATABASE | LOG | INDEX | DRAFT;

/// How often the log says something.
fn times(log: &str, what: &str) -> usize {
    log.lines().filter(|line| line.contains(what)).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_disk_is_full_failing_or_slow_nothing_acknowledged_is_lost() {
    let mut house = House::new(44).await;
    full_from_any_write_on(&mut house).await;
    full_for_a_while(&mut house).await;
    a_full_disk_with_the_log(&mut house).await;
    a_slow_disk(&mut house).await;
}

/// The disk is full from the first, second, third... write on, and has space again.
async fn full_from_any_write_on(house: &mut House) {
    let daemon = house.settled().await;
    let calls = WRITE | TRUNCATE | OPEN;
    house.faults.count(calls, STORE);
    house.tell(&daemon, 3).await;
    house.town.no_hints_left().await;
    let clean = house.faults.seen();
    assert!(clean > 5, "a clean run writes");
    let (mut tried, mut hit) = (0, 0);
    for nth in (1..=clean + 10).step_by(every(7)) {
        let torn = nth % 2 == 0;
        house.faults.arm(Fault { files: STORE, torn, ..Fault::since(nth, calls, ENOSPC) });
        let answers = house.tell(&daemon, 3).await;
        // The write may be one of those that follow the webhook.
        let met = async || house.faults.hit() > 0 || house.waiting().await == 0;
        eventually(met, "the disk is full, or all is followed").await;
        let before = house.passed(&daemon).await;
        (tried, hit) = (tried + 1, hit + u32::from(house.faults.hit() > 0));
        house.recovers(&daemon).await;
        if nth % 10 == 1 && answers.contains(&Some(503)) {
            // What could not be left behind by a webhook is looked for by a pull.
            house.passes(&daemon, before).await;
        }
        assert_eq!(house.lost().await, 0, "no space from write {nth} on");
    }
    println!("no space: {hit} of {tried} points hit; {}", house.figures());
    assert!(hit > 3 && house.turned_away > 0 && house.accepted > 0, "{}", house.figures());
    house.ends_well(daemon).await;
}

/// Pages go on, everybody is told, and the log says it once.
async fn full_for_a_while(house: &mut House) {
    for (error, why) in [
        (ENOSPC, "no space is left for"),
        (EROFS, "failed (Read-only file system"),
        (EIO, "failed (Input/output error"),
    ] {
        let daemon = house.settled().await;
        assert_eq!(house.page(&daemon, "/readyz").await, (200, "ready\n".to_owned()));
        house.faults.arm(Fault { files: STORE, ..Fault::since(1, WRITE | TRUNCATE, error) });
        for _ in 0..10 {
            assert_eq!(house.tell(&daemon, 5).await, [Some(503); 5]);
        }
        let (code, told) = house.page(&daemon, "/readyz").await;
        assert_eq!(code, 503, "{told}");
        assert!(told.contains(why) && told.contains("streamgauge.db"), "{told}");
        assert!(told.contains(", since 20"), "{told}");
        for path in ["/", "/map", "/api/v1/report"] {
            let (code, told) = house.page(&daemon, path).await;
            assert_eq!(code, 200, "{path}: {told}");
            assert!(path != "/" || told.contains("nothing new can be stored"), "{path}");
        }
        let (code, told) = house.page(&daemon, "/status").await;
        assert!(code == 200 && told.contains("nothing new can be stored"), "{told}");
        let (_, told) = house.page(&daemon, "/api/v1/status").await;
        let told: serde_json::Value = serde_json::from_str(&told).unwrap();
        assert_eq!(
            (&told["store"]["reads"], &told["store"]["writes"]),
            (&true.into(), &false.into())
        );
        assert!(told["store"]["problem"].as_str().unwrap().contains(why), "{told}");
        let (_, metrics) = house.page(&daemon, "/metrics").await;
        assert!(metrics.contains("streamgauge_store_fails 1"), "{metrics}");
        house.recovers(&daemon).await;
        assert_eq!(house.tell(&daemon, 3).await, [Some(202); 3]);
        let told = async || times(&house.log(), "the database answers again") == 1;
        eventually(told, "the log tells the end").await;
        let log = house.log();
        assert_eq!(times(&log, "the database fails"), 1, "{log}");
        assert!(times(&log, "WARN") + times(&log, "ERROR") <= 2, "{log}");
        println!("{why}: {}", house.figures());
        house.ends_well(daemon).await;
    }
}

/// The log of the daemon lies on the same full disk, which must end nobody.
async fn a_full_disk_with_the_log(house: &mut House) {
    let daemon = house.settled().await;
    let before = house.passed(&daemon).await;
    house.faults.arm(Fault::since(1, WRITE | TRUNCATE | OPEN, ENOSPC));
    assert_eq!(house.tell(&daemon, 5).await, [Some(503); 5]);
    assert_eq!(house.page(&daemon, "/readyz").await.0, 503);
    assert!(house.faults.hit() > 0);
    house.recovers(&daemon).await;
    house.passes(&daemon, before).await;
    house.ends_well(daemon).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_failed_fsync_the_daemon_ends_and_the_next_one_checks() {
    let mut house = House::new(47).await;
    let mut daemon = house.settled().await;
    let mut turned_away = 0;
    for nth in (1..=9).step_by(every(4)) {
        house.faults.arm(Fault { files: STORE, count: 1, ..Fault::since(nth, SYNC, EIO) });
        for _ in 0..10 {
            if house.faults.hit() > 0 {
                break;
            }
            house.tell(&daemon, 3).await;
        }
        assert_eq!(house.faults.hit(), 1, "fsync {nth}");
        assert_eq!(daemon.code().await, Some(1), "{}", house.log());
        let log = house.log();
        assert!(log.contains("did not keep what was written (fsync: "), "{log}");
        let last = log.lines().last().unwrap();
        assert!(
            last.starts_with("streamgauge: the disk of ") && last.contains("start again"),
            "{last}"
        );
        turned_away = house.turned_away + house.unanswered;
        house.faults.heal();
        daemon = house.town.folder.serve().await;
        let log = house.log();
        assert!(log.contains("the whole database was checked and is sound"), "{log}");
        assert_eq!(house.lost().await, 0, "fsync {nth} failed");
    }
    assert!(turned_away > 0, "the commit was reported as failed");
    println!("fsync: {}", house.figures());
    house.ends_well(daemon).await;
    let daemon = house.town.folder.serve().await;
    assert!(!house.log().contains("was checked"), "it is checked once");
    house.ends_well(daemon).await;
}

/// Webhooks share their waits for it.
async fn a_slow_disk(house: &mut House) {
    let daemon = house.settled().await;
    house.faults.count(SYNC, LOG);
    house.faults.slow(50_000);
    for _ in 0..3 {
        assert_eq!(house.tell(&daemon, 40).await, [Some(202); 40]);
    }
    let syncs = house.faults.seen();
    println!("slow disk: 120 webhooks accepted with {syncs} fsyncs of 50 ms");
    assert!(syncs < 60, "{syncs} fsyncs");
    house.faults.slow(0);
    house.faults.count(SYNC, EVERY);
    house.ends_well(daemon).await;
}

/// What no fsync has followed is lost in part, at any call; what was acknowledged is not.
#[tokio::test(flavor = "multi_thread")]
async fn after_a_power_cut_everything_acknowledged_is_there() {
    let mut house = House::new(49).await;
    // While everything is read for the first time, the log is merged again and again.
    let calls = WRITE | SYNC | TRUNCATE;
    house.faults.count(calls, STORE);
    let clean = house.town.folder.run(&["sync"]).await;
    assert!(matches!(clean.code, Some(0 | 3)), "{}", clean.err);
    let all = house.faults.seen();
    let database = house.town.folder.database();
    for nth in (1..=9).map(|tenth| all * tenth / 10).step_by(every(3)) {
        for ending in ["", "-wal", "-shm", ".lock"] {
            let _ = std::fs::remove_file(format!("{}{ending}", database.display()));
        }
        house.faults.lose_unsynced(nth);
        house.faults.arm(Fault { files: STORE, count: 1, ..Fault::since(nth, calls, POWER_CUT) });
        let cut = house.town.folder.run(&["sync"]).await;
        assert_eq!((cut.code, house.faults.hit()), (None, 1), "call {nth}: {}", cut.err);
        house.faults.heal();
        let db = rusqlite::Connection::open(&database).unwrap();
        let whole: String = db.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(whole, "ok", "call {nth}");
        drop(db);
        let again = house.town.folder.run(&["sync"]).await;
        assert!(matches!(again.code, Some(0 | 3)), "call {nth}: {}", again.err);
        let stored = crate::kill::compare::Stored::read(&house.town.folder.url()).await;
        stored.assert_equals_trackers(&house.town.stage);
    }
    let mut daemon = house.settled().await;
    let (mut cuts, mut accepted) = (0, 0);
    for nth in (1..=40).step_by(every(8)) {
        house.faults.lose_unsynced(1_000 + nth);
        house.faults.arm(Fault { files: STORE, count: 1, ..Fault::since(nth, calls, POWER_CUT) });
        while house.faults.hit() == 0 {
            house.tell(&daemon, 2).await;
        }
        assert_eq!(daemon.code().await, None, "killed");
        house.faults.heal();
        daemon = house.town.folder.serve().await;
        assert_eq!(house.lost().await, 0, "power cut at call {nth}");
        (cuts, accepted) = (cuts + 1, house.accepted);
    }
    println!(
        "power: {cuts} cuts of the daemon, {accepted} accepted, 0 lost; {all} calls of a sync"
    );
    house.ends_well(daemon).await;
}
