//! Lists ids and stamps of what changed, oldest change first. The search index supplies no content:
//! it lags behind and truncates.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use http::{Method, StatusCode};
use serde::{Deserialize, Serialize};

use super::super::{Discovered, HIDDEN_PROJECT, Stamp, TrackerError};
use super::Jira;
use super::answer::Answer;
use super::projects::unseen;
use super::window::Window;
use super::wire::{self, Issue, IssuePage};
use crate::model::{ConnectionId, Gap, Timestamp};

pub(super) const SEARCH: &str = "/rest/api/3/search/jql";
const COUNT: &str = "/rest/api/3/search/approximate-count";

/// The most rows that Jira gives when it is asked for little; it may give fewer at any time.
const ROWS: u32 = 5_000;

/// Minutes that a walk may take before its time limit passes what it has listed.
const MARGIN: i64 = 10;

/// A walk of more pages than this is taken for endless: at the usual hundred rows a page it would
/// list two million issues.
const PAGES: usize = 20_000;

/// The present walk.
#[derive(Debug, Default)]
pub struct Walk(Mutex<Steps>);

#[derive(Debug, Default)]
struct Steps {
    /// Tokens that were used. A token that leads back to one of them never ends.
    spent: BTreeSet<String>,
    /// The question of a later page has to be that of the first.
    window: Option<Window>,
    /// Projects that the walk leaves out, because they cannot be seen.
    hidden: Vec<String>,
}

impl Walk {
    /// Notes that `page` is being asked for; the first page begins a new walk.
    ///
    /// # Errors
    /// More pages were asked for than a walk can have.
    pub(super) fn check(
        &self,
        page: Option<&str>,
        name: &ConnectionId,
    ) -> Result<(), TrackerError> {
        let mut steps = self.steps();
        match page {
            Some(token) => drop(steps.spent.insert(token.to_owned())),
            None => *steps = Steps::default(),
        }
        if steps.spent.len() > PAGES {
            return Err(TrackerError::Malformed(format!(
                "{name}: POST {SEARCH} gave more than {PAGES} pages, so the walk does not end; \
                 split the projects of connection `{name}` over two connections"
            )));
        }
        Ok(())
    }

    /// The walk is over what changed.
    fn open(&self, window: Window) {
        self.steps().window = Some(window);
    }

    fn is_spent(&self, token: &str) -> bool {
        self.steps().spent.contains(token)
    }

    /// Notes what a page listed that was evaluated at `at`; false when rows may have slipped out
    /// below the bound before they were listed.
    fn list(&self, stamps: &[Stamp], at: Timestamp) -> bool {
        let mut steps = self.steps();
        let Some(window) = &mut steps.window else { return true };
        let holds = window.holds(at);
        stamps.iter().filter_map(|stamp| stamp.updated_at).for_each(|stamp| window.list(stamp));
        holds
    }

    fn hide(&self, projects: Vec<String>) {
        self.steps().hidden = projects;
    }

    fn steps(&self) -> MutexGuard<'_, Steps> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A walk over everything reads every item anyway: asked for ids alone, Jira gives fifty times as
/// many rows a page. A walk over changes needs the stamps, to leave out what is known.
fn wanted(since: Option<Timestamp>) -> &'static str {
    if since.is_some() { "updated" } else { "id" }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Search<'a> {
    jql: &'a str,
    max_results: u32,
    fields: [&'static str; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<&'a str>,
}

impl Jira {
    pub(super) async fn page(
        &self,
        since: Option<Timestamp>,
        clock: Timestamp,
        page: Option<&str>,
    ) -> Result<Discovered, TrackerError> {
        let name = self.client.connection();
        self.walk.check(page, name)?;
        if let Some(since) = since.filter(|_| page.is_none()) {
            let now = clock.max(self.client.theirs());
            self.walk.open(Window::reaching(since, now, MARGIN));
        }
        let window = self.walk.steps().window;
        let mut jql = query(&self.seen_scopes(), window);
        let mut answer = self.search(&jql, wanted(since), page).await;
        if page.is_none() && matches!(answer, Err(TrackerError::Refused(_))) {
            // One project that cannot be seen spoils the question about all of them.
            let hidden = self.hidden_scopes().await?;
            if !hidden.is_empty() && hidden.len() < self.scopes.keys().len() {
                self.walk.hide(hidden);
                jql = query(&self.seen_scopes(), window);
                answer = self.search(&jql, wanted(since), page).await;
            }
        }
        let answer = answer?;
        let found = answer.read(wire::issues)?;
        let next = self.next_token(&self.walk, &found)?;
        let first_scan = since.is_none() && page.is_none();
        if first_scan && found.issues.is_empty() && next.is_none() {
            self.confirm_scopes().await?;
        }
        if found.issues.is_empty() && next.is_none() {
            // A credential that died meanwhile is answered like one that sees nothing.
            self.client.authenticate().await?;
        }
        let expected = if first_scan { self.count(&jql).await } else { None };
        let mut discovered = Discovered { next, expected, ..Discovered::default() };
        if page.is_none() {
            discovered
                .gaps
                .extend(self.walk.steps().hidden.iter().map(|project| hidden_gap(project)));
        }
        for issue in found.issues {
            match stamp(issue) {
                Ok(stamp) => discovered.stamps.push(stamp),
                Err(gap) => discovered.gaps.push(gap),
            }
        }
        let evaluated_at = answer.date.unwrap_or_else(|| self.client.theirs());
        if !self.walk.list(&discovered.stamps, evaluated_at) {
            return Err(TrackerError::BadToken(format!(
                "{name}: POST {SEARCH} was answered so late that its time limit had moved; the walk \
                 starts again"
            )));
        }
        Ok(discovered)
    }

    /// The scopes of the present walk.
    fn seen_scopes(&self) -> Vec<String> {
        let hidden = self.walk.steps().hidden.clone();
        self.scopes.keys().iter().filter(|scope| !hidden.contains(scope)).cloned().collect()
    }

    /// The scopes in which nothing can be searched, asked one by one.
    async fn hidden_scopes(&self) -> Result<Vec<String>, TrackerError> {
        let mut hidden = Vec::new();
        for project in self.scopes.keys() {
            match self.scopes.find(&self.client, project).await {
                Ok(Some(found)) if !found.is_closed() => {}
                Ok(_) => hidden.push(project.clone()),
                // What the search itself said tells more.
                Err(TrackerError::Refused(_) | TrackerError::Malformed(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(hidden)
    }

    pub(super) async fn search(
        &self,
        jql: &str,
        field: &'static str,
        page: Option<&str>,
    ) -> Result<Answer, TrackerError> {
        let search = Search { jql, max_results: ROWS, fields: [field], next_page_token: page };
        let answer = self.client.ask(Method::POST, SEARCH, json(&search).into()).await?;
        let status = answer.status;
        self.client.accept(answer).map_err(|error| match error {
            TrackerError::Refused(message) if status == StatusCode::BAD_REQUEST => {
                if page.is_some() {
                    TrackerError::BadToken(format!(
                        "{}: POST {SEARCH} no longer knows the token of a later page; the walk \
                         starts again",
                        self.client.connection()
                    ))
                } else {
                    TrackerError::Refused(message)
                }
            }
            other => other,
        })
    }

    /// The token of the next page. A short or empty page is not the last; only a page without a
    /// token is, or one that says so.
    pub(super) fn next_token(
        &self,
        walk: &Walk,
        found: &IssuePage<'_, Issue<'_>>,
    ) -> Result<Option<String>, TrackerError> {
        let token = found.next_page_token.as_deref().filter(|_| found.is_last != Some(true));
        match token {
            Some(token) if walk.is_spent(token) => Err(TrackerError::BadToken(format!(
                "{}: POST {SEARCH} led back to a page that was already read; the walk starts again",
                self.client.connection()
            ))),
            token => Ok(token.map(str::to_owned)),
        }
    }

    /// Nothing at all is believed only of projects that the account can see: a stranger gets the
    /// same empty list.
    async fn confirm_scopes(&self) -> Result<(), TrackerError> {
        for project in self.scopes.keys() {
            match self.scopes.find(&self.client, project).await {
                Ok(Some(_)) => {}
                Ok(None) | Err(TrackerError::Refused(_)) => {
                    return Err(unseen(&self.client, project));
                }
                Err(other) => return Err(other),
            }
        }
        Ok(())
    }

    /// Jira's estimate; a progress bar can do without.
    pub(super) async fn count(&self, jql: &str) -> Option<u64> {
        #[derive(Serialize)]
        struct Question<'a> {
            jql: &'a str,
        }

        #[derive(Deserialize)]
        struct Count {
            count: u64,
        }

        let answer = self.client.post(COUNT, json(&Question { jql })).await.ok()?;
        answer.read(serde_json::from_str::<Count>).ok().map(|answer| answer.count)
    }
}

/// The question of one walk. There is no upper bound: what changes during the walk moves to its
/// end.
fn query(scopes: &[String], window: Option<Window>) -> String {
    let quoted: Vec<String> = scopes.iter().map(|key| quoted(key)).collect();
    let scope = format!("project in ({})", quoted.join(", "));
    let order = "ORDER BY updated ASC, key ASC";
    match window {
        Some(window) => format!("{scope} AND {} {order}", window.clause()),
        None => format!("{scope} {order}"),
    }
}

/// A project key as a value in JQL.
pub(super) fn quoted(key: &str) -> String {
    format!("\"{}\"", key.replace('\\', "\\\\").replace('"', "\\\""))
}

fn hidden_gap(project: &str) -> Gap {
    Gap {
        source: None,
        key: Some(project.to_owned()),
        reason: HIDDEN_PROJECT.to_owned(),
        detail: format!(
            "project {project} cannot be searched, so it is left out: it is archived, or in the \
             bin, or the account may not browse it; give the account Browse Projects, or take it \
             out of `scopes`"
        ),
    }
}

/// The id and stamp of a row.
pub(super) fn stamp(issue: Issue<'_>) -> Result<Stamp, Gap> {
    let updated_at = issue.fields.and_then(|fields| fields.updated.0);
    match issue.id {
        Some(id) => Ok(Stamp { source: id.0.into_owned(), updated_at }),
        None => Err(Gap {
            source: None,
            key: issue.key.map(|key| key.0.into_owned()),
            reason: "malformed-item".to_owned(),
            detail: "the search listed an issue without a readable id".to_owned(),
        }),
    }
}

/// A project key as one segment of a path. Keys are letters, digits and underscores; anything
/// else is a mistake in the configuration that must not reach another address.
pub(super) fn segment(key: &str) -> String {
    key.bytes().fold(String::with_capacity(key.len()), |mut path, byte| {
        if byte.is_ascii_alphanumeric() || b"_-".contains(&byte) {
            path.push(char::from(byte));
        } else {
            path.push_str(&format!("%{byte:02X}"));
        }
        path
    })
}

/// A question as JSON.
pub(super) fn json(question: &impl Serialize) -> String {
    serde_json::to_string(question).expect("text, numbers and lists always serialise")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_question_names_the_projects_and_the_window() {
        let scopes = |keys: &[&str]| keys.iter().map(ToString::to_string).collect::<Vec<_>>();
        let order = "ORDER BY updated ASC, key ASC";
        let all = query(&scopes(&["PAY", "BOOK"]), None);
        assert_eq!(all, format!(r#"project in ("PAY", "BOOK") {order}"#));
        let now = Timestamp::from_millis(1_790_000_000_000);
        let window = Window::reaching(now.plus_millis(-900_000), now, MARGIN);
        let recent = query(&scopes(&["PAY"]), Some(window));
        assert_eq!(recent, format!(r#"project in ("PAY") AND updated >= -26m {order}"#));
        let odd = query(&scopes(&[r#"A" OR "\"#]), None);
        assert_eq!(odd, format!(r#"project in ("A\" OR \"\\") {order}"#));
    }

    #[test]
    fn a_key_stays_one_segment() {
        assert_eq!(segment("PAY_2"), "PAY_2");
        assert_eq!(segment("../user?x"), "%2E%2E%2Fuser%3Fx");
    }
}
