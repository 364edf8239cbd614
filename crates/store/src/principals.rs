//! Who holds permissions, as explanations need to know them: people, service accounts and keys, each with its owner.

use std::collections::BTreeSet;

use domain::access::{Principal, PrincipalOwner};
use domain::clock::Timestamp;
use domain::id::{KeyId, OrganisationId, RoleId};
use domain::key::Owner;
use uuid::Uuid;

use crate::db::{Row, Value};
use crate::error::Result;
use crate::keys::{json, owner_of};
use crate::roles::Holder;
use crate::{Store, params};

/// A principal by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// Who.
    pub holder: Holder,
    /// What people call it.
    pub name: String,
    /// For a key: whom it stands for, and that one's name where it is not the organisation.
    pub owner: Option<(Owner, Option<String>)>,
    /// What its permissions follow from.
    pub principal: Principal,
}

/// Which principals may hold a permission.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Candidates {
    /// The roles that grant it.
    pub roles: Vec<RoleId>,
    /// The patterns that grant it, as they are written.
    pub patterns: Vec<String>,
}

/// Those who share a kind, in the order in which lists go through them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HolderKind {
    /// People.
    User,
    /// Service accounts.
    ServiceAccount,
    /// Keys.
    Key,
}

impl HolderKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::User, Self::ServiceAccount, Self::Key];

    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::ServiceAccount => "service_account",
            Self::Key => "key",
        }
    }
}

fn person_of(row: &Row) -> Result<Known> {
    let mut c = row.read();
    let kind: String = c.next()?;
    Ok(Known {
        holder: Holder::read(&kind, c.next()?)?,
        name: c.next()?,
        owner: None,
        principal: Principal {
            active: c.next()?,
            roles: json("roles", &c.next::<String>()?)?,
            ..Principal::default()
        },
    })
}

fn key_of(row: &Row, now: Timestamp) -> Result<Known> {
    let mut c = row.read();
    let holder = Holder::Key(c.next::<KeyId>()?);
    let name = c.next()?;
    let owner = {
        let kind: String = c.next()?;
        owner_of(&kind, c.next()?)?
    };
    let owner_name: Option<String> = c.next()?;
    let behind = PrincipalOwner {
        active: c.next()?,
        roles: json("roles", &c.next::<String>()?)?,
    };
    let is_on: bool = c.next()?;
    let is_over: bool = c.next()?;
    let expires_at: Option<Timestamp> = c.next()?;
    let is_of_organisation = matches!(owner, Owner::Organisation(_));
    Ok(Known {
        holder,
        name,
        owner: Some((owner, owner_name)),
        principal: Principal {
            active: is_on && !is_over && expires_at.is_none_or(|end| now < end),
            permissions: json("permissions", &c.next::<String>()?)?,
            roles: json("roles", &c.next::<String>()?)?,
            owner: (!is_of_organisation).then_some(behind),
        },
    })
}

/// `$n, $n+1, …` for `count` values.
pub(crate) fn marks(first: usize, count: usize) -> String {
    let marks: Vec<String> = (first..first + count).map(|n| format!("${n}")).collect();
    marks.join(", ")
}

const KEYS: &str = "SELECT k.id, k.name, k.owner_kind, k.owner_id, COALESCE(a.name, u.name), \
    CASE k.owner_kind WHEN 'service_account' THEN COALESCE(a.active, FALSE) \
    WHEN 'user' THEN COALESCE(u.status = 'active', FALSE) ELSE TRUE END, COALESCE(a.roles, u.roles, '[]'), k.enabled, \
    k.revoked_at IS NOT NULL OR k.deleted_at IS NOT NULL, k.expires_at, k.permissions, k.roles \
    FROM keys k LEFT JOIN service_accounts a ON k.owner_kind = 'service_account' AND a.id = k.owner_id \
    LEFT JOIN users u ON k.owner_kind = 'user' AND u.id = k.owner_id WHERE k.organisation = $1 AND k.id IN";
const USERS: &str = "SELECT 'user', u.id, u.name, u.status = 'active', u.roles FROM users u \
    WHERE u.organisation = $1 AND u.id IN";
const ACCOUNTS: &str = "SELECT 'service_account', a.id, a.name, a.active, a.roles FROM service_accounts a \
    WHERE a.organisation = $1 AND a.id IN";

impl Store {
    /// One principal of an organisation, as it is at `now`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn principal(
        &self,
        organisation: OrganisationId,
        holder: Holder,
        now: Timestamp,
    ) -> Result<Option<Known>> {
        let found = self
            .principals(organisation, holder.kind(), &[holder.uuid()], now)
            .await?;
        Ok(found.into_iter().next())
    }

    /// Principals of one kind by their ids, in the order of these; those that the organisation does not have are left out.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn principals(
        &self,
        organisation: OrganisationId,
        kind: HolderKind,
        ids: &[Uuid],
        now: Timestamp,
    ) -> Result<Vec<Known>> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let select = match kind {
            HolderKind::User => USERS,
            HolderKind::ServiceAccount => ACCOUNTS,
            HolderKind::Key => KEYS,
        };
        let mut values = params![organisation].to_vec();
        values.extend(ids.iter().map(|id| Value::from(*id)));
        let sql = format!("{select} ({})", marks(2, ids.len()));
        let rows = self.readers.query(&sql, &values).await?;
        let mut found: Vec<Known> = rows
            .iter()
            .map(|row| match kind {
                HolderKind::Key => key_of(row, now),
                _ => person_of(row),
            })
            .collect::<Result<_>>()?;
        found.sort_by_key(|known| ids.iter().position(|id| *id == known.holder.uuid()));
        Ok(found)
    }

    /// Who of one kind may hold a permission, in the order of their ids after `after`. Whether they do, with what their
    /// owners leave them, is for [`domain::access`] to say.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn candidates(
        &self,
        organisation: OrganisationId,
        kind: HolderKind,
        wanted: &Candidates,
        after: Uuid,
        limit: u32,
    ) -> Result<Vec<Uuid>> {
        let mut found = BTreeSet::new();
        let roles = wanted.roles.chunks(WAYS).map(|roles| (roles, &[][..]));
        let patterns = wanted.patterns.chunks(WAYS).map(|patterns| (&[][..], patterns));
        for (roles, patterns) in roles.chain(patterns.filter(|_| kind == HolderKind::Key)) {
            let mut ways = Ways {
                ways: Vec::new(),
                values: params![organisation, after, i64::from(limit)].to_vec(),
            };
            ways.add(kind, roles, patterns);
            let sql = format!("{} ORDER BY 1 LIMIT $3", ways.ways.join(" UNION "));
            for row in self.readers.query_long(sql, ways.values).await? {
                found.insert(row.get::<Uuid>(0)?);
            }
        }
        Ok(found.into_iter().take(limit as usize).collect())
    }
}

/// How many ways are asked for in one statement; SQLite takes five hundred at the most.
const WAYS: usize = 50;

/// The ways by which a permission may be held, each of them read in the order of an index and no further than is needed.
struct Ways {
    ways: Vec<String>,
    values: Vec<Value>,
}

impl Ways {
    fn bind(&mut self, value: impl Into<Value>) -> String {
        self.values.push(value.into());
        format!("${}", self.values.len())
    }

    fn way(&mut self, select: &str) {
        let n = self.ways.len();
        self.ways
            .push(format!("SELECT id FROM ({select} ORDER BY 1 LIMIT $3) w{n}"));
    }

    fn add(&mut self, kind: HolderKind, roles: &[RoleId], patterns: &[String]) {
        let marks: Vec<String> = roles.iter().map(|role| self.bind(*role)).collect();
        for role in &marks {
            let kind = kind.as_str();
            self.way(&format!(
                "SELECT holder AS id FROM role_holders WHERE organisation = $1 AND role = {role} AND kind = '{kind}' \
                 AND holder > $2"
            ));
        }
        if kind == HolderKind::Key && !marks.is_empty() {
            // Keys that have nothing of their own have what their owners have. From the owners to their keys, that is:
            // CROSS JOIN keeps the order of the tables, and NOT keeps SQLite from going through all keys by their ids.
            self.way(&format!(
                "SELECT k.id AS id FROM role_holders h CROSS JOIN keys k WHERE h.organisation = $1 AND h.role IN ({}) \
                 AND h.kind IN ('user', 'service_account') AND k.organisation = $1 AND k.owner_id = h.holder \
                 AND NOT (k.id <= $2) AND k.permissions = '[]' AND k.roles = '[]'",
                marks.join(", ")
            ));
        }
        for pattern in patterns {
            let label = self.bind(pattern);
            self.way(&format!(
                "SELECT key AS id FROM key_labels WHERE organisation = $1 AND kind = 'permission' AND label = {label} \
                 AND key > $2"
            ));
        }
    }
}
