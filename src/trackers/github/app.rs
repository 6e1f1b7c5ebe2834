//! A GitHub App: its key proves who it is, and each owner's installation gives tokens that live an
//! hour. Asking for one is the only POST of the product that is not a question; it changes nothing
//! at GitHub but that the token exists.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use http::Method;
use octocrab::EncodingKey;
use octocrab::jsonwebtoken::{Algorithm, Header, encode};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use super::limits;
use super::rest::{Rest, Walk};
use crate::model::Timestamp;
use crate::trackers::TrackerError;
use crate::transport::Response;

/// How long the App's proof is good, in seconds; GitHub bears ten minutes.
const PROOF_LIFE: i64 = 540;
/// How far our clock may be ahead of GitHub's, in seconds.
const CLOCKS_APART: i64 = 60;
/// A token is replaced this long before its end, in milliseconds.
const EARLY_MS: i64 = 5 * 60_000;
/// Rights without which nothing useful can be read.
const NEEDED: [(&str, &str); 2] = [("issues", "Issues"), ("pull_requests", "Pull requests")];

/// What proves to be the App.
#[derive(Clone)]
pub struct AppKey {
    pub id: u64,
    key: EncodingKey,
    /// The installation to use; without one it is chosen by owner.
    pub installation: Option<u64>,
}

/// The private key is not one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not an RSA private key in PEM form; download one in the App's settings at GitHub")]
pub struct KeyError;

impl AppKey {
    /// # Errors
    /// `key` is not an RSA private key in PEM form.
    pub fn new(id: u64, key: &SecretString, installation: Option<u64>) -> Result<Self, KeyError> {
        let key = EncodingKey::from_rsa_pem(key.expose_secret().as_bytes());
        Ok(Self { id, key: key.map_err(|_| KeyError)?, installation })
    }
}

impl fmt::Debug for AppKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AppKey").field("id", &self.id).finish_non_exhaustive()
    }
}

/// An App and the tokens it was given.
#[derive(Debug)]
pub struct App {
    key: AppKey,
    pub rest: Rest,
    /// The scopes name one owner only.
    one_owner: bool,
    /// Held while a token is asked for, so that one is asked for once.
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    installations: Option<Vec<Installation>>,
    tokens: BTreeMap<u64, Token>,
}

/// A token of an installation, and what it may do.
#[derive(Debug, Clone)]
pub struct Token {
    pub secret: SecretString,
    renew_at: Timestamp,
    permissions: BTreeMap<String, String>,
}

/// A repository that an installation sees.
#[derive(Debug, Deserialize)]
pub struct Listed {
    #[serde(default)]
    pub node_id: String,
    pub full_name: String,
    #[serde(default)]
    pub archived: bool,
    #[serde(default = "yes")]
    pub has_issues: bool,
}

fn yes() -> bool {
    true
}

#[derive(Debug, Deserialize)]
struct Installation {
    id: u64,
    account: Account,
    #[serde(default)]
    suspended_at: Option<String>,
}

/// The owner at which the App is installed.
#[derive(Debug, Deserialize)]
struct Account {
    #[serde(rename = "login", default)]
    name: String,
    #[serde(rename = "type", default)]
    kind: String,
}

#[derive(Serialize)]
struct Claims {
    iss: u64,
    iat: i64,
    exp: i64,
}

#[derive(Deserialize)]
struct Granted {
    token: SecretString,
    expires_at: String,
    #[serde(default)]
    permissions: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Page {
    repositories: Vec<Listed>,
}

impl App {
    pub fn new(key: AppKey, rest: Rest, one_owner: bool) -> Self {
        Self { key, rest, one_owner, known: Mutex::default() }
    }

    /// A token that sees the repositories of `owner`, asked for when there is none or it is about
    /// to end.
    pub async fn token(&self, owner: &str) -> Result<Token, TrackerError> {
        let mut known = self.known.lock().await;
        let id = self.installation_of(&mut known, owner).await?;
        let now = self.rest.transport().clock().now();
        if let Some(token) = known.tokens.get(&id).filter(|token| now < token.renew_at) {
            return Ok(token.clone());
        }
        let granted = self.grant(id, owner).await;
        if granted.is_err() {
            // It may have been installed anew, under another id.
            known.installations = None;
        }
        let token = granted?;
        known.tokens.insert(id, token.clone());
        Ok(token)
    }

    /// Drops a token that GitHub refused, so that the next one is a new one.
    pub async fn refused(&self, refused: &SecretString) {
        let same = |token: &Token| token.secret.expose_secret() == refused.expose_secret();
        self.known.lock().await.tokens.retain(|_, token| !same(token));
    }

    /// What to say when even a new token is refused.
    pub fn refuses_new_tokens(&self) -> TrackerError {
        TrackerError::Unauthorized(format!(
            "{}: GitHub refuses (401) a token that it gave to App {} a moment ago; if it stays so, \
             look at the App's installation in the settings of its owner",
            self.rest.place(),
            self.key.id
        ))
    }

    /// What a person should know of the App's rights at `owner`.
    pub async fn notes(&self, owner: &str) -> Result<Vec<String>, TrackerError> {
        let token = self.token(owner).await?;
        let (place, app) = (self.rest.place(), self.key.id);
        let mut notes = Vec::new();
        let wide = token.permissions.iter().filter(|(_, level)| *level != "read");
        let wide: Vec<String> = wide.map(|(right, level)| format!("{right}: {level}")).collect();
        if !wide.is_empty() {
            notes.push(format!(
                "{place}: App {app} may do more than read at {owner} ({}); read access is enough, \
                 take the rest away in the App's settings",
                wide.join(", ")
            ));
        }
        let missing = NEEDED.iter().filter(|(right, _)| !token.permissions.contains_key(*right));
        let missing: Vec<&str> = missing.map(|(_, name)| *name).collect();
        if !missing.is_empty() {
            notes.push(format!(
                "{place}: App {app} may not read {} at {owner}; grant it in the App's settings, and \
                 let the owner accept the change",
                missing.join(" and ")
            ));
        }
        Ok(notes)
    }

    async fn installation_of(&self, known: &mut Known, owner: &str) -> Result<u64, TrackerError> {
        if let Some(id) = self.key.installation {
            return Ok(id);
        }
        if known.installations.is_none() {
            known.installations = Some(self.installations().await?);
        }
        let all = known.installations.as_deref().unwrap_or_default();
        let named = all.iter().find(|one| one.account.name.eq_ignore_ascii_case(owner));
        // An owner may have been renamed; where there is no choice, there is no doubt.
        let only = || all.first().filter(|_| self.one_owner && all.len() == 1);
        let chosen = named.or_else(only);
        match chosen {
            Some(one) if one.suspended_at.is_none() => Ok(one.id),
            Some(_) => {
                known.installations = None;
                Err(self.suspended(owner))
            }
            None => {
                let error = self.not_installed(owner, all);
                known.installations = None;
                Err(error)
            }
        }
    }

    fn not_installed(&self, owner: &str, all: &[Installation]) -> TrackerError {
        // Organisations only: other accounts are people.
        let organisations = all.iter().filter(|one| one.account.kind == "Organization");
        let names: Vec<&str> = organisations.map(|one| one.account.name.as_str()).collect();
        let elsewhere = match (all.len(), names.is_empty()) {
            (0, _) => "nowhere".to_owned(),
            (count, true) => format!("at {count} other accounts"),
            (_, false) => format!("at {}", names.join(", ")),
        };
        TrackerError::Unauthorized(format!(
            "{}: App {} is not installed at {owner} (it is installed {elsewhere}); install it there \
             with its page's Install button, or correct `scopes`",
            self.rest.place(),
            self.key.id
        ))
    }

    fn suspended(&self, owner: &str) -> TrackerError {
        TrackerError::Unauthorized(format!(
            "{}: the installation of App {} at {owner} is suspended; an owner of it can end that in \
             its settings, under GitHub Apps",
            self.rest.place(),
            self.key.id
        ))
    }

    /// Trades the proof for a token.
    async fn grant(&self, id: u64, owner: &str) -> Result<Token, TrackerError> {
        let (place, app) = (self.rest.place(), self.key.id);
        let url = self.rest.at(&format!("/app/installations/{id}/access_tokens"));
        let response = self.rest.send(Method::POST, &url, &self.proof()?).await?;
        match response.status().as_u16() {
            201 => {}
            401 => return Err(self.unproven(&response)),
            403 => return Err(self.suspended(owner)),
            404 => {
                return Err(TrackerError::Unauthorized(format!(
                    "{place}: installation {id} of App {app} is gone (404): it was uninstalled at \
                     {owner}; install it again, or correct `installation`"
                )));
            }
            status => {
                return Err(TrackerError::Refused(format!(
                    "{place}: GitHub gives App {app} no token for {owner} ({status}); check the \
                     App's settings"
                )));
            }
        }
        let granted: Granted = self.rest.read(&response)?;
        let now = self.rest.transport().clock().now();
        let theirs = limits::date(response.headers()).unwrap_or(now);
        let ends = Timestamp::parse(&granted.expires_at).unwrap_or(theirs);
        // How long it lives is counted by GitHub's clock, when that is over by ours.
        let lives = ends.millis().saturating_sub(theirs.millis());
        let renew_at = now.plus_millis((lives - EARLY_MS).max(lives / 2));
        Ok(Token { secret: granted.token, renew_at, permissions: granted.permissions })
    }

    /// The App's own word, signed with its key.
    pub fn proof(&self) -> Result<SecretString, TrackerError> {
        let now = self.rest.transport().clock().now().millis() / 1000;
        let claims = Claims { iss: self.key.id, iat: now - CLOCKS_APART, exp: now + PROOF_LIFE };
        let signed = encode(&Header::new(Algorithm::RS256), &claims, &self.key.key);
        signed.map(SecretString::from).map_err(|_| {
            TrackerError::Unauthorized(format!(
                "{}: the key of App {} cannot sign; download a new one in the App's settings",
                self.rest.place(),
                self.key.id
            ))
        })
    }

    fn unproven(&self, response: &Response) -> TrackerError {
        let ours = self.rest.transport().clock().now();
        let theirs = limits::date(response.headers()).unwrap_or(ours);
        let apart = (ours.millis() - theirs.millis()).abs() / 1000;
        let why = if apart >= CLOCKS_APART {
            format!("the clock of this machine is {apart} s away from GitHub's; correct it")
        } else {
            "the key does not belong to that App; check `app` and `key`".to_owned()
        };
        TrackerError::Unauthorized(format!(
            "{}: GitHub does not accept the key of App {} (401): {why}",
            self.rest.place(),
            self.key.id
        ))
    }

    /// Where the App is installed.
    async fn installations(&self) -> Result<Vec<Installation>, TrackerError> {
        let mut all = Vec::new();
        let mut walk = Walk::from(self.rest.at("/app/installations?per_page=100"));
        while let Some(url) = walk.next() {
            let response = self.rest.send(Method::GET, &url, &self.proof()?).await?;
            let page: Vec<Installation> = self.page(&response)?;
            all.extend(page);
            walk.follow(self.rest.next(response.headers()));
        }
        Ok(all)
    }

    /// The installations at these owners; empty when one of them cannot be told.
    pub async fn installed(&self, owners: &[String]) -> Result<BTreeSet<u64>, TrackerError> {
        let mut known = self.known.lock().await;
        let mut all = BTreeSet::new();
        for owner in owners {
            match self.installation_of(&mut known, owner).await {
                Ok(id) => drop(all.insert(id)),
                Err(TrackerError::Unauthorized(_)) => return Ok(BTreeSet::new()),
                Err(error) => return Err(error),
            }
        }
        Ok(all)
    }

    /// The repositories of `owner` that its installation sees.
    pub async fn repositories(&self, owner: &str) -> Result<Vec<Listed>, TrackerError> {
        let mut all = Vec::new();
        let mut walk = Walk::from(self.rest.at("/installation/repositories?per_page=100"));
        while let Some(url) = walk.next() {
            let response = self.signed(&url, owner).await?;
            let page: Page = self.page(&response)?;
            all.extend(page.repositories);
            walk.follow(self.rest.next(response.headers()));
        }
        all.retain(|one| {
            one.full_name.split_once('/').is_some_and(|(of, _)| of.eq_ignore_ascii_case(owner))
        });
        Ok(all)
    }

    fn page<T: DeserializeOwned>(&self, response: &Response) -> Result<T, TrackerError> {
        match response.status().as_u16() {
            200 => self.rest.read(response),
            401 => Err(self.unproven(response)),
            status => Err(TrackerError::Refused(format!(
                "{}: GitHub does not list what App {} sees ({status}); check `url`",
                self.rest.place(),
                self.key.id
            ))),
        }
    }

    /// A GET with the token of an installation, once more with a new one when it is refused.
    async fn signed(&self, url: &str, owner: &str) -> Result<Response, TrackerError> {
        let token = self.token(owner).await?.secret;
        let response = self.rest.send(Method::GET, url, &token).await?;
        if response.status().as_u16() != 401 {
            return Ok(response);
        }
        self.refused(&token).await;
        let token = self.token(owner).await?.secret;
        let response = self.rest.send(Method::GET, url, &token).await?;
        if response.status().as_u16() == 401 {
            return Err(self.refuses_new_tokens());
        }
        Ok(response)
    }
}
