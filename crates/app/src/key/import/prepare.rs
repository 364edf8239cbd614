//! From a line to rows: everything that needs no turn at the database's writer is done here, on a thread of its own, while
//! the batch before is being written.

use std::collections::HashMap;
use std::sync::Arc;

use domain::access::{Directory, Management};
use domain::account::CheckedAccount;
use domain::audit::{Sealed, Target};
use domain::id::{AccountId, KeyId, SecretId};
use domain::input::FieldError;
use domain::key::{ActorKind, Key, Owner};
use domain::policy::{IssueFor, Storage, UsernameRule};
use domain::secret::{Digest, Scheme, sha256};
use domain::token::Token;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use store::keys::Laid;
use store::organisations::Tenant;
use store::secrets::NewSecret;

use super::lines::{Content, Line};
use super::row::{KeyRow, OwnerRow};
use super::{Context, MAX_LINES};
use crate::access::roles_named;
use crate::account;
use crate::error::{AppError, Result};
use crate::key::grants::refuse_other_grants;
use crate::key::issue::Material;
use crate::key::{TokenInput, difference};

/// Owners that are remembered between lines.
const MAX_KNOWN: usize = 100_000;

/// What lines are judged by. A batch that was judged by another state than it is written in is refused.
#[derive(Debug, PartialEq)]
pub(super) struct Setting {
    pub(super) tenant: Tenant,
    pub(super) directory: Directory,
}

/// Where a key's token comes from.
pub(super) enum Origin {
    /// It is made here, and handed out once the key is written.
    Fresh {
        /// What the line is known again by.
        identity: [u8; 32],
        /// The key's id where it was exported.
        exported: Option<KeyId>,
        token: Token,
    },
    /// It was made elsewhere.
    Brought {
        /// All digests under which it may be stored already.
        digests: Vec<Digest>,
        prefix: String,
        /// Where tokens are kept.
        token: Option<Token>,
    },
}

/// A line that can be written.
pub(super) struct Ready {
    pub(super) line: u64,
    pub(super) key: KeyId,
    pub(super) secret: SecretId,
    pub(super) name: String,
    pub(super) owner: Owner,
    pub(super) inherits: bool,
    pub(super) is_live: bool,
    pub(super) origin: Origin,
    pub(super) laid: Laid,
    pub(super) record: Sealed,
}

/// A service account that a line asks for.
pub(super) struct NewAccount {
    pub(super) line: u64,
    pub(super) id: AccountId,
    pub(super) fields: CheckedAccount,
}

/// Lines that are written together or not at all.
pub(super) struct Batch {
    pub(super) setting: Arc<Setting>,
    /// The first and the last line.
    pub(super) lines: (u64, u64),
    /// Where the last one ends.
    pub(super) bytes: u64,
    pub(super) count: u64,
    /// Keys that were ended for good where they come from.
    pub(super) skipped: u64,
    pub(super) accounts: Vec<NewAccount>,
    pub(super) rows: Vec<Ready>,
    pub(super) faults: Vec<(u64, FieldError)>,
}

impl Batch {
    pub(super) fn new(setting: Arc<Setting>) -> Self {
        Self {
            setting,
            lines: (0, 0),
            bytes: 0,
            count: 0,
            skipped: 0,
            accounts: Vec::new(),
            rows: Vec::new(),
            faults: Vec::new(),
        }
    }
}

/// What is remembered from line to line.
pub(super) struct Preparer {
    context: Arc<Context>,
    /// Owners by what lines call them.
    known: HashMap<String, Owner>,
    /// On which line each token, hash or content stands, by eight bytes of its SHA-256: two of a file's at most five
    /// million share them once in a million files.
    seen: HashMap<u64, u32>,
    salts: Vec<u8>,
}

/// Faults of one line, out of what a use case says.
fn faults_of(field: &str, error: AppError) -> Result<Vec<FieldError>> {
    match error {
        AppError::Invalid(faults) => Ok(faults),
        AppError::Refused(_) | AppError::GrantsBeyond { .. } | AppError::Conflict { .. } => {
            Ok(vec![FieldError::new(field, error.to_string())])
        }
        other => Err(other),
    }
}

impl Preparer {
    pub(super) fn new(context: Arc<Context>) -> Self {
        Self {
            context,
            known: HashMap::new(),
            seen: HashMap::new(),
            salts: Vec::new(),
        }
    }

    /// In a dry run the accounts of a batch are gone after it, and asked for again by the next.
    pub(super) fn begin(&mut self) {
        if self.context.how.dry_run || self.known.len() > MAX_KNOWN {
            self.known.clear();
        }
    }

    /// Adds a line to a batch.
    ///
    /// # Errors
    /// When the database cannot be asked; what is wrong with the line is a fault of the batch.
    pub(super) async fn add(&mut self, batch: &mut Batch, line: Line) -> Result<()> {
        if batch.count == 0 {
            batch.lines.0 = line.number;
        }
        batch.lines.1 = line.number;
        batch.bytes = line.end;
        batch.count += 1;
        let number = line.number;
        let read = match line.content {
            Ok(content) => self.read(content),
            Err(fault) => Err(vec![fault]),
        };
        match read {
            Ok((row, _)) if row.is_over() => batch.skipped += 1,
            Ok((row, content)) => {
                if let Err(faults) = self.row(batch, number, row, content).await? {
                    batch
                        .faults
                        .extend(faults.into_iter().map(|fault| (number, fault)));
                }
            }
            Err(faults) => batch
                .faults
                .extend(faults.into_iter().map(|fault| (number, fault))),
        }
        Ok(())
    }

    /// The line as a row of ours, and the SHA-256 of what it says.
    fn read(&self, content: Content) -> std::result::Result<(KeyRow, [u8; 32]), Vec<FieldError>> {
        let unreadable = |error: serde_json::Error| vec![FieldError::new("", error.to_string())];
        let (text, fields) = match content {
            Content::Json(text) => (text, None),
            Content::Fields(fields) => (serde_json::to_vec(&fields).unwrap_or_default(), Some(fields)),
        };
        let hash = Sha256::digest(text.trim_ascii()).into();
        let system = self.context.how.from;
        let row = match (system, fields) {
            (None, Some(fields)) => serde_json::from_value(Value::Object(fields)).map_err(unreadable)?,
            (None, None) => {
                object(&text).and_then(|text| serde_json::from_slice(text).map_err(unreadable))?
            }
            (Some(system), fields) => {
                let fields: Map<String, Value> = match fields {
                    Some(fields) => fields,
                    None => {
                        object(&text).and_then(|text| serde_json::from_slice(text).map_err(unreadable))?
                    }
                };
                system.map(fields, self.context.app.clock().now())?
            }
        };
        Ok((row, hash))
    }

    async fn row(
        &mut self,
        batch: &mut Batch,
        line: u64,
        mut row: KeyRow,
        content: [u8; 32],
    ) -> Result<std::result::Result<(), Vec<FieldError>>> {
        let context = Arc::clone(&self.context);
        let (caller, setting) = (&context.caller, Arc::clone(&batch.setting));
        let (policy, directory) = (&setting.tenant.policy, &setting.directory);
        let now = context.app.clock().now();
        let mut faults = Vec::new();

        let owner = match self.owner(batch, line, row.owner.take()).await? {
            Ok(owner) => owner,
            Err(more) => {
                faults.extend(more);
                Owner::Organisation(caller.organisation)
            }
        };
        let expires_at = row.expiry().and_then(|asked| {
            policy
                .expiry_of_imported(now, asked)
                .map_err(|error| FieldError::new("expires_at", error.to_string()))
        });
        let expires_at = expires_at.unwrap_or_else(|fault| {
            faults.push(fault);
            None
        });
        let created_at = row.created_at.unwrap_or(now);
        if created_at > now {
            faults.push(FieldError::new("created_at", "lies in the future"));
        }
        let (enabled, protected) = (row.enabled.unwrap_or(true), row.protected.unwrap_or(false));
        let exported = row.id.take().and_then(|id| id.parse().ok());
        let external = row.external_id.clone();
        let (material, seen) = match row.take_token() {
            Err(fault) => {
                faults.push(fault);
                (None, None)
            }
            Ok(TokenInput::Generate) if !context.how.fresh => {
                let detail = "has neither secret nor secret_sha256, and no fresh tokens were asked for";
                faults.push(FieldError::new("secret", detail));
                (None, None)
            }
            Ok(token) => match context.mint.material(token, policy) {
                Ok(material) => {
                    let seen = seen(&material, external.as_deref(), content, context.how.from());
                    (Some(material), Some(seen))
                }
                Err(error) => {
                    faults.extend(faults_of("secret", error)?);
                    (None, None)
                }
            },
        };
        if let Some((field, seen)) = &seen
            && let Some(first) = self.seen_before(seen, line)
        {
            faults.push(FieldError::new(*field, format!("is that of line {first}")));
        }
        let mut fields = match row.draft(context.how.from()).check() {
            Ok(fields) => fields,
            Err(more) => {
                faults.extend(more);
                return Ok(Err(faults));
            }
        };
        if let Some(permissions) = &fields.permissions
            && let Err(error) = caller.may_grant(permissions)
        {
            faults.extend(faults_of("permissions", error)?);
        }
        let roles = roles_named(directory, &fields.roles.take().unwrap_or_default());
        let roles = roles.and_then(|roles| {
            caller.may_assign(directory, &roles, &[])?;
            caller.may_touch(directory, &roles)?;
            Ok(roles)
        });
        let roles = match roles {
            Ok(roles) => roles,
            Err(error) => {
                faults.extend(faults_of("roles", error)?);
                Vec::new()
            }
        };
        let (Some(material), Some((_, seen)), true) = (material, seen, faults.is_empty()) else {
            return Ok(Err(faults));
        };

        fields.owner = Some(owner);
        let id = KeyId::fresh(context.app.clock(), context.app.random());
        let secret = SecretId::fresh(context.app.clock(), context.app.random());
        let key = Key {
            roles,
            display: material.display(),
            enabled,
            protected,
            expires_at,
            created_at,
            rotated_at: created_at,
            ..Key::fresh(id, caller.organisation, fields, caller.actor.clone(), now)
        };
        if let Err(error) = refuse_other_grants(policy, directory, None, &key) {
            let field = if key.permissions.is_empty() {
                "roles"
            } else {
                "permissions"
            };
            return Ok(Err(faults_of(field, error)?));
        }
        let (origin, digest, scheme) = self.origin(material, seen, exported, policy.secret.storage);
        let stored = NewSecret {
            id: secret,
            organisation: key.organisation,
            key: id,
            digest,
            scheme,
            display: key.display.clone(),
            created_at,
            sealed: None,
        };
        let identity = match &origin {
            Origin::Fresh { identity, .. } => Some(*identity),
            Origin::Brought { .. } => None,
        };
        let target = Target {
            kind: "key".to_owned(),
            id: id.to_string(),
            name: key.name.clone(),
        };
        let event = caller.event(now, "key.import", target, difference(None, &key));
        let record = Sealed::of(&event, self.salt()).map_err(AppError::internal)?;
        batch.rows.push(Ready {
            line,
            key: id,
            secret,
            owner,
            inherits: key.inherits(),
            is_live: key.is_live(now),
            origin,
            laid: Laid::out(&key, &stored, identity)?,
            record,
            name: key.name,
        });
        Ok(Ok(()))
    }

    fn origin(
        &self,
        material: Material,
        identity: [u8; 32],
        exported: Option<KeyId>,
        storage: Storage,
    ) -> (Origin, Digest, Scheme) {
        let keyring = &self.context.mint.keyring;
        let hmac = Scheme::Hmac {
            pepper: keyring.current_pepper(),
        };
        match material {
            Material::Hash { digest, prefix, .. } => {
                let origin = Origin::Brought {
                    digests: vec![digest],
                    prefix,
                    token: None,
                };
                (origin, digest, Scheme::Sha256)
            }
            Material::Foreign(token) => {
                let presented = token.as_presented();
                let digest = keyring.digest(&presented);
                // The plain one comes second: it is looked for only where there are such.
                let mut digests = vec![digest, sha256(&presented)];
                digests.extend(keyring.others(&presented).map(|(_, digest)| digest));
                let prefix = presented.prefix().to_owned();
                let origin = Origin::Brought {
                    digests,
                    prefix,
                    token: (storage == Storage::Encrypted).then_some(token),
                };
                (origin, digest, hmac)
            }
            Material::Ours(token) => {
                let digest = keyring.digest(&token.as_presented());
                let origin = Origin::Fresh {
                    identity,
                    exported,
                    token,
                };
                (origin, digest, hmac)
            }
        }
    }

    /// Sixteen bytes of chance, drawn many at a time.
    fn salt(&mut self) -> [u8; 16] {
        if self.salts.len() < 16 {
            self.salts.resize(16 * 256, 0);
            self.context.app.random().fill(&mut self.salts);
        }
        let rest = self.salts.split_off(self.salts.len() - 16);
        rest.try_into().unwrap_or_default()
    }

    /// The line that had this before.
    fn seen_before(&mut self, seen: &[u8; 32], line: u64) -> Option<u32> {
        let short = seen.first_chunk::<8>().copied().unwrap_or_default();
        let line = u32::try_from(line).unwrap_or(u32::MAX);
        if self.seen.len() >= MAX_LINES {
            return None;
        }
        match self.seen.entry(u64::from_le_bytes(short)) {
            std::collections::hash_map::Entry::Occupied(first) => Some(*first.get()),
            std::collections::hash_map::Entry::Vacant(place) => {
                place.insert(line);
                None
            }
        }
    }

    async fn owner(
        &mut self,
        batch: &mut Batch,
        line: u64,
        asked: Option<OwnerRow>,
    ) -> Result<std::result::Result<Owner, Vec<FieldError>>> {
        let organisation = self.context.caller.organisation;
        let policy = &batch.setting.tenant.policy;
        let fault = |field: &str, detail: &str| Ok(Err(vec![FieldError::new(field, detail)]));
        let (called, draft) = match asked {
            None => return self.usual(policy.issue_for).await.map(Ok),
            Some(OwnerRow::Known(text)) => match Owner::parse(&text) {
                Some(owner) => return Ok(Ok(owner)),
                None => (text, None),
            },
            Some(OwnerRow::Account(draft)) => {
                let username = match policy.accounts.username {
                    UsernameRule::Free => draft.username.clone(),
                    UsernameRule::Email => draft.email.clone().or(draft.username.clone()),
                };
                match username {
                    Some(username) => (username, Some(draft)),
                    None => return fault("owner.username", "is needed: it says which account it is"),
                }
            }
        };
        let known_as = called.to_lowercase();
        if let Some(owner) = self.known.get(&known_as) {
            return Ok(Ok(*owner));
        }
        let found = self
            .context
            .app
            .store()
            .owner_known_as(organisation, &called)
            .await?;
        let owner = match (found, draft) {
            (Some(owner), _) => owner,
            (None, None) => {
                let detail = "there is no service account of that username, and nobody of that address";
                return fault("owner", detail);
            }
            (None, Some(mut draft)) => {
                if self.context.caller.require(Management::AccountsManage).is_err() {
                    let detail = "is not there, and who makes it needs claviger:accounts.manage";
                    return fault("owner", detail);
                }
                if policy.accounts.username == UsernameRule::Email {
                    draft.username = None;
                }
                let fields = match account::check(*draft) {
                    Ok(fields) => fields,
                    Err(faults) => return Ok(Err(named("owner", faults))),
                };
                let app = &self.context.app;
                let id = AccountId::fresh(app.clock(), app.random());
                batch.accounts.push(NewAccount { line, id, fields });
                Owner::ServiceAccount(id)
            }
        };
        self.known.insert(known_as, owner);
        Ok(Ok(owner))
    }

    /// Whom a key stands for whose line names nobody.
    async fn usual(&self, issue_for: IssueFor) -> Result<Owner> {
        let caller = &self.context.caller;
        let own = match (issue_for, caller.actor.kind, caller.actor.id.as_deref()) {
            (IssueFor::Own, ActorKind::User, Some(id)) => Owner::parse(id),
            (IssueFor::Own, ActorKind::Key, Some(id)) => match id.parse() {
                Ok(id) => {
                    let key = self.context.app.store().key(caller.organisation, id).await?;
                    key.map(|key| key.owner)
                }
                Err(_) => None,
            },
            _ => None,
        };
        Ok(own.unwrap_or(Owner::Organisation(caller.organisation)))
    }
}

/// Faults of a part, named under the whole.
pub(super) fn named(part: &str, faults: Vec<FieldError>) -> Vec<FieldError> {
    let under = |fault: FieldError| FieldError::new(format!("{part}.{}", fault.field), fault.detail);
    faults.into_iter().map(under).collect()
}

/// A plain struct would be read from an array, too.
fn object(text: &[u8]) -> std::result::Result<&[u8], Vec<FieldError>> {
    match text.trim_ascii_start().first() {
        Some(b'{') => Ok(text),
        _ => Err(vec![FieldError::new("", "expected a JSON object")]),
    }
}

/// What no two lines may share, and the field that has it: the token, whichever way it is given; without one, the other
/// system's id, or all that the line says.
fn seen(
    material: &Material,
    external: Option<&str>,
    content: [u8; 32],
    from: Option<&'static str>,
) -> (&'static str, [u8; 32]) {
    match material {
        Material::Foreign(token) => ("secret", *sha256(&token.as_presented()).as_bytes()),
        Material::Hash { digest, .. } => ("secret_sha256", *digest.as_bytes()),
        Material::Ours(_) => match external {
            Some(id) => {
                let hash = Sha256::new()
                    .chain_update(b"claviger external id\n")
                    .chain_update(from.unwrap_or_default())
                    .chain_update(b"\n")
                    .chain_update(id);
                ("external_id", hash.finalize().into())
            }
            None => ("", content),
        },
    }
}
