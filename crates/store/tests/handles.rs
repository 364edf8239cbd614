//! Keys and accounts by what other systems call them, and lists whose pages are counted.

use domain::account::Account;
use domain::clock::{SystemClock, SystemRandom, Timestamp};
use domain::id::{AccountId, OrganisationId, UserId};
use domain::key::{Key, Owner, Revocation, Status};
use domain::policy::{Dialect, Policy};
use domain::span::Span;
use domain::user::{User, UserStatus};
use store::accounts::{AccountQuery, AccountSort};
use store::keys::{KeyQuery, KeySort, StatusFilter};
use store::policies::PolicyVersion;
use store::testkit::{TestStore, sample_actor, sample_key, sample_secret, stores};

fn at(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros)
}

const NOW: i64 = 1_770_000_000_000_000;

fn query() -> KeyQuery {
    KeyQuery {
        now: at(NOW),
        window: Span::days(30),
        descending: true,
        limit: 2,
        ..KeyQuery::default()
    }
}

#[tokio::test]
async fn a_key_is_found_by_its_number_in_its_own_organisation_alone() {
    for store in stores().await {
        let other = store.add_organisation("other").await;
        let key = store.insert(&sample_key(store.organisation, 7)).await;
        let found = async |organisation, number| store.key_numbered(organisation, number).await.unwrap();
        assert_eq!(found(store.organisation, 7).await, Some(key));
        for (organisation, number) in [
            (store.organisation, 8),
            (store.organisation, i64::MIN),
            (other, 7),
        ] {
            assert_eq!(found(organisation, number).await, None, "{number}");
        }
    }
}

#[tokio::test]
async fn a_key_is_found_by_the_digest_of_a_secret_that_has_not_ended() {
    for store in stores().await {
        let other = store.add_organisation("other").await;
        let key = store.insert(&sample_key(store.organisation, 1)).await;
        let secret = sample_secret(&key, 7);
        let (organisation, id, digest, secret_id) = (key.organisation, key.id, secret.digest, secret.id);
        let unknown = sample_secret(&key, 9).digest;
        store
            .change(async move |tx| tx.insert_secret(&secret).await)
            .await;
        let found = async |organisation, digests: &[_], now| {
            store
                .key_of_digest(organisation, digests, at(now))
                .await
                .unwrap()
                .map(|key| key.id)
        };
        assert_eq!(found(organisation, &[unknown, digest], NOW).await, Some(id));
        assert_eq!(found(organisation, &[unknown], NOW).await, None);
        assert_eq!(found(organisation, &[], NOW).await, None);
        assert_eq!(found(other, &[digest], NOW).await, None);
        store
            .change(async move |tx| tx.end_secret(organisation, id, secret_id, at(NOW)).await)
            .await;
        assert_eq!(found(organisation, &[digest], NOW - 1).await, Some(id));
        assert_eq!(found(organisation, &[digest], NOW).await, None);
    }
}

#[tokio::test]
async fn keys_are_found_by_their_masked_form_unless_they_are_deleted() {
    for store in stores().await {
        let other = store.add_organisation("other").await;
        let organisation = store.organisation;
        let shown = |number, display: &str| Key {
            display: display.to_owned(),
            ..sample_key(organisation, number)
        };
        store
            .insert_all(&[
                shown(1, "sk_live_aaaa…bbbb"),
                shown(2, "sk_live_AAAA…bbbb"),
                shown(3, "sk_live_cccc…dddd"),
                shown(4, "sk_live_cccc…dddd"),
                shown(5, "sk_live_%%%%…____"),
                Key {
                    deleted_at: Some(at(NOW)),
                    ..shown(6, "sk_live_eeee…ffff")
                },
            ])
            .await;
        let gone = store.key_numbered(organisation, 6).await.unwrap().unwrap();
        let mut deleted = Key {
            deleted_at: Some(at(NOW)),
            ..gone.clone()
        };
        store
            .change(async move |tx| tx.update_key(&gone, &mut deleted).await)
            .await;
        let numbers = async |organisation, display: &str| {
            let keys = store.keys_displayed(organisation, display).await.unwrap();
            let mut numbers: Vec<i64> = keys.iter().map(|key| key.number).collect();
            numbers.sort_unstable();
            numbers
        };
        assert_eq!(numbers(organisation, "sk_live_aaaa…bbbb").await, [1]);
        assert_eq!(numbers(organisation, "sk_live_cccc…dddd").await, [3, 4]);
        assert_eq!(numbers(organisation, "sk_live_%%%%…____").await, [5]);
        for (organisation, display) in [
            (other, "sk_live_aaaa…bbbb"),
            (organisation, "sk_live_eeee…ffff"),
            (organisation, "sk_live_aaaa…bbb"),
            (organisation, "sk_live_%…%"),
            (organisation, "two words"),
            (organisation, ""),
            (organisation, "a\0b"),
            (organisation, "…"),
        ] {
            assert!(numbers(organisation, display).await.is_empty(), "{display:?}");
        }
        assert!(numbers(organisation, &"x".repeat(100_000)).await.is_empty());
    }
}

#[tokio::test]
async fn counted_pages_join_to_the_whole_list_in_every_order() {
    for store in stores().await {
        let organisation = store.organisation;
        let keys: Vec<Key> = (1..=7)
            .map(|number| Key {
                name: format!("Key {}", 9 - number),
                created_at: at(NOW + number),
                expires_at: (number > 3).then(|| at(NOW + 1_000 * number)),
                ..sample_key(organisation, number)
            })
            .collect();
        store.insert_all(&keys).await;
        let mut over = keys[6].clone();
        over.revoked = Some(Revocation {
            at: at(NOW),
            reason: None,
            by: sample_actor("Bob"),
        });
        let before = keys[6].clone();
        store
            .change(async move |tx| tx.update_key(&before, &mut over).await)
            .await;
        for (_, sort) in KeySort::ALL {
            for descending in [false, true] {
                let all = KeyQuery {
                    sort,
                    descending,
                    limit: 100,
                    ..query()
                };
                let (whole, total) = store.keys_from(organisation, &all, 0).await.unwrap();
                assert_eq!((whole.len(), total), (6, 6), "a revoked key is left out");
                let cursor = store.keys(organisation, all.clone(), "t").await.unwrap();
                assert_eq!(whole, cursor.items, "{sort:?} as by cursor");
                let mut joined = Vec::new();
                for page in 0..3 {
                    let part = KeyQuery {
                        limit: 2,
                        ..all.clone()
                    };
                    let (part, total) = store.keys_from(organisation, &part, page * 2).await.unwrap();
                    assert_eq!(total, 6);
                    joined.extend(part);
                }
                assert_eq!(joined, whole, "{sort:?}");
            }
        }
        for offset in [6, 7, u64::from(u32::MAX), u64::MAX] {
            let (none, total) = store.keys_from(organisation, &query(), offset).await.unwrap();
            assert_eq!((none.len(), total), (0, 6), "{offset}");
        }
        let narrowed = KeyQuery {
            status: StatusFilter::In(vec![Status::ExpiringSoon, Status::Revoked]),
            q: Some("key".to_owned()),
            ..query()
        };
        let (found, total) = store.keys_from(organisation, &narrowed, 0).await.unwrap();
        assert_eq!((found.len(), total), (2, 4));
        let nobody = store.add_organisation("other").await;
        assert_eq!(
            store.keys_from(nobody, &query(), 0).await.unwrap(),
            (Vec::new(), 0)
        );
    }
}

fn account(organisation: OrganisationId, username: &str, partner: &str) -> Account {
    Account {
        rate_limits: Vec::new(),
        id: AccountId::fresh(&SystemClock, &SystemRandom),
        organisation,
        name: format!("The {username}"),
        username: username.to_owned(),
        email: None,
        partner: partner.to_owned(),
        owner: None,
        purpose: String::new(),
        tags: Vec::new(),
        roles: Vec::new(),
        active: true,
        deleted_at: None,
        created_at: at(NOW),
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

#[tokio::test]
async fn accounts_and_people_are_found_by_what_they_log_in_with() {
    for store in stores().await {
        let other = store.add_organisation("other").await;
        let organisation = store.organisation;
        let system = account(organisation, "ColdTrace", "Cold Partner");
        let twin = account(organisation, "ann@example.com", "");
        let mut gone = account(organisation, "gone", "");
        for account in [&system, &twin, &gone] {
            add(&store, account).await;
        }
        let before = gone.clone();
        gone.deleted_at = Some(at(NOW));
        gone.active = false;
        store
            .change(async move |tx| tx.update_account(&before, &mut gone).await)
            .await;
        let ann = User {
            id: UserId::fresh(&SystemClock, &SystemRandom),
            organisation,
            email: "Ann@example.com".to_owned(),
            name: "Ann".to_owned(),
            status: UserStatus::Active,
            operator: false,
            roles: Vec::new(),
            has_password: false,
            has_second_factor: false,
            created_at: at(NOW),
            created_by: sample_actor("Bob"),
            last_sign_in_at: None,
            version: 1,
        };
        let user = ann.clone();
        store.change(async move |tx| tx.insert_user(&user).await).await;
        let owners =
            async |organisation, login: &str| store.owners_of_login(organisation, login).await.unwrap();
        assert_eq!(
            owners(organisation, "COLDTRACE").await,
            [Owner::ServiceAccount(system.id)]
        );
        let both = owners(organisation, "ann@EXAMPLE.com").await;
        assert_eq!(both, [Owner::ServiceAccount(twin.id), Owner::User(ann.id)]);
        for (organisation, login) in [
            (organisation, "gone"),
            (organisation, ""),
            (organisation, "x\0"),
            (other, "coldtrace"),
        ] {
            assert!(owners(organisation, login).await.is_empty(), "{login:?}");
        }
        let ids = [
            system.id.uuid(),
            ann.id.uuid(),
            AccountId::fresh(&SystemClock, &SystemRandom).uuid(),
        ];
        let labels = store.owner_labels(organisation, &ids).await.unwrap();
        assert_eq!(labels.len(), 2);
        assert_eq!(
            (&*labels[&ids[0]].login, &*labels[&ids[0]].partner),
            ("ColdTrace", "Cold Partner")
        );
        assert_eq!(
            (&*labels[&ids[1]].login, &*labels[&ids[1]].name),
            ("Ann@example.com", "Ann")
        );
        assert!(store.owner_labels(other, &ids).await.unwrap().is_empty());
        assert!(store.owner_labels(organisation, &[]).await.unwrap().is_empty());
        // More than a statement takes at once.
        let many: Vec<_> = (0..1_200).map(uuid::Uuid::from_u128).chain(ids).collect();
        assert_eq!(store.owner_labels(organisation, &many).await.unwrap().len(), 2);

        let by_name = AccountQuery {
            sort: AccountSort::Name,
            limit: 1,
            ..AccountQuery::default()
        };
        let (first, total) = store.accounts_from(organisation, &by_name, 0).await.unwrap();
        assert_eq!((first[0].id, total), (twin.id, 2));
        let (second, _) = store.accounts_from(organisation, &by_name, 1).await.unwrap();
        assert_eq!(second[0].id, system.id);
        assert_eq!(
            store
                .accounts_from(organisation, &by_name, u64::MAX)
                .await
                .unwrap(),
            (Vec::new(), 2)
        );
        assert_eq!(
            store.accounts_from(other, &by_name, 0).await.unwrap(),
            (Vec::new(), 0)
        );
    }
}

fn version() -> PolicyVersion {
    PolicyVersion {
        version: 2,
        at: at(NOW),
        by: sample_actor("Ann"),
        changes: serde_json::json!({}),
        preset: None,
        applied: false,
    }
}

#[tokio::test]
async fn a_dialect_is_spoken_where_a_policy_names_it_and_not_where_it_is_a_mere_word() {
    for store in stores().await {
        let other = store.add_organisation("other").await;
        let spoken = async |dialect| store.is_spoken(dialect).await.unwrap();
        assert!(!spoken(Dialect::OmniCrm).await);
        let word = Policy {
            issue_blocked: vec!["omnicrm".to_owned()],
            ..Policy::default()
        };
        let organisation = store.organisation;
        store
            .change(async move |tx| tx.set_policy(organisation, &word, &version()).await)
            .await;
        assert!(!spoken(Dialect::OmniCrm).await);
        let policy = Policy {
            dialects: vec![Dialect::OmniCrm],
            ..Policy::default()
        };
        store
            .change(async move |tx| tx.set_policy(other, &policy, &version()).await)
            .await;
        assert!(spoken(Dialect::OmniCrm).await);
        assert!(!spoken(Dialect::Maximo).await);
    }
}
