//! A single hint does not wait behind a bulk edit, nor behind a long pull. Delays are counted in
//! batches that are read before it.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use streamgauge::clock::{Clock, ManualClock};
use streamgauge::entropy::Entropy;
use streamgauge::model::{Timestamp, TrackerKind};
use streamgauge::store::Store;
use streamgauge::sync::{Engine, PassOutcome, Reach, Settings, Silent, Stop};
use streamgauge::trackers::Tracker;

use crate::support::scripted::Scripted;

const BATCH: usize = 50;
/// Even ids are of one project, odd ones of another.
const BURST: usize = 5_000;

struct Bench {
    tracker: Scripted,
    store: Store,
    clock: Arc<ManualClock>,
    engine: Engine,
}

fn finish<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(value) = poll(&mut future) {
            return value;
        }
    }
}

fn poll<T>(future: &mut Pin<&mut impl Future<Output = T>>) -> Poll<T> {
    future.as_mut().poll(&mut Context::from_waker(Waker::noop()))
}

impl Bench {
    fn new(items: usize) -> Self {
        let clock = ManualClock::at(Timestamp::parse("2026-06-15T06:00:00Z").unwrap());
        let tracker = Scripted::new(1, TrackerKind::Jira, clock.clone());
        (tracker.world().batch, tracker.world().page) = (BATCH, 500);
        for number in 0..items {
            tracker.edit(&number.to_string());
        }
        let store = finish(Store::open_inline("sqlite::memory:", clock.clone())).unwrap();
        let trackers: Vec<Arc<dyn Tracker>> = vec![Arc::new(tracker.clone())];
        let (entropy, settings) = (Entropy::from_seed(1), Settings::default());
        let engine = Engine::new(store.clone(), trackers, clock.clone(), entropy, settings);
        Self { tracker, store, clock, engine }
    }

    fn pass(&self) -> PassOutcome {
        finish(self.engine.pass(self.tracker.connection(), Reach::Hot, &Silent, &Stop::never()))
    }

    fn hint(&self, sources: Vec<String>) {
        let now = self.clock.now();
        finish(self.store.put_hints(self.tracker.connection(), sources, now)).unwrap();
    }

    fn reads(&self) -> usize {
        self.tracker.world().reads.len()
    }

    /// Batches that were read from the `from`th read on until `source` was.
    fn batches_until(&self, from: usize, source: &str) -> usize {
        let world = self.tracker.world();
        let place = world.reads[from..].iter().position(|read| read == source).unwrap();
        place / BATCH + 1
    }
}

fn even(numbers: impl Iterator<Item = usize>) -> Vec<String> {
    numbers.map(|number| (number * 2).to_string()).collect()
}

/// A refresh of a bulk edit of one project, and a hint that comes when ten batches are read; after
/// every read of a batch, as many more items of the bulk edit are hinted as `pouring` says.
fn lone(source: &str, pouring: usize) -> usize {
    let bench = Bench::new(2 * BURST);
    let first = bench.pass();
    assert!(first.complete, "{first:?}");
    let begun = bench.reads();
    let known = BURST - 60 * pouring;
    bench.hint(even(1..known));
    let mut poured = known;
    let (connection, stop) = (bench.tracker.connection(), Stop::never());
    let mut refresh = pin!(bench.engine.refresh(connection, &stop));
    let mut came_at = None;
    let mut last = begun;
    let outcome = loop {
        if let Poll::Ready(outcome) = poll(&mut refresh) {
            break outcome;
        }
        if bench.reads() == last {
            continue;
        }
        last = bench.reads();
        if poured < BURST {
            bench.hint(even(poured..(poured + pouring).min(BURST)));
            poured += pouring;
        }
        if came_at.is_none() && last >= begun + 10 * BATCH {
            bench.hint(vec![source.to_owned()]);
            came_at = Some(last);
            // The burst goes on right behind it.
            bench.hint(even(poured..(poured + pouring).min(BURST)));
            poured += pouring;
        }
    };
    assert_eq!(outcome.problem, None, "{outcome:?}");
    assert_eq!(finish(bench.store.counts()).unwrap().hints, 0, "nothing is left behind");
    let read = bench.reads() - begun;
    assert_eq!(read, BURST, "one read for each hinted item");
    bench.batches_until(came_at.unwrap(), source)
}

#[test]
fn a_single_hint_overtakes_a_bulk_edit() {
    let other = lone("77", 0);
    let other_pouring = lone("77", 80);
    let own = lone("0", 0);
    let own_pouring = lone("0", 20);
    println!(
        "| a hint comes while 5,000 items of one project wait | batches until it is read, with the one under way |"
    );
    println!("|---|---:|");
    println!("| of another project | {other} |");
    println!(
        "| of another project, and the edit goes on faster than it is read | {other_pouring} |"
    );
    println!("| of the same project | {own} |");
    println!("| of the same project, and the edit goes on | {own_pouring} |");
    // One batch was under way when it came, and it is in the next one.
    assert_eq!([other, other_pouring, own, own_pouring], [2; 4]);
}

/// The first pull of ten thousand items; the item that is walked last is hinted in the middle.
#[test]
fn a_hint_does_not_wait_for_the_end_of_a_long_pull() {
    let bench = Bench::new(2 * BURST);
    let last = (2 * BURST - 1).to_string();
    let (connection, stop) = (bench.tracker.connection(), Stop::never());
    let mut pass = pin!(bench.engine.pass(connection, Reach::Hot, &Silent, &stop));
    let mut came_at = None;
    let outcome = loop {
        if let Poll::Ready(outcome) = poll(&mut pass) {
            break outcome;
        }
        if came_at.is_none() && bench.reads() >= 20 * BATCH {
            bench.hint(vec![last.clone()]);
            came_at = Some(bench.reads());
        }
    };
    assert!(outcome.complete, "{outcome:?}");
    let batches = bench.batches_until(came_at.unwrap(), &last);
    let all = (2 * BURST - came_at.unwrap()).div_ceil(BATCH);
    println!("a hint in a first pull: read after {batches} batches, {all} before this change");
    // The look comes at most two seconds after the one before it: a few batches of this tracker.
    assert!(batches <= 6, "{batches}");
    let again = bench.pass();
    assert!(again.complete, "{again:?}");
    assert_eq!(finish(bench.store.counts()).unwrap().hints, 0);
}
