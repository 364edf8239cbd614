//! Wall time for benchmarks that drive the code themselves, in the one place that may read the clock for it.

use std::time::{Duration, Instant};

/// Started when made.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Begins now.
    #[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// Since the start.
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    /// `count` things done since the start, as things a second.
    pub fn per_second(&self, count: u64) -> f64 {
        count as f64 / self.elapsed().as_secs_f64()
    }
}
