//! How long single items were at work: what draws attention, counted in item-time because items
//! that no team claims have no team's time to share.

use super::super::calendar::Weeks;
use super::super::defaults::WINDOW_WEEKS;
use super::stale;
use crate::model::{Category, FlowSegment, Period, Timestamp};

/// The newest twelve complete weeks.
#[must_use]
pub fn window(as_of: Timestamp, zone: chrono_tz::Tz) -> Period {
    let weeks = Weeks::new(as_of, zone, WINDOW_WEEKS, &[]);
    weeks.span(0..weeks.len())
}

/// Hands out the stretches in which an item was active, not blocked and not stale inside `window`,
/// segment by segment. `segments` are contiguous; `activity` is sorted.
pub fn drawn(
    segments: &[FlowSegment],
    activity: &[Timestamp],
    window: Period,
    mut emit: impl FnMut(&FlowSegment, Period),
) {
    let active = |segment: &FlowSegment| segment.flow() == Category::Active;
    // A boundary inside active work is no sign of life: the cap runs over the whole stretch.
    for run in segments.chunk_by(|a, b| active(a) && active(b)) {
        let (Some(first), Some(last)) = (run.first(), run.last()) else { continue };
        let whole = Period::new(first.from, last.to.min(window.to));
        if !active(first) || whole.from >= whole.to {
            continue;
        }
        stale::alive(whole, activity, |part| {
            for segment in run {
                let own = Period::new(segment.from, segment.to);
                let inside = part.intersect(&own).and_then(|part| part.intersect(&window));
                if let Some(inside) = inside {
                    emit(segment, inside);
                }
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{DAY_MS, Precision, StateIx};

    #[test]
    fn only_active_living_time_inside_the_window_is_drawn() {
        let day = |d: i64| Timestamp::from_millis(d * DAY_MS);
        let segment = |from: i64, to: i64, category, blocked| FlowSegment {
            from: day(from),
            to: day(to),
            category,
            state: StateIx(0),
            blocked,
            team: None,
            stream: None,
            epic: None,
            precision: Precision::Exact,
        };
        let segments = [
            segment(0, 10, Category::Proposed, false),
            segment(10, 20, Category::Active, false),
            segment(20, 60, Category::Active, false),
            segment(60, 70, Category::Active, true),
            segment(70, 90, Category::Waiting, false),
        ];
        let mut parts = Vec::new();
        drawn(&segments, &[day(12)], Period::new(day(15), day(80)), |segment, part| {
            parts.push((segment.from.millis() / DAY_MS, part.millis() / DAY_MS));
        });
        // The last sign of life is on day 12, so the card is stale from day 40 on.
        assert_eq!(parts, [(10, 5), (20, 20)]);
    }
}
