//! Room for connections: in total and for each peer address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use crate::metrics::Reason;

/// Hands out room for connections.
#[derive(Debug)]
pub(super) struct House {
    most: usize,
    most_per_peer: usize,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    total: usize,
    /// Only peers with a connection are in here, so `most` bounds it.
    by_peer: HashMap<IpAddr, usize>,
}

/// Room for one connection, given back when dropped.
#[derive(Debug)]
pub(super) struct Room {
    house: Arc<House>,
    peer: IpAddr,
}

impl House {
    pub(super) fn new(most: usize, most_per_peer: usize) -> Arc<Self> {
        Arc::new(Self { most, most_per_peer, taken: Mutex::default() })
    }

    /// Room for a connection of `peer`, or why there is none.
    pub(super) fn enter(self: &Arc<Self>, peer: IpAddr) -> Result<Room, Reason> {
        // An IPv4 peer counts the same on a dual-stack socket. IPv6 addresses are not grouped by
        // network: on a LAN, all TVs share one.
        let peer = peer.to_canonical();
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.total >= self.most {
            return Err(Reason::Full);
        }
        let of_peer = taken.by_peer.entry(peer).or_default();
        if *of_peer >= self.most_per_peer {
            return Err(Reason::PeerFull);
        }
        *of_peer += 1;
        taken.total += 1;
        Ok(Room { house: Arc::clone(self), peer })
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        let mut taken = self.house.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.total -= 1;
        if let Some(of_peer) = taken.by_peer.get_mut(&self.peer) {
            *of_peer -= 1;
            if *of_peer == 0 {
                taken.by_peer.remove(&self.peer);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn a_full_house_and_a_peer_with_its_share() {
        let house = House::new(3, 2);
        let first = house.enter(ip("10.0.0.1")).expect("room");
        let _second = house.enter(ip("::ffff:10.0.0.1")).expect("room");
        assert_eq!(house.enter(ip("10.0.0.1")).err(), Some(Reason::PeerFull));
        let _third = house.enter(ip("10.0.0.2")).expect("room");
        assert_eq!(house.enter(ip("10.0.0.3")).err(), Some(Reason::Full));
        drop(first);
        let _fourth = house.enter(ip("10.0.0.1")).expect("room again");
        assert_eq!(house.taken.lock().expect("unpoisoned").by_peer.len(), 2);
    }
}
