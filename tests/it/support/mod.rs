//! What several test modules need.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

pub mod batch;
pub mod cluster;
pub mod drive;
pub mod editor;
pub mod gate;
pub mod postgres;
pub mod process;
pub mod program;
pub mod samples;
pub mod scripted;
pub mod settings;
pub mod staged;
