//! Sends requests at planned instants over many connections, whether or not earlier ones were
//! answered: the time of each counts from the instant at which it was due, so a server that falls
//! behind cannot hide it.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{Instant, sleep_until, timeout};

/// An answer that takes longer is none.
const PATIENCE: Duration = Duration::from_secs(40);

/// What is sent, and when.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    pub address: SocketAddr,
    /// The client's own address is 127.0.0.`from`.
    pub from: u8,
    pub connections: usize,
    pub count: usize,
    /// Requests a second.
    pub rate: f64,
}

/// How one request went.
#[derive(Debug, Clone, Copy)]
pub struct Sent {
    pub nth: usize,
    pub at: Instant,
    /// From the instant at which it was due to the whole answer.
    pub took: Duration,
    /// 0: there was no answer.
    pub status: u16,
}

/// How all of them went, in no order.
#[derive(Debug, Default)]
pub struct Load {
    pub sent: Vec<Sent>,
    /// From the first to the last answer.
    pub took: Duration,
}

impl Load {
    pub fn with(&self, status: u16) -> usize {
        self.sent.iter().filter(|sent| sent.status == status).count()
    }

    pub fn without(&self, status: u16) -> usize {
        self.sent.len() - self.with(status)
    }

    /// The exact percentiles of the time in milliseconds; 1.0 is the longest.
    pub fn percentiles<const N: usize>(&self, shares: [f64; N]) -> [f64; N] {
        let mut all: Vec<Duration> = self.sent.iter().map(|sent| sent.took).collect();
        all.sort_unstable();
        shares.map(|share| percentile(&all, share))
    }
}

/// Of sorted durations, in milliseconds.
pub fn percentile(sorted: &[Duration], share: f64) -> f64 {
    let rank = (sorted.len() as f64 * share).ceil() as usize;
    sorted.get(rank.max(1) - 1).map_or(0.0, |took| took.as_secs_f64() * 1_000.0)
}

/// Sends `count` requests; `request` gives the bytes of each.
pub async fn drive(plan: &Plan, request: impl Fn(usize) -> Arc<[u8]>) -> Load {
    let (begin, next) = (Instant::now(), AtomicUsize::new(0));
    let lines = (0..plan.connections).map(|_| line(plan, begin, &next, &request));
    let sent: Vec<Sent> = futures::future::join_all(lines).await.into_iter().flatten().collect();
    Load { sent, took: begin.elapsed() }
}

async fn line(
    plan: &Plan,
    begin: Instant,
    next: &AtomicUsize,
    request: &impl Fn(usize) -> Arc<[u8]>,
) -> Vec<Sent> {
    let mut client = Client::new(plan.address, plan.from);
    let mut all = Vec::new();
    loop {
        let nth = next.fetch_add(1, Ordering::Relaxed);
        if nth >= plan.count {
            return all;
        }
        let due = begin + Duration::from_secs_f64(nth as f64 / plan.rate);
        sleep_until(due).await;
        let at = Instant::now();
        let status = client.ask(&request(nth)).await.map_or(0, |(status, _)| status);
        all.push(Sent { nth, at, took: due.elapsed(), status });
    }
}

/// One connection that is kept and made anew when it ended.
pub struct Client {
    address: SocketAddr,
    from: u8,
    stream: Option<TcpStream>,
    read: Vec<u8>,
}

impl Client {
    pub fn new(address: SocketAddr, from: u8) -> Self {
        Self { address, from, stream: None, read: Vec::new() }
    }

    /// Status and body; `None` when the connection broke or nothing came.
    pub async fn ask(&mut self, bytes: &[u8]) -> Option<(u16, &[u8])> {
        let answer = timeout(PATIENCE, self.exchange(bytes)).await;
        let Ok(Ok((status, body))) = answer else {
            self.stream = None;
            return None;
        };
        Some((status, &self.read[body..]))
    }

    async fn exchange(&mut self, bytes: &[u8]) -> std::io::Result<(u16, usize)> {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => connect(self.address, self.from).await?,
        };
        stream.write_all(bytes).await?;
        self.read.clear();
        let (status, body, whole, keep) = loop {
            if stream.read_buf(&mut self.read).await? == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            if let Some(head) = head(&self.read) {
                break head;
            }
        };
        while self.read.len() < whole {
            if stream.read_buf(&mut self.read).await? == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
        }
        self.stream = keep.then_some(stream);
        Ok((status, body))
    }
}

/// A connection from 127.0.0.`from`.
pub async fn connect(address: SocketAddr, from: u8) -> std::io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from((Ipv4Addr::new(127, 0, 0, from), 0)))?;
    let stream = socket.connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Status, where the body begins and ends, and whether the connection goes on.
fn head(bytes: &[u8]) -> Option<(u16, usize, usize, bool)> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let text = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
    let status = text.split(' ').nth(1)?.parse().ok()?;
    let named = |name: &str| text.lines().find_map(|line| line.strip_prefix(name));
    let length: usize = named("content-length: ").map_or(0, |n| n.trim().parse().unwrap());
    Some((status, end, end + length, named("connection: close").is_none()))
}

/// A GET as bytes.
pub fn get(path: &str) -> Arc<[u8]> {
    format!("GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n").into_bytes().into()
}

/// A delivery of Jira about the issue with this id, signed, as bytes: about 8 KB, as Jira sends
/// them with every field of an issue.
pub fn delivery(connection: &str, secret: &str, issue: &str) -> Arc<[u8]> {
    use hmac::{Hmac, KeyInit, Mac};
    static FIELDS: OnceLock<String> = OnceLock::new();
    let fields = FIELDS.get_or_init(|| {
        let field = |n: u32| {
            format!(
                r#""customfield_{n}":{{"self":"https://northwind.example/rest/api/2/option/{n}","value":"something that nobody here reads","id":"{n}"}}"#
            )
        };
        (10_000..10_060).map(field).collect::<Vec<_>>().join(",")
    });
    let body = format!(
        r#"{{"timestamp":1700000000000,"webhookEvent":"jira:issue_updated","issue":{{"id":"{issue}","key":"PAY-{issue}","fields":{{{fields}}}}}}}"#
    );
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(body.as_bytes());
    let sign = hex::encode(mac.finalize().into_bytes());
    let head = format!(
        "POST /webhooks/{connection} HTTP/1.1\r\nhost: 127.0.0.1\r\n\
         content-type: application/json\r\nx-hub-signature: sha256={sign}\r\n\
         content-length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body.as_bytes()].concat().into()
}

/// A number of `/proc/PID/status` in kB (`VmRSS`, `VmHWM`), and `None` where there is no such file.
pub fn memory_kb(pid: u32, name: &str) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}

/// CPU seconds of a process so far, on all threads.
pub fn cpu_seconds(pid: u32) -> Option<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the program's name in brackets and may hold anything.
    let fields: Vec<&str> = stat[stat.rfind(')')? + 2..].split(' ').collect();
    let ticks: f64 = fields[11..13].iter().filter_map(|field| field.parse::<f64>().ok()).sum();
    Some(ticks / 100.0)
}
