//! What limits cost: verifications of cached keys on one thread, with none, with one and with three rate limits, and with
//! a quota beside them, each as a ratio of the same run without any.
#![expect(clippy::print_stderr, reason = "a benchmark that could not run says why")]

use std::process::ExitCode;
use std::sync::Arc;

use benches::report::{Report, median};
use benches::stopwatch::Stopwatch;
use benches::{Error, Result};
use domain::access::Directory;
use domain::clock::{SystemClock, SystemRandom};
use domain::decide::Code;
use domain::id::{KeyId, OrganisationId, SecretId};
use domain::key::Owner;
use domain::limits::{Quota, QuotaError, Rate, RateError, RateLimit};
use domain::organisation::OrganisationStatus;
use domain::policy::Policy;
use domain::secret::{Digest, Keyring, PepperVersion, Scheme};
use domain::token::{Token, TokenShape};
use engine::journal::RollUp;
use engine::source::{Asked, Source};
use engine::{Engine, Options, Question};
use mimalloc::MiMalloc;
use parking_lot::Mutex;
use store::changes::Changes;
use store::quotas::{Ask, Holding, PeriodOf, Share, Use};
use store::secrets::Found;
use uuid::Uuid;

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

/// What was recorded is read and summed up, as the worker does, and not written.
fn discard(roll_up: &mut RollUp) {
    loop {
        let read = roll_up.read(100_000);
        for batch in roll_up.take() {
            roll_up.done(&batch);
        }
        if read == 0 {
            return;
        }
    }
}

async fn measure() -> Result<Report> {
    let mut report = Report::begin("limits: verifications of cached keys, one thread");
    let keyring = Arc::new(Keyring::generate(&SystemRandom).map_err(|e| Error::Unexpected(e.to_string()))?);
    let rows = Arc::new(Mutex::new(None));
    let source = Box::new(Rows(rows.clone()));
    let engine = Engine::over(source, keyring.clone(), Arc::new(SystemClock), Options::default())
        .await
        .map_err(|e| Error::Unexpected(e.to_string()))?;
    let mut roll_up = engine.roll_up();
    let mut kinds = Vec::new();
    for (kind, (_, rates, quota)) in KINDS.into_iter().enumerate() {
        let mut tokens = Vec::with_capacity(KEYS);
        for number in 0..KEYS {
            let token = Token::generate(&TokenShape::default(), &SystemRandom);
            let digest = keyring.digest(&token.as_presented());
            *rows.lock() = Some(found(kind * KEYS + number, digest, rates, quota)?);
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

/// Answers with the key that was laid there last.
struct Rows(Arc<Mutex<Option<Found>>>);

impl Source for Rows {
    fn find_secret<'a>(&'a self, _: &'a [Digest]) -> Asked<'a, Option<Found>> {
        Box::pin(async { Ok(self.0.lock().clone()) })
    }

    fn directory(&self, _: OrganisationId) -> Asked<'_, Directory> {
        Box::pin(async { Ok(Directory::default()) })
    }

    fn foreign_prefixes(&self) -> Asked<'_, Vec<String>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn last_change(&self) -> Asked<'_, i64> {
        Box::pin(async { Ok(0) })
    }

    fn changes_after(&self, seq: i64) -> Asked<'_, Changes> {
        Box::pin(async move {
            Ok(Changes {
                changes: Vec::new(),
                upto: seq,
                purged: false,
            })
        })
    }

    fn reserve_units(&self, ask: Ask) -> Asked<'_, Share> {
        Box::pin(async move {
            Ok(Share {
                void: false,
                granted: ask.want,
                others: 0,
                limit: ask.quota.limit,
            })
        })
    }

    fn close_blocks(&self, _: Vec<Holding>) -> Asked<'_, ()> {
        Box::pin(async { Ok(()) })
    }

    fn quota_uses(&self, periods: Vec<PeriodOf>) -> Asked<'_, Vec<Use>> {
        Box::pin(async move { Ok(vec![Use::default(); periods.len()]) })
    }
}

/// A key whose limits nothing here reaches.
fn found(number: usize, digest: Digest, rates: usize, quota: bool) -> Result<Found> {
    let id = |salt: u128| {
        Uuid::from_u128((number as u128 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835 ^ salt))
    };
    let organisation = OrganisationId::from_uuid(Uuid::from_u128(0x1234_5678_9abc));
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
        secret: SecretId::from_uuid(id(1)),
        digest,
        scheme: Scheme::Hmac {
            pepper: PepperVersion::new(1),
        },
        secret_ends_at: None,
        key: KeyId::from_uuid(id(0)),
        name: format!("integration {number}"),
        owner: Owner::Organisation(organisation),
        owner_name: None,
        owner_active: true,
        owner_roles: Vec::new(),
        roles: Vec::new(),
        rate_limits: (0..rates).map(limit).collect(),
        quota: quota.then_some(most),
        quota_round: 0,
        owner_rate_limits: Vec::new(),
        organisation_rate_limits: Vec::new(),
        enabled: true,
        over: false,
        expires_at: None,
        permissions: Default::default(),
        networks: Vec::new(),
        metadata: "{}".to_owned(),
        organisation,
        organisation_slug: "sample".to_owned(),
        organisation_name: "Sample GmbH".to_owned(),
        organisation_status: OrganisationStatus::Active,
        policy: Policy::default(),
    })
}
