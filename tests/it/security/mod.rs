//! The rules of `src/docs/security.md`, each held by a test that can fail.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod corpus;
mod database;
mod hooks;
mod hostile;
mod hosts;
mod lints;
mod page;
mod routes;
mod secrets;
mod sinks;
