//! Who can do something: people, service accounts and keys, by what they hold in the end.

use domain::access::{self, Directory, Management, Source};
use domain::id::{OrganisationId, UserId};
use domain::page::{Cursor, CursorError, Page, SortValue};
use domain::role::Builtin;
use serde::Serialize;
use store::principals::{Candidates, HolderKind};
use store::roles::Holder;
use uuid::Uuid;

use super::{Named, named, owner};
use crate::error::{AppError, Result};
use crate::listing::bad_cursor;
use crate::{App, Caller};

/// Candidates that are looked at together.
const STEP: u32 = 500;
/// Candidates that are looked at for one page: what their owners leave them may be nothing, and then a page is short.
const MOST: usize = 10_000;

/// Whose holding is asked for.
#[derive(Debug, Clone)]
pub struct HoldersQuery {
    /// The permission, without wildcards.
    pub permission: String,
    /// Only these kinds.
    pub kinds: Vec<HolderKind>,
    /// Rows on the page.
    pub limit: u32,
    /// Where the page before ended.
    pub cursor: Option<String>,
}

/// Somebody who holds a permission.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(as = PermissionHolder)]
pub struct HolderView {
    /// Who.
    #[serde(flatten)]
    pub named: Named,
    /// For a key: whom it stands for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<Named>,
    /// By which ways.
    pub sources: Vec<Source>,
}

impl App {
    /// A page of those who may do something now: people first, then service accounts, then keys.
    ///
    /// # Errors
    /// As [`AppError`] says.
    pub async fn permission_holders(&self, caller: &Caller, query: HoldersQuery) -> Result<Page<HolderView>> {
        caller.require(Management::RolesRead)?;
        let permission = query.permission.as_str();
        if !access::is_permission(permission) {
            let detail = "expected a permission such as orders:view, without wildcards";
            return Err(AppError::field("permission", detail));
        }
        let organisation = caller.organisation;
        let list = format!("{organisation} holders {permission} {:?}", query.kinds);
        let (first, mut after) = match &query.cursor {
            None => (0, Uuid::nil()),
            Some(text) => place(text, &list).map_err(bad_cursor)?,
        };
        let directory = self.store.directory(organisation).await?;
        let tenant = self.tenant(organisation).await?;
        let wanted = candidates(&directory, permission);
        let (limit, now) = (query.limit as usize, self.clock.now());
        let (mut items, mut looked_at) = (Vec::new(), 0);
        for kind in HolderKind::ALL.into_iter().skip(first) {
            if !query.kinds.contains(&kind) {
                continue;
            }
            loop {
                let ids = self
                    .store
                    .candidates(organisation, kind, &wanted, after, STEP)
                    .await?;
                for known in self.store.principals(organisation, kind, &ids, now).await? {
                    let full = items.len() == limit;
                    let explained = access::explain(&directory, &known.principal, permission)
                        .map_err(AppError::internal)?;
                    let held = explained.permissions.into_iter().find(|finding| finding.held);
                    if full && held.is_some() {
                        let next_cursor = Some(cursor(kind, after, &list));
                        return Ok(Page { items, next_cursor });
                    }
                    after = known.holder.uuid();
                    items.extend(held.map(|finding| HolderView {
                        named: named(known.holder, &known.name),
                        owner: owner(&known, &tenant.organisation.name),
                        sources: finding.sources,
                    }));
                }
                looked_at += ids.len();
                if ids.len() < STEP as usize {
                    break;
                }
                // Candidates whose rows are gone must be passed, too.
                after = ids.last().copied().unwrap_or(after);
                if looked_at >= MOST {
                    let next_cursor = Some(cursor(kind, after, &list));
                    return Ok(Page { items, next_cursor });
                }
            }
            after = Uuid::nil();
        }
        Ok(Page {
            items,
            next_cursor: None,
        })
    }
}

impl App {
    /// People who may do something in an organisation now, by their ids.
    pub(crate) async fn people_who_may(
        &self,
        organisation: OrganisationId,
        wanted: Management,
    ) -> Result<Vec<UserId>> {
        let permission = wanted.as_str();
        let directory = self.store.directory(organisation).await?;
        let candidates = candidates(&directory, permission);
        let (now, mut after, mut found) = (self.clock.now(), Uuid::nil(), Vec::new());
        loop {
            let ids = self
                .store
                .candidates(organisation, HolderKind::User, &candidates, after, STEP)
                .await?;
            for known in self
                .store
                .principals(organisation, HolderKind::User, &ids, now)
                .await?
            {
                let explained =
                    access::explain(&directory, &known.principal, permission).map_err(AppError::internal)?;
                if let Holder::User(user) = known.holder
                    && explained.permissions.iter().any(|finding| finding.held)
                {
                    found.push(user);
                }
            }
            match ids.last() {
                Some(last) if ids.len() == STEP as usize => after = *last,
                _ => return Ok(found),
            }
        }
    }
}

/// What must be held, by role or by pattern, for the permission to be held.
fn candidates(directory: &Directory, permission: &str) -> Candidates {
    let builtin = Builtin::ALL
        .into_iter()
        .filter(|role| role.grants().allow_text(permission));
    let own = directory.roles.iter();
    let own = own.filter(|(_, role)| role.available && role.grants.allow_text(permission));
    Candidates {
        roles: builtin.map(Builtin::id).chain(own.map(|(id, _)| *id)).collect(),
        patterns: access::patterns_over(permission),
    }
}

/// After whom the next page begins, by kind and id.
fn cursor(kind: HolderKind, after: Uuid, list: &str) -> String {
    let value = SortValue::Text(kind.as_str().to_owned());
    Cursor { value, id: after }.encode(list)
}

fn place(text: &str, list: &str) -> Result<(usize, Uuid), CursorError> {
    let cursor = Cursor::decode(text, list)?;
    let SortValue::Text(kind) = cursor.value else {
        return Err(CursorError::Unreadable);
    };
    let kind = HolderKind::ALL.iter().position(|known| known.as_str() == kind);
    Ok((kind.ok_or(CursorError::Unreadable)?, cursor.id))
}
