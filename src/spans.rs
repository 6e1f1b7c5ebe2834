//! What a trace tells, where this program was built with the feature `otel`; without it there are
//! no such spans.
//!
//! Nothing that a tracker, a person or a credential could have written gets into one: methods,
//! hosts, routes, numbers, and words of our own. Never an address with its path, for it holds keys.

use http::{Method, StatusCode};
use tracing::Span;
use tracing::field::Empty;

use crate::model::Timestamp;

/// Of these spans. Logs leave them out.
pub const TARGET: &str = "streamgauge::spans";

/// A request to a tracker, a source or a channel, each try of its own.
#[must_use]
pub fn asked(method: &Method, host: &str) -> Span {
    if !cfg!(feature = "otel") {
        return Span::none();
    }
    tracing::info_span!(
        target: TARGET,
        "request",
        otel.name = %method,
        otel.kind = "client",
        otel.status_code = Empty,
        http.request.method = %method,
        server.address = host,
        http.response.status_code = Empty,
        ratelimit.limit = Empty,
        ratelimit.remaining = Empty,
        ratelimit.reset = Empty,
        error.type = Empty,
    )
}

/// A request to our own pages, by its route as the table has it.
#[must_use]
pub fn served(method: &Method, route: &'static str) -> Span {
    if !cfg!(feature = "otel") {
        return Span::none();
    }
    tracing::info_span!(
        target: TARGET,
        parent: None,
        "page",
        otel.name = format!("{method} {route}"),
        otel.kind = "server",
        otel.status_code = Empty,
        http.request.method = %method,
        http.route = route,
        http.response.status_code = Empty,
    )
}

/// The status of the answer; whose mistake an error is depends on the side.
pub fn answered(span: &Span, status: StatusCode, bad: bool) {
    span.record("http.response.status_code", status.as_u16());
    if bad {
        span.record("otel.status_code", "ERROR");
    }
}

/// What the answer told of a rate budget.
pub fn budget(
    span: &Span,
    limit: Option<u64>,
    remaining: Option<u64>,
    reset_at: Option<Timestamp>,
) {
    if let Some(limit) = limit {
        span.record("ratelimit.limit", limit);
    }
    if let Some(remaining) = remaining {
        span.record("ratelimit.remaining", remaining);
    }
    if let Some(reset_at) = reset_at {
        span.record("ratelimit.reset", reset_at.to_string());
    }
}

/// There was no answer.
pub fn failed(span: &Span, kind: &'static str) {
    span.record("error.type", kind);
    span.record("otel.status_code", "ERROR");
}
