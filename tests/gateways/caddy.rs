//! Caddy with `forward_auth`.

use std::net::SocketAddr;
use std::process::Command;

use super::parts::{Gateway, deployed, free_port, program};
use super::promises::{self, Kind, World};

const LOG: &str = "claviger.log";

pub(super) struct Caddy;

impl Kind for Caddy {
    async fn start(&self, verifier: &str, application: SocketAddr) -> Gateway {
        let caddy = program("caddy");
        let directory = tempfile::tempdir().expect("a directory");
        let (port, path) = (free_port(), directory.path());
        let settings = deployed(
            "caddy/Caddyfile",
            &[
                ("forward_auth 127.0.0.1:7401", format!("forward_auth {verifier}")),
                ("uri /verify/caddy", "uri /verify/caddy?api=orders".to_owned()),
                (
                    "reverse_proxy 127.0.0.1:9000",
                    format!("reverse_proxy {application}"),
                ),
                ("http://:8080", format!("http://:{port}")),
                (
                    "/var/log/caddy/claviger.log",
                    path.join(LOG).display().to_string(),
                ),
            ],
        );
        std::fs::write(path.join("Caddyfile"), settings).expect("a file");
        let mut command = Command::new(caddy);
        command
            .args(["run", "--adapter", "caddyfile", "--config"])
            .arg(path.join("Caddyfile"));
        for home in ["HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"] {
            command.env(home, path);
        }
        Gateway::start(command, directory, port).await
    }
}

#[tokio::test]
async fn caddy_lets_in_whom_claviger_lets_in_and_nobody_else() {
    let world = World::new().await;
    let gateway = Caddy.start(&world.verifier(), world.application).await;
    promises::judges(&gateway, &world).await;
    promises::believes_no_client(&gateway, &world).await;
    promises::holds_limits(&gateway, &world, false).await;
    promises::keeps_keys_out_of_addresses(&gateway, &world, LOG).await;
}

#[tokio::test]
async fn caddy_lets_nobody_in_without_an_answer() {
    promises::fails_closed(&Caddy).await;
}
