//! Reads tables of a TOML file key by key, with the place of every value, and notes every
//! problem instead of stopping at the first one.
//!
//! Each key that a declaration asks for is remembered, so that [`Fields::finish`] can refuse the
//! rest and name the key that was probably meant.

use std::collections::BTreeMap;

use chrono::{NaiveDate, NaiveDateTime, NaiveTime};
use chrono_tz::Tz;
use toml::Spanned;
use toml::de::{DeTable, DeValue};
use toml::value::{Datetime, Offset};

use super::problems::{Log, Span};
use super::refusals;
use crate::model::period::{first_instant, start_of_day};
use crate::model::{Period, Timestamp};

/// What every part of the reader shares.
#[derive(Clone, Copy)]
pub(super) struct Context<'d> {
    pub(super) log: &'d Log,
    /// The zone in which dates without a time begin.
    pub(super) zone: Tz,
}

/// A string and its place.
#[derive(Debug, Clone)]
pub(super) struct Text<'d> {
    pub(super) value: &'d str,
    pub(super) span: Span,
}

/// A value and its place.
#[derive(Clone)]
pub(super) struct Value<'d> {
    pub(super) value: &'d DeValue<'d>,
    pub(super) span: Span,
}

/// A table that is being read.
pub(super) struct Fields<'d> {
    pub(super) cx: Context<'d>,
    /// The place to name when something is missing: the table's header or its braces.
    pub(super) span: Span,
    /// What the table declares, for messages: `team`.
    what: &'static str,
    entries: BTreeMap<&'d str, (Span, Value<'d>)>,
    asked: Vec<&'static str>,
}

impl<'d> Fields<'d> {
    pub(super) fn new(
        cx: Context<'d>,
        what: &'static str,
        table: &'d DeTable<'d>,
        span: Span,
    ) -> Self {
        let entries = table
            .iter()
            .map(|(key, value)| {
                let name: &str = key.get_ref();
                (name, (key.span(), Value { value: value.get_ref(), span: value.span() }))
            })
            .collect();
        Self { cx, span, what, entries, asked: Vec::new() }
    }

    /// Takes a key out of the table. Whatever it holds is accepted.
    pub(super) fn take(&mut self, key: &'static str) -> Option<Value<'d>> {
        self.asked.push(key);
        self.entries.remove(key).map(|(_, value)| value)
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.entries.contains_key(key)
    }

    /// A non-empty string, if the key is there.
    pub(super) fn text(&mut self, key: &'static str) -> Option<Text<'d>> {
        let value = self.take(key)?;
        value.text(self.cx, key)
    }

    /// A non-empty string that must be there.
    pub(super) fn need_text(&mut self, key: &'static str) -> Option<Text<'d>> {
        if !self.has(key) {
            self.missing(key);
        }
        self.text(key)
    }

    pub(super) fn flag(&mut self, key: &'static str) -> bool {
        let Some(value) = self.take(key) else { return false };
        value.value.as_bool().unwrap_or_else(|| {
            value.wrong(self.cx, key, "true or false");
            false
        })
    }

    pub(super) fn number(&mut self, key: &'static str) -> Option<(f64, Span)> {
        let value = self.take(key)?;
        value.number(self.cx, key).map(|number| (number, value.span))
    }

    /// The tables of `[[key]]`, or of an array of inline tables.
    pub(super) fn tables(&mut self, key: &'static str) -> Vec<Fields<'d>> {
        self.take(key).map_or_else(Vec::new, |value| value.tables(self.cx, key))
    }

    /// The table of `[key]`, or an inline table.
    pub(super) fn table(&mut self, key: &'static str) -> Option<Fields<'d>> {
        let value = self.take(key)?;
        let Some(table) = value.value.as_table() else {
            value.wrong(self.cx, key, "a table");
            return None;
        };
        Some(Fields::new(self.cx, key, table, value.span))
    }

    /// An array of non-empty strings; empty when the key is absent.
    pub(super) fn texts(&mut self, key: &'static str) -> Vec<Text<'d>> {
        self.take(key).map_or_else(Vec::new, |value| value.texts(self.cx, key))
    }

    /// `from` and `until` as a period; all of time when both are absent.
    pub(super) fn period(&mut self) -> Period {
        let from = self.instant("from").map_or(Timestamp::MIN, |(at, _)| at);
        let Some((until, span)) = self.instant("until") else {
            return Period::new(from, Timestamp::MAX);
        };
        if until <= from {
            let what = self.what;
            self.cx.log.add(
                &span,
                format!("`until` is not after `from` in this {what}, so it would never be valid."),
                "Give `until` a later day, or swap the two.",
            );
            return Period::new(from, Timestamp::MAX);
        }
        Period::new(from, until)
    }

    /// A day (its first instant in the portfolio's zone) or an instant.
    pub(super) fn instant(&mut self, key: &'static str) -> Option<(Timestamp, Span)> {
        let value = self.take(key)?;
        let at = value.value.as_datetime().and_then(|at| instant(at, self.cx.zone));
        if at.is_none() {
            value.wrong(self.cx, key, "a date such as 2026-03-01, without quotation marks");
        }
        at.map(|at| (at, value.span))
    }

    pub(super) fn date(&mut self, key: &'static str) -> Option<NaiveDate> {
        let value = self.take(key)?;
        let found = value.value.as_datetime().filter(|at| at.time.is_none()).and_then(date);
        if found.is_none() {
            value.wrong(self.cx, key, "a date such as 2026-01-05, without quotation marks");
        }
        found
    }

    pub(super) fn missing(&self, key: &str) {
        self.cx.log.add(
            &self.span,
            format!("This {} has no `{key}`.", self.what),
            format!("Add a line `{key} = ...`; the sample file explains it."),
        );
    }

    /// Every entry, for tables whose keys are names (`shares`).
    pub(super) fn into_entries(self) -> Vec<(Text<'d>, Value<'d>)> {
        self.entries
            .into_iter()
            .map(|(name, (span, value))| (Text { value: name, span }, value))
            .collect()
    }

    /// Refuses every key that nobody asked for.
    pub(super) fn finish(self) {
        for (key, (span, _)) in &self.entries {
            if let Some(reason) = refusals::key(key) {
                let mend = "Take the key out; no other one stands for it.";
                self.cx.log.add(span, format!("`{key}` cannot be declared: {reason}"), mend);
                continue;
            }
            let mut known = self.asked.clone();
            known.sort_unstable();
            known.dedup();
            let mend = match nearest(key, &known) {
                Some(near) => format!("Did you mean `{near}`?"),
                None => format!("The keys are: {}.", known.join(", ")),
            };
            self.cx.log.add(span, format!("`{key}` is not a key of this {}.", self.what), mend);
        }
    }
}

impl<'d> Value<'d> {
    pub(super) fn wrong(&self, cx: Context<'_>, key: &str, wanted: &str) {
        let found = self.value.type_str();
        cx.log.add(
            &self.span,
            format!("`{key}` is of type {found} here."),
            format!("It must be {wanted}."),
        );
    }

    pub(super) fn text(&self, cx: Context<'_>, key: &str) -> Option<Text<'d>> {
        let Some(text) = self.value.as_str() else {
            self.wrong(cx, key, "a string in quotation marks");
            return None;
        };
        if text.trim().is_empty() {
            cx.log.add(
                &self.span,
                format!("`{key}` is empty."),
                "Write something, or take it out.",
            );
            return None;
        }
        Some(Text { value: text, span: self.span.clone() })
    }

    pub(super) fn number(&self, cx: Context<'_>, key: &str) -> Option<f64> {
        let digits = match self.value {
            DeValue::Integer(integer) => integer.as_str(),
            DeValue::Float(float) => float.as_str(),
            _ => "",
        };
        let number = digits.parse::<f64>().ok().filter(|number| number.is_finite());
        if number.is_none() {
            self.wrong(cx, key, "a finite number such as 0.4");
        }
        number
    }

    pub(super) fn array(&self, cx: Context<'_>, key: &str) -> &'d [Spanned<DeValue<'d>>] {
        let Some(array) = self.value.as_array() else {
            self.wrong(cx, key, "a list in square brackets");
            return &[];
        };
        array
    }

    pub(super) fn tables(&self, cx: Context<'d>, key: &'static str) -> Vec<Fields<'d>> {
        // A list has a plural name, and messages are about one entry of it.
        let what = key.strip_suffix('s').unwrap_or(key);
        let mut tables = Vec::new();
        for item in self.array(cx, key) {
            let value = Value { value: item.get_ref(), span: item.span() };
            match value.value.as_table() {
                Some(table) => tables.push(Fields::new(cx, what, table, value.span)),
                None => value.wrong(cx, key, "a list of tables"),
            }
        }
        tables
    }

    pub(super) fn texts(&self, cx: Context<'d>, key: &str) -> Vec<Text<'d>> {
        let items = self.array(cx, key).iter();
        items
            .filter_map(|item| Value { value: item.get_ref(), span: item.span() }.text(cx, key))
            .collect()
    }
}

fn date(at: &Datetime) -> Option<NaiveDate> {
    let date = at.date?;
    NaiveDate::from_ymd_opt(i32::from(date.year), u32::from(date.month), u32::from(date.day))
}

fn instant(at: &Datetime, zone: Tz) -> Option<Timestamp> {
    let day = date(at)?;
    let Some(time) = at.time else { return Some(start_of_day(day, zone)) };
    let second = u32::from(time.second.unwrap_or(0)).min(59);
    let time = NaiveTime::from_hms_opt(u32::from(time.hour), u32::from(time.minute), second)?;
    let civil = NaiveDateTime::new(day, time);
    Some(match at.offset {
        None => first_instant(civil, zone),
        Some(Offset::Z) => Timestamp::from(civil.and_utc()),
        Some(Offset::Custom { minutes }) => {
            Timestamp::from(civil.and_utc()).plus_millis(-i64::from(minutes) * 60_000)
        }
    })
}

/// The known word that is at most two edits away from `word`, if there is one.
pub(crate) fn nearest<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    let reach = if word.chars().count() < 4 { 1 } else { 2 };
    known
        .iter()
        .map(|candidate| (edits(word, candidate), *candidate))
        .filter(|(distance, _)| *distance <= reach)
        .min()
        .map(|(_, candidate)| candidate)
}

/// How many characters have to be put in, taken out, changed, or swapped with their neighbour.
fn edits(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![(0..=b.len()).collect::<Vec<usize>>()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let changed = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = changed.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}
