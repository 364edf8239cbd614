//! What changed between two states of a thing, as the audit log tells it.

use serde::Serialize;
use serde_json::{Map, Value, json};

/// `{"field": {"before": …, "after": …}}`; of a new thing what is not empty, of one that is gone what it was.
pub(crate) fn difference<T: Serialize>(before: Option<&T>, after: Option<&T>) -> Value {
    let (old, new) = (fields(before), fields(after));
    let mut changes = Map::new();
    for (field, value) in &new {
        match old.get(field) {
            Some(known) if known == value => {}
            Some(known) => drop(changes.insert(field.clone(), json!({"before": known, "after": value}))),
            None if is_empty(value) => {}
            None => drop(changes.insert(field.clone(), json!({"after": value}))),
        }
    }
    for (field, value) in old
        .iter()
        .filter(|(field, value)| !new.contains_key(*field) && !is_empty(value))
    {
        changes.insert(field.clone(), json!({"before": value}));
    }
    Value::Object(changes)
}

fn fields(state: Option<&impl Serialize>) -> Map<String, Value> {
    match state.map(serde_json::to_value) {
        Some(Ok(Value::Object(fields))) => fields,
        _ => Map::new(),
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_told() {
        let before = json!({"a": 1, "b": "x", "c": []});
        let after = json!({"a": 2, "b": "x", "c": []});
        assert_eq!(
            difference(Some(&before), Some(&after)),
            json!({"a": {"before": 1, "after": 2}})
        );
        assert_eq!(
            difference(None, Some(&before)),
            json!({"a": {"after": 1}, "b": {"after": "x"}})
        );
        assert_eq!(
            difference(Some(&before), None),
            json!({"a": {"before": 1}, "b": {"before": "x"}})
        );
    }
}
