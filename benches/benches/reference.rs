//! The harness measured by itself: the reference against the reference must come out at about 1, for a thousand
//! bodies and for a million tokens; else no other figure can be believed.
#![expect(clippy::print_stderr, reason = "a benchmark that could not run says why")]

use std::io::Write;
use std::process::ExitCode;

use benches::load::{between, run};
use benches::report::Report;
use benches::wrk::{Load, Pressure};
use benches::{Error, Result, hello};
use tempfile::NamedTempFile;

const PRESSURE: Pressure = Pressure {
    connections: 32,
    seconds: 2,
};
/// Measured runs, each between two of the reference.
const ROUNDS: usize = 5;
const HEADERS: &[(&str, &str)] = &[("Authorization", "Bearer gateway")];

fn main() -> ExitCode {
    match measure() {
        Ok(report) => report.finish(),
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn measure() -> Result<Report> {
    let mut report = Report::begin("reference: bare hyper against itself");
    let reference = hello::start(400)?;
    let measured = hello::start(400)?;

    let bodies = lines(1_000, |number| format!("{{\"key\":\"{}\"}}", token(number)))?;
    let load = Load::bodies("/v1/verify", HEADERS, bodies.path())?;
    let pair = between(
        ROUNDS,
        || run(&reference, &load, PRESSURE),
        || run(&measured, &load, PRESSURE),
    )?;
    pair.report(&mut report, "1,000 bodies", 0.9);

    let tokens = lines(1_000_000, token)?;
    let load = Load::tokens("/v1/verify", HEADERS, "{\"key\":\"{token}\"}", tokens.path())?;
    let pair = between(
        ROUNDS,
        || run(&reference, &load, PRESSURE),
        || run(&measured, &load, PRESSURE),
    )?;
    pair.report(&mut report, "1,000,000 tokens", 0.9);
    Ok(report)
}

fn token(number: u32) -> String {
    format!("sk_live_{number:032}")
}

fn lines(count: u32, line: impl Fn(u32) -> String) -> Result<NamedTempFile> {
    let file = NamedTempFile::new().map_err(Error::io("a file of requests"))?;
    let mut writer = std::io::BufWriter::new(&file);
    for number in 0..count {
        writeln!(writer, "{}", line(number)).map_err(Error::io("a file of requests"))?;
    }
    writer.flush().map_err(Error::io("a file of requests"))?;
    drop(writer);
    Ok(file)
}
