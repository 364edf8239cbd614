//! The way out. Where a webhook's address leads is looked at when its connection is made, so that a name that leads elsewhere a moment
//! later leads nowhere; nobody is followed to another address.

use std::error::Error;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use domain::input::is_hostile;
use domain::webhook::AddressRule;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Client, Response, StatusCode, Url};

/// How long a receiver may take to answer.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long it may take to let somebody in.
const CONNECTING: Duration = Duration::from_secs(5);
/// Bytes of an answer that are read.
const MOST: usize = 1_024;
/// Characters of it that are kept.
const KEPT: usize = 300;

/// An address that is not to be called.
#[derive(Debug, thiserror::Error)]
#[error("the address is not one of the public internet, and the settings do not allow it")]
struct NotAllowed;

/// A name that leads nowhere.
#[derive(Debug, thiserror::Error)]
#[error("the name leads nowhere")]
struct Nowhere;

/// Looks names up, and leaves out the addresses that are not to be called.
struct Guarded {
    rule: Arc<AddressRule>,
    tls: bool,
}

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let (rule, tls) = (self.rule.clone(), self.tls);
        Box::pin(async move {
            // By RFC 6761 these lead nowhere, and nobody is to be asked about them.
            let bare = name.as_str().trim_end_matches('.').to_ascii_lowercase();
            if [".example", ".invalid"].iter().any(|end| bare.ends_with(end)) {
                return Err(Nowhere.into());
            }
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed: Vec<SocketAddr> = found.filter(|found| rule.allows(found.ip(), tls)).collect();
            if allowed.is_empty() {
                return Err(NotAllowed.into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

/// What a receiver said.
pub(super) enum Said {
    /// It answered.
    Answer {
        status: StatusCode,
        /// For how long it wants to be left alone.
        retry_after: Option<Duration>,
        /// The beginning of its body.
        text: String,
    },
    /// It was not reached.
    Nothing(String),
}

/// A message as it goes out.
pub(super) struct Outgoing<'a> {
    pub(super) url: &'a str,
    pub(super) id: &'a str,
    /// Seconds since 1970.
    pub(super) timestamp: i64,
    pub(super) signature: &'a str,
    pub(super) body: &'a str,
}

/// Sends messages.
pub(crate) struct Clients {
    rule: Arc<AddressRule>,
    tls: OnceLock<Client>,
    plain: OnceLock<Client>,
    delivered: AtomicU64,
    failed: AtomicU64,
}

/// What became of attempts since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WebhookCounts {
    /// The receiver has taken the message.
    pub delivered: u64,
    /// It has not.
    pub failed: u64,
}

impl Clients {
    pub(crate) fn new(rule: AddressRule) -> Self {
        Self {
            rule: Arc::new(rule),
            tls: OnceLock::new(),
            plain: OnceLock::new(),
            delivered: AtomicU64::new(0),
            failed: AtomicU64::new(0),
        }
    }

    /// The client for addresses with TLS, or for those without. It is made when it is first needed: it reads the system's certificates.
    fn client(&self, tls: bool) -> reqwest::Result<&Client> {
        let place = if tls { &self.tls } else { &self.plain };
        if let Some(made) = place.get() {
            return Ok(made);
        }
        let rule = self.rule.clone();
        let made = Client::builder()
            .dns_resolver(Arc::new(Guarded { rule, tls }))
            .redirect(reqwest::redirect::Policy::none())
            // A proxy would look names up by itself.
            .no_proxy()
            .connect_timeout(CONNECTING)
            .timeout(PATIENCE)
            .pool_max_idle_per_host(1)
            .user_agent(concat!("Claviger/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(place.get_or_init(|| made))
    }

    /// What became of attempts since the start.
    pub(crate) fn counts(&self) -> WebhookCounts {
        WebhookCounts {
            delivered: self.delivered.load(Relaxed),
            failed: self.failed.load(Relaxed),
        }
    }

    /// Sends a message.
    pub(super) async fn send(&self, message: &Outgoing<'_>) -> Said {
        let said = match self.post(message).await {
            Ok(answer) => read(answer).await,
            Err(error) => Said::Nothing(reason(error.as_ref())),
        };
        let is_taken = matches!(&said, Said::Answer { status, .. } if status.is_success());
        let counter = if is_taken { &self.delivered } else { &self.failed };
        counter.fetch_add(1, Relaxed);
        said
    }

    async fn post(&self, message: &Outgoing<'_>) -> Result<Response, Box<dyn Error + Send + Sync>> {
        let url: Url = message.url.parse()?;
        let tls = url.scheme() == "https";
        // An address in numbers, in whatever way it is written, is looked up nowhere.
        let literal = url
            .host_str()
            .and_then(|host| host.trim_matches(['[', ']']).parse::<IpAddr>().ok());
        if literal.is_some_and(|ip| !self.rule.allows(ip, tls)) {
            return Err(NotAllowed.into());
        }
        let answer = self
            .client(tls)?
            .post(url)
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", message.id)
            .header("webhook-timestamp", message.timestamp)
            .header("webhook-signature", message.signature)
            .body(message.body.to_owned())
            .send()
            .await;
        Ok(answer.map_err(reqwest::Error::without_url)?)
    }
}

async fn read(mut answer: Response) -> Said {
    let status = answer.status();
    let asked = answer
        .headers()
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok());
    let retry_after = asked.and_then(|text| text.parse().ok()).map(Duration::from_secs);
    let mut body = Vec::new();
    // What it says is not needed to know what it means.
    while body.len() < MOST
        && let Ok(Some(chunk)) = answer.chunk().await
    {
        body.extend_from_slice(&chunk);
    }
    body.truncate(MOST);
    Said::Answer {
        status,
        retry_after,
        text: tame(&String::from_utf8_lossy(&body)),
    }
}

/// The last cause of an error says what it was.
fn reason(error: &(dyn Error + 'static)) -> String {
    let mut last = error;
    while let Some(cause) = last.source() {
        last = cause;
    }
    if error
        .downcast_ref::<reqwest::Error>()
        .is_some_and(reqwest::Error::is_timeout)
    {
        return "no answer in time".to_owned();
    }
    tame(&last.to_string())
}

/// A foreign text, fit to be kept and shown.
fn tame(text: &str) -> String {
    let inert = text.chars().map(|c| if is_hostile(c) { ' ' } else { c });
    inert.take(KEPT).collect::<String>().trim().to_owned()
}
