//! Webhooks: signed, stored as a hint before the answer, and never a way to learn anything.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use streamgauge::clock::Clock;

use super::client::{Ask, exchange, get, post};
use super::house::{Doors, HOOK_SECRET, House, connection};

pub const DELIVERY: &str = r#"{ "action": "edited", "issue": { "node_id": "I_1" } }"#;

pub fn delivery(path: &str, secret: &str, body: &str) -> Ask {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(body.as_bytes());
    let sign = hex::encode(mac.finalize().into_bytes());
    post(path, "application/json", body)
        .with("x-hub-signature-256", &format!("sha256={sign}"))
        .with("x-github-event", "issues")
}

#[tokio::test]
async fn a_signed_delivery_is_durable_before_it_is_accepted() {
    let house = House::furnished(Doors::all()).await;
    let answer = house.ask(delivery("/webhooks/github", HOOK_SECRET, DELIVERY)).await;
    assert_eq!((answer.status, answer.body.as_str()), (202, ""));
    let due = house.clock.now().plus_millis(60_000);
    let hints = house.store.take_hints(&connection(), due, 10).await.unwrap();
    let sources: Vec<&str> = hints.iter().map(|hint| hint.source.as_str()).collect();
    assert_eq!(sources, ["I_1"]);
    let metrics = house.ask(get("/metrics").bearer("viewer-word")).await.body;
    assert!(metrics.contains(r#"streamgauge_webhooks_total{outcome="accepted"} 1"#), "{metrics}");
}

#[tokio::test]
async fn forgers_cannot_tell_a_known_connection_from_an_unknown_one() {
    let house = House::furnished(Doors::all()).await;
    let unknown = house.ask(delivery("/webhooks/nowhere", HOOK_SECRET, DELIVERY)).await;
    let forged = house.ask(delivery("/webhooks/github", "another secret", DELIVERY)).await;
    let unsigned = house.ask(post("/webhooks/github", "application/json", DELIVERY)).await;
    let bearer = post("/webhooks/github", "application/json", DELIVERY).bearer("portfolio-word");
    let credited = house.ask(bearer).await;
    assert_eq!(forged.status, 401);
    for other in [unknown, unsigned, credited] {
        assert_eq!((other.status, &other.body), (forged.status, &forged.body));
        let names = |answer: &super::client::Answer| -> Vec<String> {
            answer.headers.iter().map(|(name, _)| name.clone()).collect()
        };
        assert_eq!(names(&other), names(&forged));
    }
    assert_eq!(house.store.counts().await.unwrap().hints, 0);
}

/// Jira 9 cannot sign: its deliveries carry the secret in the address.
#[tokio::test]
async fn a_secret_in_the_address_is_as_good_as_a_signature() {
    let house = House::furnished(Doors::all()).await;
    let body = r#"{"webhookEvent":"jira:issue_updated","issue":{"id":"10300"}}"#;
    let ask = |path: &str| house.ask(post(path, "application/json", body));
    let refused = ask("/webhooks/center").await;
    assert_eq!(refused.status, 401);
    let wrong = ask("/webhooks/center?token=the+secret+of+the+webhook").await;
    assert_eq!((wrong.status, wrong.body), (401, refused.body));
    let header = post("/webhooks/center", "application/json", body);
    let header = header.with("x-streamgauge-url-token", HOOK_SECRET);
    assert_eq!(house.ask(header).await.status, 401, "a sender cannot set what the address sets");
    let hints = async || house.store.counts().await.unwrap().hints;
    assert_eq!(hints().await, 0);
    assert_eq!(ask("/webhooks/center?token=the%20secret+of+the%20webhooks").await.status, 202);
    assert_eq!(hints().await, 1);
}

#[tokio::test]
async fn a_signed_delivery_that_is_no_json_is_named() {
    let house = House::furnished(Doors::all()).await;
    let answer = house.ask(delivery("/webhooks/github", HOOK_SECRET, "{")).await;
    assert_eq!(answer.status, 400);
    assert_eq!(answer.body, "the delivery of `issues` is not the JSON it should be\n");
}

#[tokio::test]
async fn too_large_a_body_is_refused_before_it_is_sent() {
    let house = House::furnished(Doors::all()).await;
    let head = format!(
        "POST /webhooks/github HTTP/1.1\r\nhost: {}\r\ncontent-length: 1048577\r\n\
         connection: close\r\n\r\n",
        house.address
    );
    let answer = String::from_utf8(exchange(house.address, head.as_bytes()).await).unwrap();
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
}
