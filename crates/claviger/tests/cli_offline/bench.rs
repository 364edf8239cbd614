//! A benchmark presses nobody by accident, and says what came of it to people, to plain terminals and to programs.

use serde_json::Value;

use super::fake::{Fake, TOKEN, claviger, code, err, out};

const YES: &str = r#"{"valid":true,"code":"VALID"}"#;
const NO: &str = r#"{"valid":false,"code":"REVOKED"}"#;
const SHORT: [&str; 5] = ["bench", "--duration", "1s", "--connections", "2"];

fn verifier(answer: &str) -> Fake {
    Fake::new(vec![
        ("POST", "/v1/verify", 200, answer.to_owned()),
        ("GET", "/verify/nginx?api=orders", 200, String::new()),
    ])
}

#[test]
fn a_server_elsewhere_is_not_pressed_without_a_word() {
    for far in ["http://192.0.2.1:7401", "http://[2001:db8::1]:7401"] {
        let output = claviger(&["--server", far, "bench"], TOKEN);
        assert_eq!(code(&output), 2, "{}", err(&output));
        assert!(
            err(&output).contains("--yes-load-this-server"),
            "{}",
            err(&output)
        );
    }
}

#[test]
fn what_makes_no_sense_is_said_before_anything_is_sent() {
    let fake = verifier(YES);
    for wrong in [
        &["bench", "--keys", "5"][..],
        &["bench", "--duration", "0s"],
        &["bench", "--connections", "0"],
        &["bench", "--at", "101"],
        &["bench", "--door", "window"],
        &["bench", "--requires", "orders:"],
        &["bench", "--path", "orders"],
        &["bench", "--data", "x"],
    ] {
        let output = fake.run_with(wrong, TOKEN);
        assert_eq!(code(&output), 2, "{wrong:?}: {}", err(&output));
    }
    assert_eq!(code(&fake.run_with(&["bench"], " \n")), 2);
    assert_eq!(code(&fake.run_with(&["bench"], "two words")), 2);
    assert_eq!(
        code(&claviger(&["--server", "https://127.0.0.1:1", "bench"], TOKEN)),
        2
    );
    assert_eq!(code(&claviger(&["bench", "--tokens", "x"], "")), 2);
    assert!(fake.asked().is_empty());
}

#[test]
fn without_a_server_there_is_nothing_to_measure() {
    let output = claviger(&["--data", "/nonexistent", "bench"], "");
    assert_eq!(code(&output), 1);
    assert!(
        err(&output).contains("no server runs at /nonexistent"),
        "{}",
        err(&output)
    );
}

#[test]
fn programs_are_told_in_json() {
    let fake = verifier(YES);
    let mut asked = SHORT.to_vec();
    asked.extend(["--json", "--requires", "orders:view AND customers:view"]);
    let output = fake.run_with(&asked, TOKEN);
    assert_eq!(code(&output), 0, "{}", err(&output));
    let told: Value = serde_json::from_str(&out(&output)).unwrap();
    for run in ["closed_loop", "open_loop"] {
        assert!(told[run]["answered"].as_u64().unwrap() > 0, "{told}");
        assert_eq!(
            (&told[run]["refused"], &told[run]["failed"]),
            (&Value::from(0), &Value::from(0))
        );
        for percentile in ["p50", "p90", "p99", "p99.9", "max"] {
            assert!(
                told[run]["latency_us"][percentile].as_f64().unwrap() > 0.0,
                "{told}"
            );
        }
    }
    assert_eq!(
        (&told["keys"], &told["connections"]),
        (&Value::from(1), &Value::from(2))
    );
    let first = &fake.asked()[0];
    let body = format!(r#"{{"key":"{TOKEN}","permissions":"orders:view AND customers:view"}}"#);
    assert!(first.ends_with(&body), "{first}");
}

#[test]
fn people_are_drawn_a_picture_and_plain_terminals_a_plain_one() {
    let fake = verifier(YES);
    let mut asked = SHORT.to_vec();
    asked.extend(["--door", "nginx", "--api", "orders", "--path", "/orders/7"]);
    let output = fake.run_with(&asked, TOKEN);
    assert_eq!(code(&output), 0, "{}", err(&output));
    let text = out(&output);
    assert!(text.is_ascii(), "{text}");
    for part in [
        "GET /verify/nginx",
        "requests/s, no errors",
        "At 70 % of that",
        "p99.9",
        "up to",
        "#",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains(TOKEN) && !err(&output).contains(TOKEN));
    let first = &fake.asked()[0];
    for header in [&format!("X-API-Key: {TOKEN}"), "X-Original-URI: /orders/7"] {
        assert!(first.contains(header), "{first}");
    }
}

#[test]
fn keys_that_are_refused_are_no_measurement() {
    let output = verifier(NO).run_with(&SHORT, TOKEN);
    assert_eq!(code(&output), 1);
    let said = err(&output);
    assert!(
        said.contains("1 of 1 requests were refused") && said.contains("REVOKED"),
        "{said}"
    );
    assert!(!said.contains(TOKEN), "{said}");
}
