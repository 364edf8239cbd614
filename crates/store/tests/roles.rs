//! Roles, APIs and who holds what, the same on both databases, and seen by nobody but their own organisation.
#![expect(clippy::unwrap_used, reason = "a fault stops the test")]

use domain::access::Grants;
use domain::api::{Api, Permission, Route};
use domain::clock::{SystemClock, SystemRandom, Timestamp};
use domain::id::{AccountId, ApiId, OrganisationId, RoleId, UserId};
use domain::key::{Key, Owner, Revocation};
use domain::role::{Builtin, Role};
use store::StoreError;
use store::db::Value;
use store::principals::{Candidates, HolderKind};
use store::roles::{Holder, Holders};
use store::testkit::{TestStore, sample_actor, sample_key, stores};
use uuid::Uuid;

const NOW: Timestamp = Timestamp::from_micros(1_770_000_000_000_000);

fn grants(patterns: &[&str]) -> Grants {
    patterns.iter().map(|text| text.parse().unwrap()).collect()
}

fn role(organisation: OrganisationId, name: &str, patterns: &[&str]) -> Role {
    Role {
        id: RoleId::fresh(&SystemClock, &SystemRandom),
        organisation,
        name: name.to_owned(),
        description: "For tests".to_owned(),
        level: true,
        api: None,
        permissions: grants(patterns),
        created_at: NOW,
        version: 1,
    }
}

fn api(organisation: OrganisationId, slug: &str) -> Api {
    Api {
        id: ApiId::fresh(&SystemClock, &SystemRandom),
        organisation,
        slug: slug.to_owned(),
        name: format!("The {slug} API"),
        description: String::new(),
        enabled: true,
        permissions: vec![Permission {
            name: format!("{slug}:view"),
            description: "See them".to_owned(),
        }],
        routes: vec![Route {
            method: "GET".to_owned(),
            path: format!("/{slug}/{{id}}"),
            requires: Some(format!("{slug}:view")),
        }],
        created_at: NOW,
        version: 1,
    }
}

async fn add_role(store: &TestStore, role: &Role) {
    let role = role.clone();
    store.change(async move |tx| tx.insert_role(&role).await).await;
}

async fn add_api(store: &TestStore, api: &Api) {
    let api = api.clone();
    store.change(async move |tx| tx.insert_api(&api).await).await;
}

/// A user or service account with one role, as their nouns write them.
async fn add_owner(store: &TestStore, holder: Holder, role: RoleId, is_active: bool) {
    let (organisation, id) = (store.organisation, holder.uuid());
    let roles = serde_json::to_string(&[role]).unwrap();
    let (sql, values) = match holder {
        Holder::User(_) => (
            "INSERT INTO users (id, organisation, email, email_key, name, status, operator, roles, totp_step, \
             created_at, created_by, version) VALUES ($1, $2, $3, $3, 'Ann', $4, FALSE, $5, 0, 0, '{}', 1)",
            vec![
                Value::from(id),
                organisation.into(),
                format!("{id}@example.com").into(),
                if is_active { "active" } else { "disabled" }.into(),
                roles.into(),
            ],
        ),
        _ => (
            "INSERT INTO service_accounts (id, organisation, name, name_sort, username, username_key, partner, \
             partner_key, purpose, tags, roles, active, created_at, created_by, search, version) VALUES \
             ($1, $2, 'Billing', 'billing', $3, $3, '', '', '', '[]', $4, $5, 0, '{}', '', 1)",
            vec![
                Value::from(id),
                organisation.into(),
                format!("u{id}").into(),
                roles.into(),
                is_active.into(),
            ],
        ),
    };
    let mut conn = store.db.writer().await.unwrap();
    conn.execute(sql, &values).await.unwrap();
    let sql = "INSERT INTO role_holders (organisation, role, kind, holder) VALUES ($1, $2, $3, $4)";
    let values = [
        Value::from(organisation),
        role.into(),
        holder.kind().as_str().into(),
        id.into(),
    ];
    conn.execute(sql, &values).await.unwrap();
}

#[tokio::test]
async fn a_role_comes_back_as_it_was_written_and_to_its_own_organisation_alone() {
    for store in stores().await {
        let organisation = store.organisation;
        let other = store.add_organisation("other").await;
        let orders = api(organisation, "orders");
        add_api(&store, &orders).await;
        let mut one = role(organisation, "Ünï Reports", &["orders:*", "reports:view"]);
        one.api = Some(orders.id);
        add_role(&store, &one).await;
        assert_eq!(
            store.role(organisation, one.id).await.unwrap().as_ref(),
            Some(&one)
        );
        assert_eq!(store.role(other, one.id).await.unwrap(), None);
        assert_eq!(store.roles(other).await.unwrap(), []);

        let same_name = role(organisation, "ÜNÏ reports", &[]);
        let refused = store
            .write(async move |tx| tx.insert_role(&same_name).await)
            .await;
        assert!(
            matches!(&refused, Err(StoreError::Conflict { constraint }) if constraint.contains("name")),
            "{refused:?}"
        );
        add_role(&store, &role(other, "ünï reports", &[])).await;

        let mut edited = Role {
            name: "Other".to_owned(),
            description: String::new(),
            level: false,
            api: None,
            permissions: Grants::default(),
            ..one.clone()
        };
        let mut foreign = Role {
            organisation: other,
            ..edited.clone()
        };
        let edited = store
            .change(async move |tx| {
                tx.update_role(&mut edited).await?;
                Ok(edited)
            })
            .await;
        assert_eq!(edited.version, 2);
        assert_eq!(store.role(organisation, one.id).await.unwrap(), Some(edited));
        let refused = store
            .write(async move |tx| tx.update_role(&mut foreign).await)
            .await;
        assert!(matches!(refused, Err(StoreError::RowMissing)), "{refused:?}");
    }
}

#[tokio::test]
async fn what_an_organisation_is_offered_follows_the_flag_and_its_own_switch() {
    for store in stores().await {
        let organisation = store.organisation;
        let guest = store.add_organisation("guest").await;
        let mut orders = api(organisation, "orders");
        add_api(&store, &orders).await;
        let mut level = role(organisation, "Level", &["orders:view"]);
        level.api = Some(orders.id);
        add_role(&store, &level).await;
        let (id, level) = (orders.id, level.id);

        let offered = store.api(organisation, id).await.unwrap().unwrap();
        assert_eq!((&offered.api, offered.enabled), (&orders, true));
        assert!(store.api(guest, id).await.unwrap().is_none());
        assert!(store.apis(guest).await.unwrap().is_empty());
        let available = async |of: OrganisationId| {
            let directory = store.directory(of).await.unwrap();
            (
                directory.is_available(level),
                directory.unavailable.iter().count(),
            )
        };
        assert_eq!(available(organisation).await, (true, 0));

        store
            .change(async move |tx| tx.offer_api(guest, id, true).await)
            .await;
        assert!(store.api(guest, id).await.unwrap().unwrap().enabled);
        assert_eq!(
            store.api_organisations(id).await.unwrap(),
            [("acme".to_owned(), true), ("guest".to_owned(), true)]
        );
        store
            .change(async move |tx| tx.offer_api(guest, id, false).await)
            .await;
        assert_eq!(available(organisation).await, (true, 0));
        assert_eq!(available(guest).await, (false, 1));

        orders.enabled = false;
        let before = store.last_change().await.unwrap();
        store
            .change(async move |tx| tx.update_api(&mut orders).await)
            .await;
        // Both organisations must learn of it.
        assert_eq!(store.last_change().await.unwrap(), before + 2);
        assert_eq!(available(organisation).await, (false, 1));

        let taken = api(guest, "orders");
        let (guests, roles) = store
            .change(async move |tx| {
                let known = tx.api_by_slug(guest, "orders").await?;
                tx.insert_api(&taken).await?;
                Ok((
                    (known, tx.is_slug_taken(id, "orders").await?),
                    tx.count_roles_of_api(id).await?,
                ))
            })
            .await;
        assert_eq!((guests, roles), ((Some(id), true), 1));
    }
}

#[tokio::test]
async fn holders_are_counted_without_the_keys_that_ended() {
    for store in stores().await {
        let organisation = store.organisation;
        let one = role(organisation, "One", &["a:b"]);
        add_role(&store, &one).await;
        let held = |number| Key {
            roles: vec![one.id, Builtin::Viewer.id()],
            ..sample_key(organisation, number)
        };
        store.insert(&held(1)).await;
        let ended = Key {
            revoked: Some(Revocation {
                at: NOW,
                reason: None,
                by: sample_actor("Bob"),
            }),
            ..held(2)
        };
        store.insert(&ended).await;
        let user = Holder::User(UserId::fresh(&SystemClock, &SystemRandom));
        add_owner(&store, user, one.id, false).await;

        let counts = store
            .count_holders(organisation, &[one.id, Builtin::Viewer.id(), Builtin::Owner.id()])
            .await
            .unwrap();
        let expected = Holders {
            users: 1,
            service_accounts: 0,
            keys: 1,
        };
        assert_eq!(counts[&one.id], expected);
        assert_eq!(counts[&Builtin::Viewer.id()].total(), 1);
        assert!(!counts.contains_key(&Builtin::Owner.id()));
        let other = store.add_organisation("other").await;
        assert!(store.count_holders(other, &[one.id]).await.unwrap().is_empty());

        let id = one.id;
        let counted = store
            .change(async move |tx| {
                let counted = tx.count_holders(organisation, id).await?;
                tx.delete_role(organisation, id).await?;
                Ok(counted)
            })
            .await;
        assert_eq!(counted, expected);
        assert_eq!(store.role(organisation, id).await.unwrap(), None);
        assert!(store.holders(organisation, &[id], 10).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_principal_is_known_with_what_its_permissions_follow_from() {
    for store in stores().await {
        let organisation = store.organisation;
        let one = role(organisation, "One", &["a:*"]);
        add_role(&store, &one).await;
        let account = AccountId::fresh(&SystemClock, &SystemRandom);
        let user = UserId::fresh(&SystemClock, &SystemRandom);
        add_owner(&store, Holder::ServiceAccount(account), one.id, true).await;
        add_owner(&store, Holder::User(user), one.id, false).await;
        let plain = Key {
            permissions: grants(&["a:b", "a.*:c"]),
            roles: vec![one.id],
            ..sample_key(organisation, 1)
        };
        let inheriting = Key {
            owner: Owner::ServiceAccount(account),
            ..sample_key(organisation, 2)
        };
        let stopped = Key {
            owner: Owner::User(user),
            expires_at: Some(NOW),
            ..sample_key(organisation, 3)
        };
        let strangers = Key {
            permissions: grants(&["x:y"]),
            ..sample_key(organisation, 4)
        };
        store
            .insert_all(&[plain.clone(), inheriting.clone(), stopped.clone(), strangers])
            .await;

        let known = async |holder| store.principal(organisation, holder, NOW).await.unwrap().unwrap();
        let key = known(Holder::Key(plain.id)).await;
        assert_eq!((key.name.as_str(), key.principal.active), ("Key 1", true));
        assert_eq!(key.principal.permissions, plain.permissions);
        assert_eq!((key.principal.roles, key.principal.owner), (vec![one.id], None));
        let key = known(Holder::Key(inheriting.id)).await;
        assert_eq!(
            key.owner,
            Some((Owner::ServiceAccount(account), Some("Billing".to_owned())))
        );
        let owner = key.principal.owner.unwrap();
        assert_eq!((owner.active, owner.roles), (true, vec![one.id]));
        let key = known(Holder::Key(stopped.id)).await;
        assert_eq!(
            (key.principal.active, key.principal.owner.unwrap().active),
            (false, false)
        );
        let person = known(Holder::User(user)).await;
        assert_eq!(
            (
                person.name.as_str(),
                person.principal.active,
                person.principal.roles
            ),
            ("Ann", false, vec![one.id])
        );
        let other = store.add_organisation("other").await;
        for holder in [
            Holder::Key(plain.id),
            Holder::User(user),
            Holder::ServiceAccount(account),
        ] {
            assert_eq!(store.principal(other, holder, NOW).await.unwrap(), None);
        }

        // More than fit into one statement.
        let unheld = (0..60).map(|_| RoleId::fresh(&SystemClock, &SystemRandom));
        let wanted = Candidates {
            roles: unheld.chain([one.id]).collect(),
            patterns: vec!["a:b".to_owned(), "a.*:c".to_owned()],
        };
        let all =
            async |of, kind, after, limit| store.candidates(of, kind, &wanted, after, limit).await.unwrap();
        let mut keys = [plain.id.uuid(), inheriting.id.uuid(), stopped.id.uuid()];
        keys.sort_unstable();
        assert_eq!(all(organisation, HolderKind::Key, Uuid::nil(), 10).await, keys);
        assert_eq!(
            all(organisation, HolderKind::Key, Uuid::nil(), 2).await,
            keys[..2]
        );
        assert_eq!(all(organisation, HolderKind::Key, keys[1], 2).await, keys[2..]);
        assert_eq!(
            all(organisation, HolderKind::User, Uuid::nil(), 9).await,
            [user.uuid()]
        );
        assert_eq!(
            all(organisation, HolderKind::ServiceAccount, Uuid::nil(), 9).await,
            [account.uuid()]
        );
        for kind in HolderKind::ALL {
            assert!(all(other, kind, Uuid::nil(), 9).await.is_empty());
        }
    }
}
