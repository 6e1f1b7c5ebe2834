//! What an answer asks of the next request: to go on, to try again, or to wait.

use std::time::Duration;

use http::header::RETRY_AFTER;

use super::Response;

/// No wait is believed for longer, whatever a tracker says, in milliseconds: a mistake there must
/// not silence a connection for years.
pub const BELIEVED_MS: i64 = 48 * 3_600_000;

/// What an answer asks of the next request to the same host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// Hand the answer to the caller.
    Proceed,
    /// Try again; after this long if the tracker said so, else after the usual back-off.
    Retry(Option<Duration>),
}

/// The usual judgement: wait out 429 (and 503 with a time), retry gateway errors.
#[must_use]
pub fn usual_pace(response: &Response) -> Pace {
    let asked = response
        .headers()
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok())
        .and_then(retry_after);
    match response.status().as_u16() {
        429 => Pace::Retry(asked),
        500 | 502 | 503 | 504 => Pace::Retry(asked),
        _ => Pace::Proceed,
    }
}

/// `Retry-After` in seconds. The HTTP-date form is rare and read as "no time given".
fn retry_after(value: &str) -> Option<Duration> {
    value.trim().parse::<u64>().ok().map(Duration::from_secs)
}
