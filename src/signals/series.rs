//! What a chart draws: values of consecutive periods, their usual range, and where a rule fired.

use serde::Serialize;

use super::report::{Move, Unit};
use super::stats::xmr::Rule;
use crate::model::Week;

/// One point of a weekly (or two- or four-weekly) series. `None` is a gap, never a zero.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Point {
    /// First week of the bucket.
    pub week: Week,
    pub value: Option<f64>,
}

/// A process-behaviour chart.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Series {
    pub unit: Unit,
    /// Weeks per point: 1, 2 or 4.
    pub weeks_per_point: u32,
    pub points: Vec<Point>,
    /// `None` when there are too few points for limits.
    pub limits: Option<Limits>,
    /// Indices into `points` at which a rule fired.
    pub fired: Vec<usize>,
    /// Which rules these were; several can fire at one point.
    pub patterns: Vec<Pattern>,
}

impl Series {
    /// Values without a usual range.
    #[must_use]
    pub fn bare(unit: Unit, weeks_per_point: u32, points: Vec<Point>) -> Self {
        let (limits, fired, patterns) = (None, Vec::new(), Vec::new());
        Self { unit, weeks_per_point, points, limits, fired, patterns }
    }
}

/// A rule of the chart that fired at a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Pattern {
    /// The last point of the pattern, as an index into the points of the series.
    pub index: usize,
    pub rule: Rule,
    pub direction: Move,
}

/// The usual range of a series. A side outside the possible values is absent.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Limits {
    pub centre: f64,
    pub lower: Option<f64>,
    pub upper: Option<f64>,
    /// Fewer than twelve points: only the first rule is used.
    pub provisional: bool,
}
