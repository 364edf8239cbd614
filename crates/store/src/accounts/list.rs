//! Lists of service accounts, filtered and sorted by the database, a page at a time.

use domain::account::{Account, AccountStatus};
use domain::id::{OrganisationId, RoleId, UserId};
use domain::page::{Cursor, Page, SortValue};

use super::{COLUMNS, account_of};
use crate::Store;
use crate::db::Value;
use crate::error::{Result, StoreError};
use crate::keys::search;

/// Which statuses are asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum AccountStatuses {
    /// Those that are not deleted.
    #[default]
    Kept,
    /// Every one.
    All,
    /// Those named.
    In(Vec<AccountStatus>),
}

/// By what a list is sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AccountSort {
    /// When it was made.
    #[default]
    CreatedAt,
    /// Its name, regardless of case.
    Name,
    /// Its partner's name, regardless of case.
    Partner,
}

impl AccountSort {
    /// Every order, by the name that callers give it.
    pub const ALL: [(&'static str, Self); 3] = [
        ("created_at", Self::CreatedAt),
        ("name", Self::Name),
        ("partner", Self::Partner),
    ];

    fn column(self) -> &'static str {
        match self {
            Self::CreatedAt => "a.created_at",
            Self::Name => "a.name_sort",
            Self::Partner => "a.partner_key",
        }
    }

    fn value(self, account: &Account) -> SortValue {
        match self {
            Self::CreatedAt => SortValue::Int(account.created_at.as_micros()),
            Self::Name => SortValue::Text(account.name.to_lowercase()),
            Self::Partner => SortValue::Text(account.partner.to_lowercase()),
        }
    }

    /// Whether a cursor's value can be of this order; whoever makes one up gets its check value right, too.
    pub fn fits(self, value: &SortValue) -> bool {
        match value {
            SortValue::Int(_) => self == Self::CreatedAt,
            // PostgreSQL refuses U+0000 in a value, and no text holds it.
            SortValue::Text(text) => self != Self::CreatedAt && !text.contains('\0'),
        }
    }
}

/// Which service accounts are asked for, and in which order.
#[derive(Debug, Clone, Default)]
pub struct AccountQuery {
    /// Which statuses.
    pub statuses: AccountStatuses,
    /// A partner's name, in any case.
    pub partner: Option<String>,
    /// The user who answers for them.
    pub owner: Option<UserId>,
    /// A role that they hold.
    pub role: Option<RoleId>,
    /// A tag.
    pub tag: Option<String>,
    /// With (or without) nobody to answer for them: no owner, or one who is not active.
    pub orphaned: Option<bool>,
    /// Words, each of which name, username, email, partner or purpose must hold.
    pub q: Option<String>,
    /// The order.
    pub sort: AccountSort,
    /// Highest first.
    pub descending: bool,
    /// Rows on the page.
    pub limit: u32,
    /// Where the page before ended.
    pub after: Option<Cursor>,
}

/// An account that nobody answers for.
const ORPHANED: &str = "NOT EXISTS (SELECT 1 FROM users u WHERE u.id = a.owner AND u.organisation = a.organisation \
    AND u.status = 'active')";

struct Conditions {
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
}

fn condition_of(status: AccountStatus) -> &'static str {
    match status {
        AccountStatus::Active => "(a.deleted_at IS NULL AND a.active = TRUE)",
        AccountStatus::Inactive => "(a.deleted_at IS NULL AND a.active = FALSE)",
        AccountStatus::Deleted => "a.deleted_at IS NOT NULL",
    }
}

fn filter(conditions: &mut Conditions, query: &AccountQuery) {
    match &query.statuses {
        AccountStatuses::All => {}
        AccountStatuses::Kept => conditions.and("a.deleted_at IS NULL"),
        AccountStatuses::In(statuses) => {
            let any: Vec<&str> = statuses.iter().map(|status| condition_of(*status)).collect();
            let any = if any.is_empty() {
                "FALSE".to_owned()
            } else {
                any.join(" OR ")
            };
            conditions.and(&format!("({any})"));
        }
    }
    let words = query.q.as_deref().map(search::words).unwrap_or_default();
    let texts = [&query.partner, &query.tag];
    if texts.into_iter().flatten().any(|text| text.contains('\0')) || !search::can_match(&words) {
        return conditions.and("FALSE");
    }
    for word in &words {
        let pattern = conditions.bind(search::like(word));
        conditions.and(&format!("a.search LIKE {pattern} ESCAPE '!'"));
    }
    if let Some(partner) = &query.partner {
        let partner = conditions.bind(partner.to_lowercase());
        conditions.and(&format!("a.partner_key = {partner}"));
    }
    if let Some(owner) = query.owner {
        let owner = conditions.bind(owner);
        conditions.and(&format!("a.owner = {owner}"));
    }
    if let Some(role) = query.role {
        let role = conditions.bind(role);
        conditions.and(&format!(
            "a.id IN (SELECT holder FROM role_holders WHERE organisation = $1 AND kind = 'service_account' \
             AND role = {role})"
        ));
    }
    if let Some(tag) = &query.tag {
        // The list is kept as JSON: what stands there between its quotes is this tag and nothing else.
        let quoted = conditions.bind(serde_json::Value::from(tag.as_str()).to_string());
        conditions.and(&format!("REPLACE(a.tags, {quoted}, '') <> a.tags"));
    }
    match query.orphaned {
        Some(true) => conditions.and(ORPHANED),
        Some(false) => conditions.and(&format!("NOT {ORPHANED}")),
        None => {}
    }
}

impl Store {
    /// The service accounts of a query from `offset` on, and how many there are in all, for callers who count pages. The
    /// cursor of the query is not looked at.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn accounts_from(
        &self,
        organisation: OrganisationId,
        query: &AccountQuery,
        offset: u64,
    ) -> Result<(Vec<Account>, i64)> {
        let mut conditions = Conditions {
            sql: "a.organisation = $1".to_owned(),
            values: vec![organisation.into()],
        };
        filter(&mut conditions, query);
        let counting = format!("SELECT COUNT(*) FROM service_accounts a WHERE {}", conditions.sql);
        let counted = self
            .readers
            .query_long(counting, conditions.values.clone())
            .await?;
        let total: i64 = counted.first().ok_or(StoreError::RowMissing)?.get(0)?;
        let Some(offset) = i64::try_from(offset).ok().filter(|offset| *offset < total) else {
            return Ok((Vec::new(), total));
        };
        let (column, order) = (query.sort.column(), if query.descending { "DESC" } else { "ASC" });
        let limit = conditions.bind(i64::from(query.limit));
        let offset = conditions.bind(offset);
        let sql = format!(
            "SELECT {COLUMNS} FROM service_accounts a WHERE {} ORDER BY {column} {order}, a.id {order} LIMIT {limit} \
             OFFSET {offset}",
            conditions.sql
        );
        let rows = self.readers.query_long(sql, conditions.values).await?;
        let accounts = rows.iter().map(account_of).collect::<Result<_>>()?;
        Ok((accounts, total))
    }

    /// A page of an organisation's service accounts; `list` names the list in its cursor.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn accounts(
        &self,
        organisation: OrganisationId,
        query: &AccountQuery,
        list: &str,
    ) -> Result<Page<Account>> {
        let mut conditions = Conditions {
            sql: "a.organisation = $1".to_owned(),
            values: vec![organisation.into()],
        };
        let (column, order) = (query.sort.column(), if query.descending { "DESC" } else { "ASC" });
        if let Some(cursor) = &query.after {
            let value = match &cursor.value {
                SortValue::Int(number) => conditions.bind(*number),
                SortValue::Text(text) => conditions.bind(text.as_str()),
            };
            let id = conditions.bind(cursor.id);
            let than = if query.descending { "<" } else { ">" };
            conditions.and(&format!("({column}, a.id) {than} ({value}, {id})"));
        }
        filter(&mut conditions, query);
        let limit = conditions.bind(i64::from(query.limit) + 1);
        let sql = format!(
            "SELECT {COLUMNS} FROM service_accounts a WHERE {} ORDER BY {column} {order}, a.id {order} LIMIT {limit}",
            conditions.sql
        );
        let rows = self.readers.query_long(sql, conditions.values).await?;
        let mut items: Vec<Account> = rows.iter().map(account_of).collect::<Result<_>>()?;
        let more = items.len() > query.limit as usize;
        items.truncate(query.limit as usize);
        let next_cursor = items.last().filter(|_| more).map(|last| {
            let (value, id) = (query.sort.value(last), last.id.uuid());
            Cursor { value, id }.encode(list)
        });
        Ok(Page { items, next_cursor })
    }
}
