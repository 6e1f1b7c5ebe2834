//! `/healthz` says that the process answers; `/readyz` that it can do its work.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use tokio::time::timeout;

use super::App;
use crate::store::StoreError;

/// How long the store may take; who asks does not wait long either.
const PATIENCE: Duration = Duration::from_secs(3);

pub async fn alive() -> &'static str {
    "ok\n"
}

/// 200 when the store answers, 503 otherwise.
pub async fn ready(State(app): State<Arc<App>>) -> Response {
    let silent = |_| Err(StoreError::Unavailable("it is silent".to_owned()));
    match timeout(PATIENCE, app.store.seq()).await.unwrap_or_else(silent) {
        Ok(_) => "ready\n".into_response(),
        Err(error) => {
            tracing::warn!(%error, "not ready");
            (StatusCode::SERVICE_UNAVAILABLE, "the store does not answer\n").into_response()
        }
    }
}
