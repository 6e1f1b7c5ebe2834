//! REST: objects, lists, conditional requests, and places that things have left.

use serde_json::Value;
use streamgauge::sim::people::MARK;

use super::answers::check_rest;
use super::{Desk, body, town};

const REPO: &str = "/repos/northwind/checkout";

#[tokio::test]
async fn every_answer_has_the_documented_shape() {
    let desk = Desk::open(town::records()).await;
    check_rest("full-repository", &body(&desk.get(REPO).await));
    let issues = body(&desk.get(&format!("{REPO}/issues?state=all")).await);
    let issues = issues.as_array().unwrap();
    assert_eq!(issues.len(), 5);
    assert_eq!(issues.iter().filter(|issue| issue.get("pull_request").is_some()).count(), 1);
    for issue in issues {
        check_rest("issue", issue);
        assert!(issue["user"]["login"].as_str().unwrap().contains(MARK));
    }
    check_rest("issue", &body(&desk.get(&format!("{REPO}/issues/1")).await));
    let timeline = body(&desk.get(&format!("{REPO}/issues/1/timeline?per_page=100")).await);
    let timeline = timeline.as_array().unwrap();
    assert_eq!(timeline.len(), 37);
    for event in timeline {
        check_rest("timeline-issue-events", event);
    }
    let releases = body(&desk.get(&format!("{REPO}/releases")).await);
    check_rest("release", &releases[0]);
    check_rest("rate-limit-overview", &body(&desk.get("/rate_limit").await));
    let missing = desk.get("/repos/northwind/nowhere").await;
    assert_eq!(missing.status(), 404);
    check_rest("basic-error", &body(&missing));
    let invalid = desk.get(&format!("{REPO}/issues?state=ajar")).await;
    assert_eq!(invalid.status(), 422);
    check_rest("validation-error", &body(&invalid));
}

#[tokio::test]
async fn lists_are_filtered_sorted_and_linked() {
    let desk = Desk::open(town::records()).await;
    let numbers = |value: &Value| {
        let items = value.as_array().unwrap();
        items.iter().map(|issue| issue["number"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    let open = body(&desk.get(&format!("{REPO}/issues")).await);
    assert_eq!(numbers(&open), [4, 3, 2, 1], "open, newest first");
    let path = format!("{REPO}/issues?state=all&sort=updated&direction=asc&per_page=2");
    let first = desk.get(&path).await;
    assert_eq!(numbers(&body(&first)), [2, 3]);
    let link = first.headers()["link"].to_str().unwrap().to_owned();
    let next = link.split(['<', '>']).nth(1).unwrap();
    assert!(link.contains("rel=\"next\"") && link.contains("rel=\"last\""), "{link}");
    let second = desk.get(next.strip_prefix(desk.running.url.as_str()).unwrap()).await;
    assert_eq!(numbers(&body(&second)), [4, 5]);
    let since = format!("{REPO}/issues?state=all&since=2026-03-01T00:00:00Z");
    assert_eq!(numbers(&body(&desk.get(&since).await)), [1]);
}

#[tokio::test]
async fn what_is_known_costs_nothing() {
    let desk = Desk::open(town::records()).await;
    let path = format!("{REPO}/issues?per_page=1&sort=updated&state=all");
    let first = desk.get(&path).await;
    let tag = first.headers()["etag"].to_str().unwrap().to_owned();
    let again = desk.get_with(&path, &[("if-none-match", &tag)]).await;
    assert_eq!(again.status(), 304);
    assert_eq!(again.headers()["x-ratelimit-used"], "1");
    desk.site.edit(|site| site.close(town::BLOCKER, "completed")).unwrap();
    let changed = desk.get_with(&path, &[("if-none-match", &tag)]).await;
    assert_eq!(changed.status(), 200);
    assert_eq!(changed.headers()["x-ratelimit-used"], "2");
}

#[tokio::test]
async fn what_has_left_says_so() {
    let desk = Desk::open(town::records()).await;
    let old = format!("{REPO}/issues/2");
    desk.site.edit(|site| site.transfer(town::BLOCKER, town::OTHER)).unwrap();
    let moved = desk.get(&old).await;
    assert_eq!(moved.status(), 301);
    let place = moved.headers()["location"].to_str().unwrap().to_owned();
    let new = body(&desk.get(place.strip_prefix(desk.running.url.as_str()).unwrap()).await);
    assert_eq!(new["title"], "The bank's interface");
    assert!(new["repository_url"].as_str().unwrap().ends_with("/northwind/ledger"));

    desk.site.edit(|site| site.delete_issue(town::PARENT)).unwrap();
    assert_eq!(desk.get(&format!("{REPO}/issues/3")).await.status(), 410);
    desk.site.edit(|site| site.set_hidden(town::OTHER, true)).unwrap();
    assert_eq!(desk.get("/repos/northwind/ledger").await.status(), 404);
    assert_eq!(desk.get(&old).await.status(), 404, "the new place is out of sight");
}
