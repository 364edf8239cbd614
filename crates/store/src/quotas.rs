//! Quotas: what is used of them in each period, and the blocks of units that nodes hold. A node hands out a unit only of a
//! block that was committed before; what it holds counts as used until it tells otherwise, so that a crash forfeits units
//! and never grants one twice.
//!
//! A node says what it has used and what it still holds, not what has changed: a question whose answer was lost is put
//! right by the next one.

use std::collections::HashMap;

use domain::clock::Timestamp;
use domain::id::{KeyId, OrganisationId};
use domain::limits::{Bounds, Quota};
use domain::policy::Policy;
use uuid::Uuid;

use crate::db::{Row, Value};
use crate::error::{Result, StoreError};
use crate::keys::quota_of;
use crate::organisations::policy_of;
use crate::tx::Tx;
use crate::{Store, params};

/// One block of one running node; a number is never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Block {
    /// The node, in this run.
    pub node: Uuid,
    /// Its number there.
    pub number: i64,
}

/// What a node has of a key's quota in one period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holding {
    /// The key's tenant.
    pub organisation: OrganisationId,
    /// The key.
    pub key: KeyId,
    /// How often what is used was set anew before.
    pub round: i64,
    /// The period.
    pub bounds: Bounds,
    /// The block.
    pub block: Block,
    /// Whether the block was written before.
    pub written: bool,
    /// Units used of it.
    pub spent: u64,
    /// Units of it that may still be handed out; the others are given back.
    pub held: u64,
}

/// A question for more units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// What the node has.
    pub holding: Holding,
    /// The quota as it knows it.
    pub quota: Quota,
    /// How many units are needed at the least.
    pub need: u64,
    /// How many would be welcome.
    pub want: u64,
}

/// What is handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// The node's block is not there any more: somebody counted all of it as used. Nothing of it may be handed out.
    pub void: bool,
    /// How many units there are more.
    pub granted: u64,
    /// How many others have: all that is used or held and not of this block.
    pub others: u64,
    /// The quota's limit as it is now.
    pub limit: u64,
}

/// What is used of a quota in a period.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Use {
    /// Units that are used for certain.
    pub used: i64,
    /// The blocks that are out.
    pub blocks: Vec<Out>,
}

/// A block that a node has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Out {
    /// Which one.
    pub block: Block,
    /// Its units.
    pub granted: i64,
    /// Those that were used when the node last asked.
    pub spent: i64,
}

impl Use {
    /// Units that are used for certain; nodes may have used more since they last asked.
    pub fn at_least(&self) -> u64 {
        count(self.used + self.blocks.iter().map(|out| out.spent).sum::<i64>())
    }
}

fn units(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn count(units: i64) -> u64 {
    u64::try_from(units).unwrap_or(0)
}

/// The quota that holds for a key with this one of its own.
pub fn quota_in_force(own: Option<Quota>, policy: &Policy) -> Option<Quota> {
    own.or_else(|| policy.limits.default_quota.clone())
}

impl Holding {
    fn period(&self) -> [Value; 3] {
        [self.key.into(), self.round.into(), self.bounds.start.into()]
    }

    fn place(&self) -> Vec<Value> {
        let mut place = self.period().to_vec();
        place.extend([Value::from(self.block.node), Value::from(self.block.number)]);
        place
    }
}

const BLOCK: &str = "key = $1 AND round = $2 AND start = $3 AND node = $4 AND block = $5";

impl Tx {
    /// Hands a node more units of a quota, no more than there are: an eighth of what is left at the most, so that blocks
    /// get smaller towards the end and the last units go one by one.
    ///
    /// # Errors
    /// [`StoreError::RowMissing`] when the key is gone; when the database fails.
    pub async fn reserve_units(&mut self, ask: &Ask) -> Result<Share> {
        let holding = &ask.holding;
        let sql = "SELECT k.quota, k.quota_round, o.policy FROM keys k JOIN organisations o ON o.id = k.organisation \
                   WHERE k.organisation = $1 AND k.id = $2";
        let row = self
            .conn()
            .query_one(sql, params![holding.organisation, holding.key])
            .await?;
        let mut columns = row.read();
        let own = quota_of(columns.next()?)?;
        let round: i64 = columns.next()?;
        let policy = policy_of(&columns.next::<String>()?)?;
        // A quota that was changed otherwise meanwhile is asked for anew by whoever begins after that.
        let limit = match quota_in_force(own, &policy) {
            Some(now)
                if round == holding.round
                    && now.per == ask.quota.per
                    && now.timezone == ask.quota.timezone =>
            {
                now.limit
            }
            _ => ask.quota.limit,
        };
        let sql = "INSERT INTO quota_periods (key, round, start, ends_at, used) VALUES ($1, $2, $3, $4, 0) \
                   ON CONFLICT DO NOTHING";
        let mut values = holding.period().to_vec();
        values.push(Value::from(holding.bounds.end));
        self.conn().execute(sql, &values).await?;
        let lock = if self.is_sqlite() { "" } else { " FOR UPDATE" };
        let sql =
            format!("SELECT used FROM quota_periods WHERE key = $1 AND round = $2 AND start = $3{lock}");
        let used: i64 = self.conn().query_one(&sql, &holding.period()).await?.get(0)?;
        let sql = "SELECT CAST(COALESCE(SUM(granted), 0) AS BIGINT), \
                   COUNT(*) FILTER (WHERE node = $4 AND block = $5), \
                   CAST(COALESCE(SUM(granted) FILTER (WHERE node = $4 AND block = $5), 0) AS BIGINT) \
                   FROM quota_blocks WHERE key = $1 AND round = $2 AND start = $3";
        let row = self.conn().query_one(sql, &holding.place()).await?;
        let (all, written, own): (i64, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let void = holding.written && written == 0;
        let others = used.saturating_add(all).saturating_sub(own);
        let mine = if void {
            0
        } else {
            units(holding.spent + holding.held)
        };
        let left = count(units(limit).saturating_sub(others).saturating_sub(mine));
        let granted = match void {
            true => 0,
            false => ask.want.min(ask.need.max(left / 8)).min(left),
        };
        let total = mine + units(granted);
        if total > 0 && !void {
            let sql = "INSERT INTO quota_blocks (key, round, start, node, block, granted, spent) \
                       VALUES ($1, $2, $3, $4, $5, $6, $7) \
                       ON CONFLICT (key, round, start, node, block) \
                       DO UPDATE SET granted = excluded.granted, spent = excluded.spent";
            let mut values = holding.place();
            values.extend([Value::from(total), Value::from(units(holding.spent))]);
            self.conn().execute(sql, &values).await?;
        }
        Ok(Share {
            void,
            granted,
            others: count(others),
            limit,
        })
    }

    /// Takes a block back: what was spent of it is used, and the rest may be handed out again. Doing it twice is the same
    /// as once.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn close_block(&mut self, holding: &Holding) -> Result<()> {
        let sql = format!("DELETE FROM quota_blocks WHERE {BLOCK}");
        if self.conn().execute(&sql, &holding.place()).await? > 0 {
            let sql =
                "UPDATE quota_periods SET used = used + $4 WHERE key = $1 AND round = $2 AND start = $3";
            let mut values = holding.period().to_vec();
            values.push(Value::from(units(holding.spent)));
            self.conn().execute(sql, &values).await?;
        }
        Ok(())
    }

    /// Counts all units that other nodes than `node` hold as used: they are gone, and what they used of them is not known.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn forfeit_blocks(&mut self, node: Uuid) -> Result<u64> {
        let gone = if self.is_sqlite() {
            "node <> $1"
        } else {
            "node <> $1 AND node NOT IN (SELECT id FROM nodes)"
        };
        let theirs = format!(
            "FROM quota_blocks b WHERE b.key = quota_periods.key AND b.round = quota_periods.round \
             AND b.start = quota_periods.start AND b.{gone}"
        );
        let sql = format!(
            "UPDATE quota_periods SET used = used + (SELECT CAST(SUM(b.granted) AS BIGINT) {theirs}) \
             WHERE EXISTS (SELECT 1 {theirs})"
        );
        self.conn().execute(&sql, params![node]).await?;
        let sql = format!("DELETE FROM quota_blocks WHERE {gone}");
        self.conn().execute(&sql, params![node]).await
    }

    /// Sets what is used of a quota in a period whose round has just begun.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn begin_round(&mut self, key: KeyId, round: i64, bounds: Bounds, used: u64) -> Result<()> {
        let sql = "INSERT INTO quota_periods (key, round, start, ends_at, used) VALUES ($1, $2, $3, $4, $5)";
        let values = params![key, round, bounds.start, bounds.end, units(used)];
        self.conn().execute(sql, values).await?;
        Ok(())
    }

    /// What is used of a quota in a period, as this transaction sees it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn quota_use(&mut self, key: KeyId, round: i64, start: Timestamp) -> Result<Use> {
        let sql = format!("{USE} = $1");
        let rows = self.conn().query(&sql, params![key]).await?;
        Ok(uses_of(&rows)?.remove(&(key, round, start)).unwrap_or_default())
    }

    /// Gives units back that were used: so many fewer count in the period, down to none.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn credit_units(
        &mut self,
        key: KeyId,
        round: i64,
        start: Timestamp,
        credit: u64,
    ) -> Result<()> {
        let sql = "UPDATE quota_periods SET used = used - $4 WHERE key = $1 AND round = $2 AND start = $3";
        self.conn()
            .execute(sql, params![key, round, start, units(credit)])
            .await?;
        Ok(())
    }

    /// Forgets periods that ended before `before`, and rounds that were begun anew.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn forget_quotas(&mut self, before: Timestamp) -> Result<u64> {
        let sql = "DELETE FROM quota_periods WHERE ends_at < $1 OR round < \
                   (SELECT k.quota_round FROM keys k WHERE k.id = quota_periods.key)";
        self.conn().execute(sql, params![before]).await
    }
}

const USE: &str = "SELECT p.key, p.round, p.start, p.used, b.node, b.block, b.granted, b.spent FROM quota_periods p \
                   LEFT JOIN quota_blocks b ON b.key = p.key AND b.round = p.round AND b.start = p.start WHERE p.key";

/// A key, a round and the beginning of a period.
pub type PeriodOf = (KeyId, i64, Timestamp);

fn uses_of(rows: &[Row]) -> Result<HashMap<PeriodOf, Use>> {
    let mut all: HashMap<PeriodOf, Use> = HashMap::new();
    for row in rows {
        let mut columns = row.read();
        let period = (columns.next()?, columns.next()?, columns.next()?);
        let found = all.entry(period).or_default();
        found.used = columns.next()?;
        let node: Option<Uuid> = columns.next()?;
        let number: Option<i64> = columns.next()?;
        let granted: Option<i64> = columns.next()?;
        let spent: Option<i64> = columns.next()?;
        if let (Some(node), Some(number)) = (node, number) {
            found.blocks.push(Out {
                block: Block { node, number },
                granted: granted.unwrap_or_default(),
                spent: spent.unwrap_or_default(),
            });
        }
    }
    Ok(all)
}

impl Store {
    /// Whether servers that are gone from a PostgreSQL database still hold units.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn has_lost_blocks(&self) -> Result<bool> {
        let sql = "SELECT 1 FROM quota_blocks WHERE node NOT IN (SELECT id FROM nodes) LIMIT 1";
        Ok(!self
            .readers
            .query_long(sql.to_owned(), Vec::new())
            .await?
            .is_empty())
    }

    /// What is used of quotas, each in its period.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn quota_uses(&self, periods: &[PeriodOf]) -> Result<Vec<Use>> {
        if periods.is_empty() {
            return Ok(Vec::new());
        }
        let marks: Vec<String> = (1..=periods.len()).map(|n| format!("${n}")).collect();
        let sql = format!("{USE} IN ({})", marks.join(", "));
        let keys: Vec<Value> = periods.iter().map(|(key, ..)| Value::from(*key)).collect();
        let found = uses_of(&self.readers.query(&sql, &keys).await?)?;
        let of = |period: &PeriodOf| found.get(period).cloned().unwrap_or_default();
        Ok(periods.iter().map(of).collect())
    }

    /// Hands a node more units of a quota; see [`Tx::reserve_units`].
    ///
    /// # Errors
    /// As there; then the node has no more than before.
    pub async fn reserve_units(&self, ask: Ask) -> Result<Share, StoreError> {
        let written = self.write(async move |tx| tx.reserve_units(&ask).await).await?;
        Ok(written.value)
    }

    /// Takes blocks back; see [`Tx::close_block`].
    ///
    /// # Errors
    /// When the database fails.
    pub async fn close_blocks(&self, holdings: Vec<Holding>) -> Result<(), StoreError> {
        let work = async move |tx: &mut Tx| {
            for holding in &holdings {
                tx.close_block(holding).await?;
            }
            Ok::<(), StoreError>(())
        };
        self.write(work).await?;
        Ok(())
    }
}
