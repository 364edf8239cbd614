//! OmniCRM: `/crm/api-keys`. Keys go by their number, their permissions by OmniCRM's names, and their ends by dates.

mod keys;
mod list;
mod permissions;
mod shown;

use domain::policy::Dialect;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Tongue, keys_refused, whole};
use crate::api::caller::headers;
use crate::http::Web;

pub(super) const TAG: &str = "OmniCRM";

pub(super) const TONGUE: Tongue = Tongue {
    dialect: Dialect::OmniCrm,
    routes,
    look: headers,
    keys_refused,
    // OmniCRM's document has no form for refusals.
    shape: None,
};

fn routes() -> OpenApiRouter<Web> {
    OpenApiRouter::new()
        .routes(whole(routes!(list::list, keys::create)))
        .routes(whole(routes!(keys::show, keys::edit, keys::delete)))
        .routes(whole(routes!(keys::regenerate)))
}
