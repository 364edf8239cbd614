//! The APIs of the sample that its keys open: what can be done with them, by which routes, and the levels that are offered
//! for them. One is switched off.

use std::time::Duration;

use domain::api::{Api, Permission, Route};
use domain::audit::{Event, Target};
use domain::clock::{Random, Timestamp};
use domain::id::{ApiId, OrganisationId, RoleId};
use domain::key::Actor;
use domain::role::Role;
use serde_json::json;
use store::Tx;

use super::life::Then;
use super::named::words;
use crate::api;
use crate::error::{AppError, Result};

const DAY: Duration = Duration::from_secs(86_400);

struct Described {
    slug: &'static str,
    name: &'static str,
    description: &'static str,
    /// Each with what it lets its holder do.
    permissions: &'static [(&'static str, &'static str)],
    /// Method, path, and what it asks for.
    routes: &'static [(&'static str, &'static str, &'static str)],
    /// What its levels are called, and grant.
    levels: &'static [(&'static str, &'static str)],
    /// Days since it was described.
    age: u32,
    /// Days since it was switched off.
    off: Option<u32>,
}

const APIS: [Described; 3] = [
    Described {
        slug: "orders",
        name: "Orders",
        description: "What customers have ordered, and when it is sent",
        permissions: &[
            ("orders:view", "See orders"),
            ("orders:create", "Place orders"),
            ("orders:update", "Change orders that were not sent yet"),
        ],
        routes: &[
            ("GET", "/orders", "orders:view"),
            ("GET", "/orders/{id}", "orders:view"),
            ("POST", "/orders", "orders:create"),
            ("PATCH", "/orders/{id}", "orders:view AND orders:update"),
        ],
        levels: &[
            ("Orders, read-only", "orders:view"),
            ("Orders, full access", "orders:*"),
        ],
        age: 710,
        off: None,
    },
    Described {
        slug: "cold-chain",
        name: "Cold chain equipment",
        description: "Refrigerators in the field, with their temperatures; partners send them",
        permissions: &[
            ("cce:view", "See equipment and temperatures"),
            ("cce:edit", "Send temperatures, and change the inventory"),
        ],
        routes: &[
            ("GET", "/equipment", "cce:view"),
            ("GET", "/equipment/{id}", "cce:view"),
            ("POST", "/equipment/{id}/readings", "cce:edit"),
        ],
        levels: &[("Cold chain, read-only", "cce:view")],
        age: 290,
        off: None,
    },
    Described {
        slug: "library",
        name: "Library sign-ins",
        description: "Checks the local sign-ins of the library; off until the library has moved",
        permissions: &[("authentication:verify", "Ask whether a sign-in is good")],
        routes: &[("POST", "/sign-ins", "authentication:verify")],
        levels: &[("Library sign-ins", "authentication:verify")],
        age: 360,
        off: Some(2),
    },
];

/// The APIs and their levels, with what was done to them.
pub(super) struct Shelf {
    /// As it was described, and as it is since it was switched off.
    apis: Vec<(Api, Option<Api>)>,
    levels: Vec<Role>,
    pub(super) events: Vec<Event>,
}

/// Makes them up; nothing is written yet.
pub(super) fn shelf(
    organisation: OrganisationId,
    by: &Actor,
    random: &dyn Random,
    now: Timestamp,
) -> Result<Shelf> {
    let mut shelf = Shelf {
        apis: Vec::new(),
        levels: Vec::new(),
        events: Vec::new(),
    };
    let noon = |days: u32| now.minus(DAY * days).floor_to(DAY).plus(DAY / 2);
    let event = |at, action, target, changes| Event {
        at,
        actor: by.clone(),
        action,
        target,
        request_id: None,
        ip: None,
        changes,
    };
    for described in &APIS {
        let made = noon(described.age);
        let one = Api {
            id: ApiId::fresh(&Then(made), random),
            organisation,
            slug: described.slug.to_owned(),
            name: described.name.to_owned(),
            description: described.description.to_owned(),
            enabled: true,
            permissions: described.permissions.iter().map(permission).collect(),
            routes: described.routes.iter().map(route).collect(),
            created_at: made,
            version: 1,
        };
        let changes = api::changes(None, &one);
        shelf
            .events
            .push(event(made, "api.create", api::target(&one), changes));
        for (name, permissions) in described.levels {
            let patterns = words(permissions).into_iter().map(|text| text.parse());
            let role = Role {
                id: RoleId::fresh(&Then(made), random),
                organisation,
                name: (*name).to_owned(),
                description: String::new(),
                level: true,
                api: Some(one.id),
                permissions: patterns
                    .collect::<std::result::Result<_, _>>()
                    .map_err(AppError::internal)?,
                created_at: made,
                version: 1,
            };
            let target = Target {
                kind: "role".to_owned(),
                id: role.id.to_string(),
                name: role.name.clone(),
            };
            let changes = json!({"name": {"after": role.name}, "permissions": {"after": role.permissions}});
            shelf.events.push(event(made, "role.create", target, changes));
            shelf.levels.push(role);
        }
        let off = described.off.map(|days| {
            let off = Api {
                enabled: false,
                ..one.clone()
            };
            let changes = api::changes(Some(&one), &off);
            shelf
                .events
                .push(event(noon(days), "api.edit", api::target(&one), changes));
            off
        });
        shelf.apis.push((one, off));
    }
    Ok(shelf)
}

fn permission((name, description): &(&str, &str)) -> Permission {
    Permission {
        name: (*name).to_owned(),
        description: (*description).to_owned(),
    }
}

fn route((method, path, requires): &(&str, &str, &str)) -> Route {
    Route {
        method: (*method).to_owned(),
        path: (*path).to_owned(),
        requires: Some((*requires).to_owned()),
    }
}

/// Writes them.
pub(super) async fn write(tx: &mut Tx, shelf: Shelf) -> Result<()> {
    for (one, off) in shelf.apis {
        tx.insert_api(&one).await?;
        if let Some(mut off) = off {
            tx.update_api(&mut off).await?;
        }
    }
    for level in &shelf.levels {
        tx.insert_role(level).await?;
    }
    Ok(())
}
