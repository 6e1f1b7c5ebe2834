//! The terminal, or whatever collects the daemon's standard output.

use std::io::Write;

use super::{DeliveryError, Message};

pub(super) fn deliver(message: &Message) -> Result<(), DeliveryError> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", message.markdown()).and_then(|()| out.flush()).map_err(|error| {
        // Some of it may have been written.
        DeliveryError { channel: "stdout".into(), reason: error.to_string(), unsure: true }
    })
}
