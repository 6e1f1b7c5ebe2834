//! What becomes of items that left: their past stays, and at the instant at which they were found
//! gone they are work no more. Nothing is delivered by leaving.

use std::collections::BTreeSet;

use crate::model::{Category, Departure, FlowSegment, Precision, States, Timestamp};
use crate::portfolio::ExplainedSegment;
use crate::store::StoredItem;

/// The state of an item that left before its work ended.
const LEFT: &str = "left the tracker";

/// The key under which an item that left lives on.
pub fn goes_to(item: &StoredItem) -> Option<&str> {
    item.removed.as_ref().and_then(|removed| removed.departure.to())
}

/// Whether the item lives on as another stored one, which has its whole history.
pub fn goes_on(item: &StoredItem, living: &BTreeSet<String>) -> bool {
    goes_to(item).is_some_and(|key| living.contains(key))
}

/// Whether a container still groups the past of its children: it is there, or was put away.
pub fn still_groups(item: &StoredItem) -> bool {
    item.removed.as_ref().is_none_or(|removed| {
        !matches!(
            removed.departure,
            Departure::Deleted | Departure::Gone | Departure::Transferred(_)
        )
    })
}

/// Ends the timeline of an item at the instant at which it was found gone. What had ended before
/// stays as it ended.
pub fn cut(segments: &mut Vec<FlowSegment>, at: Timestamp, states: &mut States) {
    if segments.first().is_none_or(|first| first.from >= at) {
        return;
    }
    segments.retain(|segment| segment.from < at);
    let Some(last) = segments.last_mut() else { return };
    if last.category.is_ended() {
        last.to = Timestamp::MAX;
        return;
    }
    last.to = at;
    let left = FlowSegment {
        from: at,
        to: Timestamp::MAX,
        category: Category::Dropped,
        state: states.intern(LEFT),
        blocked: false,
        precision: Precision::Polled,
        ..last.clone()
    };
    segments.push(left);
}

/// The same for the explained timeline, which tells the leaving beside it.
pub fn close(segments: &mut Vec<ExplainedSegment>, at: Timestamp) {
    if segments.first().is_none_or(|first| first.from >= at) {
        return;
    }
    segments.retain(|segment| segment.from < at);
    if let Some(last) = segments.last_mut().filter(|last| !last.category.is_ended()) {
        last.to = Some(at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(from: i64, to: i64, category: Category, states: &mut States) -> FlowSegment {
        FlowSegment {
            from: Timestamp::from_millis(from),
            to: if to == 0 { Timestamp::MAX } else { Timestamp::from_millis(to) },
            category,
            state: states.intern("some state"),
            blocked: true,
            team: None,
            stream: None,
            epic: None,
            precision: Precision::Exact,
        }
    }

    #[test]
    fn work_ends_when_the_item_is_found_gone_and_what_was_done_stays_done() {
        let mut states = States::default();
        let at = Timestamp::from_millis(50);
        let mut open = vec![
            segment(0, 10, Category::Proposed, &mut states),
            segment(10, 0, Category::Active, &mut states),
        ];
        cut(&mut open, at, &mut states);
        let told: Vec<_> =
            open.iter().map(|s| (s.from.millis(), s.to.min(at).millis(), s.category)).collect();
        assert_eq!(
            told,
            [(0, 10, Category::Proposed), (10, 50, Category::Active), (50, 50, Category::Dropped)]
        );
        assert!(!open[2].blocked && open[2].to == Timestamp::MAX);

        let mut done = vec![
            segment(0, 10, Category::Active, &mut states),
            segment(10, 0, Category::Done, &mut states),
        ];
        let before = done.clone();
        cut(&mut done, at, &mut states);
        assert_eq!(done, before, "delivered work stays delivered");

        let mut later = vec![segment(60, 0, Category::Active, &mut states)];
        cut(&mut later, at, &mut states);
        assert_eq!(later.len(), 1, "clocks of two machines may differ");
    }
}
