//! What the description of the API says of dialects: how each is refused, and by which ways tokens come.

use serde_json::{Value, json};
use utoipa::openapi::RefOr;
use utoipa::{PartialSchema, ToSchema};

use super::{maximo, openlmis};

/// A dialect's tag, the name of its responses, and the schemas of its refusals, of 401 and of others.
const WORDED: [(&str, &str, &str, &str); 2] = [
    (openlmis::TAG, "OpenLmis", "OpenLmisUnauthorized", "OpenLmisError"),
    (maximo::TAG, "Maximo", "MaximoError", "MaximoError"),
];

fn add_schema<T: PartialSchema + ToSchema>(schemas: &mut Value) {
    let mut found: Vec<(String, RefOr<utoipa::openapi::Schema>)> =
        vec![(T::name().into_owned(), T::schema())];
    T::schemas(&mut found);
    for (name, schema) in found {
        schemas[name] = serde_json::to_value(schema).unwrap_or_default();
    }
}

/// Gives the operations of each dialect their refusals.
pub(crate) fn finish(document: &mut Value) {
    let schemas = &mut document["components"]["schemas"];
    add_schema::<openlmis::Message>(schemas);
    add_schema::<openlmis::Unauthorized>(schemas);
    add_schema::<maximo::Refusal>(schemas);
    let problems = document["components"]["responses"].clone();
    document["components"]["securitySchemes"]["apikey"] = json!({
        "type": "apiKey", "in": "header", "name": "apikey", "description": "The same key, where Maximo's callers put it"
    });
    let mut worded = Vec::new();
    for (_, item) in document["paths"].as_object_mut().into_iter().flatten() {
        for (_, operation) in item.as_object_mut().into_iter().flatten() {
            let tag = operation["tags"][0].as_str().unwrap_or_default();
            let Some(dialect) = WORDED.iter().find(|(own, ..)| *own == tag) else {
                continue;
            };
            if dialect.0 == maximo::TAG
                && let Some(ways) = operation["security"].as_array_mut()
            {
                ways.push(json!({"apikey": []}));
            }
            for (status, response) in operation["responses"].as_object_mut().into_iter().flatten() {
                if !status.starts_with('2') {
                    let name = format!("{}{status}", dialect.1);
                    *response = json!({"$ref": format!("#/components/responses/{name}")});
                    worded.push((name, status.clone(), *dialect));
                }
            }
        }
    }
    for (name, status, (_, _, unauthorized, other)) in worded {
        let problem = &problems[&status];
        let schema = if status == "401" { unauthorized } else { other };
        let schema = json!({"$ref": format!("#/components/schemas/{schema}")});
        let title = problem["description"].as_str().unwrap_or_default();
        let title = title.split(". Codes").next().unwrap_or_default();
        let mut response = json!({
            "description": title, "content": {"application/json": {"schema": schema}}
        });
        if status == "404" {
            // An organisation without the dialect is told what everybody is told of an unknown address.
            response["content"]["application/problem+json"] =
                problem["content"]["application/problem+json"].clone();
        }
        if let Some(headers) = problem.get("headers") {
            response["headers"] = headers.clone();
        }
        document["components"]["responses"][name] = response;
    }
}
