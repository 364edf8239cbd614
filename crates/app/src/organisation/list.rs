//! Looking at organisations.

use domain::id::OrganisationId;
use domain::organisation::Organisation;
use domain::page::{Page, SortValue};

use crate::error::Result;
use crate::listing::{Listing, Placed};
use crate::{App, Caller};

/// By what organisations are sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrganisationSort {
    /// When it was made.
    CreatedAt,
    /// What people call it, regardless of case.
    Name,
}

impl OrganisationSort {
    /// Every order, by the name that callers give it.
    pub const ALL: [(&'static str, Self); 2] = [("created_at", Self::CreatedAt), ("name", Self::Name)];

    fn value(self, organisation: &Organisation) -> SortValue {
        match self {
            Self::CreatedAt => SortValue::Int(organisation.created_at.as_micros()),
            Self::Name => SortValue::Text(organisation.name.to_lowercase()),
        }
    }
}

impl App {
    /// A page of the organisations; of a member's own alone.
    ///
    /// # Errors
    /// As [`crate::AppError`] says.
    #[tracing::instrument(level = "debug", name = "app.organisation.list_organisations", skip_all)]
    pub async fn list_organisations(
        &self,
        caller: &Caller,
        sort: OrganisationSort,
        listing: &Listing,
    ) -> Result<Page<Organisation>> {
        let tenants = if caller.is_operator() {
            self.store.tenants().await?
        } else {
            vec![self.tenant(caller.organisation).await?]
        };
        let all = tenants.into_iter().map(|tenant| tenant.organisation);
        let asked = all.filter(|one| listing.matches(&[&one.name, &one.slug]));
        let placed = asked.map(|one| Placed {
            value: sort.value(&one),
            id: one.id.uuid(),
            item: one,
        });
        listing.page(caller.organisation, placed.collect())
    }

    /// One organisation.
    ///
    /// # Errors
    /// As [`crate::AppError`] says.
    #[tracing::instrument(level = "debug", name = "app.organisation.show_organisation", skip_all)]
    pub async fn show_organisation(&self, caller: &Caller, id: OrganisationId) -> Result<Organisation> {
        caller.may_see(id)?;
        Ok(self.tenant(id).await?.organisation)
    }
}
