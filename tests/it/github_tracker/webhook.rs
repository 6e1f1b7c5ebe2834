use hmac::{Hmac, KeyInit, Mac};
use http::HeaderMap;
use secrecy::SecretString;
use serde_json::Value;
use sha2::Sha256;
use streamgauge::trackers::github::webhook::hints;
use streamgauge::trackers::{Hints, WebhookError};

const DELIVERIES: &str = include_str!("../payloads/github/deliveries.json");
const SECRET: &str = "twenty-four bytes at least";

fn send(event: &str, kind: &str, body: &[u8]) -> Result<Hints, WebhookError> {
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(body);
    let signature = format!("sha256={}", hex::encode(mac.finalize().into_bytes()));
    let mut headers = HeaderMap::new();
    headers.insert("x-hub-signature-256", signature.parse().unwrap());
    headers.insert("x-github-event", event.parse().unwrap());
    headers.insert("content-type", kind.parse().unwrap());
    hints(&[SecretString::from(SECRET)], &headers, body)
}

fn sample(name: &str) -> Vec<u8> {
    let all: Value = serde_json::from_str(DELIVERIES).unwrap();
    assert!(all[name].is_object(), "{name}");
    serde_json::to_vec(&all[name]).unwrap()
}

#[track_caller]
fn check(event: &str, name: &str, sources: &[&str], scan: bool) {
    let sources = sources.iter().map(|id| (*id).to_owned()).collect();
    let expected = Hints { sources, scan, sweep: event == "repository" };
    assert_eq!(send(event, "application/json", &sample(name)), Ok(expected), "{name}");
}

#[test]
fn deliveries_name_the_issues_to_look_at() {
    check("issues", "issues-closed", &["I_issue"], false);
    check("issues", "issues-deleted", &["I_issue"], false);
    check("issues", "issues-transferred", &["I_issue", "I_new"], true);
    check("sub_issues", "sub-issues-added", &["I_child", "I_parent"], false);
    check("issue_dependencies", "blocked-by-added", &["I_blocked", "I_blocking"], false);
    check("projects_v2_item", "board-item-edited", &["I_card"], false);
}

#[test]
fn deliveries_about_many_issues_ask_for_a_scan() {
    check("pull_request", "pull-request-opened", &[], true);
    check("label", "label-edited", &[], true);
    check("release", "release-published", &[], true);
    check("repository", "repository-renamed", &[], true);
}

#[test]
fn other_events_are_accepted_and_ignored() {
    check("ping", "ping", &[], false);
    check("star", "issues-closed", &[], false);
    let mut card: Value = serde_json::from_slice(&sample("board-item-edited")).unwrap();
    card["projects_v2_item"]["content_type"] = "DraftIssue".into();
    let body = serde_json::to_vec(&card).unwrap();
    assert_eq!(send("projects_v2_item", "application/json", &body), Ok(Hints::default()));
}

#[test]
fn only_our_signature_over_these_bytes_is_let_in() {
    let body = b"Hello, World!";
    let mut headers = HeaderMap::new();
    headers.insert("x-github-event", "ping".parse().unwrap());
    let secrets = [SecretString::from("It's a Secret to Everybody")];
    assert_eq!(hints(&secrets, &headers, body), Err(WebhookError::Forged), "unsigned");
    // The example of GitHub's documentation.
    let signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    headers.insert("x-hub-signature", signature.parse().unwrap());
    assert_eq!(hints(&secrets, &headers, body), Err(WebhookError::Forged), "the old header");
    headers.insert("x-hub-signature-256", signature.parse().unwrap());
    assert_eq!(hints(&secrets, &headers, body), Ok(Hints::default()));
    assert_eq!(hints(&secrets, &headers, b"Hello, world!"), Err(WebhookError::Forged));
    assert_eq!(hints(&[], &headers, body), Err(WebhookError::Forged), "no secret configured");
}

#[test]
fn a_form_and_a_broken_body_are_refused_with_a_hint() {
    let told = |outcome| match outcome {
        Err(WebhookError::Unreadable(text)) => text,
        other => panic!("{other:?}"),
    };
    let form = send("issues", "application/x-www-form-urlencoded", b"payload=%7B%7D");
    assert!(told(form).contains("application/json"));
    assert!(told(send("issues", "application/json", b"{\"issue\":")).contains("`issues`"));
}
