//! The races, made to happen: a store whose answers can be held back while something changes.

mod fleet;
mod guesses;
mod limits;
mod standing;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use domain::access::{Directory, Grants};
use domain::clock::{Clock, SystemRandom, Timestamp};
use domain::decide::Code;
use domain::id::{KeyId, OrganisationId, SecretId};
use domain::key::Owner;
use domain::organisation::OrganisationStatus;
use domain::policy::Policy;
use domain::secret::{Digest, Keyring, PepperVersion, Scheme, sha256};
use domain::token::{Token, TokenShape};
use parking_lot::Mutex;
use store::changes::Changes;
use store::quotas::{Ask, Holding, PeriodOf, Share, Use};
use store::secrets::Found;
use store::{Change, StoreError};
use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::journal::{Batch, RollUp};
use crate::source::{Asked, Source};
use crate::{Answer, Engine, Options, Question, VerifyError};

/// Ways to break the engine on purpose, so that the tests can show that they would notice.
#[derive(Default)]
pub(crate) struct Faults {
    pub(crate) join_old_flights: AtomicBool,
    pub(crate) bury_going_on: AtomicBool,
    pub(crate) keep_overtaken_fills: AtomicBool,
    pub(crate) lease_from_receipt: AtomicBool,
    pub(crate) extend_first: AtomicBool,
    pub(crate) acknowledge_first: AtomicBool,
    pub(crate) look_first: AtomicBool,
    pub(crate) no_lease: AtomicBool,
    pub(crate) short_wait: AtomicBool,
    pub(crate) keep_when_fenced: AtomicBool,
    pub(crate) bury_any: AtomicBool,
}

/// A store in memory. Each answer is read at once, and then held back until a permit lets it go.
struct Held {
    rows: Mutex<HashMap<[u8; 32], Found>>,
    changes: Mutex<Vec<Change>>,
    prefixes: Mutex<Vec<String>>,
    directory: Mutex<Directory>,
    asked: AtomicUsize,
    looked_up: AtomicUsize,
    fails: AtomicBool,
    gate: Semaphore,
    quotas: Mutex<limits::Ledger>,
}

struct Shared(Arc<Held>);

impl Source for Shared {
    fn find_secret<'a>(&'a self, digests: &'a [Digest]) -> Asked<'a, Option<Found>> {
        Box::pin(async move {
            let mut found: Vec<Found> = {
                let rows = self.0.rows.lock();
                digests
                    .iter()
                    .filter_map(|d| rows.get(d.as_bytes()).cloned())
                    .collect()
            };
            self.0.asked.fetch_add(1, SeqCst);
            self.0.gate.acquire().await.unwrap().forget();
            if self.0.fails.load(SeqCst) {
                return Err(StoreError::RowMissing);
            }
            found.sort_by_key(|one| one.scheme == Scheme::Sha256);
            Ok(found.into_iter().next())
        })
    }

    fn directory(&self, _: OrganisationId) -> Asked<'_, Directory> {
        Box::pin(async {
            let directory = self.0.directory.lock().clone();
            self.0.looked_up.fetch_add(1, SeqCst);
            self.0.gate.acquire().await.unwrap().forget();
            Ok(directory)
        })
    }

    fn foreign_prefixes(&self) -> Asked<'_, Vec<String>> {
        Box::pin(async { Ok(self.0.prefixes.lock().clone()) })
    }

    fn last_change(&self) -> Asked<'_, i64> {
        Box::pin(async { Ok(self.0.changes.lock().len() as i64) })
    }

    fn changes_after(&self, seq: i64) -> Asked<'_, Changes> {
        Box::pin(async move {
            let all = self.0.changes.lock();
            Ok(Changes {
                changes: all[seq as usize..].to_vec(),
                upto: all.len() as i64,
                purged: false,
            })
        })
    }

    fn reserve_units(&self, ask: Ask) -> Asked<'_, Share> {
        Box::pin(async move {
            self.0.gate.acquire().await.unwrap().forget();
            if self.0.fails.load(SeqCst) {
                return Err(StoreError::Unavailable("the test says so".into()));
            }
            Ok(self.0.reserve(&ask))
        })
    }

    fn close_blocks(&self, holdings: Vec<Holding>) -> Asked<'_, ()> {
        Box::pin(async move {
            self.0.close(&holdings);
            Ok(())
        })
    }

    fn quota_uses(&self, periods: Vec<PeriodOf>) -> Asked<'_, Vec<Use>> {
        Box::pin(async move { Ok(periods.iter().map(|period| self.0.used(period)).collect()) })
    }
}

/// A clock that the test moves.
struct Hands(AtomicI64);

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(SeqCst))
    }
    fn boottime(&self) -> Duration {
        Duration::from_micros(self.0.load(SeqCst) as u64)
    }
}

/// Rolls up all that is there: what one part after the other would write.
fn rolled_up(roll_up: &mut RollUp) -> Vec<Arc<Batch>> {
    while roll_up.read(usize::MAX) > 0 {}
    let batches = roll_up.take();
    batches.iter().for_each(|batch| roll_up.done(batch));
    batches
}

fn counted(roll_up: &mut RollUp) -> i64 {
    let batches = rolled_up(roll_up);
    batches
        .iter()
        .flat_map(|batch| &batch.answers)
        .map(|one| one.count)
        .sum()
}

struct World {
    engine: Engine,
    store: Arc<Held>,
    clock: Arc<Hands>,
    keyring: Arc<Keyring>,
}

const OPEN: usize = 1_000_000;
const HOUR: i64 = 3_600_000_000;

impl World {
    /// With the store's gate open or shut.
    async fn new(permits: usize) -> Self {
        Self::with(permits, Options::default()).await
    }

    async fn with(permits: usize, options: Options) -> Self {
        let store = Arc::new(Held {
            rows: Mutex::default(),
            changes: Mutex::default(),
            prefixes: Mutex::default(),
            directory: Mutex::default(),
            asked: AtomicUsize::new(0),
            looked_up: AtomicUsize::new(0),
            fails: AtomicBool::new(false),
            gate: Semaphore::new(permits),
            quotas: Mutex::default(),
        });
        let clock = Arc::new(Hands(AtomicI64::new(1_000_000 * HOUR)));
        let keyring = Arc::new(Keyring::generate(&SystemRandom).unwrap());
        let source = Box::new(Shared(store.clone()));
        let engine = Engine::over(source, keyring.clone(), clock.clone(), options)
            .await
            .unwrap();
        Self {
            engine,
            store,
            clock,
            keyring,
        }
    }

    /// A key with a token of ours.
    fn key(&self, number: u128) -> Token {
        let token = token();
        let digest = self.keyring.digest(&token.as_presented());
        let pepper = self.keyring.current_pepper();
        self.put(found(number, digest, Scheme::Hmac { pepper }));
        token
    }

    fn put(&self, found: Found) {
        self.store.rows.lock().insert(*found.digest.as_bytes(), found);
    }

    /// As a committed revocation; answers its number.
    fn revoke(&self, number: u128) -> i64 {
        for found in self.store.rows.lock().values_mut() {
            found.over |= found.key == key_id(number);
        }
        self.change(Change::Key(organisation(), key_id(number)))
    }

    fn change(&self, change: Change) -> i64 {
        let mut changes = self.store.changes.lock();
        changes.push(change);
        changes.len() as i64
    }

    async fn ask(&self, token: &Token) -> Code {
        self.verify(token.expose().as_bytes()).await.unwrap().code
    }

    async fn verify(&self, token: &[u8]) -> Result<Answer, VerifyError> {
        self.engine.verify(token, &Question::default()).await
    }

    /// The same beside this task.
    fn ask_beside(&self, token: &Token) -> tokio::task::JoinHandle<Result<Code, VerifyError>> {
        let engine = self.engine.clone();
        let token = token.expose().to_owned();
        tokio::spawn(async move {
            let answer = engine.verify(token.as_bytes(), &Question::default()).await?;
            Ok(answer.code)
        })
    }

    fn asked(&self) -> usize {
        self.store.asked.load(SeqCst)
    }

    /// Waits until the store was asked that often.
    async fn until_asked(&self, times: usize) {
        while self.asked() < times {
            tokio::task::yield_now().await;
        }
    }
}

fn organisation() -> OrganisationId {
    OrganisationId::from_uuid(Uuid::from_u128(0xffff))
}

fn key_id(number: u128) -> KeyId {
    KeyId::from_uuid(Uuid::from_u128(number))
}

fn token() -> Token {
    Token::generate(&TokenShape::default(), &SystemRandom)
}

fn found(number: u128, digest: Digest, scheme: Scheme) -> Found {
    Found {
        secret: SecretId::from_uuid(Uuid::from_u128(number)),
        digest,
        scheme,
        secret_ends_at: None,
        key: key_id(number),
        name: format!("key {number}"),
        owner: Owner::Organisation(organisation()),
        owner_name: None,
        owner_active: true,
        owner_roles: Vec::new(),
        roles: Vec::new(),
        rate_limits: Vec::new(),
        quota: None,
        quota_round: 0,
        owner_rate_limits: Vec::new(),
        organisation_rate_limits: Vec::new(),
        enabled: true,
        over: false,
        expires_at: None,
        permissions: Grants::default(),
        networks: Vec::new(),
        metadata: "{}".to_owned(),
        organisation: organisation(),
        organisation_slug: "acme".to_owned(),
        organisation_name: "Acme".to_owned(),
        organisation_status: OrganisationStatus::Active,
        policy: Policy::default(),
    }
}

/// Lets what was spawned run up to where it waits.
async fn settle() {
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
}

/// A fill is read, then its key is revoked, then the fill lands. Gives what a later request is told.
async fn overtake(broken: bool) -> Code {
    let world = World::new(0).await;
    world.engine.0.faults.keep_overtaken_fills.store(broken, SeqCst);
    let token = world.key(1);
    let early = world.ask_beside(&token);
    world.until_asked(1).await;
    let seq = world.revoke(1);
    world.engine.barrier(seq).await.unwrap();
    world.store.gate.add_permits(OPEN);
    early.await.unwrap().unwrap();
    world.ask(&token).await
}

#[tokio::test]
async fn a_fill_that_an_invalidation_overtook_is_not_kept() {
    assert_eq!(overtake(false).await, Code::Revoked);
    assert_eq!(overtake(true).await, Code::Valid, "the test sees the fault");
}

/// A fill is read, then its key is revoked, then another request begins, then the fill lands. Gives what the second is told.
async fn join_late(broken: bool) -> Code {
    let world = World::new(0).await;
    world.engine.0.faults.join_old_flights.store(broken, SeqCst);
    // So that the late landing is told as it is: the leader of the broken engine keeps what it read.
    world.engine.0.faults.keep_overtaken_fills.store(broken, SeqCst);
    let token = world.key(1);
    let early = world.ask_beside(&token);
    world.until_asked(1).await;
    let seq = world.revoke(1);
    world.engine.barrier(seq).await.unwrap();
    let late = world.ask_beside(&token);
    settle().await;
    assert_eq!(world.asked(), if broken { 1 } else { 2 });
    world.store.gate.add_permits(OPEN);
    early.await.unwrap().unwrap();
    late.await.unwrap().unwrap()
}

/// The same chance test that a sound engine passes in `tests/revoked_is_revoked.rs`.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_race_test_notices_an_engine_that_keeps_overtaken_fills() {
    for seed in 1..=20 {
        let broken = |engine: &Engine| engine.0.faults.keep_overtaken_fills.store(true, SeqCst);
        let outcome = crate::race::run(seed, 250, broken).await;
        if outcome.wrong > 0 {
            println!("seed {seed}: {} of {}", outcome.wrong, outcome.checked);
            return;
        }
    }
    panic!("nothing was noticed");
}

#[tokio::test]
async fn a_request_after_a_revoke_never_joins_a_flight_from_before_it() {
    assert_eq!(join_late(false).await, Code::Revoked);
    assert_eq!(join_late(true).await, Code::Valid, "the test sees the fault");
}

#[tokio::test]
async fn a_miss_asks_the_store_once_however_many_wait() {
    let world = World::new(0).await;
    let token = world.key(1);
    let waiting: Vec<_> = (0..100).map(|_| world.ask_beside(&token)).collect();
    settle().await;
    world.store.gate.add_permits(OPEN);
    for one in waiting {
        assert_eq!(one.await.unwrap().unwrap(), Code::Valid);
    }
    assert_eq!(world.ask(&token).await, Code::Valid);
    assert_eq!(world.asked(), 1);
}

#[tokio::test]
async fn a_cancelled_leader_strands_nobody() {
    let world = World::new(0).await;
    let token = world.key(1);
    let leader = world.ask_beside(&token);
    world.until_asked(1).await;
    let followers: Vec<_> = (0..10).map(|_| world.ask_beside(&token)).collect();
    settle().await;
    assert_eq!(world.asked(), 1);
    leader.abort();
    assert!(leader.await.unwrap_err().is_cancelled());
    world.store.gate.add_permits(OPEN);
    for one in followers {
        assert_eq!(one.await.unwrap().unwrap(), Code::Valid);
    }
    assert_eq!(world.asked(), 2, "one of them took over");
}

#[tokio::test]
async fn a_store_that_fails_is_told_to_all_who_wait_and_to_nobody_later() {
    let world = World::new(0).await;
    let token = world.key(1);
    world.store.fails.store(true, SeqCst);
    let waiting: Vec<_> = (0..5).map(|_| world.ask_beside(&token)).collect();
    settle().await;
    world.store.gate.add_permits(OPEN);
    for one in waiting {
        assert!(matches!(one.await.unwrap(), Err(VerifyError::Unavailable(_))));
    }
    assert_eq!((world.asked(), world.engine.stats().store_errors), (1, 1));
    world.store.fails.store(false, SeqCst);
    assert_eq!(world.ask(&token).await, Code::Valid);
}

#[tokio::test]
async fn unknown_tokens_are_cached_within_bounds() {
    let options = Options {
        unknown_capacity: 128,
        ..Options::default()
    };
    let world = World::with(OPEN, options).await;
    let stranger = token();
    for _ in 0..3 {
        assert_eq!(world.ask(&stranger).await, Code::NotFound);
    }
    assert_eq!(world.asked(), 1);
    world.clock.0.fetch_add(10_000_000, SeqCst);
    assert_eq!(world.ask(&stranger).await, Code::NotFound);
    assert_eq!(world.asked(), 2, "after ten seconds it is asked again");
    for _ in 0..1_000 {
        world.ask(&token()).await;
    }
    assert!(world.engine.stats().unknown_tokens <= 128);
    assert_eq!(world.engine.stats().cached, 0);
}

#[tokio::test]
async fn known_keys_are_cached_within_bounds() {
    let options = Options {
        capacity: 200,
        ..Options::default()
    };
    let world = World::with(OPEN, options).await;
    let tokens: Vec<Token> = (0..1_000).map(|number| world.key(number)).collect();
    for _ in 0..2 {
        for token in &tokens {
            assert_eq!(world.ask(token).await, Code::Valid);
        }
        assert!((100..=200).contains(&world.engine.stats().cached));
    }
    let counted = counted(&mut world.engine.roll_up());
    assert_eq!(counted, 2_000, "evicted keys were counted too");
}

#[tokio::test]
async fn an_import_ends_the_unknown_answer() {
    let world = World::new(OPEN).await;
    let stranger = token();
    assert_eq!(world.ask(&stranger).await, Code::NotFound);
    let digest = sha256(&stranger.as_presented());
    world.put(found(1, digest, Scheme::Sha256));
    assert_eq!(world.ask(&stranger).await, Code::NotFound);
    world.store.prefixes.lock().push("sk_live".to_owned());
    let seq = world.change(Change::Import(organisation()));
    world.engine.barrier(seq).await.unwrap();
    assert_eq!(world.ask(&stranger).await, Code::Valid);
}

#[tokio::test]
async fn an_unknown_answer_that_an_import_overtook_is_not_kept() {
    let world = World::new(0).await;
    let stranger = token();
    let early = world.ask_beside(&stranger);
    world.until_asked(1).await;
    world.put(found(1, sha256(&stranger.as_presented()), Scheme::Sha256));
    world.store.prefixes.lock().push("*".to_owned());
    let seq = world.change(Change::Import(organisation()));
    world.engine.barrier(seq).await.unwrap();
    world.store.gate.add_permits(OPEN);
    early.await.unwrap().unwrap();
    assert_eq!(world.ask(&stranger).await, Code::Valid);
}

#[tokio::test]
async fn a_wrong_checksum_never_reaches_the_store() {
    let world = World::new(OPEN).await;
    let mut wrong = token().expose().to_owned().into_bytes();
    let last = wrong.len() - 1;
    wrong[last] = if wrong[last] == b'0' { b'1' } else { b'0' };
    for bad in [&wrong[..], b"", b"two words", &[b'x'; 2_000], &[0xff; 40]] {
        assert_eq!(world.verify(bad).await.unwrap().code, Code::NotFound);
        let at_once = world.engine.verify_cached(bad, &Question::default());
        assert_eq!(at_once.unwrap().unwrap().code, Code::NotFound);
    }
    assert_eq!(world.asked(), 0);
}

#[tokio::test]
async fn a_foreign_prefix_lets_a_wrong_checksum_through() {
    for prefix in ["acme", "*"] {
        let world = World::new(OPEN).await;
        let text = b"acme_5f0c6a1b9e7d4c3a8b2f6e1d0c9b8a7f";
        let presented = domain::token::Presented::parse(text).unwrap();
        world.put(found(1, sha256(&presented), Scheme::Sha256));
        assert_eq!(world.verify(text).await.unwrap().code, Code::NotFound);
        assert_eq!(world.asked(), 0);
        world.store.prefixes.lock().push(prefix.to_owned());
        let seq = world.change(Change::Import(organisation()));
        world.engine.barrier(seq).await.unwrap();
        assert_eq!(world.verify(text).await.unwrap().code, Code::Valid);
        let [rewrite] = world.engine.take_rewrites()[..] else {
            panic!("one rewrite");
        };
        assert_eq!(rewrite.digest, world.keyring.digest(&presented));
    }
}

#[tokio::test]
async fn a_keyed_digest_outranks_a_plain_one() {
    let world = World::new(OPEN).await;
    world.store.prefixes.lock().push("*".to_owned());
    let seq = world.change(Change::Import(organisation()));
    world.engine.barrier(seq).await.unwrap();
    let token = world.key(1);
    world.put(found(2, sha256(&token.as_presented()), Scheme::Sha256));
    let answer = world.verify(token.expose().as_bytes()).await.unwrap();
    assert_eq!(answer.key.unwrap().key, key_id(1));
    assert!(world.engine.take_rewrites().is_empty());
}

#[tokio::test]
async fn retired_peppers_verify_and_are_rewritten() {
    let world = World::new(OPEN).await;
    let token = world.key(1);
    assert_eq!(world.ask(&token).await, Code::Valid);
    let mut rotated = Keyring::from_toml(&world.keyring.to_toml()).unwrap();
    let version = rotated.announce_pepper(&SystemRandom);
    rotated.promote_pepper(version).unwrap();
    let mut without = Keyring::from_toml(&rotated.to_toml()).unwrap();
    without.retire_pepper(PepperVersion::new(1)).unwrap();

    let digest = rotated.digest(&token.as_presented());
    world.engine.set_keyring(Arc::new(rotated));
    assert_eq!(world.engine.stats().cached, 0);
    for _ in 0..3 {
        assert_eq!(world.ask(&token).await, Code::Valid);
    }
    let rewrites = world.engine.take_rewrites();
    assert_eq!(rewrites.len(), 1);
    assert_eq!(rewrites[0].digest, digest);
    assert_eq!(rewrites[0].scheme, Scheme::Hmac { pepper: version });

    world.engine.set_keyring(Arc::new(without));
    assert_eq!(world.ask(&token).await, Code::NotFound, "it was not rewritten");
}

#[tokio::test]
async fn a_malformed_requirement_is_an_error_whatever_the_token() {
    let world = World::new(OPEN).await;
    let (known, unknown) = (world.key(1), token());
    world.ask(&known).await;
    let question = Question {
        requires: Some("customers:*"),
        ..Question::default()
    };
    for token in [known.expose(), unknown.expose(), "", "acme_1"] {
        let told = world.engine.verify(token.as_bytes(), &question).await;
        assert!(matches!(told, Err(VerifyError::Requirement(_))), "{told:?}");
    }
    assert_eq!(world.asked(), 1);
}

#[tokio::test]
async fn a_key_that_ends_while_cached_is_refused_and_a_clock_set_back_does_not_bring_it_back() {
    let world = World::new(OPEN).await;
    let token = world.key(1);
    let end = world.clock.now().plus(Duration::from_secs(60));
    for found in world.store.rows.lock().values_mut() {
        found.secret_ends_at = Some(end);
    }
    assert_eq!(world.ask(&token).await, Code::Valid);
    world.clock.0.fetch_add(60_000_000, SeqCst);
    assert_eq!(world.ask(&token).await, Code::Revoked);
    let seq = world.change(Change::Key(organisation(), key_id(1)));
    world.engine.barrier(seq).await.unwrap();
    world.clock.0.fetch_sub(30_000_000, SeqCst);
    assert_eq!(world.ask(&token).await, Code::Revoked);
    assert_eq!(world.asked(), 2);
}

#[tokio::test]
async fn a_change_nobody_knows_and_one_of_the_organisation_forget_all_that_they_touch() {
    for change in [Change::Unknown, Change::Organisation(organisation())] {
        let world = World::new(OPEN).await;
        let tokens = [world.key(1), world.key(2)];
        for token in &tokens {
            world.ask(token).await;
        }
        let seq = world.change(change);
        world.engine.barrier(seq).await.unwrap();
        for token in &tokens {
            let cached = world
                .engine
                .verify_cached(token.expose().as_bytes(), &Question::default());
            assert!(cached.is_none(), "{change:?}");
        }
    }
}

#[tokio::test]
async fn a_barrier_for_what_the_store_does_not_know_promises_nothing() {
    let world = World::new(OPEN).await;
    assert!(world.engine.barrier(7).await.is_err());
}

#[tokio::test]
async fn usage_is_told_by_hour_and_code_with_the_last_use() {
    let world = World::new(OPEN).await;
    let token = world.key(1);
    let question = Question {
        ip: Some("::ffff:203.0.113.9".parse().unwrap()),
        ..Question::default()
    };
    let refused = Question {
        requires: Some("customers:view"),
        ..Question::default()
    };
    for _ in 0..3 {
        world
            .engine
            .verify(token.expose().as_bytes(), &question)
            .await
            .unwrap();
        world
            .engine
            .verify(token.expose().as_bytes(), &refused)
            .await
            .unwrap();
    }
    let first = world.clock.now();
    world.clock.0.fetch_add(HOUR, SeqCst);
    world
        .engine
        .verify(token.expose().as_bytes(), &refused)
        .await
        .unwrap();

    let mut roll_up = world.engine.roll_up();
    while roll_up.read(usize::MAX) > 0 {}
    let batch = roll_up.take().remove(0);
    let mut told: Vec<_> = batch.answers.iter().map(|c| (c.at, c.code, c.count)).collect();
    told.sort_unstable();
    let missing = Code::InsufficientPermissions;
    let next = first.plus(Duration::from_secs(3600));
    assert_eq!(
        told,
        [(first, Code::Valid, 3), (first, missing, 3), (next, missing, 1)]
    );
    let last = store::usage::Use {
        key: key_id(1),
        at: first,
        ip: Some("203.0.113.9".to_owned()),
        agent: None,
    };
    assert_eq!(batch.uses, [last]);
    assert_eq!(
        batch.requests.len(),
        5,
        "all four refusals, the first of what was accepted"
    );
    assert_eq!(roll_up.take(), std::slice::from_ref(&batch), "until it is done");
    roll_up.done(&batch);
    assert!(roll_up.take().is_empty());
}

#[tokio::test]
async fn usage_is_complete_under_concurrency() {
    const THREADS: u64 = 4;
    const EACH: u64 = 30_000;
    let options = Options {
        capacity: 64,
        ..Options::default()
    };
    let world = World::with(OPEN, options).await;
    let tokens: Arc<Vec<Token>> = Arc::new((0..32).map(|number| world.key(number)).collect());
    for token in tokens.iter() {
        world.ask(token).await;
    }
    let threads: Vec<_> = (0..THREADS)
        .map(|thread| {
            let (engine, tokens) = (world.engine.clone(), tokens.clone());
            std::thread::spawn(move || {
                for step in 0..EACH {
                    let token = &tokens[((step * 7 + thread) % 32) as usize];
                    let told = engine.verify_cached(token.expose().as_bytes(), &Question::default());
                    assert_eq!(told.unwrap().unwrap().code, Code::Valid);
                }
            })
        })
        .collect();
    let mut sum = 0;
    let mut roll_up = world.engine.roll_up();
    let mut take = || sum += counted(&mut roll_up);
    while threads.iter().any(|thread| !thread.is_finished()) {
        // Hours pass meanwhile, and so do counts of past ones.
        world.clock.0.fetch_add(HOUR / 4, SeqCst);
        take();
    }
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    take();
    assert_eq!(sum, (THREADS * EACH + 32) as i64);
}
