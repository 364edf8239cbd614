//! The one connection that writes, of either engine.

use rusqlite::Connection;

use super::Engine;
use super::postgres::PgConn;
use super::row::Row;
use super::sqlite;
use super::value::Value;
use crate::error::{Result, StoreError};

/// Rows from which on PostgreSQL is sent a COPY: below it, its extra round trips cost more than it spares.
const COPY_FROM: usize = 64;

/// The key of the lock. Positive and below 2^31, so that `pg_locks` shows it whole in `objid`.
const BEGIN: &str = "BEGIN; SELECT pg_advisory_xact_lock(1129070934)";

/// One connection of either engine, owned by whoever writes. SQLite answers on the calling thread.
///
/// Within a transaction PostgreSQL refuses everything after an error, where SQLite undoes that statement only: set a
/// savepoint before what may fail, or roll back.
///
/// A future of this that is dropped half-way leaves the connection in whatever transaction it was in: the owner drops
/// the connection then, which rolls back, or calls [`Conn::rollback`].
#[derive(Debug)]
pub enum Conn {
    /// SQLite.
    Sqlite(Connection),
    /// PostgreSQL.
    Postgres(PgConn),
}

impl Conn {
    /// Which engine it is.
    pub fn engine(&self) -> Engine {
        match self {
            Self::Sqlite(_) => Engine::Sqlite,
            Self::Postgres(_) => Engine::Postgres,
        }
    }

    /// Runs one statement and gives all its rows.
    ///
    /// # Errors
    /// As the database says, see [`StoreError`].
    pub async fn query(&mut self, sql: &str, params: &[Value]) -> Result<Vec<Row>> {
        match self {
            Self::Sqlite(conn) => sqlite::query(conn, sql, params),
            Self::Postgres(conn) => conn.query(sql, params).await,
        }
    }

    /// The first row, if any.
    ///
    /// # Errors
    /// As for [`Conn::query`].
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

    /// Runs one statement; the number of rows that it inserted, changed or deleted (only sense for such statements).
    ///
    /// # Errors
    /// As for [`Conn::query`].
    pub async fn execute(&mut self, sql: &str, params: &[Value]) -> Result<u64> {
        match self {
            Self::Sqlite(conn) => sqlite::execute(conn, sql, [params]),
            Self::Postgres(conn) => conn.execute(sql, params).await,
        }
    }

    /// Runs one statement for each row of values, in their order; PostgreSQL gets them in one go. Call it within a
    /// transaction: after an error, how many of the others were run differs between the engines.
    ///
    /// # Errors
    /// As for [`Conn::query`]: the first that failed.
    pub async fn execute_many(&mut self, sql: &str, rows: &[Vec<Value>]) -> Result<()> {
        match self {
            Self::Sqlite(conn) => {
                sqlite::execute(conn, sql, rows.iter().map(Vec::as_slice))?;
                Ok(())
            }
            Self::Postgres(conn) => conn.execute_many(sql, rows).await,
        }
    }

    /// Inserts many rows into a table's columns (`id, name`), in their order: one prepared statement for all, and where
    /// they are many on PostgreSQL, one COPY. Call it within a transaction, as [`Conn::execute_many`].
    ///
    /// # Errors
    /// As for [`Conn::query`]: the first that failed.
    pub async fn insert_many(&mut self, table: &str, columns: &str, rows: &[Vec<Value>]) -> Result<()> {
        let Some(first) = rows.first() else {
            return Ok(());
        };
        if let Self::Postgres(conn) = self
            && rows.len() >= COPY_FROM
        {
            return conn.copy_in(table, columns, rows).await;
        }
        let marks: Vec<String> = (1..=first.len()).map(|n| format!("${n}")).collect();
        let sql = format!("INSERT INTO {table} ({columns}) VALUES ({})", marks.join(", "));
        self.execute_many(&sql, rows).await
    }

    /// Runs several statements without values.
    ///
    /// # Errors
    /// As for [`Conn::query`].
    pub async fn batch(&mut self, sql: &str) -> Result<()> {
        match self {
            Self::Sqlite(conn) => Ok(conn.execute_batch(sql)?),
            Self::Postgres(conn) => conn.batch(sql).await,
        }
    }

    /// Begins a transaction; on SQLite at once as the writer, so that it cannot fail half-way for want of the lock.
    ///
    /// # Errors
    /// As for [`Conn::query`].
    pub async fn begin(&mut self) -> Result<()> {
        match self {
            Self::Sqlite(_) => self.batch("BEGIN IMMEDIATE").await,
            // One writing transaction at a time, whichever node it is of: what was read in it holds until it ends, as on SQLite.
            Self::Postgres(_) => self.batch(BEGIN).await,
        }
    }

    /// Commits. `Ok` means durable: synced to disk, and on the synchronous standby if PostgreSQL has one.
    ///
    /// # Errors
    /// As for [`Conn::query`]; [`StoreError::Unavailable`] leaves open whether it was committed.
    pub async fn commit(&mut self) -> Result<()> {
        match self {
            Self::Sqlite(_) => self.batch("COMMIT").await,
            Self::Postgres(conn) => conn.commit().await,
        }
    }

    /// Rolls back the transaction.
    ///
    /// # Errors
    /// As for [`Conn::query`].
    pub async fn rollback(&mut self) -> Result<()> {
        match self {
            // SQLite may have rolled back by itself (disk full), and then calls this an error.
            Self::Sqlite(conn) if conn.is_autocommit() => Ok(()),
            _ => self.batch("ROLLBACK").await,
        }
    }

    /// Sets a savepoint; `name` is a plain identifier of the program's own.
    ///
    /// # Errors
    /// As for [`Conn::query`].
    pub async fn savepoint(&mut self, name: &str) -> Result<()> {
        self.batch(&format!("SAVEPOINT {name}")).await
    }

    /// Keeps what was done since the savepoint and forgets it.
    ///
    /// # Errors
    /// As for [`Conn::query`].
    pub async fn release(&mut self, name: &str) -> Result<()> {
        self.batch(&format!("RELEASE SAVEPOINT {name}")).await
    }

    /// Undoes what was done since the savepoint and forgets it, whatever failed in between.
    ///
    /// # Errors
    /// As for [`Conn::query`].
    pub async fn rollback_to(&mut self, name: &str) -> Result<()> {
        self.batch(&format!("ROLLBACK TO SAVEPOINT {name}; RELEASE SAVEPOINT {name}"))
            .await
    }
}
