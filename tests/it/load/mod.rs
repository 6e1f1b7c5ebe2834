//! The real program under more than it can bear: bursts, crowds of slow clients, no files left,
//! answers of trackers that never end. What is asserted is what is answered and what is kept; how
//! long it took is only printed, and `cargo bench --bench load` measures it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod bombs;
mod burst;
mod crowds;
mod desk;
