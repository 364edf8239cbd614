//! The command line at a data directory: it talks to the server that runs there, and where none does, runs one on the
//! directory's socket alone for as long as the command takes. So there is one way in, whoever asks.

use std::path::{Path, PathBuf};

use hyper_util::service::TowerToHyperService;
use web::http::Web;
use web::serve::{Limits, Listener, Shutdown, Trigger};

use crate::config::{Config, Plane};
use crate::server::{Installation, Result, reachable};

/// A way to the installation's socket; what was started for it stops with [`Local::close`].
pub(crate) struct Local {
    /// Where to connect.
    pub(crate) socket: PathBuf,
    own: Option<(Installation, Trigger, tokio::task::JoinHandle<()>)>,
}

impl Local {
    /// Finds the running server of `data`, or opens the installation in this process.
    pub(crate) async fn reach(data: &Path, database: Option<String>) -> Result<Self> {
        let socket = data.join("claviger.sock");
        if tokio::net::UnixStream::connect(&socket).await.is_ok() {
            return Ok(Self { socket, own: None });
        }
        if !data.join("secrets.toml").exists() && std::env::var_os("CLAVIGER_SECRETS").is_none() {
            let data = data.display();
            return Err(format!(
                "{data} holds no Claviger installation; make one and start it: claviger serve --data {data}"
            )
            .into());
        }
        if database.is_none() && !data.join("claviger.db").exists() {
            return Err(
                "no server is running there, and its database is elsewhere: name it with --database".into(),
            );
        }
        Self::open(&Config {
            data: data.to_owned(),
            database,
            ..Config::default()
        })
        .await
    }

    /// Finds the running server of the settings' data directory, or opens the installation in this process; where there
    /// is none it is made, still without an organisation.
    pub(crate) async fn open(config: &Config) -> Result<Self> {
        let socket = config.data.join("claviger.sock");
        if tokio::net::UnixStream::connect(&socket).await.is_ok() {
            return Ok(Self { socket, own: None });
        }
        let installation = Installation::open(config).await?;
        if config.listen.management.port() != 0 {
            let address = reachable(config.listen.management);
            let scheme = config.scheme(Plane::Management);
            installation.app.listens_at(format!("{scheme}://{address}"));
        }
        let (trigger, shutdown) = Shutdown::pair();
        let listener = Listener::unix(&socket)?;
        let service = TowerToHyperService::new(web::api::router(Web {
            app: installation.app.clone(),
            requests: web::metrics::Requests::default(),
        }));
        let task = tokio::spawn(async move {
            let _ = web::serve::serve(listener, service, Limits::default(), shutdown).await;
        });
        Ok(Self {
            socket,
            own: Some((installation, trigger, task)),
        })
    }

    /// Ends what was started, if anything was.
    pub(crate) async fn close(self) {
        if let Some(installation) = self.release().await {
            installation.leave().await;
        }
    }

    /// Ends what was started but for the installation, which goes on in the caller's hands; none where a server holds it.
    pub(crate) async fn release(self) -> Option<Installation> {
        let (installation, trigger, task) = self.own?;
        trigger.fire();
        let _ = task.await;
        let _ = installation.app.flush().await;
        let _ = installation.app.write_checkpoints().await;
        let _ = std::fs::remove_file(&self.socket);
        Some(installation)
    }
}
