//! How the values that are written as texts are described in the OpenAPI document: one form and one example each.

use utoipa::openapi::schema::AnyOfBuilder;
use utoipa::openapi::{KnownFormat, ObjectBuilder, RefOr, Schema, SchemaFormat, Type};

/// What [`crate::input::is_hostile`] says, between the brackets of a regular expression.
macro_rules! hostile {
    () => {
        r"\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069"
    };
}

/// Texts that people and programs write, for `#[schema(value_type = …)]`; see [`crate::input`].
macro_rules! inputs {
    ($($(#[$doc:meta])* $name:ident: $length:literal, $pattern:expr, $example:expr, $description:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub enum $name {}

        impl utoipa::PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                text_of($description, $pattern, $example).max_length(Some($length)).into()
            }
        }

        impl utoipa::ToSchema for $name {}
    )*};
}

inputs! {
    /// A line with something on it.
    Name: 200, concat!("^[^", hostile!(), r"]*[^\s", hostile!(), "][^", hostile!(), "]*$"), "Billing sync",
        "A name for people: one line, without control and direction characters.";
    /// As many lines as need be.
    Description: 2_000, concat!("^([^", hostile!(), r"]|\t|\n)*$"), "Reads invoices every night",
        "A text for people, without control and direction characters.";
    /// Lower-case letters, digits and single hyphens.
    Slug: 40, "^[a-z0-9]+(-[a-z0-9]+)*$", "sample-ltd", "Names an organisation in headers and on the command line.";
    /// No spaces around it.
    Tag: 64, concat!(r"^[^\s", hostile!(), "]([^", hostile!(), r"]*[^\s", hostile!(), "])?$"), "billing",
        "A word to find things by.";
    /// Only a delivered mail proves one.
    EmailAddress: 254,
        concat!(r"^[^@<>,\s", hostile!(), r"]+@[^@<>,\s", hostile!(), r"]+\.[^@<>,\s", hostile!(), "]+$"),
        "ada@example.com", "An email address.";
    /// What [`crate::account::is_plain`] takes; without an `@` 64 characters are the most.
    Username: 254, "^[A-Za-z0-9._@+-]+$", "coldtrace-gateway",
        "What systems call a service account: unique in its organisation in any case, for ever.";
    /// [`EmailAddress`], or nothing.
    EmailAddressOrNone: 254,
        concat!(r"^([^@<>,\s", hostile!(), r"]+@[^@<>,\s", hostile!(), r"]+\.[^@<>,\s", hostile!(), "]+)?$"),
        "iot@example.com", "An email address; an empty text for none.";
    /// [`Name`], or nothing.
    NameOrNone: 200, concat!("^[^", hostile!(), "]*$"), "ColdTrace",
        "A name for people: one line, without control and direction characters; an empty text for none.";
    /// A [`crate::id::UserId`], or nothing.
    UserIdOrNone: 30, "^(usr_[0-7][0-9a-hjkmnp-tv-z]{25})?$", "usr_01k1qhwaswfn78ypkbfj6sw3rt",
        "The id of a person; an empty text for nobody.";
    /// A key, a service account or a person.
    PrincipalId: 31, "^(key|acct|usr)_[0-7][0-9a-hjkmnp-tv-z]{25}$", "key_01k1qhwaswfn78ypkbfj6sw3rt",
        "The id of a key, a service account or a person.";
    /// What [`crate::api::is_slug`] takes.
    ApiSlug: 40, "^[a-z0-9-]+$", "orders", "Names an API at the doors.";
    /// What [`crate::access::is_permission`] takes.
    Permission: 128,
        "^[a-z0-9_-]([a-z0-9_.-]*[a-z0-9_-])?:[a-z0-9_-]([a-z0-9_.-]*[a-z0-9_-])?$", "orders:view",
        "A permission, `resource:action`, without wildcards.";
    /// What [`crate::access::Requirement`] reads.
    Requirement: 4_096, "", "orders:view AND customers:view",
        "What a request needs: permissions with `AND`, `OR` and parentheses.";
    /// What [`crate::limits::check_name`] takes.
    LimitName: 64, "^[A-Za-z0-9._:@/-]+$", "requests", "What a rate limit is called; anything but `quota`.";
    /// From a second to 366 days.
    Window: 10,
        "^([1-9][0-9]{0,6}s|[12][0-9]{7}s|[1-9][0-9]{0,4}m|[1-4][0-9]{5}m|[1-9][0-9]{0,2}h|[1-7][0-9]{3}h|[1-9][0-9]?d|[12][0-9]{2}d|3[0-5][0-9]d|36[0-6]d|[1-9]w|[1-4][0-9]w|5[0-2]w)$",
        "1m", "A length of time from 1s to 366d: a whole number and a unit, `s`, `m`, `h`, `d` or `w`.";
    /// Without bits beyond its prefix.
    Network: 49, "^[0-9a-fA-F:.]+(/[0-9]{1,3})?$", "203.0.113.0/24", "An address, or a network (CIDR).";
}

/// An address, of either version.
#[derive(Debug)]
pub enum IpAddress {}

impl utoipa::PartialSchema for IpAddress {
    fn schema() -> RefOr<Schema> {
        let of = |format| {
            let format = Some(SchemaFormat::KnownFormat(format));
            ObjectBuilder::new().schema_type(Type::String).format(format)
        };
        let either = AnyOfBuilder::new()
            .item(of(KnownFormat::Ipv4))
            .item(of(KnownFormat::Ipv6));
        either
            .description(Some("An IP address."))
            .examples(["203.0.113.9"])
            .into()
    }
}

impl utoipa::ToSchema for IpAddress {}

/// A text of the form `pattern` (ECMA-262), such as `example`.
pub fn text(description: &str, pattern: &str, example: impl Into<serde_json::Value>) -> RefOr<Schema> {
    text_of(description, pattern, example).into()
}

fn text_of(description: &str, pattern: &str, example: impl Into<serde_json::Value>) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some(description))
        .pattern(Some(pattern))
        .examples([example.into()])
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
