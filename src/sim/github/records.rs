//! The normal form of a GitHub site: one JSON object a line, `"t"` names its kind. Recorded sites
//! and invented ones enter the simulation through it.
//!
//! A record names no person; whatever a file says about people is skipped while reading. Ids are
//! the numeric ids of GitHub's REST API and unique per kind within one site.
//!
//! Recorded data knows the fields up to [`IssueRecord::events`]. The rest are extensions for what
//! it lacks: issue types, parents, blockers, boards, closing pull requests, releases. Only one
//! side of a relation is written (`parent_issue_*` on the child, `blocked_by_*` on the blocked
//! issue); the site adds `sub_issue_*` and `blocking_*` to the other side.

use std::io::{BufRead, BufReader, Read};

use flate2::bufread::MultiGzDecoder;
use serde::{Deserialize, Serialize};

use crate::model::Timestamp;

/// One line of the normal form.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "t", rename_all = "snake_case")]
pub enum Record {
    Repo(RepoRecord),
    Label(LabelRecord),
    Milestone(MilestoneRecord),
    /// An issue, or a pull request when [`IssueRecord::pr`] is present.
    Issue(Box<IssueRecord>),
    Board(BoardRecord),
    Release(ReleaseRecord),
    /// A kind that this reader does not know; skipped.
    #[serde(other)]
    Unknown,
}

/// A repository.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RepoRecord {
    pub id: u64,
    pub owner: String,
    pub name: String,
    #[serde(with = "instant")]
    pub created: Timestamp,
    #[serde(default, skip_serializing_if = "is_default")]
    pub archived: bool,
}

/// A label of a repository. `color` is six hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LabelRecord {
    pub id: u64,
    pub repo: u64,
    pub name: String,
    #[serde(default)]
    pub color: String,
}

/// A milestone of a repository.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MilestoneRecord {
    pub id: u64,
    pub repo: u64,
    pub number: u64,
    pub title: String,
    #[serde(with = "instant")]
    pub created: Timestamp,
    #[serde(default, with = "instant_or_none", skip_serializing_if = "is_default")]
    pub updated: Option<Timestamp>,
    #[serde(default, with = "instant_or_none", skip_serializing_if = "is_default")]
    pub closed: Option<Timestamp>,
}

/// An organisation's project (V2). `statuses` are the options of its Status field, in order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BoardRecord {
    pub id: u64,
    pub owner: String,
    pub number: u64,
    pub title: String,
    pub statuses: Vec<String>,
}

/// A release of a repository; `published` is `None` while it is a draft.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReleaseRecord {
    pub id: u64,
    pub repo: u64,
    pub tag: String,
    #[serde(default, with = "instant_or_none", skip_serializing_if = "is_default")]
    pub published: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub prerelease: bool,
}

/// An issue or pull request with its whole timeline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IssueRecord {
    pub id: u64,
    pub repo: u64,
    pub number: u64,
    pub title: String,
    #[serde(with = "instant")]
    pub created: Timestamp,
    #[serde(with = "instant")]
    pub updated: Timestamp,
    /// When it was closed (or merged); `None` while open.
    #[serde(default, with = "instant_or_none", skip_serializing_if = "is_default")]
    pub closed: Option<Timestamp>,
    /// `completed`, `not_planned`, `duplicate` or `reopened`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub reason: Option<String>,
    /// Ids of labels at present.
    #[serde(default, skip_serializing_if = "is_default")]
    pub labels: Vec<u64>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub milestone: Option<u64>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub comments: u64,
    #[serde(default, skip_serializing_if = "is_default")]
    pub pr: Option<PullRecord>,
    #[serde(default)]
    pub events: Vec<EventRecord>,
    /// Name of the issue type at present. Like `parent`, `blocked_by` and `boards`: when absent,
    /// the present value is what the events leave behind.
    #[serde(default, rename = "type", skip_serializing_if = "is_default")]
    pub issue_type: Option<String>,
    /// Id of the parent issue.
    #[serde(default, skip_serializing_if = "is_default")]
    pub parent: Option<u64>,
    /// Ids of the issues that block this one.
    #[serde(default, skip_serializing_if = "is_default")]
    pub blocked_by: Option<Vec<u64>>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub boards: Option<Vec<BoardValueRecord>>,
}

/// What only a pull request has. An absent `merged` with `closed` present means closed unmerged.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PullRecord {
    #[serde(default, with = "instant_or_none", skip_serializing_if = "is_default")]
    pub merged: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub draft: bool,
    #[serde(default, skip_serializing_if = "is_default")]
    pub base: Option<String>,
    /// Ids of the issues that merging it closes.
    #[serde(default, skip_serializing_if = "is_default")]
    pub closes: Vec<u64>,
}

/// Where an issue stands on a board.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BoardValueRecord {
    pub board: u64,
    /// The name of the status; `None` for an item that has none.
    #[serde(default)]
    pub status: Option<String>,
    /// When the status was set last.
    #[serde(with = "instant")]
    pub updated: Timestamp,
}

/// One entry of a timeline, named as in the REST API. Which detail belongs to which kind:
///
/// | kind | detail |
/// |---|---|
/// | `closed`, `reopened` | `reason`; `issue`: the pull request that closed it |
/// | `labeled`, `unlabeled` | `label` (name) |
/// | `milestoned`, `demilestoned` | `milestone` (title) |
/// | `renamed` | `from`, `to` (titles) |
/// | `added_to_project_v2`, `removed_from_project_v2` | `board` |
/// | `project_v2_item_status_changed` | `board`, `from`, `to` (status names; absent `from`: none before) |
/// | `issue_type_added`, `_changed`, `_removed` | `from`, `to` (type names) |
/// | `issue_field_added`, `_changed`, `_removed` | `field`, `from`, `to` (values) |
/// | `parent_issue_*`, `sub_issue_*`, `blocked_by_*`, `blocking_*`, `connected`, `disconnected`, `cross_referenced`, `marked_as_duplicate`, `unmarked_as_duplicate` | `issue` (id of the other one) |
/// | `transferred` | `from` (`owner/name`) |
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EventRecord {
    /// Unique in the site; 0 or absent lets the site choose.
    #[serde(default, skip_serializing_if = "is_default")]
    pub id: u64,
    pub event: EventKind,
    #[serde(with = "instant")]
    pub created: Timestamp,
    #[serde(flatten)]
    pub detail: EventDetail,
}

impl EventRecord {
    /// An event without an id of its own.
    #[must_use]
    pub fn new(event: EventKind, created: Timestamp, detail: EventDetail) -> Self {
        Self { id: 0, event, created, detail }
    }
}

/// What an event tells besides its kind and time; see [`EventRecord`].
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct EventDetail {
    #[serde(default, skip_serializing_if = "is_default")]
    pub label: Option<String>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub milestone: Option<String>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub board: Option<u64>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub from: Option<String>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub to: Option<String>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub issue: Option<u64>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub reason: Option<String>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub field: Option<String>,
}

/// The kinds of timeline entries, named as in the REST API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    Closed,
    Reopened,
    Labeled,
    Unlabeled,
    Milestoned,
    Demilestoned,
    Renamed,
    Assigned,
    Unassigned,
    Commented,
    AddedToProjectV2,
    RemovedFromProjectV2,
    ProjectV2ItemStatusChanged,
    IssueTypeAdded,
    IssueTypeChanged,
    IssueTypeRemoved,
    IssueFieldAdded,
    IssueFieldChanged,
    IssueFieldRemoved,
    ParentIssueAdded,
    ParentIssueRemoved,
    SubIssueAdded,
    SubIssueRemoved,
    BlockedByAdded,
    BlockedByRemoved,
    BlockingAdded,
    BlockingRemoved,
    Connected,
    Disconnected,
    #[serde(alias = "cross-referenced")]
    CrossReferenced,
    Transferred,
    MarkedAsDuplicate,
    UnmarkedAsDuplicate,
    ConvertedToDiscussion,
    /// Any other kind; it appears in REST timelines only.
    #[serde(untagged)]
    Other(String),
}

/// Why a file is not in the normal form.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error("line {line} is not a record of the normal form: {reason}")]
    Line { line: usize, reason: serde_json::Error },
    #[error("cannot read line {line}: {reason}")]
    Read { line: usize, reason: std::io::Error },
}

/// Reads JSON lines, plain or gzipped. Empty lines are skipped.
///
/// # Errors
/// The first line that cannot be read, with its number from 1.
pub fn load(reader: impl Read) -> Result<Vec<Record>, LoadError> {
    let mut reader = BufReader::new(reader);
    let head = reader.fill_buf().map_err(|reason| LoadError::Read { line: 1, reason })?;
    if head.starts_with(&[0x1f, 0x8b]) {
        load_lines(BufReader::new(MultiGzDecoder::new(reader)))
    } else {
        load_lines(reader)
    }
}

fn load_lines(reader: impl BufRead) -> Result<Vec<Record>, LoadError> {
    let mut records = Vec::new();
    for (index, text) in reader.lines().enumerate() {
        let line = index + 1;
        let text = text.map_err(|reason| LoadError::Read { line, reason })?;
        if text.trim().is_empty() {
            continue;
        }
        let record =
            serde_json::from_str(&text).map_err(|reason| LoadError::Line { line, reason })?;
        records.push(record);
    }
    Ok(records)
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

mod instant {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use crate::model::Timestamp;

    pub fn serialize<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(at)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Timestamp, D::Error> {
        Timestamp::parse(&String::deserialize(from)?).map_err(D::Error::custom)
    }
}

mod instant_or_none {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use crate::model::Timestamp;

    pub fn serialize<S: Serializer>(
        at: &Option<Timestamp>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match at {
            Some(at) => serializer.collect_str(at),
            None => serializer.serialize_none(),
        }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Timestamp>, D::Error> {
        let text = Option::<String>::deserialize(from)?;
        text.map(|text| Timestamp::parse(&text).map_err(D::Error::custom)).transpose()
    }
}
