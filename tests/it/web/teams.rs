//! A team's own page: for the holder of the team's credential, and for nobody else.

use std::time::Duration;

use streamgauge::clock::Clock;
use streamgauge::model::{
    Attributes, Change, Item, ItemId, Level, Named, Precision, TrackerKind, What,
};

use super::client::{get, post};
use super::house::{Doors, House, at, connection};
use crate::support::batch::batch;

/// Two teams; a label says that somebody is at work.
const PORTFOLIO: &str = r#"
name = "Northwind"

[[workflow]]
connection = "github"
active_labels = ["doing"]

[[stream]]
id = "payments"
name = "Payments"
publish = true

[[team]]
id = "checkout"
name = "Checkout"
stream = "payments"
claims = [{ github = "northwind/checkout" }]

[[team]]
id = "lighthouse"
name = "Lighthouse"
stream = "payments"
claims = [{ github = "northwind/elsewhere" }]
"#;
const OWN: [&str; 3] = ["northwind/checkout#1", "northwind/checkout#2", "northwind/checkout#4"];

/// An open issue with the label.
fn started(number: u64, project: &str) -> Item {
    let at = at("2026-06-01T06:00:00Z");
    let what = What::Labels { added: vec!["doing".to_owned()], removed: Vec::new() };
    Item {
        id: ItemId { connection: connection(), source: format!("I_{number}") },
        created_at: at.plus_millis(-3_600_000),
        updated_at: at,
        attributes: Attributes {
            key: format!("{project}#{number}"),
            level: Level::Standard,
            status: Named::new("open", "open"),
            project: project.to_owned(),
            labels: vec!["doing".to_owned()],
            ..Attributes::default()
        },
        history: vec![Change { id: "1".into(), at, what, precision: Precision::Exact }],
        history_complete: true,
    }
}

async fn at_work() -> House {
    let house = House::with(Doors::all(), PORTFOLIO).await;
    let lease = house.store.acquire("github", "test", Duration::from_secs(60)).await.unwrap();
    let own = [1, 2, 4].map(|number| started(number, "northwind/checkout"));
    let items = own.into_iter().chain([started(3, "northwind/elsewhere")]).collect();
    let read = batch("github", TrackerKind::GitHub, items, house.clock.now());
    house.store.apply(&lease.unwrap(), read).await.unwrap();
    house
}

#[tokio::test]
async fn only_the_team_itself_sees_its_page() {
    let house = at_work().await;
    for path in ["/team", "/api/v1/team"] {
        for word in ["viewer-word", "portfolio-word"] {
            assert_eq!(house.ask(get(path).bearer(word)).await.status, 403, "{path} as {word}");
        }
        assert_eq!(house.ask(get(path)).await.status, 401, "{path}");
    }
    let json = house.ask(get("/api/v1/team").bearer("team-word")).await.json();
    let keys: Vec<&str> = json["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["key"].as_str().unwrap())
        .collect();
    assert_eq!(keys, OWN);
    assert_eq!(json["items"][0]["age_days"], 14.0);
    let signals: Vec<&str> = json["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| {
            assert_eq!(finding["slice"]["id"], "checkout");
            finding["signal"].as_str().unwrap()
        })
        .collect();
    assert_eq!(signals, ["V1", "V4", "V5"]);
    let page = house.ask(get("/team").bearer("team-word").page()).await;
    assert_eq!(page.status, 200);
    assert!(OWN.iter().all(|key| page.body.contains(key)), "{}", page.body);
    for other in ["Lighthouse", "lighthouse", "elsewhere#3", "href=\"/map"] {
        assert!(!page.body.contains(other), "{other} in {}", page.body);
    }
    // No address and no parameter leads to another team.
    for path in ["/team/lighthouse", "/api/v1/team/lighthouse"] {
        assert_eq!(house.ask(get(path).bearer("team-word")).await.status, 404, "{path}");
    }
    let asked = house.ask(get("/team?team=lighthouse").bearer("team-word").page()).await;
    assert!(asked.body.contains("Checkout") && !asked.body.contains("Lighthouse"));
    // What others read has no team dimension.
    let report = house.ask(get("/api/v1/report").bearer("viewer-word")).await;
    for inside in ["\"dimension\":\"team\"", "Checkout", "Lighthouse"] {
        assert!(!report.body.contains(inside), "{inside}");
    }
}

#[tokio::test]
async fn a_team_signs_in_to_its_page() {
    let house = House::with(Doors::all(), PORTFOLIO).await;
    house.fill().await;
    let form = "application/x-www-form-urlencoded";
    let right = house.ask(post("/sign-in", form, "token=team-word")).await;
    assert_eq!((right.status, right.header("location")), (303, "/team"));
    let cookie = right.header("set-cookie").split(';').next().unwrap().to_owned();
    let page = house.ask(get("/team").page().with("cookie", &cookie)).await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains("Nothing is in progress with this team."), "{}", page.body);
    assert_eq!(house.ask(get("/").page().with("cookie", &cookie)).await.status, 403);
}

/// Without credentials everybody on the machine may ask, so no team's page is served.
#[tokio::test]
async fn an_open_house_has_no_team_page() {
    let house = House::with(Doors::default(), PORTFOLIO).await;
    house.fill().await;
    for path in ["/team", "/api/v1/team"] {
        assert_eq!(house.ask(get(path)).await.status, 403, "{path}");
    }
}

#[tokio::test]
async fn a_credential_of_no_declared_team_is_told_so() {
    let nobody = "name = \"Northwind\"\n[[stream]]\nid = \"payments\"\n";
    let house = House::with(Doors::all(), nobody).await;
    let answer = house.ask(get("/team").bearer("team-word")).await;
    assert_eq!(answer.status, 404);
    assert!(answer.body.starts_with("the portfolio file declares no team checkout;"));
}
