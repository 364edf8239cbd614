//! `/v1/keys/{id}/right-size`: what a key holds, against what it has needed.

use ::http::StatusCode;
use app::key::{PermissionUse, RightSize};
use axum::extract::{Path, State};
use axum::response::Response;
use domain::access::{Needed, Source};
use domain::clock::Timestamp;
use domain::id::KeyId;
use domain::span::Span;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::api::caller::By;
use crate::api::shown;
use crate::http::Web;
use crate::http::body::Query;
use crate::http::problem::Result;

/// How far back.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::api) struct WindowQuery {
    /// How far back it is looked, from `1d` to `400d`; `90d` when not said.
    #[param(value_type = Option<String>, pattern = "^([1-9]|[1-9][0-9]|[1-3][0-9][0-9]|400)d$", example = "90d")]
    window: Option<Span>,
}

/// A pattern that the key holds, and what was needed of it.
#[derive(Serialize, ToSchema)]
#[schema(as = PermissionUse)]
pub(in crate::api) struct ShownUse<'a> {
    /// The pattern.
    #[schema(example = "orders:*")]
    pattern: String,
    /// Where it comes from.
    sources: &'a [Source],
    /// Whether something of it was needed; null for what is of Claviger itself, of which that is not recorded.
    #[schema(required, example = true)]
    needed: Option<bool>,
    /// What was needed of it.
    permissions: &'a [Needed],
}

/// What a key holds, against what was required of its requests that passed.
#[derive(Serialize, ToSchema)]
#[schema(as = RightSize)]
pub(in crate::api) struct ShownRightSize<'a> {
    /// From when on it was looked at: the beginning of a day (UTC), or when the key was made.
    since: Timestamp,
    /// The last day (UTC) on which requests passed of which nothing was required by name: then it is not known what they needed,
    /// and nothing is suggested.
    #[schema(required)]
    untold_until: Option<Timestamp>,
    /// Every pattern that it holds in the end.
    permissions: Vec<ShownUse<'a>>,
    /// With which of its own `permissions` it would do, where that is less and enough is known.
    #[schema(required, example = json!(["orders:view"]))]
    suggestion: Option<&'a [String]>,
}

fn shown_use(one: &PermissionUse) -> ShownUse<'_> {
    let known = !one.held.pattern.is_management();
    ShownUse {
        pattern: one.held.pattern.to_string(),
        sources: &one.held.sources,
        needed: known.then_some(!one.needed.is_empty()),
        permissions: &one.needed,
    }
}

fn shown_right_size(found: &RightSize) -> ShownRightSize<'_> {
    ShownRightSize {
        since: found.since,
        untold_until: found.untold,
        permissions: found.permissions.iter().map(shown_use).collect(),
        suggestion: found.suggestion.as_deref(),
    }
}

/// Which of its permissions a key has needed, and with which of its own it would do.
#[utoipa::path(
    get, path = "/v1/keys/{id}/right-size", operation_id = "right_size_key", tag = "keys",
    params(("id" = KeyId, Path, description = "The key"), WindowQuery),
    responses((status = OK, description = "What it holds and what it needed", body = ShownRightSize)),
    extensions(("x-claviger-permission" = json!("claviger:usage.read")))
)]
pub(in crate::api) async fn right_size(
    By(caller): By,
    State(web): State<Web>,
    Path(key): Path<String>,
    Query(asked): Query<WindowQuery>,
) -> Result<Response> {
    let found = web
        .app
        .right_size(&caller, super::id(&key)?, asked.window)
        .await?;
    Ok(shown::json(StatusCode::OK, &shown_right_size(&found)))
}
