//! Looking at APIs: those that the organisation keeps, and those that it was ever let in to.

use domain::access::Management;
use domain::id::ApiId;
use domain::page::{Page, SortValue};

use super::{ApiView, view};
use crate::error::Result;
use crate::listing::{Listing, Placed};
use crate::{App, Caller};

/// By what a list of APIs is sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ApiSort {
    /// Its slug.
    #[default]
    Slug,
    /// Its name, regardless of case.
    Name,
    /// When it was described first.
    CreatedAt,
}

impl ApiSort {
    /// Every order, by the name that callers give it.
    pub const ALL: [(&'static str, Self); 3] = [
        ("slug", Self::Slug),
        ("name", Self::Name),
        ("created_at", Self::CreatedAt),
    ];

    fn value(self, api: &ApiView) -> SortValue {
        match self {
            Self::Slug => SortValue::Text(api.slug.clone()),
            Self::Name => SortValue::Text(api.name.to_lowercase()),
            Self::CreatedAt => SortValue::Int(api.created_at.as_micros()),
        }
    }
}

/// Which APIs are asked for.
#[derive(Debug, Clone, Default)]
pub struct ApiQuery {
    /// Only those whose permissions are to be had, or only others.
    pub available: Option<bool>,
    /// The order.
    pub sort: ApiSort,
    /// Which page.
    pub page: Listing,
}

impl App {
    /// One API.
    ///
    /// # Errors
    /// As [`crate::AppError`] says.
    #[tracing::instrument(level = "debug", name = "app.api.show_api", skip_all)]
    pub async fn show_api(&self, caller: &Caller, id: ApiId) -> Result<ApiView> {
        caller.require(Management::RolesRead)?;
        self.api_view(caller, id).await
    }

    /// A page of APIs.
    ///
    /// # Errors
    /// As [`crate::AppError`] says.
    #[tracing::instrument(level = "debug", name = "app.api.list_apis", skip_all)]
    pub async fn list_apis(&self, caller: &Caller, query: ApiQuery) -> Result<Page<ApiView>> {
        caller.require(Management::RolesRead)?;
        let all = self.store.apis(caller.organisation).await?;
        let all = all
            .into_iter()
            .map(|offered| view(offered, caller.organisation))
            .filter(|api| query.available.is_none_or(|available| api.available == available))
            .filter(|api| query.page.matches(&[&api.slug, &api.name, &api.description]))
            .map(|api| Placed {
                value: query.sort.value(&api),
                id: api.id.uuid(),
                item: api,
            });
        query.page.page(caller.organisation, all.collect())
    }
}
