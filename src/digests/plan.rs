//! What the settings plan of one digest: when, for whom, where to, in which forms.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::settings::{Digest as Settings, NO_CADENCE, Whom, whom};
use crate::channels::{Channel, Format};
use crate::model::Cadence;
use crate::schedule::Schedule;

pub(super) struct Plan {
    pub id: String,
    pub audience: String,
    pub whom: Whom,
    pub schedule: Schedule,
    pub channels: Vec<(String, Arc<dyn Channel>)>,
    /// What a folder receives.
    pub format: Vec<Format>,
    /// Everything that is rendered.
    pub rendered: BTreeSet<Format>,
    pub at_least_once: bool,
}

/// # Errors
/// A schedule or a channel cannot be read; the text names the digest.
pub(super) fn plan(
    settings: &Settings,
    cadence: Option<&Cadence>,
    open: &impl Fn(&str) -> Result<Arc<dyn Channel>, String>,
) -> Result<Plan, String> {
    let name = |problem: String| format!("digest `{}`: {problem}", settings.id);
    let channels = settings
        .to
        .iter()
        .map(|to| Ok((to.clone(), open(to).map_err(name)?)))
        .collect::<Result<Vec<(String, Arc<dyn Channel>)>, String>>()?;
    let needed = channels.iter().flat_map(|(_, channel)| channel.formats());
    let rendered = [Format::Md].iter().chain(&settings.format).chain(needed).copied().collect();
    let mut schedule = Schedule::parse(&settings.at).map_err(|error| name(error.to_string()))?;
    if settings.at_boundaries {
        let cadence = cadence.ok_or_else(|| name(NO_CADENCE.to_owned()))?;
        schedule = schedule.at_boundaries(cadence);
    }
    Ok(Plan {
        id: settings.id.clone(),
        audience: settings.audience.clone(),
        whom: whom(&settings.audience).map_err(name)?,
        schedule,
        channels,
        format: settings.format.clone(),
        rendered,
        at_least_once: settings.at_least_once,
    })
}
