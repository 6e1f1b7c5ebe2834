//! Who works, who takes over, and how soon.

use std::time::{Duration, Instant};

use futures::future::join_all;
use serde_json::Value;
use streamgauge::clock::{Clock, SystemClock};
use streamgauge::sim::jira;

use super::company::{CONNECTIONS, Company, wait};
use super::wire::State;
use crate::kill::compare::Stored;
use crate::support::process::{client, get};

/// How long a lease lasts without being renewed.
const TTL: Duration = Duration::from_secs(30);

/// Whether the long variants run as well.
fn nightly() -> bool {
    std::env::var_os("TEST_NIGHTLY").is_some()
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_processes_start_at_once_on_an_empty_database_and_one_does_the_work() {
    let mut company = Company::new(8, 8, "").await;
    let starts = company.houses.iter().map(|house| house.folder.serve());
    let daemons = join_all(starts).await;
    for (house, daemon) in company.houses.iter_mut().zip(daemons) {
        house.daemon = Some(daemon);
        let log = house.log();
        assert!(!log.contains("ERROR") && !log.contains("WARN"), "{log}");
    }
    company.passed(streamgauge::model::Timestamp::MIN).await;
    company.all_ready().await;
    let passes = "SELECT COUNT(*) FROM passes";
    assert_eq!(company.cluster.count(passes).await, 2, "each connection is walked once");
    let swept = "SELECT COUNT(*) FROM scopes WHERE swept_at IS NULL";
    wait(async || company.cluster.count(swept).await == 0, "the first sweep").await;

    // Each page tells the same, and its own name.
    let mut workers = Vec::new();
    let mut names = Vec::new();
    for house in &company.houses {
        let daemon = house.daemon.as_ref().unwrap();
        let (code, text) = get(&client(), &daemon.at("/api/v1/status")).await.unwrap();
        assert_eq!(code, 200, "{text}");
        let status: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(status["shared"], true);
        names.push(status["process"].as_str().unwrap().to_owned());
        let all = status["connections"].as_array().unwrap();
        workers.push(all.iter().map(|one| one["worked_by"].clone()).collect::<Vec<_>>());
    }
    assert!(workers.iter().all(|told| *told == workers[0]), "{workers:?}");
    for worker in &workers[0] {
        assert!(names.iter().any(|name| worker == name), "{worker} is one of {names:?}");
    }
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 8);
    Stored::read(&company.cluster.url()).await.assert_equals_trackers(&company.stage);
    for nth in 0..8 {
        company.stop(nth).await;
    }
}

/// A webhook that only a process which stands by hears of is followed by the one that works.
#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_at_any_process_is_followed_by_the_one_that_works_and_a_stop_hands_over() {
    let mut company = Company::new(5, 3, "").await;
    for nth in 0..3 {
        company.start(nth).await;
    }
    let first = company.covered(&[]).await;
    company.passed(streamgauge::model::Timestamp::MIN).await;
    let worker = company.on_duty("jira").await.unwrap();
    let aside = (0..3).find(|nth| *nth != worker).unwrap();

    // Search does not show these edits for an hour, so that the webhook alone tells of them.
    let site = company.stage.jira.as_ref().unwrap().site.clone();
    jira::lock(&site).index_lag.least = Duration::from_secs(3_600);
    company.postman.lose();
    let mut latencies = Vec::new();
    for nth in 0..5 {
        let title = format!("seen by a webhook alone ({nth})");
        {
            let mut site = jira::lock(&site);
            let id = *site.dump().keys().nth(nth).unwrap();
            site.edit(id, &jira::Edit::Summary(title.clone())).unwrap();
        }
        let since = Instant::now();
        company.deliver(&[aside]).await;
        company.followed().await;
        latencies.push(since.elapsed());
        let stored = Stored::read(&company.cluster.url()).await;
        assert!(stored.has_title("jira", &title), "what the webhook named was read");
    }
    println!("webhook at a process that stands by, until it was followed: {latencies:?}");
    assert_eq!(company.postman.lost, 0);

    // Nobody but the worker asks the trackers anything.
    let before = company.cluster.count("SELECT COUNT(*) FROM passes").await;
    let mut handed = Vec::new();
    let mut worker = first;
    for _ in 0..3 {
        let ended = company.stop(worker).await;
        let since = Instant::now();
        company.covered(&[worker]).await;
        handed.push((ended, since.elapsed()));
        let after = company.covered(&[worker]).await;
        company.start(worker).await;
        worker = after;
    }
    println!("SIGTERM: (end of the process, then take-over): {handed:?}");
    for (ended, taken) in handed {
        assert!(ended < Duration::from_secs(10) && taken < TTL, "given back, not run out");
    }
    assert!(company.cluster.count("SELECT COUNT(*) FROM passes").await > before);
    company.followed().await;
}

/// The tracker is cut off from the process that works: another one, that reaches it, takes over.
#[tokio::test(flavor = "multi_thread")]
async fn who_cannot_reach_the_tracker_lets_another_process_try() {
    let mut company = Company::new(6, 2, "").await;
    for nth in 0..2 {
        company.start(nth).await;
    }
    company.covered(&[]).await;
    company.passed(streamgauge::model::Timestamp::MIN).await;
    let worker = company.on_duty("jira").await.unwrap();
    let other = 1 - worker;
    company.houses[worker].jira.set(State::Cut);
    company.houses[worker].github.set(State::Cut);
    let since = Instant::now();
    for nth in 0..20 {
        company.edit(5);
        company.deliver(&[nth % 2]).await;
    }
    assert!(company.postman.accepted > 0);
    company.covered(&[worker]).await;
    println!("tracker cut off from the worker: another took over after {:?}", since.elapsed());
    company.followed().await;
    println!("and every hint was followed after {:?}", since.elapsed());
    assert_eq!(company.on_duty("jira").await, Some(other));
    assert_eq!(company.ready(worker).await, 200, "it still answers");
    Stored::read(&company.cluster.url()).await.assert_equals_trackers(&company.stage);
}

/// With the real length of a lease. `TEST_NIGHTLY=1` measures more of them.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_or_paused_process_held_is_taken_over_when_its_time_is_up() {
    let mut company = Company::new(9, 2, "").await;
    company.watch().await;
    for nth in 0..2 {
        company.start(nth).await;
    }
    let mut worker = company.covered(&[]).await;
    company.passed(streamgauge::model::Timestamp::MIN).await;
    let rounds = if nightly() { 6 } else { 1 };
    for round in 0..rounds {
        let since = Instant::now();
        let is_kill = round % 2 == 0;
        if is_kill {
            company.kill(worker);
        } else {
            company.houses[worker].daemon.as_ref().unwrap().signal("STOP");
        }
        let next = company.covered(&[worker]).await;
        let taken = since.elapsed();
        println!("{}: taken over after {taken:?}", if is_kill { "kill -9" } else { "SIGSTOP" });
        assert!(taken < TTL * 3, "{taken:?}");
        if is_kill {
            company.start(worker).await;
        } else {
            company.houses[worker].daemon.as_ref().unwrap().signal("CONT");
            wait(async || company.ready(worker).await == 200, "it wakes").await;
        }
        company.edit(5);
        company.deliver(&[0, 1]).await;
        company.followed().await;
        worker = next;
    }
    let since = SystemClock.now();
    for connection in CONNECTIONS {
        // Whoever works begins its turn with a look at everything.
        assert!(company.cluster.on_duty(connection).await.is_some());
    }
    company.stop(worker).await;
    company.passed(since).await;
    let (writes, zombies) = company.cluster.witnessed().await;
    println!("{writes} writes, {zombies} without the lease");
    assert!(writes > 0 && zombies == 0);
}
