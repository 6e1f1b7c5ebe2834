//! One binary for all tests that need more than one module or a real server.

mod bad_input;
mod both_databases;
mod canaries;
mod cli;
mod demo;
mod departures;
mod digests;
mod github_tracker;
mod jira_tracker;
mod kill;
mod portfolio_files;
mod recorded;
mod signals_reference;
mod sim_github;
mod sim_jira;
mod sim_story;
mod store_story;
mod support;
mod sync_story;
mod tidy;
mod web;
