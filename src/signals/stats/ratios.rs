//! Ratios with a name: Little's law, concentration, total variation.

/// The mean time in a stable system: mean number in it over the rate of leaving, in the unit of
/// the rate's time. `None` when nothing leaves.
///
/// Little's law (Little and Graves 2008): 160 bottles at 96 a year stay 1.67 years.
#[must_use]
pub fn littles_law(mean_in_system: f64, rate: f64) -> Option<f64> {
    (rate > 0.0).then(|| mean_in_system / rate)
}

/// The effective number of shares, `1 / sum(s^2)` with shares of the total: the inverse of the
/// Herfindahl index. `None` when the total is zero.
#[must_use]
pub fn effective_number(amounts: &[f64]) -> Option<f64> {
    let total: f64 = amounts.iter().sum();
    let squares: f64 = amounts.iter().map(|a| a * a).sum();
    (total > 0.0).then(|| total * total / squares)
}

/// Total variation of two distributions over the same slices, `1/2 sum |p - q|`: the share that
/// would have to move to make them equal.
#[must_use]
pub fn total_variation(p: &[f64], q: &[f64]) -> f64 {
    let mut differences: Vec<f64> = p.iter().zip(q).map(|(p, q)| (p - q).abs()).collect();
    // Added in an order of their own, so that the names of slices cannot move the last bit.
    differences.sort_by(f64::total_cmp);
    differences.iter().sum::<f64>() / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// R13 and R14 (the example of the US Department of Justice: an index of 2600).
    #[test]
    fn published_ratios() {
        assert_eq!(format!("{:.2}", littles_law(160.0, 96.0).unwrap()), "1.67");
        assert_eq!(format!("{:.3}", effective_number(&[30.0, 30.0, 20.0, 20.0]).unwrap()), "3.846");
        assert_eq!(format!("{:.6}", effective_number(&[4.0, 2.0, 1.0, 1.0]).unwrap()), "2.909091");
        assert_eq!(effective_number(&[]), None);
        assert_eq!(littles_law(1.0, 0.0), None);
    }

    /// The drift example of P2.
    #[test]
    fn drift() {
        let moved = total_variation(&[0.41, 0.42, 0.17], &[0.3, 0.5, 0.2]);
        assert_eq!(format!("{moved:.2}"), "0.11");
    }
}
