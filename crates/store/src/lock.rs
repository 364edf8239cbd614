//! One server at a time: a lock on the data directory, and one in PostgreSQL, both freed by the system when their
//! holder dies.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use crate::db::{Conn, Database, in_time};
use crate::error::{Result, StoreError};
use crate::params;

/// The key of PostgreSQL's advisory lock. Positive and below 2^31, so that `pg_locks` shows it whole in `objid`.
const NODE: i64 = 0x434c_4156;

/// Why a directory was not locked.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process holds it.
    #[error("{} is held by process {}", path.display(), pid.map_or("?".to_owned(), |pid| pid.to_string()))]
    Held {
        /// The lock file.
        path: PathBuf,
        /// The holder, if it has written its id yet.
        pid: Option<u32>,
    },
    /// The lock file cannot be used.
    #[error("{}: {source}", path.display())]
    Io {
        /// The lock file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// The exclusive right to a data directory, until dropped or until the process ends.
#[derive(Debug)]
pub struct DirectoryLock {
    _file: File,
}

impl DirectoryLock {
    /// Takes the lock `claviger.lock` in `directory`, without waiting. The file stays: removing it would let two hold it.
    ///
    /// # Errors
    /// [`LockError::Held`] names the process that holds it.
    pub fn acquire(directory: &Path) -> Result<Self, LockError> {
        let path = directory.join("claviger.lock");
        match lock(&path) {
            Ok(file) => Ok(Self { _file: file }),
            Err(Refused::Held(pid)) => Err(LockError::Held { path, pid }),
            Err(Refused::Io(source)) => Err(LockError::Io { path, source }),
        }
    }
}

enum Refused {
    Held(Option<u32>),
    Io(std::io::Error),
}

impl From<std::io::Error> for Refused {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error)
    }
}

fn lock(path: &Path) -> Result<File, Refused> {
    let mut options = OpenOptions::new();
    let mut file = options
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {}
        Err(Errno::WOULDBLOCK) => {
            let mut pid = String::new();
            file.read_to_string(&mut pid)?;
            return Err(Refused::Held(pid.trim().parse().ok()));
        }
        Err(error) => return Err(Refused::Io(error.into())),
    }
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{}", std::process::id())?;
    Ok(file)
}

/// The right to be the one server of a database. On SQLite the [`DirectoryLock`] is that right, and this adds nothing.
#[derive(Debug)]
pub struct NodeLock {
    conn: Conn,
    session: Session,
}

/// One session of PostgreSQL: its process, and since when, because the numbers of processes come again.
type Session = (i64, i64);

const SESSION: &str = "SELECT CAST(pid AS BIGINT), CAST(extract(epoch FROM backend_start) * 1000000 AS BIGINT) \
                       FROM pg_stat_activity WHERE pid = pg_backend_pid()";

impl NodeLock {
    /// Takes the lock, without waiting, on a connection of its own.
    ///
    /// # Errors
    /// [`StoreError::InUse`] if another server has it.
    pub async fn acquire(db: &Database) -> Result<Self> {
        let mut conn = db.writer().await?;
        let mut session = (0, 0);
        if let Conn::Postgres(_) = conn {
            let row = in_time(conn.query_one("SELECT pg_try_advisory_lock($1)", params![NODE])).await?;
            if !row.get::<bool>(0)? {
                return Err(StoreError::InUse(in_time(holder(&mut conn)).await?));
            }
            let row = in_time(conn.query_one(SESSION, &[])).await?;
            session = (row.get(0)?, row.get(1)?);
        }
        Ok(Self { conn, session })
    }

    /// Takes a lost lock again. Where the network broke, PostgreSQL may not know yet that this lock's session is dead:
    /// then it is ended there.
    ///
    /// # Errors
    /// [`StoreError::InUse`] if another server has it by now, [`StoreError::Retry`] once the old session was ended.
    pub async fn retake(&self, db: &Database) -> Result<Self> {
        let refused = match Self::acquire(db).await {
            Err(StoreError::InUse(holder)) => holder,
            other => return other,
        };
        let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = $1 \
                   AND CAST(extract(epoch FROM backend_start) * 1000000 AS BIGINT) = $2";
        let mut conn = db.writer().await?;
        let (pid, since) = self.session;
        match in_time(conn.query_opt(sql, params![pid, since])).await? {
            Some(_) => Err(StoreError::Retry("this server's lost session was ended".into())),
            None => Err(StoreError::InUse(refused)),
        }
    }

    /// Resolves when the connection that holds the lock is gone, and with it the lock.
    pub async fn lost(&self) {
        match &self.conn {
            Conn::Sqlite(_) => std::future::pending().await,
            Conn::Postgres(conn) => conn.gone().await,
        }
    }
}

async fn holder(conn: &mut Conn) -> Result<String> {
    let sql = "SELECT coalesce(host(a.client_addr), 'a local socket'), a.pid FROM pg_locks l \
               JOIN pg_stat_activity a ON a.pid = l.pid WHERE l.locktype = 'advisory' AND l.granted \
               AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) \
               AND l.classid = 0 AND CAST(l.objid AS BIGINT) = $1";
    let Some(row) = conn.query_opt(sql, params![NODE]).await? else {
        return Ok("another server serves this database".to_owned());
    };
    let (place, backend): (String, i64) = (row.get(0)?, row.get(1)?);
    Ok(format!(
        "another server, connected from {place} (backend {backend}), serves this database"
    ))
}
