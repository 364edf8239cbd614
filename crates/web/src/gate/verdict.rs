//! From a decision to what a gateway is answered: pass, or a status with as much as the caller may know.

use ::http::{HeaderMap, HeaderValue, StatusCode, header};
use bytes::Bytes;
use domain::decide::{Code, Reason};
use domain::id::RequestId;
use engine::Answer;
use serde::Serialize;

use super::limits;
use super::wish::Tell;

/// What is answered at a door.
#[derive(Debug)]
pub enum Verdict {
    /// The request may pass, with this key.
    Pass(Answer),
    /// A CORS preflight, which has no key and may pass without one.
    Preflight,
    /// It may not.
    Refuse(Refusal),
}

/// Why a request may not pass, as far as its sender may know.
#[derive(Debug)]
pub struct Refusal {
    /// 400, 401, 403 or 429.
    pub status: StatusCode,
    /// For programs.
    pub code: &'static str,
    /// For people.
    pub detail: &'static str,
    /// The clause that is not met.
    pub missing: Option<Box<str>>,
    /// What to say in `WWW-Authenticate` (RFC 6750, section 3).
    challenge: &'static str,
    /// The decision, where a token came so far.
    answer: Option<Answer>,
    /// Seconds to wait, for an address that guesses.
    guess_again_in: Option<u32>,
}

const PLAIN: &str = "Bearer realm=\"claviger\"";
const INVALID_TOKEN: &str = "Bearer realm=\"claviger\", error=\"invalid_token\"";
const INVALID_REQUEST: &str = "Bearer realm=\"claviger\", error=\"invalid_request\"";
const INSUFFICIENT: &str = "Bearer realm=\"claviger\", error=\"insufficient_scope\"";

impl Refusal {
    fn new(status: StatusCode, code: &'static str, detail: &'static str, challenge: &'static str) -> Self {
        Self {
            status,
            code,
            detail,
            missing: None,
            challenge,
            answer: None,
            guess_again_in: None,
        }
    }

    /// Nothing was presented. No token, no knowledge: the same for every door that is coded or not.
    pub(super) fn no_token(tell: Tell) -> Self {
        let code = match tell {
            Tell::Generic => "unauthenticated",
            Tell::Coded => "TOKEN_MISSING",
        };
        Self::new(StatusCode::UNAUTHORIZED, code, "an API key is needed", PLAIN)
    }

    /// Two tokens that differ.
    pub(super) fn conflict(tell: Tell) -> Self {
        let code = match tell {
            Tell::Generic => "conflicting_tokens",
            Tell::Coded => "TOKEN_CONFLICT",
        };
        let detail = "the request holds two different tokens";
        Self::new(StatusCode::BAD_REQUEST, code, detail, INVALID_REQUEST)
    }

    /// An unknown token of an address that has presented too many.
    pub(super) fn guessing(tell: Tell, seconds: u32) -> Self {
        let code = match tell {
            Tell::Generic => "too_many_requests",
            Tell::Coded => "TOO_MANY_GUESSES",
        };
        let detail = "too many API keys that are not valid come from this address";
        Self {
            guess_again_in: Some(seconds.max(1)),
            ..Self::new(StatusCode::TOO_MANY_REQUESTS, code, detail, PLAIN)
        }
    }

    /// A preflight for a path that cannot be judged.
    pub(super) fn ambiguous(tell: Tell) -> Self {
        let code = match tell {
            Tell::Generic => "forbidden",
            Tell::Coded => "AMBIGUOUS_PATH",
        };
        let detail = "the path can be read in two ways";
        Self::new(StatusCode::FORBIDDEN, code, detail, PLAIN)
    }

    /// A request of which nothing is known, because whoever tells of it is no gateway.
    pub(super) fn unknown_path(tell: Tell) -> Self {
        let code = match tell {
            Tell::Generic => "forbidden",
            Tell::Coded => "PATH_UNKNOWN",
        };
        let detail = "whoever asks is no known gateway";
        Self::new(StatusCode::FORBIDDEN, code, detail, PLAIN)
    }

    /// What a decision that is no yes comes to.
    fn of(answer: Answer, tell: Tell) -> Self {
        if let Some(seconds) = answer.guess_again_in {
            return Self::guessing(tell, seconds);
        }
        let (status, coded, detail) = told(answer.code, answer.reason);
        let challenge = match (status, answer.code) {
            (StatusCode::UNAUTHORIZED, _) => INVALID_TOKEN,
            (_, Code::InsufficientPermissions) => INSUFFICIENT,
            _ => PLAIN,
        };
        let mut refusal = match tell {
            Tell::Coded => Self::new(status, coded, detail, challenge),
            Tell::Generic => {
                let (code, detail) = generic(status);
                Self::new(status, code, detail, challenge)
            }
        };
        if tell == Tell::Coded {
            refusal.missing.clone_from(&answer.missing);
        }
        refusal.answer = Some(answer);
        refusal
    }

    /// Writes the headers of an answer, and gives its body (problem+json, RFC 9457).
    pub fn write(&self, headers: &mut HeaderMap, tell: Tell, id: RequestId) -> Bytes {
        if self.status != StatusCode::TOO_MANY_REQUESTS {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(self.challenge));
        }
        if let Some(answer) = &self.answer {
            limits::write(headers, answer);
        }
        if let Some(seconds) = self.guess_again_in {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if tell == Tell::Coded {
            headers.insert("claviger-code", HeaderValue::from_static(self.code));
        }
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if let Ok(value) = HeaderValue::from_str(&id.to_string()) {
            headers.insert(crate::http::REQUEST_ID, value);
        }
        let title = match self.status {
            StatusCode::UNAUTHORIZED => "Not authenticated",
            StatusCode::FORBIDDEN => "Not allowed",
            StatusCode::TOO_MANY_REQUESTS => "Too many requests",
            _ => "The request cannot be taken",
        };
        let written = Written {
            r#type: format!("urn:claviger:problem:{}", self.code.to_ascii_lowercase()),
            title,
            status: self.status.as_u16(),
            code: self.code,
            detail: self.detail,
            missing: self.missing.as_deref(),
            request_id: id,
        };
        serde_json::to_vec(&written).unwrap_or_default().into()
    }
}

#[derive(Serialize)]
struct Written<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    code: &'a str,
    detail: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    missing: Option<&'a str>,
    request_id: RequestId,
}

impl Verdict {
    /// What a decision comes to.
    pub(super) fn of(answer: Answer, tell: Tell) -> Self {
        match answer.code {
            Code::Valid => Self::Pass(answer),
            _ => Self::Refuse(Refusal::of(answer, tell)),
        }
    }
}

fn generic(status: StatusCode) -> (&'static str, &'static str) {
    match status {
        StatusCode::UNAUTHORIZED => ("unauthenticated", "the API key is not valid"),
        StatusCode::TOO_MANY_REQUESTS => ("too_many_requests", "too many requests with this API key"),
        _ => ("forbidden", "the API key does not allow this"),
    }
}

/// Status, code and text. Whoever presents a token that was never issued learns that it is invalid and no more.
fn told(code: Code, reason: Option<Reason>) -> (StatusCode, &'static str, &'static str) {
    let (unauthorized, forbidden) = (StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN);
    match (code, reason) {
        (Code::NotFound | Code::Valid, _) => (unauthorized, "TOKEN_INVALID", "the API key is not valid"),
        (Code::Revoked, _) => (
            unauthorized,
            "TOKEN_REVOKED",
            "the API key was revoked or replaced",
        ),
        (Code::Disabled, _) => (unauthorized, "TOKEN_DISABLED", "the API key is switched off"),
        (Code::Expired, _) => (unauthorized, "TOKEN_EXPIRED", "the API key has expired"),
        (Code::AccountInactive, _) => (
            unauthorized,
            "USER_INACTIVE",
            "whom the API key stands for is not active",
        ),
        (Code::OrganisationSuspended, _) => (
            unauthorized,
            "ORGANISATION_SUSPENDED",
            "the organisation is suspended",
        ),
        (Code::SourceDenied, _) => (
            unauthorized,
            "SOURCE_DENIED",
            "the API key may not be sent in this way",
        ),
        (Code::NetworkDenied, _) => (
            forbidden,
            "NETWORK_DENIED",
            "the API key may not be used from this address",
        ),
        (Code::RateLimited, _) => (
            StatusCode::TOO_MANY_REQUESTS,
            "RATE_LIMITED",
            "too many requests with this API key",
        ),
        (Code::QuotaExceeded, _) => (
            StatusCode::TOO_MANY_REQUESTS,
            "QUOTA_EXCEEDED",
            "the API key's quota is used up",
        ),
        (_, Some(Reason::OwnerKind)) => (
            forbidden,
            "GUARD_MISMATCH",
            "keys of this kind of owner may not come in here",
        ),
        (_, Some(Reason::ApiUnavailable)) => (
            forbidden,
            "API_UNAVAILABLE",
            "the API is not enabled for the organisation",
        ),
        (_, Some(Reason::PathUnknown)) => (
            forbidden,
            "PATH_UNKNOWN",
            "the gateway does not say what is asked for",
        ),
        (_, Some(Reason::AmbiguousPath)) => (forbidden, "AMBIGUOUS_PATH", "the path can be read in two ways"),
        (_, Some(Reason::NoRoute)) => (forbidden, "NO_ROUTE", "the API has no such route"),
        (Code::InsufficientPermissions, None) => (
            forbidden,
            "INSUFFICIENT_PERMISSIONS",
            "the API key lacks a permission",
        ),
    }
}
