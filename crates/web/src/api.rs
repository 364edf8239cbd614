//! The management plane: REST under `/v1`, for programs with a management key and for whoever is at the data directory.

mod accounts;
mod apis;
mod attention;
mod audit;
pub(crate) mod caller;
mod console;
mod docs;
mod health;
mod installation;
mod invitations;
mod key_import;
pub(crate) mod keys;
mod leaks;
mod me;
mod nodes;
mod oauth;
mod oidc;
pub(crate) mod openapi;
mod organisations;
mod own;
mod page;
mod params;
mod permissions;
mod policy;
mod requests;
mod roles;
mod session;
mod setup;
pub(crate) mod shown;
mod usage;
mod user_import;
mod users;
mod webhooks;

use std::time::Duration;

use ::http::StatusCode;
use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::timeout::TimeoutLayer;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use openapi::document;

use crate::http::{Problem, Web, around};

/// The longest that a management request may take.
const TIME_LIMIT: Duration = Duration::from_secs(60);

/// Every route of the management plane, with its description.
fn routes() -> OpenApiRouter<Web> {
    OpenApiRouter::with_openapi(openapi::head())
        .routes(routes!(keys::list, keys::create))
        .routes(routes!(keys::summary))
        .routes(routes!(attention::show))
        .routes(routes!(nodes::list))
        .routes(routes!(key_import::import))
        .routes(routes!(key_import::export))
        .routes(routes!(key_import::report))
        .routes(routes!(keys::show, keys::edit, keys::delete))
        .routes(routes!(keys::rotate))
        .routes(routes!(keys::revoke))
        .routes(routes!(keys::disable))
        .routes(routes!(keys::enable))
        .routes(routes!(keys::protect))
        .routes(routes!(keys::unprotect))
        .routes(routes!(keys::reveal))
        .routes(routes!(keys::adjust_quota))
        .routes(routes!(usage::of_key))
        .routes(routes!(keys::right_size))
        .routes(routes!(keys::anomalies, keys::acknowledge))
        .routes(routes!(keys::events))
        .routes(routes!(requests::of_key))
        .routes(routes!(requests::of_account))
        .routes(routes!(usage::of_organisation))
        .routes(routes!(usage::of_api))
        .routes(routes!(usage::report))
        .routes(routes!(usage::unknown))
        .routes(routes!(own::verify))
        .routes(routes!(own::verify_batch))
        .routes(routes!(own::show))
        .routes(routes!(own::revoke))
        .routes(routes!(oauth::introspect))
        .routes(routes!(oauth::revoke))
        .routes(routes!(leaks::report))
        .routes(routes!(leaks::report_by_github))
        .routes(routes!(audit::list))
        .routes(routes!(audit::export))
        .routes(routes!(audit::verify))
        .routes(routes!(policy::show, policy::edit))
        .routes(routes!(policy::form))
        .routes(routes!(policy::history))
        .routes(routes!(policy::past))
        .routes(routes!(policy::presets))
        .routes(routes!(policy::preset))
        .routes(routes!(policy::apply))
        .routes(routes!(accounts::list, accounts::create))
        .routes(routes!(accounts::import))
        .routes(routes!(accounts::show, accounts::edit, accounts::delete))
        .routes(routes!(accounts::activate))
        .routes(routes!(accounts::deactivate))
        .routes(routes!(accounts::reassign))
        .routes(routes!(accounts::keys))
        .routes(routes!(usage::of_account))
        .routes(routes!(accounts::events))
        .routes(routes!(accounts::partners))
        .routes(routes!(roles::list, roles::create))
        .routes(routes!(roles::show, roles::edit, roles::delete))
        .routes(routes!(apis::list, apis::create))
        .routes(routes!(apis::show, apis::edit, apis::delete))
        .routes(routes!(apis::enable, apis::disable))
        .routes(routes!(webhooks::list, webhooks::create))
        .routes(routes!(webhooks::show, webhooks::edit, webhooks::delete))
        .routes(routes!(webhooks::rotate))
        .routes(routes!(webhooks::test))
        .routes(routes!(webhooks::messages))
        .routes(routes!(webhooks::replay))
        .routes(routes!(permissions::list))
        .routes(routes!(permissions::explain))
        .routes(routes!(permissions::effective))
        .routes(routes!(permissions::holders))
        .routes(routes!(oidc::methods))
        .routes(routes!(oidc::start))
        .routes(routes!(oidc::callback))
        .routes(routes!(session::show, session::open, session::close))
        .routes(routes!(session::confirm))
        .routes(routes!(session::list, session::end_others))
        .routes(routes!(session::end))
        .routes(routes!(me::show, me::edit))
        .routes(routes!(me::password))
        .routes(routes!(me::draft_factor, me::remove_factor))
        .routes(routes!(me::confirm_factor))
        .routes(routes!(me::recovery_codes))
        .routes(routes!(user_import::import))
        .routes(routes!(users::list, users::invite))
        .routes(routes!(users::show, users::edit, users::delete))
        .routes(routes!(users::disable))
        .routes(routes!(users::enable))
        .routes(routes!(users::invite_again))
        .routes(routes!(users::recover))
        .routes(routes!(users::hand_over))
        .routes(routes!(users::sessions, users::end_sessions))
        .routes(routes!(invitations::show, invitations::accept))
        .routes(routes!(invitations::page, invitations::redeem))
        .routes(routes!(installation::recover))
        .routes(routes!(organisations::list, organisations::create))
        .routes(routes!(organisations::show, organisations::edit))
        .routes(routes!(organisations::suspend))
        .routes(routes!(organisations::resume))
        .routes(routes!(organisations::close))
        .routes(routes!(installation::demo))
        .routes(routes!(installation::secrets))
        .routes(routes!(installation::rotate))
        .routes(routes!(setup::style))
        .routes(routes!(setup::page, setup::redeem))
        .routes(routes!(setup::look, setup::begin))
        .routes(routes!(health::live))
        .routes(routes!(health::ready))
        .routes(routes!(openapi::show))
        .routes(routes!(docs::page))
        .routes(routes!(docs::file))
}

/// The management plane.
pub fn router(web: Web) -> Router {
    let (router, _) = routes().split_for_parts();
    crate::dialects::add(router, &web)
        .fallback(console::serve)
        .method_not_allowed_fallback(async || Problem::method_not_allowed())
        .layer(TimeoutLayer::with_status_code(
            StatusCode::SERVICE_UNAVAILABLE,
            TIME_LIMIT,
        ))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn_with_state(web.clone(), around))
        .with_state(web)
}

/// A panic is a fault of ours; its text may hold anything, so that nobody is told.
fn panicked(_: Box<dyn std::any::Any + Send>) -> Response {
    let detail = "something went wrong inside Claviger";
    Problem::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "internal",
        "Something went wrong",
        detail,
    )
    .into_response()
}
