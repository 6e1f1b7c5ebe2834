//! Jira Cloud and Jira Data Center.

use std::sync::Arc;

use secrecy::SecretString;
use streamgauge::clock::{ManualClock, SharedClock};
use streamgauge::model::ConnectionId;
use streamgauge::sim::jira::access::{TOKEN, USER};
use streamgauge::sim::jira::records::{IssueTypeRecord, ProjectRecord, Record, StatusRecord};
use streamgauge::sim::jira::{
    self as sim, Draft, Edit, Running, SharedSite, Shelf, Site, lock, serve,
};
use streamgauge::spawn::Spawner;
use streamgauge::trackers::{Tracker, jira};
use streamgauge::transport::Transport;
use tokio::net::TcpListener;

use super::Dialect;

const PROJECTS: [(u64, &str); 3] = [(10_000, "PAY"), (10_001, "BOOK"), (10_002, "ELSE")];
const STORY: u64 = 10_001;
const TO_DO: u64 = 10_000;
const DOING: u64 = 3;

pub struct Jira {
    center: bool,
    site: SharedSite,
    tracker: Arc<dyn Tracker>,
    _running: Running,
}

impl Jira {
    pub async fn cloud(clock: &Arc<ManualClock>, transport: &Transport) -> Self {
        let (site, running) = served(clock, sim::Dialect::Cloud).await;
        let config = jira::Config {
            connection: ConnectionId("tracker".into()),
            site: running.url.clone(),
            gateway: running.url.clone(),
            scopes: vec!["BOOK".into(), "PAY".into()],
            user: SecretString::from(USER),
            token: SecretString::from(TOKEN),
            webhook_secrets: Vec::new(),
            titles: true,
            blocking: jira::Config::blocking(),
        };
        let tracker = Arc::new(jira::connect(config, transport.clone()));
        Self { center: false, site, tracker, _running: running }
    }

    pub async fn center(clock: &Arc<ManualClock>, transport: &Transport) -> Self {
        let (site, running) = served(clock, sim::Dialect::Center(sim::Center::eleven())).await;
        let config = jira::center::Config {
            connection: ConnectionId("tracker".into()),
            site: running.url.clone(),
            scopes: vec!["BOOK".into(), "PAY".into()],
            token: SecretString::from(TOKEN),
            webhook_secrets: Vec::new(),
            titles: true,
            blocking: jira::Config::blocking(),
        };
        let tracker = Arc::new(jira::center::connect(config, transport.clone()).unwrap());
        Self { center: true, site, tracker, _running: running }
    }

    /// What only Data Center keeps beside the catalogue.
    fn server(&self, change: impl FnOnce(&mut sim::Center)) {
        if let sim::Dialect::Center(server) = &mut lock(&self.site).dialect {
            change(server);
        }
    }

    fn id(&self, key: &str) -> u64 {
        lock(&self.site).issue_by_key(key).unwrap().id
    }
}

async fn served(clock: &Arc<ManualClock>, dialect: sim::Dialect) -> (SharedSite, Running) {
    let clock: SharedClock = clock.clone();
    let mut site = Site::new(clock.clone());
    for (id, key) in PROJECTS {
        site.add(Record::Project(ProjectRecord { id, key: key.into(), name: key.into() }));
    }
    for (id, name, category) in [(TO_DO, "To Do", "new"), (DOING, "Doing", "indeterminate")] {
        let (name, category) = (name.to_owned(), Some(category.to_owned()));
        site.add(Record::Status(StatusRecord { id, name, category, gone: false }));
    }
    site.add(Record::IssueType(IssueTypeRecord { id: STORY, name: "Story".into(), level: 0 }));
    site.dialect = dialect;
    let site = site.shared();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let running = serve(site.clone(), listener, clock, Spawner::tokio()).unwrap();
    (site, running)
}

fn project(key: &str) -> u64 {
    PROJECTS.iter().find(|(_, known)| *known == key).unwrap().0
}

impl Dialect for Jira {
    fn name(&self) -> &'static str {
        if self.center { "jira-data-center" } else { "jira-cloud" }
    }

    fn tracker(&self) -> Arc<dyn Tracker> {
        self.tracker.clone()
    }

    fn scopes(&self) -> [&'static str; 2] {
        ["PAY", "BOOK"]
    }

    fn outside(&self) -> &'static str {
        "ELSE"
    }

    fn create(&self, key: &str) -> String {
        let summary = "A story".to_owned();
        let (kind, status) = (STORY, TO_DO);
        let draft = Draft { project: project(key), kind, status, summary, ..Draft::default() };
        let mut site = lock(&self.site);
        let id = site.create_issue(draft).unwrap();
        site.issue(id).unwrap().key.clone()
    }

    fn change(&self, key: &str) {
        let id = self.id(key);
        lock(&self.site).edit(id, &Edit::Status(DOING)).unwrap();
    }

    fn delete(&self, key: &str) {
        let id = self.id(key);
        lock(&self.site).delete_issue(id).unwrap();
    }

    fn carry(&self, key: &str, to: &str) -> String {
        let id = self.id(key);
        lock(&self.site).move_to_project(id, project(to), None).unwrap()
    }

    fn conceal(&self, key: &str) -> bool {
        let id = self.id(key);
        lock(&self.site).hide_issue(id, true).unwrap();
        true
    }

    fn reveal(&self, key: &str) {
        let id = self.id(key);
        lock(&self.site).hide_issue(id, false).unwrap();
    }

    fn archive_item(&self, key: &str) -> bool {
        let id = self.id(key);
        if self.center {
            self.server(|server| server.archived_issues.extend([id]));
        } else {
            lock(&self.site).archive_issue(id, true).unwrap();
        }
        true
    }

    fn show(&self, key: &str, visible: bool) {
        lock(&self.site).set_visible(project(key), visible);
    }

    fn archive(&self, key: &str, archived: bool) {
        if self.center {
            return self.server(|server| {
                server.archived_projects.retain(|other| other != key);
                server.archived_projects.extend(archived.then(|| key.to_owned()));
            });
        }
        let shelf = if archived { Shelf::Archived } else { Shelf::Live };
        lock(&self.site).shelve_project(project(key), shelf).unwrap();
    }

    fn trash(&self, key: &str, trashed: bool) -> bool {
        if self.center {
            return false;
        }
        let shelf = if trashed { Shelf::Trashed } else { Shelf::Live };
        lock(&self.site).shelve_project(project(key), shelf).unwrap();
        true
    }

    fn deletion(&self) -> (&'static str, usize) {
        ("gone", 2)
    }

    fn carried(&self) -> &'static str {
        "moved"
    }

    fn keeps_ids(&self) -> bool {
        true
    }
}
