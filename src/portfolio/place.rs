//! Placing an item: the decision in the form that the signals compute with.

use crate::model::timeline::{FlowEvent, fold};
use crate::model::{States, Timestamp};

use super::Portfolio;
use super::decide::{Decision, Piece};
use super::epics::EpicIndex;
use super::known::{Known, Statuses};
use super::placed::{Placed, RuleRef, TeamStatus};
use super::rules::{RuleSet, Verdict};

impl Portfolio {
    /// Places one item: its segments with team, stream and epic at each instant.
    ///
    /// Total: whatever the history says, the item is placed, contested or unplaced. Contested and
    /// unplaced stretches have no team; nothing is guessed.
    pub fn place(
        &self,
        item: &Known<'_>,
        epics: &EpicIndex,
        statuses: &Statuses,
        states: &mut States,
    ) -> Placed {
        let flows = self.flows(item);
        let decision = self.decide(item, epics, statuses);
        let kind = self.kind_of(decision.kinds.last().unwrap_or(&Verdict::Silent));
        let mut placed = Placed {
            flows,
            kind,
            segments: Vec::new(),
            activity: Vec::new(),
            duplicate: decision.life.ended_as_duplicate(),
            start_before_data: start_before_data(item, &decision),
            unknown_statuses: decision.life.unknown.iter().map(|&name| name.to_owned()).collect(),
            relabelled: Vec::new(),
            team_status: self.team_status(&decision.last().team),
            inferred_placement: self.placement_is_inferred(&decision),
        };
        if placed.flows.is_ok() {
            let events = self.events(&decision, states);
            placed.segments = fold(events, item.created_at, Timestamp::MAX).segments;
            placed.activity = decision.activity;
            placed.relabelled = decision.relabelled;
        }
        placed
    }

    pub(super) fn events(&self, decision: &Decision<'_>, states: &mut States) -> Vec<FlowEvent> {
        let event = |piece: &Piece<'_>| FlowEvent {
            at: piece.from,
            category: piece.meant.category,
            state: states.intern(piece.meant.state()),
            blocked: piece.meant.blocked,
            team: self.team_of(&piece.team),
            stream: piece.stream.map(|(stream, _)| stream),
            epic: piece.epic,
            precision: piece.precision,
        };
        decision.pieces.iter().map(event).collect()
    }

    pub(super) fn team_status(&self, verdict: &Verdict) -> TeamStatus {
        match verdict {
            Verdict::Given(rule) => TeamStatus::Placed { team: self.claims.rule(*rule).gives },
            Verdict::Contested(rules) => {
                let mut rivals = rules.clone();
                rivals.sort_by_key(|rule| self.claims.rule(*rule).gives);
                TeamStatus::Contested {
                    rules: rivals.into_iter().map(|rule| self.claim_ref(rule)).collect(),
                }
            }
            Verdict::Silent => TeamStatus::Unplaced,
        }
    }

    /// A claim as messages name it.
    pub(super) fn claim_ref(&self, rule: usize) -> RuleRef {
        self.rule_ref(&self.claims, rule, |team| self.teams[team.0 as usize].id.clone())
    }

    pub(super) fn rule_ref<T: PartialEq>(
        &self,
        rules: &RuleSet<T>,
        rule: usize,
        name: impl Fn(&T) -> String,
    ) -> RuleRef {
        let rule = rules.rule(rule);
        RuleRef {
            gives: name(&rule.gives),
            rule: rule.matcher.written.clone(),
            file: self.file.clone(),
            line: rule.line,
        }
    }

    /// Missing attribute history only matters when some rule could have looked at it.
    pub(super) fn placement_is_inferred(&self, decision: &Decision<'_>) -> bool {
        decision.past.inferred && !self.claims.rules().is_empty()
    }
}

/// The oldest known state is already started, and what came before it is not known.
pub(super) fn start_before_data(item: &Known<'_>, decision: &Decision<'_>) -> bool {
    let first = decision.life.phases.first();
    !item.history_complete && first.is_some_and(|phase| phase.meant.category.is_started())
}
