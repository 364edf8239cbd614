//! OmniCRM's page on API keys, section by section.

use std::process::Command;
use std::time::Duration;

use domain::clock::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};

use super::house::{House, actions, checklist, date, in_days, names, now, rows, well_before_midnight};
use crate::secrets_at_rest::assert_nowhere;
use crate::support::{Answer, Browser, Engine, path_of, text};

const SECOND: Duration = Duration::from_secs(1);

/// A key as the document makes one.
async fn crm_key(house: &House, body: Value) -> Value {
    house.make("/crm/api-keys", body).await
}

fn place(key: &Value) -> String {
    format!("/crm/api-keys/{}", key["api_key_id"])
}

/// One key in OmniCRM's form.
async fn crm_show(house: &House, key: &Value) -> Value {
    house.get(&place(key)).await
}

/// What an application is told that sends the key as the document says.
async fn knocks(house: &House, key: &Value) -> u16 {
    let secret = key["api_key"].as_str().unwrap_or_else(|| text(key, "secret"));
    house.door("", &[("x-api-key", secret)]).await.status.as_u16()
}

fn crm_names(list: &Answer) -> Vec<&str> {
    list.body
        .as_array()
        .expect("a list")
        .iter()
        .map(|key| text(key, "name"))
        .collect()
}

#[tokio::test]
async fn overview_and_list_view() {
    checklist!(House::open("omnicrm").await;
        the_four_figures_are_total_active_expiring_soon_and_expired,
        a_key_stays_valid_until_it_is_revoked_or_expires,
        managing_keys_needs_the_permission_for_it,
        the_list_has_name_creator_masked_key_status_created_and_expiry,
        the_details_have_permissions_usage_and_recent_requests,
    );
}

async fn the_four_figures_are_total_active_expiring_soon_and_expired(house: &House) {
    let before = house.get("/v1/keys/summary").await;
    for (name, end) in [
        ("Figure active", None),
        ("Figure far", Some(date(200))),
        ("Figure soon", Some(date(10))),
    ] {
        crm_key(house, json!({"name": name, "expiry_date": end})).await;
    }
    let expired = house
        .key(json!({"name": "Figure expired", "expires_in": "1h"}))
        .await;
    house.end_at(&expired, now().minus(SECOND)).await;
    let revoked = house.key(json!({"name": "Figure revoked"})).await;
    house.act(&revoked, "revoke", Value::Null).await;
    let after = house.get("/v1/keys/summary").await;
    for (figure, more) in [("total", 5), ("active", 3), ("expiring_soon", 1), ("expired", 1)] {
        let grown = after[figure]
            .as_i64()
            .zip(before[figure].as_i64())
            .map(|(after, before)| after - before);
        assert_eq!(grown, Some(more), "{figure}: {before} {after}");
    }
}

async fn a_key_stays_valid_until_it_is_revoked_or_expires(house: &House) {
    let key = crm_key(house, json!({"name": "Long-lived"})).await;
    assert_eq!(key["expiry_date"], Value::Null);
    assert_eq!(knocks(house, &key).await, 200);
    let removed = house.ask(Method::DELETE, &place(&key), Value::Null).await;
    assert_eq!(removed.status.as_u16(), 204, "{}", removed.text);
    assert_eq!(knocks(house, &key).await, 401);
}

async fn managing_keys_needs_the_permission_for_it(house: &House) {
    let manager = crm_key(
        house,
        json!({"name": "Manager", "permissions": ["MANAGE_API_KEYS"]}),
    )
    .await;
    let admin = crm_key(
        house,
        json!({"name": "All permissions", "permissions": ["admin"]}),
    )
    .await;
    let make = |key: Value| async move {
        let body = json!({"name": "Made by a key"});
        let secret = text(&key, "api_key").to_owned();
        house
            .server
            .call_as(&secret, Method::POST, "/crm/api-keys", Some(body))
            .await
    };
    let (status, made) = make(manager).await;
    assert_eq!(status.as_u16(), 201, "{made}");
    // All that an application asks for is not what Claviger itself asks for.
    let (status, refused) = make(admin).await;
    assert_eq!(status.as_u16(), 403, "{refused}");
    let viewer = Browser::invited(&house.server, "viewer@example.com", &["viewer"]).await;
    assert_eq!(viewer.get("/crm/api-keys").await.status.as_u16(), 200);
    let refused = Answer::of(
        viewer
            .request(Method::POST, "/crm/api-keys")
            .json(&json!({"name": "x"})),
    )
    .await;
    refused.refused(403, "forbidden", "a viewer");
    let nobody = Answer::of(house.server.anonymous(Method::GET, "/crm/api-keys")).await;
    assert_eq!(nobody.status.as_u16(), 401);
}

async fn the_list_has_name_creator_masked_key_status_created_and_expiry(house: &House) {
    let mut ann = Browser::invited(&house.server, "ann@example.com", &["administrator"]).await;
    let end = date(300);
    let body = json!({"name": "Monitoring Tool", "expiry_date": end});
    let made = ann.post("/crm/api-keys", body).await;
    assert_eq!(made.status.as_u16(), 201, "{}", made.text);
    let list = house
        .ask(Method::GET, "/crm/api-keys?search=monitoring", Value::Null)
        .await;
    let row = &list.body[0];
    assert_eq!(row["name"], "Monitoring Tool");
    assert_eq!(row["created_by"], "Somebody", "the person's name");
    let masked = text(row, "api_key");
    assert!(
        masked.starts_with("sk_live_") && masked.contains('…') && masked.len() < 25,
        "{masked}"
    );
    assert!(text(&made.body, "api_key").ends_with(masked.rsplit('…').next().expect("an end")));
    assert_eq!(row["status"], "active");
    assert!(Timestamp::parse(text(row, "created")).is_ok_and(|created| created <= now()));
    assert_eq!(text(row, "expiry_date"), format!("{end}T23:59:59Z"));
    // The same at Claviger's own address, where a page draws its columns from.
    let row = house.get("/v1/keys?q=monitoring").await["items"][0].clone();
    assert_eq!(
        (&row["display"], &row["created_by"]["name"]),
        (&json!(masked), &json!("Somebody"))
    );
    assert!(row["created_at"].is_string() && row["expires_at"].is_string() && row["secret"].is_null());
}

async fn the_details_have_permissions_usage_and_recent_requests(house: &House) {
    let body =
        json!({"name": "Detailed", "description": "Everything about it", "permissions": ["view_customer"]});
    let key = crm_key(house, body).await;
    let shown = crm_show(house, &key).await;
    assert_eq!(shown["description"], "Everything about it");
    assert_eq!(shown["permissions"], json!(["view_customer"]));
    assert!(shown["created"].is_string() && shown["created_by"].is_string());
    assert_eq!(shown["last_used"], Value::Null);
    let secret = text(&key, "api_key");
    house.code(secret, "customers:view").await;
    house.code(secret, "customers:create").await;
    let id = house.get("/v1/keys?q=detailed").await["items"][0]["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let usage = house
        .soon(&format!("/v1/keys/{id}/usage"), |usage| usage["total"] == 2)
        .await;
    assert_eq!(
        usage["by_code"],
        json!({"VALID": 1, "INSUFFICIENT_PERMISSIONS": 1})
    );
    house
        .soon(&format!("/v1/keys/{id}/requests"), |log| rows(log).len() == 2)
        .await;
    let shown = house
        .soon(&place(&key), |shown| shown["last_used"].is_string())
        .await;
    assert!(text(&shown, "last_used") >= text(&shown, "created"));
}

#[tokio::test]
async fn creating_an_api_key() {
    checklist!(House::open("omnicrm").await;
        a_name_is_required_and_a_description_is_not,
        an_expiry_that_is_left_blank_means_never,
        a_key_works_through_its_expiry_date_and_not_after_it,
        permissions_are_chosen_one_by_one_or_all_by_admin,
        an_unknown_permission_is_refused_and_nothing_is_made,
        the_key_is_shown_once_and_masked_afterwards,
        nobody_gets_at_a_key_later_and_the_database_has_a_digest_of_it,
        a_key_has_its_prefix_at_least_32_characters_and_no_likeness_to_another,
        the_request_of_the_document_passes_as_it_is_written,
    );
}

async fn a_name_is_required_and_a_description_is_not(house: &House) {
    for body in [
        json!({}),
        json!({"name": ""}),
        json!({"name": "  "}),
        json!({"description": "What for"}),
    ] {
        let refused = house.ask(Method::POST, "/crm/api-keys", body.clone()).await;
        assert_eq!(refused.status.as_u16(), 400, "{body}: {}", refused.text);
    }
    let key = crm_key(house, json!({"name": "Billing Integration"})).await;
    assert_eq!(crm_show(house, &key).await["description"], "");
}

async fn an_expiry_that_is_left_blank_means_never(house: &House) {
    for body in [
        json!({"name": "Unsaid"}),
        json!({"name": "Blank", "expiry_date": ""}),
        json!({"name": "Null", "expiry_date": null}),
    ] {
        let key = crm_key(house, body).await;
        assert_eq!(
            (&key["expiry_date"], &key["status"]),
            (&Value::Null, &json!("active"))
        );
    }
}

async fn a_key_works_through_its_expiry_date_and_not_after_it(house: &House) {
    well_before_midnight().await;
    let today = date(0);
    let key = crm_key(house, json!({"name": "Today", "expiry_date": today})).await;
    assert_eq!(text(&key, "expiry_date"), format!("{today}T23:59:59Z"));
    assert_eq!(knocks(house, &key).await, 200, "on its last day");
    let ended = crm_key(house, json!({"name": "Yesterday", "expiry_date": date(1)})).await;
    let midnight = Timestamp::parse(&format!("{today}T00:00:00Z")).expect("an instant");
    house
        .end_at(&ended, midnight.minus(Duration::from_micros(1)))
        .await;
    assert_eq!(knocks(house, &ended).await, 401, "on the day after");
    let past = house
        .ask(
            Method::POST,
            "/crm/api-keys",
            json!({"name": "Past", "expiry_date": "2020-01-01"}),
        )
        .await;
    assert_eq!(past.status.as_u16(), 400, "{}", past.text);
}

async fn permissions_are_chosen_one_by_one_or_all_by_admin(house: &House) {
    let chosen = crm_key(
        house,
        json!({"name": "Chosen", "permissions": ["view_customer", "create_service"]}),
    )
    .await;
    let all = crm_key(house, json!({"name": "Admin", "permissions": ["admin"]})).await;
    let none = crm_key(house, json!({"name": "None"})).await;
    for (requires, of_chosen) in [
        ("customers:view", true),
        ("services:create", true),
        ("customers:create", false),
        ("services:view", false),
        ("provisioning:run", false),
        ("inventory:view", false),
    ] {
        assert_eq!(
            house.code(text(&chosen, "api_key"), requires).await == "VALID",
            of_chosen,
            "{requires}"
        );
        assert_eq!(
            house.code(text(&all, "api_key"), requires).await,
            "VALID",
            "{requires}"
        );
        assert_eq!(
            house.code(text(&none, "api_key"), requires).await,
            "INSUFFICIENT_PERMISSIONS",
            "{requires}"
        );
    }
    let keys = house.code(text(&all, "api_key"), "claviger:keys.read").await;
    assert_eq!(
        keys, "INSUFFICIENT_PERMISSIONS",
        "managing keys is a permission of its own"
    );
}

async fn an_unknown_permission_is_refused_and_nothing_is_made(house: &House) {
    let body = json!({"name": "Unknowable", "permissions": ["view_customer", "fly"]});
    let refused = house.ask(Method::POST, "/crm/api-keys", body).await;
    refused.refused(400, "invalid_request", "an unknown permission");
    assert_eq!(refused.body["errors"][0]["field"], "permissions[1]");
    assert_eq!(
        names(&house.get("/v1/keys?q=unknowable&status=all").await),
        [""; 0]
    );
}

async fn the_key_is_shown_once_and_masked_afterwards(house: &House) {
    let key = crm_key(house, json!({"name": "Once"})).await;
    let token = text(&key, "api_key");
    for path in [
        "/crm/api-keys?status=all&per_page=500".to_owned(),
        place(&key),
        "/v1/keys?limit=500".to_owned(),
        "/v1/audit?limit=500".to_owned(),
    ] {
        let answer = house.ask(Method::GET, &path, Value::Null).await;
        assert!(!answer.text.contains(token), "{path}");
    }
    let shown = crm_show(house, &key).await;
    assert!(
        text(&shown, "api_key").starts_with("sk_live_")
            && text(&shown, "api_key").ends_with(&token[token.len() - 4..])
    );
}

async fn nobody_gets_at_a_key_later_and_the_database_has_a_digest_of_it(house: &House) {
    let key = house.key(json!({"name": "Hashed"})).await;
    let mut owner = Browser::first(&house.server).await;
    let refused = owner.post(&path_of(&key, "reveal"), Value::Null).await;
    assert!(matches!(refused.status.as_u16(), 409 | 422), "{}", refused.text);
    assert!(!refused.text.contains("sk_live_"));
    assert_nowhere(&house.server, &[text(&key, "secret").to_owned()]).await;
    let policy = house.get("/v1/policy").await;
    assert_eq!(
        policy["secret"],
        json!({"storage": "hashed", "reveal": "once", "source": "generated"})
    );
}

async fn a_key_has_its_prefix_at_least_32_characters_and_no_likeness_to_another(house: &House) {
    let mut seen = Vec::new();
    for number in 0..20 {
        let key = crm_key(house, json!({"name": format!("Random {number}")})).await;
        let token = text(&key, "api_key").to_owned();
        let rest = token.strip_prefix("sk_live_").expect("the prefix");
        assert!(
            token.len() == 48 && rest.len() >= 32 && rest.bytes().all(|byte| byte.is_ascii_alphanumeric()),
            "{token}"
        );
        assert!(
            !seen.iter().any(|other: &String| other[..16] == token[..16]),
            "{token}"
        );
        seen.push(token);
    }
    // Nor can it be made shorter than that by a setting, or be brought by whoever makes it.
    let short = house
        .ask(Method::PATCH, "/v1/policy", json!({"token": {"length": 31}}))
        .await;
    assert!(matches!(short.status.as_u16(), 400 | 422), "{}", short.text);
    let own = json!({"name": "Own", "secret": "outside-made-8f3c7Qm2Zt0Kx5Vw9Lb4Rn6Ys1"});
    house.ask(Method::POST, "/v1/keys", own).await.refused(
        422,
        "policy_refused",
        "a key that was made elsewhere",
    );
}

async fn the_request_of_the_document_passes_as_it_is_written(house: &House) {
    let key = crm_key(
        house,
        json!({"name": "By curl", "permissions": ["view_customer"]}),
    )
    .await;
    let address = format!(
        "{}/verify/caddy?require=customers:view",
        house.server.verification
    );
    let ask = |header: String| {
        let output = Command::new("curl")
            .args([
                "-s",
                "-o",
                "/dev/null",
                "-w",
                "%{http_code}",
                "--noproxy",
                "*",
                "-X",
                "GET",
                &address,
                "-H",
                &header,
            ])
            .output()
            .expect("curl runs");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let token = text(&key, "api_key");
    assert_eq!(ask(format!("X-API-KEY: {token}")), "200");
    assert_eq!(ask(format!("Authorization: Bearer {token}")), "401");
    assert_eq!(ask(format!("Authorization: {token}")), "401");
}

#[tokio::test]
async fn regenerating_deleting_and_editing() {
    checklist!(House::open_on(Engine::Postgres, "omnicrm", &[]).await;
        regenerating_stops_the_old_key_at_once_and_keeps_the_expiry,
        regenerating_keeps_name_description_and_permissions,
        regenerating_knows_no_grace,
        deleting_ends_the_key_at_once_and_its_requests_get_401,
        deleting_removes_the_key_from_the_database_and_cannot_be_undone,
        name_description_expiry_and_permissions_can_be_edited,
        the_key_its_created_date_and_its_creator_cannot_be_edited,
        rotation_by_a_second_key_shows_when_the_old_one_is_used_no_more,
    );
}

async fn regenerating_stops_the_old_key_at_once_and_keeps_the_expiry(house: &House) {
    let key = crm_key(house, json!({"name": "Compromised", "expiry_date": date(90)})).await;
    assert_eq!(knocks(house, &key).await, 200);
    let new = house
        .ask(Method::POST, &format!("{}/regenerate", place(&key)), Value::Null)
        .await;
    assert_eq!(new.status.as_u16(), 200, "{}", new.text);
    assert_eq!(knocks(house, &key).await, 401);
    assert_eq!(knocks(house, &new.body).await, 200);
    assert_ne!(new.body["api_key"], key["api_key"]);
    assert_eq!(new.body["expiry_date"], key["expiry_date"]);
}

async fn regenerating_keeps_name_description_and_permissions(house: &House) {
    let body = json!({"name": "Same", "description": "As before", "permissions": ["view_customer", "view_inventory"]});
    let key = crm_key(house, body).await;
    house
        .ask(Method::POST, &format!("{}/regenerate", place(&key)), Value::Null)
        .await;
    let (before, after) = (key, house.get("/crm/api-keys?search=same").await[0].clone());
    for field in [
        "api_key_id",
        "name",
        "description",
        "permissions",
        "created",
        "created_by",
        "status",
    ] {
        assert_eq!(after[field], before[field], "{field}");
    }
}

async fn regenerating_knows_no_grace(house: &House) {
    let key = house.key(json!({"name": "Graceless"})).await;
    let refused = house
        .ask(Method::POST, &path_of(&key, "rotate"), json!({"grace": "1h"}))
        .await;
    refused.refused(400, "invalid_request", "a grace");
    assert_eq!(knocks(house, &key).await, 200, "a refused one changes nothing");
}

async fn deleting_ends_the_key_at_once_and_its_requests_get_401(house: &House) {
    let key = crm_key(house, json!({"name": "Decommissioned"})).await;
    assert_eq!(knocks(house, &key).await, 200);
    house.ask(Method::DELETE, &place(&key), Value::Null).await;
    assert_eq!(knocks(house, &key).await, 401);
    assert_eq!(knocks(house, &key).await, 401, "and ever after");
}

async fn deleting_removes_the_key_from_the_database_and_cannot_be_undone(house: &House) {
    let key = house.key(json!({"name": "Irrecoverable"})).await;
    let deleted = house.delete(&key).await;
    assert_eq!(
        (deleted.status.as_u16(), &deleted.body["erased"]),
        (200, &json!(true))
    );
    house
        .ask(Method::GET, &path_of(&key, ""), Value::Null)
        .await
        .refused(404, "not_found", "it is gone");
    for verb in ["enable", "rotate", "unprotect"] {
        house
            .ask(Method::POST, &path_of(&key, verb), Value::Null)
            .await
            .refused(404, "not_found", verb);
    }
    assert_eq!(
        rows(&house.get("/v1/keys?q=irrecoverable&status=all").await).len(),
        0
    );
    assert_eq!(house.code(text(&key, "secret"), "").await, "NOT_FOUND");
    // Who did it is remembered all the same.
    assert_eq!(
        actions(&house.get(&path_of(&key, "events")).await)[0],
        "key.erase"
    );
}

async fn name_description_expiry_and_permissions_can_be_edited(house: &House) {
    let key = crm_key(house, json!({"name": "Before", "permissions": ["view_customer"]})).await;
    let edit = json!({"name": "After", "description": "New", "expiry_date": "2099-12-31", "permissions": ["view_service"]});
    let edited = house.ask(Method::PATCH, &place(&key), edit).await;
    assert_eq!(edited.status.as_u16(), 200, "{}", edited.text);
    assert_eq!(edited.body["name"], "After");
    assert_eq!(edited.body["description"], "New");
    assert_eq!(edited.body["expiry_date"], "2099-12-31T23:59:59Z");
    assert_eq!(edited.body["permissions"], json!(["view_service"]));
    let token = text(&key, "api_key");
    assert_eq!(
        house.code(token, "services:view").await,
        "VALID",
        "the key itself stays"
    );
    assert_eq!(
        house.code(token, "customers:view").await,
        "INSUFFICIENT_PERMISSIONS"
    );
    let endless = house
        .ask(Method::PATCH, &place(&key), json!({"expiry_date": null}))
        .await;
    assert_eq!(endless.body["expiry_date"], Value::Null);
}

async fn the_key_its_created_date_and_its_creator_cannot_be_edited(house: &House) {
    let key = crm_key(house, json!({"name": "Fixed"})).await;
    let before = crm_show(house, &key).await;
    for edit in [
        json!({"api_key": "sk_live_a1b2c3d4e5f6g7h8i9j0k1l2m3n4o5p6q7r8s9t0"}),
        json!({"created": "2020-01-01T00:00:00Z"}),
        json!({"created_by": "somebody else"}),
        json!({"api_key_id": 1}),
        json!({"status": "revoked"}),
    ] {
        let refused = house.ask(Method::PATCH, &place(&key), edit.clone()).await;
        assert_eq!(refused.status.as_u16(), 400, "{edit}: {}", refused.text);
    }
    assert_eq!(crm_show(house, &key).await, before);
    assert_eq!(knocks(house, &key).await, 200);
}

async fn rotation_by_a_second_key_shows_when_the_old_one_is_used_no_more(house: &House) {
    let body = json!({"name": "Rotated quarterly", "permissions": ["view_invoices"]});
    let old = crm_key(house, body.clone()).await;
    let new = crm_key(house, body).await;
    assert_eq!((knocks(house, &old).await, knocks(house, &new).await), (200, 200));
    let used = house
        .soon(&place(&new), |shown| shown["last_used"].is_string())
        .await;
    let of_old = house
        .soon(&place(&old), |shown| shown["last_used"].is_string())
        .await;
    assert!(text(&of_old, "last_used") <= text(&used, "last_used"));
    house.ask(Method::DELETE, &place(&old), Value::Null).await;
    assert_eq!((knocks(house, &old).await, knocks(house, &new).await), (401, 200));
}

#[tokio::test]
async fn status_filters_and_searching() {
    checklist!(House::open("omnicrm").await;
        active_is_within_the_expiry_date_or_without_one,
        expiring_soon_is_active_and_ends_in_the_next_30_days,
        expired_is_refused_and_can_be_extended_or_deleted,
        revoked_is_for_good_and_not_in_the_active_list,
        a_search_finds_name_description_and_part_of_the_key,
        the_filter_has_all_active_expiring_soon_and_expired,
        the_list_is_sorted_by_name_created_expiry_and_creator,
    );
}

async fn active_is_within_the_expiry_date_or_without_one(house: &House) {
    for (name, end) in [("Endless", Value::Null), ("Within", date(31).into())] {
        let key = crm_key(house, json!({"name": name, "expiry_date": end})).await;
        assert_eq!(
            (&key["status"], &key["expiring_soon"]),
            (&json!("active"), &json!(false)),
            "{name}"
        );
        let row = house.get(&format!("/v1/keys?q={name}")).await["items"][0].clone();
        assert_eq!(row["status"], "active", "a green badge");
        assert_eq!(knocks(house, &key).await, 200);
    }
}

async fn expiring_soon_is_active_and_ends_in_the_next_30_days(house: &House) {
    for (name, end, badge) in [
        (
            "Badge29",
            in_days(30).minus(Duration::from_secs(60)),
            "expiring_soon",
        ),
        ("Badge31", in_days(30).plus(Duration::from_secs(60)), "active"),
    ] {
        let key = crm_key(house, json!({"name": name, "expiry_date": end.to_string()})).await;
        assert_eq!(
            (&key["status"], &key["expiring_soon"]),
            (&json!("active"), &json!(badge == "expiring_soon")),
            "{name}"
        );
        let row = house.get(&format!("/v1/keys?q={name}")).await["items"][0].clone();
        assert_eq!(row["status"], badge, "an orange badge for the first of them");
        assert_eq!(knocks(house, &key).await, 200, "it works all the same");
    }
}

async fn expired_is_refused_and_can_be_extended_or_deleted(house: &House) {
    for name in ["Extended", "Deleted"] {
        let key = crm_key(house, json!({"name": name, "expiry_date": date(1)})).await;
        house.end_at(&key, now().minus(SECOND)).await;
        assert_eq!(crm_show(house, &key).await["status"], "expired", "a red badge");
        assert_eq!(knocks(house, &key).await, 401);
        if name == "Extended" {
            let edited = house
                .ask(Method::PATCH, &place(&key), json!({"expiry_date": date(90)}))
                .await;
            assert_eq!(
                (edited.status.as_u16(), &edited.body["status"]),
                (200, &json!("active")),
                "{}",
                edited.text
            );
            assert_eq!(knocks(house, &key).await, 200, "the same key works again");
        } else {
            let deleted = house.ask(Method::DELETE, &place(&key), Value::Null).await;
            assert_eq!(deleted.status.as_u16(), 204, "{}", deleted.text);
        }
    }
}

async fn revoked_is_for_good_and_not_in_the_active_list(house: &House) {
    let key = house.key(json!({"name": "Stopped by hand"})).await;
    house
        .act(&key, "revoke", json!({"reason": "no longer needed"}))
        .await;
    assert_eq!(knocks(house, &key).await, 401);
    for path in [
        "/crm/api-keys?search=stopped",
        "/crm/api-keys?search=stopped&status=active",
    ] {
        assert_eq!(house.get(path).await, json!([]), "{path}");
    }
    let revoked = house.get("/crm/api-keys?search=stopped&status=revoked").await;
    assert_eq!(revoked[0]["status"], "revoked");
    house
        .edit(&key, json!({"expires_in": "1h"}))
        .await
        .refused(409, "key_over", "never again");
}

async fn a_search_finds_name_description_and_part_of_the_key(house: &House) {
    let body = json!({"name": "Ansible", "description": "Provisioning of the zebra cluster"});
    let key = crm_key(house, body).await;
    let shown = crm_show(house, &key).await;
    let end = text(&shown, "api_key")
        .rsplit('…')
        .next()
        .expect("an end")
        .to_owned();
    for part in ["ansib", "ZEBRA", end.as_str()] {
        let found = house
            .ask(Method::GET, &format!("/crm/api-keys?search={part}"), Value::Null)
            .await;
        assert!(crm_names(&found).contains(&"Ansible"), "{part}: {}", found.text);
    }
    assert_eq!(
        house.get("/crm/api-keys?search=nowhere-to-be-found").await,
        json!([])
    );
}

async fn the_filter_has_all_active_expiring_soon_and_expired(house: &House) {
    for (name, end) in [
        ("Sieve far", date(200)),
        ("Sieve soon", date(5)),
        ("Sieve past", date(2)),
    ] {
        let key = crm_key(house, json!({"name": name, "expiry_date": end})).await;
        if name == "Sieve past" {
            house.end_at(&key, now().minus(SECOND)).await;
        }
    }
    for (filter, expected) in [
        ("all", &["Sieve far", "Sieve past", "Sieve soon"][..]),
        ("active", &["Sieve far", "Sieve soon"]),
        ("expiring_soon", &["Sieve soon"]),
        ("expired", &["Sieve past"]),
    ] {
        let path = format!("/crm/api-keys?search=sieve&sort=name&status={filter}");
        let list = house.ask(Method::GET, &path, Value::Null).await;
        assert_eq!(crm_names(&list), expected, "{filter}");
    }
}

async fn the_list_is_sorted_by_name_created_expiry_and_creator(house: &House) {
    let mut zoe = Browser::invited(&house.server, "zoe@example.com", &["administrator"]).await;
    for (name, end) in [("Order b", date(40)), ("Order c", date(60))] {
        crm_key(house, json!({"name": name, "expiry_date": end})).await;
    }
    let last = zoe
        .post(
            "/crm/api-keys",
            json!({"name": "Order a", "expiry_date": date(50)}),
        )
        .await;
    assert_eq!(last.status.as_u16(), 201, "{}", last.text);
    let creator = |list: &Answer| {
        list.body
            .as_array()
            .expect("a list")
            .iter()
            .map(|key| text(key, "created_by").to_lowercase())
            .collect::<Vec<_>>()
    };
    for (sort, expected) in [
        ("name", ["Order a", "Order b", "Order c"]),
        ("-name", ["Order c", "Order b", "Order a"]),
        ("created", ["Order b", "Order c", "Order a"]),
        ("expiry_date", ["Order b", "Order a", "Order c"]),
    ] {
        let list = house
            .ask(
                Method::GET,
                &format!("/crm/api-keys?search=order&sort={sort}"),
                Value::Null,
            )
            .await;
        assert_eq!(crm_names(&list), expected, "{sort}");
    }
    let list = house
        .ask(
            Method::GET,
            "/crm/api-keys?search=order&sort=created_by",
            Value::Null,
        )
        .await;
    assert!(creator(&list).is_sorted(), "{}", list.text);
}

#[tokio::test]
async fn troubleshooting() {
    let mut house = House::open("omnicrm").await;
    a_key_that_was_made_is_in_the_list_and_works_also_after_a_crash(&mut house).await;
    checklist!(house;
        spaces_around_a_key_do_no_harm_and_inside_it_they_are_401,
        an_expired_a_revoked_and_an_unknown_key_are_401_and_look_alike,
        a_missing_permission_is_told_as_such,
        the_authorization_header_is_401,
        a_key_that_expires_soon_is_replaced_by_one_with_a_later_end,
        a_protected_key_cannot_be_deleted_until_it_is_unprotected,
        without_the_permission_a_key_cannot_be_deleted,
    );
}

async fn a_key_that_was_made_is_in_the_list_and_works_also_after_a_crash(house: &mut House) {
    let key = crm_key(house, json!({"name": "Just created"})).await;
    house.server.kill();
    house.server.serve().await;
    let list = house
        .ask(Method::GET, "/crm/api-keys?search=just", Value::Null)
        .await;
    assert_eq!(crm_names(&list), ["Just created"]);
    assert_eq!(knocks(house, &key).await, 200);
}

async fn spaces_around_a_key_do_no_harm_and_inside_it_they_are_401(house: &House) {
    let key = crm_key(house, json!({"name": "Copied"})).await;
    let token = text(&key, "api_key");
    let inside = format!("{} {}", &token[..20], &token[20..]);
    for (written, status) in [
        (format!("  {token} "), 200),
        (inside, 401),
        (token[..47].to_owned(), 401),
        (token.to_uppercase(), 401),
    ] {
        let answer = house.door("", &[("x-api-key", &written)]).await;
        assert_eq!(answer.status.as_u16(), status, "{written}");
    }
}

async fn an_expired_a_revoked_and_an_unknown_key_are_401_and_look_alike(house: &House) {
    let expired = house.key(json!({"name": "Too old", "expires_in": "1h"})).await;
    house.end_at(&expired, now().minus(SECOND)).await;
    let revoked = house.key(json!({"name": "Ended"})).await;
    house.act(&revoked, "revoke", Value::Null).await;
    let deleted = house.key(json!({"name": "Erased"})).await;
    house.delete(&deleted).await;
    let unknown = "sk_live_a1b2c3d4e5f6g7h8i9j0k1l2m3n4o5p6q7r8s9t0";
    let tokens = [
        text(&expired, "secret"),
        text(&revoked, "secret"),
        text(&deleted, "secret"),
        unknown,
    ];
    for token in tokens {
        let answer = house.door("", &[("x-api-key", token)]).await;
        answer.refused(401, "unauthenticated", token);
        assert_eq!(answer.body["detail"], "the API key is not valid");
    }
    // Whoever keeps the keys sees which it is.
    assert_eq!(house.code(tokens[0], "").await, "EXPIRED");
    assert_eq!(house.code(tokens[1], "").await, "REVOKED");
}

async fn a_missing_permission_is_told_as_such(house: &House) {
    let key = crm_key(house, json!({"name": "Narrow", "permissions": ["view_customer"]})).await;
    let token = text(&key, "api_key");
    let answer = house
        .door("?require=services:view", &[("x-api-key", token)])
        .await;
    answer.refused(403, "forbidden", "a permission that it lacks");
    let coded = house
        .door("?require=services:view&tell=coded", &[("x-api-key", token)])
        .await;
    assert_eq!(
        (&coded.body["code"], &coded.body["missing"]),
        (&json!("INSUFFICIENT_PERMISSIONS"), &json!("services:view"))
    );
}

async fn the_authorization_header_is_401(house: &House) {
    let key = crm_key(house, json!({"name": "Wrong header"})).await;
    let token = text(&key, "api_key");
    for (header, value) in [
        ("authorization", format!("Bearer {token}")),
        ("authorization", format!("OAApiKey {token}")),
        ("authorization", token.to_owned()),
        ("apikey", token.to_owned()),
        ("api-key", token.to_owned()),
    ] {
        let answer = house.door("", &[(header, &value)]).await;
        assert_eq!(answer.status.as_u16(), 401, "{header}: {value}");
    }
    let coded = house
        .door("?tell=coded", &[("authorization", &format!("Bearer {token}"))])
        .await;
    assert_eq!(coded.body["code"], "SOURCE_DENIED");
    for header in ["X-API-KEY", "X-Api-Key", "x-api-key"] {
        assert_eq!(
            house.door("", &[(header, token)]).await.status.as_u16(),
            200,
            "{header}"
        );
    }
}

async fn a_key_that_expires_soon_is_replaced_by_one_with_a_later_end(house: &House) {
    let body = |end: String| json!({"name": "Yearly", "permissions": ["view_customer"], "expiry_date": end});
    let old = crm_key(house, body(date(10))).await;
    let soon = house.get("/crm/api-keys?status=expiring_soon").await;
    assert!(
        soon.as_array()
            .expect("a list")
            .iter()
            .any(|key| key["api_key_id"] == old["api_key_id"])
    );
    let new = crm_key(house, body(date(365))).await;
    house.ask(Method::DELETE, &place(&old), Value::Null).await;
    assert_eq!((knocks(house, &old).await, knocks(house, &new).await), (401, 200));
}

async fn a_protected_key_cannot_be_deleted_until_it_is_unprotected(house: &House) {
    let key = house.key(json!({"name": "Locked", "protected": true})).await;
    let number = format!("/crm/api-keys/{}", key["number"]);
    let refused = house.ask(Method::DELETE, &number, Value::Null).await;
    refused.refused(409, "key_protected", "a protected key");
    assert_eq!(knocks(house, &key).await, 200);
    house.act(&key, "unprotect", Value::Null).await;
    assert_eq!(
        house
            .ask(Method::DELETE, &number, Value::Null)
            .await
            .status
            .as_u16(),
        204
    );
}

async fn without_the_permission_a_key_cannot_be_deleted(house: &House) {
    let key = crm_key(house, json!({"name": "Out of reach"})).await;
    let viewer = Browser::invited(&house.server, "looks@example.com", &["viewer"]).await;
    let refused = Answer::of(viewer.request(Method::DELETE, &place(&key))).await;
    refused.refused(403, "forbidden", "a viewer");
    assert_eq!(knocks(house, &key).await, 200);
}

#[tokio::test]
async fn endpoints_and_use_cases() {
    checklist!(House::open("omnicrm").await;
        the_endpoints_list_create_update_and_revoke_by_a_bearer_token,
        what_is_no_key_of_theirs_is_404,
        use_case_1_provisioning_for_a_year,
        use_case_2_a_billing_export_that_reads_for_90_days,
        use_case_3_monitoring_that_never_expires,
        use_case_4_a_customer_portal_that_sees_its_own,
    );
}

async fn the_endpoints_list_create_update_and_revoke_by_a_bearer_token(house: &House) {
    let token = house.server.key.clone();
    let call = |method: Method, path: String, body: Option<Value>| {
        let token = token.clone();
        async move { house.server.call_as(&token, method, &path, body).await }
    };
    let body = json!({
        "name": "New Integration", "description": "Third-party billing sync", "expiry_date": "2098-01-10",
        "permissions": ["view_customer", "view_service"],
    });
    let (status, made) = call(Method::POST, "/crm/api-keys".to_owned(), Some(body)).await;
    assert_eq!(status.as_u16(), 201, "{made}");
    assert!(
        made["api_key_id"].as_i64().is_some_and(|number| number > 0),
        "{made}"
    );
    assert_eq!(
        (&made["name"], &made["status"]),
        (&json!("New Integration"), &json!("active"))
    );
    assert_eq!(made["expiry_date"], "2098-01-10T23:59:59Z");
    assert!(
        text(&made, "created").len() == "2025-01-10T10:00:00Z".len() && text(&made, "created").ends_with('Z')
    );
    assert_eq!(knocks(house, &made).await, 200);
    let (status, list) = call(Method::GET, "/crm/api-keys".to_owned(), None).await;
    assert_eq!(status.as_u16(), 200);
    assert!(
        list.as_array()
            .expect("a list")
            .iter()
            .any(|key| key["api_key_id"] == made["api_key_id"])
    );
    let edit = json!({"name": "Updated Name", "expiry_date": "2098-12-31"});
    let (status, edited) = call(Method::PATCH, place(&made), Some(edit)).await;
    assert_eq!((status.as_u16(), &edited["name"]), (200, &json!("Updated Name")));
    assert_eq!(edited["expiry_date"], "2098-12-31T23:59:59Z");
    let (status, _) = call(Method::DELETE, place(&made), None).await;
    assert_eq!(status.as_u16(), 204);
    assert_eq!(knocks(house, &made).await, 401);
}

async fn what_is_no_key_of_theirs_is_404(house: &House) {
    for id in ["999999", "0", "-1", "abc", "1%20OR%201=1", "99999999999999999999"] {
        for method in [Method::GET, Method::PATCH, Method::DELETE] {
            let body = if method == Method::PATCH {
                json!({"name": "x"})
            } else {
                Value::Null
            };
            let answer = house
                .ask(method.clone(), &format!("/crm/api-keys/{id}"), body)
                .await;
            answer.refused(404, "not_found", id);
        }
    }
}

/// A key of one of the document's use cases, and what it may and may not.
async fn use_case(house: &House, body: Value, may: &[&str], may_not: &[&str]) -> Value {
    let key = crm_key(house, body).await;
    let token = text(&key, "api_key");
    for requires in may {
        assert_eq!(house.code(token, requires).await, "VALID", "{requires}");
    }
    for requires in may_not {
        assert_eq!(
            house.code(token, requires).await,
            "INSUFFICIENT_PERMISSIONS",
            "{requires}"
        );
    }
    key
}

async fn use_case_1_provisioning_for_a_year(house: &House) {
    let body = json!({
        "name": "Ansible Provisioning Server", "description": "Used by provisioning automation", "expiry_date": date(365),
        "permissions": ["provisioning", "view_service", "create_service", "view_inventory", "update_inventory"],
    });
    let may = [
        "provisioning:run",
        "services:view AND services:create",
        "inventory:view AND inventory:update",
    ];
    let key = use_case(house, body, &may, &["customers:view", "customers:create"]).await;
    assert_eq!(text(&key, "expiry_date"), format!("{}T23:59:59Z", date(365)));
}

async fn use_case_2_a_billing_export_that_reads_for_90_days(house: &House) {
    let body = json!({
        "name": "Billing Sync - QuickBooks", "expiry_date": date(90),
        "permissions": ["view_customer", "view_transactions", "view_invoices"],
    });
    let may = ["customers:view AND transactions:view AND invoices:view"];
    use_case(
        house,
        body,
        &may,
        &["customers:create", "invoices:create", "services:view"],
    )
    .await;
}

async fn use_case_3_monitoring_that_never_expires(house: &House) {
    let body = json!({"name": "Monitoring - Grafana", "permissions": ["view_service", "view_provisioning"]});
    let may = ["services:view AND provisioning:view"];
    let key = use_case(house, body, &may, &["provisioning:run", "services:create"]).await;
    assert_eq!(key["expiry_date"], Value::Null);
}

async fn use_case_4_a_customer_portal_that_sees_its_own(house: &House) {
    let body = json!({
        "name": "Customer Portal Backend", "expiry_date": date(180),
        "permissions": ["view_own_customer", "view_own_services", "create_payments"],
    });
    let may = ["customers:view_own AND services:view_own AND payments:create"];
    use_case(
        house,
        body,
        &may,
        &["customers:view", "services:view", "payments:view"],
    )
    .await;
}
