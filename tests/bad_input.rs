//! Whatever is sent, the answer is a stated status and code, told as a problem, and nothing is half done.

use reqwest::header::{CONTENT_TYPE, HeaderValue};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::support::{Answer, ENGINES, Engine, Server, crc32, path_of, text};

type Case = (&'static str, RequestBuilder, u16, &'static str);

/// What must be the same after a refusal: every key and its version, and the end of the audit log.
async fn state(server: &Server) -> (Value, Vec<String>, Value) {
    let summary = Answer::of(server.request(Method::GET, "/v1/keys/summary"))
        .await
        .body;
    let keys = Answer::of(server.request(Method::GET, "/v1/keys?status=all&limit=500"))
        .await
        .body;
    let audit = Answer::of(server.request(Method::GET, "/v1/audit?limit=1"))
        .await
        .body;
    let items = keys["items"].as_array().expect("keys");
    let versions = items
        .iter()
        .map(|key| format!("{} {}", key["id"], key["version"]))
        .collect();
    (summary, versions, audit["items"][0]["hash"].clone())
}

async fn all_refused(server: &Server, cases: Vec<Case>) {
    let before = state(server).await;
    let mut faults = Vec::new();
    for (case, request, status, code) in cases {
        let fault = Answer::of(request).await.fault(status, code);
        faults.extend(fault.map(|fault| format!("{case}: {fault}")));
    }
    assert!(faults.is_empty(), "{faults:#?}");
    assert_eq!(state(server).await, before, "a refusal changed something");
}

fn typed(request: RequestBuilder, body: impl Into<reqwest::Body>) -> RequestBuilder {
    request.header(CONTENT_TYPE, "application/json").body(body)
}

#[tokio::test]
async fn a_bad_body_is_refused_and_changes_nothing() {
    for engine in ENGINES {
        let server = Server::start(engine).await;
        let key = server.create(json!({})).await;
        server
            .policy(json!({"expiry": {"default": "90d", "max": "366d"}}))
            .await;
        let create = |body: &str| typed(server.request(Method::POST, "/v1/keys"), body.to_owned());
        let with = |fields: Value| {
            let mut body = json!({"name": "x"});
            body.as_object_mut()
                .expect("an object")
                .extend(fields.as_object().expect("fields").clone());
            create(&body.to_string())
        };
        let deep = format!(
            "{{\"name\":\"x\",\"metadata\":{{\"a\":{}{}}}}}",
            "[".repeat(500),
            "]".repeat(500)
        );
        let fields = "{\"name\":\"x\",\"metadata\":{\"k\":\"";
        let json = "invalid_json";
        let field = "invalid_request";
        let cases: Vec<Case> = vec![
            ("no body", server.request(Method::POST, "/v1/keys"), 400, field),
            ("empty body", create(""), 400, field),
            ("no fields", create("{}"), 400, field),
            ("an array", create("[]"), 400, json),
            (
                "fields by position",
                create(&format!("[\"x\"{}]", ",null".repeat(13))),
                400,
                json,
            ),
            ("null", create("null"), 400, json),
            ("a text", create("\"x\""), 400, json),
            ("white space", create(" \n"), 400, json),
            ("cut off", create("{\"name\":\"x"), 400, json),
            ("more after the end", create("{\"name\":\"x\"} {}"), 400, json),
            ("a name that is a number", create("{\"name\":1}"), 400, json),
            (
                "an unknown field",
                create("{\"name\":\"x\",\"colour\":\"red\"}"),
                400,
                json,
            ),
            (
                "a field twice",
                create("{\"name\":\"x\",\"name\":\"y\"}"),
                400,
                json,
            ),
            ("500 deep", create(&deep), 400, json),
            (
                "not UTF-8",
                typed(
                    server.request(Method::POST, "/v1/keys"),
                    b"{\"name\":\"\xff\"}".to_vec(),
                ),
                400,
                json,
            ),
            ("NUL between", create("{\"name\":\0\"x\"}"), 400, json),
            ("half a surrogate", create("{\"name\":\"\\ud800\"}"), 400, json),
            (
                "a number beyond all",
                create("{\"name\":\"x\",\"metadata\":{\"n\":1e999}}"),
                400,
                json,
            ),
            (
                "1 MB",
                create(&format!("{fields}{}\"}}}}", "x".repeat(1 << 20))),
                413,
                "payload_too_large",
            ),
            (
                "1 MB of white space",
                create(&" ".repeat(1 << 20)),
                413,
                "payload_too_large",
            ),
            (
                "metadata beyond 8 KiB",
                create(&format!("{fields}{}\"}}}}", "x".repeat(8 << 10))),
                400,
                field,
            ),
            (
                "metadata that is a list",
                with(json!({"metadata": []})),
                400,
                json,
            ),
            (
                "plain text",
                server
                    .request(Method::POST, "/v1/keys")
                    .header(CONTENT_TYPE, "text/plain")
                    .body("{\"name\":\"x\"}"),
                415,
                "unsupported_media_type",
            ),
            (
                "a form",
                server
                    .request(Method::POST, "/v1/keys")
                    .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                    .body("name=x"),
                415,
                "unsupported_media_type",
            ),
            (
                "no type",
                server.request(Method::POST, "/v1/keys").body("{\"name\":\"x\"}"),
                415,
                "unsupported_media_type",
            ),
            ("an empty name", with(json!({"name": ""})), 400, field),
            ("a name of spaces", with(json!({"name": "  "})), 400, field),
            ("NUL in a name", with(json!({"name": "a\0b"})), 400, field),
            (
                "a line break in a name",
                with(json!({"name": "a\nb"})),
                400,
                field,
            ),
            (
                "a colour in a name",
                with(json!({"name": "\u{1b}[31mred"})),
                400,
                field,
            ),
            (
                "C1 control in a name",
                with(json!({"name": "\u{9b}31mred"})),
                400,
                field,
            ),
            (
                "a right-to-left override",
                with(json!({"name": "gpj.\u{202e}exe"})),
                400,
                field,
            ),
            ("an isolate", with(json!({"name": "a\u{2066}b"})), 400, field),
            (
                "201 characters",
                with(json!({"name": "ü".repeat(201)})),
                400,
                field,
            ),
            (
                "NUL in a description",
                with(json!({"description": "\0"})),
                400,
                field,
            ),
            (
                "2001 characters",
                with(json!({"description": "x".repeat(2001)})),
                400,
                field,
            ),
            (
                "no permission",
                with(json!({"permissions": ["nonsense"]})),
                400,
                field,
            ),
            (
                "no action",
                with(json!({"permissions": ["customers:"]})),
                400,
                field,
            ),
            (
                "capital letters",
                with(json!({"permissions": ["Customers:View"]})),
                400,
                field,
            ),
            (
                "a star inside",
                with(json!({"permissions": ["cust*mers:view"]})),
                400,
                field,
            ),
            (
                "permissions as one text",
                with(json!({"permissions": "customers:view"})),
                400,
                json,
            ),
            (
                "257 permissions",
                with(json!({"permissions": vec!["a:b"; 257]})),
                400,
                field,
            ),
            (
                "bits beyond the prefix",
                with(json!({"networks": ["10.0.0.1/8"]})),
                400,
                field,
            ),
            ("no address", with(json!({"networks": ["300.1.1.1"]})), 400, field),
            ("129 bits", with(json!({"networks": ["::/129"]})), 400, field),
            ("an empty tag", with(json!({"tags": [""]})), 400, field),
            ("NUL in a tag", with(json!({"tags": ["a\0"]})), 400, field),
            (
                "no mail address",
                with(json!({"contacts": ["someone"]})),
                400,
                field,
            ),
            (
                "an end in the past",
                with(json!({"expires_at": "2001-01-01T00:00:00Z"})),
                400,
                field,
            ),
            (
                "an end without offset",
                with(json!({"expires_at": "2030-01-01T00:00:00"})),
                400,
                json,
            ),
            (
                "an end that is a month",
                with(json!({"expires_at": "2030-01"})),
                400,
                json,
            ),
            (
                "a day that never was",
                with(json!({"expires_at": "2030-02-30T00:00:00Z"})),
                400,
                json,
            ),
            (
                "an end that is a number",
                with(json!({"expires_at": 1_900_000_000})),
                400,
                json,
            ),
            (
                "two ends",
                with(json!({"expires_at": "2030-01-01T00:00:00Z", "expires_in": "1d"})),
                400,
                field,
            ),
            ("no life", with(json!({"expires_in": "0s"})), 400, field),
            ("a negative span", with(json!({"expires_in": "-1d"})), 400, json),
            ("an unknown unit", with(json!({"expires_in": "1y"})), 400, json),
            (
                "a span beyond a century",
                with(json!({"expires_in": "36526d"})),
                400,
                json,
            ),
            (
                "a span beyond policy",
                with(json!({"expires_in": "367d"})),
                422,
                "policy_refused",
            ),
            (
                "an end beyond policy",
                with(json!({"expires_at": "9999-01-01T00:00:00Z"})),
                422,
                "policy_refused",
            ),
            (
                "never, against policy",
                with(json!({"expires_at": null})),
                422,
                "policy_refused",
            ),
            (
                "a token against policy",
                with(json!({"secret": "4eC39HqLyjWDarjtT1zdp7dc4eC39HqL"})),
                422,
                "policy_refused",
            ),
            (
                "two secrets",
                with(json!({"secret": "x", "secret_sha256": "y"})),
                400,
                field,
            ),
            (
                "a prefix of nothing",
                with(json!({"secret_prefix": "x"})),
                400,
                field,
            ),
            ("a grace when making", with(json!({"grace": "1h"})), 400, field),
        ];
        all_refused(&server, cases).await;

        let at = |verb: &str, body: Value| {
            typed(
                server.request(Method::POST, &path_of(&key, verb)),
                body.to_string(),
            )
        };
        let edit = |body: Value| {
            typed(
                server.request(Method::PATCH, &path_of(&key, "")),
                body.to_string(),
            )
        };
        let policy = |body: Value| typed(server.request(Method::PATCH, "/v1/policy"), body.to_string());
        let cases: Vec<Case> = vec![
            (
                "edit: cut off",
                typed(server.request(Method::PATCH, &path_of(&key, "")), "{\"name\":"),
                400,
                json,
            ),
            ("edit: an array", edit(json!(["x"])), 400, json),
            ("edit: an unknown field", edit(json!({"id": "key_x"})), 400, json),
            ("edit: NUL", edit(json!({"name": "\0"})), 400, field),
            (
                "edit: a good and a bad field",
                edit(json!({"name": "good", "networks": ["bad"]})),
                400,
                field,
            ),
            (
                "edit: past",
                edit(json!({"expires_at": "2001-01-01T00:00:00Z"})),
                400,
                field,
            ),
            (
                "edit: beyond policy",
                edit(json!({"expires_in": "367d"})),
                422,
                "policy_refused",
            ),
            ("edit: protected", edit(json!({"protected": true})), 400, field),
            ("edit: a secret", edit(json!({"secret": "x"})), 400, field),
            (
                "edit: 1 MB",
                edit(json!({"name": "x".repeat(1 << 20)})),
                413,
                "payload_too_large",
            ),
            (
                "edit: as text",
                server
                    .request(Method::PATCH, &path_of(&key, ""))
                    .header(CONTENT_TYPE, "text/json")
                    .body("{}"),
                415,
                "unsupported_media_type",
            ),
            (
                "If-Match: another version",
                edit(json!({"name": "y"})).header("If-Match", "\"99\""),
                412,
                "precondition_failed",
            ),
            (
                "If-Match: a word",
                edit(json!({"name": "y"})).header("If-Match", "\"abc\""),
                400,
                field,
            ),
            (
                "If-Match: nothing",
                edit(json!({"name": "y"})).header("If-Match", ""),
                400,
                field,
            ),
            (
                "If-Match: without quotes",
                edit(json!({"name": "y"})).header("If-Match", "1"),
                400,
                field,
            ),
            (
                "If-Match: beyond 64 bits",
                edit(json!({"name": "y"})).header("If-Match", "\"99999999999999999999\""),
                400,
                field,
            ),
            (
                "If-Match: not ASCII",
                edit(json!({"name": "y"})).header("If-Match", not_ascii()),
                400,
                field,
            ),
            (
                "rotate: grace beyond policy",
                at("rotate", json!({"grace": "31d"})),
                400,
                field,
            ),
            (
                "rotate: grace of words",
                at("rotate", json!({"grace": "soon"})),
                400,
                json,
            ),
            ("rotate: a name", at("rotate", json!({"name": "x"})), 400, field),
            (
                "rotate: protected",
                at("rotate", json!({"protected": false})),
                400,
                field,
            ),
            (
                "rotate: a token against policy",
                at("rotate", json!({"secret": "4eC39HqLyjWDarjtT1zdp7dc4eC39HqL"})),
                422,
                "policy_refused",
            ),
            (
                "rotate: past",
                at("rotate", json!({"expires_at": "2001-01-01T00:00:00Z"})),
                400,
                field,
            ),
            ("rotate: an array", at("rotate", json!([])), 400, json),
            (
                "revoke: a reason by position",
                at("revoke", json!(["because"])),
                400,
                json,
            ),
            (
                "revoke: 501 characters",
                at("revoke", json!({"reason": "x".repeat(501)})),
                400,
                field,
            ),
            ("revoke: NUL", at("revoke", json!({"reason": "\0"})), 400, field),
            ("revoke: a number", at("revoke", json!({"reason": 7})), 400, json),
            (
                "revoke: an unknown field",
                at("revoke", json!({"why": "x"})),
                400,
                json,
            ),
            ("policy: a list", policy(json!([])), 400, json),
            (
                "policy: an unknown field",
                policy(json!({"rotations": {}})),
                400,
                field,
            ),
            (
                "policy: a span of words",
                policy(json!({"expiry": {"max": "soon"}})),
                400,
                field,
            ),
            (
                "policy: what cannot stand together",
                policy(json!({"rotation": {"default_grace": "31d"}})),
                422,
                "policy_refused",
            ),
            (
                "Idempotency-Key: 256 characters",
                create("{\"name\":\"x\"}").header("Idempotency-Key", "x".repeat(256)),
                400,
                field,
            ),
            (
                "Idempotency-Key: not ASCII",
                create("{\"name\":\"x\"}").header("Idempotency-Key", not_ascii()),
                400,
                field,
            ),
            (
                "Idempotency-Key: a space",
                create("{\"name\":\"x\"}").header("Idempotency-Key", "a b"),
                400,
                field,
            ),
            (
                "Idempotency-Key: empty",
                create("{\"name\":\"x\"}").header("Idempotency-Key", ""),
                400,
                field,
            ),
        ];
        all_refused(&server, cases).await;

        server
            .policy(json!({"secret": {"source": "external_allowed"}}))
            .await;
        let hash = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let cases: Vec<Case> = vec![
            (
                "a prefix with NUL",
                with(json!({"secret_sha256": hash, "secret_prefix": "a\0b"})),
                400,
                field,
            ),
            (
                "a prefix with a space",
                with(json!({"secret_sha256": hash, "secret_prefix": "a b"})),
                400,
                field,
            ),
            (
                "a prefix of 10,000 characters",
                with(json!({"secret_sha256": hash, "secret_prefix": "x".repeat(10_000)})),
                400,
                field,
            ),
        ];
        all_refused(&server, cases).await;
    }
}

fn not_ascii() -> HeaderValue {
    HeaderValue::from_bytes("\"ü\"".as_bytes()).expect("a header")
}

#[tokio::test]
async fn a_bad_address_is_refused_and_changes_nothing() {
    let server = Server::start(Engine::Sqlite).await;
    let key = server.create(json!({})).await;
    let id = text(&key, "id");
    let never = "key_01kqz0zzzzf3f8vrw1xe3m9g7a";
    let strange = [
        ("an id that never was", never.to_owned()),
        ("a secret's id", text(&key["secrets"][0], "id").to_owned()),
        ("an id of another kind", id.replace("key_", "org_")),
        ("capital letters", id.to_uppercase()),
        ("no kind", id.replace("key_", "")),
        ("no id", "key_".to_owned()),
        ("a letter more", format!("{id}a")),
        ("NUL", format!("{id}%00")),
        ("a way out", "..%2f..%2fpolicy".to_owned()),
        ("10,000 characters", "x".repeat(10_000)),
    ];
    let mut cases: Vec<Case> = Vec::new();
    for (case, id) in &strange {
        for verb in [
            "rotate",
            "revoke",
            "disable",
            "enable",
            "protect",
            "unprotect",
            "reveal",
        ] {
            cases.push((
                case,
                server.request(Method::POST, &format!("/v1/keys/{id}/{verb}")),
                404,
                "not_found",
            ));
        }
        for list in ["", "/usage", "/events"] {
            cases.push((
                case,
                server.request(Method::GET, &format!("/v1/keys/{id}{list}")),
                404,
                "not_found",
            ));
        }
        let path = format!("/v1/keys/{id}");
        cases.push((case, server.request(Method::DELETE, &path), 404, "not_found"));
        cases.push((
            case,
            server.request(Method::PATCH, &path).json(&json!({"name": "x"})),
            404,
            "not_found",
        ));
    }
    let get = |path: &str| server.request(Method::GET, path);
    cases.extend([
        ("not UTF-8", get("/v1/keys/%ff"), 400, "invalid_request"),
        ("nowhere", get("/v1/nothing"), 404, "not_found"),
        ("a slash too many", get("/v1/keys/"), 404, "not_found"),
        ("two slashes", get("//v1/keys"), 404, "not_found"),
        ("another version", get("/v2/keys"), 404, "not_found"),
        (
            "an unknown verb",
            server.request(Method::POST, &path_of(&key, "explode")),
            404,
            "not_found",
        ),
        (
            "the host's own",
            get("/v1/installation/secrets"),
            404,
            "not_found",
        ),
    ]);
    all_refused(&server, cases).await;

    for (method, path, allowed) in [
        (Method::PUT, "/v1/keys".to_owned(), "GET,HEAD,POST"),
        (Method::DELETE, "/v1/keys".to_owned(), "GET,HEAD,POST"),
        (Method::POST, path_of(&key, ""), "GET,HEAD,PATCH,DELETE"),
        (Method::GET, path_of(&key, "rotate"), "POST"),
        (Method::DELETE, "/v1/policy".to_owned(), "GET,HEAD,PATCH"),
        (Method::POST, "/v1/keys/summary".to_owned(), "GET,HEAD"),
    ] {
        let answer = Answer::of(server.request(method, &path)).await;
        answer.refused(405, "method_not_allowed", &path);
        assert_eq!(answer.header("allow"), allowed, "{path}");
    }
}

/// Base64 for addresses (RFC 4648, section 5), without padding.
fn base64(bytes: &[u8]) -> String {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let bits = chunk
            .iter()
            .enumerate()
            .fold(0_u32, |bits, (i, byte)| bits | u32::from(*byte) << (16 - 8 * i));
        for i in 0..=chunk.len() {
            out.push(char::from(alphabet[(bits >> (18 - 6 * i)) as usize & 63]));
        }
    }
    out
}

#[tokio::test]
async fn a_bad_question_is_refused_and_a_strange_one_answered() {
    for engine in ENGINES {
        let server = Server::start(engine).await;
        for _ in 0..3 {
            server.create(json!({})).await;
        }
        let get = |path: &str| server.request(Method::GET, path);
        let first = Answer::of(get("/v1/keys?limit=1")).await.body;
        let cursor = text(&first, "next_cursor");
        let audit = Answer::of(get("/v1/audit?limit=1")).await.body;
        let of_audit = text(&audit, "next_cursor");
        // A cursor is checked but not secret: one with the right check value and a hostile inside can be made.
        let forged = |sort: &str, value: &str| {
            let list = format!(
                "keys (None, None, None, None, (None, None, None, None), None, (None, None), None, {sort:?})"
            );
            let id = "0".repeat(32);
            base64(format!("[{},{value},\"{id}\"]", crc32(list.as_bytes())).as_bytes())
        };
        let fine = Answer::of(get(&format!(
            "/v1/keys?sort=name&cursor={}",
            forged("name", "\"a\"")
        )))
        .await;
        assert_eq!(fine.status, 200, "forged as this test means to: {}", fine.text);

        let keys = |query: &str| get(&format!("/v1/keys?{query}"));
        let code = "invalid_request";
        let cases: Vec<Case> = vec![
            ("an unknown parameter", keys("colour=red"), 400, code),
            ("a parameter twice", keys("limit=1&limit=2"), 400, code),
            ("limit 0", keys("limit=0"), 400, code),
            ("limit 501", keys("limit=501"), 400, code),
            ("limit -1", keys("limit=-1"), 400, code),
            ("limit ten", keys("limit=ten"), 400, code),
            ("limit beyond 32 bits", keys("limit=4294967297"), 400, code),
            ("an unknown order", keys("sort=colour"), 400, code),
            ("two signs", keys("sort=--name"), 400, code),
            ("no order", keys("sort="), 400, code),
            ("an unknown status", keys("status=asleep"), 400, code),
            ("no status", keys("status="), 400, code),
            ("a status and a half", keys("status=active,"), 400, code),
            ("no instant", keys("expires_before=yesterday"), 400, code),
            (
                "an instant without offset",
                keys("idle_since=2030-01-01T00:00:00"),
                400,
                code,
            ),
            ("NUL in a search", keys("q=a%00b"), 400, code),
            ("NUL in a tag", keys("tag=%00"), 400, code),
            ("NUL in a permission", keys("permission=%00"), 400, code),
            ("NUL in a maker", keys("created_by=%00"), 400, code),
            ("a cursor of nonsense", keys("cursor=nonsense"), 400, code),
            ("no cursor", keys("cursor="), 400, code),
            (
                "a cursor cut off",
                keys(&format!("cursor={}", &cursor[..cursor.len() - 5])),
                400,
                code,
            ),
            (
                "a cursor of another order",
                keys(&format!("sort=name&cursor={cursor}")),
                400,
                code,
            ),
            (
                "a cursor of other filters",
                keys(&format!("status=all&cursor={cursor}")),
                400,
                code,
            ),
            (
                "a cursor of another list",
                keys(&format!("cursor={of_audit}")),
                400,
                code,
            ),
            (
                "a key's cursor for the audit log",
                get(&format!("/v1/audit?cursor={cursor}")),
                400,
                code,
            ),
            (
                "a text where an instant is meant",
                keys(&format!("cursor={}", forged("-created_at", "\"x\""))),
                400,
                code,
            ),
            (
                "a number where a text is meant",
                keys(&format!("sort=name&cursor={}", forged("name", "7"))),
                400,
                code,
            ),
            (
                "NUL in a cursor",
                keys(&format!("sort=name&cursor={}", forged("name", "\"\\u0000\""))),
                400,
                code,
            ),
            (
                "2,000 characters of cursor",
                keys(&format!("cursor={}", "A".repeat(2000))),
                400,
                code,
            ),
            ("audit: limit 0", get("/v1/audit?limit=0"), 400, code),
            ("audit: limit 501", get("/v1/audit?limit=501"), 400, code),
            ("audit: NUL", get("/v1/audit?target=%00"), 400, code),
            ("audit: an unknown parameter", get("/v1/audit?who=me"), 400, code),
            ("audit: a format", get("/v1/audit?format=csv"), 400, code),
            ("export: a limit", get("/v1/audit/export?limit=1"), 400, code),
            (
                "export: an unknown format",
                get("/v1/audit/export?format=xml"),
                400,
                code,
            ),
        ];
        all_refused(&server, cases).await;

        for strange in [
            "q=%25",
            "q=%5C",
            "q=%27%3B--",
            "q=%22%20OR%20%2A",
            "q=%F0%9F%94%91",
            "q=",
            "q=a",
            "tag=%27",
            "created_by=%22",
            "permission=%2A",
            "expires_before=0001-01-01T00:00:00Z",
            "expires_before=9999-12-30T00:00:00Z",
            &format!("q={}", "x".repeat(5_000)),
            &format!("cursor={}", forged("-created_at", "-9223372036854775808")),
            &format!("cursor={}", forged("-created_at", "9223372036854775807")),
        ] {
            let answer = Answer::of(keys(strange)).await;
            assert_eq!(answer.status, 200, "{strange}: {}", answer.text);
        }
    }
}
