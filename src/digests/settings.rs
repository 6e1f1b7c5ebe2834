//! `[[digest]]` of `streamgauge.toml`.

use serde::Deserialize;

use crate::channels::{Format, Target};
use crate::schedule::Schedule;

/// One scheduled digest, as written.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Digest {
    pub id: String,
    /// `portfolio`, or `stream:ID`.
    #[serde(rename = "for")]
    pub audience: String,
    /// Five cron fields in the portfolio's time zone.
    pub at: String,
    /// Channels: `file:FOLDER` or `stdout`.
    pub to: Vec<String>,
    /// The files that a folder receives: `md`, `html`, `json`.
    #[serde(default = "default_format")]
    pub format: Vec<Format>,
    /// Whether a delivery is repeated of which nobody knows whether it arrived, on channels that
    /// cannot tell a repeat.
    #[serde(default)]
    pub at_least_once: bool,
}

/// Markdown for readers, JSON for scripts.
pub(super) fn default_format() -> Vec<Format> {
    vec![Format::Md, Format::Json]
}

impl Digest {
    /// # Errors
    /// The key at fault, and a sentence with the mend.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        Schedule::parse(&self.at).map_err(|error| ("at", format!("at: {error}")))?;
        if self.to.is_empty() {
            let problem = "`to` is empty: name at least one channel, such as \"file:digests\"";
            return Err(("to", problem.into()));
        }
        for target in &self.to {
            Target::parse(target).map_err(|problem| ("to", problem))?;
        }
        if self.format.is_empty() {
            let problem = "`format` is empty: name at least one of \"md\", \"html\" and \"json\"";
            return Err(("format", problem.into()));
        }
        let stream = self.audience.strip_prefix("stream:");
        if self.audience != "portfolio" && stream.is_none_or(str::is_empty) {
            let problem =
                format!("for: \"{}\": write \"portfolio\" or \"stream:ID\"", self.audience);
            return Err(("for", problem));
        }
        Ok(())
    }
}
