//! Mail over SMTP. It is sent after the commit that it speaks of; what cannot be sent is said to be unsent, and undoes nothing.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use lettre::message::header::{ContentType, Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use serde::Serialize;

/// How long a mail server may take for one letter.
const PATIENCE: Duration = Duration::from_secs(10);

/// How mail is sent.
#[derive(Clone)]
pub struct MailSettings {
    /// `smtp://host:25`, `smtp://user:password@host:587?tls=required` or `smtps://user:password@host`.
    pub url: String,
    /// Whom letters are from, such as `Claviger <keys@example.com>`.
    pub from: String,
}

impl std::fmt::Debug for MailSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The address may hold a password.
        f.debug_struct("MailSettings")
            .field("from", &self.from)
            .finish_non_exhaustive()
    }
}

/// What became of a letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Posted {
    /// The mail server has taken it.
    Sent,
    /// The mail server could not be reached, or refused it; the log says why.
    Failed,
    /// No mail is set up.
    Off,
}

/// A letter as it is written.
pub(crate) struct Written<'a> {
    /// The address.
    pub to: &'a str,
    /// What its `Message-ID` is made of; by chance where none.
    pub id: Option<uuid::Uuid>,
    /// One line.
    pub subject: &'a str,
    /// For whoever reads plain text.
    pub text: &'a str,
    /// For everybody else.
    pub html: Option<&'a str>,
}

/// What came of sending a letter, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Sending {
    /// The mail server has taken it.
    Sent,
    /// This letter is never taken (RFC 5321, 5yz).
    Refused(String),
    /// This letter is not taken now (4yz).
    Later(String),
    /// The mail server cannot be reached, or does not answer: whether it has taken the letter is not known.
    Down(String),
}

impl Sending {
    /// For whoever waited for it.
    pub(crate) fn posted(self) -> Posted {
        match self {
            Self::Sent => Posted::Sent,
            Self::Refused(error) | Self::Later(error) | Self::Down(error) => {
                tracing::warn!(%error, "a letter could not be sent");
                Posted::Failed
            }
        }
    }
}

/// Sends letters.
pub(crate) struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    sent: AtomicU64,
    failed: AtomicU64,
}

/// What became of letters since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MailCounts {
    /// The mail server has taken them.
    pub sent: u64,
    /// It could not be reached, or did not take them; some were tried again.
    pub failed: u64,
}

impl Mailer {
    /// # Errors
    /// A sentence, when the settings cannot be used.
    pub(crate) fn new(settings: &MailSettings) -> Result<Self, String> {
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(&settings.url)
            .map_err(|error| format!("url: {error}"))?
            .timeout(Some(PATIENCE))
            .build();
        let from = settings
            .from
            .parse()
            .map_err(|_| "from: expected an address such as Claviger <keys@example.com>".to_owned())?;
        Ok(Self {
            transport,
            from,
            sent: AtomicU64::new(0),
            failed: AtomicU64::new(0),
        })
    }

    /// Sends a letter. Nobody's name gets into a header: the library encodes what it is given, and an address that could end a
    /// line is none.
    pub(crate) async fn send(&self, letter: &Written<'_>) -> Sending {
        let sending = self.try_to_send(letter).await;
        let counter = match sending {
            Sending::Sent => &self.sent,
            _ => &self.failed,
        };
        counter.fetch_add(1, Relaxed);
        sending
    }

    /// What became of letters since the start.
    pub(crate) fn counts(&self) -> MailCounts {
        MailCounts {
            sent: self.sent.load(Relaxed),
            failed: self.failed.load(Relaxed),
        }
    }

    async fn try_to_send(&self, letter: &Written<'_>) -> Sending {
        let message = match self.message(letter) {
            Ok(message) => message,
            Err(error) => return Sending::Refused(error),
        };
        // The whole conversation at once: the library's limit is for each step of it.
        match tokio::time::timeout(PATIENCE, self.transport.send(message)).await {
            Ok(Ok(_)) => Sending::Sent,
            Ok(Err(error)) if error.is_permanent() => Sending::Refused(error.to_string()),
            Ok(Err(error)) if error.is_transient() => Sending::Later(error.to_string()),
            Ok(Err(error)) => Sending::Down(error.to_string()),
            Err(_) => Sending::Down("the mail server took too long".to_owned()),
        }
    }

    fn message(&self, letter: &Written<'_>) -> Result<Message, String> {
        let to = letter
            .to
            .parse::<lettre::Address>()
            .map_err(|error| error.to_string())?;
        let mut message = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(letter.subject)
            .header(AutoSubmitted);
        if let Some(id) = letter.id {
            message = message.message_id(Some(format!("<{id}@{}>", self.from.email.domain())));
        }
        let text = letter.text.to_owned();
        let message = match letter.html {
            None => message.header(ContentType::TEXT_PLAIN).body(text),
            Some(html) => message.multipart(MultiPart::alternative_plain_html(text, html.to_owned())),
        };
        message.map_err(|error| error.to_string())
    }
}

/// Says that nobody wrote this by hand, so that no program answers it (RFC 3834).
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}
