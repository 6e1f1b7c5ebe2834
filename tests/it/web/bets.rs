//! Epics and the roadmap: states, evidence and what the signals say; no end and no figure of how
//! much is done; nothing of it where a framework lacks the level.

use super::client::get;
use super::house::{Doors, House, PORTFOLIO};
use super::showroom::Showroom;
use super::texts::text;

#[tokio::test]
async fn the_kanban_shows_what_rests_what_nobody_looked_at_and_what_it_rests_on() {
    let served = Showroom::open().await;
    let page = served.page("/epics").await;
    let told = text(&page);
    let column = told.split("Implementing").nth(1).unwrap();
    let card = |title: &str| {
        let card = page.split(&format!(">{title}</a></h3>")).nth(1).unwrap();
        text(&format!("<main>{}", card.split("</article>").next().unwrap()))
    };
    assert!(column.contains("Account merge") && card("Account merge").contains("dormant"));
    assert!(card("Fleet telemetry").contains("unexamined"), "{}", card("Fleet telemetry"));
    assert!(card("Fleet telemetry").contains("L1 a hypothesis alone"));
    assert!(
        card("Wallet")
            .contains("\"A stored balance makes the second order easier than the first\"")
    );
    for refused in ["complete", "remaining", "progress bar", "due"] {
        assert!(!told.contains(refused), "{refused}");
    }
}

#[tokio::test]
async fn an_epic_tells_its_history_decisions_and_items() {
    let served = Showroom::open().await;
    let list = served.page("/epics").await;
    let link = list.split(">Depot scheduling</a>").next().unwrap();
    let link = link.rsplit("href=\"").next().unwrap().split('"').next().unwrap();
    let page = get(link).send(served.address).await.body;
    let told = text(&page);
    for part in [
        "Hypothesis",
        "On-time returns",
        "More for Depot scheduling",
        "Follow-through",
        "States over time",
        "implementing",
        "Items",
    ] {
        assert!(told.contains(part) || page.contains(part), "{part}: {told}");
    }
    assert!(page.matches("href=\"/items/").count() > 3, "its items");
    let before = get("/epics/nothing").send(served.address).await;
    assert_eq!(
        (before.status, before.body.as_str()),
        (404, "there is no bet `nothing`; /epics lists them all\n")
    );
}

#[tokio::test]
async fn the_roadmap_looks_back_only() {
    let served = Showroom::open().await;
    let told = text(&served.page("/roadmap").await);
    let order: Vec<usize> = ["Horizon: near", "Horizon: mid", "Horizon: far"]
        .iter()
        .map(|h| told.find(h).unwrap())
        .collect();
    assert!(order.is_sorted(), "{told}");
    assert!(told.contains("Integration points of the past"));
    // The data ends in June 2026.
    for ahead in ["July 2026", "August 2026", "2027"] {
        assert!(!told.contains(ahead), "{ahead}");
    }
}

#[tokio::test]
async fn a_level_that_a_framework_lacks_is_hidden() {
    for (vocabulary, epics, points) in [
        ("generic", Some("Bets"), true),
        ("safe", Some("Portfolio epics"), true),
        ("less", None, true),
        ("scrum-at-scale", Some("Common backlog items"), true),
        ("spotify", Some("Mission-level bets"), false),
    ] {
        let file = format!("vocabulary = \"{vocabulary}\"\n{PORTFOLIO}");
        let house = House::with(Doors::default(), &file).await;
        house.fill().await;
        let page = house.ask(get("/epics")).await;
        assert_eq!(page.status, if epics.is_some() { 200 } else { 404 }, "{vocabulary}");
        let roadmap = house.ask(get("/roadmap")).await.body;
        assert_eq!(roadmap.contains("href=\"/epics\""), epics.is_some(), "{vocabulary}");
        assert_eq!(roadmap.contains("id=\"met\""), points, "{vocabulary}");
        if let Some(word) = epics {
            assert!(page.body.contains(&format!("<h1>{word}</h1>")), "{vocabulary}");
            assert!(roadmap.contains(&format!(">{word}</a>")), "{vocabulary}");
        } else {
            assert!(page.body.contains("no level of epics"), "{}", page.body);
        }
        let form = house.ask(get("/decisions")).await.body;
        assert_eq!(form.contains("theme:"), vocabulary != "less" && file.contains("[[theme]]"));
    }
}
