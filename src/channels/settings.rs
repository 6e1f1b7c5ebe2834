//! `[[channel]]` of `streamgauge.toml`.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use lettre::message::Mailbox;
use secrecy::SecretString;
use serde::Deserialize;

use super::chat::{Chat, Kind as ChatKind};
use super::email::Email;
use super::github::GitHub;
use super::http::{Caller, Post, judge};
use super::slack_bot::SlackBot;
use super::webhook::Webhook;
use super::{Channel, Channels, Target};
use crate::secret::{SecretError, SecretRef};
use crate::transport::{Limits, Transport};

/// One declared channel, as written. Which keys it has depends on its kind.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    pub id: String,
    pub kind: Kind,
    /// The team whose own it is: only digests of this team go here.
    pub team: Option<String>,
    /// Where a webhook is posted. Whoever knows it can post there, so it is a secret.
    pub url: Option<SecretRef>,
    /// Signs what a webhook receives.
    pub secret: Option<SecretRef>,
    /// Where the API of GitHub or Slack is, if not at its usual address.
    pub api: Option<String>,
    /// The credential of GitHub or Slack; it is used for nothing else.
    pub token: Option<SecretRef>,
    /// `OWNER/NAME` at GitHub.
    pub repository: Option<String>,
    /// The category of discussions at GitHub; without one digests are issues.
    pub category: Option<String>,
    /// The id of a channel of Slack, such as `C0123456789`.
    pub channel: Option<String>,
    /// `HOST`, or `HOST:PORT`: 465 speaks TLS from the first byte, every other port changes to it.
    pub server: Option<String>,
    pub user: Option<String>,
    pub password: Option<SecretRef>,
    pub from: Option<String>,
    pub to: Option<Vec<String>>,
    /// A file with certificates of authorities that this machine does not know, in PEM form.
    pub ca: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Signed as the Standard Webhooks specification says.
    Webhook,
    /// An incoming webhook of Slack.
    Slack,
    /// A webhook of a workflow of Microsoft Teams.
    Teams,
    /// SMTP.
    Email,
    /// An app of Slack, which can look up what it has posted.
    SlackBot,
    /// Issues or discussions of a repository.
    Github,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Self::Webhook => "webhook",
            Self::Slack => "slack",
            Self::Teams => "teams",
            Self::Email => "email",
            Self::SlackBot => "slack-bot",
            Self::Github => "github",
        }
    }

    /// The keys that it needs, and those that it may have besides.
    fn keys(self) -> (&'static [&'static str], &'static [&'static str]) {
        match self {
            Self::Webhook => (&["url", "secret"], &["ca"]),
            Self::Slack | Self::Teams => (&["url"], &["ca"]),
            Self::Email => (&["server", "from", "to"], &["user", "password", "ca"]),
            Self::SlackBot => (&["token", "channel"], &["api", "ca"]),
            Self::Github => (&["token", "repository"], &["category", "api", "ca"]),
        }
    }
}

/// A channel that cannot be made from what is written.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("channel `{channel}`: {problem}")]
    Wrong { channel: String, problem: String },
    #[error("channel `{channel}`: {source}")]
    Secret { channel: String, source: SecretError },
}

impl Settings {
    /// Says what is wrong without reading a secret.
    ///
    /// # Errors
    /// The key at fault and a sentence with the mend.
    pub fn validate(&self) -> Result<(), (&'static str, String)> {
        if self.id.is_empty() || self.id.contains(':') || Target::parse(&self.id).is_some() {
            let problem = "a channel needs an id of its own: without a colon, and not `stdout`";
            return Err(("id", problem.to_owned()));
        }
        let given = [
            ("url", self.url.is_some()),
            ("secret", self.secret.is_some()),
            ("api", self.api.is_some()),
            ("token", self.token.is_some()),
            ("repository", self.repository.is_some()),
            ("category", self.category.is_some()),
            ("channel", self.channel.is_some()),
            ("server", self.server.is_some()),
            ("user", self.user.is_some()),
            ("password", self.password.is_some()),
            ("from", self.from.is_some()),
            ("to", self.to.as_ref().is_some_and(|to| !to.is_empty())),
            ("ca", self.ca.is_some()),
        ];
        let (needed, allowed) = self.kind.keys();
        let kind = self.kind.word();
        for (key, is_given) in given {
            if needed.contains(&key) && !is_given {
                let problem = format!("a channel of kind \"{kind}\" needs `{key}`");
                return Err(("kind", problem));
            }
            if is_given && !needed.contains(&key) && !allowed.contains(&key) {
                return Err((key, format!("`{key}` means nothing for the kind \"{kind}\"")));
            }
        }
        if self.user.is_some() != self.password.is_some() {
            let problem = "`user` and `password` belong together: write both, or none";
            return Err(("kind", problem.to_owned()));
        }
        if let Some(api) = &self.api {
            judge(api, "api").map_err(|problem| ("api", problem))?;
        }
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '/');
        if let Some(name) = &self.repository
            && (name.split('/').filter(|part| !part.is_empty()).count() != 2
                || name.matches('/').count() != 1
                || !name.chars().all(plain))
        {
            let problem = format!("repository: `{name}` is not one: write \"OWNER/NAME\"");
            return Err(("repository", problem));
        }
        if let Some(id) = &self.channel
            && (id.is_empty() || !id.chars().all(|c| c.is_ascii_alphanumeric()))
        {
            let problem = format!(
                "channel: `{id}` is not the id of a channel: it stands at the end of the \
                 channel's details, such as C0123456789"
            );
            return Err(("channel", problem));
        }
        if let Some(server) = &self.server {
            Server::parse(server).map_err(|problem| ("server", problem))?;
        }
        let mailbox = |key: &'static str, text: &String| {
            text.parse::<Mailbox>().map(drop).map_err(|_| {
                let problem =
                    format!("{key}: `{text}` is not a mail address: write \"A@B.example\"");
                (key, problem)
            })
        };
        self.from.iter().try_for_each(|from| mailbox("from", from))?;
        self.to.iter().flatten().try_for_each(|to| mailbox("to", to))
    }

    fn open(&self, transport: &Transport) -> Result<Arc<dyn Channel>, OpenError> {
        let read = |secret: &Option<SecretRef>| {
            secret
                .as_ref()
                .map(SecretRef::read)
                .transpose()
                .map_err(|source| OpenError::Secret { channel: self.id.clone(), source })
        };
        let wrong = |problem| OpenError::Wrong { channel: self.id.clone(), problem };
        self.validate().map_err(|(_, problem)| wrong(problem))?;
        let (url, secret) = (read(&self.url)?, read(&self.secret)?);
        let (token, password) = (read(&self.token)?, read(&self.password)?);
        let caller = Caller::new(&self.id, self.ca.as_deref(), transport).map_err(wrong)?;
        let missing = |key: &str| wrong(format!("`{key}` is missing"));
        let post = |caller, url: Option<SecretString>| {
            Post::new(caller, url.ok_or_else(|| missing("url"))?).map_err(wrong)
        };
        Ok(match self.kind {
            Kind::Email => Arc::new(Email::new(self, password).map_err(wrong)?),
            Kind::Webhook => {
                let secret = secret.ok_or_else(|| missing("secret"))?;
                Arc::new(Webhook::new(post(caller, url)?, &secret).map_err(wrong)?)
            }
            Kind::Slack => Arc::new(Chat::new(post(caller, url)?, ChatKind::Slack)),
            Kind::Teams => Arc::new(Chat::new(post(caller, url)?, ChatKind::Teams)),
            Kind::SlackBot => {
                let token = token.ok_or_else(|| missing("token"))?;
                Arc::new(SlackBot::new(self, caller, &token).map_err(wrong)?)
            }
            Kind::Github => {
                let token = token.ok_or_else(|| missing("token"))?;
                Arc::new(GitHub::new(self, caller, &token).map_err(wrong)?)
            }
        })
    }
}

/// How long a receiver is waited for, and how much of its answer is read. What is sent is not
/// repeated here.
#[must_use]
pub fn limits() -> Limits {
    Limits {
        total: Duration::from_secs(30),
        body: 1 << 20,
        backoff: Vec::new(),
        longest_wait: Duration::from_secs(10),
        ..Limits::default()
    }
}

/// Makes every channel; reads their secrets. `transport` has these [`limits`].
///
/// # Errors
/// The first channel that cannot be made.
pub fn open(settings: &[Settings], transport: &Transport) -> Result<Channels, OpenError> {
    let open = |one: &Settings| Ok((one.id.clone(), one.open(transport)?));
    settings.iter().map(open).collect()
}

/// A mail server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Server {
    pub host: String,
    pub port: u16,
}

impl Server {
    /// The port of mail submission.
    const USUAL: u16 = 587;

    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "server: `{text}` is not a server: write \"HOST\", or \"HOST:465\" for TLS alone"
            )
        };
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) => (host, port.parse().map_err(|_| wrong())?),
            None => (text, Self::USUAL),
        };
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        if host.is_empty() || !host.chars().all(plain) {
            return Err(wrong());
        }
        Ok(Self { host: host.to_owned(), port })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(text: &str) -> (&'static str, String) {
        toml::from_str::<Settings>(text).unwrap().validate().unwrap_err()
    }

    #[test]
    fn a_kind_has_its_own_keys() {
        let (key, problem) = wrong("id = \"a\"\nkind = \"slack\"");
        assert_eq!((key, problem.as_str()), ("kind", "a channel of kind \"slack\" needs `url`"));
        let (key, _) = wrong("id = \"a\"\nkind = \"slack\"\nurl = { env = \"A\" }\nserver = \"m\"");
        assert_eq!(key, "server");
        let mail = "id = \"a\"\nkind = \"email\"\nserver = \"m:25\"\nfrom = \"g@a.example\"\n";
        let (key, problem) = wrong(&format!("{mail}to = [\"no address\"]"));
        assert_eq!(key, "to");
        assert!(problem.contains("`no address`"), "{problem}");
        let (key, _) = wrong(&format!("{mail}to = [\"a@b.example\"]\nuser = \"u\""));
        assert_eq!(key, "kind");
    }

    #[test]
    fn an_id_is_no_word_of_its_own() {
        for id in ["", "stdout", "file:a", "a:b"] {
            assert_eq!(wrong(&format!("id = \"{id}\"\nkind = \"slack\"")).0, "id", "{id}");
        }
    }
}
