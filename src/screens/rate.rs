//! How many reports are taken: of each address, and in all.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// Reports of one address: many TVs may be behind one (NAT).
const PER_ADDRESS: Rate = Rate { per_second: 256, burst: 512 };
/// Reports of all addresses: 512 screens take 51 a second, and as many at once when all are called.
const IN_ALL: Rate = Rate { per_second: 512, burst: 2048 };
/// Addresses of which it is known how many they have sent; the others share one bucket.
const MAX_ADDRESSES: usize = 1024;

/// Tokens a second, and the most that are held.
#[derive(Debug, Clone, Copy)]
struct Rate {
    per_second: u32,
    burst: u32,
}

/// A token bucket: it fills by its rate, and each report takes one.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    tokens: f64,
    since: Instant,
}

/// The buckets.
#[derive(Debug)]
pub(super) struct RateLimiter {
    in_all: Bucket,
    others: Bucket,
    by_address: HashMap<IpAddr, Bucket>,
}

impl Bucket {
    fn full(rate: Rate, now: Instant) -> Self {
        Self { tokens: f64::from(rate.burst), since: now }
    }

    fn fill(&mut self, rate: Rate, now: Instant) {
        let filled = now.saturating_duration_since(self.since).as_secs_f64() * f64::from(rate.per_second);
        self.tokens = (self.tokens + filled).min(f64::from(rate.burst));
        self.since = now;
    }

    fn is_full(mut self, rate: Rate, now: Instant) -> bool {
        self.fill(rate, now);
        self.tokens >= f64::from(rate.burst)
    }

    fn take(&mut self, rate: Rate, now: Instant) -> bool {
        self.fill(rate, now);
        let has_one = self.tokens >= 1.0;
        if has_one {
            self.tokens -= 1.0;
        }
        has_one
    }
}

impl RateLimiter {
    pub(super) fn new(now: Instant) -> Self {
        Self { in_all: Bucket::full(IN_ALL, now), others: Bucket::full(PER_ADDRESS, now), by_address: HashMap::new() }
    }

    /// Takes a report of an address; otherwise says when to send another.
    pub(super) fn take(&mut self, address: IpAddr, now: Instant) -> Result<(), Duration> {
        let address = network(address);
        if self.by_address.len() >= MAX_ADDRESSES && !self.by_address.contains_key(&address) {
            // A full bucket is what a new one would be.
            self.by_address.retain(|_, bucket| !bucket.is_full(PER_ADDRESS, now));
        }
        let bucket = if self.by_address.len() >= MAX_ADDRESSES && !self.by_address.contains_key(&address) {
            &mut self.others
        } else {
            self.by_address.entry(address).or_insert_with(|| Bucket::full(PER_ADDRESS, now))
        };
        // The address first, so that one that sends too much takes nothing from the others.
        if bucket.take(PER_ADDRESS, now) && self.in_all.take(IN_ALL, now) {
            Ok(())
        } else {
            Err(Duration::from_secs(super::answer::EVERY_S))
        }
    }
}

/// Whoever has an IPv6 address has its network of 64 bits.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => IpAddr::V6((u128::from(address) >> 64 << 64).into()),
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use super::*;

    fn address(number: u32) -> IpAddr {
        Ipv4Addr::from(number).into()
    }

    #[test]
    fn an_address_has_its_burst_and_then_its_rate() {
        let now = Instant::now();
        let mut limiter = RateLimiter::new(now);
        let mut taken = |at: Instant, from| (0..2000).filter(|_| limiter.take(address(from), at).is_ok()).count();
        assert_eq!(taken(now, 1), 512);
        assert_eq!(taken(now + Duration::from_secs(1), 1), 256);
        assert_eq!(taken(now + Duration::from_secs(1), 2), 512, "others have theirs");
    }

    #[test]
    fn all_addresses_together_have_theirs() {
        let now = Instant::now();
        let mut limiter = RateLimiter::new(now);
        let mut taken =
            |at: Instant| (0..4000).filter(|number| limiter.take(address(*number % 1000), at).is_ok()).count();
        assert_eq!(taken(now), 2048);
        assert_eq!(taken(now + Duration::from_secs(1)), 512);
    }

    #[test]
    fn an_address_that_sends_too_much_takes_nothing_from_all() {
        let now = Instant::now();
        let mut limiter = RateLimiter::new(now);
        for _ in 0..100_000 {
            let _ = limiter.take(address(1), now);
        }
        assert!((0..1000).all(|number| limiter.take(address(100 + number), now).is_ok()));
    }

    #[test]
    fn addresses_that_are_remembered_are_bounded_and_forgotten_when_they_are_quiet() {
        let now = Instant::now();
        let mut limiter = RateLimiter::new(now);
        for number in 0..2000 {
            assert!(limiter.take(address(number), now).is_ok() || number >= 1024 + 512);
        }
        assert_eq!(limiter.by_address.len(), MAX_ADDRESSES);
        let later = now + Duration::from_secs(10);
        assert!(limiter.take(address(3000), later).is_ok());
        assert_eq!(limiter.by_address.len(), 1);
    }

    #[test]
    fn a_network_of_ipv6_is_one_address() {
        let now = Instant::now();
        let mut limiter = RateLimiter::new(now);
        let taken = (0..2000_u128).filter(|number| {
            let address = Ipv6Addr::from((0xfd00 << 112) | number);
            limiter.take(address.into(), now).is_ok()
        });
        assert_eq!(taken.count(), 512);
    }
}
