//! The site over real HTTP.

use std::io;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use bytes::Bytes;
use http::header::CONTENT_LENGTH;
use http::{HeaderValue, Response, StatusCode};
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::clock::SharedClock;
use crate::entropy::Entropy;
use crate::spawn::Spawner;
use crate::transport::{Limits, Transport};

use super::answer::Answer;
use super::site::Site;
use super::webhooks::deliver_for_ever;

/// The largest request body that is read.
const BODY_LIMIT: usize = 1 << 20;

/// A served site. Dropping it leaves the site running; see [`Running::shut_down`].
#[derive(Debug)]
pub struct Running {
    /// Where the REST API begins, without a slash at the end; GraphQL is at `/graphql` below it.
    pub url: String,
    stop: watch::Sender<bool>,
}

impl Running {
    /// Takes no more connections and sends no more webhooks.
    pub fn shut_down(&self) {
        self.stop.send_replace(true);
    }
}

/// Serves `site` on `listener` and sends its webhooks as things happen. `clock` times delays and
/// deliveries; the time that answers carry is the site's own.
///
/// # Errors
/// The listener has no address, or the machine's TLS configuration cannot be used.
pub fn serve(
    site: &Site,
    listener: TcpListener,
    clock: SharedClock,
    spawner: &Spawner,
) -> io::Result<Running> {
    let url = format!("http://{}", listener.local_addr()?);
    let (stop, stopped) = watch::channel(false);
    let limits = Limits { backoff: Vec::new(), ..Limits::default() };
    let transport =
        Transport::over_network(limits, clock, Entropy::from_seed(0)).map_err(io::Error::other)?;
    spawner.spawn("github webhooks", deliver_for_ever(site.clone(), transport, stopped.clone()));
    let app = Router::new().fallback(handle).with_state(site.clone());
    let mut stopping = stopped;
    let server = axum::serve(listener, app).with_graceful_shutdown(async move {
        let _ = stopping.wait_for(|stopped| *stopped).await;
    });
    spawner.spawn("github site", async move {
        if let Err(error) = server.await {
            tracing::error!(%error, "the simulated github.com stopped");
        }
    });
    Ok(Running { url, stop })
}

async fn handle(State(site): State<Site>, request: axum::extract::Request) -> Response<Body> {
    let (head, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, BODY_LIMIT).await else {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::PAYLOAD_TOO_LARGE;
        return response;
    };
    let Answer { response, delay, cut } = site.answer(&http::Request::from_parts(head, body));
    if let Some(delay) = delay {
        site.clock().sleep(delay).await;
    }
    match cut {
        None => response.map(Body::from),
        Some(bytes) => broken(response, bytes),
    }
}

/// Promises the whole body, sends a part of it, and breaks the connection.
fn broken(response: Response<Bytes>, bytes: usize) -> Response<Body> {
    let (mut head, body) = response.into_parts();
    head.headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
    let part = Ok(body.slice(..bytes));
    let end = Err(io::Error::from(io::ErrorKind::ConnectionReset));
    Response::from_parts(head, Body::from_stream(futures::stream::iter([part, end])))
}
