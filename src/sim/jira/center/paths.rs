//! The paths that a Data Center serves; every other one is not there, those of Cloud included.

use http::Method;

use super::Center;
use crate::sim::jira::answer::percent_decoded;

/// What a path asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    Myself,
    ServerInfo,
    Window,
    Fields,
    Statuses,
    IssueTypes,
    LinkTypes,
    Projects,
    Project(String),
    ProjectStatuses(String),
    Versions(String),
    Components(String),
    Search,
    Issue(String),
    Boards,
    Board(String),
    Unknown,
}

impl Target {
    pub(super) fn of(method: &Method, path: &str, center: &Center) -> Self {
        let Some(path) = path.strip_prefix(&center.context) else { return Self::Unknown };
        let path: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        let own = |text: &&str| percent_decoded(text);
        let get = method == Method::GET;
        match path.as_slice() {
            ["rest", "agile", "1.0", "board"] if get => Self::Boards,
            ["rest", "agile", "1.0", "board", id, "configuration"] if get => Self::Board(own(id)),
            ["rest", "api", "2", rest @ ..] => match rest {
                ["search"] if get || method == Method::POST => Self::Search,
                _ if !get => Self::Unknown,
                ["myself"] => Self::Myself,
                ["serverInfo"] => Self::ServerInfo,
                ["searchLimits", "maxResultWindow"] => Self::Window,
                ["field"] => Self::Fields,
                ["status"] => Self::Statuses,
                ["issuetype"] => Self::IssueTypes,
                ["issueLinkType"] => Self::LinkTypes,
                ["project"] => Self::Projects,
                ["project", project] => Self::Project(own(project)),
                ["project", project, "statuses"] => Self::ProjectStatuses(own(project)),
                ["project", project, "versions"] => Self::Versions(own(project)),
                ["project", project, "components"] => Self::Components(own(project)),
                ["issue", issue] => Self::Issue(own(issue)),
                _ => Self::Unknown,
            },
            _ => Self::Unknown,
        }
    }

    /// The endpoint as rate limits and the request log name it.
    pub(super) fn name(&self, post: bool) -> &'static str {
        match self {
            Self::Myself => "GET /myself",
            Self::ServerInfo => "GET /serverInfo",
            Self::Window => "GET /searchLimits/maxResultWindow",
            Self::Fields => "GET /field",
            Self::Statuses => "GET /status",
            Self::IssueTypes => "GET /issuetype",
            Self::LinkTypes => "GET /issueLinkType",
            Self::Projects => "GET /project",
            Self::Project(_) => "GET /project/{id}",
            Self::ProjectStatuses(_) => "GET /project/{id}/statuses",
            Self::Versions(_) => "GET /project/{id}/versions",
            Self::Components(_) => "GET /project/{id}/components",
            Self::Search if post => "POST /search",
            Self::Search => "GET /search",
            Self::Issue(_) => "GET /issue/{id}",
            Self::Boards => "GET /board",
            Self::Board(_) => "GET /board/{id}/configuration",
            Self::Unknown => "other",
        }
    }
}
