//! Whether the simulation would notice. Each known bug of [`streamgauge::mutants`] is woken in lives
//! that pass without it, until one of them fails. A bug that survives means that the simulation is
//! too kind; only [`Mutant::HintDeleteNoSeq`] may, because hints save time and nothing else.
//!
//! `MUTANT=NoFence` takes one of them, `MUTANT_SEEDS` the most lives that one gets, and
//! `MUTANT_SAMPLE` how many are lived for the share of those that fail. With `SIM_SEED=7` one life
//! is lived aloud with that bug.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use streamgauge::mutants::Mutant;

use super::{live, number};

/// Lives that a bug may survive at most.
const SEEDS: u64 = 3_000;
/// Lives for the share of those that fail.
const SAMPLE: u64 = 100;
/// The one that is to survive.
const HARMLESS: Mutant = Mutant::HintDeleteNoSeq;

thread_local! {
    /// What a life on this thread died of; `None` while nobody wants to know.
    static WORDS: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Wakes one bug on this thread, in a build that holds them.
fn wake(mutant: Option<Mutant>) {
    #[cfg(feature = "mutants")]
    streamgauge::mutants::wake(mutant);
    #[cfg(not(feature = "mutants"))]
    assert_eq!(mutant, None, "this build holds no known bugs");
}

/// Panics of lives that are meant to fail are kept, all others are told.
fn listen() {
    let others = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let kept = WORDS.with_borrow_mut(|words| {
            let Some(words) = words else { return false };
            let place = panic.location().map(ToString::to_string).unwrap_or_default();
            *words = format!("{} ({place})", panic.payload_as_str().unwrap_or_default());
            true
        });
        if !kept {
            others(panic);
        }
    }));
}

/// What the life died of; `None` if it did not.
fn died_of(mutant: Option<Mutant>, seed: u64) -> Option<String> {
    WORDS.set(Some(String::new()));
    wake(mutant);
    let lived = catch_unwind(AssertUnwindSafe(|| drop(live(seed, None, false))));
    wake(None);
    let words = WORDS.take();
    lived.err().and(words)
}

/// The invariant that a panic names: the first word like `C2`, or the words themselves.
fn invariant(words: &str) -> String {
    let mut parts = words.split(|c: char| !c.is_ascii_alphanumeric());
    let is_name = |part: &&str| {
        let mut letters = part.chars();
        letters.next().is_some_and(|c| c.is_ascii_uppercase())
            && letters.next().is_some_and(|c| c.is_ascii_digit())
            && letters.all(|c| c.is_ascii_digit())
    };
    parts.find(is_name).map_or_else(|| words.lines().collect(), str::to_owned)
}

/// How one bug fared.
struct Fate {
    lived: u64,
    /// Seeds that failed, and the words of the panic.
    failed: BTreeMap<u64, String>,
}

fn hunt(mutant: Mutant, most: u64, sample: u64) -> Fate {
    let failed: Mutex<BTreeMap<u64, String>> = Mutex::default();
    let (next, part) = (AtomicU64::new(1), 20);
    let mut lived = 0;
    while lived < most && (lived < sample || failed.lock().unwrap().is_empty()) {
        lived = (lived + part).min(most);
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    loop {
                        let seed = next.fetch_add(1, Ordering::Relaxed);
                        if seed > lived {
                            break;
                        }
                        if let Some(words) = died_of(Some(mutant), seed) {
                            failed.lock().unwrap().insert(seed, words);
                        }
                    }
                });
            }
        });
        next.store(lived + 1, Ordering::Relaxed);
    }
    Fate { lived, failed: failed.into_inner().unwrap() }
}

fn row(mutant: Mutant, fate: &Fate) -> String {
    let mut caught: BTreeMap<String, usize> = BTreeMap::new();
    for words in fate.failed.values() {
        *caught.entry(invariant(words)).or_default() += 1;
    }
    let mut caught: Vec<(String, usize)> = caught.into_iter().collect();
    caught.sort_by_key(|(name, times)| (std::cmp::Reverse(*times), name.clone()));
    let caught: Vec<String> =
        caught.into_iter().map(|(name, times)| format!("{name} {times}")).collect();
    let first = fate.failed.keys().next().map_or_else(String::new, u64::to_string);
    let share = 100.0 * fate.failed.len() as f64 / fate.lived as f64;
    format!(
        "| {mutant:?} | {first} | {share:.1} % of {} | {} |",
        fate.lived,
        if caught.is_empty() { "survives".to_owned() } else { caught.join(", ") }
    )
}

#[test]
#[cfg_attr(not(feature = "mutants"), ignore = "needs --features mutants: bash tests/nightly.sh")]
fn every_known_bug_is_noticed_but_the_harmless_one() {
    let only = std::env::var("MUTANT").ok();
    let named = Mutant::ALL.into_iter().find(|one| Some(format!("{one:?}")) == only);
    if let Ok(seed) = std::env::var("SIM_SEED") {
        wake(named);
        live(seed.parse().unwrap(), super::asked(), true);
        return;
    }
    assert!(only.is_none() || named.is_some(), "MUTANT={only:?} is none of {:?}", Mutant::ALL);
    listen();
    let began = Instant::now();
    let mut lives = 0;
    let (most, sample) = (number("MUTANT_SEEDS", SEEDS), number("MUTANT_SAMPLE", SAMPLE));
    let mut wrong = Vec::new();
    println!("| bug | first seed | fails | caught by |\n|---|---|---|---|");
    for mutant in Mutant::ALL {
        if named.is_some_and(|named| named != mutant) {
            continue;
        }
        let fate = hunt(mutant, most, sample);
        println!("{}", row(mutant, &fate));
        lives += fate.lived;
        if let Some((seed, words)) = fate.failed.first_key_value() {
            if named.is_some() {
                println!("seed {seed}: {words}");
            }
            // A life that fails anyway proves nothing.
            if let Some(words) = died_of(None, *seed) {
                wrong.push(format!("seed {seed} fails without {mutant:?}: {words}"));
            }
        }
        if fate.failed.is_empty() != (mutant == HARMLESS) {
            let survived = if mutant == HARMLESS { "died" } else { "survived" };
            wrong.push(format!("{mutant:?} {survived} in {} lives", fate.lived));
        }
    }
    println!("{lives} lives, {:.1} a second", lives as f64 / began.elapsed().as_secs_f64());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
