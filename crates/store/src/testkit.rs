//! Fresh databases of both engines for tests, here and in the crates above, so that each promise is kept on both.
#![expect(
    clippy::unwrap_used,
    reason = "only tests use this, and there a fault should stop the test"
)]

use std::ops::Deref;
use std::sync::Arc;

use domain::clock::{Random, SystemClock, SystemRandom, Timestamp};
use domain::id::{KeyId, OrganisationId, SecretId};
use domain::key::{Actor, ActorKind, CheckedDraft, Key};
use domain::organisation::{Organisation, OrganisationStatus};
use domain::policy::Policy;
use domain::secret::{Digest, PepperVersion, Scheme};
use tempfile::TempDir;

use crate::db::{Conn, Database, Engine, Target};
use crate::error::StoreError;
use crate::organisations::Tenant;
use crate::secrets::NewSecret;
use crate::tx::Tx;
use crate::{MIGRATIONS, Store};

/// An empty database, removed when dropped.
pub struct TestDatabase {
    /// The open database.
    pub db: Database,
    target: Target,
    directory: TempDir,
    /// The server's address, and the name of the database on it.
    server: Option<(String, String)>,
}

impl std::fmt::Debug for TestDatabase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("TestDatabase").field(&self.db.engine).finish()
    }
}

/// A fresh SQLite file and a fresh PostgreSQL database, on the server of `CLAVIGER_TEST_POSTGRES`
/// (`postgres://postgres@127.0.0.1:5432/postgres` if unset). Without that server the test fails.
pub async fn databases() -> Vec<TestDatabase> {
    vec![TestDatabase::sqlite().await, TestDatabase::postgres().await]
}

impl TestDatabase {
    /// A fresh SQLite file.
    pub async fn sqlite() -> Self {
        let directory = tempfile::tempdir().unwrap();
        Self::open(
            Target::Sqlite(directory.path().join("claviger.db")),
            directory,
            None,
        )
        .await
    }

    /// A fresh PostgreSQL database.
    pub async fn postgres() -> Self {
        let server = std::env::var("CLAVIGER_TEST_POSTGRES")
            .unwrap_or_else(|_| "postgres://postgres@127.0.0.1:5432/postgres".to_owned());
        let mut random = [0; 8];
        SystemRandom.fill(&mut random);
        let name = format!("claviger_test_{:016x}", u64::from_be_bytes(random));
        admin(
            &server,
            &format!("CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0"),
        )
        .await;
        let (base, query) = server
            .split_once('?')
            .map_or((server.as_str(), None), |(base, q)| (base, Some(q)));
        let (base, _) = base.rsplit_once('/').unwrap();
        let url = query.map_or(format!("{base}/{name}"), |query| format!("{base}/{name}?{query}"));
        Self::open(
            Target::Postgres(url),
            tempfile::tempdir().unwrap(),
            Some((server, name)),
        )
        .await
    }

    async fn open(target: Target, directory: TempDir, server: Option<(String, String)>) -> Self {
        Self {
            db: Database::open(&target).await.unwrap(),
            target,
            directory,
            server,
        }
    }

    /// Where it is, to open it once more.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// A directory that lives as long as the database.
    pub fn directory(&self) -> &std::path::Path {
        self.directory.path()
    }
}

impl Deref for TestDatabase {
    type Target = Database;

    fn deref(&self) -> &Database {
        &self.db
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let Some((server, name)) = self.server.take() else {
            return;
        };
        // A runtime of its own: the test's may be shutting down, and cannot be blocked on from within.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(admin(
                &server,
                &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"),
            ));
        });
        // A second panic while the test's own unwinds would hide it.
        let _ = dropping.join();
    }
}

async fn admin(server: &str, sql: &str) {
    let db = Database::open_postgres(server).await.unwrap();
    let mut conn: Conn = db.writer().await.unwrap();
    assert_eq!(conn.engine(), Engine::Postgres);
    conn.batch(sql).await.unwrap();
}

/// A started store on a fresh database, with one organisation.
#[derive(Debug)]
pub struct TestStore {
    /// The store.
    pub store: Store,
    /// Its first organisation.
    pub organisation: OrganisationId,
    /// Dropped after the store.
    pub db: TestDatabase,
}

/// A started store on either engine.
pub async fn stores() -> Vec<TestStore> {
    let mut stores = Vec::new();
    for db in databases().await {
        stores.push(TestStore::start(db).await);
    }
    stores
}

impl Deref for TestStore {
    type Target = Store;

    fn deref(&self) -> &Store {
        &self.store
    }
}

impl TestStore {
    /// Migrates a fresh database and starts a store on it.
    pub async fn start(db: TestDatabase) -> Self {
        crate::migrate::migrate(&db, MIGRATIONS).await.unwrap();
        let store = Store::start(db.db.clone(), Arc::new(SystemClock), Arc::new(SystemRandom))
            .await
            .unwrap();
        let mut started = Self {
            store,
            organisation: OrganisationId::INSTALLATION,
            db,
        };
        started.organisation = started.add_organisation("acme").await;
        started
    }

    /// Makes an organisation of that slug.
    pub async fn add_organisation(&self, slug: &str) -> OrganisationId {
        let tenant = sample_tenant(slug);
        let id = tenant.organisation.id;
        self.change(async move |tx| tx.insert_organisation(&tenant).await)
            .await;
        id
    }

    /// Writes, where nothing may go wrong.
    pub async fn change<T, F>(&self, work: F) -> T
    where
        F: AsyncFnOnce(&mut Tx) -> Result<T, StoreError> + Send + 'static,
        T: Send + 'static,
    {
        self.store.write(work).await.unwrap().value
    }

    /// Writes a key whole: also what only comes later in its life.
    pub async fn insert(&self, key: &Key) -> Key {
        let key = key.clone();
        self.change(async move |tx| insert_whole(tx, key).await).await
    }

    /// Writes keys whole, in one transaction.
    pub async fn insert_all(&self, keys: &[Key]) -> Vec<Key> {
        let keys = keys.to_vec();
        self.change(async move |tx| {
            let mut inserted = Vec::new();
            for key in keys {
                inserted.push(insert_whole(tx, key).await?);
            }
            Ok(inserted)
        })
        .await
    }
}

async fn insert_whole(tx: &mut Tx, mut key: Key) -> Result<Key, StoreError> {
    tx.insert_key(&key).await?;
    if key.is_over() {
        tx.update_key(&key.clone(), &mut key).await?;
    }
    if let Some(at) = key.last_used_at {
        tx.note_uses(&[(key.id, at, key.last_used_ip.clone())]).await?;
    }
    Ok(key)
}

/// An active organisation under the default policy.
pub fn sample_tenant(slug: &str) -> Tenant {
    Tenant {
        organisation: Organisation {
            id: OrganisationId::fresh(&SystemClock, &SystemRandom),
            slug: slug.to_owned(),
            name: format!("The {slug} company"),
            status: OrganisationStatus::Active,
            rate_limits: Vec::new(),
            created_at: Timestamp::from_micros(1_760_000_000_000_000),
            version: 1,
        },
        policy: Policy::default(),
    }
}

/// Somebody who makes keys.
pub fn sample_actor(name: &str) -> Actor {
    Actor {
        kind: ActorKind::User,
        id: Some(format!("usr_{name}")),
        name: name.to_owned(),
    }
}

/// A plain live key, made `number` seconds into the test's time.
pub fn sample_key(organisation: OrganisationId, number: i64) -> Key {
    let created_at = Timestamp::from_micros(1_760_000_000_000_000 + number * 1_000_000);
    Key {
        number,
        name: format!("Key {number}"),
        display: format!("sk_live_{number:04}…wxyz"),
        ..Key::fresh(
            KeyId::fresh(&SystemClock, &SystemRandom),
            organisation,
            CheckedDraft::default(),
            sample_actor("Ann"),
            created_at,
        )
    }
}

/// A current secret of `key`, under pepper 1, found by a digest of 32 times `byte`.
pub fn sample_secret(key: &Key, byte: u8) -> NewSecret {
    NewSecret {
        id: SecretId::fresh(&SystemClock, &SystemRandom),
        organisation: key.organisation,
        key: key.id,
        digest: Digest::from_bytes([byte; 32]),
        scheme: Scheme::Hmac {
            pepper: PepperVersion::new(1),
        },
        display: key.display.clone(),
        created_at: key.created_at,
        sealed: None,
    }
}
