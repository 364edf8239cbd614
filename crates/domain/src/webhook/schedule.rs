//! When a message is tried again.

use std::time::Duration;

const MINUTE: u64 = 60;
const HOUR: u64 = 3600;

/// How long after each failed attempt comes the next, in seconds: a bit more than a day in all.
const PAUSES: [u64; 11] = [
    5,
    30,
    2 * MINUTE,
    10 * MINUTE,
    30 * MINUTE,
    HOUR,
    2 * HOUR,
    3 * HOUR,
    5 * HOUR,
    6 * HOUR,
    7 * HOUR,
];

/// After every attempt has failed for so long, whatever it was, a webhook is switched off.
pub const FAILING: Duration = Duration::from_secs(24 * HOUR);

/// The longest that a receiver may put a message off by `Retry-After`.
const LONGEST: Duration = Duration::from_secs(HOUR);

/// How long after its attempt number `attempts`, counted from 1, a message is tried again: at least as long as the receiver asks
/// for. None after the last.
pub fn next_attempt(attempts: i64, asked: Option<Duration>) -> Option<Duration> {
    let place = usize::try_from(attempts.checked_sub(1)?).ok()?;
    let pause = Duration::from_secs(*PAUSES.get(place)?);
    Some(asked.map_or(pause, |asked| pause.max(asked.min(LONGEST))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_tried_for_a_day_and_then_no_more() {
        let all: Vec<Duration> = (1..).map_while(|attempts| next_attempt(attempts, None)).collect();
        assert!(all.is_sorted());
        let whole: Duration = all.iter().sum();
        assert!(
            whole >= FAILING && whole < FAILING + Duration::from_secs(2 * HOUR),
            "{whole:?}"
        );
        assert_eq!(next_attempt(0, None), None);
    }

    #[test]
    fn who_asks_for_patience_gets_an_hour_at_the_most() {
        let asked = |seconds| {
            next_attempt(1, Some(Duration::from_secs(seconds)))
                .unwrap()
                .as_secs()
        };
        assert_eq!((asked(1), asked(90), asked(1_000_000)), (5, 90, HOUR));
    }
}
