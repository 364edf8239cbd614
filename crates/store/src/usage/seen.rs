//! From where keys are used, and which of their secrets: what the roll-up notes beside the counts, so that a use that is unlike
//! the key can be told.

use domain::anomaly::KNOWN;
use domain::clock::Timestamp;
use domain::id::{KeyId, OrganisationId, SecretId};

use super::DAY;
use crate::db::{Row, Value};
use crate::error::Result;
use crate::tx::Tx;
use crate::{Store, params};

/// Where a door did not say from where.
const NOWHERE: &str = "-";

/// The first use of a key on a day from a network.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seen {
    /// The tenant.
    pub organisation: OrganisationId,
    /// The key.
    pub key: KeyId,
    /// The network, as far as it is known.
    pub network: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// The last use of one secret of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretUse {
    /// The secret.
    pub secret: SecretId,
    /// When.
    pub at: Timestamp,
    /// From where, as far as that is known.
    pub ip: Option<String>,
}

/// What was seen of a key and nobody has judged yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighting {
    /// The key.
    pub key: KeyId,
    /// When.
    pub at: Timestamp,
    /// What.
    pub what: Sighted,
}

/// What was seen of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sighted {
    /// It came from a network that is new to it, having been known from others for [`KNOWN`].
    Network(String),
    /// It was used for the first time since then, which is longer ago than [`KNOWN`].
    Awake(Timestamp),
}

impl Tx {
    /// Notes first uses of a day, and what about them is to be judged. Before the last uses of the keys are noted, which it
    /// compares with.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn note_seen(&mut self, seen: &[Seen]) -> Result<()> {
        let woken = "INSERT INTO sightings (organisation, key, network, at, before_at) \
                     SELECT organisation, id, '', CAST($3 AS BIGINT), last_used_at FROM keys \
                     WHERE organisation = $1 AND id = $2 AND last_used_at < $4 ON CONFLICT DO NOTHING";
        let new = "INSERT INTO sightings (organisation, key, network, at) \
                   SELECT n.organisation, n.key, CAST($3 AS TEXT), CAST($4 AS BIGINT) FROM networks_of_keys n \
                   WHERE n.organisation = $1 AND n.key = $2 AND n.network <> '-' AND n.first_at < $5 \
                   AND NOT EXISTS (SELECT 1 FROM networks_of_keys s WHERE s.organisation = $1 AND s.key = $2 \
                   AND s.network = CAST($3 AS TEXT)) LIMIT 1 ON CONFLICT DO NOTHING";
        let known = "INSERT INTO networks_of_keys (organisation, key, network, first_at, day) VALUES ($1, $2, $3, $4, $5) \
                     ON CONFLICT (organisation, key, network) DO UPDATE SET day = excluded.day \
                     WHERE networks_of_keys.day < excluded.day";
        let rows = |row: fn(&Seen) -> Option<Vec<Value>>| seen.iter().filter_map(row).collect::<Vec<_>>();
        let of_woken =
            rows(|one| Some(params![one.organisation, one.key, one.at, one.at.minus(KNOWN)].to_vec()));
        let of_new = rows(|one| {
            let network = one.network.as_deref()?;
            Some(params![one.organisation, one.key, network, one.at, one.at.minus(KNOWN)].to_vec())
        });
        let of_known = rows(|one| {
            let (network, day) = (one.network.as_deref().unwrap_or(NOWHERE), one.at.floor_to(DAY));
            Some(params![one.organisation, one.key, network, one.at, day].to_vec())
        });
        self.conn().execute_many(woken, &of_woken).await?;
        self.conn().execute_many(new, &of_new).await?;
        self.conn().execute_many(known, &of_known).await
    }

    /// Notes the last uses of secrets that were replaced; that of a current one is its key's.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn note_secret_uses(&mut self, uses: &[SecretUse]) -> Result<()> {
        let sql = "UPDATE secrets SET last_used_at = $2, last_used_ip = $3 WHERE id = $1 AND ends_at IS NOT NULL \
                   AND (last_used_at IS NULL OR last_used_at < $2)";
        let rows: Vec<Vec<Value>> = uses
            .iter()
            .map(|one| params![one.secret, one.at, one.ip.as_deref()].to_vec())
            .collect();
        self.conn().execute_many(sql, &rows).await
    }

    /// Forgets what was judged.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn forget_sighting(&mut self, organisation: OrganisationId, sighting: &Sighting) -> Result<()> {
        let sql = "DELETE FROM sightings WHERE organisation = $1 AND key = $2 AND network = $3";
        let network = match &sighting.what {
            Sighted::Network(network) => network.as_str(),
            Sighted::Awake(_) => "",
        };
        let values = params![organisation, sighting.key, network];
        self.conn().execute(sql, values).await.map(drop)
    }
}

impl Store {
    /// What is to be judged, at most `limit`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn sightings(&self, organisation: OrganisationId, limit: u32) -> Result<Vec<Sighting>> {
        let sql = "SELECT key, network, at, before_at FROM sightings WHERE organisation = $1 LIMIT $2";
        let rows = self
            .readers
            .query(sql, params![organisation, i64::from(limit)])
            .await?;
        let read = |row: &Row| {
            let (network, before): (String, Option<Timestamp>) = (row.get(1)?, row.get(3)?);
            Ok(Sighting {
                key: row.get(0)?,
                at: row.get(2)?,
                what: before.map_or(Sighted::Network(network), Sighted::Awake),
            })
        };
        rows.iter().map(read).collect()
    }

    /// From how many networks a key was used before then.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn networks_before(
        &self,
        organisation: OrganisationId,
        key: KeyId,
        before: Timestamp,
    ) -> Result<i64> {
        let sql = "SELECT COUNT(*) FROM networks_of_keys WHERE organisation = $1 AND key = $2 AND network <> '-' \
                   AND first_at < $3";
        let values = params![organisation, key, before];
        self.readers.query_one(sql, values).await?.get(0)
    }
}
