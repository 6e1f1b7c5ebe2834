//! The tables of organisations to which nothing happened, as Markdown.

use std::collections::BTreeMap;

use streamgauge::signals::false_alarms_percent;

use super::calendar::DIGESTS;
use super::intervals::{Rate, rate};
use super::watch::Watched;
use super::{SET, Three};

/// What really moves in these organisations although nothing was planted, and is no false alarm: only
/// the epics that are under way at the onset have a measure, so the attention on measured work (O3)
/// rises with them and falls when the next ones follow. Left out before any result was looked at.
const MOVES: &str = "O3";

/// Of a hundred tested series of a signal, those that are confirmed.
pub type Rates = BTreeMap<&'static str, f64>;

/// Sets the rates, to a tenth of a percent and no lower than that; also prints what the program has.
pub fn rates(all: &[Watched]) -> Rates {
    let all: Vec<&Watched> = all.iter().collect();
    println!("\n## Rates, set from the seeds {SET} to {}\n", all.len());
    println!("| signal | series | confirmed | 95 % | rate | in the program |");
    println!("|---|---:|---:|---:|---:|---:|");
    let mut rates = Rates::new();
    for (signal, tested) in tested(&all).into_iter().filter(|(signal, _)| *signal != MOVES) {
        let found = confirmed(&all, signal);
        let own = (found.value * 1_000.0).round().max(1.0) / 10.0;
        let has = false_alarms_percent(signal);
        println!("| {signal} | {tested} | {} | {own:.1} % | {has:.1} % |", percent(found));
        rates.insert(signal, own);
    }
    let pairs: Vec<Pair> = all.iter().map(|w| pair((tests(w), series(w)))).collect();
    println!("\nAll of them: {}.", percent(rate(&pairs)));
    rates
}

/// Confirmed series of quiet organisations by signal, and alarms per digest of all three.
pub fn false_alarms(all: &[Three], rates: &Rates) {
    println!(
        "\n## False alarms in {} quiet organisations, {DIGESTS} weekly digests each\n",
        all.len()
    );
    println!(
        "| signal | series a digest | confirmed | 95 % | expected | observed over expected | new |"
    );
    println!("|---|---:|---:|---:|---:|---:|---:|");
    let own: Vec<&Watched> = all.iter().map(|three| &three[0]).collect();
    let digests: u64 = own.iter().map(|watched| watched.digests).sum();
    let expected = |signal: &str| rates.get(signal).copied().unwrap_or(0.0);
    for (signal, tested) in tested(&own) {
        let new: u64 = own.iter().map(|watched| watched.counts(signal).1).sum();
        let (confirmed, own) = (confirmed(&own, signal), expected(signal));
        let (expected, ratio) = match signal {
            MOVES => ("–".to_owned(), "really moves".to_owned()),
            _ => (format!("{own:.1} %"), times(confirmed, own / 100.0)),
        };
        println!(
            "| {signal} | {:.1} | {} | {expected} | {ratio} | {:.1} % |",
            tested as f64 / digests as f64,
            percent(confirmed),
            100.0 * new as f64 / tested as f64,
        );
    }
    let page = |watched: &&Watched| {
        let judged = watched.tested.iter().filter(|(id, _)| **id != MOVES);
        let sum: f64 = judged.map(|(id, n)| *n as f64 * expected(id) / 100.0).sum();
        (tests(watched) as f64, sum)
    };
    let whole = rate(&own.iter().map(page).collect::<Vec<Pair>>());
    println!(
        "\nThe whole page: observed over expected {:.2} ({:.2} to {:.2}).\n",
        whole.value, whole.low, whole.high
    );
    println!(
        "| per digest | Streamgauge, confirmed | a fifth in a week | three standard deviations |"
    );
    println!("|---|---:|---:|---:|");
    let row = |name: &str, value: &dyn Fn(&Watched) -> u64| {
        let cells: Vec<String> = (0..3)
            .map(|way| {
                let pairs = all.iter().map(|three| (value(&three[way]), three[way].digests));
                let rate = rate(&pairs.map(pair).collect::<Vec<Pair>>());
                format!("{:.2} ({:.2} to {:.2})", rate.value, rate.low, rate.high)
            })
            .collect();
        println!("| {name} | {} |", cells.join(" | "));
    };
    row("series looked at", &series);
    row("false alarms of them", &tests);
    row("intent gaps told (P2)", &|w| w.counts("P2").0);
    row("share of digests without any of both", &silent);
}

type Pair = (f64, f64);

fn pair((part, all): (u64, u64)) -> Pair {
    (part as f64, all as f64)
}

/// Tested series.
fn series(watched: &Watched) -> u64 {
    watched.tested.iter().filter(|(signal, _)| **signal != MOVES).map(|(_, n)| n).sum()
}

/// Confirmed ones of them.
fn tests(watched: &Watched) -> u64 {
    let judged = watched.tested.keys().filter(|signal| **signal != MOVES);
    judged.map(|signal| watched.counts(signal).0).sum()
}

fn silent(watched: &Watched) -> u64 {
    let alarm = |digest: usize| {
        watched.told.iter().any(|t| t.confirmed && t.digest == digest && t.signal != MOVES)
    };
    (1..=DIGESTS).filter(|digest| !alarm(*digest)).count() as u64
}

fn tested(all: &[&Watched]) -> BTreeMap<&'static str, u64> {
    let mut sums = BTreeMap::new();
    for (signal, tested) in all.iter().flat_map(|watched| &watched.tested) {
        *sums.entry(*signal).or_default() += tested;
    }
    sums
}

/// The part of a signal's tested series that are confirmed.
fn confirmed(all: &[&Watched], signal: &str) -> Rate {
    let tested = |watched: &Watched| watched.tested.get(signal).copied().unwrap_or(0);
    let pairs = all.iter().map(|watched| (watched.counts(signal).0, tested(watched)));
    rate(&pairs.map(pair).collect::<Vec<Pair>>())
}

fn percent(rate: Rate) -> String {
    format!("{:.1} % | {:.1} to {:.1} %", rate.value * 100.0, rate.low * 100.0, rate.high * 100.0)
}

fn times(rate: Rate, expected: f64) -> String {
    let [value, low, high] = [rate.value, rate.low, rate.high].map(|rate| rate / expected);
    format!("{value:.2} ({low:.2} to {high:.2})")
}

/// Confirmed series by what makes series unlike thrown dice.
pub fn natures(all: &[(&str, Vec<Watched>)]) {
    println!("\n## What makes false alarms: {} organisations each\n", all[0].1.len());
    let names: Vec<&str> = all.iter().map(|(name, _)| *name).collect();
    println!("| confirmed, of the series tested | {} |", names.join(" | "));
    println!("|---|{}", "---:|".repeat(names.len()));
    let whole: Vec<&Watched> = all.iter().flat_map(|(_, watched)| watched).collect();
    for (signal, _) in tested(&whole) {
        let cell = |(_, watched): &(&str, Vec<Watched>)| {
            let Rate { value, low, high } = confirmed(&watched.iter().collect::<Vec<_>>(), signal);
            format!("{:.1} % ({:.1} to {:.1})", value * 100.0, low * 100.0, high * 100.0)
        };
        let cells: Vec<String> = all.iter().map(cell).collect();
        println!("| {signal} | {} |", cells.join(" | "));
    }
}
