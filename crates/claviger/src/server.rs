//! Wiring: from settings to a running server, and back down again without losing a request.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use app::{App, Parts, SecretsSource};
use domain::clock::{Clock, Steered, SystemClock, SystemRandom};
use hyper_util::service::TowerToHyperService;
use store::Store;
use store::db::{Database, Target};
use store::lock::DirectoryLock;
use store::migrate::{Applied, migrate};
use tokio::signal::unix::{Signal, SignalKind, signal};
use web::gate::Gate;
use web::http::Web;
use web::serve::{Certificates, Clients, Limits, Listener, Shutdown, Threads, Trigger};
use zeroize::Zeroizing;

use crate::config::{self, Config, LimitsBackend, Plane};

/// Why Claviger does not start or go on; one plain line.
pub(crate) type Fault = Box<dyn std::error::Error + Send + Sync>;
pub(crate) type Result<T> = std::result::Result<T, Fault>;

/// An open installation: the data directory is locked, the schema is up to date, the engine is ready.
pub(crate) struct Installation {
    pub(crate) app: Arc<App>,
    pub(crate) data: PathBuf,
    _directory: DirectoryLock,
}

/// Where the installation's secrets are.
pub(crate) fn secrets(config: &Config) -> SecretsSource {
    match std::env::var("CLAVIGER_SECRETS") {
        Ok(text) => SecretsSource::Environment(Zeroizing::new(text)),
        Err(_) => SecretsSource::File(config.data.join("secrets.toml")),
    }
}

/// Makes the data directory if it is not there, for its owner alone.
pub(crate) fn make_directory(data: &Path) -> Result<()> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(data)
        .map_err(|error| format!("{}: {error}", data.display()).into())
}

impl Installation {
    /// Opens the installation and, where there is none, makes an empty one.
    pub(crate) async fn open(config: &Config) -> Result<Self> {
        make_directory(&config.data)?;
        let directory = DirectoryLock::acquire(&config.data)?;
        let db = Database::open(&config.target()).await?;
        let applied = migrate(&db, store::MIGRATIONS).await?;
        if applied.from != applied.to {
            tracing::info!(from = applied.from, to = applied.to, "migrated the database");
        }
        let random = Arc::new(SystemRandom);
        let (clock, node) = match config.target() {
            Target::Sqlite(_) => (Arc::new(SystemClock) as Arc<dyn Clock>, None),
            Target::Postgres(_) => {
                let steered = Arc::new(Steered::default());
                (steered.clone() as Arc<dyn Clock>, Some(config.node(steered)?))
            }
        };
        let store = Store::start(db, clock.clone(), random.clone()).await?;
        let secrets = secrets(config);
        let engine = engine::Options {
            capacity: config.cache.secrets,
            unknown_capacity: config.cache.unknown,
            limits: match config.limits.backend {
                LimitsBackend::Local => engine::Backend::Local,
            },
            default_rate: config.limits.default_rate,
            guessing: engine::Guessing {
                rate: config.guessing.rate,
                addresses: config.guessing.addresses,
                lookups: config.guessing.lookups,
            },
            ..engine::Options::default()
        };
        let parts = Parts {
            store,
            directory: config.data.clone(),
            secrets,
            clock,
            random,
            engine,
            journal_bytes: u64::from(config.journal.max_mib) << 20,
            people: config.people()?,
            webhooks: domain::webhook::AddressRule {
                allowed: config.webhooks.allow.clone(),
            },
            leak_keys: config.leaks.github_keys.clone(),
            stream: config.stream(),
            name: config.node_name(),
            node,
        };
        let app = Arc::new(App::start(parts).await?);
        Ok(Self {
            app,
            data: config.data.clone(),
            _directory: directory,
        })
    }
}

impl Installation {
    /// Says that nobody need wait for this node any more.
    pub(crate) async fn leave(&self) {
        if let Err(error) = self.app.engine().leave().await {
            tracing::warn!(%error, "the other nodes could not be told that this one stops; the next change waits for it once");
        }
    }
}

/// Brings the schema up to date and says what was done.
pub(crate) async fn migrate_alone(config: &Config) -> Result<Applied> {
    make_directory(&config.data)?;
    let _directory = DirectoryLock::acquire(&config.data)?;
    let db = Database::open(&config.target()).await?;
    Ok(migrate(&db, store::MIGRATIONS).await?)
}

/// How often the certificate's files are looked at.
const CERTIFICATES: Duration = Duration::from_secs(10);

/// A running server.
pub(crate) struct Server {
    pub(crate) management: std::net::SocketAddr,
    pub(crate) verification: std::net::SocketAddr,
    installation: Installation,
    trigger: Trigger,
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
    certificates: Option<Arc<Certificates>>,
    threads: Threads,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

impl Server {
    /// Binds the listeners and answers.
    pub(crate) async fn start(installation: Installation, config: &Config) -> Result<Self> {
        // Before anybody learns that it runs: who asks it to stop then is heard.
        let terminate = signal(SignalKind::terminate())?;
        let interrupt = signal(SignalKind::interrupt())?;
        let hangup = signal(SignalKind::hangup())?;
        let certificates = config.tls()?.map(Certificates::read).transpose()?;
        let tls = |plane| {
            let clients = match config.is_mutual(plane) {
                true => Clients::Gateways,
                false => Clients::Anybody,
            };
            let certificates = certificates.as_ref().filter(|_| config.has_tls(plane));
            certificates.map(|certificates| certificates.listener(clients))
        };
        let app = installation.app.clone();
        let guard = config.guard()?;
        let doors = config.doors()?;
        let (trigger, shutdown) = Shutdown::pair();
        let bind =
            |what: &str, error: std::io::Error| -> Fault { format!("{what} listener: {error}").into() };
        let management = Listener::tcp(config.listen.management)
            .map_err(|error| bind("management", error))?
            .over(tls(Plane::Management));
        let socket =
            Listener::unix(installation.data.join("claviger.sock")).map_err(|error| bind("socket", error))?;
        let managed_at = tcp_address(&management)?;
        app.listens_at(format!(
            "{}://{}",
            config.scheme(Plane::Management),
            reachable(managed_at)
        ));

        let threads = config.verification.threads.unwrap_or_else(cores).max(1);
        let gate = Gate::new(app.clone(), guard.clone(), doors.clone());
        let threads = web::serve::run_threads(
            threads,
            config.listen.verification,
            tls(Plane::Verification),
            Limits::default(),
            shutdown.clone(),
            move |peer| gate.at(peer),
        )
        .map_err(|error| bind("verification", error))?;
        let verification = threads.local_addr();

        let requests = web::metrics::Requests::default();
        let router = web::api::router(Web {
            app: app.clone(),
            requests: requests.clone(),
        });
        let mut tasks = Vec::new();
        let metrics = listener(config.listen.metrics, config::METRICS, "metrics")
            .map_err(|error| bind("metrics", error))?;
        let metrics_at = metrics.as_ref().map(tcp_address).transpose()?;
        if let Some(listener) = metrics {
            let listener = listener.over(tls(Plane::Metrics));
            let metrics =
                web::metrics::Metrics::new(app.clone(), requests, config.readers()?, certificates.clone());
            let service = TowerToHyperService::new(web::metrics::router(metrics));
            let shutdown = shutdown.clone();
            tasks.push(tokio::spawn(async move {
                if let Err(error) = web::serve::serve(listener, service, Limits::default(), shutdown).await {
                    tracing::error!(%error, "a listener stopped");
                }
            }));
        }
        let grpc = listener(config.listen.grpc, config::GRPC, "grpc").map_err(|error| bind("grpc", error))?;
        let grpc_at = grpc.as_ref().map(tcp_address).transpose()?;
        if let Some(listener) = grpc {
            let listener = listener.over(tls(Plane::Grpc));
            let service = TowerToHyperService::new(grpc::router(app.clone(), guard, doors).await);
            let shutdown = shutdown.clone();
            tasks.push(tokio::spawn(async move {
                if let Err(error) = web::serve::serve(listener, service, Limits::default(), shutdown).await {
                    tracing::error!(%error, "a listener stopped");
                }
            }));
        }
        for listener in [management, socket] {
            let service = TowerToHyperService::new(router.clone());
            let shutdown = shutdown.clone();
            tasks.push(tokio::spawn(async move {
                if let Err(error) = web::serve::serve(listener, service, Limits::default(), shutdown).await {
                    tracing::error!(%error, "a listener stopped");
                }
            }));
        }
        let work = shutdown.clone();
        tasks.push(tokio::spawn(async move {
            app.work(async move { work.asked().await }).await
        }));
        write_addresses(
            &installation.data,
            managed_at,
            verification,
            [grpc_at, metrics_at],
        )?;
        let [grpc, metrics] = [grpc_at, metrics_at].map(|at| at.map(tracing::field::display));
        tracing::info!(management = %managed_at, verification = %verification, grpc, metrics, "listening");
        Ok(Self {
            management: managed_at,
            verification,
            installation,
            trigger,
            terminate,
            interrupt,
            hangup,
            certificates,
            threads,
            tasks,
        })
    }

    /// Answers until SIGTERM or SIGINT, then lets the requests under way be answered.
    pub(crate) async fn run(mut self) -> Result<()> {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => break,
                _ = self.interrupt.recv() => break,
                _ = self.hangup.recv() => {
                    self.refresh_certificates();
                    if let Err(error) = self.installation.app.reload_secrets().await {
                        tracing::warn!(%error, "the secrets file could not be looked at");
                    }
                }
                () = tokio::time::sleep(CERTIFICATES) => self.refresh_certificates(),
            }
        }
        tracing::info!("stopping: no new connections, answering what is under way");
        self.stop().await;
        Ok(())
    }

    /// Uses what the certificate's files hold now.
    fn refresh_certificates(&self) {
        let Some(certificates) = &self.certificates else {
            return;
        };
        match certificates.refresh() {
            Ok(true) => tracing::info!("the certificate was read anew"),
            Ok(false) => {}
            Err(error) => tracing::error!(%error, "the certificate stays as it was"),
        }
    }

    /// Stops without losing a request.
    pub(crate) async fn stop(self) {
        let Self {
            installation,
            trigger,
            threads,
            tasks,
            ..
        } = self;
        trigger.fire();
        let joined = tokio::task::spawn_blocking(move || threads.join()).await;
        if let Ok(Err(error)) = joined {
            tracing::error!(%error, "a verification thread ended badly");
        }
        for task in tasks {
            let _ = task.await;
        }
        // What was answered while the worker was on its way out.
        if let Err(error) = installation.app.flush().await {
            tracing::warn!(%error, "the last usage could not be written");
        }
        installation.leave().await;
        let _ = fs::remove_file(installation.data.join("listen.json"));
        let _ = fs::remove_file(installation.data.join("claviger.sock"));
    }
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// The address that a person on this machine would use.
pub(crate) fn reachable(address: std::net::SocketAddr) -> String {
    if address.ip().is_unspecified() {
        format!("127.0.0.1:{}", address.port())
    } else {
        address.to_string()
    }
}

fn tcp_address(listener: &Listener) -> Result<std::net::SocketAddr> {
    Ok(listener.local_addr()?)
}

/// Where Envoy asks, or Prometheus. An address that somebody chose must be had; the usual one may be another server's on
/// this machine.
fn listener(
    chosen: Option<std::net::SocketAddr>,
    usual: std::net::SocketAddr,
    what: &str,
) -> std::io::Result<Option<Listener>> {
    match Listener::tcp(chosen.unwrap_or(usual)) {
        Ok(listener) => Ok(Some(listener)),
        Err(error) if chosen.is_none() && error.kind() == std::io::ErrorKind::AddrInUse => {
            tracing::warn!(address = %usual, "another program listens there: no {what} (listen.{what}, --{what})");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// Says in `listen.json` where the server listens, for scripts that gave port 0.
fn write_addresses(
    data: &Path,
    management: std::net::SocketAddr,
    verification: std::net::SocketAddr,
    [grpc, metrics]: [Option<std::net::SocketAddr>; 2],
) -> Result<()> {
    let json = serde_json::json!({
        "management": management, "verification": verification, "grpc": grpc, "metrics": metrics,
        "socket": data.join("claviger.sock"),
        "pid": std::process::id(),
    });
    let fresh = data.join("listen.json.new");
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&fresh)?;
    writeln!(file, "{json}")?;
    fs::rename(fresh, data.join("listen.json"))?;
    Ok(())
}
