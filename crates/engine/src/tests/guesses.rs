//! Floods of unknown tokens, and the real keys among them.

use std::net::IpAddr;

use super::*;
use crate::{Door, Guessing};

fn from(last: u8) -> Question<'static> {
    Question {
        door: Door::Nginx,
        ip: Some(IpAddr::from([192, 0, 2, last])),
        ..Question::default()
    }
}

fn options(rate: &str, lookups: usize) -> Options {
    Options {
        guessing: Guessing {
            rate: rate.parse().ok(),
            lookups,
            ..Guessing::default()
        },
        ..Options::default()
    }
}

async fn guess(world: &World, question: &Question<'_>) -> Answer {
    world
        .engine
        .verify(token().expose().as_bytes(), question)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_flood_from_an_address_is_told_to_wait_and_real_keys_from_there_pass() {
    let world = World::with(OPEN, options("60/1m burst 10", 1)).await;
    let (cached, fresh) = (world.key(1), world.key(2));
    let verify = async |token: &Token, question: &Question<'_>| {
        world
            .engine
            .verify(token.expose().as_bytes(), question)
            .await
            .unwrap()
    };
    assert_eq!(verify(&cached, &from(1)).await.code, Code::Valid);
    for malformed in [
        &b"nonsense"[..],
        b"sk_live_wrongchecksum0000000000000000000000000",
        b"",
    ] {
        let answer = world.engine.verify(malformed, &from(1)).await.unwrap();
        assert_eq!((answer.code, answer.guess_again_in), (Code::NotFound, None));
    }
    let asked = world.store.asked.load(SeqCst);
    for _ in 0..7 {
        assert_eq!(guess(&world, &from(1)).await.guess_again_in, None);
    }
    for _ in 0..50 {
        let answer = guess(&world, &from(1)).await;
        assert_eq!((answer.code, answer.guess_again_in), (Code::NotFound, Some(1)));
        let answer = world
            .engine
            .verify_cached(b"malformed", &from(1))
            .unwrap()
            .unwrap();
        assert_eq!(answer.guess_again_in, Some(1));
    }
    assert_eq!(
        world.store.asked.load(SeqCst) - asked,
        57,
        "what is malformed asks nobody"
    );
    let at_once = world
        .engine
        .verify_cached(cached.expose().as_bytes(), &from(1))
        .unwrap()
        .unwrap();
    assert_eq!((at_once.code, at_once.guess_again_in), (Code::Valid, None));
    assert_eq!(
        verify(&fresh, &from(1)).await.code,
        Code::Valid,
        "a real key that is not cached"
    );
    assert_eq!(
        guess(&world, &from(2)).await.guess_again_in,
        None,
        "another address"
    );
    let stats = world.engine.stats().guesses;
    assert_eq!((stats.throttled, stats.turned_away, stats.waiting), (100, 0, 0));
    assert_eq!(stats.counted, 3 + 7 + 100 + 1);
    world.clock.0.fetch_add(60_000_000, SeqCst);
    assert_eq!(
        guess(&world, &from(1)).await.guess_again_in,
        None,
        "it is forgiven"
    );
}

#[tokio::test]
async fn guesses_take_turns_at_the_store_and_a_real_key_gets_its_turn() {
    let world = World::with(OPEN, options("1/1h burst 1", 2)).await;
    let real = world.key(1);
    guess(&world, &from(1)).await;
    // From here on the store answers nobody until it is let.
    let gate = &world.store.gate;
    gate.forget_permits(OPEN);
    let before = world.store.asked.load(SeqCst);
    let mut waiting = tokio::task::JoinSet::new();
    for _ in 0..100 {
        let engine = world.engine.clone();
        waiting.spawn(async move {
            let guess = token();
            engine
                .verify(guess.expose().as_bytes(), &from(1))
                .await
                .unwrap()
                .code
        });
    }
    let engine = world.engine.clone();
    let expected = tokio::spawn(async move {
        engine
            .verify(real.expose().as_bytes(), &from(1))
            .await
            .unwrap()
            .code
    });
    while world.engine.stats().guesses.waiting < 99 {
        tokio::task::yield_now().await;
    }
    assert_eq!(world.store.asked.load(SeqCst) - before, 2, "two at a time");
    let other = world.key(2);
    let engine = world.engine.clone();
    let other = tokio::spawn(async move {
        engine
            .verify(other.expose().as_bytes(), &from(9))
            .await
            .unwrap()
            .code
    });
    while world.store.asked.load(SeqCst) - before < 3 {
        tokio::task::yield_now().await;
    }
    gate.add_permits(OPEN);
    assert_eq!(other.await.unwrap(), Code::Valid, "nobody else takes turns");
    assert_eq!(expected.await.unwrap(), Code::Valid);
    while let Some(code) = waiting.join_next().await {
        assert_eq!(code.unwrap(), Code::NotFound);
    }
}

#[tokio::test]
async fn more_than_can_wait_are_turned_away_unanswered_rather_than_told_a_falsehood() {
    let world = World::with(OPEN, options("1/1h burst 1", 1)).await;
    guess(&world, &from(1)).await;
    world.store.gate.forget_permits(OPEN);
    let mut waiting = tokio::task::JoinSet::new();
    for _ in 0..1_100 {
        let engine = world.engine.clone();
        waiting.spawn(async move {
            let guess = token();
            engine.verify(guess.expose().as_bytes(), &from(1)).await
        });
    }
    while world.engine.stats().guesses.turned_away == 0 {
        tokio::task::yield_now().await;
    }
    let real = world.key(1);
    let crowded = world.engine.verify(real.expose().as_bytes(), &from(1)).await;
    assert!(matches!(crowded, Err(VerifyError::Crowded)), "{crowded:?}");
    world.store.gate.add_permits(OPEN);
    while waiting.join_next().await.is_some() {}
    let answer = world
        .engine
        .verify(real.expose().as_bytes(), &from(1))
        .await
        .unwrap();
    assert_eq!(answer.code, Code::Valid);
}

#[tokio::test]
async fn the_management_plane_slows_nobody_down_here() {
    let world = World::with(OPEN, options("1/1h burst 1", 1)).await;
    let question = Question {
        door: Door::Management,
        ..from(1)
    };
    for _ in 0..10 {
        assert_eq!(guess(&world, &question).await.guess_again_in, None);
    }
    assert_eq!(world.engine.stats().guesses.counted, 0);
}
