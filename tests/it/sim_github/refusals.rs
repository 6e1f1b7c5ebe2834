//! What github.com refuses, and how it fails.

use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use streamgauge::clock::Clock;
use streamgauge::sim::github::{Fault, On};
use streamgauge::transport::TransportError;

use super::{Desk, body, town};

const PAGE: &str = "query($after: String) { repository(owner: \"northwind\", name: \"checkout\") { \
                    issues(first: 2, after: $after) { pageInfo { hasNextPage endCursor } \
                    nodes { id } } } }";

#[tokio::test]
async fn a_query_that_cannot_be_right_is_refused_whole() {
    let desk = Desk::open(town::records()).await;
    let repository = |inner: &str| {
        format!("query Q {{ repository(owner: \"northwind\", name: \"checkout\") {{ {inner} }} }}")
    };
    let cases = [
        (
            repository("issues(first: 1) { nodes { dueDate } }"),
            "Field 'dueDate' doesn't exist on type 'Issue'",
        ),
        (
            repository(
                "issue(number: 1) { timelineItems(first: 1) { nodes { ... on NoEvent { id } } } }",
            ),
            "No such type NoEvent, so it can't be a fragment condition",
        ),
        (
            repository("issues { totalCount }"),
            "You must provide a `first` or `last` value to properly paginate the `issues` connection.",
        ),
        (
            repository("issues(first: 101) { totalCount }"),
            "Requesting 101 records on the `issues` connection exceeds the `first` limit of 100 records.",
        ),
        (
            repository("issues(first: 0) { totalCount }"),
            "`first` on the `issues` connection cannot be less than 1.",
        ),
        (
            repository("issues(first: 1, colour: 2) { totalCount }"),
            "Field 'issues' doesn't accept argument 'colour'",
        ),
        (repository("issue { id }"), "Field 'issue' is missing required arguments: number"),
        (
            repository("issues(first: 1)"),
            "Field must have selections (field 'issues' returns IssueConnection but has no selections. Did you mean 'issues { ... }'?)",
        ),
        (
            repository("id { x }"),
            "Selections can't be made on scalars (field 'id' returns ID but has selections)",
        ),
        (repository("... on Issue { id }"), "Fragment on Issue can't be spread inside Repository"),
        (repository("issue(number: $n) { id }"), "Variable $n is used by Q but not declared"),
        (
            "query Q($n: Int) { viewer { id } }".to_owned(),
            "Variable $n is declared by Q but not used",
        ),
        ("{ viewer { ...Gone } }".to_owned(), "Fragment Gone was used, but not defined"),
        (
            "{ viewer { ...F } } fragment F on User { id ...F }".to_owned(),
            "Fragment F contains an infinite loop",
        ),
        (
            repository(
                "issues(first: 100) { nodes { subIssues(first: 100) { nodes { subIssues(first: 100) { totalCount } } } } }",
            ),
            "This query requests up to 1,010,100 possible nodes which exceeds the maximum limit of 500,000.",
        ),
    ];
    for (query, message) in cases {
        let answer = desk.graphql(&query, json!({})).await;
        assert_eq!(answer["errors"][0]["message"], message, "{query}");
        assert_eq!(answer.get("data"), None, "{query}");
    }
    let timeline =
        "issue(number: 1) { timelineItems(first: 1, itemTypes: [NO_EVENT]) { totalCount } }";
    let answer = desk.graphql(&repository(timeline), json!({})).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "argumentLiteralsIncompatible");
    let answer = desk.graphql("query($id: ID!) { node(id: $id) { id } }", json!({})).await;
    let message = answer["errors"][0]["message"].as_str().unwrap();
    assert_eq!(message, "Variable $id of type ID! was provided invalid value");
    let answer = desk.graphql("{ viewer ", json!({})).await;
    assert!(answer["errors"][0]["message"].as_str().unwrap().starts_with("Parse error"));
    let answer = desk.graphql(PAGE, json!({"after": "seven"})).await;
    assert_eq!(answer["errors"][0]["type"], "INVALID_CURSOR_ARGUMENTS");
}

#[tokio::test]
async fn strangers_are_turned_away() {
    let desk = Desk::open(town::records()).await;
    let ask = |headers: &[(&str, &str)]| {
        let mut request = http::Request::get("http://localhost/repos/northwind/checkout");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        desk.site.answer(&request.body(Bytes::new()).unwrap()).response
    };
    let anonymous = ask(&[("user-agent", "test")]);
    assert_eq!((anonymous.status().as_u16(), &body(&anonymous)["status"]), (401, &json!("401")));
    assert_eq!(ask(&[("authorization", "Bearer x")]).status(), 403, "no user agent");
    desk.site.set_token("right");
    let wrong = ask(&[("user-agent", "test"), ("authorization", "Bearer wrong")]);
    assert_eq!(body(&wrong)["message"], "Bad credentials");
    let right = ask(&[("user-agent", "test"), ("authorization", "token right")]);
    assert_eq!(right.status(), 200);
}

#[tokio::test]
async fn budgets_end_and_begin_again() {
    let desk = Desk::open(town::records()).await;
    desk.site.with_limits(|limits| (limits.core_hourly, limits.graphql_hourly) = (1, 1));
    let path = "/repos/northwind/checkout";
    let last = desk.get(path).await;
    assert_eq!(last.headers()["x-ratelimit-remaining"], "0");
    let refused = desk.get(path).await;
    assert_eq!(refused.status(), 403);
    let reset: i64 = refused.headers()["x-ratelimit-reset"].to_str().unwrap().parse().unwrap();
    assert_eq!(reset * 1000, desk.clock.now().plus_millis(3_600_000).millis());

    desk.graphql(PAGE, json!({})).await;
    let refused = desk.graphql(PAGE, json!({})).await;
    assert_eq!(refused["errors"][0]["type"], "RATE_LIMITED");
    assert_eq!(refused.get("data"), None);

    desk.clock.advance(Duration::from_secs(3_600));
    assert_eq!(desk.get(path).await.status(), 200);
    assert!(desk.graphql(PAGE, json!({})).await.get("errors").is_none());
}

#[tokio::test]
async fn haste_meets_the_secondary_limit() {
    let desk = Desk::open(town::records()).await;
    desk.site.with_limits(|limits| limits.graphql_minutely = 2);
    desk.graphql(PAGE, json!({})).await;
    desk.graphql(PAGE, json!({})).await;
    let refused = desk.post_graphql(PAGE, json!({})).await;
    assert_eq!(refused.status(), 403);
    assert_eq!(refused.headers()["retry-after"], "60");
    assert!(body(&refused)["message"].as_str().unwrap().contains("secondary rate limit"));
    desk.clock.advance(Duration::from_secs(60));
    desk.graphql(PAGE, json!({})).await;
}

#[tokio::test]
async fn faults_happen_as_often_as_told() {
    let desk = Desk::open(town::records()).await;
    let fail = |fault| desk.site.with_faults(|faults| faults.add(On::GraphQl, fault, 1));
    fail(Fault::BadGateway);
    assert_eq!(desk.post_graphql(PAGE, json!({})).await.status(), 502);
    fail(Fault::HtmlWith200);
    let html = desk.post_graphql(PAGE, json!({})).await;
    assert_eq!(html.status(), 200);
    assert!(html.body().starts_with(b"<html>"));
    fail(Fault::MalformedJson);
    let cut = desk.post_graphql(PAGE, json!({})).await;
    assert!(serde_json::from_slice::<Value>(cut.body()).is_err());
    for status in [401, 403, 404, 410] {
        fail(Fault::Status(status));
        assert_eq!(desk.post_graphql(PAGE, json!({})).await.status(), status);
    }
    fail(Fault::SecondaryLimit(None));
    let limited = desk.post_graphql(PAGE, json!({})).await;
    assert!(limited.headers().get("retry-after").is_none());
    fail(Fault::PrimaryLimit);
    let limited = desk.post_graphql(PAGE, json!({})).await;
    assert_eq!(limited.headers()["x-ratelimit-remaining"], "0");
    let before = desk.clock.now();
    fail(Fault::Delay(Duration::from_secs(30)));
    assert_eq!(desk.post_graphql(PAGE, json!({})).await.status(), 200);
    assert_eq!(desk.clock.now().millis() - before.millis(), 30_000);
    fail(Fault::PartialData);
    let partial = desk.graphql(PAGE, json!({})).await;
    assert_eq!(partial["data"]["repository"]["issues"]["nodes"][0], Value::Null);
    assert_eq!(partial["errors"][0]["path"], json!(["repository", "issues", "nodes", 0]));
    assert!(desk.graphql(PAGE, json!({})).await.get("errors").is_none(), "and then all is well");
}

#[tokio::test]
async fn a_body_can_break_off() {
    let desk = Desk::open(town::records()).await;
    desk.site.with_faults(|faults| faults.add(On::Rest, Fault::TruncatedBody, 1));
    let request = http::Request::get(format!("{}/repos/northwind/checkout", desk.running.url))
        .header("authorization", "Bearer token")
        .body(Bytes::new())
        .unwrap();
    let answer = desk.transport.ask(request, |_| streamgauge::transport::Pace::Proceed).await;
    assert!(matches!(answer, Err(TransportError::Broken { .. })), "{answer:?}");
}

#[tokio::test]
async fn cursors_can_lead_in_a_circle() {
    let desk = Desk::open(town::records()).await;
    desk.site.with_faults(|faults| faults.add(On::GraphQl, Fault::CursorLoop, 2));
    let mut after = Value::Null;
    let mut cursors = Vec::new();
    for _ in 0..2 {
        let answer = desk.graphql(PAGE, json!({"after": after})).await;
        let info = &answer["data"]["repository"]["issues"]["pageInfo"];
        assert_eq!(info["hasNextPage"], true);
        after = info["endCursor"].clone();
        cursors.push(after.clone());
    }
    assert_eq!(cursors[0], cursors[1]);
}

#[tokio::test]
async fn requests_are_counted() {
    let desk = Desk::open(town::records()).await;
    desk.get("/rate_limit").await;
    desk.graphql("query Who { viewer { login } }", json!({})).await;
    let log = desk.site.requests();
    assert_eq!(log.total, 2);
    assert_eq!(log.count("GET /rate_limit"), 1);
    assert_eq!(log.count("POST /graphql"), 1);
    assert_eq!(log.count("POST /graphql Who"), 1);
}
