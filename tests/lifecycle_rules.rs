//! The rules of a key's life: what a rotation keeps, what ends for good, what is computed, what a list shows.

use std::collections::BTreeSet;
use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::support::{Answer, ENGINES, Engine, Server, path_of, text};

async fn post(server: &Server, key: &Value, verb: &str, body: Value) -> (StatusCode, Value) {
    server.call(Method::POST, &path_of(key, verb), Some(body)).await
}

async fn get(server: &Server, path: &str) -> Value {
    let (status, body) = server.call(Method::GET, path, None).await;
    assert_eq!(status, StatusCode::OK, "{path}: {body}");
    body
}

fn refused(answer: (StatusCode, Value), status: u16, code: &str) {
    let (got, body) = answer;
    assert_eq!(
        (got.as_u16(), body["code"].as_str()),
        (status, Some(code)),
        "{body}"
    );
}

#[tokio::test]
async fn a_rotation_keeps_the_key_and_never_lengthens_an_old_secret() {
    let server = Server::start(Engine::Sqlite).await;
    let key = server
        .create(json!({"name": "Rotated", "permissions": ["a:b"], "expires_in": "1h"}))
        .await;
    let (status, once) = post(
        &server,
        &key,
        "rotate",
        json!({"grace": "30d", "expires_in": "90d"}),
    )
    .await;
    assert_eq!(status, StatusCode::OK, "{once}");
    for kept in [
        "id",
        "number",
        "name",
        "created_at",
        "created_by",
        "permissions",
        "owner",
    ] {
        assert_eq!(once[kept], key[kept], "{kept}");
    }
    assert_ne!(once["expires_at"], key["expires_at"]);
    let old = &once["secrets"][1];
    assert_eq!(
        (&old["status"], &old["ends_at"]),
        (&json!("retiring"), &key["expires_at"]),
        "it ends when the key was to end"
    );

    // A longer grace the next time is the younger secret's alone.
    let (_, twice) = post(&server, &key, "rotate", json!({"grace": "24h"})).await;
    let secrets = twice["secrets"].as_array().expect("secrets");
    let statuses: Vec<&Value> = secrets.iter().map(|secret| &secret["status"]).collect();
    assert_eq!(statuses, ["current", "retiring", "ended"]);
    assert_eq!(
        twice["expires_at"], once["expires_at"],
        "a rotation keeps the end unless it is told one"
    );
    assert_eq!(server.verify(text(&key, "secret")).await["code"], "REVOKED");
    assert_eq!(server.verify(text(&once, "secret")).await["code"], "VALID");

    let whole = get(&server, &path_of(&key, "")).await;
    refused(
        post(&server, &key, "rotate", json!({"grace": "31d"})).await,
        400,
        "invalid_request",
    );
    assert_eq!(
        get(&server, &path_of(&key, "")).await,
        whole,
        "a refused rotation changes nothing"
    );
    let events = get(&server, &path_of(&key, "events")).await;
    let actions: Vec<&Value> = events["items"]
        .as_array()
        .expect("items")
        .iter()
        .map(|e| &e["action"])
        .collect();
    assert_eq!(actions, ["key.rotate", "key.rotate", "key.create"]);

    server.policy(json!({"rotation": {"allowed": false}})).await;
    refused(
        post(&server, &key, "rotate", json!({})).await,
        422,
        "policy_refused",
    );

    // Off stays off, and a secret that was made meanwhile works when it is on again.
    server.policy(json!({"rotation": {"allowed": true}})).await;
    post(&server, &key, "disable", json!({})).await;
    let (status, thrice) = post(&server, &key, "rotate", json!({})).await;
    assert_eq!((status, &thrice["status"]), (StatusCode::OK, &json!("disabled")));
    assert_eq!(server.verify(text(&thrice, "secret")).await["code"], "DISABLED");
    post(&server, &key, "enable", json!({})).await;
    assert_eq!(server.verify(text(&thrice, "secret")).await["code"], "VALID");
}

#[tokio::test]
async fn of_rotations_at_once_every_answer_is_true() {
    for engine in ENGINES {
        let server = Server::start(engine).await;
        let key = server.create(json!({})).await;
        let mut conflicts = 0;
        for _ in 0..5 {
            let mut both = JoinSet::new();
            for _ in 0..4 {
                let rotate = server.request(Method::POST, &path_of(&key, "rotate"));
                both.spawn(Answer::of(rotate));
            }
            let answers = both.join_all().await;
            let won: Vec<&Answer> = answers.iter().filter(|answer| answer.status == 200).collect();
            assert!(!won.is_empty());
            for lost in answers.iter().filter(|answer| answer.status != 200) {
                lost.refused(409, "rotation_conflict", "the loser");
                conflicts += 1;
            }
            // Those that came one after the other may all have won; the last one's secret is the one that works.
            let mut valid = 0;
            for answer in &won {
                valid += u32::from(server.verify(text(&answer.body, "secret")).await["code"] == "VALID");
            }
            assert_eq!(valid, 1, "one winner's secret works");
            let shown = get(&server, &path_of(&key, "")).await;
            let current = shown["secrets"]
                .as_array()
                .expect("secrets")
                .iter()
                .filter(|s| s["status"] == "current");
            assert_eq!(current.count(), 1);
        }
        assert!(conflicts > 0, "rotations at once were never told apart");
    }
}

#[tokio::test]
async fn an_expired_key_that_is_extended_is_accepted_again() {
    for engine in ENGINES {
        let server = Server::start(engine).await;
        let key = server.create(json!({"expires_in": "1s"})).await;
        let soon = server.create(json!({"expires_in": "30d"})).await;
        let later = server.create(json!({"expires_in": "31d"})).await;
        assert_eq!(
            (&key["status"], &soon["status"], &later["status"]),
            (&json!("expiring_soon"), &json!("expiring_soon"), &json!("active"))
        );
        server.policy(json!({"expiring_window": "31d"})).await;
        assert_eq!(
            get(&server, &path_of(&later, "")).await["status"],
            "expiring_soon"
        );
        server.policy(json!({"expiring_window": "0s"})).await;
        assert_eq!(get(&server, &path_of(&soon, "")).await["status"], "active");

        tokio::time::sleep(Duration::from_millis(1010)).await;
        assert_eq!(get(&server, &path_of(&key, "")).await["status"], "expired");
        assert_eq!(server.verify(text(&key, "secret")).await["code"], "EXPIRED");
        let edit = Some(json!({"expires_in": "1h"}));
        let (status, extended) = server.call(Method::PATCH, &path_of(&key, ""), edit).await;
        assert_eq!((status, &extended["status"]), (StatusCode::OK, &json!("active")));
        assert_eq!(server.verify(text(&key, "secret")).await["code"], "VALID");
    }
}

#[tokio::test]
async fn protection_holds_and_an_end_is_for_good() {
    for engine in ENGINES {
        let server = Server::start(engine).await;
        let key = server.create(json!({"protected": true, "name": "Guarded"})).await;
        refused(
            post(&server, &key, "revoke", json!({})).await,
            409,
            "key_protected",
        );
        refused(
            server.call(Method::DELETE, &path_of(&key, ""), None).await,
            409,
            "key_protected",
        );
        assert_eq!(server.verify(text(&key, "secret")).await["code"], "VALID");
        let (status, free) = post(&server, &key, "unprotect", json!({})).await;
        assert_eq!((status, &free["protected"]), (StatusCode::OK, &json!(false)));

        let (status, first) = post(&server, &key, "revoke", json!({"reason": "leaked"})).await;
        assert_eq!(status, StatusCode::OK);
        let others: Vec<&Value> = first["others"]
            .as_array()
            .expect("others")
            .iter()
            .map(|o| &o["name"])
            .collect();
        assert_eq!(others, ["First management key"]);
        let (status, second) = post(&server, &key, "revoke", json!({"reason": "another"})).await;
        assert_eq!(
            (status, &second["key"]["revoked"]),
            (StatusCode::OK, &first["key"]["revoked"])
        );
        assert_eq!(second["key"]["revoked"]["reason"], "leaked");
        assert_eq!(
            second["key"]["version"], first["key"]["version"],
            "nothing changed"
        );
        for verb in ["rotate", "enable", "disable", "protect", "unprotect", "reveal"] {
            refused(post(&server, &key, verb, json!({})).await, 409, "key_over");
        }
        let edit = Some(json!({"expires_in": "1h"}));
        refused(
            server.call(Method::PATCH, &path_of(&key, ""), edit).await,
            409,
            "key_over",
        );

        let kept = server.create(json!({"name": "Kept"})).await;
        for _ in 0..2 {
            let (status, end) = server.call(Method::DELETE, &path_of(&kept, ""), None).await;
            assert_eq!((status, &end["erased"]), (StatusCode::OK, &json!(false)));
        }
        assert_eq!(get(&server, &path_of(&kept, "")).await["status"], "deleted");
        assert_eq!(server.verify(text(&kept, "secret")).await["code"], "REVOKED");

        server.policy(json!({"deletion": "erase"})).await;
        let gone = server.create(json!({"name": "Gone"})).await;
        assert_eq!(server.verify(text(&gone, "secret")).await["code"], "VALID");
        let (status, end) = server.call(Method::DELETE, &path_of(&gone, ""), None).await;
        assert_eq!((status, &end["erased"]), (StatusCode::OK, &json!(true)));
        assert_eq!(server.verify(text(&gone, "secret")).await["code"], "NOT_FOUND");
        refused(
            server.call(Method::GET, &path_of(&gone, ""), None).await,
            404,
            "not_found",
        );
        refused(
            server.call(Method::DELETE, &path_of(&gone, ""), None).await,
            404,
            "not_found",
        );
        let events = get(&server, &path_of(&gone, "events")).await;
        assert_eq!(
            (
                &events["items"][0]["action"],
                &events["items"][0]["target"]["name"]
            ),
            (&json!("key.erase"), &json!("Gone"))
        );
        assert_eq!(get(&server, "/v1/audit/verify").await["ok"], true);
    }
}

#[tokio::test]
async fn filters_figures_and_pages_agree() {
    for engine in ENGINES {
        let server = Server::start(engine).await;
        for (i, fields) in [
            json!({"name": "zeta"}),
            json!({"name": "alpha", "expires_in": "1s", "tags": ["blue"]}),
            json!({"name": "beta", "expires_in": "7d", "permissions": ["orders:view"]}),
            json!({"name": "gamma", "tags": ["blue", "red"]}),
            json!({"name": "delta"}),
            json!({"name": "epsilon", "description": "for the warehouse"}),
        ]
        .into_iter()
        .enumerate()
        {
            let key = server.create(fields).await;
            match i {
                3 => drop(post(&server, &key, "disable", json!({})).await),
                4 => drop(post(&server, &key, "revoke", json!({})).await),
                5 => drop(server.call(Method::DELETE, &path_of(&key, ""), None).await),
                _ => {}
            }
        }
        tokio::time::sleep(Duration::from_millis(1010)).await;
        let names = async |query: &str| -> Vec<String> {
            let page = get(&server, &format!("/v1/keys?sort=name&{query}")).await;
            let items = page["items"].as_array().expect("items");
            items.iter().map(|key| text(key, "name").to_owned()).collect()
        };
        let first = "First management key";
        for (query, expected) in [
            ("", vec!["alpha", "beta", first, "gamma", "zeta"]),
            ("status=live", vec!["alpha", "beta", first, "gamma", "zeta"]),
            (
                "status=all",
                vec!["alpha", "beta", "delta", "epsilon", first, "gamma", "zeta"],
            ),
            ("status=active", vec!["beta", first, "zeta"]),
            ("status=expiring_soon", vec!["beta"]),
            ("status=expired,disabled", vec!["alpha", "gamma"]),
            ("status=revoked", vec!["delta"]),
            ("status=deleted", vec!["epsilon"]),
            ("tag=blue", vec!["alpha", "gamma"]),
            ("permission=orders:view", vec!["beta"]),
            ("q=ETA", vec!["beta", "zeta"]),
            ("q=warehouse&status=all", vec!["epsilon"]),
            ("expires_before=2100-01-01T00:00:00Z", vec!["alpha", "beta"]),
        ] {
            assert_eq!(names(query).await, expected, "{query}");
        }
        let summary = get(&server, "/v1/keys/summary").await;
        let expected = json!({"total": 7, "active": 3, "expiring_soon": 1, "expired": 1, "disabled": 1, "revoked": 1, "deleted": 1});
        assert_eq!(summary, expected);
        for status in [
            "active",
            "expiring_soon",
            "expired",
            "disabled",
            "revoked",
            "deleted",
        ] {
            assert_eq!(
                summary[status],
                names(&format!("status={status}")).await.len(),
                "{status}"
            );
        }
    }
}

#[tokio::test]
async fn pages_show_every_key_once_while_others_are_made() {
    for engine in ENGINES {
        let server = Server::start(engine).await;
        let mut there = BTreeSet::new();
        for i in 0..20 {
            // Names alike, so that the id has to break the tie.
            let key = server.create(json!({"name": format!("Same {}", i % 2)})).await;
            there.insert(text(&key, "id").to_owned());
        }
        for sort in [
            "-created_at",
            "created_at",
            "name",
            "-name",
            "expires_at",
            "created_by",
            "-last_used_at",
        ] {
            let mut seen = Vec::new();
            let mut cursor = String::new();
            loop {
                let page = get(&server, &format!("/v1/keys?limit=7&sort={sort}{cursor}")).await;
                seen.extend(
                    page["items"]
                        .as_array()
                        .expect("items")
                        .iter()
                        .map(|key| text(key, "id").to_owned()),
                );
                server.create(json!({"name": "Same 0.5"})).await;
                match page["next_cursor"].as_str() {
                    Some(next) if seen.len() < 500 => cursor = format!("&cursor={next}"),
                    _ => break,
                }
            }
            let distinct: BTreeSet<String> = seen.iter().cloned().collect();
            assert_eq!(distinct.len(), seen.len(), "{sort}: a key was shown twice");
            assert!(distinct.is_superset(&there), "{sort}: a key was left out");
        }
    }
}

#[tokio::test]
async fn an_edit_of_an_old_version_is_refused() {
    let server = Server::start(Engine::Sqlite).await;
    let key = server.create(json!({"name": "One"})).await;
    let path = path_of(&key, "");
    let shown = Answer::of(server.request(Method::GET, &path)).await;
    assert_eq!(shown.header("etag"), "\"1\"");
    let edit = |tag: &str, name: &str| {
        let request = server.request(Method::PATCH, &path).header("If-Match", tag);
        Answer::of(request.json(&json!({"name": name})))
    };
    let edited = edit("\"1\"", "Two").await;
    assert_eq!((edited.status.as_u16(), edited.header("etag")), (200, "\"2\""));
    edit("\"1\"", "Three")
        .await
        .refused(412, "precondition_failed", "an old version");
    assert_eq!(edit("*", "Four").await.status, 200);
    let same = edit("\"3\"", "Four").await;
    assert_eq!(
        (same.status.as_u16(), same.header("etag")),
        (200, "\"3\""),
        "no change, no version"
    );
}

#[tokio::test]
async fn a_request_that_is_sent_twice_is_done_once() {
    for engine in ENGINES {
        let server = Server::start(engine).await;
        let create = |token: &str, name: &str| {
            let request = server
                .request(Method::POST, "/v1/keys")
                .header("Idempotency-Key", token);
            Answer::of(request.json(&json!({"name": name})))
        };
        let first = create("a", "Once").await;
        assert_eq!(
            (first.status.as_u16(), first.header("idempotency-replayed")),
            (201, "")
        );
        let again = create("a", "Once").await;
        assert_eq!(
            (again.status.as_u16(), again.header("idempotency-replayed")),
            (201, "true")
        );
        assert_eq!(again.body["id"], first.body["id"]);
        assert!(again.body["secret"].is_null() && first.body["secret"].is_string());
        create("a", "Other")
            .await
            .refused(409, "idempotency_conflict", "another body");

        let rotate = || {
            let request = server.request(Method::POST, &path_of(&first.body, "rotate"));
            Answer::of(request.header("Idempotency-Key", "r"))
        };
        let rotated = rotate().await;
        let again = rotate().await;
        assert_eq!(
            (again.status.as_u16(), again.header("idempotency-replayed")),
            (200, "true")
        );
        assert!(again.body["secret"].is_null());
        assert_eq!(
            server.verify(text(&rotated.body, "secret")).await["code"],
            "VALID",
            "rotated once"
        );

        // Another caller's token of the same name is another token.
        let other = server
            .create(json!({"permissions": ["claviger:keys.create"]}))
            .await;
        let request = server
            .anonymous(Method::POST, "/v1/keys")
            .bearer_auth(text(&other, "secret"));
        let theirs = Answer::of(
            request
                .header("Idempotency-Key", "a")
                .json(&json!({"name": "Theirs"})),
        )
        .await;
        assert_eq!(
            (theirs.status.as_u16(), &theirs.body["name"]),
            (201, &json!("Theirs"))
        );

        let before = get(&server, "/v1/keys/summary").await["total"].as_i64();
        let mut all = JoinSet::new();
        for _ in 0..16 {
            let request = server
                .request(Method::POST, "/v1/keys")
                .header("Idempotency-Key", "c");
            all.spawn(Answer::of(request.json(&json!({"name": "Once of sixteen"}))));
        }
        let answers = all.join_all().await;
        let ids: BTreeSet<String> = answers
            .iter()
            .map(|answer| text(&answer.body, "id").to_owned())
            .collect();
        assert_eq!(ids.len(), 1);
        let shown = answers.iter().filter(|answer| answer.body["secret"].is_string());
        assert_eq!(shown.count(), 1, "one of them was told the secret");
        let after = get(&server, "/v1/keys/summary").await["total"].as_i64();
        assert_eq!(after, before.map(|total| total + 1));
    }
}
