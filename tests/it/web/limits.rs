//! What a request may carry, how long it may take, and how much one client gets of it all.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get as route;
use streamgauge::clock::SystemClock;
use streamgauge::spawn::Spawner;
use streamgauge::web::Bounds;
use streamgauge::web::server::{self, Limits};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::client::{connect, exchange, get};
use super::house::{Doors, HOOK_SECRET, House};
use super::webhooks::{DELIVERY, delivery};

const SHORT: Duration = Duration::from_millis(200);

/// A POST with these headers, as far as its body.
fn head(house: &House, path: &str, headers: &str) -> String {
    format!("POST {path} HTTP/1.1\r\nhost: {}\r\n{headers}\r\n", house.address)
}

async fn answer(house: &House, bytes: &[u8]) -> String {
    String::from_utf8(exchange(house.address, bytes).await).unwrap()
}

#[tokio::test]
async fn an_announced_body_over_the_limit_is_refused_unread() {
    let house = House::empty(Doors::all()).await;
    for (path, length) in [
        ("/webhooks/github", 5_000_000_u64),
        ("/webhooks/github", (1 << 20) + 1),
        ("/sign-in", (64 << 10) + 1),
        ("/webhooks/github", 1 << 60),
    ] {
        let ask = head(&house, path, &format!("content-length: {length}\r\n"));
        // No byte of the body is ever sent, and the connection ends by itself.
        let told = answer(&house, ask.as_bytes()).await;
        assert!(told.starts_with("HTTP/1.1 413"), "{path} {length}: {told}");
    }
}

#[tokio::test]
async fn a_body_of_unknown_length_is_refused_where_it_passes_the_limit() {
    let house = House::empty(Doors::all()).await;
    for (path, limit) in [("/webhooks/github", 1_usize << 20), ("/sign-in", 64 << 10)] {
        let mut stream = connect(1, house.address).await;
        let ask = head(&house, path, "transfer-encoding: chunked\r\n");
        stream.write_all(ask.as_bytes()).await.unwrap();
        let chunk = [b"4000\r\n".as_slice(), &[b'x'; 0x4000], b"\r\n"].concat();
        for _ in 0..limit / 0x4000 {
            stream.write_all(&chunk).await.unwrap();
        }
        // One byte more, and neither the end of it nor another chunk.
        stream.write_all(b"1\r\nx\r\n").await.unwrap();
        let mut told = [0; 12];
        stream.read_exact(&mut told).await.unwrap();
        assert_eq!(&told, b"HTTP/1.1 413", "{path}");
    }
}

#[tokio::test]
async fn an_encoded_body_is_refused_before_it_is_decoded() {
    let house = House::empty(Doors::all()).await;
    for encoding in ["gzip", "br", "zstd", "gzip, gzip", "identity, gzip", "GZIP"] {
        let hook = delivery("/webhooks/github", HOOK_SECRET, DELIVERY);
        let told = house.ask(hook.with("content-encoding", encoding)).await;
        assert_eq!(told.status, 415, "{encoding}");
        let form = super::client::post("/sign-in", "text/plain", "");
        let told = house.ask(form.with("content-encoding", encoding)).await;
        assert_eq!(told.status, 415, "{encoding}");
    }
    let hook = delivery("/webhooks/github", HOOK_SECRET, DELIVERY);
    assert_eq!(house.ask(hook.with("content-encoding", "identity")).await.status, 202);
}

#[tokio::test]
async fn a_body_that_trickles_is_given_up() {
    let bounds = Bounds { body: SHORT, ..Bounds::default() };
    let house = House::empty(Doors { bounds, ..Doors::all() }).await;
    for path in ["/webhooks/github", "/sign-in"] {
        let ask = head(&house, path, "content-length: 1000\r\n") + "only this";
        let told = answer(&house, ask.as_bytes()).await;
        assert!(told.starts_with("HTTP/1.1 408"), "{path}: {told}");
    }
    let hook = delivery("/webhooks/github", HOOK_SECRET, DELIVERY);
    assert_eq!(house.ask(hook).await.status, 202);
}

/// Large bodies of many clients must not add up: the budget is for all of them together.
#[tokio::test]
async fn bodies_under_way_share_one_budget() {
    let bounds = Bounds { room: 64 << 10, body: Duration::from_secs(60), ..Bounds::default() };
    let house = House::empty(Doors { bounds, ..Doors::all() }).await;
    let ask = head(&house, "/webhooks/github", "content-length: 1000000\r\n");
    let part = [ask.as_bytes(), &[b'x'; 60 << 10]].concat();
    let mut first = connect(1, house.address).await;
    first.write_all(&part).await.unwrap();
    // Whichever comes last finds no room, and is told to come again.
    let mut second = connect(1, house.address).await;
    second.write_all(&part).await.unwrap();
    let mut told = ([0; 12], [0; 12]);
    let told = tokio::select! {
        read = first.read_exact(&mut told.0) => read.map(|_| told.0),
        read = second.read_exact(&mut told.1) => read.map(|_| told.1),
    };
    assert_eq!(&told.unwrap(), b"HTTP/1.1 503");
    drop((first, second));
    let mut hook = 503;
    while hook == 503 {
        hook = house.ask(delivery("/webhooks/github", HOOK_SECRET, DELIVERY)).await.status;
    }
    assert_eq!(hook, 202, "the room is given back");
}

/// A body in crumbs takes the room of what it holds, however many they are.
#[tokio::test]
async fn a_body_in_crumbs_takes_no_more_room_than_it_holds() {
    let bounds = Bounds { room: 64 << 10, ..Bounds::default() };
    let house = House::empty(Doors { bounds, ..Doors::all() }).await;
    let headers = "transfer-encoding: chunked\r\nconnection: close\r\n";
    let crumbs = "1\r\nx\r\n".repeat(2_000) + "0\r\n\r\n";
    let ask = head(&house, "/webhooks/github", headers) + &crumbs;
    let told = answer(&house, ask.as_bytes()).await;
    assert!(told.starts_with("HTTP/1.1 401"), "it is read to its end: {told}");
}

#[tokio::test]
async fn a_delivery_that_finds_no_place_is_sent_back_and_a_scan_is_asked_for() {
    let bounds = Bounds { hints: 0, ..Bounds::default() };
    let house = House::furnished(Doors { bounds, ..Doors::all() }).await;
    let told = house.ask(delivery("/webhooks/github", HOOK_SECRET, DELIVERY)).await;
    assert_eq!((told.status, told.body.as_str()), (503, "try again\n"));
    tokio::time::timeout(Duration::from_secs(30), house.scan.notified()).await.expect("a scan");
    assert_eq!(house.store.counts().await.unwrap().hints, 0);
    let metrics = house.ask(get("/metrics").bearer("viewer-word")).await.body;
    assert!(metrics.contains(r#"streamgauge_webhooks_total{outcome="overflow"} 1"#), "{metrics}");
}

#[tokio::test]
async fn questions_about_the_past_are_rationed_and_those_about_now_are_not() {
    let bounds = Bounds { past: 3, ..Bounds::default() };
    let house = House::furnished(Doors { bounds, ..Doors::all() }).await;
    let ask = |query: &str| get(&format!("/api/v1/report{query}")).bearer("viewer-word");
    let (plain, hidden) = ("?as_of=2026-06-14T06:00:00Z", "?kno%77n=2026-06-15T05:59:00Z");
    for (query, status) in [(plain, 200), (hidden, 200), (plain, 200), (hidden, 429), (plain, 429)]
    {
        assert_eq!(house.ask(ask(query)).await.status, status, "{query}");
    }
    for _ in 0..10 {
        assert_eq!(house.ask(ask("")).await.status, 200);
    }
    assert_eq!(house.ask(ask(plain).from(2)).await.status, 200, "another caller");
    house.clock.advance(Duration::from_secs(60));
    assert_eq!(house.ask(ask(plain)).await.status, 200, "a minute later");
}

#[tokio::test]
async fn one_address_cannot_take_every_seat() {
    let limits = Limits { connections: 8, share: 2, ..Limits::default() };
    let house = House::empty(Doors { limits, ..Doors::default() }).await;
    let mut held = Vec::new();
    for _ in 0..6 {
        held.push(connect(1, house.address).await);
    }
    let mut turned_away = connect(1, house.address).await;
    let mut told = Vec::new();
    turned_away.read_to_end(&mut told).await.unwrap();
    let told = String::from_utf8(told).unwrap();
    assert!(told.starts_with("HTTP/1.1 503") && told.contains("connection: close"), "{told}");
    for _ in 0..10 {
        assert_eq!(house.ask(get("/healthz").from(2)).await.status, 200);
    }
    drop(held);
    // As soon as the server has noticed that they left.
    let mut again = String::new();
    while !again.starts_with("HTTP/1.1 200") {
        let mut stream = connect(1, house.address).await;
        let ask = b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
        let mut bytes = Vec::new();
        // One that is turned away may find the connection reset.
        let _ = stream.write_all(ask).await;
        let _ = stream.read_to_end(&mut bytes).await;
        again = String::from_utf8(bytes).unwrap();
    }
}

#[tokio::test]
async fn a_client_that_takes_no_answer_is_hung_up_on() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    // More than the buffers of any kernel hold.
    let large = Router::new().route("/", route(async || vec![b'x'; 64 << 20]));
    let limits = Limits { connections: 1, stall: SHORT, ..Limits::default() };
    let clock = Arc::new(SystemClock);
    let never = std::future::pending();
    let web = server::serve(listener, large, Spawner::tokio(), clock, limits, || {}, never);
    Spawner::tokio().spawn("web", web);
    let ask = b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    let mut idler = connect(1, address).await;
    idler.write_all(ask).await.unwrap();
    // There is one seat, and the idler does not leave it by himself.
    let other = exchange(address, ask).await;
    assert!(other.len() > 64 << 20, "{} bytes", other.len());
    let mut rest = Vec::new();
    let ended = idler.read_to_end(&mut rest).await;
    assert!(ended.is_err() || rest.len() < 64 << 20, "{} bytes", rest.len());
}
