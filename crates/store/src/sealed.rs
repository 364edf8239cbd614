//! Retained tokens, sealed, and how they go for good.
//!
//! On SQLite nothing of an erased token stays in the database's pages: its row is overwritten in place (see the
//! migration). On PostgreSQL a deleted row stays in the files until the server uses its place again, and in its
//! write-ahead log; whether it can still be opened there is a matter of the data key.

use domain::id::{DataKeyId, KeyId, OrganisationId, SecretId};
use domain::secret::WrappedDataKey;
use uuid::Uuid;

use crate::data_keys::{TOKEN, kek_of};
use crate::db::Value;
use crate::error::Result;
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

/// The columns of [`row_of`].
pub(crate) const COLUMNS: &str = "secret, data_key, ciphertext";

/// A retained token's row.
pub(crate) fn row_of(secret: SecretId, data_key: DataKeyId, ciphertext: Vec<u8>) -> Vec<Value> {
    params![secret, data_key, ciphertext].to_vec()
}

impl Store {
    /// Whether tokens whose data key was destroyed wait to be overwritten.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn has_unopenable(&self) -> Result<bool> {
        let sql = "SELECT 1 FROM destroyed_data_keys LIMIT 1";
        Ok(self.readers.query_opt(sql, &[]).await?.is_some())
    }
}

impl Tx {
    /// A key's current secret as it was sealed; none where it was not kept.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn sealed_secret(
        &mut self,
        organisation: OrganisationId,
        key: KeyId,
    ) -> Result<Option<Sealed>> {
        let sql = "SELECT s.id, x.ciphertext, d.kek, d.wrapped FROM secrets s \
                   JOIN sealed_secrets x ON x.secret = s.id JOIN data_keys d ON d.id = x.data_key \
                   WHERE s.organisation = $1 AND s.key = $2 AND s.ends_at IS NULL";
        let row = self.conn().query_opt(sql, params![organisation, key]).await?;
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

    pub(crate) async fn keep_sealed(
        &mut self,
        secret: SecretId,
        data_key: DataKeyId,
        ciphertext: Vec<u8>,
    ) -> Result<()> {
        let row = row_of(secret, data_key, ciphertext);
        self.conn().insert_many("sealed_secrets", COLUMNS, &[row]).await
    }

    /// Erases what is retained of a key's secrets.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn erase_sealed(&mut self, organisation: OrganisationId, key: KeyId) -> Result<()> {
        let sql = "SELECT id FROM secrets WHERE organisation = $1 AND key = $2 AND data_key IS NOT NULL";
        let rows = self.conn().query(sql, params![organisation, key]).await?;
        let secrets: Vec<Uuid> = rows.iter().map(|row| row.get(0)).collect::<Result<_>>()?;
        self.erase_of(organisation, &secrets).await
    }

    async fn erase_of(&mut self, organisation: OrganisationId, secrets: &[Uuid]) -> Result<()> {
        if secrets.is_empty() {
            return Ok(());
        }
        let erase = if self.is_sqlite() {
            "UPDATE sealed_secrets SET secret = zeroblob(16), data_key = zeroblob(16), \
             ciphertext = zeroblob(length(ciphertext)) WHERE secret = $1"
        } else {
            "DELETE FROM sealed_secrets WHERE secret = $1"
        };
        let rows: Vec<Vec<Value>> = secrets.iter().map(|secret| params![*secret].to_vec()).collect();
        self.conn().execute_many(erase, &rows).await?;
        let rows: Vec<Vec<Value>> = secrets
            .iter()
            .map(|secret| params![organisation, *secret].to_vec())
            .collect();
        let forget = "UPDATE secrets SET data_key = NULL WHERE organisation = $1 AND id = $2";
        self.conn().execute_many(forget, &rows).await?;
        self.erased();
        Ok(())
    }

    /// Destroys the data keys of an organisation's retained tokens: from this commit on none of them can be opened. What
    /// is left of them is erased by [`Tx::erase_unopenable`]. Gives how many tokens that are.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn destroy_data_keys(&mut self, organisation: OrganisationId) -> Result<i64> {
        let of_tokens = params![organisation, TOKEN];
        let sql = "SELECT COUNT(*) FROM sealed_secrets x JOIN data_keys d ON d.id = x.data_key \
                   WHERE d.organisation = $1 AND d.purpose = $2";
        let count: i64 = self.conn().query_one(sql, of_tokens).await?.get(0)?;
        let sql = "INSERT INTO destroyed_data_keys (id, organisation) \
                   SELECT id, organisation FROM data_keys WHERE organisation = $1 AND purpose = $2";
        self.conn().execute(sql, of_tokens).await?;
        let sql = "DELETE FROM data_keys WHERE organisation = $1 AND purpose = $2";
        if self.conn().execute(sql, of_tokens).await? > 0 {
            self.rewrite_data_keys().await?;
            self.erased();
        }
        Ok(count)
    }

    /// Erases a number of tokens whose data key was destroyed; whether there may be more.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn erase_unopenable(&mut self, limit: i64) -> Result<bool> {
        let sql = "SELECT id, organisation FROM destroyed_data_keys ORDER BY id LIMIT 1";
        let Some(row) = self.conn().query_opt(sql, &[]).await? else {
            return Ok(false);
        };
        let (data_key, organisation): (Uuid, OrganisationId) = (row.get(0)?, row.get(1)?);
        let sql = "SELECT secret FROM sealed_secrets WHERE data_key = $1 LIMIT $2";
        let rows = self.conn().query(sql, params![data_key, limit]).await?;
        let secrets: Vec<Uuid> = rows.iter().map(|row| row.get(0)).collect::<Result<_>>()?;
        self.erase_of(organisation, &secrets).await?;
        if secrets.is_empty() {
            let sql = "DELETE FROM destroyed_data_keys WHERE id = $1";
            self.conn().execute(sql, params![data_key]).await?;
        }
        Ok(true)
    }

    /// Writes the table of data keys anew. Where rows went or grew, SQLite may have left copies of others in the unused
    /// part of its pages; a DELETE of all rows clears the pages whole (`secure_delete`).
    pub(crate) async fn rewrite_data_keys(&mut self) -> Result<()> {
        if !self.is_sqlite() {
            return Ok(());
        }
        let columns = "id, organisation, kek, wrapped, created_at, purpose";
        let rows = self
            .conn()
            .query(&format!("SELECT {columns} FROM data_keys ORDER BY rowid"), &[])
            .await?;
        let rows: Vec<Vec<Value>> = rows
            .iter()
            .map(|row| {
                let mut c = row.read();
                Ok(params![
                    c.next::<Uuid>()?,
                    c.next::<Uuid>()?,
                    c.next::<i64>()?,
                    c.next::<Vec<u8>>()?,
                    c.next::<i64>()?,
                    c.next::<String>()?,
                ]
                .to_vec())
            })
            .collect::<Result<_>>()?;
        self.conn().execute("DELETE FROM data_keys", &[]).await?;
        let sql = format!("INSERT INTO data_keys ({columns}) VALUES ($1, $2, $3, $4, $5, $6)");
        self.conn().execute_many(&sql, &rows).await
    }
}
