//! Issues and pull requests.

use crate::model::Timestamp;

use super::super::super::json::free_text;
use super::super::super::records::EventKind;
use super::super::super::site::world::Issue;
use super::super::plan::Planned;
use super::super::run::Run;
use super::repo::repository_of;
use super::{Out, Thing, page};

/// What issues and pull requests have in common, then what each has alone.
pub fn issue<'w>(run: &Run<'w>, issue: &'w Issue, field: &Planned<'w>) -> Out<'w> {
    match field.name {
        "id" => Out::text(issue.node_id.as_str()),
        "databaseId" => Out::small_id(issue.id),
        "fullDatabaseId" => Out::text(issue.id.to_string()),
        "number" => Out::int(issue.number),
        "title" | "titleHTML" => Out::text(issue.title.as_str()),
        "state" => Out::text(issue.state()),
        "createdAt" => Out::Time(issue.created),
        "publishedAt" => Out::Time(issue.created),
        "updatedAt" => Out::Time(issue.updated),
        "closedAt" => Out::time(issue.closed),
        "closed" => Out::Bool(issue.closed.is_some()),
        "locked" | "isPinned" | "isCrossRepository" => Out::Bool(false),
        "url" => Out::text(format!("https://github.com{}", path(run, issue))),
        "resourcePath" => Out::text(path(run, issue)),
        "repository" => repository_of(run, issue.repo),
        "labels" => {
            let labels = issue.labels.iter().filter_map(|id| run.world.labels.get(id));
            page::of(run, field, labels.map(Thing::Label).collect())
        }
        "milestone" => {
            let milestone = issue.milestone.and_then(|id| run.world.milestones.get(&id));
            Out::thing(milestone.map(Thing::Milestone))
        }
        "projectItems" => {
            let cards = issue.cards.iter().map(|card| Thing::Card(issue, card));
            page::of(run, field, cards.collect())
        }
        "body" | "bodyText" | "bodyHTML" => {
            Out::text(free_text(run.people, "description", issue.id))
        }
        "author" => Out::person(run, "author", issue.id),
        "editor" => Out::person(run, "editor", issue.id),
        "authorAssociation" => Out::text("MEMBER"),
        "assignees" => Out::people(run, "assignee", issue.id, field),
        "participants" => Out::people(run, "participant", issue.id, field),
        _ => match &issue.pull {
            Some(pull) => match field.name {
                "isDraft" => Out::Bool(pull.draft),
                "merged" => Out::Bool(pull.merged.is_some()),
                "mergedAt" => Out::time(pull.merged),
                "mergedBy" if pull.merged.is_some() => Out::person(run, "merger", issue.id),
                "baseRefName" => Out::text(pull.base.as_str()),
                "headRefName" => Out::text("change"),
                "additions" | "changedFiles" => Out::Int(1),
                "deletions" => Out::Int(0),
                "closingIssuesReferences" => others(run, &pull.closes, field),
                _ => Out::Null,
            },
            None => of_issue(run, issue, field),
        },
    }
}

fn of_issue<'w>(run: &Run<'w>, issue: &'w Issue, field: &Planned<'w>) -> Out<'w> {
    let open = |ids: &'w [u64]| {
        run.world.visible(ids).filter(|issue| issue.closed.is_none()).count() as u64
    };
    match field.name {
        "stateReason" => reason(issue.reason.as_deref(), field.flag("enableDuplicate")),
        "issueType" => Out::thing(issue.issue_type.as_deref().map(Thing::IssueType)),
        "duplicateOf" => Out::thing(duplicate_of(run, issue).map(Thing::Issue)),
        "parent" => Out::thing(issue.parent.and_then(|id| run.world.issue(id)).map(Thing::Issue)),
        "subIssues" => others(run, &issue.children, field),
        "blockedBy" => others(run, &issue.blocked_by, field),
        "blocking" => others(run, &issue.blocking, field),
        "subIssuesSummary" => {
            let (total, left) = (issue.children.len() as u64, open(&issue.children));
            let done = total - left.min(total);
            Out::plain(
                "SubIssuesSummary",
                vec![
                    ("total", Out::int(total)),
                    ("completed", Out::int(done)),
                    ("percentCompleted", Out::int((100 * done).checked_div(total).unwrap_or(0))),
                ],
            )
        }
        "issueDependenciesSummary" => Out::plain(
            "IssueDependenciesSummary",
            vec![
                ("blockedBy", Out::int(open(&issue.blocked_by))),
                ("blocking", Out::int(open(&issue.blocking))),
                ("totalBlockedBy", Out::int(issue.blocked_by.len() as u64)),
                ("totalBlocking", Out::int(issue.blocking.len() as u64)),
            ],
        ),
        "closedByPullRequestsReferences" => {
            let closed_too = field.flag("includeClosedPrs");
            let pulls = run.world.visible(&issue.closed_by);
            let pulls = pulls.filter(|pull| closed_too || pull.closed.is_none());
            page::of(run, field, pulls.map(Thing::Issue).collect())
        }
        "comments" => {
            let comments = issue.events.iter().filter(|one| one.kind == EventKind::Commented);
            page::of(run, field, comments.map(|one| Thing::Event(issue, one)).collect())
        }
        "timelineItems" => timeline(run, issue, field),
        _ => Out::Null,
    }
}

/// Entries of the wanted types, oldest first.
fn timeline<'w>(run: &Run<'w>, issue: &'w Issue, field: &Planned<'w>) -> Out<'w> {
    let since = field.text("since").and_then(|text| Timestamp::parse(text).ok());
    let types = field.timeline_types();
    let wanted = issue.events.iter().filter(|event| {
        let Some(name) = event.type_name else { return false };
        run.dialect.schema.get(name).is_some()
            && types.is_none_or(|types| types.contains(name))
            && since.is_none_or(|at| event.at >= at)
    });
    page::of(run, field, wanted.map(|event| Thing::Event(issue, event)).collect())
}

fn others<'w>(run: &Run<'w>, ids: &'w [u64], field: &Planned<'w>) -> Out<'w> {
    page::of(run, field, run.world.visible(ids).map(Thing::Issue).collect())
}

/// The value of `IssueStateReason`; `DUPLICATE` must be asked for, else it reads `NOT_PLANNED`.
pub fn reason<'w>(reason: Option<&str>, with_duplicate: bool) -> Out<'w> {
    match reason {
        Some("completed") => Out::text("COMPLETED"),
        Some("not_planned") => Out::text("NOT_PLANNED"),
        Some("reopened") => Out::text("REOPENED"),
        Some("duplicate") => Out::text(if with_duplicate { "DUPLICATE" } else { "NOT_PLANNED" }),
        _ => Out::Null,
    }
}

fn duplicate_of<'w>(run: &Run<'w>, issue: &Issue) -> Option<&'w Issue> {
    let marks = issue.events.iter().rev();
    let last = { marks }.find(|event| {
        matches!(event.kind, EventKind::MarkedAsDuplicate | EventKind::UnmarkedAsDuplicate)
    })?;
    let marked = last.kind == EventKind::MarkedAsDuplicate;
    last.detail.issue.filter(|_| marked).and_then(|id| run.world.issue(id))
}

pub fn path(run: &Run<'_>, issue: &Issue) -> String {
    let place = if issue.pull.is_some() { "pull" } else { "issues" };
    format!("/{}/{place}/{}", run.world.full_name(issue.repo), issue.number)
}
