//! What a cache miss costs in the store: a secret found by its digest among a million, in random order.
#![expect(clippy::print_stderr, reason = "a benchmark that could not run says why")]

mod million;

use std::process::ExitCode;
use std::time::Duration;

use benches::report::Report;
use benches::stopwatch::Stopwatch;
use benches::{Error, Result};
use domain::secret::Digest;
use million::failed;
use million::words::{KEYS, digest};
use store::Store;
use store::db::Engine;

/// Look-ups that are measured, after as many to warm up.
const LOOK_UPS: u64 = 50_000;
/// The most that one may cost on SQLite, in microseconds.
const CEILING: f64 = 60.0;

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
    let mut report = Report::begin("store_miss: a secret by its digest among 1,000,000");
    let sqlite = times(&million::store(Engine::Sqlite).await?).await?;
    let postgres = times(&million::store(Engine::Postgres).await?).await?;
    report.at_most(
        "mean µs, SQLite (reference: PostgreSQL)",
        sqlite.mean(),
        Some(postgres.mean()),
        CEILING,
    );
    report.information(
        "p99 µs, SQLite (reference: PostgreSQL)",
        sqlite.p99(),
        Some(postgres.p99()),
    );
    Ok(report)
}

struct Times(Vec<Duration>);

impl Times {
    fn mean(&self) -> f64 {
        self.0.iter().sum::<Duration>().as_secs_f64() * 1e6 / self.0.len() as f64
    }

    fn p99(&self) -> f64 {
        self.0
            .get(self.0.len() * 99 / 100)
            .map_or(f64::NAN, |time| time.as_secs_f64() * 1e6)
    }
}

async fn times(store: &Store) -> Result<Times> {
    let mut times = Vec::new();
    for look_up in 0..2 * LOOK_UPS {
        // 618033 has no factor in common with a million: every one is another key, far from the last.
        let number = look_up * 618_033 % KEYS;
        let watch = Stopwatch::start();
        let found = store
            .find_secret(&[Digest::from_bytes(digest(number))])
            .await
            .map_err(failed)?;
        if look_up >= LOOK_UPS {
            times.push(watch.elapsed());
        }
        if found.is_none() {
            return Err(Error::Unexpected(format!(
                "the secret of key {number} was not found"
            )));
        }
    }
    times.sort();
    Ok(Times(times))
}
