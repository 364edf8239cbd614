//! Coming in by a link: for the first time, or with a new password. Of two who come with one link, one wins.

use domain::clock::Timestamp;
use domain::input::{self, FieldError};
use domain::organisation::Organisation;
use domain::password::{MIN_ALONE, Password};
use domain::secret::sha256;
use domain::token::Presented;
use domain::user::{Method, User, UserStatus};
use serde_json::json;
use store::sessions::{Link, Purpose};
use store::users::Person;
use zeroize::Zeroizing;

use super::{difference, locked, target};
use crate::App;
use crate::error::{AppError, Result};
use crate::session::{Client, Opened, Which, as_person, end, may_sign_in};

/// What a link is good for, as whoever holds it may know.
#[derive(Debug, Clone)]
pub struct Invitation {
    /// What for.
    pub purpose: Purpose,
    /// For whom.
    pub user: User,
    /// Where.
    pub organisation: Organisation,
    /// Until when.
    pub ends_at: Timestamp,
    /// The fewest characters of the password that is chosen.
    pub password_length: usize,
}

/// What somebody who comes in chooses.
pub struct Accept {
    /// What they want to be called.
    pub name: Option<String>,
    /// Their password.
    pub password: Zeroizing<String>,
}

fn gone() -> AppError {
    AppError::NotFound { what: "invitation" }
}

fn digest_of(token: &str) -> Result<[u8; 32]> {
    let presented = Presented::parse(token.as_bytes()).map_err(|_| gone())?;
    Ok(*sha256(&presented).as_bytes())
}

/// A password that stands alone and that nobody guesses who knows the person.
pub(crate) fn check_password(
    password: &Password,
    with_factor: bool,
    user: &User,
    organisation: &Organisation,
    faults: &mut Vec<FieldError>,
) {
    let known = [
        user.email.as_str(),
        user.name.as_str(),
        organisation.name.as_str(),
        organisation.slug.as_str(),
    ];
    password.check(with_factor, &known, faults);
}

impl App {
    async fn link(&self, token: &str) -> Result<(Link, Person)> {
        let link = self.store.user_link(digest_of(token)?, self.clock.now()).await?;
        let link = link.ok_or_else(gone)?;
        let person = self.store.person(link.organisation, link.user).await?;
        Ok((link, person.ok_or_else(gone)?))
    }

    /// What a link is good for.
    ///
    /// # Errors
    /// [`AppError::NotFound`] when it was used, has ended, or never was.
    #[tracing::instrument(level = "debug", name = "app.user.invitation", skip_all)]
    pub async fn invitation(&self, token: &str) -> Result<Invitation> {
        let (link, person) = self.link(token).await?;
        Ok(Invitation {
            purpose: link.purpose,
            user: person.user,
            organisation: person.organisation,
            ends_at: link.ends_at,
            password_length: MIN_ALONE,
        })
    }

    /// Uses up a link: the person has this password from now on, no second factor, and is signed in here and nowhere
    /// else.
    ///
    /// # Errors
    /// [`AppError::NotFound`] when it was used, has ended, or never was; [`AppError::Invalid`], and then it is good yet.
    #[tracing::instrument(level = "debug", name = "app.user.accept_invitation", skip_all)]
    pub async fn accept_invitation(&self, token: &str, accept: Accept, client: Client) -> Result<Opened> {
        let digest = digest_of(token)?;
        let (_, person) = self.link(token).await?;
        let mut faults = Vec::new();
        let name = accept.name.map(|name| input::name("name", &name, &mut faults));
        let password = Password::new(&accept.password);
        let mut named = person.user.clone();
        named.name = name.clone().unwrap_or(named.name);
        check_password(&password, false, &named, &person.organisation, &mut faults);
        if !faults.is_empty() {
            return Err(faults.into());
        }
        let hash = self.hash(password).await?;
        let ticket = self.ticket(client.clone());
        self.change(async move |tx| {
            let link = tx.take_user_link(digest).await?.ok_or_else(gone)?;
            let mut person = locked(tx, link.organisation, link.user).await?;
            let before = person.user.clone();
            let user = &mut person.user;
            let action = match (link.purpose, user.status) {
                (Purpose::Invitation, UserStatus::Invited) => "user.accept",
                (Purpose::Recovery, UserStatus::Active) => "user.recovered",
                _ => return Err(gone()),
            };
            user.status = UserStatus::Active;
            user.name = name.unwrap_or_else(|| user.name.clone());
            tx.update_user(user).await?;
            tx.set_password(user.organisation, user.id, &hash, true).await?;
            tx.set_totp(user.organisation, user.id, None, None).await?;
            tx.set_recovery_codes(user.id, &[]).await?;
            let themself = as_person(user, &client);
            let mut changes = difference(Some(&before), user);
            changes["password"] = json!({ "after": "set" });
            if before.has_second_factor {
                changes["second_factor"] = json!({ "before": true, "after": false });
            }
            tx.record(
                user.organisation,
                themself.event(tx.now(), action, target(user), changes),
            );
            end(tx, &themself, user.organisation, user.id, Which::All).await?;
            if !may_sign_in(&person) {
                return Err(gone());
            }
            let person = locked(tx, link.organisation, link.user).await?;
            ticket.write(tx, &person.user, Method::Link).await
        })
        .await
    }
}
