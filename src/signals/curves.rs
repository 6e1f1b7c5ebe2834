//! Survival curves as numbers and in words, within the least data of section 0.10.

use super::defaults::{MEDIAN_EVENTS, P85_EVENTS, RISK_SET_MIN, TEST_ALPHA};
use super::finding::measure;
use super::report::{Measure, Move, Step, Survival, Unit, Verdict};
use super::stats::log_rank::{LogRank, log_rank};
use super::stats::survival::{Ages, Curve, Quantile};
use super::view::View;
use super::weekly_test::{Tested, ladder};
use super::words;
use crate::model::{Period, Timestamp};

/// The newest period and the one before it, as the log-rank test compares them.
pub struct Sides {
    pub newest: Ages,
    pub before: Ages,
}

impl Sides {
    /// Events of the side that has fewer.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.newest.events.len().min(self.before.events.len()) as u64
    }

    /// The comparison; `None` with fewer than ten events on a side.
    #[must_use]
    pub fn test(&self) -> Option<LogRank> {
        if self.events() < MEDIAN_EVENTS {
            return None;
        }
        log_rank(&self.newest, &self.before)
    }

    /// The comparison where events hang together and vary so many `times` more than independent
    /// ones would, see [`LogRank::dispersed`].
    #[must_use]
    pub fn widened(&self, times: impl FnOnce() -> f64) -> Option<LogRank> {
        let test = self.test()?;
        // No dispersion makes p smaller, so it is looked for only where it can change the answer.
        Some(if test.p < TEST_ALPHA { test.dispersed(times()) } else { test })
    }

    /// The same for the ladder of weekly tests.
    #[must_use]
    pub fn tested(&self) -> Option<Tested> {
        self.test().as_ref().map(tested)
    }

    fn compared(&self) -> Compared {
        let p = self.test().map_or(1.0, |test| test.p);
        Compared { p, newest: Curve::of(&self.newest), before: Curve::of(&self.before) }
    }
}

/// Both sides as they stand now.
pub struct Compared {
    /// How often chance alone would set them so far apart.
    pub p: f64,
    pub newest: Curve,
    pub before: Curve,
}

impl Compared {
    /// The medians of both sides by these names, where enough was at risk there, and p.
    #[must_use]
    pub fn measures(&self, names: [&'static str; 2], window: Period) -> Vec<Measure> {
        let sides = names.into_iter().zip([&self.newest, &self.before]);
        let mut measures: Vec<Measure> =
            sides.filter_map(|(name, curve)| median(name, curve, window)).collect();
        measures.push(measure("p", self.p, Unit::PValue, window));
        measures
    }
}

/// One comparison, evaluated at the end of each charted week: its verdict, how many evaluations in a
/// row gave it, and the sides now. `None` with fewer than ten events on a side.
#[must_use]
pub fn by_week(
    view: &View<'_>,
    sides: impl Fn(Timestamp) -> Sides,
) -> Option<(Verdict, u32, Compared)> {
    let edges = &view.weeks.edges;
    let at = |back: usize| sides(edges[(edges.len() - 1).saturating_sub(back)]);
    let (verdict, persistence) = ladder(1, |_, back| at(back).tested()).remove(0)?;
    Some((verdict, persistence, at(0).compared()))
}

/// More events than expected in the newest period: what is waited for took less time.
#[must_use]
pub fn tested(test: &LogRank) -> Tested {
    let direction = if test.observed > test.expected { Move::Down } else { Move::Up };
    Tested { p: test.p, direction, material: true }
}

/// P50 and P85 with their intervals, as far as enough was observed; for one that was not reached,
/// the oldest age observed.
#[must_use]
pub fn quantiles(curve: &Curve, window: Period) -> Vec<Measure> {
    let events = curve.events();
    let mut measures = Vec::new();
    for (name, beyond, percent, least) in
        [("p50", "p50_beyond", 50, MEDIAN_EVENTS), ("p85", "p85_beyond", 85, P85_EVENTS)]
    {
        let quantile = curve.quantile(percent);
        let enough = events >= least;
        match quantile.age {
            Some(age) if enough && quantile.at_risk >= RISK_SET_MIN => measures.push(Measure {
                n: Some(events),
                range: quantile.lower.zip(quantile.upper),
                ..measure(name, age, Unit::Days, window)
            }),
            // Not reached: all that can be said is that it lies beyond the oldest observed age.
            None if enough => measures.push(measure(beyond, curve.oldest, Unit::Days, window)),
            _ => {}
        }
    }
    measures
}

/// Steps of a drawn curve are at least this far apart.
const LEAST_STEP: f64 = 1.0 / 60.0;

/// The curve as it is drawn: its last row, and those by which it came down far enough to be seen.
#[must_use]
pub fn drawn(curve: &Curve, window: Period) -> Survival {
    let (mut steps, mut events, mut above) = (Vec::new(), 0, 1.0);
    for (place, row) in curve.rows.iter().enumerate() {
        events += row.events;
        if above - row.survival >= LEAST_STEP || place + 1 == curve.rows.len() {
            above = row.survival;
            steps.push(Step {
                age: row.age,
                open: row.survival,
                band: row.band(),
                at_risk: row.at_risk,
                events,
            });
        }
    }
    Survival { window, steps, events, oldest: curve.oldest }
}

/// The median of one side of a comparison, where enough was at risk there.
#[must_use]
pub fn median(name: &'static str, curve: &Curve, window: Period) -> Option<Measure> {
    let median = curve.quantile(50);
    let age = median.age.filter(|_| median.at_risk >= RISK_SET_MIN)?;
    let (n, range) = (Some(curve.events()), median.lower.zip(median.upper));
    Some(Measure { n, range, ..measure(name, age, Unit::Days, window) })
}

/// `6 days or less`, or what is known when the median was not reached.
#[must_use]
pub fn within(curve: &Curve) -> String {
    match curve.quantile(50) {
        Quantile { age: Some(age), at_risk, .. } if at_risk >= RISK_SET_MIN => {
            format!("{} or less", words::value(age, Unit::Days))
        }
        _ => {
            format!("a time that was not reached within {}", words::value(curve.oldest, Unit::Days))
        }
    }
}

/// ` (plausibly 11 to 14)`, the interval of a quantile as far as it was reached.
#[must_use]
pub fn plausibly(quantile: &Quantile) -> String {
    let days = |age: f64| words::number(age);
    match (quantile.lower, quantile.upper) {
        (Some(low), Some(high)) => format!(" (plausibly {} to {})", days(low), days(high)),
        (Some(low), None) => format!(" (plausibly {} or more)", days(low)),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signals::stats::survival::Spell;

    /// A thousand deliveries of different ages are told in sixty steps, each of them a row of the
    /// curve, and the last one is there.
    #[test]
    fn a_drawn_curve_is_thin_and_exact() {
        let spell = |n: u32| Spell { entry: 0.0, exit: f64::from(n), event: true };
        let spells: Vec<Spell> = (1..=1_000).map(spell).collect();
        let curve = Curve::fit(&spells);
        let window = Period::new(Timestamp::from_millis(0), Timestamp::from_millis(1));
        let drawn = drawn(&curve, window);
        assert!((50..=61).contains(&drawn.steps.len()), "{}", drawn.steps.len());
        for step in &drawn.steps {
            let row = curve.rows.iter().find(|row| row.age == step.age).unwrap();
            assert_eq!(
                (row.survival, row.band(), row.at_risk),
                (step.open, step.band, step.at_risk)
            );
            assert_eq!(step.events as f64, step.age);
        }
        assert_eq!(drawn.steps.last().map(|step| (step.age, step.open)), Some((1_000.0, 0.0)));
        assert_eq!((drawn.events, drawn.oldest), (1_000, 1_000.0));
    }

    /// The log-rank example of the catalogue is slower before: faster now.
    #[test]
    fn direction() {
        let test = LogRank { observed: 7.0, expected: 3.3, variance: 1.8, chi2: 7.4, p: 0.0067 };
        assert_eq!(tested(&test).direction, Move::Down);
    }
}
