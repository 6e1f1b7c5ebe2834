//! Weeks, windows and cadences as seen from one instant.

use std::ops::Range;

use chrono_tz::Tz;

use super::dataset::CoverageSpan;
use super::defaults::{INTENT_WEEKS, SERIES_WEEKS, WINDOW_WEEKS};
use crate::model::{Cadence, Period, Timestamp, Week, start_of_day};

/// The complete weeks of a report, oldest first, and the edges between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Weeks {
    pub list: Vec<Week>,
    /// One more than weeks: week `i` is `[edges[i], edges[i + 1])`.
    pub edges: Vec<Timestamp>,
    /// Whether the week lies wholly inside the coverage of every connection.
    pub covered: Vec<bool>,
}

impl Weeks {
    /// The newest `count` complete weeks before `as_of`.
    #[must_use]
    pub fn new(as_of: Timestamp, zone: Tz, count: usize, coverage: &[CoverageSpan]) -> Self {
        let list = Week::complete_before(as_of, zone, count);
        let mut edges: Vec<Timestamp> = list.iter().map(|week| week.period(zone).from).collect();
        edges.extend(list.last().map(|week| week.period(zone).to));
        let gaps = uncovered(coverage);
        let covered = edges
            .windows(2)
            .map(|w| gaps.iter().all(|gap| gap.intersect(&Period::new(w[0], w[1])).is_none()))
            .collect();
        Self { list, edges, covered }
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.list.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The newest `count` weeks as places in the list.
    #[must_use]
    pub fn newest(&self, count: usize) -> Range<usize> {
        self.len().saturating_sub(count)..self.len()
    }

    /// The week that contains an instant.
    #[must_use]
    pub fn of(&self, at: Timestamp) -> Option<usize> {
        let after = self.edges.partition_point(|edge| *edge <= at);
        (after > 0 && after < self.edges.len()).then(|| after - 1)
    }

    #[must_use]
    pub fn span(&self, weeks: Range<usize>) -> Period {
        Period::new(self.edges[weeks.start], self.edges[weeks.end])
    }

    /// Every week as a period, oldest first.
    pub fn periods(&self) -> impl Iterator<Item = Period> {
        self.edges.windows(2).map(|week| Period::new(week[0], week[1]))
    }

    /// The newest complete weeks of the window W.
    #[must_use]
    pub fn window(&self) -> Range<usize> {
        self.newest(WINDOW_WEEKS)
    }

    #[must_use]
    pub fn series(&self) -> Range<usize> {
        self.newest(SERIES_WEEKS)
    }

    #[must_use]
    pub fn intent(&self) -> Range<usize> {
        self.newest(INTENT_WEEKS)
    }
}

/// The periods in which at least one connection was not observed.
///
/// Without any span nothing is known about coverage, and nothing is taken for a gap.
#[must_use]
pub fn uncovered(coverage: &[CoverageSpan]) -> Vec<Period> {
    let mut spans: Vec<(&str, Period)> =
        coverage.iter().map(|span| (span.connection.as_str(), span.period)).collect();
    spans.sort_unstable();
    let mut gaps = Vec::new();
    for connection in spans.chunk_by(|a, b| a.0 == b.0) {
        let mut reached = Timestamp::MIN;
        for (_, period) in connection {
            if period.from > reached {
                gaps.push(Period::new(reached, period.from));
            }
            reached = reached.max(period.to);
        }
        if reached < Timestamp::MAX {
            gaps.push(Period::new(reached, Timestamp::MAX));
        }
    }
    gaps.sort_unstable();
    gaps
}

/// The period of one cadence, from local midnight to local midnight.
#[must_use]
pub fn cadence_period(cadence: &Cadence, number: i64, zone: Tz) -> Period {
    let edge = |number: i64| {
        let days = chrono::Duration::days(number * i64::from(cadence.days.max(1)));
        start_of_day(cadence.anchor + days, zone)
    };
    Period::new(edge(number), edge(number + 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::NaiveDate;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    #[test]
    fn a_week_with_any_unobserved_connection_is_not_covered() {
        let as_of = at("2026-03-30T06:00:00Z");
        let span = |connection: &str, from: &str, to: &str| CoverageSpan {
            connection: connection.into(),
            period: Period::new(at(from), at(to)),
        };
        let covered = |spans: &[CoverageSpan]| Weeks::new(as_of, Tz::UTC, 4, spans).covered;
        assert_eq!(covered(&[]), [true; 4]);
        let all = span("jira", "2026-01-01T00:00:00Z", "2026-03-30T06:00:00Z");
        assert_eq!(covered(std::slice::from_ref(&all)), [true; 4]);
        let first = span("github", "2026-01-01T00:00:00Z", "2026-03-10T00:00:00Z");
        let second = span("github", "2026-03-11T00:00:00Z", "2026-03-30T06:00:00Z");
        assert_eq!(covered(&[all, second, first]), [true, false, true, true]);
    }

    #[test]
    fn cadences_begin_at_local_midnight() {
        let anchor = NaiveDate::from_ymd_opt(2026, 1, 5).unwrap();
        let pi = Cadence { id: "pi".into(), anchor, days: 70 };
        let zone = Tz::Europe__Berlin;
        assert_eq!(pi.number(at("2026-03-15T22:59:59Z"), zone), 0);
        assert_eq!(pi.number(at("2026-03-15T23:00:00Z"), zone), 1);
        assert_eq!(pi.number(at("2026-01-04T12:00:00Z"), zone), -1);
        assert_eq!(cadence_period(&pi, 0, zone).from, at("2026-01-04T23:00:00Z"));
        assert_eq!(cadence_period(&pi, 1, zone).to, at("2026-05-24T22:00:00Z"));
    }
}
