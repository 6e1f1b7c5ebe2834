//! How often Streamgauge is wrong, and how soon it is right: false alarms in organisations where
//! nothing happened, detection where something was planted, beside what dashboards do on the same
//! weekly values.
//!
//! ```sh
//! cargo bench --bench quality                 # everything; minutes
//! cargo bench --bench quality -- quiet 1000   # false alarms in so many organisations
//! cargo bench --bench quality -- natures 200  # the same, by what makes real series unlike dice
//! cargo bench --bench quality -- planted 30   # detection, in so many organisations a kind and size
//! ```
//!
//! The signals run on generated datasets: no tracker, no store. A seed is an organisation: three to
//! five streams, nine to twenty teams, four thousand cards or so. History is 70 weeks long; then come
//! thirteen weekly digests, and what is planted begins with their first week. The generator and the
//! list of what each disturbance ought to tell were written down before any result was looked at.

#![expect(clippy::unwrap_used, reason = "a measurement that cannot be taken ends the run")]

mod calendar;
mod dashboards;
mod dataset;
mod dice;
mod disturbance;
mod intervals;
mod organisation;
mod tables;
mod watch;
mod work;

use calendar::DIGESTS;
use disturbance::{Disturbance, Kind};
use organisation::Nature;
use watch::{Watched, watch};

/// One organisation, three ways: Streamgauge, a fifth, three standard deviations.
pub type Three = [Watched; 3];

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args.as_slice() {
        [] => {
            quiet(1000);
            natures(200);
            planted(30);
        }
        ["quiet", count] => drop(quiet(count.parse().unwrap())),
        ["natures", count] => natures(count.parse().unwrap()),
        ["planted", count] => planted(count.parse().unwrap()),
        ["shape", seed] => tables::shape(seed.parse().unwrap()),
        other => panic!("nothing is called {other:?}"),
    }
}

/// Both views of one organisation over all digests.
fn both(seed: u64, nature: Nature, disturbance: Option<Disturbance>) -> Three {
    let (own, data) = dataset::dataset(seed, nature, disturbance);
    let [fifth, deviations] = dashboards::alarms(&own, &data);
    [watch(&own, &data, 1..=DIGESTS), fifth, deviations]
}

fn quiet(count: u64) -> Vec<Three> {
    let all: Vec<Three> = (1..=count)
        .map(|seed| {
            progress("quiet", seed, count);
            both(seed, Nature::QUIET, None)
        })
        .collect();
    tables::false_alarms(&all);
    all
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
            progress(name, seed, count);
            let (own, data) = dataset::dataset(seed, nature, None);
            watch(&own, &data, 1..=DIGESTS)
        };
        (name, (1..=count).map(own).collect::<Vec<Watched>>())
    });
    tables::natures(&watched);
}

/// Each kind in each size, beside the same organisations undisturbed.
fn planted(count: u64) {
    let calm: Vec<Three> = (1..=count).map(|seed| both(seed, Nature::QUIET, None)).collect();
    let mut rows = Vec::new();
    for kind in Kind::ALL {
        for size in 0..3 {
            let disturbance = Disturbance { kind, size };
            progress(kind.told().0, size as u64 + 1, 3);
            let own = |seed: u64| both(seed, Nature::QUIET, Some(disturbance));
            rows.push((disturbance, (1..=count).map(own).collect::<Vec<Three>>()));
        }
    }
    tables::detection(&rows, &calm);
}

fn progress(what: &str, at: u64, of: u64) {
    if at.is_multiple_of(50) || of <= 3 {
        eprintln!("{what}: {at} of {of}");
    }
}
