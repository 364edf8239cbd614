//! What was erased must leave SQLite's files: a commit leaves the old pages in the database until the next checkpoint,
//! and older copies of them in the write-ahead log until that is cut off.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::Store;
use crate::error::Result;

/// Erasures that were committed, and how many of them have left the files.
#[derive(Debug, Default)]
pub(crate) struct Owed {
    committed: AtomicU64,
    settled: AtomicU64,
}

impl Owed {
    /// Something was erased.
    pub(crate) fn note(&self) {
        self.committed.fetch_add(1, Ordering::SeqCst);
    }
}

impl Store {
    /// Sees to it that nothing erased so far is left in SQLite's files; false while a reader of an older state is in the
    /// way. PostgreSQL's files are its own matter. What a killed process left open is done by the next start.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn settle_erasures(&self) -> Result<bool> {
        let committed = self.owed.committed.load(Ordering::SeqCst);
        if self.owed.settled.load(Ordering::SeqCst) >= committed {
            return Ok(true);
        }
        if !self.db.truncate_log().await? {
            return Ok(false);
        }
        self.owed.settled.fetch_max(committed, Ordering::SeqCst);
        Ok(true)
    }
}
