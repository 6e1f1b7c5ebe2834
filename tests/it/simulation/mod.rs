//! Deterministic simulation of the real engine: the real clients, the real sync, the real SQL on
//! SQLite in memory, the real digests and signals, with time, network, processes, trackers and
//! receivers owned by a seed.
//!
//! `SIM_SEEDS=10000` sets the number of lives, `SIM_FIRST` the first seed, so that a long run can be
//! cut into parts, and `SIM_SEED=7` lives one life aloud: its steps go to standard error. An ordinary
//! run lives a hundred or two by itself. Long runs want `cargo test --profile sim`; see
//! `tests/nightly.sh`.
//!
//! A life draws its size: one in four is whole, the others are short. `SIM_SIZE=whole` or `short`
//! makes all of one size, and a whole life is the same whether it was drawn or asked for.
//!
//! A seed that failed is written to [`REGRESSIONS`] with its size, and lived first from then on. What
//! a seed means changes with every draw that is added, so a mended bug gets a test of its own as
//! well.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod answers;
mod corpus;
mod costs;
mod departures;
mod digests;
mod life;
mod mutants;
mod oracle;
mod paths;
mod people;
mod rest;
mod signals;
mod swarm;
mod world;

use std::any::Any;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use costs::Part;
use life::Life;
use oracle::Oracle;
use swarm::Size;

/// Lives of an ordinary run.
const SEEDS: u64 = 160;
/// Lives that are lived twice, one in this many.
const TWICE: u64 = 40;
/// Seeds that failed once, and the size of their lives.
const REGRESSIONS: &[(u64, Size)] = &[
    (239, Size::Whole),
    (454, Size::Whole),
    (738, Size::Whole),
    (1356, Size::Whole),
    (1462, Size::Whole),
    (2054, Size::Whole),
    (2199, Size::Whole),
    (3766, Size::Whole),
    (4477, Size::Whole),
    (8891, Size::Whole),
];

/// What a life leaves behind.
struct Lived {
    trace: u64,
    happened: BTreeMap<&'static str, u64>,
}

thread_local! {
    /// The step of the life that this thread lives.
    static STEP: Cell<u64> = const { Cell::new(0) };
}

/// What holds at every moment.
fn look(oracle: &mut Oracle, life: &Life) {
    STEP.set(life.step);
    let _part = costs::on(Part::Looks);
    oracle.look(life);
    digests::look(life);
}

fn live(seed: u64, size: Option<Size>, loud: bool) -> Lived {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let beginning = costs::on(Part::Beginning);
        let mut life = Life::new(seed, size, loud).await;
        let mut oracle = Oracle::default();
        drop(beginning);
        let steps = costs::on(Part::Steps);
        for _ in 0..life.swarm.steps {
            STEP.set(life.step + 1);
            life.live_a_step().await;
            if life.step % 16 == 0 {
                look(&mut oracle, &life);
            }
        }
        STEP.set(life.step);
        drop(steps);
        let _part = costs::on(Part::Rest);
        rest::come_to_rest(&mut life, &mut oracle).await;
        Lived { trace: life.trace, happened: life.happened }
    })
}

fn number(variable: &str, usual: u64) -> u64 {
    std::env::var(variable).map_or(usual, |text| text.parse().unwrap())
}

/// A life that failed: where, and what it broke.
fn failure(seed: u64, panic: &(dyn Any + Send)) -> String {
    let words = panic.downcast_ref::<String>().map(String::as_str);
    let words = words.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic");
    let line = words.lines().next().unwrap_or_default();
    format!("seed={seed} step={} invariant={line}", STEP.get())
}

/// The size that is asked for.
fn asked() -> Option<Size> {
    let word = std::env::var("SIM_SIZE").ok()?;
    Some(Size::parse(&word).expect("SIM_SIZE is short or whole"))
}

/// One life, or two that have to be the same.
fn lived(seed: u64, size: Option<Size>) -> Result<Lived, String> {
    let once = || catch_unwind(AssertUnwindSafe(|| live(seed, size, false)));
    let lived = once().map_err(|panic| failure(seed, &*panic))?;
    if seed.is_multiple_of(TWICE) {
        let again = once().map_err(|panic| failure(seed, &*panic))?;
        if again.trace != lived.trace {
            return Err(format!("seed={seed} step=0 invariant=the same seed lives the same life"));
        }
    }
    Ok(lived)
}

#[test]
fn whatever_happens_the_store_converges_to_the_trackers() {
    if let Ok(seed) = std::env::var("SIM_SEED") {
        live(seed.parse().unwrap(), asked(), true);
        return;
    }
    let (first, count) = (number("SIM_FIRST", 1), number("SIM_SEEDS", SEEDS));
    println!("SIM_FIRST={first} SIM_SEEDS={count}");
    let once_failed = REGRESSIONS.iter().map(|(seed, size)| (*seed, Some(*size)));
    let drawn = (first..first + count).map(|seed| (seed, asked()));
    let seeds: Vec<(u64, Option<Size>)> = once_failed.chain(drawn).collect();
    let happened: Mutex<BTreeMap<&'static str, (u64, u64)>> = Mutex::default();
    let failed: Mutex<BTreeMap<(u64, Option<Size>), String>> = Mutex::default();
    let next = AtomicUsize::new(0);
    let began = Instant::now();
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(&(seed, size)) = seeds.get(next.fetch_add(1, Ordering::Relaxed)) {
                    match lived(seed, size) {
                        Err(line) => {
                            eprintln!("{line}");
                            failed.lock().unwrap().insert((seed, size), line);
                        }
                        Ok(lived) => {
                            let mut happened = happened.lock().unwrap();
                            for (what, times) in lived.happened {
                                let (lives, all) = happened.entry(what).or_default();
                                *lives += 1;
                                *all += times;
                            }
                        }
                    }
                }
            });
        }
    });
    let seconds = began.elapsed().as_secs_f64();
    let happened = happened.into_inner().unwrap();
    for (what, (lives, times)) in &happened {
        println!("| {what} | {lives} | {times} |");
    }
    println!("{count} lives in {seconds:.0} s, {:.1} a second", count as f64 / seconds);
    println!("time went to: {}", costs::told());
    let failed = failed.into_inner().unwrap();
    if let Some((seed, size)) = failed.keys().next() {
        let size = size.map_or("", |size| size.setting());
        let lines: Vec<&str> = failed.values().map(String::as_str).collect();
        panic!(
            "{} seeds failed:\n{}\n{size}SIM_SEED={seed} cargo test --locked --test it \
             simulation::whatever -- --nocapture",
            failed.len(),
            lines.join("\n")
        );
    }
    paths::all_were_gone(count, &happened);
}
