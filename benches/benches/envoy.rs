//! What Claviger adds to a request through Envoy: the shipped configuration with ext_authz over gRPC, beside the same without it.
#![expect(clippy::print_stderr, reason = "a benchmark that could not run says why")]

use std::path::Path;
use std::process::ExitCode;

use benches::house::{API, House, failed};
use benches::load::{between, run};
use benches::process::Server;
use benches::report::Report;
use benches::rivals::{envoy_with, find, free_port, started};
use benches::wrk::{Load, Pressure};
use benches::{Error, Result, hello};

const KEYS: u32 = 10_000;
/// One at a time: what a request waits for, and not for others.
const PRESSURE: Pressure = Pressure {
    connections: 1,
    seconds: 3,
};
const ROUNDS: usize = 3;
/// Microseconds that half of the requests take longer, at the most.
const CEILING: f64 = 250.0;
const SHIPPED: &str = include_str!("../../deploy/gateways/envoy/envoy.yaml");

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
    let program = find("envoy").ok_or(Error::Missing("envoy", "it from PyPI by scripts/tools.sh"))?;
    let house = House::with_keys(KEYS).await?;
    let claviger = house.serve_with(&[("CLAVIGER_LIMITS_DEFAULT_RATE", "1000000000/1s")])?;
    house.offer_api()?;
    house.warm(&claviger)?;
    let application = hello::start("hello".len())?;
    let directory = tempfile::tempdir().map_err(Error::io("a directory"))?;
    let with = shipped(&house.grpc()?, &application)?;
    let with_claviger = serve(&program, directory.path(), "with", &with)?;
    let without = serve(&program, directory.path(), "without", &bare(&with)?)?;
    let mut report = Report::begin(
        "envoy: one connection through Envoy to an application, with Claviger by ext_authz over gRPC beside without it; Envoy, \
         Claviger and the application share one core",
    );
    let load = Load::heads("/customers/7", &[], "X-API-Key", &house.tokens)?;
    let pair = between(
        ROUNDS,
        || run(&without, &load, PRESSURE),
        || run(&with_claviger, &load, PRESSURE),
    )?;
    let (measured, reference) = pair.medians(|run| run.figures.p50_us);
    report.information("p50 us", measured, Some(reference));
    report.at_most("p50 us, added", measured - reference, None, CEILING);
    let (measured, reference) = pair.medians(|run| run.figures.p99_us);
    report.information("p99 us", measured, Some(reference));
    drop((with_claviger, without));
    claviger.stop()?;
    Ok(report)
}

/// The configuration as it is shipped, for these addresses.
fn shipped(grpc: &str, application: &Server) -> Result<String> {
    let at = |address: &str| {
        let (host, port) = address.rsplit_once(':').unwrap_or((address, "0"));
        format!("address: {host}, port_value: {port}")
    };
    let mut settings = SHIPPED.to_owned();
    for (from, to) in [
        ("address: 127.0.0.1, port_value: 7402", at(grpc)),
        ("address: 127.0.0.1, port_value: 9000", at(&application.listening)),
        ("tell: generic", format!("api: {API}")),
        ("/var/log/envoy/claviger.log", "/dev/null".to_owned()),
    ] {
        if !settings.contains(from) {
            return Err(failed(format!("the shipped configuration has no {from}")));
        }
        settings = settings.replace(from, &to);
    }
    Ok(settings)
}

/// The same without the filter and what is set for it.
fn bare(settings: &str) -> Result<String> {
    let mut bare = settings.to_owned();
    for (from, to) in [
        (
            "                  - name: envoy.filters.http.ext_authz\n",
            "                  - name: envoy.filters.http.router\n",
        ),
        (
            "                      typed_per_filter_config:\n",
            "                      routes:\n",
        ),
    ] {
        let cut = bare
            .find(from)
            .and_then(|start| Some((start, start + bare[start..].find(to)?)));
        let (start, end) = cut.ok_or_else(|| failed(format!("the shipped configuration has no {from}")))?;
        bare.replace_range(start..end, "");
    }
    Ok(bare)
}

fn serve(program: &Path, directory: &Path, name: &str, settings: &str) -> Result<Server> {
    let port = free_port()?;
    let here = format!("address: 127.0.0.1, port_value: {port}");
    let settings = settings.replace("address: 127.0.0.1, port_value: 8080", &here);
    let file = directory.join(format!("{name}.yaml"));
    std::fs::write(&file, settings).map_err(Error::io(file.display().to_string()))?;
    started(envoy_with(program, &file), port)
}
