//! `[[digest]]` of `streamgauge.toml`.

use serde::Deserialize;

use crate::channels::{self, Format, Target};
use crate::schedule::Schedule;
use crate::signals::Scope;

/// One scheduled digest, as written.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Digest {
    pub id: String,
    /// `portfolio`, `stream:ID` or `team:ID`.
    #[serde(rename = "for")]
    pub audience: String,
    /// Five cron fields in the portfolio's time zone.
    pub at: String,
    /// Only the first of these times after each boundary of the portfolio's cadence.
    #[serde(default)]
    pub at_boundaries: bool,
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

/// Who reads a digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whom {
    Scope(Scope),
    /// A team by its id: its own page, for channels that are its alone.
    Team(String),
}

/// What a digest at boundaries lacks without a cadence.
pub const NO_CADENCE: &str = "`at_boundaries` needs a boundary: declare a [[cadence]] in the \
                              portfolio file, or leave it out";

/// Markdown for readers, JSON for scripts.
pub(super) fn default_format() -> Vec<Format> {
    vec![Format::Md, Format::Json]
}

impl Digest {
    /// `channels` are the ids of those that are declared, each with the team whose own it is.
    ///
    /// # Errors
    /// The key at fault, and a sentence with the mend.
    pub fn check(&self, channels: &[(&str, Option<&str>)]) -> Result<(), (&'static str, String)> {
        Schedule::parse(&self.at).map_err(|error| ("at", format!("at: {error}")))?;
        whom(&self.audience).map_err(|problem| ("for", format!("for: {problem}")))?;
        if self.to.is_empty() {
            let problem = "`to` is empty: name at least one channel, such as \"file:digests\"";
            return Err(("to", problem.into()));
        }
        for target in &self.to {
            let declared = channels.iter().find(|(id, _)| id == target);
            if Target::parse(target).is_none() && declared.is_none() {
                return Err(("to", channels::unknown(target, channels.iter().map(|(id, _)| *id))));
            }
            self.belongs(target, declared.and_then(|(_, team)| *team))?;
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
        Ok(())
    }

    /// What is a team's goes to a channel that is the team's alone, and nothing else goes there.
    fn belongs(&self, target: &str, owner: Option<&str>) -> Result<(), (&'static str, String)> {
        let problem = match (self.audience.strip_prefix("team:"), owner) {
            (Some(team), owner) if owner != Some(team) => format!(
                "to: `{target}` is not the team's own: write `team = \"{team}\"` in its \
                 [[channel]], which then takes nothing else"
            ),
            (None, Some(team)) => format!(
                "to: `{target}` belongs to the team `{team}` and takes that team's digests only"
            ),
            _ => return Ok(()),
        };
        Err(("to", problem))
    }
}

/// `portfolio`, `stream:ID` or `team:ID`.
///
/// # Errors
/// A sentence with the forms there are.
pub fn whom(audience: &str) -> Result<Whom, String> {
    match audience.split_once(':') {
        None if audience == "portfolio" => Ok(Whom::Scope(Scope::Portfolio)),
        Some(("stream", id)) if !id.is_empty() => Ok(Whom::Scope(Scope::Stream(id.to_owned()))),
        Some(("team", id)) if !id.is_empty() => Ok(Whom::Team(id.to_owned())),
        _ => Err(format!(
            "\"{audience}\" is no audience: write \"portfolio\", \"stream:ID\" or \"team:ID\""
        )),
    }
}
