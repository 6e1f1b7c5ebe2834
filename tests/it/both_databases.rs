//! The whole path on both databases: trackers over HTTP, sync, signals and digest must not know
//! which one is below. And the life of an organisation on both, for Jira Cloud, github.com and a
//! GitHub App; Data Center and Enterprise Server have theirs in `jira_center` and `github_server`.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use streamgauge::clock::{ManualClock, SharedClock};
use streamgauge::demo::{Demo, Source, Stage, WEBHOOK_SECRET};
use streamgauge::digests::{compose, markdown};
use streamgauge::entropy::Entropy;
use streamgauge::gauge::Moment;
use streamgauge::model::{ConnectionId, Timestamp};
use streamgauge::signals::Scope;
use streamgauge::sim::github::{Hook, Installation};
use streamgauge::sim::story::{self, Size};
use streamgauge::sim::{github as hub, jira as atlassian};
use streamgauge::spawn::Spawner;
use streamgauge::store::Store;
use streamgauge::sync::{Engine, Reach, Settings, Silent, Stop, Sweeping};
use streamgauge::trackers::{Tracker, github, jira};
use streamgauge::transport::{Limits, Transport};

use crate::github_app::{APP, KEY};
use crate::kill::compare::Stored;
use crate::support::editor::Editor;
use crate::support::postgres;

async fn digest(url: &str) -> String {
    let now = Timestamp::parse("2026-06-17T09:30:00Z").expect("a valid instant");
    let clock: SharedClock = ManualClock::at(now);
    let source = Source::from(story::generate(7, now, Size::Test));
    let demo = Demo::open_at(source, url, Arc::clone(&clock)).await.expect("the demo opens");
    for outcome in demo.sync(&Silent, &Stop::never()).await {
        assert!(outcome.complete, "{}: {:?}", outcome.connection, outcome.problem);
    }
    let moment = Moment { as_of: Some(now), known: None };
    let report = demo.gauge.report(moment, &Scope::Portfolio).await.expect("a report");
    let mut digest = compose(&report);
    // The clock advances with every pause that the sync takes, which may differ.
    digest.dateline.clear();
    markdown::render(&digest)
}

#[tokio::test(flavor = "multi_thread")]
async fn both_databases_tell_the_same_digest() {
    let folder = tempfile::tempdir().expect("a folder");
    let sqlite = digest(&format!("sqlite:{}/gauge.db", folder.path().display())).await;
    let postgres = digest(&postgres::database("whole_path").await).await;
    assert!(sqlite.contains("Wallet"), "{sqlite}");
    assert_eq!(sqlite, postgres);
}

const SEED: u64 = 20_261_121;

/// How the organisation's GitHub is read.
#[derive(Clone, Copy, PartialEq)]
enum Reader {
    Token,
    App,
}

/// Jira Cloud and github.com of one organisation, and one installation that reads them.
struct Organisation {
    stage: Stage,
    story: story::Story,
    clock: Arc<ManualClock>,
    store: Store,
    engine: Engine,
}

impl Organisation {
    async fn new(reader: Reader, database: &str) -> Self {
        let clock = ManualClock::at(Timestamp::parse("2026-06-17T09:30:00Z").unwrap());
        let shared: SharedClock = clock.clone();
        let story = story::generate(SEED, shared.now(), Size::Test);
        let source = Source::from(story.clone());
        let stage = Stage::start(source, &shared, &Spawner::tokio()).await.unwrap();
        let (limits, seed) = (Limits::default(), Entropy::from_seed(SEED));
        let transport = Transport::over_network(limits, shared.clone(), seed.clone()).unwrap();
        let store = Store::open(database, shared.clone()).await.unwrap();
        let trackers = connect(&stage, reader, &transport);
        let engine = Engine::new(store.clone(), trackers, shared, seed, Settings::default());
        Self { stage, story, clock, store, engine }
    }

    fn github(&self) -> &hub::Site {
        &self.stage.github.as_ref().unwrap().site
    }

    fn jira(&self) -> std::sync::MutexGuard<'_, atlassian::Site> {
        atlassian::lock(&self.stage.jira.as_ref().unwrap().site)
    }

    fn wait(&self, minutes: u64) {
        self.clock.advance(Duration::from_secs(60 * minutes));
    }

    async fn pass(&self, reach: Reach) {
        for connection in self.engine.connections() {
            let outcome = self.engine.pass(&connection, reach, &Silent, &Stop::never()).await;
            assert!(outcome.complete && outcome.problem.is_none(), "{outcome:?}");
        }
    }

    /// Every second delivery arrives; the others are lost. Returns how many arrived.
    async fn deliver_half(&self) -> usize {
        let sent = self.jira().take_deliveries();
        let mut letters: Vec<(&str, http::HeaderMap, bytes::Bytes)> = Vec::new();
        for delivery in sent {
            let mut headers = http::HeaderMap::new();
            headers.insert("x-hub-signature", delivery.signature.parse().unwrap());
            letters.push(("jira", headers, delivery.body));
        }
        let hook = Hook { url: "http://127.0.0.1/".into(), secret: WEBHOOK_SECRET.into() };
        for delivery in self.github().take_deliveries() {
            let request = hook.request(&delivery).unwrap();
            letters.push(("github", request.headers().clone(), request.into_body()));
        }
        let mut arrived = 0;
        for (name, headers, body) in letters.iter().step_by(2) {
            let connection = ConnectionId((*name).to_owned());
            let Some(tracker) = self.engine.tracker(&connection) else { continue };
            let hints = tracker.webhook(headers, body).unwrap();
            self.store.put_hints(&connection, hints.sources, self.github().now()).await.unwrap();
            arrived += 1;
        }
        for connection in self.engine.connections() {
            let outcome = self.engine.refresh(&connection, &Stop::never()).await;
            assert!(outcome.problem.is_none(), "{outcome:?}");
        }
        arrived
    }

    /// Items that are there long enough to be read, and then are deleted.
    async fn mistakes(&self) {
        let story = {
            let mut site = self.jira();
            let known = site.catalogue();
            let draft = atlassian::Draft {
                project: *known.projects.keys().next().unwrap(),
                kind: known.types.values().find(|kind| kind.level == 0).unwrap().id,
                status: *known.statuses.keys().next().unwrap(),
                summary: "A mistake".to_owned(),
                ..atlassian::Draft::default()
            };
            site.create_issue(draft).unwrap()
        };
        let repository = self.story.github.iter().find_map(|record| match record {
            hub::records::Record::Repo(repository) => Some(repository.id),
            _ => None,
        });
        let repository = repository.unwrap();
        let issue = self.github().edit(|edits| edits.create_issue(repository, "A mistake"));
        self.wait(15);
        self.pass(Reach::Hot).await;
        self.jira().delete_issue(story).unwrap();
        self.github().edit(|edits| edits.delete_issue(issue.unwrap())).unwrap();
        let mut left = 0;
        for _ in 0..2 {
            self.wait(15);
            for connection in self.engine.connections() {
                let everything = Sweeping::everything();
                let outcome = self.engine.sweep(&connection, &everything, &Stop::never()).await;
                assert_eq!(outcome.problem, None);
                left += outcome.left;
            }
        }
        assert_eq!(left as usize, self.engine.connections().len(), "one of each tracker");
    }
}

fn connect(stage: &Stage, reader: Reader, transport: &Transport) -> Vec<Arc<dyn Tracker>> {
    let site = stage.github.as_ref().unwrap();
    let mut config = site.config();
    if reader == Reader::App {
        let owner = site.repositories[0].split_once('/').unwrap().0;
        site.site.set_app(APP, &KEY.1).unwrap();
        site.site.install(7, Installation::at(owner));
        let key = SecretString::from(KEY.0.clone());
        config.auth = github::Auth::App(github::AppKey::new(APP, &key, None).unwrap());
        config.repositories = vec![format!("{owner}/*")];
    }
    let github = Arc::new(github::GitHub::new(config, transport.clone()).unwrap());
    if reader == Reader::App {
        return vec![github];
    }
    let site = stage.jira.as_ref().unwrap();
    atlassian::lock(&site.site).set_webhook("http://127.0.0.1/", WEBHOOK_SECRET);
    vec![Arc::new(jira::connect(site.config(), transport.clone())), github]
}

/// A first sync, hours of edits with every second webhook lost, deletions; and then the store is
/// what the trackers are.
async fn live(reader: Reader, database: &str) -> Stored {
    let house = Organisation::new(reader, database).await;
    house.pass(Reach::Hot).await;
    let edits = story::edits(SEED, house.github().now(), Size::Test);
    let mut editor = Editor::new(&house.story, edits, &house.stage);
    let mut arrived = 0;
    for _ in 0..8 {
        for _ in 0..20 {
            editor.step();
        }
        house.wait(7);
        arrived += house.deliver_half().await;
        house.pass(Reach::Hot).await;
    }
    house.mistakes().await;
    house.wait(60);
    house.pass(Reach::Deep).await;
    let stored = Stored::read(database).await;
    println!("{} edits, {arrived} webhooks, {} items", editor.done(), stored.len());
    assert_eq!((stored.counts.hints, stored.counts.retries), (0, 0));
    match reader {
        Reader::Token => stored.assert_equals_trackers(&house.stage),
        Reader::App => stored.assert_equals_github(&house.stage),
    }
    stored
}

async fn lives_alike(reader: Reader, name: &str) {
    println!("seed {SEED}");
    let folder = tempfile::tempdir().unwrap();
    let sqlite = format!("sqlite:{}", folder.path().join("gauge.db").display());
    let one = live(reader, &sqlite).await;
    one.assert_equals(&live(reader, &postgres::database(name).await).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn jira_cloud_and_github_com_end_equal_on_both_databases() {
    lives_alike(Reader::Token, "organisation").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_ends_equal_on_both_databases() {
    lives_alike(Reader::App, "organisation_app").await;
}
