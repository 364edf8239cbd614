//! What is simulated: a database, the network between it and its nodes, the nodes' clocks, and what befalls them.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use domain::access::Directory;
use domain::clock::{Clock, Timestamp};
use domain::decide::Code;
use domain::id::OrganisationId;
use domain::secret::{Digest, Keyring, Scheme};
use domain::token::{Token, TokenShape};
use parking_lot::Mutex;
use store::changes::Changes;
use store::nodes::{NewNode, Node, Renewed};
use store::quotas::{Ask, Holding, PeriodOf, Share, Use};
use store::secrets::Found;
use store::{Change, StoreError};
use uuid::Uuid;

use super::executor::{self, Dice, Seeded, Shared, Sleep, Time};
use crate::fleet::Member;
use crate::journal::Journal;
use crate::source::{Asked, Fleet, Source};
use crate::tests::{Faults, found, key_id, organisation};
use crate::{Engine, Options, Question, VerifyError};

const NODES: usize = 3;
const KEYS: usize = 24;
/// How long a run lasts, in microseconds.
const END: u64 = 25_000_000;
const LEASE: Duration = Duration::from_secs(3);
const SECOND: u64 = 1_000_000;
/// How long nodes go on after their leases, where they do.
pub(super) const STALE: Duration = Duration::from_secs(4);

/// A way in which the protocol, or who uses it, is broken on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Broken {
    /// A fill that an invalidation overtook is kept.
    FillAfterInvalidate,
    /// A request joins a flight that began before it, and such a flight lands although it was overtaken: each of the two alone stops the other.
    JoinOldFlight,
    /// The lease counts from when the renewal's answer came.
    LeaseFromReceipt,
    /// The lease is extended before what the renewal brought is applied.
    ExtendFirst,
    /// Changes are acknowledged before they are applied.
    AcknowledgeFirst,
    /// It is looked into the memory before it is looked whether the lease holds.
    LookFirst,
    /// Nobody looks at the lease.
    NoLease,
    /// Who changes something waits for half a lease.
    ShortWait,
    /// A server that is taken out goes on with what it has in memory.
    KeepWhenFenced,
    /// Who has not acknowledged a change in time is taken out, although its beat goes on.
    FenceUnacknowledged,
    /// The number of a change is given before its transaction ends, so that they are seen in another order.
    BareSequence,
    /// A revocation that finds the key revoked answers at once.
    RetryWithoutBarrier,
    /// A server that goes on without its lease is taken out as if it did not.
    BuryGoingOn,
}

impl Broken {
    pub(super) const ALL: [Self; 13] = [
        Self::FillAfterInvalidate,
        Self::JoinOldFlight,
        Self::LeaseFromReceipt,
        Self::ExtendFirst,
        Self::AcknowledgeFirst,
        Self::LookFirst,
        Self::NoLease,
        Self::ShortWait,
        Self::KeepWhenFenced,
        Self::FenceUnacknowledged,
        Self::BareSequence,
        Self::RetryWithoutBarrier,
        Self::BuryGoingOn,
    ];
}

impl Broken {
    /// The first seed that has caught it, so that a test need not search long; others go on from there.
    pub(super) fn seed(self) -> u64 {
        match self {
            Self::FillAfterInvalidate => 74,
            Self::JoinOldFlight => 194,
            Self::LeaseFromReceipt => 519,
            Self::ExtendFirst => 2_927,
            Self::AcknowledgeFirst => 909,
            Self::LookFirst | Self::NoLease | Self::RetryWithoutBarrier => 3,
            Self::ShortWait => 481,
            Self::KeepWhenFenced => 7,
            Self::FenceUnacknowledged => 2_515,
            Self::BareSequence => 128,
            Self::BuryGoingOn => 1,
        }
    }

    /// How long its nodes go on after their leases.
    pub(super) fn stale(self) -> Duration {
        match self {
            Self::BuryGoingOn => STALE,
            _ => Duration::ZERO,
        }
    }
}

/// What a run has shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Outcome {
    pub(super) violation: Option<String>,
    pub(super) passed: u64,
    pub(super) refused: u64,
    pub(super) unfresh: u64,
    pub(super) stale: u64,
    pub(super) later: u64,
    pub(super) revoked: u64,
    pub(super) unanswered: u64,
    pub(super) fenced: u64,
    pub(super) crashes: u64,
}

impl Outcome {
    pub(super) fn add(&mut self, other: &Self) {
        self.passed += other.passed;
        self.refused += other.refused;
        self.unfresh += other.unfresh;
        self.stale += other.stale;
        self.later += other.later;
        self.revoked += other.revoked;
        self.unanswered += other.unanswered;
        self.fenced += other.fenced;
        self.crashes += other.crashes;
    }
}

/// The database, and what the simulation knows besides.
#[derive(Default)]
struct Truth {
    rows: Vec<Found>,
    /// Changes by their numbers, as far as they are committed.
    changes: BTreeMap<i64, Change>,
    /// The last number that was given.
    given: i64,
    nodes: BTreeMap<Uuid, Node>,
    /// When the revocation of a key was answered first.
    answered: Vec<Option<u64>>,
    /// The key that was revoked last.
    lately: usize,
    outcome: Outcome,
}

impl Truth {
    fn last(&self) -> i64 {
        self.changes.keys().next_back().copied().unwrap_or(0)
    }

    fn after(&self, seq: i64) -> Changes {
        let changes: Vec<(i64, Change)> = self
            .changes
            .range(seq + 1..)
            .map(|(n, change)| (*n, *change))
            .collect();
        Changes {
            upto: changes.last().map_or(seq, |(number, _)| *number),
            changes: changes.into_iter().map(|(_, change)| change).collect(),
            purged: false,
        }
    }
}

/// A node's clock: it drifts, and the time of day jumps.
struct Drifting {
    time: Shared<Time>,
    /// In millionths more or less than a second a second.
    drift: i64,
}

impl Drifting {
    fn real(&self, span: Duration) -> u64 {
        let micros = span.as_micros() as i64;
        (micros - micros * self.drift / 1_000_000).max(1) as u64
    }
}

impl Clock for Drifting {
    fn now(&self) -> Timestamp {
        let now = self.time.lock().now as i64;
        // An hour forth and back every eleven seconds.
        let jump = if (now / 11_000_000) % 2 == 0 {
            0
        } else {
            3_600_000_000
        };
        Timestamp::from_micros(1_000_000_000_000_000 + now + jump)
    }

    fn boottime(&self) -> Duration {
        let now = self.time.lock().now as i64;
        Duration::from_micros((now + now * self.drift / 1_000_000 + 5_000_000) as u64)
    }
}

/// One node's way to the database.
struct Network {
    time: Shared<Time>,
    truth: Shared<Truth>,
    dice: Shared<Dice>,
    clock: Arc<Drifting>,
    /// Until when nothing passes.
    cut: Arc<Mutex<u64>>,
}

fn lost() -> StoreError {
    StoreError::Unavailable("lost on the way".into())
}

impl Network {
    fn sleep(&self, micros: u64) -> Sleep {
        let until = self.time.lock().now + micros;
        Sleep {
            time: self.time.clone(),
            until,
        }
    }

    /// Whether a message arrives, after some time.
    async fn passes(&self) -> bool {
        let (took, arrives) = {
            let mut dice = self.dice.lock();
            let took = match dice.between(0, 20) {
                0 | 1 => dice.between(SECOND / 10, 2 * SECOND),
                _ => dice.between(100, 3_000),
            };
            (took, !dice.one_in(60))
        };
        self.sleep(took).await;
        let cut = *self.cut.lock();
        arrives && self.time.lock().now >= cut
    }

    /// Asks the database, which answers at one instant; within a time of the node's clock.
    async fn ask<T>(&self, limit: Duration, ask: impl FnOnce(&mut Truth) -> T) -> Result<T, StoreError> {
        let until = self.time.lock().now + self.clock.real(limit);
        let late = || self.time.lock().now > until;
        let give_up = || Sleep {
            time: self.time.clone(),
            until,
        };
        if !self.passes().await {
            give_up().await;
            return Err(lost());
        }
        let answer = ask(&mut self.truth.lock());
        if !self.passes().await || late() {
            give_up().await;
            return Err(lost());
        }
        Ok(answer)
    }
}

struct Way(Arc<Network>);

const PATIENCE: Duration = Duration::from_secs(4);

impl Source for Way {
    fn find_secret<'a>(&'a self, digests: &'a [Digest]) -> Asked<'a, Option<Found>> {
        Box::pin(self.0.ask(PATIENCE, |truth| {
            truth
                .rows
                .iter()
                .find(|row| digests.contains(&row.digest))
                .cloned()
        }))
    }

    fn directory(&self, _: OrganisationId) -> Asked<'_, Directory> {
        Box::pin(async { Ok(Directory::default()) })
    }

    fn foreign_prefixes(&self) -> Asked<'_, Vec<String>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn last_change(&self) -> Asked<'_, i64> {
        Box::pin(self.0.ask(PATIENCE, |truth| truth.last()))
    }

    fn changes_after(&self, seq: i64) -> Asked<'_, Changes> {
        Box::pin(self.0.ask(PATIENCE, move |truth| truth.after(seq)))
    }

    fn reserve_units(&self, _: Ask) -> Asked<'_, Share> {
        Box::pin(async { Err(lost()) })
    }

    fn close_blocks(&self, _: Vec<Holding>) -> Asked<'_, ()> {
        Box::pin(async { Ok(()) })
    }

    fn quota_uses(&self, _: Vec<PeriodOf>) -> Asked<'_, Vec<Use>> {
        Box::pin(async { Ok(Vec::new()) })
    }
}

impl Fleet for Way {
    fn join<'a>(&'a self, node: &'a NewNode) -> Asked<'a, ()> {
        Box::pin(self.0.ask(node.lease, move |truth| {
            let row = Node {
                id: node.id,
                name: node.name.clone(),
                version: node.version.clone(),
                lease: node.lease,
                stale: node.stale,
                joined_at: Timestamp::default(),
                renewed_at: Timestamp::default(),
                beat: 0,
                applied: truth.last(),
                secrets: node.secrets.clone(),
            };
            truth.nodes.insert(node.id, row);
        }))
    }

    fn renew<'a>(&'a self, node: &'a NewNode, beats: (i64, i64), applied: i64) -> Asked<'a, Option<Renewed>> {
        Box::pin(async move {
            // The statement's snapshot is of its beginning; its write may wait, for a lock on the row.
            let (last, changes) = self
                .0
                .ask(node.lease, |truth| (truth.last(), truth.after(applied)))
                .await?;
            let beat = self
                .0
                .ask(node.lease, |truth| {
                    let row = truth.nodes.get_mut(&node.id)?;
                    if row.beat < beats.0 || row.beat > beats.1 {
                        return None;
                    }
                    (row.beat, row.applied) = (beats.1 + 1, applied);
                    Some(row.beat)
                })
                .await?;
            Ok(beat.map(|beat| Renewed {
                beat,
                at: Timestamp::default(),
                last,
                changes,
            }))
        })
    }

    fn nodes(&self) -> Asked<'_, Vec<Node>> {
        Box::pin(
            self.0
                .ask(PATIENCE, |truth| truth.nodes.values().cloned().collect()),
        )
    }

    fn bury(&self, node: Uuid, beat: i64, limit: Duration) -> Asked<'_, ()> {
        Box::pin(self.0.ask(limit, move |truth| {
            if truth.nodes.get(&node).is_some_and(|row| row.beat == beat) {
                truth.nodes.remove(&node);
                truth.outcome.fenced += 1;
            }
        }))
    }

    fn tell_secrets<'a>(&'a self, _: &'a NewNode, _: &'a str) -> Asked<'a, ()> {
        Box::pin(async { Ok(()) })
    }

    fn leave<'a>(&'a self, node: &'a NewNode) -> Asked<'a, ()> {
        Box::pin(
            self.0
                .ask(node.lease, move |truth| drop(truth.nodes.remove(&node.id))),
        )
    }

    fn hinted(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        // Hints are lost, all of them: nothing may depend on one.
        Box::pin(std::future::pending())
    }

    fn sleep(&self, span: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(self.0.sleep(self.0.clock.real(span)))
    }
}

/// A node with what survives its crashes.
struct Place {
    number: usize,
    network: Arc<Network>,
    keyring: Arc<Keyring>,
    tokens: Arc<Vec<Token>>,
    journal: Arc<Journal>,
    random: Arc<Seeded>,
    broken: Option<Broken>,
    stale: Duration,
}

pub(super) struct World {
    time: Shared<Time>,
    truth: Shared<Truth>,
    order: Dice,
    places: Vec<Arc<Place>>,
}

impl World {
    pub(super) fn new(seed: u64, broken: Option<Broken>, stale: Duration) -> Self {
        let mut dice = Dice::new(seed);
        let random = Arc::new(Seeded(Mutex::new(Dice::new(dice.next()))));
        let keyring = Arc::new(Keyring::generate(random.as_ref()).unwrap());
        let tokens: Vec<Token> = (0..KEYS)
            .map(|_| Token::generate(&TokenShape::default(), random.as_ref()))
            .collect();
        let pepper = keyring.current_pepper();
        let row = |(number, token): (usize, &Token)| {
            found(
                number as u128,
                keyring.digest(&token.as_presented()),
                Scheme::Hmac { pepper },
            )
        };
        let truth = Arc::new(Mutex::new(Truth {
            rows: tokens.iter().enumerate().map(row).collect(),
            answered: vec![None; KEYS],
            ..Truth::default()
        }));
        let time = Arc::new(Mutex::new(Time::of(NODES + 1)));
        let order = Dice::new(dice.next());
        let drifts: Vec<i64> = (0..NODES)
            .map(|_| dice.between(0, 40_000) as i64 - 20_000)
            .collect();
        let dice = Arc::new(Mutex::new(dice));
        let tokens = Arc::new(tokens);
        let journal = Arc::new(Journal::in_memory().unwrap());
        let place = |(number, drift): (usize, i64)| {
            let clock = Arc::new(Drifting {
                time: time.clone(),
                drift,
            });
            Arc::new(Place {
                number,
                network: Arc::new(Network {
                    time: time.clone(),
                    truth: truth.clone(),
                    dice: dice.clone(),
                    clock,
                    cut: Arc::default(),
                }),
                keyring: keyring.clone(),
                tokens: tokens.clone(),
                journal: journal.clone(),
                random: random.clone(),
                broken,
                stale,
            })
        };
        let places = drifts.into_iter().enumerate().map(place).collect();
        Self {
            time,
            truth,
            order,
            places,
        }
    }

    pub(super) fn run(mut self) -> Outcome {
        for place in &self.places {
            executor::spawn(&self.time, place.number, serve(place.clone()));
        }
        // Of no node: nothing befalls it.
        executor::spawn(&self.time, NODES, befall(self.places.clone()));
        let truth = self.truth.clone();
        executor::run(&self.time, &mut self.order, END, || {
            truth.lock().outcome.violation.is_some()
        });
        self.truth.lock().outcome.clone()
    }
}

/// Stops nodes, kills them, and cuts them off.
async fn befall(places: Vec<Arc<Place>>) {
    loop {
        let network = &places[0].network;
        let (pause, place, what, long) = {
            let mut dice = network.dice.lock();
            let long = match dice.between(0, 3) {
                0 => dice.between(1_000, SECOND / 2),
                _ => dice.between(SECOND / 2, 9 * SECOND),
            };
            (
                dice.between(SECOND / 10, 3 * SECOND),
                dice.between(0, NODES as u64),
                dice.between(0, 5),
                long,
            )
        };
        network.sleep(pause).await;
        let place = &places[place as usize];
        match what {
            0 | 1 => {
                let mut time = network.time.lock();
                time.still[place.number] = time.now + long;
            }
            2 | 3 => *place.network.cut.lock() = network.time.lock().now + long,
            _ => {
                network.truth.lock().outcome.crashes += 1;
                network.time.lock().killed.insert(place.number);
                let again = place.clone();
                // After the killed are gone; what begins then is of the next run.
                executor::spawn(&network.time, NODES, async move {
                    again.network.sleep(long).await;
                    executor::spawn(&again.network.time, again.number, serve(again.clone()));
                });
            }
        }
    }
}

/// One run of a node.
async fn serve(place: Arc<Place>) {
    let network = &place.network;
    let engine = loop {
        let options = Options {
            // Fewer than there are keys: most of what is asked has to be fetched.
            capacity: 8,
            unknown_capacity: 64,
            journal: Some(place.journal.clone()),
            member: Some(Member {
                fleet: Arc::new(Way(network.clone())),
                name: format!("node {}", place.number),
                version: "sample".to_owned(),
                lease: LEASE,
                stale: place.stale,
                secrets: String::new(),
                steered: None,
                random: place.random.clone(),
            }),
            ..Options::default()
        };
        let source = Box::new(Way(network.clone()));
        let started = Engine::over(source, place.keyring.clone(), network.clock.clone(), options);
        match started.await {
            Ok(engine) => break engine,
            Err(_) => network.sleep(SECOND / 5).await,
        }
    };
    if let Some(broken) = place.broken {
        engine.0.faults.set(broken);
    }
    let keeper = engine.clone();
    executor::spawn(&network.time, place.number, async move {
        keeper.keep_fresh().await;
    });
    for _ in 0..3 {
        executor::spawn(&network.time, place.number, verify(place.clone(), engine.clone()));
    }
    executor::spawn(&network.time, place.number, change(place.clone(), engine));
}

async fn verify(place: Arc<Place>, engine: Engine) {
    let network = &place.network;
    loop {
        let (pause, any) = {
            let mut dice = network.dice.lock();
            (
                dice.between(1_000, SECOND / 5),
                dice.between(0, 3 * KEYS as u64) as usize,
            )
        };
        network.sleep(pause).await;
        let key = if any < KEYS {
            any
        } else {
            network.truth.lock().lately
        };
        let began = network.time.lock().now;
        let answer = engine
            .verify(place.tokens[key].expose().as_bytes(), &Question::default())
            .await;
        let mut truth = network.truth.lock();
        match answer.as_ref().map(|answer| answer.code) {
            Ok(Code::Valid) => {
                truth.outcome.passed += 1;
                truth.outcome.stale += u64::from(answer.is_ok_and(|answer| answer.stale_for.is_some()));
                if let Some(answered) = truth.answered[key].filter(|answered| *answered < began) {
                    let number = place.number;
                    let said = format!(
                        "key {key} passed on node {number}: asked at {began} µs, and revoked by an answer at {answered} µs"
                    );
                    truth.outcome.violation.get_or_insert(said);
                }
            }
            Ok(_) => truth.outcome.refused += 1,
            Err(VerifyError::Unavailable(_)) => truth.outcome.unfresh += 1,
            Err(_) => {}
        }
    }
}

async fn change(place: Arc<Place>, engine: Engine) {
    let network = &place.network;
    loop {
        let (pause, key, again) = {
            let mut dice = network.dice.lock();
            (
                dice.between(SECOND / 20, 2 * SECOND),
                dice.between(0, KEYS as u64) as usize,
                dice.one_in(3),
            )
        };
        network.sleep(pause).await;
        let key = if again { network.truth.lock().lately } else { key };
        let bare = place.broken == Some(Broken::BareSequence);
        let number = if bare {
            // Given now, and committed later, maybe after a greater one.
            let Ok(number) = network
                .ask(PATIENCE, |truth| {
                    truth.given += 1;
                    truth.given
                })
                .await
            else {
                continue;
            };
            Some(number)
        } else {
            None
        };
        let committed = network.ask(PATIENCE, |truth| {
            let was = truth.rows[key].over;
            truth.rows[key].over = true;
            truth.lately = key;
            if !was {
                let number = number.unwrap_or(truth.given + 1);
                truth.given = truth.given.max(number);
                truth
                    .changes
                    .insert(number, Change::Key(organisation(), key_id(key as u128)));
            }
            (truth.last(), was)
        });
        let Ok((seq, was)) = committed.await else {
            network.truth.lock().outcome.unanswered += 1;
            continue;
        };
        let done = if was && place.broken == Some(Broken::RetryWithoutBarrier) {
            Ok(None)
        } else {
            engine.barrier(number.filter(|_| !was).unwrap_or(seq)).await
        };
        let now = network.time.lock().now;
        let mut truth = network.truth.lock();
        match done {
            Ok(later) => {
                truth.outcome.revoked += 1;
                truth.outcome.later += u64::from(later.is_some());
                // From when on it is promised; by the clock of whoever promises.
                let from = now + later.map_or(0, |later| network.clock.real(later));
                let known = truth.answered[key].get_or_insert(from);
                *known = (*known).min(from);
            }
            Err(_) => truth.outcome.unanswered += 1,
        }
    }
}

impl Faults {
    fn set(&self, broken: Broken) {
        match broken {
            Broken::FillAfterInvalidate => self.keep_overtaken_fills.store(true, SeqCst),
            Broken::JoinOldFlight => {
                self.join_old_flights.store(true, SeqCst);
                self.keep_overtaken_fills.store(true, SeqCst);
            }
            Broken::LeaseFromReceipt => self.lease_from_receipt.store(true, SeqCst),
            Broken::ExtendFirst => self.extend_first.store(true, SeqCst),
            Broken::AcknowledgeFirst => self.acknowledge_first.store(true, SeqCst),
            Broken::LookFirst => self.look_first.store(true, SeqCst),
            Broken::NoLease => self.no_lease.store(true, SeqCst),
            Broken::ShortWait => self.short_wait.store(true, SeqCst),
            Broken::KeepWhenFenced => self.keep_when_fenced.store(true, SeqCst),
            Broken::FenceUnacknowledged => self.bury_any.store(true, SeqCst),
            Broken::BuryGoingOn => self.bury_going_on.store(true, SeqCst),
            Broken::BareSequence | Broken::RetryWithoutBarrier => {}
        }
    }
}
