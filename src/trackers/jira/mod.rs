//! Jira: Cloud here, and Data Center in [`center`], which shares what is not about requests.
//!
//! A pass over Cloud is `GET /myself` (is the credential alive, what time is it there) and a search
//! for ids and stamps, once an hour with the lookups before it; what changed is then read by id, a
//! thousand issues in eleven requests. See <https://developer.atlassian.com/cloud/jira/platform/rest/v3/>.

pub mod center;
pub mod convert;
pub mod schema;
pub mod webhook;
pub mod wire;

mod answer;
mod attributes;
mod catalogue;
mod client;
mod dates;
mod discover;
mod history;
mod inventory;
mod links;
mod presence;
mod projects;
mod read;
mod text;
mod window;

use async_trait::async_trait;
use http::HeaderMap;
use secrecy::SecretString;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::signature::is_signed;
use super::{
    Catalogue, Cost, Discovered, Fate, Hints, Inventory, Probe, ReadOut, Rights, Roll, ScanId,
    Standing, Tracker, TrackerError, WebhookError,
};
use crate::model::{ConnectionId, Timestamp, TrackerKind};
use crate::transport::{Short, Transport};

/// Where Atlassian serves tokens that have scopes.
pub const GATEWAY: &str = "https://api.atlassian.com";

/// One Jira Cloud site, the projects of it that are measured, and the credential.
#[derive(Debug, Clone)]
pub struct Config {
    pub connection: ConnectionId,
    /// `https://northwind.atlassian.net`
    pub site: String,
    /// [`GATEWAY`], or what a simulation puts in its place.
    pub gateway: String,
    /// Project keys.
    pub scopes: Vec<String>,
    /// The e-mail address of the account that the token belongs to.
    pub user: SecretString,
    pub token: SecretString,
    /// Secrets of the webhook; two while one replaces the other, none to refuse every delivery.
    pub webhook_secrets: Vec<SecretString>,
    /// Whether titles are asked for.
    pub titles: bool,
    /// Names of the link types that mean blocking; usually [`Config::blocking()`].
    pub blocking: Vec<String>,
}

impl Config {
    /// The link types that mean blocking on a site that renamed nothing.
    #[must_use]
    pub fn blocking() -> Vec<String> {
        vec!["Blocks".to_owned()]
    }
}

/// A connection to one Jira Cloud site.
pub struct Jira {
    client: client::Client,
    scopes: projects::Projects,
    webhook_secrets: Vec<SecretString>,
    blocking: Vec<String>,
    titles: bool,
    schema: catalogue::KnownSchema,
    walk: discover::Walk,
    /// The walk of a sweep, beside that of a pass.
    rolls: discover::Walk,
}

/// Prepares a connection; nothing is sent.
#[must_use]
pub fn connect(config: Config, transport: Transport) -> Jira {
    let Config { connection, site, gateway, user, token, .. } = config;
    Jira {
        client: client::Client::new(connection, &site, &gateway, &user, &token, transport),
        scopes: projects::Projects::new(config.scopes),
        webhook_secrets: config.webhook_secrets,
        blocking: config.blocking,
        titles: config.titles,
        schema: catalogue::KnownSchema::default(),
        walk: discover::Walk::default(),
        rolls: discover::Walk::default(),
    }
}

#[async_trait]
impl Tracker for Jira {
    fn connection(&self) -> &ConnectionId {
        self.client.connection()
    }

    fn kind(&self) -> TrackerKind {
        TrackerKind::Jira
    }

    fn scans(&self) -> Vec<ScanId> {
        vec![ScanId("projects".to_owned())]
    }

    async fn probe(&self) -> Result<Probe, TrackerError> {
        /// Only that the answer describes an account; who it is, is not read.
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Myself {
            #[expect(dead_code, reason = "its presence tells an account from another object")]
            time_zone: IgnoredAny,
        }

        let sent_at = self.client.now();
        let answer = self.client.authenticate().await?;
        answer.read(serde_json::from_str::<Myself>)?;
        let mut notes = Vec::new();
        let clock = self.client.clock_of(sent_at, &answer, &mut notes).await?;
        Ok(Probe { clock, notes })
    }

    async fn catalogue(&self, full: bool) -> Result<Catalogue, TrackerError> {
        self.lookups(full).await
    }

    async fn discover(
        &self,
        _scan: &ScanId,
        since: Option<Timestamp>,
        clock: Timestamp,
        page: Option<&str>,
    ) -> Result<Discovered, TrackerError> {
        self.page(since, clock, page).await
    }

    async fn read(&self, sources: &[String]) -> Result<ReadOut, TrackerError> {
        self.read_all(sources).await
    }

    fn batch(&self) -> usize {
        read::BATCH
    }

    fn projects(&self) -> Vec<String> {
        self.scopes.keys().to_vec()
    }

    fn present(&self, project: &str) -> Option<String> {
        self.scopes.present(project)
    }

    async fn standing(&self, project: &str) -> Result<Standing, TrackerError> {
        self.standing_of(project).await
    }

    async fn roll(&self, project: &str, page: Option<&str>) -> Result<Roll, TrackerError> {
        self.roll_of(project, page).await
    }

    async fn fate(&self, source: &str, _key: &str) -> Result<Fate, TrackerError> {
        self.fate_of(source).await
    }

    fn short(&self, _of: &str) -> Option<Short> {
        self.client.short()
    }

    async fn inventory(&self, projects: &[String]) -> Result<Inventory, TrackerError> {
        self.survey(projects).await
    }

    async fn rights(&self) -> Result<Rights, TrackerError> {
        let untold = "Jira tells neither the scopes nor the end of a token; both stand at \
                      https://id.atlassian.com/manage-profile/security/api-tokens";
        Ok(Rights { untold: Some(untold), ..Rights::default() })
    }

    fn cost(&self) -> Cost {
        // Contents by the hundred, histories by the thousand, ids by the five thousand.
        Cost { requests_per_thousand: 12, points_per_thousand: 0, points_per_hour: None }
    }

    fn webhook(&self, headers: &HeaderMap, body: &[u8]) -> Result<Hints, WebhookError> {
        if is_signed(&self.webhook_secrets, headers, webhook::SIGNATURE, body) {
            webhook::hints(body)
        } else {
            Err(WebhookError::Forged)
        }
    }
}
