//! What this GitHub can tell. One unknown field or type makes the whole question fail, and servers
//! know less than github.com: so a server is asked for its schema once for each version that it
//! names, and the questions leave out what it does not know. On github.com that costs nothing
//! until a question is refused.
//!
//! A line of a `.graphql` file that ends with `#? Issue.blockedBy` or `#? BlockedByAddedEvent`
//! stays only where the schema has that field or timeline entry; a brace that it opens takes its
//! block along.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};

use super::client::{Answer, Client};
use super::wire::capabilities::Capabilities;
use super::{GitHub, queries};
use crate::trackers::TrackerError;

/// The argument without which a duplicate is told as not planned.
const DUPLICATES: &str = "Issue.stateReason.enableDuplicate";
const STATUS_EVENT: &str = "ProjectV2ItemStatusChangedEvent";

/// What a person calls the parts that may be missing. The past of something is worth a word only
/// where its present is told; of the board's entries a sentence of its own tells.
const WORDS: &[(&str, &str, &str)] = &[
    ("Issue.issueType", "", "issue types"),
    ("Issue.parent", "", "parents of issues"),
    ("Issue.subIssues", "", "sub-issues"),
    ("Issue.blockedBy", "", "blocked-by links"),
    ("Issue.duplicateOf", "", "what an issue duplicates"),
    ("Issue.closedByPullRequestsReferences", "", "closing pull requests"),
    ("Issue.projectItems", "", "boards"),
    ("IssueTypeChangedEvent", "Issue.issueType", "past issue types"),
    ("ParentIssueAddedEvent", "Issue.parent", "past parents"),
    ("BlockedByAddedEvent", "Issue.blockedBy", "when links began"),
];

/// The questions that fit, and what they leave out.
#[derive(Debug)]
pub(super) struct Texts {
    pub issues: String,
    pub nodes: String,
    pub history: String,
    pub survey: String,
    missing: BTreeSet<String>,
    /// The schema was read, while the server named this version.
    asked: Option<Option<String>>,
}

impl Texts {
    fn new(told: impl Fn(&str) -> bool, asked: Option<Option<String>>) -> Self {
        let mut missing = BTreeSet::new();
        let mut fit = |text: &str| fitted(text, &told, &mut missing);
        let [issues, nodes, history, survey] =
            [queries::ISSUES, queries::NODES, queries::HISTORY, queries::SURVEY].map(&mut fit);
        Self { issues, nodes, history, survey, missing, asked }
    }

    fn lacks(&self, part: &str) -> bool {
        self.missing.contains(part)
    }
}

/// The texts in use.
#[derive(Debug)]
pub(super) struct Dialect(Mutex<Arc<Texts>>);

impl Default for Dialect {
    fn default() -> Self {
        Self(Mutex::new(Arc::new(Texts::new(|_| true, None))))
    }
}

impl Dialect {
    fn texts(&self) -> Arc<Texts> {
        Arc::clone(&self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn learn(&self, texts: Texts) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(texts);
    }
}

impl GitHub {
    /// Asks with the text that fits this GitHub.
    pub(super) async fn ask_fitting(
        &self,
        client: &Client,
        text: fn(&Texts) -> &str,
        variables: Value,
    ) -> Result<Answer, TrackerError> {
        let texts = self.fit(client).await?;
        let answer = client.ask(text(&texts), variables.clone()).await;
        if answer.is_err() && client.take_misfit() {
            let texts = self.fit_anew(client).await?;
            return client.ask(text(&texts), variables).await;
        }
        answer
    }

    /// The same for as many rows as GitHub bears.
    pub(super) async fn ask_fitting_rows(
        &self,
        client: &Client,
        text: fn(&Texts) -> &str,
        variables: impl Fn(u32) -> Value + Send + Sync,
    ) -> Result<Answer, TrackerError> {
        let texts = self.fit(client).await?;
        let answer = client.ask_rows(text(&texts), &variables).await;
        if answer.is_err() && client.take_misfit() {
            let texts = self.fit_anew(client).await?;
            return client.ask_rows(text(&texts), &variables).await;
        }
        answer
    }

    /// The texts for this GitHub; a server that names another version than before is asked for
    /// its schema first.
    pub(super) async fn fit(&self, client: &Client) -> Result<Arc<Texts>, TrackerError> {
        let texts = self.dialect.texts();
        let version = client.version();
        let known = match &texts.asked {
            Some(asked) => !self.address.server || *asked == version,
            None => !self.address.server,
        };
        if known { Ok(texts) } else { self.fit_anew(client).await }
    }

    async fn fit_anew(&self, client: &Client) -> Result<Arc<Texts>, TrackerError> {
        let answer = client.ask(queries::CAPABILITIES, json!({})).await?;
        let (told, _) = client.data::<Capabilities>(&answer)?;
        let Some(told) = told.names() else {
            let place = client.place();
            return Err(TrackerError::Malformed(format!(
                "{place}: GitHub does not tell its schema, so it is not known what may be asked; \
                 check that `url` leads to the API itself"
            )));
        };
        let texts = Texts::new(|part| told.contains(part), Some(client.version()));
        tracing::debug!(missing = ?texts.missing, "GitHub told its schema");
        self.dialect.learn(texts);
        Ok(self.dialect.texts())
    }

    /// What a person should know of this GitHub's limits.
    pub(super) fn dialect_notes(&self) -> Vec<String> {
        let (texts, place) = (self.dialect.texts(), self.client.place());
        let name = match self.client.version() {
            Some(version) => format!("this server (GitHub Enterprise Server {version})"),
            None if self.address.server => "this server".to_owned(),
            None => "GitHub".to_owned(),
        };
        let mut notes = Vec::new();
        let told = |(part, presently, words): &(&str, &str, &'static str)| {
            let alone = presently.is_empty() || !texts.lacks(presently);
            (texts.lacks(part) && alone).then_some(*words)
        };
        let missing: Vec<&str> = WORDS.iter().filter_map(told).collect();
        if !missing.is_empty() {
            notes.push(format!(
                "{place}: {name} does not tell {}; they are not counted",
                listed(&missing)
            ));
        }
        if texts.lacks(DUPLICATES) {
            notes.push(format!(
                "{place}: {name} may tell a duplicate as `not_planned`; both are dropped work"
            ));
        }
        if texts.lacks(STATUS_EVENT) && !texts.lacks("Issue.projectItems") {
            notes.push(format!(
                "{place}: {name} does not tell moves on boards as events; they are read from the \
                 boards about every hour, and of several moves between two looks only the last is \
                 known"
            ));
        }
        notes
    }
}

fn listed(words: &[&str]) -> String {
    match words {
        [all @ .., last] if !all.is_empty() => format!("{} and {last}", all.join(", ")),
        _ => words.concat(),
    }
}

/// `text` without comments and without what is not told; the names of that go into `missing`.
fn fitted(text: &str, told: &impl Fn(&str) -> bool, missing: &mut BTreeSet<String>) -> String {
    let mut kept: Vec<&str> = Vec::new();
    // Braces of a block that is left out and still open.
    let mut open = 0;
    for line in text.lines() {
        let (code, part) = line.split_once("#?").unwrap_or((line, ""));
        let braces = code.matches('{').count() as i64 - code.matches('}').count() as i64;
        if open > 0 {
            open += braces;
        } else if !part.is_empty() && !told(part.trim()) {
            missing.insert(part.trim().to_owned());
            open = braces;
        } else if !code.trim_start().starts_with('#') {
            kept.push(code.trim_end());
        }
    }
    let mut fitting = kept.join("\n");
    if fitting.contains("enableDuplicate") && !told(DUPLICATES) {
        missing.insert(DUPLICATES.to_owned());
        fitting = fitting.replace("(enableDuplicate: true)", "");
    }
    without_unused_fragments(fitting)
}

/// A fragment that nothing spreads is an error, too. One at a time: it may have spread others.
fn without_unused_fragments(mut text: String) -> String {
    loop {
        let unused = text.match_indices("fragment ").find_map(|(from, word)| {
            let name = text[from + word.len()..].split(' ').next()?;
            let spread = format!("...{name}");
            let used = text.match_indices(&spread).any(|(at, _)| {
                let next = text[at + spread.len()..].chars().next();
                !next.is_some_and(|c| c.is_ascii_alphanumeric())
            });
            let to = text[from..].find("\n}").map(|end| from + end + 2)?;
            (!used).then_some(from..to)
        });
        match unused {
            Some(range) => text.replace_range(range, ""),
            None => return text,
        }
    }
}
