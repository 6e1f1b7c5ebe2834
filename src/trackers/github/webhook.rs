//! A delivery says which issues to look at again. Its content is never data.

use http::HeaderMap;
use http::header::CONTENT_TYPE;
use secrecy::SecretString;
use serde::Deserialize;

use crate::trackers::signature;
use crate::trackers::{Hints, WebhookError};

/// What we read of any delivery.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Delivery {
    action: Option<String>,
    issue: Option<Node>,
    parent_issue: Option<Node>,
    sub_issue: Option<Node>,
    blocked_issue: Option<Node>,
    blocking_issue: Option<Node>,
    projects_v2_item: Option<BoardItem>,
    changes: Option<Changes>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Node {
    node_id: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct BoardItem {
    content_node_id: Option<String>,
    content_type: Option<String>,
}

/// The other end of a transfer.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Changes {
    new_issue: Option<Node>,
    old_issue: Option<Node>,
}

/// The ids that a signed delivery names.
///
/// # Errors
/// [`WebhookError::Forged`] before anything is parsed; [`WebhookError::Unreadable`] for a signed
/// body that is not JSON.
pub fn hints(
    secrets: &[SecretString],
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Hints, WebhookError> {
    if !signature::is_signed(secrets, headers, "X-Hub-Signature-256", body) {
        return Err(WebhookError::Forged);
    }
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if text(CONTENT_TYPE.as_str()).is_some_and(|kind| kind.contains("x-www-form-urlencoded")) {
        return Err(WebhookError::Unreadable(
            "the delivery is a form; set the webhook's content type to application/json".to_owned(),
        ));
    }
    let event = text("X-GitHub-Event").ok_or_else(|| {
        WebhookError::Unreadable("the delivery does not name its event".to_owned())
    })?;
    if !KNOWN.contains(&event) {
        return Ok(Hints::default());
    }
    of_payload(event, body)
}

/// The ids that the payload of an event names, whoever vouches for it.
///
/// # Errors
/// [`WebhookError::Unreadable`] when it is not JSON.
pub fn of_payload(event: &str, payload: &[u8]) -> Result<Hints, WebhookError> {
    let delivery: Delivery = serde_json::from_slice(payload).map_err(|_| {
        WebhookError::Unreadable(format!("the delivery of `{event}` is not the JSON it should be"))
    })?;
    Ok(read(event, delivery))
}

/// What an event says without its payload: whether to scan or sweep.
#[must_use]
pub fn of_name(event: &str, action: Option<&str>) -> Hints {
    read(event, Delivery { action: action.map(str::to_owned), ..Delivery::default() })
}

/// Whether the payload of an event names issues.
#[must_use]
pub fn names_issues(event: &str) -> bool {
    matches!(event, "issues" | "sub_issues" | "issue_dependencies" | "projects_v2_item")
}

/// The events that can change what we hold. All others are accepted and ignored.
pub const KNOWN: [&str; 11] = [
    "issues",
    "sub_issues",
    "issue_dependencies",
    "projects_v2_item",
    "pull_request",
    "release",
    "label",
    "milestone",
    "repository",
    "installation",
    "installation_repositories",
];

/// Whether a delivery is about which repositories there are, or which an App may see.
#[must_use]
pub fn is_of_repositories(headers: &HeaderMap) -> bool {
    let event = headers.get("X-GitHub-Event").and_then(|value| value.to_str().ok());
    matches!(event, Some("repository" | "installation" | "installation_repositories"))
}

fn read(event: &str, delivery: Delivery) -> Hints {
    let action = delivery.action.as_deref().unwrap_or_default();
    let scan = match event {
        // A transfer makes a new issue elsewhere, perhaps in another of our repositories.
        "issues" => action == "transferred",
        // The delivery does not say which issues the pull request closes.
        "pull_request" => matches!(
            action,
            "opened" | "closed" | "reopened" | "edited" | "ready_for_review" | "converted_to_draft"
        ),
        // One delivery for many issues, or none that it could name.
        "label" | "milestone" => matches!(action, "edited" | "deleted"),
        "release" | "repository" | "installation" | "installation_repositories" => true,
        _ => false,
    };
    // Repositories and rights come and go.
    let sweep = matches!(event, "repository" | "installation" | "installation_repositories");
    let changes = delivery.changes.unwrap_or_default();
    let nodes = [
        delivery.issue,
        delivery.parent_issue,
        delivery.sub_issue,
        delivery.blocked_issue,
        delivery.blocking_issue,
        changes.new_issue,
        changes.old_issue,
    ];
    let on_board =
        delivery.projects_v2_item.filter(|item| item.content_type.as_deref() == Some("Issue"));
    let mut sources: Vec<String> = nodes
        .into_iter()
        .filter_map(|node| node?.node_id)
        .chain(on_board.and_then(|item| item.content_node_id))
        .filter(|id| !id.is_empty())
        .collect();
    sources.sort();
    sources.dedup();
    Hints { sources, scan, sweep }
}
