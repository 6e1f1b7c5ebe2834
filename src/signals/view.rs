//! Everything that is derived once from a dataset and read by all signals.

use super::report::{Header, Report, Tally};
use super::{Dataset, Scope};
use crate::model::{Timestamp, Week};

/// A dataset as one reader sees it at one instant.
#[derive(Debug)]
pub struct View<'a> {
    pub data: &'a Dataset,
    pub as_of: Timestamp,
    pub known: Timestamp,
    pub scope: &'a Scope,
}

impl<'a> View<'a> {
    #[must_use]
    pub fn new(data: &'a Dataset, as_of: Timestamp, known: Timestamp, scope: &'a Scope) -> Self {
        Self { data, as_of, known, scope }
    }

    #[must_use]
    pub(super) fn report(&self) -> Report {
        let week = Week::of(self.as_of, self.data.zone).previous();
        Report {
            header: Header {
                portfolio: self.data.portfolio.clone(),
                as_of: self.as_of,
                known: self.known,
                zone: self.data.zone.name().to_owned(),
                week,
                period: week.period(self.data.zone),
                cadence: None,
            },
            intent_table: Vec::new(),
            findings: Vec::new(),
            due_reviews: Vec::new(),
            tally: Tally::default(),
            confidence: Vec::new(),
            unseen: Vec::new(),
            unlocks: Vec::new(),
            team_names: Vec::new(),
        }
    }
}
