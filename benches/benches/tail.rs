//! How long answers take at 70 % of the peak: an open loop, in which a request's time begins when it is due.
#![expect(clippy::print_stderr, reason = "a benchmark that could not run says why")]

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use ::load::{Outcome, Pace, Plan, Requests, press};
use benches::house::{API, House, failed};
use benches::process::{LOAD_CORE, Server};
use benches::report::{Report, median};
use benches::{Error, Result, hello};

const KEYS: u32 = 10_000;
const CONNECTIONS: usize = 32;
const PEAK: Duration = Duration::from_secs(3);
const STEADY: Duration = Duration::from_secs(5);
const SHARE: f64 = 0.7;
const ROUNDS: usize = 3;
/// Milliseconds.
const CEILING: f64 = 1.0;

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
    let house = House::with_keys(KEYS).await?;
    let server = house.serve_with(&[("CLAVIGER_LIMITS_DEFAULT_RATE", "1000000000/1s")])?;
    house.offer_api()?;
    house.warm(&server)?;
    let reference = hello::start(500)?;
    let mut report = Report::begin(&format!(
        "tail: {KEYS} keys, {CONNECTIONS} connections, at {SHARE} of its own peak, from when each request was due; beside bare hyper \
         at the same share of its own"
    ));
    pin()?;
    let tokens = house.first_tokens(KEYS as usize)?;
    let after = format!("\",\"api\":\"{API}\",\"method\":\"GET\",\"path\":\"/customers/7\"}}");
    let verify = |wanted| {
        Arc::new(Requests::post(
            "bench",
            "/v1/verify",
            ("{\"key\":\"", &after),
            wanted,
            tokens.clone(),
        ))
    };
    let told = [
        ("X-Original-Method", "GET"),
        ("X-Original-URI", "/customers/7"),
        ("X-Real-IP", "192.0.2.7"),
    ];
    let path = format!("/verify/nginx?api={API}");
    let door = Arc::new(Requests::get("bench", &path, &told, "X-API-Key", tokens.clone()));
    for (name, measured, beside) in [
        ("POST /v1/verify", verify("{\"valid\":true,"), verify("")),
        ("GET /verify/nginx", door.clone(), door),
    ] {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            theirs.push(steady(&reference, &beside)?);
            ours.push(steady(&server, &measured)?);
        }
        let of = |runs: &[(f64, Outcome)], percentile: f64| {
            median(
                runs.iter()
                    .map(|(_, run)| run.percentile_us(percentile) / 1e3)
                    .collect(),
            )
        };
        let peak = |runs: &[(f64, Outcome)]| median(runs.iter().map(|(peak, _)| *peak).collect());
        report.information(
            &format!("{name}: peak, requests/s"),
            peak(&ours),
            Some(peak(&theirs)),
        );
        report.information(
            &format!("{name}: p50 ms"),
            of(&ours, 50.0),
            Some(of(&theirs, 50.0)),
        );
        report.at_most(
            &format!("{name}: p99 ms"),
            of(&ours, 99.0),
            Some(of(&theirs, 99.0)),
            CEILING,
        );
        report.information(
            &format!("{name}: p99.9 ms"),
            of(&ours, 99.9),
            Some(of(&theirs, 99.9)),
        );
    }
    server.stop()?;
    Ok(report)
}

/// The peak, and a steady run at a share of it.
fn steady(server: &Server, requests: &Arc<Requests>) -> Result<(f64, Outcome)> {
    let addr = server.listening.parse().map_err(failed)?;
    let go = |pace| {
        let plan = Plan {
            connections: CONNECTIONS,
            threads: 1,
            pace,
        };
        let outcome = press(addr, requests, plan).map_err(Error::io("the load generator"))?;
        match outcome.refused + outcome.failed {
            0 => Ok(outcome),
            _ => Err(failed(format!(
                "not every request was answered well: {:?}",
                outcome.complaint
            ))),
        }
    };
    let peak = go(Pace::Closed(PEAK))?.per_second();
    Ok((peak, go(Pace::Open(peak * SHARE, STEADY))?))
}

/// The generator on the load's core, with all threads that it will start.
fn pin() -> Result<()> {
    if LOAD_CORE >= benches::machine::cores() {
        return Ok(());
    }
    let mut cores = rustix::thread::CpuSet::new();
    cores.set(LOAD_CORE);
    rustix::thread::sched_setaffinity(None, &cores).map_err(|error| Error::io("pinning")(error.into()))
}
