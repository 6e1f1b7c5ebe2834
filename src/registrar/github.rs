//! GitHub: webhooks of repositories and organisations.

use http::Method;
use serde_json::{Value, json};

use super::writer::{Writer, WriterError};
use super::{SECRET, Step, Wanted};

/// What every GitHub can tell.
const EVENTS: [&str; 6] = ["issues", "label", "milestone", "pull_request", "release", "repository"];
/// What github.com tells beyond that.
const NEWER: [&str; 2] = ["issue_dependencies", "sub_issues"];
/// Boards are announced at organisations only.
const BOARDS: &str = "projects_v2_item";

/// The events to subscribe to, sorted.
fn events(place: &str, server: bool) -> Vec<&'static str> {
    let mut events = EVENTS.to_vec();
    if !server {
        events.extend(NEWER);
    }
    if place.starts_with("orgs/") {
        events.push(BOARDS);
    }
    events.sort_unstable();
    events
}

/// The webhooks of a place, with the address below which they are changed.
async fn existing(
    writer: &Writer,
    api: &str,
    place: &str,
) -> Result<(String, Vec<Value>), WriterError> {
    let url = format!("{}/{place}/hooks", api.trim_end_matches('/'));
    let listed = writer.look(&format!("{url}?per_page=100")).await?;
    match listed {
        Some(Value::Array(all)) => Ok((url, all)),
        Some(_) => Err(WriterError::Unreadable { url }),
        None => Err(WriterError::Refused {
            method: Method::GET,
            url,
            status: 404,
            told: String::new(),
            advice: "there is no such place, or the credential may not see its webhooks (Webhooks: \
                     read and write, or `admin:org_hook` for an organisation)",
        }),
    }
}

fn url_of(hook: &Value) -> &str {
    hook["config"]["url"].as_str().unwrap_or_default()
}

pub async fn missing(
    wanted: &Wanted,
    writer: &Writer,
    api: &str,
    server: bool,
    places: &[String],
) -> Result<Vec<Step>, WriterError> {
    let mut steps = Vec::new();
    for place in places {
        let (url, hooks) = existing(writer, api, place).await?;
        let events = events(place, server);
        match hooks.iter().find(|hook| wanted.is_ours(url_of(hook))) {
            None => steps.push(Step {
                method: Method::POST,
                url,
                body: Some(json!({
                    "name": "web", "active": true, "events": events,
                    "config": {
                        "url": wanted.address(), "content_type": "json", "insecure_ssl": "0",
                        "secret": SECRET,
                    },
                })),
                why: format!("{place}: a new webhook"),
            }),
            Some(hook) if is_right(hook, &events) => {}
            Some(hook) => steps.push(Step {
                method: Method::PATCH,
                url: format!("{url}/{}", hook["id"]),
                body: Some(json!({
                    "active": true, "events": events,
                    "config": {
                        "url": wanted.address(), "content_type": "json", "insecure_ssl": "0",
                        "secret": SECRET,
                    },
                })),
                why: format!("{place}: webhook {} is not as it should be", hook["id"]),
            }),
        }
    }
    Ok(steps)
}

/// Whether a webhook that leads to us tells everything, in a form that we read, and signs it.
fn is_right(hook: &Value, events: &[&str]) -> bool {
    let config = &hook["config"];
    let told: Vec<&str> =
        hook["events"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let all = told.contains(&"*") || events.iter().all(|event| told.contains(event));
    let verified = ["0", ""].contains(&config["insecure_ssl"].as_str().unwrap_or_default());
    all && hook["active"] == true
        && config["content_type"] == "json"
        && config["secret"].is_string()
        && verified
}

pub async fn removal(
    wanted: &Wanted,
    writer: &Writer,
    api: &str,
    places: &[String],
) -> Result<Vec<Step>, WriterError> {
    let mut steps = Vec::new();
    for place in places {
        let (url, hooks) = existing(writer, api, place).await?;
        let ours = hooks.iter().filter(|hook| wanted.is_ours(url_of(hook)));
        steps.extend(ours.map(|hook| Step {
            method: Method::DELETE,
            url: format!("{url}/{}", hook["id"]),
            body: None,
            why: format!("{place}: webhook {} goes", hook["id"]),
        }));
    }
    Ok(steps)
}
