//! Each system's lines, as they come out of it, and what they are here.

use serde_json::json;

use super::*;
use crate::key::import::row::OwnerRow;

const NOW: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);

fn row(system: System, value: Value) -> KeyRow {
    let Value::Object(fields) = value else {
        panic!("an object");
    };
    system.map(fields, NOW).expect("no faults")
}

fn faults(system: System, value: Value) -> Vec<String> {
    let Value::Object(fields) = value else {
        panic!("an object");
    };
    let faults = system.map(fields, NOW).expect_err("faults");
    faults.into_iter().map(|fault| fault.field).collect()
}

fn account(row: &KeyRow) -> domain::account::AccountDraft {
    match &row.owner {
        Some(OwnerRow::Account(draft)) => draft.as_ref().clone(),
        other => panic!("{other:?}"),
    }
}

fn imported(row: &KeyRow, name: &str) -> Value {
    row.metadata
        .as_ref()
        .and_then(|metadata| metadata.get("imported")?.get(name).cloned())
        .unwrap_or_default()
}

#[test]
fn openlmis_keys_are_accounts_of_partners() {
    let row = row(
        System::Openlmis,
        json!({"token": "550e8400-e29b-41d4-a716-446655440000", "createdBy": "e3fc3cf3-da18-44b0-a220-77c985202e06",
               "createdDate": "2018-05-03T10:15:30.123+02:00", "partner": "ColdTrace Ltd"}),
    );
    assert_eq!(row.secret.as_ref().map(|token| token.len()), Some(36));
    assert_eq!(account(&row).username.as_deref(), Some("ColdTrace-Ltd"));
    assert_eq!(account(&row).partner.as_deref(), Some("ColdTrace Ltd"));
    assert_eq!(
        row.created_at.map(|at| at.to_string()).as_deref(),
        Some("2018-05-03T08:15:30.123Z")
    );
    assert_eq!(
        imported(&row, "created_by"),
        "e3fc3cf3-da18-44b0-a220-77c985202e06"
    );
}

#[test]
fn omnicrm_permissions_have_other_names_and_masked_keys_are_none() {
    let mapped = row(
        System::Omnicrm,
        json!({"api_key_id": 123, "name": "Billing", "api_key": "sk_live_...XYZ", "status": "active", "created_by": "ann",
               "created": "2025-01-10T10:00:00Z", "expiry_date": "2026-01-10T23:59:59Z",
               "permissions": ["view_customer", "View Services", "Provisioning"]}),
    );
    assert!(mapped.secret.is_none() && mapped.secret_sha256.is_none());
    assert_eq!(mapped.external_id.as_deref(), Some("123"));
    let expected = ["customers:view", "services:view", "provisioning:*"].map(str::to_owned);
    assert_eq!(mapped.permissions.as_deref(), Some(&expected[..]));
    assert!(row(System::Omnicrm, json!({"name": "a", "status": "Revoked"})).is_over());
    let hashed = row(
        System::Omnicrm,
        json!({"name": "a", "api_key": "sk_live_...XYZ", "api_key_hash": "ab".repeat(32)}),
    );
    assert!(hashed.secret.is_none() && hashed.secret_prefix.as_deref() == Some("sk_live"));
    assert_eq!(
        faults(
            System::Omnicrm,
            json!({"name": "a", "permissions": ["fly"], "status": "odd"})
        ),
        ["permissions", "status"]
    );
}

#[test]
fn osprov_users_become_accounts_with_one_key() {
    let mapped = row(
        System::Osprov,
        json!({"name": "SAP HR", "email": "hr-api@example.com", "api_token": "x".repeat(80), "status": "Inactive",
               "roles": "Service-Account, Applicant", "Last Login": "2024-01-15 10:30:00"}),
    );
    assert_eq!(account(&mapped).username.as_deref(), Some("hr-api@example.com"));
    let expected = ["service-account", "applicant"].map(str::to_owned);
    assert_eq!(account(&mapped).roles.as_deref(), Some(&expected[..]));
    assert_eq!(
        (mapped.enabled, mapped.secret.map(|token| token.len())),
        (Some(false), Some(80))
    );
    assert_eq!(
        faults(System::Osprov, json!({"name": "x", "status": "maybe"})),
        ["email", "status"]
    );
}

#[test]
fn openathens_levels_are_roles_and_keys_are_dead_on_the_date() {
    let row = row(
        System::Openathens,
        json!({"Name": "Reports", "Permission level": "Reports API", "Expiry date": "2027-03-01", "Key": "k".repeat(36)}),
    );
    assert_eq!(row.roles.as_deref(), Some(&["Reports API".to_owned()][..]));
    assert_eq!(row.expires_at, "2027-03-01T00:00:00Z".parse().ok());
}

#[test]
fn maximo_minutes_count_from_the_day_that_the_key_was_made() {
    let mapped = row(
        System::Maximo,
        json!({"spi:apikeytokenid": 7, "spi:userid": "WILSON", "spi:apikey": "k".repeat(40), "spi:expiration": 60,
               "spi:createdate": "2026-05-01T08:00:00+00:00"}),
    );
    assert_eq!(account(&mapped).username.as_deref(), Some("WILSON"));
    assert_eq!(mapped.expires_at, "2026-05-01T09:00:00Z".parse().ok());
    assert_eq!(mapped.external_id.as_deref(), Some("7"));
    assert_eq!(
        row(System::Maximo, json!({"userid": "A", "expiration": -1})).expires_at,
        None
    );
    assert_eq!(
        faults(System::Maximo, json!({"expiration": -2})),
        ["expiration", "userid"]
    );
}

#[test]
fn unkey_hashes_come_from_its_list_its_migration_and_its_table() {
    let hash = "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=";
    let migration = row(
        System::Unkey,
        json!({"hash": {"value": hash, "variant": "sha256_base64"}, "start": "acme_ab12", "name": "Payments",
               "meta": {"plan": "pro"}, "permissions": ["documents.read"], "expires": 1_798_761_599_000_i64,
               "enabled": true, "remaining": 10, "ownerId": "user_1"}),
    );
    assert_eq!(migration.secret_sha256.as_deref(), Some(hash));
    assert_eq!(migration.secret_prefix.as_deref(), Some("acme"));
    assert_eq!(
        migration.permissions.as_deref(),
        Some(&["documents:read".to_owned()][..])
    );
    assert_eq!(migration.expires_at, "2026-12-31T23:59:59Z".parse().ok());
    assert_eq!(imported(&migration, "remaining"), 10);
    let table = row(
        System::Unkey,
        json!({"id": "key_abc", "hash": hash, "meta": "{\"a\": 1}", "created_at_m": 1_700_000_000_000_i64, "enabled": 0}),
    );
    assert_eq!(
        (table.name.as_deref(), table.enabled),
        (Some("key_abc"), Some(false))
    );
    assert_eq!(
        table.created_at.map(|at| at.to_string()).as_deref(),
        Some("2023-11-14T22:13:20Z")
    );
    assert_eq!(
        faults(System::Unkey, json!({"hash": {"value": hash, "variant": "md5"}})),
        ["hash.variant"]
    );
}

#[test]
fn better_auth_keeps_hashes_or_the_keys_themselves() {
    let hash = "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0";
    let hashed = row(
        System::BetterAuth,
        json!({"id": "1", "name": null, "start": "hello_", "prefix": "hello_", "key": hash, "userId": "u1",
               "permissions": "{\"files\":[\"read\",\"write\"]}", "metadata": "{\"env\":\"test\"}",
               "createdAt": "2025-05-01 10:00:00.000", "expiresAt": null, "enabled": 1}),
    );
    assert_eq!(
        (hashed.secret_sha256.as_deref(), hashed.secret_prefix.as_deref()),
        (Some(hash), Some("hello"))
    );
    let expected = ["files:read", "files:write"].map(str::to_owned);
    assert_eq!(hashed.permissions.as_deref(), Some(&expected[..]));
    assert_eq!(
        hashed.created_at.map(|at| at.to_string()).as_deref(),
        Some("2025-05-01T10:00:00Z")
    );
    let clear = row(System::BetterAuth, json!({"name": "x", "key": "a".repeat(64)}));
    assert!(clear.secret.is_some() && clear.secret_sha256.is_none());
    let slow = row(
        System::BetterAuth,
        json!({"name": "x", "key": "$2b$12$abcdefghijklmnopqrstuv"}),
    );
    assert!(slow.secret_sha256.is_some(), "refused later, by its name");
}
