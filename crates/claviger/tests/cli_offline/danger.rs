//! What cannot be undone is asked about, and a dry run only looks.

use super::fake::{Fake, KEY, ONE, TOKEN, code, err, out, problem};

#[test]
fn what_cannot_be_undone_is_refused_without_a_terminal_before_anything_is_sent() {
    let fake = Fake::new(vec![]);
    for danger in [
        &["keys", "revoke", KEY][..],
        &["keys", "delete", KEY],
        &["keys", "rotate", KEY],
        &["keys", "rotate", KEY, "--grace", "0s"],
    ] {
        let output = fake.run_with(danger, "y\n");
        assert_eq!(code(&output), 2, "{danger:?}");
        assert!(err(&output).contains("--yes"), "{}", err(&output));
    }
    assert!(fake.asked().is_empty());
}

#[test]
fn with_yes_it_is_done_and_what_is_left_is_named() {
    let done = format!(
        r#"{{"key":{ONE},"effective_at":"2026-01-01T00:00:00Z","others":[{{"id":"{KEY}","name":"Other","display":"d"}}]}}"#
    );
    let rotated = ONE.replacen('{', &format!(r#"{{"secret":"{TOKEN}","#), 1);
    let fake = Fake::new(vec![
        (
            "POST",
            "/v1/keys/key_01kg7hwasaf59agy3bdr3nvpm4/revoke",
            200,
            done.clone(),
        ),
        ("DELETE", "/v1/keys/key_01kg7hwasaf59agy3bdr3nvpm4", 200, done),
        (
            "POST",
            "/v1/keys/key_01kg7hwasaf59agy3bdr3nvpm4/rotate",
            200,
            rotated,
        ),
    ]);
    let output = fake.run(&["keys", "revoke", KEY, "--reason", "stolen", "--yes"]);
    assert_eq!(code(&output), 0, "{}", err(&output));
    assert_eq!(out(&output), format!("revoked  {KEY}  Billing Sync\n"));
    assert!(err(&output).contains("Other"));
    assert!(fake.asked()[0].ends_with(r#"{"reason":"stolen"}"#));
    assert_eq!(code(&fake.run(&["--yes", "keys", "delete", KEY])), 0);
    let output = fake.run(&["keys", "rotate", KEY, "--grace", "24h"]);
    assert_eq!(
        (code(&output), out(&output)),
        (0, format!("{TOKEN}\n")),
        "{}",
        err(&output)
    );
    assert_eq!(fake.asked().len(), 3);
}

#[test]
fn a_dry_run_reads_and_changes_nothing() {
    let fake = Fake::new(vec![
        ("GET", "/v1/keys/", 200, ONE.to_owned()),
        (
            "PATCH",
            "/v1/policy?dry_run=true",
            200,
            r#"{"changes":{"expiry.max":{"before":null,"after":"366d"}},"touches":[]}"#.to_owned(),
        ),
    ]);
    for dry in [
        &["keys", "revoke", KEY, "--dry-run", "--yes"][..],
        &["keys", "delete", KEY, "--dry-run"],
        &["keys", "rotate", KEY, "--dry-run", "--json"],
        &["keys", "edit", KEY, "--name", "New", "--dry-run"],
        &[
            "policy",
            "set",
            "expiry.max=366d",
            "deletion=deactivate",
            "--dry-run",
        ],
    ] {
        let output = fake.run(dry);
        assert_eq!(code(&output), 0, "{dry:?}: {}", err(&output));
        assert!(!out(&output).is_empty(), "{dry:?}");
    }
    assert_eq!(
        out(&fake.run(&["keys", "edit", KEY, "--name", "New", "--dry-run", "-q"])),
        "name\tBilling Sync\tNew\n"
    );
    let policy = out(&fake.run(&[
        "policy",
        "set",
        "expiry.max=366d",
        "deletion=deactivate",
        "--dry-run",
        "-q",
    ]));
    assert_eq!(policy, "expiry.max\tnone\t366d\n");
    let reads = |request: &String| {
        request.starts_with("GET ") || request.starts_with("PATCH /v1/policy?dry_run=true ")
    };
    assert!(fake.asked().iter().all(reads));
}

#[test]
fn a_change_of_the_policy_that_touches_something_is_made_only_by_whoever_says_so() {
    let touches = r#","confirm":"5f2ab0c3d9e84176a0b1c2d3e4f50617","touches":[{"setting":"expiry.max","what":"keys","count":21,
        "effect":"kept","detail":"they keep their end","first":[{"id":"key_1","name":"Billing Sync"}]}]"#;
    let fake = Fake::new(vec![
        (
            "PATCH",
            "/v1/policy?confirm=5f2ab0c3d9e84176a0b1c2d3e4f50617 ",
            200,
            r#"{"expiry":{"max":"90d"}}"#.to_owned(),
        ),
        (
            "PATCH",
            "/v1/policy ",
            409,
            problem(409, "confirmation_needed", touches),
        ),
        (
            "POST",
            "/v1/policy/presets/sly/apply ",
            409,
            problem(409, "confirmation_needed", r#","confirm":"x&y=../z""#),
        ),
    ]);
    let output = fake.run(&["policy", "set", "expiry.max=90d"]);
    assert_eq!(code(&output), 2, "{}", err(&output));
    assert!(
        err(&output).contains("expiry.max touches 21 keys: they keep their end"),
        "{}",
        err(&output)
    );
    assert!(
        err(&output).contains("Billing Sync") && err(&output).contains("and 20 more"),
        "{}",
        err(&output)
    );
    assert_eq!(fake.asked().len(), 1);
    let output = fake.run(&["policy", "set", "expiry.max=90d", "--yes", "-q"]);
    assert_eq!(
        (code(&output), out(&output)),
        (0, "expiry.max\t90d\n".to_owned()),
        "{}",
        err(&output)
    );
    // A word that could lead elsewhere is none.
    let output = fake.run(&["policy", "apply-preset", "sly", "--yes"]);
    assert_eq!(code(&output), 1, "{}", err(&output));
    assert_eq!(fake.asked().len(), 4);
}
