//! Places for connections: in total and for each peer address.
//!
//! Many TVs may share one address (an access point with NAT, a phone's tethering), so an address that has its share
//! is not refused while some of its connections do nothing: the one whose loss matters least loses its place ([`Class`]),
//! the oldest first; never one with an answer under way. When all places are taken, the same holds for everybody's
//! connections, and of those alike the address with the most loses one. A peer that holds places
//! without sending, or sends too slowly, takes them from itself.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;
use tokio::sync::futures::Notified;
use tokio::time::Instant;

use super::timeouts::FIRST_REQUEST;
use crate::metrics::CloseReason;

/// Connections that have lost their places and are not gone yet: more than are ever there at once, since a worker ends
/// them as soon as it gets to it, and few enough for the memory and the descriptors of a box.
pub(super) const MAX_LEAVING: usize = 32;

/// Admits connections up to the limits.
#[derive(Debug)]
pub(super) struct ConnectionLimiter {
    max: usize,
    max_per_peer: usize,
    began: Instant,
    table: Mutex<ConnectionTable>,
}

#[derive(Debug, Default)]
struct ConnectionTable {
    next: u64,
    total: usize,
    leaving: usize,
    /// Only peers with a connection are in here, so `max` bounds it. They are in the order of their numbers, which
    /// is the order in which they came.
    by_peer: HashMap<IpAddr, BTreeMap<u64, Arc<TrackedConnection>>>,
}

/// A connection as the limits see it: its task reports what it does, and is notified when it is evicted.
#[derive(Debug)]
pub(super) struct TrackedConnection {
    began: Instant,
    /// What it is doing, in the lowest bits, and since which millisecond.
    state: AtomicU64,
    evicted: Notify,
}

const DOING: u64 = 0b111;
const NO_REQUEST_YET: u64 = 0;
const IDLE: u64 = 1;
const ANSWERING: u64 = 2;
const EVICTED_WHEN_FULL: u64 = 3;
const EVICTED_BY_PEER: u64 = 4;

/// Milliseconds, as a state has them.
fn since(began: Instant, now: Instant) -> u64 {
    let since = now.saturating_duration_since(began);
    (since.as_secs() * 1000 + u64::from(since.subsec_millis())) << DOING.count_ones()
}

#[cfg(test)]
impl Default for TrackedConnection {
    fn default() -> Self {
        Self::new(Instant::now())
    }
}

impl TrackedConnection {
    fn new(began: Instant) -> Self {
        let state = AtomicU64::new(since(began, Instant::now()) | NO_REQUEST_YET);
        Self { began, state, evicted: Notify::new() }
    }

    /// An answer is under way.
    pub(super) fn set_answering(&self) {
        self.set(ANSWERING);
    }

    /// It is between requests.
    pub(super) fn set_idle(&self, now: Instant) {
        self.set(since(self.began, now) | IDLE);
    }

    /// An evicted one stays so. `Relaxed`: nothing else is read by what this says.
    fn set(&self, state: u64) {
        let before = self.state.load(Ordering::Relaxed);
        if !matches!(before & DOING, EVICTED_WHEN_FULL | EVICTED_BY_PEER) {
            // It fails only when the connection has just been evicted.
            let _ = self.state.compare_exchange(before, state, Ordering::Relaxed, Ordering::Relaxed);
        }
    }

    /// Why it has lost its place, if it has.
    pub(super) fn eviction(&self) -> Option<CloseReason> {
        match self.state.load(Ordering::Relaxed) & DOING {
            EVICTED_WHEN_FULL => Some(CloseReason::FullEvicted),
            EVICTED_BY_PEER => Some(CloseReason::PeerEvicted),
            _ => None,
        }
    }

    /// Wakes those that have polled it once when the place is lost.
    pub(super) fn evicted(&self) -> Notified<'_> {
        self.evicted.notified()
    }
}

/// A place for one connection, given back when dropped.
#[derive(Debug)]
pub(super) struct Permit {
    limiter: Arc<ConnectionLimiter>,
    peer: IpAddr,
    number: u64,
    connection: Arc<TrackedConnection>,
}

impl Permit {
    pub(super) fn connection(&self) -> &Arc<TrackedConnection> {
        &self.connection
    }
}

impl ConnectionLimiter {
    pub(super) fn new(max: usize, max_per_peer: usize) -> Arc<Self> {
        Arc::new(Self { max, max_per_peer, began: Instant::now(), table: Mutex::default() })
    }

    /// A place for a connection of `peer`, or why there is none.
    pub(super) fn admit(self: &Arc<Self>, peer: IpAddr) -> Result<Permit, CloseReason> {
        // An IPv4 peer counts the same on a dual-stack socket. IPv6 addresses are not grouped by network: on a LAN, all
        // TVs share one.
        let peer = peer.to_canonical();
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        let of_peer = table.by_peer.get(&peer).map_or(0, BTreeMap::len);
        if of_peer >= self.max_per_peer {
            table.evict_of(peer, self.began).ok_or(CloseReason::PeerFull)?;
        } else if table.total >= self.max {
            table.evict_any(self.began).ok_or(CloseReason::Full)?;
        }
        let number = table.next;
        table.next += 1;
        table.total += 1;
        let connection = Arc::new(TrackedConnection::new(self.began));
        table.by_peer.entry(peer).or_default().insert(number, Arc::clone(&connection));
        Ok(Permit { limiter: Arc::clone(self), peer, number, connection })
    }
}

/// What is evicted first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    /// It has sent no whole request in the time that one takes.
    Silent,
    /// It is between requests, or has just connected and its request may be on its way.
    Waiting,
}

/// A state with its class at the moment `now`; `None` for those that keep their places.
fn evictable(connection: &TrackedConnection, now: u64) -> Option<(Class, u64)> {
    let state = connection.state.load(Ordering::Relaxed);
    let grace = (FIRST_REQUEST.as_secs() * 1000) << DOING.count_ones();
    match state & DOING {
        NO_REQUEST_YET if now.saturating_sub(state) >= grace => Some((Class::Silent, state)),
        NO_REQUEST_YET | IDLE => Some((Class::Waiting, state)),
        _ => None,
    }
}

impl ConnectionTable {
    /// Takes the place of the peer's connection whose loss matters least.
    fn evict_of(&mut self, peer: IpAddr, began: Instant) -> Option<()> {
        let now = since(began, Instant::now());
        loop {
            let connections = self.by_peer.get(&peer)?.iter();
            let candidates =
                connections.filter_map(|(number, connection)| Some((evictable(connection, now)?, *number)));
            let ((_, state), number) = candidates.min()?;
            if let Some(evicted) = self.evict(peer, number, state, EVICTED_BY_PEER) {
                return evicted.then_some(());
            }
        }
    }

    /// Takes the place of the connection whose loss matters least of all.
    fn evict_any(&mut self, began: Instant) -> Option<()> {
        let now = since(began, Instant::now());
        loop {
            let candidates = self.by_peer.iter().flat_map(|(peer, connections)| {
                let many = Reverse(connections.len());
                let evictable = connections
                    .iter()
                    .filter_map(move |(number, connection)| Some((*number, evictable(connection, now)?)));
                evictable.map(move |(number, (class, state))| (class, many, state, number, *peer))
            });
            let (_, _, state, number, peer) = candidates.min()?;
            if let Some(evicted) = self.evict(peer, number, state, EVICTED_WHEN_FULL) {
                return evicted.then_some(());
            }
        }
    }

    /// `None` when a request has come to it meanwhile; `false` when too many are leaving already.
    fn evict(&mut self, peer: IpAddr, number: u64, state: u64, evicted: u64) -> Option<bool> {
        if self.leaving >= MAX_LEAVING {
            return Some(false);
        }
        let connection = self.by_peer.get(&peer)?.get(&number)?;
        connection.state.compare_exchange(state, evicted, Ordering::Relaxed, Ordering::Relaxed).ok()?;
        connection.evicted.notify_one();
        self.remove(peer, number);
        self.leaving += 1;
        Some(true)
    }

    /// Whether it was there.
    fn remove(&mut self, peer: IpAddr, number: u64) -> bool {
        let Some(connections) = self.by_peer.get_mut(&peer) else { return false };
        if connections.remove(&number).is_none() {
            return false;
        }
        if connections.is_empty() {
            self.by_peer.remove(&peer);
        }
        self.total -= 1;
        true
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut table = self.limiter.table.lock().unwrap_or_else(PoisonError::into_inner);
        if !table.remove(self.peer, self.number) {
            table.leaving -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    fn admit(limiter: &Arc<ConnectionLimiter>, peer: &str) -> Result<Permit, CloseReason> {
        limiter.admit(ip(peer))
    }

    fn busy(limiter: &Arc<ConnectionLimiter>, peer: &str) -> Permit {
        let permit = admit(limiter, peer).expect("a place");
        permit.connection().set_answering();
        permit
    }

    fn idle(limiter: &Arc<ConnectionLimiter>, peer: &str, second: u64) -> Permit {
        let permit = busy(limiter, peer);
        permit.connection().set_idle(limiter.began + Duration::from_secs(second));
        permit
    }

    fn evictions<const N: usize>(permits: [&Permit; N]) -> [Option<CloseReason>; N] {
        permits.map(|permit| permit.connection().eviction())
    }

    #[test]
    fn answers_under_way_are_never_taken_a_place() {
        let limiter = ConnectionLimiter::new(3, 2);
        let first = busy(&limiter, "10.0.0.1");
        let _second = busy(&limiter, "::ffff:10.0.0.1");
        assert_eq!(admit(&limiter, "10.0.0.1").err(), Some(CloseReason::PeerFull));
        let _third = busy(&limiter, "10.0.0.2");
        assert_eq!(admit(&limiter, "10.0.0.3").err(), Some(CloseReason::Full));
        drop(first);
        let _fourth = admit(&limiter, "10.0.0.1").expect("a place again");
        assert_eq!(limiter.table.lock().expect("unpoisoned").by_peer.len(), 2);
    }

    /// A connection that came so long ago.
    fn silent(limiter: &Arc<ConnectionLimiter>, peer: &str, ago: Duration) -> Permit {
        let permit = admit(limiter, peer).expect("a place");
        permit.connection().set(since(limiter.began, Instant::now() - ago) | NO_REQUEST_YET);
        permit
    }

    /// Of a limiter that is an hour old.
    fn limiter(max: usize, max_per_peer: usize) -> Arc<ConnectionLimiter> {
        let began = Instant::now() - Duration::from_secs(3600);
        Arc::new(ConnectionLimiter { max, max_per_peer, began, table: Mutex::default() })
    }

    #[test]
    fn an_address_takes_from_itself_what_it_misses_least() {
        let limiter = limiter(100, 8);
        let new = admit(&limiter, "10.0.0.1").expect("a place");
        let idle_later = idle(&limiter, "10.0.0.1", 7);
        let idle_first = idle(&limiter, "10.0.0.1", 3);
        let answering = busy(&limiter, "10.0.0.1");
        let silent_later = silent(&limiter, "10.0.0.1", FIRST_REQUEST);
        let silent_first = silent(&limiter, "10.0.0.1", FIRST_REQUEST * 2);
        let newer_idle = busy(&limiter, "10.0.0.1");
        let newer = admit(&limiter, "10.0.0.1").expect("a place");
        let other = silent(&limiter, "10.0.0.2", FIRST_REQUEST * 3);
        let mut newcomers = Vec::new();
        // A connection just answered and one just made rank the same.
        newer_idle.connection().set_idle(Instant::now() + Duration::from_secs(1));
        for victim in [&silent_first, &silent_later, &idle_first, &idle_later, &new, &newer, &newer_idle] {
            assert_eq!(evictions([victim]), [None]);
            newcomers.push(busy(&limiter, "10.0.0.1"));
            assert_eq!(evictions([victim]), [Some(CloseReason::PeerEvicted)]);
        }
        assert_eq!(evictions([&answering, &other]), [None, None]);
        assert_eq!(admit(&limiter, "10.0.0.1").err(), Some(CloseReason::PeerFull));
        let table = limiter.table.lock().expect("unpoisoned");
        assert_eq!((table.total, table.leaving), (9, 7));
    }

    #[test]
    fn a_full_box_takes_from_whoever_has_the_most() {
        let limiter = limiter(4, 4);
        let many = [idle(&limiter, "10.0.0.1", 2), idle(&limiter, "10.0.0.1", 5)];
        let few = idle(&limiter, "10.0.0.2", 1);
        let silent = silent(&limiter, "10.0.0.3", FIRST_REQUEST);
        let _fifth = busy(&limiter, "10.0.0.4");
        assert_eq!(
            evictions([&silent]),
            [Some(CloseReason::FullEvicted)],
            "before those that have asked for something"
        );
        let _sixth = busy(&limiter, "10.0.0.4");
        assert_eq!(evictions([&many[0], &many[1], &few]), [Some(CloseReason::FullEvicted), None, None]);
    }

    #[test]
    fn a_request_that_comes_meanwhile_keeps_its_place_and_an_evicted_one_is_never_given_back() {
        let limiter = limiter(2, 2);
        let first = idle(&limiter, "10.0.0.1", 1);
        let evicted = idle(&limiter, "10.0.0.1", 2);
        first.connection().set_answering();
        let newcomer = busy(&limiter, "10.0.0.1");
        assert_eq!(evictions([&first, &evicted, &newcomer]), [None, Some(CloseReason::PeerEvicted), None]);
        evicted.connection().set_answering();
        evicted.connection().set_idle(Instant::now());
        assert_eq!(evictions([&evicted]), [Some(CloseReason::PeerEvicted)]);
    }

    #[test]
    fn those_that_leave_are_few() {
        let limiter = ConnectionLimiter::new(1, 1);
        let mut leaving: Vec<_> = (0..=MAX_LEAVING).map(|_| admit(&limiter, "10.0.0.1").expect("a place")).collect();
        assert_eq!(admit(&limiter, "10.0.0.1").err(), Some(CloseReason::PeerFull));
        leaving.remove(0);
        assert!(admit(&limiter, "10.0.0.1").is_ok());
        drop(leaving);
        let table = limiter.table.lock().expect("unpoisoned");
        assert_eq!((table.total, table.leaving, table.by_peer.len()), (0, 0, 0));
    }
}
