//! Lists of people, filtered and sorted by the database, a page at a time.

use domain::clock::Timestamp;
use domain::id::{OrganisationId, RoleId};
use domain::page::{Cursor, Page, SortValue};
use domain::user::{User, UserStatus};

use super::{COLUMNS, user_of};
use crate::Store;
use crate::db::Value;
use crate::error::Result;
use crate::keys::search;

/// By what a list is sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UserSort {
    /// When they were first known.
    #[default]
    CreatedAt,
    /// Their name, regardless of case.
    Name,
    /// Their address, regardless of case.
    Email,
    /// When they last signed in; those who never did come first.
    LastSignInAt,
}

impl UserSort {
    /// Every order, by the name that callers give it.
    pub const ALL: [(&'static str, Self); 4] = [
        ("created_at", Self::CreatedAt),
        ("name", Self::Name),
        ("email", Self::Email),
        ("last_sign_in_at", Self::LastSignInAt),
    ];

    fn expression(self) -> &'static str {
        match self {
            Self::CreatedAt => "u.created_at",
            Self::Name => "u.name_sort",
            Self::Email => "u.email_key",
            Self::LastSignInAt => "COALESCE(u.last_sign_in_at, 0)",
        }
    }

    fn value(self, user: &User) -> SortValue {
        match self {
            Self::CreatedAt => SortValue::Int(user.created_at.as_micros()),
            Self::Name => SortValue::Text(user.name.to_lowercase()),
            Self::Email => SortValue::Text(User::email_key(&user.email)),
            Self::LastSignInAt => SortValue::Int(user.last_sign_in_at.map_or(0, Timestamp::as_micros)),
        }
    }

    /// Whether a cursor's value is of this order's kind, and one that a row can have.
    pub fn fits(self, value: &SortValue) -> bool {
        match value {
            SortValue::Text(text) => matches!(self, Self::Name | Self::Email) && !text.contains('\0'),
            SortValue::Int(_) => matches!(self, Self::CreatedAt | Self::LastSignInAt),
        }
    }
}

/// Which people are asked for, and in which order.
#[derive(Debug, Clone, Default)]
pub struct UserQuery {
    /// Of these states; of every state if there are none.
    pub status: Vec<UserStatus>,
    /// Who hold this role.
    pub role: Option<RoleId>,
    /// Words, each of which the name or the address must hold.
    pub q: Option<String>,
    /// The order.
    pub sort: UserSort,
    /// Highest first.
    pub descending: bool,
    /// Rows on the page.
    pub limit: u32,
    /// Where the page before ended.
    pub after: Option<Cursor>,
}

impl Store {
    /// A page of an organisation's people; `list` names the list in its cursor.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn users(
        &self,
        organisation: OrganisationId,
        query: UserQuery,
        list: &str,
    ) -> Result<Page<User>> {
        let mut values: Vec<Value> = vec![organisation.into()];
        let mut bind = |value: Value| {
            values.push(value);
            format!("${}", values.len())
        };
        let mut conditions = vec!["u.organisation = $1".to_owned()];
        let statuses: Vec<String> = query
            .status
            .iter()
            .map(|status| format!("'{}'", status.as_str()))
            .collect();
        if !statuses.is_empty() {
            conditions.push(format!("u.status IN ({})", statuses.join(", ")));
        }
        if let Some(role) = query.role {
            let role = bind(role.into());
            conditions.push(format!(
                "u.id IN (SELECT holder FROM role_holders WHERE organisation = $1 AND role = {role} AND kind = 'user')"
            ));
        }
        for word in query.q.as_deref().map(search::words).unwrap_or_default() {
            let pattern = bind(search::like(&word).into());
            conditions.push(format!("u.search LIKE {pattern} ESCAPE '!'"));
        }
        let (expression, order) = (
            query.sort.expression(),
            if query.descending { "DESC" } else { "ASC" },
        );
        if let Some(cursor) = &query.after {
            let than = if query.descending { "<" } else { ">" };
            let value = match &cursor.value {
                SortValue::Int(number) => Value::from(*number),
                SortValue::Text(text) => Value::from(text),
            };
            let (value, id) = (bind(value), bind(cursor.id.into()));
            conditions.push(format!("({expression}, u.id) {than} ({value}, {id})"));
        }
        let limit = bind((i64::from(query.limit) + 1).into());
        let sql = format!(
            "SELECT {COLUMNS} FROM users u WHERE {} ORDER BY {expression} {order}, u.id {order} LIMIT {limit}",
            conditions.join(" AND ")
        );
        let rows = self.readers.query_long(sql, values).await?;
        let mut items: Vec<User> = rows.iter().map(user_of).collect::<Result<_>>()?;
        let more = items.len() > query.limit as usize;
        items.truncate(query.limit as usize);
        let next_cursor = items.last().filter(|_| more).map(|last| {
            let (value, id) = (query.sort.value(last), last.id.uuid());
            Cursor { value, id }.encode(list)
        });
        Ok(Page { items, next_cursor })
    }
}
