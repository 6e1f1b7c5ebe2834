//! The stay of an item in a stream's hands, from start to end, as survival curves read it.
//!
//! An item counts for the stream that delivered or dropped it, else for the one it is in. Weeks
//! without connector coverage are cut out of every stay: an item then leaves observation at the gap
//! and enters again, older, after it.

use std::ops::Range;

use super::Dataset;
use super::calendar::Weeks;
use super::stats::log_rank::{Row, table};
use super::stats::memory::Memory;
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

/// How many times more the deliveries of `newest` vary than independent ones would, given the ages of
/// what was in progress week by week; at least 1.
///
/// A log-rank test takes each delivery for independent. Holidays, sprints and a pace that changes
/// from month to month hold up or hasten many at once. Here each week's deliveries are compared with
/// those that the ages at risk would give at the hazards of their own stretch, so that a difference
/// between the two stretches is not taken for variation. The squared residuals over their
/// expectation, with their dependence from week to week, are the dispersion (McCullagh and Nelder,
/// Generalized Linear Models, 4.5).
#[must_use]
pub fn dispersion(stays: &Stays, weeks: &Weeks, before: Range<usize>, newest: Range<usize>) -> f64 {
    let mut residuals: Vec<Option<f64>> = Vec::new();
    for range in [before, newest.clone()] {
        let rows = table(&stays.ages(&observed(weeks, range.clone())), &Ages::default());
        let expected = |ages: &Ages| -> f64 {
            let mut walk = ages.walk();
            let hazard = |row: &Row| row.events[0] as f64 / row.at_risk[0] as f64;
            rows.iter().map(|row| walk.at(row.age).0 as f64 * hazard(row)).sum()
        };
        residuals.extend(range.map(|week| {
            let ages = stays.ages(&observed(weeks, week..week + 1));
            let expected = expected(&ages);
            let seen = ages.events.len() as f64;
            (expected > 0.0).then(|| (seen - expected) / expected.sqrt())
        }));
    }
    Memory::of(&residuals).map_or(1.0, |memory| memory.dispersion(newest.len()).max(1.0))
}

/// The observed stretches of some weeks.
#[must_use]
pub fn observed(weeks: &Weeks, range: Range<usize>) -> Vec<Period> {
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
    use crate::signals::stats::log_rank::log_rank;

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

    /// Six cards a week; in two of the newest twelve nobody works. The log-rank test alone takes each
    /// held-up card for a sign of its own.
    #[test]
    fn weeks_that_stand_still_widen_the_test() {
        let end = at("06-01");
        let start = |week: i64| end.plus_days(-7 * (38 - week));
        let stays = |holiday: bool| {
            let mut list = Vec::new();
            for week in 0..38 {
                for n in 0..6 {
                    let from = start(week).plus_days(n);
                    let mut to = from.plus_days(n + 1 + (week * n) % 3);
                    let (off, back) = (start(31), start(33));
                    if holiday && from < back && to >= off {
                        to = to.plus_days(14);
                    }
                    list.push(Stay { from, to: to.min(end), event: to < end });
                }
            }
            Stays::new(list)
        };
        let weeks = Weeks::new(end, chrono_tz::Tz::UTC, 38, &[]);
        let test = |stays: &Stays| {
            let of = |range| stays.ages(&observed(&weeks, range));
            let test = log_rank(&of(26..38), &of(0..26)).unwrap();
            (test, test.dispersed(dispersion(stays, &weeks, 0..26, 26..38)))
        };
        let (alone, dispersed) = test(&stays(true));
        println!("{alone:?} {dispersed:?}");
        assert!(alone.p < 0.0001 && alone.observed < alone.expected);
        assert!(dispersed.p > 20.0 * alone.p && dispersed.observed == alone.observed);
        let (alone, dispersed) = test(&stays(false));
        assert_eq!(alone, dispersed);
    }
}
