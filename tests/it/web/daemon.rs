//! The real daemon over the invented organisation, with a credential for each role.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use streamgauge::clock::{SharedClock, SystemClock};
use streamgauge::demo::{Source, Stage};
use streamgauge::sim::story::{self, Size};
use streamgauge::spawn::Spawner;
use streamgauge::store::Store;

use super::client::{Answer, Ask, get};
use crate::support::gate::Gate;
use crate::support::process::{Daemon, Folder, eventually};

pub const VIEWER: &str = "the word of the viewers, 24 bytes";
pub const PORTFOLIO: &str = "the word of the portfolio, 24 bytes";
pub const TEAM: &str = "the word of one team, 24 bytes";

const TOKENS: &str = r#"
[[web.token]]
role = "viewer"
secret = { env = "TEST_VIEWER" }
[[web.token]]
role = "portfolio"
secret = { env = "TEST_PORTFOLIO" }
[[web.token]]
role = "team"
team = "TEAM"
secret = { env = "TEST_TEAM" }
[[digest]]
id = "monday"
for = "portfolio"
at = "0 7 * * MON"
to = ["stdout"]
"#;

/// Ends when dropped.
pub struct Peopled {
    address: SocketAddr,
    _daemon: Daemon,
    _folder: Folder,
    _stage: Stage,
    _gate: Gate,
}

impl Peopled {
    /// Starts it, and waits until everything was read once.
    pub async fn start() -> Self {
        let clock: SharedClock = Arc::new(SystemClock);
        let story = story::generate(1, clock.now(), Size::Test);
        let source = Source::from(story);
        let (portfolio, decisions) = (source.portfolio.clone(), source.decisions.clone());
        let readings = source.readings.clone();
        let stage = Stage::start(source, &clock, &Spawner::tokio()).await.unwrap();
        let gate = Gate::open(&stage).await;
        let parsed: toml::Table = portfolio.parse().unwrap();
        let team = parsed["team"][0]["id"].as_str().unwrap();
        let tokens = TOKENS.replace("\"TEAM\"", &format!("{team:?}"));
        let folder = Folder::new(&stage, &gate, &portfolio)
            .with(&tokens, "TEST_VIEWER", VIEWER)
            .env("TEST_PORTFOLIO", PORTFOLIO)
            .env("TEST_TEAM", TEAM);
        // On this thread, so that the file is free for the daemon as soon as it is dropped.
        let store = Store::open_inline(&folder.url(), clock).await.unwrap();
        for decision in decisions {
            store.add_decision(decision, None).await.unwrap();
        }
        for reading in readings {
            store.add_reading(reading).await.unwrap();
        }
        drop(store);
        let daemon = folder.serve().await;
        let address = daemon.address.parse().unwrap();
        let house = Self { address, _daemon: daemon, _folder: folder, _stage: stage, _gate: gate };
        eventually(async || house.is_fresh().await, "everything is read").await;
        house
    }

    async fn is_fresh(&self) -> bool {
        let status = self.ask(get("/api/v1/status").bearer(VIEWER)).await.json();
        let connections = status["connections"].as_array().unwrap();
        connections.iter().all(|one| one["state"] == "fresh")
    }

    pub async fn ask(&self, ask: Ask) -> Answer {
        ask.send(self.address).await
    }
}

/// What `/metrics` tells: each series with its labels, and its value.
pub fn scraped(text: &str) -> BTreeMap<(String, BTreeMap<String, String>), f64> {
    let mut found = BTreeMap::new();
    for line in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let (series, value) = line.rsplit_once(' ').unwrap();
        let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
        let labels = labels.trim_end_matches('}').split("\",").filter(|one| !one.is_empty());
        let labels = labels.map(|one| {
            let (label, value) = one.split_once("=\"").unwrap();
            (label.to_owned(), value.trim_end_matches('"').to_owned())
        });
        found.insert((name.to_owned(), labels.collect()), value.parse().unwrap());
    }
    found
}
