//! What an App may ask: about itself, its installations, and which repositories a token sees.

use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{Method, Response};
use serde_json::{Value, json};

use crate::model::Timestamp;
use crate::transport::Request;

use super::super::answer::{message, put, reply};
use super::super::ids::node_id;
use super::super::json::owner_id;
use super::super::site::State;
use super::super::site::app::{App, Installation};
use super::base_of;
use super::list::{Page, Query};

/// Answers the App and its installations; `None` for every other path. The credential is already
/// known to be good.
pub fn answer(state: &mut State, request: &Request, now: Timestamp) -> Option<Response<Bytes>> {
    let path: Vec<&str> = request.uri().path().split('/').skip(1).collect();
    let get = request.method() == Method::GET;
    if path == ["installation", "repositories"] {
        return Some(repositories(state, request, now));
    }
    if path.first() != Some(&"app") {
        return None;
    }
    let app = state.app.as_mut()?;
    Some(match path.as_slice() {
        ["app"] if get => {
            let at = app.installations.len();
            reply(200, &json!({"id": app.id, "slug": "gauge", "installations_count": at}))
        }
        ["app", "installations"] if get => {
            let all = app.installations.iter().map(|(id, one)| installation(app, *id, one));
            let all = all.collect();
            listed(request, all, Value::Array)
        }
        ["app", "installations", id, "access_tokens"] if request.method() == Method::POST => {
            token(app, id.parse().unwrap_or(0), now)
        }
        _ => message(404, "Not Found"),
    })
}

fn token(app: &mut App, id: u64, now: Timestamp) -> Response<Bytes> {
    let Some(found) = app.installations.get(&id).cloned() else {
        return message(404, "Not Found");
    };
    if found.suspended {
        return message(403, "This installation has been suspended");
    }
    let (token, ends) = app.issue(id, now);
    let body = json!({
        "token": token, "expires_at": ends.to_string(), "permissions": found.permissions,
        "repository_selection": "all",
    });
    reply(201, &body)
}

fn installation(app: &App, id: u64, one: &Installation) -> Value {
    let owner = owner_id(&one.owner);
    json!({
        "id": id, "app_id": app.id, "app_slug": "gauge", "target_type": "Organization",
        "target_id": owner, "repository_selection": "all", "permissions": one.permissions,
        "suspended_at": one.suspended.then_some("2026-01-01T00:00:00Z"),
        "account": {"login": one.owner, "id": owner, "node_id": node_id("O", &[owner]),
            "type": "Organization"},
    })
}

fn repositories(state: &State, request: &Request, now: Timestamp) -> Response<Bytes> {
    let header = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = header.and_then(|header| header.split_once(' ')).map_or("", |(_, token)| token);
    let known = state.app.as_ref().and_then(|app| app.installation_of(token, now));
    if known.is_none() {
        return message(403, "You must authenticate with an installation access token");
    }
    let seen = state.world.repos.values().filter(|repo| state.world.sees(repo));
    let all: Vec<Value> = seen
        .map(|repo| {
            let owner = &repo.record.owner;
            json!({
                "id": repo.record.id, "node_id": repo.node_id(), "name": repo.record.name,
                "full_name": repo.full_name(), "private": true, "fork": false,
                "owner": {"login": owner, "id": owner_id(owner), "type": "Organization"},
                "archived": repo.record.archived, "disabled": false,
                "has_issues": !state.world.without_issues.contains(&repo.record.id),
            })
        })
        .collect();
    let total = all.len();
    listed(
        request,
        all,
        |page| json!({"total_count": total, "repository_selection": "all", "repositories": page}),
    )
}

/// One page, with absolute links as GitHub writes them.
fn listed(
    request: &Request,
    all: Vec<Value>,
    wrap: impl FnOnce(Vec<Value>) -> Value,
) -> Response<Bytes> {
    let query = Query::read(request.uri().query().unwrap_or(""));
    let page = Page::cut(all, &query);
    let url = format!("{}{}", base_of(request, false), request.uri().path());
    let link = page.link(&url, &query, false);
    let mut response = reply(200, &wrap(page.items));
    if !link.is_empty() {
        put(&mut response, "link", &link);
    }
    response
}
