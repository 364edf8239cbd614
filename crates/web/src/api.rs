//! The management plane: REST under `/v1`, for programs with a management key and for whoever is at the data directory.

mod accounts;
mod audit;
mod caller;
mod health;
mod installation;
mod keys;
mod own;
mod policy;
mod setup;
mod shown;

use std::time::Duration;

use ::http::StatusCode;
use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::timeout::TimeoutLayer;

use crate::http::{Problem, Web, around};

/// The longest that a management request may take.
const TIME_LIMIT: Duration = Duration::from_secs(60);

/// Every route of the management plane.
pub fn router(web: Web) -> Router {
    Router::new()
        .route("/v1/keys", get(keys::list).post(keys::create))
        .route("/v1/keys/summary", get(keys::summary))
        .route(
            "/v1/keys/{id}",
            get(keys::show).patch(keys::edit).delete(keys::delete),
        )
        .route("/v1/keys/{id}/rotate", post(keys::rotate))
        .route("/v1/keys/{id}/revoke", post(keys::revoke))
        .route("/v1/keys/{id}/disable", post(keys::disable))
        .route("/v1/keys/{id}/enable", post(keys::enable))
        .route("/v1/keys/{id}/protect", post(keys::protect))
        .route("/v1/keys/{id}/unprotect", post(keys::unprotect))
        .route("/v1/keys/{id}/reveal", post(keys::reveal))
        .route("/v1/keys/{id}/usage", get(keys::usage))
        .route("/v1/keys/{id}/events", get(keys::events))
        .route("/v1/service-accounts", get(accounts::list).post(accounts::create))
        .route("/v1/service-accounts/import", post(accounts::import))
        .route(
            "/v1/service-accounts/{id}",
            get(accounts::show).patch(accounts::edit).delete(accounts::delete),
        )
        .route("/v1/service-accounts/{id}/activate", post(accounts::activate))
        .route("/v1/service-accounts/{id}/deactivate", post(accounts::deactivate))
        .route("/v1/service-accounts/{id}/reassign", post(accounts::reassign))
        .route("/v1/service-accounts/{id}/keys", get(accounts::keys))
        .route("/v1/service-accounts/{id}/usage", get(accounts::usage))
        .route("/v1/service-accounts/{id}/events", get(accounts::events))
        .route("/v1/partners", get(accounts::partners))
        .route("/v1/verify", post(own::verify))
        .route("/v1/verify/batch", post(own::verify_batch))
        .route("/v1/self", get(own::show))
        .route("/v1/audit", get(audit::list))
        .route("/v1/audit/export", get(audit::export))
        .route("/v1/audit/verify", get(audit::verify))
        .route("/v1/policy", get(policy::show).patch(policy::edit))
        .route("/v1/installation/demo", post(installation::demo))
        .route("/v1/installation/secrets", get(installation::secrets))
        .route("/v1/installation/secrets/rotate", post(installation::rotate))
        .route("/setup.css", get(setup::style))
        .route("/setup/{token}", get(setup::page).post(setup::redeem))
        .route("/healthz", get(health::live))
        .route("/readyz", get(health::ready))
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
