//! SQLite: how a connection is set up, and how a statement written for PostgreSQL is bound and read.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, OpenFlags, Statement};

use super::row::Row;
use super::value::Value;
use crate::error::{Result, StoreError};

/// How long a statement waits for another process's lock.
pub(crate) const BUSY: Duration = Duration::from_secs(5);

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Role {
    Writer,
    Reader,
}

/// Creates the file, readable by its owner only; SQLite gives the `-wal` and `-shm` files the same mode.
pub(crate) fn create(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    // Only a new file is opened here: closing a second descriptor of an open database drops SQLite's locks on it.
    let created = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path);
    match created {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

/// Opens an existing file.
pub(crate) fn connect(path: &Path, role: Role) -> Result<Connection> {
    let conn = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    conn.busy_timeout(BUSY)?;
    // "name" must be a column, as it is for PostgreSQL, never a string by mistake.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DDL, false)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    let mode: String = conn.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    if mode != "wal" {
        return Err(StoreError::Unsupported(format!(
            "{}: SQLite cannot use a write-ahead log here (journal mode {mode}); a network file system?",
            path.display()
        )));
    }
    // FULL: a commit that was acknowledged survives the loss of power.
    // secure_delete: what was deleted is overwritten, so a revoked secret does not linger in free pages.
    // temp_store: sorting leaves no copies in temporary files.
    // mmap_size 0: a fault of the disk is an error here; through a memory map it would be a signal that ends the process.
    // cache_size, in KiB: the writer's working set (indexes); a reader mostly finds its pages in the system's cache.
    let (cache, query_only) = match role {
        Role::Writer => (32 * 1024, "OFF"),
        Role::Reader => (4 * 1024, "ON"),
    };
    conn.execute_batch(&format!(
        "PRAGMA synchronous = FULL;
         PRAGMA foreign_keys = ON;
         PRAGMA trusted_schema = OFF;
         PRAGMA secure_delete = ON;
         PRAGMA temp_store = MEMORY;
         PRAGMA mmap_size = 0;
         PRAGMA cache_size = -{cache};
         PRAGMA query_only = {query_only};"
    ))?;
    conn.set_prepared_statement_cache_capacity(256);
    Ok(conn)
}

/// How long the cutting off of the log waits for others. They wait for it, too, so it is short and tried again.
const IN_THE_WAY: Duration = Duration::from_millis(100);

/// Writes the write-ahead log into the database and cuts it off; false while somebody is in the way.
pub(crate) fn truncate_log(path: &Path) -> Result<bool> {
    let conn = connect(path, Role::Writer)?;
    conn.busy_timeout(IN_THE_WAY)?;
    let busy: i64 = conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    Ok(busy == 0)
}

/// Runs a statement and reads its rows.
pub(crate) fn query(conn: &Connection, sql: &str, params: &[Value]) -> Result<Vec<Row>> {
    let mut statement = conn.prepare_cached(sql)?;
    bind(&mut statement, params)?;
    let columns = statement.column_count();
    let mut rows = statement.raw_query();
    let mut out = Vec::new();
    while let Some(row) = rows.next()? {
        let mut values = Vec::with_capacity(columns);
        for index in 0..columns {
            values.push(read(index, row.get_ref(index)?)?);
        }
        out.push(Row(values));
    }
    Ok(out)
}

/// Runs a statement for each parameter row; the number of rows that they changed.
pub(crate) fn execute<'a>(
    conn: &Connection,
    sql: &str,
    params: impl IntoIterator<Item = &'a [Value]>,
) -> Result<u64> {
    let mut statement = conn.prepare_cached(sql)?;
    let numbers = numbers(&statement)?;
    let mut touched = 0;
    for params in params {
        bind_numbered(&mut statement, &numbers, params)?;
        let mut rows = statement.raw_query();
        while rows.next()?.is_some() {}
        drop(rows);
        if !statement.readonly() {
            touched += conn.changes();
        }
    }
    Ok(touched)
}

fn bind(statement: &mut Statement<'_>, params: &[Value]) -> Result<()> {
    let numbers = numbers(statement)?;
    bind_numbered(statement, &numbers, params)
}

/// Which value each parameter is, by the number in its name: SQLite numbers `$2` by its first appearance. `$1::BIGINT` is
/// one name to SQLite (its syntax for Tcl), so PostgreSQL's casts of a parameter may stay in the text.
fn numbers(statement: &Statement<'_>) -> Result<Vec<usize>> {
    (1..=statement.parameter_count())
        .map(|index| {
            let name = statement.parameter_name(index);
            name.and_then(number).ok_or_else(|| no_value(name.unwrap_or("?")))
        })
        .collect()
}

fn no_value(name: &str) -> StoreError {
    StoreError::Database(format!("no value is given for {name}").into())
}

fn bind_numbered(statement: &mut Statement<'_>, numbers: &[usize], params: &[Value]) -> Result<()> {
    let mut highest = 0;
    for (number, index) in numbers.iter().zip(1..) {
        let value = params
            .get(number - 1)
            .ok_or_else(|| no_value(&format!("${number}")))?;
        highest = highest.max(*number);
        statement.raw_bind_parameter(index, value)?;
    }
    if highest != params.len() {
        let message = format!("{} values are given for {highest} parameters", params.len());
        return Err(StoreError::Database(message.into()));
    }
    Ok(())
}

fn number(name: &str) -> Option<usize> {
    let name = name.strip_prefix('$')?;
    let digits = name.split_once("::").map_or(name, |(digits, _)| digits);
    digits.parse().ok().filter(|number| *number > 0)
}

fn read(index: usize, value: ValueRef<'_>) -> Result<Value> {
    Ok(match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(int) => Value::Int(int),
        ValueRef::Blob(bytes) => Value::Bytes(bytes.to_vec()),
        ValueRef::Text(text) => match std::str::from_utf8(text) {
            Ok(text) => Value::Text(text.to_owned()),
            Err(_) => {
                return Err(StoreError::Corrupt(format!(
                    "column {index}: text that is not UTF-8"
                )));
            }
        },
        ValueRef::Real(_) => {
            return Err(StoreError::Corrupt(format!(
                "column {index}: a floating-point number"
            )));
        }
    })
}

impl rusqlite::ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(int) => ValueRef::Integer(*int),
            Self::Bool(bool) => ValueRef::Integer(i64::from(*bool)),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
            Self::Uuid(uuid) => ValueRef::Blob(uuid.as_bytes()),
        }))
    }
}
