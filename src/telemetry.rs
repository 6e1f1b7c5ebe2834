//! Logs. Ids of passes are span fields, so that every line of a pass carries its id.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;
use tracing_subscriber::prelude::*;

/// The filter of commands that tell themselves how a pass ended.
pub const COMMANDS: &str = "warn,streamgauge::sync::outcome=error";
/// The filter of the daemon.
pub const DAEMON: &str = "info";

/// Starts logging to standard error. `RUST_LOG` wins over `filter`.
///
/// A second call in one process changes nothing; tests may call it freely.
pub fn init(json: bool, filter: &str) {
    let filter = EnvFilter::try_from_default_env()
        .or_else(|_| EnvFilter::try_new(filter))
        .unwrap_or_else(|_| EnvFilter::new("info"));
    let registry = tracing_subscriber::registry().with(filter);
    let done = if json {
        registry.with(fmt::layer().json().with_writer(std::io::stderr)).try_init()
    } else {
        let layer = fmt::layer().with_writer(std::io::stderr).with_target(false);
        registry.with(layer.with_ansi(std::io::stderr().is_terminal())).try_init()
    };
    drop(done);
}
