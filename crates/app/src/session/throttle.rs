//! Attempts to sign in are slowed, never locked. Every attempt counts as failed until it has succeeded, so that many at
//! once gain nothing.
//!
//! Counted are an account from one address, an address, and an account from addresses from which it never signed in. After
//! some free failures each further one doubles the wait, up to a limit. It is short for the last: whoever attacks an
//! account from many addresses can hardly keep its owner out at a new place, and not at all where they signed in before.
//! Wrong codes after a right password are counted apart and for longer: there are only a million of them.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::time::Duration;

use parking_lot::Mutex;
use sha2::{Digest as _, Sha256};

use crate::error::{AppError, Result};

/// The most counters, and the most places that are remembered.
const MAX: usize = 65_536;
/// After this without a failure passwords are forgiven.
const FORGET: Duration = Duration::from_secs(15 * 60);
/// The same for codes.
const FORGET_CODES: Duration = Duration::from_secs(86_400);

/// An address, hashed, so that a long one takes no more room.
type Account = [u8; 16];

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Counter {
    Pair(Account, IpAddr),
    Address(IpAddr),
    Account(Account),
    Codes(Account),
}

/// What is guessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Guess {
    /// A password.
    Password,
    /// A code, by somebody who knows the password.
    Code,
}

impl Counter {
    /// How many failures are free, and the longest wait after more of them.
    fn rule(self) -> (u32, Duration) {
        match self {
            Self::Pair(..) => (5, Duration::from_secs(300)),
            Self::Address(_) => (20, Duration::from_secs(60)),
            Self::Account(_) => (50, Duration::from_secs(10)),
            Self::Codes(_) => (10, Duration::from_secs(900)),
        }
    }

    fn forget(self) -> Duration {
        match self {
            Self::Codes(_) => FORGET_CODES,
            _ => FORGET,
        }
    }

    fn wait(self, failures: u32) -> Duration {
        let (free, longest) = self.rule();
        match failures.checked_sub(free) {
            None | Some(0) => Duration::ZERO,
            Some(more) => Duration::from_secs(1 << (more - 1).min(16)).min(longest),
        }
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Count {
    failures: u32,
    last: Duration,
}

#[derive(Debug, Default)]
struct State {
    counts: HashMap<Counter, Count>,
    places: HashSet<(Account, IpAddr)>,
}

/// How often people failed lately.
#[derive(Debug, Default)]
pub(super) struct Throttle(Mutex<State>);

/// An attempt that was let in; it has failed unless it is said to have succeeded.
#[derive(Debug)]
#[must_use]
pub(super) struct Attempt<'a> {
    throttle: &'a Throttle,
    counters: Vec<Counter>,
    place: Option<(Account, IpAddr)>,
}

/// Whoever has one address of IPv6 has a whole network of them.
pub(crate) fn network(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V6(ip) => IpAddr::V6((u128::from(ip) & !u128::from(u64::MAX)).into()),
        v4 => v4,
    }
}

impl Throttle {
    /// Lets an attempt in, or says how long to wait; `now` never steps back.
    pub(super) fn admit(
        &self,
        guess: Guess,
        account: &str,
        ip: Option<IpAddr>,
        now: Duration,
    ) -> Result<Attempt<'_>> {
        let mut hashed = [0; 16];
        hashed.copy_from_slice(&Sha256::digest(account)[..16]);
        let place = ip.map(|ip| (hashed, network(ip)));
        let mut state = self.0.lock();
        let known = place.is_some_and(|place| state.places.contains(&place));
        let mut counters = Vec::with_capacity(3);
        match guess {
            Guess::Password => {
                if let Some((account, ip)) = place {
                    counters.extend([Counter::Pair(account, ip), Counter::Address(ip)]);
                }
                if !known {
                    counters.push(Counter::Account(hashed));
                }
            }
            Guess::Code if !known => counters.push(Counter::Codes(hashed)),
            // The password that came with it is counted from there.
            Guess::Code => {}
        }
        let wait = |counter: &Counter| {
            let count = state.counts.get(counter).copied().unwrap_or_default();
            let idle = now.saturating_sub(count.last);
            if idle >= counter.forget() {
                return Duration::ZERO;
            }
            counter.wait(count.failures).saturating_sub(idle)
        };
        let longest = counters.iter().map(wait).max().unwrap_or_default();
        if !longest.is_zero() {
            // In whole seconds, so that who waits as long as they were told is let in.
            let retry_after = Duration::from_secs(longest.as_secs() + 1);
            return Err(AppError::Throttled { retry_after });
        }
        if state.counts.len() + counters.len() > MAX {
            state.make_room(now);
        }
        for counter in &counters {
            let count = state.counts.entry(*counter).or_default();
            let forgiven = now.saturating_sub(count.last) >= counter.forget();
            count.failures = if forgiven {
                1
            } else {
                count.failures.saturating_add(1)
            };
            count.last = now;
        }
        Ok(Attempt {
            throttle: self,
            counters,
            place,
        })
    }
}

impl State {
    fn make_room(&mut self, now: Duration) {
        self.counts
            .retain(|counter, count| now.saturating_sub(count.last) < counter.forget());
        // Whoever floods the table leaves single failures behind; those who wait are kept.
        if self.counts.len() + 3 > MAX {
            self.counts
                .retain(|counter, count| !counter.wait(count.failures).is_zero());
        }
        if self.counts.len() + 3 > MAX {
            self.counts.clear();
        }
    }
}

impl Attempt<'_> {
    /// The attempt succeeded: the account's failures from this address are forgotten, and the address is known.
    pub(super) fn succeeded(self) {
        self.undo();
        let Some((account, ip)) = self.place else { return };
        let mut state = self.throttle.0.lock();
        state.counts.remove(&Counter::Pair(account, ip));
        state.counts.remove(&Counter::Codes(account));
        if state.places.len() >= MAX {
            state.places.clear();
        }
        state.places.insert((account, ip));
    }

    /// The attempt was neither right nor wrong.
    pub(super) fn undo(&self) {
        let mut state = self.throttle.0.lock();
        for counter in &self.counters {
            if let Some(count) = state.counts.get_mut(counter) {
                count.failures = count.failures.saturating_sub(1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOME: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

    fn elsewhere(n: u32) -> IpAddr {
        IpAddr::V4((0xc633_6400 + n).into())
    }

    fn wait(throttle: &Throttle, account: &str, ip: IpAddr, now: u64) -> u64 {
        match throttle.admit(Guess::Password, account, Some(ip), Duration::from_secs(now)) {
            Ok(_) => 0,
            Err(AppError::Throttled { retry_after }) => retry_after.as_secs(),
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn failures_from_one_address_wait_longer_and_longer_and_are_forgiven() {
        let throttle = Throttle::default();
        let mut now = 1_000;
        for _ in 0..6 {
            assert_eq!(wait(&throttle, "ann", HOME, now), 0);
        }
        let mut waits = Vec::new();
        for _ in 0..10 {
            let told = wait(&throttle, "ann", HOME, now);
            assert_ne!(told, 0);
            waits.push(told);
            now += told;
            assert_eq!(wait(&throttle, "ann", HOME, now), 0, "who waited is let in");
        }
        assert!(waits.is_sorted() && waits.last() == Some(&301), "{waits:?}");
        assert_eq!(wait(&throttle, "ann", HOME, now + FORGET.as_secs()), 0);
        assert_eq!(wait(&throttle, "ann", HOME, now + FORGET.as_secs()), 0);
    }

    #[test]
    fn many_at_once_gain_nothing() {
        let throttle = Throttle::default();
        let let_in = (0..100).filter(|_| wait(&throttle, "ann", HOME, 5) == 0);
        assert_eq!(let_in.count(), 6);
    }

    #[test]
    fn an_attacker_from_many_addresses_never_keeps_the_owner_out_where_they_were_before() {
        let throttle = Throttle::default();
        let attempt = throttle
            .admit(Guess::Password, "ann", Some(HOME), Duration::from_secs(1))
            .expect("let in");
        attempt.succeeded();
        for n in 0..1_000 {
            let _ = wait(&throttle, "ann", elsewhere(n), 2);
        }
        assert_eq!(wait(&throttle, "ann", HOME, 2), 0);
        let new_place = wait(&throttle, "ann", elsewhere(9_999), 2);
        assert!((1..=11).contains(&new_place), "slowed, not locked: {new_place}");
    }

    #[test]
    fn one_address_cannot_try_many_accounts_and_a_network_of_ipv6_is_one_address() {
        let throttle = Throttle::default();
        let let_in = (0..100).filter(|n| {
            let ip: IpAddr = format!("2001:db8::{n:x}").parse().expect("an address");
            wait(&throttle, &format!("user{n}"), ip, 5) == 0
        });
        assert_eq!(let_in.count(), 21);
    }

    #[test]
    fn whoever_knows_the_password_cannot_try_many_codes_from_many_addresses() {
        let throttle = Throttle::default();
        let at = |n: u64| {
            let ip = Some(elsewhere(n as u32));
            throttle.admit(Guess::Code, "ann", ip, Duration::from_secs(60 * n))
        };
        // A day of trying once a minute, each time from another address.
        let let_in = (0..1_440).filter(|n| at(*n).is_ok()).count();
        assert!((11..=120).contains(&let_in), "{let_in}");
    }

    #[test]
    fn memory_is_bounded_whatever_comes() {
        let throttle = Throttle::default();
        for n in 0..100_000 {
            let _ = wait(&throttle, &format!("user{n}"), elsewhere(n), 5);
        }
        assert!(throttle.0.lock().counts.len() <= MAX);
    }
}
