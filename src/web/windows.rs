//! Counts what each peer does, minute by minute.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::peers::Peer;
use crate::model::Timestamp;

/// The length of a window, in milliseconds. It begins with the first thing counted.
const WINDOW_MS: i64 = 60_000;
/// Peers that are remembered; beyond that the oldest are forgotten.
const PEERS_MAX: usize = 4_096;

/// How often each peer may do something within a minute.
pub(super) struct Windows {
    most: u32,
    begun: Mutex<BTreeMap<Peer, (Timestamp, u32)>>,
}

/// Enough for now; whole seconds until the next try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Enough {
    pub seconds: i64,
}

impl Windows {
    pub fn new(most: u32) -> Self {
        Self { most, begun: Mutex::default() }
    }

    /// Does it, and counts it when it fails. A peer that has failed too often does nothing.
    pub fn try_once<T>(
        &self,
        peer: Peer,
        now: Timestamp,
        attempt: impl FnOnce() -> Option<T>,
    ) -> Result<Option<T>, Enough> {
        let mut begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        let window =
            begun.get(&peer).copied().filter(|(at, _)| now.millis() - at.millis() < WINDOW_MS);
        let (at, count) = window.unwrap_or((now, 0));
        if count >= self.most {
            let left = at.millis() + WINDOW_MS - now.millis();
            return Err(Enough { seconds: left.div_euclid(1_000) + 1 });
        }
        let done = attempt();
        if done.is_none() {
            if begun.len() >= PEERS_MAX && !begun.contains_key(&peer) {
                forget(&mut begun, now);
            }
            begun.insert(peer, (at, count + 1));
        }
        Ok(done)
    }

    /// Counts it.
    pub fn count(&self, peer: Peer, now: Timestamp) -> Result<(), Enough> {
        self.try_once(peer, now, || None::<()>).map(drop)
    }
}

/// Makes room: those whose window has ended, or else the oldest one.
fn forget(begun: &mut BTreeMap<Peer, (Timestamp, u32)>, now: Timestamp) {
    begun.retain(|_, (at, _)| now.millis() - at.millis() < WINDOW_MS);
    if begun.len() >= PEERS_MAX {
        let oldest = begun.iter().min_by_key(|(_, (at, _))| *at).map(|(peer, _)| *peer);
        oldest.map(|peer| begun.remove(&peer));
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;

    fn peer(number: u32) -> Peer {
        Peer::from(IpAddr::V4(Ipv4Addr::from_bits(number)))
    }

    #[test]
    fn only_failures_count_and_only_for_a_minute() {
        let (windows, at) = (Windows::new(2), Timestamp::from_millis);
        for _ in 0..10 {
            assert_eq!(windows.try_once(peer(1), at(0), || Some(7)), Ok(Some(7)));
        }
        assert_eq!(windows.try_once(peer(1), at(1_000), || None::<u8>), Ok(None));
        assert_eq!(windows.try_once(peer(1), at(2_000), || None::<u8>), Ok(None));
        let refused = windows.try_once(peer(1), at(3_500), || Some(7));
        assert_eq!(refused, Err(Enough { seconds: 58 }), "not even what would be right");
        assert_eq!(windows.try_once(peer(2), at(3_500), || Some(7)), Ok(Some(7)));
        assert_eq!(windows.try_once(peer(1), at(61_000), || Some(7)), Ok(Some(7)));
    }

    #[test]
    fn a_flood_of_peers_takes_no_more_room() {
        let windows = Windows::new(1);
        for number in 0..6_000 {
            let now = Timestamp::from_millis(i64::from(number) / 100);
            windows.count(peer(number), now).unwrap();
        }
        assert_eq!(windows.begun.lock().unwrap().len(), PEERS_MAX);
    }
}
