//! Two simulated trackers that people edit all the time, and one installation of the program that
//! is killed again and again.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use streamgauge::clock::{Clock, SystemClock};
use streamgauge::demo::Stage;
use streamgauge::entropy::Entropy;
use streamgauge::store::Store;

use super::postman::Postman;
use crate::support::editor::{Editor, Trackers};
use crate::support::gate::{Gate, Moment, Phase};
use crate::support::process::{Daemon, Folder, client, eventually, get};

/// How long a trap may stay unsprung before the kill comes anyway.
const PATIENCE: Duration = Duration::from_secs(3);

/// Where a life is meant to end. Where it did end is observed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plan {
    Discovery,
    Content,
    History,
    Commit,
    /// While a webhook is being delivered.
    HintUnderWay,
    /// After a webhook was accepted, before what it names was read.
    HintAccepted,
    /// After a random time.
    Anywhere,
}

/// What a kill was seen to hit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hit {
    /// Pages of changed items were asked for and not yet answered.
    Discovery,
    /// Items were asked for by id and not yet answered.
    Content,
    /// Histories were asked for and not yet answered.
    History,
    /// The write-ahead log was growing with the answer of a batch.
    Commit,
    /// A webhook was under way, or accepted and not yet followed.
    Hint,
    /// None of these.
    Elsewhere,
}

pub struct Town {
    pub stage: Stage,
    pub gate: Gate,
    pub folder: Folder,
    pub postman: Postman,
    pub portfolio: String,
    seed: u64,
    editor: Arc<Mutex<Editor>>,
    random: Entropy,
    hits: BTreeMap<Hit, u32>,
}

impl Town {
    pub async fn new(seed: u64) -> Self {
        let Trackers { stage, gate, editor, portfolio } = Trackers::start(seed).await;
        let folder = Folder::new(&stage, &gate, &portfolio);
        let random = Entropy::from_seed(seed);
        let (at_each, dice) = (Arc::clone(&editor), random.clone());
        gate.at_each(move || {
            if dice.unit() < 0.5 {
                at_each.lock().unwrap().step();
            }
        });
        let postman = Postman::new(&stage);
        let hits = BTreeMap::new();
        Self { stage, gate, folder, postman, portfolio, seed, editor, random, hits }
    }

    /// Somebody makes the next edit.
    pub fn edit(&self) {
        self.editor.lock().unwrap().step();
    }

    fn below(&self, n: u64) -> u64 {
        self.random.next_u64() % n
    }

    pub fn kills(&self) -> u32 {
        self.hits.values().sum()
    }

    pub fn hits(&self, hit: Hit) -> u32 {
        self.hits.get(&hit).copied().unwrap_or(0)
    }

    /// The counts, in one line.
    pub fn tell(&self) -> String {
        let mut line = format!("seed {}: {} kills", self.seed, self.kills());
        for (hit, count) in &self.hits {
            write!(line, ", {hit:?} {count}").unwrap();
        }
        let edits = self.editor.lock().unwrap().done();
        let Postman { accepted, lost, .. } = self.postman;
        write!(line, "; {edits} edits, {accepted} webhooks accepted, {lost} lost").unwrap();
        line
    }

    /// One life of the daemon, from its start to its kill.
    pub async fn live(&mut self, plan: Plan) {
        for _ in 0..=self.below(6) {
            self.editor.lock().unwrap().step();
        }
        let hit = match plan {
            Plan::Discovery => self.trapped(Phase::Discovery).await,
            Plan::Content => self.trapped(Phase::Content).await,
            Plan::History => self.trapped(Phase::History).await,
            Plan::Commit => self.in_commit().await,
            Plan::HintUnderWay => self.hinting(false).await,
            Plan::HintAccepted => self.hinting(true).await,
            Plan::Anywhere => self.anywhere().await,
        };
        self.gate.release();
        *self.hits.entry(hit).or_default() += 1;
    }

    fn observed(&self) -> Hit {
        match self.gate.under_way() {
            Some(Phase::Discovery) => Hit::Discovery,
            Some(Phase::Content) => Hit::Content,
            Some(Phase::History) => Hit::History,
            Some(Phase::Other) | None => Hit::Elsewhere,
        }
    }

    /// Killed while a question of this phase waits for its answer.
    async fn trapped(&mut self, phase: Phase) -> Hit {
        // GitHub gives content and history with the list; only webhooks make it ask by id.
        let tracker = match (phase, self.below(2)) {
            (Phase::Discovery, 0) | (Phase::Content, 0) => "github",
            _ => "jira",
        };
        let skip = if phase == Phase::Discovery { self.below(3) } else { self.below(2) };
        self.gate.set_trap(tracker, Moment::Arrived(phase), skip);
        let mut daemon = self.folder.serve().await;
        self.postman.deliver(&daemon).await;
        self.caught().await;
        let hit = self.observed();
        daemon.kill();
        hit
    }

    async fn caught(&mut self) -> bool {
        tokio::select! {
            biased;
            _ = self.gate.caught() => true,
            () = SystemClock.sleep(PATIENCE) => false,
        }
    }

    /// Killed as soon as the write-ahead log grows after the last answer of a batch. No webhook
    /// comes meanwhile, so that it is the batch which is written.
    async fn in_commit(&mut self) -> Hit {
        let github = self.below(2) == 0;
        let (tracker, phase) =
            if github { ("github", Phase::Discovery) } else { ("jira", Phase::History) };
        let skip = if github { self.below(4) } else { 0 };
        self.gate.set_trap(tracker, Moment::Answered(phase), skip);
        let mut daemon = self.folder.serve().await;
        let caught = self.caught().await;
        let log = self.folder.path().join("streamgauge.db-wal");
        let late = Duration::from_micros(self.below(1_500));
        let written = tokio::task::spawn_blocking(move || {
            let written = caught && grows(&log);
            let since = Instant::now();
            while since.elapsed() < late {
                std::hint::spin_loop();
            }
            daemon.kill();
            written
        });
        if written.await.unwrap() { Hit::Commit } else { Hit::Elsewhere }
    }

    /// Killed between the arrival of a webhook and the read that it asks for.
    async fn hinting(&mut self, accepted: bool) -> Hit {
        let tracker = if self.below(2) == 0 { "github" } else { "jira" };
        let mut daemon = self.folder.serve().await;
        self.passes(&daemon, tracker).await;
        self.gate.set_trap(tracker, Moment::Arrived(Phase::Content), 0);
        let mut waiting = self.postman.waiting(tracker, &daemon);
        while waiting.is_empty() {
            self.editor.lock().unwrap().step();
            waiting = self.postman.waiting(tracker, &daemon);
        }
        if accepted {
            let mut arrived = false;
            for request in waiting {
                arrived |= self.postman.send(request).await;
            }
            let following = self.caught().await;
            daemon.kill();
            return if arrived && following { Hit::Hint } else { Hit::Elsewhere };
        }
        let soon = Duration::from_micros(self.below(3_000));
        let request = waiting.pop_front().unwrap();
        tokio::select! {
            biased;
            _ = self.postman.send(request) => {}
            () = SystemClock.sleep(soon) => self.postman.lost += 1,
        }
        daemon.kill();
        Hit::Hint
    }

    /// Killed after a random time, with webhooks coming in.
    async fn anywhere(&mut self) -> Hit {
        let mut daemon = self.folder.serve().await;
        let some_time = Duration::from_millis(self.below(400));
        let deliveries = async {
            self.postman.deliver(&daemon).await;
            std::future::pending::<()>().await;
        };
        tokio::select! {
            biased;
            () = SystemClock.sleep(some_time) => {}
            () = deliveries => {}
        }
        let hit = self.observed();
        daemon.kill();
        hit
    }

    /// Waits until the daemon has completed a pass over a connection.
    pub async fn passes(&self, daemon: &Daemon, connection: &str) {
        let (client, url) = (client(), daemon.at("/metrics"));
        let start = "streamgauge_passes_total{";
        let complete = async || {
            let (_, page) = get(&client, &url).await.unwrap_or_default();
            page.lines().any(|line| {
                line.starts_with(start)
                    && line.contains(&format!("connection=\"{connection}\""))
                    && line.contains("outcome=\"complete\"")
            })
        };
        eventually(complete, &format!("{connection}: a complete pass")).await;
    }

    /// Waits until every accepted webhook has been followed.
    pub async fn no_hints_left(&self) {
        let url = self.folder.url();
        let store = Store::open_read_only(&url, Arc::new(SystemClock)).await.unwrap();
        eventually(async || store.counts().await.unwrap().hints == 0, "no hint is left").await;
    }
}

/// Watches the file closely until it is written to.
fn grows(log: &Path) -> bool {
    let (before, since) = (stamp(log), Instant::now());
    while since.elapsed() < PATIENCE {
        if stamp(log) != before {
            return true;
        }
        std::thread::yield_now();
    }
    false
}

fn stamp(file: &Path) -> Option<(u64, SystemTime)> {
    let data = std::fs::metadata(file).ok()?;
    Some((data.len(), data.modified().ok()?))
}
