//! Jira Data Center: the client against the simulated server over real HTTP, and whole syncs on
//! both databases.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

mod edits;
mod presence;
mod program;
mod read;
mod recorded;
mod refusals;
mod story;
mod walk;
mod webhooks;

use std::sync::{Arc, MutexGuard};

use streamgauge::clock::{Clock, ManualClock};
use streamgauge::entropy::Entropy;
use streamgauge::model::{ConnectionId, Timestamp};
use streamgauge::sim::jira::access::TOKEN;
use streamgauge::sim::jira::records::{
    ComponentRecord, IssueTypeRecord, LinkTypeRecord, NamedRecord, ProjectRecord, Record,
    StatusRecord, TeamRecord, VersionRecord,
};
use streamgauge::sim::jira::{
    Center as Server, Dialect, Draft, Edit, Running, SharedSite, Site, lock, serve,
};
use streamgauge::spawn::Spawner;
use streamgauge::trackers::jira::center::{Center, Config, connect};
use streamgauge::trackers::{ScanId, Stamp, Tracker, TrackerError};
use streamgauge::transport::{Limits, Pace, Transport};

const NOW: &str = "2026-06-15T06:00:00Z";
const SECRET: &str = "a-webhook-secret";
const PAY: u64 = 10_000;
const BOOK: u64 = 10_001;
const TO_DO: u64 = 10_000;
const DOING: u64 = 3;
const DONE: u64 = 10_002;
const STORY: u64 = 10_001;
const EPIC: u64 = 10_100;
const INITIATIVE: u64 = 10_101;
const SUB_TASK: u64 = 10_102;
const BLOCKS: u64 = 10_000;

/// A served Data Center, and the client that speaks to it.
struct Rig {
    site: SharedSite,
    running: Running,
    tracker: Center,
    transport: Transport,
    clock: Arc<ManualClock>,
}

impl Rig {
    /// A site with two projects and no issues.
    async fn start(server: Server) -> Self {
        Self::with_token(server, TOKEN).await
    }

    async fn with_token(server: Server, token: &str) -> Self {
        let clock = ManualClock::at(Timestamp::parse(NOW).unwrap());
        let mut site = Site::new(clock.clone());
        records().into_iter().for_each(|record| site.add(record));
        site.dialect = Dialect::Center(server);
        site.limits.usual = None;
        Self::serving(site, &["BOOK", "PAY"], token, clock).await
    }

    async fn serving(site: Site, scopes: &[&str], token: &str, clock: Arc<ManualClock>) -> Self {
        let context = match &site.dialect {
            Dialect::Center(server) => server.context.clone(),
            Dialect::Cloud => String::new(),
        };
        let site = site.shared();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let running = serve(site.clone(), listener, clock.clone(), Spawner::tokio()).unwrap();
        let shared: Arc<ManualClock> = Arc::clone(&clock);
        let transport =
            Transport::over_network(Limits::default(), shared, Entropy::from_seed(1)).unwrap();
        let config = Config {
            connection: ConnectionId("center".into()),
            site: format!("{}{context}", running.url),
            scopes: scopes.iter().map(ToString::to_string).collect(),
            token: token.to_owned().into(),
            webhook_secrets: vec![SECRET.to_owned().into()],
            titles: true,
            blocking: vec!["Blocks".to_owned()],
        };
        let tracker = connect(config, transport.clone()).unwrap();
        Self { site, running, tracker, transport, clock }
    }

    fn site(&self) -> MutexGuard<'_, Site> {
        lock(&self.site)
    }

    fn server(&self, change: impl FnOnce(&mut Server)) {
        let mut site = self.site();
        let Dialect::Center(server) = &mut site.dialect else { panic!("a Data Center") };
        change(server);
    }

    fn minutes(&self, minutes: u64) {
        self.clock.advance(std::time::Duration::from_secs(60 * minutes));
    }

    /// Creates so many issues at this instant; returns their ids.
    fn create(&self, project: u64, count: u64) -> Vec<u64> {
        let mut site = self.site();
        (0..count)
            .map(|n| {
                let summary = format!("Issue {n}");
                let draft =
                    Draft { project, kind: STORY, status: TO_DO, summary, ..Draft::default() };
                site.create_issue(draft).unwrap()
            })
            .collect()
    }

    fn edit(&self, id: u64, edit: &Edit) {
        self.site().edit(id, edit).unwrap();
    }

    /// Walks a project to its end; pages and what they listed.
    async fn walk(
        &self,
        project: &str,
        since: Option<Timestamp>,
    ) -> Result<(usize, Vec<Stamp>), TrackerError> {
        let clock = self.tracker.probe().await?.clock;
        let (mut pages, mut stamps, mut token) = (0, Vec::new(), None::<String>);
        let scan = ScanId(project.to_owned());
        loop {
            let page = self.tracker.discover(&scan, since, clock, token.as_deref()).await?;
            pages += 1;
            assert!(pages < 1_000, "the walk ends");
            stamps.extend(page.stamps);
            assert!(page.gaps.is_empty(), "{:?}", page.gaps);
            token = page.next;
            if token.is_none() {
                return Ok((pages, stamps));
            }
        }
    }

    /// Asks the server's search directly; the status and what it said.
    async fn search(&self, body: serde_json::Value) -> (u16, serde_json::Value) {
        let request = http::Request::post(format!("{}/rest/api/2/search", self.running.url))
            .header("authorization", format!("Bearer {TOKEN}"))
            .body(bytes::Bytes::from(body.to_string()))
            .unwrap();
        let answer = self.transport.ask(request, |_| Pace::Proceed).await.unwrap();
        (answer.status().as_u16(), serde_json::from_slice(answer.body()).unwrap())
    }

    /// Requests so far that failed.
    fn failures(&self) -> u64 {
        let site = self.site();
        site.log.counts().iter().filter(|((_, status), _)| *status >= 400).map(|(_, n)| n).sum()
    }
}

/// Everything of a site but its issues.
fn records() -> Vec<Record> {
    let mut records = Vec::new();
    for (id, key, name) in [(PAY, "PAY", "Payments"), (BOOK, "BOOK", "Booking")] {
        records.push(Record::Project(ProjectRecord { id, key: key.into(), name: name.into() }));
    }
    for (id, name, category) in
        [(TO_DO, "To Do", "new"), (DOING, "In Progress", "indeterminate"), (DONE, "Done", "done")]
    {
        let (name, category) = (name.to_owned(), Some(category.to_owned()));
        records.push(Record::Status(StatusRecord { id, name, category, gone: false }));
    }
    for (id, name, level) in [
        (STORY, "Story", 0),
        (EPIC, "Epic", 1),
        (INITIATIVE, "Initiative", 2),
        (SUB_TASK, "Sub-task", -1),
    ] {
        records.push(Record::IssueType(IssueTypeRecord { id, name: name.into(), level }));
    }
    records.push(Record::LinkType(LinkTypeRecord {
        id: BLOCKS,
        name: "Blocks".into(),
        inward: "is blocked by".into(),
        outward: "blocks".into(),
    }));
    records.push(Record::Priority(NamedRecord { id: 3, name: "Medium".into() }));
    records.push(Record::Resolution(NamedRecord { id: 10_000, name: "Done".into() }));
    for (id, name) in [(1, "API"), (2, "Ledger")] {
        records.push(Record::Component(ComponentRecord { id, name: name.into(), project: PAY }));
    }
    for (id, name) in [("7", "Tern"), ("8", "Heron")] {
        records.push(Record::Team(TeamRecord { id: id.into(), name: name.into() }));
    }
    let (state, end) = (Some("released".to_owned()), Some("2026-05-01".to_owned()));
    let version = VersionRecord { id: 7, name: "2.0".into(), project: PAY, state, end };
    records.push(Record::Version(version));
    records
}

fn ids(stamps: &[Stamp]) -> Vec<u64> {
    let mut ids: Vec<u64> = stamps.iter().map(|stamp| stamp.source.parse().unwrap()).collect();
    ids.sort_unstable();
    ids
}
