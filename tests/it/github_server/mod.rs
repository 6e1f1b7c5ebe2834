//! GitHub Enterprise Server, and boards without events: the real client, engine and store against
//! the simulated site in its dialects, over HTTP.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod boards;
mod dialect;
mod story;

use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use streamgauge::clock::{ManualClock, SharedClock};
use streamgauge::entropy::Entropy;
use streamgauge::model::{Change, ConnectionId, Timestamp, What};
use streamgauge::sim::github::records::{BoardRecord, Record, RepoRecord};
use streamgauge::sim::github::{EditError, Edits, Running, Site, serve};
use streamgauge::spawn::Spawner;
use streamgauge::store::{Store, StoredItem};
use streamgauge::sync::{Engine, PassOutcome, Reach, Settings, Silent, Stop};
use streamgauge::trackers::Tracker;
use streamgauge::trackers::github::{Config, GitHub};
use streamgauge::transport::{Limits, Transport};
use tokio::net::TcpListener;

pub const START: &str = "2026-11-20T12:00:00Z";
pub const REPO: u64 = 1;
pub const BOARD: u64 = 5;

/// A site, a connection to it, and what it has stored.
pub struct Bench {
    pub site: Site,
    pub clock: Arc<ManualClock>,
    pub running: Running,
    pub transport: Transport,
    pub store: Store,
    pub github: Arc<GitHub>,
    engine: Engine,
    url: String,
    _folder: tempfile::TempDir,
}

fn records() -> Vec<Record> {
    let created = Timestamp::parse("2026-01-01T00:00:00Z").unwrap();
    let (owner, name) = ("northwind".to_owned(), "checkout".to_owned());
    let statuses = ["Todo", "In progress", "In review", "Done"].map(str::to_owned).to_vec();
    vec![
        Record::Repo(RepoRecord { id: REPO, owner: owner.clone(), name, created, archived: false }),
        Record::Board(BoardRecord {
            id: BOARD,
            owner,
            number: 1,
            title: "Delivery".into(),
            statuses,
        }),
    ]
}

pub fn connection() -> ConnectionId {
    ConnectionId("github".into())
}

fn connect(url: &str, server: Option<bool>, transport: &Transport) -> Arc<GitHub> {
    let token = SecretString::from("token");
    let usual = Config::new(connection(), vec!["northwind/checkout".to_owned()], token);
    let config = Config { api: url.to_owned(), server, ..usual };
    Arc::new(GitHub::new(config, transport.clone()).unwrap())
}

fn engine(github: &Arc<GitHub>, store: &Store, clock: &Arc<ManualClock>, seed: u64) -> Engine {
    let trackers: Vec<Arc<dyn Tracker>> = vec![github.clone()];
    let clock: SharedClock = clock.clone();
    Engine::new(store.clone(), trackers, clock, Entropy::from_seed(seed), Settings::default())
}

impl Bench {
    /// github.com without board events, as it has been since September 2026.
    pub async fn dotcom() -> Self {
        let bench = Self::open(None, "").await;
        bench.site.set_status_events(false);
        bench
    }

    /// GitHub Enterprise Server of a version, below `/api/v3`.
    pub async fn server(version: &str) -> Self {
        Self::open(Some(version), "/api/v3").await
    }

    async fn open(version: Option<&str>, below: &str) -> Self {
        let clock = ManualClock::at(Timestamp::parse(START).unwrap());
        let site = Site::new(records(), clock.clone());
        site.set_server(version);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let running = serve(&site, listener, clock.clone(), &Spawner::tokio()).unwrap();
        let (limits, seed) = (Limits::default(), Entropy::from_seed(1));
        let transport = Transport::over_network(limits, clock.clone(), seed).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let database = format!("sqlite:{}", folder.path().join("gauge.db").display());
        let store = Store::open(&database, clock.clone()).await.unwrap();
        let url = format!("{}{below}", running.url);
        let github = connect(&url, None, &transport);
        let engine = engine(&github, &store, &clock, 1);
        let _folder = folder;
        Self { site, clock, running, transport, store, github, engine, url, _folder }
    }

    /// What the next process finds.
    pub fn restart(&mut self) {
        self.github = connect(&self.url, None, &self.transport);
        self.engine = engine(&self.github, &self.store, &self.clock, 2);
    }

    pub fn edit<T>(&self, change: impl FnOnce(&mut Edits<'_>) -> Result<T, EditError>) -> T {
        self.site.edit(change).unwrap()
    }

    pub fn advance(&self, minutes: u64) {
        self.clock.advance(Duration::from_secs(60 * minutes));
    }

    /// One pass, which must be complete, with the requests that it cost.
    pub async fn pass(&self, reach: Reach) -> (PassOutcome, u64) {
        let before = self.transport.requests();
        let outcome = self.try_pass(reach).await;
        assert!(outcome.complete && outcome.problem.is_none(), "{outcome:?}");
        (outcome, self.transport.requests() - before)
    }

    pub async fn try_pass(&self, reach: Reach) -> PassOutcome {
        self.engine.pass(&connection(), reach, &Silent, &Stop::never()).await
    }

    pub async fn hot(&self) -> u64 {
        self.pass(Reach::Hot).await.1
    }

    /// Follows the hints that wait.
    pub async fn refresh(&self) {
        let outcome = self.engine.refresh(&connection(), &Stop::never()).await;
        assert!(outcome.problem.is_none(), "{outcome:?}");
    }

    /// How often a query of this name was asked.
    pub fn asked(&self, operation: &str) -> u64 {
        self.site.requests().count(&format!("POST /graphql {operation}"))
    }

    pub async fn item(&self, number: u64) -> StoredItem {
        let key = format!("northwind/checkout#{number}");
        let mut found = self.store.items_by_key(&key, None).await.unwrap();
        assert_eq!(found.len(), 1, "{key}");
        found.remove(0)
    }
}

/// The moves on boards, one line each.
pub fn moves(history: &[Change]) -> Vec<String> {
    let line = |change: &Change| match &change.what {
        What::Board { from, to, .. } => {
            let text = |status: &Option<String>| status.clone().unwrap_or("-".into());
            let time = &change.at.to_string()[11..19];
            Some(format!("{time} {:?} {} > {}", change.precision, text(from), text(to)))
        }
        _ => None,
    };
    history.iter().filter_map(line).collect()
}
