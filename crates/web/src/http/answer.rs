//! What is asked of `/v1/verify`, and how the answer is written. Written by hand, because it is written for every request:
//! the texts that need escaping are escaped by the library.

mod described;

use std::borrow::Cow;
use std::io::Write as _;
use std::net::IpAddr;

use ::http::HeaderMap;
use app::App;
use domain::clock::Timestamp;
use domain::decide::{Code, Target};
use domain::id::{KeyId, RequestId};
use domain::key::Owner;
use domain::limits::{self, Wish, WrittenWish};
use domain::schema::IpAddress;
use engine::{Answer, CachedKey, Door, Question};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{Problem, token};

pub use described::{OwnerType, VerifyAnswer, VerifyBatchAnswer};

/// The largest body of a batch, in bytes.
pub const MAX_BATCH_BODY: usize = 1024 * 1024;
/// The most verifications in a batch.
const MAX_BATCH: usize = 1_000;

/// A text that is borrowed from the body where it needs no unescaping.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// A verification that is asked for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifyRequest<'a> {
    /// The token, as it was presented.
    #[serde(borrow)]
    #[schema(value_type = String, example = "sk_live_8NqWv0yTq6YB2t0uVx3cZr5sDf7gHj9kLm1nPq2R")]
    key: Text<'a>,
    /// What the request needs: permissions with `AND`, `OR` and parentheses.
    #[serde(borrow)]
    #[schema(value_type = Option<String>, example = "orders:view AND customers:view", max_length = 4096)]
    permissions: Option<Text<'a>>,
    /// The API whose routes say what the request needs too; then its method and path are needed.
    #[serde(borrow, default)]
    #[schema(value_type = Option<String>, example = "orders", max_length = 40, pattern = "^[a-z0-9-]{1,40}$")]
    api: Option<Text<'a>>,
    /// The request's method.
    #[serde(borrow, default)]
    #[schema(value_type = Option<String>, example = "GET", max_length = 20, pattern = "^[A-Z]{1,20}$")]
    method: Option<Text<'a>>,
    /// The request's path as it was sent, without the query.
    #[serde(borrow, default)]
    #[schema(value_type = Option<String>, example = "/orders/7", max_length = 8192, pattern = "^/[^?#]*$")]
    path: Option<Text<'a>>,
    /// From where the request comes.
    #[schema(value_type = Option<IpAddress>)]
    ip: Option<IpAddr>,
    /// What the program that brought the token calls itself; not kept where it holds the token or control characters.
    #[serde(borrow, default)]
    #[schema(value_type = Option<String>, example = "orders-sync/2.1", max_length = 8192)]
    user_agent: Option<Text<'a>>,
    /// How much it counts for limits and the quota; 1 when not said.
    #[serde(default, deserialize_with = "limits::cost")]
    #[schema(minimum = 1, maximum = 1_000_000_000, example = 1)]
    cost: Option<u64>,
    /// Limits of the key's that it is held against instead of all of them, and others that it brings along.
    #[serde(borrow, default, deserialize_with = "limits::wishes")]
    #[schema(value_type = Option<Vec<WrittenWish>>, max_items = 16)]
    rate_limits: Vec<Wish<'a>>,
}

impl VerifyRequest<'_> {
    /// The token as it was presented.
    pub fn token(&self) -> &[u8] {
        self.key.0.as_bytes()
    }

    /// What is asked of it.
    pub fn question(&self, door: Door) -> Question<'_> {
        Question {
            door,
            ip: self.ip,
            requires: self.permissions.as_ref().map(|text| &*text.0),
            target: self.target(),
            agent: self
                .user_agent
                .as_ref()
                .and_then(|agent| harmless(&agent.0, self.token())),
            cost: self.cost,
            limits: &self.rate_limits,
            ..Question::default()
        }
    }

    fn target(&self) -> Option<Target<'_>> {
        let told = |text: &'_ Option<Text<'_>>| text.is_some();
        if !(told(&self.api) || told(&self.method) || told(&self.path)) {
            return None;
        }
        Some(Target {
            api: self.api.as_ref().map(|text| &*text.0),
            method: self.method.as_ref().map(|text| &*text.0),
            path: self.path.as_ref().map(|text| &*text.0),
        })
    }

    /// # Errors
    /// When it names an API and does not say what is asked of it.
    pub fn check(&self) -> Result<(), Problem> {
        let Some(api) = &self.api else { return Ok(()) };
        if self.method.is_none() || self.path.is_none() {
            return Err(Problem::invalid("api: method and path are needed with it"));
        }
        if !domain::api::is_slug(&api.0) {
            return Err(Problem::invalid("api: expected the slug of an API"));
        }
        Ok(())
    }
}

/// What a program calls itself; nothing where it says its token there, or what is no text to be shown.
pub fn harmless<'a>(agent: &'a str, token: &[u8]) -> Option<&'a str> {
    let tells = !token.is_empty() && agent.as_bytes().windows(token.len()).any(|part| part == token);
    (!tells && !agent.contains(char::is_control)).then_some(agent)
}

/// Verifications that are asked for together.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifyBatch<'a> {
    /// One by one.
    #[serde(borrow)]
    #[schema(max_items = 1000)]
    pub requests: Vec<VerifyRequest<'a>>,
}

impl VerifyBatch<'_> {
    /// # Errors
    /// When there are too many.
    pub fn check(&self) -> Result<(), Problem> {
        if self.requests.len() > MAX_BATCH {
            return Err(Problem::invalid(format!(
                "requests: at most {MAX_BATCH} in a batch"
            )));
        }
        self.requests.iter().try_for_each(VerifyRequest::check)
    }
}

/// A key that revoked itself.
#[derive(Debug, serde::Serialize, ToSchema)]
pub struct SelfRevoked {
    /// The key.
    key_id: KeyId,
    /// No request that begins from here on is let through with it.
    effective_at: Timestamp,
}

/// Revokes the key by which a request asks.
///
/// # Errors
/// As [`app::AppError`] says.
pub async fn revoke_self(
    app: &App,
    door: Door,
    headers: &HeaderMap,
    ip: Option<IpAddr>,
    request: RequestId,
) -> Result<SelfRevoked, Problem> {
    let unauthenticated = || Problem::from(app::AppError::Unauthenticated);
    let (token, source) = token::presented(headers)?.ok_or_else(unauthenticated)?;
    let question = Question {
        door,
        source: Some(source),
        ip,
        // To end oneself is no use of what the key protects.
        unlimited: true,
        ..Question::default()
    };
    let revoked = app
        .hand_in(token, &question, request)
        .await?
        .ok_or_else(unauthenticated)?;
    Ok(SelfRevoked {
        key_id: revoked.view.key.id,
        effective_at: revoked.effective_at,
    })
}

/// Writes an answer down.
pub fn render(answer: &Answer) -> Vec<u8> {
    let mut out = Vec::with_capacity(768);
    write(&mut out, answer);
    out
}

/// Writes the answers of a batch down.
pub fn render_batch(answers: &[Answer]) -> Vec<u8> {
    let mut out = Vec::with_capacity(768 * answers.len() + 32);
    out.extend_from_slice(b"{\"results\":[");
    for (i, answer) in answers.iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        write(&mut out, answer);
    }
    out.extend_from_slice(b"]}");
    out
}

fn write(out: &mut Vec<u8>, answer: &Answer) {
    let valid = answer.code == Code::Valid;
    out.extend_from_slice(if valid {
        b"{\"valid\":true,\"code\":\""
    } else {
        b"{\"valid\":false,\"code\":\""
    });
    out.extend_from_slice(answer.code.as_str().as_bytes());
    out.push(b'"');
    if let Some(missing) = &answer.missing {
        out.extend_from_slice(b",\"missing\":");
        text(out, missing);
    }
    if let Some(reason) = answer.reason {
        out.extend_from_slice(b",\"reason\":\"");
        out.extend_from_slice(reason.as_str().as_bytes());
        out.push(b'"');
    }
    if matches!(answer.code, Code::RateLimited | Code::QuotaExceeded) {
        limited(out, answer);
    }
    if let Some(seconds) = answer.guess_again_in {
        // Writing to a Vec cannot fail.
        drop(write!(out, ",\"retry_after\":{seconds}"));
    }
    if let Some(key) = &answer.key {
        facts(out, key);
        standings(out, answer);
    }
    if let Some(stale_for) = answer.stale_for {
        drop(write!(out, ",\"stale_for\":{}", stale_for.as_secs()));
    }
    out.push(b'}');
}

fn facts(out: &mut Vec<u8>, key: &CachedKey) {
    out.extend_from_slice(b",\"key_id\":\"");
    out.extend_from_slice(key.key.text().as_bytes());
    out.extend_from_slice(b"\",\"name\":");
    text(out, key.name());
    let organisation = &key.organisation;
    let (kind, id) = match &key.owner {
        Owner::Organisation(id) => ("organisation", id.text()),
        Owner::ServiceAccount(id) => ("service_account", id.text()),
        Owner::User(id) => ("user", id.text()),
    };
    out.extend_from_slice(b",\"owner\":{\"type\":\"");
    out.extend_from_slice(kind.as_bytes());
    out.extend_from_slice(b"\",\"id\":\"");
    out.extend_from_slice(id.as_bytes());
    out.extend_from_slice(b"\",\"name\":");
    text(out, key.owner_name());
    out.extend_from_slice(b"},\"organisation\":{\"id\":\"");
    out.extend_from_slice(organisation.id.text().as_bytes());
    out.extend_from_slice(b"\",\"slug\":");
    text(out, &organisation.slug);
    out.extend_from_slice(b",\"name\":");
    text(out, &organisation.name);
    out.extend_from_slice(b"},\"permissions\":[");
    for (i, pattern) in key.grants.iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        // A pattern has no character that JSON escapes.
        out.push(b'"');
        pattern.write(out);
        out.push(b'"');
    }
    out.extend_from_slice(b"],\"expires_at\":");
    match key.expires_at() {
        // Writing to a Vec cannot fail.
        Some(at) => drop(write!(out, "\"{at}\"")),
        None => out.extend_from_slice(b"null"),
    }
    out.extend_from_slice(b",\"metadata\":");
    out.extend_from_slice(key.metadata().as_bytes());
}

/// Which limit refuses, and when it would not.
fn limited(out: &mut Vec<u8>, answer: &Answer) {
    if let Some(rate) = answer.limited_by() {
        out.extend_from_slice(b",\"limited_by\":");
        text(out, rate.name);
    }
    match answer.retry_after() {
        // Writing to a Vec cannot fail.
        Some(seconds) => drop(write!(out, ",\"retry_after\":{seconds}")),
        None => out.extend_from_slice(b",\"retry_after\":null"),
    }
}

/// Where the key's limits stand, where the request got as far as those.
fn standings(out: &mut Vec<u8>, answer: &Answer) {
    let mut separator: &[u8] = b",\"rate_limits\":[";
    for rate in answer.rates() {
        out.extend_from_slice(separator);
        separator = b",";
        // A limit's name has no character that JSON escapes.
        let reset_at = answer.at.plus(rate.full_in);
        drop(write!(
            out,
            "{{\"name\":\"{}\",\"scope\":\"{}\",\"limit\":{},\"remaining\":{},\"reset_at\":\"{reset_at}\"}}",
            rate.name,
            rate.scope.as_str(),
            rate.rate.limit(),
            rate.remaining,
        ));
    }
    if separator == b"," {
        out.push(b']');
    }
    if let Some(quota) = answer.quota() {
        drop(write!(
            out,
            ",\"quota\":{{\"limit\":{},\"remaining\":{},\"per\":\"{}\",\"reset_at\":",
            quota.quota.limit,
            quota.remaining,
            quota.quota.per.as_str(),
        ));
        match quota.reset_at {
            Some(at) => drop(write!(out, "\"{at}\"}}")),
            None => out.extend_from_slice(b"null}"),
        }
    }
}

/// Most texts need no escaping; looking costs less than the library's way of writing.
fn text(out: &mut Vec<u8>, text: &str) {
    let plain = text.bytes().fold(true, |plain, byte| {
        plain & (byte >= b' ') & (byte != b'"') & (byte != b'\\')
    });
    if !plain {
        // Writing to a Vec cannot fail.
        let _ = serde_json::to_writer(out, text);
        return;
    }
    out.push(b'"');
    out.extend_from_slice(text.as_bytes());
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_written_as_the_library_writes_it() {
        for sample in [
            "",
            "Billing Sync",
            "Weiß ✓",
            "a \"quoted\" name",
            "back\\slash",
            "line\nbreak",
            "\u{0}\u{1f}\u{7f}",
        ] {
            let mut out = Vec::new();
            text(&mut out, sample);
            assert_eq!(out, serde_json::to_vec(sample).unwrap());
        }
    }
}
