//! What goes in: arguments, keys, addresses; and what never does.

use std::net::TcpListener;

use super::fake::{Fake, KEY, ONE, TOKEN, claviger, code, command, err, finish, out, problem};

#[test]
fn help_names_every_command_and_explains_the_exit_codes() {
    let help = claviger(&["--help"], "");
    assert_eq!(code(&help), 0);
    for word in [
        "keys",
        "audit",
        "policy",
        "secrets",
        "login",
        "logout",
        "completions",
        "Exit codes",
        "CLAVIGER_SERVER",
    ] {
        assert!(out(&help).contains(word), "{word}");
    }
    let keys = out(&claviger(&["keys", "--help"], ""));
    for verb in [
        "create",
        "list",
        "show",
        "edit",
        "rotate",
        "revoke",
        "delete",
        "disable",
        "enable",
        "protect",
        "unprotect",
        "reveal",
        "verify",
        "usage",
        "events",
        "summary",
    ] {
        assert!(keys.contains(&format!("\n  {verb} ")), "{verb}");
        assert_eq!(code(&claviger(&["keys", verb, "--help"], "")), 0, "{verb}");
    }
}

#[test]
fn wrong_usage_exits_with_2() {
    for wrong in [
        &["keys", "list", "--no-such-flag"][..],
        &["keys"],
        &["nonsense"],
        &["keys", "create"],
        &["keys", "create", "x", "--expires-in", "soon"],
        &["keys", "create", "x", "--expires-in", "90d", "--never"],
        &["keys", "create", "x", "--metadata", "[1]"],
        &["keys", "show", "key_short"],
        &["keys", "edit", KEY],
        &["--data", "x", "--server", "http://y", "keys", "list"],
        &["--server", "http://user:pass@y", "keys", "list"],
        &["policy", "set", "novalue"],
        &["secrets", "status"],
    ] {
        let output = claviger(wrong, "");
        assert_eq!(code(&output), 2, "{wrong:?}: {}", err(&output));
        assert!(
            err(&output).starts_with("error: ") || wrong == ["keys"],
            "{wrong:?}: {}",
            err(&output)
        );
    }
}

#[test]
fn a_secret_cannot_be_given_as_an_argument_and_is_not_repeated() {
    for wrong in [
        &["keys", "create", "x", "--secret", TOKEN][..],
        &["keys", "create", "x", &format!("--secret={TOKEN}")],
        &["--key", TOKEN, "keys", "list"],
        &["keys", "verify", TOKEN],
        &["keys", "show", TOKEN],
        &["keys", "rotate", TOKEN, "--yes"],
        &["login", TOKEN],
    ] {
        let output = claviger(wrong, "");
        assert_eq!(code(&output), 2, "{wrong:?}");
        assert!(
            !err(&output).contains(TOKEN) && !out(&output).contains(TOKEN),
            "{wrong:?}: {}",
            err(&output)
        );
    }
}

#[test]
fn without_a_server_one_plain_line_says_so_and_how_to_start_it() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let output = claviger(&["--server", &format!("http://{nobody}"), "keys", "list"], "");
    assert_eq!(code(&output), 1);
    let expected = format!("error: no server answers at http://{nobody}\n  start it with `claviger serve`");
    assert!(err(&output).starts_with(&expected), "{}", err(&output));
    let empty = tempfile::tempdir().unwrap();
    let output = claviger(&["--data", empty.path().to_str().unwrap(), "keys", "list"], "");
    assert_eq!(code(&output), 1);
    assert!(err(&output).contains("claviger serve --data"), "{}", err(&output));
}

#[test]
fn the_key_goes_out_as_bearer_and_never_follows_a_redirect() {
    let other = Fake::new(vec![]);
    let fake = Fake::new(vec![(
        "GET",
        "/v1/keys/summary",
        307,
        format!("{}/v1/keys/summary", other.address),
    )]);
    let mut asking = command(&["--server", &fake.address, "keys", "summary"]);
    asking.env("CLAVIGER_KEY", "sk_live_management");
    let output = finish(asking, "");
    assert_eq!(code(&output), 1);
    assert!(
        fake.asked()[0]
            .to_ascii_lowercase()
            .contains("authorization: bearer sk_live_management\r\n")
    );
    assert!(other.asked().is_empty() && fake.asked().len() == 1);
}

#[test]
fn the_socket_of_a_data_directory_needs_no_key_and_serves_the_installation() {
    let data = tempfile::tempdir().unwrap();
    let status = r#"{"peppers":[{"version":1,"state":"writing","secrets":5,"live":4}],"sha256":{"secrets":0,"live":0},"key_encryption_keys":[]}"#;
    let fake = Fake::in_directory(
        data.path(),
        vec![
            ("GET", "/v1/installation/secrets", 200, status.to_owned()),
            ("POST", "/v1/installation/secrets/rotate", 200, status.to_owned()),
        ],
    );
    let directory = data.path().to_str().unwrap();
    let mut asking = command(&["secrets", "status", "--data", directory, "--organisation", "acme"]);
    asking.env("CLAVIGER_KEY", "sk_live_management");
    let output = finish(asking, "");
    assert_eq!(code(&output), 0, "{}", err(&output));
    assert!(
        out(&output).contains("pepper\t1\twriting\t5\t4"),
        "{}",
        out(&output)
    );
    let asked = fake.asked()[0].to_ascii_lowercase();
    assert!(
        !asked.contains("sk_live") && asked.contains("claviger-organisation: acme"),
        "{asked}"
    );
    let rotate = [
        "--data",
        directory,
        "secrets",
        "rotate",
        "--kind",
        "key-encryption-key",
        "--step",
        "promote",
    ];
    assert_eq!(code(&claviger(&rotate, "")), 0);
    assert!(fake.asked()[1].ends_with(r#"{"kind":"key_encryption_key","step":"promote"}"#));
    assert_eq!(
        code(&claviger(
            &["--data", directory, "secrets", "rotate", "--step", "retire"],
            ""
        )),
        2
    );
}

#[test]
fn login_keeps_a_key_that_works_and_logout_forgets_it() {
    let home = tempfile::tempdir().unwrap();
    let good = Fake::new(vec![
        ("GET", "/v1/self", 200, ONE.to_owned()),
        ("GET", "/v1/keys/summary", 200, r#"{"total":1}"#.to_owned()),
    ]);
    let bad = Fake::new(vec![(
        "GET",
        "/v1/self",
        401,
        problem(401, "unauthenticated", ""),
    )]);
    let at_home = |arguments: &[&str], input: &str| {
        let mut command = command(arguments);
        command.env("XDG_CONFIG_HOME", home.path());
        finish(command, input)
    };
    assert_eq!(code(&at_home(&["login", &bad.address], TOKEN)), 4);
    assert!(!home.path().join("claviger").exists());
    let output = at_home(&["login", &good.address], TOKEN);
    assert_eq!(code(&output), 0, "{}", err(&output));
    assert!(!(out(&output) + &err(&output)).contains(TOKEN));
    assert_eq!(code(&at_home(&["keys", "summary"], "")), 0);
    let bearer = format!("authorization: bearer {}", TOKEN.to_ascii_lowercase());
    assert!(good.asked()[1].to_ascii_lowercase().contains(&bearer));
    // A kept key goes to its own server alone.
    at_home(&["--server", &bad.address, "keys", "summary"], "");
    assert!(!bad.asked()[1].to_ascii_lowercase().contains("authorization"));
    assert_eq!(code(&at_home(&["logout"], "")), 0);
    let kept = std::fs::read_to_string(home.path().join("claviger/credentials.toml")).unwrap();
    assert!(!kept.contains(TOKEN));
}

#[test]
fn completions_are_printed_for_a_shell() {
    let output = claviger(&["completions", "bash"], "");
    assert_eq!(code(&output), 0);
    assert!(out(&output).contains("_claviger"));
}
