//! `/metrics` in the OpenMetrics text form. `config/grafana/` draws it and `tests/it/web/grafana.rs`
//! holds the two together.

mod latency;
mod standing;

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

use super::App;
use crate::gauge::Moment;
use crate::signals::Scope;
use crate::sync::PassOutcome;

pub(super) use latency::{Watch, watch};

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PassLabel {
    connection: String,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ConnectionLabel {
    connection: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabel {
    outcome: &'static str,
}

/// What the operator counts. Connections, hosts of trackers and routes are the only names in here.
pub struct Metrics {
    registry: Registry,
    passes: Family<PassLabel, Counter>,
    read: Family<ConnectionLabel, Counter>,
    last_complete: Family<ConnectionLabel, Gauge>,
    webhooks: Family<OutcomeLabel, Counter>,
    digests: Family<OutcomeLabel, Counter>,
    items: Gauge,
    gaps: Gauge,
    store_fails: Gauge,
    standing: standing::Standing,
    latency: latency::Latency,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("streamgauge");
        let (passes, read, last_complete) =
            (Family::default(), Family::default(), Family::default());
        let (webhooks, digests) = (Family::default(), Family::default());
        let (items, gaps, store_fails) = (Gauge::default(), Gauge::default(), Gauge::default());
        registry.register("passes", "Sync passes by outcome", Family::clone(&passes));
        registry.register("items_read", "Items read with their history", Family::clone(&read));
        registry.register_with_unit(
            "last_complete_pass",
            "End of the last complete pass, as Unix time",
            Unit::Seconds,
            Family::clone(&last_complete),
        );
        registry.register("webhooks", "Webhooks by outcome", Family::clone(&webhooks));
        registry.register("digests", "Digest deliveries by outcome", Family::clone(&digests));
        registry.register("items", "Items in the store", Gauge::clone(&items));
        registry.register("gaps", "Things that a sync could not see", Gauge::clone(&gaps));
        registry.register(
            "store_fails",
            "1 while the database cannot be read and written",
            Gauge::clone(&store_fails),
        );
        let standing = standing::Standing::default();
        standing.register(&mut registry);
        let latency = latency::Latency::default();
        latency.register(&mut registry);
        Self {
            registry,
            passes,
            read,
            last_complete,
            webhooks,
            digests,
            items,
            gaps,
            store_fails,
            standing,
            latency,
        }
    }
}

impl Metrics {
    /// Counts a pass or a refresh; `finished` is Unix time in seconds.
    pub fn pass(&self, outcome: &PassOutcome, finished: i64) {
        let connection = outcome.connection.0.clone();
        let word = if outcome.complete { "complete" } else { "incomplete" };
        self.passes
            .get_or_create(&PassLabel { connection: connection.clone(), outcome: word })
            .inc();
        let label = ConnectionLabel { connection };
        self.read.get_or_create(&label).inc_by(outcome.read);
        if outcome.complete {
            self.last_complete.get_or_create(&label).set(finished);
        }
    }

    /// `accepted`, `refused`, `unreadable`, `not_stored` or `overflow`.
    pub fn webhook(&self, outcome: &'static str) {
        self.webhooks.get_or_create(&OutcomeLabel { outcome }).inc();
    }

    /// Counts deliveries of digests, and ticks that were skipped.
    pub fn digests(&self, outcomes: [(&'static str, u64); 4]) {
        for (outcome, count) in outcomes {
            self.digests.get_or_create(&OutcomeLabel { outcome }).inc_by(count);
        }
    }
}

pub(super) async fn page(State(app): State<Arc<App>>) -> Response {
    if let Ok(counts) = app.store.counts().await {
        app.metrics.items.set(i64::try_from(counts.items).unwrap_or(i64::MAX));
        app.metrics.gaps.set(i64::try_from(counts.gaps).unwrap_or(i64::MAX));
    }
    if let Ok(status) = app.gauge.status(app.live.snapshot()).await {
        app.metrics.standing.note(&status);
    }
    // Kept for a minute of the same data, for pages and for this.
    if let Ok(report) = app.gauge.report(Moment::default(), &Scope::Portfolio).await {
        app.metrics.standing.note_gates(&report);
    }
    app.metrics.standing.note_memory();
    app.metrics.store_fails.set(i64::from(app.store.trouble().is_some()));
    let mut text = String::new();
    match encode(&mut text, &app.metrics.registry) {
        Ok(()) => {
            let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
            ([(CONTENT_TYPE, kind)], text).into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
