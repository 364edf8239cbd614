//! What is asked at the door, and what is answered.

use std::net::IpAddr;
use std::sync::Arc;

use domain::access::RequirementError;
use domain::clock::Timestamp;
use domain::decide::{Code, Owners, Reason, Source, Target};
use store::StoreError;

use crate::cached::CachedKey;

/// What is asked of a token.
#[derive(Debug, Clone, Copy, Default)]
pub struct Question<'a> {
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
}

/// Why there is no answer.
#[derive(Debug, Clone, thiserror::Error)]
pub enum VerifyError {
    /// The requirement cannot be read.
    #[error(transparent)]
    Requirement(#[from] RequirementError),
    /// The store had to be asked and did not answer; nothing may be concluded.
    #[error("the token could not be looked up: {0}")]
    Unavailable(#[source] Arc<StoreError>),
}
