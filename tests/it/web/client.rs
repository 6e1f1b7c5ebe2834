//! The smallest HTTP client: it sends exactly what a test says, forged or half of it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

/// No answer takes longer, or the test fails.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value)
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
}

/// A request in the making.
pub struct Ask {
    method: &'static str,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    from: u8,
}

pub fn get(path: &str) -> Ask {
    Ask { method: "GET", path: path.to_owned(), headers: Vec::new(), body: Vec::new(), from: 1 }
}

/// Any method, without a body.
pub fn bare(method: &'static str, path: &str) -> Ask {
    Ask { method, ..get(path) }
}

pub fn post(path: &str, kind: &str, body: impl Into<Vec<u8>>) -> Ask {
    let ask = Ask { method: "POST", body: body.into(), ..get(path) };
    ask.with("content-type", kind)
}

impl Ask {
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn bearer(self, token: &str) -> Self {
        self.with("authorization", &format!("Bearer {token}"))
    }

    /// From another address of this machine: 127.0.0.`last`.
    pub fn from(mut self, last: u8) -> Self {
        self.from = last;
        self
    }

    /// As a browser asks.
    pub fn page(self) -> Self {
        self.with("accept", "text/html,application/xhtml+xml")
    }

    pub async fn send(self, address: SocketAddr) -> Answer {
        let mut head = format!("{} {} HTTP/1.1\r\n", self.method, self.path);
        let named = |name: &str| self.headers.iter().any(|(known, _)| known == name);
        if !named("host") {
            head.push_str(&format!("host: {address}\r\n"));
        }
        if !named("content-length") {
            head.push_str(&format!("content-length: {}\r\n", self.body.len()));
        }
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("connection: close\r\n\r\n");
        let mut bytes = head.into_bytes();
        bytes.extend(&self.body);
        parse(&talk(connect(self.from, address).await, &bytes).await)
    }
}

/// A connection from 127.0.0.`last`.
pub async fn connect(last: u8, address: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::from((IpAddr::V4(Ipv4Addr::new(127, 0, 0, last)), 0))).unwrap();
    socket.connect(address).await.unwrap()
}

/// Sends these bytes and reads until the other side hangs up.
pub async fn exchange(address: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    talk(connect(1, address).await, bytes).await
}

async fn talk(mut stream: TcpStream, bytes: &[u8]) -> Vec<u8> {
    stream.write_all(bytes).await.unwrap();
    let mut answer = Vec::new();
    tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer))
        .await
        .expect("the server hangs up in time")
        .unwrap();
    answer
}

fn parse(bytes: &[u8]) -> Answer {
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no head: {text:?}"));
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers: Vec<(String, String)> = lines
        .map(|line| line.split_once(": ").unwrap())
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    assert!(!headers.iter().any(|(name, _)| name == "transfer-encoding"), "sent in one piece");
    Answer { status, headers, body: body.to_owned() }
}
