//! `/healthz` says that the process answers; `/readyz` that it can do its work.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;

use super::App;

pub async fn alive() -> &'static str {
    "ok\n"
}

/// 200 when the store answers, 503 otherwise.
pub async fn ready(State(app): State<Arc<App>>) -> Response {
    match app.store.seq().await {
        Ok(_) => "ready\n".into_response(),
        Err(error) => {
            tracing::warn!(%error, "not ready");
            (StatusCode::SERVICE_UNAVAILABLE, "the store does not answer\n").into_response()
        }
    }
}
