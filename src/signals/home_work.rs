//! The home x work matrix of P1: which stream's teams gave their attention to which stream's work.

use std::collections::BTreeMap;

use super::attention::{TEAM_DAY, sum};
use super::p1_attention_share as p1;
use super::report::{HomeByWork, HomeWork, Slice};
use super::view::View;
use crate::model::Period;

/// Attention by the team's home stream and the stream of the work, in ticks, by published slice.
#[must_use]
pub fn matrix(view: &View<'_>, window: Period) -> Vec<(usize, usize, i64)> {
    let mut matrix = BTreeMap::new();
    let buckets = view.attention.grid.buckets(window);
    for cell in &view.attention.cells {
        let ticks = sum(&cell.ticks, &buckets);
        let pair = (view.shown(cell.home), view.shown(cell.target.stream));
        *matrix.entry(pair).or_insert(0) += ticks;
    }
    matrix.into_iter().filter(|(_, t)| *t > 0).map(|((home, work), t)| (home, work, t)).collect()
}

/// The matrix as the report shows it; a stream's own page has the cells that touch the stream.
#[must_use]
pub fn home_by_work(view: &View<'_>) -> Option<HomeByWork> {
    let window = p1::window(view);
    if p1::floor(view, window).is_some() {
        return None;
    }
    let team_days = view.attention.team_days(window);
    let list = &view.streams().list;
    let mut cells: Vec<HomeWork> = matrix(view, window)
        .into_iter()
        .map(|(home, work, ticks)| {
            let days = ticks as f64 / TEAM_DAY;
            let (home, work) = (list[home].clone(), list[work].clone());
            HomeWork { home, work, team_days: days, share: days / team_days }
        })
        .filter(|cell| view.in_scope(&cell.home.id) || view.in_scope(&cell.work.id))
        .collect();
    let place = |slice: &Slice| (slice.name.clone(), slice.id.clone());
    cells.sort_by_key(|cell| (place(&cell.home), place(&cell.work)));
    Some(HomeByWork { window, team_days, cells })
}
