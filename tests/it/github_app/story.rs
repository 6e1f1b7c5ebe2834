//! The sync story of an App on both databases.

use streamgauge::model::Timestamp;
use streamgauge::sim::github::Fault;
use streamgauge::sim::github::On;
use streamgauge::sim::story::{self, Size};

use super::house::{House, Proof, START};
use crate::support::postgres;

async fn story(database: Option<String>) -> House {
    let now = Timestamp::parse(START).unwrap();
    let records = story::generate(7, now, Size::Test).github;
    let house = House::open_on(database, records, &["northwind/*"], Proof::App).await;
    // More installations than one page holds: the second page must be asked for with the proof.
    for other in 1..=130 {
        house.install(other, &format!("somebody-{other}"));
    }
    house.install(900, "northwind");

    let first = house.complete().await;
    assert_eq!(house.asked("GET /app/installations"), 2);
    assert_eq!(house.asked("POST /app/installations/900/access_tokens"), 1);
    assert_eq!(house.asked("GET /installation/repositories"), 1);
    house.assert_equals_site().await;
    let (items, requests) = (house.counts().await.items, house.transport.requests());
    println!(
        "GitHub App, first sync: {items} items, {requests} requests, {} per 1,000 items",
        requests * 1000 / items
    );
    assert_eq!(first.read, items);
    assert!(requests * 1000 / items < 60, "{requests} requests for {items} items");

    // Nothing changed: no list of repositories, no token, one question for all of them.
    let before = house.transport.requests();
    house.complete().await;
    let quiet = house.transport.requests() - before;
    let repositories = house.tracker.scans().len() as u64;
    println!("GitHub App, nothing changed: {quiet} requests for {repositories} repositories");
    assert_eq!(quiet, 2, "the probe, and when each repository was last touched");

    // People go on, GitHub stumbles, and a day goes by.
    let pay = house.repository("northwind", "story-extra", 30);
    house.site.with_faults(|faults| {
        faults.add_after(2, On::GraphQl, Fault::BadGateway, 2);
        faults.add_after(4, On::GraphQl, Fault::Status(401), 1);
    });
    let ids: Vec<u64> = (0..20).map(|n| house.issue(pay, &format!("more {n}"))).collect();
    house.wait(24 * 60);
    house
        .site
        .edit(|edits| {
            for id in &ids {
                edits.label(*id, "bug")?;
                edits.close(*id, "completed")?;
            }
            Ok(())
        })
        .unwrap();
    house.complete().await;
    house.assert_equals_site().await;
    // Nothing but questions, and the one exchange of the App's key for a token.
    for asked in house.site.requests().counts.keys() {
        let exchange = asked == "POST /app/installations/900/access_tokens";
        let question = asked.starts_with("GET ") || asked.starts_with("POST /graphql");
        assert!(question || exchange, "{asked}");
    }
    house
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_syncs_an_organisation_on_both_databases_alike() {
    let sqlite = story(None).await.items().await;
    let postgres = story(Some(postgres::database("github_app").await)).await.items().await;
    assert_eq!(sqlite.len(), postgres.len());
    let by_id = |mut items: Vec<streamgauge::store::StoredItem>| {
        items.sort_by(|one, other| one.id.source.cmp(&other.id.source));
        items
    };
    for (one, other) in by_id(sqlite).iter().zip(by_id(postgres).iter()) {
        assert_eq!(one.id, other.id);
        assert_eq!(one.attributes, other.attributes);
        assert_eq!(one.history, other.history);
    }
}
