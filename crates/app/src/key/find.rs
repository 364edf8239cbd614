//! Finding a key by what another system calls it.

use domain::access::Management;
use domain::key::{Key, Owner, Status};
use domain::page::DEFAULT_LIMIT;
use domain::secret::sha256;
use domain::token::Presented;
use store::accounts::OwnerLabel;
use store::keys::{KeyQuery, StatusFilter, Whose};
use uuid::Uuid;

use super::{KeyView, view};
use crate::error::{AppError, Result};
use crate::{App, Caller};

/// What a key is called, beside its id.
#[derive(Clone, Copy)]
pub enum Handle<'a> {
    /// Its number in the organisation.
    Number(i64),
    /// Its id, its token, or the masked form of its token if no other key has the same.
    Token(&'a str),
}

/// A page of a list whose pages are counted.
#[derive(Debug)]
pub struct Counted<T> {
    /// The rows.
    pub items: Vec<T>,
    /// How many there are on all pages.
    pub total: u64,
}

impl<T> Counted<T> {
    /// The same page with its rows shown otherwise.
    pub fn map<U>(self, show: impl FnMut(T) -> U) -> Counted<U> {
        Counted {
            items: self.items.into_iter().map(show).collect(),
            total: self.total,
        }
    }
}

const NOT_FOUND: AppError = AppError::NotFound { what: "key" };

impl App {
    /// The key that is meant, for whoever may do `to` with it. A deleted key is not there.
    ///
    /// # Errors
    /// As [`AppError`] says.
    #[tracing::instrument(level = "debug", name = "app.key.find_key", skip_all)]
    pub async fn find_key(&self, caller: &Caller, handle: Handle<'_>, to: Management) -> Result<Key> {
        caller.require(to)?;
        let organisation = caller.organisation;
        let found = match handle {
            Handle::Number(number) => self.store.key_numbered(organisation, number).await?,
            Handle::Token(text) => match text.parse() {
                Ok(id) => self.store.key(organisation, id).await?,
                Err(_) => self.key_of_token(caller, text).await?,
            },
        };
        found.filter(|key| key.deleted_at.is_none()).ok_or(NOT_FOUND)
    }

    async fn key_of_token(&self, caller: &Caller, text: &str) -> Result<Option<Key>> {
        if let Ok(presented) = Presented::parse(text.as_bytes()) {
            let keyring = self.keyring();
            let mut digests = vec![keyring.digest(&presented)];
            digests.extend(keyring.others(&presented).map(|(_, digest)| digest));
            digests.push(sha256(&presented));
            let now = self.clock.now();
            let found = self.store.key_of_digest(caller.organisation, &digests, now);
            return Ok(found.await?);
        }
        // A masked form is no token: it has an ellipsis.
        let keys = self.store.keys_displayed(caller.organisation, text).await?;
        match <[Key; 1]>::try_from(keys) {
            Ok([only]) => Ok(Some(only)),
            Err(none) if none.is_empty() => Ok(None),
            Err(_) => Err(AppError::conflict(
                "key_ambiguous",
                "several keys look like this; name the one that is meant by its token or its id",
            )),
        }
    }

    /// The keys of a query from `offset` on, each with what its owner is called; the time and the window of `query` are
    /// filled in here.
    ///
    /// # Errors
    /// As [`AppError`] says.
    #[tracing::instrument(level = "debug", name = "app.key.list_keys_from", skip_all)]
    pub async fn list_keys_from(
        &self,
        caller: &Caller,
        mut query: KeyQuery,
        offset: u64,
    ) -> Result<Counted<(KeyView, OwnerLabel)>> {
        caller.require(Management::KeysRead)?;
        let tenant = self.tenant(caller.organisation).await?;
        query.now = self.clock.now();
        query.window = tenant.policy.expiring_window;
        let (keys, total) = self.store.keys_from(caller.organisation, &query, offset).await?;
        let directory = self.store.directory(caller.organisation).await?;
        let mut owners: Vec<Uuid> = keys.iter().map(|key| key.owner.uuid()).collect();
        owners.sort_unstable();
        owners.dedup();
        owners.retain(|owner| *owner != caller.organisation.uuid());
        let labels = self.store.owner_labels(caller.organisation, &owners).await?;
        let items = keys.into_iter().map(|key| {
            let label = match key.owner {
                Owner::Organisation(_) => OwnerLabel {
                    name: tenant.organisation.name.clone(),
                    ..OwnerLabel::default()
                },
                owner => labels.get(&owner.uuid()).cloned().unwrap_or_default(),
            };
            let view = view::row(key, label.name.clone(), &directory, &tenant, query.now);
            (view, label)
        });
        Ok(Counted {
            items: items.collect(),
            total: u64::try_from(total).unwrap_or_default(),
        })
    }

    /// What an owner of the caller's organisation is called; nothing where there is no such owner, or where it is the
    /// organisation itself.
    ///
    /// # Errors
    /// As [`AppError`] says.
    #[tracing::instrument(level = "debug", name = "app.key.owner_label", skip_all)]
    pub async fn owner_label(&self, caller: &Caller, owner: Owner) -> Result<OwnerLabel> {
        let id = owner.uuid();
        let mut labels = self.store.owner_labels(caller.organisation, &[id]).await?;
        Ok(labels.remove(&id).unwrap_or_default())
    }

    /// The youngest live key that stands for an owner, for whoever may do `to` with it.
    ///
    /// # Errors
    /// As [`AppError`] says.
    #[tracing::instrument(level = "debug", name = "app.key.live_key_of", skip_all)]
    pub async fn live_key_of(&self, caller: &Caller, owner: Owner, to: Management) -> Result<Option<Key>> {
        caller.require(to)?;
        let query = KeyQuery {
            now: self.clock.now(),
            status: StatusFilter::In(vec![Status::Active, Status::Disabled]),
            whose: Whose {
                owner: Some(owner.uuid()),
                ..Whose::default()
            },
            descending: true,
            limit: DEFAULT_LIMIT,
            ..KeyQuery::default()
        };
        let now = query.now;
        let page = self.store.keys(caller.organisation, query, "live").await?;
        Ok(page.items.into_iter().find(|key| key.is_live(now)))
    }

    /// The account or person of the organisation that is known by this username, email address or id.
    ///
    /// # Errors
    /// [`AppError::Invalid`] under `field` when there is none, or when it could be either of two.
    #[tracing::instrument(level = "debug", name = "app.key.owner_of_login", skip_all)]
    pub async fn owner_of_login(
        &self,
        caller: &Caller,
        login: &str,
        field: &str,
        to: Management,
    ) -> Result<Owner> {
        caller.require(to)?;
        if let Some(owner @ (Owner::ServiceAccount(_) | Owner::User(_))) = Owner::parse(login) {
            return Ok(owner);
        }
        let owners = self.store.owners_of_login(caller.organisation, login).await?;
        match owners.as_slice() {
            [only] => Ok(*only),
            [] => Err(AppError::field(field, "there is no such user")),
            _ => Err(AppError::field(
                field,
                "a service account and a person are known by this name; name the one that is meant by its id",
            )),
        }
    }

    /// The account or person that the caller stands for; none for whoever acts for the organisation itself.
    ///
    /// # Errors
    /// As [`AppError`] says.
    #[tracing::instrument(level = "debug", name = "app.key.stands_for", skip_all)]
    pub async fn stands_for(&self, caller: &Caller) -> Result<Option<Owner>> {
        let id = caller.actor.id.as_deref();
        let own = match id.map(|id| (Owner::parse(id), id.parse())) {
            Some((Some(owner), _)) => Some(owner),
            Some((None, Ok(key))) => {
                let key = self.store.key(caller.organisation, key).await?;
                key.map(|key| key.owner)
            }
            _ => None,
        };
        Ok(own.filter(|owner| !matches!(owner, Owner::Organisation(_))))
    }
}
