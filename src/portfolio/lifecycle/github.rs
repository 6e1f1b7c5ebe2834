//! The states of a GitHub issue: open and closed by its events, started by the first rung of this
//! ladder that shows a start at all:
//!
//! 1. a board status that the workflow declares as active, waiting or blocked (as exact as the
//!    event; a value that a poll noticed is `polled`);
//! 2. a label of the workflow's `active_labels`;
//! 3. the opening of a pull request that will close it (`inferred`);
//! 4. nothing: the start is not observable.
//!
//! A lower rung is not asked once a higher one applies, so that a tidy board is never overruled by
//! an early draft. Options that no workflow declares are unknown: they are counted, and the state
//! before goes on.

use super::{Lifecycle, Meant, Why};
use crate::model::{Category, Change, Precision, Timestamp, What};
use crate::portfolio::history::{Past, Slice};
use crate::portfolio::known::Known;
use crate::portfolio::workflow::{DoneWhen, Meaning, Scope, Workflows};

/// What the start of work is read from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rung {
    Board,
    Label,
    Pull(Timestamp),
    None,
}

/// A dated fact that can change the state.
#[derive(Clone, Copy)]
enum Fact<'a> {
    Board(Option<&'a str>),
    Label(Option<&'a str>),
    Pull,
    Merged,
    Closed(Option<&'a str>),
    Reopened,
}

/// Where the issue stands while its facts are read.
struct Standing<'a> {
    rung: Rung,
    /// The state it has, or would go back to.
    open: Meant<'a>,
    /// A board column that means the end, while the issue is still open.
    board: Option<Meant<'a>>,
    merged: Option<Meant<'a>>,
    closed: Option<Meant<'a>>,
}

pub(super) fn lifecycle<'a>(
    item: &Known<'a>,
    changes: &[&'a Change],
    past: &Past<'a>,
    workflows: &'a Workflows,
) -> Lifecycle<'a> {
    let scope_at = |at| workflows.of(&item.id.connection, past.at(at).project);
    let rung = rung(item, changes, past, &scope_at);
    let open = not_started();
    let mut standing = Standing { rung, open, board: None, merged: None, closed: None };
    let mut story = Lifecycle::begin(item.created_at, Precision::Exact, open);
    let mut newest = item.created_at;
    for (at, precision, fact) in facts(item, changes, past, rung, &scope_at) {
        newest = newest.max(at);
        let scope = scope_at(newest);
        if let Fact::Board(Some(option)) = fact
            && scope.meaning("", option).is_none()
        {
            story.unknown.insert(option);
        }
        standing.learn(fact, scope);
        story.enter(newest, precision, standing.state());
    }
    let is_closed = item.attributes.status.id.eq_ignore_ascii_case("closed");
    if is_closed != standing.closed.is_some() {
        let reason = item.attributes.resolution.as_ref().map(|reason| reason.id.as_str());
        let fact = if is_closed { Fact::Closed(reason) } else { Fact::Reopened };
        let at = item.updated_at.max(newest);
        standing.learn(fact, scope_at(at));
        story.enter(at, Precision::Inferred, standing.state());
    }
    story
}

fn not_started<'a>() -> Meant<'a> {
    Meant::new(Category::Proposed, "open", Why::NotStarted)
}

fn rung<'a>(
    item: &Known<'a>,
    changes: &[&'a Change],
    past: &Past<'a>,
    scope_at: &impl Fn(Timestamp) -> Scope<'a>,
) -> Rung {
    let on_board = changes.iter().any(|change| match &change.what {
        What::Board { to: Some(option), .. } => {
            scope_at(change.at).meaning("", option).is_some_and(|(meaning, _)| meaning.is_started())
        }
        _ => false,
    });
    if on_board {
        return Rung::Board;
    }
    let labelled = |slice: &Slice<'a>| active_label(slice, scope_at(slice.from)).is_some();
    if past.slices.iter().any(labelled) {
        return Rung::Label;
    }
    let opened = changes.iter().filter_map(|change| match &change.what {
        What::PullOpened { .. } => Some(change.at),
        _ => None,
    });
    let listed = item.attributes.closing_pulls.iter().map(|pull| pull.created_at);
    opened.chain(listed).min().map_or(Rung::None, Rung::Pull)
}

fn active_label<'a>(slice: &Slice<'a>, scope: Scope<'_>) -> Option<&'a str> {
    slice.labels.iter().copied().find(|label| scope.is_active_label(label))
}

/// The facts in the order of time; where instants tie, an end comes after a start.
fn facts<'a>(
    item: &Known<'a>,
    changes: &[&'a Change],
    past: &Past<'a>,
    rung: Rung,
    scope_at: &impl Fn(Timestamp) -> Scope<'a>,
) -> Vec<(Timestamp, Precision, Fact<'a>)> {
    let mut facts = Vec::new();
    if rung == Rung::Label {
        facts.extend(past.slices.iter().map(|slice| {
            let label = active_label(slice, scope_at(slice.from));
            (slice.from, slice.precision, Fact::Label(label))
        }));
    }
    if let Rung::Pull(at) = rung {
        facts.push((at, Precision::Inferred, Fact::Pull));
    }
    for pull in &item.attributes.closing_pulls {
        let merged = pull.merged_at.filter(|at| scope_at(*at).done_when() == DoneWhen::Merged);
        facts.extend(merged.map(|at| (at, Precision::Exact, Fact::Merged)));
    }
    facts.extend(changes.iter().filter_map(|change| {
        let fact = match &change.what {
            What::Board { to, .. } => Fact::Board(to.as_deref()),
            What::Closed { reason } => Fact::Closed(reason.as_deref()),
            What::Reopened => Fact::Reopened,
            _ => return None,
        };
        Some((change.at, change.precision, fact))
    }));
    facts.sort_by_key(|(at, ..)| *at);
    facts
}

impl<'a> Standing<'a> {
    fn state(&self) -> Meant<'a> {
        self.closed.or(self.merged).or(self.board).unwrap_or(self.open)
    }

    fn learn(&mut self, fact: Fact<'a>, scope: Scope<'a>) {
        match fact {
            Fact::Board(option) => self.on_board(option, scope),
            Fact::Label(Some(label)) => {
                self.open = Meant::new(Category::Active, label, Why::ActiveLabel(label));
            }
            Fact::Label(None) => self.open = not_started(),
            Fact::Pull => {
                self.open = Meant::new(Category::Active, "pull request open", Why::PullRequest);
            }
            Fact::Merged => {
                self.merged = Some(Meant::new(Category::Done, "merged", Why::Merged));
            }
            Fact::Closed(reason) => self.closed = Some(closed(reason, scope)),
            Fact::Reopened => {
                (self.closed, self.merged, self.board) = (None, None, None);
                self.open.why = Why::Reopened;
            }
        }
    }

    fn on_board(&mut self, option: Option<&'a str>, scope: Scope<'a>) {
        let leads = self.rung == Rung::Board;
        let Some(option) = option else {
            self.board = None;
            if leads {
                self.open = not_started();
            }
            return;
        };
        let Some((meaning, line)) = scope.meaning("", option) else {
            if leads {
                self.open.status = option;
                self.open.why = Why::Unknown;
            }
            return;
        };
        let mut meant = Meant::new(meaning.category(), option, Why::declared(meaning, line));
        meant.blocked = meaning == Meaning::Blocked;
        if meant.category.is_ended() {
            meant.duplicate = meant.category == Category::Dropped && scope.duplicates("", option);
            self.board = Some(meant);
            return;
        }
        self.board = None;
        if leads {
            self.open = meant;
        }
    }
}

/// Closed as completed, or without a reason, is done; not planned and duplicate are dropped.
fn closed<'a>(reason: Option<&'a str>, scope: Scope<'_>) -> Meant<'a> {
    let given = reason.unwrap_or_default();
    let duplicate = given.eq_ignore_ascii_case("duplicate") || scope.duplicates("", given);
    let not_planned = given.eq_ignore_ascii_case("not_planned");
    let dropped = duplicate || not_planned;
    let category = if dropped { Category::Dropped } else { Category::Done };
    let mut meant = Meant::new(category, "closed", Why::Closed(reason));
    meant.duplicate = duplicate;
    meant
}
