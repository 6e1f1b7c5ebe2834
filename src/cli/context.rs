//! What most commands need: settings, portfolio, store, trackers.

use std::path::Path;
use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};

use super::Failure;
use crate::channels::settings::OpenError;
use crate::channels::{self, Channels};
use crate::clock::{SharedClock, SystemClock};
use crate::entropy::Entropy;
use crate::gauge::{Declared, Gauge};
use crate::model::ConnectionId;
use crate::portfolio::Portfolio;
use crate::schedule::Schedule;
use crate::settings::{LogFormat, Settings, SettingsError};
use crate::sources::settings::ConnectError as SourceError;
use crate::sources::{self, Source};
use crate::store::{Store, StoreError};
use crate::telemetry;
use crate::trackers::Tracker;
use crate::trackers::settings::{ConnectError, Connection};
use crate::transport::{Limits, Transport};
use crate::web::access::Access;

/// Settings and portfolio, read and checked.
pub(crate) struct Context {
    pub settings: Settings,
    pub portfolio: Arc<Portfolio>,
    pub portfolio_text: String,
    pub clock: SharedClock,
    pub entropy: Entropy,
}

impl Context {
    /// Reads both files. Logs start here, because the settings say how.
    pub(crate) fn load(config: &Path) -> Result<Self, Failure> {
        Self::load_with(config, telemetry::COMMANDS)
    }

    /// The same with another level of logs where the settings name none.
    pub(crate) fn load_with(config: &Path, filter: &str) -> Result<Self, Failure> {
        let settings = Settings::load(config).map_err(wrong)?;
        let filter = settings.log.filter.as_deref().unwrap_or(filter);
        telemetry::init(settings.log.format == LogFormat::Json, filter).map_err(Failure::Usage)?;
        let mend = format!(
            "write it, let `streamgauge init --dir FOLDER` write a first one, or name it as \
             `portfolio` in {}",
            config.display()
        );
        let (portfolio, text) = portfolio_file(&settings, &settings.portfolio, &mend)?;
        Ok(Self {
            settings,
            portfolio: Arc::new(portfolio),
            portfolio_text: text,
            clock: Arc::new(SystemClock),
            entropy: Entropy::from_system(),
        })
    }

    /// Reads another portfolio file, to be compared with the present one.
    pub(crate) fn other_portfolio(&self, path: &Path) -> Result<Portfolio, Failure> {
        let mend = "name a portfolio file that can be read";
        portfolio_file(&self.settings, path, mend).map(|(portfolio, _)| portfolio)
    }

    /// Opens the store for writing and accepts the portfolio file as it is.
    pub(crate) async fn open(&self) -> Result<Store, Failure> {
        let address = self.address()?;
        let store = Store::open(address.expose_secret(), Arc::clone(&self.clock))
            .await
            .map_err(unusable)?;
        store.accept_portfolio(&self.portfolio_text, self.clock.now()).await?;
        Ok(store)
    }

    /// Opens the store for reading, beside a daemon that may be running.
    pub(crate) async fn gauge(&self) -> Result<Gauge, Failure> {
        self.stored().await.map_err(unusable)
    }

    /// The same for a caller that can do without.
    pub(crate) async fn stored(&self) -> Result<Gauge, StoreError> {
        let clock = Arc::clone(&self.clock);
        let address = self.settings.store.address();
        let address = address.map_err(|error| StoreError::Unusable(error.to_string()))?;
        let store = Store::open_read_only(address.expose_secret(), Arc::clone(&clock)).await?;
        Ok(Gauge::new(store, Arc::clone(&self.portfolio), clock).declaring(self.declared()))
    }

    /// The connections as the settings name them.
    pub(crate) fn declared(&self) -> Vec<Declared> {
        let declared = |one: &Connection| {
            Some(Declared {
                connection: ConnectionId(one.id.clone()),
                tracker: one.tracker_kind(),
                scopes: one.scopes.clone(),
                // Checked when the settings were read.
                pull: Schedule::parse(&one.pull).ok()?,
            })
        };
        self.settings.connection.iter().filter_map(declared).collect()
    }

    /// Where the store is, with its password.
    pub(crate) fn address(&self) -> Result<SecretString, Failure> {
        self.settings
            .store
            .address()
            .map_err(|error| self.wrong(format!("store.password: {error}")))
    }

    /// Connects to every tracker; reads their secrets.
    pub(crate) fn trackers(&self, transport: &Transport) -> Result<Vec<Arc<dyn Tracker>>, Failure> {
        if self.settings.connection.is_empty() {
            return Err(self.wrong(
                "there is no [[connection]]; add one (`streamgauge init` writes it), or try \
                 `streamgauge demo`",
            ));
        }
        self.settings
            .connection
            .iter()
            .map(|connection| {
                connection.connect(self.settings.titles, transport).map_err(|error| match &error {
                    ConnectError::Secret { source, .. } => {
                        wrong(self.settings.secret(&source.name(), error.to_string()))
                    }
                    _ => self.wrong(error),
                })
            })
            .collect()
    }

    /// The sources of outcome measures; reads their secrets.
    pub(crate) fn sources(&self) -> Result<Vec<Source>, Failure> {
        let clock = Arc::clone(&self.clock);
        let transport = Transport::over_network(sources::limits(), clock, self.entropy.clone())?;
        let folder = self.settings.portfolio.parent().unwrap_or_else(|| Path::new("."));
        let (outcomes, zone) = (self.portfolio.outcomes(), self.portfolio.zone());
        sources::connect(outcomes, zone, folder, &self.settings.source, &transport).map_err(
            |error| match &error {
                SourceError::Secret { source, .. } => {
                    wrong(self.settings.secret(&source.name(), error.to_string()))
                }
                SourceError::Settings { .. } => self.wrong(error),
                SourceError::Wrong { .. } => {
                    Failure::Usage(format!("{}: {error}", self.settings.portfolio.display()))
                }
            },
        )
    }

    /// Where digests go; reads the secrets of the channels. Nothing is sent twice by the client.
    pub(crate) fn channels(&self) -> Result<Channels, Failure> {
        let clock = Arc::clone(&self.clock);
        let transport =
            Transport::over_network(channels::settings::limits(), clock, self.entropy.clone())?;
        channels::settings::open(&self.settings.channel, &transport).map_err(|error| match &error {
            OpenError::Secret { source, .. } => {
                wrong(self.settings.secret(&source.name(), error.to_string()))
            }
            OpenError::Wrong { .. } => self.wrong(error),
        })
    }

    /// The credentials of the pages; reads their secrets.
    pub(crate) fn access(&self) -> Result<Arc<Access>, Failure> {
        let web = &self.settings.web;
        web.judge_secrets()
            .and_then(|()| Access::new(web, Arc::clone(&self.clock)))
            .map_err(|error| wrong(self.settings.secret(&error.name(), error.to_string())))
    }

    /// Something that the settings file has to mend.
    pub(crate) fn wrong(&self, problem: impl std::fmt::Display) -> Failure {
        Failure::Usage(format!("{}: {problem}", self.settings.path()))
    }

    pub(crate) fn transport(&self) -> Result<Transport, Failure> {
        let clock = Arc::clone(&self.clock);
        Ok(Transport::over_network(Limits::default(), clock, self.entropy.clone())?)
    }
}

fn portfolio_file(
    settings: &Settings,
    file: &Path,
    mend: &str,
) -> Result<(Portfolio, String), Failure> {
    let path = file.display().to_string();
    let text = std::fs::read_to_string(file)
        .map_err(|error| Failure::Usage(format!("cannot read {path}: {error}; {mend}")))?;
    let portfolio = Portfolio::parse(&text, &path)
        .map_err(|problems| Failure::Usage(problems.rendered.trim_end().to_owned()))?;
    settings.check_against(&portfolio, &path, &text).map_err(wrong)?;
    Ok((portfolio, text))
}

fn wrong(error: SettingsError) -> Failure {
    Failure::Usage(error.rendered())
}

/// A store that cannot be used as it is named is a matter of configuration.
pub(crate) fn unusable(error: StoreError) -> Failure {
    match error {
        StoreError::Unusable(_) | StoreError::Absent { .. } | StoreError::Missing(_) => {
            Failure::Usage(error.to_string())
        }
        other => other.into(),
    }
}
