//! The hot path by itself: how long a verification takes whose key is cached, among a thousand keys and among a million,
//! beside the one digest that it cannot do without.
#![expect(clippy::print_stderr, reason = "a benchmark that could not run says why")]

use std::alloc::{GlobalAlloc, Layout};
use std::cell::Cell;
use std::collections::HashMap;
use std::hint::black_box;
use std::net::IpAddr;
use std::path::Path;
use std::process::ExitCode;
use std::sync::{Arc, RwLock};

use benches::house::failed;
use benches::report::{Report, median};
use benches::rows::{Rows, discard, found};
use benches::stopwatch::Stopwatch;
use benches::{Error, Result};
use domain::clock::{SystemClock, SystemRandom, Timestamp};
use domain::decide::{Code, Source as Way};
use domain::id::OrganisationId;
use domain::key::Owner;
use domain::secret::{Digest, Keyring};
use domain::token::{Presented, Token, TokenShape};
use engine::journal::{Journal, RollUp, Settings};
use engine::{Engine, Options, Question};
use mimalloc::MiMalloc;
use store::secrets::Found;
use uuid::Uuid;

/// Verifications of one run.
const RUN: usize = 1_000_000;
/// Runs of each kind, taken in turn.
const ROUNDS: usize = 7;
/// Verifications a second on one thread, among a million keys.
const FLOOR: f64 = 1_500_000.0;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

/// The allocator of the real binary, counting what this thread asks of it.
struct Counting;

// SAFETY: every call is passed on unchanged to mimalloc, which keeps the contract; the counter is a plain
// thread-local that allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller's promise is handed on.
        unsafe { MiMalloc.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is handed on; what is freed here was allocated by the same allocator.
        unsafe { MiMalloc.dealloc(pointer, layout) }
    }
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
    let mut report = Report::begin("engine: verifications of cached keys, one thread, random order");
    pin()?;
    for (count, floor) in [(1_000, FLOOR), (1_000_000, FLOOR)] {
        one_size(&mut report, count, floor).await?;
    }
    Ok(report)
}

/// On one core, so that no run pays for a move to another.
fn pin() -> Result<()> {
    let mut cores = rustix::thread::CpuSet::new();
    cores.set(benches::machine::cores() - 1);
    rustix::thread::sched_setaffinity(None, &cores).map_err(|error| Error::io("pinning")(error.into()))
}

async fn one_size(report: &mut Report, count: u32, floor: f64) -> Result<()> {
    let keyring = Arc::new(Keyring::generate(&SystemRandom).map_err(|e| Error::Unexpected(e.to_string()))?);
    let tokens = Tokens::new(count);
    // Keys are cached in an order of their own, and asked for in the order of their tokens: what a verification must fetch
    // from memory is all over the place, and the token is at hand, as it is when it has just been read from a socket.
    let order = shuffled(count);

    let before = resident()?;
    let directory = tempfile::tempdir().map_err(Error::io("a directory"))?;
    let (engine, mut roll_up) = fill(&keyring, &tokens, &order, directory.path()).await?;
    let each = (resident()? - before) / f64::from(count);

    let mut map: HashMap<Digest, Arc<u64>> = HashMap::with_capacity(tokens.count());
    for &number in &order {
        map.insert(
            keyring.digest(&tokens.presented(number)?),
            Arc::new(u64::from(number)),
        );
    }
    let map = RwLock::new(map);

    let mut allocations = 0;
    let (mut verified, mut digested, mut looked_up) = (Vec::new(), Vec::new(), Vec::new());
    let mut rolled_up = Vec::new();
    // One round to warm up: page tables, branch predictors, first allocations.
    for round in 0..=ROUNDS {
        let digest = run(count, |number| {
            black_box(keyring.digest(&tokens.presented(number)?));
            Ok(())
        })?;
        let look_up = run(count, |number| {
            let digest = keyring.digest(&tokens.presented(number)?);
            let map = map
                .read()
                .map_err(|_| Error::Unexpected("a poisoned lock".to_owned()))?;
            black_box(map.get(&digest).cloned());
            Ok(())
        })?;
        let start = ALLOCATIONS.get();
        let whole = run(count, |number| verify(&engine, &tokens, number))?;
        allocations = ALLOCATIONS.get() - start;
        if round > 0 {
            digested.push(digest);
            looked_up.push(look_up);
            verified.push(whole);
        }
        let watch = Stopwatch::start();
        discard(&mut roll_up);
        rolled_up.push(watch.per_second(RUN as u64));
    }
    let (verified, digested, looked_up) = (median(verified), median(digested), median(looked_up));
    let name = |what: &str| format!("{count} keys: {what}");
    report.at_least(
        &name("verifications/s, beside the digest alone"),
        verified,
        Some(digested),
        floor,
    );
    report.information(
        &name("the same, beside digest and HashMap"),
        verified,
        Some(looked_up),
    );
    report.information(
        &name("ns a verification, beside the digest"),
        1e9 / verified,
        Some(1e9 / digested),
    );
    report.information(
        &name("records read and summed up, a second"),
        median(rolled_up),
        None,
    );
    report.at_most(
        &name("allocations a verification"),
        allocations as f64 / RUN as f64,
        None,
        1e-3,
    );
    if count >= 1_000_000 {
        report.information(&name("bytes a cached key"), each, None);
    }
    Ok(())
}

/// All checks on: digest, source, network list, requirement, journal.
fn verify(engine: &Engine, tokens: &Tokens, number: u32) -> Result<()> {
    let question = Question {
        source: Some(Way::Bearer),
        ip: Some(IpAddr::from([203, 0, 113, 9])),
        requires: Some("customers:view"),
        ..Question::default()
    };
    match engine.verify_cached(tokens.bytes(number), &question) {
        Some(Ok(answer)) if answer.code == Code::Valid => Ok(()),
        other => Err(Error::Unexpected(format!("token {number}: {other:?}"))),
    }
}

/// Steps a second.
fn run(count: u32, mut step: impl FnMut(u32) -> Result<()>) -> Result<f64> {
    let watch = Stopwatch::start();
    for number in (0..count).cycle().take(RUN) {
        step(number)?;
    }
    Ok(watch.per_second(RUN as u64))
}

async fn fill(
    keyring: &Arc<Keyring>,
    tokens: &Tokens,
    order: &[u32],
    directory: &Path,
) -> Result<(Engine, RollUp)> {
    let settings = Settings {
        directory: Some(directory.to_owned()),
        ..Settings::default()
    };
    let journal = Journal::open(&settings, Uuid::nil(), &[]).map_err(Error::io("the journal"))?;
    let options = Options {
        journal: Some(Arc::new(journal)),
        ..Options::default()
    };
    let rows = Rows::default();
    let engine = Engine::over(
        Box::new(rows.clone()),
        keyring.clone(),
        Arc::new(SystemClock),
        options,
    )
    .await
    .map_err(failed)?;
    let mut roll_up = engine.roll_up();
    for &number in order {
        let digest = keyring.digest(&tokens.presented(number)?);
        *rows.0.lock() = Some(sample(number, digest));
        let told = engine
            .verify(
                tokens.bytes(number),
                &Question {
                    ip: Some(IpAddr::from([203, 0, 113, 9])),
                    ..Question::default()
                },
            )
            .await;
        match told {
            Ok(answer) if answer.code == Code::Valid => {}
            other => return Err(Error::Unexpected(format!("{other:?}"))),
        }
        // Often, or what it takes would be counted as the cache's.
        if number % 1_000 == 0 {
            discard(&mut roll_up);
        }
    }
    discard(&mut roll_up);
    Ok((engine, roll_up))
}

/// One of a hundred organisations, one of eight sets of permissions, and the same network list.
fn sample(number: u32, digest: Digest) -> Found {
    let organisation =
        OrganisationId::from_uuid(Uuid::from_u128(u128::from(number % 100 + 1) * 0x1234_5678_9abc));
    let patterns = ["customers:*".to_owned(), format!("invoices{}:view", number % 8)];
    Found {
        owner: Owner::Organisation(organisation),
        organisation,
        expires_at: Some(Timestamp::from_micros(4_000_000_000_000_000)),
        permissions: patterns
            .iter()
            .filter_map(|pattern| pattern.parse().ok())
            .collect(),
        networks: ["203.0.113.0/24"]
            .iter()
            .filter_map(|net| net.parse().ok())
            .collect(),
        metadata: String::new(),
        ..found(number as usize, digest)
    }
}

/// Tokens side by side, so that fetching one costs little.
struct Tokens {
    text: Vec<u8>,
    length: usize,
}

impl Tokens {
    fn new(count: u32) -> Self {
        let shape = TokenShape::default();
        let length = usize::from(shape.length());
        let mut text = Vec::with_capacity(length * count as usize);
        for _ in 0..count {
            text.extend_from_slice(Token::generate(&shape, &SystemRandom).expose().as_bytes());
        }
        Self { text, length }
    }

    fn count(&self) -> usize {
        self.text.len() / self.length
    }

    fn bytes(&self, number: u32) -> &[u8] {
        let start = number as usize * self.length;
        &self.text[start..start + self.length]
    }

    fn presented(&self, number: u32) -> Result<Presented<'_>> {
        Presented::parse(self.bytes(number)).map_err(|error| Error::Unexpected(error.to_string()))
    }
}

/// Every number once, in an order that no prefetcher knows (Fisher and Yates, with xorshift).
fn shuffled(count: u32) -> Vec<u32> {
    let mut order: Vec<u32> = (0..count).collect();
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    for last in (1..order.len()).rev() {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        order.swap(last, (state % (last as u64 + 1)) as usize);
    }
    order
}

/// Resident memory of this process, in bytes.
fn resident() -> Result<f64> {
    let statm = std::fs::read_to_string("/proc/self/statm").map_err(Error::io("/proc/self/statm"))?;
    let pages: Option<f64> = statm.split(' ').nth(1).and_then(|pages| pages.parse().ok());
    pages
        .map(|pages| pages * rustix::param::page_size() as f64)
        .ok_or(Error::Unexpected(statm))
}
