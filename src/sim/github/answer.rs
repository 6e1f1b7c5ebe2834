//! The gate that every request passes: log, faults, identity, limits; then REST or GraphQL.

use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, DATE, USER_AGENT};
use http::{HeaderValue, Response};
use serde_json::{Value, json};

use crate::model::Timestamp;
use crate::transport::Request;

use super::faults::Fault;
use super::graphql;
use super::limits::{Refusal, Resource, Standing};
use super::rest;
use super::site::{Site, State, app};

/// What goes back over the wire.
#[derive(Debug)]
pub struct Answer {
    pub response: Response<Bytes>,
    /// How long to wait before sending it.
    pub delay: Option<Duration>,
    /// Break the connection after this many bytes of the body.
    pub cut: Option<usize>,
}

impl Site {
    /// Answers one request at the present second of the site's clock. Pure apart from counting:
    /// the same request to the same site gets the same answer.
    #[must_use]
    pub fn answer(&self, request: &Request) -> Answer {
        let now = self.now();
        let mut state = self.state();
        state.log.note(request.method().as_str(), request.uri().path());
        let inside = state.server.as_ref().map(|server| server.inside(request));
        let request = inside.as_ref().unwrap_or(request);
        let path = request.uri().path().to_owned();
        let fault = state.faults.meet(&path);
        let resource = if path == "/graphql" { Resource::GraphQl } else { Resource::Core };
        let free = path == "/rate_limit";
        let mut response = gate(self, &mut state, request, fault.as_ref(), resource, now);
        state.world.viewer = None;
        let mut delay = None;
        let mut cut = None;
        match fault {
            Some(Fault::Delay(wait)) => delay = Some(wait),
            Some(Fault::TruncatedBody) => cut = Some(response.body().len() / 2),
            Some(Fault::MalformedJson) => {
                let half = response.body().len() / 2;
                *response.body_mut() = response.body().slice(..half);
            }
            _ => {}
        }
        if let Some(server) = &state.server {
            put(&mut response, "x-github-enterprise-version", &server.version);
        } else if !free {
            let mut standing = state.limits.standing(resource, now);
            if fault == Some(Fault::PrimaryLimit) {
                (standing.used, standing.remaining) = (standing.limit, 0);
            }
            add_headers(&mut response, resource, standing, state.log.total);
        }
        let date = now.to_utc().format("%a, %d %b %Y %H:%M:%S GMT").to_string();
        put(&mut response, DATE.as_str(), &date);
        Answer { response, delay, cut }
    }
}

/// Refuses, or passes the request on.
fn gate(
    site: &Site,
    state: &mut State,
    request: &Request,
    fault: Option<&Fault>,
    resource: Resource,
    now: Timestamp,
) -> Response<Bytes> {
    if let Some(response) = fault.and_then(|fault| faulty(fault, resource)) {
        return response;
    }
    let headers = request.headers();
    if headers.get(USER_AGENT).is_none_or(HeaderValue::is_empty) {
        let text = "Request forbidden by administrative rules. Please make sure your request has \
                    a User-Agent header (https://docs.github.com/en/rest/overview/resources-in-\
                    the-rest-api#user-agent-required).";
        return page(403, text);
    }
    let Some(token) = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()) else {
        return message(401, "Requires authentication");
    };
    let token = ["Bearer ", "bearer ", "token "].iter().find_map(|kind| token.strip_prefix(kind));
    let known = state.token.as_deref().is_none_or(|known| token == Some(known));
    let viewer = app::viewer(state, request.uri().path(), token.unwrap_or(""), now);
    if token.is_none_or(str::is_empty) || (!known && viewer.is_none()) {
        return message(401, "Bad credentials");
    }
    state.world.viewer = match viewer {
        None => None,
        Some(Ok(owner)) => owner,
        Some(Err(refusal)) => return message(401, &refusal),
    };
    if request.uri().path() == "/rate_limit" {
        if state.server.is_some() {
            return message(404, "Rate limiting is not enabled.");
        }
        return rest::rate_limit(state, now);
    }
    if let Some(server) = state.server.as_ref().filter(|_| request.uri().path() == "/meta") {
        return reply(200, &json!({"installed_version": server.version}));
    }
    match state.limits.admit(resource, now) {
        _ if state.server.is_some() => {}
        Err(Refusal::Primary) => return primary(resource),
        Err(Refusal::Secondary) => return secondary(state.limits.retry_after),
        Ok(()) => {}
    }
    let loops = fault == Some(&Fault::CursorLoop);
    match resource {
        Resource::GraphQl => {
            let partial = fault == Some(&Fault::PartialData);
            let quirks = graphql::Quirks { loops, partial };
            let dialect = state.dialect();
            graphql::answer(site.people(), state, request, (dialect, quirks), now)
        }
        Resource::Core => {
            let special = rest::hooks(state, request, now);
            let response = match special.or_else(|| rest::app(state, request, now)) {
                Some(response) => response,
                None => rest::answer(site.people(), state, request, loops),
            };
            if response.status() != http::StatusCode::NOT_MODIFIED {
                state.limits.charge(Resource::Core, 1, now);
            }
            response
        }
    }
}

/// The answer of a fault that replaces the real one.
fn faulty(fault: &Fault, resource: Resource) -> Option<Response<Bytes>> {
    Some(match fault {
        Fault::BadGateway => page(502, "<html><body><h1>502 Bad Gateway</h1></body></html>"),
        Fault::HtmlWith200 => page(200, "<html><body>Unicorn!</body></html>"),
        Fault::Status(401) => message(401, "Bad credentials"),
        Fault::Status(403) => message(403, "Resource not accessible by integration"),
        Fault::Status(404) => message(404, "Not Found"),
        Fault::Status(410) => message(410, "This issue was deleted"),
        Fault::Status(other) => message(*other, "Something went wrong"),
        Fault::SecondaryLimit(after) => secondary(*after),
        Fault::PrimaryLimit => primary(resource),
        Fault::MalformedJson
        | Fault::TruncatedBody
        | Fault::CursorLoop
        | Fault::PartialData
        | Fault::Delay(_) => return None,
    })
}

fn primary(resource: Resource) -> Response<Bytes> {
    let text = "API rate limit exceeded for installation ID 1.";
    match resource {
        Resource::GraphQl => {
            reply(200, &json!({"errors": [{"type": "RATE_LIMITED", "message": text}]}))
        }
        Resource::Core => message(403, text),
    }
}

fn secondary(retry_after: Option<u64>) -> Response<Bytes> {
    let text = "You have exceeded a secondary rate limit. Please wait a few minutes before you \
                try again.";
    let mut response = message(403, text);
    if let Some(seconds) = retry_after {
        put(&mut response, "retry-after", &seconds.to_string());
    }
    response
}

/// A JSON answer.
pub fn reply(status: u16, body: &Value) -> Response<Bytes> {
    raw(status, "application/json; charset=utf-8", Bytes::from(body.to_string()))
}

/// An error body as GitHub's REST API writes it.
pub fn message(status: u16, text: &str) -> Response<Bytes> {
    let url = "https://docs.github.com/rest";
    let status_text = status.to_string();
    reply(status, &json!({"message": text, "documentation_url": url, "status": status_text}))
}

pub fn raw(status: u16, content_type: &'static str, body: Bytes) -> Response<Bytes> {
    let mut response = Response::new(body);
    *response.status_mut() =
        http::StatusCode::from_u16(status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

fn page(status: u16, text: &'static str) -> Response<Bytes> {
    raw(status, "text/html; charset=utf-8", Bytes::from_static(text.as_bytes()))
}

/// Sets a header; a value that no header can hold is left out.
pub fn put(response: &mut Response<Bytes>, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

fn add_headers(response: &mut Response<Bytes>, resource: Resource, now: Standing, nth: u64) {
    let name = if resource == Resource::Core { "core" } else { "graphql" };
    put(response, "x-ratelimit-limit", &now.limit.to_string());
    put(response, "x-ratelimit-remaining", &now.remaining.to_string());
    put(response, "x-ratelimit-used", &now.used.to_string());
    put(response, "x-ratelimit-reset", &(now.reset.millis() / 1000).to_string());
    put(response, "x-ratelimit-resource", name);
    put(response, "x-github-request-id", &format!("5147:71FF:{nth:08X}"));
    put(response, "x-github-media-type", "github.v3; format=json");
}
