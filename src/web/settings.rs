//! `[web]` of `streamgauge.toml`: where the daemon listens, and who may look.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use http::HeaderName;
use serde::Deserialize;

use crate::secret::{SecretError, SecretRef};

/// Where the daemon listens, and with which credentials.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Web {
    #[serde(default = "default_listen")]
    pub listen: SocketAddr,
    /// Credentials. Without any, only loopback addresses are served.
    #[serde(default)]
    pub token: Vec<Token>,
    /// Trust a proxy that has signed people in.
    pub proxy: Option<Proxy>,
    /// The address that people type (`https://gauge.example.com`): for the Origin check, and for
    /// the links of digests to their signal pages.
    pub public_url: Option<String>,
}

/// One credential: a bearer token for scripts, and the same word in the sign-in form for people.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Token {
    pub role: RoleName,
    /// The team whose page the role `team` opens.
    pub team: Option<String>,
    pub secret: SecretRef,
}

impl Token {
    /// Whether the role and the team go together.
    #[must_use]
    pub fn fits(&self) -> bool {
        (self.role == RoleName::Team) == self.team.is_some()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RoleName {
    /// May read everything at portfolio and stream level.
    Viewer,
    /// May also record decisions, readings and integration events.
    Portfolio,
    /// May read its own team's page.
    Team,
}

/// A reverse proxy that authenticates people and says so in a header.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proxy {
    /// The header that carries proof, such as `x-streamgauge-proxy`.
    pub header: String,
    /// What the header must contain. Anyone else who sends it is refused.
    pub secret: SecretRef,
    #[serde(default = "viewer")]
    pub role: RoleName,
}

impl Default for Web {
    fn default() -> Self {
        Self { listen: default_listen(), token: Vec::new(), proxy: None, public_url: None }
    }
}

fn default_listen() -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8787)
}

fn viewer() -> RoleName {
    RoleName::Viewer
}

impl Web {
    /// Reads every credential once: one that could be guessed opens nothing.
    ///
    /// # Errors
    /// A secret is not where the settings say, or too short.
    pub fn judge_secrets(&self) -> Result<(), SecretError> {
        let tokens = self.token.iter().map(|token| &token.secret);
        let proxy = self.proxy.iter().map(|proxy| &proxy.secret);
        tokens.chain(proxy).try_for_each(|place| place.read_strong().map(drop))
    }

    /// # Errors
    /// The key at fault, and a sentence with the mend.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        if !self.listen.ip().is_loopback() && self.token.is_empty() && self.proxy.is_none() {
            let problem = format!(
                "web.listen is {}, which others can reach, but there is no [[web.token]]: add one, \
                 or listen on 127.0.0.1",
                self.listen
            );
            return Err(("listen", problem));
        }
        if let Some(url) = &self.public_url {
            let rest = ["https://", "http://"].iter().find_map(|scheme| url.strip_prefix(scheme));
            let plain = |rest: &str| {
                let odd = |c: char| !c.is_ascii_graphic() || "\"'<>(){}|\\^`?#".contains(c);
                !rest.is_empty() && !rest.contains(odd)
            };
            if !rest.is_some_and(plain) {
                let problem = format!(
                    "web.public_url is `{url}`: write the whole address that people type, such as \
                     https://gauge.example.com"
                );
                return Err(("public_url", problem));
            }
        }
        if !self.token.iter().all(Token::fits) {
            let problem = "[[web.token]]: `team` goes with role = \"team\", and only with it";
            return Err(("token", problem.into()));
        }
        if let Some(proxy) = &self.proxy {
            if HeaderName::from_bytes(proxy.header.as_bytes()).is_err() {
                let problem = format!("web.proxy: `{}` is not the name of a header", proxy.header);
                return Err(("proxy", format!("{problem}: write one such as x-streamgauge-proxy")));
            }
            if proxy.role == RoleName::Team {
                let problem = "web.proxy: role = \"team\" would show every team's page to all who \
                               sign in: write \"viewer\" or \"portfolio\"";
                return Err(("proxy", problem.into()));
            }
        }
        Ok(())
    }
}
