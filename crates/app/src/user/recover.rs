//! Break-glass: whoever is at the data directory lets a person in again, or makes a new owner where none is left.

use domain::id::UserId;
use domain::role::Builtin;
use domain::user::{User, UserDraft, UserStatus};
use store::sessions::Purpose;

use super::{Sent, difference, locked, taken, target, view};
use crate::error::{AppError, Result};
use crate::{App, Caller};

impl App {
    /// A link for the person of this address, who is enabled by it if they were disabled.
    ///
    /// # Errors
    /// [`AppError::NotFound`] for whoever is not at the data directory, and for an address that nobody has.
    #[tracing::instrument(level = "debug", name = "app.user.recover_on_host", skip_all)]
    pub async fn recover_on_host(&self, caller: &Caller, email: &str, slug: Option<&str>) -> Result<Sent> {
        caller.require_local()?;
        let mut found = self.store.people_of_address(email, slug).await?;
        let person = found.pop().ok_or(AppError::NotFound { what: "user" })?;
        if !found.is_empty() {
            let detail = "the address is known in several organisations; name one with --organisation";
            return Err(AppError::field("Claviger-Organisation", detail));
        }
        let (organisation, id) = (person.user.organisation, person.user.id);
        let caller = caller.clone();
        let purpose = if person.user.has_password {
            Purpose::Recovery
        } else {
            Purpose::Invitation
        };
        let link = self.new_link(purpose)?;
        let (link, made) = self
            .change(async move |tx| {
                let person = locked(tx, organisation, id).await?;
                let before = person.user;
                let mut user = before.clone();
                user.status = match purpose {
                    Purpose::Invitation => UserStatus::Invited,
                    Purpose::Recovery => UserStatus::Active,
                };
                if user != before {
                    tx.update_user(&mut user).await?;
                }
                let until = link.write(tx, &user).await?;
                let changes = difference(Some(&before), &user);
                let event = caller.event(tx.now(), "user.recover", target(&user), changes);
                tx.record(organisation, event);
                let view = view(user, &tx.directory(organisation).await?);
                Ok((link, (view, person.organisation, until)))
            })
            .await?;
        // The link is for the terminal on which it was asked for: mail may be what is broken.
        Ok(self.hand_out(link, made))
    }

    /// Makes a new owner, who is an operator too, in an organisation; `caller` acts in it.
    ///
    /// # Errors
    /// [`AppError::NotFound`] for whoever is not at the data directory; [`AppError::Conflict`] when the address is taken.
    #[tracing::instrument(level = "debug", name = "app.user.new_owner_on_host", skip_all)]
    pub async fn new_owner_on_host(&self, caller: &Caller, email: &str) -> Result<Sent> {
        caller.require_local()?;
        let draft = UserDraft {
            email: Some(email.to_owned()),
            ..UserDraft::default()
        };
        let email = draft.check()?.email.unwrap_or_default();
        let id = UserId::fresh(self.clock(), self.random());
        let link = self.new_link(Purpose::Invitation)?;
        let caller = caller.clone();
        let (link, made) = self
            .change(async move |tx| {
                let tenant = tx.tenant(caller.organisation).await?;
                let user = User {
                    id,
                    organisation: caller.organisation,
                    name: email.clone(),
                    email,
                    status: UserStatus::Invited,
                    operator: true,
                    roles: vec![Builtin::Owner.id()],
                    has_password: false,
                    has_second_factor: false,
                    created_at: tx.now(),
                    created_by: caller.actor.clone(),
                    last_sign_in_at: None,
                    version: 1,
                };
                tx.insert_user(&user).await.map_err(taken)?;
                let until = link.write(tx, &user).await?;
                let event = caller.event(tx.now(), "user.recover", target(&user), difference(None, &user));
                tx.record(user.organisation, event);
                let view = view(user, &tx.directory(caller.organisation).await?);
                Ok((link, (view, tenant.organisation, until)))
            })
            .await?;
        Ok(self.hand_out(link, made))
    }
}
