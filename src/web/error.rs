//! What goes wrong at the web's edge, and the status it becomes. Causes are logged, not shown.

use axum::response::{IntoResponse, Response};
use http::StatusCode;

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

impl IntoResponse for WebError {
    fn into_response(self) -> Response {
        let (status, text) = match self {
            Self::Wrong(text) => (StatusCode::BAD_REQUEST, text),
            Self::Forbidden => {
                (StatusCode::FORBIDDEN, "this credential does not open that page".to_owned())
            }
            Self::NotFound(text) => (StatusCode::NOT_FOUND, text),
            Self::Store(error) => {
                tracing::error!(%error, "the store does not answer");
                let text = "the store does not answer; see the log of the daemon";
                (StatusCode::SERVICE_UNAVAILABLE, text.to_owned())
            }
        };
        (status, format!("{text}\n")).into_response()
    }
}
