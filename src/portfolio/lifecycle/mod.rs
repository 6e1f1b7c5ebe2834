//! What an item's state meant at every instant: a category, the blocked overlay, and the reason.
//!
//! Jira and GitHub tell it in different ways, so there is one file for each.

mod github;
mod jira;

use std::collections::BTreeSet;

use crate::model::{Category, Change, Precision, Timestamp, TrackerKind};

use super::history::Past;
use super::known::{Known, Statuses};
use super::workflow::{Meaning, Workflows};

/// The state name of active work that is blocked.
pub(super) const BLOCKED: &str = "Blocked";

/// One stretch of an item's life in one state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Phase<'a> {
    pub(super) from: Timestamp,
    /// How well `from` is known.
    pub(super) precision: Precision,
    pub(super) meant: Meant<'a>,
}

/// What a state means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Meant<'a> {
    pub(super) category: Category,
    pub(super) blocked: bool,
    /// The status as the tracker names it.
    pub(super) status: &'a str,
    pub(super) why: Why<'a>,
    /// Dropped for being the same as another item.
    pub(super) duplicate: bool,
}

/// Why a state means what it means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why<'a> {
    /// A workflow of the portfolio file says so, on this line.
    Declared(usize),
    /// The same, under `blocked`.
    DeclaredBlocked(usize),
    /// The tracker's own category.
    Tracker(&'a str),
    /// The resolution means "ended without delivery".
    Resolution(&'a str),
    /// Nobody knows what the status means; the state before goes on.
    Unknown,
    /// Open, and nothing shows a start.
    NotStarted,
    ActiveLabel(&'a str),
    PullRequest,
    Merged,
    /// Closed, with the reason that was given.
    Closed(Option<&'a str>),
    /// Reopened, back to the last state before it ended.
    Reopened,
}

impl Why<'_> {
    fn declared(meaning: Meaning, line: usize) -> Self {
        if meaning == Meaning::Blocked { Self::DeclaredBlocked(line) } else { Self::Declared(line) }
    }
}

impl<'a> Meant<'a> {
    fn new(category: Category, status: &'a str, why: Why<'a>) -> Self {
        Self { category, blocked: false, status, why, duplicate: false }
    }

    /// The name under which time in this state is counted.
    pub(super) fn state(&self) -> &'a str {
        if self.blocked && self.category == Category::Active { BLOCKED } else { self.status }
    }

    /// The reason in sentences: that of the category, and that of the overlay if there is one.
    pub(super) fn sentence(&self) -> String {
        let mut told = self.category_sentence();
        // Only a flag blocks what no workflow lists under `blocked`.
        if self.blocked && !matches!(self.why, Why::DeclaredBlocked(_)) {
            told.push_str(" The tracker flags it as impeded, so the time counts as blocked.");
        }
        told
    }

    fn category_sentence(&self) -> String {
        let status = self.status;
        let category = format!("{:?}", self.category).to_lowercase();
        match self.why {
            Why::Declared(line) => {
                format!("`{status}` is {category} by the workflow on line {line}.")
            }
            Why::DeclaredBlocked(line) => {
                format!("`{status}` is blocked by the workflow on line {line}.")
            }
            Why::Tracker(key) => {
                format!("`{status}` is {category}, because the tracker's category is `{key}`.")
            }
            Why::Resolution(name) => {
                format!("`{status}` with resolution `{name}` ends without delivery.")
            }
            Why::Unknown => {
                format!("Nobody knows the category of `{status}`; the state before goes on.")
            }
            Why::NotStarted => "It is open, and nothing shows a start.".to_owned(),
            Why::ActiveLabel(label) => format!("It has the label `{label}`, declared as active."),
            Why::PullRequest => {
                "A pull request that will close it was opened; nothing better shows the start."
                    .to_owned()
            }
            Why::Merged => "A pull request that closes it was merged.".to_owned(),
            Why::Closed(None) => "It was closed without a reason, which counts as done.".to_owned(),
            Why::Closed(Some(reason)) => format!("It was closed as `{reason}`."),
            Why::Reopened => {
                format!("It was reopened, back to `{status}`, the last state before it ended.")
            }
        }
    }
}

/// The states of one item.
#[derive(Debug)]
pub(super) struct Lifecycle<'a> {
    /// Contiguous from creation, never empty; instants ascend.
    pub(super) phases: Vec<Phase<'a>>,
    /// Statuses whose category nobody knows.
    pub(super) unknown: BTreeSet<&'a str>,
}

impl<'a> Lifecycle<'a> {
    fn begin(from: Timestamp, precision: Precision, meant: Meant<'a>) -> Self {
        Self { phases: vec![Phase { from, precision, meant }], unknown: BTreeSet::new() }
    }

    /// Goes into a state. At one instant the last state wins; the same state twice is one.
    fn enter(&mut self, at: Timestamp, precision: Precision, meant: Meant<'a>) {
        let Some(last) = self.phases.last_mut() else { return };
        if last.from >= at {
            last.meant = meant;
            return;
        }
        let same = last.meant.category == meant.category
            && last.meant.blocked == meant.blocked
            && last.meant.status == meant.status
            && last.meant.duplicate == meant.duplicate;
        if !same {
            self.phases.push(Phase { from: at, precision, meant });
        }
    }

    fn last(&self) -> Option<&Phase<'a>> {
        self.phases.last()
    }

    /// When work began, if it did.
    pub(super) fn started(&self) -> Option<&Phase<'a>> {
        self.phases.iter().find(|phase| phase.meant.category.is_started())
    }

    /// The item ended by being dropped as a duplicate.
    pub(super) fn ended_as_duplicate(&self) -> bool {
        self.last().is_some_and(|phase| phase.meant.duplicate)
    }
}

/// Reads the states of an item from its ordered `changes`.
pub(super) fn lifecycle<'a>(
    item: &Known<'a>,
    changes: &[&'a Change],
    past: &Past<'a>,
    workflows: &'a Workflows,
    statuses: &'a Statuses,
) -> Lifecycle<'a> {
    match item.tracker {
        TrackerKind::Jira => jira::lifecycle(item, changes, past, workflows, statuses),
        TrackerKind::GitHub => github::lifecycle(item, changes, past, workflows),
    }
}
