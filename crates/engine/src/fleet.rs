//! One node among several: it may answer from memory as long as it holds a lease, and whoever changes something waits until every other
//! node has applied the change or has no lease any more.
//!
//! A lease counts from the moment at which its renewal was *sent*. A renewal that did not bring a change was sent before that change was
//! committed, so that the lease is over when whoever changed it has waited for as long after its commit. It is extended only after all
//! that the renewal brought was applied, and acknowledged only after that. Time is that of `CLOCK_BOOTTIME`, which goes on while a machine sleeps
//! and a process is stopped.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::time::Duration;

use domain::clock::{Random, Steered};
use domain::id::NodeId;
use futures_util::future::{Either, select};
use parking_lot::Mutex;
use store::StoreError;
use store::nodes::{NewNode, Node};
use tokio::sync::{Notify, watch};
use uuid::Uuid;

use crate::source::Fleet;
use crate::{Engine, Inner};

/// What clocks may differ by over a lease: a twentieth, which is a hundred times what the cheapest of them do, and what a timer may be late by.
fn margin(lease: Duration) -> Duration {
    lease / 20 + Duration::from_millis(50)
}

/// After a renewal that failed, the next one comes no sooner.
const AGAIN: Duration = Duration::from_millis(50);
/// The first pause between two looks at who lags behind, and the longest.
const SHORTEST: Duration = Duration::from_millis(1);
const LONGEST: Duration = Duration::from_millis(16);
/// A node that is not renewed for so many leases is taken out, although nobody waits for it.
pub const DEAD: u32 = 10;

/// This node, for an engine that is one of several.
#[derive(Clone)]
pub struct Member {
    /// The way to the others.
    pub fleet: Arc<dyn Fleet>,
    /// What people call it.
    pub name: String,
    /// Claviger's version.
    pub version: String,
    /// How long it serves after it has sent a renewal.
    pub lease: Duration,
    /// How long it goes on after that with the keys that it has in memory, if it cannot renew; not at all where that is nothing.
    pub stale: Duration,
    /// What its keyring holds, as others read it.
    pub secrets: String,
    /// The clock that follows the database's, where one does.
    pub steered: Option<Arc<Steered>>,
    /// For ids.
    pub random: Arc<dyn Random>,
}

impl std::fmt::Debug for Member {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Member")
            .field("name", &self.name)
            .field("lease", &self.lease)
            .finish_non_exhaustive()
    }
}

/// Its place among the nodes.
#[derive(Clone)]
struct Seat {
    node: NewNode,
    /// The beats at which its row may be: more than one where answers were lost.
    beats: (i64, i64),
}

/// How a renewal ended.
#[derive(Clone, Default)]
struct Told {
    /// When it began.
    began: Duration,
    failed: Option<Arc<StoreError>>,
}

/// How far every node is, as it was read once for all who asked meanwhile.
#[derive(Clone, Default)]
struct Standing {
    began: Option<Duration>,
    nodes: Arc<Vec<Node>>,
}

/// What an engine keeps of its membership.
pub(crate) struct Membership {
    of: Member,
    /// Until when it may answer from memory, in microseconds of boottime.
    until: AtomicU64,
    seat: Mutex<Option<Seat>>,
    /// What the keyring holds now.
    secrets: Mutex<String>,
    wanted: Notify,
    told: watch::Sender<Told>,
    standing: tokio::sync::Mutex<Standing>,
    /// Beats of others, and since when each stands there.
    beats: Mutex<HashMap<Uuid, (i64, Duration)>>,
    /// It is about to stop, and joins no more.
    leaving: AtomicBool,
}

fn micros(span: Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX)
}

impl Membership {
    pub(crate) fn new(of: Member) -> Self {
        Self {
            secrets: Mutex::new(of.secrets.clone()),
            of,
            until: AtomicU64::new(0),
            seat: Mutex::new(None),
            wanted: Notify::new(),
            told: watch::Sender::default(),
            standing: tokio::sync::Mutex::default(),
            beats: Mutex::default(),
            leaving: AtomicBool::new(false),
        }
    }

    /// Whether a request that takes this time may be answered from memory.
    #[inline]
    pub(crate) fn holds(&self, boottime: Duration) -> bool {
        micros(boottime) < self.until.load(SeqCst)
    }

    /// For how long the lease is over, where this node goes on with what it has in memory all the same.
    pub(crate) fn stale_for(&self, boottime: Duration) -> Option<Duration> {
        let until = self.until.load(SeqCst);
        let over = micros(boottime).saturating_sub(until);
        (until > 0 && over < micros(self.of.stale)).then(|| Duration::from_micros(over))
    }

    /// Whether the last renewal failed, so that there is nothing to wait for.
    pub(crate) fn is_cut_off(&self) -> bool {
        self.told.borrow().failed.is_some()
    }

    /// Remembers at which beat each node is, and since when: `now` is after the answer that said so.
    fn watch(&self, nodes: &[Node], now: Duration) {
        let mut beats = self.beats.lock();
        beats.retain(|id, _| nodes.iter().any(|node| node.id == *id));
        for node in nodes {
            let known = beats.entry(node.id).or_insert((node.beat, now));
            if known.0 != node.beat {
                *known = (node.beat, now);
            }
        }
    }

    /// For how long a node has stood at its beat.
    fn still(&self, node: &Node, now: Duration) -> Duration {
        let beats = self.beats.lock();
        let known = beats.get(&node.id).filter(|known| known.0 == node.beat);
        known.map_or(Duration::ZERO, |known| now.saturating_sub(known.1))
    }

    fn id(&self) -> Uuid {
        self.seat.lock().as_ref().map_or(Uuid::nil(), |seat| seat.node.id)
    }
}

impl Engine {
    /// Renews this node's lease, for ever; waits for ever where the engine is the only one.
    pub async fn keep_fresh(&self) -> Infallible {
        let Some(member) = &self.0.member else {
            return std::future::pending().await;
        };
        loop {
            let pause = match self.0.renew_and_tell(member).await {
                true => member.of.lease / 3,
                false => AGAIN,
            };
            let slept = member.of.fleet.sleep(pause);
            if pause == AGAIN {
                slept.await;
                continue;
            }
            let wanted = std::pin::pin!(member.wanted.notified());
            select(slept, select(member.of.fleet.hinted(), wanted)).await;
        }
    }

    /// Whether it may answer from memory now.
    pub fn is_fresh(&self) -> bool {
        self.0.is_fresh()
    }

    /// Whether it has no lease, and goes on with the keys in its memory all the same.
    pub fn goes_on(&self) -> bool {
        let boottime = self.0.clock.boottime();
        let member = self.0.member.as_ref();
        member.is_some_and(|member| !member.holds(boottime) && member.stale_for(boottime).is_some())
    }

    /// This node's id among the nodes; none where it is the only one.
    pub fn node(&self) -> Option<Uuid> {
        self.0.member.as_ref().map(Membership::id)
    }

    /// Says to the other nodes what this one's keyring holds from now on: returns once they can read it.
    ///
    /// # Errors
    /// When the database fails; they may read it then, or not.
    pub async fn tell_secrets(&self, secrets: String) -> Result<(), StoreError> {
        let Some(member) = &self.0.member else {
            return Ok(());
        };
        // Not between a place's being taken and its being known here.
        let _reading = self.0.reading.lock().await;
        member.secrets.lock().clone_from(&secrets);
        let seat = member.seat.lock().clone();
        match seat {
            Some(seat) => member.of.fleet.tell_secrets(&seat.node, &secrets).await,
            None => Ok(()),
        }
    }

    /// Answers nothing from memory any more, and says that nobody need wait for this node.
    ///
    /// # Errors
    /// When the database fails; others wait for this node then, once.
    pub async fn leave(&self) -> Result<(), StoreError> {
        let Some(member) = &self.0.member else {
            return Ok(());
        };
        let _reading = self.0.reading.lock().await;
        member.leaving.store(true, SeqCst);
        member.until.store(0, SeqCst);
        let seat = member.seat.lock().take();
        match seat {
            Some(seat) => member.of.fleet.leave(&seat.node).await,
            None => Ok(()),
        }
    }

    /// Takes nodes out that were not renewed for long, so that nobody has to wait for them.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn bury_dead(&self) -> Result<(), StoreError> {
        let Some(member) = &self.0.member else {
            return Ok(());
        };
        let nodes = member.of.fleet.nodes().await?;
        let now = self.0.clock.boottime();
        member.watch(&nodes, now);
        let own = member.id();
        let is_dead = |node: &Node| {
            let span = node.lease * DEAD + node.stale;
            node.id != own && member.still(node, now) > span + margin(span)
        };
        for node in nodes.iter().filter(|node| is_dead(node)) {
            tracing::warn!(node = %node.id, "a node was not renewed for long and is taken out");
            member.of.fleet.bury(node.id, node.beat, member.of.lease).await?;
        }
        Ok(())
    }
}

impl Inner {
    #[inline]
    pub(crate) fn is_fresh(&self) -> bool {
        #[cfg(test)]
        if self.faults.no_lease.load(Relaxed) {
            return true;
        }
        self.member
            .as_ref()
            .is_none_or(|member| member.holds(self.clock.boottime()))
    }

    /// Waits until this node may answer from memory again: for a renewal that is under way, or the next.
    ///
    /// # Errors
    /// Why that failed.
    pub(crate) async fn freshen(&self) -> Result<(), StoreError> {
        let Some(member) = &self.member else {
            return Ok(());
        };
        let came = self.clock.boottime();
        let mut told = member.told.subscribe();
        member.wanted.notify_one();
        loop {
            if self.is_fresh() {
                return Ok(());
            }
            {
                let last = told.borrow_and_update();
                // One that began before may have failed for a reason that is over.
                if let Some(failed) = last.failed.as_ref().filter(|_| last.began >= came) {
                    return Err(StoreError::Unavailable(failed.to_string().into()));
                }
            }
            let late = member.of.fleet.sleep(member.of.lease);
            let next = std::pin::pin!(told.changed());
            if let Either::Left(_) = select(late, next).await {
                return Err(StoreError::Unavailable(
                    "no renewal came to an end in time".into(),
                ));
            }
        }
    }

    async fn renew_and_tell(&self, member: &Membership) -> bool {
        let began = self.clock.boottime();
        let failed = self.renew(member).await.err();
        if let Some(error) = &failed {
            self.store_errors.fetch_add(1, Relaxed);
            if member.told.borrow().failed.is_none() {
                tracing::warn!(%error, "this node's lease could not be renewed; it is tried again");
            }
        }
        let fine = failed.is_none();
        member.told.send_replace(Told {
            began,
            failed: failed.map(Arc::new),
        });
        fine
    }

    /// Renews the lease, once all that has changed is applied; takes a place among the nodes first where it has none.
    pub(crate) async fn renew(&self, member: &Membership) -> Result<(), StoreError> {
        let _reading = self.reading.lock().await;
        loop {
            let seat = member.seat.lock().clone();
            let Some(Seat { node, beats }) = seat else {
                self.join(member).await?;
                continue;
            };
            let sent = self.clock.boottime();
            let applied = self.applied.load(Acquire);
            let answer = member.of.fleet.renew(&node, beats, applied).await;
            let Some(renewed) = answer.inspect_err(|_| {
                // It may have been renewed, and the answer lost.
                if let Some(seat) = member.seat.lock().as_mut() {
                    seat.beats.1 += 1;
                }
            })?
            else {
                tracing::warn!(
                    "this node was taken out, or the database was put back: it forgets everything and joins anew"
                );
                *member.seat.lock() = None;
                if self.keeps_when_fenced() {
                    continue;
                }
                member.until.store(0, SeqCst);
                self.forget_everything();
                continue;
            };
            if let Some(seat) = member.seat.lock().as_mut() {
                seat.beats = (renewed.beat, renewed.beat);
            }
            #[cfg(test)]
            let sent = self.broken_after(member, &renewed, sent).await?;
            if renewed.last < applied || renewed.changes.purged {
                self.start_over().await?;
                continue;
            }
            let news = self.take_in(&renewed.changes).await?;
            if renewed.changes.upto == renewed.last {
                if let Some(steered) = &member.of.steered {
                    steered.steer(renewed.at, sent);
                }
                member.until.store(micros(sent + node.lease), SeqCst);
            }
            if !news {
                return Ok(());
            }
            // Once more: that is the acknowledgement.
        }
    }

    /// Takes a place among the nodes, with nothing in memory.
    async fn join(&self, member: &Membership) -> Result<(), StoreError> {
        if member.leaving.load(SeqCst) {
            return Err(StoreError::Unavailable("this node is stopping".into()));
        }
        let node = NewNode {
            id: NodeId::fresh(self.clock.as_ref(), member.of.random.as_ref()).uuid(),
            name: member.of.name.clone(),
            version: member.of.version.clone(),
            lease: member.of.lease,
            stale: member.of.stale,
            secrets: member.secrets.lock().clone(),
        };
        member.of.fleet.join(&node).await?;
        // In a second transaction: whatever was changed before nobody waits for here, and must not be in memory.
        let last = self.source.last_change().await?;
        self.load_foreign().await?;
        if !self.keeps_when_fenced() {
            self.forget_everything();
        }
        self.limiter.begin_anew(node.id);
        self.not_before.fetch_max(self.clock.now().as_micros(), Release);
        self.applied.store(last, Release);
        *member.seat.lock() = Some(Seat { node, beats: (0, 0) });
        Ok(())
    }

    /// Waits until no other node can answer by what was before a change that is committed; where one may go on without the database for
    /// longer than its lease, gives in what time it does not any more.
    ///
    /// Who has not acknowledged it a lease after its commit has either no lease or has applied it: a renewal that did not bring the change
    /// was sent before the commit, and one that did was applied before the lease was extended. Its row must stay, though, while it may
    /// hold that extended lease, so that the next change waits for it, too: it goes only where its beat has stood still for all that time.
    ///
    /// # Errors
    /// When the database fails: then nothing may be promised.
    pub(crate) async fn wait_for_others(
        &self,
        member: &Membership,
        seq: i64,
    ) -> Result<Option<Duration>, StoreError> {
        let mut pause = SHORTEST;
        let nodes = self.standing(member).await?;
        // After the answer came: whatever lease stands behind a beat was sent for before.
        let first = self.clock.boottime();
        let beats: HashMap<Uuid, i64> = nodes.iter().map(|node| (node.id, node.beat)).collect();
        loop {
            let nodes = self.standing(member).await?;
            let now = self.clock.boottime();
            member.watch(&nodes, now);
            let own = member.id();
            let is_behind = |node: &&Node| node.id != own && node.applied < seq;
            let behind: Vec<&Node> = nodes.iter().filter(is_behind).collect();
            if behind.is_empty() {
                return Ok(None);
            }
            let longest = nodes.iter().map(|node| node.lease).max().unwrap_or_default();
            let due = first + self.waited_for(longest);
            // Of one that goes on without its lease no more is to be had by waiting, once it is silent.
            let goes_on = |node: &&Node| !node.stale.is_zero();
            let is_silent =
                |node: &&Node| goes_on(node) && member.still(node, now) > self.waited_for(node.lease);
            if now < due && !behind.iter().all(is_silent) {
                member.of.fleet.sleep(pause.min(due - now)).await;
                pause = (pause * 2).min(LONGEST);
                continue;
            }
            for node in &behind {
                let stood_still = beats.get(&node.id) == Some(&node.beat) || self.buries_any();
                if stood_still && (!goes_on(node) || self.buries_going_on()) {
                    tracing::warn!(node = %node.id, name = %node.name, "a server does not answer and is taken out");
                    member.of.fleet.bury(node.id, node.beat, member.of.lease).await?;
                }
            }
            let spans = behind
                .iter()
                .filter(|node| goes_on(node))
                .map(|node| node.lease + node.stale);
            return Ok(spans
                .max()
                .map(|span| (first + span + margin(span)).saturating_sub(now)));
        }
    }

    /// How long after a commit a node can have no lease any more that does not know of it.
    fn waited_for(&self, lease: Duration) -> Duration {
        #[cfg(test)]
        if self.faults.short_wait.load(Relaxed) {
            return lease / 2;
        }
        lease + margin(lease)
    }

    /// Never, but where a test breaks it.
    #[cfg_attr(not(test), expect(clippy::unused_self, reason = "the tests' faults are its"))]
    fn keeps_when_fenced(&self) -> bool {
        #[cfg(test)]
        return self.faults.keep_when_fenced.load(Relaxed);
        #[cfg(not(test))]
        false
    }

    /// Never, but where a test breaks it.
    #[cfg_attr(not(test), expect(clippy::unused_self, reason = "the tests' faults are its"))]
    fn buries_any(&self) -> bool {
        #[cfg(test)]
        return self.faults.bury_any.load(Relaxed);
        #[cfg(not(test))]
        false
    }

    /// Never, but where a test breaks it.
    #[cfg_attr(not(test), expect(clippy::unused_self, reason = "the tests' faults are its"))]
    fn buries_going_on(&self) -> bool {
        #[cfg(test)]
        return self.faults.bury_going_on.load(Relaxed);
        #[cfg(not(test))]
        false
    }

    /// What broken variants do when a renewal has come; gives when the lease begins.
    #[cfg(test)]
    async fn broken_after(
        &self,
        member: &Membership,
        renewed: &store::nodes::Renewed,
        sent: Duration,
    ) -> Result<Duration, StoreError> {
        let seat = member.seat.lock().clone();
        if let Some(Seat { node, beats }) = seat
            && self.faults.acknowledge_first.load(Relaxed)
        {
            let again = member.of.fleet.renew(&node, beats, renewed.changes.upto).await?;
            if let (Some(again), Some(seat)) = (again, member.seat.lock().as_mut()) {
                seat.beats = (again.beat, again.beat);
            }
        }
        if self.faults.extend_first.load(Relaxed) {
            member.until.store(micros(sent + member.of.lease), SeqCst);
            self.source.last_change().await?;
        }
        Ok(match self.faults.lease_from_receipt.load(Relaxed) {
            true => self.clock.boottime(),
            false => sent,
        })
    }

    /// How far the nodes are, as read since now: whoever comes meanwhile shares the reading.
    async fn standing(&self, member: &Membership) -> Result<Arc<Vec<Node>>, StoreError> {
        let since = self.clock.boottime();
        let mut standing = member.standing.lock().await;
        if standing.began.is_none_or(|began| began < since) {
            let began = self.clock.boottime();
            let nodes = Arc::new(member.of.fleet.nodes().await?);
            *standing = Standing {
                began: Some(began),
                nodes,
            };
        }
        Ok(standing.nodes.clone())
    }
}
