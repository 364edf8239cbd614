//! One error for both engines, sorted by what a caller can do about it: wait, retry, tell the user, or wake somebody.

use std::error::Error;

use rusqlite::ffi;
use tokio_postgres::error::SqlState;

/// What a driver said.
pub type Cause = Box<dyn Error + Send + Sync>;

/// The result of everything here.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// Why the database did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Not reachable, connection lost, out of time, out of space, or a fault of input and output.
    #[error("the database is unavailable: {0}")]
    Unavailable(#[source] Cause),
    /// Busy, deadlocked or not serializable: the same transaction may well succeed when run again.
    #[error("the database asks to try again: {0}")]
    Retry(#[source] Cause),
    /// A unique constraint stands against it: its name (PostgreSQL) or `table.column` (SQLite).
    #[error("conflicts with what exists: {constraint}")]
    Conflict {
        /// The constraint's name, or `table.column, table.column`.
        constraint: String,
    },
    /// A row that has to exist does not.
    #[error("a row that must exist is missing")]
    RowMissing,
    /// A stored value that cannot be read as what it should be. Names the column, never the value.
    #[error("a stored value cannot be read: {0}")]
    Corrupt(String),
    /// The schema and this program do not fit together.
    #[error("migration: {0}")]
    Migration(String),
    /// A server, a setting or an address that is not supported.
    #[error("{0}")]
    Unsupported(String),
    /// Anything else: a wrong statement, a broken check or foreign key.
    #[error("database: {0}")]
    Database(#[source] Cause),
}

impl StoreError {
    /// Whether the database could not be asked at all, so that nothing may be concluded.
    pub fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }

    /// Whether running the whole transaction again may help.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Retry(_))
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode as Code;
        let (code, text) = match &error {
            rusqlite::Error::SqliteFailure(code, text) => (*code, text.clone()),
            rusqlite::Error::Utf8Error(..) => return Self::Corrupt(error.to_string()),
            _ => return Self::Database(error.into()),
        };
        match code.extended_code {
            ffi::SQLITE_CONSTRAINT_UNIQUE
            | ffi::SQLITE_CONSTRAINT_PRIMARYKEY
            | ffi::SQLITE_CONSTRAINT_ROWID => {
                let text = text.unwrap_or_default();
                let constraint = text
                    .rsplit_once("failed: ")
                    .map_or(text.as_str(), |(_, name)| name);
                return Self::Conflict {
                    constraint: constraint.to_owned(),
                };
            }
            _ => {}
        }
        match code.code {
            Code::DatabaseBusy | Code::DatabaseLocked => Self::Retry(error.into()),
            Code::SystemIoFailure
            | Code::DiskFull
            | Code::CannotOpen
            | Code::PermissionDenied
            | Code::ReadOnly
            | Code::OutOfMemory
            | Code::OperationInterrupted
            | Code::FileLockingProtocolFailed => Self::Unavailable(error.into()),
            Code::DatabaseCorrupt | Code::NotADatabase => Self::Corrupt(error.to_string()),
            _ => Self::Database(error.into()),
        }
    }
}

impl From<tokio_postgres::Error> for StoreError {
    fn from(error: tokio_postgres::Error) -> Self {
        let Some(db) = error.as_db_error() else {
            let io = error.source().is_some_and(|source| source.is::<std::io::Error>());
            return match io || error.is_closed() {
                true => Self::Unavailable(error.into()),
                false => Self::Database(error.into()),
            };
        };
        let code = db.code();
        if *code == SqlState::UNIQUE_VIOLATION {
            let constraint = db.constraint().or(db.table()).unwrap_or("unknown");
            return Self::Conflict {
                constraint: constraint.to_owned(),
            };
        }
        if stale_plan(db) {
            return Self::Retry(error.into());
        }
        // https://www.postgresql.org/docs/current/errcodes-appendix.html; a class is the first two characters.
        match (&code.code()[..2], code.code()) {
            (_, "40001" | "40P01" | "55P03") => Self::Retry(error.into()),
            // 57: cancelled, shutting down, starting up. 25006: a standby after a failover. 25P03: idle too long.
            ("08" | "53" | "57" | "58", _) | (_, "25006" | "25P03") => Self::Unavailable(error.into()),
            (_, "XX001" | "XX002") => Self::Corrupt(db.message().to_owned()),
            _ => Self::Database(error.into()),
        }
    }
}

/// Whether a cached statement no longer fits the schema; prepared anew it will.
pub(crate) fn stale_plan(db: &tokio_postgres::error::DbError) -> bool {
    // Only the routine tells this use of 0A000 apart, and it is not translated.
    *db.code() == SqlState::INVALID_SQL_STATEMENT_NAME
        || (*db.code() == SqlState::FEATURE_NOT_SUPPORTED && db.routine() == Some("RevalidateCachedQuery"))
}

impl From<deadpool_postgres::PoolError> for StoreError {
    fn from(error: deadpool_postgres::PoolError) -> Self {
        // Without a connection nothing was asked, whatever the reason.
        Self::Unavailable(error.into())
    }
}
