//! The stay of an item in a stream's hands, from start to end, as survival curves read it.
//!
//! An item counts for the stream that delivered or dropped it, else for the one it is in. Weeks
//! without connector coverage are cut out of every stay: an item then leaves observation at the gap
//! and enters again, older, after it.

use super::Dataset;
use super::calendar::Weeks;
use super::stats::survival::Ages;
use crate::model::{Category, DAY_MS, Derived, FlowSegment, Period, StreamIx, Timestamp};

/// The stay of one item, from its start to its end or to the end of its observation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stay {
    pub from: Timestamp,
    pub to: Timestamp,
    /// What the reader of the curve waits for happened at `to`; otherwise observation ended there.
    pub event: bool,
}

/// The stay of an item as of an instant, and the stream it counts for; `None` when it did not
/// start, nobody saw when, or it belongs to a one-off epic. Its event is the delivery.
#[must_use]
pub fn stay(
    data: &Dataset,
    segments: &[FlowSegment],
    derived: &Derived,
    as_of: Timestamp,
) -> Option<(Option<StreamIx>, Stay)> {
    let from = derived.started_at.filter(|_| !derived.born_done)?;
    let seen = segments.partition_point(|segment| segment.from < as_of);
    let last = segments[..seen].last().filter(|last| !data.one_off(last.epic))?;
    if let (Some(to), Some(credited)) = (derived.ended_at, derived.credited) {
        let event = derived.delivered_at.is_some();
        return Some((segments[credited].stream, Stay { from, to, event }));
    }
    let mut to = as_of;
    if last.category == Category::Proposed {
        let parked = segments[..seen].iter().rev();
        let parked = parked.take_while(|segment| segment.category == Category::Proposed).last();
        to = parked.map_or(to, |segment| segment.from);
    }
    Some((last.stream, Stay { from, to, event: false }))
}

/// The stays of one stream in the two orders that make sorting unnecessary.
#[derive(Debug, Clone, Default)]
pub struct Stays {
    /// By start, the newest first: the youngest ages at any instant come first.
    pub(super) by_start: Vec<Stay>,
    /// Ended ones by duration, the shortest first.
    by_duration: Vec<Stay>,
}

impl Stays {
    #[must_use]
    pub fn new(mut stays: Vec<Stay>) -> Self {
        stays.sort_unstable_by_key(|stay| std::cmp::Reverse((stay.from, stay.to)));
        let mut by_duration = stays.clone();
        by_duration.sort_unstable_by_key(|stay| (stay.to.millis() - stay.from.millis(), stay.from));
        Self { by_start: stays, by_duration }
    }

    /// The period form: what is seen of the stays in some periods, each on the item's own clock.
    ///
    /// In each period, an item enters at its age when the period begins, leaves at its end or at
    /// its age when the period ends, and has its event only inside the period.
    #[must_use]
    pub fn ages(&self, periods: &[Period]) -> Ages {
        let days =
            |from: Timestamp, to: Timestamp| (to.millis() - from.millis()) as f64 / DAY_MS as f64;
        let (mut entries, mut exits, mut events) = (Vec::new(), Vec::new(), Vec::new());
        for period in periods {
            let seen = |stay: &&Stay| {
                stay.from < period.to && stay.to > period.from && stay.to > stay.from
            };
            for stay in self.by_start.iter().filter(seen) {
                entries.push(days(stay.from, period.from.max(stay.from)));
                if stay.to >= period.to {
                    exits.push(days(stay.from, period.to));
                }
            }
            let ended = |stay: &&Stay| seen(stay) && stay.to < period.to;
            for stay in self.by_duration.iter().filter(ended) {
                let age = days(stay.from, stay.to);
                exits.push(age);
                if stay.event {
                    events.push(age);
                }
            }
        }
        Ages::merged(entries, exits, events)
    }
}

/// The observed stretches of some weeks.
#[must_use]
pub fn observed(weeks: &Weeks, range: std::ops::Range<usize>) -> Vec<Period> {
    let mut stretches: Vec<Period> = Vec::new();
    for week in range.filter(|week| weeks.covered[*week]) {
        let week = weeks.span(week..week + 1);
        match stretches.last_mut() {
            Some(open) if open.to == week.from => open.to = week.to,
            _ => stretches.push(week),
        }
    }
    stretches
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signals::fixture::at;

    /// A week without coverage is cut out: the item leaves at its third day, enters again at its
    /// tenth, and a delivery inside the gap is no event.
    #[test]
    fn unobserved_weeks_are_cut_out() {
        let stay = |to: &str| Stay { from: at("03-06"), to: at(to), event: true };
        let periods =
            [Period::new(at("03-02"), at("03-09")), Period::new(at("03-16"), at("03-30"))];
        let ages = |stay| Stays::new(vec![stay]).ages(&periods);
        let seen = ages(stay("03-20"));
        assert_eq!((seen.entries, seen.exits), (vec![0.0, 10.0], vec![3.0, 14.0]));
        assert_eq!(seen.events, [14.0]);
        let lost = ages(stay("03-12"));
        assert_eq!((lost.exits, lost.events), (vec![3.0], Vec::new()));
    }
}
