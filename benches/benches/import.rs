//! How many keys a second `claviger import` brings in, as a user runs it: tokens of another system in a file of NDJSON, each
//! key with its secret, search index and audit record on disk. Beside it the same rows in the same tables by plain prepared
//! inserts, batch by batch, without anything that makes or checks them. PostgreSQL beside SQLite.
//!
//! `CLAVIGER_BENCH_IMPORT` says how many keys; a million when not said.
#![expect(clippy::print_stderr, reason = "a benchmark that could not run says why")]

use std::fs;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use benches::house::{build, failed, kept};
use benches::report::Report;
use benches::stopwatch::Stopwatch;
use benches::{Error, Result};
use store::db::{Conn, Database, FromValue, Row, Target, Value};
use store::{StoreError, params};
use tempfile::TempDir;

/// Keys a second on SQLite.
const FLOOR: f64 = 30_000.0;
/// Keys of one transaction of the plain inserts.
const CHUNK: i64 = 10_000;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match measure().await {
        Ok(report) => report.finish(),
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn measure() -> Result<Report> {
    let mut report = Report::begin("import: keys from a file, as `claviger import` brings them in");
    let count: i64 = match std::env::var("CLAVIGER_BENCH_IMPORT") {
        Ok(text) => text.parse().map_err(failed)?,
        Err(_) => 1_000_000,
    };
    let program = build()?;
    let here = TempDir::new_in(kept()?).map_err(Error::io("a directory"))?;
    let file = here.path().join("keys.ndjson");
    write(&file, count)?;

    let data = here.path().join("sqlite");
    let rate = import(&program, &data, None, &file, count)?;
    let plain = plain(&data.join("claviger.db"), &here.path().join("plain.db"), count).await?;
    report.at_least(
        "SQLite: keys/s, beside plain inserts of the same rows/s",
        rate,
        Some(plain),
        FLOOR,
    );

    let target = postgres().await?;
    let data = here.path().join("postgres");
    let rate = import(&program, &data, Some(&target), &file, count)?;
    report.information(
        "PostgreSQL: keys/s, beside plain inserts into SQLite/s",
        rate,
        Some(plain),
    );
    Ok(report)
}

/// A file of believable keys with tokens of somebody else's.
fn write(path: &Path, count: i64) -> Result<()> {
    let broken = Error::io("the file of keys");
    let mut out = BufWriter::new(fs::File::create(path).map_err(broken)?);
    let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut line = String::new();
    for n in 0..count {
        let token: String = (0..40)
            .map(|_| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                char::from(letters[(state % 62) as usize])
            })
            .collect();
        line.clear();
        line.push_str(&format!(
            "{{\"name\":\"Customer Portal {n}\",\"description\":\"Reads customers and invoices of branch {}\",\"permissions\":[\"customers:view\",\
             \"invoices:view\"],\"secret\":\"other_{token}\",\"created_at\":\"2025-06-01T08:00:00Z\",\"external_id\":\"{n}\"}}\n",
            n % 977
        ));
        out.write_all(line.as_bytes())
            .map_err(Error::io("the file of keys"))?;
    }
    out.flush().map_err(Error::io("the file of keys"))
}

fn claviger(program: &Path, data: &Path, database: Option<&str>, arguments: &[&str]) -> Result<Duration> {
    let mut command = Command::new(program);
    command.arg("--data").arg(data).args(arguments);
    if let Some(database) = database {
        command.arg("--database").arg(database);
    }
    let watch = Stopwatch::start();
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(Error::io("claviger"))?;
    let took = watch.elapsed();
    if !output.status.success() {
        return Err(failed(String::from_utf8_lossy(&output.stderr)));
    }
    Ok(took)
}

fn import(program: &Path, data: &Path, database: Option<&str>, file: &Path, count: i64) -> Result<f64> {
    claviger(program, data, database, &["init", "--json"])?;
    claviger(
        program,
        data,
        database,
        &["policy", "set", "secret.source=external_allowed"],
    )?;
    let file = file.display().to_string();
    let took = claviger(program, data, database, &["import", &file, "--json"])?;
    Ok(count as f64 / took.as_secs_f64())
}

/// Copies all that the import wrote into an empty database of the same schema; how many keys a second the inserts alone take.
async fn plain(from: &Path, to: &Path, count: i64) -> Result<f64> {
    let source = Database::open_sqlite(from).await.map_err(failed)?;
    let target = Database::open_sqlite(to).await.map_err(failed)?;
    store::migrate::migrate(&target, store::MIGRATIONS)
        .await
        .map_err(failed)?;
    let (mut reader, mut writer) = (
        source.writer().await.map_err(failed)?,
        target.writer().await.map_err(failed)?,
    );
    let mut took = Duration::ZERO;
    for table in ["organisations", "audit_heads"] {
        let (columns, rows) = read(&mut reader, table, "1 = 1", &[]).await.map_err(failed)?;
        writer.insert_many(table, &columns, &rows).await.map_err(failed)?;
    }
    for from in (0..=count + CHUNK).step_by(CHUNK as usize) {
        let range = params![from, from + CHUNK];
        let of_key = "key IN (SELECT id FROM keys WHERE number > $1 AND number <= $2)";
        let mut tables = Vec::new();
        for (table, which) in [
            ("keys", "number > $1 AND number <= $2"),
            ("key_labels", of_key),
            ("secrets", of_key),
            ("audit_records", "seq > $1 AND seq <= $2"),
        ] {
            let (columns, rows) = read(&mut reader, table, which, range).await.map_err(failed)?;
            tables.push((table, columns, rows));
        }
        let watch = Stopwatch::start();
        let done: std::result::Result<(), StoreError> = async {
            writer.begin().await?;
            for (table, columns, rows) in &tables {
                writer.insert_many(table, columns, rows).await?;
            }
            let sql = "INSERT INTO key_search (rowid, text) SELECT row, search FROM keys WHERE number > $1 AND number <= $2";
            writer.execute(sql, range).await?;
            writer.commit().await
        }
        .await;
        done.map_err(failed)?;
        took += watch.elapsed();
    }
    Ok(count as f64 / took.as_secs_f64())
}

/// Some rows of a table, and the columns that are stored.
async fn read(
    conn: &mut Conn,
    table: &str,
    which: &str,
    values: &[Value],
) -> std::result::Result<(String, Vec<Vec<Value>>), StoreError> {
    // Neither generated columns nor the row's number.
    let info = conn
        .query(&format!("SELECT name FROM pragma_table_info('{table}')"), &[])
        .await?;
    let names: Vec<String> = info
        .iter()
        .map(|row| row.get(0))
        .collect::<std::result::Result<_, _>>()?;
    let names: Vec<String> = names.into_iter().filter(|name| name != "row").collect();
    let columns = names.join(", ");
    let sql = format!("SELECT {columns} FROM {table} WHERE {which}");
    let rows = conn.query(&sql, values).await?;
    let count = names.len();
    let rows = rows
        .iter()
        .map(|row| (0..count).map(|at| raw(row, at)).collect())
        .collect();
    Ok((columns, rows))
}

/// A stored value as it is.
fn raw(row: &Row, at: usize) -> Value {
    struct Any(Value);

    impl FromValue for Any {
        fn from_value(value: &Value) -> Option<Self> {
            Some(Self(value.clone()))
        }
    }

    row.get::<Any>(at).map_or(Value::Null, |any| any.0)
}

/// A database of its own, empty.
async fn postgres() -> Result<String> {
    let server = std::env::var("CLAVIGER_TEST_POSTGRES")
        .unwrap_or_else(|_| "postgres://postgres@127.0.0.1:5432/postgres".to_owned());
    let admin = Database::open(&Target::Postgres(server.clone()))
        .await
        .map_err(failed)?;
    let mut conn = admin.writer().await.map_err(failed)?;
    for sql in [
        "DROP DATABASE IF EXISTS claviger_bench_import WITH (FORCE)",
        "CREATE DATABASE claviger_bench_import ENCODING 'UTF8' TEMPLATE template0",
    ] {
        conn.batch(sql).await.map_err(failed)?;
    }
    let base = server.rsplit_once('/').map_or(server.as_str(), |(base, _)| base);
    Ok(format!("{base}/claviger_bench_import"))
}
