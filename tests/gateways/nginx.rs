//! nginx with `auth_request`.

use std::net::SocketAddr;
use std::process::Command;

use super::parts::{Gateway, deployed, free_port, program};
use super::promises::{self, Kind, World};

const LOG: &str = "access.log";

pub(super) struct Nginx;

impl Kind for Nginx {
    async fn start(&self, verifier: &str, application: SocketAddr) -> Gateway {
        let nginx = program("nginx");
        let directory = tempfile::tempdir().expect("a directory");
        let (port, path) = (free_port(), directory.path().display().to_string());
        let server = deployed(
            "nginx/claviger.conf",
            &[
                ("server 127.0.0.1:7401;", format!("server {verifier};")),
                ("server 127.0.0.1:9000;", format!("server {application};")),
                ("listen 127.0.0.1:8080;", format!("listen 127.0.0.1:{port};")),
                ("/var/log/nginx/claviger.log", format!("{path}/{LOG}")),
                ("/verify/nginx;", "/verify/nginx?api=orders;".to_owned()),
            ],
        );
        std::fs::write(directory.path().join("claviger.conf"), server).expect("a file");
        let bodies = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|kind| format!("{kind}_temp_path {path}/{kind};"))
            .join(" ");
        let main = format!(
            "daemon off; master_process off; pid {path}/pid; error_log stderr;\nevents {{}}\n\
             http {{ {bodies} include {path}/claviger.conf; }}\n"
        );
        std::fs::write(directory.path().join("nginx.conf"), main).expect("a file");
        let mut command = Command::new(nginx);
        command
            .arg("-p")
            .arg(directory.path())
            .arg("-c")
            .arg(directory.path().join("nginx.conf"));
        command.args(["-e", "stderr"]);
        Gateway::start(command, directory, port).await
    }
}

#[tokio::test]
async fn nginx_lets_in_whom_claviger_lets_in_and_nobody_else() {
    let world = World::new().await;
    let gateway = Nginx.start(&world.verifier(), world.application).await;
    promises::judges(&gateway, &world).await;
    promises::believes_no_client(&gateway, &world).await;
    promises::holds_limits(&gateway, &world, true).await;
    promises::keeps_keys_out_of_addresses(&gateway, &world, LOG).await;
}

#[tokio::test]
async fn nginx_lets_nobody_in_without_an_answer() {
    promises::fails_closed(&Nginx).await;
}
