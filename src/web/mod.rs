//! Pages, JSON API, webhooks, health and metrics.

pub mod access;
mod api;
mod beside;
mod beside_signal;
mod bodies;
mod budget_table;
mod decision_form;
mod decision_words;
mod decisions_page;
mod dependencies_page;
mod epic_page;
mod epics_page;
mod error;
mod first_run;
mod gates;
mod health;
mod item_page;
mod item_words;
mod layout;
pub mod live;
mod map_page;
mod measure_words;
pub mod metrics;
mod moment;
mod notices;
pub mod openapi;
mod past;
mod peers;
mod portfolio_page;
mod roadmap_page;
pub mod routes;
pub mod server;
pub mod settings;
mod sign_in;
mod signal_page;
mod signal_parts;
mod signal_words;
mod signals_page;
mod stalled;
mod status_digests;
mod status_outcomes;
mod status_page;
mod store_notice;
mod stream_page;
mod stream_parts;
mod survival_chart;
mod team_page;
mod time_travel;
mod wait_chart;
mod webhooks;
mod windows;
mod workers;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use axum::extract::State;
use axum::middleware::from_fn;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Router};
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName};
use http::{HeaderValue, StatusCode};
use maud::Markup;
use tokio::sync::Notify;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::timeout::TimeoutLayer;

use crate::clock::SharedClock;
use crate::digests::{self, chart};
use crate::gauge::Gauge;
use crate::signals::Scope;
use crate::store::Store;
use crate::trackers::Tracker;
use access::{Access, Role};
use error::WebError;
use live::Live;
use metrics::Metrics;
use moment::Visit;

/// What the routes grant together, whoever asks.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// How long a client may take to send a body.
    pub body: Duration,
    /// No answer takes longer, the body of the request included.
    pub answer: Duration,
    /// What the bodies of all requests under way may hold together, in bytes.
    pub room: usize,
    /// Deliveries that wait for the database at once; further ones are to be sent again. Fewer
    /// than there are connections: a database that hangs must leave some to `/healthz`.
    pub hints: usize,
    /// How long a delivery waits for the database. GitHub waits ten seconds for us.
    pub durable: Duration,
    /// Questions about the past that one caller may ask within a minute.
    pub past: u32,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            body: Duration::from_secs(10),
            answer: Duration::from_secs(30),
            room: 64 << 20,
            hints: 960,
            durable: Duration::from_secs(8),
            past: 300,
        }
    }
}

/// What the faces need.
pub struct App {
    pub gauge: Arc<Gauge>,
    pub store: Store,
    pub clock: SharedClock,
    pub access: Arc<Access>,
    pub metrics: Arc<Metrics>,
    pub live: Arc<Live>,
    pub hooks: BTreeMap<String, Hook>,
    /// Set once something was read completely; what was read stays read.
    pub begun: AtomicBool,
}

/// Where the webhooks of one connection go.
pub struct Hook {
    pub tracker: Arc<dyn Tracker>,
    /// Wakes the sync of this connection: there are hints.
    pub hinted: Arc<Notify>,
    /// Wakes the sync of this connection: scan soon.
    pub scan: Arc<Notify>,
    /// Wakes the sweeps of this connection: a project or a right came or went.
    pub sweep: Arc<Notify>,
}

/// Every route of the daemon.
pub fn router(app: Arc<App>) -> Router {
    bounded(app, Bounds::default())
}

/// Every route, with other bounds.
pub fn bounded(app: Arc<App>, bounds: Bounds) -> Router {
    routes::guarded(&app, bounds)
        .fallback(async || WebError::NotFound("there is no such page".into()))
        .layer(from_fn(error::as_pages))
        .layer(TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, bounds.answer))
        .layer(CatchPanicLayer::new())
        .layer(header(CONTENT_SECURITY_POLICY, POLICY))
        .layer(header(HeaderName::from_static("x-content-type-options"), "nosniff"))
        .layer(header(HeaderName::from_static("referrer-policy"), "same-origin"))
        .layer(header(HeaderName::from_static("cross-origin-opener-policy"), "same-origin"))
        .layer(header(HeaderName::from_static("cross-origin-resource-policy"), "same-origin"))
        .layer(header(CACHE_CONTROL, "no-store"))
        .with_state(app)
}

/// Nothing but our own style sheet; charts are part of the page.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self' data:; \
                      form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

fn header(name: HeaderName, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
}

async fn portfolio(
    State(app): State<Arc<App>>,
    Extension(role): Extension<Role>,
    visit: Visit,
) -> Result<Markup, WebError> {
    reads_portfolio(&role)?;
    if first_run::is_due(&app, &visit).await? {
        return Ok(first_run::reading(&app, &visit).await?);
    }
    if visit.is_live() && first_run::nothing_placed(&*app.gauge.world(None).await?) {
        let map = app.gauge.map(visit.moment).await?;
        return Ok(first_run::placing(&app, &map.coverage, &visit));
    }
    let (digest, report) = digests::page(&app.gauge, &Scope::Portfolio, visit.moment).await?;
    if let Some(beside) = visit.beside {
        let (second, behind) = digests::page(&app.gauge, &Scope::Portfolio, beside).await?;
        let sides = [
            beside::Side { digest: &digest, report: &report },
            beside::Side { digest: &second, report: &behind },
        ];
        return Ok(beside::page(&sides, &visit));
    }
    let notices = notices::all(app.store.trouble(), &digest.stale, &visit);
    let page = portfolio_page::Page { digest: &digest, report: &report, visit };
    Ok(portfolio_page::render(&page, &notices))
}

async fn style() -> Response {
    (
        [(CONTENT_TYPE, "text/css; charset=utf-8"), (CACHE_CONTROL, "max-age=3600")],
        include_str!("style.css"),
    )
        .into_response()
}

/// A team's credential opens its own page only.
fn reads_portfolio(role: &Role) -> Result<(), WebError> {
    if role.reads_portfolio() { Ok(()) } else { Err(WebError::Forbidden) }
}
