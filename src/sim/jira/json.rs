//! Writing JSON text directly: the simulated site must never be what a sync waits for.

use std::io::Write;

use chrono::{DateTime, Datelike, Offset, TimeZone, Timelike};
use chrono_tz::Tz;

use crate::model::Timestamp;

/// Appends `"name":`, with a comma unless it opens the object.
pub(super) fn name(out: &mut Vec<u8>, name: &str) {
    comma(out);
    text(out, name);
    out.push(b':');
}

/// Appends a comma unless an object or array has just been opened.
pub(super) fn comma(out: &mut Vec<u8>) {
    if !matches!(out.last(), Some(b'{' | b'[') | None) {
        out.push(b',');
    }
}

/// Appends an escaped string.
pub(super) fn text(out: &mut Vec<u8>, text: &str) {
    serde_json::to_writer(out, text).expect("a string is always writable to memory");
}

pub(super) fn optional(out: &mut Vec<u8>, value: Option<&str>) {
    match value {
        Some(value) => text(out, value),
        None => out.extend_from_slice(b"null"),
    }
}

/// Appends `"name":"value"`.
pub(super) fn member(out: &mut Vec<u8>, key: &str, value: &str) {
    name(out, key);
    text(out, value);
}

/// Appends formatted text as it is.
pub(super) fn raw(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("memory takes every write");
}

/// Appends `[fragment,fragment]`.
pub(super) fn array<'a>(out: &mut Vec<u8>, fragments: impl Iterator<Item = &'a str>) {
    out.push(b'[');
    for fragment in fragments {
        comma(out);
        out.extend_from_slice(fragment.as_bytes());
    }
    out.push(b']');
}

/// Appends an instant as Jira writes it: milliseconds, and an offset without a colon in the
/// caller's zone.
pub(super) fn instant(out: &mut Vec<u8>, at: Timestamp, zone: Tz) {
    let local = zone.from_utc_datetime(&at.to_utc().naive_utc());
    raw(
        out,
        format_args!(
            "\"{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}{}\"",
            local.year(),
            local.month(),
            local.day(),
            local.hour(),
            local.minute(),
            local.second(),
            local.timestamp_subsec_millis(),
            offset(&local)
        ),
    );
}

fn offset(local: &DateTime<Tz>) -> String {
    let seconds = local.offset().fix().local_minus_utc();
    let (sign, minutes) = (if seconds < 0 { '-' } else { '+' }, seconds.abs() / 60);
    format!("{sign}{:02}{:02}", minutes / 60, minutes % 60)
}
