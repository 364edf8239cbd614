//! What limits cost: verifications of cached keys on one thread, with none, with one and with three rate limits, and with
//! a quota beside them, each as a ratio of the same run without any.
#![expect(clippy::print_stderr, reason = "a benchmark that could not run says why")]

use std::hint::black_box;
use std::process::ExitCode;
use std::sync::Arc;

use benches::report::{Report, median};
use benches::rows::{Rows, discard, found};
use benches::stopwatch::Stopwatch;
use benches::{Error, Result};
use domain::clock::{SystemClock, SystemRandom};
use domain::decide::Code;
use domain::limits::{Quota, QuotaError, Rate, RateError, RateLimit};
use domain::secret::{Digest, Keyring};
use domain::token::{Token, TokenShape};
use engine::{Engine, Options, Question};
use mimalloc::MiMalloc;
use store::secrets::Found;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// Keys in rotation, each kind of its own.
const KEYS: usize = 1_000;
/// Runs of each kind, taken in turn.
const ROUNDS: usize = 7;

/// How many rate limits, and whether a quota.
const KINDS: [(&str, usize, bool); 4] = [
    ("none", 0, false),
    ("one rate limit", 1, false),
    ("three rate limits", 3, false),
    ("three rate limits and a quota", 3, true),
];

/// Verifications of one run; `CLAVIGER_BENCH_RUN` for a smaller one.
fn run_length() -> usize {
    let asked = std::env::var("CLAVIGER_BENCH_RUN").ok();
    asked.and_then(|text| text.parse().ok()).unwrap_or(500_000)
}

fn main() -> ExitCode {
    let measured = tokio::runtime::Builder::new_current_thread()
        .build()
        .map_err(Error::io("a runtime"))
        .and_then(|runtime| runtime.block_on(measure()));
    match measured {
        Ok(report) => report.finish(),
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn measure() -> Result<Report> {
    let mut report = Report::begin("limits: verifications of cached keys, one thread");
    let keyring = Arc::new(Keyring::generate(&SystemRandom).map_err(|e| Error::Unexpected(e.to_string()))?);
    let rows = Rows::default();
    let engine = Engine::over(
        Box::new(rows.clone()),
        keyring.clone(),
        Arc::new(SystemClock),
        Options::default(),
    )
    .await
    .map_err(|e| Error::Unexpected(e.to_string()))?;
    let mut roll_up = engine.roll_up();
    let mut kinds = Vec::new();
    for (kind, (_, rates, quota)) in KINDS.into_iter().enumerate() {
        let mut tokens = Vec::with_capacity(KEYS);
        for number in 0..KEYS {
            let token = Token::generate(&TokenShape::default(), &SystemRandom);
            let digest = keyring.digest(&token.as_presented());
            *rows.0.lock() = Some(limited(kind * KEYS + number, digest, rates, quota)?);
            ask(&engine, &token).await?;
            tokens.push(token);
        }
        kinds.push(tokens);
    }
    let mut rates: Vec<Vec<f64>> = vec![Vec::new(); KINDS.len()];
    for round in 0..=ROUNDS {
        for (kind, tokens) in kinds.iter().enumerate() {
            let times = run_length();
            let watch = Stopwatch::start();
            for i in 0..times {
                ask(&engine, &tokens[i % KEYS]).await?;
            }
            // The first round warms up.
            if round > 0 {
                rates[kind].push(watch.per_second(times as u64));
            }
            discard(&mut roll_up);
        }
    }
    let rates: Vec<f64> = rates.into_iter().map(median).collect();
    for ((name, ..), rate) in KINDS.iter().zip(&rates) {
        report.information(
            &format!("{name}: verifications/s, beside none"),
            *rate,
            Some(rates[0]),
        );
    }
    Ok(report)
}

async fn ask(engine: &Engine, token: &Token) -> Result<()> {
    let token = token.expose().as_bytes();
    let question = Question::default();
    let answer = match engine.verify_cached(token, &question) {
        Some(answer) => answer,
        None => engine.verify(token, &question).await,
    };
    let answer = answer.map_err(|e| Error::Unexpected(e.to_string()))?;
    match black_box(answer).code {
        Code::Valid => Ok(()),
        code => Err(Error::Unexpected(format!("answered {}", code.as_str()))),
    }
}

/// A key whose limits nothing here reaches.
fn limited(number: usize, digest: Digest, rates: usize, quota: bool) -> Result<Found> {
    let wrong = |error: &dyn std::error::Error| Error::Unexpected(error.to_string());
    let rate: Rate = "1000000000/1s"
        .parse()
        .map_err(|error: RateError| wrong(&error))?;
    let limit = |place: usize| RateLimit {
        name: format!("limit-{place}").into(),
        rate,
    };
    let most: Quota = "9007199254740991/month"
        .parse()
        .map_err(|error: QuotaError| wrong(&error))?;
    Ok(Found {
        rate_limits: (0..rates).map(limit).collect(),
        quota: quota.then_some(most),
        ..found(number, digest)
    })
}
