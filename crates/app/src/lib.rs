//! What people and programs can do: each use case checks who asks, changes the database in one transaction together
//! with its audit record, and returns once no cache serves the old state.

mod access;
pub mod account;
mod anomalies;
pub mod api;
pub mod attention;
pub mod audit;
pub mod backup;
pub mod caller;
pub mod demo;
pub mod dialect;
mod difference;
pub mod effective;
mod erasure;
pub mod error;
mod idle;
pub mod import;
pub mod key;
mod keyring_file;
pub mod leaks;
mod letters;
mod listing;
pub mod mail;
mod metering;
pub mod nodes;
pub mod oidc;
pub mod organisation;
pub mod permission;
pub mod policy;
mod reminders;
mod retention;
pub mod role;
pub mod secrets;
pub mod session;
pub mod setup;
pub mod stream;
pub mod usage;
pub mod user;
pub mod verify;
pub mod webhook;
pub mod workers;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use domain::clock::{Clock, Random, Steered, Timestamp};
use domain::id::OrganisationId;
use domain::secret::Keyring;
use domain::webhook::AddressRule;
use engine::journal::{self, Follower, Journal, RollUp};
use engine::source::PostgresFleet;
use engine::{Engine, Member};
use parking_lot::RwLock;
use store::organisations::Tenant;
use store::{Store, StoreError, Tx, Written};
use uuid::Uuid;

pub use caller::Caller;
pub use error::{AppError, Result};
pub use keyring_file::{KeyringFileError, SecretsSource};
pub use listing::Listing;
pub use session::People;
pub use stream::{StreamCounts, StreamSettings};

use stream::Stream;

/// Everything that a use case needs. Clones are not needed: share it in an `Arc`.
pub struct App {
    pub(crate) store: Store,
    pub(crate) engine: Engine,
    pub(crate) keyring: RwLock<Arc<Keyring>>,
    /// Held while a step of a rotation is taken: each begins with the keyring that the one before has left.
    pub(crate) rotating: tokio::sync::Mutex<()>,
    pub(crate) secrets: SecretsSource,
    /// Why the secrets file could not be used when it was last looked at: it is said once.
    pub(crate) secrets_refused: parking_lot::Mutex<Option<String>>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) directory: PathBuf,
    pub(crate) people: session::Desk,
    /// One import of keys at a time.
    pub(crate) importing: Arc<tokio::sync::Semaphore>,
    pub(crate) leaks: key::Reports,
    pub(crate) leak_keys: leaks::LeakKeys,
    pub(crate) metering: metering::Metering,
    pub(crate) streamed: Option<Arc<stream::Streamed>>,
    pub(crate) webhooks: webhook::Clients,
    /// What people call this server.
    pub(crate) name: String,
    pub(crate) started_at: Timestamp,
    _keeper: Keeper,
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App")
            .field("directory", &self.directory)
            .finish_non_exhaustive()
    }
}

/// What an [`App`] is made of.
pub struct Parts {
    /// The database.
    pub store: Store,
    /// The data directory, for checkpoints and the secrets file.
    pub directory: PathBuf,
    /// Where the peppers come from.
    pub secrets: SecretsSource,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub random: Arc<dyn Random>,
    /// How much the engine may remember.
    pub engine: engine::Options,
    /// Bytes that may wait in the usage journal.
    pub journal_bytes: u64,
    /// How people sign in, and how they are written to.
    pub people: People,
    /// Where messages of webhooks may go.
    pub webhooks: AddressRule,
    /// Where the public keys are published that reports of leaks are signed with: an address, or a file.
    pub leak_keys: Option<String>,
    /// Where each answer is written as a line of its own, if anywhere.
    pub stream: Option<StreamSettings>,
    /// What people call this server.
    pub name: String,
    /// This server among those of a PostgreSQL database; none where it is the only one.
    pub node: Option<NodeSettings>,
}

/// This server among others.
#[derive(Debug, Clone)]
pub struct NodeSettings {
    /// How long it serves after it has sent a renewal.
    pub lease: Duration,
    /// How long it goes on after that with the keys in its memory, where it cannot reach the database.
    pub stale: Duration,
    /// The clock that it has follow the database's; [`Parts::clock`], usually.
    pub steered: Option<Arc<Steered>>,
}

/// What renews the lease, for as long as there is an [`App`].
struct Keeper(tokio::task::AbortHandle);

impl Drop for Keeper {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Why an [`App`] cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The secrets file.
    #[error(transparent)]
    Keyring(#[from] KeyringFileError),
    /// The secrets, beside those of the other servers.
    #[error("the secrets do not go together with those of server {0}")]
    Discord(String),
    /// The directory of the usage journal.
    #[error("the usage journal: {0}")]
    Journal(std::io::Error),
    /// The directory of the stream.
    #[error("stream: {0}")]
    Stream(std::io::Error),
    /// The mail server's address, or the sender's.
    #[error("mail: {0}")]
    Mail(String),
    /// The settings of the OpenID provider.
    #[error(transparent)]
    Oidc(oidc::OidcError),
}

impl App {
    /// Reads (or, for a new installation, makes) the keyring and starts the engine with an empty cache.
    ///
    /// # Errors
    /// When the database or the secrets file cannot be used.
    pub async fn start(parts: Parts) -> Result<Self, StartError> {
        let Parts {
            store,
            directory,
            secrets,
            clock,
            random,
            engine,
            journal_bytes,
            people,
            webhooks,
            leak_keys,
            stream,
            name,
            node: among,
        } = parts;
        let started_at = clock.now();
        let people = session::Desk::new(people, &clock)?;
        let is_new = store.tenants().await?.is_empty();
        let keyring = Arc::new(secrets.load(is_new, random.as_ref())?);
        let mut node = [0; 16];
        random.fill(&mut node);
        let node = Uuid::from_bytes(node);
        let place = directory.join("journal");
        let of_journal = Journal::node_of(&place, node).map_err(StartError::Journal)?;
        let positions = store.journal_positions(of_journal).await?;
        let settings = journal::Settings {
            directory: Some(place),
            max_bytes: journal_bytes,
        };
        let journal = Journal::open(&settings, of_journal, &positions).map_err(StartError::Journal)?;
        let journal = Arc::new(journal);
        let dropped = u64::try_from(store.dropped(of_journal).await?).unwrap_or(0);
        let stream = stream.map(|settings| Stream::start(settings, clock.clone()));
        let (follower, streamed): (Option<Box<dyn Follower>>, _) =
            match stream.transpose().map_err(StartError::Stream)? {
                Some((stream, streamed)) => (Some(Box::new(stream)), Some(streamed)),
                None => (None, None),
            };
        let roll_up = RollUp::new(journal.clone(), &positions).followed_by(follower);
        let metering = metering::Metering::new(roll_up, dropped);
        let options = engine::Options {
            node,
            journal: Some(journal),
            member: among.map(|among| Member {
                fleet: Arc::new(PostgresFleet::new(store.clone())),
                name: name.clone(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
                lease: among.lease,
                stale: among.stale,
                secrets: secrets::written(&keyring.summary()),
                steered: among.steered,
                random: random.clone(),
            }),
            ..engine
        };
        let engine = Engine::start(store.clone(), keyring.clone(), clock.clone(), options).await?;
        // What runs that are over held of quotas is lost.
        let own = engine.node().unwrap_or(node);
        store
            .write(async move |tx: &mut Tx| tx.forfeit_blocks(own).await)
            .await
            .map_err(StartError::Store)?;
        let kept = engine.clone();
        let keeper = tokio::spawn(async move { kept.keep_fresh().await });
        let app = Self {
            store,
            engine,
            keyring: RwLock::new(keyring),
            rotating: tokio::sync::Mutex::new(()),
            secrets,
            secrets_refused: parking_lot::Mutex::default(),
            clock,
            random,
            directory,
            people,
            importing: Arc::new(tokio::sync::Semaphore::new(1)),
            leaks: key::Reports::default(),
            leak_keys: leaks::LeakKeys::new(leak_keys),
            metering,
            streamed,
            webhooks: webhook::Clients::new(webhooks),
            name,
            started_at,
            _keeper: Keeper(keeper.abort_handle()),
        };
        // Its own row is there by now: of two that start at once, or of one that starts while another takes a step of a rotation, one
        // at least sees the other.
        if let Some(discord) = app.discord(&app.keyring().summary()).await? {
            app.engine.leave().await?;
            return Err(StartError::Discord(discord));
        }
        Ok(app)
    }

    /// What became of the stream's lines; none where nothing is streamed.
    pub fn stream_counts(&self) -> Option<StreamCounts> {
        self.streamed.as_ref().map(|streamed| streamed.counts())
    }

    /// The verification engine.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The database.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The clock.
    pub fn clock(&self) -> &dyn Clock {
        self.clock.as_ref()
    }

    /// The generator.
    pub fn random(&self) -> &dyn Random {
        self.random.as_ref()
    }

    pub(crate) fn keyring(&self) -> Arc<Keyring> {
        self.keyring.read().clone()
    }

    pub(crate) async fn tenant(&self, organisation: OrganisationId) -> Result<Tenant> {
        self.store
            .tenant(organisation)
            .await?
            .ok_or(AppError::NotFound { what: "organisation" })
    }

    /// Changes something that no cache holds: returns once it is durable.
    pub(crate) async fn write<T, F>(&self, work: F) -> Result<Written<T>>
    where
        F: AsyncFnOnce(&mut Tx) -> Result<T> + Send + 'static,
        T: Send + 'static,
    {
        self.store.write(work).await
    }

    /// Changes something that decisions read: returns once it is durable and no verification that begins afterwards
    /// can see the state before it.
    pub(crate) async fn change<T, F>(&self, work: F) -> Result<T>
    where
        F: AsyncFnOnce(&mut Tx) -> Result<T> + Send + 'static,
        T: Send + 'static,
    {
        let written = self.write(work).await?;
        self.settle(written.seq).await?;
        Ok(written.value)
    }

    /// Waits until a change is obeyed on every server, or notes when it will be.
    pub(crate) async fn settle(&self, seq: i64) -> Result<()> {
        if let Some(later) = self.engine.barrier(seq).await? {
            effective::note(self.clock.now().plus(later));
        }
        Ok(())
    }
}
