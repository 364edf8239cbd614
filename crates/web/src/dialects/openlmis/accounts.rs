//! `/api/serviceAccounts`: the systems that keys belong to.

use ::http::StatusCode;
use app::AppError;
use app::account::AccountView;
use app::key::Handle;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use domain::access::Management;
use domain::clock::Timestamp;
use domain::id::AccountId;
use domain::key::Owner;
use domain::schema::{EmailAddressOrNone, Name, NameOrNone, Username};
use serde::{Deserialize, Serialize};
use store::accounts::{AccountQuery, AccountSort};
use utoipa::{IntoParams, ToSchema};
use zeroize::Zeroizing;

use super::keys::{NewKey, make, maker, named_nothing};
use super::page::{Pageable, SpringPage, sort};
use crate::api::openapi::{Conflict, NotFound};
use crate::api::shown::json;
use crate::dialects::Speaker;
use crate::http::body::{Json, Query};
use crate::http::problem::Result;
use crate::http::{Problem, Web};

/// A system that keys belong to.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OpenLmisServiceAccount)]
pub(super) struct ShownAccount {
    id: AccountId,
    /// The token of the key that was made with it, here and nowhere else.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "sk_live_8NqWv0yTq6YB2t0uVx3cZr5sDf7gHj9kLm1nPq2R")]
    token: Option<String>,
    /// The id of who made it.
    #[schema(example = "usr_01k1qhwaswfn78ypkbfj6sw3rt")]
    created_by: String,
    /// When it was made.
    created_date: Timestamp,
    /// What people call it.
    #[schema(example = "ColdTrace")]
    name: String,
    /// What systems call it.
    #[schema(example = "coldtrace-gateway")]
    username: String,
    /// Whom to write to about it; none for nobody.
    #[schema(required, example = "iot@example.com")]
    email: Option<String>,
    /// The business partner whose system it is; empty for none.
    #[schema(example = "ColdTrace")]
    partner: String,
    /// The names of its roles.
    #[schema(example = json!(["Admin CCE"]))]
    roles: Vec<String>,
    /// Whether its keys work.
    #[schema(example = true)]
    active: bool,
    /// How many live keys it has.
    #[schema(example = 1)]
    live_keys: i64,
}

fn shown(view: &AccountView) -> ShownAccount {
    let account = &view.account;
    ShownAccount {
        id: account.id,
        token: None,
        created_by: maker(&account.created_by),
        created_date: account.created_at,
        name: account.name.clone(),
        username: account.username.clone(),
        email: account.email.clone(),
        partner: account.partner.clone(),
        roles: view.roles.iter().map(|role| role.name.clone()).collect(),
        active: account.active && account.deleted_at.is_none(),
        live_keys: view.keys.live,
    }
}

/// A system that is to be known: the one that a key belongs to, or a new one with its first key.
#[derive(Deserialize, Default, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = OpenLmisNewServiceAccount, example = json!({"name": "ColdTrace", "partner": "ColdTrace"}))]
pub(super) struct NewAccount {
    /// The token of a key whose account is meant; then nothing else is said.
    #[schema(value_type = Option<String>, max_length = 512, example = "sk_live_8NqWv0yTq6YB2t0uVx3cZr5sDf7gHj9kLm1nPq2R")]
    token: Option<Zeroizing<String>>,
    /// What people call it.
    #[schema(value_type = Option<Name>)]
    name: Option<String>,
    /// The business partner whose system it is.
    #[schema(value_type = Option<NameOrNone>)]
    partner: Option<String>,
    /// What systems call it; made up when not said.
    #[schema(value_type = Option<Username>)]
    username: Option<String>,
    /// Whom to write to about it.
    #[schema(value_type = Option<EmailAddressOrNone>)]
    email: Option<String>,
    /// What it may do, and its keys at the most: roles, by id or name.
    #[schema(example = json!(["Admin CCE"]), max_items = 64)]
    roles: Option<Vec<String>>,
}

/// Which accounts.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ListQuery {
    /// The number of the page, counted from 0.
    #[param(minimum = 0, maximum = 2_147_483_647)]
    page: Option<u32>,
    /// Rows on the page; 20 when not said, and 2,000 at the most.
    #[param(minimum = 1, maximum = 2_147_483_647)]
    size: Option<u32>,
    /// The order, `createdDate,desc` when not said.
    #[param(
        pattern = "^(createdDate|name|partner)(,([aA][sS][cC]|[dD][eE][sS][cC]))?$",
        example = "name,asc"
    )]
    sort: Option<String>,
    /// The business partner whose systems they are, in any case.
    #[param(example = "ColdTrace")]
    partner: Option<String>,
}

/// Systems, a page at a time, the newest first.
#[utoipa::path(
    get, path = "/api/serviceAccounts", operation_id = "openlmis_list_accounts", tag = super::TAG,
    params(ListQuery),
    responses((status = OK, description = "A page", body = SpringPage<ShownAccount>), NotFound),
    extensions(("x-claviger-permission" = json!("claviger:accounts.read")))
)]
pub(super) async fn list(
    speaker: Speaker,
    State(web): State<Web>,
    Query(asked): Query<ListQuery>,
) -> Result<Response> {
    let orders = [
        ("createdDate", AccountSort::CreatedAt),
        ("name", AccountSort::Name),
        ("partner", AccountSort::Partner),
    ];
    let (order, descending) = sort(asked.sort.as_deref(), &orders, AccountSort::CreatedAt)?;
    let pageable = Pageable {
        page: asked.page,
        size: asked.size,
    };
    let (number, size, offset) = pageable.place()?;
    let query = AccountQuery {
        partner: asked.partner,
        sort: order,
        descending,
        limit: size,
        ..AccountQuery::default()
    };
    let accounts = web.app.list_accounts_from(&speaker.caller, query, offset).await?;
    let accounts = accounts.map(|view| shown(&view));
    Ok(json(StatusCode::OK, &SpringPage::of(accounts, number, size)))
}

/// Makes the account of a system with its first key, whose token is in this answer and never again; or tells whose account
/// a key belongs to.
#[utoipa::path(
    post, path = "/api/serviceAccounts", operation_id = "openlmis_create_account", tag = super::TAG,
    request_body = NewAccount,
    responses((status = CREATED, description = "The account", body = ShownAccount), NotFound, Conflict),
    extensions(("x-claviger-permission" = json!("claviger:accounts.manage")))
)]
pub(super) async fn create(
    speaker: Speaker,
    State(web): State<Web>,
    Json(new, _): Json<NewAccount>,
) -> Result<Response> {
    let caller = &speaker.caller;
    caller.require(Management::AccountsManage)?;
    // The answer shows the account; who may not see it is told so before it is made.
    caller.require(Management::AccountsRead)?;
    let (id, token) = match new.token {
        Some(token) => {
            let others = [&new.name, &new.partner, &new.username, &new.email];
            if others.into_iter().any(Option::is_some) || new.roles.is_some() {
                return Err(Problem::invalid("token: with it, nothing else is said"));
            }
            (
                account(&speaker, &web, &token, Management::AccountsManage).await?,
                None,
            )
        }
        None => {
            let key = NewKey {
                name: new.name,
                partner: new.partner,
                username: new.username,
                email: new.email,
                ..NewKey::default()
            };
            let made = make(&speaker, &web, key, new.roles).await?;
            let Owner::ServiceAccount(id) = made.view.key.owner else {
                let detail = "the organisation's policy gives no keys to service accounts";
                return Err(AppError::Refused(detail.to_owned()).into());
            };
            (id, made.token)
        }
    };
    let view = web.app.show_account(caller, id).await?;
    let token = token.map(|token| token.expose().to_owned());
    let account = ShownAccount {
        token,
        ..shown(&view)
    };
    Ok(json(StatusCode::CREATED, &account))
}

/// The account of that id, or the one that a key belongs to.
async fn account(speaker: &Speaker, web: &Web, text: &str, to: Management) -> Result<AccountId> {
    speaker.caller.require(to)?;
    if let Ok(id) = text.parse() {
        return Ok(id);
    }
    let found = web.app.find_key(&speaker.caller, Handle::Token(text), to).await;
    match found.map_err(|error| named_nothing(error, text))?.owner {
        Owner::ServiceAccount(id) => Ok(id),
        Owner::Organisation(_) | Owner::User(_) => Err(AppError::NotFound {
            what: "service account",
        }
        .into()),
    }
}

/// A system.
#[utoipa::path(
    get, path = "/api/serviceAccounts/{id}", operation_id = "openlmis_show_account", tag = super::TAG,
    params(("id" = AccountId, Path, description = "The account; the token of one of its keys is taken as well")),
    responses((status = OK, description = "The account", body = ShownAccount), NotFound),
    extensions(("x-claviger-permission" = json!("claviger:accounts.read")))
)]
pub(super) async fn show(
    speaker: Speaker,
    State(web): State<Web>,
    Path(id): Path<String>,
) -> Result<Response> {
    let id = account(&speaker, &web, &id, Management::AccountsRead).await?;
    let view = web.app.show_account(&speaker.caller, id).await?;
    Ok(json(StatusCode::OK, &shown(&view)))
}

/// Removes a system: it and its keys are inactive for good, and kept for history where the policy says so.
#[utoipa::path(
    delete, path = "/api/serviceAccounts/{id}", operation_id = "openlmis_delete_account", tag = super::TAG,
    params(("id" = AccountId, Path, description = "The account; the token of one of its keys is taken as well")),
    responses((status = NO_CONTENT, description = "The account is inactive"), NotFound, Conflict),
    extensions(("x-claviger-permission" = json!("claviger:accounts.manage")))
)]
pub(super) async fn delete(
    speaker: Speaker,
    State(web): State<Web>,
    Path(id): Path<String>,
) -> Result<Response> {
    let id = account(&speaker, &web, &id, Management::AccountsManage).await?;
    web.app.delete_account(&speaker.caller, id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
