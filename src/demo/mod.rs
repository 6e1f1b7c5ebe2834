//! The whole product on one machine: simulated trackers over HTTP, the real clients, a real SQLite
//! file. Used by `streamgauge demo` and by the tests of the whole path.

mod recorded;
mod stage;

use std::path::Path;
use std::sync::Arc;

pub use recorded::Recording;
pub use stage::{Source, Stage};

use crate::clock::SharedClock;
use crate::entropy::Entropy;
use crate::gauge::{Declared, Gauge};
use crate::model::Timestamp;
use crate::portfolio::{Portfolio, Problems};
use crate::schedule::Schedule;
use crate::spawn::Spawner;
use crate::store::{Store, StoreError};
use crate::sync::{Engine, PassOutcome, Progress, Reach, Settings, Stop};
use crate::trackers::{Tracker, TrackerError, github, jira};
use crate::transport::{Limits, Transport};

/// What signs the webhooks of the simulated trackers.
pub const WEBHOOK_SECRET: &str = "simulated-webhook-secret-0123456789";

/// Everything that runs in a demo.
pub struct Demo {
    pub stage: Stage,
    pub store: Store,
    pub gauge: Arc<Gauge>,
    pub engine: Arc<Engine>,
    pub trackers: Vec<Arc<dyn Tracker>>,
    pub transport: Transport,
    pub clock: SharedClock,
    pub spawner: Spawner,
    /// The instant that the data speaks of: its end, for recorded data.
    pub as_of: Option<Timestamp>,
}

/// Why a demo cannot start.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    #[error("the simulated trackers cannot listen: {0}")]
    Listen(#[from] std::io::Error),
    #[error("the portfolio of the demo is refused:\n{0}")]
    Portfolio(#[from] Problems),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Tracker(#[from] TrackerError),
    #[error("no TLS configuration can be used: {0}")]
    Tls(#[from] reqwest::Error),
}

impl Demo {
    /// Starts the trackers, opens `folder/streamgauge.db` and records what the portfolio decided
    /// and read. Nothing is synced yet.
    ///
    /// # Errors
    /// A socket, the file, or a portfolio that does not hold together.
    pub async fn open(
        source: Source,
        folder: &Path,
        clock: SharedClock,
    ) -> Result<Self, DemoError> {
        let url = format!("sqlite:{}", folder.join("streamgauge.db").display());
        Self::open_at(source, &url, clock).await
    }

    /// The same with any store (`sqlite:FILE`, `postgres://...`).
    ///
    /// # Errors
    /// See [`Demo::open`].
    pub async fn open_at(source: Source, url: &str, clock: SharedClock) -> Result<Self, DemoError> {
        let spawner = Spawner::tokio();
        let entropy = Entropy::from_system();
        let portfolio = Arc::new(Portfolio::parse(&source.portfolio, "portfolio.toml")?);
        let as_of = source.as_of;
        let (text, decisions, readings) =
            (source.portfolio.clone(), source.decisions.clone(), source.readings.clone());
        let stage = Stage::start(source, &clock, &spawner).await?;
        let transport =
            Transport::over_network(Limits::default(), Arc::clone(&clock), entropy.clone())?;
        let trackers = connect(&stage, &transport)?;
        let store = Store::open(url, Arc::clone(&clock)).await?;
        store.accept_portfolio(&text, clock.now()).await?;
        for decision in decisions {
            store.add_decision(decision, None).await?;
        }
        for reading in readings {
            store.add_reading(reading).await?;
        }
        let gauge = Gauge::new(store.clone(), portfolio, Arc::clone(&clock));
        let gauge = Arc::new(gauge.declaring(trackers.iter().map(declared).collect()));
        let engine = Arc::new(Engine::new(
            store.clone(),
            trackers.clone(),
            Arc::clone(&clock),
            entropy,
            Settings::default(),
        ));
        Ok(Self { stage, store, gauge, engine, trackers, transport, clock, spawner, as_of })
    }

    /// One full pass over every connection.
    pub async fn sync(&self, progress: &dyn Progress, stop: &Stop) -> Vec<PassOutcome> {
        let mut outcomes = Vec::new();
        for connection in self.engine.connections() {
            outcomes.push(self.engine.pass(&connection, Reach::Hot, progress, stop).await);
        }
        outcomes
    }
}

/// The connection as settings would name it; the demo pulls every minute.
fn declared(tracker: &Arc<dyn Tracker>) -> Declared {
    Declared {
        connection: tracker.connection().clone(),
        tracker: tracker.kind(),
        scopes: tracker.projects(),
        pull: Schedule::parse("* * * * *").expect("five fields"),
    }
}

fn connect(stage: &Stage, transport: &Transport) -> Result<Vec<Arc<dyn Tracker>>, TrackerError> {
    let mut trackers: Vec<Arc<dyn Tracker>> = Vec::new();
    if let Some(site) = &stage.github {
        trackers.push(Arc::new(github::GitHub::new(site.config(), transport.clone())?));
    }
    if let Some(site) = &stage.jira {
        trackers.push(Arc::new(jira::connect(site.config(), transport.clone())));
    }
    Ok(trackers)
}
