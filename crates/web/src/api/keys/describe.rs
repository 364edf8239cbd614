//! What each verb takes of the fields of a key, as they are described; the handlers refuse the rest.

use serde_json::json;

use super::Fields;
use crate::api::openapi::part;

part!(
    Fields => NewKey,
    without ["grace"],
    needs ["name"],
    json!({"name": "Billing sync", "permissions": ["orders:view"], "expires_in": "90d"})
);
part!(
    Fields => KeyEdit,
    without ["grace", "protected", "secret", "secret_sha256", "secret_prefix"],
    needs [],
    json!({"description": "Reads invoices every night", "tags": ["billing"]})
);
part!(
    Fields => KeyRotation,
    without [
        "name",
        "description",
        "permissions",
        "roles",
        "networks",
        "tags",
        "metadata",
        "contacts",
        "rate_limits",
        "quota",
        "protected"
    ],
    needs [],
    json!({"grace": "24h"})
);
