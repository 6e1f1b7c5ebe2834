//! github.com.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use secrecy::SecretString;
use streamgauge::clock::{ManualClock, SharedClock};
use streamgauge::model::{ConnectionId, Timestamp};
use streamgauge::sim::github::records::{Record, RepoRecord};
use streamgauge::sim::github::{Running, Site, serve};
use streamgauge::spawn::Spawner;
use streamgauge::trackers::{Tracker, github};
use streamgauge::transport::Transport;
use tokio::net::TcpListener;

use super::Dialect;

const REPOSITORIES: [(u64, &str); 3] = [(1, "checkout"), (2, "search"), (3, "elsewhere")];

pub struct Com {
    site: Site,
    tracker: Arc<dyn Tracker>,
    /// Numeric ids by key.
    ids: Mutex<BTreeMap<String, u64>>,
    _running: Running,
}

impl Com {
    pub async fn open(clock: &Arc<ManualClock>, transport: &Transport) -> Self {
        let clock: SharedClock = clock.clone();
        let created = Timestamp::parse("2026-01-01T00:00:00Z").unwrap();
        let records = REPOSITORIES.map(|(id, name)| {
            let (owner, name) = ("northwind".to_owned(), name.to_owned());
            Record::Repo(RepoRecord { id, owner, name, created, archived: false })
        });
        let site = Site::new(records, clock.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let running = serve(&site, listener, clock, &Spawner::tokio()).unwrap();
        let scopes = vec!["northwind/checkout".to_owned(), "northwind/search".to_owned()];
        let token = SecretString::from("token");
        let mut config = github::Config::new(ConnectionId("tracker".into()), scopes, token);
        config.api.clone_from(&running.url);
        let tracker = Arc::new(github::GitHub::new(config, transport.clone()).unwrap());
        Self { site, tracker, ids: Mutex::default(), _running: running }
    }

    fn id(&self, key: &str) -> u64 {
        self.ids.lock().unwrap()[key]
    }

    /// Notes the key of an issue that is new in a repository: numbers are never used twice.
    fn named(&self, repository: &str, id: u64) -> String {
        let mut ids = self.ids.lock().unwrap();
        let prefix = format!("{repository}#");
        let number = 1 + ids.keys().filter(|key| key.starts_with(&prefix)).count();
        let key = format!("{prefix}{number}");
        ids.insert(key.clone(), id);
        key
    }
}

fn repository(name: &str) -> u64 {
    let name = name.strip_prefix("northwind/").unwrap();
    REPOSITORIES.iter().find(|(_, known)| *known == name).unwrap().0
}

impl Dialect for Com {
    fn name(&self) -> &'static str {
        "github.com"
    }

    fn tracker(&self) -> Arc<dyn Tracker> {
        self.tracker.clone()
    }

    fn scopes(&self) -> [&'static str; 2] {
        ["northwind/checkout", "northwind/search"]
    }

    fn outside(&self) -> &'static str {
        "northwind/elsewhere"
    }

    fn create(&self, name: &str) -> String {
        let id = self.site.edit(|edits| edits.create_issue(repository(name), "An issue")).unwrap();
        self.named(name, id)
    }

    fn delete(&self, key: &str) {
        let id = self.id(key);
        self.site.edit(|edits| edits.delete_issue(id)).unwrap();
    }

    fn carry(&self, key: &str, to: &str) -> String {
        let id = self.id(key);
        let new = self.site.edit(|edits| edits.transfer(id, repository(to))).unwrap();
        self.named(to, new)
    }

    fn conceal(&self, key: &str) -> bool {
        let id = self.id(key);
        self.site.edit(|edits| edits.convert_to_discussion(id)).unwrap();
        false
    }

    fn reveal(&self, _: &str) {
        unreachable!("a discussion does not become an issue again")
    }

    fn archive_item(&self, _: &str) -> bool {
        false
    }

    fn show(&self, name: &str, visible: bool) {
        self.site.edit(|edits| edits.set_hidden(repository(name), !visible)).unwrap();
    }

    fn archive(&self, name: &str, archived: bool) {
        self.site.edit(|edits| edits.set_archived(repository(name), archived)).unwrap();
    }

    fn trash(&self, _: &str, _: bool) -> bool {
        false
    }

    fn deletion(&self) -> (&'static str, usize) {
        ("deleted", 1)
    }

    fn carried(&self) -> &'static str {
        "transferred"
    }

    fn keeps_ids(&self) -> bool {
        false
    }
}
