//! What people see and change of themselves.

use domain::input::{self, FieldError};
use domain::organisation::Organisation;
use domain::password::Password;
use domain::user::User;
use serde_json::json;
use store::users::Person;
use zeroize::Zeroizing;

use super::accept::check_password;
use super::{UserView, difference, locked, target, view};
use crate::error::{AppError, Result};
use crate::session::{Credentials, Which, end};
use crate::{App, Caller};

/// A person as they see themselves.
#[derive(Debug, Clone)]
pub struct Me {
    /// Who.
    pub view: UserView,
    /// Where they are at home.
    pub organisation: Organisation,
    /// What they may do in the organisation in which they act.
    pub permissions: domain::access::Grants,
    /// How many recovery codes they have left.
    pub recovery_codes: i64,
}

impl App {
    /// The person who is signed in, with what they sign in with.
    pub(super) async fn myself(&self, caller: &Caller) -> Result<Person> {
        let signed = caller.signed()?;
        let person = self.store.person(signed.home, signed.user).await?;
        person.ok_or(AppError::Unauthenticated)
    }

    /// The person who is signed in.
    ///
    /// # Errors
    /// [`AppError::PeopleOnly`] for everybody else.
    #[tracing::instrument(level = "debug", name = "app.user.me", skip_all)]
    pub async fn me(&self, caller: &Caller) -> Result<Me> {
        let person = self.myself(caller).await?;
        let user: User = person.user;
        let directory = self.store.directory(user.organisation).await?;
        let recovery_codes = self
            .store
            .count_recovery_codes(user.organisation, user.id)
            .await?;
        Ok(Me {
            view: view(user, &directory),
            organisation: person.organisation,
            permissions: caller.grants.clone(),
            recovery_codes,
        })
    }

    /// Changes what the person who is signed in is called.
    ///
    /// # Errors
    /// As [`AppError`] says; then nothing has changed.
    #[tracing::instrument(level = "debug", name = "app.user.edit_me", skip_all)]
    pub async fn edit_me(&self, caller: &Caller, name: &str, version: Option<i64>) -> Result<()> {
        let signed = caller.signed()?;
        let mut faults = Vec::new();
        let name = input::name("name", name, &mut faults);
        if !faults.is_empty() {
            return Err(faults.into());
        }
        let caller = caller.clone();
        self.change(async move |tx| {
            let before = locked(tx, signed.home, signed.user).await?.user;
            if version.is_some_and(|seen| seen != before.version) {
                return Err(AppError::Precondition {
                    current: before.version,
                });
            }
            let mut user = before.clone();
            user.name = name;
            if user != before {
                tx.update_user(&mut user).await?;
                let changes = difference(Some(&before), &user);
                let event = caller.event(tx.now(), "user.edit", target(&user), changes);
                tx.record(user.organisation, event);
            }
            Ok(())
        })
        .await
    }

    /// Changes the password of the person who is signed in, and signs them out everywhere else.
    ///
    /// # Errors
    /// As [`AppError`] says; then nothing has changed.
    #[tracing::instrument(level = "debug", name = "app.user.change_password", skip_all)]
    pub async fn change_password(
        &self,
        caller: &Caller,
        current: Zeroizing<String>,
        new: Zeroizing<String>,
    ) -> Result<()> {
        let signed = caller.signed()?;
        caller.require_recent(self.clock.now())?;
        let person = self.myself(caller).await?;
        let typed = Credentials {
            password: Password::new(&current),
            code: None,
            with_factor: false,
        };
        let email = person.user.email.clone();
        let proof = self.prove(&email, Some(&person), typed, caller.ip).await?;
        let with_factor = person.factors.totp.is_some();
        let mut faults: Vec<FieldError> = Vec::new();
        let password = Password::new(&new);
        check_password(
            &password,
            with_factor,
            &person.user,
            &person.organisation,
            &mut faults,
        );
        if *current == *new {
            faults.push(FieldError::new("password", "choose another than the one before"));
        }
        for fault in &mut faults {
            fault.field = "new".to_owned();
        }
        if !faults.is_empty() {
            // What was typed of the old one was right.
            proof.accepted();
            return Err(faults.into());
        }
        let alone = password.stands_alone();
        let hash = self.hash(password).await?;
        let claim = proof.claim();
        let caller = caller.clone();
        self.write(async move |tx| {
            let person = locked(tx, signed.home, signed.user).await?;
            claim.take(tx, &person).await?;
            let user = person.user;
            tx.set_password(user.organisation, user.id, &hash, alone).await?;
            let changes = json!({ "password": { "after": "set" } });
            tx.record(
                user.organisation,
                caller.event(tx.now(), "user.password", target(&user), changes),
            );
            end(tx, &caller, user.organisation, user.id, Which::AllBut(signed.id)).await?;
            tx.end_user_links(user.organisation, user.id).await?;
            Ok(())
        })
        .await?;
        proof.accepted();
        Ok(())
    }
}

impl App {
    /// The organisation in which a caller acts.
    ///
    /// # Errors
    /// As [`AppError`] says.
    #[tracing::instrument(level = "debug", name = "app.user.acting_in", skip_all)]
    pub async fn acting_in(&self, caller: &Caller) -> Result<Organisation> {
        Ok(self.tenant(caller.organisation).await?.organisation)
    }
}
