//! The set-up link: a page that makes its holder, once, the first person of the installation.

use ::http::{HeaderMap, StatusCode, header};
use app::AppError;
use app::setup::FirstPerson;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use zeroize::Zeroizing;

use domain::schema::{EmailAddress, Name};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::caller::client;
use super::console;
use super::openapi::NotFound;
use super::page::{Form, field, form, page_of};
use super::session::{OpenedSession, opened, taken_apart, with_cookie};
use super::shown;
use crate::http::Web;
use crate::http::problem::Result;

fn gone() -> Response {
    let body = "<p>This link was used already, or its hour has passed. Whoever has a shell on the server can let \
                somebody in: <code>claviger --data DIR admin recover --new ADDRESS</code>.</p>";
    page_of(StatusCode::NOT_FOUND, "This link is no longer good", body)
}

/// How the page looks.
#[utoipa::path(
    get, path = "/setup.css", operation_id = "setup_style", tag = "set-up",
    responses((status = OK, description = "A style sheet", body = String, content_type = "text/css")),
    extensions(("x-claviger-permission" = json!("public")))
)]
pub(super) async fn style() -> impl IntoResponse {
    (
        [(header::CONTENT_TYPE, "text/css; charset=utf-8")],
        include_str!("setup.css"),
    )
}

fn page_with(status: StatusCode, fault: &str, name: &str, email: &str) -> Response {
    let fields = [
        field("name", "Your name", "text", "name", name),
        field("email", "Your address", "email", "username", email),
        field(
            "password",
            "A password, at least 15 characters",
            "password",
            "new-password",
            "",
        ),
    ];
    let body = format!(
        "<p>Claviger is running. This link makes you its first person: you may do everything in the first organisation, \
         and make others.</p>{}",
        form(fault, &fields, "Set up Claviger")
    );
    page_of(status, "Set up Claviger", &body)
}

/// What the form sends.
#[derive(Deserialize, ToSchema)]
#[expect(dead_code, reason = "described here; the form is read field by field")]
pub(super) struct SetupForm {
    /// The first person's name.
    #[schema(value_type = Name)]
    name: String,
    /// Their address.
    #[schema(value_type = EmailAddress)]
    email: String,
    /// At least 15 characters.
    #[schema(example = "correct horse battery staple", min_length = 15, max_length = 1024)]
    password: String,
}

/// The page behind a set-up link.
#[utoipa::path(
    get, path = "/setup/{token}", operation_id = "setup_page", tag = "set-up",
    params(("token" = String, Path, description = "The last part of the link")),
    responses((status = OK, description = "A form", body = String, content_type = "text/html"), (status = NOT_FOUND, description = "The link is no longer good", body = String, content_type = "text/html")),
    extensions(("x-claviger-permission" = json!("public")))
)]
pub(super) async fn page(
    State(web): State<Web>,
    Path(token): Path<String>,
    headers: HeaderMap,
) -> Result<Response> {
    if let Some(page) = console::instead(&headers) {
        return Ok(page);
    }
    if !web.app.has_setup_link(&token).await? {
        return Ok(gone());
    }
    Ok(page_with(StatusCode::OK, "", "", ""))
}

/// Makes the first person of the installation, and signs them in. Of two who come at once, one wins.
#[utoipa::path(
    post, path = "/setup/{token}", operation_id = "redeem_setup_link", tag = "set-up",
    params(("token" = String, Path, description = "The last part of the link")),
    request_body(content = SetupForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = OK, description = "A page; the session is in the cookie", body = String, content_type = "text/html"), (status = NOT_FOUND, description = "The link is no longer good", body = String, content_type = "text/html")),
    extensions(("x-claviger-permission" = json!("public")))
)]
pub(super) async fn redeem(
    State(web): State<Web>,
    Path(token): Path<String>,
    request: Request,
) -> Result<Response> {
    let form = Form::read(&web, request).await?;
    let [name, email, password] =
        ["name", "email", "password"].map(|field| form.get(field).unwrap_or_default());
    let first = FirstPerson {
        email: email.to_owned(),
        name: name.to_owned(),
        password: Zeroizing::new(password.to_owned()),
    };
    match web
        .app
        .redeem_setup_link(&token, first, client(&form.parts)?)
        .await
    {
        Ok(session) => {
            let body = "<p>You are signed in. From here on people are invited: \
                        <code>claviger --data DIR users invite ADDRESS --role administrator</code>.</p>";
            let page = page_of(StatusCode::OK, "Claviger is yours", body);
            Ok(with_cookie(&web, page, &session.token))
        }
        Err(AppError::NotFound { .. }) => Ok(gone()),
        Err(AppError::Invalid(faults)) => {
            let said: Vec<String> = faults
                .iter()
                .map(|fault| format!("{}: {}", fault.field, fault.detail))
                .collect();
            Ok(page_with(StatusCode::BAD_REQUEST, &said.join("; "), name, email))
        }
        Err(error) => Err(error.into()),
    }
}

/// What the set-up link asks for.
#[derive(Serialize, ToSchema)]
#[schema(as = SetupLink)]
pub(super) struct ShownLink {
    /// The fewest characters of the password that is chosen.
    #[schema(example = 15)]
    password_length: usize,
}

/// Whether a set-up link is good; looking at it does not use it up.
#[utoipa::path(
    get, path = "/v1/setup/{token}", operation_id = "show_setup_link", tag = "set-up",
    params(("token" = String, Path, description = "The last part of the link")),
    responses((status = OK, description = "It is good", body = ShownLink), NotFound),
    extensions(("x-claviger-permission" = json!("public")))
)]
pub(super) async fn look(State(web): State<Web>, Path(token): Path<String>) -> Result<Response> {
    if !web.app.has_setup_link(&token).await? {
        return Err(AppError::NotFound { what: "set-up link" }.into());
    }
    let password_length = domain::password::MIN_ALONE;
    Ok(shown::json(StatusCode::OK, &ShownLink { password_length }))
}

/// Whoever comes first.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(
    as = SetupAnswer,
    example = json!({"name": "Ada Lovelace", "email": "ada@example.com", "password": "correct horse battery staple"})
)]
pub(super) struct First {
    /// What they are called.
    #[schema(value_type = Name)]
    name: String,
    /// Where they get mail, and what they sign in with.
    #[schema(value_type = EmailAddress)]
    email: String,
    /// At least 15 characters, and not easy to guess.
    #[schema(value_type = String, format = Password, min_length = 15, max_length = 1024)]
    password: Zeroizing<String>,
}

/// Makes the first person of the installation, and signs them in. Of two who come at once, one wins.
#[utoipa::path(
    post, path = "/v1/setup/{token}", operation_id = "set_up", tag = "set-up",
    params(("token" = String, Path, description = "The last part of the link")),
    request_body = First,
    responses(
        (status = CREATED, description = "The session; its token is in the cookie", body = OpenedSession,
            headers(("Set-Cookie" = String, description = "The session"))),
        NotFound
    ),
    extensions(("x-claviger-permission" = json!("public")))
)]
pub(super) async fn begin(
    State(web): State<Web>,
    Path(token): Path<String>,
    request: Request,
) -> Result<Response> {
    let (parts, fields) = taken_apart::<First>(&web, request).await?;
    let first = FirstPerson {
        email: fields.email,
        name: fields.name,
        password: fields.password,
    };
    let session = web.app.redeem_setup_link(&token, first, client(&parts)?).await?;
    Ok(opened(&web, &session))
}
