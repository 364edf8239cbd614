//! Data keys: they open retained tokens, the secrets of second factors and what webhooks sign with, and are each wrapped by a key-encryption key
//! that the database never sees.

use domain::id::{DataKeyId, OrganisationId};
use domain::secret::{KekVersion, WrappedDataKey};

use crate::db::Row;
use crate::error::{Result, StoreError};
use crate::tx::Tx;
use crate::{Store, params};

pub(crate) fn kek_of(version: i64) -> Result<KekVersion> {
    u32::try_from(version)
        .map(KekVersion::new)
        .map_err(|_| StoreError::Corrupt("data_keys.kek".to_owned()))
}

impl Store {
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
pub(crate) const TOKEN: &str = "token";
const TOTP: &str = "totp";
const SIGNING: &str = "signing";

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

impl Store {
    /// The data key of what an organisation's webhooks sign with.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn signing_key(&self, organisation: OrganisationId) -> Result<Option<WrappedDataKey>> {
        let row = self
            .readers
            .query_opt(YOUNGEST, params![organisation, SIGNING])
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

    /// See [`Store::signing_key`].
    ///
    /// # Errors
    /// When the database fails.
    pub async fn signing_key(&mut self, organisation: OrganisationId) -> Result<Option<WrappedDataKey>> {
        let row = self
            .conn()
            .query_opt(YOUNGEST, params![organisation, SIGNING])
            .await?;
        Ok(row.as_ref().map(data_key_of).transpose()?.map(|(_, key)| key))
    }

    /// Keeps the wrapped data key of what an organisation's webhooks sign with.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn insert_signing_key(
        &mut self,
        organisation: OrganisationId,
        id: DataKeyId,
        wrapped: &WrappedDataKey,
    ) -> Result<()> {
        self.insert_key_for(SIGNING, organisation, id, wrapped).await
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

    /// Keeps a data key as it was wrapped anew; [`Tx::rewrapped`] comes after the last one.
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

    /// Leaves nothing of how the data keys were wrapped before.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn rewrapped(&mut self) -> Result<()> {
        self.rewrite_data_keys().await?;
        self.erased();
        Ok(())
    }
}
