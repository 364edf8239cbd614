//! Lists of keys, filtered and sorted by the database, a page at a time.

use domain::clock::Timestamp;
use domain::finding::Sought;
use domain::id::{OrganisationId, RoleId};
use domain::key::{Key, Status};
use domain::page::{Cursor, Page, SortValue};
use domain::span::Span;
use uuid::Uuid;

use super::{COLUMNS, key_of, search};
use crate::db::{Engine, Row, Value};
use crate::error::{Result, StoreError};
use crate::{Store, params};

mod finding;
mod offset;
mod plan;

/// Which statuses are asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum StatusFilter {
    /// Those that are not over: neither revoked nor deleted.
    #[default]
    Live,
    /// Every one.
    All,
    /// Those named; `active` takes in `expiring_soon`.
    In(Vec<Status>),
}

/// By what a list is sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum KeySort {
    /// When it was made.
    #[default]
    CreatedAt,
    /// Its name, regardless of case.
    Name,
    /// When it ends; those that never end come last.
    ExpiresAt,
    /// Its maker's name, regardless of case.
    CreatedBy,
    /// When it was last used; those never used come first.
    LastUsedAt,
}

impl KeySort {
    /// Every order, by the name that callers give it.
    pub const ALL: [(&'static str, Self); 5] = [
        ("created_at", Self::CreatedAt),
        ("name", Self::Name),
        ("expires_at", Self::ExpiresAt),
        ("created_by", Self::CreatedBy),
        ("last_used_at", Self::LastUsedAt),
    ];

    /// What is sorted by, written as its index is.
    fn expression(self, engine: Engine) -> &'static str {
        match (self, engine) {
            (Self::CreatedAt, _) => "k.created_at",
            (Self::Name, _) => "k.name_sort",
            (Self::CreatedBy, _) => "k.created_by_name",
            (Self::ExpiresAt, Engine::Postgres) => "COALESCE(k.expires_at, 9223372036854775807)",
            (Self::LastUsedAt, Engine::Postgres) => "COALESCE(k.last_used_at, 0)",
            // SQLite begins in the middle of an index by a row value only where all of it are columns.
            (Self::ExpiresAt, Engine::Sqlite) => "k.end_sort",
            (Self::LastUsedAt, Engine::Sqlite) => "k.use_sort",
        }
    }

    fn index(self) -> &'static str {
        match self {
            Self::CreatedAt => "keys_by_created",
            Self::Name => "keys_by_name",
            Self::ExpiresAt => "keys_by_expiry",
            Self::CreatedBy => "keys_by_creator",
            Self::LastUsedAt => "keys_by_use",
        }
    }

    fn value(self, key: &Key) -> SortValue {
        match self {
            Self::CreatedAt => SortValue::Int(key.created_at.as_micros()),
            Self::Name => SortValue::Text(key.name.to_lowercase()),
            Self::ExpiresAt => SortValue::Int(key.expires_at.map_or(i64::MAX, Timestamp::as_micros)),
            Self::CreatedBy => SortValue::Text(key.created_by.name.to_lowercase()),
            Self::LastUsedAt => SortValue::Int(key.last_used_at.map_or(0, Timestamp::as_micros)),
        }
    }

    fn is_text(self) -> bool {
        matches!(self, Self::Name | Self::CreatedBy)
    }
}

/// By whom keys stand, and by what they are granted it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Whose {
    /// An owner's id, without its kind.
    pub owner: Option<Uuid>,
    /// A partner's name, in any case: keys of its service accounts.
    pub partner: Option<String>,
    /// Owners' ids, of which one is it.
    pub owners: Option<Vec<Uuid>>,
    /// A role that the key itself was given.
    pub role: Option<RoleId>,
    /// Permission patterns, as they were written, of which one was granted.
    pub any_of: Option<Vec<String>>,
}

/// Which keys are asked for, and in which order. By default those that are not over, the oldest first, none on the page.
#[derive(Debug, Clone, Default)]
pub struct KeyQuery {
    /// The instant at which statuses are computed.
    pub now: Timestamp,
    /// The window in which a key counts as expiring soon.
    pub window: Span,
    /// Which statuses.
    pub status: StatusFilter,
    /// Part of the maker's name.
    pub created_by: Option<String>,
    /// A permission pattern that was granted, as it was written.
    pub permission: Option<String>,
    /// A tag.
    pub tag: Option<String>,
    /// Whom they stand for.
    pub whose: Whose,
    /// Ending before.
    pub expires_before: Option<Timestamp>,
    /// Not used since.
    pub idle_since: Option<Timestamp>,
    /// Why they need somebody.
    pub finding: Option<Sought>,
    /// Words, each of which the name, description or display form must hold.
    pub q: Option<String>,
    /// The order.
    pub sort: KeySort,
    /// Highest first.
    pub descending: bool,
    /// Rows on the page.
    pub limit: u32,
    /// Where the page before ended.
    pub after: Option<Cursor>,
}

/// A WHERE clause that grows.
#[derive(Clone)]
struct Conditions {
    engine: Engine,
    sql: String,
    values: Vec<Value>,
}

impl Conditions {
    fn bind(&mut self, value: impl Into<Value>) -> String {
        self.values.push(value.into());
        format!("${}", self.values.len())
    }

    fn and(&mut self, condition: &str) {
        self.sql.push_str(" AND ");
        self.sql.push_str(condition);
    }

    /// Only rows whose place in the order is `than` that one.
    fn place(&mut self, sort: KeySort, than: &str, (value, id): (Value, Value)) {
        let (value, id) = (self.bind(value), self.bind(id));
        let expression = sort.expression(self.engine);
        self.and(&format!("({expression}, k.id) {than} ({value}, {id})"));
    }

    /// The statement that reads a page and one row more.
    fn select(mut self, from: &str, query: &KeyQuery) -> (String, Vec<Value>) {
        let (expression, order) = (query.sort.expression(self.engine), query.direction());
        let limit = self.bind(i64::from(query.limit) + 1);
        let sql = format!(
            "SELECT {COLUMNS} FROM {from} WHERE {} ORDER BY {expression} {order}, k.id {order} LIMIT {limit}",
            self.sql
        );
        (sql, self.values)
    }
}

impl KeyQuery {
    fn direction(&self) -> &'static str {
        if self.descending { "DESC" } else { "ASC" }
    }

    /// The page out of its rows, of which one too many says that there is another page.
    fn page(&self, rows: &[Row], list: &str) -> Result<Page<Key>> {
        let mut items: Vec<Key> = rows.iter().map(key_of).collect::<Result<_>>()?;
        let more = items.len() > self.limit as usize;
        items.truncate(self.limit as usize);
        let next_cursor = items.last().filter(|_| more).map(|last| {
            let (value, id) = (self.sort.value(last), last.id.uuid());
            Cursor { value, id }.encode(list)
        });
        Ok(Page { items, next_cursor })
    }
}

impl Store {
    /// A page of an organisation's keys; `list` names the list in its cursor.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn keys(&self, organisation: OrganisationId, query: KeyQuery, list: &str) -> Result<Page<Key>> {
        let mut conditions = Conditions {
            engine: self.engine(),
            sql: "k.organisation = $1".to_owned(),
            values: vec![organisation.into()],
        };
        if let Some(cursor) = &query.after {
            let value = match &cursor.value {
                SortValue::Int(number) if !query.sort.is_text() => Value::from(*number),
                SortValue::Text(text) if query.sort.is_text() => Value::from(text),
                // A cursor carries its list's name, so that only a forged one gets here: it ends the list.
                _ => return query.page(&[], list),
            };
            let than = if query.descending { "<" } else { ">" };
            conditions.place(query.sort, than, (value, cursor.id.into()));
        }
        let query = match self.engine() {
            Engine::Sqlite => query,
            Engine::Postgres => self.partner_named(organisation, query).await?,
        };
        let words = query.q.as_deref().map(search::words).unwrap_or_default();
        let rows = match self.engine() {
            Engine::Sqlite => plan::sqlite(&self.readers, conditions, &words, &query).await?,
            Engine::Postgres => plan::postgres(&self.readers, conditions, &words, &query).await?,
        };
        query.page(&rows, list)
    }

    /// How many keys there are of a query, counted up to `most` and one more. The place and the words of the query are not
    /// looked at.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn count_keys(&self, organisation: OrganisationId, query: &KeyQuery, most: u32) -> Result<i64> {
        let mut conditions = Conditions {
            engine: self.engine(),
            sql: "k.organisation = $1".to_owned(),
            values: vec![organisation.into()],
        };
        let from = match self.engine() {
            Engine::Sqlite => plan::for_counting(&mut conditions, query),
            Engine::Postgres => "keys k".to_owned(),
        };
        filter(&mut conditions, &[], query);
        let most = conditions.bind(i64::from(most) + 1);
        let sql = format!(
            "SELECT COUNT(*) FROM (SELECT 1 FROM {from} WHERE {} LIMIT {most}) found",
            conditions.sql
        );
        let counted = self.readers.query_long(sql, conditions.values).await?;
        counted.first().ok_or(StoreError::RowMissing)?.get(0)
    }
}

/// Accounts of a partner that are looked up before their keys are.
const MAX_OWNERS: i64 = 1_000;

impl Store {
    /// The query with the accounts of the partner in place of its name: PostgreSQL's planner knows how many keys an
    /// owner has, if it is told which one, and takes any other for an average one (measured at a million keys).
    async fn partner_named(&self, organisation: OrganisationId, mut query: KeyQuery) -> Result<KeyQuery> {
        let Some(partner) = query.whose.partner.as_deref().filter(|name| !name.contains('\0')) else {
            return Ok(query);
        };
        let sql = "SELECT id FROM service_accounts WHERE organisation = $1 AND partner_key = $2 LIMIT $3";
        let values = params![organisation, partner.to_lowercase(), MAX_OWNERS + 1];
        let rows = self.readers.query(sql, values).await?;
        if rows.len() as i64 <= MAX_OWNERS {
            query.whose.partner = None;
            let owners = rows.iter().map(|row| row.get(0));
            query.whose.owners = Some(owners.collect::<Result<_>>()?);
        }
        Ok(query)
    }
}

/// All that is asked for but the place in the order.
fn filter(conditions: &mut Conditions, words: &[String], query: &KeyQuery) {
    match &query.status {
        StatusFilter::All => {}
        StatusFilter::Live => conditions.and("k.deleted_at IS NULL AND k.revoked_at IS NULL"),
        StatusFilter::In(statuses) if statuses.is_empty() => conditions.and("FALSE"),
        StatusFilter::In(statuses) => {
            let now = conditions.bind(query.now);
            let soon = conditions.bind(query.now.plus(query.window.duration()));
            let any: Vec<String> = statuses
                .iter()
                .map(|status| condition_of(*status, &now, &soon))
                .collect();
            // Both instants are bound whatever is asked for, and a bound value must be used.
            conditions.and(&format!(
                "CAST({now} AS BIGINT) <= CAST({soon} AS BIGINT) AND ({})",
                any.join(" OR ")
            ));
        }
    }
    // PostgreSQL refuses U+0000 in a value, and no text holds it.
    let texts = [
        &query.created_by,
        &query.tag,
        &query.permission,
        &query.whose.partner,
    ];
    if texts.into_iter().flatten().any(|text| text.contains('\0')) || !search::can_match(words) {
        return conditions.and("FALSE");
    }
    for word in words {
        let pattern = conditions.bind(search::like(word));
        conditions.and(&format!("k.search LIKE {pattern} ESCAPE '!'"));
    }
    if let Some(name) = &query.created_by {
        let pattern = conditions.bind(search::like(&name.to_lowercase()));
        conditions.and(&format!("k.created_by_name LIKE {pattern} ESCAPE '!'"));
    }
    for (kind, label) in [("tag", &query.tag), ("permission", &query.permission)] {
        if let Some(label) = label {
            let label = conditions.bind(label.as_str());
            conditions.and(&format!(
                "k.id IN (SELECT key FROM key_labels WHERE organisation = $1 AND kind = '{kind}' AND label = {label})"
            ));
        }
    }
    whose(conditions, &query.whose);
    if let Some(before) = query.expires_before {
        let before = conditions.bind(before);
        conditions.and(&format!("COALESCE(k.expires_at, 9223372036854775807) < {before}"));
    }
    if let Some(since) = query.idle_since {
        let since = conditions.bind(since);
        conditions.and(&format!("COALESCE(k.last_used_at, 0) < {since}"));
    }
    if let Some(sought) = query.finding {
        finding::filter(conditions, sought);
    }
}

fn whose(conditions: &mut Conditions, whose: &Whose) {
    if let Some(owner) = whose.owner {
        let owner = conditions.bind(owner);
        conditions.and(&format!("k.owner_id = {owner}"));
    }
    if let Some(partner) = &whose.partner {
        let partner = conditions.bind(partner.to_lowercase());
        conditions.and(&format!(
            "k.owner_id IN (SELECT id FROM service_accounts WHERE organisation = $1 AND partner_key = {partner})"
        ));
    }
    if let Some(owners) = &whose.owners {
        let marks: Vec<String> = owners.iter().map(|owner| conditions.bind(*owner)).collect();
        conditions.and(&match marks.as_slice() {
            [] => "FALSE".to_owned(),
            marks => format!("k.owner_id IN ({})", marks.join(", ")),
        });
    }
    if let Some(role) = whose.role {
        let role = conditions.bind(role);
        conditions.and(&format!(
            "k.id IN (SELECT holder FROM role_holders WHERE organisation = $1 AND role = {role} AND kind = 'key')"
        ));
    }
    if let Some(patterns) = &whose.any_of {
        let marks: Vec<String> = patterns
            .iter()
            .map(|pattern| conditions.bind(pattern.as_str()))
            .collect();
        conditions.and(&match marks.as_slice() {
            [] => "FALSE".to_owned(),
            marks => format!(
                "k.id IN (SELECT key FROM key_labels WHERE organisation = $1 AND kind = 'permission' AND label IN ({}))",
                marks.join(", ")
            ),
        });
    }
}

/// The same rule as [`Key::status`], in SQL.
fn condition_of(status: Status, now: &str, soon: &str) -> String {
    let on = "k.deleted_at IS NULL AND k.revoked_at IS NULL AND k.enabled = TRUE";
    match status {
        Status::Active => format!("({on} AND (k.expires_at IS NULL OR k.expires_at > {now}))"),
        Status::ExpiringSoon => format!("({on} AND k.expires_at > {now} AND k.expires_at <= {soon})"),
        Status::Expired => format!("({on} AND k.expires_at <= {now})"),
        Status::Disabled => {
            "(k.deleted_at IS NULL AND k.revoked_at IS NULL AND k.enabled = FALSE)".to_owned()
        }
        Status::Revoked => "(k.deleted_at IS NULL AND k.revoked_at IS NOT NULL)".to_owned(),
        Status::Deleted => "k.deleted_at IS NOT NULL".to_owned(),
    }
}
