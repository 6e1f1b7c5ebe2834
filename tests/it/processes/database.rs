//! The database goes away, is restarted, loses commits, refuses and is silent.

use std::sync::Arc;
use std::time::Instant;

use http::StatusCode;
use streamgauge::clock::{Clock, SystemClock};
use streamgauge::model::{ConnectionId, Timestamp};
use streamgauge::store::Store;

use super::cluster::Cluster;
use super::company::{Company, wait};
use super::wire::{AtCommit, State};
use crate::kill::compare::Stored;
use crate::support::process::{client, send};

async fn webhook(company: &Company, nth: usize) -> StatusCode {
    let daemon = company.houses[nth].daemon.as_ref().unwrap();
    loop {
        company.edit(1);
        if let Some(request) = company.postman.waiting("jira", daemon).pop_front() {
            return send(&client(), request).await.unwrap().status();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_goes_away_is_told_and_what_was_accepted_before_is_followed_after() {
    let mut company = Company::new(11, 2, "").await;
    for nth in 0..2 {
        company.start(nth).await;
    }
    company.covered(&[]).await;
    company.passed(Timestamp::MIN).await;
    assert_eq!(webhook(&company, 0).await, StatusCode::ACCEPTED);

    company.cluster.order("stop");
    for nth in 0..2 {
        wait(async || company.ready(nth).await == 503, "the process says that it is not ready")
            .await;
        assert_eq!(webhook(&company, nth).await, StatusCode::SERVICE_UNAVAILABLE);
    }
    company.cluster.order("start");
    let since = Instant::now();
    company.all_ready().await;
    println!("ready {:?} after the database", since.elapsed());
    let began = SystemClock.now();
    company.covered(&[]).await;
    company.followed().await;
    println!("at work {:?} after the database", since.elapsed());

    // Every session is ended by the server, and nobody hears of it.
    for _ in 0..3 {
        let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                   WHERE application_name = 'streamgauge'";
        company.cluster.run(sql).await;
        for nth in 0..2 {
            assert_eq!(webhook(&company, nth).await, StatusCode::ACCEPTED, "on a new session");
        }
    }
    // The database is silent for one process: that one says so, and ends when it is told to.
    let worker = company.on_duty("jira").await.unwrap();
    company.houses[worker].database.set(State::Silent);
    wait(async || company.ready(worker).await == 503, "the process is cut off").await;
    assert_eq!(webhook(&company, worker).await, StatusCode::SERVICE_UNAVAILABLE);
    let (code, took) = company.end(worker).await;
    println!("SIGTERM while the database is silent: ended after {took:?}");
    // Whether anything was in hand then is chance; the code says it, and the log what.
    let log = company.houses[worker].log();
    let gave_up = log.contains("gave up waiting for");
    assert_eq!(code, Some(if gave_up { 4 } else { 0 }), "{log}");
    company.cluster.outlive(&company.houses[worker].process).await;
    company.covered(&[worker]).await;
    company.heal(worker);
    company.start(worker).await;
    company.stop(1 - worker).await;
    company.passed(began).await;
    company.followed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn commits_whose_outcome_is_unknown_lose_nothing_and_double_nothing() {
    let mut company = Company::new(12, 1, "").await;
    company.start(0).await;
    company.covered(&[]).await;
    company.passed(Timestamp::MIN).await;
    let rounds = std::env::var("TEST_ROUNDS").map_or(30, |n| n.parse::<u64>().unwrap());
    let (mut accepted, mut refused) = (0, 0);
    for round in 0..rounds {
        let at = if round % 2 == 0 { AtCommit::Unsent } else { AtCommit::Unheard };
        company.houses[0].database.lose_commit(at);
        match webhook(&company, 0).await {
            StatusCode::ACCEPTED => accepted += 1,
            StatusCode::SERVICE_UNAVAILABLE => refused += 1,
            other => panic!("{other}"),
        }
        company.deliver(&[0]).await;
        let sprung = async || company.houses[0].database.sprung() > round;
        wait(sprung, "a commit loses its connection").await;
    }
    let sprung = company.houses[0].database.sprung();
    println!("{sprung} commits cut; webhooks: {accepted} accepted, {refused} asked to come again");
    company.followed().await;
    company.stop(0).await;
    let began = SystemClock.now();
    company.postman.lose();
    company.start(0).await;
    company.passed(began).await;
    company.followed().await;
    company.stop(0).await;
    Stored::read(&company.cluster.url()).await.assert_equals_trackers(&company.stage);
}

/// A process is cut off within a transaction that locks the row of its lease.
#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_left_open_does_not_hold_the_lease_for_ever() {
    let mut company = Company::new(13, 2, "").await;
    for nth in 0..2 {
        company.start(nth).await;
    }
    company.covered(&[]).await;
    company.passed(Timestamp::MIN).await;
    let worker = company.on_duty("jira").await.unwrap();
    let open = "SELECT COUNT(*) FROM pg_stat_activity \
                WHERE state = 'idle in transaction' AND application_name = 'streamgauge'";
    company.houses[worker].database.lose_commit(AtCommit::Held);
    wait(
        async || {
            company.edit(1);
            company.cluster.count(open).await > 0
        },
        "a transaction is left open",
    )
    .await;
    let since = Instant::now();
    company.cluster.outlive(&company.houses[worker].process).await;
    company.covered(&[worker]).await;
    println!("a transaction was left open: taken over after {:?}", since.elapsed());
    company.deliver(&[1 - worker]).await;
    company.followed().await;
    company.heal(worker);
    wait(async || company.ready(worker).await == 200, "the process is back").await;
}

/// Others are in the way: the server undoes the transaction, and it is run again.
#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_that_the_server_undoes_is_run_again() {
    let cluster = tokio::task::spawn_blocking(Cluster::start).await.unwrap();
    let store = Store::open(&cluster.url(), Arc::new(SystemClock)).await.unwrap();
    let jira = ConnectionId("jira".into());
    for code in ["40001", "40P01", "55P03"] {
        // A sequence counts although the transaction is undone.
        cluster
            .run(&format!(
                "CREATE SEQUENCE tries;
                 CREATE FUNCTION undo() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                     IF nextval('tries') < 5 THEN RAISE 'in the way' USING ERRCODE = '{code}'; END IF;
                     RETURN NEW;
                 END $$;
                 CREATE TRIGGER undo BEFORE INSERT OR UPDATE ON hints FOR EACH ROW
                     EXECUTE FUNCTION undo()"
            ))
            .await;
        let hints = vec![format!("after {code}")];
        store.put_hints(&jira, hints, Timestamp::from_millis(0)).await.unwrap();
        assert_eq!(cluster.count("SELECT last_value FROM tries").await, 5, "{code}");
        // A conflict that never ends is told.
        cluster
            .run("ALTER SEQUENCE tries RESTART; ALTER SEQUENCE tries INCREMENT -1 MINVALUE -99")
            .await;
        let hints = vec!["never".to_owned()];
        let told = store.put_hints(&jira, hints, Timestamp::from_millis(0)).await.unwrap_err();
        assert!(told.to_string().contains("in the way"), "{told}");
        cluster.run("DROP TRIGGER undo ON hints; DROP FUNCTION undo; DROP SEQUENCE tries").await;
    }
    let hints = store.take_hints(&jira, Timestamp::from_millis(1), 9).await.unwrap();
    assert_eq!(hints.len(), 3);
}
