//! The complete cadences that a chart by cadence holds.

use chrono_tz::Tz;

use super::calendar::{cadence_period, uncovered};
use super::defaults::SERIES_WEEKS;
use super::view::View;
use crate::model::{Cadence, Period, Timestamp};

/// Cadences looked at: as many as a chart holds, and one before them.
const MOST: i64 = SERIES_WEEKS as i64 + 1;

/// The complete cadences of the report, oldest first.
#[derive(Debug, Clone)]
pub struct Cadences {
    /// One more than cadences.
    pub edges: Vec<Timestamp>,
    /// Whether the cadence lies wholly inside the coverage of every connection.
    pub covered: Vec<bool>,
}

impl Cadences {
    /// Of the first declared cadence, as many as a chart holds and one more before them, from the
    /// first that began after the data did. `None` without a declared cadence.
    #[must_use]
    pub fn new(view: &View<'_>) -> Option<Self> {
        let (data, zone) = (view.data, view.data.zone);
        let cadence = data.cadences.first()?;
        let now = cadence.number(view.as_of, zone);
        let edges: Vec<Timestamp> = (now - MOST..=now)
            .map(|number| cadence_period(cadence, number, zone).from)
            .filter(|edge| view.flow.since.is_some_and(|since| *edge >= since))
            .collect();
        let gaps = uncovered(&data.coverage);
        let covered = edges
            .windows(2)
            .map(|w| gaps.iter().all(|gap| gap.intersect(&Period::new(w[0], w[1])).is_none()))
            .collect();
        Some(Self { edges, covered })
    }

    #[must_use]
    pub fn period(&self, ix: usize) -> Period {
        Period::new(self.edges[ix], self.edges[ix + 1])
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.edges.len().saturating_sub(1)
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The complete cadences that a chart can hold, the one before them included.
#[must_use]
pub fn span(cadence: &Cadence, as_of: Timestamp, zone: Tz) -> Period {
    let now = cadence.number(as_of, zone);
    let edge = |number: i64| cadence_period(cadence, number, zone).from;
    Period::new(edge(now - MOST), edge(now))
}
