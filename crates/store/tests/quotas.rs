//! Units of quotas on both engines: none is handed out twice, whatever is lost, repeated or given back.

use domain::clock::{SystemClock, SystemRandom, Timestamp};
use domain::id::KeyId;
use domain::key::Key;
use domain::limits::{Bounds, Quota};
use store::quotas::{Ask, Block, Holding, Out, Share, Use};
use store::testkit::{TestStore, sample_key, stores};
use store::{StoreError, Tx};
use uuid::Uuid;

const NODE: Uuid = Uuid::from_u128(7);

fn quota(limit: u64) -> Quota {
    format!("{limit}/total").parse().expect("a quota")
}

async fn key(store: &TestStore, limit: u64) -> Key {
    let key = Key {
        quota: Some(quota(limit)),
        ..sample_key(store.organisation, 1)
    };
    store.insert(&key).await
}

fn holding(key: &Key, number: i64) -> Holding {
    Holding {
        organisation: key.organisation,
        key: key.id,
        round: 0,
        bounds: Bounds {
            start: Timestamp::default(),
            end: None,
        },
        block: Block { node: NODE, number },
        written: false,
        spent: 0,
        held: 0,
    }
}

async fn reserve(store: &TestStore, holding: Holding, need: u64, want: u64) -> Share {
    let ask = Ask {
        holding,
        quota: quota(1_000_000),
        need,
        want,
    };
    store.reserve_units(ask).await.expect("a share")
}

async fn used(store: &TestStore, key: &Key) -> Use {
    let period = (key.id, 0, Timestamp::default());
    let uses = store.quota_uses(&[period]).await.expect("uses");
    uses.into_iter().next().expect("one")
}

#[tokio::test]
async fn blocks_get_smaller_towards_the_end_and_add_up_to_the_limit() {
    for store in stores().await {
        let key = key(&store, 100).await;
        let mut held = holding(&key, 1);
        let mut sizes = Vec::new();
        loop {
            let share = reserve(&store, held, 1, 1_000).await;
            assert_eq!((share.void, share.others, share.limit), (false, 0, 100));
            if share.granted == 0 {
                break;
            }
            held.written = true;
            held.spent += share.granted;
            sizes.push(share.granted);
        }
        assert_eq!(sizes.iter().sum::<u64>(), 100);
        assert!(sizes.is_sorted_by(|first, next| first >= next), "{sizes:?}");
        assert_eq!((sizes[0], &sizes[sizes.len() - 8..]), (12, &[1; 8][..]));
    }
}

#[tokio::test]
async fn an_answer_that_was_lost_is_put_right_by_the_next_question() {
    for store in stores().await {
        let key = key(&store, 100).await;
        let mut held = holding(&key, 1);
        // Nobody learns of these.
        reserve(&store, held, 40, 40).await;
        let share = reserve(&store, held, 90, 90).await;
        assert_eq!(share.granted, 90);
        (held.written, held.spent, held.held) = (true, 50, 40);
        assert_eq!(reserve(&store, held, 100, 100).await.granted, 10);
        // The ten did not come through; what is held is less than what was given.
        (held.spent, held.held) = (90, 0);
        let other = reserve(&store, holding(&key, 2), 100, 100).await;
        assert_eq!((other.granted, other.others), (0, 100));
        reserve(&store, held, 0, 0).await;
        let other = reserve(&store, holding(&key, 2), 100, 100).await;
        assert_eq!((other.granted, other.others), (10, 90));
    }
}

#[tokio::test]
async fn what_is_given_back_can_be_had_again_and_only_once() {
    for store in stores().await {
        let key = key(&store, 100).await;
        let mut held = holding(&key, 1);
        reserve(&store, held, 60, 60).await;
        (held.written, held.spent) = (true, 20);
        for _ in 0..3 {
            store.close_blocks(vec![held]).await.expect("closed");
            assert_eq!(
                used(&store, &key).await,
                Use {
                    used: 20,
                    blocks: Vec::new()
                }
            );
        }
        // Whoever goes on with a block that is gone learns of it.
        let share = reserve(&store, held, 10, 10).await;
        assert_eq!((share.void, share.granted), (true, 0));
        assert_eq!(reserve(&store, holding(&key, 2), 100, 100).await.granted, 80);
    }
}

#[tokio::test]
async fn what_a_node_held_that_is_gone_counts_as_used() {
    for store in stores().await {
        let key = key(&store, 100).await;
        reserve(&store, holding(&key, 1), 30, 30).await;
        reserve(&store, holding(&key, 2), 5, 5).await;
        let gone = store
            .change(async |tx: &mut Tx| tx.forfeit_blocks(Uuid::from_u128(8)).await)
            .await;
        assert_eq!(gone, 2);
        assert_eq!(
            used(&store, &key).await,
            Use {
                used: 35,
                blocks: Vec::new()
            }
        );
        let mine = Holding {
            block: Block {
                node: Uuid::from_u128(8),
                number: 1,
            },
            ..holding(&key, 1)
        };
        assert_eq!(reserve(&store, mine, 100, 100).await.granted, 65);
        let kept = store
            .change(async |tx: &mut Tx| tx.forfeit_blocks(Uuid::from_u128(8)).await)
            .await;
        assert_eq!(kept, 0);
        let out = Out {
            block: mine.block,
            granted: 65,
            spent: 0,
        };
        assert_eq!(
            used(&store, &key).await,
            Use {
                used: 35,
                blocks: vec![out]
            }
        );
    }
}

#[tokio::test]
async fn the_limit_that_counts_is_the_keys_own_of_now_or_its_policys() {
    for store in stores().await {
        let mut key = key(&store, 100).await;
        assert_eq!(reserve(&store, holding(&key, 1), 10, 10).await.limit, 100);
        let before = key.clone();
        key.quota = Some(quota(25));
        let mut edited = key.clone();
        let key = store
            .change(async move |tx: &mut Tx| {
                tx.update_key(&before, &mut edited).await?;
                Ok(edited)
            })
            .await;
        let share = reserve(&store, holding(&key, 2), 100, 100).await;
        assert_eq!((share.limit, share.others, share.granted), (25, 10, 15));
        // A credit gives back, a round begins with what it is told, and rounds and periods that are over are forgotten.
        let id = key.id;
        let credited = store
            .change(async move |tx: &mut Tx| {
                tx.credit_units(id, 0, Timestamp::default(), 5).await?;
                tx.quota_use(id, 0, Timestamp::default()).await
            })
            .await;
        assert_eq!((credited.used, credited.blocks.len()), (-5, 2));
        let day = Bounds {
            start: Timestamp::from_micros(1),
            end: Some(Timestamp::from_micros(1_000)),
        };
        store
            .change(async move |tx: &mut Tx| tx.begin_round(id, 0, day, 9).await)
            .await;
        let forgotten = store
            .change(async |tx: &mut Tx| tx.forget_quotas(Timestamp::from_micros(1_001)).await)
            .await;
        assert_eq!(forgotten, 1);
        let organisation = store.organisation;
        store
            .change(async move |tx: &mut Tx| tx.erase_key(organisation, id).await)
            .await;
        assert_eq!(used(&store, &key).await, Use::default());
        let ask = Ask {
            holding: holding(&key, 3),
            quota: quota(25),
            need: 1,
            want: 1,
        };
        assert!(matches!(
            store.reserve_units(ask).await,
            Err(StoreError::RowMissing)
        ));
    }
}

#[tokio::test]
async fn many_periods_are_read_at_once_in_the_order_of_the_question() {
    for store in stores().await {
        let key = key(&store, 100).await;
        reserve(&store, holding(&key, 1), 30, 30).await;
        let stranger = KeyId::fresh(&SystemClock, &SystemRandom);
        let start = Timestamp::default();
        let uses = store
            .quota_uses(&[(stranger, 0, start), (key.id, 0, start), (key.id, 1, start)])
            .await;
        let blocks: Vec<usize> = uses
            .expect("uses")
            .iter()
            .map(|found| found.blocks.len())
            .collect();
        assert_eq!(blocks, [0, 1, 0]);
    }
}
