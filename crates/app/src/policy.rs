//! The policy of an organisation: read, changed, and looked back at. A change that would touch what is there already is
//! shown first, and made when that was confirmed.

mod edit;
mod form;
mod history;
mod preset;
mod preview;

pub use form::{LevelChoice, PolicyForm};
pub use history::{PastPolicy, PolicyVersionView};
pub(crate) use preset::Founding;
pub use preset::{PresetSummary, PresetView, known_preset};
pub use preview::{Changed, Made, PolicyPreview, Touch, TouchedThing, Wish};

use domain::access::Management;
use domain::audit::Target;
use domain::id::OrganisationId;
use domain::organisation::Organisation;
use serde_json::{Map, Value, json};
use store::policies::PolicyNow;

use crate::error::{AppError, Result};
use crate::{App, Caller};

impl App {
    /// The policy of the caller's organisation, with its version.
    ///
    /// # Errors
    /// As [`AppError`] says.
    pub async fn policy(&self, caller: &Caller) -> Result<PolicyNow> {
        may_read(caller)?;
        self.policy_now(caller.organisation).await
    }

    async fn policy_now(&self, organisation: OrganisationId) -> Result<PolicyNow> {
        let now = self.store.policy(organisation).await?;
        now.ok_or(AppError::NotFound { what: "organisation" })
    }
}

/// Who may change a policy must see what it is.
fn may_read(caller: &Caller) -> Result<()> {
    caller
        .require(Management::PolicyManage)
        .or_else(|_| caller.require(Management::PolicyRead))
}

fn target(organisation: &Organisation) -> Target {
    Target {
        kind: "organisation".to_owned(),
        id: organisation.id.to_string(),
        name: organisation.name.clone(),
    }
}

fn json_of(policy: &domain::policy::Policy) -> Result<Value> {
    serde_json::to_value(policy).map_err(AppError::internal)
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

/// The first group of settings that is none: a plain struct would be read from an array, too, its values taken for the
/// fields in the order in which the code happens to have them.
fn misshapen(usual: &Value, merged: &Value, path: &str) -> Option<String> {
    let (Value::Object(usual), Some(merged)) = (usual, merged.as_object()) else {
        return usual.is_object().then(|| path.to_owned());
    };
    usual.iter().find_map(|(name, usual)| {
        let path = if path.is_empty() {
            name.clone()
        } else {
            format!("{path}.{name}")
        };
        misshapen(usual, merged.get(name)?, &path)
    })
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
    use domain::policy::Policy;

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

    #[test]
    fn a_group_of_settings_is_an_object() {
        let usual = json!({"expiry": {"mode": "optional"}, "deletion": "erase"});
        let fault = |merged| misshapen(&usual, &merged, "");
        assert_eq!(fault(json!({"expiry": {}, "other": []})), None);
        assert_eq!(fault(json!({"expiry": ["never"]})), Some("expiry".to_owned()));
        assert_eq!(fault(json!({"expiry": "never"})), Some("expiry".to_owned()));
        // Whether a single setting is right is for its type to say.
        assert_eq!(fault(json!({"expiry": {"mode": []}, "deletion": []})), None);
    }

    #[test]
    fn a_whole_policy_as_a_patch_gives_that_policy() {
        let odd = r#"{"expiry":{"mode":"required","max":"90d"},"owner":{"max_live_keys":2},"idle":{"warn_after":"9d"},
            "retention":{"audit":"90d"},"issue_blocked":["x"],"rotation":{"warn_after":"1d"}}"#;
        let odd: Policy = serde_json::from_str(odd).expect("a policy");
        for (from, to) in [(Policy::default(), odd.clone()), (odd, Policy::default())] {
            let mut merged = json_of(&from).expect("JSON");
            merge(&mut merged, json_of(&to).expect("JSON"));
            assert_eq!(serde_json::from_value::<Policy>(merged).ok(), Some(to));
        }
    }
}
