//! Attention: every team-day counts once, split equally over what the team has in progress.
//!
//! For team t at instant u with n items active, not blocked and not stale, each item accrues
//! `w_t / n` team-days per day. The unit of all integers here is the *tick*: one millisecond of a
//! team with weight 0.001. Ticks are whole, and every one of them is handed out: what a division
//! leaves over is carried into the next interval. So sums are exact, and a boundary at which nothing
//! changes moves nothing.

pub mod drawn;
pub mod stale;
mod sweep;

use std::ops::Range;
use std::sync::Arc;

use super::Dataset;
use super::calendar::Weeks;
use super::slices::Slices;
use crate::model::{DAY_MS, EpicIx, Kind, Period, StreamIx, TeamIx, Timestamp};

/// Ticks in one team-day of weight 1.
pub const TEAM_DAY: f64 = (DAY_MS * 1000) as f64;

/// What attention can go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Target {
    pub stream: Option<StreamIx>,
    pub epic: Option<EpicIx>,
    pub kind: Kind,
}

/// One stretch in which an item draws attention from a team.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    pub from: i64,
    pub to: i64,
    pub target: Target,
}

/// The instants between which attention is summed: week edges and whatever else is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grid {
    edges: Vec<Timestamp>,
}

impl Grid {
    #[must_use]
    pub fn new(mut edges: Vec<Timestamp>) -> Self {
        edges.sort_unstable();
        edges.dedup();
        Self { edges }
    }

    /// The buckets of a period whose both ends are edges.
    #[must_use]
    pub fn buckets(&self, period: Period) -> Range<usize> {
        let place = |at: Timestamp| self.edges.partition_point(|edge| *edge < at);
        place(period.from)..place(period.to).min(self.len())
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.edges.len().saturating_sub(1)
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    #[must_use]
    pub fn span(&self) -> Period {
        match (self.edges.first(), self.edges.last()) {
            (Some(from), Some(to)) => Period::new(*from, *to),
            _ => Period::new(Timestamp::MIN, Timestamp::MIN),
        }
    }
}

/// Ticks of one team and home stream on one target, bucket by bucket.
#[derive(Debug)]
pub struct Cell {
    pub team: TeamIx,
    pub home: Option<StreamIx>,
    pub target: Target,
    pub ticks: Vec<i64>,
}

/// The slices of one dimension, bucket by bucket.
#[derive(Debug, Clone)]
pub struct Table {
    pub slices: Slices,
    /// `ticks[slice][bucket]`.
    pub ticks: Vec<Vec<i64>>,
    /// Ticks in which all of the team's active items belong to the slice.
    pub all: Vec<Vec<i64>>,
    /// Ticks in which any of them does.
    pub any: Vec<Vec<i64>>,
}

/// Where attention went.
#[derive(Debug, Clone)]
pub struct Attention {
    pub grid: Grid,
    pub cells: Vec<Arc<Cell>>,
    pub tables: Vec<Table>,
    /// Observed ticks, bucket by bucket.
    pub observed: Vec<i64>,
    /// Ticks that valid teams had, observed or not.
    pub capacity: Vec<i64>,
}

impl Attention {
    /// Sums the stretches of each team (indexed by team) over the grid.
    #[must_use]
    pub fn new(
        data: &Dataset,
        grid: Grid,
        stretches: Vec<Vec<Stretch>>,
        dimensions: Vec<Slices>,
    ) -> Self {
        let mut all = Self::empty(grid, dimensions);
        for (ix, stretches) in stretches.iter().enumerate() {
            let team = all.of_team(data, TeamIx(u32::try_from(ix).unwrap_or(u32::MAX)), stretches);
            all.add(&team);
            all.cells.extend(team.cells);
        }
        all
    }

    /// No attention at all.
    #[must_use]
    pub fn empty(grid: Grid, dimensions: Vec<Slices>) -> Self {
        let buckets = grid.len();
        let table = |slices: Slices| {
            let empty = vec![vec![0; buckets]; slices.list.len()];
            Table { slices, ticks: empty.clone(), all: empty.clone(), any: empty }
        };
        let tables = dimensions.into_iter().map(table).collect();
        let (observed, capacity) = (vec![0; buckets], vec![0; buckets]);
        Self { grid, cells: Vec::new(), tables, observed, capacity }
    }

    /// The attention of one team over the same grid and slices.
    #[must_use]
    pub fn of_team(&self, data: &Dataset, team: TeamIx, stretches: &[Stretch]) -> Self {
        let dimensions = self.tables.iter().map(|table| table.slices.clone()).collect();
        sweep::sweep(data, Self::empty(self.grid.clone(), dimensions), team, stretches)
    }

    /// Adds the sums of a team, without its cells.
    pub fn add(&mut self, team: &Self) {
        self.each(team, |own, more| *own += more);
    }

    /// Takes the sums of a team away again.
    pub fn take(&mut self, team: &Self) {
        self.each(team, |own, less| *own -= less);
    }

    fn each(&mut self, team: &Self, step: impl Fn(&mut i64, &i64)) {
        let add = |own: &mut Vec<i64>, more: &Vec<i64>| {
            own.iter_mut().zip(more).for_each(|(own, more)| step(own, more));
        };
        for (own, more) in self.tables.iter_mut().zip(&team.tables) {
            let lists = own.ticks.iter_mut().chain(&mut own.all).chain(&mut own.any);
            let theirs = more.ticks.iter().chain(&more.all).chain(&more.any);
            lists.zip(theirs).for_each(|(own, more)| add(own, more));
        }
        add(&mut self.observed, &team.observed);
        add(&mut self.capacity, &team.capacity);
    }

    /// A slice's share of observed ticks in a period: numerator, denominator.
    #[must_use]
    pub fn share(&self, table: &Table, slice: usize, period: Period) -> (i64, i64) {
        let buckets = self.grid.buckets(period);
        (sum(&table.ticks[slice], &buckets), sum(&self.observed, &buckets))
    }

    /// The range in which the share must lie, however shared team time is split.
    #[must_use]
    pub fn attribution(&self, table: &Table, slice: usize, period: Period) -> Option<(f64, f64)> {
        let buckets = self.grid.buckets(period);
        let total = sum(&self.observed, &buckets);
        (total > 0).then(|| {
            let share = |list: &[i64]| sum(list, &buckets) as f64 / total as f64;
            (share(&table.all[slice]), share(&table.any[slice]))
        })
    }

    /// Observed over existing team time in a period; `None` without teams.
    #[must_use]
    pub fn coverage(&self, period: Period) -> Option<f64> {
        let buckets = self.grid.buckets(period);
        let capacity = sum(&self.capacity, &buckets);
        (capacity > 0).then(|| sum(&self.observed, &buckets) as f64 / capacity as f64)
    }

    /// Observed team-days in a period.
    #[must_use]
    pub fn team_days(&self, period: Period) -> f64 {
        sum(&self.observed, &self.grid.buckets(period)) as f64 / TEAM_DAY
    }

    /// Ticks of the cells that `wanted` selects, in a period.
    pub fn ticks(&self, period: Period, mut wanted: impl FnMut(&Cell) -> bool) -> i64 {
        let buckets = self.grid.buckets(period);
        self.cells.iter().filter(|cell| wanted(cell)).map(|c| sum(&c.ticks, &buckets)).sum()
    }

    /// Weekly numerators and denominators of one slice.
    #[must_use]
    pub fn weekly(&self, table: &Table, slice: usize, weeks: &Weeks) -> Vec<(i64, i64)> {
        weeks.periods().map(|week| self.share(table, slice, week)).collect()
    }
}

/// The sum over some buckets.
#[must_use]
pub fn sum(list: &[i64], buckets: &Range<usize>) -> i64 {
    list[buckets.clone()].iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Dimension, derive};
    use crate::signals::fixture::{at, item, portfolio, view};

    /// Section 4 of the catalogue: whatever T1 did in the four days that it shared, S1 had between
    /// 30 and 50 % of the two teams. Of four measures only attention says so.
    #[test]
    fn other_measures_leave_the_possible_range() {
        let mut data = portfolio(2, &[1, 2]);
        item(&mut data, "x1", "T1/S1", &[("03-02", "Dev"), ("03-12", "done")]);
        let waited = [("02-12", "waiting"), ("03-04", "Dev"), ("03-08", "done")];
        item(&mut data, "x2", "T1/S2", &waited);
        for key in ["y1", "y2", "y3", "y4"] {
            item(&mut data, key, "T2/S2", &[("03-02", "Dev"), ("03-12", "done")]);
        }
        let view = view(&data, "03-16");
        let window = Period::new(at("03-02"), at("03-16"));
        let table = view.table(Dimension::Stream);
        let own = view.shown(Some(StreamIx(0)));
        let share = |(part, all): (i64, i64)| format!("{:.1} %", part as f64 / all as f64 * 100.0);
        assert_eq!(share(view.attention.share(table, own, window)), "40.0 %");
        assert_eq!(view.attention.attribution(table, own, window), Some((0.3, 0.5)));
        let of = |measure: &dyn Fn(&crate::signals::dataset::ItemFacts) -> i64| {
            let all: Vec<i64> = data.items.iter().map(measure).collect();
            (all[0], all.iter().sum())
        };
        let flow = |item: &crate::signals::dataset::ItemFacts| {
            derive(item.created_at, &item.segments, view.as_of).flow_time.unwrap()
        };
        let active = |item: &crate::signals::dataset::ItemFacts| {
            let segments =
                item.segments.iter().filter(|s| s.flow() == crate::model::Category::Active);
            segments.map(|s| s.period().millis()).sum()
        };
        assert_eq!(share(of(&|_| 1)), "16.7 %");
        assert_eq!(share(of(&active)), "18.5 %");
        assert_eq!(share(of(&flow)), "13.5 %");
    }
}
