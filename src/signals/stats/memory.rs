//! How much the weeks of a series depend on one another, and how far a mean of some of them strays.
//!
//! Limits from moving ranges take neighbouring weeks for independent. Work in progress makes them
//! alike: a card lies for weeks, a team stays with an epic. Such a series wanders away from its
//! centre and back, its neighbours differ little, and the rules would take each turn for a signal.
//! Here the spread is that of the values themselves, and the dependence is estimated from the series:
//! a first-order autoregression, with Kendall's correction for the length (Kendall 1954; Bayley and
//! Hammersley 1946 for the variance of a mean).

/// The baseline of a series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Memory {
    /// Values.
    pub n: usize,
    pub mean: f64,
    /// Standard deviation of single values.
    pub deviation: f64,
    /// Correlation of neighbouring weeks, 0 to 0.9.
    pub correlation: f64,
}

/// Beyond this the series is a walk, and its mean says nothing.
const MOST: f64 = 0.9;

impl Memory {
    /// Reads a baseline; `None` is a gap, and neighbours across a gap are none. `None` is returned
    /// for fewer than six values.
    #[must_use]
    pub fn of(values: &[Option<f64>]) -> Option<Self> {
        let known: Vec<f64> = values.iter().flatten().copied().collect();
        let n = known.len();
        if n < 6 {
            return None;
        }
        let count = n as f64;
        let mean = known.iter().sum::<f64>() / count;
        let squares: f64 = known.iter().map(|value| (value - mean).powi(2)).sum();
        let products: Vec<f64> =
            values.windows(2).filter_map(|w| Some((w[0]? - mean) * (w[1]? - mean))).collect();
        let (pairs, sum) = (products.len() as f64, products.iter().sum::<f64>());
        let raw = if squares > 0.0 && pairs > 0.0 { sum / pairs * count / squares } else { 0.0 };
        // An estimate from n values lies (1 + 4 r) / n too low.
        let correlation = ((count * raw + 1.0) / (count - 4.0)).clamp(0.0, MOST);
        let lost = inflation(correlation, n).min(count - 1.0);
        Some(Self { n, mean, deviation: (squares / (count - lost)).sqrt(), correlation })
    }

    /// The variance of the sum of `m` neighbours, for each of them.
    #[must_use]
    pub fn dispersion(&self, m: usize) -> f64 {
        self.deviation.powi(2) * inflation(self.correlation, m)
    }

    /// The standard error of the difference between the mean of `m` neighbouring weeks and that of
    /// the baseline.
    #[must_use]
    pub fn error(&self, m: usize) -> f64 {
        let part = |n: usize| inflation(self.correlation, n) / n as f64;
        self.deviation * (part(m) + part(self.n)).sqrt()
    }
}

/// How many times larger the variance of the mean of `n` neighbours is than that of independent
/// values: `1 + 2 sum (1 - k/n) r^k`.
fn inflation(correlation: f64, n: usize) -> f64 {
    let term = |k: usize| (1.0 - k as f64 / n as f64) * correlation.powi(k as i32);
    1.0 + 2.0 * (1..n).map(term).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[f64]) -> Memory {
        Memory::of(&values.iter().copied().map(Some).collect::<Vec<_>>()).unwrap()
    }

    /// Values that alternate remember nothing: the deviation is the usual one.
    #[test]
    fn without_memory_it_is_the_standard_deviation() {
        let memory = of(&[6.0, 8.0, 5.0, 7.0, 9.0, 6.0, 7.0, 8.0, 5.0, 7.0, 6.0, 10.0]);
        assert_eq!((memory.mean, memory.correlation), (7.0, 0.0));
        assert!((memory.deviation - (26.0_f64 / 11.0).sqrt()).abs() < 1e-12);
        let expected = (26.0 / 11.0 * (1.0 / 8.0 + 1.0 / 12.0_f64)).sqrt();
        assert!((memory.error(8) - expected).abs() < 1e-12);
    }

    /// The variance of a mean of two is `(1 + r) / 2` of one value's, of three
    /// `(3 + 4 r + 2 r^2) / 9`.
    #[test]
    fn means_of_neighbours_vary_more() {
        for r in [0.0, 0.3, 0.9_f64] {
            assert!((inflation(r, 1) - 1.0).abs() < 1e-12);
            assert!((inflation(r, 2) - (1.0 + r)).abs() < 1e-12);
            assert!((inflation(r, 3) - (3.0 + 4.0 * r + 2.0 * r * r) / 3.0).abs() < 1e-12);
        }
    }

    #[test]
    fn a_trend_is_memory_and_five_values_are_too_few() {
        let values: Vec<f64> = (0..12).map(f64::from).collect();
        assert_eq!(of(&values).correlation, MOST);
        assert_eq!(
            Memory::of(&[Some(1.0), Some(2.0), None, Some(3.0), Some(4.0), Some(5.0)]),
            None
        );
    }
}
