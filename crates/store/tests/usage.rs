//! Usage on both engines: what is read of it, whose it is, and which keys are used most.
#![expect(clippy::expect_used, reason = "a fault stops the test")]

use std::sync::Arc;
use std::time::Duration;

use domain::clock::{SystemClock, SystemRandom, Timestamp};
use domain::decide::Code;
use domain::id::KeyId;
use domain::key::{Key, Owner};
use domain::latency::Histogram;
use store::reports::Report;
use store::testkit::{TestStore, sample_key, stores};
use store::usage::{Answers, Bucket, Days, EVERY_API, Grain, Span, Whose};

const DAY: Duration = Duration::from_secs(86_400);
const HOUR: Duration = Duration::from_secs(3_600);

fn day(n: u32) -> Timestamp {
    Timestamp::from_micros(1_760_000_000_000_000)
        .floor_to(DAY)
        .plus(DAY * n)
}

fn answers(key: &Key, at: Timestamp, code: Code, count: i64, api: Option<&str>) -> Answers {
    let mut latency = Histogram::default();
    (0..count).for_each(|_| latency.add(40));
    Answers {
        organisation: key.organisation,
        key: key.id,
        at,
        api: api.map(Arc::from),
        code,
        count,
        latency,
    }
}

async fn add(store: &TestStore, answers: Vec<Answers>) {
    store.change(async move |tx| tx.add_answers(&answers).await).await;
}

async fn read(store: &TestStore, whose: &Whose, grain: Grain, span: Span<'_>) -> Vec<(Timestamp, Code, i64)> {
    let read = store
        .answers(store.organisation, whose, grain, span)
        .await
        .expect("answers");
    let plain = |(at, code, count, latency): Bucket| {
        assert_eq!(latency.count(), count.unsigned_abs());
        (at, code, count)
    };
    read.into_iter().map(plain).collect()
}

#[tokio::test]
async fn usage_is_read_of_whoever_has_it_by_stretches_and_by_single_hours() {
    for store in stores().await {
        let first = store.insert(&sample_key(store.organisation, 1)).await;
        let account = domain::id::AccountId::fresh(&SystemClock, &SystemRandom);
        let second = Key {
            owner: Owner::ServiceAccount(account),
            ..sample_key(store.organisation, 2)
        };
        let second = store.insert(&second).await;
        let foreign = store.add_organisation("foreign").await;
        let foreign = store.insert(&sample_key(foreign, 1)).await;
        add(
            &store,
            vec![
                answers(&first, day(1), Code::Valid, 2, Some("orders")),
                answers(&first, day(1).plus(HOUR), Code::Valid, 3, None),
                answers(&second, day(1), Code::Expired, 1, Some("orders")),
                answers(&second, day(2), Code::Valid, 4, Some("stock")),
                answers(&foreign, day(1), Code::Valid, 99, Some("orders")),
            ],
        )
        .await;
        let all = Span::Within(day(0), day(9));
        let (whole, orders) = (Whose::Organisation, Whose::Api("orders".to_owned()));
        assert_eq!(
            read(&store, &whole, Grain::Day, all).await,
            [
                (day(1), Code::Expired, 1),
                (day(1), Code::Valid, 5),
                (day(2), Code::Valid, 4)
            ]
        );
        assert_eq!(
            read(&store, &orders, Grain::Hour, all).await,
            [(day(1), Code::Expired, 1), (day(1), Code::Valid, 2)]
        );
        assert_eq!(
            read(&store, &Whose::Account(account), Grain::Day, all).await,
            [(day(1), Code::Expired, 1), (day(2), Code::Valid, 4)]
        );
        let hours = [day(1).plus(HOUR), day(2)];
        assert_eq!(
            read(&store, &Whose::Key(first.id), Grain::Hour, Span::At(&hours)).await,
            [(day(1).plus(HOUR), Code::Valid, 3)]
        );
        assert_eq!(
            read(
                &store,
                &whole,
                Grain::Minute,
                Span::Within(day(2), day(2).plus(HOUR))
            )
            .await,
            [(day(2), Code::Valid, 4)]
        );
        let keys = [first.id, second.id, foreign.id];
        let days = store
            .key_days(store.organisation, &keys, day(1), 2)
            .await
            .expect("days");
        assert_eq!(days.len(), 2, "none of another tenant's");
        assert_eq!(
            days[&second.id],
            Days {
                admitted: vec![0, 4],
                refused: vec![1, 0]
            }
        );
        assert!(
            store
                .key_days(store.organisation, &[], day(1), 2)
                .await
                .expect("days")
                .is_empty()
        );
    }
}

#[tokio::test]
async fn the_most_used_keys_are_told_alike_of_few_rows_and_of_many() {
    for store in stores().await {
        let organisation = store.organisation;
        let keys: Vec<Key> = (1..=4).map(|n| sample_key(organisation, n)).collect();
        let keys = store.insert_all(&keys).await;
        let mut all = Vec::new();
        for n in 0..4_u32 {
            // The first is used most in all and at no API, the second at one.
            all.push(answers(&keys[0], day(n), Code::Valid, 50, None));
            all.push(answers(&keys[1], day(n), Code::Valid, 20, Some("orders")));
            all.push(answers(&keys[1], day(n), Code::Expired, 10, Some("orders")));
            all.push(answers(
                &keys[2],
                day(n),
                Code::Valid,
                i64::from(n),
                Some("orders"),
            ));
        }
        all.retain(|one| one.count > 0);
        add(&store, all).await;
        let orders = Whose::Api("orders".to_owned());
        let most = async |whose: &Whose, limit| {
            let busiest = store
                .busiest(organisation, whose, day(0), day(4), limit)
                .await
                .expect("keys");
            busiest
                .into_iter()
                .map(|one| (one.key, one.total, one.refused))
                .collect::<Vec<_>>()
        };
        let wanted = [(keys[0].id, 200, 0), (keys[1].id, 120, 40)];
        let at_api = [(keys[1].id, 120, 40), (keys[2].id, 6, 0)];
        assert_eq!(most(&Whose::Organisation, 2).await, wanted);
        assert_eq!(most(&orders, 5).await, at_api);

        assert_eq!(store.tops_due(organisation).await.expect("a day"), Some(day(0)));
        for n in 0..4 {
            let tops = store.tops_of(organisation, day(n)).await.expect("tops");
            let none = store.kept_tops(organisation, day(n)).await.expect("tops");
            assert!(none.is_empty());
            assert_eq!(
                tops.iter().filter(|top| top.api == EVERY_API).count(),
                if n == 0 { 2 } else { 3 }
            );
            let kept = tops.clone();
            store
                .change(async move |tx| tx.keep_tops(organisation, day(n), &[], &kept).await)
                .await;
            assert_eq!(store.kept_tops(organisation, day(n)).await.expect("tops"), tops);
        }
        assert_eq!(store.tops_due(organisation).await.expect("a day"), Some(day(3)));
        // More rows than are added up while somebody waits.
        let crowd: Vec<Answers> = (0..10_001)
            .map(|_| Answers {
                key: KeyId::fresh(&SystemClock, &SystemRandom),
                ..answers(&keys[3], day(3), Code::Valid, 1, Some("orders"))
            })
            .collect();
        add(&store, crowd).await;
        assert_eq!(most(&Whose::Organisation, 2).await, wanted);
        assert_eq!(most(&orders, 2).await, at_api);
        // What was kept and is no more among them goes.
        let before = store.kept_tops(organisation, day(3)).await.expect("tops");
        store
            .change(async move |tx| tx.keep_tops(organisation, day(3), &before, &[]).await)
            .await;
        assert!(
            store
                .kept_tops(organisation, day(3))
                .await
                .expect("tops")
                .is_empty()
        );
        let gone = store
            .change(async move |tx| tx.forget_usage(organisation, day(5), 50_000).await)
            .await;
        assert!(gone > 10_000);
        assert!(
            store
                .kept_tops(organisation, day(0))
                .await
                .expect("tops")
                .is_empty()
        );
    }
}

#[tokio::test]
async fn reports_of_all_keys_add_up_to_those_of_each() {
    for store in stores().await {
        let organisation = store.organisation;
        let key = store.insert(&sample_key(organisation, 1)).await;
        let report = |status, at: Timestamp, api: Option<&str>| Report {
            key: key.id,
            api: api.map(Arc::from),
            route: None,
            status,
            micros: 700,
            at,
        };
        let reports = [
            report(200, day(1), Some("orders")),
            report(200, day(1).plus(HOUR), None),
            report(503, day(2), Some("orders")),
        ];
        store
            .change(async move |tx| tx.add_reports(organisation, &reports).await)
            .await;
        let told = async |whose: &Whose, grain| {
            let span = Span::Within(day(0), day(9));
            let told = store
                .reported(organisation, whose, grain, span)
                .await
                .expect("reports");
            told.into_iter()
                .map(|(at, one)| (at, one.status, one.count, one.latency.count()))
                .collect::<Vec<_>>()
        };
        let by_hour = [
            (day(1), 200, 1, 1),
            (day(1).plus(HOUR), 200, 1, 1),
            (day(2), 503, 1, 1),
        ];
        assert_eq!(told(&Whose::Key(key.id), Grain::Hour).await, by_hour);
        assert_eq!(told(&Whose::Organisation, Grain::Hour).await, by_hour);
        assert_eq!(
            told(&Whose::Organisation, Grain::Day).await,
            [(day(1), 200, 2, 2), (day(2), 503, 1, 1)]
        );
        let orders = Whose::Api("orders".to_owned());
        assert_eq!(
            told(&orders, Grain::Day).await,
            [(day(1), 200, 1, 1), (day(2), 503, 1, 1)]
        );
    }
}
