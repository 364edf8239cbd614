//! Backups: the whole installation in one file, proved as it is made and once more as it is restored. The installation's secrets
//! stay apart: a backup is of no use to whoever has not got them, and neither are they without it.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use domain::audit::{Checkpoint, restoring};
use domain::clock::{Clock, Random, Timestamp};
use domain::hex::hex;
use domain::secret::Keyring;
use store::db::Database;
use store::migrate::migrate;
use store::{MIGRATIONS, Store, StoreError, Tx, backup};

use crate::audit::{CHECKPOINTS, ChainVerification, Proof, read_checkpoints};
use crate::error::AppError;
use crate::keyring_file::{KeyringFileError, SecretsSource};

/// The form of the file; another one is refused.
const FORMAT: &str = "1";

/// Why there is no backup, or nothing restored; one plain line.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The secrets file.
    #[error(transparent)]
    Keyring(#[from] KeyringFileError),
    /// A file.
    #[error("{}: {cause}", path.display())]
    Io {
        /// Which one.
        path: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
    /// It is no backup, or a damaged one.
    #[error("{}: {why}", path.display())]
    Unusable {
        /// Which file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// Something is where the restored installation is to be.
    #[error("{0} holds an installation already; restore into an empty place")]
    Occupied(String),
    /// The proof could not be made.
    #[error("{0}")]
    Proof(String),
}

impl From<AppError> for BackupError {
    fn from(error: AppError) -> Self {
        Self::Proof(error.to_string())
    }
}

type Result<T> = std::result::Result<T, BackupError>;

/// What a backup holds, and how it was proved.
#[derive(Debug, serde::Serialize)]
pub struct Backup {
    /// When it was taken.
    pub taken_at: Timestamp,
    /// Bytes of the file.
    pub bytes: u64,
    /// Audit records in it.
    pub records: i64,
    /// The chains of the audit log, each walked and compared with the signed checkpoints.
    pub chains: Vec<ChainVerification>,
}

/// The parts that both ways need.
pub struct Tools {
    /// The data directory.
    pub directory: PathBuf,
    /// Where the peppers come from.
    pub secrets: SecretsSource,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub random: Arc<dyn Random>,
}

impl std::fmt::Debug for Tools {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tools")
            .field("directory", &self.directory)
            .finish_non_exhaustive()
    }
}

impl Tools {
    /// Copies an installation as it stands at one moment into a new file, while it goes on, and proves the copy.
    ///
    /// # Errors
    /// When something fails, or a chain in the copy does not hold; no file is left then.
    pub async fn back_up(&self, from: &Database, file: &Path) -> Result<Backup> {
        let keyring = self.secrets.load(false, self.random.as_ref())?;
        if file.exists() {
            let cause = std::io::ErrorKind::AlreadyExists.into();
            return Err(BackupError::Io {
                path: file.to_owned(),
                cause,
            });
        }
        let unfinished = Unfinished::make(&with_ending(file, "unfinished"))?;
        // Before the copy: what was stated until then is in it.
        let checkpoints = self.checkpoints()?;
        let taken_at = self.clock.now();
        backup::write(from, &unfinished.0).await?;
        let copy = backup::open(&unfinished.0).await?;
        let chains = self.prove(file, &copy, &keyring, &checkpoints).await?;
        drop(copy);
        let public = keyring.audit_public_key();
        let notes = [
            ("format", FORMAT.to_owned()),
            ("version", env!("CARGO_PKG_VERSION").to_owned()),
            ("taken_at", taken_at.to_string()),
            ("audit_key", hex(&public)),
            ("checkpoints", String::from_utf8_lossy(&checkpoints).into_owned()),
        ];
        backup::write_notes(&unfinished.0, &notes).await?;
        let bytes = unfinished.finish(file)?;
        Ok(Backup {
            taken_at,
            bytes,
            records: chains.iter().map(|chain| chain.records).sum(),
            chains,
        })
    }

    /// Makes an installation of a backup's file: in the data directory, or in an empty PostgreSQL database. It is proved first;
    /// then each chain says that it goes on from a backup, and everybody is signed out.
    ///
    /// # Errors
    /// When something fails or does not fit; nothing is left then but, on PostgreSQL, empty tables.
    pub async fn restore(&self, file: &Path, into: Option<&Database>) -> Result<Backup> {
        let place = self.directory.join("claviger.db");
        if place.exists() {
            return Err(BackupError::Occupied(self.directory.display().to_string()));
        }
        if let Some(into) = into
            && !backup::is_empty(into).await?
        {
            return Err(BackupError::Occupied("the PostgreSQL database".to_owned()));
        }
        let keyring = self.secrets.load(false, self.random.as_ref())?;
        let opened = self.open(file, &keyring).await?;
        self.go_on(&opened.db, &keyring, opened.backup.taken_at).await?;
        if let Some(into) = into {
            backup::read_into(&opened.db, into).await?;
        }
        settle(&opened.db).await?;
        write_new(&self.directory.join(CHECKPOINTS), &opened.checkpoints)?;
        if into.is_none() {
            opened.copy.finish(&place)?;
        }
        Ok(opened.backup)
    }

    /// Proves a backup's file as a restore does, and restores nothing.
    ///
    /// # Errors
    /// When something fails, or the file is not sound.
    pub async fn check(&self, file: &Path) -> Result<Backup> {
        let keyring = self.secrets.load(false, self.random.as_ref())?;
        Ok(self.open(file, &keyring).await?.backup)
    }

    /// Copies a backup's file into the data directory, brings its schema up to date, and proves it.
    async fn open(&self, file: &Path, keyring: &Keyring) -> Result<Opened> {
        let copy = self.directory.join("claviger.db.unfinished");
        // What a restore that was killed has left.
        drop(Unfinished(copy.clone()));
        let copy = Unfinished::make(&copy)?;
        let bytes = fs::copy(file, &copy.0).map_err(io(file))?;
        // The file's mode came along.
        fs::set_permissions(&copy.0, fs::Permissions::from_mode(0o600)).map_err(io(&copy.0))?;
        let notes = notes(file, &copy.0).await?;
        let taken_at = notes.get("taken_at").and_then(|at| Timestamp::parse(at).ok());
        let (Some(taken_at), Some(checkpoints)) = (taken_at, notes.get("checkpoints")) else {
            return Err(unusable(file, "it does not say when it was taken"));
        };
        if notes.get("audit_key") != Some(&hex(&keyring.audit_public_key())) {
            let why =
                "it was taken with other secrets: give the secrets file of the installation that it is of";
            return Err(unusable(file, why));
        }
        let db = backup::open(&copy.0).await?;
        migrate(&db, MIGRATIONS).await?;
        let checkpoints = checkpoints.as_bytes().to_vec();
        let chains = self.prove(file, &db, keyring, &checkpoints).await?;
        let backup = Backup {
            taken_at,
            bytes,
            records: chains.iter().map(|chain| chain.records).sum(),
            chains,
        };
        Ok(Opened {
            backup,
            checkpoints,
            db,
            copy,
        })
    }

    fn checkpoints(&self) -> Result<Vec<u8>> {
        let path = self.directory.join(CHECKPOINTS);
        match fs::read(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
            read => read.map_err(io(&path)),
        }
    }

    /// Walks every chain in a file.
    async fn prove(
        &self,
        file: &Path,
        db: &Database,
        keyring: &Keyring,
        checkpoints: &[u8],
    ) -> Result<Vec<ChainVerification>> {
        let store = Store::start(db.clone(), self.clock.clone(), self.random.clone()).await?;
        let public = keyring.audit_public_key();
        let stated: Vec<Checkpoint> = read_checkpoints(checkpoints, &public)
            .into_iter()
            .flatten()
            .collect();
        let proof = Proof {
            store: &store,
            public,
        };
        let mut chains = Vec::new();
        for organisation in store.audit_chains().await? {
            let own: Vec<&Checkpoint> = stated.iter().filter(|c| c.organisation == organisation).collect();
            let proved = proof.verify(organisation, &own).await?;
            if let Some(fault) = &proved.fault {
                return Err(unusable(
                    file,
                    &format!("the audit log of {organisation} does not hold: {fault}"),
                ));
            }
            chains.push(proved);
        }
        if chains.is_empty() {
            return Err(unusable(file, "it holds no installation"));
        }
        drop(store);
        settle(db).await?;
        Ok(chains)
    }

    /// Each chain says that it goes on from a backup.
    async fn go_on(&self, db: &Database, keyring: &Keyring, taken_at: Timestamp) -> Result<()> {
        let store = Store::start(db.clone(), self.clock.clone(), self.random.clone()).await?;
        let (heads, now) = (store.audit_heads().await?, self.clock.now());
        let said: Vec<_> = heads
            .iter()
            .map(|head| (head.organisation, restoring(head, now, taken_at, keyring)))
            .collect();
        let written = store.write(async move |tx: &mut Tx| {
            tx.end_all_sessions().await?;
            for (organisation, event) in said {
                tx.record(organisation, event);
            }
            Ok::<_, StoreError>(())
        });
        written.await?;
        Ok(())
    }
}

/// A backup's file, copied and proved.
struct Opened {
    backup: Backup,
    checkpoints: Vec<u8>,
    // Closed before its file goes.
    db: Database,
    copy: Unfinished,
}

async fn notes(file: &Path, copy: &Path) -> Result<BTreeMap<String, String>> {
    let no_backup = || unusable(file, "it is no backup of Claviger's, or a damaged one");
    let read = async { backup::take_notes(&backup::open(copy).await?).await };
    let notes = read.await.map_err(|error| match error {
        error if error.is_unavailable() => error.into(),
        _ => no_backup(),
    })?;
    let notes = notes.ok_or_else(no_backup)?;
    if notes.get("format").map(String::as_str) != Some(FORMAT) {
        return Err(unusable(file, "it is of a newer Claviger"));
    }
    Ok(notes)
}

/// Waits until all that was written is in the file itself.
async fn settle(db: &Database) -> Result<()> {
    while !db.truncate_log().await? {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

/// A file that goes away unless it is finished.
struct Unfinished(PathBuf);

impl Unfinished {
    fn make(path: &Path) -> Result<Self> {
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)
            .map_err(io(path))?;
        Ok(Self(path.to_owned()))
    }

    /// Gives it its name, once it is on disk; answers its length in bytes.
    fn finish(self, name: &Path) -> Result<u64> {
        let file = File::open(&self.0).map_err(io(&self.0))?;
        file.sync_all().map_err(io(&self.0))?;
        let bytes = file.metadata().map_err(io(&self.0))?.len();
        fs::rename(&self.0, name).map_err(io(name))?;
        let directory = name.parent().filter(|parent| !parent.as_os_str().is_empty());
        let directory = directory.unwrap_or(Path::new("."));
        File::open(directory)
            .and_then(|directory| directory.sync_all())
            .map_err(io(directory))?;
        Ok(bytes)
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        for ending in ["", "-wal", "-shm", "-journal"] {
            let mut path = self.0.clone().into_os_string();
            path.push(ending);
            let _ = fs::remove_file(path);
        }
    }
}

fn with_ending(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    name.into()
}

fn write_new(path: &Path, bytes: &[u8]) -> Result<()> {
    let made = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path);
    made.and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .map_err(io(path))
}

fn io(path: &Path) -> impl FnOnce(std::io::Error) -> BackupError {
    let path = path.to_owned();
    move |cause| BackupError::Io { path, cause }
}

fn unusable(path: &Path, why: &str) -> BackupError {
    BackupError::Unusable {
        path: path.to_owned(),
        why: why.to_owned(),
    }
}
