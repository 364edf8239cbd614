//! `/v1/attention`: what needs somebody.

use ::http::StatusCode;
use app::attention::{Found, order};
use axum::extract::State;
use axum::response::Response;
use domain::clock::Timestamp;
use domain::finding::Finding;
use serde::Serialize;
use store::keys::KeySort;
use utoipa::ToSchema;

use super::caller::By;
use super::shown::{self, ShownKey};
use crate::http::Web;
use crate::http::problem::Result;

/// Keys that have something in common that needs somebody.
#[derive(Serialize, ToSchema)]
#[schema(as = Attention)]
pub(super) struct ShownFound<'a> {
    finding: Finding,
    /// What makes it so: last used, made or renewed before then; failing since then.
    #[schema(required)]
    bound: Option<Timestamp>,
    /// How many keys, up to 1000.
    #[schema(example = 12, minimum = 1, maximum = 1000)]
    count: i64,
    /// Whether there are more.
    more: bool,
    /// The first five, in the order in which they need somebody.
    keys: Vec<ShownKey<'a>>,
    /// Where all of them are listed.
    #[schema(example = "/v1/keys?finding=idle&sort=last_used_at")]
    list: String,
}

/// All that needs somebody.
#[derive(Serialize, ToSchema)]
#[schema(as = AttentionList)]
pub(super) struct ShownAttention<'a> {
    /// The most pressing first; what is found of no key is left out.
    items: Vec<ShownFound<'a>>,
}

fn found(found: &Found) -> ShownFound<'_> {
    let (sort, descending) = order(found.finding);
    let known = KeySort::ALL.into_iter().find(|(_, known)| *known == sort);
    let name = known.map_or("created_at", |(name, _)| name);
    ShownFound {
        finding: found.finding,
        bound: found.bound,
        count: found.count,
        more: found.more,
        keys: found.keys.iter().map(shown::row).collect(),
        list: format!(
            "/v1/keys?finding={}&sort={}{name}",
            found.finding.as_str(),
            if descending { "-" } else { "" }
        ),
    }
}

/// What needs somebody: keys that end soon, fail, are orphaned, idle or never used, have an old secret, no end or no limit.
#[utoipa::path(
    get, path = "/v1/attention", operation_id = "attention", tag = "keys",
    responses((status = OK, description = "What was found", body = ShownAttention)),
    extensions(("x-claviger-permission" = json!("claviger:keys.read")))
)]
pub(super) async fn show(By(caller): By, State(web): State<Web>) -> Result<Response> {
    let all = web.app.attention(&caller).await?;
    let items = all.iter().map(found).collect();
    Ok(shown::json(StatusCode::OK, &ShownAttention { items }))
}
