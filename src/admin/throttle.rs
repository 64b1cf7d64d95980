//! How often a PIN may be tried: less and less often from one address, and not often from all together.
//!
//! Pure: the caller says what time it is. An attempt counts as failed from its beginning, so that many at once are no
//! way around; one that turns out right is taken back.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::time::{Duration, Instant};

/// Failures without consequence: a person may mistype.
const FREE: u32 = 3;
/// The wait after the first failure that has one; it doubles with each.
const FIRST_WAIT: Duration = Duration::from_secs(2);
/// The longest wait: the address is locked out.
const LONGEST_WAIT: Duration = Duration::from_secs(15 * 60);
/// Failures of an address that has not tried for this long are forgotten.
const FORGET: Duration = Duration::from_secs(24 * 60 * 60);
/// Addresses remembered; beyond, the one that has been quiet longest is forgotten.
const MAX: usize = 1024;
/// Attempts of all addresses together that may come at once.
const BURST: u32 = 30;
/// And one more in this time: at 8640 a day, half of all PINs takes 15 years, from however many addresses.
const REFILL: Duration = Duration::from_secs(10);

/// What is remembered of an address.
#[derive(Debug, Clone, Copy)]
struct Entry {
    failures: u32,
    last: Instant,
    /// The next attempt is welcome then.
    free_at: Instant,
}

/// Every address that has failed, and the allowance of all.
#[derive(Debug)]
pub(super) struct Throttle {
    entries: HashMap<IpAddr, Entry>,
    allowance: u32,
    refilled: Instant,
}

/// The next attempt is welcome after this time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RetryAfter(pub(super) Duration);

impl RetryAfter {
    /// Whole seconds, as `Retry-After` wants them; never 0.
    pub(super) fn seconds(self) -> u64 {
        let whole = self.0.as_secs();
        if self.0.subsec_nanos() == 0 { whole.max(1) } else { whole + 1 }
    }
}

impl Throttle {
    pub(super) fn new(now: Instant) -> Self {
        Self { entries: HashMap::new(), allowance: BURST, refilled: now }
    }

    /// Whether an attempt may be made now. If so, it counts as failed until [`Throttle::succeeded`].
    pub(super) fn attempt(&mut self, address: IpAddr, now: Instant) -> Result<(), RetryAfter> {
        let network = network(address);
        if let Some(entry) = self.entries.get(&network) {
            if let Some(wait) = left(entry.free_at, now) {
                return Err(RetryAfter(wait));
            }
            if now.saturating_duration_since(entry.last) >= FORGET {
                self.entries.remove(&network);
            }
        }
        // A person at the box itself is never throttled by the network.
        if !network.is_loopback() {
            self.take(now)?;
        }
        self.make_room(&network);
        let entry = self.entries.entry(network).or_insert(Entry { failures: 0, last: now, free_at: now });
        entry.failures = entry.failures.saturating_add(1);
        entry.last = now;
        entry.free_at = now + wait(entry.failures);
        Ok(())
    }

    /// The attempt was right: the failures of the address are forgotten.
    pub(super) fn succeeded(&mut self, address: IpAddr) {
        let network = network(address);
        self.entries.remove(&network);
        // What was right is no guess.
        if !network.is_loopback() {
            self.allowance = (self.allowance + 1).min(BURST);
        }
    }

    /// How long the address has to wait, if it has to.
    pub(super) fn waiting(&self, address: IpAddr, now: Instant) -> Option<RetryAfter> {
        left(self.entries.get(&network(address))?.free_at, now).map(RetryAfter)
    }

    /// One of the allowance of all.
    fn take(&mut self, now: Instant) -> Result<(), RetryAfter> {
        let passed = now.saturating_duration_since(self.refilled);
        let more = u32::try_from(passed.as_secs() / REFILL.as_secs()).unwrap_or(u32::MAX);
        self.allowance = self.allowance.saturating_add(more).min(BURST);
        self.refilled =
            if self.allowance == BURST { now.max(self.refilled) } else { self.refilled + REFILL.saturating_mul(more) };
        match self.allowance.checked_sub(1) {
            Some(rest) => self.allowance = rest,
            None => return Err(RetryAfter(left(self.refilled + REFILL, now).unwrap_or(REFILL))),
        }
        Ok(())
    }

    fn make_room(&mut self, network: &IpAddr) {
        if self.entries.len() < MAX || self.entries.contains_key(network) {
            return;
        }
        let oldest = self.entries.iter().min_by_key(|(_, entry)| entry.last).map(|(address, _)| *address);
        oldest.and_then(|oldest| self.entries.remove(&oldest));
    }
}

/// The wait after so many failures.
fn wait(failures: u32) -> Duration {
    let Some(doublings) = failures.checked_sub(FREE) else { return Duration::ZERO };
    FIRST_WAIT.saturating_mul(1 << doublings.min(16)).min(LONGEST_WAIT)
}

fn left(until: Instant, now: Instant) -> Option<Duration> {
    until.checked_duration_since(now).filter(|left| !left.is_zero())
}

/// What failures are counted by: the address, or of IPv6 its network of 64 bits, since each machine has as many
/// addresses as it likes.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) if !address.is_loopback() => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use proptest::prelude::*;

    use super::*;

    fn address(last: u8) -> IpAddr {
        Ipv4Addr::new(192, 168, 1, last).into()
    }

    #[test]
    fn the_wait_doubles_from_the_third_failure_to_a_quarter_of_an_hour() {
        let mut now = Instant::now();
        let mut throttle = Throttle::new(now);
        let mut waits = Vec::new();
        for _ in 0..14 {
            // The allowance of all is full again.
            now += Duration::from_secs(3600);
            throttle.attempt(address(1), now).expect("welcome");
            waits.push(throttle.waiting(address(1), now).map_or(0, RetryAfter::seconds));
            if let Some(RetryAfter(wait)) = throttle.waiting(address(1), now) {
                let millisecond = Duration::from_millis(1);
                let early = now + wait.saturating_sub(millisecond);
                assert_eq!(throttle.attempt(address(1), early), Err(RetryAfter(millisecond)));
                assert_eq!(throttle.waiting(address(1), now + wait), None);
            }
        }
        assert_eq!(waits, [0, 0, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]);
    }

    #[test]
    fn what_is_right_resets_the_failures_and_so_does_a_day() {
        let mut now = Instant::now();
        let mut throttle = Throttle::new(now);
        for _ in 0..3 {
            throttle.attempt(address(1), now).expect("welcome");
        }
        assert!(throttle.attempt(address(1), now).is_err());
        assert!(throttle.attempt(address(2), now).is_ok(), "others are not concerned");
        now += Duration::from_secs(2);
        throttle.attempt(address(1), now).expect("welcome");
        throttle.succeeded(address(1));
        for _ in 0..3 {
            throttle.attempt(address(1), now).expect("welcome");
        }
        now += FORGET;
        for _ in 0..3 {
            throttle.attempt(address(1), now).expect("welcome");
        }
    }

    #[test]
    fn all_of_a_network_are_one_and_both_families_of_a_machine_too() {
        let now = Instant::now();
        let mut throttle = Throttle::new(now);
        for host in ["2001:db8::1", "2001:db8::2", "2001:db8::ffff:1"] {
            throttle.attempt(host.parse().expect("an address"), now).expect("welcome");
        }
        assert!(throttle.attempt("2001:db8::9".parse().expect("an address"), now).is_err());
        assert!(throttle.attempt("2001:db8:0:1::9".parse().expect("an address"), now).is_ok());
        assert_eq!(network("::ffff:192.168.1.7".parse().expect("an address")), address(7));
    }

    #[test]
    fn many_addresses_share_an_allowance_that_the_box_itself_does_not_need() {
        let mut now = Instant::now();
        let mut throttle = Throttle::new(now);
        let welcome = |throttle: &mut Throttle, now| {
            (0..=u8::MAX).filter(|last| throttle.attempt(address(*last), now).is_ok()).count()
        };
        assert_eq!(welcome(&mut throttle, now), 30);
        assert_eq!(throttle.attempt(address(200), now), Err(RetryAfter(REFILL)));
        assert!(throttle.attempt(Ipv4Addr::LOCALHOST.into(), now).is_ok());
        assert!(throttle.attempt(Ipv6Addr::LOCALHOST.into(), now).is_ok());
        now += Duration::from_secs(24 * 3600);
        assert_eq!(welcome(&mut throttle, now), 30);
        now += Duration::from_secs(25);
        assert_eq!(welcome(&mut throttle, now), 2);
        now += Duration::from_secs(5);
        assert_eq!(welcome(&mut throttle, now), 1);
    }

    #[test]
    fn the_table_has_an_end() {
        let mut now = Instant::now();
        let mut throttle = Throttle::new(now);
        for number in 0..3 * u32::try_from(MAX).expect("small") {
            now += REFILL;
            throttle.attempt(Ipv4Addr::from_bits(0x0a00_0000 + number).into(), now).expect("welcome");
        }
        assert_eq!(throttle.entries.len(), MAX);
    }

    proptest! {
        /// Whatever the addresses and the times: no more attempts than the allowance, and from one address no more
        /// than its waits allow.
        #[test]
        fn guesses_are_bounded(steps in prop::collection::vec((0_u8..4, 0_u64..120), 1..400)) {
            let start = Instant::now();
            let mut now = start;
            let mut throttle = Throttle::new(now);
            let mut welcome = [0_u32; 4];
            for (from, pause) in steps {
                now += Duration::from_secs(pause);
                if throttle.attempt(address(from), now).is_ok() {
                    welcome[usize::from(from)] += 1;
                } else {
                    prop_assert!(throttle.waiting(address(from), now).is_some() || throttle.allowance == 0);
                }
            }
            let passed = (now - start).as_secs();
            prop_assert!(u64::from(welcome.iter().sum::<u32>()) <= 30 + passed / 10);
            for count in welcome {
                // The waits before the last of its attempts have passed.
                let waits: Duration = (1..count).map(wait).sum();
                prop_assert!(waits.as_secs() <= passed, "{count} attempts in {passed} s");
            }
        }
    }
}
