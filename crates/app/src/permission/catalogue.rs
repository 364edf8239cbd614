//! What can be granted in an organisation now.

use domain::access::{Grants, Management};
use domain::api::Permission;
use domain::id::RoleId;
use serde::Serialize;

use crate::error::Result;
use crate::role::ApiName;
use crate::{App, Caller};

/// The permissions of one API.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(as = OfferedApi)]
pub struct Offer {
    /// The API.
    #[serde(flatten)]
    pub api: ApiName,
    /// What can be done with it.
    pub permissions: Vec<Permission>,
}

/// A permission of Claviger's own.
#[derive(Debug, Clone, Copy, Serialize, utoipa::ToSchema)]
#[schema(as = ManagementPermission)]
pub struct Own {
    /// As it is written.
    #[schema(example = "claviger:keys.read")]
    pub name: &'static str,
    /// What it lets its holder do.
    #[schema(example = "See keys, without their secrets")]
    pub description: &'static str,
}

/// A role that is offered as one choice.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(as = PermissionLevel)]
pub struct Level {
    /// Its id.
    pub id: RoleId,
    /// What it is called.
    #[schema(example = "Order desk")]
    pub name: String,
    /// Whom it is for.
    #[schema(example = "Sees orders and takes new ones")]
    pub description: String,
    /// The API to which it belongs.
    #[schema(required)]
    pub api: Option<ApiName>,
    /// What it grants.
    pub permissions: Grants,
}

/// All that is on offer.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(as = PermissionCatalogue)]
pub struct Catalogue {
    /// By API, for those that are enabled.
    pub apis: Vec<Offer>,
    /// Claviger's own.
    pub claviger: Vec<Own>,
    /// The permission levels.
    pub levels: Vec<Level>,
}

impl App {
    /// The permissions and permission levels that are on offer.
    ///
    /// # Errors
    /// As [`crate::AppError`] says.
    pub async fn catalogue(&self, caller: &Caller) -> Result<Catalogue> {
        caller.require(Management::RolesRead)?;
        let mut apis = self.store.apis(caller.organisation).await?;
        apis.retain(|offered| offered.enabled && offered.api.enabled);
        let name_of = |id| {
            apis.iter()
                .find(|offered| offered.api.id == id)
                .map(ApiName::from)
        };
        let roles = self.store.roles(caller.organisation).await?;
        let levels = roles.into_iter().filter(|role| role.level).filter_map(|role| {
            let api = match role.api {
                // A level of an API that is not enabled is not offered.
                Some(api) => Some(name_of(api)?),
                None => None,
            };
            Some(Level {
                id: role.id,
                name: role.name,
                description: role.description,
                api,
                permissions: role.permissions,
            })
        });
        let claviger = Management::ALL.map(|permission| Own {
            name: permission.as_str(),
            description: permission.description(),
        });
        Ok(Catalogue {
            levels: levels.collect(),
            claviger: claviger.to_vec(),
            apis: apis
                .iter()
                .map(|offered| Offer {
                    api: ApiName::from(offered),
                    permissions: offered.api.permissions.clone(),
                })
                .collect(),
        })
    }
}
