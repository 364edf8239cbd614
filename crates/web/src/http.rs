//! What both planes share: problems, request ids, tokens in headers, bodies that are checked as they are read.

pub mod answer;
pub mod body;
pub mod cookie;
pub mod forwarded;
pub mod headers;
pub mod introspection;
pub mod origin;
pub mod problem;
pub mod token;

use std::sync::Arc;

use ::http::{HeaderName, HeaderValue, StatusCode, header};
use app::App;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use domain::clock::Timestamp;
use domain::id::RequestId;
use tracing::Instrument as _;

use crate::metrics::Requests;
use crate::serve::Peer;
use crate::trace;

pub use answer::harmless;
pub use problem::Problem;

/// The header that names a request, in answers and in the audit log.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("claviger-request-id");

/// From when on a change is obeyed on every server, where that is not yet so.
const EFFECTIVE_BY: HeaderName = HeaderName::from_static("claviger-effective-by");

/// What handlers need.
#[derive(Clone, Debug)]
pub struct Web {
    /// The use cases.
    pub app: Arc<App>,
    /// The requests, counted for metrics.
    pub requests: Requests,
}

/// Gives each request an id, writes problems down with it, and forbids every cache and frame.
pub async fn around(State(web): State<Web>, mut request: Request, next: Next) -> Response {
    let id = RequestId::fresh(web.app.clock(), web.app.random());
    request.extensions_mut().insert(id);
    if let Some(Peer::Tcp(peer)) = request.extensions().get::<Peer>() {
        let ip = forwarded::client(peer.ip(), request.headers(), |ip| web.app.is_proxy(ip));
        request.extensions_mut().insert(forwarded::ClientAddress(ip));
    }
    let (method, path) = (
        request.method().clone(),
        without_token(request.uri().path()).to_owned(),
    );
    let began = web.app.clock().boottime();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let span = tracing::debug_span!(
        "web.api",
        otel.kind = "server",
        request = %id,
        http.request.method = method.as_str(),
        http.route = route.as_ref().map(MatchedPath::as_str),
        http.response.status_code = tracing::field::Empty,
    );
    trace::follow(&span, request.headers());
    let (mut response, later) = app::effective::noting(next.run(request).instrument(span.clone())).await;
    let problem = response.extensions_mut().remove::<Problem>();
    if let Some(problem) = problem.or_else(|| Problem::of_framework(&response)) {
        problem.log(id, &method, &path);
        response = problem.render(Some(id)).map(axum::body::Body::from);
    }
    if let Some(at) = later.filter(|_| response.status().is_success()) {
        response = effective_later(response, at).await;
    }
    let (status, took) = (
        response.status(),
        web.app.clock().boottime().saturating_sub(began),
    );
    span.record("http.response.status_code", status.as_u16());
    let route = route.as_ref().map(MatchedPath::as_str);
    web.requests.count(&method, route, status, took);
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&id.to_string()) {
        headers.insert(REQUEST_ID, value);
    }
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers
        .entry(header::CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static(
            "default-src 'none'; frame-ancestors 'none'",
        ));
    response
}

/// Says 202, and from when on, of a change that a server which goes on without the database may not obey yet.
async fn effective_later(response: Response, at: Timestamp) -> Response {
    let (mut parts, body) = response.into_parts();
    parts.status = StatusCode::ACCEPTED;
    let at = at.to_string();
    if let Ok(value) = HeaderValue::from_str(&at) {
        parts.headers.insert(EFFECTIVE_BY, value);
    }
    let is_json = parts
        .headers
        .get(header::CONTENT_TYPE)
        .is_none_or(|kind| kind == "application/json");
    if !is_json {
        return Response::from_parts(parts, body);
    }
    // An answer of ours, and no stream: those are lines of JSON.
    let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
    let read = match bytes.is_empty() {
        true => Some(serde_json::Map::new()),
        false => serde_json::from_slice(&bytes).ok(),
    };
    let Some(mut object) = read else {
        return Response::from_parts(parts, bytes.into());
    };
    object.insert("effective_by".to_owned(), at.into());
    let text = serde_json::Value::Object(object).to_string();
    parts
        .headers
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, text.into())
}

/// The path as it may be logged: without the token of a link, or of a key.
fn without_token(path: &str) -> &str {
    let before = [
        "/setup/",
        "/v1/setup/",
        "/invitations/",
        "/v1/invitations/",
        // Where OpenLMIS names a key by its token.
        "/api/apiKeys/",
        "/api/serviceAccounts/",
    ];
    before
        .into_iter()
        .find(|before| path.starts_with(before))
        .unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::without_token;

    #[test]
    fn a_token_in_the_path_is_not_logged() {
        for (path, logged) in [
            ("/setup/setup_abc", "/setup/"),
            ("/v1/setup/setup_abc", "/v1/setup/"),
            ("/invitations/invite_abc", "/invitations/"),
            ("/v1/invitations/recover_abc", "/v1/invitations/"),
            ("/api/apiKeys/sk_live_abc", "/api/apiKeys/"),
            ("/api/serviceAccounts/sk_live_abc", "/api/serviceAccounts/"),
            ("/v1/keys/key_abc", "/v1/keys/key_abc"),
        ] {
            assert_eq!(without_token(path), logged);
        }
    }
}
