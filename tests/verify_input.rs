//! `/v1/verify` answers every token with a code and every question that cannot be read with a problem; `/v1/self` takes a
//! token from a request's headers and never guesses between two.

use domain::organisation::OrganisationStatus;
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::support::{Answer, Engine, Server, crc32, path_of, text};

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The token with its checksum made right for what stands before it.
fn rechecked(token: &str) -> String {
    let before = &token[..token.len() - 6];
    let crc = crc32(before.as_bytes());
    let digit = |place: u32| char::from(BASE62[(crc / 62_u32.pow(place) % 62) as usize]);
    let digits: String = (0..6).rev().map(digit).collect();
    format!("{before}{digits}")
}

/// The token with the character at `at` replaced by another.
fn changed(token: &str, at: usize) -> String {
    let mut bytes = token.as_bytes().to_vec();
    bytes[at] = if bytes[at] == b'x' { b'y' } else { b'x' };
    String::from_utf8(bytes).expect("ASCII")
}

#[tokio::test]
async fn any_token_gets_a_code_and_only_the_right_one_is_valid() {
    let server = Server::start(Engine::Sqlite).await;
    let key = server.create(json!({})).await;
    let token = text(&key, "secret");
    assert_eq!(rechecked(token), token, "this test's checksum is the product's");
    for (case, presented) in [
        ("as it is", token.to_owned()),
        ("spaces around it", format!("  {token}\t")),
        ("a line break after it", format!("{token}\r\n")),
    ] {
        assert_eq!(server.verify(&presented).await["code"], "VALID", "{case}");
    }
    let middle = token.len() / 2;
    for (case, presented) in [
        ("empty", String::new()),
        ("spaces", "   ".to_owned()),
        ("NUL after it", format!("{token}\0")),
        ("NUL alone", "\0".to_owned()),
        (
            "a space inside",
            format!("{} {}", &token[..middle], &token[middle..]),
        ),
        (
            "a line break inside",
            format!("{}\n{}", &token[..middle], &token[middle..]),
        ),
        ("not ASCII", format!("{token}ü")),
        ("wide letters", token.replace("sk_live", "ｓｋ_live")),
        ("another prefix", token.replace("sk_live", "sk_test")),
        (
            "another prefix, checksum right",
            rechecked(&token.replace("sk_live", "sk_test")),
        ),
        ("wrong checksum", changed(token, token.len() - 1)),
        ("one character changed", changed(token, middle)),
        (
            "one character changed, checksum right",
            rechecked(&changed(token, middle)),
        ),
        ("cut off", token[..token.len() - 1].to_owned()),
        ("one more", format!("{token}0")),
        ("twice", format!("{token}{token}")),
        ("with Bearer", format!("Bearer {token}")),
        ("in capitals", token.to_uppercase()),
        ("its display form", text(&key, "display").to_owned()),
        ("10,000 characters", "x".repeat(10_000)),
    ] {
        let answer = server.verify(&presented).await;
        let facts = answer.as_object().expect("an object").len();
        assert_eq!(
            (answer["code"].as_str(), facts),
            (Some("NOT_FOUND"), 2),
            "{case}: {answer}"
        );
    }
}

fn typed(request: RequestBuilder, body: impl Into<reqwest::Body>) -> RequestBuilder {
    request.header(CONTENT_TYPE, "application/json").body(body)
}

#[tokio::test]
async fn a_question_that_cannot_be_read_is_refused_at_both_doors() {
    let server = Server::start(Engine::Sqlite).await;
    let key = server.create(json!({"permissions": ["customers:view"]})).await;
    let token = text(&key, "secret");
    type Door<'a> = (&'a str, Box<dyn Fn(&str) -> RequestBuilder + 'a>);
    let doors: [Door<'_>; 2] = [
        ("verification", Box::new(|path| server.door(Method::POST, path))),
        ("management", Box::new(|path| server.request(Method::POST, path))),
    ];
    for (door, post) in &doors {
        let with = |body: Value| typed(post("/v1/verify"), body.to_string());
        let raw = |body: &str| typed(post("/v1/verify"), body.to_owned());
        let batch = |body: String| typed(post("/v1/verify/batch"), body);
        let (json, field) = ("invalid_json", "invalid_request");
        let requires = |text: &str| with(json!({"key": token, "permissions": text}));
        let nested = format!("{}a:b{}", "(".repeat(33), ")".repeat(33));
        let cases = [
            ("no fields", raw("{}"), 400, json),
            ("an array", raw("[]"), 400, json),
            ("fields by position", with(json!([token, null, null])), 400, json),
            ("a text", raw("\"x\""), 400, json),
            ("cut off", raw("{\"key\":\""), 400, json),
            (
                "an unknown field",
                with(json!({"key": token, "colour": 1})),
                400,
                json,
            ),
            ("a field twice", raw("{\"key\":\"a\",\"key\":\"b\"}"), 400, json),
            ("a key that is a number", with(json!({"key": 1})), 400, json),
            ("no key", with(json!({"key": null})), 400, json),
            ("half a surrogate", raw("{\"key\":\"\\ud800\"}"), 400, json),
            (
                "not UTF-8",
                typed(post("/v1/verify"), b"{\"key\":\"\xff\"}".to_vec()),
                400,
                json,
            ),
            (
                "an address that is none",
                with(json!({"key": token, "ip": "300.0.0.1"})),
                400,
                json,
            ),
            (
                "an address with a port",
                with(json!({"key": token, "ip": "10.0.0.1:80"})),
                400,
                json,
            ),
            ("no address", with(json!({"key": token, "ip": ""})), 400, json),
            (
                "1 MB",
                with(json!({"key": "x".repeat(1 << 20)})),
                413,
                "payload_too_large",
            ),
            (
                "no type",
                post("/v1/verify").body("{\"key\":\"x\"}"),
                415,
                "unsupported_media_type",
            ),
            (
                "plain text",
                post("/v1/verify").header(CONTENT_TYPE, "text/plain").body("{}"),
                415,
                "unsupported_media_type",
            ),
            ("an empty requirement", requires(""), 400, field),
            ("a word missing", requires("a:b AND"), 400, field),
            ("no parenthesis", requires("(a:b"), 400, field),
            ("a parenthesis too many", requires("a:b)"), 400, field),
            ("a wildcard", requires("customers:*"), 400, field),
            ("everything", requires("*"), 400, field),
            ("no AND between", requires("a:b c:d"), 400, field),
            ("NUL", requires("a:b\0"), 400, field),
            ("33 deep", requires(&nested), 400, field),
            ("5,000 characters", requires(&"a:b AND ".repeat(625)), 400, field),
            ("batch: an array", batch("[]".to_owned()), 400, json),
            ("batch: no requests", batch("{}".to_owned()), 400, json),
            (
                "batch: a request that is none",
                batch(json!({"requests": [{}]}).to_string()),
                400,
                json,
            ),
            (
                "batch: 1,001",
                batch(json!({"requests": vec![json!({"key": "x"}); 1001]}).to_string()),
                400,
                field,
            ),
            (
                "batch: 2 MB",
                batch(" ".repeat(2 << 20)),
                413,
                "payload_too_large",
            ),
            (
                "batch: no type",
                post("/v1/verify/batch").body("{}"),
                415,
                "unsupported_media_type",
            ),
            (
                "batch: one bad requirement",
                batch(json!({"requests": [{"key": token}, {"key": token, "permissions": "*"}]}).to_string()),
                400,
                field,
            ),
        ];
        let mut faults = Vec::new();
        for (case, request, status, code) in cases {
            let fault = Answer::of(request).await.fault(status, code);
            faults.extend(fault.map(|fault| format!("{door}, {case}: {fault}")));
        }
        assert!(faults.is_empty(), "{faults:#?}");
        // Whoever wrote it is told where, also when the token is no good.
        for token in [token, "nonsense"] {
            let answer = Answer::of(with(json!({"key": token, "permissions": "a:b AND )"}))).await;
            assert!(answer.text.contains("position 8"), "{}", answer.text);
        }
    }
    for (method, path) in [
        (Method::GET, "/v1/verify"),
        (Method::PUT, "/v1/verify/batch"),
        (Method::POST, "/v1/self"),
        (Method::DELETE, "/healthz"),
    ] {
        let answer = Answer::of(server.door(method.clone(), path)).await;
        answer.refused(405, "method_not_allowed", path);
        assert!(!answer.header("allow").is_empty(), "{path}");
        assert!(!answer.header("allow").contains(method.as_str()), "{path}");
    }
    for path in ["/", "/v1/keys", "/v1/verify/", "/v1/verify%00", "/setup/x"] {
        Answer::of(server.door(Method::GET, path))
            .await
            .refused(404, "not_found", path);
    }
}

#[tokio::test]
async fn a_batch_is_answered_in_its_order_up_to_a_thousand() {
    let server = Server::start(Engine::Sqlite).await;
    let key = server.create(json!({"permissions": ["a:b"]})).await;
    let token = text(&key, "secret");
    let ask = |requests: Vec<Value>| {
        server
            .door(Method::POST, "/v1/verify/batch")
            .json(&json!({"requests": requests}))
    };
    let requests: Vec<Value> = (0..1000)
        .map(|i| match i % 3 {
            0 => json!({"key": token}),
            1 => json!({"key": format!("unknown{i}")}),
            _ => json!({"key": token, "permissions": "c:d"}),
        })
        .collect();
    let answer = Answer::of(ask(requests)).await;
    let results = answer.body["results"].as_array().expect("results");
    assert_eq!(results.len(), 1000);
    for (i, result) in results.iter().enumerate() {
        let expected = ["VALID", "NOT_FOUND", "INSUFFICIENT_PERMISSIONS"][i % 3];
        assert_eq!(result["code"], expected, "{i}");
    }
    assert_eq!(Answer::of(ask(Vec::new())).await.body, json!({"results": []}));
}

#[tokio::test]
async fn the_bearer_of_a_key_learns_of_it_and_two_tokens_are_never_guessed_between() {
    let server = Server::start(Engine::Sqlite).await;
    let key = server.create(json!({"name": "Its own"})).await;
    let (token, other) = (text(&key, "secret"), server.create(json!({})).await);
    let other = text(&other, "secret");
    let foreign = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl";
    for (door, get) in [
        ("verification", server.door(Method::GET, "/v1/self")),
        ("management", server.anonymous(Method::GET, "/v1/self")),
    ] {
        let get = || get.try_clone().expect("a request without a body");
        for (case, request) in [
            ("X-API-Key", get().header("X-API-Key", token)),
            ("x-api-key", get().header("x-api-key", token)),
            ("Bearer", get().header("Authorization", format!("Bearer {token}"))),
            ("bearer", get().header("authorization", format!("bearer {token}"))),
            (
                "BEARER",
                get().header("AUTHORIZATION", format!("BEARER  {token} ")),
            ),
            (
                "both the same",
                get().header("X-API-Key", token).bearer_auth(token),
            ),
            (
                "a foreign bearer beside it",
                get().header("X-API-Key", token).bearer_auth(foreign),
            ),
            (
                "a password beside it",
                get().header("X-API-Key", token).basic_auth("a", Some("b")),
            ),
        ] {
            let answer = Answer::of(request).await;
            assert_eq!(
                (answer.status.as_u16(), &answer.body["name"]),
                (200, &json!("Its own")),
                "{door}, {case}: {}",
                answer.text
            );
            assert_eq!(answer.header("cache-control"), "no-store", "{door}, {case}");
            assert!(!answer.headers.contains_key("set-cookie"), "{door}, {case}");
        }
        let conflict = (400, "conflicting_tokens");
        let nobody = (401, "unauthenticated");
        for (case, request, (status, code)) in [
            (
                "two tokens",
                get().header("X-API-Key", token).bearer_auth(other),
                conflict,
            ),
            (
                "two lines of X-API-Key",
                get().header("X-API-Key", token).header("X-API-Key", other),
                conflict,
            ),
            (
                "two lines of Authorization",
                get().bearer_auth(token).bearer_auth(other),
                conflict,
            ),
            ("none", get(), nobody),
            (
                "in a query",
                server.door(Method::GET, &format!("/v1/self?apikey={token}")),
                nobody,
            ),
            (
                "in a cookie",
                get().header("Cookie", format!("apikey={token}")),
                nobody,
            ),
            (
                "another scheme",
                get().header("Authorization", format!("Token {token}")),
                nobody,
            ),
            ("no scheme", get().header("Authorization", token), nobody),
            ("an empty header", get().header("X-API-Key", ""), nobody),
            (
                "not ASCII",
                get().header(
                    "X-API-Key",
                    HeaderValue::from_bytes(b"\xff\xfe").expect("a header"),
                ),
                nobody,
            ),
            ("nonsense", get().header("X-API-Key", "nonsense"), nobody),
        ] {
            let answer = Answer::of(request).await;
            answer.refused(status, code, &format!("{door}, {case}"));
            assert_eq!(
                answer.headers.contains_key("www-authenticate"),
                status == 401,
                "{door}, {case}"
            );
        }
    }
}

#[tokio::test]
async fn every_code_is_given_for_its_own_reason() {
    let mut server = Server::start(Engine::Sqlite).await;
    let key = server
        .create(json!({"permissions": ["customers:*"], "networks": ["203.0.113.0/24", "2001:db8::/32"]}))
        .await;
    let token = text(&key, "secret").to_owned();
    let at = |ip: &str| json!({"key": token, "ip": ip});
    let code = async |body: Value| {
        server.verify_with(body).await["code"]
            .as_str()
            .expect("a code")
            .to_owned()
    };
    for (ip, expected) in [
        ("203.0.113.9", "VALID"),
        ("::ffff:203.0.113.9", "VALID"),
        ("::ffff:cb00:7109", "VALID"),
        ("2001:db8::1", "VALID"),
        ("203.0.114.1", "NETWORK_DENIED"),
        ("::ffff:203.0.114.1", "NETWORK_DENIED"),
        ("::203.0.113.9", "NETWORK_DENIED"),
        ("2001:db9::1", "NETWORK_DENIED"),
    ] {
        assert_eq!(code(at(ip)).await, expected, "{ip}");
    }
    assert_eq!(
        code(json!({"key": token})).await,
        "NETWORK_DENIED",
        "nobody said from where"
    );
    assert_eq!(code(json!({"key": "unknown"})).await, "NOT_FOUND");
    let lacking =
        json!({"key": token, "ip": "2001:db8::1", "permissions": "customers:view AND (a:b OR c:d)"});
    let answer = server.verify_with(lacking).await;
    assert_eq!(
        (&answer["code"], &answer["missing"], &answer["valid"]),
        (
            &json!("INSUFFICIENT_PERMISSIONS"),
            &json!("a:b OR c:d"),
            &json!(false)
        )
    );
    server.call(Method::POST, &path_of(&key, "disable"), None).await;
    assert_eq!(code(at("203.0.113.9")).await, "DISABLED");
    server.call(Method::POST, &path_of(&key, "enable"), None).await;

    let short = server.create(json!({"expires_in": "1s"})).await;
    let short = json!({"key": text(&short, "secret")});
    assert_eq!(code(short.clone()).await, "VALID");
    tokio::time::sleep(std::time::Duration::from_millis(1010)).await;
    assert_eq!(code(short).await, "EXPIRED");

    // From which way a token came is known where it comes in a header; the answer is a refusal, and usage says why.
    let sourced = server.create(json!({})).await;
    let by_header = text(&sourced, "secret");
    let own = || server.door(Method::GET, "/v1/self");
    server
        .policy(json!({"accept": {"sources": ["header:X-API-Key"]}}))
        .await;
    let answer = Answer::of(own().bearer_auth(by_header)).await;
    answer.refused(401, "unauthenticated", "a way that is not accepted");
    assert_eq!(Answer::of(own().header("X-API-Key", by_header)).await.status, 200);
    // The doors are narrowed, not the way to Claviger itself: who narrows them is not locked out.
    let (status, _) = server.call(Method::GET, "/v1/policy", None).await;
    assert_eq!(status, 200);
    server.policy(json!({"accept": {"sources": null}})).await;
    let counted = json!({"VALID": 1, "SOURCE_DENIED": 1});
    for attempt in 0.. {
        let (_, usage) = server.call(Method::GET, &path_of(&sourced, "usage"), None).await;
        if usage["by_code"] == counted {
            break;
        }
        assert!(attempt < 100, "{usage}");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }

    server.stop_soon().await;
    let organisation = text(&key["owner"], "id").parse().expect("an id");
    server
        .write(async move |tx| tx.set_status(organisation, OrganisationStatus::Suspended).await)
        .await;
    server.serve().await;
    assert_eq!(
        server.verify_with(at("203.0.113.9")).await["code"],
        "ORGANISATION_SUSPENDED"
    );
    let (status, _) = server.call(Method::GET, "/v1/keys", None).await;
    assert_eq!(status, 401, "no key of it manages either");
    let revoke = server.local(Method::POST, &path_of(&key, "revoke"));
    assert_eq!(Answer::of(revoke).await.status, 200, "whoever is on the host can");
    assert_eq!(server.verify_with(at("203.0.113.9")).await["code"], "REVOKED");
}
