//! The normal form of a Jira site: one JSON object a line, `"t"` names its kind.
//!
//! Ids refer to lines of the same file and one file is one site. Times are UTC. Every field but
//! the identity of a record may be absent. Extensions of the form used here: a `team` record, and
//! `team` (its id) on an issue.

use std::io::BufRead;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::model::Timestamp;

/// One line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "t", rename_all = "lowercase")]
pub enum Record {
    Project(ProjectRecord),
    Status(StatusRecord),
    IssueType(IssueTypeRecord),
    Priority(NamedRecord),
    Resolution(NamedRecord),
    LinkType(LinkTypeRecord),
    Version(VersionRecord),
    Component(ComponentRecord),
    Sprint(SprintRecord),
    Field(FieldRecord),
    Team(TeamRecord),
    Issue(Box<IssueRecord>),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectRecord {
    pub id: u64,
    pub key: String,
    pub name: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusRecord {
    pub id: u64,
    pub name: String,
    /// Jira's category key: `new`, `indeterminate` or `done`; absent when it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// The status is named by histories but exists no longer; `/status` does not list it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub gone: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IssueTypeRecord {
    pub id: u64,
    pub name: String,
    /// 1 epic, 0 standard, -1 sub-task; 2 and more above epics.
    #[serde(default)]
    pub level: i64,
}

/// A priority or a resolution.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedRecord {
    pub id: u64,
    pub name: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkTypeRecord {
    pub id: u64,
    pub name: String,
    pub inward: String,
    pub outward: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionRecord {
    pub id: u64,
    pub name: String,
    /// Project id.
    pub project: u64,
    /// `released`, `archived` (then also released) or `unreleased`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Release date, `yyyy-MM-dd`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComponentRecord {
    pub id: u64,
    pub name: String,
    /// Project id.
    pub project: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SprintRecord {
    pub id: u64,
    pub name: String,
    /// `future`, `active` or `closed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Board id, despite the name.
    #[serde(default, rename = "project", skip_serializing_if = "Option::is_none")]
    pub board: Option<u64>,
    #[serde(default, with = "instant", skip_serializing_if = "Option::is_none")]
    pub start: Option<Timestamp>,
    #[serde(default, with = "instant", skip_serializing_if = "Option::is_none")]
    pub end: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldRecord {
    /// `customfield_10036`.
    pub id: String,
    pub name: String,
    /// Jira's schema type: `string`, `number`, `array`, `any`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
}

/// A value of the Team field (extension).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TeamRecord {
    pub id: String,
    pub name: String,
}

/// An issue with everything that ever happened to it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IssueRecord {
    pub id: u64,
    pub key: String,
    /// Project id.
    pub project: u64,
    /// Issue type id.
    #[serde(rename = "type")]
    pub kind: u64,
    /// Status id.
    pub status: u64,
    #[serde(default)]
    pub summary: String,
    #[serde(with = "instant::required")]
    pub created: Timestamp,
    #[serde(with = "instant::required")]
    pub updated: Timestamp,
    /// When the status category changed last.
    #[serde(default, with = "instant", skip_serializing_if = "Option::is_none")]
    pub status_changed: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolution: Option<u64>,
    #[serde(default, with = "instant", skip_serializing_if = "Option::is_none")]
    pub resolved: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<u64>,
    /// Opaque ids; where one is absent the wire shows a canary of the site's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignee: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reporter: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub creator: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub components: Vec<u64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fix_versions: Vec<u64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub versions: Vec<u64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sprints: Vec<u64>,
    /// Issue id of the epic, story or higher-level parent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<u64>,
    #[serde(default, skip_serializing_if = "is_false")]
    pub flagged: bool,
    /// Id of a [`TeamRecord`] (extension); an id without a record shows itself as its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<String>,
    /// `yyyy-MM-dd`; present in real payloads, never read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<LinkRecord>,
    /// In order of their ids.
    #[serde(default)]
    pub histories: Vec<HistoryRecord>,
    /// Values of custom fields by field id, as recorded.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub fields: Map<String, Value>,
}

/// A link as one of its two issues sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkRecord {
    /// Shared by both ends.
    pub id: u64,
    /// Link type id.
    #[serde(rename = "type")]
    pub kind: u64,
    /// `true`: this issue has the outward relation ("blocks") to the other.
    pub outward: bool,
    /// Id of the other issue, which may lie outside the file.
    pub issue: u64,
    pub key: String,
}

/// One entry of the changelog; all items happened at the same instant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryRecord {
    pub id: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    #[serde(with = "instant::required")]
    pub created: Timestamp,
    #[serde(default)]
    pub items: Vec<ItemRecord>,
}

/// One changed field. Link, parent and workflow items have no field id.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ItemRecord {
    pub field: String,
    /// `jira` or `custom`.
    #[serde(rename = "type", default = "jira")]
    pub kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field_id: Option<String>,
    #[serde(default)]
    pub from: Option<String>,
    #[serde(default)]
    pub from_string: Option<String>,
    #[serde(default)]
    pub to: Option<String>,
    #[serde(default)]
    pub to_string: Option<String>,
}

impl IssueRecord {
    /// An issue at its creation: no attributes, no history.
    #[must_use]
    pub fn new(id: u64, key: &str, project: u64, kind: u64, status: u64, at: Timestamp) -> Self {
        Self {
            id,
            key: key.to_owned(),
            project,
            kind,
            status,
            summary: String::new(),
            created: at,
            updated: at,
            status_changed: Some(at),
            resolution: None,
            resolved: None,
            priority: None,
            assignee: None,
            reporter: None,
            creator: None,
            labels: Vec::new(),
            components: Vec::new(),
            fix_versions: Vec::new(),
            versions: Vec::new(),
            sprints: Vec::new(),
            parent: None,
            flagged: false,
            team: None,
            due: None,
            links: Vec::new(),
            histories: Vec::new(),
            fields: Map::new(),
        }
    }
}

/// Why a file in normal form cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error("line {line} cannot be read: {source}; the file may be cut off or not be text")]
    Unreadable { line: usize, source: std::io::Error },
    #[error("line {line} is not a record of the normal form: {source}")]
    Malformed { line: usize, source: serde_json::Error },
}

/// Reads records from `.jsonl`, or from `.jsonl.gz` (told apart by the first two bytes). Blank
/// lines are skipped.
///
/// # Errors
/// The first line that cannot be read, by number.
pub fn read(mut reader: impl BufRead) -> Result<Vec<Record>, LoadError> {
    let start = reader.fill_buf().map_err(|source| LoadError::Unreadable { line: 1, source })?;
    if start.starts_with(&[0x1f, 0x8b]) {
        lines(std::io::BufReader::new(flate2::bufread::MultiGzDecoder::new(reader)))
    } else {
        lines(reader)
    }
}

fn lines(reader: impl BufRead) -> Result<Vec<Record>, LoadError> {
    let mut records = Vec::new();
    for (index, text) in reader.lines().enumerate() {
        let line = index + 1;
        let text = text.map_err(|source| LoadError::Unreadable { line, source })?;
        if !text.trim().is_empty() {
            let record = serde_json::from_str(&text);
            records.push(record.map_err(|source| LoadError::Malformed { line, source })?);
        }
    }
    Ok(records)
}

fn jira() -> String {
    "jira".to_owned()
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the form that serde calls")]
fn is_false(value: &bool) -> bool {
    !value
}

/// RFC 3339 instants.
mod instant {
    use serde::de::{Deserialize, Deserializer, Error};
    use serde::ser::{Serialize, Serializer};

    use crate::model::Timestamp;

    pub(super) fn serialize<S: Serializer>(
        at: &Option<Timestamp>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        at.serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Timestamp>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(|text| Timestamp::parse(&text).map_err(D::Error::custom)).transpose()
    }

    pub(super) mod required {
        use serde::de::{Deserialize, Deserializer, Error};
        use serde::ser::{Serialize, Serializer};

        use crate::model::Timestamp;

        pub(in super::super) fn serialize<S: Serializer>(
            at: &Timestamp,
            serializer: S,
        ) -> Result<S::Ok, S::Error> {
            at.serialize(serializer)
        }

        pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
            deserializer: D,
        ) -> Result<Timestamp, D::Error> {
            let text = String::deserialize(deserializer)?;
            Timestamp::parse(&text).map_err(D::Error::custom)
        }
    }
}
