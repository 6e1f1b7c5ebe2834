//! When to look at hints: at once while they come one by one, and by the handful in a flood, so
//! that a bulk edit costs about as many requests as a pull of the same items.

use std::time::Duration;

use crate::model::Timestamp;

/// The shortest pause between two looks at one connection, whatever asks for them; hints that come
/// meanwhile are read together.
const BREATH: Duration = Duration::from_millis(20);
/// Looks that may follow each other without gathering.
const AT_ONCE: u32 = 10;
/// After that, one look in this time, in milliseconds: the longest that a hint is gathered.
const EVERY_MS: i64 = 5_000;

/// The looks that one connection may still take at once; they come back one by one.
#[derive(Debug)]
pub struct Gather {
    left: u32,
    /// Up to here lost looks were given back.
    since: Timestamp,
    /// Some time has passed since the last look.
    breathed: bool,
}

impl Gather {
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        Self { left: AT_ONCE, since: now, breathed: false }
    }

    /// How long to wait before asking again; `None` when the next look may be taken.
    pub fn pause(&mut self, now: Timestamp) -> Option<Duration> {
        let passed = now.millis().saturating_sub(self.since.millis());
        let back = u32::try_from(passed / EVERY_MS).unwrap_or(0);
        self.left = self.left.saturating_add(back).min(AT_ONCE);
        if self.left == AT_ONCE || passed < 0 {
            self.since = now;
        } else {
            self.since = self.since.plus_millis(i64::from(back) * EVERY_MS);
        }
        if std::mem::take(&mut self.breathed) && self.left > 0 {
            return None;
        }
        self.breathed = true;
        if self.left > 0 {
            return Some(BREATH);
        }
        let wait = EVERY_MS - now.millis().saturating_sub(self.since.millis());
        Some(Duration::from_millis(u64::try_from(wait).unwrap_or(0)).max(BREATH))
    }

    /// A look asked the tracker for what did not fill a batch.
    pub fn spend(&mut self) {
        self.left = self.left.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    /// Waits as the loop of a connection does, and takes the look; in milliseconds.
    fn look(gather: &mut Gather, now: i64) -> i64 {
        let mut waited = 0;
        while let Some(pause) = gather.pause(at(now + waited)) {
            waited += i64::try_from(pause.as_millis()).unwrap();
        }
        gather.spend();
        waited
    }

    #[test]
    fn lone_hints_are_followed_at_once_and_floods_are_gathered() {
        let mut gather = Gather::new(at(0));
        for _ in 0..AT_ONCE {
            assert_eq!(look(&mut gather, 100), 20);
        }
        // Whoever waited may look, and the next waits again.
        assert_eq!(look(&mut gather, 1_000), 4_100);
        assert_eq!(look(&mut gather, 5_120), 4_980);
        // Quiet gives all of them back.
        for nth in 0..AT_ONCE {
            assert_eq!(look(&mut gather, 65_000), 20, "{nth}");
        }
        assert!(look(&mut gather, 65_000) > 4_000);
    }

    #[test]
    fn in_a_flood_of_an_hour_there_are_a_dozen_looks_a_minute() {
        let (mut gather, mut now, mut looks) = (Gather::new(at(0)), 0, 0_u64);
        while now < 3_600_000 {
            now += look(&mut gather, now);
            looks += 1;
        }
        assert!((720..=720 + u64::from(AT_ONCE)).contains(&looks), "{looks}");
    }

    #[test]
    fn a_clock_that_is_set_back_does_not_hold_hints_up() {
        let mut gather = Gather::new(at(1_000_000));
        (0..AT_ONCE).for_each(|_| gather.spend());
        assert!(gather.pause(at(0)) <= Some(Duration::from_millis(5_000)));
    }
}
