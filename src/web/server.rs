//! The listening side: HTTP/1 with limits on time, size and number of connections.
//!
//! hyper's own http1 builder is used because `axum::serve` leaves silent and slow connections
//! open for ever.

use std::future::Future;
use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::Semaphore;
use tower::util::MapRequest;

use super::peers::{Peer, Peers};
use super::stalled::Stalled;
use crate::clock::SharedClock;
use crate::model::Timestamp;
use crate::spawn::Spawner;

/// The pause after a connection that could not be accepted.
const RELIEF: Duration = Duration::from_millis(50);
/// Trouble that repeats is logged once in this time, in milliseconds.
const LOGGED_EVERY_MS: i64 = 60_000;
/// Files that the database, the trackers and the logs may have open beside connections.
const FILES_ELSEWHERE: usize = 128;
/// What a client reads that is turned away.
const TURNED_AWAY: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 5\r\n\
                             content-length: 0\r\nconnection: close\r\n\r\n";

/// Connections that the kernel keeps until they are accepted. What finds no place there is tried
/// again by the client's kernel after a second, so a burst should.
const QUEUE: u32 = 1_024;

/// Listens on an address.
///
/// # Errors
/// It is taken, or not ours.
pub fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // A restart must not wait for connections of the process before it.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(QUEUE)
}

/// What a listener grants its clients.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Connections held at once; further ones wait in the kernel's queue.
    pub connections: usize,
    /// Connections of one address, once three of four seats are taken; further ones are turned
    /// away. While there is room they may hold more, because behind a proxy all come from one.
    pub share: usize,
    /// How long a client may take for the head of a request, silence included.
    pub head: Duration,
    /// How long a client may leave an answer lying without taking a byte of it.
    pub stall: Duration,
    /// How long open requests may take to finish after a stop.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 1024,
            share: 64,
            head: Duration::from_secs(10),
            stall: Duration::from_secs(10),
            drain: Duration::from_secs(8),
        }
    }
}

impl Limits {
    /// The same with no more connections than this process may have open files, less those that
    /// it needs itself: a crowd of clients must not keep it from its database. Only Linux tells.
    #[must_use]
    pub fn within_open_files(mut self) -> Self {
        let told = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
        if let Some(files) = open_files(&told) {
            let left = files.saturating_sub(FILES_ELSEWHERE).max(files / 2);
            self.connections = self.connections.min(left.max(1));
        }
        self
    }
}

/// The soft limit of open files in the text of `/proc/self/limits`; `None`: unlimited or untold.
fn open_files(limits: &str) -> Option<usize> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Serves until `stop` completes, then lets open requests finish. `turned_away` hears of every
/// client that was not let in: it may have brought something.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    spawner: Spawner,
    clock: SharedClock,
    limits: Limits,
    turned_away: impl Fn(),
    stop: impl Future<Output = ()>,
) {
    let seats = Arc::new(Semaphore::new(limits.connections));
    let peers = Arc::new(Peers::default());
    let graceful = GracefulShutdown::new();
    let (mut failing, mut crowded) = (Seldom::default(), Seldom::default());
    let mut stop = std::pin::pin!(stop);
    loop {
        let next = async {
            let seat = Arc::clone(&seats).acquire_owned().await;
            (seat, listener.accept().await)
        };
        let (seat, accepted) = tokio::select! {
            biased;
            () = &mut stop => break,
            next = next => next,
        };
        let Ok(seat) = seat else { break };
        let (stream, peer) = match accepted {
            Ok((stream, address)) => (stream, Peer::from(address.ip())),
            Err(error) => {
                // Out of file descriptors, most likely: give others time to close theirs.
                if failing.is_due(clock.now()) {
                    tracing::warn!(%error, "connections cannot be accepted just now");
                }
                clock.sleep(RELIEF).await;
                continue;
            }
        };
        let taken = limits.connections - seats.available_permits();
        let share = if taken * 4 > limits.connections * 3 { limits.share } else { usize::MAX };
        let Some(place) = Peers::seat(&peers, peer, share) else {
            if crowded.is_due(clock.now()) {
                tracing::warn!(%peer, taken, "an address that holds many connections gets no more");
            }
            turn_away(stream);
            turned_away();
            continue;
        };
        let service = MapRequest::new(router.clone(), move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(peer);
            request
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.head)
            .serve_connection(
                TokioIo::new(Stalled::new(stream, limits.stall)),
                TowerToHyperService::new(service),
            );
        let watched = graceful.watch(connection);
        spawner.spawn("connection", async move {
            if let Err(error) = watched.await {
                tracing::debug!(%error, "connection ended");
            }
            drop((place, seat));
        });
    }
    // Newcomers are refused at once, and may try another process.
    drop(listener);
    if tokio::time::timeout(limits.drain, graceful.shutdown()).await.is_err() {
        tracing::warn!("open requests did not end in time and get no answer");
    }
}

/// Says so without waiting for the client.
fn turn_away(stream: TcpStream) {
    if let Ok(mut stream) = stream.into_std() {
        // It does not block, and whoever does not hear it sees the end of the connection.
        let _ = stream.write(TURNED_AWAY);
        let _ = stream.shutdown(std::net::Shutdown::Write);
    }
}

/// Lets a repeated message through once a minute.
#[derive(Default)]
struct Seldom(Option<Timestamp>);

impl Seldom {
    fn is_due(&mut self, now: Timestamp) -> bool {
        let due = self.0.is_none_or(|last| now.millis() - last.millis() >= LOGGED_EVERY_MS);
        if due {
            self.0 = Some(now);
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_of_open_files_is_read_as_the_kernel_writes_it() {
        let text = "Limit                     Soft Limit           Hard Limit           Units     \n\
                    Max processes             95532                95532                processes \n\
                    Max open files            1024                 524288               files     \n";
        assert_eq!(open_files(text), Some(1024));
        assert_eq!(open_files(&text.replace("1024 ", "unlimited ")), None);
        assert_eq!(open_files(""), None);
    }
}
