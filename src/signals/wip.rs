//! Entries to and exits from work in progress, by published slice and week.
//!
//! A spell in progress of a slice is a maximal run of started segments whose streams that slice
//! shows. Moving to a stream of another slice ends it and begins one there; moving inside a merged
//! slice is nothing. Work of one-off epics is not in progress here. So `open(end) = open(start) + entries - exits` holds for every slice and week.

use super::Dataset;
use super::calendar::Weeks;
use super::recall::{Exchange, Recall, Seen};
use super::slices::Slices;
use crate::model::{Category, FlowSegment, Kind, StreamIx, Timestamp};

/// What entered and left one slice, week by week, and its stock at the edges between weeks.
#[derive(Debug, Clone, Default)]
pub struct SliceWip {
    pub entries: Vec<i64>,
    pub delivered: Vec<i64>,
    pub dropped: Vec<i64>,
    /// Left to `proposed`.
    pub parked: Vec<i64>,
    /// Left to another slice, or to a one-off epic.
    pub moved: Vec<i64>,
    /// Items created, whether or not they were started.
    pub created: Vec<i64>,
    /// Deliveries whose start was seen, and their flow times in milliseconds.
    pub timed: Vec<(i64, i64)>,
    /// Items in progress at each edge; those of them whose start was seen, and the sum of their
    /// ages in milliseconds. One more than weeks.
    pub open: Vec<i64>,
    pub aged: Vec<(i64, i64)>,
}

impl SliceWip {
    fn new(weeks: usize) -> Self {
        let empty = || vec![0; weeks];
        Self {
            entries: empty(),
            delivered: empty(),
            dropped: empty(),
            parked: empty(),
            moved: empty(),
            created: empty(),
            timed: vec![(0, 0); weeks],
            open: vec![0; weeks + 1],
            aged: vec![(0, 0); weeks + 1],
        }
    }

    /// All exits of a week.
    #[must_use]
    pub fn exits(&self, week: usize) -> i64 {
        self.delivered[week] + self.dropped[week] + self.parked[week] + self.moved[week]
    }
}

impl Exchange for SliceWip {
    fn exchange(&mut self, gone: &Self, come: &Self) -> bool {
        self.entries.exchange(&gone.entries, &come.entries)
            && self.delivered.exchange(&gone.delivered, &come.delivered)
            && self.dropped.exchange(&gone.dropped, &come.dropped)
            && self.parked.exchange(&gone.parked, &come.parked)
            && self.moved.exchange(&gone.moved, &come.moved)
            && self.created.exchange(&gone.created, &come.created)
            && self.timed.exchange(&gone.timed, &come.timed)
            && self.open.exchange(&gone.open, &come.open)
            && self.aged.exchange(&gone.aged, &come.aged)
    }
}

/// Walks over all items once; the result is parallel to the slices.
#[must_use]
pub fn wip(recall: &Recall<'_>, data: &Dataset, weeks: &Weeks, slices: &Slices) -> Vec<SliceWip> {
    let empty = || vec![SliceWip::new(weeks.len()); slices.list.len()];
    let sums = recall.sum("work in progress", (), empty, |sums, seen| {
        let mut walk = Walk { weeks, slices: sums };
        walk.visit(data, slices, seen);
    });
    finish(weeks, sums.to_vec())
}

struct Walk<'a> {
    weeks: &'a Weeks,
    /// `open` and `aged` hold differences until the end; the sums of `aged` those of starts.
    slices: &'a mut [SliceWip],
}

impl Walk<'_> {
    fn visit(&mut self, data: &Dataset, slices: &Slices, seen: &Seen<'_>) {
        let (weeks, Seen { item, derived, .. }) = (self.weeks, seen);
        if derived.born_done || derived.ended_at.is_some_and(|at| at < weeks.edges[0]) {
            return;
        }
        let segments = seen.segments();
        let Some(first) = segments.first() else { return };
        let place = |stream: Option<StreamIx>| slices.of(stream, None, Kind::Unclassified);
        let created = weeks.of(item.created_at).filter(|_| !data.one_off(first.epic));
        if let Some(week) = created {
            self.slices[place(first.stream)].created[week] += 1;
        }
        let started = derived.started_at.filter(|_| !item.start_before_data);
        let place_of = |segment: &FlowSegment| {
            let counted = segment.category.is_started() && !data.one_off(segment.epic);
            counted.then(|| place(segment.stream))
        };
        self.spells(segments, started, &place_of);
        if let (Some(at), Some(credited), Some(time)) = (
            derived.delivered_at,
            derived.credited,
            derived.flow_time.filter(|_| started.is_some()),
        ) && let Some(week) = weeks.of(at)
            && !data.one_off(segments[credited].epic)
        {
            let (count, sum) = &mut self.slices[place(segments[credited].stream)].timed[week];
            *count += 1;
            *sum += time;
        }
    }

    fn spells(
        &mut self,
        segments: &[FlowSegment],
        started: Option<Timestamp>,
        place: &impl Fn(&FlowSegment) -> Option<usize>,
    ) {
        let mut held: Option<(usize, Timestamp)> = None;
        for segment in segments {
            let here = place(segment);
            if held.map(|(slice, _)| slice) == here {
                continue;
            }
            let week = self.weeks.of(segment.from);
            if let Some((slice, from)) = held {
                let exits = match segment.category {
                    Category::Done => &mut self.slices[slice].delivered,
                    Category::Dropped => &mut self.slices[slice].dropped,
                    Category::Proposed => &mut self.slices[slice].parked,
                    Category::Active | Category::Waiting => &mut self.slices[slice].moved,
                };
                if let Some(week) = week {
                    exits[week] += 1;
                }
                self.stock(slice, from, segment.from, started);
            }
            held = here.map(|slice| (slice, segment.from));
            if let (Some(slice), Some(week)) = (here, week) {
                self.slices[slice].entries[week] += 1;
            }
        }
        if let Some((slice, from)) = held {
            self.stock(slice, from, Timestamp::MAX, started);
        }
    }

    /// Adds a spell to the stock at the edges in `(from, to]`: what happens exactly at an edge
    /// belongs to the week that begins there.
    fn stock(&mut self, slice: usize, from: Timestamp, to: Timestamp, started: Option<Timestamp>) {
        let edges = &self.weeks.edges;
        let first = edges.partition_point(|edge| *edge <= from);
        let end = edges.partition_point(|edge| *edge <= to);
        if first >= end {
            return;
        }
        let slice = &mut self.slices[slice];
        let mut add = |edge: usize, sign: i64| {
            if edge < edges.len() {
                slice.open[edge] += sign;
                if let Some(started) = started {
                    slice.aged[edge].0 += sign;
                    slice.aged[edge].1 += sign * started.millis();
                }
            }
        };
        add(first, 1);
        add(end, -1);
    }
}

/// From differences to stocks.
fn finish(weeks: &Weeks, mut slices: Vec<SliceWip>) -> Vec<SliceWip> {
    for slice in &mut slices {
        let (mut open, mut aged, mut starts) = (0, 0, 0);
        for (at, edge) in weeks.edges.iter().enumerate() {
            open += slice.open[at];
            aged += slice.aged[at].0;
            starts += slice.aged[at].1;
            slice.open[at] = open;
            slice.aged[at] = (aged, aged * edge.millis() - starts);
        }
    }
    slices
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Context, DAY_MS};
    use crate::signals::dataset::Epic;
    use crate::signals::entries::of;
    use crate::signals::fixture::{epic, f0, item, portfolio, under, view};
    use crate::signals::{Scope, evaluate};

    /// Work of a one-off epic draws attention and is in no flow signal; the page says so.
    #[test]
    fn one_off_work_does_not_flow() {
        let mut data = portfolio(1, &[1]);
        for context in [Context::Product, Context::OneOff] {
            data.epics.push(Epic { context, ..epic(&format!("BET-{context:?}"), &[]) });
        }
        for (key, epic) in [("a", 0), ("b", 1)] {
            let ix = item(&mut data, key, "T1/S1", &[("03-10", "Dev"), ("03-17", "done")]);
            under(&mut data, ix, epic);
        }
        let view = view(&data, "03-30");
        let stream = &view.flow.streams[0];
        let wip = &view.wip[view.shown(Some(StreamIx(0)))];
        assert_eq!(stream.delivered.iter().sum::<i64>(), 1);
        assert_eq!(stream.active.iter().sum::<i64>(), 7 * DAY_MS);
        assert_eq!((wip.entries.iter().sum::<i64>(), wip.delivered.iter().sum::<i64>()), (1, 1));
        assert_eq!(wip.created.iter().sum::<i64>(), 1);
        let counted = |ix: usize| -> Vec<&str> {
            let found = of(&data, &data.items[ix], view.as_of);
            found.into_iter().map(|(signal, _)| signal).collect()
        };
        assert_eq!(counted(0), ["H1", "P1", "P3", "V1", "V2", "V3", "V4", "V5", "V6"]);
        assert_eq!(counted(1), ["P1", "P3", "V6"]);
        let report = evaluate(&data, view.as_of, view.as_of, &Scope::Portfolio);
        assert!(report.unseen.iter().any(|line| line.starts_with("1 item of one-off epics")));
    }

    /// Fixture F0 as one stream: entries 3, 2, 3, 0; exits 1, 3, 2, 1; stock 1, 3, 2, 3, 2.
    #[test]
    fn fixture_f0() {
        let data = f0();
        let view = view(&data, "03-30");
        let wip = &view.wip[view.shown(Some(StreamIx(0)))];
        let weeks = view.weeks.newest(4);
        assert_eq!(wip.entries[weeks.clone()], [3, 2, 3, 0]);
        let exits: Vec<i64> = weeks.clone().map(|week| wip.exits(week)).collect();
        assert_eq!(exits, [1, 3, 2, 1]);
        assert_eq!(wip.open[weeks.start..], [1, 3, 2, 3, 2]);
        assert_eq!(wip.timed[weeks].iter().map(|(n, _)| n).sum::<i64>(), 4);
    }
}
