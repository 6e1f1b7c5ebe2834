//! Several real processes over one real PostgreSQL, killed, paused, cut off and restarted under
//! each other's eyes. `TEST_SEED=7` chooses another run, `TEST_ROUNDS=200` a longer one; every run
//! prints what it did.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod chaos;
mod cluster;
mod company;
mod database;
mod sharing;
mod standstill;
mod wire;
