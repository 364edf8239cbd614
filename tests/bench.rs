//! A benchmark leaves nothing behind: no installation of its own, and no key in somebody's.

use reqwest::Method;
use serde_json::Value;

use crate::support::{BINARY, Engine, Server};

fn measured(output: &std::process::Output) -> Value {
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let told: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    for run in ["closed_loop", "open_loop"] {
        assert!(told[run]["answered"].as_u64() > Some(0), "{told}");
        assert_eq!(
            (&told[run]["refused"], &told[run]["failed"]),
            (&0.into(), &0.into()),
            "{told}"
        );
    }
    told
}

#[test]
fn an_installation_of_its_own_is_measured_with_everything_on_and_is_gone_afterwards() {
    let directory = tempfile::tempdir().expect("a directory");
    for door in ["verify", "caddy"] {
        let output = std::process::Command::new(BINARY)
            .args([
                "bench",
                "--json",
                "--duration",
                "1s",
                "--keys",
                "50",
                "--connections",
                "4",
                "--door",
                door,
            ])
            .env("TMPDIR", directory.path())
            // Meant for another server; this one would not start with it.
            .env("CLAVIGER_LISTEN_VERIFICATION", "192.0.2.1:1")
            .output()
            .expect("bench runs");
        assert_eq!(measured(&output)["keys"], 50);
    }
    let left: Vec<_> = std::fs::read_dir(directory.path())
        .expect("a directory")
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test]
async fn keys_that_are_made_in_a_real_installation_are_revoked_afterwards() {
    let server = Server::start(Engine::Sqlite).await;
    let mut command = server.claviger(&[
        "bench",
        "--json",
        "--duration",
        "1s",
        "--keys",
        "3",
        "--requires",
        "orders:view",
    ]);
    let told = measured(&command.output().expect("bench runs"));
    assert_eq!(told["keys"], 3);
    let (_, list) = server.call(Method::GET, "/v1/keys?status=revoked", None).await;
    let made = list["items"].as_array().expect("keys");
    assert_eq!(made.len(), 3, "{list}");
    assert!(
        made.iter()
            .all(|key| key["tags"] == serde_json::json!(["benchmark"])),
        "{list}"
    );
}
