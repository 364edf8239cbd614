//! Chance that can be repeated: every test that leans on it prints its seed, and `CLAVIGER_SEED` plays it again.

use std::time::Duration;

/// A generator (SplitMix64, <https://prng.di.unimi.it/splitmix64.c>); not for secrets.
#[derive(Debug, Clone)]
pub(crate) struct Dice(u64);

impl Dice {
    /// The seed that `CLAVIGER_SEED` names, or a new one; printed, so that a failed run can be repeated.
    pub(crate) fn throw() -> Self {
        let seed = match std::env::var("CLAVIGER_SEED") {
            Ok(text) => text.parse().expect("CLAVIGER_SEED is a number"),
            Err(_) => {
                let mut bytes = [0; 8];
                domain::clock::Random::fill(&domain::clock::SystemRandom, &mut bytes);
                // Short enough to be typed.
                u64::from_le_bytes(bytes) % 1_000_000
            }
        };
        println!("to repeat: CLAVIGER_SEED={seed}");
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Below `bound`.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    /// One of these.
    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    /// Between the two, in milliseconds.
    pub(crate) fn pause(&mut self, from: usize, to: usize) -> Duration {
        Duration::from_millis((from + self.below(to - from)) as u64)
    }

    /// Another generator, for another task.
    pub(crate) fn split(&mut self) -> Self {
        Self(self.next())
    }
}

/// Whether `make soak` runs, and the test is to take its full size.
pub(crate) fn soak() -> bool {
    std::env::var_os("CLAVIGER_SOAK").is_some()
}

/// How often something is repeated: `few` times in `make test`, `many` in `make soak`, or as `CLAVIGER_ROUNDS` says.
pub(crate) fn rounds(few: usize, many: usize) -> usize {
    match std::env::var("CLAVIGER_ROUNDS") {
        Ok(text) => text.parse().expect("CLAVIGER_ROUNDS is a number"),
        Err(_) if soak() => many,
        Err(_) => few,
    }
}
