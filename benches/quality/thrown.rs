//! Thrown dice: weekly values that do not depend on one another, and one fall of a rate.

use streamgauge::signals::report::{Move, Verdict};
use streamgauge::signals::stats::xmr::{Bounds, Chart};
use streamgauge::signals::verdict::ladder;

use super::dice::Dice;

const SERIES: usize = 20_000;
const WEEKS: usize = 26;

/// Prints how often a stable process is told, and how soon a fall is.
pub fn tables() {
    println!("\n## Independent weeks: {SERIES} series of {WEEKS}\n");
    println!("| data | a rule fires | new | confirmed | told new | told confirmed |");
    println!("|---|---:|---:|---:|---:|---:|");
    let mut dice = Dice::new(1, 0);
    let mut row = |name: &str, bounds: Bounds, draw: fn(&mut Dice) -> f64| {
        let mut counts = [[0_usize; 2]; 2];
        for _ in 0..SERIES {
            let values: Vec<Option<f64>> = (0..WEEKS).map(|_| Some(draw(&mut dice))).collect();
            let Ok(chart) = Chart::new(&values, bounds, None) else { continue };
            let told = ladder(&chart, WEEKS);
            let alone = ladder(&chart.at_its_word(), WEEKS);
            for (counts, verdict) in counts.iter_mut().zip([alone, told]) {
                counts[0] += usize::from(matches!(verdict, Verdict::New { .. }));
                counts[1] += usize::from(matches!(verdict, Verdict::Confirmed { .. }));
            }
        }
        let percent = |n: usize| format!("{:.1} %", 100.0 * n as f64 / SERIES as f64);
        let [[new, confirmed], told] = counts;
        println!(
            "| {name} | {} | {} | {} | {} | {} |",
            percent(new + confirmed),
            percent(new),
            percent(confirmed),
            percent(told[0]),
            percent(told[1])
        );
    };
    row("counts around 7", Bounds::COUNT, |dice| poisson(dice, 7.0));
    row("counts around 3", Bounds::COUNT, |dice| poisson(dice, 3.0));
    row("normal", Bounds::NONE, Dice::normal);
    row("lognormal", Bounds::COUNT, |dice| (0.5 * dice.normal()).exp());
    for after in [3.5, 4.5] {
        let (share, median) = fall(&mut dice, 7.0, after);
        println!(
            "\nA fall from 7 to {after} is told within 12 weeks {share:.0} % of the time, median {median} weeks."
        );
    }
}

/// How often, and after how many weeks, a fall is confirmed within twelve.
fn fall(dice: &mut Dice, before: f64, after: f64) -> (f64, usize) {
    let mut delays = Vec::new();
    let rounds = SERIES / 10;
    for _ in 0..rounds {
        let mut values: Vec<Option<f64>> =
            (0..WEEKS).map(|_| Some(poisson(dice, before))).collect();
        for week in 1..=12 {
            values.push(Some(poisson(dice, after)));
            let newest = &values[values.len() - WEEKS..];
            let told = Chart::new(newest, Bounds::COUNT, None).map(|chart| ladder(&chart, WEEKS));
            if told == Ok(Verdict::Confirmed { direction: Move::Down }) {
                delays.push(week);
                break;
            }
        }
    }
    let share = 100.0 * delays.len() as f64 / rounds as f64;
    (share, super::intervals::median(delays).unwrap_or(0))
}

fn poisson(dice: &mut Dice, mean: f64) -> f64 {
    let (mut n, mut product) = (0.0, dice.unit());
    while product > (-mean).exp() {
        (n, product) = (n + 1.0, product * dice.unit());
    }
    n
}
