//! Everything at once, by a schedule that its seed decides.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use streamgauge::clock::{Clock, SystemClock};

use super::company::{Company, House, wait};
use super::wire::State;
use crate::kill::compare::Stored;
use crate::support::process::Folder;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fault {
    Kill,
    /// SIGSTOP; it wakes after another process took over.
    Pause,
    /// SIGTERM and a new start.
    Stop,
    DatabaseCut,
    DatabaseSilent,
    ServerRestart,
    TrackerCut,
}

const QUICK: [Fault; 6] = [
    Fault::Kill,
    Fault::Pause,
    Fault::Stop,
    Fault::DatabaseCut,
    Fault::ServerRestart,
    Fault::DatabaseSilent,
];

/// What one round came to.
#[derive(Default)]
struct Figures {
    rounds: u32,
    /// Time to the take-over by another process, where the lease was lost.
    taken: Vec<Duration>,
}

const DIGESTS: &str = r#"
[[digest]]
id = "often"
for = "portfolio"
at = "* * * * *"
to = ["file:{first}", "file:{second}"]
[[digest]]
id = "as-often"
for = "portfolio"
at = "* * * * *"
to = ["file:{first}"]
"#;

#[tokio::test(flavor = "multi_thread")]
async fn whatever_happens_to_processes_database_and_network_the_store_ends_equal() {
    let seed = std::env::var("TEST_SEED").map_or(20_261_121, |seed| seed.parse().unwrap());
    let rounds = std::env::var("TEST_ROUNDS").map_or(7, |rounds| rounds.parse().unwrap());
    let outbox = tempfile::tempdir().unwrap();
    let (first, second) = (outbox.path().join("first"), outbox.path().join("second"));
    let digests = DIGESTS
        .replace("{first}", &first.display().to_string())
        .replace("{second}", &second.display().to_string());
    let mut company = Company::new(seed, 3, &digests).await;
    println!("seed {seed}, {rounds} rounds, {} processes", company.houses.len());
    let (at_each, dice) = (Arc::clone(&company.editor), company.random.clone());
    company.gate.at_each(move || {
        if dice.unit() < 0.3 {
            at_each.lock().unwrap().step();
        }
    });
    company.watch().await;
    for nth in 0..company.houses.len() {
        company.start(nth).await;
    }
    let mut figures: BTreeMap<Fault, Figures> = BTreeMap::new();
    // Every fault once in each run through the list, in an order of their own.
    let mut faults = Vec::new();
    for round in 0..rounds {
        if faults.is_empty() {
            faults.extend(QUICK);
            // It takes the patience of a client.
            if round > 0 || rounds > 8 {
                faults.push(Fault::TrackerCut);
            }
        }
        let fault = faults.swap_remove(company.below(faults.len()));
        let victim = company.below(company.houses.len());
        let since = Instant::now();
        let taken = suffer(&mut company, fault, victim).await;
        println!("round {round}: {fault:?} of {victim}: {:?}, {taken:?}", since.elapsed());
        let own = figures.entry(fault).or_default();
        own.rounds += 1;
        own.taken.extend(taken);
    }
    company.gate.quiet();
    converge(&mut company).await;

    let (writes, zombies) = company.cluster.witnessed().await;
    let mut table = String::new();
    for (fault, own) in &figures {
        writeln!(table, "{fault:?}: {} rounds, taken over after {:?}", own.rounds, own.taken)
            .unwrap();
    }
    let edits = company.editor.lock().unwrap().done();
    let (accepted, lost) = (company.postman.accepted, company.postman.lost);
    print!("{table}");
    println!(
        "{edits} edits, {accepted} webhooks accepted, {lost} lost; {writes} writes, {zombies} without the lease"
    );
    assert!(writes > 0, "the witness sees");
    assert_eq!(zombies, 0, "a process wrote under a lease that it did not hold");
    delivered(&company, outbox.path()).await;
}

/// One fault: what it did to the victim, until it is mended and everybody works again.
async fn suffer(company: &mut Company, fault: Fault, victim: usize) -> Option<Duration> {
    let all = company.running();
    let others: Vec<usize> = all.iter().copied().filter(|nth| *nth != victim).collect();
    company.edit(3);
    company.deliver(&all).await;
    let since = Instant::now();
    let process = company.houses[victim].process.clone();
    match fault {
        Fault::Kill => company.kill(victim),
        Fault::Pause => company.houses[victim].daemon.as_ref().unwrap().signal("STOP"),
        Fault::Stop => {
            // Amid other trouble it may have to leave something.
            let (code, _) = company.end(victim).await;
            assert!(matches!(code, Some(0 | 4)), "{code:?}\n{}", company.houses[victim].log());
        }
        Fault::DatabaseCut => company.houses[victim].database.set(State::Cut),
        Fault::DatabaseSilent => company.houses[victim].database.set(State::Silent),
        Fault::TrackerCut => {
            company.houses[victim].jira.set(State::Cut);
            company.houses[victim].github.set(State::Cut);
        }
        Fault::ServerRestart => {
            tokio::task::block_in_place(|| company.cluster.order("restart"));
            company.all_ready().await;
        }
    }
    let is_silent =
        matches!(fault, Fault::Kill | Fault::Pause | Fault::DatabaseCut | Fault::DatabaseSilent);
    if is_silent {
        // The time of its leases passes.
        company.cluster.outlive(&process).await;
    }
    company.edit(3);
    company.deliver(&others).await;
    let away = if fault == Fault::ServerRestart { vec![] } else { vec![victim] };
    if matches!(fault, Fault::TrackerCut) {
        // It may work until it finds out.
        company.followed().await;
    }
    company.covered(if fault == Fault::TrackerCut { &[] } else { &away }).await;
    let taken = since.elapsed();
    company.followed().await;
    match fault {
        Fault::Kill | Fault::Stop => company.start(victim).await,
        Fault::Pause => company.houses[victim].daemon.as_ref().unwrap().signal("CONT"),
        _ => company.heal(victim),
    }
    if matches!(fault, Fault::DatabaseCut) {
        wait(async || company.ready(victim).await == 200, "the process is back").await;
    }
    Some(taken)
}

/// Everybody ends, two begin again, and what they store is what the trackers say.
async fn converge(company: &mut Company) {
    for nth in company.running() {
        company.heal(nth);
        wait(async || company.ready(nth).await == 200, "the process is ready at last").await;
        company.stop(nth).await;
    }
    company.postman.lose();
    let began = SystemClock.now();
    company.start(0).await;
    company.start(1).await;
    company.passed(began).await;
    company.followed().await;
    let unsent = "SELECT COUNT(*) FROM digests WHERE state <> 'sent'";
    wait(async || company.cluster.count(unsent).await == 0, "every digest is sent").await;
    for nth in [0, 1] {
        company.stop(nth).await;
    }
    let stored = Stored::read(&company.cluster.url()).await;
    stored.assert_equals_trackers(&company.stage);
    assert_eq!((stored.counts.hints, stored.counts.retries), (0, 0));
    // A process that nobody ever touched sees the same.
    let fresh = Folder::new(&company.stage, &company.gate, &company.portfolio);
    let sync = fresh.run(&["sync", "--json"]).await;
    assert!(matches!(sync.code, Some(0 | 3)), "{}\n{}", sync.out, sync.err);
    let fresh = Stored::read(&fresh.url()).await;
    stored.assert_equals(&fresh);
    println!("{} live items equal", stored.len());
}

/// Every tick is one row for each channel, every row is sent, and its file holds what is kept.
async fn delivered(company: &Company, outbox: &Path) {
    let rows = company.cluster.texts("SELECT digest || ' ' || due || ' ' || channel FROM digests");
    let rows = rows.await;
    let ticks =
        company.cluster.texts("SELECT digest || ' ' || due || ' ' || state FROM ticks").await;
    let planned = |digest: &str| {
        let own = ticks.iter().filter(|tick| tick.starts_with(&format!("{digest} ")));
        own.filter(|tick| tick.ends_with(" planned")).count()
    };
    let files = |channel: &str| -> BTreeSet<String> {
        let Ok(folder) = std::fs::read_dir(outbox.join(channel)) else { return BTreeSet::new() };
        let names = folder.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
        names.filter(|name| name.ends_with(".md")).collect()
    };
    let (first, second) = (files("first"), files("second"));
    assert_eq!(rows.len(), 2 * planned("often") + planned("as-often"), "{rows:?} {ticks:?}");
    assert_eq!(first.len() + second.len(), rows.len(), "{rows:?} {first:?} {second:?}");
    let told = |house: &House| house.told.matches("digest sent").count();
    let sends: usize = company.houses.iter().map(told).sum();
    println!(
        "digests: {} ticks ({} skipped while nobody was there), {} deliveries, each in its folder; \
         {sends} sends noted",
        ticks.len(),
        ticks.iter().filter(|tick| tick.ends_with(" skipped")).count(),
        rows.len()
    );
}
