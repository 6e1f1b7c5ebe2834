//! The words of decisions: verbs, altitudes, expectations and how they came out.

use crate::model::{Altitude, Verb};
use crate::portfolio::Words;
use crate::signals::d4_expectation_record::Outcome;

/// Every verb, as the files and the form write it.
pub const VERBS: [(Verb, &str); 7] = [
    (Verb::Start, "start"),
    (Verb::Continue, "continue"),
    (Verb::Stop, "stop"),
    (Verb::Pivot, "pivot"),
    (Verb::More, "more"),
    (Verb::Less, "less"),
    (Verb::Rebalance, "rebalance"),
];

/// The level that took a decision, in the portfolio's words.
#[must_use]
pub fn altitude(altitude: Altitude, words: &Words) -> &'static str {
    match altitude {
        Altitude::Portfolio => words.portfolio.unwrap_or("Product"),
        Altitude::Stream => words.stream,
    }
}

/// How an expectation came out.
#[must_use]
pub fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Hit => "moved as expected",
        Outcome::Miss => "did not move as expected",
        Outcome::Undetermined => "could not be determined",
    }
}
