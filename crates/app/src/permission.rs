//! Use cases of permissions: what is on offer, what somebody holds and why, and who holds what.

mod catalogue;
mod explain;
mod holders;

pub use catalogue::{Catalogue, Level, Offer, Own};
pub use explain::{Effective, Explained};
pub use holders::{HolderView, HoldersQuery};

use domain::access::Directory;
use domain::id::{AccountId, KeyId, RoleId, UserId};
use domain::key::Owner;
use serde::Serialize;
use store::principals::Known;
use store::roles::Holder;

use crate::error::{AppError, Result};
use crate::key::RoleView;

/// A principal as it is shown.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[schema(as = Principal)]
pub struct Named {
    /// `user`, `service_account`, `key` or `organisation`.
    #[schema(example = "key", pattern = "^(user|service_account|key|organisation)$")]
    pub r#type: &'static str,
    /// Its id.
    #[schema(example = "key_01k1qhwaswfn78ypkbfj6sw3rt")]
    pub id: String,
    /// What people call it.
    #[schema(example = "Billing sync")]
    pub name: String,
}

/// A person, a service account or a key, by its id.
fn holder(text: &str) -> Result<Holder> {
    let user = text.parse::<UserId>().map(Holder::User);
    let account = || text.parse::<AccountId>().map(Holder::ServiceAccount);
    let key = || text.parse::<KeyId>().map(Holder::Key);
    user.or_else(|_| account()).or_else(|_| key()).map_err(|_| {
        AppError::field(
            "principal",
            "expected the id of a key, a service account or a user",
        )
    })
}

fn named(holder: Holder, name: &str) -> Named {
    Named {
        r#type: holder.kind().as_str(),
        id: match holder {
            Holder::User(id) => id.to_string(),
            Holder::ServiceAccount(id) => id.to_string(),
            Holder::Key(id) => id.to_string(),
        },
        name: name.to_owned(),
    }
}

/// Whom a key stands for; `organisation` is the name of the organisation.
fn owner(known: &Known, organisation: &str) -> Option<Named> {
    let (owner, name) = known.owner.as_ref()?;
    let (r#type, id) = match owner {
        Owner::Organisation(id) => ("organisation", id.to_string()),
        Owner::ServiceAccount(id) => ("service_account", id.to_string()),
        Owner::User(id) => ("user", id.to_string()),
    };
    let is_organisation = matches!(owner, Owner::Organisation(_));
    let name = name.clone().unwrap_or_default();
    Some(Named {
        r#type,
        id,
        name: if is_organisation {
            organisation.to_owned()
        } else {
            name
        },
    })
}

fn roles(directory: &Directory, roles: &[RoleId]) -> Vec<RoleView> {
    let roles = roles.iter().filter_map(|id| {
        Some(RoleView {
            id: *id,
            name: directory.name(*id)?.to_owned(),
            available: directory.is_available(*id),
        })
    });
    roles.collect()
}
