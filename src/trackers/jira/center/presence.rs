//! Whether a project or one issue is still there.

use bytes::Bytes;
use http::{Method, StatusCode};

use super::super::super::{Fate, Roll, Standing, TrackerError};
use super::super::discover::segment;
use super::super::projects::{Project, WHEREABOUTS, fate};
use super::Center;

impl Center {
    pub(super) async fn standing_of(&self, project: &str) -> Result<Standing, TrackerError> {
        Ok(match self.scopes.find(&self.client, project).await? {
            Some(Project { archived: Some(true), .. }) => Standing::Archived,
            Some(_) => Standing::Live,
            None => {
                // A dead credential sees no project either.
                self.authenticate().await?;
                Standing::Hidden
            }
        })
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
        let path = format!("/issue/{}?{WHEREABOUTS}", segment(source));
        let answer = self.client.ask(Method::GET, &self.client.api(&path), Bytes::new()).await?;
        if matches!(answer.status, StatusCode::NOT_FOUND | StatusCode::FORBIDDEN) {
            self.authenticate().await?;
            return Ok(Fate::Absent);
        }
        fate(&self.client.accept(answer)?)
    }
}
