//! The lower bound of a walk, in minutes before "now". A date in JQL is read in the time zone of the
//! account's profile, and a relative bound is not; but "now" is whenever Jira evaluates the
//! question, so the bound moves while questions wait and pages are read.

use crate::model::Timestamp;

const MINUTE: i64 = 60_000;

/// A bound that was written at one time and is evaluated at others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    minutes: i64,
    /// Everything before this is listed; what is older than the bound and newer than this is lost.
    listed: Timestamp,
}

impl Window {
    /// A window that reaches back to `since` when evaluated at `now`, or up to `margin` minutes
    /// after it: so long a question may wait, and a page take its time, without harm.
    #[must_use]
    pub fn reaching(since: Timestamp, now: Timestamp, margin: i64) -> Self {
        let back = now.millis().saturating_sub(since.millis()).max(0);
        // One minute more than the rounded distance: Jira floors its bound to the minute.
        let minutes = back / MINUTE + i64::from(back % MINUTE != 0) + 1 + margin;
        Self { minutes, listed: since }
    }

    /// `updated >= -25m`
    #[must_use]
    pub fn clause(self) -> String {
        format!("updated >= -{}m", self.minutes)
    }

    /// Notes the stamp of a row; rows come oldest first.
    pub fn list(&mut self, updated_at: Timestamp) {
        self.listed = self.listed.max(updated_at);
    }

    /// Whether nothing can have slipped out below the bound when it was evaluated at `at`.
    #[must_use]
    pub fn holds(self, at: Timestamp) -> bool {
        at.millis().saturating_sub(self.minutes.saturating_mul(MINUTE)) <= self.listed.millis()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> Timestamp {
        Timestamp::parse("2026-06-15T06:00:00Z").unwrap().plus_millis(minute * MINUTE)
    }

    #[test]
    fn a_window_reaches_back_to_the_minute_before_and_some_further() {
        let clause =
            |seconds: i64| Window::reaching(at(0), at(0).plus_millis(seconds * 1000), 10).clause();
        assert_eq!(clause(900), "updated >= -26m");
        assert_eq!(clause(901), "updated >= -27m");
        assert_eq!(clause(0), "updated >= -11m");
        assert_eq!(clause(-5), "updated >= -11m", "a clock that went back");
    }

    #[test]
    fn a_bound_that_was_evaluated_too_late_lost_something() {
        let mut window = Window::reaching(at(0), at(15), 10);
        assert!(window.holds(at(15)) && window.holds(at(26)));
        assert!(!window.holds(at(27)), "the bound has passed the start");
        window.list(at(5));
        assert!(window.holds(at(31)), "and the rows up to there are listed");
        assert!(!window.holds(at(32)));
    }

    #[test]
    fn without_a_margin_a_window_reaches_back_to_the_minute_before() {
        let now = Timestamp::from_millis(1_790_000_000_000);
        let back =
            |seconds: i64| Window::reaching(now.plus_millis(-seconds * 1000), now, 0).clause();
        let minutes = [16, 17, 1, 1].map(|minutes| format!("updated >= -{minutes}m"));
        assert_eq!([back(900), back(901), back(0), back(-5)], minutes);
    }

    #[test]
    fn a_question_that_waited_too_long_lost_something() {
        let after = Timestamp::from_millis(1_790_000_000_000);
        let asked = |wait: i64| after.plus_millis(900_000 + wait * 1000);
        let window = Window::reaching(after, asked(0), 0);
        assert!(window.holds(asked(0)) && window.holds(asked(60)));
        assert!(!window.holds(asked(61)));
    }
}
