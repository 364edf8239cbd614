//! A token finds its key by its digest; what is used once is used once.

use domain::clock::{SystemClock, SystemRandom, Timestamp};
use domain::decide::Code;
use domain::id::DataKeyId;
use domain::key::Key;
use domain::organisation::OrganisationStatus;
use domain::secret::{Digest, KekVersion, PepperVersion, Scheme, WrappedDataKey};
use store::idempotency::Remembered;
use store::secrets::{Lean, NewSecret};
use store::testkit::{sample_actor, sample_key, sample_secret, stores};
use store::usage::Count;
use store::{StoreError, params};

fn at(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros)
}

fn digest(byte: u8) -> Digest {
    Digest::from_bytes([byte; 32])
}

fn hmac(version: u32) -> Scheme {
    Scheme::Hmac {
        pepper: PepperVersion::new(version),
    }
}

#[tokio::test]
async fn a_presented_token_finds_all_that_a_decision_needs() {
    for store in stores().await {
        let organisation = store.organisation;
        let key = Key {
            permissions: ["orders:view".parse().unwrap()].into_iter().collect(),
            networks: vec!["10.0.0.0/8".parse().unwrap()],
            metadata: serde_json::from_str("{\"b\":1,\"a\":2}").unwrap(),
            expires_at: Some(at(1_900_000_000_000_000)),
            ..sample_key(organisation, 1)
        };
        let key = store.insert(&key).await;
        let secret = sample_secret(&key, 1);
        let (id, key_id) = (secret.id, key.id);
        store
            .change(async move |tx| tx.insert_secret(&secret).await)
            .await;
        let found = store.find_secret(&[digest(9), digest(1)]).await.unwrap().unwrap();
        assert_eq!(
            (found.secret, found.key, found.organisation),
            (id, key_id, organisation)
        );
        assert_eq!(
            (found.digest, found.scheme, found.secret_ends_at),
            (digest(1), hmac(1), None)
        );
        assert_eq!(
            (&*found.name, found.owner, found.enabled, found.over),
            (&*key.name, key.owner, true, false)
        );
        assert_eq!(
            (found.expires_at, &found.permissions, &found.networks),
            (key.expires_at, &key.permissions, &key.networks)
        );
        assert_eq!(found.metadata, "{\"b\":1,\"a\":2}");
        assert_eq!(
            (&*found.organisation_slug, found.organisation_status),
            ("acme", OrganisationStatus::Active)
        );
        assert!(store.find_secret(&[digest(2)]).await.unwrap().is_none());

        store
            .change(async move |tx| {
                tx.end_secret(organisation, key_id, id, at(77)).await?;
                tx.set_status(organisation, OrganisationStatus::Suspended).await?;
                let before = tx.key(organisation, key_id).await?.unwrap();
                let mut key = Key {
                    enabled: false,
                    deleted_at: Some(at(5)),
                    ..before.clone()
                };
                tx.update_key(&before, &mut key).await
            })
            .await;
        let found = store.find_secret(&[digest(1)]).await.unwrap().unwrap();
        assert_eq!(
            (found.secret_ends_at, found.enabled, found.over),
            (Some(at(77)), false, true)
        );
        assert_eq!(found.organisation_status, OrganisationStatus::Suspended);
    }
}

#[tokio::test]
async fn a_keyed_digest_outranks_a_plain_one() {
    for store in stores().await {
        let plain = store.insert(&sample_key(store.organisation, 1)).await;
        let keyed = store.insert(&sample_key(store.organisation, 2)).await;
        let secrets = [
            NewSecret {
                scheme: Scheme::Sha256,
                ..sample_secret(&plain, 1)
            },
            NewSecret {
                scheme: hmac(3),
                ..sample_secret(&keyed, 2)
            },
        ];
        store
            .change(async move |tx| {
                for secret in &secrets {
                    tx.insert_secret(secret).await?;
                }
                assert!(tx.has_secret(&[digest(8), digest(2)]).await?);
                assert!(!tx.has_secret(&[digest(8)]).await?);
                Ok(())
            })
            .await;
        for order in [[digest(1), digest(2)], [digest(2), digest(1)]] {
            assert_eq!(store.find_secret(&order).await.unwrap().unwrap().key, keyed.id);
        }
        assert_eq!(
            store.find_secret(&[digest(1)]).await.unwrap().unwrap().scheme,
            Scheme::Sha256
        );
    }
}

#[tokio::test]
async fn a_key_has_at_most_one_current_secret_and_a_token_one_key() {
    for store in stores().await {
        let organisation = store.organisation;
        let key = store.insert(&sample_key(organisation, 1)).await;
        let other = store.insert(&sample_key(organisation, 2)).await;
        let (first, second) = (sample_secret(&key, 1), sample_secret(&key, 2));
        let (key_id, first_id) = (key.id, first.id);
        store.change(async move |tx| tx.insert_secret(&first).await).await;
        let again = second.clone();
        let refused = store
            .write::<_, StoreError, _>(async move |tx| tx.insert_secret(&again).await)
            .await;
        assert!(
            matches!(refused, Err(StoreError::Conflict { .. })),
            "a second current one"
        );
        let same = sample_secret(&other, 1);
        let refused = store
            .write::<_, StoreError, _>(async move |tx| tx.insert_secret(&same).await)
            .await;
        assert!(
            matches!(refused, Err(StoreError::Conflict { .. })),
            "the same token"
        );
        let last = second.id;
        let later = NewSecret {
            created_at: at(second.created_at.as_micros() + 1),
            ..second
        };
        store
            .change(async move |tx| {
                tx.end_secret(organisation, key_id, first_id, at(50)).await?;
                tx.insert_secret(&later).await
            })
            .await;
        let secrets = store.secrets(organisation, key_id).await.unwrap();
        assert_eq!(
            secrets.iter().map(|s| (s.id, s.ends_at)).collect::<Vec<_>>(),
            [(last, None), (first_id, Some(at(50)))]
        );
    }
}

#[tokio::test]
async fn a_digest_is_rewritten_in_place() {
    for store in stores().await {
        let organisation = store.organisation;
        let key = store.insert(&sample_key(organisation, 1)).await;
        let secret = NewSecret {
            scheme: Scheme::Sha256,
            ..sample_secret(&key, 1)
        };
        let id = secret.id;
        store
            .change(async move |tx| tx.insert_secret(&secret).await)
            .await;
        let lean = |scheme, live, total| Lean { scheme, live, total };
        assert_eq!(
            store.secrets_by_scheme(at(0)).await.unwrap(),
            [lean(Scheme::Sha256, 1, 1)]
        );
        store
            .change(async move |tx| tx.rewrite_digest(organisation, id, digest(2), hmac(2)).await)
            .await;
        assert!(store.find_secret(&[digest(1)]).await.unwrap().is_none());
        let found = store.find_secret(&[digest(2)]).await.unwrap().unwrap();
        assert_eq!((found.secret, found.scheme), (id, hmac(2)));
        let key_id = key.id;
        store
            .change(async move |tx| tx.end_secret(organisation, key_id, id, at(10)).await)
            .await;
        assert_eq!(
            store.secrets_by_scheme(at(9)).await.unwrap(),
            [lean(hmac(2), 1, 1)]
        );
        assert_eq!(
            store.secrets_by_scheme(at(10)).await.unwrap(),
            [lean(hmac(2), 0, 1)]
        );
    }
}

#[tokio::test]
async fn a_sealed_secret_comes_back_with_its_data_key_until_it_is_replaced() {
    for store in stores().await {
        let organisation = store.organisation;
        let key = store.insert(&sample_key(organisation, 1)).await.id;
        let ids = [1, 2].map(|_| DataKeyId::fresh(&SystemClock, &SystemRandom));
        let wrapped = |kek, byte| WrappedDataKey {
            kek: KekVersion::new(kek),
            bytes: vec![byte; 61],
        };
        let mut secret = sample_secret(&sample_key(organisation, 1), 1);
        (secret.key, secret.sealed) = (key, Some((vec![5; 99], ids[0])));
        let id = secret.id;
        store
            .change(async move |tx| {
                assert_eq!(tx.data_key(organisation).await?, None);
                tx.insert_data_key(organisation, ids[0], &wrapped(1, 7)).await?;
                tx.insert_secret(&secret).await?;
                assert_eq!(tx.data_key(organisation).await?, Some((ids[0], wrapped(1, 7))));
                Ok(())
            })
            .await;
        store
            .change(async move |tx| {
                tx.insert_data_key(organisation, ids[1], &wrapped(2, 8)).await?;
                assert_eq!(
                    tx.data_key(organisation).await?,
                    Some((ids[1], wrapped(2, 8))),
                    "the youngest"
                );
                Ok(())
            })
            .await;
        let sealed = async || {
            let read = store.change(async move |tx| tx.sealed_secret(organisation, key).await);
            read.await
        };
        let kept = sealed().await.unwrap();
        assert_eq!(
            (kept.secret, kept.ciphertext, kept.data_key),
            (id, vec![5; 99], wrapped(1, 7))
        );
        assert!(store.secrets(organisation, key).await.unwrap()[0].revealable);
        assert_eq!(
            store.data_keys_by_kek().await.unwrap(),
            [(KekVersion::new(1), 1), (KekVersion::new(2), 1)]
        );
        store
            .change(async move |tx| tx.end_secret(organisation, key, id, at(10)).await)
            .await;
        assert!(sealed().await.is_none());
        assert!(!store.secrets(organisation, key).await.unwrap()[0].revealable);
        let left = store
            .database()
            .readers()
            .query(
                "SELECT 1 FROM sealed_secrets WHERE ciphertext = $1",
                params![vec![5; 99]],
            )
            .await;
        assert!(left.unwrap().is_empty(), "no ciphertext stays");
    }
}

#[tokio::test]
async fn tokens_whose_data_key_was_destroyed_are_erased_in_batches_and_no_others() {
    for store in stores().await {
        let (mine, other) = (store.organisation, store.add_organisation("other").await);
        let ids = [(mine, 0), (other, 1)].map(|whose| (whose, DataKeyId::fresh(&SystemClock, &SystemRandom)));
        let mut keys = Vec::new();
        for ((organisation, byte), data_key) in ids {
            store
                .change(async move |tx| {
                    let wrapped = WrappedDataKey {
                        kek: KekVersion::new(1),
                        bytes: vec![byte; 61],
                    };
                    tx.insert_data_key(organisation, data_key, &wrapped).await
                })
                .await;
            for number in 0..7 {
                let key = store
                    .insert(&sample_key(organisation, i64::from(number) + 1))
                    .await;
                let secret = NewSecret {
                    sealed: Some((vec![9; 90], data_key)),
                    ..sample_secret(&key, byte * 100 + number)
                };
                store
                    .change(async move |tx| tx.insert_secret(&secret).await)
                    .await;
                keys.push(key);
            }
        }
        assert!(!store.has_unopenable().await.unwrap());
        let count = store
            .change(async move |tx| tx.destroy_data_keys(mine).await)
            .await;
        assert_eq!(count, 7);
        // At once nothing opens them, whatever is still there.
        assert!(!store.secrets(mine, keys[0].id).await.unwrap()[0].revealable);
        let first = (mine, keys[0].id);
        let sealed = store.change(async move |tx| tx.sealed_secret(first.0, first.1).await);
        assert!(sealed.await.is_none());
        assert!(store.has_unopenable().await.unwrap());

        let left = async || -> i64 {
            let sql = "SELECT COUNT(*) FROM sealed_secrets WHERE ciphertext = $1";
            let row = store
                .database()
                .readers()
                .query_one(sql, params![vec![9; 90]])
                .await;
            row.unwrap().get(0).unwrap()
        };
        let mut rest = Vec::new();
        while store.change(async |tx| tx.erase_unopenable(3).await).await {
            rest.push(left().await - 7);
        }
        assert_eq!(rest, [4, 1, 0, 0], "a batch in each transaction");
        assert!(!store.has_unopenable().await.unwrap());
        let theirs = keys.iter().filter(|key| key.organisation == other);
        for key in theirs {
            assert!(store.secrets(other, key.id).await.unwrap()[0].revealable);
        }
        assert!(store.settle_erasures().await.unwrap());
    }
}

#[tokio::test]
async fn a_remembered_answer_is_given_to_its_own_actor_until_it_is_forgotten() {
    for store in stores().await {
        let organisation = store.organisation;
        let target = sample_key(organisation, 1).id;
        let answer = Remembered {
            fingerprint: [3; 32],
            target,
        };
        let given = answer.clone();
        store
            .change(async move |tx| {
                tx.remember(organisation, &sample_actor("Ann"), "token", &given)
                    .await
            })
            .await;
        let again = answer.clone();
        let twice = store.write::<_, StoreError, _>(async move |tx| {
            tx.remember(organisation, &sample_actor("Ann"), "token", &again)
                .await
        });
        assert!(matches!(twice.await, Err(StoreError::Conflict { .. })));
        store
            .change(async move |tx| {
                assert_eq!(
                    tx.remembered(organisation, &sample_actor("Ann"), "token").await?,
                    Some(answer)
                );
                assert_eq!(
                    tx.remembered(organisation, &sample_actor("Bob"), "token").await?,
                    None
                );
                assert_eq!(
                    tx.remembered(organisation, &sample_actor("Ann"), "other").await?,
                    None
                );
                assert_eq!(tx.forget_answers(at(1)).await?, 0);
                assert_eq!(tx.forget_answers(at(i64::MAX)).await?, 1);
                assert_eq!(
                    tx.remembered(organisation, &sample_actor("Ann"), "token").await?,
                    None
                );
                Ok(())
            })
            .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_who_take_a_set_up_link_one_wins() {
    for store in stores().await {
        let organisation = store.organisation;
        store
            .change(async move |tx| {
                tx.insert_setup_link(organisation, [1; 32], at(i64::MAX)).await?;
                tx.insert_setup_link(organisation, [2; 32], at(1)).await
            })
            .await;
        assert!(store.has_setup_link([1; 32], at(5)).await.unwrap());
        assert!(!store.has_setup_link([2; 32], at(1)).await.unwrap(), "over");
        let takers: Vec<_> = (0..16)
            .map(|_| {
                let store = store.store.clone();
                tokio::spawn(async move {
                    store
                        .write::<_, StoreError, _>(async move |tx| tx.take_setup_link([1; 32]).await)
                        .await
                        .unwrap()
                        .value
                })
            })
            .collect();
        let mut winners = 0;
        for taker in takers {
            winners += usize::from(taker.await.unwrap() == Some(organisation));
        }
        assert_eq!(winners, 1);
        assert!(!store.has_setup_link([1; 32], at(5)).await.unwrap());
        assert_eq!(
            store
                .change(async move |tx| tx.take_setup_link([2; 32]).await)
                .await,
            None
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn counts_of_use_add_up() {
    const HOUR: i64 = 3_600_000_000;
    for store in stores().await {
        let organisation = store.organisation;
        let key = store.insert(&sample_key(organisation, 1)).await.id;
        let count = move |hour, code, count| Count {
            organisation,
            key,
            hour: at(hour * HOUR),
            code,
            count,
        };
        let adding: Vec<_> = (0..20)
            .map(|_| {
                let store = store.store.clone();
                tokio::spawn(async move {
                    let counts = [
                        count(1, Code::Valid, 2),
                        count(1, Code::Revoked, 1),
                        count(2, Code::Valid, 5),
                    ];
                    store
                        .write::<_, StoreError, _>(async move |tx| tx.add_usage(&counts).await)
                        .await
                        .unwrap();
                })
            })
            .collect();
        for one in adding {
            one.await.unwrap();
        }
        let mut counted = store
            .key_usage(organisation, key, at(HOUR), at(3 * HOUR))
            .await
            .unwrap();
        counted.sort_by_key(|one| (one.hour, one.count));
        assert_eq!(
            counted,
            [
                count(1, Code::Revoked, 20),
                count(1, Code::Valid, 40),
                count(2, Code::Valid, 100)
            ]
        );
        assert_eq!(
            store
                .key_usage(organisation, key, at(HOUR), at(2 * HOUR))
                .await
                .unwrap()
                .len(),
            2,
            "until before"
        );
        assert!(
            store
                .key_usage(organisation, key, at(2 * HOUR + 1), at(9 * HOUR))
                .await
                .unwrap()
                .is_empty()
        );
    }
}

#[tokio::test]
async fn foreign_prefixes_are_noted_once() {
    for store in stores().await {
        let organisation = store.organisation;
        for prefix in ["gh_", "*", "gh_"] {
            store
                .change(async move |tx| tx.add_foreign_prefix(organisation, prefix).await)
                .await;
        }
        let mut prefixes = store.foreign_prefixes().await.unwrap();
        prefixes.sort();
        assert_eq!(prefixes, ["*", "gh_"]);
    }
}
