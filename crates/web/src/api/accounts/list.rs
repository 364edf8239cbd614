//! Lists of service accounts and of partners: which are asked for, in which order, and a page of them.

use ::http::StatusCode;
use app::account::AccountFilter;
use axum::extract::State;
use axum::response::Response;
use domain::account::AccountStatus;
use domain::id::UserId;
use domain::page::Page;
use serde::Deserialize;
use store::accounts::{AccountQuery, AccountSort, AccountStatuses, Partner};
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterIn};

use super::shown::{self, ShownAccount};
use crate::api::caller::By;
use crate::api::keys::{self, limit};
use crate::api::params::PageQuery;
use crate::api::shown::json;
use crate::http::body::Query;
use crate::http::problem::Result;
use crate::http::{Problem, Web};

/// Which service accounts.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::api) struct ListQuery {
    /// All but the deleted ones when not said. `all`, or some, apart by commas.
    #[param(
        pattern = "^(all|(active|inactive|deleted)(,(active|inactive|deleted))*)$",
        example = "active,inactive"
    )]
    status: Option<String>,
    /// The name of the partner whose system it is, in any case.
    #[param(example = "ColdTrace")]
    partner: Option<String>,
    /// The person who answers for it.
    #[param(value_type = Option<UserId>)]
    owner: Option<String>,
    /// A role that it holds, by id or name.
    role: Option<String>,
    /// One of its tags.
    tag: Option<String>,
    /// Whether it has no owner, or one who is not an active user.
    orphaned: Option<bool>,
    /// Words that name, username, email, partner or purpose must all hold; eight at most.
    q: Option<String>,
    /// The order, with `-` for highest first; `-created_at` when not said.
    #[param(pattern = "^-?(created_at|name|partner)$", example = "-created_at")]
    sort: Option<String>,
    /// Rows on the page; 50 when not said.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
    /// Where the page begins: the `next_cursor` of the page before, for the same filters and order.
    cursor: Option<String>,
}

/// [`keys::ListQuery`] of one account's keys: the address names the owner.
pub(in crate::api) enum KeysQuery {}

impl IntoParams for KeysQuery {
    fn into_params(provider: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let mut all = keys::ListQuery::into_params(provider);
        all.retain(|one| one.name != "owner");
        all
    }
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

/// Service accounts, a page at a time.
#[utoipa::path(
    get, path = "/v1/service-accounts", operation_id = "list_service_accounts", tag = "service-accounts",
    params(ListQuery),
    responses((status = OK, description = "A page", body = Page<ShownAccount>)),
    extensions(("x-claviger-permission" = json!("claviger:accounts.read")))
)]
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

/// The business partners whose systems have accounts, by name.
#[utoipa::path(
    get, path = "/v1/partners", operation_id = "list_partners", tag = "service-accounts",
    params(PageQuery),
    responses((status = OK, description = "A page", body = Page<Partner>)),
    extensions(("x-claviger-permission" = json!("claviger:accounts.read")))
)]
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
