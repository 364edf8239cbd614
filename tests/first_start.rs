//! From nothing to a first key and back: what a stranger sees, what can be done once, and who is kept out.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};

use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};

use crate::support::{Answer, BINARY, ENGINES, Engine, PASSWORD, Server, text};

/// What stands after a word in a text, up to the next white space.
fn after<'a>(said: &'a str, word: &str) -> &'a str {
    let (_, rest) = said
        .split_once(word)
        .unwrap_or_else(|| panic!("no {word:?} in {said}"));
    rest.split_whitespace().next().expect("something after it")
}

#[tokio::test]
async fn a_first_start_says_all_that_a_stranger_needs_and_a_second_none_of_it() {
    let mut server = Server::empty(Engine::Sqlite).await;
    server.serve().await;
    let said = server.log();
    let key = after(&said, "Management key").to_owned();
    assert!(
        after(&said, "Set-up link").starts_with(&format!("{}/setup/", server.management)),
        "{said}"
    );
    let (_, commands) = said.split_once("revoke it.\n").expect("commands to paste");
    let commands: Vec<&str> = commands
        .lines()
        .map(str::trim)
        .filter(|line| line.contains("curl"))
        .collect();
    assert_eq!(commands.len(), 3, "{said}");

    let mut bash = Command::new("bash");
    bash.env("NO_PROXY", "*")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut bash = bash.spawn().expect("bash");
    let pasted = commands.join("\n") + "\n";
    bash.stdin
        .take()
        .expect("an input")
        .write_all(pasted.as_bytes())
        .expect("pasted");
    let output = tokio::task::spawn_blocking(|| bash.wait_with_output())
        .await
        .expect("a task")
        .expect("an end");
    let answers: Vec<Value> = serde_json::Deserializer::from_slice(&output.stdout)
        .into_iter()
        .collect::<Result<_, _>>()
        .unwrap_or_else(|error| panic!("{error} in {}", String::from_utf8_lossy(&output.stdout)));
    let [made, verified, revoked] = answers.as_slice() else {
        panic!("{answers:?}");
    };
    assert_eq!(
        (&made["name"], &made["status"]),
        (&json!("Billing Sync"), &json!("active"))
    );
    assert_eq!(
        (&verified["code"], &verified["key_id"]),
        (&json!("VALID"), &made["id"])
    );
    assert_eq!(
        (&revoked["key"]["id"], &revoked["key"]["status"]),
        (&made["id"], &json!("revoked"))
    );
    assert_eq!(server.verify(text(made, "secret")).await["code"], "REVOKED");

    let listen = std::fs::read_to_string(server.data().join("listen.json")).expect("listen.json");
    let listen: Value = serde_json::from_str(&listen).expect("JSON");
    assert_eq!(listen["pid"], server.pid());
    assert_eq!(
        format!("http://{}", text(&listen, "verification")),
        server.verification
    );
    assert_eq!(
        listen["socket"],
        server.data().join("claviger.sock").to_str().expect("UTF-8")
    );
    for file in ["listen.json", "claviger.sock", "secrets.toml", "claviger.lock"] {
        let mode = std::fs::metadata(server.data().join(file))
            .expect("a file")
            .permissions()
            .mode();
        assert_eq!(mode & 0o077, 0, "{file} is its owner's alone: {mode:o}");
    }

    server.stop_soon().await;
    for file in ["listen.json", "claviger.sock"] {
        assert!(!server.data().join(file).exists(), "{file} would mislead");
    }
    let before = server.log().len();
    server.serve().await;
    let again = server.log()[before..].to_owned();
    assert!(again.contains(&server.management), "{again}");
    for secret in [key.as_str(), "sk_live_", "setup", "secret", "curl"] {
        assert!(!again.contains(secret), "{secret}: {again}");
    }
    let answer = server.anonymous(Method::GET, "/v1/keys").bearer_auth(&key);
    assert_eq!(Answer::of(answer).await.status, 200, "the key is good still");
}

#[tokio::test]
async fn an_installation_is_made_once() {
    for engine in ENGINES {
        let mut server = Server::init(engine).await;
        let again = server.claviger(&["init", "--json"]).output().expect("init runs");
        assert_eq!(again.status.code(), Some(1));
        assert!(again.stdout.is_empty());
        let said = String::from_utf8_lossy(&again.stderr).into_owned();
        assert!(said.contains("nothing was changed"), "{said}");
        server.serve().await;
        let (_, page) = server.call(Method::GET, "/v1/keys?status=all", None).await;
        assert_eq!(page["items"].as_array().map(Vec::len), Some(1));

        // While it is served, nobody else gets at it.
        let serve = ["serve", "--management", "127.0.0.1:0", "--verify", "127.0.0.1:0"];
        for command in [&serve[..], &["init"], &["migrate"]] {
            let second = server.claviger(command).output().expect("it runs");
            let said = String::from_utf8_lossy(&second.stderr).into_owned();
            assert_eq!(second.status.code(), Some(1), "{command:?}: {said}");
            assert!(
                said.contains(&format!("process {}", server.pid())),
                "{command:?}: {said}"
            );
        }
        assert_eq!(
            server.call(Method::GET, "/v1/keys", None).await.0,
            200,
            "the first goes on"
        );
    }
}

#[tokio::test]
async fn the_schema_is_brought_up_to_date_by_itself_and_makes_nothing_else() {
    for engine in ENGINES {
        let mut server = Server::empty(engine).await;
        let migrate = |server: &Server| {
            let output = server.claviger(&["migrate"]).output().expect("migrate runs");
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(output.status.success(), "{said}");
            String::from_utf8(output.stdout).expect("UTF-8")
        };
        let newest = store::MIGRATIONS.len();
        let said = migrate(&server);
        assert!(
            said.starts_with(&format!("Migrated from version 0 to {newest}:")),
            "{said}"
        );
        assert_eq!(
            migrate(&server),
            format!("The schema is up to date (version {newest}).\n")
        );
        assert!(
            !server.data().join("secrets.toml").exists(),
            "that is for the first start"
        );
        server.found();
        server.serve().await;
        assert_eq!(server.call(Method::GET, "/v1/keys", None).await.0, 200);
    }
}

#[tokio::test]
async fn a_set_up_link_is_good_once() {
    let server = Server::start(Engine::Sqlite).await;
    let token = server.setup_url.rsplit('/').next().expect("a token");
    let path = format!("/setup/{token}");
    let page = Answer::of(server.anonymous(Method::GET, &path)).await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("<form method=\"post\">"), "{}", page.text);
    assert!(!page.text.contains("<script"), "{}", page.text);
    let security = page.header("content-security-policy");
    for rule in [
        "default-src 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    ] {
        assert!(security.contains(rule), "{security}");
    }
    assert!(
        !security.contains("script-src") && !security.contains("unsafe"),
        "{security}"
    );
    assert_eq!(
        (page.header("cache-control"), page.header("referrer-policy")),
        ("no-store", "no-referrer")
    );

    let form = |body: String| {
        let request = server.anonymous(Method::POST, &path);
        request
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(body)
    };
    let whole = format!("name=Ann+%3Cb%3E&email=ann%40sample.example&password={PASSWORD}");
    for wrong in [
        String::new(),
        "name=".to_owned(),
        whole.replace("Ann", "a%00b"),
        whole.replace("%40", ""),
        whole.replace(PASSWORD, "short"),
        whole.replace(PASSWORD, "ann@sample.example"),
    ] {
        let answer = Answer::of(form(wrong.clone())).await;
        assert_eq!(answer.status, 400, "{wrong}");
        assert!(
            answer.text.contains("role=\"alert\""),
            "the page says what was wrong: {}",
            answer.text
        );
        assert!(!answer.text.contains(PASSWORD), "{}", answer.text);
    }
    let cross = form(whole.clone()).header("Sec-Fetch-Site", "cross-site");
    Answer::of(cross)
        .await
        .refused(403, "cross_site", "another site's form");
    for wrong in ["x", "setup_", &format!("{token}x"), "%00"] {
        let answer = Answer::of(server.anonymous(Method::GET, &format!("/setup/{wrong}"))).await;
        assert_eq!(answer.status, 404, "{wrong}");
    }

    let won = Answer::of(form(whole.clone()).header("Sec-Fetch-Site", "same-origin")).await;
    assert_eq!(won.status, 200, "{}", won.text);
    let (cookie, _) = won.header("set-cookie").split_once(';').expect("a cookie");
    let me = Answer::of(server.anonymous(Method::GET, "/v1/me").header("cookie", cookie)).await;
    assert_eq!(
        (&me.body["name"], &me.body["operator"]),
        (&json!("Ann <b>"), &json!(true))
    );
    assert_eq!(Answer::of(server.anonymous(Method::GET, &path)).await.status, 404);
    assert_eq!(Answer::of(form(whole)).await.status, 404);
}

#[tokio::test]
async fn a_verification_listener_that_others_reach_wants_a_word() {
    let mut server = Server::empty(Engine::Sqlite).await;
    let exposed = ["serve", "--management", "127.0.0.1:0", "--verify", "0.0.0.0:0"];
    let output = server.claviger(&exposed).output().expect("serve runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("gateway_token"), "{said}");
    assert!(!server.data().exists(), "nothing was made");

    server.environment = vec![(
        "CLAVIGER_VERIFICATION_GATEWAY_TOKEN",
        "a gateway's own secret".to_owned(),
    )];
    server.serve().await;
    let key = after(&server.log(), "Management key").to_owned();
    let ask = || server.door(Method::POST, "/v1/verify").json(&json!({"key": key}));
    let batch = server
        .door(Method::POST, "/v1/verify/batch")
        .json(&json!({"requests": []}));
    let own = server.door(Method::GET, "/v1/self").bearer_auth(&key);
    let wrong = ask().header("Claviger-Gateway-Token", "a gateway's own secreT");
    for (case, request) in [
        ("none", ask()),
        ("another", wrong),
        ("a batch", batch),
        ("a key's own question", own),
    ] {
        Answer::of(request)
            .await
            .refused(401, "gateway_unauthenticated", case);
    }
    let known = Answer::of(ask().header("Claviger-Gateway-Token", "a gateway's own secret")).await;
    assert_eq!(known.body["code"], "VALID");
    assert_eq!(Answer::of(server.door(Method::GET, "/healthz")).await.status, 200);
    assert!(!server.log().contains("a gateway's own"), "it is in no log");
}

fn answer(mut command: Command) -> Value {
    let output = command.output().expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {said}"))
}

#[tokio::test]
async fn the_command_line_answers_alike_whether_a_server_runs_or_not() {
    let mut server = Server::init(Engine::Sqlite).await;
    let run =
        |server: &Server, arguments: &[&str]| answer(server.claviger(&[arguments, &["--json"]].concat()));
    let create = [
        "keys",
        "create",
        "By hand",
        "--permission",
        "a:b",
        "--expires-in",
        "90d",
    ];
    let made = run(&server, &create);
    let id = text(&made, "id");
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), text(&made, "secret")).expect("a write");
    let token = file.path().to_str().expect("UTF-8");
    let mut answers = Vec::new();
    for (round, served) in [false, true, false].into_iter().enumerate() {
        if served {
            server.serve().await;
        }
        let verified = run(
            &server,
            &["keys", "verify", "--secret-file", token, "--requires", "a:b"],
        );
        assert_eq!(
            (&verified["code"], &verified["key_id"]),
            (&json!("VALID"), &made["id"])
        );
        let lacking = [
            "keys",
            "verify",
            "--secret-file",
            token,
            "--requires",
            "c:d",
            "--json",
        ];
        let refused = server.claviger(&lacking).output().expect("it runs");
        assert_eq!(refused.status.code(), Some(5));
        let mut shown = run(&server, &["keys", "show", id]);
        shown["last_used_at"] = Value::Null;
        let listed = run(&server, &["keys", "list", "--status", "all"]);
        assert_eq!(listed["items"].as_array().map(Vec::len), Some(2 + round));
        let proof = run(&server, &["audit", "verify"]);
        assert_eq!(proof["ok"], true, "{proof}");
        answers.push((verified, refused.stdout, shown));
        let another = run(&server, &create);
        assert_eq!(another["number"], 3 + round);
        if served {
            server.stop_soon().await;
        }
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[1], answers[2]);
}

#[tokio::test]
async fn the_command_line_speaks_to_a_server_by_its_address_and_a_key() {
    let server = Server::start(Engine::Sqlite).await;
    let home = tempfile::tempdir().expect("a directory");
    let remote = |key: Option<&str>, arguments: &[&str]| {
        let mut command = Command::new(BINARY);
        command
            .args(arguments)
            .args(["--json", "--server", &server.management])
            .stdin(Stdio::null());
        command
            .env("HOME", home.path())
            .env("XDG_CONFIG_HOME", home.path());
        command.env_remove("CLAVIGER_DATA").env_remove("CLAVIGER_KEY");
        command.envs(key.map(|key| ("CLAVIGER_KEY", key)));
        command
    };
    let made = answer(remote(Some(&server.key), &["keys", "create", "From afar"]));
    let list = answer(remote(Some(&server.key), &["keys", "list"]));
    assert_eq!(list["items"][0]["id"], made["id"]);
    let by_socket = answer(server.claviger(&["keys", "list", "--json"]));
    assert_eq!(by_socket["items"][0]["id"], made["id"], "the same list");
    for key in [None, Some("nonsense"), made["secret"].as_str()] {
        let refused = remote(key, &["keys", "list"]).output().expect("it runs");
        assert_eq!(
            refused.status.code(),
            Some(4),
            "{}",
            String::from_utf8_lossy(&refused.stderr)
        );
    }
    let secrets = remote(Some(&server.key), &["secrets", "status"])
        .output()
        .expect("it runs");
    assert_eq!(secrets.status.code(), Some(2), "that is done on the host alone");
}

#[test]
fn the_printed_settings_are_settings() {
    let output = Command::new(BINARY)
        .args(["config", "default"])
        .output()
        .expect("it runs");
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let table: toml::Table = text.parse().expect("TOML");
    for section in ["listen", "verification", "cache", "log"] {
        assert!(table.contains_key(section), "{section}");
    }
}
