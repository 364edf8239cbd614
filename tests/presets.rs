//! The presets: each brings its policy, its roles and its APIs whole or not at all, and says why.

mod house;
mod maximo;
mod omnicrm;
mod openathens;
mod openlmis;
mod osprov;

use std::process::Output;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Answer, Browser, ENGINES, Engine, Server, path_of, text};

const ALL: [&str; 6] = ["default", "maximo", "omnicrm", "openathens", "openlmis", "osprov"];

/// An organisation of its own with that preset; its slug.
async fn organisation(server: &Server, preset: &str) -> String {
    let body = json!({"name": format!("{preset} sample"), "preset": preset});
    let made = Answer::of(server.local(Method::POST, "/v1/organisations").json(&body)).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    text(&made.body, "slug").to_owned()
}

/// A request of whoever is at the data directory, in an organisation.
async fn at(server: &Server, slug: &str, method: Method, path: &str, body: Option<Value>) -> Answer {
    let mut request = server.local(method, path).header("claviger-organisation", slug);
    if let Some(body) = body {
        request = request.json(&body);
    }
    Answer::of(request).await
}

async fn get(server: &Server, slug: &str, path: &str) -> Value {
    let answer = at(server, slug, Method::GET, path, None).await;
    assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text);
    answer.body
}

fn names(list: &Value, field: &str) -> Vec<String> {
    let items = list["items"].as_array().expect("items").iter();
    items.map(|one| text(one, field).to_owned()).collect()
}

#[tokio::test]
async fn an_organisation_that_begins_with_a_preset_has_all_of_it() {
    for engine in ENGINES {
        let server = Server::start(engine).await;
        for preset in ALL {
            let slug = organisation(&server, preset).await;
            let view = get(&server, &slug, &format!("/v1/policy/presets/{preset}")).await;
            assert_eq!(
                (&view["in_use"], &view["changes"]),
                (&json!(true), &json!({})),
                "{preset}: {view}"
            );
            assert_eq!(view["makes"], json!({"roles": [], "apis": []}), "{preset}");
            assert_eq!(
                get(&server, &slug, "/v1/policy").await,
                view["policy"],
                "{preset}"
            );
            let settings = view["settings"].as_array().expect("settings");
            assert!(
                settings.iter().all(|one| !text(one, "why").is_empty()),
                "{preset}"
            );
            let roles = names(&get(&server, &slug, "/v1/roles?limit=500").await, "name");
            for role in view["roles"].as_array().expect("roles") {
                assert!(
                    roles.contains(&text(role, "name").to_owned()),
                    "{preset}: {roles:?}"
                );
            }
            let history = get(&server, &slug, "/v1/policy/history").await;
            let youngest = &history["items"][0];
            assert_eq!(
                (&youngest["preset"], &youngest["applied"]),
                (&json!(preset), &json!(true))
            );
            assert_eq!(youngest["version"], if preset == "default" { 1 } else { 2 });
            // The list says which it is, and how far the others are.
            let list = get(&server, &slug, "/v1/policy/presets").await;
            assert_eq!(names(&list, "name"), ALL);
            for one in list["items"].as_array().expect("items") {
                let is_own = one["name"] == preset;
                assert_eq!(one["in_use"], is_own, "{preset}: {one}");
                assert_eq!(one["differences"] == 0, is_own, "{preset}: {one}");
            }
        }
    }
}

#[tokio::test]
async fn an_installation_begins_with_a_preset_and_its_first_key_is_there() {
    for engine in ENGINES {
        let mut server = Server::empty(engine).await;
        let init = |preset: &str| -> Output {
            let arguments = [
                "init",
                "--json",
                "--organisation",
                "Sample Ltd",
                "--preset",
                preset,
            ];
            server.claviger(&arguments).output().expect("init runs")
        };
        let unknown = init("oracle");
        assert_eq!(unknown.status.code(), Some(2));
        let said = String::from_utf8_lossy(&unknown.stderr).into_owned();
        assert!(
            said.contains("there is no such preset") && said.contains("openathens"),
            "{said}"
        );
        assert!(!server.data().exists(), "nothing was made");
        let made = init("openathens");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let made: Value = serde_json::from_slice(&made.stdout).expect("JSON");
        server.key = text(&made, "management_key").to_owned();
        server.serve().await;
        let (status, policy) = server.call(Method::GET, "/v1/policy", None).await;
        assert_eq!(
            (status, &policy["grants"]),
            (StatusCode::OK, &json!("levels")),
            "{policy}"
        );
        let (_, roles) = server.call(Method::GET, "/v1/roles?q=access", None).await;
        assert_eq!(names(&roles, "name"), ["Full access"]);
    }
}

#[tokio::test]
async fn an_unknown_preset_makes_no_organisation() {
    let server = Server::start(Engine::Sqlite).await;
    for preset in ["oracle", "", "OpenLMIS", "../default"] {
        let body = json!({"name": "Not made", "preset": preset});
        let answer = Answer::of(server.local(Method::POST, "/v1/organisations").json(&body)).await;
        answer.refused(400, "invalid_request", preset);
        assert_eq!(answer.body["errors"][0]["field"], "preset");
    }
    let list = Answer::of(server.local(Method::GET, "/v1/organisations")).await;
    assert_eq!(names(&list.body, "name"), ["Sample Ltd"]);
}

#[tokio::test]
async fn a_preset_is_applied_whole_to_an_organisation_that_has_keys_when_that_was_confirmed() {
    for engine in ENGINES {
        let server = Server::start(engine).await;
        let key = server
            .create(json!({"name": "From before", "permissions": ["reports:view"]}))
            .await;
        server
            .policy(json!({"issue_blocked": ["leaver"], "expiry": {"timezone": "Europe/London"}}))
            .await;
        let apply = |query: &str| {
            let path = format!("/v1/policy/presets/openathens/apply{query}");
            Answer::of(server.request(Method::POST, &path))
        };
        let dry = apply("?dry_run=true").await;
        assert_eq!(dry.status, StatusCode::OK, "{}", dry.text);
        let makes = json!({
            "roles": ["Authentication API", "Reports API", "Full access"], "apis": ["authentication", "accounts", "reports"],
        });
        assert_eq!(dry.body["makes"], makes);
        let asked = apply("").await;
        asked.refused(409, "confirmation_needed", "keys that would be touched");
        assert_eq!(asked.body["touches"], dry.body["touches"]);
        let (_, roles) = server.call(Method::GET, "/v1/roles?q=access", None).await;
        assert_eq!(roles["items"], json!([]), "nothing was made yet");

        let done = apply(&format!("?confirm={}", text(&asked.body, "confirm"))).await;
        assert_eq!(done.status, StatusCode::OK, "{}", done.text);
        assert_eq!(done.body["made"], makes);
        assert_eq!((&done.body["version"], done.header("etag")), (&json!(3), "\"3\""));
        let policy = &done.body["policy"];
        assert_eq!(
            (&policy["grants"], &policy["deletion"]),
            (&json!("levels"), &json!("erase"))
        );
        // What is the organisation's own stays.
        assert_eq!(policy["issue_blocked"], json!(["leaver"]));
        assert_eq!(policy["expiry"]["timezone"], "Europe/London");
        // The key goes on.
        assert_eq!(server.verify(text(&key, "secret")).await["code"], "VALID");
        // Once more it changes nothing, and needs no word.
        let again = apply("").await;
        assert_eq!(
            (again.status, again.header("etag")),
            (StatusCode::OK, "\"3\""),
            "{}",
            again.text
        );
        assert_eq!(again.body["made"], json!({"roles": [], "apis": []}));
        // A role that is gone comes back; one that was made otherwise stays as it is.
        let (_, roles) = server.call(Method::GET, "/v1/roles?q=api", None).await;
        let one = |name: &str| {
            let mut items = roles["items"].as_array().expect("items").iter();
            items.find(|role| role["name"] == name).cloned().expect("a role")
        };
        let path = |role: &Value| format!("/v1/roles/{}", text(role, "id"));
        let edit = json!({"permissions": ["authentication:use", "accounts:view"]});
        let (status, _) = server
            .call(Method::PATCH, &path(&one("Authentication API")), Some(edit))
            .await;
        assert_eq!(status, StatusCode::OK);
        let (status, _) = server
            .call(Method::DELETE, &path(&one("Reports API")), None)
            .await;
        assert_eq!(status, StatusCode::NO_CONTENT);
        let restored = apply("").await;
        assert_eq!(
            restored.body["made"],
            json!({"roles": ["Reports API"], "apis": []}),
            "{}",
            restored.text
        );
        let (_, kept) = server
            .call(Method::GET, &path(&one("Authentication API")), None)
            .await;
        assert_eq!(
            kept["permissions"],
            json!(["accounts:view", "authentication:use"])
        );
        let (_, log) = server
            .call(Method::GET, "/v1/audit?action=policy.apply_preset", None)
            .await;
        assert_eq!(log["items"].as_array().map(Vec::len), Some(2), "{log}");
        assert_eq!(
            log["items"][1]["changes"]["preset"],
            json!({"after": "openathens"})
        );
    }
}

#[tokio::test]
async fn a_preset_that_cannot_be_had_whole_is_not_had_at_all() {
    for engine in ENGINES {
        let server = Server::start(engine).await;
        // Another organisation keeps an API with one of the permissions, and lets this one in.
        let keeper = organisation(&server, "default").await;
        let api = json!({"slug": "figures", "name": "Figures", "permissions": [{"name": "reports:export"}]});
        let api = at(&server, &keeper, Method::POST, "/v1/apis", Some(api)).await;
        assert_eq!(api.status, StatusCode::CREATED, "{}", api.text);
        let path = format!("/v1/apis/{}/organisations/sample-ltd", text(&api.body, "id"));
        let offered = at(&server, &keeper, Method::PUT, &path, None).await;
        assert!(offered.status.is_success(), "{}", offered.text);

        let before = get(&server, "sample-ltd", "/v1/policy").await;
        let path = "/v1/policy/presets/openathens/apply";
        let asked = at(&server, "sample-ltd", Method::POST, path, None).await;
        let path = format!("{path}?confirm={}", text(&asked.body, "confirm"));
        let refused = at(&server, "sample-ltd", Method::POST, &path, None).await;
        assert_eq!(refused.status.as_u16(), 400, "{}", refused.text);
        assert!(
            refused.text.contains("another organisation keeps"),
            "{}",
            refused.text
        );
        assert_eq!(get(&server, "sample-ltd", "/v1/policy").await, before);
        assert_eq!(
            names(&get(&server, "sample-ltd", "/v1/apis").await, "slug"),
            ["figures"]
        );
        assert_eq!(
            get(&server, "sample-ltd", "/v1/roles?q=access").await["items"],
            json!([])
        );
        let history = get(&server, "sample-ltd", "/v1/policy/history").await;
        assert_eq!(history["items"].as_array().map(Vec::len), Some(1));
    }
}

#[tokio::test]
async fn who_may_not_make_its_roles_applies_no_preset() {
    let server = Server::start(Engine::Sqlite).await;
    let body = json!({"name": "Policies alone", "permissions": ["claviger:policy.*", "*"]});
    let (status, role) = server.call(Method::POST, "/v1/roles", Some(body)).await;
    assert_eq!(status, StatusCode::CREATED, "{role}");
    let keeper = server.create(json!({"roles": ["Policies alone"]})).await;
    let keeper = text(&keeper, "secret");
    let call = |path: &'static str| server.call_as(keeper, Method::POST, path, None);
    let (status, problem) = call("/v1/policy/presets/openlmis/apply?dry_run=true").await;
    assert_eq!(
        (status.as_u16(), text(&problem, "missing")),
        (403, "claviger:roles.manage")
    );
    // One that makes nothing is a change like any other.
    let (status, _) = call("/v1/policy/presets/maximo/apply?dry_run=true").await;
    assert_eq!(status, StatusCode::OK);
}

#[tokio::test]
async fn keys_under_each_preset_are_made_as_its_system_made_them() {
    for engine in ENGINES {
        let server = Server::start(engine).await;
        let key =
            async |slug: &str, body: Value| at(&server, slug, Method::POST, "/v1/keys", Some(body)).await;
        let account = async |slug: &str, body: Value| {
            let made = at(&server, slug, Method::POST, "/v1/service-accounts", Some(body)).await;
            assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
            made.body
        };
        let code = async |key: &Value, more: Value| {
            let mut body = json!({"key": text(key, "secret")});
            body.as_object_mut()
                .expect("fields")
                .extend(more.as_object().cloned().expect("fields"));
            text(&server.verify_with(body).await, "code").to_owned()
        };

        let slug = organisation(&server, "openlmis").await;
        let fields = json!({"name": "ColdTrace", "username": "coldtrace", "partner": "ColdTrace", "roles": ["Admin CCE", "Fulfillment view"]});
        let cold = account(&slug, fields).await;
        let made = key(&slug, json!({"name": "First", "owner": cold["id"]})).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
        assert_eq!(
            code(
                &made.body,
                json!({"permissions": "cce:manage AND fulfillment:view"})
            )
            .await,
            "VALID"
        );
        assert_eq!(
            code(&made.body, json!({"permissions": "fulfillment:edit"})).await,
            "INSUFFICIENT_PERMISSIONS"
        );
        key(&slug, json!({"name": "For nobody"}))
            .await
            .refused(422, "policy_refused", "a key of no system");
        let deleted = at(&server, &slug, Method::DELETE, &path_of(&made.body, ""), None).await;
        assert_eq!(deleted.status, StatusCode::OK);
        let history = get(&server, &slug, "/v1/keys?status=deleted").await;
        assert_eq!(names(&history, "name"), ["First"]);

        let slug = organisation(&server, "omnicrm").await;
        let made = key(
            &slug,
            json!({"name": "Sync", "permissions": ["customers:view"], "expires_at": "2099-01-10"}),
        )
        .await;
        assert_eq!(text(&made.body, "secret").len(), 48);
        assert!(text(&made.body, "expires_at").starts_with("2099-01-10T23:59:59"));
        let rotate = at(
            &server,
            &slug,
            Method::POST,
            &path_of(&made.body, "rotate"),
            Some(json!({"grace": "1s"})),
        )
        .await;
        rotate.refused(400, "invalid_request", "a grace");
        let rotated = at(&server, &slug, Method::POST, &path_of(&made.body, "rotate"), None).await;
        assert_eq!(rotated.body["expires_at"], made.body["expires_at"]);
        assert_eq!(code(&made.body, json!({})).await, "REVOKED");
        let own = |key: &Value| {
            server
                .door(Method::GET, "/v1/self")
                .header("x-api-key", text(key, "secret"))
        };
        assert_eq!(Answer::of(own(&rotated.body)).await.status, StatusCode::OK);
        let bearer = server
            .door(Method::GET, "/v1/self")
            .bearer_auth(text(&rotated.body, "secret"));
        Answer::of(bearer)
            .await
            .refused(401, "unauthenticated", "in the other header");
        at(&server, &slug, Method::DELETE, &path_of(&made.body, ""), None).await;
        let gone = at(&server, &slug, Method::GET, &path_of(&made.body, ""), None).await;
        gone.refused(404, "not_found", "erased");

        let slug = organisation(&server, "osprov").await;
        let fields = json!({"name": "HR System Integration", "email": "hr-api@example.com"});
        let hr = account(&slug, fields.clone()).await;
        assert_eq!(text(&hr, "username"), "hr-api@example.com");
        let roles: Vec<&str> = hr["roles"]
            .as_array()
            .expect("roles")
            .iter()
            .map(|role| text(role, "name"))
            .collect();
        assert_eq!(roles, ["service-account", "Applicant"]);
        let twice = at(&server, &slug, Method::POST, "/v1/service-accounts", Some(fields)).await;
        assert_eq!(twice.status.as_u16(), 400, "{}", twice.text);
        let made = key(&slug, json!({"name": "Token", "owner": hr["id"]})).await;
        let token = text(&made.body, "secret").to_owned();
        assert_eq!(token.len(), 80);
        key(&slug, json!({"name": "Second", "owner": hr["id"]}))
            .await
            .refused(422, "policy_refused", "a second token");
        let revealed = at(&server, &slug, Method::POST, &path_of(&made.body, "reveal"), None).await;
        assert_eq!(text(&revealed.body, "secret"), token);
        let edited = format!("/v1/service-accounts/{}", text(&hr, "id"));
        let edited = at(
            &server,
            &slug,
            Method::PATCH,
            &edited,
            Some(json!({"email": "hr2@example.com"})),
        )
        .await;
        assert_eq!(text(&edited.body, "username"), "hr2@example.com");
        assert_eq!(
            code(&made.body, json!({"permissions": "applications:create"})).await,
            "VALID"
        );

        let slug = organisation(&server, "openathens").await;
        let form = get(&server, &slug, "/v1/policy/form").await;
        assert_eq!(form["fields"], json!(["roles"]));
        let levels = |form: &Value| -> Vec<String> {
            let levels = form["levels"].as_array().expect("levels").iter();
            levels.map(|one| text(one, "name").to_owned()).collect()
        };
        assert_eq!(levels(&form), ["Authentication API", "Full access"]);
        let reports = json!({"name": "Statistics", "roles": ["Reports API"]});
        key(&slug, reports.clone())
            .await
            .refused(422, "policy_refused", "a level that is not to be had");
        let full = key(&slug, json!({"name": "All", "roles": ["Full access"]})).await;
        assert_eq!(full.status, StatusCode::CREATED, "{}", full.text);
        assert_eq!(
            code(&full.body, json!({"permissions": "accounts:manage"})).await,
            "VALID"
        );
        assert_eq!(
            code(&full.body, json!({"permissions": "reports:view"})).await,
            "INSUFFICIENT_PERMISSIONS"
        );
        let apis = get(&server, &slug, "/v1/apis?q=reports").await;
        let path = format!("/v1/apis/{}", text(&apis["items"][0], "id"));
        at(
            &server,
            &slug,
            Method::PATCH,
            &path,
            Some(json!({"enabled": true})),
        )
        .await;
        assert_eq!(levels(&get(&server, &slug, "/v1/policy/form").await).len(), 3);
        assert_eq!(
            code(&full.body, json!({"permissions": "reports:view"})).await,
            "VALID"
        );
        let statistics = key(&slug, reports).await;
        assert_eq!(
            code(&statistics.body, json!({"permissions": "reports:view"})).await,
            "VALID"
        );
        assert_eq!(
            code(&statistics.body, json!({"permissions": "accounts:view"})).await,
            "INSUFFICIENT_PERMISSIONS"
        );
        let end = text(&statistics.body, "expires_at");
        assert!(end.ends_with("T00:00:00Z") || end.contains("T00:00:00"), "{end}");
        let edit = async |body: Value| {
            at(
                &server,
                &slug,
                Method::PATCH,
                &path_of(&statistics.body, ""),
                Some(body),
            )
            .await
        };
        edit(json!({"expires_at": null}))
            .await
            .refused(422, "policy_refused", "the expiry date");
        assert_eq!(
            edit(json!({"name": "Renamed", "roles": ["Full access"]}))
                .await
                .status,
            StatusCode::OK
        );
        let rotate = at(
            &server,
            &slug,
            Method::POST,
            &path_of(&statistics.body, "rotate"),
            None,
        )
        .await;
        rotate.refused(422, "policy_refused", "the key's value");

        let slug = organisation(&server, "maximo").await;
        let user = Browser::invited_to(&slug, &server, "mx@example.com", &["viewer"]).await;
        let owner = user.id().await;
        let outside = "outside-made-8f3c7Qm2Zt0Kx5Vw9Lb4Rn6Ys1";
        let made = key(&slug, json!({"name": "MX", "owner": owner, "secret": outside})).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
        key(&slug, json!({"name": "MX2", "owner": owner})).await.refused(
            422,
            "policy_refused",
            "one for each user",
        );
        assert_eq!(server.verify(outside).await["code"], "VALID");
        at(&server, &slug, Method::DELETE, &path_of(&made.body, ""), None).await;
        let again = key(&slug, json!({"name": "MX2", "owner": owner})).await;
        assert_eq!(again.status, StatusCode::CREATED, "{}", again.text);
    }
}

#[tokio::test]
async fn the_command_line_shows_asks_and_does_what_the_server_says() {
    let server = Server::start(Engine::Sqlite).await;
    server.create(json!({"name": "Endless"})).await;
    let run = |arguments: &[&str]| -> (i32, String, String) {
        let output = server.claviger(arguments).output().expect("it runs");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (
            output.status.code().unwrap_or(-1),
            text(&output.stdout),
            text(&output.stderr),
        )
    };
    let (code, out, _) = run(&["policy", "presets"]);
    assert!(code == 0 && out.contains("openathens"), "{out}");
    let (code, out, err) = run(&["policy", "diff", "omnicrm", "-q"]);
    assert_eq!(code, 0, "{err}");
    assert!(
        out.contains("deletion\tdeactivate\terase\tA deleted key is gone"),
        "{out}"
    );
    let (code, out, err) = run(&["policy", "set", "expiry.max=90d", "--dry-run"]);
    assert_eq!(code, 0, "{err}");
    assert!(
        out.contains("expiry.max\tnone\t90d") && err.contains("touches 2 keys") && err.contains("Endless"),
        "{out}{err}"
    );
    // Nobody can be asked, so that nothing is changed.
    let (code, _, err) = run(&["policy", "set", "expiry.max=90d"]);
    assert_eq!(code, 2, "{err}");
    assert!(err.contains("touches 2 keys") && err.contains("--yes"), "{err}");
    let (code, out, err) = run(&["policy", "set", "expiry.max=90d", "--yes"]);
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("expiry.max\t90d"), "{out}");
    let (code, out, err) = run(&["policy", "apply-preset", "openlmis", "--dry-run"]);
    assert_eq!(code, 0, "{err}");
    assert!(
        out.contains("grants\tpermissions\tinherit") && err.contains("makes the role Admin CCE"),
        "{out}{err}"
    );
    let (code, _, err) = run(&["policy", "apply-preset", "openlmis", "--yes"]);
    assert!(code == 0 && err.contains("made the role Admin CCE"), "{err}");
    let (code, out, err) = run(&["policy", "diff", "-q"]);
    assert_eq!((code, out.as_str()), (0, ""), "{err}");
    let (code, out, _) = run(&["policy", "history"]);
    assert!(
        code == 0 && out.contains("openlmis") && out.contains("expiry.max=90d"),
        "{out}"
    );
    let (code, out, _) = run(&["policy", "history", "2", "-q"]);
    assert!(code == 0 && out.contains("grants\tpermissions"), "{out}");
    let (code, out, err) = run(&["policy", "restore", "1", "--yes", "--json"]);
    assert_eq!(code, 0, "{err}");
    let restored: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(
        (&restored["grants"], &restored["expiry"]["max"]),
        (&json!("permissions"), &Value::Null)
    );
    for wrong in [
        &["policy", "apply-preset", "../keys"][..],
        &["policy", "history", "0"],
    ] {
        assert_eq!(run(wrong).0, 2, "{wrong:?}");
    }
    let (code, _, err) = run(&["policy", "apply-preset", "oracle"]);
    assert!(code == 1 && err.contains("there is no such preset"), "{err}");
    let (code, out, err) = run(&["policy", "form", "--json"]);
    assert!(code == 0 && out.contains("\"fields\""), "{out}{err}");
    let (code, out, err) = run(&["organisations", "create", "CRM Sample", "--preset", "omnicrm"]);
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("crm-sample"), "{out}");
}
