//! Whoever wants each answer by itself, and not only their sums.

use std::net::IpAddr;

use domain::clock::Timestamp;
use domain::decide::{Code, Source};
use domain::id::{KeyId, OrganisationId, SecretId};
use serde::Serialize;

/// One answer, as it was recorded. What is not known is left out.
#[derive(Debug, Clone, Serialize)]
pub struct Recorded<'a> {
    /// Names it, however often it is read: journal, shard, generation and slot.
    pub id: String,
    /// When the question came.
    pub at: Timestamp,
    /// The answer.
    pub code: Code,
    /// The key's tenant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organisation: Option<OrganisationId>,
    /// The key; none where nobody has the token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<KeyId>,
    /// Which of its secrets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<SecretId>,
    /// By which way the token came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    /// From where.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip: Option<IpAddr>,
    /// How long the answer took inside, in microseconds.
    pub latency_us: u32,
    /// The API that it was for, by slug.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api: Option<&'a str>,
    /// The template of its route.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub route: Option<&'a str>,
    /// What the program that asked calls itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<&'a str>,
    /// Of a token that nobody has, what it begins with, where that is one of ours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefix: Option<&'a str>,
}

/// Gets each answer once while nothing goes wrong; after a crash, those again that were not summed up yet.
pub trait Follower: Send {
    /// Takes an answer. It must not fail: what it cannot keep it counts.
    fn take(&mut self, answer: &Recorded<'_>);

    /// Comes after each look at the journal.
    fn flush(&mut self);
}
