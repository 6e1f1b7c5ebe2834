//! The machine fails beneath the real program: a full disk, a failed fsync, a read-only file
//! system, a file that is pulled away, damaged or replaced, a kill or a power cut at any write. What
//! was answered with 202 is in the database, the daemon tells what is wrong, and it goes on by
//! itself or says what to do.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![cfg(target_os = "linux")]

mod backups;
mod damage;
mod faults;
mod house;
mod in_flight;
mod log;
mod migrations;
mod pulled_away;
mod starts;

/// How much of a long sweep is done: all of it at night.
fn every(day: usize) -> usize {
    if std::env::var_os("TEST_NIGHTLY").is_some() { 1 } else { day }
}
