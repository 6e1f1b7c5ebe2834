//! The simulated trackers, started on loopback.

use secrecy::SecretString;
use tokio::net::TcpListener;

use super::{Recording, WEBHOOK_SECRET};
use crate::clock::SharedClock;
use crate::model::{ConnectionId, Decision, Reading, Timestamp};
use crate::sim::github;
use crate::sim::jira;
use crate::sim::story::Story;
use crate::spawn::Spawner;
use crate::trackers;

/// The token that the simulated github.com accepts.
const GITHUB_TOKEN: &str = "simulated-github-token";

/// What the trackers hold and what the portfolio declares.
#[derive(Debug, Clone, Default)]
pub struct Source {
    pub jira: Vec<jira::records::Record>,
    pub github: Vec<github::records::Record>,
    pub portfolio: String,
    pub decisions: Vec<Decision>,
    pub readings: Vec<Reading>,
    /// The instant to look from, when that is not now.
    pub as_of: Option<Timestamp>,
}

impl From<Story> for Source {
    fn from(story: Story) -> Self {
        Self {
            jira: story.jira,
            github: story.github,
            portfolio: story.portfolio_toml,
            decisions: story.decisions,
            readings: story.readings,
            as_of: None,
        }
    }
}

impl From<Recording> for Source {
    fn from(recording: Recording) -> Self {
        let portfolio = recording.portfolio();
        let as_of = recording.end();
        let Recording { jira, github } = recording;
        Self { jira, github, portfolio, as_of, ..Self::default() }
    }
}

/// The running trackers. Only those that have something to serve are started.
pub struct Stage {
    pub jira: Option<JiraStage>,
    pub github: Option<GitHubStage>,
}

pub struct JiraStage {
    pub site: jira::SharedSite,
    pub running: jira::Running,
    pub projects: Vec<String>,
    pub user: &'static str,
    pub token: &'static str,
}

pub struct GitHubStage {
    pub site: github::Site,
    pub running: github::Running,
    /// `owner/name`.
    pub repositories: Vec<String>,
    pub token: &'static str,
}

impl Stage {
    /// Serves the records of `source` on free ports of loopback.
    ///
    /// # Errors
    /// No port can be bound.
    pub async fn start(
        source: Source,
        clock: &SharedClock,
        spawner: &Spawner,
    ) -> std::io::Result<Self> {
        let mut stage = Self { jira: None, github: None };
        if !source.jira.is_empty() {
            stage.jira = Some(JiraStage::start(source.jira, clock, spawner).await?);
        }
        if !source.github.is_empty() {
            stage.github = Some(GitHubStage::start(source.github, clock, spawner).await?);
        }
        Ok(stage)
    }
}

impl JiraStage {
    async fn start(
        records: Vec<jira::records::Record>,
        clock: &SharedClock,
        spawner: &Spawner,
    ) -> std::io::Result<Self> {
        let mut projects: Vec<String> = records
            .iter()
            .filter_map(|record| match record {
                jira::records::Record::Project(project) => Some(project.key.clone()),
                _ => None,
            })
            .collect();
        projects.sort();
        let mut site = jira::Site::new(clock.clone());
        records.into_iter().for_each(|record| site.add(record));
        let site = site.shared();
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let running = jira::serve(site.clone(), listener, clock.clone(), spawner.clone())?;
        let (user, token) = (jira::access::USER, jira::access::TOKEN);
        Ok(Self { site, running, projects, user, token })
    }

    /// What the real client needs to read it, as the connection `jira`.
    #[must_use]
    pub fn config(&self) -> trackers::jira::Config {
        trackers::jira::Config {
            connection: ConnectionId("jira".into()),
            site: self.running.url.clone(),
            gateway: self.running.url.clone(),
            scopes: self.projects.clone(),
            user: SecretString::from(self.user),
            token: SecretString::from(self.token),
            webhook_secrets: vec![SecretString::from(WEBHOOK_SECRET)],
            titles: true,
            blocking: trackers::jira::Config::blocking(),
        }
    }
}

impl GitHubStage {
    async fn start(
        records: Vec<github::records::Record>,
        clock: &SharedClock,
        spawner: &Spawner,
    ) -> std::io::Result<Self> {
        let mut repositories: Vec<String> = records
            .iter()
            .filter_map(|record| match record {
                github::records::Record::Repo(repo) => {
                    Some(format!("{}/{}", repo.owner, repo.name))
                }
                _ => None,
            })
            .collect();
        repositories.sort();
        let site = github::Site::new(records, clock.clone());
        site.set_token(GITHUB_TOKEN);
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let running = github::serve(&site, listener, clock.clone(), spawner)?;
        Ok(Self { site, running, repositories, token: GITHUB_TOKEN })
    }

    /// What the real client needs to read it, as the connection `github`.
    #[must_use]
    pub fn config(&self) -> trackers::github::Config {
        let (connection, token) = (ConnectionId("github".into()), SecretString::from(self.token));
        let mut config =
            trackers::github::Config::new(connection, self.repositories.clone(), token);
        config.api.clone_from(&self.running.url);
        config.webhook_secrets = vec![SecretString::from(WEBHOOK_SECRET)];
        config
    }
}
