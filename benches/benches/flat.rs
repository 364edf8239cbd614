//! Whether a verification over HTTP costs the same among a million cached keys as among a thousand.
#![expect(clippy::print_stderr, reason = "a benchmark that could not run says why")]

use std::process::ExitCode;

use benches::Result;
use benches::house::House;
use benches::load::{between, run};
use benches::report::Report;
use benches::stopwatch::Stopwatch;
use benches::wrk::{Load, Pressure, TOKEN};

const PRESSURE: Pressure = Pressure {
    connections: 32,
    seconds: 5,
};
/// Runs among many, each between two among few.
const ROUNDS: usize = 5;
/// CPU time among a million to that among a thousand.
const CEILING: f64 = 1.15;

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
    let (few, many) = (House::with_keys(1_000).await?, House::with_keys(1_000_000).await?);
    let mut report =
        Report::begin("flat: verifications over HTTP, 1,000,000 keys cached beside 1,000 cached");
    let (with_few, with_many) = (few.serve()?, many.serve()?);
    few.warm(&with_few)?;
    let watch = Stopwatch::start();
    many.warm(&with_many)?;
    report.information(
        "first verifications/s, in batches",
        watch.per_second(1_000_000),
        None,
    );

    let template = format!("{{\"key\":\"{TOKEN}\",\"permissions\":\"customers:view\"}}");
    let load_few = Load::tokens("/v1/verify", &[], &template, &few.tokens)?;
    let load_many = Load::tokens("/v1/verify", &[], &template, &many.tokens)?;
    let pair = between(
        ROUNDS,
        || run(&with_few, &load_few, PRESSURE),
        || run(&with_many, &load_many, PRESSURE),
    )?;
    pair.report_flatness(&mut report, "POST /v1/verify", CEILING);
    let (many, few) = pair.medians(|run| run.figures.per_second());
    report.information("POST /v1/verify: requests/s", many, Some(few));
    Ok(report)
}
