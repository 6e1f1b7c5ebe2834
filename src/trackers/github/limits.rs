//! GitHub's rate limits: which answers ask to wait, and until when.
//!
//! The primary limit answers 403 or 429 with nothing remaining and a reset in epoch seconds; the
//! secondary one answers 403 or 429 with `Retry-After`, or with a sentence and no number. GraphQL
//! also says `RATE_LIMITED` inside a 200.

use std::time::Duration;

use chrono::DateTime;
use http::HeaderMap;
use http::header::{DATE, RETRY_AFTER};

use super::client::Client;
use crate::model::Timestamp;
use crate::transport::{Pace, Response, Short};

/// The least wait after a secondary limit that names no time of its own.
pub const SECONDARY: Duration = Duration::from_secs(60);

impl Client {
    /// The budget of GraphQL, when only what is kept for hints is left of it.
    pub fn short(&self) -> Option<Short> {
        self.transport.short(Some("graphql"))
    }

    /// Whether only that is left of the budget of REST.
    pub fn short_of_rest(&self) -> bool {
        self.transport.short(Some("core")).is_some()
    }
}

/// What `response` asks of the next request. `now` is our clock, `refusals` how often this request
/// was already refused for its pace: unnamed waits double with it.
///
/// Gateway errors (502, 504) proceed: the caller asks for less instead of asking again.
#[must_use]
pub fn pace(response: &Response, now: Timestamp, refusals: u32) -> Pace {
    match response.status().as_u16() {
        403 | 429 => match asked_wait(response, now, refusals) {
            Some(wait) => Pace::Retry(Some(wait)),
            None => Pace::Proceed,
        },
        500 | 503 => Pace::Retry(seconds(response.headers(), RETRY_AFTER.as_str())),
        _ => Pace::Proceed,
    }
}

/// How long a 403 or 429 asks to wait; `None` when it is a plain refusal.
#[must_use]
pub fn asked_wait(response: &Response, now: Timestamp, refusals: u32) -> Option<Duration> {
    let headers = response.headers();
    if let Some(wait) = seconds(headers, RETRY_AFTER.as_str()) {
        return Some(wait);
    }
    if number(headers, "x-ratelimit-remaining") == Some(0)
        && let Some(wait) = until_reset(headers, now)
    {
        return Some(wait);
    }
    let unnamed = response.status().as_u16() == 429 || speaks_of_limit(response.body());
    unnamed.then(|| SECONDARY.saturating_mul(2_u32.saturating_pow(refusals.min(6))))
}

/// The time until the primary budget is filled again, by the tracker's clock where it tells it.
#[must_use]
pub fn until_reset(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let reset = i64::try_from(number(headers, "x-ratelimit-reset")?).ok()?;
    Some(until(Timestamp::from_millis(reset.saturating_mul(1000)), headers, now))
}

/// The time from the answer's own `Date` to `reset`, and one second for rounding.
#[must_use]
pub fn until(reset: Timestamp, headers: &HeaderMap, now: Timestamp) -> Duration {
    let theirs = date(headers).unwrap_or(now);
    let millis = reset.millis().saturating_sub(theirs.millis()).saturating_add(1000);
    Duration::from_millis(u64::try_from(millis).unwrap_or(0))
}

/// The HTTP `Date` of an answer.
#[must_use]
pub fn date(headers: &HeaderMap) -> Option<Timestamp> {
    let text = headers.get(DATE)?.to_str().ok()?;
    let date = DateTime::parse_from_rfc2822(text).ok()?;
    Some(Timestamp::from_millis(date.timestamp_millis()))
}

fn seconds(headers: &HeaderMap, name: &str) -> Option<Duration> {
    number(headers, name).map(Duration::from_secs)
}

fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}

fn speaks_of_limit(body: &[u8]) -> bool {
    let start = &body[..body.len().min(4096)];
    String::from_utf8_lossy(start).contains("secondary rate limit")
}
