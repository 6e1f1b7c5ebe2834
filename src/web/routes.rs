//! Every route of the daemon, with who may use it. This table makes the router, and the tests
//! walk over it: a route that is not in it does not exist, and none is in it without a rule.

use std::convert::Infallible;
use std::sync::Arc;

use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, get, post};
use axum::{Extension, Router};
use http::Method;

use super::access::{self, Role};
use super::bodies::{self, Bodies};
use super::past::{self, Past};
use super::webhooks::Waiting;
use super::{
    App, Bounds, api, health, item_page, map_page, metrics, openapi, portfolio, sign_in,
    status_page,
};
use super::{decisions_page, dependencies_page, epic_page, epics_page, roadmap_page};
use super::{signal_page, signals_page, stream_page, style, team_page, webhooks};

/// Largest webhook body; GitHub and Jira send more only for events that a pull finds as well.
const WEBHOOK_LIMIT: usize = 1 << 20;
/// Largest body elsewhere.
const BODY_LIMIT: usize = 64 << 10;

/// What a caller has to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Nothing: the answer tells nothing about the portfolio.
    Nothing,
    /// The signature of a tracker over the body.
    Signature,
    /// A credential of any role.
    Credential,
    /// A credential that reads the portfolio: viewer or portfolio, and no team's.
    Reader,
    /// A team's own credential, and nobody else's.
    Team,
    /// The role that records decisions, readings and integration events.
    Recorder,
}

impl Need {
    /// Whether a caller without a credential gets as far as the handler.
    #[must_use]
    pub fn is_open(self) -> bool {
        matches!(self, Self::Nothing | Self::Signature)
    }

    /// Whether a caller of this role may pass.
    #[must_use]
    pub fn lets(self, role: &Role) -> bool {
        match self {
            Self::Nothing | Self::Signature | Self::Credential => true,
            Self::Reader => role.reads_portfolio(),
            Self::Team => matches!(role, Role::Team(_)),
            Self::Recorder => *role == Role::Portfolio,
        }
    }
}

/// Who may use one route, by method. A method without a need does not exist there.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    pub path: &'static str,
    pub get: Option<Need>,
    pub post: Option<Need>,
    /// Largest body, in bytes.
    pub body: usize,
}

impl Rule {
    /// What a request of this method has to show. A method that the route does not have needs a
    /// credential before that is told.
    #[must_use]
    pub fn need(&self, method: &Method) -> Need {
        let need = match *method {
            Method::GET | Method::HEAD => self.get,
            Method::POST => self.post,
            _ => None,
        };
        let any = self.get.or(self.post).filter(|need| need.is_open());
        need.or(any).unwrap_or(Need::Credential)
    }
}

type Row = (Rule, MethodRouter<Arc<App>>);

fn shows(path: &'static str, need: Need, handler: MethodRouter<Arc<App>>) -> Row {
    (Rule { path, get: Some(need), post: None, body: BODY_LIMIT }, handler)
}

/// The table.
fn table() -> Vec<Row> {
    use Need::{Credential, Nothing, Reader, Recorder, Signature, Team};
    let records = |path, handler| -> Row {
        (Rule { path, get: Some(Reader), post: Some(Recorder), body: BODY_LIMIT }, handler)
    };
    let takes = |path, need, body, handler| -> Row {
        (Rule { path, get: None, post: Some(need), body }, handler)
    };
    vec![
        shows("/", Reader, get(portfolio)),
        shows("/map", Reader, get(map_page::page)),
        shows("/streams/{id}", Reader, get(stream_page::page)),
        shows("/dependencies", Reader, get(dependencies_page::page)),
        shows("/epics", Reader, get(epics_page::page)),
        shows("/epics/{*id}", Reader, get(epic_page::page)),
        records("/decisions", get(decisions_page::page).post(decisions_page::record)),
        shows("/roadmap", Reader, get(roadmap_page::page)),
        shows("/status", Reader, get(status_page::page)),
        shows("/items/{*key}", Reader, get(item_page::page)),
        shows("/signals", Reader, get(signals_page::page)),
        shows("/signals/{id}", Reader, get(signal_page::page)),
        shows("/team", Team, get(team_page::page)),
        shows("/api/v1/report", Reader, get(api::report)),
        shows("/api/v1/digest", Reader, get(api::digest)),
        shows("/api/v1/map", Reader, get(api::map)),
        shows("/api/v1/status", Reader, get(api::status)),
        shows("/api/v1/items/{*key}", Reader, get(api::item)),
        shows("/api/v1/team", Team, get(team_page::json)),
        records("/api/v1/decisions", get(api::decisions).post(api::decide)),
        records("/api/v1/readings", get(api::readings).post(api::read)),
        records("/api/v1/integrations", get(api::integrations).post(api::integrate)),
        shows("/api/v1/openapi.json", Credential, get(openapi::page)),
        shows("/readyz", Credential, get(health::ready)),
        shows("/metrics", Reader, get(metrics::page)),
        shows("/healthz", Nothing, get(health::alive)),
        shows("/style.css", Nothing, get(style)),
        (
            Rule { path: "/sign-in", get: Some(Nothing), post: Some(Nothing), body: BODY_LIMIT },
            get(sign_in::form).post(sign_in::submit),
        ),
        takes("/sign-out", Nothing, BODY_LIMIT, post(sign_in::leave)),
        takes("/webhooks/{connection}", Signature, WEBHOOK_LIMIT, post(webhooks::receive)),
    ]
}

/// The rules of all routes.
#[must_use]
pub fn rules() -> Vec<Rule> {
    table().into_iter().map(|(rule, _)| rule).collect()
}

/// The routes behind their guards and limits: who asks is judged first, then what is sent.
pub(super) fn guarded(app: &Arc<App>, bounds: Bounds) -> Router<Arc<App>> {
    let room = bodies::room(bounds.room);
    let zone = app.gauge.portfolio().zone();
    let past = Past::new(bounds.past, Arc::clone(&app.clock), zone);
    let waiting = Waiting::new(bounds.hints, bounds.durable);
    table().into_iter().fold(Router::new(), |router, (rule, handler)| {
        let whole = Bodies::new(rule.body, bounds.body, &room);
        let mut handler = handler;
        if rule.post == Some(Need::Signature) {
            handler = handler.layer::<_, Infallible>(Extension(waiting.clone()));
        }
        handler = handler.layer::<_, Infallible>(from_fn_with_state(whole, bodies::whole));
        if rule.get.is_some_and(|need| !need.is_open()) {
            handler = handler.layer::<_, Infallible>(from_fn_with_state(past.clone(), past::turn));
            handler = handler.layer::<_, Infallible>(Extension(app.gauge.portfolio().vocabulary()));
        }
        let guard = from_fn_with_state((Arc::clone(&app.access), rule), access::guard);
        let handler = handler.layer::<_, Infallible>(guard);
        let (metrics, clock) = (Arc::clone(&app.metrics), Arc::clone(&app.clock));
        let watch =
            from_fn_with_state(metrics::Watch { metrics, clock, route: rule.path }, metrics::watch);
        router.route(rule.path, handler.layer::<_, Infallible>(watch))
    })
}
