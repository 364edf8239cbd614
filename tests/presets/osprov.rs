//! OSPROV's page on API users, section by section.

use reqwest::Method;
use serde_json::{Value, json};

use super::house::{House, actions, checklist, names, rows};
use crate::secrets_at_rest::assert_nowhere;
use crate::support::{Answer, Browser, Engine, PASSWORD, path_of, text};

fn place(account: &Value) -> String {
    format!("/v1/service-accounts/{}", text(account, "id"))
}

/// An API user with its token: the account and the key.
async fn api_user(house: &House, name: &str, more: Value) -> (Value, Value) {
    let email = format!("{}@example.com", name.to_lowercase().replace(' ', "-"));
    let mut fields = json!({"name": name, "email": email});
    let more = more.as_object().cloned().unwrap_or_default();
    fields.as_object_mut().expect("fields").extend(more);
    let account = house.account(fields).await;
    let key = house.key(json!({"name": name, "owner": account["id"]})).await;
    (account, key)
}

/// What a caller with a bearer token is told at a door for systems that says why.
async fn knocks(house: &House, token: &str, query: &str) -> Answer {
    let query = format!("?tell=coded&owner=service_account{query}");
    house
        .door(&query, &[("authorization", &format!("Bearer {token}"))])
        .await
}

#[tokio::test]
async fn what_api_users_are() {
    checklist!(House::open("osprov").await;
        an_api_user_is_a_system_and_not_a_person,
        a_token_has_80_characters_and_takes_the_place_of_a_password,
        an_api_user_has_no_web_access,
        its_roles_decide_what_it_may,
        all_its_actions_are_logged,
    );
}

async fn an_api_user_is_a_system_and_not_a_person(house: &House) {
    let person = Browser::invited(&house.server, "person@example.com", &["viewer"]).await;
    let body = json!({"name": "A person's", "owner": person.id().await});
    house
        .ask(Method::POST, "/v1/keys", body)
        .await
        .refused(422, "policy_refused", "a person's token");
    house
        .ask(Method::POST, "/v1/keys", json!({"name": "Nobody's"}))
        .await
        .refused(422, "policy_refused", "a token of no API user");
    let (_, key) = api_user(house, "Robot", Value::Null).await;
    assert_eq!(key["owner"]["type"], "service_account");
}

async fn a_token_has_80_characters_and_takes_the_place_of_a_password(house: &House) {
    let (_, key) = api_user(house, "Eighty", Value::Null).await;
    let token = text(&key, "secret");
    assert!(token.len() == 80 && token.starts_with("api_"), "{token}");
    assert_eq!(knocks(house, token, "").await.status.as_u16(), 200);
    let fields = json!({"name": "x", "email": "x@example.com", "password": PASSWORD});
    house
        .ask(Method::POST, "/v1/service-accounts", fields)
        .await
        .refused(400, "invalid_json", "a password");
}

async fn an_api_user_has_no_web_access(house: &House) {
    let (account, key) = api_user(house, "Locked Out", Value::Null).await;
    let mut browser = Browser::new(&house.server);
    let answer = browser
        .sign_in(text(&account, "email"), text(&key, "secret"))
        .await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("set-cookie")),
        (401, ""),
        "{}",
        answer.text
    );
    let (status, problem) = house
        .server
        .call_as(text(&key, "secret"), Method::GET, "/v1/me", None)
        .await;
    assert_eq!((status.as_u16(), &problem["code"]), (403, &json!("people_only")));
    let (status, _) = house
        .server
        .call_as(text(&key, "secret"), Method::GET, "/v1/keys", None)
        .await;
    assert_eq!(status.as_u16(), 403, "nor does it look after tokens");
}

async fn its_roles_decide_what_it_may(house: &House) {
    let (_, key) = api_user(house, "By role", Value::Null).await;
    let token = text(&key, "secret");
    for may in ["applications:create", "applications:view_own", "workflows:view"] {
        assert_eq!(house.code(token, may).await, "VALID", "{may}");
    }
    for may_not in ["applications:approve", "applications:view", "claviger:keys.read"] {
        assert_eq!(
            house.code(token, may_not).await,
            "INSUFFICIENT_PERMISSIONS",
            "{may_not}"
        );
    }
}

async fn all_its_actions_are_logged(house: &House) {
    let (account, key) = api_user(house, "Logged", Value::Null).await;
    let token = text(&key, "secret");
    knocks(house, token, "&require=applications:create").await;
    knocks(house, token, "&require=applications:approve").await;
    let path = format!("{}/requests", place(&account));
    let log = house.soon(&path, |log| rows(log).len() == 2).await;
    let codes: Vec<&str> = rows(&log).iter().map(|one| text(one, "code")).collect();
    assert_eq!(codes, ["INSUFFICIENT_PERMISSIONS", "VALID"]);
    // For as long as somebody may ask.
    assert_eq!(house.get("/v1/policy").await["retention"]["access_log"], "365d");
}

#[tokio::test]
async fn creating_and_editing_api_users() {
    checklist!(House::open("osprov").await;
        only_administrators_make_api_users,
        the_email_address_identifies_it_and_no_two_share_one,
        the_username_is_the_email_address_and_follows_it,
        it_begins_with_the_two_usual_roles_and_active,
        its_guard_is_that_of_systems,
        name_email_status_and_roles_can_be_edited_and_every_change_is_recorded,
        a_token_is_never_edited,
        an_owner_is_responsible_for_each_integration,
    );
}

async fn only_administrators_make_api_users(house: &House) {
    for (role, status) in [
        ("administrator", 201),
        ("owner", 201),
        ("key-manager", 403),
        ("auditor", 403),
        ("viewer", 403),
    ] {
        let mut browser = Browser::invited(&house.server, &format!("{role}@example.com"), &[role]).await;
        let body = json!({"name": "SAP HR Integration", "email": format!("sap-{role}@example.com")});
        let answer = browser.post("/v1/service-accounts", body).await;
        assert_eq!(answer.status.as_u16(), status, "{role}: {}", answer.text);
    }
}

async fn the_email_address_identifies_it_and_no_two_share_one(house: &House) {
    let none = house
        .ask(
            Method::POST,
            "/v1/service-accounts",
            json!({"name": "Unreachable"}),
        )
        .await;
    none.refused(400, "invalid_request", "no email address");
    api_user(house, "Mobile App API", json!({"email": "mobile@example.com"})).await;
    for email in ["mobile@example.com", "Mobile@Example.com"] {
        let twice = house
            .ask(
                Method::POST,
                "/v1/service-accounts",
                json!({"name": "Twice", "email": email}),
            )
            .await;
        twice.refused(400, "invalid_request", email);
    }
}

async fn the_username_is_the_email_address_and_follows_it(house: &House) {
    let (account, key) = api_user(house, "HR", json!({"email": "hr-api@example.com"})).await;
    assert_eq!(account["username"], "hr-api@example.com");
    let edited = house
        .ask(
            Method::PATCH,
            &place(&account),
            json!({"email": "people-api@example.com"}),
        )
        .await;
    assert_eq!(
        edited.body["username"], "people-api@example.com",
        "{}",
        edited.text
    );
    let own = json!({"name": "Own", "email": "own@example.com", "username": "own"});
    house
        .ask(Method::POST, "/v1/service-accounts", own)
        .await
        .refused(400, "invalid_request", "a username of its own");
    assert_eq!(
        knocks(house, text(&key, "secret"), "").await.status.as_u16(),
        200,
        "the token stays"
    );
}

async fn it_begins_with_the_two_usual_roles_and_active(house: &House) {
    let (account, _) = api_user(house, "Beginner", Value::Null).await;
    let roles: Vec<&str> = account["roles"]
        .as_array()
        .expect("roles")
        .iter()
        .map(|role| text(role, "name"))
        .collect();
    assert_eq!(roles, ["service-account", "Applicant"]);
    assert_eq!(account["status"], "active");
}

async fn its_guard_is_that_of_systems(house: &House) {
    let (_, key) = api_user(house, "Guarded", Value::Null).await;
    assert_eq!(knocks(house, text(&key, "secret"), "").await.status.as_u16(), 200);
    // A person's key, which another organisation's settings allow, is none for systems.
    house
        .server
        .policy(json!({"owner": {"kinds": ["service_account", "user"]}}))
        .await;
    let person = Browser::invited(&house.server, "guest@example.com", &["viewer"]).await;
    let persons = house
        .key(json!({"name": "A person's", "owner": person.id().await}))
        .await;
    house
        .server
        .policy(json!({"owner": {"kinds": ["service_account"]}}))
        .await;
    let answer = knocks(house, text(&persons, "secret"), "").await;
    assert_eq!(
        (answer.status.as_u16(), &answer.body["code"]),
        (403, &json!("GUARD_MISMATCH")),
        "{}",
        answer.text
    );
}

async fn name_email_status_and_roles_can_be_edited_and_every_change_is_recorded(house: &House) {
    let role = json!({"name": "Finance", "permissions": ["approvals:create"]});
    house.make("/v1/roles", role).await;
    let (account, key) = api_user(house, "SAP-ERP-Integration", Value::Null).await;
    let edit =
        json!({"name": "Finance-ERP-Integration", "email": "finance@example.com", "roles": ["Finance"]});
    let edited = house.ask(Method::PATCH, &place(&account), edit).await;
    assert_eq!(edited.status.as_u16(), 200, "{}", edited.text);
    assert_eq!(
        house.code(text(&key, "secret"), "approvals:create").await,
        "VALID"
    );
    assert_eq!(
        house.code(text(&key, "secret"), "applications:create").await,
        "INSUFFICIENT_PERMISSIONS"
    );
    for verb in ["deactivate", "activate"] {
        let answer = house
            .ask(Method::POST, &format!("{}/{verb}", place(&account)), Value::Null)
            .await;
        assert_eq!(answer.status.as_u16(), 200, "{verb}: {}", answer.text);
    }
    let events = house.get(&format!("{}/events", place(&account))).await;
    assert_eq!(
        actions(&events),
        [
            "account.activate",
            "account.deactivate",
            "account.edit",
            "account.create"
        ]
    );
    let changes = &rows(&events)[2]["changes"];
    assert_eq!(
        changes["name"],
        json!({"before": "SAP-ERP-Integration", "after": "Finance-ERP-Integration"})
    );
    assert!(
        changes["email"].is_object() && changes["roles"].is_object(),
        "{changes}"
    );
}

async fn a_token_is_never_edited(house: &House) {
    let (_, key) = api_user(house, "Untouchable", Value::Null).await;
    let outside = "x".repeat(40) + "Zq3vT8yLm2Xc9Rb4Kd7Ws1Hf6Jg0Pn5AqWeRtY";
    for body in [json!({"secret": outside}), json!({"token": outside})] {
        let refused = house.edit(&key, body).await;
        assert_eq!(refused.status.as_u16(), 400, "{}", refused.text);
    }
    let rotate = house
        .ask(Method::POST, &path_of(&key, "rotate"), json!({"secret": outside}))
        .await;
    assert!(matches!(rotate.status.as_u16(), 400 | 422), "{}", rotate.text);
    assert_eq!(knocks(house, text(&key, "secret"), "").await.status.as_u16(), 200);
}

async fn an_owner_is_responsible_for_each_integration(house: &House) {
    let person = Browser::invited(&house.server, "responsible@example.com", &["viewer"]).await;
    let fields = json!({"owner": person.id().await, "purpose": "Purchase orders, financial approvals"});
    let (account, _) = api_user(house, "Owned", fields).await;
    let found = house
        .get(&format!("/v1/service-accounts?owner={}", person.id().await))
        .await;
    assert_eq!(names(&found), ["Owned"]);
    assert_eq!(account["purpose"], "Purchase orders, financial approvals");
}

#[tokio::test]
async fn managing_tokens() {
    checklist!(House::open_on(Engine::Postgres, "osprov", &[]).await;
        the_list_shows_status_roles_and_activity,
        the_last_login_is_the_last_request,
        the_detail_has_its_history_of_creation_and_its_usage,
        a_token_is_masked_and_can_be_viewed_by_who_may_and_that_is_recorded,
        regenerating_a_token_stops_the_old_one_at_once,
        an_api_user_has_one_token,
        tokens_are_kept_encrypted_and_nowhere_in_clear,
    );
}

async fn the_list_shows_status_roles_and_activity(house: &House) {
    let (on, _) = api_user(house, "List active", Value::Null).await;
    let (off, _) = api_user(house, "List inactive", Value::Null).await;
    house
        .ask(Method::POST, &format!("{}/deactivate", place(&off)), Value::Null)
        .await;
    let list = house.get("/v1/service-accounts?q=list&sort=name").await;
    assert_eq!(names(&list), ["List active", "List inactive"]);
    let statuses: Vec<&str> = rows(&list).iter().map(|row| text(row, "status")).collect();
    assert_eq!(statuses, ["active", "inactive"]);
    assert!(
        rows(&list)
            .iter()
            .all(|row| row["roles"].as_array().is_some_and(|roles| roles.len() == 2))
    );
    assert!(
        rows(&list)
            .iter()
            .all(|row| row["live_keys"] == 1 && row["last_used_at"].is_null()),
        "{list}"
    );
    assert_eq!(
        rows(&house.get("/v1/service-accounts?q=list&status=inactive").await)[0]["id"],
        off["id"]
    );
    assert_ne!(on["id"], off["id"]);
}

async fn the_last_login_is_the_last_request(house: &House) {
    let (account, key) = api_user(house, "Nightly-Batch-Service", Value::Null).await;
    assert_eq!(account["last_used_at"], Value::Null);
    let question = json!({"key": text(&key, "secret"), "ip": "203.0.113.9"});
    house.server.verify_with(question).await;
    let shown = house
        .soon(&place(&account), |account| account["last_used_at"].is_string())
        .await;
    assert_eq!(shown["last_used_ip"], "203.0.113.9");
}

async fn the_detail_has_its_history_of_creation_and_its_usage(house: &House) {
    let (account, key) = api_user(house, "Analysed", Value::Null).await;
    assert!(account["created_at"].is_string() && !text(&account["created_by"], "name").is_empty());
    let events = house.get(&format!("{}/events", place(&account))).await;
    assert_eq!(actions(&events), ["account.create"]);
    let token = text(&key, "secret");
    for requires in [
        "applications:create",
        "applications:create",
        "applications:create",
        "applications:approve",
    ] {
        house.code(token, requires).await;
    }
    // Request counts, and of which the rates of success and failure are made.
    let usage = house
        .soon(&format!("{}/usage", place(&account)), |usage| usage["total"] == 4)
        .await;
    assert_eq!(
        usage["by_code"],
        json!({"VALID": 3, "INSUFFICIENT_PERMISSIONS": 1})
    );
    assert_eq!(
        usage["buckets"].as_array().map(|buckets| !buckets.is_empty()),
        Some(true)
    );
}

async fn a_token_is_masked_and_can_be_viewed_by_who_may_and_that_is_recorded(house: &House) {
    let (_, key) = api_user(house, "Viewed", Value::Null).await;
    let token = text(&key, "secret");
    let shown = house.ask(Method::GET, &path_of(&key, ""), Value::Null).await;
    assert!(!shown.text.contains(token) && text(&shown.body, "display").contains('…'));
    let revealed = house.act(&key, "reveal", Value::Null).await;
    assert_eq!(revealed["secret"], token);
    let mut viewer = Browser::invited(&house.server, "looking@example.com", &["viewer"]).await;
    let refused = viewer.post(&path_of(&key, "reveal"), Value::Null).await;
    refused.refused(403, "forbidden", "a viewer");
    let events = house.get(&path_of(&key, "events")).await;
    assert_eq!(actions(&events)[0], "key.reveal");
    assert!(!events.to_string().contains(token));
}

async fn regenerating_a_token_stops_the_old_one_at_once(house: &House) {
    let (account, key) = api_user(house, "Regenerated", Value::Null).await;
    let old = text(&key, "secret");
    assert_eq!(knocks(house, old, "").await.status.as_u16(), 200);
    let new = house.act(&key, "rotate", Value::Null).await;
    assert_eq!(new["id"], key["id"]);
    let fresh = text(&new, "secret");
    assert_eq!(
        (fresh.len(), knocks(house, fresh, "").await.status.as_u16()),
        (80, 200)
    );
    assert_eq!(knocks(house, old, "").await.status.as_u16(), 401);
    let graceful = house
        .ask(Method::POST, &path_of(&key, "rotate"), json!({"grace": "1h"}))
        .await;
    graceful.refused(400, "invalid_request", "two tokens at once");
    assert_eq!(house.get(&place(&account)).await["live_keys"], 1);
    let revealed = house.act(&key, "reveal", Value::Null).await;
    assert_eq!(revealed["secret"], fresh, "the current one is shown");
}

async fn an_api_user_has_one_token(house: &House) {
    let (account, key) = api_user(house, "Only one", Value::Null).await;
    let second = json!({"name": "Second", "owner": account["id"]});
    house.ask(Method::POST, "/v1/keys", second.clone()).await.refused(
        422,
        "policy_refused",
        "a second token",
    );
    house.act(&key, "revoke", Value::Null).await;
    house.key(second).await;
}

async fn tokens_are_kept_encrypted_and_nowhere_in_clear(house: &House) {
    let (_, key) = api_user(house, "Stored", Value::Null).await;
    assert_nowhere(&house.server, &[text(&key, "secret").to_owned()]).await;
}

#[tokio::test]
async fn security_and_life_cycle() {
    checklist!(House::open("osprov").await;
        custom_roles_reach_single_workflows,
        an_api_user_is_disabled_rather_than_deleted,
        unused_api_users_are_found,
        the_examples_of_the_page_can_be_made_as_they_stand,
    );
}

async fn custom_roles_reach_single_workflows(house: &House) {
    let role = json!({"name": "Leave requests", "permissions": ["workflow.42:submit", "workflow.42:view"]});
    house.make("/v1/roles", role).await;
    let (_, key) = api_user(
        house,
        "HR-System-API",
        json!({"roles": ["service-account", "Leave requests"]}),
    )
    .await;
    let token = text(&key, "secret");
    assert_eq!(house.code(token, "workflow.42:submit").await, "VALID");
    for other in ["workflow.43:submit", "workflow.42:approve", "applications:create"] {
        assert_eq!(
            house.code(token, other).await,
            "INSUFFICIENT_PERMISSIONS",
            "{other}"
        );
    }
}

async fn an_api_user_is_disabled_rather_than_deleted(house: &House) {
    let (account, key) = api_user(house, "Disabled", Value::Null).await;
    let path = place(&account);
    house
        .ask(Method::POST, &format!("{path}/deactivate"), Value::Null)
        .await;
    assert_eq!(house.code(text(&key, "secret"), "").await, "ACCOUNT_INACTIVE");
    house
        .ask(Method::POST, &format!("{path}/activate"), Value::Null)
        .await;
    assert_eq!(house.code(text(&key, "secret"), "").await, "VALID");
    // And who deletes one all the same still has its history.
    let deleted = house.ask(Method::DELETE, &path, Value::Null).await;
    assert_eq!(deleted.status.as_u16(), 200, "{}", deleted.text);
    assert_eq!(house.get(&path).await["status"], "deleted");
    assert_eq!(house.code(text(&key, "secret"), "").await, "REVOKED");
    assert!(actions(&house.get(&format!("{path}/events")).await).contains(&"account.create"));
}

async fn unused_api_users_are_found(house: &House) {
    let (_, used) = api_user(house, "Idle not", Value::Null).await;
    api_user(house, "Idle long", Value::Null).await;
    house.code(text(&used, "secret"), "").await;
    house
        .soon(&path_of(&used, ""), |key| key["last_used_at"].is_string())
        .await;
    let since = super::house::now()
        .minus(std::time::Duration::from_secs(3600))
        .to_string();
    let idle = house.get(&format!("/v1/keys?q=idle&idle_since={since}")).await;
    assert_eq!(names(&idle), ["Idle long"]);
    assert_eq!(house.get("/v1/policy").await["idle"]["warn_after"], "90d");
}

async fn the_examples_of_the_page_can_be_made_as_they_stand(house: &House) {
    for name in [
        "FieldWorker-Mobile-App",
        "IoT-Monitoring-System",
        "Customer-Portal-API",
    ] {
        let (_, key) = api_user(house, name, Value::Null).await;
        assert_eq!(
            knocks(house, text(&key, "secret"), "").await.status.as_u16(),
            200,
            "{name}"
        );
    }
}

#[tokio::test]
async fn troubleshooting() {
    checklist!(House::open_on(Engine::Sqlite, "osprov", &[("CLAVIGER_LIMITS_DEFAULT_RATE", "5/1h")]).await;
        authentication_fails_without_a_token_and_with_a_wrong_one,
        the_wrong_header_is_an_authentication_failure,
        permission_denied_names_what_is_missing,
        an_inactive_user_is_told_so_and_one_that_is_active_again_passes,
        over_the_limit_of_the_environment_is_429_with_when_to_come_again,
    );
}

fn told(answer: &Answer) -> (u16, &str) {
    (answer.status.as_u16(), text(&answer.body, "code"))
}

async fn authentication_fails_without_a_token_and_with_a_wrong_one(house: &House) {
    let missing = house.door("?tell=coded", &[]).await;
    assert_eq!(told(&missing), (401, "TOKEN_MISSING"));
    assert_eq!(
        missing.header("www-authenticate").split(' ').next(),
        Some("Bearer")
    );
    let (_, key) = api_user(house, "Regenerated", Value::Null).await;
    let old = text(&key, "secret");
    for wrong in ["api_", "abc123xyz789", &"x".repeat(80), &old[..79]] {
        assert_eq!(
            told(&knocks(house, wrong, "").await),
            (401, "TOKEN_INVALID"),
            "{wrong}"
        );
    }
}

async fn the_wrong_header_is_an_authentication_failure(house: &House) {
    let (_, key) = api_user(house, "Wrong header", Value::Null).await;
    for header in ["x-api-key", "apikey"] {
        let answer = house.door("?tell=coded", &[(header, text(&key, "secret"))]).await;
        assert_eq!(told(&answer), (401, "SOURCE_DENIED"), "{header}");
    }
}

async fn permission_denied_names_what_is_missing(house: &House) {
    let (_, key) = api_user(house, "Denied", Value::Null).await;
    let answer = knocks(house, text(&key, "secret"), "&require=workflow.42:submit").await;
    assert_eq!(told(&answer), (403, "INSUFFICIENT_PERMISSIONS"));
    assert_eq!(answer.body["missing"], "workflow.42:submit");
}

async fn an_inactive_user_is_told_so_and_one_that_is_active_again_passes(house: &House) {
    let (account, key) = api_user(house, "Switched", Value::Null).await;
    let token = text(&key, "secret");
    house
        .ask(
            Method::POST,
            &format!("{}/deactivate", place(&account)),
            Value::Null,
        )
        .await;
    assert_eq!(told(&knocks(house, token, "").await), (401, "USER_INACTIVE"));
    house
        .ask(
            Method::POST,
            &format!("{}/activate", place(&account)),
            Value::Null,
        )
        .await;
    assert_eq!(knocks(house, token, "").await.status.as_u16(), 200);
}

async fn over_the_limit_of_the_environment_is_429_with_when_to_come_again(house: &House) {
    let (_, key) = api_user(house, "Eager", Value::Null).await;
    let token = text(&key, "secret");
    for _ in 0..5 {
        assert_eq!(knocks(house, token, "").await.status.as_u16(), 200);
    }
    let over = knocks(house, token, "").await;
    assert_eq!(over.status.as_u16(), 429, "{}", over.text);
    assert!(
        over.header("retry-after")
            .parse::<u64>()
            .is_ok_and(|seconds| seconds > 0),
        "{:?}",
        over.headers
    );
    // Others are not held up by it.
    let (_, other) = api_user(house, "Patient", Value::Null).await;
    assert_eq!(
        knocks(house, text(&other, "secret"), "").await.status.as_u16(),
        200
    );
}
