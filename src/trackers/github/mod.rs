//! github.com and GitHub Enterprise Server.
//!
//! Everything is asked of GraphQL: one page of a repository's issues brings content, boards,
//! links and the first hundred history entries of each, so a thousand issues cost about twenty
//! questions and a repository without changes costs one.
//!
//! Who asks is a personal token, or a GitHub App with an installation and a client for each owner.
//! Scopes are repositories, or owners with everything that they have: the quiet repositories of an
//! owner are asked for together, a hundred a question.
//!
//! GitHub does not promise that a move on a board changes the issue's own stamp. A walk from a
//! cursor can therefore miss it; the webhook `projects_v2_item` and a look at each board about
//! every hour bring it (`boards`). What a server does not know is not asked of it (`dialect`).

pub mod address;
mod app;
mod boards;
pub mod client;
pub mod convert;
mod credential;
mod dialect;
pub mod faults;
mod history;
mod inventory;
pub mod limits;
mod missed;
mod presence;
pub mod queries;
mod reads;
mod rest;
mod rights;
mod scopes;
mod signed;
pub mod webhook;
pub mod wire;

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use http::HeaderMap;
use secrecy::SecretString;

use super::{
    Catalogue, Cost, Discovered, Fate, Hints, Inventory, Missed, Probe, ReadOut, Rights, Roll,
    ScanId, Standing, Tracker, TrackerError, WebhookError,
};
use crate::model::{ConnectionId, Timestamp, TrackerKind};
use crate::transport::{Short, Transport};

use address::Address;
pub use app::{AppKey, KeyError};
use boards::Boards;
use client::Client;
use dialect::Dialect;
use missed::Looks;
use scopes::Scopes;

/// The most ids of one [`Tracker::read`].
const BATCH: usize = 50;
/// A token that ends within this time is worth a note.
const TOKEN_NOTICE_DAYS: f64 = 30.0;

/// A connection as the settings describe it.
#[derive(Debug, Clone)]
pub struct Config {
    pub connection: ConnectionId,
    /// The API's base address, or the address of a server; see [`address`].
    pub api: String,
    /// Whether `api` is GitHub Enterprise Server, where its look misleads.
    pub server: Option<bool>,
    /// `owner/name` of every repository to read, or `owner/*` for all of an owner.
    pub repositories: Vec<String>,
    pub auth: Auth,
    /// Any of them may sign a delivery, so that they can be changed one at a time.
    pub webhook_secrets: Vec<SecretString>,
    /// Whether issue titles are asked for at all.
    pub titles: bool,
    /// The most issues of one question, at most 100.
    pub page: u32,
    /// The name of the boards' status field.
    pub status_field: String,
}

/// Who asks.
#[derive(Debug, Clone)]
pub enum Auth {
    /// A personal access token.
    Token(SecretString),
    App(AppKey),
}

impl Config {
    /// The usual settings of a connection to github.com.
    #[must_use]
    pub fn new(connection: ConnectionId, repositories: Vec<String>, token: SecretString) -> Self {
        Self {
            connection,
            api: "https://api.github.com".to_owned(),
            server: None,
            repositories,
            auth: Auth::Token(token),
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
    scopes: Scopes,
    webhook_secrets: Vec<SecretString>,
    titles: bool,
    status_field: String,
    client: Client,
    address: Address,
    dialect: Dialect,
    boards: Boards,
    /// An App has a token for each owner: the clients of all owners but the first, by the owner's
    /// name in lower case.
    others: BTreeMap<String, Client>,
    /// The present names of configured repositories, as answers told them.
    present_names: Mutex<BTreeMap<String, String>>,
    looks: Mutex<Looks>,
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

    /// GitHub's names do not differ by case alone.
    fn is(&self, other: &Self) -> bool {
        self.owner.eq_ignore_ascii_case(&other.owner) && self.name.eq_ignore_ascii_case(&other.name)
    }
}

impl GitHub {
    /// Must be called inside a tokio runtime (see [`Client::new`]). Asks nothing yet.
    ///
    /// # Errors
    /// [`TrackerError::Refused`] for an address or a repository name that cannot be meant.
    pub fn new(config: Config, transport: Transport) -> Result<Self, TrackerError> {
        let place = config.connection.to_string();
        let scopes = Scopes::parse(&config.repositories).map_err(|text| {
            TrackerError::Refused(format!(
                "{place}: `{text}` is no repository; write `owner/name` or `owner/*` in `scopes`"
            ))
        })?;
        let address = Address::of(&config.api, config.server)
            .map_err(|problem| TrackerError::Refused(format!("{place}: {problem}")))?;
        let (client, others) = signed::clients(&config, &address, &scopes, &transport)?;
        Ok(Self {
            connection: config.connection,
            scopes,
            webhook_secrets: config.webhook_secrets,
            titles: config.titles,
            status_field: config.status_field,
            client,
            others,
            address,
            dialect: Dialect::default(),
            boards: Boards::default(),
            present_names: Mutex::default(),
            looks: Mutex::default(),
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
        let all = self.scopes.repositories();
        let open = all.iter().map(Repository::full_name);
        let names = open.chain(self.scopes.closed().into_keys());
        names.map(ScanId).chain(self.boards.due()).collect()
    }

    fn recall(&self, walked: &[(ScanId, Timestamp)]) {
        self.boards.recall(walked);
    }

    async fn probe(&self) -> Result<Probe, TrackerError> {
        let mut probe = self.probe_all().await?;
        self.fit(&self.client).await?;
        self.boards.tick(probe.clock);
        probe.notes.extend(self.dialect_notes());
        Ok(probe)
    }

    async fn catalogue(&self, full: bool) -> Result<Catalogue, TrackerError> {
        let releases = if full { self.releases().await? } else { Vec::new() };
        Ok(Catalogue { statuses: convert::statuses(), releases })
    }

    async fn discover(
        &self,
        scan: &ScanId,
        since: Option<Timestamp>,
        clock: Timestamp,
        page: Option<&str>,
    ) -> Result<Discovered, TrackerError> {
        if let Some(board) = boards::board_of(scan) {
            return self.of_owner(self.board(board, since, clock, page).await);
        }
        if let Some(why) = self.scopes.closed().remove(&scan.0) {
            return Err(TrackerError::Refused(why));
        }
        let repository = Repository::parse(&scan.0)
            .filter(|repository| self.scopes.repositories().contains(repository))
            .ok_or_else(|| {
                let place = self.client.place();
                TrackerError::Refused(format!("{place}: {} is not one of its scopes", scan.0))
            })?;
        // GitHub's stamps are whole seconds.
        let since = since.map(|at| Timestamp::from_millis(at.millis().div_euclid(1000) * 1000));
        if page.is_none() && since.is_some_and(|since| self.scopes.is_quiet(&repository, since)) {
            return Ok(Discovered::default());
        }
        self.of_owner(self.issues(&repository, since, clock, page).await)
    }

    async fn read(&self, sources: &[String]) -> Result<ReadOut, TrackerError> {
        self.by_id(sources).await
    }

    fn batch(&self) -> usize {
        BATCH
    }

    fn projects(&self) -> Vec<String> {
        self.scopes.repositories().iter().map(Repository::full_name).collect()
    }

    fn covers(&self, project: &str) -> bool {
        self.scopes.covers(project)
    }

    fn present(&self, project: &str) -> Option<String> {
        self.present_names.lock().unwrap_or_else(PoisonError::into_inner).get(project).cloned()
    }

    async fn standing(&self, project: &str) -> Result<Standing, TrackerError> {
        self.of_owner(self.standing_of(project).await)
    }

    async fn roll(&self, project: &str, page: Option<&str>) -> Result<Roll, TrackerError> {
        self.of_owner(self.roll_of(project, page).await)
    }

    async fn fate(&self, source: &str, key: &str) -> Result<Fate, TrackerError> {
        self.of_owner(self.fate_of(source, key).await)
    }

    fn short(&self, of: &str) -> Option<Short> {
        let owner = of.split_once('/').map_or("", |(owner, _)| owner);
        self.client_of(owner).short()
    }

    async fn inventory(&self, projects: &[String]) -> Result<Inventory, TrackerError> {
        self.survey(projects).await
    }

    async fn rights(&self) -> Result<Rights, TrackerError> {
        if self.client.credential().app().is_some() {
            return Ok(Rights { untold: Some(rights::OF_APPS), ..Rights::default() });
        }
        let answer = self.client.ask(queries::PROBE, serde_json::json!({})).await?;
        Ok(rights::of(&answer.headers))
    }

    fn cost(&self) -> Cost {
        // Twenty pages of fifty issues and now and then a long timeline; a page is four points.
        Cost { requests_per_thousand: 21, points_per_thousand: 80, points_per_hour: Some(5_000) }
    }

    async fn missed(&self, since: Timestamp) -> Result<Option<Missed>, TrackerError> {
        self.missed_since(since).await
    }

    fn webhook(&self, headers: &HeaderMap, body: &[u8]) -> Result<Hints, WebhookError> {
        let hints = webhook::hints(&self.webhook_secrets, headers, body)?;
        if webhook::is_of_repositories(headers) {
            self.scopes.distrust();
        }
        Ok(hints)
    }
}
