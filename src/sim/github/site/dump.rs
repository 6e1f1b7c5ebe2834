//! The site as a value that a test can compare with what a client has stored.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::Timestamp;

use super::world::{Issue, World};

/// Issues and pull requests by node id; hidden repositories are left out.
pub type Dump = BTreeMap<String, IssueTruth>;

/// What is true of one issue or pull request now. Other issues are named by node id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssueTruth {
    /// `owner/name`
    pub repository: String,
    pub number: u64,
    pub pull: bool,
    pub title: String,
    /// `OPEN`, `CLOSED` or `MERGED`
    pub state: &'static str,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub closed_at: Option<Timestamp>,
    pub issue_type: Option<String>,
    pub labels: BTreeSet<String>,
    pub milestone: Option<String>,
    pub parent: Option<String>,
    pub blocked_by: BTreeSet<String>,
    pub closed_by: BTreeSet<String>,
    /// Status by the node id of the board item.
    pub statuses: BTreeMap<String, Option<String>>,
    /// Node ids of the timeline's entries, in order.
    pub events: Vec<String>,
}

pub fn dump(world: &World) -> Dump {
    let visible = world.issues.keys().filter_map(|id| world.issue(*id));
    visible.map(|issue| (issue.node_id.clone(), truth(world, issue))).collect()
}

fn truth(world: &World, issue: &Issue) -> IssueTruth {
    let nodes = |ids: &[u64]| world.visible(ids).map(|issue| issue.node_id.clone()).collect();
    let labels = issue.labels.iter().filter_map(|id| world.labels.get(id));
    let milestone = issue.milestone.and_then(|id| world.milestones.get(&id));
    let parent = issue.parent.and_then(|id| world.issue(id));
    let statuses = issue.cards.iter().map(|card| (card.node_id(), card.status.clone()));
    let events = issue.events.iter().filter(|event| event.type_name.is_some());
    IssueTruth {
        repository: world.full_name(issue.repo),
        number: issue.number,
        pull: issue.pull.is_some(),
        title: issue.title.clone(),
        state: issue.state(),
        created_at: issue.created,
        updated_at: issue.updated,
        closed_at: issue.closed,
        issue_type: issue.issue_type.clone(),
        labels: labels.map(|label| label.record.name.clone()).collect(),
        milestone: milestone.map(|milestone| milestone.title.clone()),
        parent: parent.map(|parent| parent.node_id.clone()),
        blocked_by: nodes(&issue.blocked_by),
        closed_by: nodes(&issue.closed_by),
        statuses: statuses.collect(),
        events: events.map(|event| issue.event_node_id(event)).collect(),
    }
}
