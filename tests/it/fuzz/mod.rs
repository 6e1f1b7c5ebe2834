//! Every parser of bytes that others wrote, fed with damaged ones: it may refuse, it may name gaps,
//! it never panics and never hangs.
//!
//! Works on stable Rust. An input that leads to an outcome of a new shape joins the inputs that are
//! mutated further, which stands in for coverage. `FUZZ_ROUNDS` sets the number of inputs of each
//! parser, `TEST_SEED` the seed; every run prints both. An input that failed is written to the
//! temporary folder; moved to `tests/it/fuzz/corpus/TARGET/`, it is tried first for ever.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod answers;
mod bounds;
mod doors;
mod mutate;
mod stored;
mod targets;

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use mutate::Mutator;

/// Inputs of one target in an ordinary run; a nightly one asks for a million.
const ROUNDS: u64 = 4_000;
/// Inputs kept for further mutation.
const KEPT: usize = 400;
/// The largest input; webhooks are cut off at a mebibyte, pages of trackers at 64.
const LONGEST: usize = 64 << 10;
/// An input that takes longer hangs. A thousand times what the slowest takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a parser did with an input, as short text: outcomes that differ in it differ in kind.
type Shape = String;

/// Targets that ask a whole client, server or database get one input where a parser gets as many.
const SHARE: u64 = 10;

/// One parser, the inputs to begin with, and words that mean something to it.
struct Target {
    name: &'static str,
    seeds: Vec<Vec<u8>>,
    words: &'static [&'static str],
    run: fn(&[u8]) -> Shape,
}

fn number(variable: &str, usual: u64) -> u64 {
    std::env::var(variable).map_or(usual, |text| text.parse().unwrap())
}

/// Inputs that failed once.
fn corpus(name: &str) -> Vec<Vec<u8>> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it/fuzz/corpus").join(name);
    let Ok(files) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    paths.sort();
    paths.into_iter().map(|path| std::fs::read(path).unwrap()).collect()
}

fn keep(name: &str, input: &[u8]) -> PathBuf {
    let path = std::env::temp_dir().join(format!("streamgauge-fuzz-{name}.bin"));
    std::fs::write(&path, input).unwrap();
    path
}

/// Gives these inputs to a target, with the same watch over panics and hangs.
fn fuzz_inputs(target: Target, inputs: Vec<Vec<u8>>) {
    let whole = Target { seeds: inputs, ..target };
    run_all(whole, 0, false);
}

fn fuzz(target: Target, share: u64) {
    run_all(target, number("FUZZ_ROUNDS", ROUNDS) / share, true);
}

fn run_all(target: Target, rounds: u64, varied: bool) {
    let seed = number("TEST_SEED", 20_261_121);
    let Target { name, seeds, words, run } = target;
    println!("{name}: TEST_SEED={seed} FUZZ_ROUNDS={rounds}");
    let (say, heard) = channel::<Option<Vec<u8>>>();
    let worker = std::thread::spawn(move || {
        let mut mutator = Mutator::new(seed, words);
        let own = if varied { corpus(name) } else { Vec::new() };
        let mut kept: Vec<Vec<u8>> = own.into_iter().chain(seeds).collect();
        let mut shapes = BTreeSet::new();
        let first = kept.len() as u64;
        for round in 0..first + rounds {
            let input = match kept.get(usize::try_from(round).unwrap()) {
                Some(whole) if round < first => whole.clone(),
                _ => mutator.next(&kept, LONGEST),
            };
            say.send(Some(input.clone())).unwrap();
            match catch_unwind(AssertUnwindSafe(|| run(&input))) {
                Ok(shape) => {
                    if shapes.insert(shape) && kept.len() < KEPT {
                        kept.push(input);
                    }
                }
                Err(_) => panic!("{name} panicked: {}", keep(name, &input).display()),
            }
        }
        println!("{name}: {} inputs, {} shapes", first + rounds, shapes.len());
        assert!(
            !varied || shapes.len() > 1,
            "{name}: every input ended alike, so nothing was tried"
        );
    });
    let mut under_way = Vec::new();
    loop {
        match heard.recv_timeout(PATIENCE) {
            Ok(input) => under_way = input.unwrap_or_default(),
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => {
                panic!("{name} hangs: {}", keep(name, &under_way).display())
            }
        }
    }
    worker.join().unwrap();
}

macro_rules! fuzzed {
    ($($target:ident),*; $($module:ident: $slow:ident),* $(,)?) => {
        $(#[test]
        fn $target() {
            fuzz(targets::$target(), 1);
        })*

        $(#[test]
        fn $slow() {
            fuzz($module::$slow(), SHARE);
        })*

        /// Those that read bytes and ask nobody.
        fn parsers() -> Vec<Target> {
            vec![$(targets::$target(),)*]
        }
    };
}

fuzzed! {
    jira_webhook,
    jira_issues,
    jira_changelogs,
    jira_schema,
    github_webhook,
    github_signature,
    github_issues,
    github_faults,
    github_headers,
    recorded_items,
    settings_file,
    portfolio_file,
    cron_expression,
    instants;
    answers: jira_signature,
    answers: jira_cloud_answers,
    answers: jira_center_answers,
    answers: github_answers,
    answers: github_app_answers,
    answers: kept_places,
    doors: query_strings,
    doors: item_paths,
    doors: form_bodies,
    doors: recorded_bodies,
    doors: request_heads,
    stored: stored_histories,
    stored: stored_values,
}
