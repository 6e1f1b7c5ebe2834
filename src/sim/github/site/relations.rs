//! Edits that concern more than one place: parents, blockers, boards, other repositories.

use super::super::records::{EventDetail, EventKind};
use super::super::webhooks::Extra;
use super::edits::{EditError, Edits, other};
use super::world::{Card, Departed, Issue};

impl Edits<'_> {
    /// Sets or removes the parent of an issue.
    pub fn set_parent(&mut self, id: u64, parent: Option<u64>) -> Result<(), EditError> {
        if let Some(parent) = parent {
            self.known(parent)?;
        }
        let before = std::mem::replace(&mut self.known(id)?.parent, parent);
        if before == parent {
            return Ok(());
        }
        if let Some(old) = before {
            if let Some(old) = self.world.issues.get_mut(&old) {
                old.children.retain(|x| *x != id);
            }
            self.record(id, EventKind::ParentIssueRemoved, other(old));
            self.record(old, EventKind::SubIssueRemoved, other(id));
            self.announce("sub_issues", "sub_issue_removed", old, Extra::Relation(id));
            self.announce("sub_issues", "parent_issue_removed", old, Extra::Relation(id));
        }
        if let Some(new) = parent {
            self.known(new)?.children.push(id);
            self.record(id, EventKind::ParentIssueAdded, other(new));
            self.record(new, EventKind::SubIssueAdded, other(id));
            self.announce("sub_issues", "sub_issue_added", new, Extra::Relation(id));
            self.announce("sub_issues", "parent_issue_added", new, Extra::Relation(id));
        }
        Ok(())
    }

    /// Says that `id` waits for `blocker`.
    pub fn block(&mut self, id: u64, blocker: u64) -> Result<(), EditError> {
        self.known(blocker)?;
        let issue = self.known(id)?;
        if issue.blocked_by.contains(&blocker) {
            return Ok(());
        }
        issue.blocked_by.push(blocker);
        self.known(blocker)?.blocking.push(id);
        self.record(id, EventKind::BlockedByAdded, other(blocker));
        self.record(blocker, EventKind::BlockingAdded, other(id));
        self.announce("issue_dependencies", "blocked_by_added", id, Extra::Relation(blocker));
        self.announce("issue_dependencies", "blocking_added", id, Extra::Relation(blocker));
        Ok(())
    }

    /// Says that `id` waits for `blocker` no more.
    pub fn unblock(&mut self, id: u64, blocker: u64) -> Result<(), EditError> {
        self.known(blocker)?;
        let issue = self.known(id)?;
        if !issue.blocked_by.contains(&blocker) {
            return Ok(());
        }
        issue.blocked_by.retain(|x| *x != blocker);
        self.known(blocker)?.blocking.retain(|x| *x != id);
        self.record(id, EventKind::BlockedByRemoved, other(blocker));
        self.record(blocker, EventKind::BlockingRemoved, other(id));
        self.announce("issue_dependencies", "blocked_by_removed", id, Extra::Relation(blocker));
        self.announce("issue_dependencies", "blocking_removed", id, Extra::Relation(blocker));
        Ok(())
    }

    /// Puts an issue on a board with this status, adding it when it is not there. Moves no stamp
    /// of the issue, and leaves no event while [`super::Site::set_status_events`] is off.
    pub fn set_board_status(
        &mut self,
        id: u64,
        board: u64,
        status: Option<&str>,
    ) -> Result<(), EditError> {
        let (now, to) = (self.now, status.map(str::to_owned));
        if !self.world.boards.contains_key(&board) {
            return Err(EditError::NoBoard(board));
        }
        self.known(id)?;
        let card_id = self.world.fresh_id();
        let issue = self.world.issues.get_mut(&id).ok_or(EditError::NoIssue(id))?;
        let on_board = EventDetail { board: Some(board), ..EventDetail::default() };
        let known = issue.cards.iter_mut().find(|card| card.board == board);
        let added = known.is_none();
        let from = match known {
            Some(card) => {
                card.updated = now;
                std::mem::replace(&mut card.status, to.clone())
            }
            None => {
                let status = to.clone();
                issue.cards.push(Card { id: card_id, board, status, created: now, updated: now });
                None
            }
        };
        if added {
            self.world.append(id, EventKind::AddedToProjectV2, now, on_board.clone());
            self.announce("projects_v2_item", "created", id, Extra::Card(board, None, None));
        }
        if from != to {
            if !self.world.status_events_missing {
                let (from, to) = (from.clone(), to.clone());
                let detail = EventDetail { from, to, ..on_board };
                self.world.append(id, EventKind::ProjectV2ItemStatusChanged, now, detail);
            }
            self.announce("projects_v2_item", "edited", id, Extra::Card(board, from, to));
        }
        Ok(())
    }

    /// Moves an issue to another repository, where it gets a new id and number. Returns the id.
    pub fn transfer(&mut self, id: u64, to: u64) -> Result<u64, EditError> {
        let number = self.next_number(to)?;
        self.known(id)?;
        let new = self.world.fresh_id();
        self.announce("issues", "transferred", id, Extra::Transferred { id: new, to, number });
        let mut issue = self.world.remove(id).ok_or(EditError::NoIssue(id))?;
        self.world.departed.insert((issue.repo, issue.number), Departed::Transferred(new));
        let from = self.world.full_name(issue.repo);
        issue.id = new;
        issue.node_id = Issue::node_id_of(new, to, issue.pull.is_some());
        (issue.repo, issue.number, issue.updated) = (to, number, self.now);
        // Labels and milestones belong to a repository; of these the new place knows nothing.
        issue.labels.clear();
        issue.milestone = None;
        for card in &mut issue.cards {
            card.updated = self.now;
        }
        let (parent, children) = (issue.parent, issue.children.clone());
        let (blockers, blocked) = (issue.blocked_by.clone(), issue.blocking.clone());
        let pulls = issue.closed_by.clone();
        self.world.insert(issue);
        self.relink(new, parent, &children, [&blockers, &blocked, &pulls]);
        let detail = EventDetail { from: Some(from), ..EventDetail::default() };
        self.record(new, EventKind::Transferred, detail);
        self.announce("issues", "opened", new, Extra::None);
        Ok(new)
    }

    /// Puts a transferred issue back into the relations of its neighbours.
    fn relink(&mut self, id: u64, parent: Option<u64>, children: &[u64], sides: [&[u64]; 3]) {
        let issues = &mut self.world.issues;
        if let Some(parent) = parent.and_then(|parent| issues.get_mut(&parent)) {
            parent.children.push(id);
        }
        for child in children {
            if let Some(child) = issues.get_mut(child) {
                child.parent = Some(id);
            }
        }
        let [blockers, blocked, pulls] = sides;
        for other in blockers {
            if let Some(other) = issues.get_mut(other) {
                other.blocking.push(id);
            }
        }
        for other in blocked {
            if let Some(other) = issues.get_mut(other) {
                other.blocked_by.push(id);
            }
        }
        for pull in pulls {
            if let Some(pull) = issues.get_mut(pull).and_then(|pull| pull.pull.as_mut()) {
                pull.closes.push(id);
            }
        }
    }
}
