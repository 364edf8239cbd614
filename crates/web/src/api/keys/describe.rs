//! What each verb takes of the fields of a key, as they are described; the handlers refuse the rest.

use serde_json::{Value, json};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::Fields;

/// [`Fields`] but for some, with an example.
fn without(others: &[&str], required: &[&str], example: Value) -> RefOr<Schema> {
    let RefOr::T(Schema::Object(mut fields)) = Fields::schema() else {
        return Fields::schema();
    };
    fields
        .properties
        .retain(|name, _| !others.contains(&name.as_str()));
    for name in required {
        fields.required.push((*name).to_owned());
        // Not `null` either.
        if let Some(RefOr::T(Schema::OneOf(choice))) = fields.properties.get(*name)
            && let Some(given) = choice.items.iter().find(|one| matches!(one, RefOr::Ref(_)))
        {
            let given = given.clone();
            fields.properties.insert((*name).to_owned(), given);
        }
    }
    fields.description = None;
    fields.examples = vec![example];
    fields.into()
}

macro_rules! described {
    ($name:ident, $others:expr, $required:expr, $example:expr) => {
        pub(super) struct $name;

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                without(&$others, &$required, $example)
            }
        }

        impl ToSchema for $name {
            fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
                Fields::schemas(schemas);
            }
        }
    };
}

described!(
    NewKey,
    ["grace"],
    ["name"],
    json!({"name": "Billing sync", "permissions": ["orders:view"], "expires_in": "90d"})
);
described!(
    KeyEdit,
    ["grace", "protected", "secret", "secret_sha256", "secret_prefix"],
    [],
    json!({"description": "Reads invoices every night", "tags": ["billing"]})
);
described!(
    KeyRotation,
    [
        "name",
        "description",
        "permissions",
        "roles",
        "networks",
        "tags",
        "metadata",
        "contacts",
        "protected"
    ],
    [],
    json!({"grace": "24h"})
);
