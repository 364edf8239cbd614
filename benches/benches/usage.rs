//! What a chart of usage costs at a year of data for 100,000 keys, on both engines: all that a chart reads, in milliseconds.
//!
//! A thousand keys are used every day, of which two hundred are refused something, the others on a day in thirty. Twenty belong to
//! one service account; of these there are hours, too, each. The organisation has three APIs and four codes in every hour.
#![expect(clippy::print_stderr, reason = "a benchmark that could not run says why")]

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use benches::report::{Report, median};
use benches::stopwatch::Stopwatch;
use benches::{Error, Result};
use domain::clock::{SystemClock, SystemRandom, Timestamp};
use domain::id::{AccountId, KeyId, OrganisationId};
use domain::organisation::{Organisation, OrganisationStatus};
use domain::policy::{Policy, Zone};
use domain::usage::Step;
use store::db::{Conn, Database, Engine, Target};
use store::organisations::Tenant;
use store::usage::{Grain, Span, Whose};
use store::{MIGRATIONS, Store, StoreError, params};
use uuid::Uuid;

const ORGANISATION: OrganisationId =
    OrganisationId::from_uuid(Uuid::from_u128(0x0198_6f1e_2b3c_7d4e_8f5a_6b7c_8d9e_0f1a));
const ACCOUNT: Uuid = Uuid::from_u128(0x0198_6f1e_2b3c_7d4e_8f5a_6b7c_8d9e_0f1b);
const DAY: Duration = Duration::from_secs(86_400);
/// 1 January 2026.
const BEGIN: i64 = 1_767_225_600_000_000;
const DAYS: u32 = 365;
const ROUNDS: usize = 7;
/// Milliseconds.
const CEILING: f64 = 100.0;

fn failed(error: impl std::fmt::Display) -> Error {
    Error::Unexpected(error.to_string())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let mut report = Report::begin("usage: charts of a year for 100,000 keys; worst and median in ms");
    for engine in [Engine::Sqlite, Engine::Postgres] {
        if let Err(error) = measure(engine, &mut report).await {
            eprintln!("{engine:?}: {error}");
            return ExitCode::FAILURE;
        }
    }
    report.finish()
}

async fn measure(engine: Engine, report: &mut Report) -> Result<()> {
    let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).map_err(Error::io("a directory"))?;
    let server = std::env::var("CLAVIGER_TEST_POSTGRES")
        .unwrap_or_else(|_| "postgres://postgres@127.0.0.1:5432/postgres".to_owned());
    let base = server.rsplit_once('/').map_or(server.as_str(), |(base, _)| base);
    let name = format!("claviger_bench_usage_{}", std::process::id());
    let target = match engine {
        Engine::Sqlite => Target::Sqlite(directory.path().join("usage.db")),
        Engine::Postgres => {
            let sql = format!("CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0");
            admin(&server, &sql).await?;
            Target::Postgres(format!("{base}/{name}"))
        }
    };
    let done = charts(&target, engine, report).await;
    if engine == Engine::Postgres {
        admin(&server, &format!("DROP DATABASE {name} WITH (FORCE)")).await?;
    }
    done
}

async fn admin(server: &str, sql: &str) -> Result<()> {
    let db = Database::open_postgres(server).await.map_err(failed)?;
    let mut conn = db.writer().await.map_err(failed)?;
    conn.batch(sql).await.map_err(failed)
}

async fn charts(target: &Target, engine: Engine, report: &mut Report) -> Result<()> {
    let db = Database::open(target).await.map_err(failed)?;
    store::migrate::migrate(&db, MIGRATIONS).await.map_err(failed)?;
    let store = Store::start(db, Arc::new(SystemClock), Arc::new(SystemRandom))
        .await
        .map_err(failed)?;
    let watch = Stopwatch::start();
    fill(&store).await.map_err(failed)?;
    eprintln!("{engine:?}: filled in {:.0} s", watch.elapsed().as_secs_f64());
    let (orders, key) = (Whose::Api("orders".to_owned()), Whose::Key(key_id(1)));
    let account = Whose::Account(AccountId::from_uuid(ACCOUNT));
    for (name, whose) in [
        ("organisation", Whose::Organisation),
        ("API", orders),
        ("account of 20 keys", account),
        ("key", key),
    ] {
        for (length, days, step, zone) in [
            ("a year by the day", DAYS, Step::Day, "UTC"),
            ("a year by the day", DAYS, Step::Day, "Europe/Berlin"),
            ("a year by the day", DAYS, Step::Day, "Asia/Tokyo"),
            ("a year by the month", DAYS, Step::Month, "Europe/Berlin"),
            ("thirty days by the hour", 30, Step::Hour, "UTC"),
        ] {
            let figure = format!("{engine:?}: {name}, {length}, {zone}");
            let zone: Zone = zone.parse().map_err(failed)?;
            let mut times = Vec::new();
            for round in 0..ROUNDS + 2 {
                let watch = Stopwatch::start();
                chart(&store, &whose, days, step, &zone).await.map_err(failed)?;
                if round >= 2 {
                    times.push(watch.elapsed().as_secs_f64() * 1e3);
                }
            }
            tell(report, &figure, times);
        }
    }
    let (keys, mut times): (Vec<KeyId>, _) = ((1..=50).map(|n| key_id(n * 37)).collect(), Vec::new());
    for _ in 0..ROUNDS {
        let watch = Stopwatch::start();
        let first = day(DAYS - 30);
        store
            .key_days(ORGANISATION, &keys, first, 30)
            .await
            .map_err(failed)?;
        times.push(watch.elapsed().as_secs_f64() * 1e3);
    }
    tell(
        report,
        &format!("{engine:?}: thirty days of fifty listed keys"),
        times,
    );
    Ok(())
}

fn tell(report: &mut Report, figure: &str, times: Vec<f64>) {
    let worst = times.iter().copied().fold(0.0, f64::max);
    report.at_most(figure, worst, Some(median(times)), CEILING);
}

/// All that a chart reads.
async fn chart(
    store: &Store,
    whose: &Whose,
    days: u32,
    step: Step,
    zone: &Zone,
) -> std::result::Result<(), StoreError> {
    let steps = step
        .between(day(DAYS - days), day(DAYS), zone)
        .ok_or(StoreError::RowMissing)?;
    let (since, until) = steps.ends();
    let read = if step == Step::Hour {
        store
            .answers(ORGANISATION, whose, Grain::Hour, Span::Within(since, until))
            .await?
    } else {
        let (since, until) = steps.days();
        let loose = steps.loose_hours();
        if !loose.is_empty() {
            store
                .answers(ORGANISATION, whose, Grain::Hour, Span::At(&loose))
                .await?;
        }
        store
            .answers(ORGANISATION, whose, Grain::Day, Span::Within(since, until))
            .await?
    };
    let is_key = matches!(whose, Whose::Key(_));
    let is_named = is_key
        || !store
            .busiest(ORGANISATION, whose, since, until, 10)
            .await?
            .is_empty();
    // Of the upstream all of it as one: whole days, and the hours beside them.
    let whole = Step::Hour
        .between(since, until, &Zone::default())
        .ok_or(StoreError::RowMissing)?
        .one();
    let (first, last) = whole.days();
    let reported = store
        .reported(ORGANISATION, whose, Grain::Day, Span::Within(first, last))
        .await?;
    let loose = whole.loose_hours();
    if !loose.is_empty() {
        store
            .reported(ORGANISATION, whose, Grain::Hour, Span::At(&loose))
            .await?;
    }
    store.losses(since, until).await?;
    // What is empty is no measurement.
    if read.is_empty() || reported.is_empty() || !is_named {
        return Err(StoreError::RowMissing);
    }
    Ok(())
}

fn day(n: u32) -> Timestamp {
    Timestamp::from_micros(BEGIN).plus(DAY * n)
}

/// A key's number in sixteen digits, as bytes.
fn key_id(number: u32) -> KeyId {
    let text = format!("{number:016}");
    let mut bytes = [0; 16];
    bytes.copy_from_slice(text.as_bytes());
    KeyId::from_uuid(Uuid::from_bytes(bytes))
}

async fn fill(store: &Store) -> std::result::Result<(), StoreError> {
    let tenant = Tenant {
        organisation: Organisation {
            id: ORGANISATION,
            slug: "sample".to_owned(),
            name: "Sample Ltd".to_owned(),
            status: OrganisationStatus::Active,
            rate_limits: Vec::new(),
            created_at: Timestamp::from_micros(BEGIN),
            version: 1,
        },
        policy: Policy::default(),
    };
    store
        .write::<_, StoreError, _>(async move |tx| tx.insert_organisation(&tenant).await)
        .await?;
    {
        let mut conn = store.database().writer().await?;
        let sqlite = conn.engine() == Engine::Sqlite;
        conn.batch(if sqlite {
            "PRAGMA synchronous = OFF; PRAGMA cache_size = -200000"
        } else {
            "SET synchronous_commit = off"
        })
        .await?;
        rows(&mut conn, sqlite).await?;
        conn.batch(if sqlite {
            "ANALYZE; PRAGMA wal_checkpoint(TRUNCATE); PRAGMA synchronous = FULL"
        } else {
            "VACUUM ANALYZE"
        })
        .await?;
    }
    // As the worker does.
    for n in 0..DAYS {
        let tops = store.tops_of(ORGANISATION, day(n)).await?;
        let keep = async move |tx: &mut store::Tx| tx.keep_tops(ORGANISATION, day(n), &[], &tops).await;
        store.write::<_, StoreError, _>(keep).await?;
    }
    Ok(())
}

async fn rows(conn: &mut Conn, sqlite: bool) -> std::result::Result<(), StoreError> {
    let (organisation, key) = match sqlite {
        true => (
            format!("x'{}'", ORGANISATION.uuid().simple()),
            "CAST(printf('%016d', n) AS BLOB)",
        ),
        false => (
            format!("'{}'::uuid", ORGANISATION.uuid()),
            "encode(lpad(n::text, 16, '0')::bytea, 'hex')::uuid",
        ),
    };
    let numbers = |name: &str, first: u32, last: u32| {
        format!(
            "{name}({name}) AS (SELECT {first} UNION ALL SELECT {name} + 1 FROM {name} WHERE {name} < {last})"
        )
    };
    let (days, hours) = (numbers("d", 0, DAYS - 1), numbers("h", 0, DAYS * 24 - 1));
    let places = "p(api, code, share) AS (VALUES ('orders', 'VALID', 9), ('orders', 'EXPIRED', 1), ('orders', 'RATE_LIMITED', 2), \
                  ('orders', 'INSUFFICIENT_PERMISSIONS', 3), ('stock', 'VALID', 9), ('stock', 'EXPIRED', 1), \
                  ('stock', 'RATE_LIMITED', 2), ('stock', 'INSUFFICIENT_PERMISSIONS', 3), ('', 'VALID', 9), ('', 'EXPIRED', 1), \
                  ('', 'RATE_LIMITED', 2), ('', 'INSUFFICIENT_PERMISSIONS', 3))";
    let statuses = "s(api, status) AS (VALUES ('orders', 200), ('orders', 404), ('orders', 500), ('stock', 200), ('stock', 503))";
    let api = "CASE n % 3 WHEN 0 THEN '' WHEN 1 THEN 'orders' ELSE 'stock' END";
    let used = "CASE WHEN n <= 1000 THEN 5000 - n * 4 ELSE 1 + (n * 7 + d) % 50 END";
    let measured = "count, micros, l3, l4";
    let (at_day, at_hour) = (
        format!("{BEGIN} + d * 86400000000"),
        format!("{BEGIN} + h * 3600000000"),
    );
    let (bigd, bigh) = match sqlite {
        true => (at_day, at_hour),
        false => (
            at_day.replace("+ d", "+ d::bigint"),
            at_hour.replace("+ h", "+ h::bigint"),
        ),
    };
    let mut statements = vec![
        format!(
            "WITH RECURSIVE {}, {days} INSERT INTO usage_days (organisation, key, day, api, code, {measured}) \
             SELECT {organisation}, {key}, {bigd}, {api}, 'VALID', {used}, 5 * ({used}), {used}, 0 FROM n CROSS JOIN d \
             WHERE n <= 1000 OR (n + d) % 30 = 0",
            numbers("n", 1, 100_000)
        ),
        format!(
            "WITH RECURSIVE {}, {days} INSERT INTO usage_days (organisation, key, day, api, code, {measured}) \
             SELECT {organisation}, {key}, {bigd}, {api}, 'EXPIRED', 3, 30, 0, 3 FROM n CROSS JOIN d",
            numbers("n", 1, 200)
        ),
        format!(
            "WITH RECURSIVE {}, {hours} INSERT INTO usage_hours (organisation, key, hour, api, code, {measured}) \
             SELECT {organisation}, {key}, {bigh}, {api}, 'VALID', 200, 1000, 190, 10 FROM n CROSS JOIN h",
            numbers("n", 1, 20)
        ),
        format!(
            "WITH RECURSIVE {}, {days} INSERT INTO report_days (organisation, key, day, api, status, {measured}) \
             SELECT {organisation}, {key}, {bigd}, {api}, 200, 4800, 24000, 4560, 240 FROM n CROSS JOIN d",
            numbers("n", 1, 20)
        ),
        format!(
            "WITH RECURSIVE {}, {hours} INSERT INTO usage_reports (organisation, key, hour, api, route, status, {measured}) \
             SELECT {organisation}, {key}, {bigh}, {api}, 'GET /orders/{{id}}', 200, 200, 1000, 190, 10 FROM n CROSS JOIN h",
            numbers("n", 1, 20)
        ),
    ];
    for (grain, numbers, at) in [("d", &days, &bigd), ("h", &hours, &bigh)] {
        statements.push(format!(
            "WITH RECURSIVE {numbers}, {places} INSERT INTO usage_totals (organisation, grain, start, api, code, {measured}) \
             SELECT {organisation}, '{grain}', {at}, api, code, share * 100, share * 500, share * 90, share * 10 FROM {grain} CROSS JOIN p"
        ));
        statements.push(format!(
            "WITH RECURSIVE {numbers}, {statuses} INSERT INTO report_totals (organisation, grain, start, api, status, {measured}) \
             SELECT {organisation}, '{grain}', {at}, api, status, 100, 500, 90, 10 FROM {grain} CROSS JOIN s"
        ));
    }
    for statement in statements {
        conn.batch(&statement).await?;
    }
    let sql = "INSERT INTO keys (id, organisation, number, name, name_sort, description, search, owner_kind, owner_id, permissions, \
               networks, tags, metadata, contacts, display, enabled, protected, created_at, created_by, created_by_name, rotated_at, \
               version) VALUES ($1, $2, $3, 'Sample', 'sample', '', 'sample', 'service_account', $4, '[]', '[]', '[]', '{}', '[]', \
               'sk_live_…', $5, $6, $7, '{}', 'Sample', $7, 1)";
    let row = |n: u32| params![key_id(n), ORGANISATION, n, ACCOUNT, true, false, BEGIN].to_vec();
    conn.execute_many(sql, &(1..=20).map(row).collect::<Vec<_>>())
        .await
}
