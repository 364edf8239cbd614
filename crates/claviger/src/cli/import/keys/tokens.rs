//! The file of an import into which fresh tokens go.

use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::cli::error::CliError;
use crate::cli::keys::text;

/// The file into which fresh tokens go.
pub(super) struct Tokens {
    pub(super) path: PathBuf,
    file: File,
    /// The keys whose tokens it has.
    pub(super) known: HashSet<String>,
    unsynced: bool,
}

impl Tokens {
    pub(super) fn open(path: &Path) -> Result<Self, CliError> {
        let broken = |cause: io::Error| CliError::Failed(format!("cannot write {}: {cause}", path.display()));
        let file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .mode(0o600)
            .open(path)
            .map_err(broken)?;
        let mode = std::os::unix::fs::MetadataExt::mode(&file.metadata().map_err(broken)?);
        if mode & 0o077 != 0 {
            return Err(CliError::Failed(format!(
                "others can read {}; tokens go into a file of mode 0600 alone",
                path.display()
            )));
        }
        let mut known = HashSet::new();
        let mut ends_whole = true;
        for line in io::BufReader::new(&file).split(b'\n') {
            let line = Zeroizing::new(line.map_err(broken)?);
            if line.is_empty() {
                continue;
            }
            // The last line may be half of one, where the last run was killed.
            let read: Option<Value> = serde_json::from_slice(&line).ok();
            ends_whole = read.is_some();
            known.extend(read.map(|token| text(&token, "/id").to_owned()));
        }
        let mut tokens = Self {
            path: path.to_owned(),
            file,
            known,
            unsynced: false,
        };
        if !ends_whole {
            tokens.file.write_all(b"\n").map_err(broken)?;
        }
        Ok(tokens)
    }

    pub(super) fn add(&mut self, event: &Value) -> Result<(), CliError> {
        let kept = json!({"line": event.get("line"), "id": event.get("id"), "name": event.get("name"), "secret": event.get("secret")});
        let mut line = Zeroizing::new(serde_json::to_vec(&kept).unwrap_or_default());
        line.push(b'\n');
        self.file.write_all(&line).map_err(|cause| self.broken(&cause))?;
        self.known.insert(text(event, "/id").to_owned());
        self.unsynced = true;
        Ok(())
    }

    pub(super) fn sync(&mut self) -> Result<(), CliError> {
        if std::mem::take(&mut self.unsynced) {
            self.file.sync_data().map_err(|cause| self.broken(&cause))?;
        }
        Ok(())
    }

    fn broken(&self, cause: &io::Error) -> CliError {
        CliError::Failed(format!(
            "cannot write {}: {cause}; --reissue gives keys new tokens whose first ones are lost",
            self.path.display()
        ))
    }
}
