//! Asking somebody in, by a link that is good once: by mail, or handed to whoever asks for it.

use std::time::Duration;

use domain::access::{Directory, Management};
use domain::clock::Timestamp;
use domain::id::UserId;
use domain::input::FieldError;
use domain::organisation::Organisation;
use domain::secret::sha256;
use domain::token::Token;
use domain::user::{User, UserDraft, UserStatus};
use serde_json::json;
use store::Tx;
use store::sessions::{Link, Purpose};
use zeroize::Zeroizing;

use super::{UserView, difference, locked, may_touch, taken, target, view};
use crate::access::roles_named;
use crate::error::{AppError, Result};
use crate::mail::{Posted, Written};
use crate::{App, Caller};

/// How long an invitation is good.
const INVITATION: Duration = Duration::from_secs(7 * 86_400);
/// How long a link to choose a new password is good.
const RECOVERY: Duration = Duration::from_secs(86_400);

/// A link that was made for somebody.
pub struct Sent {
    /// For whom.
    pub view: UserView,
    /// The link, unless it went by mail: then it is nobody's but theirs.
    pub url: Option<Zeroizing<String>>,
    /// Until when it is good.
    pub until: Timestamp,
    /// What became of the letter.
    pub mail: Posted,
}

impl std::fmt::Debug for Sent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sent")
            .field("until", &self.until)
            .finish_non_exhaustive()
    }
}

/// A link before it is written.
pub(super) struct NewLink {
    token: Token,
    purpose: Purpose,
}

impl NewLink {
    /// Where it leads.
    pub(super) fn url(&self, base: &str) -> String {
        format!("{base}/invitations/{}", self.token.expose())
    }

    /// Writes it; older ones of the same person are worth nothing from then on. Gives its end.
    pub(super) async fn write(&self, tx: &mut Tx, user: &User) -> Result<Timestamp> {
        let life = match self.purpose {
            Purpose::Invitation => INVITATION,
            Purpose::Recovery => RECOVERY,
        };
        let link = Link {
            organisation: user.organisation,
            user: user.id,
            purpose: self.purpose,
            ends_at: tx.now().plus(life),
        };
        let digest = *sha256(&self.token.as_presented()).as_bytes();
        tx.insert_user_link(digest, &link).await?;
        Ok(link.ends_at)
    }
}

/// A person who is asked in by the caller, fit to be written.
pub(super) fn draw_up(
    tx: &Tx,
    caller: &Caller,
    directory: &Directory,
    id: UserId,
    draft: UserDraft,
) -> Result<User> {
    let Some(email) = draft.email else {
        return Err(vec![FieldError::new("email", "an address is needed")].into());
    };
    let operator = draft.operator.unwrap_or(false);
    if operator && !caller.is_operator() {
        return Err(operators_only());
    }
    let roles = roles_named(directory, &draft.roles.unwrap_or_default())?;
    caller.may_assign(directory, &roles, &[])?;
    Ok(User {
        id,
        organisation: caller.organisation,
        name: draft.name.unwrap_or_else(|| email.clone()),
        email,
        status: UserStatus::Invited,
        operator,
        roles,
        has_password: false,
        has_second_factor: false,
        created_at: tx.now(),
        created_by: caller.actor.clone(),
        last_sign_in_at: None,
        version: 1,
    })
}

/// Writes a person with their link, and that they were asked in. Gives the link's end.
pub(super) async fn write(tx: &mut Tx, caller: &Caller, user: &User, link: &NewLink) -> Result<Timestamp> {
    tx.insert_user(user).await.map_err(taken)?;
    let until = link.write(tx, user).await?;
    let event = caller.event(tx.now(), "user.invite", target(user), difference(None, user));
    tx.record(user.organisation, event);
    Ok(until)
}

impl App {
    pub(super) fn new_link(&self, purpose: Purpose) -> Result<NewLink> {
        let prefix = match purpose {
            Purpose::Invitation => "invite",
            Purpose::Recovery => "recover",
        };
        Ok(NewLink {
            token: self.link_token(prefix)?,
            purpose,
        })
    }

    /// Asks somebody in. They hold their roles from the start, and can use them once they have come.
    ///
    /// # Errors
    /// As [`AppError`] says; then nobody was asked.
    #[tracing::instrument(level = "debug", name = "app.user.invite_user", skip_all)]
    pub async fn invite_user(&self, caller: &Caller, draft: UserDraft) -> Result<Sent> {
        caller.require(Management::UsersManage)?;
        caller.require_recent(self.clock.now())?;
        let draft = draft.check()?;
        let id = UserId::fresh(self.clock(), self.random());
        let link = self.new_link(Purpose::Invitation)?;
        let by = caller.clone();
        let caller = caller.clone();
        let (link, made) = self
            .change(async move |tx| {
                let tenant = tx.tenant(caller.organisation).await?;
                let directory = tx.directory(caller.organisation).await?;
                let user = draw_up(tx, &caller, &directory, id, draft)?;
                let until = write(tx, &caller, &user, &link).await?;
                let view = view(user, &directory);
                Ok((link, (view, tenant.organisation, until)))
            })
            .await?;
        Ok(self.post(&by, link, made).await)
    }

    /// Makes another link for somebody who has not come yet; the one before is worth nothing from then on.
    ///
    /// # Errors
    /// As [`AppError`] says.
    #[tracing::instrument(level = "debug", name = "app.user.invite_again", skip_all)]
    pub async fn invite_again(&self, caller: &Caller, id: UserId) -> Result<Sent> {
        self.send_link(caller, id, Purpose::Invitation).await
    }

    /// Makes a link by which somebody chooses a new password; it takes their second factor off, too, for whoever has
    /// lost it.
    ///
    /// # Errors
    /// As [`AppError`] says.
    #[tracing::instrument(level = "debug", name = "app.user.recover_user", skip_all)]
    pub async fn recover_user(&self, caller: &Caller, id: UserId) -> Result<Sent> {
        self.send_link(caller, id, Purpose::Recovery).await
    }

    async fn send_link(&self, caller: &Caller, id: UserId, purpose: Purpose) -> Result<Sent> {
        caller.require(Management::UsersManage)?;
        caller.require_recent(self.clock.now())?;
        let link = self.new_link(purpose)?;
        let by = caller.clone();
        let caller = caller.clone();
        let written = self
            .write(async move |tx| {
                let person = locked(tx, caller.organisation, id).await?;
                let directory = tx.directory(caller.organisation).await?;
                may_touch(&caller, &directory, &person.user)?;
                let (wanted, code, detail) = match purpose {
                    Purpose::Invitation => (UserStatus::Invited, "not_invited", "they have come already"),
                    Purpose::Recovery => (UserStatus::Active, "not_active", "they are not active"),
                };
                if person.user.status != wanted {
                    return Err(AppError::conflict(code, detail));
                }
                let until = link.write(tx, &person.user).await?;
                let action = match purpose {
                    Purpose::Invitation => "user.invite",
                    Purpose::Recovery => "user.recover",
                };
                let event = caller.event(tx.now(), action, target(&person.user), json!({}));
                tx.record(person.user.organisation, event);
                let view = view(person.user, &directory);
                Ok((link, (view, person.organisation, until)))
            })
            .await?;
        let (link, made) = written.value;
        Ok(self.post(&by, link, made).await)
    }

    /// Sends a link that is committed, or hands it back.
    async fn post(&self, caller: &Caller, link: NewLink, made: (UserView, Organisation, Timestamp)) -> Sent {
        let Some(mailer) = &self.people.mailer else {
            return self.hand_out(link, made);
        };
        let organisation = made.1.name.clone();
        let (subject, what) = match link.purpose {
            Purpose::Invitation => ("You are invited to Claviger", "choose your password and sign in"),
            Purpose::Recovery => ("Choose a new password for Claviger", "choose a new password"),
        };
        let mut sent = self.hand_out(link, made);
        let text = format!(
            "Hello {},\n\nby this link you {what}, in the organisation {organisation}. It is good once, until {}:\n\n{}\n\n\
             If you did not expect this, do nothing.\n",
            sent.view.user.name,
            sent.until,
            sent.url.as_ref().map_or("", |url| url.as_str())
        );
        let letter = Written {
            to: &sent.view.user.email,
            id: None,
            subject,
            text: &text,
            html: None,
        };
        sent.mail = mailer.send(&letter).await.posted();
        if sent.mail == Posted::Sent {
            sent.url = None;
        }
        let event = caller.event(
            self.clock.now(),
            "mail.send",
            target(&sent.view.user),
            json!({ "subject": { "after": subject }, "mail": { "after": sent.mail } }),
        );
        let home = sent.view.user.organisation;
        let recorded = self.write(async move |tx| {
            tx.record(home, event);
            Ok(())
        });
        // The letter is gone, or it is not; neither can be taken back now.
        if let Err(error) = recorded.await {
            tracing::warn!(%error, "a letter is not on record");
        }
        sent
    }

    /// A link for whoever asked for it.
    pub(super) fn hand_out(
        &self,
        link: NewLink,
        (view, _, until): (UserView, Organisation, Timestamp),
    ) -> Sent {
        Sent {
            url: Some(Zeroizing::new(link.url(self.base_url()))),
            view,
            until,
            mail: Posted::Off,
        }
    }
}

pub(super) fn operators_only() -> AppError {
    AppError::GrantsBeyond {
        pattern: "operator".to_owned(),
    }
}
