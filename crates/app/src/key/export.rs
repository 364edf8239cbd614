//! Keys taken away: all that is known of them but what a token could be told by, a page at a time.

use std::sync::Arc;

use domain::access::{Directory, Management};
use domain::id::OrganisationId;
use domain::key::{Key, Owner};
use domain::span::Span;
use serde_json::{Map, Value, json};
use store::keys::Walked;

use crate::error::Result;
use crate::{App, Caller};

/// Keys of one page.
const PAGE: i64 = 1_000;

/// In which form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportFormat {
    /// Lines that an import takes.
    Ndjson,
    /// For spreadsheets.
    Csv,
    /// For auditors: CSV of who answers for which key, what it may do, and when it was made, used, rotated and ends.
    Report,
}

impl ExportFormat {
    /// The columns of CSV; none of what is no table.
    fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Ndjson => &[],
            Self::Csv => &FIELDS,
            Self::Report => &REPORT,
        }
    }
}

/// The columns of the report.
const REPORT: [&str; 21] = [
    "number",
    "id",
    "name",
    "display",
    "status",
    "owner_type",
    "owner",
    "owner_name",
    "answerable",
    "partner",
    "description",
    "owner_purpose",
    "permissions",
    "roles",
    "created_at",
    "created_by",
    "rotated_at",
    "last_used_at",
    "last_used_ip",
    "expires_at",
    "ended_at",
];

/// The fields, in the order of CSV's columns.
const FIELDS: [&str; 26] = [
    "id",
    "number",
    "name",
    "description",
    "status",
    "display",
    "owner",
    "owner_type",
    "owner_name",
    "permissions",
    "roles",
    "networks",
    "tags",
    "metadata",
    "contacts",
    "rate_limits",
    "quota",
    "enabled",
    "protected",
    "expires_at",
    "created_at",
    "rotated_at",
    "last_used_at",
    "last_used_ip",
    "revoked_at",
    "deleted_at",
];

/// An export under way. It holds no transaction: each key that was there at the beginning comes once, as it is when its page
/// is read.
pub struct Export {
    app: Arc<App>,
    organisation: OrganisationId,
    organisation_name: String,
    format: ExportFormat,
    directory: Directory,
    window: Span,
    after: i64,
    upto: i64,
    begun: bool,
}

impl std::fmt::Debug for Export {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Export")
            .field("after", &self.after)
            .finish_non_exhaustive()
    }
}

impl App {
    /// Begins to export the keys of the caller's organisation.
    ///
    /// # Errors
    /// As [`crate::AppError`] says.
    #[tracing::instrument(level = "debug", name = "app.key.export_keys", skip_all)]
    pub async fn export_keys(self: &Arc<Self>, caller: &Caller, format: ExportFormat) -> Result<Export> {
        caller.require(Management::KeysRead)?;
        let organisation = caller.organisation;
        let tenant = self.tenant(organisation).await?;
        Ok(Export {
            app: Arc::clone(self),
            organisation,
            organisation_name: tenant.organisation.name.clone(),
            format,
            directory: self.store.directory(organisation).await?,
            window: tenant.policy.expiring_window,
            after: 0,
            upto: self.store.last_key_number(organisation).await?,
            begun: false,
        })
    }
}

impl Export {
    /// The next piece of the file; none when it is whole.
    ///
    /// # Errors
    /// When the database fails.
    #[tracing::instrument(level = "debug", name = "app.key.next", skip_all)]
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>> {
        let mut text = Vec::new();
        let columns = self.format.columns();
        if !self.begun && !columns.is_empty() {
            text.extend_from_slice(columns.join(",").as_bytes());
            text.extend_from_slice(b"\r\n");
        }
        self.begun = true;
        if self.after >= self.upto {
            return Ok((!text.is_empty()).then_some(text));
        }
        let store = self.app.store();
        let page = store
            .walk_keys(self.organisation, self.after, self.upto, PAGE)
            .await?;
        self.after = match page.last() {
            Some(last) if page.len() as i64 == PAGE => last.key.number,
            _ => self.upto,
        };
        for walked in &page {
            let fields = self.fields(walked);
            match self.format {
                ExportFormat::Report => {
                    let told = self.reported(walked, fields);
                    line(&mut text, columns, &told);
                }
                ExportFormat::Ndjson => {
                    serde_json::to_writer(&mut text, &fields).map_err(crate::AppError::internal)?;
                    text.push(b'\n');
                }
                ExportFormat::Csv => line(&mut text, columns, &fields),
            }
        }
        Ok(Some(text))
    }

    /// The same with what the report says beside, each in one cell.
    fn reported(&self, walked: &Walked, mut told: Map<String, Value>) -> Map<String, Value> {
        let key = &walked.key;
        let ended = key.revoked.as_ref().map(|revoked| revoked.at).or(key.deleted_at);
        let beside = [
            ("created_by", json!(key.created_by.name)),
            ("answerable", json!(walked.answerable)),
            ("partner", json!(walked.partner)),
            ("owner_purpose", json!(walked.purpose)),
            ("ended_at", json!(ended)),
        ];
        for (name, value) in beside {
            told.insert(name.to_owned(), value);
        }
        if matches!(key.owner, Owner::Organisation(_)) {
            told.insert("owner_name".to_owned(), json!(self.organisation_name));
        }
        told
    }

    /// What is told of a key; nulls and empty fields are left out.
    fn fields(&self, walked: &Walked) -> Map<String, Value> {
        let key: &Key = &walked.key;
        let (kind, owner) = match key.owner {
            // The organisation is whoever reads it.
            Owner::Organisation(_) => ("organisation", None),
            Owner::ServiceAccount(_) => ("service_account", walked.owner.clone()),
            Owner::User(_) => ("user", walked.owner.clone()),
        };
        let roles: Vec<String> = key
            .roles
            .iter()
            .map(|role| {
                self.directory
                    .name(*role)
                    .map_or_else(|| role.to_string(), str::to_owned)
            })
            .collect();
        let told = json!({
            "kind": "key", "id": key.id, "number": key.number, "name": key.name, "description": key.description,
            "status": key.status(self.app.clock().now(), self.window), "display": key.display, "owner": owner,
            "owner_type": kind, "owner_name": walked.owner_name, "permissions": key.permissions, "roles": roles,
            "networks": key.networks, "tags": key.tags, "metadata": key.metadata, "contacts": key.contacts,
            "rate_limits": key.rate_limits, "quota": key.quota, "enabled": key.enabled, "protected": key.protected, "expires_at": key.expires_at,
            "created_at": key.created_at, "created_by": key.created_by, "rotated_at": key.rotated_at,
            "last_used_at": key.last_used_at, "last_used_ip": key.last_used_ip,
            "revoked_at": key.revoked.as_ref().map(|revoked| revoked.at), "deleted_at": key.deleted_at,
        });
        let Value::Object(mut told) = told else {
            return Map::new();
        };
        told.retain(|_, value| match value {
            Value::Null => false,
            Value::Array(items) => !items.is_empty(),
            Value::Object(fields) => !fields.is_empty(),
            Value::String(text) => !text.is_empty(),
            _ => true,
        });
        told
    }
}

/// A line of CSV.
fn line(text: &mut Vec<u8>, columns: &[&str], fields: &Map<String, Value>) {
    let cells: Vec<String> = columns.iter().map(|name| cell(fields.get(*name))).collect();
    text.extend_from_slice(cells.join(",").as_bytes());
    text.extend_from_slice(b"\r\n");
}

/// A cell after RFC 4180. What a spreadsheet would take for a formula is made a text by an apostrophe, which an import takes
/// off again.
fn cell(value: Option<&Value>) -> String {
    let text = match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(items)) => {
            let texts: Vec<String> = items
                .iter()
                .map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned))
                .collect();
            texts.join(";")
        }
        Some(other) => other.to_string(),
    };
    let text = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{text}")
    } else {
        text
    };
    if text.contains(['"', ',', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_never_a_formula_and_never_two_cells() {
        let cell = |text: &str| cell(Some(&Value::from(text)));
        assert_eq!(
            cell("=HYPERLINK(\"x\",\"y\")"),
            "\"'=HYPERLINK(\"\"x\"\",\"\"y\"\")\""
        );
        assert_eq!(cell("@sum"), "'@sum");
        assert_eq!(cell("-1"), "'-1");
        assert_eq!(cell("+1"), "'+1");
        assert_eq!(cell("a\nb"), "\"a\nb\"");
        assert_eq!(cell("plain"), "plain");
        assert_eq!(super::cell(Some(&json!(["a", "b"]))), "a;b");
    }
}
