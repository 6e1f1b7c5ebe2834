//! Entries of a REST timeline. They tell less than GraphQL: no ids of the other issue, no values
//! of board moves.

use serde_json::{Value, json};

use super::super::json::{Json, free_text, person_id};
use super::super::records::EventKind;
use super::super::site::world::{Event, Issue};

/// One entry, with the person who did it.
pub fn event(json: &Json<'_>, issue: &Issue, event: &Event) -> Value {
    let full = json.world.full_name(issue.repo);
    let api = format!("https://api.github.com/repos/{full}/issues");
    let at = event.at.to_string();
    if event.kind == EventKind::CrossReferenced {
        return cross_reference(json, event);
    }
    let name = name(&event.kind);
    if event.kind == EventKind::Commented {
        let url = format!("{api}/comments/{}", event.id);
        return json!({
            "id": event.id, "node_id": issue.event_node_id(event), "event": name, "url": url,
            "html_url": format!("https://github.com/{full}/issues/{}#issuecomment-{}",
                issue.number, event.id),
            "issue_url": format!("{api}/{}", issue.number), "author_association": "MEMBER",
            "actor": json.user("actor", event.id), "user": json.user("actor", event.id),
            "body": free_text(json.people, "comment", event.id),
            "created_at": at, "updated_at": at, "performed_via_github_app": null,
        });
    }
    if name == "committed" {
        return commit(json, event, &full);
    }
    let mut value = json!({
        "id": event.id, "node_id": issue.event_node_id(event),
        "url": format!("{api}/events/{}", event.id), "event": name, "created_at": at,
        "actor": json.user("actor", event.id), "commit_id": null, "commit_url": null,
        "performed_via_github_app": null,
    });
    add_detail(json, issue, event, &mut value);
    value
}

fn add_detail(json: &Json<'_>, issue: &Issue, event: &Event, to: &mut Value) {
    let detail = &event.detail;
    match event.kind {
        EventKind::Closed | EventKind::Reopened => to["state_reason"] = json!(detail.reason),
        EventKind::Labeled | EventKind::Unlabeled => {
            let name = detail.label.as_deref().unwrap_or("");
            let label = json.world.label_named(issue.repo, name);
            let color = label.map_or("ededed", |label| &label.record.color);
            to["label"] = json!({"name": name, "color": color});
        }
        EventKind::Milestoned | EventKind::Demilestoned => {
            to["milestone"] = json!({"title": detail.milestone.as_deref().unwrap_or("")});
        }
        EventKind::Renamed => to["rename"] = json!({"from": detail.from, "to": detail.to}),
        EventKind::Assigned | EventKind::Unassigned => {
            to["assignee"] = json.user("assignee", event.id);
        }
        EventKind::IssueTypeAdded | EventKind::IssueTypeChanged => {
            to["issue_type"] = detail.to.as_ref().map_or(Value::Null, |name| json.issue_type(name));
        }
        _ => {}
    }
    if matches!(event.kind, EventKind::IssueTypeChanged | EventKind::IssueTypeRemoved) {
        let from = detail.from.as_ref();
        to["prev_issue_type"] = from.map_or(Value::Null, |name| json.issue_type(name));
    }
    let role = match event.kind {
        EventKind::ParentIssueAdded | EventKind::ParentIssueRemoved => "parent_issue",
        EventKind::SubIssueAdded | EventKind::SubIssueRemoved => "sub_issue",
        EventKind::BlockedByAdded | EventKind::BlockedByRemoved => "blocked_by",
        EventKind::BlockingAdded | EventKind::BlockingRemoved => "blocking",
        _ => return,
    };
    to[role] = detail.issue.map_or(Value::Null, |id| reference(json, id));
}

/// Another issue as a timeline names it: without its id.
fn reference(json: &Json<'_>, id: u64) -> Value {
    let Some(issue) = json.world.issue(id) else { return Value::Null };
    let repository = json.world.repo(issue.repo).map(|repo| {
        json!({"id": repo.record.id, "name": repo.record.name, "full_name": repo.full_name()})
    });
    json!({
        "number": issue.number, "title": issue.title,
        "state": if issue.closed.is_some() { "closed" } else { "open" },
        "state_reason": issue.reason, "repository": repository,
        "issue_type": issue.issue_type.as_ref().map(|name| json.issue_type(name)),
    })
}

fn cross_reference(json: &Json<'_>, event: &Event) -> Value {
    let source = event.detail.issue.and_then(|id| json.world.issue(id));
    let issue = source.map(|source| json.issue(source));
    let source = match issue {
        Some(issue) => json!({"type": "issue", "issue": issue}),
        None => json!({"type": "issue"}),
    };
    let at = event.at.to_string();
    json!({"event": "cross-referenced", "actor": json.user("actor", event.id), "created_at": at,
        "updated_at": at, "source": source})
}

/// A commit carries neither an id nor a time of its own, but two people.
fn commit(json: &Json<'_>, event: &Event, full: &str) -> Value {
    let canary = json.people.in_role("committer", event.id);
    let person = json!({"name": canary.name, "email": canary.email, "date": event.at.to_string()});
    let sha = format!("{:040x}", event.id ^ person_id(&canary));
    let url = format!("https://api.github.com/repos/{full}/git/commits/{sha}");
    let html = format!("https://github.com/{full}/commit/{sha}");
    let verification =
        json!({"verified": false, "reason": "unsigned", "signature": null, "payload": null});
    json!({
        "event": "committed", "sha": sha, "node_id": "C_kwDO", "url": url, "html_url": html,
        "author": person, "committer": person, "message": free_text(json.people, "commit", event.id),
        "tree": {"sha": sha, "url": url}, "parents": [], "verification": verification,
    })
}

/// The kind's name on the wire.
fn name(kind: &EventKind) -> String {
    serde_json::to_value(kind)
        .ok()
        .and_then(|name| name.as_str().map(str::to_owned))
        .unwrap_or_default()
}
