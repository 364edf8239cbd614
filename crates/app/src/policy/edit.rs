//! Changing the policy.

use domain::access::{Directory, Management};
use domain::input::FieldError;
use domain::policy::{Policy, Preset, Storage};
use serde_json::{Value, json};
use store::Tx;
use store::policies::{PolicyNow, PolicyVersion};

use super::preset::{Maker, missing};
use super::{Changed, Made, PolicyPreview, Wish, difference, json_of, merge, misshapen, target};
use crate::access::roles_named;
use crate::error::{AppError, Result};
use crate::{App, Caller};

/// How often a change that meets another one is looked at anew.
const ATTEMPTS: usize = 16;

/// What the policy is to become.
#[derive(Clone)]
pub(super) enum Aim {
    /// JSON merge patch, RFC 7396.
    Patch(Value),
    /// A preset, whole.
    Preset(&'static Preset),
}

impl Aim {
    pub(super) fn preset(&self) -> Option<&'static Preset> {
        match self {
            Self::Patch(_) => None,
            Self::Preset(preset) => Some(preset),
        }
    }

    /// The policy that is wanted in the place of `now`, with its roles still as they were named.
    fn policy(&self, now: &Policy) -> Result<Policy> {
        let patch = match self {
            Self::Patch(patch) => patch,
            Self::Preset(preset) => return preset.policy(now).map_err(AppError::Refused),
        };
        if !patch.is_object() {
            let detail = "expected an object with the fields to change";
            return Err(AppError::field("", detail));
        }
        let mut merged = json_of(now)?;
        merge(&mut merged, patch.clone());
        if let Some(path) = misshapen(&json_of(&Policy::default())?, &merged, "") {
            return Err(AppError::field("policy", format!("{path}: expected an object")));
        }
        let policy: Policy =
            serde_json::from_value(merged).map_err(|error| AppError::field("policy", error.to_string()))?;
        policy
            .validate()
            .map_err(|error| AppError::Refused(error.to_string()))?;
        Ok(policy)
    }
}

impl App {
    /// Changes fields of the policy (JSON merge patch, RFC 7396); it takes effect before this returns. Storing hashes
    /// alone erases every token that was retained.
    ///
    /// # Errors
    /// [`AppError::Unconfirmed`] for a change that would touch what is there, until it is confirmed; as [`AppError`] says.
    /// Then nothing has changed.
    #[tracing::instrument(level = "debug", name = "app.policy.patch_policy", skip_all)]
    pub async fn patch_policy(&self, caller: &Caller, patch: Value, wish: Wish) -> Result<Changed> {
        caller.require(Management::PolicyManage)?;
        self.turn(caller, Aim::Patch(patch), wish).await
    }

    /// Shows a change, and makes it once nothing stands against it. What is shown and what is done are of one version.
    pub(super) async fn turn(&self, caller: &Caller, aim: Aim, wish: Wish) -> Result<Changed> {
        if !wish.dry_run {
            caller.require_recent(self.clock.now())?;
        }
        for _ in 0..ATTEMPTS {
            let now = self.policy_now(caller.organisation).await?;
            if wish.version.is_some_and(|seen| seen != now.version) {
                return Err(AppError::Precondition { current: now.version });
            }
            let preview = self.look(caller, &aim, &now).await?;
            if wish.dry_run {
                return Ok(Changed::Previewed(Box::new(preview)));
            }
            if preview.waits_for(wish.confirm.as_deref()) {
                return Err(AppError::Unconfirmed(Box::new(preview)));
            }
            let is_same = preview.changed().is_some_and(serde_json::Map::is_empty);
            let preset = aim.preset().map(|preset| preset.name.as_str());
            if is_same && preview.makes.is_empty() && (preset.is_none() || now.preset.as_deref() == preset) {
                let made = Made::default();
                let now = Box::new(now);
                return Ok(Changed::Done { now, made });
            }
            if let Some(done) = self.make(caller, &aim, now.version).await? {
                self.see_erased().await;
                return Ok(done);
            }
        }
        let detail = "the policy is being changed by somebody else at the same time; look at it again";
        Err(AppError::conflict("policy_changing", detail))
    }

    async fn look(&self, caller: &Caller, aim: &Aim, now: &PolicyNow) -> Result<PolicyPreview> {
        let mut wanted = aim.policy(&now.policy)?;
        let directory = self.store.directory(caller.organisation).await?;
        let makes = match aim.preset() {
            Some(preset) => {
                let apis = self.store.apis(caller.organisation).await?;
                let slugs: Vec<String> = apis.into_iter().map(|one| one.api.slug).collect();
                missing(preset, &directory, &slugs)
            }
            None => Made::default(),
        };
        caller.may_make(&makes)?;
        // One that is gone meanwhile stands in nobody's way who changes something else.
        if wanted.accounts.default_roles != now.policy.accounts.default_roles {
            wanted = with_known_roles(wanted, &directory, &makes)?;
        }
        let organisation = caller.organisation;
        self.preview(organisation, now, &wanted, aim.preset(), makes)
            .await
    }

    /// None if the policy is no longer of that version.
    async fn make(&self, caller: &Caller, aim: &Aim, version: i64) -> Result<Option<Changed>> {
        let (by, aim, maker) = (caller.clone(), aim.clone(), Maker::new(self));
        self.change(async move |tx| {
            let now = tx.policy(by.organisation).await?;
            if now.version != version {
                return Ok(None);
            }
            let done = put(tx, &by, &maker, now, &aim).await?;
            Ok(Some(done))
        })
        .await
    }
}

/// Puts the policy in place, and makes what belongs to it, in this transaction.
pub(super) async fn put(
    tx: &mut Tx,
    by: &Caller,
    maker: &Maker,
    now: PolicyNow,
    aim: &Aim,
) -> Result<Changed> {
    let organisation = by.organisation;
    let mut policy = aim.policy(&now.policy)?;
    let made = match aim.preset() {
        Some(preset) => maker.make(tx, by, preset).await?,
        None => Made::default(),
    };
    if policy.accounts.default_roles != now.policy.accounts.default_roles {
        let directory = tx.directory(organisation).await?;
        policy = with_known_roles(policy, &directory, &Made::default())?;
    }
    let gives_up =
        policy.secret.storage == Storage::Hashed && now.policy.secret.storage == Storage::Encrypted;
    let erased = match gives_up {
        true => Some(tx.destroy_data_keys(organisation).await?),
        false => None,
    };
    let preset = aim.preset().map(|preset| preset.name.clone());
    let changes = difference(&json_of(&now.policy)?, &json_of(&policy)?);
    let version = PolicyVersion {
        version: now.version + 1,
        at: tx.now(),
        by: by.actor.clone(),
        changes: changes.clone(),
        applied: preset.is_some(),
        preset: preset.clone().or(now.preset),
    };
    tx.set_policy(organisation, &policy, &version).await?;
    let mut told = changes;
    if let (Some(preset), Some(told)) = (&preset, told.as_object_mut()) {
        told.insert("preset".to_owned(), json!({"after": preset}));
    }
    if let (Some(count), Some(told)) = (erased, told.as_object_mut()) {
        told.insert("retained_tokens".to_owned(), json!({"before": count, "after": 0}));
    }
    let action = match preset {
        Some(_) => "policy.apply_preset",
        None => "policy.edit",
    };
    let organisation = tx.tenant(organisation).await?.organisation;
    tx.record(
        organisation.id,
        by.event(version.at, action, target(&organisation), told),
    );
    let now = Box::new(PolicyNow {
        policy,
        version: version.version,
        preset: version.preset,
    });
    Ok(Changed::Done { now, made })
}

/// The roles that accounts begin with, by id, so that a role may be called otherwise later; those that are still to be made
/// stay named. Whoever makes an account is asked again whether they may give them.
fn with_known_roles(mut policy: Policy, directory: &Directory, makes: &Made) -> Result<Policy> {
    let named = &policy.accounts.default_roles;
    let (coming, there): (Vec<String>, Vec<String>) =
        named.iter().cloned().partition(|name| makes.roles.contains(name));
    let roles = roles_named(directory, &there).map_err(|error| match error {
        AppError::Invalid(faults) => AppError::Invalid(
            faults
                .into_iter()
                .map(|fault| FieldError::new(format!("accounts.default_{}", fault.field), fault.detail))
                .collect(),
        ),
        other => other,
    })?;
    policy.accounts.default_roles = roles.iter().map(ToString::to_string).chain(coming).collect();
    Ok(policy)
}
