//! Entries of a timeline.

use super::super::super::ids::node_id;
use super::super::super::json::free_text;
use super::super::super::records::{EventDetail, EventKind};
use super::super::super::site::world::{Event, Issue};
use super::super::plan::Planned;
use super::super::run::Run;
use super::issue::{path, reason};
use super::{Out, Thing};

pub fn event<'w>(
    run: &Run<'w>,
    issue: &'w Issue,
    event: &'w Event,
    field: &Planned<'w>,
) -> Out<'w> {
    let detail = &event.detail;
    let itself = || Out::Thing(Thing::Issue(issue));
    match field.name {
        "id" => Out::text(issue.event_node_id(event)),
        "databaseId" => Out::small_id(event.id),
        "createdAt" | "updatedAt" | "referencedAt" => Out::Time(event.at),
        "actor" | "author" => Out::person(run, "actor", event.id),
        "assignee" | "user" => Out::person(run, "assignee", event.id),
        "body" | "bodyText" => Out::text(free_text(run.people, "comment", event.id)),
        "url" => Out::text(format!("https://github.com{}#event-{}", path(run, issue), event.id)),
        "resourcePath" => Out::text(format!("{}#event-{}", path(run, issue), event.id)),
        "stateReason" => reason(detail.reason.as_deref(), field.flag("enableDuplicate")),
        "closer" => {
            Out::thing(other(run, detail).filter(|one| one.pull.is_some()).map(Thing::Issue))
        }
        "label" => label(run, issue, detail),
        "milestoneTitle" => Out::text(detail.milestone.as_deref().unwrap_or("")),
        "project" => {
            let board = detail.board.and_then(|board| run.world.boards.get(&board));
            Out::thing(board.map(Thing::Board))
        }
        "wasAutomated" => Out::Bool(false),
        "previousStatus" => Out::text(detail.from.as_deref().unwrap_or("")),
        "status" => Out::text(detail.to.as_deref().unwrap_or("")),
        "previousTitle" => Out::text(detail.from.as_deref().unwrap_or("")),
        "currentTitle" => Out::text(detail.to.as_deref().unwrap_or("")),
        "issueType" if event.kind == EventKind::IssueTypeRemoved => issue_type(&detail.from),
        "issueType" => issue_type(&detail.to),
        "prevIssueType" => issue_type(&detail.from),
        "issueField" => issue_field(detail),
        "value" | "newValue" => text_or_null(&detail.to),
        "previousValue" => text_or_null(&detail.from),
        "parent" | "subIssue" | "blockingIssue" | "blockedIssue" | "canonical" => {
            Out::thing(other(run, detail).map(Thing::Issue))
        }
        // A subject that cannot be named any more is shown as the issue itself.
        "source" => Out::Thing(Thing::Issue(other(run, detail).unwrap_or(issue))),
        "closable" | "labelable" | "assignable" | "subject" | "target" | "duplicate" | "issue" => {
            itself()
        }
        "isCrossRepository" => {
            Out::Bool(other(run, detail).is_some_and(|other| other.repo != issue.repo))
        }
        "willCloseTarget" => {
            let closes = other(run, detail).and_then(|other| other.pull.as_ref());
            Out::Bool(closes.is_some_and(|pull| pull.closes.contains(&issue.id)))
        }
        "fromRepository" => {
            let from = detail.from.as_deref().and_then(|name| name.split_once('/'));
            let repo = from.and_then(|(owner, name)| run.world.repo_named(owner, name));
            Out::thing(repo.map(Thing::Repository))
        }
        _ => Out::Null,
    }
}

/// The other issue of a relation, if it can be seen.
fn other<'w>(run: &Run<'w>, detail: &EventDetail) -> Option<&'w Issue> {
    detail.issue.and_then(|id| run.world.issue(id))
}

/// The label of an event; after a transfer it is the name alone.
fn label<'w>(run: &Run<'w>, issue: &Issue, detail: &'w EventDetail) -> Out<'w> {
    let name = detail.label.as_deref().unwrap_or("");
    if let Some(label) = run.world.label_named(issue.repo, name) {
        return Out::Thing(Thing::Label(label));
    }
    Out::plain(
        "Label",
        vec![
            ("id", Out::text(node_id("LA", &[issue.repo, name.len() as u64]))),
            ("name", Out::text(name)),
            ("color", Out::text("ededed")),
            ("isDefault", Out::Bool(false)),
            ("url", Out::text("https://github.com/labels")),
            ("repository", super::repo::repository_of(run, issue.repo)),
        ],
    )
}

fn issue_type(name: &Option<String>) -> Out<'_> {
    Out::thing(name.as_deref().map(Thing::IssueType))
}

fn text_or_null(text: &Option<String>) -> Out<'_> {
    text.as_deref().map_or(Out::Null, Out::text)
}

fn issue_field(detail: &EventDetail) -> Out<'_> {
    let Some(name) = detail.field.as_deref() else { return Out::Null };
    let number = name.bytes().map(u64::from).sum();
    Out::plain(
        "IssueFieldText",
        vec![
            ("id", Out::text(node_id("IFT", &[number]))),
            ("name", Out::text(name)),
            ("dataType", Out::text("TEXT")),
        ],
    )
}
