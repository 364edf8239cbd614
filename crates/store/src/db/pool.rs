//! Readers beside the writer: they see committed data only, and neither waits for the other.

use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::Arc;

use deadpool_postgres::{Object, Pool, Transaction};
use parking_lot::Mutex;
use rusqlite::Connection;
use tokio::sync::Semaphore;
use tokio_postgres::IsolationLevel;

use super::postgres::in_time;
use super::row::Row;
use super::sqlite::{self, Role};
use super::value::Value;
use super::{Engine, postgres};
use crate::error::{Result, StoreError};

/// Connections that SQLite keeps open between reads.
const IDLE: usize = 16;
/// Long reads of SQLite at once; more of them would only fight for the same cores.
const LONG: usize = 4;

/// Reads, by any number of tasks at once. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct ReadPool(pub(crate) Inner);

#[derive(Clone, Debug)]
pub(crate) enum Inner {
    Sqlite(Arc<SqliteReaders>),
    Postgres(Pool),
}

impl ReadPool {
    /// A point read. SQLite answers on the calling thread (a few µs), so never for a long scan.
    ///
    /// # Errors
    /// As the database says, see [`StoreError`].
    pub async fn query(&self, sql: &str, params: &[Value]) -> Result<Vec<Row>> {
        match &self.0 {
            Inner::Sqlite(readers) => sqlite::query(readers.get()?.conn()?, sql, params),
            Inner::Postgres(pool) => {
                let client = pool.get().await?;
                let read = in_time(postgres::query(&client, &client.statement_cache, sql, params)).await;
                if !read.as_ref().is_err_and(StoreError::is_unavailable) {
                    return read;
                }
                // The connection may have died in the pool (a restart, an idle limit). A read can be asked again, but
                // not of a server that is silent: that would double the wait.
                let is_closed = client.is_closed();
                drop(Object::take(client));
                if !is_closed {
                    return read;
                }
                let client = pool.get().await?;
                in_time(postgres::query(&client, &client.statement_cache, sql, params)).await
            }
        }
    }

    /// The first row of a point read, if any.
    ///
    /// # Errors
    /// As for [`ReadPool::query`].
    pub async fn query_opt(&self, sql: &str, params: &[Value]) -> Result<Option<Row>> {
        Ok(self.query(sql, params).await?.into_iter().next())
    }

    /// The first row of a point read.
    ///
    /// # Errors
    /// [`StoreError::RowMissing`] if there is none.
    pub async fn query_one(&self, sql: &str, params: &[Value]) -> Result<Row> {
        self.query_opt(sql, params).await?.ok_or(StoreError::RowMissing)
    }

    /// A read that may be long (lists, searches, exports): SQLite runs it off the async threads.
    ///
    /// # Errors
    /// As for [`ReadPool::query`].
    pub async fn query_long(
        &self,
        sql: impl Into<Cow<'static, str>>,
        params: Vec<Value>,
    ) -> Result<Vec<Row>> {
        let sql = sql.into();
        let Inner::Sqlite(readers) = &self.0 else {
            return self.query(&sql, &params).await;
        };
        let permit = Arc::clone(&readers.long).acquire_owned().await;
        let permit = permit.map_err(|closed| StoreError::Unavailable(closed.into()))?;
        let readers = Arc::clone(readers);
        let read = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            sqlite::query(readers.get()?.conn()?, &sql, &params)
        });
        read.await
            .map_err(|stopped| StoreError::Unavailable(stopped.into()))?
    }

    /// Several reads of one snapshot. However it ends, by its result or by being dropped, the transaction ends with it.
    ///
    /// # Errors
    /// What `read` returns, or as for [`ReadPool::query`].
    pub async fn snapshot<T, F>(&self, read: F) -> Result<T>
    where
        F: AsyncFnOnce(&mut SnapshotConn<'_>) -> Result<T>,
    {
        match &self.0 {
            Inner::Sqlite(readers) => {
                // The reader rolls back when it returns to the pool; the snapshot is taken by the first read.
                let reader = readers.get()?;
                reader.conn()?.execute_batch("BEGIN DEFERRED")?;
                read(&mut SnapshotConn(Snapshot::Sqlite(reader))).await
            }
            Inner::Postgres(pool) => {
                let mut client = pool.get().await?;
                // The driver's guard rolls back if this is dropped, from before BEGIN is sent.
                let done = async {
                    let builder = client
                        .build_transaction()
                        .isolation_level(IsolationLevel::RepeatableRead);
                    let begun = in_time(async { Ok(builder.read_only(true).start().await?) }).await?;
                    read(&mut SnapshotConn(Snapshot::Postgres(begun))).await
                }
                .await;
                if done.as_ref().is_err_and(StoreError::is_unavailable) {
                    drop(Object::take(client));
                }
                done
            }
        }
    }
}

/// A connection within [`ReadPool::snapshot`].
pub struct SnapshotConn<'a>(Snapshot<'a>);

enum Snapshot<'a> {
    Sqlite(SqliteReader),
    Postgres(Transaction<'a>),
}

impl std::fmt::Debug for SnapshotConn<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("SnapshotConn").field(&self.engine()).finish()
    }
}

impl SnapshotConn<'_> {
    /// Which engine it is.
    pub fn engine(&self) -> Engine {
        match &self.0 {
            Snapshot::Sqlite(_) => Engine::Sqlite,
            Snapshot::Postgres(_) => Engine::Postgres,
        }
    }

    /// A read of the snapshot; SQLite answers on the calling thread.
    ///
    /// # Errors
    /// As the database says, see [`StoreError`].
    pub async fn query(&mut self, sql: &str, params: &[Value]) -> Result<Vec<Row>> {
        match &mut self.0 {
            Snapshot::Sqlite(reader) => sqlite::query(reader.conn()?, sql, params),
            Snapshot::Postgres(tx) => {
                in_time(postgres::query(tx.client(), &tx.statement_cache, sql, params)).await
            }
        }
    }

    /// The first row, if any.
    ///
    /// # Errors
    /// As for [`SnapshotConn::query`].
    pub async fn query_opt(&mut self, sql: &str, params: &[Value]) -> Result<Option<Row>> {
        Ok(self.query(sql, params).await?.into_iter().next())
    }

    /// The first row.
    ///
    /// # Errors
    /// [`StoreError::RowMissing`] if there is none.
    pub async fn query_one(&mut self, sql: &str, params: &[Value]) -> Result<Row> {
        self.query_opt(sql, params).await?.ok_or(StoreError::RowMissing)
    }
}

/// The readers of one SQLite file.
#[derive(Debug)]
pub(crate) struct SqliteReaders {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
    long: Arc<Semaphore>,
}

impl SqliteReaders {
    pub(crate) fn new(path: PathBuf) -> Arc<Self> {
        Arc::new(Self {
            path,
            idle: Mutex::default(),
            long: Arc::new(Semaphore::new(LONG)),
        })
    }

    fn get(self: &Arc<Self>) -> Result<SqliteReader> {
        let idle = self.idle.lock().pop();
        let conn = match idle {
            Some(conn) => conn,
            None => sqlite::connect(&self.path, Role::Reader)?,
        };
        Ok(SqliteReader {
            conn: Some(conn),
            home: Arc::clone(self),
        })
    }
}

/// A reader that goes back to its pool, out of any transaction, when dropped.
struct SqliteReader {
    conn: Option<Connection>,
    home: Arc<SqliteReaders>,
}

impl SqliteReader {
    fn conn(&self) -> Result<&Connection> {
        self.conn
            .as_ref()
            .ok_or(StoreError::Unavailable("the reader was returned".into()))
    }
}

impl Drop for SqliteReader {
    fn drop(&mut self) {
        let Some(conn) = self.conn.take() else { return };
        if !conn.is_autocommit() && conn.execute_batch("ROLLBACK").is_err() {
            return;
        }
        let mut idle = self.home.idle.lock();
        if idle.len() < IDLE {
            idle.push(conn);
        }
    }
}
