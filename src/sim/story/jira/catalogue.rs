//! What the site knows besides issues: projects, statuses, types, components.

use crate::model::Kind;
use crate::sim::jira::records::{
    ComponentRecord, FieldRecord, IssueTypeRecord, LinkTypeRecord, NamedRecord, ProjectRecord,
    Record, StatusRecord,
};
use crate::sim::story::cast::{Home, TEAMS, VOUCHERS};
use crate::sim::story::releases::PROJECTS;
use crate::sim::story::work::State;

pub(super) const FLAGGED: &str = "customfield_10021";
pub(super) const BLOCKS: u64 = 10_000;
pub(super) const EPIC_TYPE: u64 = 10_106;
pub(super) const FUNNEL: u64 = 10_010;
pub(super) const ANALYSING: u64 = 10_011;
pub(super) const IMPLEMENTING: u64 = 10_012;
pub(super) const DONE: u64 = 10_006;

/// Id, name and category; no category: the status was deleted.
const STATUSES: &[(u64, &str, Option<&str>)] = &[
    (10_000, "Backlog", Some("new")),
    (10_001, "Ready", Some("new")),
    (3, "In progress", Some("indeterminate")),
    (10_002, "Blocked", Some("indeterminate")),
    (10_003, "Ready for review", Some("indeterminate")),
    (10_004, "In review", Some("indeterminate")),
    (10_005, "In testing", None),
    (DONE, "Done", Some("done")),
    (FUNNEL, "Funnel", Some("new")),
    (ANALYSING, "Analysing", Some("new")),
    (IMPLEMENTING, "Implementing", Some("indeterminate")),
];
pub(super) const TYPES: &[(u64, &str, i64)] = &[
    (10_100, "Story", 0),
    (10_101, "Bug", 0),
    (10_102, "Tech debt", 0),
    (10_103, "Spike", 0),
    (10_104, "Risk", 0),
    (10_105, "Task", 0),
    (EPIC_TYPE, "Epic", 1),
    (10_107, "Sub-task", -1),
];
pub(super) const RESOLUTIONS: &[(u64, &str)] =
    &[(10_000, "Done"), (10_001, "Won't Do"), (10_002, "Duplicate")];

pub(in crate::sim::story) fn type_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Feature => "Story",
        Kind::Defect => "Bug",
        Kind::Debt => "Tech debt",
        Kind::Discovery => "Spike",
        Kind::Risk => "Risk",
        Kind::Governance | Kind::Unclassified => "Task",
    }
}

pub(in crate::sim::story) fn status_name(state: State) -> &'static str {
    STATUSES.iter().find(|(id, ..)| *id == status(state)).map_or("", |(_, name, _)| name)
}

pub(super) fn status(state: State) -> u64 {
    match state {
        State::Backlog => 10_000,
        State::Ready => 10_001,
        State::Doing => 3,
        State::Blocked => 10_002,
        State::ReadyForReview => 10_003,
        State::InReview => 10_004,
        State::Testing => 10_005,
        State::Done | State::WontDo | State::Duplicate => DONE,
    }
}

pub(super) fn resolution(state: State) -> Option<u64> {
    match state {
        State::Done => Some(10_000),
        State::WontDo => Some(10_001),
        State::Duplicate => Some(10_002),
        _ => None,
    }
}

pub(super) fn project_id(key: &str) -> u64 {
    10_000 + PROJECTS.iter().position(|(own, _)| *own == key).unwrap_or(0) as u64
}

/// Teams' components and the wandering one, with their projects.
fn components() -> Vec<(&'static str, &'static str)> {
    let own = TEAMS.iter().filter_map(|team| match team.home {
        Home::Jira(project, component) => Some((project, component)),
        Home::GitHub(_) => None,
    });
    own.chain([("PAY", VOUCHERS)]).collect()
}

pub(super) fn component_id(project: &str, name: &str) -> u64 {
    let place = components().iter().position(|one| *one == (project, name)).unwrap_or(0);
    10_200 + place as u64
}

pub(super) fn catalogue() -> Vec<Record> {
    let mut records = Vec::new();
    for (key, name) in PROJECTS {
        let (id, key, name) = (project_id(key), (*key).to_owned(), (*name).to_owned());
        records.push(Record::Project(ProjectRecord { id, key, name }));
    }
    for (id, name, category) in STATUSES {
        records.push(Record::Status(StatusRecord {
            id: *id,
            name: (*name).to_owned(),
            category: category.map(str::to_owned),
            gone: category.is_none(),
        }));
    }
    for (id, name, level) in TYPES {
        let name = (*name).to_owned();
        records.push(Record::IssueType(IssueTypeRecord { id: *id, name, level: *level }));
    }
    for (id, name) in RESOLUTIONS {
        records.push(Record::Resolution(NamedRecord { id: *id, name: (*name).to_owned() }));
    }
    for (id, name) in [(2, "High"), (3, "Medium"), (4, "Low")] {
        records.push(Record::Priority(NamedRecord { id, name: name.to_owned() }));
    }
    records.push(Record::LinkType(LinkTypeRecord {
        id: BLOCKS,
        name: "Blocks".to_owned(),
        inward: "is blocked by".to_owned(),
        outward: "blocks".to_owned(),
    }));
    records.push(Record::Field(FieldRecord {
        id: FLAGGED.to_owned(),
        name: "Flagged".to_owned(),
        schema: Some("array".to_owned()),
    }));
    for (project, name) in components() {
        records.push(Record::Component(ComponentRecord {
            id: component_id(project, name),
            name: name.to_owned(),
            project: project_id(project),
        }));
    }
    records
}
