//! Faults on demand and rate limits.

use std::time::Duration;

use serde_json::{Value, json};
use streamgauge::sim::jira::faults::{Fault, Trouble};

use super::{Jira, sentence};

const SEARCH: &str = "search/jql";

#[test]
fn faults_meet_the_requests_they_name_and_run_out() {
    let mut jira = Jira::with_stories(1);
    jira.site.faults.add(Fault {
        path: SEARCH.to_owned(),
        trouble: Trouble::Status(503),
        times: Some(2),
        after: 1,
    });
    let statuses: Vec<u16> = (0..4).map(|_| jira.search("project = PAY", json!({})).0).collect();
    assert_eq!(statuses, [200, 503, 503, 200]);
    jira.site.faults.always(SEARCH, Trouble::Status(403));
    assert_eq!(jira.get("/rest/api/3/myself").0, 200);
    assert_eq!(jira.search("project = PAY", json!({})).0, 403);
    jira.site.faults.clear();
    assert_eq!(jira.search("project = PAY", json!({})).0, 200);
}

#[test]
fn answers_can_be_spoiled() {
    let mut jira = Jira::with_stories(3);
    for trouble in [Trouble::Html, Trouble::Malformed, Trouble::Truncated] {
        jira.site.faults.next(1, SEARCH, trouble.clone());
        let (status, body) = jira.search("project = PAY", json!({}));
        assert_eq!((status, body), (200, Value::Null), "{trouble:?} must not be JSON");
    }
    jira.site.faults.next(1, SEARCH, Trouble::Unavailable { retry_after: 7 });
    let request = Jira::as_user("/rest/api/3/search/jql?jql=project=PAY");
    let reply = jira.send(request, &Value::Null);
    assert_eq!(
        (reply.status.as_u16(), &reply.headers["retry-after"]),
        (503, &"7".parse().unwrap())
    );
    jira.site.faults.next(1, SEARCH, Trouble::Delay(Duration::from_secs(3)));
    let request = Jira::as_user("/rest/api/3/search/jql?jql=project=PAY");
    assert_eq!(jira.send(request, &Value::Null).delay, Duration::from_secs(3));
}

#[test]
fn tokens_can_loop_and_expire() {
    let mut jira = Jira::with_stories(3);
    jira.site.faults.next(2, SEARCH, Trouble::TokenLoop);
    let (_, first) = jira.search("project = PAY", json!({}));
    let (_, second) = jira.search("project = PAY", json!({}));
    assert_eq!(first["nextPageToken"], second["nextPageToken"]);
    assert_eq!(first["isLast"], false);
    let (_, page) = jira.search("project = PAY", json!({"maxResults": 1}));
    jira.site.faults.next(2, SEARCH, Trouble::TokensExpired);
    assert_eq!(jira.search("project = PAY", json!({})).0, 200, "no token, nothing to expire");
    let next = json!({"maxResults": 1, "nextPageToken": page["nextPageToken"]});
    let (status, body) = jira.search("project = PAY", next.clone());
    assert_eq!(status, 400);
    assert!(sentence(&body).contains("expired"));
    assert_eq!(jira.search("project = PAY", next).0, 200);
}

#[test]
fn bursts_are_limited_per_endpoint() {
    let mut jira = Jira::with_stories(1);
    jira.site.limits.usual = Some(3);
    let statuses: Vec<u16> = (0..4).map(|_| jira.get("/rest/api/3/myself").0).collect();
    assert_eq!(statuses, [200, 200, 200, 429]);
    assert_eq!(jira.get("/rest/api/3/status").0, 200, "another endpoint, another bucket");
    let reply = jira.send(Jira::as_user("/rest/api/3/myself"), &Value::Null);
    for (name, value) in [
        ("retry-after", "1"),
        ("ratelimit-reason", "jira-burst-based"),
        ("x-ratelimit-limit", "3"),
        ("x-ratelimit-remaining", "0"),
        ("x-ratelimit-nearlimit", "true"),
    ] {
        assert_eq!(reply.headers[name], value, "{name}");
    }
    jira.tick(1);
    assert_eq!(jira.get("/rest/api/3/myself").0, 200);
    assert_eq!(jira.site.log.counts()[&("GET /myself", 429)], 2);
}
