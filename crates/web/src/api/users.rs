//! `/v1/users`: people, who is asked in, what they may do, and what becomes of what they leave behind.

use ::http::{HeaderMap, HeaderValue, StatusCode, header};
use app::mail::Posted;

use app::user::{EditUser, Sent, UserSwitch, UserView};
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use domain::clock::Timestamp;
use domain::id::{RoleId, UserId};
use domain::key::Actor;
use domain::page::Page;
use domain::user::{UserDraft, UserStatus};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::users::{UserQuery, UserSort};

use super::caller::By;
use super::keys::limit;
use super::{session, shown};
use crate::http::body::{Json, Query};
use crate::http::problem::Result;
use crate::http::{Problem, Web};

/// A role as it is shown beside its holder.
#[derive(Serialize)]
pub(super) struct ShownRole<'a> {
    id: RoleId,
    name: &'a str,
}

/// A person as they are shown.
#[derive(Serialize)]
pub(super) struct ShownUser<'a> {
    id: UserId,
    email: &'a str,
    name: &'a str,
    status: UserStatus,
    operator: bool,
    roles: Vec<ShownRole<'a>>,
    has_password: bool,
    second_factor: bool,
    created_at: Timestamp,
    created_by: &'a Actor,
    last_sign_in_at: Option<Timestamp>,
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
pub(super) fn tagged(mut response: Response, version: i64) -> Response {
    if let Ok(value) = HeaderValue::from_str(&format!("\"{version}\"")) {
        response.headers_mut().insert(header::ETAG, value);
    }
    response
}

fn one(view: &UserView) -> Response {
    tagged(shown::json(StatusCode::OK, &row(view)), view.user.version)
}

/// A person with the link that was made for them: `invitation_url` or `recovery_url`, null where it went by mail.
pub(super) fn sent(status: StatusCode, sent: &Sent, what: &str) -> Response {
    let mut answer = serde_json::to_value(row(&sent.view)).unwrap_or_default();
    let url = sent.url.as_ref().map(|url| url.as_str());
    answer[format!("{what}_url")] = json!(url);
    answer[format!("{what}_ends_at")] = json!(sent.until);
    answer["mail"] = json!(sent.mail);
    if sent.mail == Posted::Failed {
        answer["mail_detail"] = "the mail could not be sent; hand over this link, or ask for another".into();
    }
    tagged(shown::json(status, &answer), sent.view.user.version)
}

/// The version that a caller has seen.
pub(super) fn version(headers: &HeaderMap) -> Result<Option<i64>> {
    match headers
        .get(header::IF_MATCH)
        .map(|value| value.to_str().unwrap_or_default())
    {
        None | Some("*") => Ok(None),
        Some(tag) => match tag.trim_matches('"').parse() {
            Ok(number) => Ok(Some(number)),
            Err(_) => Err(Problem::invalid("If-Match: expected an ETag, such as \"3\"")),
        },
    }
}

/// An id that is none, or of another kind, names nobody who is here.
pub(super) fn id(text: &str) -> Result<UserId> {
    text.parse()
        .map_err(|_| app::AppError::NotFound { what: "user" }.into())
}

/// The fields that a person is made of or changed to.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fields {
    email: Option<String>,
    name: Option<String>,
    roles: Option<Vec<String>>,
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
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ListQuery {
    status: Option<String>,
    role: Option<String>,
    q: Option<String>,
    sort: Option<String>,
    limit: Option<u32>,
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

pub(super) async fn invite(
    By(caller): By,
    State(web): State<Web>,
    Json(fields, _): Json<Fields>,
) -> Result<Response> {
    let invited = web.app.invite_user(&caller, fields.draft()).await?;
    Ok(sent(StatusCode::CREATED, &invited, "invitation"))
}

pub(super) async fn show(
    By(caller): By,
    State(web): State<Web>,
    Path(user): Path<String>,
) -> Result<Response> {
    Ok(one(&web.app.show_user(&caller, id(&user)?).await?))
}

pub(super) async fn edit(
    By(caller): By,
    State(web): State<Web>,
    Path(user): Path<String>,
    headers: HeaderMap,
    Json(fields, _): Json<Fields>,
) -> Result<Response> {
    let edit = EditUser {
        version: version(&headers)?,
        draft: fields.draft(),
    };
    Ok(one(&web.app.edit_user(&caller, id(&user)?, edit).await?))
}

pub(super) async fn delete(
    By(caller): By,
    State(web): State<Web>,
    Path(user): Path<String>,
) -> Result<Response> {
    web.app.delete_user(&caller, id(&user)?).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

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

pub(super) async fn invite_again(
    By(caller): By,
    State(web): State<Web>,
    Path(user): Path<String>,
) -> Result<Response> {
    let invited = web.app.invite_again(&caller, id(&user)?).await?;
    Ok(sent(StatusCode::OK, &invited, "invitation"))
}

pub(super) async fn recover(
    By(caller): By,
    State(web): State<Web>,
    Path(user): Path<String>,
) -> Result<Response> {
    let recovery = web.app.recover_user(&caller, id(&user)?).await?;
    Ok(sent(StatusCode::OK, &recovery, "recovery"))
}

/// To whom.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Heir {
    to: String,
}

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

pub(super) async fn sessions(
    By(caller): By,
    State(web): State<Web>,
    Path(user): Path<String>,
) -> Result<Response> {
    let all = web.app.user_sessions(&caller, id(&user)?).await?;
    let items: Vec<Value> = all
        .iter()
        .map(|one| session::row(&web, one, caller.session.map(|own| own.id)))
        .collect();
    Ok(shown::json(StatusCode::OK, &json!({ "items": items })))
}

pub(super) async fn end_sessions(
    By(caller): By,
    State(web): State<Web>,
    Path(user): Path<String>,
) -> Result<Response> {
    let ended = web.app.end_user_sessions(&caller, id(&user)?).await?;
    Ok(shown::json(StatusCode::OK, &json!({ "ended": ended })))
}
