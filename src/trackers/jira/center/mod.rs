//! Jira Data Center (REST version 2, Bearer tokens).
//!
//! It has no bulk read by id and no page tokens. Each project is a walk of its own, with its own
//! cursor. A walk never uses an offset, because offsets shift and the search platform of Jira 11
//! ends at row 10,000: see `walk`. Content and histories come a hundred issues at a time from a
//! search by id, and one by one where that search is not enough: see `read`.

mod inventory;
mod presence;
mod read;
mod walk;
mod wire;

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use http::header::InvalidHeaderValue;
use http::{HeaderMap, Method};
use secrecy::SecretString;
use serde::Deserialize;

use super::super::signature::{is_known, is_signed};
use super::super::{
    Catalogue, Discovered, Fate, Hints, Inventory, Probe, ReadOut, Roll, ScanId, Standing, Tracker,
    TrackerError, URL_TOKEN, WebhookError,
};
use super::catalogue::KnownSchema;
use super::client::Client;
use super::projects::Projects;
use super::schema::Schema;
use super::{catalogue, webhook};
use crate::model::{ConnectionId, Timestamp, TrackerKind};
use crate::transport::{Short, Transport};

/// The last major version that Atlassian no longer supports.
const ENDED: u32 = 9;

/// One Data Center, the projects of it that are measured, and the credential.
#[derive(Debug, Clone)]
pub struct Config {
    pub connection: ConnectionId,
    /// `https://jira.example.com/jira`: with the path under which Jira lives, if it has one.
    pub site: String,
    /// Project keys.
    pub scopes: Vec<String>,
    /// A personal access token.
    pub token: SecretString,
    /// Secrets of the webhook; two while one replaces the other, none to refuse every delivery.
    pub webhook_secrets: Vec<SecretString>,
    /// Whether titles are asked for.
    pub titles: bool,
    /// Names of the link types that mean blocking.
    pub blocking: Vec<String>,
}

/// A connection to one Data Center.
pub struct Center {
    client: Client,
    scopes: Projects,
    webhook_secrets: Vec<SecretString>,
    blocking: Vec<String>,
    titles: bool,
    schema: KnownSchema,
    /// What the server says of itself, asked once.
    server: Mutex<Option<Vec<String>>>,
    crowd: walk::Crowd,
}

/// Prepares a connection; nothing is sent.
///
/// # Errors
/// The token holds characters that no header can carry.
pub fn connect(config: Config, transport: Transport) -> Result<Center, InvalidHeaderValue> {
    let Config { connection, site, token, .. } = config;
    let mut scopes = config.scopes;
    scopes.sort();
    scopes.dedup();
    Ok(Center {
        client: Client::center(connection, &site, &token, transport)?,
        scopes: Projects::new(scopes),
        webhook_secrets: config.webhook_secrets,
        blocking: config.blocking,
        titles: config.titles,
        schema: KnownSchema::default(),
        server: Mutex::new(None),
        crowd: walk::Crowd::default(),
    })
}

impl Center {
    /// Asks who we are. The one question that a stranger gets no answer to.
    async fn authenticate(&self) -> Result<super::answer::Answer, TrackerError> {
        /// Only that the answer describes an account; who it is, is not read.
        #[derive(Deserialize)]
        struct Myself {
            #[expect(dead_code, reason = "its presence tells an account from another object")]
            active: bool,
        }

        let path = self.client.api("/myself");
        let answer = self.client.ask(Method::GET, &path, bytes::Bytes::new()).await?;
        if answer.status.is_success() {
            self.client.note_account(&answer);
        }
        let answer = self.client.accept(answer)?;
        answer.read(serde_json::from_str::<Myself>)?;
        Ok(answer)
    }

    /// What a person should know of the server; asked until it answers once.
    async fn server_notes(&self) -> Result<Vec<String>, TrackerError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct ServerInfo {
            #[serde(default)]
            version_numbers: Vec<u32>,
            #[serde(default)]
            deployment_type: String,
        }

        let known = self.server.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(notes) = known {
            return Ok(notes);
        }
        let name = self.client.connection();
        let info = match self.client.get(&self.client.api("/serverInfo")).await {
            Ok(answer) => answer.read(serde_json::from_str::<ServerInfo>)?,
            // Some proxies hide it. It decides nothing.
            Err(TrackerError::Refused(_)) => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        if info.deployment_type == "Cloud" {
            return Err(TrackerError::Refused(format!(
                "{name}: {} is Jira Cloud; write `kind = \"jira-cloud\"` in connection `{name}`, \
                 and `auth` with the account's e-mail",
                self.client.site()
            )));
        }
        let mut notes = Vec::new();
        if let [major, minor, ..] = info.version_numbers.as_slice()
            && *major <= ENDED
        {
            notes.push(format!(
                "{name}: Jira {major}.{minor} is no longer supported by Atlassian, and its \
                 webhooks cannot be signed; plan the step to Jira 10.3 or 11.3"
            ));
        }
        *self.server.lock().unwrap_or_else(PoisonError::into_inner) = Some(notes.clone());
        Ok(notes)
    }

    async fn schema(&self) -> Result<Arc<Schema>, TrackerError> {
        self.schema.get(self.ask_schema()).await
    }

    async fn ask_schema(&self) -> Result<Schema, TrackerError> {
        let read = |fields: &str, types: Option<&str>| {
            Schema::read_center(fields, types, &self.blocking, self.titles)
        };
        catalogue::schema(&self.client, read).await
    }
}

#[async_trait]
impl Tracker for Center {
    fn connection(&self) -> &ConnectionId {
        self.client.connection()
    }

    fn kind(&self) -> TrackerKind {
        TrackerKind::Jira
    }

    fn scans(&self) -> Vec<ScanId> {
        self.scopes.keys().iter().cloned().map(ScanId).collect()
    }

    async fn probe(&self) -> Result<Probe, TrackerError> {
        let sent_at = self.client.now();
        let answer = self.authenticate().await?;
        let mut dateless = Vec::new();
        let clock = self.client.clock_of(sent_at, &answer, &mut dateless).await?;
        let mut notes = self.server_notes().await?;
        notes.append(&mut dateless);
        Ok(Probe { clock, notes })
    }

    async fn catalogue(&self, full: bool) -> Result<Catalogue, TrackerError> {
        if full {
            self.schema.renew(self.ask_schema()).await?;
        }
        let statuses = catalogue::statuses(&self.client).await?;
        let mut releases = Vec::new();
        if full {
            for project in self.scopes.keys() {
                match catalogue::versions(&self.client, project).await {
                    Ok(versions) => releases.extend(versions),
                    // The walk over this project names the problem.
                    Err(TrackerError::Refused(_)) => {}
                    Err(error) => return Err(error),
                }
            }
            releases.sort();
        }
        Ok(Catalogue { statuses, releases })
    }

    async fn discover(
        &self,
        scan: &ScanId,
        since: Option<Timestamp>,
        clock: Timestamp,
        page: Option<&str>,
    ) -> Result<Discovered, TrackerError> {
        self.page(&scan.0, since, clock, page).await
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
        self.roll_page(project, page).await
    }

    async fn fate(&self, source: &str, _key: &str) -> Result<Fate, TrackerError> {
        self.fate_of(source).await
    }

    fn short(&self, _of: &str) -> Option<Short> {
        self.client.short()
    }

    async fn inventory(&self, projects: &[String]) -> Result<Inventory, TrackerError> {
        self.take_inventory(projects).await
    }

    /// Jira 10 signs what it sends. Jira 9 cannot; its deliveries carry the secret in the address.
    /// A delivery that has a signature is judged by it alone.
    fn webhook(&self, headers: &HeaderMap, body: &[u8]) -> Result<Hints, WebhookError> {
        let known = if headers.contains_key(webhook::SIGNATURE) {
            is_signed(&self.webhook_secrets, headers, webhook::SIGNATURE, body)
        } else {
            is_known(&self.webhook_secrets, headers, URL_TOKEN)
        };
        if known { webhook::hints(body) } else { Err(WebhookError::Forged) }
    }
}
