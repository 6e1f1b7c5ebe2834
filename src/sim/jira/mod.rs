//! Jira Cloud, simulated.

pub mod records;
