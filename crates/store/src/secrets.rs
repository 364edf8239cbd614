//! Secrets: digests to find keys by, and, where the policy keeps them, ciphertexts.

use domain::access::Grants;
use domain::clock::Timestamp;
use domain::id::{DataKeyId, KeyId, OrganisationId, RoleId, SecretId};
use domain::key::{Owner, Secret};
use domain::limits::{Quota, RateLimit};
use domain::organisation::OrganisationStatus;
use domain::secret::{Digest, PepperVersion, Scheme};
use uuid::Uuid;

use crate::changes::Change;
use crate::db::{Row, Value};
use crate::error::{Result, StoreError};
use crate::keys::{json, owner_of, quota_of};
use crate::organisations::{policy_of, status_of};
use crate::tx::Tx;
use crate::{Store, params};

/// A secret to be written.
#[derive(Debug, Clone)]
pub struct NewSecret {
    /// Its id.
    pub id: SecretId,
    /// Its tenant.
    pub organisation: OrganisationId,
    /// Its key.
    pub key: KeyId,
    /// What it is found by.
    pub digest: Digest,
    /// How the digest was made.
    pub scheme: Scheme,
    /// The masked form.
    pub display: String,
    /// When.
    pub created_at: Timestamp,
    /// The sealed token and the data key that opens it.
    pub sealed: Option<(Vec<u8>, DataKeyId)>,
}

/// All that a verification needs to know of a presented secret, read in one statement and so from one snapshot.
#[derive(Debug, Clone)]
pub struct Found {
    /// The secret.
    pub secret: SecretId,
    /// What it was found by.
    pub digest: Digest,
    /// How that was made.
    pub scheme: Scheme,
    /// When it stops.
    pub secret_ends_at: Option<Timestamp>,
    /// Its key.
    pub key: KeyId,
    /// The key's name.
    pub name: String,
    /// The key's owner.
    pub owner: Owner,
    /// The owner's name, where it is not the organisation.
    pub owner_name: Option<String>,
    /// Whether the owner may act.
    pub owner_active: bool,
    /// The owner's roles.
    pub owner_roles: Vec<RoleId>,
    /// Whether the key is switched on.
    pub enabled: bool,
    /// Whether the key was revoked or deleted.
    pub over: bool,
    /// When the key ends.
    pub expires_at: Option<Timestamp>,
    /// What it may do by itself.
    pub permissions: Grants,
    /// What it may do by roles.
    pub roles: Vec<RoleId>,
    /// How often it may be used by itself.
    pub rate_limits: Vec<RateLimit>,
    /// How much it may be used.
    pub quota: Option<Quota>,
    /// How often what is used of that was set anew.
    pub quota_round: i64,
    /// How often all keys of its owner together may be used, where that is a service account.
    pub owner_rate_limits: Vec<RateLimit>,
    /// From where.
    pub networks: Vec<ipnet::IpNet>,
    /// What its maker keeps with it, as JSON.
    pub metadata: String,
    /// Its tenant.
    pub organisation: OrganisationId,
    /// The tenant's slug.
    pub organisation_slug: String,
    /// The tenant's name.
    pub organisation_name: String,
    /// The tenant's state.
    pub organisation_status: OrganisationStatus,
    /// How often all its keys together may be used.
    pub organisation_rate_limits: Vec<RateLimit>,
    /// The tenant's settings.
    pub policy: domain::policy::Policy,
}

fn scheme_of(scheme: &str, pepper: Option<i64>) -> Result<Scheme> {
    match (scheme, pepper.map(u32::try_from)) {
        ("sha256", _) => Ok(Scheme::Sha256),
        ("hmac", Some(Ok(version))) => Ok(Scheme::Hmac {
            pepper: PepperVersion::new(version),
        }),
        _ => Err(StoreError::Corrupt("secrets.scheme".to_owned())),
    }
}

fn scheme_columns(scheme: Scheme) -> (&'static str, Option<i64>) {
    match scheme {
        Scheme::Hmac { pepper } => ("hmac", Some(i64::from(pepper.get()))),
        Scheme::Sha256 => ("sha256", None),
    }
}

fn found_of(row: &Row) -> Result<Found> {
    let mut c = row.read();
    Ok(Found {
        secret: c.next()?,
        digest: Digest::from_bytes(c.next()?),
        scheme: {
            let scheme: String = c.next()?;
            scheme_of(&scheme, c.next()?)?
        },
        secret_ends_at: c.next()?,
        key: c.next()?,
        name: c.next()?,
        owner: {
            let kind: String = c.next()?;
            owner_of(&kind, c.next()?)?
        },
        owner_name: c.next()?,
        owner_active: c.next()?,
        owner_roles: json("roles", &c.next::<String>()?)?,
        enabled: c.next()?,
        over: c.next::<Option<i64>>()?.is_some() | c.next::<Option<i64>>()?.is_some(),
        expires_at: c.next()?,
        permissions: json("permissions", &c.next::<String>()?)?,
        roles: json("roles", &c.next::<String>()?)?,
        rate_limits: json("rate_limits", &c.next::<String>()?)?,
        quota: quota_of(c.next()?)?,
        quota_round: c.next()?,
        owner_rate_limits: json("rate_limits", &c.next::<String>()?)?,
        networks: json("networks", &c.next::<String>()?)?,
        metadata: c.next()?,
        organisation: c.next()?,
        organisation_slug: c.next()?,
        organisation_name: c.next()?,
        organisation_status: status_of(&c.next::<String>()?)?,
        organisation_rate_limits: json("rate_limits", &c.next::<String>()?)?,
        policy: policy_of(&c.next::<String>()?)?,
    })
}

fn secret_of(row: &Row) -> Result<Secret> {
    let mut c = row.read();
    Ok(Secret {
        id: c.next()?,
        display: c.next()?,
        created_at: c.next()?,
        ends_at: c.next()?,
        revealable: c.next::<Option<Uuid>>()?.is_some(),
        last_used_at: c.next()?,
        last_used_ip: c.next()?,
    })
}

/// What [`row_of`] gives the values of.
pub(crate) const COLUMNS: &str =
    "id, organisation, key, digest, scheme, pepper, display, created_at, data_key";

/// A new secret's row.
pub(crate) fn row_of(secret: &NewSecret) -> Vec<Value> {
    let (scheme, pepper) = scheme_columns(secret.scheme);
    params![
        secret.id,
        secret.organisation,
        secret.key,
        *secret.digest.as_bytes(),
        scheme,
        pepper,
        &*secret.display,
        secret.created_at,
        secret.sealed.as_ref().map(|(_, data_key)| *data_key),
    ]
    .to_vec()
}

/// Says in such a row which data key opens the retained token.
pub(crate) fn seal_row(row: &mut [Value], data_key: DataKeyId) {
    if let [.., key] = row {
        *key = data_key.into();
    }
}

/// The digest in such a row.
pub(crate) fn digest_in(row: &[Value]) -> &[u8] {
    match row.get(3) {
        Some(Value::Bytes(bytes)) => bytes,
        _ => &[],
    }
}

// A data key that was destroyed opens nothing, although its secrets may still name it.
const SECRET: &str = "SELECT s.id, s.display, s.created_at, s.ends_at, d.id, s.last_used_at, s.last_used_ip FROM secrets s \
                      LEFT JOIN data_keys d ON d.id = s.data_key WHERE s.organisation = $1 AND s.key = $2";

/// How many secrets lean on what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lean {
    /// How their digests were made.
    pub scheme: Scheme,
    /// How many that have not ended.
    pub live: i64,
    /// How many in all.
    pub total: i64,
}

impl Store {
    /// What is known of a presented token, by any of the digests that it may be stored under. A keyed digest outranks a
    /// plain SHA-256. Asks across organisations: the token says which one it belongs to.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn find_secret(&self, digests: &[Digest]) -> Result<Option<Found>> {
        let marks: Vec<String> = (1..=digests.len()).map(|n| format!("${n}")).collect();
        let sql = format!(
            "SELECT s.id, s.digest, s.scheme, s.pepper, s.ends_at, k.id, k.name, k.owner_kind, k.owner_id, \
             COALESCE(a.name, u.name), \
             CASE k.owner_kind WHEN 'service_account' THEN COALESCE(a.active, FALSE) \
             WHEN 'user' THEN COALESCE(u.status = 'active', FALSE) ELSE TRUE END, \
             COALESCE(a.roles, u.roles, '[]'), k.enabled, k.revoked_at, k.deleted_at, k.expires_at, k.permissions, \
             k.roles, k.rate_limits, k.quota, k.quota_round, COALESCE(a.rate_limits, '[]'), k.networks, k.metadata, \
             o.id, o.slug, o.name, o.status, o.rate_limits, o.policy \
             FROM secrets s JOIN keys k ON k.id = s.key JOIN organisations o ON o.id = s.organisation \
             LEFT JOIN service_accounts a ON k.owner_kind = 'service_account' AND a.id = k.owner_id \
             LEFT JOIN users u ON k.owner_kind = 'user' AND u.id = k.owner_id \
             WHERE s.digest IN ({})",
            marks.join(", ")
        );
        let values: Vec<Value> = digests
            .iter()
            .map(|digest| Value::from(*digest.as_bytes()))
            .collect();
        let rows = self.readers.query(&sql, &values).await?;
        let mut found: Vec<Found> = rows.iter().map(found_of).collect::<Result<_>>()?;
        found.sort_by_key(|one| one.scheme == Scheme::Sha256);
        Ok(found.into_iter().next())
    }

    /// A key's secrets, youngest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn secrets(&self, organisation: OrganisationId, key: KeyId) -> Result<Vec<Secret>> {
        let sql = format!("{SECRET} ORDER BY s.created_at DESC, s.id DESC");
        self.readers
            .query(&sql, params![organisation, key])
            .await?
            .iter()
            .map(secret_of)
            .collect()
    }

    /// The prefixes under which tokens or hashes from elsewhere exist; `*` stands for any.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn foreign_prefixes(&self) -> Result<Vec<String>> {
        let rows = self
            .readers
            .query("SELECT prefix FROM foreign_prefixes", &[])
            .await?;
        rows.iter().map(|row| row.get(0)).collect()
    }

    /// How many secrets lean on which pepper or scheme.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn secrets_by_scheme(&self, now: Timestamp) -> Result<Vec<Lean>> {
        let sql = "SELECT scheme, pepper, COUNT(*) FILTER (WHERE ends_at IS NULL OR ends_at > $1), COUNT(*) \
                   FROM secrets GROUP BY scheme, pepper ORDER BY scheme, pepper";
        let rows = self.readers.query_long(sql, params![now].to_vec()).await?;
        rows.iter()
            .map(|row| {
                let scheme: String = row.get(0)?;
                Ok(Lean {
                    scheme: scheme_of(&scheme, row.get(1)?)?,
                    live: row.get(2)?,
                    total: row.get(3)?,
                })
            })
            .collect()
    }
}

impl Tx {
    /// Whether a token is stored already, under any of the digests that it may have.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn has_secret(&mut self, digests: &[Digest]) -> Result<bool> {
        for digest in digests {
            let sql = "SELECT 1 FROM secrets WHERE digest = $1";
            if self
                .conn()
                .query_opt(sql, params![*digest.as_bytes()])
                .await?
                .is_some()
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Writes a secret; its key's other secrets must have an end by then.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the digest is stored already.
    pub async fn insert_secret(&mut self, secret: &NewSecret) -> Result<()> {
        let row = row_of(secret);
        self.conn().insert_many("secrets", COLUMNS, &[row]).await?;
        if let Some((ciphertext, data_key)) = &secret.sealed {
            self.keep_sealed(secret.id, *data_key, ciphertext.clone()).await?;
        }
        Ok(())
    }

    /// A key's secrets, youngest first, as this transaction sees them.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn secrets(&mut self, organisation: OrganisationId, key: KeyId) -> Result<Vec<Secret>> {
        let sql = format!("{SECRET} ORDER BY s.created_at DESC, s.id DESC");
        self.conn()
            .query(&sql, params![organisation, key])
            .await?
            .iter()
            .map(secret_of)
            .collect()
    }

    /// Sets when a secret stops, and erases what was retained of it: what is replaced is not shown again.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn end_secret(
        &mut self,
        organisation: OrganisationId,
        key: KeyId,
        secret: SecretId,
        ends_at: Timestamp,
    ) -> Result<()> {
        self.erase_sealed(organisation, key).await?;
        let sql = "UPDATE secrets SET ends_at = $4 WHERE organisation = $1 AND key = $2 AND id = $3";
        self.conn()
            .execute(sql, params![organisation, key, secret, ends_at])
            .await?;
        self.changed(Change::Key(organisation, key));
        Ok(())
    }

    /// Stores a secret's digest anew, under the current pepper. Decisions stay what they are, so no cache need forget.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn rewrite_digest(
        &mut self,
        organisation: OrganisationId,
        secret: SecretId,
        digest: Digest,
        scheme: Scheme,
    ) -> Result<()> {
        let (scheme, pepper) = scheme_columns(scheme);
        let sql =
            "UPDATE secrets SET digest = $3, scheme = $4, pepper = $5 WHERE organisation = $1 AND id = $2";
        self.conn()
            .execute(
                sql,
                params![organisation, secret, *digest.as_bytes(), scheme, pepper],
            )
            .await?;
        Ok(())
    }

    /// Notes that tokens or hashes from elsewhere exist under `prefix`; `*` stands for any.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn add_foreign_prefix(&mut self, organisation: OrganisationId, prefix: &str) -> Result<()> {
        let sql = "INSERT INTO foreign_prefixes (prefix) VALUES ($1) ON CONFLICT DO NOTHING";
        self.conn().execute(sql, params![prefix]).await?;
        self.changed(Change::Import(organisation));
        Ok(())
    }
}
