//! An issue's timeline, entry by entry, and the changes that it does not record: pull requests
//! that will close the issue, and board statuses whose event is missing.
//!
//! GitHub has left out most `ProjectV2ItemStatusChangedEvent`s since September 2026, while the
//! board's value keeps its own stamp. So the value has the last word: where it differs from the
//! last event of its board, it is a change of its own, dated by that stamp: the tracker's own word
//! for the last move. A field that was emptied has no stamp; the card's own then says when at the
//! latest. Moves before the last one, between two looks, leave no trace. The store keeps what each
//! look saw, until an event tells it.

use std::collections::{BTreeMap, BTreeSet};

use super::convert::{Gaps, item_ref};
use super::wire::{self, Event, IssueRef, PullRef};
use crate::model::{Change, ItemRef, Named, Precision, Relation, Timestamp, What};

/// The history, oldest first, and whether it is whole.
pub(super) fn of(
    issue: &wire::Issue<'_>,
    more: &[wire::Page<'_>],
    gaps: &mut Gaps,
) -> (Vec<Change>, bool) {
    let mut walk = Walk::default();
    let Some(first) = &issue.timeline_items else {
        gaps.add("history-missing", "GitHub's answer holds no timeline for this issue");
        return (walk.finish(issue), false);
    };
    for page in std::iter::once(first).chain(more) {
        for row in page.nodes.as_deref().unwrap_or_default() {
            walk.row(*row, gaps);
        }
    }
    if more.last().unwrap_or(first).page_info.has_next_page {
        walk.incomplete = true;
        gaps.add("history-truncated", "GitHub did not give the rest of this issue's timeline");
    }
    if walk.hidden > 0 {
        walk.incomplete = true;
        let detail = format!("{} timeline entries are not visible to the token", walk.hidden);
        gaps.add("hidden-entry", detail);
    }
    let complete = !walk.incomplete;
    (walk.finish(issue), complete)
}

#[derive(Default)]
struct Walk {
    changes: Vec<Change>,
    seen: BTreeSet<String>,
    /// The last known status by board id.
    boards: BTreeMap<String, Option<String>>,
    /// Places of the transfers in `changes`.
    transfers: Vec<usize>,
    parent: Option<ItemRef>,
    closed: bool,
    /// Pull requests that will close the issue, with their opening.
    pulls: BTreeMap<String, Timestamp>,
    hidden: usize,
    incomplete: bool,
}

impl Walk {
    fn row(&mut self, row: Option<&serde_json::value::RawValue>, gaps: &mut Gaps) {
        let Some(row) = row else {
            self.hidden += 1;
            return;
        };
        let entry = wire::read::<Event>(row.get()).and_then(|event| match event {
            Event::Unknown => Ok(None),
            event => Ok(Some((wire::read::<wire::EntryHead>(row.get())?, event))),
        });
        match entry {
            Ok(Some((head, event))) if self.seen.insert(head.id.clone()) => {
                self.event(&head, event, gaps);
            }
            // The same entry on two pages: the timeline grew while it was read.
            Ok(Some(_)) => {}
            Ok(None) => {
                let head: wire::Head = wire::read(row.get()).unwrap_or_default();
                let name = head.typename.unwrap_or_default();
                gaps.add("unknown-event", format!("a timeline entry of the kind `{name}`"));
            }
            Err(path) => {
                self.incomplete = true;
                gaps.add("malformed-entry", format!("a timeline entry is unreadable at `{path}`"));
            }
        }
    }

    fn event(&mut self, head: &wire::EntryHead, event: Event, gaps: &mut Gaps) {
        let at = head.created_at.0;
        let what = match event {
            Event::ClosedEvent { state_reason } => {
                self.closed = true;
                Some(What::Closed { reason: state_reason.map(|r| r.to_ascii_lowercase()) })
            }
            Event::ReopenedEvent => {
                self.closed = false;
                Some(What::Reopened)
            }
            Event::LabeledEvent { label } => {
                Some(What::Labels { added: vec![label.name], removed: Vec::new() })
            }
            Event::UnlabeledEvent { label } => {
                Some(What::Labels { added: Vec::new(), removed: vec![label.name] })
            }
            Event::ProjectV2ItemStatusChangedEvent { previous_status, status, project } => {
                self.board(project, Some(previous_status), status, gaps)
            }
            Event::RemovedFromProjectV2Event { project } => self.board(project, None, None, gaps),
            Event::IssueTypeAddedEvent { issue_type } => type_change(None, issue_type),
            Event::IssueTypeChangedEvent { issue_type, prev_issue_type } => {
                type_change(prev_issue_type, issue_type)
            }
            Event::IssueTypeRemovedEvent { issue_type } => type_change(issue_type, None),
            Event::TransferredEvent { from_repository } => {
                self.transfers.push(self.changes.len());
                let from = from_repository.map(|repository| repository.name_with_owner);
                Some(What::Project { from, to: None })
            }
            Event::ConvertedToDiscussionEvent => {
                gaps.add("converted-to-discussion", "the issue was made into a discussion");
                None
            }
            relation => self.relation(relation, at, gaps),
        };
        if let Some(what) = what {
            self.push(head.id.clone(), at, what, Precision::Exact);
        }
    }

    /// Entries about another issue or a pull request.
    fn relation(&mut self, event: Event, at: Timestamp, gaps: &mut Gaps) -> Option<What> {
        match event {
            Event::ParentIssueAddedEvent { parent } => {
                let to = visible(parent, gaps);
                let from = std::mem::replace(&mut self.parent, to.clone());
                to.is_some().then_some(What::Parent { from, to })
            }
            Event::ParentIssueRemovedEvent { parent } => {
                let from = visible(parent, gaps).or(self.parent.take());
                self.parent = None;
                Some(What::Parent { from, to: None })
            }
            Event::BlockedByAddedEvent { blocking_issue } => {
                link(Relation::BlockedBy, blocking_issue, true, gaps)
            }
            Event::BlockedByRemovedEvent { blocking_issue } => {
                link(Relation::BlockedBy, blocking_issue, false, gaps)
            }
            Event::BlockingAddedEvent { blocked_issue } => {
                link(Relation::Blocks, blocked_issue, true, gaps)
            }
            Event::BlockingRemovedEvent { blocked_issue } => {
                link(Relation::Blocks, blocked_issue, false, gaps)
            }
            Event::MarkedAsDuplicateEvent { canonical } => {
                link(Relation::Duplicates, canonical, true, gaps)
            }
            Event::UnmarkedAsDuplicateEvent { canonical } => {
                link(Relation::Duplicates, canonical, false, gaps)
            }
            Event::ConnectedEvent { source, subject } => {
                for pull in [source, subject] {
                    self.pull(pull, at);
                }
                None
            }
            Event::DisconnectedEvent { source, subject } => {
                for id in [source, subject].into_iter().filter_map(|side| side.id) {
                    self.pulls.remove(&id);
                }
                None
            }
            Event::CrossReferencedEvent { will_close_target, source } => {
                if will_close_target {
                    self.pull(source, at);
                }
                None
            }
            _ => None,
        }
    }

    /// `previous` is `None` when the item left the board.
    fn board(
        &mut self,
        board: Option<wire::Board>,
        previous: Option<Option<String>>,
        status: Option<String>,
        gaps: &mut Gaps,
    ) -> Option<What> {
        let Some(board) = board else {
            gaps.add("hidden-reference", "a board of a status change is not visible to the token");
            return None;
        };
        let to = status.filter(|name| !name.is_empty());
        let known = self.boards.insert(board.id, to.clone()).flatten();
        let from = match previous {
            Some(told) => told.filter(|name| !name.is_empty()),
            None => Some(known?),
        };
        Some(What::Board { board: board.title, from, to })
    }

    fn pull(&mut self, side: PullRef, linked_at: Timestamp) {
        if side.typename.as_deref() == Some("PullRequest")
            && let Some(id) = side.id
        {
            let opened = side.created_at.map_or(linked_at, |at| at.0);
            self.pulls.insert(id, opened);
        }
    }

    fn push(&mut self, id: String, at: Timestamp, what: What, precision: Precision) {
        self.changes.push(Change { id, at, what, precision });
    }

    fn finish(mut self, issue: &wire::Issue<'_>) -> Vec<Change> {
        self.name_transfers(&issue.repository.name_with_owner);
        self.close_without_event(issue);
        self.boards_by_value(issue);
        self.pull_requests(issue);
        // A row of a list that GitHub repeats is told once.
        let mut told = BTreeSet::new();
        self.changes.retain(|change| told.insert(change.id.clone()));
        // Stable: entries of one instant keep the tracker's order.
        self.changes.sort_by_key(|change| change.at);
        self.changes
    }

    /// A transfer names where the issue came from; where it went is the next one's origin.
    fn name_transfers(&mut self, present: &str) {
        let mut next = Some(present.to_owned());
        for place in self.transfers.iter().rev() {
            if let What::Project { from, to } = &mut self.changes[*place].what {
                *to = std::mem::replace(&mut next, from.clone());
            }
        }
    }

    /// Imported issues can be closed without an event; the stamp is then the only witness.
    fn close_without_event(&mut self, issue: &wire::Issue<'_>) {
        if let Some(at) = issue.closed_at.filter(|_| !self.closed && issue.state == "CLOSED") {
            let reason = issue.state_reason.as_ref().map(|reason| reason.to_ascii_lowercase());
            let (id, what) = (format!("~closed:{}", at.0), What::Closed { reason });
            self.push(id, at.0, what, Precision::Exact);
        }
    }

    fn boards_by_value(&mut self, issue: &wire::Issue<'_>) {
        let rows = issue.project_items.as_ref().and_then(|list| list.nodes.as_deref());
        for row in rows.unwrap_or_default().iter().flatten() {
            let value = row.status.as_ref();
            let to = value.and_then(|value| value.name.clone()).filter(|name| !name.is_empty());
            // Without any event even an empty field may be the end of a move; the store knows
            // what the field held before.
            let last = self.boards.get(&row.project.id).cloned();
            if last.as_ref() == Some(&to) {
                continue;
            }
            let from = last.flatten();
            let stamp = value.and_then(|value| value.updated_at).unwrap_or(row.updated_at).0;
            // A renamed option differs from its event without a newer stamp; it comes after it.
            let last = self.changes.iter().filter(
                |change| matches!(&change.what, What::Board { board, .. } if *board == row.project.title),
            );
            let at = last.map(|change| change.at).max().map_or(stamp, |last| last.max(stamp));
            let what = What::Board { board: row.project.title.clone(), from, to };
            self.push(format!("~board:{}:{stamp}", row.id), at, what, Precision::Polled);
        }
    }

    fn pull_requests(&mut self, issue: &wire::Issue<'_>) {
        let list = issue.closed_by_pull_requests_references.as_ref();
        let list = list.and_then(|list| list.nodes.as_deref()).unwrap_or_default();
        for pull in list.iter().flatten() {
            self.pulls.insert(pull.id.clone(), pull.created_at.0);
            if let Some(ended) = pull.merged_at.or(pull.closed_at) {
                let id = format!("~pull-ended:{}", pull.id);
                self.push(id, ended.0, What::Activity, Precision::Exact);
            }
        }
        for (id, opened) in std::mem::take(&mut self.pulls) {
            // A pull request may be older than the issue that it came to close.
            let at = opened.max(issue.created_at.0);
            self.push(format!("~pull:{id}"), at, What::PullOpened { id }, Precision::Inferred);
        }
    }
}

fn type_change(from: Option<wire::IssueType>, to: Option<wire::IssueType>) -> Option<What> {
    let named = |kind: wire::IssueType| Named::new(kind.id, kind.name);
    Some(What::Type { from: from.map(named), to: to.map(named) })
}

fn link(relation: Relation, other: Option<IssueRef>, added: bool, gaps: &mut Gaps) -> Option<What> {
    Some(What::Link { relation, other: visible(other, gaps)?, added })
}

/// The other issue of an entry: nothing for a pull request, and a gap when it is hidden.
fn visible(other: Option<IssueRef>, gaps: &mut Gaps) -> Option<ItemRef> {
    if other.is_none() {
        gaps.add("hidden-reference", "an issue in a timeline entry is not visible to the token");
    }
    item_ref(&other?)
}
