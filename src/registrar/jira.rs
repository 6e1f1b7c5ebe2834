//! Jira: the webhooks that administrators make. Cloud and Data Center before 10 have them at one
//! address, Data Center 10 and later at another and in another form; before 10 they cannot sign,
//! and carry the secret in their address.

use http::Method;
use serde_json::{Value, json};

use super::writer::{Writer, WriterError};
use super::{SECRET, Step, Wanted};

const EVENTS: [&str; 13] = [
    "issuelink_created",
    "issuelink_deleted",
    "jira:issue_created",
    "jira:issue_deleted",
    "jira:issue_updated",
    "jira:version_created",
    "jira:version_deleted",
    "jira:version_released",
    "jira:version_unreleased",
    "jira:version_updated",
    "project_created",
    "project_deleted",
    "project_updated",
];

/// What Cloud tells beyond that.
const OF_CLOUD: [&str; 4] = [
    "project_archived",
    "project_restored_archived",
    "project_restored_deleted",
    "project_soft_deleted",
];

const OLD: &str = "/rest/webhooks/1.0/webhook";
const NEW: &str = "/rest/jira-webhook/1.0/webhooks";

/// How webhooks are kept at one site.
struct Desk {
    url: String,
    /// Data Center 10 and later.
    new: bool,
    hooks: Vec<Value>,
}

async fn desk(writer: &Writer, site: &str, cloud: bool) -> Result<Desk, WriterError> {
    let site = site.trim_end_matches('/');
    let ways: &[bool] = if cloud { &[false] } else { &[true, false] };
    for new in ways {
        let url = format!("{site}{}", if *new { NEW } else { OLD });
        match writer.look(&url).await? {
            Some(Value::Array(hooks)) => return Ok(Desk { url, new: *new, hooks }),
            Some(mut listed) => {
                let inside = ["values", "webhooks"].into_iter().find(|key| listed[*key].is_array());
                let Some(Value::Array(hooks)) = inside.map(|key| listed[key].take()) else {
                    return Err(WriterError::Unreadable { url });
                };
                return Ok(Desk { url, new: *new, hooks });
            }
            None => {}
        }
    }
    Err(WriterError::Refused {
        method: Method::GET,
        url: format!("{site}{OLD}"),
        status: 404,
        told: String::new(),
        advice: "this Jira shows no webhooks to the credential: take one of a system administrator, \
                 or make the webhook by hand as README.md tells",
    })
}

impl Desk {
    /// What one webhook is called here.
    fn address_of(&self, hook: &Value) -> String {
        // The old form names itself by its address.
        let id = match &hook["id"] {
            Value::Null => hook["self"]
                .as_str()
                .and_then(|own| own.trim_end_matches('/').rsplit('/').next())
                .unwrap_or_default()
                .to_owned(),
            Value::String(id) => id.clone(),
            other => other.to_string(),
        };
        format!("{}/{id}", self.url)
    }
}

pub async fn missing(
    wanted: &Wanted,
    writer: &Writer,
    site: &str,
    cloud: bool,
    projects: &[String],
) -> Result<Vec<Step>, WriterError> {
    let desk = desk(writer, site, cloud).await?;
    let signs = cloud || desk.new;
    let address = match signs {
        true => wanted.address(),
        false => format!("{}?token={SECRET}", wanted.address()),
    };
    let name = format!("Streamgauge ({})", wanted.connection);
    let mut events = EVENTS.to_vec();
    if cloud {
        events.extend(OF_CLOUD);
    }
    let body = if desk.new {
        json!({
            "name": name, "url": address, "events": events, "active": true,
            "scopeType": "global", "sslVerificationRequired": true,
            "configuration": {"EXCLUDE_BODY": "false", "SECRET": SECRET},
        })
    } else {
        let mut body = json!({
            "name": name, "description": "Made by streamgauge webhooks register", "url": address,
            "excludeBody": false, "events": events,
            "filters": {
                "issue-related-events-section": format!("project in ({})", quoted(projects)),
            },
        });
        if signs {
            body["secret"] = json!(SECRET);
        }
        body
    };
    let url_of = |hook: &Value| hook["url"].as_str().unwrap_or_default().to_owned();
    Ok(match desk.hooks.iter().find(|hook| wanted.is_ours(&url_of(hook))) {
        None => vec![Step {
            method: Method::POST,
            url: desk.url.clone(),
            body: Some(body),
            why: format!("{site}: a new webhook"),
        }],
        Some(hook) if is_right(hook, &body, &desk, cloud) => Vec::new(),
        Some(hook) => vec![Step {
            method: Method::PUT,
            url: desk.address_of(hook),
            body: Some(body),
            why: format!("{site}: the webhook is not as it should be"),
        }],
    })
}

/// Whether a webhook that leads to us tells everything and, where it can, signs it.
fn is_right(hook: &Value, wanted: &Value, desk: &Desk, cloud: bool) -> bool {
    let told: Vec<&str> =
        hook["events"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let events = wanted["events"].as_array().into_iter().flatten();
    let all = events.filter_map(Value::as_str).all(|event| told.contains(&event));
    let on = hook["enabled"] != false && hook["active"] != false;
    let filter = "issue-related-events-section";
    let filtered = desk.new || hook["filters"][filter] == wanted["filters"][filter];
    let signed = match (cloud, desk.new) {
        (true, _) => hook["isSigned"] != false,
        (false, true) => hook["configuration"]["SECRET"].is_string(),
        // What the address carries is not told apart: it was made with the secret of that day.
        (false, false) => hook["url"].as_str().is_some_and(|url| url.contains("?token=")),
    };
    all && on && filtered && signed
}

fn quoted(projects: &[String]) -> String {
    let quoted: Vec<String> =
        projects.iter().map(|key| format!("\"{}\"", key.replace('"', "\\\""))).collect();
    quoted.join(", ")
}

pub async fn removal(
    wanted: &Wanted,
    writer: &Writer,
    site: &str,
    cloud: bool,
) -> Result<Vec<Step>, WriterError> {
    let desk = desk(writer, site, cloud).await?;
    let ours =
        desk.hooks.iter().filter(|hook| wanted.is_ours(hook["url"].as_str().unwrap_or_default()));
    Ok(ours
        .map(|hook| Step {
            method: Method::DELETE,
            url: desk.address_of(hook),
            body: None,
            why: format!("{site}: the webhook goes"),
        })
        .collect())
}
