//! The schema of a JSON merge patch (RFC 7396) of something that has a schema.

use serde_json::{Value, json};

use super::example::{is_nullable, resolve};

/// Everything may be left out, and everything may be `null`.
pub(super) fn of(schema: &Value, schemas: &Value) -> Value {
    let mut patch = resolve(schema, schemas).clone();
    let Some(fields) = patch.get_mut("properties").and_then(Value::as_object_mut) else {
        return patch;
    };
    for field in fields.values_mut() {
        let own = of(field, schemas);
        *field = if is_nullable(&own) {
            own
        } else {
            json!({"oneOf": [{"type": "null"}, own]})
        };
    }
    if let Some(patch) = patch.as_object_mut() {
        patch.shift_remove("required");
    }
    patch
}
