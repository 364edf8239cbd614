//! Policies with a name: the ways of five systems, and the default. Each is a file beside this one that says of every setting
//! why it is so, and which roles and APIs belong to it.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Policy;
use crate::api::{Permission, Route};
use crate::schema;

/// A named policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Preset {
    /// What it is asked for by.
    #[serde(default)]
    #[schema(pattern = "^[a-z]+$", example = "openathens")]
    pub name: String,
    /// What people call it.
    #[schema(example = "OpenAthens")]
    pub title: String,
    /// Whose ways it keeps.
    #[schema(example = "OpenAthens API keys")]
    pub system: String,
    /// What is particular about it, in a sentence or two.
    #[schema(example = "A key has a name and a permission level, and a year to live.")]
    pub about: String,
    /// The settings that it makes; every other one is the default.
    #[serde(default)]
    pub settings: Vec<PresetSetting>,
    /// Roles that it makes where the organisation has none of that name.
    #[serde(default)]
    pub roles: Vec<PresetRole>,
    /// APIs that it describes where the organisation has none of that slug.
    #[serde(default)]
    pub apis: Vec<PresetApi>,
}

/// One setting of a preset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PresetSetting {
    /// Its path.
    #[schema(example = "rotation.max_grace")]
    pub setting: String,
    /// Its value.
    #[schema(value_type = Value, example = json!("0s"))]
    pub value: Value,
    /// Why it is so.
    #[schema(example = "A regenerated key stops the old one at once.")]
    pub why: String,
}

/// A role of a preset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PresetRole {
    /// What it is called.
    #[schema(value_type = schema::Name, example = "Reports API")]
    pub name: String,
    /// Whom it is for.
    #[schema(value_type = schema::Description, example = "Reads the statistics, and nothing else")]
    pub description: String,
    /// Whether it is a permission level.
    #[serde(default)]
    pub level: bool,
    /// The API to which it belongs, by slug.
    #[serde(default)]
    #[schema(value_type = Option<schema::ApiSlug>)]
    pub api: Option<String>,
    /// What it grants.
    #[schema(value_type = Vec<crate::access::Pattern>)]
    pub permissions: Vec<String>,
    /// Why it is there.
    #[schema(example = "The second of the three levels.")]
    pub why: String,
}

/// An API of a preset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PresetApi {
    /// Names it at the doors.
    #[schema(value_type = schema::ApiSlug, example = "reports")]
    pub slug: String,
    /// What people call it.
    #[schema(value_type = schema::Name, example = "Reports API")]
    pub name: String,
    /// What it is for.
    #[schema(value_type = schema::Description, example = "Statistics")]
    pub description: String,
    /// Whether it is open from the start.
    pub enabled: bool,
    /// What can be done with it.
    pub permissions: Vec<Permission>,
    /// Which request needs what.
    #[serde(default)]
    pub routes: Vec<Route>,
    /// Why it is there.
    #[schema(example = "A level that only appears where the function is enabled.")]
    pub why: String,
}

/// The name of the preset that every organisation begins with.
pub const DEFAULT: &str = "default";

/// Settings that are an organisation's own affair: no preset makes or unmakes them.
const LOCAL: [&str; 2] = ["issue_blocked", "expiry.timezone"];

const FILES: [(&str, &str); 6] = [
    (DEFAULT, include_str!("presets/default.toml")),
    ("maximo", include_str!("presets/maximo.toml")),
    ("omnicrm", include_str!("presets/omnicrm.toml")),
    ("openathens", include_str!("presets/openathens.toml")),
    ("openlmis", include_str!("presets/openlmis.toml")),
    ("osprov", include_str!("presets/osprov.toml")),
];

static ALL: LazyLock<Vec<Preset>> = LazyLock::new(|| {
    let read = FILES.into_iter().map(|(name, file)| Preset::read(name, file));
    // A file that cannot be read is found out by a test; see below.
    read.filter_map(Result::ok).collect()
});

impl Preset {
    /// Every one, by name.
    pub fn all() -> &'static [Self] {
        &ALL
    }

    /// The one of that name.
    pub fn named(name: &str) -> Option<&'static Self> {
        ALL.iter().find(|preset| preset.name == name)
    }

    fn read(name: &str, file: &str) -> Result<Self, String> {
        let mut preset: Self = toml::from_str(file).map_err(|error| error.to_string())?;
        name.clone_into(&mut preset.name);
        preset.policy(&Policy::default())?;
        Ok(preset)
    }

    /// The policy that an organisation with the policy `own` gets by it. `accounts.default_roles` are named, not yet
    /// looked up.
    ///
    /// # Errors
    /// When the settings make no policy, or one that cannot stand beside what is the organisation's own.
    pub fn policy(&self, own: &Policy) -> Result<Policy, String> {
        let whole = |policy: &Policy| serde_json::to_value(policy).map_err(|error| error.to_string());
        let (mut policy, own) = (whole(&Policy::default())?, whole(own)?);
        for path in LOCAL {
            let value = at(&own, path).cloned().unwrap_or_default();
            set(&mut policy, path, value)?;
        }
        for PresetSetting { setting, value, .. } in &self.settings {
            set(&mut policy, setting, value.clone())?;
        }
        let policy: Policy = serde_json::from_value(policy).map_err(|error| error.to_string())?;
        policy.validate().map_err(|error| error.to_string())?;
        Ok(policy)
    }
}

fn at<'a>(policy: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(policy, |value, name| value.get(name))
}

/// Sets what is there; a path that leads nowhere is a slip.
fn set(policy: &mut Value, path: &str, value: Value) -> Result<(), String> {
    let steps = path.split('.');
    let known = steps.into_iter().try_fold(policy, |value, name| {
        value
            .as_object_mut()
            .and_then(|fields: &mut Map<_, _>| fields.get_mut(name))
    });
    let place = known.ok_or_else(|| format!("{path}: there is no such setting"))?;
    *place = value;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::api::ApiDraft;
    use crate::policy::{Accept, Cutoff, ExpiryMode, GrantRule};
    use crate::role::{Builtin, RoleDraft};

    #[test]
    fn every_preset_reads_and_makes_a_policy_that_can_stand() {
        for (name, file) in FILES {
            let read = Preset::read(name, file);
            assert!(read.is_ok(), "{name}: {}", read.err().unwrap_or_default());
        }
        assert_eq!(Preset::all().len(), FILES.len());
        assert_eq!(
            Preset::named(DEFAULT).map(|preset| preset.policy(&Policy::default())),
            Some(Ok(Policy::default()))
        );
        assert!(Preset::named("unknown").is_none());
    }

    #[test]
    fn every_setting_role_and_api_has_its_reason_and_is_named_once() {
        for preset in Preset::all() {
            let name = &preset.name;
            let mut seen = BTreeSet::new();
            for one in &preset.settings {
                assert!(
                    seen.insert(&one.setting),
                    "{name}: {} is named twice",
                    one.setting
                );
                assert!(
                    one.why.len() > 20 && one.why.ends_with('.'),
                    "{name}: {}",
                    one.setting
                );
                assert!(!LOCAL.contains(&one.setting.as_str()), "{name}: {}", one.setting);
            }
            let reasons = preset.roles.iter().map(|role| &role.why);
            for why in reasons.chain(preset.apis.iter().map(|api| &api.why)) {
                assert!(why.len() > 20 && why.ends_with('.'), "{name}: {why}");
            }
        }
    }

    #[test]
    fn what_a_preset_makes_could_be_made_by_hand() {
        for preset in Preset::all() {
            let slugs: Vec<&str> = preset.apis.iter().map(|api| api.slug.as_str()).collect();
            for api in &preset.apis {
                let draft = ApiDraft {
                    slug: Some(api.slug.clone()),
                    name: Some(api.name.clone()),
                    description: Some(api.description.clone()),
                    enabled: Some(api.enabled),
                    permissions: Some(api.permissions.clone()),
                    routes: Some(api.routes.clone()),
                };
                assert!(draft.check((&[], &[])).is_ok(), "{}: {}", preset.name, api.slug);
            }
            for role in &preset.roles {
                let draft = RoleDraft {
                    name: Some(role.name.clone()),
                    description: Some(role.description.clone()),
                    permissions: Some(role.permissions.clone()),
                    level: Some(role.level),
                    api: Some(role.api.clone()),
                };
                assert!(draft.check().is_ok(), "{}: {}", preset.name, role.name);
                let api = role.api.as_deref();
                assert!(
                    api.is_none_or(|api| slugs.contains(&api)),
                    "{}: {api:?}",
                    preset.name
                );
            }
            let policy = preset.policy(&Policy::default()).expect("a policy");
            for name in &policy.accounts.default_roles {
                let made = preset.roles.iter().any(|role| role.name == *name);
                assert!(made || Builtin::named(name).is_some(), "{}: {name}", preset.name);
            }
            let has_level = preset.roles.iter().any(|role| role.level);
            assert_eq!(has_level, policy.grants == GrantRule::Levels, "{}", preset.name);
        }
    }

    #[test]
    fn what_is_the_organisations_own_stays() {
        let own = r#"{"issue_blocked":["leaver"],"expiry":{"timezone":"Europe/London"},"deletion":"erase"}"#;
        let own: Policy = serde_json::from_str(own).expect("a policy");
        let preset = Preset::named("openathens").expect("a preset");
        let policy = preset.policy(&own).expect("a policy");
        assert_eq!(policy.issue_blocked, ["leaver"]);
        assert_eq!(policy.expiry.timezone, own.expiry.timezone);
        assert_eq!(
            (policy.expiry.mode, policy.expiry.cutoff),
            (ExpiryMode::Automatic, Cutoff::StartOfDay)
        );
        let default = Preset::named(DEFAULT).expect("a preset");
        let back = default.policy(&policy).expect("a policy");
        assert_eq!(
            (back.issue_blocked, back.accept),
            (own.issue_blocked, Accept::default())
        );
    }

    #[test]
    fn a_slip_in_a_file_is_found() {
        let file = |setting: &str, value: &str| {
            format!(
                "title = \"T\"\nsystem = \"S\"\nabout = \"A\"\n[[settings]]\nsetting = \"{setting}\"\nvalue = {value}\nwhy = \"W\"\n"
            )
        };
        assert!(Preset::read("t", &file("deletion", "\"erase\"")).is_ok());
        for (setting, value, reason) in [
            ("delete", "\"erase\"", "no such setting"),
            ("expiry.mode.x", "1", "no such setting"),
            ("deletion", "\"gone\"", "unknown variant"),
            ("expiry.mode", "\"automatic\"", "needs expiry.default"),
        ] {
            let error = Preset::read("t", &file(setting, value)).err().unwrap_or_default();
            assert!(error.contains(reason), "{setting}: {error}");
        }
    }
}
