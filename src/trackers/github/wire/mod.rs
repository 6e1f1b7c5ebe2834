//! What GitHub answers, as far as we read it. No struct here has a place for a person.
//!
//! Anything may be absent or null: a field is required only where an item could not be named or
//! dated without it. Rows stay raw until they are converted, so that a bad one costs only itself.

pub mod board;
pub mod capabilities;
mod timeline;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::model::Timestamp;

pub use timeline::{EntryHead, Event, PullRef};

/// An answer of the GraphQL endpoint: data, faults, or both.
#[derive(Debug, Deserialize)]
pub struct Envelope<'a> {
    #[serde(borrow, default)]
    pub data: Option<&'a RawValue>,
    #[serde(default)]
    pub errors: Option<Vec<Fault>>,
}

/// One entry of `errors`. The list of kinds is open. The message is not read: it may quote names.
#[derive(Debug, Clone, Deserialize)]
pub struct Fault {
    #[serde(rename = "type", default)]
    pub kind: Option<String>,
    #[serde(default)]
    pub path: Option<Vec<Step>>,
    #[serde(default)]
    pub extensions: Option<FaultExtensions>,
}

/// Errors of the query itself carry their kind here.
#[derive(Debug, Clone, Deserialize)]
pub struct FaultExtensions {
    #[serde(default)]
    pub code: Option<String>,
}

/// One step of the path to the field that a fault concerns.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Step {
    Index(usize),
    Field(String),
}

/// The part of every answer that tells when the rate budget is filled again.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Metered {
    #[serde(default)]
    pub rate_limit: Option<RateLimit>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RateLimit {
    pub remaining: u64,
    pub reset_at: Instant,
}

/// An instant in RFC 3339, as GitHub writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instant(pub Timestamp);

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'_, str>::deserialize(deserializer)?;
        Timestamp::parse(&text).map(Self).map_err(|_| D::Error::custom("not an instant"))
    }
}

/// `data` of [`super::queries::ISSUES`].
#[derive(Debug, Deserialize)]
pub struct IssuesData<'a> {
    #[serde(borrow, default)]
    pub repository: Option<IssuesOfRepository<'a>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IssuesOfRepository<'a> {
    pub name_with_owner: String,
    #[serde(borrow)]
    pub issues: Page<'a>,
}

/// `data` of [`super::queries::NODES`]: one entry per id asked for, in that order.
#[derive(Debug, Deserialize)]
pub struct NodesData<'a> {
    #[serde(borrow)]
    pub nodes: Vec<Option<&'a RawValue>>,
}

/// `data` of [`super::queries::HISTORY`].
#[derive(Debug, Deserialize)]
pub struct HistoryData<'a> {
    #[serde(borrow, default)]
    pub node: Option<HistoryNode<'a>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HistoryNode<'a> {
    #[serde(borrow, default)]
    pub timeline_items: Option<Page<'a>>,
}

/// `data` of [`super::queries::RELEASES`].
#[derive(Debug, Deserialize)]
pub struct ReleasesData<'a> {
    #[serde(borrow, default)]
    pub repository: Option<ReleasesOfRepository<'a>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReleasesOfRepository<'a> {
    pub name_with_owner: String,
    #[serde(borrow)]
    pub releases: Page<'a>,
}

/// `data` of [`super::queries::REPOSITORY`].
#[derive(Debug, Deserialize)]
pub struct RepositoryData {
    #[serde(default)]
    pub repository: Option<Repository>,
}

/// `data` of [`super::queries::REPOSITORIES`].
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RepositoriesData {
    #[serde(default)]
    pub repository_owner: Option<RepositoryOwner>,
}

#[derive(Debug, Deserialize)]
pub struct RepositoryOwner {
    pub repositories: Repositories,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Repositories {
    pub page_info: PageInfo,
    #[serde(default)]
    pub nodes: Option<Vec<Option<ListedRepository>>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ListedRepository {
    pub id: String,
    pub name_with_owner: String,
    #[serde(default)]
    pub is_archived: bool,
    #[serde(default)]
    pub has_issues_enabled: bool,
}

/// `data` of [`super::queries::PULSE`].
#[derive(Debug, Deserialize)]
pub struct PulseData {
    #[serde(default)]
    pub nodes: Vec<Option<Pulse>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Pulse {
    #[serde(default)]
    pub name_with_owner: String,
    #[serde(default)]
    pub issues: Option<List<Touched>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Touched {
    pub updated_at: Instant,
}

/// One page of a connection whose rows are read one by one.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Page<'a> {
    #[serde(default)]
    pub total_count: Option<u64>,
    pub page_info: PageInfo,
    #[serde(borrow, default)]
    pub nodes: Option<Vec<Option<&'a RawValue>>>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PageInfo {
    pub has_next_page: bool,
    #[serde(default)]
    pub end_cursor: Option<String>,
}

/// A connection of which only the first page is asked for.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct List<T> {
    #[serde(default)]
    pub total_count: u64,
    #[serde(default = "Option::default")]
    pub nodes: Option<Vec<Option<T>>>,
}

/// The least of a row that can still be named when the rest cannot be read.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Head {
    #[serde(rename = "__typename")]
    pub typename: Option<String>,
    pub id: Option<String>,
}

/// An issue.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Issue<'a> {
    pub id: String,
    pub number: u64,
    pub repository: Repository,
    #[serde(default)]
    pub title: Option<String>,
    pub state: String,
    #[serde(default)]
    pub state_reason: Option<String>,
    pub created_at: Instant,
    pub updated_at: Instant,
    #[serde(default)]
    pub closed_at: Option<Instant>,
    #[serde(default)]
    pub issue_type: Option<IssueType>,
    #[serde(default)]
    pub labels: Option<List<Label>>,
    #[serde(default)]
    pub milestone: Option<Titled>,
    #[serde(default)]
    pub duplicate_of: Option<IssueRef>,
    #[serde(default)]
    pub parent: Option<IssueRef>,
    #[serde(default)]
    pub sub_issues: Option<Counted>,
    #[serde(default)]
    pub blocked_by: Option<List<IssueRef>>,
    #[serde(default)]
    pub blocking: Option<List<IssueRef>>,
    #[serde(default)]
    pub closed_by_pull_requests_references: Option<List<Pull>>,
    #[serde(default)]
    pub project_items: Option<List<BoardItem>>,
    #[serde(borrow, default)]
    pub timeline_items: Option<Page<'a>>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Repository {
    pub name_with_owner: String,
}

#[derive(Debug, Clone, Deserialize)]
pub struct IssueType {
    pub id: String,
    pub name: String,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Label {
    pub name: String,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Titled {
    pub title: String,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Counted {
    #[serde(default)]
    pub total_count: u64,
}

/// Another issue; in a union with pull requests every field may be missing.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct IssueRef {
    pub id: Option<String>,
    pub number: Option<u64>,
    pub repository: Option<Repository>,
}

/// A pull request that closes the issue when merged.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Pull {
    pub id: String,
    pub created_at: Instant,
    #[serde(default)]
    pub merged_at: Option<Instant>,
    #[serde(default)]
    pub closed_at: Option<Instant>,
}

/// The issue's row on a Projects v2 board.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BoardItem {
    pub id: String,
    pub updated_at: Instant,
    pub project: Board,
    #[serde(default)]
    pub status: Option<BoardValue>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Board {
    pub id: String,
    pub title: String,
}

/// The value of the status field; `name` is missing when the field is not a single select.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BoardValue {
    #[serde(rename = "__typename")]
    pub typename: String,
    #[serde(default)]
    pub name: Option<String>,
    #[serde(default)]
    pub updated_at: Option<Instant>,
}

/// A release.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Release {
    pub id: String,
    pub tag_name: String,
    #[serde(default)]
    pub is_draft: bool,
    #[serde(default)]
    pub is_prerelease: bool,
    #[serde(default)]
    pub published_at: Option<Instant>,
}

/// Reads `text`, or names the place that could not be read. The offending value is left out: it
/// could name a person.
///
/// # Errors
/// The path inside the document, such as `labels.nodes[0].name`.
pub fn read<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, String> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    serde_path_to_error::deserialize(&mut deserializer).map_err(|error| error.path().to_string())
}
