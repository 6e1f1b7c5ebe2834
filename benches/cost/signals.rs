//! All signals over a large store: Northwind and its divisions, each of whose cards is told many
//! times over.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use streamgauge::clock::{SharedClock, SystemClock};
use streamgauge::demo::{Demo, Source};
use streamgauge::gauge::{Gauge, Moment, World};
use streamgauge::model::{Item, ItemRef, Level, TrackerKind, What};
use streamgauge::signals::{Scope, evaluate};
use streamgauge::sim::story::{Size, generate};
use streamgauge::store::{Store, StoredItem};
use streamgauge::sync::{Silent, Stop};

use crate::batch::batch;
use crate::divisions::{self, DIVISIONS};
use crate::folder;
use crate::process::{Meter, figures, memory, tell};
use crate::table::Table;

/// Items of one commit.
const BATCH: usize = 1_000;

/// Fills a store, computes every signal in another process, and writes down what that took.
pub fn measure(count: usize, folder: &Path, table: &mut Table) {
    let folder = folder.display().to_string();
    let filled = figures(&["fill", &folder, &count.to_string()]);
    let found = figures(&["signals", &folder]);
    let both = |name: &str| {
        let figure = |what: &str| found[&format!("{name} {what}")];
        format!("{:.2} s, {:.2} s", figure("cpu"), figure("wall"))
    };
    let counted = format!("{:.0}, {:.0}", filled["items"], found["segments"]);
    table.told("items, segments", counted);
    table.told("read from the store: CPU, time", both("read"));
    table.told("read and placed: CPU, time", both("world"));
    // The budgets are those of a million items.
    let share = count as f64 / 1e6;
    table.bound("every signal, from memory: CPU", found["evaluate cpu"], 3, "s", 0.3 * share);
    table.told("every signal, from memory: CPU, time", both("evaluate"));
    table.bound("every signal, from the store: time", found["whole wall"], 2, "s", 3.0 * share);
    table.told("every signal, from the store: CPU, time", both("whole"));
    table.bound("peak memory", found["peak"], 0, "MB", 400.0 * share);
    table.told("findings", format!("{:.0}", found["findings"]));
}

/// The filling process: syncs the demo's organisation, then repeats its cards.
pub fn fill(folder: &str, count: usize) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let clock: SharedClock = Arc::new(SystemClock);
        let story = generate(1, clock.now(), Size::Demo);
        let folder = Path::new(folder);
        let declared = divisions::portfolio(&story.portfolio_toml);
        std::fs::write(folder.join("portfolio.toml"), declared).unwrap();
        let demo = Demo::open(Source::from(story), folder, Arc::clone(&clock)).await.unwrap();
        demo.sync(&Silent, &Stop::never()).await;
        tell("items", repeat(&demo.store, &clock, count).await as f64);
    });
}

async fn repeat(store: &Store, clock: &SharedClock, count: usize) -> usize {
    let keep = |all: &mut Vec<StoredItem>, item| all.push(item);
    let stored = store.fold_items(None, Vec::new(), keep).await.unwrap();
    let mut total = stored.len();
    let cards: Vec<&StoredItem> =
        stored.iter().filter(|item| item.attributes.level == Level::Standard).collect();
    for (connection, tracker) in [("jira", TrackerKind::Jira), ("github", TrackerKind::GitHub)] {
        let lease = format!("sync:{connection}");
        let lease = store.acquire(&lease, "cost", Duration::from_secs(600)).await.unwrap().unwrap();
        let own = cards.iter().filter(|card| card.tracker == tracker).count();
        let epics = stored.iter().filter(|item| item.attributes.level == Level::Container);
        let epics: Vec<&StoredItem> = epics.filter(|epic| epic.tracker == tracker).collect();
        for division in 1..DIVISIONS {
            let items: Vec<Item> = epics.iter().map(|epic| epic_of(epic, division)).collect();
            total += items.len();
            let read = batch(connection, tracker, items, clock.now());
            store.apply(&lease, read).await.unwrap();
        }
        let share = count.saturating_sub(stored.len()) * own / cards.len();
        let cards = cards.iter().filter(|card| card.tracker == tracker);
        let repeated: Vec<(usize, &&StoredItem)> =
            cards.cycle().take(share).enumerate().map(|(n, card)| (n / own + 1, card)).collect();
        for part in repeated.chunks(BATCH) {
            let items: Vec<Item> = part.iter().map(|(copy, card)| again(card, *copy)).collect();
            total += items.len();
            let read = batch(connection, tracker, items, clock.now());
            store.apply(&lease, read).await.unwrap();
        }
    }
    total
}

fn read_again(card: &StoredItem) -> Item {
    Item {
        id: card.id.clone(),
        created_at: card.created_at,
        updated_at: card.updated_at,
        attributes: card.attributes.clone(),
        history: card.history.clone(),
        history_complete: card.history_complete,
    }
}

/// The epic as a division has it.
fn epic_of(epic: &StoredItem, division: usize) -> Item {
    let mut item = read_again(epic);
    divisions::settle(&mut item, division);
    divisions::own_source(&mut item.id.source, division);
    item
}

/// The card under another id and key; what it is linked to is repeated likewise.
fn again(card: &StoredItem, copy: usize) -> Item {
    let mut item = read_again(card);
    divisions::settle(&mut item, divisions::of(copy));
    let rename = |text: &mut String| text.push_str(&format!("{copy:06}"));
    let other = |other: &mut ItemRef| {
        other.source.as_mut().map(rename);
        other.key.as_mut().map(rename);
    };
    rename(&mut item.id.source);
    rename(&mut item.attributes.key);
    item.attributes.links.iter_mut().for_each(|link| other(&mut link.other));
    for change in &mut item.history {
        if let What::Link { other: linked, .. } = &mut change.what {
            other(linked);
        }
    }
    item
}

/// The computing process: prints its figures.
pub fn run(folder: &str) {
    let meter = Meter::whole();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let clock: SharedClock = Arc::new(SystemClock);
        let (portfolio, url) = folder::open(folder);
        let store = Store::open_read_only(&url, Arc::clone(&clock)).await.unwrap();
        let gauge = Gauge::new(store.clone(), Arc::clone(&portfolio), Arc::clone(&clock));
        let report = gauge.report(Moment::default(), &Scope::Portfolio).await.unwrap();
        meter.print("whole");
        tell("peak", memory("VmHWM"));
        drop((gauge, report));

        let meter = Meter::start();
        store.fold_items(None, 0, |sum, item| *sum += item.history.len()).await.unwrap();
        meter.print("read");
        let meter = Meter::start();
        let world = World::build(&store, portfolio.clone(), None).await.unwrap();
        meter.print("world");
        let segments: usize = world.dataset.items.iter().map(|item| item.segments.len()).sum();
        tell("segments", segments as f64);
        let now = clock.now();
        let meter = Meter::start();
        let report = evaluate(&world.dataset, now, now, &Scope::Portfolio);
        meter.print("evaluate");
        tell("findings", report.findings.len() as f64);
    });
}
