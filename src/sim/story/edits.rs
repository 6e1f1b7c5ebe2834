//! What people do to the trackers while the demo runs.

use crate::model::Kind;

use super::cast::{Home, TEAMS};
use super::dice::Dice;
use super::numbers::{Numbers, ORGANISATION};
use super::titles::title;
use super::work::{Claim, State, Work};
use super::{Plan, github, jira};

const PART: u64 = 5;

/// The item that an edit changes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// By key, `PAY-12`.
    Jira { key: String },
    /// By repository (`northwind/consent`) and number.
    GitHub { repo: String, number: u64 },
}

/// One edit of one tracker, in words that both understand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    /// A new issue of a Jira project, in its first status.
    CreateInJira {
        project: String,
        component: String,
        issue_type: String,
        title: String,
    },
    /// A new issue of a repository, on the delivery board under "Todo".
    CreateInGitHub {
        repo: String,
        label: String,
        title: String,
    },
    /// Jira: the status changes. GitHub: the status on the delivery board changes.
    Move {
        target: Target,
        status: &'static str,
    },
    /// Jira: status "Done" with a resolution. GitHub: closed as completed, "Done" on the board.
    Finish {
        target: Target,
    },
    /// Jira: out of "Done", without a resolution. GitHub: opened again, back on the board.
    Reopen {
        target: Target,
        status: &'static str,
    },
    /// Jira only: the impediment flag.
    Flag {
        target: Target,
        on: bool,
    },
    Rename {
        target: Target,
        title: String,
    },
}

/// An endless sequence of edits, each valid after the ones before it.
#[derive(Debug)]
pub struct Edits {
    dice: Dice,
    cards: Vec<Card>,
}

#[derive(Debug)]
struct Card {
    target: Target,
    stream: &'static str,
    state: State,
    flagged: bool,
}

impl Edits {
    pub(super) fn new(plan: &Plan, works: &[Work], numbers: &Numbers) -> Self {
        let open = |work: &Work| !work.state().is_ended() && work.claim == Claim::Own;
        let cards = works.iter().enumerate().filter(|(_, work)| open(work)).map(|(index, work)| {
            let name = numbers.work(index);
            let target = match TEAMS[work.team].home {
                Home::Jira(..) => Target::Jira { key: name.key.clone() },
                Home::GitHub(repo) => {
                    Target::GitHub { repo: format!("{ORGANISATION}/{repo}"), number: name.number }
                }
            };
            let flagged = work.flags.last().is_some_and(|(_, on)| *on);
            Card { target, stream: work.stream(), state: work.state(), flagged }
        });
        Self { dice: Dice::new(plan.seed, PART), cards: cards.collect() }
    }

    fn create(&mut self) -> Edit {
        let team = self.dice.pick(TEAMS);
        let kind = *self.dice.pick(&[Kind::Feature, Kind::Feature, Kind::Defect]);
        let title = title(kind, team.stream, &mut self.dice);
        match team.home {
            Home::Jira(project, component) => Edit::CreateInJira {
                project: project.to_owned(),
                component: component.to_owned(),
                issue_type: jira::type_name(kind).to_owned(),
                title,
            },
            Home::GitHub(repo) => Edit::CreateInGitHub {
                repo: format!("{ORGANISATION}/{repo}"),
                label: github::label(kind).unwrap_or("feature").to_owned(),
                title,
            },
        }
    }

    fn change(&mut self, at: usize) -> Edit {
        let (target, state) = (self.cards[at].target.clone(), self.cards[at].state);
        let on_jira = matches!(target, Target::Jira { .. });
        if self.dice.chance(0.08) {
            let title = title(Kind::Feature, self.cards[at].stream, &mut self.dice);
            return Edit::Rename { target, title };
        }
        if on_jira && state == State::Doing && (self.cards[at].flagged || self.dice.chance(0.12)) {
            let on = !self.cards[at].flagged;
            self.cards[at].flagged = on;
            return Edit::Flag { target, on };
        }
        let next = match state {
            State::Backlog if on_jira => State::Ready,
            State::Doing => State::InReview,
            State::InReview if self.dice.chance(0.85) => State::Done,
            _ => State::Doing,
        };
        self.cards[at].state = next;
        let status = if on_jira { jira::status_name(next) } else { github::column(next) };
        if next == State::Done {
            Edit::Finish { target }
        } else if state.is_ended() {
            Edit::Reopen { target, status }
        } else {
            Edit::Move { target, status }
        }
    }
}

impl Iterator for Edits {
    type Item = Edit;

    fn next(&mut self) -> Option<Edit> {
        if self.cards.is_empty() || self.dice.chance(0.15) {
            return Some(self.create());
        }
        let mut at = self.dice.below(self.cards.len());
        // Finished cards are left alone most of the time, so that work moves forward.
        for _ in 0..4 {
            if self.cards[at].state.is_ended() {
                at = self.dice.below(self.cards.len());
            }
        }
        Some(self.change(at))
    }
}
