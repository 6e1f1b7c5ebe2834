//! When each team was at work on what, over any span: for signals that look further back than the
//! charted weeks, or that count other states than active ones.

use super::Dataset;
use super::attention::{Stretch, Target, stale};
use super::flow::equal;
use crate::model::{Derived, FlowSegment, Period, Timestamp};

/// By team: stretches inside `span` of the segments that `counts` lets in, the stale cap applied to
/// each run of equal segments as it is to active work. `derived` is parallel to the items.
#[must_use]
pub fn stretches(
    data: &Dataset,
    derived: &[Derived],
    as_of: Timestamp,
    span: Period,
    counts: fn(&FlowSegment) -> bool,
) -> Vec<Vec<Stretch>> {
    let mut stretches = vec![Vec::new(); data.teams.len()];
    for (item, derived) in data.items.iter().zip(derived) {
        if derived.born_done || derived.ended_at.is_some_and(|at| at <= span.from) {
            continue;
        }
        let seen = item.segments.partition_point(|segment| segment.from < as_of);
        for run in item.segments[..seen].chunk_by(equal) {
            let (first, last) = (&run[0], &run[run.len() - 1]);
            let whole = Period::new(first.from, last.to.min(as_of));
            let team = first.team.and_then(|team| stretches.get_mut(team.0 as usize));
            let (Some(out), true) = (team, counts(first)) else { continue };
            if whole.intersect(&span).is_none() {
                continue;
            }
            let target = Target { stream: first.stream, epic: first.epic, kind: item.kind };
            stale::alive(whole, &item.activity, |part| {
                if let Some(part) = part.intersect(&span) {
                    let (from, to) = (part.from.millis(), part.to.millis());
                    out.push(Stretch { from, to, target });
                }
            });
        }
    }
    stretches
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Category;
    use crate::signals::attention::{Attention, Grid};
    use crate::signals::fixture::{f0, view};

    /// Active work alone gives what the pass over all items gave.
    #[test]
    fn active_work_is_the_attention_of_the_view() {
        let data = f0();
        let view = view(&data, "03-30");
        let window = view.window();
        let active = stretches(&data, &view.flow.items, view.as_of, window, |segment| {
            segment.flow() == Category::Active
        });
        let grid = Grid::new(vec![window.from, window.to]);
        let again = Attention::new(&data, grid, active, Vec::new());
        assert!(again.team_days(window) > 20.0);
        assert_eq!(again.team_days(window), view.attention.team_days(window));
        let all = stretches(&data, &view.flow.items, view.as_of, window, |segment| {
            segment.category.is_started()
        });
        let count = |list: &[Vec<Stretch>]| list.iter().flatten().count();
        assert!(
            count(&all)
                > count(&stretches(&data, &view.flow.items, view.as_of, window, |segment| segment
                    .flow()
                    == Category::Active,))
        );
    }
}
