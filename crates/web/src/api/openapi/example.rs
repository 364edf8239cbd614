//! An example for every body: the one that its schema gives, or one that is put together from those of its parts.

use serde_json::{Map, Value, json};

/// What a `$ref` leads to; the schema itself where it is none.
pub(super) fn resolve<'a>(schema: &'a Value, schemas: &'a Value) -> &'a Value {
    let name = schema["$ref"]
        .as_str()
        .and_then(|path| path.strip_prefix("#/components/schemas/"));
    name.map_or(schema, |name| &schemas[name])
}

/// Gives each media type of a body its example; pages and style sheets need none.
pub(super) fn add(body: &mut Value, schemas: &Value) {
    let Some(content) = body.get_mut("content").and_then(Value::as_object_mut) else {
        return;
    };
    for (kind, media) in content {
        let has_own = media.get("example").or_else(|| media.get("examples")).is_some();
        if !has_own && !kind.starts_with("text/") && media.get("schema").is_some() {
            media["example"] = of(&media["schema"], schemas);
        }
    }
}

fn of(schema: &Value, schemas: &Value) -> Value {
    let given = schema.get("example").or_else(|| schema["examples"].get(0));
    if let Some(given) = given
        .or_else(|| schema.get("const"))
        .or_else(|| schema["enum"].get(0))
    {
        return given.clone();
    }
    if schema.get("$ref").is_some() {
        return of(resolve(schema, schemas), schemas);
    }
    for choice in ["oneOf", "anyOf"] {
        let choices = schema[choice].as_array().into_iter().flatten();
        if let Some(first) = choices.into_iter().find(|one| one["type"] != "null") {
            return of(first, schemas);
        }
    }
    if let Some(parts) = schema["allOf"].as_array() {
        let parts = parts.iter().map(|part| of(part, schemas));
        let fields = parts.filter_map(|part| match part {
            Value::Object(fields) => Some(fields),
            _ => None,
        });
        return Value::Object(fields.flatten().collect());
    }
    let kind = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().find(|kind| *kind != "null").unwrap_or(&Value::Null),
        kind => kind,
    };
    match kind.as_str() {
        Some("object") => Value::Object(fields(schema, schemas)),
        Some("array") => json!([of(&schema["items"], schemas)]),
        Some("boolean") => json!(false),
        Some("integer") => schema.get("minimum").cloned().unwrap_or(json!(1)),
        Some("string") => json!(""),
        _ => Value::Null,
    }
}

/// What may be `null` is so, or left out, where its schema gives no example.
fn fields(schema: &Value, schemas: &Value) -> Map<String, Value> {
    let properties = schema["properties"].as_object().into_iter().flatten();
    let required = schema["required"].as_array();
    let is_required = |name: &str| required.is_some_and(|all| all.iter().any(|one| one == name));
    let mut fields = Map::new();
    for (name, schema) in properties {
        if !is_nullable(schema) || schema.get("example").is_some() {
            fields.insert(name.clone(), of(schema, schemas));
        } else if is_required(name) {
            fields.insert(name.clone(), Value::Null);
        }
    }
    fields
}

/// Whether `null` is of this schema.
pub(super) fn is_nullable(schema: &Value) -> bool {
    let null = json!({"type": "null"});
    let has = |name: &str, what: &Value| schema[name].as_array().is_some_and(|all| all.contains(what));
    has("type", &null["type"]) || has("oneOf", &null)
}
