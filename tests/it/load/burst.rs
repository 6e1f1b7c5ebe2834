//! Thousands of signed deliveries at once: what was acknowledged is stored, whatever happens to
//! the process; what was not is told so.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::desk::{Desk, SECRET, address};
use crate::support::drive::{Load, Plan, delivery, drive, memory_kb};
use crate::support::postgres;
use crate::support::process::{Daemon, eventually};

/// Deliveries of one burst; `TEST_DELIVERIES` and `TEST_KILLS` choose longer runs.
const COUNT: usize = 2_000;
const KILLS: usize = 1;
/// The number of the first issue.
const FIRST: usize = 1_000_000;
/// All at once: far more than a debug build answers in a second.
const RATE: f64 = 100_000.0;
/// What the process may take with all this waiting, in kB.
const MEMORY_KB: u64 = 256 << 10;

fn from_environment(name: &str, usual: usize) -> usize {
    std::env::var(name).map_or(usual, |number| number.parse().unwrap())
}

/// One issue for each delivery, beginning with the number `first`.
fn deliveries(first: usize, count: usize) -> Vec<Arc<[u8]>> {
    (0..count).map(|nth| delivery("jira", SECRET, &(first + nth).to_string())).collect()
}

async fn burst(daemon: &Daemon, all: &[Arc<[u8]>], connections: usize) -> Load {
    let (address, count) = (address(daemon), all.len());
    let plan = Plan { address, from: 1, connections, count, rate: RATE };
    drive(&plan, |nth| Arc::clone(&all[nth])).await
}

/// Deliveries with 202 that are not stored.
async fn lost(desk: &Desk, load: &Load, first: usize) -> Vec<usize> {
    let stored: BTreeSet<String> = desk.hinted().await;
    let good = load.sent.iter().filter(|sent| sent.status == 202).map(|sent| first + sent.nth);
    good.filter(|issue| !stored.contains(&issue.to_string())).collect()
}

async fn endured(store: &str, url: Option<String>) {
    let desk = Desk::new(url).await;
    let mut daemon = desk.folder.serve().await;

    // As many as one address is sure to get of the seats.
    let count = from_environment("TEST_DELIVERIES", COUNT);
    let all = deliveries(FIRST, count);
    let load = burst(&daemon, &all, 500).await;
    let memory = memory_kb(daemon.pid(), "VmHWM");
    let [middle, high] = load.percentiles([0.5, 0.99]);
    let (good, busy) = (load.with(202), load.with(503));
    let last = load.sent.iter().map(|sent| sent.at).max().unwrap();
    let begin = load.sent.iter().map(|sent| sent.at).min().unwrap();
    println!(
        "{store}: {count} sent in {:?}, answered in {:?}: {good} x 202, {busy} x 503, {} without an \
         answer; p50 {middle:.0} ms, p99 {high:.0} ms, largest memory {memory:?} kB",
        last - begin,
        load.took,
        load.with(0)
    );
    assert_eq!(lost(&desk, &load, FIRST).await, Vec::<usize>::new(), "{store}");
    // A connection that is turned away may be reset before its 503 is read.
    assert_eq!(load.without(202), busy + load.with(0), "{store}: an answer is 202 or 503");
    assert!(good >= count / 2, "{store}: {good} were accepted");
    assert!(memory.is_none_or(|kb| kb < MEMORY_KB), "{store}: {memory:?} kB");

    // kill -9 in the middle, then an orderly stop in the middle.
    let kills = from_environment("TEST_KILLS", KILLS);
    for (nth, signal) in std::iter::repeat_n("KILL", kills).chain(["TERM"]).enumerate() {
        let first = FIRST + (nth + 1) * count;
        let all = deliveries(first, count);
        let some = async {
            let own = first..first + count;
            let enough = async || {
                let stored = desk.hinted().await;
                let stored = stored.iter().filter(|id| own.contains(&id.parse().unwrap()));
                stored.count() > COUNT / 20
            };
            eventually(enough, "some of the burst is stored").await;
            daemon.signal(signal);
        };
        let (load, ()) = tokio::join!(burst(&daemon, &all, 64), some);
        let code = daemon.code().await;
        let (good, gone) = (load.with(202), load.with(0));
        println!("{store}: SIG{signal} after {good} of {count}, {gone} without an answer");
        assert!(good > 0 && gone > 0, "{store}: SIG{signal} came in the middle");
        assert_eq!(code, (signal == "TERM").then_some(0), "{store}: SIG{signal}");
        assert_eq!(lost(&desk, &load, first).await, Vec::<usize>::new(), "{store}: SIG{signal}");
        daemon = desk.folder.serve().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_acknowledged_delivery_outlives_a_burst_a_kill_and_a_stop() {
    endured("SQLite", None).await;
    endured("PostgreSQL", Some(postgres::database("burst").await)).await;
}
