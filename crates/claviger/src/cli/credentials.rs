//! The keys that `claviger login` keeps, one to a server, in a file that nobody else can read.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::error::CliError;
use super::input;

/// What is kept.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Credentials {
    /// The server of the last login.
    pub(crate) default: Option<String>,
    #[serde(default)]
    servers: BTreeMap<String, Kept>,
}

#[derive(Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(deny_unknown_fields)]
struct Kept {
    key: String,
}

impl Credentials {
    /// Reads the file; empty if there is none.
    ///
    /// # Errors
    /// Failure, when others can read the file or it is not ours.
    pub(crate) fn load() -> Result<Self, CliError> {
        match path() {
            Some(path) => Self::load_from(&path),
            None => Ok(Self::default()),
        }
    }

    fn load_from(path: &Path) -> Result<Self, CliError> {
        let broken = |what: &str| CliError::Failed(format!("{} {what}", path.display()));
        let metadata = match fs::metadata(path) {
            Ok(metadata) => metadata,
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(cause) => return Err(broken(&format!("cannot be read: {cause}"))),
        };
        if metadata.permissions().mode() & 0o077 != 0 {
            return Err(broken(
                "can be read by other users: chmod 600 it, or run `claviger login` after removing it",
            ));
        }
        let text = fs::read_to_string(path)
            .map(Zeroizing::new)
            .map_err(|cause| broken(&format!("cannot be read: {cause}")))?;
        // The parser's message would quote the line, and the line is a key.
        toml::from_str(&text).map_err(|_| broken("is damaged: remove it and sign in again"))
    }

    /// The key that is kept for this server.
    pub(crate) fn key_for(&self, address: &str) -> Option<Zeroizing<String>> {
        self.servers
            .get(address)
            .map(|kept| Zeroizing::new(kept.key.clone()))
    }

    /// Keeps a key for a server, which becomes the usual one.
    pub(crate) fn keep(&mut self, address: &str, key: &str) {
        self.servers
            .insert(address.to_owned(), Kept { key: key.to_owned() });
        self.default = Some(address.to_owned());
    }

    /// Forgets a server; whether there was anything to forget.
    pub(crate) fn forget(&mut self, address: &str) -> bool {
        if self.default.as_deref() == Some(address) {
            self.default = None;
        }
        self.servers.remove(address).is_some()
    }

    /// Writes the file, whole or not at all, and says where.
    ///
    /// # Errors
    /// Failure, when there is no home directory or it cannot be written.
    pub(crate) fn save(&self) -> Result<PathBuf, CliError> {
        let path =
            path().ok_or_else(|| CliError::Failed("neither XDG_CONFIG_HOME nor HOME is set".to_owned()))?;
        self.save_to(&path)
            .map_err(|cause| CliError::Failed(format!("cannot write {}: {cause}", path.display())))?;
        Ok(path)
    }

    fn save_to(&self, path: &Path) -> io::Result<()> {
        let text = Zeroizing::new(toml::to_string(self).map_err(io::Error::other)?);
        if let Some(directory) = path.parent() {
            fs::DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(directory)?;
        }
        let draft = path.with_extension(format!("toml.{}", std::process::id()));
        let written = write_private(&draft, text.as_bytes()).and_then(|()| fs::rename(&draft, path));
        if written.is_err() {
            // The draft holds keys too.
            let _ = fs::remove_file(&draft);
        }
        written
    }
}

fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// `$XDG_CONFIG_HOME/claviger/credentials.toml`, else below `~/.config` (XDG Base Directory Specification 0.8).
fn path() -> Option<PathBuf> {
    let base = input::variable("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
        .or_else(|| input::variable("HOME").map(|home| Path::new(&home).join(".config")))?;
    Some(base.join("claviger").join("credentials.toml"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kept_key_is_read_back_for_its_server_alone_from_a_private_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("claviger/credentials.toml");
        let mut kept = Credentials::default();
        kept.keep("https://a.example", "sk_live_one");
        kept.save_to(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let read = Credentials::load_from(&path).unwrap();
        assert_eq!(read.key_for("https://a.example").unwrap().as_str(), "sk_live_one");
        assert!(read.key_for("https://b.example").is_none());
        assert_eq!(read.default.as_deref(), Some("https://a.example"));
    }

    #[test]
    fn a_file_that_others_can_read_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("credentials.toml");
        Credentials::default().save_to(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(Credentials::load_from(&path).is_err());
    }

    #[test]
    fn a_damaged_file_is_refused_without_showing_what_it_holds() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("credentials.toml");
        write_private(&path, b"servers = sk_live_verysecret").unwrap();
        let error = Credentials::load_from(&path).err().unwrap().to_string();
        assert!(!error.contains("verysecret"), "{error}");
    }
}
