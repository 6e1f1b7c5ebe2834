//! The only source of randomness below the faces (jitter, claim tokens), so that a seed can
//! decide it.

use std::sync::{Arc, Mutex};

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha12Rng;

/// A shared, seedable stream of random numbers.
#[derive(Debug, Clone)]
pub struct Entropy(Arc<Mutex<ChaCha12Rng>>);

impl Entropy {
    /// Seeded by the operating system.
    #[must_use]
    pub fn from_system() -> Self {
        Self::from_seed(rand::random())
    }

    #[must_use]
    pub fn from_seed(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(ChaCha12Rng::seed_from_u64(seed))))
    }

    #[must_use]
    pub fn next_u64(&self) -> u64 {
        // A poisoned lock still holds a usable generator.
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).next_u64()
    }

    /// A number in `[0, 1)`.
    #[must_use]
    pub fn unit(&self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }
}
