//! What comes out: secrets alone, rows for programs, refusals in plain words, nothing that acts on a terminal.

use super::fake::{Fake, KEY, ONE, TOKEN, code, command, err, finish, out, problem};

#[test]
fn create_prints_the_secret_alone_and_everything_else_aside() {
    let made = ONE.replacen('{', &format!(r#"{{"secret":"{TOKEN}","#), 1);
    let fake = Fake::new(vec![("POST", "/v1/keys", 201, made)]);
    let output = fake.run(&[
        "keys",
        "create",
        "Billing Sync",
        "--permission",
        "invoices:read",
        "--expires-in",
        "90d",
    ]);
    assert_eq!(code(&output), 0, "{}", err(&output));
    assert_eq!(out(&output), format!("{TOKEN}\n"));
    assert!(err(&output).contains(KEY) && !err(&output).contains(TOKEN));
    let body = fake.asked()[0].split("\r\n\r\n").nth(1).unwrap().to_owned();
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    let wanted =
        serde_json::json!({"name": "Billing Sync", "permissions": ["invoices:read"], "expires_in": "90d"});
    assert_eq!(body, wanted);
    let output = fake.run(&["keys", "create", "Billing Sync", "--json"]);
    let whole: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(whole["secret"], TOKEN);
    assert!(!err(&output).contains(TOKEN));
}

#[test]
fn a_token_made_elsewhere_comes_from_standard_input_or_a_file() {
    let fake = Fake::new(vec![("POST", "/v1/keys", 201, ONE.to_owned())]);
    let output = fake.run_with(
        &["keys", "create", "Old", "--secret-file", "-"],
        &format!("{TOKEN}\n"),
    );
    assert_eq!((code(&output), out(&output)), (0, format!("{KEY}\n")));
    assert!(fake.asked()[0].contains(&format!(r#""secret":"{TOKEN}""#)));
    let empty = fake.run_with(&["keys", "create", "Old", "--secret-file", "-"], " \n");
    assert_eq!(code(&empty), 2);
}

#[test]
fn lists_are_tab_separated_without_borders_or_colours_when_piped() {
    let fake = Fake::new(vec![(
        "GET",
        "/v1/keys",
        200,
        format!(r#"{{"items":[{ONE}],"next_cursor":"abc"}}"#),
    )]);
    let output = fake.run(&["keys", "list", "--status", "active", "--search", "a b&c"]);
    assert_eq!(code(&output), 0);
    let lines: Vec<String> = out(&output).lines().map(str::to_owned).collect();
    assert!(lines[0].starts_with("ID\tNAME\tKEY\tSTATUS\t"), "{lines:?}");
    assert!(
        lines[1].starts_with(&format!(
            "{KEY}\tBilling Sync\tsk_live_a1b2…t0uv\tactive\tnever\t"
        )),
        "{lines:?}"
    );
    assert!(lines[1].ends_with("\t2026-01-01T00:00:00Z"), "{lines:?}");
    assert!(!out(&output).contains(['\u{1b}', '│']));
    assert!(err(&output).contains("--cursor abc"));
    assert!(
        fake.asked()[0].starts_with("GET /v1/keys?status=active&q=a+b%26c "),
        "{}",
        fake.asked()[0]
    );
    let quiet = fake.run(&["keys", "list", "--quiet"]);
    assert_eq!((out(&quiet).lines().count(), err(&quiet).as_str()), (1, ""));
}

#[test]
fn all_pages_are_fetched_and_a_list_without_end_is_given_up() {
    let fake = Fake::new(vec![
        (
            "GET",
            "/v1/keys?limit=500&cursor=b",
            200,
            format!(r#"{{"items":[{ONE}],"next_cursor":null}}"#),
        ),
        (
            "GET",
            "/v1/keys?limit=500",
            200,
            format!(r#"{{"items":[{ONE}],"next_cursor":"b"}}"#),
        ),
        (
            "GET",
            "/v1/audit",
            200,
            r#"{"items":[],"next_cursor":"same"}"#.to_owned(),
        ),
    ]);
    let output = fake.run(&["keys", "list", "--all", "--json"]);
    let list: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(list["items"].as_array().unwrap().len(), 2);
    let output = fake.run(&["audit", "list", "--all"]);
    assert_eq!((code(&output), err(&output).contains("does not end")), (1, true));
}

#[test]
fn a_hostile_name_cannot_act_on_the_terminal() {
    let hostile = ONE.replace("Billing Sync", r"a\u001b[2J\u202eb\tc\nd\u009b31m");
    let refusal = problem(
        409,
        "conflict",
        r#","errors":[{"field":"name","detail":"\u001b]0;owned\u0007"}]"#,
    );
    let fake = Fake::new(vec![
        (
            "GET",
            "/v1/keys?",
            200,
            format!(r#"{{"items":[{hostile}],"next_cursor":null}}"#),
        ),
        ("GET", "/v1/keys/", 200, hostile.clone()),
        ("POST", "/v1/keys", 409, refusal),
    ]);
    for asked in [
        &["keys", "list", "--limit", "1"][..],
        &["keys", "list", "--limit", "1", "--json"],
        &["keys", "show", KEY],
        &["keys", "revoke", KEY, "--dry-run"],
        &["keys", "create", "x"],
    ] {
        let output = fake.run(asked);
        let shown = out(&output) + &err(&output);
        assert!(
            !shown.contains(['\u{1b}', '\u{202e}', '\u{9b}', '\u{7}']),
            "{asked:?}: {shown:?}"
        );
    }
    assert_eq!(
        out(&fake.run(&["keys", "list", "--limit", "1"])).lines().count(),
        2
    );
}

#[test]
fn refusals_of_the_caller_exit_with_4_and_name_what_is_missing() {
    let fake = Fake::new(vec![
        ("GET", "/v1/policy", 401, problem(401, "unauthenticated", "")),
        (
            "GET",
            "/v1/keys/summary",
            403,
            problem(403, "forbidden", r#","missing":"claviger:keys.read""#),
        ),
        (
            "POST",
            "/v1/keys",
            400,
            problem(
                400,
                "invalid_request",
                r#","errors":[{"field":"name","detail":"is too long"}]"#,
            ),
        ),
        ("GET", "/v1/audit", 200, "<html>".to_owned()),
    ]);
    let output = fake.run(&["policy", "show"]);
    assert_eq!(code(&output), 4);
    assert!(
        err(&output).starts_with("error: It will not do. (unauthenticated)\n"),
        "{}",
        err(&output)
    );
    assert!(err(&output).contains("claviger login"));
    let output = fake.run(&["keys", "summary"]);
    assert_eq!(code(&output), 4);
    assert!(err(&output).contains("claviger:keys.read"));
    let output = fake.run(&["keys", "create", "x"]);
    assert_eq!(code(&output), 1);
    assert!(
        err(&output).contains("\n  name: is too long\n"),
        "{}",
        err(&output)
    );
    let output = fake.run(&["audit", "list"]);
    assert_eq!(
        (code(&output), err(&output).lines().count()),
        (1, 1),
        "{}",
        err(&output)
    );
}

#[test]
fn verify_reads_the_token_from_standard_input_and_exits_with_5_when_it_is_not_valid() {
    let refused = r#"{"valid":false,"code":"INSUFFICIENT_PERMISSIONS","missing":"orders:view"}"#;
    let fake = Fake::new(vec![("POST", "/v1/verify", 200, refused.to_owned())]);
    let output = fake.run_with(
        &["keys", "verify", "--requires", "orders:view", "--ip", "10.0.0.1"],
        TOKEN,
    );
    assert_eq!(code(&output), 5);
    assert_eq!(
        out(&output),
        "valid\tno\ncode\tINSUFFICIENT_PERMISSIONS\nmissing\torders:view\n"
    );
    assert_eq!(err(&output), "");
    assert!(fake.asked()[0].contains(&format!(
        r#""key":"{TOKEN}","permissions":"orders:view","ip":"10.0.0.1""#
    )));
    let admitted =
        r#"{"valid":true,"code":"VALID","key_id":"key_1","name":"n","permissions":[],"expires_at":null}"#;
    let fake = Fake::new(vec![("POST", "/v1/verify", 200, admitted.to_owned())]);
    assert_eq!(code(&fake.run_with(&["keys", "verify"], TOKEN)), 0);
    assert_eq!(code(&fake.run_with(&["keys", "verify"], "")), 2);
}

#[test]
fn a_broken_audit_log_exits_with_1_and_names_the_record() {
    let broken = r#"{"ok":false,"chains":[{"organisation":"org_1","records":20,"ok":false,"fault":"record 17 was changed"}],"checkpoints":0}"#;
    let fake = Fake::new(vec![("GET", "/v1/audit/verify", 200, broken.to_owned())]);
    let output = fake.run(&["audit", "verify"]);
    assert_eq!(code(&output), 1);
    assert!(
        err(&output).contains("org_1: record 17 was changed"),
        "{}",
        err(&output)
    );
}

#[test]
fn an_export_appears_whole_or_not_at_all() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("audit.ndjson");
    let fake = Fake::new(vec![
        (
            "GET",
            "/v1/audit/export?format=ndjson",
            200,
            "{\"seq\":1}\n".to_owned(),
        ),
        (
            "GET",
            "/v1/audit/export?format=csv",
            503,
            problem(503, "unavailable", ""),
        ),
    ]);
    let name = file.to_str().unwrap();
    let output = fake.run(&["audit", "export", "--output", name]);
    assert_eq!(code(&output), 0, "{}", err(&output));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "{\"seq\":1}\n");
    assert_eq!(
        code(&fake.run(&["audit", "export", "--format", "csv", "--output", name])),
        1
    );
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "{\"seq\":1}\n");
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
    assert_eq!(out(&fake.run(&["audit", "export"])), "{\"seq\":1}\n");
}

#[test]
fn a_secret_that_cannot_be_written_is_an_error_not_a_silence() {
    let made = ONE.replacen('{', &format!(r#"{{"secret":"{TOKEN}","#), 1);
    let fake = Fake::new(vec![("POST", "/v1/keys", 201, made)]);
    for format in ["--quiet", "--json"] {
        let mut asking = command(&["--server", &fake.address, "keys", "create", "x", format]);
        asking.stdout(std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap());
        let output = finish(asking, "");
        assert_eq!(code(&output), 1);
        assert!(err(&output).contains("rotate the key"), "{}", err(&output));
        assert!(!err(&output).contains(TOKEN));
    }
}
