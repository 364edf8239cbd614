//! How long a client is without answers when a server with a million keys starts: from the start of its process to the
//! first verification that is answered rightly. Beside it, the same with a thousand keys.
#![expect(clippy::print_stderr, reason = "a benchmark that could not run says why")]

use std::net::TcpListener;
use std::process::ExitCode;
use std::time::Duration;

use benches::house::{Client, House, failed};
use benches::process::Server;
use benches::report::{Report, median};
use benches::stopwatch::Stopwatch;
use benches::{Error, Result};

const KEYS: u32 = 1_000_000;
const FEW: u32 = 1_000;
const ROUNDS: usize = 9;
/// Milliseconds.
const CEILING: f64 = 300.0;

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
    let (few, many) = (House::with_keys(FEW).await?, House::with_keys(KEYS).await?);
    // What an earlier run left behind is put in order first.
    few.serve()?.stop()?;
    many.serve()?.stop()?;
    let (of_few, of_many) = (few.first_tokens(ROUNDS)?, many.first_tokens(ROUNDS * 1_000)?);
    let mut report = Report::begin(
        "startup: 1,000,000 keys on SQLite beside 1,000, from exec to the first right answer, in ms",
    );
    let (mut short, mut long) = (Vec::new(), Vec::new());
    for (one, other) in of_few.iter().zip(of_many.iter().step_by(1_000)) {
        short.push(start(&few, one)?);
        long.push(start(&many, other)?);
    }
    let worst = long.iter().copied().fold(0.0, f64::max);
    let (short, long) = (median(short), median(long));
    report.at_most("median of the starts", long, Some(short), CEILING);
    report.information("worst of the starts, beside the median", worst, Some(long));
    Ok(report)
}

fn start(house: &House, token: &str) -> Result<f64> {
    // A port that is known beforehand, so that nobody waits to be told.
    let free = || TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    let (management, verification) = (
        free().map_err(Error::io("a port"))?,
        free().map_err(Error::io("a port"))?,
    );
    let body = format!("{{\"key\":\"{token}\",\"permissions\":\"customers:view\"}}");
    let mut command = house.command();
    command.args([
        "--management",
        &management.to_string(),
        "--verify",
        &verification.to_string(),
    ]);

    let watch = Stopwatch::start();
    let server = Server::spawn(command)?;
    let mut client = loop {
        match Client::connect(&verification.to_string()) {
            Ok(client) => break client,
            Err(_) if watch.elapsed() < Duration::from_secs(30) => {
                std::thread::sleep(Duration::from_micros(500))
            }
            Err(error) => return Err(error),
        }
    };
    let answer = client.post("/v1/verify", &body)?;
    let ms = watch.elapsed().as_secs_f64() * 1e3;
    if !answer.starts_with("{\"valid\":true,") {
        return Err(failed(answer));
    }
    // Told to stop before it can be told so, it would end by the signal.
    while !house.data.join("listen.json").is_file() {
        std::thread::sleep(Duration::from_millis(1));
    }
    std::thread::sleep(Duration::from_millis(50));
    drop(client);
    server.stop()?;
    Ok(ms)
}
