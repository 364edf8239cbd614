//! `/v1/session`: signing in and out, and who one is meanwhile; `/v1/sessions`: where else one is signed in.

use ::http::request::Parts;
use ::http::{StatusCode, header};
use app::session::{Opened, SignIn, Which};
use axum::extract::{FromRequest as _, Path, Request, State};
use axum::response::{IntoResponse as _, Response};
use domain::access::Grants;
use domain::clock::Timestamp;
use domain::id::{OrganisationId, SessionId, UserId};
use domain::organisation::Organisation;
use domain::schema::{EmailAddress, Slug};
use domain::user::Method;
use serde::{Deserialize, Serialize};
use store::sessions::Session;
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::caller::{By, client};
use super::openapi::{NotProven, Throttled};
use super::shown;
use super::users::{self, ShownUser};
use crate::http::body::Json;
use crate::http::problem::Result;
use crate::http::{Web, cookie, origin};

/// A browser in which somebody is signed in; never its token.
#[derive(Serialize, ToSchema)]
#[schema(as = Session)]
pub(super) struct ShownSession<'a> {
    id: SessionId,
    /// Whether it is the one by which this was asked.
    current: bool,
    method: Method,
    /// When they signed in.
    created_at: Timestamp,
    /// When it was last used, to the minute.
    seen_at: Timestamp,
    /// When they last showed who they are.
    proven_at: Timestamp,
    /// When it ends whatever happens.
    ends_at: Timestamp,
    /// When it ends unless it is used before.
    idle_ends_at: Timestamp,
    /// From where they signed in.
    #[schema(required, example = "203.0.113.9")]
    ip: Option<&'a str>,
    /// What the browser calls itself.
    #[schema(example = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")]
    agent: &'a str,
}

/// A session as it is shown.
pub(super) fn row<'a>(web: &Web, session: &'a Session, own: Option<SessionId>) -> ShownSession<'a> {
    ShownSession {
        id: session.id,
        current: own == Some(session.id),
        method: session.method,
        created_at: session.created_at,
        seen_at: session.seen_at,
        proven_at: session.proven_at,
        ends_at: session.ends_at,
        idle_ends_at: web.app.idle_end(session),
        ip: session.ip.as_deref(),
        agent: &session.agent,
    }
}

/// Where somebody is signed in, youngest first.
#[derive(Serialize, ToSchema)]
pub(super) struct Sessions<'a> {
    pub(super) items: Vec<ShownSession<'a>>,
}

/// How many sessions were ended.
#[derive(Serialize, ToSchema)]
pub(super) struct EndedSessions {
    #[schema(example = 2)]
    pub(super) ended: u64,
}

/// An organisation, in short.
#[derive(Serialize, ToSchema)]
pub(super) struct Tenant<'a> {
    id: OrganisationId,
    /// Names it in headers and on the command line.
    #[schema(example = "sample-ltd")]
    slug: &'a str,
    /// What people call it.
    #[schema(example = "Sample Ltd")]
    name: &'a str,
}

pub(super) fn tenant(organisation: &Organisation) -> Tenant<'_> {
    Tenant {
        id: organisation.id,
        slug: &organisation.slug,
        name: &organisation.name,
    }
}

/// Lets a browser keep a session.
pub(super) fn with_cookie(web: &Web, mut response: Response, token: &str) -> Response {
    if let Some(value) = cookie::give(web, token) {
        response.headers_mut().insert(header::SET_COOKIE, value);
    }
    response
}

/// A session that was just opened; its token is in the cookie alone.
#[derive(Serialize, ToSchema)]
pub(super) struct OpenedSession<'a> {
    session: ShownSession<'a>,
    user: SignedIn<'a>,
}

/// Who is signed in, in short.
#[derive(Serialize, ToSchema)]
struct SignedIn<'a> {
    id: UserId,
    /// Their address.
    #[schema(example = "ada@example.com")]
    email: &'a str,
    /// What they are called.
    #[schema(example = "Ada Lovelace")]
    name: &'a str,
}

/// A session that was just opened, and its cookie.
pub(super) fn opened(web: &Web, opened: &Opened) -> Response {
    let answer = OpenedSession {
        session: row(web, &opened.session, Some(opened.session.id)),
        user: SignedIn {
            id: opened.user.id,
            email: &opened.user.email,
            name: &opened.user.name,
        },
    };
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
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"email": "ada@example.com", "password": "correct horse battery staple"}))]
pub(super) struct Credentials {
    /// The organisation's slug; may be left out where the address is known in one alone.
    #[schema(value_type = Option<Slug>)]
    organisation: Option<String>,
    /// Their address, in any case.
    #[schema(value_type = EmailAddress)]
    email: String,
    /// Their password.
    #[schema(value_type = String, format = Password)]
    password: Zeroizing<String>,
    /// A code of the second factor, or a recovery code.
    #[schema(value_type = Option<String>, example = "123456")]
    code: Option<Zeroizing<String>>,
}

/// Signs somebody in by their password and, where they have one, a code of their second factor.
#[utoipa::path(
    post, path = "/v1/session", operation_id = "open_session", tag = "sign-in",
    request_body = Credentials,
    responses(
        (status = CREATED, description = "The session; its token is in the cookie", body = OpenedSession,
            headers(("Set-Cookie" = String, description = "The session"))),
        NotProven, Throttled
    ),
    extensions(("x-claviger-permission" = json!("public")))
)]
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

/// Who is signed in, and where they act.
#[derive(Serialize, ToSchema)]
pub(super) struct OwnSession<'a> {
    session: ShownSession<'a>,
    user: ShownUser<'a>,
    /// Where they are at home.
    home: Tenant<'a>,
    /// Where they act: at home, or where an operator said.
    organisation: Tenant<'a>,
    /// Whether they act in every organisation.
    operator: bool,
    /// What they may do where they act.
    permissions: &'a Grants,
    /// When they last showed who they are.
    proven_at: Timestamp,
}

/// Who is signed in, where they act, and what they may do there.
#[utoipa::path(
    get, path = "/v1/session", operation_id = "show_session", tag = "sign-in",
    responses((status = OK, description = "The session by which this was asked", body = OwnSession)),
    extensions(("x-claviger-permission" = json!("any person")))
)]
pub(super) async fn show(By(caller): By, State(web): State<Web>) -> Result<Response> {
    let session = web.app.own_session(&caller).await?;
    let me = web.app.me(&caller).await?;
    let acting_in = web.app.acting_in(&caller).await?;
    let answer = OwnSession {
        session: row(&web, &session, Some(session.id)),
        user: users::row(&me.view),
        home: tenant(&me.organisation),
        organisation: tenant(&acting_in),
        operator: caller.operator,
        permissions: &me.permissions,
        proven_at: session.proven_at,
    };
    Ok(shown::json(StatusCode::OK, &answer))
}

/// Signs out: this session ends, and the cookie is taken away.
#[utoipa::path(
    delete, path = "/v1/session", operation_id = "close_session", tag = "sign-in",
    responses((status = NO_CONTENT, description = "Signed out")),
    extensions(("x-claviger-permission" = json!("any person")))
)]
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
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Confirmation, example = json!({"password": "correct horse battery staple"}))]
pub(super) struct Again {
    /// Their password.
    #[schema(value_type = String, format = Password)]
    password: Zeroizing<String>,
    /// A code of the second factor, or a recovery code.
    #[schema(value_type = Option<String>, example = "123456")]
    code: Option<Zeroizing<String>>,
}

/// A session whose owner has shown again who they are.
#[derive(Serialize, ToSchema)]
pub(super) struct ConfirmedSession<'a> {
    session: ShownSession<'a>,
    /// When they last showed who they are: just now.
    proven_at: Timestamp,
}

/// Shows again who one is, for the next ten minutes; the session gets a new token.
#[utoipa::path(
    post, path = "/v1/session/confirm", operation_id = "confirm_session", tag = "sign-in",
    request_body = Again,
    responses(
        (status = OK, description = "The session; its new token is in the cookie", body = ConfirmedSession,
            headers(("Set-Cookie" = String, description = "The session"))),
        Throttled
    ),
    extensions(("x-claviger-permission" = json!("any person")))
)]
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
    let answer = ConfirmedSession {
        session: row(&web, &session, Some(session.id)),
        proven_at: session.proven_at,
    };
    Ok(with_cookie(&web, shown::json(StatusCode::OK, &answer), &token))
}

/// Where one is signed in, youngest first.
#[utoipa::path(
    get, path = "/v1/sessions", operation_id = "list_sessions", tag = "sign-in",
    responses((status = OK, description = "All of them", body = Sessions)),
    extensions(("x-claviger-permission" = json!("any person")))
)]
pub(super) async fn list(By(caller): By, State(web): State<Web>) -> Result<Response> {
    let own = caller.signed()?.id;
    let all = web.app.own_sessions(&caller).await?;
    let items = all.iter().map(|one| row(&web, one, Some(own))).collect();
    Ok(shown::json(StatusCode::OK, &Sessions { items }))
}

/// Signs out one of one's own sessions.
#[utoipa::path(
    delete, path = "/v1/sessions/{id}", operation_id = "end_session", tag = "sign-in",
    params(("id" = SessionId, Path, description = "The session")),
    responses((status = NO_CONTENT, description = "It has ended")),
    extensions(("x-claviger-permission" = json!("any person")))
)]
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

/// Signs out everywhere but here.
#[utoipa::path(
    delete, path = "/v1/sessions", operation_id = "end_other_sessions", tag = "sign-in",
    responses((status = OK, description = "How many there were", body = EndedSessions)),
    extensions(("x-claviger-permission" = json!("any person")))
)]
pub(super) async fn end_others(By(caller): By, State(web): State<Web>) -> Result<Response> {
    let own = caller.signed()?.id;
    let ended = web.app.end_own_sessions(&caller, Which::AllBut(own)).await?;
    Ok(shown::json(StatusCode::OK, &EndedSessions { ended }))
}
