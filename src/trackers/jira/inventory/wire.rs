//! The parts of Jira's answers that a survey reads.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::super::wire::{LinkType, Text, When};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Page<'a> {
    #[serde(borrow)]
    pub(super) values: Vec<&'a RawValue>,
    pub(super) is_last: Option<bool>,
}

#[derive(Deserialize)]
pub(super) struct ProjectRow<'a> {
    #[serde(borrow)]
    pub(super) key: Text<'a>,
    #[serde(borrow)]
    pub(super) name: Option<Text<'a>>,
    pub(super) insight: Option<Insight>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Insight {
    pub(super) total_issue_count: Option<u64>,
    pub(super) last_issue_update_time: When,
}

/// A type of a project, with the statuses of its workflow.
#[derive(Deserialize)]
pub(super) struct TypeRow<'a> {
    #[serde(borrow)]
    pub(super) id: Text<'a>,
    #[serde(borrow)]
    pub(super) name: Text<'a>,
    pub(super) subtask: Option<bool>,
    #[serde(borrow)]
    pub(super) statuses: Vec<StatusRow<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StatusRow<'a> {
    #[serde(borrow)]
    pub(super) id: Text<'a>,
    #[serde(borrow)]
    pub(super) name: Text<'a>,
    #[serde(borrow)]
    pub(super) status_category: Option<CategoryRow<'a>>,
}

#[derive(Deserialize)]
pub(super) struct CategoryRow<'a> {
    #[serde(borrow)]
    pub(super) key: Text<'a>,
}

#[derive(Deserialize)]
pub(super) struct FieldRow<'a> {
    #[serde(borrow)]
    pub(super) id: Text<'a>,
    #[serde(borrow)]
    pub(super) name: Option<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LinkTypeList<'a> {
    #[serde(borrow)]
    pub(super) issue_link_types: Vec<LinkType<'a>>,
}

/// A board that belongs to a project; one that belongs to a person is passed over.
#[derive(Deserialize)]
pub(super) struct BoardRow<'a> {
    #[serde(borrow)]
    pub(super) name: Text<'a>,
    #[serde(borrow)]
    pub(super) location: Option<Location<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Location<'a> {
    #[serde(borrow)]
    pub(super) project_key: Option<Text<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Search<'a> {
    pub(super) jql: &'a str,
    pub(super) max_results: u32,
    pub(super) fields: &'a [&'a str],
}
