//! Everything of a site but its issues: projects, statuses, types, versions and the rest.

use std::collections::{BTreeMap, BTreeSet};

use super::records::{
    ComponentRecord, FieldRecord, IssueTypeRecord, LinkTypeRecord, NamedRecord, ProjectRecord,
    SprintRecord, StatusRecord, TeamRecord, VersionRecord,
};
use crate::model::Timestamp;

/// Lookup data by id.
#[derive(Debug, Clone, Default)]
pub struct Catalogue {
    pub projects: BTreeMap<u64, ProjectRecord>,
    /// Projects that the credential cannot see (lost permission): absent from every answer, and a
    /// query that names one fails as a whole.
    pub hidden: BTreeSet<u64>,
    /// Projects that are archived: readable, and in no search.
    pub archived: BTreeSet<u64>,
    /// Projects in the bin.
    pub trashed: BTreeSet<u64>,
    /// Issues in the archive, and when they were put there.
    pub archived_issues: BTreeMap<u64, Timestamp>,
    /// Issues that a security level hides from the account.
    pub hidden_issues: BTreeSet<u64>,
    pub statuses: BTreeMap<u64, StatusRecord>,
    pub types: BTreeMap<u64, IssueTypeRecord>,
    pub priorities: BTreeMap<u64, NamedRecord>,
    pub resolutions: BTreeMap<u64, NamedRecord>,
    pub link_types: BTreeMap<u64, LinkTypeRecord>,
    pub versions: BTreeMap<u64, VersionRecord>,
    pub components: BTreeMap<u64, ComponentRecord>,
    pub sprints: BTreeMap<u64, SprintRecord>,
    pub fields: BTreeMap<String, FieldRecord>,
    pub teams: BTreeMap<String, TeamRecord>,
}

impl Catalogue {
    /// The visible project with this id or key (keys in any case).
    #[must_use]
    pub fn project(&self, id_or_key: &str) -> Option<&ProjectRecord> {
        let by_id = id_or_key.parse().ok().and_then(|id: u64| self.projects.get(&id));
        by_id
            .or_else(|| self.projects.values().find(|p| p.key.eq_ignore_ascii_case(id_or_key)))
            .filter(|project| self.is_visible(project.id))
    }

    #[must_use]
    pub fn is_visible(&self, project: u64) -> bool {
        self.projects.contains_key(&project)
            && !self.hidden.contains(&project)
            && !self.trashed.contains(&project)
    }

    /// Whether search finds issues of the project.
    #[must_use]
    pub fn is_searched(&self, project: u64) -> bool {
        self.is_visible(project) && !self.archived.contains(&project)
    }

    /// Whether search finds the issue, as far as the issue itself goes.
    #[must_use]
    pub fn is_issue_searched(&self, issue: u64) -> bool {
        !self.hidden_issues.contains(&issue) && !self.archived_issues.contains_key(&issue)
    }

    #[must_use]
    pub fn status_name(&self, id: u64) -> String {
        self.statuses.get(&id).map_or_else(|| id.to_string(), |s| s.name.clone())
    }

    /// Jira's category key of a status; `undefined` when nobody recorded it.
    #[must_use]
    pub fn category(&self, status: u64) -> &str {
        self.statuses.get(&status).and_then(|s| s.category.as_deref()).unwrap_or("undefined")
    }

    /// The hierarchy level of an issue type; 0 when the type is unknown.
    #[must_use]
    pub fn level(&self, kind: u64) -> i64 {
        self.types.get(&kind).map_or(0, |t| t.level)
    }

    #[must_use]
    pub fn team_name(&self, id: &str) -> String {
        self.teams.get(id).map_or_else(|| id.to_owned(), |t| t.name.clone())
    }
}
