//! Signing in: from the set-up link to a session, what ends it, the second factor, and what is asked for again.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Browser, ENGINES, Engine, PASSWORD, Server, text};

#[tokio::test]
async fn the_first_person_sets_up_signs_in_and_manages_with_their_cookie() {
    for engine in ENGINES {
        let server = Server::start(engine).await;
        let mut ann = Browser::first(&server).await;
        assert!(ann.cookie.starts_with("claviger_session="), "{}", ann.cookie);

        let session = ann.get("/v1/session").await;
        assert_eq!(session.status, 200, "{}", session.text);
        assert_eq!(session.body["user"]["email"], "ann@sample.example");
        assert_eq!(session.body["operator"], true);
        assert_eq!(session.body["session"]["method"], "link");
        assert_eq!(session.body["user"]["roles"][0]["name"], "owner");
        let made = ann
            .post("/v1/keys", json!({"name": "By hand", "permissions": ["a:b"]}))
            .await;
        assert_eq!(made.status, 201, "{}", made.text);
        assert_eq!(made.body["created_by"]["type"], "user");
        assert_eq!(made.body["created_by"]["name"], "Ann Baker");
        let verified = server.verify(text(&made.body, "secret")).await;
        assert_eq!(verified["code"], "VALID");

        let out = Answer::of(ann.request(Method::DELETE, "/v1/session")).await;
        assert_eq!(out.status, 204, "{}", out.text);
        assert!(out.header("set-cookie").contains("Max-Age=0"));
        ann.get("/v1/keys")
            .await
            .refused(401, "unauthenticated", "signed out");

        let old = std::mem::take(&mut ann.cookie);
        let again = ann.sign_in("ANN@Sample.example", PASSWORD).await;
        assert_eq!(again.status, 201, "{}", again.text);
        assert_eq!(again.body["session"]["method"], "password");
        assert_ne!(ann.cookie, old);
        assert_eq!(ann.get("/v1/keys").await.status, 200);
        let flags = again.header("set-cookie");
        for flag in ["HttpOnly", "SameSite=Lax", "Path=/"] {
            assert!(flags.contains(flag), "{flags}");
        }
        assert!(!flags.contains("Secure"), "this server speaks plain HTTP");

        let log = ann.get("/v1/audit?limit=100").await;
        let actions: Vec<&str> = log.body["items"]
            .as_array()
            .expect("records")
            .iter()
            .map(|r| text(r, "action"))
            .collect();
        for action in ["user.create", "session.open", "session.end", "key.create"] {
            assert!(actions.contains(&action), "{action} in {actions:?}");
        }
        assert!(!log.text.contains(PASSWORD) && !server.log().contains(PASSWORD));
    }
}

const SECOND: i64 = 1_000_000;

/// Lets time pass for all sessions.
async fn age(server: &Server, column: &str, seconds: i64) {
    let sql = format!("UPDATE sessions SET {column} = {column} - $1");
    server.sql(&sql, &[(seconds * SECOND).into()]).await;
}

/// What an app shows now, or some steps of 30 seconds from now.
pub(crate) fn code(secret: &str, steps: i64) -> String {
    let secret = totp_rs::Secret::try_from_base32(secret).expect("a secret");
    let app = totp_rs::Builder::new()
        .with_secret(secret)
        .with_algorithm(totp_rs::Algorithm::SHA1);
    let app = app.build().expect("an app");
    let now = std::time::UNIX_EPOCH.elapsed().expect("a time").as_secs();
    app.generate(now.saturating_add_signed(steps * 30)).to_string()
}

/// Waits until a code will not change for a while, so that a test does not fall between two.
pub(crate) async fn away_from_the_edge() {
    let left = 30 - std::time::UNIX_EPOCH.elapsed().expect("a time").as_secs() % 30;
    if left < 8 {
        tokio::time::sleep(std::time::Duration::from_secs(left)).await;
    }
}

/// Switches a second factor on with the code of the step before this; gives the secret and the recovery codes.
pub(crate) async fn with_factor(browser: &mut Browser<'_>) -> (String, Vec<String>) {
    away_from_the_edge().await;
    let draft = browser.post("/v1/me/totp", json!({})).await;
    assert_eq!(draft.status, 201, "{}", draft.text);
    let secret = text(&draft.body, "secret").to_owned();
    assert!(text(&draft.body, "uri").starts_with("otpauth://totp/Claviger:"));
    assert!(text(&draft.body, "qr_svg").contains("<svg"));
    let confirmed = browser
        .post("/v1/me/totp/confirm", json!({"code": code(&secret, -1)}))
        .await;
    assert_eq!(confirmed.status, 200, "{}", confirmed.text);
    let codes = confirmed.body["recovery_codes"].as_array().expect("codes");
    (
        secret,
        codes
            .iter()
            .map(|code| code.as_str().expect("a code").to_owned())
            .collect(),
    )
}

fn with_code(email: &str, password: &str, code: &str) -> Value {
    json!({"email": email, "password": password, "code": code})
}

#[tokio::test]
async fn a_second_factor_is_asked_for_and_each_code_is_good_once() {
    for engine in ENGINES {
        let server = Server::start(engine).await;
        let mut ann = Browser::first(&server).await;
        let email = "ann@sample.example";
        ann.post("/v1/me/totp/confirm", json!({"code": "123456"}))
            .await
            .refused(409, "second_factor_off", "none begun");
        let (secret, codes) = with_factor(&mut ann).await;
        assert_eq!(codes.len(), 10);
        ann.post("/v1/me/totp", json!({}))
            .await
            .refused(409, "second_factor_on", "on already");
        let me = ann.get("/v1/me").await;
        assert_eq!(
            (&me.body["second_factor"], &me.body["recovery_codes_left"]),
            (&json!(true), &json!(10))
        );

        let mut other = Browser::new(&server);
        other
            .sign_in(email, PASSWORD)
            .await
            .refused(401, "second_factor_needed", "no code");
        other.sign_in(email, "wrong-tin-otter-quarrel").await.refused(
            401,
            "wrong_credentials",
            "a wrong password tells nothing",
        );
        let present = code(&secret, 0);
        let signed_in = other
            .post("/v1/session", with_code(email, PASSWORD, &present))
            .await;
        assert_eq!(signed_in.status, 201, "{}", signed_in.text);
        assert_eq!(signed_in.body["session"]["method"], "password+totp");
        let recovery = other
            .post(
                "/v1/session",
                with_code(email, PASSWORD, &codes[3].to_uppercase()),
            )
            .await;
        assert_eq!(
            recovery.body["session"]["method"], "password+recovery",
            "{}",
            recovery.text
        );
        other
            .post("/v1/session", with_code(email, PASSWORD, &codes[3]))
            .await
            .refused(401, "wrong_credentials", "used up");
        assert_eq!(ann.get("/v1/me").await.body["recovery_codes_left"], 9);

        // New ones take the place of the old.
        let fresh = ann.post("/v1/me/recovery-codes", json!({})).await;
        assert_eq!(
            fresh.body["recovery_codes"].as_array().map(Vec::len),
            Some(10),
            "{}",
            fresh.text
        );
        other
            .post("/v1/session", with_code(email, PASSWORD, &codes[4]))
            .await
            .refused(401, "wrong_credentials", "replaced");

        // A short password is enough beside it, and then it cannot be taken off.
        let shorter = json!({"current": PASSWORD, "new": "plum-kiosk-7"});
        let changed = ann.post("/v1/me/password", shorter).await;
        assert_eq!(changed.status, 204, "{}", changed.text);
        let off = Answer::of(ann.request(Method::DELETE, "/v1/me/totp")).await;
        off.refused(409, "password_too_short", "it would stand alone");
        other
            .get("/v1/me")
            .await
            .refused(401, "unauthenticated", "a new password signs out everywhere else");
    }
}

#[tokio::test]
async fn a_second_factor_is_taken_off_by_its_owner_and_by_a_recovery_link() {
    let server = Server::start(Engine::Sqlite).await;
    let mut ann = Browser::first(&server).await;
    with_factor(&mut ann).await;
    assert_eq!(
        Answer::of(ann.request(Method::DELETE, "/v1/me/totp"))
            .await
            .status,
        204
    );
    let again = Answer::of(ann.request(Method::DELETE, "/v1/me/totp")).await;
    again.refused(409, "second_factor_off", "off already");
    let mut bob = Browser::invited(&server, "bob@sample.example", &["viewer"]).await;
    with_factor(&mut bob).await;
    let recovery = ann
        .post(&format!("/v1/users/{}/recover", bob.id().await), json!({}))
        .await;
    let token = text(&recovery.body, "recovery_url")
        .rsplit('/')
        .next()
        .expect("a token")
        .to_owned();
    let mut fresh = Browser::new(&server);
    let come = fresh
        .post(
            &format!("/v1/invitations/{token}"),
            json!({"password": "quarrel-tin-otter-17"}),
        )
        .await;
    assert_eq!(come.status, 201, "{}", come.text);
    bob.get("/v1/me")
        .await
        .refused(401, "unauthenticated", "signed out everywhere");
    bob.sign_in("bob@sample.example", PASSWORD)
        .await
        .refused(401, "wrong_credentials", "the old password");
    assert_eq!(
        bob.sign_in("bob@sample.example", "quarrel-tin-otter-17")
            .await
            .status,
        201,
        "without a code"
    );
    // Dropping retained tokens leaves second factors alone.
    with_factor(&mut bob).await;
    server.policy(json!({"secret": {"storage": "encrypted"}})).await;
    server.policy(json!({"secret": {"storage": "hashed"}})).await;
    bob.sign_in("bob@sample.example", "quarrel-tin-otter-17")
        .await
        .refused(401, "second_factor_needed", "still there");
}

#[tokio::test]
async fn a_session_ends_when_it_is_idle_or_old_and_dangerous_acts_ask_again() {
    for engine in ENGINES {
        let server = Server::start(engine).await;
        let mut ann = Browser::first(&server).await;
        let key = ann.post("/v1/keys", json!({"name": "x"})).await.body;
        let id = text(&key, "id").to_owned();
        let own = ann.id().await;
        age(&server, "proven_at", 11 * 60).await;
        assert_eq!(
            ann.get("/v1/keys").await.status,
            200,
            "looking needs nothing more"
        );
        for (method, path, body) in [
            (Method::POST, format!("/v1/keys/{id}/rotate"), json!({})),
            (Method::POST, format!("/v1/keys/{id}/reveal"), json!({})),
            (Method::DELETE, format!("/v1/keys/{id}"), json!({})),
            (Method::PATCH, "/v1/policy".to_owned(), json!({})),
            (
                Method::PATCH,
                format!("/v1/users/{own}"),
                json!({"roles": ["owner"]}),
            ),
            (Method::POST, format!("/v1/users/{own}/disable"), json!({})),
            (
                Method::POST,
                "/v1/users".to_owned(),
                json!({"email": "x@sample.example"}),
            ),
            (Method::POST, "/v1/me/totp".to_owned(), json!({})),
            (
                Method::POST,
                "/v1/me/password".to_owned(),
                json!({"current": PASSWORD, "new": "x"}),
            ),
        ] {
            ann.send(method, &path, body)
                .await
                .refused(403, "recent_sign_in_needed", &path);
        }
        let (old, wrong) = (ann.cookie.clone(), json!({"password": "wrong"}));
        ann.post("/v1/session/confirm", wrong)
            .await
            .refused(401, "wrong_credentials", "a wrong password");
        let confirmed = ann
            .post("/v1/session/confirm", json!({ "password": PASSWORD }))
            .await;
        assert_eq!(confirmed.status, 200, "{}", confirmed.text);
        assert_ne!(ann.cookie, old, "a new token");
        assert_eq!(
            ann.post(&format!("/v1/keys/{id}/rotate"), json!({})).await.status,
            200
        );
        let stale = Browser {
            server: &server,
            cookie: old,
        };
        stale
            .get("/v1/me")
            .await
            .refused(401, "unauthenticated", "the old token");

        age(&server, "seen_at", 29 * 60).await;
        assert_eq!(ann.get("/v1/me").await.status, 200, "not idle for long");
        age(&server, "seen_at", 29 * 60).await;
        assert_eq!(ann.get("/v1/me").await.status, 200, "use keeps it alive");
        age(&server, "seen_at", 31 * 60).await;
        ann.get("/v1/me").await.refused(401, "unauthenticated", "idle");
        assert_eq!(ann.sign_in("ann@sample.example", PASSWORD).await.status, 201);
        server
            .sql("UPDATE organisations SET status = 'suspended'", &[])
            .await;
        ann.get("/v1/me")
            .await
            .refused(401, "unauthenticated", "a suspended organisation");
        let mut late = Browser::new(&server);
        late.sign_in("ann@sample.example", PASSWORD).await.refused(
            401,
            "wrong_credentials",
            "a suspended organisation",
        );
        server
            .sql("UPDATE organisations SET status = 'active'", &[])
            .await;
        assert_eq!(ann.get("/v1/me").await.status, 200);
        age(&server, "ends_at", 12 * 3600 + 1).await;
        ann.get("/v1/me").await.refused(401, "unauthenticated", "old");
    }
}

#[tokio::test]
async fn people_see_where_they_are_signed_in_and_end_it() {
    for engine in ENGINES {
        let server = Server::start(engine).await;
        let ann = Browser::first(&server).await;
        let mut phone = Browser::new(&server);
        let body = json!({"email": "ann@sample.example", "password": PASSWORD});
        let request = phone
            .request(Method::POST, "/v1/session")
            .header("user-agent", "A phone\u{202e}")
            .json(&body);
        assert_eq!(phone.keep(request).await.status, 201);
        let mut desk = Browser::new(&server);
        desk.sign_in("ann@sample.example", PASSWORD).await;
        let all = ann.get("/v1/sessions").await;
        let items = all.body["items"].as_array().expect("sessions");
        assert_eq!(items.len(), 3);
        assert_eq!(items.iter().filter(|one| one["current"] == true).count(), 1);
        assert_eq!(items[0]["ip"], "127.0.0.1");
        assert!(
            !all.text.contains(ann.cookie.split('=').nth(1).expect("a token")),
            "no token is shown"
        );
        let other = items
            .iter()
            .find(|one| one["agent"].as_str().is_some_and(|a| a.contains("phone")))
            .map(|one| text(one, "id"));
        let other = other.unwrap_or_else(|| panic!("{}", all.text)).to_owned();
        let end = Answer::of(ann.request(Method::DELETE, &format!("/v1/sessions/{other}"))).await;
        assert_eq!(end.status, 204, "{}", end.text);
        phone.get("/v1/me").await.refused(401, "unauthenticated", "ended");
        let rest = Answer::of(ann.request(Method::DELETE, "/v1/sessions")).await;
        assert_eq!(rest.body, json!({"ended": 1}));
        desk.get("/v1/me")
            .await
            .refused(401, "unauthenticated", "ended with the rest");
        assert_eq!(ann.get("/v1/me").await.status, 200);
        let out = Answer::of(ann.request(Method::DELETE, "/v1/sessions/sess_x")).await;
        out.refused(404, "not_found", "no session");
    }
}

#[tokio::test]
async fn a_change_of_password_needs_the_old_one_and_a_good_new_one() {
    let server = Server::start(Engine::Sqlite).await;
    let mut ann = Browser::first(&server).await;
    let change = |current: &str, new: &str| json!({"current": current, "new": new});
    for (current, new, status, code) in [
        ("wrong", "quarrel-tin-otter-17", 401, "wrong_credentials"),
        (PASSWORD, "short", 400, "invalid_request"),
        (PASSWORD, PASSWORD, 400, "invalid_request"),
        (PASSWORD, "ann@sample.example", 400, "invalid_request"),
        (PASSWORD, "passwordpassword", 400, "invalid_request"),
    ] {
        ann.post("/v1/me/password", change(current, new))
            .await
            .refused(status, code, new);
    }
    let changed = ann
        .post("/v1/me/password", change(PASSWORD, "quarrel-tin-otter-17"))
        .await;
    assert_eq!(changed.status, 204, "{}", changed.text);
    assert_eq!(ann.get("/v1/me").await.status, 200, "here they stay");
    ann.sign_in("ann@sample.example", PASSWORD)
        .await
        .refused(401, "wrong_credentials", "the old one");
    assert_eq!(
        ann.sign_in("ann@sample.example", "quarrel-tin-otter-17")
            .await
            .status,
        201
    );
}
