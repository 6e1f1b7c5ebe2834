//! What strangers and browsers send to the daemon: queries, forms, JSON, paths, and whole heads of
//! requests. A real server answers each; it must answer, and never with the failure of a handler.

use std::cell::OnceCell;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;

use super::{Shape, Target};
use crate::web::client::exchange;
use crate::web::house::{Doors, House};

thread_local! {
    static HOUSE: OnceCell<(Runtime, House)> = const { OnceCell::new() };
}

/// Asks a real server; it must answer, and never with the failure of a handler. Returns the status
/// and the length of the answer.
fn told(ask: impl AsyncFn(SocketAddr) -> Vec<u8>) -> (String, usize) {
    HOUSE.with(|cell| {
        let (runtime, house) = cell.get_or_init(|| {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let house = runtime.block_on(House::furnished(Doors::all()));
            (runtime, house)
        });
        // Wrong words and questions about the past are counted for a minute.
        house.clock.advance(std::time::Duration::from_secs(61));
        let told = runtime.block_on(ask(house.address));
        let text = String::from_utf8_lossy(&told);
        let status = text.split(' ').nth(1).unwrap_or("none").to_owned();
        assert_ne!(status, "500", "{text}");
        assert_ne!(status, "504", "{text}");
        (status, told.len())
    })
}

/// Status and size of the answer to these bytes.
fn answer(bytes: &[u8]) -> Shape {
    let (status, length) = told(async |address| exchange(address, bytes).await);
    format!("{status} {}", usize::BITS - length.leading_zeros())
}

fn ask(method: &str, path: &[u8], kind: &str, body: &[u8]) -> Shape {
    let head = format!(
        " HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer portfolio-word\r\n\
         content-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    answer(&[method.as_bytes(), b" ", path, head.as_bytes(), body].concat())
}

fn texts(all: &[&str]) -> Vec<Vec<u8>> {
    all.iter().map(|text| text.as_bytes().to_vec()).collect()
}

pub fn query_strings() -> Target {
    Target {
        name: "query_strings",
        seeds: texts(&[
            "as_of=2026-06-15T06:00:00Z",
            "known=2026-06-15T06:00:00Z&as_of=2026-06-10T00:00:00Z",
            "as_of=%2B262142-12-31T23:59:59Z",
            "as_of=-262143-01-01T00:00:00Z",
            "token=x",
            "",
        ]),
        words: &[
            "as_of=", "known=", "&", "%", "%00", "%2B", "Z", "9999", "0000", "T", "+", "=", ";",
        ],
        run: |input| {
            let clean: Vec<u8> = input.iter().copied().filter(|b| b.is_ascii_graphic()).collect();
            let mut shape = String::new();
            for path in ["/", "/api/v1/map", "/items/northwind/checkout%231", "/api/v1/decisions"] {
                let whole = [path.as_bytes(), b"?", &clean[..clean.len().min(2_000)]].concat();
                shape += &ask("GET", &whole, "text/plain", b"");
            }
            shape
        },
    }
}

pub fn item_paths() -> Target {
    Target {
        name: "item_paths",
        seeds: texts(&[
            "northwind/checkout%231",
            "PAY-12",
            "..%2f..%2fetc%2fpasswd",
            "%00",
            "a/b/c",
        ]),
        words: &["/", "%2f", "%23", "..", "%00", "%ff", "\\", "%", ";", "//"],
        run: |input| {
            let clean: Vec<u8> = input.iter().copied().filter(|b| b.is_ascii_graphic()).collect();
            let clean = &clean[..clean.len().min(2_000)];
            ["/items/", "/api/v1/items/", "/webhooks/", "/"]
                .map(|root| ask("GET", &[root.as_bytes(), clean].concat(), "text/plain", b""))
                .join(" ")
        },
    }
}

pub fn form_bodies() -> Target {
    Target {
        name: "form_bodies",
        seeds: texts(&[
            "token=viewer-word",
            "token=%00&token=x",
            "token=%F0%9F%98%80",
            "=&=&",
            "token",
        ]),
        words: &["token=", "&", "%", "+", "%00", "viewer-word", "=", "\u{0}"],
        run: |input| {
            let form = "application/x-www-form-urlencoded";
            ask("POST", b"/sign-in", form, input) + &ask("POST", b"/sign-out", form, input)
        },
    }
}

pub fn recorded_bodies() -> Target {
    Target {
        name: "recorded_bodies",
        seeds: texts(&[
            r#"{"verb":"more","subject":"stream:payments","why":"the June review"}"#,
            r#"{"measure":"refund-contacts","value":41.5,"at":"2026-06-01T00:00:00Z"}"#,
            r#"{"verb":"stop","subject":"epic:x","why":"y","review_at":"2026-09-01T00:00:00Z","supersedes":"D-1",
               "target":[0.1,0.2],"cites":["P1"]}"#,
        ]),
        words: &[
            "verb",
            "subject",
            "stream:",
            "team:",
            "portfolio",
            "value",
            "at",
            "supersedes",
            "D-1",
            "1e400",
            "NaN",
            "null",
            "target",
            "cites",
            "name",
            "epics",
            "items",
        ],
        run: |input| {
            let json = "application/json";
            ask("POST", b"/api/v1/decisions", json, input)
                + &ask("POST", b"/api/v1/readings", json, input)
                + &ask("POST", b"/api/v1/integrations", json, input)
        },
    }
}

/// The first bytes of a connection, whatever they are.
pub fn request_heads() -> Target {
    Target {
        name: "request_heads",
        seeds: texts(&[
            "GET / HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer viewer-word\r\n\r\n",
            "POST /webhooks/github HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\n{}",
            "POST /sign-in HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n5\r\ntoken\r\n0\r\n\r\n",
            "GET /status HTTP/1.1\r\nhost: a\r\ncookie: __Host-streamgauge=YQ.YQ\r\n\r\n",
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        ]),
        words: &[
            "\r\n",
            "content-length: ",
            "transfer-encoding: chunked",
            "host: ",
            "GET ",
            "HTTP/1.0",
            "authorization: ",
            "cookie: ",
            "expect: 100-continue",
            "upgrade: h2c",
            "connection: ",
            "\u{0}",
        ],
        run: |input| {
            // The server hangs up after half a request only when its patience ends.
            let whole = [input, b"\r\nconnection: close\r\n\r\n"].concat();
            if !whole.starts_with(b"GET ") && !whole.starts_with(b"POST ") {
                return "no request".into();
            }
            bounded(&whole)
        },
    }
}

/// Sends the bytes and closes our side, so that a request which lacks its end ends all the same.
fn bounded(bytes: &[u8]) -> Shape {
    let (status, _) = told(async |address| {
        let mut stream = TcpStream::connect(address).await.unwrap();
        // It may hang up before it has read everything.
        let _ = stream.write_all(bytes).await;
        let _ = stream.shutdown().await;
        let mut told = Vec::new();
        let _ = stream.read_to_end(&mut told).await;
        told
    });
    status
}
