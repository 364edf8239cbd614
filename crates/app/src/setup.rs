//! The first start: the first organisation, a first management key, and a link that is good once and for an hour.

use std::time::Duration;

use domain::access::Grants;
use domain::audit::Target;
use domain::clock::Timestamp;
use domain::id::{KeyId, OrganisationId, RequestId, UserId};
use domain::key::{Actor, ActorKind, CheckedDraft, Key};
use domain::organisation::{Organisation, OrganisationStatus, slug_of};
use domain::password::Password;
use domain::policy::Policy;
use domain::role::Builtin;
use domain::secret::sha256;
use domain::token::{Prefix, Token, TokenShape};
use domain::user::{Method, User, UserStatus};
use serde_json::json;
use store::Tx;
use store::organisations::Tenant;
use zeroize::Zeroizing;

use crate::error::{AppError, Result};
use crate::key::{KeyView, TokenInput, difference, seen, target};
use crate::policy::Founding;
use crate::session::{Client, Opened};
use crate::user;
use crate::{App, Caller};

/// How long a set-up link is good.
pub(crate) const LINK_LIFE: Duration = Duration::from_secs(3600);
/// What the token of a set-up link begins with.
pub(crate) const LINK_PREFIX: &str = "setup";

/// What the first start made; its secrets are shown this once.
#[derive(Debug)]
pub struct Initialised {
    /// The first organisation.
    pub organisation: Organisation,
    /// A key that may do everything in it.
    pub management_key: Token,
    /// The token of the set-up link.
    pub setup: Token,
    /// Until when the link is good.
    pub setup_until: Timestamp,
}

/// Who sets an installation up.
pub struct FirstPerson {
    /// Their address.
    pub email: String,
    /// Their name.
    pub name: String,
    /// Their password.
    pub password: Zeroizing<String>,
}

impl App {
    /// Makes the first organisation, with a management key and a set-up link; none when there is one already. The key is
    /// made before the preset, where one is named, is applied: it is what the installation is set up with.
    ///
    /// # Errors
    /// As [`AppError`] says; then nothing was made.
    pub async fn initialise(&self, name: &str, preset: Option<&str>) -> Result<Option<Initialised>> {
        let name = name.trim().to_owned();
        if name.is_empty() || name.chars().count() > 200 || name.chars().any(char::is_control) {
            return Err(AppError::field(
                "organisation",
                "1 to 200 characters, no control characters",
            ));
        }
        let founding = Founding::new(self, preset)?;
        let organisation = Organisation {
            id: OrganisationId::fresh(self.clock(), self.random()),
            slug: slug_of(&name),
            name,
            status: OrganisationStatus::Active,
            rate_limits: Vec::new(),
            created_at: self.clock.now(),
            version: 1,
        };
        let setup = self.link_token(LINK_PREFIX)?;
        let digest = sha256(&setup.as_presented());
        let setup_until = organisation.created_at.plus(LINK_LIFE);
        let caller = self.first_caller(organisation.id, "first start");
        let tenant = Tenant {
            organisation,
            policy: Policy::default(),
        };
        let first = FirstKey::new(self, "First management key");
        let made = self
            .write(async move |tx| {
                if tx.has_organisations().await? {
                    return Ok(None);
                }
                tx.insert_organisation(&tenant).await?;
                let organisation = tenant.organisation.clone();
                let subject = Target {
                    kind: "organisation".to_owned(),
                    id: organisation.id.to_string(),
                    name: organisation.name.clone(),
                };
                let changes =
                    json!({"slug": {"after": organisation.slug}, "name": {"after": organisation.name}});
                tx.record(
                    organisation.id,
                    caller.event(tx.now(), "organisation.create", subject, changes),
                );
                let (_, management_key) = first.write(tx, &caller, &tenant).await?;
                founding.lay(tx, &caller, &tenant).await?;
                tx.insert_setup_link(organisation.id, *digest.as_bytes(), setup_until)
                    .await?;
                Ok(Some((organisation, management_key)))
            })
            .await?
            .value;
        Ok(made.map(|(organisation, management_key)| Initialised {
            organisation,
            management_key,
            setup,
            setup_until,
        }))
    }

    /// Whether a set-up link is still good.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn has_setup_link(&self, token: &str) -> Result<bool> {
        let Ok(presented) = domain::token::Presented::parse(token.as_bytes()) else {
            return Ok(false);
        };
        Ok(self
            .store
            .has_setup_link(*sha256(&presented).as_bytes(), self.clock.now())
            .await?)
    }

    /// Uses up a set-up link: whoever holds it becomes an owner of the first organisation and an operator, and is signed
    /// in. Of two who come at once, one wins.
    ///
    /// # Errors
    /// [`AppError::NotFound`] when the link was used, has ended, or never was; [`AppError::Invalid`], and then it is good
    /// yet.
    pub async fn redeem_setup_link(&self, token: &str, first: FirstPerson, client: Client) -> Result<Opened> {
        let gone = || AppError::NotFound { what: "set-up link" };
        let presented = domain::token::Presented::parse(token.as_bytes()).map_err(|_| gone())?;
        let digest = sha256(&presented);
        // Nobody without the link has a password hashed here.
        if !self.has_setup_link(token).await? {
            return Err(gone());
        }
        let mut faults = Vec::new();
        let email = first.email.trim().to_owned();
        domain::input::email("email", &email, &mut faults);
        let name = domain::input::name("name", &first.name, &mut faults);
        let password = Password::new(&first.password);
        let tenants = self.store.tenants().await?;
        let organisations = tenants.iter().map(|tenant| tenant.organisation.name.as_str());
        let known: Vec<&str> = [&*email, &*name].into_iter().chain(organisations).collect();
        password.check(false, &known, &mut faults);
        if !faults.is_empty() {
            return Err(faults.into());
        }
        let hash = self.hash(password).await?;
        let id = UserId::fresh(self.clock(), self.random());
        let ticket = self.ticket(client.clone());
        let mut caller = self.first_caller(OrganisationId::INSTALLATION, "set-up link");
        caller.ip = client.ip;
        caller.request = client.request;
        self.change(async move |tx| {
            let organisation = tx.take_setup_link(*digest.as_bytes()).await?.ok_or_else(gone)?;
            let user = User {
                id,
                organisation,
                email,
                name,
                status: UserStatus::Active,
                operator: true,
                roles: vec![Builtin::Owner.id()],
                has_password: true,
                has_second_factor: false,
                created_at: tx.now(),
                created_by: caller.actor.clone(),
                last_sign_in_at: None,
                version: 1,
            };
            tx.insert_user(&user).await.map_err(user::taken)?;
            tx.set_password(organisation, id, &hash, true).await?;
            let changes = user::difference(None, &user);
            tx.record(
                organisation,
                caller.event(tx.now(), "user.create", user::target(&user), changes),
            );
            ticket.write(tx, &user, Method::Link).await
        })
        .await
    }

    /// A token that is good once, in a link.
    pub(crate) fn link_token(&self, prefix: &str) -> Result<Token> {
        let prefix = Prefix::new(prefix).map_err(AppError::internal)?;
        let shape = TokenShape::new(prefix, 46).map_err(AppError::internal)?;
        Ok(Token::generate(&shape, self.random()))
    }

    fn first_caller(&self, organisation: OrganisationId, name: &str) -> Caller {
        Caller {
            organisation,
            actor: Actor {
                kind: ActorKind::System,
                id: None,
                name: name.to_owned(),
            },
            grants: Grants::everything(),
            ip: None,
            request: RequestId::fresh(self.clock(), self.random()),
            local: true,
            operator: false,
            session: None,
        }
    }
}

/// A key that may do everything in its organisation.
struct FirstKey {
    id: KeyId,
    name: String,
    mint: crate::key::Mint,
}

impl FirstKey {
    fn new(app: &App, name: &str) -> Self {
        Self {
            id: KeyId::fresh(app.clock(), app.random()),
            name: name.to_owned(),
            mint: app.mint(),
        }
    }

    async fn write(self, tx: &mut Tx, caller: &Caller, tenant: &Tenant) -> Result<(KeyView, Token)> {
        let organisation = tenant.organisation.id;
        let now = tx.now();
        let material = self.mint.material(TokenInput::Generate, &tenant.policy)?;
        let description =
            "May do everything in this organisation. Give it to no program: make narrower keys with it.";
        let fields = CheckedDraft {
            name: Some(self.name),
            description: Some(description.to_owned()),
            permissions: Some(Grants::everything()),
            ..CheckedDraft::default()
        };
        let key = Key {
            number: tx.next_key_number(organisation).await?,
            display: material.display(),
            ..Key::fresh(self.id, organisation, fields, caller.actor.clone(), now)
        };
        tx.insert_key(&key).await?;
        let token = self
            .mint
            .write(tx, organisation, key.id, &tenant.policy, material)
            .await?;
        let token = token.ok_or_else(|| AppError::internal("a generated token is always at hand"))?;
        tx.record(
            organisation,
            caller.event(now, "key.create", target(&key), difference(None, &key)),
        );
        Ok((seen(tx, tenant, key).await?, token))
    }
}
