//! Introspection and revocation as OAuth 2.0 has them (RFC 7662, RFC 7009): a form with a token in it.

use ::http::{HeaderMap, header};
use domain::clock::Timestamp;
use domain::decide::Code;
use domain::id::{KeyId, OrganisationId};
use engine::Answer;
use serde::Serialize;
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::Problem;
use super::answer::OwnerType;

/// The largest form, in bytes.
pub const MAX_FORM: usize = 16 * 1024;

/// A token that is asked about.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "described here; the form is read field by field")]
pub struct TokenForm {
    /// The token.
    #[schema(example = "sk_live_8NqWv0yTq6YB2t0uVx3cZr5sDf7gHj9kLm1nPq2R", min_length = 1)]
    token: String,
    /// What kind it is thought to be; not looked at.
    token_type_hint: Option<String>,
}

/// The token of a form. Fields that are not known are passed over, as RFC 7662 (section 2.1) has it.
///
/// # Errors
/// A body of another form, or one without exactly one token.
pub fn token(headers: &HeaderMap, body: &[u8]) -> Result<Zeroizing<String>, Problem> {
    let kind = headers
        .get(header::CONTENT_TYPE)
        .map(|value| value.as_bytes())
        .unwrap_or_default();
    let essence = kind
        .split(|byte| *byte == b';')
        .next()
        .unwrap_or_default()
        .trim_ascii();
    if !essence.eq_ignore_ascii_case(b"application/x-www-form-urlencoded") {
        return Err(Problem::invalid(
            "the body must be sent as application/x-www-form-urlencoded",
        ));
    }
    let mut tokens = form_urlencoded::parse(body).filter(|(name, _)| name == "token");
    match (tokens.next(), tokens.next()) {
        (Some((_, token)), None) if !token.is_empty() => Ok(Zeroizing::new(token.into_owned())),
        (None, _) | (Some(_), None) => Err(Problem::invalid("token: a token is needed")),
        (Some(_), Some(_)) => Err(Problem::invalid("token: stands there twice")),
    }
}

/// What is known of a token (RFC 7662, section 2.2). Of one that is not accepted, nothing.
#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(example = json!({
    "active": true, "scope": "orders:view", "client_id": "key_01k1qhwaswfn78ypkbfj6sw3rt", "token_type": "Bearer",
    "sub": "org_01k1qhwaswfn78ypkbfj6sw3rt", "username": "Sample Ltd", "owner_type": "organisation",
    "organisation": "org_01k1qhwaswfn78ypkbfj6sw3rt", "organisation_slug": "sample-ltd", "name": "Billing sync"
}))]
pub struct Introspection {
    /// Whether the token is accepted.
    active: bool,
    /// What it may do: permissions apart by spaces.
    #[schema(example = "orders:view")]
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    /// The key.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<KeyId>,
    /// How it is presented.
    #[schema(example = "Bearer")]
    #[serde(skip_serializing_if = "Option::is_none")]
    token_type: Option<&'static str>,
    /// When it ends, in seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    exp: Option<i64>,
    /// Whom the key stands for.
    #[schema(example = "org_01k1qhwaswfn78ypkbfj6sw3rt")]
    #[serde(skip_serializing_if = "Option::is_none")]
    sub: Option<String>,
    /// What that is called.
    #[schema(example = "Sample Ltd")]
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    owner_type: Option<OwnerType>,
    #[serde(skip_serializing_if = "Option::is_none")]
    organisation: Option<OrganisationId>,
    /// Names it in headers and on the command line.
    #[schema(example = "sample-ltd")]
    #[serde(skip_serializing_if = "Option::is_none")]
    organisation_slug: Option<String>,
    /// What the key is for.
    #[schema(example = "Billing sync")]
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
}

impl From<Answer> for Introspection {
    fn from(answer: Answer) -> Self {
        let Some(key) = answer.key.filter(|_| answer.code == Code::Valid) else {
            return Self::default();
        };
        let scope: Vec<String> = key.grants.iter().map(ToString::to_string).collect();
        let ends = [key.expires_at(), key.secret_ends_at()];
        let owner_type = match key.owner {
            domain::key::Owner::Organisation(_) => OwnerType::Organisation,
            domain::key::Owner::ServiceAccount(_) => OwnerType::ServiceAccount,
            domain::key::Owner::User(_) => OwnerType::User,
        };
        Self {
            active: true,
            scope: Some(scope.join(" ")),
            client_id: Some(key.key),
            token_type: Some("Bearer"),
            exp: ends
                .into_iter()
                .flatten()
                .min()
                .map(Timestamp::as_micros)
                .map(|at| at.div_euclid(1_000_000)),
            sub: Some(key.owner.to_string()),
            username: Some(key.owner_name().to_owned()),
            owner_type: Some(owner_type),
            organisation: Some(key.organisation.id),
            organisation_slug: Some(key.organisation.slug.to_string()),
            name: Some(key.name().to_owned()),
        }
    }
}
