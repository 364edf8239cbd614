//! What Prometheus reads: figures of the engine, the store, the management plane and the process, put together when they
//! are asked for. No label holds a token, an address, or anything that a caller may choose freely.

mod page;
mod process;
mod requests;

use std::sync::Arc;

use ::http::{HeaderMap, HeaderValue, StatusCode, header};
use app::App;
use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use domain::clock::Timestamp;

use crate::gate::Guard;
use crate::http::Problem;
use crate::serve::Certificates;

pub use requests::Requests;

/// As Prometheus is told what it reads.
const KIND: HeaderValue =
    HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");

/// Where the figures come from, and who may read them.
#[derive(Clone, Debug)]
pub struct Metrics(Arc<Sources>);

#[derive(Debug)]
struct Sources {
    app: Arc<App>,
    requests: Requests,
    guard: Guard,
    certificates: Option<Arc<Certificates>>,
    started: Timestamp,
}

impl Metrics {
    /// The figures of a server that starts now.
    pub fn new(
        app: Arc<App>,
        requests: Requests,
        guard: Guard,
        certificates: Option<Arc<Certificates>>,
    ) -> Self {
        let started = app.clock().now();
        Self(Arc::new(Sources {
            app,
            requests,
            guard,
            certificates,
            started,
        }))
    }
}

/// The listener's one page.
pub fn router(metrics: Metrics) -> Router {
    Router::new()
        .route("/metrics", get(show))
        .fallback(async || refused(&Problem::not_found()))
        .method_not_allowed_fallback(async || refused(&Problem::method_not_allowed()))
        .with_state(metrics)
}

fn refused(problem: &Problem) -> Response {
    problem.render(None).map(axum::body::Body::from)
}

async fn show(State(metrics): State<Metrics>, headers: HeaderMap) -> Response {
    let sources = &*metrics.0;
    let bearer = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
    if !sources.guard.admits(bearer) {
        return refused(&Problem::new(
            StatusCode::UNAUTHORIZED,
            "metrics_unauthenticated",
            "Not a known reader",
            "this listener wants its token as Authorization: Bearer",
        ));
    }
    match page::write(sources).await {
        Ok(text) => {
            let headers = [
                (header::CONTENT_TYPE, KIND),
                (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
            ];
            (headers, text).into_response()
        }
        Err(error) => refused(&app::AppError::internal(error).into()),
    }
}
