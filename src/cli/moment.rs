//! `--as-of` and `--known`: a date or an instant.

use chrono::NaiveDate;
use chrono_tz::Tz;
use clap::Args;

use super::Failure;
use crate::gauge::Moment;
use crate::model::Timestamp;
use crate::model::period::start_of_day;

#[derive(Debug, Clone, Default, Args)]
pub(crate) struct MomentArgs {
    /// Count events before this instant only (2026-06-15, or 2026-06-15T06:00:00Z).
    #[arg(long, value_name = "TIME")]
    pub as_of: Option<String>,
    /// Use only what was known at this instant.
    #[arg(long, value_name = "TIME")]
    pub known: Option<String>,
}

impl MomentArgs {
    /// Dates begin at midnight in the portfolio's zone.
    pub(crate) fn read(&self, zone: Tz) -> Result<Moment, Failure> {
        Ok(Moment {
            as_of: instant("--as-of", self.as_of.as_deref(), zone)?,
            known: instant("--known", self.known.as_deref(), zone)?,
        })
    }
}

fn instant(flag: &str, text: Option<&str>, zone: Tz) -> Result<Option<Timestamp>, Failure> {
    let Some(text) = text else { return Ok(None) };
    if let Ok(day) = text.parse::<NaiveDate>() {
        return Ok(Some(start_of_day(day, zone)));
    }
    Timestamp::parse(text).map(Some).map_err(|_| {
        Failure::Usage(format!("{flag} {text}: write it as 2026-06-15 or 2026-06-15T06:00:00Z"))
    })
}
