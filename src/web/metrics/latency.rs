//! How long each route takes to answer, from the whole head of the request to the head of the answer.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use tracing::Instrument as _;

use super::Metrics;
use crate::clock::SharedClock;
use crate::spans;

/// Upper bounds in seconds; the clock tells milliseconds.
const BUCKETS: [f64; 10] = [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0];

/// The route as the table has it, never the address: a key is nobody else's business.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabel {
    route: &'static str,
    /// `2xx`, `3xx`, `4xx` or `5xx`.
    answer: &'static str,
}

#[derive(Clone)]
pub(super) struct Latency(Family<RouteLabel, Histogram, fn() -> Histogram>);

impl Default for Latency {
    fn default() -> Self {
        Self(Family::new_with_constructor(|| Histogram::new(BUCKETS)))
    }
}

impl Latency {
    pub fn register(&self, registry: &mut Registry) {
        registry.register_with_unit(
            "request_duration",
            "Time from a request to the head of its answer, by route",
            Unit::Seconds,
            self.0.clone(),
        );
    }
}

/// What a route is measured with.
#[derive(Clone)]
pub(in crate::web) struct Watch {
    pub metrics: Arc<Metrics>,
    pub clock: SharedClock,
    pub route: &'static str,
}

/// Measures one request.
pub(in crate::web) async fn watch(
    State(watch): State<Watch>,
    request: Request,
    next: Next,
) -> Response {
    let begun = watch.clock.now();
    let span = spans::served(request.method(), watch.route);
    let response = next.run(request).instrument(span.clone()).await;
    spans::answered(&span, response.status(), response.status().is_server_error());
    let seconds = (watch.clock.now().millis() - begun.millis()).max(0) as f64 / 1_000.0;
    let answer = match response.status().as_u16() {
        200..=299 => "2xx",
        300..=399 => "3xx",
        400..=499 => "4xx",
        _ => "5xx",
    };
    let label = RouteLabel { route: watch.route, answer };
    watch.metrics.latency.0.get_or_create(&label).observe(seconds);
    response
}
