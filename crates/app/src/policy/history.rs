//! Looking back at the policies that held before.

use domain::clock::Timestamp;
use domain::key::Actor;
use domain::page::{Cursor, Page};
use domain::policy::Policy;
use serde::Serialize;
use serde_json::Value;
use store::policies::PolicyVersion;

use super::may_read;
use crate::error::{AppError, Result};
use crate::listing::bad_cursor;
use crate::{App, Caller};

/// How a policy came to be.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(as = PolicyVersion)]
pub struct PolicyVersionView {
    /// Counts from 1.
    #[schema(example = 3, minimum = 1)]
    pub version: i64,
    /// When it began to hold.
    pub at: Timestamp,
    /// Who made it.
    pub by: Actor,
    /// The settings that it changed, by path, each with what it was and what it became.
    #[schema(value_type = Object, example = json!({"deletion": {"before": "deactivate", "after": "erase"}}))]
    pub changes: Value,
    /// The preset that it goes back to, where that is known.
    #[schema(required, example = "openathens")]
    pub preset: Option<String>,
    /// Whether it is the application of that preset, and not an edit after it.
    pub applied: bool,
}

/// A policy that holds, or held.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct PastPolicy {
    /// How it came to be.
    #[serde(flatten)]
    pub version: PolicyVersionView,
    /// The policy, whole.
    pub policy: Policy,
}

impl From<PolicyVersion> for PolicyVersionView {
    fn from(version: PolicyVersion) -> Self {
        Self {
            version: version.version,
            at: version.at,
            by: version.by,
            changes: version.changes,
            preset: version.preset,
            applied: version.applied,
        }
    }
}

impl App {
    /// The versions of the caller's organisation's policy, the youngest first.
    ///
    /// # Errors
    /// As [`AppError`] says.
    #[tracing::instrument(level = "debug", name = "app.policy.policy_history", skip_all)]
    pub async fn policy_history(
        &self,
        caller: &Caller,
        limit: u32,
        cursor: Option<&str>,
    ) -> Result<Page<PolicyVersionView>> {
        may_read(caller)?;
        let list = format!("{} policy", caller.organisation);
        let after = cursor.map(|text| Cursor::decode(text, &list)).transpose();
        let after = after.map_err(bad_cursor)?;
        let versions = self
            .store
            .policy_versions(caller.organisation, after.as_ref(), limit, &list);
        Ok(versions.await?.map(PolicyVersionView::from))
    }

    /// One version of the policy, whole. Given as a patch it is restored.
    ///
    /// # Errors
    /// As [`AppError`] says.
    #[tracing::instrument(level = "debug", name = "app.policy.past_policy", skip_all)]
    pub async fn past_policy(&self, caller: &Caller, version: i64) -> Result<PastPolicy> {
        may_read(caller)?;
        let found = self.store.policy_version(caller.organisation, version).await?;
        let (version, policy) = found.ok_or(AppError::NotFound {
            what: "version of the policy",
        })?;
        let version = version.into();
        Ok(PastPolicy { version, policy })
    }
}
