//! The listening side: HTTP/1 with limits on time, size and number of connections.
//!
//! hyper's own http1 builder is used because `axum::serve` leaves silent and slow connections
//! open for ever.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use crate::spawn::Spawner;

/// Connections held at once; further ones wait in the kernel's queue.
const MOST_CONNECTIONS: usize = 1024;
/// How long a client may take for the head of a request.
const HEAD: Duration = Duration::from_secs(10);
/// How long open requests may take to finish after a stop.
const DRAIN: Duration = Duration::from_secs(8);

/// Serves until `stop` completes, then lets open requests finish.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    spawner: Spawner,
    stop: impl Future<Output = ()>,
) {
    let seats = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    let graceful = GracefulShutdown::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        let Ok(seat) = Arc::clone(&seats).acquire_owned().await else { break };
        let accepted = tokio::select! {
            biased;
            () = &mut stop => break,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, _)) = accepted else {
            // Out of file descriptors, most likely: give others time to close theirs.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let service = TowerToHyperService::new(router.clone());
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD)
            .serve_connection(TokioIo::new(stream), service);
        let watched = graceful.watch(connection);
        spawner.spawn("connection", async move {
            if let Err(error) = watched.await {
                tracing::debug!(%error, "connection ended");
            }
            drop(seat);
        });
    }
    let _ = tokio::time::timeout(DRAIN, graceful.shutdown()).await;
}
