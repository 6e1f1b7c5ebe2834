//! One sweep over the segment boundaries of each team.

use super::{Attention, Cell, Grid, Stretch, Table, Target};
use crate::model::{DAY_MS, Period, StreamIx, TeamIx, Timestamp};
use crate::signals::Dataset;
use crate::signals::slices::Slices;

/// A period in which a team's home and weight are constant.
struct Era {
    period: Period,
    home: Option<StreamIx>,
    /// Weight in thousandths.
    weight: i64,
}

pub(super) fn sweep(
    data: &Dataset,
    grid: Grid,
    stretches: Vec<Vec<Stretch>>,
    dimensions: Vec<Slices>,
) -> Attention {
    let buckets = grid.len();
    let tables = dimensions
        .into_iter()
        .map(|slices| {
            let empty = vec![vec![0; buckets]; slices.list.len()];
            Table { slices, ticks: empty.clone(), all: empty.clone(), any: empty }
        })
        .collect();
    let (observed, capacity) = (vec![0; buckets], vec![0; buckets]);
    let mut attention = Attention { grid, cells: Vec::new(), tables, observed, capacity };
    for (ix, stretches) in stretches.into_iter().enumerate() {
        let team = TeamIx(u32::try_from(ix).unwrap_or(u32::MAX));
        for era in eras(data, team, attention.grid.span()) {
            add_capacity(&mut attention, &era);
            sweep_era(&mut attention, team, &era, &stretches);
        }
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

/// The targets in progress at one instant.
struct Live {
    targets: Vec<Target>,
    /// Places of the targets that have an active item, sorted, with the number of items.
    counts: Vec<(usize, i64)>,
    items: i64,
    /// `slices[dimension][target]`.
    slices: Vec<Vec<usize>>,
    ticks: Vec<Vec<i64>>,
    /// Scratch: remainders of one split, and slices present in one dimension.
    remainders: Vec<(i64, usize)>,
    present: Vec<usize>,
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
    let place = |target: &Target| targets.binary_search(target).unwrap_or(0);
    let mut events: Vec<(i64, i8, usize)> = Vec::new();
    for stretch in clipped() {
        let target = place(&stretch.target);
        events.push((stretch.from.max(from), 1, target));
        events.push((stretch.to.min(to), -1, target));
    }
    events.sort_unstable();
    let slices = attention
        .tables
        .iter()
        .map(|table| targets.iter().map(|t| table.slices.of(t.stream, t.epic, t.kind)).collect())
        .collect();
    let ticks = vec![vec![0; attention.grid.len()]; targets.len()];
    let mut live = Live {
        targets,
        counts: Vec::new(),
        items: 0,
        slices,
        ticks,
        remainders: Vec::new(),
        present: Vec::new(),
    };
    let mut at = from;
    let mut bucket = attention.grid.edges.partition_point(|edge| edge.millis() <= at) - 1;
    for (when, delta, target) in events {
        while at < when {
            let edge = attention.grid.edges[bucket + 1].millis();
            let until = when.min(edge);
            live.accrue(attention, bucket, (until - at) * era.weight);
            at = until;
            bucket += usize::from(until == edge && bucket + 1 < attention.grid.len());
        }
        live.change(target, i64::from(delta));
    }
    for (target, ticks) in live.targets.into_iter().zip(live.ticks) {
        attention.cells.push(Cell { team, home: era.home, target, ticks });
    }
}

impl Live {
    fn change(&mut self, target: usize, delta: i64) {
        self.items += delta;
        match self.counts.binary_search_by_key(&target, |(t, _)| *t) {
            Ok(at) => {
                self.counts[at].1 += delta;
                if self.counts[at].1 == 0 {
                    self.counts.remove(at);
                }
            }
            Err(at) => self.counts.insert(at, (target, delta)),
        }
    }

    /// Splits `ticks` over the active items: whole ticks by target, what is left over to the
    /// targets with the largest remainder.
    fn accrue(&mut self, attention: &mut Attention, bucket: usize, ticks: i64) {
        if self.items == 0 {
            return;
        }
        attention.observed[bucket] += ticks;
        self.attribute(attention, bucket, ticks);
        if let [(only, _)] = self.counts[..] {
            self.ticks[only][bucket] += ticks;
            return;
        }
        self.remainders.clear();
        let mut left = ticks;
        for (target, count) in &self.counts {
            let claim = ticks * count;
            self.ticks[*target][bucket] += claim / self.items;
            left -= claim / self.items;
            self.remainders.push((-(claim % self.items), *target));
        }
        self.remainders.sort_unstable();
        for (_, target) in self.remainders.iter().take(usize::try_from(left).unwrap_or(0)) {
            self.ticks[*target][bucket] += 1;
        }
    }

    fn attribute(&mut self, attention: &mut Attention, bucket: usize, ticks: i64) {
        for (table, slices) in attention.tables.iter_mut().zip(&self.slices) {
            self.present.clear();
            self.present.extend(self.counts.iter().map(|(target, _)| slices[*target]));
            self.present.sort_unstable();
            self.present.dedup();
            for slice in &self.present {
                table.any[*slice][bucket] += ticks;
            }
            if let [only] = self.present[..] {
                table.all[only][bucket] += ticks;
            }
        }
    }
}

const _: () = assert!(DAY_MS * 400 * 1000 < i64::MAX / 100_000, "ticks * items fit in 64 bits");
