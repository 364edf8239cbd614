//! `/oslc/os/mxapiproperty`: Maximo's properties of keys, which are fields of the policy here. They take effect at once.

use ::http::StatusCode;
use axum::extract::State;
use axum::response::Response;
use domain::policy::{IssueFor, Policy, Source};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::parameters::Common;
use crate::api::openapi::NotFound;
use crate::api::shown::json as answer;
use crate::dialects::Speaker;
use crate::http::body::{Json, Query};
use crate::http::problem::Result;
use crate::http::{Problem, Web};

/// A property of which the value follows from the policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = MaximoPropertyName)]
enum Name {
    /// Whether tokens are kept unreadable: always 1.
    #[serde(rename = "mxe.secureapikey")]
    Secure,
    /// Whether everybody makes keys for themself alone (`issue_for`).
    #[serde(rename = "mxe.apikeyforloggedinuser")]
    ForLoggedInUser,
    /// Whether tokens that were made elsewhere are taken (`secret.source`).
    #[serde(rename = "mxe.allowexternalapikey")]
    AllowExternal,
    /// Who is given no keys, apart by commas (`issue_blocked`).
    #[serde(rename = "mxe.apikeysysusers")]
    SystemUsers,
}

impl Name {
    const ALL: [Self; 4] = [
        Self::Secure,
        Self::ForLoggedInUser,
        Self::AllowExternal,
        Self::SystemUsers,
    ];

    fn description(self) -> &'static str {
        match self {
            Self::Secure => "Keep tokens unreadable. Nothing is ever kept in clear, so that this is always 1",
            Self::ForLoggedInUser => "Let everybody make keys for themself alone",
            Self::AllowExternal => "Take tokens that were made elsewhere",
            Self::SystemUsers => "Give no keys to these users, apart by commas",
        }
    }

    fn value(self, policy: &Policy) -> String {
        let switch = |on: bool| if on { "1" } else { "0" }.to_owned();
        match self {
            Self::Secure => switch(true),
            Self::ForLoggedInUser => switch(policy.issue_for == IssueFor::Own),
            Self::AllowExternal => switch(policy.secret.source == Source::ExternalAllowed),
            Self::SystemUsers => policy.issue_blocked.join(","),
        }
    }

    /// The change of the policy that gives the property this value.
    fn patch(self, value: &str) -> Result<Value> {
        let switch = || match value {
            "0" => Ok(false),
            "1" => Ok(true),
            _ => Err(Problem::invalid("propvalue: expected 0 or 1")),
        };
        match self {
            // Tokens are hashed or encrypted, as `secret.storage` says; neither is in clear.
            Self::Secure if switch()? => Ok(json!({})),
            Self::Secure => Err(Problem::invalid(
                "propvalue: 0 would keep tokens in clear, and nothing is ever kept in clear here; secret.storage of the \
                 policy says whether they are hashed or encrypted",
            )),
            Self::ForLoggedInUser => {
                Ok(json!({"issue_for": if switch()? { IssueFor::Own } else { IssueFor::Others }}))
            }
            Self::AllowExternal => {
                let source = if switch()? {
                    Source::ExternalAllowed
                } else {
                    Source::Generated
                };
                Ok(json!({"secret": {"source": source}}))
            }
            Self::SystemUsers => {
                let names = value.split(',').map(str::trim).filter(|name| !name.is_empty());
                Ok(json!({"issue_blocked": names.collect::<Vec<_>>()}))
            }
        }
    }
}

/// A property with its value.
#[derive(Serialize, ToSchema)]
#[schema(as = MaximoProperty)]
pub(super) struct ShownProperty {
    propname: Name,
    /// Its value.
    #[schema(example = "1")]
    propvalue: String,
    /// What it is for.
    #[schema(example = "Take tokens that were made elsewhere")]
    description: &'static str,
    /// Whether it takes effect without a restart: always so.
    #[schema(example = true)]
    liverefresh: bool,
}

fn shown(name: Name, policy: &Policy) -> ShownProperty {
    ShownProperty {
        propname: name,
        propvalue: name.value(policy),
        description: name.description(),
        liverefresh: true,
    }
}

/// The properties.
#[derive(Serialize, ToSchema)]
#[schema(as = MaximoProperties)]
struct Properties {
    /// Each of them.
    member: Vec<ShownProperty>,
    /// Where they are.
    #[schema(example = "oslc/os/mxapiproperty")]
    href: &'static str,
}

/// Maximo's properties of keys, as the policy has them.
#[utoipa::path(
    get, path = "/oslc/os/mxapiproperty", operation_id = "maximo_list_properties", tag = super::TAG,
    params(Common),
    responses((status = OK, description = "The properties", body = Properties), NotFound),
    extensions(("x-claviger-permission" = json!("claviger:policy.read")))
)]
pub(super) async fn list(
    speaker: Speaker,
    State(web): State<Web>,
    Query(_common): Query<Common>,
) -> Result<Response> {
    let policy = web.app.policy(&speaker.caller).await?;
    let properties = Properties {
        member: Name::ALL.into_iter().map(|name| shown(name, &policy)).collect(),
        href: "oslc/os/mxapiproperty",
    };
    Ok(answer(StatusCode::OK, &properties))
}

/// A property that is to have a value.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = MaximoPropertyEdit, example = json!({"propname": "mxe.apikeyforloggedinuser", "propvalue": "0"}))]
pub(super) struct Edit {
    propname: Name,
    /// `0` or `1`; of `mxe.apikeysysusers` names, apart by commas.
    #[serde(deserialize_with = "text")]
    propvalue: String,
}

/// A value is a text; a number is read as one.
fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Text(String),
        Number(i64),
    }
    let written = Written::deserialize(deserializer);
    match written.map_err(|_| serde::de::Error::custom("expected a text, or 0 or 1"))? {
        Written::Text(text) => Ok(text),
        Written::Number(number) => Ok(number.to_string()),
    }
}

/// Gives a property a value, for every decision that begins afterwards.
#[utoipa::path(
    post, path = "/oslc/os/mxapiproperty", operation_id = "maximo_set_property", tag = super::TAG,
    params(Common),
    request_body = Edit,
    responses((status = OK, description = "The property as it is now", body = ShownProperty), NotFound),
    extensions(("x-claviger-permission" = json!("claviger:policy.manage")))
)]
pub(super) async fn set(
    speaker: Speaker,
    State(web): State<Web>,
    Query(_common): Query<Common>,
    Json(edit, _): Json<Edit>,
) -> Result<Response> {
    let caller = &speaker.caller;
    caller.require(domain::access::Management::PolicyManage)?;
    let patch = edit.propname.patch(&edit.propvalue)?;
    let policy = web.app.patch_policy(caller, patch).await?;
    Ok(answer(StatusCode::OK, &shown(edit.propname, &policy)))
}
