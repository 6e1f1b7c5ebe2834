//! The write-ahead log stays small whoever reads.

use std::path::Path;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use streamgauge::clock::{Clock, ManualClock, SystemClock};
use streamgauge::model::ConnectionId;
use streamgauge::store::{Store, StoreError};

fn size(log: &Path) -> u64 {
    std::fs::metadata(log).map_or(0, |data| data.len())
}

/// Writes until the log has this size, or so many times.
async fn fill(store: &Store, log: &Path, wanted: u64, most: usize) {
    let jira = ConnectionId("jira".into());
    for round in 0..most {
        if size(log) >= wanted {
            return;
        }
        let ids = (0..200).map(|n| format!("{}", (n * 7919 + round * 104_729) % 100_000));
        store.put_hints(&jira, ids.collect(), SystemClock.now()).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_a_reader_holds_begins_anew_when_it_is_released() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("streamgauge.db-wal");
    let url = format!("sqlite:{}", folder.path().join("streamgauge.db").display());
    let store = Store::open(&url, Arc::new(SystemClock)).await.unwrap();
    // Nobody reads: the log never gets long.
    fill(&store, &log, u64::MAX, 150).await;
    let alone = size(&log);
    assert!(alone < 6 << 20, "{alone} bytes");
    // A snapshot of another process is held all the time.
    let reader = rusqlite::Connection::open(folder.path().join("streamgauge.db")).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM hints").unwrap();
    fill(&store, &log, 20 << 20, 1_000).await;
    let held = size(&log);
    assert!(held >= 20 << 20, "{held} bytes");
    reader.execute_batch("COMMIT").unwrap();
    fill(&store, &log, u64::MAX, 200).await;
    let after = size(&log);
    println!("log: {alone} bytes alone, {held} while held, {after} afterwards");
    assert!(after < 6 << 20, "{after} bytes");
}

/// A large store on a slow machine is read to its end; ten minutes are the end of patience.
#[tokio::test(flavor = "multi_thread")]
async fn a_read_of_all_items_ends_after_ten_minutes() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("streamgauge.db").display());
    let clock = ManualClock::at(SystemClock.now());
    let store = Store::open(&url, clock.clone()).await.unwrap();
    // More than is read ahead: whoever folds the first one holds the reader up.
    let items = 5_000;
    crate::store_story::put_many(&store, items).await;
    let read_for = async |seconds: u64| {
        let (slow, (begun, begins)) = (store.clone(), mpsc::channel());
        let (go_on, goes_on) = mpsc::channel::<()>();
        let read = async move {
            let fold = move |n: &mut usize, _| {
                if *n == 0 {
                    begun.send(()).unwrap();
                    goes_on.recv().unwrap();
                }
                *n += 1;
            };
            slow.fold_items(None, 0, fold).await
        };
        let later = async {
            tokio::task::spawn_blocking(move || begins.recv().unwrap()).await.unwrap();
            clock.advance(Duration::from_secs(seconds));
            go_on.send(()).unwrap();
        };
        futures::future::join(read, later).await.0
    };
    assert_eq!(read_for(300).await, Ok(items), "pages give up after half a minute, this does not");
    let answer = read_for(601).await;
    let Err(StoreError::Unavailable(why)) = answer else { panic!("{answer:?}") };
    assert!(why.contains("took too long"), "{why}");
    assert_eq!(read_for(1).await, Ok(items), "the next one reads");
}
