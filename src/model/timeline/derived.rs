//! What a timeline says: start, end, delivery, age, parked time, reopenings, spells in progress.

use super::{Category, Segment};
use crate::model::{Period, Timestamp};

/// An item that is done this soon after its creation was imported or filed after the fact.
const BORN_DONE_MS: i64 = 60_000;

/// The values derived from one timeline at one instant. Durations are elapsed milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Derived {
    /// Start of the first started segment. Going back to `proposed` does not reset it.
    pub started_at: Option<Timestamp>,
    /// Start of the final stretch, if it is `done` or `dropped`.
    pub ended_at: Option<Timestamp>,
    /// `ended_at` of an item that is done and not born done.
    pub delivered_at: Option<Timestamp>,
    /// Place of the segment that begins at `ended_at`: the team and stream at delivery get credit.
    pub credited: Option<usize>,
    /// The final stretch is `dropped`.
    pub dropped: bool,
    /// From start to delivery, with waiting, parked and reopened time; `None` without either end.
    pub flow_time: Option<i64>,
    /// Time in `proposed` after the start, up to `as_of`.
    pub parked: i64,
    /// Since the start, while the item is in progress.
    pub age: Option<i64>,
    /// Times the item left `done`.
    pub reopens: u32,
    /// First seen done, or done within 60 s of creation. Such items are excluded everywhere.
    pub born_done: bool,
}

/// Derives the values of `segments` as of an instant; what begins at or after it is ignored.
///
/// The end is the start of the final *stretch* of one category, not of the final segment: a done
/// item that only changes its team or its done status was delivered when it entered `done`.
#[must_use]
pub fn derive<S, T, V, E>(
    created_at: Timestamp,
    segments: &[Segment<S, T, V, E>],
    as_of: Timestamp,
) -> Derived {
    let seen = segments.partition_point(|segment| segment.from < as_of);
    let segments = &segments[..seen];
    let mut derived = Derived::default();
    let mut previous: Option<Category> = None;
    let mut stretch = 0;
    for (ix, segment) in segments.iter().enumerate() {
        if previous != Some(segment.category) {
            stretch = ix;
            if previous == Some(Category::Done) {
                derived.reopens += 1;
            }
        }
        if segment.category.is_started() && derived.started_at.is_none() {
            derived.started_at = Some(segment.from);
        }
        if segment.category == Category::Proposed && derived.started_at.is_some() {
            derived.parked += segment.to.min(as_of).millis() - segment.from.millis();
        }
        if segment.category == Category::Done
            && (ix == 0 || segment.from.millis() - created_at.millis() <= BORN_DONE_MS)
        {
            derived.born_done = true;
        }
        previous = Some(segment.category);
    }
    let Some(last) = previous else { return derived };
    if last.is_ended() {
        let ended_at = segments[stretch].from;
        derived.ended_at = Some(ended_at);
        derived.credited = Some(stretch);
        derived.dropped = last == Category::Dropped;
        if last == Category::Done && !derived.born_done {
            derived.delivered_at = Some(ended_at);
            derived.flow_time = derived.started_at.map(|from| ended_at.millis() - from.millis());
        }
    } else if last.is_started() {
        derived.age = derived.started_at.map(|from| as_of.millis() - from.millis());
    }
    derived
}

/// The maximal runs of started segments, cut at `as_of`. A run still open there ends in
/// [`Timestamp::MAX`].
pub fn wip_spells<S, T, V, E>(
    segments: &[Segment<S, T, V, E>],
    as_of: Timestamp,
) -> impl Iterator<Item = Period> {
    let seen = segments.partition_point(|segment| segment.from < as_of);
    let mut rest = segments[..seen].iter().peekable();
    std::iter::from_fn(move || {
        let first = rest.find(|segment| segment.category.is_started())?;
        while rest.next_if(|segment| segment.category.is_started()).is_some() {}
        Some(Period::new(first.from, rest.peek().map_or(Timestamp::MAX, |next| next.from)))
    })
}
