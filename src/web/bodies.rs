//! Bodies of requests: small, plain, whole, and soon. Every handler wants all of a body or
//! nothing, so it is read here, under one budget for all.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bytes::{Bytes, BytesMut};
use http::header::{CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH};
use http::{HeaderMap, HeaderName, StatusCode};
use http_body_util::BodyExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The unit of the budget, in bytes.
const UNIT: usize = 1 << 10;

/// What requests may carry.
#[derive(Clone)]
pub(super) struct Bodies {
    /// Largest body, in bytes.
    limit: usize,
    /// How long a client may take to send it.
    time: Duration,
    /// What all bodies together may hold.
    room: Arc<Semaphore>,
}

/// Room for the bodies of all requests that are under way, in bytes.
pub(super) fn room(bytes: usize) -> Arc<Semaphore> {
    Arc::new(Semaphore::new(bytes / UNIT))
}

/// Why a body is not taken.
enum Refusal {
    Encoded,
    TooLarge,
    TooSlow,
    NoRoom,
    Broken,
}

impl Bodies {
    pub fn new(limit: usize, time: Duration, room: &Arc<Semaphore>) -> Self {
        Self { limit, time, room: Arc::clone(room) }
    }

    /// Reads to the end. The room is held until the second half is dropped.
    async fn read(&self, mut body: Body) -> Result<(Bytes, Option<OwnedSemaphorePermit>), Refusal> {
        let (mut first, mut more) = (Bytes::new(), BytesMut::new());
        let mut held: Option<OwnedSemaphorePermit> = None;
        while let Some(frame) = body.frame().await {
            let Ok(data) = frame.map_err(|_| Refusal::Broken)?.into_data() else { continue };
            let whole = first.len() + more.len() + data.len();
            if whole > self.limit {
                return Err(Refusal::TooLarge);
            }
            // Counted over all of it: a body in crumbs must not take a unit for each.
            let taken = held.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
            let units = whole.div_ceil(UNIT).saturating_sub(taken);
            let units = u32::try_from(units).unwrap_or(u32::MAX);
            let room = Arc::clone(&self.room).try_acquire_many_owned(units);
            let room = room.map_err(|_| Refusal::NoRoom)?;
            match &mut held {
                Some(held) => held.merge(room),
                None => held = Some(room),
            }
            // Most come in one piece, which needs no copy.
            if first.is_empty() && more.is_empty() {
                first = data;
            } else {
                if more.is_empty() {
                    more = BytesMut::from(std::mem::take(&mut first));
                }
                more.extend_from_slice(&data);
            }
        }
        Ok((if more.is_empty() { first } else { more.freeze() }, held))
    }

    async fn take(
        &self,
        headers: &HeaderMap,
        body: Body,
    ) -> Result<(Bytes, Option<OwnedSemaphorePermit>), Refusal> {
        if headers.get_all(CONTENT_ENCODING).iter().any(|value| value != "identity") {
            return Err(Refusal::Encoded);
        }
        // hyper has refused lengths that are no number or contradict each other.
        let announced = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok());
        let announced = announced.and_then(|value| value.parse::<u64>().ok()).unwrap_or(0);
        if announced > self.limit as u64 {
            return Err(Refusal::TooLarge);
        }
        let read = tokio::time::timeout(self.time, self.read(body)).await;
        read.unwrap_or(Err(Refusal::TooSlow))
    }
}

/// Hands the request on with its whole body, or refuses it and closes the connection.
pub(super) async fn whole(State(bodies): State<Bodies>, request: Request, next: Next) -> Response {
    if request.body().is_end_stream() && !request.headers().contains_key(CONTENT_ENCODING) {
        return next.run(request).await;
    }
    let (head, body) = request.into_parts();
    match bodies.take(&head.headers, body).await {
        Ok((bytes, room)) => {
            let response = next.run(Request::from_parts(head, Body::from(bytes))).await;
            drop(room);
            response
        }
        Err(refusal) => refusal.into_response(),
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, text) = match self {
            Self::Encoded => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, "send it without Content-Encoding\n")
            }
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "the body is too large\n"),
            Self::TooSlow => (StatusCode::REQUEST_TIMEOUT, "the body came too slowly\n"),
            Self::NoRoom => (StatusCode::SERVICE_UNAVAILABLE, "try again\n"),
            Self::Broken => (StatusCode::BAD_REQUEST, "the body broke off\n"),
        };
        let close: [(HeaderName, &str); 1] = [(CONNECTION, "close")];
        (status, close, text).into_response()
    }
}
