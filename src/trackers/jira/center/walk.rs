//! Lists ids and stamps, and never by offset: rows that change meanwhile shift the others, and
//! Jira 11 refuses what lies behind row 10,000. There are two walks.
//!
//! *By time*: what changed since an instant, oldest change first. The next page begins at the last
//! stamp of this one. A bound in JQL is read to the minute, so a page begins up to two minutes
//! early, and what was listed is left out.
//!
//! *By key*: every issue of the project. The next page begins with the last issue of this one
//! (`key >= "PAY-17"`), which must come again as its first row: a comparison of keys means the
//! project that the issue is in now, and would silently end the walk had the issue moved.
//! `id > 10017` means the same and not what it says.
//!
//! A first scan walks by key. A scan for changes walks by time; when two minutes hold more changes
//! than one page (a bulk edit), it goes on by key, collects what changed, and gives that in order
//! with the last page.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use serde::Serialize;

use super::super::super::{Discovered, Stamp, TrackerError};
use super::super::answer::Answer;
use super::super::discover::{json, quoted, stamp};
use super::super::projects::unseen;
use super::super::window::Window;
use super::super::wire::{Issue, issue};
use super::wire::Page;
use super::{Center, Standing};
use crate::model::Timestamp;

/// The most rows that a server gives unless its administrator changed that.
pub(super) const ROWS: u32 = 1_000;

/// What changed, as a walk by key comes upon it: id and stamp.
#[derive(Debug, Default)]
pub struct Crowd(Mutex<BTreeMap<String, Option<Timestamp>>>);

/// Where a page begins, as its token says it.
#[derive(Debug, PartialEq, Eq)]
enum Place {
    /// By time, after this stamp.
    After(Timestamp),
    /// By key, from this issue on; `since` is set when changes are collected on the way.
    From { since: Option<Timestamp>, key: Option<String> },
}

/// One search.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Search<'a> {
    pub jql: &'a str,
    pub max_results: u32,
    pub fields: Vec<&'a str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub expand: &'a [&'a str],
    /// `false`: what the query names and does not exist matches nothing, and is no error.
    pub validate_query: bool,
}

impl Place {
    fn read(token: &str) -> Option<Self> {
        let (walk, rest) = token.split_once(' ')?;
        let stamp = |text: &str| text.parse().ok().map(Timestamp::from_millis);
        let key = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        match walk {
            "time" => Some(Self::After(stamp(rest)?)),
            "key" => Some(Self::From { since: None, key: key(rest) }),
            "crowd" => {
                let (since, rest) = rest.split_once(' ')?;
                Some(Self::From { since: Some(stamp(since)?), key: key(rest) })
            }
            _ => None,
        }
    }

    fn token(&self) -> String {
        match self {
            Self::After(at) => format!("time {}", at.millis()),
            Self::From { since: None, key } => format!("key {}", key.as_deref().unwrap_or("")),
            Self::From { since: Some(since), key } => {
                format!("crowd {} {}", since.millis(), key.as_deref().unwrap_or(""))
            }
        }
    }
}

/// One page by key.
pub(super) struct KeyPage<'a> {
    pub rows: Vec<Issue<'a>>,
    /// The key that the next page begins with; `None` ends the walk.
    pub next: Option<String>,
    pub total: u64,
}

impl Center {
    pub(super) async fn page(
        &self,
        project: &str,
        since: Option<Timestamp>,
        clock: Timestamp,
        page: Option<&str>,
    ) -> Result<Discovered, TrackerError> {
        let place = match (page, since) {
            (Some(token), _) => Place::read(token).ok_or_else(|| self.lost(project))?,
            (None, Some(since)) => Place::After(since),
            (None, None) => Place::From { since: None, key: None },
        };
        let listed = match place {
            Place::After(at) => self.by_time(project, at, clock, page.is_none()).await,
            Place::From { since, key } => self.by_key(project, since, key.as_deref()).await,
        };
        match listed {
            // An archived project is not searched, and nothing in it changes.
            Err(TrackerError::Refused(why)) if page.is_none() => {
                match self.standing_of(project).await? {
                    Standing::Archived => Ok(Discovered::default()),
                    Standing::Live => Err(TrackerError::Refused(why)),
                    Standing::Hidden | Standing::Trashed => Err(unseen(&self.client, project)),
                }
            }
            other => other,
        }
    }

    async fn by_time(
        &self,
        project: &str,
        after: Timestamp,
        clock: Timestamp,
        first: bool,
    ) -> Result<Discovered, TrackerError> {
        // Every page begins anew, so its bound needs no margin.
        let window = Window::reaching(after, clock.max(self.client.theirs()), 0);
        let jql = format!(
            "project = {} AND {} ORDER BY updated ASC, key ASC",
            quoted(project),
            window.clause()
        );
        let answer = self.search(&jql, ROWS, &["updated"], &[], true).await?;
        if !window.holds(answer.date.unwrap_or_else(|| self.client.theirs())) {
            return Err(TrackerError::BadToken(format!(
                "{} was answered so late that its time limit had moved; the walk starts again",
                answer.place()
            )));
        }
        let page = answer.read(serde_json::from_str::<Page<'_>>)?;
        let mut discovered = Discovered::default();
        let (mut last, mut given) = (after, 0);
        for row in page.issues {
            given += 1;
            match stamp(issue(row)) {
                Ok(stamp) => {
                    last = last.max(stamp.updated_at.unwrap_or(last));
                    if first || stamp.updated_at.is_none_or(|at| at >= after) {
                        discovered.stamps.push(stamp);
                    }
                }
                Err(gap) => discovered.gaps.push(gap),
            }
        }
        if first {
            discovered.expected = Some(page.total);
        }
        let more = given > 0 && given < page.total;
        let next = if last > after {
            Place::After(last)
        } else {
            // A whole page within the minutes that every page repeats.
            self.crowd.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
            Place::From { since: Some(after), key: None }
        };
        discovered.next = more.then(|| next.token());
        Ok(discovered)
    }

    async fn by_key(
        &self,
        project: &str,
        since: Option<Timestamp>,
        key: Option<&str>,
    ) -> Result<Discovered, TrackerError> {
        let answer = self.key_page(project, key, &["updated"]).await?;
        let page = self.read_key_page(&answer, project, key)?;
        let mut discovered = Discovered::default();
        if since.is_none() && key.is_none() {
            discovered.expected = Some(page.total);
        }
        let next = page.next.map(|key| Place::From { since, key: Some(key) });
        discovered.next = next.map(|place| place.token());
        let mut crowd = self.crowd.0.lock().unwrap_or_else(PoisonError::into_inner);
        for row in page.rows {
            match (stamp(row), since) {
                // The order of keys is not the order of changes: a stamp would mislead.
                (Ok(stamp), None) => {
                    discovered.stamps.push(Stamp { updated_at: None, ..stamp });
                }
                (Ok(stamp), Some(since)) => {
                    if stamp.updated_at.is_none_or(|at| at >= since) {
                        crowd.insert(stamp.source, stamp.updated_at);
                    }
                }
                (Err(gap), _) => discovered.gaps.push(gap),
            }
        }
        if since.is_some() && discovered.next.is_none() {
            let collected = std::mem::take(&mut *crowd).into_iter();
            let stamps = collected.map(|(source, updated_at)| Stamp { source, updated_at });
            discovered.stamps = stamps.collect();
            discovered.stamps.sort_by_key(|stamp| stamp.updated_at);
        }
        Ok(discovered)
    }

    /// One page of all issues of a project, from `key` on.
    pub(super) async fn key_page(
        &self,
        project: &str,
        key: Option<&str>,
        fields: &[&str],
    ) -> Result<Answer, TrackerError> {
        let from = key.map(|key| format!(" AND key >= {}", quoted(key))).unwrap_or_default();
        let jql = format!("project = {}{from} ORDER BY key ASC", quoted(project));
        self.search(&jql, ROWS, fields, &[], true).await.map_err(|error| match error {
            // The issue that the page begins with is gone.
            TrackerError::Refused(_) if key.is_some() => self.lost(project),
            other => other,
        })
    }

    /// The rows of a page by key, without the one that it begins with.
    pub(super) fn read_key_page<'a>(
        &self,
        answer: &'a Answer,
        project: &str,
        key: Option<&str>,
    ) -> Result<KeyPage<'a>, TrackerError> {
        let page = answer.read(serde_json::from_str::<Page<'a>>)?;
        let mut rows: Vec<Issue<'a>> = page.issues.into_iter().map(issue).collect();
        let (given, total) = (rows.len() as u64, page.total);
        if let Some(key) = key {
            if rows.first().and_then(|row| row.key.as_deref()) != Some(key) {
                return Err(self.lost(project));
            }
            rows.remove(0);
        }
        let next = if given < total {
            let last = rows.iter().rev().find_map(|row| row.key.as_ref());
            let last = last.ok_or_else(|| {
                TrackerError::Malformed(format!(
                    "{} gave {given} of {total} issues of project {project} and no way to the \
                     others; check `jira.search.views.default.max` of this Jira",
                    answer.place()
                ))
            })?;
            Some(last.to_string())
        } else {
            None
        };
        Ok(KeyPage { rows, next, total })
    }

    pub(super) async fn search(
        &self,
        jql: &str,
        max_results: u32,
        fields: &[&str],
        expand: &[&str],
        validate_query: bool,
    ) -> Result<Answer, TrackerError> {
        let fields = fields.to_vec();
        let search = Search { jql, max_results, fields, expand, validate_query };
        self.client.post(&self.client.api("/search"), json(&search)).await
    }

    fn lost(&self, project: &str) -> TrackerError {
        TrackerError::BadToken(format!(
            "{}: the issue of project {project} at which a page was to begin has moved or gone; \
             the walk starts again",
            self.client.connection()
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_survives_its_token() {
        let at = Timestamp::from_millis(1_790_000_000_123);
        let places = [
            Place::After(at),
            Place::From { since: None, key: None },
            Place::From { since: None, key: Some("PAY-12".into()) },
            Place::From { since: Some(at), key: None },
            Place::From { since: Some(at), key: Some("A_1-7".into()) },
        ];
        for place in places {
            assert_eq!(Place::read(&place.token()), Some(place));
        }
        for token in ["", "time", "time x", "crowd 7", "else 7"] {
            assert_eq!(Place::read(token), None, "{token}");
        }
    }
}
