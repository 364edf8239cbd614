//! The questions that the engine asks the store: a seam, so that tests can hold an answer back while something changes.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use domain::access::Directory;
use domain::api::Apis;
use domain::id::OrganisationId;
use domain::secret::Digest;
use store::changes::Changes;
use store::nodes::{NewNode, Node, Nodes, Renewed};
use store::quotas::{Ask, Holding, PeriodOf, Share, Use};
use store::secrets::Found;
use store::{Store, StoreError};
use uuid::Uuid;

/// An answer to come.
pub type Asked<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// What the engine asks of a store; each answer is read from one snapshot that is no older than the question.
pub trait Source: Send + Sync {
    /// What is stored under any of these digests; a keyed digest outranks a plain SHA-256.
    fn find_secret<'a>(&'a self, digests: &'a [Digest]) -> Asked<'a, Option<Found>>;
    /// An organisation's roles, and what its APIs do not offer.
    fn directory(&self, organisation: OrganisationId) -> Asked<'_, Directory>;
    /// An organisation's APIs with their routes; none where a source knows of none.
    fn apis(&self, _organisation: OrganisationId) -> Asked<'_, Apis> {
        Box::pin(async { Ok(Apis::default()) })
    }
    /// The prefixes under which tokens or hashes from elsewhere exist.
    fn foreign_prefixes(&self) -> Asked<'_, Vec<String>>;
    /// The number of the last change.
    fn last_change(&self) -> Asked<'_, i64>;
    /// What has changed after `seq`.
    fn changes_after(&self, seq: i64) -> Asked<'_, Changes>;
    /// Hands out units of a quota, durably: what is answered survives a crash.
    fn reserve_units(&self, ask: Ask) -> Asked<'_, Share>;
    /// Takes blocks of units back.
    fn close_blocks(&self, holdings: Vec<Holding>) -> Asked<'_, ()>;
    /// What is used of quotas.
    fn quota_uses(&self, periods: Vec<PeriodOf>) -> Asked<'_, Vec<Use>>;
}

/// The nodes of an installation, as one of them deals with the others; and its own sense of time, so that a simulation can be in charge of
/// both.
pub trait Fleet: Send + Sync {
    /// Writes a node's row, durably.
    fn join<'a>(&'a self, node: &'a NewNode) -> Asked<'a, ()>;
    /// Renews a node that is at one of these beats and has applied changes up to that one, and reads what has changed since, from one
    /// snapshot that is no older than the question; none where its row is gone, or at another beat.
    fn renew<'a>(&'a self, node: &'a NewNode, beats: (i64, i64), applied: i64) -> Asked<'a, Option<Renewed>>;
    /// All nodes.
    fn nodes(&self) -> Asked<'_, Vec<Node>>;
    /// Takes a node out if it is still at a beat; within a time.
    fn bury(&self, node: Uuid, beat: i64, limit: Duration) -> Asked<'_, ()>;
    /// Says what this node's keyring holds.
    fn tell_secrets<'a>(&'a self, node: &'a NewNode, secrets: &'a str) -> Asked<'a, ()>;
    /// Takes this node out.
    fn leave<'a>(&'a self, node: &'a NewNode) -> Asked<'a, ()>;
    /// Resolves when something may have changed; it need not.
    fn hinted(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
    /// Resolves after so long, by this node's clock.
    fn sleep(&self, span: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}

/// The nodes of a PostgreSQL database.
#[derive(Debug)]
pub struct PostgresFleet {
    nodes: Nodes,
    store: Store,
}

impl PostgresFleet {
    /// Of a store on PostgreSQL.
    pub fn new(store: Store) -> Self {
        Self {
            nodes: Nodes::new(store.database().clone()),
            store,
        }
    }
}

impl Fleet for PostgresFleet {
    fn join<'a>(&'a self, node: &'a NewNode) -> Asked<'a, ()> {
        Box::pin(self.nodes.join(node))
    }

    fn renew<'a>(&'a self, node: &'a NewNode, beats: (i64, i64), applied: i64) -> Asked<'a, Option<Renewed>> {
        Box::pin(self.nodes.renew(node, beats, applied))
    }

    fn nodes(&self) -> Asked<'_, Vec<Node>> {
        Box::pin(self.store.nodes())
    }

    fn bury(&self, node: Uuid, beat: i64, limit: Duration) -> Asked<'_, ()> {
        Box::pin(self.nodes.bury(node, beat, limit))
    }

    fn tell_secrets<'a>(&'a self, node: &'a NewNode, secrets: &'a str) -> Asked<'a, ()> {
        Box::pin(self.nodes.tell_secrets(node, secrets))
    }

    fn leave<'a>(&'a self, node: &'a NewNode) -> Asked<'a, ()> {
        Box::pin(self.nodes.leave(node))
    }

    fn hinted(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(self.nodes.hint().notified())
    }

    fn sleep(&self, span: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(tokio::time::sleep(span))
    }
}

impl Source for Store {
    fn find_secret<'a>(&'a self, digests: &'a [Digest]) -> Asked<'a, Option<Found>> {
        Box::pin(self.find_secret(digests))
    }

    fn directory(&self, organisation: OrganisationId) -> Asked<'_, Directory> {
        Box::pin(self.directory(organisation))
    }

    fn apis(&self, organisation: OrganisationId) -> Asked<'_, Apis> {
        Box::pin(async move {
            let all = self.apis(organisation).await?;
            Ok(Apis::new(all.into_iter().map(|offered| {
                let available = offered.enabled && offered.api.enabled;
                (offered.api.slug, available, offered.api.routes)
            })))
        })
    }

    fn foreign_prefixes(&self) -> Asked<'_, Vec<String>> {
        Box::pin(self.foreign_prefixes())
    }

    fn last_change(&self) -> Asked<'_, i64> {
        Box::pin(self.last_change())
    }

    fn changes_after(&self, seq: i64) -> Asked<'_, Changes> {
        Box::pin(self.changes_after(seq))
    }

    fn reserve_units(&self, ask: Ask) -> Asked<'_, Share> {
        Box::pin(self.reserve_units(ask))
    }

    fn close_blocks(&self, holdings: Vec<Holding>) -> Asked<'_, ()> {
        Box::pin(self.close_blocks(holdings))
    }

    fn quota_uses(&self, periods: Vec<PeriodOf>) -> Asked<'_, Vec<Use>> {
        Box::pin(async move { self.quota_uses(&periods).await })
    }
}
