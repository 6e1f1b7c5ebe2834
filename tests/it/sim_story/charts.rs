//! A small process-behaviour chart of the tests' own.

/// Natural process limits (centre, lower, upper) of a baseline.
pub(super) fn limits(baseline: &[f64]) -> (f64, f64, f64) {
    let centre = baseline.iter().sum::<f64>() / baseline.len() as f64;
    let moves: f64 = baseline.windows(2).map(|pair| (pair[1] - pair[0]).abs()).sum();
    let reach = 2.660 * moves / (baseline.len() - 1) as f64;
    (centre, centre - reach, centre + reach)
}

/// 1 up, -1 down, 0 usual: whether a rule fires in two of the newest three weeks, the newest
/// included, with the newest eight of twenty or more held out of the baseline.
pub(super) fn confirmed(series: &[f64]) -> i32 {
    let series = &series[series.len().saturating_sub(26)..];
    let (centre, lower, upper) = limits(&series[..series.len() - 8]);
    let fired = |at: usize| {
        let x = series[at];
        let side = |x: f64| if x > centre { 1 } else { -1 };
        let run = series[at - 7..=at].iter().all(|y| side(*y) == side(x));
        let near = |y: &&f64| **y > (centre + upper) / 2.0 || **y < (centre + lower) / 2.0;
        let close = series[at - 3..=at].iter().filter(near).filter(|y| side(**y) == side(x));
        let third = near(&&x) && close.count() >= 3;
        if x > upper || x < lower || run || third { side(x) } else { 0 }
    };
    let newest = fired(series.len() - 1);
    let before = (2..4).filter(|back| fired(series.len() - back) == newest).count();
    if before > 0 { newest } else { 0 }
}
