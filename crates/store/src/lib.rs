//! Everything that is SQL: above this floor nobody knows which database there is.
//!
//! [`Store::write`] runs a caller's changes in a transaction together with their audit records and the numbers by which
//! caches learn of them. Reads go beside it. Each noun has a file that adds its verbs to [`Store`] and to [`Tx`].

pub mod accounts;
pub mod anomalies;
pub mod apis;
pub mod audit;
pub mod backup;
pub mod changes;
pub mod checkup;
pub mod data_keys;
pub mod db;
mod erasure;
pub mod error;
pub mod idempotency;
pub mod idle;
pub mod journal;
pub mod keys;
pub mod letters;
pub mod lock;
pub mod migrate;
pub mod nodes;
pub mod organisations;
pub mod policies;
pub mod principals;
pub mod quotas;
pub mod reminders;
pub mod reports;
pub mod requests;
pub mod roles;
mod schema;
pub mod sealed;
pub mod secrets;
pub mod sessions;
#[cfg(any(test, feature = "testkit"))]
pub mod testkit;
pub mod touched;
mod tx;
pub mod usage;
pub mod users;
pub mod webhooks;
mod writer;

use std::sync::Arc;

use domain::clock::{Clock, Random};

pub use changes::Change;
pub use error::StoreError;
pub use schema::MIGRATIONS;
pub use tx::Tx;
pub use writer::{Writing, Written};

use db::{Database, Engine, ReadPool};
use erasure::Owed;
use error::Result;
use writer::Writer;

/// The database, with one writer and many readers. Clones share it.
#[derive(Debug, Clone)]
pub struct Store {
    db: Database,
    readers: ReadPool,
    writer: Writer,
    owed: Arc<Owed>,
}

impl Store {
    /// Takes an open database whose schema is up to date (see [`migrate::migrate`]) and starts its writer.
    ///
    /// # Errors
    /// When the writing connection cannot be had.
    pub async fn start(db: Database, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Result<Self> {
        let owed = Arc::new(Owed::default());
        // An earlier process may have ended between an erasure and its checkpoint.
        owed.note();
        let writer = Writer::start(db.clone(), clock, random, owed.clone()).await?;
        let store = Self {
            readers: db.readers(),
            db,
            writer,
            owed,
        };
        if let Err(error) = store.settle_erasures().await {
            // A full disk, say, which is no reason not to start; it is tried again.
            tracing::warn!(%error, "the write-ahead log could not be cut off");
        }
        Ok(store)
    }

    /// Which database it is.
    pub fn engine(&self) -> Engine {
        self.db.engine
    }

    /// The open database itself.
    pub fn database(&self) -> &Database {
        &self.db
    }

    /// How the writing goes, for metrics.
    pub fn writing(&self) -> Writing {
        self.writer.writing()
    }

    /// Runs `work` in a transaction and answers once it is committed and durable. Work that fails leaves no trace.
    ///
    /// # Errors
    /// What `work` says, or that the database failed; then nothing was done, but for [`StoreError::Unavailable`] from
    /// the commit itself, which leaves it open.
    pub async fn write<T, E, F>(&self, work: F) -> Result<Written<T>, E>
    where
        F: AsyncFnOnce(&mut Tx) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.writer.write(work, false).await
    }

    /// The same of work that changes many rows: it shares its transaction with no other, which costs less, and delays nobody's
    /// commit but its own.
    ///
    /// # Errors
    /// As [`Store::write`].
    pub async fn write_alone<T, E, F>(&self, work: F) -> Result<Written<T>, E>
    where
        F: AsyncFnOnce(&mut Tx) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.writer.write(work, true).await
    }
}
