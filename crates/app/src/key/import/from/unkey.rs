//! Unkey. It keeps the SHA-256 of a key in base64; `start` is what the key begins with. Read are its list of keys (`keyId`,
//! `createdAt` in milliseconds, `credits`, `ratelimits`), the body of its migration (`hash: {value, variant}`), and its table `keys`.

use serde_json::Value;

use super::super::row::KeyRow;
use super::Source;

pub(super) fn row(source: &mut Source) -> KeyRow {
    let hash = source.take(&["hash"]).and_then(|(_, hash)| match hash {
        Value::String(text) => Some(text),
        Value::Object(mut fields) => {
            let variant = fields.get("variant").and_then(Value::as_str).unwrap_or_default();
            if variant != "sha256_base64" {
                source.fault("hash.variant", format!("expected sha256_base64, not {variant:?}"));
            }
            match fields.remove("value") {
                Some(Value::String(text)) => Some(text),
                _ => {
                    source.fault("hash.value", "expected a text");
                    None
                }
            }
        }
        _ => {
            source.fault("hash", "expected a text");
            None
        }
    });
    let start = source.text(&["start"]);
    // What stands before the last underscore of a whole token is its prefix here; `start` goes on a little behind it.
    let prefix = source.text(&["prefix"]).or_else(|| {
        start
            .as_deref()?
            .rsplit_once('_')
            .map(|(prefix, _)| prefix.to_owned())
    });
    let id = source.text(&["keyId", "id"]);
    source.keep("external_id", &["externalId", "ownerId"]);
    source.keep("identity", &["identity", "identityId"]);
    source.keep("environment", &["environment"]);
    source.keep("remaining", &["credits", "remaining", "remainingRequests"]);
    source.keep("refill", &["refill"]);
    source.keep("rate_limits", &["ratelimits", "ratelimit"]);
    KeyRow {
        // A name is optional there.
        name: source
            .text(&["name"])
            .or_else(|| id.clone())
            .or_else(|| start.map(|start| format!("Unkey {start}"))),
        secret: source.secret(&["plaintext"]),
        secret_sha256: hash,
        secret_prefix: prefix,
        permissions: source
            .texts(&["permissions"])
            .map(|all| all.iter().map(|text| permission(text)).collect()),
        roles: source.texts(&["roles"]),
        metadata: source.object(&["meta", "metadata"]),
        created_at: source.instant(&["createdAt", "createdAtM"]),
        expires_at: source.end(&["expires"]),
        enabled: source.flag(&["enabled"]),
        deleted_at: source.text(&["deletedAt", "deletedAtM"]),
        external_id: id,
        ..KeyRow::default()
    }
}

/// `documents.read` there is `documents:read` here.
fn permission(text: &str) -> String {
    match text.rsplit_once('.') {
        Some((resource, action)) if !text.contains(':') => format!("{resource}:{action}"),
        _ => text.to_owned(),
    }
}
