//! What a reader and an operator are told while the database fails.

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use maud::{Markup, html};

use super::App;
use super::error::WebError;
use super::layout::{Here, page as frame, prose, sentence};
use super::moment::Visit;
use super::status_page::clock;
use crate::gauge::Status;
use crate::gauge::status::StoreStatus;
use crate::store::StoreError;

/// One note, with the instant from which on it holds; nothing while all is well.
#[must_use]
pub fn tell(store: &StoreStatus) -> Markup {
    html! {
        @if let (Some(since), Some(problem)) = (store.since, &store.problem) {
            p.notice role="alert" {
                @if store.reads {
                    "Since " (clock(since)) " nothing new can be stored, and webhooks are asked to \
                     come again; what is shown was stored before. "
                } @else {
                    "The database has failed since " (clock(since)) ". "
                }
                (prose(&sentence(problem)))
            }
        }
    }
}

/// What is left of the status while the database cannot even be read; else the error itself.
///
/// # Errors
/// The error that was handed in, when the database as a whole is well.
pub fn without_store(app: &App, error: StoreError) -> Result<Status, WebError> {
    let Some(trouble) = app.store.trouble() else { return Err(error.into()) };
    Ok(Status {
        at: app.clock.now(),
        process: app.live.snapshot().process,
        shared: app.store.is_shared(),
        store: Some(trouble).into(),
        connections: Vec::new(),
        hosts: Vec::new(),
        digests: Vec::new(),
        outcomes: Vec::new(),
        purged: Vec::new(),
    })
}

/// The status page of that.
pub fn bare_page(status: &Status, visit: &Visit) -> Response {
    let body = html! {
        h1 { "Status" }
        p.dateline { (clock(status.at)) ". " a href="/api/v1/status" { "The same as JSON" } }
        (tell(&status.store))
        p { "Nothing is known of connections and digests until it answers. It is tried every second." }
    };
    (StatusCode::SERVICE_UNAVAILABLE, frame("Status", Here::Status, visit, &body)).into_response()
}
