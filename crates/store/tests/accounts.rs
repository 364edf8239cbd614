//! Service accounts in the database: their lists, what their keys add up to, and the keys of one among very many.
#![expect(clippy::unwrap_used, reason = "a fault stops the test")]

use domain::account::Account;
use domain::clock::{SystemClock, SystemRandom, Timestamp};
use domain::id::{AccountId, KeyId, OrganisationId, RoleId, UserId};
use domain::key::{Key, Owner};
use domain::span::Span;
use store::StoreError;
use store::accounts::{AccountQuery, AccountSort};
use store::keys::{KeyQuery, KeySort, StatusFilter, Whose};
use store::testkit::{TestStore, sample_actor, sample_key, stores};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(1_760_000_000_000_000 + seconds * 1_000_000)
}

fn account(organisation: OrganisationId, number: i64) -> Account {
    Account {
        id: AccountId::fresh(&SystemClock, &SystemRandom),
        organisation,
        name: format!("System {number}"),
        username: format!("System-{number}"),
        email: None,
        partner: String::new(),
        owner: None,
        purpose: String::new(),
        tags: Vec::new(),
        roles: Vec::new(),
        rate_limits: Vec::new(),
        active: true,
        deleted_at: None,
        created_at: at(number),
        created_by: sample_actor("Ann"),
        version: 1,
    }
}

async fn add(store: &TestStore, account: &Account) {
    let account = account.clone();
    store
        .change(async move |tx| tx.insert_account(&account).await)
        .await;
}

fn query(whose: Whose) -> KeyQuery {
    KeyQuery {
        now: at(0),
        window: Span::days(30),
        status: StatusFilter::All,
        whose,
        limit: 500,
        ..KeyQuery::default()
    }
}

/// A key of an account.
fn owned(organisation: OrganisationId, number: i64, owner: AccountId) -> Key {
    Key {
        owner: Owner::ServiceAccount(owner),
        ..sample_key(organisation, number)
    }
}

#[tokio::test]
async fn what_was_written_is_read_back_and_an_organisation_sees_its_own_alone() {
    for store in stores().await {
        let other = store.add_organisation("other").await;
        let role = RoleId::fresh(&SystemClock, &SystemRandom);
        let whole = Account {
            email: Some("Ops@Example.com".to_owned()),
            partner: "ColdTrace".to_owned(),
            purpose: "sensors".to_owned(),
            tags: vec!["iot".to_owned()],
            roles: vec![role],
            ..account(store.organisation, 1)
        };
        add(&store, &whole).await;
        assert_eq!(
            store.account(store.organisation, whole.id).await.unwrap(),
            Some(whole.clone())
        );
        assert_eq!(store.account(other, whole.id).await.unwrap(), None);
        let mut changed = Account {
            name: "Renamed".to_owned(),
            username: "SYSTEM-1".to_owned(),
            roles: Vec::new(),
            active: false,
            ..whole.clone()
        };
        let before = whole.clone();
        let after = changed.clone();
        store
            .change(async move |tx| tx.update_account(&before, &mut after.clone()).await)
            .await;
        changed.version = 2;
        assert_eq!(
            store.account(store.organisation, whole.id).await.unwrap(),
            Some(changed.clone())
        );
        let holders = store.holders(store.organisation, &[role], 10).await.unwrap();
        assert_eq!(holders, [], "what it no longer has it no longer holds");
        let foreign = Account {
            organisation: other,
            ..changed.clone()
        };
        let refused = store
            .write(async move |tx| tx.update_account(&foreign.clone(), &mut foreign.clone()).await)
            .await;
        assert!(matches!(refused, Err(StoreError::RowMissing)), "{refused:?}");
    }
}

#[tokio::test]
async fn a_username_is_taken_once_for_all_in_each_organisation() {
    for store in stores().await {
        let other = store.add_organisation("other").await;
        let first = account(store.organisation, 1);
        add(&store, &first).await;
        add(
            &store,
            &Account {
                organisation: other,
                ..account(other, 1)
            },
        )
        .await;
        let (organisation, id) = (store.organisation, first.id);
        store
            .change(async move |tx| tx.erase_account(organisation, id).await)
            .await;
        let again = Account {
            username: "sYSTEM-1".to_owned(),
            ..account(store.organisation, 2)
        };
        let refused = store.write(async move |tx| tx.insert_account(&again).await).await;
        assert!(matches!(refused, Err(StoreError::Conflict { .. })), "{refused:?}");
    }
}

#[tokio::test]
async fn an_account_of_the_same_instant_as_another_is_on_one_page_only() {
    for store in stores().await {
        let mut made = Vec::new();
        for number in 0..25 {
            // Three at each instant, and few names, in both cases.
            let next = Account {
                created_at: at(number / 3),
                name: ["alpha", "Alpha", "BETA"][number as usize % 3].to_owned(),
                partner: ["", "Acme", "acme"][number as usize % 3].to_owned(),
                ..account(store.organisation, number)
            };
            add(&store, &next).await;
            made.push(next.id);
        }
        made.sort();
        for (_, sort) in AccountSort::ALL {
            for descending in [false, true] {
                let mut query = AccountQuery {
                    sort,
                    descending,
                    limit: 4,
                    ..AccountQuery::default()
                };
                let mut seen = Vec::new();
                loop {
                    let page = store.accounts(store.organisation, &query, "list").await.unwrap();
                    seen.extend(page.items.iter().map(|account| account.id));
                    let Some(cursor) = page.next_cursor else { break };
                    query.after = Some(domain::page::Cursor::decode(&cursor, "list").unwrap());
                    assert!(seen.len() < 100, "it ends");
                }
                seen.sort();
                assert_eq!(seen, made, "{:?} {sort:?} {descending}", store.engine());
            }
        }
    }
}

#[tokio::test]
async fn the_sums_of_keys_are_those_of_the_keys() {
    for store in stores().await {
        let (one, two) = (account(store.organisation, 1), account(store.organisation, 2));
        add(&store, &one).await;
        add(&store, &two).await;
        let now = at(100);
        let key = |number| owned(store.organisation, number, one.id);
        let keys = [
            Key {
                last_used_at: Some(at(50)),
                last_used_ip: Some("192.0.2.1".to_owned()),
                ..key(1)
            },
            Key {
                last_used_at: Some(at(60)),
                last_used_ip: Some("192.0.2.2".to_owned()),
                expires_at: Some(now),
                ..key(2)
            },
            Key {
                enabled: false,
                ..key(3)
            },
            Key {
                deleted_at: Some(at(5)),
                ..key(4)
            },
            Key {
                expires_at: Some(at(101)),
                ..key(5)
            },
        ];
        let keys = store.insert_all(&keys).await;
        let ids = [one.id.uuid(), two.id.uuid()];
        let sums = store.key_sums(store.organisation, &ids, now).await.unwrap();
        let sum = &sums[&one.id.uuid()];
        let expected = keys.iter().filter(|key| key.is_live(now)).count() as i64;
        assert_eq!((sum.live, expected), (3, 3));
        assert_eq!(
            (sum.last_used_at, sum.last_used_ip.as_deref()),
            (Some(at(60)), Some("192.0.2.2"))
        );
        assert!(!sums.contains_key(&two.id.uuid()), "it has no keys");
        let (organisation, owner) = (store.organisation, Owner::ServiceAccount(one.id));
        let beside = keys[0].clone();
        let live = store
            .change(async move |tx| tx.count_live_keys(organisation, owner, now, &beside, 10).await)
            .await;
        assert_eq!(live, 2);
        let other = store.add_organisation("other").await;
        assert!(store.key_sums(other, &ids, now).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_users_name_is_told_in_their_own_organisation_alone() {
    for store in stores().await {
        let other = store.add_organisation("other").await;
        let user = UserId::fresh(&SystemClock, &SystemRandom);
        let mut conn = store.db.writer().await.unwrap();
        let sql = "INSERT INTO users (id, organisation, email, email_key, name, status, operator, roles, totp_step, \
                   created_at, created_by, version) VALUES ($1, $2, 'Ann@Example.com', 'ann@example.com', 'Ann', \
                   'active', FALSE, '[]', 0, 0, '{}', 1)";
        conn.execute(sql, store::params![user, store.organisation])
            .await
            .unwrap();
        drop(conn);
        let standing = store.user_standing(store.organisation, user).await.unwrap();
        assert_eq!(standing, Some(("Ann".to_owned(), true)));
        assert_eq!(store.user_standing(other, user).await.unwrap(), None);
        let owner = Owner::User(user);
        let known = store
            .owner_standing(store.organisation, owner)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(known.known_as, ["ann@example.com"]);
        assert_eq!(store.owner_standing(other, owner).await.unwrap(), None);
        assert!(store.owner_names(other, &[user.uuid()]).await.unwrap().is_empty());
        let theirs = Owner::Organisation(other);
        assert_eq!(
            store.owner_standing(store.organisation, theirs).await.unwrap(),
            None
        );
    }
}

/// More than the planner of lists takes for few, and more than it walks through.
const MANY: i64 = 24_000;

/// Puts many keys into the database without their labels and words: those of `owner` among the others.
async fn crowd(store: &TestStore, owner: AccountId, others: OrganisationId) {
    let template = sample_key(store.organisation, 1_000_000);
    store.insert(&template).await;
    let (id, cast) = match store.engine() {
        store::db::Engine::Sqlite => ("randomblob(16)", ""),
        store::db::Engine::Postgres => ("gen_random_uuid()", "::uuid"),
    };
    let sql = format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {MANY}) \
         INSERT INTO keys (id, organisation, number, name, name_sort, description, search, owner_kind, owner_id, permissions, \
         networks, tags, metadata, contacts, display, enabled, protected, created_at, created_by, created_by_name, \
         rotated_at, version) SELECT {id}, k.organisation, 2000000 + n.i, k.name, k.name_sort, '', k.search, \
         CASE WHEN n.i % 3 = 0 THEN 'organisation' ELSE 'service_account' END, CASE WHEN n.i % 3 = 0 THEN $2{cast} ELSE $1{cast} END, '[]', \
         '[]', '[]', '{{}}', '[]', k.display, TRUE, FALSE, 1759000000000000 + n.i % 1000, k.created_by, k.created_by_name, \
         k.rotated_at, 1 FROM n CROSS JOIN keys k WHERE k.id = $3"
    );
    let mut conn = store.db.writer().await.unwrap();
    let written = conn
        .execute(&sql, store::params![owner, others, template.id])
        .await
        .unwrap();
    assert_eq!(written, MANY as u64);
}

#[tokio::test]
async fn the_keys_of_an_owner_a_partner_and_a_role_are_found_among_very_many() {
    for store in stores().await {
        let organisation = store.organisation;
        let role = RoleId::fresh(&SystemClock, &SystemRandom);
        let many = Account {
            partner: "Large".to_owned(),
            ..account(organisation, 1)
        };
        let few = Account {
            partner: "Small".to_owned(),
            ..account(organisation, 2)
        };
        add(&store, &many).await;
        add(&store, &few).await;
        let keys: Vec<Key> = (0..30)
            .map(|number| Key {
                roles: if number % 2 == 0 { vec![role] } else { Vec::new() },
                ..owned(organisation, number, few.id)
            })
            .collect();
        store.insert_all(&keys).await;
        crowd(&store, many.id, organisation).await;
        let found = async |mut query: KeyQuery| {
            let mut seen: Vec<KeyId> = Vec::new();
            loop {
                let page = store.keys(organisation, query.clone(), "list").await.unwrap();
                seen.extend(page.items.iter().map(|key| key.id));
                let Some(cursor) = page.next_cursor else {
                    break seen;
                };
                query.after = Some(domain::page::Cursor::decode(&cursor, "list").unwrap());
            }
        };
        let ids = |keep: fn(&Key) -> bool| -> Vec<KeyId> {
            let kept = keys.iter().filter(|key| keep(key));
            let mut ids: Vec<KeyId> = kept.map(|key| key.id).collect();
            ids.sort();
            ids
        };
        let owner = Whose {
            owner: Some(few.id.uuid()),
            ..Whose::default()
        };
        let partner = Whose {
            partner: Some("SMALL".to_owned()),
            ..Whose::default()
        };
        let by_role = Whose {
            role: Some(role),
            ..Whose::default()
        };
        for (_, sort) in KeySort::ALL {
            for (whose, expected) in [
                (&owner, ids(|_| true)),
                (&partner, ids(|_| true)),
                (&by_role, ids(|key| !key.roles.is_empty())),
            ] {
                let asked = KeyQuery {
                    sort,
                    limit: 7,
                    ..query(whose.clone())
                };
                let mut seen = found(asked).await;
                seen.sort();
                assert_eq!(seen, expected, "{:?} {sort:?} {whose:?}", store.engine());
            }
        }
        // Those of the many stand before all others by time, and behind them when turned round.
        let large = Whose {
            partner: Some("Large".to_owned()),
            ..Whose::default()
        };
        for descending in [false, true] {
            let seen = found(KeyQuery {
                descending,
                ..query(large.clone())
            })
            .await;
            let mut once = seen.clone();
            once.sort();
            once.dedup();
            assert_eq!((seen.len(), once.len()), (MANY as usize * 2 / 3, seen.len()));
        }
    }
}
