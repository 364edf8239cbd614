//! `/api/apiKeys`.

use ::http::StatusCode;
use app::AppError;
use app::key::{CreateKey, Handle, Issued, KeyView};
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use domain::access::Management;
use domain::account::AccountDraft;
use domain::clock::Timestamp;
use domain::id::{AccountId, KeyId};
use domain::key::{Actor, Key, KeyDraft, Owner, Status};
use domain::policy::{OwnerKind, UsernameRule};
use domain::schema::{EmailAddressOrNone, Name, NameOrNone, Username};
use domain::token::Presented;
use serde::{Deserialize, Serialize};
use store::accounts::OwnerLabel;
use store::keys::{KeyQuery, KeySort, StatusFilter, Whose};
use utoipa::{IntoParams, ToSchema};

use super::page::{Pageable, SpringPage, sort};
use crate::api::openapi::{Conflict, NotFound};
use crate::api::shown::json;
use crate::dialects::{Speaker, every_key, renamed};
use crate::http::body::{Json, Query};
use crate::http::problem::Result;
use crate::http::{Problem, Web};

/// What the API calls its fields otherwise.
const NAMES: [(&str, &str); 1] = [("owner", "serviceAccountId")];

/// A key.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OpenLmisApiKey)]
pub(super) struct ShownKey {
    /// The token: whole in the answer that made it, masked everywhere else.
    #[schema(example = "sk_live_8NqW…Pq2R")]
    pub(super) token: String,
    /// The id of who made it.
    #[schema(example = "usr_01k1qhwaswfn78ypkbfj6sw3rt")]
    created_by: String,
    /// When it was made.
    created_date: Timestamp,
    id: KeyId,
    /// What it is called.
    #[schema(example = "ColdTrace")]
    name: String,
    /// The business partner whose system it is for; empty for none.
    #[schema(example = "ColdTrace")]
    partner: String,
    /// The account that it belongs to.
    #[schema(required)]
    service_account_id: Option<AccountId>,
    /// Whether it works.
    #[schema(example = true)]
    active: bool,
}

/// Who made something: an id, or a name where there is none.
pub(super) fn maker(actor: &Actor) -> String {
    actor.id.clone().unwrap_or_else(|| actor.name.clone())
}

fn shown(view: &KeyView, partner: &str) -> ShownKey {
    let key: &Key = &view.key;
    ShownKey {
        token: key.display.clone(),
        created_by: maker(&key.created_by),
        created_date: key.created_at,
        id: key.id,
        name: key.name.clone(),
        partner: partner.to_owned(),
        service_account_id: match key.owner {
            Owner::ServiceAccount(id) => Some(id),
            Owner::Organisation(_) | Owner::User(_) => None,
        },
        active: matches!(view.status, Status::Active | Status::ExpiringSoon),
    }
}

/// What a new key is for; all of it may be left out.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = OpenLmisNewApiKey, example = json!({"serviceAccountId": "acct_01k1qhwaswfn78ypkbfj6sw3rt"}))]
pub(super) struct NewKey {
    /// The account that it is to belong to; a new one is made for it when not said.
    #[schema(value_type = Option<AccountId>)]
    pub(super) service_account_id: Option<String>,
    /// What it and its new account are called.
    #[schema(value_type = Option<Name>)]
    pub(super) name: Option<String>,
    /// The business partner whose system it is for.
    #[schema(value_type = Option<NameOrNone>)]
    pub(super) partner: Option<String>,
    /// The username of its new account; one is made up when not said.
    #[schema(value_type = Option<Username>)]
    pub(super) username: Option<String>,
    /// Whom to write to about its new account.
    #[schema(value_type = Option<EmailAddressOrNone>)]
    pub(super) email: Option<String>,
}

impl NewKey {
    /// The account that is made together with the key.
    fn account(self, speaker: &Speaker, web: &Web, roles: Option<Vec<String>>) -> AccountDraft {
        let make_up = speaker.policy.accounts.username == UsernameRule::Free;
        let name = self.name.or_else(|| self.partner.clone());
        AccountDraft {
            name: Some(name.unwrap_or_else(|| "API user".to_owned())),
            username: self.username.or_else(|| make_up.then(|| username(web))),
            email: self.email,
            partner: self.partner,
            roles,
            ..AccountDraft::default()
        }
    }
}

/// A username that no other account has.
fn username(web: &Web) -> String {
    let id = AccountId::fresh(web.app.clock(), web.app.random()).to_string();
    format!("api-user-{}", id.trim_start_matches("acct_"))
}

/// Makes a key, and with it the account of a system for it to belong to where none is named.
pub(super) async fn make(
    speaker: &Speaker,
    web: &Web,
    new: NewKey,
    roles: Option<Vec<String>>,
) -> Result<Issued> {
    let caller = &speaker.caller;
    caller.require(Management::KeysCreate)?;
    let name = new.name.clone().or_else(|| new.partner.clone());
    let mut request = CreateKey {
        draft: KeyDraft {
            name: Some(name.unwrap_or_else(|| "API key".to_owned())),
            ..KeyDraft::default()
        },
        ..CreateKey::default()
    };
    let says_account = new.partner.is_some() || new.username.is_some() || new.email.is_some();
    let makes_accounts = speaker.policy.owner.kinds.contains(&OwnerKind::ServiceAccount);
    match new.service_account_id {
        Some(_) if says_account => {
            return Err(Problem::invalid(
                "partner, username and email are those of serviceAccountId: leave them out, or leave that out",
            ));
        }
        Some(id) => request.draft.owner = Some(id),
        None if makes_accounts => request.account = Some(new.account(speaker, web, roles)),
        None if says_account => {
            let detail = "the organisation's policy gives no keys to service accounts";
            return Err(AppError::Refused(detail.to_owned()).into());
        }
        None => {}
    }
    let issued = web.app.create_key(caller, request, None).await;
    issued.map_err(|error| renamed(error, &NAMES))
}

/// The answer to a key that was just made, with its token.
fn issued(issued: &Issued, partner: &str) -> ShownKey {
    let shown = shown(&issued.view, partner);
    let token = issued.token.as_ref().map(|token| token.expose().to_owned());
    ShownKey {
        token: token.unwrap_or_else(|| shown.token.clone()),
        ..shown
    }
}

/// Makes a key for another system. Its token is in this answer, and never again.
#[utoipa::path(
    post, path = "/api/apiKeys", operation_id = "openlmis_create_key", tag = super::TAG,
    request_body = NewKey,
    responses((status = CREATED, description = "The new key with its token", body = ShownKey), NotFound, Conflict),
    extensions(("x-claviger-permission" = json!("claviger:keys.create")))
)]
pub(super) async fn create(
    speaker: Speaker,
    State(web): State<Web>,
    Json(new, _): Json<NewKey>,
) -> Result<Response> {
    let partner = new.partner.clone();
    let made = make(&speaker, &web, new, None).await?;
    let partner = match partner {
        Some(partner) => partner,
        None => {
            web.app
                .owner_label(&speaker.caller, made.view.key.owner)
                .await?
                .partner
        }
    };
    Ok(json(StatusCode::CREATED, &issued(&made, &partner)))
}

/// Which keys.
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
        pattern = "^(createdDate|createdBy|name)(,([aA][sS][cC]|[dD][eE][sS][cC]))?$",
        example = "createdDate,desc"
    )]
    sort: Option<String>,
    /// Those that were not removed when not said; `inactive` are removed, revoked, switched off or past their end.
    #[param(pattern = "^(active|inactive|all)$", example = "all")]
    status: Option<String>,
    /// The business partner whose systems they are for, in any case.
    #[param(example = "ColdTrace")]
    partner: Option<String>,
}

fn statuses(text: Option<&str>) -> Result<StatusFilter> {
    match text {
        None => Ok(StatusFilter::Live),
        Some("all") => Ok(StatusFilter::All),
        Some("active") => Ok(StatusFilter::In(vec![Status::Active])),
        Some("inactive") => Ok(StatusFilter::In(vec![
            Status::Expired,
            Status::Disabled,
            Status::Revoked,
            Status::Deleted,
        ])),
        Some(_) => Err(Problem::invalid("status: expected active, inactive or all")),
    }
}

/// Keys, a page at a time, the newest first.
#[utoipa::path(
    get, path = "/api/apiKeys", operation_id = "openlmis_list_keys", tag = super::TAG,
    params(ListQuery),
    responses(
        (status = OK, description = "A page, with the tokens masked", body = SpringPage<ShownKey>), NotFound
    ),
    extensions(("x-claviger-permission" = json!("claviger:keys.read")))
)]
pub(super) async fn list(
    speaker: Speaker,
    State(web): State<Web>,
    Query(asked): Query<ListQuery>,
) -> Result<Response> {
    let orders = [
        ("createdDate", KeySort::CreatedAt),
        ("createdBy", KeySort::CreatedBy),
        ("name", KeySort::Name),
    ];
    let (order, descending) = sort(asked.sort.as_deref(), &orders, KeySort::CreatedAt)?;
    let pageable = Pageable {
        page: asked.page,
        size: asked.size,
    };
    let (number, size, offset) = pageable.place()?;
    let query = KeyQuery {
        status: statuses(asked.status.as_deref())?,
        whose: Whose {
            partner: asked.partner,
            ..Whose::default()
        },
        sort: order,
        descending,
        limit: size,
        ..every_key()
    };
    let keys = web.app.list_keys_from(&speaker.caller, query, offset).await?;
    let keys = keys.map(|(view, label): (KeyView, OwnerLabel)| shown(&view, &label.partner));
    Ok(json(StatusCode::OK, &SpringPage::of(keys, number, size)))
}

/// Whether a text is neither a token nor what is shown of one.
pub(super) fn is_malformed(text: &str) -> bool {
    Presented::parse(text.as_bytes()).is_err() && !text.contains('…')
}

/// What is told of a token that names nothing.
pub(super) fn named_nothing(error: AppError, token: &str) -> Problem {
    match error {
        AppError::NotFound { .. } if is_malformed(token) => Problem::new(
            StatusCode::BAD_REQUEST,
            "token_invalid",
            "No token",
            "this is not a token, nor the id of a key",
        ),
        other => other.into(),
    }
}

/// Removes a key: it is inactive for good, and kept for history where the policy says so.
#[utoipa::path(
    delete, path = "/api/apiKeys/{token}", operation_id = "openlmis_delete_key", tag = super::TAG,
    params(("token" = String, Path, description = "The key's token, the masked form that lists show, or its id", max_length = 512)),
    responses((status = NO_CONTENT, description = "The key is inactive"), NotFound, Conflict),
    extensions(("x-claviger-permission" = json!("claviger:keys.revoke")))
)]
pub(super) async fn delete(
    speaker: Speaker,
    State(web): State<Web>,
    Path(token): Path<String>,
) -> Result<Response> {
    let caller = &speaker.caller;
    let found = web
        .app
        .find_key(caller, Handle::Token(&token), Management::KeysRevoke)
        .await;
    let key = found.map_err(|error| named_nothing(error, &token))?;
    web.app.delete_key(caller, key.id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
