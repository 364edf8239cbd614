//! What is recorded of each answer, before it is handed out.

use std::cell::Cell;
use std::collections::HashSet;
use std::time::Duration;

use arc_swap::ArcSwap;
use domain::clock::Timestamp;
use domain::decide::{Code, Decision};
use domain::policy::Logged;
use domain::token::Presented;

use crate::Inner;
use crate::answer::{Answer, Question};
use crate::cached::CachedKey;
use crate::journal::{Noted, Whose};

/// Prefixes that tokens of this installation have. Of a token that nobody has, only such a prefix is written down: what
/// stands there in somebody else's token may be part of a secret.
#[derive(Default)]
pub(crate) struct Prefixes(ArcSwap<HashSet<Box<str>>>);

/// More are not learnt.
const MOST: usize = 1_024;

impl Prefixes {
    pub(crate) fn learn(&self, prefix: &str) {
        let known = self.0.load();
        if !known.contains(prefix) && known.len() < MOST {
            self.0.rcu(|known| {
                let mut known = (**known).clone();
                known.insert(prefix.into());
                known
            });
        }
    }

    fn of<'a>(&self, token: &'a [u8]) -> Option<&'a str> {
        let presented = Presented::parse(token).ok()?;
        let prefix = presented.prefix();
        let known = presented.has_valid_checksum() || self.0.load().contains(prefix);
        known.then_some(prefix).filter(|prefix| !prefix.is_empty())
    }
}

/// How it is known how long an answer took.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Timing {
    /// The question came then.
    Since(Duration),
    /// The same of an answer from memory, which stands for those that follow.
    Sample(Duration),
    /// From memory, as long as the last one of those that was timed, on this thread.
    AsSampled,
}

thread_local! {
    /// How long the last answer from memory took that was timed, in microseconds.
    static SAMPLE: Cell<u32> = const { Cell::new(0) };
}

fn micros(took: Duration) -> u32 {
    u32::try_from(took.as_micros()).unwrap_or(u32::MAX)
}

impl Inner {
    /// How long it is since a question came, by the clock that never steps back.
    #[inline]
    pub(crate) fn took(&self, began: Duration) -> Duration {
        self.clock.boottime().saturating_sub(began)
    }

    /// How long an answer took, in microseconds, as it is recorded: read after the decision and before the record.
    #[inline]
    fn micros(&self, timing: Timing) -> u32 {
        match timing {
            Timing::AsSampled => SAMPLE.get(),
            Timing::Sample(began) => {
                let taken = micros(self.took(began));
                SAMPLE.set(taken);
                taken
            }
            Timing::Since(began) => micros(self.took(began)),
        }
    }

    /// Records an answer about a key: the code, by which route, and what that requires.
    #[inline]
    pub(crate) fn note(
        &self,
        key: &CachedKey,
        question: &Question<'_>,
        (code, decision): (Code, &Decision<'_>),
        now: Timestamp,
        timing: Timing,
    ) {
        let organisation = &key.organisation;
        let api = question.target.and_then(|target| target.api);
        self.journal.note(&Noted {
            whose: Some(Whose {
                organisation: organisation.id,
                key: key.key,
                secret: key.secret,
            }),
            at: now,
            micros: self.micros(timing),
            code,
            source: question.source,
            ip: question.ip,
            // Only what there is: a caller may say anything.
            api: api.filter(|slug| organisation.apis.knows(slug)),
            route: decision.route,
            // Of what was refused nothing is learnt about what the key needs.
            requires: question.requires.filter(|_| code == Code::Valid),
            route_requires: decision.route_requires.filter(|_| code == Code::Valid),
            agent: question.agent,
            prefix: None,
            logged: organisation.policy.requests.logged == Logged::All,
        });
    }

    /// The answer to a token that names nothing, recorded. Where strangers' tokens arrive, it is charged to their address.
    pub(crate) fn nobody(
        &self,
        token: &[u8],
        question: &Question<'_>,
        now: Timestamp,
        timing: Timing,
    ) -> Answer {
        self.tally.count(question.door, Code::NotFound);
        self.journal.note(&Noted {
            whose: None,
            at: now,
            micros: self.micros(timing),
            code: Code::NotFound,
            source: question.source,
            ip: question.ip,
            api: None,
            route: None,
            requires: None,
            route_requires: None,
            agent: None,
            prefix: self.prefixes.of(token),
            logged: false,
        });
        let mut answer = Answer::nobody(now);
        if question.door.is_guessed_at() {
            answer.guess_again_in = self.guesses.charge(question.ip, self.clock.boottime());
        }
        answer
    }
}
