//! From weekly values to a chart and a verdict (sections 0.7 and 0.8 of the catalogue).

use chrono_tz::Tz;

use super::defaults::{DISTINCT_MIN, XMR_MIN};
use super::report::{Limits, Move, Point, Series, Unit, Verdict};
use super::stats::xmr::{Bounds, Chart, Refusal};
use crate::model::{DAY_MS, Period, Week};

/// Weekly numerators and denominators; a week without observation is `None`, never zero.
///
/// Counts have the denominator 1 and durations that of a day, so that longer buckets, which add
/// numerators and denominators, stay in the unit "per week".
#[derive(Debug, Clone, Default)]
pub struct Weekly {
    pub weeks: Vec<Week>,
    pub cells: Vec<Option<(i64, i64)>>,
}

/// A series with its verdict.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    pub verdict: Verdict,
    pub series: Series,
    /// Successive evaluations with this verdict: 0 unless a rule fired at the newest period, 1 when new.
    pub persistence: u32,
    /// Limits existed and the newest period was present.
    pub tested: bool,
}

/// The ladder: `New` when a rule fires at the newest period, `Confirmed` when one also fired in
/// the same direction in at least one of the two periods before it.
///
/// All three periods are read from the present chart, the one that is shown, rather than from the
/// charts of earlier weeks. A rule counts where the likeness of neighbouring weeks does not explain
/// it ([`Chart::told`]); without that every fourth series of a portfolio's usual life is confirmed
/// (see `src/docs/quality.md`).
#[must_use]
pub fn ladder(chart: &Chart, periods: usize) -> Verdict {
    let at = |back: usize| periods.checked_sub(back).and_then(|index| chart.direction_at(index));
    match at(1) {
        None => Verdict::Usual,
        Some(direction) if at(2) == Some(direction) || at(3) == Some(direction) => {
            Verdict::Confirmed { direction }
        }
        Some(direction) => Verdict::New { direction },
    }
}

/// Charts a weekly series; when its values are too chunky, tries the longer buckets in turn.
#[must_use]
pub fn judge(weekly: &Weekly, unit: Unit, bounds: Bounds, buckets: &[u32]) -> Judged {
    let mut refused = (Refusal::TooFew { have: 0 }, 1);
    for weeks_per_point in buckets {
        let points = bucketed(weekly, *weeks_per_point);
        let values: Vec<Option<f64>> = points.iter().map(|point| point.value).collect();
        match Chart::new(&values, bounds, None) {
            Ok(chart) => {
                let series = series(unit, *weeks_per_point, points, &chart, bounds);
                return judged(&values, &chart, series, bounds, "week");
            }
            Err(refusal) => refused = (refusal, *weeks_per_point),
        }
        if matches!(refused.0, Refusal::TooFew { .. }) {
            break;
        }
    }
    let verdict = insufficient(refused.0, refused.1);
    let points = bucketed(weekly, 1);
    let series = Series::bare(unit, 1, points);
    Judged { verdict, series, persistence: 0, tested: false }
}

/// Charts one value a cadence; `None` is a cadence that was not observed.
#[must_use]
pub fn judge_cadences(
    cadences: &[Period],
    zone: Tz,
    values: &[Option<f64>],
    unit: Unit,
    bounds: Bounds,
) -> Judged {
    let point = |(cadence, value): (&Period, &Option<f64>)| Point {
        week: Week::of(cadence.from, zone),
        value: *value,
    };
    let points = cadences.iter().zip(values).map(point).collect();
    // A change of the clocks makes a cadence an hour longer or shorter.
    let days = cadences.last().map_or(7, |last| (last.millis() + DAY_MS / 2) / DAY_MS);
    let weeks = u32::try_from((days + 3) / 7).unwrap_or(1).max(1);
    match Chart::new(values, bounds, None) {
        Ok(chart) => {
            judged(values, &chart, series(unit, weeks, points, &chart, bounds), bounds, "cadence")
        }
        Err(refusal) => {
            let why = "a usual range rests on at least six observed cadences";
            let verdict = refused(refusal, 1, ("cadences", why));
            let series = Series::bare(unit, weeks, points);
            Judged { verdict, series, persistence: 0, tested: false }
        }
    }
}

/// A chart as it is shown.
#[must_use]
pub fn series(unit: Unit, weeks: u32, points: Vec<Point>, chart: &Chart, bounds: Bounds) -> Series {
    let (lower, upper) = chart.drawn(bounds);
    let limits = Limits { centre: chart.centre, lower, upper, provisional: chart.provisional };
    let (fired, patterns) = chart.patterns();
    Series { unit, weeks_per_point: weeks, points, limits: Some(limits), fired, patterns }
}

fn judged(
    values: &[Option<f64>],
    chart: &Chart,
    series: Series,
    bounds: Bounds,
    period: &str,
) -> Judged {
    if values.last().copied().flatten().is_none() {
        let why = format!("the newest complete {period} was not observed");
        let verdict = Verdict::Insufficient { have: 0, need: 1, unit: period.to_owned(), why };
        return Judged { verdict, series, persistence: 0, tested: false };
    }
    let verdict = ladder(chart, values.len());
    let persistence = persistence(values, bounds, &verdict, |chart| chart);
    Judged { verdict, series, persistence, tested: true }
}

/// How many evaluations in a row, this one and earlier ones, would have given the verdict, where each
/// chart is taken as `read` takes it.
#[must_use]
pub fn persistence(
    values: &[Option<f64>],
    bounds: Bounds,
    verdict: &Verdict,
    read: fn(Chart) -> Chart,
) -> u32 {
    match verdict {
        Verdict::Confirmed { .. } => {}
        Verdict::New { .. } => return 1,
        _ => return 0,
    }
    let held = (1..values.len()).rev().take_while(|end| {
        let chart = Chart::new(&values[..*end], bounds, None).map(read);
        chart.is_ok_and(|chart| ladder(&chart, *end) == *verdict)
    });
    1 + u32::try_from(held.count()).unwrap_or(u32::MAX)
}

fn insufficient(refusal: Refusal, weeks: u32) -> Verdict {
    let why = if weeks == 1 {
        "a usual range rests on at least six observed weeks".to_owned()
    } else {
        format!("weekly values are too alike, and sums over {weeks} weeks are too few")
    };
    refused(refusal, weeks, ("weeks", &why))
}

/// Why there is no chart. `too_few` names the periods that are too few, and says so.
#[must_use]
pub fn refused(refusal: Refusal, weeks: u32, too_few: (&str, &str)) -> Verdict {
    let (have, need, unit, why) = match refusal {
        Refusal::TooFew { have } => {
            let per = u64::from(weeks);
            (have as u64 * per, XMR_MIN as u64 * per, too_few.0, too_few.1)
        }
        Refusal::Chunky { distinct } => (
            distinct as u64,
            DISTINCT_MIN as u64,
            "distinct values",
            "the values are too few and too alike for a usual range",
        ),
    };
    Verdict::Insufficient { have, need, unit: unit.to_owned(), why: why.to_owned() }
}

/// Buckets counted back from the newest week; one with a gap is a gap, an incomplete one is
/// dropped.
fn bucketed(weekly: &Weekly, weeks: u32) -> Vec<Point> {
    let size = weeks.max(1) as usize;
    let start = weekly.cells.len() % size;
    let point = |(bucket, first): (&[Option<(i64, i64)>], &Week)| {
        let sum = bucket.iter().try_fold((0, 0), |sum, cell| {
            cell.map(|(numerator, denominator)| (sum.0 + numerator, sum.1 + denominator))
        });
        let value = sum.filter(|(_, d)| *d != 0).map(|(n, d)| n as f64 / d as f64);
        Point { week: *first, value }
    };
    let firsts = weekly.weeks[start..].iter().step_by(size);
    weekly.cells[start..].chunks(size).zip(firsts).map(point).collect()
}

/// The newest present value of a series.
#[must_use]
pub fn newest(series: &Series) -> Option<f64> {
    series.points.last().and_then(|point| point.value)
}

/// "up" or "down".
#[must_use]
pub fn direction(verdict: &Verdict) -> Option<Move> {
    match verdict {
        Verdict::Confirmed { direction } | Verdict::New { direction } => Some(*direction),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;
    use chrono_tz::Tz;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    fn counts(list: &str) -> Weekly {
        let cells: Vec<Option<(i64, i64)>> =
            list.split(' ').map(|word| word.parse().ok().map(|n| (n, 1))).collect();
        let as_of = Timestamp::parse("2026-06-15T00:00:00Z").unwrap();
        Weekly { weeks: Week::complete_before(as_of, Tz::UTC, cells.len()), cells }
    }

    fn verdict(list: &str) -> (Verdict, u32) {
        let judged = judge(&counts(list), Unit::ItemsPerWeek, Bounds::COUNT, &[1, 2, 4]);
        (judged.verdict, judged.series.weeks_per_point)
    }

    const TWENTY: &str = "6 8 5 7 9 6 7 8 5 7 6 10 6 5 6 4 6 5 6 6";

    /// V2: the run completes, goes on, or breaks.
    #[test]
    fn new_then_confirmed_or_broken() {
        let down = Move::Down;
        assert_eq!(verdict(TWENTY), (Verdict::New { direction: down }, 1));
        assert_eq!(verdict(&format!("{TWENTY} 6")), (Verdict::Confirmed { direction: down }, 1));
        assert_eq!(verdict(&format!("{TWENTY} 9")), (Verdict::Usual, 1));
        let lower = counts(&format!("{TWENTY} 5 4"));
        let judged = judge(&lower, Unit::ItemsPerWeek, Bounds::COUNT, &[1]);
        assert_eq!(judged.persistence, 2);
    }

    #[test]
    fn too_few_weeks_and_a_gap_at_the_end() {
        let (verdict_of_five, _) = verdict("1 2 3 4 5");
        assert!(matches!(verdict_of_five, Verdict::Insufficient { have: 5, need: 6, ref unit, .. }
                if unit == "weeks"));
        let (gap, _) = verdict("1 2 3 4 5 6 7 -");
        assert!(matches!(gap, Verdict::Insufficient { have: 0, need: 1, .. }));
    }

    /// Values in {1, 2} are chunky by week; two-week sums still are, four-week sums are not.
    #[test]
    fn chunky_weeks_are_summed() {
        let weekly = "1 1 1 1 2 2 1 1 1 1 1 2 1 2 2 2 1 2 2 1 1 1 2 2 2 2";
        let (verdict, weeks) = verdict(weekly);
        assert_eq!((verdict, weeks), (Verdict::Usual, 4));
        let judged = judge(&counts(weekly), Unit::ItemsPerWeek, Bounds::COUNT, &[1, 2, 4]);
        assert_eq!(judged.series.points.len(), 6);
        assert_eq!(judged.series.points[0].value, Some(1.5));
    }

    /// Section 0.8: what a stable process gives in one evaluation of 26 weeks. In percent: a rule
    /// fires, `New`, `Confirmed`.
    #[test]
    fn stable_processes_are_rarely_told() {
        let mut rng = ChaCha8Rng::seed_from_u64(8);
        let mut unit = move || rng.random::<f64>();
        let mut normal = {
            let mut unit = unit.clone();
            move || (-2.0 * (1.0 - unit()).ln()).sqrt() * (std::f64::consts::TAU * unit()).cos()
        };
        let mut poisson = |mean: f64| {
            let (mut n, mut product) = (0.0, unit());
            while product > (-mean).exp() {
                (n, product) = (n + 1.0, product * unit());
            }
            n
        };
        // By the rules alone, and as told.
        let rates = |draw: &mut dyn FnMut() -> f64, bounds: Bounds| {
            let mut counts = [[0; 2]; 2];
            for _ in 0..4_000 {
                let values: Vec<Option<f64>> = (0..26).map(|_| Some(draw())).collect();
                let Ok(chart) = Chart::new(&values, bounds, None) else { continue };
                let told = ladder(&chart, 26);
                let alone = ladder(&chart.at_its_word(), 26);
                for (counts, verdict) in counts.iter_mut().zip([alone, told]) {
                    counts[0] += u32::from(matches!(verdict, Verdict::New { .. }));
                    counts[1] += u32::from(matches!(verdict, Verdict::Confirmed { .. }));
                }
            }
            let percent = |n: u32| f64::from(n) / 40.0;
            counts.map(|[new, confirmed]| [new + confirmed, new, confirmed].map(percent))
        };
        for (found, expected) in [
            (rates(&mut || poisson(7.0), Bounds::COUNT), [4.2, 2.5, 1.7]),
            (rates(&mut || poisson(3.0), Bounds::COUNT), [4.8, 2.8, 2.0]),
            (rates(&mut || normal(), Bounds::NONE), [3.6, 2.2, 1.4]),
            (rates(&mut || (0.5 * normal()).exp(), Bounds::COUNT), [6.7, 4.1, 2.6]),
        ] {
            let [alone, told] = found;
            println!("{alone:?} where {expected:?} is expected; told {told:?}");
            assert!(told[0] <= alone[0] && told[2] <= alone[2] && told[2] < 2.0);
            for (found, expected) in alone.into_iter().zip(expected) {
                // Four standard errors of 4,000 evaluations.
                let error = (expected * (100.0_f64 - expected) / 4_000.0).sqrt();
                assert!((found - expected).abs() < 4.0 * error, "{found} for {expected}");
            }
        }
    }
}
