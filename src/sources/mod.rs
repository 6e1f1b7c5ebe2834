//! Where outcome measures are read: Prometheus, JSON documents over HTTP, CSV files.
//!
//! A source is asked with GETs only and gives samples or says in one sentence why it has none.
//! Nothing is guessed: an empty answer is a problem, never a zero, and of several series none is
//! chosen. What the portfolio file names holds no credential; those stand in the settings, by the
//! address that they are for.

mod csv;
mod document;
mod prometheus;
pub mod settings;
mod way;

use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono_tz::Tz;

use crate::model::{DAY_MS, Timestamp, start_of_day};
use crate::plain;
use crate::portfolio::{Outcome, OutcomeSource, is_range};
use crate::schedule::Schedule;
use crate::transport::{Limits, Transport, TransportError};
use csv::Columns;
use settings::{ConnectError, Credential};
use way::Way;

/// How far back firings of a schedule are looked for, in days.
const LOOK_BACK_DAYS: i64 = 400;
/// Points that a range query asks for.
const POINTS: i64 = 26;
/// The first Monday of the epoch: points of range queries lie whole steps from it.
const MONDAY_MS: i64 = 4 * DAY_MS;
/// Longest words of a server that are repeated.
const LONGEST_WORDS: usize = 160;
/// Largest answer or file, in bytes.
const LARGEST: usize = 8 << 20;

/// One value at one instant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    pub at: Timestamp,
    pub value: f64,
}

/// What a source gave.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Told {
    /// By instant, one for each.
    pub samples: Vec<Sample>,
    /// What could not be read beside them.
    pub problem: Option<String>,
}

/// Why a source gave nothing: one sentence with the next step.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SourceError {
    #[error(
        "the certificate of {host} is not trusted here ({reason}); name the certificate of its \
         authority as `ca` of a [[source]] in the settings"
    )]
    Untrusted { host: String, reason: String },
    #[error(transparent)]
    Transport(TransportError),
    #[error("{host} answers {status}{words}; {next}")]
    Refused { host: String, status: u16, words: String, next: &'static str },
    #[error("{place}: {problem}")]
    Unusable { place: String, problem: String },
}

impl From<TransportError> for SourceError {
    fn from(error: TransportError) -> Self {
        match error {
            TransportError::Untrusted { host, reason } => Self::Untrusted { host, reason },
            other => Self::Transport(other),
        }
    }
}

impl SourceError {
    fn unusable(place: &str, problem: impl Into<String>) -> Self {
        Self::Unusable { place: place.to_owned(), problem: problem.into() }
    }
}

enum Kind {
    Instant { way: Way, query: String },
    Range { way: Way, query: String, step: i64 },
    Document { way: Way, pointer: String, time: Option<String> },
    Table { way: Way, columns: Columns },
    File { path: PathBuf, shown: String, columns: Columns },
}

/// The source of one outcome measure, ready to be asked.
pub struct Source {
    pub measure: String,
    /// What its readings name as their source.
    pub label: String,
    schedule: Schedule,
    zone: Tz,
    kind: Kind,
}

impl Source {
    /// The newest instant up to `now` at which it was due; `None` when there was none for a year.
    #[must_use]
    pub fn due(&self, now: Timestamp) -> Option<Timestamp> {
        let after = now.plus_days(-LOOK_BACK_DAYS);
        self.schedule.newest(after, now, self.zone, 1).last().map(|tick| tick.at)
    }

    /// Asks the source for what was due at `tick`.
    ///
    /// # Errors
    /// It did not answer, refused, or gave nothing that could be a reading.
    pub async fn read(&self, tick: Timestamp, now: Timestamp) -> Result<Told, SourceError> {
        let mut told = match &self.kind {
            Kind::Instant { way, query } => {
                let url = way.with(&[("query", query), ("time", &seconds(tick))]);
                prometheus::samples(&way.name, &way.ask(url, prometheus::words).await?)?
            }
            Kind::Range { way, query, step } => {
                let (start, end) = grid(now, *step);
                let step = format!("{}s", step / 1000);
                let (start, end) = (seconds(start), seconds(end));
                let range =
                    [("query", query.as_str()), ("start", &start), ("end", &end), ("step", &step)];
                prometheus::samples(
                    &way.name,
                    &way.ask(way.with(&range), prometheus::words).await?,
                )?
            }
            Kind::Document { way, pointer, time } => {
                let body = way.ask(way.with(&[]), |_| None).await?;
                let time = time.as_deref();
                let sample = document::sample(&way.name, &body, pointer, time, now, self.zone)?;
                Told { samples: vec![sample], problem: None }
            }
            Kind::Table { way, columns } => {
                let body = way.ask(way.with(&[]), |_| None).await?;
                csv::samples(&way.name, &body, columns, self.zone)?
            }
            Kind::File { path, shown, columns } => {
                let body = csv::file(path, shown).await?;
                csv::samples(shown, &body, columns, self.zone)?
            }
        };
        self.settle(&mut told, now)?;
        Ok(told)
    }

    /// Sorts what was given; what lies in the future was not measured. Of several samples of one
    /// instant the last one counts.
    fn settle(&self, told: &mut Told, now: Timestamp) -> Result<(), SourceError> {
        let given = told.samples.len();
        told.samples.retain(|sample| sample.at <= now);
        let future = given - told.samples.len();
        if future > 0 && told.samples.is_empty() {
            let problem = "every value lies in the future; check the clock and the times there";
            return Err(SourceError::unusable(&self.label, problem));
        }
        if future > 0 && told.problem.is_none() {
            told.problem = Some(format!(
                "{}: {future} of {given} values lie in the future and were left out",
                self.label
            ));
        }
        told.samples.reverse();
        told.samples.sort_by_key(|sample| sample.at);
        told.samples.dedup_by_key(|sample| sample.at);
        Ok(())
    }
}

/// What the client of sources grants: a value is small, and the one after it waits.
#[must_use]
pub fn limits() -> Limits {
    Limits {
        read: Duration::from_secs(10),
        total: Duration::from_secs(20),
        body: LARGEST,
        backoff: vec![Duration::from_secs(1)],
        longest_wait: Duration::from_secs(10),
        ..Limits::default()
    }
}

/// Makes the sources of all measures that are asked; reads the secrets of those that need one. A
/// relative path of a CSV file starts at `folder`.
///
/// # Errors
/// An address that cannot be asked, a secret that is not where the settings say.
pub fn connect(
    outcomes: &[Outcome],
    zone: Tz,
    folder: &Path,
    credentials: &[Credential],
    transport: &Transport,
) -> Result<Vec<Source>, ConnectError> {
    let mut sources = Vec::new();
    for outcome in outcomes {
        let Some(schedule) = outcome.schedule() else { continue };
        let measure = outcome.measure.id.clone();
        let way = |address: &str| Way::new(&measure, address, credentials, transport);
        let kind = match &outcome.source {
            OutcomeSource::Push => continue,
            OutcomeSource::Prometheus { url, query, step_days } => {
                let (way, query) = (way(url)?, query.clone());
                match is_range(url) {
                    true => Kind::Range { way, query, step: i64::from(*step_days) * DAY_MS },
                    false => Kind::Instant { way, query },
                }
            }
            OutcomeSource::Json { url, pointer, time } => {
                Kind::Document { way: way(url)?, pointer: pointer.clone(), time: time.clone() }
            }
            OutcomeSource::Csv { at, time, value } => {
                let columns = Columns { time: time.clone(), value: value.clone() };
                if at.contains("://") {
                    Kind::Table { way: way(at)?, columns }
                } else {
                    Kind::File { path: folder.join(at), shown: at.clone(), columns }
                }
            }
        };
        let label = outcome.source.told();
        sources.push(Source { measure, label, schedule, zone, kind });
    }
    Ok(sources)
}

/// The first and the last of the newest points at whole steps, UTC.
fn grid(now: Timestamp, step: i64) -> (Timestamp, Timestamp) {
    let end = (now.millis() - MONDAY_MS).div_euclid(step) * step + MONDAY_MS;
    (Timestamp::from_millis(end - (POINTS - 1) * step), Timestamp::from_millis(end))
}

/// An instant as Prometheus writes it.
fn seconds(at: Timestamp) -> String {
    format!("{}.{:03}", at.millis().div_euclid(1000), at.millis().rem_euclid(1000))
}

/// Unix seconds, with a fraction.
fn of_seconds(seconds: f64) -> Option<Timestamp> {
    let millis = (seconds * 1000.0).round();
    (millis.abs() < 1e14).then(|| Timestamp::from_millis(millis as i64))
}

/// An instant as RFC 3339 has it, or a day: its first instant in the portfolio's zone.
fn instant(text: &str, zone: Tz) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(day) = chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        return Some(start_of_day(day, zone));
    }
    Timestamp::parse(text).ok()
}

/// The words of a server, in one line and cut short.
fn shortened(words: &str) -> String {
    let line = plain::line(words);
    let mut cut: String = line.chars().take(LONGEST_WORDS).collect();
    if cut.len() < line.len() {
        cut.push_str("...");
    }
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    #[test]
    fn points_of_a_range_lie_on_one_grid_whenever_it_is_asked() {
        let week = 7 * DAY_MS;
        let (start, end) = grid(at("2026-06-17T13:00:00Z"), week);
        assert_eq!(end, at("2026-06-15T00:00:00Z"), "a Monday");
        assert_eq!(start, end.plus_days(-25 * 7));
        assert_eq!(grid(at("2026-06-15T00:00:00Z"), week), (start, end));
        assert_eq!(grid(at("2026-06-14T23:59:59Z"), week).1, end.plus_days(-7));
        assert_eq!(grid(at("2026-06-17T13:00:00Z"), DAY_MS).1, at("2026-06-17T00:00:00Z"));
        assert_eq!(seconds(at("2026-06-15T00:00:00.250Z")), "1781481600.250");
    }

    #[test]
    fn days_begin_in_the_zone_of_the_portfolio() {
        let berlin = Tz::Europe__Berlin;
        assert_eq!(instant("2026-06-15", berlin), Some(at("2026-06-14T22:00:00Z")));
        assert_eq!(instant(" 2026-06-15T06:00:00+02:00", berlin), Some(at("2026-06-15T04:00:00Z")));
        for wrong in ["", "15.06.2026", "2026-13-01", "yesterday", "1781481600"] {
            assert_eq!(instant(wrong, berlin), None, "{wrong}");
        }
    }
}
