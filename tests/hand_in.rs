//! A token can be ended by whoever holds it, and by whoever finds it; and programs that know OAuth 2.0 can ask about it.

use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

use crate::support::{Answer, ENGINES, Engine, Server, path_of, text};

fn form(request: RequestBuilder, token: &str) -> RequestBuilder {
    request
        .header("content-type", "application/x-www-form-urlencoded")
        .body(format!("token={token}&token_type_hint=access_token"))
}

async fn code(server: &Server, key: &Value) -> String {
    text(&server.verify(text(key, "secret")).await, "code").to_owned()
}

async fn events(server: &Server, key: &Value) -> Vec<String> {
    let (_, body) = server.call(Method::GET, &path_of(key, "events"), None).await;
    let items = body["items"].as_array().expect("items");
    items
        .iter()
        .map(|event| text(event, "action").to_owned())
        .collect()
}

#[tokio::test]
async fn a_key_revokes_itself_at_either_listener() {
    for engine in ENGINES {
        let server = Server::start(engine).await;
        let [one, other] = [server.create(json!({})).await, server.create(json!({})).await];
        for (key, request) in [
            (&one, server.anonymous(Method::POST, "/v1/self/revoke")),
            (&other, server.door(Method::POST, "/v1/self/revoke")),
        ] {
            assert_eq!(code(&server, key).await, "VALID");
            let again = request.try_clone().expect("a request");
            let answer = Answer::of(request.bearer_auth(text(key, "secret"))).await;
            assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
            assert_eq!(answer.body["key_id"], key["id"]);
            assert_eq!(code(&server, key).await, "REVOKED");
            Answer::of(again.bearer_auth(text(key, "secret"))).await.refused(
                401,
                "unauthenticated",
                "a revoked key",
            );
            assert!(events(&server, key).await.contains(&"key.revoke".to_owned()));
        }
        let (status, _) = server.call(Method::POST, &path_of(&one, "protect"), None).await;
        assert_eq!(status, StatusCode::CONFLICT);
        let kept = server.create(json!({})).await;
        let (status, _) = server.call(Method::POST, &path_of(&kept, "protect"), None).await;
        assert_eq!(status, StatusCode::OK);
        let request = server
            .anonymous(Method::POST, "/v1/self/revoke")
            .bearer_auth(text(&kept, "secret"));
        Answer::of(request)
            .await
            .refused(409, "key_protected", "a protected key");
        assert_eq!(code(&server, &kept).await, "VALID");
    }
}

#[tokio::test]
async fn a_token_is_revoked_by_its_holder_as_rfc_7009_has_it() {
    let server = Server::start(Engine::Sqlite).await;
    let key = server.create(json!({})).await;
    let revoke = |token: &str| form(server.anonymous(Method::POST, "/oauth2/revoke"), token);
    for token in [text(&key, "secret"), text(&key, "secret"), "sk_live_unknown"] {
        let answer = Answer::of(revoke(token)).await;
        assert_eq!((answer.status.as_u16(), answer.text.as_str()), (200, ""));
    }
    assert_eq!(code(&server, &key).await, "REVOKED");
    for (kind, body) in [
        ("application/json", "{\"token\": \"x\"}"),
        ("application/x-www-form-urlencoded", ""),
        ("application/x-www-form-urlencoded", "token="),
        ("application/x-www-form-urlencoded", "token=a&token=b"),
    ] {
        let request = server
            .anonymous(Method::POST, "/oauth2/revoke")
            .header("content-type", kind)
            .body(body);
        Answer::of(request).await.refused(400, "invalid_request", body);
    }
}

#[tokio::test]
async fn introspection_tells_what_an_accepted_token_is_and_of_others_nothing() {
    let server = Server::start(Engine::Sqlite).await;
    let key = server
        .create(json!({"name": "Billing", "permissions": ["orders:view", "a:*"], "expires_at": "2099-01-01T00:00:00Z"}))
        .await;
    let weak = server.create(json!({})).await;
    let at = |listener: &str, token: &str| match listener {
        "management" => form(server.request(Method::POST, "/oauth2/introspect"), token),
        _ => form(server.door(Method::POST, "/oauth2/introspect"), token),
    };
    for listener in ["management", "verification"] {
        let told = Answer::of(at(listener, text(&key, "secret"))).await;
        assert_eq!(told.status, StatusCode::OK, "{}", told.text);
        assert_eq!(told.header("cache-control"), "no-store");
        assert_eq!(told.body["active"], true);
        assert_eq!(told.body["client_id"], key["id"]);
        assert_eq!(told.body["exp"], 4_070_908_800_i64);
        assert_eq!(told.body["organisation_slug"], "sample-ltd");
        let mut scope: Vec<&str> = text(&told.body, "scope").split(' ').collect();
        scope.sort_unstable();
        assert_eq!(scope, ["a:*", "orders:view"]);
        for token in ["sk_live_unknown", "x"] {
            assert_eq!(Answer::of(at(listener, token)).await.text, "{\"active\":false}");
        }
    }
    let request = server
        .anonymous(Method::POST, "/oauth2/introspect")
        .bearer_auth(text(&weak, "secret"));
    Answer::of(form(request, text(&key, "secret"))).await.refused(
        403,
        "forbidden",
        "a key without the permission",
    );
    let (status, _) = server.call(Method::POST, &path_of(&key, "revoke"), None).await;
    assert_eq!(status, StatusCode::OK);
    for listener in ["management", "verification"] {
        assert_eq!(
            Answer::of(at(listener, text(&key, "secret"))).await.text,
            "{\"active\":false}"
        );
    }
}

#[tokio::test]
async fn a_leaked_token_is_ended_and_the_answer_does_not_say_so() {
    for engine in ENGINES {
        let server = Server::start(engine).await;
        let report = async |token: &str| {
            let body = json!({"token": token, "found_at": "https://code.example.com/config.py"});
            Answer::of(server.anonymous(Method::POST, "/v1/leaks").json(&body)).await
        };
        let [plain, protected, rotated] = [
            server.create(json!({})).await,
            server.create(json!({})).await,
            server.create(json!({})).await,
        ];
        let (status, _) = server
            .call(Method::POST, &path_of(&protected, "protect"), None)
            .await;
        assert_eq!(status, StatusCode::OK);
        let (status, fresh) = server
            .call(
                Method::POST,
                &path_of(&rotated, "rotate"),
                Some(json!({"grace": "1h"})),
            )
            .await;
        assert_eq!(status, StatusCode::OK, "{fresh}");
        assert_eq!(code(&server, &rotated).await, "VALID", "in its grace");

        let real = report(text(&plain, "secret")).await;
        let unknown = report("sk_live_unknown").await;
        for answer in [&real, &unknown] {
            assert_eq!((answer.status.as_u16(), answer.text.as_str()), (202, ""));
        }
        let names = |answer: &Answer| answer.headers.keys().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(names(&real), names(&unknown));
        assert_eq!(code(&server, &plain).await, "REVOKED");
        assert!(events(&server, &plain).await.contains(&"key.leaked".to_owned()));

        assert_eq!(report(text(&protected, "secret")).await.status, 202);
        assert_eq!(code(&server, &protected).await, "REVOKED");

        assert_eq!(report(text(&rotated, "secret")).await.status, 202);
        assert_eq!(code(&server, &rotated).await, "REVOKED", "the token that leaked");
        assert_eq!(
            code(&server, &fresh).await,
            "VALID",
            "the token that took its place"
        );
        assert_eq!(report(text(&rotated, "secret")).await.status, 202, "once more");
    }
}

#[tokio::test]
async fn reports_of_leaks_are_slowed_by_address() {
    let server = Server::start(Engine::Sqlite).await;
    let mut statuses = Vec::new();
    for _ in 0..21 {
        let request = server
            .anonymous(Method::POST, "/v1/leaks")
            .json(&json!({"token": "sk_live_unknown"}));
        let answer = Answer::of(request).await;
        statuses.push(answer.status.as_u16());
        if answer.status == StatusCode::TOO_MANY_REQUESTS {
            let wait: u32 = answer.header("retry-after").parse().expect("seconds");
            assert!((1..=61).contains(&wait));
            answer.refused(429, "too_many_attempts", "the 21st");
        }
    }
    assert_eq!((statuses[19], statuses[20]), (202, 429), "{statuses:?}");
    for body in [json!({}), json!({"token": 1}), json!({"token": "x", "who": "me"})] {
        let request = server.anonymous(Method::POST, "/v1/leaks").json(&body);
        Answer::of(request)
            .await
            .refused(400, "invalid_json", &body.to_string());
    }
}

/// Somebody who signs reports, and the list of keys that they publish.
struct Scanner {
    pair: EcdsaKeyPair,
    list: Value,
}

impl Scanner {
    fn new(identifier: &str) -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).expect("a key");
        let der: PublicKeyX509Der<'_> = pair.public_key().as_der().expect("its public part");
        let pem = format!(
            "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
            STANDARD.encode(der.as_ref())
        );
        let list = json!({"public_keys": [{"key_identifier": identifier, "key": pem, "is_current": true}]});
        Self { pair, list }
    }

    fn sign(&self, body: &str) -> String {
        let signature = self
            .pair
            .sign(&SystemRandom::new(), body.as_bytes())
            .expect("a signature");
        STANDARD.encode(signature.as_ref())
    }
}

#[tokio::test]
async fn a_signed_report_ends_tokens_or_only_tells_of_them_as_the_policy_says_and_an_unsigned_one_does_nothing()
 {
    for engine in ENGINES {
        let mut server = Server::init(engine).await;
        let (scanner, other) = (Scanner::new("first"), Scanner::new("first"));
        let list = server.directory().join("github.json");
        std::fs::write(&list, scanner.list.to_string()).expect("a file");
        let path = list.to_str().expect("a path").to_owned();
        server.environment = vec![("CLAVIGER_LEAKS_GITHUB_KEYS", path)];
        server.serve().await;
        let send = async |body: &str, key: &str, signature: &str| {
            let request = server
                .anonymous(Method::POST, "/v1/leaks/github")
                .header("content-type", "application/json")
                .header("Github-Public-Key-Identifier", key)
                .header("Github-Public-Key-Signature", signature);
            Answer::of(request.body(body.to_owned())).await
        };
        let of = |tokens: &[&str]| {
            let alerts: Vec<Value> = tokens
                .iter()
                .map(|token| json!({"token": token, "type": "sample", "url": "https://code.example.com/a.py", "source": "commit"}))
                .collect();
            json!(alerts).to_string()
        };
        let [leaked, told] = [server.create(json!({})).await, server.create(json!({})).await];
        let body = of(&[text(&leaked, "secret"), "sk_live_unknown"]);

        for (key, signature) in [
            ("first", other.sign(&body)),
            ("first", scanner.sign("[]")),
            ("second", scanner.sign(&body)),
        ] {
            let refused = send(&body, key, &signature).await;
            refused.refused(401, "unauthenticated", "a report that nobody has signed");
        }
        assert_eq!(code(&server, &leaked).await, "VALID");

        let answer = send(&body, "first", &scanner.sign(&body)).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        let labels: Vec<&str> = answer
            .body
            .as_array()
            .expect("labels")
            .iter()
            .map(|one| text(one, "label"))
            .collect();
        assert_eq!(labels, ["true_positive", "false_positive"]);
        assert!(!answer.text.contains(text(&leaked, "secret")));
        assert_eq!(code(&server, &leaked).await, "REVOKED");

        let (status, policy) = server
            .call(Method::PATCH, "/v1/policy", Some(json!({"leaks": "report"})))
            .await;
        assert_eq!(status, StatusCode::OK, "{policy}");
        let body = of(&[text(&told, "secret")]);
        let answer = send(&body, "first", &scanner.sign(&body)).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        assert_eq!(code(&server, &told).await, "VALID", "whose it is decides");
        assert!(events(&server, &told).await.contains(&"key.leaked".to_owned()));

        let wrong = "{\"token\": \"x\"}";
        send(wrong, "first", &scanner.sign(wrong))
            .await
            .refused(400, "invalid_request", "no list of tokens");
        let many = of(&["x"; 1_001]);
        send(&many, "first", &scanner.sign(&many))
            .await
            .refused(400, "invalid_request", "too many tokens");
    }
    let server = Server::start(Engine::Sqlite).await;
    let request = || server.anonymous(Method::POST, "/v1/leaks/github").body("[]");
    Answer::of(request())
        .await
        .refused(400, "invalid_request", "nobody signed it");
    let signed = request()
        .header("Github-Public-Key-Identifier", "first")
        .header("Github-Public-Key-Signature", Scanner::new("first").sign("[]"));
    Answer::of(signed)
        .await
        .refused(404, "not_found", "nobody's keys are to be believed");
}
