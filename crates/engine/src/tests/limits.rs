//! Rate limits and quotas on one node, over a clock that the test moves and a store in memory.

use std::collections::{HashMap, HashSet};

use domain::limits::{Period, Quota, Rate, RateLimit, Wish};
use store::quotas::{Block, Out};

use super::*;
use crate::Scope;

/// What is granted of quotas: as the store keeps it.
#[derive(Default)]
pub(super) struct Ledger {
    used: HashMap<PeriodOf, i64>,
    blocks: HashMap<(PeriodOf, i64), i64>,
    closed: HashSet<i64>,
    asked: usize,
}

fn period(holding: &Holding) -> PeriodOf {
    (holding.key, holding.round, holding.bounds.start)
}

impl Held {
    pub(super) fn reserve(&self, ask: &Ask) -> Share {
        let quotas = &mut *self.quotas.lock();
        quotas.asked += 1;
        let at = (period(&ask.holding), ask.holding.block.number);
        let void = ask.holding.written && !quotas.blocks.contains_key(&at);
        let sum = |of: PeriodOf| {
            let blocks = quotas.blocks.iter().filter(|((period, _), _)| *period == of);
            blocks.map(|(_, granted)| granted).sum::<i64>()
        };
        let others = quotas.used.get(&at.0).copied().unwrap_or(0) + sum(at.0)
            - quotas.blocks.get(&at).copied().unwrap_or(0);
        let limit = self
            .rows
            .lock()
            .values()
            .find(|found| found.key == ask.holding.key)
            .and_then(|found| found.quota.clone())
            .map_or(ask.quota.limit, |quota| quota.limit);
        let mine = if void {
            0
        } else {
            ask.holding.spent + ask.holding.held
        };
        let left = (limit as i64 - others - mine as i64).max(0) as u64;
        let granted = match void {
            true => 0,
            false => ask.want.min(ask.need.max(left / 8)).min(left),
        };
        if !void {
            quotas.blocks.insert(at, (mine + granted) as i64);
        }
        Share {
            void,
            granted,
            others: others as u64,
            limit,
        }
    }

    pub(super) fn close(&self, holdings: &[Holding]) {
        let quotas = &mut *self.quotas.lock();
        for holding in holdings {
            if quotas
                .blocks
                .remove(&(period(holding), holding.block.number))
                .is_some()
            {
                *quotas.used.entry(period(holding)).or_default() += holding.spent as i64;
                quotas.closed.insert(holding.block.number);
            }
        }
    }

    pub(super) fn used(&self, of: &PeriodOf) -> Use {
        let quotas = self.quotas.lock();
        let blocks = quotas.blocks.iter().filter(|((period, _), _)| period == of);
        Use {
            used: quotas.used.get(of).copied().unwrap_or(0),
            blocks: blocks
                .map(|((_, number), granted)| Out {
                    block: Block {
                        node: Uuid::nil(),
                        number: *number,
                    },
                    granted: *granted,
                    spent: 0,
                })
                .collect(),
        }
    }

    fn forfeit(&self) {
        let quotas = &mut *self.quotas.lock();
        for ((period, _), granted) in quotas.blocks.drain() {
            *quotas.used.entry(period).or_default() += granted;
        }
    }
}

fn limit(name: &str, rate: &str) -> RateLimit {
    RateLimit {
        name: name.into(),
        rate: rate.parse().unwrap(),
    }
}

fn quota(text: &str) -> Quota {
    text.parse().unwrap()
}

impl World {
    /// A key of ours that `change` has laid limits on.
    fn limited(&self, number: u128, change: impl FnOnce(&mut Found)) -> Token {
        let token = token();
        let pepper = self.keyring.current_pepper();
        let mut found = found(
            number,
            self.keyring.digest(&token.as_presented()),
            Scheme::Hmac { pepper },
        );
        change(&mut found);
        self.put(found);
        token
    }

    /// As a committed and acknowledged edit.
    async fn edit(&self, number: u128, change: impl Fn(&mut Found)) {
        for found in self.store.rows.lock().values_mut() {
            if found.key == key_id(number) {
                change(found);
            }
        }
        let seq = self.change(Change::Key(organisation(), key_id(number)));
        self.engine.barrier(seq).await.unwrap();
    }

    fn pass(&self, seconds: i64) {
        self.clock.0.fetch_add(seconds * 1_000_000, SeqCst);
    }

    fn at(&self, instant: &str) {
        self.clock
            .0
            .store(Timestamp::parse(instant).unwrap().as_micros(), SeqCst);
    }

    async fn answer(&self, token: &Token, question: &Question<'_>) -> Answer {
        self.engine
            .verify(token.expose().as_bytes(), question)
            .await
            .unwrap()
    }

    /// How many of `times` requests pass.
    async fn passing(&self, token: &Token, times: usize) -> usize {
        let mut passed = 0;
        for _ in 0..times {
            passed += usize::from(self.ask(token).await == Code::Valid);
        }
        passed
    }
}

#[tokio::test]
async fn a_key_is_limited_and_told_when_it_may_come_again() {
    let world = World::new(OPEN).await;
    let token = world.limited(1, |found| {
        found.rate_limits = vec![limit("burst", "6/1m burst 3")]
    });
    assert_eq!(world.passing(&token, 3).await, 3);
    let refused = world.answer(&token, &Question::default()).await;
    assert_eq!(refused.code, Code::RateLimited);
    assert_eq!(refused.retry_after(), Some(10));
    assert_eq!(refused.limited_by().unwrap().name, "burst");
    assert_eq!(refused.rate_limit_headers().unwrap().0, "\"burst\";q=6;w=60");
    assert_eq!(refused.rate_limit_headers().unwrap().1, "\"burst\";r=0;t=30");
    world.pass(10);
    assert_eq!(world.passing(&token, 5).await, 1);
    world.pass(3_600);
    assert_eq!(world.passing(&token, 5).await, 3);
}

#[tokio::test]
async fn no_limit_is_charged_if_one_refuses_and_none_for_another_refusal() {
    let world = World::new(OPEN).await;
    let token = world.limited(1, |found| {
        found.rate_limits = vec![limit("a", "10/1h"), limit("b", "2/1h")];
        found.quota = Some(quota("5/day"));
    });
    assert_eq!(world.passing(&token, 8).await, 2);
    let refused = world.answer(&token, &Question::default()).await;
    let left: Vec<u64> = refused.rates().map(|rate| rate.remaining).collect();
    assert_eq!((left, refused.quota().unwrap().remaining), (vec![8, 0], 3));
    let narrow = world.limited(2, |found| found.rate_limits = vec![limit("a", "1/1h")]);
    let asks = Question {
        requires: Some("orders:view"),
        ..Question::default()
    };
    for _ in 0..5 {
        assert_eq!(
            world.answer(&narrow, &asks).await.code,
            Code::InsufficientPermissions
        );
    }
    assert_eq!(world.passing(&narrow, 5).await, 1);
    let quick = world.limited(3, |found| {
        found.rate_limits = vec![limit("a", "3/1h")];
        found.quota = Some(quota("1/total"));
    });
    assert_eq!(world.passing(&quick, 9).await, 1);
    let refused = world.answer(&quick, &Question::default()).await;
    assert_eq!((refused.code, refused.retry_after()), (Code::QuotaExceeded, None));
    assert_eq!(refused.rates().next().unwrap().remaining, 2);
}

#[tokio::test]
async fn owner_organisation_default_and_brought_limits_hold_beside_the_keys_own() {
    let world = World::with(
        OPEN,
        Options {
            default_rate: Some("50/1h".parse().unwrap()),
            ..Options::default()
        },
    )
    .await;
    let account = Owner::ServiceAccount(domain::id::AccountId::from_uuid(Uuid::from_u128(77)));
    let of_account = |found: &mut Found| {
        found.owner = account;
        found.owner_rate_limits = vec![limit("all", "5/1h")];
        found.organisation_rate_limits = vec![limit("all", "7/1h")];
    };
    let (one, two) = (world.limited(1, of_account), world.limited(2, of_account));
    assert_eq!(world.passing(&one, 3).await + world.passing(&two, 9).await, 5);
    let refused = world.answer(&one, &Question::default()).await;
    assert_eq!(refused.limited_by().unwrap().scope, Scope::Owner);
    assert_eq!(
        refused.rate_limit_headers().unwrap().0,
        "\"default\";q=50;w=3600, \"owner/all\";q=5;w=3600, \"organisation/all\";q=7;w=3600"
    );
    let third = world.limited(3, |found| {
        found.organisation_rate_limits = vec![limit("all", "7/1h")]
    });
    assert_eq!(world.passing(&third, 9).await, 2);
    // A limit that requests bring along belongs to the key and the name.
    let plain = world.limited(4, |_| {});
    let wish = |name: &'static str, rate: Option<&str>| Wish {
        name: name.into(),
        rate: rate.map(|rate| rate.parse::<Rate>().unwrap()),
        cost: None,
    };
    for (name, passes) in [("login", 2), ("reset", 2), ("login", 0)] {
        let wishes = [wish(name, Some("2/1h"))];
        let question = Question {
            limits: &wishes,
            ..Question::default()
        };
        let mut passed = 0;
        for _ in 0..4 {
            passed += usize::from(world.answer(&plain, &question).await.code == Code::Valid);
        }
        assert_eq!(passed, passes, "{name}");
    }
    let wishes = [wish("nothing", None)];
    let question = Question {
        limits: &wishes,
        ..Question::default()
    };
    let verified = world.engine.verify(plain.expose().as_bytes(), &question).await;
    assert!(matches!(verified, Err(VerifyError::Limit { place: 0, .. })));
    // Naming one of the key's own leaves its others out.
    let named = world.limited(5, |found| {
        found.rate_limits = vec![limit("read", "9/1h"), limit("write", "1/1h")];
    });
    let wishes = [wish("read", None)];
    let question = Question {
        limits: &wishes,
        cost: Some(3),
        ..Question::default()
    };
    for expected in [Code::Valid, Code::Valid, Code::Valid, Code::RateLimited] {
        assert_eq!(world.answer(&named, &question).await.code, expected);
    }
    let dear = Question {
        cost: Some(2),
        ..Question::default()
    };
    let never = world.answer(&named, &dear).await;
    assert_eq!((never.code, never.retry_after()), (Code::RateLimited, None));
}

#[tokio::test]
async fn neither_an_edit_nor_a_rotation_nor_an_eviction_fills_a_limit_up() {
    let tiny = Options {
        capacity: 1,
        ..Options::default()
    };
    let world = World::with(OPEN, tiny).await;
    let laid = |found: &mut Found| {
        found.rate_limits = vec![limit("a", "10/1h"), limit("b", "100/1h")];
        found.quota = Some(quota("20/month"));
    };
    let token = world.limited(1, laid);
    assert_eq!(world.passing(&token, 4).await, 4);
    world.edit(1, |found| found.name = "another".to_owned()).await;
    world
        .edit(1, |found| {
            found.rate_limits = vec![limit("b", "100/1h"), limit("a", "10/1h")]
        })
        .await;
    let other = world.limited(2, |_| {});
    assert_eq!(world.passing(&other, 1).await, 1);
    // A second secret of the same key.
    let rotated = world.limited(1, |found| {
        laid(found);
        found.secret = SecretId::from_uuid(Uuid::from_u128(99));
    });
    let answer = world.answer(&rotated, &Question::default()).await;
    assert_eq!(answer.rates().next().unwrap().remaining, 5);
    assert_eq!(answer.quota().unwrap().remaining, 15);
    assert_eq!(world.passing(&rotated, 20).await, 5);
    // More is more by the difference, and less is less.
    world
        .edit(1, |found| found.rate_limits = vec![limit("a", "12/1h")])
        .await;
    assert_eq!(world.passing(&token, 9).await, 2);
    world
        .edit(1, |found| found.rate_limits = vec![limit("a", "5/1h")])
        .await;
    let refused = world.answer(&token, &Question::default()).await;
    assert_eq!(
        (refused.code, refused.retry_after()),
        (Code::RateLimited, Some(720))
    );
    // Taken away and set again, it goes on.
    world.edit(1, |found| found.rate_limits = Vec::new()).await;
    assert_eq!(world.passing(&token, 1).await, 1);
    world
        .edit(1, |found| found.rate_limits = vec![limit("a", "5/1h")])
        .await;
    assert_eq!(world.passing(&token, 3).await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn exactly_n_pass_whatever_the_number_of_callers() {
    for n in [1, 7, 64, 1_000] {
        let world = Arc::new(World::new(OPEN).await);
        let token = Arc::new(world.limited(1, |found| {
            found.quota = Some(Quota::new(n, Period::Month, Default::default()).unwrap());
        }));
        let mut callers = tokio::task::JoinSet::new();
        for _ in 0..64 {
            let (world, token) = (world.clone(), token.clone());
            callers.spawn(async move { world.passing(&token, 40).await });
        }
        let mut passed = 0;
        while let Some(of_caller) = callers.join_next().await {
            passed += of_caller.unwrap();
        }
        assert_eq!(passed as u64, n.min(64 * 40));
        let asked = crate::QuotaAsked {
            key: key_id(1),
            round: 0,
            bounds: Quota::new(n, Period::Month, Default::default())
                .unwrap()
                .bounds(world.clock.now()),
        };
        assert_eq!(world.engine.quota_uses(&[asked]).await.unwrap(), [n]);
        // Given back whole: what was not used is there for the next.
        world.engine.return_quotas().await.unwrap();
        assert_eq!(world.engine.quota_uses(&[asked]).await.unwrap(), [n]);
    }
}

#[tokio::test]
async fn a_quota_is_filled_when_its_period_begins_and_never_by_a_clock_that_goes_back() {
    let world = World::new(OPEN).await;
    world.at("2026-03-28T22:30:00Z");
    let berlin = |text: &str| quota(&format!("{text} Europe/Berlin"));
    let daily = world.limited(1, |found| found.quota = Some(berlin("3/day")));
    let monthly = world.limited(2, |found| found.quota = Some(berlin("4/month")));
    let total = world.limited(3, |found| found.quota = Some(quota("5/total")));
    assert_eq!(world.passing(&daily, 9).await, 3);
    let refused = world.answer(&daily, &Question::default()).await;
    assert_eq!(refused.retry_after(), Some(1_800));
    assert_eq!(refused.rate_limit_headers().unwrap().1, "\"quota\";r=0;t=1800");
    assert_eq!(world.passing(&monthly, 3).await, 3);
    assert_eq!(world.passing(&total, 9).await, 5);
    // The day of 23 hours.
    world.at("2026-03-28T23:00:00Z");
    assert_eq!(world.passing(&daily, 9).await, 3);
    world.at("2026-03-29T21:59:59Z");
    assert_eq!(world.passing(&daily, 9).await, 0);
    world.at("2026-03-29T22:00:00Z");
    assert_eq!(world.passing(&daily, 2).await, 2);
    assert_eq!(world.passing(&monthly, 9).await, 1);
    world.at("2026-03-31T22:00:00Z");
    assert_eq!(world.passing(&monthly, 9).await, 4);
    world.at("2026-03-31T21:00:00Z");
    assert_eq!(world.passing(&monthly, 9).await, 0);
    world.at("2036-03-31T21:00:00Z");
    assert_eq!(world.passing(&total, 9).await, 0);
}

#[tokio::test]
async fn an_edited_quota_holds_from_the_next_request_on() {
    let world = World::new(OPEN).await;
    let token = world.limited(1, |found| found.quota = Some(quota("1000/month")));
    assert_eq!(world.passing(&token, 10).await, 10);
    world.edit(1, |found| found.quota = Some(quota("12/month"))).await;
    assert_eq!(world.passing(&token, 50).await, 2);
    world.edit(1, |found| found.quota = Some(quota("20/month"))).await;
    assert_eq!(world.passing(&token, 50).await, 8);
    world.edit(1, |found| found.quota = None).await;
    assert_eq!(world.passing(&token, 5).await, 5);
    world.edit(1, |found| found.quota = Some(quota("21/month"))).await;
    assert_eq!(world.passing(&token, 5).await, 1);
    // What is used is set anew.
    world.edit(1, |found| found.quota_round = 1).await;
    assert_eq!(world.passing(&token, 50).await, 21);
}

#[tokio::test]
async fn a_crash_forfeits_and_a_store_that_is_down_lets_nobody_through() {
    let world = World::new(OPEN).await;
    let token = world.limited(1, |found| found.quota = Some(quota("100/total")));
    let before = world.passing(&token, 10).await;
    world.store.forfeit();
    // The next run knows nothing of the last one's block.
    let again = Engine::over(
        Box::new(Shared(world.store.clone())),
        world.keyring.clone(),
        world.clock.clone(),
        Options::default(),
    )
    .await
    .unwrap();
    let mut after = 0;
    for _ in 0..200 {
        let answer = again
            .verify(token.expose().as_bytes(), &Question::default())
            .await
            .unwrap();
        after += usize::from(answer.code == Code::Valid);
    }
    assert!(before + after <= 100 && after > 0, "{before} and {after}");
    // The old one finds its block gone, and hands out nothing of it that the new one did not leave.
    let other = world.limited(2, |found| found.quota = Some(quota("100/total")));
    world.store.fails.store(true, SeqCst);
    let failed = world
        .engine
        .verify(other.expose().as_bytes(), &Question::default())
        .await;
    assert!(matches!(failed, Err(VerifyError::Unavailable(_))));
    world.store.fails.store(false, SeqCst);
    assert_eq!(world.passing(&other, 200).await, 100);
}

#[tokio::test]
async fn what_is_full_again_is_forgotten_and_what_lies_idle_is_given_back() {
    let world = World::new(OPEN).await;
    let token = world.limited(1, |found| {
        found.rate_limits = vec![limit("a", "10/1m")];
        found.quota = Some(quota("1000/month"));
    });
    assert_eq!(world.passing(&token, 3).await, 3);
    let tidy = async || {
        for _ in 0..64 {
            world.engine.tidy_limits().await.unwrap();
        }
    };
    tidy().await;
    assert_eq!(world.engine.stats().limited, 1);
    world.pass(61);
    tidy().await;
    assert_eq!(world.store.quotas.lock().closed.len(), 1);
    // Still held by what is cached of the key.
    assert_eq!(world.engine.stats().limited, 1);
    world.engine.set_keyring(world.keyring.clone());
    world.pass(61);
    tidy().await;
    assert_eq!(world.engine.stats().limited, 0);
    assert_eq!(world.passing(&token, 20).await, 10);
    let left = world.answer(&token, &Question::default()).await;
    assert_eq!(left.quota().unwrap().remaining, 987);
}
