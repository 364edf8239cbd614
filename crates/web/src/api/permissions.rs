//! `/v1/permissions`: what is on offer, what somebody holds and why, and who holds what.

use ::http::StatusCode;
use app::permission::HoldersQuery;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use store::principals::HolderKind;

use super::caller::By;
use super::keys::limit;
use super::shown;
use crate::http::body::{Json, Query};
use crate::http::problem::Result;
use crate::http::{Problem, Web};

pub(super) async fn list(By(caller): By, State(web): State<Web>) -> Result<Response> {
    Ok(shown::json(StatusCode::OK, &web.app.catalogue(&caller).await?))
}

/// A question about one principal.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Question {
    principal: String,
    requires: String,
}

pub(super) async fn explain(
    By(caller): By,
    State(web): State<Web>,
    Json(asked, _): Json<Question>,
) -> Result<Response> {
    let explained = web
        .app
        .explain(&caller, &asked.principal, &asked.requires)
        .await?;
    Ok(shown::json(StatusCode::OK, &explained))
}

/// One principal.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Principal {
    principal: String,
}

pub(super) async fn effective(
    By(caller): By,
    State(web): State<Web>,
    Query(asked): Query<Principal>,
) -> Result<Response> {
    let effective = web.app.effective(&caller, &asked.principal).await?;
    Ok(shown::json(StatusCode::OK, &effective))
}

/// Who can do what.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WhoCan {
    permission: String,
    kind: Option<String>,
    limit: Option<u32>,
    cursor: Option<String>,
}

fn kinds(text: &str) -> Result<Vec<HolderKind>> {
    let kind = |one: &str| HolderKind::ALL.into_iter().find(|kind| kind.as_str() == one);
    let unknown =
        || Problem::invalid("kind: expected some of user, service_account and key, apart by commas");
    text.split(',').map(|one| kind(one).ok_or_else(unknown)).collect()
}

pub(super) async fn holders(
    By(caller): By,
    State(web): State<Web>,
    Query(asked): Query<WhoCan>,
) -> Result<Response> {
    let query = HoldersQuery {
        permission: asked.permission,
        kinds: asked
            .kind
            .as_deref()
            .map_or_else(|| Ok(HolderKind::ALL.to_vec()), kinds)?,
        limit: limit(asked.limit)?,
        cursor: asked.cursor,
    };
    let page = web.app.permission_holders(&caller, query).await?;
    Ok(shown::json(StatusCode::OK, &page))
}
