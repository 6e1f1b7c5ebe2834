//! What can happen on the site. Every edit stamps, records and announces as github.com does.

use crate::model::Timestamp;
use crate::sim::people::People;

use super::super::records::{EventDetail, EventKind, LabelRecord, ReleaseRecord};
use super::super::webhooks::{self, Extra};
use super::world::{Departed, Issue, Label, Pull, World};

/// Why an edit is impossible.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    #[error("there is no issue or pull request with id {0}")]
    NoIssue(u64),
    #[error("there is no repository with id {0}")]
    NoRepository(u64),
    #[error("there is no board with id {0}")]
    NoBoard(u64),
    #[error("{0} is not a pull request")]
    NotAPull(u64),
}

/// Edits of the site that carry one and the same time stamp. Ids are numeric ids. Every edit fails
/// when it names something that is not there, and then changes nothing.
pub struct Edits<'w> {
    pub(super) world: &'w mut World,
    pub(super) people: &'w People,
    pub(super) now: Timestamp,
}

impl Edits<'_> {
    /// Opens an issue and returns its id.
    pub fn create_issue(&mut self, repo: u64, title: &str) -> Result<u64, EditError> {
        let id = self.open(repo, title, None)?;
        self.announce("issues", "opened", id, Extra::None);
        Ok(id)
    }

    /// Opens a pull request that closes `closes` when merged, and returns its id.
    pub fn open_pull(
        &mut self,
        repo: u64,
        title: &str,
        closes: Option<u64>,
    ) -> Result<u64, EditError> {
        if let Some(issue) = closes {
            self.known(issue)?;
        }
        let closed: Vec<u64> = closes.into_iter().collect();
        let pull = Pull { base: "main".to_owned(), closes: closed.clone(), ..Pull::default() };
        let id = self.open(repo, title, Some(pull))?;
        for issue in closed {
            self.record(issue, EventKind::CrossReferenced, other(id));
            if let Some(issue) = self.world.issues.get_mut(&issue) {
                issue.closed_by.push(id);
            }
        }
        self.announce("pull_request", "opened", id, Extra::None);
        Ok(id)
    }

    /// Merges a pull request and closes the issues that it closes.
    pub fn merge_pull(&mut self, id: u64) -> Result<(), EditError> {
        let now = self.now;
        self.known(id)?;
        let issue = self.world.issues.get_mut(&id).ok_or(EditError::NoIssue(id))?;
        let pull = issue.pull.as_mut().ok_or(EditError::NotAPull(id))?;
        pull.merged = Some(now);
        let closes = pull.closes.clone();
        self.world.set_closed(id, Some(now));
        self.record(id, EventKind::Other("merged".to_owned()), EventDetail::default());
        self.record(id, EventKind::Closed, EventDetail::default());
        self.announce("pull_request", "closed", id, Extra::None);
        for issue in closes {
            if self.world.issues.get(&issue).is_some_and(|issue| issue.closed.is_none()) {
                self.close_by(issue, "completed", Some(id))?;
            }
        }
        Ok(())
    }

    /// Closes an issue with a reason (`completed`, `not_planned`, `duplicate`), or a pull request
    /// without merging it.
    pub fn close(&mut self, id: u64, reason: &str) -> Result<(), EditError> {
        self.close_by(id, reason, None)
    }

    /// Opens a closed issue again.
    pub fn reopen(&mut self, id: u64) -> Result<(), EditError> {
        self.known(id)?.reason = Some("reopened".to_owned());
        self.world.set_closed(id, None);
        self.record(id, EventKind::Reopened, EventDetail::default());
        self.announce("issues", "reopened", id, Extra::None);
        Ok(())
    }

    /// Changes the title.
    pub fn rename(&mut self, id: u64, title: &str) -> Result<(), EditError> {
        let from = std::mem::replace(&mut self.known(id)?.title, title.to_owned());
        let detail = EventDetail {
            from: Some(from.clone()),
            to: Some(title.to_owned()),
            ..EventDetail::default()
        };
        self.record(id, EventKind::Renamed, detail);
        self.announce("issues", "edited", id, Extra::Renamed(&from));
        Ok(())
    }

    /// Puts a label on an issue; the repository gets the label when it has none of that name.
    pub fn label(&mut self, id: u64, name: &str) -> Result<(), EditError> {
        let repo = self.known(id)?.repo;
        let label = self.label_id(repo, name);
        let issue = self.known(id)?;
        if issue.labels.contains(&label) {
            return Ok(());
        }
        issue.labels.push(label);
        self.record(id, EventKind::Labeled, label_named(name));
        self.announce("issues", "labeled", id, Extra::Label(label));
        Ok(())
    }

    /// Takes a label off an issue.
    pub fn unlabel(&mut self, id: u64, name: &str) -> Result<(), EditError> {
        let repo = self.known(id)?.repo;
        let label = self.label_id(repo, name);
        let issue = self.known(id)?;
        if !issue.labels.contains(&label) {
            return Ok(());
        }
        issue.labels.retain(|x| *x != label);
        self.record(id, EventKind::Unlabeled, label_named(name));
        self.announce("issues", "unlabeled", id, Extra::Label(label));
        Ok(())
    }

    /// Sets or removes the issue type.
    pub fn set_type(&mut self, id: u64, name: Option<&str>) -> Result<(), EditError> {
        let to = name.map(str::to_owned);
        let from = std::mem::replace(&mut self.known(id)?.issue_type, to.clone());
        let (kind, action) = match (&from, &to) {
            (None, None) => return Ok(()),
            (None, Some(_)) => (EventKind::IssueTypeAdded, "typed"),
            (Some(_), Some(_)) => (EventKind::IssueTypeChanged, "typed"),
            (Some(_), None) => (EventKind::IssueTypeRemoved, "untyped"),
        };
        if let Some(name) = to.as_ref().filter(|name| !self.world.types.contains(name)) {
            self.world.types.push(name.clone());
        }
        let named = to.clone().or_else(|| from.clone()).unwrap_or_default();
        self.record(id, kind, EventDetail { from, to, ..EventDetail::default() });
        self.announce("issues", action, id, Extra::Type(&named));
        Ok(())
    }

    /// Deletes an issue for good.
    pub fn delete_issue(&mut self, id: u64) -> Result<(), EditError> {
        self.known(id)?;
        self.announce("issues", "deleted", id, Extra::None);
        if let Some(issue) = self.world.remove(id) {
            self.world.departed.insert((issue.repo, issue.number), Departed::Deleted);
        }
        Ok(())
    }

    /// Publishes a release and returns its id.
    pub fn publish_release(&mut self, repo: u64, tag: &str) -> Result<u64, EditError> {
        if !self.world.repos.contains_key(&repo) {
            return Err(EditError::NoRepository(repo));
        }
        let id = self.world.fresh_id();
        let (tag, published) = (tag.to_owned(), Some(self.now));
        let record = ReleaseRecord { id, repo, tag, published, prerelease: false };
        self.world.releases.insert(id, record);
        self.announce("release", "published", id, Extra::None);
        Ok(id)
    }

    /// Makes a repository invisible, or visible again, to the credential in use.
    pub fn set_hidden(&mut self, repo: u64, hidden: bool) -> Result<(), EditError> {
        let repo = self.world.repos.get_mut(&repo).ok_or(EditError::NoRepository(repo))?;
        repo.hidden = hidden;
        Ok(())
    }

    /// Archives a repository, or takes it out of the archive.
    pub fn set_archived(&mut self, repo: u64, archived: bool) -> Result<(), EditError> {
        let found = self.world.repos.get_mut(&repo).ok_or(EditError::NoRepository(repo))?;
        found.record.archived = archived;
        let action = if archived { "archived" } else { "unarchived" };
        self.announce("repository", action, repo, Extra::None);
        Ok(())
    }

    /// Turns an issue into a discussion: it leaves every list and answers no more.
    pub fn convert_to_discussion(&mut self, id: u64) -> Result<(), EditError> {
        self.known(id)?;
        if let Some(issue) = self.world.remove(id) {
            self.world.departed.insert((issue.repo, issue.number), Departed::Converted);
        }
        Ok(())
    }

    fn open(&mut self, repo: u64, title: &str, pull: Option<Pull>) -> Result<u64, EditError> {
        let number = self.next_number(repo)?;
        let id = self.world.fresh_id();
        self.world.insert(Issue {
            id,
            node_id: Issue::node_id_of(id, repo, pull.is_some()),
            repo,
            number,
            title: title.to_owned(),
            created: self.now,
            updated: self.now,
            closed: None,
            reason: None,
            labels: Vec::new(),
            milestone: None,
            comments: 0,
            pull,
            issue_type: None,
            parent: None,
            children: Vec::new(),
            blocked_by: Vec::new(),
            blocking: Vec::new(),
            closed_by: Vec::new(),
            cards: Vec::new(),
            events: Vec::new(),
        });
        Ok(id)
    }

    fn close_by(&mut self, id: u64, reason: &str, by: Option<u64>) -> Result<(), EditError> {
        let now = self.now;
        let issue = self.known(id)?;
        let pull = issue.pull.is_some();
        issue.reason = (!pull).then(|| reason.to_owned());
        let reason = issue.reason.clone();
        self.world.set_closed(id, Some(now));
        self.record(id, EventKind::Closed, EventDetail { reason, issue: by, ..Default::default() });
        self.announce(if pull { "pull_request" } else { "issues" }, "closed", id, Extra::None);
        Ok(())
    }

    fn label_id(&mut self, repo: u64, name: &str) -> u64 {
        if let Some(label) = self.world.label_named(repo, name) {
            let id = label.record.id;
            if let Some(label) = self.world.labels.get_mut(&id) {
                label.deleted = false;
            }
            return id;
        }
        let id = self.world.fresh_id();
        let record = LabelRecord { id, repo, name: name.to_owned(), color: "ededed".to_owned() };
        self.world.labels.insert(id, Label { record, deleted: false });
        id
    }

    pub(super) fn next_number(&self, repo: u64) -> Result<u64, EditError> {
        if !self.world.repos.contains_key(&repo) {
            return Err(EditError::NoRepository(repo));
        }
        let numbers = self.world.by_number.range((repo, 0)..=(repo, u64::MAX));
        let gone = self.world.departed.range((repo, 0)..=(repo, u64::MAX));
        let last = numbers.map(|(key, _)| key.1).next_back();
        let last_gone = gone.map(|(key, _)| key.1).next_back();
        Ok(last.max(last_gone).unwrap_or(0) + 1)
    }

    pub(super) fn known(&mut self, id: u64) -> Result<&mut Issue, EditError> {
        self.world.issues.get_mut(&id).ok_or(EditError::NoIssue(id))
    }

    /// Adds an event and moves the stamp.
    pub(super) fn record(&mut self, id: u64, kind: EventKind, detail: EventDetail) {
        self.world.append(id, kind, self.now, detail);
        self.world.touch(id, self.now);
    }

    /// Queues the webhook of something that happened to `id`.
    pub(super) fn announce(
        &mut self,
        event: &'static str,
        action: &str,
        id: u64,
        extra: Extra<'_>,
    ) {
        if let Some(body) = webhooks::body(self.world, self.people, event, action, id, extra) {
            self.world.outbox.push(event, &body);
        }
    }
}

/// The detail of an event that names another issue.
pub(super) fn other(issue: u64) -> EventDetail {
    EventDetail { issue: Some(issue), ..EventDetail::default() }
}

fn label_named(name: &str) -> EventDetail {
    EventDetail { label: Some(name.to_owned()), ..EventDetail::default() }
}
