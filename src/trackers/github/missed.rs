//! Deliveries that failed. GitHub sends each once, and keeps a log of three days that an App, or a
//! token that may read webhooks, can ask. What failed is read there as the hint that it was; it is
//! never asked to be sent again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::PoisonError;

use http::Method;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::app::App;
use super::client::Client;
use super::rest::Walk;
use super::{GitHub, limits, webhook};
use crate::model::Timestamp;
use crate::trackers::{Hints, Missed, TrackerError};
use crate::transport::Response;

/// Pages of a hundred deliveries of one log that one look reads.
const PAGES_MAX: usize = 5;
/// Payloads that one look reads: with the pages, the budget of a look in requests.
const PAYLOADS_MAX: usize = 100;
/// Repositories whose webhooks one look asks for.
const REPOSITORIES_MAX: usize = 30;
/// Deliveries that are remembered as dealt with.
const KNOWN_MAX: usize = 5_000;
/// How long a refusal is believed, in milliseconds.
const REFUSED_MS: i64 = 24 * 3_600_000;

/// What earlier looks learned.
#[derive(Debug, Default)]
pub struct Looks {
    /// Until then the logs are not asked for: the credential may not read them.
    refused_until: Option<Timestamp>,
    /// Where the logs of our webhooks are, once found.
    logs: Vec<String>,
    /// Deliveries that were dealt with.
    done: BTreeSet<u64>,
}

/// Who asks for a log.
enum Asker<'a> {
    App(&'a App),
    Token(&'a Client),
}

/// One delivery as a log lists it.
#[derive(Debug, Clone, Deserialize)]
struct Row {
    id: u64,
    guid: String,
    delivered_at: String,
    /// Absent or 0 when nobody answered.
    #[serde(default)]
    status_code: Option<u16>,
    event: String,
    #[serde(default)]
    action: Option<String>,
    #[serde(default)]
    installation_id: Option<u64>,
    /// The log that lists it.
    #[serde(skip)]
    log: String,
}

#[derive(Deserialize)]
struct Whole<'a> {
    #[serde(borrow)]
    request: Sent<'a>,
}

#[derive(Deserialize)]
struct Sent<'a> {
    #[serde(borrow)]
    payload: Option<&'a RawValue>,
}

/// A webhook as a list shows it.
#[derive(Deserialize)]
struct Hook {
    id: u64,
    config: HookConfig,
}

#[derive(Deserialize)]
struct HookConfig {
    #[serde(default)]
    url: String,
}

impl Asker<'_> {
    /// A page, or `None` where the credential may not see it.
    async fn get(&self, path: &str) -> Result<Option<Response>, TrackerError> {
        let answer = match self {
            Self::App(app) => app.rest.send(Method::GET, &app.rest.at(path), &app.proof()?).await,
            Self::Token(client) => client.get(path).await,
        };
        match answer {
            Ok(answer) if answer.status().as_u16() == 200 => Ok(Some(answer)),
            Ok(_) | Err(TrackerError::Unauthorized(_) | TrackerError::Refused(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl GitHub {
    /// See [`crate::trackers::Tracker::missed`].
    pub(super) async fn missed_since(
        &self,
        since: Timestamp,
    ) -> Result<Option<Missed>, TrackerError> {
        let now = self.client.now();
        let refused = self.looks().refused_until.is_some_and(|until| now < until);
        if self.webhook_secrets.is_empty() || refused || self.client.short_of_rest() {
            return Ok(None);
        }
        let asker = match self.client.credential().app() {
            Some((app, _)) => Asker::App(app),
            None => Asker::Token(&self.client),
        };
        let Some(logs) = self.logs(&asker).await? else { return Ok(Some(self.refusal(now))) };
        let mut look = Look::default();
        for log in logs {
            if !self.list(&asker, &log, since, &mut look).await? {
                // The webhook went, or a right: the next look finds out.
                self.looks().logs.clear();
                if matches!(asker, Asker::App(_)) {
                    return Ok(Some(self.refusal(now)));
                }
            }
        }
        let missed = self.follow(&asker, look, since, now).await?;
        Ok(Some(missed))
    }

    fn looks(&self) -> std::sync::MutexGuard<'_, Looks> {
        self.looks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says so, once a day at most.
    fn refusal(&self, now: Timestamp) -> Missed {
        self.looks().refused_until = Some(now.plus_millis(REFUSED_MS));
        let place = self.client.place();
        let note = format!(
            "{place}: the credential may not read the log of webhook deliveries (an App may; a \
             token needs read access to Webhooks), so what a webhook failed to tell is found by \
             pulls and sweeps"
        );
        Missed { hints: Hints::default(), failed: 0, clock: now, notes: vec![note] }
    }

    /// The paths of the logs of our webhooks; `None` where none may be seen.
    async fn logs(&self, asker: &Asker<'_>) -> Result<Option<Vec<String>>, TrackerError> {
        if matches!(asker, Asker::App(_)) {
            return Ok(Some(vec!["/app/hook/deliveries".to_owned()]));
        }
        let known = self.looks().logs.clone();
        if !known.is_empty() {
            return Ok(Some(known));
        }
        let owners = self.scopes.all_owners().into_iter().map(|owner| format!("/orgs/{owner}"));
        let repositories = self.scopes.repositories();
        let repositories = repositories.iter().take(REPOSITORIES_MAX);
        let places = owners.chain(repositories.map(|one| format!("/repos/{}", one.full_name())));
        let (mut seen, mut logs) = (false, Vec::new());
        for place in places {
            let Some(answer) = asker.get(&format!("{place}/hooks?per_page=100")).await? else {
                continue;
            };
            seen = true;
            let hooks: Vec<Hook> = serde_json::from_slice(answer.body()).unwrap_or_default();
            let ours = hooks.into_iter().filter(|hook| self.is_ours(&hook.config.url));
            logs.extend(ours.map(|hook| format!("{place}/hooks/{}/deliveries", hook.id)));
        }
        self.looks().logs.clone_from(&logs);
        Ok(seen.then_some(logs))
    }

    /// Whether a webhook leads to this connection.
    fn is_ours(&self, url: &str) -> bool {
        let path = url.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/');
        path.ends_with(&format!("/webhooks/{}", self.connection))
    }

    /// Lists what failed since then. False: the log may not be seen.
    async fn list(
        &self,
        asker: &Asker<'_>,
        log: &str,
        since: Timestamp,
        look: &mut Look,
    ) -> Result<bool, TrackerError> {
        let mut walk = Walk::from(format!("{log}?status=failure&per_page=100"));
        for _ in 0..PAGES_MAX {
            let Some(path) = walk.next() else { return Ok(true) };
            let Some(answer) = asker.get(&path).await? else { return Ok(false) };
            if look.clock.is_none() {
                look.clock = limits::date(answer.headers());
            }
            let rows: Vec<Row> = serde_json::from_slice(answer.body()).map_err(|_| {
                let place = self.client.place();
                TrackerError::Malformed(format!(
                    "{place}: GitHub's log of deliveries is not the list it should be; the next \
                     look tries again"
                ))
            })?;
            let at = |row: &Row| Timestamp::parse(&row.delivered_at).unwrap_or(Timestamp::MAX);
            let done = rows.iter().any(|row| at(row) < since);
            // Servers that do not know the filter list everything.
            let failed = rows.into_iter().filter(|row| {
                at(row) >= since && !row.status_code.is_some_and(|code| (200..300).contains(&code))
            });
            look.rows.extend(failed.map(|row| Row { log: log.to_owned(), ..row }));
            if done {
                return Ok(true);
            }
            walk.follow(
                cursor_of(&answer)
                    .map(|cursor| format!("{log}?status=failure&per_page=100&cursor={cursor}")),
            );
        }
        look.more |= walk.next().is_some();
        Ok(true)
    }

    /// Reads of each failed delivery what it would have said.
    async fn follow(
        &self,
        asker: &Asker<'_>,
        look: Look,
        since: Timestamp,
        now: Timestamp,
    ) -> Result<Missed, TrackerError> {
        let installations = match asker {
            Asker::App(app) => app.installed(&self.scopes.all_owners()).await?,
            Asker::Token(_) => BTreeSet::new(),
        };
        let clock = look.clock.unwrap_or(now);
        let mut wanted: BTreeMap<String, Row> = BTreeMap::new();
        {
            let looks = self.looks();
            let ours = |row: &Row| {
                let elsewhere = row.installation_id.is_some_and(|id| !installations.contains(&id));
                let elsewhere = elsewhere && !installations.is_empty();
                webhook::KNOWN.contains(&row.event.as_str())
                    && !elsewhere
                    && !looks.done.contains(&row.id)
            };
            // The same event may be listed by several webhooks, and again where a person had it
            // sent again.
            for row in look.rows.into_iter().filter(ours) {
                wanted.entry(row.guid.clone()).or_insert(row);
            }
        }
        let failed = wanted.len() as u64;
        let mut hints = Hints { scan: look.more, sweep: look.more, ..Hints::default() };
        let mut rows: Vec<Row> = wanted.into_values().collect();
        // A pull sees most changes of issues by itself; moves on boards and relations come first.
        rows.sort_by_key(|row| (row.event == "issues", std::cmp::Reverse(row.id)));
        let (mut payloads, mut left_out) = (0, look.more);
        for row in &rows {
            let said = webhook::of_name(&row.event, row.action.as_deref());
            (hints.scan, hints.sweep) = (hints.scan | said.scan, hints.sweep | said.sweep);
            if said.sweep {
                self.scopes.distrust();
            }
            if !webhook::names_issues(&row.event) {
                continue;
            }
            payloads += 1;
            if payloads > PAYLOADS_MAX {
                left_out = true;
                continue;
            }
            match asker.get(&format!("{}/{}", row.log, row.id)).await? {
                Some(answer) => hints.sources.extend(sources(&row.event, answer.body())),
                // GitHub has forgotten it meanwhile.
                None => hints.scan = true,
            }
        }
        let mut notes = Vec::new();
        if left_out {
            (hints.scan, hints.sweep) = (true, true);
            let place = self.client.place();
            notes.push(format!(
                "{place}: more webhook deliveries failed since {since} than are read back one by \
                 one; a pull and a sweep find the rest"
            ));
        }
        hints.sources.sort();
        hints.sources.dedup();
        let mut looks = self.looks();
        looks.done.extend(rows.iter().map(|row| row.id));
        while looks.done.len() > KNOWN_MAX {
            looks.done.pop_first();
        }
        Ok(Missed { hints, failed, clock, notes })
    }
}

/// What one look has listed.
#[derive(Default)]
struct Look {
    rows: Vec<Row>,
    /// GitHub's clock at the first answer.
    clock: Option<Timestamp>,
    /// A log goes on further than was read.
    more: bool,
}

/// The issues that a delivery names; GitHub itself vouches for what its log holds.
fn sources(event: &str, body: &[u8]) -> Vec<String> {
    let whole: Option<Whole<'_>> = serde_json::from_slice(body).ok();
    let payload = whole.and_then(|whole| whole.request.payload);
    let hints = payload.and_then(|raw| webhook::of_payload(event, raw.get().as_bytes()).ok());
    hints.unwrap_or_default().sources
}

/// The cursor of the next page.
fn cursor_of(answer: &Response) -> Option<String> {
    let links = answer.headers().get(http::header::LINK)?.to_str().ok()?;
    let next = links.split(',').find(|link| link.contains("rel=\"next\""))?;
    let query = next.split_once('?')?.1.split('>').next()?;
    let cursor = query.split('&').find_map(|pair| pair.strip_prefix("cursor="))?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.~%=".contains(c);
    Some(cursor.to_owned()).filter(|cursor| !cursor.is_empty() && cursor.chars().all(plain))
}
