//! Claviger beside what a user would pick instead, all of them against the least that a hyper server can do, in one run. Names or
//! parts of names on the command line choose some of them.
#![expect(clippy::print_stderr, reason = "what is left out is said, and why")]

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use benches::house::{API, Client, House, failed};
use benches::load::{between, run};
use benches::process::Server;
use benches::report::Report;
use benches::rivals::{self, Rival};
use benches::wrk::{Load, Pressure};
use benches::{Error, Result, hello};
use tempfile::NamedTempFile;

const KEYS: u32 = 10_000;
/// Measured runs, and those of the reference on both sides of each.
const PRESSURE: Pressure = Pressure {
    connections: 32,
    seconds: 2,
};
const BESIDE: Pressure = Pressure {
    connections: 32,
    seconds: 1,
};
const ROUNDS: usize = 3;
/// Of bare hyper, by CPU time a request: `POST /v1/verify`, whose answer is a body, and a gateway's door with everything on.
const VERIFY_FLOOR: f64 = 0.75;
const DOOR_FLOOR: f64 = 0.80;
/// On each key, and never met.
const RATE: (&str, &str) = ("CLAVIGER_LIMITS_DEFAULT_RATE", "1000000000/1s");

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

/// Whether somebody wishes to see this one.
fn wanted(name: &str) -> bool {
    let mut asked = std::env::args()
        .skip(1)
        .filter(|it| !it.starts_with("--"))
        .peekable();
    asked.peek().is_none() || asked.any(|part| name.to_lowercase().contains(&part.to_lowercase()))
}

async fn measure() -> Result<Report> {
    let house = House::with_keys(KEYS).await?;
    let mut report = Report::begin(&format!(
        "verify: {KEYS} keys in rotation, 32 connections, one core for the server and one for wrk; CPU time a request beside bare \
         hyper, as the median of {ROUNDS} paired ratios (least-greatest); less than 15 % apart means nothing"
    ));
    if wanted("claviger") {
        claviger(&house, &mut report)?;
    }
    let reference = hello::start("hello".len())?;
    let load = Load::heads(rivals::PATH, &[], "X-API-Key", &house.tokens)?;
    for name in rivals::NAMES.into_iter().filter(|name| wanted(name)) {
        let directory = tempfile::tempdir().map_err(Error::io("a directory"))?;
        match rivals::start(name, &house.tokens, directory.path())? {
            Rival::Missing(program) => eprintln!("{name}: left out, {program} is not on this machine"),
            Rival::Runs(rival, _behind) => beside(&mut report, name, &reference, &rival, &load, None)?,
        }
    }
    Ok(report)
}

fn beside(
    report: &mut Report,
    name: &str,
    reference: &Server,
    measured: &Server,
    load: &Load,
    floor: Option<f64>,
) -> Result<()> {
    let pair = between(
        ROUNDS,
        || run(reference, load, BESIDE),
        || run(measured, load, PRESSURE),
    )?;
    pair.report_paired(report, name, floor);
    Ok(())
}

/// HMAC, policy, permissions by an API's routes, a rate limit, metering; and at the doors, identity headers.
fn claviger(house: &House, report: &mut Report) -> Result<()> {
    let server = house.serve_with(&[RATE])?;
    house.offer_api()?;
    house.warm(&server)?;
    let first = house.first_tokens(1)?;
    let token = first.first().ok_or_else(|| failed("no tokens"))?;
    let body = |token: &str| {
        format!("{{\"key\":\"{token}\",\"api\":\"{API}\",\"method\":\"GET\",\"path\":\"/customers/7\"}}")
    };
    let answer = Client::connect(&server.listening)?.post("/v1/verify", &body(token))?;
    all_on(
        &answer,
        &[
            "\"valid\":true",
            "\"rate_limits\":[",
            "\"permissions\":[\"customers:*\"",
        ],
    )?;
    let bodies = NamedTempFile::new().map_err(Error::io("a file of requests"))?;
    for token in house.first_tokens(KEYS as usize)? {
        writeln!(&bodies, "{}", body(&token)).map_err(Error::io("requests"))?;
    }
    let load = Load::bodies("/v1/verify", &[], bodies.path())?;
    let reference = hello::start(answer.len())?;
    beside(
        report,
        "Claviger POST /v1/verify",
        &reference,
        &server,
        &load,
        Some(VERIFY_FLOOR),
    )?;

    let reference = hello::start("hello".len())?;
    for (gateway, told) in [
        ("nginx", ["X-Original-Method", "X-Original-URI", "X-Real-IP"]),
        (
            "caddy",
            ["X-Forwarded-Method", "X-Forwarded-Uri", "X-Forwarded-For"],
        ),
    ] {
        let [method, uri, ip] = told;
        let headers = [(method, "GET"), (uri, "/customers/7"), (ip, "192.0.2.7")];
        let path = format!("/verify/{gateway}?api={API}");
        let mut asked = headers.to_vec();
        asked.push(("X-API-Key", token));
        let answer = Client::connect(&server.listening)?.get(&path, &asked)?;
        all_on(
            &answer,
            &[
                "claviger-key-id: key_",
                "claviger-permissions: customers:*",
                "ratelimit: \"",
            ],
        )?;
        let load = Load::heads(&path, &headers, "X-API-Key", Path::new(&house.tokens))?;
        let name = format!("Claviger GET /verify/{gateway}");
        beside(report, &name, &reference, &server, &load, Some(DOOR_FLOOR))?;
    }
    server.stop()
}

/// wrk sees statuses alone; what the answers say is looked at here.
fn all_on(answer: &str, wanted: &[&str]) -> Result<()> {
    match wanted.iter().find(|part| !answer.contains(**part)) {
        Some(missing) => Err(failed(format!("no {missing} in {answer}"))),
        None => Ok(()),
    }
}
