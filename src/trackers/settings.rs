//! `[[connection]]` of `streamgauge.toml`, and how it becomes a tracker.

use std::path::PathBuf;
use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::{Tracker, github, jira};
use crate::model::{ConnectionId, TrackerKind};
use crate::secret::{SecretError, SecretRef};
use crate::transport::{Limits, Route, Transport, Wire, guard, wire};

/// One connection, as written.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Connection {
    /// The name that `portfolio.toml`, `/webhooks/{id}` and messages use.
    pub id: String,
    pub kind: Kind,
    /// Jira: the site, with the path of a Data Center if it has one. GitHub: the server, or a
    /// simulated or proxied API; github.com otherwise.
    pub url: Option<String>,
    /// Jira: project keys. GitHub: `owner/repo`, or `owner/*` for all of an owner.
    pub scopes: Vec<String>,
    pub auth: Auth,
    /// Signs the tracker's webhooks. Without one, webhooks of this connection are refused.
    pub webhook_secret: Option<SecretRef>,
    /// The secret before the last rotation, accepted as well.
    pub webhook_secret_previous: Option<SecretRef>,
    /// When to pull, as five cron fields in UTC.
    #[serde(default = "default_pull")]
    pub pull: String,
    /// Jira: where scoped tokens are accepted, for a proxied or simulated API.
    pub gateway: Option<String>,
    /// Jira: names of the link types that mean "cannot go on until".
    #[serde(default = "default_blocking")]
    pub blocking_links: Vec<String>,
    /// The proxy on the way to this tracker, whatever the environment says.
    pub proxy: Option<ProxyRef>,
    /// A file with certificates of authorities that this machine does not know, in PEM form.
    pub ca: Option<PathBuf>,
    /// GitHub: the name of the board field that holds the status.
    #[serde(default = "default_status_field")]
    pub status_field: String,
    /// GitHub: whether `url` is GitHub Enterprise Server, where its look misleads.
    pub server: Option<bool>,
}

/// The trackers we speak to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    JiraCloud,
    JiraDataCenter,
    Github,
}

/// Credentials by name: `{ user = "...", token = { env = "..." } }`, `{ token = ... }`, or
/// `{ app = 1234, key = { file = "..." } }`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Auth {
    /// Jira Cloud: the account that the token belongs to.
    pub user: Option<String>,
    pub token: Option<SecretRef>,
    /// GitHub: the id of an App, instead of a token.
    pub app: Option<u64>,
    /// The private key of the App.
    pub key: Option<SecretRef>,
    /// The installation of the App to use; without one it is chosen by the owners in `scopes`.
    pub installation: Option<u64>,
}

/// The address of a proxy, or where it is kept when it holds a password.
#[derive(Debug, Clone, Deserialize)]
#[serde(
    untagged,
    expecting = "`proxy` is an address such as \"http://proxy.example.com:3128\", or says where it \
                 is kept as { env = \"...\" } or { file = \"...\" }"
)]
pub enum ProxyRef {
    Address(String),
    Kept(SecretRef),
}

impl Auth {
    /// What is wrong with it for a tracker of this kind, as a sentence.
    fn problem(&self, kind: TrackerKind) -> Option<&'static str> {
        let of_app = self.app.is_some() || self.key.is_some() || self.installation.is_some();
        match kind {
            TrackerKind::Jira if of_app => Some(
                "`auth` names a GitHub App, and this is Jira: write `token` instead of `app`, \
                 `key` and `installation`",
            ),
            TrackerKind::GitHub if self.user.is_some() => Some(
                "`auth.user` is for Jira; a token of GitHub knows its account, so take `user` out",
            ),
            TrackerKind::GitHub if of_app && self.token.is_some() => Some(
                "`auth` names both a token and a GitHub App; keep either `token`, or `app` and \
                 `key`",
            ),
            TrackerKind::GitHub if of_app && self.app.is_none() => {
                Some("`auth.app` is missing: write the App's id, a number in the App's settings")
            }
            TrackerKind::GitHub if of_app && self.key.is_none() => Some(
                "`auth.key` is missing: name the App's private key as { file = \"...\" } or \
                 { env = \"...\" }",
            ),
            _ if !of_app && self.token.is_none() => {
                Some("`auth.token` is missing: name it as { env = \"...\" } or { file = \"...\" }")
            }
            _ => None,
        }
    }
}

fn default_pull() -> String {
    "*/5 * * * *".to_owned()
}

fn default_blocking() -> Vec<String> {
    vec!["Blocks".to_owned()]
}

fn default_status_field() -> String {
    "Status".to_owned()
}

/// A connection that cannot be made from what is written.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    #[error("connection `{id}`: {source}")]
    Secret { id: String, source: SecretError },
    #[error("connection `{id}`: {problem}")]
    Wrong { id: String, problem: String },
}

impl Connection {
    #[must_use]
    pub fn tracker_kind(&self) -> TrackerKind {
        match self.kind {
            Kind::JiraCloud | Kind::JiraDataCenter => TrackerKind::Jira,
            Kind::Github => TrackerKind::GitHub,
        }
    }

    /// Says what is wrong without reading a secret or touching the network.
    ///
    /// # Errors
    /// The key at fault and a sentence: a required key is missing, or a scope does not have the
    /// form that its tracker needs.
    pub fn validate(&self) -> Result<(), (&'static str, String)> {
        let wrong = |key: &'static str, problem: String| Err((key, problem));
        if self.scopes.is_empty() {
            return wrong(
                "scopes",
                "`scopes` is empty: name at least one project or repository".into(),
            );
        }
        // Said without repeating it: what stands before the @ may be a password.
        if self.url.as_ref().is_some_and(|url| url.contains('@')) {
            let problem = "`url` holds a user or a password; write the address alone, and name the \
                           credential in `auth`";
            return wrong("url", problem.into());
        }
        if let Some(url) = &self.url
            && !(url.starts_with("https://") || is_loopback(url))
        {
            let problem = format!("`url` is {url}, but credentials are only sent over https");
            return wrong("url", format!("{problem}: write https://"));
        }
        if let Some(gateway) = &self.gateway
            && (gateway.contains('@') || !(gateway.starts_with("https://") || is_loopback(gateway)))
        {
            let problem = "`gateway` gets the credential as well: write an address with https://, \
                           without a user or a password";
            return wrong("gateway", problem.into());
        }
        for (key, address) in [("url", &self.url), ("gateway", &self.gateway)] {
            if let Some(why) = address.as_deref().and_then(guard::written) {
                return wrong(key, format!("`{key}`: {why}: write the address of the tracker"));
            }
        }
        match &self.proxy {
            Some(ProxyRef::Address(address)) if address.contains('@') => {
                let problem = "`proxy` holds a user or a password; keep the whole address elsewhere \
                               and name it as { env = \"...\" } or { file = \"...\" }";
                return wrong("proxy", problem.into());
            }
            Some(ProxyRef::Address(address)) => {
                if let Err(error) = Route::default().through(address) {
                    return wrong("proxy", error.to_string());
                }
            }
            Some(ProxyRef::Kept(_)) | None => {}
        }
        if let Some(problem) = self.auth.problem(self.tracker_kind()) {
            return wrong("auth", problem.to_owned());
        }
        match self.kind {
            Kind::JiraCloud if self.url.is_none() => {
                wrong("url", "`url` is missing: write https://SITE.atlassian.net".into())
            }
            Kind::JiraCloud if self.auth.user.is_none() => {
                let problem = "`auth.user` is missing: write the e-mail of the token's account";
                wrong("auth", problem.into())
            }
            Kind::JiraDataCenter => self.validate_center(),
            Kind::Github => match self.scopes.iter().find(|scope| !is_repository(scope)) {
                Some(scope) => {
                    let problem = format!("scope `{scope}` is not a repository: write it as");
                    wrong("scopes", format!("{problem} owner/repository, or owner/* for all"))
                }
                None => Ok(()),
            },
            Kind::JiraCloud => Ok(()),
        }
    }

    fn validate_center(&self) -> Result<(), (&'static str, String)> {
        let wrong = |key: &'static str, problem: &str| Err((key, problem.to_owned()));
        let Some(url) = &self.url else {
            let problem = "`url` is missing: write the address of Jira, such as \
                           https://jira.example.com, with its path if it has one";
            return wrong("url", problem);
        };
        if url.split(['?', '#']).next().is_some_and(|url| url.contains(".atlassian.net")) {
            return wrong(
                "kind",
                "`url` is a site of Jira Cloud: write `kind = \"jira-cloud\"`, and `auth` with the \
                 account's e-mail",
            );
        }
        if self.auth.user.is_some() {
            let problem = "`auth.user` is not used by Data Center, whose personal access tokens \
                           belong to their account: leave only `token`";
            return wrong("auth", problem);
        }
        if self.gateway.is_some() {
            return wrong("gateway", "`gateway` is for Jira Cloud only: take it out");
        }
        Ok(())
    }

    /// Makes the tracker client. Reads secrets; sends nothing yet.
    ///
    /// # Errors
    /// See [`Connection::validate`]; a secret is not where it should be.
    pub fn connect(
        &self,
        titles: bool,
        transport: &Transport,
    ) -> Result<Arc<dyn Tracker>, ConnectError> {
        let wrong = |problem: String| ConnectError::Wrong { id: self.id.clone(), problem };
        self.validate().map_err(|(_, problem)| wrong(problem))?;
        let failed = |source| ConnectError::Secret { id: self.id.clone(), source };
        let read = |secret: &SecretRef| secret.read().map_err(failed);
        let token = self.auth.token.as_ref().map(read).transpose()?;
        let webhook_secrets = [&self.webhook_secret, &self.webhook_secret_previous]
            .into_iter()
            .flatten()
            .map(|place| place.read_strong().map_err(failed))
            .collect::<Result<Vec<_>, _>>()?;
        let connection = ConnectionId(self.id.clone());
        let transport = self.reached(transport)?.on_account();
        Ok(match self.kind {
            Kind::JiraCloud => Arc::new(jira::connect(
                jira::Config {
                    connection,
                    site: self.url.clone().unwrap_or_default(),
                    gateway: self
                        .gateway
                        .clone()
                        .unwrap_or_else(|| "https://api.atlassian.com".to_owned()),
                    scopes: self.scopes.clone(),
                    user: SecretString::from(self.auth.user.clone().unwrap_or_default()),
                    token: token.unwrap_or_default(),
                    webhook_secrets,
                    titles,
                    blocking: self.blocking_links.clone(),
                },
                transport,
            )),
            Kind::JiraDataCenter => Arc::new(
                jira::center::connect(
                    jira::center::Config {
                        connection,
                        site: self.url.clone().unwrap_or_default(),
                        scopes: self.scopes.clone(),
                        token: token.unwrap_or_default(),
                        webhook_secrets,
                        titles,
                        blocking: self.blocking_links.clone(),
                    },
                    transport,
                )
                .map_err(|_| {
                    let problem = "the token holds characters that no token has: check where it \
                                   comes from";
                    wrong(problem.to_owned())
                })?,
            ),
            Kind::Github => Arc::new(
                github::GitHub::new(
                    github::Config {
                        connection,
                        api: self.url.clone().unwrap_or_else(|| "https://api.github.com".into()),
                        server: self.server,
                        repositories: self.scopes.clone(),
                        auth: self.github_auth(token)?,
                        webhook_secrets,
                        titles,
                        page: 50,
                        status_field: self.status_field.clone(),
                    },
                    transport,
                )
                .map_err(|error| wrong(error.to_string()))?,
            ),
        })
    }

    /// The transport that goes the connection's own way; the shared one where it has none.
    fn reached(&self, transport: &Transport) -> Result<Transport, ConnectError> {
        if self.proxy.is_none() && self.ca.is_none() {
            return Ok(transport.clone());
        }
        transport.by(&self.route()?).map_err(|error| self.no_tls(&error))
    }

    /// A bare wire that goes the connection's own way, for the command that registers webhooks.
    ///
    /// # Errors
    /// `proxy` or `ca` cannot be used.
    pub fn wire(&self) -> Result<Wire, ConnectError> {
        wire(&Limits::default(), &self.route()?).map_err(|error| self.no_tls(&error))
    }

    fn no_tls(&self, error: &dyn std::error::Error) -> ConnectError {
        let why = error.source().map_or_else(String::new, ToString::to_string);
        let problem = format!("no TLS client can be made ({why}); check `ca` and `proxy`");
        ConnectError::Wrong { id: self.id.clone(), problem }
    }

    fn route(&self) -> Result<Route, ConnectError> {
        let wrong = |problem: String| ConnectError::Wrong { id: self.id.clone(), problem };
        let mut route = Route::default();
        match &self.proxy {
            None => {}
            Some(ProxyRef::Address(address)) => {
                route = route.through(address).map_err(|error| wrong(error.to_string()))?;
            }
            Some(ProxyRef::Kept(place)) => {
                let address = place.read().map_err(|source| {
                    let id = self.id.clone();
                    ConnectError::Secret { id, source }
                })?;
                route = route
                    .through(address.expose_secret())
                    .map_err(|error| wrong(format!("{place}: {error}")))?;
            }
        }
        if let Some(file) = &self.ca {
            route = route.trusting(file).map_err(|error| wrong(error.to_string()))?;
        }
        Ok(route)
    }

    fn github_auth(&self, token: Option<SecretString>) -> Result<github::Auth, ConnectError> {
        let (Some(app), Some(place)) = (self.auth.app, &self.auth.key) else {
            return Ok(github::Auth::Token(token.unwrap_or_default()));
        };
        let id = || self.id.clone();
        let key = place.read().map_err(|source| ConnectError::Secret { id: id(), source })?;
        let key = github::AppKey::new(app, &key, self.auth.installation).map_err(|error| {
            ConnectError::Wrong { id: id(), problem: format!("the key in {place} {error}") }
        })?;
        Ok(github::Auth::App(key))
    }
}

/// `owner/name`, or `owner/*`.
fn is_repository(scope: &str) -> bool {
    scope.split_once('/').is_some_and(|(owner, name)| {
        let starred = owner.contains('*') || (name.contains('*') && name != "*");
        !owner.is_empty() && !name.is_empty() && !name.contains('/') && !starred
    })
}

fn is_loopback(url: &str) -> bool {
    url.strip_prefix("http://")
        .map(|rest| rest.split(['/', ':']).next().unwrap_or(""))
        .is_some_and(|host| host == "127.0.0.1" || host == "localhost")
}
