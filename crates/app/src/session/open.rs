//! Signing in. A new session has a new token, always: one that a browser brings along is never taken over.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::audit::Target;
use domain::id::{OrganisationId, SessionId, UserId};
use domain::key::{Actor, ActorKind};
use domain::password::Password;
use domain::user::{Method, User};
use serde_json::json;
use store::Tx;
use store::sessions::Session;
use zeroize::Zeroizing;

use super::prove::may_sign_in;
use super::{Client, Credentials, Opened, digest};
use crate::error::{AppError, Result};
use crate::{App, Caller};

/// The most sessions that somebody has; the oldest ends when another begins.
const SESSIONS: i64 = 100;

/// What somebody signs in with.
pub struct SignIn {
    /// The organisation's slug; may be left out where the address is known in one alone.
    pub organisation: Option<String>,
    /// The address.
    pub email: String,
    /// The password.
    pub password: Zeroizing<String>,
    /// A code of the second factor, or a recovery code.
    pub code: Option<Zeroizing<String>>,
}

/// A session to be written, and its token.
pub(crate) struct Ticket {
    pub(crate) id: SessionId,
    pub(crate) token: Zeroizing<String>,
    pub(crate) digest: [u8; 32],
    client: Client,
    absolute: std::time::Duration,
}

impl Ticket {
    /// Writes the session of a person, and that they signed in.
    pub(crate) async fn write(self, tx: &mut Tx, user: &User, method: Method) -> Result<Opened> {
        let now = tx.now();
        let session = Session {
            id: self.id,
            organisation: user.organisation,
            user: user.id,
            created_at: now,
            seen_at: now,
            ends_at: now.plus(self.absolute),
            proven_at: now,
            method,
            ip: self.client.ip.map(|ip| ip.to_string()),
            agent: self.client.agent.clone(),
        };
        tx.insert_session(self.digest, &session).await?;
        tx.trim_sessions(user.organisation, user.id, SESSIONS).await?;
        tx.note_sign_in(user.organisation, user.id, now).await?;
        let target = Target {
            kind: "session".to_owned(),
            id: session.id.to_string(),
            name: user.email.clone(),
        };
        let changes = json!({ "method": { "after": method }, "agent": { "after": session.agent } });
        let event = as_person(user, &self.client).event(now, "session.open", target, changes);
        tx.record(user.organisation, event);
        Ok(Opened {
            session,
            user: User {
                last_sign_in_at: Some(now),
                ..user.clone()
            },
            token: self.token,
        })
    }
}

/// The person themself, for the audit log, before they have a session.
pub(crate) fn as_person(user: &User, client: &Client) -> Caller {
    Caller {
        organisation: user.organisation,
        actor: Actor {
            kind: ActorKind::User,
            id: Some(user.id.to_string()),
            name: user.name.clone(),
        },
        grants: domain::access::Grants::default(),
        ip: client.ip,
        request: client.request,
        local: false,
        operator: false,
        session: None,
    }
}

impl App {
    /// A token for a session: 256 bits of chance.
    pub(crate) fn session_token(&self) -> Zeroizing<String> {
        let mut bytes = Zeroizing::new([0; 32]);
        self.random.fill(bytes.as_mut_slice());
        Zeroizing::new(URL_SAFE_NO_PAD.encode(bytes.as_slice()))
    }

    pub(crate) fn ticket(&self, client: Client) -> Ticket {
        let token = self.session_token();
        Ticket {
            id: SessionId::fresh(self.clock(), self.random()),
            digest: digest(&token),
            token,
            client,
            absolute: self.people.settings.absolute,
        }
    }

    /// Signs somebody in by their password and, where they have one, their second factor.
    ///
    /// # Errors
    /// [`AppError::WrongCredentials`], whatever was wrong; [`AppError::SecondFactorNeeded`] after a right password;
    /// [`AppError::Throttled`].
    pub async fn sign_in(&self, sign_in: SignIn, client: Client) -> Result<Opened> {
        let SignIn {
            organisation,
            email,
            password,
            code,
        } = sign_in;
        let mut found = self
            .store
            .people_of_address(&email, organisation.as_deref())
            .await?;
        // Of two nobody is meant.
        let person = found.pop().filter(|_| found.is_empty());
        let typed = Credentials {
            password: Password::new(&password),
            code,
            with_factor: true,
        };
        let proof = self.prove(&email, person.as_ref(), typed, client.ip).await?;
        let (claim, method) = (proof.claim(), proof.method);
        let user = person.ok_or(AppError::WrongCredentials)?.user;
        let ticket = self.ticket(client);
        let written = self
            .write(async move |tx| {
                let person = tx.person(user.organisation, user.id).await?;
                let person = person.ok_or(AppError::WrongCredentials)?;
                claim.take(tx, &person).await?;
                ticket.write(tx, &person.user, method).await
            })
            .await?;
        proof.accepted();
        Ok(written.value)
    }

    /// Opens a session for somebody who showed elsewhere who they are.
    ///
    /// # Errors
    /// [`AppError::WrongCredentials`] where they may not sign in.
    pub async fn open_session(
        &self,
        organisation: OrganisationId,
        user: UserId,
        method: Method,
        client: Client,
    ) -> Result<Opened> {
        let ticket = self.ticket(client);
        let written = self
            .write(async move |tx| {
                let person = tx.person(organisation, user).await?;
                let person = person.filter(may_sign_in).ok_or(AppError::WrongCredentials)?;
                ticket.write(tx, &person.user, method).await
            })
            .await?;
        Ok(written.value)
    }

    /// Has a signed-in person show again who they are; their session goes on under a new token.
    ///
    /// # Errors
    /// As for [`App::sign_in`].
    pub async fn confirm_session(
        &self,
        caller: &Caller,
        password: Zeroizing<String>,
        code: Option<Zeroizing<String>>,
    ) -> Result<Zeroizing<String>> {
        let signed = caller.signed()?;
        let person = self.store.person(signed.home, signed.user).await?;
        let person = person.ok_or(AppError::Unauthenticated)?;
        let typed = Credentials {
            password: Password::new(&password),
            code,
            with_factor: true,
        };
        let email = person.user.email.clone();
        let proof = self.prove(&email, Some(&person), typed, caller.ip).await?;
        let (claim, method) = (proof.claim(), proof.method);
        let token = self.session_token();
        let digest = digest(&token);
        let caller = caller.clone();
        self.write(async move |tx| {
            let person = tx.person(signed.home, signed.user).await?;
            claim.take(tx, &person.ok_or(AppError::Unauthenticated)?).await?;
            let now = tx.now();
            if !tx
                .prove_session(signed.home, signed.id, digest, method, now)
                .await?
            {
                return Err(AppError::Unauthenticated);
            }
            let target = Target {
                kind: "session".to_owned(),
                id: signed.id.to_string(),
                name: caller.actor.name.clone(),
            };
            let changes = json!({ "method": { "after": method } });
            tx.record(signed.home, caller.event(now, "session.confirm", target, changes));
            Ok(())
        })
        .await?;
        proof.accepted();
        Ok(token)
    }
}
