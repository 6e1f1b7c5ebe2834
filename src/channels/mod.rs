//! Where digests go. A channel is one file with one `deliver` and a [`Class`]. `to = [...]` of a
//! digest names it: `file:FOLDER` and `stdout` need nothing else, the others are declared as
//! `[[channel]]` and go by their id.

mod chat;
mod email;
mod file;
mod github;
mod http;
pub mod settings;
mod slack_bot;
mod stdout;
mod webhook;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::model::Timestamp;

/// A form of a digest. Those of files are named by the ending of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    #[serde(alias = "markdown")]
    Md,
    /// One file that mail programs can show.
    Html,
    /// The same structure, with the report behind it.
    Json,
    /// A message in Slack's blocks.
    Slack,
    /// A message with an adaptive card.
    Teams,
}

impl Format {
    /// The ending of its file; `None` for messages that are no files.
    #[must_use]
    pub fn ending(self) -> Option<&'static str> {
        match self {
            Self::Md => Some("md"),
            Self::Html => Some("html"),
            Self::Json => Some("json"),
            Self::Slack | Self::Teams => None,
        }
    }
}

/// A rendered digest on its way out. Every try sends the same bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Stable name of this digest at this tick (`monday-2026-06-15T0700`); doubles as the
    /// idempotency key, so that a repeated delivery replaces itself.
    pub key: String,
    /// One line, for a subject.
    pub title: String,
    /// The instant that it tells of.
    pub at: Timestamp,
    /// What was rendered: Markdown, and the forms that some channel of the digest needs.
    pub texts: BTreeMap<Format, String>,
    /// What a folder receives.
    pub files: Vec<Format>,
}

impl Message {
    /// What a terminal shows.
    #[must_use]
    pub fn markdown(&self) -> &str {
        self.texts.get(&Format::Md).map_or("", String::as_str)
    }

    /// A form that a channel cannot do without.
    fn needed(&self, channel: &str, format: Format) -> Result<&str, DeliveryError> {
        self.texts.get(&format).map(String::as_str).ok_or_else(|| DeliveryError {
            channel: channel.to_owned(),
            reason: "this digest was planned when the channel was of another kind; the next one \
                     has its form"
                .to_owned(),
            unsure: false,
        })
    }
}

/// What delivering a message twice does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// The key collapses repeats, or finds what was taken: a delivery of unknown outcome is simply
    /// repeated.
    ByKey,
    /// Every delivery is seen, so one of unknown outcome is a choice between none and two.
    Blind,
}

/// Where digests go.
#[async_trait]
pub trait Channel: Send + Sync {
    fn class(&self) -> Class;

    /// The forms that it sends, beside Markdown, which is always rendered.
    fn formats(&self) -> &'static [Format] {
        &[]
    }

    /// What would be sent, for a person to read. Secrets are left out.
    ///
    /// # Errors
    /// As for [`Channel::deliver`].
    fn preview(&self, message: &Message) -> Result<String, DeliveryError> {
        Ok(message.markdown().to_owned())
    }

    /// Hands the message over.
    ///
    /// # Errors
    /// The channel refused, or it is not known whether it took the message.
    async fn deliver(&self, message: &Message) -> Result<(), DeliveryError>;
}

/// The channels of the settings by their ids.
pub type Channels = BTreeMap<String, Arc<dyn Channel>>;

/// A channel that needs no declaration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A folder that receives `KEY.md`, `KEY.json` or `KEY.html`, as the digest's `format` says.
    File(PathBuf),
    Stdout,
}

/// Why a message was not delivered, or perhaps not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{channel}: {reason}")]
pub struct DeliveryError {
    pub channel: String,
    pub reason: String,
    /// It may have arrived all the same.
    pub unsure: bool,
}

impl Target {
    /// `None` when the text is no such channel; then it is the id of a declared one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text.split_once(':') {
            Some(("file", folder)) if !folder.is_empty() => Some(Self::File(PathBuf::from(folder))),
            None if text == "stdout" => Some(Self::Stdout),
            _ => None,
        }
    }
}

/// A sentence about a `to` that means nothing, with the channels there are.
#[must_use]
pub fn unknown<'a>(text: &str, declared: impl Iterator<Item = &'a str>) -> String {
    let known: String = declared.map(|id| format!(", \"{id}\"")).collect();
    format!("to: `{text}` is not a channel; there are \"file:FOLDER\", \"stdout\"{known}")
}

/// The channel that a `to` names.
///
/// # Errors
/// A sentence with the channels there are.
pub fn named(text: &str, declared: &Channels) -> Result<Arc<dyn Channel>, String> {
    if let Some(target) = Target::parse(text) {
        return Ok(Arc::new(target));
    }
    let found = declared.get(text).cloned();
    found.ok_or_else(|| unknown(text, declared.keys().map(String::as_str)))
}

#[async_trait]
impl Channel for Target {
    fn class(&self) -> Class {
        match self {
            Self::File(_) => Class::ByKey,
            Self::Stdout => Class::Blind,
        }
    }

    async fn deliver(&self, message: &Message) -> Result<(), DeliveryError> {
        match self {
            Self::File(folder) => file::deliver(folder, message),
            Self::Stdout => stdout::deliver(message),
        }
    }
}
