//! What leaves, told by simulated trackers over HTTP: every reason is told apart in what `explain`
//! prints, on both databases. A further dialect is one more entry in [`dialects`].

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod asking;
mod bursts;
mod costs;
mod github;
mod jira;
mod unseen;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use streamgauge::clock::{Clock, ManualClock};
use streamgauge::entropy::Entropy;
use streamgauge::gauge::{Gauge, Moment};
use streamgauge::model::{Category, ConnectionId, Timestamp};
use streamgauge::portfolio::Portfolio;
use streamgauge::store::Store;
use streamgauge::sync::{Engine, PassOutcome, Problem, Reach, Settings, Silent, Stop, Sweeping};
use streamgauge::trackers::Tracker;
use streamgauge::transport::{Limits, Transport};

use crate::support::postgres;
use crate::support::program::{Desk, PORTFOLIO, SETTINGS};

/// One kind of tracker with two scopes and one project outside, and what people do to its items.
/// An item is named by its present key.
trait Dialect: Send + Sync {
    fn name(&self) -> &'static str;
    fn tracker(&self) -> Arc<dyn Tracker>;
    /// In the first scope items come and go; the second one is put away as a whole.
    fn scopes(&self) -> [&'static str; 2];
    /// A project that is not in the scopes.
    fn outside(&self) -> &'static str;
    fn create(&self, project: &str) -> String;
    /// Changes the status of an item.
    fn change(&self, key: &str);
    fn delete(&self, key: &str);
    /// Moves or transfers an item and returns its new key.
    fn carry(&self, key: &str, project: &str) -> String;
    /// Makes a single item unreadable in a way that does not say why. False: it cannot be undone.
    fn conceal(&self, key: &str) -> bool;
    fn reveal(&self, key: &str);
    /// False: this tracker cannot archive single items.
    fn archive_item(&self, key: &str) -> bool;
    fn show(&self, project: &str, visible: bool);
    fn archive(&self, project: &str, archived: bool);
    /// Gives a project another name. False: it cannot be simulated.
    fn rename(&self, _project: &str) -> bool {
        false
    }
    /// Forbids one project to the credential, which stays good for the others. False: this tracker
    /// hides instead.
    fn forbid(&self, _project: &str, _forbidden: bool) -> bool {
        false
    }
    /// False: this tracker has no bin.
    fn trash(&self, project: &str, trashed: bool) -> bool;
    /// What a deletion is told as, and after how many looks.
    fn deletion(&self) -> (&'static str, usize);
    /// What a move out of the scopes is told as.
    fn carried(&self) -> &'static str;
    /// Whether an item that is carried to another scope stays the same one.
    fn keeps_ids(&self) -> bool;
}

async fn dialects(clock: &Arc<ManualClock>, transport: &Transport) -> Vec<Box<dyn Dialect>> {
    vec![
        Box::new(jira::Jira::cloud(clock, transport).await),
        Box::new(jira::Jira::center(clock, transport).await),
        Box::new(github::Hub::com(clock, transport).await),
        Box::new(github::Hub::server(clock, transport).await),
        Box::new(github::Hub::app(clock, transport).await),
    ]
}

const CLAIMS: &str = r#"
name = "Northwind"
timezone = "UTC"

[[stream]]
id = "payments"

[[team]]
id = "checkout"
stream = "payments"
claims = [
  { jira = "PAY" },
  { jira = "BOOK" },
  { github = "northwind/checkout" },
  { github = "northwind/search" },
]
"#;

/// One dialect with a store of its own.
struct House<'a> {
    dialect: &'a dyn Dialect,
    clock: Arc<ManualClock>,
    store: Store,
    engine: Engine,
    gauge: Gauge,
    desk: Desk,
}

impl<'a> House<'a> {
    async fn new(dialect: &'a dyn Dialect, url: &str, clock: &Arc<ManualClock>) -> Self {
        let store = Store::open(url, clock.clone()).await.unwrap();
        let portfolio = Portfolio::parse(CLAIMS, "portfolio.toml").unwrap();
        let gauge = Gauge::new(store.clone(), Arc::new(portfolio), clock.clone());
        let entropy = Entropy::from_seed(5);
        let trackers = vec![dialect.tracker()];
        let engine =
            Engine::new(store.clone(), trackers, clock.clone(), entropy, Settings::default());
        let settings = format!("portfolio = \"portfolio.toml\"\n[store]\nurl = \"{url}\"\n");
        let desk = Desk::new().write(SETTINGS, settings).write(PORTFOLIO, CLAIMS);
        Self { dialect, clock: clock.clone(), store, engine, gauge, desk }
    }

    fn connection(&self) -> ConnectionId {
        self.engine.connections().remove(0)
    }

    async fn pass(&self) -> PassOutcome {
        self.engine.pass(&self.connection(), Reach::Hot, &Silent, &Stop::never()).await
    }

    async fn sweep(&self) -> PassOutcome {
        self.swept(&Sweeping::everything()).await
    }

    async fn swept(&self, sweeping: &Sweeping) -> PassOutcome {
        self.engine.sweep(&self.connection(), sweeping, &Stop::never()).await
    }

    /// A sweep that must find no fault, and how many items it found gone.
    async fn gone(&self) -> u64 {
        let outcome = self.sweep().await;
        assert_eq!(outcome.problem, None, "{}: {outcome:?}", self.dialect.name());
        outcome.left
    }

    fn wait(&self, minutes: u64) {
        self.clock.advance(Duration::from_secs(60 * minutes));
    }

    /// Items in both scopes, three of five in the first.
    fn create(&self, count: u64) -> Vec<String> {
        let [home, other] = self.dialect.scopes();
        (0..count)
            .map(|number| self.dialect.create(if number % 5 < 3 { home } else { other }))
            .collect()
    }

    /// One item in each scope, read and swept. Returns the key of the second.
    async fn begin(&self) -> String {
        let [home, other] = self.dialect.scopes();
        self.dialect.create(home);
        let key = self.dialect.create(other);
        self.wait(30);
        self.pass().await;
        self.gone().await;
        key
    }

    /// The reason by key of every item that left.
    async fn left(&self) -> BTreeMap<String, String> {
        let items = self.store.fold_items(None, Vec::new(), |all, item| all.push(item));
        let items: Vec<streamgauge::store::StoredItem> = items.await.unwrap();
        let told = items
            .into_iter()
            .filter_map(|item| Some((item.attributes.key, item.removed?.departure.to_string())));
        told.collect()
    }

    /// The keys of the live items, sorted.
    async fn live(&self) -> BTreeSet<String> {
        let items = self.store.fold_items(None, BTreeSet::new(), |all, item| {
            if item.removed.is_none() {
                all.insert(item.attributes.key);
            }
        });
        items.await.unwrap()
    }

    /// What the program prints about a key.
    fn explain(&self, key: &str) -> String {
        self.desk.done(&["explain", key])
    }

    #[track_caller]
    fn assert_explained(&self, key: &str, words: &[&str]) {
        let told = self.explain(key);
        for word in words {
            assert!(told.contains(word), "{}: no `{word}` in\n{told}", self.dialect.name());
        }
    }

    /// How the signals see an item: the category it ends in, if it is counted at all.
    async fn counted(&self, key: &str) -> Option<Category> {
        let world = self.gauge.world(None).await.unwrap();
        let item = world.dataset.items.iter().find(|item| item.key == key)?;
        item.segments.last().map(|segment| segment.category)
    }
}

fn start() -> (Arc<ManualClock>, Transport) {
    let clock = ManualClock::at(Timestamp::parse("2026-06-15T06:00:00Z").unwrap());
    let entropy = Entropy::from_seed(4);
    let transport = Transport::over_network(Limits::default(), clock.clone(), entropy).unwrap();
    (clock, transport)
}

/// Runs a test with every dialect, each over a SQLite file of its own. The network that they share
/// counts their requests.
async fn of_every_dialect(mut test: impl AsyncFnMut(&House<'_>, &Transport)) {
    let folder = tempfile::tempdir().unwrap();
    let (clock, transport) = start();
    for dialect in dialects(&clock, &transport).await {
        let url = format!("sqlite:{}/{}.db", folder.path().display(), dialect.name());
        let house = House::new(dialect.as_ref(), &url, &clock).await;
        test(&house, &transport).await;
    }
}

/// Single items leave in every way that the tracker has.
async fn items_leave(house: &House<'_>) {
    let (dialect, name) = (house.dialect, house.dialect.name());
    let [home, other] = dialect.scopes();
    let keys: Vec<String> = (0..8).map(|_| dialect.create(home)).collect();
    dialect.create(other);
    house.wait(30);
    let outcome = house.pass().await;
    assert_eq!((outcome.problem, outcome.read), (None, 9), "{name}");
    assert_eq!(house.gone().await, 0, "{name}");
    assert!(house.left().await.is_empty());
    let known = house.clock.now();

    let late = dialect.create(home);
    dialect.delete(&keys[0]);
    let inside = dialect.carry(&keys[1], other);
    let outside = dialect.carry(&keys[2], dialect.outside());
    let concealed = dialect.conceal(&keys[3]);
    let archived = dialect.archive_item(&keys[4]);
    house.wait(5);
    house.gone().await;
    assert!(house.live().await.contains(&late), "{name}: the sweep reads what was never read");
    house.wait(11);
    house.gone().await;

    let (deletion, looks) = dialect.deletion();
    let mut expected = BTreeMap::from([
        (keys[0].clone(), deletion.to_owned()),
        (keys[3].clone(), "gone".to_owned()),
    ]);
    if dialect.keeps_ids() {
        expected.insert(keys[2].clone(), format!("moved {outside}"));
    } else {
        expected.insert(keys[1].clone(), format!("transferred {inside}"));
        expected.insert(keys[2].clone(), format!("transferred {outside}"));
    }
    if archived {
        expected.insert(keys[4].clone(), "archived".to_owned());
        house.assert_explained(&keys[4], &[", archived: it was archived in the tracker"]);
    }
    assert_eq!(house.left().await, expected, "{name}: {looks} looks");
    assert!(house.live().await.contains(&inside), "{name}");

    // In words, with the instant and the way back.
    let way = "what would bring it back: ";
    let told = if deletion == "gone" { "deleted, or hidden" } else { "says that it was deleted" };
    house.assert_explained(
        &keys[0],
        &[&format!(", {deletion}: "), told, way, "left at or before 2026-06-15T"],
    );
    house.assert_explained(&keys[2], &[&format!(", {}: ", dialect.carried()), &outside, way]);
    house.assert_explained(&keys[3], &[", gone: it is gone: deleted, or hidden", way]);
    // The old key leads to the item where it is now, history and all.
    house.assert_explained(&keys[1], &[&inside]);
    let first = house.explain(&keys[1]);
    assert!(first.starts_with(&inside), "{name}: {first}");
    house.assert_explained(&inside, &[&inside]);

    // What left is work no more and was not delivered; what goes on is not counted twice.
    assert_eq!(house.counted(&keys[0]).await, Some(Category::Dropped), "{name}");
    assert_eq!(house.counted(&inside).await, Some(Category::Proposed), "{name}");
    assert_eq!(house.counted(&keys[1]).await, None, "{name}");
    assert_eq!(house.counted(&keys[5]).await, Some(Category::Proposed), "{name}");
    let before = Moment { known: Some(known), as_of: None };
    let then = house.gauge.stories(&keys[0], before).await.unwrap();
    assert!(then[0].removed.is_none(), "{name}: what was known then stays known");

    if concealed {
        dialect.reveal(&keys[3]);
        house.gone().await;
        assert!(house.live().await.contains(&keys[3]), "{name}: it is there again");
        assert!(!house.explain(&keys[3]).contains("left at"), "{name}");
    }
}

/// A whole scope is closed, thrown away and lost from sight, and comes back every time.
async fn a_scope_leaves(house: &House<'_>) {
    let (dialect, name) = (house.dialect, house.dialect.name());
    let [home, other] = dialect.scopes();
    dialect.create(home);
    let key = dialect.create(other);
    house.wait(30);
    house.pass().await;
    let live = house.live().await;

    dialect.show(other, false);
    for _ in 0..3 {
        house.pass().await;
        house.wait(1);
    }
    assert_eq!(house.gone().await, 0, "{name}: one look proves nothing");
    house.wait(11);
    assert!(house.gone().await > 0, "{name}");
    assert_eq!(house.left().await[&key], "access-lost", "{name}");
    house.assert_explained(&key, &[", access-lost: its project can no longer be seen"]);
    // The rest goes on.
    let news = dialect.create(home);
    house.wait(5);
    house.pass().await;
    assert!(house.live().await.contains(&news), "{name}: a lost right does not stop the rest");
    dialect.show(other, true);
    assert_eq!(house.gone().await, 0);
    assert!(house.live().await.is_superset(&live), "{name}: everything came back");

    dialect.archive(other, true);
    assert_eq!(house.gone().await, 0, "{name}: one look proves nothing");
    house.wait(3);
    assert!(house.gone().await > 0, "{name}");
    assert_eq!(house.left().await[&key], "project-archived", "{name}");
    house.assert_explained(&key, &[", project-archived: its project was archived"]);
    let outcome = house.pass().await;
    assert!(outcome.problem.is_none(), "{name}: {outcome:?}");
    assert_eq!(house.left().await[&key], "project-archived", "{name}: a pass changes nothing");
    dialect.archive(other, false);
    house.wait(61);
    assert!(house.engine.sweep_due(&house.connection()).await.unwrap(), "{name}");
    house.swept(&Sweeping::default()).await;
    assert!(house.live().await.is_superset(&live), "{name}");

    if dialect.trash(other, true) {
        house.gone().await;
        house.wait(3);
        assert!(house.gone().await > 0, "{name}");
        assert_eq!(house.left().await[&key], "project-trashed", "{name}");
        house.assert_explained(&key, &[", project-trashed: its project is in the tracker's bin"]);
        dialect.trash(other, false);
        house.gone().await;
        assert!(house.live().await.is_superset(&live), "{name}");
    }
}

/// Many items at once are held back until a person confirms.
async fn many_leave(house: &House<'_>) {
    let (dialect, name) = (house.dialect, house.dialect.name());
    let home = dialect.scopes()[0];
    let keys: Vec<String> = (0..40).map(|_| dialect.create(home)).collect();
    house.wait(30);
    house.pass().await;
    house.wait(1);
    let before = house.left().await;
    keys[..30].iter().for_each(|key| dialect.delete(key));
    for _ in 0..2 {
        let outcome = house.sweep().await;
        let held = matches!(&outcome.problem, Some(Problem::Refused(why))
            if why.contains("30 of") && why.contains("--accept-mass-removal"));
        assert!(held, "{name}: {outcome:?}");
        house.wait(15);
        house.pass().await;
        assert_eq!(house.left().await, before, "{name}: none is removed");
    }
    let trouble = async || {
        let scopes = house.store.scopes().await.unwrap();
        scopes.into_iter().find(|scope| scope.project == home).unwrap().problem
    };
    assert!(trouble().await.is_some_and(|why| why.contains("missing at once")), "{name}");
    let turn = async || {
        let turns = house.engine.sweep_turns(&house.connection()).await.unwrap();
        turns[home].millis() - house.clock.now().millis()
    };
    let hour = 3_600_000;
    assert!(turn().await <= hour, "{name}: a trouble is looked at within the hour");
    let accepted = BTreeSet::from([home.to_owned()]);
    let outcome = house.swept(&Sweeping { accepted, ..Sweeping::default() }).await;
    assert_eq!((outcome.problem, outcome.left), (None, 30), "{name}");
    assert_eq!(trouble().await, None, "{name}: what was solved is told no more");
    assert!(turn().await > 12 * hour, "{name}: a calm scope has its daily turn");
}

async fn all_of_it(database: &str, url: impl AsyncFn(&str) -> String) {
    let (clock, transport) = start();
    for dialect in dialects(&clock, &transport).await {
        let url = url(&dialect.name().replace(['-', '.'], "_")).await;
        let house = House::new(dialect.as_ref(), &url, &clock).await;
        println!("{} on {database}", dialect.name());
        items_leave(&house).await;
        a_scope_leaves(&house).await;
        many_leave(&house).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_departure_is_told_apart_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().display().to_string();
    all_of_it("SQLite", async |name: &str| format!("sqlite:{path}/{name}.db")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_departure_is_told_apart_on_postgresql() {
    let url = async |name: &str| postgres::database(&format!("departures_{name}")).await;
    all_of_it("PostgreSQL", url).await;
}
