//! The terminal, or whatever collects the daemon's standard output.

use std::io::Write;

use super::{DeliveryError, Message};

pub(super) fn deliver(message: &Message) -> Result<(), DeliveryError> {
    writeln!(std::io::stdout().lock(), "{}", message.markdown)
        .map_err(|error| DeliveryError { channel: "stdout".into(), reason: error.to_string() })
}
