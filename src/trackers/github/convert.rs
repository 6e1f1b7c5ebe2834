//! From GitHub's payload to an item: pure and total. Whatever cannot be read or seen becomes a
//! gap with a name.

use serde_json::value::RawValue;

use super::wire::{self, IssueRef, List};
use super::{faults, history};
use crate::model::Precision;
use crate::model::{
    Attributes, BoardStatus, ClosingPull, ConnectionId, Gap, Item, ItemId, ItemRef, Level, Link,
    Named, Relation, Release, StatusEntry,
};

/// Collects what one issue's payload could not tell.
#[derive(Debug)]
pub(super) struct Gaps {
    source: String,
    key: String,
    found: Vec<Gap>,
}

impl Gaps {
    pub(super) fn add(&mut self, reason: &str, detail: impl Into<String>) {
        self.found.push(Gap {
            source: Some(self.source.clone()),
            key: Some(self.key.clone()),
            reason: reason.to_owned(),
            detail: detail.into(),
        });
    }
}

/// An issue with the pages of history that did not fit beside it.
#[must_use]
pub fn issue(
    connection: &ConnectionId,
    issue: &wire::Issue<'_>,
    more_history: &[wire::Page<'_>],
) -> (Item, Vec<Gap>) {
    let key = key(&issue.repository.name_with_owner, issue.number);
    let mut gaps = Gaps { source: issue.id.clone(), key: key.clone(), found: Vec::new() };
    let attributes = attributes(issue, key, &mut gaps);
    let (history, history_complete) = history::of(issue, more_history, &mut gaps);
    let item = Item {
        id: ItemId { connection: connection.clone(), source: issue.id.clone() },
        created_at: issue.created_at.0,
        updated_at: issue.updated_at.0,
        attributes,
        history,
        history_complete,
    };
    (item, gaps.found)
}

/// The gap of a row that is not a readable issue. `path` is the unreadable place in it.
#[must_use]
pub fn malformed(row: &RawValue, path: &str) -> Gap {
    let head: wire::Head = wire::read(row.get()).unwrap_or_default();
    Gap {
        source: head.id,
        key: None,
        reason: "malformed-item".to_owned(),
        detail: format!("GitHub's answer for this issue cannot be read at `{path}`"),
    }
}

/// Marks what faults beside the data took from an item.
pub fn apply_faults(item: &mut Item, faults: &[faults::RowFault], gaps: &mut Vec<Gap>) {
    for fault in faults {
        let field = if fault.field.is_empty() { "the issue" } else { fault.field.as_str() };
        if fault.field == "timelineItems" {
            item.history_complete = false;
        }
        gaps.push(Gap {
            source: Some(item.id.source.clone()),
            key: Some(item.attributes.key.clone()),
            reason: "partial-answer".to_owned(),
            detail: format!("GitHub left out part of {field} ({})", fault.kind),
        });
    }
}

/// The two states of every GitHub issue.
#[must_use]
pub fn statuses() -> Vec<StatusEntry> {
    let entry = |id: &str, category: &str| StatusEntry {
        status: Named::new(id, id),
        category: category.to_owned(),
    };
    vec![entry("closed", "done"), entry("open", "new")]
}

/// A published release. Drafts and pre-releases reach no customer and are no releases here.
#[must_use]
pub fn release(repository: &str, release: &wire::Release) -> Option<Release> {
    if release.is_draft || release.is_prerelease {
        return None;
    }
    Some(Release {
        id: release.id.clone(),
        name: release.tag_name.clone(),
        project: repository.to_owned(),
        released_at: Some(release.published_at?.0),
        precision: Precision::Exact,
    })
}

fn attributes(issue: &wire::Issue<'_>, key: String, gaps: &mut Gaps) -> Attributes {
    let state = issue.state.to_ascii_lowercase();
    let reason = issue.state_reason.as_ref().map(|reason| reason.to_ascii_lowercase());
    let mut labels: Vec<String> =
        whole(issue.labels.as_ref(), "labels", gaps).map(|label| label.name.clone()).collect();
    labels.sort();
    labels.dedup();
    Attributes {
        key,
        title: issue.title.clone(),
        level: match issue.sub_issues {
            Some(children) if children.total_count > 0 => Level::Container,
            _ => Level::Standard,
        },
        item_type: issue.issue_type.as_ref().map(|kind| Named::new(&kind.id, &kind.name)),
        resolution: reason.filter(|_| state == "closed").map(|name| Named::new(&name, &name)),
        status: Named::new(&state, &state),
        project: issue.repository.name_with_owner.clone(),
        labels,
        parent: issue.parent.as_ref().and_then(item_ref),
        milestone: issue.milestone.as_ref().map(|milestone| milestone.title.clone()),
        boards: boards(issue, gaps),
        links: links(issue, gaps),
        closing_pulls: closing_pulls(issue, gaps),
        ..Attributes::default()
    }
}

fn boards(issue: &wire::Issue<'_>, gaps: &mut Gaps) -> Vec<BoardStatus> {
    let rows: Vec<_> = whole(issue.project_items.as_ref(), "board entries", gaps).collect();
    let mut boards: Vec<BoardStatus> = rows
        .into_iter()
        .map(|row| {
            if row.status.as_ref().is_some_and(|value| value.name.is_none()) {
                gaps.add("board-field", "the board's status field is not a single-select field");
            }
            let value = row.status.as_ref();
            BoardStatus {
                board: row.project.title.clone(),
                status: value.and_then(|value| value.name.clone()).filter(|name| !name.is_empty()),
                updated_at: value.and_then(|value| value.updated_at).unwrap_or(row.updated_at).0,
            }
        })
        .collect();
    boards.sort();
    boards
}

fn links(issue: &wire::Issue<'_>, gaps: &mut Gaps) -> Vec<Link> {
    let mut links = Vec::new();
    for (relation, list, name) in [
        (Relation::BlockedBy, &issue.blocked_by, "blocking issues"),
        (Relation::Blocks, &issue.blocking, "blocked issues"),
    ] {
        let others = whole(list.as_ref(), name, gaps).filter_map(item_ref);
        links.extend(others.map(|other| Link { relation, other }));
    }
    let duplicate_of = issue.duplicate_of.as_ref().and_then(item_ref);
    links.extend(duplicate_of.map(|other| Link { relation: Relation::Duplicates, other }));
    links.sort();
    links.dedup();
    links
}

fn closing_pulls(issue: &wire::Issue<'_>, gaps: &mut Gaps) -> Vec<ClosingPull> {
    let list = issue.closed_by_pull_requests_references.as_ref();
    let mut pulls: Vec<ClosingPull> = whole(list, "closing pull requests", gaps)
        .map(|pull| ClosingPull {
            id: pull.id.clone(),
            created_at: pull.created_at.0,
            merged_at: pull.merged_at.map(|at| at.0),
        })
        .collect();
    pulls.sort();
    pulls
}

/// The rows of a list that is read in one page, with gaps for what is hidden or did not fit.
fn whole<'a, T>(
    list: Option<&'a List<T>>,
    name: &str,
    gaps: &mut Gaps,
) -> impl Iterator<Item = &'a T> + use<'a, T> {
    let rows = list.and_then(|list| list.nodes.as_deref()).unwrap_or_default();
    let total = list.map_or(0, |list| list.total_count);
    let hidden = rows.iter().filter(|row| row.is_none()).count();
    if total > rows.len() as u64 {
        gaps.add("list-truncated", format!("{} of {total} {name} were read", rows.len()));
    }
    if hidden > 0 {
        gaps.add("hidden-reference", format!("{hidden} {name} are not visible to the token"));
    }
    rows.iter().flatten()
}

/// Another issue, unless it is a pull request.
pub(super) fn item_ref(other: &IssueRef) -> Option<ItemRef> {
    let source = other.id.clone()?;
    let repository = other.repository.as_ref();
    let key = repository.zip(other.number).map(|(r, number)| key(&r.name_with_owner, number));
    Some(ItemRef { source: Some(source), key })
}

fn key(repository: &str, number: u64) -> String {
    format!("{repository}#{number}")
}
