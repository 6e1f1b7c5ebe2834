//! The site on a socket.

use std::convert::Infallible;
use std::net::SocketAddr;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::response::Response;
use bytes::Bytes;
use futures::stream;
use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};
use tower::util::BoxCloneSyncService;

use super::hooks;
use super::lock;
use super::reply::Reply;
use super::site::SharedSite;
use crate::clock::SharedClock;
use crate::spawn::Spawner;
use crate::transport::{Request, Transport, TransportError, Wire};

/// Largest request body; Jira refuses far smaller ones.
const LARGEST_REQUEST: usize = 4 << 20;

/// A served site. Dropping it stops the server.
#[derive(Debug)]
pub struct Running {
    /// Address of the site, without a slash at the end.
    pub url: String,
    site: SharedSite,
    spawner: Spawner,
    stop: watch::Sender<bool>,
    stopped: oneshot::Receiver<()>,
}

/// Serves a site on `listener`.
///
/// # Errors
/// The listener has no local address.
pub fn serve(
    site: SharedSite,
    listener: TcpListener,
    clock: SharedClock,
    spawner: Spawner,
) -> std::io::Result<Running> {
    let address: SocketAddr = listener.local_addr()?;
    let url = format!("http://{address}");
    {
        let mut site = lock(&site);
        site.base = format!("{url}{}", site.dialect.context());
        site.fragments = None;
    }
    let answering = site.clone();
    let app = Router::new().fallback(move |request: axum::extract::Request| {
        answer(answering.clone(), clock.clone(), request)
    });
    let (stop, mut stopping) = watch::channel(false);
    let (done, stopped) = oneshot::channel();
    spawner.spawn("simulated-jira", async move {
        let stopping = async move {
            // An error means that the handle is gone, which stops the server too.
            while stopping.changed().await.is_ok() && !*stopping.borrow() {}
        };
        // Errors of single connections are the client's to see.
        let _ = axum::serve(listener, app).with_graceful_shutdown(stopping).await;
        let _ = done.send(());
    });
    Ok(Running { url, site, spawner, stop, stopped })
}

impl Running {
    /// Starts sending webhook deliveries through `transport`.
    pub fn deliver_webhooks(&self, transport: Transport) {
        let mut stopping = self.stop.subscribe();
        let site = self.site.clone();
        self.spawner.spawn("simulated-jira-webhooks", async move {
            tokio::select! {
                biased;
                _ = stopping.changed() => {}
                () = hooks::deliver(site, transport) => {}
            }
        });
    }

    /// Stops accepting connections and waits until the open ones are answered.
    pub async fn shutdown(self) {
        self.stop.send_replace(true);
        // An error means that the task has been dropped: stopped all the same.
        let _ = self.stopped.await;
    }
}

async fn answer(
    site: SharedSite,
    clock: SharedClock,
    request: axum::extract::Request,
) -> Result<Response, Infallible> {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, LARGEST_REQUEST).await else {
        return Ok(Response::builder().status(413).body(Body::empty()).unwrap_or_default());
    };
    let reply = lock(&site).answer(&http::Request::from_parts(parts, body));
    if !reply.delay.is_zero() {
        clock.sleep(reply.delay).await;
    }
    Ok(response(reply))
}

fn response(reply: Reply) -> Response {
    let body = if reply.broken {
        let half = reply.body.slice(..reply.body.len() / 2);
        let broken = std::io::Error::other("broken on purpose");
        Body::from_stream(stream::iter([Ok::<Bytes, _>(half), Err(broken)]))
    } else {
        Body::from(reply.body)
    };
    let mut response = Response::new(body);
    *response.status_mut() = reply.status;
    *response.headers_mut() = reply.headers;
    response
}

/// The site without a socket: a wire for [`Transport::over`], which ignores the host.
#[must_use]
pub fn wire(site: SharedSite, clock: SharedClock) -> Wire {
    let service = tower::service_fn(move |request: Request| {
        let (site, clock) = (site.clone(), clock.clone());
        async move {
            let reply = lock(&site).answer(&request);
            clock.sleep(reply.delay).await;
            if reply.broken {
                let host = request.uri().host().unwrap_or("?").to_owned();
                let reason = "broken on purpose".to_owned();
                return Err(TransportError::Broken { host, reason });
            }
            let mut response = http::Response::new(reply.body);
            *response.status_mut() = reply.status;
            *response.headers_mut() = reply.headers;
            Ok(response)
        }
    });
    BoxCloneSyncService::new(service)
}
