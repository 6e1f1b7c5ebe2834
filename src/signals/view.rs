//! Everything that is derived once from a dataset and read by all signals.

use std::cell::OnceCell;
use std::sync::Arc;

use super::at_work::{attention, united, worked};
use super::attention::{Attention, Grid, Table};
use super::bets::first_releases;
use super::calendar::{Weeks, cadence_period};
use super::defaults::{
    CADENCE_REACH_WEEKS, CADENCE_SERIES, FOLLOW_BASELINE, SERIES_WEEKS, UNEXAMINED_CADENCES,
};
use super::flow::{Blocked, Flow, StreamFlow, blocked, pass};
use super::integration::{IntegrationPoint, Met, meetings, points};
use super::recall::{Owners, Recall, Seen};
use super::report::Slice;
use super::slices::Slices;
use super::waits::{Wait, blocking, unlinked};
use super::wip::{SliceWip, wip};
use super::{Dataset, Scope};
use crate::model::{Category, Derived, Dimension, FlowSegment, Kind, Period, StreamIx, Timestamp};

/// What met in each release and event, and the integration points among them.
pub type Meetings = (Vec<(Timestamp, Met)>, Vec<IntegrationPoint>);

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
    pub attention: Arc<Attention>,
    /// Stays the same while the attention does.
    pub attention_version: u64,
    /// Sorted cross-stream waits.
    pub waits: Arc<Vec<Wait>>,
    /// Entries, exits and stock of work in progress, parallel to [`View::streams`].
    pub wip: Vec<SliceWip>,
    /// When an item of each epic was first released, parallel to the epics.
    pub first_releases: Vec<Option<Timestamp>>,
    meetings: OnceCell<Meetings>,
    /// The items, and what is still known of the report before.
    pub recall: Recall<'a>,
}

/// The weeks, periods and slices of a report: what is told of items depends on nothing else but
/// the declarations.
#[derive(Debug, Clone, PartialEq)]
pub struct Frame {
    weeks: Weeks,
    history: Weeks,
    cadences: Vec<Period>,
    grid: Grid,
    dimensions: Vec<Slices>,
}

impl Frame {
    #[must_use]
    pub fn new(data: &Dataset, as_of: Timestamp, scope: &Scope) -> Self {
        let weeks = Weeks::new(as_of, data.zone, SERIES_WEEKS, &data.coverage);
        let since = weeks.edges[0];
        let decided = data.decisions.iter().any(|d| d.effective_at >= since);
        let older = if decided { FOLLOW_BASELINE + 1 } else { 0 };
        let history = Weeks::new(as_of, data.zone, SERIES_WEEKS + older, &data.coverage);
        let mut edges = history.edges.clone();
        let cadences = cadences(data, as_of);
        edges.extend(cadences.iter().flat_map(|cadence| [cadence.from, cadence.to]));
        let grid = Grid::new(edges);
        let dimensions = vec![
            Slices::streams(data, as_of, scope),
            Slices::themes(data),
            Slices::kinds(),
            Slices::horizons(data),
        ];
        Self { weeks, history, cadences, grid, dimensions }
    }

    /// The end of the newest complete week.
    #[must_use]
    pub fn end(&self) -> Timestamp {
        self.weeks.edges[self.weeks.len()]
    }
}

impl<'a> View<'a> {
    #[must_use]
    pub fn new(data: &'a Dataset, as_of: Timestamp, known: Timestamp, scope: &'a Scope) -> Self {
        let recall = Recall::nothing(data, as_of);
        Self::recalling(data, as_of, known, scope, Frame::new(data, as_of, scope), recall)
    }

    /// The same with what is still known of the report before, which had the same frame.
    #[must_use]
    pub fn recalling(
        data: &'a Dataset,
        as_of: Timestamp,
        known: Timestamp,
        scope: &'a Scope,
        frame: Frame,
        recall: Recall<'a>,
    ) -> Self {
        let Frame { weeks, history, cadences, grid, dimensions } = frame;
        let flow = pass(&recall, data, &weeks);
        let empty = Attention::empty(grid, dimensions);
        let span = empty.grid.span();
        let active = |segment: &FlowSegment| segment.flow() == Category::Active;
        let (attention, attention_version) =
            attention(&recall, "attention", data, &empty, span, active);
        let waits = recall.waits(weeks.edges[weeks.len()]);
        let first_releases = first_releases(&recall, data);
        let wip = wip(&recall, data, &weeks, &attention.tables[0].slices);
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
            attention_version,
            waits,
            wip,
            first_releases,
            meetings: OnceCell::new(),
            recall,
        }
    }

    /// The derived values of an item.
    #[must_use]
    pub fn item(&self, ix: usize) -> Derived {
        self.recall.item(ix)
    }

    /// Blocked time in the window by stream, and the part of it without any open link.
    #[must_use]
    pub fn unlinked(&self) -> Vec<(StreamIx, i64, i64)> {
        let (data, window, recall) = (self.data, self.window(), &self.recall);
        let scan = |seen: &Seen<'_>, say: &mut dyn FnMut(usize, Blocked)| {
            blocked(data, seen, window, &mut |stream, period| {
                say(stream.0 as usize, Blocked { item: seen.place, period });
            });
        };
        // Where an item is does not matter.
        let periods = |seen: &Seen<'_>, say: &mut dyn FnMut(usize, Period)| {
            scan(seen, &mut |stream, blocked| say(stream, blocked.period));
        };
        let versions = recall.versions("blocked", recall.links(), data.streams.len(), periods);
        let stale = recall.stale("blocked", 0, &versions);
        let mut lists = recall.gather(Owners::Streams, &stale, scan);
        let mut items: Vec<usize> = lists.iter().flatten().map(|blocked| blocked.item).collect();
        items.sort_unstable();
        items.dedup();
        let links = blocking(data, &|ix| self.item(ix), self.as_of, &items);
        let sums = versions.iter().enumerate().map(|(stream, version)| {
            let sums = recall.cached("blocked", (stream, 0), *version, || {
                unlinked(&links, &std::mem::take(&mut lists[stream]))
            });
            let (all, without) = (*sums)?;
            Some((StreamIx(u32::try_from(stream).unwrap_or(u32::MAX)), all, without))
        });
        sums.flatten().collect()
    }

    /// What met in each release and event, and the integration points among them.
    #[must_use]
    pub fn meetings(&self) -> &Meetings {
        self.meetings.get_or_init(|| {
            let met = meetings(&self.recall, self.data);
            let points = points(&self.recall, &met);
            (met, points)
        })
    }

    /// By epic: when an item of it was at work and alive, united, up to the newest week's end; work
    /// that began later counts with its beginning.
    #[must_use]
    pub fn worked(&self) -> Vec<Arc<Vec<Period>>> {
        let until = self.weeks.edges[self.weeks.len()];
        let scan = |seen: &Seen<'_>, say: &mut dyn FnMut(usize, Period)| worked(seen, until, say);
        let epics = self.data.epics.len();
        let epics = (Owners::Epics, epics);
        self.recall.by_owner("worked", (), epics, scan, |_, parts| united(parts))
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
    let now = cadence.number(as_of, data.zone);
    (now - count..now).map(|number| cadence_period(cadence, number, data.zone)).collect()
}
