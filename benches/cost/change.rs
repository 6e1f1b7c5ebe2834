//! One changed item under a long-lived process: what its report costs against one from scratch.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use streamgauge::clock::{SharedClock, SystemClock};
use streamgauge::gauge::Gauge;
use streamgauge::model::{Change, Item, Level, Period, Precision, Timestamp, TrackerKind, What};
use streamgauge::signals::{Memo, Scope, evaluate};
use streamgauge::store::{Store, StoredItem};

use crate::batch::batch;
use crate::folder;
use crate::process::{figures, tell};
use crate::table::Table;

/// Items that change one after the other; the median of each figure is told, and the longest.
const TIMES: usize = 15;
/// What is changed: a card moves now, or is found to have moved in a charted week.
const CHANGES: [&str; 2] = ["now", "weeks ago"];

/// Changes items of the store that was filled, in a process of its own.
pub fn measure(folder: &Path, table: &mut Table) {
    let found = figures(&["change", &folder.display().to_string()]);
    let ms = |name: String| format!("{:.2} ms", found[&name]);
    for change in CHANGES {
        let name = |what: &str| format!("{change}: {what}");
        table.told(&format!("one card moved {change}: from scratch"), ms(name("scratch")));
        table.told(&format!("one card moved {change}: read and placed"), ms(name("world")));
        table.told(&format!("one card moved {change}: every signal"), ms(name("signals")));
        let both = found[&name("both")];
        table.bound(&format!("one card moved {change}: all of it"), both, 2, "ms", 20.0);
        table.told(&format!("one card moved {change}: the longest"), ms(name("longest")));
    }
}

pub fn run(folder: &str) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let clock: SharedClock = Arc::new(SystemClock);
        let (portfolio, url) = folder::open(folder);
        let store = Store::open(&url, Arc::clone(&clock)).await.unwrap();
        let gauge = Gauge::new(store.clone(), portfolio, Arc::clone(&clock));
        let (mut memo, scope) = (Memo::default(), Scope::Portfolio);
        let now = clock.now();
        let dataset = Arc::clone(&gauge.world(None).await.unwrap().dataset);
        let _ = memo.evaluate(&dataset, now, now, &scope);
        drop(dataset);
        let (open, past) = cards(&store, clock.now()).await;
        for (name, cards) in CHANGES.into_iter().zip([open, past]) {
            let mut taken: [Vec<f64>; 4] = Default::default();
            for card in &cards {
                let last = card.history.last().map_or(card.created_at, |last| last.at);
                let now = clock.now();
                let at = if name == "now" { now } else { last.plus_millis(3_600_000) };
                apply(&store, moved(card, at, now), now).await;
                let began = Instant::now();
                let world = gauge.world(None).await.unwrap();
                let placed = began.elapsed();
                let now = clock.now();
                let told = memo.evaluate(&world.dataset, now, now, &scope);
                let both = began.elapsed();
                let again = Instant::now();
                assert!(told == evaluate(&world.dataset, now, now, &scope), "the same report");
                let figures = [placed, both - placed, both, again.elapsed()];
                for (list, figure) in taken.iter_mut().zip(figures) {
                    list.push(figure.as_secs_f64() * 1e3);
                }
            }
            for (what, mut list) in ["world", "signals", "both", "scratch"].iter().zip(taken) {
                list.sort_by(f64::total_cmp);
                tell(&format!("{name}: {what}"), list[list.len() / 2]);
                if *what == "both" {
                    tell(&format!("{name}: longest"), list[list.len() - 1]);
                }
            }
        }
    });
}

/// Cards from all over the store: any, and such as moved last in the charted weeks.
async fn cards(store: &Store, now: Timestamp) -> (Vec<StoredItem>, Vec<StoredItem>) {
    let weeks = Period::new(now.plus_days(-100), now.plus_days(-20));
    let keep = move |(other, past): &mut (Spread, Spread), item: StoredItem| {
        let Some(last) = item.history.last() else { return };
        // The places of others rest on an epic, so that everything is placed again with it.
        let card = item.attributes.level == Level::Standard;
        let moves = card && matches!(last.what, What::Status { .. });
        if item.tracker == TrackerKind::Jira && item.removed.is_none() && moves {
            if weeks.contains(last.at) { past.add(item) } else { other.add(item) }
        }
    };
    let (other, past) = store.fold_items(None, Default::default(), keep).await.unwrap();
    (other.some(), past.some())
}

/// Some of many, evenly spread, without holding them all.
#[derive(Default)]
struct Spread {
    seen: usize,
    /// Every so many are kept, as a power of two.
    thinned: u32,
    kept: Vec<StoredItem>,
}

impl Spread {
    fn add(&mut self, item: StoredItem) {
        if self.seen.is_multiple_of(1 << self.thinned) {
            self.kept.push(item);
        }
        self.seen += 1;
        if self.kept.len() == 4 * TIMES {
            let mut place = 0;
            self.kept.retain(|_| {
                place += 1;
                place % 2 == 1
            });
            self.thinned += 1;
        }
    }

    fn some(self) -> Vec<StoredItem> {
        let step = (self.kept.len() / TIMES).max(1);
        self.kept.into_iter().step_by(step).take(TIMES).collect()
    }
}

/// The card with one move more, back to where it came from.
fn moved(card: &StoredItem, at: Timestamp, now: Timestamp) -> Item {
    let mut item = Item {
        id: card.id.clone(),
        created_at: card.created_at,
        updated_at: now,
        attributes: card.attributes.clone(),
        history: card.history.clone(),
        history_complete: card.history_complete,
    };
    if let Some(What::Status { from, to }) = card.history.last().map(|change| &change.what) {
        let what = What::Status { from: to.clone(), to: from.clone() };
        item.attributes.status = from.clone();
        let id = format!("cost-{}", at.millis());
        item.history.push(Change { id, at, what, precision: Precision::Exact });
    }
    item
}

async fn apply(store: &Store, item: Item, now: Timestamp) {
    let lease = store.acquire("sync:jira", "cost", Duration::from_secs(600)).await;
    let batch = batch("jira", TrackerKind::Jira, vec![item], now);
    let applied = store.apply(&lease.unwrap().unwrap(), batch).await.unwrap();
    assert_eq!(applied.changed, 1);
}
