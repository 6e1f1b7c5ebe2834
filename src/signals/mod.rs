//! Pure functions from placed timelines to verdicts: one file a signal, statistics beside them.
//! No clock, no I/O, no dependence on map order; the same input gives the same bytes.

pub mod attention;
pub mod calendar;
mod compose;
pub mod dataset;
pub mod defaults;
pub mod flow;
pub mod report;
pub mod slices;
pub mod stats;
pub mod verdict;
pub mod view;
pub mod waits;
pub mod words;

pub use dataset::Dataset;
pub use report::Report;
pub use view::View;

use crate::model::Timestamp;
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
    /// Pure: everything it may look at is in the view.
    pub evaluate: fn(&View<'_>) -> Vec<Finding>,
}

/// Every signal, in the order of the catalogue. A new one is a file and a line here.
pub const ALL: &[Signal] = &[];

/// Evaluates all signals.
///
/// `as_of` is the instant the report speaks of; `known` is what was known when `data` was built,
/// and is only passed through to the header.
#[must_use]
pub fn evaluate(data: &Dataset, as_of: Timestamp, known: Timestamp, scope: &Scope) -> Report {
    let view = View::new(data, as_of, known, scope);
    compose::report(&view)
}
