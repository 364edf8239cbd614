//! Policies in the database: every version is kept, and what a narrower one would touch is counted alike on both engines.
#![expect(clippy::unwrap_used, reason = "a fault stops the test")]

use domain::account::Account;
use domain::audit::{Event, Target};
use domain::clock::{SystemClock, SystemRandom, Timestamp};
use domain::decide::{Code, Source};
use domain::id::{AccountId, DataKeyId, OrganisationId, RequestId, RoleId};
use domain::key::{AskedOf, Key, Owner};
use domain::policy::{Deletion, OwnerKind, Policy, Touched};
use domain::role::{Builtin, Role};
use domain::secret::{KekVersion, WrappedDataKey};
use domain::span::Span;
use domain::token::Prefix;
use serde_json::json;
use store::StoreError;
use store::policies::PolicyVersion;
use store::requests::Kept;
use store::testkit::{TestStore, sample_actor, sample_key, sample_secret, stores};
use store::touched::NAMED;
use store::usage::Count;

/// Sample keys are made from here on.
const START: i64 = 1_760_000_000;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros((START + seconds) * 1_000_000)
}

fn version(number: i64) -> PolicyVersion {
    PolicyVersion {
        version: number,
        at: at(number),
        by: sample_actor("Ann"),
        changes: json!({"deletion": {"before": "deactivate", "after": "erase"}}),
        preset: (number > 1).then(|| "omnicrm".to_owned()),
        applied: number == 2,
    }
}

async fn set(store: &TestStore, policy: Policy, number: i64) -> Result<(), StoreError> {
    let organisation = store.organisation;
    let written = store
        .store
        .write(async move |tx| tx.set_policy(organisation, &policy, &version(number)).await)
        .await;
    written.map(|_| ())
}

#[tokio::test]
async fn every_version_is_kept_and_a_number_is_given_once() {
    for store in stores().await {
        let (organisation, other) = (store.organisation, store.add_organisation("other").await);
        let begun = store.policy(organisation).await.unwrap().unwrap();
        assert_eq!((begun.version, begun.preset), (1, None));
        store
            .change(async move |tx| {
                tx.begin_policy(organisation, &Policy::default(), &version(1))
                    .await
            })
            .await;
        let erasing = Policy {
            deletion: Deletion::Erase,
            ..Policy::default()
        };
        for number in 2..=4 {
            set(&store, erasing.clone(), number).await.unwrap();
        }
        // Of two that make the same version, one is refused and changes nothing.
        let again = set(&store, Policy::default(), 4).await;
        assert!(matches!(again, Err(StoreError::Conflict { .. })), "{again:?}");

        let now = store.policy(organisation).await.unwrap().unwrap();
        assert_eq!((now.policy, now.version), (erasing.clone(), 4));
        assert_eq!(now.preset.as_deref(), Some("omnicrm"));
        assert_eq!(
            store.policy(other).await.unwrap().unwrap().policy,
            Policy::default()
        );

        let first = store
            .policy_versions(organisation, None, 3, "list")
            .await
            .unwrap();
        assert_eq!(first.items, [4, 3, 2].map(version));
        let cursor = domain::page::Cursor::decode(&first.next_cursor.unwrap(), "list").unwrap();
        let rest = store
            .policy_versions(organisation, Some(&cursor), 3, "list")
            .await
            .unwrap();
        assert_eq!((rest.items, rest.next_cursor), (vec![version(1)], None));
        let nobodys = store.policy_versions(other, None, 3, "list").await.unwrap();
        assert!(nobodys.items.is_empty());

        let past = store.policy_version(organisation, 1).await.unwrap();
        assert_eq!(past, Some((version(1), Policy::default())));
        assert_eq!(
            store.policy_version(organisation, 3).await.unwrap(),
            Some((version(3), erasing))
        );
        assert_eq!(store.policy_version(organisation, 5).await.unwrap(), None);
        assert_eq!(store.policy_version(other, 1).await.unwrap(), None);
    }
}

fn account(organisation: OrganisationId, name: &str, email: Option<&str>, username: &str) -> Account {
    Account {
        rate_limits: Vec::new(),
        id: AccountId::fresh(&SystemClock, &SystemRandom),
        organisation,
        name: name.to_owned(),
        username: username.to_owned(),
        email: email.map(str::to_owned),
        partner: String::new(),
        owner: None,
        purpose: String::new(),
        tags: Vec::new(),
        roles: Vec::new(),
        active: true,
        deleted_at: None,
        created_at: at(0),
        created_by: sample_actor("Ann"),
        version: 1,
    }
}

fn role(organisation: OrganisationId, name: &str, level: bool, pattern: &str) -> Role {
    Role {
        id: RoleId::fresh(&SystemClock, &SystemRandom),
        organisation,
        name: name.to_owned(),
        description: String::new(),
        level,
        api: None,
        permissions: [pattern.parse().unwrap()].into_iter().collect(),
        created_at: at(0),
        version: 1,
    }
}

/// A store with keys of all sorts, in an organisation and, as a foil, in another one.
struct World {
    store: TestStore,
    now: Timestamp,
    busy: Account,
}

const DAY: i64 = 86_400;

impl World {
    async fn build(store: TestStore) -> Self {
        let organisation = store.organisation;
        let other = store.add_organisation("other").await;
        let now = at(100 * DAY);
        let busy = account(organisation, "Busy", Some("busy@example.com"), "busy@example.com");
        let idle = account(organisation, "Idle", None, "idle");
        let level = role(organisation, "Level", true, "reports:*");
        let plain = role(organisation, "Plain", false, "claviger:keys.read");
        let mut gone = account(organisation, "Gone", None, "gone");
        gone.deleted_at = Some(at(1));
        let (accounts, roles) = ([busy.clone(), idle.clone(), gone], [level.clone(), plain.clone()]);
        store
            .change(async move |tx| {
                for account in accounts {
                    tx.insert_account(&account).await?;
                }
                for role in roles {
                    tx.insert_role(&role).await?;
                }
                Ok(())
            })
            .await;
        let key = |number: i64| sample_key(organisation, number);
        let of = |account: &Account| Owner::ServiceAccount(account.id);
        let granted = |pattern: &str| [pattern.parse().unwrap()].into_iter().collect();
        let keys = [
            // The organisation's.
            Key {
                permissions: granted("orders:view"),
                ..key(1)
            },
            Key {
                permissions: granted("claviger:keys.read"),
                expires_at: Some(now.plus(Span::days(10).duration())),
                ..key(2)
            },
            Key {
                roles: vec![level.id],
                expires_at: Some(now.plus(Span::days(90).duration())),
                ..key(3)
            },
            Key {
                roles: vec![level.id, plain.id],
                ..key(4)
            },
            Key {
                roles: vec![Builtin::Auditor.id()],
                enabled: false,
                ..key(5)
            },
            // Accounts'.
            Key {
                owner: of(&busy),
                last_used_at: Some(at(99 * DAY)),
                ..key(6)
            },
            Key {
                owner: of(&busy),
                rotated_at: at(90 * DAY),
                ..key(7)
            },
            Key {
                owner: of(&idle),
                display: "test_a1b2…t0uv".to_owned(),
                last_used_at: Some(at(10 * DAY)),
                ..key(8)
            },
            // Over, each in its way.
            Key {
                expires_at: Some(at(50 * DAY)),
                permissions: granted("claviger:keys.read"),
                ..key(9)
            },
            Key {
                revoked: Some(domain::key::Revocation {
                    at: at(9),
                    reason: None,
                    by: sample_actor("Ann"),
                }),
                owner: of(&idle),
                ..key(10)
            },
            Key {
                deleted_at: Some(at(9)),
                owner: of(&idle),
                ..key(11)
            },
        ];
        store.insert_all(&keys).await;
        store
            .insert(&Key {
                permissions: granted("claviger:*"),
                ..sample_key(other, 1)
            })
            .await;
        Self { store, now, busy }
    }

    async fn names(&self, touched: &Touched) -> (i64, Vec<String>) {
        let found = self
            .store
            .touched(self.store.organisation, touched, self.now)
            .await
            .unwrap();
        (
            found.count,
            found.first.into_iter().map(|(_, name)| name).collect(),
        )
    }

    async fn check(&self, touched: Touched, expected: &[&str]) {
        let (count, names) = self.names(&touched).await;
        assert_eq!(names, expected, "{touched:?}");
        assert_eq!(count, expected.len() as i64, "{touched:?}");
    }
}

#[tokio::test]
async fn what_a_narrower_policy_touches_is_counted_and_nothing_that_is_over_or_of_another_organisation() {
    for store in stores().await {
        let world = World::build(store).await;
        let days = |days| Span::days(days);
        let live = [
            "Key 1", "Key 2", "Key 3", "Key 4", "Key 5", "Key 6", "Key 7", "Key 8",
        ];
        for (touched, expected) in [
            (Touched::Keys, &live[..]),
            (Touched::KeysWithEnd, &["Key 2", "Key 3"]),
            (
                Touched::KeysWithoutEnd,
                &["Key 1", "Key 4", "Key 5", "Key 6", "Key 7", "Key 8"],
            ),
            (
                Touched::KeysEndingBeyond(days(30)),
                &["Key 1", "Key 3", "Key 4", "Key 5", "Key 6", "Key 7", "Key 8"],
            ),
            (
                Touched::KeysOf(vec![OwnerKind::ServiceAccount]),
                &["Key 6", "Key 7", "Key 8"],
            ),
            (Touched::KeysOf(vec![OwnerKind::User]), &[]),
            (
                Touched::KeysOf(vec![OwnerKind::User, OwnerKind::Organisation]),
                &["Key 1", "Key 2", "Key 3", "Key 4", "Key 5"],
            ),
            (
                Touched::KeysOfKnownAs(vec!["idle".to_owned(), "no\0body".to_owned()]),
                &["Key 8"],
            ),
            (
                Touched::KeysOfKnownAs(vec!["busy@example.com".to_owned()]),
                &["Key 6", "Key 7"],
            ),
            (Touched::KeysOfKnownAs(vec!["\0".to_owned()]), &[]),
            (Touched::OwnersWithMoreThan(2), &["The acme company"]),
            (Touched::OwnersWithMoreThan(1), &["The acme company", "Busy"]),
            (Touched::OwnersWithMoreThan(5), &[]),
            (
                Touched::KeysWithoutLevel,
                &["Key 1", "Key 2", "Key 4", "Key 5", "Key 6", "Key 7", "Key 8"],
            ),
            (
                Touched::KeysWithGrants,
                &["Key 1", "Key 2", "Key 3", "Key 4", "Key 5"],
            ),
            (
                Touched::KeysWithOtherPrefix(Prefix::new("sk_live").unwrap()),
                &["Key 8"],
            ),
            (Touched::KeysWithOtherPrefix(Prefix::new("sk").unwrap()), &live),
            (
                Touched::KeysNotRotatedFor(days(30)),
                &["Key 1", "Key 2", "Key 3", "Key 4", "Key 5", "Key 6", "Key 8"],
            ),
            // One that is disabled is not idle, and one that was used yesterday is not either.
            (
                Touched::KeysIdleFor(days(30)),
                &["Key 1", "Key 2", "Key 3", "Key 4", "Key 7", "Key 8"],
            ),
            (Touched::KeysIdleFor(days(200)), &[]),
            (Touched::KeysThatManage, &["Key 2", "Key 4", "Key 5"]),
            (Touched::Accounts, &["Busy", "Idle"]),
            (Touched::AccountsWithoutEmail, &["Idle"]),
            (Touched::AccountsNamedFreely, &["Idle"]),
            (Touched::AccountsIdleFor(days(30)), &["Idle"]),
            (Touched::AccountsIdleFor(days(200)), &[]),
        ] {
            let unordered = matches!(touched, Touched::OwnersWithMoreThan(_));
            if unordered {
                let (count, mut names) = world.names(&touched).await;
                names.sort_by_key(|name| expected.iter().position(|one| one == name));
                assert_eq!(
                    (count, names.as_slice().len()),
                    (expected.len() as i64, expected.len()),
                    "{touched:?}"
                );
                assert_eq!(names, expected, "{touched:?}");
            } else {
                world.check(touched, expected).await;
            }
        }
        let busy = world.busy.id.to_string();
        let crowded = Touched::OwnersWithMoreThan(1);
        let found = world
            .store
            .touched(world.store.organisation, &crowded, world.now)
            .await
            .unwrap();
        assert!(found.first.contains(&(busy, "Busy".to_owned())), "{found:?}");
    }
}

#[tokio::test]
async fn kept_tokens_ways_of_coming_and_old_records_are_counted() {
    for store in stores().await {
        let world = World::build(store).await;
        let organisation = world.store.organisation;
        let key = |number| sample_key(organisation, number);
        let (kept, hashed) = (key(20), key(21));
        world.store.insert_all(&[kept.clone(), hashed.clone()]).await;
        let asked = |key: &Key, seconds: i64, source| Kept {
            id: RequestId::fresh(&SystemClock, &SystemRandom),
            asked: AskedOf {
                organisation,
                key: key.id,
                at: at(seconds),
                code: Code::Valid,
                source,
                ip: None,
                call: domain::key::Call::default(),
            },
        };
        let requests = [
            asked(&kept, 99 * DAY, Some(Source::Bearer)),
            asked(&kept, 50 * DAY, Some(Source::Bearer)),
            asked(&hashed, 99 * DAY, Some(Source::XApiKey)),
            asked(&hashed, 98 * DAY, None),
        ];
        let counts = [10 * DAY, 99 * DAY].map(|seconds| Count {
            organisation,
            key: kept.id,
            hour: at(seconds),
            code: Code::Valid,
            count: 5,
        });
        let wrapped = WrappedDataKey {
            kek: KekVersion::new(1),
            bytes: vec![1; 60],
        };
        let data_key = DataKeyId::fresh(&SystemClock, &SystemRandom);
        let mut sealed = sample_secret(&kept, 1);
        sealed.sealed = Some((vec![7; 60], data_key));
        let plain = sample_secret(&hashed, 2);
        world
            .store
            .change(async move |tx| {
                tx.insert_data_key(organisation, data_key, &wrapped).await?;
                tx.insert_secret(&sealed).await?;
                tx.insert_secret(&plain).await?;
                tx.add_requests(&requests).await?;
                tx.add_usage(&counts).await?;
                for seconds in [10 * DAY, 99 * DAY] {
                    let target = Target {
                        kind: "organisation".to_owned(),
                        id: organisation.to_string(),
                        name: "Acme".to_owned(),
                    };
                    let event = Event {
                        at: at(seconds),
                        actor: sample_actor("Ann"),
                        action: "policy.edit",
                        target,
                        request_id: None,
                        ip: None,
                        changes: json!({}),
                    };
                    tx.record(organisation, event);
                }
                Ok(())
            })
            .await;
        world.check(Touched::KeysWithKeptToken, &["Key 20"]).await;
        world
            .check(Touched::KeysThatCameBy(vec![Source::Bearer]), &["Key 20"])
            .await;
        world
            .check(Touched::KeysThatCameBy(vec![Source::Apikey]), &[])
            .await;
        world
            .check(
                Touched::KeysThatCameBy(vec![Source::Bearer, Source::XApiKey]),
                &["Key 20", "Key 21"],
            )
            .await;
        for (touched, count) in [
            (Touched::RequestsBefore(Span::days(30)), 1),
            (Touched::RequestsBefore(Span::days(1)), 2),
            (Touched::UsageBefore(Span::days(30)), 1),
            (Touched::AuditBefore(Span::days(30)), 1),
            (Touched::AuditBefore(Span::days(95)), 0),
        ] {
            assert_eq!(world.names(&touched).await, (count, Vec::new()), "{touched:?}");
        }
    }
}

#[tokio::test]
async fn however_much_is_touched_the_first_twenty_are_named() {
    for store in stores().await {
        let keys: Vec<Key> = (1..=45)
            .map(|number| sample_key(store.organisation, number))
            .collect();
        store.insert_all(&keys).await;
        let found = store
            .touched(store.organisation, &Touched::Keys, at(DAY))
            .await
            .unwrap();
        assert_eq!((found.count, found.first.len()), (45, NAMED as usize));
        assert_eq!(found.first[0], (keys[0].id.to_string(), "Key 1".to_owned()));
        assert_eq!(found.first[19].1, "Key 20");
    }
}
