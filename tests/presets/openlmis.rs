//! What the OpenLMIS requirements for API keys ask for, story by story.

use reqwest::Method;
use serde_json::{Value, json};

use super::house::{House, actions, checklist, names, rows};
use crate::secrets_at_rest::assert_nowhere;
use crate::support::{Answer, Browser, Engine, PASSWORD, path_of, text};

/// A system of a partner's with its first key: the account and the key.
async fn system(house: &House, name: &str, roles: &[&str]) -> (Value, Value) {
    let username = name.to_lowercase().replace(' ', "-");
    let fields = json!({"name": name, "username": username, "partner": name, "roles": roles});
    let account = house.account(fields).await;
    let key = house
        .key(json!({"name": format!("{name} key"), "owner": account["id"]}))
        .await;
    (account, key)
}

#[tokio::test]
async fn a_special_type_of_user() {
    checklist!(House::open("openlmis").await;
        it_is_for_a_system_and_has_no_password,
        an_administrator_makes_it_and_nobody_else,
        a_new_key_can_be_made_at_any_time,
        it_may_what_its_roles_say_and_administering_comes_in_kinds,
        fulfilment_is_viewed_or_edited,
        the_access_control_that_there_is_decides_and_a_key_has_none_of_its_own,
        an_account_may_be_given_a_username_for_each_system,
    );
}

async fn it_is_for_a_system_and_has_no_password(house: &House) {
    let fields =
        json!({"name": "Fridge", "username": "fridge", "email": "fridge@example.com", "password": PASSWORD});
    let refused = house.ask(Method::POST, "/v1/service-accounts", fields).await;
    refused.refused(400, "invalid_json", "a password for a system");
    let (account, key) = system(house, "Cold Trace One", &["Admin CCE"]).await;
    assert_eq!(key["owner"]["type"], "service_account");
    // Neither its name nor its token opens a session.
    let mut browser = Browser::new(&house.server);
    for password in [text(&key, "secret"), PASSWORD] {
        let answer = browser.sign_in(text(&account, "username"), password).await;
        assert!(matches!(answer.status.as_u16(), 400 | 401), "{}", answer.text);
        assert_eq!(answer.header("set-cookie"), "");
    }
    house
        .key(json!({"name": "For a person", "owner": account["id"]}))
        .await;
    let person = Browser::invited(&house.server, "person@example.com", &["viewer"]).await;
    let body = json!({"name": "A person's", "owner": person.id().await});
    let refused = house.ask(Method::POST, "/v1/keys", body).await;
    refused.refused(422, "policy_refused", "a key for a person");
}

async fn an_administrator_makes_it_and_nobody_else(house: &House) {
    let mut administrator = Browser::invited(&house.server, "admin@example.com", &["administrator"]).await;
    let made = administrator
        .post(
            "/api/serviceAccounts",
            json!({"name": "By an administrator", "partner": "Sample"}),
        )
        .await;
    assert_eq!(made.status.as_u16(), 201, "{}", made.text);
    assert_eq!(house.code(text(&made.body, "token"), "").await, "VALID");
    for role in ["viewer", "auditor", "key-manager"] {
        let mut other = Browser::invited(&house.server, &format!("{role}@example.com"), &[role]).await;
        let refused = other
            .post("/api/serviceAccounts", json!({"name": "By another"}))
            .await;
        assert_eq!(refused.status.as_u16(), 403, "{role}: {}", refused.text);
    }
    let nobody = house
        .server
        .anonymous(Method::POST, "/api/serviceAccounts")
        .json(&json!({}));
    assert_eq!(Answer::of(nobody).await.status.as_u16(), 401);
}

async fn a_new_key_can_be_made_at_any_time(house: &House) {
    let (account, first) = system(house, "At will", &["Admin CCE"]).await;
    let second = house.key(json!({"name": "Second", "owner": account["id"]})).await;
    assert_ne!(first["secret"], second["secret"]);
    for key in [&first, &second] {
        assert_eq!(house.code(text(key, "secret"), "cce:manage").await, "VALID");
    }
    // And a new token for a key that it has.
    let rotated = house.act(&first, "rotate", Value::Null).await;
    assert_eq!(house.code(text(&rotated, "secret"), "cce:manage").await, "VALID");
    assert_eq!(house.code(text(&first, "secret"), "cce:manage").await, "REVOKED");
}

async fn it_may_what_its_roles_say_and_administering_comes_in_kinds(house: &House) {
    for (name, role, may, may_not) in [
        ("Equipment", "Admin CCE", "cce:manage", "requisition:approve"),
        (
            "Requisitions",
            "Admin Requisition",
            "requisition:approve",
            "cce:manage",
        ),
    ] {
        let (_, key) = system(house, name, &[role]).await;
        let secret = text(&key, "secret");
        assert_eq!(house.code(secret, may).await, "VALID", "{role}");
        assert_eq!(
            house.code(secret, may_not).await,
            "INSUFFICIENT_PERMISSIONS",
            "{role}"
        );
        assert_eq!(
            house.code(secret, "claviger:keys.read").await,
            "INSUFFICIENT_PERMISSIONS",
            "{role}"
        );
    }
}

async fn fulfilment_is_viewed_or_edited(house: &House) {
    for (name, role, may_edit) in [
        ("Viewing", "Fulfillment view", false),
        ("Editing", "Fulfillment edit", true),
    ] {
        let (_, key) = system(house, name, &[role]).await;
        let secret = text(&key, "secret");
        assert_eq!(house.code(secret, "fulfillment:view").await, "VALID");
        assert_eq!(
            house.code(secret, "fulfillment:edit").await == "VALID",
            may_edit,
            "{role}"
        );
    }
}

async fn the_access_control_that_there_is_decides_and_a_key_has_none_of_its_own(house: &House) {
    let role = json!({"name": "Stock reports", "permissions": ["stock:report"]});
    house.make("/v1/roles", role).await;
    let (account, key) = system(house, "Stock", &["Stock reports"]).await;
    assert_eq!(house.code(text(&key, "secret"), "stock:report").await, "VALID");
    let own = json!({"name": "Own", "owner": account["id"], "permissions": ["stock:report"]});
    let refused = house.ask(Method::POST, "/v1/keys", own).await;
    refused.refused(422, "policy_refused", "permissions of its own");
    // Another role for the system is another for all its keys, at once.
    let path = format!("/v1/service-accounts/{}", text(&account, "id"));
    let edited = house
        .ask(Method::PATCH, &path, json!({"roles": ["Fulfillment view"]}))
        .await;
    assert_eq!(edited.status.as_u16(), 200, "{}", edited.text);
    assert_eq!(
        house.code(text(&key, "secret"), "stock:report").await,
        "INSUFFICIENT_PERMISSIONS"
    );
    assert_eq!(
        house.code(text(&key, "secret"), "fulfillment:view").await,
        "VALID"
    );
}

async fn an_account_may_be_given_a_username_for_each_system(house: &House) {
    let named = house
        .make(
            "/api/serviceAccounts",
            json!({"name": "Named", "username": "sample-gateway"}),
        )
        .await;
    assert_eq!(named["username"], "sample-gateway");
    let made_up = house.make("/api/apiKeys", json!({"name": "Unnamed"})).await;
    let account = house
        .get(&format!(
            "/api/serviceAccounts/{}",
            text(&made_up, "serviceAccountId")
        ))
        .await;
    assert!(text(&account, "username").starts_with("api-user-"), "{account}");
    let again = house
        .ask(
            Method::POST,
            "/api/serviceAccounts",
            json!({"name": "Again", "username": "Sample-Gateway"}),
        )
        .await;
    assert_eq!(again.status.as_u16(), 400, "{}", again.text);
}

#[tokio::test]
async fn managing_the_keys_of_partners() {
    checklist!(House::open_on(Engine::Postgres, "openlmis", &[]).await;
        the_history_of_keys_can_be_looked_at,
        a_removed_key_is_inactive_for_good,
        partners_are_named_in_the_table_of_keys,
        different_partners_have_different_keys_by_their_access,
        what_a_system_asked_for_is_logged,
        partners_are_not_written_to,
    );
}

async fn the_history_of_keys_can_be_looked_at(house: &House) {
    let (account, removed) = system(house, "History", &["Admin CCE"]).await;
    let revoked = house
        .key(json!({"name": "Revoked", "owner": account["id"]}))
        .await;
    house
        .key(json!({"name": "Standing", "owner": account["id"]}))
        .await;
    house.act(&revoked, "revoke", json!({"reason": "a sample"})).await;
    assert_eq!(house.delete(&removed).await.status.as_u16(), 200);
    let owner = text(&account, "id");
    let live = house.get(&format!("/v1/keys?owner={owner}")).await;
    assert_eq!(names(&live), ["Standing"]);
    let all = house.get(&format!("/v1/keys?owner={owner}&status=all")).await;
    assert_eq!(names(&all), ["Standing", "Revoked", "History key"]);
    let statuses: Vec<&str> = rows(&all).iter().map(|key| text(key, "status")).collect();
    assert_eq!(statuses, ["active", "revoked", "deleted"]);
    let events = house.get(&path_of(&removed, "events")).await;
    assert_eq!(actions(&events), ["key.delete", "key.create"]);
    assert!(
        rows(&events)
            .iter()
            .all(|event| !text(&event["actor"], "name").is_empty())
    );
    // The same by the system's own address, the newest first.
    let page = house.get("/api/apiKeys?status=all&partner=History").await;
    let content = page["content"].as_array().expect("rows");
    let shown: Vec<(&str, bool)> = content
        .iter()
        .map(|key| (text(key, "name"), key["active"] == true))
        .collect();
    assert_eq!(
        shown,
        [("Standing", true), ("Revoked", false), ("History key", false)]
    );
}

async fn a_removed_key_is_inactive_for_good(house: &House) {
    let made = house
        .make("/api/apiKeys", json!({"name": "Removed", "partner": "Removed"}))
        .await;
    let token = text(&made, "token");
    assert_eq!(house.code(token, "").await, "VALID");
    let removed = house
        .ask(Method::DELETE, &format!("/api/apiKeys/{token}"), Value::Null)
        .await;
    assert_eq!(removed.status.as_u16(), 204, "{}", removed.text);
    assert_eq!(house.code(token, "").await, "REVOKED");
    for header in ["x-api-key", "apikey"] {
        assert_eq!(house.door("", &[(header, token)]).await.status.as_u16(), 401);
    }
    let key = house.get(&format!("/v1/keys/{}", text(&made, "id"))).await;
    assert_eq!(key["status"], "deleted");
    for verb in ["enable", "rotate", "unprotect"] {
        let refused = house.ask(Method::POST, &path_of(&key, verb), Value::Null).await;
        refused.refused(409, "key_over", verb);
    }
}

async fn partners_are_named_in_the_table_of_keys(house: &House) {
    for partner in ["Northern Vaccines", "Southern Vaccines"] {
        house
            .make(
                "/api/serviceAccounts",
                json!({"name": format!("{partner} gateway"), "partner": partner}),
            )
            .await;
    }
    let page = house.get("/api/apiKeys?size=2000").await;
    let partners: Vec<&str> = page["content"]
        .as_array()
        .expect("rows")
        .iter()
        .map(|key| text(key, "partner"))
        .collect();
    assert!(
        partners.contains(&"Northern Vaccines") && partners.contains(&"Southern Vaccines"),
        "{partners:?}"
    );
    let one = house.get("/v1/keys?partner=northern%20vaccines").await;
    assert_eq!(rows(&one).len(), 1, "{one}");
    assert_eq!(rows(&one)[0]["owner"]["name"], "Northern Vaccines gateway");
    let named = house.get("/v1/partners").await;
    assert!(named.to_string().contains("Southern Vaccines"), "{named}");
}

async fn different_partners_have_different_keys_by_their_access(house: &House) {
    let (_, cold) = system(house, "Cold Trace", &["Admin CCE"]).await;
    let (_, shipping) = system(house, "Shipping", &["Fulfillment edit"]).await;
    for (key, may, may_not) in [
        (&cold, "cce:manage", "fulfillment:edit"),
        (&shipping, "fulfillment:edit", "cce:manage"),
    ] {
        assert_eq!(house.code(text(key, "secret"), may).await, "VALID");
        assert_eq!(
            house.code(text(key, "secret"), may_not).await,
            "INSUFFICIENT_PERMISSIONS"
        );
    }
    // One partner's key that goes leaves the other's alone.
    house.delete(&cold).await;
    assert_eq!(house.code(text(&shipping, "secret"), "").await, "VALID");
}

async fn what_a_system_asked_for_is_logged(house: &House) {
    let (account, key) = system(house, "Logged", &["Fulfillment view"]).await;
    house.code(text(&key, "secret"), "fulfillment:view").await;
    house.code(text(&key, "secret"), "fulfillment:edit").await;
    let path = format!("/v1/service-accounts/{}/requests", text(&account, "id"));
    let log = house.soon(&path, |log| rows(log).len() == 2).await;
    let codes: Vec<&str> = rows(&log).iter().map(|one| text(one, "code")).collect();
    assert_eq!(codes, ["INSUFFICIENT_PERMISSIONS", "VALID"]);
    assert!(!log.to_string().contains(text(&key, "secret")));
}

async fn partners_are_not_written_to(house: &House) {
    let policy = house.get("/v1/policy").await;
    assert_eq!(policy["reminders"]["to"], json!(["administrators"]));
}

#[tokio::test]
async fn what_a_key_is_and_is_not() {
    checklist!(House::open("openlmis").await;
        a_key_makes_lists_and_removes_no_keys,
        a_token_is_kept_as_a_digest_and_shown_once,
        what_is_not_there_and_what_is_no_token_are_told_apart,
    );
}

async fn a_key_makes_lists_and_removes_no_keys(house: &House) {
    let role = json!({"name": "Keys", "permissions": ["claviger:keys.*", "claviger:accounts.*"]});
    house.make("/v1/roles", role).await;
    let (_, key) = system(house, "Ambitious", &["Keys"]).await;
    let victim = house.make("/api/apiKeys", json!({"name": "Victim"})).await;
    let by_token = format!("/api/apiKeys/{}", text(&victim, "token"));
    for secret in [text(&key, "secret"), house.server.key.as_str()] {
        for (method, path, status) in [
            (Method::POST, "/api/apiKeys", 400),
            (Method::POST, "/api/serviceAccounts", 400),
            (Method::GET, "/api/apiKeys", 403),
            (Method::DELETE, by_token.as_str(), 403),
            (Method::GET, "/v1/keys", 403),
            (Method::POST, "/v1/keys", 403),
        ] {
            let (got, body) = house
                .server
                .call_as(secret, method.clone(), path, Some(json!({})))
                .await;
            assert_eq!(got.as_u16(), status, "{method} {path}: {body}");
        }
    }
    assert_eq!(house.code(text(&victim, "token"), "").await, "VALID");
}

async fn a_token_is_kept_as_a_digest_and_shown_once(house: &House) {
    let made = house.make("/api/apiKeys", json!({"name": "Shown once"})).await;
    let token = text(&made, "token").to_owned();
    let list = house
        .ask(Method::GET, "/api/apiKeys?status=all", Value::Null)
        .await;
    assert!(
        list.text.contains('…') && !list.text.contains(&token),
        "masked in lists"
    );
    let path = format!("/v1/keys/{}/reveal", text(&made, "id"));
    let refused = house.ask(Method::POST, &path, Value::Null).await;
    assert!(matches!(refused.status.as_u16(), 409 | 422), "{}", refused.text);
    assert_nowhere(&house.server, &[token]).await;
}

async fn what_is_not_there_and_what_is_no_token_are_told_apart(house: &House) {
    let gone = house.make("/api/apiKeys", json!({"name": "Nearly"})).await;
    let mut token = text(&gone, "token").to_owned();
    token.replace_range(10..12, if &token[10..12] == "zz" { "yy" } else { "zz" });
    let unknown = house
        .ask(
            Method::DELETE,
            "/api/apiKeys/0f9c4b1e-7a52-4d38-9e61-5c2b8a7d3f40",
            Value::Null,
        )
        .await;
    assert_eq!(unknown.status.as_u16(), 404, "{}", unknown.text);
    assert_eq!(unknown.body["messageKey"], "auth.error.apiKey.notFound");
    for none in [token.as_str(), "short"] {
        let answer = house
            .ask(Method::DELETE, &format!("/api/apiKeys/{none}"), Value::Null)
            .await;
        assert!(matches!(answer.status.as_u16(), 400 | 404), "{}", answer.text);
    }
    assert_eq!(house.code(text(&gone, "token"), "").await, "VALID");
}
