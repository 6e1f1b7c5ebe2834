//! Streamgauge measures how work flows through value streams without damming it.

pub mod model;

pub mod clock;
pub mod entropy;
pub mod schedule;
pub mod secret;
pub mod spawn;
pub mod transport;

pub mod portfolio;
pub mod signals;

pub mod channels;
pub mod store;
pub mod trackers;

pub mod gauge;
pub mod sync;

pub mod digests;
pub mod web;

pub mod settings;
pub mod telemetry;

pub mod cli;
pub mod demo;
pub mod serve;

pub mod sim;
