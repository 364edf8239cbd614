//! `/v1/users/import`: many people asked in at once.

use ::http::StatusCode;
use app::user::ImportedUsers;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::accounts::Import;
use super::caller::By;
use super::shown;
use crate::http::Web;
use crate::http::body::Query;
use crate::http::problem::Result;

/// How a file is brought in.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct How {
    /// Checks every line, and changes nothing.
    #[serde(default)]
    dry_run: bool,
}

/// A line of the file.
#[derive(ToSchema)]
#[expect(dead_code, reason = "described here; the use case reads the lines itself")]
pub(super) struct ImportUser {
    /// Where they get mail, and what they sign in with.
    #[schema(example = "ann@example.com")]
    email: String,
    /// What they are called; the address when not said.
    #[schema(example = "Ann Baker")]
    name: Option<String>,
    /// Roles by id or name; in CSV apart by semicolons.
    #[schema(example = json!(["viewer"]))]
    roles: Option<Vec<String>>,
}

/// Asks everybody of a file in, or nobody. The links are in this answer, and never again; no mail is sent.
#[utoipa::path(
    post, path = "/v1/users/import", operation_id = "import_users", tag = "people",
    params(How),
    request_body(
        description = "CSV with the fields' names in its first line, or NDJSON; at most 4 MiB and 5,000 lines",
        content((ImportUser = "application/x-ndjson"), (String = "text/csv", example = "email,name,roles\nann@example.com,Ann Baker,viewer\n"))
    ),
    responses(
        (status = CREATED, description = "All were asked in", body = ImportedUsers),
        (status = OK, description = "All could be asked in (dry run)", body = ImportedUsers),
    ),
    extensions(("x-claviger-permission" = json!("claviger:users.manage")))
)]
pub(super) async fn import(
    By(caller): By,
    State(web): State<Web>,
    Query(how): Query<How>,
    file: Import,
) -> Result<Response> {
    let imported = web
        .app
        .import_users(&caller, file.format, &file.bytes, how.dry_run)
        .await?;
    let status = if how.dry_run {
        StatusCode::OK
    } else {
        StatusCode::CREATED
    };
    Ok(shown::json(status, &imported))
}
