//! What the journal holds becomes counts: read off the async threads, summed up for a while, and written part by part, each
//! batch together with how far it reaches.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use domain::id::RequestId;
use engine::journal::{Batch, RollUp};
use parking_lot::Mutex;
use store::Tx;
use store::requests::Kept;
use tokio::sync::oneshot;

use crate::App;
use crate::error::{AppError, Result};

/// How often the journal is read, and synced to the disk.
const OFTEN: Duration = Duration::from_secs(1);
/// With no more rows than that, they are written each time.
const FEW: usize = 512;
/// With more they are summed up for so long: with ten thousand keys in use, each window costs the database some hundred
/// microseconds a key, however often each was used in it.
const WINDOW: Duration = Duration::from_secs(60);
/// Or until there are so many, which take some 60 MiB.
const MANY: usize = 200_000;
/// Records that are read in one go: some ten milliseconds, so that nobody waits for long for one who waits for a gap.
const AT_ONCE: usize = 20_000;

/// The one reader of the journal. Its two locks are taken in this order: whose turn it is to write, and what is in memory.
pub(crate) struct Metering {
    turn: tokio::sync::Mutex<Turn>,
    roll_up: Arc<Mutex<RollUp>>,
}

/// What was done last.
#[derive(Default)]
struct Turn {
    /// On the boottime clock.
    written: Duration,
    dropped: u64,
}

/// What reading has come to.
struct Read {
    /// Whether there may be more.
    more: bool,
    rows: usize,
}

impl Metering {
    /// With what was dropped in earlier runs and told by them.
    pub(crate) fn new(roll_up: RollUp, dropped: u64) -> Self {
        let turn = Turn {
            dropped,
            ..Turn::default()
        };
        Self {
            turn: tokio::sync::Mutex::new(turn),
            roll_up: Arc::new(Mutex::new(roll_up)),
        }
    }
}

impl App {
    /// Rolls the journal up, for ever.
    pub(crate) async fn keep_usage(&self) -> Infallible {
        let mut often = tokio::time::interval(OFTEN);
        often.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            often.tick().await;
            self.report("usage", self.roll_some_up().await);
        }
    }

    /// Rolls up what is due.
    async fn roll_some_up(&self) -> Result<()> {
        let mut turn = self.metering.turn.lock().await;
        loop {
            let read = self.read_journal(true).await?;
            let waited = self.clock.boottime().saturating_sub(turn.written);
            let due = read.rows <= FEW
                || read.rows >= MANY
                || waited >= WINDOW
                || self.engine.journal().is_filling();
            if due {
                self.write_usage(&mut turn).await?;
            }
            if !read.more {
                return Ok(());
            }
        }
    }

    /// Rolls up all that was recorded until now.
    ///
    /// # Errors
    /// When the database fails; nothing is lost then.
    pub(crate) async fn roll_all_up(&self) -> Result<()> {
        let mut turn = self.metering.turn.lock().await;
        loop {
            let read = self.read_journal(false).await?;
            self.write_usage(&mut turn).await?;
            // While an older batch was written, its part may have come to another.
            if !read.more && self.metering.roll_up.lock().rows() == 0 {
                return Ok(());
            }
        }
    }

    async fn read_journal(&self, sync: bool) -> Result<Read> {
        let (roll_up, journal) = (self.metering.roll_up.clone(), self.engine.journal().clone());
        let (tell, told) = oneshot::channel();
        let read = move || {
            if journal.is_filling() {
                schedule::step_back();
            } else {
                schedule::in_the_gaps();
            }
            if sync {
                journal.tend();
                if let Err(error) = journal.sync() {
                    tracing::warn!(%error, "the usage journal could not be synced to the disk");
                }
            }
            let mut roll_up = roll_up.lock();
            // What could not be written yet waits in the journal, not in memory.
            let full = roll_up.rows() >= MANY;
            let read = if full { 0 } else { roll_up.read(AT_ONCE) };
            let _ = tell.send(Read {
                more: full || read >= AT_ONCE,
                rows: roll_up.rows(),
            });
        };
        std::thread::Builder::new()
            .name("journal-reader".to_owned())
            .spawn(read)
            .map_err(AppError::internal)?;
        told.await.map_err(AppError::internal)
    }

    /// Writes what was read. Each part is a transaction; few rows go together, many one part after the other, so that others
    /// get their turn.
    async fn write_usage(&self, turn: &mut Turn) -> Result<()> {
        let (batches, rows) = {
            let mut roll_up = self.metering.roll_up.lock();
            let rows = roll_up.rows();
            (roll_up.take(), rows)
        };
        turn.written = self.clock.boottime();
        if rows <= FEW {
            let writing = batches.iter().map(|batch| self.write_batch(batch, true));
            futures_util::future::try_join_all(writing).await?;
        } else {
            for batch in &batches {
                self.write_batch(batch, false).await?;
            }
        }
        let dropped = self.engine.journal().depth().dropped;
        if dropped != turn.dropped {
            let (node, total) = (
                self.engine.journal().node(),
                i64::try_from(dropped).unwrap_or(i64::MAX),
            );
            self.write(async move |tx| Ok(tx.note_losses(node, Some(total), 0).await?))
                .await?;
            let fresh = dropped - turn.dropped;
            tracing::warn!(
                dropped = fresh,
                total = dropped,
                "verifications were answered and not counted: the usage journal is full"
            );
            turn.dropped = dropped;
        }
        Ok(())
    }

    async fn write_batch(&self, batch: &Arc<Batch>, together: bool) -> Result<()> {
        let (node, written) = (self.engine.journal().node(), batch.clone());
        let requests: Vec<Kept> = batch
            .requests
            .iter()
            .map(|asked| Kept {
                id: RequestId::fresh(self.clock(), self.random()),
                asked: asked.clone(),
            })
            .collect();
        let unlogged = i64::try_from(batch.unlogged).unwrap_or(i64::MAX);
        let work = async move |tx: &mut Tx| -> Result<()> {
            if tx
                .begin_batch(node, written.part, written.number, &written.position)
                .await?
            {
                tx.add_answers(&written.answers).await?;
                tx.note_seen(&written.seen).await?;
                tx.note_last_uses(&written.uses).await?;
                tx.note_secret_uses(&written.secrets).await?;
                tx.note_required(&written.required).await?;
                tx.log_requests(&requests, &written.unbounded).await?;
                tx.add_unknown(&written.unknown).await?;
                tx.note_losses(node, None, unlogged).await?;
            }
            Ok(())
        };
        match together {
            true => self.store.write(work).await?,
            false => self.store.write_alone(work).await?,
        };
        self.metering.roll_up.lock().done(batch);
        Ok(())
    }
}
