//! From records to a world: gives every relation both of its sides, and folds present values out
//! of the timelines where a record does not state them.

use std::collections::BTreeMap;

use crate::model::Timestamp;

use super::super::graphql::schema;
use super::super::records::{
    BoardValueRecord, EventDetail, EventKind, EventRecord, IssueRecord, LabelRecord, Record,
};
use super::world::{Card, Event, Issue, Label, Pull, Repo, World};

/// GitHub keeps whole seconds.
pub fn seconds(at: Timestamp) -> Timestamp {
    Timestamp::from_millis(at.millis().div_euclid(1000) * 1000)
}

/// Builds a world; the order of the records does not matter.
pub fn world_of(records: impl IntoIterator<Item = Record>) -> World {
    let mut world = World::default();
    let mut issues = Vec::new();
    for record in records {
        match record {
            Record::Repo(record) => {
                world.last_id = world.last_id.max(record.id);
                world.repos.insert(record.id, Repo { record, hidden: false });
            }
            Record::Label(record) => {
                world.last_id = world.last_id.max(record.id);
                world.labels.insert(record.id, Label { record, deleted: false });
            }
            Record::Milestone(record) => {
                world.last_id = world.last_id.max(record.id);
                world.milestones.insert(record.id, record);
            }
            Record::Board(record) => {
                world.last_id = world.last_id.max(record.id);
                world.boards.insert(record.id, record);
            }
            Record::Release(record) => {
                world.last_id = world.last_id.max(record.id);
                world.releases.insert(record.id, record);
            }
            Record::Issue(record) => {
                world.last_id = world.last_id.max(record.id);
                let events = record.events.iter().map(|event| event.id).max().unwrap_or(0);
                world.last_id = world.last_id.max(events);
                issues.push(*record);
            }
            Record::Unknown => {}
        }
    }
    let mirrored = mirror(&issues);
    for record in issues {
        add_issue(&mut world, record);
    }
    for (issue, kind, at, detail) in mirrored {
        world.append(issue, kind, seconds(at), detail);
    }
    relate(&mut world);
    world
}

type Mirrored = Vec<(u64, EventKind, Timestamp, EventDetail)>;

/// The other side of every relation event.
fn mirror(issues: &[IssueRecord]) -> Mirrored {
    let mut mirrored = Vec::new();
    for issue in issues {
        for event in &issue.events {
            let Some(other) = event.detail.issue else { continue };
            let kind = match event.event {
                EventKind::ParentIssueAdded => EventKind::SubIssueAdded,
                EventKind::ParentIssueRemoved => EventKind::SubIssueRemoved,
                EventKind::BlockedByAdded => EventKind::BlockingAdded,
                EventKind::BlockedByRemoved => EventKind::BlockingRemoved,
                _ => continue,
            };
            let detail = EventDetail { issue: Some(issue.id), ..EventDetail::default() };
            mirrored.push((other, kind, event.created, detail));
        }
    }
    mirrored
}

fn add_issue(world: &mut World, record: IssueRecord) {
    let folded = Folded::of(&record.events);
    let issue_type = record.issue_type.or(folded.issue_type);
    let named = record.events.iter().flat_map(|event| {
        let typed = matches!(
            event.event,
            EventKind::IssueTypeAdded | EventKind::IssueTypeChanged | EventKind::IssueTypeRemoved
        );
        [&event.detail.from, &event.detail.to].into_iter().flatten().filter(move |_| typed)
    });
    for name in named.chain(&issue_type) {
        if !world.types.contains(name) {
            world.types.push(name.clone());
        }
    }
    for label in record.events.iter().filter_map(|event| event.detail.label.as_ref()) {
        if world.label_named(record.repo, label).is_none() {
            let id = world.fresh_id();
            let color = "ededed".to_owned();
            let record = LabelRecord { id, repo: record.repo, name: label.clone(), color };
            world.labels.insert(id, Label { record, deleted: true });
        }
    }
    let created = seconds(record.created);
    let cards = record.boards.unwrap_or(folded.boards).into_iter();
    let cards = cards.map(|value| Card {
        id: world.fresh_id(),
        board: value.board,
        status: value.status,
        created,
        updated: seconds(value.updated),
    });
    let cards = cards.collect();
    let events = record.events.into_iter().map(|event| take_event(world, event)).collect();
    let pull = record.pr.map(|pull| Pull {
        merged: pull.merged.map(seconds),
        draft: pull.draft,
        base: pull.base.unwrap_or_else(|| "main".to_owned()),
        closes: pull.closes.into_iter().chain(folded.connected.clone()).collect(),
    });
    let is_pull = pull.is_some();
    world.insert(Issue {
        id: record.id,
        node_id: Issue::node_id_of(record.id, record.repo, is_pull),
        repo: record.repo,
        number: record.number,
        title: record.title,
        created,
        updated: seconds(record.updated),
        closed: record.closed.map(seconds),
        reason: record.reason,
        labels: record.labels,
        milestone: record.milestone,
        comments: record.comments,
        pull,
        issue_type,
        parent: record.parent.or(folded.parent),
        children: Vec::new(),
        blocked_by: record.blocked_by.unwrap_or(folded.blocked_by),
        blocking: Vec::new(),
        closed_by: if is_pull { Vec::new() } else { folded.connected },
        cards,
        events,
    });
}

fn take_event(world: &mut World, record: EventRecord) -> Event {
    let id = if record.id == 0 { world.fresh_id() } else { record.id };
    let type_name = schema::event_type(&record.event);
    Event { id, type_name, at: seconds(record.created), kind: record.event, detail: record.detail }
}

/// Fills the far side of parents, blockers and closing pull requests, and sorts the timelines.
fn relate(world: &mut World) {
    let mut edges = Vec::new();
    for issue in world.issues.values() {
        edges.extend(issue.parent.map(|parent| (parent, Side::Child, issue.id)));
        edges.extend(issue.blocked_by.iter().map(|other| (*other, Side::Blocking, issue.id)));
        edges.extend(issue.closed_by.iter().map(|pull| (*pull, Side::Closes, issue.id)));
        let closes = issue.pull.iter().flat_map(|pull| &pull.closes);
        edges.extend(closes.map(|closed| (*closed, Side::ClosedBy, issue.id)));
    }
    for (at, side, other) in edges {
        let Some(issue) = world.issues.get_mut(&at) else { continue };
        let list = match (side, &mut issue.pull) {
            (Side::Child, _) => &mut issue.children,
            (Side::Blocking, _) => &mut issue.blocking,
            (Side::ClosedBy, None) => &mut issue.closed_by,
            (Side::Closes, Some(pull)) => &mut pull.closes,
            (Side::ClosedBy | Side::Closes, _) => continue,
        };
        if !list.contains(&other) {
            list.push(other);
        }
    }
    for issue in world.issues.values_mut() {
        issue.events.sort_by_key(|event| (event.at, event.id));
    }
}

#[derive(Clone, Copy)]
enum Side {
    Child,
    Blocking,
    Closes,
    ClosedBy,
}

/// The present values that a timeline leaves behind.
#[derive(Default)]
struct Folded {
    issue_type: Option<String>,
    parent: Option<u64>,
    blocked_by: Vec<u64>,
    boards: Vec<BoardValueRecord>,
    /// Pull requests (or issues) linked by `connected`, or named by `closed`.
    connected: Vec<u64>,
}

impl Folded {
    fn of(events: &[EventRecord]) -> Self {
        let mut folded = Self::default();
        let mut boards: BTreeMap<u64, BoardValueRecord> = BTreeMap::new();
        let mut sorted: Vec<&EventRecord> = events.iter().collect();
        sorted.sort_by_key(|event| (event.created, event.id));
        for event in sorted {
            let detail = &event.detail;
            let (issue, board) = (detail.issue, detail.board);
            match event.event {
                EventKind::IssueTypeAdded | EventKind::IssueTypeChanged => {
                    folded.issue_type.clone_from(&detail.to);
                }
                EventKind::IssueTypeRemoved => folded.issue_type = None,
                EventKind::ParentIssueAdded => folded.parent = issue,
                EventKind::ParentIssueRemoved => folded.parent = None,
                EventKind::BlockedByAdded => folded.blocked_by.extend(issue),
                EventKind::BlockedByRemoved => folded.blocked_by.retain(|x| Some(*x) != issue),
                EventKind::Connected | EventKind::Closed => folded.connected.extend(issue),
                EventKind::Disconnected => folded.connected.retain(|x| Some(*x) != issue),
                EventKind::AddedToProjectV2 | EventKind::ProjectV2ItemStatusChanged => {
                    if let Some(board) = board {
                        let (status, updated) = (detail.to.clone(), event.created);
                        boards.insert(board, BoardValueRecord { board, status, updated });
                    }
                }
                EventKind::RemovedFromProjectV2 => {
                    boards.remove(&board.unwrap_or(0));
                }
                _ => {}
            }
        }
        folded.blocked_by.dedup();
        folded.connected.dedup();
        folded.boards = boards.into_values().collect();
        folded
    }
}
