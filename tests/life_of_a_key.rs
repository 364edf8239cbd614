//! The main job: a key is made, verified, rotated, disabled, enabled and revoked, and each answer is true at once.

use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::support::{ENGINES, Server, path_of, text};

#[tokio::test]
async fn a_key_is_made_verified_rotated_and_revoked() {
    for engine in ENGINES {
        let server = Server::start(engine).await;
        let key = server
            .create(json!({"permissions": ["customers:view"], "expires_in": "90d"}))
            .await;
        let secret = text(&key, "secret");
        assert_eq!(key["status"], "active");
        assert!(server.verify(secret).await["valid"].as_bool().expect("valid"));

        let rotate = Some(json!({"grace": "1h"}));
        let (status, rotated) = server.call(Method::POST, &path_of(&key, "rotate"), rotate).await;
        assert_eq!(status, StatusCode::OK, "{rotated}");
        assert_eq!(rotated["id"], key["id"], "the id is for life");
        assert_eq!(rotated["expires_at"], key["expires_at"]);
        let fresh = text(&rotated, "secret");
        assert_eq!(server.verify(fresh).await["code"], "VALID");
        assert_eq!(server.verify(secret).await["code"], "VALID", "within its grace");

        let (_, again) = server.call(Method::POST, &path_of(&key, "rotate"), None).await;
        let newest = text(&again, "secret");
        assert_eq!(
            server.verify(secret).await["code"],
            "REVOKED",
            "at most one secret is retiring"
        );
        assert_eq!(server.verify(fresh).await["code"], "REVOKED", "no grace is none");
        assert_eq!(server.verify(newest).await["code"], "VALID");

        let (status, _) = server.call(Method::POST, &path_of(&key, "disable"), None).await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(server.verify(newest).await["code"], "DISABLED");
        server.call(Method::POST, &path_of(&key, "enable"), None).await;
        assert_eq!(server.verify(newest).await["code"], "VALID");

        let reason = Some(json!({"reason": "the sample is over"}));
        let (status, revoked) = server.call(Method::POST, &path_of(&key, "revoke"), reason).await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(revoked["key"]["status"], "revoked");
        assert_eq!(server.verify(newest).await["code"], "REVOKED");
        let (status, refused) = server.call(Method::POST, &path_of(&key, "rotate"), None).await;
        assert_eq!(
            (status, text(&refused, "code")),
            (StatusCode::CONFLICT, "key_over")
        );

        let (_, proof) = server.call(Method::GET, "/v1/audit/verify", None).await;
        assert_eq!(proof["ok"], true, "{proof}");
    }
}
