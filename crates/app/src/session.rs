//! People who are signed in: how they show who they are, and for how long they are believed.

mod end;
mod open;
mod prove;
mod provider;
mod throttle;

use std::net::IpAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use domain::clock::{Clock, Timestamp};
use domain::id::RequestId;
use domain::input::is_hostile;
use domain::user::User;
use sha2::{Digest as _, Sha256};
use store::sessions::Session;
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

pub use end::Which;
pub(crate) use end::end;
pub use open::SignIn;
pub(crate) use open::as_person;
pub(crate) use prove::{Credentials, may_sign_in, recovery_digest};
pub use provider::Departure;

use crate::mail::{MailCounts, MailSettings, Mailer};
use crate::oidc::{OidcSettings, Provider};
use crate::{App, StartError};
use throttle::Throttle;
pub(crate) use throttle::network;

/// The most characters of what a browser calls itself.
const AGENT: usize = 200;
/// Passwords that are hashed at once: each takes 19 MiB and all of a core for a while.
const HASHES: usize = 2;

/// How people sign in, and how they are written to.
#[derive(Debug, Clone)]
pub struct People {
    /// The address by which browsers reach this server, such as `https://keys.example.com`; links begin with it.
    pub public_url: Option<String>,
    /// The proxies whose word on where a request comes from is believed.
    pub proxies: Vec<ipnet::IpNet>,
    /// A session that is not used ends after this.
    pub idle: Duration,
    /// A session ends after this however much it is used.
    pub absolute: Duration,
    /// How mail is sent; links are handed to whoever asks for them where it is not set up.
    pub mail: Option<MailSettings>,
    /// An OpenID provider that vouches for people.
    pub oidc: Option<OidcSettings>,
}

impl Default for People {
    fn default() -> Self {
        Self {
            public_url: None,
            proxies: Vec::new(),
            idle: Duration::from_secs(30 * 60),
            absolute: Duration::from_secs(12 * 3600),
            mail: None,
            oidc: None,
        }
    }
}

/// What signing in needs beside the database.
pub(crate) struct Desk {
    settings: People,
    address: OnceLock<String>,
    throttle: Throttle,
    hashing: Semaphore,
    pub(crate) mailer: Option<Mailer>,
    provider: Option<Provider>,
}

impl Desk {
    pub(crate) fn new(settings: People, clock: &Arc<dyn Clock>) -> Result<Self, StartError> {
        let provider = settings
            .oidc
            .clone()
            .map(|oidc| Provider::new(oidc, clock.clone()));
        let mailer = settings.mail.as_ref().map(Mailer::new).transpose();
        Ok(Self {
            mailer: mailer.map_err(StartError::Mail)?,
            provider: provider.transpose().map_err(StartError::Oidc)?,
            settings,
            address: OnceLock::new(),
            throttle: Throttle::default(),
            hashing: Semaphore::new(HASHES),
        })
    }
}

/// From where somebody signs in.
#[derive(Debug, Clone)]
pub struct Client {
    /// The address.
    pub ip: Option<IpAddr>,
    /// What the browser calls itself.
    pub agent: String,
    /// The request.
    pub request: RequestId,
}

impl Client {
    /// A browser's word for itself is shown to people later: it is cut, and what could deceive is left out.
    pub fn new(ip: Option<IpAddr>, agent: &str, request: RequestId) -> Self {
        let agent = agent.chars().filter(|c| !is_hostile(*c)).take(AGENT).collect();
        Self { ip, agent, request }
    }
}

/// A session that was just opened, with its token, which is told this once.
pub struct Opened {
    /// The session.
    pub session: Session,
    /// Whose it is.
    pub user: User,
    /// For the cookie.
    pub token: Zeroizing<String>,
}

impl std::fmt::Debug for Opened {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Opened")
            .field("session", &self.session.id)
            .finish_non_exhaustive()
    }
}

/// What a session is looked up by.
pub(crate) fn digest(token: &str) -> [u8; 32] {
    Sha256::digest(token).into()
}

impl App {
    /// Says where this server listens, for links, unless the settings say how browsers reach it.
    pub fn listens_at(&self, address: String) {
        // The first word counts; a server binds once.
        let _ = self.people.address.set(address);
    }

    /// What became of letters since the start; none where no mail is set up.
    pub fn mail_counts(&self) -> Option<MailCounts> {
        self.people.mailer.as_ref().map(Mailer::counts)
    }

    /// How browsers reach this server, without a slash at the end.
    pub fn base_url(&self) -> &str {
        let listening = self.people.address.get().map(String::as_str);
        let named = self.people.settings.public_url.as_deref().or(listening);
        named.unwrap_or("http://127.0.0.1:7400").trim_end_matches('/')
    }

    /// The address by which browsers reach this server, if the settings say so.
    pub fn public_url(&self) -> Option<&str> {
        self.people
            .settings
            .public_url
            .as_deref()
            .map(|url| url.trim_end_matches('/'))
    }

    /// Whether an address is a proxy's whose word is believed.
    pub fn is_proxy(&self, ip: IpAddr) -> bool {
        let ip = ip.to_canonical();
        self.people.settings.proxies.iter().any(|net| net.contains(&ip))
    }

    /// Sessions that were not used since then are over.
    pub(crate) fn idle_since(&self) -> Timestamp {
        self.clock.now().minus(self.people.settings.idle)
    }

    /// When a session that was last used then ends for want of use.
    pub fn idle_end(&self, session: &Session) -> Timestamp {
        session
            .seen_at
            .plus(self.people.settings.idle)
            .min(session.ends_at)
    }
}
