//! An organisation that never was, served over HTTP in the trackers' own dialects.

pub mod github;
pub mod jira;
pub mod people;
pub mod story;
