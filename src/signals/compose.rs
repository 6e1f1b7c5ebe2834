//! The report around the findings.

use super::report::{Header, Report, Tally};
use super::view::View;
use crate::model::Week;

/// Runs every signal of the catalogue over a view.
pub(super) fn report(view: &View<'_>) -> Report {
    let findings: Vec<_> = super::ALL.iter().flat_map(|s| (s.evaluate)(view)).collect();
    let week = Week::of(view.as_of, view.data.zone).previous();
    Report {
        header: Header {
            portfolio: view.data.portfolio.clone(),
            as_of: view.as_of,
            known: view.known,
            zone: view.data.zone.name().to_owned(),
            week,
            period: week.period(view.data.zone),
            cadence: None,
        },
        intent_table: Vec::new(),
        findings,
        due_reviews: Vec::new(),
        tally: Tally::default(),
        confidence: Vec::new(),
        unseen: Vec::new(),
        unlocks: Vec::new(),
        team_names: Vec::new(),
    }
}
