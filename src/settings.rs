//! The settings of `streamgauge.toml`, composed from what each module needs.
//!
//! The file is read first and `STREAMGAUGE_*` variables win over it (`STREAMGAUGE_STORE__URL`,
//! two underscores between levels). Secrets are only named here.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::digests::settings::Digest;
use crate::schedule::Schedule;
use crate::trackers::settings::Connection;
use crate::web::settings::Web;

/// Everything the platform engineer writes.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    #[serde(default)]
    pub store: Store,
    #[serde(default)]
    pub web: Web,
    #[serde(default)]
    pub log: Log,
    /// The portfolio file; a relative path starts at the folder of this file.
    #[serde(default = "default_portfolio")]
    pub portfolio: PathBuf,
    /// Keep titles of items. Readers need them; `false` stores none.
    #[serde(default = "yes")]
    pub titles: bool,
    #[serde(default)]
    pub connection: Vec<Connection>,
    #[serde(default)]
    pub digest: Vec<Digest>,
}

/// Where facts are kept.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Store {
    /// `sqlite:FILE` or `postgres://user@host/db`; a password comes from PGPASSWORD.
    #[serde(default = "default_store")]
    pub url: String,
}

/// How the daemon logs.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    #[serde(default)]
    pub format: LogFormat,
    /// For example `info,streamgauge=debug`.
    pub filter: Option<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    #[default]
    Text,
    Json,
}

impl Default for Store {
    fn default() -> Self {
        Self { url: default_store() }
    }
}

fn default_store() -> String {
    "sqlite:streamgauge.db".to_owned()
}

fn default_portfolio() -> PathBuf {
    PathBuf::from("portfolio.toml")
}

fn yes() -> bool {
    true
}

/// Why the settings cannot be used. The text names the file, the place and the mend.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    #[error("cannot read {path}: {reason}; name the file with --config")]
    Unreadable { path: String, reason: String },
    #[error("{path}: {problem}")]
    Wrong { path: String, problem: String },
}

impl Settings {
    /// Reads the file, lets the environment win, and checks everything that needs no network.
    ///
    /// # Errors
    /// The file is missing or malformed, has an unknown key, or holds values that contradict.
    pub fn load(path: &Path) -> Result<Self, SettingsError> {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| SettingsError::Unreadable {
            path: name.clone(),
            reason: error.to_string(),
        })?;
        let wrong = |problem: String| SettingsError::Wrong { path: name.clone(), problem };
        // The `config` crate loses lines, so the file is judged alone first: this error shows the
        // place. What the environment adds is judged by the second reading.
        toml::from_str::<Self>(&text).map_err(|error| wrong(error.to_string()))?;
        let mut settings: Self = config::Config::builder()
            .add_source(config::File::from_str(&text, config::FileFormat::Toml))
            .add_source(
                config::Environment::with_prefix("STREAMGAUGE")
                    .prefix_separator("_")
                    .separator("__")
                    .try_parsing(true),
            )
            .build()
            .and_then(config::Config::try_deserialize)
            .map_err(|error| wrong(format!("with STREAMGAUGE_* variables: {error}")))?;
        settings.check().map_err(wrong)?;
        if settings.portfolio.is_relative() {
            let folder = path.parent().unwrap_or_else(|| Path::new("."));
            settings.portfolio = folder.join(&settings.portfolio);
        }
        Ok(settings)
    }

    fn check(&self) -> Result<(), String> {
        let mut ids = std::collections::BTreeSet::new();
        for connection in &self.connection {
            if !ids.insert(&connection.id) {
                return Err(format!("two connections are called `{}`", connection.id));
            }
            connection.validate().map_err(|error| error.to_string())?;
            Schedule::parse(&connection.pull)
                .map_err(|error| format!("connection `{}`, pull: {error}", connection.id))?;
        }
        let mut digests = std::collections::BTreeSet::new();
        for digest in &self.digest {
            if !digests.insert(&digest.id) {
                return Err(format!("two digests are called `{}`", digest.id));
            }
            digest.check().map_err(|problem| format!("digest `{}`: {problem}", digest.id))?;
        }
        self.web.check()
    }
}
