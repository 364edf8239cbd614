//! Lists of service accounts and of partners: which are asked for, in which order, and a page of them.

use ::http::StatusCode;
use app::account::AccountFilter;
use axum::extract::State;
use axum::response::Response;
use domain::account::AccountStatus;
use domain::id::UserId;
use domain::page::Page;
use serde::Deserialize;
use store::accounts::{AccountQuery, AccountSort, AccountStatuses};

use super::shown;
use crate::api::caller::By;
use crate::api::keys::limit;
use crate::api::params::PageQuery;
use crate::api::shown::json;
use crate::http::body::Query;
use crate::http::problem::Result;
use crate::http::{Problem, Web};

/// Which service accounts.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct ListQuery {
    status: Option<String>,
    partner: Option<String>,
    owner: Option<String>,
    role: Option<String>,
    tag: Option<String>,
    orphaned: Option<bool>,
    q: Option<String>,
    sort: Option<String>,
    limit: Option<u32>,
    cursor: Option<String>,
}

fn statuses(text: &str) -> Result<AccountStatuses> {
    let unknown =
        || Problem::invalid("status: expected all, or some of active, inactive and deleted, apart by commas");
    if text == "all" {
        return Ok(AccountStatuses::All);
    }
    let each = text.split(',');
    each.map(|one| AccountStatus::parse(one).ok_or_else(unknown))
        .collect::<Result<Vec<_>>>()
        .map(AccountStatuses::In)
}

pub(in crate::api) async fn list(
    By(caller): By,
    State(web): State<Web>,
    Query(asked): Query<ListQuery>,
) -> Result<Response> {
    let sort = asked.sort.as_deref().unwrap_or("-created_at");
    let (descending, name) = sort.strip_prefix('-').map_or((false, sort), |name| (true, name));
    let (_, order) = AccountSort::ALL
        .into_iter()
        .find(|(known, _)| *known == name)
        .ok_or_else(|| {
            Problem::invalid("sort: expected created_at, name or partner, with - for highest first")
        })?;
    let limit = limit(asked.limit)?;
    // What a cursor is good for: the same filters in the same order, whatever the length of the page.
    let list = format!(
        "accounts {:?}",
        (
            &asked.status,
            &asked.partner,
            &asked.owner,
            &asked.role,
            &asked.tag,
            asked.orphaned,
            &asked.q,
            sort,
        )
    );
    let owner = asked.owner.as_deref().map(|text| {
        text.parse::<UserId>()
            .map_err(|error| Problem::invalid(format!("owner: {error}")))
    });
    let query = AccountQuery {
        statuses: asked
            .status
            .as_deref()
            .map(statuses)
            .transpose()?
            .unwrap_or_default(),
        owner: owner.transpose()?,
        partner: asked.partner,
        role: None,
        tag: asked.tag,
        orphaned: asked.orphaned,
        q: asked.q,
        sort: order,
        descending,
        limit,
        after: None,
    };
    let filter = AccountFilter { role: asked.role };
    let page = web
        .app
        .list_accounts(&caller, query, filter, &list, asked.cursor.as_deref())
        .await?;
    let items: Vec<_> = page.items.iter().map(shown::row).collect();
    let next_cursor = page.next_cursor;
    Ok(json(StatusCode::OK, &Page { items, next_cursor }))
}

pub(in crate::api) async fn partners(
    By(caller): By,
    State(web): State<Web>,
    Query(page): Query<PageQuery>,
) -> Result<Response> {
    let limit = limit(page.limit)?;
    let page = web
        .app
        .list_partners(&caller, limit, page.cursor.as_deref())
        .await?;
    Ok(json(StatusCode::OK, &page))
}
