//! A tracker whose whole truth is a value: pages, a lagging index, lagging replicas, coarse
//! stamps, and failures on request. Every call takes time and may be interrupted.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::Poll;
use std::time::Duration;

use async_trait::async_trait;
use http::HeaderMap;
use streamgauge::clock::{Clock, ManualClock};
use streamgauge::entropy::Entropy;
use streamgauge::model::{
    Attributes, Change, ConnectionId, Item, ItemId, Named, Precision, StatusEntry, Timestamp,
    TrackerKind, What,
};
use streamgauge::trackers::{
    Catalogue, Discovered, Fate, Hints, Inventory, Probe, ReadOut, Roll, ScanId, Stamp, Standing,
    Tracker, TrackerError, WebhookError,
};

/// The scopes of the connection.
pub const PROJECTS: [&str; 2] = ["BOOK", "PAY"];

/// One state of an item, from the moment it was true.
struct State {
    since: Timestamp,
    /// When the search index shows it.
    indexed: Timestamp,
    item: Item,
}

/// What exists, and how badly it is told.
pub struct World {
    pub random: Entropy,
    items: BTreeMap<String, Vec<State>>,
    deleted: BTreeSet<String>,
    /// Out of sight one by one, as a security level does it.
    hidden: BTreeSet<String>,
    /// The keys under which items go on as others.
    transferred: BTreeMap<String, String>,
    /// How projects stand, where that is not live.
    standings: BTreeMap<String, Standing>,
    /// Everything that was out of the list at some time.
    pub ever_gone: BTreeSet<String>,
    entries: u64,
    /// Stamps are cut to this: two changes within it look like one.
    pub granule: Duration,
    hot: Option<String>,
    /// Longest time until the index shows a change.
    pub index_lag: Duration,
    /// A read shows the world as it was this long ago, at most.
    pub replica_lag: Duration,
    pub page: usize,
    pub batch: usize,
    /// Of 100 calls, how many fail.
    pub failing: u64,
    /// Of 100 calls, during how many someone edits something.
    pub editing: u64,
    /// Items that cannot be read, whatever else works.
    pub poison: BTreeSet<String>,
    pub unauthorized: bool,
    /// Every page names the same next page.
    pub endless: bool,
    /// Ids that were read, in order.
    pub reads: Vec<String>,
    pub listed: usize,
}

/// A handle on a world, and a tracker that shows it.
#[derive(Clone)]
pub struct Scripted {
    world: Arc<Mutex<World>>,
    clock: Arc<ManualClock>,
    connection: ConnectionId,
    kind: TrackerKind,
}

impl World {
    pub fn chance(&self, percent: u64) -> bool {
        self.random.next_u64() % 100 < percent
    }

    fn standing(&self, project: &str) -> Standing {
        self.standings.get(project).copied().unwrap_or(Standing::Live)
    }

    /// Whether reading by id gives the item.
    fn gives(&self, item: &Item) -> bool {
        let (source, project) = (&item.id.source, item.attributes.project.as_str());
        PROJECTS.contains(&project)
            && !self.deleted.contains(source)
            && !self.hidden.contains(source)
            && matches!(self.standing(project), Standing::Live | Standing::Archived)
    }

    fn last(&self, source: &str) -> Option<&Item> {
        Some(&self.items.get(source)?.last()?.item)
    }

    /// Notes who is out of the list now.
    fn look_around(&mut self) {
        let gone: Vec<String> = self
            .items
            .values()
            .filter_map(|states| states.last())
            .filter(|state| !self.is_listed(&state.item))
            .map(|state| state.item.id.source.clone())
            .collect();
        self.ever_gone.extend(gone);
    }

    fn is_listed(&self, item: &Item) -> bool {
        self.gives(item) && self.standing(&item.attributes.project) == Standing::Live
    }

    fn within(&self, longest: Duration) -> i64 {
        let millis = u64::try_from(longest.as_millis()).unwrap();
        i64::try_from(self.random.next_u64() % (millis + 1)).unwrap()
    }
}

impl Scripted {
    pub fn new(seed: u64, kind: TrackerKind, clock: Arc<ManualClock>) -> Self {
        let world = World {
            random: Entropy::from_seed(seed),
            items: BTreeMap::new(),
            deleted: BTreeSet::new(),
            hidden: BTreeSet::new(),
            transferred: BTreeMap::new(),
            standings: BTreeMap::new(),
            ever_gone: BTreeSet::new(),
            entries: 0,
            granule: Duration::from_secs(1),
            hot: None,
            index_lag: Duration::ZERO,
            replica_lag: Duration::ZERO,
            page: 3,
            batch: 2,
            failing: 0,
            editing: 0,
            poison: BTreeSet::new(),
            unauthorized: false,
            endless: false,
            reads: Vec::new(),
            listed: 0,
        };
        let connection = ConnectionId("tracker".into());
        Self { world: Arc::new(Mutex::new(world)), clock, connection, kind }
    }

    pub fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    /// Two projects take turns.
    fn project(source: &str) -> &'static str {
        if source.parse::<u64>().unwrap().is_multiple_of(2) { "PAY" } else { "BOOK" }
    }

    /// Changes the item's status, creating it where it is new.
    pub fn edit(&self, source: &str) {
        let now = self.clock.now();
        let mut world = self.world();
        let granule = i64::try_from(world.granule.as_millis()).unwrap();
        let stamp = Timestamp::from_millis(now.millis() / granule * granule);
        world.hot = Some(source.to_owned());
        let last = world.items.get(source).and_then(|states| states.last());
        let mut item = last.map_or_else(
            || Item {
                id: ItemId { connection: self.connection.clone(), source: source.into() },
                created_at: stamp,
                updated_at: stamp,
                attributes: Attributes {
                    key: format!("{}-{source}", Self::project(source)),
                    project: Self::project(source).into(),
                    ..Attributes::default()
                },
                history: Vec::new(),
                history_complete: true,
            },
            |state| state.item.clone(),
        );
        let to = Named::new((world.random.next_u64() % 4).to_string(), "a status");
        if world.chance(10) && !item.history.is_empty() {
            item.history.remove(0);
        }
        item.history.push(Change {
            id: world.entries.to_string(),
            at: stamp,
            what: What::Status { from: item.attributes.status, to: to.clone() },
            precision: Precision::Exact,
        });
        item.attributes.status = to;
        if world.chance(5) {
            item.attributes.key = format!("{}X", item.attributes.key);
        }
        item.updated_at = stamp;
        world.entries += 1;
        let indexed = now.plus_millis(world.within(world.index_lag));
        let state = State { since: now, indexed, item };
        world.items.entry(source.to_owned()).or_default().push(state);
    }

    pub fn delete(&self, source: &str) {
        let mut world = self.world();
        world.deleted.insert(source.into());
        world.look_around();
    }

    /// Hides one item, or shows it again.
    pub fn hide(&self, source: &str, hidden: bool) {
        let mut world = self.world();
        if hidden {
            world.hidden.insert(source.into())
        } else {
            world.hidden.remove(source)
        };
        world.look_around();
    }

    /// Changes how a project stands.
    pub fn stand(&self, project: &str, standing: Standing) {
        let mut world = self.world();
        world.standings.insert(project.into(), standing);
        world.look_around();
    }

    pub fn standing_now(&self, project: &str) -> Standing {
        self.world().standing(project)
    }

    /// Moves an item to another project, perhaps one that is not ours: same id, new key.
    pub fn relocate(&self, source: &str, project: &str) {
        let now = self.clock.now();
        let mut world = self.world();
        let Some(mut item) = world.last(source).cloned() else { return };
        let granule = i64::try_from(world.granule.as_millis()).unwrap();
        let stamp = Timestamp::from_millis(now.millis() / granule * granule);
        item.history.push(Change {
            id: world.entries.to_string(),
            at: stamp,
            what: What::Project {
                from: Some(item.attributes.project.clone()),
                to: Some(project.to_owned()),
            },
            precision: Precision::Exact,
        });
        item.attributes.project = project.to_owned();
        item.attributes.key = format!("{project}-{source}");
        item.updated_at = stamp;
        world.entries += 1;
        let indexed = now.plus_millis(world.within(world.index_lag));
        let state = State { since: now, indexed, item };
        world.items.entry(source.to_owned()).or_default().push(state);
        world.look_around();
    }

    /// Transfers an item: it goes on under a new id with its whole history. Returns the new id.
    pub fn transfer(&self, source: &str, project: &str) -> Option<String> {
        let now = self.clock.now();
        let mut world = self.world();
        let mut item = world.last(source).filter(|item| world.gives(item)).cloned()?;
        let id = world.items.len().to_string();
        item.id.source.clone_from(&id);
        item.attributes.project = project.to_owned();
        item.attributes.key = format!("{project}-{id}");
        let granule = i64::try_from(world.granule.as_millis()).unwrap();
        item.updated_at = Timestamp::from_millis(now.millis() / granule * granule);
        world.deleted.insert(source.to_owned());
        world.transferred.insert(source.to_owned(), item.attributes.key.clone());
        let indexed = now.plus_millis(world.within(world.index_lag));
        world.items.insert(id.clone(), vec![State { since: now, indexed, item }]);
        world.look_around();
        Some(id)
    }

    /// Everything that exists in live projects of ours, sorted by id.
    pub fn truth(&self) -> Vec<Item> {
        let world = self.world();
        let last = world.items.values().filter_map(|states| states.last());
        last.map(|state| &state.item).filter(|item| world.is_listed(item)).cloned().collect()
    }

    /// Every call takes time, and the world goes on meanwhile.
    async fn call(&self) -> Result<(), TrackerError> {
        let mut polled = false;
        std::future::poll_fn(|context| {
            if std::mem::replace(&mut polled, true) {
                return Poll::Ready(());
            }
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
        let pause = self.world().random.next_u64() % 1_500;
        self.clock.advance(Duration::from_millis(pause));
        let edited = {
            let world = self.world();
            let known = world.items.len() as u64;
            // Whoever edits an item often edits it again at once.
            let hot = world.hot.clone().filter(|_| world.chance(50));
            let any = (world.random.next_u64() % (known + 1)).to_string();
            world.chance(world.editing).then(|| hot.unwrap_or(any))
        };
        if let Some(source) = edited {
            self.edit(&source);
        }
        let world = self.world();
        if world.unauthorized {
            return Err(TrackerError::Unauthorized("the token is not accepted".into()));
        }
        if world.chance(world.failing) {
            return Err(TrackerError::Unavailable("the tracker answers 503".into()));
        }
        Ok(())
    }

    /// The rows of a walk from `since`, oldest stamp first.
    fn index(&self, scan: &str, since: Option<Timestamp>) -> Vec<Item> {
        let now = self.clock.now();
        let world = self.world();
        let lags = self.kind == TrackerKind::Jira;
        let mut rows: Vec<Item> = world
            .items
            .values()
            .filter_map(|states| states.iter().rfind(|s| !lags || s.indexed <= now))
            .map(|state| state.item.clone())
            .filter(|item| world.gives(item) && (!lags || world.is_listed(item)))
            .filter(|item| scan == "all" || item.attributes.project == scan)
            .filter(|item| since.is_none_or(|since| item.updated_at >= since))
            .collect();
        rows.sort_by_key(|item| (item.updated_at, item.id.source.clone()));
        rows
    }
}

#[async_trait]
impl Tracker for Scripted {
    fn connection(&self) -> &ConnectionId {
        &self.connection
    }

    fn kind(&self) -> TrackerKind {
        self.kind
    }

    fn scans(&self) -> Vec<ScanId> {
        let names: &[&str] = match self.kind {
            TrackerKind::Jira => &["all"],
            TrackerKind::GitHub => &["BOOK", "PAY"],
        };
        names.iter().map(|name| ScanId((*name).into())).collect()
    }

    async fn probe(&self) -> Result<Probe, TrackerError> {
        let asked = self.clock.now();
        self.call().await?;
        Ok(Probe { clock: asked.plus_millis(-1_000), notes: Vec::new() })
    }

    async fn catalogue(&self, _full: bool) -> Result<Catalogue, TrackerError> {
        self.call().await?;
        let status = Named::new("1", "a status");
        let statuses = vec![StatusEntry { status, category: "new".into() }];
        Ok(Catalogue { statuses, releases: Vec::new() })
    }

    async fn discover(
        &self,
        scan: &ScanId,
        since: Option<Timestamp>,
        _clock: Timestamp,
        page: Option<&str>,
    ) -> Result<Discovered, TrackerError> {
        self.call().await?;
        if page.is_some() && self.world().failing > 0 && self.world().chance(3) {
            return Err(TrackerError::BadToken("the page token has expired".into()));
        }
        if self.standing_now(&scan.0) == Standing::Hidden {
            return Err(TrackerError::Refused(format!("there is no {}", scan.0)));
        }
        let since = since.map(|t| Timestamp::from_millis(t.millis() / 60_000 * 60_000));
        let rows = self.index(&scan.0, since);
        // The token names the last row, so that rows which move do not hide others.
        let after = page.and_then(|token| token.split_once(' ')).map(|(stamp, source)| {
            (Timestamp::from_millis(stamp.parse().unwrap()), source.to_owned())
        });
        let place = |item: &Item| (item.updated_at, item.id.source.clone());
        let size = self.world().page;
        let mut rows: Vec<Item> = rows
            .into_iter()
            .filter(|item| after.as_ref().is_none_or(|after| place(item) > *after))
            .collect();
        let more = rows.len() > size;
        rows.truncate(size);
        let token = |item: &Item| format!("{} {}", item.updated_at.millis(), item.id.source);
        let mut next = rows.last().filter(|_| more).map(token);
        let mut world = self.world();
        if world.endless {
            next = Some(format!("{} 0", i64::MAX));
        }
        world.listed += rows.len();
        let mut found = Discovered { next, ..Discovered::default() };
        match self.kind {
            TrackerKind::Jira => {
                found.stamps = rows
                    .into_iter()
                    .map(|i| Stamp { source: i.id.source, updated_at: Some(i.updated_at) })
                    .collect();
            }
            TrackerKind::GitHub => found.items = rows,
        }
        Ok(found)
    }

    async fn read(&self, sources: &[String]) -> Result<ReadOut, TrackerError> {
        assert!(sources.len() <= self.batch(), "asked for more than a batch");
        let asked = self.clock.now();
        self.call().await?;
        let mut world = self.world();
        world.reads.extend(sources.iter().cloned());
        if sources.iter().any(|source| world.poison.contains(source)) {
            return Err(TrackerError::Malformed("an answer that nobody understands".into()));
        }
        let seen = asked.plus_millis(-world.within(world.replica_lag));
        let mut told = ReadOut { read_at: Some(asked), ..ReadOut::default() };
        for source in sources {
            let states = world.items.get(source);
            let state = states.and_then(|states| states.iter().rfind(|s| s.since <= seen));
            match state.filter(|state| world.gives(&state.item)) {
                Some(state) => told.items.push(state.item.clone()),
                None => told.absent.push(source.clone()),
            }
        }
        Ok(told)
    }

    fn batch(&self) -> usize {
        self.world().batch
    }

    fn projects(&self) -> Vec<String> {
        PROJECTS.map(str::to_owned).to_vec()
    }

    async fn standing(&self, project: &str) -> Result<Standing, TrackerError> {
        self.call().await?;
        Ok(self.standing_now(project))
    }

    async fn roll(&self, project: &str, page: Option<&str>) -> Result<Roll, TrackerError> {
        self.call().await?;
        if self.standing_now(project) != Standing::Live {
            return Err(TrackerError::Refused(format!("there is no {project}")));
        }
        let rows = self.index(project, None).into_iter().map(|item| item.id.source);
        let mut sources: Vec<String> = rows.collect();
        sources.sort();
        sources.retain(|source| page.is_none_or(|last| source.as_str() > last));
        let size = self.world().page;
        let more = sources.len() > size;
        sources.truncate(size);
        let next = sources.last().filter(|_| more).cloned();
        Ok(Roll { sources, next })
    }

    async fn fate(&self, source: &str, _key: &str) -> Result<Fate, TrackerError> {
        self.call().await?;
        let world = self.world();
        if let Some(key) = world.transferred.get(source) {
            return Ok(Fate::Transferred { key: key.clone() });
        }
        if world.deleted.contains(source) && self.kind == TrackerKind::GitHub {
            return Ok(Fate::Deleted);
        }
        let here = world.last(source).filter(|item| {
            let elsewhere = !PROJECTS.contains(&item.attributes.project.as_str());
            let hidden = world.deleted.contains(source) || world.hidden.contains(source);
            world.gives(item) || (elsewhere && !hidden)
        });
        Ok(here.map_or(Fate::Absent, |item| Fate::Here {
            key: item.attributes.key.clone(),
            project: item.attributes.project.clone(),
        }))
    }

    async fn inventory(&self, _projects: &[String]) -> Result<Inventory, TrackerError> {
        Ok(Inventory::default())
    }

    fn webhook(&self, _: &HeaderMap, _: &[u8]) -> Result<Hints, WebhookError> {
        Err(WebhookError::Forged)
    }
}
