//! Ends that are given as dates: what is stored and shown is an instant, and the policy says which.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{ENGINES, Server, text};

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
async fn a_policy_that_sets_ends_by_itself_ends_them_with_a_day_and_takes_no_others() {
    let server = Server::start(ENGINES[0]).await;
    set(
        &server,
        json!({"mode": "automatic", "default": "366d", "cutoff": "start_of_day"}),
    )
    .await;
    let key = server.create(json!({})).await;
    assert!(text(&key, "expires_at").ends_with("T00:00:00Z"), "{key}");
    let path = format!("/v1/keys/{}", text(&key, "id"));
    let (status, problem) = server
        .call(Method::PATCH, &path, Some(json!({"expires_at": "2031-03-31"})))
        .await;
    assert_eq!(
        (status, &problem["code"]),
        (StatusCode::UNPROCESSABLE_ENTITY, &json!("policy_refused"))
    );
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
