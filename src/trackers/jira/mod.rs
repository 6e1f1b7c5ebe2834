//! Jira Cloud.
