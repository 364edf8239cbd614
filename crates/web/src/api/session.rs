//! `/v1/session`: signing in and out, and who one is meanwhile; `/v1/sessions`: where else one is signed in.

use ::http::request::Parts;
use ::http::{StatusCode, header};
use app::session::{Opened, SignIn, Which};
use axum::extract::{FromRequest as _, Path, Request, State};
use axum::response::{IntoResponse as _, Response};
use domain::id::SessionId;
use serde::Deserialize;
use serde_json::{Value, json};
use store::sessions::Session;
use zeroize::Zeroizing;

use super::caller::{By, client};
use super::{shown, users};
use crate::http::body::Json;
use crate::http::problem::Result;
use crate::http::{Web, cookie, origin};

/// A session as it is shown; never its token.
pub(super) fn row(web: &Web, session: &Session, own: Option<SessionId>) -> Value {
    json!({
        "id": session.id, "current": own == Some(session.id), "method": session.method, "created_at": session.created_at,
        "seen_at": session.seen_at, "proven_at": session.proven_at, "ends_at": session.ends_at,
        "idle_ends_at": web.app.idle_end(session), "ip": session.ip, "agent": session.agent,
    })
}

/// Lets a browser keep a session.
pub(super) fn with_cookie(web: &Web, mut response: Response, token: &str) -> Response {
    if let Some(value) = cookie::give(web, token) {
        response.headers_mut().insert(header::SET_COOKIE, value);
    }
    response
}

/// A session that was just opened, and its cookie.
pub(super) fn opened(web: &Web, opened: &Opened) -> Response {
    let answer = json!({
        "session": row(web, &opened.session, Some(opened.session.id)),
        "user": { "id": opened.user.id, "email": opened.user.email, "name": opened.user.name },
    });
    with_cookie(web, shown::json(StatusCode::CREATED, &answer), &opened.token)
}

/// The head and the body of a request that comes without a caller.
pub(super) async fn taken_apart<T: serde::de::DeserializeOwned>(
    web: &Web,
    request: Request,
) -> Result<(Parts, T)> {
    let (parts, body) = request.into_parts();
    origin::refuse_other(web, &parts)?;
    let request = Request::from_parts(parts.clone(), body);
    let Json(fields, _) = Json::<T>::from_request(request, web).await?;
    Ok((parts, fields))
}

/// What somebody signs in with.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Credentials {
    organisation: Option<String>,
    email: String,
    password: Zeroizing<String>,
    code: Option<Zeroizing<String>>,
}

pub(super) async fn open(State(web): State<Web>, request: Request) -> Result<Response> {
    let (parts, asked) = taken_apart::<Credentials>(&web, request).await?;
    let sign_in = SignIn {
        organisation: asked.organisation,
        email: asked.email,
        password: asked.password,
        code: asked.code,
    };
    let session = web.app.sign_in(sign_in, client(&parts)?).await?;
    Ok(opened(&web, &session))
}

pub(super) async fn show(By(caller): By, State(web): State<Web>) -> Result<Response> {
    let session = web.app.own_session(&caller).await?;
    let me = web.app.me(&caller).await?;
    let tenant = web.app.acting_in(&caller).await?;
    let answer = json!({
        "session": row(&web, &session, Some(session.id)), "user": users::row(&me.view),
        "home": { "id": me.organisation.id, "slug": me.organisation.slug, "name": me.organisation.name },
        "organisation": { "id": tenant.id, "slug": tenant.slug, "name": tenant.name },
        "operator": caller.operator, "permissions": me.permissions, "proven_at": session.proven_at,
    });
    Ok(shown::json(StatusCode::OK, &answer))
}

pub(super) async fn close(By(caller): By, State(web): State<Web>) -> Result<Response> {
    let own = caller.signed()?.id;
    web.app.end_own_sessions(&caller, Which::One(own)).await?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    if let Some(value) = cookie::take(&web) {
        response.headers_mut().insert(header::SET_COOKIE, value);
    }
    Ok(response)
}

/// What somebody shows again.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Again {
    password: Zeroizing<String>,
    code: Option<Zeroizing<String>>,
}

pub(super) async fn confirm(
    By(caller): By,
    State(web): State<Web>,
    Json(again, _): Json<Again>,
) -> Result<Response> {
    let token = web
        .app
        .confirm_session(&caller, again.password, again.code)
        .await?;
    let session = web.app.own_session(&caller).await?;
    let answer = json!({ "session": row(&web, &session, Some(session.id)), "proven_at": session.proven_at });
    Ok(with_cookie(&web, shown::json(StatusCode::OK, &answer), &token))
}

pub(super) async fn list(By(caller): By, State(web): State<Web>) -> Result<Response> {
    let own = caller.signed()?.id;
    let all = web.app.own_sessions(&caller).await?;
    let items: Vec<Value> = all.iter().map(|one| row(&web, one, Some(own))).collect();
    Ok(shown::json(StatusCode::OK, &json!({ "items": items })))
}

pub(super) async fn end(
    By(caller): By,
    State(web): State<Web>,
    Path(session): Path<String>,
) -> Result<Response> {
    let session = session
        .parse()
        .map_err(|_| app::AppError::NotFound { what: "session" })?;
    web.app.end_own_sessions(&caller, Which::One(session)).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

pub(super) async fn end_others(By(caller): By, State(web): State<Web>) -> Result<Response> {
    let own = caller.signed()?.id;
    let ended = web.app.end_own_sessions(&caller, Which::AllBut(own)).await?;
    Ok(shown::json(StatusCode::OK, &json!({ "ended": ended })))
}
