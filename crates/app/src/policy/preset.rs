//! Applying presets: the policy, and the roles and APIs that belong to it, all of it or nothing.

use std::sync::Arc;

use domain::access::{Directory, Grants, Management};
use domain::api::ApiDraft;
use domain::clock::{Clock, Random};
use domain::id::{ApiId, OrganisationId, RoleId};
use domain::policy::{DEFAULT_PRESET, Policy, Preset, PresetApi, PresetRole, PresetSetting};
use domain::role::RoleDraft;
use serde::Serialize;
use serde_json::{Value, json};
use store::Tx;
use store::organisations::Tenant;
use store::policies::{PolicyNow, PolicyVersion};

use super::edit::{Aim, put};
use super::{Changed, Made, Wish, difference, json_of, may_read};
use crate::error::{AppError, Result};
use crate::{App, Caller};

/// The preset of that name.
///
/// # Errors
/// [`AppError::Invalid`] under `preset`, with the names that there are.
pub fn known_preset(name: &str) -> Result<&'static Preset> {
    Preset::named(name).ok_or_else(|| {
        let names: Vec<&str> = Preset::all().iter().map(|preset| preset.name.as_str()).collect();
        let detail = format!("there is no such preset; there are {}", names.join(", "));
        AppError::field("preset", detail)
    })
}

/// A preset in a list.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct PresetSummary {
    /// What it is asked for by.
    #[schema(example = "openathens")]
    pub name: &'static str,
    /// What people call it.
    #[schema(example = "OpenAthens")]
    pub title: &'static str,
    /// Whose ways it keeps.
    #[schema(example = "OpenAthens API keys")]
    pub system: &'static str,
    /// What is particular about it.
    #[schema(example = "A key has a name and a permission level, and a year to live.")]
    pub about: &'static str,
    /// Whether the organisation's policy goes back to it.
    pub in_use: bool,
    /// How many settings of the organisation's policy are otherwise.
    #[schema(example = 2)]
    pub differences: usize,
}

/// A preset, beside the organisation's policy.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct PresetView {
    /// What it is asked for by.
    #[schema(example = "openathens")]
    pub name: &'static str,
    /// What people call it.
    #[schema(example = "OpenAthens")]
    pub title: &'static str,
    /// Whose ways it keeps.
    #[schema(example = "OpenAthens API keys")]
    pub system: &'static str,
    /// What is particular about it.
    #[schema(example = "A key has a name and a permission level, and a year to live.")]
    pub about: &'static str,
    /// The settings that it makes, each with its reason; every other one is the default.
    pub settings: &'static [PresetSetting],
    /// Roles that it makes where the organisation has none of that name.
    pub roles: &'static [PresetRole],
    /// APIs that it describes where the organisation has none of that slug.
    pub apis: &'static [PresetApi],
    /// The policy that the organisation would get by it. Roles that are still to be made are named.
    pub policy: Policy,
    /// Whether the organisation's policy goes back to it.
    pub in_use: bool,
    /// The settings that are otherwise now, by path, each with what it is and what it would be.
    #[schema(value_type = Object, example = json!({"deletion": {"before": "deactivate", "after": "erase"}}))]
    pub changes: Value,
    /// What it would make.
    pub makes: Made,
}

impl App {
    /// Every preset, beside the organisation's policy.
    ///
    /// # Errors
    /// As [`AppError`] says.
    #[tracing::instrument(level = "debug", name = "app.policy.presets", skip_all)]
    pub async fn presets(&self, caller: &Caller) -> Result<Vec<PresetSummary>> {
        may_read(caller)?;
        let own = self.own(caller.organisation).await?;
        let summaries = Preset::all().iter().map(|preset| {
            let view = own.beside(preset)?;
            Ok(PresetSummary {
                name: &preset.name,
                title: &preset.title,
                system: &preset.system,
                about: &preset.about,
                in_use: view.in_use,
                differences: view.changes.as_object().map_or(0, serde_json::Map::len),
            })
        });
        summaries.collect()
    }

    /// One preset, beside the organisation's policy.
    ///
    /// # Errors
    /// As [`AppError`] says.
    #[tracing::instrument(level = "debug", name = "app.policy.preset", skip_all)]
    pub async fn preset(&self, caller: &Caller, name: &str) -> Result<PresetView> {
        may_read(caller)?;
        let preset = Preset::named(name).ok_or(AppError::NotFound { what: "preset" })?;
        self.own(caller.organisation).await?.beside(preset)
    }

    async fn own(&self, organisation: OrganisationId) -> Result<Own> {
        let apis = self.store.apis(organisation).await?;
        Ok(Own {
            now: self.policy_now(organisation).await?,
            directory: self.store.directory(organisation).await?,
            slugs: apis.into_iter().map(|one| one.api.slug).collect(),
        })
    }

    /// Puts a preset in the place of the policy and makes the roles and APIs that it brings and that are missing: all of it
    /// or nothing. What is the organisation's own (`issue_blocked`, `expiry.timezone`) stays.
    ///
    /// # Errors
    /// As for [`App::patch_policy`].
    #[tracing::instrument(level = "debug", name = "app.policy.apply_preset", skip_all)]
    pub async fn apply_preset(&self, caller: &Caller, name: &str, wish: Wish) -> Result<Changed> {
        caller.require(Management::PolicyManage)?;
        let preset = Preset::named(name).ok_or(AppError::NotFound { what: "preset" })?;
        self.turn(caller, Aim::Preset(preset), wish).await
    }
}

/// What an organisation has of all that presets make.
struct Own {
    now: PolicyNow,
    directory: Directory,
    slugs: Vec<String>,
}

impl Own {
    fn beside(&self, preset: &'static Preset) -> Result<PresetView> {
        let mut policy = preset.policy(&self.now.policy).map_err(AppError::Refused)?;
        for role in &mut policy.accounts.default_roles {
            if let Some(id) = self.directory.find(role) {
                *role = id.to_string();
            }
        }
        Ok(PresetView {
            name: &preset.name,
            title: &preset.title,
            system: &preset.system,
            about: &preset.about,
            settings: &preset.settings,
            roles: &preset.roles,
            apis: &preset.apis,
            in_use: self.now.preset.as_deref() == Some(&preset.name),
            changes: difference(&json_of(&self.now.policy)?, &json_of(&policy)?),
            policy,
            makes: missing(preset, &self.directory, &self.slugs),
        })
    }
}

/// The roles and APIs of a preset that an organisation has none of.
pub(super) fn missing(preset: &Preset, directory: &Directory, slugs: &[String]) -> Made {
    let roles = preset.roles.iter().map(|role| &role.name);
    let apis = preset.apis.iter().map(|api| &api.slug);
    Made {
        roles: roles
            .filter(|name| directory.find(name).is_none())
            .cloned()
            .collect(),
        apis: apis.filter(|slug| !slugs.contains(slug)).cloned().collect(),
    }
}

impl Caller {
    /// Goes on only if the caller may make what a preset makes; what the roles grant is asked when they are made.
    ///
    /// # Errors
    /// [`AppError::Forbidden`].
    pub(super) fn may_make(&self, makes: &Made) -> Result<()> {
        if !makes.roles.is_empty() {
            self.require(Management::RolesManage)?;
        }
        if !makes.apis.is_empty() {
            self.require(Management::ApisManage)?;
        }
        Ok(())
    }
}

/// What roles and APIs are made with.
pub(crate) struct Maker {
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

impl Maker {
    pub(super) fn new(app: &App) -> Self {
        Self {
            clock: app.clock.clone(),
            random: app.random.clone(),
        }
    }

    /// Makes what the organisation lacks of a preset. What is there already stays as it is.
    pub(super) async fn make(&self, tx: &mut Tx, by: &Caller, preset: &Preset) -> Result<Made> {
        let mut made = Made::default();
        for api in &preset.apis {
            if tx.api_by_slug(by.organisation, &api.slug).await?.is_some() {
                continue;
            }
            by.require(Management::ApisManage)?;
            let draft = ApiDraft {
                slug: Some(api.slug.clone()),
                name: Some(api.name.clone()),
                description: Some(api.description.clone()),
                enabled: Some(api.enabled),
                permissions: Some(api.permissions.clone()),
                routes: Some(api.routes.clone()),
            };
            let id = ApiId::fresh(self.clock.as_ref(), self.random.as_ref());
            crate::api::make(tx, by, id, draft.check((&[], &[]))?).await?;
            made.apis.push(api.slug.clone());
        }
        let directory = tx.directory(by.organisation).await?;
        for role in &preset.roles {
            if directory.find(&role.name).is_some() {
                continue;
            }
            by.require(Management::RolesManage)?;
            let draft = RoleDraft {
                name: Some(role.name.clone()),
                description: Some(role.description.clone()),
                permissions: Some(role.permissions.clone()),
                level: Some(role.level),
                api: Some(role.api.clone()),
            };
            let fields = draft.check()?;
            by.may_grant(fields.permissions.as_ref().unwrap_or(&Grants::default()))?;
            let id = RoleId::fresh(self.clock.as_ref(), self.random.as_ref());
            crate::role::make(tx, by, id, fields).await?;
            made.roles.push(role.name.clone());
        }
        Ok(made)
    }
}

/// The policy that a new organisation begins with.
pub(crate) struct Founding {
    preset: &'static Preset,
    maker: Maker,
}

impl Founding {
    /// With that preset; with the default one where none is named.
    ///
    /// # Errors
    /// [`AppError::Invalid`] when there is no such preset.
    pub(crate) fn new(app: &App, preset: Option<&str>) -> Result<Self> {
        Ok(Self {
            preset: known_preset(preset.unwrap_or(DEFAULT_PRESET))?,
            maker: Maker::new(app),
        })
    }

    /// Writes down the policy of an organisation that was just made, and applies the preset to it.
    pub(crate) async fn lay(&self, tx: &mut Tx, by: &Caller, tenant: &Tenant) -> Result<()> {
        let organisation = tenant.organisation.id;
        let default = DEFAULT_PRESET.to_owned();
        let first = PolicyVersion {
            version: 1,
            at: tenant.organisation.created_at,
            by: by.actor.clone(),
            changes: json!({}),
            preset: Some(default.clone()),
            applied: true,
        };
        tx.begin_policy(organisation, &tenant.policy, &first).await?;
        if self.preset.name == DEFAULT_PRESET {
            return Ok(());
        }
        let by = Caller {
            organisation,
            grants: Grants::everything(),
            ..by.clone()
        };
        let now = PolicyNow {
            policy: tenant.policy.clone(),
            version: 1,
            preset: Some(default),
        };
        put(tx, &by, &self.maker, now, &Aim::Preset(self.preset)).await?;
        Ok(())
    }
}
