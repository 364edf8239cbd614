//! From a presented token to an answer.

use std::sync::Arc;
use std::time::Duration;

use domain::access::{Required, RequirementError};
use domain::clock::Timestamp;
use domain::decide::{self, Code, decide};
use domain::secret::{Digest, Scheme, sha256};
use domain::token::Presented;
use store::StoreError;
use store::secrets::Found;
use tokio::sync::SemaphorePermit;

use crate::answer::{Answer, Question, VerifyError};
use crate::cache::Seat;
use crate::cached::CachedKey;
use crate::directory::Standing;
use crate::fleet::Membership;
use crate::flights::{Joined, Outcome};
use crate::guesses::Crowded;
use crate::noting::Timing;
use crate::rewrites::Rewrite;
use crate::{Engine, Inner};

/// How often a question is put again because a change overtook it. The last answer is used though not kept: it was read
/// after the request began, which is all that the request can ask for.
const ATTEMPTS: u32 = 5;

/// What the cache says.
enum Cached {
    /// This node's lease is over: what is in memory may have been changed elsewhere.
    Stale,
    Known(Arc<CachedKey>),
    Unknown,
    Miss,
}

/// What is known of a question before anybody is asked.
struct Looked<'t, 'q> {
    /// None of bytes that nothing stored could be.
    presented: Option<Presented<'t>>,
    cached: Cached,
    required: Option<Required<'q>>,
    now: Timestamp,
    /// For how long the lease is over, where the answer comes from memory all the same.
    stale_for: Option<Duration>,
}

impl Engine {
    /// Whether a request with this token may pass: the whole decision. Immediate when the token is cached, else it asks
    /// the store.
    ///
    /// # Errors
    /// A requirement that cannot be read, whatever the token; a store that had to be asked and failed.
    pub async fn verify(&self, token: &[u8], question: &Question<'_>) -> Result<Answer, VerifyError> {
        let inner = &*self.0;
        let began = inner.clock.boottime();
        let answer = self.decide(token, question, began).await;
        inner.tally.took_by_itself(inner.took(began));
        answer
    }

    async fn decide(
        &self,
        token: &[u8],
        question: &Question<'_>,
        began: Duration,
    ) -> Result<Answer, VerifyError> {
        let inner = &*self.0;
        let timing = Timing::Since(began);
        let looked = inner.look_when_fresh(token, question).await?;
        let key = match (looked.cached, looked.presented) {
            (Cached::Known(key), _) => Some(key),
            (Cached::Miss, Some(presented)) => {
                let _turn = inner.turn(question).await?;
                inner.find(&presented).await?
            }
            (Cached::Unknown | Cached::Miss | Cached::Stale, _) => None,
        };
        let Some(key) = key else {
            return Ok(inner.nobody(token, question, looked.now, timing));
        };
        loop {
            if let Some(mut answer) = self.answer(&key, question, looked.required, inner.now(), timing)? {
                answer.stale_for = looked.stale_for;
                return Ok(answer);
            }
            // Others may take what was had, and then it is asked for again; the quota ends that, if nothing else does.
            inner.reserve(&key, question.cost.unwrap_or(1), false).await?;
        }
    }

    /// What a token names, without deciding or counting anything.
    ///
    /// # Errors
    /// A store that had to be asked and failed.
    pub async fn find(&self, token: &[u8]) -> Result<Option<Arc<CachedKey>>, VerifyError> {
        let inner = &*self.0;
        let looked = inner.look_when_fresh(token, &Question::default()).await?;
        match (looked.cached, looked.presented) {
            (Cached::Known(key), _) => Ok(Some(key)),
            (Cached::Miss, Some(presented)) => inner.find(&presented).await,
            (Cached::Unknown | Cached::Miss | Cached::Stale, _) => Ok(None),
        }
    }

    /// [`Engine::verify`] where the store need not be asked: a cached token whose quota has units at hand, a malformed one.
    /// None where it must.
    pub fn verify_cached(
        &self,
        token: &[u8],
        question: &Question<'_>,
    ) -> Option<Result<Answer, VerifyError>> {
        let inner = &*self.0;
        if !inner.tally.is_timed() {
            return self.at_hand(token, question, Timing::AsSampled);
        }
        let began = inner.clock.boottime();
        let answer = self.at_hand(token, question, Timing::Sample(began))?;
        inner.tally.took_from_memory(inner.took(began));
        Some(answer)
    }

    #[inline]
    fn at_hand(
        &self,
        token: &[u8],
        question: &Question<'_>,
        timing: Timing,
    ) -> Option<Result<Answer, VerifyError>> {
        let inner = &*self.0;
        let looked = match inner.look(token, question) {
            Ok(looked) => looked,
            Err(error) => return Some(Err(error.into())),
        };
        match looked.cached {
            Cached::Known(key) => self
                .answer(&key, question, looked.required, looked.now, timing)
                .transpose(),
            Cached::Unknown => Some(Ok(inner.nobody(token, question, looked.now, timing))),
            Cached::Miss | Cached::Stale => None,
        }
    }

    /// None where the store must be asked for units of the key's quota first.
    #[inline]
    fn answer(
        &self,
        key: &Arc<CachedKey>,
        question: &Question<'_>,
        required: Option<Required<'_>>,
        now: Timestamp,
        timing: Timing,
    ) -> Result<Option<Answer>, VerifyError> {
        let (answer, ahead) = self.0.answer(key, question, required, now, timing)?;
        if ahead {
            self.reserve_ahead(key.clone());
        }
        Ok(answer)
    }

    /// Asks for the next units of a quota while there are some left, beside the request.
    #[cold]
    fn reserve_ahead(&self, key: Arc<CachedKey>) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        let engine = self.clone();
        runtime.spawn(async move {
            // What fails here is asked for again when the units are gone, by somebody who is told.
            let _ = engine.0.reserve(&key, 0, true).await;
        });
    }
}

impl Inner {
    /// Never before the time of a barrier that has returned: what ended then stays ended if the clock is set back.
    #[inline]
    pub(crate) fn now(&self) -> Timestamp {
        let floor = self.not_before.load(std::sync::atomic::Ordering::Acquire);
        self.clock.now().max(Timestamp::from_micros(floor))
    }

    /// Whether it could be a token that is stored.
    #[inline]
    fn admits(&self, presented: &Presented<'_>) -> bool {
        presented.has_valid_checksum() || self.foreign.load().admits(presented)
    }

    /// What can be known without asking anybody. Among a million keys two cache lines come from memory one after the other, and
    /// whatever needs neither is done while they are on their way: 0.8 of the time that it takes otherwise.
    ///
    /// # Errors
    /// A requirement that cannot be read is one whatever the token.
    #[inline]
    fn look<'t, 'q>(
        &self,
        token: &'t [u8],
        question: &Question<'q>,
    ) -> Result<Looked<'t, 'q>, RequirementError> {
        let required = || question.requires.map(Required::read).transpose();
        let Ok(presented) = Presented::parse(token) else {
            return Ok(Looked {
                presented: None,
                cached: Cached::Unknown,
                required: required()?,
                now: self.now(),
                stale_for: None,
            });
        };
        let digest = self.keyring.load().digest(&presented);
        let seat = self.cache.seek(&digest);
        let now = self.now();
        // After the time was taken, and before anything is looked up: between the two a renewal may end what was before, never
        // the other way round.
        let fresh = self.is_fresh();
        #[cfg(test)]
        let fresh = fresh || self.faults.look_first.load(std::sync::atomic::Ordering::Relaxed);
        seat.approach();
        let required = required()?;
        let cached = match self.admits(&presented) {
            true if fresh => self.at(seat, &digest),
            true => Cached::Stale,
            false => Cached::Unknown,
        };
        Ok(Looked {
            presented: Some(presented),
            cached,
            required,
            now,
            stale_for: None,
        })
    }

    /// Takes what is in memory although this node's lease is over, where it goes on with that: only keys, and none longer than was said.
    #[cold]
    fn goes_on_with(&self, looked: &mut Looked<'_, '_>) -> bool {
        // Later than the look at the lease, so that it is told no younger than it is.
        let stale_for = self
            .member
            .as_ref()
            .and_then(|member| member.stale_for(self.clock.boottime()));
        let (Some(stale_for), Some(presented)) = (stale_for, &looked.presented) else {
            return false;
        };
        let digest = self.keyring.load().digest(presented);
        let cached @ Cached::Known(_) = self.at(self.cache.seek(&digest), &digest) else {
            return false;
        };
        (looked.cached, looked.stale_for) = (cached, Some(stale_for));
        true
    }

    /// The same, waiting for this node's lease where that is over.
    async fn look_when_fresh<'t, 'q>(
        &self,
        token: &'t [u8],
        question: &Question<'q>,
    ) -> Result<Looked<'t, 'q>, VerifyError> {
        for _ in 0..ATTEMPTS {
            let mut looked = self.look(token, question)?;
            #[cfg(test)]
            if self.faults.look_first.load(std::sync::atomic::Ordering::Relaxed) && !self.is_fresh() {
                let _ = self.freshen().await;
                return Ok(looked);
            }
            if !matches!(looked.cached, Cached::Stale) {
                return Ok(looked);
            }
            let cut_off = self.member.as_ref().is_some_and(Membership::is_cut_off);
            if cut_off && self.goes_on_with(&mut looked) {
                return Ok(looked);
            }
            if let Err(error) = self.freshen().await {
                return match self.goes_on_with(&mut looked) {
                    true => Ok(looked),
                    false => Err(VerifyError::Unavailable(Arc::new(error))),
                };
            }
        }
        let late = "this node's lease ends as soon as it is renewed";
        Err(VerifyError::Unavailable(Arc::new(StoreError::Unavailable(
            late.into(),
        ))))
    }

    #[inline]
    fn at(&self, seat: Seat<'_, Arc<CachedKey>>, digest: &Digest) -> Cached {
        if let Some(key) = seat.get(|key| self.epochs.holds(key.epoch, key.marks)) {
            key.mark_used();
            return Cached::Known(key);
        }
        if self.unknown.contains(digest, &self.epochs, self.clock.boottime()) {
            return Cached::Unknown;
        }
        Cached::Miss
    }

    #[inline]
    fn answer(
        &self,
        key: &Arc<CachedKey>,
        question: &Question<'_>,
        required: Option<Required<'_>>,
        now: Timestamp,
        timing: Timing,
    ) -> Result<(Option<Answer>, bool), VerifyError> {
        if question.only.is_some_and(|only| only != key.organisation.id) {
            return Ok((Some(self.nobody(&[], question, now, timing)), false));
        }
        let asked = decide::Question {
            now,
            source: question.source,
            ip: question.ip,
            requires: required,
            target: question.target,
            owners: question.owners,
        };
        let decision = decide(&key.facts(), &asked)?;
        let mut code = decision.code;
        let mut limits = None;
        let mut ahead = false;
        if code == Code::Valid && !question.unlimited {
            let admitted = self.limiter.admit(key, question, now, || self.clock.boottime())?;
            match admitted.admission.code() {
                Some(outcome) => code = outcome,
                None => return Ok((None, false)),
            }
            (limits, ahead) = (admitted.limits, admitted.ahead);
        }
        self.tally.count(question.door, code);
        self.note(key, question, (code, &decision), now, timing);
        let answer = Answer {
            code,
            missing: decision.missing.map(Into::into),
            reason: decision.reason,
            key: Some(key.clone()),
            at: now,
            limits,
            stale_for: None,
            guess_again_in: None,
        };
        Ok((Some(answer), ahead))
    }

    /// A turn at the store, where whoever asks must wait for one.
    async fn turn(&self, question: &Question<'_>) -> Result<Option<SemaphorePermit<'_>>, VerifyError> {
        if !question.door.is_guessed_at() {
            return Ok(None);
        }
        let turn = self.guesses.turn(question.ip, self.clock.boottime()).await;
        turn.map_err(|Crowded| VerifyError::Crowded)
    }

    /// Asks the store, or waits for another that asks the same.
    #[tracing::instrument(level = "debug", name = "engine.miss", skip_all)]
    async fn find(&self, presented: &Presented<'_>) -> Result<Option<Arc<CachedKey>>, VerifyError> {
        self.misses.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let mut attempt = 0;
        loop {
            attempt += 1;
            // First of all: whatever is read after it is at least as young.
            let epoch = self.epochs.now();
            let (digest, scheme, digests) = self.digests(presented);
            let flight = match self.flights.join(digest, self.joining(epoch)) {
                Joined::Lead(flight) => flight,
                Joined::Follow(mut waiting) => match waiting.wait_for(Option::is_some).await {
                    Ok(outcome) => match &*outcome {
                        Some(outcome) => return told(outcome.clone()),
                        None => continue,
                    },
                    Err(_cancelled) => continue,
                },
            };
            // The flight before this one may have landed between our look and our take-off.
            match self.at(self.cache.seek(&digest), &digest) {
                Cached::Known(key) => {
                    flight.land(Outcome::Known(key.clone()));
                    return Ok(Some(key));
                }
                Cached::Unknown => {
                    flight.land(Outcome::Unknown);
                    return Ok(None);
                }
                Cached::Miss | Cached::Stale => {}
            }
            let asked = self.source.find_secret(&digests).await;
            let (outcome, kept) = match asked {
                Ok(Some(found)) => match self.directory(found.organisation).await {
                    Ok(standing) => self.fill(found, &standing, digest, scheme, epoch),
                    Err(error) => self.failed(error),
                },
                Ok(None) => self.fill_unknown(digest, epoch),
                Err(error) => self.failed(error),
            };
            if kept || attempt == ATTEMPTS {
                flight.land(outcome.clone());
                return told(outcome);
            }
        }
    }

    /// What the token is cached under, how that is made, and all that it may be stored under: from one keyring.
    fn digests(&self, presented: &Presented<'_>) -> (Digest, Scheme, Vec<Digest>) {
        let keyring = self.keyring.load();
        let digest = keyring.digest(presented);
        let scheme = Scheme::Hmac {
            pepper: keyring.current_pepper(),
        };
        let mut digests = vec![digest];
        digests.extend(keyring.others(presented).map(|(_, digest)| digest));
        if !self.foreign.load().is_empty() {
            digests.push(sha256(presented));
        }
        (digest, scheme, digests)
    }

    fn failed(&self, error: StoreError) -> (Outcome, bool) {
        self.store_errors
            .fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        (Outcome::Failed(Arc::new(error)), true)
    }

    /// Keeps what was found, unless a change has overtaken it. The directory was asked for after `epoch` was noted, and held
    /// then: what overtakes it overtakes this, too.
    fn fill(
        &self,
        found: Found,
        standing: &Standing,
        digest: Digest,
        scheme: Scheme,
        epoch: u64,
    ) -> (Outcome, bool) {
        let epoch = self.filling(epoch);
        let rewrite = is_newer(scheme, found.scheme).then_some(Rewrite {
            organisation: found.organisation,
            secret: found.secret,
            digest,
            scheme,
        });
        self.prefixes.learn(found.policy.token.prefix().as_str());
        let key = self.shared.key(found, standing, &self.limiter, digest, epoch);
        let holds = self.epochs.holds(epoch, key.marks);
        if holds {
            self.cache.insert(key.clone());
            self.rewrites.push(rewrite);
        }
        (Outcome::Known(key), holds)
    }

    fn fill_unknown(&self, digest: Digest, epoch: u64) -> (Outcome, bool) {
        let epoch = self.filling(epoch);
        let holds = self.epochs.still_unknown(epoch);
        if holds {
            self.unknown.insert(digest, epoch, self.clock.boottime());
        }
        (Outcome::Unknown, holds)
    }

    /// The least epoch of a flight that may be joined.
    fn joining(&self, epoch: u64) -> u64 {
        #[cfg(test)]
        if self
            .faults
            .join_old_flights
            .load(std::sync::atomic::Ordering::Relaxed)
        {
            return 0;
        }
        epoch
    }

    /// The epoch that a fill carries.
    fn filling(&self, epoch: u64) -> u64 {
        #[cfg(test)]
        if self
            .faults
            .keep_overtaken_fills
            .load(std::sync::atomic::Ordering::Relaxed)
        {
            return self.epochs.now();
        }
        epoch
    }
}

fn told(outcome: Outcome) -> Result<Option<Arc<CachedKey>>, VerifyError> {
    match outcome {
        Outcome::Known(key) => Ok(Some(key)),
        Outcome::Unknown => Ok(None),
        Outcome::Failed(error) => Err(VerifyError::Unavailable(error)),
    }
}

/// Whether a digest is to be stored anew. Never by an older pepper: nodes that are at different steps of a rotation would write each
/// secret to and fro.
fn is_newer(scheme: Scheme, stored: Scheme) -> bool {
    match (scheme, stored) {
        (Scheme::Hmac { pepper }, Scheme::Hmac { pepper: stored }) => pepper > stored,
        (Scheme::Hmac { .. }, Scheme::Sha256) => true,
        (Scheme::Sha256, _) => false,
    }
}
