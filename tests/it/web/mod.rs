//! The pages, the JSON API and the webhooks over real HTTP, against a small store.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod access;
mod bets;
pub mod client;
pub mod daemon;
mod decisions;
mod demo;
mod dependencies;
mod grafana;
mod guessing;
pub mod house;
mod limits;
mod openapi;
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
