//! The settings of `streamgauge.toml`, composed from what each module needs.
//!
//! The file is read first and `STREAMGAUGE_*` variables win over it (`STREAMGAUGE_STORE__URL`,
//! two underscores between levels). Secrets are only named here.

mod place;
mod store;
mod words;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::de::DeTable;
use tracing_subscriber::EnvFilter;

use crate::channels::settings::Settings as Channel;
use crate::digests::settings::{Digest, NO_CADENCE};
use crate::portfolio::{Portfolio, excerpt, nearest};
use crate::schedule::Schedule;
use crate::sources::settings::Credential;
use crate::trackers::settings::Connection;
use crate::web::settings::Web;
use place::Step;

pub use store::Store;

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
    /// How addresses of outcome measures are reached.
    #[serde(default)]
    pub source: Vec<Credential>,
    /// Where digests go, beside folders and standard output.
    #[serde(default)]
    pub channel: Vec<Channel>,
    #[serde(default)]
    pub digest: Vec<Digest>,
    #[serde(skip)]
    file: Source,
}

/// The file that the settings were read from, for messages.
#[derive(Debug, Clone, Default)]
struct Source {
    path: String,
    text: String,
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

fn default_portfolio() -> PathBuf {
    PathBuf::from("portfolio.toml")
}

fn yes() -> bool {
    true
}

/// Why the settings cannot be used: one sentence that names the file, the place and the next step.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    #[error(
        "cannot read {path}: {reason}; `streamgauge init` writes a first pair of files, \
         --config names a settings file elsewhere, and `streamgauge demo` needs none"
    )]
    Unreadable { path: String, reason: String },
    /// `place` is FILE:LINE:COLUMN, or names the variable that is wrong.
    #[error("{place}: {problem}")]
    Wrong {
        place: String,
        problem: String,
        /// The line at `place` with a mark below the column.
        excerpt: Option<String>,
    },
}

impl SettingsError {
    /// The sentence, and below it the line that it speaks of where that can be shown.
    #[must_use]
    pub fn rendered(&self) -> String {
        match self {
            Self::Wrong { excerpt: Some(excerpt), .. } => format!("{self}\n{}", excerpt.trim_end()),
            _ => self.to_string(),
        }
    }
}

/// Something wrong at a place of the settings.
struct Fault<'a> {
    path: Vec<Step<'a>>,
    problem: String,
}

impl<'a> Fault<'a> {
    fn new(path: &[Step<'a>], problem: String) -> Self {
        Self { path: path.to_vec(), problem }
    }
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
        let source = Source { path: name, text };
        // The `config` crate loses lines, so the file is judged alone first: this error shows the
        // place. What the environment adds is judged by the second reading.
        // Of broken TOML the first place counts: the others follow from it.
        let (_, mut broken) = DeTable::parse_recoverable(&source.text);
        broken.sort_by_key(|error| error.span().map_or(0, |span| span.start));
        if let Some(first) = broken.first() {
            return Err(source.unreadable(first));
        }
        let file: Self = toml::from_str(&source.text).map_err(|error| source.unreadable(&error))?;
        // A variable may hold it, as DATABASE_URL does elsewhere; a file is copied and committed.
        if file.store.shows_password() {
            let problem = "`store.url` holds a password; write the address without it, and name the \
                           place of the password as `password = { file = \"...\" }` or { env = \
                           \"...\" }";
            return Err(source.fault(Fault::new(&[("store", None), ("url", None)], problem.into())));
        }
        let (mut settings, judged) = source.with_variables(None)?;
        if let Err(fault) = judged {
            let of_file = file.check().is_err_and(|own| own.problem == fault.problem);
            let told = if of_file {
                source.fault(fault)
            } else {
                SettingsError::Wrong {
                    place: source.variables(),
                    problem: fault.problem,
                    excerpt: None,
                }
            };
            return Err(told);
        }
        if settings.portfolio.is_relative() {
            let folder = path.parent().unwrap_or_else(|| Path::new("."));
            settings.portfolio = folder.join(&settings.portfolio);
        }
        settings.file = source;
        Ok(settings)
    }

    /// The file that the settings were read from.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.file.path
    }

    /// What is wrong with a secret, at the place of the key that names it.
    #[must_use]
    pub fn secret(&self, name: &str, problem: String) -> SettingsError {
        let found = place::secret(&self.file.text, name);
        self.file.at(found, problem)
    }

    /// Checks that the two files mean the same connections, streams and teams. Settings without
    /// any connection serve a store that was filled elsewhere, and may lack what the portfolio
    /// names.
    ///
    /// # Errors
    /// A name that the other file does not have, at the place where it is used.
    pub fn check_against(
        &self,
        portfolio: &Portfolio,
        file: &str,
        text: &str,
    ) -> Result<(), SettingsError> {
        let connections: Vec<&str> = self.connection.iter().map(|one| one.id.as_str()).collect();
        // Names inside rules come in lower case.
        let known =
            |name: &str| connections.iter().any(|id| id.to_lowercase() == name.to_lowercase());
        let unknown = portfolio.connections().into_iter().find(|(name, _)| !known(name));
        if let Some((name, line)) = unknown.filter(|_| !connections.is_empty()) {
            let (line, column) = place::quoted(text, line, name);
            return Err(SettingsError::Wrong {
                place: format!("{file}:{line}:{column}"),
                problem: format!(
                    "there is no connection `{name}`; {} declares {}{}",
                    self.file.path,
                    connections.join(", "),
                    meant(name, &connections)
                ),
                excerpt: excerpt(text, line, column),
            });
        }
        let streams: Vec<&str> = portfolio.streams().iter().map(|one| one.id.as_str()).collect();
        let teams: Vec<&str> = portfolio.teams().iter().map(|one| one.id.as_str()).collect();
        let known = |path: &[Step<'_>], what: &str, id: Option<&str>, known: &[&str]| {
            let Some(id) = id.filter(|id| !known.contains(id)) else { return Ok(()) };
            let (declared, meant) = (known.join(", "), meant(id, known));
            let problem = format!("there is no {what} `{id}`; {file} declares {declared}{meant}");
            Err(self.file.fault(Fault::new(path, problem)))
        };
        for (place, digest) in self.digest.iter().enumerate() {
            let at = ("digest", Some(place));
            if digest.at_boundaries && portfolio.cadences().is_empty() {
                let problem = format!("digest `{}`: {NO_CADENCE}", digest.id);
                return Err(self.file.fault(Fault::new(&[at, ("at_boundaries", None)], problem)));
            }
            let whom = |kind: &str| digest.audience.strip_prefix(kind);
            known(&[at, ("for", None)], "stream", whom("stream:"), &streams)?;
            known(&[at, ("for", None)], "team", whom("team:"), &teams)?;
        }
        for (place, channel) in self.channel.iter().enumerate() {
            let at = [("channel", Some(place)), ("team", None)];
            known(&at, "team", channel.team.as_deref(), &teams)?;
        }
        for (place, token) in self.web.token.iter().enumerate() {
            let at = [("web", None), ("token", Some(place)), ("team", None)];
            known(&at, "team", token.team.as_deref(), &teams)?;
        }
        Ok(())
    }

    fn check(&self) -> Result<(), Fault<'static>> {
        if let Some(Err(error)) = self.log.filter.as_deref().map(EnvFilter::try_new) {
            return Err(Fault::new(
                &[("log", None), ("filter", None)],
                format!("filter: {error}; write it as \"info,streamgauge=debug\""),
            ));
        }
        let mut ids = BTreeSet::new();
        for (place, connection) in self.connection.iter().enumerate() {
            let at = ("connection", Some(place));
            if !ids.insert(&connection.id) {
                let problem = format!("two connections are called `{}`; rename one", connection.id);
                return Err(Fault::new(&[at, ("id", None)], problem));
            }
            let named = |(key, problem): (&'static str, String)| {
                Fault::new(&[at, (key, None)], format!("connection `{}`: {problem}", connection.id))
            };
            connection.validate().map_err(named)?;
            Schedule::parse(&connection.pull)
                .map_err(|error| named(("pull", format!("pull: {error}"))))?;
        }
        for (place, source) in self.source.iter().enumerate() {
            source.validate().map_err(|(key, problem)| {
                Fault::new(
                    &[("source", Some(place)), (key, None)],
                    format!("[[source]]: {problem}"),
                )
            })?;
        }
        let mut channels: Vec<(&str, Option<&str>)> = Vec::new();
        for (place, channel) in self.channel.iter().enumerate() {
            let at = ("channel", Some(place));
            if channels.iter().any(|(id, _)| *id == channel.id) {
                let problem = format!("two channels are called `{}`; rename one", channel.id);
                return Err(Fault::new(&[at, ("id", None)], problem));
            }
            channel.validate().map_err(|(key, problem)| {
                Fault::new(&[at, (key, None)], format!("channel `{}`: {problem}", channel.id))
            })?;
            channels.push((&channel.id, channel.team.as_deref()));
        }
        let mut ids = BTreeSet::new();
        for (place, digest) in self.digest.iter().enumerate() {
            let at = ("digest", Some(place));
            if !ids.insert(&digest.id) {
                let problem = format!("two digests are called `{}`; rename one", digest.id);
                return Err(Fault::new(&[at, ("id", None)], problem));
            }
            digest.check(&channels).map_err(|(key, problem)| {
                Fault::new(&[at, (key, None)], format!("digest `{}`: {problem}", digest.id))
            })?;
        }
        self.web.check().map_err(|(key, problem)| {
            let entry = self.web.token.iter().position(|token| !token.fits());
            Fault::new(&[("web", None), (key, entry.filter(|_| key == "token"))], problem)
        })
    }
}

impl Source {
    fn fault(&self, fault: Fault<'_>) -> SettingsError {
        self.at(place::find(&self.text, &fault.path), fault.problem)
    }

    fn at(&self, found: Option<(usize, usize)>, problem: String) -> SettingsError {
        let (line, column) = found.unwrap_or((1, 1));
        let place = format!("{}:{line}:{column}", self.path);
        SettingsError::Wrong { place, problem, excerpt: excerpt(&self.text, line, column) }
    }

    fn unreadable(&self, error: &toml::de::Error) -> SettingsError {
        let offset = error.span().map_or(0, |span| span.start);
        let found = place::line_and_column(&self.text, offset);
        self.at(Some(found), words::reworded(error.message()))
    }

    /// The file with the variables that win over it, and what is wrong with the whole.
    fn with_variables(
        &self,
        only: Option<&str>,
    ) -> Result<(Settings, Result<(), Fault<'static>>), SettingsError> {
        let chosen = variables().filter(|(name, _)| only.is_none_or(|only| only == name));
        let environment = config::Environment::with_prefix(PREFIX)
            .prefix_separator("_")
            .separator("__")
            .try_parsing(true)
            .source(Some(chosen.collect()));
        let settings: Settings = config::Config::builder()
            .add_source(config::File::from_str(&self.text, config::FileFormat::Toml))
            .add_source(environment)
            .build()
            .and_then(config::Config::try_deserialize)
            .map_err(|error| {
                let place = match only {
                    None => self.variables(),
                    Some(_) => String::new(),
                };
                let problem = words::reworded(&error.to_string());
                SettingsError::Wrong { place, problem, excerpt: None }
            })?;
        let judged = settings.check();
        Ok((settings, judged))
    }

    /// The variables that are wrong by themselves, or all of them when only together they are.
    fn variables(&self) -> String {
        let names: Vec<String> = variables().map(|(name, _)| name).collect();
        let wrong =
            |name: &&String| !matches!(self.with_variables(Some(name.as_str())), Ok((_, Ok(()))));
        let alone: Vec<&str> = names.iter().filter(wrong).map(String::as_str).collect();
        let named = if alone.is_empty() { names.join(", ") } else { alone.join(", ") };
        format!("{named} over {}", self.path)
    }
}

const PREFIX: &str = "STREAMGAUGE";

/// The variables that win over the file, sorted by name.
fn variables() -> impl Iterator<Item = (String, String)> {
    let ours = |name: &str| name.starts_with(PREFIX) && name[PREFIX.len()..].starts_with('_');
    let mut found: Vec<(String, String)> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(name, _)| ours(name))
        .collect();
    found.sort();
    found.into_iter()
}

fn meant(word: &str, known: &[&str]) -> String {
    nearest(word, known).map_or_else(String::new, |near| format!(". Did you mean `{near}`?"))
}
