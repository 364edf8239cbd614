//! OmniCRM. `GET /crm/api-keys` lists `{api_key_id, name, description, api_key, status, created, expiry_date, permissions}`. The
//! key itself is masked there (it stores hashes), so a file may add `api_key_hash`; without it the key gets a fresh token.

use domain::policy::End;

use super::super::row::KeyRow;
use super::Source;

/// Permissions of theirs, and what they are here.
const PERMISSIONS: [(&str, &str); 18] = [
    ("admin", "*"),
    ("provisioning", "provisioning:*"),
    ("view_customer", "customers:view"),
    ("view_own_customer", "customers:view_own"),
    ("create_customer", "customers:create"),
    ("update_customer", "customers:update"),
    ("delete_customer", "customers:delete"),
    ("view_service", "services:view"),
    ("view_own_service", "services:view_own"),
    ("create_service", "services:create"),
    ("update_service", "services:update"),
    ("view_inventory", "inventory:view"),
    ("update_inventory", "inventory:update"),
    ("view_transaction", "transactions:view"),
    ("view_invoice", "invoices:view"),
    ("view_provisioning", "provisioning:view"),
    ("create_payment", "payments:create"),
    ("view_payment", "payments:view"),
];

pub(super) fn row(source: &mut Source) -> KeyRow {
    let permissions = source.texts(&["permissions"]);
    let permissions = permissions.map(|all| all.iter().map(|one| permission(one, source)).collect());
    let token = source.secret(&["api_key"]);
    let hash = source.text(&["api_key_hash", "key_hash", "hash"]);
    // `sk_live_...XYZ` is what its list shows of a key, not a key; it says what the hashed one begins with.
    let shown = token
        .as_ref()
        .filter(|_| hash.is_some())
        .and_then(|token| prefix(token));
    let prefix = source.text(&["prefix"]).or(shown);
    let token = token.filter(|token| hash.is_none() && !is_masked(token));
    let status = source.text(&["status"]).map(|text| text.to_ascii_lowercase());
    let mut revoked_at = source.text(&["revoked_at"]);
    if status.as_deref() == Some("revoked") {
        revoked_at = revoked_at.or(status.clone());
    }
    if let Some(status) = status
        && ![
            "active",
            "expiring_soon",
            "expiring soon",
            "expired",
            "revoked",
            "disabled",
        ]
        .contains(&status.as_str())
    {
        source.fault("status", "expected active, expiring_soon, expired or revoked");
    }
    source.keep("created_by", &["created_by"]);
    // A date holds through its day there; an instant says so by itself.
    let expires_at: Option<End> = source.end(&["expiry_date", "expires_at"]);
    KeyRow {
        name: source.text(&["name"]),
        description: source.text(&["description"]),
        permissions,
        secret: token,
        secret_sha256: hash,
        secret_prefix: prefix,
        created_at: source.instant(&["created", "created_date", "created_at"]),
        expires_at,
        external_id: source.text(&["api_key_id", "id"]),
        revoked_at,
        ..KeyRow::default()
    }
}

fn permission(text: &str, source: &mut Source) -> String {
    let word = text.trim().to_ascii_lowercase().replace([' ', '-'], "_");
    if word.contains(':') || word == "*" {
        return word;
    }
    let single = word.strip_suffix('s').unwrap_or(&word);
    let known = PERMISSIONS
        .iter()
        .find(|(theirs, _)| *theirs == word || *theirs == single);
    if let Some((_, ours)) = known {
        return (*ours).to_owned();
    }
    source.fault(
        "permissions",
        format!("there is no permission {text} that is known here"),
    );
    String::new()
}

/// What a masked key begins with, up to its last underscore.
fn prefix(token: &str) -> Option<String> {
    let (prefix, _) = token.split(['.', '…', '*']).next()?.rsplit_once('_')?;
    is_masked(token).then(|| prefix.to_owned())
}

fn is_masked(token: &str) -> bool {
    token.contains("...") || token.contains('…') || token.contains("***")
}
