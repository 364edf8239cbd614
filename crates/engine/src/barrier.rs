//! Follows the order of commits, so that what a change has ended is not served again.

use std::sync::Arc;
use std::sync::atomic::Ordering::{Acquire, Release};
use std::time::Duration;

use domain::secret::Keyring;
use store::changes::Changes;
use store::{Change, StoreError};

use crate::foreign::Foreign;
use crate::{Engine, Inner};

impl Engine {
    /// Returns when every change up to `seq`, which was committed, is applied here, and on every other node or none of them can answer by
    /// what was before: no verification that begins later is decided by that. Where another node may go on with what it has in memory although it
    /// cannot reach the database, it gives in what time that has come to its end.
    ///
    /// # Errors
    /// When the store fails, or does not know of `seq`; then nothing may be promised.
    pub async fn barrier(&self, seq: i64) -> Result<Option<Duration>, StoreError> {
        self.apply_upto(seq).await?;
        match &self.0.member {
            Some(member) => self.0.wait_for_others(member, seq).await,
            None => Ok(None),
        }
    }

    /// Returns when every change up to `seq` is applied on this node.
    /// Callers that come together share one reading of the changes, one that began after they came.
    ///
    /// # Errors
    /// When the store fails, or does not know of `seq`; then nothing may be promised.
    #[tracing::instrument(level = "debug", name = "engine.barrier", skip_all)]
    async fn apply_upto(&self, seq: i64) -> Result<(), StoreError> {
        if self.0.applied.load(Acquire) >= seq {
            return Ok(());
        }
        let _reading = self.0.reading.lock().await;
        while self.0.applied.load(Acquire) < seq {
            if self.0.apply_next().await? {
                continue;
            }
            if self.0.start_over().await? < seq {
                return Err(StoreError::Corrupt(format!("changes: {seq} is not there")));
            }
        }
        Ok(())
    }

    /// Applies whatever has changed by now, and gives the number of the last change applied.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn catch_up(&self) -> Result<i64, StoreError> {
        let applied = self.0.applied.load(Acquire);
        let last = self.0.source.last_change().await?;
        if last < applied {
            let _reading = self.0.reading.lock().await;
            return self.0.start_over().await;
        }
        self.apply_upto(last).await?;
        Ok(self.0.applied.load(Acquire))
    }

    /// Changes the keyring and forgets all that was found with the one before.
    pub fn set_keyring(&self, keyring: Arc<Keyring>) {
        // In this order: who still digests with the old keyring carries an epoch from before.
        self.0.keyring.store(keyring);
        self.0.forget_everything();
    }
}

impl Inner {
    /// Applies the next changes; false if there are none.
    async fn apply_next(&self) -> Result<bool, StoreError> {
        let read = self.source.changes_after(self.applied.load(Acquire)).await?;
        self.take_in(&read).await
    }

    /// Applies what was read of the changes; false if there was nothing.
    pub(crate) async fn take_in(&self, read: &Changes) -> Result<bool, StoreError> {
        if read.changes.is_empty() {
            return Ok(false);
        }
        // Before the epoch that ends the unknown answers: who still asks without these prefixes carries the epoch before.
        if read.purged || read.changes.iter().any(brings_tokens) {
            self.load_foreign().await?;
        }
        self.apply(read);
        self.advance(read.upto);
        Ok(true)
    }

    fn apply(&self, read: &Changes) {
        if read.purged {
            return self.forget_everything();
        }
        for change in &read.changes {
            match *change {
                Change::Key(_, key) => self.epochs.key_changed(key),
                Change::Owner(_, owner) => self.epochs.owner_changed(owner),
                Change::Organisation(organisation) => self.epochs.organisation_changed(organisation),
                Change::Import(_) => self.epochs.imported(),
                Change::Unknown => self.forget_everything(),
            }
        }
    }

    /// Forgets everything and goes on from the store's last change: after a purge, or when a database was put back.
    pub(crate) async fn start_over(&self) -> Result<i64, StoreError> {
        tracing::warn!(
            "the store's changes do not go on from the last one applied: all that is cached is forgotten"
        );
        let last = self.source.last_change().await?;
        self.load_foreign().await?;
        self.forget_everything();
        self.advance(last);
        Ok(last)
    }

    /// What is applied is visible before its number is.
    fn advance(&self, upto: i64) {
        self.not_before.fetch_max(self.clock.now().as_micros(), Release);
        self.applied.store(upto, Release);
    }

    pub(crate) async fn load_foreign(&self) -> Result<(), StoreError> {
        let prefixes = self.source.foreign_prefixes().await?;
        self.foreign.store(Arc::new(Foreign::new(prefixes)));
        Ok(())
    }

    pub(crate) fn forget_everything(&self) {
        self.epochs.everything_changed();
        self.cache.clear();
        self.unknown.clear();
        self.directories.lock().clear();
    }
}

fn brings_tokens(change: &Change) -> bool {
    matches!(change, Change::Import(_) | Change::Unknown)
}
