//! Signing in by an OpenID provider: the way there, and the way back. Browsers come here by links, so that what goes wrong is
//! said on a page.

use ::http::{HeaderValue, StatusCode, header};
use app::AppError;
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::caller::client;
use super::openapi::NotFound;
use super::page::{escaped, page_of};
use super::session::with_cookie;
use super::shown;
use crate::http::body::Query;
use crate::http::problem::Result;
use crate::http::{Web, cookie};

/// Where somebody wants to go once they are signed in.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Departing {
    /// A path of this server; `/` when not said.
    #[param(
        pattern = "^/([!-.0-\\[\\]-~][!-\\[\\]-~]*)?$",
        max_length = 1024,
        example = "/keys"
    )]
    then: Option<String>,
}

/// What the provider has a browser bring back (RFC 6749 section 4.1.2).
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Arriving {
    /// To be traded for the provider's word.
    code: Option<String>,
    /// Tells this way back from others.
    state: Option<String>,
    /// Why the provider vouches for nobody.
    error: Option<String>,
}

/// How people may sign in.
#[derive(Serialize, ToSchema)]
pub(super) struct SignInMethods {
    /// By a password: `POST /v1/session`.
    #[schema(example = true)]
    password: bool,
    /// By an OpenID provider: `GET /v1/oidc/start`.
    #[schema(example = false)]
    oidc: bool,
}

/// How people may sign in.
#[utoipa::path(
    get, path = "/v1/session/methods", operation_id = "sign_in_methods", tag = "sign-in",
    responses((status = OK, description = "The ways", body = SignInMethods)),
    extensions(("x-claviger-permission" = json!("public")))
)]
pub(super) async fn methods(State(web): State<Web>) -> Response {
    let methods = SignInMethods {
        password: true,
        oidc: web.app.has_provider(),
    };
    shown::json(StatusCode::OK, &methods)
}

/// A page for somebody who did not get in; what a fault of ours or the provider's owes to is for the log.
fn stopped(error: AppError) -> Result<Response> {
    let (status, title) = match &error {
        AppError::Provider(_) => (StatusCode::BAD_GATEWAY, "Not signed in"),
        AppError::WrongCredentials => (StatusCode::FORBIDDEN, "Not signed in"),
        _ => return Err(error.into()),
    };
    let why = match &error {
        AppError::WrongCredentials => {
            "the provider knows you, but nobody here has your address: ask to be invited".to_owned()
        }
        error => error.to_string(),
    };
    if let AppError::Provider(cause) = &error {
        tracing::warn!(cause = ?cause, "a sign-in by the OpenID provider failed");
    }
    let body = format!(
        "<p role=\"alert\">{}.</p><p><a href=\"/v1/oidc/start\">Try again</a></p>",
        escaped(&why)
    );
    Ok(page_of(status, title, &body))
}

fn on_to(path: &str) -> Result<Response> {
    let mut response = StatusCode::SEE_OTHER.into_response();
    let location = HeaderValue::from_str(path).map_err(AppError::internal)?;
    response.headers_mut().insert(header::LOCATION, location);
    Ok(response)
}

/// Sends the browser to the OpenID provider.
#[utoipa::path(
    get, path = "/v1/oidc/start", operation_id = "oidc_start", tag = "sign-in",
    params(Departing),
    responses(
        (status = SEE_OTHER, description = "To the provider", headers(("Location" = String, description = "The provider's page"))),
        (status = BAD_GATEWAY, description = "A page: the provider cannot be asked", body = String, content_type = "text/html"),
        NotFound
    ),
    extensions(("x-claviger-permission" = json!("public")))
)]
pub(super) async fn start(State(web): State<Web>, Query(asked): Query<Departing>) -> Result<Response> {
    let departure = match web.app.depart(asked.then.as_deref()).await {
        Ok(departure) => departure,
        Err(error) => return stopped(error),
    };
    let mut response = on_to(&departure.url)?;
    if let Some(ticket) = cookie::give_ticket(&web, &departure.ticket) {
        response.headers_mut().append(header::SET_COOKIE, ticket);
    }
    Ok(response)
}

/// Takes the browser back from the OpenID provider, and signs its user in.
#[utoipa::path(
    get, path = "/v1/oidc/callback", operation_id = "oidc_callback", tag = "sign-in",
    params(Arriving),
    responses(
        (status = SEE_OTHER, description = "Signed in", headers(("Location" = String, description = "Where they wanted to go"))),
        (status = FORBIDDEN, description = "A page: nobody here is known by that address", body = String, content_type = "text/html"),
        (status = BAD_GATEWAY, description = "A page: the provider's word does not hold", body = String, content_type = "text/html"),
    ),
    extensions(("x-claviger-permission" = json!("public")))
)]
pub(super) async fn callback(State(web): State<Web>, request: Request) -> Result<Response> {
    let (parts, _) = request.into_parts();
    let query = parts.uri.query().unwrap_or_default();
    let asked: Arriving = serde_urlencoded::from_str(query).unwrap_or_default();
    let refused = |what: &str| AppError::Provider(app::oidc::OidcError::Refused(what.to_owned()));
    let ticket = cookie::ticket(&parts.headers).unwrap_or_default();
    let arrived = match (&asked.error, &asked.code, &asked.state) {
        (None, Some(code), Some(state)) => web.app.arrive(code, state, ticket, client(&parts)?).await,
        (Some(error), ..) => Err(refused(error)),
        _ => Err(refused("no code")),
    };
    let mut response = match arrived {
        Ok((session, then)) => with_cookie(&web, on_to(&then)?, &session.token),
        Err(error) => stopped(error)?,
    };
    if let Some(gone) = cookie::take_ticket(&web) {
        response.headers_mut().append(header::SET_COOKIE, gone);
    }
    Ok(response)
}
