//! One item of work before it is told in a tracker's words.

use crate::model::{Kind, Timestamp};

use super::cast;

/// Where a card stands, in neither tracker's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum State {
    Backlog,
    Ready,
    Doing,
    Blocked,
    ReadyForReview,
    /// A status that was deleted later.
    Testing,
    InReview,
    Done,
    WontDo,
    Duplicate,
}

impl State {
    pub(super) fn is_started(self) -> bool {
        matches!(
            self,
            Self::Doing | Self::Blocked | Self::ReadyForReview | Self::Testing | Self::InReview
        )
    }

    pub(super) fn is_ended(self) -> bool {
        matches!(self, Self::Done | Self::WontDo | Self::Duplicate)
    }
}

/// Who is expected to claim the card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Claim {
    /// The team's own component, project or repository.
    Own,
    /// The component that changed teams.
    Vouchers,
    /// Two teams' components at once.
    Contested,
    /// No component at all.
    Unplaced,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) at: Timestamp,
    pub(super) state: State,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Work {
    /// Index into [`cast::TEAMS`].
    pub(super) team: usize,
    /// Index into [`cast::EPICS`].
    pub(super) epic: Option<usize>,
    pub(super) kind: Kind,
    pub(super) title: String,
    pub(super) created: Timestamp,
    /// The state at creation; `Backlog` but for imported cards.
    pub(super) first: State,
    /// In order, each later than the one before.
    pub(super) steps: Vec<Step>,
    /// When the impediment flag was set and cleared.
    pub(super) flags: Vec<(Timestamp, bool)>,
    pub(super) claim: Claim,
    /// It was created in another Jira project and moved at this instant.
    pub(super) moved: Option<(&'static str, Timestamp)>,
    /// GitHub: it was never put on the board.
    pub(super) off_board: bool,
}

impl Work {
    pub(super) fn new(team: usize, epic: Option<usize>, kind: Kind, created: Timestamp) -> Self {
        Self {
            team,
            epic,
            kind,
            title: String::new(),
            created,
            first: State::Backlog,
            steps: Vec::new(),
            flags: Vec::new(),
            claim: Claim::Own,
            moved: None,
            off_board: false,
        }
    }

    pub(super) fn step(&mut self, at: Timestamp, state: State) {
        self.steps.push(Step { at, state });
    }

    /// Forgets what has not happened yet.
    pub(super) fn cut(&mut self, now: Timestamp) {
        self.steps.retain(|step| step.at < now);
        self.flags.retain(|(at, _)| *at < now);
        self.moved = self.moved.filter(|(_, at)| *at < now);
    }

    /// The epic's stream, else the team's.
    pub(super) fn stream(&self) -> &'static str {
        self.epic.map_or(cast::TEAMS[self.team].stream, |epic| cast::EPICS[epic].line().stream)
    }

    pub(super) fn state(&self) -> State {
        self.steps.last().map_or(self.first, |step| step.state)
    }

    pub(super) fn started(&self) -> Option<Timestamp> {
        self.steps.iter().find(|step| step.state.is_started()).map(|step| step.at)
    }

    /// When it ended, if it is over.
    pub(super) fn ended(&self) -> Option<Timestamp> {
        self.steps.last().filter(|step| step.state.is_ended()).map(|step| step.at)
    }

    /// When it was delivered, if it is.
    pub(super) fn delivered(&self) -> Option<Timestamp> {
        self.ended().filter(|_| self.state() == State::Done)
    }

    /// Left `Done` again at some time.
    pub(super) fn was_reopened(&self) -> bool {
        self.steps.windows(2).any(|pair| pair[0].state.is_ended() && !pair[1].state.is_ended())
    }
}
