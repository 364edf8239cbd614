//! Keys are switched off and on, and in the end revoked, while others verify them without pause: on a real store, with a
//! cache so small that most verifications are fills.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::time::Duration;

use domain::clock::{Clock, SystemClock, SystemRandom};
use domain::decide::Code;
use domain::id::{KeyId, OrganisationId, SecretId};
use domain::key::{Actor, ActorKind, CheckedDraft, Key, Revocation};
use domain::organisation::{Organisation, OrganisationStatus};
use domain::policy::Policy;
use domain::secret::{Keyring, Scheme};
use domain::token::{Token, TokenShape};
use engine::{Engine, Options, Question};
use store::organisations::Tenant;
use store::secrets::NewSecret;
use store::testkit::TestDatabase;
use store::{MIGRATIONS, Store, StoreError};

const KEYS: usize = 48;
const CHANGERS: usize = 2;
const VERIFIERS: usize = 4;

/// What a race has shown.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// Verifications whose answer was certain before they began.
    pub(crate) checked: u64,
    /// Those that were told otherwise.
    pub(crate) wrong: u64,
}

struct Race {
    store: Store,
    engine: Engine,
    organisation: OrganisationId,
    keys: Vec<(KeyId, Token)>,
    /// What the answer to each key must be: 0 while it changes, else twice the number of its changes, and one more while
    /// it must be refused.
    settled: Vec<AtomicU64>,
    over: AtomicBool,
    checked: AtomicU64,
    wrong: AtomicU64,
}

/// Runs `rounds` changes by each of the changers; `prepare` may break the engine first.
pub(crate) async fn run(seed: u64, rounds: u64, prepare: impl FnOnce(&Engine)) -> Outcome {
    let database = TestDatabase::sqlite().await;
    let race = Arc::new(Race::new(&database).await);
    prepare(&race.engine);
    let verifiers: Vec<_> = (0..VERIFIERS as u64)
        .map(|number| tokio::spawn(verify(race.clone(), seed ^ (number + 1) << 32)))
        .collect();
    let changers: Vec<_> = (0..CHANGERS)
        .map(|number| tokio::spawn(change(race.clone(), number, seed, rounds)))
        .collect();
    for changer in changers {
        changer.await.unwrap();
    }
    // All are revoked by now, and stay so.
    tokio::time::sleep(Duration::from_millis(20)).await;
    race.over.store(true, SeqCst);
    for verifier in verifiers {
        verifier.await.unwrap();
    }
    Outcome {
        checked: race.checked.load(SeqCst),
        wrong: race.wrong.load(SeqCst),
    }
}

async fn change(race: Arc<Race>, number: usize, seed: u64, rounds: u64) {
    let own: Vec<usize> = (number..KEYS).step_by(CHANGERS).collect();
    let mut dice = Dice(
        seed.wrapping_add(number as u64 + 1)
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            | 1,
    );
    for _ in 0..rounds {
        let at = own[dice.below(own.len() as u64) as usize];
        race.edit(at, |key| key.enabled = !key.enabled).await;
        for _ in 0..dice.below(40) {
            tokio::task::yield_now().await;
        }
    }
    for at in own {
        let by = system();
        race.edit(at, |key| {
            key.enabled = true;
            key.revoked = Some(Revocation {
                at: SystemClock.now(),
                reason: None,
                by,
            });
        })
        .await;
    }
}

async fn verify(race: Arc<Race>, seed: u64) {
    let mut dice = Dice(seed | 1);
    while !race.over.load(SeqCst) {
        let at = dice.below(KEYS as u64) as usize;
        let token = race.keys[at].1.expose().as_bytes();
        let before = race.settled[at].load(SeqCst);
        let told = race.engine.verify(token, &Question::default()).await.unwrap();
        if before != 0 && race.settled[at].load(SeqCst) == before {
            let refused = told.code != Code::Valid;
            race.checked.fetch_add(1, SeqCst);
            race.wrong
                .fetch_add(u64::from(refused != (before % 2 == 1)), SeqCst);
        }
        tokio::task::yield_now().await;
    }
}

impl Race {
    async fn new(database: &TestDatabase) -> Self {
        store::migrate::migrate(database, MIGRATIONS).await.unwrap();
        let store = Store::start(database.db.clone(), Arc::new(SystemClock), Arc::new(SystemRandom))
            .await
            .unwrap();
        let keyring = Arc::new(Keyring::generate(&SystemRandom).unwrap());
        let organisation = OrganisationId::fresh(&SystemClock, &SystemRandom);
        let mut keys = Vec::new();
        let mut rows = Vec::new();
        for number in 0..KEYS {
            let id = KeyId::fresh(&SystemClock, &SystemRandom);
            let token = Token::generate(&TokenShape::default(), &SystemRandom);
            rows.push(row(organisation, id, number, &keyring, &token));
            keys.push((id, token));
        }
        let tenant = Tenant {
            organisation: Organisation {
                id: organisation,
                slug: "acme".to_owned(),
                name: "Acme".to_owned(),
                status: OrganisationStatus::Active,
                rate_limits: Vec::new(),
                created_at: SystemClock.now(),
                version: 1,
            },
            policy: Policy::default(),
        };
        let write = store.write(async move |tx| {
            tx.insert_organisation(&tenant).await?;
            for (key, secret) in &rows {
                tx.insert_key(key).await?;
                tx.insert_secret(secret).await?;
            }
            Ok::<_, StoreError>(())
        });
        write.await.unwrap();
        let options = Options {
            capacity: KEYS / 2,
            ..Options::default()
        };
        let engine = Engine::start(store.clone(), keyring, Arc::new(SystemClock), options)
            .await
            .unwrap();
        Self {
            store,
            engine,
            organisation,
            keys,
            settled: (0..KEYS).map(|_| AtomicU64::new(2)).collect(),
            over: AtomicBool::new(false),
            checked: AtomicU64::new(0),
            wrong: AtomicU64::new(0),
        }
    }

    /// Changes a key as a use case does: commit, barrier, and only then is it done.
    async fn edit(&self, at: usize, edit: impl FnOnce(&mut Key) + Send + 'static) {
        let before = self.settled[at].swap(0, SeqCst);
        let (organisation, id) = (self.organisation, self.keys[at].0);
        let write = self.store.write(async move |tx| {
            let before = tx.key(organisation, id).await?.ok_or(StoreError::RowMissing)?;
            let mut key = before.clone();
            edit(&mut key);
            tx.update_key(&before, &mut key).await?;
            Ok::<_, StoreError>(key.enabled && key.revoked.is_none())
        });
        let written = write.await.unwrap();
        self.engine.barrier(written.seq).await.unwrap();
        let settled = (before | 1) + 1 + u64::from(!written.value);
        self.settled[at].store(settled, SeqCst);
    }
}

fn system() -> Actor {
    Actor {
        kind: ActorKind::System,
        id: None,
        name: "test".to_owned(),
    }
}

fn row(
    organisation: OrganisationId,
    id: KeyId,
    number: usize,
    keyring: &Keyring,
    token: &Token,
) -> (Key, NewSecret) {
    let now = SystemClock.now();
    let display = token.as_presented().display().to_string();
    let key = Key {
        number: number as i64 + 1,
        name: format!("key {number}"),
        display: display.clone(),
        ..Key::fresh(id, organisation, CheckedDraft::default(), system(), now)
    };
    let secret = NewSecret {
        id: SecretId::fresh(&SystemClock, &SystemRandom),
        organisation,
        key: id,
        digest: keyring.digest(&token.as_presented()),
        scheme: Scheme::Hmac {
            pepper: keyring.current_pepper(),
        },
        display,
        created_at: now,
        sealed: None,
    };
    (key, secret)
}

/// Seeded chance (xorshift).
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 8) % bound
    }
}
