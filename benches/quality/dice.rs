//! Chance, decided by a seed and the part that throws.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha12Rng;

/// One stream of random numbers. Each team and each purpose throws its own, so that a disturbance
/// of one team leaves the others as they were.
#[derive(Debug, Clone)]
pub struct Dice(ChaCha12Rng);

impl Dice {
    pub fn new(seed: u64, part: u64) -> Self {
        let mut rng = ChaCha12Rng::seed_from_u64(seed);
        rng.set_stream(part);
        Self(rng)
    }

    /// A number in `[0, 1)`.
    pub fn unit(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    pub fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// A whole number in `0..n`; 0 when `n` is 0.
    pub fn below(&mut self, n: usize) -> usize {
        // The product is below n, so the cast neither truncates nor wraps.
        (self.unit() * n as f64) as usize
    }

    pub fn normal(&mut self) -> f64 {
        let (u, v) = (1.0 - self.unit(), self.unit());
        (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()
    }

    /// A lognormal number with this median; `sigma` is the standard deviation of its logarithm.
    pub fn lognormal(&mut self, median: f64, sigma: f64) -> f64 {
        median * (sigma * self.normal()).exp()
    }

    /// The place of one of some weights, in proportion to them.
    pub fn weighted(&mut self, weights: &[f64]) -> usize {
        let mut left = self.unit() * weights.iter().sum::<f64>();
        for (place, weight) in weights.iter().enumerate() {
            left -= weight;
            if left < 0.0 {
                return place;
            }
        }
        weights.len() - 1
    }

    /// A stationary first-order autoregression with this standard deviation, one value a week.
    pub fn wander(&mut self, weeks: usize, phi: f64, sd: f64) -> Vec<f64> {
        let step = sd * (1.0 - phi * phi).sqrt();
        let mut value = sd * self.normal();
        let mut next = || {
            let now = value;
            value = phi * value + step * self.normal();
            now
        };
        (0..weeks).map(|_| next()).collect()
    }
}
