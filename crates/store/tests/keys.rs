//! Keys are kept whole, counted without repeats, and seen by nobody but their own organisation.
#![expect(clippy::unwrap_used, reason = "a fault stops the test")]

use std::collections::BTreeSet;

use domain::clock::{SystemClock, SystemRandom, Timestamp};
use domain::id::{AccountId, DataKeyId, OrganisationId, UserId};
use domain::key::{Key, Owner, Revocation};
use domain::secret::{Digest, KekVersion, Scheme, WrappedDataKey};
use domain::span::Span;
use store::audit::AuditQuery;
use store::error::StoreError;
use store::idempotency::Remembered;
use store::keys::{KeyQuery, StatusFilter};
use store::testkit::{TestStore, sample_actor, sample_key, sample_secret, stores};
use store::usage::Count;

fn at(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros)
}

fn full_key(organisation: OrganisationId) -> Key {
    Key {
        name: "Ünïcode “Billing” 東京 🔑".to_owned(),
        description: "line one\nline\ttwo; 'quoted' \"twice\" \\ %_!".to_owned(),
        owner: Owner::ServiceAccount(AccountId::fresh(&SystemClock, &SystemRandom)),
        permissions: ["orders:view", "customers:*"]
            .iter()
            .map(|text| text.parse().unwrap())
            .collect(),
        networks: vec!["10.0.0.0/8".parse().unwrap(), "2001:db8::/32".parse().unwrap()],
        tags: vec!["blue".to_owned(), "très long".to_owned()],
        metadata: serde_json::from_str(r#"{"z": 1, "a": {"b": [null, true, 1.5, "ü"]}}"#).unwrap(),
        contacts: vec!["ops@example.com".to_owned()],
        enabled: false,
        protected: true,
        expires_at: Some(at(1_900_000_000_000_001)),
        ..sample_key(organisation, 1)
    }
}

#[tokio::test]
async fn every_field_comes_back_as_it_was_written() {
    for store in stores().await {
        let organisation = store.organisation;
        let mut key = full_key(organisation);
        key.last_used_at = Some(at(1_770_000_000_000_007));
        key.last_used_ip = Some("2001:db8::7".to_owned());
        store.insert(&key).await;
        assert_eq!(
            store.key(organisation, key.id).await.unwrap().as_ref(),
            Some(&key)
        );

        let mut edited = Key {
            name: "Other".to_owned(),
            description: "new".to_owned(),
            permissions: ["a:b".parse().unwrap()].into_iter().collect(),
            networks: Vec::new(),
            tags: vec!["red".to_owned()],
            metadata: Default::default(),
            contacts: Vec::new(),
            display: "sk_live_new1…new2".to_owned(),
            enabled: true,
            protected: false,
            expires_at: None,
            revoked: Some(Revocation {
                at: at(1_800_000_000_000_001),
                reason: Some("leaked".to_owned()),
                by: sample_actor("Bob"),
            }),
            deleted_at: Some(at(1_800_000_000_000_002)),
            rotated_at: at(1_790_000_000_000_000),
            ..key.clone()
        };
        let before = key.clone();
        let written = store
            .change(async move |tx| {
                tx.update_key(&before, &mut edited).await?;
                assert_eq!(
                    tx.key(edited.organisation, edited.id).await?.as_ref(),
                    Some(&edited)
                );
                Ok(edited)
            })
            .await;
        assert_eq!(written.version, 2);
        assert_eq!(
            store.key(organisation, key.id).await.unwrap().as_ref(),
            Some(&written)
        );

        let mut restored = Key {
            revoked: None,
            deleted_at: None,
            ..written.clone()
        };
        let restored = store
            .change(async move |tx| {
                tx.update_key(&written, &mut restored).await?;
                Ok(restored)
            })
            .await;
        assert_eq!(store.key(organisation, key.id).await.unwrap(), Some(restored));
    }
}

#[tokio::test]
async fn every_kind_of_owner_comes_back() {
    for store in stores().await {
        let organisation = store.organisation;
        let owners = [
            Owner::Organisation(organisation),
            Owner::ServiceAccount(AccountId::fresh(&SystemClock, &SystemRandom)),
            Owner::User(UserId::fresh(&SystemClock, &SystemRandom)),
        ];
        for (number, owner) in (1..).zip(owners) {
            let key = store
                .insert(&Key {
                    owner,
                    ..sample_key(organisation, number)
                })
                .await;
            assert_eq!(
                store.key(organisation, key.id).await.unwrap().unwrap().owner,
                owner
            );
        }
    }
}

#[tokio::test]
async fn an_erased_key_leaves_nothing_but_its_number() {
    for store in stores().await {
        let organisation = store.organisation;
        let key = store.insert(&full_key(organisation)).await;
        let (id, secret) = (key.id, sample_secret(&key, 7));
        let digest = secret.digest;
        let count = Count {
            organisation,
            key: id,
            hour: at(0),
            code: domain::decide::Code::Valid,
            count: 3,
        };
        store
            .change(async move |tx| {
                tx.insert_secret(&secret).await?;
                tx.add_usage(&[count]).await
            })
            .await;
        assert!(store.find_secret(&[digest]).await.unwrap().is_some());
        store
            .change(async move |tx| tx.erase_key(organisation, id).await)
            .await;
        assert_eq!(store.key(organisation, id).await.unwrap(), None);
        assert!(store.find_secret(&[digest]).await.unwrap().is_none());
        assert!(store.secrets(organisation, id).await.unwrap().is_empty());
        assert!(
            store
                .key_usage(organisation, id, at(0), at(1))
                .await
                .unwrap()
                .is_empty()
        );
        for table in ["keys", "secrets", "key_labels", "usage_hours"] {
            let rows = store
                .database()
                .readers()
                .query(&format!("SELECT * FROM {table}"), &[])
                .await;
            assert!(rows.unwrap().is_empty(), "{table}");
        }
        // Its text is out of the index too: a key that comes after it is not found by its words.
        store.insert(&sample_key(organisation, 2)).await;
        let found = store
            .keys(organisation, query(Some("billing")), "t")
            .await
            .unwrap();
        assert!(found.items.is_empty());
    }
}

fn query(q: Option<&str>) -> KeyQuery {
    KeyQuery {
        now: at(1_770_000_000_000_000),
        window: Span::days(14),
        status: StatusFilter::All,
        q: q.map(str::to_owned),
        limit: 50,
        ..KeyQuery::default()
    }
}

#[tokio::test]
async fn use_is_noted_once_and_never_goes_back() {
    for store in stores().await {
        let organisation = store.organisation;
        let key = store.insert(&sample_key(organisation, 1)).await.id;
        let uses = [
            (key, at(50), Some("a".to_owned())),
            (key, at(40), Some("b".to_owned())),
            (key, at(50), None),
        ];
        store.change(async move |tx| tx.note_uses(&uses).await).await;
        let noted = store.key(organisation, key).await.unwrap().unwrap();
        assert_eq!(
            (noted.last_used_at, noted.last_used_ip.as_deref()),
            (Some(at(50)), Some("a"))
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn numbers_count_from_one_in_each_organisation_without_a_repeat() {
    for store in stores().await {
        let organisations = [store.organisation, store.add_organisation("other").await];
        let mut tasks = Vec::new();
        for task in 0..60 {
            let organisation = organisations[task % 2];
            let store = store.store.clone();
            tasks.push(tokio::spawn(async move {
                let written = store.write::<_, StoreError, _>(async move |tx| {
                    let number = tx.next_key_number(organisation).await?;
                    tx.insert_key(&sample_key(organisation, number)).await?;
                    Ok(number)
                });
                (organisation, written.await.unwrap().value)
            }));
        }
        let mut given = BTreeSet::new();
        for task in tasks {
            assert!(given.insert(task.await.unwrap()), "no number twice");
        }
        for organisation in organisations {
            let numbers: Vec<i64> = given
                .iter()
                .filter(|one| one.0 == organisation)
                .map(|one| one.1)
                .collect();
            assert_eq!(numbers, (1..=30).collect::<Vec<_>>());
        }
        let twice = sample_key(store.organisation, 7);
        let refused = store
            .write::<_, StoreError, _>(async move |tx| tx.insert_key(&twice).await)
            .await;
        assert!(matches!(refused, Err(StoreError::Conflict { .. })));
    }
}

/// One of everything in `organisation`, distinguishable by `byte`.
async fn furnish(store: &TestStore, organisation: OrganisationId, byte: u8) -> Key {
    let key = Key {
        tags: vec!["shared".to_owned()],
        permissions: ["orders:view".parse().unwrap()].into_iter().collect(),
        name: "Shared words".to_owned(),
        ..sample_key(organisation, 1)
    };
    store.insert(&key).await;
    let id = DataKeyId::fresh(&SystemClock, &SystemRandom);
    let mut secret = sample_secret(&key, byte);
    secret.sealed = Some((vec![byte; 40], id));
    let key_id = key.id;
    store
        .change(async move |tx| {
            let wrapped = WrappedDataKey {
                kek: KekVersion::new(1),
                bytes: vec![byte; 60],
            };
            tx.insert_data_key(organisation, id, &wrapped).await?;
            tx.insert_secret(&secret).await?;
            let count = Count {
                organisation,
                key: key_id,
                hour: at(0),
                code: domain::decide::Code::Valid,
                count: 1,
            };
            tx.add_usage(&[count]).await?;
            tx.remember(
                organisation,
                &sample_actor("Ann"),
                "same",
                &Remembered {
                    fingerprint: [byte; 32],
                    target: key_id,
                },
            )
            .await?;
            tx.insert_setup_link(organisation, [byte; 32], at(i64::MAX))
                .await?;
            tx.record(organisation, event(key_id.to_string()));
            Ok(())
        })
        .await;
    key
}

fn event(target: String) -> domain::audit::Event {
    domain::audit::Event {
        at: at(1_760_000_000_000_000),
        actor: sample_actor("Ann"),
        action: "key.create",
        target: domain::audit::Target {
            kind: "key".to_owned(),
            id: target,
            name: "n".to_owned(),
        },
        request_id: None,
        ip: None,
        changes: serde_json::json!({}),
    }
}

#[tokio::test]
async fn no_reader_gives_another_organisations_rows() {
    for store in stores().await {
        let (mine, other) = (store.organisation, store.add_organisation("other").await);
        furnish(&store, mine, 1).await;
        let theirs = furnish(&store, other, 2).await;
        let secret = store.secrets(other, theirs.id).await.unwrap()[0].id;

        assert_eq!(store.key(mine, theirs.id).await.unwrap(), None);
        assert!(store.secrets(mine, theirs.id).await.unwrap().is_empty());
        assert!(
            store
                .key_usage(mine, theirs.id, at(0), at(9))
                .await
                .unwrap()
                .is_empty()
        );
        assert_eq!(
            store
                .key_usage(other, theirs.id, at(0), at(9))
                .await
                .unwrap()
                .len(),
            1
        );
        assert_eq!(
            store.key_summary(mine, at(0), Span::days(1)).await.unwrap().total,
            1
        );
        for q in [None, Some("shared words"), Some("sh")] {
            for filtered in [
                query(q),
                KeyQuery {
                    tag: Some("shared".to_owned()),
                    ..query(q)
                },
                KeyQuery {
                    permission: Some("orders:view".to_owned()),
                    ..query(q)
                },
                KeyQuery {
                    created_by: Some("ann".to_owned()),
                    ..query(q)
                },
                KeyQuery {
                    status: StatusFilter::Live,
                    ..query(q)
                },
            ] {
                let items = store.keys(mine, filtered, "t").await.unwrap().items;
                assert_eq!(
                    items.iter().map(|key| key.organisation).collect::<Vec<_>>(),
                    [mine]
                );
            }
        }
        let target = AuditQuery {
            target: Some(theirs.id.to_string()),
            ..AuditQuery::default()
        };
        assert!(
            store
                .audit_page(mine, target.clone(), i64::MAX, 9)
                .await
                .unwrap()
                .is_empty()
        );
        assert_eq!(
            store.audit_page(other, target, i64::MAX, 9).await.unwrap().len(),
            1
        );
        assert_eq!(store.audit_walk(mine, 0, 9).await.unwrap().len(), 1);
        let nobody = OrganisationId::fresh(&SystemClock, &SystemRandom);
        assert!(store.audit_walk(nobody, 0, 9).await.unwrap().is_empty());
        assert_eq!(store.audit_head(nobody).await.unwrap().seq, 0);
        assert_eq!(store.tenant(nobody).await.unwrap(), None);

        store
            .change(async move |tx| {
                assert_eq!(tx.key(mine, theirs.id).await?, None);
                assert!(tx.secrets(mine, theirs.id).await?.is_empty());
                assert!(tx.sealed_secret(mine, theirs.id).await?.is_none());
                tx.erase_sealed(mine, theirs.id).await?;
                assert!(tx.sealed_secret(other, theirs.id).await?.is_some());
                assert_eq!(tx.data_key(mine).await?.unwrap().1.bytes, vec![1; 60]);
                assert_eq!(tx.data_key(other).await?.unwrap().1.bytes, vec![2; 60]);
                assert_eq!(
                    tx.remembered(mine, &sample_actor("Ann"), "same")
                        .await?
                        .unwrap()
                        .fingerprint,
                    [1; 32]
                );
                assert_eq!(tx.take_setup_link([2; 32]).await?, Some(other));
                // Writes that name the wrong organisation do nothing.
                tx.end_secret(mine, theirs.id, secret, at(5)).await?;
                tx.rewrite_digest(mine, secret, Digest::from_bytes([9; 32]), Scheme::Sha256)
                    .await?;
                tx.erase_key(mine, theirs.id).await?;
                let mut moved = Key {
                    organisation: mine,
                    name: "stolen".to_owned(),
                    tags: Vec::new(),
                    ..theirs.clone()
                };
                let refused = tx.update_key(&theirs, &mut moved).await;
                assert!(matches!(refused, Err(StoreError::RowMissing)), "{refused:?}");
                Ok(())
            })
            .await;
        let found = store
            .find_secret(&[Digest::from_bytes([2; 32])])
            .await
            .unwrap()
            .unwrap();
        assert_eq!(
            (found.organisation, found.secret_ends_at, &*found.name),
            (other, None, "Shared words")
        );
        let tagged = KeyQuery {
            tag: Some("shared".to_owned()),
            ..query(Some("shared"))
        };
        assert_eq!(store.keys(other, tagged, "t").await.unwrap().items.len(), 1);
    }
}
