//! Many new keys at once: their rows are made beforehand, off the writing thread, and go in table by table, with the search
//! index in the same transaction.

use std::borrow::Cow;
use std::collections::HashMap;

use domain::id::{DataKeyId, KeyId, OrganisationId, SecretId};
use domain::key::Key;
use domain::secret::Digest;

use super::write::{COLUMNS, NUMBER, label_rows, row_of};
use crate::changes::Change;
use crate::db::Value;
use crate::error::Result;
use crate::secrets::{self, NewSecret};
use crate::tx::Tx;
use crate::{params, sealed};

/// A new key with its secret as rows; only its number is still to come.
#[derive(Debug, Clone)]
pub struct Laid {
    key: Vec<Value>,
    secret: Vec<Value>,
    sealed: Option<Vec<Value>>,
    labels: Vec<Vec<Value>>,
    roles: Vec<Vec<Value>>,
    imported: Option<Vec<Value>>,
}

impl Laid {
    /// Lays out a key and its secret. `identity` is what its line is known again by, where it brought no token or hash.
    ///
    /// # Errors
    /// When a field cannot be written as JSON, which none of ours is.
    pub fn out(key: &Key, secret: &NewSecret, identity: Option<[u8; 32]>) -> Result<Self> {
        let role = |role| params![key.organisation, role, "key", key.id].to_vec();
        Ok(Self {
            key: row_of(key)?,
            secret: secrets::row_of(secret),
            sealed: secret
                .sealed
                .clone()
                .map(|(ciphertext, data_key)| sealed::row_of(secret.id, data_key, ciphertext)),
            labels: label_rows(key).collect(),
            roles: key.roles.iter().copied().map(role).collect(),
            imported: identity.map(|identity| params![key.organisation, identity, key.id].to_vec()),
        })
    }

    /// Adds the sealed token and the data key that opens it.
    pub fn seal(&mut self, secret: SecretId, ciphertext: Vec<u8>, data_key: DataKeyId) {
        secrets::seal_row(&mut self.secret, data_key);
        self.sealed = Some(sealed::row_of(secret, data_key, ciphertext));
    }
}

impl Tx {
    /// Writes new keys of an organisation, numbered in their order. No cache can know them, but where a token or hash from
    /// elsewhere is among them (`prefixes`: what those begin with), what was unknown is known from now on.
    ///
    /// # Errors
    /// When a digest is stored already, or the database fails.
    pub async fn insert_laid(
        &mut self,
        organisation: OrganisationId,
        laid: Vec<Laid>,
        prefixes: &[&str],
    ) -> Result<()> {
        if laid.is_empty() {
            return Ok(());
        }
        let count = laid.len() as i64;
        let sql = "UPDATE organisations SET keys_made = keys_made + $2 WHERE id = $1 RETURNING keys_made";
        let row = self.conn().query_one(sql, params![organisation, count]).await?;
        let last: i64 = row.get(0)?;
        let mut keys = Vec::with_capacity(laid.len());
        let mut stored = Vec::with_capacity(laid.len());
        let (mut labels, mut roles, mut imported) = (Vec::new(), Vec::new(), Vec::new());
        let mut retained = Vec::new();
        for (mut one, number) in laid.into_iter().zip(last - count + 1..) {
            one.key[NUMBER] = Value::from(number);
            keys.push(one.key);
            stored.push(one.secret);
            retained.extend(one.sealed);
            labels.extend(one.labels);
            roles.extend(one.roles);
            imported.extend(one.imported);
        }
        // Neighbours in an index beside each other: its pages are found and changed once.
        stored.sort_unstable_by(|a, b| secrets::digest_in(a).cmp(secrets::digest_in(b)));
        let conn = self.conn();
        conn.insert_many("keys", COLUMNS, &keys).await?;
        conn.insert_many("key_labels", "organisation, kind, label, key", &labels)
            .await?;
        conn.insert_many("role_holders", "organisation, role, kind, holder", &roles)
            .await?;
        conn.insert_many("secrets", secrets::COLUMNS, &stored).await?;
        conn.insert_many("sealed_secrets", sealed::COLUMNS, &retained)
            .await?;
        conn.insert_many("imported_keys", "organisation, identity, key", &imported)
            .await?;
        if self.is_sqlite() {
            let sql = "INSERT INTO key_search (rowid, text) SELECT row, search FROM keys \
                       WHERE organisation = $1 AND number > $2 AND number <= $3";
            let range = params![organisation, last - count, last];
            self.conn().execute(sql, range).await?;
        }
        for prefix in prefixes {
            let sql = "INSERT INTO foreign_prefixes (prefix) VALUES ($1) ON CONFLICT DO NOTHING";
            self.conn().execute(sql, params![*prefix]).await?;
        }
        if !prefixes.is_empty() {
            self.changed(Change::Import(organisation));
        }
        Ok(())
    }

    /// Which of these digests are stored, and for which key of which organisation.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn stored_digests(
        &mut self,
        digests: &[Digest],
    ) -> Result<HashMap<Digest, (OrganisationId, KeyId)>> {
        let mut sorted: Vec<Vec<u8>> = digests.iter().map(|one| one.as_bytes().to_vec()).collect();
        sorted.sort_unstable();
        let mut found = HashMap::new();
        for chunk in sorted.chunks(self.asked_at_once()) {
            let (marks, values) = marks(chunk, 1);
            let sql = match chunk.len() {
                1 => Cow::Borrowed("SELECT digest, organisation, key FROM secrets WHERE digest IN ($1)"),
                _ => {
                    format!("SELECT digest, organisation, key FROM secrets WHERE digest IN ({marks})").into()
                }
            };
            for row in self.conn().query(&sql, &values).await? {
                found.insert(Digest::from_bytes(row.get(0)?), (row.get(1)?, row.get(2)?));
            }
        }
        Ok(found)
    }

    /// Which of these lines have made a key of the organisation before, and which one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn imported_before(
        &mut self,
        organisation: OrganisationId,
        identities: &[[u8; 32]],
    ) -> Result<HashMap<[u8; 32], KeyId>> {
        let mut found = HashMap::new();
        let identities: Vec<Vec<u8>> = identities.iter().map(|one| one.to_vec()).collect();
        for chunk in identities.chunks(self.asked_at_once()) {
            let (marks, mut values) = marks(chunk, 2);
            values.insert(0, organisation.into());
            let sql = format!(
                "SELECT identity, key FROM imported_keys WHERE organisation = $1 AND identity IN ({marks})"
            );
            for row in self.conn().query(&sql, &values).await? {
                found.insert(row.get(0)?, row.get(1)?);
            }
        }
        Ok(found)
    }

    /// Whether plain SHA-256 hashes from elsewhere are stored: then a token has to be looked for by that, too.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn has_plain_hashes(&mut self) -> Result<bool> {
        let sql = "SELECT 1 FROM secrets WHERE scheme = 'sha256' LIMIT 1";
        Ok(self.conn().query_opt(sql, &[]).await?.is_some())
    }

    /// One at a time where a question costs no round trip: a list of any length would be a statement of its own.
    fn asked_at_once(&self) -> usize {
        if self.is_sqlite() { 1 } else { 500 }
    }
}

fn marks(chunk: &[Vec<u8>], first: usize) -> (String, Vec<Value>) {
    let marks: Vec<String> = (first..first + chunk.len()).map(|n| format!("${n}")).collect();
    let values = chunk.iter().map(|bytes| Value::from(bytes.as_slice())).collect();
    (marks.join(", "), values)
}
