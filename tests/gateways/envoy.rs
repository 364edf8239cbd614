//! Envoy with `ext_authz` over gRPC.

use std::net::SocketAddr;
use std::process::Command;

use super::parts::{Gateway, deployed, free_port, program};
use super::promises::{self, Kind, World};

const LOG: &str = "claviger.log";

pub(super) struct Envoy;

impl Kind for Envoy {
    async fn start(&self, verifier: &str, application: SocketAddr) -> Gateway {
        let envoy = program("envoy");
        let directory = tempfile::tempdir().expect("a directory");
        let (port, path) = (free_port(), directory.path());
        let at = |address: &str| {
            let (host, port) = address.rsplit_once(':').expect("an address");
            format!("address: {host}, port_value: {port}")
        };
        let settings = deployed(
            "envoy/envoy.yaml",
            &[
                ("address: 127.0.0.1, port_value: 7402", at(verifier)),
                (
                    "address: 127.0.0.1, port_value: 9000",
                    at(&application.to_string()),
                ),
                (
                    "address: 127.0.0.1, port_value: 8080",
                    at(&format!("127.0.0.1:{port}")),
                ),
                ("tell: generic", "api: orders".to_owned()),
                (
                    "/var/log/envoy/claviger.log",
                    path.join(LOG).display().to_string(),
                ),
            ],
        );
        std::fs::write(path.join("envoy.yaml"), settings).expect("a file");
        let mut command = Command::new(envoy);
        command.arg("-c").arg(path.join("envoy.yaml"));
        command.args([
            "--use-dynamic-base-id",
            "--concurrency",
            "1",
            "--log-level",
            "warning",
        ]);
        command.args(["--file-flush-interval-msec", "50"]);
        Gateway::start(command, directory, port).await
    }
}

#[tokio::test]
async fn envoy_lets_in_whom_claviger_lets_in_and_nobody_else() {
    let world = World::new().await;
    let gateway = Envoy.start(&world.server.grpc, world.application).await;
    promises::judges(&gateway, &world).await;
    promises::believes_no_client(&gateway, &world).await;
    promises::holds_limits(&gateway, &world, true).await;
    promises::keeps_keys_out_of_addresses(&gateway, &world, LOG).await;
    // What the filter says of a key can be used by what comes after, the log here.
    let log = gateway.log_with(LOG, "/orders/last").await;
    let id = world.reader["id"].as_str().expect("an id");
    assert!(log.contains(id), "{log}");
}

#[tokio::test]
async fn envoy_lets_nobody_in_without_an_answer() {
    promises::fails_closed(&Envoy).await;
}
