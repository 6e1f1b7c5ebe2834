//! Tokens end, are revoked, and are asked for again.

use std::time::Duration;

use streamgauge::sim::github::{Fault, Installation, On};
use streamgauge::sync::Problem;

use super::house::{House, Proof};

const GRANTS: &str = "POST /app/installations/1/access_tokens";

async fn house(proof: Proof) -> House {
    let house = House::open(Vec::new(), &["northwind/pay", "northwind/ship"], proof).await;
    house.install(1, "northwind");
    house.repository("northwind", "pay", 120);
    house.repository("northwind", "ship", 120);
    house
}

#[tokio::test]
async fn a_token_is_renewed_in_the_middle_of_a_long_pass() {
    let house = house(Proof::App).await;
    // Every answer takes twenty minutes: the pass is longer than the life of three tokens.
    house.site.with_faults(|faults| {
        faults.add(On::GraphQl, Fault::Delay(Duration::from_secs(20 * 60)), 1_000);
    });
    house.complete().await;
    house.assert_equals_site().await;
    // Probe, two catalogues, two walks of three pages: nine answers in three hours.
    assert_eq!(house.asked("POST /graphql"), 9);
    assert_eq!(house.asked(GRANTS), 3, "renewed before the end, so that nothing is refused");
}

#[tokio::test]
async fn a_token_is_kept_until_shortly_before_its_end() {
    let house = house(Proof::App).await;
    house.complete().await;
    house.wait(54);
    house.complete().await;
    assert_eq!(house.asked(GRANTS), 1);
    house.wait(2);
    house.complete().await;
    assert_eq!(house.asked(GRANTS), 2);
}

#[tokio::test]
async fn a_refused_token_is_replaced_once_and_the_question_asked_again() {
    let house = house(Proof::App).await;
    house.site.with_faults(|faults| {
        faults.add_after(4, On::GraphQl, Fault::Status(401), 1);
    });
    house.complete().await;
    house.assert_equals_site().await;
    assert_eq!((house.asked(GRANTS), house.asked("POST /graphql")), (2, 10));

    house.site.revoke_tokens();
    house.complete().await;
    assert_eq!(house.asked(GRANTS), 3);

    // A site that refuses every token is not asked for ever.
    house.site.with_faults(|faults| faults.add(On::GraphQl, Fault::Status(401), 1_000));
    let before = house.asked("POST /graphql");
    let outcome = house.pass().await;
    assert!(matches!(outcome.problem, Some(Problem::Unauthorized(_))), "{outcome:?}");
    assert!(outcome.told().unwrap().contains("refuses (401) a token that it gave to App 4711"));
    assert_eq!(house.asked("POST /graphql") - before, 2);
    assert_eq!(house.counts().await.removed, 0);
}

#[tokio::test]
async fn an_app_that_is_uninstalled_ends_the_pass_and_removes_nothing() {
    let house = house(Proof::App).await;
    house.complete().await;
    let known = house.items().await;
    house.site.uninstall(1);
    for _ in 0..3 {
        let outcome = house.pass().await;
        let told = outcome.told().unwrap();
        assert!(matches!(outcome.problem, Some(Problem::Unauthorized(_))), "{told}");
        assert!(told.contains("App 4711") && told.contains("install it"), "{told}");
        // Hints for what cannot be seen conclude nothing either.
        let sources = known.iter().take(3).map(|item| item.id.source.clone()).collect();
        let now = streamgauge::clock::Clock::now(house.clock.as_ref());
        house.store.put_hints(house.tracker.connection(), sources, now).await.unwrap();
        house.refresh().await;
        house.wait(15);
    }
    let counts = house.counts().await;
    assert_eq!((counts.items, counts.removed), (240, 0));

    // Installed anew it has another id, and everything goes on.
    house.install(2, "northwind");
    house.complete().await;
    assert_eq!(house.asked("POST /app/installations/2/access_tokens"), 1);
    assert_eq!(house.counts().await.removed, 0);
}

#[tokio::test]
async fn a_suspended_or_missing_installation_says_what_to_do() {
    let house = house(Proof::App).await;
    let suspended = Installation { suspended: true, ..Installation::at("northwind") };
    house.site.install(1, suspended);
    let told = house.pass().await.told().unwrap();
    assert!(told.contains("installation of App 4711 at northwind is suspended"), "{told}");

    house.site.uninstall(1);
    let told = house.pass().await.told().unwrap();
    assert!(told.contains("not installed at northwind (it is installed nowhere)"), "{told}");

    house.install(2, "eastwind");
    house.install(3, "westwind");
    let told = house.pass().await.told().unwrap();
    assert!(told.contains("(it is installed at eastwind, westwind)"), "{told}");

    house.install(1, "northwind");
    house.complete().await;
}

#[tokio::test]
async fn a_chosen_installation_is_not_looked_up() {
    let house = house(Proof::Installation(1)).await;
    house.install(2, "northwind-labs");
    house.complete().await;
    house.assert_equals_site().await;
    assert_eq!((house.asked("GET /app/installations"), house.asked(GRANTS)), (0, 1));
    house.site.uninstall(1);
    house.wait(60);
    let told = house.pass().await.told().unwrap();
    assert!(told.contains("installation 1 of App 4711 is gone (404)"), "{told}");
}

#[tokio::test]
async fn two_owners_are_two_installations_and_one_of_them_may_be_lost() {
    let house = House::open(Vec::new(), &["northwind/pay", "Southwind/grow"], Proof::App).await;
    house.install(1, "northwind");
    house.install(2, "southwind");
    let pay = house.repository("northwind", "pay", 3);
    let grow = house.repository("southwind", "grow", 120);
    house.complete().await;
    house.assert_equals_site().await;
    assert_eq!(house.asked("POST /app/installations/2/access_tokens"), 1);

    // An id does not tell its owner: both are asked, and nothing is taken to be gone.
    let item = house.issue(grow, "hinted");
    house.site.edit(|edits| edits.label(item, "bug")).unwrap();
    for delivery in house.site.take_deliveries() {
        house.deliver(delivery.event, &delivery.body).await;
    }
    house.refresh().await;
    house.assert_equals_site().await;

    house.site.uninstall(2);
    house.wait(30);
    house.issue(pay, "meanwhile");
    let outcome = house.pass().await;
    let told = outcome.told().unwrap();
    assert!(!outcome.complete && told.contains("Southwind"), "{told}");
    let stored = house.stored().await;
    assert_eq!((stored["northwind/pay"], stored["southwind/grow"]), (4, 121));
    assert_eq!(house.counts().await.removed, 0);
}
