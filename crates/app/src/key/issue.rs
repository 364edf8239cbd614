//! Making a secret for a key: from nothing, from a token made elsewhere, or from a hash of one.

use std::sync::Arc;

use domain::clock::{Clock, Random};
use domain::id::{DataKeyId, KeyId, OrganisationId, SecretId};
use domain::policy::{Policy, Source, Storage};
use domain::secret::{DataKey, Digest, HashImport, Keyring, Scheme, sha256};
use domain::token::{DisplayForm, ExternalToken, MAX_PRESENTED, Token};
use store::Tx;
use store::secrets::NewSecret;

use super::TokenInput;
use crate::error::{AppError, Result};

/// What a secret is made with.
#[derive(Clone)]
pub(crate) struct Mint {
    pub(crate) keyring: Arc<Keyring>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
}

/// A checked input, before anything is written.
pub(crate) enum Material {
    Ours(Token),
    Foreign(Token),
    Hash {
        digest: Digest,
        display: DisplayForm,
        prefix: String,
    },
}

impl Material {
    /// The masked form of the token.
    pub(crate) fn display(&self) -> String {
        match self {
            Self::Ours(token) | Self::Foreign(token) => token.as_presented().display().as_str().to_owned(),
            Self::Hash { display, .. } => display.as_str().to_owned(),
        }
    }
}

impl Mint {
    /// Checks the input against the policy and makes the token where one is to be made.
    pub(crate) fn material(&self, input: TokenInput, policy: &Policy) -> Result<Material> {
        let external = policy.secret.source == Source::ExternalAllowed;
        let refused =
            || AppError::Refused("the organisation's policy does not take tokens made elsewhere".to_owned());
        match input {
            TokenInput::Generate => Ok(Material::Ours(Token::generate(
                &policy.token,
                self.random.as_ref(),
            ))),
            TokenInput::External(_) | TokenInput::Sha256 { .. } if !external => Err(refused()),
            TokenInput::External(text) => {
                let token = ExternalToken::check(&text)
                    .map_err(|error| AppError::field("secret", error.to_string()))?;
                Ok(Material::Foreign(token))
            }
            TokenInput::Sha256 { hash, prefix } => {
                let field = |error: String| AppError::field("secret_sha256", error);
                let import = HashImport::parse(&hash).map_err(|error| field(error.to_string()))?;
                if policy.secret.storage == Storage::Encrypted {
                    return Err(AppError::Refused(
                        "a hash cannot be revealed, which the policy asks for".to_owned(),
                    ));
                }
                let prefix = prefix.unwrap_or_else(|| "*".to_owned());
                let sane = prefix.len() <= MAX_PRESENTED && prefix.bytes().all(|b| b.is_ascii_graphic());
                if !sane {
                    let detail = format!("at most {MAX_PRESENTED} printable ASCII characters without spaces");
                    return Err(AppError::field("secret_prefix", detail));
                }
                Ok(Material::Hash {
                    digest: import.digest(),
                    display: import.display(),
                    prefix,
                })
            }
        }
    }

    /// Writes the secret of `key`; gives the token that may be shown once.
    pub(crate) async fn write(
        &self,
        tx: &mut Tx,
        organisation: OrganisationId,
        key: KeyId,
        policy: &Policy,
        material: Material,
    ) -> Result<Option<Token>> {
        let display = material.display();
        let id = SecretId::fresh(self.clock.as_ref(), self.random.as_ref());
        let (token, digest, scheme) = match material {
            Material::Hash { digest, prefix, .. } => {
                tx.add_foreign_prefix(organisation, &prefix).await?;
                (None, digest, Scheme::Sha256)
            }
            Material::Foreign(token) => {
                self.refuse_known(tx, &token).await?;
                tx.add_foreign_prefix(organisation, token.as_presented().prefix())
                    .await?;
                self.keyed(token)
            }
            Material::Ours(token) => self.keyed(token),
        };
        let sealed = match (&token, policy.secret.storage) {
            (Some(token), Storage::Encrypted) => Some(self.seal(tx, organisation, id, token).await?),
            _ => None,
        };
        let secret = NewSecret {
            id,
            organisation,
            key,
            digest,
            scheme,
            display,
            created_at: tx.now(),
            sealed,
        };
        tx.insert_secret(&secret).await?;
        Ok(token)
    }

    fn keyed(&self, token: Token) -> (Option<Token>, Digest, Scheme) {
        let digest = self.keyring.digest(&token.as_presented());
        (
            Some(token),
            digest,
            Scheme::Hmac {
                pepper: self.keyring.current_pepper(),
            },
        )
    }

    /// A token from elsewhere may be stored already, under any pepper or as a bare hash.
    async fn refuse_known(&self, tx: &mut Tx, token: &Token) -> Result<()> {
        let presented = token.as_presented();
        let mut digests = vec![self.keyring.digest(&presented), sha256(&presented)];
        digests.extend(self.keyring.others(&presented).map(|(_, digest)| digest));
        if tx.has_secret(&digests).await? {
            return Err(AppError::conflict(
                "secret_exists",
                "this token or hash is stored already",
            ));
        }
        Ok(())
    }

    async fn seal(
        &self,
        tx: &mut Tx,
        organisation: OrganisationId,
        secret: SecretId,
        token: &Token,
    ) -> Result<(Vec<u8>, DataKeyId)> {
        let (id, data_key) = self.data_key(tx, organisation).await?;
        let sealed = data_key
            .seal(token, secret.uuid().as_bytes(), self.random.as_ref())
            .map_err(AppError::internal)?;
        Ok((sealed, id))
    }

    /// The key that an organisation's retained tokens are sealed under; it is made where there is none.
    pub(crate) async fn data_key(
        &self,
        tx: &mut Tx,
        organisation: OrganisationId,
    ) -> Result<(DataKeyId, DataKey)> {
        let owner = organisation.uuid();
        match tx.data_key(organisation).await? {
            Some((id, wrapped)) => {
                let data_key = self.keyring.unwrap(&wrapped, owner.as_bytes());
                Ok((id, data_key.map_err(AppError::internal)?))
            }
            None => {
                let data_key = DataKey::generate(self.random.as_ref());
                let wrapped = self
                    .keyring
                    .wrap(&data_key, owner.as_bytes(), self.random.as_ref())
                    .map_err(AppError::internal)?;
                let id = DataKeyId::fresh(self.clock.as_ref(), self.random.as_ref());
                tx.insert_data_key(organisation, id, &wrapped).await?;
                Ok((id, data_key))
            }
        }
    }
}
