//! HAProxy with its Lua action.

use std::net::SocketAddr;
use std::process::Command;

use super::parts::{Gateway, deployed, free_port, program};
use super::promises::{self, Kind, World};

/// Its log goes to its output.
const LOG: &str = "output";

pub(super) struct Haproxy;

impl Kind for Haproxy {
    async fn start(&self, verifier: &str, application: SocketAddr) -> Gateway {
        let haproxy = program("haproxy");
        let directory = tempfile::tempdir().expect("a directory");
        let (port, path) = (free_port(), directory.path());
        let lua = path.join("claviger.lua");
        std::fs::write(&lua, deployed("haproxy/claviger.lua", &[])).expect("a file");
        let settings = deployed(
            "haproxy/haproxy.cfg",
            &[
                (
                    "http://127.0.0.1:7401/verify/haproxy",
                    format!("http://{verifier}/verify/haproxy?api=orders"),
                ),
                (
                    "server application 127.0.0.1:9000",
                    format!("server application {application}"),
                ),
                ("bind 127.0.0.1:8080", format!("bind 127.0.0.1:{port}")),
                ("/etc/haproxy/claviger.lua", lua.display().to_string()),
                ("log /dev/log local0", "log stdout format raw local0".to_owned()),
            ],
        );
        std::fs::write(path.join("haproxy.cfg"), settings).expect("a file");
        let mut command = Command::new(haproxy);
        command.arg("-db").arg("-f").arg(path.join("haproxy.cfg"));
        Gateway::start(command, directory, port).await
    }
}

#[tokio::test]
async fn haproxy_lets_in_whom_claviger_lets_in_and_nobody_else() {
    let world = World::new().await;
    let gateway = Haproxy.start(&world.verifier(), world.application).await;
    promises::judges(&gateway, &world).await;
    promises::believes_no_client(&gateway, &world).await;
    promises::holds_limits(&gateway, &world, true).await;
    promises::keeps_keys_out_of_addresses(&gateway, &world, LOG).await;
}

#[tokio::test]
async fn haproxy_lets_nobody_in_without_an_answer() {
    promises::fails_closed(&Haproxy).await;
}
