//! All changes go through one thread: callers that arrive while it commits share the next transaction, so that the price
//! of a durable commit is paid once for many, and the audit chain is extended in memory without a lock to fight over.
//!
//! A caller's job runs under a savepoint of its own, or in a transaction of its own where nobody shares it: what fails leaves no
//! trace and spoils nobody else's. Nothing is answered before the commit that holds it.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use domain::clock::{Clock, Random};
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use tokio::sync::{mpsc, oneshot};

use crate::db::{Database, Engine};
use crate::erasure::Owed;
use crate::error::{Result, StoreError};
use crate::tx::Tx;

/// Jobs that share one transaction at the most, so that nobody waits long for others.
const BATCH: usize = 256;
/// Jobs that may wait.
const QUEUE: usize = 4096;
/// The longest that a transaction may wait for the database: a server that went silent without closing the connection
/// must not hold callers for ever.
const LIMIT: Duration = Duration::from_secs(15);

/// A committed change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written<T> {
    /// What the job answered.
    pub value: T,
    /// The last change of its transaction: who has applied this one serves nothing older.
    pub seq: i64,
}

/// The way to the writing thread; clones share it, and it ends with the last of them.
#[derive(Clone)]
pub(crate) struct Writer {
    jobs: mpsc::Sender<Box<dyn Job>>,
    done: Arc<Done>,
}

/// What the thread has done, for metrics.
#[derive(Default)]
struct Done {
    commits: AtomicU64,
    jobs: AtomicU64,
    failures: AtomicU64,
}

/// How the writing goes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Writing {
    /// Changes that wait.
    pub waiting: usize,
    /// Transactions that were committed since the start.
    pub commits: u64,
    /// Changes that were answered with them.
    pub jobs: u64,
    /// Transactions that failed and were rolled back.
    pub failures: u64,
}

trait Job: Send {
    /// Whether it shares its transaction with nobody.
    fn is_alone(&self) -> bool;
    /// Does the work; true if it is to be kept.
    fn run<'a>(&'a mut self, tx: &'a mut Tx) -> LocalBoxFuture<'a, bool>;
    /// Takes back what it was about to answer: its work cannot be kept.
    fn refuse(&mut self, error: StoreError);
    /// Answers the caller once it is known whether the transaction was committed.
    fn answer(self: Box<Self>, committed: Result<i64>);
}

struct Call<F, T, E> {
    alone: bool,
    work: Option<F>,
    result: Option<Result<T, E>>,
    reply: oneshot::Sender<Result<Written<T>, E>>,
}

impl<F, T, E> Job for Call<F, T, E>
where
    F: AsyncFnOnce(&mut Tx) -> Result<T, E> + Send,
    T: Send,
    E: From<StoreError> + Send,
{
    fn is_alone(&self) -> bool {
        self.alone
    }

    fn run<'a>(&'a mut self, tx: &'a mut Tx) -> LocalBoxFuture<'a, bool> {
        Box::pin(async move {
            // The caller is gone: there is nobody to tell that it was done.
            let Some(work) = self.work.take().filter(|_| !self.reply.is_closed()) else {
                return false;
            };
            // A fault in one caller's work is that caller's alone: the thread lives on and the savepoint is rolled back.
            let result = AssertUnwindSafe(async move { work(tx).await })
                .catch_unwind()
                .await
                .unwrap_or_else(|_| Err(StoreError::Database("the work panicked".into()).into()));
            let keep = result.is_ok();
            self.result = Some(result);
            keep
        })
    }

    fn refuse(&mut self, error: StoreError) {
        self.result = Some(Err(error.into()));
    }

    fn answer(self: Box<Self>, committed: Result<i64>) {
        let outcome = match (self.result, committed) {
            (Some(Ok(value)), Ok(seq)) => Ok(Written { value, seq }),
            (Some(Err(error)), Ok(_)) => Err(error),
            // Also of work that had not come to its end when the time was up; and an error that was read from an uncommitted
            // state may owe to what was then rolled back.
            (_, Err(error)) => Err(error.into()),
            // The caller was gone before its turn came.
            (None, Ok(_)) => return,
        };
        // A caller that went away meanwhile is not an error of ours.
        let _ = self.reply.send(outcome);
    }
}

impl Writer {
    /// Starts the thread on a connection of its own.
    pub(crate) async fn start(
        db: Database,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        owed: Arc<Owed>,
    ) -> Result<Self> {
        let (jobs, queue) = mpsc::channel(QUEUE);
        let (ready, started) = oneshot::channel();
        let done = Arc::new(Done::default());
        let unavailable = |error: std::io::Error| StoreError::Unavailable(error.into());
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(unavailable)?;
        thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn({
                let done = done.clone();
                move || {
                    schedule::step_back();
                    runtime.block_on(run(db, queue, ready, (clock, random), owed, done));
                }
            })
            .map_err(unavailable)?;
        started.await.map_err(|_| gone())??;
        Ok(Self { jobs, done })
    }

    /// How the writing goes.
    pub(crate) fn writing(&self) -> Writing {
        Writing {
            waiting: QUEUE.saturating_sub(self.jobs.capacity()),
            commits: self.done.commits.load(Relaxed),
            jobs: self.done.jobs.load(Relaxed),
            failures: self.done.failures.load(Relaxed),
        }
    }

    /// Runs `work` in a transaction, of its own if it is to be `alone`, and answers when it is committed.
    #[tracing::instrument(level = "debug", name = "store.write", skip_all)]
    pub(crate) async fn write<T, E, F>(&self, work: F, alone: bool) -> Result<Written<T>, E>
    where
        F: AsyncFnOnce(&mut Tx) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let call = Call {
            alone,
            work: Some(work),
            result: None,
            reply,
        };
        self.jobs.send(Box::new(call)).await.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }
}

fn gone() -> StoreError {
    StoreError::Unavailable("the writer has stopped".into())
}

async fn run(
    db: Database,
    mut queue: mpsc::Receiver<Box<dyn Job>>,
    ready: oneshot::Sender<Result<()>>,
    (clock, random): (Arc<dyn Clock>, Arc<dyn Random>),
    owed: Arc<Owed>,
    told: Arc<Done>,
) {
    let mut conn = match db.writer().await {
        Ok(conn) => {
            let _ = ready.send(Ok(()));
            Some(conn)
        }
        Err(error) => {
            let _ = ready.send(Err(error));
            return;
        }
    };
    let mut held = None;
    loop {
        let first = match held.take() {
            Some(job) => job,
            None => match queue.recv().await {
                Some(job) => job,
                None => return,
            },
        };
        let mut batch = vec![first];
        while !batch[0].is_alone()
            && batch.len() < BATCH
            && let Ok(next) = queue.try_recv()
        {
            if next.is_alone() {
                held = Some(next);
                break;
            }
            batch.push(next);
        }
        let mut tx = match conn.take() {
            Some(conn) => Tx::new(conn, clock.clone(), random.clone()),
            None => match db.writer().await {
                Ok(conn) => Tx::new(conn, clock.clone(), random.clone()),
                Err(error) => {
                    fail(batch, &error);
                    // Callers come back by themselves; a database that is down need not be asked at full speed.
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
        };
        // Whether a transaction that ran out of time was committed is not known, as with a connection lost at its end.
        let done = tokio::time::timeout(LIMIT, transact(&mut tx, &mut batch)).await;
        // Before anybody is answered, and also where it is not known whether it was committed.
        if tx.has_erased() {
            owed.note();
        }
        match done.unwrap_or_else(|late| Err(StoreError::Unavailable(late.into()))) {
            Ok(seq) => {
                told.commits.fetch_add(1, Relaxed);
                told.jobs.fetch_add(batch.len() as u64, Relaxed);
                batch.into_iter().for_each(|job| job.answer(Ok(seq)));
                conn = Some(tx.into_conn());
            }
            Err(error) => {
                told.failures.fetch_add(1, Relaxed);
                tracing::warn!(%error, jobs = batch.len(), "a transaction failed and was rolled back");
                // A connection in doubt is dropped, which rolls back; a sound one is used again.
                let sound = !error.is_unavailable() && tx.conn().rollback().await.is_ok();
                fail(batch, &error);
                conn = sound.then(|| tx.into_conn());
            }
        }
    }
}

async fn transact(tx: &mut Tx, batch: &mut [Box<dyn Job>]) -> Result<i64> {
    tx.conn().begin().await?;
    // Within a savepoint SQLite keeps a copy of each page that it changes, and walks along all of them after every statement
    // that has one of its own: a job that changes many pages costs the square of them. (An import of a million keys spent more
    // than half of its time there.) PostgreSQL needs it, because it says of no commit that it kept nothing.
    let is_alone = batch.len() == 1 && tx.conn().engine() == Engine::Sqlite;
    for job in batch {
        let mark = tx.mark();
        if is_alone {
            if !job.run(tx).await {
                tx.conn().rollback().await?;
                tx.conn().begin().await?;
                tx.forget_since(mark);
            }
            continue;
        }
        tx.conn().savepoint("job").await?;
        if job.run(tx).await {
            match tx.conn().release("job").await {
                Ok(()) => continue,
                Err(error) if error.is_unavailable() => return Err(error),
                // PostgreSQL keeps nothing after a statement that failed, even where the job made light of it.
                Err(error) => job.refuse(error),
            }
        }
        tx.conn().rollback_to("job").await?;
        tx.forget_since(mark);
    }
    let seq = tx.finish().await?;
    tx.conn().commit().await?;
    Ok(seq)
}

/// Every job of a failed transaction is told the same.
fn fail(batch: Vec<Box<dyn Job>>, error: &StoreError) {
    for job in batch {
        let told = error.to_string().into();
        job.answer(Err(if error.is_unavailable() {
            StoreError::Unavailable(told)
        } else {
            StoreError::Retry(told)
        }));
    }
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer").finish_non_exhaustive()
    }
}
