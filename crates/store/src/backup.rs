//! Everything in one SQLite file, whichever engine it comes from, and from such a file into either. What is read is one
//! snapshot; what is written is one transaction.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use uuid::Uuid;

use crate::db::{Conn, Database, Engine, SnapshotConn, Target, Value};
use crate::error::{Result, StoreError};
use crate::migrate::{migrate, pending};
use crate::{MIGRATIONS, params};

/// Rows that are copied at a time.
const ROWS: usize = 2_000;
/// What a backup says of itself.
const NOTES: &str = "backup_notes";

/// Copies a database, as it stands at one moment, into a file that is there and empty; others read and write on meanwhile.
///
/// # Errors
/// When either fails. The file is of no use then.
pub async fn write(from: &Database, file: &Path) -> Result<()> {
    if from.engine == Engine::Sqlite {
        return from.vacuum_into(file).await;
    }
    // The schema as it is there, which an older program may have made.
    let known = MIGRATIONS.len() - pending(from, MIGRATIONS).await?.len();
    let into = Database::open_sqlite(file).await?;
    migrate(&into, &MIGRATIONS[..known]).await?;
    copy(from, &into).await?;
    let mut conn = into.writer().await?;
    conn.batch("INSERT INTO key_search (rowid, text) SELECT row, search FROM keys")
        .await?;
    // One file: what is in the write-ahead log goes into it.
    conn.query("PRAGMA wal_checkpoint(TRUNCATE)", &[]).await?;
    Ok(())
}

/// Copies what a backup's file holds, brought up to this program's schema before, into an empty PostgreSQL database.
///
/// # Errors
/// When either fails; nothing is in it then but empty tables.
pub async fn read_into(file: &Database, into: &Database) -> Result<()> {
    migrate(into, MIGRATIONS).await?;
    copy(file, into).await?;
    into.writer().await?.batch("ANALYZE").await
}

/// Whether a database holds nothing of Claviger's.
///
/// # Errors
/// When the database fails.
pub async fn is_empty(db: &Database) -> Result<bool> {
    if pending(db, MIGRATIONS).await?.len() == MIGRATIONS.len() {
        return Ok(true);
    }
    let rows = db
        .readers()
        .query("SELECT 1 FROM audit_heads LIMIT 1", &[])
        .await?;
    Ok(rows.is_empty())
}

/// Writes down what a backup says of itself.
///
/// # Errors
/// When the file fails.
pub async fn write_notes(file: &Path, notes: &[(&str, String)]) -> Result<()> {
    let db = Database::open_sqlite(file).await?;
    let mut conn = db.writer().await?;
    conn.begin().await?;
    conn.batch(&format!(
        "CREATE TABLE {NOTES} (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT"
    ))
    .await?;
    let rows: Vec<Vec<Value>> = notes
        .iter()
        .map(|(name, value)| vec![Value::from(*name), Value::from(value.as_str())])
        .collect();
    conn.insert_many(NOTES, "name, value", &rows).await?;
    conn.commit().await?;
    // So that the file can be read where nothing can be written.
    conn.query("PRAGMA wal_checkpoint(TRUNCATE)", &[]).await?;
    conn.query("PRAGMA journal_mode = DELETE", &[]).await?;
    Ok(())
}

/// What a file says of itself; none when it is no backup, or a damaged one.
///
/// # Errors
/// When the file cannot be read.
pub async fn take_notes(db: &Database) -> Result<Option<BTreeMap<String, String>>> {
    let mut conn = db.writer().await?;
    let sound = conn.query("PRAGMA integrity_check(1)", &[]).await?;
    if sound
        .first()
        .map(|row| row.get::<String>(0))
        .transpose()?
        .as_deref()
        != Some("ok")
    {
        return Ok(None);
    }
    let known = "SELECT count(*) > 0 FROM sqlite_master WHERE name = $1";
    if !conn.query_one(known, params![NOTES]).await?.get(0)? {
        return Ok(None);
    }
    let mut notes = BTreeMap::new();
    for row in conn
        .query(&format!("SELECT name, value FROM {NOTES}"), &[])
        .await?
    {
        notes.insert(row.get(0)?, row.get(1)?);
    }
    conn.batch(&format!("DROP TABLE {NOTES}")).await?;
    Ok(Some(notes))
}

/// A table, as both engines have it.
#[derive(Debug)]
struct Table {
    name: String,
    columns: Vec<String>,
    /// In SQLite: what its rows are told apart by.
    key: Vec<String>,
}

impl Table {
    fn list(names: &[String]) -> String {
        let quoted: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
        quoted.join(", ")
    }
}

/// What is not copied: the schema's own record, the index of words, which is made anew, and who serves at present.
const APART: &str = "name NOT LIKE 'sqlite_%' AND name NOT LIKE 'key_search%' \
                     AND name NOT IN ('schema_migrations', 'nodes', 'backup_notes')";

/// The tables of a SQLite database, each behind those that it refers to.
async fn tables(db: &Database) -> Result<Vec<Table>> {
    let readers = db.readers();
    let mut left = BTreeMap::new();
    let names = format!("SELECT name FROM sqlite_master WHERE type = 'table' AND {APART} ORDER BY name");
    for row in readers.query(&names, &[]).await? {
        let name: String = row.get(0)?;
        let mut refers = BTreeSet::new();
        let sql = "SELECT \"table\" FROM pragma_foreign_key_list($1)";
        for row in readers.query(sql, params![name.as_str()]).await? {
            refers.insert(row.get::<String>(0)?);
        }
        refers.remove(&name);
        let (mut columns, mut key) = (Vec::new(), Vec::new());
        let sql = "SELECT name, pk FROM pragma_table_info($1) ORDER BY cid";
        for row in readers.query(sql, params![name.as_str()]).await? {
            let (column, place): (String, i64) = (row.get(0)?, row.get(1)?);
            if place > 0 {
                key.push((place, column.clone()));
            }
            columns.push(column);
        }
        key.sort();
        let key = key.into_iter().map(|(_, column)| column).collect();
        left.insert(name.clone(), (refers, Table { name, columns, key }));
    }
    let mut ordered: Vec<Table> = Vec::with_capacity(left.len());
    while !left.is_empty() {
        let next = left
            .iter()
            .find(|(_, (refers, _))| refers.iter().all(|other| !left.contains_key(other)))
            .map(|(name, _)| name.clone());
        let found = next.and_then(|name| left.remove(&name));
        let (_, table) =
            found.ok_or_else(|| StoreError::Corrupt("tables refer to each other in a circle".to_owned()))?;
        ordered.push(table);
    }
    Ok(ordered)
}

/// What PostgreSQL calls the type of each column of a table.
async fn types(db: &Database, table: &str) -> Result<BTreeMap<String, String>> {
    let sql = "SELECT CAST(column_name AS TEXT), CAST(udt_name AS TEXT) FROM information_schema.columns \
               WHERE table_schema = current_schema() AND table_name = $1";
    let mut types = BTreeMap::new();
    for row in db.readers().query(sql, params![table]).await? {
        types.insert(row.get(0)?, row.get(1)?);
    }
    Ok(types)
}

async fn copy(from: &Database, into: &Database) -> Result<()> {
    let (sqlite, postgres) = match from.engine {
        Engine::Sqlite => (from, into),
        Engine::Postgres => (into, from),
    };
    let mut all = Vec::new();
    for mut table in tables(sqlite).await? {
        let types = types(postgres, &table.name).await?;
        if types.is_empty() {
            return Err(StoreError::Corrupt(format!(
                "PostgreSQL has no table {}",
                table.name
            )));
        }
        // SQLite's number of a row, by which its index of words knows keys, is its own.
        table.columns.retain(|column| types.contains_key(column));
        let kinds: Vec<String> = table.columns.iter().map(|column| types[column].clone()).collect();
        all.push((table, kinds));
    }
    let mut conn = into.writer().await?;
    conn.begin().await?;
    for (table, _) in all.iter().rev() {
        conn.execute(&format!("DELETE FROM {}", table.name), &[]).await?;
    }
    from.readers()
        .snapshot(async |snapshot| {
            for (table, kinds) in &all {
                match snapshot.engine() {
                    Engine::Sqlite => from_sqlite(snapshot, table, kinds, &mut conn).await?,
                    Engine::Postgres => from_postgres(snapshot, table, &mut conn).await?,
                }
            }
            Ok(())
        })
        .await?;
    conn.commit().await
}

async fn from_postgres(snapshot: &mut SnapshotConn<'_>, table: &Table, into: &mut Conn) -> Result<()> {
    let (name, columns) = (&table.name, Table::list(&table.columns));
    // Named after the table: a prepared FETCH keeps the columns of the cursor that it was prepared for.
    let declare = format!("DECLARE copied_{name} NO SCROLL CURSOR FOR SELECT {columns} FROM {name}");
    snapshot.query(&declare, &[]).await?;
    loop {
        let rows = snapshot
            .query(&format!("FETCH {ROWS} FROM copied_{name}"), &[])
            .await?;
        let rows: Vec<Vec<Value>> = rows.into_iter().map(|row| row.0).collect();
        into.insert_many(name, &columns, &rows).await?;
        if rows.len() < ROWS {
            break;
        }
    }
    snapshot.query(&format!("CLOSE copied_{name}"), &[]).await?;
    Ok(())
}

async fn from_sqlite(
    snapshot: &mut SnapshotConn<'_>,
    table: &Table,
    kinds: &[String],
    into: &mut Conn,
) -> Result<()> {
    let (columns, key) = (Table::list(&table.columns), Table::list(&table.key));
    let marks: Vec<String> = (1..=table.key.len()).map(|n| format!("${n}")).collect();
    let first = format!(
        "SELECT {columns}, {key} FROM {} ORDER BY {key} LIMIT {ROWS}",
        table.name
    );
    let further = format!(
        "SELECT {columns}, {key} FROM {} WHERE ({key}) > ({}) ORDER BY {key} LIMIT {ROWS}",
        table.name,
        marks.join(", ")
    );
    let mut last: Option<Vec<Value>> = None;
    loop {
        let rows = match &last {
            None => snapshot.query(&first, &[]).await?,
            Some(last) => snapshot.query(&further, last).await?,
        };
        let mut rows: Vec<Vec<Value>> = rows.into_iter().map(|row| row.0).collect();
        let done = rows.len() < ROWS;
        for row in &mut rows {
            last = Some(row.split_off(table.columns.len()));
            for (value, kind) in row.iter_mut().zip(kinds) {
                as_kind(value, kind)?;
            }
        }
        into.insert_many(&table.name, &columns, &rows).await?;
        if done {
            return Ok(());
        }
    }
}

/// What SQLite holds as numbers and bytes, as PostgreSQL has it.
fn as_kind(value: &mut Value, kind: &str) -> Result<()> {
    match (&*value, kind) {
        (Value::Int(int), "bool") => *value = Value::Bool(*int != 0),
        (Value::Bytes(bytes), "uuid") => {
            let id = Uuid::from_slice(bytes)
                .map_err(|_| StoreError::Corrupt("an id of another length".to_owned()))?;
            *value = Value::Uuid(id);
        }
        _ => {}
    }
    Ok(())
}

impl Database {
    async fn vacuum_into(&self, file: &Path) -> Result<()> {
        let mut conn = self.writer().await?;
        let name = file
            .to_str()
            .ok_or_else(|| StoreError::Unsupported("the file's name is no text".to_owned()))?;
        let name = name.to_owned();
        // It takes as long as the file is large, and other tasks go on.
        let done = tokio::task::spawn_blocking(move || match &mut conn {
            Conn::Sqlite(conn) => conn
                .execute("VACUUM INTO ?1", [name])
                .map(drop)
                .map_err(StoreError::from),
            Conn::Postgres(_) => Ok(()),
        });
        done.await
            .map_err(|stopped| StoreError::Unavailable(stopped.into()))?
    }
}

/// Opens the file of a backup, or of an installation, that is there.
///
/// # Errors
/// As [`Database::open`].
pub async fn open(file: &Path) -> Result<Database> {
    Database::open(&Target::Sqlite(file.to_owned())).await
}
