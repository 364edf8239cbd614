//! OmniCRM's document on API keys, as far as it speaks of its API: each line that promises something is a test.

use super::*;
use crate::support::ENGINES;

/// As the preset has it.
async fn omnicrm(engine: Engine) -> Server {
    let server = speaking(engine, &["omnicrm"]).await;
    let preset = json!({"deletion": "erase", "rotation": {"max_grace": "0s"}});
    server.policy(preset).await;
    server
}

fn integration() -> Value {
    json!({
        "name": "New Integration", "description": "Third-party billing sync", "expiry_date": "2031-01-10",
        "permissions": ["view_customer", "view_service"]
    })
}

async fn made(server: &Server, body: Value) -> Value {
    let answer = ask(server, Method::POST, "/crm/api-keys", body).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
    assert_eq!(answer.header("cache-control"), "no-store");
    answer.body
}

fn at(key: &Value) -> String {
    format!("/crm/api-keys/{}", key["api_key_id"])
}

#[tokio::test(flavor = "multi_thread")]
async fn create_answers_with_the_number_the_whole_key_the_status_and_both_dates() {
    for engine in ENGINES {
        let server = omnicrm(engine).await;
        let key = made(&server, integration()).await;
        assert!(key["api_key_id"].is_i64(), "{key}");
        assert_eq!(key["name"], "New Integration");
        assert_eq!(key["status"], "active");
        assert_eq!(key["expiry_date"], "2031-01-10T23:59:59Z");
        let created = text(&key, "created");
        assert!(created.len() == 20 && created.ends_with('Z'), "{created}");
        let token = text(&key, "api_key");
        assert!(token.starts_with("sk_live_") && token.len() >= 32, "{key}");
        let ours = numbered(&server, &key["api_key_id"]).await;
        assert_eq!(ours["permissions"], json!(["customers:view", "services:view"]));
        assert_eq!(last_action(&server, &ours).await, "key.create");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_used_by_x_api_key_alone_and_managed_by_a_bearer_token() {
    let server = omnicrm(ENGINES[0]).await;
    server
        .policy(json!({"accept": {"sources": ["header:X-API-Key"]}}))
        .await;
    let key = made(&server, integration()).await;
    let token = text(&key, "api_key");
    let used = server.door(Method::GET, "/v1/self").header("X-API-KEY", token);
    assert_eq!(Answer::of(used).await.status, StatusCode::OK);
    let bearer = server.door(Method::GET, "/v1/self").bearer_auth(token);
    assert_eq!(Answer::of(bearer).await.status, StatusCode::UNAUTHORIZED);
    let header = server
        .anonymous(Method::GET, "/crm/api-keys")
        .header("x-api-key", &server.key);
    assert_eq!(Answer::of(header).await.status, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blank_expiry_date_means_that_the_key_never_expires() {
    let server = omnicrm(ENGINES[0]).await;
    for blank in [
        json!({}),
        json!({"expiry_date": null}),
        json!({"expiry_date": ""}),
    ] {
        let mut body = json!({"name": "Monitoring - Grafana"});
        body.as_object_mut()
            .expect("an object")
            .extend(blank.as_object().expect("an object").clone());
        assert_eq!(made(&server, body).await["expiry_date"], Value::Null);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_mask_the_key_and_it_cannot_be_retrieved_again() {
    for engine in ENGINES {
        let server = omnicrm(engine).await;
        let key = made(&server, integration()).await;
        let token = text(&key, "api_key");
        let list = ask(&server, Method::GET, "/crm/api-keys", Value::Null).await;
        assert_eq!(list.status, StatusCode::OK, "{}", list.text);
        assert!(!list.text.contains(token), "{}", list.text);
        let shown = &list.body[0];
        for field in [
            "name",
            "created_by",
            "api_key",
            "status",
            "created",
            "expiry_date",
        ] {
            assert!(shown[field].is_string(), "{field} in {shown}");
        }
        let masked = text(shown, "api_key");
        assert!(masked.starts_with("sk_live_") && masked.contains('…'), "{masked}");
        assert!(
            token.ends_with(masked.rsplit('…').next().expect("an end")),
            "{masked}"
        );
        let one = ask(&server, Method::GET, &at(&key), Value::Null).await;
        assert_eq!(one.body["api_key"], masked);
        assert_eq!(one.body["description"], "Third-party billing sync");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_editable_is_edited_and_the_key_its_date_and_its_maker_are_not() {
    for engine in ENGINES {
        let server = omnicrm(engine).await;
        let key = made(&server, integration()).await;
        let edit = json!({
            "name": "Updated Name", "description": "Other", "expiry_date": "2031-12-31", "permissions": ["provisioning"]
        });
        let edited = ask(&server, Method::PATCH, &at(&key), edit).await;
        assert_eq!(edited.status, StatusCode::OK, "{}", edited.text);
        assert_eq!(edited.body["name"], "Updated Name");
        assert_eq!(edited.body["description"], "Other");
        assert_eq!(edited.body["expiry_date"], "2031-12-31T23:59:59Z");
        assert_eq!(edited.body["permissions"], json!(["provisioning"]));
        assert_eq!(edited.body["created"], key["created"]);
        for (field, value) in [
            ("api_key", json!("sk_live_mine")),
            ("created", json!("2020-01-01T00:00:00Z")),
            ("created_by", json!("me")),
            ("status", json!("revoked")),
        ] {
            let answer = ask(&server, Method::PATCH, &at(&key), json!({ field: value })).await;
            answer.refused(400, "invalid_json", field);
        }
        // What was read can be sent back, and an end is taken away by null.
        let back =
            json!({"expiry_date": edited.body["expiry_date"], "permissions": edited.body["permissions"]});
        let again = ask(&server, Method::PATCH, &at(&key), back).await;
        assert_eq!(
            again.body["expiry_date"], "2031-12-31T23:59:59Z",
            "{}",
            again.text
        );
        let never = ask(&server, Method::PATCH, &at(&key), json!({"expiry_date": null})).await;
        assert_eq!(never.body["expiry_date"], Value::Null);
        assert_eq!(server.verify(text(&key, "api_key")).await["code"], "VALID");
        let ours = numbered(&server, &key["api_key_id"]).await;
        assert_eq!(last_action(&server, &ours).await, "key.edit");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_key_is_refused_at_once_and_gone() {
    for engine in ENGINES {
        let server = omnicrm(engine).await;
        let key = made(&server, integration()).await;
        let own = numbered(&server, &key["api_key_id"]).await;
        let token = text(&key, "api_key");
        let deleted = ask(&server, Method::DELETE, &at(&key), Value::Null).await;
        assert_eq!((deleted.status, &*deleted.text), (StatusCode::NO_CONTENT, ""));
        let used = server.door(Method::GET, "/v1/self").header("X-API-KEY", token);
        assert_eq!(Answer::of(used).await.status, StatusCode::UNAUTHORIZED);
        for (method, body) in [
            (Method::GET, Value::Null),
            (Method::PATCH, json!({"name": "Back"})),
            (Method::DELETE, Value::Null),
        ] {
            let answer = ask(&server, method, &at(&key), body).await;
            answer.refused(404, "not_found", "a deleted key");
        }
        let all = ask(&server, Method::GET, "/crm/api-keys?status=all", Value::Null).await;
        assert!(!all.text.contains("New Integration"), "{}", all.text);
        assert_eq!(last_action(&server, &own).await, "key.erase");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_kept_for_history_is_deleted_all_the_same() {
    let server = omnicrm(ENGINES[0]).await;
    server.policy(json!({"deletion": "deactivate"})).await;
    let key = made(&server, integration()).await;
    ask(&server, Method::DELETE, &at(&key), Value::Null).await;
    let again = ask(&server, Method::DELETE, &at(&key), Value::Null).await;
    again.refused(404, "not_found", "deleted twice");
    let all = ask(&server, Method::GET, "/crm/api-keys?status=all", Value::Null).await;
    assert!(!all.text.contains("New Integration"), "{}", all.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_protected_key_cannot_be_deleted() {
    let server = omnicrm(ENGINES[0]).await;
    let key = made(&server, integration()).await;
    let ours = numbered(&server, &key["api_key_id"]).await;
    let protect = format!("/v1/keys/{}/protect", text(&ours, "id"));
    assert_eq!(
        ask(&server, Method::POST, &protect, Value::Null).await.status,
        200
    );
    let answer = ask(&server, Method::DELETE, &at(&key), Value::Null).await;
    answer.refused(409, "key_protected", "a protected key");
}

#[tokio::test(flavor = "multi_thread")]
async fn regenerating_stops_the_old_key_at_once_and_keeps_all_else() {
    for engine in ENGINES {
        let server = omnicrm(engine).await;
        let key = made(&server, integration()).await;
        let path = format!("{}/regenerate", at(&key));
        let new = ask(&server, Method::POST, &path, Value::Null).await;
        assert_eq!(new.status, StatusCode::OK, "{}", new.text);
        for field in [
            "api_key_id",
            "name",
            "description",
            "permissions",
            "expiry_date",
            "created",
        ] {
            assert_eq!(new.body[field], key[field], "{field}");
        }
        assert_ne!(new.body["api_key"], key["api_key"]);
        assert_eq!(server.verify(text(&key, "api_key")).await["code"], "REVOKED");
        assert_eq!(server.verify(text(&new.body, "api_key")).await["code"], "VALID");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn statuses_are_active_while_expiring_soon_then_expired_and_an_end_can_be_extended() {
    for engine in ENGINES {
        let server = omnicrm(engine).await;
        let soon = server.create(json!({"name": "Soon", "expires_in": "5d"})).await;
        let past = server.create(json!({"name": "Past", "expires_in": "1s"})).await;
        let off = server.create(json!({"name": "Off"})).await;
        let off_path = format!("/v1/keys/{}/disable", text(&off, "id"));
        ask(&server, Method::POST, &off_path, Value::Null).await;
        tokio::time::sleep(std::time::Duration::from_millis(1_200)).await;
        for (key, status, expiring) in [
            (&soon, "active", true),
            (&past, "expired", false),
            (&off, "revoked", false),
        ] {
            let shown = ask(
                &server,
                Method::GET,
                &format!("/crm/api-keys/{}", key["number"]),
                Value::Null,
            )
            .await;
            assert_eq!(shown.body["status"], status, "{}", shown.text);
            assert_eq!(shown.body["expiring_soon"], expiring, "{}", shown.text);
        }
        for (filter, names) in [
            ("expiring_soon", vec!["Soon"]),
            ("expired", vec!["Past"]),
            ("revoked", vec!["Off"]),
            ("active", vec!["First management key", "Soon"]),
        ] {
            let path = format!("/crm/api-keys?status={filter}&sort=name");
            let list = ask(&server, Method::GET, &path, Value::Null).await;
            let found: Vec<&str> = list
                .body
                .as_array()
                .expect("a list")
                .iter()
                .map(|key| text(key, "name"))
                .collect();
            assert_eq!(found.len(), names.len(), "{filter}: {found:?}");
            assert!(
                names
                    .iter()
                    .all(|name| found.contains(name) || *name == "First management key"),
                "{found:?}"
            );
        }
        let path = format!("/crm/api-keys/{}", past["number"]);
        let extended = ask(
            &server,
            Method::PATCH,
            &path,
            json!({"expiry_date": "2031-01-01"}),
        )
        .await;
        assert_eq!(extended.body["status"], "active", "{}", extended.text);
        assert_eq!(server.verify(text(&past, "secret")).await["code"], "VALID");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_is_searched_sorted_and_counted_in_pages() {
    for engine in ENGINES {
        let server = omnicrm(engine).await;
        for (name, end) in [
            ("Billing", "2031-03-01"),
            ("Ansible", "2031-01-01"),
            ("Portal", "2031-02-01"),
        ] {
            made(
                &server,
                json!({"name": name, "description": format!("for {name}"), "expiry_date": end}),
            )
            .await;
        }
        let names = async |query: &str| {
            let list = ask(
                &server,
                Method::GET,
                &format!("/crm/api-keys?{query}"),
                Value::Null,
            )
            .await;
            assert_eq!(list.status, StatusCode::OK, "{query}: {}", list.text);
            let names = list
                .body
                .as_array()
                .expect("a list")
                .iter()
                .map(|key| text(key, "name").to_owned());
            (
                names.collect::<Vec<_>>(),
                list.header("x-total-count").to_owned(),
                list.header("link").to_owned(),
            )
        };
        assert_eq!(
            names("search=for&sort=name").await.0,
            ["Ansible", "Billing", "Portal"]
        );
        assert_eq!(
            names("search=for&sort=-expiry_date").await.0,
            ["Billing", "Portal", "Ansible"]
        );
        assert_eq!(
            names("search=for&sort=created").await.0,
            ["Billing", "Ansible", "Portal"]
        );
        let (first, total, link) = names("search=for&sort=name&per_page=2").await;
        assert_eq!((first.len(), &*total), (2, "3"));
        let next = link
            .strip_prefix("</crm/api-keys?")
            .and_then(|rest| rest.strip_suffix(">; rel=\"next\""));
        let (second, _, link) = names(next.expect("a link to the next page")).await;
        assert_eq!((second, &*link), (vec!["Portal".to_owned()], ""));
        assert!(
            names("search=for&page=4000000000&per_page=500")
                .await
                .0
                .is_empty()
        );
        for query in [
            "page=0",
            "per_page=0",
            "per_page=501",
            "sort=size",
            "status=dead",
            "pages=1",
            "page=-1",
            "page=9999999999999",
        ] {
            let answer = ask(
                &server,
                Method::GET,
                &format!("/crm/api-keys?{query}"),
                Value::Null,
            )
            .await;
            answer.refused(400, "invalid_request", query);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_permission_of_the_document_is_known_by_its_name_both_ways() {
    let server = omnicrm(ENGINES[0]).await;
    let names = [
        "view_customer",
        "create_customer",
        "view_service",
        "create_service",
        "provisioning",
        "view_inventory",
        "update_inventory",
        "view_own_customer",
        "view_own_services",
        "create_payments",
        "view_transactions",
        "view_invoices",
        "view_provisioning",
        "admin",
        "MANAGE_API_KEYS",
    ];
    for name in names {
        let key = made(&server, json!({"name": name, "permissions": [name]})).await;
        assert_eq!(key["permissions"], json!([name]));
    }
    for unknown in ["view_everything", "Admin", "", "view customer", "orders"] {
        let body = json!({"name": "Unknown", "permissions": ["view_customer", unknown]});
        let answer = ask(&server, Method::POST, "/crm/api-keys", body).await;
        answer.refused(400, "invalid_request", unknown);
        assert_eq!(
            answer.body["errors"][0]["field"], "permissions[1]",
            "{}",
            answer.text
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_makes_a_key_that_can_do_more_than_they_can() {
    let server = omnicrm(ENGINES[0]).await;
    let maker = server
        .create(json!({"permissions": ["customers:view", "claviger:keys.create", "claviger:keys.read"]}))
        .await;
    let maker = text(&maker, "secret");
    let body = |permission: &str| json!({"name": "Higher", "permissions": [permission]});
    for permission in ["admin", "create_customer", "MANAGE_API_KEYS"] {
        let (status, answer) = server
            .call_as(maker, Method::POST, "/crm/api-keys", Some(body(permission)))
            .await;
        assert_eq!(
            (status.as_u16(), &answer["code"]),
            (403, &json!("grants_beyond")),
            "{permission}"
        );
    }
    let (status, _) = server
        .call_as(maker, Method::POST, "/crm/api-keys", Some(body("view_customer")))
        .await;
    assert_eq!(status, StatusCode::CREATED);
    for (method, path) in [
        (Method::PATCH, "/crm/api-keys/1"),
        (Method::DELETE, "/crm/api-keys/1"),
    ] {
        let (status, answer) = server.call_as(maker, method, path, Some(json!({}))).await;
        assert_eq!((status.as_u16(), &answer["code"]), (403, &json!("forbidden")));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_input_is_refused_and_makes_nothing() {
    let server = omnicrm(ENGINES[0]).await;
    for (body, code) in [
        (json!({}), "invalid_json"),
        (json!({"name": 7}), "invalid_json"),
        (json!({"name": ""}), "invalid_request"),
        (
            json!({"name": "x", "expiry_date": "10/01/2031"}),
            "invalid_request",
        ),
        (
            json!({"name": "x", "expiry_date": "2031-02-30"}),
            "invalid_request",
        ),
        (
            json!({"name": "x", "expiry_date": "2020-01-01"}),
            "invalid_request",
        ),
        (
            json!({"name": "x", "expiry_date": "9999-12-31"}),
            "invalid_request",
        ),
        (json!({"name": "x", "expiry_date": 20310101}), "invalid_json"),
        (json!({"name": "x", "permissions": "admin"}), "invalid_json"),
        (json!({"name": "x", "api_key": "sk_live_own"}), "invalid_json"),
        (json!({"name": "x\u{0}y"}), "invalid_request"),
    ] {
        let answer = ask(&server, Method::POST, "/crm/api-keys", body.clone()).await;
        answer.refused(400, code, &body.to_string());
        if body["expiry_date"].is_string() {
            assert!(answer.text.contains("expiry_date"), "{}", answer.text);
        }
    }
    for id in [
        "0",
        "-1",
        "99",
        "9223372036854775808",
        "1e3",
        "+1",
        "%31%00",
        "key_x",
        "%F0%9F%94%91",
    ] {
        for method in [Method::PATCH, Method::DELETE, Method::GET] {
            let answer = ask(&server, method, &format!("/crm/api-keys/{id}"), json!({})).await;
            answer.refused(404, "not_found", id);
        }
    }
    let list = ask(&server, Method::GET, "/crm/api-keys", Value::Null).await;
    assert_eq!(list.header("x-total-count"), "1", "{}", list.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_are_counted_in_each_organisation_and_reach_no_other() {
    for engine in ENGINES {
        let server = omnicrm(engine).await;
        let (organisation, other) = second(&server, "Another Ltd").await;
        let patch = server
            .local(Method::PATCH, "/v1/policy")
            .header("claviger-organisation", text(&organisation, "slug"))
            .json(&json!({"dialects": ["omnicrm"]}));
        assert_eq!(Answer::of(patch).await.status, StatusCode::OK);
        let (own, other) = (
            made(&server, integration()).await,
            text(&other, "secret").to_owned(),
        );
        let (status, list) = server.call_as(&other, Method::GET, "/crm/api-keys", None).await;
        assert_eq!(status, StatusCode::OK);
        assert!(!list.to_string().contains("New Integration"), "{list}");
        let (status, answer) = server.call_as(&other, Method::DELETE, &at(&own), None).await;
        assert_eq!((status.as_u16(), &answer["code"]), (404, &json!("not_found")));
        assert_eq!(server.verify(text(&own, "api_key")).await["code"], "VALID");
    }
}
