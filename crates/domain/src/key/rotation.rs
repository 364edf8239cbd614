//! What a rotation does to the secrets that a key already has.

use crate::clock::Timestamp;
use crate::span::Span;

/// When the secrets of a rotated key stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ends {
    /// The end of the secret that was current until now; `now` when there is no grace.
    pub previous: Timestamp,
    /// The end of a secret that was retiring already: at once, so that at most one is retiring.
    pub retiring: Timestamp,
}

/// The ends after a rotation at `now` with `grace`. A rotation never gives an old secret a longer life: what would have
/// ended with the key at `expires_at` still does, even where the rotation gives the key a later end.
pub fn ends_of_rotation(now: Timestamp, grace: Span, expires_at: Option<Timestamp>) -> Ends {
    let wanted = now.plus(grace.duration());
    let previous = expires_at.map_or(wanted, |end| wanted.min(end.max(now)));
    Ends {
        previous,
        retiring: now,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_old_secret_never_lives_longer_than_before(now in 0_i64..1 << 50, grace in 0_u32..100_000, end in prop::option::of(0_i64..1 << 51)) {
            let now = Timestamp::from_micros(now);
            let end = end.map(Timestamp::from_micros);
            let ends = ends_of_rotation(now, Span::seconds(grace), end);
            prop_assert!(ends.previous >= now);
            prop_assert!(ends.previous <= now.plus(Span::seconds(grace).duration()));
            if let Some(end) = end {
                prop_assert!(ends.previous <= end.max(now));
            }
        }
    }
}
