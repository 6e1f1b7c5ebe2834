//! Pure functions from placed timelines to verdicts: one file a signal, statistics beside them.
//! No clock, no I/O, no dependence on map order; the same input gives the same bytes.

mod at_work;
pub mod attention;
pub mod bets;
mod cadences;
pub mod calendar;
mod compose;
mod curves;
pub mod dataset;
pub mod decision_rows;
pub mod defaults;
pub mod definitions;
pub mod entries;
pub mod epic_rows;
pub mod exchange;
pub mod finding;
#[cfg(test)]
mod fixture;
pub mod flow;
pub mod held;
mod home_work;
pub mod integration;
pub mod items;
pub mod memo;
pub mod pieces;
pub mod point_rows;
pub mod reach;
pub mod recall;
pub mod report;
pub mod seen;
mod series;
pub mod shift;
pub mod slices;
pub mod stats;
pub mod stays;
mod unlocks;
mod unseen;
pub mod verdict;
pub mod view;
pub mod vocabulary;
pub mod waited;
pub mod waits;
pub mod weekly_test;
pub mod wip;
pub mod words;

pub mod c1_cross_stream_wait;
pub mod c2_dependency_knots;
pub mod c3_integration_interval;
pub mod c4_finished_not_released;
pub mod c5_cadence_fit;
pub mod c6_interconnection_yield;
pub mod d1_decision_latency;
pub mod d2_follow_through;
pub mod d3_unexamined_continuation;
pub mod d4_expectation_record;
pub mod h1_flow_stability;
pub mod h2_data_confidence;
pub mod o1_outcome_movement;
pub mod o2_time_to_first_evidence;
pub mod o3_evidence_coverage;
pub mod p1_attention_share;
pub mod p2_intent_gap;
pub mod p3_focus_spread;
pub mod p4_dormant_commitments;
pub mod t1_team_continuity;
pub mod t2_governance_load;
pub mod team;
pub mod v1_flow_time;
pub mod v2_throughput;
pub mod v3_net_flow;
pub mod v4_ageing;
pub mod v5_wait_locator;
pub mod v6_rework;

pub use compose::false_alarms_percent;
pub use dataset::Dataset;
pub use memo::Memo;
pub use report::Report;
pub use view::View;

use crate::model::Timestamp;
use definitions::Definition;
use report::{Finding, Question};

/// Who reads: the whole portfolio, or one value stream.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Scope {
    #[default]
    Portfolio,
    /// A stream by id. An unknown id gives a report without findings.
    Stream(String),
}

/// One entry of the catalogue.
#[derive(Debug, Clone, Copy)]
pub struct Signal {
    /// `P1`, `V2`, ...
    pub id: &'static str,
    pub name: &'static str,
    /// The question of the page under which it stands.
    pub question: Question,
    /// The question that the signal itself puts.
    pub asks: &'static str,
    pub definition: &'static str,
    /// How the number is misread or gamed, and what guards against it.
    pub misreading: &'static str,
    /// What is compared with what, and when that is told; in plain words.
    pub test: &'static str,
    /// Every version of the definition, the oldest first.
    pub history: &'static [Definition],
    /// Pure: everything it may look at is in the view.
    pub evaluate: fn(&View<'_>) -> Vec<Finding>,
}

/// Every signal, in the order of the catalogue. A new one is a file and a line here.
pub const ALL: &[Signal] = &[
    p1_attention_share::SIGNAL,
    p2_intent_gap::SIGNAL,
    p3_focus_spread::SIGNAL,
    p4_dormant_commitments::SIGNAL,
    v1_flow_time::SIGNAL,
    v2_throughput::SIGNAL,
    v3_net_flow::SIGNAL,
    v4_ageing::SIGNAL,
    v5_wait_locator::SIGNAL,
    v6_rework::SIGNAL,
    t1_team_continuity::SIGNAL,
    t2_governance_load::SIGNAL,
    c1_cross_stream_wait::SIGNAL,
    c2_dependency_knots::SIGNAL,
    c3_integration_interval::SIGNAL,
    c4_finished_not_released::SIGNAL,
    c5_cadence_fit::SIGNAL,
    c6_interconnection_yield::SIGNAL,
    o1_outcome_movement::SIGNAL,
    o2_time_to_first_evidence::SIGNAL,
    o3_evidence_coverage::SIGNAL,
    d1_decision_latency::SIGNAL,
    d2_follow_through::SIGNAL,
    d3_unexamined_continuation::SIGNAL,
    d4_expectation_record::SIGNAL,
    h1_flow_stability::SIGNAL,
    h2_data_confidence::SIGNAL,
];

/// A gate says whether numbers may be read at all; it answers no question of its own.
#[must_use]
pub fn is_gate(signal: &str) -> bool {
    [h1_flow_stability::SIGNAL.id, h2_data_confidence::SIGNAL.id].contains(&signal)
}

/// Evaluates all signals.
///
/// `as_of` is the instant the report speaks of; `known` is what was known when `data` was built,
/// and is only passed through to the header.
#[must_use]
pub fn evaluate(data: &Dataset, as_of: Timestamp, known: Timestamp, scope: &Scope) -> Report {
    let view = View::new(data, as_of, known, scope);
    compose::report(&view)
}
