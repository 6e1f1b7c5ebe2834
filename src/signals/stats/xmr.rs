//! Process-behaviour charts of individual values (XmR).
//!
//! Limits describe what a process does, not what it should do. Source: Wheeler, Understanding
//! Variation and Making Sense of Data; the constants 2.660 and 3.268 are taken literally.

use serde::Serialize;

use crate::signals::defaults::{DISTINCT_MIN, HOLD_OUT, HOLD_OUT_FROM, SERIES_WEEKS};
use crate::signals::defaults::{XMR_FULL, XMR_MIN};
use crate::signals::report::{Move, Pattern};

use super::memory::Memory;
use super::wilson::Z95;

/// Length of the run of rule 2.
const RUN: usize = 8;

/// The values that are possible at all: 0 and up for counts, 0 to 1 for shares.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Bounds {
    pub floor: Option<f64>,
    pub ceil: Option<f64>,
}

impl Bounds {
    pub const NONE: Self = Self { floor: None, ceil: None };
    pub const COUNT: Self = Self { floor: Some(0.0), ceil: None };
    pub const SHARE: Self = Self { floor: Some(0.0), ceil: Some(1.0) };
}

/// The three detection rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// A point outside the limits.
    Outside,
    /// Eight in a row on one side of the centre.
    Run,
    /// Three of the last four nearer to the same limit than to the centre, the newest included.
    NearLimit,
}

/// Why there is no chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    TooFew { have: usize },
    Chunky { distinct: usize },
}

/// A chart with limits that are not yet cut to what is possible.
#[derive(Debug, Clone, PartialEq)]
pub struct Chart {
    /// Present points.
    pub n: usize,
    pub centre: f64,
    pub mean_range: f64,
    /// Lower and upper natural process limit.
    pub lnpl: f64,
    pub unpl: f64,
    pub range_limit: f64,
    /// Below twelve points only rule 1 is used.
    pub provisional: bool,
    /// Sorted by index; the index is that of the last point of the pattern.
    pub fired: Vec<(usize, Rule, Move)>,
    /// Those of them that stand although neighbouring weeks are alike, see `stands`.
    pub told: Vec<(usize, Rule, Move)>,
}

impl Chart {
    /// Charts consecutive periods; `None` is a gap.
    ///
    /// The baseline is the first `baseline` periods when given, and the series is then used
    /// whole. Otherwise the newest 26 periods count, and the baseline is all present points when
    /// there are fewer than 20 and all but the newest eight when there are more.
    ///
    /// # Errors
    /// Fewer than six present points, or fewer than four distinct values in the baseline.
    pub fn new(
        values: &[Option<f64>],
        bounds: Bounds,
        baseline: Option<usize>,
    ) -> Result<Self, Refusal> {
        let first = if baseline.is_some() { 0 } else { values.len().saturating_sub(SERIES_WEEKS) };
        let present: Vec<usize> = (first..values.len()).filter(|i| values[*i].is_some()).collect();
        let n = present.len();
        if n < XMR_MIN {
            return Err(Refusal::TooFew { have: n });
        }
        let held = if n < HOLD_OUT_FROM { 0 } else { HOLD_OUT };
        let end = baseline.unwrap_or(present[n - held - 1] + 1);
        let base = &values[first..end];
        let mut distinct: Vec<f64> = base.iter().flatten().copied().collect();
        let points = distinct.len() as f64;
        let centre = distinct.iter().sum::<f64>() / points;
        distinct.sort_by(f64::total_cmp);
        distinct.dedup();
        if distinct.len() < DISTINCT_MIN {
            return Err(Refusal::Chunky { distinct: distinct.len() });
        }
        let mean_range = mean_moving_range(base);
        let provisional = n < XMR_FULL;
        let mut chart = Self {
            n,
            centre,
            mean_range,
            lnpl: centre - 2.660 * mean_range,
            unpl: centre + 2.660 * mean_range,
            range_limit: 3.268 * mean_range,
            provisional,
            fired: Vec::new(),
            told: Vec::new(),
        };
        for index in present {
            chart.judge(values, first, index, bounds);
        }
        let stands = |fired: &&(usize, Rule, Move)| stands(values, first..end, fired.0, fired.1);
        chart.told = chart.fired.iter().filter(stands).copied().collect();
        Ok(chart)
    }

    /// The limits that lie inside what is possible.
    #[must_use]
    pub fn drawn(&self, bounds: Bounds) -> (Option<f64>, Option<f64>) {
        let lower = bounds.floor.is_none_or(|floor| self.lnpl >= floor).then_some(self.lnpl);
        let upper = bounds.ceil.is_none_or(|ceil| self.unpl <= ceil).then_some(self.unpl);
        (lower, upper)
    }

    /// The same with every rule at its word, for values that do not hang together.
    #[must_use]
    pub fn at_its_word(mut self) -> Self {
        self.told = self.fired.clone();
        self
    }

    /// The rules that are told, and the points at which they fired, each once.
    #[must_use]
    pub fn patterns(&self) -> (Vec<usize>, Vec<Pattern>) {
        let pattern = |(index, rule, direction): &(usize, Rule, Move)| Pattern {
            index: *index,
            rule: *rule,
            direction: *direction,
        };
        let patterns: Vec<Pattern> = self.told.iter().map(pattern).collect();
        let mut fired: Vec<usize> = patterns.iter().map(|pattern| pattern.index).collect();
        fired.dedup();
        (fired, patterns)
    }

    /// The direction in which any rule fired at `index` and stands; the first rule decides.
    #[must_use]
    pub fn direction_at(&self, index: usize) -> Option<Move> {
        self.told.iter().find(|(at, ..)| *at == index).map(|(_, _, direction)| *direction)
    }

    fn judge(&mut self, values: &[Option<f64>], first: usize, index: usize, bounds: Bounds) {
        let drawn = self.drawn(bounds);
        let outside = values[index].and_then(|value| beyond(value, drawn));
        let mut fire = |rule, direction: Option<Move>| {
            self.fired.extend(direction.map(|direction| (index, rule, direction)));
        };
        fire(Rule::Outside, outside);
        if self.provisional {
            return;
        }
        // The stretch of present points that ends here: a gap breaks every pattern.
        let start = (first..index).rev().find(|i| values[*i].is_none()).map_or(first, |i| i + 1);
        let stretch: Vec<f64> = values[start..=index].iter().flatten().copied().collect();
        let last = |count: usize| &stretch[stretch.len().saturating_sub(count)..];
        let same_side = |above: bool| {
            let on_side = |v: &f64| if above { *v > self.centre } else { *v < self.centre };
            stretch.len() >= RUN && last(RUN).iter().all(on_side)
        };
        let near = |above: bool| {
            let limit = if above { self.unpl } else { self.lnpl };
            let middle = f64::midpoint(self.centre, limit);
            let nearer = |v: &&f64| if above { **v > middle } else { **v < middle };
            let newest = last(1).iter().filter(nearer).count() == 1;
            newest && last(4).iter().filter(nearer).count() >= 3
        };
        let side = |test: &dyn Fn(bool) -> bool| match (test(true), test(false)) {
            (true, _) => Some(Move::Up),
            (_, true) => Some(Move::Down),
            _ => None,
        };
        let (run, near_limit) = (side(&same_side), side(&near));
        self.fired.extend(run.map(|direction| (index, Rule::Run, direction)));
        self.fired.extend(near_limit.map(|direction| (index, Rule::NearLimit, direction)));
    }
}

/// On which side of the limits a value lies, strictly.
#[must_use]
pub fn beyond(value: f64, (lower, upper): (Option<f64>, Option<f64>)) -> Option<Move> {
    if upper.is_some_and(|upper| value > upper) {
        Some(Move::Up)
    } else if lower.is_some_and(|lower| value < lower) {
        Some(Move::Down)
    } else {
        None
    }
}

/// Whether a pattern that ends at `index` lies further from the baseline than the spread of its
/// values and their likeness from week to week explain.
///
/// The points of the pattern are left out of the baseline. A single point stands beyond three
/// standard errors, which is what the limits mean where weeks are independent; the mean of a run or
/// of the last four beyond the 95 % interval.
fn stands(
    values: &[Option<f64>],
    baseline: std::ops::Range<usize>,
    index: usize,
    rule: Rule,
) -> bool {
    let (length, errors) = match rule {
        Rule::Outside => (1, 3.0),
        Rule::Run => (RUN, Z95),
        Rule::NearLimit => (4, Z95),
    };
    let start = (baseline.start..=index)
        .rev()
        .take_while(|i| values[*i].is_some())
        .take(length)
        .last()
        .unwrap_or(index);
    let pattern: Vec<f64> = values[start..=index].iter().flatten().copied().collect();
    let mut rest = values[baseline.clone()].to_vec();
    for (value, at) in rest.iter_mut().zip(baseline.clone()) {
        *value = value.filter(|_| !(start..=index).contains(&at));
    }
    // Too little is left: the rule has to do.
    let Some(memory) = Memory::of(&rest) else { return true };
    let mean = pattern.iter().sum::<f64>() / pattern.len() as f64;
    (mean - memory.mean).abs() > errors * memory.error(pattern.len())
}

/// The mean absolute difference of adjacent present points; never across a gap.
fn mean_moving_range(values: &[Option<f64>]) -> f64 {
    let ranges: Vec<f64> =
        values.windows(2).filter_map(|pair| Some((pair[1]? - pair[0]?).abs())).collect();
    if ranges.is_empty() { 0.0 } else { ranges.iter().sum::<f64>() / ranges.len() as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    fn series(list: &str) -> Vec<Option<f64>> {
        list.split(' ').map(|word| word.parse().ok()).collect()
    }

    fn fixed(list: &str) -> Chart {
        let values = series(list);
        Chart::new(&values, Bounds::NONE, Some(values.len())).unwrap()
    }

    fn fired(chart: &Chart, rule: Rule) -> Vec<usize> {
        chart.fired.iter().filter(|(_, r, _)| *r == rule).map(|(at, ..)| *at).collect()
    }

    /// R1: Wheeler, Making Sense of Data, p. 382 ("when verifying software").
    #[test]
    fn r1_verification_data() {
        let chart = fixed(
            "5045 4350 4350 3975 4290 4430 4485 4285 3980 3925 3645 3760 3300 3685 3463 5200",
        );
        assert_eq!(format!("{:.2} {:.2}", chart.centre, chart.mean_range), "4135.50 355.93");
        assert_eq!(format!("{:.2} {:.2}", chart.lnpl, chart.unpl), "3188.72 5082.28");
        assert_eq!(format!("{:.2}", chart.range_limit), "1163.19");
        assert_eq!(fired(&chart, Rule::Outside), [15]);
        assert!(fired(&chart, Rule::Run).is_empty());
    }

    /// R2: NIST/SEMATECH e-Handbook 6.3.2.2, which uses 3/1.128 for 2.660.
    #[test]
    fn r2_handbook() {
        let chart = fixed("49.6 47.6 49.9 51.3 47.8 51.2 52.6 52.4 53.6 52.1");
        assert_eq!(format!("{:.2} {:.4}", chart.centre, chart.mean_range), "50.81 1.8778");
        assert!((chart.unpl - 55.8041).abs() < 0.001);
        assert!((chart.lnpl - 45.8159).abs() < 0.001);
    }

    /// R3: Making Sense of Data, p. 130 (the book rounds: 322.5, 43.7, 171.3).
    #[test]
    fn r3_near_limit() {
        let chart =
            fixed("120 140 100 150 260 150 100 120 300 300 275 300 140 170 150 150 190 180");
        assert_eq!(format!("{:.1} {:.1}", chart.centre, chart.mean_range), "183.1 52.4");
        assert_eq!(format!("{:.1} {:.1}", chart.unpl, chart.lnpl), "322.3 43.8");
        assert_eq!(format!("{:.1}", chart.range_limit), "171.1");
        assert_eq!(fired(&chart, Rule::NearLimit), [10, 11]);
    }

    /// R4: table 9.2, with the limit that the book prints. A point on the limit is no signal.
    #[test]
    fn r4_outside_and_moving_range() {
        let values = series(
            "55.6 54.7 54.9 54.8 56.9 55.7 53.8 54.8 53.4 57.0 59.4 63.2 60.9 60.7 58.6 57.3 56.9 \
             58.1 58.3 50.9 53.3 52.5 50.8 52.9",
        );
        let base = Chart::new(&values, Bounds::NONE, Some(values.len())).unwrap();
        let book = (Some(2.0 * base.centre - 60.7), Some(60.7));
        let outside: Vec<usize> =
            (0..values.len()).filter(|i| beyond(values[*i].unwrap(), book).is_some()).collect();
        assert_eq!(outside, [11, 12, 19, 22]);
        let ranges: Vec<f64> =
            values.windows(2).map(|w| (w[1].unwrap() - w[0].unwrap()).abs()).collect();
        let wide: Vec<usize> =
            (0..ranges.len()).filter(|i| ranges[*i] > base.range_limit).map(|i| i + 1).collect();
        assert_eq!(wide, [19]);
    }

    /// R5: table 8.1. The last eight lie below the mean; the rule completes at the last.
    #[test]
    fn r5_run() {
        let chart = fixed("21.3 20.2 20.9 21.0 18.8 19.6 18.7 18.6 18.1 18.9 19.2 18.2 17.3 19.0");
        assert_eq!(fired(&chart, Rule::Run), [13]);
    }

    /// R6: table 9.1, each machine against the limits of the other.
    #[test]
    fn r6_two_machines() {
        let (a, b) = ("43 40 37 33 30 33 34 35 29 33 31 39", "35 37 33 32 27 29 31 22 25 30 24 19");
        let outside = |list: &str, limits: &Chart| -> Vec<usize> {
            let limits = limits.drawn(Bounds::NONE);
            let values = series(list);
            (0..values.len()).filter(|i| beyond(values[*i].unwrap(), limits).is_some()).collect()
        };
        let (chart_a, chart_b) = (fixed(a), fixed(b));
        assert_eq!(format!("{:.1} {:.1}", chart_a.unpl, chart_a.lnpl), "43.9 25.6");
        assert_eq!(format!("{:.1} {:.1}", chart_b.unpl, chart_b.lnpl), "39.3 18.0");
        assert_eq!(outside(a, &chart_b), [0, 1]);
        assert_eq!(outside(b, &chart_a), [7, 8, 10, 11]);
    }

    /// V2: twenty weeks, the newest eight held out.
    #[test]
    fn throughput_example() {
        let weeks = "6 8 5 7 9 6 7 8 5 7 6 10 6 5 6 4 6 5 6 6";
        let chart = Chart::new(&series(weeks), Bounds::COUNT, None).unwrap();
        assert_eq!(chart.centre, 7.0);
        assert_eq!(format!("{:.6}", chart.mean_range), "2.181818");
        assert_eq!(format!("{:.6} {:.6}", chart.unpl, chart.lnpl), "12.803636 1.196364");
        assert_eq!(format!("{:.6}", chart.range_limit), "7.130182");
        assert_eq!(chart.fired, [(19, Rule::Run, Move::Down)]);
    }

    #[test]
    fn refusals_and_provisional_limits() {
        let chart = |list: &str| Chart::new(&series(list), Bounds::COUNT, None);
        assert_eq!(chart("1 2 3 4 5"), Err(Refusal::TooFew { have: 5 }));
        assert_eq!(chart("1 2 1 2 1 2 1 2"), Err(Refusal::Chunky { distinct: 2 }));
        assert!(chart("1 2 3 4 5 6 7 8").unwrap().provisional);
        assert!(!chart("1 2 3 4 5 6 7 8 7 6 5 4").unwrap().provisional);
    }

    /// Waits that come in bursts: eight idle weeks form a run below the mean, and are usual.
    #[test]
    fn idle_weeks_are_no_signal() {
        let weeks = "0 0 12 9 0 0 0 7 3 0 0 1 0 15 4 0 0 2 0 0 0 0 0 0 0 0";
        let chart = Chart::new(&series(weeks), Bounds::COUNT, None).unwrap();
        assert!(chart.fired.contains(&(25, Rule::Run, Move::Down)));
        assert_eq!(chart.direction_at(25), None);
        let risen = weeks.replace("2 0 0 0 0 0 0 0 0", "2 9 8 11 7 9 12 8 9");
        let chart = Chart::new(&series(&risen), Bounds::COUNT, None).unwrap();
        assert_eq!(chart.direction_at(25), Some(Move::Up));
    }

    /// A share that wanders and returns: the rules alone fire in every fourth chart.
    #[test]
    fn weeks_that_are_alike_are_rarely_told() {
        let mut rng = ChaCha8Rng::seed_from_u64(6);
        let mut normal = || {
            let (u, v) = (1.0 - rng.random::<f64>(), rng.random::<f64>());
            (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()
        };
        let (mut fired, mut told) = (0, 0);
        for _ in 0..2_000 {
            let mut value = normal();
            let mut next = || {
                value = 0.6 * value + 0.8 * normal();
                Some(value)
            };
            let values: Vec<Option<f64>> = (0..26).map(|_| next()).collect();
            let chart = Chart::new(&values, Bounds::NONE, None).unwrap();
            fired += u32::from(chart.fired.iter().any(|(at, ..)| *at == 25));
            told += u32::from(chart.direction_at(25).is_some());
        }
        println!("of 2,000 charts a rule fires in {fired}, and {told} are told");
        assert!(fired > 400 && told < 160, "{fired} {told}");
    }

    #[test]
    fn gaps_break_ranges_and_runs() {
        let chart = Chart::new(&series("6 8 - 7 9 7 9"), Bounds::NONE, Some(5)).unwrap();
        assert_eq!((chart.centre, chart.mean_range), (7.5, 2.0));
        let high = "1 9 1 9 1 9 1 8 2 6 6 6 6 - 6 6 6 6";
        let chart = Chart::new(&series(high), Bounds::NONE, Some(9)).unwrap();
        assert!(fired(&chart, Rule::Run).is_empty());
    }

    /// R16: a public test series with a shift; the eight newest fall on one side.
    #[test]
    fn known_shift() {
        let values = series(
            "10.7 13.0 11.4 11.5 12.5 14.1 14.8 14.1 12.6 16.0 11.7 10.6 10.0 11.4 7.9 9.5 8.0 \
             11.8 10.5 11.2 9.2 10.1 10.4 10.5",
        );
        let chart = Chart::new(&values, Bounds::COUNT, Some(11)).unwrap();
        assert!(fired(&chart, Rule::Run).iter().all(|at| *at > 11));
        assert!(!fired(&chart, Rule::Run).is_empty());
    }

    /// O1: a fixed baseline of ten readings, then five after the release.
    #[test]
    fn outcome_example() {
        let values = series("42 44 41 43 45 42 44 43 41 45 44 46 48 49 50");
        let chart = Chart::new(&values, Bounds::NONE, Some(10)).unwrap();
        assert_eq!(chart.centre, 43.0);
        assert_eq!(format!("{:.6}", chart.mean_range), "2.333333");
        assert_eq!(format!("{:.6} {:.6}", chart.unpl, chart.lnpl), "49.206667 36.793333");
        assert_eq!(chart.fired, [(14, Rule::Outside, Move::Up), (14, Rule::NearLimit, Move::Up)]);
    }

    /// C3: eight intervals are provisional.
    #[test]
    fn interval_example() {
        let chart = Chart::new(&series("14 15 20 13 14 16 15 13"), Bounds::COUNT, None).unwrap();
        assert_eq!(chart.centre, 15.0);
        assert_eq!(format!("{:.6} {:.2}", chart.mean_range, chart.unpl), "2.714286 22.22");
        assert!(chart.provisional);
    }
}
