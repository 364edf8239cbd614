//! `/v1/nodes`: the servers of the installation.

use ::http::StatusCode;
use app::nodes::NodeView;
use axum::extract::State;
use axum::response::Response;
use domain::clock::Timestamp;
use domain::id::NodeId;
use serde::Serialize;
use utoipa::ToSchema;

use super::caller::By;
use super::shown;
use crate::http::Web;
use crate::http::problem::Result;

/// A server.
#[derive(Serialize, ToSchema)]
#[schema(as = Node)]
pub(super) struct ShownNode {
    /// In its present run; null where it is the only one that there can be (SQLite).
    #[schema(required)]
    id: Option<NodeId>,
    /// What people call it (`node.name`); the host's name where nothing is said.
    #[schema(example = "claviger-1")]
    name: String,
    /// Claviger's version there.
    #[schema(example = "0.1.0")]
    version: String,
    /// How many milliseconds it serves after it has sent a renewal (`node.lease`); null where it is the only one.
    #[schema(required, example = 3000)]
    lease_ms: Option<u64>,
    /// How many milliseconds it goes on after that with the keys in its memory (`node.freshness = "static"`); null where it stops.
    #[schema(required, example = json!(null))]
    stale_ms: Option<u64>,
    /// When this run began to serve.
    joined_at: Timestamp,
    /// When its lease was last renewed.
    renewed_at: Timestamp,
    /// How many changes it has not applied yet.
    #[schema(example = 0)]
    behind: i64,
    /// Whether it is the one that answers.
    this: bool,
}

/// The servers.
#[derive(Serialize, ToSchema)]
#[schema(as = Nodes)]
pub(super) struct ShownNodes {
    /// The oldest first.
    items: Vec<ShownNode>,
}

fn millis(span: std::time::Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

fn node(view: NodeView) -> ShownNode {
    ShownNode {
        id: view.id,
        name: view.name,
        version: view.version,
        lease_ms: view.lease.map(millis),
        stale_ms: view.stale.map(millis),
        joined_at: view.joined_at,
        renewed_at: view.renewed_at,
        behind: view.behind,
        this: view.is_this,
    }
}

/// The servers that serve this installation's database.
#[utoipa::path(
    get, path = "/v1/nodes", operation_id = "list_nodes", tag = "installation",
    responses((status = OK, description = "The servers", body = ShownNodes)),
    extensions(("x-claviger-permission" = json!("operator")))
)]
pub(super) async fn list(By(caller): By, State(web): State<Web>) -> Result<Response> {
    let nodes = web.app.nodes(&caller).await?;
    let all = ShownNodes {
        items: nodes.into_iter().map(node).collect(),
    };
    Ok(shown::json(StatusCode::OK, &all))
}
