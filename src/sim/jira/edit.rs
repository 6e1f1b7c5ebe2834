//! Edits as people make them: each bumps `updated`, writes a changelog entry, reaches the search
//! index after its lag, and queues a webhook delivery.

use std::sync::Arc;

use super::hooks::Event;
use super::items;
use super::records::{HistoryRecord, IssueRecord, ItemRecord, LinkRecord};
use super::site::Site;
use crate::model::Timestamp;

/// Why an edit is impossible.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    #[error("there is no {kind} {id} on the simulated site")]
    Unknown { kind: &'static str, id: String },
}

/// A new value of one attribute of an issue. Numbers are ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    Status(u64),
    Labels(Vec<String>),
    Components(Vec<u64>),
    FixVersions(Vec<u64>),
    Sprints(Vec<u64>),
    Parent(Option<u64>),
    Flagged(bool),
    Resolution(Option<u64>),
    Priority(Option<u64>),
    Team(Option<String>),
    Type(u64),
    Summary(String),
}

/// An issue to be created.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Draft {
    pub project: u64,
    pub kind: u64,
    pub status: u64,
    pub summary: String,
    pub labels: Vec<String>,
    pub components: Vec<u64>,
    pub parent: Option<u64>,
    pub team: Option<String>,
    pub priority: Option<u64>,
}

impl Site {
    /// Creates an issue; returns its id.
    ///
    /// # Errors
    /// The project, type or status is unknown.
    pub fn create_issue(&mut self, draft: Draft) -> Result<u64, EditError> {
        let Some(project) = self.catalogue.projects.get(&draft.project).cloned() else {
            return Err(unknown("project", draft.project));
        };
        self.check_type(draft.kind)?;
        self.check_status(draft.status)?;
        let id = self.last.issue + 1;
        let number = self.last.number.get(&project.key).copied().unwrap_or(0) + 1;
        let key = format!("{}-{number}", project.key);
        let now = self.clock.now();
        let issue = IssueRecord {
            summary: draft.summary,
            labels: draft.labels,
            components: draft.components,
            parent: draft.parent,
            team: draft.team,
            priority: draft.priority,
            ..IssueRecord::new(id, &key, project.id, draft.kind, draft.status, now)
        };
        self.last.issue = id;
        self.remember_key(&key, id);
        let issue = Arc::new(issue);
        self.issues.insert(id, Arc::clone(&issue));
        self.announce(id, Some(Arc::clone(&issue)), now);
        self.queue(Event::Created { issue });
        Ok(id)
    }

    /// Changes one attribute of one issue; returns the id of the changelog entry.
    ///
    /// # Errors
    /// The issue, or what the new value names, is unknown.
    pub fn edit(&mut self, id: u64, edit: &Edit) -> Result<u64, EditError> {
        let now = self.clock.now();
        self.edit_at(id, edit, now, false)
    }

    /// Changes many issues in one operation: all entries carry the same instant.
    ///
    /// # Errors
    /// As [`Site::edit`]; the issues before the failing one are changed.
    pub fn bulk_edit(&mut self, ids: &[u64], edit: &Edit) -> Result<(), EditError> {
        let now = self.clock.now();
        ids.iter().try_for_each(|id| self.edit_at(*id, edit, now, true).map(drop))
    }

    /// Moves an issue to another status; entering work assigns it to someone, as boards do.
    ///
    /// # Errors
    /// The issue or the status is unknown.
    pub fn transition(&mut self, id: u64, status: u64) -> Result<u64, EditError> {
        self.edit(id, &Edit::Status(status))
    }

    fn edit_at(
        &mut self,
        id: u64,
        edit: &Edit,
        now: Timestamp,
        bulk: bool,
    ) -> Result<u64, EditError> {
        let issue = self.issues.get(&id).ok_or_else(|| unknown("issue", id))?;
        let items = self.items(issue, edit)?;
        let category = match edit {
            Edit::Status(status) => {
                self.catalogue.category(*status) != self.catalogue.category(issue.status)
            }
            _ => false,
        };
        Ok(self.change(id, now, items, bulk, |issue| {
            if category {
                issue.status_changed = Some(now);
            }
            apply(issue, edit, now);
        }))
    }

    /// Writes a changelog entry and everything that follows from it.
    fn change(
        &mut self,
        id: u64,
        now: Timestamp,
        items: Vec<ItemRecord>,
        bulk: bool,
        change: impl FnOnce(&mut IssueRecord),
    ) -> u64 {
        self.last.history += 1;
        let history = HistoryRecord { id: self.last.history, author: None, created: now, items };
        let Some(slot) = self.issues.get_mut(&id) else { return history.id };
        let issue = Arc::make_mut(slot);
        change(issue);
        issue.updated = now;
        issue.histories.push(history.clone());
        let issue = Arc::clone(slot);
        self.announce(id, Some(Arc::clone(&issue)), now);
        self.queue(Event::Updated { issue, history, bulk });
        self.last.history
    }

    /// Links two issues: `source` has the outward relation ("blocks") to `target`. Returns the
    /// link's id.
    ///
    /// # Errors
    /// An issue or the link type is unknown.
    pub fn link(&mut self, source: u64, kind: u64, target: u64) -> Result<u64, EditError> {
        let Some(link_type) = self.catalogue.link_types.get(&kind).cloned() else {
            return Err(unknown("link type", kind));
        };
        let key = |id: u64| self.issue(id).map(|issue| issue.key.clone());
        let source_key = key(source).ok_or_else(|| unknown("issue", source))?;
        let target_key = key(target).ok_or_else(|| unknown("issue", target))?;
        self.last.link += 1;
        let id = self.last.link;
        let ends = [
            (source, true, target, target_key, link_type.outward),
            (target, false, source, source_key, link_type.inward),
        ];
        for (this, outward, other, key, relation) in ends {
            let link = LinkRecord { id, kind, outward, issue: other, key: key.clone() };
            let item = items::link(None, Some((&key, &relation)));
            self.relate(this, outward, item, |issue| issue.links.push(link));
        }
        self.queue(Event::Link { id, kind, source, target, created: true });
        Ok(id)
    }

    /// Removes a link from both of its ends.
    ///
    /// # Errors
    /// No issue carries the link.
    pub fn unlink(&mut self, id: u64) -> Result<(), EditError> {
        let ends: Vec<(u64, LinkRecord)> = self
            .issues
            .values()
            .filter_map(|i| i.links.iter().find(|l| l.id == id).map(|l| (i.id, l.clone())))
            .collect();
        let Some((first, link)) = ends.first().cloned() else { return Err(unknown("link", id)) };
        for (this, link) in ends {
            let link_type = self.catalogue.link_types.get(&link.kind);
            let relation = link_type
                .map(|t| if link.outward { t.outward.clone() } else { t.inward.clone() })
                .unwrap_or_default();
            let item = items::link(Some((&link.key, &relation)), None);
            self.relate(this, link.outward, item, |issue| issue.links.retain(|l| l.id != id));
        }
        let (source, target) = if link.outward { (first, link.issue) } else { (link.issue, first) };
        self.queue(Event::Link { id, kind: link.kind, source, target, created: false });
        Ok(())
    }

    fn relate(
        &mut self,
        id: u64,
        outward: bool,
        item: ItemRecord,
        change: impl FnOnce(&mut IssueRecord),
    ) {
        let now = self.clock.now();
        if outward || self.link_touches_both {
            self.change(id, now, vec![item], false, change);
        } else {
            self.change_quietly(id, change);
        }
    }

    /// Changes an issue without an entry and without bumping `updated`.
    fn change_quietly(&mut self, id: u64, change: impl FnOnce(&mut IssueRecord)) {
        let Some(slot) = self.issues.get_mut(&id) else { return };
        change(Arc::make_mut(slot));
        let issue = Arc::clone(slot);
        self.announce(id, Some(issue), self.clock.now());
    }

    /// Moves an issue to another project under a new key; the old key keeps resolving. With a
    /// `status`, the workflow of the new project sets it without a changelog item, as some moves
    /// do.
    ///
    /// # Errors
    /// The issue, project or status is unknown.
    pub fn move_to_project(
        &mut self,
        id: u64,
        project: u64,
        status: Option<u64>,
    ) -> Result<String, EditError> {
        let issue = self.issues.get(&id).ok_or_else(|| unknown("issue", id))?;
        let Some(to) = self.catalogue.projects.get(&project).cloned() else {
            return Err(unknown("project", project));
        };
        if let Some(status) = status {
            self.check_status(status)?;
        }
        let number = self.last.number.get(&to.key).copied().unwrap_or(0) + 1;
        let key = format!("{}-{number}", to.key);
        let from = self.catalogue.projects.get(&issue.project).map(|p| p.name.clone());
        let items = vec![
            items::named(
                "project",
                "project",
                Some((issue.project, from.unwrap_or_default())),
                Some((project, to.name)),
            ),
            ItemRecord {
                from_string: Some(issue.key.clone()),
                to_string: Some(key.clone()),
                ..items::item("Key", None)
            },
        ];
        let now = self.clock.now();
        self.remember_key(&key, id);
        let new_key = key.clone();
        self.change(id, now, items, false, |issue| {
            issue.project = project;
            issue.key = new_key;
            issue.components.clear();
            issue.fix_versions.clear();
            issue.status = status.unwrap_or(issue.status);
        });
        let linked: Vec<u64> = self
            .issue(id)
            .map_or_else(Vec::new, |issue| issue.links.iter().map(|l| l.issue).collect());
        for other in linked {
            self.change_quietly(other, |other| {
                let links = other.links.iter_mut().filter(|link| link.issue == id);
                links.for_each(|link| link.key.clone_from(&key));
            });
        }
        Ok(key)
    }

    /// Deletes an issue: links and children lose it without an entry of their own.
    ///
    /// # Errors
    /// The issue is unknown.
    pub fn delete_issue(&mut self, id: u64) -> Result<(), EditError> {
        let Some(issue) = self.issues.remove(&id) else { return Err(unknown("issue", id)) };
        self.keys.retain(|_, known| *known != id);
        let related = |other: &IssueRecord| {
            other.parent == Some(id) || other.links.iter().any(|link| link.issue == id)
        };
        let others: Vec<u64> =
            self.issues.values().filter(|other| related(other)).map(|other| other.id).collect();
        for other in others {
            self.change_quietly(other, |other| {
                other.links.retain(|link| link.issue != id);
                other.parent = other.parent.filter(|parent| *parent != id);
            });
        }
        self.announce(id, None, self.clock.now());
        self.queue(Event::Deleted { issue });
        Ok(())
    }

    /// Releases a version today. No issue changes by it.
    ///
    /// # Errors
    /// The version is unknown.
    pub fn release_version(&mut self, id: u64) -> Result<(), EditError> {
        let today = self.clock.now().to_utc().format("%Y-%m-%d").to_string();
        let Some(version) = self.catalogue.versions.get_mut(&id) else {
            return Err(unknown("version", id));
        };
        version.state = Some("released".to_owned());
        version.end = Some(today);
        self.fragments = None;
        self.queue(Event::VersionReleased { id });
        Ok(())
    }

    fn check_status(&self, id: u64) -> Result<(), EditError> {
        let known = self.catalogue.statuses.contains_key(&id);
        if known { Ok(()) } else { Err(unknown("status", id)) }
    }

    fn check_type(&self, id: u64) -> Result<(), EditError> {
        let known = self.catalogue.types.contains_key(&id);
        if known { Ok(()) } else { Err(unknown("issue type", id)) }
    }
}

pub(super) fn unknown(kind: &'static str, id: impl ToString) -> EditError {
    EditError::Unknown { kind, id: id.to_string() }
}

fn apply(issue: &mut IssueRecord, edit: &Edit, now: Timestamp) {
    match edit.clone() {
        Edit::Status(status) => issue.status = status,
        Edit::Labels(labels) => issue.labels = labels,
        Edit::Components(components) => issue.components = components,
        Edit::FixVersions(versions) => issue.fix_versions = versions,
        Edit::Sprints(sprints) => issue.sprints = sprints,
        Edit::Parent(parent) => issue.parent = parent,
        Edit::Flagged(flagged) => issue.flagged = flagged,
        Edit::Resolution(resolution) => {
            issue.resolution = resolution;
            issue.resolved = resolution.map(|_| now);
        }
        Edit::Priority(priority) => issue.priority = priority,
        Edit::Team(team) => issue.team = team,
        Edit::Type(kind) => issue.kind = kind,
        Edit::Summary(summary) => issue.summary = summary,
    }
}
