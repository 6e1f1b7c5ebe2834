//! Jira's dates: `2021-09-06T04:34:26.239+0800` in the caller's profile zone, which RFC 3339 does
//! not allow, or a number of seconds or milliseconds.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};

use crate::model::Timestamp;

/// Numbers below this are seconds (it is the year 5138 in seconds and March 1973 in milliseconds).
const FIRST_MILLIS: i64 = 100_000_000_000;

/// Seconds or milliseconds since the Unix epoch: the bulk changelog documents the first and sends
/// the second.
#[must_use]
pub fn from_number(number: i64) -> Timestamp {
    let seconds = (-FIRST_MILLIS..FIRST_MILLIS).contains(&number);
    Timestamp::from_millis(if seconds { number * 1000 } else { number })
}

/// An instant in Jira's form or in RFC 3339, or a number in quotes. `None` when it is neither.
///
/// Written by hand, because a sync reads a hundred thousand of them.
#[must_use]
pub fn from_text(text: &str) -> Option<Timestamp> {
    if let Ok(number) = text.parse::<i64>() {
        return Some(from_number(number));
    }
    let (date, rest) = text.split_at_checked(10)?;
    let (time, rest) = rest.strip_prefix(['T', ' '])?.split_at_checked(8)?;
    let (fraction, zone) = match rest.strip_prefix('.') {
        Some(rest) => rest.split_at(rest.find(|c: char| !c.is_ascii_digit())?),
        None => ("", rest),
    };
    let civil = day(date)?.and_time(clock_time(time)?).and_utc().timestamp_millis();
    Some(Timestamp::from_millis(civil + millis(fraction)? - offset_minutes(zone)? * 60_000))
}

/// `yyyy-MM-dd`, or milliseconds as one example of the contract has them, as the start of the
/// next UTC day: a date without a time has passed only when its day is over.
#[must_use]
pub fn end_of_day(text: &str) -> Option<Timestamp> {
    let day = match text.parse::<i64>() {
        Ok(number) => from_number(number).to_utc().date_naive(),
        Err(_) => day(text.get(..10)?)?,
    };
    Some(Timestamp::from(day.succ_opt()?.and_time(NaiveTime::MIN).and_utc()))
}

/// The `Date` header of an answer (`Sun, 06 Nov 1994 08:49:37 GMT`).
#[must_use]
pub fn from_http(text: &str) -> Option<Timestamp> {
    let at = DateTime::parse_from_rfc2822(text).ok()?;
    Some(Timestamp::from(at.with_timezone(&Utc)))
}

fn day(text: &str) -> Option<NaiveDate> {
    let [year, month, day] = fields(text, '-')?;
    NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)
}

fn clock_time(text: &str) -> Option<NaiveTime> {
    let [hour, minute, second] = fields(text, ':')?;
    // A leap second is written 60 and counted as the second before it.
    NaiveTime::from_hms_opt(hour, minute, second.min(59))
}

fn fields(text: &str, separator: char) -> Option<[u32; 3]> {
    let mut parts = text.split(separator).map(number);
    let all = [parts.next()??, parts.next()??, parts.next()??];
    parts.next().is_none().then_some(all)
}

fn millis(fraction: &str) -> Option<i64> {
    let first = fraction.get(..fraction.len().min(3))?;
    let scale = [0, 100, 10, 1][first.len()];
    if first.is_empty() { Some(0) } else { Some(i64::from(number(first)?) * scale) }
}

/// `Z`, `+0800` or `+08:00`.
fn offset_minutes(zone: &str) -> Option<i64> {
    if zone == "Z" {
        return Some(0);
    }
    let sign = match zone.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (hours, minutes) = zone.get(1..)?.split_at_checked(2)?;
    let minutes = minutes.strip_prefix(':').unwrap_or(minutes);
    let whole = minutes.len() == 2;
    let (hours, minutes) = (i64::from(number(hours)?), i64::from(number(minutes)?));
    (whole && hours < 24 && minutes < 60).then_some(sign * (hours * 60 + minutes))
}

fn number(digits: &str) -> Option<u32> {
    digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let read = from_text(text).map(|at| at.to_string());
        assert_eq!(read.as_deref().unwrap_or("unreadable"), expected, "{text}");
    }

    #[test]
    fn every_form_that_jira_writes() {
        check("2021-09-06T04:34:26.239+0000", "2021-09-06T04:34:26.239Z");
        check("2022-07-16T06:29:49.427+0800", "2022-07-15T22:29:49.427Z");
        check("2021-08-25T10:06:27.5-0600", "2021-08-25T16:06:27.500Z");
        check("2021-08-25T10:06:27-06:30", "2021-08-25T16:36:27Z");
        check("2021-08-25T10:06:27.123456Z", "2021-08-25T10:06:27.123Z");
        check("1759080993142", "2025-09-28T17:36:33.142Z");
        check("1492070429", "2017-04-13T08:00:29Z");
        assert_eq!(from_number(1_492_070_429), from_number(1_492_070_429_000));
    }

    #[test]
    fn what_is_no_instant_is_unreadable() {
        for text in ["", "2021-09-06", "2021-13-06T04:34:26.239+0000", "2021-09-06T04:34:26.239"] {
            check(text, "unreadable");
        }
        check("2021-09-06T04:34:26.239+8", "unreadable");
        check("2021-09-06T04:34:26.239+٠٨00", "unreadable");
    }

    #[test]
    fn a_date_ends_with_its_utc_day() {
        let end = |text| end_of_day(text).map(|at| at.to_string());
        assert_eq!(end("2024-02-28").as_deref(), Some("2024-02-29T00:00:00Z"));
        assert_eq!(end("1759080993142").as_deref(), Some("2025-09-29T00:00:00Z"));
        assert_eq!(end("soon"), None);
    }

    proptest! {
        #[test]
        fn agrees_with_chrono(millis in 0_i64..4_102_444_800_000, zone in -14_i32..=14) {
            let offset = chrono::FixedOffset::east_opt(zone * 3600 + 900).unwrap();
            let at = Timestamp::from_millis(millis);
            let local = at.to_utc().with_timezone(&offset);
            let text = local.format("%Y-%m-%dT%H:%M:%S%.3f%z").to_string();
            prop_assert_eq!(from_text(&text), Some(at));
            prop_assert_eq!(from_text(&local.to_rfc3339()), Some(at));
        }

        #[test]
        fn never_panics(text in "\\PC*|[0-9T:.+-]{0,40}") {
            let _ = (from_text(&text), end_of_day(&text), from_http(&text));
        }
    }
}
