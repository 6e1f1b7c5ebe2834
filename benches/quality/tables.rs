//! The tables, as Markdown.

use std::collections::BTreeMap;

use streamgauge::model::Kind as Kinds;
use streamgauge::signals::defaults::FALSE_ALARMS_PERCENT;
use streamgauge::signals::report::Move;

use super::Three;
use super::calendar::{DIGESTS, ONSET};
use super::dataset::dataset;
use super::disturbance::{Disturbance, Effects, Kind};
use super::intervals::{Rate, median, rate};
use super::organisation::{Nature, Organisation};
use super::watch::Watched;
use super::work::{Card, State, cards};

/// Of a hundred series of a signal, those that the page expects to be confirmed by chance.
fn expected(_signal: &str) -> f64 {
    FALSE_ALARMS_PERCENT as f64
}

/// Confirmed series of quiet organisations by signal, and alarms per digest of all three.
pub fn false_alarms(all: &[Three]) {
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
    for (signal, tested) in tested(&own) {
        let pairs = |which: fn((u64, u64)) -> u64| -> Vec<(f64, f64)> {
            let tested = |watched: &&Watched| watched.tested.get(signal).copied().unwrap_or(0);
            own.iter().map(|w| (which(w.counts(signal)) as f64, tested(w) as f64)).collect()
        };
        let (confirmed, new) = (rate(&pairs(|c| c.0)), rate(&pairs(|c| c.1)));
        let expected = expected(signal);
        println!(
            "| {signal} | {:.1} | {} | {expected:.1} % | {} | {:.1} % |",
            tested as f64 / digests as f64,
            percent(confirmed),
            times(confirmed, expected / 100.0),
            new.value * 100.0,
        );
    }
    let page: Vec<(f64, f64)> = own
        .iter()
        .map(|w| {
            (
                w.told.iter().filter(|t| t.confirmed && tests(w, &t.signal)).count() as f64,
                w.expected,
            )
        })
        .collect();
    let whole = rate(&page);
    println!(
        "\nThe whole page: observed over expected {:.2} ({:.2} to {:.2}).\n",
        whole.value, whole.low, whole.high
    );
    println!(
        "| per digest | Streamgauge, confirmed | a fifth in a week | three standard deviations |"
    );
    println!("|---|---:|---:|---:|");
    let row = |name: &str, value: &dyn Fn(&Watched) -> Pair| {
        let cells: Vec<String> = (0..3)
            .map(|way| {
                let pairs: Vec<(f64, f64)> = all.iter().map(|three| value(&three[way])).collect();
                let rate = rate(&pairs);
                format!("{:.2} ({:.2} to {:.2})", rate.value, rate.low, rate.high)
            })
            .collect();
        println!("| {name} | {} |", cells.join(" | "));
    };
    row("series looked at", &|w| (w.tested.values().sum::<u64>() as f64, w.digests as f64));
    row("false alarms", &|w| {
        (w.told.iter().filter(|t| t.confirmed).count() as f64, w.digests as f64)
    });
    row("share of digests with none", &|w| (silent(w) as f64, w.digests as f64));
}

type Pair = (f64, f64);

fn tests(watched: &Watched, signal: &str) -> bool {
    watched.tested.contains_key(signal)
}

fn silent(watched: &Watched) -> usize {
    let alarm = |digest: usize| watched.told.iter().any(|t| t.confirmed && t.digest == digest);
    (1..=DIGESTS).filter(|digest| !alarm(*digest)).count()
}

fn tested<'a>(all: &[&'a Watched]) -> BTreeMap<&'a str, u64> {
    let mut sums = BTreeMap::new();
    for (signal, tested) in all.iter().flat_map(|watched| &watched.tested) {
        *sums.entry(*signal).or_default() += tested;
    }
    sums
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
        let cells: Vec<String> = all
            .iter()
            .map(|(_, watched)| {
                let tested = |w: &Watched| w.tested.get(signal).copied().unwrap_or(0) as f64;
                let pairs: Vec<(f64, f64)> =
                    watched.iter().map(|w| (w.counts(signal).0 as f64, tested(w))).collect();
                let rate = rate(&pairs);
                format!(
                    "{:.1} % ({:.1} to {:.1})",
                    rate.value * 100.0,
                    rate.low * 100.0,
                    rate.high * 100.0
                )
            })
            .collect();
        println!("| {signal} | {} |", cells.join(" | "));
    }
}

/// Who tells what was planted, and when; and how often the same is told where nothing happened.
pub fn detection(rows: &[(Disturbance, Vec<Three>)], calm: &[Three]) {
    let count = calm.len();
    println!("\n## Detection within {DIGESTS} weeks, {count} organisations a row\n");
    println!(
        "| planted | size | Streamgauge | median weeks | told anyway | with new ones | a fifth in a week | \
         told anyway | three deviations | told anyway |"
    );
    println!("|---|---|---:|---:|---:|---:|---:|---:|---:|---:|");
    for (planted, watched) in rows {
        let (what, sizes) = planted.kind.told();
        // What is expected depends on the organisation: which stream, which pair.
        let wanted: Vec<_> = (1..=count as u64)
            .map(|seed| Organisation::new(seed, Nature::QUIET, Some(*planted)).effects)
            .map(|effects: Effects| effects.expected())
            .collect::<Vec<Vec<(&'static str, String, Move)>>>();
        let share = |all: &[Three], way: usize, confirmed: bool| {
            let told = all
                .iter()
                .zip(&wanted)
                .filter(|(w, wanted)| w[way].first(wanted, confirmed).is_some());
            format!("{:.0} %", 100.0 * told.count() as f64 / count as f64)
        };
        let delays = watched.iter().zip(&wanted).filter_map(|(w, wanted)| w[0].first(wanted, true));
        let delay = median(delays.collect()).map_or("–".to_owned(), |weeks| weeks.to_string());
        println!(
            "| {what} | {} | {} | {delay} | {} | {} | {} | {} | {} | {} |",
            sizes[planted.size],
            share(watched, 0, true),
            share(calm, 0, true),
            share(watched, 0, false),
            share(watched, 1, true),
            share(calm, 1, true),
            share(watched, 2, true),
            share(calm, 2, true),
        );
    }
}

/// Plain facts of one organisation, undisturbed and with each disturbance in its largest size: to
/// see that the generator does what it says, without asking any signal.
pub fn shape(seed: u64) {
    let kinds = Kind::ALL.into_iter().map(|kind| Some(Disturbance { kind, size: 2 }));
    for planted in std::iter::once(None).chain(kinds) {
        let (own, data) = dataset(seed, Nature::QUIET, planted);
        let cards = cards(&own, seed);
        if planted.is_none() {
            println!(
                "streams {}, teams {}, cards {}, shares {:.2?}",
                own.streams,
                own.teams.len(),
                cards.len(),
                own.shares()
            );
        }
        println!("{planted:?}, in stream {} (and {}):", own.effects.stream, own.effects.other);
        for (name, span) in [("before", -13.0..0.0), ("after", 0.0..13.0)] {
            let inside = |at: i64| span.contains(&own.calendar.since_onset(at));
            let home = |card: &&Card| own.teams[card.team].stream == own.effects.stream;
            let (mut done, mut defects, mut returned, mut times) = (0, 0, 0, Vec::new());
            for card in cards.iter().filter(home) {
                let mut ends = card.steps.iter().filter(|(at, s)| *s == State::Done && inside(*at));
                returned += ends.clone().count().saturating_sub(1);
                if let (Some((at, State::Done)), Some(_)) = (card.end(), ends.next_back()) {
                    done += 1;
                    defects += usize::from(card.kind == Kinds::Defect);
                    let started = card.steps.iter().find(|(_, state)| *state == State::Doing);
                    times.extend(started.map(|(from, _)| (at - from) / 3_600_000));
                }
            }
            times.sort_unstable();
            let middle = times.get(times.len() / 2).map_or(0.0, |hours| *hours as f64 / 24.0);
            let waited = cards.iter().filter(|c| c.stream == own.effects.stream);
            let waited =
                waited.filter(|c| c.waited.is_some_and(|(_, from, _)| inside(from))).count();
            let until = own.calendar.at(if name == "before" { ONSET } else { ONSET + 13 }, 0, 0);
            let open = cards.iter().filter(home).filter(|card| {
                let now = card.steps.iter().rfind(|(at, _)| *at < until);
                now.is_some_and(|(_, s)| {
                    !matches!(s, State::Backlog | State::Done | State::Dropped)
                })
            });
            let release = format!("r{}-", own.effects.stream);
            let releases = data.releases.iter().filter(|r| r.id.starts_with(&release));
            let away = cards.iter().filter(home).filter(|c| inside(c.steps[0].0));
            let (all, away) =
                (away.clone().count(), away.filter(|c| c.stream != own.effects.stream).count());
            println!(
                "  {name}: {done} done, {defects} defects, {returned} returned, median {middle:.1} days, {} open, \
                 {waited} waited, {} releases, {away} of {all} for others",
                open.count(),
                releases.filter(|r| inside(r.at.millis())).count(),
            );
        }
    }
}
