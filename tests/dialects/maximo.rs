//! Maximo Manage's document on API keys, and the routes that it has for them: each line that promises something is a test.

use super::*;
use crate::support::ENGINES;

/// A server with a user named `coldtrace` that is a system's.
async fn maximo(engine: Engine) -> Server {
    let server = speaking(engine, &["maximo"]).await;
    user(&server, "coldtrace").await;
    server
}

async fn user(server: &Server, username: &str) {
    let body = json!({"name": username, "username": username});
    let (status, account) = server
        .call(Method::POST, "/v1/service-accounts", Some(body))
        .await;
    assert_eq!(status, StatusCode::CREATED, "{account}");
}

const KEYS: &str = "/oslc/os/mxapiapikey";
const PROPERTIES: &str = "/oslc/os/mxapiproperty";

async fn made(server: &Server, body: Value) -> Value {
    let answer = ask(server, Method::POST, KEYS, body).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
    assert!(!answer.headers.contains_key("set-cookie"));
    answer.body
}

fn at(key: &Value) -> String {
    format!("/{}", text(key, "href"))
}

/// Demands a refusal in Maximo's shape.
fn refused(answer: &Answer, status: u16, reason: &str, case: &str) {
    let error = &answer.body["Error"];
    assert_eq!(answer.status, status, "{case}: {}", answer.text);
    assert_eq!(error["reasonCode"], reason, "{case}: {}", answer.text);
    assert_eq!(error["statusCode"], status.to_string(), "{case}: {}", answer.text);
    assert!(
        error["message"].as_str().is_some_and(|text| !text.is_empty()),
        "{case}: {}",
        answer.text
    );
    assert!(!answer.headers.contains_key("set-cookie"), "{case}");
}

const INVALID: &str = "claviger#invalid_request";

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_makes_a_key_for_a_user_and_it_may_do_what_the_user_may() {
    for engine in ENGINES {
        let server = maximo(engine).await;
        let role = json!({"name": "Assets", "permissions": ["assets:view"]});
        server.call(Method::POST, "/v1/roles", Some(role)).await;
        let body = json!({"name": "Reader", "username": "reader", "roles": ["Assets"]});
        server
            .call(Method::POST, "/v1/service-accounts", Some(body))
            .await;
        let key = made(&server, json!({"expiration": -1, "userid": "READER"})).await;
        assert_eq!(
            (&key["userid"], &key["expiration"]),
            (&json!("reader"), &json!(-1)),
            "{key}"
        );
        assert_eq!(key["expirationdate"], Value::Null);
        let verdict = server.verify(text(&key, "apikey")).await;
        assert_eq!(
            (&verdict["code"], &verdict["permissions"]),
            (&json!("VALID"), &json!(["assets:view"])),
            "{verdict}"
        );
        let ours = numbered(&server, &key["apikeytokenid"]).await;
        assert_eq!(last_action(&server, &ours).await, "key.create");
        let unknown = ask(&server, Method::POST, KEYS, json!({"userid": "nobody"})).await;
        refused(&unknown, 400, INVALID, "a user that was not made before its key");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn expiration_is_minutes_or_never_as_a_number_or_a_text() {
    let server = maximo(ENGINES[0]).await;
    for (minutes, shown) in [
        (json!(90), 90),
        (json!("90"), 90),
        (json!(-1), -1),
        (json!("-1"), -1),
        (json!(52_596_000), 52_596_000),
    ] {
        let key = made(&server, json!({"expiration": minutes, "userid": "coldtrace"})).await;
        assert_eq!(key["expiration"], shown, "{key}");
        assert_eq!(key["expirationdate"].is_null(), shown == -1, "{key}");
        assert_eq!(
            ask(&server, Method::DELETE, &at(&key), Value::Null).await.status,
            204
        );
    }
    for minutes in [
        json!(0),
        json!(-2),
        json!(52_596_001),
        json!(9_223_372_036_854_775_807_i64),
        json!("9999999999"),
    ] {
        let answer = ask(
            &server,
            Method::POST,
            KEYS,
            json!({"expiration": minutes, "userid": "coldtrace"}),
        )
        .await;
        refused(&answer, 400, INVALID, &minutes.to_string());
    }
    for minutes in [
        json!("soon"),
        json!(1.5),
        json!([1]),
        json!("99999999999999999999"),
        json!("0"),
        json!("+5"),
    ] {
        let answer = ask(
            &server,
            Method::POST,
            KEYS,
            json!({"expiration": minutes, "userid": "coldtrace"}),
        )
        .await;
        refused(&answer, 400, "claviger#invalid_json", &minutes.to_string());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_has_one_key_and_a_second_is_400() {
    for engine in ENGINES {
        let server = maximo(engine).await;
        made(&server, json!({"userid": "coldtrace"})).await;
        let second = ask(&server, Method::POST, KEYS, json!({"userid": "coldtrace"})).await;
        refused(&second, 400, "BMXAA10051E", "a second key");
        user(&server, "other").await;
        made(&server, json!({"userid": "other"})).await;
        // Of many at once one wins.
        user(&server, "raced").await;
        let all = futures(&server).await;
        assert_eq!(all.iter().filter(|status| **status == 201).count(), 1, "{all:?}");
        assert_eq!(
            all.iter().filter(|status| **status == 400).count(),
            all.len() - 1,
            "{all:?}"
        );
    }
}

async fn futures(server: &Server) -> Vec<u16> {
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let request = server
            .request(Method::POST, KEYS)
            .json(&json!({"userid": "raced"}));
        tasks.spawn(async move { Answer::of(request).await.status.as_u16() });
    }
    tasks.join_all().await
}

#[tokio::test(flavor = "multi_thread")]
async fn deleting_shuts_out_at_once_and_another_key_can_be_made_at_once() {
    for engine in ENGINES {
        let server = maximo(engine).await;
        for by_number in [false, true] {
            let key = made(&server, json!({"userid": "coldtrace"})).await;
            let path = if by_number {
                format!("{KEYS}/{}", key["apikeytokenid"])
            } else {
                at(&key)
            };
            let deleted = ask(&server, Method::DELETE, &path, Value::Null).await;
            assert_eq!((deleted.status, &*deleted.text), (StatusCode::NO_CONTENT, ""));
            assert_ne!(server.verify(text(&key, "apikey")).await["code"], "VALID");
            let again = ask(&server, Method::DELETE, &path, Value::Null).await;
            refused(&again, 404, "BMXAA8727E", "deleted twice");
        }
        // An expired one does not stand in the way either, deleted or not.
        let body = json!({"name": "Expired", "owner": owner(&server).await, "expires_in": "1s"});
        let expired = server.create(body).await;
        tokio::time::sleep(std::time::Duration::from_millis(1_200)).await;
        let second = made(&server, json!({"userid": "coldtrace"})).await;
        assert_eq!(
            ask(&server, Method::DELETE, &at(&second), Value::Null)
                .await
                .status,
            204
        );
        let path = format!("{KEYS}/{}", text(&expired, "id"));
        assert_eq!(ask(&server, Method::DELETE, &path, Value::Null).await.status, 204);
        made(&server, json!({"userid": "coldtrace"})).await;
    }
}

async fn owner(server: &Server) -> String {
    let accounts = ask(
        server,
        Method::GET,
        "/v1/service-accounts?q=coldtrace",
        Value::Null,
    )
    .await;
    text(&accounts.body["items"][0], "id").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_was_generated_outside_is_taken_where_the_property_allows_it() {
    for engine in ENGINES {
        let server = maximo(engine).await;
        let outside = "Zq3vT8yLm2Xc9Rb4Kd7Ws1Hf6Jg0Pn5A";
        let body = json!({"apikey": outside, "userid": "coldtrace"});
        let answer = ask(&server, Method::POST, KEYS, body.clone()).await;
        refused(&answer, 400, "claviger#policy_refused", "not allowed yet");
        set(&server, "mxe.allowexternalapikey", "1").await;
        let key = made(&server, body).await;
        assert_eq!(key["apikey"], outside);
        assert_eq!(server.verify(outside).await["code"], "VALID");
        for weak in ["short", &"a".repeat(40), "with a space in it, which no token has"] {
            user(&server, &format!("weak{}", weak.len())).await;
            let body = json!({"apikey": weak, "userid": format!("weak{}", weak.len())});
            let answer = ask(&server, Method::POST, KEYS, body).await;
            refused(&answer, 400, INVALID, weak);
            assert!(
                text(&answer.body["Error"], "message").starts_with("apikey"),
                "{}",
                answer.text
            );
        }
    }
}

async fn set(server: &Server, name: &str, value: &str) {
    let answer = ask(
        server,
        Method::POST,
        PROPERTIES,
        json!({"propname": name, "propvalue": value}),
    )
    .await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    assert_eq!(
        (&answer.body["propname"], &answer.body["propvalue"]),
        (&json!(name), &json!(value)),
        "{}",
        answer.text
    );
}

async fn property(server: &Server, name: &str) -> String {
    let all = ask(server, Method::GET, PROPERTIES, Value::Null).await;
    assert_eq!(all.status, StatusCode::OK, "{}", all.text);
    let members = all.body["member"].as_array().expect("properties").clone();
    let found = members.into_iter().find(|one| one["propname"] == name);
    text(&found.expect("the property"), "propvalue").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_four_properties_are_fields_of_the_policy_and_take_effect_live() {
    for engine in ENGINES {
        let server = maximo(engine).await;
        for (name, value, field, expected) in [
            ("mxe.apikeyforloggedinuser", "1", "/issue_for", json!("self")),
            ("mxe.apikeyforloggedinuser", "0", "/issue_for", json!("others")),
            (
                "mxe.allowexternalapikey",
                "1",
                "/secret/source",
                json!("external_allowed"),
            ),
            (
                "mxe.allowexternalapikey",
                "0",
                "/secret/source",
                json!("generated"),
            ),
            (
                "mxe.apikeysysusers",
                "MAXADMIN,mxintadm",
                "/issue_blocked",
                json!(["MAXADMIN", "mxintadm"]),
            ),
            ("mxe.apikeysysusers", "", "/issue_blocked", json!([])),
            ("mxe.secureapikey", "1", "/secret/storage", json!("hashed")),
        ] {
            set(&server, name, value).await;
            assert_eq!(property(&server, name).await, value, "{name}");
            let policy = ask(&server, Method::GET, "/v1/policy", Value::Null).await;
            assert_eq!(
                policy.body.pointer(field),
                Some(&expected),
                "{name}: {}",
                policy.text
            );
        }
        let events = ask(&server, Method::GET, "/v1/audit?limit=1", Value::Null).await;
        assert_eq!(
            events.body["items"][0]["action"], "policy.edit",
            "{}",
            events.text
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn secureapikey_0_is_refused_with_the_reason() {
    for engine in ENGINES {
        let server = maximo(engine).await;
        let body = json!({"propname": "mxe.secureapikey", "propvalue": "0"});
        let answer = ask(&server, Method::POST, PROPERTIES, body).await;
        refused(&answer, 400, INVALID, "in clear");
        assert!(
            answer.text.contains("nothing is ever kept in clear"),
            "{}",
            answer.text
        );
        assert_eq!(property(&server, "mxe.secureapikey").await, "1");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn properties_that_cannot_be_read_are_refused() {
    let server = maximo(ENGINES[0]).await;
    for (body, reason) in [
        (
            json!({"propname": "mxe.other", "propvalue": "1"}),
            "claviger#invalid_json",
        ),
        (
            json!({"propname": "mxe.apikeyforloggedinuser"}),
            "claviger#invalid_json",
        ),
        (
            json!({"propname": "mxe.apikeyforloggedinuser", "propvalue": "yes"}),
            INVALID,
        ),
        (
            json!({"propname": "mxe.apikeyforloggedinuser", "propvalue": 2}),
            INVALID,
        ),
        (
            json!({"propname": "mxe.apikeyforloggedinuser", "propvalue": true}),
            "claviger#invalid_json",
        ),
        (
            json!({"propname": "mxe.apikeysysusers", "propvalue": "x".repeat(300)}),
            "claviger#policy_refused",
        ),
        (json!({"propname": "mxe.secureapikey", "propvalue": ""}), INVALID),
    ] {
        let answer = ask(&server, Method::POST, PROPERTIES, body.clone()).await;
        refused(&answer, 400, reason, &body.to_string());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn apikeyforloggedinuser_makes_the_administrators_route_refuse_others() {
    for engine in ENGINES {
        let server = maximo(engine).await;
        let person = Browser::first(&server).await;
        set(&server, "mxe.apikeyforloggedinuser", "1").await;
        let others = person
            .request(Method::POST, KEYS)
            .json(&json!({"userid": "coldtrace"}));
        let answer = Answer::of(others).await;
        refused(&answer, 400, "claviger#policy_refused", "for somebody else");
        let own = person
            .request(Method::POST, KEYS)
            .json(&json!({"userid": "ann@sample.example"}));
        let own = Answer::of(own).await;
        assert_eq!(own.status, StatusCode::CREATED, "{}", own.text);
        assert_eq!(own.body["userid"], "ann@sample.example");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn blocked_users_are_given_no_keys() {
    let server = maximo(ENGINES[0]).await;
    set(&server, "mxe.apikeysysusers", "COLDTRACE").await;
    let answer = ask(&server, Method::POST, KEYS, json!({"userid": "coldtrace"})).await;
    refused(&answer, 400, "claviger#policy_refused", "a blocked user");
}

#[tokio::test(flavor = "multi_thread")]
async fn ones_own_key_is_made_regenerated_and_revoked() {
    for engine in ENGINES {
        let server = maximo(engine).await;
        let person = Browser::first(&server).await;
        let create = async |body: Value| {
            let answer = Answer::of(person.request(Method::POST, "/oslc/apitoken/create").json(&body)).await;
            assert!(!answer.headers.contains_key("set-cookie"));
            answer
        };
        let first = create(json!({"expiration": -1})).await;
        assert_eq!(first.status, StatusCode::CREATED, "{}", first.text);
        assert_eq!(first.body["userid"], "ann@sample.example");
        let old = text(&first.body, "apikey");
        let again = create(json!({"expiration": 60})).await;
        assert_eq!(again.status, StatusCode::OK, "{}", again.text);
        assert_eq!(again.body["apikeytokenid"], first.body["apikeytokenid"]);
        assert!(!again.body["expirationdate"].is_null(), "{}", again.text);
        assert_eq!(server.verify(old).await["code"], "REVOKED");
        let new = text(&again.body, "apikey");
        assert_eq!(server.verify(new).await["code"], "VALID");
        let revoke = async || Answer::of(person.request(Method::POST, "/oslc/apitoken/revoke")).await;
        assert_eq!(revoke().await.status, StatusCode::NO_CONTENT);
        assert_eq!(server.verify(new).await["code"], "REVOKED");
        refused(&revoke().await, 404, "BMXAA8727E", "nothing to revoke");
        let third = create(json!({})).await;
        assert_eq!(third.status, StatusCode::CREATED, "{}", third.text);
        // The first management key is no user's.
        let nobody = ask(&server, Method::POST, "/oslc/apitoken/create", json!({})).await;
        refused(&nobody, 400, INVALID, "a caller that is no user");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn apikey_is_accepted_as_a_header_and_as_a_query_parameter() {
    for engine in ENGINES {
        let server = maximo(engine).await;
        let header = server.anonymous(Method::GET, KEYS).header("apikey", &server.key);
        let header = Answer::of(header).await;
        assert_eq!(header.status, StatusCode::OK, "{}", header.text);
        let path = format!("{KEYS}?lean=1&ccm=1&apikey={}", server.key);
        let query = Answer::of(server.anonymous(Method::GET, &path)).await;
        assert_eq!(query.status, StatusCode::OK, "{}", query.text);
        for answer in [header, query] {
            assert!(
                !answer.headers.contains_key("set-cookie"),
                "no session is opened by a key"
            );
        }
        let wrong = Answer::of(server.anonymous(Method::GET, &format!("{KEYS}?apikey=wrong"))).await;
        refused(&wrong, 401, "BMXAA9549E", "a wrong key");
        let twice = Answer::of(server.anonymous(Method::GET, &format!("{path}&apikey=other"))).await;
        refused(&twice, 400, INVALID, "two keys");
        let none = Answer::of(server.anonymous(Method::GET, KEYS)).await;
        refused(&none, 401, "BMXAA9549E", "no key");
        // Elsewhere it is not taken.
        let elsewhere = server.anonymous(Method::GET, &format!("/v1/self?apikey={}", server.key));
        assert_eq!(Answer::of(elsewhere).await.status, StatusCode::UNAUTHORIZED);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_is_counted_in_pages_with_masked_keys_and_narrowed_by_user() {
    for engine in ENGINES {
        let server = maximo(engine).await;
        user(&server, "other").await;
        let key = made(&server, json!({"userid": "coldtrace", "expiration": 60})).await;
        made(&server, json!({"userid": "other"})).await;
        let list = ask(
            &server,
            Method::GET,
            &format!("{KEYS}?lean=1&oslc.select=*&oslc.pageSize=2&pageno=1"),
            Value::Null,
        )
        .await;
        assert_eq!(list.status, StatusCode::OK, "{}", list.text);
        assert!(!list.text.contains(text(&key, "apikey")), "{}", list.text);
        let member = list.body["member"].as_array().expect("members");
        assert_eq!(
            (member.len(), &member[0]["userid"]),
            (2, &json!("other")),
            "{}",
            list.text
        );
        assert_eq!(list.body["responseInfo"]["totalCount"], 3);
        assert_eq!(list.body["responseInfo"]["totalPages"], 2);
        let where_ = "oslc.where=userid%3D%22ColdTrace%22";
        let one = ask(&server, Method::GET, &format!("{KEYS}?{where_}"), Value::Null).await;
        let member = one.body["member"].as_array().expect("members");
        assert_eq!(
            (member.len(), &member[0]["href"]),
            (1, &key["href"]),
            "{}",
            one.text
        );
        assert!(text(&member[0], "apikey").contains('…'), "{}", one.text);
        let none = ask(
            &server,
            Method::GET,
            &format!("{KEYS}?oslc.where=userid%3D%22nobody%22"),
            Value::Null,
        )
        .await;
        assert_eq!(none.body["member"], json!([]), "{}", none.text);
        for query in [
            "oslc.where=status%3D1",
            "oslc.pageSize=0",
            "oslc.pageSize=501",
            "pageno=0",
            "pageno=x",
            "oslc.orderBy=x",
            "oslc.where=%00",
        ] {
            let answer = ask(&server, Method::GET, &format!("{KEYS}?{query}"), Value::Null).await;
            refused(&answer, 400, INVALID, query);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_bodies_and_ids_are_refused() {
    let server = maximo(ENGINES[0]).await;
    for body in [
        json!([]),
        json!({"userId": "coldtrace"}),
        json!({"userid": 7}),
        json!({"apikey": null, "userid": ["x"]}),
    ] {
        let answer = ask(&server, Method::POST, KEYS, body.clone()).await;
        refused(&answer, 400, "claviger#invalid_json", &body.to_string());
    }
    for userid in [
        "",
        "x\u{0}",
        "org_01k1qhwaswfn78ypkbfj6sw3rt",
        "acct_01k1qhwaswfn78ypkbfj6sw3rt",
    ] {
        let answer = ask(&server, Method::POST, KEYS, json!({ "userid": userid })).await;
        refused(&answer, 400, INVALID, userid);
    }
    for id in [
        "0",
        "-1",
        "9223372036854775808",
        "%00",
        "_WmxvZlZL",
        "key_01k1qhwaswfn78ypkbfj6sw3rt",
        "sk_live_x",
    ] {
        let answer = ask(&server, Method::DELETE, &format!("{KEYS}/{id}"), Value::Null).await;
        refused(&answer, 404, "BMXAA8727E", id);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn users_and_keys_of_another_organisation_are_not_there() {
    for engine in ENGINES {
        let server = maximo(engine).await;
        let (organisation, other) = second(&server, "Another Ltd").await;
        let slug = text(&organisation, "slug");
        let body = json!({"name": "Theirs", "username": "theirs"});
        let account = server
            .local(Method::POST, "/v1/service-accounts")
            .header("claviger-organisation", slug);
        assert_eq!(Answer::of(account.json(&body)).await.status, StatusCode::CREATED);
        let answer = ask(&server, Method::POST, KEYS, json!({"userid": "theirs"})).await;
        refused(&answer, 400, INVALID, "another's user");
        let path = format!("{KEYS}/{}", text(&other, "id"));
        let answer = ask(&server, Method::DELETE, &path, Value::Null).await;
        refused(&answer, 404, "BMXAA8727E", "another's key");
        let list = ask(&server, Method::GET, KEYS, Value::Null).await;
        assert!(!list.text.contains(text(&other, "id")), "{}", list.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_in_the_query_or_the_body_is_in_no_log() {
    let mut server = Server::init(ENGINES[0]).await;
    server.environment = vec![("CLAVIGER_LOG_LEVEL", "trace".to_owned())];
    server.serve().await;
    server
        .policy(json!({"dialects": ["maximo"], "secret": {"source": "external_allowed"}}))
        .await;
    user(&server, "coldtrace").await;
    let outside = "Zq3vT8yLm2Xc9Rb4Kd7Ws1Hf6Jg0Pn5A";
    let path = format!("{KEYS}?apikey={}", server.key);
    let make = server
        .anonymous(Method::POST, &path)
        .json(&json!({"userid": "coldtrace", "apikey": outside}));
    assert_eq!(Answer::of(make).await.status, StatusCode::CREATED);
    let wrong = server.anonymous(Method::GET, &format!("{KEYS}?apikey={outside}&more=1"));
    Answer::of(wrong).await;
    assert!(server.stop_soon().await.success());
    let log = server.log();
    assert!(
        log.contains("a request was refused"),
        "the log says little: {log:.400}"
    );
    for token in [&server.key["sk_live_".len()..], outside] {
        assert!(!log.contains(token), "a token is in the log");
    }
}
