//! Retained secrets: ciphertexts, and the data keys that open them, each wrapped by a key-encryption key that the
//! database never sees.

use domain::id::{DataKeyId, KeyId, OrganisationId, SecretId};
use domain::secret::{KekVersion, WrappedDataKey};

use crate::db::Row;
use crate::error::{Result, StoreError};
use crate::tx::Tx;
use crate::{Store, params};

/// A retained secret, still sealed.
#[derive(Debug, Clone)]
pub struct Sealed {
    /// Which secret; the ciphertext is bound to it.
    pub secret: SecretId,
    /// The ciphertext.
    pub ciphertext: Vec<u8>,
    /// The wrapped key that opens it.
    pub data_key: WrappedDataKey,
}

fn kek_of(version: i64) -> Result<KekVersion> {
    u32::try_from(version)
        .map(KekVersion::new)
        .map_err(|_| StoreError::Corrupt("data_keys.kek".to_owned()))
}

impl Store {
    /// A key's current secret as it was sealed; none where it was not kept.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn sealed_secret(&self, organisation: OrganisationId, key: KeyId) -> Result<Option<Sealed>> {
        let sql = "SELECT s.id, s.ciphertext, d.kek, d.wrapped FROM secrets s JOIN data_keys d ON d.id = s.data_key \
                   WHERE s.organisation = $1 AND s.key = $2 AND s.ends_at IS NULL";
        let row = self.readers.query_opt(sql, params![organisation, key]).await?;
        row.map(|row| {
            let mut c = row.read();
            Ok(Sealed {
                secret: c.next()?,
                ciphertext: c.next()?,
                data_key: WrappedDataKey {
                    kek: kek_of(c.next()?)?,
                    bytes: c.next()?,
                },
            })
        })
        .transpose()
    }

    /// How many data keys are wrapped by which key-encryption key.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn data_keys_by_kek(&self) -> Result<Vec<(KekVersion, i64)>> {
        let sql = "SELECT kek, COUNT(*) FROM data_keys GROUP BY kek ORDER BY kek";
        let rows = self.readers.query_long(sql, Vec::new()).await?;
        rows.iter()
            .map(|row| Ok((kek_of(row.get(0)?)?, row.get(1)?)))
            .collect()
    }
}

/// The youngest data key of an organisation for one purpose.
const YOUNGEST: &str = "SELECT id, kek, wrapped FROM data_keys WHERE organisation = $1 AND purpose = $2 \
    ORDER BY created_at DESC, id DESC LIMIT 1";
const TOKEN: &str = "token";
const TOTP: &str = "totp";

fn data_key_of(row: &Row) -> Result<(DataKeyId, WrappedDataKey)> {
    let wrapped = WrappedDataKey {
        kek: kek_of(row.get(1)?)?,
        bytes: row.get(2)?,
    };
    Ok((row.get(0)?, wrapped))
}

impl Store {
    /// The data key of an organisation's second factors.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn factor_key(&self, organisation: OrganisationId) -> Result<Option<WrappedDataKey>> {
        let row = self
            .readers
            .query_opt(YOUNGEST, params![organisation, TOTP])
            .await?;
        Ok(row.as_ref().map(data_key_of).transpose()?.map(|(_, key)| key))
    }
}

impl Tx {
    /// An organisation's youngest data key for retained tokens.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn data_key(
        &mut self,
        organisation: OrganisationId,
    ) -> Result<Option<(DataKeyId, WrappedDataKey)>> {
        let row = self
            .conn()
            .query_opt(YOUNGEST, params![organisation, TOKEN])
            .await?;
        row.as_ref().map(data_key_of).transpose()
    }

    /// See [`Store::factor_key`].
    ///
    /// # Errors
    /// When the database fails.
    pub async fn factor_key(&mut self, organisation: OrganisationId) -> Result<Option<WrappedDataKey>> {
        let row = self
            .conn()
            .query_opt(YOUNGEST, params![organisation, TOTP])
            .await?;
        Ok(row.as_ref().map(data_key_of).transpose()?.map(|(_, key)| key))
    }

    /// Keeps the wrapped data key of an organisation's second factors.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn insert_factor_key(
        &mut self,
        organisation: OrganisationId,
        id: DataKeyId,
        wrapped: &WrappedDataKey,
    ) -> Result<()> {
        self.insert_key_for(TOTP, organisation, id, wrapped).await
    }

    /// Keeps a wrapped data key for retained tokens.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn insert_data_key(
        &mut self,
        organisation: OrganisationId,
        id: DataKeyId,
        wrapped: &WrappedDataKey,
    ) -> Result<()> {
        self.insert_key_for(TOKEN, organisation, id, wrapped).await
    }

    async fn insert_key_for(
        &mut self,
        purpose: &str,
        organisation: OrganisationId,
        id: DataKeyId,
        wrapped: &WrappedDataKey,
    ) -> Result<()> {
        let now = self.now();
        let sql = "INSERT INTO data_keys (id, organisation, kek, wrapped, created_at, purpose) \
                   VALUES ($1, $2, $3, $4, $5, $6)";
        let values = params![
            id,
            organisation,
            i64::from(wrapped.kek.get()),
            wrapped.bytes.clone(),
            now,
            purpose
        ];
        self.conn().execute(sql, values).await?;
        Ok(())
    }

    /// Every data key of the installation.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn data_keys(&mut self) -> Result<Vec<(DataKeyId, OrganisationId, WrappedDataKey)>> {
        let rows = self
            .conn()
            .query("SELECT id, organisation, kek, wrapped FROM data_keys", &[])
            .await?;
        rows.iter()
            .map(|row| {
                let wrapped = WrappedDataKey {
                    kek: kek_of(row.get(2)?)?,
                    bytes: row.get(3)?,
                };
                Ok((row.get(0)?, row.get(1)?, wrapped))
            })
            .collect()
    }

    /// Keeps a data key as it was wrapped anew.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn rewrap_data_key(
        &mut self,
        organisation: OrganisationId,
        id: DataKeyId,
        wrapped: &WrappedDataKey,
    ) -> Result<()> {
        let sql = "UPDATE data_keys SET kek = $3, wrapped = $4 WHERE organisation = $1 AND id = $2";
        let values = params![
            organisation,
            id,
            i64::from(wrapped.kek.get()),
            wrapped.bytes.clone()
        ];
        self.conn().execute(sql, values).await?;
        Ok(())
    }

    /// Drops every retained token of an organisation and the keys that open them.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn drop_sealed(&mut self, organisation: OrganisationId) -> Result<()> {
        let sql = "UPDATE secrets SET ciphertext = NULL, data_key = NULL WHERE organisation = $1";
        self.conn().execute(sql, params![organisation]).await?;
        self.conn()
            .execute(
                "DELETE FROM data_keys WHERE organisation = $1 AND purpose = $2",
                params![organisation, TOKEN],
            )
            .await?;
        Ok(())
    }
}
