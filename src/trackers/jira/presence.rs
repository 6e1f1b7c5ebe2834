//! What is still there: how projects stand, all ids of one, and where a single issue went.

use std::sync::PoisonError;

use bytes::Bytes;
use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::super::{Fate, Roll, Standing, TrackerError};
use super::Jira;
use super::discover::{quoted, segment};
use super::wire::{self, Text};

/// A project, as far as its standing goes.
#[derive(Debug, Deserialize)]
pub(super) struct Project {
    key: String,
    archived: Option<bool>,
    deleted: Option<bool>,
}

impl Project {
    /// Archived, or in the bin.
    pub(super) fn is_closed(&self) -> bool {
        self.archived == Some(true) || self.deleted == Some(true)
    }
}

impl Jira {
    pub(super) async fn standing_of(&self, project: &str) -> Result<Standing, TrackerError> {
        if let Some(found) = self.project(project).await? {
            return Ok(match found {
                Project { deleted: Some(true), .. } => Standing::Trashed,
                Project { archived: Some(true), .. } => Standing::Archived,
                _ => Standing::Live,
            });
        }
        for (status, standing) in [("deleted", Standing::Trashed), ("archived", Standing::Archived)]
        {
            if self.is_listed(project, status).await? {
                return Ok(standing);
            }
        }
        Ok(Standing::Hidden)
    }

    /// A project by its present or former key; `None` when the account cannot see it.
    pub(super) async fn project(&self, project: &str) -> Result<Option<Project>, TrackerError> {
        let path = format!("/rest/api/3/project/{}", segment(project));
        let answer = self.client.ask(Method::GET, &path, Bytes::new()).await?;
        if answer.status == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        let answer = self.client.accept(answer)?;
        let found = answer.read(serde_json::from_str::<Project>)?;
        let mut keys = self.present_keys.lock().unwrap_or_else(PoisonError::into_inner);
        keys.insert(project.to_owned(), found.key.clone());
        drop(keys);
        Ok(Some(found))
    }

    /// Whether Jira lists the project among those with this status.
    async fn is_listed(&self, project: &str, status: &str) -> Result<bool, TrackerError> {
        #[derive(Deserialize)]
        struct Page<'a> {
            #[serde(borrow)]
            values: Vec<&'a RawValue>,
        }

        let key = segment(project);
        let path = format!("/rest/api/3/project/search?keys={key}&status={status}");
        let answer = self.client.ask(Method::GET, &path, Bytes::new()).await?;
        if answer.status == StatusCode::NOT_FOUND {
            return Ok(false);
        }
        let answer = self.client.accept(answer)?;
        let page = answer.read(serde_json::from_str::<Page<'_>>)?;
        let mut found = page.values.into_iter().filter_map(wire::read::<wire::Project<'_>>);
        Ok(found.any(|found| found.key.eq_ignore_ascii_case(project)))
    }

    /// One page of ids. No edit changes the order: only a move gives an issue another key, and
    /// then it leaves the project.
    pub(super) async fn roll_of(
        &self,
        project: &str,
        page: Option<&str>,
    ) -> Result<Roll, TrackerError> {
        self.rolls.check(page, self.client.connection())?;
        let jql = format!("project = {} ORDER BY created ASC, key ASC", quoted(project));
        let answer = self.search(&jql, "id", page).await?;
        let found = answer.read(wire::issues)?;
        let next = self.next_token(&self.rolls, &found)?;
        let ids = found.issues.into_iter().map(|issue| issue.id.map(|id| id.0.into_owned()));
        let ids: Option<Vec<String>> = ids.collect();
        let sources = ids.ok_or_else(|| {
            super::answer::malformed(
                answer.place(),
                "it lists an issue without a readable id, so nobody can say which are missing"
                    .to_owned(),
            )
        })?;
        Ok(Roll { sources, next })
    }

    pub(super) async fn fate_of(&self, source: &str) -> Result<Fate, TrackerError> {
        #[derive(Deserialize)]
        struct Issue<'a> {
            #[serde(borrow)]
            key: Text<'a>,
            #[serde(borrow)]
            fields: Fields<'a>,
        }

        #[derive(Deserialize)]
        struct Fields<'a> {
            #[serde(borrow)]
            project: wire::Project<'a>,
            #[serde(borrow, rename = "archiveddate")]
            archived: Option<&'a RawValue>,
        }

        let path = format!("/rest/api/3/issue/{}?fields=project,archiveddate", segment(source));
        let answer = self.client.ask(Method::GET, &path, Bytes::new()).await?;
        if answer.status == StatusCode::NOT_FOUND {
            return Ok(Fate::Absent);
        }
        let answer = self.client.accept(answer)?;
        let issue = answer.read(serde_json::from_str::<Issue<'_>>)?;
        if issue.fields.archived.is_some_and(|date| date.get() != "null") {
            return Ok(Fate::Archived);
        }
        Ok(Fate::Here {
            key: issue.key.0.into_owned(),
            project: issue.fields.project.key.0.into_owned(),
        })
    }

    /// Whether a project is one of ours under its configured or its present key. An issue that
    /// moved elsewhere is still readable by id and must leave.
    pub(super) async fn in_scope(&self, project: &str) -> Result<bool, TrackerError> {
        let is_it = |key: &String| key.eq_ignore_ascii_case(project);
        if self.scopes.iter().any(is_it) {
            return Ok(true);
        }
        let unknown: Vec<&String> = {
            let keys = self.present_keys.lock().unwrap_or_else(PoisonError::into_inner);
            if keys.values().any(is_it) {
                return Ok(true);
            }
            self.scopes.iter().filter(|scope| !keys.contains_key(*scope)).collect()
        };
        for scope in unknown {
            if self.project(scope).await?.is_some_and(|found| is_it(&found.key)) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
