//! What Envoy is answered: how the request is changed on its way on, or what the client is told.

use std::collections::HashMap;

use domain::id::RequestId;
use engine::Answer;
use envoy_types::pb::envoy::config::core::v3::header_value_option::HeaderAppendAction;
use envoy_types::pb::envoy::config::core::v3::{HeaderValue as Pair, HeaderValueOption};
use envoy_types::pb::envoy::service::auth::v3::check_response::HttpResponse;
use envoy_types::pb::envoy::service::auth::v3::{CheckResponse, DeniedHttpResponse, OkHttpResponse};
use envoy_types::pb::envoy::r#type::v3::HttpStatus;
use envoy_types::pb::google::protobuf::value::Kind;
use envoy_types::pb::google::protobuf::{ListValue, Struct, Value};
use envoy_types::pb::google::rpc;
use http::StatusCode;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use tonic::Code;
use web::gate::{Brought, IDENTITY, Refusal, Tell, identity, limits};

use crate::question::Asked;

/// The parameter that a key may stand in.
const PARAMETER: &str = "apikey";

/// The request goes on: as whoever the key is, and without the key.
pub(crate) fn pass(asked: &Asked, decision: Option<&Answer>, brought: Option<&Brought<'_>>) -> CheckResponse {
    let key = decision.and_then(|decision| decision.key.as_deref());
    let headers: Vec<HeaderValueOption> = match key {
        Some(key) => IDENTITY
            .iter()
            .zip(identity(key))
            .map(|(name, value)| set(name, &value))
            .collect(),
        None => {
            let unset = HeaderValue::from_static("-");
            IDENTITY.iter().map(|name| set(name, &unset)).collect()
        }
    };
    let mut remove = vec!["x-api-key".to_owned(), PARAMETER.to_owned()];
    if brought.is_some_and(|brought| holds(&asked.headers, &brought.token)) {
        remove.push(header::AUTHORIZATION.to_string());
    }
    let known = |name: &String| IDENTITY.iter().any(|identity| identity.as_str() == name);
    remove.extend(asked.spoofed.iter().filter(|name| !known(name)).cloned());
    let query = asked.told().query().unwrap_or_default();
    let in_query = query
        .split('&')
        .any(|pair| pair.split('=').next() == Some(PARAMETER));
    let mut left = HeaderMap::new();
    if let Some(decision) = decision {
        limits::write(&mut left, decision);
    }
    CheckResponse {
        status: Some(status(Code::Ok)),
        dynamic_metadata: key.map(|key| {
            metadata(
                key.grants.iter().map(ToString::to_string),
                identity(key).into_iter(),
            )
        }),
        http_response: Some(HttpResponse::OkResponse(OkHttpResponse {
            headers,
            headers_to_remove: remove,
            query_parameters_to_remove: in_query.then(|| PARAMETER.to_owned()).into_iter().collect(),
            response_headers_to_add: left.iter().map(|(name, value)| set(name, value)).collect(),
            ..OkHttpResponse::default()
        })),
    }
}

/// The client is told no, in the words of every door.
pub(crate) fn refuse(refusal: &Refusal, tell: Tell, id: RequestId) -> CheckResponse {
    let mut headers = HeaderMap::new();
    let body = refusal.write(&mut headers, tell, id);
    let code = match refusal.status {
        StatusCode::UNAUTHORIZED => Code::Unauthenticated,
        StatusCode::TOO_MANY_REQUESTS => Code::ResourceExhausted,
        _ => Code::PermissionDenied,
    };
    CheckResponse {
        status: Some(status(code)),
        dynamic_metadata: None,
        http_response: Some(HttpResponse::DeniedResponse(DeniedHttpResponse {
            status: Some(HttpStatus {
                code: i32::from(refusal.status.as_u16()),
            }),
            headers: headers.iter().map(|(name, value)| set(name, value)).collect(),
            body: String::from_utf8_lossy(&body).into_owned(),
        })),
    }
}

fn status(code: Code) -> rpc::Status {
    rpc::Status {
        code: code as i32,
        ..rpc::Status::default()
    }
}

/// Whether `Authorization` holds this token.
fn holds(headers: &HeaderMap, token: &[u8]) -> bool {
    let values = headers.get_all(header::AUTHORIZATION).iter();
    let mut values = values.map(|value| value.as_bytes().trim_ascii());
    values.any(|value| value.ends_with(token.trim_ascii()))
}

/// A header in the place of all of that name.
fn set(name: &HeaderName, value: &HeaderValue) -> HeaderValueOption {
    HeaderValueOption {
        header: Some(Pair {
            key: name.to_string(),
            value: String::from_utf8_lossy(value.as_bytes()).into_owned(),
            ..Pair::default()
        }),
        append_action: HeaderAppendAction::OverwriteIfExistsOrAdd as i32,
        ..HeaderValueOption::default()
    }
}

/// The identity for filters and logs that come after, under the filter's own namespace.
fn metadata(permissions: impl Iterator<Item = String>, values: impl Iterator<Item = HeaderValue>) -> Struct {
    let text = |text: String| Value {
        kind: Some(Kind::StringValue(text)),
    };
    let named = IDENTITY.into_iter().zip(values).map(|(name, value)| {
        let name = name.as_str().trim_start_matches("claviger-").replace('-', "_");
        (name, text(String::from_utf8_lossy(value.as_bytes()).into_owned()))
    });
    let mut fields: HashMap<String, Value> = named.collect();
    let list = ListValue {
        values: permissions.map(text).collect(),
    };
    fields.insert(
        "permissions".to_owned(),
        Value {
            kind: Some(Kind::ListValue(list)),
        },
    );
    Struct { fields }
}
