//! Questions about the past cost a computation from the store each, and the present does not:
//! so many a minute for each caller, and one at a time.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use chrono_tz::Tz;
use tokio::sync::Semaphore;

use super::access::{Caller, later};
use super::moment::Asked;
use super::peers::Peer;
use super::windows::Windows;
use crate::clock::SharedClock;
use crate::gauge::Moment;

/// The turnstile before the past.
#[derive(Clone)]
pub(super) struct Past {
    asked: Arc<Windows>,
    /// One computation at a time leaves the other cores to webhooks and to the present.
    turns: Arc<Semaphore>,
    clock: SharedClock,
    zone: Tz,
}

impl Past {
    pub fn new(a_minute: u32, clock: SharedClock, zone: Tz) -> Self {
        let (asked, turns) = (Arc::new(Windows::new(a_minute)), Arc::new(Semaphore::new(1)));
        Self { asked, turns, clock, zone }
    }
}

/// Lets questions about now pass, and the others one by one.
pub(super) async fn turn(State(past): State<Past>, request: Request, next: Next) -> Response {
    // What cannot be read is told by the page itself.
    let asked = Asked::read(request.uri(), past.zone).unwrap_or_default();
    let now = Moment::default();
    if asked.moment == now && asked.beside.is_none_or(|beside| beside == now) {
        return next.run(request).await;
    }
    let peer = request.extensions().get::<Caller>().map_or(Peer::UNKNOWN, |caller| caller.0);
    if let Err(enough) = past.asked.count(peer, past.clock.now()) {
        return later(enough, "too many questions about the past came from this address\n");
    }
    // An error would mean that the turnstile was closed; it never is.
    let _turn = past.turns.acquire().await;
    next.run(request).await
}
