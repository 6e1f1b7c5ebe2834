//! Working days: how much work a calendar day holds, and when some days of work are over.

use chrono::{Datelike, Days, NaiveDate, Weekday};
use streamgauge::model::{DAY_MS, Timestamp};

use super::dice::Dice;

/// Weeks of history before a disturbance begins, and weekly digests after that.
pub const ONSET: usize = 70;
pub const DIGESTS: usize = 13;
/// Weeks of the whole story.
pub const WEEKS: usize = ONSET + DIGESTS;

const HOUR_MS: i64 = 3_600_000;
/// Work is done between 8:00 and 17:00.
const MORNING: i64 = 8 * HOUR_MS;
const WORKDAY: i64 = 9 * HOUR_MS;

#[derive(Debug)]
pub struct Calendar {
    /// Monday of week 0, in milliseconds.
    origin: i64,
    /// Work in each day: 1 on a usual working day.
    capacity: Vec<f64>,
    /// Work before each day.
    before: Vec<f64>,
}

impl Calendar {
    /// A story that begins on a Monday of some year; with holidays, the days around Christmas hold a
    /// tenth of the work, six summer weeks seven tenths, and eight days a year none.
    pub fn new(dice: &mut Dice, holidays: bool) -> Self {
        let monday =
            NaiveDate::from_ymd_opt(2024, 1, 1).unwrap() + Days::new(7 * dice.below(52) as u64);
        let days = 7 * (WEEKS + 60);
        let mut off: Vec<u32> = (0..8).map(|_| 1 + dice.below(365) as u32).collect();
        off.sort_unstable();
        let capacity = (0..days).map(|day| {
            let date = monday + Days::new(day as u64);
            let season = match (date.month(), date.day()) {
                (12, 22..) | (1, ..=3) => 0.1,
                (7, 13..) | (8, ..=23) => 0.7,
                _ => 1.0,
            };
            match date.weekday() {
                Weekday::Sat | Weekday::Sun => 0.0,
                _ if !holidays => 1.0,
                _ if off.contains(&date.ordinal()) => 0.0,
                _ => season,
            }
        });
        let capacity: Vec<f64> = capacity.collect();
        let mut sum = 0.0;
        let before = capacity.iter().map(|today| {
            let before = sum;
            sum += today;
            before
        });
        let before = before.collect();
        let origin = monday.and_hms_opt(0, 0, 0).unwrap().and_utc().timestamp_millis();
        Self { origin, capacity, before }
    }

    /// The instant at which `workdays` of work are over that begin at `at`.
    pub fn after(&self, at: i64, workdays: f64) -> i64 {
        let day = (((at - self.origin) / DAY_MS) as usize).min(self.capacity.len() - 1);
        let inside = (at - self.midnight(day) - MORNING).clamp(0, WORKDAY);
        let now = self.before[day] + self.capacity[day] * inside as f64 / WORKDAY as f64;
        let then = now + workdays.max(0.001);
        // The last day on which less was done: never one that holds no work.
        let day = self.before.partition_point(|before| *before <= then) - 1;
        let part = ((then - self.before[day]) / self.capacity[day].max(0.001)).min(1.0);
        (self.midnight(day) + MORNING + (part * WORKDAY as f64) as i64).max(at + 60_000)
    }

    fn midnight(&self, day: usize) -> i64 {
        self.origin + day as i64 * DAY_MS
    }

    /// An hour of a weekday (0 is Monday) of a week.
    pub fn at(&self, week: usize, day: i64, hour: i64) -> i64 {
        self.origin + (week as i64 * 7 + day) * DAY_MS + hour * HOUR_MS
    }

    /// The week of an instant; the last one for what comes later.
    pub fn week(&self, at: i64) -> usize {
        (((at - self.origin) / (7 * DAY_MS)).max(0) as usize).min(WEEKS + 8)
    }

    /// Weeks since the onset; negative before it.
    pub fn since_onset(&self, at: i64) -> f64 {
        (at - self.at(ONSET, 0, 0)) as f64 / (7 * DAY_MS) as f64
    }

    /// Six o'clock on the Monday after the n-th week since the onset, from 1.
    pub fn digest(&self, n: usize) -> Timestamp {
        Timestamp::from_millis(self.at(ONSET + n, 0, 6))
    }
}
