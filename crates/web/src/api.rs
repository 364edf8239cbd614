//! The management plane: REST under `/v1`, for programs with a management key and for whoever is at the data directory.

mod audit;
mod caller;
mod health;
mod installation;
mod invitations;
mod keys;
mod me;
mod own;
mod page;
mod policy;
mod session;
mod setup;
mod shown;
mod users;

use std::time::Duration;

use ::http::StatusCode;
use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
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
        .route("/v1/verify", post(own::verify))
        .route("/v1/verify/batch", post(own::verify_batch))
        .route("/v1/self", get(own::show))
        .route("/v1/audit", get(audit::list))
        .route("/v1/audit/export", get(audit::export))
        .route("/v1/audit/verify", get(audit::verify))
        .route("/v1/policy", get(policy::show).patch(policy::edit))
        .route(
            "/v1/session",
            get(session::show).post(session::open).delete(session::close),
        )
        .route("/v1/session/confirm", post(session::confirm))
        .route("/v1/sessions", get(session::list).delete(session::end_others))
        .route("/v1/sessions/{id}", delete(session::end))
        .route("/v1/me", get(me::show).patch(me::edit))
        .route("/v1/me/password", post(me::password))
        .route("/v1/me/totp", post(me::draft_factor).delete(me::remove_factor))
        .route("/v1/me/totp/confirm", post(me::confirm_factor))
        .route("/v1/me/recovery-codes", post(me::recovery_codes))
        .route("/v1/users", get(users::list).post(users::invite))
        .route(
            "/v1/users/{id}",
            get(users::show).patch(users::edit).delete(users::delete),
        )
        .route("/v1/users/{id}/disable", post(users::disable))
        .route("/v1/users/{id}/enable", post(users::enable))
        .route("/v1/users/{id}/invite", post(users::invite_again))
        .route("/v1/users/{id}/recover", post(users::recover))
        .route("/v1/users/{id}/hand-over", post(users::hand_over))
        .route(
            "/v1/users/{id}/sessions",
            get(users::sessions).delete(users::end_sessions),
        )
        .route(
            "/v1/invitations/{token}",
            get(invitations::show).post(invitations::accept),
        )
        .route(
            "/invitations/{token}",
            get(invitations::page).post(invitations::redeem),
        )
        .route("/v1/installation/recover", post(installation::recover))
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
