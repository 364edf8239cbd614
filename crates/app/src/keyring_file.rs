//! Where peppers and key-encryption keys live: a file of mode 0600 beside the data, or the environment; never the database.

use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use domain::clock::{Random, SystemRandom};
use domain::secret::{Keyring, KeyringError, Summary};
use zeroize::Zeroizing;

/// Where the keyring comes from.
#[derive(Clone)]
pub enum SecretsSource {
    /// A file; made on the first start of a new installation.
    File(PathBuf),
    /// The file's text, from the environment; it cannot be rotated from here.
    Environment(Zeroizing<String>),
}

impl std::fmt::Debug for SecretsSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
            Self::Environment(_) => f.write_str("Environment(redacted)"),
        }
    }
}

/// Why the keyring cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum KeyringFileError {
    /// Others can read it.
    #[error("{path} can be read by others than its owner (mode {mode:04o}); run: chmod 600 {path}")]
    TooOpen {
        /// Which file.
        path: String,
        /// Its mode.
        mode: u32,
    },
    /// It is gone while the database leans on it.
    #[error(
        "{path} is missing, and without it no key in the database can be verified; restore it from a backup (it is kept \
         apart from the database on purpose)"
    )]
    Missing {
        /// Which file.
        path: String,
    },
    /// It cannot be read or written.
    #[error("{path}: {cause}")]
    Io {
        /// Which file.
        path: String,
        /// Why.
        cause: std::io::Error,
    },
    /// It does not say what it should.
    #[error("{path}: {cause}")]
    Content {
        /// Which file.
        path: String,
        /// Why.
        cause: KeyringError,
    },
    /// It comes from the environment and cannot be changed from here.
    #[error("the secrets come from the environment: change them there and restart")]
    Fixed,
}

impl SecretsSource {
    /// Whether it is a file, which can be written anew.
    pub(crate) fn is_file(&self) -> bool {
        matches!(self, Self::File(_))
    }

    /// What the keyring holds, by versions and fingerprints.
    ///
    /// # Errors
    /// When it is not there, or cannot be used.
    pub fn inspect(&self) -> Result<Summary, KeyringFileError> {
        Ok(self.load(false, &SystemRandom)?.summary())
    }

    pub(crate) fn load(&self, is_new: bool, random: &dyn Random) -> Result<Keyring, KeyringFileError> {
        match self {
            Self::Environment(text) => parse("CLAVIGER_SECRETS", text),
            Self::File(path) if !path.exists() => {
                if !is_new {
                    return Err(KeyringFileError::Missing { path: shown(path) });
                }
                let keyring = Keyring::generate(random).map_err(|cause| KeyringFileError::Content {
                    path: shown(path),
                    cause,
                })?;
                self.store(&keyring)?;
                Ok(keyring)
            }
            Self::File(path) => parse(&shown(path), &read(path)?),
        }
    }

    /// Replaces the file in one step: who reads it meanwhile, or after a crash, finds the old or the new one, whole.
    pub(crate) fn store(&self, keyring: &Keyring) -> Result<(), KeyringFileError> {
        let Self::File(path) = self else {
            return Err(KeyringFileError::Fixed);
        };
        let io = |cause| KeyringFileError::Io {
            path: shown(path),
            cause,
        };
        let fresh = path.with_extension("toml.new");
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&fresh)
            .map_err(io)?;
        file.write_all(keyring.to_toml().as_bytes()).map_err(io)?;
        file.sync_all().map_err(io)?;
        fs::rename(&fresh, path).map_err(io)?;
        let directory = path
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        File::open(directory)
            .and_then(|directory| directory.sync_all())
            .map_err(io)
    }
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

fn parse(path: &str, text: &str) -> Result<Keyring, KeyringFileError> {
    Keyring::from_toml(text).map_err(|cause| KeyringFileError::Content {
        path: path.to_owned(),
        cause,
    })
}

fn read(path: &Path) -> Result<Zeroizing<String>, KeyringFileError> {
    let io = |cause| KeyringFileError::Io {
        path: shown(path),
        cause,
    };
    let mut file = File::open(path).map_err(io)?;
    // Asked of the open file, so that it cannot be exchanged between the question and the reading.
    let mode = file.metadata().map_err(io)?.mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(KeyringFileError::TooOpen {
            path: shown(path),
            mode,
        });
    }
    let mut text = Zeroizing::new(String::new());
    file.read_to_string(&mut text).map_err(io)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use domain::clock::SystemRandom;

    use super::*;

    #[test]
    fn the_file_is_made_for_its_owner_alone_and_refused_when_others_can_read_it() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("secrets.toml");
        let source = SecretsSource::File(path.clone());
        let made = source.load(true, &SystemRandom).expect("a new keyring");
        assert_eq!(fs::metadata(&path).expect("the file").mode() & 0o7777, 0o600);
        let again = source.load(false, &SystemRandom).expect("the same keyring");
        assert_eq!(made.audit_public_key(), again.audit_public_key());
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("chmod");
        assert!(matches!(
            source.load(false, &SystemRandom),
            Err(KeyringFileError::TooOpen { mode: 0o640, .. })
        ));
    }

    #[test]
    fn a_lost_file_is_never_replaced_by_a_new_one() {
        let directory = tempfile::tempdir().expect("a directory");
        let source = SecretsSource::File(directory.path().join("secrets.toml"));
        assert!(matches!(
            source.load(false, &SystemRandom),
            Err(KeyringFileError::Missing { .. })
        ));
    }
}
