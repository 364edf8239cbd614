//! Maximo Manage's page on API keys, section by section.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::house::{House, checklist, now};
use crate::secrets_at_rest::assert_nowhere;
use crate::support::{Answer, Browser, Engine, text};

const KEYS: &str = "/oslc/os/mxapiapikey";
const PROPERTIES: &str = "/oslc/os/mxapiproperty";
const OUTSIDE: &str = "outside-made-8f3c7Qm2Zt0Kx5Vw9Lb4Rn6Ys1";

/// A user for an external client.
async fn user(house: &House, userid: &str, roles: &[&str]) -> Value {
    house
        .account(json!({"name": userid, "username": userid, "roles": roles}))
        .await
}

/// Their key.
async fn key_of(house: &House, userid: &str) -> Value {
    house
        .make(KEYS, json!({"expiration": -1, "userid": userid}))
        .await
}

async fn knocks(house: &House, token: &str) -> Answer {
    house.door("?tell=coded", &[("apikey", token)]).await
}

/// Gives a property a value, as its page and `Live Refresh` do.
async fn set(house: &House, property: &str, value: &str) -> Answer {
    let body = json!({"propname": property, "propvalue": value});
    let answer = house.ask(Method::POST, PROPERTIES, body).await;
    assert!(matches!(answer.status.as_u16(), 200 | 400), "{}", answer.text);
    answer
}

fn path(key: &Value) -> String {
    format!("/{}", text(key, "href"))
}

#[tokio::test]
async fn api_keys() {
    checklist!(House::open_on(Engine::Postgres, "maximo", &[]).await;
        a_key_opens_without_a_browser_and_without_a_password,
        all_keys_are_encrypted_at_storage_and_no_setting_changes_that,
        a_key_comes_in_a_header_or_in_the_query,
        the_key_must_be_part_of_every_request_and_no_connection_is_kept,
        other_headers_are_refused,
        the_documentation_lets_one_authorize_with_a_key,
        an_expiration_is_minutes_or_never,
    );
}

async fn a_key_opens_without_a_browser_and_without_a_password(house: &House) {
    user(house, "client", &[]).await;
    let key = key_of(house, "client").await;
    assert_eq!(knocks(house, text(&key, "apikey")).await.status.as_u16(), 200);
    let (status, problem) = house
        .server
        .call_as(text(&key, "apikey"), Method::GET, "/v1/me", None)
        .await;
    assert_eq!(
        (status.as_u16(), &problem["code"]),
        (403, &json!("people_only")),
        "and opens no session"
    );
}

async fn all_keys_are_encrypted_at_storage_and_no_setting_changes_that(house: &House) {
    user(house, "stored", &[]).await;
    let key = key_of(house, "stored").await;
    user(house, "stored-outside", &[]).await;
    house
        .make(
            KEYS,
            json!({"userid": "stored-outside", "expiration": -1, "apikey": OUTSIDE}),
        )
        .await;
    let refused = set(house, "mxe.secureapikey", "0").await;
    assert_eq!(refused.status.as_u16(), 400);
    assert!(
        refused.text.contains("clear"),
        "the reason is told: {}",
        refused.text
    );
    assert_eq!(set(house, "mxe.secureapikey", "1").await.status.as_u16(), 200);
    assert_nowhere(
        &house.server,
        &[text(&key, "apikey").to_owned(), OUTSIDE.to_owned()],
    )
    .await;
    assert_eq!(house.get("/v1/policy").await["secret"]["storage"], "encrypted");
}

async fn a_key_comes_in_a_header_or_in_the_query(house: &House) {
    user(house, "reader", &[]).await;
    let key = key_of(house, "reader").await;
    let token = text(&key, "apikey");
    assert_eq!(house.door("", &[("apikey", token)]).await.status.as_u16(), 200);
    let uri = format!("/maximo/api/os/mxasset?lean=1&apikey={token}");
    let headers = [("x-forwarded-uri", uri.as_str()), ("x-forwarded-method", "GET")];
    let answer = house.door("?sources=header:apikey,query:apikey", &headers).await;
    assert_eq!(answer.status.as_u16(), 200, "{}", answer.text);
    let answer = house.door("", &headers).await;
    assert_eq!(answer.status.as_u16(), 401, "only where the door looks there");
    assert!(!house.server.log().contains(token), "no log has it");
}

async fn the_key_must_be_part_of_every_request_and_no_connection_is_kept(house: &House) {
    user(house, "stateless", &[]).await;
    let key = key_of(house, "stateless").await;
    for _ in 0..2 {
        let answer = knocks(house, text(&key, "apikey")).await;
        assert_eq!((answer.status.as_u16(), answer.header("set-cookie")), (200, ""));
        let without = house.door("?tell=coded", &[]).await;
        assert_eq!(
            (without.status.as_u16(), text(&without.body, "code")),
            (401, "TOKEN_MISSING")
        );
    }
    let listed = house
        .server
        .anonymous(Method::GET, KEYS)
        .header("apikey", &house.server.key);
    let listed = Answer::of(listed).await;
    assert_eq!(
        (listed.status.as_u16(), listed.header("set-cookie")),
        (200, ""),
        "{}",
        listed.text
    );
    let without = Answer::of(house.server.anonymous(Method::GET, KEYS)).await;
    assert_eq!((without.status.as_u16(), without.header("set-cookie")), (401, ""));
}

async fn other_headers_are_refused(house: &House) {
    user(house, "elsewhere", &[]).await;
    let key = key_of(house, "elsewhere").await;
    let token = text(&key, "apikey");
    for (header, value) in [
        ("x-api-key", token.to_owned()),
        ("authorization", format!("Bearer {token}")),
    ] {
        assert_eq!(
            house.door("", &[(header, &value)]).await.status.as_u16(),
            401,
            "{header}"
        );
    }
}

async fn the_documentation_lets_one_authorize_with_a_key(house: &House) {
    let docs = Answer::of(house.server.anonymous(Method::GET, "/docs")).await;
    assert_eq!(docs.status.as_u16(), 200);
    let described = Answer::of(house.server.anonymous(Method::GET, "/openapi.json")).await;
    let schemes = described.body["components"]["securitySchemes"]
        .as_object()
        .expect("schemes");
    assert!(
        schemes
            .values()
            .any(|scheme| scheme["type"] == "apiKey" && scheme["in"] == "header"),
        "{schemes:?}"
    );
    assert!(
        described.body["paths"][KEYS]["post"].is_object(),
        "its own routes are described"
    );
}

async fn an_expiration_is_minutes_or_never(house: &House) {
    for (userid, minutes) in [
        ("an-hour", json!(60)),
        ("a-text", json!("1440")),
        ("for-ever", json!(-1)),
    ] {
        user(house, userid, &[]).await;
        let key = house
            .make(KEYS, json!({"userid": userid, "expiration": minutes}))
            .await;
        let expected: i64 = minutes
            .as_i64()
            .or_else(|| minutes.as_str()?.parse().ok())
            .expect("minutes");
        assert_eq!(key["expiration"], expected, "{key}");
        assert_eq!(key["expirationdate"].is_null(), expected == -1);
    }
    for minutes in [
        json!(0),
        json!(-2),
        json!("soon"),
        json!(1.5),
        json!(99_999_999_999_i64),
    ] {
        let answer = house
            .ask(
                Method::POST,
                KEYS,
                json!({"userid": "client", "expiration": minutes}),
            )
            .await;
        assert_eq!(answer.status.as_u16(), 400, "{minutes}: {}", answer.text);
    }
}

#[tokio::test]
async fn keys_made_by_external_systems() {
    checklist!(House::open("maximo").await;
        an_outside_key_is_taken_and_works,
        an_outside_key_must_be_fit_to_be_one_and_nobody_elses,
        outside_keys_are_refused_where_the_property_says_so,
    );
}

async fn an_outside_key_is_taken_and_works(house: &House) {
    user(house, "external", &[]).await;
    let key = house
        .make(
            KEYS,
            json!({"userid": "external", "expiration": -1, "apikey": OUTSIDE}),
        )
        .await;
    assert_eq!(key["userid"], "external");
    assert_eq!(knocks(house, OUTSIDE).await.status.as_u16(), 200);
    let listed = house.ask(Method::GET, KEYS, Value::Null).await;
    assert!(!listed.text.contains(OUTSIDE), "masked: {}", listed.text);
}

async fn an_outside_key_must_be_fit_to_be_one_and_nobody_elses(house: &House) {
    user(house, "unfit", &[]).await;
    for apikey in [
        "short",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "with a space 8f3c7Qm2Zt0Kx5Vw9Lb4Rn6Ys1",
        OUTSIDE,
    ] {
        let answer = house
            .ask(Method::POST, KEYS, json!({"userid": "unfit", "apikey": apikey}))
            .await;
        assert_eq!(answer.status.as_u16(), 400, "{apikey}: {}", answer.text);
    }
    assert_eq!(
        knocks(house, OUTSIDE).await.status.as_u16(),
        200,
        "the first one's still"
    );
}

async fn outside_keys_are_refused_where_the_property_says_so(house: &House) {
    user(house, "late", &[]).await;
    assert_eq!(
        set(house, "mxe.allowexternalapikey", "0").await.body["propvalue"],
        "0"
    );
    let body = json!({"userid": "late", "apikey": "another-made-8f3c7Qm2Zt0Kx5Vw9Lb4Rn6Ys2"});
    let refused = house.ask(Method::POST, KEYS, body.clone()).await;
    assert_eq!(refused.status.as_u16(), 400, "{}", refused.text);
    assert_eq!(
        knocks(house, OUTSIDE).await.status.as_u16(),
        200,
        "what was made before goes on"
    );
    set(house, "mxe.allowexternalapikey", "1").await;
    house.make(KEYS, body).await;
}

#[tokio::test]
async fn security_access() {
    checklist!(House::open("maximo").await;
        a_user_must_be_there_before_a_key_is_made_for_them,
        the_permissions_of_a_key_are_those_of_its_user,
        a_user_has_one_key,
        a_lost_key_can_be_looked_up_by_the_administrator,
        only_for_themself_where_the_property_says_so,
        users_that_are_named_are_given_no_keys,
        to_disable_access_the_key_is_deleted,
        a_compromised_key_is_deleted_and_another_made_at_once,
        after_an_expired_key_another_is_made,
    );
}

async fn a_user_must_be_there_before_a_key_is_made_for_them(house: &House) {
    let refused = house
        .ask(Method::POST, KEYS, json!({"userid": "nobody", "expiration": -1}))
        .await;
    assert_eq!(refused.status.as_u16(), 400, "{}", refused.text);
    user(house, "nobody", &[]).await;
    key_of(house, "nobody").await;
}

async fn the_permissions_of_a_key_are_those_of_its_user(house: &House) {
    house
        .make(
            "/v1/roles",
            json!({"name": "Assets", "permissions": ["assets:view"]}),
        )
        .await;
    house
        .make(
            "/v1/roles",
            json!({"name": "Orders", "permissions": ["workorders:create"]}),
        )
        .await;
    let account = user(house, "inheriting", &["Assets"]).await;
    let key = key_of(house, "inheriting").await;
    let token = text(&key, "apikey");
    assert_eq!(house.code(token, "assets:view").await, "VALID");
    assert_eq!(
        house.code(token, "workorders:create").await,
        "INSUFFICIENT_PERMISSIONS"
    );
    let path = format!("/v1/service-accounts/{}", text(&account, "id"));
    house
        .ask(Method::PATCH, &path, json!({"roles": ["Orders"]}))
        .await;
    assert_eq!(house.code(token, "assets:view").await, "INSUFFICIENT_PERMISSIONS");
    assert_eq!(house.code(token, "workorders:create").await, "VALID");
    // And whose user is inactive opens nothing.
    house
        .ask(Method::POST, &format!("{path}/deactivate"), Value::Null)
        .await;
    let refused = knocks(house, token).await;
    assert_eq!(
        (refused.status.as_u16(), text(&refused.body, "code")),
        (401, "USER_INACTIVE")
    );
}

async fn a_user_has_one_key(house: &House) {
    let account = user(house, "single", &[]).await;
    let key = key_of(house, "single").await;
    let second = house
        .ask(Method::POST, KEYS, json!({"userid": "single", "expiration": -1}))
        .await;
    assert_eq!(second.status.as_u16(), 400, "{}", second.text);
    assert_eq!(second.body["Error"]["reasonCode"], "BMXAA10051E");
    let by_api = house
        .ask(
            Method::POST,
            "/v1/keys",
            json!({"name": "Second", "owner": account["id"]}),
        )
        .await;
    by_api.refused(422, "policy_refused", "a second key");
    assert_eq!(knocks(house, text(&key, "apikey")).await.status.as_u16(), 200);
}

async fn a_lost_key_can_be_looked_up_by_the_administrator(house: &House) {
    user(house, "forgetful", &[]).await;
    let key = key_of(house, "forgetful").await;
    let id = text(&key, "href").rsplit('/').next().expect("an id").to_owned();
    let revealed = house
        .ask(Method::POST, &format!("/v1/keys/{id}/reveal"), Value::Null)
        .await;
    assert_eq!(
        (revealed.status.as_u16(), &revealed.body["secret"]),
        (200, &key["apikey"]),
        "{}",
        revealed.text
    );
}

async fn only_for_themself_where_the_property_says_so(house: &House) {
    user(house, "other", &[]).await;
    let mut administrator = Browser::invited(&house.server, "admin@example.com", &["administrator"]).await;
    assert_eq!(
        set(house, "mxe.apikeyforloggedinuser", "1").await.body["propvalue"],
        "1"
    );
    let refused = administrator
        .post(KEYS, json!({"userid": "other", "expiration": -1}))
        .await;
    assert!(
        matches!(refused.status.as_u16(), 400 | 403),
        "for another: {}",
        refused.text
    );
    let own = administrator
        .post("/oslc/apitoken/create", json!({"expiration": -1}))
        .await;
    assert_eq!(own.status.as_u16(), 201, "for oneself: {}", own.text);
    assert_eq!(own.body["userid"], "admin@example.com");
    assert_eq!(
        knocks(house, text(&own.body, "apikey")).await.status.as_u16(),
        200
    );
    // Live, without a restart, and back again.
    set(house, "mxe.apikeyforloggedinuser", "0").await;
    let made = administrator
        .post(KEYS, json!({"userid": "other", "expiration": -1}))
        .await;
    assert_eq!(made.status.as_u16(), 201, "{}", made.text);
}

async fn users_that_are_named_are_given_no_keys(house: &House) {
    user(house, "mxintadm", &[]).await;
    set(house, "mxe.apikeysysusers", "MXINTADM, maxreg").await;
    let refused = house
        .ask(
            Method::POST,
            KEYS,
            json!({"userid": "mxintadm", "expiration": -1}),
        )
        .await;
    assert_eq!(refused.status.as_u16(), 400, "{}", refused.text);
    set(house, "mxe.apikeysysusers", "").await;
    key_of(house, "mxintadm").await;
}

async fn to_disable_access_the_key_is_deleted(house: &House) {
    user(house, "shut-out", &[]).await;
    let key = key_of(house, "shut-out").await;
    let token = text(&key, "apikey");
    assert_eq!(knocks(house, token).await.status.as_u16(), 200);
    let deleted = house.ask(Method::DELETE, &path(&key), Value::Null).await;
    assert!(deleted.status.is_success(), "{}", deleted.text);
    assert_eq!(knocks(house, token).await.status.as_u16(), 401);
    let listed = house
        .get(&format!("{KEYS}?oslc.where=userid=%22shut-out%22"))
        .await;
    assert_eq!(listed["member"], json!([]));
}

async fn a_compromised_key_is_deleted_and_another_made_at_once(house: &House) {
    user(house, "compromised", &[]).await;
    let old = key_of(house, "compromised").await;
    house.ask(Method::DELETE, &path(&old), Value::Null).await;
    let new = key_of(house, "compromised").await;
    assert_eq!(knocks(house, text(&old, "apikey")).await.status.as_u16(), 401);
    assert_eq!(knocks(house, text(&new, "apikey")).await.status.as_u16(), 200);
}

async fn after_an_expired_key_another_is_made(house: &House) {
    user(house, "expired", &[]).await;
    let old = house
        .make(KEYS, json!({"userid": "expired", "expiration": 60}))
        .await;
    let end = json!({"number": old["apikeytokenid"]});
    house.end_at(&end, now().minus(Duration::from_secs(1))).await;
    let refused = knocks(house, text(&old, "apikey")).await;
    assert_eq!(
        (refused.status.as_u16(), text(&refused.body, "code")),
        (401, "TOKEN_EXPIRED")
    );
    let new = key_of(house, "expired").await;
    assert_eq!(knocks(house, text(&new, "apikey")).await.status.as_u16(), 200);
    assert!(new["expirationdate"].is_null());
}
