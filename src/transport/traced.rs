//! What a trace tells of a request.

use tracing::Span;

use super::{Response, Told, TransportError};
use crate::model::Timestamp;
use crate::spans;

/// What became of it: the status and the rate budget of its answer, or why there is none.
pub(super) fn tell(span: &Span, outcome: &Result<Response, TransportError>, now: Timestamp) {
    let response = match outcome {
        Ok(response) => response,
        Err(error) => return spans::failed(span, word(error)),
    };
    let status = response.status();
    spans::answered(span, status, status.is_client_error() || status.is_server_error());
    let told = Told::of(response, now);
    if let Some(budget) = told.iter().flat_map(Told::budgets).next() {
        spans::budget(span, budget.limit, budget.remaining, budget.reset_at);
    }
}

fn word(error: &TransportError) -> &'static str {
    match error {
        TransportError::Connect { .. } => "connect",
        TransportError::Untrusted { .. } => "untrusted",
        TransportError::TimedOut { .. } => "timeout",
        TransportError::TooLarge { .. } => "too_large",
        TransportError::Broken { .. } => "broken",
        TransportError::NoQuestion { .. } => "no_question",
        TransportError::Paused { .. } => "paused",
    }
}
