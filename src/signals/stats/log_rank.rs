//! The log-rank test of two groups with delayed entry.

use super::special::erfc;
use super::survival::Ages;

/// The result of the test.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LogRank {
    /// Events observed in the first group.
    pub observed: f64,
    /// Events expected there if both groups had the same hazard.
    pub expected: f64,
    pub variance: f64,
    pub chi2: f64,
    pub p: f64,
}

impl LogRank {
    /// The same where events vary so many times more than independent ones would.
    #[must_use]
    pub fn dispersed(self, times: f64) -> Self {
        let chi2 = self.chi2 / times.max(1.0);
        Self {
            variance: self.variance * times.max(1.0),
            chi2,
            p: erfc((chi2 / 2.0).sqrt()),
            ..self
        }
    }
}

/// Compares two groups; `None` when no event age carries any variance.
///
/// At each event age: `O = d1`, `E = d n1 / n`, `V = d n1 n2 (n - d) / (n^2 (n - 1))`; chi-squared
/// with one degree of freedom (Mantel 1966; risk sets as in R's `survdiff`).
#[must_use]
pub fn log_rank(first: &Ages, second: &Ages) -> Option<LogRank> {
    let (mut observed, mut expected, mut variance) = (0.0, 0.0, 0.0);
    for row in table(first, second) {
        let (n1, n2) = (row.at_risk[0] as f64, row.at_risk[1] as f64);
        let (n, d) = (n1 + n2, (row.events[0] + row.events[1]) as f64);
        observed += row.events[0] as f64;
        expected += d * n1 / n;
        if n > 1.0 {
            variance += d * n1 * n2 * (n - d) / (n * n * (n - 1.0));
        }
    }
    if variance <= 0.0 {
        return None;
    }
    let chi2 = (observed - expected).powi(2) / variance;
    Some(LogRank { observed, expected, variance, chi2, p: erfc((chi2 / 2.0).sqrt()) })
}

/// One event age of both groups.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Row {
    pub age: f64,
    pub at_risk: [u64; 2],
    pub events: [u64; 2],
}

/// The risk sets and events of both groups at each distinct event age.
#[must_use]
pub fn table(first: &Ages, second: &Ages) -> Vec<Row> {
    let mut walks = [first.walk(), second.walk()];
    let (mut one, mut two) = (first.events.iter().peekable(), second.events.iter().peekable());
    let mut rows: Vec<Row> = Vec::new();
    loop {
        // The next of both lists, which are ascending.
        let age = match (one.peek(), two.peek()) {
            (Some(a), Some(b)) if a <= b => one.next(),
            (_, Some(_)) => two.next(),
            (Some(_), None) => one.next(),
            (None, None) => return rows,
        };
        let Some(age) = age.copied() else { return rows };
        if rows.last().is_none_or(|row| row.age < age) {
            let [(n1, d1), (n2, d2)] = walks.each_mut().map(|walk| walk.at(age));
            rows.push(Row { age, at_risk: [n1, n2], events: [d1, d2] });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signals::stats::survival::Spell;

    fn spells(list: &[(f64, f64, bool)]) -> Ages {
        let spell = |&(entry, exit, event): &(f64, f64, bool)| Spell { entry, exit, event };
        Ages::new(&list.iter().map(spell).collect::<Vec<_>>())
    }

    /// R9: 6-MP against placebo; R's `survdiff` prints 21, 10.7, 16.8, 4.17e-05.
    #[test]
    fn remission_times() {
        let placebo: Vec<_> =
            [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]
                .iter()
                .map(|t| (0.0, f64::from(*t), true))
                .collect();
        let treated: Vec<_> = [
            (6, true),
            (6, true),
            (6, true),
            (6, false),
            (7, true),
            (9, false),
            (10, true),
            (10, false),
            (11, false),
            (13, true),
            (16, true),
            (17, false),
            (19, false),
            (20, false),
            (22, true),
            (23, true),
            (25, false),
            (32, false),
            (32, false),
            (34, false),
            (35, false),
        ]
        .iter()
        .map(|(t, e)| (0.0, f64::from(*t), *e))
        .collect();
        let test = log_rank(&spells(&placebo), &spells(&treated)).unwrap();
        assert_eq!(test.observed, 21.0);
        assert_eq!(format!("{:.1} {:.2}", test.expected, test.chi2), "10.7 16.79");
        assert_eq!(format!("{:.2e}", test.p), "4.17e-5");
        // A quarter of the chi-squared: erfc of half the root.
        assert_eq!(format!("{:.4}", test.dispersed(4.0).p), "0.0405");
        assert_eq!(test.dispersed(0.5), test);
    }

    /// V1: the newest period is faster than the one before.
    #[test]
    fn delayed_entry() {
        let newest = spells(&[
            (0.0, 3.0, true),
            (0.0, 4.0, true),
            (0.0, 5.0, true),
            (0.0, 6.0, true),
            (0.0, 7.0, true),
            (2.0, 8.0, true),
            (0.0, 9.0, false),
            (1.0, 6.0, true),
        ]);
        let before = spells(&[
            (0.0, 6.0, true),
            (0.0, 9.0, true),
            (0.0, 12.0, true),
            (3.0, 14.0, true),
            (0.0, 15.0, false),
            (5.0, 16.0, true),
            (0.0, 11.0, true),
            (2.0, 18.0, false),
        ]);
        let rows: Vec<[u64; 5]> = table(&newest, &before)
            .iter()
            .map(|r| [r.age as u64, r.at_risk[0], r.at_risk[1], r.events[0], r.events[1]])
            .collect();
        assert_eq!(
            rows,
            [
                [3, 8, 6, 1, 0],
                [4, 7, 7, 1, 0],
                [5, 6, 7, 1, 0],
                [6, 5, 8, 2, 1],
                [7, 3, 7, 1, 0],
                [8, 2, 7, 1, 0],
                [9, 1, 7, 0, 1],
                [11, 0, 6, 0, 1],
                [12, 0, 5, 0, 1],
                [14, 0, 4, 0, 1],
                [16, 0, 2, 0, 1],
            ]
        );
        let test = log_rank(&newest, &before).unwrap();
        assert_eq!(test.observed, 7.0);
        assert_eq!(format!("{:.6}", test.expected), "3.334035");
        assert_eq!(format!("{:.6}", test.variance), "1.827349");
        assert_eq!(format!("{:.6}", test.chi2), "7.354531");
        assert_eq!(format!("{:.7}", test.p), "0.0066894");
    }
}
