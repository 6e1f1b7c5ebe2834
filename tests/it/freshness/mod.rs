//! Freshness under pressure: bulk edits, long pulls, nearly used up rate budgets, lost deliveries.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod burst;
mod fair;
mod missed;
mod reserve;
mod restart;
