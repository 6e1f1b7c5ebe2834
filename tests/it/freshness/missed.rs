//! Deliveries that failed are read back from GitHub's log, where the credential may read it.

use streamgauge::sim::github::HookRights;

use crate::github_app::house::{House, Proof};

const SCOPES: [&str; 1] = ["northwind/checkout"];

/// A house that has read everything, with issues that were closed while nobody could be reached.
async fn after_an_outage(proof: Proof, closed: usize) -> House {
    let house = House::open(Vec::new(), &SCOPES, proof).await;
    house.install(1, "northwind");
    let repository = house.repository("northwind", "checkout", 0);
    let ids: Vec<u64> = (0..closed).map(|n| house.issue(repository, &format!("{n}"))).collect();
    house.wait(60);
    house.complete().await;
    drop(house.site.take_deliveries());
    house.wait(60);
    house.site.edit(|edits| ids.iter().try_for_each(|id| edits.close(*id, "completed"))).unwrap();
    assert_eq!(house.site.fail_deliveries(502), closed);
    house.wait(5);
    house
}

fn posts(house: &House) -> Vec<String> {
    let log = house.site.requests();
    let posts = log.counts.keys().filter(|key| key.starts_with("POST"));
    posts
        .filter(|key| !key.contains("graphql") && !key.contains("access_tokens"))
        .cloned()
        .collect()
}

fn asked_below(house: &House, start: &str) -> u64 {
    let log = house.site.requests();
    log.counts.iter().filter(|(key, _)| key.starts_with(start)).map(|(_, count)| count).sum()
}

#[tokio::test]
async fn an_app_reads_its_failed_deliveries_back_once() {
    let house = after_an_outage(Proof::App, 7).await;
    let missed = house.missed().await;
    assert_eq!((missed.problem.clone(), missed.discovered), (None, 7), "{missed:?}");
    assert_eq!(house.counts().await.hints, 7);
    let hinted = house.refresh().await;
    assert_eq!((hinted.read, hinted.changed), (7, 7));
    house.assert_equals_site().await;
    assert_eq!(asked_below(&house, "GET /app/hook/deliveries"), 8, "a list and seven payloads");

    // The next look asks for the list alone, and takes only what failed since.
    house.wait(60);
    assert_eq!(house.missed().await.discovered, 0);
    assert_eq!(asked_below(&house, "GET /app/hook/deliveries"), 9);
    assert_eq!(posts(&house), Vec::<String>::new(), "nothing is asked to be sent again");
}

#[tokio::test]
async fn more_than_a_look_reads_is_left_to_a_pull() {
    let house = after_an_outage(Proof::App, 650).await;
    let missed = house.missed().await;
    assert_eq!(missed.problem, None);
    assert_eq!(missed.discovered, 500, "five pages");
    assert!(missed.scan && missed.sweep, "{missed:?}");
    assert!(missed.notes[0].contains("a pull and a sweep find the rest"), "{:?}", missed.notes);
    let asked = asked_below(&house, "GET /app/hook/deliveries");
    println!("650 failed deliveries: {asked} requests, {} hints", house.counts().await.hints);
    assert_eq!(asked, 105);
    assert_eq!(house.counts().await.hints, 100);
    house.complete().await;
    house.assert_equals_site().await;
}

#[tokio::test]
async fn what_github_has_forgotten_is_found_by_pulls() {
    let house = after_an_outage(Proof::App, 3).await;
    house.wait(4 * 24 * 60);
    let missed = house.missed().await;
    assert_eq!((missed.problem, missed.discovered), (None, 0));
    house.complete().await;
    house.assert_equals_site().await;
}

#[tokio::test]
async fn a_token_that_may_read_webhooks_finds_ours() {
    for place in ["repos/northwind/checkout", "orgs/northwind"] {
        let house = after_an_outage(Proof::Token, 3).await;
        house.site.set_hook_rights(HookRights::Admin);
        let other = house.site.register_webhook(place, "https://a.example/webhooks/other");
        let ours = house.site.register_webhook(place, "https://a.example/webhooks/github?x=1");
        let missed = house.missed().await;
        assert_eq!((missed.problem.clone(), missed.discovered), (None, 3), "{place}: {missed:?}");
        assert_eq!(house.refresh().await.changed, 3, "{place}");
        house.assert_equals_site().await;
        let log = |id| asked_below(&house, &format!("GET /{place}/hooks/{id}/deliveries"));
        assert_eq!((log(ours), log(other)), (4, 0), "{place}: the log of our webhook only");
        assert_eq!(posts(&house), Vec::<String>::new());
        house.wait(60);
        assert_eq!(house.missed().await.discovered, 0, "{place}: nothing is taken twice");
        assert_eq!(log(ours), 5, "{place}: where the log is stays known");
    }
}

/// A webhook that nobody registered is no lack of a right.
#[tokio::test]
async fn without_a_webhook_there_is_nothing_to_say() {
    let house = after_an_outage(Proof::Token, 1).await;
    house.site.set_hook_rights(HookRights::Admin);
    let missed = house.missed().await;
    assert_eq!((missed.problem, missed.discovered), (None, 0));
    assert_eq!(missed.notes, Vec::<String>::new());
}

#[tokio::test]
async fn without_the_right_it_is_said_once_a_day_and_pulls_cover_it() {
    for rights in [HookRights::Hidden, HookRights::Forbidden] {
        let house = after_an_outage(Proof::Token, 3).await;
        house.site.set_hook_rights(rights);
        let missed = house.missed().await;
        assert_eq!((missed.problem, missed.discovered), (None, 0), "{rights:?}");
        assert!(missed.notes[0].contains("found by pulls and sweeps"), "{:?}", missed.notes);
        let asked = asked_below(&house, "GET /");
        house.wait(60);
        assert_eq!(house.missed().await.notes, Vec::<String>::new());
        assert_eq!(asked_below(&house, "GET /"), asked, "not asked again the same day");
        house.complete().await;
        house.assert_equals_site().await;
    }
}
