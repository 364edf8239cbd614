//! Who is written to about a key or a service account, by the organisation's policy.

use std::collections::{BTreeMap, HashMap};

use domain::access::Management;
use domain::id::UserId;
use domain::key::{Actor, ActorKind, Key, Owner};
use domain::policy::Reminded;
use domain::user::{User, UserStatus};
use store::letters::{LetterKind, Subject};
use store::organisations::Tenant;

use crate::App;
use crate::error::Result;

/// People who may manage keys that are written to; more of them would not make anybody act.
const ADMINISTRATORS: usize = 100;

/// Addresses, each once in any case.
type Addresses = BTreeMap<String, String>;

/// Looks addresses up, each once for a pile of letters.
pub(super) struct Recipients<'a> {
    app: &'a App,
    tenant: &'a Tenant,
    administrators: Option<Vec<String>>,
    people: HashMap<UserId, Option<String>>,
    owners: HashMap<Owner, Option<String>>,
}

impl<'a> Recipients<'a> {
    pub(super) fn new(app: &'a App, tenant: &'a Tenant) -> Self {
        Self {
            app,
            tenant,
            administrators: None,
            people: HashMap::new(),
            owners: HashMap::new(),
        }
    }

    /// The addresses of those who should know.
    pub(super) async fn of(&mut self, kind: LetterKind, subject: Subject) -> Result<Vec<String>> {
        let organisation = self.tenant.organisation.id;
        let mut who = self.tenant.policy.reminders.to.clone();
        if kind == LetterKind::Leaked {
            // Whatever the policy says of reminders: it is their token.
            who.extend([Reminded::Owner, Reminded::Contacts, Reminded::Administrators]);
        }
        if kind == LetterKind::Unusual {
            who.push(Reminded::Administrators);
        }
        let mut found = Addresses::new();
        match subject {
            Subject::Webhook(id) => {
                if let Some(webhook) = self.app.store.webhook(organisation, id).await? {
                    let owner = Owner::Organisation(organisation);
                    for reminded in [Reminded::Creator, Reminded::Administrators] {
                        self.add(&mut found, reminded, None, owner, &webhook.created_by)
                            .await?;
                    }
                }
            }
            Subject::Key(id) => {
                if let Some(key) = self.app.store.key(organisation, id).await? {
                    for reminded in who {
                        self.add(&mut found, reminded, Some(&key), key.owner, &key.created_by)
                            .await?;
                    }
                }
            }
            Subject::ServiceAccount(id) => {
                if let Some(account) = self.app.store.account(organisation, id).await? {
                    let owner = Owner::ServiceAccount(id);
                    for reminded in who {
                        self.add(&mut found, reminded, None, owner, &account.created_by)
                            .await?;
                    }
                }
            }
        }
        Ok(found.into_values().collect())
    }

    async fn add(
        &mut self,
        found: &mut Addresses,
        reminded: Reminded,
        key: Option<&Key>,
        owner: Owner,
        creator: &Actor,
    ) -> Result<()> {
        match reminded {
            Reminded::Owner => insert(found, self.owner(owner).await?),
            Reminded::Contacts => insert(
                found,
                key.into_iter().flat_map(|key| key.contacts.iter().cloned()),
            ),
            Reminded::Creator if creator.kind == ActorKind::User => {
                if let Some(id) = creator.id.as_deref().and_then(|id| id.parse().ok()) {
                    insert(found, self.person(id).await?);
                }
            }
            // A program has no address of its own.
            Reminded::Creator => (),
            Reminded::Administrators => insert(found, self.administrators().await?),
            Reminded::OrganisationEmail => {
                insert(found, self.tenant.policy.reminders.organisation_email.clone())
            }
        }
        Ok(())
    }

    /// The owner's address: of a service account its own, or else that of the person who answers for it.
    async fn owner(&mut self, owner: Owner) -> Result<Option<String>> {
        if let Some(known) = self.owners.get(&owner) {
            return Ok(known.clone());
        }
        let organisation = self.tenant.organisation.id;
        let address = match owner {
            Owner::Organisation(_) => None,
            Owner::User(user) => self.person(user).await?,
            Owner::ServiceAccount(id) => match self.app.store.account(organisation, id).await? {
                Some(account) => match (account.email, account.owner) {
                    (Some(email), _) => Some(email),
                    (None, Some(user)) => self.person(user).await?,
                    (None, None) => None,
                },
                None => None,
            },
        };
        self.owners.insert(owner, address.clone());
        Ok(address)
    }

    /// A person's address, unless they were shut out.
    async fn person(&mut self, id: UserId) -> Result<Option<String>> {
        if let Some(known) = self.people.get(&id) {
            return Ok(known.clone());
        }
        let user = self.app.store.user(self.tenant.organisation.id, id).await?;
        let address = user
            .filter(|user| user.status == UserStatus::Active)
            .map(|user| user.email);
        self.people.insert(id, address.clone());
        Ok(address)
    }

    /// Those who may manage all keys.
    async fn administrators(&mut self) -> Result<Vec<String>> {
        if self.administrators.is_none() {
            let organisation = self.tenant.organisation.id;
            let mut ids = self
                .app
                .people_who_may(organisation, Management::KeysUpdate)
                .await?;
            ids.truncate(ADMINISTRATORS);
            let mut addresses = Vec::with_capacity(ids.len());
            for id in ids {
                addresses.extend(self.person(id).await?);
            }
            self.administrators = Some(addresses);
        }
        Ok(self.administrators.clone().unwrap_or_default())
    }
}

fn insert(found: &mut Addresses, addresses: impl IntoIterator<Item = String>) {
    for address in addresses {
        found.entry(User::email_key(&address)).or_insert(address);
    }
}
