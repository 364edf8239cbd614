//! The refusals that operations share, each with the codes by which programs go.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use utoipa::IntoResponses;
use utoipa::openapi::{Ref, RefOr, Response};

/// A status, its title, and its codes.
type Refusal = (&'static str, &'static str, &'static [&'static str]);

const REFUSALS: [Refusal; 13] = [
    (
        "400",
        "The request cannot be taken; `errors` names every field",
        &[
            "invalid_request",
            "invalid_json",
            "conflicting_tokens",
            "client_not_supported",
            "token_invalid",
        ],
    ),
    (
        "401",
        "Nobody who is known asks",
        &[
            "unauthenticated",
            "wrong_credentials",
            "second_factor_needed",
            "gateway_unauthenticated",
            "metrics_unauthenticated",
        ],
    ),
    (
        "403",
        "The caller may not; `missing` names the permission",
        &[
            "forbidden",
            "grants_beyond",
            "keys_may_not_manage",
            "recent_sign_in_needed",
            "people_only",
            "cross_site",
        ],
    ),
    ("404", "Not there, or of another organisation", &["not_found"]),
    ("405", "The address takes other methods", &["method_not_allowed"]),
    (
        "409",
        "In conflict with the state of things",
        &[
            "key_over",
            "key_protected",
            "rotation_conflict",
            "key_ambiguous",
            "owner_has_key",
            "secret_exists",
            "import_running",
            "changed_meanwhile",
            "idempotency_conflict",
            "not_kept",
            "secrets_in_use",
            "secrets_fixed",
            "secrets_differ",
            "demo_exists",
            "slug_taken",
            "organisation_closed",
            "email_taken",
            "last_owner",
            "user_owns",
            "not_invited",
            "not_active",
            "second_factor_on",
            "second_factor_off",
            "password_too_short",
            "account_over",
            "username_taken",
            "role_builtin",
            "role_held",
            "role_exists",
            "api_exists",
            "api_in_use",
            "api_not_kept",
            "too_many_roles",
            "too_many_apis",
            "too_many_webhooks",
            "webhook_inactive",
            "no_quota",
            "confirmation_needed",
            "policy_changing",
        ],
    ),
    (
        "412",
        "Changed meanwhile: `If-Match` names another version",
        &["precondition_failed"],
    ),
    ("413", "The body is too large", &["payload_too_large"]),
    (
        "415",
        "The body does not say that it is of the form that is taken",
        &["unsupported_media_type"],
    ),
    (
        "422",
        "The organisation's policy stands against it",
        &["policy_refused"],
    ),
    (
        "429",
        "Signing in, or reporting leaks, too often; again after `Retry-After` seconds",
        &["too_many_attempts"],
    ),
    (
        "500",
        "A fault of ours; the log has more under `request_id`",
        &["internal"],
    ),
    (
        "503",
        "The database cannot be asked at the moment; whether a change was made is open",
        &["unavailable"],
    ),
];

/// Every refusal, for `components.responses`, by its status.
pub(super) fn responses() -> Value {
    let all = REFUSALS.into_iter().map(|(status, title, codes)| {
        let example = json!({
            "type": format!("urn:claviger:problem:{}", codes[0]), "title": title, "status": status.parse::<u16>().ok(),
            "code": codes[0], "detail": "what is wrong, in a sentence", "request_id": "req_01k1qhwaswfn78ypkbfj6sw3rt",
        });
        let problem = json!({"schema": {"$ref": "#/components/schemas/Problem"}, "example": example});
        let codes = codes.join("`, `");
        let mut response = json!({
            "description": format!("{title}. Codes: `{codes}`"), "content": {"application/problem+json": problem}
        });
        if matches!(status, "429" | "503") {
            response["headers"] = json!({"Retry-After": {"description": "Seconds", "schema": {"type": "integer"}}});
        }
        (status.to_owned(), response)
    });
    Value::Object(all.collect::<Map<_, _>>())
}

/// Every code that there is.
pub(super) fn codes() -> Value {
    REFUSALS
        .iter()
        .flat_map(|(_, _, codes)| codes.iter())
        .copied()
        .collect()
}

/// What a handler names among its responses where a refusal does not follow from its form.
macro_rules! named {
    ($($(#[$doc:meta])* $name:ident = $status:literal;)*) => {$(
        $(#[$doc])*
        pub(crate) struct $name;

        impl IntoResponses for $name {
            fn responses() -> BTreeMap<String, RefOr<Response>> {
                let response = Ref::new(concat!("#/components/responses/", $status));
                BTreeMap::from([($status.to_owned(), RefOr::Ref(response))])
            }
        }
    )*};
}

named! {
    /// What was sent may prove nobody, though anybody may ask.
    NotProven = "401";
    /// There may be no such thing, though the path has no `{id}`.
    NotFound = "404";
    /// The state of things may stand against it.
    Conflict = "409";
    /// The policy may stand against it.
    PolicyRefused = "422";
    /// Whoever asks too often has to wait.
    Throttled = "429";
}
