//! `claviger backup` and `claviger restore`: the installation in one file, and an installation of such a file.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use app::SecretsSource;
use app::backup::{Backup, BackupError, Tools};
use clap::Args;
use domain::clock::{SystemClock, SystemRandom};
use store::db::{Database, Target};
use store::lock::DirectoryLock;

use super::Context;
use super::error::CliError;
use super::serve::{failed, settings};
use crate::config::Config;
use crate::server;

/// Copy the whole installation, while it runs, into one file
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  claviger --data ./data backup claviger-2026-01-31.backup\n  \
    claviger --database postgres://claviger@127.0.0.1/claviger backup claviger.backup\n\n\
    The secrets file (secrets.toml in the data directory) is not in it: keep a copy of that elsewhere. Without it a backup \
    is of no use, to you or to a thief. A usage record that waits in the journal, a second or so, is not in it either."
)]
pub(crate) struct Take {
    /// The file to make; what is there already is not overwritten
    file: PathBuf,
    /// The settings file [default: claviger.toml here, if there is one]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Make an installation of a backup: in an empty data directory, or in an empty PostgreSQL database
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  claviger --data ./new restore claviger.backup --secrets secrets.toml\n  \
    claviger --data ./new --database postgres://claviger@127.0.0.1/empty restore claviger.backup --secrets secrets.toml\n  \
    claviger --data ./data restore --check claviger.backup\n\n\
    From a backup of either database into either: so an installation moves from one machine to PostgreSQL. What was done \
    after the backup is lost: a key that was revoked since works again. Everybody is signed out."
)]
pub(crate) struct Restore {
    /// The backup
    file: PathBuf,
    /// The secrets file of the installation that was backed up, where it is not in the data directory yet
    #[arg(long, value_name = "FILE")]
    secrets: Option<PathBuf>,
    /// Prove the file, and restore nothing
    #[arg(long)]
    check: bool,
    /// The settings file [default: claviger.toml here, if there is one]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

fn tools(config: &Config) -> Tools {
    Tools {
        directory: config.data.clone(),
        secrets: server::secrets(config),
        clock: Arc::new(SystemClock),
        random: Arc::new(SystemRandom),
    }
}

/// What stops a restore has lines that help.
fn told(error: BackupError) -> CliError {
    failed(error)
}

pub(crate) async fn take(context: &Context, args: Take) -> Result<(), CliError> {
    let config = settings(context, args.config.as_ref())?;
    let target = config.target();
    if let Target::Sqlite(path) = &target
        && !path.exists()
    {
        return Err(CliError::Failed(format!(
            "{} holds no Claviger installation",
            config.data.display()
        )));
    }
    let db = Database::open(&target).await.map_err(failed)?;
    let backup = tools(&config).back_up(&db, &args.file).await.map_err(told)?;
    tell(context, &backup, &args.file, "Backed up to")?;
    if let SecretsSource::File(path) = server::secrets(&config) {
        context.screen.note(&format!(
            "keep {} elsewhere: it is not in the backup, and needed with it",
            path.display()
        ));
    }
    Ok(())
}

pub(crate) async fn restore(context: &Context, args: Restore) -> Result<(), CliError> {
    let config = settings(context, args.config.as_ref())?;
    if args.check {
        // In a directory of its own: the installation's may be in use.
        let directory = tempfile::tempdir().map_err(failed)?;
        let tools = Tools {
            directory: directory.path().to_owned(),
            secrets: match args.secrets {
                Some(path) => SecretsSource::File(path),
                None => server::secrets(&config),
            },
            ..tools(&config)
        };
        let backup = tools.check(&args.file).await.map_err(told)?;
        return tell(context, &backup, &args.file, "Sound:");
    }
    server::make_directory(&config.data).map_err(failed)?;
    let _directory = DirectoryLock::acquire(&config.data).map_err(failed)?;
    let placed = args
        .secrets
        .as_deref()
        .map(|path| place_secrets(path, &config.data))
        .transpose()?;
    let restored = async {
        let into = match config.target() {
            Target::Sqlite(_) => None,
            target @ Target::Postgres(_) => Some(Database::open(&target).await.map_err(failed)?),
        };
        tools(&config)
            .restore(&args.file, into.as_ref())
            .await
            .map_err(told)
    }
    .await;
    match restored {
        Ok(backup) => tell(context, &backup, &args.file, "Restored from"),
        Err(error) => {
            if let Some(placed) = placed {
                let _ = std::fs::remove_file(placed);
            }
            Err(error)
        }
    }
}

/// Puts the secrets file where the installation looks for it.
fn place_secrets(from: &Path, data: &Path) -> Result<PathBuf, CliError> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let to = data.join("secrets.toml");
    let said = |path: &Path, error: std::io::Error| CliError::Failed(format!("{}: {error}", path.display()));
    let text = zeroize::Zeroizing::new(std::fs::read(from).map_err(|error| said(from, error))?);
    let made = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&to);
    made.and_then(|mut file| file.write_all(&text).and_then(|()| file.sync_all()))
        .map_err(|error| said(&to, error))?;
    Ok(to)
}

fn tell(context: &Context, backup: &Backup, file: &Path, what: &str) -> Result<(), CliError> {
    if context.screen.json {
        return context.screen.json(&serde_json::json!(backup));
    }
    let chains = backup.chains.len();
    context.screen.text(&format!(
        "{what} {}, taken at {}: {} MiB; the audit log holds, {} records in {chains} chains.\n",
        file.display(),
        backup.taken_at,
        backup.bytes.div_ceil(1 << 20),
        backup.records,
    ))
}
