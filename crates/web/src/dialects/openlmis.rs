//! OpenLMIS: `/api/apiKeys` and `/api/serviceAccounts`. A key belongs to a system's account, which is made with it; lists
//! are pages as Spring writes them; refusals are a key and a message.

mod accounts;
mod keys;
mod page;

use ::http::{Method, StatusCode};
use app::AppError;
use domain::policy::Dialect;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Tongue, whole};
use crate::api::caller::headers;
use crate::http::{Problem, Web};

pub(super) const TAG: &str = "OpenLMIS";

pub(super) const TONGUE: Tongue = Tongue {
    dialect: Dialect::OpenLmis,
    routes,
    look: headers,
    keys_refused,
    shape: Some(shape),
};

fn routes() -> OpenApiRouter<Web> {
    OpenApiRouter::new()
        .routes(whole(routes!(keys::list, keys::create)))
        .routes(whole(routes!(keys::delete)))
        .routes(whole(routes!(accounts::list, accounts::create)))
        .routes(whole(routes!(accounts::show, accounts::delete)))
}

/// A key that wants to make one is told that keys are no users, and every other wish that it lacks the right.
fn keys_refused(method: &Method) -> Problem {
    if method == Method::POST {
        let detail = "keys are made by people who are signed in, not by other keys";
        return Problem::new(
            StatusCode::BAD_REQUEST,
            "client_not_supported",
            "Not for keys",
            detail,
        );
    }
    AppError::KeysMayNotManage.into()
}

/// A refusal.
#[derive(Serialize, ToSchema)]
#[schema(as = OpenLmisError)]
pub(super) struct Message {
    /// The kind of refusal, for programs.
    #[serde(rename = "messageKey")]
    #[schema(example = "auth.error.apiKey.notFound")]
    message_key: String,
    /// What is wrong, in a sentence.
    #[schema(example = "there is no such key")]
    message: String,
}

/// That nobody who is known asks (OAuth 2.0).
#[derive(Serialize, ToSchema)]
#[schema(as = OpenLmisUnauthorized)]
pub(super) struct Unauthorized {
    /// Always `unauthorized`.
    #[schema(example = "unauthorized")]
    error: &'static str,
    /// What is wrong, in a sentence; never a part of what was sent.
    #[schema(example = "a valid management key is needed")]
    error_description: String,
}

/// A refusal as OpenLMIS words it. Its requests are well made or not (400): it does not know 422.
pub(super) fn shape(problem: &Problem) -> (StatusCode, Value) {
    let status = match problem.status() {
        StatusCode::UNPROCESSABLE_ENTITY => StatusCode::BAD_REQUEST,
        status => status,
    };
    let message = problem.sentence();
    if status == StatusCode::UNAUTHORIZED {
        let body = Unauthorized {
            error: "unauthorized",
            error_description: message,
        };
        return (status, json!(body));
    }
    let message_key = match problem.code() {
        "client_not_supported" => "auth.error.apiKey.create.clientUserNotSupported".to_owned(),
        "token_invalid" => "auth.error.token.invalid".to_owned(),
        "forbidden" | "grants_beyond" | "keys_may_not_manage" => {
            "auth.error.authorization.noFollowingPermission".to_owned()
        }
        "not_found" if message.ends_with("service account") => {
            "referenceData.error.serviceAccount.notFound".to_owned()
        }
        "not_found" => "auth.error.apiKey.notFound".to_owned(),
        code => format!("claviger.error.{code}"),
    };
    (status, json!(Message { message_key, message }))
}
