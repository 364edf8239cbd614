//! Erasing retained tokens. The commit destroys the data key, and from then on none of them can be opened; what is left
//! of them is then overwritten in batches, and leaves the files with the next checkpoint.

use std::time::Duration;

use crate::App;
use crate::error::Result;

/// Tokens that are overwritten in one transaction: others wait for no longer than that takes.
const BATCH: i64 = 1_000;
/// Such transactions each second, beside what else there is to do.
const OFTEN: usize = 8;
/// The longest that whoever asked for an erasure waits for the files, too; the rest is done by itself.
const PATIENCE: Duration = Duration::from_secs(10);
/// Between two looks whether a reader of an older state is still in the way.
const PAUSE: Duration = Duration::from_millis(50);

impl App {
    /// Goes on with what is left to erase; true when nothing is left, in the database and in its files.
    pub(crate) async fn go_on_erasing(&self) -> Result<bool> {
        for _ in 0..OFTEN {
            if !self.store.has_unopenable().await? {
                return Ok(self.store.settle_erasures().await?);
            }
            self.write(async move |tx| Ok(tx.erase_unopenable(BATCH).await?))
                .await?;
        }
        Ok(false)
    }

    /// Waits until nothing is left, within reason: what was asked for is committed, and a worker goes on with the rest.
    #[tracing::instrument(level = "debug", name = "worker.erasing", skip_all)]
    pub(crate) async fn see_erased(&self) {
        let begun = self.clock.boottime();
        while self.clock.boottime().saturating_sub(begun) < PATIENCE {
            match self.go_on_erasing().await {
                Ok(true) => return,
                Ok(false) => tokio::time::sleep(PAUSE).await,
                Err(error) => {
                    tracing::warn!(%error, "erasing: the database failed; it is tried again");
                    return;
                }
            }
        }
        tracing::info!("erasing goes on in the background");
    }
}
