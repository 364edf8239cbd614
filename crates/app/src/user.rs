//! Use cases of people, a verb a file: who is asked in, what they may do, and what becomes of what they leave behind.

mod accept;
mod edit;
mod factor;
mod hand_over;
mod import;
mod invite;
mod me;
mod read;
mod recover;
mod switch;

pub use accept::{Accept, Invitation};
pub use edit::EditUser;
pub use factor::FactorDraft;
pub use hand_over::HandedOver;
pub use import::{ImportedUser, ImportedUsers};
pub use invite::Sent;
pub use me::Me;
pub use switch::UserSwitch;

use domain::access::Directory;
use domain::audit::Target;
use domain::id::{OrganisationId, RoleId, UserId};
use domain::role::Builtin;
use domain::user::{User, UserStatus};
use serde_json::{Map, Value, json};
use store::users::Person;
use store::{StoreError, Tx};

use crate::Caller;
use crate::error::{AppError, Result};

/// A person as they are shown.
#[derive(Debug, Clone)]
pub struct UserView {
    /// Their stored facts.
    pub user: User,
    /// Their roles by name.
    pub roles: Vec<(RoleId, String)>,
}

pub(crate) fn view(user: User, directory: &Directory) -> UserView {
    let name = |role: &RoleId| directory.name(*role).unwrap_or("gone").to_owned();
    UserView {
        roles: user.roles.iter().map(|role| (*role, name(role))).collect(),
        user,
    }
}

pub(crate) fn target(user: &User) -> Target {
    Target {
        kind: "user".to_owned(),
        id: user.id.to_string(),
        name: user.name.clone(),
    }
}

fn not_found() -> AppError {
    AppError::NotFound { what: "user" }
}

pub(crate) async fn locked(tx: &mut Tx, organisation: OrganisationId, user: UserId) -> Result<Person> {
    tx.person(organisation, user).await?.ok_or_else(not_found)
}

/// Goes on only for whoever stands no lower than this person.
fn may_touch(caller: &Caller, directory: &Directory, user: &User) -> Result<()> {
    if user.operator && !caller.is_operator() {
        return Err(AppError::GrantsBeyond {
            pattern: "operator".to_owned(),
        });
    }
    caller.may_touch(directory, &user.roles)
}

/// Refuses to take away the last person who may do everything: nobody could give it back.
async fn keep_an_owner(tx: &mut Tx, user: &User) -> Result<()> {
    let is_owner = user.status == UserStatus::Active && user.roles.contains(&Builtin::Owner.id());
    if is_owner && tx.owners_beside(user.organisation, user.id).await? == 0 {
        return Err(AppError::conflict(
            "last_owner",
            "this is the organisation's last active owner; make another one first",
        ));
    }
    Ok(())
}

/// An address that is taken is told by its field's name.
pub(crate) fn taken(error: StoreError) -> AppError {
    match error {
        StoreError::Conflict { ref constraint } if constraint.contains("email") => AppError::conflict(
            "email_taken",
            "somebody in the organisation has this address already",
        ),
        other => other.into(),
    }
}

/// A person's facts as the audit log knows them.
fn facts(user: &User) -> Map<String, Value> {
    let shown = json!({
        "email": user.email, "name": user.name, "status": user.status, "operator": user.operator, "roles": user.roles,
    });
    match shown {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

/// What changed between two states of a person: `{"field": {"before": …, "after": …}}`.
pub(crate) fn difference(before: Option<&User>, after: &User) -> Value {
    crate::difference::difference(before.map(facts).as_ref(), Some(&facts(after)))
}
