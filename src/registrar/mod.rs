//! Registers webhooks at trackers: the only code that changes anything there. It runs on a person's
//! command, `streamgauge webhooks register`, with a credential that is given to that command and to
//! nothing else, and its client is not the one that reads: a tracker has no way to call it, and
//! [`Transport`](crate::transport::Transport) refuses what it sends.
//!
//! Each kind of tracker looks first what is there, and then says which [`Step`] is missing. A second
//! run finds none.

mod github;
mod jira;
mod writer;

use std::fmt;

use http::Method;
use secrecy::SecretString;
use serde_json::Value;

pub use writer::{Credential, Writer, WriterError};

/// Which webhook is wanted.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The connection; the webhook's address ends with it.
    pub connection: String,
    /// The public address of this program, without a slash at the end.
    pub base: String,
    /// Signs the deliveries.
    pub secret: SecretString,
    pub at: Place,
}

/// Where it is wanted.
#[derive(Debug, Clone)]
pub enum Place {
    /// Repositories (`repos/OWNER/NAME`) and organisations (`orgs/OWNER`) below the REST API.
    GitHub {
        api: String,
        /// A server of one's own knows fewer events.
        server: bool,
        places: Vec<String>,
    },
    /// A site of Jira Cloud, or a Data Center with its path; the events of these projects.
    Jira { site: String, cloud: bool, projects: Vec<String> },
}

/// One change at a tracker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    pub method: Method,
    pub url: String,
    /// What is sent, with [`SECRET`] in place of the secret.
    pub body: Option<Value>,
    /// Why, in a few words.
    pub why: String,
}

/// Stands for the secret until a step is sent.
pub const SECRET: &str = "<the connection's webhook_secret>";

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} {}", self.why, self.method, self.url)?;
        match &self.body {
            Some(body) => write!(f, "\n{body:#}"),
            None => Ok(()),
        }
    }
}

impl Wanted {
    /// Where deliveries go.
    #[must_use]
    pub fn address(&self) -> String {
        format!("{}/webhooks/{}", self.base.trim_end_matches('/'), self.connection)
    }

    /// Whether a webhook leads to this connection of this program, whatever its query.
    fn is_ours(&self, url: &str) -> bool {
        url.split(['?', '#']).next() == Some(self.address().as_str())
    }

    /// The steps that are missing.
    ///
    /// # Errors
    /// The tracker does not let the credential see its webhooks, or does not answer.
    pub async fn missing(&self, writer: &Writer) -> Result<Vec<Step>, WriterError> {
        match &self.at {
            Place::GitHub { api, server, places } => {
                github::missing(self, writer, api, *server, places).await
            }
            Place::Jira { site, cloud, projects } => {
                jira::missing(self, writer, site, *cloud, projects).await
            }
        }
    }

    /// The steps that take it away again.
    ///
    /// # Errors
    /// As [`Wanted::missing`].
    pub async fn removal(&self, writer: &Writer) -> Result<Vec<Step>, WriterError> {
        match &self.at {
            Place::GitHub { api, places, .. } => github::removal(self, writer, api, places).await,
            Place::Jira { site, cloud, .. } => jira::removal(self, writer, site, *cloud).await,
        }
    }

    /// Takes one step.
    ///
    /// # Errors
    /// The tracker refuses it, or does not answer.
    pub async fn take(&self, writer: &Writer, step: &Step) -> Result<(), WriterError> {
        writer.change(step, &self.secret).await
    }
}
