//! Exact binomial tails.

use super::special::ln_gamma;

/// `P(X >= k)` for X ~ Binomial(n, p).
#[must_use]
pub fn upper_tail(k: u64, n: u64, p: f64) -> f64 {
    if k == 0 {
        return 1.0;
    }
    if k > n || p <= 0.0 {
        return 0.0;
    }
    if p >= 1.0 {
        return 1.0;
    }
    // From the likeliest count of the tail outward, each term from the one before it.
    let peak = k.max(((n as f64 + 1.0) * p).floor() as u64).min(n);
    let (x, rest) = (peak as f64, (n - peak) as f64);
    let choose = ln_gamma(n as f64 + 1.0) - ln_gamma(x + 1.0) - ln_gamma(rest + 1.0);
    let largest = (choose + x * p.ln() + rest * (1.0 - p).ln()).exp();
    let odds = p / (1.0 - p);
    let up = outward(largest, peak + 1..=n, |x| odds * (n - x + 1) as f64 / x as f64);
    let down = outward(largest, (k..peak).rev(), |x| (x + 1) as f64 / (odds * (n - x) as f64));
    // The smallest terms first, so that they are not lost against the large ones.
    let sum = |terms: Vec<f64>| terms.iter().rev().sum::<f64>();
    (sum(up) + sum(down) + largest).min(1.0)
}

/// The terms at some counts, each the one before it times a ratio, until they no longer matter.
fn outward(
    largest: f64,
    counts: impl Iterator<Item = u64>,
    ratio: impl Fn(u64) -> f64,
) -> Vec<f64> {
    let mut term = largest;
    let terms = counts.map(|count| {
        term *= ratio(count);
        term
    });
    terms.take_while(|term| *term > largest * 1e-18).collect()
}

/// Exact two-sided p for two counts over equal exposure: `min(1, 2 P(X >= max(a, b)))` with
/// X ~ Binomial(a + b, 1/2).
#[must_use]
pub fn two_rates(a: u64, b: u64) -> f64 {
    (2.0 * upper_tail(a.max(b), a + b, 0.5)).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// R12: 14 heads of 20 (60460/1048576 one-sided), and the net-flow examples of V3.
    #[test]
    fn two_sided() {
        assert!((upper_tail(14, 20, 0.5) - 60_460.0 / 1_048_576.0).abs() < 1e-12);
        assert_eq!(format!("{:.6}", two_rates(14, 6)), "0.115318");
        assert_eq!(format!("{:.8}", two_rates(58, 28)), "0.00160556");
        assert_eq!(format!("{:.6}", two_rates(46, 28)), "0.047393");
        assert_eq!(two_rates(3, 3), 1.0);
        assert_eq!(two_rates(0, 0), 1.0);
        // Far out and large: as the sum of all terms gives, and as the normal tail nearly does.
        assert!((two_rates(5_100, 4_900) - 0.046_5).abs() < 5e-4);
        assert!((upper_tail(1, 4, 0.5) - 15.0 / 16.0).abs() < 1e-12);
        assert!((upper_tail(400, 1_000, 0.5) - 1.0).abs() < 1e-9);
    }

    /// V4: six of twelve where 2/19 is expected.
    #[test]
    fn one_sided() {
        assert_eq!(format!("{:.9}", upper_tail(6, 12, 2.0 / 19.0)), "0.000714989");
    }
}
