//! When each team was at work on what, over any span: for signals that look further back than the
//! charted weeks, or that count other states than active ones.

use std::sync::Arc;

use super::Dataset;
use super::attention::{Attention, Stretch, Target, stale};
use super::flow::equal;
use super::recall::{Owners, Recall, Seen};
use crate::model::{Category, FlowSegment, Period, TeamIx, Timestamp};

/// Hands out the team and the stretch of each part of an item inside `span` that lies in a segment
/// which `counts` lets in, the stale cap applied to each run of equal segments as it is to active
/// work. What ends after the span is cut there, so that nothing depends on the report's instant.
pub fn stretches(
    seen: &Seen<'_>,
    span: Period,
    counts: fn(&FlowSegment) -> bool,
    say: &mut dyn FnMut(usize, Stretch),
) {
    let Seen { item, derived, .. } = seen;
    if derived.born_done || derived.ended_at.is_some_and(|at| at <= span.from) {
        return;
    }
    for run in seen.segments().chunk_by(equal) {
        let (first, last) = (&run[0], &run[run.len() - 1]);
        let whole = Period::new(first.from, last.to.min(span.to));
        let (Some(team), true) = (first.team, counts(first)) else { continue };
        if first.from >= span.to || whole.intersect(&span).is_none() {
            continue;
        }
        let target = Target { stream: first.stream, epic: first.epic, kind: item.kind };
        stale::alive(whole, &item.activity, |part| {
            if let Some(part) = part.intersect(&span) {
                let (from, to) = (part.from.millis(), part.to.millis());
                say(team.0 as usize, Stretch { from, to, target });
            }
        });
    }
}

/// Hands out when an item was at work on which epic and alive, up to an instant; of what begins
/// later only when it began.
pub fn worked(seen: &Seen<'_>, until: Timestamp, say: &mut dyn FnMut(usize, Period)) {
    if seen.derived.born_done {
        return;
    }
    for run in seen.segments().chunk_by(equal) {
        let (first, last) = (&run[0], &run[run.len() - 1]);
        let (Some(epic), Category::Active) = (first.epic, first.flow()) else { continue };
        let epic = epic.0 as usize;
        if first.from >= until {
            say(epic, Period::new(first.from, first.from));
            continue;
        }
        let whole = Period::new(first.from, last.to.min(until));
        stale::alive(whole, &seen.item.activity, |part| say(epic, part));
    }
}

/// The attention of each team over the grid and slices of an empty attention, from the segments
/// inside `span` that `counts` lets in.
pub fn attended(
    recall: &Recall<'_>,
    name: &'static str,
    data: &Dataset,
    empty: &Attention,
    span: Period,
    counts: fn(&FlowSegment) -> bool,
) -> Vec<Arc<Attention>> {
    let scan =
        |seen: &Seen<'_>, say: &mut dyn FnMut(usize, Stretch)| stretches(seen, span, counts, say);
    let make = |team: usize, stretches: Vec<Stretch>| {
        empty.of_team(data, TeamIx(u32::try_from(team).unwrap_or(u32::MAX)), &stretches)
    };
    let teams = (Owners::Teams, data.teams.len());
    recall.by_owner(name, empty.grid.clone(), teams, scan, make)
}

/// The attention of all teams together, likewise, and a number that moves on with it.
pub fn attention(
    recall: &Recall<'_>,
    name: &'static str,
    data: &Dataset,
    empty: &Attention,
    span: Period,
    counts: fn(&FlowSegment) -> bool,
) -> (Arc<Attention>, u64) {
    let teams = attended(recall, name, data, empty, span, counts);
    let same = |kept: &Attention| kept.grid == empty.grid;
    let (add, take) = (Attention::add, Attention::take);
    recall.total(
        name,
        teams,
        || empty.clone(),
        same,
        (add, take),
        |all, teams| {
            all.cells.clear();
            all.cells.extend(teams.iter().flat_map(|team| team.cells.iter().cloned()));
        },
    )
}

/// Sorted, and united where they touch.
#[must_use]
pub fn united(mut list: Vec<Period>) -> Vec<Period> {
    list.sort();
    list.dedup_by(|later, kept| {
        let touches = later.from <= kept.to;
        if touches {
            kept.to = kept.to.max(later.to);
        }
        touches
    });
    list
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signals::attention::Grid;
    use crate::signals::fixture::{f0, view};

    /// Active work alone gives what the pass over all items gave.
    #[test]
    fn active_work_is_the_attention_of_the_view() {
        let data = f0();
        let view = view(&data, "03-30");
        let window = view.window();
        let teams = vec![true; data.teams.len()];
        let gather = |counts: fn(&FlowSegment) -> bool| {
            let scan = |seen: &Seen<'_>, say: &mut dyn FnMut(usize, Stretch)| {
                stretches(seen, window, counts, say);
            };
            view.recall.gather(Owners::Teams, &teams, scan)
        };
        let active = gather(|segment| segment.flow() == Category::Active);
        let count = |list: &[Vec<Stretch>]| list.iter().flatten().count();
        let some = count(&active);
        let grid = Grid::new(vec![window.from, window.to]);
        let again = Attention::new(&data, grid, active, Vec::new());
        assert!(again.team_days(window) > 20.0);
        assert_eq!(again.team_days(window), view.attention.team_days(window));
        assert!(count(&gather(|segment| segment.category.is_started())) > some);
    }
}
