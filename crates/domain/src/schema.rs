//! How the values that are written as texts are described in the OpenAPI document: one form and one example each.

use utoipa::openapi::{ObjectBuilder, RefOr, Schema, Type};

/// A text of the form `pattern` (ECMA-262; anything where it is empty), such as `example`.
pub fn text(description: &str, pattern: &str, example: impl Into<serde_json::Value>) -> RefOr<Schema> {
    let pattern = Some(pattern).filter(|pattern| !pattern.is_empty());
    ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some(description))
        .pattern(pattern)
        .examples([example.into()])
        .into()
}

/// Describes a type that is written as a text.
macro_rules! described_as_text {
    ($type:ty, $description:expr, $pattern:expr, $example:expr) => {
        impl utoipa::PartialSchema for $type {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                $crate::schema::text($description, $pattern, $example)
            }
        }

        impl utoipa::ToSchema for $type {}
    };
}

pub(crate) use described_as_text;
