//! One thin layer under all SQL, so that a repository is written once and runs unchanged on SQLite and PostgreSQL.
//!
//! Statements are written for PostgreSQL (`$1`, `$2`, …). Instants are BIGINT microseconds; booleans BOOLEAN
//! (INTEGER in SQLite); ids UUID (BLOB of 16); bytes BYTEA (BLOB). Cast `sum()` to BIGINT: PostgreSQL makes it NUMERIC.

mod conn;
mod pool;
mod postgres;
mod row;
mod sqlite;
mod tls;
mod value;

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use conn::Conn;
pub use pool::{ReadPool, SnapshotConn};
pub use postgres::PgConn;
pub(crate) use postgres::in_time;
pub use row::{Reader, Row};
pub use value::{FromValue, Value};

use crate::error::{Result, StoreError};

/// Which database it is, where a statement must differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// SQLite, in a file.
    Sqlite,
    /// PostgreSQL 15 or later.
    Postgres,
}

/// Where the data is.
#[derive(Clone, PartialEq, Eq)]
pub enum Target {
    /// A file.
    Sqlite(PathBuf),
    /// `postgres://user:password@host:port/database?sslmode=disable|prefer|require|verify-full`
    Postgres(String),
}

impl fmt::Display for Target {
    /// Without the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = match self {
            Self::Sqlite(path) => return write!(f, "{}", path.display()),
            Self::Postgres(url) => url,
        };
        // Whatever is not understood is not shown.
        let Some((scheme, rest)) = url.split_once("://") else {
            return f.write_str("postgres://***");
        };
        // The last '@', so that no part of a password that holds one is shown. Parameters may hold a password too.
        let (login, place) = rest
            .rsplit_once('@')
            .map_or((None, rest), |(login, place)| (Some(login), place));
        if login.is_some_and(|login| login.contains(['/', '?'])) {
            return write!(f, "{scheme}://***");
        }
        let place = place.split('?').next().unwrap_or_default();
        match login {
            None => write!(f, "{scheme}://{place}"),
            Some(login) => match login.split_once(':') {
                None => write!(f, "{scheme}://{login}@{place}"),
                Some((user, _)) => write!(f, "{scheme}://{user}:***@{place}"),
            },
        }
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// An open database: it gives out the writing connection and the readers.
#[derive(Clone)]
pub struct Database {
    /// Which engine it is.
    pub engine: Engine,
    place: Place,
    readers: ReadPool,
}

#[derive(Clone)]
enum Place {
    Sqlite(PathBuf),
    Postgres(Box<postgres::Server>),
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database")
            .field("engine", &self.engine)
            .finish_non_exhaustive()
    }
}

impl Database {
    /// Opens a database of either engine.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if it cannot be reached, [`StoreError::Unsupported`] if it cannot be used.
    pub async fn open(target: &Target) -> Result<Self> {
        match target {
            Target::Sqlite(path) => Self::open_sqlite(path).await,
            Target::Postgres(url) => Self::open_postgres(url).await,
        }
    }

    /// Opens a file, and creates it (readable by its owner only) if it does not exist; its directory has to.
    ///
    /// # Errors
    /// As for [`Database::open`].
    pub async fn open_sqlite(path: &Path) -> Result<Self> {
        sqlite::create(path).map_err(|error| StoreError::Unavailable(error.into()))?;
        sqlite::connect(path, sqlite::Role::Writer)?;
        let readers = ReadPool(pool::Inner::Sqlite(pool::SqliteReaders::new(path.to_owned())));
        Ok(Self {
            engine: Engine::Sqlite,
            place: Place::Sqlite(path.to_owned()),
            readers,
        })
    }

    /// Connects to PostgreSQL 15 or later by its address, see [`Target::Postgres`].
    ///
    /// # Errors
    /// As for [`Database::open`].
    pub async fn open_postgres(url: &str) -> Result<Self> {
        let server = postgres::Server::parse(url)?;
        server.connect().await?.check().await?;
        let readers = ReadPool(pool::Inner::Postgres(server.pool()?));
        Ok(Self {
            engine: Engine::Postgres,
            place: Place::Postgres(Box::new(server)),
            readers,
        })
    }

    /// A connection of one's own to write with. For PostgreSQL its task runs on the runtime that calls this, and stops
    /// with it; SQLite admits one writing transaction at a time, whoever holds the connections.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the database cannot be reached.
    pub async fn writer(&self) -> Result<Conn> {
        match &self.place {
            Place::Sqlite(path) => Ok(Conn::Sqlite(sqlite::connect(path, sqlite::Role::Writer)?)),
            Place::Postgres(server) => {
                let conn = server.connect().await?;
                // Whatever the server's default: an acknowledged commit is durable, on the standby too where there is one.
                // And a session that the network has lost, or whose node stands still, does not hold its locks for long.
                let session = "SET synchronous_commit = on; SET idle_in_transaction_session_timeout = '5s'; \
                               SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 3; \
                               SET tcp_keepalives_count = 3";
                in_time(conn.batch(session)).await?;
                Ok(Conn::Postgres(conn))
            }
        }
    }

    /// How long a connection may take longer because other hosts of the address are tried before and say nothing.
    pub(crate) fn detour(&self) -> Duration {
        match &self.place {
            Place::Sqlite(_) => Duration::ZERO,
            Place::Postgres(server) => server.detour(),
        }
    }

    /// Writes SQLite's write-ahead log into its database and cuts it off, so that the files hold what is committed and
    /// nothing older; false while a reader or another writer is in the way. For PostgreSQL there is nothing to do.
    ///
    /// # Errors
    /// As for [`Database::writer`], or when the disk fails.
    pub async fn truncate_log(&self) -> Result<bool> {
        let Place::Sqlite(path) = &self.place else {
            return Ok(true);
        };
        let path = path.clone();
        tokio::task::spawn_blocking(move || sqlite::truncate_log(&path))
            .await
            .map_err(|stopped| StoreError::Unavailable(stopped.into()))?
    }

    /// The readers.
    pub fn readers(&self) -> ReadPool {
        self.readers.clone()
    }
}
