//! `/v1/invitations/{token}`: what a link is good for, and coming in by it; and the same as a page.

use ::http::{HeaderMap, StatusCode};
use app::AppError;
use app::user::{Accept, Invitation};
use axum::extract::{Path, Request, State};
use axum::response::Response;
use domain::clock::Timestamp;
use domain::schema::Name;
use serde::{Deserialize, Serialize};
use store::sessions::Purpose;
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::caller::client;
use super::console;
use super::openapi::NotFound;
use super::page::{Form, escaped, field, form, page_of};
use super::session::{OpenedSession, opened, taken_apart, with_cookie};
use super::shown;
use crate::http::Web;
use crate::http::problem::Result;

/// What a link is good for.
#[derive(Serialize, ToSchema)]
#[schema(as = Invitation)]
pub(super) struct ShownInvitation<'a> {
    purpose: Purpose,
    /// Whose it is.
    #[schema(example = "ada@example.com")]
    email: &'a str,
    /// What they are called so far.
    #[schema(example = "Ada Lovelace")]
    name: &'a str,
    /// Until when it is good.
    ends_at: Timestamp,
    organisation: InvitingOrganisation<'a>,
    /// The fewest characters of the password that is chosen.
    #[schema(example = 15)]
    password_length: usize,
}

/// Where somebody comes in.
#[derive(Serialize, ToSchema)]
struct InvitingOrganisation<'a> {
    /// Names it in headers and on the command line.
    #[schema(example = "sample-ltd")]
    slug: &'a str,
    /// What people call it.
    #[schema(example = "Sample Ltd")]
    name: &'a str,
}

/// What a link is good for; looking at it does not use it up.
#[utoipa::path(
    get, path = "/v1/invitations/{token}", operation_id = "show_invitation", tag = "people",
    params(("token" = String, Path, description = "The last part of the link")),
    responses((status = OK, description = "What it is good for", body = ShownInvitation), NotFound),
    extensions(("x-claviger-permission" = json!("public")))
)]
pub(super) async fn show(State(web): State<Web>, Path(token): Path<String>) -> Result<Response> {
    let Invitation {
        purpose,
        user,
        organisation,
        ends_at,
        password_length,
    } = web.app.invitation(&token).await?;
    let answer = ShownInvitation {
        purpose,
        email: &user.email,
        name: &user.name,
        ends_at,
        organisation: InvitingOrganisation {
            slug: &organisation.slug,
            name: &organisation.name,
        },
        password_length,
    };
    Ok(shown::json(StatusCode::OK, &answer))
}

/// What somebody who comes in chooses.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(
    as = InvitationAnswer,
    example = json!({"name": "Ada Lovelace", "password": "correct horse battery staple"})
)]
pub(super) struct Fields {
    /// What they want to be called; as they are called so far when not said.
    #[schema(value_type = Option<Name>)]
    name: Option<String>,
    /// At least 15 characters, and not easy to guess.
    #[schema(value_type = String, format = Password, min_length = 15, max_length = 1024)]
    password: Zeroizing<String>,
}

/// Uses a link up: its holder has this password from now on, no second factor, and is signed in here and nowhere else.
#[utoipa::path(
    post, path = "/v1/invitations/{token}", operation_id = "accept_invitation", tag = "people",
    params(("token" = String, Path, description = "The last part of the link")),
    request_body = Fields,
    responses(
        (status = CREATED, description = "The session; its token is in the cookie", body = OpenedSession,
            headers(("Set-Cookie" = String, description = "The session"))),
        NotFound
    ),
    extensions(("x-claviger-permission" = json!("public")))
)]
pub(super) async fn accept(
    State(web): State<Web>,
    Path(token): Path<String>,
    request: Request,
) -> Result<Response> {
    let (parts, fields) = taken_apart::<Fields>(&web, request).await?;
    let accept = Accept {
        name: fields.name,
        password: fields.password,
    };
    let session = web.app.accept_invitation(&token, accept, client(&parts)?).await?;
    Ok(opened(&web, &session))
}

fn gone() -> Response {
    let body =
        "<p>This link was used already, or its time has passed. Ask whoever invited you for another.</p>";
    page_of(StatusCode::NOT_FOUND, "This link is no longer good", body)
}

fn page_for(status: StatusCode, invitation: &Invitation, fault: &str) -> Response {
    let (title, what) = match invitation.purpose {
        Purpose::Invitation => ("Welcome to Claviger", "Choose a password, and you are in."),
        Purpose::Recovery => (
            "Choose a new password",
            "It takes the place of the old one, and of your second factor if you had one.",
        ),
    };
    let body = format!(
        "<p>{} · {}</p><p>{what}</p>{}",
        escaped(&invitation.organisation.name),
        escaped(&invitation.user.email),
        form(
            fault,
            &[
                field("name", "Your name", "text", "name", &invitation.user.name),
                field(
                    "password",
                    "A password, at least 15 characters",
                    "password",
                    "new-password",
                    ""
                ),
            ],
            "Sign in",
        )
    );
    page_of(status, title, &body)
}

/// The page behind an invitation or a recovery.
#[utoipa::path(
    get, path = "/invitations/{token}", operation_id = "invitation_page", tag = "people",
    params(("token" = String, Path, description = "The last part of the link")),
    responses(
        (status = OK, description = "A form", body = String, content_type = "text/html"),
        (status = NOT_FOUND, description = "The link is no longer good", body = String, content_type = "text/html"),
    ),
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
    match web.app.invitation(&token).await {
        Ok(invitation) => Ok(page_for(StatusCode::OK, &invitation, "")),
        Err(AppError::NotFound { .. }) => Ok(gone()),
        Err(error) => Err(error.into()),
    }
}

/// What the form sends.
#[derive(Deserialize, ToSchema)]
#[expect(dead_code, reason = "described here; the form is read field by field")]
pub(super) struct InvitationForm {
    /// What they want to be called.
    #[schema(value_type = Option<Name>)]
    name: Option<String>,
    /// At least 15 characters.
    #[schema(example = "correct horse battery staple", min_length = 15, max_length = 1024)]
    password: String,
}

/// Uses a link up by its form, and signs its holder in.
#[utoipa::path(
    post, path = "/invitations/{token}", operation_id = "redeem_invitation", tag = "people",
    params(("token" = String, Path, description = "The last part of the link")),
    request_body(content = InvitationForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = OK, description = "A page; the session is in the cookie", body = String, content_type = "text/html"),
        (status = BAD_REQUEST, description = "The form, with what is wrong", body = String, content_type = "text/html"),
        (status = NOT_FOUND, description = "The link is no longer good", body = String, content_type = "text/html"),
    ),
    extensions(("x-claviger-permission" = json!("public")))
)]
pub(super) async fn redeem(
    State(web): State<Web>,
    Path(token): Path<String>,
    request: Request,
) -> Result<Response> {
    let form = Form::read(&web, request).await?;
    let invitation = match web.app.invitation(&token).await {
        Err(AppError::NotFound { .. }) => return Ok(gone()),
        other => other?,
    };
    let accept = Accept {
        name: form.get("name").map(str::to_owned),
        password: Zeroizing::new(form.get("password").unwrap_or_default().to_owned()),
    };
    match web
        .app
        .accept_invitation(&token, accept, client(&form.parts)?)
        .await
    {
        Ok(session) => {
            let body = "<p>You are signed in.</p>";
            let page = page_of(StatusCode::OK, "Welcome", body);
            Ok(with_cookie(&web, page, &session.token))
        }
        Err(AppError::NotFound { .. }) => Ok(gone()),
        Err(AppError::Invalid(faults)) => {
            let said: Vec<String> = faults
                .iter()
                .map(|fault| format!("{}: {}", fault.field, fault.detail))
                .collect();
            Ok(page_for(StatusCode::BAD_REQUEST, &invitation, &said.join("; ")))
        }
        Err(error) => Err(error.into()),
    }
}
