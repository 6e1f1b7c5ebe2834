//! What the routes answer, and what their pages say.

use std::time::Duration;

use super::client::get;
use super::house::{Doors, HOSTILE, House};
use crate::support::postgres;

const HTML: &str = "text/html; charset=utf-8";
const JSON: &str = "application/json";
const TEXT: &str = "text/plain; charset=utf-8";

const ROUTES: &[(&str, u16, &str)] = &[
    ("/", 200, HTML),
    ("/map", 200, HTML),
    ("/signals", 200, HTML),
    ("/signals/V1", 200, HTML),
    ("/signals/V9", 404, TEXT),
    ("/signals/V1?slice=stream:nowhere", 404, TEXT),
    ("/?beside=2026-06-14", 200, HTML),
    ("/signals/P1?beside=2026-06-14", 200, HTML),
    ("/status", 200, HTML),
    ("/streams/payments", 200, HTML),
    ("/streams/booking", 404, TEXT),
    ("/dependencies", 200, HTML),
    ("/epics", 200, HTML),
    ("/epics/PAY-1", 404, TEXT),
    ("/decisions", 200, HTML),
    ("/roadmap", 200, HTML),
    ("/items/northwind/checkout%231", 200, HTML),
    ("/items/northwind/checkout%239", 404, TEXT),
    ("/sign-in", 200, HTML),
    ("/api/v1/report", 200, JSON),
    ("/api/v1/digest", 200, JSON),
    ("/api/v1/map", 200, JSON),
    ("/api/v1/status", 200, JSON),
    ("/api/v1/items/northwind/checkout%231", 200, JSON),
    ("/api/v1/items/nothing", 404, TEXT),
    ("/api/v1/decisions", 200, JSON),
    ("/api/v1/readings", 200, JSON),
    ("/api/v1/integrations", 200, JSON),
    ("/healthz", 200, TEXT),
    ("/readyz", 200, TEXT),
    ("/metrics", 200, "application/openmetrics-text; version=1.0.0; charset=utf-8"),
    ("/style.css", 200, "text/css; charset=utf-8"),
    ("/nowhere", 404, TEXT),
    ("/webhooks/github", 405, ""),
];

#[tokio::test]
async fn every_route_answers_as_it_should() {
    let postgres = postgres::database("web_routes").await;
    for store in [None, Some(postgres)] {
        every_route_answers(Doors { store, ..Doors::default() }).await;
    }
}

async fn every_route_answers(doors: Doors) {
    let house = House::furnished(doors).await;
    for (path, status, kind) in ROUTES {
        let answer = house.ask(get(path)).await;
        assert_eq!((answer.status, answer.header("content-type")), (*status, *kind), "{path}");
        let policy = answer.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; style-src 'self'"), "{path}: {policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "same-origin", "{path}");
        let cached = if *path == "/style.css" { "max-age=3600" } else { "no-store" };
        assert_eq!(answer.header("cache-control"), cached, "{path}");
    }
    for path in [
        "/",
        "/map",
        "/streams/payments",
        "/epics",
        "/decisions",
        "/api/v1/report",
        "/items/northwind/checkout%231",
    ] {
        let past = format!("{path}?as_of=2026-06-15T05:59:59Z&known=2026-06-15T06:00:00Z");
        assert_eq!(house.ask(get(&past)).await.status, 200, "{past}");
    }
}

#[tokio::test]
async fn pages_keep_to_their_own_policy_and_size() {
    let house = House::furnished(Doors::default()).await;
    for (path, _, _) in ROUTES.iter().filter(|(_, _, kind)| *kind == HTML) {
        let page = house.ask(get(path).page()).await.body;
        assert_eq!(page.matches("<h1>").count(), 1, "{path}: one main heading");
        assert_eq!(page.matches("<main id=\"main\">").count(), 1, "{path}");
        assert!(page.starts_with("<!DOCTYPE html><html lang=\"en\">"), "{path}");
        for foreign in ["<script", " style=", " onclick", "src=", "href=\"http", "href=\"//"] {
            assert!(!page.contains(foreign), "{path} contains {foreign}");
        }
        assert!(page.len() < 100 * 1024, "{path}: {} bytes", page.len());
    }
}

#[tokio::test]
async fn the_api_and_the_pages_tell_the_same() {
    let house = House::furnished(Doors::default()).await;
    let page = house.ask(get("/")).await.body;
    let digest = house.ask(get("/api/v1/digest")).await.json();
    assert!(page.contains(digest["dateline"].as_str().unwrap()));
    assert!(page.contains(digest["false_alarms"].as_str().unwrap()));
    let tally = &digest["tally"];
    let line = match tally["series"].as_u64() {
        Some(0) => "No series has enough data for a usual range".to_owned(),
        _ => format!("{} of {} series", tally["usual"], tally["series"]),
    };
    assert!(page.contains(&line), "{line}");
    for section in digest["sections"].as_array().unwrap() {
        assert!(page.contains(section["heading"].as_str().unwrap()));
    }

    let page = house.ask(get("/map")).await.body;
    let map = house.ask(get("/api/v1/map")).await.json();
    let coverage = &map["coverage"];
    assert_eq!((&coverage["items"], &coverage["placed"]), (&4.into(), &3.into()));
    assert!(page.contains("Of 4 work items <strong>3</strong> are placed"), "{page}");
    assert!(page.contains("href=\"/items/northwind/elsewhere%233\""), "{page}");

    let page = house.ask(get("/items/northwind/checkout%231")).await.body;
    let story = &house.ask(get("/api/v1/items/northwind/checkout%231")).await.json()[0];
    assert!(page.contains(story["title"].as_str().unwrap()));
    assert_eq!(story["segments"].as_array().unwrap().len(), page.matches("<tr><td").count());
}

#[tokio::test]
async fn tracker_text_is_text() {
    let house = House::furnished(Doors::default()).await;
    let page = house.ask(get("/items/northwind/checkout%232")).await.body;
    let escaped = "&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt; &amp; 'quotes'";
    assert!(page.contains(escaped) && !page.contains(HOSTILE), "{page}");
    let page = house.ask(get("/map")).await.body;
    assert!(page.contains("Payments &amp; &lt;Refunds&gt;"), "{page}");
    let page = house.ask(get("/items/%3Cimg%20src=x%3E").page()).await;
    assert_eq!(page.status, 404);
    assert!(page.body.contains("&lt;img src=x&gt;") && !page.body.contains("<img"));
}

#[tokio::test]
async fn the_past_is_a_page_as_well_and_links_stay_in_it() {
    let house = House::furnished(Doors::default()).await;
    let path = "/items/northwind/checkout%231?as_of=2026-06-03T09:00:00Z";
    let page = house.ask(get(path)).await.body;
    assert!(page.contains("has been in <code>open</code> since 1 June 2026"), "{page}");
    assert!(page.contains("As of <strong>2026-06-03T09:00:00Z</strong>"));
    assert!(page.contains("href=\"/map?as_of=2026-06-03T09:00:00Z\""));
    let now = house.ask(get("/items/northwind/checkout%231")).await.body;
    assert!(now.contains("has been in <code>closed</code> since 5 June 2026"), "{now}");
    assert!(now.contains("href=\"/map\"") && !now.contains("Go to the present"));

    let both = "as_of=2026-06-10T00:00:00Z&known=2026-06-15T06:00:00Z";
    let header = &house.ask(get(&format!("/api/v1/digest?{both}"))).await.json()["header"];
    assert_eq!(header["as_of"], "2026-06-10T00:00:00Z");
    assert_eq!(header["known"], "2026-06-15T06:00:00Z");
    let page = house.ask(get(&format!("/?{both}"))).await.body;
    assert!(page.contains(&format!("href=\"/map?{}\"", both.replace('&', "&amp;"))), "{page}");
    let before = house.ask(get("/api/v1/items/northwind/checkout%231?known=2026-06-01T00:00:00Z"));
    assert_eq!(before.await.status, 404, "nothing was known then");
}

#[tokio::test]
async fn errors_are_sentences_for_scripts_and_pages_for_people() {
    let house = House::furnished(Doors::default()).await;
    for (path, status, sentence) in [
        ("/?as_of=monday", 400, "as_of=monday: write it as 2026-06-15T06:00:00Z"),
        ("/api/v1/digest?known=2026", 400, "known=2026: write it as 2026-06-15T06:00:00Z"),
        ("/items/PAY-9", 404, "no item is known by the key PAY-9"),
        ("/nowhere", 404, "there is no such page"),
    ] {
        let answer = house.ask(get(path)).await;
        assert_eq!((answer.status, answer.body), (status, format!("{sentence}\n")), "{path}");
        let page = house.ask(get(path).page()).await;
        assert_eq!((page.status, page.header("content-type")), (status, HTML), "{path}");
        assert!(page.body.contains(&sentence[1..]), "{path}: {}", page.body);
    }
}

#[tokio::test]
async fn an_empty_store_says_what_to_do() {
    let house = House::empty(Doors::default()).await;
    let page = house.ask(get("/")).await;
    assert_eq!(page.status, 200);
    for part in ["Nothing has been read", "github", "Not pulled yet", "streamgauge sync", "/status"]
    {
        assert!(page.body.contains(part), "{part}: {}", page.body);
    }
    for path in ["/map", "/api/v1/report", "/api/v1/digest"] {
        assert_eq!(house.ask(get(path)).await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn old_data_is_announced() {
    let house = House::furnished(Doors::default()).await;
    assert!(!house.ask(get("/")).await.body.contains("last complete pull"));
    house.clock.advance(Duration::from_secs(25 * 3600));
    let page = house.ask(get("/")).await.body;
    let words =
        "Data from &quot;github&quot; is 25 hours old (last complete pull 15 June 2026 08:00)";
    assert!(page.contains(words), "{page}");
    let digest = house.ask(get("/api/v1/digest")).await.json();
    let line = digest["stale"][0].as_str().unwrap();
    assert!(line.starts_with("Data from \"github\" is 25 hours old"), "{line}");
    for past in ["/?as_of=2026-06-14T00:00:00Z", "/?known=2026-06-15T12:00:00Z"] {
        let page = house.ask(get(past)).await.body;
        assert!(!page.contains("last complete pull"), "{past} was complete then");
    }
}

#[tokio::test]
async fn a_store_that_is_gone_makes_the_daemon_unready_and_not_dead() {
    let house = House::furnished(Doors::default()).await;
    let path = house.folder.path().join("gauge.db");
    rusqlite::Connection::open(path).unwrap().execute("DROP TABLE meta", []).unwrap();
    let ready = house.ask(get("/readyz")).await;
    assert_eq!((ready.status, ready.body.as_str()), (503, "the store does not answer\n"));
    assert_eq!(house.ask(get("/healthz")).await.status, 200);
    let page = house.ask(get("/").page()).await;
    assert_eq!(page.status, 503);
    assert!(!page.body.contains("table"), "causes go to the log: {}", page.body);
}
