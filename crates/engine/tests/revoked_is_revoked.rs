//! Rule 1 of the design: once a change has returned, no verification that begins later is decided by what was before.
//! That this test would notice, the crate's own tests show with an engine that is broken on purpose.

#[expect(clippy::unwrap_used, reason = "a test, though the lint does not see it")]
mod race;

const SEEDS: u64 = 4;
const ROUNDS: u64 = 250;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn revoked_is_revoked() {
    for seed in 1..=SEEDS {
        let outcome = race::run(seed, ROUNDS, |_| {}).await;
        println!("seed {seed}: {outcome:?}");
        assert_eq!(outcome.wrong, 0, "seed {seed}: {outcome:?}");
        assert!(outcome.checked > 1_000, "seed {seed}: {outcome:?}");
    }
}
