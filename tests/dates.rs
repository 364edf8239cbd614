//! Ends that are given as dates: what is stored and shown is an instant, and the policy says which.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{ENGINES, Server, path_of, text};

async fn set(server: &Server, expiry: Value) {
    server.policy(json!({"expiry": expiry})).await;
}

#[tokio::test]
async fn a_date_becomes_an_instant_by_the_policys_cutoff_and_zone() {
    for engine in ENGINES {
        let server = Server::start(engine).await;
        let key = server.create(json!({"expires_at": "2031-03-30"})).await;
        assert_eq!(text(&key, "expires_at"), "2031-03-30T23:59:59.999999Z");

        // Clocks go forward in that night: the day has 23 hours.
        set(&server, json!({"timezone": "Europe/Berlin"})).await;
        let key = server.create(json!({"expires_at": "2031-03-30"})).await;
        assert_eq!(text(&key, "expires_at"), "2031-03-30T21:59:59.999999Z");

        set(&server, json!({"cutoff": "start_of_day"})).await;
        let path = format!("/v1/keys/{}", text(&key, "id"));
        let (status, edited) = server
            .call(Method::PATCH, &path, Some(json!({"expires_at": "2031-03-31"})))
            .await;
        assert_eq!(status, StatusCode::OK, "{edited}");
        assert_eq!(text(&edited, "expires_at"), "2031-03-30T22:00:00Z");
        // What was made before stays as it was.
        assert_eq!(
            server.verify(text(&key, "secret")).await["expires_at"],
            "2031-03-30T22:00:00Z"
        );
    }
}

#[tokio::test]
async fn days_without_a_midnight_with_two_and_at_the_ends_of_the_earth_become_the_right_instant() {
    for engine in ENGINES {
        let mut server = Server::start(engine).await;
        let mut kept = Vec::new();
        for (cutoff, zone, date, instant) in [
            // Clocks go from 00:00 to 01:00, and back from 01:00 to 00:00; by half an hour; and nowhere at all.
            (
                "start_of_day",
                "Asia/Beirut",
                "2031-03-30",
                "2031-03-29T22:00:00Z",
            ),
            (
                "end_of_day",
                "Asia/Beirut",
                "2031-03-29",
                "2031-03-29T21:59:59.999999Z",
            ),
            (
                "start_of_day",
                "America/Havana",
                "2031-11-02",
                "2031-11-02T04:00:00Z",
            ),
            (
                "end_of_day",
                "America/Havana",
                "2031-11-02",
                "2031-11-03T04:59:59.999999Z",
            ),
            (
                "end_of_day",
                "Australia/Lord_Howe",
                "2031-04-06",
                "2031-04-06T13:29:59.999999Z",
            ),
            (
                "start_of_day",
                "Pacific/Kiritimati",
                "2031-07-01",
                "2031-06-30T10:00:00Z",
            ),
            (
                "end_of_day",
                "Etc/GMT+12",
                "2031-07-01",
                "2031-07-02T11:59:59.999999Z",
            ),
            (
                "end_of_day",
                "Asia/Kolkata",
                "2031-07-01",
                "2031-07-01T18:29:59.999999Z",
            ),
        ] {
            set(&server, json!({"cutoff": cutoff, "timezone": zone})).await;
            let key = server.create(json!({"expires_at": date})).await;
            assert_eq!(text(&key, "expires_at"), instant, "{cutoff} of {date} in {zone}");
            kept.push((path_of(&key, ""), instant));
        }
        // What is stored is the instant: neither another policy nor another start makes it another one.
        set(&server, json!({"cutoff": null, "timezone": null})).await;
        server.stop_soon().await;
        server.serve().await;
        for (path, instant) in kept {
            let (_, key) = server.call(Method::GET, &path, None).await;
            assert_eq!(text(&key, "expires_at"), instant);
        }
    }
}

#[tokio::test]
async fn a_policy_that_sets_ends_by_itself_ends_them_with_a_day_and_takes_no_others() {
    for engine in ENGINES {
        let server = Server::start(engine).await;
        let older = server.create(json!({"expires_in": "30d"})).await;
        set(
            &server,
            json!({"mode": "automatic", "default": "366d", "cutoff": "start_of_day"}),
        )
        .await;
        let key = server.create(json!({})).await;
        let end = text(&key, "expires_at").to_owned();
        assert!(end.ends_with("T00:00:00Z"), "{key}");
        for wish in [
            json!({"expires_at": "2031-03-31"}),
            json!({"expires_at": "2031-03-31T12:00:00Z"}),
            json!({"expires_at": end}),
            json!({"expires_at": null}),
            json!({"expires_in": "1h"}),
        ] {
            let mut new = wish.clone();
            new["name"] = json!("With a wish");
            for (method, path, body) in [
                (Method::POST, "/v1/keys".to_owned(), new),
                (Method::PATCH, path_of(&key, ""), wish.clone()),
                (Method::PATCH, path_of(&older, ""), wish.clone()),
                (Method::POST, path_of(&key, "rotate"), wish.clone()),
            ] {
                let what = format!("{method} {path} {body}");
                let (status, problem) = server.call(method, &path, Some(body)).await;
                assert_eq!(
                    (status, &problem["code"]),
                    (StatusCode::UNPROCESSABLE_ENTITY, &json!("policy_refused")),
                    "{what}: {problem}"
                );
            }
        }
        // What says nothing of it goes on as ever, and a rotation keeps the end.
        let (status, rotated) = server
            .call(Method::POST, &path_of(&key, "rotate"), Some(json!({})))
            .await;
        assert_eq!((status, &rotated["expires_at"]), (StatusCode::OK, &json!(end)));
        let edit = Some(json!({"description": "Renamed"}));
        let (status, edited) = server.call(Method::PATCH, &path_of(&older, ""), edit).await;
        assert_eq!(
            (status, &edited["expires_at"]),
            (StatusCode::OK, &older["expires_at"])
        );
        let (_, list) = server.call(Method::GET, "/v1/keys?q=wish", None).await;
        assert_eq!(list["items"], json!([]), "nothing was made");

        // A default of less than a day never makes a key that is over already.
        set(&server, json!({"default": "1s"})).await;
        let key = server.create(json!({})).await;
        assert!(text(&key, "expires_at").ends_with("T00:00:00Z"), "{key}");
        assert_eq!(server.verify(text(&key, "secret")).await["code"], "VALID");
    }
}

#[tokio::test]
async fn an_expired_key_gets_another_end_only_where_the_policy_lets_it_and_a_revoked_one_never() {
    for engine in ENGINES {
        let server = Server::start(engine).await;
        let key = server.create(json!({"expires_in": "1s"})).await;
        let revoked = server.create(json!({"expires_in": "1s"})).await;
        let (status, _) = server
            .call(Method::POST, &path_of(&revoked, "revoke"), None)
            .await;
        assert_eq!(status, StatusCode::OK);
        let secret = text(&key, "secret");
        tokio::time::sleep(Duration::from_millis(1010)).await;
        assert_eq!(server.verify(secret).await["code"], "EXPIRED");
        let extend = async |key: &Value, wish: Value| {
            let (status, answer) = server.call(Method::PATCH, &path_of(key, ""), Some(wish)).await;
            (status.as_u16(), answer)
        };

        set(&server, json!({"editable": false})).await;
        let (status, problem) = extend(&key, json!({"expires_in": "1h"})).await;
        assert_eq!((status, &problem["code"]), (422, &json!("policy_refused")));
        assert_eq!(server.verify(secret).await["code"], "EXPIRED");
        set(&server, json!({"editable": true, "max": "30d"})).await;
        assert_eq!(extend(&key, json!({"expires_in": "31d"})).await.0, 422);
        assert_eq!(extend(&key, json!({"expires_at": null})).await.0, 422);
        assert_eq!(server.verify(secret).await["code"], "EXPIRED");

        let (status, extended) = extend(&key, json!({"expires_in": "30d"})).await;
        assert_eq!(status, 200, "{extended}");
        let verified = server.verify(secret).await;
        assert_eq!(
            (&verified["code"], &verified["expires_at"]),
            (&json!("VALID"), &extended["expires_at"]),
            "it works again at once"
        );
        let (status, problem) = extend(&revoked, json!({"expires_in": "1h"})).await;
        assert_eq!((status, &problem["code"]), (409, &json!("key_over")));
        assert_eq!(server.verify(text(&revoked, "secret")).await["code"], "REVOKED");

        // Its secret alone is past its end: the key lives, the token that was replaced does not.
        let (_, rotated) = server
            .call(
                Method::POST,
                &path_of(&key, "rotate"),
                Some(json!({"expires_in": "1s"})),
            )
            .await;
        tokio::time::sleep(Duration::from_millis(1010)).await;
        assert_eq!(extend(&key, json!({"expires_in": "1h"})).await.0, 200);
        assert_eq!(server.verify(text(&rotated, "secret")).await["code"], "VALID");
        assert_eq!(server.verify(secret).await["code"], "REVOKED");
    }
}

#[tokio::test]
async fn what_is_no_date_and_no_zone_is_refused_and_nothing_is_made() {
    let server = Server::start(ENGINES[0]).await;
    for end in ["2031-02-30", "2031-2-3", "31.12.2031", "2020-01-01", "9999-12-31"] {
        let body = json!({"name": "Dated", "expires_at": end});
        let (status, problem) = server.call(Method::POST, "/v1/keys", Some(body)).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{end}: {problem}");
    }
    for zone in ["Middle/Earth", "", "../../etc/localtime"] {
        let body = json!({"expiry": {"timezone": zone}});
        let (status, problem) = server.call(Method::PATCH, "/v1/policy", Some(body)).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{zone}: {problem}");
    }
    let (_, list) = server.call(Method::GET, "/v1/keys?q=dated", None).await;
    assert_eq!(list["items"], json!([]));
}
