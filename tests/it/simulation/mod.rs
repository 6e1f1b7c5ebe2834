//! Deterministic simulation of the real engine: the real clients, the real sync, the real SQL on
//! SQLite in memory, the real digests and signals, with time, network, processes, trackers and
//! receivers owned by a seed.
//!
//! `SIM_SEEDS=10000` sets the number of lives, `SIM_FIRST` the first seed, so that a long run can be
//! cut into parts, and `SIM_SEED=7` lives one life aloud: its steps go to standard error. An ordinary
//! run lives a few hundred by itself. Long runs want `cargo test --profile sim`; see
//! `tests/nightly.sh`.
//!
//! A seed that failed is written to [`REGRESSIONS`] and lived first from then on. What a seed means
//! changes with every draw that is added, so a mended bug gets a test of its own as well.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod answers;
mod corpus;
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

use life::Life;
use oracle::Oracle;

/// Lives of an ordinary run.
const SEEDS: u64 = 80;
/// Lives that are lived twice, one in this many.
const TWICE: u64 = 40;
/// Seeds that failed once.
const REGRESSIONS: &[u64] = &[239, 454, 738, 1356, 1462, 2054, 2199, 3766, 4477, 8891];

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
    oracle.look(life);
    digests::look(life);
}

fn live(seed: u64, loud: bool) -> Lived {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let mut life = Life::new(seed, loud).await;
        let mut oracle = Oracle::default();
        for _ in 0..life.swarm.steps {
            STEP.set(life.step + 1);
            life.live_a_step().await;
            if life.step % 16 == 0 {
                look(&mut oracle, &life);
            }
        }
        STEP.set(life.step);
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

/// One life, or two that have to be the same.
fn lived(seed: u64) -> Result<Lived, String> {
    let once = || catch_unwind(AssertUnwindSafe(|| live(seed, false)));
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
        live(seed.parse().unwrap(), true);
        return;
    }
    let (first, count) = (number("SIM_FIRST", 1), number("SIM_SEEDS", SEEDS));
    println!("SIM_FIRST={first} SIM_SEEDS={count}");
    let seeds: Vec<u64> = REGRESSIONS.iter().copied().chain(first..first + count).collect();
    let happened: Mutex<BTreeMap<&'static str, (u64, u64)>> = Mutex::default();
    let failed: Mutex<BTreeMap<u64, String>> = Mutex::default();
    let next = AtomicUsize::new(0);
    let began = Instant::now();
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(&seed) = seeds.get(next.fetch_add(1, Ordering::Relaxed)) {
                    match lived(seed) {
                        Err(line) => {
                            eprintln!("{line}");
                            failed.lock().unwrap().insert(seed, line);
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
    let failed = failed.into_inner().unwrap();
    if let Some(seed) = failed.keys().next() {
        let lines: Vec<&str> = failed.values().map(String::as_str).collect();
        panic!(
            "{} seeds failed:\n{}\nSIM_SEED={seed} cargo test --locked --test it \
             simulation::whatever -- --nocapture",
            failed.len(),
            lines.join("\n")
        );
    }
    paths::all_were_gone(count, &happened);
}
