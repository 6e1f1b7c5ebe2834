//! The REST API: a repository, its issues with their timelines, its releases, and the limits.

mod app;
mod hooks;
mod list;
mod timeline;

use bytes::Bytes;
use http::header::{ETAG, IF_NONE_MATCH, LOCATION};
use http::{Method, Response};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::model::Timestamp;
use crate::sim::people::People;
use crate::transport::Request;

use super::answer::{message, put, reply};
use super::json::Json;
use super::limits::Resource;
use super::site::State;
use super::site::world::{Departed, Issue, Repo};

pub use app::answer as app;
pub use hooks::answer as hooks;

/// What a route found.
enum Found {
    One(Value),
    Page(list::Page),
    /// The path of the place where it is now.
    Moved(String),
    Gone,
    Missing,
    /// 422 with the name of the bad field.
    Invalid(&'static str),
}

/// Answers a GET below the root; everything else is not found.
pub fn answer(people: &People, state: &State, request: &Request, loops: bool) -> Response<Bytes> {
    if request.method() != Method::GET {
        return message(404, "Not Found");
    }
    let json = Json { world: &state.world, people };
    let path: Vec<&str> = request.uri().path().split('/').skip(1).collect();
    let query = list::Query::read(request.uri().query().unwrap_or(""));
    let base = base_of(request, state.server.is_some());
    match route(&json, &path, &query) {
        Found::One(value) => with_etag(request, reply(200, &value)),
        Found::Page(page) => {
            let link = page.link(&format!("{base}{}", request.uri().path()), &query, loops);
            let mut response = reply(200, &Value::Array(page.items));
            if !link.is_empty() {
                put(&mut response, "link", &link);
            }
            with_etag(request, response)
        }
        Found::Moved(path) => {
            let url = format!("{base}{path}");
            let docs = "https://docs.github.com/rest/guides/best-practices-for-using-the-rest-api";
            let body =
                json!({"message": "Moved Permanently", "url": url, "documentation_url": docs});
            let mut response = reply(301, &body);
            put(&mut response, LOCATION.as_str(), &url);
            response
        }
        Found::Gone => message(410, "This issue was deleted"),
        Found::Missing => message(404, "Not Found"),
        Found::Invalid(field) => {
            let errors = json!([{"resource": "Issue", "field": field, "code": "invalid"}]);
            let docs = "https://docs.github.com/rest";
            let body = json!({"message": "Validation Failed", "errors": errors,
                "documentation_url": docs, "status": "422"});
            reply(422, &body)
        }
    }
}

/// Where the client believes that we are; absolute links begin so.
fn base_of(request: &Request, server: bool) -> String {
    let host = request.headers().get("host").and_then(|host| host.to_str().ok());
    let host = host.or(request.uri().authority().map(http::uri::Authority::as_str));
    let below = if server { "/api/v3" } else { "" };
    format!("http://{}{below}", host.unwrap_or("api.github.com"))
}

fn route(json: &Json<'_>, path: &[&str], query: &list::Query) -> Found {
    let (repo, rest) = match path {
        ["repos", owner, name, rest @ ..] => (json.world.repo_named(owner, name), rest),
        ["repositories", id, rest @ ..] => {
            (id.parse().ok().and_then(|id| json.world.repo(id)), rest)
        }
        _ => return Found::Missing,
    };
    let Some(repo) = repo else { return Found::Missing };
    match rest {
        [] => Found::One(json.repository(repo)),
        ["issues"] => list::issues(json, repo, query),
        ["releases"] => list::releases(json, repo, query),
        ["issues", number] => issue(json, repo, number, "", |issue| Found::One(json.issue(issue))),
        ["issues", number, "timeline"] => issue(json, repo, number, "/timeline", |issue| {
            let events = issue.events.iter().map(|event| timeline::event(json, issue, event));
            Found::Page(list::Page::cut(events.collect(), query))
        }),
        _ => Found::Missing,
    }
}

/// Finds an issue by number, or tells where it went.
fn issue(
    json: &Json<'_>,
    repo: &Repo,
    number: &str,
    below: &str,
    found: impl FnOnce(&Issue) -> Found,
) -> Found {
    let Ok(number) = number.parse() else { return Found::Missing };
    let key = (repo.record.id, number);
    let world = json.world;
    if let Some(issue) = world.by_number.get(&key).and_then(|id| world.issue(*id)) {
        return found(issue);
    }
    match world.departed.get(&key) {
        Some(Departed::Deleted) => Found::Gone,
        Some(Departed::Transferred(to)) => match world.issue(*to) {
            Some(new) => {
                Found::Moved(format!("/repositories/{}/issues/{}{below}", new.repo, new.number))
            }
            None => Found::Missing,
        },
        Some(Departed::Converted) | None => Found::Missing,
    }
}

/// Adds the `ETag`, and answers 304 when the client has that version.
fn with_etag(request: &Request, mut response: Response<Bytes>) -> Response<Bytes> {
    let tag = format!("W/\"{}\"", hex::encode(Sha256::digest(response.body())));
    let known = request.headers().get(IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let known = known.unwrap_or("").split(',').any(|known| known.trim() == tag);
    if known {
        *response.status_mut() = http::StatusCode::NOT_MODIFIED;
        *response.body_mut() = Bytes::new();
    }
    put(&mut response, ETAG.as_str(), &tag);
    response
}

/// `GET /rate_limit`, which costs nothing.
pub fn rate_limit(state: &mut State, now: Timestamp) -> Response<Bytes> {
    let mut show = |resource| {
        let standing = state.limits.standing(resource, now);
        json!({"limit": standing.limit, "used": standing.used, "remaining": standing.remaining,
            "reset": standing.reset.millis() / 1000})
    };
    let (core, graphql) = (show(Resource::Core), show(Resource::GraphQl));
    let reset = now.millis() / 1000 + 60;
    let search = json!({"limit": 30, "used": 0, "remaining": 30, "reset": reset});
    let resources = json!({"core": core, "graphql": graphql, "search": search});
    reply(200, &json!({"resources": resources, "rate": core}))
}
