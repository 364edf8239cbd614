//! Files that cannot be used: the start is refused with one plain line that names what is wrong, and nothing is changed.

use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use crate::support::{BINARY, Engine, Server};
use serde_json::json;

use super::disk::Mounted;

const SERVE: [&str; 5] = ["serve", "--management", "127.0.0.1:0", "--verify", "127.0.0.1:0"];

/// Serves, and gives the one line that it is refused with.
fn refusal(server: &Server) -> String {
    refusal_of(server.claviger(&SERVE))
}

fn refusal_of(mut command: Command) -> String {
    let output = command.output().expect("serve runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(output.stdout.is_empty(), "nothing was answered");
    assert!(!said.contains("panicked"), "{said}");
    assert_eq!(said.trim_end().lines().count(), 1, "one plain line: {said}");
    said
}

/// An installation that has served and was stopped.
async fn rested() -> Server {
    let mut server = Server::start(Engine::Sqlite).await;
    server.create(json!({})).await;
    assert!(server.stop().success());
    server
}

#[tokio::test]
async fn a_damaged_database_is_refused() {
    let server = rested().await;
    let path = server.data().join("claviger.db");
    let mut bytes = std::fs::read(&path).expect("a database");
    let whole = bytes.clone();
    for (i, byte) in bytes.iter_mut().take(100).enumerate() {
        *byte = (i as u8).wrapping_mul(151).wrapping_add(17);
    }
    std::fs::write(&path, &bytes).expect("damage");
    let said = refusal(&server);
    assert!(said.contains("not a database"), "{said}");

    // Half of it: the header is well, the pages are gone.
    std::fs::write(&path, &whole[..whole.len() / 2]).expect("damage");
    let said = refusal(&server);
    assert!(said.contains("malformed"), "{said}");

    std::fs::write(&path, &whole).expect("repair");
    let mut server = server;
    server.serve().await;
}

#[tokio::test]
async fn a_truncated_secrets_file_is_refused_and_not_replaced() {
    let server = rested().await;
    let path = server.data().join("secrets.toml");
    let whole = std::fs::read(&path).expect("secrets");
    for length in [0, whole.len() / 3, whole.len() - 20] {
        std::fs::write(&path, &whole[..length]).expect("damage");
        let said = refusal(&server);
        assert!(said.contains("secrets.toml"), "{said}");
        let secret = String::from_utf8_lossy(&whole);
        let shown = secret.lines().filter_map(|line| line.split('"').nth(1));
        for value in shown.filter(|value| value.len() > 20) {
            assert!(!said.contains(&value[..16]), "a refusal shows a secret");
        }
        let left = std::fs::read(&path).expect("secrets");
        assert_eq!(left, whole[..length], "the file was touched");
    }
    std::fs::remove_file(&path).expect("loss");
    let said = refusal(&server);
    assert!(said.contains("missing") && said.contains("backup"), "{said}");
    assert!(
        !path.exists(),
        "new secrets would make every stored key worthless"
    );
}

#[tokio::test]
async fn a_read_only_data_directory_is_refused() {
    let mut server = Server::empty(Engine::Sqlite).await;
    if let Some(disk) = Mounted::at(server.data(), "32m") {
        server.found();
        disk.read_only();
        let said = refusal(&server);
        assert!(said.to_lowercase().contains("read-only"), "{said}");
        return;
    }
    server.found();
    let mode = |mode| {
        let permissions = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(server.data(), permissions).expect("a mode");
    };
    mode(0o500);
    let said = if rustix::process::getuid().is_root() {
        // The superuser may write anywhere, and anybody else may be kept from where the binary was built.
        let open = tempfile::tempdir().expect("a directory");
        let copy = open.path().join("claviger");
        std::fs::set_permissions(open.path(), std::fs::Permissions::from_mode(0o755)).expect("a mode");
        std::fs::copy(BINARY, &copy).expect("a copy");
        let mut command = Command::new(copy);
        command.args(server.claviger(&SERVE).get_args()).uid(65_534);
        refusal_of(command)
    } else {
        refusal(&server)
    };
    mode(0o700);
    assert!(said.to_lowercase().contains("permission denied"), "{said}");
}
