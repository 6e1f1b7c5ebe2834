//! `[[digest]]` of `streamgauge.toml`.

use serde::Deserialize;

use crate::channels::Target;
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
}

impl Digest {
    /// # Errors
    /// A sentence that names the key and the mend.
    pub fn check(&self) -> Result<(), String> {
        Schedule::parse(&self.at).map_err(|error| format!("at: {error}"))?;
        if self.to.is_empty() {
            return Err("`to` is empty: name at least one channel, such as \"file:digests\"".into());
        }
        for target in &self.to {
            Target::parse(target)?;
        }
        if self.audience != "portfolio" && !self.audience.starts_with("stream:") {
            return Err(format!(
                "for = \"{}\": write \"portfolio\" or \"stream:ID\"",
                self.audience
            ));
        }
        Ok(())
    }
}
