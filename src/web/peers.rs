//! Where connections come from, and how many each address holds.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

/// The other end of a connection, as far as it can be told from others: an address, and of IPv6
/// the network that one customer gets as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Peer(IpAddr);

impl From<IpAddr> for Peer {
    fn from(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V6(v6) => {
                let [a, b, c, d, ..] = v6.segments();
                IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
            }
            v4 => v4,
        })
    }
}

impl Peer {
    /// Whoever it is: requests that came over no connection.
    pub const UNKNOWN: Self = Self(IpAddr::V6(Ipv6Addr::UNSPECIFIED));
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How many connections each peer holds.
#[derive(Default)]
pub(super) struct Peers(Mutex<BTreeMap<Peer, usize>>);

impl Peers {
    /// A place for one more connection of `peer`, unless it holds `most` already.
    pub fn seat(peers: &Arc<Self>, peer: Peer, most: usize) -> Option<Place> {
        let mut held = peers.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = held.entry(peer).or_default();
        if *count >= most {
            return None;
        }
        *count += 1;
        Some(Place { peers: Arc::clone(peers), peer })
    }
}

/// Given back when dropped.
pub(super) struct Place {
    peers: Arc<Peers>,
    peer: Peer,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut held = self.peers.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = held.get_mut(&self.peer) {
            *count -= 1;
            if *count == 0 {
                held.remove(&self.peer);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(address: &str) -> Peer {
        Peer::from(address.parse::<IpAddr>().unwrap())
    }

    #[test]
    fn a_network_of_one_customer_is_one_peer() {
        assert_eq!(peer("2001:db8:1:2::3"), peer("2001:db8:1:2:ffff::9"));
        assert_ne!(peer("2001:db8:1:2::3"), peer("2001:db8:1:3::3"));
        assert_eq!(peer("::ffff:192.0.2.7"), peer("192.0.2.7"));
        assert_ne!(peer("192.0.2.8"), peer("192.0.2.7"));
    }

    #[test]
    fn a_place_is_given_back() {
        let peers = Arc::new(Peers::default());
        let (a, b) = (peer("192.0.2.7"), peer("192.0.2.8"));
        let first = Peers::seat(&peers, a, 1).unwrap();
        assert!(Peers::seat(&peers, a, 1).is_none());
        assert!(Peers::seat(&peers, b, 1).is_some(), "another one has its own");
        drop(first);
        assert!(Peers::seat(&peers, a, 1).is_some());
        assert!(peers.0.lock().unwrap().is_empty(), "nothing is kept of those who left");
    }
}
