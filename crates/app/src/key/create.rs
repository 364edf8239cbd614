//! Making a key.

use domain::access::Management;
use domain::account::AccountDraft;
use domain::id::{AccountId, KeyId};
use domain::key::{Key, KeyDraft, Owner};
use domain::policy::ExpiryRequest;
use sha2::{Digest as _, Sha256};
use store::idempotency::Remembered;
use zeroize::Zeroizing;

use super::grants::refuse_other_grants;
use super::issue::{Material, Mint};
use super::{Issued, difference, owner, target, view};
use crate::access::roles_named;
use crate::error::{AppError, Result};
use crate::{App, Caller};

/// Where a key's token comes from.
#[derive(Default)]
pub enum TokenInput {
    /// Claviger makes it.
    #[default]
    Generate,
    /// Made elsewhere.
    External(Zeroizing<String>),
    /// Made elsewhere, and only its SHA-256 is known.
    Sha256 {
        /// 64 hex digits.
        hash: String,
        /// The prefix of the tokens that were hashed, if it is known.
        prefix: Option<String>,
    },
}

/// What a key is made of.
#[derive(Default)]
pub struct CreateKey {
    /// Its fields; a name is needed.
    pub draft: KeyDraft,
    /// When it ends.
    pub expiry: ExpiryRequest,
    /// Whether it is protected from the start.
    pub protected: bool,
    /// Where its token comes from.
    pub token: TokenInput,
    /// A service account that is made together with it, for it to stand for.
    pub account: Option<AccountDraft>,
    /// Whether its owner must have no other live key, whatever the policy allows.
    pub sole: bool,
}

/// A caller's promise that requests with this token are one and the same.
#[derive(Debug, Clone)]
pub struct Idempotency {
    /// The `Idempotency-Key`.
    pub token: String,
    /// The request's verb, path and body, hashed.
    pub fingerprint: [u8; 32],
}

impl Idempotency {
    /// From the header and the request that it came with.
    ///
    /// # Errors
    /// When it is not 1 to 255 visible ASCII characters.
    pub fn new(token: &str, path: &str, body: &[u8]) -> Result<Self> {
        if token.is_empty() || token.len() > 255 || !token.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(AppError::field(
                "Idempotency-Key",
                "1 to 255 visible ASCII characters",
            ));
        }
        let fingerprint = Sha256::new()
            .chain_update(path)
            .chain_update([0])
            .chain_update(body)
            .finalize();
        Ok(Self {
            token: token.to_owned(),
            fingerprint: fingerprint.into(),
        })
    }

    /// The key that an earlier, identical request was answered with.
    pub(crate) fn replay(&self, remembered: &Remembered) -> Result<KeyId> {
        if remembered.fingerprint != self.fingerprint {
            let detail = "this Idempotency-Key was used for another request";
            return Err(AppError::conflict("idempotency_conflict", detail));
        }
        Ok(remembered.target)
    }
}

impl App {
    /// Makes a key, which stands for the caller's organisation unless another owner is named. The token is in the answer and nowhere else.
    ///
    /// # Errors
    /// As [`AppError`] says; then no key was made.
    #[tracing::instrument(level = "debug", name = "app.key.create_key", skip_all)]
    pub async fn create_key(
        &self,
        caller: &Caller,
        request: CreateKey,
        idempotency: Option<Idempotency>,
    ) -> Result<Issued> {
        caller.require(Management::KeysCreate)?;
        let CreateKey {
            draft,
            expiry,
            protected,
            token,
            account,
            sole,
        } = request;
        if account.is_some() {
            caller.require(Management::AccountsManage)?;
        }
        if draft.name.is_none() {
            return Err(AppError::field("name", "a name is needed"));
        }
        let mut fields = draft.check()?;
        let account = account.map(crate::account::check).transpose()?;
        let account_id = AccountId::fresh(self.clock(), self.random());
        if let Some(permissions) = &fields.permissions {
            caller.may_grant(permissions)?;
        }

        let mint = self.mint();
        let id = KeyId::fresh(self.clock(), self.random());
        let made = {
            let caller = caller.clone();
            self.write(async move |tx| {
                let tenant = tx.tenant(caller.organisation).await?;
                if let Some(idempotency) = &idempotency {
                    let known = tx
                        .remembered(caller.organisation, &caller.actor, &idempotency.token)
                        .await?;
                    if let Some(known) = known {
                        return Ok(Made::Before(idempotency.replay(&known)?));
                    }
                    let answer = Remembered {
                        fingerprint: idempotency.fingerprint,
                        target: id,
                    };
                    tx.remember(caller.organisation, &caller.actor, &idempotency.token, &answer)
                        .await?;
                }
                let now = tx.now();
                let directory = tx.directory(caller.organisation).await?;
                let roles = roles_named(&directory, &fields.roles.take().unwrap_or_default())?;
                caller.may_assign(&directory, &roles, &[])?;
                let usual = match (account, fields.owner) {
                    (Some(account), _) => {
                        let made = crate::account::make(
                            tx,
                            &caller,
                            &tenant.policy,
                            &directory,
                            account_id,
                            account,
                        );
                        Owner::ServiceAccount(made.await?.id)
                    }
                    (None, Some(owner)) => owner,
                    (None, None) => caller.usual_owner(tx, &tenant.policy).await?,
                };
                fields.owner = Some(usual);
                let owner = caller.admit_owner(tx, &tenant, usual).await?;
                let material = mint.material(token, &tenant.policy)?;
                let is_ours = matches!(material, Material::Ours(_));
                let key = Key {
                    number: tx.next_key_number(caller.organisation).await?,
                    display: material.display(),
                    roles,
                    protected,
                    expires_at: tenant.policy.expiry_of_new(now, expiry)?,
                    ..Key::fresh(id, caller.organisation, fields, caller.actor.clone(), now)
                };
                refuse_other_grants(&tenant.policy, &directory, None, &key)?;
                caller.may_have(&directory, &key, &owner)?;
                if sole {
                    owner::refuse_second(tx, &key, now).await?;
                }
                owner::refuse_too_many(tx, &tenant.policy, None, &key, now).await?;
                tx.insert_key(&key).await?;
                let token = mint
                    .write(tx, key.organisation, key.id, &tenant.policy, material)
                    .await?;
                let secrets = tx.secrets(key.organisation, key.id).await?;
                tx.record(
                    key.organisation,
                    caller.event(now, "key.create", target(&key), difference(None, &key)),
                );
                let view = view::whole(key, secrets, owner, &directory, &tenant, now);
                Ok(Made::Now {
                    issued: Box::new(Issued {
                        view,
                        token,
                        replayed: false,
                    }),
                    is_ours,
                })
            })
        };
        let made = made.await?;
        match made.value {
            // Nobody can have asked for a token that did not exist.
            Made::Now {
                issued,
                is_ours: true,
            } => Ok(*issued),
            Made::Now { issued, .. } => {
                self.settle(made.seq).await?;
                Ok(*issued)
            }
            Made::Before(id) => self.replayed(caller, id).await,
        }
    }

    pub(crate) fn mint(&self) -> Mint {
        Mint {
            keyring: self.keyring(),
            clock: self.clock.clone(),
            random: self.random.clone(),
        }
    }

    /// What was done before, as it stands now, without its token.
    pub(super) async fn replayed(&self, caller: &Caller, id: KeyId) -> Result<Issued> {
        Ok(Issued {
            view: self.view_of(caller.organisation, id).await?,
            token: None,
            replayed: true,
        })
    }
}

enum Made {
    Now { issued: Box<Issued>, is_ours: bool },
    Before(KeyId),
}
