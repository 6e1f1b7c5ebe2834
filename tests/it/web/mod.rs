//! The pages, the JSON API and the webhooks over real HTTP, against a small store.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod access;
mod bets;
pub mod client;
mod decisions;
mod demo;
mod dependencies;
mod guessing;
pub mod house;
mod limits;
mod pages;
mod shown;
pub mod showroom;
mod signals;
mod slow;
mod status;
mod streams;
mod teams;
mod texts;
mod time_travel;
mod webhooks;
