//! Looking at roles: the organisation's own and the built-in ones together.

use std::collections::HashMap;

use domain::access::Management;
use domain::id::{ApiId, RoleId};
use domain::page::{Page, SortValue};
use domain::role::Builtin;
use store::apis::Offered;

use super::{RoleView, missing, of_builtin, of_own};
use crate::error::{AppError, Result};
use crate::listing::{Listing, Placed};
use crate::{App, Caller};

/// By what a list of roles is sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RoleSort {
    /// Its name, regardless of case.
    #[default]
    Name,
    /// When it was made; the built-in ones come first.
    CreatedAt,
}

impl RoleSort {
    /// Every order, by the name that callers give it.
    pub const ALL: [(&'static str, Self); 2] = [("name", Self::Name), ("created_at", Self::CreatedAt)];

    fn value(self, role: &RoleView) -> SortValue {
        match self {
            Self::Name => SortValue::Text(role.name.to_lowercase()),
            Self::CreatedAt => SortValue::Int(role.created_at.map_or(0, |at| at.as_micros())),
        }
    }
}

/// Which roles are asked for.
#[derive(Debug, Clone, Default)]
pub struct RoleQuery {
    /// Only permission levels, or only others.
    pub level: Option<bool>,
    /// Only those of this API, by id or slug.
    pub api: Option<String>,
    /// Only those that can be handed out now.
    pub offered: bool,
    /// The order.
    pub sort: RoleSort,
    /// Which page.
    pub page: Listing,
}

impl App {
    /// One role.
    ///
    /// # Errors
    /// As [`AppError`] says.
    #[tracing::instrument(level = "debug", name = "app.role.show_role", skip_all)]
    pub async fn show_role(&self, caller: &Caller, id: RoleId) -> Result<RoleView> {
        caller.require(Management::RolesRead)?;
        if let Some(role) = Builtin::of(id) {
            let holders = self.store.count_holders(caller.organisation, &[id]).await?;
            return Ok(of_builtin(role, holders.get(&id).copied().unwrap_or_default()));
        }
        let role = self.store.role(caller.organisation, id).await?;
        self.role_view(role.ok_or_else(missing)?).await
    }

    /// A page of roles.
    ///
    /// # Errors
    /// As [`AppError`] says.
    #[tracing::instrument(level = "debug", name = "app.role.list_roles", skip_all)]
    pub async fn list_roles(&self, caller: &Caller, query: RoleQuery) -> Result<Page<RoleView>> {
        caller.require(Management::RolesRead)?;
        let apis = self.store.apis(caller.organisation).await?;
        let wanted = query.api.as_deref().map(|text| named(&apis, text)).transpose()?;
        let builtin = Builtin::ALL
            .into_iter()
            .map(|role| of_builtin(role, Default::default()));
        let by_id: HashMap<ApiId, &Offered> = apis.iter().map(|one| (one.api.id, one)).collect();
        let own = self.store.roles(caller.organisation).await?;
        let own = own.into_iter().map(|role| {
            let api = role.api.and_then(|api| by_id.get(&api).copied());
            of_own(role, api, Default::default())
        });
        let all = builtin
            .chain(own)
            .filter(|role| query.level.is_none_or(|level| role.level == level))
            .filter(|role| wanted.is_none() || role.api.as_ref().map(|api| api.id) == wanted)
            .filter(|role| !query.offered || role.available)
            .filter(|role| query.page.matches(&[&role.name, &role.description]))
            .map(|role| Placed {
                value: query.sort.value(&role),
                id: role.id.uuid(),
                item: role,
            });
        let mut page = query.page.page(caller.organisation, all.collect())?;
        let ids: Vec<RoleId> = page.items.iter().map(|role| role.id).collect();
        let holders = self.store.count_holders(caller.organisation, &ids).await?;
        for role in &mut page.items {
            role.holders = holders.get(&role.id).copied().unwrap_or_default();
        }
        Ok(page)
    }
}

fn named(apis: &[Offered], text: &str) -> Result<ApiId> {
    let found = match text.parse::<ApiId>() {
        Ok(id) => apis.iter().find(|offered| offered.api.id == id),
        Err(_) => apis.iter().find(|offered| offered.api.slug == text),
    };
    found
        .map(|offered| offered.api.id)
        .ok_or_else(|| AppError::field("api", "there is no such API"))
}
