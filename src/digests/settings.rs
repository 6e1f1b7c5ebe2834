//! `[[digest]]` of `streamgauge.toml`.

use serde::Deserialize;

use crate::channels::{self, Format, Target};
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
    /// Channels: `file:FOLDER`, `stdout`, or the id of a `[[channel]]`.
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
    /// `channels` are the ids of those that are declared.
    ///
    /// # Errors
    /// The key at fault, and a sentence with the mend.
    pub fn check(&self, channels: &[&str]) -> Result<(), (&'static str, String)> {
        Schedule::parse(&self.at).map_err(|error| ("at", format!("at: {error}")))?;
        if self.to.is_empty() {
            let problem = "`to` is empty: name at least one channel, such as \"file:digests\"";
            return Err(("to", problem.into()));
        }
        for target in &self.to {
            if Target::parse(target).is_none() && !channels.contains(&target.as_str()) {
                return Err(("to", channels::unknown(target, channels.iter().copied())));
            }
        }
        if self.format.is_empty() {
            let problem = "`format` is empty: name at least one of \"md\", \"html\" and \"json\"";
            return Err(("format", problem.into()));
        }
        if self.format.iter().any(|format| format.ending().is_none()) {
            let problem = "`format` names the files of a folder: \"md\", \"html\" and \"json\"; a \
                           channel has the form that its kind needs";
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
