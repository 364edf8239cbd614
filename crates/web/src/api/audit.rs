//! `/v1/audit`: who did what, and the proof of it.

use ::http::{StatusCode, header};
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use domain::audit::Shown;
use domain::clock::Timestamp;
use domain::page::MAX_LIMIT;
use futures_util::stream;
use serde::Deserialize;
use store::audit::AuditQuery;

use super::caller::By;
use super::{keys, shown};
use crate::http::body::Query;
use crate::http::problem::Result;
use crate::http::{Problem, Web};

/// Which records.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ListQuery {
    action: Option<String>,
    actor: Option<String>,
    target: Option<String>,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
    limit: Option<u32>,
    cursor: Option<String>,
    format: Option<String>,
}

impl ListQuery {
    fn query(&self) -> AuditQuery {
        AuditQuery {
            action: self.action.clone(),
            actor: self.actor.clone(),
            target: self.target.clone(),
            since: self.since,
            until: self.until,
        }
    }

    fn list(&self) -> String {
        format!(
            "audit {:?}",
            (&self.action, &self.actor, &self.target, self.since, self.until)
        )
    }
}

pub(super) async fn list(
    By(caller): By,
    State(web): State<Web>,
    Query(asked): Query<ListQuery>,
) -> Result<Response> {
    if asked.format.is_some() {
        return Err(Problem::invalid("format goes with /v1/audit/export"));
    }
    let (query, list) = (asked.query(), asked.list());
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

pub(super) async fn verify(By(caller): By, State(web): State<Web>) -> Result<Response> {
    Ok(shown::json(StatusCode::OK, &web.app.verify_audit(&caller).await?))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Ndjson,
    Csv,
}

/// Streams every record that is asked for, newest first, a page of the database at a time.
pub(super) async fn export(
    By(caller): By,
    State(web): State<Web>,
    Query(asked): Query<ListQuery>,
) -> Result<Response> {
    if asked.limit.is_some() || asked.cursor.is_some() {
        return Err(Problem::invalid(
            "an export is whole: it takes neither limit nor cursor",
        ));
    }
    let format = match asked.format.as_deref() {
        None | Some("ndjson") => Format::Ndjson,
        Some("csv") => Format::Csv,
        Some(_) => return Err(Problem::invalid("format: expected ndjson or csv")),
    };
    let list = asked.list();
    // The first page is read before the answer begins, so that a refusal is an answer of its own.
    let first = web
        .app
        .list_audit(&caller, asked.query(), MAX_LIMIT, None, &list)
        .await?;
    let head = match format {
        Format::Csv => CSV_HEAD.to_owned(),
        Format::Ndjson => String::new(),
    };
    let state = (Some(first), Some(head));
    let pages = stream::unfold(state, move |(page, head)| {
        let (web, caller, asked, list) = (web.clone(), caller.clone(), asked.clone(), list.clone());
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
                        .list_audit(&caller, asked.query(), MAX_LIMIT, Some(&cursor), &list)
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
