//! A list shows every key exactly once, in the order and of the status asked for, alike on both engines.
#![expect(clippy::unwrap_used, reason = "a fault stops the test")]

use domain::clock::Timestamp;
use domain::id::{KeyId, OrganisationId};
use domain::key::{Key, Revocation, Status};
use domain::page::{Cursor, SortValue};
use domain::span::Span;
use store::keys::{KeyQuery, KeySort, StatusFilter};
use store::testkit::{TestStore, sample_actor, sample_key, stores};

const NOW: Timestamp = Timestamp::from_micros(1_770_000_000_000_000);
const WINDOW: Span = Span::days(14);

/// A repeatable stream of numbers (splitmix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides
    }

    fn pick<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.roll(of.len() as u64) as usize].clone()
    }
}

fn query() -> KeyQuery {
    KeyQuery {
        now: NOW,
        window: WINDOW,
        status: StatusFilter::All,
        limit: 500,
        ..KeyQuery::default()
    }
}

/// Keys of every status, at and around every boundary, with few different names and times so that many are equal.
fn mix(organisation: OrganisationId, count: i64, seed: u64) -> Vec<Key> {
    let mut dice = Dice(seed);
    let soon = NOW.plus(WINDOW.duration());
    let moments = [NOW, soon]
        .map(|moment| [-1, 0, 1].map(|step| Some(Timestamp::from_micros(moment.as_micros() + step))));
    let mut ends: Vec<Option<Timestamp>> = moments.concat();
    ends.extend([None, None, Some(Timestamp::from_micros(0))]);
    let names = [
        "alpha", "Alpha", "ÄPFEL", "äpfel", "Zebra", "zebra", "éclair", "東京", "🔑 key", "a b", "a-b",
        "a_b", "~", "ß", "ẞ", "ﬀ",
    ];
    (1..=count)
        .map(|number| {
            let over =
                |dice: &mut Dice| (dice.roll(4) == 0).then(|| Timestamp::from_micros(NOW.as_micros() - 5));
            Key {
                name: dice.pick(&names).to_owned(),
                enabled: dice.roll(4) != 0,
                expires_at: dice.pick(&ends),
                revoked: over(&mut dice).map(|at| Revocation {
                    at,
                    reason: None,
                    by: sample_actor("Bob"),
                }),
                deleted_at: over(&mut dice),
                created_at: Timestamp::from_micros(1_760_000_000_000_000 + dice.roll(20) as i64),
                created_by: sample_actor(dice.pick(&["Ann", "bob", "Åsa", "ann"])),
                last_used_at: dice.pick(&[None, Some(NOW), Some(Timestamp::from_micros(7))]),
                tags: dice.pick(&[
                    vec![],
                    vec!["blue".to_owned()],
                    vec!["Blue".to_owned(), "blue".to_owned()],
                ]),
                permissions: dice
                    .pick(&[vec![], vec!["a:b"], vec!["a:*", "c:d"]])
                    .iter()
                    .map(|p| p.parse().unwrap())
                    .collect(),
                ..sample_key(organisation, number)
            }
        })
        .collect()
}

async fn ids(store: &TestStore, query: KeyQuery) -> Vec<KeyId> {
    let page = store.keys(store.organisation, query, "t").await.unwrap();
    assert_eq!(page.next_cursor, None);
    page.items.iter().map(|key| key.id).collect()
}

/// The same keys, by the same ids, in both engines.
async fn filled(count: i64, seed: u64) -> (Vec<TestStore>, Vec<Key>) {
    let stores = stores().await;
    let keys = mix(stores[0].organisation, count, seed);
    for store in &stores {
        let own: Vec<Key> = keys
            .iter()
            .map(|key| Key {
                organisation: store.organisation,
                ..key.clone()
            })
            .collect();
        store.insert_all(&own).await;
    }
    (stores, keys)
}

/// What a list is sorted by, told once more and independently.
fn sort_value(key: &Key, sort: KeySort) -> (i64, String) {
    match sort {
        KeySort::CreatedAt => (key.created_at.as_micros(), String::new()),
        KeySort::Name => (0, key.name.to_lowercase()),
        KeySort::ExpiresAt => (
            key.expires_at.map_or(i64::MAX, Timestamp::as_micros),
            String::new(),
        ),
        KeySort::CreatedBy => (0, key.created_by.name.to_lowercase()),
        KeySort::LastUsedAt => (key.last_used_at.map_or(0, Timestamp::as_micros), String::new()),
    }
}

#[tokio::test]
async fn every_order_is_the_same_on_both_engines_and_pages_through_all_keys_once() {
    let (stores, keys) = filled(120, 1).await;
    for (name, sort) in KeySort::ALL {
        for descending in [false, true] {
            let mut wanted = keys.clone();
            wanted.sort_by_key(|key| (sort_value(key, sort), key.id));
            if descending {
                wanted.reverse();
            }
            let wanted: Vec<KeyId> = wanted.iter().map(|key| key.id).collect();
            for store in &stores {
                let query = KeyQuery {
                    sort,
                    descending,
                    limit: 7,
                    ..query()
                };
                let mut seen = Vec::new();
                let mut after = None;
                loop {
                    let page = store
                        .keys(
                            store.organisation,
                            KeyQuery {
                                after,
                                ..query.clone()
                            },
                            "t",
                        )
                        .await
                        .unwrap();
                    assert!(page.items.len() == 7 || page.next_cursor.is_none());
                    seen.extend(page.items.iter().map(|key| key.id));
                    let Some(cursor) = page.next_cursor else { break };
                    after = Some(Cursor::decode(&cursor, "t").unwrap());
                }
                assert_eq!(
                    seen,
                    wanted,
                    "{:?} {name} descending {descending}",
                    store.engine()
                );
            }
        }
    }
}

#[tokio::test]
async fn keys_that_come_and_go_between_pages_make_no_other_key_repeat_or_vanish() {
    let (stores, keys) = filled(60, 2).await;
    for (name, sort) in KeySort::ALL {
        for descending in [false, true] {
            for store in &stores {
                let mut number = 10_000
                    + store
                        .key_summary(store.organisation, NOW, WINDOW)
                        .await
                        .unwrap()
                        .total
                        * 100;
                let query = KeyQuery {
                    sort,
                    descending,
                    limit: 9,
                    ..query()
                };
                let mut seen: Vec<KeyId> = Vec::new();
                let (mut after, mut passing) = (None, Vec::new());
                let mut round = 0;
                loop {
                    let page = store
                        .keys(
                            store.organisation,
                            KeyQuery {
                                after,
                                ..query.clone()
                            },
                            "t",
                        )
                        .await
                        .unwrap();
                    seen.extend(page.items.iter().map(|key| key.id));
                    let Some(cursor) = page.next_cursor else { break };
                    after = Some(Cursor::decode(&cursor, "t").unwrap());
                    // Some anywhere, one right beside the cursor; and the one that the cursor names goes.
                    let last = page.items.last().unwrap();
                    number += 10;
                    let mut added = mix(store.organisation, 3, number as u64);
                    added.push(Key {
                        id: domain::id::KeyId::from_uuid(uuid::Uuid::from_u128(number as u128)),
                        ..last.clone()
                    });
                    for key in (0..).zip(&mut added) {
                        key.1.number = number + key.0;
                    }
                    passing.extend(added.iter().map(|key| key.id));
                    store.insert_all(&added).await;
                    round += 1;
                    if round < 4 {
                        let gone: Vec<KeyId> =
                            passing.iter().copied().filter(|id| seen.contains(id)).collect();
                        let organisation = store.organisation;
                        store
                            .change(async move |tx| {
                                for id in gone {
                                    tx.erase_key(organisation, id).await?;
                                }
                                Ok(())
                            })
                            .await;
                    }
                    assert!(seen.len() < 2_000, "it ends");
                }
                let mut once = seen.clone();
                once.sort();
                once.dedup();
                assert_eq!(
                    once.len(),
                    seen.len(),
                    "{:?} {name}: no key twice",
                    store.engine()
                );
                for key in &keys {
                    assert!(
                        seen.contains(&key.id),
                        "{:?} {name}: {} was there all the time",
                        store.engine(),
                        key.id
                    );
                }
                let organisation = store.organisation;
                store
                    .change(async move |tx| {
                        for id in passing {
                            tx.erase_key(organisation, id).await?;
                        }
                        Ok(())
                    })
                    .await;
            }
        }
    }
}

fn matches(status: Status, asked: Status) -> bool {
    status == asked || (asked == Status::Active && status == Status::ExpiringSoon)
}

#[tokio::test]
async fn a_status_asked_for_is_the_status_that_the_domain_computes() {
    for seed in 10..13 {
        let (stores, keys) = filled(150, seed).await;
        let filters = Status::ALL.map(|status| vec![status]).into_iter().chain([
            vec![],
            vec![Status::Expired, Status::Disabled],
            Status::ALL.to_vec(),
        ]);
        for asked in filters {
            let wanted = |key: &&Key| asked.iter().any(|one| matches(key.status(NOW, WINDOW), *one));
            check(
                &stores,
                &keys,
                KeyQuery {
                    status: StatusFilter::In(asked.clone()),
                    ..query()
                },
                wanted,
            )
            .await;
        }
        check(
            &stores,
            &keys,
            KeyQuery {
                status: StatusFilter::Live,
                ..query()
            },
            |key| !key.is_over(),
        )
        .await;
        for store in &stores {
            let count = |status: Status| {
                keys.iter()
                    .filter(|key| matches(key.status(NOW, WINDOW), status))
                    .count() as i64
            };
            let summary = store.key_summary(store.organisation, NOW, WINDOW).await.unwrap();
            assert_eq!(summary.total, 150);
            assert_eq!(summary.active, count(Status::Active));
            assert_eq!(summary.expiring_soon, count(Status::ExpiringSoon));
            assert_eq!(summary.expired, count(Status::Expired));
            assert_eq!(summary.disabled, count(Status::Disabled));
            assert_eq!(summary.revoked, count(Status::Revoked));
            assert_eq!(summary.deleted, count(Status::Deleted));
        }
    }
}

/// That a filter gives exactly the keys that `wanted` says, on both engines, with an order and paging that must not matter.
async fn check(stores: &[TestStore], keys: &[Key], filter: KeyQuery, wanted: impl Fn(&&Key) -> bool) {
    let mut expected: Vec<KeyId> = keys.iter().filter(wanted).map(|key| key.id).collect();
    expected.sort();
    for store in stores {
        for (_, sort) in KeySort::ALL {
            let mut found = ids(
                store,
                KeyQuery {
                    sort,
                    ..filter.clone()
                },
            )
            .await;
            found.sort();
            assert_eq!(found, expected, "{:?} {filter:?}", store.engine());
        }
    }
}

#[tokio::test]
async fn each_filter_gives_exactly_what_it_says() {
    let (stores, keys) = filled(150, 20).await;
    for tag in ["blue", "Blue", "blu", "%", "blue\0", ""] {
        let filter = KeyQuery {
            tag: Some(tag.to_owned()),
            ..query()
        };
        check(&stores, &keys, filter, |key| {
            key.tags.iter().any(|own| own == tag)
        })
        .await;
    }
    for permission in ["a:b", "a:*", "c:d", "a:c", "nonsense", "\0"] {
        let filter = KeyQuery {
            permission: Some(permission.to_owned()),
            ..query()
        };
        check(&stores, &keys, filter, |key| {
            key.permissions.iter().any(|own| own.to_string() == permission)
        })
        .await;
    }
    for maker in ["ann", "ANN", "n", "åsa", "ÅS", "%", "_", "bob\0"] {
        let filter = KeyQuery {
            created_by: Some(maker.to_owned()),
            ..query()
        };
        check(&stores, &keys, filter, |key| {
            key.created_by.name.to_lowercase().contains(&maker.to_lowercase())
        })
        .await;
    }
    for moment in [
        Timestamp::from_micros(0),
        Timestamp::from_micros(1),
        NOW,
        NOW.plus(WINDOW.duration()),
    ] {
        let filter = KeyQuery {
            expires_before: Some(moment),
            ..query()
        };
        check(&stores, &keys, filter, |key| {
            key.expires_at.is_some_and(|end| end < moment)
        })
        .await;
        let filter = KeyQuery {
            idle_since: Some(moment),
            ..query()
        };
        check(&stores, &keys, filter, |key| {
            key.last_used_at.map_or(0, Timestamp::as_micros) < moment.as_micros()
        })
        .await;
    }
    let all = KeyQuery {
        tag: Some("blue".to_owned()),
        permission: Some("c:d".to_owned()),
        created_by: Some("a".to_owned()),
        status: StatusFilter::In(vec![Status::Active, Status::Disabled, Status::Revoked]),
        q: Some("a".to_owned()),
        ..query()
    };
    check(&stores, &keys, all, |key| {
        key.tags.iter().any(|tag| tag == "blue")
            && key.permissions.iter().any(|own| own.to_string() == "c:d")
            && key.created_by.name.to_lowercase().contains('a')
            && [
                Status::Active,
                Status::ExpiringSoon,
                Status::Disabled,
                Status::Revoked,
            ]
            .contains(&key.status(NOW, WINDOW))
            && format!("{} {}", key.name, key.display)
                .to_lowercase()
                .contains('a')
    })
    .await;
}

#[tokio::test]
async fn filters_follow_an_edit() {
    for store in stores().await {
        let before = store
            .insert(&Key {
                tags: vec!["old".to_owned()],
                ..sample_key(store.organisation, 1)
            })
            .await;
        let mut key = Key {
            tags: vec!["new".to_owned()],
            ..before.clone()
        };
        store
            .change(async move |tx| tx.update_key(&before, &mut key).await)
            .await;
        assert!(
            ids(
                &store,
                KeyQuery {
                    tag: Some("old".to_owned()),
                    ..query()
                }
            )
            .await
            .is_empty()
        );
        assert_eq!(
            ids(
                &store,
                KeyQuery {
                    tag: Some("new".to_owned()),
                    ..query()
                }
            )
            .await
            .len(),
            1
        );
    }
}

#[tokio::test]
async fn a_cursor_of_another_kind_ends_the_list() {
    let (stores, keys) = filled(5, 30).await;
    for store in stores {
        for (sort, value) in [
            (KeySort::Name, SortValue::Int(1)),
            (KeySort::CreatedAt, SortValue::Text("x".to_owned())),
        ] {
            let after = Some(Cursor {
                value,
                id: keys[0].id.uuid(),
            });
            assert!(
                ids(
                    &store,
                    KeyQuery {
                        sort,
                        after,
                        ..query()
                    }
                )
                .await
                .is_empty()
            );
        }
    }
}
