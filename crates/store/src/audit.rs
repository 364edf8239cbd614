//! The audit log's tables: records are inserted and read, never changed. The oldest may be pruned.

use domain::audit::{Base, Chain, PRUNE, Record};
use domain::clock::Timestamp;
use domain::id::OrganisationId;

use crate::db::{Conn, Engine, Row, Value};
use crate::error::{Result, StoreError};
use crate::principals::marks;
use crate::tx::Tx;
use crate::{Store, params};

const COLUMNS: &str =
    "seq, at, action, actor_kind, actor_id, target_kind, target_id, body, salt, payload, hash";

/// The chain's end, locked until the transaction's own end.
pub(crate) async fn lock_head(conn: &mut Conn, organisation: OrganisationId) -> Result<Chain> {
    let insert =
        "INSERT INTO audit_heads (organisation, seq, hash) VALUES ($1, 0, $2) ON CONFLICT DO NOTHING";
    let select = match conn.engine() {
        Engine::Sqlite => "SELECT seq, hash FROM audit_heads WHERE organisation = $1",
        Engine::Postgres => "SELECT seq, hash FROM audit_heads WHERE organisation = $1 FOR UPDATE",
    };
    if let Some(row) = conn.query_opt(select, params![organisation]).await? {
        return chain_of(organisation, &row);
    }
    conn.execute(insert, params![organisation, [0_u8; 32]]).await?;
    chain_of(
        organisation,
        &conn.query_one(select, params![organisation]).await?,
    )
}

fn chain_of(organisation: OrganisationId, row: &Row) -> Result<Chain> {
    Ok(Chain {
        organisation,
        seq: row.get(0)?,
        hash: row.get(1)?,
    })
}

pub(crate) async fn store_head(conn: &mut Conn, chain: &Chain) -> Result<()> {
    let sql = "UPDATE audit_heads SET seq = $2, hash = $3 WHERE organisation = $1";
    conn.execute(sql, params![chain.organisation, chain.seq, chain.hash])
        .await?;
    Ok(())
}

pub(crate) async fn insert(
    conn: &mut Conn,
    organisation: OrganisationId,
    records: Vec<Record>,
) -> Result<()> {
    let columns = "organisation, seq, at, action, actor_kind, actor_id, target_kind, target_id, body, salt, payload, hash";
    let rows: Vec<Vec<Value>> = records
        .into_iter()
        .map(|r| {
            params![
                organisation,
                r.seq,
                r.at,
                r.action,
                r.actor_kind,
                r.actor_id,
                r.target_kind,
                r.target_id,
                r.body,
                r.salt,
                r.payload,
                r.hash
            ]
            .to_vec()
        })
        .collect();
    conn.insert_many("audit_records", columns, &rows).await
}

fn record_of(row: &Row) -> Result<Record> {
    let mut c = row.read();
    Ok(Record {
        seq: c.next()?,
        at: c.next()?,
        action: c.next()?,
        actor_kind: c.next()?,
        actor_id: c.next()?,
        target_kind: c.next()?,
        target_id: c.next()?,
        body: c.next()?,
        salt: c.next()?,
        payload: c.next()?,
        hash: c.next()?,
    })
}

/// Which records are asked for; all when empty.
#[derive(Debug, Clone, Default)]
pub struct AuditQuery {
    /// Of one action, e.g. `key.rotate`.
    pub action: Option<String>,
    /// By one actor's id.
    pub actor: Option<String>,
    /// On one target's id.
    pub target: Option<String>,
    /// Not before.
    pub since: Option<Timestamp>,
    /// Before.
    pub until: Option<Timestamp>,
}

impl Store {
    /// Records with a lower number than `before`, newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn audit_page(
        &self,
        organisation: OrganisationId,
        query: AuditQuery,
        before: i64,
        limit: i64,
    ) -> Result<Vec<Record>> {
        // PostgreSQL refuses U+0000 in a value, and no text holds it.
        let texts = [&query.action, &query.actor, &query.target];
        if texts.into_iter().flatten().any(|text| text.contains('\0')) {
            return Ok(Vec::new());
        }
        let mut sql = format!("SELECT {COLUMNS} FROM audit_records WHERE organisation = $1 AND seq < $2");
        let mut values = params![organisation, before, limit].to_vec();
        let mut filter = |condition: &str, value: Option<Value>| {
            if let Some(value) = value {
                values.push(value);
                sql.push_str(&format!(" AND {condition} ${}", values.len()));
            }
        };
        filter("action =", query.action.map(Value::from));
        filter("actor_id =", query.actor.map(Value::from));
        filter("target_id =", query.target.map(Value::from));
        filter("at >=", query.since.map(Value::from));
        filter("at <", query.until.map(Value::from));
        sql.push_str(" ORDER BY seq DESC LIMIT $3");
        self.readers
            .query_long(sql, values)
            .await?
            .iter()
            .map(record_of)
            .collect()
    }

    /// Records with a higher number than `after`, oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn audit_walk(
        &self,
        organisation: OrganisationId,
        after: i64,
        limit: i64,
    ) -> Result<Vec<Record>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM audit_records WHERE organisation = $1 AND seq > $2 ORDER BY seq LIMIT $3"
        );
        let rows = self
            .readers
            .query_long(sql, params![organisation, after, limit].to_vec())
            .await?;
        rows.iter().map(record_of).collect()
    }

    /// Records of any of these actions with a higher number than `after`, up to `upto`, oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn audit_of(
        &self,
        organisation: OrganisationId,
        actions: &[&str],
        (after, upto): (i64, i64),
        limit: i64,
    ) -> Result<Vec<Record>> {
        let marks = marks(5, actions.len());
        let sql = format!(
            "SELECT {COLUMNS} FROM audit_records WHERE organisation = $1 AND seq > $2 AND seq <= $3 AND action IN ({marks}) \
             ORDER BY seq LIMIT $4"
        );
        let mut values = params![organisation, after, upto, limit].to_vec();
        values.extend(actions.iter().map(|action| Value::from(*action)));
        let rows = self.readers.query_long(sql, values).await?;
        rows.iter().map(record_of).collect()
    }

    /// Where an organisation's chain ends.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn audit_head(&self, organisation: OrganisationId) -> Result<Chain> {
        let sql = "SELECT seq, hash FROM audit_heads WHERE organisation = $1";
        match self.readers.query_opt(sql, params![organisation]).await? {
            Some(row) => chain_of(organisation, &row),
            None => Ok(Chain::empty(organisation)),
        }
    }

    /// Whose chains there are, be it by their records or by their heads alone.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn audit_chains(&self) -> Result<Vec<OrganisationId>> {
        let sql = "SELECT organisation FROM audit_heads UNION SELECT id FROM organisations \
                   UNION SELECT organisation FROM audit_records WHERE seq = 1 UNION SELECT organisation FROM audit_bases";
        self.readers
            .query_long(sql, Vec::new())
            .await?
            .iter()
            .map(|row| row.get(0))
            .collect()
    }

    /// Where every chain ends.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn audit_heads(&self) -> Result<Vec<Chain>> {
        let sql = "SELECT organisation, seq, hash FROM audit_heads ORDER BY organisation";
        let rows = self.readers.query_long(sql, Vec::new()).await?;
        rows.iter()
            .map(|row| {
                Ok(Chain {
                    organisation: row.get(0)?,
                    seq: row.get(1)?,
                    hash: row.get(2)?,
                })
            })
            .collect()
    }

    /// Where an organisation's chain begins, as it is stored.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn audit_beginning(&self, organisation: OrganisationId) -> Result<Beginning> {
        self.readers
            .snapshot(async |conn| {
                let base = conn.query_opt(BASE, params![organisation]).await?;
                let first = conn.query_opt(FIRST, params![organisation]).await?;
                let pruned = conn.query_opt(PRUNED, params![organisation, PRUNE]).await?;
                Beginning::read(organisation, base, first, pruned)
            })
            .await
    }
}

const BASE: &str = "SELECT seq, hash, at, kept, signature FROM audit_bases WHERE organisation = $1";
const FIRST: &str = "SELECT seq FROM audit_records WHERE organisation = $1 ORDER BY seq LIMIT 1";
const PRUNED: &str =
    "SELECT target_id FROM audit_records WHERE organisation = $1 AND action = $2 ORDER BY seq DESC LIMIT 1";

/// Where a chain begins, as it is stored and not yet believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beginning {
    /// The base, if there is one.
    pub base: Option<Base>,
    /// The first record that is there.
    pub first: Option<i64>,
    /// The last record that went, by the chain's own record of it.
    pub pruned: Option<i64>,
}

impl Beginning {
    fn read(
        organisation: OrganisationId,
        base: Option<Row>,
        first: Option<Row>,
        pruned: Option<Row>,
    ) -> Result<Self> {
        let target: Option<String> = pruned.map(|row| row.get(0)).transpose()?;
        Ok(Self {
            base: base.map(|row| base_of(organisation, &row)).transpose()?,
            first: first.map(|row| row.get(0)).transpose()?,
            // A target that is no number was altered, which its record will show.
            pruned: target.and_then(|text| text.parse().ok()),
        })
    }
}

fn base_of(organisation: OrganisationId, row: &Row) -> Result<Base> {
    let mut c = row.read();
    let seq = c.next()?;
    let hash: Vec<u8> = c.next()?;
    let end = Chain {
        organisation,
        seq,
        // One of another length was not signed, and neither are zeroes.
        hash: hash.try_into().unwrap_or_default(),
    };
    Ok(Base {
        end,
        at: c.next()?,
        kept: c.next()?,
        signature: c.next()?,
    })
}

impl Tx {
    /// See [`Store::audit_beginning`].
    ///
    /// # Errors
    /// When the database fails.
    pub async fn audit_beginning(&mut self, organisation: OrganisationId) -> Result<Beginning> {
        let base = self.conn().query_opt(BASE, params![organisation]).await?;
        let first = self.conn().query_opt(FIRST, params![organisation]).await?;
        let pruned = self
            .conn()
            .query_opt(PRUNED, params![organisation, PRUNE])
            .await?;
        Beginning::read(organisation, base, first, pruned)
    }

    /// The oldest records of a chain, in its order.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn oldest_audit(&mut self, organisation: OrganisationId, limit: i64) -> Result<Vec<Record>> {
        let sql =
            format!("SELECT {COLUMNS} FROM audit_records WHERE organisation = $1 ORDER BY seq LIMIT $2");
        let rows = self.conn().query(&sql, params![organisation, limit]).await?;
        rows.iter().map(record_of).collect()
    }

    /// Removes the `count` oldest records of a chain, those up to the base, and leaves the base in their place.
    ///
    /// # Errors
    /// When somebody else pruned meanwhile, or the database fails.
    pub async fn prune_audit(&mut self, count: usize, base: &Base) -> Result<()> {
        let organisation = base.end.organisation;
        let sql = "DELETE FROM audit_records WHERE organisation = $1 AND seq <= $2";
        let gone = self
            .conn()
            .execute(sql, params![organisation, base.end.seq])
            .await?;
        if usize::try_from(gone) != Ok(count) {
            return Err(StoreError::Retry(
                "the audit log was pruned by somebody else".into(),
            ));
        }
        let sql = "INSERT INTO audit_bases (organisation, seq, hash, at, kept, signature) \
                   VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (organisation) DO UPDATE SET seq = excluded.seq, \
                   hash = excluded.hash, at = excluded.at, kept = excluded.kept, signature = excluded.signature";
        let values = params![
            organisation,
            base.end.seq,
            base.end.hash,
            base.at,
            &*base.kept,
            &*base.signature
        ];
        self.conn().execute(sql, values).await?;
        self.erased();
        Ok(())
    }
}
