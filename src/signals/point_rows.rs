//! The integration points of the past: when work of several streams met, and of which epics.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Serialize;

use super::Scope;
use super::defaults::SERIES_WEEKS;
use super::integration::IntegrationPoint;
use super::report::Slice;
use super::view::View;
use crate::model::Timestamp;

/// One integration point (C3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PointRow {
    pub at: Timestamp,
    /// Published slices whose work met, by name.
    pub streams: Vec<Slice>,
    /// The epics of which it met, by title.
    pub epics: Vec<Slice>,
    /// Of each of these epics something was still open at the instant.
    pub partial: bool,
}

/// The newest points that this reader's page may show, the oldest first; as many as C3 charts.
#[must_use]
pub fn point_rows(view: &View<'_>) -> Vec<PointRow> {
    let meetings = view.meetings();
    let own = |point: &&IntegrationPoint| match view.scope {
        Scope::Portfolio => true,
        Scope::Stream(own) => point.streams.iter().any(|s| view.data.stream(*s).id == *own),
    };
    let points: Vec<&IntegrationPoint> = meetings.1.iter().filter(own).collect();
    let first = points.len().saturating_sub(SERIES_WEEKS + 1);
    let row = |point: &&IntegrationPoint| {
        let slots: BTreeSet<usize> =
            point.streams.iter().map(|stream| view.shown(Some(*stream))).collect();
        let epic = |epic: &usize| Slice {
            dimension: "epic",
            id: view.data.epics[*epic].id.clone(),
            name: view.epic_title(*epic).to_owned(),
        };
        let mut epics: Vec<Slice> = point.epics.iter().map(epic).collect();
        epics.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
        PointRow {
            at: point.at,
            streams: slots.iter().map(|slot| view.streams().list[*slot].clone()).collect(),
            epics,
            partial: point.partial,
        }
    };
    points[first..].iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use crate::signals::dataset::IntegrationFacts;
    use crate::signals::fixture::{at, bets, item, portfolio, under};
    use crate::signals::{Scope, evaluate};

    #[test]
    fn a_point_names_its_streams_and_epics_and_only_theirs_show_it() {
        let mut data = portfolio(3, &[1, 2, 3]);
        bets(&mut data, 2);
        let mut delivered = Vec::new();
        for (key, place) in [("a", "T1/S1"), ("b", "T2/S2")] {
            let ix = item(&mut data, key, place, &[("03-02", "Dev"), ("03-05", "done")]);
            under(&mut data, ix, 0);
            delivered.push(ix);
        }
        data.integrations.push(IntegrationFacts {
            id: "I-1".into(),
            name: "System demo".into(),
            at: at("03-10"),
            items: delivered,
        });
        let points =
            |scope: Scope| evaluate(&data, at("03-30"), at("03-30"), &scope).integration_points;
        let whole = points(Scope::Portfolio);
        assert_eq!(whole.len(), 1);
        let names = |list: &[crate::signals::report::Slice]| {
            list.iter().map(|slice| slice.name.clone()).collect::<Vec<_>>()
        };
        assert_eq!(
            (names(&whole[0].streams), whole[0].at),
            (vec!["S1".into(), "S2".into()], at("03-10"))
        );
        assert_eq!((whole[0].epics.len(), whole[0].partial), (1, false));
        assert_eq!(points(Scope::Stream("s2".into())), whole);
        assert!(points(Scope::Stream("s3".into())).is_empty());
    }
}
