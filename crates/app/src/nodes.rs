//! The servers of this installation, as an operator sees them.

use std::time::Duration;

use domain::clock::Timestamp;
use domain::id::NodeId;

use engine::DEAD;

use store::StoreError;
use store::nodes::Node;

use crate::error::{AppError, Result};
use crate::{App, Caller};

/// A server.
#[derive(Debug, Clone)]
pub struct NodeView {
    /// In its present run; none where it is the only one that there can be.
    pub id: Option<NodeId>,
    /// What people call it.
    pub name: String,
    /// Claviger's version there.
    pub version: String,
    /// How long it serves after it has sent a renewal; none where nobody has to know.
    pub lease: Option<Duration>,
    /// How long it goes on after that with the keys in its memory; none where it stops.
    pub stale: Option<Duration>,
    /// When this run began to serve, by the database's clock.
    pub joined_at: Timestamp,
    /// When its lease was last renewed, by the same.
    pub renewed_at: Timestamp,
    /// How many changes it has not applied yet.
    pub behind: i64,
    /// Whether it is the one that answers this.
    pub is_this: bool,
}

impl App {
    /// Whether this server can answer, in a word: `ready` who can ask the database and may answer from memory, `stale` who goes on without it.
    ///
    /// # Errors
    /// When it can do neither.
    pub async fn ready(&self) -> Result<&'static str> {
        // Before the database is asked, which may take its time to be silent.
        if self.engine.goes_on() {
            return Ok("stale");
        }
        self.store.last_change().await?;
        match self.engine.is_fresh() {
            true => Ok("ready"),
            false => Err(AppError::Unavailable(None)),
        }
    }

    /// The servers, the oldest first.
    ///
    /// # Errors
    /// As [`AppError`] says.
    #[tracing::instrument(level = "debug", name = "app.nodes", skip_all)]
    pub async fn nodes(&self, caller: &Caller) -> Result<Vec<NodeView>> {
        caller.require_operator()?;
        let last = self.store.last_change().await?;
        let Some(own) = self.engine.node() else {
            return Ok(vec![NodeView {
                id: None,
                name: self.name.clone(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
                lease: None,
                stale: None,
                joined_at: self.started_at,
                renewed_at: self.clock.now(),
                behind: last - self.engine.stats().applied,
                is_this: true,
            }]);
        };
        let nodes = self.store.nodes().await?.into_iter().map(|node| NodeView {
            id: Some(NodeId::from_uuid(node.id)),
            is_this: node.id == own,
            behind: (last - node.applied).max(0),
            name: node.name,
            version: node.version,
            lease: Some(node.lease),
            stale: Some(node.stale).filter(|stale| !stale.is_zero()),
            joined_at: node.joined_at,
            renewed_at: node.renewed_at,
        });
        Ok(nodes.collect())
    }

    /// The other servers that are not known to be gone.
    pub(crate) async fn other_nodes(&self) -> std::result::Result<Vec<Node>, StoreError> {
        let Some(own) = self.engine.node() else {
            return Ok(Vec::new());
        };
        let mut nodes = self.store.nodes().await?;
        let last = nodes.iter().map(|node| node.renewed_at).max().unwrap_or_default();
        // One that died and was not taken out yet has no say.
        nodes.retain(|node| node.id != own && last.since(node.renewed_at) < node.lease * DEAD);
        Ok(nodes)
    }
}
