//! Instants, half-open periods, and the calendar of the portfolio's time zone.

use std::fmt;

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime, SecondsFormat, TimeZone, Utc};
use chrono_tz::Tz;

/// Milliseconds in one day of elapsed time.
pub const DAY_MS: i64 = 86_400_000;

/// An instant in UTC with millisecond precision, as milliseconds since the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, schemars::JsonSchema)]
#[schemars(transparent, extend("format" = "date-time"))]
pub struct Timestamp(#[schemars(with = "String")] i64);

impl Timestamp {
    /// Before every instant that a tracker can report.
    pub const MIN: Self = Self(i64::MIN);
    /// The end of what has not ended.
    pub const MAX: Self = Self(i64::MAX);

    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    #[must_use]
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// Elapsed days (86,400 s each) from `earlier` to `self`; negative if `earlier` is later.
    #[must_use]
    pub fn days_since(self, earlier: Self) -> f64 {
        self.0.saturating_sub(earlier.0) as f64 / DAY_MS as f64
    }

    #[must_use]
    pub const fn plus_millis(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    #[must_use]
    pub const fn plus_days(self, days: i64) -> Self {
        Self(self.0.saturating_add(days * DAY_MS))
    }

    /// The same instant as chrono's type; [`Timestamp::MIN`] and `MAX` become chrono's own bounds.
    #[must_use]
    pub fn to_utc(self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.0).unwrap_or(if self.0 < 0 {
            DateTime::<Utc>::MIN_UTC
        } else {
            DateTime::<Utc>::MAX_UTC
        })
    }

    /// Parses RFC 3339 (`2026-06-15T06:00:00Z`).
    ///
    /// # Errors
    /// The text is not an RFC 3339 instant.
    pub fn parse(text: &str) -> Result<Self, chrono::ParseError> {
        DateTime::parse_from_rfc3339(text).map(|t| Self(t.timestamp_millis()))
    }
}

impl From<DateTime<Utc>> for Timestamp {
    fn from(value: DateTime<Utc>) -> Self {
        Self(value.timestamp_millis())
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let form = if self.0 % 1000 == 0 { SecondsFormat::Secs } else { SecondsFormat::Millis };
        f.write_str(&self.to_utc().to_rfc3339_opts(form, true))
    }
}

impl serde::Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A half-open period `[from, to)`.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, schemars::JsonSchema,
)]
pub struct Period {
    pub from: Timestamp,
    pub to: Timestamp,
}

impl Period {
    /// All of time.
    pub const ALWAYS: Self = Self { from: Timestamp::MIN, to: Timestamp::MAX };

    #[must_use]
    pub const fn new(from: Timestamp, to: Timestamp) -> Self {
        Self { from, to }
    }

    #[must_use]
    pub fn contains(&self, at: Timestamp) -> bool {
        self.from <= at && at < self.to
    }

    /// The part that both share, or `None` when they do not overlap.
    #[must_use]
    pub fn intersect(&self, other: &Self) -> Option<Self> {
        let both = Self { from: self.from.max(other.from), to: self.to.min(other.to) };
        (both.from < both.to).then_some(both)
    }

    /// Length in milliseconds; zero for an empty or reversed period.
    #[must_use]
    pub fn millis(&self) -> i64 {
        self.to.millis().saturating_sub(self.from.millis()).max(0)
    }
}

/// An ISO week (Monday 00:00 local) of the portfolio's zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, schemars::JsonSchema)]
#[schemars(transparent, extend("pattern" = r"^\d{4}-W\d{2}$"))]
pub struct Week {
    #[schemars(with = "String")]
    monday: NaiveDate,
}

impl Week {
    /// The week that contains `at` in `zone`.
    #[must_use]
    pub fn of(at: Timestamp, zone: Tz) -> Self {
        let day = at.to_utc().with_timezone(&zone).date_naive();
        let monday = day - Days::new(u64::from(day.weekday().num_days_from_monday()));
        Self { monday }
    }

    #[must_use]
    pub fn monday(self) -> NaiveDate {
        self.monday
    }

    #[must_use]
    pub fn next(self) -> Self {
        Self { monday: self.monday + Days::new(7) }
    }

    #[must_use]
    pub fn previous(self) -> Self {
        Self { monday: self.monday - Days::new(7) }
    }

    /// `[Monday 00:00 local, next Monday 00:00 local)`.
    #[must_use]
    pub fn period(self, zone: Tz) -> Period {
        Period { from: start_of_day(self.monday, zone), to: start_of_day(self.next().monday, zone) }
    }

    /// The newest `count` complete weeks before the week that contains `as_of`, oldest first.
    #[must_use]
    pub fn complete_before(as_of: Timestamp, zone: Tz, count: usize) -> Vec<Self> {
        let mut week = Self::of(as_of, zone);
        let mut weeks = Vec::with_capacity(count);
        for _ in 0..count {
            week = week.previous();
            weeks.push(week);
        }
        weeks.reverse();
        weeks
    }
}

impl fmt::Display for Week {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let iso = self.monday.iso_week();
        write!(f, "{}-W{:02}", iso.year(), iso.week())
    }
}

impl serde::Serialize for Week {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The first instant of a local day. A midnight that the zone skips (a few zones change at
/// midnight) is the first instant after the gap; a doubled one is the first of the two.
#[must_use]
pub fn start_of_day(day: NaiveDate, zone: Tz) -> Timestamp {
    first_instant(day.and_time(NaiveTime::MIN), zone)
}

/// The first instant in `zone` that reads `civil`, or the first one after the gap that skips it.
#[must_use]
pub fn first_instant(civil: chrono::NaiveDateTime, zone: Tz) -> Timestamp {
    let mut probe = civil;
    loop {
        if let Some(found) = zone.from_local_datetime(&probe).earliest() {
            return Timestamp::from(found.with_timezone(&Utc));
        }
        // Every gap of the zone database is a whole number of minutes in the years we meet.
        probe += chrono::Duration::minutes(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_week_begins_at_local_midnight() {
        let at = Timestamp::parse("2026-03-29T22:30:00Z").unwrap();
        assert_eq!(Week::of(at, Tz::UTC).to_string(), "2026-W13");
        assert_eq!(Week::of(at, Tz::Europe__Berlin).to_string(), "2026-W14");
        let day = NaiveDate::from_ymd_opt(2026, 3, 29).unwrap();
        let hours = |zone| {
            let next = start_of_day(day.succ_opt().unwrap(), zone);
            (next.millis() - start_of_day(day, zone).millis()) as f64 / 3_600_000.0
        };
        assert_eq!(hours(Tz::Europe__Berlin), 23.0);
        assert_eq!(hours(Tz::UTC), 24.0);
    }

    #[test]
    fn a_skipped_midnight_starts_after_the_gap() {
        let day = NaiveDate::from_ymd_opt(2018, 11, 4).unwrap();
        let start = start_of_day(day, Tz::America__Sao_Paulo);
        assert_eq!(start.to_string(), "2018-11-04T03:00:00Z");
    }
}
