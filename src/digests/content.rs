//! The frozen content of a tick: what every try and every channel sends, byte for byte.

use serde::{Deserialize, Serialize};

use crate::channels::{Format, Message};
use crate::model::Timestamp;
use crate::store::DigestKey;

/// As it is stored.
#[derive(Serialize, Deserialize)]
pub(super) struct Content {
    pub as_of: String,
    pub known: String,
    pub audience: String,
    pub markdown: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub json: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub html: Option<String>,
    /// What a folder receives; what is not among it was not rendered.
    #[serde(default = "super::settings::default_format")]
    pub format: Vec<Format>,
}

/// What goes to a channel.
pub(super) fn message(key: &DigestKey, content: &str) -> Result<Message, String> {
    let content: Content = serde_json::from_str(content)
        .map_err(|error| format!("the stored digest cannot be read: {error}"))?;
    let name = format!("{}-{}", key.digest, key.due.replace(':', ""));
    let Content { markdown, json, html, .. } = content;
    let file = |format: &Format| {
        let text = match format {
            Format::Md => markdown.clone(),
            Format::Json => json.clone()?,
            Format::Html => html.clone()?,
        };
        Some((*format, text))
    };
    let files = content.format.iter().filter_map(file).collect();
    Ok(Message { key: name, markdown, files })
}

/// The two clocks of a digest as it was sent, and whom it was for.
#[must_use]
pub fn sent_moment(content: &str) -> Option<(Timestamp, Timestamp, String)> {
    let content: Content = serde_json::from_str(content).ok()?;
    Some((
        Timestamp::parse(&content.as_of).ok()?,
        Timestamp::parse(&content.known).ok()?,
        content.audience,
    ))
}
