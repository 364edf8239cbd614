//! `/v1/users`: people, who is asked in, what they may do, and what becomes of what they leave behind.

use ::http::{HeaderMap, StatusCode};
use app::mail::Posted;
use app::user::{EditUser, HandedOver, Sent, UserSwitch, UserView};
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use domain::clock::Timestamp;
use domain::id::{RoleId, UserId};
use domain::key::Actor;
use domain::page::Page;
use domain::schema::{EmailAddress, Name};
use domain::user::{UserDraft, UserStatus};
use serde::{Deserialize, Serialize};
use store::users::{UserQuery, UserSort};
use utoipa::{IntoParams, ToSchema};

use super::caller::By;
use super::keys::limit;
use super::openapi::Conflict;
use super::params::{self, IfMatch};
use super::session::{self, EndedSessions, Sessions};
use super::shown;
use crate::http::body::{Json, Query};
use crate::http::problem::Result;
use crate::http::{Problem, Web};

/// A role as it is shown beside its holder.
#[derive(Serialize, ToSchema)]
#[schema(as = UserRole)]
pub(super) struct ShownRole<'a> {
    id: RoleId,
    /// What it is called.
    #[schema(example = "viewer")]
    name: &'a str,
}

/// A person as they are shown.
#[derive(Serialize, ToSchema)]
#[schema(as = User)]
pub(super) struct ShownUser<'a> {
    id: UserId,
    /// Where they get mail, and what they sign in with.
    #[schema(example = "ada@example.com")]
    email: &'a str,
    /// What they are called.
    #[schema(example = "Ada Lovelace")]
    name: &'a str,
    status: UserStatus,
    /// Whether they act in every organisation, and make them.
    operator: bool,
    /// What they may do.
    roles: Vec<ShownRole<'a>>,
    /// Whether they sign in with a password.
    #[schema(example = true)]
    has_password: bool,
    /// Whether a second factor is asked for beside it.
    #[schema(example = true)]
    second_factor: bool,
    /// When they were first known.
    created_at: Timestamp,
    /// Who asked them in.
    created_by: &'a Actor,
    /// When they last signed in.
    #[schema(required)]
    last_sign_in_at: Option<Timestamp>,
    /// Counts their edits from 1; the `ETag`.
    #[schema(example = 3)]
    version: i64,
}

pub(super) fn row(view: &UserView) -> ShownUser<'_> {
    let user = &view.user;
    ShownUser {
        id: user.id,
        email: &user.email,
        name: &user.name,
        status: user.status,
        operator: user.operator,
        roles: view
            .roles
            .iter()
            .map(|(id, name)| ShownRole { id: *id, name })
            .collect(),
        has_password: user.has_password,
        second_factor: user.has_second_factor,
        created_at: user.created_at,
        created_by: &user.created_by,
        last_sign_in_at: user.last_sign_in_at,
        version: user.version,
    }
}

/// A person by themself, with their version as the `ETag`.
fn one(view: &UserView) -> Response {
    shown::tagged(shown::json(StatusCode::OK, &row(view)), view.user.version)
}

/// Somebody who is asked in, with the link by which they come.
#[derive(Serialize, ToSchema)]
pub(super) struct InvitationLink<'a> {
    #[serde(flatten)]
    user: ShownUser<'a>,
    /// The link; none where it went by mail.
    #[schema(
        required,
        example = "https://keys.example.com/invitations/invite_7c0Jd2Xw9mQyTbLr4vKs8nFhEzPa1uGo"
    )]
    invitation_url: Option<&'a str>,
    /// Until when it is good.
    invitation_ends_at: Timestamp,
    mail: Posted,
    /// What to do where the mail could not be sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    mail_detail: Option<&'static str>,
}

/// A person, with the link by which they choose a new password.
#[derive(Serialize, ToSchema)]
pub(super) struct RecoveryLink<'a> {
    #[serde(flatten)]
    user: ShownUser<'a>,
    /// The link; none where it went by mail.
    #[schema(
        required,
        example = "https://keys.example.com/invitations/recover_7c0Jd2Xw9mQyTbLr4vKs8nFhEzPa1uGo"
    )]
    recovery_url: Option<&'a str>,
    /// Until when it is good.
    recovery_ends_at: Timestamp,
    mail: Posted,
    /// What to do where the mail could not be sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    mail_detail: Option<&'static str>,
}

fn mail_detail(mail: Posted) -> Option<&'static str> {
    (mail == Posted::Failed).then_some("the mail could not be sent; hand over this link, or ask for another")
}

fn invitation(status: StatusCode, sent: &Sent) -> Response {
    let answer = InvitationLink {
        user: row(&sent.view),
        invitation_url: sent.url.as_ref().map(|url| url.as_str()),
        invitation_ends_at: sent.until,
        mail: sent.mail,
        mail_detail: mail_detail(sent.mail),
    };
    shown::tagged(shown::json(status, &answer), sent.view.user.version)
}

/// A person with the link that was made for them.
pub(super) fn recovery(sent: &Sent) -> Response {
    let answer = RecoveryLink {
        user: row(&sent.view),
        recovery_url: sent.url.as_ref().map(|url| url.as_str()),
        recovery_ends_at: sent.until,
        mail: sent.mail,
        mail_detail: mail_detail(sent.mail),
    };
    shown::tagged(shown::json(StatusCode::OK, &answer), sent.view.user.version)
}

/// An id that is none, or of another kind, names nobody who is here.
pub(super) fn id(text: &str) -> Result<UserId> {
    text.parse()
        .map_err(|_| app::AppError::NotFound { what: "user" }.into())
}

/// The fields that a person is made of or changed to.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = UserEdit, example = json!({"name": "Ada Lovelace", "roles": ["viewer"]}))]
pub(super) struct Fields {
    /// Where they get mail, and what they sign in with.
    #[schema(value_type = Option<EmailAddress>)]
    email: Option<String>,
    /// What they are called.
    #[schema(value_type = Option<Name>)]
    name: Option<String>,
    /// What they may do, each by id or name.
    #[schema(max_items = 64)]
    roles: Option<Vec<String>>,
    /// Whether they act in every organisation; only an operator says so.
    operator: Option<bool>,
}

/// Somebody to be asked in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"email": "ada@example.com", "name": "Ada Lovelace", "roles": ["viewer"]}))]
#[expect(
    dead_code,
    reason = "described here; read as `Fields`, so that every fault is named at once"
)]
pub(super) struct NewUser {
    /// Where they get mail, and what they sign in with.
    #[schema(value_type = EmailAddress)]
    email: String,
    /// What they are called; their address when not said.
    #[schema(value_type = Option<Name>)]
    name: Option<String>,
    /// What they may do, each by id or name.
    #[schema(max_items = 64)]
    roles: Option<Vec<String>>,
    /// Whether they act in every organisation; only an operator says so.
    operator: Option<bool>,
}

impl Fields {
    fn draft(self) -> UserDraft {
        UserDraft {
            email: self.email,
            name: self.name,
            roles: self.roles,
            operator: self.operator,
        }
    }
}

/// Which people.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ListQuery {
    /// All when not said. `all`, or some, apart by commas.
    #[param(
        pattern = "^(all|(invited|active|disabled)(,(invited|active|disabled))*)$",
        example = "active,invited"
    )]
    status: Option<String>,
    /// A role that they hold, by id or name.
    role: Option<String>,
    /// Words that name or address must all hold; eight at most.
    q: Option<String>,
    /// The order, with `-` for highest first; `name` when not said.
    #[param(pattern = "^-?(created_at|name|email|last_sign_in_at)$", example = "name")]
    sort: Option<String>,
    /// Rows on the page; 50 when not said.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
    /// Where the page begins: the `next_cursor` of the page before, for the same filters and order.
    cursor: Option<String>,
}

fn statuses(text: &str) -> Result<Vec<UserStatus>> {
    let unknown =
        || Problem::invalid("status: expected all, or some of invited, active and disabled, apart by commas");
    if text == "all" {
        return Ok(Vec::new());
    }
    let each = text
        .split(',')
        .map(|one| UserStatus::parse(one).ok_or_else(unknown));
    each.collect()
}

/// People, a page at a time.
#[utoipa::path(
    get, path = "/v1/users", operation_id = "list_users", tag = "people",
    params(ListQuery),
    responses((status = OK, description = "A page", body = Page<ShownUser>)),
    extensions(("x-claviger-permission" = json!("claviger:users.read")))
)]
pub(super) async fn list(
    By(caller): By,
    State(web): State<Web>,
    Query(asked): Query<ListQuery>,
) -> Result<Response> {
    let sort = asked.sort.as_deref().unwrap_or("name");
    let (descending, name) = sort.strip_prefix('-').map_or((false, sort), |name| (true, name));
    let unknown = || {
        Problem::invalid(
            "sort: expected created_at, name, email or last_sign_in_at, with - for highest first",
        )
    };
    let (_, order) = UserSort::ALL
        .into_iter()
        .find(|(known, _)| *known == name)
        .ok_or_else(unknown)?;
    let list = format!("users {:?}", (&asked.status, &asked.role, &asked.q, sort));
    let query = UserQuery {
        status: asked
            .status
            .as_deref()
            .map(statuses)
            .transpose()?
            .unwrap_or_default(),
        role: None,
        q: asked.q,
        sort: order,
        descending,
        limit: limit(asked.limit)?,
        after: None,
    };
    let page = web
        .app
        .list_users(
            &caller,
            query,
            asked.role.as_deref(),
            &list,
            asked.cursor.as_deref(),
        )
        .await?;
    let items: Vec<_> = page.items.iter().map(row).collect();
    let next_cursor = page.next_cursor;
    Ok(shown::json(StatusCode::OK, &Page { items, next_cursor }))
}

/// Asks somebody in, by a link that is good once. Asks people for a recent sign-in.
#[utoipa::path(
    post, path = "/v1/users", operation_id = "invite_user", tag = "people",
    request_body = NewUser,
    responses((status = CREATED, description = "The person, and the link", body = InvitationLink), Conflict),
    extensions(("x-claviger-permission" = json!("claviger:users.manage")))
)]
pub(super) async fn invite(
    By(caller): By,
    State(web): State<Web>,
    Json(fields, _): Json<Fields>,
) -> Result<Response> {
    let invited = web.app.invite_user(&caller, fields.draft()).await?;
    Ok(invitation(StatusCode::CREATED, &invited))
}

/// One person.
#[utoipa::path(
    get, path = "/v1/users/{id}", operation_id = "show_user", tag = "people",
    params(("id" = UserId, Path, description = "The person")),
    responses((status = OK, description = "The person", body = ShownUser)),
    extensions(("x-claviger-permission" = json!("claviger:users.read")))
)]
pub(super) async fn show(
    By(caller): By,
    State(web): State<Web>,
    Path(user): Path<String>,
) -> Result<Response> {
    Ok(one(&web.app.show_user(&caller, id(&user)?).await?))
}

/// Changes who somebody is and what they may do. Asks people for a recent sign-in.
#[utoipa::path(
    patch, path = "/v1/users/{id}", operation_id = "edit_user", tag = "people",
    params(("id" = UserId, Path, description = "The person"), IfMatch),
    request_body = Fields,
    responses((status = OK, description = "The person as they are now", body = ShownUser), Conflict),
    extensions(("x-claviger-permission" = json!("claviger:users.manage")))
)]
pub(super) async fn edit(
    By(caller): By,
    State(web): State<Web>,
    Path(user): Path<String>,
    headers: HeaderMap,
    Json(fields, _): Json<Fields>,
) -> Result<Response> {
    let edit = EditUser {
        version: params::if_match(&headers)?,
        draft: fields.draft(),
    };
    Ok(one(&web.app.edit_user(&caller, id(&user)?, edit).await?))
}

/// Removes somebody who owns nothing any more; the audit log alone remembers them. Asks people for a recent sign-in.
#[utoipa::path(
    delete, path = "/v1/users/{id}", operation_id = "delete_user", tag = "people",
    params(("id" = UserId, Path, description = "The person")),
    responses((status = NO_CONTENT, description = "They are gone"), Conflict),
    extensions(("x-claviger-permission" = json!("claviger:users.manage")))
)]
pub(super) async fn delete(
    By(caller): By,
    State(web): State<Web>,
    Path(user): Path<String>,
) -> Result<Response> {
    web.app.delete_user(&caller, id(&user)?).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Keeps somebody out: their sessions end, and keys that stand for them stop, at once. Asks people for a recent sign-in.
#[utoipa::path(
    post, path = "/v1/users/{id}/disable", operation_id = "disable_user", tag = "people",
    params(("id" = UserId, Path, description = "The person")),
    responses((status = OK, description = "The person as they are now", body = ShownUser), Conflict),
    extensions(("x-claviger-permission" = json!("claviger:users.manage")))
)]
pub(super) async fn disable(
    By(caller): By,
    State(web): State<Web>,
    Path(user): Path<String>,
) -> Result<Response> {
    let switched = web
        .app
        .switch_user(&caller, id(&user)?, UserSwitch::Disable)
        .await?;
    Ok(one(&switched))
}

/// Lets somebody sign in again. Asks people for a recent sign-in.
#[utoipa::path(
    post, path = "/v1/users/{id}/enable", operation_id = "enable_user", tag = "people",
    params(("id" = UserId, Path, description = "The person")),
    responses((status = OK, description = "The person as they are now", body = ShownUser)),
    extensions(("x-claviger-permission" = json!("claviger:users.manage")))
)]
pub(super) async fn enable(
    By(caller): By,
    State(web): State<Web>,
    Path(user): Path<String>,
) -> Result<Response> {
    let switched = web
        .app
        .switch_user(&caller, id(&user)?, UserSwitch::Enable)
        .await?;
    Ok(one(&switched))
}

/// Makes another link for somebody who has not come yet; the one before is worth nothing from then on.
#[utoipa::path(
    post, path = "/v1/users/{id}/invite", operation_id = "invite_user_again", tag = "people",
    params(("id" = UserId, Path, description = "The person")),
    responses((status = OK, description = "The person, and the link", body = InvitationLink), Conflict),
    extensions(("x-claviger-permission" = json!("claviger:users.manage")))
)]
pub(super) async fn invite_again(
    By(caller): By,
    State(web): State<Web>,
    Path(user): Path<String>,
) -> Result<Response> {
    let invited = web.app.invite_again(&caller, id(&user)?).await?;
    Ok(invitation(StatusCode::OK, &invited))
}

/// Makes a link by which somebody chooses a new password; it takes their second factor off, too.
#[utoipa::path(
    post, path = "/v1/users/{id}/recover", operation_id = "recover_user", tag = "people",
    params(("id" = UserId, Path, description = "The person")),
    responses((status = OK, description = "The person, and the link", body = RecoveryLink), Conflict),
    extensions(("x-claviger-permission" = json!("claviger:users.manage")))
)]
pub(super) async fn recover(
    By(caller): By,
    State(web): State<Web>,
    Path(user): Path<String>,
) -> Result<Response> {
    Ok(recovery(&web.app.recover_user(&caller, id(&user)?).await?))
}

/// To whom.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = HandOver, example = json!({"to": "usr_01k1qhwaswfn78ypkbfj6sw3rv"}))]
pub(super) struct Heir {
    /// Another person of the organisation.
    #[schema(value_type = UserId)]
    to: String,
}

/// Gives everything that somebody owns to somebody else, all of it or nothing. Asks people for a recent sign-in.
#[utoipa::path(
    post, path = "/v1/users/{id}/hand-over", operation_id = "hand_over", tag = "people",
    params(("id" = UserId, Path, description = "The person")),
    request_body = Heir,
    responses((status = OK, description = "What was handed over", body = HandedOver)),
    extensions(("x-claviger-permission" = json!("claviger:users.manage")))
)]
pub(super) async fn hand_over(
    By(caller): By,
    State(web): State<Web>,
    Path(user): Path<String>,
    Json(heir, _): Json<Heir>,
) -> Result<Response> {
    let to = heir
        .to
        .parse()
        .map_err(|error: domain::id::IdError| app::AppError::field("to", error.to_string()))?;
    let done = web.app.hand_over(&caller, id(&user)?, to).await?;
    Ok(shown::json(StatusCode::OK, &done))
}

/// Where somebody is signed in, youngest first.
#[utoipa::path(
    get, path = "/v1/users/{id}/sessions", operation_id = "list_user_sessions", tag = "people",
    params(("id" = UserId, Path, description = "The person")),
    responses((status = OK, description = "All of them", body = Sessions)),
    extensions(("x-claviger-permission" = json!("claviger:users.read")))
)]
pub(super) async fn sessions(
    By(caller): By,
    State(web): State<Web>,
    Path(user): Path<String>,
) -> Result<Response> {
    let all = web.app.user_sessions(&caller, id(&user)?).await?;
    let items = all
        .iter()
        .map(|one| session::row(&web, one, caller.session.map(|own| own.id)))
        .collect();
    Ok(shown::json(StatusCode::OK, &Sessions { items }))
}

/// Signs somebody out everywhere.
#[utoipa::path(
    delete, path = "/v1/users/{id}/sessions", operation_id = "end_user_sessions", tag = "people",
    params(("id" = UserId, Path, description = "The person")),
    responses((status = OK, description = "How many there were", body = EndedSessions)),
    extensions(("x-claviger-permission" = json!("claviger:users.manage")))
)]
pub(super) async fn end_sessions(
    By(caller): By,
    State(web): State<Web>,
    Path(user): Path<String>,
) -> Result<Response> {
    let ended = web.app.end_user_sessions(&caller, id(&user)?).await?;
    Ok(shown::json(StatusCode::OK, &EndedSessions { ended }))
}
