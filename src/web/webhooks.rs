//! `/webhooks/{connection}`: verified, stored as a hint, then answered. Never data.

use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::InvalidHeaderValue;
use http::{HeaderMap, HeaderValue, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio::sync::Semaphore;

use super::{App, Hook};
use crate::store::{Ask, StoreError};
use crate::trackers::{Hints, URL_TOKEN, WebhookError};

/// What the address of a webhook may carry.
#[derive(Deserialize)]
pub struct Address {
    /// The secret, for senders that cannot sign.
    token: Option<SecretString>,
}

impl Address {
    /// Hands the token on as a header that only this can set.
    fn pass(&self, headers: &mut HeaderMap) -> Result<(), InvalidHeaderValue> {
        headers.remove(URL_TOKEN);
        if let Some(token) = &self.token {
            let mut value = HeaderValue::from_str(token.expose_secret())?;
            value.set_sensitive(true);
            headers.insert(URL_TOKEN, value);
        }
        Ok(())
    }
}

/// The deliveries that wait for the database.
#[derive(Clone)]
pub(super) struct Waiting {
    places: Arc<Semaphore>,
    /// How long one waits.
    durable: Duration,
}

impl Waiting {
    pub fn new(places: usize, durable: Duration) -> Self {
        Self { places: Arc::new(Semaphore::new(places)), durable }
    }
}

/// 202 once the hints are durable; 401 for an unknown connection or a wrong signature, which look
/// alike on purpose; 503 when the store refuses, does not answer in time, or too many wait for it,
/// so that the sender tries again. Not every sender does: then a scan finds what it told.
pub(super) async fn receive(
    State(app): State<Arc<App>>,
    Extension(waiting): Extension<Waiting>,
    Path(connection): Path<String>,
    Query(address): Query<Address>,
    mut headers: HeaderMap,
    body: Bytes,
) -> Response {
    let refused = || {
        app.metrics.webhook("refused");
        (StatusCode::UNAUTHORIZED, "not accepted\n").into_response()
    };
    let Some(hook) = app.hooks.get(&connection) else { return refused() };
    if address.pass(&mut headers).is_err() {
        return refused();
    }
    let hints = match hook.tracker.webhook(&headers, &body) {
        Ok(hints) => hints,
        Err(WebhookError::Forged) => return refused(),
        Err(WebhookError::Unreadable(why)) => {
            app.metrics.webhook("unreadable");
            tracing::warn!(connection, why, "a signed webhook could not be read");
            return (StatusCode::BAD_REQUEST, format!("{why}\n")).into_response();
        }
    };
    let (hinted, scan, sweep) = (!hints.sources.is_empty(), hints.scan, hints.sweep);
    if let Err(outcome) = keep(&app, hook, &waiting, hints).await {
        app.metrics.webhook(outcome);
        hook.scan.notify_one();
        return (StatusCode::SERVICE_UNAVAILABLE, "try again\n").into_response();
    }
    if hinted {
        hook.hinted.notify_one();
    }
    if scan {
        hook.scan.notify_one();
    }
    if sweep {
        hook.sweep.notify_one();
    }
    app.metrics.webhook("accepted");
    StatusCode::ACCEPTED.into_response()
}

/// Makes all that a delivery asks for durable, so that any process can do it; an error is the word
/// under which it is counted.
async fn keep(app: &App, hook: &Hook, waiting: &Waiting, hints: Hints) -> Result<(), &'static str> {
    let asks = [(hints.scan, Ask::Scan), (hints.sweep, Ask::Sweep)];
    if hints.sources.is_empty() && !hints.scan && !hints.sweep {
        return Ok(());
    }
    let Ok(_place) = waiting.places.try_acquire() else { return Err("overflow") };
    let connection = hook.tracker.connection();
    let stored = async {
        app.store.put_hints(connection, hints.sources, app.clock.now()).await?;
        for (_, ask) in asks.into_iter().filter(|(asked, _)| *asked) {
            app.store.ask(connection, ask).await?;
        }
        Ok::<(), StoreError>(())
    };
    match tokio::time::timeout(waiting.durable, stored).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => {
            // What concerns the whole database is in the log once, not for every delivery.
            if !error.is_general() {
                tracing::error!(%connection, %error, "a hint could not be stored");
            }
            Err("not_stored")
        }
        Err(_) => {
            tracing::error!(%connection, "a hint was not stored in time");
            Err("not_stored")
        }
    }
}
