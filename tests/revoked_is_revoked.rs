//! Once a change was answered, no verification that begins afterwards is decided by the state before it: raced over HTTP,
//! with a cache of the usual size and with one so small that fills and invalidations meet all the time.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::clock::{SystemClock, SystemRandom};
use domain::id::{KeyId, OrganisationId};
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use store::db::Database;
use store::{Store, StoreError};

use crate::seed::{Dice, soak};
use crate::support::{ENGINES, Engine, Server, path_of, text};

/// Tasks that verify without a pause.
const VERIFIERS: usize = 4;
/// Tasks that change; each has keys of its own.
const CHANGERS: usize = 2;
/// Keys of a changer that are alive.
const KEYS: usize = 16;
const REQUIREMENT: &str = "orders:write";

/// What a decision reads of a key.
#[derive(Debug, Clone)]
struct State {
    revoked: bool,
    enabled: bool,
    /// Which secret is current.
    secret: usize,
    may_write: bool,
}

impl State {
    fn code(&self, secret: usize, writes: bool) -> &'static str {
        match self {
            _ if self.revoked || self.secret != secret => "REVOKED",
            Self { enabled: false, .. } => "DISABLED",
            Self { may_write: false, .. } if writes => "INSUFFICIENT_PERMISSIONS",
            _ => "VALID",
        }
    }
}

/// A key and its history. A state is noted before its change is asked for, and counted once that is answered: so a
/// verification may be decided by any state from the last answered at its beginning to the last noted at its end.
struct Subject {
    key: Value,
    states: Mutex<Vec<State>>,
    answered: AtomicUsize,
    secrets: Mutex<Vec<String>>,
}

impl Subject {
    fn of(key: Value) -> Arc<Self> {
        let first = State {
            revoked: false,
            enabled: true,
            secret: 0,
            may_write: true,
        };
        Arc::new(Self {
            states: Mutex::new(vec![first]),
            answered: AtomicUsize::new(0),
            secrets: Mutex::new(vec![text(&key, "secret").to_owned()]),
            key,
        })
    }

    fn latest(&self) -> State {
        self.states
            .lock()
            .expect("states")
            .last()
            .expect("a state")
            .clone()
    }
}

/// What everybody sees.
struct Race {
    server: Server,
    subjects: Mutex<Vec<Arc<Subject>>>,
    over: AtomicBool,
    verified: AtomicUsize,
    changed: AtomicUsize,
}

async fn verify_on_and_on(race: Arc<Race>, mut dice: Dice) {
    let http = Client::builder().no_proxy().build().expect("a client");
    while !race.over.load(SeqCst) {
        let subject = {
            let subjects = race.subjects.lock().expect("subjects");
            // The youngest are those that change.
            let from = subjects.len().saturating_sub(3 * KEYS);
            subjects[from + dice.below(subjects.len() - from)].clone()
        };
        let (which, token) = {
            let secrets = subject.secrets.lock().expect("secrets");
            let from = secrets.len().saturating_sub(2);
            let which = from + dice.below(secrets.len() - from);
            (which, secrets[which].clone())
        };
        let writes = dice.below(2) == 0;
        let mut body = json!({ "key": token });
        if writes {
            body["permissions"] = json!(REQUIREMENT);
        }
        let from = subject.answered.load(SeqCst);
        let request = http
            .post(format!("{}/v1/verify", race.server.verification))
            .json(&body);
        let response = request.send().await.expect("an answer");
        assert_eq!(response.status(), StatusCode::OK);
        let answer: Value = response.json().await.expect("JSON");
        let states = subject.states.lock().expect("states");
        let allowed: Vec<&str> = states[from..].iter().map(|s| s.code(which, writes)).collect();
        assert!(
            allowed.contains(&text(&answer, "code")),
            "{} (secret {which}, writes: {writes}) was answered {}, but since the request began its states were {:?}",
            subject.key["id"],
            answer["code"],
            &states[from..],
        );
        race.verified.fetch_add(1, SeqCst);
    }
}

async fn make(race: &Race) -> Arc<Subject> {
    let key = race
        .server
        .create(json!({"permissions": ["orders:read", REQUIREMENT]}))
        .await;
    let subject = Subject::of(key);
    race.subjects.lock().expect("subjects").push(subject.clone());
    subject
}

async fn change_on_and_on(race: Arc<Race>, mut own: Vec<Arc<Subject>>, mut dice: Dice) {
    while !race.over.load(SeqCst) {
        let which = dice.below(own.len());
        let subject = own[which].clone();
        let mut next = subject.latest();
        let (method, verb, body) = match dice.below(10) {
            0 => {
                next.revoked = true;
                (Method::POST, "revoke", json!({}))
            }
            1..4 => {
                next.enabled = !next.enabled;
                let verb = if next.enabled { "enable" } else { "disable" };
                (Method::POST, verb, json!({}))
            }
            4..7 => {
                next.secret += 1;
                (Method::POST, "rotate", json!({}))
            }
            _ => {
                next.may_write = !next.may_write;
                let held: &[&str] = match next.may_write {
                    true => &["orders:read", REQUIREMENT],
                    false => &["orders:read"],
                };
                (Method::PATCH, "", json!({ "permissions": held }))
            }
        };
        let over = next.revoked;
        subject.states.lock().expect("states").push(next);
        let path = path_of(&subject.key, verb);
        let (status, answer) = race.server.call(method, &path, Some(body)).await;
        assert_eq!(status, StatusCode::OK, "{verb}: {answer}");
        if verb == "rotate" {
            let secret = text(&answer, "secret").to_owned();
            subject.secrets.lock().expect("secrets").push(secret);
        }
        subject.answered.fetch_add(1, SeqCst);
        race.changed.fetch_add(1, SeqCst);
        if over {
            own[which] = make(&race).await;
        }
        tokio::time::sleep(dice.pause(0, 4)).await;
    }
}

async fn race(engine: Engine, cached_secrets: Option<usize>, span: Duration, dice: &mut Dice) {
    let mut server = Server::init(engine).await;
    if let Some(most) = cached_secrets {
        server.environment = vec![("CLAVIGER_CACHE_SECRETS", most.to_string())];
    }
    server.serve().await;
    let race = Arc::new(Race {
        server,
        subjects: Mutex::default(),
        over: AtomicBool::new(false),
        verified: AtomicUsize::new(0),
        changed: AtomicUsize::new(0),
    });
    let mut tasks = Vec::new();
    for _ in 0..CHANGERS {
        let mut own = Vec::new();
        for _ in 0..KEYS {
            own.push(make(&race).await);
        }
        tasks.push(tokio::spawn(change_on_and_on(race.clone(), own, dice.split())));
    }
    for _ in 0..VERIFIERS {
        tasks.push(tokio::spawn(verify_on_and_on(race.clone(), dice.split())));
    }
    let deadline = tokio::time::Instant::now() + span;
    while tokio::time::Instant::now() < deadline && !tasks.iter().any(|task| task.is_finished()) {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    race.over.store(true, SeqCst);
    for task in tasks {
        task.await.expect("the promise holds");
    }
    let (verified, changed) = (race.verified.load(SeqCst), race.changed.load(SeqCst));
    println!("{engine:?}, cache {cached_secrets:?}: {verified} verifications against {changed} changes");
    assert!(
        verified > 20 && changed > 10,
        "that was no race: {verified} {changed}"
    );
    let (_, proof) = race.server.call(Method::GET, "/v1/audit/verify", None).await;
    assert_eq!(proof["ok"], true, "{proof}");
}

fn span() -> Duration {
    Duration::from_secs(if soak() { 120 } else { 2 })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_verification_is_decided_by_what_a_change_has_ended() {
    let mut dice = Dice::throw();
    for engine in ENGINES {
        race(engine, None, span(), &mut dice).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nor_while_the_cache_evicts_and_fills_all_the_time() {
    let mut dice = Dice::throw();
    for engine in ENGINES {
        race(engine, Some(16), span(), &mut dice).await;
    }
}

/// A caller may hang up, or the database be lost, between a commit and the moment at which the caches have forgotten what
/// it ended. Nobody waits for them then, and they must forget all the same: the commit is made beside the server here.
#[tokio::test]
async fn a_change_that_nobody_waited_for_is_obeyed_within_seconds() {
    for engine in ENGINES {
        let server = Server::start(engine).await;
        let key = server.create(json!({})).await;
        let answer = server.verify(text(&key, "secret")).await;
        assert_eq!(answer["code"], "VALID");
        let id: KeyId = text(&key, "id").parse().expect("an id");
        let organisation: OrganisationId = text(&answer["organisation"], "id").parse().expect("an id");

        let database = Database::open(&server.target()).await.expect("a database");
        let store = Store::start(database, Arc::new(SystemClock), Arc::new(SystemRandom))
            .await
            .expect("a store");
        let disabled = store.write::<_, StoreError, _>(async move |tx| {
            let before = tx.key(organisation, id).await?.expect("the key");
            let mut after = before.clone();
            after.enabled = false;
            tx.update_key(&before, &mut after).await
        });
        disabled.await.expect("a commit");
        let begun = tokio::time::Instant::now();
        while server.verify(text(&key, "secret")).await["code"] != "DISABLED" {
            assert!(begun.elapsed() < Duration::from_secs(5), "the cache never forgot");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}
