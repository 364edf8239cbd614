//! `/v1/keys`: the verbs of a key's life.

mod list;

use ::http::{HeaderMap, StatusCode, Uri, header};
use app::key::{CreateKey, EditKey, Idempotency, RotateKey, Switch, TokenInput};
use axum::extract::{Path, State};
use axum::response::Response;
use domain::clock::Timestamp;
use domain::id::KeyId;
use domain::key::KeyDraft;
use domain::policy::ExpiryRequest;
use domain::span::Span;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

pub(super) use list::{ListQuery, limit, list, page, summary};

use super::caller::By;
use super::shown;
use crate::http::body::{Json, Query};
use crate::http::problem::Result;
use crate::http::{Problem, Web};

/// Tells a field that is `null` from one that is left out.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(deserializer).map(Some)
}

/// The fields that a key is made of or changed to.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fields {
    name: Option<String>,
    description: Option<String>,
    permissions: Option<Vec<String>>,
    roles: Option<Vec<String>>,
    networks: Option<Vec<String>>,
    tags: Option<Vec<String>>,
    metadata: Option<Map<String, Value>>,
    contacts: Option<Vec<String>>,
    owner: Option<String>,
    #[serde(default, deserialize_with = "present")]
    expires_at: Option<Option<Timestamp>>,
    expires_in: Option<Span>,
    protected: Option<bool>,
    secret: Option<Zeroizing<String>>,
    secret_sha256: Option<String>,
    secret_prefix: Option<String>,
    grace: Option<Span>,
}

impl Fields {
    /// Refuses the fields that this verb has no use for.
    fn only(&self, verb: &str, others: &[(&str, bool)]) -> Result<()> {
        match others.iter().find(|(_, given)| *given) {
            Some((field, _)) => Err(Problem::invalid(format!(
                "{field} cannot be given when {verb} a key"
            ))),
            None => Ok(()),
        }
    }

    fn expiry(&self) -> Result<ExpiryRequest> {
        match (self.expires_at, self.expires_in) {
            (Some(_), Some(_)) => Err(Problem::invalid("expires_at and expires_in exclude each other")),
            (Some(Some(at)), None) => Ok(ExpiryRequest::At(at)),
            (Some(None), None) => Ok(ExpiryRequest::Never),
            (None, Some(life)) => Ok(ExpiryRequest::In(life)),
            (None, None) => Ok(ExpiryRequest::Unsaid),
        }
    }

    fn token(&mut self) -> Result<TokenInput> {
        match (
            self.secret.take(),
            self.secret_sha256.take(),
            self.secret_prefix.take(),
        ) {
            (Some(_), Some(_), _) => Err(Problem::invalid("secret and secret_sha256 exclude each other")),
            (_, None, Some(_)) => Err(Problem::invalid("secret_prefix goes with secret_sha256")),
            (Some(token), None, None) => Ok(TokenInput::External(token)),
            (None, Some(hash), prefix) => Ok(TokenInput::Sha256 { hash, prefix }),
            (None, None, None) => Ok(TokenInput::Generate),
        }
    }

    fn draft(self) -> KeyDraft {
        KeyDraft {
            name: self.name,
            description: self.description,
            permissions: self.permissions,
            roles: self.roles,
            networks: self.networks,
            tags: self.tags,
            metadata: self.metadata,
            contacts: self.contacts,
            owner: self.owner,
        }
    }
}

fn idempotency(headers: &HeaderMap, uri: &Uri, body: &[u8]) -> Result<Option<Idempotency>> {
    let Some(value) = headers.get("idempotency-key") else {
        return Ok(None);
    };
    let token = value
        .to_str()
        .map_err(|_| Problem::invalid("Idempotency-Key: 1 to 255 visible ASCII characters"))?;
    Ok(Some(Idempotency::new(token, uri.path(), body)?))
}

/// An id that is none, or of another kind, names nothing that is here.
pub(super) fn id(text: &str) -> Result<KeyId> {
    text.parse()
        .map_err(|_| app::AppError::NotFound { what: "key" }.into())
}

/// The version that a change is for; none where any will do.
pub(super) fn if_match(headers: &HeaderMap) -> Result<Option<i64>> {
    let tag = headers.get(header::IF_MATCH);
    match tag.map(|value| value.to_str().unwrap_or_default()) {
        None | Some("*") => Ok(None),
        Some(tag) => {
            let number = tag.trim_matches('"').parse();
            number
                .map(Some)
                .map_err(|_| Problem::invalid("If-Match: expected the ETag that was answered, such as \"3\""))
        }
    }
}

pub(super) async fn create(
    By(caller): By,
    State(web): State<Web>,
    uri: Uri,
    headers: HeaderMap,
    Json(mut fields, body): Json<Fields>,
) -> Result<Response> {
    let idempotency = idempotency(&headers, &uri, &body)?;
    fields.only("making", &[("grace", fields.grace.is_some())])?;
    let request = CreateKey {
        expiry: fields.expiry()?,
        token: fields.token()?,
        protected: fields.protected.unwrap_or(false),
        draft: fields.draft(),
    };
    let issued = web.app.create_key(&caller, request, idempotency).await?;
    Ok(shown::issued(StatusCode::CREATED, &issued, web.app.clock().now()))
}

pub(super) async fn show(
    By(caller): By,
    State(web): State<Web>,
    Path(key): Path<String>,
) -> Result<Response> {
    let view = web.app.show_key(&caller, id(&key)?).await?;
    Ok(shown::key(&view, web.app.clock().now()))
}

pub(super) async fn edit(
    By(caller): By,
    State(web): State<Web>,
    Path(key): Path<String>,
    headers: HeaderMap,
    Json(fields, _): Json<Fields>,
) -> Result<Response> {
    let version = if_match(&headers)?;
    let secret = fields.secret.is_some() || fields.secret_sha256.is_some() || fields.secret_prefix.is_some();
    let others = [
        ("grace", fields.grace.is_some()),
        ("secret", secret),
        ("protected", fields.protected.is_some()),
    ];
    fields.only("editing", &others)?;
    let request = EditKey {
        expiry: fields.expiry()?,
        draft: fields.draft(),
        version,
    };
    let view = web.app.edit_key(&caller, id(&key)?, request).await?;
    Ok(shown::key(&view, web.app.clock().now()))
}

pub(super) async fn rotate(
    By(caller): By,
    State(web): State<Web>,
    Path(key): Path<String>,
    uri: Uri,
    headers: HeaderMap,
    Json(mut fields, body): Json<Fields>,
) -> Result<Response> {
    let idempotency = idempotency(&headers, &uri, &body)?;
    let request = RotateKey {
        grace: fields.grace.take(),
        expiry: fields.expiry()?,
        token: fields.token()?,
    };
    let protected = fields.protected.is_some();
    if protected || fields.draft() != KeyDraft::default() {
        return Err(Problem::invalid(
            "rotating takes grace, expires_at or expires_in, and secret alone",
        ));
    }
    let issued = web
        .app
        .rotate_key(&caller, id(&key)?, request, idempotency)
        .await?;
    Ok(shown::issued(StatusCode::OK, &issued, web.app.clock().now()))
}

/// Why a key is ended.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Reason {
    reason: Option<String>,
}

pub(super) async fn revoke(
    By(caller): By,
    State(web): State<Web>,
    Path(key): Path<String>,
    Json(reason, _): Json<Reason>,
) -> Result<Response> {
    let revoked = web.app.revoke_key(&caller, id(&key)?, reason.reason).await?;
    Ok(shown::revoked(&revoked, web.app.clock().now()))
}

pub(super) async fn delete(
    By(caller): By,
    State(web): State<Web>,
    Path(key): Path<String>,
) -> Result<Response> {
    Ok(shown::deleted(&web.app.delete_key(&caller, id(&key)?).await?))
}

async fn switch(By(caller): By, web: &Web, key: &str, switch: Switch) -> Result<Response> {
    let view = web.app.switch_key(&caller, id(key)?, switch).await?;
    Ok(shown::key(&view, web.app.clock().now()))
}

pub(super) async fn enable(by: By, State(web): State<Web>, Path(key): Path<String>) -> Result<Response> {
    switch(by, &web, &key, Switch::Enable).await
}

pub(super) async fn disable(by: By, State(web): State<Web>, Path(key): Path<String>) -> Result<Response> {
    switch(by, &web, &key, Switch::Disable).await
}

pub(super) async fn protect(by: By, State(web): State<Web>, Path(key): Path<String>) -> Result<Response> {
    switch(by, &web, &key, Switch::Protect).await
}

pub(super) async fn unprotect(by: By, State(web): State<Web>, Path(key): Path<String>) -> Result<Response> {
    switch(by, &web, &key, Switch::Unprotect).await
}

pub(super) async fn reveal(
    By(caller): By,
    State(web): State<Web>,
    Path(key): Path<String>,
) -> Result<Response> {
    let key = id(&key)?;
    let token = web.app.reveal_key(&caller, key).await?;
    Ok(shown::json(
        StatusCode::OK,
        &json!({ "id": key, "secret": token.expose() }),
    ))
}

/// A stretch of time.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Stretch {
    pub(super) since: Option<Timestamp>,
    pub(super) until: Option<Timestamp>,
}

pub(super) async fn usage(
    By(caller): By,
    State(web): State<Web>,
    Path(key): Path<String>,
    Query(stretch): Query<Stretch>,
) -> Result<Response> {
    let report = web
        .app
        .key_usage(&caller, id(&key)?, stretch.since, stretch.until)
        .await?;
    Ok(shown::json(StatusCode::OK, &report))
}

/// Which page.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PageQuery {
    pub(super) limit: Option<u32>,
    pub(super) cursor: Option<String>,
}

pub(super) async fn events(
    By(caller): By,
    State(web): State<Web>,
    Path(key): Path<String>,
    Query(page): Query<PageQuery>,
) -> Result<Response> {
    let events = web
        .app
        .key_events(&caller, id(&key)?, limit(page.limit)?, page.cursor.as_deref())
        .await?;
    Ok(shown::json(StatusCode::OK, &events))
}
