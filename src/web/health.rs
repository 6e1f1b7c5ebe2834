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

/// 200 when the database can be read and written, else 503 with the reason and since when.
pub async fn ready(State(app): State<Arc<App>>) -> Response {
    let silent = |_| Err(StoreError::Unavailable("it is silent".to_owned()));
    let answer = timeout(PATIENCE, app.store.seq()).await.unwrap_or_else(silent);
    let told = match (app.store.trouble(), answer) {
        (Some(trouble), _) => format!("{}, since {}\n", trouble.problem, trouble.since),
        (None, Err(error)) => {
            tracing::error!(%error, "not ready");
            "the store does not answer\n".to_owned()
        }
        (None, Ok(_)) => return "ready\n".into_response(),
    };
    (StatusCode::SERVICE_UNAVAILABLE, told).into_response()
}
