//! Repositories and what belongs to them or to their owner.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::model::Timestamp;
use crate::sim::people::Canary;

use super::super::super::ids::{Cursor, node_id};
use super::super::super::json::{free_text, owner_id, person_id};
use super::super::super::records::{MilestoneRecord, ReleaseRecord};
use super::super::super::site::world::{Issue, Label, Repo};
use super::super::plan::Planned;
use super::super::run::Run;
use super::root::{not_found, owner_node_id};
use super::{Out, Thing, page};

pub fn repository<'w>(run: &Run<'w>, repo: &'w Repo, field: &Planned<'w>) -> Out<'w> {
    let (record, id) = (&repo.record, repo.record.id);
    match field.name {
        "id" => Out::text(repo.node_id()),
        "databaseId" => Out::small_id(id),
        "name" => Out::text(record.name.as_str()),
        "nameWithOwner" => Out::text(repo.full_name()),
        "owner" => Out::Thing(Thing::Organization(&record.owner)),
        "url" => Out::text(format!("https://github.com/{}", repo.full_name())),
        "resourcePath" => Out::text(format!("/{}", repo.full_name())),
        "isArchived" => Out::Bool(record.archived),
        "isPrivate" => Out::Bool(true),
        "hasIssuesEnabled" => Out::Bool(!run.world.without_issues.contains(&id)),
        "isFork" => Out::Bool(false),
        "createdAt" | "updatedAt" | "pushedAt" => Out::Time(record.created),
        "issues" => issues(run, id, false, field),
        "pullRequests" => issues(run, id, true, field),
        "issue" => numbered(run, id, field, Some(false)),
        "pullRequest" => numbered(run, id, field, Some(true)),
        "issueOrPullRequest" => numbered(run, id, field, None),
        "labels" => {
            let labels = run.world.labels.values();
            let own = labels.filter(|label| label.record.repo == id && !label.deleted);
            page::of(run, field, own.map(Thing::Label).collect())
        }
        "milestones" => {
            let all = run.world.milestones.values().filter(|one| one.repo == id);
            let state = |one: &MilestoneRecord| field.allows("states", milestone_state(one));
            let mut own: Vec<&MilestoneRecord> = all.filter(|one| state(one)).collect();
            own.sort_by_key(|one| (one.updated.unwrap_or(one.created), one.id));
            if descending(field) {
                own.reverse();
            }
            page::of(run, field, own.into_iter().map(Thing::Milestone).collect())
        }
        "milestone" => {
            let number = field.number("number");
            let mut own = run.world.milestones.values();
            Out::thing(
                own.find(|one| one.repo == id && Some(one.number) == number).map(Thing::Milestone),
            )
        }
        "releases" => {
            let mut own = releases(run, id);
            if descending(field) {
                own.reverse();
            }
            page::of(run, field, own.into_iter().map(Thing::Release).collect())
        }
        "latestRelease" => Out::thing(releases(run, id).pop().map(Thing::Release)),
        "issueTypes" => issue_types(run, field),
        "projectsV2" => projects(run, &record.owner, field),
        _ => Out::Null,
    }
}

/// Releases that a reader may see, oldest first.
fn releases<'w>(run: &Run<'w>, repo: u64) -> Vec<&'w ReleaseRecord> {
    let all = run.world.releases.values();
    let mut own: Vec<&ReleaseRecord> =
        all.filter(|one| one.repo == repo && one.published.is_some()).collect();
    own.sort_by_key(|one| (one.published, one.id));
    own
}

fn descending(field: &Planned<'_>) -> bool {
    field.args.get("orderBy").is_some_and(|order| order["direction"] == "DESC")
}

/// The issues or pull requests of a repository. When ordered by update, a page begins behind the
/// key of its cursor, as the data stands now: what was touched since has moved to the end.
fn issues<'w>(run: &Run<'w>, repo: u64, pulls: bool, field: &Planned<'w>) -> Out<'w> {
    let filter = field.args.get("filterBy");
    let since = filter.and_then(|filter| filter["since"].as_str());
    let since = since.and_then(|text| Timestamp::parse(text).ok()).unwrap_or(Timestamp::MIN);
    let states = filter.and_then(|filter| filter["states"].as_array());
    let wanted = |issue: &&Issue| {
        field.allows("states", issue.state())
            && states.is_none_or(|states| states.iter().any(|state| state == issue.state()))
            && filter.is_none_or(|filter| has_labels(run, issue, &filter["labels"]))
            && field.args.get("labels").is_none_or(|labels| has_labels(run, issue, labels))
    };
    let filtered = ["states", "labels", "filterBy"].iter().any(|arg| field.args.contains_key(*arg));
    let by = field.args.get("orderBy").and_then(|order| order["field"].as_str());
    let keys = run.world.keys_since(repo, pulls, since);
    let mut all: Vec<(Timestamp, u64)> = if filtered {
        let issue = |(_, id): &(Timestamp, u64)| run.world.issues.get(id);
        keys.filter(|key| issue(key).is_some_and(|issue| wanted(&issue))).collect()
    } else {
        keys.collect()
    };
    if by != Some("UPDATED_AT") {
        for key in &mut all {
            key.0 = run.world.issues.get(&key.1).map_or(key.0, |issue| issue.created);
        }
        all.sort_unstable();
    }
    if descending(field) {
        all.reverse();
    }
    let after = match field.text("after").map(|text| (text, Cursor::decode(text))) {
        None => None,
        Some((_, Some(Cursor::Key(at, id)))) => Some((Timestamp::from_millis(at), id)),
        Some((text, _)) => return page::bad_cursor(text),
    };
    let passed = |key: &(Timestamp, u64)| match after {
        Some(after) if descending(field) => *key >= after,
        Some(after) => *key <= after,
        None => false,
    };
    let total = all.len();
    let from = all.partition_point(passed);
    let (from, to) = match (page::size(field, "first"), page::size(field, "last")) {
        (Some(first), _) => (from, total.min(from + first)),
        (None, last) => (from.max(total.saturating_sub(last.unwrap_or(0))), total),
    };
    let items = all[from..to].iter().filter_map(|(at, id)| {
        let issue = run.world.issues.get(id)?;
        Some((Thing::Issue(issue), Cursor::Key(at.millis(), *id)))
    });
    page::done(run, field, items.collect(), total, to < total, from > 0)
}

fn has_labels(run: &Run<'_>, issue: &Issue, labels: &Value) -> bool {
    let Some(labels) = labels.as_array() else { return true };
    let own: BTreeSet<&str> = issue
        .labels
        .iter()
        .filter_map(|id| run.world.labels.get(id))
        .map(|label| label.record.name.as_str())
        .collect();
    labels.iter().filter_map(Value::as_str).any(|label| own.contains(label))
}

fn numbered<'w>(run: &Run<'w>, repo: u64, field: &Planned<'w>, pull: Option<bool>) -> Out<'w> {
    let number = field.number("number").unwrap_or(0);
    let found = run.world.by_number.get(&(repo, number)).and_then(|id| run.world.issue(*id));
    match found.filter(|issue| pull.is_none_or(|pull| pull == issue.pull.is_some())) {
        Some(issue) => Out::Thing(Thing::Issue(issue)),
        None => {
            let what = match pull {
                Some(true) => "PullRequest",
                Some(false) => "Issue",
                None => "issue or pull request",
            };
            not_found(what, &format!("the number of {number}"))
        }
    }
}

pub fn organization<'w>(run: &Run<'w>, login: &'w str, field: &Planned<'w>) -> Out<'w> {
    match field.name {
        "id" => Out::text(owner_node_id(login)),
        "databaseId" => Out::small_id(owner_id(login)),
        "login" | "name" => Out::text(login),
        "url" => Out::text(format!("https://github.com/{login}")),
        "resourcePath" => Out::text(format!("/{login}")),
        "avatarUrl" => {
            Out::text(format!("https://avatars.githubusercontent.com/u/{}", owner_id(login)))
        }
        "createdAt" | "updatedAt" => Out::text("2020-01-01T00:00:00Z"),
        "projectsV2" => projects(run, login, field),
        "projectV2" => {
            let number = field.number("number");
            let mut own = run.world.boards.values();
            let found = own.find(|one| one.owner == login && Some(one.number) == number);
            match found {
                Some(board) => Out::Thing(Thing::Board(board)),
                None => {
                    let number = number.unwrap_or(0);
                    not_found("ProjectV2", &format!("the number {number}"))
                }
            }
        }
        "repositories" => {
            let own = run.world.repos.values();
            let own = own.filter(|repo| run.world.sees(repo) && repo.record.owner == login);
            let mut own: Vec<&Repo> = own.collect();
            own.sort_by_key(|repo| repo.record.name.to_ascii_lowercase());
            page::of(run, field, own.into_iter().map(Thing::Repository).collect())
        }
        "repository" => {
            let name = field.text("name").unwrap_or("");
            Out::thing(run.world.repo_named(login, name).map(Thing::Repository))
        }
        "issueTypes" => issue_types(run, field),
        _ => Out::Null,
    }
}

fn projects<'w>(run: &Run<'w>, owner: &str, field: &Planned<'w>) -> Out<'w> {
    let mut own: Vec<_> = run.world.boards.values().filter(|one| one.owner == owner).collect();
    own.sort_by_key(|board| board.number);
    if descending(field) {
        own.reverse();
    }
    page::of(run, field, own.into_iter().map(Thing::Board).collect())
}

fn issue_types<'w>(run: &Run<'w>, field: &Planned<'w>) -> Out<'w> {
    page::of(run, field, run.world.types.iter().map(|name| Thing::IssueType(name)).collect())
}

pub fn person<'w>(run: &Run<'w>, canary: &Canary, field: &Planned<'w>) -> Out<'w> {
    match field.name {
        "id" => Out::text(node_id("U", &[person_id(canary)])),
        "databaseId" => Out::small_id(person_id(canary)),
        "login" => Out::text(canary.account.clone()),
        "name" => Out::text(canary.name.clone()),
        "email" => Out::text(canary.email.clone()),
        "avatarUrl" => Out::text(canary.avatar.clone()),
        "bio" | "company" | "location" => Out::text(format!("Of {}", canary.name)),
        "url" => Out::text(format!("https://github.com/{}", canary.account)),
        "resourcePath" => Out::text(format!("/{}", canary.account)),
        "createdAt" | "updatedAt" => Out::text("2020-01-01T00:00:00Z"),
        // Only the viewer has any: everything that the credential sees.
        "repositories" => {
            let visible = run.world.repos.values().filter(|repo| run.world.sees(repo));
            page::of(run, field, visible.map(Thing::Repository).collect())
        }
        _ => Out::Null,
    }
}

pub fn label<'w>(run: &Run<'w>, label: &'w Label, field: &Planned<'w>) -> Out<'w> {
    let record = &label.record;
    match field.name {
        "id" => Out::text(node_id("LA", &[record.repo, record.id])),
        "name" => Out::text(record.name.as_str()),
        "color" => Out::text(record.color.as_str()),
        "isDefault" => Out::Bool(false),
        "url" => {
            let full = run.world.full_name(record.repo);
            Out::text(format!("https://github.com/{full}/labels/{}", record.id))
        }
        "repository" => repository_of(run, record.repo),
        _ => Out::Null,
    }
}

fn milestone_state(record: &MilestoneRecord) -> &'static str {
    if record.closed.is_some() { "CLOSED" } else { "OPEN" }
}

pub fn milestone<'w>(run: &Run<'w>, record: &'w MilestoneRecord, field: &Planned<'w>) -> Out<'w> {
    match field.name {
        "id" => Out::text(node_id("MI", &[record.repo, record.id])),
        "number" => Out::int(record.number),
        "title" => Out::text(record.title.as_str()),
        "state" => Out::text(milestone_state(record)),
        "closed" => Out::Bool(record.closed.is_some()),
        "createdAt" => Out::Time(record.created),
        "updatedAt" => Out::Time(record.updated.unwrap_or(record.created)),
        "closedAt" => Out::time(record.closed),
        "dueOn" => Out::text("2031-01-31T08:00:00Z"),
        "progressPercentage" => Out::Float(37.5),
        "creator" => Out::person(run, "creator", record.id),
        "description" => Out::text(free_text(run.people, "description", record.id)),
        "url" => {
            let full = run.world.full_name(record.repo);
            Out::text(format!("https://github.com/{full}/milestone/{}", record.number))
        }
        "repository" => repository_of(run, record.repo),
        _ => Out::Null,
    }
}

pub fn release<'w>(run: &Run<'w>, record: &'w ReleaseRecord, field: &Planned<'w>) -> Out<'w> {
    match field.name {
        "id" => Out::text(node_id("RE", &[record.repo, record.id])),
        "databaseId" => Out::small_id(record.id),
        "tagName" | "name" => Out::text(record.tag.as_str()),
        "isDraft" => Out::Bool(record.published.is_none()),
        "isPrerelease" => Out::Bool(record.prerelease),
        "isLatest" => {
            Out::Bool(releases(run, record.repo).last().is_some_and(|last| last.id == record.id))
        }
        "createdAt" | "updatedAt" => Out::text(run.json().release_created(record)),
        "publishedAt" => Out::time(record.published),
        "author" => Out::person(run, "author", record.id),
        "description" => Out::text(free_text(run.people, "release note", record.id)),
        "url" => {
            let full = run.world.full_name(record.repo);
            Out::text(format!("https://github.com/{full}/releases/tag/{}", record.tag))
        }
        "repository" => repository_of(run, record.repo),
        _ => Out::Null,
    }
}

pub fn issue_type<'w>(run: &Run<'w>, name: &'w str, field: &Planned<'w>) -> Out<'w> {
    match field.name {
        "id" => Out::text(node_id("IT", &[run.world.type_id(name).unwrap_or(0)])),
        "name" => Out::text(name),
        "color" => Out::text("BLUE"),
        "isEnabled" => Out::Bool(true),
        "isPrivate" => Out::Bool(false),
        _ => Out::Null,
    }
}

pub fn repository_of<'w>(run: &Run<'w>, repo: u64) -> Out<'w> {
    Out::thing(run.world.repo(repo).map(Thing::Repository))
}
