//! The GitHub tracker: its queries against the public schema, conversion as a pure function, and
//! the client against a small server that answers what it is told.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

mod client;
mod convert;
mod queries;
mod server;
mod webhook;
