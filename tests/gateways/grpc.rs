//! The gRPC listener, asked as Envoy asks, and as Envoy does not.

use std::collections::HashMap;

use envoy_types::pb::envoy::config::core::v3::address::Address as Kind;
use envoy_types::pb::envoy::config::core::v3::{Address, SocketAddress};
use envoy_types::pb::envoy::service::auth::v3::attribute_context::{HttpRequest, Peer, Request};
use envoy_types::pb::envoy::service::auth::v3::authorization_client::AuthorizationClient;
use envoy_types::pb::envoy::service::auth::v3::check_response::HttpResponse;
use envoy_types::pb::envoy::service::auth::v3::{
    AttributeContext, CheckRequest, CheckResponse, DeniedHttpResponse, OkHttpResponse,
};
use envoy_types::pb::google::protobuf::value::Kind as Json;
use serde_json::json;
use tonic::Code;
use tonic::transport::Channel;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use super::promises::orders;
use crate::support::{Engine, Server, text};

async fn channel(server: &Server) -> Channel {
    let address = format!("http://{}", server.grpc);
    let endpoint = Channel::from_shared(address).expect("an address");
    endpoint.connect().await.expect("a connection")
}

fn question(wishes: &[(&str, &str)], method: &str, path: &str, headers: &[(&str, &str)]) -> CheckRequest {
    let owned = |pairs: &[(&str, &str)]| -> HashMap<String, String> {
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    };
    let client = SocketAddress {
        address: "192.0.2.7".to_owned(),
        ..SocketAddress::default()
    };
    CheckRequest {
        attributes: Some(AttributeContext {
            source: Some(Peer {
                address: Some(Address {
                    address: Some(Kind::SocketAddress(client)),
                }),
                ..Peer::default()
            }),
            request: Some(Request {
                http: Some(HttpRequest {
                    method: method.to_owned(),
                    path: path.to_owned(),
                    headers: owned(headers),
                    ..HttpRequest::default()
                }),
                ..Request::default()
            }),
            context_extensions: owned(wishes),
            ..AttributeContext::default()
        }),
    }
}

fn passed(response: &CheckResponse) -> &OkHttpResponse {
    match &response.http_response {
        Some(HttpResponse::OkResponse(ok)) => ok,
        other => panic!("{other:?}"),
    }
}

fn denied(response: &CheckResponse) -> &DeniedHttpResponse {
    match &response.http_response {
        Some(HttpResponse::DeniedResponse(denied)) => denied,
        other => panic!("{other:?}"),
    }
}

/// Has a token checked over gRPC, in a header, as a bearer and in the query at once, and by itself.
pub(crate) async fn check_over_grpc(server: &Server, token: &str) {
    let mut client = AuthorizationClient::new(channel(server).await);
    let bearer = format!("Bearer {token}");
    let path = format!("/orders/7?apikey={token}");
    for headers in [
        &[("x-api-key", token), ("authorization", bearer.as_str())][..],
        &[],
    ] {
        let wishes = [("sources", "header:X-API-Key,bearer,query:apikey")];
        let answer = client.check(question(&wishes, "GET", &path, headers)).await;
        assert!(answer.expect("an answer").into_inner().status.is_some());
    }
}

/// The status that Envoy is to answer a client at 192.0.2.7, and `Retry-After`.
pub(crate) async fn status_over_grpc(server: &Server, token: &str) -> (i32, Option<String>) {
    let mut client = AuthorizationClient::new(channel(server).await);
    let asked = question(&[], "GET", "/", &[("x-api-key", token)]);
    let response = client.check(asked).await.expect("an answer").into_inner();
    let Some(HttpResponse::DeniedResponse(denied)) = response.http_response else {
        return (200, None);
    };
    let header = denied
        .headers
        .iter()
        .filter_map(|option| option.header.as_ref())
        .find(|header| header.key == "retry-after");
    let wait = header.map(|header| header.value.clone());
    (denied.status.map_or(0, |status| status.code), wait)
}

#[tokio::test]
async fn envoy_is_told_how_to_change_a_request_that_passes() {
    let server = Server::start(Engine::Sqlite).await;
    orders(&server).await;
    let sources = ["query:apikey", "header:X-API-Key", "bearer"];
    server.policy(json!({"accept": {"sources": sources}})).await;
    let key = server
        .create(json!({"name": "Läs", "permissions": ["orders:view"], "networks": ["192.0.2.7"]}))
        .await;
    let secret = text(&key, "secret");
    let mut client = AuthorizationClient::new(channel(&server).await);
    let bearer = format!("Bearer {secret}");
    let asked = question(
        &[
            ("api", "orders"),
            ("sources", "header:X-API-Key,bearer,query:apikey"),
        ],
        "GET",
        &format!("/orders/7?x=1&apikey={secret}"),
        &[
            (":path", "/orders/7"),
            ("x-api-key", secret),
            ("authorization", &bearer),
            ("claviger-key-id", "forged"),
            ("claviger_owner_id", "forged"),
            ("claviger-admin", "yes"),
        ],
    );
    let response = client.check(asked).await.expect("an answer").into_inner();
    assert_eq!(
        response.status.as_ref().map(|status| status.code),
        Some(Code::Ok as i32)
    );
    let ok = passed(&response);
    let set: HashMap<&str, &str> = ok
        .headers
        .iter()
        .filter_map(|one| one.header.as_ref())
        .map(|header| (header.key.as_str(), header.value.as_str()))
        .collect();
    assert_eq!(set.len(), 7, "{set:?}");
    assert_eq!(set["claviger-key-id"], text(&key, "id"));
    assert_eq!(set["claviger-key-name"], "L%C3%A4s");
    for gone in [
        "x-api-key",
        "apikey",
        "authorization",
        "claviger_owner_id",
        "claviger-admin",
    ] {
        assert!(ok.headers_to_remove.iter().any(|name| name == gone), "{gone}");
    }
    // Removed last by Envoy, it would be missing.
    assert!(!ok.headers_to_remove.iter().any(|name| name == "claviger-key-id"));
    assert_eq!(ok.query_parameters_to_remove, ["apikey"]);
    let metadata = response.dynamic_metadata.expect("metadata");
    let id = metadata.fields["key_id"].kind.clone();
    assert_eq!(id, Some(Json::StringValue(text(&key, "id").to_owned())));
    assert!(
        matches!(&metadata.fields["permissions"].kind, Some(Json::ListValue(list)) if list.values.len() == 1)
    );
}

#[tokio::test]
async fn envoy_is_told_what_to_answer_to_a_request_that_does_not_pass() {
    let server = Server::start(Engine::Sqlite).await;
    orders(&server).await;
    let key = server.create(json!({"permissions": ["orders:view"]})).await;
    let mut client = AuthorizationClient::new(channel(&server).await);
    let secret = text(&key, "secret");
    for (wishes, path, token, status, rpc, code) in [
        (
            &[("tell", "coded")][..],
            "/",
            None,
            401,
            Code::Unauthenticated,
            "TOKEN_MISSING",
        ),
        (
            &[("tell", "coded")],
            "/",
            Some("sk_live_unknown"),
            401,
            Code::Unauthenticated,
            "TOKEN_INVALID",
        ),
        (
            &[],
            "/",
            Some("sk_live_unknown"),
            401,
            Code::Unauthenticated,
            "unauthenticated",
        ),
        (
            &[("tell", "coded"), ("api", "orders")],
            "/nowhere",
            Some(secret),
            403,
            Code::PermissionDenied,
            "NO_ROUTE",
        ),
        (
            &[("tell", "coded")],
            "/a//b",
            Some(secret),
            403,
            Code::PermissionDenied,
            "AMBIGUOUS_PATH",
        ),
        (
            &[("tell", "coded"), ("owner", "user")],
            "/",
            Some(secret),
            403,
            Code::PermissionDenied,
            "GUARD_MISMATCH",
        ),
    ] {
        let headers: Vec<(&str, &str)> = token.map(|token| ("x-api-key", token)).into_iter().collect();
        let response = client
            .check(question(wishes, "GET", path, &headers))
            .await
            .expect("an answer")
            .into_inner();
        let denied = denied(&response);
        assert_eq!(
            denied.status.as_ref().map(|status| status.code),
            Some(status),
            "{code}"
        );
        assert_eq!(
            response.status.as_ref().map(|status| status.code),
            Some(rpc as i32),
            "{code}"
        );
        let body: serde_json::Value = serde_json::from_str(&denied.body).expect("JSON");
        assert_eq!(body["code"], code);
        let names: Vec<&str> = denied
            .headers
            .iter()
            .filter_map(|one| one.header.as_ref())
            .map(|h| h.key.as_str())
            .collect();
        for name in ["www-authenticate", "cache-control", "content-type"] {
            assert!(names.contains(&name), "{code}: {name} of {names:?}");
        }
    }
}

#[tokio::test]
async fn a_question_that_cannot_be_understood_is_no_yes() {
    let mut server = Server::start(Engine::Sqlite).await;
    let key = [("x-api-key", server.key.clone())];
    let headers: Vec<(&str, &str)> = key.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let mut client = AuthorizationClient::new(channel(&server).await);
    for asked in [
        CheckRequest::default(),
        question(&[("apis", "orders")], "GET", "/", &headers),
        question(&[("require", "a")], "GET", "/", &headers),
    ] {
        let fault = client.check(asked).await.expect_err("no answer");
        assert_eq!(fault.code(), Code::InvalidArgument, "{fault}");
    }
    server.stop();
    server
        .environment
        .push(("CLAVIGER_DOORS_GATEWAYS", "198.51.100.0/24".to_owned()));
    server.serve().await;
    let mut client = AuthorizationClient::new(channel(&server).await);
    let fault = client
        .check(question(&[], "GET", "/", &headers))
        .await
        .expect_err("no answer");
    assert_eq!(fault.code(), Code::PermissionDenied, "who is no gateway: {fault}");
    server.stop();
    server.environment = vec![(
        "CLAVIGER_VERIFICATION_GATEWAY_TOKEN",
        "sample-gateway-token".to_owned(),
    )];
    server.serve().await;
    let mut client = AuthorizationClient::new(channel(&server).await);
    let fault = client
        .check(question(&[], "GET", "/", &headers))
        .await
        .expect_err("no answer");
    assert_eq!(
        fault.code(),
        Code::Unauthenticated,
        "without the gateway's token: {fault}"
    );
    let mut known = tonic::Request::new(question(&[], "GET", "/", &headers));
    known.metadata_mut().insert(
        "claviger-gateway-token",
        "sample-gateway-token".parse().expect("a value"),
    );
    let response = client.check(known).await.expect("an answer").into_inner();
    assert_eq!(passed(&response).headers.len(), 7);
}

#[tokio::test]
async fn the_grpc_listener_tells_its_health() {
    let server = Server::start(Engine::Sqlite).await;
    let mut client = HealthClient::new(channel(&server).await);
    for service in ["", "envoy.service.auth.v3.Authorization"] {
        let asked = HealthCheckRequest {
            service: service.to_owned(),
        };
        let told = client.check(asked).await.expect("an answer").into_inner();
        assert_eq!(told.status, ServingStatus::Serving as i32, "{service}");
    }
}
