//! `claviger doctor`: it finds what it is for, on the real thing.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;

use crate::support::{ENGINES, Engine, Server, text};

/// What it finds: whether it is content, and the findings.
fn doctor(server: &Server, variables: &[(&str, &str)]) -> (bool, Vec<Value>) {
    let output = server
        .claviger(&["doctor", "--json"])
        .envs(variables.iter().copied())
        .output()
        .expect("it runs");
    let shown: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    let found = shown["items"].as_array().expect("findings").clone();
    (output.status.success(), found)
}

fn grade<'a>(found: &'a [Value], what: &str) -> (&'a str, &'a str) {
    let one = found.iter().find(|one| one["what"] == what);
    let one = one.unwrap_or_else(|| panic!("nothing of {what} in {found:?}"));
    (text(one, "grade"), text(one, "said"))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_installation_as_it_should_be_is_called_good_served_or_not() {
    for engine in ENGINES {
        let mut server = Server::init(engine).await;
        for serves in [false, true] {
            if serves {
                server.serve().await;
            }
            let (fine, found) = doctor(&server, &[]);
            assert!(fine, "{found:?}");
            for what in [
                "settings",
                "data directory",
                "secrets",
                "schema",
                "database",
                "server",
            ] {
                assert_eq!(grade(&found, what).0, "good", "{found:?}");
            }
            assert_eq!(grade(&found, "server").1.contains("ready"), serves);
            if engine == Engine::Postgres {
                assert!(
                    ["good", "look"].contains(&grade(&found, "failover").0),
                    "{found:?}"
                );
                assert!(grade(&found, "database").1.contains("ms away"), "{found:?}");
            }
        }
        let shown = server.claviger(&["doctor"]).output().expect("it runs");
        assert!(String::from_utf8_lossy(&shown.stdout).contains("pepper 1"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_named_with_what_helps_and_changes_nothing() {
    let server = Server::init(Engine::Sqlite).await;
    let (fine, found) = doctor(&server, &[("CLAVIGER_LISTEN_VERIFICATION", "0.0.0.0:7401")]);
    assert!(
        !fine && grade(&found, "settings").1.contains("gateway_token"),
        "{found:?}"
    );
    let (fine, found) = doctor(
        &server,
        &[
            ("CLAVIGER_TLS_CERTIFICATE", "/missing"),
            ("CLAVIGER_TLS_KEY", "/missing"),
        ],
    );
    assert!(
        !fine && grade(&found, "certificate").1.contains("/missing"),
        "{found:?}"
    );
    // A certificate that has ended.
    let key = rcgen::KeyPair::generate().expect("a key");
    let mut params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).expect("a certificate");
    params.not_after = rcgen::date_time_ymd(2026, 1, 1);
    let ended = params.self_signed(&key).expect("a certificate");
    let [certificate, secret] = ["ended.crt", "ended.key"].map(|name| server.directory().join(name));
    std::fs::write(&certificate, ended.pem()).expect("a file");
    std::fs::write(&secret, key.serialize_pem()).expect("a file");
    let paths = [
        certificate.to_str().expect("a path"),
        secret.to_str().expect("a path"),
    ];
    let (fine, found) = doctor(
        &server,
        &[
            ("CLAVIGER_TLS_CERTIFICATE", paths[0]),
            ("CLAVIGER_TLS_KEY", paths[1]),
        ],
    );
    assert!(
        !fine && grade(&found, "certificate").1.contains("ended"),
        "{found:?}"
    );
    // Secrets that others can read, and secrets that are gone.
    let secrets = server.data().join("secrets.toml");
    std::fs::set_permissions(&secrets, std::fs::Permissions::from_mode(0o644)).expect("a mode");
    let (fine, found) = doctor(&server, &[]);
    assert!(
        !fine && grade(&found, "secrets").1.contains("chmod 600"),
        "{found:?}"
    );
    std::fs::rename(&secrets, server.directory().join("elsewhere")).expect("a file");
    let (fine, found) = doctor(&server, &[]);
    assert!(
        !fine && grade(&found, "secrets").1.contains("missing"),
        "{found:?}"
    );
    assert!(!secrets.exists(), "it makes none");
    std::fs::set_permissions(server.data(), std::fs::Permissions::from_mode(0o755)).expect("a mode");
    let (_, found) = doctor(&server, &[]);
    assert_eq!(grade(&found, "data directory").0, "look", "{found:?}");
    // A database that cannot be reached, or is not there.
    let (fine, found) = doctor(
        &server,
        &[("CLAVIGER_DATABASE", "postgres://nobody@127.0.0.1:1/none")],
    );
    assert!(!fine && grade(&found, "database").0 == "bad", "{found:?}");
    let empty = Server::empty(Engine::Sqlite).await;
    let (fine, found) = doctor(&empty, &[]);
    assert!(
        !fine && grade(&found, "database").1.contains("claviger serve"),
        "{found:?}"
    );
    assert!(!empty.data().join("claviger.db").exists(), "it makes none");
}
