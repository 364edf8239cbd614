//! Attacks on people's accounts and sessions, each by its name, and that it comes to nothing.

use std::time::Duration;

use domain::clock::{Clock as _, SystemClock};
use domain::id::{KeyId, UserId};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::sign_in::{away_from_the_edge, code, with_factor};
use crate::support::{Answer, Browser, ENGINES, Engine, PASSWORD, Server, text};

const EMAIL: &str = "ann@sample.example";

#[tokio::test]
async fn session_fixation() {
    let server = Server::start(Engine::Sqlite).await;
    let ann = Browser::first(&server).await;
    let mut victim = Browser::new(&server);
    // Cookies that an attacker planted: made up, and one of a session of the attacker's own.
    for planted in ["claviger_session=planted-by-an-attacker", ann.cookie.as_str()] {
        victim.cookie = planted.to_owned();
        let answer = victim.sign_in(EMAIL, PASSWORD).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        assert_ne!(victim.cookie, planted, "a sign-in never takes a cookie over");
    }
    let planted = Browser {
        server: &server,
        cookie: "claviger_session=planted-by-an-attacker".to_owned(),
    };
    planted
        .get("/v1/me")
        .await
        .refused(401, "unauthenticated", "worth nothing before and after");
    let token = victim.cookie.split_once('=').expect("a cookie").1.to_owned();
    assert_eq!(token.len(), 43, "256 bits");
    let twice = Browser {
        server: &server,
        cookie: format!("claviger_session=planted; claviger_session={token}"),
    };
    twice
        .get("/v1/me")
        .await
        .refused(401, "unauthenticated", "two cookies: neither counts");
    let in_address = server.anonymous(Method::GET, &format!("/v1/keys?claviger_session={token}"));
    Answer::of(in_address)
        .await
        .refused(401, "unauthenticated", "no session in an address");
    let as_bearer = server.anonymous(Method::GET, "/v1/keys").bearer_auth(&token);
    Answer::of(as_bearer)
        .await
        .refused(401, "unauthenticated", "a cookie is no key");
}

#[tokio::test]
async fn replay_of_totp() {
    for engine in ENGINES {
        let server = Server::start(engine).await;
        let mut ann = Browser::first(&server).await;
        let (secret, _) = with_factor(&mut ann).await;
        away_from_the_edge().await;
        let body = |code: &str| json!({"email": EMAIL, "password": PASSWORD, "code": code});
        let before = code(&secret, -1);
        let mut thief = Browser::new(&server);
        thief.post("/v1/session", body(&before)).await.refused(
            401,
            "wrong_credentials",
            "it confirmed the factor",
        );
        let present = code(&secret, 0);
        let mut both = JoinSet::new();
        for _ in 0..2 {
            both.spawn(Answer::of(
                thief.request(Method::POST, "/v1/session").json(&body(&present)),
            ));
        }
        let mut statuses: Vec<u16> = both.join_all().await.iter().map(|a| a.status.as_u16()).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 401], "two at once have one winner");
        thief.post("/v1/session", body(&present)).await.refused(
            401,
            "wrong_credentials",
            "seen over a shoulder",
        );
        let again = ann
            .post(
                "/v1/session/confirm",
                json!({"password": PASSWORD, "code": present}),
            )
            .await;
        again.refused(401, "wrong_credentials", "at another door");
    }
}

#[tokio::test]
async fn cross_site_request_forgery() {
    let server = Server::start(Engine::Sqlite).await;
    let ann = Browser::first(&server).await;
    let host = server.management.trim_start_matches("http://").to_owned();
    let own = server.management.clone();
    let post = || {
        ann.without_a_page(Method::POST, "/v1/keys")
            .json(&json!({"name": "x"}))
    };
    let refused = [
        ("neither header", post()),
        ("another site", post().header("sec-fetch-site", "cross-site")),
        ("a neighbour", post().header("sec-fetch-site", "same-site")),
        (
            "another site that names our origin",
            post()
                .header("sec-fetch-site", "cross-site")
                .header("origin", &own),
        ),
        ("another origin", post().header("origin", "https://evil.example")),
        ("no origin at all", post().header("origin", "null")),
        ("an empty origin", post().header("origin", "")),
        (
            "our name as a prefix",
            post().header("origin", format!("{own}.evil.example")),
        ),
        (
            "our name as a suffix",
            post().header("origin", format!("http://evil.example/{host}")),
        ),
        (
            "a PATCH",
            ann.without_a_page(Method::PATCH, "/v1/me")
                .json(&json!({"name": "x"})),
        ),
        ("a DELETE", ann.without_a_page(Method::DELETE, "/v1/sessions")),
        (
            "a sign-out",
            ann.without_a_page(Method::DELETE, "/v1/session")
                .header("sec-fetch-site", "cross-site"),
        ),
        (
            "a sign-in",
            server
                .anonymous(Method::POST, "/v1/session")
                .header("origin", "https://evil.example")
                .json(&json!({"email": EMAIL, "password": PASSWORD})),
        ),
    ];
    for (case, request) in refused {
        Answer::of(request).await.refused(403, "cross_site", case);
    }
    let allowed = [
        ("our own page", post().header("sec-fetch-site", "same-origin")),
        ("the person themself", post().header("sec-fetch-site", "none")),
        ("an old browser", post().header("origin", &own)),
        (
            "a key, which no browser sends by itself",
            server
                .request(Method::POST, "/v1/keys")
                .header("origin", "https://evil.example")
                .json(&json!({"name": "x"})),
        ),
    ];
    for (case, request) in allowed {
        assert_eq!(Answer::of(request).await.status, 201, "{case}");
    }
    // Of a cookie and a key the key decides.
    let both = post()
        .header("sec-fetch-site", "same-origin")
        .bearer_auth("sk_live_nonsense");
    Answer::of(both)
        .await
        .refused(401, "unauthenticated", "a bad key beside a good cookie");
    let made = Answer::of(post().bearer_auth(&server.key)).await;
    assert_eq!(made.body["created_by"]["type"], "key", "{}", made.text);
}

#[tokio::test]
async fn the_public_address_decides_what_is_our_own_page_and_keeps_the_cookie_on_tls() {
    let mut server = Server::init(Engine::Sqlite).await;
    server.environment = vec![(
        "CLAVIGER_WEB_PUBLIC_URL",
        "https://keys.sample.example/".to_owned(),
    )];
    server.serve().await;
    let mut ann = Browser::first(&server).await;
    assert!(ann.cookie.starts_with("__Host-claviger="), "{}", ann.cookie);
    let answer = ann.sign_in(EMAIL, PASSWORD).await;
    assert!(
        answer.header("set-cookie").contains("; Secure"),
        "{}",
        answer.header("set-cookie")
    );
    let post = || {
        ann.without_a_page(Method::POST, "/v1/keys")
            .json(&json!({"name": "x"}))
    };
    let named = post().header("origin", "https://keys.sample.example");
    assert_eq!(Answer::of(named).await.status, 201);
    for other in [
        server.management.as_str(),
        "http://keys.sample.example",
        "https://keys.sample.example.evil.example",
    ] {
        Answer::of(post().header("origin", other))
            .await
            .refused(403, "cross_site", other);
    }
    let plain = Browser {
        server: &server,
        cookie: ann.cookie.replace("__Host-claviger", "claviger_session"),
    };
    plain
        .get("/v1/me")
        .await
        .refused(401, "unauthenticated", "the name that any host can set");
}

#[tokio::test]
async fn clickjacking_and_the_content_security_policy() {
    let server = Server::start(Engine::Sqlite).await;
    let setup = server.setup_url.replace(&server.management, "");
    let setup = format!("/setup/{}", setup.rsplit('/').next().expect("a token"));
    let invited = server
        .local(Method::POST, "/v1/users")
        .json(&json!({"email": "bob@sample.example", "name": "<script>alert(1)</script>"}));
    let invited = Answer::of(invited).await;
    let link = text(&invited.body, "invitation_url")
        .rsplit('/')
        .next()
        .expect("a token")
        .to_owned();
    for path in [
        setup.as_str(),
        "/setup/x",
        &format!("/invitations/{link}"),
        "/invitations/x",
        "/v1/session",
        "/v1/me",
        "/nowhere",
        "/healthz",
    ] {
        let answer = Answer::of(server.anonymous(Method::GET, path)).await;
        assert_eq!(answer.header("x-frame-options"), "DENY", "{path}");
        let policy = answer.header("content-security-policy");
        assert!(
            policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
            "{path}: {policy}"
        );
        assert!(
            !policy.contains("unsafe") && !policy.contains("script-src"),
            "{path}: {policy}"
        );
        assert_eq!(
            answer.header("referrer-policy"),
            "no-referrer",
            "{path}: a link's token is in its address"
        );
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert!(!answer.text.contains("<script"), "{path}: {}", answer.text);
    }
}

/// A refusal without what differs between any two requests.
fn bare(answer: &Answer) -> (u16, String, Vec<String>) {
    let mut body = answer.body.clone();
    body["request_id"] = Value::Null;
    let mut headers: Vec<String> = answer.headers.keys().map(ToString::to_string).collect();
    headers.sort();
    (answer.status.as_u16(), body.to_string(), headers)
}

#[tokio::test]
async fn enumeration_of_users_by_message() {
    let server = Server::start(Engine::Sqlite).await;
    let ann = Browser::first(&server).await;
    let invited = json!({"email": "invited@sample.example"});
    Answer::of(server.local(Method::POST, "/v1/users").json(&invited)).await;
    let gone = Browser::invited(&server, "gone@sample.example", &["viewer"]).await;
    let disable = format!("/v1/users/{}/disable", gone.id().await);
    Answer::of(server.local(Method::POST, &disable)).await;
    drop(ann);
    let mut answers = Vec::new();
    for body in [
        json!({"email": "nobody@sample.example", "password": PASSWORD}),
        json!({"email": EMAIL, "password": "wrong"}),
        json!({"email": EMAIL, "password": ""}),
        json!({"email": EMAIL, "password": PASSWORD, "organisation": "another"}),
        json!({"email": "invited@sample.example", "password": PASSWORD}),
        json!({"email": "gone@sample.example", "password": PASSWORD}),
        json!({"email": "", "password": PASSWORD}),
        json!({"email": "a\u{0}b", "password": PASSWORD, "organisation": "\u{0}"}),
        json!({"email": "x".repeat(10_000), "password": "y".repeat(10_000), "code": "000000"}),
    ] {
        let request = server.anonymous(Method::POST, "/v1/session").json(&body);
        answers.push((body, Answer::of(request).await));
    }
    let (_, first) = &answers[0];
    first.refused(401, "wrong_credentials", "nobody");
    for (body, answer) in &answers {
        assert_eq!(bare(answer), bare(first), "{body:.80}");
    }
}

#[tokio::test]
async fn enumeration_of_users_by_work_done() {
    let server = Server::start(Engine::Sqlite).await;
    let _ann = Browser::first(&server).await;
    let ask = async |email: &str| {
        let body = json!({"email": email, "password": "wrong-tin-otter-quarrel"});
        let begun = SystemClock.boottime();
        let answer = Answer::of(server.anonymous(Method::POST, "/v1/session").json(&body)).await;
        answer.refused(401, "wrong_credentials", email);
        SystemClock.boottime() - begun
    };
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for n in 0..5 {
        known.push(ask(EMAIL).await);
        unknown.push(ask(&format!("nobody{n}@sample.example")).await);
    }
    known.sort();
    unknown.sort();
    // A hash takes tens of milliseconds, all the rest hardly one: without it the ratio would be far beyond this.
    let (known, unknown) = (known[1], unknown[1]);
    assert!(
        unknown * 4 > known && known * 4 > unknown,
        "{known:?} and {unknown:?}"
    );
    assert!(
        unknown > Duration::from_millis(4),
        "a password is hashed for nobody, too: {unknown:?}"
    );
}

#[tokio::test]
async fn privilege_escalation_by_role_edit_of_oneself() {
    for engine in ENGINES {
        let server = Server::start(engine).await;
        let _ann = Browser::first(&server).await;
        for (role, status) in [
            ("administrator", "grants_beyond"),
            ("key-manager", "forbidden"),
            ("auditor", "forbidden"),
        ] {
            let mut eve = Browser::invited(&server, &format!("{role}@sample.example"), &[role]).await;
            let path = format!("/v1/users/{}", eve.id().await);
            for body in [
                json!({"roles": ["owner"]}),
                json!({"roles": [role, "owner"]}),
                json!({"operator": true}),
            ] {
                eve.send(Method::PATCH, &path, body)
                    .await
                    .refused(403, status, role);
            }
            // Smuggled into what everybody may change of themselves.
            for body in [
                json!({"name": "Eve", "roles": ["owner"]}),
                json!({"name": "Eve", "operator": true}),
            ] {
                eve.send(Method::PATCH, "/v1/me", body)
                    .await
                    .refused(400, "invalid_json", role);
            }
            let me = eve.get("/v1/session").await;
            assert_eq!(
                (&me.body["user"]["roles"][0]["name"], &me.body["operator"]),
                (&json!(role), &json!(false))
            );
            assert_eq!(me.body["user"]["roles"].as_array().map(Vec::len), Some(1));
        }
    }
}

#[tokio::test]
async fn use_of_a_disabled_users_key_and_session() {
    for engine in ENGINES {
        let server = Server::start(engine).await;
        let mut ann = Browser::first(&server).await;
        let bob = Browser::invited(&server, "bob@sample.example", &["administrator"]).await;
        let id = bob.id().await;
        let key = server.create(json!({"permissions": ["orders:view"]})).await;
        let (key_id, user): (KeyId, UserId) = (
            text(&key, "id").parse().expect("an id"),
            id.parse().expect("an id"),
        );
        let sql = "UPDATE keys SET owner_kind = 'user', owner_id = $2 WHERE id = $1";
        server.sql(sql, &[key_id.into(), user.into()]).await;
        let secret = text(&key, "secret").to_owned();
        assert_eq!(server.verify(&secret).await["code"], "VALID");
        assert_eq!(bob.get("/v1/keys").await.status, 200);

        let disabled = ann.post(&format!("/v1/users/{id}/disable"), json!({})).await;
        assert_eq!(disabled.body["status"], "disabled", "{}", disabled.text);
        assert_eq!(
            server.verify(&secret).await["code"],
            "ACCOUNT_INACTIVE",
            "at once"
        );
        bob.get("/v1/keys")
            .await
            .refused(401, "unauthenticated", "at once");
        let mut again = Browser::new(&server);
        again
            .sign_in("bob@sample.example", PASSWORD)
            .await
            .refused(401, "wrong_credentials", "kept out");

        let enabled = ann.post(&format!("/v1/users/{id}/enable"), json!({})).await;
        assert_eq!(enabled.body["status"], "active", "{}", enabled.text);
        assert_eq!(server.verify(&secret).await["code"], "VALID");
        bob.get("/v1/keys")
            .await
            .refused(401, "unauthenticated", "an ended session does not come back");
        assert_eq!(again.sign_in("bob@sample.example", PASSWORD).await.status, 201);
        // Fewer roles narrow their keys at once.
        let narrowed = ann
            .send(
                Method::PATCH,
                &format!("/v1/users/{id}"),
                json!({"roles": ["auditor"]}),
            )
            .await;
        assert_eq!(narrowed.status, 200, "{}", narrowed.text);
        let asked = json!({"key": secret, "permissions": "orders:view"});
        assert_eq!(
            server.verify_with(asked).await["code"],
            "INSUFFICIENT_PERMISSIONS"
        );
    }
}

#[tokio::test]
async fn header_and_log_injection_in_names() {
    let server = Server::start(Engine::Sqlite).await;
    let mut ann = Browser::first(&server).await;
    for hostile in [
        "a\r\nSet-Cookie: x=1",
        "a\nb",
        "a\u{0}b",
        "a\u{1b}[2Jb",
        "a\u{202e}b",
        "a\u{2028}b",
    ] {
        for body in [
            json!({"email": "bob@sample.example", "name": hostile}),
            json!({"email": format!("{hostile}@sample.example")}),
        ] {
            ann.post("/v1/users", body)
                .await
                .refused(400, "invalid_request", hostile);
        }
        ann.send(Method::PATCH, "/v1/me", json!({ "name": hostile }))
            .await
            .refused(400, "invalid_request", hostile);
    }
    for address in [
        "bob@sample.example,eve@sample.example",
        "<bob@sample.example>",
        "bob@",
        "@sample.example",
        "bob",
    ] {
        ann.post("/v1/users", json!({ "email": address }))
            .await
            .refused(400, "invalid_request", address);
    }
    let harmless = "Robert'); DROP TABLE users;-- <b>\"&";
    let made = ann
        .post(
            "/v1/users",
            json!({"email": "bob@sample.example", "name": harmless}),
        )
        .await;
    assert_eq!(
        (made.status.as_u16(), &made.body["name"]),
        (201, &json!(harmless))
    );
    let token = text(&made.body, "invitation_url")
        .rsplit('/')
        .next()
        .expect("a token")
        .to_owned();
    let page = Answer::of(server.anonymous(Method::GET, &format!("/invitations/{token}"))).await;
    assert!(
        page.text.contains("&lt;b&gt;&quot;&amp;") && !page.text.contains("<b>"),
        "{}",
        page.text
    );
    let found = ann.get("/v1/users?q=drop%20table").await;
    assert_eq!(found.body["items"].as_array().map(Vec::len), Some(1));
    assert!(!server.log().contains('\u{1b}') && !server.log().contains("Set-Cookie"));
}

#[tokio::test]
async fn unicode_look_alikes_in_usernames() {
    let server = Server::start(Engine::Sqlite).await;
    let mut ann = Browser::first(&server).await;
    // What a system is called by, and what a person signs in by.
    let systems = "/v1/service-accounts";
    let made = ann.post(systems, json!({"name": "SAP", "username": "sap"})).await;
    assert_eq!(made.status, 201, "{}", made.text);
    for (username, why) in [
        ("SAP", "another case"),
        ("ѕap", "a Cyrillic letter"),
        ("ｓap", "a full-width letter"),
        ("s\u{430}p", "another Cyrillic letter"),
        ("sap\u{200b}", "a space of no width"),
        ("\u{202e}pas", "turned round"),
    ] {
        let answer = ann
            .post(systems, json!({"name": "SAP", "username": username}))
            .await;
        answer.refused(400, "invalid_request", why);
    }
    for (address, status, code, why) in [
        ("ANN@sample.example", 409, "email_taken", "another case"),
        ("аnn@sample.example", 400, "invalid_request", "a Cyrillic letter"),
        (
            "ａnn@sample.example",
            400,
            "invalid_request",
            "a full-width letter",
        ),
        (
            "ann\u{200b}@sample.example",
            400,
            "invalid_request",
            "a space of no width",
        ),
        ("ann@sаmple.example", 400, "invalid_request", "another host"),
    ] {
        ann.post("/v1/users", json!({ "email": address }))
            .await
            .refused(status, code, why);
        let own = format!("/v1/users/{}", ann.id().await);
        if status == 400 {
            ann.send(Method::PATCH, &own, json!({ "email": address }))
                .await
                .refused(400, "invalid_request", why);
            let mut other = Browser::new(&server);
            other
                .sign_in(address, PASSWORD)
                .await
                .refused(401, "wrong_credentials", why);
        }
    }
    let people = ann.get("/v1/users").await;
    assert_eq!(people.body["items"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn the_set_up_link_has_a_single_winner() {
    for engine in ENGINES {
        let server = Server::start(engine).await;
        let path = format!("/setup/{}", server.setup_url.rsplit('/').next().expect("a token"));
        let mut all = JoinSet::new();
        for n in 0..16 {
            let form = format!("name=Person+{n}&email=p{n}%40sample.example&password={PASSWORD}");
            let request = server.anonymous(Method::POST, &path);
            all.spawn(Answer::of(
                request
                    .header("content-type", "application/x-www-form-urlencoded")
                    .body(form),
            ));
        }
        let (won, lost): (Vec<_>, Vec<_>) = all.join_all().await.into_iter().partition(|a| a.status == 200);
        assert_eq!((won.len(), lost.len()), (1, 15));
        assert!(!won[0].header("set-cookie").is_empty());
        assert!(
            lost.iter()
                .all(|a| a.status == 404 && a.header("set-cookie").is_empty())
        );
        let list = Answer::of(server.local(Method::GET, "/v1/users")).await;
        let items = list.body["items"].as_array().expect("people");
        assert_eq!(items.len(), 1, "{}", list.text);
        assert_eq!(
            (&items[0]["operator"], &items[0]["roles"][0]["name"]),
            (&json!(true), &json!("owner"))
        );
    }
}

#[tokio::test]
async fn throttling_slows_the_guesser_and_not_the_owner_elsewhere() {
    let server = Server::start(Engine::Sqlite).await;
    let _ann = Browser::first(&server).await;
    let mut guesser = Browser::new(&server);
    let mut throttled = None;
    for _ in 0..12 {
        let answer = guesser.sign_in(EMAIL, "wrong-tin-otter-quarrel").await;
        if answer.status == 429 {
            throttled = Some(answer);
            break;
        }
        answer.refused(401, "wrong_credentials", "a guess");
    }
    let throttled = throttled.expect("slowed");
    throttled.refused(429, "too_many_attempts", "slowed");
    let seconds: u64 = throttled.header("retry-after").parse().expect("seconds");
    assert!((1..=10).contains(&seconds), "{seconds}");
    let right = guesser.sign_in(EMAIL, PASSWORD).await;
    right.refused(
        429,
        "too_many_attempts",
        "a right guess is not told from a wrong one meanwhile",
    );
    let unknown = guesser.sign_in("nobody@sample.example", PASSWORD).await;
    unknown.refused(
        401,
        "wrong_credentials",
        "another account from there is not shut out",
    );
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    assert_eq!(
        guesser.sign_in(EMAIL, PASSWORD).await.status,
        201,
        "slowed, not locked"
    );
}

#[tokio::test]
async fn a_forged_address_does_not_get_around_the_throttle() {
    let mut server = Server::init(Engine::Sqlite).await;
    for trusted in [false, true] {
        if trusted {
            let file = "[web]\nproxies = [\"127.0.0.0/8\"]\n";
            std::fs::write(server.data().join("proxied.toml"), file).expect("settings");
            server.config = Some(server.data().join("proxied.toml"));
        }
        server.serve().await;
        let mut statuses = Vec::new();
        for n in 0..12 {
            let body = json!({"email": EMAIL, "password": "wrong-tin-otter-quarrel"});
            let request = server.anonymous(Method::POST, "/v1/session").json(&body);
            // Through a proxy that is trusted the address before its own is the guesser's; else it is anybody's word.
            let forwarded = format!("198.51.100.{n}, 192.0.2.{}", if trusted { n } else { 1 });
            statuses.push(
                Answer::of(request.header("x-forwarded-for", forwarded))
                    .await
                    .status
                    .as_u16(),
            );
        }
        assert_eq!(statuses.contains(&429), !trusted, "{trusted}: {statuses:?}");
        server.stop_soon().await;
    }
}

#[tokio::test]
async fn service_accounts_and_keys_never_open_a_session() {
    let server = Server::start(Engine::Sqlite).await;
    let _ann = Browser::first(&server).await;
    let key = server.key.clone();
    for body in [
        json!({"email": key, "password": key}),
        json!({"email": EMAIL, "password": key}),
        json!({"email": "erp@sample.example", "password": key}),
    ] {
        let request = server.request(Method::POST, "/v1/session").json(&body);
        let answer = Answer::of(request).await;
        answer.refused(401, "wrong_credentials", "a key is no password");
        assert!(answer.header("set-cookie").is_empty());
    }
    for (method, path) in [
        (Method::GET, "/v1/session"),
        (Method::DELETE, "/v1/session"),
        (Method::GET, "/v1/sessions"),
        (Method::DELETE, "/v1/sessions"),
        (Method::GET, "/v1/me"),
        (Method::POST, "/v1/me/totp"),
        (Method::DELETE, "/v1/me/totp"),
        (Method::POST, "/v1/me/recovery-codes"),
    ] {
        let answer = Answer::of(server.request(method.clone(), path)).await;
        answer.refused(403, "people_only", &format!("{method} {path}"));
        let answer = Answer::of(server.local(method, path)).await;
        answer.refused(403, "people_only", path);
    }
    let confirm = server
        .request(Method::POST, "/v1/session/confirm")
        .json(&json!({ "password": PASSWORD }));
    Answer::of(confirm).await.refused(403, "people_only", "confirm");
    let as_cookie = server
        .anonymous(Method::GET, "/v1/keys")
        .header("cookie", format!("claviger_session={key}"));
    Answer::of(as_cookie)
        .await
        .refused(401, "unauthenticated", "a key is no session");
}
