//! One daemon on a disk that fails when told to, and a memory of what it has acknowledged.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::future::join_all;
use http::StatusCode;
use streamgauge::clock::SystemClock;
use streamgauge::sim::jira;
use streamgauge::store::{Store, StoredItem};
use streamgauge::transport::Transport;

use super::faults::Faults;
use crate::kill::town::Town;
use crate::support::process::{Daemon, client, eventually, get, send};

/// See the module.
pub struct House {
    pub town: Town,
    pub faults: Faults,
    client: Transport,
    /// Every issue that can be edited.
    issues: Vec<u64>,
    /// How many edits were told by webhooks.
    told: u64,
    /// The newest edit of each issue whose webhook was answered with 202.
    acknowledged: BTreeMap<u64, u64>,
    /// Issues whose newest webhook was refused, to be delivered again.
    refused: BTreeMap<u64, u64>,
    pub accepted: u64,
    pub turned_away: u64,
    pub unanswered: u64,
}

impl House {
    pub async fn new(seed: u64) -> Self {
        let mut town = Town::new(seed).await;
        town.gate.quiet();
        let (folder, faults) = Faults::in_folder(town.folder);
        town.folder = folder;
        let site = town.stage.jira.as_ref().unwrap().site.clone();
        let issues = jira::lock(&site).dump().into_keys().collect();
        Self {
            town,
            faults,
            client: client(),
            issues,
            told: 0,
            acknowledged: BTreeMap::new(),
            refused: BTreeMap::new(),
            accepted: 0,
            turned_away: 0,
            unanswered: 0,
        }
    }

    /// A daemon that has read everything. From now on search shows no edit: what a webhook that
    /// was accepted does not bring is lost.
    pub async fn settled(&mut self) -> Daemon {
        let daemon = self.town.folder.serve().await;
        (self.accepted, self.turned_away, self.unanswered) = (0, 0, 0);
        self.passes(&daemon, 0).await;
        self.town.no_hints_left().await;
        self.town.postman.lose();
        let site = self.town.stage.jira.as_ref().unwrap().site.clone();
        jira::lock(&site).index_lag.least = std::time::Duration::from_secs(3_600);
        daemon
    }

    /// How many complete passes over Jira there were.
    pub async fn passed(&self, daemon: &Daemon) -> u64 {
        let (_, page) = get(&self.client, &daemon.at("/metrics")).await.unwrap_or_default();
        let start = "streamgauge_passes_total{connection=\"jira\",outcome=\"complete\"} ";
        page.lines().find_map(|line| line.strip_prefix(start)?.parse().ok()).unwrap_or(0)
    }

    /// Waits for a complete pass over each tracker, the `after`th or later over Jira.
    pub async fn passes(&self, daemon: &Daemon, after: u64) {
        let enough = async || self.passed(daemon).await > after;
        eventually(enough, "a complete pass").await;
        self.town.passes(daemon, "github").await;
    }

    /// Edits `count` issues and delivers the webhooks side by side; tells the answers.
    pub async fn tell(&mut self, daemon: &Daemon, count: usize) -> Vec<Option<u16>> {
        let site = self.town.stage.jira.as_ref().unwrap().site.clone();
        let mut edits = Vec::new();
        for _ in 0..count {
            let id = self.issues[usize::try_from(self.told).unwrap() % self.issues.len()];
            self.told += 1;
            let summary = jira::Edit::Summary(format!("edit {}", self.told));
            jira::lock(&site).edit(id, &summary).unwrap();
            edits.push((id, self.told));
        }
        self.deliver(daemon, &edits).await
    }

    /// Delivers what was refused again, as Jira does.
    pub async fn tell_again(&mut self, daemon: &Daemon) -> Vec<Option<u16>> {
        let site = self.town.stage.jira.as_ref().unwrap().site.clone();
        let edits: Vec<(u64, u64)> = std::mem::take(&mut self.refused)
            .into_keys()
            .map(|id| {
                self.told += 1;
                let summary = jira::Edit::Summary(format!("edit {}", self.told));
                jira::lock(&site).edit(id, &summary).unwrap();
                (id, self.told)
            })
            .collect();
        self.deliver(daemon, &edits).await
    }

    async fn deliver(&mut self, daemon: &Daemon, edits: &[(u64, u64)]) -> Vec<Option<u16>> {
        let requests = self.town.postman.waiting("jira", daemon);
        assert_eq!(requests.len(), edits.len(), "one delivery for each edit");
        let answers = join_all(requests.into_iter().map(|one| send(&self.client, one))).await;
        let mut codes = Vec::new();
        for ((id, edit), answer) in edits.iter().zip(answers) {
            let status = answer.ok().map(|answer| answer.status());
            match status {
                Some(StatusCode::ACCEPTED) => {
                    self.accepted += 1;
                    self.acknowledged.insert(*id, *edit);
                    self.refused.remove(id);
                }
                Some(StatusCode::SERVICE_UNAVAILABLE) => {
                    self.turned_away += 1;
                    self.refused.insert(*id, *edit);
                }
                None => {
                    self.unanswered += 1;
                    self.refused.insert(*id, *edit);
                }
                Some(other) => panic!("a webhook is answered {other}"),
            }
            codes.push(status.map(|status| status.as_u16()));
        }
        codes
    }

    /// The cause is gone: the daemon must accept webhooks and say that it is ready, by itself.
    pub async fn recovers(&mut self, daemon: &Daemon) {
        self.faults.heal();
        let client = client();
        let ready = async || {
            get(&client, &daemon.at("/readyz")).await.is_some_and(|(status, _)| status == 200)
        };
        eventually(ready, "the daemon is ready again").await;
    }

    /// Status and text of a page of the daemon.
    pub async fn page(&self, daemon: &Daemon, path: &str) -> (u16, String) {
        get(&self.client, &daemon.at(path)).await.expect("the daemon answers")
    }

    /// Webhooks that wait to be followed.
    pub async fn waiting(&self) -> u64 {
        let url = self.town.folder.url();
        let store = Store::open_read_only(&url, Arc::new(SystemClock)).await.unwrap();
        store.counts().await.unwrap().hints
    }

    /// Everything that was acknowledged is in the database, followed or waiting: the number of
    /// acknowledged edits that are neither.
    pub async fn lost(&self) -> usize {
        let store =
            Store::open_read_only(&self.town.folder.url(), Arc::new(SystemClock)).await.unwrap();
        // Hints first: one that is followed meanwhile shows in the item.
        let jira = streamgauge::model::ConnectionId("jira".into());
        let far = streamgauge::model::Timestamp::MAX;
        let waiting = store.take_hints(&jira, far, u32::MAX).await.unwrap();
        let push = |all: &mut Vec<StoredItem>, item| all.push(item);
        let all = store.fold_items(None, Vec::new(), push).await.unwrap();
        let edit = |id: &u64| {
            let id = id.to_string();
            if waiting.iter().any(|hint| hint.source == id) {
                return u64::MAX;
            }
            let item = all.iter().find(|item| item.id.source == id).expect("it was read");
            let title = item.attributes.title.clone().unwrap_or_default();
            title.strip_prefix("edit ").map_or(0, |number| number.parse().unwrap())
        };
        self.acknowledged.iter().filter(|(id, number)| edit(id) < **number).count()
    }

    /// Delivers what was refused until nothing is, waits until all is followed, stops the daemon,
    /// and compares the database with the trackers.
    pub async fn ends_well(&mut self, mut daemon: Daemon) {
        while !self.refused.is_empty() {
            self.tell_again(&daemon).await;
        }
        self.town.no_hints_left().await;
        daemon.signal("TERM");
        assert_eq!(daemon.code().await, Some(0), "SIGTERM ends the daemon in order");
        assert_eq!(self.lost().await, 0, "acknowledged and lost");
        let stored = crate::kill::compare::Stored::read(&self.town.folder.url()).await;
        stored.assert_equals_trackers(&self.town.stage);
    }

    /// One line for the log of the tests.
    pub fn figures(&self) -> String {
        format!(
            "{} accepted, {} answered 503, {} unanswered",
            self.accepted, self.turned_away, self.unanswered
        )
    }

    /// What the daemon wrote to its log.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.town.folder.daemon_log()).unwrap()
    }
}
