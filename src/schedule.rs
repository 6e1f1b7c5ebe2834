//! Five-field cron expressions in the civil time of a zone.
//!
//! The `cron` crate wants seconds first and counts Sunday as 1; Vixie cron has five fields, counts
//! Sunday as 0 or 7, and joins day-of-month and day-of-week with "or" when both are restricted.
//! Civil times are enumerated first and resolved to instants by us, so that `30 2 * * *` fires
//! once on the days on which clocks change: after the gap in spring, at the first 02:30 in autumn.

use std::collections::BTreeMap;
use std::str::FromStr;

use chrono::{NaiveDateTime, TimeZone, Utc};
use chrono_tz::Tz;

use crate::model::period::{first_instant, start_of_day};
use crate::model::{Cadence, Timestamp};

/// A parsed expression.
#[derive(Debug, Clone)]
pub struct Schedule {
    text: String,
    /// One schedule, or two that are joined with "or".
    parts: Vec<cron::Schedule>,
    /// Only the first firing at or after each of its boundaries counts.
    beat: Option<Cadence>,
}

/// One firing: what the clock on the wall reads, which is its identity, and the instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tick {
    pub at: Timestamp,
    pub civil: NaiveDateTime,
}

/// Why an expression is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a cron expression of five fields (minute hour day month weekday): {why}")]
pub struct ScheduleError {
    text: String,
    why: String,
}

impl Schedule {
    /// # Errors
    /// The text does not have five valid fields, or can never fire.
    pub fn parse(text: &str) -> Result<Self, ScheduleError> {
        let fail = |why: &str| ScheduleError { text: text.to_owned(), why: why.to_owned() };
        let fields: Vec<&str> = text.split_whitespace().collect();
        let [minute, hour, day, month, weekday] = fields[..] else {
            return Err(fail(&format!("it has {} fields", fields.len())));
        };
        let weekday = weekdays(weekday).map_err(|why| fail(&why))?;
        let either = !day.starts_with('*') && weekday != "*";
        let forms = if either {
            vec![
                format!("0 {minute} {hour} {day} {month} *"),
                format!("0 {minute} {hour} * {month} {weekday}"),
            ]
        } else {
            vec![format!("0 {minute} {hour} {day} {month} {weekday}")]
        };
        let parts = forms
            .iter()
            .map(|form| cron::Schedule::from_str(form).map_err(|e| fail(&e.to_string())))
            .collect::<Result<Vec<_>, _>>()?;
        let schedule = Self { text: text.to_owned(), parts, beat: None };
        // 2000-01-01: any expression that can fire does so within the 28-year calendar cycle.
        let start = Timestamp::from_millis(946_684_800_000);
        if schedule.next_after(start, Tz::UTC).is_none() {
            return Err(fail("it never fires"));
        }
        Ok(schedule)
    }

    /// The same, but once in each cadence: the first firing at or after its boundary.
    #[must_use]
    pub fn at_boundaries(mut self, cadence: &Cadence) -> Self {
        self.text = format!("{} at {}+{}d", self.text, cadence.anchor, cadence.days);
        self.beat = Some(cadence.clone());
        self
    }

    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The first firing strictly after `at`.
    #[must_use]
    pub fn next_after(&self, at: Timestamp, zone: Tz) -> Option<Tick> {
        let Some(cadence) = &self.beat else { return self.any_after(at, zone) };
        let mut number = cadence.number(at, zone);
        loop {
            let tick = self.first_of(cadence, number, zone)?;
            if tick.at > at {
                return Some(tick);
            }
            number += 1;
        }
    }

    /// The first firing of a cadence, by its number since the anchor.
    fn first_of(&self, cadence: &Cadence, number: i64, zone: Tz) -> Option<Tick> {
        let days = chrono::Duration::days(number.checked_mul(i64::from(cadence.days.max(1)))?);
        let boundary = start_of_day(cadence.anchor.checked_add_signed(days)?, zone);
        self.any_after(boundary.plus_millis(-1), zone)
    }

    fn any_after(&self, at: Timestamp, zone: Tz) -> Option<Tick> {
        // Two hours back: a civil time inside a gap resolves to an instant after it.
        let civil = at.to_utc().with_timezone(&zone).naive_local() - chrono::Duration::hours(3);
        let from = Utc.from_utc_datetime(&civil);
        self.parts
            .iter()
            .filter_map(|part| {
                part.after(&from).map(|t| resolve(t.naive_utc(), zone)).find(|tick| tick.at > at)
            })
            .min()
    }

    /// Firings in `(after, until]`, oldest first, at most `limit` of them.
    #[must_use]
    pub fn between(&self, after: Timestamp, until: Timestamp, zone: Tz, limit: usize) -> Vec<Tick> {
        let mut ticks: Vec<Tick> = Vec::new();
        let mut last = after;
        while ticks.len() < limit {
            let Some(tick) = self.next_after(last, zone).filter(|tick| tick.at <= until) else {
                break;
            };
            last = tick.at;
            ticks.push(tick);
        }
        ticks
    }
}

impl Schedule {
    /// The newest firings in `(after, until]`, oldest first, at most `limit` of them. Older ones
    /// are not looked at, however far `after` lies back.
    #[must_use]
    pub fn newest(&self, after: Timestamp, until: Timestamp, zone: Tz, limit: usize) -> Vec<Tick> {
        if let Some(cadence) = &self.beat {
            let numbers = (0..).map(|back| cadence.number(until, zone) - back);
            let firsts = numbers.map_while(|number| self.first_of(cadence, number, zone));
            let past = firsts.skip_while(|tick| tick.at > until);
            let mut own: Vec<Tick> = past.take_while(|tick| tick.at > after).take(limit).collect();
            own.reverse();
            own.dedup();
            return own;
        }
        // Later civil times than now's can have been: those that a gap skips, or that come twice.
        let civil = until.to_utc().with_timezone(&zone).naive_local() + chrono::Duration::hours(3);
        let from = Utc.from_utc_datetime(&civil);
        let mut found: BTreeMap<Timestamp, NaiveDateTime> = BTreeMap::new();
        for part in &self.parts {
            let mut own: BTreeMap<Timestamp, NaiveDateTime> = BTreeMap::new();
            for time in part.after(&from).rev() {
                let tick = resolve(time.naive_utc(), zone);
                if tick.at > until {
                    continue;
                }
                if tick.at <= after || own.len() > limit {
                    break;
                }
                // Several civil times in a gap are one firing, that of the first.
                own.insert(tick.at, tick.civil);
            }
            for (at, civil) in own {
                let first = found.entry(at).or_insert(civil);
                *first = civil.min(*first);
            }
        }
        let ticks: Vec<Tick> = found.into_iter().map(|(at, civil)| Tick { at, civil }).collect();
        ticks[ticks.len().saturating_sub(limit)..].to_vec()
    }
}

fn resolve(civil: NaiveDateTime, zone: Tz) -> Tick {
    Tick { at: first_instant(civil, zone), civil }
}

/// Vixie weekdays (0-7, Sunday = 0 or 7, or names) as the `cron` crate counts them (Sunday = 1).
fn weekdays(field: &str) -> Result<String, String> {
    if field == "*" || field == "?" {
        return Ok("*".to_owned());
    }
    let mut days = [false; 7];
    for part in field.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => {
                (range, step.parse::<usize>().ok().filter(|s| *s > 0).ok_or("bad step")?)
            }
            None => (part, 1),
        };
        let (from, to) = match range.split_once('-') {
            _ if range == "*" => (0, 6),
            Some((from, to)) => (weekday(from)?, weekday(to)?),
            None if step > 1 => (weekday(range)?, 6),
            None => (weekday(range)?, weekday(range)?),
        };
        if from > to {
            return Err(format!("weekday range {range} runs backwards"));
        }
        for day in (from..=to).step_by(step) {
            days[day % 7] = true;
        }
    }
    let listed: Vec<String> =
        (0..7).filter(|day| days[*day]).map(|day| (day + 1).to_string()).collect();
    Ok(listed.join(","))
}

fn weekday(text: &str) -> Result<usize, String> {
    const NAMES: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
    if let Some(found) = NAMES.iter().position(|name| name.eq_ignore_ascii_case(text)) {
        return Ok(found);
    }
    text.parse::<usize>()
        .ok()
        .filter(|day| *day <= 7)
        .ok_or_else(|| format!("`{text}` is not a weekday (0-7 or MON-SUN)"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticks(text: &str, zone: Tz, from: &str, until: &str) -> Vec<String> {
        let at = |t| Timestamp::parse(t).unwrap();
        Schedule::parse(text)
            .unwrap()
            .between(at(from), at(until), zone, 50)
            .iter()
            .map(|tick| format!("{} = {}", tick.civil, tick.at))
            .collect()
    }

    #[test]
    fn sunday_is_zero_and_seven_and_monday_is_one() {
        let week = ("2026-06-13T00:00:00Z", "2026-06-20T00:00:00Z");
        for text in ["0 7 * * 0", "0 7 * * 7", "0 7 * * SUN"] {
            let found = ticks(text, Tz::UTC, week.0, week.1);
            assert_eq!(found, ["2026-06-14 07:00:00 = 2026-06-14T07:00:00Z"], "{text}");
        }
        let found = ticks("0 7 * * MON", Tz::Europe__Berlin, week.0, week.1);
        assert_eq!(found, ["2026-06-15 07:00:00 = 2026-06-15T05:00:00Z"]);
    }

    #[test]
    fn a_skipped_time_fires_once_after_the_gap_and_a_doubled_time_once() {
        let berlin = Tz::Europe__Berlin;
        let spring = ticks("30 2 * * *", berlin, "2026-03-28T12:00:00Z", "2026-03-30T12:00:00Z");
        assert_eq!(
            spring,
            [
                "2026-03-29 02:30:00 = 2026-03-29T01:00:00Z",
                "2026-03-30 02:30:00 = 2026-03-30T00:30:00Z"
            ]
        );
        let autumn = ticks("30 2 * * *", berlin, "2026-10-24T12:00:00Z", "2026-10-26T12:00:00Z");
        assert_eq!(
            autumn,
            [
                "2026-10-25 02:30:00 = 2026-10-25T00:30:00Z",
                "2026-10-26 02:30:00 = 2026-10-26T01:30:00Z"
            ]
        );
    }

    #[test]
    fn restricted_day_and_weekday_are_joined_with_or() {
        let found = ticks("0 0 1 * FRI", Tz::UTC, "2026-05-30T00:00:00Z", "2026-06-06T00:00:00Z");
        assert_eq!(
            found,
            [
                "2026-06-01 00:00:00 = 2026-06-01T00:00:00Z",
                "2026-06-05 00:00:00 = 2026-06-05T00:00:00Z"
            ]
        );
    }

    #[test]
    fn every_day_of_every_zone_fires_once() {
        let schedule = Schedule::parse("30 2 * * *").unwrap();
        let (from, until) = (
            Timestamp::parse("2026-01-01T12:00:00Z").unwrap(),
            Timestamp::parse("2027-01-01T12:00:00Z").unwrap(),
        );
        for zone in chrono_tz::TZ_VARIANTS {
            let found = schedule.between(from, until, zone, 1000);
            let mut days: Vec<_> = found.iter().map(|tick| tick.civil.date()).collect();
            days.dedup();
            assert_eq!(days.len(), found.len(), "{zone}: a day fired twice");
            assert!((364..=366).contains(&found.len()), "{zone}: {} firings", found.len());
        }
    }

    #[test]
    fn the_newest_firings_are_the_last_of_all() {
        let at = |t| Timestamp::parse(t).unwrap();
        let spring = (at("2026-03-27T00:00:00Z"), at("2026-03-30T00:00:00Z"));
        let autumn = (at("2026-10-24T00:00:00Z"), at("2026-10-26T00:00:00Z"));
        let texts = ["*/7 * * * *", "10,30 2 * * *", "0 7 1 * FRI", "0 0 * * 0", "59 1,2,3 * * *"];
        for text in texts {
            let schedule = Schedule::parse(text).unwrap();
            for zone in [Tz::UTC, Tz::Europe__Berlin, Tz::Australia__Lord_Howe, Tz::Africa__Cairo] {
                for (from, end) in [spring, autumn] {
                    for minutes in (0..(end.millis() - from.millis()) / 60_000).step_by(97) {
                        let until = from.plus_millis(minutes * 60_000);
                        let all = schedule.between(from, until, zone, usize::MAX);
                        assert_eq!(schedule.newest(from, until, zone, usize::MAX - 1), all);
                        let last = all[all.len().saturating_sub(3)..].to_vec();
                        assert_eq!(schedule.newest(from, until, zone, 3), last, "{text} {zone}");
                    }
                }
            }
        }
        // A year of minutes is not walked through.
        let minutes = Schedule::parse("* * * * *").unwrap();
        let year = (at("2026-01-01T00:00:00Z"), at("2027-01-01T00:00:00Z"));
        assert_eq!(minutes.newest(year.0, year.1, Tz::UTC, 100).len(), 100);
    }

    #[test]
    fn once_in_each_cadence_is_the_first_firing_after_its_boundary() {
        let at = |t| Timestamp::parse(t).unwrap();
        let anchor = chrono::NaiveDate::from_ymd_opt(2026, 1, 5).unwrap();
        let pi = Cadence { id: "pi".into(), anchor, days: 70 };
        let (berlin, year) =
            (Tz::Europe__Berlin, (at("2026-01-01T00:00:00Z"), at("2027-01-01T00:00:00Z")));
        let daily = Schedule::parse("0 7 * * *").unwrap().at_boundaries(&pi);
        let all = daily.between(year.0, year.1, berlin, 100);
        let days: Vec<String> = all.iter().map(|tick| tick.civil.to_string()).collect();
        assert_eq!(
            days,
            [
                "2026-01-05 07:00:00",
                "2026-03-16 07:00:00",
                "2026-05-25 07:00:00",
                "2026-08-03 07:00:00",
                "2026-10-12 07:00:00",
                "2026-12-21 07:00:00"
            ]
        );
        assert_eq!(daily.newest(year.0, year.1, berlin, 100), all);
        assert_eq!(daily.newest(year.0, year.1, berlin, 2), all[4..]);
        assert_eq!(daily.newest(all[1].at, all[1].at.plus_days(60), berlin, 9), []);
        // A firing later in the week of the boundary; and one so rare that two share it.
        let friday = Schedule::parse("0 7 * * FRI").unwrap().at_boundaries(&pi);
        let first = friday.next_after(at("2026-03-16T00:00:00Z"), berlin).unwrap();
        assert_eq!(first.civil.to_string(), "2026-03-20 07:00:00");
        let yearly = Schedule::parse("0 7 31 12 *").unwrap().at_boundaries(&pi);
        assert_eq!(yearly.newest(year.0, year.1, berlin, 9).len(), 1);
    }

    #[test]
    fn bad_expressions_are_refused_with_a_reason() {
        for text in ["", "* * * *", "61 * * * *", "0 7 * * 8", "0 0 31 2 *", "0 7 * * FRI-MON"] {
            assert!(Schedule::parse(text).is_err(), "{text} was accepted");
        }
    }
}
