//! An installation for the time of a benchmark: a directory, a server on free ports, keys. All of it goes when it is dropped.

use std::fs::File;
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::json;
use tempfile::TempDir;

use super::lent::{self, Lent};
use crate::cli::Context;
use crate::cli::connect::{self, Target};
use crate::cli::error::CliError;

/// The API that it protects.
pub(super) const API: &str = "bench";
/// A path of it.
pub(super) const PATH: &str = "/items/7";
const PERMISSION: &str = "items:view";
/// How long a server may take to listen.
const PATIENCE: Duration = Duration::from_secs(30);
const LOOK: Duration = Duration::from_millis(20);

/// A server of its own.
pub(super) struct Own {
    child: Child,
    /// Where it verifies.
    pub(super) addr: SocketAddr,
    /// Threads that verify.
    pub(super) threads: u32,
    /// Of its keys.
    pub(super) tokens: Vec<String>,
    _directory: TempDir,
}

impl Own {
    /// Makes and serves it, with this many keys: each may do something, and has a rate limit that it never meets.
    pub(super) async fn start(context: &Context, keys: u32) -> Result<Self, CliError> {
        let failed = |what: &str, cause: std::io::Error| CliError::Failed(format!("{what}: {cause}"));
        let directory = TempDir::with_prefix("claviger-bench-")
            .map_err(|cause| failed("cannot make a temporary directory", cause))?;
        let data = directory.path().join("data");
        let complaints = directory.path().join("stderr");
        let log = File::create(&complaints).map_err(|cause| failed("cannot write a log", cause))?;
        let program = std::env::current_exe().map_err(|cause| failed("cannot find this program", cause))?;
        // One half for the server, one for the load.
        let threads = (super::cores() / 2).max(1);
        let mut command = Command::new(program);
        command
            .args(["serve", "--management", "127.0.0.1:0", "--verify", "127.0.0.1:0"])
            .args(["--grpc", "127.0.0.1:0", "--data"])
            .arg(&data)
            // What is set for another server, here or in the environment, is not meant for this one.
            .current_dir(directory.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("CLAVIGER_") {
                command.env_remove(name);
            }
        }
        command
            .env("CLAVIGER_VERIFICATION_THREADS", threads.to_string())
            .env("CLAVIGER_LOG_LEVEL", "warn");
        let child = command
            .spawn()
            .map_err(|cause| failed("cannot start a server", cause))?;
        let mut own = Self {
            child,
            addr: SocketAddr::from(([127, 0, 0, 1], 0)),
            threads,
            tokens: Vec::new(),
            _directory: directory,
        };
        let mut waited = Duration::ZERO;
        own.addr = loop {
            if let Ok(addr) = lent::verification(&data) {
                break addr;
            }
            let ended = own.child.try_wait().ok().flatten().is_some();
            if ended || waited > PATIENCE {
                let why = std::fs::read_to_string(&complaints).unwrap_or_default();
                return Err(CliError::Failed(format!(
                    "the server did not start: {}",
                    why.trim()
                )));
            }
            tokio::time::sleep(LOOK).await;
            waited += LOOK;
        };
        let mut client = connect::client(context, &Target::Data(data), None)?;
        // Its first organisation, whatever the flags say of others.
        client.organisation = None;
        let api = json!({
            "slug": API, "name": "Benchmark", "permissions": [{"name": PERMISSION}],
            "routes": [{"method": "GET", "path": "/items/{id}", "requires": PERMISSION}],
        });
        client.post("/v1/apis", Some(&api)).await?;
        let limit = json!({"name": "requests", "limit": 1_000_000_000, "window": "1s"});
        own.tokens = Lent::default()
            .make(&client, keys, &[PERMISSION.to_owned()], Some(limit))
            .await?;
        Ok(own)
    }

    /// CPU time that the server has used.
    pub(super) fn cpu(&self) -> Option<Duration> {
        super::cpu_of(self.child.id())
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        // Nothing of it is kept, so that nothing needs to be written down first.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
