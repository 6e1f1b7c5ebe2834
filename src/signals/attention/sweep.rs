//! One sweep over the segment boundaries of each team.

use std::sync::Arc;

use super::{Attention, Cell, Stretch, Table, Target};
use crate::model::{Period, StreamIx, TeamIx, Timestamp};
use crate::signals::Dataset;

/// A period in which a team's home and weight are constant.
struct Era {
    period: Period,
    home: Option<StreamIx>,
    /// Weight in thousandths.
    weight: i64,
}

/// Adds one team to an attention that is empty.
pub(super) fn sweep(
    data: &Dataset,
    mut attention: Attention,
    team: TeamIx,
    stretches: &[Stretch],
) -> Attention {
    for era in eras(data, team, attention.grid.span()) {
        add_capacity(&mut attention, &era);
        sweep_era(&mut attention, team, &era, stretches);
    }
    for cell in &attention.cells {
        for table in &mut attention.tables {
            let slice = table.slices.of(cell.target.stream, cell.target.epic, cell.target.kind);
            for (to, from) in table.ticks[slice].iter_mut().zip(&cell.ticks) {
                *to += from;
            }
        }
    }
    attention
}

fn eras(data: &Dataset, team: TeamIx, span: Period) -> Vec<Era> {
    let team = data.team(team);
    let Some(valid) = team.valid.intersect(&span) else { return Vec::new() };
    let changes = team.home.iter().map(|(p, _)| *p).chain(team.weight.iter().map(|(p, _)| *p));
    let mut edges: Vec<Timestamp> = changes.flat_map(|p| [p.from, p.to]).collect();
    edges.retain(|edge| valid.contains(*edge));
    edges.extend([valid.from, valid.to]);
    edges.sort_unstable();
    edges.dedup();
    let era = |pair: &[Timestamp]| Era {
        period: Period::new(pair[0], pair[1]),
        home: team.home_at(pair[0]),
        weight: (team.weight_at(pair[0]) * 1000.0).round() as i64,
    };
    edges.windows(2).map(era).collect()
}

fn add_capacity(attention: &mut Attention, era: &Era) {
    for (bucket, pair) in attention.grid.edges.windows(2).enumerate() {
        if let Some(part) = era.period.intersect(&Period::new(pair[0], pair[1])) {
            attention.capacity[bucket] += part.millis() * era.weight;
        }
    }
}

fn sweep_era(attention: &mut Attention, team: TeamIx, era: &Era, stretches: &[Stretch]) {
    let (from, to) = (era.period.from.millis(), era.period.to.millis());
    let clipped = || stretches.iter().filter(|s| s.from < to && s.to > from);
    let mut targets: Vec<Target> = clipped().map(|s| s.target).collect();
    if targets.is_empty() {
        return;
    }
    targets.sort_unstable();
    targets.dedup();
    let mut events: Vec<(i64, usize, i64)> = Vec::with_capacity(2 * stretches.len());
    for stretch in clipped() {
        let target = targets.binary_search(&stretch.target).unwrap_or(0);
        events.push((stretch.from.max(from), target, 1));
        events.push((stretch.to.min(to), target, -1));
    }
    events.sort_unstable();
    let mut live = Live::new(attention, &targets);
    let mut at = from;
    let mut bucket = attention.grid.edges.partition_point(|edge| edge.millis() <= at) - 1;
    for (when, target, delta) in events {
        while at < when {
            let edge = attention.grid.edges[bucket + 1].millis();
            let until = when.min(edge);
            live.pass((until - at) * era.weight);
            at = until;
            if until == edge {
                live.flush(attention, bucket);
                bucket = (bucket + 1).min(attention.grid.len() - 1);
            }
        }
        live.change(attention, bucket, target, delta);
    }
    live.flush(attention, bucket);
    for (target, ticks) in targets.into_iter().zip(live.ticks) {
        attention.cells.push(Arc::new(Cell { team, home: era.home, target, ticks }));
    }
}

/// What a team has in progress, and how far its clocks have run inside the current bucket.
///
/// Nothing is written per interval: each target remembers the reading of the shared clock at its
/// last change, and is settled when its number of items changes or the bucket ends.
struct Live {
    items: i64,
    /// Ticks that one item in progress all along would have accrued; whole by carrying the
    /// remainder of each division into the next interval.
    each: i64,
    carry: i64,
    /// Observed ticks.
    observed: i64,
    /// By target: items in progress, and `each` when last settled.
    counts: Vec<(i64, i64)>,
    /// The target that takes the last remainder of a bucket.
    latest: usize,
    ticks: Vec<Vec<i64>>,
    dimensions: Vec<Presence>,
}

/// Which slices of one dimension are present.
struct Presence {
    /// Slice of each target.
    slice: Vec<usize>,
    /// By slice: items in progress, and `observed` when last settled.
    counts: Vec<(i64, i64)>,
    /// Number of slices present and the sum of their places: the place itself when there is one.
    present: usize,
    places: usize,
    /// `observed` when the set of present slices last changed.
    since: i64,
}

impl Live {
    fn new(attention: &Attention, targets: &[Target]) -> Self {
        let presence = |table: &Table| Presence {
            slice: targets.iter().map(|t| table.slices.of(t.stream, t.epic, t.kind)).collect(),
            counts: vec![(0, 0); table.slices.list.len()],
            present: 0,
            places: 0,
            since: 0,
        };
        Self {
            items: 0,
            each: 0,
            carry: 0,
            observed: 0,
            counts: vec![(0, 0); targets.len()],
            latest: 0,
            ticks: vec![vec![0; attention.grid.len()]; targets.len()],
            dimensions: attention.tables.iter().map(presence).collect(),
        }
    }

    /// Lets time pass without a change.
    fn pass(&mut self, ticks: i64) {
        if self.items > 0 {
            self.observed += ticks;
            let due = ticks + self.carry;
            self.each += due / self.items;
            self.carry = due % self.items;
        }
    }

    fn change(&mut self, attention: &mut Attention, bucket: usize, target: usize, delta: i64) {
        let (count, settled) = &mut self.counts[target];
        self.ticks[target][bucket] += *count * (self.each - *settled);
        (*count, *settled) = (*count + delta, self.each);
        self.items += delta;
        self.latest = target;
        for (presence, table) in self.dimensions.iter_mut().zip(&mut attention.tables) {
            presence.change(table, bucket, target, delta, self.observed);
        }
    }

    /// Settles everything at the end of a bucket and starts the clocks anew.
    fn flush(&mut self, attention: &mut Attention, bucket: usize) {
        for (ticks, (count, settled)) in self.ticks.iter_mut().zip(&mut self.counts) {
            ticks[bucket] += *count * (self.each - *settled);
            *settled = 0;
        }
        self.ticks[self.latest][bucket] += self.carry;
        attention.observed[bucket] += self.observed;
        for (presence, table) in self.dimensions.iter_mut().zip(&mut attention.tables) {
            presence.settle(table, bucket, self.observed);
            for (slice, (count, settled)) in presence.counts.iter_mut().enumerate() {
                if *count > 0 {
                    table.any[slice][bucket] += self.observed - *settled;
                }
                *settled = 0;
            }
            presence.since = 0;
        }
        (self.each, self.carry, self.observed) = (0, 0, 0);
    }
}

impl Presence {
    fn change(
        &mut self,
        table: &mut Table,
        bucket: usize,
        target: usize,
        delta: i64,
        observed: i64,
    ) {
        let slice = self.slice[target];
        let before = self.counts[slice].0;
        self.counts[slice].0 += delta;
        let after = self.counts[slice].0;
        if (before > 0) == (after > 0) {
            return;
        }
        self.settle(table, bucket, observed);
        if after > 0 {
            self.counts[slice].1 = observed;
            self.present += 1;
            self.places += slice;
        } else {
            table.any[slice][bucket] += observed - self.counts[slice].1;
            self.present -= 1;
            self.places -= slice;
        }
    }

    /// While one slice was present alone, all of the team's items belonged to it.
    fn settle(&mut self, table: &mut Table, bucket: usize, observed: i64) {
        if self.present == 1 {
            table.all[self.places][bucket] += observed - self.since;
        }
        self.since = observed;
    }
}
