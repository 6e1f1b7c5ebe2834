//! The state of the simulated site and the look-ups that its faces share.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::Timestamp;

use super::super::graphql::schema;
use super::super::ids::node_id;
use super::super::records::{
    BoardRecord, EventDetail, EventKind, LabelRecord, MilestoneRecord, ReleaseRecord, RepoRecord,
};
use super::super::webhooks::{Desk, Outbox};

/// Everything the site knows. Keys are numeric ids.
#[derive(Debug, Default)]
pub struct World {
    pub repos: BTreeMap<u64, Repo>,
    pub labels: BTreeMap<u64, Label>,
    pub milestones: BTreeMap<u64, MilestoneRecord>,
    pub boards: BTreeMap<u64, BoardRecord>,
    pub releases: BTreeMap<u64, ReleaseRecord>,
    pub issues: BTreeMap<u64, Issue>,
    /// Names of issue types; the place in the list is the id minus one.
    pub types: Vec<String>,
    pub by_number: BTreeMap<(u64, u64), u64>,
    /// (repository, is a pull request, updated, id): the order in which lists are walked.
    pub by_update: BTreeSet<(u64, bool, Timestamp, u64)>,
    /// How many issues and pull requests of a repository are open.
    pub open: BTreeMap<u64, u64>,
    /// (repository, number) of what has left.
    pub departed: BTreeMap<(u64, u64), Departed>,
    /// Whether board moves leave a timeline event. github.com stopped in September 2026.
    pub status_events_missing: bool,
    pub outbox: Outbox,
    /// Webhooks that are registered, and how deliveries went.
    pub desk: Desk,
    pub last_id: u64,
    /// Repositories that have no issues.
    pub without_issues: BTreeSet<u64>,
    /// Repositories that are there and forbidden to the token, as by single sign-on.
    pub forbidden: BTreeSet<u64>,
    /// Where `owner/name`, in lower case, leads since a repository was renamed.
    pub former_names: BTreeMap<String, u64>,
    /// The owner whose repositories the request at hand may see; `None`: all of them.
    pub viewer: Option<String>,
}

/// A repository; `hidden` ones answer as if they did not exist.
#[derive(Debug)]
pub struct Repo {
    pub record: RepoRecord,
    pub hidden: bool,
}

/// A label; `deleted` ones live on in timelines only.
#[derive(Debug)]
pub struct Label {
    pub record: LabelRecord,
    pub deleted: bool,
}

/// Why a number answers no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Departed {
    Deleted,
    /// It is a discussion now.
    Converted,
    /// The id of the issue that it has become.
    Transferred(u64),
}

/// An issue or pull request.
#[derive(Debug)]
pub struct Issue {
    pub id: u64,
    pub node_id: String,
    pub repo: u64,
    pub number: u64,
    pub title: String,
    pub created: Timestamp,
    pub updated: Timestamp,
    pub closed: Option<Timestamp>,
    pub reason: Option<String>,
    pub labels: Vec<u64>,
    pub milestone: Option<u64>,
    pub comments: u64,
    pub pull: Option<Pull>,
    pub issue_type: Option<String>,
    pub parent: Option<u64>,
    pub children: Vec<u64>,
    pub blocked_by: Vec<u64>,
    pub blocking: Vec<u64>,
    /// Pull requests that close this issue.
    pub closed_by: Vec<u64>,
    pub cards: Vec<Card>,
    pub events: Vec<Event>,
}

/// What only a pull request has.
#[derive(Debug, Default)]
pub struct Pull {
    pub merged: Option<Timestamp>,
    pub draft: bool,
    pub base: String,
    pub closes: Vec<u64>,
}

/// An issue's place on a board.
#[derive(Debug)]
pub struct Card {
    pub id: u64,
    pub board: u64,
    pub status: Option<String>,
    pub created: Timestamp,
    pub updated: Timestamp,
}

/// An entry of a timeline.
#[derive(Debug)]
pub struct Event {
    pub id: u64,
    pub kind: EventKind,
    /// Its GraphQL type; `None` when only REST shows it.
    pub type_name: Option<&'static str>,
    pub at: Timestamp,
    pub detail: EventDetail,
}

impl World {
    pub fn repo_named(&self, owner: &str, name: &str) -> Option<&Repo> {
        let named = self.repos.values().find(|repo| {
            repo.record.owner.eq_ignore_ascii_case(owner)
                && repo.record.name.eq_ignore_ascii_case(name)
        });
        let former = || self.former_names.get(&format!("{owner}/{name}").to_ascii_lowercase());
        named.or_else(|| self.repos.get(former()?)).filter(|repo| self.sees(repo))
    }

    pub fn repo(&self, id: u64) -> Option<&Repo> {
        self.repos.get(&id).filter(|repo| self.sees(repo))
    }

    /// Whether the request at hand may see a repository.
    pub fn sees(&self, repo: &Repo) -> bool {
        let viewer = self.viewer.as_deref();
        !repo.hidden && viewer.is_none_or(|owner| repo.record.owner.eq_ignore_ascii_case(owner))
    }

    /// An issue that the caller may see.
    pub fn issue(&self, id: u64) -> Option<&Issue> {
        self.issues.get(&id).filter(|issue| self.repo(issue.repo).is_some())
    }

    pub fn visible<'w>(&'w self, ids: &'w [u64]) -> impl Iterator<Item = &'w Issue> {
        ids.iter().filter_map(|id| self.issue(*id))
    }

    /// `owner/name`.
    pub fn full_name(&self, repo: u64) -> String {
        self.repos.get(&repo).map_or_else(String::new, Repo::full_name)
    }

    /// Stamp and id of the issues (or pull requests) of a repository, oldest change first.
    pub fn keys_since(
        &self,
        repo: u64,
        pulls: bool,
        since: Timestamp,
    ) -> impl Iterator<Item = (Timestamp, u64)> {
        let last = (repo, pulls, Timestamp::MAX, u64::MAX);
        self.by_update.range((repo, pulls, since, 0)..=last).map(|key| (key.2, key.3))
    }

    /// The issues (or pull requests) behind [`World::keys_since`].
    pub fn updated_since(
        &self,
        repo: u64,
        pulls: bool,
        since: Timestamp,
    ) -> impl Iterator<Item = &Issue> {
        self.keys_since(repo, pulls, since).filter_map(|(_, id)| self.issues.get(&id))
    }

    pub fn label_named(&self, repo: u64, name: &str) -> Option<&Label> {
        self.labels.values().find(|l| l.record.repo == repo && l.record.name == name)
    }

    pub fn type_id(&self, name: &str) -> Option<u64> {
        self.types.iter().position(|t| t == name).map(|at| at as u64 + 1)
    }

    pub fn fresh_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    pub fn insert(&mut self, issue: Issue) {
        *self.open.entry(issue.repo).or_default() += u64::from(issue.closed.is_none());
        self.by_number.insert((issue.repo, issue.number), issue.id);
        self.by_update.insert((issue.repo, issue.pull.is_some(), issue.updated, issue.id));
        self.issues.insert(issue.id, issue);
    }

    /// Takes an issue out of every list and out of the relations of others.
    pub fn remove(&mut self, id: u64) -> Option<Issue> {
        let issue = self.issues.remove(&id)?;
        *self.open.entry(issue.repo).or_default() -= u64::from(issue.closed.is_none());
        self.by_number.remove(&(issue.repo, issue.number));
        self.by_update.remove(&(issue.repo, issue.pull.is_some(), issue.updated, id));
        for other in self.issues.values_mut() {
            other.children.retain(|x| *x != id);
            other.blocked_by.retain(|x| *x != id);
            other.blocking.retain(|x| *x != id);
            other.closed_by.retain(|x| *x != id);
            other.parent = other.parent.filter(|x| *x != id);
            if let Some(pull) = &mut other.pull {
                pull.closes.retain(|x| *x != id);
            }
        }
        Some(issue)
    }

    /// Adds an event at the end of an issue's timeline.
    pub fn append(&mut self, id: u64, kind: EventKind, at: Timestamp, detail: EventDetail) {
        let event = self.fresh_id();
        let type_name = schema::event_type(&kind);
        if let Some(issue) = self.issues.get_mut(&id) {
            issue.events.push(Event { id: event, kind, type_name, at, detail });
        }
    }

    /// Closes an issue at an instant, or opens it again.
    pub fn set_closed(&mut self, id: u64, at: Option<Timestamp>) {
        let Some(issue) = self.issues.get_mut(&id) else { return };
        let open = self.open.entry(issue.repo).or_default();
        *open -= u64::from(issue.closed.is_none());
        issue.closed = at;
        *open += u64::from(issue.closed.is_none());
    }

    /// Moves the stamp of an issue to `at`.
    pub fn touch(&mut self, id: u64, at: Timestamp) {
        let Some(issue) = self.issues.get_mut(&id) else { return };
        let pulls = issue.pull.is_some();
        self.by_update.remove(&(issue.repo, pulls, issue.updated, id));
        issue.updated = at;
        self.by_update.insert((issue.repo, pulls, at, id));
    }
}

impl Repo {
    pub fn full_name(&self) -> String {
        format!("{}/{}", self.record.owner, self.record.name)
    }

    pub fn node_id(&self) -> String {
        node_id("R", &[self.record.id])
    }
}

impl Issue {
    pub fn node_id_of(id: u64, repo: u64, pull: bool) -> String {
        node_id(if pull { "PR" } else { "I" }, &[repo, id])
    }

    /// `OPEN`, `CLOSED` or, for pull requests, `MERGED`.
    pub fn state(&self) -> &'static str {
        match (&self.pull, self.closed) {
            (Some(Pull { merged: Some(_), .. }), _) => "MERGED",
            (_, Some(_)) => "CLOSED",
            (_, None) => "OPEN",
        }
    }

    pub fn event_node_id(&self, event: &Event) -> String {
        let name = event.type_name.unwrap_or("Event");
        let prefix: String = name.chars().filter(char::is_ascii_uppercase).collect();
        node_id(&prefix, &[self.repo, self.id, event.id])
    }
}

impl Card {
    pub fn node_id(&self) -> String {
        node_id("PVTI", &[self.board, self.id])
    }
}
