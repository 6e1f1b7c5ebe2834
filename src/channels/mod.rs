//! Where digests go. A channel is one file with one `deliver` and a [`Class`]; its name before the
//! colon is the word that `to = ["file:digests"]` uses.

mod file;
mod stdout;

use std::path::PathBuf;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

/// A form of a digest; its name is the ending of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    Md,
    /// One file that mail programs can show.
    Html,
    /// The same structure, with the report behind it.
    Json,
}

impl Format {
    fn ending(self) -> &'static str {
        match self {
            Self::Md => "md",
            Self::Html => "html",
            Self::Json => "json",
        }
    }
}

/// A rendered digest on its way out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Stable name of this digest at this tick (`monday-2026-06-15T0700`); doubles as the
    /// idempotency key, so that a repeated delivery replaces itself.
    pub key: String,
    /// What a terminal shows.
    pub markdown: String,
    /// What a folder receives.
    pub files: Vec<(Format, String)>,
}

/// What delivering a message twice does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// The key collapses repeats, so a delivery of unknown outcome is simply repeated.
    ByKey,
    /// Every delivery is seen, so one of unknown outcome is a choice between none and two.
    Blind,
}

/// Where digests go.
#[async_trait]
pub trait Channel: Send + Sync {
    fn class(&self) -> Class;

    /// Hands the message over.
    ///
    /// # Errors
    /// The channel refused, or it is not known whether it took the message.
    async fn deliver(&self, message: &Message) -> Result<(), DeliveryError>;
}

/// A parsed `to` entry.
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
    /// # Errors
    /// A sentence that names the entry and the channels there are.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            Some(("file", folder)) if !folder.is_empty() => Ok(Self::File(PathBuf::from(folder))),
            None if text == "stdout" => Ok(Self::Stdout),
            _ => {
                Err(format!("to: `{text}` is not a channel; there are \"file:FOLDER\", \"stdout\""))
            }
        }
    }
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
