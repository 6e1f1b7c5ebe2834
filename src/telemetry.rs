//! Logs. Ids of passes are span fields, so that every line of a pass carries its id.

use std::io::{self, IsTerminal, Write};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;
use tracing_subscriber::prelude::*;

use crate::plain;

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
        let layer = fmt::layer().json().with_writer(|| OneLine::new(io::stderr(), false));
        registry.with(layer.log_internal_errors(false)).try_init()
    } else {
        let coloured = io::stderr().is_terminal();
        let layer = fmt::layer().with_writer(move || OneLine::new(io::stderr(), coloured));
        // A log that lies on a full disk must not end whoever writes to it.
        let layer = layer.log_internal_errors(false);
        registry.with(layer.with_target(false).with_ansi(coloured)).try_init()
    };
    drop(done);
}

/// Writes each event as one line, whatever a tracker put into it: an error that quotes an answer
/// cannot forge a line of the log. The layer above hands over whole events.
pub struct OneLine<W> {
    out: W,
    coloured: bool,
}

impl<W> OneLine<W> {
    pub fn new(out: W, coloured: bool) -> Self {
        Self { out, coloured }
    }
}

impl<W: Write> Write for OneLine<W> {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(event);
        self.out.write_all(plain::event(&text, self.coloured).as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
