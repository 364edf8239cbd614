//! The description of the API (OpenAPI 3.1). Each handler says what is its own; what follows from a route's form (who may
//! ask, the refusals that it shares with others, the `ETag`, the examples) is added here, so that it is right everywhere.

mod example;
mod part;
mod patch;
mod problems;

use std::sync::OnceLock;

use ::http::header;
use axum::response::IntoResponse;
use domain::id::{AccountId, ApiId, KeyId, MessageId, OrganisationId, RoleId, SessionId, UserId, WebhookId};
use serde_json::{Map, Value, json};
use utoipa::OpenApi;

pub(super) use part::{part, part_of};
pub(crate) use problems::{Conflict, NotFound, PolicyRefused};
pub(super) use problems::{NotProven, Throttled};

use crate::http::problem::Written;

/// The extension that says who may ask: a management permission; `any caller`, whoever is known; `any key`, a key and
/// nobody else; [`PERSON`]; `operator`, whoever works in every organisation; [`PUBLIC`] or [`LOCAL`].
const PERMISSION: &str = "x-claviger-permission";
/// Nobody is asked who they are.
const PUBLIC: &str = "public";
/// Somebody who is signed in, and no key.
const PERSON: &str = "any person";
/// Whoever is at the data directory; for everybody else there is no such address.
const LOCAL: &str = "local";

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Claviger",
        description = "Issues, verifies, rotates, revokes and watches API keys. \
                       Every refusal is `application/problem+json` (RFC 9457) with a stable `code`; every answer of the \
                       management listener names its request in `Claviger-Request-Id`.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    servers((url = "/", description = "The management listener")),
    // The ids by name: what only a path mentions is not found by itself.
    components(schemas(Written, KeyId, OrganisationId, AccountId, UserId, RoleId, ApiId, SessionId, WebhookId, MessageId)),
    tags(
        (name = "keys", description = "API keys, from the first secret to the last"),
        (name = "verification", description = "May this request pass? Also at the verification listener"),
        (name = "usage", description = "What keys were used for, and what came of it"),
        (name = "service-accounts", description = "The systems that keys stand for, and the partners whose systems they are"),
        (name = "roles", description = "Named sets of permissions"),
        (name = "apis", description = "The protected APIs, what can be asked of them, and for whom they are enabled"),
        (name = "permissions", description = "What is on offer, who holds what, and why"),
        (name = "webhooks", description = "Programs that are told of what happens"),
        (name = "audit", description = "Who did what, and the proof of it"),
        (name = "policy", description = "How an organisation's keys are made, kept, shown, rotated and deleted"),
        (name = "organisations", description = "Tenants"),
        (name = "installation", description = "What belongs to no organisation"),
        (name = "set-up", description = "The link that makes the first management key"),
        (name = "sign-in", description = "People: how they sign in, and their sessions"),
        (name = "people", description = "Who is asked in, what they may do, and what becomes of what they own"),
        (name = "OmniCRM", description = "The dialect `omnicrm`: keys as OmniCRM's callers manage them"),
        (name = "OpenLMIS", description = "The dialect `openlmis`: keys and service accounts as OpenLMIS's callers manage them"),
        (name = "Maximo", description = "The dialect `maximo`: keys and their properties as Maximo's callers manage them"),
        (name = "health", description = "Whether the process lives, and whether it can answer"),
        (name = "description", description = "This document, and a page to try it")
    )
)]
struct Head;

/// The document before any route has been added.
pub(super) fn head() -> utoipa::openapi::OpenApi {
    Head::openapi()
}

static DOCUMENT: OnceLock<Value> = OnceLock::new();

/// The description of the management plane and of what the verification listener shares with it, whole.
pub fn document() -> &'static Value {
    DOCUMENT.get_or_init(|| finish(crate::dialects::describe(super::routes()).into_openapi()))
}

/// The document itself.
#[utoipa::path(
    get, path = "/openapi.json", operation_id = "openapi", tag = "description",
    summary = "This document",
    responses((status = OK, description = "OpenAPI 3.1", body = Object)),
    extensions(("x-claviger-permission" = json!("public")))
)]
pub(super) async fn show() -> impl IntoResponse {
    static TEXT: OnceLock<String> = OnceLock::new();
    let text = TEXT.get_or_init(|| document().to_string());
    ([(header::CONTENT_TYPE, "application/json")], text.as_str())
}

/// Adds what follows from the form of each route.
fn finish(described: utoipa::openapi::OpenApi) -> Value {
    // A document that cannot be written down is found out by every test.
    let mut document = serde_json::to_value(described).unwrap_or_default();
    let components = &mut document["components"];
    components["securitySchemes"] = security_schemes();
    components["responses"] = problems::responses();
    components["responses"]["202"] = accepted_later();
    components["schemas"]["Problem"]["properties"]["code"]["enum"] = problems::codes();
    let schemas = &mut components["schemas"];
    let mut patch = patch::of(&schemas["Policy"], schemas);
    patch["examples"] = json!([{"expiry": {"mode": "required", "max": "366d"}}]);
    schemas["PolicyPatch"] = patch;
    for (_, schema) in members(schemas) {
        exclude(schema);
    }
    let schemas = schemas.clone();
    for (path, item) in members(&mut document["paths"]) {
        for method in METHODS {
            if let Some(operation) = item.get_mut(method) {
                complete(path, method, operation, &schemas);
            }
        }
    }
    crate::dialects::finish(&mut document);
    document
}

fn members(value: &mut Value) -> impl Iterator<Item = (&String, &mut Value)> {
    value.as_object_mut().into_iter().flat_map(Map::iter_mut)
}

/// Fields of which a request gives one at the most.
const EXCLUSIVE: [[&str; 2]; 2] = [["expires_at", "expires_in"], ["secret", "secret_sha256"]];

fn exclude(schema: &mut Value) {
    let has = |pair: &[&str; 2]| pair.iter().all(|field| schema["properties"].get(field).is_some());
    let pairs: Vec<Value> = EXCLUSIVE
        .iter()
        .filter(|pair| has(pair))
        .map(|pair| json!({"required": pair}))
        .collect();
    if !pairs.is_empty() {
        schema["not"] = json!({"anyOf": pairs});
    }
}

fn complete(path: &str, method: &str, operation: &mut Value, schemas: &Value) {
    let permission = operation[PERMISSION].as_str().unwrap_or_default().to_owned();
    let is_open = permission == PUBLIC;
    operation["security"] = match permission.as_str() {
        PUBLIC => json!([]),
        LOCAL => json!([{}]),
        PERSON => json!([{"session": []}]),
        // What the verification listener answers too, there for its own token or for none.
        _ if operation.get("servers").is_some() => {
            json!([{"bearer": []}, {"key": []}, {"session": []}, {"gateway": []}])
        }
        _ => json!([{"bearer": []}, {"key": []}, {"session": []}]),
    };
    let parameters = operation["parameters"].as_array();
    let takes = |name: &str| parameters.is_some_and(|all| all.iter().any(|one| one["name"] == name));
    let (has_parameters, has_version) = (parameters.is_some(), takes("If-Match"));
    let has_query = parameters.is_some_and(|all| all.iter().any(|one| one["in"] == "query"));
    let body = operation.get("requestBody");
    let (has_body, has_json) = (
        body.is_some(),
        body.is_some_and(|body| body["content"].get("application/json").is_some()),
    );
    let refusals = [
        ("400", has_body || has_query || has_parameters && !is_open),
        ("401", !is_open),
        ("403", has_body || !is_open),
        ("404", path.contains("{id}") || permission == LOCAL),
        ("412", has_version),
        ("413", has_body),
        ("415", has_body && (has_json || !is_open)),
        ("500", has_body || !is_open),
        ("503", has_body || !is_open),
    ];
    for (status, _) in refusals.into_iter().filter(|(_, given)| *given) {
        let responses = &mut operation["responses"];
        if responses.get(status).is_none() {
            responses[status] = json!({ "$ref": format!("#/components/responses/{status}") });
        }
    }
    if let Some(body) = operation.get_mut("requestBody") {
        let schema = &body["content"]["application/json"]["schema"];
        // What is no JSON says nothing by being left out.
        let is_optional = schema.is_object() && example::resolve(schema, schemas).get("required").is_none();
        if has_json || !is_open {
            body["required"] = json!(!is_optional);
        }
        example::add(body, schemas);
    }
    if method != "get" && !is_open && path.starts_with("/v1/") {
        let responses = &mut operation["responses"];
        if ["200", "201", "204"]
            .into_iter()
            .any(|status| responses.get(status).is_some())
        {
            responses["202"] = json!({ "$ref": "#/components/responses/202" });
        }
    }
    for (status, response) in members(&mut operation["responses"]) {
        if !status.starts_with('2') {
            continue;
        }
        let schema = &response["content"]["application/json"]["schema"];
        if has_version_of_its_own(schema, schemas) {
            let tag = "The version, for `If-Match`";
            response["headers"]["ETag"] =
                json!({"description": tag, "schema": {"type": "string"}, "example": "\"3\""});
        }
        example::add(response, schemas);
    }
    // Nulls that were made by looking.
    if let Some(operation) = operation.as_object_mut() {
        operation.retain(|_, value| !value.is_null());
    }
}

/// What is answered instead of success where a server goes on without the database (`node.freshness = "static"`).
fn accepted_later() -> Value {
    json!({
        "description": "Done, and obeyed on every server at that time at the latest: one of them cannot reach the database and goes on with what \
                        it knows (`node.freshness = \"static\"`). The answer is the usual one, with the time as `effective_by`",
        "headers": {"Claviger-Effective-By": {
            "description": "From when on it is obeyed everywhere",
            "schema": {"type": "string", "format": "date-time", "example": "2026-11-27T08:05:03Z"}
        }}
    })
}

/// Whether an answer names the version that its `ETag` is.
fn has_version_of_its_own(schema: &Value, schemas: &Value) -> bool {
    let schema = example::resolve(schema, schemas);
    let mut parts = schema["allOf"].as_array().into_iter().flatten();
    schema["properties"].get("version").is_some() || parts.any(|part| has_version_of_its_own(part, schemas))
}

fn security_schemes() -> Value {
    json!({
        "bearer": {"type": "http", "scheme": "bearer", "description": "A management key: `Authorization: Bearer sk_live_…`"},
        "key": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "The same key, in a header of its own"},
        "session": {
            "type": "apiKey", "in": "cookie", "name": "claviger_session",
            "description": "The session of somebody who is signed in to the console"
        },
        "gateway": {
            "type": "apiKey", "in": "header", "name": "Claviger-Gateway-Token",
            "description": "What the verification listener wants where it is not on loopback"
        }
    })
}
