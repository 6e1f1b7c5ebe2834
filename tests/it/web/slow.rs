//! Clients that hold a connection without asking anything.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use streamgauge::clock::SystemClock;
use streamgauge::spawn::Spawner;
use streamgauge::web::server::{self, Limits};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use super::client::{exchange, get};
use super::house::{Doors, House};

fn impatient() -> Doors {
    let limits = Limits {
        connections: 2,
        head: Duration::from_millis(200),
        drain: Duration::from_secs(1),
        ..Limits::default()
    };
    Doors { limits, ..Doors::default() }
}

#[tokio::test]
async fn half_a_head_is_hung_up_on() {
    let house = House::empty(impatient()).await;
    let answer = exchange(house.address, b"GET / HTTP/1.1\r\nhost: localhost\r\nx-slow: ").await;
    let answer = String::from_utf8(answer).unwrap();
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408"), "{answer}");
}

#[tokio::test]
async fn silence_is_hung_up_on_and_its_seat_is_given_on() {
    let house = House::empty(impatient()).await;
    let silent = || exchange(house.address, b"");
    // Two seats; the others wait for them and get their turn.
    let (a, b, c, answer) = tokio::join!(silent(), silent(), silent(), house.ask(get("/healthz")));
    assert_eq!((a.len(), b.len(), c.len()), (0, 0, 0));
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn a_kept_connection_that_falls_silent_is_hung_up_on() {
    let house = House::empty(impatient()).await;
    let ask = format!("GET /healthz HTTP/1.1\r\nhost: {}\r\n\r\n", house.address);
    let answer = String::from_utf8(exchange(house.address, ask.as_bytes()).await).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("ok\n"), "{answer}");
}

#[tokio::test]
async fn a_stop_is_heard_while_every_seat_is_taken() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let limits = Limits {
        connections: 1,
        head: Duration::from_secs(600),
        drain: Duration::from_millis(100),
        ..Limits::default()
    };
    let (stop, stopped) = oneshot::channel::<()>();
    let clock = Arc::new(SystemClock);
    let web = server::serve(
        listener,
        Router::new(),
        Spawner::tokio(),
        clock,
        limits,
        || {},
        async move {
            let _ = stopped.await;
        },
    );
    let guest = async {
        let ask = b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n";
        let mut seated = TcpStream::connect(address).await.unwrap();
        seated.write_all(ask).await.unwrap();
        let mut first = [0];
        seated.read_exact(&mut first).await.unwrap();
        drop(stop);
        seated
    };
    let both = async { tokio::join!(web, guest) };
    tokio::time::timeout(Duration::from_secs(30), both).await.expect("it stops");
}
