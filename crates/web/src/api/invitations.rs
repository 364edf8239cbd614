//! `/v1/invitations/{token}`: what a link is good for, and coming in by it; and the same as a page.

use ::http::StatusCode;
use app::AppError;
use app::user::{Accept, Invitation};
use axum::extract::{Path, Request, State};
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;
use store::sessions::Purpose;
use zeroize::Zeroizing;

use super::caller::client;
use super::page::{Form, escaped, field, form, page_of};
use super::session::{opened, taken_apart, with_cookie};
use super::shown;
use crate::http::Web;
use crate::http::problem::Result;

pub(super) async fn show(State(web): State<Web>, Path(token): Path<String>) -> Result<Response> {
    let Invitation {
        purpose,
        user,
        organisation,
        ends_at,
        password_length,
    } = web.app.invitation(&token).await?;
    let answer = json!({
        "purpose": purpose.as_str(), "email": user.email, "name": user.name, "ends_at": ends_at,
        "organisation": { "slug": organisation.slug, "name": organisation.name },
        "password_length": password_length,
    });
    Ok(shown::json(StatusCode::OK, &answer))
}

/// What somebody who comes in chooses.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fields {
    name: Option<String>,
    password: Zeroizing<String>,
}

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

pub(super) async fn page(State(web): State<Web>, Path(token): Path<String>) -> Result<Response> {
    match web.app.invitation(&token).await {
        Ok(invitation) => Ok(page_for(StatusCode::OK, &invitation, "")),
        Err(AppError::NotFound { .. }) => Ok(gone()),
        Err(error) => Err(error.into()),
    }
}

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
