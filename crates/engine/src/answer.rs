//! What is asked at the door, and what is answered.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use domain::access::RequirementError;
use domain::clock::Timestamp;
use domain::decide::{Code, Owners, Reason, Source, Target};
use domain::id::OrganisationId;
use domain::limits::Wish;
use store::StoreError;

use crate::cached::CachedKey;
use crate::limits::Limits;

/// Where it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Door {
    /// On the management plane, by whoever asks with a key or about one of theirs.
    #[default]
    Management,
    /// `POST /v1/verify` and its batch.
    Verify,
    /// A key about itself, on the verification plane.
    Own,
    /// `POST /oauth2/introspect` on the verification plane.
    Introspection,
    /// `/verify/nginx`.
    Nginx,
    /// `/verify/haproxy`.
    Haproxy,
    /// `/verify/traefik`.
    Traefik,
    /// `/verify/caddy`.
    Caddy,
    /// `/verify/apisix`.
    Apisix,
    /// `/verify/envoy`.
    Envoy,
    /// Envoy over gRPC.
    Grpc,
}

impl Door {
    /// Every one.
    pub const ALL: [Self; 11] = [
        Self::Management,
        Self::Verify,
        Self::Own,
        Self::Introspection,
        Self::Nginx,
        Self::Haproxy,
        Self::Traefik,
        Self::Caddy,
        Self::Apisix,
        Self::Envoy,
        Self::Grpc,
    ];

    /// As metrics name it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Management => "management",
            Self::Verify => "verify",
            Self::Own => "self",
            Self::Introspection => "introspect",
            Self::Nginx => "nginx",
            Self::Haproxy => "haproxy",
            Self::Traefik => "traefik",
            Self::Caddy => "caddy",
            Self::Apisix => "apisix",
            Self::Envoy => "envoy",
            Self::Grpc => "grpc",
        }
    }

    /// Its place in [`Door::ALL`].
    pub const fn index(self) -> usize {
        self as usize
    }

    /// Whether guesses are slowed down there: wherever strangers' tokens arrive.
    pub(crate) fn is_guessed_at(self) -> bool {
        self != Self::Management
    }
}

/// What is asked of a token.
#[derive(Debug, Clone, Copy, Default)]
pub struct Question<'a> {
    /// Where it is asked.
    pub door: Door,
    /// How the token came; none when a program hands it over by itself.
    pub source: Option<Source>,
    /// The caller's address.
    pub ip: Option<IpAddr>,
    /// What the caller must be allowed to do; authentication alone when none.
    pub requires: Option<&'a str>,
    /// The request, where its path or an API is to be judged.
    pub target: Option<Target<'a>>,
    /// Whose keys may pass; everybody's when none.
    pub owners: Option<Owners>,
    /// How much the request counts; 1 when not said.
    pub cost: Option<u64>,
    /// Limits that the request names or brings along.
    pub limits: &'a [Wish<'a>],
    /// Whether it is held against no limit: a key that asks about itself, or manages.
    pub unlimited: bool,
    /// What the caller calls itself (`User-Agent`).
    pub agent: Option<&'a str>,
    /// Whose keys may be asked about; others are not found.
    pub only: Option<OrganisationId>,
}

/// The answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Whether the request may pass, and if not, why.
    pub code: Code,
    /// The clause of the requirement that failed, when permissions are missing.
    pub missing: Option<Box<str>>,
    /// What else stands in the way of a good key.
    pub reason: Option<Reason>,
    /// What the token names, for refusals too; none only for [`Code::NotFound`].
    pub key: Option<Arc<CachedKey>>,
    /// The time by which it was decided.
    pub at: Timestamp,
    /// Where the key's limits stand, where it has any and got as far as those.
    pub(crate) limits: Option<Box<Limits>>,
    /// For how long this node could not ask whether anything has changed, where it went on all the same (`node.freshness = "static"`).
    pub stale_for: Option<Duration>,
    /// Seconds to wait before the next token, where nothing is known of this one and too much was guessed from its address.
    pub guess_again_in: Option<u32>,
}

/// Why there is no answer.
#[derive(Debug, Clone, thiserror::Error)]
pub enum VerifyError {
    /// The requirement cannot be read.
    #[error(transparent)]
    Requirement(#[from] RequirementError),
    /// A limit that the request names cannot be held against this key.
    #[error("rate_limits[{place}].name: {detail}")]
    Limit {
        /// Its place among those that are named.
        place: usize,
        /// What is wrong.
        detail: &'static str,
    },
    /// The store would have to be asked, and too many wait for that whose addresses have guessed too much.
    #[error("too many unknown tokens come in; try again in a second")]
    Crowded,
    /// The store had to be asked and did not answer; nothing may be concluded.
    #[error("the store could not be asked: {0}")]
    Unavailable(#[source] Arc<StoreError>),
}

impl VerifyError {
    pub(crate) fn limit(place: usize, detail: &'static str) -> Self {
        Self::Limit { place, detail }
    }
}

impl Answer {
    /// That nothing is known of the token.
    pub(crate) fn nobody(at: Timestamp) -> Self {
        Self {
            code: Code::NotFound,
            missing: None,
            reason: None,
            key: None,
            at,
            limits: None,
            stale_for: None,
            guess_again_in: None,
        }
    }
}
