//! Pages, JSON API, webhooks, health and metrics.

pub mod access;
mod api;
mod chart;
mod error;
mod first_run;
mod health;
mod item_page;
mod item_words;
mod layout;
pub mod live;
mod map_page;
pub mod metrics;
mod moment;
mod notices;
mod portfolio_page;
pub mod server;
pub mod settings;
mod sign_in;
mod status_page;
mod webhooks;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName};
use http::{HeaderValue, StatusCode};
use maud::Markup;
use tokio::sync::Notify;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::timeout::TimeoutLayer;

use crate::clock::SharedClock;
use crate::digests;
use crate::gauge::Gauge;
use crate::signals::Scope;
use crate::store::Store;
use crate::trackers::Tracker;
use access::{Access, Role};
use error::WebError;
use live::Live;
use metrics::Metrics;
use moment::Visit;

/// Largest webhook body; GitHub and Jira send more only for events that a pull finds as well.
const WEBHOOK_LIMIT: usize = 1 << 20;
/// Largest body elsewhere.
const BODY_LIMIT: usize = 64 << 10;
/// No answer takes longer.
const ANSWER: Duration = Duration::from_secs(30);

/// What the faces need.
pub struct App {
    pub gauge: Arc<Gauge>,
    pub store: Store,
    pub clock: SharedClock,
    pub access: Arc<Access>,
    pub metrics: Arc<Metrics>,
    pub live: Arc<Live>,
    pub hooks: BTreeMap<String, Hook>,
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
    let guarded = Router::new()
        .route("/", get(portfolio))
        .route("/map", get(map_page::page))
        .route("/status", get(status_page::page))
        .route("/items/{*key}", get(item_page::page))
        .route("/api/v1/report", get(api::report))
        .route("/api/v1/digest", get(api::digest))
        .route("/api/v1/map", get(api::map))
        .route("/api/v1/status", get(api::status))
        .route("/api/v1/items/{*key}", get(api::item))
        .route("/api/v1/decisions", get(api::decisions).post(api::decide))
        .route("/api/v1/readings", get(api::readings).post(api::read))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(metrics::page))
        .layer(from_fn_with_state(Arc::clone(&app.access), access::guard))
        .layer(RequestBodyLimitLayer::new(BODY_LIMIT));
    let open = Router::new()
        .route("/healthz", get(health::alive))
        .route("/style.css", get(style))
        .route("/sign-in", get(sign_in::form).post(sign_in::submit))
        .route("/sign-out", post(sign_in::leave))
        .layer(RequestBodyLimitLayer::new(BODY_LIMIT));
    let hooks = Router::new()
        .route("/webhooks/{connection}", post(webhooks::receive))
        .layer(RequestBodyLimitLayer::new(WEBHOOK_LIMIT));
    guarded
        .merge(open)
        .merge(hooks)
        .fallback(async || WebError::NotFound("there is no such page".into()))
        .layer(from_fn(error::as_pages))
        .layer(TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, ANSWER))
        .layer(CatchPanicLayer::new())
        .layer(header(CONTENT_SECURITY_POLICY, POLICY))
        .layer(header(HeaderName::from_static("x-content-type-options"), "nosniff"))
        .layer(header(HeaderName::from_static("referrer-policy"), "same-origin"))
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
    let world = app.gauge.world(visit.moment.known).await?;
    if visit.is_live() && first_run::nothing_placed(&world) {
        let map = app.gauge.map(visit.moment).await?;
        return Ok(first_run::placing(&app, &map.coverage, &visit));
    }
    let (digest, report) = digests::page(&app.gauge, &Scope::Portfolio, visit.moment).await?;
    let epics = world.epics.entries().iter().map(|epic| epic.id.as_str()).collect();
    let notices = notices::stale(&digest.stale, &visit);
    let page = portfolio_page::Page { digest: &digest, report: &report, epics: &epics, visit };
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
