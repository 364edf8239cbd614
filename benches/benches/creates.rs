//! How many keys a second are made, each on disk with its audit record before its caller is answered: 32 callers in
//! process on either engine, and over HTTP. Beside it, what the disk gives: synced appends of one page, one by one.
#![expect(clippy::print_stderr, reason = "a benchmark that could not run says why")]

use std::fs;
use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use app::key::CreateKey;
use app::{App, Caller, Parts, SecretsSource};
use benches::house::{House, failed, kept};
use benches::report::{Report, median};
use benches::stopwatch::Stopwatch;
use benches::wrk::{self, Load, Pressure};
use benches::{Error, Result};
use domain::access::Grants;
use domain::clock::{Clock, SystemClock, SystemRandom};
use domain::id::RequestId;
use domain::key::{Actor, ActorKind, KeyDraft};
use domain::span::Span;
use store::Store;
use store::db::{Database, Target};
use store::migrate::migrate;
use tempfile::{NamedTempFile, TempDir};

const CALLERS: usize = 32;
const RUN: Duration = Duration::from_secs(4);
const ROUNDS: usize = 3;
/// Keys a second on SQLite.
const FLOOR: f64 = 1_500.0;

/// As in the real binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

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
    let mut report = Report::begin("creates: durable creates of keys, 32 callers, audit chain included");
    let here = kept()?;
    let syncs = syncs(&here)?;

    let directory = TempDir::new_in(&here).map_err(Error::io("a directory"))?;
    let target = Target::Sqlite(directory.path().join("claviger.db"));
    let rate = in_process(&target, &directory).await?;
    report.at_least("SQLite: keys/s, beside bare syncs/s", rate, Some(syncs), FLOOR);

    let directory = TempDir::new_in(&here).map_err(Error::io("a directory"))?;
    let rate = in_process(&postgres().await?, &directory).await?;
    report.information("PostgreSQL: keys/s, beside bare syncs/s", rate, Some(syncs));

    report.information(
        "SQLite: POST /v1/keys/s, beside bare syncs/s",
        over_http().await?,
        Some(syncs),
    );
    Ok(report)
}

/// Synced appends a second, by one caller.
fn syncs(directory: &std::path::Path) -> Result<f64> {
    let mut file = tempfile::tempfile_in(directory).map_err(Error::io("a file"))?;
    let watch = Stopwatch::start();
    let mut count = 0;
    while watch.elapsed() < Duration::from_secs(2) {
        file.write_all(&[7; 4096])
            .and_then(|()| file.sync_data())
            .map_err(Error::io("a file"))?;
        count += 1;
    }
    Ok(watch.per_second(count))
}

/// A database of its own, empty.
async fn postgres() -> Result<Target> {
    let server = std::env::var("CLAVIGER_TEST_POSTGRES")
        .unwrap_or_else(|_| "postgres://postgres@127.0.0.1:5432/postgres".to_owned());
    let admin = Database::open_postgres(&server).await.map_err(failed)?;
    let mut conn = admin.writer().await.map_err(failed)?;
    for sql in [
        "DROP DATABASE IF EXISTS claviger_bench_creates WITH (FORCE)",
        "CREATE DATABASE claviger_bench_creates ENCODING 'UTF8' TEMPLATE template0",
    ] {
        conn.batch(sql).await.map_err(failed)?;
    }
    let base = server.rsplit_once('/').map_or(server.as_str(), |(base, _)| base);
    Ok(Target::Postgres(format!("{base}/claviger_bench_creates")))
}

async fn in_process(target: &Target, directory: &TempDir) -> Result<f64> {
    let db = Database::open(target).await.map_err(failed)?;
    migrate(&db, store::MIGRATIONS).await.map_err(failed)?;
    let (clock, random) = (Arc::new(SystemClock), Arc::new(SystemRandom));
    let store = Store::start(db, clock.clone(), random.clone())
        .await
        .map_err(failed)?;
    let parts = Parts {
        store,
        directory: directory.path().to_owned(),
        secrets: SecretsSource::File(directory.path().join("secrets.toml")),
        clock,
        random,
        engine: engine::Options::default(),
        journal_bytes: 1 << 30,
        people: app::People::default(),
        webhooks: domain::webhook::AddressRule::default(),
        leak_keys: None,
        stream: None,
        name: "sample".to_owned(),
        node: None,
    };
    let app = Arc::new(App::start(parts).await.map_err(failed)?);
    let made = app.initialise("Bench", None).await.map_err(failed)?;
    let organisation = made
        .ok_or_else(|| failed("the database is not empty"))?
        .organisation
        .id;
    let caller = Caller {
        organisation,
        actor: Actor {
            kind: ActorKind::System,
            id: None,
            name: "benchmark".to_owned(),
        },
        grants: Grants::everything(),
        ip: None,
        request: RequestId::fresh(&SystemClock, &SystemRandom),
        local: true,
        operator: false,
        session: None,
    };

    let mut rates = Vec::new();
    let mut total = 1;
    for _ in 0..ROUNDS {
        let watch = Stopwatch::start();
        let count = press(&app, &caller).await?;
        rates.push(watch.per_second(count));
        total += count;
    }
    check(&app, &caller, total).await?;
    Ok(median(rates))
}

/// Has all callers make keys one after the other; gives how many were made.
async fn press(app: &Arc<App>, caller: &Caller) -> Result<u64> {
    let (made, stop) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let callers: Vec<_> = (0..CALLERS)
        .map(|_| {
            let (app, caller, made, stop) = (app.clone(), caller.clone(), made.clone(), stop.clone());
            tokio::spawn(async move {
                while !stop.load(Relaxed) {
                    app.create_key(&caller, request(made.load(Relaxed)), None).await?;
                    made.fetch_add(1, Relaxed);
                }
                Ok::<(), app::AppError>(())
            })
        })
        .collect();
    tokio::time::sleep(RUN).await;
    stop.store(true, Relaxed);
    for caller in callers {
        caller.await.map_err(failed)?.map_err(failed)?;
    }
    Ok(made.load(Relaxed))
}

fn request(number: u64) -> CreateKey {
    let permissions = ["customers:*", "invoices:view"].map(str::to_owned).to_vec();
    let draft = KeyDraft {
        name: Some(format!("Customer Portal {number}")),
        description: Some("Reads customers and invoices.".to_owned()),
        permissions: Some(permissions),
        ..KeyDraft::default()
    };
    CreateKey {
        draft,
        ..CreateKey::default()
    }
}

/// Nothing was lost and the chain holds.
async fn check(app: &App, caller: &Caller, total: u64) -> Result<()> {
    let summary = app
        .store()
        .key_summary(caller.organisation, SystemClock.now(), Span::days(14))
        .await
        .map_err(failed)?;
    if summary.total != total as i64 {
        return Err(failed(format!(
            "{} keys are stored where {total} were made",
            summary.total
        )));
    }
    let verified = app.verify_audit(caller).await.map_err(failed)?;
    let records: i64 = verified.chains.iter().map(|chain| chain.records).sum();
    // One more for the organisation.
    if !verified.ok || records != total as i64 + 1 {
        return Err(failed(format!(
            "the audit log: ok {}, {records} records",
            verified.ok
        )));
    }
    Ok(())
}

async fn over_http() -> Result<f64> {
    let house = House::with_keys(1_000).await?;
    let server = house.serve()?;
    let authorization = format!("Bearer {}", house.management_key);
    let bodies = NamedTempFile::new().map_err(Error::io("a file of requests"))?;
    let body = r#"{"name":"Customer Portal","description":"Reads customers and invoices.","permissions":["customers:*","invoices:view"]}"#;
    writeln!(&bodies, "{body}").map_err(Error::io("a file of requests"))?;
    let load = Load::bodies("/v1/keys", &[("Authorization", &authorization)], bodies.path())?;
    let pressure = Pressure {
        connections: CALLERS as u32,
        seconds: RUN.as_secs() as u32,
    };
    let figures = wrk::run(&house.management()?, &load, pressure)?;
    server.stop()?;
    // It has more keys now than it is kept for.
    fs::remove_dir_all(&house.data).map_err(Error::io("the installation"))?;
    Ok(figures.per_second())
}
