//! github.com, simulated.
