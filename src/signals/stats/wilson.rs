//! Wilson's score interval for a proportion.

/// The 0.975 quantile of the standard normal distribution.
pub const Z95: f64 = 1.959_963_984_540_054;

/// The 95 % score interval of `k` of `n`; `None` when `n` is zero.
///
/// Wilson (1927); method 3 of Newcombe, Statistics in Medicine 17 (1998).
#[must_use]
pub fn wilson95(k: u64, n: u64) -> Option<(f64, f64)> {
    if n == 0 {
        return None;
    }
    let (k, n) = (k as f64, n as f64);
    let z2 = Z95 * Z95;
    let centre = k + z2 / 2.0;
    let spread = Z95 * (k * (n - k) / n + z2 / 4.0).sqrt();
    let (lower, upper) = ((centre - spread) / (n + z2), (centre + spread) / (n + z2));
    Some((lower.max(0.0), upper.min(1.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// R8: Newcombe 1998, table I; and the counts of 5.5, D4, V6 of the catalogue.
    #[test]
    fn published_intervals() {
        for (k, n, lower, upper) in [
            (81, 263, "0.2553", "0.3662"),
            (15, 148, "0.0624", "0.1605"),
            (0, 20, "0.0000", "0.1611"),
            (1, 29, "0.0061", "0.1718"),
        ] {
            let (low, high) = wilson95(k, n).unwrap();
            assert_eq!((format!("{low:.4}"), format!("{high:.4}")), (lower.into(), upper.into()));
        }
        for (k, n, text) in [
            (1, 6, "0.030-0.564"),
            (2, 5, "0.118-0.769"),
            (5, 8, "0.306-0.863"),
            (7, 12, "0.320-0.807"),
        ] {
            let (low, high) = wilson95(k, n).unwrap();
            assert_eq!(format!("{low:.3}-{high:.3}"), text);
        }
        assert_eq!(wilson95(0, 0), None);
    }
}
