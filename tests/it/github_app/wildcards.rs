//! Owners as scopes: what they mean, and what happens when that changes.

use std::collections::BTreeMap;

use serde_json::json;
use streamgauge::trackers::Fate;

use super::house::{House, Proof};

fn names(house: &House) -> Vec<String> {
    house.tracker.projects()
}

async fn house(proof: Proof) -> House {
    let house = House::open(Vec::new(), &["northwind/*"], proof).await;
    house.install(1, "northwind");
    house
}

async fn an_owner_is_followed_as_it_changes(proof: Proof) {
    let house = house(proof).await;
    let pay = house.repository("northwind", "pay", 4);
    let old = house.repository("northwind", "old", 2);
    let docs = house.repository("northwind", "docs", 1);
    house.repository("southwind", "elsewhere", 5);
    house
        .site
        .edit(|edits| {
            edits.archive_repository(old, true)?;
            edits.enable_issues(docs, false)
        })
        .unwrap();
    let first = house.complete().await;
    assert_eq!(names(&house), ["northwind/pay"]);
    let note = "northwind/* means 1 repository, and leaves out 1 archived (old) and 1 without \
                issues (docs)";
    assert_eq!(first.notes, [note]);
    assert_eq!(house.stored().await, BTreeMap::from([("northwind/pay".to_owned(), 4)]));

    // A new repository shows within the hour, by itself; what was said is not said again.
    let ship = house.repository("northwind", "ship", 3);
    house.wait(30);
    assert!(house.complete().await.notes.is_empty());
    assert_eq!(names(&house), ["northwind/pay"]);
    house.wait(31);
    assert_eq!(house.complete().await.notes.len(), 1);
    assert_eq!(names(&house), ["northwind/pay", "northwind/ship"]);
    assert_eq!(house.stored().await["northwind/ship"], 3);

    // Renamed: the same issues under another name, none lost and none doubled.
    house.site.edit(|edits| edits.rename_repository(pay, "payments")).unwrap();
    house.wait(30);
    house.issue(pay, "after the new name");
    house.complete().await;
    house.complete().await;
    assert_eq!(names(&house), ["northwind/payments", "northwind/ship"]);
    let expected = [("northwind/payments".to_owned(), 5), ("northwind/ship".to_owned(), 3)];
    assert_eq!(house.stored().await, BTreeMap::from(expected));
    assert_eq!(house.counts().await.gaps, 0);

    // Archived and hidden repositories leave the list and keep their items.
    house
        .site
        .edit(|edits| {
            edits.archive_repository(ship, true)?;
            edits.set_hidden(pay, true)
        })
        .unwrap();
    house.wait(61);
    let outcome = house.complete().await;
    assert!(outcome.notes[0].contains("means 0 repositories, and leaves out 2 archived"));
    assert!(names(&house).is_empty());
    assert_eq!(house.stored().await.values().sum::<usize>(), 8);
    assert_eq!(house.counts().await.removed, 0);

    // The list does not say why; a sweep asks for each by itself, twice.
    assert_eq!(house.sweep().await.problem, None);
    assert_eq!(house.counts().await.removed, 0);
    house.wait(15);
    assert_eq!(house.sweep().await.problem, None);
    let told: BTreeMap<String, String> = house
        .items()
        .await
        .into_iter()
        .filter_map(|item| Some((item.attributes.project, item.removed?.departure.to_string())))
        .collect();
    let told: Vec<(&str, &str)> = told.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    let expected = [("northwind/payments", "access-lost"), ("northwind/ship", "project-archived")];
    assert_eq!(told, expected);
    assert!(house.stored().await.is_empty());

    // They are listed again, and are there again.
    house
        .site
        .edit(|edits| {
            edits.archive_repository(ship, false)?;
            edits.set_hidden(pay, false)
        })
        .unwrap();
    house.wait(61);
    house.complete().await;
    assert_eq!(house.sweep().await.problem, None);
    assert_eq!(house.stored().await.values().sum::<usize>(), 8);
}

#[tokio::test]
async fn an_owner_is_followed_by_an_app() {
    an_owner_is_followed_as_it_changes(Proof::App).await;
}

#[tokio::test]
async fn an_owner_is_followed_by_a_token() {
    an_owner_is_followed_as_it_changes(Proof::Token).await;
}

#[tokio::test]
async fn more_repositories_than_a_page_are_all_read() {
    for proof in [Proof::App, Proof::Token] {
        let house = house(proof).await;
        for number in 0..130 {
            house.repository("northwind", &format!("repo-{number}"), 1);
        }
        let outcome = house.complete().await;
        assert_eq!(outcome.notes, ["northwind/* means 130 repositories"]);
        house.assert_equals_site().await;

        // Quiet ones cost nothing of their own, and whatever happens in one of them is seen.
        house.wait(20);
        house.complete().await;
        house.wait(20);
        let before = house.transport.requests();
        house.complete().await;
        assert_eq!(house.transport.requests() - before, 1 + 2, "the probe, two hundreds");
        let late = house.repository("northwind", "repo-late", 0);
        house.wait(61);
        house.complete().await;
        house.issue(late, "the only new one");
        house.wait(20);
        let before = house.transport.requests();
        house.complete().await;
        assert_eq!(house.transport.requests() - before, 1 + 2 + 1, "and one walk");
        house.assert_equals_site().await;
    }
}

#[tokio::test]
async fn a_webhook_of_a_repository_that_is_not_yet_known_is_followed() {
    let house = house(Proof::App).await;
    house.repository("northwind", "pay", 1);
    house.complete().await;
    let _ = house.site.take_deliveries();
    let fresh = house.repository("northwind", "fresh", 0);
    let foreign = house.repository("southwind", "foreign", 0);
    house.issue(fresh, "said by a webhook alone");
    house.issue(foreign, "not ours");
    for delivery in house.site.take_deliveries() {
        house.deliver(delivery.event, &delivery.body).await;
    }
    assert_eq!(names(&house), ["northwind/pay"]);
    house.refresh().await;
    assert_eq!(house.stored().await.get("northwind/fresh"), Some(&1));
    assert_eq!(house.stored().await.get("southwind/foreign"), None);

    // Told that its repositories changed, it asks for them without waiting for the hour.
    let body = json!({"action": "added", "installation": {"id": 1}}).to_string();
    assert!(house.deliver("installation_repositories", body.as_bytes()).await, "scan soon");
    house.complete().await;
    assert_eq!(names(&house), ["northwind/fresh", "northwind/pay"]);
}

#[tokio::test]
async fn an_owner_that_is_lost_is_told_while_the_other_goes_on() {
    let house = House::open(Vec::new(), &["northwind/*", "southwind/*"], Proof::App).await;
    house.install(1, "northwind");
    house.install(2, "southwind");
    let pay = house.repository("northwind", "pay", 1);
    house.repository("southwind", "grow", 1);
    house.complete().await;
    house.site.uninstall(2);
    for _ in 0..2 {
        house.wait(61);
        house.issue(pay, "meanwhile");
        let outcome = house.pass().await;
        let told = outcome.told().unwrap();
        assert!(!outcome.complete && told.contains("southwind"), "{told}");
        assert_eq!(names(&house), ["northwind/pay"]);
    }
    assert_eq!(house.stored().await["northwind/pay"], 3);
    assert_eq!(house.stored().await["southwind/grow"], 1);
    house.install(3, "southwind");
    house.complete().await;
    assert_eq!(names(&house), ["northwind/pay", "southwind/grow"]);
}

/// An installation sees nothing of another owner's private repositories, as if they were gone.
#[tokio::test]
async fn each_owner_is_swept_with_its_own_installation() {
    let house = House::open(Vec::new(), &["northwind/pay", "southwind/grow"], Proof::App).await;
    house.install(1, "northwind");
    house.install(2, "southwind");
    house.repository("northwind", "pay", 2);
    house.repository("southwind", "grow", 3);
    house.complete().await;
    for _ in 0..2 {
        let outcome = house.sweep().await;
        assert!(outcome.problem.is_none() && outcome.left == 0, "{outcome:?}");
        assert_eq!(outcome.discovered, 5, "both are listed");
        house.wait(30);
    }
    let grow = house.items().await.into_iter().find(|i| i.attributes.project == "southwind/grow");
    let grow = grow.unwrap();
    let (source, key) = (grow.id.source, grow.attributes.key);
    let fate = house.tracker.fate(&source, &key).await.unwrap();
    assert_eq!(fate, Fate::Here { key, project: "southwind/grow".into() });

    // One that is uninstalled proves nothing, and the other owner is swept all the same.
    house.site.uninstall(2);
    for _ in 0..2 {
        house.wait(61);
        let outcome = house.sweep().await;
        assert!(outcome.told().unwrap().contains("southwind"), "{outcome:?}");
        assert_eq!((outcome.discovered, outcome.left), (2, 0));
    }
    assert_eq!(house.counts().await.removed, 0);
}
