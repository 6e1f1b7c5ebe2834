//! A whole organisation on GitHub Enterprise Server 3.17, edited while it is synced: the store
//! ends up with what the server can tell, on both databases.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use streamgauge::clock::{ManualClock, SharedClock, SystemClock};
use streamgauge::demo::{Source, Stage, WEBHOOK_SECRET};
use streamgauge::entropy::Entropy;
use streamgauge::gauge::{Gauge, Moment};
use streamgauge::model::{Attributes, Change, Precision, Timestamp, What};
use streamgauge::portfolio::Portfolio;
use streamgauge::signals::Scope;
use streamgauge::sim::github::Hook;
use streamgauge::sim::story::{self, Size, Story};
use streamgauge::spawn::Spawner;
use streamgauge::store::{Store, StoredItem};
use streamgauge::sync::{Engine, PassOutcome, Reach, Settings, Silent, Stop};
use streamgauge::trackers::Tracker;
use streamgauge::trackers::github::{Config, GitHub};
use streamgauge::transport::{Limits, Transport};

use super::{BOARD, connection};
use crate::kill::compare::Stored;
use crate::support::editor::Editor;
use crate::support::gate::Gate;
use crate::support::postgres;
use crate::support::process::Folder;

const SEED: u64 = 20_261_120;

struct Town {
    stage: Stage,
    story: Story,
    clock: Arc<ManualClock>,
    transport: Transport,
}

/// One installation that reads the town's GitHub.
struct Installation {
    github: Arc<GitHub>,
    store: Store,
    engine: Engine,
}

impl Town {
    async fn new() -> Self {
        let clock = ManualClock::at(Timestamp::parse("2026-06-17T09:30:00Z").unwrap());
        let shared: SharedClock = clock.clone();
        let story = story::generate(SEED, shared.now(), Size::Test);
        let (source, spawner) = (Source::from(story.clone()), Spawner::tokio());
        let stage = Stage::start(source, &shared, &spawner).await.unwrap();
        let seed = Entropy::from_seed(SEED);
        let transport = Transport::over_network(Limits::default(), shared, seed).unwrap();
        println!("seed {SEED}");
        Self { stage, story, clock, transport }
    }

    fn site(&self) -> &streamgauge::sim::github::Site {
        &self.stage.github.as_ref().unwrap().site
    }

    async fn install(&self, below: &str, database: &str) -> Installation {
        let stage = self.stage.github.as_ref().unwrap();
        let token = SecretString::from(stage.token);
        let mut config = Config::new(connection(), stage.repositories.clone(), token);
        config.api = format!("{}{below}", stage.running.url);
        config.webhook_secrets = vec![SecretString::from(WEBHOOK_SECRET)];
        let github = Arc::new(GitHub::new(config, self.transport.clone()).unwrap());
        let store = Store::open(database, self.clock.clone()).await.unwrap();
        let trackers: Vec<Arc<dyn Tracker>> = vec![github.clone()];
        let clock: SharedClock = self.clock.clone();
        let seed = Entropy::from_seed(SEED);
        let engine = Engine::new(store.clone(), trackers, clock, seed, Settings::default());
        Installation { github, store, engine }
    }

    async fn pass(&self, at: &Installation, reach: Reach) -> (PassOutcome, u64) {
        let before = self.transport.requests();
        let outcome = at.engine.pass(&connection(), reach, &Silent, &Stop::never()).await;
        assert!(outcome.complete && outcome.problem.is_none(), "{outcome:?}");
        (outcome, self.transport.requests() - before)
    }

    /// Every second delivery arrives; the others are lost, as they may be.
    async fn deliver_half(&self, to: &Installation) -> usize {
        let hook = Hook { url: "http://127.0.0.1/".into(), secret: WEBHOOK_SECRET.into() };
        let mut arrived = 0;
        for delivery in self.site().take_deliveries().iter().step_by(2) {
            let mut request = hook.request(delivery).unwrap();
            for (name, value) in [("version", "3.17.4"), ("host", "git.northwind.example")] {
                let name: http::HeaderName = format!("x-github-enterprise-{name}").parse().unwrap();
                request.headers_mut().insert(name, value.parse().unwrap());
            }
            let hints = to.github.webhook(request.headers(), request.body()).unwrap();
            let now = self.site().now();
            to.store.put_hints(&connection(), hints.sources, now).await.unwrap();
            arrived += 1;
        }
        let outcome = to.engine.refresh(&connection(), &Stop::never()).await;
        assert!(outcome.problem.is_none(), "{outcome:?}");
        arrived
    }

    async fn polled_share(&self, store: &Store) -> (f64, f64) {
        let portfolio = Arc::new(Portfolio::parse(&self.story.portfolio_toml, "p.toml").unwrap());
        let gauge = Gauge::new(store.clone(), portfolio, self.clock.clone());
        let moment = Moment { as_of: Some(self.site().now()), known: None };
        let report = gauge.report(moment, &Scope::Portfolio).await.unwrap();
        let gates = &report.confidence[0].gates;
        let gate = gates.iter().find(|gate| gate.name == "polled_share").unwrap();
        (gate.numerator, gate.denominator)
    }
}

async fn live(store: &Store) -> BTreeMap<String, StoredItem> {
    let all = store.fold_items(None, Vec::new(), |all, item| all.push(item)).await.unwrap();
    let live = all.into_iter().filter(|item: &StoredItem| item.removed.is_none());
    live.map(|item| (item.id.source.clone(), item)).collect()
}

/// What 3.17 can tell of an item.
fn tellable(item: &StoredItem) -> (Attributes, Vec<Change>) {
    let attributes = Attributes { links: Vec::new(), ..item.attributes.clone() };
    let told = |change: &&Change| !matches!(change.what, What::Link { .. } | What::Board { .. });
    (attributes, item.history.iter().filter(told).cloned().collect())
}

/// The last move on each board, which both an event and a value tell.
fn last_moves(item: &StoredItem) -> BTreeMap<&str, (Timestamp, Option<&str>)> {
    let moves = item.history.iter().filter_map(|change| match &change.what {
        What::Board { board, to, .. } => Some((board.as_str(), (change.at, to.as_deref()))),
        _ => None,
    });
    moves.collect()
}

async fn ends_equal(database: &str) {
    let town = Town::new().await;
    town.site().set_server(Some("3.17.4"));
    let server = town.install("/api/v3", database).await;
    let (first, requests) = town.pass(&server, Reach::Hot).await;
    let per_thousand = requests * 1000 / first.read;
    println!("first sync: {} issues, {requests} requests, {per_thousand} per 1,000", first.read);
    // Small repositories take a page each, however few issues it holds.
    let repositories = town.stage.github.as_ref().unwrap().repositories.len() as u64;
    assert!(requests <= first.read.div_ceil(40) + 3 * repositories + 2, "{requests}");

    let edits = story::edits(SEED, town.site().now(), Size::Test);
    let mut editor = Editor::new(&town.story, edits, &town.stage);
    let mut arrived = 0;
    for round in 0..12 {
        for _ in 0..20 {
            editor.step();
        }
        town.clock.advance(Duration::from_secs(420));
        // A move that only its board shows.
        if round % 3 == 0 {
            let quiet = quiet_move(&town, round);
            town.site().edit(quiet).unwrap();
        }
        arrived += town.deliver_half(&server).await;
        town.pass(&server, Reach::Hot).await;
    }
    town.clock.advance(Duration::from_secs(3_600));
    let (outcome, requests) = town.pass(&server, Reach::Deep).await;
    println!(
        "{} edits, {arrived} webhooks; the hourly pass read {} items in {requests} requests",
        editor.done(),
        outcome.read
    );
    town.clock.advance(Duration::from_secs(600));
    let (_, requests) = town.pass(&server, Reach::Hot).await;
    println!("nothing changed: {requests} requests for {repositories} repositories");
    assert_eq!(requests, 1 + repositories);

    Stored::read(database).await.assert_equals_github(&town.stage);
    let (polled, transitions) = town.polled_share(&server.store).await;
    println!("polled: {polled} of {transitions} status changes");
    assert!(polled > 0.0, "moves without events lower the confidence in the data");

    // The same site, read as github.com with all its events.
    town.site().set_server(None);
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("dotcom.db").display());
    let dotcom = town.install("", &url).await;
    town.pass(&dotcom, Reach::Hot).await;
    let (all, whole) = (live(&server.store).await, live(&dotcom.store).await);
    assert!(all.keys().eq(whole.keys()));
    for (id, item) in &all {
        assert_eq!(tellable(item), tellable(&whole[id]), "{id}");
        assert!(item.attributes.links.is_empty());
        assert!(item.history.iter().all(|change| {
            !matches!(change.what, What::Board { .. }) || change.precision == Precision::Polled
        }));
        let (polled, told) = (last_moves(item), last_moves(&whole[id]));
        for (board, (at, status)) in polled {
            assert_eq!(told[board].1, status, "{id}: where the card stands");
            assert!(told[board].0 <= at, "{id}: dated by the tracker's word");
        }
    }
    assert_eq!(town.polled_share(&dotcom.store).await.0, 0.0);
}

/// Moves an open card that nothing else touches.
fn quiet_move(
    town: &Town,
    round: usize,
) -> impl FnOnce(
    &mut streamgauge::sim::github::Edits<'_>,
) -> Result<(), streamgauge::sim::github::EditError>
+ use<> {
    use streamgauge::sim::github::records::Record;
    let mut issues = town.story.github.iter().filter_map(|record| match record {
        Record::Issue(issue) if issue.pr.is_none() && issue.closed.is_some() => Some(issue.id),
        _ => None,
    });
    let id = issues.nth(round * 7).unwrap();
    let boards = town.story.github.iter().find_map(|record| match record {
        Record::Board(board) => Some(board.id),
        _ => None,
    });
    let board = boards.unwrap_or(BOARD);
    move |edits| edits.set_board_status(id, board, Some("In review"))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_store_ends_with_what_the_server_can_tell_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    ends_equal(&format!("sqlite:{}", folder.path().join("gauge.db").display())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_store_ends_with_what_the_server_can_tell_on_postgresql() {
    ends_equal(&postgres::database("github_server").await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_address_of_a_server_is_all_that_the_settings_need() {
    let clock: SharedClock = Arc::new(SystemClock);
    let story = story::generate(SEED, clock.now(), Size::Test);
    let (source, spawner) = (Source::from(story.clone()), Spawner::tokio());
    let stage = Stage::start(source, &clock, &spawner).await.unwrap();
    let gate = Gate::open(&stage).await;
    let folder = Folder::new(&stage, &gate, &story.portfolio_toml);
    let site = &stage.github.as_ref().unwrap().site;
    site.set_server(Some("3.17.4"));
    let check = folder.run(&["check"]).await;
    assert!(check.err.contains("(404); check `url`, and set `server`"), "{}", check.err);

    let file = folder.path().join("streamgauge.toml");
    let settings = std::fs::read_to_string(&file).unwrap();
    let server = format!("url = \"{}/api/v3\"", gate.github);
    let settings = settings.replace(&format!("url = \"{}\"", gate.github), &server);
    std::fs::write(&file, settings).unwrap();
    let check = folder.run(&["check"]).await;
    println!("{}", check.out);
    let note = "github: this server (GitHub Enterprise Server 3.17.4) does not tell blocked-by";
    assert!(check.out.contains(note), "{}{}", check.out, check.err);
    let sync = folder.run(&["sync", "--json"]).await;
    assert!(matches!(sync.code, Some(0 | 3)), "{}\n{}", sync.out, sync.err);
    Stored::read(&folder.url()).await.assert_equals_github(&stage);
}
