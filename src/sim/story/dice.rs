//! Chance, decided by the seed alone.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha12Rng;

/// One stream of random numbers. Each part of the story throws its own, so that a planted fact
/// in one part leaves the others as they are.
#[derive(Debug)]
pub(super) struct Dice(ChaCha12Rng);

impl Dice {
    pub(super) fn new(seed: u64, part: u64) -> Self {
        let mut rng = ChaCha12Rng::seed_from_u64(seed);
        rng.set_stream(part);
        Self(rng)
    }

    /// A number in `[0, 1)`.
    pub(super) fn unit(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub(super) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    pub(super) fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// A whole number in `0..n`; 0 when `n` is 0.
    pub(super) fn below(&mut self, n: usize) -> usize {
        // The product is below n, so the cast neither truncates nor wraps.
        (self.unit() * n as f64) as usize
    }

    pub(super) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    /// A lognormal number with this median; `sigma` is the standard deviation of its logarithm.
    pub(super) fn lognormal(&mut self, median: f64, sigma: f64) -> f64 {
        let (u, v) = (1.0 - self.unit(), self.unit());
        let normal = (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos();
        median * (sigma * normal).exp()
    }
}
