//! The sync engine against a scripted tracker: whatever happens on the way, the store ends up
//! equal to the tracker.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use streamgauge::clock::{Clock, ManualClock};
use streamgauge::entropy::Entropy;
use streamgauge::model::{Departure, Timestamp, TrackerKind};
use streamgauge::store::{Counts, Store, StoredItem};
use streamgauge::sync::{
    Engine, PassOutcome, Problem, Reach, Settings, Silent, Stop, Stopper, Sweeping,
};
use streamgauge::trackers::{Standing, Tracker};

use crate::support::scripted::{PROJECTS, Scripted};

/// Polls by hand, so that a test decides when a process dies. `None`: dropped on the way.
fn run<T>(polls: usize, future: impl Future<Output = T> + Send) -> Option<T> {
    let mut future = pin!(future);
    let mut context = Context::from_waker(std::task::Waker::noop());
    for _ in 0..polls {
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return Some(value);
        }
    }
    None
}

fn finish<T>(future: impl Future<Output = T> + Send) -> T {
    run(1_000_000, future).expect("it ends")
}

struct Bench {
    tracker: Scripted,
    store: Store,
    clock: Arc<ManualClock>,
    engine: Engine,
}

impl Bench {
    fn new(seed: u64, kind: TrackerKind) -> Self {
        let clock = ManualClock::at(Timestamp::parse("2026-06-15T06:00:00Z").unwrap());
        let tracker = Scripted::new(seed, kind, clock.clone());
        let store = finish(Store::open_inline("sqlite::memory:", clock.clone())).unwrap();
        let engine = engine(&tracker, &store, &clock, seed);
        Self { tracker, store, clock, engine }
    }

    /// What the next process finds after this one was killed.
    fn restart(&mut self, seed: u64) {
        self.clock.advance(Duration::from_secs(31));
        self.engine = engine(&self.tracker, &self.store, &self.clock, seed);
    }

    fn pass(&self) -> PassOutcome {
        self.reach(Reach::Hot)
    }

    fn reach(&self, reach: Reach) -> PassOutcome {
        finish(self.engine.pass(self.tracker.connection(), reach, &Silent, &Stop::never()))
    }

    fn refresh(&self) -> PassOutcome {
        finish(self.engine.refresh(self.tracker.connection(), &Stop::never()))
    }

    fn sweep(&self) -> PassOutcome {
        self.swept(&Sweeping::everything())
    }

    fn swept(&self, sweeping: &Sweeping) -> PassOutcome {
        finish(self.engine.sweep(self.tracker.connection(), sweeping, &Stop::never()))
    }

    /// The items that left, with the reason.
    fn left(&self) -> BTreeMap<String, Departure> {
        let stored = self.stored().into_iter();
        stored.filter_map(|item| Some((item.id.source, item.removed?.departure))).collect()
    }

    fn hint(&self, sources: &[&str]) {
        let sources = sources.iter().map(|s| (*s).to_owned()).collect();
        let now = self.clock.now();
        finish(self.store.put_hints(self.tracker.connection(), sources, now)).unwrap();
    }

    fn wait_minutes(&self, minutes: u64) {
        self.clock.advance(Duration::from_secs(60 * minutes));
    }

    fn stored(&self) -> Vec<StoredItem> {
        finish(self.store.fold_items(None, Vec::new(), |all, item| all.push(item))).unwrap()
    }

    /// The stored stamp of every item.
    fn versions(&self) -> BTreeMap<String, Timestamp> {
        let ids = self.stored().into_iter().map(|item| item.id.source).collect();
        let stamps = finish(self.store.stamps(self.tracker.connection(), ids)).unwrap();
        stamps.into_iter().map(|(source, stamp)| (source, stamp.updated_at)).collect()
    }

    fn counts(&self) -> Counts {
        finish(self.store.counts()).unwrap()
    }

    #[track_caller]
    fn assert_equal(&self, context: &str) {
        let truth = self.tracker.truth();
        let stored: Vec<StoredItem> =
            self.stored().into_iter().filter(|item| item.removed.is_none()).collect();
        let known: Vec<&String> = stored.iter().map(|item| &item.id.source).collect();
        let exist: Vec<&String> = truth.iter().map(|item| &item.id.source).collect();
        assert_eq!(known, exist, "{context}: the same items");
        for (stored, item) in stored.into_iter().zip(truth) {
            assert_eq!(stored.attributes, item.attributes, "{context}: {}", item.id);
            assert_eq!(stored.history, item.history, "{context}: {}", item.id);
        }
    }
}

fn engine(tracker: &Scripted, store: &Store, clock: &Arc<ManualClock>, seed: u64) -> Engine {
    let trackers: Vec<Arc<dyn Tracker>> = vec![Arc::new(tracker.clone())];
    let entropy = Entropy::from_seed(seed);
    Engine::new(store.clone(), trackers, clock.clone(), entropy, Settings::default())
}

/// A bench with this many items, edited one a minute.
fn with_items(count: u64) -> Bench {
    let bench = Bench::new(1, TrackerKind::Jira);
    for source in 0..count {
        bench.tracker.edit(&source.to_string());
        bench.wait_minutes(1);
    }
    bench.wait_minutes(60);
    bench
}

/// One life: edits, bulk edits, lag, failures, hints and kills; then quiet.
fn live(seed: u64, kind: TrackerKind) -> (usize, usize) {
    let mut bench = Bench::new(seed, kind);
    let random = Entropy::from_seed(seed ^ 0x5eed);
    let below = |n: u64| random.next_u64() % n;
    {
        let mut world = bench.tracker.world();
        world.page = 1 + below(4) as usize;
        world.batch = 1 + below(4) as usize;
        world.index_lag = Duration::from_secs(below(5 * 60));
        world.replica_lag = Duration::from_secs(below(30));
        world.granule = Duration::from_secs([1, 10, 30][below(3) as usize]);
        world.failing = [0, 2, 8][below(3) as usize];
        world.editing = [0, 20, 60][below(3) as usize];
    }
    // An old corpus comes first: bad paging shows in the first scan.
    for source in 0..8 + below(12) {
        bench.tracker.edit(&source.to_string());
        bench.clock.advance(Duration::from_millis(below(90_000)));
    }
    let (mut kills, mut ends) = (0, 0);
    let mut versions = bench.versions();
    for round in 0..14 {
        let known = (bench.tracker.truth().len() as u64).max(1);
        match below(4) {
            // A bulk edit: many items, one stamp.
            0 => (0..known).for_each(|n| bench.tracker.edit(&n.to_string())),
            1 => bench.tracker.edit(&below(known + 2).to_string()),
            _ => {}
        }
        if below(2) == 0 {
            bench.hint(&[&below(known).to_string(), &below(known).to_string()]);
        }
        departures(&bench, &below);
        let polls = if below(2) == 0 { below(40) as usize } else { 1_000_000 };
        let connection = bench.tracker.connection().clone();
        let stop = Stop::never();
        let done = if below(4) == 0 {
            run(polls, bench.engine.refresh(&connection, &stop))
        } else if below(3) == 0 {
            let sweeping = Sweeping { all: below(2) == 0, ..Sweeping::default() };
            run(polls, bench.engine.sweep(&connection, &sweeping, &stop))
        } else {
            let reach = [Reach::Hot, Reach::Hot, Reach::Deep, Reach::Full][below(4) as usize];
            run(polls, bench.engine.pass(&connection, reach, &Silent, &stop))
        };
        if done.is_none() {
            kills += 1;
            bench.restart(seed.wrapping_add(round));
        } else {
            ends += 1;
        }
        let now = bench.versions();
        for (source, before) in versions {
            assert!(now[&source] >= before, "seed {seed} {kind:?}: {source} went back");
        }
        versions = now;
        let ever_gone = bench.tracker.world().ever_gone.clone();
        for (source, departure) in bench.left() {
            assert!(ever_gone.contains(&source), "seed {seed} {kind:?}: {source} {departure}");
        }
        bench.clock.advance(Duration::from_secs(below(20 * 60)));
    }
    {
        let mut world = bench.tracker.world();
        (world.failing, world.editing) = (0, 0);
    }
    // With everything out of sight nothing may be concluded.
    if PROJECTS.iter().all(|project| bench.tracker.standing_now(project) == Standing::Hidden) {
        bench.tracker.stand("PAY", Standing::Live);
    }
    let hidden = |project: &str| bench.tracker.standing_now(project) == Standing::Hidden;
    let refuses = kind == TrackerKind::GitHub && PROJECTS.iter().any(|p| hidden(p));
    bench.wait_minutes(6);
    // Long enough for the rarest of the retries that these failures can cause.
    for round in 0..6 {
        // Once an hour a pass looks back twelve hours; the first one may end an interrupted walk.
        let outcome = bench.reach(if round < 2 { Reach::Deep } else { Reach::Hot });
        let fine = outcome.problem.is_none()
            || (refuses && matches!(outcome.problem, Some(Problem::Refused(_))));
        assert!(fine, "seed {seed}: round {round} of the quiet: {outcome:?}");
        assert_eq!(bench.refresh().problem, None, "seed {seed}");
        assert_eq!(bench.sweep().problem, None, "seed {seed}");
        bench.wait_minutes(300);
    }
    bench.assert_equal(&format!("seed {seed} {kind:?}"));
    let counts = bench.counts();
    let gaps = finish(bench.store.gaps(None)).unwrap();
    let left = (counts.hints, counts.retries, counts.gaps);
    assert_eq!(left, (0, 0, 0), "seed {seed} {kind:?}: {gaps:?}");
    (kills, ends)
}

/// People delete, hide, move and transfer items, and put projects away and back.
fn departures(bench: &Bench, below: &impl Fn(u64) -> u64) {
    let tracker = &bench.tracker;
    let any = below(tracker.truth().len() as u64 + 1).to_string();
    let project = PROJECTS[below(2) as usize];
    match below(16) {
        0 => tracker.delete(&any),
        1 => tracker.hide(&any, true),
        2 => (0..30).for_each(|n| tracker.hide(&n.to_string(), false)),
        3 | 4 => tracker.relocate(&any, project),
        5 => tracker.relocate(&any, "ELSEWHERE"),
        6 => drop(tracker.transfer(&any, project)),
        7 => tracker.stand(project, Standing::Hidden),
        8 => tracker.stand(project, Standing::Archived),
        9..=11 => PROJECTS.iter().for_each(|project| tracker.stand(project, Standing::Live)),
        _ => {}
    }
}

#[test]
fn whatever_happens_the_store_converges_to_the_tracker() {
    let seeds = std::env::var("STREAMGAUGE_SEEDS").ok().and_then(|n| n.parse().ok());
    let (mut kills, mut ends) = (0, 0);
    let seeds = 0..seeds.unwrap_or(60);
    for seed in seeds.clone() {
        for kind in [TrackerKind::Jira, TrackerKind::GitHub] {
            let (killed, ended) = live(seed, kind);
            kills += killed;
            ends += ended;
        }
    }
    println!("seeds {seeds:?}: {kills} kills, {ends} runs to their end");
    assert!(kills > 100 && ends > 100, "both must happen: {kills} kills, {ends} ends");
}

#[test]
fn a_kill_at_every_step_of_a_first_sync_resumes() {
    let mut resumed = 0;
    for polls in 1.. {
        let mut bench = with_items(9);
        let stop = Stop::never();
        let connection = bench.tracker.connection().clone();
        let done = run(polls, bench.engine.pass(&connection, Reach::Hot, &Silent, &stop));
        bench.restart(7);
        let cursor = finish(bench.store.cursor(&connection, "all")).unwrap();
        let before = bench.stored().len();
        bench.tracker.world().reads.clear();
        assert_eq!(bench.pass().problem, None, "after {polls} steps");
        bench.assert_equal(&format!("after {polls} steps"));
        let again = bench.tracker.world().reads.len();
        assert_eq!(again, 9 - before, "what was committed is not read again");
        resumed += usize::from(cursor.resume.is_some());
        if done.is_some() {
            break;
        }
    }
    assert!(resumed > 3, "some kills left a resume point: {resumed}");
}

#[test]
fn when_nothing_changed_nothing_is_read() {
    let bench = with_items(9);
    let first = bench.pass();
    assert_eq!((first.discovered, first.read, first.changed), (9, 9, 9));
    assert!(first.complete);
    bench.wait_minutes(30);
    bench.tracker.world().reads.clear();
    let second = bench.pass();
    assert_eq!((second.discovered, second.read, second.complete), (0, 0, true));
    let full = bench.reach(Reach::Full);
    assert_eq!((full.discovered, full.read, full.changed), (9, 0, 0));
    assert_eq!(bench.tracker.world().reads, Vec::<String>::new());
    let covered = finish(bench.store.coverage(None)).unwrap();
    assert_eq!(covered.len(), 1);
    assert!(covered[0].period.to > first_of(&bench).plus_millis(9 * 60_000));
}

fn first_of(bench: &Bench) -> Timestamp {
    bench.stored().iter().map(|item| item.created_at).min().unwrap()
}

#[test]
fn a_lost_credential_changes_nothing() {
    let bench = with_items(4);
    assert!(bench.pass().complete);
    bench.tracker.edit("2");
    let before = (bench.stored(), finish(bench.store.coverage(None)).unwrap());
    bench.tracker.world().unauthorized = true;
    bench.hint(&["1"]);
    for _ in 0..3 {
        bench.wait_minutes(15);
        for outcome in [bench.pass(), bench.refresh()] {
            assert!(matches!(outcome.problem, Some(Problem::Unauthorized(_))), "{outcome:?}");
            assert!(!outcome.complete);
        }
    }
    assert_eq!((bench.stored(), finish(bench.store.coverage(None)).unwrap()), before);
    assert_eq!(bench.counts().hints, 1, "the hint waits");
    bench.tracker.world().unauthorized = false;
    assert!(bench.pass().complete && bench.refresh().complete);
    bench.assert_equal("after the credential came back");
}

#[test]
fn a_poisoned_item_never_stops_the_others() {
    let bench = with_items(9);
    bench.tracker.world().batch = 4;
    bench.tracker.world().poison = BTreeSet::from(["5".to_owned()]);
    let outcome = bench.pass();
    assert!(outcome.complete, "{outcome:?}");
    assert_eq!((outcome.read, bench.counts().retries, bench.counts().gaps), (8, 1, 1));
    let gap = finish(bench.store.gaps(None)).unwrap().remove(0).gap;
    assert_eq!((gap.source.as_deref(), gap.reason.as_str()), (Some("5"), "unreadable-item"));
    bench.tracker.world().poison.clear();
    bench.wait_minutes(30);
    assert!(bench.pass().complete);
    bench.assert_equal("after the item healed");
    assert_eq!((bench.counts().retries, bench.counts().gaps), (0, 0));
}

#[test]
fn an_endless_chain_of_tokens_ends_the_scan_and_keeps_what_was_read() {
    let bench = with_items(9);
    bench.tracker.world().endless = true;
    let outcome = bench.pass();
    assert!(
        matches!(&outcome.problem, Some(Problem::Again(why)) if why.contains("page token")),
        "{outcome:?}"
    );
    let cursor = finish(bench.store.cursor(bench.tracker.connection(), "all")).unwrap();
    assert_eq!(cursor.complete, None, "the cursor moves only after a complete scan");
    bench.tracker.world().endless = false;
    assert!(bench.pass().complete);
    bench.assert_equal("after the tokens were mended");
}

#[test]
fn a_hint_refreshes_and_a_newer_one_stays() {
    let bench = with_items(5);
    bench.pass();
    bench.tracker.edit("3");
    bench.hint(&["3"]);
    let connection = bench.tracker.connection().clone();
    let stop = Stop::never();
    // The process dies after the read and before the end: the hint is still there.
    assert!(run(1, bench.engine.refresh(&connection, &stop)).is_none());
    assert_eq!(bench.counts().hints, 1);
    let outcome = bench.refresh();
    assert_eq!((outcome.discovered, outcome.read, outcome.changed), (1, 1, 1));
    assert_eq!(bench.counts().hints, 0);
    bench.assert_equal("after the hint");

    bench.hint(&["3"]);
    {
        let mut refresh = pin!(bench.engine.refresh(&connection, &stop));
        let mut context = Context::from_waker(std::task::Waker::noop());
        assert!(refresh.as_mut().poll(&mut context).is_pending(), "it waits for the tracker");
        bench.tracker.world().editing = 0;
        bench.hint(&["3"]);
        bench.tracker.world().reads.clear();
        assert!(refresh.as_mut().poll(&mut context).is_ready());
    }
    assert_eq!(bench.counts().hints, 1, "the newer hint is gathered for the next look");
    bench.refresh();
    assert_eq!(bench.tracker.world().reads, ["3", "3"]);
    assert_eq!(bench.counts().hints, 0);
}

#[test]
fn a_hinted_item_is_gone_after_two_misses_in_a_visible_project() {
    let bench = with_items(6);
    bench.pass();
    bench.tracker.delete("4");
    bench.hint(&["4"]);
    bench.refresh();
    assert_eq!((bench.left().len(), bench.counts().hints), (0, 0), "one miss proves nothing");
    bench.wait_minutes(5);
    bench.pass();
    assert_eq!(bench.left().len(), 0, "it is too soon to look again");
    bench.wait_minutes(6);
    let outcome = bench.pass();
    assert_eq!(bench.left(), BTreeMap::from([("4".to_owned(), Departure::Gone)]));
    assert_eq!(outcome.left, 1);
    bench.assert_equal("after the removal");
}

#[test]
fn a_project_out_of_sight_is_a_lost_right_and_no_deletion() {
    let bench = with_items(6);
    bench.pass();
    assert_eq!(bench.sweep().problem, None);
    bench.tracker.stand("BOOK", Standing::Hidden);
    for _ in 0..4 {
        bench.hint(&["1", "3", "5"]);
        assert!(bench.refresh().sweep, "a sweep is asked for");
        bench.wait_minutes(11);
        bench.pass();
    }
    assert_eq!(bench.left(), BTreeMap::new(), "nobody is buried alive");
    assert_eq!(bench.sweep().problem, None);
    assert_eq!(bench.left(), BTreeMap::new(), "one look proves nothing");
    bench.wait_minutes(11);
    bench.sweep();
    let lost = |source: &str| (source.to_owned(), Departure::AccessLost);
    assert_eq!(bench.left(), ["1", "3", "5"].map(lost).into());
    bench.tracker.stand("BOOK", Standing::Live);
    bench.sweep();
    bench.assert_equal("after the right came back");
    assert_eq!(bench.left(), BTreeMap::new());
}

#[test]
fn when_nothing_can_be_seen_nothing_is_concluded() {
    let bench = with_items(6);
    bench.pass();
    for project in PROJECTS {
        bench.tracker.stand(project, Standing::Hidden);
    }
    for _ in 0..3 {
        let outcome = bench.sweep();
        assert!(
            matches!(&outcome.problem, Some(Problem::Refused(why)) if why.contains("rights")),
            "{outcome:?}"
        );
        bench.wait_minutes(60);
    }
    assert_eq!(bench.left(), BTreeMap::new());
    let accepted = BTreeSet::from(["PAY".to_owned()]);
    bench.swept(&Sweeping { accepted, ..Sweeping::default() });
    let lost = |source: &str| (source.to_owned(), Departure::AccessLost);
    assert_eq!(bench.left(), ["0", "2", "4"].map(lost).into(), "a person has confirmed it");
}

#[test]
fn a_sweep_finds_what_left_and_what_was_never_read() {
    let bench = with_items(8);
    bench.pass();
    bench.tracker.delete("0");
    bench.tracker.relocate("2", "ELSEWHERE");
    bench.tracker.relocate("4", "BOOK");
    let new = bench.tracker.transfer("6", "PAY").unwrap();
    assert_eq!(new, "8");
    bench.wait_minutes(30);
    let first = bench.sweep();
    assert_eq!((first.problem.as_ref(), first.left), (None, 2));
    bench.wait_minutes(11);
    assert_eq!(bench.sweep().left, 1, "the unexplained one leaves at the second look");
    let expected = [
        ("0".to_owned(), Departure::Gone),
        ("2".to_owned(), Departure::Moved("ELSEWHERE-2".into())),
        ("6".to_owned(), Departure::Transferred("PAY-8".into())),
    ];
    assert_eq!(bench.left(), expected.into());
    bench.assert_equal("after the sweeps");
    let scopes = finish(bench.store.scopes()).unwrap();
    let told: Vec<_> = scopes.iter().map(|s| (s.project.as_str(), s.listed, s.stored)).collect();
    assert_eq!(told[0], ("BOOK", Some(5), 5));
    assert_eq!(told.last(), Some(&("PAY", Some(1), 1)));
    assert!(!finish(bench.engine.sweep_due(bench.tracker.connection())).unwrap());
    bench.wait_minutes(24 * 60);
    assert!(finish(bench.engine.sweep_due(bench.tracker.connection())).unwrap());
}

#[test]
fn many_items_missing_at_once_are_held_back_until_a_person_confirms() {
    let bench = with_items(60);
    bench.pass();
    for n in 0..22 {
        bench.tracker.hide(&(n * 2).to_string(), true);
    }
    for _ in 0..3 {
        let outcome = bench.sweep();
        assert!(
            matches!(&outcome.problem, Some(Problem::Refused(why))
                if why.contains("22 of 30 items of PAY") && why.contains("--accept-mass-removal PAY")),
            "{outcome:?}"
        );
        bench.wait_minutes(15);
        bench.pass();
    }
    assert_eq!(bench.left(), BTreeMap::new());
    let told = finish(bench.store.scopes()).unwrap().remove(1);
    assert!(told.problem.is_some_and(|why| why.contains("22 of 30")));
    // The same by webhooks.
    for n in 0..22 {
        bench.hint(&[&(n * 2).to_string()]);
    }
    for _ in 0..3 {
        bench.refresh();
        bench.wait_minutes(15);
        bench.pass();
    }
    assert_eq!(bench.left(), BTreeMap::new(), "hints do not get past the brake");
    let accepted = BTreeSet::from(["pay".to_owned()]);
    let outcome = bench.swept(&Sweeping { accepted, ..Sweeping::default() });
    assert_eq!((outcome.problem, outcome.left), (None, 22));
    bench.assert_equal("after a person confirmed it");
    for n in 0..22 {
        bench.tracker.hide(&(n * 2).to_string(), false);
    }
    bench.sweep();
    bench.assert_equal("after they were shown again");
}

#[test]
fn an_archived_project_keeps_its_items_away_until_it_is_restored() {
    for kind in [TrackerKind::Jira, TrackerKind::GitHub] {
        let bench = Bench::new(3, kind);
        (0..6).for_each(|n| bench.tracker.edit(&n.to_string()));
        bench.pass();
        bench.tracker.stand("PAY", Standing::Archived);
        bench.sweep();
        assert_eq!(bench.left(), BTreeMap::new(), "one look proves nothing");
        bench.wait_minutes(3);
        bench.sweep();
        let put_away = |source: &str| (source.to_owned(), Departure::ProjectArchived);
        let expected: BTreeMap<_, _> = ["0", "2", "4"].map(put_away).into();
        assert_eq!(bench.left(), expected);
        bench.hint(&["2"]);
        bench.refresh();
        bench.reach(Reach::Full);
        assert_eq!(bench.left(), expected, "what can still be read has left all the same");
        bench.tracker.stand("PAY", Standing::Live);
        bench.wait_minutes(61);
        bench.swept(&Sweeping::default());
        bench.assert_equal("after it was restored");
    }
}

#[test]
fn stopping_keeps_the_batch_in_hand() {
    let bench = with_items(9);
    let (stopper, stop) = Stopper::new();
    let connection = bench.tracker.connection().clone();
    {
        let mut pass = pin!(bench.engine.pass(&connection, Reach::Hot, &Silent, &stop));
        let mut context = Context::from_waker(std::task::Waker::noop());
        while bench.tracker.world().reads.is_empty() {
            assert!(pass.as_mut().poll(&mut context).is_pending());
        }
        stopper.stop();
        let Poll::Ready(outcome) = pass.as_mut().poll(&mut context) else {
            panic!("it returns at once")
        };
        assert_eq!(outcome.problem, Some(Problem::Stopped));
    }
    let read: BTreeSet<String> = bench.tracker.world().reads.iter().cloned().collect();
    let stored: BTreeSet<String> = bench.stored().into_iter().map(|i| i.id.source).collect();
    assert_eq!(stored, read);
    assert!(bench.pass().complete, "the lease was given back");
    bench.assert_equal("after the stop");
}

#[test]
fn one_process_at_a_time_works_on_a_connection() {
    let bench = with_items(3);
    let other = engine(&bench.tracker, &bench.store, &bench.clock, 99);
    let connection = bench.tracker.connection().clone();
    let stop = Stop::never();
    {
        let mut pass = pin!(bench.engine.pass(&connection, Reach::Hot, &Silent, &stop));
        let mut context = Context::from_waker(std::task::Waker::noop());
        assert!(pass.as_mut().poll(&mut context).is_pending());
        let outcome = finish(other.pass(&connection, Reach::Hot, &Silent, &stop));
        assert_eq!(outcome.problem, Some(Problem::Elsewhere(connection.clone())));
        let mine = finish(bench.engine.refresh(&connection, &stop));
        assert!(mine.complete, "tasks of one process share the lease: {mine:?}");
        while pass.as_mut().poll(&mut context).is_pending() {}
    }
    let outcome = finish(other.pass(&connection, Reach::Hot, &Silent, &stop));
    assert!(outcome.complete, "the lease was given back: {outcome:?}");
}
