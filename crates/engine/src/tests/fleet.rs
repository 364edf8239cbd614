//! Several nodes, their network and their database in one deterministic simulation, with the engine's own code in it: clocks that drift and
//! jump, messages that are late or lost, nodes that stand still, die or are cut off. On every verification it is checked that nothing
//! passes that was revoked before it began. A seed replays a run; broken variants show that the check sees what it should.

mod executor;
mod world;

use std::time::Duration;

use domain::clock::{Clock as _, SystemClock};
use world::{Broken, Outcome, STALE, World};

/// One run.
fn run(seed: u64, broken: Option<Broken>) -> Outcome {
    let stale = broken.map_or(Duration::ZERO, Broken::stale);
    World::new(seed, broken, stale).run()
}

/// Runs seeds from `first` on until one shows a violation.
fn first_violation(first: u64, seeds: u64, broken: Broken) -> Option<u64> {
    (first..first + seeds).find(|seed| run(*seed, Some(broken)).violation.is_some())
}

fn number(name: &str, usual: u64) -> u64 {
    std::env::var(name)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(usual)
}

#[test]
fn nothing_that_was_revoked_passes_on_any_node_whatever_becomes_of_them() {
    let (first, seeds) = (number("CLAVIGER_SEED", 1), number("CLAVIGER_ROUNDS", 2_000));
    let seeds = if std::env::var_os("CLAVIGER_SEED").is_some() {
        1
    } else {
        seeds
    };
    let began = SystemClock.boottime();
    let mut sum = Outcome::default();
    for seed in first..first + seeds {
        let outcome = run(seed, None);
        if let Some(violation) = &outcome.violation {
            panic!("{violation}; to repeat: CLAVIGER_SEED={seed}");
        }
        sum.add(&outcome);
    }
    println!("{seeds} seeds in {:?}: {sum:?}", SystemClock.boottime() - began);
    assert_eq!((sum.stale, sum.later), (0, 0), "nobody goes on without a lease");
    assert!(
        sum.revoked > seeds && sum.passed > sum.revoked && sum.refused > seeds,
        "{sum:?}"
    );
    if seeds > 100 {
        assert!(sum.fenced > 0 && sum.unfresh > 0 && sum.crashes > 0, "{sum:?}");
    }
}

#[test]
fn nodes_that_go_on_without_a_lease_let_nothing_pass_after_the_promised_time() {
    let (first, seeds) = (number("CLAVIGER_SEED", 1), number("CLAVIGER_ROUNDS", 1_000));
    let mut sum = Outcome::default();
    for seed in first..first + seeds {
        let outcome = World::new(seed, None, STALE).run();
        if let Some(violation) = &outcome.violation {
            panic!("{violation}; to repeat: CLAVIGER_SEED={seed} CLAVIGER_ROUNDS=1");
        }
        sum.add(&outcome);
    }
    println!("{seeds} seeds: {sum:?}");
    assert!(
        sum.stale > 0 && sum.later > 0 && sum.revoked > sum.later,
        "{sum:?}"
    );
}

#[test]
fn a_seed_replays_the_same_run() {
    for seed in 1..20 {
        assert_eq!(run(seed, None), run(seed, None), "seed {seed}");
    }
}

#[test]
fn every_broken_variant_is_caught() {
    for broken in Broken::ALL {
        let caught = first_violation(broken.seed(), number("CLAVIGER_ROUNDS", 3_000), broken);
        println!("{broken:?}: caught by seed {caught:?}");
        assert!(caught.is_some(), "{broken:?} goes unnoticed");
    }
}
