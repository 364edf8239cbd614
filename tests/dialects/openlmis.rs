//! OpenLMIS's requirements on API keys, and the shapes of the routes that it has for them.

use super::*;
use crate::support::{ENGINES, PASSWORD};

async fn openlmis(engine: Engine) -> Server {
    speaking(engine, &["openlmis"]).await
}

async fn made(server: &Server, body: Value) -> Value {
    let answer = ask(server, Method::POST, "/api/apiKeys", body).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
    answer.body
}

/// Demands a refusal in OpenLMIS's shape.
fn refused(answer: &Answer, status: u16, key: &str, case: &str) {
    assert_eq!(answer.status, status, "{case}: {}", answer.text);
    assert_eq!(answer.body["messageKey"], key, "{case}: {}", answer.text);
    assert!(
        answer.body["message"]
            .as_str()
            .is_some_and(|text| !text.is_empty()),
        "{case}: {}",
        answer.text
    );
    assert_eq!(answer.header("content-type"), "application/json", "{case}");
    assert!(!answer.headers.contains_key("set-cookie"), "{case}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_key_comes_with_token_maker_and_date_and_belongs_to_a_system() {
    for engine in ENGINES {
        let server = openlmis(engine).await;
        // As its page asks: without any body.
        let key = made(&server, Value::Null).await;
        let token = text(&key, "token");
        assert_eq!(server.verify(token).await["code"], "VALID");
        assert_eq!(server.verify(token).await["owner"]["type"], "service_account");
        assert!(text(&key, "createdBy").starts_with("key_"), "{key}");
        assert!(text(&key, "createdDate").ends_with('Z'), "{key}");
        let path = format!("/v1/service-accounts/{}", text(&key, "serviceAccountId"));
        let account = ask(&server, Method::GET, &path, Value::Null).await;
        assert!(
            text(&account.body, "username").starts_with("api-user-"),
            "{}",
            account.text
        );
        assert_eq!(last_action(&server, &key).await, "key.create");
        let path = format!("{path}/events");
        let events = ask(&server, Method::GET, &path, Value::Null).await;
        assert_eq!(
            events.body["items"][0]["action"], "account.create",
            "{}",
            events.text
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_and_its_account_are_made_together_or_not_at_all() {
    for engine in ENGINES {
        let server = openlmis(engine).await;
        server
            .policy(json!({"token": {"prefix": "sk_live", "length": 46}, "expiry": {"mode": "required"}}))
            .await;
        let answer = ask(&server, Method::POST, "/api/apiKeys", json!({"name": "Half"})).await;
        refused(
            &answer,
            400,
            "claviger.error.policy_refused",
            "a key without an end",
        );
        let accounts = ask(&server, Method::GET, "/v1/service-accounts", Value::Null).await;
        assert_eq!(accounts.body["items"], json!([]), "{}", accounts.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn partners_are_named_in_the_table_and_their_keys_found_by_them() {
    for engine in ENGINES {
        let server = openlmis(engine).await;
        made(&server, json!({"name": "Gateway", "partner": "ColdTrace"})).await;
        made(&server, json!({"partner": "Other Partner"})).await;
        let list = ask(
            &server,
            Method::GET,
            "/api/apiKeys?partner=coldtrace",
            Value::Null,
        )
        .await;
        let content = list.body["content"].as_array().expect("rows");
        assert_eq!(content.len(), 1, "{}", list.text);
        assert_eq!(
            (&content[0]["partner"], &content[0]["name"]),
            (&json!("ColdTrace"), &json!("Gateway"))
        );
        // Another key of the same system.
        let account = content[0]["serviceAccountId"].clone();
        let second = made(&server, json!({"serviceAccountId": account})).await;
        assert_eq!(second["partner"], "ColdTrace");
        let list = ask(
            &server,
            Method::GET,
            "/api/apiKeys?partner=ColdTrace",
            Value::Null,
        )
        .await;
        assert_eq!(list.body["totalElements"], 2, "{}", list.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_is_a_spring_page_newest_first_with_masked_tokens() {
    for engine in ENGINES {
        let server = openlmis(engine).await;
        let mut tokens = Vec::new();
        for name in ["b", "a", "c"] {
            tokens.push(text(&made(&server, json!({"name": name})).await, "token").to_owned());
        }
        let names = async |query: &str| {
            let page = ask(
                &server,
                Method::GET,
                &format!("/api/apiKeys?{query}"),
                Value::Null,
            )
            .await;
            assert_eq!(page.status, StatusCode::OK, "{query}: {}", page.text);
            assert!(
                !tokens.iter().any(|token| page.text.contains(token)),
                "{}",
                page.text
            );
            let names = page.body["content"]
                .as_array()
                .expect("rows")
                .iter()
                .map(|key| text(key, "name").to_owned());
            (names.collect::<Vec<_>>(), page.body.clone())
        };
        let (first, page) = names("page=0&size=2").await;
        assert_eq!(first, ["c", "a"]);
        for (field, value) in [
            ("totalElements", json!(4)),
            ("totalPages", json!(2)),
            ("size", json!(2)),
            ("number", json!(0)),
            ("numberOfElements", json!(2)),
            ("first", json!(true)),
            ("last", json!(false)),
            ("empty", json!(false)),
        ] {
            assert_eq!(page[field], value, "{field} in {page}");
        }
        assert!(text(&page["content"][0], "token").contains('…'), "{page}");
        let (second, page) = names("page=1&size=2").await;
        assert_eq!((second[0].as_str(), second.len()), ("b", 2));
        assert_eq!((&page["first"], &page["last"]), (&json!(false), &json!(true)));
        let (sorted, _) = names("sort=name,asc&size=2").await;
        assert_eq!(sorted, ["a", "b"]);
        assert_eq!(names("sort=createdDate,desc&size=1").await.0, ["c"]);
        let (beyond, page) = names("page=2147483647&size=2147483647").await;
        assert!(
            beyond.is_empty() && page["size"] == 2000 && page["last"] == true,
            "{page}"
        );
        for query in [
            "page=-1",
            "size=0",
            "size=2147483648",
            "page=99999999999",
            "sort=token",
            "sort=name,up",
            "sort=",
            "status=x",
            "other=1",
            "partner=%00",
        ] {
            let answer = ask(
                &server,
                Method::GET,
                &format!("/api/apiKeys?{query}"),
                Value::Null,
            )
            .await;
            refused(&answer, 400, "claviger.error.invalid_request", query);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removed_key_is_inactive_for_good_and_its_history_stays() {
    for engine in ENGINES {
        let server = openlmis(engine).await;
        let key = made(&server, json!({"name": "Removed"})).await;
        let token = text(&key, "token");
        let removed = ask(
            &server,
            Method::DELETE,
            &format!("/api/apiKeys/{token}"),
            Value::Null,
        )
        .await;
        assert_eq!((removed.status, &*removed.text), (StatusCode::NO_CONTENT, ""));
        assert_eq!(server.verify(token).await["code"], "REVOKED");
        let again = ask(
            &server,
            Method::DELETE,
            &format!("/api/apiKeys/{token}"),
            Value::Null,
        )
        .await;
        refused(&again, 404, "auth.error.apiKey.notFound", "removed twice");
        let list = ask(&server, Method::GET, "/api/apiKeys", Value::Null).await;
        assert!(!list.text.contains("Removed"), "{}", list.text);
        let history = ask(&server, Method::GET, "/api/apiKeys?status=inactive", Value::Null).await;
        assert_eq!(history.body["content"][0]["name"], "Removed", "{}", history.text);
        assert_eq!(history.body["content"][0]["active"], false);
        assert_eq!(last_action(&server, &key).await, "key.delete");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_named_by_its_token_its_id_or_as_lists_show_it() {
    for engine in ENGINES {
        let server = openlmis(engine).await;
        for name in ["token", "id", "masked"] {
            let key = made(&server, json!({"name": name})).await;
            let list = ask(&server, Method::GET, "/api/apiKeys?size=1", Value::Null).await;
            let shown = &list.body["content"][0];
            let handle = match name {
                "token" => text(&key, "token").to_owned(),
                "id" => text(&key, "id").to_owned(),
                _ => text(shown, "token").replace('…', "%E2%80%A6"),
            };
            let removed = ask(
                &server,
                Method::DELETE,
                &format!("/api/apiKeys/{handle}"),
                Value::Null,
            )
            .await;
            assert_eq!(removed.status, StatusCode::NO_CONTENT, "{name}: {}", removed.text);
            assert_eq!(
                server.verify(text(&key, "token")).await["code"],
                "REVOKED",
                "{name}"
            );
        }
        // A token that was replaced names the key no more.
        let key = made(&server, json!({"name": "Rotated"})).await;
        let rotate = format!("/v1/keys/{}/rotate", text(&key, "id"));
        assert_eq!(
            ask(&server, Method::POST, &rotate, json!({"grace": "0s"}))
                .await
                .status,
            200
        );
        let old = format!("/api/apiKeys/{}", text(&key, "token"));
        let answer = ask(&server, Method::DELETE, &old, Value::Null).await;
        refused(&answer, 404, "auth.error.apiKey.notFound", "a replaced token");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_token_is_400_and_an_unknown_one_404_and_neither_is_repeated() {
    let server = openlmis(ENGINES[0]).await;
    for token in ["abc%00def", "two%20words", "%F0%9F%94%91", &"x".repeat(600)] {
        let answer = ask(
            &server,
            Method::DELETE,
            &format!("/api/apiKeys/{token}"),
            Value::Null,
        )
        .await;
        refused(&answer, 400, "auth.error.token.invalid", token);
    }
    let answer = ask(&server, Method::DELETE, "/api/apiKeys/%ff", Value::Null).await;
    refused(
        &answer,
        400,
        "claviger.error.invalid_request",
        "a path that is no text",
    );
    for token in [
        "35316636-6264-6331-2d34-3933322d3462",
        "sk_live_unknown0000000000000000",
        "key_01k1qhwaswfn78ypkbfj6sw3rt",
        "sk_live_aaaa%E2%80%A6bbbb",
    ] {
        let answer = ask(
            &server,
            Method::DELETE,
            &format!("/api/apiKeys/{token}"),
            Value::Null,
        )
        .await;
        refused(&answer, 404, "auth.error.apiKey.notFound", token);
        assert!(!answer.text.contains(token), "{}", answer.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_authorization_it_is_401_in_oauths_words() {
    let server = openlmis(ENGINES[0]).await;
    for request in [
        server.anonymous(Method::GET, "/api/apiKeys"),
        server.anonymous(Method::POST, "/api/apiKeys"),
        server.anonymous(Method::DELETE, "/api/apiKeys/x"),
        server
            .anonymous(Method::GET, "/api/apiKeys")
            .bearer_auth("sk_live_secretly0000000000000"),
    ] {
        let answer = Answer::of(request).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{}", answer.text);
        assert_eq!(answer.body["error"], "unauthorized");
        assert!(answer.header("www-authenticate").starts_with("Bearer"));
        assert!(!answer.text.contains("secretly"), "{}", answer.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_neither_make_nor_list_nor_remove_keys_and_people_do() {
    for engine in ENGINES {
        let server = openlmis(engine).await;
        let person = Browser::first(&server).await;
        server.policy(json!({"keys": {"may_manage": false}})).await;
        let key = Answer::of(server.request(Method::POST, "/api/apiKeys")).await;
        refused(
            &key,
            400,
            "auth.error.apiKey.create.clientUserNotSupported",
            "a key that makes one",
        );
        for (method, path) in [
            (Method::GET, "/api/apiKeys"),
            (Method::DELETE, "/api/apiKeys/x"),
            (Method::GET, "/api/serviceAccounts"),
        ] {
            let answer = ask(&server, method, path, Value::Null).await;
            refused(
                &answer,
                403,
                "auth.error.authorization.noFollowingPermission",
                path,
            );
        }
        let made = Answer::of(person.request(Method::POST, "/api/apiKeys")).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
        assert_eq!(made.body["createdBy"], person.id().await);
        assert_eq!(person.get("/api/apiKeys").await.status, StatusCode::OK);
        let path = format!("/api/apiKeys/{}", text(&made.body, "token"));
        let removed = Answer::of(person.request(Method::DELETE, &path)).await;
        assert_eq!(removed.status, StatusCode::NO_CONTENT, "{}", removed.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_lacks_the_right_is_told_403() {
    let server = openlmis(ENGINES[0]).await;
    let mut person = Browser::invited(&server, "reader@sample.example", &["viewer"]).await;
    assert_eq!(
        person.sign_in("reader@sample.example", PASSWORD).await.status,
        201
    );
    for (method, path) in [
        (Method::POST, "/api/apiKeys"),
        (Method::DELETE, "/api/apiKeys/x"),
        (Method::POST, "/api/serviceAccounts"),
    ] {
        let answer = Answer::of(person.request(method, path)).await;
        refused(
            &answer,
            403,
            "auth.error.authorization.noFollowingPermission",
            path,
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn service_accounts_are_made_with_a_key_found_by_it_and_removed_with_it() {
    for engine in ENGINES {
        let server = openlmis(engine).await;
        let body = json!({"name": "ColdTrace", "partner": "ColdTrace", "username": "coldtrace", "roles": ["service-account"]});
        let account = ask(&server, Method::POST, "/api/serviceAccounts", body).await;
        assert_eq!(account.status, StatusCode::CREATED, "{}", account.text);
        let token = text(&account.body, "token").to_owned();
        assert_eq!(account.body["roles"], json!(["service-account"]));
        let by_token = ask(
            &server,
            Method::POST,
            "/api/serviceAccounts",
            json!({ "token": token }),
        )
        .await;
        assert_eq!(
            (by_token.status, &by_token.body["id"]),
            (StatusCode::CREATED, &account.body["id"])
        );
        assert!(by_token.body.get("token").is_none(), "{}", by_token.text);
        let path = format!("/api/serviceAccounts/{token}");
        let shown = ask(&server, Method::GET, &path, Value::Null).await;
        assert_eq!(
            (&shown.body["username"], &shown.body["liveKeys"]),
            (&json!("coldtrace"), &json!(1)),
            "{}",
            shown.text
        );
        let list = ask(
            &server,
            Method::GET,
            "/api/serviceAccounts?partner=coldtrace&sort=name,asc",
            Value::Null,
        )
        .await;
        assert_eq!(list.body["totalElements"], 1, "{}", list.text);
        let both = ask(
            &server,
            Method::POST,
            "/api/serviceAccounts",
            json!({"token": token, "name": "x"}),
        )
        .await;
        refused(&both, 400, "claviger.error.invalid_request", "a token and more");
        let removed = ask(&server, Method::DELETE, &path, Value::Null).await;
        assert_eq!(removed.status, StatusCode::NO_CONTENT, "{}", removed.text);
        assert_ne!(server.verify(&token).await["code"], "VALID");
        let gone = ask(
            &server,
            Method::GET,
            "/api/serviceAccounts/acct_01k1qhwaswfn78ypkbfj6sw3rt",
            Value::Null,
        )
        .await;
        refused(
            &gone,
            404,
            "referenceData.error.serviceAccount.notFound",
            "an unknown account",
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_cannot_be_read_are_400() {
    let server = openlmis(ENGINES[0]).await;
    for body in [
        json!([]),
        json!({"names": "x"}),
        json!({"name": 1}),
        json!({"serviceAccountId": "x"}),
        json!({"serviceAccountId": "acct_01k1qhwaswfn78ypkbfj6sw3rt"}),
        json!({"serviceAccountId": "acct_01k1qhwaswfn78ypkbfj6sw3rt", "partner": "x"}),
        json!({"username": "ünïcode"}),
    ] {
        let answer = ask(&server, Method::POST, "/api/apiKeys", body.clone()).await;
        assert_eq!(answer.status, 400, "{body}: {}", answer.text);
        assert!(answer.body["messageKey"].is_string(), "{body}: {}", answer.text);
    }
    let list = ask(&server, Method::GET, "/v1/service-accounts", Value::Null).await;
    assert_eq!(
        list.body["items"],
        json!([]),
        "nothing is half done: {}",
        list.text
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn another_organisations_token_names_nothing() {
    for engine in ENGINES {
        let server = openlmis(engine).await;
        let (_, other) = second(&server, "Another Ltd").await;
        let token = text(&other, "secret");
        for handle in [
            token.to_owned(),
            text(&other, "id").to_owned(),
            text(&other, "display").replace('…', "%E2%80%A6"),
        ] {
            let answer = ask(
                &server,
                Method::DELETE,
                &format!("/api/apiKeys/{handle}"),
                Value::Null,
            )
            .await;
            refused(&answer, 404, "auth.error.apiKey.notFound", &handle);
        }
        assert_eq!(server.verify(token).await["code"], "VALID");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_in_the_path_is_in_no_log() {
    let mut server = Server::init(ENGINES[0]).await;
    server.environment = vec![("CLAVIGER_LOG_LEVEL", "trace".to_owned())];
    server.serve().await;
    server.policy(json!({"dialects": ["openlmis"]})).await;
    let key = made(&server, json!({"name": "Logged"})).await;
    let token = text(&key, "token");
    let body = &token["sk_live_".len()..];
    ask(
        &server,
        Method::GET,
        &format!("/api/serviceAccounts/{token}"),
        Value::Null,
    )
    .await;
    // The second time there is none.
    for status in [204, 404] {
        let path = format!("/api/apiKeys/{token}");
        let answer = ask(&server, Method::DELETE, &path, Value::Null).await;
        assert_eq!(answer.status, status, "{}", answer.text);
    }
    assert!(server.stop_soon().await.success());
    let log = server.log();
    assert!(
        log.contains("a request was refused"),
        "the log says little: {log:.400}"
    );
    assert!(!log.contains(body), "the token is in the log");
}
