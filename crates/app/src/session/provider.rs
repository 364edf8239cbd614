//! Signing in by an OpenID provider. It vouches for people that are known here: whoever was invited comes in by it, tied
//! from then on to the provider's subject, and nobody is made by it.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::clock::Timestamp;
use domain::organisation::Organisation;
use domain::user::{Method, User, UserStatus};
use serde::{Deserialize, Serialize};
use serde_json::json;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::{Client, Opened, as_person, may_sign_in};
use crate::App;
use crate::error::{AppError, Result};
use crate::oidc::{Attempt, Identity, OidcError, Provider};
use crate::user::{difference, locked, target};

/// How long somebody may take at the provider's.
const PATIENCE: Duration = Duration::from_secs(600);
/// Where the provider sends people back to.
const BACK: &str = "/v1/oidc/callback";

/// The way to the provider.
pub struct Departure {
    /// Where to send the browser.
    pub url: String,
    /// What it brings back, sealed.
    pub ticket: Zeroizing<String>,
}

/// What the ticket holds.
#[derive(Serialize, Deserialize)]
struct Ticket {
    attempt: Attempt,
    until: Timestamp,
    /// A path of ours to go to in the end.
    then: String,
}

fn refused(what: &str) -> AppError {
    AppError::Provider(OidcError::Refused(what.to_owned()))
}

/// A path of this server, and nothing that a browser would take for another's.
fn is_own_path(path: &str) -> bool {
    path.starts_with('/')
        && !path.starts_with("//")
        && path.len() <= 1024
        && path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
}

impl App {
    fn provider(&self) -> Result<&Provider> {
        let none = AppError::NotFound {
            what: "OpenID provider",
        };
        self.people.provider.as_ref().ok_or(none)
    }

    fn way_back(&self) -> String {
        format!("{}{BACK}", self.base_url())
    }

    /// Whether people may sign in by an OpenID provider.
    pub fn has_provider(&self) -> bool {
        self.people.provider.is_some()
    }

    /// Sends a browser to the provider; in the end it goes to `then`, a path of this server.
    ///
    /// # Errors
    /// [`AppError::NotFound`] where no provider is set up; [`AppError::Invalid`]; [`AppError::Provider`].
    pub async fn depart(&self, then: Option<&str>) -> Result<Departure> {
        let then = then.unwrap_or("/");
        if !is_own_path(then) {
            return Err(AppError::field(
                "then",
                "expected a path of this server, such as /keys",
            ));
        }
        let (url, attempt) = self.provider()?.begin(&self.way_back(), self.random()).await?;
        let ticket = Ticket {
            attempt,
            until: self.clock.now().plus(PATIENCE),
            then: then.to_owned(),
        };
        let plain = Zeroizing::new(serde_json::to_vec(&ticket).map_err(AppError::internal)?);
        let sealed = self
            .keyring()
            .seal_attempt(&plain, self.random())
            .map_err(AppError::internal)?;
        Ok(Departure {
            url,
            ticket: Zeroizing::new(URL_SAFE_NO_PAD.encode(sealed)),
        })
    }

    /// Takes a browser back in: who the provider says it is, if they are known here. Gives where to go.
    ///
    /// # Errors
    /// [`AppError::Provider`] when it is not the browser that left, came too late, or the provider's word does not hold;
    /// [`AppError::WrongCredentials`] for whoever is not known here, or may not sign in.
    pub async fn arrive(
        &self,
        code: &str,
        state: &str,
        ticket: &str,
        client: Client,
    ) -> Result<(Opened, String)> {
        let provider = self.provider()?;
        let sealed = URL_SAFE_NO_PAD.decode(ticket).map_err(|_| refused("no ticket"))?;
        let plain = self.keyring().open_attempt(&sealed);
        let plain = plain.map_err(|_| refused("another's ticket"))?;
        let ticket: Ticket = serde_json::from_slice(&plain).map_err(AppError::internal)?;
        if ticket.until <= self.clock.now()
            || !bool::from(ticket.attempt.state.as_bytes().ct_eq(state.as_bytes()))
        {
            return Err(refused("another browser, or too late"));
        }
        let who = provider.finish(&self.way_back(), code, &ticket.attempt).await?;
        let organisation = self.vouched_for(provider).await?;
        let user = match self.store.user_of_subject(organisation.id, &who.subject).await? {
            Some(user) => user,
            None => self.tie(&organisation, who, client.clone()).await?,
        };
        let opened = self
            .open_session(organisation.id, user.id, Method::OpenId, client)
            .await?;
        Ok((opened, ticket.then))
    }

    /// The organisation whose people the provider vouches for.
    async fn vouched_for(&self, provider: &Provider) -> Result<Organisation> {
        let tenant = match provider.organisation() {
            Some(slug) => self.store.tenant_by_slug(slug).await?,
            None => match self.store.tenants().await?.as_slice() {
                [only] => Some(only.clone()),
                _ => None,
            },
        };
        let missing = "oidc.organisation: name one by its slug; there is none of it, or there are several";
        let tenant = tenant.ok_or_else(|| AppError::Provider(OidcError::Settings(missing.to_owned())));
        tenant.map(|tenant| tenant.organisation)
    }

    /// Ties somebody who was invited, or signs in with a password until now, to the provider's subject: by an address
    /// that the provider has verified.
    async fn tie(&self, organisation: &Organisation, who: Identity, client: Client) -> Result<User> {
        let email = who.verified_email.ok_or(AppError::WrongCredentials)?;
        let found = self
            .store
            .people_of_address(&email, Some(&organisation.slug))
            .await?;
        let [person] = found.as_slice() else {
            return Err(AppError::WrongCredentials);
        };
        let (organisation, id) = (person.user.organisation, person.user.id);
        self.change(async move |tx| {
            let mut person = locked(tx, organisation, id).await?;
            let before = person.user.clone();
            if person.user.status == UserStatus::Invited {
                person.user.status = UserStatus::Active;
            }
            if !may_sign_in(&person) || !tx.set_subject(organisation, id, &who.subject).await? {
                return Err(AppError::WrongCredentials);
            }
            let user = &mut person.user;
            if *user != before {
                tx.update_user(user).await?;
            }
            let mut changes = difference(Some(&before), user);
            changes["subject"] = json!({ "after": who.subject });
            let event = as_person(user, &client).event(tx.now(), "user.tie", target(user), changes);
            tx.record(organisation, event);
            Ok(person.user)
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::is_own_path;

    #[test]
    fn nobody_is_sent_to_another_server_in_the_end() {
        for path in ["/", "/keys?status=active", "/a/b#c"] {
            assert!(is_own_path(path), "{path}");
        }
        let long = "/".to_owned() + &"x".repeat(2_000);
        for path in [
            "",
            "keys",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "/a\r\nSet-Cookie: x",
            "/ä",
            &long,
        ] {
            assert!(!is_own_path(path), "{path}");
        }
    }
}
