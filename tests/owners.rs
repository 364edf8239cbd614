//! Whom keys stand for: never beyond their owner, never beyond whoever made them, and as many as the policy allows.

use domain::access::Grants;
use domain::api::{Api, Permission};
use domain::clock::{SystemClock, SystemRandom, Timestamp};
use domain::id::{ApiId, RoleId, UserId};
use domain::role::Role;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use store::params;
use store::testkit::sample_tenant;
use tokio::task::JoinSet;

use crate::support::{Answer, ENGINES, Engine, Server, path_of, text};

/// A server with two organisations, some roles, an API that is switched off, and people.
pub(crate) struct House {
    pub(crate) server: Server,
    /// An active user of the first organisation.
    pub(crate) ann: String,
    /// A disabled one.
    pub(crate) bob: String,
    /// An active user of the organisation `other`.
    pub(crate) eve: String,
}

fn role(name: &str, patterns: &[&str], api: Option<ApiId>) -> Role {
    Role {
        id: RoleId::fresh(&SystemClock, &SystemRandom),
        organisation: domain::id::OrganisationId::INSTALLATION,
        name: name.to_owned(),
        description: String::new(),
        level: true,
        api,
        permissions: patterns
            .iter()
            .map(|text| text.parse().expect("a pattern"))
            .collect::<Grants>(),
        created_at: Timestamp::from_micros(1_760_000_000_000_000),
        version: 1,
    }
}

/// Writes a user of the organisation of that slug, as it stands in the database, and gives their id.
pub(crate) async fn add_user(server: &Server, slug: &str, name: &str, status: &str) -> String {
    let db = store::db::Database::open(&server.target())
        .await
        .expect("a database");
    let mut conn = db.writer().await.expect("a connection");
    let id = UserId::fresh(&SystemClock, &SystemRandom);
    let email = format!("{name}@example.com").to_lowercase();
    let sql = "INSERT INTO users (id, organisation, email, email_key, name, status, operator, roles, totp_step, \
               created_at, created_by, version) SELECT $1, id, $2, $2, $3, $4, FALSE, '[]', 0, 0, '{}', 1 \
               FROM organisations WHERE slug = $5";
    let written = conn
        .execute(sql, params![id, email, name, status, slug])
        .await
        .expect("a user");
    assert_eq!(written, 1);
    id.to_string()
}

impl House {
    pub(crate) async fn build(engine: Engine) -> Self {
        let mut server = Server::init(engine).await;
        server
            .write(async |tx| tx.insert_organisation(&sample_tenant("other")).await)
            .await;
        let db = store::db::Database::open(&server.target())
            .await
            .expect("a database");
        let mut conn = db.writer().await.expect("a connection");
        let first = "SELECT id FROM organisations WHERE slug = 'sample-ltd'";
        let organisation = conn
            .query_one(first, &[])
            .await
            .expect("one")
            .get(0)
            .expect("an id");
        drop(conn);
        server
            .write(async move |tx| {
                let api = Api {
                    id: ApiId::fresh(&SystemClock, &SystemRandom),
                    organisation,
                    slug: "legacy".to_owned(),
                    name: "Legacy".to_owned(),
                    description: String::new(),
                    enabled: true,
                    permissions: vec![Permission {
                        name: "ledgers:post".to_owned(),
                        description: String::new(),
                    }],
                    routes: Vec::new(),
                    created_at: Timestamp::from_micros(1_760_000_000_000_000),
                    version: 1,
                };
                tx.insert_api(&api).await?;
                tx.offer_api(organisation, api.id, false).await?;
                for role in [
                    role("Reports", &["reports:*", "orders:view"], None),
                    role("Strong", &["customers:*"], None),
                    role("Ledgers", &["ledgers:*", "books:view"], Some(api.id)),
                ] {
                    tx.insert_role(&Role { organisation, ..role }).await?;
                }
                Ok(())
            })
            .await;
        let ann = add_user(&server, "sample-ltd", "Ann", "active").await;
        let bob = add_user(&server, "sample-ltd", "Bob", "disabled").await;
        let eve = add_user(&server, "other", "Eve", "active").await;
        server.serve().await;
        Self {
            server,
            ann,
            bob,
            eve,
        }
    }

    /// Makes a service account; `fields` are laid over a name and the username.
    pub(crate) async fn account(&self, username: &str, fields: Value) -> Value {
        let mut body = json!({"name": username, "username": username});
        if let (Value::Object(body), Value::Object(fields)) = (&mut body, fields) {
            body.extend(fields);
        }
        let (status, made) = self.call(Method::POST, "/v1/service-accounts", body).await;
        assert_eq!(status, StatusCode::CREATED, "{made}");
        made
    }

    pub(crate) async fn call(&self, method: Method, path: &str, body: Value) -> (StatusCode, Value) {
        let body = (method != Method::GET).then_some(body);
        self.server.call(method, path, body).await
    }

    pub(crate) async fn policy(&self, patch: Value) {
        let (mut status, mut answer) = self.call(Method::PATCH, "/v1/policy", patch.clone()).await;
        if answer["code"] == "confirmation_needed" {
            let path = format!("/v1/policy?confirm={}", text(&answer, "confirm"));
            (status, answer) = self.call(Method::PATCH, &path, patch).await;
        }
        assert_eq!(status, StatusCode::OK, "{answer}");
    }

    pub(crate) async fn ask(&self, key: &Value, permission: &str) -> String {
        let body = json!({"key": text(key, "secret"), "permissions": permission});
        let answer = self.server.verify_with(body).await;
        text(&answer, "code").to_owned()
    }
}

pub(crate) fn account_path(account: &Value, verb: &str) -> String {
    format!("/v1/service-accounts/{}{verb}", text(account, "id"))
}

fn beyond((status, body): (StatusCode, Value), case: &str) {
    assert_eq!(
        (status.as_u16(), &body["code"]),
        (403, &json!("grants_beyond")),
        "{case}: {body}"
    );
}

fn refused((status, body): (StatusCode, Value), case: &str) {
    assert_eq!(
        (status.as_u16(), &body["code"]),
        (422, &json!("policy_refused")),
        "{case}: {body}"
    );
}

#[tokio::test]
async fn a_key_of_an_account_never_exceeds_the_accounts_roles() {
    for engine in ENGINES {
        let house = House::build(engine).await;
        let account = house.account("reporter", json!({"roles": ["reports"]})).await;
        let owner = text(&account, "id");
        let wide = house
            .server
            .create(json!({"owner": owner, "permissions": ["*", "customers:view"]}))
            .await;
        assert_eq!(
            wide["owner"],
            json!({"type": "service_account", "id": owner, "name": "reporter"})
        );
        assert_eq!(wide["effective_permissions"], json!(["orders:view", "reports:*"]));
        assert_eq!(wide["inherits"], false);
        let heir = house.server.create(json!({"owner": owner})).await;
        assert_eq!(heir["effective_permissions"], json!(["orders:view", "reports:*"]));
        assert_eq!(
            (&heir["inherits"], &heir["permissions"]),
            (&json!(true), &json!([]))
        );
        for key in [&wide, &heir] {
            assert_eq!(house.ask(key, "reports:daily").await, "VALID");
            assert_eq!(house.ask(key, "customers:view").await, "INSUFFICIENT_PERMISSIONS");
        }
        // What the account may do narrows its keys at once, whatever they were granted.
        let narrowed = json!({"roles": ["viewer"]});
        let (status, shown) = house
            .call(Method::PATCH, &account_path(&account, ""), narrowed)
            .await;
        assert_eq!(
            (status.as_u16(), &shown["roles"][0]["name"]),
            (200, &json!("viewer"))
        );
        for key in [&wide, &heir] {
            assert_eq!(house.ask(key, "reports:daily").await, "INSUFFICIENT_PERMISSIONS");
        }
        let (_, shown) = house.call(Method::GET, &path_of(&heir, ""), Value::Null).await;
        assert_eq!(
            shown["effective_permissions"],
            json!([]),
            "nothing of Claviger's is inherited"
        );
    }
}

#[tokio::test]
async fn an_inactive_account_stops_all_its_keys_at_once() {
    for engine in ENGINES {
        let house = House::build(engine).await;
        let account = house.account("machine", json!({"roles": ["Reports"]})).await;
        let owner = text(&account, "id");
        let mut keys = Vec::new();
        for n in 0..5 {
            let fields = json!({"name": format!("Key {n}"), "owner": owner});
            keys.push(house.server.create(fields).await);
        }
        for key in &keys {
            assert_eq!(house.ask(key, "reports:daily").await, "VALID");
        }
        let (status, shown) = house
            .call(Method::POST, &account_path(&account, "/deactivate"), json!({}))
            .await;
        assert_eq!((status.as_u16(), &shown["status"]), (200, &json!("inactive")));
        for key in &keys {
            assert_eq!(house.ask(key, "reports:daily").await, "ACCOUNT_INACTIVE");
        }
        // Its tokens can be made anew meanwhile, and new keys too; none is let in.
        let (status, rotated) = house
            .call(Method::POST, &path_of(&keys[0], "rotate"), json!({}))
            .await;
        assert_eq!(status, StatusCode::OK, "{rotated}");
        let fresh = house.server.create(json!({"owner": owner})).await;
        for key in [&rotated, &fresh] {
            assert_eq!(house.ask(key, "reports:daily").await, "ACCOUNT_INACTIVE");
        }
        house
            .call(Method::POST, &account_path(&account, "/activate"), json!({}))
            .await;
        for key in [&rotated, &fresh, &keys[1]] {
            assert_eq!(house.ask(key, "reports:daily").await, "VALID");
        }
        assert_eq!(
            house.ask(&keys[0], "reports:daily").await,
            "REVOKED",
            "the old token"
        );
    }
}

#[tokio::test]
async fn nobody_gets_through_an_owner_or_a_role_what_they_do_not_hold() {
    for engine in ENGINES {
        let house = House::build(engine).await;
        house
            .policy(json!({"secret": {"storage": "encrypted", "reveal": "on_demand"}}))
            .await;
        let strong = house.account("strong", json!({"roles": ["Strong"]})).await;
        let weak = house.account("weak", json!({"roles": ["Reports"]})).await;
        let (strong_id, weak_id) = (text(&strong, "id"), text(&weak, "id"));
        let caller = house
            .server
            .create(json!({"permissions": [
                "claviger:keys.create", "claviger:keys.update", "claviger:keys.reveal", "claviger:keys.read",
                "claviger:accounts.manage", "claviger:accounts.read", "reports:*", "orders:view"
            ]}))
            .await;
        let caller = text(&caller, "secret");
        let call = |method: Method, path: String, body: Value| {
            let server = &house.server;
            async move { server.call_as(caller, method, &path, Some(body)).await }
        };
        let keys = || "/v1/keys".to_owned();

        // Making keys.
        for body in [
            json!({"name": "x", "owner": strong_id}),
            json!({"name": "x", "roles": ["Strong"]}),
            json!({"name": "x", "roles": ["strong", "reports"], "owner": weak_id}),
            json!({"name": "x", "permissions": ["customers:view"], "owner": weak_id}),
            json!({"name": "x", "roles": ["owner"]}),
        ] {
            let case = body.to_string();
            beyond(call(Method::POST, keys(), body).await, &case);
        }
        let own = json!({"name": "Own", "owner": weak_id, "permissions": ["reports:daily"]});
        let (status, own) = call(Method::POST, keys(), own).await;
        assert_eq!(status, StatusCode::CREATED, "{own}");

        // A key within what they hold, of an account beyond it: let go, it would inherit.
        let part = json!({"name": "Part", "owner": strong_id, "permissions": ["reports:daily"]});
        let (status, part) = call(Method::POST, keys(), part).await;
        assert_eq!(status, StatusCode::CREATED, "{part}");
        let let_go = json!({"permissions": []});
        beyond(call(Method::PATCH, path_of(&part, ""), let_go).await, "let go");

        // Smuggling by PATCH.
        for body in [
            json!({"owner": strong_id, "permissions": []}),
            json!({"owner": strong_id, "permissions": [], "roles": []}),
            json!({"roles": ["Strong"]}),
            json!({"roles": ["Reports", "Strong"], "permissions": []}),
            json!({"permissions": ["customers:*"]}),
            json!({"description": "harmless", "roles": ["administrator"]}),
        ] {
            let case = body.to_string();
            beyond(call(Method::PATCH, path_of(&own, ""), body).await, &case);
        }

        // Keys that are above the caller are not theirs to have, to open or to aim elsewhere.
        let heir = house.server.create(json!({"owner": strong_id})).await;
        let by_role = house.server.create(json!({"roles": ["Strong"]})).await;
        // Its owner leaves it nothing to do; given to the organisation it could do all.
        let sleeping = house
            .server
            .create(json!({"owner": weak_id, "permissions": ["customers:*"]}))
            .await;
        for (case, key) in [("heir", &heir), ("by role", &by_role), ("sleeping", &sleeping)] {
            let organisation = format!("{case} to the organisation");
            let to = json!({"owner": text(&own["owner"], "id")});
            beyond(call(Method::PATCH, path_of(key, ""), to).await, &organisation);
            for body in [
                json!({"networks": []}),
                json!({"roles": [], "permissions": []}),
                json!({"expires_in": "1d"}),
            ] {
                beyond(call(Method::PATCH, path_of(key, ""), body).await, case);
            }
            for verb in ["rotate", "reveal"] {
                beyond(
                    call(Method::POST, path_of(key, verb), json!({})).await,
                    &format!("{verb} {case}"),
                );
            }
            let (_, shown) = house.call(Method::GET, &path_of(key, ""), Value::Null).await;
            assert_eq!(shown["version"], 1, "{case} is as it was");
        }

        // Accounts.
        let new = json!({"name": "x", "username": "x", "roles": ["Strong"]});
        beyond(
            call(Method::POST, "/v1/service-accounts".to_owned(), new).await,
            "an account",
        );
        beyond(
            call(
                Method::PATCH,
                account_path(&weak, ""),
                json!({"roles": ["Strong"]}),
            )
            .await,
            "roles",
        );
        for body in [
            json!({"roles": []}),
            json!({"name": "Mine"}),
            json!({"email": "me@example.com"}),
        ] {
            beyond(
                call(Method::PATCH, account_path(&strong, ""), body).await,
                "an account above",
            );
        }
        let to = json!({"owner": house.ann});
        beyond(
            call(Method::POST, account_path(&strong, "/reassign"), to).await,
            "reassign",
        );
        let (status, _) = call(Method::POST, account_path(&strong, "/deactivate"), json!({})).await;
        assert_eq!(status, StatusCode::OK, "anybody may stop what is above them");
        beyond(
            call(Method::POST, account_path(&strong, "/activate"), json!({})).await,
            "activate",
        );
    }
}

#[tokio::test]
async fn what_an_api_that_is_off_offers_is_shown_as_unavailable_and_not_honoured() {
    for engine in ENGINES {
        let house = House::build(engine).await;
        let (status, body) = house
            .call(
                Method::POST,
                "/v1/keys",
                json!({"name": "x", "roles": ["Ledgers"]}),
            )
            .await;
        assert_eq!(
            (status.as_u16(), &body["code"]),
            (422, &json!("policy_refused")),
            "{body}"
        );
        let key = house
            .server
            .create(json!({"permissions": ["ledgers:post", "ledgers:view"], "roles": ["Reports"]}))
            .await;
        let (_, shown) = house.call(Method::GET, &path_of(&key, ""), Value::Null).await;
        assert_eq!(
            shown["effective_permissions"],
            json!(["ledgers:view", "orders:view", "reports:*"])
        );
        assert_eq!(
            shown["unavailable"],
            json!({"permissions": ["ledgers:post"], "roles": []})
        );
        assert_eq!(shown["permissions"], json!(["ledgers:post", "ledgers:view"]));
        assert_eq!(house.ask(&key, "ledgers:post").await, "INSUFFICIENT_PERMISSIONS");
        assert_eq!(house.ask(&key, "ledgers:view").await, "VALID");
    }
}

#[tokio::test]
async fn no_owner_has_more_live_keys_than_the_policy_allows() {
    for engine in ENGINES {
        let house = House::build(engine).await;
        let account = house.account("busy", json!({})).await;
        let owner = text(&account, "id").to_owned();
        let gone = house
            .server
            .create(json!({"name": "Gone", "owner": owner, "expires_in": "1s"}))
            .await;
        tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
        house.policy(json!({"owner": {"max_live_keys": 3}})).await;
        let mut all = JoinSet::new();
        for n in 0..32 {
            let body = json!({"name": format!("Key {n}"), "owner": owner});
            all.spawn(Answer::of(
                house.server.request(Method::POST, "/v1/keys").json(&body),
            ));
        }
        let answers = all.join_all().await;
        let (made, refusals): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 201);
        assert_eq!(made.len(), 3, "{:?}", refusals.first());
        for refusal in refusals {
            refusal.refused(422, "policy_refused", "one too many");
        }
        let new = || json!({"name": "Another", "owner": owner});
        // Neither a key of another owner's nor an expired one comes in by the back door.
        let other = house.server.create(json!({})).await;
        let moved = house
            .call(Method::PATCH, &path_of(&other, ""), json!({"owner": owner}))
            .await;
        refused(moved, "moved");
        let revived = json!({"expires_in": "1d"});
        refused(
            house
                .call(Method::PATCH, &path_of(&gone, ""), revived.clone())
                .await,
            "revived",
        );
        refused(
            house.call(Method::POST, &path_of(&gone, "rotate"), revived).await,
            "rotated",
        );
        // A disabled key counts; a revoked one does not.
        house
            .call(Method::POST, &path_of(&made[0].body, "disable"), json!({}))
            .await;
        refused(
            house.call(Method::POST, "/v1/keys", new()).await,
            "beside a disabled one",
        );
        house
            .call(Method::POST, &path_of(&made[0].body, "revoke"), json!({}))
            .await;
        assert_eq!(
            house.call(Method::POST, "/v1/keys", new()).await.0,
            StatusCode::CREATED
        );
        // Editing what is there already is not refused.
        let edit = json!({"description": "still there", "expires_in": "2d"});
        let (status, edited) = house.call(Method::PATCH, &path_of(&made[1].body, ""), edit).await;
        assert_eq!(status, StatusCode::OK, "{edited}");
    }
}

#[tokio::test]
async fn the_policy_says_for_whom_keys_are_made() {
    let house = House::build(Engine::Sqlite).await;
    let account = house
        .account("Blocked-One", json!({"email": "box@example.com"}))
        .await;
    let owner = text(&account, "id").to_owned();
    let make = async |owner: Option<&str>| {
        let mut body = json!({"name": "x"});
        if let Some(owner) = owner {
            body["owner"] = json!(owner);
        }
        house.call(Method::POST, "/v1/keys", body).await
    };
    house.policy(json!({"owner": {"kinds": ["user"]}})).await;
    refused(make(None).await, "the organisation");
    refused(make(Some(&owner)).await, "an account");
    assert_eq!(make(Some(&house.ann)).await.0, StatusCode::CREATED);
    let patch = json!({"owner": {"kinds": null}});
    house.policy(patch).await;
    for blocked in ["blocked-one", "BOX@example.com"] {
        house.policy(json!({"issue_blocked": [blocked]})).await;
        refused(make(Some(&owner)).await, blocked);
        assert_eq!(make(None).await.0, StatusCode::CREATED);
    }
    house
        .policy(json!({"issue_blocked": [], "issue_for": "self"}))
        .await;
    // The first management key stands for the organisation, and so do its keys.
    assert_eq!(make(None).await.1["owner"]["type"], "organisation");
    refused(make(Some(&owner)).await, "somebody else");
    let key = make(None).await.1;
    let aimed = json!({"owner": owner});
    refused(
        house.call(Method::PATCH, &path_of(&key, ""), aimed).await,
        "re-aimed",
    );
    for unknown in [
        house.eve.as_str(),
        "acct_01kg7hwasaf59agy3bdr3nvpm4",
        "org_01kg7hwasaf59agy3bdr3nvpm4",
    ] {
        let (status, body) = make(Some(unknown)).await;
        assert_eq!(
            (status.as_u16(), &body["errors"][0]["field"]),
            (400, &json!("owner")),
            "{body}"
        );
        assert_eq!(body["errors"][0]["detail"], "there is no such owner");
    }
    for (patch, status) in [
        (json!({"owner": {"kinds": []}}), 422),
        (json!({"owner": {"max_live_keys": 0}}), 422),
        (json!({"owner": {"max_live_keys": -1}}), 400),
        (json!({"accounts": {"default_roles": ["nobody"]}}), 400),
        (json!({"accounts": {"deletion": "maybe"}}), 400),
    ] {
        let case = patch.to_string();
        assert_eq!(
            house.call(Method::PATCH, "/v1/policy", patch).await.0.as_u16(),
            status,
            "{case}"
        );
    }
}

#[tokio::test]
async fn different_partners_have_different_keys_and_lists_tell_them_apart() {
    for engine in ENGINES {
        let house = House::build(engine).await;
        let cold = house
            .account("cold", json!({"partner": "ColdTrace", "roles": ["Reports"]}))
            .await;
        let cold_too = house.account("cold2", json!({"partner": "coldtrace"})).await;
        let route = house.account("route", json!({"partner": "MediRoute"})).await;
        for (account, name) in [
            (&cold, "made-a"),
            (&cold, "made-b"),
            (&cold_too, "made-c"),
            (&route, "made-d"),
        ] {
            let fields = json!({"name": name, "owner": text(account, "id"), "roles": ["Reports"]});
            house.server.create(fields).await;
        }
        house
            .server
            .create(json!({"name": "made-e", "owner": house.ann, "permissions": ["ledgers:post"]}))
            .await;
        house
            .server
            .create(json!({"name": "made-f", "permissions": ["ledgers:*"]}))
            .await;
        let names = async |query: &str| {
            let path = format!("/v1/keys?sort=name&{query}");
            let (status, page) = house.call(Method::GET, &path, Value::Null).await;
            assert_eq!(status, StatusCode::OK, "{query}: {page}");
            let items = page["items"].as_array().expect("items").iter();
            items
                .map(|key| text(key, "name").trim_start_matches("made-").to_owned())
                .collect::<String>()
        };
        assert_eq!(names("partner=ColdTrace").await, "abc");
        assert_eq!(names("partner=COLDTRACE&q=made-b").await, "b");
        assert_eq!(names("partner=MediRoute").await, "d");
        assert_eq!(names("partner=Cold").await, "", "the whole name");
        assert_eq!(names(&format!("owner={}", text(&cold, "id"))).await, "ab");
        assert_eq!(names(&format!("owner={}", house.ann)).await, "e");
        assert_eq!(
            names(&format!("owner={}", house.eve)).await,
            "",
            "of another organisation"
        );
        assert_eq!(names("role=reports").await, "abcd");
        assert_eq!(names("role=reports&partner=mediroute").await, "d");
        assert_eq!(names("api=legacy").await, "ef");
        for bad in ["owner=somebody", "role=nobody", "api=nothing"] {
            let (status, _) = house
                .call(Method::GET, &format!("/v1/keys?{bad}"), Value::Null)
                .await;
            assert_eq!(status.as_u16(), 400, "{bad}");
        }
        let (_, page) = house
            .call(
                Method::GET,
                &account_path(&cold, "/keys?sort=name&limit=1"),
                Value::Null,
            )
            .await;
        assert_eq!(page["items"][0]["name"], "made-a");
        assert_eq!(page["items"][0]["owner"]["name"], "cold");
        let next = format!("/keys?sort=name&limit=1&cursor={}", text(&page, "next_cursor"));
        let (_, page) = house
            .call(Method::GET, &account_path(&cold, &next), Value::Null)
            .await;
        assert_eq!(
            (&page["items"][0]["name"], &page["next_cursor"]),
            (&json!("made-b"), &Value::Null)
        );

        let (_, partners) = house.call(Method::GET, "/v1/partners?limit=1", Value::Null).await;
        assert_eq!(
            partners["items"],
            json!([{"name": "ColdTrace", "accounts": 2, "live_keys": 3}])
        );
        let next = format!("/v1/partners?cursor={}", text(&partners, "next_cursor"));
        let (_, partners) = house.call(Method::GET, &next, Value::Null).await;
        assert_eq!(
            partners["items"],
            json!([{"name": "MediRoute", "accounts": 1, "live_keys": 1}])
        );
        assert_eq!(partners["next_cursor"], Value::Null);
    }
}

#[tokio::test]
async fn the_history_of_a_key_tells_whom_it_stood_for() {
    let house = House::build(Engine::Sqlite).await;
    let account = house.account("second", json!({"roles": ["Reports"]})).await;
    let key = house.server.create(json!({"roles": ["reports"]})).await;
    let owner = text(&account, "id");
    let edit = json!({"owner": owner, "roles": []});
    let (status, edited) = house.call(Method::PATCH, &path_of(&key, ""), edit).await;
    assert_eq!(
        (status.as_u16(), &edited["inherits"]),
        (200, &json!(true)),
        "{edited}"
    );
    let (_, events) = house
        .call(Method::GET, &path_of(&key, "events"), Value::Null)
        .await;
    let changes = &events["items"][0]["changes"];
    assert_eq!(changes["owner"]["before"], key["owner"]["id"]);
    assert_eq!(changes["owner"]["after"], owner);
    assert_eq!(changes["roles"]["after"], json!([]));
    assert_eq!(
        events["items"][1]["changes"]["roles"]["after"][0],
        key["roles"][0]["id"]
    );
}
