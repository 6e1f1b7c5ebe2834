//! Which items a signed delivery points at.

use axum::http::HeaderMap;
use streamgauge::trackers::jira::webhook::hints;
use streamgauge::trackers::{Hints, Tracker, WebhookError};

use super::fake::{Fake, Reply};

#[track_caller]
fn check(body: &str, sources: &[&str], scan: bool) {
    let sources = sources.iter().map(ToString::to_string).collect();
    let sweep = body.contains("project_");
    assert_eq!(hints(body.as_bytes()), Ok(Hints { sources, scan, sweep }), "{body}");
}

#[test]
fn an_event_names_the_items_to_read_again() {
    check(
        r#"{"timestamp":1606480436302,"webhookEvent":"jira:issue_updated","user":{"displayName":
           "Person 1"},"issue":{"id":"10040","key":"PAY-1","fields":{"assignee":{"displayName":
           "Person 2"}}},"changelog":{"id":"10229","items":[]}}"#,
        &["10040"],
        false,
    );
    check(r#"{"webhookEvent":"jira:issue_deleted","issue":{"id":10303}}"#, &["10303"], false);
    check(
        r#"{"webhookEvent":"issuelink_created","issueLink":{"id":23161,"sourceIssueId":18715,
           "destinationIssueId":11917,"issueLinkType":{"id":10002,"name":"Duplicate"}}}"#,
        &["18715", "11917"],
        false,
    );
}

#[test]
fn what_touches_more_than_it_names_asks_for_a_scan() {
    for event in ["jira:version_released", "project_updated", "issuetype_updated", "new_thing"] {
        check(&format!(r#"{{"webhookEvent":"{event}"}}"#), &[], true);
    }
}

#[test]
fn what_we_never_read_is_passed_over() {
    for event in ["comment_created", "jira:worklog_updated", "user_created", "sprint_started"] {
        check(&format!(r#"{{"webhookEvent":"{event}","issue":{{"id":"1"}}}}"#), &[], false);
    }
    check(r#"{"webhookEvent":"issue_property_set","property":{}}"#, &[], false);
}

#[test]
fn a_delivery_without_its_ids_is_unreadable() {
    for body in [
        "",
        "[]",
        "{}",
        r#"{"webhookEvent":null}"#,
        r#"{"webhookEvent":"jira:issue_updated"}"#,
        r#"{"webhookEvent":"jira:issue_updated","issue":{"key":"PAY-1"}}"#,
        r#"{"webhookEvent":"issuelink_deleted","issueLink":{"id":1}}"#,
    ] {
        let read = hints(body.as_bytes());
        assert!(matches!(read, Err(WebhookError::Unreadable(_))), "{body}: {read:?}");
    }
}

#[tokio::test]
async fn only_a_signed_delivery_is_read() {
    let fake = Fake::start(|_| Reply::text(500, "")).await;
    let body = br#"{"webhookEvent":"jira:issue_created"}"#;
    let good = "sha256=3fabe2d04ab39e6c32cd69443906602514ec29b8c013897d29901059b6adfbce";
    let with = |signature: &str| {
        let mut headers = HeaderMap::new();
        headers.insert("X-Hub-Signature", signature.parse().unwrap());
        fake.jira.webhook(&headers, body)
    };
    assert!(matches!(with(good), Err(WebhookError::Unreadable(_))), "signed, but without an id");
    assert_eq!(with("sha256=00"), Err(WebhookError::Forged));
    assert_eq!(fake.jira.webhook(&HeaderMap::new(), body), Err(WebhookError::Forged));
}
