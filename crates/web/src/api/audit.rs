//! `/v1/audit`: who did what, and the proof of it.

use ::http::{StatusCode, header};
use app::audit::Verification;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use domain::audit::Shown;
use domain::clock::Timestamp;
use domain::page::{MAX_LIMIT, Page};
use futures_util::stream;
use serde::Deserialize;
use store::audit::AuditQuery;
use utoipa::{IntoParams, ToSchema};

use super::caller::By;
use super::{keys, shown};
use crate::http::Web;
use crate::http::body::Query;
use crate::http::problem::Result;

/// Which records.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ListQuery {
    /// What was done.
    action: Option<String>,
    /// The id of who did it.
    actor: Option<String>,
    /// The id of what it was done to.
    target: Option<String>,
    /// From then on.
    since: Option<Timestamp>,
    /// Before then.
    until: Option<Timestamp>,
    /// Rows on the page; 50 when not said.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
    /// Where the page begins: the `next_cursor` of the page before, for the same filters.
    cursor: Option<String>,
}

/// Which records, in which form.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ExportQuery {
    /// What was done.
    action: Option<String>,
    /// The id of who did it.
    actor: Option<String>,
    /// The id of what it was done to.
    target: Option<String>,
    /// From then on.
    since: Option<Timestamp>,
    /// Before then.
    until: Option<Timestamp>,
    /// `ndjson` when not said.
    #[param(inline)]
    format: Option<Format>,
}

/// What a cursor is good for: the same filters.
fn list_of(query: &AuditQuery) -> String {
    let AuditQuery {
        action,
        actor,
        target,
        since,
        until,
    } = query;
    format!("audit {:?}", (action, actor, target, since, until))
}

/// The audit log, newest first, a page at a time.
#[utoipa::path(
    get, path = "/v1/audit", operation_id = "list_audit", tag = "audit",
    params(ListQuery),
    responses((status = OK, description = "A page", body = Page<Shown>)),
    extensions(("x-claviger-permission" = json!("claviger:audit.read")))
)]
pub(super) async fn list(
    By(caller): By,
    State(web): State<Web>,
    Query(asked): Query<ListQuery>,
) -> Result<Response> {
    let query = AuditQuery {
        action: asked.action,
        actor: asked.actor,
        target: asked.target,
        since: asked.since,
        until: asked.until,
    };
    let list = list_of(&query);
    let page = web
        .app
        .list_audit(
            &caller,
            query,
            keys::limit(asked.limit)?,
            asked.cursor.as_deref(),
            &list,
        )
        .await?;
    Ok(shown::json(StatusCode::OK, &page))
}

/// Walks the chain of the organisation; over the socket, those of all.
#[utoipa::path(
    get, path = "/v1/audit/verify", operation_id = "verify_audit", tag = "audit",
    responses((status = OK, description = "Whether it holds, and the first bad record", body = Verification)),
    extensions(("x-claviger-permission" = json!("claviger:audit.read")))
)]
pub(super) async fn verify(By(caller): By, State(web): State<Web>) -> Result<Response> {
    Ok(shown::json(StatusCode::OK, &web.app.verify_audit(&caller).await?))
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ExportFormat)]
pub(super) enum Format {
    #[default]
    Ndjson,
    Csv,
}

/// Streams every record that is asked for, newest first.
#[utoipa::path(
    get, path = "/v1/audit/export", operation_id = "export_audit", tag = "audit",
    params(ExportQuery),
    responses((status = OK, description = "Every record", content((Shown = "application/x-ndjson"), (String = "text/csv", example = "seq,at,action,…")))),
    extensions(("x-claviger-permission" = json!("claviger:audit.read")))
)]
pub(super) async fn export(
    By(caller): By,
    State(web): State<Web>,
    Query(asked): Query<ExportQuery>,
) -> Result<Response> {
    let format = asked.format.unwrap_or_default();
    let query = AuditQuery {
        action: asked.action,
        actor: asked.actor,
        target: asked.target,
        since: asked.since,
        until: asked.until,
    };
    let list = list_of(&query);
    // The first page is read before the answer begins, so that a refusal is an answer of its own.
    let first = web
        .app
        .list_audit(&caller, query.clone(), MAX_LIMIT, None, &list)
        .await?;
    let head = match format {
        Format::Csv => CSV_HEAD.to_owned(),
        Format::Ndjson => String::new(),
    };
    let state = (Some(first), Some(head));
    let pages = stream::unfold(state, move |(page, head)| {
        let (web, caller, query, list) = (web.clone(), caller.clone(), query.clone(), list.clone());
        async move {
            let page = page?;
            let mut text = head.unwrap_or_default();
            page.items
                .iter()
                .for_each(|record| write(&mut text, record, format));
            let next = match page.next_cursor {
                None => None,
                Some(cursor) => {
                    match web
                        .app
                        .list_audit(&caller, query.clone(), MAX_LIMIT, Some(&cursor), &list)
                        .await
                    {
                        Ok(next) => Some(next),
                        // An answer that broke off must not look whole: the connection is cut.
                        Err(error) => {
                            return Some((Err(std::io::Error::other(error.to_string())), (None, None)));
                        }
                    }
                }
            };
            Some((Ok::<Bytes, std::io::Error>(Bytes::from(text)), (next, None)))
        }
    });
    let (kind, name) = match format {
        Format::Csv => ("text/csv; charset=utf-8", "attachment; filename=\"audit.csv\""),
        Format::Ndjson => ("application/x-ndjson", "attachment; filename=\"audit.ndjson\""),
    };
    let headers = [(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, name)];
    Ok((headers, Body::from_stream(pages)).into_response())
}

const CSV_HEAD: &str = "seq,at,action,actor_type,actor_id,actor_name,target_type,target_id,target_name,ip,request_id,changes,hash\r\n";

fn write(text: &mut String, record: &Shown, format: Format) {
    if format == Format::Ndjson {
        text.push_str(&serde_json::to_string(record).unwrap_or_default());
        text.push('\n');
        return;
    }
    let kind = serde_json::to_value(record.actor.kind).ok();
    let cells = [
        record.seq.to_string(),
        record.at.to_string(),
        record.action.clone(),
        kind.as_ref()
            .and_then(|kind| kind.as_str())
            .unwrap_or_default()
            .to_owned(),
        record.actor.id.clone().unwrap_or_default(),
        record.actor.name.clone(),
        record.target.kind.clone(),
        record.target.id.clone(),
        record.target.name.clone(),
        record.ip.clone().unwrap_or_default(),
        record.request_id.clone().unwrap_or_default(),
        record.changes.to_string(),
        record.hash.clone(),
    ];
    let cells: Vec<String> = cells.iter().map(|cell| csv(cell)).collect();
    text.push_str(&cells.join(","));
    text.push_str("\r\n");
}

/// A cell after RFC 4180. What a spreadsheet would take for a formula is made a text by an apostrophe.
fn csv(cell: &str) -> String {
    let formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let cell = if formula {
        format!("'{cell}")
    } else {
        cell.to_owned()
    };
    if cell.contains(['"', ',', '\n', '\r']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell
    }
}

#[cfg(test)]
mod tests {
    use super::csv;

    #[test]
    fn a_cell_is_never_a_formula_and_never_two_cells() {
        assert_eq!(
            csv("=HYPERLINK(\"x\",\"y\")"),
            "\"'=HYPERLINK(\"\"x\"\",\"\"y\"\")\""
        );
        assert_eq!(csv("@sum"), "'@sum");
        assert_eq!(csv("a\nb"), "\"a\nb\"");
        assert_eq!(csv("plain"), "plain");
    }
}
