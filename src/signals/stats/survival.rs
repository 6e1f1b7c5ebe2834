//! Kaplan-Meier curves with delayed entry.
//!
//! A spell enters the risk set at its entry age, so that an item already old when a window opens
//! counts at its own age only: old open work is neither ignored nor taken for young.

use super::wilson::Z95;

/// One observation on an item's own clock, in days.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spell {
    pub entry: f64,
    pub exit: f64,
    /// The awaited event happened at `exit`; otherwise observation ended there.
    pub event: bool,
}

/// The ages at which spells enter, leave, and have their event, each list ascending.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Ages {
    pub entries: Vec<f64>,
    /// Of all spells, with or without an event.
    pub exits: Vec<f64>,
    pub events: Vec<f64>,
}

impl Ages {
    /// Sorts the ages of spells; those that end at or before their entry are dropped.
    #[must_use]
    pub fn new(spells: &[Spell]) -> Self {
        let valid = || spells.iter().filter(|s| s.exit > s.entry);
        Self::merged(
            valid().map(|s| s.entry).collect(),
            valid().map(|s| s.exit).collect(),
            valid().filter(|s| s.event).map(|s| s.exit).collect(),
        )
    }

    /// From lists that consist of few ascending stretches, which cost a merge instead of a sort.
    #[must_use]
    pub fn merged(mut entries: Vec<f64>, mut exits: Vec<f64>, mut events: Vec<f64>) -> Self {
        for list in [&mut entries, &mut exits, &mut events] {
            if !list.is_sorted() {
                list.sort_by(f64::total_cmp);
            }
        }
        Self { entries, exits, events }
    }

    /// A walk over ascending ages.
    #[must_use]
    pub fn walk(&self) -> Walk<'_> {
        Walk { ages: self, entered: 0, left: 0, happened: 0 }
    }
}

/// Counts along ascending ages.
#[derive(Debug)]
pub struct Walk<'a> {
    ages: &'a Ages,
    entered: usize,
    left: usize,
    happened: usize,
}

impl Walk<'_> {
    /// Spells at risk at an age (`entry < age <= exit`), and events there. Ages only go up.
    pub fn at(&mut self, age: f64) -> (u64, u64) {
        let skip = |list: &[f64], from: usize, more: &dyn Fn(f64) -> bool| {
            from + list[from..].iter().take_while(|x| more(**x)).count()
        };
        self.entered = skip(&self.ages.entries, self.entered, &|x| x < age);
        self.left = skip(&self.ages.exits, self.left, &|x| x < age);
        let before = skip(&self.ages.events, self.happened, &|x| x < age);
        self.happened = skip(&self.ages.events, before, &|x| x <= age);
        ((self.entered - self.left) as u64, (self.happened - before) as u64)
    }
}

/// The state of the curve just after one distinct event age.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Row {
    pub age: f64,
    /// Spells with `entry < age <= exit`.
    pub at_risk: u64,
    pub events: u64,
    pub survival: f64,
    /// Greenwood's sum; infinite once everything at risk had its event.
    pub variance: f64,
}

impl Row {
    /// The 95 % log-log band of the survival function at this row.
    #[must_use]
    pub fn band(&self) -> (f64, f64) {
        if self.survival <= 0.0 {
            return (0.0, 0.0);
        }
        if self.survival >= 1.0 {
            return (1.0, 1.0);
        }
        let width = Z95 * self.variance.sqrt() / -self.survival.ln();
        (self.survival.powf(width.exp()), self.survival.powf((-width).exp()))
    }
}

/// A step function from 1 downward.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Curve {
    pub rows: Vec<Row>,
    /// The oldest age observed at all, event or not.
    pub oldest: f64,
}

/// A percentile with its 95 % interval. `None` is "not reached".
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quantile {
    pub age: Option<f64>,
    pub lower: Option<f64>,
    pub upper: Option<f64>,
    /// Spells at risk at `age`.
    pub at_risk: u64,
}

impl Curve {
    /// Fits the curve. Spells that end at or before their entry are dropped.
    #[must_use]
    pub fn fit(spells: &[Spell]) -> Self {
        Self::of(&Ages::new(spells))
    }

    /// The same from ages that are already sorted.
    #[must_use]
    pub fn of(ages: &Ages) -> Self {
        let (mut survival, mut variance) = (1.0, 0.0);
        let mut walk = ages.walk();
        let mut rows: Vec<Row> = Vec::new();
        for age in ages.events.iter().copied() {
            if rows.last().is_some_and(|row| row.age == age) {
                continue;
            }
            let (at_risk, events) = walk.at(age);
            let (n, d) = (at_risk as f64, events as f64);
            survival *= 1.0 - d / n;
            variance += if at_risk == events { f64::INFINITY } else { d / (n * (n - d)) };
            rows.push(Row { age, at_risk, events, survival, variance });
        }
        Self { rows, oldest: ages.exits.last().copied().unwrap_or(0.0) }
    }

    /// Events of the whole curve.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.rows.iter().map(|row| row.events).sum()
    }

    /// The `percent`-th percentile: the smallest age with `S <= 1 - percent/100`. Without
    /// censoring it is the nearest rank.
    #[must_use]
    pub fn quantile(&self, percent: u32) -> Quantile {
        let level = 1.0 - f64::from(percent) / 100.0 + 1e-9;
        let first = |value: &dyn Fn(&Row) -> f64| self.rows.iter().find(|row| value(row) <= level);
        let found = first(&|row| row.survival);
        Quantile {
            age: found.map(|row| row.age),
            lower: first(&|row| row.band().0).map(|row| row.age),
            upper: first(&|row| row.band().1).map(|row| row.age),
            at_risk: found.map_or(0, |row| row.at_risk),
        }
    }

    /// The integral of S over `[from, to)`, in days.
    #[must_use]
    pub fn area(&self, from: f64, to: f64) -> f64 {
        let (mut area, mut at, mut survival) = (0.0, from, 1.0);
        for row in &self.rows {
            if row.age >= to {
                break;
            }
            if row.age > at {
                area += survival * (row.age - at);
                at = row.age;
            }
            survival = row.survival;
        }
        area + survival * (to - at).max(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signals::stats::rank::nearest_rank;
    use proptest::prelude::*;

    fn plus(list: &str) -> Vec<Spell> {
        let spell = |word: &str| Spell {
            entry: 0.0,
            exit: word.trim_end_matches('+').parse().unwrap(),
            event: !word.ends_with('+'),
        };
        list.split(' ').map(spell).collect()
    }

    fn column(curve: &Curve, value: impl Fn(&Row) -> f64) -> String {
        curve.rows.iter().map(|row| format!("{:.3} ", value(row))).collect::<String>()
    }

    /// R9: the 6-MP arm of Freireich et al. 1963, as printed for R's `survfit`.
    #[test]
    fn remission_times() {
        let curve = Curve::fit(&plus(
            "6 6 6 6+ 7 9+ 10 10+ 11+ 13 16 17+ 19+ 20+ 22 23 25+ 32+ 32+ 34+ 35+",
        ));
        let ages: Vec<f64> = curve.rows.iter().map(|row| row.age).collect();
        assert_eq!(ages, [6.0, 7.0, 10.0, 13.0, 16.0, 22.0, 23.0]);
        let risk: Vec<u64> = curve.rows.iter().map(|row| row.at_risk).collect();
        assert_eq!(risk, [21, 17, 15, 12, 11, 7, 6]);
        assert_eq!(
            column(&curve, |row| row.survival),
            "0.857 0.807 0.753 0.690 0.627 0.538 0.448 "
        );
        assert_eq!(
            column(&curve, |row| row.band().0),
            "0.620 0.563 0.503 0.432 0.368 0.268 0.188 "
        );
        assert_eq!(
            column(&curve, |row| row.band().1),
            "0.952 0.923 0.889 0.849 0.805 0.747 0.680 "
        );
        let median = curve.quantile(50);
        assert_eq!((median.age, median.lower, median.upper), (Some(23.0), Some(13.0), None));
        assert_eq!(median.at_risk, 6);
    }

    /// R10: Bewick et al., Critical Care 2004, table 2.
    #[test]
    fn ties() {
        let curve = Curve::fit(&plus("1 1 4 5 6+ 9 9+ 22"));
        let rows: Vec<(u64, u64, String)> = curve
            .rows
            .iter()
            .map(|row| (row.at_risk, row.events, format!("{:.3}", row.survival)))
            .collect();
        let expected = [(8, 2, "0.750"), (6, 1, "0.625"), (5, 1, "0.500"), (3, 1, "0.333")];
        for (row, (n, d, s)) in rows.iter().zip(expected) {
            assert_eq!(*row, (n, d, s.to_owned()));
        }
        assert_eq!(rows[4], (1, 1, "0.000".to_owned()));
    }

    /// R11: late entry, from the test-suite of lifelines (checked there against R).
    #[test]
    fn delayed_entry() {
        let spells: Vec<Spell> = [1.0, 2.0, 4.0, 0.0, 0.0]
            .into_iter()
            .zip([2.0, 10.0, 5.0, 4.0, 3.0])
            .map(|(entry, exit)| Spell { entry, exit, event: true })
            .collect();
        let curve = Curve::fit(&spells);
        assert_eq!(column(&curve, |row| row.age), "2.000 3.000 4.000 5.000 10.000 ");
        assert_eq!(column(&curve, |row| row.survival), "0.667 0.444 0.222 0.111 0.000 ");
    }

    /// V1: fixture F0 over four weeks; J, open for 38 days, keeps P85 out of reach.
    #[test]
    fn open_items_count() {
        let spell = |entry, exit, event| Spell { entry, exit, event };
        let curve = Curve::fit(&[
            spell(0.0, 6.0, true),
            spell(0.0, 9.5, true),
            spell(0.0, 15.0, true),
            spell(0.0, 7.0, false),
            spell(0.0, 9.0, true),
            spell(0.0, 10.0, false),
            spell(10.0, 38.0, false),
        ]);
        let rows: Vec<(f64, u64, u64, String)> = curve
            .rows
            .iter()
            .map(|row| (row.age, row.at_risk, row.events, format!("{:.4}", row.survival)))
            .collect();
        assert_eq!(rows[0], (6.0, 6, 1, "0.8333".into()));
        assert_eq!(rows[1], (9.0, 4, 1, "0.6250".into()));
        assert_eq!(rows[2], (9.5, 3, 1, "0.4167".into()));
        assert_eq!(rows[3], (15.0, 2, 1, "0.2083".into()));
        assert_eq!(curve.quantile(50).age, Some(9.5));
        assert_eq!(curve.quantile(85).age, None);
        assert_eq!(curve.oldest, 38.0);
    }

    /// V4, O2 and D1: areas and rows of their examples.
    #[test]
    fn areas_and_queues() {
        let exits = Curve::fit(&plus("2 3 4 5 6 7 8 9 12 20"));
        assert_eq!(exits.quantile(85).age, Some(12.0));
        assert!((exits.area(0.0, 20.0) - 7.6).abs() < 1e-12);
        assert!((exits.area(12.0, 20.0) - 0.8).abs() < 1e-12);
        let evidence = Curve::fit(&plus("40 75 110 30+ 55+ 90+"));
        assert_eq!(column(&evidence, |row| row.survival), "0.800 0.533 0.000 ");
        assert_eq!(evidence.quantile(50).age, Some(110.0));
        let decisions = Curve::fit(&plus("3 10 14 21 9+ 35+"));
        assert_eq!(column(&decisions, |row| row.survival), "0.833 0.625 0.417 0.208 ");
        assert_eq!(decisions.quantile(50).age, Some(14.0));
        assert_eq!(decisions.quantile(85).age, None);
    }

    proptest! {
        #[test]
        fn without_censoring_it_is_the_nearest_rank(
            mut ages in prop::collection::vec(1u32..60, 1..40),
            percent in 1u32..=100,
        ) {
            let spells: Vec<Spell> = ages
                .iter()
                .map(|age| Spell { entry: 0.0, exit: f64::from(*age), event: true })
                .collect();
            ages.sort_unstable();
            let rank = nearest_rank(&ages, percent as usize).map(f64::from);
            prop_assert_eq!(Curve::fit(&spells).quantile(percent).age, rank);
        }
    }
}
