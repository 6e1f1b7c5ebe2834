//! Survival curves as numbers and in words, within the least data of section 0.10.

use super::defaults::{MEDIAN_EVENTS, P85_EVENTS, RISK_SET_MIN, TEST_ALPHA};
use super::finding::measure;
use super::report::{Measure, Move, Unit, Verdict};
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

    /// The log-rank example of the catalogue is slower before: faster now.
    #[test]
    fn direction() {
        let test = LogRank { observed: 7.0, expected: 3.3, variance: 1.8, chi2: 7.4, p: 0.0067 };
        assert_eq!(tested(&test).direction, Move::Down);
    }
}
