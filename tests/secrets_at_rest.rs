//! No secret is kept in clear anywhere, what is kept can be replaced in stages, and without the secrets file nothing starts.

mod ways;

use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use domain::secret::sha256;
use domain::token::Presented;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::guessing::unknown;
use crate::sign_in::with_factor;
use crate::support::{Answer, Browser, ENGINES, Engine, PASSWORD, Server, path_of, text};
use crate::traces::Sink;

const EXTERNAL: &str = "AIzaSyD-9tSrke72_PouQ-MnMX-a7eZSW0jkFMBWY";

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

fn base64(bytes: &[u8]) -> String {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let whole = bytes.chunks_exact(3).flat_map(|chunk| {
        let bits = chunk
            .iter()
            .fold(0_usize, |bits, byte| bits << 8 | usize::from(*byte));
        [18, 12, 6, 0].map(|shift| char::from(alphabet[bits >> shift & 63]))
    });
    whole.collect()
}

/// A token as it might be found: plain, in hexadecimal, in base64 from each of the places where it may begin.
fn forms(token: &str) -> Vec<String> {
    let bytes = token.as_bytes();
    let mut forms = vec![token.to_owned(), hex(bytes), hex(bytes).to_uppercase()];
    forms.extend((0..3).map(|skipped| base64(&bytes[skipped..])));
    // What only a secret has: all but its prefix.
    forms.push(token[token.len().saturating_sub(24)..].to_owned());
    forms
}

/// Demands that no file of a server's, no line of its log and no row of its database has any of these.
pub(crate) async fn assert_nowhere(server: &Server, tokens: &[String]) {
    assert_in_none(server, tokens, Vec::new()).await;
}

/// The same of these texts as well.
async fn assert_in_none(server: &Server, tokens: &[String], more: Vec<(String, String)>) {
    let mut places = vec![("the log".to_owned(), server.log())];
    places.extend(more);
    let mut directories = vec![server.data()];
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(directory).expect("a directory") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                directories.push(path);
                continue;
            }
            if !path.is_file() {
                continue;
            }
            let bytes = std::fs::read(&path).expect("a file");
            // What is searched for is ASCII, which survives.
            places.push((
                path.display().to_string(),
                String::from_utf8_lossy(&bytes).into_owned(),
            ));
        }
    }
    places.extend(server.dump().await.map(|dump| ("the database".to_owned(), dump)));
    assert!(places.len() > 3);
    for token in tokens {
        for form in forms(token) {
            for (place, text) in &places {
                assert!(!text.contains(&form), "{place} holds a token as {form}");
            }
        }
    }
}

async fn post(server: &Server, key: &Value, verb: &str, body: Value) -> (StatusCode, Value) {
    server.call(Method::POST, &path_of(key, verb), Some(body)).await
}

#[tokio::test]
async fn no_file_no_log_line_and_no_table_holds_a_token() {
    assert_eq!(base64(b"Man"), "TWFu");
    for engine in ENGINES {
        let mut server = Server::init(engine).await;
        server.environment = vec![("CLAVIGER_LOG_LEVEL", "debug".to_owned())];
        server.serve().await;
        let setup = server.setup_url.rsplit('/').next().expect("a token").to_owned();
        let mut tokens = vec![server.key.clone(), setup, EXTERNAL.to_owned()];
        let hashed = server.create(json!({})).await;
        tokens.push(text(&hashed, "secret").to_owned());
        let kept = json!({"storage": "encrypted", "reveal": "on_demand", "source": "external_allowed"});
        server.policy(json!({"secret": kept})).await;
        let key = server.create(json!({})).await;
        tokens.push(text(&key, "secret").to_owned());
        let (_, rotated) = post(&server, &key, "rotate", json!({"grace": "1h"})).await;
        tokens.push(text(&rotated, "secret").to_owned());
        let (_, revealed) = post(&server, &key, "reveal", json!({})).await;
        assert_eq!(revealed["secret"], rotated["secret"]);
        let imported = server.create(json!({"secret": EXTERNAL})).await;
        assert_eq!(imported["secret"], EXTERNAL);
        for token in &tokens[3..] {
            assert_eq!(server.verify(token).await["code"], "VALID");
            // Refusals are where a careless program would write down what it was given.
            let wrong = json!({"key": token, "permissions": "(", "ip": "::1"});
            Answer::of(server.door(Method::POST, "/v1/verify").json(&wrong))
                .await
                .refused(400, "invalid_request", "a bad question");
            let wrong = json!({"name": 1, "secret": token});
            Answer::of(server.request(Method::POST, "/v1/keys").json(&wrong))
                .await
                .refused(400, "invalid_json", "a bad body");
            let own = server
                .anonymous(Method::GET, "/v1/keys")
                .header("X-API-Key", format!("{token}x"));
            Answer::of(own)
                .await
                .refused(401, "unauthenticated", "a token with a slip");
        }
        let mut ann = Browser::first(&server).await;
        let (factor, codes) = with_factor(&mut ann).await;
        let body = json!({"email": "bob@sample.example"});
        let invited = Answer::of(ann.request(Method::POST, "/v1/users").json(&body)).await;
        let link = text(&invited.body, "invitation_url").rsplit('/').next();
        let session = ann.cookie.split('=').nth(1).expect("a token").to_owned();
        tokens.extend([PASSWORD.to_owned(), session, factor, codes[0].clone()]);
        let link = link.expect("a token").to_owned();
        ann.get(&format!("/v1/invitations/{link}")).await;
        ann.get(&format!("/invitations/{link}")).await;
        tokens.push(link);
        ann.sign_in("ann@sample.example", "wrong-tin-otter-quarrel").await;
        tokens.push("wrong-tin-otter-quarrel".to_owned());
        assert!(server.log().contains("listening"), "this is the log");
        assert_nowhere(&server, &tokens).await;
        server.stop_soon().await;
        assert_nowhere(&server, &tokens).await;
    }
}

/// The same with everything said that can be said: the log at its most talkative, traces of every request, and each token
/// presented in every way that there is.
#[tokio::test(flavor = "multi_thread")]
async fn however_it_comes_in_and_however_much_is_said_no_token_is_in_a_log_a_trace_a_figure_or_a_file() {
    for (engine, format) in ENGINES.into_iter().zip(["json", "text"]) {
        let sink = Sink::start().await;
        let mut server = Server::init(engine).await;
        server.environment = sink.environment();
        server
            .environment
            .push(("CLAVIGER_LOG_LEVEL", "trace".to_owned()));
        server
            .environment
            .push(("CLAVIGER_LOG_FORMAT", format.to_owned()));
        server.serve().await;
        let kept = json!({"storage": "encrypted", "reveal": "on_demand", "source": "external_allowed"});
        let dialects = ["omnicrm", "openlmis", "maximo"];
        server.policy(json!({"secret": kept, "dialects": dialects})).await;
        let key = server.create(json!({"permissions": ["orders:view"]})).await;
        let (_, rotated) = post(&server, &key, "rotate", json!({"grace": "1h"})).await;
        let (_, revealed) = post(&server, &key, "reveal", json!({})).await;
        assert_eq!(revealed["secret"], rotated["secret"]);
        server.create(json!({"secret": EXTERNAL})).await;
        let revoked = server.create(json!({})).await;
        post(&server, &revoked, "revoke", json!({})).await;
        let mut tokens: Vec<String> = [&key, &rotated, &revoked]
            .map(|key| text(key, "secret").to_owned())
            .to_vec();
        tokens.extend([
            server.key.clone(),
            EXTERNAL.to_owned(),
            unknown(1),
            format!("{}x", unknown(2)),
        ]);
        for token in &tokens {
            assert!(ways::present(&server, token).await > 80);
        }
        // Made by each dialect, which shows it once.
        for (path, body) in [
            ("/crm/api-keys", json!({"name": "Made by a dialect"})),
            ("/api/apiKeys", json!({})),
        ] {
            let made = Answer::of(server.request(Method::POST, path).json(&body)).await;
            assert_eq!(made.status, 201, "{path}: {}", made.text);
            let token = made.body["api_key"].as_str().or(made.body["token"].as_str());
            tokens.push(token.unwrap_or_else(|| panic!("{}", made.text)).to_owned());
        }
        // The database is gone from under it: what fails is said as well.
        if engine == Engine::Sqlite {
            server.sql("ALTER TABLE secrets RENAME TO mislaid", &[]).await;
            for number in 10..20 {
                let guess = unknown(number);
                let failed = server
                    .door(Method::POST, "/v1/verify")
                    .json(&json!({ "key": guess }));
                assert!(Answer::of(failed).await.status.is_server_error());
                tokens.push(guess);
            }
            server.sql("ALTER TABLE mislaid RENAME TO secrets", &[]).await;
            assert!(server.log().contains("a request failed"));
        }
        let said = server.log();
        assert!(
            said.contains("TRACE") || said.contains("DEBUG"),
            "it is talkative"
        );
        assert_eq!(
            format == "json",
            said.contains("{\"timestamp\""),
            "in the form that was asked for"
        );
        let page = server.metrics().await;
        server.stop_soon().await;
        assert!(
            sink.holds(b"app.key.rotate") && sink.holds(b"web.gate"),
            "and it is traced"
        );
        let more = vec![
            ("the traces".to_owned(), sink.text()),
            ("the metrics".to_owned(), page),
        ];
        assert_in_none(&server, &tokens, more).await;
    }
}

#[tokio::test]
async fn a_token_is_shown_again_only_where_it_was_kept_for_that() {
    let server = Server::start(Engine::Sqlite).await;
    let before = server.create(json!({})).await;
    let refused = |(status, body): (StatusCode, Value), expected: u16, code: &str| {
        assert_eq!(
            (status.as_u16(), &body["code"]),
            (expected, &json!(code)),
            "{body}"
        );
    };
    refused(
        post(&server, &before, "reveal", json!({})).await,
        422,
        "policy_refused",
    );
    server.policy(json!({"secret": {"storage": "encrypted"}})).await;
    refused(
        post(&server, &before, "reveal", json!({})).await,
        422,
        "policy_refused",
    );
    server.policy(json!({"secret": {"reveal": "on_demand"}})).await;
    refused(post(&server, &before, "reveal", json!({})).await, 409, "not_kept");

    let key = server.create(json!({})).await;
    let request = server.request(Method::POST, &path_of(&key, "reveal"));
    let answer = Answer::of(request).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.body["secret"]),
        (200, &key["secret"])
    );
    assert_eq!(answer.header("cache-control"), "no-store");
    let (_, events) = server.call(Method::GET, &path_of(&key, "events"), None).await;
    assert_eq!(events["items"][0]["action"], "key.reveal", "it is on record");
    assert_eq!(
        events["items"][0]["request_id"],
        answer.header("claviger-request-id")
    );

    let (_, rotated) = post(&server, &key, "rotate", json!({"grace": "1h"})).await;
    let (_, shown) = post(&server, &key, "reveal", json!({})).await;
    assert_eq!(shown["secret"], rotated["secret"], "never the one before");
    let revealable = |key: &Value| -> Vec<bool> {
        let secrets = key["secrets"].as_array().expect("secrets").iter();
        secrets
            .map(|secret| secret["revealable"].as_bool().expect("a truth"))
            .collect()
    };
    assert_eq!(revealable(&rotated), [true, false]);

    // Giving up the ciphertexts is for good.
    server
        .policy(json!({"secret": {"storage": "hashed", "reveal": "once"}}))
        .await;
    refused(
        post(&server, &key, "reveal", json!({})).await,
        422,
        "policy_refused",
    );
    server
        .policy(json!({"secret": {"storage": "encrypted", "reveal": "on_demand"}}))
        .await;
    refused(post(&server, &key, "reveal", json!({})).await, 409, "not_kept");
    assert_eq!(server.verify(text(&rotated, "secret")).await["code"], "VALID");
}

#[tokio::test]
async fn tokens_from_elsewhere_are_taken_once_and_only_if_they_are_strong() {
    for engine in ENGINES {
        let server = Server::start(engine).await;
        server
            .policy(json!({"secret": {"source": "external_allowed"}}))
            .await;
        let create = |fields: Value| {
            let mut body = json!({"name": "Imported"});
            body.as_object_mut()
                .expect("an object")
                .extend(fields.as_object().expect("fields").clone());
            Answer::of(server.request(Method::POST, "/v1/keys").json(&body))
        };
        for (weak, why) in [
            ("changeme", "at least 32"),
            (&"a".repeat(40), "in a row"),
            ("abcdefghijklmnopqrstuvwxyz0123456789", "sequence"),
            (&"x7Kp".repeat(10), "repeated"),
            (&format!("{EXTERNAL} {EXTERNAL}"), "printable"),
            (&format!("{EXTERNAL}\n"), "printable"),
            (&EXTERNAL.repeat(20), "longer than 512"),
        ] {
            let answer = create(json!({"secret": weak})).await;
            answer.refused(400, "invalid_request", weak);
            assert_eq!(answer.body["errors"][0]["field"], "secret");
            assert!(
                answer.text.contains(why) && !answer.text.contains(weak),
                "{}",
                answer.text
            );
        }
        let both = tokio::join!(
            create(json!({"secret": EXTERNAL})),
            create(json!({"secret": EXTERNAL}))
        );
        let mut statuses = [both.0.status.as_u16(), both.1.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 409]);
        create(json!({"secret": EXTERNAL}))
            .await
            .refused(409, "secret_exists", "the same again");
        assert_eq!(server.verify(EXTERNAL).await["code"], "VALID");
        let ours = server.create(json!({})).await;
        create(json!({"secret": ours["secret"]}))
            .await
            .refused(409, "secret_exists", "one of ours");

        // Looks like ours, but its last six characters are no checksum of ours.
        let lookalike = "sk_live_4eC39HqLyjWDarjtT1zdp7dc9sKq2xAbcdef01";
        assert_eq!(server.verify(lookalike).await["code"], "NOT_FOUND");
        assert_eq!(create(json!({"secret": lookalike})).await.status, 201);
        assert_eq!(server.verify(lookalike).await["code"], "VALID");
        assert_eq!(server.verify(text(&ours, "secret")).await["code"], "VALID");

        let hash_of =
            |token: &str| hex(sha256(&Presented::parse(token.as_bytes()).expect("a token")).as_bytes());
        let bcrypt =
            create(json!({"secret_sha256": "$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW"}))
                .await;
        bcrypt.refused(400, "invalid_request", "bcrypt");
        assert!(
            bcrypt.text.contains("bcrypt") && bcrypt.text.contains("salted"),
            "{}",
            bcrypt.text
        );
        create(json!({"secret_sha256": "5d41402abc4b2a76b9719d911017c592"}))
            .await
            .refused(400, "invalid_request", "MD5");
        let token = "old_9f86d081884c7d659a2feaa0c55ad015";
        let hash = hash_of(token);
        let made = create(json!({"secret_sha256": hash, "secret_prefix": "old"})).await;
        assert_eq!(
            (made.status.as_u16(), &made.body["secret"]),
            (201, &Value::Null),
            "{}",
            made.text
        );
        create(json!({"secret_sha256": hash.to_uppercase()}))
            .await
            .refused(409, "secret_exists", "the same hash again");
        create(json!({"secret": token}))
            .await
            .refused(409, "secret_exists", "what was hashed");

        let status = async || {
            Answer::of(server.local(Method::GET, "/v1/installation/secrets"))
                .await
                .body
        };
        assert_eq!(status().await["sha256"], json!({"secrets": 1, "live": 1}));
        assert_eq!(server.verify(token).await["code"], "VALID");
        until(async || status().await["sha256"]["secrets"] == 0).await;
        assert_eq!(server.verify(token).await["code"], "VALID", "upgraded");
    }
}

async fn until(done: impl AsyncFn() -> bool) {
    for _ in 0..200 {
        if done().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("it did not come to pass within 5 seconds");
}

#[tokio::test]
async fn a_pepper_is_replaced_in_stages_and_no_token_is_lost() {
    let mut server = Server::start(Engine::Sqlite).await;
    let (used, idle) = (server.create(json!({})).await, server.create(json!({})).await);
    let step = |body: Value| {
        Answer::of(
            server
                .local(Method::POST, "/v1/installation/secrets/rotate")
                .json(&body),
        )
    };
    let states = |answer: &Answer, kind: &str| -> Vec<(u64, String)> {
        let all = answer.body[kind]
            .as_array()
            .unwrap_or_else(|| panic!("{}", answer.text))
            .iter();
        all.map(|one| {
            (
                one["version"].as_u64().expect("a version"),
                text(one, "state").to_owned(),
            )
        })
        .collect()
    };
    let (writing, verifying) = ("writing".to_owned(), "verifying".to_owned());
    let announced = step(json!({"kind": "pepper", "step": "announce"})).await;
    assert_eq!(
        states(&announced, "peppers"),
        [(1, writing.clone()), (2, verifying.clone())]
    );
    assert_eq!(server.verify(text(&used, "secret")).await["code"], "VALID");
    let promoted = step(json!({"kind": "pepper", "step": "promote"})).await;
    assert_eq!(
        states(&promoted, "peppers"),
        [(1, verifying), (2, writing.clone())]
    );
    let fresh = server.create(json!({})).await;
    for key in [&used, &fresh] {
        assert_eq!(server.verify(text(key, "secret")).await["code"], "VALID");
    }
    assert_eq!(server.call(Method::GET, "/v1/keys", None).await.0, 200);

    let retire = || step(json!({"kind": "pepper", "step": "retire", "version": 1}));
    let live = async || {
        let status = Answer::of(server.local(Method::GET, "/v1/installation/secrets"))
            .await
            .body;
        status["peppers"][0]["live"].as_u64().expect("a count")
    };
    until(async || live().await == 1).await;
    retire()
        .await
        .refused(409, "secrets_in_use", "one key was not seen yet");
    step(json!({"kind": "pepper", "step": "retire"}))
        .await
        .refused(400, "invalid_request", "no version");
    step(json!({"kind": "pepper", "step": "retire", "version": 2}))
        .await
        .refused(409, "secrets_in_use", "the one that is written with");
    step(json!({"kind": "pepper", "step": "promote", "version": 9}))
        .await
        .refused(409, "secrets_in_use", "one that never was");
    step(json!({"kind": "salt", "step": "retire"}))
        .await
        .refused(400, "invalid_json", "another kind");
    assert_eq!(server.verify(text(&idle, "secret")).await["code"], "VALID");
    until(async || live().await == 0).await;
    assert_eq!(states(&retire().await, "peppers"), [(2, writing)]);

    let mode = std::fs::metadata(server.data().join("secrets.toml"))
        .expect("the file")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    server.stop_soon().await;
    server.serve().await;
    for key in [&used, &idle, &fresh] {
        assert_eq!(server.verify(text(key, "secret")).await["code"], "VALID");
    }
    let audit = Answer::of(server.local(Method::GET, "/v1/audit/verify")).await;
    assert_eq!(audit.body["ok"], true, "{}", audit.text);
}

#[tokio::test]
async fn a_key_encryption_key_is_replaced_and_what_was_kept_still_opens() {
    let mut server = Server::start(Engine::Sqlite).await;
    server
        .policy(json!({"secret": {"storage": "encrypted", "reveal": "on_demand"}}))
        .await;
    let key = server.create(json!({})).await;
    for step in ["announce", "promote", "retire"] {
        let mut body = json!({"kind": "key_encryption_key", "step": step});
        if step == "retire" {
            body["version"] = json!(1);
        }
        let answer = Answer::of(
            server
                .local(Method::POST, "/v1/installation/secrets/rotate")
                .json(&body),
        )
        .await;
        assert_eq!(answer.status, 200, "{step}: {}", answer.text);
    }
    server.stop_soon().await;
    server.serve().await;
    let (_, shown) = post(&server, &key, "reveal", json!({})).await;
    assert_eq!(shown["secret"], key["secret"], "{shown}");
}

#[tokio::test]
async fn steps_of_rotations_at_once_are_taken_one_after_the_other() {
    let mut server = Server::start(Engine::Sqlite).await;
    let before = server.create(json!({})).await;
    let mut steps = JoinSet::new();
    for kind in ["pepper", "key_encryption_key"].into_iter().cycle().take(12) {
        let request = server.local(Method::POST, "/v1/installation/secrets/rotate");
        steps.spawn(Answer::of(
            request.json(&json!({"kind": kind, "step": "announce"})),
        ));
    }
    for answer in steps.join_all().await {
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
    let promote = server.local(Method::POST, "/v1/installation/secrets/rotate");
    let promoted = Answer::of(promote.json(&json!({"kind": "pepper", "step": "promote"}))).await;
    assert_eq!(promoted.status, 200, "{}", promoted.text);
    for kind in ["peppers", "key_encryption_keys"] {
        let all = promoted.body[kind].as_array().expect("versions").iter();
        let versions: Vec<_> = all.filter_map(|one| one["version"].as_u64()).collect();
        assert_eq!(
            versions,
            [1, 2, 3, 4, 5, 6, 7],
            "{kind}: none took another's place"
        );
    }
    // What was written under the new one is found by what the file says of it.
    let after = server.create(json!({})).await;
    server.stop_soon().await;
    server.serve().await;
    for key in [&before, &after] {
        assert_eq!(server.verify(text(key, "secret")).await["code"], "VALID");
    }
}

#[tokio::test]
async fn secrets_from_the_environment_do_as_well_and_are_not_changed_from_here() {
    let mut server = Server::init(Engine::Sqlite).await;
    let file = server.data().join("secrets.toml");
    let secrets = std::fs::read_to_string(&file).expect("the file");
    std::fs::remove_file(&file).expect("a removal");
    server.environment = vec![("CLAVIGER_SECRETS", secrets.clone())];
    server.serve().await;
    let key = server.create(json!({})).await;
    assert_eq!(server.verify(text(&key, "secret")).await["code"], "VALID");
    let status = Answer::of(server.local(Method::GET, "/v1/installation/secrets")).await;
    for step in ["announce", "promote"] {
        let rotate = server.local(Method::POST, "/v1/installation/secrets/rotate");
        let rotate = rotate.json(&json!({"kind": "pepper", "step": step}));
        Answer::of(rotate)
            .await
            .refused(409, "secrets_fixed", "they are not ours to write");
    }
    let again = Answer::of(server.local(Method::GET, "/v1/installation/secrets")).await;
    assert_eq!(status.body, again.body);
    assert!(!file.exists(), "no file is made beside them");
    let shown = secrets.lines().filter_map(|line| line.split('"').nth(1));
    for value in shown.filter(|value| value.len() > 20) {
        assert!(!server.log().contains(value), "they are in no log");
    }
}

#[tokio::test]
async fn without_its_secrets_file_or_with_an_open_one_nothing_starts() {
    let server = Server::init(Engine::Sqlite).await;
    let file = server.data().join("secrets.toml");
    let refusal = || {
        let serve = ["serve", "--management", "127.0.0.1:0", "--verify", "127.0.0.1:0"];
        let output = server.claviger(&serve).output().expect("serve runs");
        assert_eq!(output.status.code(), Some(1));
        assert!(output.stdout.is_empty());
        let said = String::from_utf8(output.stderr).expect("UTF-8");
        assert_eq!(said.trim_end().lines().count(), 1, "{said}");
        said
    };
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).expect("chmod");
    let said = refusal();
    assert!(said.contains("0644") && said.contains("chmod 600"), "{said}");
    let aside = server.data().join("aside");
    std::fs::rename(&file, &aside).expect("a move");
    let said = refusal();
    assert!(said.contains("secrets.toml is missing"), "{said}");
    assert!(!file.exists(), "a new one would hide the loss");
    std::fs::write(&file, "nonsense = [").expect("a write");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).expect("chmod");
    assert!(refusal().contains("secrets.toml"));
}
