//! github.com.
//!
//! Everything is asked of GraphQL: one page of a repository's issues brings content, boards,
//! links and the first hundred history entries of each, so a thousand issues cost about twenty
//! questions and a repository without changes costs one.
//!
//! GitHub does not promise that a move on a board changes the issue's own stamp. A walk from a
//! cursor can therefore miss it; the webhook `projects_v2_item` and the next whole walk bring it.

pub mod client;
pub mod convert;
pub mod faults;
mod history;
pub mod limits;
mod presence;
pub mod queries;
mod reads;
pub mod webhook;
pub mod wire;

use std::collections::BTreeMap;
use std::sync::Mutex;

use async_trait::async_trait;
use http::HeaderMap;
use secrecy::SecretString;
use serde_json::json;

use super::{
    Catalogue, Discovered, Fate, Hints, Inventory, Probe, ReadOut, Roll, ScanId, Standing, Tracker,
    TrackerError, WebhookError,
};
use crate::model::{ConnectionId, Timestamp, TrackerKind};
use crate::transport::Transport;

use client::Client;

/// The most ids of one [`Tracker::read`].
const BATCH: usize = 50;
/// A token that ends within this time is worth a note.
const TOKEN_NOTICE_DAYS: f64 = 30.0;

/// A connection as the settings describe it.
#[derive(Debug, Clone)]
pub struct Config {
    pub connection: ConnectionId,
    /// The API's base address.
    pub api: String,
    /// `owner/name` of every repository to read.
    pub repositories: Vec<String>,
    pub token: SecretString,
    /// Any of them may sign a delivery, so that they can be changed one at a time.
    pub webhook_secrets: Vec<SecretString>,
    /// Whether issue titles are asked for at all.
    pub titles: bool,
    /// The most issues of one question, at most 100.
    pub page: u32,
    /// The name of the boards' status field.
    pub status_field: String,
}

impl Config {
    /// The usual settings of a connection to github.com.
    #[must_use]
    pub fn new(connection: ConnectionId, repositories: Vec<String>, token: SecretString) -> Self {
        Self {
            connection,
            api: "https://api.github.com".to_owned(),
            repositories,
            token,
            webhook_secrets: Vec::new(),
            titles: true,
            page: 50,
            status_field: "Status".to_owned(),
        }
    }
}

/// One connection to github.com.
#[derive(Debug)]
pub struct GitHub {
    connection: ConnectionId,
    /// Sorted, without doubles.
    repositories: Vec<Repository>,
    webhook_secrets: Vec<SecretString>,
    titles: bool,
    status_field: String,
    client: Client,
    /// The present names of configured repositories, as answers told them.
    present_names: Mutex<BTreeMap<String, String>>,
}

/// `owner/name` as configured.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Repository {
    owner: String,
    name: String,
}

impl Repository {
    fn parse(text: &str) -> Option<Self> {
        let (owner, name) = text.split_once('/')?;
        let plain = |part: &str| {
            let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
            !part.is_empty() && part.chars().all(allowed)
        };
        (plain(owner) && plain(name))
            .then(|| Self { owner: owner.to_owned(), name: name.to_owned() })
    }

    fn full_name(&self) -> String {
        format!("{}/{}", self.owner, self.name)
    }
}

impl GitHub {
    /// Must be called inside a tokio runtime (see [`Client::new`]). Asks nothing yet.
    ///
    /// # Errors
    /// [`TrackerError::Refused`] for an address or a repository name that cannot be meant.
    pub fn new(config: Config, transport: Transport) -> Result<Self, TrackerError> {
        let place = config.connection.to_string();
        let parsed = config.repositories.iter().map(|text| {
            Repository::parse(text).ok_or_else(|| {
                TrackerError::Refused(format!(
                    "{place}: `{text}` is no repository; write `owner/name` in `scopes`"
                ))
            })
        });
        let mut repositories = parsed.collect::<Result<Vec<_>, _>>()?;
        repositories.sort();
        repositories.dedup();
        let client = Client::new(place, &config.api, config.token, config.page, transport)?;
        Ok(Self {
            connection: config.connection,
            repositories,
            webhook_secrets: config.webhook_secrets,
            titles: config.titles,
            status_field: config.status_field,
            client,
            present_names: Mutex::default(),
        })
    }

    /// What a person should know of the token, from the headers of an answer.
    fn token_notes(&self, headers: &HeaderMap, now: Timestamp) -> Vec<String> {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let place = self.client.place();
        let mut notes = Vec::new();
        let granted = text("x-oauth-scopes").unwrap_or_default().split(',').map(str::trim);
        let wide: Vec<_> =
            granted.filter(|scope| !scope.is_empty() && !scope.starts_with("read:")).collect();
        if !wide.is_empty() {
            notes.push(format!(
                "{place}: the token may do more than read ({}); a fine-grained token with read \
                 access is enough",
                wide.join(", ")
            ));
        }
        if let Some(ends) = text("github-authentication-token-expiration") {
            let soon = ends
                .get(..19)
                .and_then(|start| Timestamp::parse(&format!("{}Z", start.replace(' ', "T"))).ok());
            if soon.is_none_or(|end| end.days_since(now) < TOKEN_NOTICE_DAYS) {
                notes.push(format!("{place}: the token ends on {ends}; replace it before then"));
            }
        }
        notes
    }
}

#[async_trait]
impl Tracker for GitHub {
    fn connection(&self) -> &ConnectionId {
        &self.connection
    }

    fn kind(&self) -> TrackerKind {
        TrackerKind::GitHub
    }

    fn scans(&self) -> Vec<ScanId> {
        self.repositories.iter().map(|repository| ScanId(repository.full_name())).collect()
    }

    async fn probe(&self) -> Result<Probe, TrackerError> {
        let answer = self.client.ask(queries::PROBE, json!({})).await?;
        let clock = answer.clock();
        Ok(Probe { clock, notes: self.token_notes(&answer.headers, clock) })
    }

    async fn catalogue(&self, full: bool) -> Result<Catalogue, TrackerError> {
        let releases = if full { self.releases().await? } else { Vec::new() };
        Ok(Catalogue { statuses: convert::statuses(), releases })
    }

    async fn discover(
        &self,
        scan: &ScanId,
        since: Option<Timestamp>,
        _clock: Timestamp,
        page: Option<&str>,
    ) -> Result<Discovered, TrackerError> {
        let repository = Repository::parse(&scan.0)
            .filter(|repository| self.repositories.contains(repository))
            .ok_or_else(|| {
                let place = self.client.place();
                TrackerError::Refused(format!("{place}: {} is not one of its scopes", scan.0))
            })?;
        self.issues(&repository, since, page).await
    }

    async fn read(&self, sources: &[String]) -> Result<ReadOut, TrackerError> {
        self.by_id(sources).await
    }

    fn batch(&self) -> usize {
        BATCH
    }

    fn projects(&self) -> Vec<String> {
        self.repositories.iter().map(Repository::full_name).collect()
    }

    async fn standing(&self, project: &str) -> Result<Standing, TrackerError> {
        self.standing_of(project).await
    }

    async fn roll(&self, project: &str, page: Option<&str>) -> Result<Roll, TrackerError> {
        self.roll_of(project, page).await
    }

    async fn fate(&self, source: &str, key: &str) -> Result<Fate, TrackerError> {
        self.fate_of(source, key).await
    }

    async fn inventory(&self, _projects: &[String]) -> Result<Inventory, TrackerError> {
        Err(TrackerError::Refused("init is not built yet".into()))
    }

    fn webhook(&self, headers: &HeaderMap, body: &[u8]) -> Result<Hints, WebhookError> {
        webhook::hints(&self.webhook_secrets, headers, body)
    }
}
