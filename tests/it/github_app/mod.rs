//! A GitHub App and owners as scopes: the real client against the simulated github.com over HTTP,
//! the real sync, real databases.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

pub mod house;
mod rights;
mod story;
mod tokens;
mod wildcards;

pub use house::{APP, KEY};
