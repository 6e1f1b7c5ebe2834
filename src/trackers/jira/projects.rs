//! The projects of a connection: under the keys that are configured, under those that they have
//! now, and what a single read of an issue says of where it is.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::super::{Fate, TrackerError};
use super::answer::Answer;
use super::client::Client;
use super::discover::segment;
use super::wire::{self, Text};

/// What a single read of an issue asks for, to learn where it is.
pub const WHEREABOUTS: &str = "fields=project,archiveddate";

/// A project, as far as its standing goes.
#[derive(Debug, Deserialize)]
pub struct Project {
    key: String,
    pub archived: Option<bool>,
    pub deleted: Option<bool>,
}

impl Project {
    /// Archived, or in the bin.
    pub fn is_closed(&self) -> bool {
        self.archived == Some(true) || self.deleted == Some(true)
    }
}

/// The projects that are measured.
#[derive(Debug)]
pub struct Projects {
    /// As configured.
    keys: Vec<String>,
    /// The present keys by the configured ones, as answers told them.
    present: Mutex<BTreeMap<String, String>>,
}

impl Projects {
    pub fn new(keys: Vec<String>) -> Self {
        Self { keys, present: Mutex::default() }
    }

    /// The keys as configured.
    pub fn keys(&self) -> &[String] {
        &self.keys
    }

    /// A project by its present or former key; `None` when the account cannot see it.
    pub async fn find(
        &self,
        client: &Client,
        project: &str,
    ) -> Result<Option<Project>, TrackerError> {
        let path = client.api(&format!("/project/{}", segment(project)));
        let answer = client.ask(Method::GET, &path, Bytes::new()).await?;
        if answer.status == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        let found = client.accept(answer)?.read(serde_json::from_str::<Project>)?;
        let mut present = self.present.lock().unwrap_or_else(PoisonError::into_inner);
        present.insert(project.to_owned(), found.key.clone());
        drop(present);
        Ok(Some(found))
    }

    /// The present key of a project, as the last answer about it told it.
    pub fn present(&self, project: &str) -> Option<String> {
        self.present.lock().unwrap_or_else(PoisonError::into_inner).get(project).cloned()
    }

    /// Whether a project is one of ours under its configured or its present key. An issue that
    /// moved elsewhere is still readable by id and must leave.
    pub async fn hold(&self, client: &Client, project: &str) -> Result<bool, TrackerError> {
        let is_it = |key: &String| key.eq_ignore_ascii_case(project);
        if self.keys.iter().any(is_it) {
            return Ok(true);
        }
        let unknown: Vec<&String> = {
            let present = self.present.lock().unwrap_or_else(PoisonError::into_inner);
            if present.values().any(is_it) {
                return Ok(true);
            }
            self.keys.iter().filter(|key| !present.contains_key(*key)).collect()
        };
        for key in unknown {
            if self.find(client, key).await?.is_some_and(|found| is_it(&found.key)) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Nobody can tell which of the two it is.
pub fn unseen(client: &Client, project: &str) -> TrackerError {
    TrackerError::Refused(format!(
        "{name}: project {project} does not exist at {site}, or the account may not browse it; \
         correct `scopes` of connection `{name}` or give the account Browse Projects",
        name = client.connection(),
        site = client.site(),
    ))
}

/// Where a readable issue is, by an answer that holds [`WHEREABOUTS`].
pub fn fate(answer: &Answer) -> Result<Fate, TrackerError> {
    #[derive(Deserialize)]
    struct Issue<'a> {
        #[serde(borrow)]
        key: Text<'a>,
        #[serde(borrow)]
        fields: Fields<'a>,
    }

    #[derive(Deserialize)]
    struct Fields<'a> {
        #[serde(borrow)]
        project: wire::Project<'a>,
        /// When the issue was archived; null or absent if it was not.
        #[serde(default, borrow, rename = "archiveddate")]
        archived: Option<&'a RawValue>,
    }

    let Issue { key, fields } = answer.read(serde_json::from_str::<Issue<'_>>)?;
    if fields.archived.is_some_and(|date| date.get() != "null") {
        return Ok(Fate::Archived);
    }
    Ok(Fate::Here { key: key.0.into_owned(), project: fields.project.key.0.into_owned() })
}
