//! A key as it is shown: its stored facts, and what is computed of them.

use domain::access::{Directory, Grants, Held};
use domain::clock::Timestamp;
use domain::id::RoleId;
use domain::key::{Key, Secret, Status};
use domain::limits::{Bounds, Quota};
use engine::QuotaAsked;
use serde::Serialize;
use store::Tx;
use store::accounts::OwnerStanding;
use store::organisations::Tenant;
use store::quotas::quota_in_force;

use super::owner;
use crate::App;
use crate::access::granted;
use crate::error::Result;

/// A key as it is shown, with what is computed of it.
#[derive(Debug, Clone)]
pub struct KeyView {
    /// Its stored facts.
    pub key: Key,
    /// What can be done with it now.
    pub status: Status,
    /// Its owner's name.
    pub owner_name: String,
    /// Its own roles.
    pub roles: Vec<RoleView>,
    /// Its secrets, youngest first; empty in lists.
    pub secrets: Vec<Secret>,
    /// What it may do in the end; none in lists.
    pub effective: Option<Effective>,
    /// How much it may be used.
    pub quota: Option<QuotaView>,
}

/// A key's quota as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuotaView {
    /// The quota.
    pub quota: Quota,
    /// Whether it is the policy's default.
    pub by_default: bool,
    /// The period that runs.
    pub bounds: Bounds,
    /// What is used of it, where that was asked for.
    pub used: Option<u64>,
}

fn quota_view(key: &Key, tenant: &Tenant, now: Timestamp) -> Option<QuotaView> {
    let quota = quota_in_force(key.quota.clone(), &tenant.policy)?;
    Some(QuotaView {
        bounds: quota.bounds(now),
        by_default: key.quota.is_none(),
        quota,
        used: None,
    })
}

impl App {
    /// The key with what is used of its quota.
    pub(super) async fn with_quota(&self, mut view: KeyView) -> Result<KeyView> {
        self.fill_quotas(std::slice::from_mut(&mut view)).await?;
        Ok(view)
    }

    /// Fills in what is used of the keys' quotas.
    pub(super) async fn fill_quotas(&self, views: &mut [KeyView]) -> Result<()> {
        let asked: Vec<QuotaAsked> = views
            .iter()
            .filter_map(|view| {
                Some(QuotaAsked {
                    key: view.key.id,
                    round: view.key.quota_round,
                    bounds: view.quota.as_ref()?.bounds,
                })
            })
            .collect();
        let uses = self.engine.quota_uses(&asked).await?;
        let quotas = views.iter_mut().filter_map(|view| view.quota.as_mut());
        for (quota, used) in quotas.zip(uses) {
            quota.used = Some(used);
        }
        Ok(())
    }
}

/// A role that somebody or something holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = HeldRole)]
pub struct RoleView {
    /// Its id.
    pub id: RoleId,
    /// What it is called.
    #[schema(example = "viewer")]
    pub name: String,
    /// Whether the API to which it belongs, if any, is enabled.
    #[schema(example = true)]
    pub available: bool,
}

/// What a key may do in the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effective {
    /// What it may do now.
    pub permissions: Grants,
    /// Permissions that were granted and are not honoured, because their API is not enabled.
    pub unavailable_permissions: Vec<String>,
    /// Roles that were given and are not honoured, for the same reason.
    pub unavailable_roles: Vec<RoleView>,
}

/// Roles as they are shown.
pub(crate) fn roles_shown(directory: &Directory, roles: &[RoleId]) -> Vec<RoleView> {
    let shown = roles.iter().map(|role| RoleView {
        id: *role,
        name: directory.name(*role).unwrap_or_default().to_owned(),
        available: directory.is_available(*role),
    });
    shown.collect()
}

fn effective_of(directory: &Directory, key: &Key, owner: &OwnerStanding) -> Effective {
    let own_roles: &[RoleId] = match owner.roles.as_deref() {
        Some(roles) if key.inherits() => roles,
        _ => &key.roles,
    };
    let given = key.permissions.union(&granted(directory, own_roles));
    let held = Held {
        grants: &owner::effective(directory, key, owner),
        unavailable: &directory.unavailable,
    };
    let is_gone = |pattern: &str| {
        let parts = pattern.split_once(':');
        parts.is_some_and(|(resource, action)| directory.unavailable.contains(resource, action))
    };
    let roles = roles_shown(directory, own_roles).into_iter();
    Effective {
        permissions: held
            .grants
            .iter()
            .filter(|pattern| !is_gone(&pattern.to_string()))
            .cloned()
            .collect(),
        unavailable_permissions: directory
            .unavailable
            .iter()
            .filter(|permission| given.allow_text(permission))
            .collect(),
        unavailable_roles: roles.filter(|role| !role.available).collect(),
    }
}

/// A key in a list.
pub(crate) fn row(
    key: Key,
    owner_name: String,
    directory: &Directory,
    tenant: &Tenant,
    now: Timestamp,
) -> KeyView {
    KeyView {
        status: key.status(now, tenant.policy.expiring_window),
        quota: quota_view(&key, tenant, now),
        owner_name,
        roles: roles_shown(directory, &key.roles),
        key,
        secrets: Vec::new(),
        effective: None,
    }
}

/// A key by itself.
pub(crate) fn whole(
    key: Key,
    secrets: Vec<Secret>,
    owner: OwnerStanding,
    directory: &Directory,
    tenant: &Tenant,
    now: Timestamp,
) -> KeyView {
    let effective = Some(effective_of(directory, &key, &owner));
    KeyView {
        secrets,
        effective,
        ..row(key, owner.name, directory, tenant, now)
    }
}

/// A key by itself, as a transaction sees it.
pub(crate) async fn seen(tx: &mut Tx, tenant: &Tenant, key: Key) -> Result<KeyView> {
    let directory = tx.directory(key.organisation).await?;
    let owner = owner::standing(tx, tenant, &key).await?;
    let secrets = tx.secrets(key.organisation, key.id).await?;
    let now = tx.now();
    Ok(whole(key, secrets, owner, &directory, tenant, now))
}
