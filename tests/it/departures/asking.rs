//! Every request of every dialect is written down: pulls, sweeps, hints, catalogues, deliveries,
//! what `init` and `check` ask. There are GETs, and POSTs to the endpoints that only answer.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use http::Method;
use streamgauge::clock::{Clock, ManualClock};
use streamgauge::entropy::Entropy;
use streamgauge::model::Timestamp;
use streamgauge::sync::{Reach, Silent, Stop};
use streamgauge::transport::{Limits, Pace, Request, Transport, Wire};

use super::{House, dialects};

type Written = Arc<Mutex<Vec<(Method, String, String)>>>;

/// Where a POST may go.
const QUESTIONS: [&str; 6] = [
    "/graphql",
    "/rest/api/3/search/jql",
    "/rest/api/3/search/approximate-count",
    "/rest/api/3/issue/bulkfetch",
    "/rest/api/3/changelog/bulkfetch",
    "/rest/api/2/search",
];

/// A network that writes down what goes through it.
fn recording(clock: &Arc<ManualClock>) -> (Transport, Written) {
    let limits = Limits { backoff: Vec::new(), ..Limits::default() };
    let network = Transport::over_network(limits, clock.clone(), Entropy::from_seed(1)).unwrap();
    let written = Written::default();
    let notes = Arc::clone(&written);
    let wire = Wire::new(tower::service_fn(move |request: Request| {
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let body = String::from_utf8_lossy(request.body()).into_owned();
        notes.lock().unwrap().push((method, path, body));
        let network = network.clone();
        async move { network.ask(request, |_| Pace::Proceed).await }
    }));
    let transport = Transport::over(wire, Limits::default(), clock.clone(), Entropy::from_seed(2));
    (transport, written)
}

#[track_caller]
fn assert_asks(name: &str, (method, path, body): &(Method, String, String)) {
    match *method {
        Method::GET => assert!(body.is_empty(), "{name}: GET {path} carries {body}"),
        Method::POST if path.ends_with("/graphql") => {
            let body: serde_json::Value = serde_json::from_str(body).unwrap();
            let document = body["query"].as_str().unwrap();
            let lines = document.lines().filter(|line| !line.trim_start().starts_with('#'));
            let document = lines.collect::<Vec<_>>().join("\n");
            let document = document.trim_start();
            assert!(
                ["query", "{", "fragment"].iter().any(|start| document.starts_with(start)),
                "{document}"
            );
            let mut words = document.split(|c: char| !c.is_alphanumeric() && c != '_');
            assert!(words.all(|w| w != "mutation" && w != "subscription"), "{document}");
        }
        // The one POST that is no question: it changes nothing but that the token exists.
        Method::POST if path.ends_with("/access_tokens") => assert_eq!(name, "github-app"),
        Method::POST => {
            assert!(QUESTIONS.iter().any(|end| path.ends_with(end)), "{name}: POST {path}");
        }
        ref other => panic!("{name}: {other} {path}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_but_questions_is_ever_sent() {
    let folder = tempfile::tempdir().unwrap();
    let clock = ManualClock::at(Timestamp::parse("2026-06-15T06:00:00Z").unwrap());
    let (transport, written) = recording(&clock);
    for dialect in dialects(&clock, &transport).await {
        let name = dialect.name();
        let url = format!("sqlite:{}/{name}.db", folder.path().display());
        let house = House::new(dialect.as_ref(), &url, &clock).await;
        let (connection, tracker, never) = (house.connection(), dialect.tracker(), Stop::never());
        let [home, other] = dialect.scopes();
        let keys: Vec<String> = (0..12)
            .map(|number| dialect.create(if number % 3 == 0 { other } else { home }))
            .collect();
        house.wait(30);
        for reach in [Reach::Hot, Reach::Deep, Reach::Full] {
            dialect.change(&keys[0]);
            house.wait(10);
            let outcome = house.engine.pass(&connection, reach, &Silent, &never).await;
            assert_eq!(outcome.problem, None, "{name}: {outcome:?}");
        }
        let sources = house.store.fold_items(None, Vec::new(), |all: &mut Vec<_>, item| {
            all.push(item.id.source);
        });
        let sources: Vec<String> = sources.await.unwrap();
        house.store.put_hints(&connection, sources, house.clock.now()).await.unwrap();
        assert_eq!(house.engine.refresh(&connection, &never).await.read, 12, "{name}");
        dialect.delete(&keys[1]);
        dialect.carry(&keys[2], dialect.outside());
        for _ in 0..2 {
            house.wait(20);
            house.sweep().await;
        }
        house.engine.missed(&connection, &never).await;
        let scopes: Vec<String> = dialect.scopes().map(str::to_owned).to_vec();
        tracker.catalogue(true).await.unwrap();
        tracker.inventory(&[]).await.unwrap();
        tracker.inventory(&scopes).await.unwrap();
        tracker.rights().await.unwrap();

        let sent = std::mem::take(&mut *written.lock().unwrap());
        sent.iter().for_each(|request| assert_asks(name, request));
        let posts: BTreeSet<&str> = sent
            .iter()
            .filter(|(method, ..)| method == Method::POST)
            .map(|(_, path, _)| path.as_str())
            .collect();
        let gets = sent.iter().filter(|(method, ..)| method == Method::GET).count();
        println!("{name}: {} requests, {gets} GETs, POSTs to {posts:?}", sent.len());
        assert!(sent.len() > 15, "{name}: {} requests", sent.len());
    }
}

/// A transport of a tracker refuses by itself what could change something.
#[tokio::test]
async fn a_tracker_cannot_send_anything_else() {
    let clock = ManualClock::at(Timestamp::parse("2026-06-15T06:00:00Z").unwrap());
    let (transport, written) = recording(&clock);
    let tracker = transport.on_account();
    for (method, path) in [
        (Method::POST, "/rest/api/3/issue"),
        (Method::PUT, "/rest/api/3/issue/7"),
        (Method::DELETE, "/repos/o/r/hooks/1"),
        (Method::PATCH, "/app/hook/config"),
        (Method::POST, "/app/hook/deliveries/7/attempts"),
    ] {
        let request = http::Request::builder()
            .method(method)
            .uri(format!("http://127.0.0.1:9{path}"))
            .body(bytes::Bytes::new())
            .unwrap();
        let refused = tracker.ask(request, |_| Pace::Proceed).await.unwrap_err();
        assert!(refused.to_string().contains("only asks"), "{refused}");
    }
    assert!(written.lock().unwrap().is_empty(), "nothing was sent");
}
