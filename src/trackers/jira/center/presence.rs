//! Whether a project or one issue is still there.

use std::sync::PoisonError;

use bytes::Bytes;
use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::super::super::{Fate, Roll, Standing, TrackerError};
use super::super::discover::segment;
use super::super::wire::{Project, Text};
use super::Center;

/// A project, as far as its standing goes.
#[derive(Deserialize)]
struct ProjectRow {
    key: String,
    #[serde(default)]
    archived: bool,
}

#[derive(Deserialize)]
struct IssueRow<'a> {
    #[serde(borrow)]
    key: Text<'a>,
    #[serde(borrow)]
    fields: IssueFields<'a>,
}

#[derive(Deserialize)]
struct IssueFields<'a> {
    #[serde(borrow)]
    project: Project<'a>,
    /// When the issue was archived; there only if it was.
    #[serde(default, borrow, rename = "archiveddate")]
    archived_date: Option<&'a RawValue>,
}

impl Center {
    pub(super) async fn standing_of(&self, project: &str) -> Result<Standing, TrackerError> {
        Ok(match self.project(project).await? {
            Some(ProjectRow { archived: true, .. }) => Standing::Archived,
            Some(_) => Standing::Live,
            None => {
                // A dead credential sees no project either.
                self.authenticate().await?;
                Standing::Hidden
            }
        })
    }

    /// A project by its present or former key; `None` when the account cannot see it.
    async fn project(&self, project: &str) -> Result<Option<ProjectRow>, TrackerError> {
        let path = self.client.api(&format!("/project/{}", segment(project)));
        let answer = self.client.ask(Method::GET, &path, Bytes::new()).await?;
        if answer.status == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        let row = self.client.accept(answer)?.read(serde_json::from_str::<ProjectRow>)?;
        let mut keys = self.present_keys.lock().unwrap_or_else(PoisonError::into_inner);
        keys.insert(project.to_owned(), row.key.clone());
        drop(keys);
        Ok(Some(row))
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

    pub(super) async fn roll_page(
        &self,
        project: &str,
        page: Option<&str>,
    ) -> Result<Roll, TrackerError> {
        let answer = self.key_page(project, page, &["project"]).await?;
        let page = self.read_key_page(&answer, project, page)?;
        let ids = page.rows.into_iter().filter_map(|row| row.id);
        let sources = ids.map(|id| id.0.into_owned()).collect();
        Ok(Roll { sources, next: page.next })
    }

    pub(super) async fn fate_of(&self, source: &str) -> Result<Fate, TrackerError> {
        let path = format!("/issue/{}?fields=project,archiveddate", segment(source));
        let answer = self.client.ask(Method::GET, &self.client.api(&path), Bytes::new()).await?;
        if matches!(answer.status, StatusCode::NOT_FOUND | StatusCode::FORBIDDEN) {
            self.authenticate().await?;
            return Ok(Fate::Absent);
        }
        let answer = self.client.accept(answer)?;
        let IssueRow { key, fields } = answer.read(serde_json::from_str::<IssueRow<'_>>)?;
        if fields.archived_date.is_some_and(|date| date.get() != "null") {
            return Ok(Fate::Archived);
        }
        Ok(Fate::Here { key: key.0.into_owned(), project: fields.project.key.0.into_owned() })
    }
}
