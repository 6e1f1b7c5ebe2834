//! One client for each owner that needs a token of its own, and what a probe asks of them all.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::json;

use super::address::Address;
use super::app::App;
use super::client::Client;
use super::credential::Credential;
use super::rest::Rest;
use super::scopes::{Listing, Scopes};
use super::{Auth, Config, GitHub, queries, wire};
use crate::model::Timestamp;
use crate::trackers::{Probe, TrackerError};
use crate::transport::Transport;

/// Repositories of one question.
const PAGE: u32 = 100;

/// The client of the first owner, and those of the others by the owner's name in lower case. A
/// personal token, or an App with a chosen installation, is one client for all.
pub fn clients(
    config: &Config,
    address: &Address,
    scopes: &Scopes,
    transport: &Transport,
) -> Result<(Client, BTreeMap<String, Client>), TrackerError> {
    let place = config.connection.to_string();
    let client = |credential: Credential| {
        Client::new(
            place.clone(),
            &address.graphql,
            credential,
            config.page,
            transport.on_account(),
        )
        .map(|client| client.on_server(address.server))
    };
    let key = match &config.auth {
        Auth::Token(token) => {
            return Ok((client(Credential::Token(token.clone()))?, BTreeMap::new()));
        }
        Auth::App(key) => key.clone(),
    };
    let one = key.installation.is_some();
    // The client below says better what is wrong with an address.
    let base = address.rest.parse().unwrap_or_default();
    let rest = Rest::new(transport.clone(), base, place.clone());
    let owners = scopes.all_owners();
    let app = Arc::new(App::new(key, rest, owners.len() == 1));
    let mut owners = owners.into_iter();
    let of = |owner: String| client(Credential::App { app: Arc::clone(&app), owner });
    let first = of(owners.next().unwrap_or_default())?;
    let others = owners.filter(|_| !one).map(|owner| Ok((owner.to_ascii_lowercase(), of(owner)?)));
    Ok((first, others.collect::<Result<_, TrackerError>>()?))
}

impl GitHub {
    /// The client that may read the repositories of `owner`.
    pub(super) fn client_of(&self, owner: &str) -> &Client {
        self.others.get(&owner.to_ascii_lowercase()).unwrap_or(&self.client)
    }

    /// Every client.
    pub(super) fn clients(&self) -> impl Iterator<Item = &Client> {
        std::iter::once(&self.client).chain(self.others.values())
    }

    /// Proves every credential. One owner that shuts us out is a note while others let us in: its
    /// own walks say so again, and nothing is concluded from it.
    pub(super) async fn probe_all(&self) -> Result<Probe, TrackerError> {
        let mut clock = None;
        let mut notes = Vec::new();
        let mut refused = None;
        for client in self.clients() {
            match self.probe_one(client, &mut notes).await {
                Ok(theirs) => clock = Some(clock.map_or(theirs, |known| theirs.min(known))),
                Err(error @ TrackerError::Unauthorized(_)) => {
                    notes.push(error.to_string());
                    refused.get_or_insert(error);
                }
                Err(error) => return Err(error),
            }
        }
        let clock = match (clock, refused) {
            (Some(clock), _) => clock,
            (None, Some(error)) => return Err(error),
            (None, None) => return Err(TrackerError::Refused("nobody to ask".to_owned())),
        };
        let now = self.client.now();
        if self.scopes.are_due(now) {
            let mut listed = Vec::new();
            for owner in self.scopes.owners() {
                let rows = match self.listed(owner).await {
                    Ok(rows) => Ok(rows),
                    Err(TrackerError::Unauthorized(why)) if !self.others.is_empty() => Err(why),
                    Err(error) => return Err(error),
                };
                listed.push((owner.clone(), rows));
            }
            notes.extend(self.scopes.take(listed, now));
        }
        self.feel_pulse().await;
        Ok(Probe { clock, notes })
    }

    /// Asks, a hundred repositories a question, when the newest change of each was, so that the
    /// walks over quiet ones need no question of their own. Comes after the probe whose clock the
    /// walks will cover; where it fails, they simply ask.
    async fn feel_pulse(&self) {
        let ids = self.scopes.ids();
        if ids.len() < 2 {
            return;
        }
        let mut newest = BTreeMap::new();
        let mut unseen = ids;
        for client in self.clients() {
            let asked = std::mem::take(&mut unseen);
            for part in asked.chunks(PAGE as usize) {
                let seen = match pulse_of(client, part).await {
                    Ok(seen) => seen,
                    Err(error) => {
                        tracing::debug!(%error, "every repository is asked by itself");
                        return self.scopes.touched(BTreeMap::new());
                    }
                };
                for (id, row) in part.iter().zip(seen) {
                    match row {
                        Some((name, at)) => drop(newest.insert(name, at)),
                        // Another owner's client may see it.
                        None => unseen.push(id.clone()),
                    }
                }
            }
        }
        self.scopes.touched(newest);
    }

    async fn probe_one(
        &self,
        client: &Client,
        notes: &mut Vec<String>,
    ) -> Result<Timestamp, TrackerError> {
        if let Some((app, owner)) = client.credential().app() {
            notes.extend(app.notes(owner).await?);
        }
        let answer = client.ask(queries::PROBE, json!({})).await?;
        let clock = answer.clock();
        notes.extend(self.token_notes(&answer.headers, clock));
        Ok(clock)
    }

    /// With several owners, one that shuts us out must not stop the walks of the others.
    pub(super) fn of_owner<T>(&self, told: Result<T, TrackerError>) -> Result<T, TrackerError> {
        match told {
            Err(TrackerError::Unauthorized(why)) if !self.others.is_empty() => {
                Err(TrackerError::Refused(why))
            }
            told => told,
        }
    }

    /// Everything that `owner` has and the credential sees.
    async fn listed(&self, owner: &str) -> Result<Vec<Listing>, TrackerError> {
        let client = self.client_of(owner);
        let Some((app, _)) = client.credential().app() else {
            return self.listed_to_token(owner).await;
        };
        let rows = app.repositories(owner).await?.into_iter().map(|row| Listing {
            id: row.node_id,
            full_name: row.full_name,
            archived: row.archived,
            has_issues: row.has_issues,
        });
        Ok(rows.collect())
    }

    async fn listed_to_token(&self, owner: &str) -> Result<Vec<Listing>, TrackerError> {
        let client = self.client_of(owner);
        let mut listed = Vec::new();
        let mut after: Option<String> = None;
        let mut seen = BTreeSet::new();
        loop {
            let variables = json!({ "owner": owner, "after": after, "n": PAGE });
            let answer = client.ask(queries::REPOSITORIES, variables).await?;
            let (data, _) = client.data::<wire::RepositoriesData>(&answer)?;
            let Some(told) = data.repository_owner else { return Ok(Vec::new()) };
            let rows = told.repositories.nodes.unwrap_or_default().into_iter().flatten();
            listed.extend(rows.map(|row| Listing {
                id: row.id,
                full_name: row.name_with_owner,
                archived: row.is_archived,
                has_issues: row.has_issues_enabled,
            }));
            after = self.next(&told.repositories.page_info, after.as_deref(), owner)?;
            match &after {
                Some(cursor) if !seen.insert(cursor.clone()) => return Err(self.repeated(owner)),
                Some(_) => {}
                None => return Ok(listed),
            }
        }
    }
}

/// Name and newest change of each repository; `None` for what this client does not see.
async fn pulse_of(
    client: &Client,
    ids: &[String],
) -> Result<Vec<Option<(String, Timestamp)>>, TrackerError> {
    let answer = client.ask(queries::PULSE, json!({ "ids": ids })).await?;
    let (data, _) = client.data::<wire::PulseData>(&answer)?;
    let row = |row: Option<wire::Pulse>| {
        let row = row.filter(|row| !row.name_with_owner.is_empty())?;
        let issues = row.issues?.nodes?;
        let newest = issues.into_iter().flatten().map(|issue| issue.updated_at.0).max();
        Some((row.name_with_owner, newest.unwrap_or(Timestamp::MIN)))
    };
    let mut rows: Vec<_> = data.nodes.into_iter().map(row).collect();
    rows.resize_with(ids.len(), || None);
    Ok(rows)
}
