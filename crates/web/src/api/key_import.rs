//! `/v1/keys/import`, `/v1/keys/export` and `/v1/keys/report`: keys by the million, streamed both ways.

use std::time::Duration;

use ::http::{StatusCode, header};
use app::AppError;
use app::key::export::{Export, ExportFormat};
use app::key::import::{Event, Format, How, System};
use axum::body::Body;
use axum::extract::{FromRequest, Request, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream;
use http_body_util::BodyExt as _;
use serde::Deserialize;
use tokio::sync::mpsc;
use utoipa::{IntoParams, ToSchema};

use super::caller::By;
use super::openapi::Conflict;
use crate::http::body::Query;
use crate::http::problem::Result;
use crate::http::{Problem, Web};

/// Pieces of a body that wait to be read.
const WAITING: usize = 16;
/// Events that wait to be sent.
const TOLD: usize = 1024;
/// How long nothing may come of a file before the import is stopped.
const SILENCE: Duration = Duration::from_secs(60);
/// An empty line is sent where nothing was told for so long, so that nobody on the way takes the answer for dead.
const BEAT: Duration = Duration::from_secs(2);

/// How a file of keys is brought in.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ImportQuery {
    /// Another system whose fields the file has; Claviger's own when not said.
    #[param(inline)]
    from: Option<System>,
    /// Whether lines without `secret` and `secret_sha256` get fresh tokens, which the answer tells. Without it they are faults.
    #[serde(default)]
    fresh: bool,
    /// Whether everything is only checked: every bad line is told, and nothing is written.
    #[serde(default)]
    dry_run: bool,
}

/// The file, still to be read.
#[derive(Debug)]
pub(super) struct File {
    format: Format,
    body: Body,
}

impl<S: Send + Sync> FromRequest<S> for File {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let kind = parts.headers.get(header::CONTENT_TYPE);
        let kind = kind.map(|value| value.as_bytes()).unwrap_or_default();
        let essence = kind.split(|byte| *byte == b';').next().unwrap_or_default();
        let format = match essence.trim_ascii().to_ascii_lowercase().as_slice() {
            b"text/csv" => Format::Csv,
            b"application/x-ndjson" => Format::Ndjson,
            b"application/json" => Format::Json,
            _ => {
                return Err(Problem::new(
                    StatusCode::UNSUPPORTED_MEDIA_TYPE,
                    "unsupported_media_type",
                    "Neither CSV, NDJSON nor JSON",
                    "the file must be sent as Content-Type: text/csv, application/x-ndjson or application/json",
                ));
            }
        };
        Ok(Self { format, body })
    }
}

/// A line of the file.
#[derive(ToSchema)]
#[schema(as = ImportKey, example = json!({
    "name": "Billing sync", "permissions": ["invoices:view"], "owner": {"username": "billing", "name": "Billing"},
    "secret_sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", "external_id": "123"
}))]
#[expect(dead_code, reason = "described here; the use case reads the lines itself")]
pub(super) struct ImportKey {
    /// What it is for, in a few words.
    name: String,
    /// What it is for, at length.
    description: Option<String>,
    /// What it may do.
    permissions: Option<Vec<String>>,
    /// What it may do by roles, each by id or name.
    roles: Option<Vec<String>>,
    /// Addresses and networks (CIDR) from which it may be used.
    networks: Option<Vec<String>>,
    /// Words to find it by.
    tags: Option<Vec<String>>,
    /// Anything, up to 8 KiB as JSON.
    metadata: Option<serde_json::Map<String, serde_json::Value>>,
    /// Email addresses to write to about it.
    contacts: Option<Vec<String>>,
    /// Whom it stands for: an id, a username, an address; or a service account, which is made where there is none of that
    /// username.
    #[schema(value_type = Option<Object>)]
    owner: Option<serde_json::Value>,
    /// When it ends, or ended, by itself.
    expires_at: Option<String>,
    /// When it was made.
    created_at: Option<String>,
    /// Whether it is switched on.
    enabled: Option<bool>,
    /// Whether it cannot be revoked or deleted until this is taken off.
    protected: Option<bool>,
    /// Its token.
    secret: Option<String>,
    /// Or the SHA-256 of its token: in hex, or in base64 with padding, or in base64 for URLs without.
    secret_sha256: Option<String>,
    /// What the token behind that hash begins with, up to its last underscore.
    secret_prefix: Option<String>,
    /// What the other system calls it.
    external_id: Option<String>,
}

/// Brings keys in from elsewhere, a batch of at most 10,000 lines at a time, each whole or not at all. The answer is told
/// while the file is read: it is whole where its last line is `done` or `stopped`. The same file may be sent again: what is
/// there already is counted as `present`.
#[utoipa::path(
    post, path = "/v1/keys/import", operation_id = "import_keys", tag = "keys",
    params(ImportQuery),
    request_body(
        description = "At most 5,000,000 lines of 256 KiB. The first line of CSV names the fields; several values in a cell are apart by `;`. JSON is an array of objects.",
        content((ImportKey = "application/x-ndjson"), (String = "text/csv", example = "name,permissions,secret_sha256\nBilling sync,invoices:view,ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\n"), (Vec<ImportKey> = "application/json"))
    ),
    responses(
        (status = OK, description = "What becomes of it, an event a line", body = Event, content_type = "application/x-ndjson"),
        Conflict
    ),
    extensions(("x-claviger-permission" = json!("claviger:keys.create")))
)]
pub(super) async fn import(
    By(caller): By,
    State(web): State<Web>,
    Query(query): Query<ImportQuery>,
    file: File,
) -> Result<Response> {
    let how = How {
        format: file.format,
        from: query.from,
        fresh: query.fresh,
        dry_run: query.dry_run,
    };
    let import = match web.app.import_keys(&caller, how) {
        Ok(import) => import,
        Err(refusal) => {
            tokio::spawn(drain(file.body));
            return Err(refusal.into());
        }
    };
    let (pour, input) = mpsc::channel(WAITING);
    let (tell, told) = mpsc::channel(TOLD);
    tokio::spawn(pour_body(file.body, pour));
    tokio::spawn(import.run(input, tell));
    let lines = stream::unfold(Some(told), |told| async move {
        let mut told = told?;
        let mut text = Vec::new();
        match tokio::time::timeout(BEAT, told.recv()).await {
            Err(_) => text.push(b'\n'),
            Ok(None) => return None,
            Ok(Some(event)) => {
                write(&mut text, &event);
                // What else waits goes along.
                while text.len() < 64 * 1024
                    && let Ok(event) = told.try_recv()
                {
                    write(&mut text, &event);
                }
            }
        }
        Some((Ok::<_, std::io::Error>(Bytes::from(text)), Some(told)))
    });
    let kind = [(header::CONTENT_TYPE, "application/x-ndjson")];
    Ok((kind, Body::from_stream(lines)).into_response())
}

fn write(text: &mut Vec<u8>, event: &Event) {
    if serde_json::to_writer(&mut *text, event).is_ok() {
        text.push(b'\n');
    }
}

/// Hands a body on as it comes, and says where it breaks off.
async fn pour_body(mut body: Body, pour: mpsc::Sender<std::result::Result<Vec<u8>, String>>) {
    loop {
        let piece = match tokio::time::timeout(SILENCE, body.frame()).await {
            Ok(None) => return,
            Ok(Some(Ok(frame))) => match frame.into_data() {
                Ok(data) => Ok(Vec::from(data)),
                Err(_trailers) => continue,
            },
            Ok(Some(Err(_))) => Err("the connection was cut".to_owned()),
            Err(_) => Err("nothing came for a minute".to_owned()),
        };
        let is_last = piece.is_err();
        if pour.send(piece).await.is_err() {
            break;
        }
        if is_last {
            return;
        }
    }
    drain(body).await;
}

/// Takes what nobody reads any more: whoever is still sending when the connection closes may not get to read the answer.
async fn drain(mut body: Body) {
    let mut left = 64 * 1024 * 1024_usize;
    while let Ok(Some(Ok(frame))) = tokio::time::timeout(SILENCE, body.frame()).await {
        left = left.saturating_sub(frame.data_ref().map_or(0, |data| data.len()));
        if left == 0 {
            return;
        }
    }
}

/// In which form.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ExportQuery {
    /// `ndjson` when not said: lines that `POST /v1/keys/import` takes.
    #[param(inline)]
    format: Option<ExportForm>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = KeyExportFormat)]
pub(super) enum ExportForm {
    #[default]
    Ndjson,
    Csv,
}

/// Streams every key of the organisation, the oldest number first, without anything that a token could be told by. Each that
/// was there at the beginning comes once.
#[utoipa::path(
    get, path = "/v1/keys/export", operation_id = "export_keys", tag = "keys",
    params(ExportQuery),
    responses((status = OK, description = "Every key", content((ImportKey = "application/x-ndjson"), (String = "text/csv", example = "id,number,name,…")))),
    extensions(("x-claviger-permission" = json!("claviger:keys.read")))
)]
pub(super) async fn export(
    By(caller): By,
    State(web): State<Web>,
    Query(query): Query<ExportQuery>,
) -> Result<Response> {
    let (format, kind, name) = match query.format.unwrap_or_default() {
        ExportForm::Ndjson => (
            ExportFormat::Ndjson,
            "application/x-ndjson",
            "attachment; filename=\"keys.ndjson\"",
        ),
        ExportForm::Csv => (
            ExportFormat::Csv,
            "text/csv; charset=utf-8",
            "attachment; filename=\"keys.csv\"",
        ),
    };
    let export = web.app.export_keys(&caller, format).await?;
    Ok(streamed(export, kind, name))
}

/// The credential report, streamed: of every key of the organisation, ended ones too, who answers for it, what it is for and may
/// do, and when it was made, rotated, last used and ends.
#[utoipa::path(
    get, path = "/v1/keys/report", operation_id = "report_keys", tag = "keys",
    responses((status = OK, description = "A line of CSV for each key", content_type = "text/csv", body = String, example = "number,id,name,…")),
    extensions(("x-claviger-permission" = json!("claviger:keys.read")))
)]
pub(super) async fn report(By(caller): By, State(web): State<Web>) -> Result<Response> {
    let export = web.app.export_keys(&caller, ExportFormat::Report).await?;
    let name = "attachment; filename=\"key-report.csv\"";
    Ok(streamed(export, "text/csv; charset=utf-8", name))
}

fn streamed(export: Export, kind: &'static str, name: &'static str) -> Response {
    let pages = stream::unfold(Some(export), |export: Option<Export>| async move {
        let mut export = export?;
        match export.next().await {
            Ok(None) => None,
            Ok(Some(text)) => Some((Ok(Bytes::from(text)), Some(export))),
            // An answer that broke off must not look whole: the connection is cut.
            Err(error) => Some((Err(std::io::Error::other(AppError::to_string(&error))), None)),
        }
    });
    let headers = [(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, name)];
    (headers, Body::from_stream(pages)).into_response()
}
