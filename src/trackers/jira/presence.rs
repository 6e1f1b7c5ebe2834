//! What is still there: how projects stand, all ids of one, and where a single issue went.

use bytes::Bytes;
use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::super::{Fate, Roll, Standing, TrackerError};
use super::Jira;
use super::discover::{quoted, segment};
use super::projects::{Project, WHEREABOUTS, fate};
use super::wire;

impl Jira {
    pub(super) async fn standing_of(&self, project: &str) -> Result<Standing, TrackerError> {
        if let Some(found) = self.scopes.find(&self.client, project).await? {
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
        let path = format!("/rest/api/3/issue/{}?{WHEREABOUTS}", segment(source));
        let answer = self.client.ask(Method::GET, &path, Bytes::new()).await?;
        if answer.status == StatusCode::NOT_FOUND {
            return Ok(Fate::Absent);
        }
        fate(&self.client.accept(answer)?)
    }
}
