//! An organisation's policy holds at once, on every way in; what it would touch is said before, and what it was stays known.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::owners::House;
use crate::support::{Answer, Browser, ENGINES, Engine, Server, path_of, text};

async fn patch(server: &Server, query: &str, body: Value) -> Answer {
    let path = format!("/v1/policy{query}");
    Answer::of(server.request(Method::PATCH, &path).json(&body)).await
}

async fn policy(server: &Server) -> Answer {
    Answer::of(server.request(Method::GET, "/v1/policy")).await
}

/// What a change would touch, each as `setting what count effect`.
fn touched(answer: &Value) -> Vec<String> {
    let touches = answer["touches"].as_array().expect("touches").iter();
    let told = touches.map(|one| {
        let (setting, what) = (text(one, "setting"), text(one, "what"));
        format!("{setting} {what} {} {}", one["count"], text(one, "effect"))
    });
    told.collect()
}

#[tokio::test]
async fn with_levels_a_key_is_given_one_level_and_nothing_else_from_the_moment_of_the_change() {
    for engine in ENGINES {
        let house = House::build(engine).await;
        let server = &house.server;
        let free = server.create(json!({"permissions": ["orders:view"]})).await;
        house.policy(json!({"grants": "levels"})).await;

        let make = async |fields: Value| {
            let mut body = json!({"name": "Levelled"});
            body.as_object_mut()
                .expect("fields")
                .extend(fields.as_object().cloned().expect("fields"));
            house.call(Method::POST, "/v1/keys", body).await
        };
        for (fields, case) in [
            (json!({}), "nothing"),
            (json!({"permissions": ["orders:view"]}), "a permission"),
            (
                json!({"roles": ["Reports"], "permissions": ["orders:view"]}),
                "a level and a permission",
            ),
            (json!({"roles": ["Reports", "Strong"]}), "two levels"),
            (json!({"roles": ["viewer"]}), "a role that is no level"),
        ] {
            let (status, problem) = make(fields).await;
            assert_eq!(
                (status.as_u16(), text(&problem, "code")),
                (422, "policy_refused"),
                "{case}: {problem}"
            );
            assert!(
                text(&problem, "detail").contains("Reports, Strong"),
                "{case}: {problem}"
            );
        }
        let (status, key) = make(json!({"roles": ["Reports"]})).await;
        assert_eq!(status, StatusCode::CREATED, "{key}");
        assert_eq!(house.ask(&key, "reports:daily").await, "VALID");

        // What it may do is changed to another level, and to nothing else.
        let edit = async |key: &Value, body: Value| {
            house
                .call(Method::PATCH, &path_of(key, ""), body)
                .await
                .0
                .as_u16()
        };
        assert_eq!(edit(&key, json!({"permissions": ["orders:view"]})).await, 422);
        assert_eq!(edit(&key, json!({"roles": []})).await, 422);
        assert_eq!(edit(&key, json!({"roles": ["Strong"]})).await, 200);
        assert_eq!(house.ask(&key, "customers:edit").await, "VALID");
        // One from before does what it did, and all but what it holds can be changed as ever.
        assert_eq!(house.ask(&free, "orders:view").await, "VALID");
        assert_eq!(
            edit(&free, json!({"name": "Renamed", "permissions": ["orders:view"]})).await,
            200
        );
        assert_eq!(edit(&free, json!({"permissions": ["orders:edit"]})).await, 422);
        let (status, _) = house
            .call(Method::POST, &path_of(&free, "rotate"), json!({}))
            .await;
        assert_eq!(status, StatusCode::OK);

        house.policy(json!({"grants": null})).await;
        assert_eq!(edit(&free, json!({"permissions": ["orders:edit"]})).await, 200);
    }
}

#[tokio::test]
async fn with_inherit_a_key_does_what_its_owner_may_and_the_organisation_itself_has_none() {
    for engine in ENGINES {
        let house = House::build(engine).await;
        let account = house.account("system", json!({"roles": ["Reports"]})).await;
        let owner = text(&account, "id");
        let narrowed = json!({"owner": owner, "permissions": ["reports:daily"]});
        let narrowed = house.server.create(narrowed).await;
        house.policy(json!({"grants": "inherit"})).await;

        let make = async |fields: Value| house.call(Method::POST, "/v1/keys", fields).await;
        for fields in [
            json!({"name": "x", "owner": owner, "permissions": ["reports:daily"]}),
            json!({"name": "x", "owner": owner, "roles": ["Reports"]}),
        ] {
            let (status, problem) = make(fields).await;
            assert_eq!(status.as_u16(), 422, "{problem}");
            assert!(
                text(&problem, "detail").contains("no permissions and no roles"),
                "{problem}"
            );
        }
        let (status, problem) = make(json!({"name": "x"})).await;
        assert_eq!(status.as_u16(), 422, "{problem}");
        assert!(
            text(&problem, "detail").contains("name a service account or a person"),
            "{problem}"
        );

        let (status, key) = make(json!({"name": "x", "owner": owner})).await;
        assert_eq!(status, StatusCode::CREATED, "{key}");
        assert_eq!(house.ask(&key, "reports:daily").await, "VALID");
        // The owner's roles are the key's at once, and a policy never makes an older key wider than it was.
        let (_, _) = house
            .call(
                Method::PATCH,
                &format!("/v1/service-accounts/{owner}"),
                json!({"roles": ["Reports", "Strong"]}),
            )
            .await;
        assert_eq!(house.ask(&key, "customers:edit").await, "VALID");
        assert_eq!(house.ask(&narrowed, "reports:daily").await, "VALID");
        assert_eq!(
            house.ask(&narrowed, "customers:edit").await,
            "INSUFFICIENT_PERMISSIONS"
        );
        // Given to the organisation it would have nothing to inherit from.
        let (_, own) = house.call(Method::GET, "/v1/organisations", Value::Null).await;
        let organisation = text(&own["items"][0], "id");
        let (status, _) = house
            .call(Method::PATCH, &path_of(&key, ""), json!({"owner": organisation}))
            .await;
        assert_eq!(status.as_u16(), 422);
    }
}

#[tokio::test]
async fn a_form_is_told_what_to_ask_and_which_levels_there_are_to_choose_from() {
    let house = House::build(Engine::Sqlite).await;
    let form = async || house.call(Method::GET, "/v1/policy/form", Value::Null).await.1;
    let all = form().await;
    assert_eq!(all["fields"].as_array().map(Vec::len), Some(12), "{all}");
    assert_eq!(
        (&all["grants"], &all["levels"]),
        (&json!("permissions"), &json!([]))
    );
    house
        .policy(
            json!({"grants": "levels", "form": {"fields": ["roles", "permissions", "expires_at", "tags"]},
            "expiry": {"mode": "automatic", "default": "90d"}, "owner": {"kinds": ["user"]}}),
        )
        .await;
    let form = form().await;
    // Ledgers belongs to an API that is switched off.
    let levels: Vec<&str> = form["levels"]
        .as_array()
        .expect("levels")
        .iter()
        .map(|one| text(one, "name"))
        .collect();
    assert_eq!(levels, ["Reports", "Strong"]);
    assert_eq!(form["fields"], json!(["roles", "tags"]));
    assert_eq!(
        (&form["owner_kinds"], &form["expiry"]["default"]),
        (&json!(["user"]), &json!("90d"))
    );
}

#[tokio::test]
async fn a_narrower_setting_waits_until_what_it_touches_was_confirmed() {
    for engine in ENGINES {
        let server = Server::start(engine).await;
        let endless = server
            .create(json!({"name": "Endless", "expires_at": null}))
            .await;
        let wish = json!({"expiry": {"max": "90d"}});
        let answer = patch(&server, "", wish.clone()).await;
        answer.refused(409, "confirmation_needed", "a limit that keys lie beyond");
        // The management key is one of them.
        assert_eq!(touched(&answer.body), ["expiry.max keys 2 kept"]);
        let touch = &answer.body["touches"][0];
        assert_eq!(touch["first"][1], json!({"id": endless["id"], "name": "Endless"}));
        assert!(text(touch, "detail").contains("they keep their end"));
        assert_eq!(
            answer.body["changes"],
            json!({"expiry.max": {"before": null, "after": "90d"}})
        );
        assert_eq!(policy(&server).await.body["expiry"]["max"], Value::Null);

        // Looked at without any wish to change, it is the same word.
        let preview = patch(&server, "?dry_run=true", wish.clone()).await;
        assert_eq!(preview.status, StatusCode::OK, "{}", preview.text);
        assert_eq!(preview.body["confirm"], answer.body["confirm"]);
        assert_eq!(preview.body["policy"]["expiry"]["max"], "90d");
        assert_eq!(touched(&preview.body), touched(&answer.body));

        // Another change is not what was confirmed.
        let word = text(&answer.body, "confirm").to_owned();
        let other = patch(
            &server,
            &format!("?confirm={word}"),
            json!({"expiry": {"max": "30d"}}),
        )
        .await;
        other.refused(409, "confirmation_needed", "another change");
        assert_eq!(policy(&server).await.body["expiry"]["max"], Value::Null);

        let done = patch(&server, &format!("?confirm={word}"), wish.clone()).await;
        assert_eq!(
            (done.status, &done.body["expiry"]["max"]),
            (StatusCode::OK, &json!("90d"))
        );
        assert_eq!(done.header("etag"), "\"2\"");
        // What was said of the key that it touches is true: it goes on, and only a new end is bound.
        assert_eq!(server.verify(text(&endless, "secret")).await["code"], "VALID");
        let (status, shown) = server.call(Method::GET, &path_of(&endless, ""), None).await;
        assert_eq!((status, &shown["expires_at"]), (StatusCode::OK, &Value::Null));
        let edit = json!({"expires_in": "91d"});
        assert_eq!(
            server
                .call(Method::PATCH, &path_of(&endless, ""), Some(edit))
                .await
                .0
                .as_u16(),
            422
        );

        // The same wish again changes nothing, and so needs no word; nor does the way back.
        let again = patch(&server, "", wish).await;
        assert_eq!((again.status, again.header("etag")), (StatusCode::OK, "\"2\""));
        let wider = patch(&server, "", json!({"expiry": {"max": null}})).await;
        assert_eq!((wider.status, wider.header("etag")), (StatusCode::OK, "\"3\""));
    }
}

#[tokio::test]
async fn every_narrower_setting_says_what_it_touches_and_a_looser_one_touches_nothing() {
    for engine in ENGINES {
        let house = House::build(engine).await;
        let server = &house.server;
        house
            .policy(json!({"secret": {"storage": "encrypted", "reveal": "on_demand"}}))
            .await;
        let account = house.account("system", json!({})).await;
        let owner = text(&account, "id").to_owned();
        let kept = server
            .create(json!({"name": "Kept", "owner": owner, "expires_in": "200d"}))
            .await;
        let door = server
            .door(Method::GET, "/v1/self")
            .header("x-api-key", text(&kept, "secret"));
        assert_eq!(Answer::of(door).await.status, StatusCode::OK);
        // Live are now the management key, which never ends, and this one; what it was asked is written soon.
        let written = format!("{}/requests", path_of(&kept, ""));
        for attempt in 0.. {
            let (_, page) = house
                .call(Method::GET, written.trim_end_matches('/'), Value::Null)
                .await;
            if page["items"].as_array().is_some_and(|items| !items.is_empty()) {
                break;
            }
            assert!(attempt < 100, "{page}");
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        let old = "UPDATE keys SET created_at = created_at - 8640000000000, rotated_at = rotated_at - 8640000000000";
        server.sql(old, &[]).await;
        for (wish, expected) in [
            (
                json!({"expiry": {"mode": "required"}}),
                &["expiry.mode keys 1 kept"][..],
            ),
            (
                json!({"expiry": {"mode": "automatic", "default": "90d"}}),
                &["expiry.mode keys 2 kept"],
            ),
            (json!({"expiry": {"mode": "never"}}), &["expiry.mode keys 1 kept"]),
            (
                json!({"expiry": {"editable": false}}),
                &["expiry.editable keys 2 kept"],
            ),
            (json!({"expiry": {"max": "365d"}}), &["expiry.max keys 1 kept"]),
            (
                json!({"owner": {"kinds": ["organisation", "user"]}}),
                &["owner.kinds keys 1 kept"],
            ),
            (
                json!({"issue_blocked": ["SYSTEM"]}),
                &["issue_blocked keys 1 kept"],
            ),
            (json!({"grants": "levels"}), &["grants keys 2 kept"]),
            (json!({"grants": "inherit"}), &["grants keys 1 kept"]),
            (
                json!({"token": {"prefix": "other", "length": 46}}),
                &["token.prefix keys 2 kept"],
            ),
            (
                json!({"token": {"prefix": "sk_live", "length": 80}}),
                &["token.length keys 2 kept"],
            ),
            (
                json!({"accept": {"sources": ["bearer"]}}),
                &["accept.sources keys 1 refused"],
            ),
            (
                json!({"secret": {"storage": "hashed", "reveal": "once"}}),
                &["secret.storage keys 1 erased"],
            ),
            (
                json!({"secret": {"reveal": "once"}}),
                &["secret.reveal keys 1 refused"],
            ),
            (
                json!({"rotation": {"allowed": false}}),
                &["rotation.allowed keys 2 kept"],
            ),
            (
                json!({"rotation": {"warn_after": "90d"}}),
                &["rotation.warn_after keys 2 named"],
            ),
            (json!({"deletion": "erase"}), &["deletion keys 2 kept"]),
            (
                json!({"keys": {"may_manage": false}}),
                &["keys.may_manage keys 1 refused"],
            ),
            (
                json!({"accounts": {"deletion": "erase"}}),
                &["accounts.deletion service_accounts 1 kept"],
            ),
            (
                json!({"accounts": {"email": "required_unique"}}),
                &["accounts.email service_accounts 1 kept"],
            ),
            (
                json!({"accounts": {"username": "email"}}),
                &["accounts.username service_accounts 1 kept"],
            ),
        ] {
            let answer = patch(server, "", wish.clone()).await;
            answer.refused(409, "confirmation_needed", &wish.to_string());
            assert_eq!(touched(&answer.body), expected, "{wish}");
        }
        // Nobody has more than one, nothing is that old, and nobody is known by this name.
        for nothing in [
            json!({"owner": {"max_live_keys": 1}}),
            json!({"issue_blocked": ["nobody"]}),
            json!({"retention": {"access_log": "7d", "usage": "7d", "audit": "7d"}}),
            json!({"idle": {"disable_after": "400d"}}),
            json!({"issue_for": "self"}),
            json!({"expiry": {"default": "30d"}}),
        ] {
            let answer = patch(server, "?dry_run=true", nothing.clone()).await;
            assert_eq!(touched(&answer.body), [""; 0], "{nothing}");
        }
        // The management key was used just now; the other one is found idle once its use is old enough.
        server
            .sql("UPDATE keys SET last_used_at = last_used_at - 8640000000000", &[])
            .await;
        let idle = patch(
            server,
            "?dry_run=true",
            json!({"idle": {"warn_after": "30d", "disable_after": "60d"}}),
        )
        .await;
        let idle = touched(&idle.body);
        assert!(
            idle.iter()
                .any(|one| one.starts_with("idle.warn_after keys") && one.ends_with("named")),
            "{idle:?}"
        );
        assert!(
            idle.iter()
                .any(|one| one.starts_with("idle.disable_after keys") && one.ends_with("disabled")),
            "{idle:?}"
        );

        // Confirmed, it does what was said: the ciphertext is gone, and the key goes on.
        house
            .policy(json!({"secret": {"storage": "hashed", "reveal": "once"}}))
            .await;
        assert_eq!(server.verify(text(&kept, "secret")).await["code"], "VALID");
        house
            .policy(json!({"secret": {"storage": "encrypted", "reveal": "on_demand"}}))
            .await;
        let (status, problem) = house
            .call(Method::POST, &path_of(&kept, "reveal"), json!({}))
            .await;
        assert_eq!((status.as_u16(), text(&problem, "code")), (409, "not_kept"));
    }
}

#[tokio::test]
async fn every_version_is_known_by_whom_when_and_what_and_can_be_had_again() {
    for engine in ENGINES {
        let server = Server::start(engine).await;
        let first = policy(&server).await;
        assert_eq!(first.header("etag"), "\"1\"");
        let wish = json!({"deletion": "erase", "rotation": {"max_grace": "7d"}, "issue_blocked": ["leaver"]});
        server.policy(wish).await;
        patch(
            &server,
            "",
            json!({"rotation": {"warn_after": "300d"}, "form": {"fields": ["tags"]}}),
        )
        .await;
        let (status, page) = server.call(Method::GET, "/v1/policy/history?limit=2", None).await;
        assert_eq!(status, StatusCode::OK, "{page}");
        let items = page["items"].as_array().expect("items");
        assert_eq!(
            items.iter().map(|one| &one["version"]).collect::<Vec<_>>(),
            [&json!(3), &json!(2)]
        );
        assert_eq!(items[0]["by"]["type"], "key");
        assert_eq!(items[1]["by"]["type"], "system");
        assert_eq!(
            items[1]["changes"],
            json!({
                "deletion": {"before": "deactivate", "after": "erase"},
                "rotation.max_grace": {"before": "30d", "after": "7d"},
                "issue_blocked": {"before": [], "after": ["leaver"]},
            })
        );
        assert_eq!(
            (&items[0]["preset"], &items[0]["applied"]),
            (&json!("default"), &json!(false))
        );
        let next = format!("/v1/policy/history?cursor={}", text(&page, "next_cursor"));
        let (_, rest) = server.call(Method::GET, &next, None).await;
        assert_eq!(rest["items"].as_array().map(Vec::len), Some(1), "{rest}");
        assert_eq!(
            (&rest["items"][0]["version"], &rest["next_cursor"]),
            (&json!(1), &Value::Null)
        );

        let (_, past) = server.call(Method::GET, "/v1/policy/history/2", None).await;
        assert_eq!(
            (&past["version"], &past["policy"]["deletion"]),
            (&json!(2), &json!("erase"))
        );
        assert_eq!(past["policy"]["rotation"]["warn_after"], Value::Null);
        // Sent as it is, an older version is the policy again.
        server.policy(past["policy"].clone()).await;
        assert_eq!(policy(&server).await.body, past["policy"]);
        let (_, oldest) = server.call(Method::GET, "/v1/policy/history/1", None).await;
        server.policy(oldest["policy"].clone()).await;
        let now = policy(&server).await;
        assert_eq!((&now.body, now.header("etag")), (&first.body, "\"5\""));
        for unknown in ["6", "0", "-1", "x", "99999999999999999999", "1.0", "%00"] {
            let path = format!("/v1/policy/history/{unknown}");
            let answer = Answer::of(server.request(Method::GET, &path)).await;
            answer.refused(404, "not_found", unknown);
        }
        let (_, log) = server
            .call(Method::GET, "/v1/audit?action=policy.edit", None)
            .await;
        assert_eq!(log["items"].as_array().map(Vec::len), Some(4), "{log}");
    }
}

#[tokio::test]
async fn of_two_edits_of_one_version_the_second_is_told_and_neither_is_lost() {
    for engine in ENGINES {
        let server = Server::start(engine).await;
        let edit = |tag: &'static str, body: Value| {
            let request = server.request(Method::PATCH, "/v1/policy");
            Answer::of(request.header("if-match", tag).json(&body))
        };
        let won = edit("\"1\"", json!({"rotation": {"max_grace": "7d"}})).await;
        assert_eq!((won.status, won.header("etag")), (StatusCode::OK, "\"2\""));
        let lost = edit("\"1\"", json!({"rotation": {"max_grace": "9d"}})).await;
        lost.refused(412, "precondition_failed", "a version that is over");
        assert_eq!(policy(&server).await.body["rotation"]["max_grace"], "7d");
        edit("\"x\"", json!({}))
            .await
            .refused(400, "invalid_request", "no version at all");

        // A word is good for the version that was looked at and for no later one.
        let wish = json!({"keys": {"may_manage": false}});
        let asked = patch(&server, "", wish.clone()).await;
        asked.refused(409, "confirmation_needed", "keys may not manage");
        assert_eq!(
            edit("\"2\"", json!({"rotation": {"max_grace": "8d"}}))
                .await
                .status,
            StatusCode::OK
        );
        let word = text(&asked.body, "confirm").to_owned();
        let stale = patch(&server, &format!("?confirm={word}"), wish).await;
        stale.refused(409, "confirmation_needed", "a word for another version");
        assert_ne!(stale.body["confirm"], asked.body["confirm"]);
        assert_eq!(policy(&server).await.body["keys"]["may_manage"], true);

        // Many at once, each about a setting of its own: all of them are there in the end, each as its own version.
        let fields = [
            "expiring_window",
            "token",
            "form",
            "retention",
            "reminders",
            "deletion",
        ];
        let values = [
            json!("20d"),
            json!({"prefix": "sk_live", "length": 44}),
            json!({"fields": ["tags"]}),
            json!({"usage": "500d"}),
            json!({"days": [5]}),
            json!("deactivate"),
        ];
        let edits: Vec<_> = fields.iter().zip(values).collect();
        let one = async |n: usize| {
            let mut body = json!({});
            body[*edits[n].0] = edits[n].1.clone();
            patch(&server, "", body).await
        };
        let all = tokio::join!(one(0), one(1), one(2), one(3), one(4), one(5));
        for answer in [all.0, all.1, all.2, all.3, all.4, all.5] {
            assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        }
        let now = policy(&server).await;
        // The last of the six changes nothing.
        assert_eq!(now.header("etag"), "\"8\"");
        assert_eq!(
            (
                &now.body["expiring_window"],
                &now.body["form"]["fields"],
                &now.body["reminders"]["days"]
            ),
            (&json!("20d"), &json!(["tags"]), &json!([5]))
        );
    }
}

#[tokio::test]
async fn hostile_wishes_are_refused_with_the_reason_and_change_nothing() {
    for engine in ENGINES {
        let server = Server::start(engine).await;
        let before = policy(&server).await.text;
        for (query, body, status, reason) in [
            ("", json!({"grants": "all"}), 400, "unknown variant"),
            ("", json!({"grants": ["levels"]}), 400, "policy"),
            ("", json!({"form": {"fields": ["name"]}}), 400, "unknown variant"),
            (
                "",
                json!({"form": {"fields": ["tags", "tags"]}}),
                422,
                "names something twice",
            ),
            ("", json!({"reminders": {"days": [367]}}), 400, "at most 366"),
            ("", json!({"reminders": {"days": vec![1; 33]}}), 422, "at most 32"),
            ("", json!({"reminders": {"to": []}}), 422, "remind nobody"),
            (
                "",
                json!({"idle": {"warn_after": "2d", "disable_after": "1d"}}),
                422,
                "not before",
            ),
            (
                "",
                json!({"retention": {"usage": null, "access_log": "0s"}}),
                422,
                "at least 1s",
            ),
            ("", json!({"dialects": ["osprov"]}), 400, "unknown variant"),
            (
                "",
                json!({"grants": "inherit", "owner": {"kinds": ["organisation"]}}),
                422,
                "inherit from",
            ),
            (
                "",
                json!({"expiry": {"mode": "automatic"}, "deletion": "erase"}),
                422,
                "needs expiry.default",
            ),
            (
                "",
                json!({"retention": ["1d", "1d"]}),
                400,
                "retention: expected an object",
            ),
            ("", json!({"token": "sk_live"}), 400, "token: expected an object"),
            ("", json!({"version": 3}), 400, "unknown field"),
            ("", json!([]), 400, "expected a JSON object"),
            ("?confirm=x", json!({}), 400, "32 characters"),
            ("?confirm=", json!({}), 400, "32 characters"),
            (
                "?confirm=5F2AB0C3D9E84176A0B1C2D3E4F50617",
                json!({}),
                400,
                "32 characters",
            ),
            (
                "?confirm=5f2ab0c3d9e84176a0b1c2d3e4f50617",
                json!({"deletion": "erase"}),
                409,
                "another change",
            ),
            ("?dry_run=perhaps", json!({}), 400, "dry_run"),
            ("?force=true", json!({}), 400, "force"),
        ] {
            let answer = patch(&server, query, body.clone()).await;
            let said = answer.text.clone();
            assert_eq!(answer.status.as_u16(), status, "{query} {body}: {said}");
            // What was confirmed wrongly is asked about again, and what it touches is said.
            let reason = if status == 409 { "deletion" } else { reason };
            assert!(said.contains(reason), "{query} {body}: {said}");
        }
        for (path, method) in [
            ("/v1/policy/presets/unknown", Method::GET),
            ("/v1/policy/presets/unknown/apply", Method::POST),
            ("/v1/policy/presets/OPENLMIS", Method::GET),
            ("/v1/policy/presets/..%2f..%2fkeys", Method::GET),
            ("/v1/policy/presets/%00", Method::GET),
        ] {
            let answer = Answer::of(server.request(method, path)).await;
            answer.refused(404, "not_found", path);
        }
        let answer = Answer::of(server.request(Method::GET, "/v1/policy/history?cursor=x")).await;
        answer.refused(400, "invalid_request", "a cursor of nobody's");
        assert_eq!(policy(&server).await.text, before);
        let (_, page) = server.call(Method::GET, "/v1/policy/history", None).await;
        assert_eq!(page["items"].as_array().map(Vec::len), Some(1));
    }
}

#[tokio::test]
async fn who_may_only_read_a_policy_sees_its_past_and_the_presets_and_changes_none_of_it() {
    let server = Server::start(Engine::Sqlite).await;
    let auditor = Browser::invited(&server, "auditor@sample.example", &["auditor"]).await;
    for path in [
        "/v1/policy",
        "/v1/policy/history",
        "/v1/policy/history/1",
        "/v1/policy/presets",
        "/v1/policy/presets/maximo",
    ] {
        assert_eq!(auditor.get(path).await.status, StatusCode::OK, "{path}");
    }
    auditor
        .get("/v1/policy/form")
        .await
        .refused(403, "forbidden", "makes no keys");
    for (method, path) in [
        (Method::PATCH, "/v1/policy?dry_run=true"),
        (Method::POST, "/v1/policy/presets/maximo/apply?dry_run=true"),
    ] {
        let answer = Answer::of(auditor.request(method, path).json(&json!({}))).await;
        answer.refused(403, "forbidden", path);
    }
    // Whoever looks at a change need not show again who they are; whoever makes it does.
    let mut owner = Browser::first(&server).await;
    let past = "UPDATE sessions SET proven_at = proven_at - 3600000000";
    server.sql(past, &[]).await;
    let looked = owner
        .send(
            Method::PATCH,
            "/v1/policy?dry_run=true",
            json!({"deletion": "erase"}),
        )
        .await;
    assert_eq!(looked.status, StatusCode::OK, "{}", looked.text);
    let made = owner
        .send(Method::PATCH, "/v1/policy", json!({"deletion": "erase"}))
        .await;
    made.refused(403, "recent_sign_in_needed", "an hour ago");
}
