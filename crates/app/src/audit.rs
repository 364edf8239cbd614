//! Reading the audit log, proving it, and stating from time to time where its chains stand.

mod proof;

use std::fs::OpenOptions;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;

use domain::access::Management;
use domain::audit::{Checkpoint, Pruned, Restored, Shown};
use domain::id::OrganisationId;
use domain::page::{Cursor, Page, SortValue};
use store::audit::AuditQuery;

pub(crate) use proof::Proof;

use crate::error::{AppError, Result};
use crate::{App, Caller};

/// The file beside the database.
pub(crate) const CHECKPOINTS: &str = "checkpoints.ndjson";

/// Whether the chains hold.
#[derive(Debug, Clone, serde::Serialize, utoipa::ToSchema)]
#[schema(as = AuditVerification)]
pub struct Verification {
    /// Whether all of them do.
    pub ok: bool,
    /// One by one.
    pub chains: Vec<ChainVerification>,
    /// Signed checkpoints that were compared with.
    pub checkpoints: usize,
}

/// Whether one chain holds.
#[derive(Debug, Clone, serde::Serialize, utoipa::ToSchema)]
pub struct ChainVerification {
    /// Whose.
    pub organisation: OrganisationId,
    /// Records that were read.
    pub records: i64,
    /// Where it begins, if the policy's retention has pruned records before.
    #[schema(required)]
    pub pruned: Option<Pruned>,
    /// Where it goes on from a backup, in the order of the records.
    pub restored: Vec<Restored>,
    /// Whether it holds.
    pub ok: bool,
    /// The first bad record, in a sentence.
    #[schema(required)]
    pub fault: Option<String>,
}

impl App {
    /// A page of the caller's audit log, newest first.
    ///
    /// # Errors
    /// As [`AppError`] says.
    pub async fn list_audit(
        &self,
        caller: &Caller,
        query: AuditQuery,
        limit: u32,
        cursor: Option<&str>,
        list: &str,
    ) -> Result<Page<Shown>> {
        caller.require(Management::AuditRead)?;
        self.audit_page(caller, query, limit, cursor, list).await
    }

    pub(crate) async fn audit_page(
        &self,
        caller: &Caller,
        query: AuditQuery,
        limit: u32,
        cursor: Option<&str>,
        list: &str,
    ) -> Result<Page<Shown>> {
        let invalid = |error: domain::page::CursorError| AppError::field("cursor", error.to_string());
        let before = match cursor
            .map(|text| Cursor::decode(text, list))
            .transpose()
            .map_err(invalid)?
        {
            None => i64::MAX,
            Some(Cursor {
                value: SortValue::Int(seq),
                ..
            }) => seq,
            Some(_) => return Err(invalid(domain::page::CursorError::Unreadable)),
        };
        let records = self
            .store
            .audit_page(caller.organisation, query, before, i64::from(limit) + 1)
            .await?;
        let more = records.len() > limit as usize;
        let items: Vec<Shown> = records
            .iter()
            .take(limit as usize)
            .map(|record| record.show())
            .collect();
        let next_cursor = items.last().filter(|_| more).map(|last| {
            Cursor {
                value: SortValue::Int(last.seq),
                id: caller.organisation.uuid(),
            }
            .encode(list)
        });
        Ok(Page { items, next_cursor })
    }

    /// Walks chains from their first record, or from the signed base where older ones were pruned, to their heads, and compares them with the signed checkpoints. Whoever is
    /// at the data directory has all of them walked, others their own.
    ///
    /// # Errors
    /// When the caller may not, or the database fails.
    pub async fn verify_audit(&self, caller: &Caller) -> Result<Verification> {
        caller.require(Management::AuditRead)?;
        let mut chains: Vec<OrganisationId> = match caller.local {
            true => self.store.audit_chains().await?,
            false => vec![caller.organisation],
        };
        let checkpoints = self.checkpoints()?;
        if caller.local {
            // A chain of which nothing is left in the database but a checkpoint outside it.
            chains.extend(
                checkpoints
                    .iter()
                    .filter_map(|line| line.as_ref().ok())
                    .map(|c| c.organisation),
            );
        }
        chains.sort();
        chains.dedup();
        let proof = Proof {
            store: &self.store,
            public: self.keyring().audit_public_key(),
        };
        let mut result = Verification {
            ok: true,
            chains: Vec::new(),
            checkpoints: checkpoints.len(),
        };
        for organisation in chains {
            let own: Vec<&Checkpoint> = checkpoints
                .iter()
                .flatten()
                .filter(|c| c.organisation == organisation)
                .collect();
            let verified = proof.verify(organisation, &own).await?;
            result.ok &= verified.ok;
            result.chains.push(verified);
        }
        if let Some(Err(line)) = checkpoints.iter().find(|line| line.is_err()) {
            result.ok = false;
            result.chains.push(ChainVerification {
                organisation: OrganisationId::INSTALLATION,
                records: 0,
                pruned: None,
                restored: Vec::new(),
                ok: false,
                fault: Some(format!(
                    "line {line} of {CHECKPOINTS} is not a checkpoint that this installation signed"
                )),
            });
        }
        Ok(result)
    }

    fn checkpoint_file(&self) -> PathBuf {
        self.directory.join(CHECKPOINTS)
    }

    /// The signed checkpoints; a line that is none is given by its number.
    pub(crate) fn checkpoints(&self) -> Result<Vec<std::result::Result<Checkpoint, usize>>> {
        let bytes = match std::fs::read(self.checkpoint_file()) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(AppError::internal(error)),
        };
        Ok(read_checkpoints(&bytes, &self.keyring().audit_public_key()))
    }

    /// States where every chain stands, in a file outside the database: whoever cuts a chain off and mends the
    /// database's head of it is found out by [`App::verify_audit`].
    ///
    /// # Errors
    /// When the database or the file fails.
    pub async fn write_checkpoints(&self) -> Result<()> {
        let heads = self.store.audit_heads().await?;
        let mut latest = std::collections::HashMap::new();
        for checkpoint in self.checkpoints()?.into_iter().flatten() {
            let seq = latest.entry(checkpoint.organisation).or_insert(checkpoint.seq);
            *seq = checkpoint.seq.max(*seq);
        }
        let keyring = self.keyring();
        let now = self.clock.now();
        let mut lines = String::new();
        for head in heads
            .iter()
            // A chain that became shorter is not vouched for.
            .filter(|head| latest.get(&head.organisation).is_none_or(|seq| head.seq > *seq))
        {
            let checkpoint = Checkpoint::sign(head, now, &keyring);
            lines.push_str(&serde_json::to_string(&checkpoint).map_err(AppError::internal)?);
            lines.push('\n');
        }
        if lines.is_empty() {
            return Ok(());
        }
        let mut file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .mode(0o600)
            .open(self.checkpoint_file())
            .map_err(AppError::internal)?;
        // What a full disk or a loss of power left of an earlier write would spoil the line after it.
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)
            .and_then(|_| file.set_len(whole_lines(&bytes) as u64))
            .and_then(|()| file.write_all(lines.as_bytes()))
            .and_then(|()| file.sync_all())
            .map_err(AppError::internal)
    }
}

/// The checkpoints in a file's whole lines that were signed with the key whose public half this is; a line that is none is given
/// by its number.
pub(crate) fn read_checkpoints(
    bytes: &[u8],
    public: &[u8; 32],
) -> Vec<std::result::Result<Checkpoint, usize>> {
    let lines = bytes[..whole_lines(bytes)].split_inclusive(|b| *b == b'\n');
    lines
        .enumerate()
        .map(|(i, line)| {
            let read = serde_json::from_slice::<Checkpoint>(line).ok();
            read.filter(|c| c.is_signed_by(public)).ok_or(i + 1)
        })
        .collect()
}

/// Bytes up to the last line that was written whole. The rest never was a checkpoint: it was not acknowledged.
fn whole_lines(bytes: &[u8]) -> usize {
    bytes
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |at| at + 1)
}
