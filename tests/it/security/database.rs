//! PostgreSQL with the least rights: one role makes the tables, another one works with them.

use std::sync::Arc;

use streamgauge::clock::{ManualClock, SharedClock, SystemClock};
use streamgauge::demo::{Demo, Source};
use streamgauge::gauge::Moment;
use streamgauge::model::Timestamp;
use streamgauge::signals::Scope;
use streamgauge::sim::story::{self, Size};
use streamgauge::store::Store;
use streamgauge::sync::{Silent, Stop};

use crate::support::postgres;

const ROLE: &str = "gauge_worker";
/// What the documentation tells to grant, once the tables are there.
const GRANTS: &str = include_str!("../../../src/docs/security.md");

async fn run(url: &str, sql: &str) -> Result<(), tokio_postgres::Error> {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await?;
    let ended = streamgauge::spawn::Spawner::tokio();
    ended.spawn("connection", async move { drop(connection.await) });
    client.batch_execute(sql).await
}

/// The address for another role.
fn by(url: &str, role: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap();
    let place = rest.rsplit_once('@').map_or(rest, |(_, place)| place);
    format!("{scheme}://{role}:worker@{place}")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_may_not_change_the_schema_does_all_the_work() {
    let url = postgres::database("least_rights").await;
    let clock: SharedClock = Arc::new(SystemClock);
    Store::open(&url, clock).await.unwrap();
    let role = format!(
        "DO $$ BEGIN CREATE ROLE {ROLE} LOGIN PASSWORD 'worker' NOSUPERUSER NOCREATEDB; \
         EXCEPTION WHEN duplicate_object THEN NULL; END $$;"
    );
    run(&url, &role).await.unwrap();
    let told = GRANTS.split("```sql\n").nth(1).unwrap().split("```").next().unwrap();
    run(&url, &format!("REVOKE CREATE ON SCHEMA public FROM PUBLIC; {told}")).await.unwrap();
    let worker = by(&url, ROLE);
    for forbidden in [
        "CREATE TABLE mine (a INT)",
        "DROP TABLE items",
        "ALTER TABLE items ADD COLUMN a INT",
        "TRUNCATE items",
        "CREATE ROLE other",
        "COPY items TO PROGRAM 'true'",
    ] {
        assert!(run(&worker, forbidden).await.is_err(), "{forbidden}");
    }

    // A whole life: pulls of both trackers, hints, sweeps, signals, a digest, a restart.
    let now = Timestamp::parse("2026-06-17T09:30:00Z").unwrap();
    let clock: SharedClock = ManualClock::at(now);
    let story = story::generate(7, now, Size::Test);
    let demo = Demo::open_at(Source::from(story), &worker, Arc::clone(&clock)).await.unwrap();
    for outcome in demo.sync(&Silent, &Stop::never()).await {
        assert!(outcome.complete, "{}: {:?}", outcome.connection, outcome.problem);
    }
    let moment = Moment { as_of: Some(now), known: None };
    let report = demo.gauge.report(moment, &Scope::Portfolio).await.unwrap();
    assert!(!report.findings.is_empty());
    let store = Store::open(&worker, Arc::clone(&clock)).await.unwrap();
    let connection = streamgauge::model::ConnectionId("jira".into());
    store.put_hints(&connection, vec!["1".into()], clock.now()).await.unwrap();
    assert!(store.counts().await.unwrap().items > 100);
    Store::open_read_only(&worker, clock).await.unwrap();
}
