//! Every page of the daemon: on a desk and on a phone, in light and in dark, by the rules of
//! accessibility.

use streamgauge::web::routes::{self, Need};
use streamgauge::web::settings::RoleName;

use super::driver::{Browser, DESK, NIGHT, PHONE, PHONE_AT_NIGHT, Screen};
use crate::web::showroom::Showroom;

const SCREENS: [Screen; 4] = [DESK, NIGHT, PHONE, PHONE_AT_NIGHT];
const READER: &str = "the word of a reader";
const TEAM: &str = "the word of a team";

/// Addresses of pages whose route has a blank.
const SAMPLES: [(&str, &[&str]); 4] = [
    ("/items/{*key}", &["/items/PAY-12"]),
    ("/streams/{id}", &["/streams/booking"]),
    ("/epics/{*id}", &["/epics/northwind/roadmap%231"]),
    (
        "/signals/{id}",
        &[
            "/signals/P1",
            "/signals/P4",
            "/signals/H2",
            "/signals/V1?slice=stream:payments",
            "/signals/V2?slice=stream:payments&beside=2026-04-20",
            "/?beside=2026-04-20",
        ],
    ),
];

/// Routes that are for programs.
fn is_for_programs(path: &str) -> bool {
    let others = ["/healthz", "/readyz", "/metrics", "/style.css"];
    path.starts_with("/api/") || path.starts_with("/webhooks/") || others.contains(&path)
}

/// The pages that such a visitor can open.
fn pages(visitor: Need) -> Vec<String> {
    let rules = routes::rules();
    let shown = rules.iter().filter(|rule| !is_for_programs(rule.path));
    let own = shown.filter(|rule| rule.get == Some(visitor));
    own.flat_map(|rule| match SAMPLES.iter().find(|(path, _)| *path == rule.path) {
        Some((_, samples)) => samples.iter().map(|path| (*path).to_owned()).collect(),
        None => {
            assert!(!rule.path.contains('{'), "{}: give this route a sample", rule.path);
            vec![rule.path.to_owned()]
        }
    })
    .collect()
}

/// What is wrong with a page, on every screen.
async fn faults(browser: &Browser, room: &Showroom, path: &str) -> Vec<String> {
    let mut found = Vec::new();
    for screen in SCREENS {
        browser.look_on(screen).await;
        browser.go(&format!("http://{}{path}", room.address)).await;
        let mut fault = |what: String| found.push(format!("{path}, {}: {what}", screen.name));
        if browser.place().await != path {
            fault(format!("leads to {}", browser.place().await));
        }
        let status = browser
            .ask("return performance.getEntriesByType('navigation')[0].responseStatus")
            .await;
        if status != 200 {
            fault(format!("answers {status}"));
        }
        let wide = browser.overflow().await;
        if wide != 0 {
            fault(format!("{wide} pixels wider than the window"));
        }
        let foreign = browser
            .ask(
                "return performance.getEntriesByType('resource').map(one => one.name) \
                 .filter(name => !name.startsWith(location.origin) && !name.startsWith('data:'))",
            )
            .await;
        if foreign != serde_json::json!([]) {
            fault(format!("asks elsewhere for {foreign}"));
        }
        if browser.ask("return document.scripts.length").await != 0 {
            fault("has a script".to_owned());
        }
        browser.violations().await.into_iter().for_each(&mut fault);
        browser.picture(&format!("{path}-{}", screen.name)).await;
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_can_be_used_by_everybody() {
    let words = [(RoleName::Portfolio, None, READER), (RoleName::Team, Some("curlew"), TEAM)];
    let room = Showroom::behind(&words).await;
    let browser = Browser::open().await;
    let mut found = Vec::new();
    let mut seen = 0;
    for path in pages(Need::Nothing) {
        seen += 1;
        found.extend(faults(&browser, &room, &path).await);
    }
    for (word, need) in [(READER, Need::Reader), (TEAM, Need::Team)] {
        browser.look_on(DESK).await;
        browser.go(&format!("http://{}/sign-in", room.address)).await;
        browser.fill("Access token", word).await;
        browser.click("main button").await;
        browser.arrive(if need == Need::Team { "/team" } else { "/" }).await;
        for path in pages(need) {
            seen += 1;
            found.extend(faults(&browser, &room, &path).await);
        }
    }
    // The rules are there: a page that nobody can read aloud breaks one.
    browser.ask("document.documentElement.removeAttribute('lang')").await;
    assert!(browser.violations().await.iter().any(|line| line.starts_with("html-has-lang")));
    browser.close().await;
    println!("{seen} pages on {} screens", SCREENS.len());
    assert!(found.is_empty(), "{} faults:\n{}", found.len(), found.join("\n"));
}
