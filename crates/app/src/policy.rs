//! Reading and changing an organisation's policy.

use domain::access::Management;
use domain::audit::Target;
use domain::input::FieldError;
use domain::policy::{Policy, Storage};
use serde_json::{Map, Value, json};
use store::Tx;

use crate::access::roles_named;
use crate::error::{AppError, Result};
use crate::{App, Caller};

impl App {
    /// The caller's organisation's policy.
    ///
    /// # Errors
    /// As [`AppError`] says.
    pub async fn policy(&self, caller: &Caller) -> Result<Policy> {
        // Who may change it must see what it is.
        if caller.require(Management::PolicyManage).is_err() {
            caller.require(Management::PolicyRead)?;
        }
        Ok(self.tenant(caller.organisation).await?.policy)
    }

    /// Changes fields of the policy (JSON merge patch, RFC 7396); it takes effect before this returns. Storing hashes
    /// alone erases every token that was retained.
    ///
    /// # Errors
    /// As [`AppError`] says; then nothing has changed.
    pub async fn patch_policy(&self, caller: &Caller, patch: Value) -> Result<Policy> {
        caller.require(Management::PolicyManage)?;
        caller.require_recent(self.clock.now())?;
        if !patch.is_object() {
            return Err(AppError::field(
                "",
                "expected an object with the fields to change",
            ));
        }
        let caller = caller.clone();
        let (policy, erased) = self
            .change(async move |tx| {
                let tenant = tx.tenant(caller.organisation).await?;
                let before = serde_json::to_value(&tenant.policy).map_err(AppError::internal)?;
                let mut merged = before.clone();
                merge(&mut merged, patch);
                let mut policy: Policy = serde_json::from_value(merged)
                    .map_err(|error| AppError::field("policy", error.to_string()))?;
                policy
                    .validate()
                    .map_err(|error| AppError::Refused(error.to_string()))?;
                if policy.accounts.default_roles != tenant.policy.accounts.default_roles {
                    policy.accounts.default_roles = usual_roles(tx, &caller, &policy).await?;
                }
                if policy == tenant.policy {
                    return Ok((policy, None));
                }
                let gives_up = policy.secret.storage == Storage::Hashed
                    && tenant.policy.secret.storage == Storage::Encrypted;
                let erased = match gives_up {
                    true => Some(tx.destroy_data_keys(caller.organisation).await?),
                    false => None,
                };
                tx.set_policy(caller.organisation, &policy).await?;
                let after = serde_json::to_value(&policy).map_err(AppError::internal)?;
                let organisation = &tenant.organisation;
                let target = Target {
                    kind: "organisation".to_owned(),
                    id: organisation.id.to_string(),
                    name: organisation.name.clone(),
                };
                let mut changes = difference(&before, &after);
                if let Some(count) = erased {
                    changes["retained_tokens"] = json!({ "before": count, "after": 0 });
                }
                tx.record(
                    organisation.id,
                    caller.event(tx.now(), "policy.edit", target, changes),
                );
                Ok((policy, erased))
            })
            .await?;
        if erased.is_some() {
            self.see_erased().await;
        }
        Ok(policy)
    }
}

/// The roles that accounts begin with, by id, so that a role may be called otherwise later. Whoever makes an account is
/// asked again whether they may give them.
async fn usual_roles(tx: &mut Tx, caller: &Caller, policy: &Policy) -> Result<Vec<String>> {
    let directory = tx.directory(caller.organisation).await?;
    let roles = roles_named(&directory, &policy.accounts.default_roles).map_err(|error| match error {
        AppError::Invalid(faults) => AppError::Invalid(
            faults
                .into_iter()
                .map(|fault| FieldError::new(format!("accounts.default_{}", fault.field), fault.detail))
                .collect(),
        ),
        other => other,
    })?;
    Ok(roles.iter().map(ToString::to_string).collect())
}

/// RFC 7396.
fn merge(target: &mut Value, patch: Value) {
    let Value::Object(fields) = patch else {
        *target = patch;
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    if let Value::Object(own) = target {
        for (name, value) in fields {
            match value {
                Value::Null => drop(own.remove(&name)),
                value => merge(own.entry(name).or_insert(Value::Null), value),
            }
        }
    }
}

/// The leaves that differ, by their dotted paths.
fn difference(before: &Value, after: &Value) -> Value {
    fn walk(path: &str, before: &Value, after: &Value, changes: &mut Map<String, Value>) {
        match (before, after) {
            (Value::Object(old), Value::Object(new)) => {
                for (name, value) in new {
                    let path = if path.is_empty() {
                        name.clone()
                    } else {
                        format!("{path}.{name}")
                    };
                    walk(&path, old.get(name).unwrap_or(&Value::Null), value, changes);
                }
            }
            _ if before == after => {}
            _ => drop(changes.insert(path.to_owned(), json!({"before": before, "after": after}))),
        }
    }
    let mut changes = Map::new();
    walk("", before, after, &mut changes);
    Value::Object(changes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patch_changes_what_it_names_and_null_gives_back_the_default() {
        let mut policy = json!({"expiry": {"max": "90d", "mode": "required"}, "deletion": "erase"});
        merge(
            &mut policy,
            json!({"expiry": {"max": null}, "deletion": "deactivate"}),
        );
        assert_eq!(
            policy,
            json!({"expiry": {"mode": "required"}, "deletion": "deactivate"})
        );
    }
}
