//! Keys and service accounts that nobody uses, and what was done about them.

use domain::clock::Timestamp;
use domain::id::{AccountId, KeyId, OrganisationId};
use uuid::Uuid;

use crate::db::{Engine, Row, Value};
use crate::error::Result;
use crate::tx::Tx;
use crate::{Store, params};

/// Since when something is idle: its last use, or its making where it was never used, or when it was switched on again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Idle<Id> {
    /// What.
    pub id: Id,
    /// Since when.
    pub since: Timestamp,
}

/// Keys that would be accepted, and since when each is idle.
const KEYS: &str =
    "k.organisation = $1 AND k.enabled = TRUE AND k.deleted_at IS NULL AND k.revoked_at IS NULL";

fn greatest(engine: Engine, first: &str, second: &str) -> String {
    match engine {
        Engine::Sqlite => format!("MAX({first}, {second})"),
        Engine::Postgres => format!("GREATEST({first}, {second})"),
    }
}

fn since_of_key(engine: Engine) -> String {
    let used = "COALESCE(k.last_used_at, k.created_at)";
    greatest(engine, used, "COALESCE(w.awake_at, 0)")
}

/// An account was last used when the last of its keys was.
fn since_of_account(engine: Engine) -> String {
    let used = "COALESCE((SELECT MAX(k.last_used_at) FROM keys k WHERE k.organisation = $1 AND k.owner_id = a.id), \
                a.created_at)";
    greatest(engine, used, "COALESCE(w.awake_at, 0)")
}

fn idle_of<Id>(rows: &[Row], id: fn(Uuid) -> Id) -> Result<Vec<Idle<Id>>> {
    let read = |row: &Row| {
        Ok(Idle {
            id: id(row.get(0)?),
            since: row.get(1)?,
        })
    };
    rows.iter().map(read).collect()
}

impl Store {
    /// Keys that are switched on and idle since before then, at most `limit`; only those of which nobody was told if
    /// `untold`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn idle_keys(
        &self,
        organisation: OrganisationId,
        before: Timestamp,
        now: Timestamp,
        untold: bool,
        limit: u32,
    ) -> Result<Vec<Idle<KeyId>>> {
        let engine = self.engine();
        let since = since_of_key(engine);
        let (from, used) = match engine {
            Engine::Sqlite => ("keys k INDEXED BY keys_by_use", "k.use_sort"),
            Engine::Postgres => ("keys k", "COALESCE(k.last_used_at, 0)"),
        };
        let untold = if untold {
            format!("AND COALESCE(w.told_of, -1) <> {since}")
        } else {
            String::new()
        };
        let sql = format!(
            "SELECT k.id, {since} FROM {from} LEFT JOIN idle_watch w ON w.subject = k.id WHERE {KEYS} AND {used} < $2 \
             AND (k.expires_at IS NULL OR k.expires_at > $3) AND {since} < $2 {untold} ORDER BY {used}, k.id LIMIT $4"
        );
        let values = params![organisation, before, now, i64::from(limit)].to_vec();
        idle_of(&self.readers.query_long(sql, values).await?, KeyId::from_uuid)
    }

    /// The same of service accounts.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn idle_accounts(
        &self,
        organisation: OrganisationId,
        before: Timestamp,
        untold: bool,
        limit: u32,
    ) -> Result<Vec<Idle<AccountId>>> {
        let since = since_of_account(self.engine());
        let untold = if untold {
            "AND COALESCE(s.told_of, -1) <> s.since"
        } else {
            ""
        };
        let sql = format!(
            "SELECT s.id, s.since FROM (SELECT a.id, {since} AS since, w.told_of FROM service_accounts a \
             LEFT JOIN idle_watch w ON w.subject = a.id WHERE a.organisation = $1 AND a.active = TRUE \
             AND a.deleted_at IS NULL AND a.created_at < $2) s WHERE s.since < $2 {untold} ORDER BY s.since, s.id LIMIT $3"
        );
        let values = params![organisation, before, i64::from(limit)].to_vec();
        idle_of(&self.readers.query_long(sql, values).await?, AccountId::from_uuid)
    }
}

impl Tx {
    /// Since when a key that is switched on is idle; none where it is not.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn key_idle_since(
        &mut self,
        organisation: OrganisationId,
        key: KeyId,
    ) -> Result<Option<Timestamp>> {
        let since = since_of_key(self.conn().engine());
        let sql = format!(
            "SELECT {since} FROM keys k LEFT JOIN idle_watch w ON w.subject = k.id WHERE {KEYS} AND k.id = $2"
        );
        let rows = self.conn().query(&sql, params![organisation, key]).await?;
        rows.first().map(|row| row.get(0)).transpose()
    }

    /// The same of a service account.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn account_idle_since(
        &mut self,
        organisation: OrganisationId,
        account: AccountId,
    ) -> Result<Option<Timestamp>> {
        let since = since_of_account(self.conn().engine());
        let sql = format!(
            "SELECT {since} FROM service_accounts a LEFT JOIN idle_watch w ON w.subject = a.id \
             WHERE a.organisation = $1 AND a.id = $2 AND a.active = TRUE AND a.deleted_at IS NULL"
        );
        let rows = self.conn().query(&sql, params![organisation, account]).await?;
        rows.first().map(|row| row.get(0)).transpose()
    }

    /// Notes that a key or a service account was switched on: its time counts from now on.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn note_awake(&mut self, organisation: OrganisationId, subject: Uuid) -> Result<()> {
        let sql = "INSERT INTO idle_watch (subject, organisation, awake_at) VALUES ($1, $2, $3) \
                   ON CONFLICT (subject) DO UPDATE SET awake_at = excluded.awake_at";
        let now = self.now();
        self.conn()
            .execute(sql, params![subject, organisation, now])
            .await?;
        Ok(())
    }

    /// Notes that somebody was told that it is idle since then; whether nobody was before.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn note_told_idle(
        &mut self,
        organisation: OrganisationId,
        subject: Uuid,
        since: Timestamp,
    ) -> Result<bool> {
        let sql = "INSERT INTO idle_watch (subject, organisation, told_of) VALUES ($1, $2, $3) \
                   ON CONFLICT (subject) DO UPDATE SET told_of = excluded.told_of \
                   WHERE COALESCE(idle_watch.told_of, -1) <> excluded.told_of";
        let noted = self
            .conn()
            .execute(sql, params![subject, organisation, since])
            .await?;
        Ok(noted > 0)
    }

    /// Forgets what was done about something that goes.
    pub(crate) async fn forget_idle(&mut self, organisation: OrganisationId, subject: Uuid) -> Result<()> {
        let sql = "DELETE FROM idle_watch WHERE organisation = $1 AND subject = $2";
        let values: &[Value] = params![organisation, subject];
        self.conn().execute(sql, values).await?;
        Ok(())
    }
}
