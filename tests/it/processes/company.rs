//! Several installations over one database: each process has wires of its own to the database
//! and to the trackers.

use std::fs;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use streamgauge::clock::SystemClock;
use streamgauge::demo::Stage;
use streamgauge::entropy::Entropy;
use streamgauge::store::Store;

use super::cluster::Cluster;
use super::wire::{State, Wire};
use crate::kill::postman::Postman;
use crate::support::editor::{Editor, Trackers};
use crate::support::gate::Gate;
use crate::support::process::{Daemon, Folder, Ways, client, get, within};

pub const CONNECTIONS: [&str; 2] = ["github", "jira"];

/// Longest wait for anything that must happen by itself.
pub const DEADLINE: Duration = Duration::from_secs(120);

/// One installation and what leads to it.
pub struct House {
    pub folder: Folder,
    pub daemon: Option<Daemon>,
    /// The name of the process that runs, as the leases know it.
    pub process: String,
    pub database: Wire,
    pub jira: Wire,
    pub github: Wire,
    /// What its processes logged that have ended.
    pub told: String,
}

pub struct Company {
    pub stage: Stage,
    pub gate: Gate,
    pub cluster: Cluster,
    pub houses: Vec<House>,
    pub portfolio: String,
    pub postman: Postman,
    pub editor: Arc<Mutex<Editor>>,
    pub random: Entropy,
}

impl Company {
    /// `settings` are added to those of every house. Nothing runs yet.
    pub async fn new(seed: u64, houses: usize, settings: &str) -> Self {
        let Trackers { stage, gate, editor, portfolio } = Trackers::start(seed).await;
        let cluster = tokio::task::spawn_blocking(Cluster::start).await.unwrap();
        let (postman, random) = (Postman::new(&stage), Entropy::from_seed(seed));
        let mut company =
            Self { stage, gate, cluster, houses: Vec::new(), portfolio, postman, editor, random };
        for nth in 0..houses {
            company.build(nth, settings).await;
        }
        company
    }

    async fn build(&mut self, nth: usize, settings: &str) {
        let role = format!("p{nth}");
        self.cluster.role(&role).await;
        let database = Wire::to_socket(self.cluster.socket()).await;
        let jira = Wire::to_http(&self.gate.jira).await;
        let github = Wire::to_http(&self.gate.github).await;
        let at = |wire: &Wire| format!("http://127.0.0.1:{}", wire.port);
        let ways = Ways {
            jira: at(&jira),
            github: at(&github),
            store: format!(
                "postgres://{role}@127.0.0.1:{}/postgres?sslmode=disable",
                database.port
            ),
        };
        let folder = Folder::by(&self.stage, ways, &self.portfolio).with(settings, "UNUSED", "");
        let (daemon, process, told) = (None, String::new(), String::new());
        self.houses.push(House { folder, daemon, process, database, jira, github, told });
    }

    /// Makes the tables and watches every write to those that need a lease.
    pub async fn watch(&self) {
        let url = self.cluster.url();
        drop(Store::open(&url, Arc::new(SystemClock)).await.unwrap());
        self.cluster.watch().await;
    }

    pub fn below(&self, n: usize) -> usize {
        usize::try_from(self.random.next_u64() % n as u64).unwrap()
    }

    /// Makes edits that the trackers announce.
    pub fn edit(&self, count: usize) {
        for _ in 0..count {
            self.editor.lock().unwrap().step();
        }
    }

    /// Carries every announcement to a house chosen by lot; who is away loses it.
    pub async fn deliver(&mut self, to: &[usize]) {
        for tracker in CONNECTIONS {
            let house = to[self.below(to.len())];
            let Some(daemon) = &self.houses[house].daemon else { continue };
            for request in self.postman.waiting(tracker, daemon) {
                self.postman.send(request).await;
            }
        }
    }

    /// Starts what does not run, as a service manager does: again, until it serves.
    pub async fn start(&mut self, nth: usize) {
        let house = &mut self.houses[nth];
        if house.daemon.is_some() {
            return;
        }
        let end = Instant::now() + DEADLINE;
        while house.daemon.is_none() {
            match house.folder.try_serve().await {
                Ok(daemon) => house.daemon = Some(daemon),
                Err(text) => assert!(Instant::now() < end, "house {nth} does not serve:\n{text}"),
            }
        }
        house.process = process(&house.log());
    }

    /// `kill -9`.
    pub fn kill(&mut self, nth: usize) {
        let house = &mut self.houses[nth];
        if let Some(mut daemon) = house.daemon.take() {
            daemon.kill();
            house.told += &house.log();
        }
    }

    /// SIGTERM, and waits for the end. Returns how long that took.
    pub async fn stop(&mut self, nth: usize) -> Duration {
        let (code, took) = self.end(nth).await;
        assert_eq!(code, Some(0), "SIGTERM ends house {nth}:\n{}", self.houses[nth].log());
        took
    }

    /// The same, whatever it had to leave: its exit code, and how long it took.
    pub async fn end(&mut self, nth: usize) -> (Option<i32>, Duration) {
        let house = &mut self.houses[nth];
        let Some(mut daemon) = house.daemon.take() else { return (Some(0), Duration::ZERO) };
        let since = Instant::now();
        daemon.signal("TERM");
        let code = daemon.code().await;
        house.told += &house.log();
        (code, since.elapsed())
    }

    pub fn running(&self) -> Vec<usize> {
        (0..self.houses.len()).filter(|nth| self.houses[*nth].daemon.is_some()).collect()
    }

    /// The house whose process has the duty for a connection.
    pub async fn on_duty(&self, connection: &str) -> Option<usize> {
        let process = self.cluster.on_duty(connection).await?;
        let living = |house: &House| house.daemon.is_some() && house.process == process;
        self.houses.iter().position(living)
    }

    /// Waits until houses other than these have every duty, and returns the one that has the
    /// first.
    pub async fn covered(&self, away: &[usize]) -> usize {
        let covered = async || {
            for connection in CONNECTIONS {
                let on_duty = self.on_duty(connection).await;
                if on_duty.is_none_or(|nth| away.contains(&nth)) {
                    return false;
                }
            }
            true
        };
        wait(covered, "another process takes over").await;
        self.on_duty(CONNECTIONS[0]).await.unwrap_or(0)
    }

    /// Waits until every accepted webhook was followed.
    pub async fn followed(&self) {
        let none = async || self.cluster.count("SELECT COUNT(*) FROM hints").await == 0;
        wait(none, "every accepted webhook is followed").await;
    }

    /// Waits until a pass that began after `since` was complete.
    pub async fn passed(&self, since: streamgauge::model::Timestamp) {
        for connection in CONNECTIONS {
            let sql = format!(
                "SELECT COUNT(*) FROM passes WHERE complete = 1 AND connection = '{connection}' \
                 AND started_at >= {}",
                since.millis()
            );
            wait(async || self.cluster.count(&sql).await > 0, "a complete pass").await;
        }
    }

    /// The status code of `/readyz`; 0: no answer.
    pub async fn ready(&self, nth: usize) -> u16 {
        let Some(daemon) = &self.houses[nth].daemon else { return 0 };
        get(&client(), &daemon.at("/readyz")).await.map_or(0, |(code, _)| code)
    }

    /// Waits until every process that runs says so.
    pub async fn all_ready(&self) {
        for nth in self.running() {
            wait(async || self.ready(nth).await == 200, "the process is ready").await;
        }
    }

    /// All wires whole.
    pub fn heal(&self, nth: usize) {
        let house = &self.houses[nth];
        for wire in [&house.database, &house.jira, &house.github] {
            wire.set(State::Whole);
        }
    }
}

impl Drop for Company {
    fn drop(&mut self) {
        // A test that failed shows what its processes said.
        if std::thread::panicking() {
            for (nth, house) in self.houses.iter().enumerate() {
                println!("== house {nth}, {}\n{}{}", house.process, house.told, house.log());
            }
        }
    }
}

impl House {
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.daemon_log()).unwrap_or_default()
    }
}

/// The name that a process gave itself.
fn process(log: &str) -> String {
    let line = log.lines().find(|line| line.contains("streamgauge serves")).unwrap();
    let name = line.split("process=").nth(1).unwrap();
    name.split_whitespace().next().unwrap().trim_matches('"').to_owned()
}

/// Waits for something that other processes do; how long it took.
pub async fn wait(happened: impl AsyncFnMut() -> bool, what: &str) -> Duration {
    within(DEADLINE, happened, what).await
}
