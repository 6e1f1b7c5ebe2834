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
}

impl Gather {
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        Self { left: AT_ONCE, since: now }
    }

    /// How long to wait before the next look.
    pub fn pause(&mut self, now: Timestamp) -> Duration {
        let passed = now.millis().saturating_sub(self.since.millis());
        let back = u32::try_from(passed / EVERY_MS).unwrap_or(0);
        self.left = self.left.saturating_add(back).min(AT_ONCE);
        if self.left == AT_ONCE || passed < 0 {
            self.since = now;
        } else {
            self.since = self.since.plus_millis(i64::from(back) * EVERY_MS);
        }
        if self.left > 0 {
            return BREATH;
        }
        let wait = EVERY_MS - now.millis().saturating_sub(self.since.millis());
        Duration::from_millis(u64::try_from(wait).unwrap_or(0)).max(BREATH)
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

    #[test]
    fn lone_hints_are_followed_at_once_and_floods_are_gathered() {
        let mut gather = Gather::new(at(0));
        for _ in 0..AT_ONCE {
            assert_eq!(gather.pause(at(100)), BREATH);
            gather.spend();
        }
        assert_eq!(gather.pause(at(1_000)), Duration::from_millis(4_100));
        // Whoever waited may look, and the next waits again.
        assert_eq!(gather.pause(at(5_100)), BREATH);
        gather.spend();
        assert_eq!(gather.pause(at(5_120)), Duration::from_millis(4_980));
        // Quiet gives all of them back.
        for nth in 0..AT_ONCE {
            assert_eq!(gather.pause(at(60_000)), BREATH, "{nth}");
            gather.spend();
        }
        assert!(gather.pause(at(60_000)) > BREATH);
    }

    #[test]
    fn in_a_flood_of_an_hour_there_are_a_dozen_looks_a_minute() {
        let (mut gather, mut now, mut looks) = (Gather::new(at(0)), 0, 0_u64);
        while now < 3_600_000 {
            now += i64::try_from(gather.pause(at(now)).as_millis()).unwrap();
            looks += 1;
            gather.spend();
        }
        assert_eq!(looks, 720 + u64::from(AT_ONCE));
    }

    #[test]
    fn a_clock_that_is_set_back_does_not_hold_hints_up() {
        let mut gather = Gather::new(at(1_000_000));
        (0..AT_ONCE).for_each(|_| gather.spend());
        assert!(gather.pause(at(0)) <= Duration::from_millis(5_000));
    }
}
