//! The way to a tracker and to the database: proxies, private authorities, TLS, several
//! connections of a kind.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

pub mod authority;
mod database;
pub mod gates;
mod routes;
mod several;
