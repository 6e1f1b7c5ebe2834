//! Deterministic simulation of the real engine: the real clients, the real sync, the real SQL on
//! SQLite in memory, with time, network, processes and trackers owned by a seed.
//!
//! `SIM_SEEDS=10000` sets the number of lives, `SIM_FIRST` the first seed, and `SIM_SEED=7` lives
//! one life aloud: its steps go to standard error. Debug builds live a few hundred by themselves.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod answers;
mod corpus;
mod departures;
mod life;
#[cfg(feature = "mutants")]
mod mutants;
mod oracle;
mod people;
mod rest;
mod swarm;
mod world;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;

use life::Life;
use oracle::Oracle;

/// Lives of an ordinary run.
const SEEDS: u64 = 150;
/// Lives that are lived twice, one in this many.
const TWICE: u64 = 50;
/// Seeds that failed once.
const REGRESSIONS: &[u64] = &[];

/// What a life leaves behind.
struct Lived {
    trace: u64,
    happened: BTreeMap<&'static str, u64>,
}

fn live(seed: u64, loud: bool) -> Lived {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let mut life = Life::new(seed, loud).await;
        let mut oracle = Oracle::default();
        for _ in 0..life.swarm.steps {
            life.live_a_step().await;
            if life.step % 16 == 0 {
                oracle.look(&life);
            }
        }
        rest::come_to_rest(&mut life, &mut oracle).await;
        Lived { trace: life.trace, happened: life.happened }
    })
}

fn number(variable: &str, usual: u64) -> u64 {
    std::env::var(variable).map_or(usual, |text| text.parse().unwrap())
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
    let failed: Mutex<Vec<u64>> = Mutex::default();
    std::thread::scope(|scope| {
        for part in 0..2 {
            let (seeds, happened, failed) = (&seeds, &happened, &failed);
            scope.spawn(move || {
                for seed in seeds.iter().copied().skip(part).step_by(2) {
                    let Ok(lived) = catch_unwind(AssertUnwindSafe(|| live(seed, false))) else {
                        eprintln!("seed {seed} failed, see above");
                        failed.lock().unwrap().push(seed);
                        continue;
                    };
                    if seed % TWICE == 0 {
                        assert_eq!(live(seed, false).trace, lived.trace, "seed {seed} lives twice");
                    }
                    let mut happened = happened.lock().unwrap();
                    for (what, times) in lived.happened {
                        let (lives, all) = happened.entry(what).or_default();
                        *lives += 1;
                        *all += times;
                    }
                }
            });
        }
    });
    for (what, (lives, times)) in happened.into_inner().unwrap() {
        println!("{what:<20} in {lives:>5} lives, {times:>8} times");
    }
    let failed = failed.into_inner().unwrap();
    let replay = "cargo test --test it simulation:: -- --nocapture";
    assert_eq!(failed, [] as [u64; 0], "failed seeds; SIM_SEED={:?} {replay}", failed.first());
}
