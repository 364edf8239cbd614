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
