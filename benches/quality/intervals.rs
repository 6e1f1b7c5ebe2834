//! Rates over organisations, and how sure they are.

use super::dice::Dice;

/// Rounds of the bootstrap.
const ROUNDS: usize = 1_000;

/// A ratio of sums over organisations with its 95 % interval.
#[derive(Debug, Clone, Copy, Default)]
pub struct Rate {
    pub value: f64,
    pub low: f64,
    pub high: f64,
}

/// The ratio of the sums of some pairs. The digests of one organisation resemble one another, so the
/// bootstrap draws whole organisations.
pub fn rate(pairs: &[(f64, f64)]) -> Rate {
    let ratio = |sum: (f64, f64)| if sum.1 > 0.0 { sum.0 / sum.1 } else { 0.0 };
    let add = |a: (f64, f64), b: &(f64, f64)| (a.0 + b.0, a.1 + b.1);
    let value = ratio(pairs.iter().fold((0.0, 0.0), add));
    let mut dice = Dice::new(1, 7);
    let mut drawn: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let round = (0..pairs.len()).map(|_| &pairs[dice.below(pairs.len())]);
            ratio(round.fold((0.0, 0.0), add))
        })
        .collect();
    drawn.sort_by(f64::total_cmp);
    let at = |part: f64| drawn[(part * ROUNDS as f64) as usize];
    Rate { value, low: at(0.025), high: at(0.975) }
}

/// The middle of some numbers; `None` of none.
pub fn median(mut values: Vec<usize>) -> Option<usize> {
    values.sort_unstable();
    values.get(values.len().checked_sub(1)? / 2).copied()
}
