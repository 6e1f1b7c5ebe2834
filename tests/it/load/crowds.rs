//! Crowds of slow clients from one address, and a good client from another.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::desk::{Desk, address};
use crate::support::drive::{Client, connect, cpu_seconds, get, percentile};
use crate::support::process::{Daemon, until};

/// Slow clients of each kind, if this process may have as many files open.
const CROWD: usize = 2_000;
/// Questions of the good client to each crowd.
const QUESTIONS: usize = 100;

const KINDS: [(&str, &[u8]); 3] = [
    ("silent", b""),
    ("half a head", b"GET / HTTP/1.1\r\nhost: localhost\r\nx-slow: "),
    (
        "half a body",
        b"POST /webhooks/jira HTTP/1.1\r\nhost: localhost\r\ncontent-length: 900000\r\n\r\nx",
    ),
];

/// Files that this process may still open, less what other tests need.
fn files() -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
    let soft = line.and_then(|line| line.split_whitespace().next()?.parse::<usize>().ok());
    soft.map_or(CROWD, |soft| soft.saturating_sub(400).max(100))
}

async fn crowd(address: SocketAddr, count: usize, words: &[u8]) -> Vec<TcpStream> {
    let mut all = Vec::new();
    for _ in 0..count {
        let mut stream = connect(address, 1).await.unwrap();
        // One that was turned away at once may be gone.
        let _ = stream.write_all(words).await;
        all.push(stream);
    }
    all
}

/// Asks from another address; tells the median and the 99th percentile in milliseconds.
async fn served(address: SocketAddr, what: &str) -> String {
    let mut all = Vec::new();
    for nth in 0..QUESTIONS {
        // A new connection each time: it needs a seat of its own.
        let mut client = Client::new(address, 2);
        let begin = Instant::now();
        let path = if nth % 2 == 0 { "/healthz" } else { "/" };
        let status = client.ask(&get(path)).await.map(|(status, _)| status);
        assert_eq!(status, Some(200), "{path} beside a crowd: {what}");
        all.push(begin.elapsed());
    }
    all.sort_unstable();
    format!("p50 {:.1} ms, p99 {:.1} ms", percentile(&all, 0.5), percentile(&all, 0.99))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_good_client_is_served_beside_two_thousand_slow_ones() {
    let desk = Desk::new(None).await;
    let daemon = desk.folder.serve().await;
    let count = CROWD.min(files());
    let mut told = format!("beside {count} slow clients of one address");
    for (what, words) in KINDS {
        let held = crowd(address(&daemon), count, words).await;
        let times = served(address(&daemon), what).await;
        write!(told, "; {what}: {times}").unwrap();
        drop(held);
    }
    println!("{told}");
}

/// Files that the daemon may have open.
const FILES: u32 = 64;

#[tokio::test(flavor = "multi_thread")]
async fn without_files_it_waits_quietly_and_recovers() {
    let mut desk = Desk::new(None).await;
    desk.folder = desk.folder.with_files(FILES);
    let daemon = desk.folder.serve().await;
    let address = address(&daemon);
    let held = crowd(address, 300, b"").await;
    assert!(opened(&daemon) <= FILES as usize);
    let before = cpu_seconds(daemon.pid()).unwrap();
    until(Duration::from_secs(2), || false).await;
    let used = cpu_seconds(daemon.pid()).unwrap() - before;
    let log = std::fs::read_to_string(desk.folder.daemon_log()).unwrap();
    let lines = log.lines().count();
    println!("{used:.2} CPU seconds in two, {} files open, {lines} lines logged", opened(&daemon));
    // A loop that spins takes all of a processor; a loop that logs, a line each time.
    assert!(used < 1.0, "{used} CPU seconds");
    assert!(lines < 30, "{log}");
    drop(held);
    let answered = async {
        let mut status = 0;
        while status != 200 {
            status = Client::new(address, 1).ask(&get("/")).await.map_or(0, |(status, _)| status);
        }
    };
    tokio::time::timeout(Duration::from_secs(60), answered).await.expect("it recovers");
}

fn opened(daemon: &Daemon) -> usize {
    std::fs::read_dir(format!("/proc/{}/fd", daemon.pid())).unwrap().count()
}
