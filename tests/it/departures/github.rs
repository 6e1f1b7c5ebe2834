//! GitHub: github.com with a token, github.com with an App, and GitHub Enterprise Server.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use secrecy::SecretString;
use streamgauge::clock::{ManualClock, SharedClock};
use streamgauge::model::{ConnectionId, Timestamp};
use streamgauge::sim::github::records::{Record, RepoRecord};
use streamgauge::sim::github::{Edits, Installation, Running, Site, serve};
use streamgauge::spawn::Spawner;
use streamgauge::trackers::{Tracker, github};
use streamgauge::transport::Transport;
use tokio::net::TcpListener;

use super::Dialect;
use crate::github_app::{APP, KEY};

const REPOSITORIES: [(u64, &str); 3] = [(1, "checkout"), (2, "search"), (3, "elsewhere")];

pub struct Hub {
    name: &'static str,
    site: Site,
    tracker: Arc<dyn Tracker>,
    /// Numeric ids by key.
    ids: Mutex<BTreeMap<String, u64>>,
    _running: Running,
}

impl Hub {
    pub async fn com(clock: &Arc<ManualClock>, transport: &Transport) -> Self {
        Self::open("github.com", clock, transport, |_, _| {}).await
    }

    pub async fn server(clock: &Arc<ManualClock>, transport: &Transport) -> Self {
        Self::open("github-enterprise-server", clock, transport, |site, config| {
            site.set_server(Some("3.17.4"));
            config.api.push_str("/api/v3");
        })
        .await
    }

    /// An App at two owners; the one that everything happens at is not the first to be asked.
    pub async fn app(clock: &Arc<ManualClock>, transport: &Transport) -> Self {
        Self::open("github-app", clock, transport, |site, config| {
            site.set_token("nobody has this token");
            site.set_app(APP, &KEY.1).unwrap();
            site.install(1, Installation::at("acme"));
            site.install(2, Installation::at("northwind"));
            let key = SecretString::from(KEY.0.clone());
            config.auth = github::Auth::App(github::AppKey::new(APP, &key, None).unwrap());
            config.repositories.push("acme/*".to_owned());
        })
        .await
    }

    async fn open(
        name: &'static str,
        clock: &Arc<ManualClock>,
        transport: &Transport,
        change: impl FnOnce(&Site, &mut github::Config),
    ) -> Self {
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
        change(&site, &mut config);
        let tracker = Arc::new(github::GitHub::new(config, transport.clone()).unwrap());
        Self { name, site, tracker, ids: Mutex::default(), _running: running }
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

impl Dialect for Hub {
    fn name(&self) -> &'static str {
        self.name
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

    fn change(&self, key: &str) {
        let id = self.id(key);
        self.site.edit(|edits| edits.close(id, "completed")).unwrap();
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

    fn rename(&self, name: &str) -> bool {
        let rename = |edits: &mut Edits<'_>| edits.rename_repository(repository(name), "renamed");
        self.site.edit(rename).unwrap();
        true
    }

    fn forbid(&self, name: &str, forbidden: bool) -> bool {
        self.site.edit(|edits| edits.forbid_repository(repository(name), forbidden)).unwrap();
        true
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
