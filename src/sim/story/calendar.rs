//! Working hours in Berlin, and weeks counted back from now.

use chrono::{Datelike, Days, NaiveDate, Weekday};
use chrono_tz::Tz;

use crate::model::period::{DAY_MS, first_instant, start_of_day};
use crate::model::{Timestamp, Week};

use super::dice::Dice;

pub(super) const ZONE: Tz = Tz::Europe__Berlin;
/// Weeks in a cadence, and how many of the running one are complete.
pub(super) const CADENCE_WEEKS: i64 = 10;
pub(super) const WEEKS_INTO_CADENCE: i64 = 7;

const MINUTE_MS: i64 = 60_000;
/// Work is moved between 8:30 and 17:30.
const MORNING: usize = 8 * 60 + 30;
const WORKDAY: usize = 9 * 60;

/// The span of the story. Weeks are counted backwards: week 0 begins with the Monday of the week
/// that contains `now`, week 1 a week before.
#[derive(Debug, Clone, Copy)]
pub(super) struct Calendar {
    pub(super) now: Timestamp,
    monday: NaiveDate,
    weeks: i64,
}

impl Calendar {
    pub(super) fn new(now: Timestamp, weeks: i64) -> Self {
        Self { now, monday: Week::of(now, ZONE).monday(), weeks }
    }

    /// The Monday `ago` weeks before the week of now.
    pub(super) fn monday(&self, ago: i64) -> NaiveDate {
        let days = Days::new(7 * ago.unsigned_abs());
        if ago < 0 { self.monday + days } else { self.monday - days }
    }

    /// Monday 00:00 local, `ago` weeks before the week of now.
    pub(super) fn week(&self, ago: i64) -> Timestamp {
        start_of_day(self.monday(ago), ZONE)
    }

    /// How many weeks before week 0 an instant lies; negative in the week of now.
    pub(super) fn weeks_ago(&self, at: Timestamp) -> f64 {
        self.week(0).days_since(at) / 7.0
    }

    /// The last steps lie a few minutes back, so that what a tracker adds to them is past, too.
    pub(super) fn latest(&self) -> Timestamp {
        self.now.plus_millis(-10 * MINUTE_MS)
    }

    /// When the teams started.
    pub(super) fn start(&self) -> Timestamp {
        self.week(self.weeks)
    }

    pub(super) fn weeks(&self) -> i64 {
        self.weeks
    }

    /// The first day of a cadence that began before the story.
    pub(super) fn cadence_anchor(&self) -> NaiveDate {
        self.monday(WEEKS_INTO_CADENCE + 10 * CADENCE_WEEKS)
    }

    /// `days` after `after`, at some time of a working day, always later than `after`.
    pub(super) fn later(&self, after: Timestamp, days: f64, dice: &mut Dice) -> Timestamp {
        let rough = after.plus_millis((days * DAY_MS as f64) as i64);
        let at = at_work(working_day(local_day(rough)), dice);
        let soon = 5 * MINUTE_MS + (dice.below(35) as i64) * MINUTE_MS;
        at.max(after.plus_millis(soon + 1000 * dice.below(60) as i64))
    }

    /// A working time `days` before `before` or a little earlier, at the latest an hour before it.
    pub(super) fn earlier(&self, before: Timestamp, days: f64, dice: &mut Dice) -> Timestamp {
        let rough = before.plus_millis(-(days * DAY_MS as f64) as i64);
        let at = at_work(working_day(local_day(rough)), dice);
        at.min(before.plus_millis(-(60 + dice.below(60) as i64) * MINUTE_MS))
    }

    /// A time on the weekday `day` (0 is Monday) of the week `ago`.
    pub(super) fn on(&self, ago: i64, day: u64, dice: &mut Dice) -> Timestamp {
        at_work(self.monday(ago) + Days::new(day), dice)
    }

    /// A fixed local hour on the weekday `day` of the week `ago`.
    pub(super) fn at_hour(&self, ago: i64, day: u64, hour: u32) -> Timestamp {
        let civil = (self.monday(ago) + Days::new(day)).and_hms_opt(hour, 0, 0);
        first_instant(civil.expect("every hour given here exists"), ZONE)
    }
}

fn local_day(at: Timestamp) -> NaiveDate {
    at.to_utc().with_timezone(&ZONE).date_naive()
}

fn working_day(day: NaiveDate) -> NaiveDate {
    match day.weekday() {
        Weekday::Sat => day + Days::new(2),
        Weekday::Sun => day + Days::new(1),
        _ => day,
    }
}

fn at_work(day: NaiveDate, dice: &mut Dice) -> Timestamp {
    let minute = (MORNING + dice.below(WORKDAY)) as i64;
    let second = dice.below(60) as i64;
    start_of_day(day, ZONE).plus_millis(minute * MINUTE_MS + second * 1000)
}
