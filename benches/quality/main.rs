//! How often Streamgauge is wrong, and how soon it is right: false alarms in organisations where
//! nothing happened, detection where something was planted, beside what dashboards do on the same
//! weekly values.
//!
//! ```sh
//! cargo bench --locked --bench quality                   # everything
//! cargo bench --locked --bench quality -- quiet 400 1000 # rates of the first, judged on the second
//! cargo bench --locked --bench quality -- planted 15     # detection, organisations a kind and size
//! cargo bench --locked --bench quality -- natures 20     # what makes false alarms
//! cargo bench --locked --bench quality -- thrown         # independent weeks
//! cargo bench --locked --bench quality -- shape 7        # what the generator does, without a signal
//! ```
//!
//! The signals run on generated datasets: no tracker, no store. A seed is an organisation: three to
//! five streams, nine to twenty teams, four thousand cards or so. History is 70 weeks long; then come
//! thirteen weekly digests, and what is planted begins with their first week. The generator and the
//! list of what each disturbance ought to tell were written down before any result was looked at.
//!
//! No seed serves twice: the tests were mended with some of the first 400 in view and the printed
//! rates are set from these 400, so both are judged on others. (10,001 to 10,020 were looked at when the
//! time of a run was taken.)

#![expect(clippy::unwrap_used, reason = "a measurement that cannot be taken ends the run")]

mod calendar;
mod dashboards;
mod dataset;
mod detection;
mod dice;
mod disturbance;
mod intervals;
mod organisation;
mod shape;
mod tables;
mod thrown;
mod watch;
mod work;

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use calendar::DIGESTS;
use disturbance::{Disturbance, Kind};
use organisation::Nature;
use watch::{Watched, watch};

/// The seeds that the printed rates are set from begin here,
const SET: u64 = 1;
/// those on which they are judged here,
const JUDGED: u64 = 11_001;
/// those of organisations to which something happens here,
const PLANTED: u64 = 20_001;
/// and those with single habits here.
const NATURES: u64 = 30_001;

/// One organisation, three ways: Streamgauge, a fifth, three standard deviations.
pub type Three = [Watched; 3];

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    let (what, counts) =
        args.split_first().map_or(("all", [].as_slice()), |(a, b)| (a.as_str(), b));
    let counts: Vec<u64> = counts.iter().map(|count| count.parse().unwrap()).collect();
    match (what, counts.as_slice()) {
        ("all", []) => {
            thrown::tables();
            quiet(400, 1_000);
            planted(15);
            natures(20);
        }
        ("quiet", [set, judged]) => quiet(*set, *judged),
        ("planted", [count]) => planted(*count),
        ("natures", [count]) => natures(*count),
        ("thrown", []) => thrown::tables(),
        ("shape", [seed]) => shape::print(*seed),
        other => panic!("nothing is called {other:?}"),
    }
}

/// Looks at the organisations of some seeds, on all processors; what is found stands in their order.
fn each<T: Send>(what: &str, seeds: Range<u64>, one: impl Fn(u64) -> T + Sync) -> Vec<T> {
    let (next, count) = (AtomicU64::new(seeds.start), seeds.end - seeds.start);
    let work = || {
        let mut own = Vec::new();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end {
                return own;
            }
            let done = seed - seeds.start;
            if count >= 100 && done.is_multiple_of(50) {
                eprintln!("{what}: {done} of {count}");
            }
            own.push((seed, one(seed)));
        }
    };
    let processors = thread::available_parallelism().map_or(1, usize::from);
    let mut found: Vec<(u64, T)> = thread::scope(|scope| {
        let workers: Vec<_> = (0..processors).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    found.sort_unstable_by_key(|(seed, _)| *seed);
    found.into_iter().map(|(_, found)| found).collect()
}

/// Both views of one organisation over all digests.
fn both(seed: u64, disturbance: Option<Disturbance>) -> Three {
    let (own, data) = dataset::dataset(seed, Nature::QUIET, disturbance);
    let [fifth, deviations] = dashboards::alarms(&own, &data);
    [watch(&own, &data, 1..=DIGESTS), fifth, deviations]
}

/// Rates from some organisations to which nothing happened, judged on others.
fn quiet(set: u64, judged: u64) {
    let set = each("setting", SET..SET + set, |seed| {
        let (own, data) = dataset::dataset(seed, Nature::QUIET, None);
        watch(&own, &data, 1..=DIGESTS)
    });
    let rates = tables::rates(&set);
    let judged = each("judging", JUDGED..JUDGED + judged, |seed| both(seed, None));
    tables::false_alarms(&judged, &rates);
}

/// The same organisations with one habit each, with none and with all.
fn natures(count: u64) {
    let plain = Nature::PLAIN;
    let kinds = [
        ("none of these", plain),
        ("autocorrelation", Nature { autocorrelation: true, ..plain }),
        ("holidays", Nature { holidays: true, ..plain }),
        ("batches", Nature { batches: true, ..plain }),
        ("growth", Nature { growth: true, ..plain }),
        ("all of these", Nature::QUIET),
    ];
    let watched = kinds.map(|(name, nature)| {
        let own = |seed: u64| {
            let (own, data) = dataset::dataset(seed, nature, None);
            watch(&own, &data, 1..=DIGESTS)
        };
        (name, each(name, NATURES..NATURES + count, own))
    });
    tables::natures(&watched);
}

/// Each kind in each size, beside the same organisations undisturbed.
fn planted(count: u64) {
    let seeds = || PLANTED..PLANTED + count;
    let calm = each("undisturbed", seeds(), |seed| both(seed, None));
    let mut rows = Vec::new();
    for kind in Kind::ALL {
        for size in 0..3 {
            let disturbance = Disturbance { kind, size };
            eprintln!("planted: {kind:?} {size}");
            rows.push((
                disturbance,
                each("planted", seeds(), |seed| both(seed, Some(disturbance))),
            ));
        }
    }
    detection::table(&rows, &calm);
    detection::by_signal(&rows, &calm);
}
