//! Logs, and with the feature `otel` traces. Ids of passes are span fields, so that every line of a
//! pass carries its id.

#[cfg(feature = "otel")]
mod otlp;

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
///
/// # Errors
/// With the feature `otel`: a variable asks for what cannot be done.
pub fn init(json: bool, filter: &str) -> Result<(), String> {
    let filter = EnvFilter::try_from_default_env()
        .or_else(|_| EnvFilter::try_new(filter))
        .unwrap_or_else(|_| EnvFilter::new("info"));
    // A log that lies on a full disk must not end whoever writes to it.
    let lines = if json {
        let layer = fmt::layer().json().with_writer(|| OneLine::new(io::stderr(), false));
        layer.log_internal_errors(false).boxed()
    } else {
        let coloured = io::stderr().is_terminal();
        let layer = fmt::layer().with_writer(move || OneLine::new(io::stderr(), coloured));
        layer.log_internal_errors(false).with_target(false).with_ansi(coloured).boxed()
    };
    let registry = tracing_subscriber::registry();
    #[cfg(feature = "otel")]
    let done = {
        let none = format!("{}=off", crate::spans::TARGET).parse();
        let filter = none.map_or(EnvFilter::new("info"), |none| filter.add_directive(none));
        registry.with(otlp::layer()?).with(lines.with_filter(filter)).try_init()
    };
    #[cfg(not(feature = "otel"))]
    let done = registry.with(filter).with(lines).try_init();
    drop(done);
    Ok(())
}

/// Before the program ends: sends what has to leave.
pub fn finish() {
    #[cfg(feature = "otel")]
    otlp::finish();
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
