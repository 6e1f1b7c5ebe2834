//! From dated events to contiguous segments.

use super::{Category, Precision, Segment, Timeline};
use crate::model::Timestamp;

/// What holds from an instant on: the whole state and placement of an item after the change.
///
/// Events are complete, so that a change of the team alone repeats the state and the reverse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event<S, T, V, E> {
    pub at: Timestamp,
    pub category: Category,
    pub state: S,
    pub blocked: bool,
    pub team: Option<T>,
    pub stream: Option<V>,
    pub epic: Option<E>,
    /// How well `at` is known.
    pub precision: Precision,
}

/// Folds events, given in source order, into the timeline of an item as it stood at `as_of`.
///
/// - Of several events at one instant the last in source order wins; no zero-length segment stays.
/// - Equal neighbours merge; the merged segment keeps the precision of its beginning.
/// - An event before `created_at` (clocks of two services differ) counts as one at `created_at`.
/// - Events at or after `as_of` are ignored. Pass [`Timestamp::MAX`] to keep all.
///
/// The last segment is open: its `to` is [`Timestamp::MAX`]. The timeline is empty when no event
/// is left, and begins at the first event when none is at `created_at`.
#[must_use]
pub fn fold<S: PartialEq, T: PartialEq, V: PartialEq, E: PartialEq>(
    mut events: Vec<Event<S, T, V, E>>,
    created_at: Timestamp,
    as_of: Timestamp,
) -> Timeline<S, T, V, E> {
    events.retain(|event| event.at < as_of);
    for event in &mut events {
        event.at = event.at.max(created_at);
    }
    // Stable, so that ties stay in source order.
    events.sort_by_key(|event| event.at);
    let mut segments: Vec<Segment<S, T, V, E>> = Vec::with_capacity(events.len());
    let mut events = events.into_iter().peekable();
    while let Some(event) = events.next() {
        if events.peek().is_some_and(|next| next.at == event.at) {
            continue;
        }
        if let Some(last) = segments.last_mut() {
            if same(last, &event) {
                continue;
            }
            last.to = event.at;
        }
        segments.push(open(event));
    }
    Timeline { created_at, segments }
}

fn same<S: PartialEq, T: PartialEq, V: PartialEq, E: PartialEq>(
    segment: &Segment<S, T, V, E>,
    event: &Event<S, T, V, E>,
) -> bool {
    segment.category == event.category
        && segment.blocked == event.blocked
        && segment.state == event.state
        && segment.team == event.team
        && segment.stream == event.stream
        && segment.epic == event.epic
}

fn open<S, T, V, E>(event: Event<S, T, V, E>) -> Segment<S, T, V, E> {
    Segment {
        from: event.at,
        to: Timestamp::MAX,
        category: event.category,
        state: event.state,
        blocked: event.blocked,
        team: event.team,
        stream: event.stream,
        epic: event.epic,
        precision: event.precision,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(at: i64, category: Category, state: u8) -> Event<u8, u8, u8, u8> {
        let at = Timestamp::from_millis(at);
        let precision = Precision::Exact;
        Event {
            at,
            category,
            state,
            blocked: false,
            team: None,
            stream: None,
            epic: None,
            precision,
        }
    }

    fn shape(events: Vec<Event<u8, u8, u8, u8>>) -> Vec<(i64, u8)> {
        let line = fold(events, Timestamp::from_millis(0), Timestamp::from_millis(100));
        let last = line.segments.last().map(|segment| segment.to);
        assert!(last.is_none_or(|to| to == Timestamp::MAX));
        assert!(line.segments.windows(2).all(|two| two[0].to == two[1].from));
        line.segments.iter().map(|s| (s.from.millis(), s.state)).collect()
    }

    #[test]
    fn ties_neighbours_and_the_end_of_knowledge() {
        use Category::{Active, Proposed, Waiting};
        let events = vec![
            event(-5, Proposed, 1),
            event(10, Active, 2),
            event(10, Waiting, 3),
            event(20, Waiting, 3),
            event(30, Active, 2),
            event(100, Waiting, 3),
        ];
        assert_eq!(shape(events), [(0, 1), (10, 3), (30, 2)]);
        assert_eq!(shape(vec![event(100, Active, 1)]), []);
    }

    #[test]
    fn a_tie_that_ends_where_it_began_leaves_no_trace() {
        use Category::{Active, Waiting};
        let events = vec![event(0, Active, 1), event(10, Waiting, 2), event(10, Active, 1)];
        assert_eq!(shape(events), [(0, 1)]);
    }
}
