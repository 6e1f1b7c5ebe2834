//! Webhooks over REST: the App's own, those of repositories and organisations, and the log of
//! deliveries of each with pages by cursor.

use bytes::Bytes;
use http::{Method, Response};
use serde_json::{Value, json};

use crate::model::Timestamp;
use crate::transport::Request;

use super::super::answer::{message, put, reply};
use super::super::site::State;
use super::super::webhooks::{HookRights, Registered, Tried};
use super::base_of;
use super::list::Query;

/// Answers what is about webhooks; `None` for every other path.
pub fn answer(state: &mut State, request: &Request, now: Timestamp) -> Option<Response<Bytes>> {
    let path = request.uri().path().to_ascii_lowercase();
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    match parts.as_slice() {
        ["app", "hook", rest @ ..] => {
            state.app.as_ref()?;
            Some(of_app(state, request, rest, now))
        }
        ["repos", owner, name, "hooks", rest @ ..] => {
            let seen = state.world.repo_named(owner, name).map(|repo| repo.record.id);
            let place = format!("repos/{owner}/{name}");
            Some(registered(state, request, seen.map(|id| (place, Some(id))), rest, now))
        }
        ["orgs", owner, "hooks", rest @ ..] => {
            let place = format!("orgs/{owner}");
            Some(registered(state, request, Some((place, None)), rest, now))
        }
        _ => None,
    }
}

fn of_app(state: &mut State, request: &Request, rest: &[&str], now: Timestamp) -> Response<Bytes> {
    let desk = &mut state.world.desk;
    match (request.method().as_str(), rest) {
        ("GET", ["deliveries"]) => {
            let tried = desk.tried.iter().filter(|one| one.is_kept(now)).collect();
            listed(request, tried)
        }
        ("GET", ["deliveries", id]) => {
            let found = desk.tried.iter().find(|one| one.id.to_string() == *id && one.is_kept(now));
            found.map_or_else(|| message(404, "Not Found"), |one| reply(200, &one.whole("")))
        }
        ("GET", ["config"]) => reply(200, &config_of_app(&desk.of_app)),
        ("PATCH", ["config"]) => {
            let body: Value = serde_json::from_slice(request.body()).unwrap_or_default();
            if let Some(url) = body["url"].as_str() {
                url.clone_into(&mut desk.of_app.0);
            }
            if let Some(secret) = body["secret"].as_str() {
                desk.of_app.1 = Some(secret.to_owned());
            }
            reply(200, &config_of_app(&desk.of_app))
        }
        _ => message(404, "Not Found"),
    }
}

fn config_of_app((url, secret): &(String, Option<String>)) -> Value {
    let secret = secret.as_ref().map(|_| "********");
    json!({"content_type": "json", "insecure_ssl": "0", "url": url, "secret": secret})
}

fn registered(
    state: &mut State,
    request: &Request,
    place: Option<(String, Option<u64>)>,
    rest: &[&str],
    now: Timestamp,
) -> Response<Bytes> {
    let desk = &mut state.world.desk;
    match desk.rights {
        HookRights::Hidden => return message(404, "Not Found"),
        HookRights::Forbidden => {
            return message(403, "Resource not accessible by personal access token");
        }
        HookRights::Admin => {}
    }
    let Some((place, repository)) = place else { return message(404, "Not Found") };
    let id = rest.first().and_then(|id| id.parse::<u64>().ok());
    let own = id.and_then(|id| desk.registered.get(&id)).filter(|hook| hook.place == place);
    let own = own.cloned();
    let about = |one: &&Tried| match repository {
        Some(id) => one.repository == Some(id),
        None => place.strip_prefix("orgs/").is_some_and(|o| o.eq_ignore_ascii_case(&one.owner)),
    };
    match (request.method(), rest, own) {
        (&Method::GET, [], _) => {
            let all = desk.registered.values().filter(|hook| hook.place == place);
            reply(200, &all.map(Registered::json).collect())
        }
        (&Method::POST, [], _) => {
            let body: Value = serde_json::from_slice(request.body()).unwrap_or_default();
            let mut hook = Registered {
                id: desk.number(),
                place,
                url: String::new(),
                secret: None,
                content_type: "form".to_owned(),
                events: vec!["push".to_owned()],
                active: true,
            };
            change(&mut hook, &body);
            let double = |other: &Registered| {
                let same = other.place == hook.place && other.url == hook.url;
                same && other.events.iter().any(|event| hook.events.contains(event))
            };
            if !hook.url.starts_with("http") || desk.registered.values().any(double) {
                let errors = json!([{"resource": "Hook", "code": "custom",
                    "message": "Hook already exists on this repository"}]);
                return reply(422, &json!({"message": "Validation Failed", "errors": errors}));
            }
            let shown = reply(201, &hook.json());
            desk.registered.insert(hook.id, hook);
            shown
        }
        (&Method::GET, [_], Some(hook)) => reply(200, &hook.json()),
        (&Method::PATCH, [_], Some(mut hook)) => {
            let body: Value = serde_json::from_slice(request.body()).unwrap_or_default();
            change(&mut hook, &body);
            let shown = reply(200, &hook.json());
            desk.registered.insert(hook.id, hook);
            shown
        }
        (&Method::DELETE, [_], Some(hook)) => {
            desk.registered.remove(&hook.id);
            let mut gone = message(204, "");
            *gone.body_mut() = Bytes::new();
            gone
        }
        (&Method::GET, [_, "deliveries"], Some(_)) => {
            let tried = desk.tried.iter().filter(|one| one.is_kept(now)).filter(about).collect();
            listed(request, tried)
        }
        (&Method::GET, [_, "deliveries", id], Some(hook)) => {
            let mut tried = desk.tried.iter().filter(|one| one.is_kept(now)).filter(about);
            let found = tried.find(|one| one.id.to_string() == *id);
            found.map_or_else(|| message(404, "Not Found"), |one| reply(200, &one.whole(&hook.url)))
        }
        _ => message(404, "Not Found"),
    }
}

fn change(hook: &mut Registered, body: &Value) {
    let text = |at: &str| body.pointer(at).and_then(Value::as_str).map(str::to_owned);
    if let Some(url) = text("/config/url") {
        hook.url = url;
    }
    if let Some(kind) = text("/config/content_type") {
        hook.content_type = kind;
    }
    if let Some(secret) = text("/config/secret") {
        hook.secret = Some(secret);
    }
    if let Some(events) = body["events"].as_array() {
        let events = events.iter().filter_map(Value::as_str);
        hook.events = events.map(str::to_owned).collect();
    }
    if let Some(active) = body["active"].as_bool() {
        hook.active = active;
    }
}

/// One page of deliveries, newest first; the cursor names the first one of the next page.
fn listed(request: &Request, tried: Vec<&Tried>) -> Response<Bytes> {
    let query = Query::read(request.uri().query().unwrap_or(""));
    let wanted = |one: &&&Tried| match query.get("status") {
        Some("failure") => !one.succeeded(),
        Some("success") => one.succeeded(),
        _ => true,
    };
    let cursor = query.get("cursor").and_then(|text| text.strip_prefix("v1_")?.parse::<u64>().ok());
    if query.get("cursor").is_some() && cursor.is_none() {
        return message(422, "Invalid cursor");
    }
    let mut all: Vec<&&Tried> = tried.iter().rev().filter(wanted).collect();
    all.retain(|one| cursor.is_none_or(|first| one.id <= first));
    let size = query.per_page();
    let next = all.get(size).map(|one| one.id);
    let rows: Vec<Value> = all.iter().take(size).map(|one| one.row()).collect();
    let mut response = reply(200, &Value::Array(rows));
    if let Some(next) = next {
        let url = format!("{}{}", base_of(request, false), request.uri().path());
        let status =
            query.get("status").map_or(String::new(), |status| format!("&status={status}"));
        let link = format!("<{url}?per_page={size}{status}&cursor=v1_{next}>; rel=\"next\"");
        put(&mut response, "link", &link);
    }
    response
}
