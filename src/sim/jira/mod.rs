//! Jira Cloud, simulated.
