//! The management plane: REST under `/v1`, for programs with a management key and for whoever is at the data directory.

mod audit;
mod caller;
mod docs;
mod health;
mod installation;
mod keys;
mod openapi;
mod organisations;
mod own;
mod params;
mod policy;
mod setup;
mod shown;

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
        .routes(routes!(keys::show, keys::edit, keys::delete))
        .routes(routes!(keys::rotate))
        .routes(routes!(keys::revoke))
        .routes(routes!(keys::disable))
        .routes(routes!(keys::enable))
        .routes(routes!(keys::protect))
        .routes(routes!(keys::unprotect))
        .routes(routes!(keys::reveal))
        .routes(routes!(keys::usage))
        .routes(routes!(keys::events))
        .routes(routes!(own::verify))
        .routes(routes!(own::verify_batch))
        .routes(routes!(own::show))
        .routes(routes!(audit::list))
        .routes(routes!(audit::export))
        .routes(routes!(audit::verify))
        .routes(routes!(policy::show, policy::edit))
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
        .routes(routes!(health::live))
        .routes(routes!(health::ready))
        .routes(routes!(openapi::show))
        .routes(routes!(docs::page))
        .routes(routes!(docs::file))
}

/// The management plane.
pub fn router(web: Web) -> Router {
    let (router, _) = routes().split_for_parts();
    router
        .fallback(async || Problem::not_found())
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
