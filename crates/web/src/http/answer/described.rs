//! The answer of a verification as it is described; what is written is held against it by a test.

use domain::access::Grants;
use domain::clock::Timestamp;
use domain::decide::{Code, Reason};
use domain::id::{KeyId, OrganisationId};
use domain::limits::Period;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What kind of owner a key has.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OwnerType {
    /// The organisation itself.
    Organisation,
    /// A service account.
    ServiceAccount,
    /// A person.
    User,
}

/// May this request pass?
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "valid": true, "code": "VALID", "key_id": "key_01k1qhwaswfn78ypkbfj6sw3rt", "name": "Billing sync",
    "owner": {"type": "organisation", "id": "org_01k1qhwaswfn78ypkbfj6sw3rt", "name": "Sample Ltd"},
    "organisation": {"id": "org_01k1qhwaswfn78ypkbfj6sw3rt", "slug": "sample-ltd", "name": "Sample Ltd"},
    "permissions": ["orders:view"], "expires_at": null, "metadata": {"team": "finance"}
}))]
pub struct VerifyAnswer {
    /// Whether it may.
    #[schema(example = true)]
    valid: bool,
    code: Code,
    /// The clause of the requirement that is not met.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "orders:create")]
    missing: Option<String>,
    /// What else stands in the way of a key that is good in itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Reason>,
    /// The rate limit that refuses.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "requests")]
    limited_by: Option<String>,
    /// In how many seconds a limit or the quota would let the same through; `null` where it never would. For an unknown token, when
    /// to come with another, where too many came from its address.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 12)]
    retry_after: Option<u64>,
    /// The key, where the token is one of this installation's; so all that follows.
    #[serde(skip_serializing_if = "Option::is_none")]
    key_id: Option<KeyId>,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "Billing sync")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<VerifiedOwner>,
    #[serde(skip_serializing_if = "Option::is_none")]
    organisation: Option<VerifiedOrganisation>,
    /// What it may do, roles and all.
    #[serde(skip_serializing_if = "Option::is_none")]
    permissions: Option<Grants>,
    /// When it ends by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<Timestamp>,
    /// What its maker keeps with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    metadata: Option<serde_json::Map<String, serde_json::Value>>,
    /// Where each rate limit stands that the request was held against; left out where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    rate_limits: Option<Vec<LimitStanding>>,
    /// Where the quota stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    quota: Option<QuotaStanding>,
    /// For how many seconds the server could not ask whether anything has changed, where it goes on all the same (`node.freshness =
    /// "static"`); left out where the answer is of now.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 12)]
    stale_for: Option<u64>,
}

/// Where a rate limit stands after the request.
#[derive(Debug, Serialize, ToSchema)]
struct LimitStanding {
    /// What it is called.
    #[schema(example = "requests")]
    name: String,
    scope: LimitScope,
    /// How many in a window.
    #[schema(example = 100)]
    limit: u64,
    /// How many are there now.
    #[schema(example = 99)]
    remaining: u64,
    /// When all of them are there again.
    reset_at: Timestamp,
}

/// Whose limit it is: the key's, its service account's, its organisation's, or one that the request brought along.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "described here, and written by hand")]
enum LimitScope {
    Key,
    Owner,
    Organisation,
    Request,
}

/// Where the quota stands after the request.
#[derive(Debug, Serialize, ToSchema)]
struct QuotaStanding {
    /// How many in a period.
    #[schema(example = 10_000)]
    limit: u64,
    /// How many are left.
    #[schema(example = 9_999)]
    remaining: u64,
    per: Period,
    /// When it is filled again; none where it never is by itself.
    #[schema(required)]
    reset_at: Option<Timestamp>,
}

/// Whom the key stands for.
#[derive(Debug, Serialize, ToSchema)]
struct VerifiedOwner {
    r#type: OwnerType,
    /// Its id.
    #[schema(example = "org_01k1qhwaswfn78ypkbfj6sw3rt")]
    id: String,
    /// What it is called.
    #[schema(example = "Sample Ltd")]
    name: String,
}

/// The key's tenant.
#[derive(Debug, Serialize, ToSchema)]
struct VerifiedOrganisation {
    id: OrganisationId,
    /// Names it in headers and on the command line.
    #[schema(example = "sample-ltd")]
    slug: String,
    /// What people call it.
    #[schema(example = "Sample Ltd")]
    name: String,
}

/// Decisions, in the order of the requests.
#[derive(Debug, Serialize, ToSchema)]
pub struct VerifyBatchAnswer {
    results: Vec<VerifyAnswer>,
}
