//! One table from what can go wrong to what the caller is told (RFC 9457).

use ::http::{HeaderValue, Method, StatusCode, header};
use app::AppError;
use app::policy::{PolicyPreview, Touch};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use domain::id::RequestId;
use domain::input::FieldError;
use serde::Serialize;
use utoipa::ToSchema;

/// A refusal, before it is written down; boxed, so that what goes well is not slowed by what does not.
#[derive(Debug, Clone)]
pub struct Problem(Box<Facts>);

#[derive(Debug, Clone)]
struct Facts {
    status: StatusCode,
    code: &'static str,
    title: &'static str,
    detail: String,
    missing: Option<String>,
    errors: Vec<FieldError>,
    /// Seconds after which it is worth asking again.
    retry_after: Option<u64>,
    /// What the change would do that is to be confirmed.
    preview: Option<Box<PolicyPreview>>,
    /// For the log alone.
    cause: Option<String>,
    /// How it is written down where not as RFC 9457 has it.
    shape: Option<Shape>,
}

/// A refusal in the form that the callers of another system's API expect.
pub type Shape = fn(&Problem) -> (StatusCode, serde_json::Value);

/// A refusal, as it is written down (RFC 9457).
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct Written<'a> {
    /// `urn:claviger:problem:` and the code.
    #[schema(example = "urn:claviger:problem:invalid_request")]
    r#type: String,
    /// The kind of refusal, for people.
    #[schema(example = "The request cannot be taken")]
    title: &'a str,
    /// The status of the answer.
    #[schema(example = 400)]
    status: u16,
    /// The kind of refusal, for programs.
    #[schema(example = "invalid_request")]
    code: &'a str,
    /// What is wrong, in a sentence.
    #[schema(example = "name: a name is needed")]
    detail: &'a str,
    /// The request, as the log names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<RequestId>,
    /// The permission that the caller lacks.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "claviger:keys.create")]
    missing: Option<&'a str>,
    /// Every field that cannot be taken.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [FieldError],
    /// What a change of the policy would touch that is to be confirmed.
    #[serde(skip_serializing_if = "Option::is_none")]
    touches: Option<&'a [Touch]>,
    /// The settings that it would change, by path, each with what it is and what it would be.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>, example = json!({"expiry.max": {"before": null, "after": "90d"}}))]
    changes: Option<&'a serde_json::Value>,
    /// The word to send as `confirm` with the same change.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "5f2ab0c3d9e84176a0b1c2d3e4f50617")]
    confirm: Option<&'a str>,
}

impl Problem {
    /// A problem with its stable code.
    pub fn new(
        status: StatusCode,
        code: &'static str,
        title: &'static str,
        detail: impl Into<String>,
    ) -> Self {
        let detail = detail.into();
        Self(Box::new(Facts {
            status,
            code,
            title,
            detail,
            missing: None,
            errors: Vec::new(),
            retry_after: None,
            preview: None,
            cause: None,
            shape: None,
        }))
    }

    /// The request cannot be read.
    pub fn invalid(detail: impl Into<String>) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "invalid_request",
            "The request cannot be read",
            detail,
        )
    }

    /// Nothing is here.
    pub fn not_found() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "not_found",
            "Not found",
            "there is nothing at this address",
        )
    }

    /// Something is here, for other methods.
    pub fn method_not_allowed() -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method_not_allowed",
            "Method not allowed",
            "this address does not take that method",
        )
    }

    /// What a refusal that the framework made by itself should have said: a path that is not UTF-8, a request that took
    /// too long. None for every other answer.
    pub(crate) fn of_framework(response: &Response) -> Option<Self> {
        let status = response.status();
        let is_page = response
            .headers()
            .get(header::CONTENT_TYPE)
            .is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
        if is_page || !(status.is_client_error() || status.is_server_error()) {
            return None;
        }
        Some(match status {
            StatusCode::SERVICE_UNAVAILABLE => AppError::Unavailable(None).into(),
            status if status.is_server_error() => AppError::internal("the framework refused").into(),
            _ => Self::invalid("the address or a header of the request cannot be read"),
        })
    }

    fn missing(mut self, permission: String) -> Self {
        self.0.missing = Some(permission);
        self
    }

    fn caused_by(mut self, cause: Option<app::error::Cause>) -> Self {
        self.0.cause = cause.map(|cause| cause.to_string());
        self
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.0.status
    }

    /// The kind of refusal, for programs.
    pub fn code(&self) -> &'static str {
        self.0.code
    }

    /// What is wrong, in a sentence; where several fields are, each by its name.
    pub fn sentence(&self) -> String {
        match self.0.errors.as_slice() {
            [] | [_] => self.0.detail.clone(),
            several => {
                let each = several
                    .iter()
                    .map(|fault| format!("{}: {}", fault.field, fault.detail));
                each.collect::<Vec<_>>().join("; ")
            }
        }
    }

    /// The same, to be written down in that form.
    pub fn shaped(mut self, shape: Option<Shape>) -> Self {
        self.0.shape = shape;
        self
    }

    /// Says in the log what the caller is not told.
    pub fn log(&self, id: RequestId, method: &Method, path: &str) {
        if self.0.status.is_server_error() {
            let cause = self.0.cause.as_deref().unwrap_or("none");
            tracing::error!(request = %id, %method, path, code = self.0.code, cause, "a request failed");
        } else {
            tracing::debug!(request = %id, %method, path, code = self.0.code, "a request was refused");
        }
    }

    fn written(&self, request_id: Option<RequestId>) -> (StatusCode, &'static str, Vec<u8>) {
        if let Some(shape) = self.0.shape {
            let (status, body) = shape(self);
            return (status, "application/json", body.to_string().into_bytes());
        }
        let written = Written {
            r#type: format!("urn:claviger:problem:{}", self.0.code),
            title: self.0.title,
            status: self.0.status.as_u16(),
            code: self.0.code,
            detail: &self.0.detail,
            request_id,
            missing: self.0.missing.as_deref(),
            errors: &self.0.errors,
            touches: self.0.preview.as_ref().map(|preview| preview.touches.as_slice()),
            changes: self.0.preview.as_ref().map(|preview| &preview.changes),
            confirm: self.0.preview.as_ref().map(|preview| preview.confirm.as_str()),
        };
        let body = serde_json::to_vec(&written).unwrap_or_default();
        (self.0.status, "application/problem+json", body)
    }

    /// Writes it down.
    pub fn render(&self, request_id: Option<RequestId>) -> ::http::Response<Bytes> {
        let (status, kind, body) = self.written(request_id);
        let mut response = ::http::Response::new(Bytes::from(body));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        let id = request_id.and_then(|id| HeaderValue::from_str(&id.to_string()).ok());
        if let Some(id) = id {
            headers.insert(super::REQUEST_ID, id);
        }
        if self.0.status == StatusCode::UNAUTHORIZED {
            headers.insert(
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static("Bearer realm=\"claviger\""),
            );
        }
        let unavailable = (self.0.status == StatusCode::SERVICE_UNAVAILABLE).then_some(1);
        if let Some(seconds) = self.0.retry_after.or(unavailable) {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// The caller's middleware writes it down, with the request's id; see [`super::around`].
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.0.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<AppError> for Problem {
    fn from(error: AppError) -> Self {
        let detail = error.to_string();
        let plain = |status, code, title| Self::new(status, code, title, detail.clone());
        match error {
            AppError::Unauthenticated => plain(StatusCode::UNAUTHORIZED, "unauthenticated", "Not signed in"),
            AppError::WrongCredentials => {
                plain(StatusCode::UNAUTHORIZED, "wrong_credentials", "Not signed in")
            }
            AppError::SecondFactorNeeded => {
                plain(StatusCode::UNAUTHORIZED, "second_factor_needed", "Not signed in")
            }
            AppError::Throttled { retry_after } => {
                let mut problem = plain(
                    StatusCode::TOO_MANY_REQUESTS,
                    "too_many_attempts",
                    "Too many attempts",
                );
                problem.0.retry_after = Some(retry_after.as_secs().max(1));
                problem
            }
            AppError::RecentSignInNeeded => plain(
                StatusCode::FORBIDDEN,
                "recent_sign_in_needed",
                "Show again who you are",
            ),
            AppError::PeopleOnly => plain(StatusCode::FORBIDDEN, "people_only", "Not allowed"),
            AppError::Forbidden { missing } => {
                plain(StatusCode::FORBIDDEN, "forbidden", "Not allowed").missing(missing)
            }
            AppError::KeysMayNotManage => plain(StatusCode::FORBIDDEN, "keys_may_not_manage", "Not allowed"),
            AppError::GrantsBeyond { pattern } => {
                plain(StatusCode::FORBIDDEN, "grants_beyond", "Not allowed").missing(pattern)
            }
            AppError::NotFound { .. } => plain(StatusCode::NOT_FOUND, "not_found", "Not found"),
            AppError::Invalid(errors) => {
                let mut problem = plain(
                    StatusCode::BAD_REQUEST,
                    "invalid_request",
                    "The request cannot be taken",
                );
                if let [only] = errors.as_slice() {
                    problem.0.detail = format!("{}: {}", only.field, only.detail);
                }
                problem.0.errors = errors;
                problem
            }
            AppError::Conflict { code, .. } => {
                plain(StatusCode::CONFLICT, code, "In conflict with the state of things")
            }
            AppError::Refused(_) => plain(
                StatusCode::UNPROCESSABLE_ENTITY,
                "policy_refused",
                "Against the policy",
            ),
            AppError::Unconfirmed(preview) => {
                let mut problem = plain(StatusCode::CONFLICT, "confirmation_needed", "To be confirmed");
                problem.0.preview = Some(preview);
                problem
            }
            AppError::Precondition { .. } => plain(
                StatusCode::PRECONDITION_FAILED,
                "precondition_failed",
                "Changed meanwhile",
            ),
            // Browsers are told on a page (`api/oidc.rs`); nobody else has to do with the provider.
            AppError::Provider(cause) => plain(
                StatusCode::INTERNAL_SERVER_ERROR,
                "internal",
                "Something went wrong",
            )
            .caused_by(Some(Box::new(cause))),
            AppError::Unavailable(cause) => plain(
                StatusCode::SERVICE_UNAVAILABLE,
                "unavailable",
                "Not available at the moment",
            )
            .caused_by(cause),
            AppError::Internal(cause) => plain(
                StatusCode::INTERNAL_SERVER_ERROR,
                "internal",
                "Something went wrong",
            )
            .caused_by(Some(cause)),
        }
    }
}

/// The answer of a handler.
pub type Result<T, E = Problem> = std::result::Result<T, E>;
