//! OpenAthens' page on API keys, section by section.

use std::time::Duration;

use domain::clock::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};

use super::house::{House, actions, checklist, date, now, rows, well_before_midnight};
use crate::secrets_at_rest::assert_nowhere;
use crate::support::{Answer, Browser, Engine, path_of, text};

const LEVELS: [&str; 3] = ["Authentication API", "Reports API", "Full access"];

/// A key with a name and a level.
async fn key(house: &House, level: &str) -> Value {
    house
        .key(json!({"name": format!("For {level}"), "roles": [level]}))
        .await
}

/// What an application is told that sends its key to the API.
async fn knocks(house: &House, key: &Value) -> Answer {
    let value = format!("OAApiKey {}", text(key, "secret"));
    house.door("", &[("authorization", &value)]).await
}

/// Enables the function of reports for the organisation, or takes it away.
async fn reports(house: &House, enabled: bool) {
    let apis = house.get("/v1/apis?q=reports").await;
    let path = format!("/v1/apis/{}", text(&apis["items"][0], "id"));
    let answer = house
        .ask(Method::PATCH, &path, json!({ "enabled": enabled }))
        .await;
    assert_eq!(answer.status.as_u16(), 200, "{}", answer.text);
}

async fn levels(house: &House) -> Vec<String> {
    let form = house.get("/v1/policy/form").await;
    let levels = form["levels"].as_array().expect("levels").iter();
    levels.map(|level| text(level, "name").to_owned()).collect()
}

#[tokio::test]
async fn permissions() {
    checklist!(House::open_on(Engine::Postgres, "openathens", &[]).await;
        the_authentication_api_can_be_used_with_the_connector_and_nothing_else,
        the_reports_api_appears_only_where_it_is_enabled,
        the_reports_api_can_be_used_for_reports_and_nothing_else,
        full_access_can_all_functions_and_reports_where_they_are_enabled,
        other_permission_distinctions_may_be_added,
    );
}

async fn can(house: &House, key: &Value, can: &[&str], cannot: &[&str]) {
    for requires in can {
        assert_eq!(
            house.code(text(key, "secret"), requires).await,
            "VALID",
            "CAN {requires}"
        );
    }
    for requires in cannot {
        let code = house.code(text(key, "secret"), requires).await;
        assert_eq!(code, "INSUFFICIENT_PERMISSIONS", "CANNOT {requires}");
    }
}

const ACCOUNTS: [&str; 3] = ["accounts:view", "accounts:create", "accounts:manage"];
const REPORTS: [&str; 2] = ["reports:view", "reports:export"];

async fn the_authentication_api_can_be_used_with_the_connector_and_nothing_else(house: &House) {
    let key = key(house, LEVELS[0]).await;
    can(
        house,
        &key,
        &["authentication:use"],
        &[&ACCOUNTS[..], &REPORTS].concat(),
    )
    .await;
    reports(house, true).await;
    can(
        house,
        &key,
        &["authentication:use"],
        &[&ACCOUNTS[..], &REPORTS].concat(),
    )
    .await;
    reports(house, false).await;
}

async fn the_reports_api_appears_only_where_it_is_enabled(house: &House) {
    assert_eq!(levels(house).await, [LEVELS[0], LEVELS[2]]);
    let body = json!({"name": "Statistics", "roles": [LEVELS[1]]});
    house.ask(Method::POST, "/v1/keys", body.clone()).await.refused(
        422,
        "policy_refused",
        "a level that is not there",
    );
    reports(house, true).await;
    assert_eq!(levels(house).await.len(), 3);
    house.key(body).await;
    reports(house, false).await;
}

async fn the_reports_api_can_be_used_for_reports_and_nothing_else(house: &House) {
    reports(house, true).await;
    let key = key(house, LEVELS[1]).await;
    can(
        house,
        &key,
        &REPORTS,
        &[&ACCOUNTS[..], &["authentication:use", "anything:else"]].concat(),
    )
    .await;
    // Taken away, the level reaches nothing any more, at once.
    reports(house, false).await;
    can(house, &key, &[], &REPORTS).await;
}

async fn full_access_can_all_functions_and_reports_where_they_are_enabled(house: &House) {
    let key = key(house, LEVELS[2]).await;
    can(
        house,
        &key,
        &[&ACCOUNTS[..], &["authentication:use"]].concat(),
        &REPORTS,
    )
    .await;
    reports(house, true).await;
    can(
        house,
        &key,
        &[&ACCOUNTS[..], &REPORTS, &["authentication:use"]].concat(),
        &["claviger:keys.read"],
    )
    .await;
    reports(house, false).await;
}

async fn other_permission_distinctions_may_be_added(house: &House) {
    let role = json!({"name": "Accounts, to look at", "permissions": ["accounts:view"], "level": true});
    house.make("/v1/roles", role).await;
    assert!(levels(house).await.contains(&"Accounts, to look at".to_owned()));
    let key = key(house, "Accounts, to look at").await;
    can(house, &key, &["accounts:view"], &["accounts:create"]).await;
}

#[tokio::test]
async fn creating_editing_and_deleting_a_key() {
    checklist!(House::open("openathens").await;
        a_name_and_a_permission_level_are_all_that_is_asked,
        a_key_has_one_level_and_no_single_permissions,
        the_key_is_generated_on_save_and_shown_once,
        name_and_level_can_be_edited,
        neither_the_key_value_nor_the_expiry_date_can_be_changed,
        a_removed_key_is_gone,
    );
}

async fn a_name_and_a_permission_level_are_all_that_is_asked(house: &House) {
    let form = house.get("/v1/policy/form").await;
    assert_eq!(form["fields"], json!(["roles"]));
    let nameless = house
        .ask(Method::POST, "/v1/keys", json!({"roles": [LEVELS[2]]}))
        .await;
    nameless.refused(400, "invalid_request", "no name");
    let made = key(house, LEVELS[2]).await;
    assert_eq!(made["owner"]["type"], "organisation");
    let mut person = Browser::invited(&house.server, "person@example.com", &["administrator"]).await;
    let body = json!({"name": "A person's", "roles": [LEVELS[2]], "owner": person.id().await});
    person
        .post("/v1/keys", body)
        .await
        .refused(422, "policy_refused", "an owner");
}

async fn a_key_has_one_level_and_no_single_permissions(house: &House) {
    for body in [
        json!({"name": "None"}),
        json!({"name": "Two", "roles": [LEVELS[0], LEVELS[2]]}),
        json!({"name": "Single", "permissions": ["accounts:view"]}),
        json!({"name": "Both", "roles": [LEVELS[0]], "permissions": ["accounts:view"]}),
        json!({"name": "No level", "roles": ["viewer"]}),
    ] {
        let refused = house.ask(Method::POST, "/v1/keys", body.clone()).await;
        refused.refused(422, "policy_refused", &body.to_string());
        assert!(
            text(&refused.body, "detail").contains("Authentication API, Full access"),
            "{}",
            refused.text
        );
    }
}

async fn the_key_is_generated_on_save_and_shown_once(house: &House) {
    let own =
        json!({"name": "Own", "roles": [LEVELS[2]], "secret": "outside-made-8f3c7Qm2Zt0Kx5Vw9Lb4Rn6Ys1"});
    house.ask(Method::POST, "/v1/keys", own).await.refused(
        422,
        "policy_refused",
        "a value that was typed in",
    );
    let made = key(house, LEVELS[2]).await;
    assert_eq!(knocks(house, &made).await.status.as_u16(), 200);
    let shown = house.ask(Method::GET, &path_of(&made, ""), Value::Null).await;
    assert!(!shown.text.contains(text(&made, "secret")));
    let reveal = house
        .ask(Method::POST, &path_of(&made, "reveal"), Value::Null)
        .await;
    assert!(matches!(reveal.status.as_u16(), 409 | 422), "{}", reveal.text);
    assert_nowhere(&house.server, &[text(&made, "secret").to_owned()]).await;
}

async fn name_and_level_can_be_edited(house: &House) {
    let made = key(house, LEVELS[0]).await;
    let edited = house
        .edit(&made, json!({"name": "Renamed", "roles": [LEVELS[2]]}))
        .await;
    assert_eq!(
        (edited.status.as_u16(), &edited.body["name"]),
        (200, &json!("Renamed")),
        "{}",
        edited.text
    );
    can(house, &made, &["accounts:manage"], &[]).await;
    assert_eq!(edited.body["expires_at"], made["expires_at"]);
}

async fn neither_the_key_value_nor_the_expiry_date_can_be_changed(house: &House) {
    let made = key(house, LEVELS[0]).await;
    for body in [
        json!({"expires_at": "2099-01-01"}),
        json!({"expires_at": null}),
        json!({"expires_in": "90d"}),
    ] {
        house
            .edit(&made, body.clone())
            .await
            .refused(422, "policy_refused", &body.to_string());
        let mut new = json!({"name": "Own end", "roles": [LEVELS[0]]});
        new.as_object_mut()
            .expect("fields")
            .extend(body.as_object().cloned().expect("fields"));
        if !new["expires_at"].is_null() || new.get("expires_in").is_some() {
            let refused = house.ask(Method::POST, "/v1/keys", new).await;
            refused.refused(422, "policy_refused", "an end of one's own");
        }
    }
    house
        .ask(Method::POST, &path_of(&made, "rotate"), Value::Null)
        .await
        .refused(422, "policy_refused", "another value");
    assert_eq!(
        knocks(house, &made).await.status.as_u16(),
        200,
        "the same key, as it was"
    );
}

async fn a_removed_key_is_gone(house: &House) {
    let made = key(house, LEVELS[0]).await;
    let deleted = house.delete(&made).await;
    assert_eq!(
        (deleted.status.as_u16(), &deleted.body["erased"]),
        (200, &json!(true))
    );
    assert_eq!(knocks(house, &made).await.status.as_u16(), 401);
    house
        .ask(Method::GET, &path_of(&made, ""), Value::Null)
        .await
        .refused(404, "not_found", "gone");
    assert_eq!(
        actions(&house.get(&path_of(&made, "events")).await)[0],
        "key.erase"
    );
}

#[tokio::test]
async fn expiry_dates_and_what_to_watch_out_for() {
    checklist!(House::open("openathens").await;
        an_expiry_date_is_generated_by_itself,
        a_key_does_not_work_on_its_expiry_date,
        the_first_mail_is_30_days_before_and_they_come_more_often_as_it_nears,
        mails_go_to_who_made_the_key_and_to_the_administrators,
        an_expired_a_disabled_and_a_removed_key_get_invalid_credentials,
        an_application_works_again_with_a_valid_key,
        the_key_goes_in_the_authorization_header_under_its_scheme,
    );
}

async fn an_expiry_date_is_generated_by_itself(house: &House) {
    well_before_midnight().await;
    let made = key(house, LEVELS[0]).await;
    assert_eq!(
        text(&made, "expires_at"),
        format!("{}T00:00:00Z", date(365)),
        "midnight of a day in a year"
    );
}

async fn a_key_does_not_work_on_its_expiry_date(house: &House) {
    well_before_midnight().await;
    for (day, status) in [(0, 401), (1, 200)] {
        let made = key(house, LEVELS[0]).await;
        let midnight = Timestamp::parse(&format!("{}T00:00:00Z", date(day))).expect("an instant");
        house.end_at(&made, midnight).await;
        assert_eq!(
            knocks(house, &made).await.status.as_u16(),
            status,
            "dead on the date, not before: in {day} days"
        );
    }
}

async fn the_first_mail_is_30_days_before_and_they_come_more_often_as_it_nears(house: &House) {
    let policy = house.get("/v1/policy").await;
    let days: Vec<i64> = policy["reminders"]["days"]
        .as_array()
        .expect("days")
        .iter()
        .filter_map(Value::as_i64)
        .collect();
    assert_eq!(days.first(), Some(&30));
    let gaps: Vec<i64> = days.windows(2).map(|pair| pair[0] - pair[1]).collect();
    assert!(gaps.len() >= 3 && gaps.iter().all(|gap| *gap > 0), "{days:?}");
    assert!(
        gaps.windows(2).all(|pair| pair[0] >= pair[1]),
        "they come more often: {days:?}"
    );
    assert_eq!(
        policy["expiring_window"], "30d",
        "it is shown as near from the first mail on"
    );
}

async fn mails_go_to_who_made_the_key_and_to_the_administrators(house: &House) {
    let policy = house.get("/v1/policy").await;
    assert_eq!(policy["reminders"]["to"], json!(["creator", "administrators"]));
    let mut ann = Browser::invited(&house.server, "ann@example.com", &["administrator"]).await;
    let made = ann
        .post("/v1/keys", json!({"name": "Ann's", "roles": [LEVELS[0]]}))
        .await;
    assert_eq!(made.body["created_by"]["id"], ann.id().await, "{}", made.text);
}

async fn an_expired_a_disabled_and_a_removed_key_get_invalid_credentials(house: &House) {
    let (expired, disabled, removed) = (
        key(house, LEVELS[0]).await,
        key(house, LEVELS[0]).await,
        key(house, LEVELS[0]).await,
    );
    let before = house.get("/v1/keys/summary").await;
    house.end_at(&expired, now().minus(Duration::from_secs(1))).await;
    house.act(&disabled, "disable", Value::Null).await;
    house.delete(&removed).await;
    for key in [&expired, &disabled, &removed] {
        let answer = knocks(house, key).await;
        answer.refused(401, "unauthenticated", "invalid credentials");
        assert_eq!(answer.body["detail"], "the API key is not valid", "and not why");
    }
    // Whoever keeps the keys sees which it is.
    let after = house.get("/v1/keys/summary").await;
    for (status, more) in [("expired", 1), ("disabled", 1), ("total", -1)] {
        let of = |summary: &Value| summary[status].as_i64().expect("a number");
        assert_eq!(of(&after) - of(&before), more, "{status}: {after}");
    }
}

async fn an_application_works_again_with_a_valid_key(house: &House) {
    let old = key(house, LEVELS[0]).await;
    house.delete(&old).await;
    assert_eq!(knocks(house, &old).await.status.as_u16(), 401);
    let new = key(house, LEVELS[0]).await;
    assert_eq!(knocks(house, &new).await.status.as_u16(), 200);
    let listed = house.get("/v1/keys?limit=500").await;
    assert!(
        rows(&listed).iter().any(|row| row["id"] == new["id"])
            && rows(&listed).iter().all(|row| row["id"] != old["id"])
    );
}

async fn the_key_goes_in_the_authorization_header_under_its_scheme(house: &House) {
    let made = key(house, LEVELS[0]).await;
    let secret = text(&made, "secret");
    for (header, value, status) in [
        ("authorization", format!("OAApiKey {secret}"), 200),
        ("authorization", format!("oaapikey {secret}"), 200),
        ("authorization", format!("Bearer {secret}"), 401),
        ("authorization", secret.to_owned(), 401),
        ("x-api-key", secret.to_owned(), 401),
        ("apikey", secret.to_owned(), 401),
    ] {
        assert_eq!(
            house.door("", &[(header, &value)]).await.status.as_u16(),
            status,
            "{header}: {value}"
        );
    }
}
