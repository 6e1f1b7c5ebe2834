//! The stale cap: a card left in progress stops drawing attention 28 days after its last sign of
//! life.

use crate::model::{DAY_MS, Period, Timestamp};
use crate::signals::defaults::STALE_DAYS;

/// The parts of an active segment in which it is alive: the union of `[m, m + 28 d)` over the
/// segment's start and each recorded activity inside it, cut to the segment.
///
/// `activity` is sorted. Activity outside the segment does not keep it alive.
pub fn alive(segment: Period, activity: &[Timestamp], mut emit: impl FnMut(Period)) {
    let cap = STALE_DAYS * DAY_MS;
    if segment.millis() <= cap {
        emit(segment);
        return;
    }
    let mut current = Period::new(segment.from, segment.from.plus_millis(cap));
    let first = activity.partition_point(|at| *at < segment.from);
    for at in activity[first..].iter().take_while(|at| **at < segment.to) {
        if *at > current.to {
            emit(current);
            current.from = *at;
        }
        current.to = at.plus_millis(cap);
    }
    current.to = current.to.min(segment.to);
    emit(current);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// P1.stale: an active segment of 42 days.
    #[test]
    fn example() {
        let day = |d: i64| Timestamp::from_millis(d * DAY_MS);
        let parts = |events: &[i64]| {
            let events: Vec<Timestamp> = events.iter().map(|d| day(*d)).collect();
            let mut parts = Vec::new();
            alive(Period::new(day(0), day(42)), &events, |part| {
                parts.push((part.from.millis() / DAY_MS, part.to.millis() / DAY_MS));
            });
            parts
        };
        assert_eq!(parts(&[]), [(0, 28)]);
        assert_eq!(parts(&[10]), [(0, 38)]);
        assert_eq!(parts(&[37]), [(0, 28), (37, 42)]);
        assert_eq!(parts(&[28]), [(0, 42)]);
        assert_eq!(parts(&[-3, 42, 50]), [(0, 28)]);
    }
}
