//! Whom a key stands for: which owners the policy lets it have, and what it may do in the end.

use domain::access::{Directory, Grants};
use domain::clock::Timestamp;
use domain::input::FieldError;
use domain::key::{ActorKind, Key, Owner};
use domain::policy::{IssueFor, OwnerKind, Policy};
use store::Tx;
use store::accounts::OwnerStanding;
use store::organisations::Tenant;

use crate::Caller;
use crate::access::granted;
use crate::error::{AppError, Result};

/// What a key may do now.
pub(super) fn effective(directory: &Directory, key: &Key, owner: &OwnerStanding) -> Grants {
    directory.key(&key.permissions, &key.roles, owner.roles.as_deref())
}

/// What a key's owner is; one that is gone grants nothing.
pub(super) async fn standing(tx: &mut Tx, tenant: &Tenant, key: &Key) -> Result<OwnerStanding> {
    Ok(of(tx, tenant, key.owner).await?.unwrap_or_else(gone))
}

/// What an owner is. The organisation itself is known already; most keys stand for it.
async fn of(tx: &mut Tx, tenant: &Tenant, owner: Owner) -> Result<Option<OwnerStanding>> {
    if owner == Owner::Organisation(tenant.organisation.id) {
        return Ok(Some(OwnerStanding {
            name: tenant.organisation.name.clone(),
            roles: None,
            known_as: Vec::new(),
            is_deleted: false,
        }));
    }
    Ok(tx.owner_standing(tenant.organisation.id, owner).await?)
}

/// An owner that is no longer there.
pub(super) fn gone() -> OwnerStanding {
    OwnerStanding {
        name: String::new(),
        roles: Some(Vec::new()),
        known_as: Vec::new(),
        is_deleted: true,
    }
}

impl Caller {
    /// Goes on only if the caller holds all that a key has, or would have if its owner or an API were switched: nobody
    /// gets hold of a key that is above them, nor aims it elsewhere.
    ///
    /// # Errors
    /// [`AppError::GrantsBeyond`].
    pub(super) fn may_have(&self, directory: &Directory, key: &Key, owner: &OwnerStanding) -> Result<()> {
        self.may_grant(&key.permissions)?;
        self.may_touch(directory, &key.roles)?;
        if !key.inherits() {
            return Ok(());
        }
        let inherited = granted(directory, owner.roles.as_deref().unwrap_or_default());
        self.may_grant(&inherited.without_management())
    }

    /// Whom a key stands for that this caller makes and names no owner for.
    pub(super) async fn usual_owner(&self, tx: &mut Tx, policy: &Policy) -> Result<Owner> {
        let own = match policy.issue_for {
            IssueFor::Own => self.own(tx).await?,
            IssueFor::Others => None,
        };
        Ok(own.unwrap_or(Owner::Organisation(self.organisation)))
    }

    /// Whom the caller itself stands for; none for whoever is at the data directory.
    async fn own(&self, tx: &mut Tx) -> Result<Option<Owner>> {
        let id = self.actor.id.as_deref();
        match self.actor.kind {
            ActorKind::User => Ok(id.and_then(Owner::parse)),
            ActorKind::Key => {
                let Some(id) = id.and_then(|id| id.parse().ok()) else {
                    return Ok(None);
                };
                Ok(tx.key(self.organisation, id).await?.map(|key| key.owner))
            }
            ActorKind::Account | ActorKind::System => Ok(None),
        }
    }

    /// Goes on only if the organisation has this owner, and its policy lets the caller give it a key.
    ///
    /// # Errors
    /// [`AppError::Invalid`] for an owner that is not there; [`AppError::Refused`].
    pub(in crate::key) async fn admit_owner(
        &self,
        tx: &mut Tx,
        tenant: &Tenant,
        owner: Owner,
    ) -> Result<OwnerStanding> {
        let policy = &tenant.policy;
        let standing = of(tx, tenant, owner).await?;
        let standing = standing
            .filter(|standing| !standing.is_deleted)
            .ok_or_else(|| AppError::from(vec![FieldError::new("owner", "there is no such owner")]))?;
        let (kind, called) = match owner {
            Owner::Organisation(_) => (OwnerKind::Organisation, "the organisation itself"),
            Owner::ServiceAccount(_) => (OwnerKind::ServiceAccount, "service accounts"),
            Owner::User(_) => (OwnerKind::User, "people"),
        };
        if !policy.owner.kinds.contains(&kind) {
            return Err(AppError::Refused(format!(
                "the organisation's policy gives no keys to {called}; name another owner"
            )));
        }
        let blocked = policy.issue_blocked.iter().map(|name| name.to_lowercase());
        if blocked.into_iter().any(|name| standing.known_as.contains(&name)) {
            return Err(AppError::Refused(format!(
                "the organisation's policy gives no keys to {}",
                standing.name
            )));
        }
        if policy.issue_for == IssueFor::Own {
            let own = self.own(tx).await?;
            if own.is_some_and(|own| own != owner) {
                return Err(AppError::Refused(
                    "the organisation's policy lets everybody make keys for themself alone".to_owned(),
                ));
            }
        }
        Ok(standing)
    }
}

/// Goes on only if the owner has no other live key; asked under the same lock as [`refuse_too_many`].
///
/// # Errors
/// [`AppError::Conflict`].
pub(super) async fn refuse_second(tx: &mut Tx, key: &Key, now: Timestamp) -> Result<()> {
    tx.lock_organisation(key.organisation).await?;
    let count = tx
        .count_live_keys(key.organisation, key.owner, now, key, 1)
        .await?;
    if count > 0 {
        return Err(AppError::conflict(
            "owner_has_key",
            "the owner has a live key already; revoke or delete that one first",
        ));
    }
    Ok(())
}

/// Goes on only if the owner may have this key beside its live ones. It is asked under a lock that ends with the
/// transaction, so that two keys that are made at once cannot both be the last.
///
/// # Errors
/// [`AppError::Refused`].
pub(super) async fn refuse_too_many(
    tx: &mut Tx,
    policy: &Policy,
    before: Option<&Key>,
    key: &Key,
    now: Timestamp,
) -> Result<()> {
    let Some(max) = policy.owner.max_live_keys.filter(|_| key.is_live(now)) else {
        return Ok(());
    };
    if before.is_some_and(|before| before.owner == key.owner && before.is_live(now)) {
        return Ok(());
    }
    tx.lock_organisation(key.organisation).await?;
    let count = tx
        .count_live_keys(key.organisation, key.owner, now, key, max)
        .await?;
    if count >= i64::from(max) {
        return Err(AppError::Refused(format!(
            "the owner has as many live keys as the organisation's policy allows: {max}"
        )));
    }
    Ok(())
}
