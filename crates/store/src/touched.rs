//! What a narrower policy would touch: how much of it there is, and which are the first.

use domain::clock::Timestamp;
use domain::id::{AccountId, KeyId, OrganisationId};
use domain::policy::{OwnerKind, Touched};
use domain::role::Builtin;
use domain::span::Span;
use uuid::Uuid;

use crate::db::{Engine, Row, Value};
use crate::error::Result;
use crate::keys::owner_of;
use crate::{Store, params};

/// How many are named.
pub const NAMED: u32 = 20;

/// What is touched.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Touches {
    /// How much there is.
    pub count: i64,
    /// The oldest, at most [`NAMED`], by id and name; none of what has no name.
    pub first: Vec<(String, String)>,
}

/// A statement that grows.
struct Statement {
    engine: Engine,
    now: Timestamp,
    values: Vec<Value>,
}

impl Statement {
    fn bind(&mut self, value: impl Into<Value>) -> String {
        self.values.push(value.into());
        format!("${}", self.values.len())
    }

    fn bind_all<T: Into<Value>>(&mut self, values: impl IntoIterator<Item = T>) -> String {
        let marks: Vec<String> = values.into_iter().map(|value| self.bind(value)).collect();
        // `IN ()` is no SQL; nothing is equal to NULL.
        if marks.is_empty() {
            "NULL".to_owned()
        } else {
            marks.join(", ")
        }
    }

    /// The instant that long ago.
    fn ago(&mut self, span: Span) -> String {
        let at = self.now.minus(span.duration());
        self.bind(at)
    }

    /// The same rule as [`domain::key::Key::is_live`], in SQL.
    fn live(&mut self) -> String {
        let now = self.bind(self.now);
        format!(
            "k.deleted_at IS NULL AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > {now})"
        )
    }

    /// Which keys, beside those of the organisation.
    fn keys(&mut self, touched: &Touched) -> Option<String> {
        if *touched == Touched::KeysWithKeptToken {
            let kept = "SELECT s.key FROM secrets s WHERE s.organisation = $1 AND s.data_key IS NOT NULL";
            return Some(format!("k.deleted_at IS NULL AND k.id IN ({kept})"));
        }
        let live = self.live();
        let condition = match touched {
            Touched::Keys => return Some(live),
            Touched::KeysWithEnd => "k.expires_at IS NOT NULL".to_owned(),
            Touched::KeysWithoutEnd => "k.expires_at IS NULL".to_owned(),
            Touched::KeysEndingBeyond(span) => {
                let last = self.now.plus(span.duration());
                let last = self.bind(last);
                format!("(k.expires_at IS NULL OR k.expires_at > {last})")
            }
            Touched::KeysOf(kinds) => {
                let kinds = self.bind_all(kinds.iter().map(|kind| match kind {
                    OwnerKind::Organisation => "organisation",
                    OwnerKind::ServiceAccount => "service_account",
                    OwnerKind::User => "user",
                }));
                format!("k.owner_kind IN ({kinds})")
            }
            Touched::KeysOfKnownAs(names) => {
                // PostgreSQL refuses U+0000 in a value, and nobody is known by it.
                let names = names
                    .iter()
                    .filter(|name| !name.contains('\0'))
                    .map(String::as_str);
                let names = self.bind_all(names);
                format!(
                    "k.owner_id IN (SELECT a.id FROM service_accounts a WHERE a.organisation = $1 \
                     AND (a.username_key IN ({names}) OR a.email_key IN ({names})) \
                     UNION ALL SELECT u.id FROM users u WHERE u.organisation = $1 AND u.email_key IN ({names}))"
                )
            }
            Touched::KeysWithoutLevel => "NOT (k.permissions = '[]' \
                AND (SELECT COUNT(*) FROM role_holders h WHERE h.holder = k.id) = 1 \
                AND EXISTS (SELECT 1 FROM role_holders h JOIN roles r ON r.id = h.role WHERE h.holder = k.id \
                AND r.organisation = $1 AND r.level = TRUE))"
                .to_owned(),
            Touched::KeysWithoutRate => "k.rate_limits = '[]'".to_owned(),
            Touched::KeysWithoutQuota => "k.quota IS NULL".to_owned(),
            Touched::KeysWithGrants => "(k.permissions <> '[]' OR k.roles <> '[]')".to_owned(),
            Touched::KeysWithOtherPrefix(prefix) => {
                // As it is shown: the prefix, an underscore, four characters, an ellipsis, four characters.
                let lead = format!("{}_", prefix.as_str());
                let length = i64::try_from(lead.len()).unwrap_or(i64::MAX);
                let lead = self.bind(lead);
                format!(
                    "(substr(k.display, 1, {length}) <> {lead} OR length(k.display) <> {})",
                    length + 9
                )
            }
            Touched::KeysThatCameBy(sources) => {
                let sources = self.bind_all(sources.iter().map(|source| source.as_str()));
                format!(
                    "k.id IN (SELECT r.key FROM key_requests r WHERE r.organisation = $1 AND r.source IN ({sources}))"
                )
            }
            Touched::KeysNotRotatedFor(span) => {
                let before = self.ago(*span);
                format!("k.rotated_at < {before}")
            }
            Touched::KeysIdleFor(span) => {
                let before = self.ago(*span);
                let used = match self.engine {
                    Engine::Sqlite => "k.use_sort",
                    Engine::Postgres => "COALESCE(k.last_used_at, 0)",
                };
                format!("k.enabled = TRUE AND {used} < {before} AND k.created_at < {before}")
            }
            Touched::KeysThatManage => {
                let builtin = Builtin::ALL
                    .into_iter()
                    .filter(|role| role.grants().iter().any(|one| one.is_management()));
                let builtin = self.bind_all(builtin.map(Builtin::id));
                // The character after the colon: every permission of Claviger's own lies between the two.
                format!(
                    "k.id IN (SELECT l.key FROM key_labels l WHERE l.organisation = $1 AND l.kind = 'permission' \
                     AND l.label >= 'claviger:' AND l.label < 'claviger;' UNION ALL SELECT h.holder FROM role_holders h \
                     WHERE h.organisation = $1 AND h.kind = 'key' AND (h.role IN ({builtin}) OR h.role IN (SELECT r.id \
                     FROM roles r WHERE r.organisation = $1 AND r.permissions LIKE '%\"claviger:%')))"
                )
            }
            _ => return None,
        };
        Some(format!("{live} AND {condition}"))
    }

    /// Which service accounts, beside those of the organisation.
    fn accounts(&mut self, touched: &Touched) -> Option<String> {
        let there = "a.deleted_at IS NULL";
        let condition = match touched {
            Touched::Accounts => return Some(there.to_owned()),
            Touched::AccountsWithoutEmail => "a.email_key IS NULL".to_owned(),
            Touched::AccountsNamedFreely => {
                "(a.email_key IS NULL OR a.email_key <> a.username_key)".to_owned()
            }
            Touched::AccountsIdleFor(span) => {
                let before = self.ago(*span);
                format!(
                    "a.active = TRUE AND a.created_at < {before} AND NOT EXISTS (SELECT 1 FROM keys k \
                     WHERE k.organisation = $1 AND k.owner_id = a.id AND k.last_used_at >= {before})"
                )
            }
            _ => return None,
        };
        Some(format!("{there} AND {condition}"))
    }

    /// What has no name of its own, and is only counted.
    fn rows(&mut self, touched: &Touched) -> Option<String> {
        let (table, column, span) = match touched {
            Touched::RequestsBefore(span) => ("key_requests", "at", span),
            Touched::UsageBefore(span) => ("usage_hours", "hour", span),
            Touched::AuditBefore(span) => ("audit_records", "at", span),
            _ => return None,
        };
        let before = self.ago(*span);
        Some(format!(
            "SELECT COUNT(*) FROM {table} WHERE organisation = $1 AND {column} < {before}"
        ))
    }
}

impl Store {
    /// Counts what is touched, and names the first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn touched(
        &self,
        organisation: OrganisationId,
        touched: &Touched,
        now: Timestamp,
    ) -> Result<Touches> {
        let fresh = || Statement {
            engine: self.engine(),
            now,
            values: params![organisation].to_vec(),
        };
        if let Touched::OwnersWithMoreThan(max) = touched {
            return self.crowded(fresh(), *max).await;
        }
        let mut statement = fresh();
        if let Some(sql) = statement.rows(touched) {
            let count = self.count(sql, statement.values).await?;
            return Ok(Touches {
                count,
                first: Vec::new(),
            });
        }
        let mut statement = fresh();
        let (from, which, order, named): (_, _, _, fn(Uuid) -> String) = match statement.keys(touched) {
            Some(which) => ("keys k", which, "k", |id| KeyId::from_uuid(id).to_string()),
            None => {
                statement = fresh();
                let which = statement.accounts(touched).unwrap_or_else(|| "FALSE".to_owned());
                ("service_accounts a", which, "a", |id| {
                    AccountId::from_uuid(id).to_string()
                })
            }
        };
        let which = format!("FROM {from} WHERE {order}.organisation = $1 AND {which}");
        let count = self
            .count(format!("SELECT COUNT(*) {which}"), statement.values.clone())
            .await?;
        if count == 0 {
            return Ok(Touches::default());
        }
        let sql = format!(
            "SELECT {order}.id, {order}.name {which} ORDER BY {order}.created_at, {order}.id LIMIT {NAMED}"
        );
        let rows = self.readers.query_long(sql, statement.values).await?;
        let first = rows.iter().map(|row| Ok((named(row.get(0)?), row.get(1)?)));
        Ok(Touches {
            count,
            first: first.collect::<Result<_>>()?,
        })
    }

    async fn count(&self, sql: String, values: Vec<Value>) -> Result<i64> {
        let rows = self.readers.query_long(sql, values).await?;
        rows.first().map_or(Ok(0), |row| row.get(0))
    }

    /// Owners with more live keys than that.
    async fn crowded(&self, mut statement: Statement, max: u32) -> Result<Touches> {
        let live = statement.live();
        let crowded = format!(
            "SELECT k.owner_kind, k.owner_id FROM keys k WHERE k.organisation = $1 AND {live} \
             GROUP BY k.owner_kind, k.owner_id HAVING COUNT(*) > {max}"
        );
        let sql = format!("SELECT COUNT(*) FROM ({crowded}) c");
        let count = self.count(sql, statement.values.clone()).await?;
        let sql = format!(
            "SELECT c.owner_kind, c.owner_id, COALESCE(a.name, u.name, o.name, '') \
             FROM ({crowded} ORDER BY k.owner_kind, k.owner_id LIMIT {NAMED}) c \
             LEFT JOIN service_accounts a ON a.organisation = $1 AND a.id = c.owner_id \
             LEFT JOIN users u ON u.organisation = $1 AND u.id = c.owner_id \
             LEFT JOIN organisations o ON o.id = $1 AND o.id = c.owner_id ORDER BY c.owner_kind, c.owner_id"
        );
        let rows = self.readers.query_long(sql, statement.values).await?;
        let first = rows.iter().map(|row: &Row| {
            let kind: String = row.get(0)?;
            let id: Uuid = row.get(1)?;
            Ok((owner_of(&kind, id)?.to_string(), row.get(2)?))
        });
        Ok(Touches {
            count,
            first: first.collect::<Result<_>>()?,
        })
    }
}
