//! Secrets that were found under another pepper than the current one, or as plain SHA-256: to be stored anew while their
//! token is at hand, because a digest alone cannot be turned into another.

use domain::id::{OrganisationId, SecretId};
use domain::secret::{Digest, Scheme};
use parking_lot::Mutex;

/// A secret's digest as it ought to be; for `Tx::rewrite_digest`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rewrite {
    /// The secret's tenant.
    pub organisation: OrganisationId,
    /// The secret.
    pub secret: SecretId,
    /// Under the current pepper.
    pub digest: Digest,
    /// That pepper.
    pub scheme: Scheme,
}

/// The most that wait. One that finds no room is noted the next time that its secret is read from the store.
const ROOM: usize = 65_536;

#[derive(Default)]
pub(crate) struct Rewrites(Mutex<Vec<Rewrite>>);

impl Rewrites {
    pub(crate) fn push(&self, rewrite: Option<Rewrite>) {
        let Some(rewrite) = rewrite else { return };
        let mut waiting = self.0.lock();
        if waiting.len() < ROOM {
            waiting.push(rewrite);
        }
    }

    pub(crate) fn take(&self) -> Vec<Rewrite> {
        std::mem::take(&mut self.0.lock())
    }
}
