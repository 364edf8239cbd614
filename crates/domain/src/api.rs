//! A protected API: what can be done with it, by which routes, and for whom it is enabled.

mod apis;
mod input;
mod routes;

pub use apis::Apis;
pub use input::{ApiDraft, CheckedApi, is_slug};
pub use routes::{Named, RouteError, Routes, is_ambiguous};

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::id::{ApiId, OrganisationId};
use crate::schema::{self, Requirement};

/// A protected API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Api {
    /// Its id, for life.
    pub id: ApiId,
    /// The organisation that keeps it; others may be let in.
    pub organisation: OrganisationId,
    /// Names it at the doors; unique among the APIs of an organisation.
    pub slug: String,
    /// What people call it.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Whether it is open to anybody at all.
    pub enabled: bool,
    /// What can be done with it.
    pub permissions: Vec<Permission>,
    /// Which request needs what.
    pub routes: Vec<Route>,
    /// When it was described first.
    pub created_at: Timestamp,
    /// Counts its edits from 1; the `ETag`.
    pub version: i64,
}

/// A permission that an API knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = ApiPermission)]
#[serde(deny_unknown_fields)]
pub struct Permission {
    /// `resource:action`.
    #[schema(value_type = schema::Permission)]
    pub name: String,
    /// What it lets its holder do.
    #[serde(default)]
    #[schema(example = "See orders", max_length = 2000)]
    pub description: String,
}

/// A route of an API, and what a caller needs for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = ApiRoute)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// `GET`, …, or `*` for any.
    #[schema(example = "GET", pattern = r"^([A-Z]{1,20}|\*)$")]
    pub method: String,
    /// A template such as `/orders/{id}`.
    #[schema(example = "/orders/{id}", max_length = 256, pattern = "^/")]
    pub path: String,
    /// A requirement expression; none where any valid key may pass.
    #[serde(default)]
    #[schema(value_type = Option<Requirement>)]
    pub requires: Option<String>,
}
