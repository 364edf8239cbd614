//! The schema of what one verb takes of the fields that several verbs share; the handlers refuse the rest.

use serde_json::Value;
use utoipa::PartialSchema;
use utoipa::openapi::{RefOr, Schema};

/// The fields of `T` but for `others`, with an example.
pub(in crate::api) fn part_of<T: PartialSchema>(
    others: &[&str],
    required: &[&str],
    example: Value,
) -> RefOr<Schema> {
    let RefOr::T(Schema::Object(mut fields)) = T::schema() else {
        return T::schema();
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

/// Names such a part: `part!(Fields => NewThing, without [..], needs [..], example)`.
macro_rules! part {
    ($fields:ty => $name:ident, without $others:expr, needs $required:expr, $example:expr) => {
        pub(super) struct $name;

        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                $crate::api::openapi::part_of::<$fields>(&$others, &$required, $example)
            }
        }

        impl utoipa::ToSchema for $name {
            fn schemas(schemas: &mut Vec<(String, utoipa::openapi::RefOr<utoipa::openapi::Schema>)>) {
                <$fields as utoipa::ToSchema>::schemas(schemas);
            }
        }
    };
}

pub(in crate::api) use part;
