//! How long answers took, as counts in fixed buckets: what can be added up over keys and over time, and still tells percentiles.

/// The upper bounds of the buckets in microseconds, each about two and a half times the one before; what took longer than the
/// last is in one more bucket. They are part of what is stored: to change them needs a migration.
pub const BOUNDS: [u32; 19] = [
    1, 3, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000,
    500_000, 1_000_000,
];

/// How many buckets there are.
pub const BUCKETS: usize = BOUNDS.len() + 1;

/// Answers by how long they took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Histogram {
    /// How many there are in each bucket.
    pub buckets: [u64; BUCKETS],
    /// Microseconds of them all together.
    pub micros: u64,
}

impl Histogram {
    /// Adds one.
    #[inline]
    pub fn add(&mut self, micros: u32) {
        self.buckets[BOUNDS.partition_point(|bound| *bound < micros)] += 1;
        self.micros += u64::from(micros);
    }

    /// Adds what another has counted.
    pub fn merge(&mut self, other: &Self) {
        for (mine, theirs) in self.buckets.iter_mut().zip(other.buckets) {
            *mine += theirs;
        }
        self.micros += other.micros;
    }

    /// Takes off what another has counted, which is counted here, too.
    pub fn take(&mut self, other: &Self) {
        for (mine, theirs) in self.buckets.iter_mut().zip(other.buckets) {
            *mine = mine.saturating_sub(theirs);
        }
        self.micros = self.micros.saturating_sub(other.micros);
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.buckets.iter().sum()
    }

    /// The time in microseconds that so many of a thousand answers did not exceed: the upper bound of their bucket, and of
    /// the last one its lower bound. None where there are no answers.
    pub fn permille(&self, permille: u64) -> Option<u32> {
        let count = self.count();
        let rank = (count * permille).div_ceil(1_000).max(1);
        let mut sum = 0;
        let at = self.buckets.iter().position(|bucket| {
            sum += bucket;
            sum >= rank
        })?;
        Some(BOUNDS[at.min(BOUNDS.len() - 1)])
    }

    /// What they took on average, in microseconds.
    pub fn mean(&self) -> Option<f64> {
        let count = self.count();
        (count > 0).then(|| self.micros as f64 / count as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_the_bound_of_its_bucket() {
        let mut all = Histogram::default();
        assert_eq!((all.permille(500), all.mean()), (None, None));
        for micros in [0, 1, 2, 4, 7, 20, 90, 900, 2_000_000, 2_000_000] {
            all.add(micros);
        }
        assert_eq!(all.count(), 10);
        assert_eq!(all.permille(100), Some(1));
        assert_eq!(all.permille(200), Some(1));
        assert_eq!(all.permille(500), Some(10));
        assert_eq!(all.permille(800), Some(1_000));
        assert_eq!(all.permille(999), Some(1_000_000), "at least that");
        let mut twice = all;
        twice.merge(&all);
        assert_eq!((twice.count(), twice.permille(500)), (20, Some(10)));
        assert_eq!(twice.mean(), all.mean());
        twice.take(&all);
        assert_eq!(twice, all);
    }
}
