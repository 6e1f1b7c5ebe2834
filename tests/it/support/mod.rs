//! What several test modules need.

pub mod postgres;
pub mod program;
pub mod scripted;
pub mod staged;
