//! What is found about keys and service accounts, and what is remembered of it, is the same on both engines, and what a plain
//! rule over all of them says.
#![expect(clippy::unwrap_used, reason = "a fault stops the test")]

use std::collections::BTreeSet;
use std::time::Duration;

use domain::account::Account;
use domain::anomaly::Anomaly;
use domain::clock::{SystemClock, SystemRandom, Timestamp};
use domain::decide::Code;
use domain::finding::Sought;
use domain::id::{AccountId, KeyId, OrganisationId};
use domain::key::{Key, Owner, Status};
use domain::latency::Histogram;
use domain::span::Span;
use store::idle::Idle;
use store::keys::{KeyQuery, KeySort, StatusFilter};
use store::testkit::{TestStore, sample_actor, sample_key, stores};
use store::usage::{Answers, ENOUGH, Required};

const DAY: Duration = Duration::from_secs(86_400);
const MAX: Timestamp = Timestamp::from_micros(1_760_000_000_000_000);

fn ago(days: u32) -> Timestamp {
    MAX.minus(DAY * days)
}

fn account(organisation: OrganisationId, name: &str, active: bool) -> Account {
    Account {
        id: AccountId::fresh(&SystemClock, &SystemRandom),
        organisation,
        name: name.to_owned(),
        username: name.to_owned(),
        email: None,
        partner: String::new(),
        owner: None,
        purpose: String::new(),
        tags: Vec::new(),
        roles: Vec::new(),
        rate_limits: Vec::new(),
        active,
        deleted_at: None,
        created_at: ago(300),
        created_by: sample_actor("Ann"),
        version: 1,
    }
}

fn query(sought: Sought, sort: KeySort, limit: u32) -> KeyQuery {
    KeyQuery {
        now: MAX,
        window: Span::days(30),
        status: StatusFilter::In(vec![Status::Active]),
        finding: Some(sought),
        sort,
        limit,
        ..KeyQuery::default()
    }
}

/// Keys of many ages, uses, ends, limits and owners.
async fn crowd(store: &TestStore) -> (Vec<Key>, AccountId) {
    let organisation = store.organisation;
    let accounts = [
        account(organisation, "working", true),
        account(organisation, "stopped", false),
    ];
    let [working, stopped] = accounts.clone().map(|one| one.id);
    store
        .change(async move |tx| {
            for one in &accounts {
                tx.insert_account(one).await?;
            }
            Ok(())
        })
        .await;
    let keys: Vec<Key> = (0..96_u32)
        .map(|n| {
            let mut key = sample_key(organisation, i64::from(n) + 1);
            key.created_at = ago(400 - 4 * n);
            key.rotated_at = key.created_at.max(ago(100 + n));
            key.last_used_at = (n % 3 > 0).then(|| key.created_at.max(ago(2 * n)));
            key.expires_at = (n % 4 > 0).then(|| MAX.plus(DAY * n).minus(DAY * 10));
            key.enabled = n % 7 > 0;
            if n % 5 == 0 {
                key.rate_limits = vec![domain::limits::RateLimit::by_default("10/1s".parse().unwrap())];
            }
            if n % 5 == 1 {
                key.quota = Some("100/day".parse().unwrap());
            }
            key.owner = match n % 6 {
                2 => Owner::ServiceAccount(working),
                1 => Owner::ServiceAccount(stopped),
                _ => key.owner,
            };
            key
        })
        .collect();
    (store.insert_all(&keys).await, stopped)
}

fn woke() -> Anomaly {
    Anomaly::DormantUse {
        at: MAX,
        last_used_before: ago(100),
    }
}

fn moved() -> Anomaly {
    Anomaly::NewNetwork {
        at: MAX,
        network: "203.0.113.0/24".to_owned(),
        networks_before: 2,
    }
}

#[tokio::test]
async fn of_an_anomaly_it_is_told_once_a_week_for_each_key_and_kind() {
    for store in stores().await {
        let organisation = store.organisation;
        let key = store.insert_all(&[sample_key(organisation, 1)]).await[0].id;
        let told = store
            .change(async move |tx| {
                let (now, other) = (tx.now(), OrganisationId::from_uuid(uuid::Uuid::from_u128(7)));
                let again = now.plus(DAY);
                Ok([
                    tx.note_anomaly(organisation, key, &woke(), now.minus(DAY))
                        .await?,
                    tx.note_anomaly(organisation, key, &woke(), now.minus(DAY))
                        .await?,
                    tx.note_anomaly(organisation, key, &moved(), now.minus(DAY))
                        .await?,
                    tx.see_anomalies(other, key).await? > 0,
                    tx.see_anomalies(organisation, key).await? == 2,
                    tx.note_anomaly(organisation, key, &woke(), again).await?,
                ])
            })
            .await;
        assert_eq!(told, [true, false, true, false, true, true]);
        let since = ago(10_000);
        let open = store.anomalies(organisation, key, since).await.unwrap();
        let open: Vec<Anomaly> = open.into_iter().map(|(_, anomaly)| anomaly).collect();
        assert_eq!(open, [woke()], "what came again was not looked at");
    }
}

#[tokio::test]
async fn every_finding_is_found_as_a_plain_rule_finds_it_and_counted() {
    for store in stores().await {
        let organisation = store.organisation;
        let (keys, stopped) = crowd(&store).await;
        let (old, weak) = (ago(90), [keys[9].id, keys[14].id, keys[16].id]);
        let odd = [keys[16].id, keys[24].id, keys[20].id];
        let day = ago(1).floor_to(DAY);
        store
            .change(async move |tx| {
                let kept = |key| store::usage::Failing {
                    key,
                    refused: 30,
                    total: 40,
                };
                tx.keep_failing(organisation, day, &weak.map(kept)).await?;
                // One in two ways, one that somebody has looked at.
                for (key, anomaly) in [
                    (odd[0], woke()),
                    (odd[1], woke()),
                    (odd[1], moved()),
                    (odd[2], woke()),
                ] {
                    assert!(tx.note_anomaly(organisation, key, &anomaly, ago(7)).await?);
                }
                assert_eq!(tx.see_anomalies(organisation, odd[2]).await?, 1);
                Ok(())
            })
            .await;
        let accepted =
            |key: &Key| key.enabled && key.expires_at.is_none_or(|end| end > MAX) && !key.is_over();
        type Rule<'a> = Box<dyn Fn(&Key) -> bool + 'a>;
        let rules: [(Sought, KeySort, Rule<'_>); 9] = [
            (
                Sought::Idle(old),
                KeySort::LastUsedAt,
                Box::new(|key: &Key| key.last_used_at.is_some_and(|at| at < old)),
            ),
            (
                Sought::NeverUsed(old),
                KeySort::LastUsedAt,
                Box::new(|key: &Key| key.last_used_at.is_none() && key.created_at < old),
            ),
            (
                Sought::Unrotated(ago(150)),
                KeySort::CreatedAt,
                Box::new(|key: &Key| key.rotated_at < ago(150)),
            ),
            (
                Sought::NoExpiry,
                KeySort::ExpiresAt,
                Box::new(|key: &Key| key.expires_at.is_none()),
            ),
            (
                Sought::Unlimited,
                KeySort::CreatedAt,
                Box::new(|key: &Key| key.rate_limits.is_empty() && key.quota.is_none()),
            ),
            (
                Sought::Orphaned,
                KeySort::Name,
                Box::new(|key: &Key| key.owner == Owner::ServiceAccount(stopped)),
            ),
            (
                Sought::Failing(day),
                KeySort::CreatedAt,
                Box::new(|key: &Key| weak.contains(&key.id)),
            ),
            (
                Sought::Unusual(ago(30)),
                KeySort::CreatedAt,
                Box::new(|key: &Key| odd[..2].contains(&key.id)),
            ),
            (Sought::Nothing, KeySort::CreatedAt, Box::new(|_: &Key| false)),
        ];
        for (sought, sort, rule) in rules {
            let expected: BTreeSet<KeyId> = keys
                .iter()
                .filter(|key| accepted(key) && rule(key))
                .map(|key| key.id)
                .collect();
            assert_eq!(expected.is_empty(), sought == Sought::Nothing, "{sought:?}");
            let asked = query(sought, sort, 200);
            let found = store.keys(store.organisation, asked.clone(), "t").await.unwrap();
            let found: BTreeSet<KeyId> = found.items.iter().map(|key| key.id).collect();
            assert_eq!(found, expected, "{:?} {sought:?}", store.engine());
            let counted = store.count_keys(store.organisation, &asked, 1_000).await.unwrap();
            assert_eq!(counted, expected.len() as i64, "{:?} {sought:?}", store.engine());
            let few = store.count_keys(store.organisation, &asked, 1).await.unwrap();
            assert_eq!(few, counted.min(2), "{sought:?}: counted no further than asked");
        }
    }
}

#[tokio::test]
async fn a_key_is_idle_since_it_was_last_used_made_or_switched_on_and_told_of_once() {
    for store in stores().await {
        let organisation = store.organisation;
        let (keys, _) = crowd(&store).await;
        let before = ago(90);
        let since = |key: &Key| key.last_used_at.unwrap_or(key.created_at);
        let expected: BTreeSet<KeyId> = keys
            .iter()
            .filter(|key| key.enabled && key.expires_at.is_none_or(|end| end > MAX) && since(key) < before)
            .map(|key| key.id)
            .collect();
        let idle = async |untold| {
            let idle = store.idle_keys(organisation, before, MAX, untold, 500).await;
            idle.unwrap()
        };
        let found = idle(false).await;
        assert!(found.len() > 5);
        assert_eq!(
            found.iter().map(|one| one.id).collect::<BTreeSet<_>>(),
            expected,
            "{:?}",
            store.engine()
        );
        for one in &found {
            let key = keys.iter().find(|key| key.id == one.id).unwrap();
            assert_eq!(one.since, since(key));
        }
        // Who is told is not told again of the same stretch.
        let first = found[0];
        for told in [true, false] {
            let noted = store
                .change(async move |tx| {
                    tx.note_told_idle(organisation, first.id.uuid(), first.since)
                        .await
                })
                .await;
            assert_eq!(noted, told);
        }
        assert_eq!(idle(true).await.len(), found.len() - 1);
        assert_eq!(idle(false).await.len(), found.len());
        // Switched on again, its time begins anew: now, which is long after the sample's.
        let awake = found[1].id;
        store
            .change(async move |tx| tx.note_awake(organisation, awake.uuid()).await)
            .await;
        let left = idle(false).await;
        assert!(!left.iter().any(|one| one.id == awake));
        let told = store
            .change(async move |tx| {
                let mut all = Vec::new();
                for id in [first.id, awake] {
                    all.push(tx.key_idle_since(organisation, id).await?);
                }
                Ok(all)
            })
            .await;
        assert_eq!(told[0], Some(first.since));
        assert!(told[1] > Some(MAX));
        // What is erased leaves nothing behind.
        let gone = first.id;
        store
            .change(async move |tx| tx.erase_key(organisation, gone).await)
            .await;
        let sql = "SELECT COUNT(*) FROM idle_watch WHERE subject = $1";
        let row = store
            .database()
            .readers()
            .query_one(sql, store::params![gone])
            .await;
        assert_eq!(row.unwrap().get::<i64>(0).unwrap(), 0);
    }
}

#[tokio::test]
async fn a_service_account_is_idle_since_the_last_of_its_keys_was_used() {
    for store in stores().await {
        let organisation = store.organisation;
        crowd(&store).await;
        let idle = async |days, untold| {
            let idle = store.idle_accounts(organisation, ago(days), untold, 10).await;
            idle.unwrap()
        };
        let found = idle(2, false).await;
        let [Idle { id, since }] = found[..] else {
            panic!("{:?}: {found:?}", store.engine());
        };
        // Of the key that was used last of those of the account that works.
        assert_eq!(since, ago(4), "{:?}", store.engine());
        assert_eq!(idle(20, false).await, []);
        let told = store
            .change(async move |tx| tx.note_told_idle(organisation, id.uuid(), since).await)
            .await;
        assert!(told);
        assert_eq!(idle(2, true).await, []);
        let seen = store
            .change(async move |tx| tx.account_idle_since(organisation, id).await)
            .await;
        assert_eq!(seen, Some(since));
    }
}

#[tokio::test]
async fn a_key_fails_when_it_is_refused_often_and_more_often_than_not() {
    for store in stores().await {
        let organisation = store.organisation;
        let keys: Vec<Key> = (1..=4).map(|n| sample_key(organisation, n)).collect();
        let keys = store.insert_all(&keys).await;
        let day = ago(1).floor_to(DAY);
        let count = |key: usize, code, count, at| {
            let mut latency = Histogram::default();
            (0..count).for_each(|_| latency.add(100));
            Answers {
                organisation,
                key: keys[key].id,
                at,
                api: None,
                code,
                count,
                latency,
            }
        };
        let all = vec![
            // As often refused as accepted: not yet.
            count(0, Code::Valid, ENOUGH, day),
            count(0, Code::Expired, ENOUGH, day),
            // Over two days.
            count(1, Code::Valid, 3, day),
            count(1, Code::Revoked, ENOUGH / 2, day),
            count(1, Code::RateLimited, ENOUGH / 2, day.plus(DAY)),
            // Too few to matter.
            count(2, Code::Expired, ENOUGH - 1, day),
            // Long ago.
            count(3, Code::Expired, 10 * ENOUGH, day.minus(DAY)),
        ];
        store.change(async move |tx| tx.add_answers(&all).await).await;
        let failing = store.failing_since(organisation, day).await.unwrap();
        assert_eq!(failing.len(), 1, "{:?}: {failing:?}", store.engine());
        assert_eq!(
            (failing[0].key, failing[0].refused, failing[0].total),
            (keys[1].id, ENOUGH, ENOUGH + 3)
        );
        for kept in [failing, Vec::new()] {
            let keeping = kept.clone();
            store
                .change(async move |tx| tx.keep_failing(organisation, day, &keeping).await)
                .await;
            assert_eq!(store.kept_failing(organisation, day).await.unwrap(), kept);
        }
    }
}

#[tokio::test]
async fn what_was_required_is_kept_with_the_last_day() {
    for store in stores().await {
        let organisation = store.organisation;
        let key = store.insert(&sample_key(organisation, 1)).await;
        let asked = |required: &str, days| Required {
            organisation,
            key: key.id,
            required: required.to_owned(),
            day: ago(days).floor_to(DAY),
        };
        let all = vec![
            asked("orders:view", 9),
            asked("orders:view", 2),
            asked("orders:view", 5),
            asked("", 40),
        ];
        store.change(async move |tx| tx.note_required(&all).await).await;
        let since = async |days| {
            let found = store.required_of(organisation, key.id, ago(days)).await;
            found.unwrap()
        };
        let orders = ("orders:view".to_owned(), ago(2).floor_to(DAY));
        assert_eq!(since(30).await, std::slice::from_ref(&orders));
        assert_eq!(since(60).await, [orders, (String::new(), ago(40).floor_to(DAY))]);
        store
            .change(async move |tx| tx.forget_usage(organisation, ago(30), 100).await)
            .await;
        assert_eq!(since(60).await.len(), 1);
    }
}
