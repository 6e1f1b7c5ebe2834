//! Webhooks: every body, its signature, and its one and only journey.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use axum::extract::State;
use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use http::HeaderMap;
use serde_json::Value;
use sha2::Sha256;
use streamgauge::sim::people::MARK;
use streamgauge::spawn::Spawner;
use tokio::net::TcpListener;
use tokio::sync::Notify;

use super::answers::check_rest;
use super::{Desk, town};

#[tokio::test]
async fn every_body_has_the_documented_shape() {
    let desk = Desk::open(town::records()).await;
    let _ = desk.site.take_deliveries();
    let done = desk.site.edit(|site| {
        let issue = site.create_issue(town::REPO, "New")?;
        site.rename(issue, "Newer")?;
        site.label(issue, "bug")?;
        site.unlabel(issue, "bug")?;
        site.set_type(issue, Some("Bug"))?;
        site.set_type(issue, None)?;
        site.set_parent(issue, Some(town::PARENT))?;
        site.set_parent(issue, None)?;
        site.block(issue, town::BLOCKER)?;
        site.unblock(issue, town::BLOCKER)?;
        site.set_board_status(issue, town::BOARD, Some("Todo"))?;
        site.close(issue, "completed")?;
        site.reopen(issue)?;
        let pull = site.open_pull(town::REPO, "Fix", Some(issue))?;
        site.merge_pull(pull)?;
        site.publish_release(town::REPO, "v2.0")?;
        let moved = site.transfer(issue, town::OTHER)?;
        site.delete_issue(moved)
    });
    done.unwrap();
    let mut kinds = BTreeSet::new();
    // The hook of the desk is not set, so that nothing is sent behind the test's back.
    for delivery in desk.site.take_deliveries() {
        let body: Value = serde_json::from_slice(&delivery.body).unwrap();
        let action = body["action"].as_str().unwrap();
        let kind = format!("{}.{action}", delivery.event);
        let schema = format!("webhook-{}", kind.replace(['.', '_'], "-"));
        check_rest(&schema, &body);
        assert!(body["sender"]["login"].as_str().unwrap().contains(MARK), "{kind}");
        kinds.insert(kind);
    }
    let expected = [
        "issue_dependencies.blocked_by_added",
        "issue_dependencies.blocked_by_removed",
        "issue_dependencies.blocking_added",
        "issue_dependencies.blocking_removed",
        "issues.closed",
        "issues.deleted",
        "issues.edited",
        "issues.labeled",
        "issues.opened",
        "issues.reopened",
        "issues.transferred",
        "issues.typed",
        "issues.unlabeled",
        "issues.untyped",
        "projects_v2_item.created",
        "projects_v2_item.edited",
        "pull_request.closed",
        "pull_request.opened",
        "release.published",
        "sub_issues.parent_issue_added",
        "sub_issues.parent_issue_removed",
        "sub_issues.sub_issue_added",
        "sub_issues.sub_issue_removed",
    ];
    assert_eq!(kinds, expected.map(str::to_owned).into());
}

/// What a hook has received.
#[derive(Default)]
struct Post {
    received: Mutex<Vec<(HeaderMap, Bytes)>>,
    arrived: Notify,
}

/// A receiver that refuses everything: a delivery is made once all the same.
async fn receive(
    State(post): State<Arc<Post>>,
    headers: HeaderMap,
    body: Bytes,
) -> http::StatusCode {
    post.received.lock().unwrap().push((headers, body));
    post.arrived.notify_one();
    http::StatusCode::INTERNAL_SERVER_ERROR
}

#[tokio::test]
async fn deliveries_are_signed_and_made_once() {
    let post = Arc::new(Post::default());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let app = axum::Router::new().fallback(receive).with_state(post.clone());
    Spawner::tokio().spawn("receiver", async move { axum::serve(listener, app).await.unwrap() });

    let desk = Desk::open(town::records()).await;
    desk.site.set_webhook(&url, "a secret");
    desk.site.edit(|site| site.close(town::MAIN, "completed")).unwrap();
    post.arrived.notified().await;
    desk.site.edit(|site| site.reopen(town::MAIN)).unwrap();
    post.arrived.notified().await;

    let received = post.received.lock().unwrap();
    let events: Vec<_> = received.iter().map(|(_, body)| action(body)).collect();
    assert_eq!(events, ["closed", "reopened"], "in order, and not again after a refusal");
    let mut ids = BTreeSet::new();
    for (headers, body) in received.iter() {
        assert_eq!(headers["x-github-event"], "issues");
        ids.insert(headers["x-github-delivery"].to_str().unwrap().to_owned());
        let mut mac = Hmac::<Sha256>::new_from_slice(b"a secret").unwrap();
        mac.update(body);
        let signature = headers["x-hub-signature-256"].to_str().unwrap();
        let signature = hex::decode(signature.strip_prefix("sha256=").unwrap()).unwrap();
        mac.verify_slice(&signature).unwrap();
    }
    assert_eq!(ids.len(), 2);
}

fn action(body: &Bytes) -> String {
    let body: Value = serde_json::from_slice(body).unwrap();
    body["action"].as_str().unwrap().to_owned()
}
