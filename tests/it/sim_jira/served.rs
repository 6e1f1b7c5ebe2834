//! Over a real socket, and webhook deliveries.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use streamgauge::clock::SystemClock;
use streamgauge::entropy::Entropy;
use streamgauge::sim::jira::faults::Trouble;
use streamgauge::sim::jira::{lock, serve, wire};
use streamgauge::spawn::Spawner;
use streamgauge::transport::{Limits, Pace, Request, Transport, TransportError};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tower::util::BoxCloneSyncService;

use super::{IN_PROGRESS, Jira, TOKEN, basic};

fn network() -> Transport {
    let limits = Limits { backoff: Vec::new(), ..Limits::default() };
    Transport::over_network(limits, Arc::new(SystemClock), Entropy::from_seed(1)).unwrap()
}

fn request(url: &str) -> Request {
    let request = http::Request::get(url).header("authorization", basic(TOKEN));
    request.body(Bytes::new()).unwrap()
}

#[tokio::test]
async fn it_speaks_http_and_stops() {
    let jira = Jira::with_stories(2);
    let clock = jira.clock.clone();
    let site = jira.site.shared();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let running = serve(site.clone(), listener, clock, Spawner::tokio()).unwrap();
    let url = format!("{}/rest/api/3/issue/PAY-1?fields=status", running.url);
    let transport = network();
    let answer = transport.ask(request(&url), |_| Pace::Proceed).await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["date"], "Mon, 15 Jun 2026 06:00:02 GMT", "the site's own clock");
    let body = String::from_utf8(answer.body().to_vec()).unwrap();
    assert!(body.contains(&format!("{}/rest/api/3/status/10000", running.url)), "{body}");
    lock(&site).faults.next(1, "issue", Trouble::Broken);
    let broken = transport.ask(request(&url), |_| Pace::Proceed).await.unwrap_err();
    assert!(matches!(broken, TransportError::Broken { .. }), "{broken}");
    running.shutdown().await;
    let gone = transport.ask(request(&url), |_| Pace::Proceed).await.unwrap_err();
    assert!(matches!(gone, TransportError::Connect { .. }), "{gone}");
}

#[tokio::test]
async fn it_answers_without_a_network() {
    let jira = Jira::with_stories(1);
    let clock = jira.clock.clone();
    let wire = wire(jira.site.shared(), clock.clone());
    let transport = Transport::over(wire, Limits::default(), clock, Entropy::from_seed(1));
    let url = "http://jira.invalid/rest/api/3/myself";
    let answer = transport.ask(request(url), |_| Pace::Proceed).await.unwrap();
    assert_eq!(answer.status(), 200);
}

/// A receiver that answers with the given statuses and hands every request on.
fn receiver(
    statuses: &[u16],
) -> (
    BoxCloneSyncService<Request, http::Response<Bytes>, TransportError>,
    mpsc::UnboundedReceiver<Request>,
) {
    let (seen, requests) = mpsc::unbounded_channel();
    let statuses: Arc<Mutex<VecDeque<u16>>> =
        Arc::new(Mutex::new(statuses.iter().copied().collect()));
    let service = tower::service_fn(move |request: Request| {
        let status = statuses.lock().unwrap().pop_front().unwrap_or(204);
        seen.send(request).unwrap();
        async move { Ok(http::Response::builder().status(status).body(Bytes::new()).unwrap()) }
    });
    (BoxCloneSyncService::new(service), requests)
}

#[tokio::test]
async fn deliveries_are_signed_and_repeated_until_accepted() {
    let mut jira = Jira::with_stories(1);
    jira.site.set_webhook("http://gauge.invalid/webhooks/jira", "It's a Secret");
    jira.site.set_retry_wait(Duration::from_secs(1));
    let clock = jira.clock.clone();
    let site = jira.site.shared();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let running = serve(site.clone(), listener, clock.clone(), Spawner::tokio()).unwrap();
    let (service, mut requests) = receiver(&[500, 503, 204]);
    let transport = Transport::over(service, Limits::default(), clock, Entropy::from_seed(1));
    running.deliver_webhooks(transport);
    lock(&site).transition(1, IN_PROGRESS).unwrap();
    let mut tries = Vec::new();
    for _ in 0..3 {
        tries.push(requests.recv().await.unwrap());
    }
    let retries: Vec<Option<&str>> = tries
        .iter()
        .map(|r| r.headers().get("x-atlassian-webhook-retry").map(|v| v.to_str().unwrap()))
        .collect();
    assert_eq!(retries, [None, Some("1"), Some("2")]);
    let identifier = &tries[0].headers()["x-atlassian-webhook-identifier"];
    for request in &tries {
        assert_eq!(&request.headers()["x-atlassian-webhook-identifier"], identifier);
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(b"It's a Secret").unwrap();
        mac.update(request.body());
        let expected = format!("sha256={}", hex::encode(mac.finalize().into_bytes()));
        assert_eq!(request.headers()["x-hub-signature"], expected);
    }
    assert!(lock(&site).take_deliveries().is_empty());
    running.shutdown().await;
}
