//! What a cached key takes of memory, beside its metadata: a million of them, as the allocator counts them, and as the system does.
#![expect(clippy::print_stderr, reason = "a benchmark that could not run says why")]

use std::alloc::{GlobalAlloc, Layout};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};

use benches::house::failed;
use benches::report::Report;
use benches::rows::{Rows, discard, found};
use benches::{Error, Result};
use domain::clock::{SystemClock, SystemRandom};
use domain::decide::Code;
use domain::id::AccountId;
use domain::key::Owner;
use domain::limits::RateLimit;
use domain::secret::Keyring;
use domain::token::{Token, TokenShape};
use engine::{Engine, Options, Question};
use mimalloc::MiMalloc;
use store::secrets::Found;
use uuid::Uuid;

const KEYS: usize = 1_000_000;
/// Owners that share them.
const OWNERS: usize = 1_000;
/// Bytes a key.
const CEILING: f64 = 400.0;

static LIVE: AtomicI64 = AtomicI64::new(0);

/// The allocator of the real binary, counting the bytes that it has given out, as it rounds them.
struct Counting;

// SAFETY: every call is passed on unchanged to mimalloc, which keeps the contract; the counter allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LIVE.fetch_add(rounded(layout), Relaxed);
        // SAFETY: the caller's promise is handed on.
        unsafe { MiMalloc.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(rounded(layout), Relaxed);
        // SAFETY: the caller's promise is handed on; what is freed here was allocated by the same allocator.
        unsafe { MiMalloc.dealloc(pointer, layout) }
    }
}

/// mimalloc gives small blocks in steps of 16 bytes at the least.
fn rounded(layout: Layout) -> i64 {
    layout
        .size()
        .next_multiple_of(if layout.size() <= 8 { 8 } else { 16 }) as i64
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

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
    let mut report =
        Report::begin("memory: bytes a cached key, a million keys of a thousand service accounts");
    let (plain, resident) = each(|_| {}).await?;
    report.at_most("bytes a key, as allocated", plain, None, CEILING);
    report.at_most("bytes a key, resident", resident, None, CEILING);
    let rate: domain::limits::Rate = "1000000000/1s".parse().map_err(failed)?;
    let (limited, _) = each(|found| {
        found.rate_limits = vec![RateLimit {
            name: "requests".into(),
            rate,
        }];
    })
    .await?;
    report.information(
        "bytes a key with a rate limit in use, as allocated",
        limited,
        Some(plain),
    );
    Ok(report)
}

/// Bytes that each of the keys takes: as allocated, and as the system counts what is resident.
async fn each(adorn: impl Fn(&mut Found)) -> Result<(f64, f64)> {
    let keyring = Arc::new(Keyring::generate(&SystemRandom).map_err(failed)?);
    let rows = Rows::default();
    let engine = Engine::over(
        Box::new(rows.clone()),
        keyring.clone(),
        Arc::new(SystemClock),
        Options::default(),
    )
    .await
    .map_err(failed)?;
    let mut roll_up = engine.roll_up();
    let before = (LIVE.load(Relaxed), resident()?);
    for number in 0..KEYS {
        let token = Token::generate(&TokenShape::default(), &SystemRandom);
        let mut key = found(number, keyring.digest(&token.as_presented()));
        let owner = Uuid::from_u128((number % OWNERS) as u128 + 1);
        key.owner = Owner::ServiceAccount(AccountId::from_uuid(owner));
        key.owner_name = Some(format!("Sample partner {}", number % OWNERS));
        key.metadata = String::new();
        adorn(&mut key);
        *rows.0.lock() = Some(key);
        let answer = engine
            .verify(token.expose().as_bytes(), &Question::default())
            .await;
        let code = answer.map_err(failed)?.code;
        if code != Code::Valid {
            return Err(failed(code.as_str()));
        }
        // Often, or what is counted would be taken for the cache's.
        if number % 1_000 == 0 {
            discard(&mut roll_up);
        }
    }
    discard(&mut roll_up);
    *rows.0.lock() = None;
    let cached = engine.stats().cached as f64;
    let after = (LIVE.load(Relaxed), resident()?);
    Ok((
        (after.0 - before.0) as f64 / cached,
        (after.1 - before.1) as f64 / cached,
    ))
}

fn resident() -> Result<i64> {
    let statm = std::fs::read_to_string("/proc/self/statm").map_err(Error::io("/proc/self/statm"))?;
    let pages = statm
        .split(' ')
        .nth(1)
        .and_then(|pages| pages.parse::<i64>().ok());
    let pages = pages.ok_or_else(|| failed(statm))?;
    Ok(pages * rustix::param::page_size() as i64)
}
