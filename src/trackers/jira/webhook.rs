//! Reads from a verified delivery which issues to look at again. Nothing else of it is believed:
//! deliveries are repeated, reordered and lost.

use serde::Deserialize;

use super::super::{Hints, WebhookError};
use super::wire::Text;

/// The header that carries the signature.
pub const SIGNATURE: &str = "x-hub-signature";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Delivery<'a> {
    #[serde(borrow)]
    webhook_event: Text<'a>,
    #[serde(borrow)]
    issue: Option<Named<'a>>,
    #[serde(borrow)]
    issue_link: Option<Ends<'a>>,
}

#[derive(Deserialize)]
struct Named<'a> {
    #[serde(borrow)]
    id: Text<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Ends<'a> {
    #[serde(borrow)]
    source_issue_id: Text<'a>,
    #[serde(borrow)]
    destination_issue_id: Text<'a>,
}

/// The ids that a delivery names. Which end of a link is the source is not documented well enough
/// to matter: both are read again.
///
/// An event that we do not know asks for a scan: Atlassian's list is open, the secret proves the
/// sender, and a scan that finds nothing costs three requests.
///
/// # Errors
/// The body is not JSON, or the event lacks the ids it should have.
pub fn hints(body: &[u8]) -> Result<Hints, WebhookError> {
    let unreadable = |what: &str| WebhookError::Unreadable(format!("the delivery {what}"));
    let delivery: Delivery<'_> = serde_json::from_slice(body)
        .map_err(|_| unreadable("is not a Jira event in JSON with `webhookEvent`"))?;
    let event = &*delivery.webhook_event;
    let name = event.strip_prefix("jira:").unwrap_or(event);
    let ids = match topic(name) {
        Topic::Issue => {
            vec![delivery.issue.ok_or_else(|| unreadable("of an issue event has no issue id"))?.id]
        }
        Topic::Link => {
            let ends = delivery.issue_link;
            let ends = ends.ok_or_else(|| unreadable("of a link event has no issue ids"))?;
            vec![ends.source_issue_id, ends.destination_issue_id]
        }
        Topic::Scan => return Ok(Hints { scan: true, ..Hints::default() }),
        Topic::Sweep => return Ok(Hints { scan: true, sweep: true, ..Hints::default() }),
        Topic::Nothing => return Ok(Hints::default()),
    };
    let sources = ids.into_iter().map(|id| id.0.into_owned()).collect();
    Ok(Hints { sources, ..Hints::default() })
}

enum Topic {
    Issue,
    Link,
    Scan,
    Sweep,
    Nothing,
}

fn topic(name: &str) -> Topic {
    const IGNORED: [&str; 9] = [
        "attachment_",
        "board_",
        "comment_",
        "filter_",
        "issue_property_",
        "option_",
        "sprint_",
        "user_",
        "worklog_",
    ];
    if IGNORED.iter().any(|prefix| name.starts_with(prefix)) {
        Topic::Nothing
    } else if name.starts_with("issue_") {
        Topic::Issue
    } else if name.starts_with("issuelink_") {
        Topic::Link
    } else if name.starts_with("project_") {
        // Archived, thrown away, restored: nothing of it shows in what changed.
        Topic::Sweep
    } else {
        Topic::Scan
    }
}
