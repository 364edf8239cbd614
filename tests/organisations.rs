//! Organisations: made, renamed, suspended, resumed and closed, by whom it may be, and with effect at once.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Answer, Browser, ENGINES, Server, text};

/// A request at the socket, in an organisation where one is named.
pub(crate) async fn local(
    server: &Server,
    method: Method,
    path: &str,
    slug: &str,
    body: Option<Value>,
) -> Answer {
    let mut request = server.local(method, path);
    if !slug.is_empty() {
        request = request.header("claviger-organisation", slug);
    }
    if let Some(body) = body {
        request = request.json(&body);
    }
    Answer::of(request).await
}

/// An organisation with a key that may do everything in it.
pub(crate) async fn second(server: &Server, name: &str) -> (Value, Value) {
    let made = local(
        server,
        Method::POST,
        "/v1/organisations",
        "",
        Some(json!({"name": name})),
    )
    .await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    let body = json!({"name": "Its own key", "permissions": ["*", "claviger:*"]});
    let key = local(
        server,
        Method::POST,
        "/v1/keys",
        text(&made.body, "slug"),
        Some(body),
    )
    .await;
    assert_eq!(key.status, StatusCode::CREATED, "{}", key.text);
    (made.body, key.body)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_organisations_keys_stop_at_once_and_work_again_when_it_is_resumed() {
    for engine in ENGINES {
        let server = Server::start(engine).await;
        let (organisation, key) = second(&server, "Other Ltd").await;
        let (path, token) = (
            format!("/v1/organisations/{}", text(&organisation, "id")),
            text(&key, "secret"),
        );
        for round in 0..20 {
            assert_eq!(server.verify(token).await["code"], "VALID", "{round}");
            let suspended = local(&server, Method::POST, &format!("{path}/suspend"), "", None).await;
            assert_eq!(suspended.body["status"], "suspended", "{}", suspended.text);
            assert_eq!(
                server.verify(token).await["code"],
                "ORGANISATION_SUSPENDED",
                "{round}"
            );
            // Nobody manages it by its own keys either.
            let (status, _) = server.call_as(token, Method::GET, "/v1/keys", None).await;
            assert_eq!(status, StatusCode::UNAUTHORIZED);
            let resumed = local(&server, Method::POST, &format!("{path}/resume"), "", None).await;
            assert_eq!(resumed.body["status"], "active", "{}", resumed.text);
        }
        // The first organisation is none the worse.
        assert_eq!(server.verify(&server.key).await["code"], "VALID");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_organisations_people_are_let_out_at_once() {
    for engine in ENGINES {
        let server = Server::start(engine).await;
        let (organisation, _) = second(&server, "Other Ltd").await;
        let path = format!("/v1/organisations/{}", text(&organisation, "id"));
        let owner = Browser::invited_to("other-ltd", &server, "owner@other.example", &["owner"]).await;
        assert_eq!(owner.get("/v1/keys").await.status, StatusCode::OK);
        local(&server, Method::POST, &format!("{path}/suspend"), "", None).await;
        owner
            .get("/v1/keys")
            .await
            .refused(401, "unauthenticated", "a session of a suspended organisation");
        let mut again = Browser::new(&server);
        let refused = again
            .sign_in("owner@other.example", crate::support::PASSWORD)
            .await;
        assert_eq!(refused.status, StatusCode::UNAUTHORIZED, "{}", refused.text);
        local(&server, Method::POST, &format!("{path}/resume"), "", None).await;
        let signed_in = again
            .sign_in("owner@other.example", crate::support::PASSWORD)
            .await;
        assert!(signed_in.status.is_success(), "{}", signed_in.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_who_is_an_operator_works_in_every_organisation_and_an_owner_in_their_own() {
    let server = Server::start(ENGINES[0]).await;
    let mut operator = Browser::first(&server).await;
    let made = operator
        .post("/v1/organisations", json!({"name": "Other Ltd"}))
        .await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    let path = format!("/v1/organisations/{}", text(&made.body, "id"));
    let all = operator.get("/v1/organisations?sort=name").await.body;
    assert_eq!(all["items"].as_array().map(Vec::len), Some(2), "{all}");
    let renamed = operator
        .send(Method::PATCH, &path, json!({"name": "Another Ltd"}))
        .await;
    assert_eq!(renamed.body["name"], "Another Ltd", "{}", renamed.text);
    for (verb, status) in [("suspend", "suspended"), ("resume", "active")] {
        let done = operator.post(&format!("{path}/{verb}"), json!({})).await;
        assert_eq!(done.body["status"], status, "{}", done.text);
    }
    // Who owns another organisation is told of neither the first one nor how to make one.
    let mut owner = Browser::invited_to("other-ltd", &server, "owner@other.example", &["owner"]).await;
    let own = owner.get("/v1/organisations").await.body;
    assert_eq!(own["items"].as_array().map(Vec::len), Some(1), "{own}");
    let first = all["items"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|one| one["slug"] == "sample-ltd");
    let first = format!("/v1/organisations/{}", text(first.expect("the first one"), "id"));
    for verb in ["suspend", "resume", "close"] {
        let body = json!({"confirm": "sample-ltd"});
        let refused = owner.post(&format!("{first}/{verb}"), body).await;
        refused.refused(404, "not_found", verb);
    }
    owner
        .post("/v1/organisations", json!({"name": "Third Ltd"}))
        .await
        .refused(403, "forbidden", "an owner makes no organisation");
    let closed = owner
        .post(&format!("{path}/close"), json!({"confirm": "other-ltd"}))
        .await;
    assert_eq!(closed.body["status"], "closed", "{}", closed.text);
    owner.get("/v1/organisations").await.refused(
        401,
        "unauthenticated",
        "a session of a closed organisation",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_is_for_good_and_has_to_be_typed() {
    for engine in ENGINES {
        let server = Server::start(engine).await;
        let (organisation, key) = second(&server, "Other Ltd").await;
        let token = text(&key, "secret");
        let path = format!("/v1/organisations/{}", text(&organisation, "id"));
        let post = async |verb: &str, body: Option<Value>| {
            local(&server, Method::POST, &format!("{path}/{verb}"), "", body).await
        };
        for wrong in [json!({"confirm": "Other Ltd"}), json!({"confirm": ""})] {
            let refused = post("close", Some(wrong)).await;
            refused.refused(400, "invalid_request", "another word than the slug");
            assert_eq!(refused.body["errors"][0]["field"], "confirm");
        }
        post("close", None)
            .await
            .refused(400, "invalid_json", "nothing typed");
        assert_eq!(server.verify(token).await["code"], "VALID");
        let closed = post("close", Some(json!({"confirm": "other-ltd"}))).await;
        assert_eq!(closed.body["status"], "closed", "{}", closed.text);
        assert_eq!(server.verify(token).await["code"], "ORGANISATION_SUSPENDED");
        // Once more is no error; anything else is.
        let again = post("close", Some(json!({"confirm": "other-ltd"}))).await;
        assert_eq!(again.body, closed.body);
        for verb in ["suspend", "resume"] {
            post(verb, None).await.refused(409, "organisation_closed", verb);
        }
        local(&server, Method::PATCH, &path, "", Some(json!({"name": "Again"})))
            .await
            .refused(409, "organisation_closed", "rename");
        assert_eq!(server.verify(token).await["code"], "ORGANISATION_SUSPENDED");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_sees_and_renames_its_own_organisation_and_nothing_more() {
    let server = Server::start(ENGINES[0]).await;
    let (other, key) = second(&server, "Other Ltd").await;
    let (own, token) = (text(&other, "id"), text(&key, "secret"));
    let all = local(&server, Method::GET, "/v1/organisations", "", None).await;
    let all = all.body["items"].as_array().expect("items").clone();
    assert_eq!(all.len(), 2);
    let first = all.iter().find(|one| one["id"] != own).expect("the first one");
    let (status, list) = server
        .call_as(token, Method::GET, "/v1/organisations", None)
        .await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(list, json!({"items": [other], "next_cursor": null}));
    let path = |id: &str, verb: &str| format!("/v1/organisations/{id}{verb}");
    for (method, verb, body) in [
        (Method::GET, "", None),
        (Method::PATCH, "", Some(json!({"name": "Mine now"}))),
        (Method::POST, "/suspend", None),
        (Method::POST, "/resume", None),
        (Method::POST, "/close", Some(json!({"confirm": first["slug"]}))),
    ] {
        let (status, _) = server
            .call_as(token, method, &path(text(first, "id"), verb), body)
            .await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{verb}");
    }
    for verb in ["/suspend", "/resume"] {
        let (status, problem) = server.call_as(token, Method::POST, &path(own, verb), None).await;
        assert_eq!(
            (status, &problem["missing"]),
            (StatusCode::FORBIDDEN, &json!("operator"))
        );
    }
    let limits = Some(json!({"rate_limits": [{"name": "all", "limit": 1_000_000, "window": "1s"}]}));
    let (status, problem) = server.call_as(token, Method::PATCH, &path(own, ""), limits).await;
    assert_eq!(
        (status, &problem["missing"]),
        (StatusCode::FORBIDDEN, &json!("operator")),
        "a tenant raises no limit that it was lent"
    );
    let body = Some(json!({"name": "Third Ltd"}));
    let (status, _) = server
        .call_as(token, Method::POST, "/v1/organisations", body)
        .await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    let patched = |name: &str| Some(json!({ "name": name }));
    let (status, renamed) = server
        .call_as(token, Method::PATCH, &path(own, ""), patched("Another Ltd"))
        .await;
    assert_eq!(status, StatusCode::OK, "{renamed}");
    assert_eq!(
        (&renamed["name"], &renamed["slug"]),
        (&json!("Another Ltd"), &json!("other-ltd"))
    );
    // What is shown with a verification is the new name, at once.
    assert_eq!(server.verify(token).await["organisation"]["name"], "Another Ltd");
    let stale = server
        .http
        .patch(format!("{}{}", server.management, path(own, "")))
        .bearer_auth(token)
        .header("if-match", "\"1\"")
        .json(&json!({"name": "Late Ltd"}));
    Answer::of(stale)
        .await
        .refused(412, "precondition_failed", "an old version");
    let events = server
        .call_as(token, Method::GET, "/v1/audit?action=organisation.rename", None)
        .await
        .1;
    let difference = json!({"name": {"before": "Other Ltd", "after": "Another Ltd"}});
    assert_eq!(events["items"][0]["changes"], difference);
    assert_eq!(events["items"].as_array().map(Vec::len), Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slug_is_the_organisations_own_and_hostile_names_are_refused() {
    for engine in ENGINES {
        let server = Server::start(engine).await;
        let make =
            async |body: Value| local(&server, Method::POST, "/v1/organisations", "", Some(body)).await;
        let slugs = ["twin", "twin-2", "twin-3"];
        for slug in slugs {
            assert_eq!(make(json!({"name": "Twin"})).await.body["slug"], slug);
        }
        make(json!({"name": "Other", "slug": "twin"})).await.refused(
            409,
            "slug_taken",
            "a slug that is in use",
        );
        for (name, slug) in [
            ("", "fine"),
            ("a\u{202e}b", "fine"),
            ("a\r\nX-Evil: 1", "fine"),
            ("Fine", "Not Fine"),
            ("Fine", "../fine"),
            ("Fine", ""),
            ("Fine", "аdmin"),
        ] {
            let refused = make(json!({"name": name, "slug": slug})).await;
            refused.refused(400, "invalid_request", &format!("{name:?} {slug:?}"));
        }
        let both = make(json!({"name": "", "slug": "-"})).await;
        assert_eq!(
            both.body["errors"].as_array().map(Vec::len),
            Some(2),
            "{}",
            both.text
        );
        // Pages join to the whole list.
        let mut names = Vec::new();
        let mut cursor = String::new();
        loop {
            let path = format!("/v1/organisations?sort=name&limit=2&q=twin{cursor}");
            let page = local(&server, Method::GET, &path, "", None).await.body;
            names.extend(
                page["items"]
                    .as_array()
                    .expect("items")
                    .iter()
                    .map(|one| one["slug"].clone()),
            );
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        names.sort_by_key(Value::to_string);
        assert_eq!(names, slugs);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_keeps_organisations() {
    let server = Server::init(ENGINES[0]).await;
    let run = |arguments: &[&str]| {
        let output = server.claviger(arguments).output().expect("an end");
        let err = String::from_utf8_lossy(&output.stderr).into_owned();
        (
            output.status.code(),
            serde_json::from_slice::<Value>(&output.stdout).unwrap_or(Value::Null),
            err,
        )
    };
    let organisations = |rest: &[&str]| run(&[&["organisations", "--json"], rest].concat());
    let (code, made, err) = organisations(&["create", "Other Ltd", "--slug", "other"]);
    assert_eq!((code, &made["slug"]), (Some(0), &json!("other")), "{err}");
    let (_, list, _) = organisations(&["list"]);
    assert_eq!(list["items"].as_array().map(Vec::len), Some(2));
    let (_, renamed, _) = organisations(&["rename", "other", "Another Ltd"]);
    assert_eq!(renamed["name"], "Another Ltd");
    // Acting in it.
    let (code, key, err) = run(&["keys", "create", "k", "--json", "--organisation", "other"]);
    assert_eq!(code, Some(0), "{err}");
    assert_eq!(key["owner"]["name"], "Another Ltd");
    assert_eq!(organisations(&["suspend", "other"]).1["status"], "suspended");
    assert_eq!(
        organisations(&["resume", text(&made, "id")]).1["status"],
        "active"
    );
    assert_eq!(organisations(&["close", "other"]).0, Some(2), "nobody was asked");
    assert_eq!(organisations(&["close", "other", "--yes"]).1["status"], "closed");
    assert_eq!(organisations(&["show", "other"]).1["status"], "closed");
    assert_eq!(organisations(&["show", "nowhere"]).0, Some(1));
}
