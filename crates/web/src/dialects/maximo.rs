//! Maximo: `/oslc/os/mxapiapikey` for administrators, `/oslc/apitoken` for oneself, and the properties of it that have to do
//! with keys. One key for each user, whose permissions it has; ends are minutes from now.

mod keys;
mod own;
mod parameters;
mod properties;

use std::borrow::Cow;

use ::http::StatusCode;
use ::http::request::Parts;
use domain::policy::Dialect;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Tongue, keys_refused, whole};
use crate::api::caller::Presented;
use crate::http::{Problem, Web, token};

pub(super) const TAG: &str = "Maximo";

pub(super) const TONGUE: Tongue = Tongue {
    dialect: Dialect::Maximo,
    routes,
    look,
    keys_refused,
    shape: Some(shape),
};

fn routes() -> OpenApiRouter<Web> {
    OpenApiRouter::new()
        .routes(whole(routes!(keys::list, keys::create)))
        .routes(whole(routes!(keys::delete)))
        .routes(whole(routes!(own::create)))
        .routes(whole(routes!(own::revoke)))
        .routes(whole(routes!(properties::list, properties::set)))
}

/// `apikey`, as a header or in the query, beside the ways that are everywhere.
fn look(parts: &Parts) -> Result<Option<Presented<'_>>, Problem> {
    if let Some((token, _)) = token::presented(&parts.headers)? {
        return Ok(Some(token.into()));
    }
    if let Some(value) = parts.headers.get("apikey") {
        return Ok(Some(value.as_bytes().into()));
    }
    let query = parts.uri.query().unwrap_or_default();
    let fields: Vec<(Cow<'_, str>, Cow<'_, str>)> = serde_urlencoded::from_str(query).unwrap_or_default();
    let mut tokens = fields.into_iter().filter(|(name, _)| name == "apikey");
    let first = tokens.next();
    if tokens.next().is_some() {
        return Err(Problem::invalid("apikey: given more than once"));
    }
    Ok(first.map(|(_, token)| match token {
        Cow::Borrowed(token) => Cow::Borrowed(token.as_bytes()),
        Cow::Owned(token) => Cow::Owned(token.into_bytes()),
    }))
}

/// A refusal.
#[derive(Serialize, ToSchema)]
#[schema(as = MaximoError)]
pub(super) struct Refusal {
    /// What is wrong.
    #[serde(rename = "Error")]
    error: Fault,
}

/// What is wrong.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = MaximoFault)]
struct Fault {
    /// The kind of refusal, for programs.
    #[schema(example = "BMXAA10051E")]
    reason_code: String,
    /// What is wrong, in a sentence.
    #[schema(example = "the owner has a live key already; revoke or delete that one first")]
    message: String,
    /// The status of the answer, as a text.
    #[schema(example = "400")]
    status_code: String,
}

/// A refusal as Maximo words it: what cannot be done as asked is 400, whatever stands against it.
pub(super) fn shape(problem: &Problem) -> (StatusCode, Value) {
    let status = match problem.status() {
        StatusCode::CONFLICT | StatusCode::UNPROCESSABLE_ENTITY => StatusCode::BAD_REQUEST,
        status => status,
    };
    let reason_code = match problem.code() {
        // One key for each user.
        "owner_has_key" => "BMXAA10051E".to_owned(),
        "unauthenticated" => "BMXAA9549E".to_owned(),
        "not_found" => "BMXAA8727E".to_owned(),
        code => format!("claviger#{code}"),
    };
    let error = Fault {
        reason_code,
        message: problem.sentence(),
        status_code: status.as_str().to_owned(),
    };
    (status, json!(Refusal { error }))
}
