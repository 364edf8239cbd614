//! Who asks, and what they may do. A use case takes a [`Caller`], and its first line says what it needs.

use std::net::IpAddr;
use std::time::Duration;

use domain::access::{Grants, Management};
use domain::audit::{Event, Target};
use domain::clock::Timestamp;
use domain::decide::Code;
use domain::id::{OrganisationId, RequestId, SessionId, UserId};
use domain::key::{Actor, ActorKind};
use engine::Question;

use crate::App;
use crate::error::{AppError, Result};

/// How long somebody is believed to sit where they showed who they are, before what cannot be undone.
const RECENT: Duration = Duration::from_secs(10 * 60);
/// How exactly it is known when a session was last used.
const SEEN: Duration = Duration::from_secs(60);

/// A person's session, as far as it matters to what they may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signed {
    /// The session.
    pub id: SessionId,
    /// Whose it is.
    pub user: UserId,
    /// Where they are at home.
    pub home: OrganisationId,
    /// When they last showed who they are.
    pub proven_at: Timestamp,
}

/// A principal that was recognised, in the organisation in which it acts.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Where it acts.
    pub organisation: OrganisationId,
    /// Who it is.
    pub actor: Actor,
    /// What it holds.
    pub grants: Grants,
    /// From where it asks.
    pub ip: Option<IpAddr>,
    /// The request.
    pub request: RequestId,
    /// Whether it came through the data directory's socket, and so is trusted with the installation itself.
    pub local: bool,
    /// Whether it is a person who may act in every organisation.
    pub operator: bool,
    /// The session, where it is a person.
    pub session: Option<Signed>,
}

impl Caller {
    /// Whether it may act in every organisation, and make them.
    pub fn is_operator(&self) -> bool {
        self.operator || self.local
    }

    /// The session of a person.
    ///
    /// # Errors
    /// [`AppError::PeopleOnly`] for everybody else.
    pub fn signed(&self) -> Result<Signed> {
        self.session.ok_or(AppError::PeopleOnly)
    }

    /// Goes on only if a person showed within the last ten minutes who they are; others are asked each time anyway.
    ///
    /// # Errors
    /// [`AppError::RecentSignInNeeded`] otherwise.
    pub fn require_recent(&self, now: Timestamp) -> Result<()> {
        match self.session {
            Some(session) if now.since(session.proven_at) > RECENT => Err(AppError::RecentSignInNeeded),
            _ => Ok(()),
        }
    }

    /// Goes on only if the caller holds `permission`.
    ///
    /// # Errors
    /// [`AppError::Forbidden`] otherwise.
    pub fn require(&self, permission: Management) -> Result<()> {
        if self.grants.allow_text(permission.as_str()) {
            return Ok(());
        }
        Err(AppError::Forbidden {
            missing: permission.as_str().to_owned(),
        })
    }

    /// Goes on only for whoever is allowed at the data directory.
    ///
    /// # Errors
    /// [`AppError::NotFound`] otherwise: for everybody else there is no such thing.
    pub fn require_local(&self) -> Result<()> {
        if self.local {
            Ok(())
        } else {
            Err(AppError::NotFound { what: "resource" })
        }
    }

    /// Goes on only if the caller holds everything that it wants to hand out.
    ///
    /// # Errors
    /// [`AppError::GrantsBeyond`] with the first pattern beyond.
    pub fn may_grant(&self, wanted: &Grants) -> Result<()> {
        match self.grants.first_beyond(wanted) {
            Some(pattern) => Err(AppError::GrantsBeyond {
                pattern: pattern.to_string(),
            }),
            None => Ok(()),
        }
    }

    /// An audit event of this caller's.
    pub fn event(
        &self,
        at: Timestamp,
        action: &'static str,
        target: Target,
        changes: serde_json::Value,
    ) -> Event {
        Event {
            at,
            actor: self.actor.clone(),
            action,
            target,
            request_id: Some(self.request.to_string()),
            ip: self.ip.map(|ip| ip.to_string()),
            changes,
        }
    }
}

/// A caller who was recognised, before anybody asked whether keys may manage.
#[derive(Debug, Clone)]
pub struct Known {
    /// Who.
    pub caller: Caller,
    /// Whether it is a person, or a key whose organisation lets keys manage.
    pub may_manage: bool,
}

impl Known {
    /// The caller, if it may manage at all.
    ///
    /// # Errors
    /// [`AppError::KeysMayNotManage`].
    pub fn manager(self) -> Result<Caller> {
        if self.may_manage {
            Ok(self.caller)
        } else {
            Err(AppError::KeysMayNotManage)
        }
    }
}

impl From<Caller> for Known {
    fn from(caller: Caller) -> Self {
        Self {
            caller,
            may_manage: true,
        }
    }
}

impl App {
    /// Recognises a key by its token, by whichever way it came: `accept.sources` of the policy is about the doors, and who
    /// narrows those must not be locked out of Claviger itself.
    ///
    /// # Errors
    /// [`AppError::Unauthenticated`] for anything but a valid key.
    pub async fn recognise(&self, token: &[u8], ip: Option<IpAddr>, request: RequestId) -> Result<Known> {
        let question = Question {
            source: None,
            ip,
            // Managing is no use of what the key protects.
            unlimited: true,
            ..Question::default()
        };
        let answer = self.engine.verify(token, &question).await?;
        let key = answer
            .key
            .filter(|_| answer.code == Code::Valid)
            .ok_or(AppError::Unauthenticated)?;
        let caller = Caller {
            organisation: key.organisation.id,
            actor: Actor {
                kind: ActorKind::Key,
                id: Some(key.key.to_string()),
                name: key.name().to_owned(),
            },
            grants: Grants::clone(&key.grants),
            ip,
            request,
            local: false,
            operator: false,
            session: None,
        };
        Ok(Known {
            caller,
            may_manage: key.organisation.policy.keys.may_manage,
        })
    }

    /// Recognises a person by the token of their session. They act in their own organisation, and an operator in the
    /// one of that `slug` too, where they hold everything.
    ///
    /// # Errors
    /// [`AppError::Unauthenticated`] for anything but a good session; [`AppError::NotFound`] for an organisation that is
    /// not theirs.
    pub async fn recognise_session(
        &self,
        token: &str,
        slug: Option<&str>,
        ip: Option<IpAddr>,
        request: RequestId,
    ) -> Result<Caller> {
        let now = self.clock.now();
        let digest = crate::session::digest(token);
        let (session, user) = self
            .store
            .session(digest, now, self.idle_since())
            .await?
            .ok_or(AppError::Unauthenticated)?;
        let not_found = || AppError::NotFound { what: "organisation" };
        let named = match slug {
            None => user.organisation,
            Some(slug) if slug.contains('\0') => return Err(not_found()),
            Some(slug) => {
                let tenant = self.store.tenant_by_slug(slug).await?.ok_or_else(not_found)?;
                tenant.organisation.id
            }
        };
        let grants = if named == user.organisation {
            self.store.directory(named).await?.grants_of(&user.roles)
        } else if user.operator {
            Grants::everything()
        } else {
            return Err(not_found());
        };
        if now.since(session.seen_at) > SEEN {
            let (home, id) = (session.organisation, session.id);
            self.write(async move |tx| Ok(tx.touch_session(home, id, now).await?))
                .await?;
        }
        Ok(Caller {
            organisation: named,
            actor: Actor {
                kind: ActorKind::User,
                id: Some(user.id.to_string()),
                name: user.name,
            },
            grants,
            ip,
            request,
            local: false,
            operator: user.operator,
            session: Some(Signed {
                id: session.id,
                user: user.id,
                home: session.organisation,
                proven_at: session.proven_at,
            }),
        })
    }

    /// Whoever reaches the data directory's socket, as user `uid` of this machine; acts in `slug`, or in the only
    /// organisation there is.
    ///
    /// # Errors
    /// [`AppError::NotFound`] for an unknown organisation; [`AppError::Invalid`] when one must be named.
    pub async fn local_caller(&self, uid: u32, slug: Option<&str>, request: RequestId) -> Result<Caller> {
        self.local_caller_as(&self.keeper(uid, request), slug).await
    }

    /// The same for whoever was recognised as [`App::keeper`] already.
    ///
    /// # Errors
    /// As for [`App::local_caller`].
    pub async fn local_caller_as(&self, keeper: &Caller, slug: Option<&str>) -> Result<Caller> {
        keeper.require_local()?;
        let organisation = match slug {
            Some(slug) => {
                self.store
                    .tenant_by_slug(slug)
                    .await?
                    .ok_or(AppError::NotFound { what: "organisation" })?
                    .organisation
                    .id
            }
            None => match self.store.tenants().await?.as_slice() {
                [only] => only.organisation.id,
                several => {
                    let slugs: Vec<&str> = several
                        .iter()
                        .map(|tenant| tenant.organisation.slug.as_str())
                        .collect();
                    let detail = match slugs.as_slice() {
                        [] => "there is no organisation yet".to_owned(),
                        slugs => format!(
                            "there are several organisations; name one with this header, or with --organisation on the \
                             command line: {}",
                            slugs.join(", ")
                        ),
                    };
                    return Err(AppError::field("Claviger-Organisation", detail));
                }
            },
        };
        Ok(Caller {
            organisation,
            ..keeper.clone()
        })
    }

    /// Whoever reaches the data directory's socket, in no organisation: for what belongs to the installation.
    pub fn keeper(&self, uid: u32, request: RequestId) -> Caller {
        Caller {
            organisation: OrganisationId::INSTALLATION,
            actor: Actor {
                kind: ActorKind::System,
                id: None,
                name: format!("local administrator (uid {uid})"),
            },
            grants: Grants::everything(),
            ip: None,
            request,
            local: true,
            operator: false,
            session: None,
        }
    }
}
