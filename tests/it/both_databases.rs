//! The whole path on both databases: trackers over HTTP, sync, signals and digest must not know
//! which one is below.

use std::sync::Arc;

use streamgauge::clock::{ManualClock, SharedClock};
use streamgauge::demo::{Demo, Source};
use streamgauge::digests::{compose, markdown};
use streamgauge::gauge::Moment;
use streamgauge::model::Timestamp;
use streamgauge::signals::Scope;
use streamgauge::sim::story::{self, Size};
use streamgauge::sync::{Silent, Stop};

use crate::support::postgres;

async fn digest(url: &str) -> String {
    let now = Timestamp::parse("2026-06-17T09:30:00Z").expect("a valid instant");
    let clock: SharedClock = ManualClock::at(now);
    let source = Source::from(story::generate(7, now, Size::Test));
    let demo = Demo::open_at(source, url, Arc::clone(&clock)).await.expect("the demo opens");
    for outcome in demo.sync(&Silent, &Stop::never()).await {
        assert!(outcome.complete, "{}: {:?}", outcome.connection, outcome.problem);
    }
    let moment = Moment { as_of: Some(now), known: None };
    let report = demo.gauge.report(moment, &Scope::Portfolio).await.expect("a report");
    let mut digest = compose(&report);
    // The clock advances with every pause that the sync takes, which may differ.
    digest.dateline.clear();
    markdown::render(&digest)
}

#[tokio::test(flavor = "multi_thread")]
async fn both_databases_tell_the_same_digest() {
    let folder = tempfile::tempdir().expect("a folder");
    let sqlite = digest(&format!("sqlite:{}/gauge.db", folder.path().display())).await;
    let postgres = digest(&postgres::database("whole_path").await).await;
    assert!(sqlite.contains("Wallet"), "{sqlite}");
    assert_eq!(sqlite, postgres);
}
