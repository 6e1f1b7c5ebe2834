//! Everything that is derived once from a dataset and read by all signals.

use super::attention::{Attention, Grid, Table};
use super::bets::first_releases;
use super::calendar::{Weeks, cadence_number, cadence_period};
use super::defaults::{
    CADENCE_REACH_WEEKS, CADENCE_SERIES, FOLLOW_BASELINE, SERIES_WEEKS, UNEXAMINED_CADENCES,
};
use super::flow::{Flow, StreamFlow, pass};
use super::report::Slice;
use super::slices::Slices;
use super::waits::{Wait, waits};
use super::wip::{SliceWip, wip};
use super::{Dataset, Scope};
use crate::model::{Derived, Dimension, Kind, Period, StreamIx, Timestamp};

/// A dataset as one reader sees it at one instant.
#[derive(Debug)]
pub struct View<'a> {
    pub data: &'a Dataset,
    pub as_of: Timestamp,
    pub known: Timestamp,
    pub scope: &'a Scope,
    /// The newest 26 complete weeks.
    pub weeks: Weeks,
    /// The same and older ones, as far back as decisions of these weeks look.
    pub history: Weeks,
    /// The newest complete cadences of the portfolio, oldest first; empty when none is declared.
    /// Attention can be summed over each.
    pub cadences: Vec<Period>,
    pub flow: Flow,
    pub attention: Attention,
    /// Sorted cross-stream waits.
    pub waits: Vec<Wait>,
    /// Entries, exits and stock of work in progress, parallel to [`View::streams`].
    pub wip: Vec<SliceWip>,
    /// When an item of each epic was first released, parallel to the epics.
    pub first_releases: Vec<Option<Timestamp>>,
}

impl<'a> View<'a> {
    #[must_use]
    pub fn new(data: &'a Dataset, as_of: Timestamp, known: Timestamp, scope: &'a Scope) -> Self {
        let weeks = Weeks::new(as_of, data.zone, SERIES_WEEKS, &data.coverage);
        let since = weeks.edges[0];
        let decided = data.decisions.iter().any(|d| d.effective_at >= since);
        let older = if decided { FOLLOW_BASELINE + 1 } else { 0 };
        let history = Weeks::new(as_of, data.zone, SERIES_WEEKS + older, &data.coverage);
        let mut edges = history.edges.clone();
        let cadences = cadences(data, as_of);
        edges.extend(cadences.iter().flat_map(|cadence| [cadence.from, cadence.to]));
        let grid = Grid::new(edges);
        let mut flow = pass(data, as_of, &weeks, &grid);
        let stretches = std::mem::take(&mut flow.stretches);
        let dimensions = vec![
            Slices::streams(data, as_of, scope),
            Slices::themes(data),
            Slices::kinds(),
            Slices::horizons(data),
        ];
        let attention = Attention::new(data, grid, stretches, dimensions);
        let waits = waits(data, &flow.items, as_of);
        let wip = wip(data, &flow.items, &weeks, &attention.tables[0].slices, as_of);
        let first_releases = first_releases(data, as_of);
        Self {
            data,
            as_of,
            known,
            scope,
            weeks,
            history,
            cadences,
            flow,
            attention,
            waits,
            wip,
            first_releases,
        }
    }

    /// The derived values of an item.
    #[must_use]
    pub fn item(&self, ix: usize) -> &Derived {
        &self.flow.items[ix]
    }

    /// The stream an item is in at the report's instant.
    #[must_use]
    pub fn stream_now(&self, item: usize) -> Option<StreamIx> {
        let segments = &self.data.items[item].segments;
        segments.iter().rfind(|segment| segment.from < self.as_of)?.stream
    }

    /// The slices and sums of one dimension.
    #[must_use]
    pub fn table(&self, dimension: Dimension) -> &Table {
        let ix = match dimension {
            Dimension::Stream => 0,
            Dimension::Theme => 1,
            Dimension::Kind => 2,
            Dimension::Horizon => 3,
        };
        &self.attention.tables[ix]
    }

    /// The streams as this reader sees them.
    #[must_use]
    pub fn streams(&self) -> &Slices {
        &self.table(Dimension::Stream).slices
    }

    /// Which published slice shows a stream.
    #[must_use]
    pub fn shown(&self, stream: Option<StreamIx>) -> usize {
        self.streams().of(stream, None, Kind::Unclassified)
    }

    /// The streams that a published slice shows.
    pub fn stream_slots(&self, slice: usize) -> impl Iterator<Item = usize> {
        (0..self.data.streams.len()).filter(move |ix| {
            self.shown(Some(StreamIx(u32::try_from(*ix).unwrap_or(u32::MAX)))) == slice
        })
    }

    /// Each published stream slice with the streams in it, sorted by name; work without a stream
    /// and slices that this reader's scope does not contain are left out.
    #[must_use]
    pub fn stream_slices(&self) -> Vec<(Slice, Vec<&StreamFlow>, Vec<StreamIx>)> {
        let mut slices = self.all_stream_slices();
        slices.retain(|(slice, ..)| self.in_scope(&slice.id));
        slices
    }

    /// The same without regard to the scope, for tests that share one error across all streams.
    #[must_use]
    pub fn all_stream_slices(&self) -> Vec<(Slice, Vec<&StreamFlow>, Vec<StreamIx>)> {
        let mut slices: Vec<(Slice, Vec<&StreamFlow>, Vec<StreamIx>)> =
            self.streams().list.iter().map(|s| (s.clone(), Vec::new(), Vec::new())).collect();
        for ix in 0..self.data.streams.len() {
            let stream = StreamIx(u32::try_from(ix).unwrap_or(u32::MAX));
            let slot = &mut slices[self.shown(Some(stream))];
            slot.1.push(&self.flow.streams[ix]);
            slot.2.push(stream);
        }
        slices.retain(|(_, members, _)| !members.is_empty());
        slices
    }

    /// Whether a stream slice belongs to what this reader sees.
    #[must_use]
    pub fn in_scope(&self, slice_id: &str) -> bool {
        match self.scope {
            Scope::Portfolio => true,
            Scope::Stream(own) => own == slice_id,
        }
    }

    /// Which of the newest 26 weeks were observed since an instant.
    ///
    /// A week is observed when it lies inside the coverage of every connection and begins at or
    /// after the first thing known of the slice. What came before is absent, not zero.
    #[must_use]
    pub fn observed(&self, since: Option<Timestamp>) -> Vec<bool> {
        observed(&self.weeks, since)
    }

    /// Which of the newest 26 weeks were observed of some streams together.
    #[must_use]
    pub fn observed_of(&self, members: &[&StreamFlow]) -> Vec<bool> {
        self.observed(members.iter().filter_map(|stream| stream.since).min())
    }

    /// The window W.
    #[must_use]
    pub fn window(&self) -> Period {
        self.weeks.span(self.weeks.window())
    }

    /// Title of an epic, or its key when titles are switched off.
    #[must_use]
    pub fn epic_title(&self, ix: usize) -> &str {
        let epic = &self.data.epics[ix];
        if epic.title.is_empty() { &epic.id } else { &epic.title }
    }
}

/// Which weeks were observed since an instant.
#[must_use]
pub fn observed(weeks: &Weeks, since: Option<Timestamp>) -> Vec<bool> {
    let begun = |edge: &Timestamp| since.is_some_and(|since| *edge >= since);
    weeks.covered.iter().zip(&weeks.edges).map(|(covered, edge)| *covered && begun(edge)).collect()
}

/// The newest complete cadences of the first declared cadence, oldest first: at most twelve, and
/// no more than reach back 84 weeks, for older ones say little about how the portfolio works now;
/// but always two.
#[must_use]
pub fn cadences(data: &Dataset, as_of: Timestamp) -> Vec<Period> {
    let Some(cadence) = data.cadences.first() else { return Vec::new() };
    let reach = CADENCE_REACH_WEEKS * 7 / i64::from(cadence.days.max(1));
    let count = reach.clamp(UNEXAMINED_CADENCES, CADENCE_SERIES);
    let now = cadence_number(cadence, as_of, data.zone);
    (now - count..now).map(|number| cadence_period(cadence, number, data.zone)).collect()
}
