//! A dialect is not there for whoever has not switched it on.

use super::*;
use crate::support::ENGINES;

const ROUTES: [(&str, &str, &str); 16] = [
    ("omnicrm", "GET", "/crm/api-keys"),
    ("omnicrm", "POST", "/crm/api-keys"),
    ("omnicrm", "PATCH", "/crm/api-keys/1"),
    ("omnicrm", "DELETE", "/crm/api-keys/1"),
    ("omnicrm", "PUT", "/crm/api-keys"),
    ("openlmis", "GET", "/api/apiKeys"),
    ("openlmis", "POST", "/api/apiKeys"),
    ("openlmis", "DELETE", "/api/apiKeys/x"),
    ("openlmis", "GET", "/api/serviceAccounts"),
    ("openlmis", "PUT", "/api/serviceAccounts"),
    ("maximo", "GET", "/oslc/os/mxapiapikey"),
    ("maximo", "POST", "/oslc/os/mxapiapikey"),
    ("maximo", "DELETE", "/oslc/os/mxapiapikey/1"),
    ("maximo", "POST", "/oslc/apitoken/create"),
    ("maximo", "POST", "/oslc/apitoken/revoke"),
    ("maximo", "GET", "/oslc/os/mxapiproperty"),
];

fn without_id(answer: &Answer) -> Value {
    let mut body = answer.body.clone();
    if let Some(fields) = body.as_object_mut() {
        fields.remove("request_id");
    }
    body
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dialect_that_is_off_is_like_any_unknown_address() {
    for engine in ENGINES {
        let server = Server::start(engine).await;
        let unknown = Answer::of(server.request(Method::GET, "/crm/nothing")).await;
        unknown.refused(404, "not_found", "an unknown address");
        for (_, method, path) in ROUTES {
            let method: Method = method.parse().expect("a method");
            // With nonsense for a body: nobody looks at it.
            for request in [
                server.request(method.clone(), path),
                server.anonymous(method.clone(), path),
            ] {
                let answer = Answer::of(request.body("nonsense")).await;
                answer.refused(404, "not_found", path);
                assert_eq!(without_id(&answer), without_id(&unknown), "{method} {path}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_organisation_switches_its_own_on_and_off_at_once() {
    for engine in ENGINES {
        let server = Server::start(engine).await;
        let (_, other) = second(&server, "Another Ltd").await;
        let other = text(&other, "secret");
        for dialect in ["omnicrm", "openlmis", "maximo"] {
            server.policy(json!({ "dialects": [dialect] })).await;
            for (own, method, path) in ROUTES.iter().filter(|(_, method, _)| *method == "GET") {
                let answer = ask(&server, method.parse().expect("a method"), path, Value::Null).await;
                let expected = if *own == dialect { 200 } else { 404 };
                assert_eq!(answer.status, expected, "{path} with {dialect}: {}", answer.text);
                let (status, body) = server
                    .call_as(other, method.parse().expect("a method"), path, None)
                    .await;
                assert_eq!(status, 404, "{path} in an organisation without it: {body}");
                assert_eq!(body["code"], "not_found", "{path}");
                // Strangers learn that there is a door where there is one.
                let stranger = Answer::of(server.anonymous(method.parse().expect("a method"), path)).await;
                let expected = if *own == dialect { 401 } else { 404 };
                assert_eq!(
                    stranger.status, expected,
                    "{path} with {dialect}: {}",
                    stranger.text
                );
            }
        }
        server.policy(json!({ "dialects": [] })).await;
        let answer = ask(&server, Method::GET, "/oslc/os/mxapiapikey", Value::Null).await;
        answer.refused(404, "not_found", "switched off again");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_method_that_a_route_does_not_take_is_refused_where_the_dialect_is_on() {
    let server = speaking(ENGINES[0], &["omnicrm", "openlmis", "maximo"]).await;
    for path in ["/crm/api-keys", "/api/apiKeys", "/oslc/apitoken/create"] {
        let answer = ask(&server, Method::PUT, path, Value::Null).await;
        assert_eq!(answer.status, 405, "{path}: {}", answer.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_another_site_does_nothing_by_a_persons_session() {
    let server = speaking(ENGINES[0], &["omnicrm"]).await;
    let person = Browser::first(&server).await;
    let request = person
        .without_a_page(Method::POST, "/crm/api-keys")
        .header("sec-fetch-site", "cross-site");
    let answer = Answer::of(request.json(&json!({"name": "Forged"}))).await;
    answer.refused(403, "cross_site", "a forged request");
    let own = person.request(Method::POST, "/crm/api-keys");
    let made = Answer::of(own.json(&json!({"name": "Made by hand"}))).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    assert_eq!(made.body["created_by"], "Ann Baker");
}
