//! Intervals of the sync, with the defaults that suit the two trackers.

use std::time::Duration;

use crate::model::Timestamp;
use crate::model::TrackerKind;

/// The intervals that keep a sync complete.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How long a lease lasts without being renewed.
    pub lease: Duration,
    /// How often releases are listed anew.
    pub full_catalogue: Duration,
    /// Two looks at a missing item count as two only when this far apart.
    pub misses_apart: Duration,
    /// How often every project is asked for all of its ids.
    pub sweep: Duration,
    /// How often a project that is closed or out of sight is looked at.
    pub sweep_closed: Duration,
    /// Waits before a failed read is tried again; the last one repeats.
    pub retry: Vec<Duration>,
}

impl Default for Settings {
    fn default() -> Self {
        let minutes = |n: u64| Duration::from_secs(60 * n);
        Self {
            lease: Duration::from_secs(30),
            full_catalogue: minutes(60),
            misses_apart: minutes(10),
            sweep: minutes(24 * 60),
            sweep_closed: minutes(60),
            retry: [1, 5, 30, 120, 720, 1440].map(minutes).to_vec(),
        }
    }
}

/// How far back the usual pull looks behind its cursor, in milliseconds: an index shows most
/// changes within minutes.
#[must_use]
pub(super) fn hot_overlap_ms(kind: TrackerKind) -> i64 {
    match kind {
        TrackerKind::Jira => 15 * 60_000,
        TrackerKind::GitHub => 5 * 60_000,
    }
}

/// How far back a deep pass looks, in milliseconds: the longest lag met in practice.
#[must_use]
pub(super) fn deep_overlap_ms(kind: TrackerKind) -> i64 {
    match kind {
        TrackerKind::Jira => 12 * 3_600_000,
        TrackerKind::GitHub => 2 * 3_600_000,
    }
}

/// After this long an item can no longer change within the stamp it had, in milliseconds: the
/// granularity of the stamp and the lag of a read replica.
#[must_use]
pub(super) fn settling_ms(kind: TrackerKind) -> i64 {
    match kind {
        TrackerKind::Jira => 120_000,
        TrackerKind::GitHub => 60_000,
    }
}

/// `from` plus a duration.
#[must_use]
pub(super) fn after(from: Timestamp, duration: Duration) -> Timestamp {
    from.plus_millis(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX))
}

/// `from` less a duration.
#[must_use]
pub(super) fn before(from: Timestamp, duration: Duration) -> Timestamp {
    from.plus_millis(i64::try_from(duration.as_millis()).map_or(i64::MIN, |millis| -millis))
}

impl Settings {
    /// When to try again after this many failed attempts.
    pub(super) fn retry_at(&self, now: Timestamp, attempts: u32) -> Timestamp {
        let place = usize::try_from(attempts).unwrap_or(usize::MAX);
        let wait = self.retry.get(place).or(self.retry.last()).copied().unwrap_or_default();
        after(now, wait)
    }
}
