//! Lookup data: statuses with their categories, released versions, and the site's schema.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::super::{Catalogue, TrackerError};
use super::Jira;
use super::answer::Answer;
use super::client::Client;
use super::dates;
use super::discover::segment;
use super::schema::Schema;
use super::wire::{Text, read};
use crate::model::{Named, Precision, Release, StatusEntry};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    #[serde(borrow)]
    name: Option<Text<'a>>,
    #[serde(borrow)]
    status_category: Option<StatusCategory<'a>>,
}

#[derive(Deserialize)]
struct StatusCategory<'a> {
    #[serde(borrow)]
    key: Text<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Version<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    #[serde(borrow)]
    name: Option<Text<'a>>,
    released: Option<bool>,
    #[serde(borrow)]
    release_date: Option<Text<'a>>,
}

impl Jira {
    /// Nothing unless `full`: statuses rarely change, and what a pull saves on them it spends on
    /// the proof that an empty list was not a stranger's.
    pub(super) async fn lookups(&self, full: bool) -> Result<Catalogue, TrackerError> {
        let mut catalogue = Catalogue::default();
        if full {
            self.schema.renew(self.ask_schema()).await?;
            catalogue.statuses = statuses(&self.client).await?;
            for project in self.scopes.keys() {
                catalogue.releases.extend(versions(&self.client, project).await?);
            }
            catalogue.releases.sort();
        }
        Ok(catalogue)
    }

    /// What the site calls its fields and link types; asked once and with every full catalogue.
    pub(super) async fn schema(&self) -> Result<Arc<Schema>, TrackerError> {
        self.schema.get(self.ask_schema()).await
    }

    async fn ask_schema(&self) -> Result<Schema, TrackerError> {
        let read = |fields: &str, types: Option<&str>| {
            Schema::read(fields, types, &self.blocking, self.titles)
        };
        schema(&self.client, read).await
    }
}

/// The schema of a site, once it was asked for.
#[derive(Default)]
pub(super) struct KnownSchema(Mutex<Option<Arc<Schema>>>);

impl KnownSchema {
    /// The schema that is known; `ask` tells it the first time.
    pub async fn get(
        &self,
        ask: impl Future<Output = Result<Schema, TrackerError>>,
    ) -> Result<Arc<Schema>, TrackerError> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match known {
            Some(schema) => Ok(schema),
            None => self.renew(ask).await,
        }
    }

    /// What `ask` tells is known from now on.
    pub async fn renew(
        &self,
        ask: impl Future<Output = Result<Schema, TrackerError>>,
    ) -> Result<Arc<Schema>, TrackerError> {
        let schema = Arc::new(ask.await?);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&schema));
        Ok(schema)
    }
}

/// What the site calls its fields and link types, as `read` takes it.
pub(super) async fn schema(
    client: &Client,
    read: impl FnOnce(&str, Option<&str>) -> serde_json::Result<Schema>,
) -> Result<Schema, TrackerError> {
    let fields = client.get(&client.api("/field")).await?;
    let types = client.ask(Method::GET, &client.api("/issueLinkType"), Bytes::new()).await?;
    // Linking can be switched off; then there is nothing to read.
    let off = types.status == StatusCode::NOT_FOUND;
    let types = if off { None } else { Some(client.accept(types)?) };
    let types = types.as_ref().map(|answer| answer.text()).transpose()?;
    fields.read(|fields| read(fields, types))
}

/// All statuses of the site with their categories, sorted.
pub(super) async fn statuses(client: &Client) -> Result<Vec<StatusEntry>, TrackerError> {
    let answer = client.get(&client.api("/status")).await?;
    let mut statuses: Vec<StatusEntry> = rows::<Status<'_>>(&answer)?
        .into_iter()
        .map(|row| StatusEntry {
            status: naming(row.id, row.name),
            category: row
                .status_category
                .map_or_else(|| "undefined".to_owned(), |c| c.key.0.into_owned()),
        })
        .collect();
    statuses.sort();
    Ok(statuses)
}

/// The versions of a project. Of a released one the release date is read, of others no date.
pub(super) async fn versions(client: &Client, project: &str) -> Result<Vec<Release>, TrackerError> {
    let path = client.api(&format!("/project/{}/versions", segment(project)));
    let answer = client.ask(Method::GET, &path, Bytes::new()).await?;
    if answer.status == StatusCode::NOT_FOUND {
        // A project that cannot be seen must not keep the others from being read.
        tracing::warn!(project, "no versions: the project cannot be seen");
        return Ok(Vec::new());
    }
    let answer = client.accept(answer)?;
    let releases = rows::<Version<'_>>(&answer)?.into_iter().map(|row| {
        let date = row.release_date.filter(|_| row.released == Some(true));
        let released_at = date.and_then(|date| dates::end_of_day(&date));
        let precision = if released_at.is_some() { Precision::Inferred } else { Precision::Exact };
        let Named { id, name } = naming(row.id, row.name);
        Release { id, name, project: project.to_owned(), released_at, precision }
    });
    Ok(releases.collect())
}

/// The readable rows of a lookup list. An unreadable one describes no item, so it is told to the
/// log and not to the signals.
pub(super) fn rows<'a, T: Deserialize<'a>>(answer: &'a Answer) -> Result<Vec<T>, TrackerError> {
    let all = answer.read(serde_json::from_str::<Vec<&RawValue>>)?;
    let expected = all.len();
    let readable: Vec<T> = all.into_iter().filter_map(read).collect();
    if readable.len() < expected {
        let rows = expected - readable.len();
        tracing::warn!(place = answer.place(), rows, "left out rows that cannot be read");
    }
    Ok(readable)
}

pub(super) fn naming(id: Text<'_>, name: Option<Text<'_>>) -> Named {
    Named::new(id.0, name.map(|name| name.0.into_owned()).unwrap_or_default())
}
