//! Names of issue fields, and what a request selects of them.

use std::collections::BTreeSet;

/// Ids that the well-known custom fields have on the simulated site, as on most new sites.
pub mod field_ids {
    pub const DEVELOPMENT: &str = "customfield_10000";
    pub const TEAM: &str = "customfield_10001";
    pub const EPIC_NAME: &str = "customfield_10011";
    pub const EPIC_LINK: &str = "customfield_10014";
    pub const START_DATE: &str = "customfield_10015";
    pub const STORY_POINTS: &str = "customfield_10016";
    pub const RANK: &str = "customfield_10019";
    pub const SPRINT: &str = "customfield_10020";
    pub const FLAGGED: &str = "customfield_10021";
}

/// What `*navigable` gives.
const NAVIGABLE: [&str; 37] = [
    "statuscategorychangedate",
    "issuetype",
    "parent",
    "timespent",
    "project",
    "fixVersions",
    "aggregatetimespent",
    "resolution",
    "resolutiondate",
    "workratio",
    "watches",
    "lastViewed",
    "created",
    "priority",
    "labels",
    "timeestimate",
    "aggregatetimeoriginalestimate",
    "versions",
    "issuelinks",
    "assignee",
    "updated",
    "status",
    "components",
    "timeoriginalestimate",
    "description",
    "summary",
    "creator",
    "subtasks",
    "reporter",
    "duedate",
    "progress",
    "votes",
    field_ids::TEAM,
    field_ids::EPIC_LINK,
    field_ids::STORY_POINTS,
    field_ids::SPRINT,
    field_ids::FLAGGED,
];

/// What `*all` adds.
const ALL: [&str; 9] = [
    "attachment",
    "comment",
    "worklog",
    "timetracking",
    "environment",
    field_ids::DEVELOPMENT,
    field_ids::EPIC_NAME,
    field_ids::START_DATE,
    field_ids::RANK,
];

/// The fields that a request asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldSet {
    pub(super) names: Vec<String>,
    pub(super) key: bool,
    /// Custom fields of the record that are not listed by name.
    pub(super) others: bool,
}

impl FieldSet {
    /// Everything.
    #[must_use]
    pub fn all() -> Self {
        Self::parse(&["*all".to_owned()])
    }

    /// Reads names, `*all`, `*navigable` and `-name`. Names that do not exist select nothing.
    #[must_use]
    pub fn parse(asked: &[String]) -> Self {
        let mut set = Self { names: Vec::new(), key: false, others: false };
        let asked = asked.iter().flat_map(|list| list.split(',')).map(str::trim);
        let (minus, plus): (Vec<&str>, Vec<&str>) = asked.partition(|n| n.starts_with('-'));
        for name in plus {
            match name {
                "*all" => {
                    set.others = true;
                    set.names.extend(NAVIGABLE.iter().chain(&ALL).map(|n| (*n).to_owned()));
                }
                "*navigable" => set.names.extend(NAVIGABLE.map(str::to_owned)),
                "id" | "" => {}
                "key" => set.key = true,
                name => set.names.push(name.to_owned()),
            }
        }
        let mut seen = BTreeSet::new();
        set.names.retain(|name| seen.insert(name.clone()));
        set.names.retain(|name| !minus.iter().any(|minus| minus[1..] == *name));
        set
    }

    /// Only `id` or `key`, the one case in which Jira grants long pages.
    #[must_use]
    pub fn only_keys(&self) -> bool {
        self.names.is_empty()
    }

    /// The same with the key, which an answer about one issue always has.
    #[must_use]
    pub fn with_key(mut self) -> Self {
        self.key = true;
        self
    }
}
