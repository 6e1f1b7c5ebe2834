//! The frozen content of a tick: what every try and every channel sends, byte for byte.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::compose::Digest;
use super::{html, json, markdown, slack, teams};
use crate::channels::{Format, Message};
use crate::model::Timestamp;
use crate::signals::Report;
use crate::signals::definitions::{Versions, first_versions};
use crate::store::DigestKey;

/// As it is stored.
#[derive(Serialize, Deserialize)]
pub(super) struct Content {
    pub as_of: String,
    pub known: String,
    pub audience: String,
    #[serde(default)]
    pub title: String,
    /// By which versions of the definitions it tells; what was planned before they were kept tells
    /// by the first ones.
    #[serde(default = "first_versions")]
    pub definitions: Versions,
    /// What a folder receives; what is not among it was not rendered.
    #[serde(default = "super::settings::default_format")]
    pub format: Vec<Format>,
    #[serde(flatten)]
    pub texts: BTreeMap<Format, String>,
}

/// Renders a digest in one form.
#[must_use]
pub fn rendered(format: Format, digest: &Digest, report: &Report) -> String {
    match format {
        Format::Md => markdown::render(digest),
        Format::Html => html::render(digest, Some(report)),
        Format::Json => json::render(digest, report),
        Format::Slack => slack::render(digest),
        Format::Teams => teams::render(digest),
    }
}

/// What goes to a channel.
pub(super) fn message(key: &DigestKey, content: &str) -> Result<Message, String> {
    let content: Content = serde_json::from_str(content)
        .map_err(|error| format!("the stored digest cannot be read: {error}"))?;
    let key = format!("{}-{}", key.digest, key.due.replace(':', ""));
    let Content { title, as_of, texts, format: files, .. } = content;
    let at = Timestamp::parse(&as_of)
        .map_err(|_| "the stored digest does not say of when it tells".to_owned())?;
    Ok(Message { key, title, at, texts, files })
}

/// The two clocks of a digest as it was sent, whom it was for, and by which definitions it told.
pub(super) struct SentMoment {
    pub as_of: Timestamp,
    pub known: Timestamp,
    pub audience: String,
    pub definitions: Versions,
}

pub(super) fn sent_moment(content: &str) -> Option<SentMoment> {
    let Content { as_of, known, audience, definitions, .. } = serde_json::from_str(content).ok()?;
    let (as_of, known) = (Timestamp::parse(&as_of).ok()?, Timestamp::parse(&known).ok()?);
    Some(SentMoment { as_of, known, audience, definitions })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_older_version_planned_is_sent() {
        let stored = r##"{"as_of":"2026-06-15T05:00:00Z","known":"2026-06-15T05:00:03Z",
            "audience":"portfolio","markdown":"# a","json":"{}","format":["md","json"]}"##;
        let key = |part: &str| part.to_owned();
        let key =
            DigestKey { digest: key("monday"), due: key("2026-06-15T07:00"), channel: key("c") };
        let message = message(&key, stored).unwrap();
        assert_eq!(message.markdown(), "# a");
        assert_eq!(message.texts[&Format::Json], "{}");
        assert_eq!(message.files, [Format::Md, Format::Json]);
        assert_eq!(message.key, "monday-2026-06-15T0700");
        assert_eq!(sent_moment(stored).unwrap().definitions, first_versions());
    }
}
