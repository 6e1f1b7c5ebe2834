//! What goes wrong at the web's edge, and the status it becomes. Causes are logged, not shown.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::StatusCode;

use super::access::wants_page;
use super::layout;
use crate::plain;
use crate::store::StoreError;

/// An answer that is not the page.
#[derive(Debug)]
pub enum WebError {
    /// 400, with the parameter and the mend.
    Wrong(String),
    /// 403.
    Forbidden,
    /// 404.
    NotFound(String),
    /// 503: the store does not answer; the cause is in the log.
    Store(StoreError),
}

impl From<StoreError> for WebError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// The sentence of an error, for [`as_pages`].
#[derive(Debug, Clone)]
struct Said(String);

impl IntoResponse for WebError {
    fn into_response(self) -> Response {
        let (status, text) = match self {
            Self::Wrong(text) => (StatusCode::BAD_REQUEST, text),
            Self::Forbidden => {
                (StatusCode::FORBIDDEN, "this credential does not open that page".to_owned())
            }
            Self::NotFound(text) => (StatusCode::NOT_FOUND, text),
            Self::Store(error) => {
                // What concerns the whole database is in the log once, not for every question.
                if !error.is_general() {
                    tracing::error!(%error, "the store does not answer");
                }
                let text = "the store does not answer; see /status and the log of the daemon";
                (StatusCode::SERVICE_UNAVAILABLE, text.to_owned())
            }
        };
        let text = plain::line(&text).into_owned();
        let mut response = (status, format!("{text}\n")).into_response();
        response.extensions_mut().insert(Said(text));
        response
    }
}

/// Turns errors into pages for browsers; scripts keep the bare sentence.
pub async fn as_pages(request: Request, next: Next) -> Response {
    let page = wants_page(request.headers());
    let response = next.run(request).await;
    match response.extensions().get::<Said>() {
        Some(Said(text)) if page => {
            let title = match response.status() {
                StatusCode::BAD_REQUEST => "That address cannot be read",
                StatusCode::FORBIDDEN => "Not with this credential",
                StatusCode::NOT_FOUND => "Nothing found here",
                _ => "Not available just now",
            };
            (response.status(), layout::notice(title, text)).into_response()
        }
        _ => response,
    }
}
