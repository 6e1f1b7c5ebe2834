//! The pages, the JSON API and the webhooks over real HTTP, against a small store.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod access;
pub mod client;
mod demo;
mod guessing;
pub mod house;
mod limits;
mod pages;
pub mod showroom;
mod slow;
mod status;
mod teams;
mod webhooks;
