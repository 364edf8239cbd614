//! What a verification costs over HTTP/1.1 beside the least that a hyper server can do with bodies of the same size.
#![expect(clippy::print_stderr, reason = "a benchmark that could not run says why")]

use std::io::Write;
use std::process::ExitCode;

use benches::house::{Client, House, failed};
use benches::load::{between, run};
use benches::report::Report;
use benches::wrk::{Load, Pressure};
use benches::{Error, Result, hello};
use tempfile::NamedTempFile;

const KEYS: u32 = 10_000;
const PRESSURE: Pressure = Pressure {
    connections: 32,
    seconds: 3,
};
/// Measured runs, each between two of the reference.
const ROUNDS: usize = 5;
/// Of the reference's rate, and of its CPU time a request.
const FLOOR: f64 = 0.75;

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
    let claviger = house.serve()?;
    house.warm(&claviger)?;
    let bodies = NamedTempFile::new().map_err(Error::io("a file of requests"))?;
    let tokens = house.first_tokens(KEYS as usize)?;
    for token in &tokens {
        writeln!(
            &bodies,
            "{{\"key\":\"{token}\",\"permissions\":\"customers:view\"}}"
        )
        .map_err(Error::io("requests"))?;
    }

    // wrk sees statuses alone; what the answers say is looked at here.
    let mut client = Client::connect(&claviger.listening)?;
    let mut length = 0;
    for token in tokens.iter().step_by(97) {
        let body = format!("{{\"key\":\"{token}\",\"permissions\":\"customers:view\"}}");
        let answer = client.post("/v1/verify", &body)?;
        if !answer.starts_with("{\"valid\":true,\"code\":\"VALID\",") {
            return Err(failed(answer));
        }
        length = answer.len();
    }

    let mut report = Report::begin(&format!(
        "verify over HTTP: {KEYS} cached keys, answers of {length} bytes, one thread on one core, beside bare hyper"
    ));
    let reference = hello::start(length)?;
    let load = Load::bodies("/v1/verify", &[], bodies.path())?;
    let pair = between(
        ROUNDS,
        || run(&reference, &load, PRESSURE),
        || run(&claviger, &load, PRESSURE),
    )?;
    pair.report(&mut report, "POST /v1/verify", FLOOR);
    claviger.stop()?;
    Ok(report)
}
